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

    /// The first value of `text`, if all of it is one array that has a value.
    ///
    /// It reads all of it once.
    pub(crate) fn first_of_array(text: &'a str) -> Option<(JsonKind, &'a str)> {
        let mut reader = Self::new(text);
        let first = reader.take(b'[').then(|| reader.value())??;
        let mut end = end_of_values(text.as_bytes(), reader.at, Nesting::ARRAY, Place::AfterValue)?;
        skip_space(text.as_bytes(), &mut end).is_none().then_some(first)
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
            JsonKind::String => end_of_string(bytes, start)?,
            _ => end_of_value(bytes, start)?,
        };
        Some((kind, self.text.get(start..self.at)?))
    }

    /// Reads the name of a member and the colon after it. Returns what is between the quotes.
    pub(crate) fn key(&mut self) -> Option<&'a str> {
        skip_space(self.text.as_bytes(), &mut self.at);
        let start = self.at + 1;
        let mut end = end_of_string(self.text.as_bytes(), self.at)?;
        let key = self.text.get(start..end - 1)?;
        let colon = skip_space(self.text.as_bytes(), &mut end);
        self.at = end + 1;
        (colon == Some(b':')).then_some(key)
    }
}

/// Moves `at` past white space. Returns the byte that is there.
#[inline]
fn skip_space(bytes: &[u8], at: &mut usize) -> Option<u8> {
    loop {
        let byte = *bytes.get(*at)?;
        if byte > b' ' || !matches!(byte, b' ' | b'\t' | b'\n' | b'\r') {
            return Some(byte);
        }
        *at += 1;
    }
}

/// Where the value ends that begins at `at`.
fn end_of_value(bytes: &[u8], at: usize) -> Option<usize> {
    end_of_values(bytes, at, Nesting::NONE, Place::BeforeValue)
}

/// A place within JSON.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Place {
    BeforeValue,
    AfterValue,
}

/// Where the outermost value ends. `nesting` is what is open at `at`.
#[inline(always)]
fn end_of_values(
    bytes: &[u8],
    mut at: usize,
    mut nesting: Nesting,
    mut place: Place,
) -> Option<usize> {
    loop {
        at = match skip_space(bytes, &mut at)? {
            _ if place == Place::AfterValue => at,
            b'"' => end_of_string(bytes, at)?,
            b'-' | b'0'..=b'9' => end_of_number(bytes, at)?,
            open @ (b'{' | b'[') => {
                let is_object = open == b'{';
                at += 1;
                // An empty one needs a level, too.
                nesting.push(is_object)?;
                match skip_space(bytes, &mut at)? {
                    b'}' | b']' => at, // it is looked at below
                    _ => {
                        if is_object {
                            at = end_of_key(bytes, at)?;
                        }
                        continue;
                    }
                }
            }
            _ => end_of_literal(bytes, at)?,
        };
        place = Place::BeforeValue;
        // What follows a value: the ends of those that it is in, and the next one.
        loop {
            if nesting.depth == 0 {
                return Some(at);
            }
            let byte = skip_space(bytes, &mut at)?;
            at += 1;
            match byte {
                b',' => {
                    if nesting.in_object() {
                        skip_space(bytes, &mut at)?;
                        at = end_of_key(bytes, at)?;
                    }
                    break;
                }
                b'}' if nesting.in_object() => nesting.pop(),
                b']' if !nesting.in_object() => nesting.pop(),
                _ => return None,
            }
        }
    }
}

/// Where a member's value may begin, whose name is at `at`.
fn end_of_key(bytes: &[u8], at: usize) -> Option<usize> {
    let mut at = end_of_string(bytes, at)?;
    (skip_space(bytes, &mut at)? == b':').then_some(at + 1)
}

/// Where the string ends whose quote is at `at`.
fn end_of_string(bytes: &[u8], at: usize) -> Option<usize> {
    if *bytes.get(at)? != b'"' {
        return None;
    }
    let mut at = at + 1;
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
fn end_of_plain(bytes: &[u8], at: usize) -> usize {
    let mut at = match end_among::<8>(bytes, at, is_plain) {
        Ok(end) => return end,
        Err(after) => after,
    };
    while let Some(block) = next_chunk(bytes, at) {
        if !is_all_plain(block) {
            break;
        }
        at += block.len();
    }
    loop {
        match end_in_word(bytes, at, special_bytes, is_plain) {
            Ok(end) => return end,
            Err(after) => at = after,
        }
    }
}

/// Whether these are all plain. It looks at every byte, so that a compiler can look at them together.
#[inline]
fn is_all_plain(block: &[u8; 16]) -> bool {
    let is_special = |byte: u8| byte < 0x20 || byte == b'"' || byte == b'\\';
    !block.iter().fold(false, |found, byte| found | is_special(*byte))
}

#[inline]
fn next_chunk<const N: usize>(bytes: &[u8], at: usize) -> Option<&[u8; N]> {
    bytes.get(at..)?.first_chunk()
}

/// Where the first byte is that `is_wanted` refuses, if it is among the next `N` bytes. Otherwise where to go on.
///
/// For the first bytes of a run, this is faster than a word. Many runs are short, and names come again and again. A CPU
/// guesses where they end, and reads on. It has to wait for an end that is computed.
#[inline(always)]
fn end_among<const N: usize>(
    bytes: &[u8],
    at: usize,
    is_wanted: impl Fn(u8) -> bool,
) -> Result<usize, usize> {
    let next = next_chunk::<N>(bytes, at).ok_or(at)?;
    match next.iter().position(|byte| !is_wanted(*byte)) {
        Some(len) => Ok(at + len),
        None => Err(at + N),
    }
}

/// Where the first byte is that `is_wanted` refuses, or the end, if one of them is among the next eight bytes. Otherwise where
/// those end. `others` finds such bytes in a word: its lowest bit that is set belongs to the first of them.
#[inline]
fn end_in_word(
    bytes: &[u8],
    at: usize,
    others: impl Fn(u64) -> u64,
    is_wanted: impl Fn(u8) -> bool,
) -> Result<usize, usize> {
    let Some(word) = next_chunk(bytes, at) else {
        let rest = bytes.get(at..).unwrap_or_default();
        return Ok(at + rest.iter().take_while(|byte| is_wanted(**byte)).count());
    };
    match others(u64::from_le_bytes(*word)) {
        0 => Err(at + 8),
        found => Ok(at + (found.trailing_zeros() / 8) as usize),
    }
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

/// Marks each byte that is no digit.
const fn bytes_but_digits(word: u64) -> u64 {
    let value = word ^ (ONES * b'0' as u64);
    (((value & !HIGHS) + ONES * (0x80 - 10)) | value) & HIGHS
}

fn end_of_number(bytes: &[u8], mut at: usize) -> Option<usize> {
    let digits = |start: usize| {
        let mut at = match end_among::<4>(bytes, start, |byte| byte.is_ascii_digit()) {
            Ok(end) => return (end > start).then_some(end),
            Err(after) => after,
        };
        loop {
            match end_in_word(bytes, at, bytes_but_digits, |byte| byte.is_ascii_digit()) {
                Ok(end) => return (end > start).then_some(end),
                Err(after) => at = after,
            }
        }
    };
    at += usize::from(bytes.get(at) == Some(&b'-'));
    at = if bytes.get(at) == Some(&b'0') { at + 1 } else { digits(at)? };
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
    const NONE: Self = Self { depth: 0, objects: 0 };
    /// In an array.
    const ARRAY: Self = Self { depth: 1, objects: 0 };

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
