//! Builds and decodes WebSocket frames for the tests.

use framewright::ws::{Decoder, Error, Limits, Part, Role};
use framewright::{Chunk, OverLimit};

/// A message or a control frame, whole or as far as it has come.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Got {
    pub kind: &'static str,
    pub bytes: Vec<u8>,
    pub end: bool,
}

/// Decodes `pieces`, and joins the parts of each message. The result must depend only on the bytes so
/// far, so parts are joined but never held back.
pub fn decode(role: Role, limits: Limits, pieces: &[&[u8]]) -> (Vec<Got>, Result<(), Error>) {
    decode_with(&mut Decoder::new(role, limits), pieces)
}

/// The same with a given decoder.
pub fn decode_with(decoder: &mut Decoder, pieces: &[&[u8]]) -> (Vec<Got>, Result<(), Error>) {
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

/// A server's frame as RFC 6455 §5.2 draws it, built byte by byte.
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

/// A client's frame, masked by the definition of RFC 6455 §5.3.
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

/// The rules that [`naive`] checks a stream by.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    pub role: Role,
    pub compressed: bool,
    pub max_frame_len: u64,
    pub max_message_len: u64,
    pub max_fragments: u32,
}

impl Rules {
    pub const fn unlimited(role: Role) -> Self {
        let (max_frame_len, max_message_len) = (u64::MAX, u64::MAX);
        Self { role, compressed: false, max_frame_len, max_message_len, max_fragments: u32::MAX }
    }

    pub const fn limits(&self) -> Limits {
        Limits::new()
            .max_frame_len(self.max_frame_len)
            .max_message_len(self.max_message_len)
            .max_fragments(self.max_fragments)
    }

    /// A limit on bytes that compression may have made longer.
    fn relaxed(max: u64, compressed: bool) -> u64 {
        if compressed { max.saturating_add(max / 4 + 64) } else { max }
    }
}

