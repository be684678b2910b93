//! Frames put together and taken apart for the tests of WebSocket.

use framewright::Chunk;
use framewright::ws::{Decoder, Error, Limits, Part, Role};

/// A message or a control frame, whole or as far as it came.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Got {
    pub kind: &'static str,
    pub bytes: Vec<u8>,
    pub end: bool,
}

/// Decodes `pieces`, and joins the parts of each message. What happens must not depend on more than
/// the bytes so far, so parts are joined but never held back.
pub fn decode(role: Role, limits: Limits, pieces: &[&[u8]]) -> (Vec<Got>, Result<(), Error>) {
    let mut decoder = Decoder::new(role, limits);
    let mut got: Vec<Got> = Vec::new();
    let mut open: Option<usize> = None;
    for piece in pieces {
        let mut bytes = piece.to_vec();
        let mut input = &mut bytes[..];
        loop {
            let before = input.len();
            let remaining = decoder.payload_remaining();
            let part = match decoder.decode(&mut input) {
                Ok(Some(part)) => part,
                Ok(None) => {
                    assert!(input.is_empty(), "None means that all was taken");
                    break;
                }
                Err(e) => {
                    assert!(input.is_empty());
                    assert_eq!(
                        decoder.decode(&mut &mut [0x81, 0x00][..]),
                        Err(e),
                        "an error is final"
                    );
                    return (got, Err(e));
                }
            };
            assert!(
                input.len() < before || part.chunk().end && remaining == 0,
                "T17: a part takes a byte, or is all of a frame without any"
            );
            let Chunk { bytes, start, end } = part.chunk();
            let kind = match part {
                Part::Text(text) => {
                    if let Some(str) = text.as_str() {
                        assert_eq!(str::from_utf8(bytes), Ok(str));
                    }
                    "text"
                }
                Part::Binary(_) => "binary",
                Part::Compressed(_) => "compressed",
                Part::Ping(_) => "ping",
                Part::Pong(_) => "pong",
                Part::Close(_) => "close",
            };
            let control = !matches!(kind, "text" | "binary");
            let at = match got.iter().rposition(|g| !g.end && g.kind == kind) {
                Some(at) => {
                    assert!(!start);
                    at
                }
                None => {
                    assert!(start, "a message begins with its first part");
                    got.push(Got { kind, bytes: Vec::new(), end: false });
                    got.len() - 1
                }
            };
            got[at].bytes.extend_from_slice(bytes);
            got[at].end = end;
            if !control {
                open = (!end).then_some(at);
            }
        }
    }
    assert_eq!(open.is_some(), got.iter().any(|g| !g.end && matches!(g.kind, "text" | "binary")));
    (got, Ok(()))
}

/// A server's frame as §5.2 draws it, put together byte by byte.
pub fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first];
    match payload.len() {
        len @ 0..=125 => bytes.push(len as u8),
        len @ 126..=0xFFFF => {
            bytes.push(126);
            bytes.extend((len as u16).to_be_bytes());
        }
        len => {
            bytes.push(127);
            bytes.extend((len as u64).to_be_bytes());
        }
    }
    bytes.extend_from_slice(payload);
    bytes
}

/// A client's frame, masked by the definition of §5.3.
pub fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
    let key = [0x37, 0xFA, 0x21, 0x3D];
    let mut bytes = frame(first, payload);
    let header = bytes.len() - payload.len();
    bytes[1] |= 0x80;
    bytes.truncate(header);
    bytes.extend(key);
    bytes.extend(payload.iter().enumerate().map(|(i, byte)| byte ^ key[i % 4]));
    bytes
}

pub fn got(kind: &'static str, bytes: impl AsRef<[u8]>) -> Got {
    Got { kind, bytes: bytes.as_ref().to_vec(), end: true }
}
