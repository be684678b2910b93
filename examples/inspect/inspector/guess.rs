//! Which protocol it is, from the first bytes.

use framewright::stomp::Command;
use framewright::{grpc, http2, ws};

use super::dissect::report::Sender;
use super::dissect::stomp;

/// A protocol that can be at the beginning of a stream.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Protocol {
    Http1,
    Http2,
    WebSocket,
    Sse,
    Grpc,
    Stomp,
    EngineIo,
    Tls,
    Unknown,
}

/// How many bytes are enough for every guess.
pub const ENOUGH: usize = 24;

impl Protocol {
    /// The names that `--protocol` takes.
    pub const NAMES: [(&'static str, Self); 7] = [
        ("http1", Self::Http1),
        ("http2", Self::Http2),
        ("websocket", Self::WebSocket),
        ("sse", Self::Sse),
        ("grpc", Self::Grpc),
        ("stomp", Self::Stomp),
        ("engineio", Self::EngineIo),
    ];

    pub fn parse(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(known, _)| *known == name).map(|(_, protocol)| *protocol)
    }
}

/// The protocol of a stream that begins with `bytes`, and who sends it if that shows. `None` means that it takes more
/// bytes, of which `ENOUGH` are.
pub fn guess(bytes: &[u8]) -> Option<(Protocol, Option<Sender>)> {
    if http2::is_preface(bytes) == Some(true) {
        return Some((Protocol::Http2, Some(Sender::Client)));
    }
    if bytes.len() < ENOUGH && !is_complete(bytes) {
        return None;
    }
    Some(if let Some(sender) = http1_sender(bytes) {
        (Protocol::Http1, Some(sender))
    } else if bytes.starts_with(&[0x16, 3]) {
        (Protocol::Tls, None)
    } else if begins_settings(bytes) {
        (Protocol::Http2, Some(Sender::Server))
    } else if stomp::begins(bytes) {
        let is_server = stomp::command(bytes).is_some_and(Command::is_from_server);
        (Protocol::Stomp, Some(if is_server { Sender::Server } else { Sender::Client }))
    } else if begins_sse(bytes) {
        (Protocol::Sse, Some(Sender::Server))
    } else if bytes.starts_with(br#"0{"sid":"#) {
        (Protocol::EngineIo, Some(Sender::Server))
    } else if let Some(sender) = websocket_sender(bytes) {
        (Protocol::WebSocket, Some(sender))
    } else if begins_grpc(bytes) {
        (Protocol::Grpc, None)
    } else {
        (Protocol::Unknown, None)
    })
}

/// Whether a short stream is one of those that need no more bytes to be known.
fn is_complete(bytes: &[u8]) -> bool {
    http1_sender(bytes).is_some() || begins_settings(bytes) || stomp::begins(bytes)
}

fn http1_sender(bytes: &[u8]) -> Option<Sender> {
    if bytes.starts_with(b"HTTP/1.") {
        return Some(Sender::Server);
    }
    let space = bytes.iter().position(|byte| *byte == b' ')?;
    let (method, rest) = bytes.split_at(space);
    let is_method = (3..=16).contains(&space) && method.iter().all(u8::is_ascii_uppercase);
    let is_target = rest.get(1).is_some_and(u8::is_ascii_graphic);
    (is_method && is_target).then_some(Sender::Client)
}

/// A server of HTTP/2 begins with its settings.
fn begins_settings(bytes: &[u8]) -> bool {
    bytes.first_chunk().is_some_and(|header| {
        let header = http2::FrameHeader::parse(*header);
        header.frame_type() == http2::FrameType::SETTINGS
            && header.stream().is_none()
            && header.len().is_multiple_of(6)
            && header.len() < 600
    })
}

fn begins_sse(bytes: &[u8]) -> bool {
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    let fields: [&[u8]; 5] = [b"data:", b"event:", b"id:", b"retry:", b":"];
    fields.iter().any(|field| bytes.starts_with(field))
}

/// Frames of a client are masked, and those of a server are not.
fn websocket_sender(bytes: &[u8]) -> Option<Sender> {
    let (header, len) = ws::FrameHeader::parse(bytes).ok()??;
    let [_, rsv2, rsv3] = header.rsv();
    if rsv2 || rsv3 || header.opcode() == ws::Opcode::Continuation {
        return None;
    }
    // If there is room for a second frame, it has to look like one too.
    let next = len as u64 + header.len();
    let next = usize::try_from(next).ok().and_then(|next| bytes.get(next..));
    if next.is_some_and(|next| !next.is_empty() && ws::FrameHeader::parse(next).is_err()) {
        return None;
    }
    Some(if header.key().is_some() { Sender::Client } else { Sender::Server })
}

fn begins_grpc(bytes: &[u8]) -> bool {
    bytes.first_chunk().is_some_and(|prefix| {
        let prefix = grpc::Prefix::parse(*prefix);
        prefix.flags <= grpc::Prefix::COMPRESSED && prefix.len < 64 << 20
    })
}
