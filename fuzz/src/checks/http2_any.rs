//! An end of HTTP/2 in front of a peer that sends any bytes, or any frames.
//!
//! However the bytes are cut, the end tells its caller the same and writes the same. What it owes stays small. It does the
//! same about fields of a table as about fields that are written out, which it has to check each time.

use framewright::http2::{Limits, Side};

use super::common::hpack::{Field, Naive};
use super::common::http2_peer::{self as peer, Frame};
use super::common::http2_session::{Seen, Session};
use super::input::Input;

/// More than is ever owed at once, in bytes, for as few streams as there are here.
const OWED: usize = 2000;

/// ```text
/// | how: 1 | limits: 3 | where it is cut: 2 | bytes, or (type: 1 | flags: 1 | stream: 1 | length: 1 | payload)* |
/// ```
pub fn check<R: Side>(data: &[u8], new: impl Fn(Limits) -> Session<R>) {
    let mut input = Input::new(data);
    let how = input.byte();
    let limits = Limits::new()
        .max_streams(u32::from(input.byte() % 8))
        .max_head_len(u32::from(input.byte()) * 8)
        .stream_window(u32::from(input.byte()) * 8);
    let at = usize::from(u16::from_be_bytes(input.bytes()));
    let bytes = if how & 1 == 0 { input.rest().to_vec() } else { frames(input) };
    let run = |pieces: &[&[u8]]| {
        let mut session = new(limits);
        if how & 2 == 0 {
            session.open();
        }
        for piece in pieces {
            session.receive(piece);
        }
        finish(session)
    };
    let whole = run(&[&bytes]);
    let at = at % (bytes.len() + 1);
    assert_eq!(run(&[&bytes[..at], &bytes[at..]]), whole, "cut at {at}");
    assert_eq!(run(&bytes.chunks(1).collect::<Vec<_>>()), whole, "byte by byte");
    if how & 2 == 0 {
        let (as_sent, written_out) = twins(&bytes);
        assert_eq!(run(&[&as_sent]), run(&[&written_out]), "fields are written out");
    }
}

/// The frames of `bytes` as they are, and with all fields written out. Both end where that cannot be done.
fn twins(mut bytes: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let mut naive = Naive::new(4096);
    let (mut as_sent, mut written_out) = (Vec::new(), Vec::new());
    // What useful bytes earn differs. So few frames spend none of it.
    for _ in 0..100 {
        let [a, b, c, kind, flags, d, e, f, g, rest @ ..] = bytes else { break };
        let len = u32::from_be_bytes([0, *a, *b, *c]) as usize;
        let Some((payload, rest)) = rest.split_at_checked(len) else { break };
        let is_whole = flags & (peer::END_HEADERS | peer::PADDED | peer::PRIORITIZED);
        let payload = match *kind {
            peer::HEADERS if is_whole == peer::END_HEADERS => {
                let (fields, Ok(())) = naive.decode(payload, usize::MAX) else { break };
                literals(&fields)
            }
            peer::HEADERS | peer::CONTINUATION => break,
            _ => payload.to_vec(),
        };
        if payload.len() > 1 << 14 {
            break;
        }
        as_sent.extend(&bytes[..9 + len]);
        let stream = u32::from_be_bytes([*d, *e, *f, *g]);
        written_out.extend(peer::frame(*kind, *flags, stream, &payload));
        bytes = rest;
    }
    (as_sent, written_out)
}

/// A field block of literals that no table holds.
fn literals(fields: &[Field]) -> Vec<u8> {
    let mut block = Vec::new();
    for (name, value, sensitive) in fields {
        block.push(if *sensitive { 0x10 } else { 0 });
        for text in [name, value] {
            peer::integer(&mut block, text.len());
            block.extend(text);
        }
    }
    block
}

/// What the caller was told, and what was written.
fn finish<R: Side>(mut session: Session<R>) -> (Vec<Seen>, Vec<Frame>) {
    let frames = session.take_frames();
    let len: usize = frames.iter().map(|frame| 9 + frame.payload.len()).sum();
    assert!(len < OWED, "{len} bytes in answer");
    let fails = session.seen.iter().filter(|seen| matches!(seen, Seen::Failed(_))).count();
    assert!(fails <= 1, "{:?}", session.seen);
    if fails == 1 {
        assert!(matches!(session.seen.last(), Some(Seen::Failed(_))), "nothing follows a failure");
        assert!(session.h2.error().is_some());
    }
    (session.seen, frames)
}

/// Frames that are whole, with anything in them.
fn frames(mut input: Input<'_>) -> Vec<u8> {
    let mut bytes = Vec::new();
    while !input.is_empty() {
        let [kind, flags, stream] = input.bytes();
        let payload = input.block();
        let stream = u32::from(stream % 16);
        // Every sixteenth kind is a request or a response that is right.
        let frame = match kind >> 4 {
            1 => peer::get(stream),
            2 => peer::post(stream),
            3 => peer::headers(stream, flags & 1, peer::OK),
            4 => peer::headers(stream, peer::END_STREAM, &[("a", "b")]),
            _ => peer::frame(kind % 12, flags, stream, payload),
        };
        bytes.extend(frame);
    }
    bytes
}
