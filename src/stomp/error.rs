//! What a peer did wrong, and what a caller cannot send.

use core::fmt;

use super::Command;
use crate::{BufferFull, OverLimit};

/// The rule of the protocol, or the limit, that the peer broke.
///
/// It is final: nothing more is read. A server tells its client with an `ERROR` frame, which a
/// [`Connection`](super::Connection) writes by itself, and closes (*ERROR*).
///
/// ```
/// use framewright::stomp::{Decoder, Error, Inbox, Limits, Version};
///
/// let mut decoder = Decoder::new(Limits::new()).version(Version::V1_2);
/// let mut input = &b"SEND\ndestination\n\n\0"[..];
/// let error = decoder.decode(&mut input, &mut Inbox::new(Vec::new())).unwrap_err();
/// assert_eq!(error, Error::ColonMissing);
/// assert_eq!(error.to_string(), "header without a colon");
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Error {
    /// The first line of a frame is no command.
    UnknownCommand,
    /// A line of a head has no colon (*Augmented BNF*).
    ColonMissing,
    /// The name of a header is empty (*Augmented BNF*).
    NameEmpty,
    /// A backslash is followed by a byte that makes no escape, or by nothing (*Value Encoding*).
    EscapeUndefined,
    /// A line of 1.2 has a CR that no LF follows (*Augmented BNF*).
    LoneCarriageReturn,
    /// A head has a NUL. Stricter than the standard, whose grammar allows one in a header: it is nearly
    /// always the end of a frame that lacks its empty line.
    NulInHead,
    /// A header is not UTF-8 (*STOMP Frames*).
    InvalidUtf8,
    /// `content-length` is not a number of bytes (*Header content-length*).
    ContentLengthInvalid,
    /// No NUL follows a body of announced length (*Header content-length*).
    NulMissing,
    /// A NUL came between two frames (*Augmented BNF*).
    NulBetweenFrames,
    /// A header line is longer than [`Limits::max_line_len`](super::Limits::max_line_len). The length is
    /// the limit and one more byte.
    LineTooLong(OverLimit),
    /// A frame has more headers than [`Limits::max_headers`](super::Limits::max_headers) allows.
    TooManyHeaders {
        /// How many are allowed.
        limit: u32,
    },
    /// A head is longer than [`Limits::max_head_len`](super::Limits::max_head_len). The length is the limit
    /// and one more byte.
    HeadTooLong(OverLimit),
    /// A body is longer than [`Limits::max_body_len`](super::Limits::max_body_len). The length is the
    /// announced one, or else the limit and one more byte.
    BodyTooLong(OverLimit),
    /// The frame found no room in the [`Inbox`](super::Inbox).
    BufferFull(BufferFull),
    /// The beginning of the frame is not in the [`Inbox`](super::Inbox): it was given up, or put in another
    /// inbox. This is the caller's fault, not the peer's.
    BeginningMissing,
    /// A client's first frame is neither `CONNECT` nor `STOMP`, or a frame follows before it was accepted
    /// (*Connecting*).
    ConnectMissing,
    /// A client connects a second time (*Connecting*).
    ConnectRepeated,
    /// A server's first frame is neither `CONNECTED` nor `ERROR`, or a `CONNECTED` comes again
    /// (*Connecting*).
    ConnectedUnexpected,
    /// A server's frame came from a client, or a client's frame from a server.
    WrongSide(Command),
    /// The client speaks no version that the server does (*Protocol Negotiation*).
    NoVersionInCommon,
    /// The server chose a version that it was not offered (*Protocol Negotiation*).
    VersionNotOffered,
    /// `heart-beat` is not two numbers with a comma between them (*Heart-beating*).
    HeartBeatInvalid,
    /// `ack` is not the name of an [`AckMode`](super::AckMode) (*SUBSCRIBE ack Header*).
    AckModeInvalid,
    /// A frame lacks a header that its command requires (*Frames and Headers*).
    HeaderMissing(RequiredHeader),
    /// A frame of 1.1 or 1.2 has a body, and its command has none (*Body*).
    BodyNotAllowed(Command),
    /// A `NACK` came in 1.0, which has none.
    NackUndefined,
    /// No byte came for longer than the peer promised in its heart-beats (*Heart-beating*).
    HeartBeatMissing,
    /// The peer did not connect in time.
    ConnectTimedOut,
}

