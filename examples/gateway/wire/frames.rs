//! Frames of WebSocket, one after the other, with every field of their headers named.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::fmt::Write;
use std::rc::Rc;

use framewright::ws::{CloseCode, FrameHeader, Mask, Message, Opcode};
use serde_json::{Value, json};

use super::Ring;

const CONTINUATION: u8 = Opcode::Continuation as u8;
const TEXT: u8 = Opcode::Text as u8;
const BINARY: u8 = Opcode::Binary as u8;
const CLOSE: u8 = Opcode::Close as u8;
const PING: u8 = Opcode::Ping as u8;
const PONG: u8 = Opcode::Pong as u8;
/// How many bytes of a payload are shown.
const SHOWN: usize = 64;
/// How many characters of a text are shown.
const PREVIEW: usize = 240;

#[derive(Clone, Copy, Eq, PartialEq)]
pub enum Direction {
    /// From the page.
    In,
    /// To the page.
    Out,
}

/// What a connection says and hears, for the page that watches it.
pub struct Frames {
    ring: Rc<RefCell<Ring>>,
    path: String,
    received: Walker,
    sent: Walker,
}

impl Frames {
    pub fn new(ring: Rc<RefCell<Ring>>, path: &str) -> Self {
        let path = path.chars().take(40).collect();
        Self { ring, path, received: Walker::default(), sent: Walker::default() }
    }

    /// Takes notice of what a message is that a connection has put together, or is about to send, because its frames may be
    /// compressed. It is told with the last of them.
    pub fn message(&mut self, direction: Direction, message: Message<'_>) {
        let text = match message {
            Message::Text(text) => preview(text),
            Message::Binary(bytes) => format!("{} bytes", bytes.len()),
        };
        self.walker(direction).messages.push_back((text, message.as_bytes().len()));
    }

    /// Takes notice of bytes on the wire.
    pub fn bytes(&mut self, direction: Direction, mut bytes: &[u8], now: u64) {
        while !bytes.is_empty() {
            let Some(mut frame) = self.walker(direction).next(&mut bytes) else { return };
            frame["at"] = now.into();
            frame["dir"] = if direction == Direction::In { "in" } else { "out" }.into();
            frame["path"] = (&*self.path).into();
            self.ring.borrow_mut().tell(&frame);
        }
    }

    /// Takes notice of messages that are about to be sent, of which these are frames that are not compressed.
    pub fn copies(&mut self, mut frames: &[u8]) {
        let mut walker = Walker::default();
        while let Some(frame) = walker.next(&mut frames) {
            let text = frame["text"].as_str().unwrap_or_default().to_owned();
            let len = frame["len"].as_u64().unwrap_or_default();
            self.sent.messages.push_back((text, len as usize));
        }
    }

    /// Forgets messages that were announced and had no frame, because the connection was closing.
    pub fn settle(&mut self) {
        self.received.messages.clear();
        self.sent.messages.clear();
    }

    fn walker(&mut self, direction: Direction) -> &mut Walker {
        match direction {
            Direction::In => &mut self.received,
            Direction::Out => &mut self.sent,
        }
    }
}

/// Finds the frames of one direction.
#[derive(Default)]
struct Walker {
    /// The header and the beginning of the payload, as they are on the wire.
    bytes: Vec<u8>,
    /// Bytes of the payload that have not come, once the header has.
    left: Option<u64>,
    /// Messages whose last frames have not been told.
    messages: VecDeque<(String, usize)>,
    /// What follows is no frame: the connection fails.
    failed: bool,
}

