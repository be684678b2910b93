//! Finds where values of JSON end, without building them (RFC 8259).

/// How deep arrays and objects may be nested: one bit of a `u128` for each.
const MAX_DEPTH: u32 = u128::BITS;

/// A text of JSON that is read from its beginning.
#[derive(Clone, Copy)]
pub(crate) struct JsonReader<'a> {
    text: &'a str,
    /// How much was read, in bytes.
    at: usize,
}

/// What a value is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum JsonKind {
    Object,
    Array,
    String,
    Number,
    /// `true`, `false` or `null`.
    Literal,
}

impl JsonKind {
    /// What `byte` begins. `None` if no value begins with it.
    pub(crate) const fn of(byte: u8) -> Option<Self> {
        Some(match byte {
            b'{' => Self::Object,
            b'[' => Self::Array,
            b'"' => Self::String,
            b'-' | b'0'..=b'9' => Self::Number,
            b't' | b'f' | b'n' => Self::Literal,
            _ => return None,
        })
    }
}

impl<'a> JsonReader<'a> {
    pub(crate) const fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// The kind of `text`, if all of it is one value.
    pub(crate) fn kind_of(text: &str) -> Option<JsonKind> {
        let mut reader = JsonReader::new(text);
        let (kind, _) = reader.value()?;
        // A byte that is no space stands after the value.
        skip_space(text.as_bytes(), &mut reader.at).is_none().then_some(kind)
    }

    /// The kind of the first value of `text`, if all of it is one array that has a value. No white space may come before it.
    pub(crate) fn kind_of_first(text: &str) -> Option<JsonKind> {
        let bytes = text.as_bytes();
        let mut end = bytes.starts_with(b"[").then(|| end_of_nested(bytes, 0))??;
        let mut first = 1;
        // In an array that is empty, it is a bracket.
        let kind = JsonKind::of(skip_space(bytes, &mut first)?)?;
        skip_space(bytes, &mut end).is_none().then_some(kind)
    }

    /// What was not read.
    pub(crate) fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Reads `byte`, and the white space before it. Returns whether it was there.
    pub(crate) fn take(&mut self, byte: u8) -> bool {
        let is_there = skip_space(self.text.as_bytes(), &mut self.at) == Some(byte);
        self.at += usize::from(is_there);
        is_there
    }

    /// Reads a value, and the white space before it. `None` if there is none, or if it is nested too deep.
    ///
    /// It takes time linear in the length, and neither recursion nor memory.
    pub(crate) fn value(&mut self) -> Option<(JsonKind, &'a str)> {
        let kind = JsonKind::of(skip_space(self.text.as_bytes(), &mut self.at)?)?;
        let (bytes, start) = (self.text.as_bytes(), self.at);
        self.at = match kind {
            JsonKind::Object | JsonKind::Array => end_of_nested(bytes, start)?,
            JsonKind::String => end_of_string(bytes, start + 1)?,
            JsonKind::Number => {
                let sign = usize::from(bytes.get(start) == Some(&b'-'));
                end_of_number(bytes, start + sign)?
            }
            JsonKind::Literal => end_of_literal(bytes, start)?,
        };
        Some((kind, self.text.get(start..self.at)?))
    }

    /// Reads the name of a member and the colon after it. Returns what is between the quotes.
    pub(crate) fn key(&mut self) -> Option<&'a str> {
        let start = end_of_byte(self.text.as_bytes(), self.at, b'"')?;
        let end = end_of_string(self.text.as_bytes(), start)?;
        self.at = end_of_byte(self.text.as_bytes(), end, b':')?;
        self.text.get(start..end - 1)
    }
}

/// Moves `at` past white space. Returns the byte that is there.
#[inline(always)]
fn skip_space(bytes: &[u8], at: &mut usize) -> Option<u8> {
    let byte = *bytes.get(*at)?;
    if byte > b' ' {
        return Some(byte);
    }
    *at = end_of_space(bytes, *at);
    bytes.get(*at).copied()
}

/// What programs send to each other has no white space.
#[cold]
#[inline(never)]
fn end_of_space(bytes: &[u8], mut at: usize) -> usize {
    while let Some(b' ' | b'\t' | b'\n' | b'\r') = bytes.get(at) {
        at += 1;
    }
    at
}

/// What follows `byte`, if that comes next, after white space or at once.
#[inline(always)]
fn end_of_byte(bytes: &[u8], mut at: usize, byte: u8) -> Option<usize> {
    let is_next = bytes.get(at) == Some(&byte) || skip_space(bytes, &mut at) == Some(byte);
    is_next.then_some(at + 1)
}

