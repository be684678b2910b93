//! One packet, less its attachments (*Format*).
//!
//! ```text
//! <type>[<number of attachments>-][<namespace>,][<number of the acknowledgement>][<JSON>]
//! ```

use core::fmt;
use core::iter;

use super::{Error, Json, SendError};
use crate::Buffer;
use crate::append::Append;
use crate::debug::Payload;
use crate::json::Escape;
use crate::json_value::{JsonKind, JsonReader};

/// The type of a packet (*Packet encoding*).
///
/// Events and acknowledgements with attachments have types of their own on the wire:
/// [`Packet::attachments`] tells them apart.
///
/// [`Packet`] has an example.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum Kind {
    /// A client asks for a namespace, or the server grants it.
    Connect,
    /// Either end leaves a namespace.
    Disconnect,
    /// An event.
    Event,
    /// The answer to an event.
    Ack,
    /// The server refuses a namespace.
    ConnectError,
}

impl Kind {
    /// Whether such a packet carries such JSON.
    fn carries(self, json: Option<Json<'_>>) -> bool {
        let json = json.map(Json::kind);
        match self {
            Self::Connect => matches!(json, None | Some(Some(JsonKind::Object))),
            Self::Disconnect => json.is_none(),
            Self::Event | Self::Ack => json == Some(Some(JsonKind::Array)),
            Self::ConnectError => {
                matches!(json, Some(Some(JsonKind::Object | JsonKind::String)))
            }
        }
    }
}

/// A packet, less its attachments.
///
/// ```
/// use framewright::socketio::{Kind, Packet};
///
/// let packet = Packet::parse(r#"2/chat,12["say","hi",7]"#)?;
/// assert_eq!((packet.kind, packet.namespace, packet.id), (Kind::Event, "/chat", Some(12)));
/// assert_eq!((packet.event_name(), packet.arguments()), (Some("say"), r#""hi",7"#));
///
/// let mut out = Vec::new();
/// Packet { namespace: "/log", id: None, ..packet }.write(&mut out)?; // passed on
/// assert_eq!(out, br#"2/log,["say","hi",7]"#);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Eq, PartialEq)]
pub struct Packet<'a> {
    /// What it is.
    pub kind: Kind,
    /// The namespace: `/` if the packet names none.
    pub namespace: &'a str,
    /// The number of the acknowledgement that an event asks for, or that this is.
    pub id: Option<u64>,
    /// How many binary messages follow. The JSON has a placeholder for each:
    /// `{"_placeholder":true,"num":0}`.
    pub attachments: u32,
    /// The payload: an array for events, which begins with the name, and for acknowledgements. An object
    /// or nothing to connect, an object or a string to refuse, nothing to disconnect.
    pub json: Option<Json<'a>>,
}

impl<'a> Packet<'a> {
    /// An event of `namespace`. `json` is an array that begins with the event's name.
    pub const fn event(namespace: &'a str, json: Json<'a>) -> Self {
        Self { kind: Kind::Event, namespace, id: None, attachments: 0, json: Some(json) }
    }

    /// The acknowledgement of the event with the number `id`. `json` is an array.
    pub const fn ack(namespace: &'a str, id: u64, json: Json<'a>) -> Self {
        Self { kind: Kind::Ack, namespace, id: Some(id), attachments: 0, json: Some(json) }
    }

    /// Asks for an acknowledgement with the number `id`.
    #[must_use]
    pub const fn id(mut self, id: u64) -> Self {
        self.id = Some(id);
        self
    }

    /// Sets how many binary messages follow.
    #[must_use]
    pub const fn attachments(mut self, count: u32) -> Self {
        self.attachments = count;
        self
    }