/// The rules of RFC 6455 for a reader that sees the whole stream, written only to be readable.
///
/// It checks a text as far as it has come.
pub fn naive(rules: &Rules, mut bytes: &[u8]) -> (Vec<Got>, Result<(), Error>) {
    struct Open {
        at: usize,
        kind: &'static str,
        compressed: bool,
        frames: u32,
        len: u64,
    }

    let mut got: Vec<Got> = Vec::new();
    let mut open: Option<Open> = None;
    loop {
        let [first, rest @ ..] = bytes else { return (got, Ok(())) };
        let (fin, opcode) = (first & 0x80 != 0, first & 0x0F);
        let control = opcode >= 8;
        let rsv1 = rules.compressed && first & 0x70 == 0x40 && matches!(opcode, 1 | 2);
        let frames = open.as_ref().map_or(0, |open| open.frames);
        let error = if matches!(opcode, 3..=7 | 11..=15) {
            Some(Error::ReservedOpcode(opcode))
        } else if control && !fin {
            Some(Error::ControlFragmented)
        } else if first & 0x70 != 0 && !rsv1 {
            Some(Error::ReservedBits)
        } else if opcode == 0 && open.is_none() {
            Some(Error::ContinuationUnexpected)
        } else if matches!(opcode, 1 | 2) && open.is_some() {
            Some(Error::ContinuationMissing)
        } else if !control && frames == rules.max_fragments {
            Some(Error::TooManyFragments { limit: rules.max_fragments })
        } else {
            None
        };
        if let Some(e) = error {
            return (got, Err(e));
        }
        let [second, rest @ ..] = rest else { return (got, Ok(())) };
        let short = second & 0x7F;
        if control && short > 125 {
            return (got, Err(Error::ControlTooLong));
        }
        match (rules.role, second & 0x80 != 0) {
            (Role::Server, false) => return (got, Err(Error::MaskMissing)),
            (Role::Client, true) => return (got, Err(Error::MaskUnexpected)),
            _ => {}
        }
        let extended = match short {
            126 => 2,
            127 => 8,
            _ => 0,
        };
        let Some((extension, rest)) = rest.split_at_checked(extended) else { return (got, Ok(())) };
        let len = extension.iter().fold(0_u64, |len, byte| len << 8 | u64::from(*byte));
        let len = if extended == 0 { u64::from(short) } else { len };
        if len >= 1 << 63 {
            return (got, Err(Error::LengthTopBit));
        }
        if (extended == 2 && len < 126) || (extended == 8 && len < 65_536) {
            return (got, Err(Error::LengthNotMinimal));
        }
        if !control {
            let compressed = open.as_ref().map_or(rsv1, |open| open.compressed);
            let limit = Rules::relaxed(rules.max_frame_len, compressed);
            if len > limit {
                return (got, Err(Error::FrameTooLong(OverLimit::new(len, limit))));
            }
            let len = open.as_ref().map_or(0, |open| open.len).saturating_add(len);
            let limit = Rules::relaxed(rules.max_message_len, compressed);
            if len > limit {
                return (got, Err(Error::MessageTooLong(OverLimit::new(len, limit))));
            }
        }
        let key_len = if rules.role == Role::Server { 4 } else { 0 };
        let Some((key, rest)) = rest.split_at_checked(key_len) else { return (got, Ok(())) };
        let there = rest.len().min(usize::try_from(len).unwrap_or(usize::MAX));
        let payload: Vec<u8> = (0..there)
            .map(|i| if key.is_empty() { rest[i] } else { rest[i] ^ key[i % 4] })
            .collect();
        let over = there as u64 == len;
        bytes = &rest[there..];

        let kind = match opcode {
            _ if rsv1 => "compressed",
            0 => "",
            1 => "text",
            2 => "binary",
            8 => "close",
            9 => "ping",
            _ => "pong",
        };
        if control {
            if over || there > 0 {
                got.push(Got { kind, bytes: payload, end: over });
            }
            if opcode == 8 && over {
                return (got, Ok(()));
            }
            continue;
        }
        let mut message = open.take().unwrap_or(Open {
            at: usize::MAX,
            kind,
            compressed: rsv1,
            frames: 0,
            len: 0,
        });
        let mut joined = match message.at {
            usize::MAX => Got { kind: message.kind, bytes: vec![], end: false },
            at => got.remove(at),
        };
        joined.bytes.extend(payload);
        joined.end = over && fin;
        let mut failed = false;
        if message.kind == "text" {
            // Keep the bytes that could belong to some text. The byte after them is the impossible one.
            let possible = possible_len(&joined.bytes);
            failed = possible < joined.bytes.len()
                || joined.end && str::from_utf8(&joined.bytes).is_err();
            joined.bytes.truncate(possible);
            joined.end &= !failed;
        }
        message.at = got.len();
        message.frames += 1;
        message.len = message.len.saturating_add(len);
        if !joined.end {
            open = Some(message);
        }
        got.push(joined);
        if failed {
            return (got, Err(Error::InvalidUtf8));
        }
    }
}

/// The number of bytes that are a text or the beginning of one.
fn possible_len(bytes: &[u8]) -> usize {
    match str::from_utf8(bytes) {
        Err(e) if e.error_len().is_some() => {
            // Up to the first of the next bytes that no text can have there.
            let start = e.valid_up_to();
            let could_be = |end: &usize| {
                let next = bytes.get(start..*end);
                next.is_some_and(|b| str::from_utf8(b).is_err_and(|e| e.error_len().is_none()))
            };
            (start + 1..start + 4).rev().find(could_be).unwrap_or(start)
        }
        _ => bytes.len(),
    }
}

/// Sorts what came, so that two results can be compared, and drops empty beginnings.
pub fn comparable(mut got: Vec<Got>) -> Vec<Got> {
    got.retain(|g| g.end || !g.bytes.is_empty());
    got.sort_by(|a, b| (a.kind, &a.bytes).cmp(&(b.kind, &b.bytes)));
    got
}