/// Where the array or object ends whose bracket is at `at`.
///
/// Its time is that of the branches: one for a byte of a short string, and some for whatever stands between two values. So
/// what JavaScript writes is tried first.
fn end_of_nested(bytes: &[u8], mut at: usize) -> Option<usize> {
    let mut nesting = Nesting { depth: 0, objects: 0 };
    loop {
        let byte = skip_space(bytes, &mut at)?;
        if byte == b'"' {
            at = end_of_string(bytes, at + 1)?;
        } else if byte.is_ascii_digit() {
            at = end_of_number(bytes, at)?;
        } else if byte == b'{' {
            at += 1;
            nesting.push(true)?;
            if skip_space(bytes, &mut at)? != b'}' {
                at = end_of_key(bytes, at)?;
                continue;
            }
        } else if byte == b'[' {
            at += 1;
            nesting.push(false)?;
            if skip_space(bytes, &mut at)? != b']' {
                continue;
            }
        } else if byte == b'-' {
            at = end_of_number(bytes, at + 1)?;
        } else {
            at = end_of_literal(bytes, at)?;
        }
        // What follows a value: the ends of those that it is in, and the next one.
        loop {
            let byte = skip_space(bytes, &mut at)?;
            at += 1;
            if byte == b',' {
                if nesting.in_object() {
                    at = end_of_key(bytes, at)?;
                }
                break;
            }
            if byte != if nesting.in_object() { b'}' } else { b']' } {
                return None;
            }
            nesting.pop();
            if nesting.depth == 0 {
                return Some(at);
            }
        }
    }
}

/// Where a member's value may begin, whose name comes next.
#[inline(always)]
fn end_of_key(bytes: &[u8], at: usize) -> Option<usize> {
    let at = end_of_byte(bytes, at, b'"')?;
    end_of_byte(bytes, end_of_string(bytes, at)?, b':')
}

/// Where the string ends whose first byte, after the quote, is at `at`.
///
/// For the first bytes, this is faster than a word. Many strings are short, and names come again and again. A CPU guesses
/// where they end, and reads on. It has to wait for an end that is computed.
#[inline(always)]
fn end_of_string(bytes: &[u8], at: usize) -> Option<usize> {
    let Some(next) = next_chunk::<8>(bytes, at) else { return end_of_long_string(bytes, at) };
    match next.iter().position(|byte| !is_plain(*byte)) {
        Some(len) if next.get(len) == Some(&b'"') => Some(at + len + 1),
        Some(len) => end_of_long_string(bytes, at + len),
        None => end_of_long_string(bytes, at + next.len()),
    }
}

/// Where the string ends, from `at` on.
#[inline(never)]
fn end_of_long_string(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        at = end_of_plain(bytes, at);
        at += match bytes.get(at..)? {
            [b'"', ..] => return Some(at + 1),
            [b'\\', b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't', ..] => 2,
            [b'\\', b'u', a, b, c, d, ..]
                if [a, b, c, d].iter().all(|digit| digit.is_ascii_hexdigit()) =>
            {
                6
            }
            _ => return None,
        };
    }
}

/// Where the first quote, backslash or control byte is, or the end.
#[inline]
fn end_of_plain(bytes: &[u8], mut at: usize) -> usize {
    while let Some(block) = next_chunk(bytes, at) {
        if !is_all_plain(block) {
            break;
        }
        at += block.len();
    }
    while let Some(word) = next_chunk(bytes, at) {
        match special_bytes(u64::from_le_bytes(*word)) {
            0 => at += word.len(),
            found => return at + (found.trailing_zeros() / 8) as usize,
        }
    }
    while bytes.get(at).is_some_and(|byte| is_plain(*byte)) {
        at += 1;
    }
    at
}

/// Whether these are all plain. It looks at every byte, so that a compiler can look at them together.
///
/// With one number that is zero for every other byte, it takes fewer instructions than with three conditions.
#[inline]
fn is_all_plain(block: &[u8; 16]) -> bool {
    let is_other = |byte: u8| (byte ^ b'"').min(byte ^ b'\\').min(byte & !0x1F) == 0;
    !block.iter().fold(false, |found, byte| found | is_other(*byte))
}

#[inline(always)]
fn next_chunk<const N: usize>(bytes: &[u8], at: usize) -> Option<&[u8; N]> {
    bytes.get(at..)?.first_chunk()
}

const ONES: u64 = u64::MAX / 0xFF;
const HIGHS: u64 = ONES << 7;

