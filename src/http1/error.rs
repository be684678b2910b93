use core::fmt;

/// What the peer did wrong in a message (RFC 9112).
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Error {
    /// A head, or trailers, longer than [`Limits::max_head_len`](super::Limits::max_head_len); or a
    /// head longer than the storage holds (RFC 6585 §5).
    HeadTooLong,
    /// More header or trailer lines than [`Limits::max_headers`](super::Limits::max_headers)
    /// (RFC 6585 §5).
    TooManyHeaders,
    /// A line that ends in LF alone (§2.2).
    BareLf,
    /// A CR that no LF follows (§2.2).
    BareCr,
    /// A control byte other than HTAB, NUL among them (RFC 9110 §5.5).
    ControlByte,
    /// A request line that is not a method, a target in ASCII and a version with one space
    /// between them (§3).
    RequestLine,
    /// A status line that is not a version, three digits and a reason with one space between
    /// them (§4).
    StatusLine,
    /// A version other than HTTP/1.0 and HTTP/1.1 (RFC 9110 §15.6.6).
    Version,
    /// A header or trailer line whose name is not a token, that has a space before its colon, or that
    /// continues the line before it (§5.1, §5.2).
    Header,
    /// A request of HTTP/1.1 without a `Host` (§3.2).
    MissingHost,
    /// More than one `Host` (§3.2).
    RepeatedHost,
    /// A `Host` that is not a host with an optional port (§3.2).
    BadHost,
    /// More than one `Content-Length`, or one that is not a decimal number of 64 bits (§6.3).
    ContentLength,
    /// A `Transfer-Encoding` other than `chunked` alone (§6.1).
    TransferEncoding,
    /// Both `Content-Length` and `Transfer-Encoding`, or the latter in HTTP/1.0 (§6.1).
    AmbiguousLength,
    /// A body longer than [`Limits::max_body_len`](super::Limits::max_body_len) (RFC 9110 §15.5.14).
    BodyTooLong,
    /// A chunk size that is not 1 to 16 hexadecimal digits and nothing else, or not less than 2⁶³
    /// (§7.1).
    ChunkSize,
    /// An extension whose line ends in a quoted string (§7.1.1).
    ChunkExtension,
    /// Chunk extensions longer than
    /// [`Limits::max_chunk_extensions_len`](super::Limits::max_chunk_extensions_len) (§7.1.1).
    ChunkExtensionsTooLong,
    /// The data of a chunk, with anything but CRLF behind it (§7.1).
    ChunkEnd,
}

impl Error {
    /// The status to answer the request with (RFC 9110 §15).
    pub const fn status(self) -> u16 {
        match self {
            Self::BodyTooLong => 413,
            Self::HeadTooLong | Self::TooManyHeaders => 431,
            Self::TransferEncoding => 501,
            Self::Version => 505,
            _ => 400,
        }
    }

    pub(crate) const fn text(self) -> &'static str {
        match self {
            Self::HeadTooLong => "head is too long",
            Self::TooManyHeaders => "too many headers",
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
            Self::BodyTooLong => "body is too long",
            Self::ChunkSize => "invalid chunk size",
            Self::ChunkExtension => "chunk extension with an open quoted string",
            Self::ChunkExtensionsTooLong => "chunk extensions are too long",
            Self::ChunkEnd => "no CRLF behind the data of a chunk",
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

impl core::error::Error for Error {}
