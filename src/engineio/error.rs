//! What a peer did wrong, and what a caller cannot send.

use core::fmt;

use crate::ws::CloseCode;
use crate::{BufferFull, OverLimit};

/// The rule of the protocol, or the limit, that the peer broke. It ends the session.
///
/// ```
/// use framewright::engineio::{Error, Packet};
/// use framewright::ws::{CloseCode, Message};
///
/// let error = Packet::parse(Message::Text("hello")).unwrap_err();
/// assert_eq!(error, Error::PacketType(b'h'));
/// assert_eq!(error.close_code(), CloseCode::PROTOCOL_ERROR);
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Error {
    /// A packet without the digit of its kind: the body is empty, or has a separator too many.
    PacketEmpty,
    /// A packet begins with a byte that is not the digit of a kind.
    PacketType(u8),
    /// A packet that this peer does not send, or not at this time.
    PacketUnexpected,
    /// A binary message is not base64 with its padding.
    Base64,
    /// Text is not UTF-8.
    InvalidUtf8,
    /// A body is longer than [`Limits::max_payload`](super::Limits::max_payload) allows.
    PayloadTooLong(OverLimit),
    /// A message over WebSocket is longer than
    /// [`Limits::max_message_len`](super::Limits::max_message_len) allows.
    MessageTooLong(OverLimit),
    /// The content type of a POST is `application/octet-stream`: a binary body, which only protocol 3 had.
    ContentType,
    /// A GET came while another was held, or a POST while another was read.
    RequestsOverlap,
    /// The open packet is not the JSON object that it has to be, or longer than
    /// [`Handshake::MAX_LEN`](super::Handshake::MAX_LEN), or its `sid` than
    /// [`Handshake::MAX_SID_LEN`](super::Handshake::MAX_SID_LEN).
    Handshake,
    /// The server answered a request with this status, which is not 200.
    Status(u16),
    /// The storage has no room to join the open packet.
    BufferFull(BufferFull),
}

impl Error {
    /// The code of the WebSocket close frame that says so.
    pub const fn close_code(&self) -> CloseCode {
        match self {
            Self::InvalidUtf8 => CloseCode::INVALID_DATA,
            Self::PayloadTooLong(_) | Self::MessageTooLong(_) => CloseCode::TOO_BIG,
            _ => CloseCode::PROTOCOL_ERROR,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PacketEmpty => "packet is empty",
            Self::PacketType(byte) => return write!(f, "packet begins with the byte {byte:#04X}"),
            Self::PacketUnexpected => "packet is not expected here",
            Self::Base64 => "binary message is not base64",
            Self::InvalidUtf8 => "text is not UTF-8",
            Self::PayloadTooLong(over) => return write!(f, "body is too long: {over}"),
            Self::MessageTooLong(over) => return write!(f, "message is too long: {over}"),
            Self::ContentType => "body is not text",
            Self::RequestsOverlap => "two requests at the same time",
            Self::Handshake => "open packet is not valid",
            Self::Status(status) => return write!(f, "request was answered with {status}"),
            Self::BufferFull(full) => {
                return write!(f, "no room for the open packet: {} bytes", full.needed);
            }
        })
    }
}

impl core::error::Error for Error {}

/// The caller asked for something that cannot be sent. Nothing was written, and nothing changed.
///
/// ```
/// use framewright::engineio::{Limits, SendError, Sent, Session, Transport};
///
/// let limits = Limits::new().max_backlog(200);
/// let mut session = Session::new("u6Xw2", Transport::Polling, false, limits, Vec::new(), 0)?;
/// let mut out = Vec::new(); // for messages over WebSocket: none, while the client polls
/// assert_eq!(session.send("a message", &mut out)?, Sent::Queued);
/// assert_eq!(session.send("a\u{1E}b", &mut out), Err(SendError::Separator));
/// assert!(matches!(session.send(&*"x".repeat(200), &mut out), Err(SendError::BacklogFull(_))));
/// # Ok::<(), SendError>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum SendError {
    /// The output, or the storage for the next request, has no room for it.
    BufferFull(BufferFull),
    /// What waits for the next request would be longer than
    /// [`Limits::max_backlog`](super::Limits::max_backlog) allows.
    BacklogFull(OverLimit),
    /// The message is longer than the body of a POST may be: see [`Handshake::max_payload`](super::Handshake::max_payload).
    PayloadTooLong(OverLimit),
    /// Text contains U+001E, which separates packets in a poll.
    Separator,
    /// A session identifier needs at least one byte, and only letters, digits, `-`, `_` and `.`.
    SidInvalid,
    /// The session is closing, or over.
    Closed,
    /// The client has not received the open packet.
    NotOpen,
    /// The session cannot move to WebSocket: it is there or on its way, or the server does not offer it.
    UpgradeUnexpected,
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BufferFull(full) => return full.fmt(f),
            Self::BacklogFull(over) => return write!(f, "too much waits for a request: {over}"),
            Self::PayloadTooLong(over) => return write!(f, "message is too long: {over}"),
            Self::Separator => "text contains U+001E, which separates packets",
            Self::SidInvalid => "session identifier has a character that it must not have",
            Self::Closed => "the session is closed",
            Self::NotOpen => "the session is not open",
            Self::UpgradeUnexpected => "the session cannot move to WebSocket",
        })
    }
}

impl core::error::Error for SendError {}

impl From<BufferFull> for SendError {
    fn from(full: BufferFull) -> Self {
        Self::BufferFull(full)
    }
}
