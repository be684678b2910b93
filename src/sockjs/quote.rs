//! Quotes messages, and puts frames into what each transport wraps them in.

use crate::Buffer;
use crate::append::Append;
use crate::json::unicode_escape;

/// What a transport does to the bytes of a frame.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Wrapping {
    /// Nothing.
    Plain,
    /// Escapes `%`, because the client applies `decodeURI` to each event. It would also have to escape what
    /// ends a line, but no frame has that: it is escaped in the JSON.
    EventSource,
    /// Makes the frame the inside of a JavaScript string.
    Script,
    /// The same in an HTML document, where no `<` may end the script.
    HtmlScript,
}

impl Wrapping {
    /// Appends `bytes` of a frame.
    pub(super) fn put<B: Buffer>(self, bytes: &[u8], out: &mut Append<'_, B>) {
        if self == Self::Plain {
            return out.put(bytes);
        }
        let mut rest = bytes;
        while let Some((at, escape)) = rest
            .iter()
            .enumerate()
            .find_map(|(at, &byte)| self.escape(byte).map(|escape| (at, escape)))
        {
            let (run, after) = rest.split_at_checked(at).unwrap_or_default();
            out.put(run);
            out.put(escape);
            rest = after.get(1..).unwrap_or_default();
        }
        out.put(rest);
    }

    const fn escape(self, byte: u8) -> Option<&'static [u8]> {
        Some(match (self, byte) {
            (Self::EventSource, b'%') => b"%25",
            (Self::Script | Self::HtmlScript, b'"') => b"\\\"",
            (Self::Script | Self::HtmlScript, b'\\') => b"\\\\",
            (Self::HtmlScript, b'<') => b"\\u003c",
            _ => return None,
        })
    }
}

/// Calls `put` with the pieces of `text` as a JSON string, quotes included (*JSON Unicode Encoding*).
///
/// Besides what JSON escapes, these are: U+200C–200F, 2028–202F, 2060–206F, FFF0–FFFF. Clients and proxies are
/// known to lose them. Other servers escape all characters above U+FFFF too, and need not.
pub(super) fn quote(text: &str, mut put: impl FnMut(&[u8])) {
    put(b"\"");
    let mut rest = text.as_bytes();
    while let Some((at, len, unit)) = next_escaped(rest) {
        let (run, after) = rest.split_at_checked(at).unwrap_or_default();
        put(run);
        match unit {
            0x22 => put(b"\\\""),
            0x5C => put(b"\\\\"),
            // The suite compares these byte by byte.
            0x08 => put(b"\\b"),
            0x09 => put(b"\\t"),
            0x0A => put(b"\\n"),
            0x0C => put(b"\\f"),
            0x0D => put(b"\\r"),
            _ => put(&unicode_escape(unit)),
        }
        rest = after.get(len..).unwrap_or_default();
    }
    put(rest);
    put(b"\"");
}

/// Where the next character that has to be escaped is, how long it is in UTF-8, and which it is.
fn next_escaped(text: &[u8]) -> Option<(usize, usize, u16)> {
    let mut from = 0;
    loop {
        let rest = text.get(from..)?;
        let may_be = |byte: &u8| matches!(byte, 0..=0x1F | b'"' | b'\\' | 0xE2 | 0xEF);
        let at = from + rest.iter().position(may_be)?;
        let found = match *text.get(at..)? {
            [byte @ (0..=0x1F | b'"' | b'\\'), ..] => Some((1, u16::from(byte))),
            [0xE2, 0x80, last @ (0x8C..=0x8F | 0xA8..=0xAF), ..] => Some((3, unit(0x2000, last))),
            [0xE2, 0x81, last @ 0xA0..=0xAF, ..] => Some((3, unit(0x2040, last))),
            [0xEF, 0xBF, last @ 0xB0..=0xBF, ..] => Some((3, unit(0xFFC0, last))),
            _ => None,
        };
        if let Some((len, unit)) = found {
            return Some((at, len, unit));
        }
        from = at + 1;
    }
}

/// The character of three bytes, by the first that they could begin, and by the last of them.
const fn unit(first: u16, last: u8) -> u16 {
    first | (last & 0x3F) as u16
}
