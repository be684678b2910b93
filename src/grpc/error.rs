//! Errors: the peer's, and the caller's.

use core::fmt;

use super::Code;
use crate::http2::ErrorCode;
use crate::{BufferFull, OverLimit};

/// What the peer did wrong: the rule or the limit that it broke, or how the connection to it was lost.
///
/// It is final. A [`ClientCall`](super::ClientCall) and a [`ServerCall`](super::ServerCall) end with
/// its [`code`](Self::code).
///
/// ```
/// use framewright::grpc::{CallKind, Code, Error, Event, Request, ServerConfig};
///
/// const CONFIG: ServerConfig = ServerConfig::new();
/// let headers = [("content-type", &b"application/grpc"[..])];
/// let request = Request::parse("POST", "/helloworld.Greeter/SayHello", headers)?;
/// let mut call = request.accept(CallKind::Unary, &CONFIG, 0)?;
/// let mut input = &b"\x02\0\0\0\0"[..]; // no flag has the value 2
/// assert_eq!(call.receive(&mut input), Some(Event::End(Code::Internal)));
/// assert_eq!(call.error(), Some(Error::FlagsUnknown(2)));
/// let mut trailers = Vec::new();
/// call.transmit(&mut trailers); // tells the client
/// # Ok::<(), framewright::grpc::Refusal>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
#[non_exhaustive]
pub enum Error {
    /// A prefix has a flag that means nothing here (PROTOCOL-HTTP2, *Compressed-Flag*).
    FlagsUnknown(u8),
    /// A message is compressed although no encoding was negotiated (compression.md, test case 6).
    CompressedUnexpected,
    /// A message is longer than [`Limits::max_message_len`](super::Limits::max_message_len) allows
    /// (statuscodes.md).
    MessageTooLong(OverLimit),
    /// The trailers, or a head in place of a message, are longer than
    /// [`Limits::max_trailers_len`](super::Limits::max_trailers_len) allows (statuscodes.md).
    TrailersTooLong(OverLimit),
    /// The storage has no room for a message, for the trailers, or for a head in place of a message
    /// (statuscodes.md).
    BufferFull(BufferFull),
    /// Something came after the trailers (PROTOCOL-WEB, *Message framing*).
    AfterTrailers,
    /// The trailers came compressed, and the response ended before they were given back decompressed
    /// ([`Event::CompressedTrailers`](super::Event::CompressedTrailers); PROTOCOL-WEB,
    /// *Message framing*).
    TrailersCompressed,
    /// The trailers are not lines of a name, a colon and a value (PROTOCOL-WEB, *Message framing*).
    TrailersMalformed,
    /// What should be base64 is not (RFC 4648 §4; PROTOCOL-WEB, *Text-encoded streams*).
    Base64,
    /// A message over WebSocket begins with neither 0 nor 1, or has more bytes after 1 (the client of
    /// `@improbable-eng/grpc-web`).
    SocketControl(u8),
    /// A message over WebSocket came after the one that says that none will (the client of
    /// `@improbable-eng/grpc-web`).
    SocketHalfClosed,
    /// The stream ended inside a message (PROTOCOL-HTTP2, *Length-Prefixed-Message*).
    Truncated,
    /// A method other than `POST` (PROTOCOL-HTTP2, *Method*).
    Method,
    /// A content type that is not one of gRPC (PROTOCOL-HTTP2, *Content-Type*).
    ContentType,
    /// A response whose messages have another format than the request's (PROTOCOL-HTTP2,
    /// *Content-Type*).
    Subtype,
    /// A path that is not `/service/method` (PROTOCOL-HTTP2, *Path*).
    Path,
    /// A `grpc-timeout` that is not of 1 to 8 digits and a unit (PROTOCOL-HTTP2, *Timeout*).
    Timeout,
    /// A request in an encoding that the server does not support (compression.md).
    EncodingUnsupported,
    /// A message of the response in an encoding that the client did not accept (compression.md).
    EncodingNotAccepted,
    /// Exactly one message was expected, and none came (statuscodes.md, *cardinality violation*).
    MessageMissing,
    /// Exactly one message was expected, and another came (statuscodes.md, *cardinality violation*).
    MessageUnexpected,
    /// The stream ended, or went on, without a head (PROTOCOL-HTTP2, *Responses*).
    HeadMissing,
    /// A second head, or anything else where it cannot be (PROTOCOL-HTTP2, *Outline*).
    OutOfOrder,
    /// The response has a body, but no status after it (PROTOCOL-HTTP2, *Trailers*).
    StatusMissing,
    /// The response has no `grpc-status`, but this HTTP status (http-grpc-status-mapping.md).
    Http(u16),
    /// The stream was reset with this HTTP/2 error code (PROTOCOL-HTTP2, *Errors*).
    Reset(u32),
    /// The connection was lost (PROTOCOL-HTTP2, *Connection failure*).
    Disconnected,
}

