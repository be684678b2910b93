//! Protobuf without its schema: numbers of fields, and what their bytes may mean.

use super::preview::{bytes, escaped, hex};

/// How many fields are listed, and how deep.
const MAX_FIELDS: usize = 64;
const MAX_DEPTH: usize = 8;

/// The fields of a message, by number. `None` if the bytes are no message.
pub fn fields(message: &[u8]) -> Option<Vec<(String, String)>> {
    let mut list = Vec::new();
    read(message, "", 0, &mut list)?;
    Some(list)
}

fn read(
    mut message: &[u8],
    path: &str,
    depth: usize,
    list: &mut Vec<(String, String)>,
) -> Option<()> {
    while !message.is_empty() {
        let key = varint(&mut message)?;
        let (number, wire_type) = (key >> 3, key & 7);
        if number == 0 || number > 0x1FFF_FFFF {
            return None;
        }
        let name = format!("{path}{number}");
        let value = match wire_type {
            0 => varint(&mut message)?.to_string(),
            1 => {
                let (bits, rest) = message.split_first_chunk()?;
                message = rest;
                format!("{} as a double, {}", f64::from_le_bytes(*bits), hex(bits))
            }
            5 => {
                let (bits, rest) = message.split_first_chunk()?;
                message = rest;
                format!("{} as a float, {}", f32::from_le_bytes(*bits), hex(bits))
            }
            2 => {
                let len = usize::try_from(varint(&mut message)?).ok()?;
                let (value, rest) = message.split_at_checked(len)?;
                message = rest;
                match delimited(value, &name, depth, list) {
                    Some(text) => text,
                    None => continue,
                }
            }
            // Groups are not worth it: nobody writes them.
            _ => return None,
        };
        if list.len() < MAX_FIELDS {
            list.push((name, value));
        } else if list.len() == MAX_FIELDS {
            list.push((String::new(), "…".to_owned()));
        }
    }
    Some(())
}

/// Text, or the fields of a message within, for which nothing is returned, or bytes.
fn delimited(
    value: &[u8],
    name: &str,
    depth: usize,
    list: &mut Vec<(String, String)>,
) -> Option<String> {
    let text = std::str::from_utf8(value).ok();
    if let Some(text) = text.filter(|text| !text.contains(|c: char| c.is_control() && c != '\n')) {
        let start: String = text.chars().take(200).collect();
        let more = if start.len() < text.len() { "…" } else { "" };
        return Some(format!("\"{}{more}\"", escaped(&start)));
    }
    let before = list.len();
    if depth < MAX_DEPTH && read(value, &format!("{name}."), depth + 1, list).is_some() {
        return None;
    }
    list.truncate(before);
    let start = &value[..value.len().min(32)];
    let more = if start.len() < value.len() { " …" } else { "" };
    Some(format!("{}: {}{more}", bytes(value.len() as u64), hex(start)))
}

fn varint(message: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = message.split_first()?;
        *message = rest;
        value |= u64::from(byte & 0x7F) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}
