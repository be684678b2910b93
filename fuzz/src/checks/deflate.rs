//! T-PMD: permessage-deflate (RFC 7692), with zlib as the oracle: whatever a peer sends us, what we send, and
//! what the two ends agree on.

use flate2::{Decompress, FlushDecompress, Status};
use framewright::OverLimit;
use framewright::ws::deflate::{Config, Deflater};
use framewright::ws::handshake::{Extension, Extensions};
use framewright::ws::{Connection, Error, Kind, Limits, Role, Side};

use super::common::deflate::{Receiver, Unzlib, agreed, payload, receive};
use super::common::ws::frame;
use super::input::{Cuts, Input, as_text, same_however_cut};

/// ```text
/// | what | ...
/// ```
pub fn check(data: &[u8]) {
    let mut input = Input::new(data);
    match input.byte() % 3 {
        0 => inflate(input),
        1 => deflate(input),
        _ => negotiate(input),
    }
}

/// ```text
/// | options | limit | scratch: 2 | cuts: 4 | up to three times: length: 2, payload ...
/// ```
fn inflate(mut input: Input<'_>) {
    let (options, max_len) = (input.byte(), input.limit());
    let scratch = 1 + usize::from(u16::from_be_bytes(input.bytes()) % 4096);
    let cuts = Cuts(input.bytes());
    let takeover = options & 1 == 0;
    let kind = if options & 2 == 0 { Kind::Binary } else { Kind::Text };
    let (mut wire, mut payloads) = (Vec::new(), Vec::new());
    while !input.is_empty() && payloads.len() < 3 {
        let len = u16::from_be_bytes(input.bytes());
        let payload = input.take((len % 2048).into());
        let (a, b) = payload.split_at(payload.len() / 2);
        if options & 4 == 0 {
            wire.extend(frame(0xC0 | kind.opcode() as u8, payload));
        } else {
            wire.extend(frame(0x40 | kind.opcode() as u8, a));
            wire.extend(frame(0x89, b"between"));
            wire.extend(frame(0x80, b));
        }
        payloads.push(payload);
    }

    let config = Config::new().server_no_context_takeover(!takeover);
    // The limit also allows frames a quarter longer than the message. Large limits keep that out of
    // this test.
    let max_len = max_len.clamp(8192, 1 << 20);
    let limits = Limits::new().max_message_len(max_len);
    let got = same_however_cut(&wire, cuts, |pieces| receive(config, limits, scratch, pieces));

    let mut expected = (Vec::new(), Ok(()));
    for (i, payload) in payloads.iter().enumerate() {
        let before = if takeover { &payloads[..i] } else { &[] };
        match oracle(before, payload, max_len) {
            Ok(bytes) if kind == Kind::Binary || str::from_utf8(&bytes).is_ok() => {
                expected.0.push((kind, bytes));
            }
            Ok(_) => expected.1 = Err(Error::InvalidUtf8),
            Err((e, so_far)) => {
                // Text that cannot be UTF-8 may come first.
                let text = kind == Kind::Binary || could_be_text(&so_far);
                expected.1 = Err(if text { e } else { Error::InvalidUtf8 });
            }
        }
        if expected.1.is_err() {
            break;
        }
    }
    assert_eq!(got, expected);
    if options & 8 != 0 {
        // A limit of the ratio may only end it earlier, and always at the same place.
        let limits = limits.max_ratio(u32::from(options >> 4) * 8);
        let got = same_however_cut(&wire, cuts, |pieces| receive(config, limits, scratch, pieces));
        if matches!(got.1, Err(Error::RatioTooHigh { .. })) {
            assert!(expected.0.starts_with(&got.0));
        } else {
            assert_eq!(got, expected);
        }
    }
}

fn could_be_text(bytes: &[u8]) -> bool {
    str::from_utf8(bytes).map_or_else(|e| e.error_len().is_none(), |_| true)
}

