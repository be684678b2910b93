//! Frames of HTTP/2 as their bytes tell them, field by field.

use framewright::http2::{ErrorCode, Flags, FrameHeader, FrameType, Setting, SettingId};

use super::http2::NAME;
use super::preview::{bytes, lossy};
use super::report::{Item, Place};

/// The frame with this header, and a payload that begins with `payload`.
pub fn describe(place: Place, header: FrameHeader, payload: &[u8]) -> Item {
    let kind = header.frame_type();
    let mut title = format!("{}, {}", name(kind), bytes(header.len().into()));
    if let Some(stream) = header.stream() {
        title += &format!(", stream {stream}");
    }
    let flags = flags(header);
    if flags.contains("END_STREAM") {
        title += ", END_STREAM";
    }
    let wire = header.to_bytes();
    let stream = header.stream().map_or("0: the connection".to_owned(), |id| id.to_string());
    let item = Item::new(place, NAME, title)
        .len(u64::from(header.len()) + FrameHeader::LEN as u64)
        .wire("length", &wire[..3], header.len().to_string())
        .wire("type", &wire[3..4], name(kind))
        .wire("flags", &wire[4..5], flags)
        .wire("stream", &wire[5..], stream);
    match kind {
        FrameType::SETTINGS => settings(item, payload),
        FrameType::HEADERS => prefix(item, header, payload),
        FrameType::DATA => padding(item, header, payload).0,
        _ => values(item, kind, payload),
    }
}

fn name(kind: FrameType) -> String {
    match kind {
        FrameType::DATA => "DATA".to_owned(),
        FrameType::HEADERS => "HEADERS".to_owned(),
        FrameType::PRIORITY => "PRIORITY".to_owned(),
        FrameType::RST_STREAM => "RST_STREAM".to_owned(),
        FrameType::SETTINGS => "SETTINGS".to_owned(),
        FrameType::PUSH_PROMISE => "PUSH_PROMISE".to_owned(),
        FrameType::PING => "PING".to_owned(),
        FrameType::GOAWAY => "GOAWAY".to_owned(),
        FrameType::WINDOW_UPDATE => "WINDOW_UPDATE".to_owned(),
        FrameType::CONTINUATION => "CONTINUATION".to_owned(),
        FrameType(kind) => format!("unknown type {kind:#x}"),
    }
}

/// The names of the flags that are set and have a meaning.
fn flags(header: FrameHeader) -> String {
    let kind = header.frame_type();
    let is = |kinds: &[FrameType]| kinds.contains(&kind);
    let bodies = [FrameType::DATA, FrameType::HEADERS];
    let blocks = [FrameType::HEADERS, FrameType::CONTINUATION, FrameType::PUSH_PROMISE];
    let known = [
        (is(&[FrameType::SETTINGS, FrameType::PING]), Flags::ACK, "ACK"),
        (is(&bodies), Flags::END_STREAM, "END_STREAM"),
        (is(&blocks), Flags::END_HEADERS, "END_HEADERS"),
        (is(&bodies), Flags::PADDED, "PADDED"),
        (is(&[FrameType::HEADERS]), Flags::PRIORITY, "PRIORITY"),
    ];
    let set = known.iter().filter(|(is, flag, _)| *is && header.flags().contains(*flag));
    let names: Vec<&str> = set.map(|(_, _, name)| *name).collect();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

fn settings(mut item: Item, payload: &[u8]) -> Item {
    for wire in payload.as_chunks().0 {
        let setting = Setting::parse(*wire);
        item =
            item.wire("setting", wire, format!("{} = {}", setting_name(setting.id), setting.value));
    }
    item
}

fn setting_name(id: SettingId) -> String {
    match id {
        SettingId::HEADER_TABLE_SIZE => "HEADER_TABLE_SIZE".to_owned(),
        SettingId::ENABLE_PUSH => "ENABLE_PUSH".to_owned(),
        SettingId::MAX_CONCURRENT_STREAMS => "MAX_CONCURRENT_STREAMS".to_owned(),
        SettingId::INITIAL_WINDOW_SIZE => "INITIAL_WINDOW_SIZE".to_owned(),
        SettingId::MAX_FRAME_SIZE => "MAX_FRAME_SIZE".to_owned(),
        SettingId::MAX_HEADER_LIST_SIZE => "MAX_HEADER_LIST_SIZE".to_owned(),
        SettingId::ENABLE_CONNECT_PROTOCOL => "ENABLE_CONNECT_PROTOCOL".to_owned(),
        SettingId::NO_RFC7540_PRIORITIES => "NO_RFC7540_PRIORITIES".to_owned(),
        SettingId(id) => format!("unknown {id:#x}"),
    }
}

/// The length of the padding, if there is any. Returns the rest of the payload too.
fn padding(item: Item, header: FrameHeader, payload: &[u8]) -> (Item, &[u8]) {
    match payload.split_at_checked(1) {
        Some((len, rest)) if header.flags().contains(Flags::PADDED) => {
            (item.wire("padding", len, bytes(len[0].into())), rest)
        }
        _ => (item, payload),
    }
}

/// What comes before a field block.
fn prefix(item: Item, header: FrameHeader, payload: &[u8]) -> Item {
    let (item, payload) = padding(item, header, payload);
    match payload.first_chunk() {
        Some(wire) if header.flags().contains(Flags::PRIORITY) => priority(item, wire),
        _ => item,
    }
}

fn priority(item: Item, wire: &[u8; 5]) -> Item {
    let [a, b, c, d, weight] = *wire;
    let parent = u32::from_be_bytes([a & 0x7F, b, c, d]);
    let exclusive = if a & 0x80 == 0 { "" } else { ", exclusively" };
    item.wire("dependency", &wire[..4], format!("on stream {parent}{exclusive}")).wire(
        "weight",
        &wire[4..],
        (u16::from(weight) + 1).to_string(),
    )
}

/// The values of a frame that has nothing else.
fn values(item: Item, kind: FrameType, payload: &[u8]) -> Item {
    let first = payload.first_chunk().map(|value| u32::from_be_bytes(*value));
    match (kind, first) {
        (FrameType::RST_STREAM, Some(code)) => {
            item.wire("code", &payload[..4], ErrorCode(code).to_string())
        }
        (FrameType::WINDOW_UPDATE, Some(increment)) => {
            let increment = increment & 0x7FFF_FFFF;
            item.wire("increment", &payload[..4], bytes(increment.into()))
        }
        (FrameType::PING, Some(_)) => item.wire("payload", payload, ""),
        (FrameType::PRIORITY, Some(_)) => match payload.first_chunk() {
            Some(wire) => priority(item, wire),
            None => item,
        },
        (FrameType::GOAWAY, Some(last)) => match payload[4..].split_first_chunk() {
            Some((code, debug)) => {
                let item = item
                    .wire("last stream", &payload[..4], (last & 0x7FFF_FFFF).to_string())
                    .wire("code", code, ErrorCode(u32::from_be_bytes(*code)).to_string());
                if debug.is_empty() { item } else { item.fact("debug data", lossy(debug)) }
            }
            None => item,
        },
        _ => item,
    }
}
