//! Strings of JSON, with their escapes (RFC 8259 §7).

/// What a backslash in a string begins.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Escape {
    /// A character, written in `len` bytes.
    Char { char: char, len: usize },
    /// More bytes are needed.
    Unfinished,
    /// Nothing that JSON knows.
    Invalid,
}

impl Escape {
    /// The most bytes that an escape takes: those of a surrogate pair.
    pub(crate) const MAX_LEN: usize = 12;

    /// Reads the escape at the start of `text`, whose first byte is a backslash.
    ///
    /// Half of a surrogate pair is U+FFFD, because no `str` can hold it. It is known as such only from what
    /// follows it.
    pub(crate) fn parse(text: &[u8]) -> Self {
        let char = match text.get(1) {
            None => return Self::Unfinished,
            Some(b'u') => return Self::parse_hex(text),
            Some(&byte @ (b'"' | b'\\' | b'/')) => char::from(byte),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{C}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(_) => return Self::Invalid,
        };
        Self::Char { char, len: 2 }
    }

    fn parse_hex(text: &[u8]) -> Self {
        let unit = match four_digits(text) {
            Ok(unit) => unit,
            Err(error) => return error,
        };
        if let Some(char) = char::from_u32(unit) {
            return Self::Char { char, len: 6 };
        }
        let alone = Self::Char { char: char::REPLACEMENT_CHARACTER, len: 6 };
        let rest = text.get(6..).unwrap_or_default();
        if unit >= 0xDC00 || !matches!(rest, [] | [b'\\'] | [b'\\', b'u', ..]) {
            return alone;
        }
        match four_digits(rest) {
            Ok(low @ 0xDC00..=0xDFFF) => {
                let code = 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
                let char = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
                Self::Char { char, len: 12 }
            }
            Err(Self::Unfinished) => Self::Unfinished,
            // What follows is no second half of a pair: it is read by itself, next.
            _ => alone,
        }
    }
}

/// The four digits after `\u`, or why there is none.
fn four_digits(text: &[u8]) -> Result<u32, Escape> {
    let digits = text.get(2..).unwrap_or_default();
    let mut value = 0;
    for at in 0..4 {
        let digit = digits.get(at).ok_or(Escape::Unfinished)?;
        let digit = char::from(*digit).to_digit(16).ok_or(Escape::Invalid)?;
        value = value << 4 | digit;
    }
    Ok(value)
}

/// The escape of one UTF-16 code unit: `\u` and four digits, in lower case.
pub(crate) fn unicode_escape(unit: u16) -> [u8; 6] {
    let digit = |shift: u16| {
        let digit = u32::from(unit >> shift & 0xF);
        char::from_digit(digit, 16).map_or(b'0', |digit| digit as u8)
    };
    [b'\\', b'u', digit(12), digit(8), digit(4), digit(0)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_escape_is_read_as_soon_as_it_is_certain() {
        let char = |char, len| Escape::Char { char, len };
        let replacement = char('\u{FFFD}', 6);
        let cases: &[(&[u8], Escape)] = &[
            (br"\", Escape::Unfinished),
            (br#"\""#, char('"', 2)),
            (br"\\", char('\\', 2)),
            (br"\/", char('/', 2)),
            (br"\b", char('\u{8}', 2)),
            (br"\f", char('\u{C}', 2)),
            (br"\n", char('\n', 2)),
            (br"\r", char('\r', 2)),
            (br"\t", char('\t', 2)),
            (br"\x", Escape::Invalid),
            (br"\U0041", Escape::Invalid),
            (br"\u", Escape::Unfinished),
            (br"\u20a", Escape::Unfinished),
            (br"\u20aC", char('\u{20AC}', 6)),
            (br"\u00g", Escape::Invalid),
            (br"\u+041", Escape::Invalid),
            (br"\ud83d", Escape::Unfinished),
            (br"\ud83d\", Escape::Unfinished),
            (br"\ud83d\u", Escape::Unfinished),
            (br"\ud83d\uD", Escape::Unfinished),
            (br"\ud83d\uDE00", char('\u{1F600}', 12)),
            (br"\uDBFF\uDFFF", char('\u{10FFFF}', 12)),
            (br"\ud83dx", replacement),
            (br"\ud83d\n", replacement),
            (br"\ud83d\ud83d", replacement),
            (br"\ud83d\u00zz", replacement),
            (br"\ude00", replacement),
            (br"\ude00\ud83d", replacement),
        ];
        for (text, expected) in cases {
            assert_eq!(Escape::parse(text), *expected, "{}", text.escape_ascii());
        }
    }

    #[test]
    fn every_code_unit_that_is_written_is_read_again() {
        for unit in 0..=u16::MAX {
            let text = unicode_escape(unit);
            assert_eq!(four_digits(&text), Ok(u32::from(unit)));
        }
        assert_eq!(unicode_escape(0x20AF), *br"\u20af");
    }
}