/// What zlib makes of a message after others; or the error, and the output before it.
fn oracle(before: &[&[u8]], payload: &[u8], max_len: u64) -> Result<Vec<u8>, (Error, Vec<u8>)> {
    const TAIL: [u8; 4] = [0x00, 0x00, 0xFF, 0xFF];
    let mut zlib = Oracle { stream: Decompress::new_with_window_bits(false, 15), fresh: true };
    for payload in before {
        zlib.fresh = true;
        zlib.inflate(payload, u64::MAX).expect("it was inflated before");
        if !zlib.fresh {
            zlib.inflate(&TAIL, u64::MAX).expect("it was inflated before");
        }
    }
    zlib.fresh = true;
    let bytes = zlib.inflate(payload, max_len)?;
    if !zlib.fresh {
        let wrong = |_| (Error::InvalidDeflate, bytes.clone());
        if !zlib.inflate(&TAIL, u64::MAX).map_err(wrong)?.is_empty() {
            return Err((Error::InvalidDeflate, bytes));
        }
    }
    if !zlib.fresh {
        let wrong = |_| (Error::InvalidDeflate, bytes.clone());
        // The message must have ended with a block, so that another block can follow.
        let probe = zlib.inflate(b"\0\x03\0\xFC\xFFabc", u64::MAX).map_err(wrong)?;
        if probe != b"abc" {
            return Err((Error::InvalidDeflate, bytes));
        }
    }
    Ok(bytes)
}

struct Oracle {
    stream: Decompress,
    /// Whether zlib has taken nothing since a message began or a stream ended.
    fresh: bool,
}

impl Oracle {
    fn inflate(&mut self, mut input: &[u8], max_len: u64) -> Result<Vec<u8>, (Error, Vec<u8>)> {
        let mut out = Vec::new();
        loop {
            let (total_in, total_out) = (self.stream.total_in(), self.stream.total_out());
            let mut buf = [0; 1024];
            let result = self.stream.decompress(input, &mut buf, FlushDecompress::None);
            let consumed = (self.stream.total_in() - total_in) as usize;
            let produced = (self.stream.total_out() - total_out) as usize;
            input = &input[consumed..];
            out.extend_from_slice(&buf[..produced]);
            self.fresh &= consumed == 0;
            if out.len() as u64 > max_len {
                out.truncate(max_len as usize);
                return Err((Error::MessageTooLong(OverLimit::new(max_len + 1, max_len)), out));
            }
            match result {
                Err(_) => return Err((Error::InvalidDeflate, out)),
                Ok(Status::StreamEnd) => {
                    // What follows a final block is a stream of its own.
                    self.stream.reset(false);
                    self.fresh = true;
                }
                Ok(_) if produced < buf.len() && input.is_empty() => return Ok(out),
                Ok(_) => {}
            }
        }
    }
}

/// ```text
/// | options | scratch bits | level | memory level | smallest | cuts: 4 | (what | ...)*
/// ```
fn deflate(mut input: Input<'_>) {
    let options = input.byte();
    let bits = input.byte();
    let config = Config::new()
        .server_no_context_takeover(options & 1 != 0)
        .client_no_context_takeover(options & 2 != 0)
        .server_max_window_bits(9 + (bits & 15) % 7)
        .client_max_window_bits(9 + (bits >> 4) % 7)
        .level(input.byte() % 10)
        .mem_level(1 + input.byte() % 9)
        .min_len(input.byte().into());
    let cuts = Cuts(input.bytes());
    if options & 4 == 0 {
        let client = Connection::client(Limits::new(), || [0x37, 0xFA, 0x21, 0x3D]);
        both_read(config, Connection::server(Limits::new()), client, input, cuts);
    } else {
        let client = Connection::client(Limits::new(), || [0x37, 0xFA, 0x21, 0x3D]);
        both_read(config, client, Connection::server(Limits::new()), input, cuts);
    }
}