/// A header that a command requires.
///
/// ```
/// use framewright::stomp::{Connection, Error, FrameBuilder, FrameEvent, Inbox, Limits, RequiredHeader};
///
/// let mut server = Connection::server(Limits::new(), 0);
/// let mut inbox = Inbox::new(Vec::new());
/// let mut input = &b"CONNECT\naccept-version:1.2\nhost:a\n\n\0SEND\n\nhello\0"[..];
/// server.receive_frame(&mut input, &mut inbox, 0);
/// server.accept(FrameBuilder::connected(), &mut Vec::new())?;
/// let error = Error::HeaderMissing(RequiredHeader::Destination);
/// assert_eq!(server.receive_frame(&mut input, &mut inbox, 0), Some(FrameEvent::Failed(error)));
/// # Ok::<(), framewright::stomp::SendError>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
#[non_exhaustive]
pub enum RequiredHeader {
    /// `destination`: of `SEND`, `SUBSCRIBE` and `MESSAGE`.
    Destination,
    /// `id`: of `SUBSCRIBE` and `UNSUBSCRIBE` since 1.1, of `ACK` and `NACK` in 1.2.
    Id,
    /// `message-id`: of `MESSAGE`, and of `ACK` and `NACK` before 1.2.
    MessageId,
    /// `subscription`: of `MESSAGE` since 1.1, of `ACK` and `NACK` in 1.1.
    Subscription,
    /// `transaction`: of `BEGIN`, `COMMIT` and `ABORT`.
    Transaction,
    /// `receipt-id`: of `RECEIPT`.
    ReceiptId,
    /// `ack`: of a `MESSAGE` of 1.2 that is to be acknowledged.
    Ack,
}

impl RequiredHeader {
    /// The name of the header.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Destination => "destination",
            Self::Id => "id",
            Self::MessageId => "message-id",
            Self::Subscription => "subscription",
            Self::Transaction => "transaction",
            Self::ReceiptId => "receipt-id",
            Self::Ack => "ack",
        }
    }
}

impl Error {
    /// Length of the longest text, in bytes.
    pub(super) const MAX_TEXT_LEN: usize = 39;

    /// What the `message` of an `ERROR` frame says. It has no numbers, so that a device that never prints
    /// an error needs no code to format them.
    pub(super) const fn text(&self) -> &'static str {
        match self {
            Self::UnknownCommand => "unknown command",
            Self::ColonMissing => "header without a colon",
            Self::NameEmpty => "header without a name",
            Self::EscapeUndefined => "undefined escape in a header",
            Self::LoneCarriageReturn => "carriage return within a line",
            Self::NulInHead => "NUL in a head",
            Self::InvalidUtf8 => "header is not UTF-8",
            Self::ContentLengthInvalid => "content-length is not a number of bytes",
            Self::NulMissing => "no NUL after a body of announced length",
            Self::NulBetweenFrames => "NUL between frames",
            Self::LineTooLong(_) => "header line is too long",
            Self::TooManyHeaders { .. } => "too many headers",
            Self::HeadTooLong(_) => "head is too long",
            Self::BodyTooLong(_) => "body is too long",
            Self::BufferFull(_) => "no room for the frame",
            Self::BeginningMissing => "beginning of a frame was given up",
            Self::ConnectMissing => "not connected",
            Self::ConnectRepeated => "connected already",
            Self::ConnectedUnexpected => "server did not begin with one CONNECTED",
            Self::WrongSide(_) => "frame is the other side's",
            Self::NoVersionInCommon => "no protocol version in common",
            Self::VersionNotOffered => "protocol version was not offered",
            Self::HeartBeatInvalid => "heart-beat is not two numbers",
            Self::AckModeInvalid => "unknown ack mode",
            Self::HeaderMissing(_) => "required header is missing",
            Self::BodyNotAllowed(_) => "frame must not have a body",
            Self::NackUndefined => "NACK does not exist in this version",
            Self::HeartBeatMissing => "heart-beat did not come in time",
            Self::ConnectTimedOut => "connect took too long",
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())?;
        match self {
            Self::LineTooLong(over) | Self::HeadTooLong(over) | Self::BodyTooLong(over) => {
                write!(f, ": {over}")
            }
            Self::TooManyHeaders { limit } => write!(f, ": over the limit of {limit}"),
            Self::BufferFull(full) => write!(f, ": {} bytes", full.needed),
            Self::WrongSide(command) | Self::BodyNotAllowed(command) => write!(f, ": {command}"),
            Self::HeaderMissing(header) => write!(f, ": {}", header.name()),
            _ => Ok(()),
        }
    }
}

