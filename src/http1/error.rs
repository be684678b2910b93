//! What a peer did wrong in a message, and what the caller cannot send.

use core::fmt;

use crate::http::FieldError;
use crate::{BufferFull, OverLimit};

/// What the peer did wrong in a message (RFC 9112).
///
/// ```
/// use framewright::http1::{Error, HeadReader, Limits};
///
/// let mut reader = HeadReader::new(Vec::new(), Limits::new());
/// let mut bytes = *b"GET / HTTP/1.1\r\n\r\n";
/// let error = reader.read_request(&mut &mut bytes[..]).unwrap_err();
/// assert_eq!((error, error.status()), (Error::MissingHost, 400));
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Error {
    /// A head, or trailers, longer than [`Limits::max_head_len`](super::Limits::max_head_len)
    /// (RFC 6585 §5).
    HeadTooLong {
        /// The limit, in bytes.
        limit: usize,
    },
    /// A request line longer than [`Limits::max_head_len`](super::Limits::max_head_len) (§3;
    /// RFC 9110 §15.5.15).
    RequestLineTooLong {
        /// The limit, in bytes.
        limit: usize,
    },
    /// The storage has no room for a head or for trailers (RFC 6585 §5).
    BufferFull(BufferFull),
    /// More header or trailer lines than [`Limits::max_headers`](super::Limits::max_headers)
    /// (RFC 6585 §5).
    TooManyHeaders {
        /// The limit.
        limit: usize,
    },
    /// The first bytes are of TLS (RFC 8446 §5.1): a client of HTTPS came to a port without TLS, or a
    /// server of HTTPS answers a client without TLS. No answer can be read there: close the transport.
    Tls,
    /// The request is how a connection of HTTP/2 begins (RFC 9113 §3.4). No answer can be read there:
    /// close the transport.
    Http2,
    /// A line that ends in LF alone, except in the head of a response (§2.2).
    BareLf,
    /// A CR that no LF follows (§2.2).
    BareCr,
    /// A control byte other than HTAB, NUL among them (RFC 9110 §5.5).
    ControlByte,
    /// A request line that is not a method, a target in ASCII and a version with one space
    /// between them (§3).
    RequestLine,
    /// A status line that is not a version, three digits and perhaps a reason with blanks between
    /// them (§4).
    StatusLine,
    /// A version whose first digit is not 1 (RFC 9110 §15.6.6).
    Version,
    /// A header or trailer line whose name is not a token. Except in the head of a response, also one
    /// with a space before its colon, or one that continues the line before it (§5.1, §5.2).
    Header,
    /// A request of HTTP/1.1 without a `Host` (§3.2).
    MissingHost,
    /// More than one `Host` (§3.2).
    RepeatedHost,
    /// A `Host`, or the host in a target, that is not a host with an optional port (§3.2).
    BadHost,
    /// A `Content-Length` that is not a decimal number of 64 bits, or several lengths: in a response,
    /// several that differ (§6.3).
    ContentLength,
    /// A `Transfer-Encoding` with other encodings than `chunked` (§6.1).
    TransferEncoding,
    /// A `Transfer-Encoding` with `chunked` before another encoding. In a request also one with `chunked`
    /// twice or without it, in HTTP/1.0, or beside a `Content-Length` (§6.1, §6.3).
    AmbiguousLength,
    /// A body longer than [`Limits::max_body_len`](super::Limits::max_body_len) (RFC 9110 §15.5.14).
    ///
    /// The length is the one announced, or that of all chunks so far with the next one.
    BodyTooLong(OverLimit),
    /// A chunk size that is not hexadecimal digits, perhaps with blanks after them, or not less than 2⁶³
    /// (§7.1).
    ChunkSize,
    /// An extension whose line ends in a quoted string (§7.1.1).
    ChunkExtension,
    /// Chunk extensions, blanks and zeros around sizes that are together longer than
    /// [`Limits::max_chunk_extensions_len`](super::Limits::max_chunk_extensions_len) (§7.1.1).
    ChunkExtensionsTooLong {
        /// The limit, in bytes.
        limit: u64,
    },
    /// The data of a chunk, with anything but CRLF after it (§7.1).
    ChunkEnd,
}

impl Error {
    /// The status to answer the request with (RFC 9110 §15).
    pub const fn status(self) -> u16 {
        match self {
            Self::BodyTooLong(_) => 413,
            Self::RequestLineTooLong { .. } => 414,
            Self::HeadTooLong { .. } | Self::BufferFull(_) | Self::TooManyHeaders { .. } => 431,
            Self::TransferEncoding => 501,
            Self::Version | Self::Http2 => 505,
            _ => 400,
        }
    }