/// zlib and the other end both read what one end sends.
fn both_read<S: Side, O: Side>(
    config: Config,
    mut from: Connection<S>,
    to: Connection<O>,
    mut input: Input<'_>,
    cuts: Cuts,
) {
    let agreed = agreed(config);
    let sender = agreed.of(S::ROLE);
    let (bits, alone) = (sender.max_window_bits, sender.no_context_takeover);
    let mut deflater = Deflater::new(S::ROLE, agreed, config);
    let mut shared = Deflater::shared(bits, config);
    let (mut wire, mut sent) = (Vec::new(), Vec::new());
    while !input.is_empty() && sent.len() < 6 {
        let what = input.byte();
        let bytes = content(&mut input);
        let encoder = from.encoder().expect("it is open");
        match what % 8 {
            0..=2 => deflater.encode(&bytes[..], encoder, &mut wire).expect("a Vec has room"),
            3 => from.send(&bytes[..], &mut wire).expect("a Vec has room"),
            4 | 5 => {
                let (a, b) = bytes.split_at(bytes.len() / 2);
                let kind = Kind::Binary;
                let first = deflater.encode_fragment(kind, a, false, encoder, &mut wire);
                let ping = encoder.encode_ping(b"between", &mut wire);
                let last = deflater.encode_fragment(kind, b, true, encoder, &mut wire);
                assert_eq!((first, ping, last), (Ok(()), Ok(()), Ok(())));
            }
            6 if S::ROLE == Role::Server => {
                if deflater.admit(&shared) {
                    let mut encoder = framewright::ws::Encoder::server();
                    shared.encode(&bytes[..], &mut encoder, &mut wire).expect("a Vec has room");
                } else {
                    continue;
                }
            }
            _ => {
                deflater.release();
                continue;
            }
        }
        sent.push((Kind::Binary, bytes));
    }

    assert_eq!(as_zlib_reads_it(S::ROLE, bits, !alone, &wire), sent);
    let mut receiver = Receiver::new(to, agreed, Limits::new(), 1000);
    for piece in cuts.pieces(&wire) {
        assert_eq!(receiver.receive(piece), Ok(()));
    }
    assert_eq!(receiver.got, sent);
}

/// Bytes, once or repeated.
fn content(input: &mut Input<'_>) -> Vec<u8> {
    let times = match input.byte() {
        times @ 0..=15 => 1 + usize::from(times),
        _ => 1,
    };
    input.block().repeat(times)
}

fn as_zlib_reads_it(
    role: Role,
    window_bits: u8,
    takeover: bool,
    mut bytes: &[u8],
) -> Vec<(Kind, Vec<u8>)> {
    let mut unzlib = Unzlib::new(window_bits, takeover);
    let (mut messages, mut open) = (Vec::new(), None);
    while !bytes.is_empty() {
        let (header, len) =
            framewright::ws::FrameHeader::parse(bytes).expect("ours").expect("whole");
        let (this, rest) = bytes.split_at(len + header.len() as usize);
        let (first, payload) = payload(role, this);
        bytes = rest;
        if header.opcode().is_control() {
            continue;
        }
        let (compressed, mut joined) =
            open.take().unwrap_or_else(|| (first & 0x40 != 0, Vec::new()));
        joined.extend(payload);
        if header.fin() {
            let message = if compressed { unzlib.message(&joined) } else { joined };
            messages.push((Kind::Binary, message));
        } else {
            open = Some((compressed, joined));
        }
    }
    messages
}

