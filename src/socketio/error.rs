//! What a peer did wrong, and what a caller cannot send.

use core::fmt;

use crate::{BufferFull, OverLimit, engineio};

/// The rule of the protocol, or the limit, that the peer broke. The connection has to be closed.
///
/// ```
/// use framewright::socketio::{Error, Packet};
///
/// assert_eq!(Packet::parse("9"), Err(Error::PacketType(b'9')));
/// assert_eq!(Packet::parse(r#"2["hello""#), Err(Error::Payload));
/// assert_eq!(Error::Payload.to_string(), "payload is not valid");
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Error {
    /// An empty message: it lacks the type of its packet.
    PacketEmpty,
    /// The first byte is no type of a packet.
    PacketType(u8),
    /// The number of attachments is missing, zero, or not written as it should be.
    AttachmentCount,
    /// More attachments are announced than [`Limits::max_attachments`](super::Limits::max_attachments) allows.
    TooManyAttachments {
        /// How many are allowed.
        limit: u32,
    },
    /// The attachments of a packet are longer together than
    /// [`Limits::max_attachments_len`](super::Limits::max_attachments_len) allows.
    AttachmentsTooLong(OverLimit),
    /// The attachments of a packet took longer than
    /// [`Limits::attachments_within`](super::Limits::attachments_within) allows.
    AttachmentsLate,
    /// A packet came where an attachment was due.
    AttachmentMissing,
    /// An attachment came, and none was due.
    AttachmentUnexpected,
    /// The name of a namespace has a control character.
    Namespace,
    /// The number of an acknowledgement is too large, missing, or where none may be.
    AckId,
    /// The payload is not JSON, or of another shape than the packet's type has.
    Payload,
    /// A packet for a namespace that is not connected.
    NotConnected,
    /// A CONNECT for a namespace that is connected, or about to be.
    AlreadyConnected,
    /// A packet that this peer does not send, or an answer to nothing.
    PacketUnexpected,
    /// More namespaces than [`Limits::max_namespaces`](super::Limits::max_namespaces) allows.
    TooManyNamespaces {
        /// How many are allowed.
        limit: u32,
    },
    /// The name of a namespace is longer than
    /// [`Limits::max_namespace_len`](super::Limits::max_namespace_len) allows.
    NamespaceTooLong(OverLimit),
    /// The storage has no room for the name of a namespace.
    BufferFull(BufferFull),
    /// No namespace was connected within
    /// [`Limits::connect_within`](super::Limits::connect_within).
    ConnectLate,
    /// The server speaks Socket.IO 2: its answer has no `sid`.
    ServerVersion,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PacketEmpty => "packet is empty",
            Self::PacketType(byte) => return write!(f, "packet begins with the byte {byte:#04X}"),
            Self::AttachmentCount => "number of attachments is not valid",
            Self::TooManyAttachments { limit } => {
                return write!(f, "packet has too many attachments: over the limit of {limit}");
            }
            Self::AttachmentsTooLong(over) => return write!(f, "attachments are too long: {over}"),
            Self::AttachmentsLate => "attachments did not come in time",
            Self::AttachmentMissing => "packet instead of an attachment",
            Self::AttachmentUnexpected => "attachment without a packet",
            Self::Namespace => "namespace is not valid",
            Self::AckId => "number of an acknowledgement is not valid",
            Self::Payload => "payload is not valid",
            Self::NotConnected => "namespace is not connected",
            Self::AlreadyConnected => "namespace is connected already",
            Self::PacketUnexpected => "packet is not expected here",
            Self::TooManyNamespaces { limit } => {
                return write!(f, "too many namespaces: over the limit of {limit}");
            }
            Self::NamespaceTooLong(over) => return write!(f, "namespace is too long: {over}"),
            Self::BufferFull(full) => {
                return write!(f, "no room for a namespace: {} bytes", full.needed);
            }
            Self::ConnectLate => "no namespace was connected in time",
            Self::ServerVersion => "server speaks an older version",
        })
    }
}

impl core::error::Error for Error {}

/// The caller asked for something that cannot be sent. Nothing was written, and nothing changed.
///
/// ```
/// use framewright::socketio::{Json, Packet, SendError};
///
/// let mut out = Vec::new();
/// let reserved = Packet::event("/", Json::new(r#"["disconnect"]"#)?);
/// assert_eq!(reserved.write(&mut out), Err(SendError::ReservedName));
/// let nowhere = Packet::event("chat", Json::new(r#"["hello"]"#)?);
/// assert_eq!(nowhere.write(&mut out), Err(SendError::Namespace));
/// assert_eq!(out, b"");
/// # Ok::<(), SendError>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum SendError {
    /// The output, or the storage of the namespaces, has no room.
    BufferFull(BufferFull),
    /// A namespace begins with `/`, and has no comma and no control character.
    Namespace,
    /// The payload is not JSON, or of another shape than the packet's type has.
    Payload,
    /// An event has a name that JavaScript peers keep for themselves: they would close the connection.
    ReservedName,
    /// An acknowledgement needs a number, and only events have one beside it.
    AckId,
    /// Only events and acknowledgements have attachments.
    Attachments,
    /// Attachments of the packet before have to be sent first.
    AttachmentsUnfinished,
    /// All attachments of the packet were sent.
    AttachmentUnexpected,
    /// The namespace is not connected.
    NotConnected,
    /// The namespace is connected, or asked for already.
    AlreadyConnected,
    /// No CONNECT for the namespace waits for an answer.
    NotPending,
    /// Only a client connects, and only a server accepts or refuses.
    Role,
    /// Only events and acknowledgements go through [`Connection::send`](super::Connection::send).
    Kind,
    /// The connection has failed.
    Failed,
    /// The session of Engine.IO does not take it.
    Session(engineio::SendError),
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BufferFull(full) => return full.fmt(f),
            Self::Namespace => "namespace is not valid",
            Self::Payload => "payload is not valid",
            Self::ReservedName => "name of the event is reserved",
            Self::AckId => "number of an acknowledgement is missing, or where none may be",
            Self::Attachments => "this packet cannot have attachments",
            Self::AttachmentsUnfinished => "attachments of the packet before are unfinished",
            Self::AttachmentUnexpected => "the packet has no more attachments",
            Self::NotConnected => "namespace is not connected",
            Self::AlreadyConnected => "namespace is connected, or asked for already",
            Self::NotPending => "namespace waits for no answer",
            Self::Role => "the other end does this",
            Self::Kind => "packet is neither an event nor an acknowledgement",
            Self::Failed => "the connection has failed",
            Self::Session(error) => return error.fmt(f),
        })
    }
}

impl core::error::Error for SendError {}

impl From<BufferFull> for SendError {
    fn from(full: BufferFull) -> Self {
        Self::BufferFull(full)
    }
}

impl From<engineio::SendError> for SendError {
    fn from(error: engineio::SendError) -> Self {
        match error {
            engineio::SendError::BufferFull(full) => Self::BufferFull(full),
            error => Self::Session(error),
        }
    }
}