/// Which bytes stand for themselves in a string.
#[expect(clippy::indexing_slicing, reason = "evaluated when this is compiled")]
static PLAIN: [bool; 256] = {
    let mut plain = [false; 256];
    let mut byte = 0x20;
    while byte < plain.len() {
        plain[byte] = byte != b'"' as usize && byte != b'\\' as usize;
        byte += 1;
    }
    plain
};

fn is_plain(byte: u8) -> bool {
    PLAIN.get(usize::from(byte)) == Some(&true)
}

/// Marks the first byte that is not plain. Marks above it have no meaning, because a subtraction borrows from there.
const fn special_bytes(word: u64) -> u64 {
    let quote = word ^ (ONES * b'"' as u64);
    let backslash = word ^ (ONES * b'\\' as u64);
    ((quote.wrapping_sub(ONES) & !quote)
        | (backslash.wrapping_sub(ONES) & !backslash)
        | (word.wrapping_sub(ONES * 0x20) & !word))
        & HIGHS
}

/// Where the number ends that begins at `at`, after its sign.
#[inline(always)]
fn end_of_number(bytes: &[u8], mut at: usize) -> Option<usize> {
    at = match bytes.get(at)? {
        b'0' => at + 1,
        b'1'..=b'9' => end_of_digits(bytes, at + 1),
        _ => return None,
    };
    match bytes.get(at) {
        Some(b'.' | b'e' | b'E') => end_of_fraction(bytes, at),
        _ => Some(at),
    }
}

/// Where the number ends whose fraction or exponent begins at `at`.
#[inline(never)]
fn end_of_fraction(bytes: &[u8], mut at: usize) -> Option<usize> {
    let digits = |at: usize| Some(end_of_digits(bytes, at)).filter(|end| *end > at);
    if bytes.get(at) == Some(&b'.') {
        at = digits(at + 1)?;
    }
    if let Some(b'e' | b'E') = bytes.get(at) {
        at += 1;
        at += usize::from(matches!(bytes.get(at), Some(b'+' | b'-')));
        at = digits(at)?;
    }
    Some(at)
}

/// Where the first byte is that is no digit, or the end.
#[inline(always)]
fn end_of_digits(bytes: &[u8], mut at: usize) -> usize {
    while let Some(next) = next_chunk::<8>(bytes, at) {
        match next.iter().position(|byte| !byte.is_ascii_digit()) {
            Some(len) => return at + len,
            None => at += next.len(),
        }
    }
    while bytes.get(at).is_some_and(u8::is_ascii_digit) {
        at += 1;
    }
    at
}

fn end_of_literal(bytes: &[u8], at: usize) -> Option<usize> {
    let rest = bytes.get(at..)?;
    let literals: [&[u8]; 3] = [b"true", b"false", b"null"];
    literals.into_iter().find(|literal| rest.starts_with(literal)).map(|literal| at + literal.len())
}

/// Which of the open arrays and objects are objects: the lowest bit is the innermost.
struct Nesting {
    depth: u32,
    objects: u128,
}

impl Nesting {
    fn push(&mut self, object: bool) -> Option<()> {
        if self.depth == MAX_DEPTH {
            return None;
        }
        self.depth += 1;
        self.objects = self.objects << 1 | u128::from(object);
        Some(())
    }

    fn pop(&mut self) {
        self.depth -= 1;
        self.objects >>= 1;
    }

    fn in_object(&self) -> bool {
        self.objects & 1 == 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each byte at each place of a word, and where the words end.
    #[test]
    fn words_are_searched_as_bytes_are() {
        for byte in 0..=u8::MAX {
            for at in 0..40 {
                let mut text = [b'x'; 40];
                text[at] = byte;
                text[39] = b'"';
                let plain = text.iter().position(|byte| !is_plain(*byte));
                assert_eq!(Some(end_of_plain(&text, 0)), plain, "{byte} at {at}");
                let mut number = [b'7'; 40];
                number[at] = byte;
                let digits = number.iter().take_while(|byte| byte.is_ascii_digit()).count();
                let zero = usize::from(number[0] == b'0');
                if byte != b'-' && zero == 0 && !matches!(byte, b'.' | b'e' | b'E') {
                    let end = (digits > 0).then_some(digits);
                    assert_eq!(end_of_number(&number, 0), end, "{byte} at {at}");
                }
            }
        }
        let mut long = [b'x'; 300];
        for at in (0..300).rev() {
            for byte in [b'"', b'\\', 0x1F] {
                long[at] = byte;
                assert_eq!(end_of_plain(&long, 0), at);
            }
        }
    }
}