impl Walker {
    /// Takes bytes up to the end of a frame, and describes it. `None` if more are needed.
    fn next(&mut self, input: &mut &[u8]) -> Option<Value> {
        loop {
            match self.left {
                _ if self.failed => *input = &[],
                Some(0) => {
                    self.left = None;
                    let bytes = std::mem::take(&mut self.bytes);
                    let mut frame = describe(&bytes);
                    let ends = bytes[0] & 0x80 != 0 && bytes[0] & 0x08 == 0;
                    if ends && let Some((text, len)) = self.messages.pop_front() {
                        frame["text"] = text.into();
                        frame["message"] = len.into();
                    }
                    return Some(frame);
                }
                Some(left) => {
                    let len = left.min(input.len() as u64) as usize;
                    let (piece, rest) = input.split_at(len);
                    let room = (FrameHeader::MAX_LEN + SHOWN).saturating_sub(self.bytes.len());
                    self.bytes.extend_from_slice(&piece[..len.min(room)]);
                    self.left = Some(left - len as u64);
                    *input = rest;
                    if len == 0 {
                        return None;
                    }
                    continue;
                }
                None => {
                    let (byte, rest) = input.split_first()?;
                    self.bytes.push(*byte);
                    *input = rest;
                    match FrameHeader::parse(&self.bytes) {
                        Ok(Some((header, _))) => self.left = Some(header.len()),
                        Ok(None) => {}
                        Err(_) => self.failed = true,
                    }
                    continue;
                }
            }
            return None;
        }
    }
}

/// Names the fields of a frame, of which `bytes` are the header and as much of the payload as there is. The header may break
/// the rules.
pub fn describe(bytes: &[u8]) -> Value {
    let [first, second, rest @ ..] = bytes else {
        return json!({ "protocol": "WebSocket", "name": "cut off", "fields": [], "payload": hex(bytes) });
    };
    let opcode = first & 0x0F;
    let name = match opcode {
        CONTINUATION => "continuation",
        TEXT => "text",
        BINARY => "binary",
        CLOSE => "close",
        PING => "ping",
        PONG => "pong",
        _ => "reserved",
    };
    let (fin, masked, short) = (first & 0x80 != 0, second & 0x80 != 0, second & 0x7F);
    let compressed = first & 0x40 != 0;
    let mut fields = vec![
        field("fin, rsv, opcode", &bytes[..1], &{
            let mut note = format!("{}, {name}", if fin { "last frame" } else { "more follow" });
            for (bit, what) in [(0x40, "RSV1: compressed"), (0x20, "RSV2"), (0x10, "RSV3")] {
                if first & bit != 0 {
                    write!(note, ", {what}").expect("a String has room");
                }
            }
            note
        }),
        field("mask, length", &bytes[1..2], &{
            let mask = if masked { "masked" } else { "not masked" };
            match short {
                126 => format!("{mask}, the length follows in 2 bytes"),
                127 => format!("{mask}, the length follows in 8 bytes"),
                len => format!("{mask}, {len} bytes"),
            }
        }),
    ];
    let (extended, rest) = rest.split_at(match short {
        126 => rest.len().min(2),
        127 => rest.len().min(8),
        _ => 0,
    });
    let len = match extended {
        [] => u64::from(short),
        extended => extended.iter().fold(0, |len, byte| len << 8 | u64::from(*byte)),
    };
    if !extended.is_empty() {
        fields.push(field("extended length", extended, &format!("{len} bytes")));
    }
    let (key, payload) = rest.split_at(if masked { rest.len().min(4) } else { 0 });
    if masked {
        fields.push(field("masking key", key, "XORed with the payload, byte by byte"));
    }
    let mut plain = payload.to_vec();
    if let Ok(key) = key.try_into() {
        Mask::new(key).apply(&mut plain);
    }
    let shown = &payload[..payload.len().min(SHOWN)];
    let text = match (opcode, &plain[..]) {
        (CLOSE, [a, b, reason @ ..]) => {
            let code = CloseCode(u16::from_be_bytes([*a, *b]));
            Some(format!("{code} {}", String::from_utf8_lossy(reason)))
        }
        _ if compressed => None,
        (TEXT | CONTINUATION, plain) => Some(preview(&String::from_utf8_lossy(plain))),
        (PING | PONG, plain) => Some(preview(&String::from_utf8_lossy(plain))),
        _ => None,
    };
    json!({
        "protocol": "WebSocket", "name": name, "fields": fields, "len": len, "compressed": compressed,
        "payload": hex(shown), "cut": len > shown.len() as u64, "text": text,
    })
}

pub fn field(name: &str, bytes: &[u8], note: &str) -> Value {
    json!({ "name": name, "hex": hex(bytes), "note": note })
}

/// The beginning of a text.
pub fn preview(text: &str) -> String {
    text.chars().take(PREVIEW).collect()
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").expect("a String has room");
        hex
    })
}
