//! Close codes, and the payload of a close frame (§5.5.1, §7.4).

use core::{fmt, str};

use super::Error;

/// Why a connection closes (§7.4). It displays its number and its name.
///
/// ```
/// use framewright::ws::CloseCode;
///
/// assert_eq!(CloseCode::GOING_AWAY.to_string(), "1001 (going away)");
/// assert_eq!(CloseCode(4001).to_string(), "4001"); // an application's own code has no name
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct CloseCode(
    /// The status code.
    pub u16,
);

impl CloseCode {
    /// The purpose of the connection is fulfilled.
    pub const NORMAL: Self = Self(1000);
    /// An endpoint goes away: a server shuts down, a page is left.
    pub const GOING_AWAY: Self = Self(1001);
    /// The peer broke the protocol.
    pub const PROTOCOL_ERROR: Self = Self(1002);
    /// The endpoint does not accept data of this kind.
    pub const UNSUPPORTED_DATA: Self = Self(1003);
    /// The close frame has no status code, and no payload. This number is never sent.
    pub const NO_STATUS: Self = Self(1005);
    /// The stream ended without a close frame. This number is never sent.
    pub const ABNORMAL: Self = Self(1006);
    /// A message is not what its type says: for instance, text that is not UTF-8.
    pub const INVALID_DATA: Self = Self(1007);
    /// A message breaks a policy that has no code of its own.
    pub const POLICY: Self = Self(1008);
    /// A message is too long.
    pub const TOO_BIG: Self = Self(1009);
    /// The server did not agree to an extension that the client needs.
    pub const EXTENSION_MISSING: Self = Self(1010);
    /// The server met a condition that it did not expect.
    pub const INTERNAL_ERROR: Self = Self(1011);
    /// The service restarts.
    pub const SERVICE_RESTART: Self = Self(1012);
    /// The server is overloaded; come back later.
    pub const TRY_AGAIN_LATER: Self = Self(1013);
    /// A gateway got an invalid answer from the server behind it.
    pub const BAD_GATEWAY: Self = Self(1014);
    /// The TLS handshake failed. This number is never sent.
    pub const TLS_HANDSHAKE: Self = Self(1015);

    /// Whether a close frame may carry this code: one that is registered and not reserved, or one
    /// from 3000 to 4999, which are for libraries and applications (§7.4.2).
    ///
    /// Laxer than the standard: 1012 to 1014 were registered after it was written (§11.7).
    pub const fn is_sendable(self) -> bool {
        matches!(self.0, 1000..=1003 | 1007..=1014 | 3000..=4999)
    }

    /// The name in the registry of close codes, unless there is none.
    const fn name(self) -> Option<&'static str> {
        Some(match self {
            Self::NORMAL => "normal closure",
            Self::GOING_AWAY => "going away",
            Self::PROTOCOL_ERROR => "protocol error",
            Self::UNSUPPORTED_DATA => "unsupported data",
            Self::NO_STATUS => "no status received",
            Self::ABNORMAL => "abnormal closure",
            Self::INVALID_DATA => "invalid payload data",
            Self::POLICY => "policy violation",
            Self::TOO_BIG => "message too big",
            Self::EXTENSION_MISSING => "mandatory extension missing",
            Self::INTERNAL_ERROR => "internal error",
            Self::SERVICE_RESTART => "service restart",
            Self::TRY_AGAIN_LATER => "try again later",
            Self::BAD_GATEWAY => "bad gateway",
            Self::TLS_HANDSHAKE => "TLS handshake",
            _ => return None,
        })
    }
}

impl fmt::Display for CloseCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => write!(f, "{} ({name})", self.0),
            None => write!(f, "{}", self.0),
        }
    }
}

/// The payload of a close frame (§5.5.1).
///
/// ```
/// use framewright::ws::{CloseCode, CloseFrame};
///
/// let close = CloseFrame::parse(b"\x03\xE8bye")?;
/// assert_eq!(close, CloseFrame { code: CloseCode::NORMAL, reason: "bye" });
/// assert_eq!(CloseFrame::parse(b"")?.code, CloseCode::NO_STATUS);
/// # Ok::<(), framewright::ws::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct CloseFrame<'a> {
    /// The status code; [`CloseCode::NO_STATUS`] if there is none.
    pub code: CloseCode,
    /// The reason, at most 123 bytes. It is for an engineer to read, not for a user.
    pub reason: &'a str,
}

impl<'a> CloseFrame<'a> {
    /// A close frame without a payload.
    pub(crate) const EMPTY: Self = Self { code: CloseCode::NO_STATUS, reason: "" };

    /// Parses the whole payload of a close frame.
    pub fn parse(payload: &'a [u8]) -> Result<Self, Error> {
        let Some((code, reason)) = payload.split_first_chunk::<2>() else {
            return if payload.is_empty() { Ok(Self::EMPTY) } else { Err(Error::CloseTooShort) };
        };
        let code = CloseCode(u16::from_be_bytes(*code));
        if !code.is_sendable() {
            return Err(Error::CloseCodeInvalid(code));
        }
        let reason = str::from_utf8(reason).map_err(|_| Error::CloseReasonInvalid)?;
        Ok(Self { code, reason })
    }
}