    /// Parses the text of a message.
    ///
    /// Stricter than Node, which takes an empty message for a CONNECT, a space for the number 0, numbers of
    /// attachments with fractions and signs, events without a name, acknowledgements without a number, and namespaces
    /// with control characters, which we could not answer.
    /// Laxer in that it takes events with reserved names, and does not look for placeholders in the JSON: one may name an
    /// attachment that does not come.
    pub fn parse(text: &'a str) -> Result<Self, Error> {
        let digit = *text.as_bytes().first().ok_or(Error::PacketEmpty)?;
        let (kind, binary) = match digit {
            b'0' => (Kind::Connect, false),
            b'1' => (Kind::Disconnect, false),
            b'2' => (Kind::Event, false),
            b'3' => (Kind::Ack, false),
            b'4' => (Kind::ConnectError, false),
            b'5' => (Kind::Event, true),
            b'6' => (Kind::Ack, true),
            other => return Err(Error::PacketType(other)),
        };
        let mut rest = text.get(1..).unwrap_or_default();
        let attachments = if binary { parse_count(&mut rest)? } else { 0 };
        let namespace = if rest.starts_with('/') {
            let (namespace, after) = split_at_byte(rest, b',').unwrap_or((rest, ""));
            if namespace.bytes().any(|byte| byte.is_ascii_control()) {
                return Err(Error::Namespace);
            }
            rest = after;
            namespace
        } else {
            "/"
        };
        let id = parse_id(&mut rest)?;
        let packet = Self { kind, namespace, id, attachments, json: None };
        if !packet.check_id() {
            return Err(Error::AckId);
        }
        let json = match (kind, rest) {
            (_, "") => None,
            (Kind::Event, _) => Some(Json::event(rest).ok_or(Error::Payload)?),
            _ => Some(Json::check(rest).ok_or(Error::Payload)?),
        };
        if kind.carries(json) { Ok(Self { json, ..packet }) } else { Err(Error::Payload) }
    }

    /// Appends the packet, as the text of one message. Its attachments follow as messages of their own.
    ///
    /// A packet for many connections can be written once, and its text sent to each where the namespace
    /// [is connected](super::Connection::is_connected).
    ///
    /// # Errors
    ///
    /// The packet is one that a peer would refuse. Nothing was written.
    pub fn write(&self, out: &mut impl Buffer) -> Result<(), SendError> {
        self.write_after(None, out)
    }

    /// Appends the byte that comes `before` the packet, and the packet, or nothing.
    #[inline]
    pub(super) fn write_after(
        &self,
        before: Option<u8>,
        out: &mut impl Buffer,
    ) -> Result<(), SendError> {
        self.check()?;
        let digit = match (self.kind, self.attachments) {
            (Kind::Connect, _) => b'0',
            (Kind::Disconnect, _) => b'1',
            (Kind::Event, 0) => b'2',
            (Kind::Ack, 0) => b'3',
            (Kind::ConnectError, _) => b'4',
            (Kind::Event, _) => b'5',
            (Kind::Ack, _) => b'6',
        };
        let json = self.json.map_or("", Json::as_str);
        if self.attachments == 0 && self.id.is_none() && self.namespace == "/" {
            let written = match before {
                None => out.try_append_both(&[digit], json.as_bytes()),
                Some(before) => out.try_append_both(&[before, digit], json.as_bytes()),
            };
            return Ok(written?);
        }
        let mut append = Append::new(out);
        append.put(before.as_slice());
        append.put(&[digit]);
        if self.attachments > 0 {
            append.put_number(self.attachments.into());
            append.put(b"-");
        }
        if self.namespace != "/" {
            append.put(self.namespace.as_bytes());
            append.put(b",");
        }
        if let Some(id) = self.id {
            append.put_number(id);
        }
        append.put(json.as_bytes());
        Ok(append.finish()?)
    }

