//! The value of a field to be written.

use core::fmt;

#[cfg(feature = "alloc")]
use alloc::vec::Vec;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;

/// The value of a field to be written (RFC 9110 §5.5).
///
/// Some values exist in memory only once they are encoded: bytes in base64, a list of names. So this is
/// not a slice. It knows its length, and yields its bytes piece by piece, as often as it is asked.
///
/// A value that should not be learnt from how well it compresses is [`sensitive`](Self::sensitive).
///
/// ```
/// use framewright::http::FieldValue;
///
/// let token = FieldValue::from("Bearer abc").sensitive();
/// assert!(token.is_sensitive());
/// assert_eq!((token.len(), token.to_vec()), (10, b"Bearer abc".to_vec()));
/// ```
#[derive(Clone, Copy)]
pub struct FieldValue<'a> {
    form: Form<'a>,
    is_sensitive: bool,
}

#[derive(Clone, Copy)]
enum Form<'a> {
    Plain(&'a [u8]),
    /// Parts with a separator between them.
    Joined {
        parts: &'a [&'a str],
        separator: &'static str,
    },
    /// In base64 without padding.
    Base64(&'a [u8]),
    /// Percent-encoded, except for visible ASCII and spaces inside.
    Percent {
        /// Written before, as it is.
        prefix: &'static str,
        bytes: &'a [u8],
        keep_percent: bool,
    },
}

impl<'a> FieldValue<'a> {
    #[inline]
    const fn new(form: Form<'a>) -> Self {
        Self { form, is_sensitive: false }
    }

    /// Marks the value as one that no compression context may hold, such as a password (RFC 7541 §7.1.3).
    ///
    /// HTTP/2 writes it as a literal that is never indexed, and so does every intermediary. HTTP/1.1 has
    /// no such mark.
    #[must_use]
    #[inline]
    pub const fn sensitive(mut self) -> Self {
        self.is_sensitive = true;
        self
    }

    /// Whether the value was marked as [`sensitive`](Self::sensitive).
    #[inline]
    pub const fn is_sensitive(&self) -> bool {
        self.is_sensitive
    }

    /// The value in one piece, if it is in memory as it is written.
    #[inline]
    pub(crate) const fn as_plain(&self) -> Option<&'a [u8]> {
        match self.form {
            Form::Plain(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// A value that is written as it is.
    #[inline]
    pub(crate) const fn plain(bytes: &'a [u8]) -> Self {
        Self::new(Form::Plain(bytes))
    }

    /// Parts with a separator between them.
    pub(crate) const fn joined(parts: &'a [&'a str], separator: &'static str) -> Self {
        Self::new(Form::Joined { parts, separator })
    }

    /// Bytes to be written in base64, without padding.
    pub(crate) const fn base64(bytes: &'a [u8]) -> Self {
        Self::new(Form::Base64(bytes))
    }

    /// Text to be written percent-encoded. Spaces at either end are encoded too, because HTTP does
    /// not keep them.
    pub(crate) const fn percent_encoded(text: &'a str) -> Self {
        Self::percent_encoded_after("", text)
    }

    /// Text of our own, then text to be written percent-encoded.
    pub(crate) const fn percent_encoded_after(prefix: &'static str, text: &'a str) -> Self {
        Self::new(Form::Percent { prefix, bytes: text.as_bytes(), keep_percent: false })
    }

    /// Text that is percent-encoded already. Only what no such text may have is encoded: other bytes, and
    /// a `%` that begins no escape.
    pub(crate) const fn percent_repaired(bytes: &'a [u8]) -> Self {
        Self::percent_repaired_after("", bytes)
    }

    /// Text of our own, then text that is percent-encoded already.
    pub(crate) const fn percent_repaired_after(prefix: &'static str, bytes: &'a [u8]) -> Self {
        Self::new(Form::Percent { prefix, bytes, keep_percent: true })
    }

    /// Length in bytes, as it is written.
    #[inline]
    pub fn len(&self) -> usize {
        self.as_plain().map_or_else(|| self.encoded_len(), <[u8]>::len)
    }

    fn encoded_len(&self) -> usize {
        match self.form {
            Form::Plain(bytes) => bytes.len(),
            Form::Base64(bytes) => base64::encoded_len(bytes.len(), false).unwrap_or(usize::MAX),
            Form::Joined { .. } | Form::Percent { .. } => {
                let mut len: usize = 0;
                self.for_each_piece(|piece| len = len.saturating_add(piece.len()));
                len
            }
        }
    }

    /// Whether the value is empty.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Calls `put` with every piece of the value, in order. The pieces may be cut anywhere.
    pub fn for_each_piece(&self, mut put: impl FnMut(&[u8])) {
        if let Form::Base64(bytes) = self.form {
            for piece in bytes.chunks(48) {
                let mut symbols = [0; 64];
                let len = STANDARD_NO_PAD.encode_slice(piece, &mut symbols).unwrap_or_default();
                put(symbols.get(..len).unwrap_or_default());
            }
        }
        self.for_each_text(put);
    }

    /// Calls `put` with every piece of the value that is not of base64, whose symbols are all right in a field.
    pub(crate) fn for_each_text(&self, mut put: impl FnMut(&[u8])) {
        match self.form {
            Form::Base64(_) => {}
            Form::Plain(bytes) => put(bytes),
            Form::Joined { parts, separator } => {
                for (index, part) in parts.iter().enumerate() {
                    if index > 0 {
                        put(separator.as_bytes());
                    }
                    put(part.as_bytes());
                }
            }
            Form::Percent { prefix, bytes, keep_percent } => {
                put(prefix.as_bytes());
                percent_encode(bytes, keep_percent, put);
            }
        }
    }

    /// The value in its own memory, as the collections of HTTP stacks take it.
    #[cfg(feature = "alloc")]
    pub fn to_vec(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.len());
        self.for_each_piece(|piece| bytes.extend_from_slice(piece));
        bytes
    }
}

