//! Error codes: why a stream is reset or a connection ends (§7).

use core::fmt;

/// Why a stream is reset or a connection ends (§7). It displays its number and its name.
///
/// Codes that nobody has registered are data, not errors: an endpoint may take them for
/// [`INTERNAL_ERROR`](Self::INTERNAL_ERROR).
///
/// ```
/// use framewright::http2::ErrorCode;
///
/// assert_eq!(ErrorCode::CANCEL.to_string(), "8 (cancel)");
/// assert_eq!(ErrorCode(0xFF).to_string(), "255"); // not registered, so it has no name
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct ErrorCode(
    /// The number on the wire.
    pub u32,
);

impl ErrorCode {
    /// Nothing is wrong: a graceful shutdown, or a request whose rest is not needed.
    pub const NO_ERROR: Self = Self(0x0);
    /// The peer broke the protocol, and no other code says it better.
    pub const PROTOCOL_ERROR: Self = Self(0x1);
    /// The endpoint met an error of its own.
    pub const INTERNAL_ERROR: Self = Self(0x2);
    /// The peer sent more than flow control allows.
    pub const FLOW_CONTROL_ERROR: Self = Self(0x3);
    /// The peer did not acknowledge the settings in time.
    pub const SETTINGS_TIMEOUT: Self = Self(0x4);
    /// A frame came on a stream that its sender had closed.
    pub const STREAM_CLOSED: Self = Self(0x5);
    /// A frame has a length that its type does not allow.
    pub const FRAME_SIZE_ERROR: Self = Self(0x6);
    /// The stream was refused before any of it was processed: it can be sent again.
    pub const REFUSED_STREAM: Self = Self(0x7);
    /// The stream is not needed any more.
    pub const CANCEL: Self = Self(0x8);
    /// A field block cannot be decompressed, so the tables of both ends differ.
    pub const COMPRESSION_ERROR: Self = Self(0x9);
    /// The connection that a CONNECT asked for was reset or closed abnormally.
    pub const CONNECT_ERROR: Self = Self(0xA);
    /// The peer behaves in a way that may make too much work.
    pub const ENHANCE_YOUR_CALM: Self = Self(0xB);
    /// The transport is not as safe as the endpoint requires.
    pub const INADEQUATE_SECURITY: Self = Self(0xC);
    /// The endpoint requires HTTP/1.1.
    pub const HTTP_1_1_REQUIRED: Self = Self(0xD);

    /// The name in the registry of error codes, unless there is none.
    const fn name(self) -> Option<&'static str> {
        Some(match self {
            Self::NO_ERROR => "no error",
            Self::PROTOCOL_ERROR => "protocol error",
            Self::INTERNAL_ERROR => "internal error",
            Self::FLOW_CONTROL_ERROR => "flow control error",
            Self::SETTINGS_TIMEOUT => "settings timeout",
            Self::STREAM_CLOSED => "stream closed",
            Self::FRAME_SIZE_ERROR => "frame size error",
            Self::REFUSED_STREAM => "refused stream",
            Self::CANCEL => "cancel",
            Self::COMPRESSION_ERROR => "compression error",
            Self::CONNECT_ERROR => "connect error",
            Self::ENHANCE_YOUR_CALM => "enhance your calm",
            Self::INADEQUATE_SECURITY => "inadequate security",
            Self::HTTP_1_1_REQUIRED => "HTTP/1.1 required",
            _ => return None,
        })
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => write!(f, "{} ({name})", self.0),
            None => write!(f, "{}", self.0),
        }
    }
}