impl Error {
    /// The code of the call's status. A server sends it to the client; a client reports it to its caller.
    pub const fn code(&self) -> Code {
        match self {
            Self::MessageTooLong(_) | Self::TrailersTooLong(_) | Self::BufferFull(_) => {
                Code::ResourceExhausted
            }
            Self::Path
            | Self::EncodingUnsupported
            | Self::MessageMissing
            | Self::MessageUnexpected => Code::Unimplemented,
            Self::TrailersMalformed | Self::Method | Self::ContentType | Self::HeadMissing => {
                Code::Unknown
            }
            Self::Http(status) => Code::from_http(*status),
            Self::Reset(error) => Code::of_reset(ErrorCode(*error)),
            Self::Disconnected => Code::Unavailable,
            _ => Code::Internal,
        }
    }

    /// The HTTP status to answer the request with: 200, unless the request does not look like one of
    /// gRPC (PROTOCOL-HTTP2, *Requests*).
    pub(super) const fn http_status(&self) -> u16 {
        match self {
            Self::Method => 405,
            Self::ContentType => 415,
            _ => 200,
        }
    }

    /// The message that goes with [`code`](Self::code): the text, and the number that helps a client to
    /// find the culprit. A server's messages are the same for every client.
    pub(super) const fn message(self) -> ErrorMessage {
        ErrorMessage(self)
    }

    /// The text without numbers.
    pub(super) const fn text(self) -> &'static str {
        match self {
            Self::FlagsUnknown(_) => "unknown flag before a message",
            Self::CompressedUnexpected => "compressed message without an encoding",
            Self::MessageTooLong(_) => "message is too long",
            Self::TrailersTooLong(_) => "trailers are too long",
            Self::BufferFull(_) => "not enough room",
            Self::AfterTrailers => "something came after the trailers",
            Self::TrailersCompressed => "trailers were not decompressed",
            Self::TrailersMalformed => "malformed trailers",
            Self::Base64 => "invalid base64",
            Self::SocketControl(_) => "unknown control byte",
            Self::SocketHalfClosed => "message after the half-close",
            Self::Truncated => "stream ended inside a message",
            Self::Method => "method is not POST",
            Self::ContentType => "unexpected content-type",
            Self::Subtype => "response in another message format",
            Self::Path => "path is not /service/method",
            Self::Timeout => "malformed grpc-timeout",
            Self::EncodingUnsupported => "unsupported grpc-encoding",
            Self::EncodingNotAccepted => "grpc-encoding was not accepted",
            Self::MessageMissing => "no message where one was expected",
            Self::MessageUnexpected => "more than one message where one was expected",
            Self::HeadMissing => "no response head",
            Self::OutOfOrder => "out of order",
            Self::StatusMissing => "no grpc-status after the body",
            Self::Http(_) => "no grpc-status in the response",
            Self::Reset(_) => "stream was reset",
            Self::Disconnected => "connection was lost",
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FlagsUnknown(flags) => write!(f, "unknown flag before a message: {flags:#04X}"),
            Self::MessageTooLong(over) | Self::TrailersTooLong(over) => {
                write!(f, "{}: {over}", self.text())
            }
            Self::BufferFull(full) => write!(f, "{}: {} bytes", self.text(), full.needed),
            Self::SocketControl(byte) => write!(f, "unknown control byte: {byte:#04X}"),
            Self::Http(status) => write!(f, "no grpc-status in the response with status {status}"),
            Self::Reset(error) => write!(f, "stream was reset with error code {error}"),
            _ => f.write_str(self.text()),
        }
    }
}

impl core::error::Error for Error {}

/// What a status says of an [`Error`].
pub(super) struct ErrorMessage(Error);

impl fmt::Display for ErrorMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Error::Http(_) | Error::Reset(_) => self.0.fmt(f),
            error => f.write_str(error.text()),
        }
    }
}

impl From<BufferFull> for Error {
    fn from(full: BufferFull) -> Self {
        Self::BufferFull(full)
    }
}

