//! Engine.IO for the tests.

use framewright::engineio::{Error, Kind, Part, PayloadDecoder};
use framewright::ws;

/// A packet with its data.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Got {
    Text(Kind, Vec<u8>),
    Binary(Vec<u8>),
}

pub fn text(kind: Kind, data: &str) -> Got {
    Got::Text(kind, data.into())
}

/// The packets of a body that comes in `pieces`, as far as it is valid.
pub fn decode(pieces: &[&[u8]]) -> (Vec<Got>, Option<Error>) {
    let mut decoder = PayloadDecoder::new();
    let (mut got, mut data) = (Vec::new(), Vec::new());
    let mut take = |part| {
        let (kind, chunk) = match part {
            Part::Message(part) if part.kind == ws::Kind::Binary => (None, part.chunk),
            Part::Message(part) => (Some(Kind::Message), part.chunk),
            Part::Control(kind, chunk) => (Some(kind), chunk),
        };
        assert_eq!(chunk.start, data.is_empty() || chunk.start, "a packet begins once");
        data.extend_from_slice(chunk.bytes);
        if chunk.end {
            let data = std::mem::take(&mut data);
            got.push(
                kind.map_or_else(|| Got::Binary(data.clone()), |k| Got::Text(k, data.clone())),
            );
        }
    };
    let mut pieces: Vec<_> = pieces.iter().map(|piece| piece.to_vec()).collect();
    for bytes in &mut pieces {
        let mut input = &mut bytes[..];
        loop {
            match decoder.decode(&mut input) {
                Ok(Some(part)) => take(part),
                Ok(None) => break,
                Err(error) => return (got, Some(error)),
            }
        }
        assert!(input.is_empty(), "None means that all was taken");
    }
    match decoder.receive_eof() {
        Ok(last) => last.into_iter().for_each(take),
        Err(error) => return (got, Some(error)),
    }
    (got, None)
}

/// A reader that sees the whole body, with another decoder of base64: whole bodies only.
pub fn naive(body: &[u8]) -> Option<Vec<Got>> {
    body.split(|byte| *byte == 0x1E)
        .map(|packet| {
            let (first, data) = packet.split_first()?;
            match first {
                b'b' => naive_base64(data).map(Got::Binary),
                b'0'..=b'6' => {
                    let kind = KINDS.get(usize::from(first.checked_sub(b'0')?)).copied()?;
                    String::from_utf8(data.to_vec()).ok().map(|data| text(kind, &data))
                }
                _ => None,
            }
        })
        .collect()
}

fn naive_base64(symbols: &[u8]) -> Option<Vec<u8>> {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let padding = symbols.iter().rev().take_while(|byte| **byte == b'=').count();
    if !symbols.len().is_multiple_of(4) || padding > 2 {
        return None;
    }
    let mut bytes = Vec::new();
    let (mut bits, mut count) = (0_u32, 0);
    for symbol in &symbols[..symbols.len() - padding] {
        bits = bits << 6 | u32::try_from(ALPHABET.iter().position(|s| s == symbol)?).ok()?;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
            bits &= (1 << count) - 1;
        }
    }
    Some(bytes)
}

/// Each is written as its place.
const KINDS: [Kind; 7] =
    [Kind::Open, Kind::Close, Kind::Ping, Kind::Pong, Kind::Message, Kind::Upgrade, Kind::Noop];