/// ```text
/// | options | scratch bits | the header's value ...
/// ```
fn negotiate(mut input: Input<'_>) {
    let (options, bits) = (input.byte(), input.byte());
    let (server_bits, client_bits) = (9 + (bits & 15) % 7, 9 + (bits >> 4) % 7);
    let config = Config::new()
        .server_no_context_takeover(options & 1 != 0)
        .client_no_context_takeover(options & 2 != 0)
        .server_max_window_bits(server_bits)
        .client_max_window_bits(client_bits)
        .accept_less(options & 4 != 0);
    let Ok(list) = Extensions::parse(input.rest()) else { return };
    assert_eq!(as_text(input.rest()).len(), input.rest().len(), "a list is text");
    let offers: Vec<_> = list
        .clone()
        .filter(|extension| extension.name() == "permessage-deflate")
        .map(|extension| Params::of(&extension))
        .collect();

    // As a server.
    let acceptable = offers.iter().flatten().find(|offer| offer.server_bits != Some(8));
    let answer = config.negotiate(list.clone());
    assert_eq!(answer.is_some(), acceptable.is_some());
    if let (Some((agreed, answer)), Some(offer)) = (answer, acceptable) {
        let mut answers = Extensions::parse(answer.as_str().as_bytes()).expect("it is a list");
        let said = Params::of(&answers.next().expect("of one")).expect("that we know");
        assert!(answers.next().is_none());
        let (server_end, client_end) = (agreed.of(Role::Server), agreed.of(Role::Client));
        assert_eq!(said.server_alone, options & 1 != 0 || offer.server_alone);
        assert_eq!(said.client_alone, options & 2 != 0 || offer.client_alone);
        assert_eq!(server_end.no_context_takeover, said.server_alone);
        assert_eq!(client_end.no_context_takeover, said.client_alone);
        // A size that was asked for is answered by the same or a smaller one; one that was not
        // offered is not in the answer.
        assert!(offer.server_bits.is_none() || said.server_bits.is_some());
        assert!(offer.client_bits.is_some() || said.client_bits.is_none());
        let server = said.server_bits.unwrap_or(15);
        assert!(server <= server_bits && server <= offer.server_bits.unwrap_or(15));
        assert_eq!(server_end.max_window_bits, server);
        let client = said.client_bits.map_or(15, |bits| bits.expect("an answer has a value"));
        assert!(client >= 9 && client <= offer.client_bits.flatten().unwrap_or(15).max(client));
        assert_eq!(client_end.max_window_bits, client);
    }

    // As a client.
    let checked = config.check(list);
    let agreeable = |answer: &Params| {
        let less = options & 4 != 0;
        let server = answer.server_bits.unwrap_or(if less { server_bits } else { 15 });
        let client = answer.client_bits.unwrap_or(Some(client_bits));
        (options & 1 == 0 || answer.server_alone || less)
            && server <= server_bits
            && client.is_some_and(|bits| bits <= client_bits)
    };
    match &offers[..] {
        [] => assert_eq!(checked, Ok(None)),
        [Some(answer)] if agreeable(answer) => {
            let agreed = checked.expect("agreeable").expect("there is one");
            assert_eq!(agreed.of(Role::Server).no_context_takeover, answer.server_alone);
            assert_eq!(
                agreed.of(Role::Client).no_context_takeover,
                options & 2 != 0 || answer.client_alone
            );
        }
        _ => assert!(checked.is_err()),
    }
}

/// The parameters of the RFC, each at most once.
#[derive(Clone, Copy, Debug, Default)]
struct Params {
    server_alone: bool,
    client_alone: bool,
    server_bits: Option<u8>,
    client_bits: Option<Option<u8>>,
}

impl Params {
    fn of(extension: &Extension<'_>) -> Option<Self> {
        let mut params = Self::default();
        let mut names = Vec::new();
        for (name, value) in extension.params() {
            let value = value.map(|value| value.to_string());
            let bits = |value: &str| (8..=15).find(|bits: &u8| bits.to_string() == value);
            match (name, value.as_deref()) {
                ("server_no_context_takeover", None) => params.server_alone = true,
                ("client_no_context_takeover", None) => params.client_alone = true,
                ("server_max_window_bits", Some(value)) => params.server_bits = Some(bits(value)?),
                ("client_max_window_bits", None) => params.client_bits = Some(None),
                ("client_max_window_bits", Some(value)) => {
                    params.client_bits = Some(Some(bits(value)?));
                }
                _ => return None,
            }
            if names.contains(&name) {
                return None;
            }
            names.push(name);
        }
        Some(params)
    }
}
