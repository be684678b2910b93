//! A frame of WebSocket that may break the rules, with every field of its header named: a decoder would stop at the first
//! that is wrong.

use std::fmt::Write;

use framewright::ws::{CloseCode, Mask, Opcode};
use serde_json::{Value, json};

use crate::dissect::preview::Preview;
use crate::wire::{self, cut, field};

const CONTINUATION: u8 = Opcode::Continuation as u8;
const TEXT: u8 = Opcode::Text as u8;
const BINARY: u8 = Opcode::Binary as u8;
const CLOSE: u8 = Opcode::Close as u8;
const PING: u8 = Opcode::Ping as u8;
const PONG: u8 = Opcode::Pong as u8;
/// How many bytes of a payload are shown.
const SHOWN: usize = 64;

/// Names the fields of a frame, of which `bytes` are the header and as much of the payload as there is. The header may break
/// the rules.
pub fn describe(bytes: &[u8]) -> Value {
    let [first, second, rest @ ..] = bytes else {
        return one(
            json!({ "protocol": "WebSocket", "title": "cut off", "fields": [], "facts": [] }),
        );
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
    let mut fields = vec![
        field("flags, opcode", &bytes[..1], &{
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
    let mut facts = Vec::new();
    let mut shown = json!(null);
    match (opcode, &plain[..]) {
        (CLOSE, [a, b, reason @ ..]) => {
            facts.push(json!(["code", CloseCode(u16::from_be_bytes([*a, *b])).to_string()]));
            if !reason.is_empty() {
                facts.push(json!(["reason", cut(&String::from_utf8_lossy(reason))]));
            }
        }
        (_, []) => {}
        _ => shown = wire::payload(&Preview::new(SHOWN).of(&plain).announced(len)),
    }
    one(json!({
        "protocol": "WebSocket", "title": format!("{name}, {len} bytes"), "depth": 0, "len": bytes.len(),
        "fields": fields, "facts": facts, "payload": shown,
    }))
}

fn one(layer: Value) -> Value {
    json!({ "layers": [layer] })
}
