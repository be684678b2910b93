//! The data of the open packet (*Handshake*).

use super::{Error, Limits, SendError, Transport};
use crate::Buffer;
use crate::append::Append;
use crate::json_value::{JsonKind, JsonReader};

/// What a server announces in the open packet.
///
/// ```
/// use framewright::engineio::Handshake;
///
/// let open = r#"{"sid":"lv_VI97H","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000}"#;
/// let handshake = Handshake::parse(open)?;
/// assert_eq!((handshake.sid, handshake.upgrades), ("lv_VI97H", true));
/// assert_eq!((handshake.ping_interval, handshake.max_payload), (25_000, None));
/// # Ok::<(), framewright::engineio::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Handshake<'a> {
    /// The identifier of the session.
    pub sid: &'a str,
    /// Whether the session may move to WebSocket. It is `false` if it began there.
    pub upgrades: bool,
    /// How long after a pong the next ping comes, in ms.
    pub ping_interval: u64,
    /// How long the client has to answer a ping, in ms.
    pub ping_timeout: u64,
    /// The longest body of a POST in bytes, if the server says so.
    pub max_payload: Option<u64>,
}

impl<'a> Handshake<'a> {
    /// The longest data of an open packet that a [`ClientSession`](super::ClientSession) joins, in bytes.
    pub const MAX_LEN: usize = 4096;

    /// The longest identifier of a session that a [`ClientSession`](super::ClientSession) takes, in bytes.
    pub const MAX_SID_LEN: usize = 128;

    /// Parses the data of an open packet: an object of JSON. Unknown members are ignored, and so are unknown
    /// upgrades.
    ///
    /// Stricter than other clients: `sid` has no escapes, and times are whole numbers.
    pub fn parse(json: &'a str) -> Result<Self, Error> {
        JsonReader::kind_of(json)
            .filter(|kind| *kind == JsonKind::Object)
            .and_then(|_| Self::parse_members(json))
            .ok_or(Error::Handshake)
    }

    fn parse_members(json: &'a str) -> Option<Self> {
        let (mut sid, mut upgrades, mut ping_interval, mut ping_timeout, mut max_payload) =
            (None, false, None, None, None);
        let mut reader = JsonReader::new(json);
        reader.take(b'{');
        while !reader.take(b'}') {
            let key = reader.key()?;
            let (kind, value) = reader.value()?;
            match key {
                "sid" if kind == JsonKind::String => sid = value.get(1..value.len() - 1),
                "upgrades" if kind == JsonKind::Array => upgrades = names_websocket(value),
                "pingInterval" => ping_interval = value.parse().ok(),
                "pingTimeout" => ping_timeout = value.parse().ok(),
                "maxPayload" => max_payload = value.parse().ok(),
                _ => {}
            }
            reader.take(b',');
        }
        let sid = sid.filter(|sid| !sid.is_empty() && !sid.contains('\\'))?;
        let (ping_interval, ping_timeout) = (ping_interval?, ping_timeout?);
        Some(Self { sid, upgrades, ping_interval, ping_timeout, max_payload })
    }
}

/// Whether an array has the name of the one upgrade.
fn names_websocket(array: &str) -> bool {
    let mut reader = JsonReader::new(array);
    reader.take(b'[');
    while let Some((_, value)) = reader.value() {
        if value == "\"websocket\"" {
            return true;
        }
        reader.take(b',');
    }
    false
}

/// Appends a server's open packet.
pub(super) fn write_open(
    sid: &str,
    transport: Transport,
    limits: &Limits,
    out: &mut impl Buffer,
) -> Result<(), SendError> {
    let valid = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if sid.is_empty() || !sid.bytes().all(valid) {
        return Err(SendError::SidInvalid);
    }
    let upgrades = transport == Transport::Polling && limits.upgrades;
    let mut append = Append::new(out);
    append.put(b"0{\"sid\":\"");
    append.put(sid.as_bytes());
    append.put(if upgrades { b"\",\"upgrades\":[\"websocket\"]" } else { b"\",\"upgrades\":[]" });
    append.put(b",\"pingInterval\":");
    append.put_number(limits.ping_interval);
    append.put(b",\"pingTimeout\":");
    append.put_number(limits.ping_timeout);
    append.put(b",\"maxPayload\":");
    append.put_number(limits.max_payload);
    append.put(b"}");
    Ok(append.finish()?)
}