    pub(crate) const fn text(self) -> &'static str {
        match self {
            Self::HeadTooLong { .. } => "head is too long",
            Self::RequestLineTooLong { .. } => "request line is too long",
            Self::BufferFull(_) => "no room for the head",
            Self::TooManyHeaders { .. } => "too many headers",
            Self::Tls => "TLS where HTTP without it was expected",
            Self::Http2 => "HTTP/2 where HTTP/1.1 was expected",
            Self::BareLf => "line ends in LF alone",
            Self::BareCr => "CR without LF",
            Self::ControlByte => "control byte in a line",
            Self::RequestLine => "invalid request line",
            Self::StatusLine => "invalid status line",
            Self::Version => "unsupported version of HTTP",
            Self::Header => "invalid header line",
            Self::MissingHost => "no Host header",
            Self::RepeatedHost => "more than one Host header",
            Self::BadHost => "invalid Host header",
            Self::ContentLength => "invalid or repeated Content-Length",
            Self::TransferEncoding => "unsupported Transfer-Encoding",
            Self::AmbiguousLength => "ambiguous length of the body",
            Self::BodyTooLong(_) => "body is too long",
            Self::ChunkSize => "invalid chunk size",
            Self::ChunkExtension => "chunk extension with an open quoted string",
            Self::ChunkExtensionsTooLong { .. } => "chunk extensions are too long",
            Self::ChunkEnd => "no CRLF after the data of a chunk",
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())?;
        match self {
            Self::BufferFull(full) => write!(f, ": {} bytes", full.needed),
            Self::HeadTooLong { limit } | Self::RequestLineTooLong { limit } => {
                write!(f, ": over the limit of {limit} bytes")
            }
            Self::TooManyHeaders { limit } => write!(f, ": over the limit of {limit}"),
            Self::BodyTooLong(over) => write!(f, ": {over}"),
            Self::ChunkExtensionsTooLong { limit } => {
                write!(f, ": over the limit of {limit} bytes")
            }
            _ => Ok(()),
        }
    }
}

impl core::error::Error for Error {}

impl From<BufferFull> for Error {
    fn from(full: BufferFull) -> Self {
        Self::BufferFull(full)
    }
}

/// What the caller asked to write and cannot be written. Nothing was written, and nothing changed.
///
/// ```
/// use framewright::http1::{ResponseWriter, SendError};
///
/// let mut out = Vec::new();
/// let response = ResponseWriter::new(200).headers(&[("X-Fine", "1"), ("X-Bad", "1\r\nX-Other: 2")]);
/// assert_eq!(response.write(&mut out), Err(SendError::HeaderValue(1)));
/// assert!(out.is_empty());
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum SendError {
    /// The buffer has no room.
    BufferFull(BufferFull),
    /// A status that is not from 100 to 599 (RFC 9110 §15), or not one that is allowed here.
    Status,
    /// A method that is not a token (RFC 9110 §9.1).
    Method,
    /// A target that is not a path or a URL without a fragment, in visible ASCII; except `*` with
    /// `OPTIONS`, and a host with a port with `CONNECT` (§3.2).
    Target,
    /// A host that is not a host with an optional port (§3.2).
    Host,
    /// A body where the status allows none (RFC 9110 §15), or the body of a request until close (§6.3).
    Body,
    /// More of a body than was announced, or any after its end.
    BodyTooLong,
    /// Less of a body than was announced.
    BodyTooShort,
    /// Trailers of a body that is not in chunks, or after its end (§7.1.2).
    Trailers,
    /// The header of this index has a name that is not a token (RFC 9110 §5.1).
    HeaderName(usize),
    /// The header of this index has a value with a control byte other than HTAB (RFC 9110 §5.5).
    HeaderValue(usize),
    /// The header of this index has a name that the writer sets by itself.
    ReservedHeader(usize),
}

impl From<BufferFull> for SendError {
    fn from(full: BufferFull) -> Self {
        Self::BufferFull(full)
    }
}

impl From<FieldError> for SendError {
    fn from(error: FieldError) -> Self {
        match error {
            FieldError::Name(index) => Self::HeaderName(index),
            FieldError::Value(index) => Self::HeaderValue(index),
            FieldError::Reserved(index) => Self::ReservedHeader(index),
        }
    }
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BufferFull(full) => full.fmt(f),
            Self::Status => f.write_str("invalid status"),
            Self::Method => f.write_str("invalid method"),
            Self::Target => f.write_str("invalid request target"),
            Self::Host => f.write_str("invalid host"),
            Self::Body => f.write_str("no such body is allowed here"),
            Self::BodyTooLong => f.write_str("more of the body than was announced"),
            Self::BodyTooShort => f.write_str("less of the body than was announced"),
            Self::Trailers => f.write_str("no trailers are possible here"),
            Self::HeaderName(index) => write!(f, "header {index} has an invalid name"),
            Self::HeaderValue(index) => write!(f, "header {index} has an invalid value"),
            Self::ReservedHeader(index) => write!(f, "header {index} has a reserved name"),
        }
    }
}

impl core::error::Error for SendError {}
