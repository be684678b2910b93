//! Escapes in names and values of headers (*Value Encoding*).
//!
//! | byte | 1.2 | 1.1 | 1.0, and the frames that open a connection |
//! |---|---|---|---|
//! | CR | `\r` | itself | itself |
//! | LF | `\n` | `\n` | |
//! | `:` | `\c` | `\c` | itself, in a value |
//! | `\` | `\\` | `\\` | itself |

use memchr::memchr;

use super::Version;

/// Which escapes there are.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Escapes {
    /// None: 1.0, and the frames that open a connection.
    None,
    /// Those of 1.1.
    V1_1,
    /// Those of 1.2.
    V1_2,
}

impl Escapes {
    /// The escapes of a version; none before there is one.
    pub(super) const fn of(version: Option<Version>) -> Self {
        match version {
            None | Some(Version::V1_0) => Self::None,
            Some(Version::V1_1) => Self::V1_1,
            Some(Version::V1_2) => Self::V1_2,
        }
    }

    /// The byte that a backslash before `byte` stands for.
    const fn unescaped(self, byte: u8) -> Option<u8> {
        Some(match byte {
            b'n' => b'\n',
            b'c' => b':',
            b'\\' => b'\\',
            b'r' if matches!(self, Self::V1_2) => b'\r',
            _ => return None,
        })
    }

    /// Replaces the escapes in `text` by what they stand for, in place. Returns how long the text is then.
    ///
    /// `None` if an escape is undefined, or cut off by the end.
    pub(super) fn unescape(self, text: &mut [u8]) -> Option<usize> {
        if let Self::None = self {
            return Some(text.len());
        }
        let Some(first) = memchr(b'\\', text) else { return Some(text.len()) };
        let (mut from, mut to) = (first, first);
        while let Some(&byte) = text.get(from) {
            from += 1;
            let byte = if byte == b'\\' {
                let escape = *text.get(from)?;
                from += 1;
                self.unescaped(escape)?
            } else {
                byte
            };
            *text.get_mut(to)? = byte;
            to += 1;
        }
        Some(to)
    }

    /// Calls `put` with the pieces of `text`, escaped. Returns whether it can be sent.
    ///
    /// Stricter than the standard, a NUL is never sent, since some receivers end the frame there. Stricter than 1.0
    /// and 1.1, a CR is not sent where it has no escape: many receivers take it off the end of a line, or out of
    /// it.
    #[inline]
    pub(super) fn escape(self, text: &str, part: HeaderPart, mut put: impl FnMut(&[u8])) -> bool {
        if is_plain(text) {
            put(text.as_bytes());
            return true;
        }
        self.escape_special(text, part, put)
    }

    #[cold]
    fn escape_special(self, text: &str, part: HeaderPart, mut put: impl FnMut(&[u8])) -> bool {
        let mut rest = text.as_bytes();
        while let Some((at, byte)) = find_special(rest) {
            let escaped: &[u8] = match (byte, self) {
                (b'\n', Self::V1_1 | Self::V1_2) => b"\\n",
                (b':', Self::V1_1 | Self::V1_2) => b"\\c",
                (b'\\', Self::V1_1 | Self::V1_2) => b"\\\\",
                (b'\r', Self::V1_2) => b"\\r",
                (b'\\', Self::None) => b"\\",
                (b':', Self::None) if part == HeaderPart::Value => b":",
                _ => return false,
            };
            put(rest.get(..at).unwrap_or_default());
            put(escaped);
            rest = rest.get(at + 1..).unwrap_or_default();
        }
        put(rest);
        true
    }
}

/// The two parts of a header.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum HeaderPart {
    /// Before the colon.
    Name,
    /// After the colon.
    Value,
}

/// Whether every byte of `text` is sent as it is in every version.
#[inline]
fn is_plain(text: &str) -> bool {
    // No early end, so that many are compared at a time.
    text.bytes().fold(0, |found, byte| found | special(byte)) == 0
}

/// The first byte that is not sent as it is in every version.
fn find_special(text: &[u8]) -> Option<(usize, u8)> {
    text.iter().copied().enumerate().find(|(_, byte)| special(*byte) != 0)
}

/// 1 if some version does not send `byte` as it is.
#[inline]
const fn special(byte: u8) -> u8 {
    let ends_line = (byte == b'\r') as u8 | (byte == b'\n') as u8;
    ends_line | (byte == b':') as u8 | (byte == b'\\') as u8 | (byte == 0) as u8
}