/// Whether two hexadecimal digits follow a `%`.
const fn is_escape(after: &[u8]) -> bool {
    matches!(after, [high, low, ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit())
}

fn percent_encode(bytes: &[u8], keep_percent: bool, mut put: impl FnMut(&[u8])) {
    let last = bytes.len().saturating_sub(1);
    let mut from = 0;
    for (at, &byte) in bytes.iter().enumerate() {
        let plain = match byte {
            b'%' => keep_percent && is_escape(bytes.get(at + 1..).unwrap_or_default()),
            b' ' => at != 0 && at != last,
            b'!'..=b'~' => true,
            _ => false,
        };
        if !plain {
            let digit = |nibble: u8| b"0123456789ABCDEF".get(usize::from(nibble)).copied();
            let [high, low] =
                [byte >> 4, byte & 0xF].map(|nibble| digit(nibble).unwrap_or_default());
            put(bytes.get(from..at).unwrap_or_default());
            put(&[b'%', high, low]);
            from = at + 1;
        }
    }
    put(bytes.get(from..).unwrap_or_default());
}

impl<'a> From<&'a [u8]> for FieldValue<'a> {
    #[inline]
    fn from(bytes: &'a [u8]) -> Self {
        Self::plain(bytes)
    }
}

impl<'a> From<&'a str> for FieldValue<'a> {
    #[inline]
    fn from(text: &'a str) -> Self {
        Self::plain(text.as_bytes())
    }
}

impl fmt::Debug for FieldValue<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut written = f.write_str("\"");
        self.for_each_piece(|piece| {
            written = written.and_then(|()| write!(f, "{}", piece.escape_ascii()));
        });
        written?;
        f.write_str("\"")
    }
}

#[cfg(test)]
#[cfg(feature = "alloc")]
mod tests {
    use std::format;
    use std::string::String;

    use super::*;

    fn text(value: FieldValue<'_>) -> String {
        let bytes = value.to_vec();
        assert_eq!(value.len(), bytes.len());
        assert_eq!(format!("{value:?}"), format!("\"{}\"", bytes.escape_ascii()));
        String::from_utf8(bytes).expect("it is text")
    }

    #[test]
    fn a_mark_stays_with_its_value() {
        let value = FieldValue::from("secret");
        assert!(!value.is_sensitive());
        let value = value.sensitive();
        assert!(value.is_sensitive());
        assert_eq!(text(value), "secret");
        assert_eq!(value.as_plain(), Some(&b"secret"[..]));
        assert_eq!(FieldValue::base64(b"secret").as_plain(), None);
    }

    #[test]
    fn every_form_knows_its_length() {
        assert_eq!(text("".into()), "");
        assert_eq!(text("text".into()), "text");
        assert_eq!(text(FieldValue::joined(&[], ", ")), "");
        assert_eq!(text(FieldValue::joined(&["a"], ", ")), "a");
        assert_eq!(text(FieldValue::joined(&["a", "b", "c"], ", ")), "a, b, c");
        assert_eq!(text(FieldValue::base64(b"")), "");
        assert_eq!(text(FieldValue::base64(&[0xAB, 0xCD])), "q80");
        assert_eq!(text(FieldValue::base64(&[0; 49])), "A".repeat(66));
        assert_eq!(
            text(FieldValue::percent_encoded(" a b\n100% \u{e9} ")),
            "%20a b%0A100%25 %C3%A9%20"
        );
        assert_eq!(text(FieldValue::percent_repaired(b" %C3\xE9\r")), "%20%C3%E9%0D");
        assert_eq!(text(FieldValue::percent_repaired_after("is: ", b"%a\t%aF")), "is: %25a%09%aF");
    }
}