    /// The name of the event, as it stands between its quotes: escapes are not resolved. A name that is
    /// a number is returned as its digits. `None` if this is no event.
    pub fn event_name(&self) -> Option<&'a str> {
        let (_, name) = self.first_element()?;
        Some(without_quotes(name))
    }

    /// The arguments of the event after its name, or of the acknowledgement: JSON values with commas
    /// between them.
    pub fn arguments(&self) -> &'a str {
        let Some(mut reader) = self.array() else { return "" };
        if self.kind == Kind::Event {
            reader.value();
            reader.take(b',');
        }
        let rest = reader.rest().trim_end();
        rest.strip_suffix(']').unwrap_or(rest).trim()
    }

    /// The first element of an event's array.
    fn first_element(&self) -> Option<(JsonKind, &'a str)> {
        if self.kind == Kind::Event { self.array()?.value() } else { None }
    }

    /// What is in the array of an event or an acknowledgement.
    fn array(&self) -> Option<JsonReader<'a>> {
        let mut reader = JsonReader::new(self.json?.as_str());
        (matches!(self.kind, Kind::Event | Kind::Ack) && reader.take(b'[')).then_some(reader)
    }

    /// Whether there is a number exactly where one may be.
    const fn check_id(&self) -> bool {
        match self.kind {
            Kind::Event => true,
            Kind::Ack => self.id.is_some(),
            _ => self.id.is_none(),
        }
    }

    fn check(&self) -> Result<(), SendError> {
        let bad = |byte: u8| byte == b',' || byte.is_ascii_control();
        let rest = self.namespace.strip_prefix('/');
        if rest.is_none_or(|rest| rest.bytes().any(bad)) {
            return Err(SendError::Namespace);
        }
        if !self.check_id() {
            return Err(SendError::AckId);
        }
        if self.attachments > 0 && !matches!(self.kind, Kind::Event | Kind::Ack) {
            return Err(SendError::Attachments);
        }
        if !self.kind.carries(self.json) {
            return Err(SendError::Payload);
        }
        if self.kind != Kind::Event {
            return Ok(());
        }
        match self.first_element() {
            Some((JsonKind::String, name)) if is_reserved(without_quotes(name)) => {
                Err(SendError::ReservedName)
            }
            Some((JsonKind::String | JsonKind::Number, _)) => Ok(()),
            _ => Err(SendError::Payload),
        }
    }
}

/// What is between the quotes of a string, or a value that has none.
fn without_quotes(value: &str) -> &str {
    value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(value)
}

/// Names of events that a JavaScript peer emits to itself.
const RESERVED: [&str; 6] =
    ["connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"];

/// Whether the name of an event is reserved, as it stands between its quotes: the peer resolves its escapes first.
fn is_reserved(name: &str) -> bool {
    // Most names begin otherwise.
    if !matches!(name.as_bytes().first(), Some(b'c' | b'd' | b'n' | b'r' | b'\\')) {
        return false;
    }
    if !name.bytes().any(|byte| byte == b'\\') {
        return RESERVED.contains(&name);
    }
    RESERVED.iter().any(|reserved| code_points(name).eq(reserved.bytes().map(u32::from)))
}

/// The characters of a string in JSON whose escapes are resolved. Those beyond ASCII are bytes, unless escaped.
fn code_points(string: &str) -> impl Iterator<Item = u32> {
    let mut rest = string.as_bytes();
    iter::from_fn(move || {
        let (&first, after) = rest.split_first()?;
        if first != b'\\' {
            rest = after;
            return Some(first.into());
        }
        let Escape::Char { char, len } = Escape::parse(rest) else { return None };
        rest = rest.get(len..)?;
        Some(char.into())
    })
}

/// Splits text at the first such byte, which is of ASCII. Unlike in [`str::split_once`], the compiler sees that this
/// cannot panic.
fn split_at_byte(text: &str, byte: u8) -> Option<(&str, &str)> {
    let at = text.bytes().position(|other| other == byte)?;
    let (before, rest) = text.split_at_checked(at)?;
    Some((before, rest.get(1..)?))
}

/// Reads the number of attachments, and the dash after it.
fn parse_count(rest: &mut &str) -> Result<u32, Error> {
    let (digits, after) = split_at_byte(rest, b'-').ok_or(Error::AttachmentCount)?;
    let valid = !digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit());
    *rest = after;
    digits.parse().ok().filter(|_| valid).ok_or(Error::AttachmentCount)
}

fn parse_id(rest: &mut &str) -> Result<Option<u64>, Error> {
    let end = rest.bytes().position(|byte| !byte.is_ascii_digit()).unwrap_or(rest.len());
    let (digits, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
    *rest = after;
    if digits.is_empty() {
        return Ok(None);
    }
    digits.parse().map(Some).map_err(|_| Error::AckId)
}

impl fmt::Debug for Packet<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Packet")
            .field("kind", &self.kind)
            .field("namespace", &Payload(self.namespace.as_bytes()))
            .field("id", &self.id)
            .field("attachments", &self.attachments)
            .field("json", &self.json)
            .finish()
    }
}
