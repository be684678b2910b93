//! A frame, a head or a message as the page gets it: fields with their bytes, facts, and the beginning of the payload.

use std::fmt::Write;

use serde_json::{Value, json};

use crate::dissect::preview::Preview;
use crate::dissect::report::Item;

/// How many bytes of a payload are kept, and how many of them are shown in hex.
pub const PREVIEW_LEN: usize = 512;
const HEX_LEN: usize = 96;
/// The most fields and facts, and the longest text of each, in characters.
const MOST: usize = 48;
const LONGEST: usize = 240;

/// Fields of HTTP whose values let somebody in. A page must not show them, nor keep them.
const SECRET: [&str; 4] = ["cookie", "set-cookie", "authorization", "proxy-authorization"];

/// What is told of one layer.
pub fn layer(item: &Item) -> Value {
    let fields = item.wire.iter().take(MOST);
    let fields = fields.map(|it| field(it.name, &it.bytes, &it.meaning)).collect::<Vec<_>>();
    let facts = item.facts.iter().take(MOST);
    let facts = facts.map(|(name, value)| fact(name, value)).collect::<Vec<_>>();
    json!({
        "protocol": item.protocol,
        "title": without_token(&item.title),
        "depth": item.place.depth,
        "len": item.len,
        "fields": fields,
        "facts": facts,
        "payload": item.payload.as_ref().map(payload),
        "problem": item.problem.as_ref().map(|problem| problem.text.as_str()),
    })
}

/// Bytes of a header, and what they mean.
pub fn field(name: &str, bytes: &[u8], note: &str) -> Value {
    json!({ "name": name, "hex": hex(&bytes[..bytes.len().min(HEX_LEN)]), "note": cut(note) })
}

/// A payload whose first bytes are known.
pub fn payload(preview: &Preview) -> Value {
    let bytes = preview.bytes();
    let hex = hex(&bytes[..bytes.len().min(HEX_LEN)]);
    json!({ "hex": hex, "len": preview.len(), "text": preview.text() })
}

fn fact(name: &str, value: &str) -> Value {
    let is_secret = SECRET.iter().any(|secret| name.eq_ignore_ascii_case(secret));
    match is_secret {
        true => json!([name, format!("not shown, {} bytes", value.len())]),
        false => json!([cut(name), without_token(value)]),
    }
}

/// The beginning of a text, without the number of the page, which says nothing.
fn without_token(text: &str) -> String {
    match text.split_once("wire=") {
        None => cut(text),
        Some((before, rest)) => {
            let after = rest.trim_start_matches(|c: char| c.is_ascii_digit());
            cut(&format!("{before}wire=…{after}"))
        }
    }
}

/// The beginning of a text.
pub fn cut(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").expect("a String has room");
        hex
    })
}
