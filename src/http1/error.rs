use core::fmt;

/// What the peer did wrong in the head of a message (RFC 9112).
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Error {
    /// A head longer than [`Limits::max_head_len`](super::Limits::max_head_len), or than the
    /// storage holds (RFC 6585 §5).
    HeadTooLong,
    /// More header lines than [`Limits::max_headers`](super::Limits::max_headers) (RFC 6585 §5).
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
    /// A header line whose name is not a token, that has a space before its colon, or that
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
}

impl Error {
    /// The status to answer the request with (RFC 9110 §15).
    pub const fn status(self) -> u16 {
        match self {
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
            Self::ControlByte => "control byte in the head",
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
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

impl core::error::Error for Error {}