impl core::error::Error for Error {}

/// The caller asked for something that cannot be sent. Nothing was written, and nothing changed.
///
/// ```
/// use framewright::stomp::{Connection, FrameBuilder, Limits, SendError};
///
/// let mut client = Connection::client(Limits::new(), 0);
/// let mut out = Vec::new();
/// let early = client.send(FrameBuilder::send("/queue/a").body(b"hello"), &mut out);
/// assert_eq!((early, out.len()), (Err(SendError::NotConnected), 0));
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum SendError {
    /// The output has no room.
    BufferFull(BufferFull),
    /// The connection is not open yet: no `CONNECTED` came or went.
    NotConnected,
    /// The connection was opened before.
    AlreadyConnected,
    /// The connection is closing: nothing may follow a `DISCONNECT` or an `ERROR`.
    Closing,
    /// The body of a frame is unfinished.
    FrameUnfinished,
    /// There is no frame to add a body to, or to end: none was begun.
    FrameMissing,
    /// A body is longer than it was announced.
    BodyTooLong,
    /// A body ended before its announced length.
    BodyTooShort,
    /// A body of unannounced length has a NUL, which would end the frame.
    NulInBody,
    /// The command has no body (*Body*).
    BodyNotAllowed,
    /// The command is the other side's, or has a method of its own: [`connect`](super::Connection::connect),
    /// for instance.
    CommandNotAllowed,
    /// The command, or the kind of acknowledgement, does not exist in the version that was agreed on.
    NotInVersion,
    /// The name of a header is empty, or a name or value has a byte for which the version has no escape.
    /// [`Version::can_carry`](super::Version::can_carry) says so beforehand.
    HeaderInvalid,
    /// The message to acknowledge lacks the header that an acknowledgement refers to.
    HeaderMissing(RequiredHeader),
    /// The receipt of a `DISCONNECT` is longer than
    /// [`MAX_RECEIPT_LEN`](super::Connection::MAX_RECEIPT_LEN).
    ReceiptTooLong,
    /// The message was encoded for another version.
    OtherVersion,
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BufferFull(full) => return full.fmt(f),
            Self::NotConnected => "the connection is not open yet",
            Self::AlreadyConnected => "the connection was opened before",
            Self::Closing => "the connection is closing",
            Self::FrameUnfinished => "the body of a frame is unfinished",
            Self::FrameMissing => "no frame was begun",
            Self::BodyTooLong => "body is longer than it was announced",
            Self::BodyTooShort => "body is shorter than it was announced",
            Self::NulInBody => "body of unannounced length has a NUL",
            Self::BodyNotAllowed => "the command has no body",
            Self::CommandNotAllowed => "the command cannot be sent like this",
            Self::NotInVersion => "the version of the connection has no such frame",
            Self::HeaderInvalid => "header cannot be written in the version of the connection",
            Self::HeaderMissing(header) => return write!(f, "message has no {}", header.name()),
            Self::ReceiptTooLong => "receipt of a DISCONNECT is longer than 64 bytes",
            Self::OtherVersion => "message was encoded for another version",
        })
    }
}

impl core::error::Error for SendError {}

impl From<BufferFull> for SendError {
    fn from(full: BufferFull) -> Self {
        Self::BufferFull(full)
    }
}
