//! The name of a function in the client's page.

use core::fmt;

use crate::inline::Inline;

/// The name of the function that a page wants to be called: the parameter `c` or `callback` of a request
/// (*HtmlFile*, *JsonpPolling*).
///
/// It has 1 to 32 of the characters `a-z A-Z 0-9 - _ .`, so it cannot be code of its own in the script that it is
/// written to.
///
/// ```
/// use framewright::sockjs::{Callback, CallbackError};
///
/// assert_eq!(Callback::parse("/a/b/jsonp?c=_jp.a1")?.as_str(), "_jp.a1");
/// assert_eq!(Callback::parse("/a/b/jsonp?c=alert(1)"), Err(CallbackError::Invalid));
/// # Ok::<(), CallbackError>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Callback(Inline<{ Callback::MAX_LEN }>);

/// A request without a usable callback.
///
/// ```
/// use framewright::sockjs::{Callback, CallbackError, Reply};
///
/// let error = Callback::parse("/echo/0/abc/jsonp?c=alert(1)").unwrap_err();
/// assert_eq!(error, CallbackError::Invalid);
/// let reply = Reply::callback_refused(error);
/// assert_eq!((reply.status(), reply.body()), (500, &b"invalid \"callback\" parameter"[..]));
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum CallbackError {
    /// There is none.
    Missing,
    /// It is too long, or has other characters.
    Invalid,
}

impl Callback {
    /// The most bytes in a name.
    pub const MAX_LEN: usize = 32;

    /// Parses the parameter `c` or `callback` in the query of a request's target.
    pub fn parse(target: &str) -> Result<Self, CallbackError> {
        let query = target.split_once('?').map_or("", |(_, query)| query);
        let query = query.split('#').next().unwrap_or_default();
        let value = query.split('&').find_map(|pair| {
            let (name, value) = pair.split_once('=')?;
            matches!(name, "c" | "callback").then_some(value)
        });
        match value {
            None | Some("") => Err(CallbackError::Missing),
            Some(value) => Self::decode(value.as_bytes()).ok_or(CallbackError::Invalid),
        }
    }

    fn decode(value: &[u8]) -> Option<Self> {
        let mut name = Inline::EMPTY;
        let mut rest = value;
        while let Some((&byte, after)) = rest.split_first() {
            rest = after;
            let byte = if byte == b'%' {
                let (digits, after) = rest.split_first_chunk::<2>()?;
                rest = after;
                percent_decoded(*digits)?
            } else {
                byte
            };
            let is_allowed = byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
            if !is_allowed || !name.push(byte) {
                return None;
            }
        }
        Some(Self(name))
    }

    /// The name.
    pub const fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl CallbackError {
    /// The body of the answer, whose status is 500.
    pub const fn body(self) -> &'static str {
        match self {
            Self::Missing => "\"callback\" parameter required",
            Self::Invalid => "invalid \"callback\" parameter",
        }
    }
}

impl fmt::Display for CallbackError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Missing => "callback is missing",
            Self::Invalid => "callback is no name of at most 32 bytes",
        })
    }
}

impl core::error::Error for CallbackError {}

/// The byte that two digits after a `%` stand for.
pub(super) fn percent_decoded([high, low]: [u8; 2]) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    Some(digit(high)? << 4 | digit(low)?)
}
