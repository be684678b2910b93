//! Message encodings, such as `gzip`: which ones a side can decompress.

use core::{fmt, str};

use super::SendError;
use crate::http::syntax::{ascii, list};
use crate::http::{Field, Name};
use crate::inline::Inline;

/// The message encodings that one side can decompress, the preferred ones first (PROTOCOL-HTTP2,
/// *Message-Accept-Encoding*; compression.md).
///
/// The list owns its names, so that it may come from a configuration.
///
/// ```
/// use framewright::grpc::Encodings;
///
/// const OURS: Encodings = Encodings::new(&["zstd", "gzip"]).unwrap();
/// assert_eq!(OURS.as_str(), "zstd,gzip");
///
/// let headers = [("grpc-accept-encoding", &b"identity, deflate,gzip"[..])];
/// assert_eq!(OURS.choose(headers), Some("gzip"));
/// ```
#[derive(Clone, Copy, Eq, PartialEq)]
pub struct Encodings {
    /// With a comma after each but the last.
    names: Inline<{ Self::MAX_LEN }>,
}

impl Encodings {
    const MAX_LEN: usize = 47;
    /// No encoding.
    pub const NONE: Self = Self { names: Inline::EMPTY };
    /// `gzip` alone.
    pub const GZIP: Self = Self::new(&["gzip"]).unwrap();

    /// A list of names. `None` if one is not a token, or if all of them, joined by commas, are longer than 47 bytes.
    pub const fn new(mut names: &[&str]) -> Option<Self> {
        let mut list = Self::NONE;
        while let [name, rest @ ..] = names {
            if !is_coding(name.as_bytes())
                || (!list.names.is_empty() && !list.names.push(b','))
                || !list.names.try_append(name.as_bytes())
            {
                return None;
            }
            names = rest;
        }
        Some(list)
    }

    /// The names as `grpc-accept-encoding` has them, joined by commas; empty if there are none.
    pub const fn as_str(&self) -> &str {
        self.names.as_str()
    }

    /// Whether there are none.
    pub(super) const fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// Yields the names.
    fn iter(&self) -> impl Iterator<Item = &str> {
        self.as_str().split([',']).filter(|name| !name.is_empty())
    }

    /// Chooses what to send with: the first of these that the other side accepts, as the headers of any
    /// HTTP stack say (PROTOCOL-HTTP2, *Message-Accept-Encoding*).
    pub fn choose<'h, H>(&self, headers: H) -> Option<&str>
    where
        H: IntoIterator<Item: Field<'h>>,
    {
        let lists = headers.into_iter().filter_map(|field| {
            let (name, value) = field.parts();
            (Name::of(name) == Some(Name::GrpcAcceptEncoding)).then_some(value)
        });
        let accepted = lists.flat_map(|value| list(value).map(ascii));
        let best = accepted.filter_map(|name| self.index_of(name)).min()?;
        self.get(best)
    }

    pub(super) fn index_of(&self, name: &str) -> Option<u8> {
        let index = self.iter().position(|known| known == name)?;
        u8::try_from(index).ok()
    }

    pub(super) fn get(&self, index: u8) -> Option<&str> {
        self.iter().nth(usize::from(index))
    }
}

/// Whether `name` is a *Content-Coding*: a token.
const fn is_coding(mut name: &[u8]) -> bool {
    if name.is_empty() {
        return false;
    }
    while let [byte, rest @ ..] = name {
        let other = matches!(
            byte,
            b'!' | b'#'
                | b'$'
                | b'%'
                | b'&'
                | b'\''
                | b'*'
                | b'+'
                | b'-'
                | b'.'
                | b'^'
                | b'_'
                | b'`'
                | b'|'
                | b'~'
        );
        if !byte.is_ascii_alphanumeric() && !other {
            return false;
        }
        name = rest;
    }
    true
}

/// As `grpc-accept-encoding` has them.
impl fmt::Display for Encodings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Encodings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl Default for Encodings {
    fn default() -> Self {
        Self::NONE
    }
}

/// Names joined by commas, from a configuration. [`SendError::Encoding`] if one is not a token, or if all of them are
/// longer than 47 bytes.
impl str::FromStr for Encodings {
    type Err = SendError;

    fn from_str(list: &str) -> Result<Self, SendError> {
        let mut names = Self::NONE.names;
        for name in list.split([',']).map(str::trim).filter(|name| !name.is_empty()) {
            let fits = is_coding(name.as_bytes())
                && (names.is_empty() || names.push(b','))
                && names.try_append(name.as_bytes());
            if !fits {
                return Err(SendError::Encoding);
            }
        }
        Ok(Self { names })
    }
}
