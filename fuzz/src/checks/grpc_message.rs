//! Length-prefixed messages of gRPC and gRPC-Web, against a naive reader of the whole stream that
//! follows the documents; and the output of an encoder.

use framewright::OverLimit;
use framewright::grpc::{Decoder, Encoder, Error, Frame, Limits, Message};

use super::common::grpc::{Got, decode, frame};
use super::input::{Cuts, Input, same_however_cut, without_allocating};

/// ```text
/// | options | limits: 2 | cuts: 4 | wire ...
/// ```
pub fn check(data: &[u8]) {
    let mut input = Input::new(data);
    let (rules, cuts) = (Rules::of(&mut input), Cuts(input.bytes()));
    let wire = input.rest();

    let (got, verdict, finish) = same_however_cut(wire, cuts, |pieces| {
        let (got, verdict) = decode(rules.decoder(), pieces);
        let mut decoder = rules.decoder();
        let mut input = &pieces.concat()[..];
        while let Ok(Some(_)) = decoder.decode(&mut input) {}
        (got, verdict, decoder.check_eof().is_ok())
    });
    // Every beginning of a stream is a stream too, so this also shows that nothing is late.
    let (expected, expected_verdict, complete) = naive(&rules, wire);
    assert_eq!((&got, verdict), (&expected, expected_verdict));
    assert_eq!(finish, complete || expected_verdict.is_err());
    without_allocating(|| {
        let mut decoder = rules.decoder();
        for mut piece in wire.chunks(64) {
            while let Ok(Some(_)) = decoder.decode(&mut piece) {}
        }
    });
    comes_back(&got, cuts);
}

/// What the stream may contain.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    pub compressed: bool,
    pub head: bool,
    pub trailers: bool,
    pub max_message_len: u64,
    pub max_trailers_len: u64,
}

impl Rules {
    pub fn of(input: &mut Input<'_>) -> Self {
        let options = input.byte();
        Self {
            compressed: options & 1 != 0,
            trailers: options & 2 != 0,
            head: options & 6 == 6,
            max_message_len: input.limit(),
            max_trailers_len: input.limit(),
        }
    }

    fn decoder(&self) -> Decoder {
        let limits = Limits::new()
            .max_message_len(self.max_message_len)
            .max_trailers_len(self.max_trailers_len);
        let decoder = Decoder::new(limits).accept_compressed(self.compressed);
        match (self.head, self.trailers) {
            (true, _) => decoder.with_head_and_trailers(),
            (_, true) => decoder.with_trailers(),
            _ => decoder,
        }
    }
}

/// The contents of the stream, its error if it has one, and whether it may end there.
fn naive(rules: &Rules, mut bytes: &[u8]) -> (Vec<Got>, Result<(), Error>, bool) {
    let mut got: Vec<Got> = Vec::new();
    loop {
        let [flags, rest @ ..] = bytes else { return (got, Ok(()), true) };
        if got.last().is_some_and(|last| last.frame == Frame::Trailers) {
            return (got, Err(Error::AfterTrailers), false);
        }
        let first = got.is_empty() && rules.head;
        let frame = match flags & 0xFE {
            0 if first => return (got, Err(Error::HeadMissing), false),
            0 => Frame::Message,
            0x80 if first => Frame::Head,
            0x80 if rules.trailers => Frame::Trailers,
            _ => return (got, Err(Error::FlagsUnknown(*flags)), false),
        };
        let compressed = flags & 1 != 0;
        if compressed && !rules.compressed {
            return (got, Err(Error::CompressedUnexpected), false);
        }
        let [a, b, c, d, rest @ ..] = rest else { return (got, Ok(()), false) };
        let len = u64::from(u32::from_be_bytes([*a, *b, *c, *d]));
        let error = match frame {
            Frame::Message if len > rules.max_message_len => {
                Some(Error::MessageTooLong(OverLimit::new(len, rules.max_message_len)))
            }
            Frame::Head | Frame::Trailers if len > rules.max_trailers_len => {
                Some(Error::TrailersTooLong(OverLimit::new(len, rules.max_trailers_len)))
            }
            _ => None,
        };
        if let Some(e) = error {
            return (got, Err(e), false);
        }
        let there = rest.len().min(len as usize);
        let (payload, rest) = rest.split_at(there);
        let end = there as u64 == len;
        if end || there > 0 {
            got.push(Got { frame, compressed, bytes: payload.to_vec(), end });
        }
        if !end {
            return (got, Ok(()), false);
        }
        bytes = rest;
    }
}

/// Whole messages, and the trailers after them, can be encoded and decode to the same.
fn comes_back(got: &[Got], cuts: Cuts) {
    let (mut encoder, mut wire, mut sent) = (Encoder::new(), Vec::new(), Vec::new());
    for Got { frame: what, compressed, bytes, .. } in got.iter().filter(|got| got.end) {
        match what {
            Frame::Message if bytes.len() % 2 == 0 => {
                let message = Message { bytes, compressed: *compressed };
                assert_eq!(encoder.encode(message, &mut wire), Ok(()));
            }
            Frame::Message => {
                let len = bytes.len() as u64;
                assert_eq!(encoder.begin_message(len, *compressed, &mut wire), Ok(()));
                for piece in cuts.pieces(bytes) {
                    assert_eq!(encoder.encode_payload(piece, &mut wire), Ok(()));
                }
            }
            Frame::Trailers if !*compressed => {
                assert_eq!(encoder.encode_trailers(bytes, &mut wire), Ok(()));
            }
            Frame::Trailers | Frame::Head => continue,
        }
        sent.push(frame(wire_flags(*what, *compressed), bytes));
    }
    assert_eq!(wire, sent.concat());
}

fn wire_flags(frame: Frame, compressed: bool) -> u8 {
    u8::from(compressed) | if frame == Frame::Message { 0 } else { 0x80 }
}