/// What the caller asked for cannot be sent. Nothing was written and nothing changed.
///
/// ```
/// use framewright::grpc::{SendError, Status, Trailers};
///
/// let reserved = [("grpc-timeout", "1S".into())];
/// let trailers = Trailers::new(Status::OK).metadata(&reserved);
/// assert_eq!(trailers.write(&mut Vec::new()), Err(SendError::MetadataReserved(0)));
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum SendError {
    /// The output has no room for all of it.
    BufferFull(BufferFull),
    /// A message is longer than 2³² − 1 bytes (PROTOCOL-HTTP2, *Message-Length*).
    MessageTooLong,
    /// The payload of a message is incomplete: nothing else may be written inside it.
    MessageUnfinished,
    /// More payload was given than the prefix announced.
    PayloadTooLong,
    /// Exactly one message may be sent, and it was (statuscodes.md, *cardinality violation*).
    MessageUnexpected,
    /// Exactly one message has to be sent, and it was not (statuscodes.md, *cardinality violation*).
    MessageMissing,
    /// A compressed message needs a `grpc-encoding` (compression.md, test case 6).
    EncodingMissing,
    /// The head has to be sent first (PROTOCOL-HTTP2, *Responses*).
    HeadUnsent,
    /// The head was sent already (PROTOCOL-HTTP2, *Responses*).
    HeadSent,
    /// The request was ended by [`ClientCall::half_close`](super::ClientCall::half_close).
    HalfClosed,
    /// The call is over.
    Ended,
    /// A message before this one is not sent yet, because the peer has not opened its windows. Try again after
    /// [`ServerEvent::Writable`](super::ServerEvent::Writable) or
    /// [`ClientEvent::Writable`](super::ClientEvent::Writable).
    Busy,
    /// The call was not just announced, or was accepted or finished already.
    NotAnnounced,
    /// The server allows no further call at once. Try again when one is over.
    TooManyCalls,
    /// The connection takes no further call: it takes a new one (PROTOCOL-HTTP2, *Connection Management*).
    Closing,
    /// The authority is missing, or is not a host, perhaps with a port (PROTOCOL-HTTP2, *Requests*).
    Authority,
    /// The scheme is neither `http` nor `https` (PROTOCOL-HTTP2, *Requests*).
    Scheme,
    /// A prefix cannot be written alone where the payload goes in base64 or in messages of WebSocket.
    PrefixAlone,
    /// An encoding that is not a token (PROTOCOL-HTTP2, *Content-Coding*), or a list of them that is too long.
    Encoding,
    /// A user agent that is not printable ASCII (PROTOCOL-HTTP2, *User-Agent*).
    UserAgent,
    /// The metadata at this index have a name that is not of digits, letters, `_`, `-` and `.`
    /// (PROTOCOL-HTTP2, *Header-Name*). Laxer than the grammar, upper case is accepted up to a length of
    /// 255 bytes, and written in lower case.
    MetadataName(usize),
    /// The metadata at this index have a name that gRPC or HTTP reserves (PROTOCOL-HTTP2,
    /// *Custom-Metadata*).
    MetadataReserved(usize),
    /// The metadata at this index have a value that is not printable ASCII without spaces around
    /// it, or bytes and a name that does not end in `-bin`, or the reverse (PROTOCOL-HTTP2,
    /// *ASCII-Value*, *Binary-Header*).
    MetadataValue(usize),
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BufferFull(full) => return full.fmt(f),
            Self::MessageTooLong => "message is of 2^32 bytes or more",
            Self::MessageUnfinished => "the payload of a message is unfinished",
            Self::PayloadTooLong => "more payload than the prefix announced",
            Self::MessageUnexpected => "a second message where one may be sent",
            Self::MessageMissing => "no message where one has to be sent",
            Self::EncodingMissing => "compressed message without an encoding",
            Self::HeadUnsent => "the head was not sent",
            Self::HeadSent => "the head was already sent",
            Self::HalfClosed => "the request has ended",
            Self::Ended => "the call is over",
            Self::Busy => "a message before this one is not sent yet",
            Self::NotAnnounced => "the call was not just announced",
            Self::TooManyCalls => "the server allows no further call at once",
            Self::Closing => "the connection takes no further call",
            Self::Authority => "invalid authority",
            Self::Scheme => "scheme is neither http nor https",
            Self::PrefixAlone => "this framing wraps the payload",
            Self::Encoding => "invalid name of an encoding",
            Self::UserAgent => "invalid user agent",
            Self::MetadataName(index) => return write!(f, "metadata {index} have an invalid name"),
            Self::MetadataReserved(index) => {
                return write!(f, "metadata {index} have a reserved name");
            }
            Self::MetadataValue(index) => {
                return write!(f, "metadata {index} have an invalid value");
            }
        })
    }
}

impl core::error::Error for SendError {}

impl From<BufferFull> for SendError {
    fn from(full: BufferFull) -> Self {
        Self::BufferFull(full)
    }
}
