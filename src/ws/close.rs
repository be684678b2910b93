use core::{fmt, str};

use super::Error;

/// Why a connection closes (§7.4).
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
    /// The endpoint does not take data of this kind.
    pub const UNSUPPORTED_DATA: Self = Self(1003);
    /// The close frame had no status code. Never sent.
    pub const NO_STATUS: Self = Self(1005);
    /// The stream ended without a close frame. Never sent.
    pub const ABNORMAL: Self = Self(1006);
    /// A message is not what its type says, such as text that is not UTF-8.
    pub const INVALID_DATA: Self = Self(1007);
    /// A message breaks a policy that no other code is for.
    pub const POLICY: Self = Self(1008);
    /// A message is too long.
    pub const TOO_BIG: Self = Self(1009);
    /// The server did not agree to an extension that the client cannot do without.
    pub const EXTENSION_MISSING: Self = Self(1010);
    /// The server met a condition that keeps it from going on.
    pub const INTERNAL_ERROR: Self = Self(1011);
    /// The service restarts.
    pub const SERVICE_RESTART: Self = Self(1012);
    /// The server is overloaded; come back later.
    pub const TRY_AGAIN_LATER: Self = Self(1013);
    /// A gateway got an invalid answer from the server behind it.
    pub const BAD_GATEWAY: Self = Self(1014);
    /// The TLS handshake failed. Never sent.
    pub const TLS_HANDSHAKE: Self = Self(1015);

    /// Whether a close frame may carry this code: one that is registered and not reserved, or one
    /// from 3000 to 4999, which are for libraries and applications (§7.4.2).
    pub const fn is_sendable(self) -> bool {
        matches!(self.0, 1000..=1003 | 1007..=1014 | 3000..=4999)
    }
}

impl fmt::Display for CloseCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
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
    pub const EMPTY: Self = Self { code: CloseCode::NO_STATUS, reason: "" };

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
