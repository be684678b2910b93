//! Finds where values of JSON end, without building them (RFC 8259).

use memchr::memchr2;

/// How deep arrays and objects may be nested: one bit of a `u128` for each.
const MAX_DEPTH: u32 = u128::BITS;

/// A text of JSON that is read from its beginning.
#[derive(Clone, Copy)]
pub(crate) struct JsonReader<'a> {
    rest: &'a str,
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

impl<'a> JsonReader<'a> {
    pub(crate) const fn new(text: &'a str) -> Self {
        Self { rest: text }
    }

    /// The kind of `text`, if all of it is one value.
    pub(crate) fn kind_of(text: &str) -> Option<JsonKind> {
        let mut reader = JsonReader::new(text);
        let (kind, _) = reader.value()?;
        reader.skip_space();
        reader.rest.is_empty().then_some(kind)
    }

    /// What was not read.
    pub(crate) const fn rest(&self) -> &'a str {
        self.rest
    }

    /// Reads `byte`, and the white space before it. Returns whether it was there.
    pub(crate) fn take(&mut self, byte: u8) -> bool {
        self.skip_space();
        match self.rest.as_bytes().first() {
            Some(first) if *first == byte => self.advance(1).is_some(),
            _ => false,
        }
    }

    /// Reads a value, and the white space before it. `None` if there is none, or if it is nested too deep.
    ///
    /// It takes time linear in the length, and neither recursion nor memory.
    pub(crate) fn value(&mut self) -> Option<(JsonKind, &'a str)> {
        self.skip_space();
        let start = self.rest;
        let kind = match start.as_bytes().first()? {
            b'{' => JsonKind::Object,
            b'[' => JsonKind::Array,
            b'"' => JsonKind::String,
            b'-' | b'0'..=b'9' => JsonKind::Number,
            _ => JsonKind::Literal,
        };
        let mut nesting = Nesting { depth: 0, objects: 0 };
        loop {
            if self.begin_value(&mut nesting)? {
                continue;
            }
            if self.end_values(&mut nesting)? {
                break;
            }
        }
        Some((kind, start.get(..start.len() - self.rest.len())?))
    }

    /// Reads a scalar, an empty array or object, or the beginning of one that is not empty: then the
    /// result is `true`, and its first value is next.
    fn begin_value(&mut self, nesting: &mut Nesting) -> Option<bool> {
        self.skip_space();
        let (object, end) = match self.rest.as_bytes().first()? {
            b'{' => (true, b'}'),
            b'[' => (false, b']'),
            b'"' => return self.string().map(|_| false),
            b'-' | b'0'..=b'9' => return self.number().map(|()| false),
            b't' => return self.literal("true"),
            b'f' => return self.literal("false"),
            b'n' => return self.literal("null"),
            _ => return None,
        };
        self.advance(1)?;
        // An empty one needs a level, too.
        nesting.push(object)?;
        if self.take(end) {
            nesting.pop();
            return Some(false);
        }
        if object {
            self.key()?;
        }
        Some(true)
    }

    /// Reads what follows a value. Returns whether it was the outermost one, else another is next.
    fn end_values(&mut self, nesting: &mut Nesting) -> Option<bool> {
        while nesting.depth > 0 {
            if self.take(b',') {
                if nesting.in_object() {
                    self.key()?;
                }
                return Some(false);
            }
            let end = if nesting.in_object() { b'}' } else { b']' };
            if !self.take(end) {
                return None;
            }
            nesting.pop();
        }
        Some(true)
    }

    /// Reads the name of a member and the colon after it. Returns what is between the quotes.
    pub(crate) fn key(&mut self) -> Option<&'a str> {
        self.skip_space();
        let key = self.string()?;
        self.take(b':').then_some(key)
    }

    /// Reads a string. Returns what is between the quotes, as it stands.
    pub(crate) fn string(&mut self) -> Option<&'a str> {
        let text = self.rest.strip_prefix('"')?;
        let mut bytes = text.as_bytes();
        loop {
            let run = memchr2(b'"', b'\\', bytes)?;
            let (plain, after) = bytes.split_at_checked(run)?;
            if plain.iter().any(|byte| *byte < 0x20) {
                return None;
            }
            bytes = match after {
                [b'"', ..] => {
                    let len = text.len() - after.len();
                    self.rest = text.get(len + 1..)?;
                    return text.get(..len);
                }
                [_, b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't', rest @ ..] => rest,
                [_, b'u', a, b, c, d, rest @ ..]
                    if [a, b, c, d].iter().all(|digit| digit.is_ascii_hexdigit()) =>
                {
                    rest
                }
                _ => return None,
            };
        }
    }

    fn number(&mut self) -> Option<()> {
        let digits = |text: &[u8]| text.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let text = self.rest.as_bytes();
        let rest = text.strip_prefix(b"-").unwrap_or(text);
        let mut rest = match rest {
            [b'0', rest @ ..] => rest,
            _ => rest.get(digits(rest).max(1)..).filter(|_| digits(rest) > 0)?,
        };
        if let [b'.', fraction @ ..] = rest {
            rest = fraction.get(digits(fraction)..).filter(|_| digits(fraction) > 0)?;
        }
        if let [b'e' | b'E', exponent @ ..] = rest {
            let exponent = match exponent {
                [b'+' | b'-', digits @ ..] => digits,
                all => all,
            };
            rest = exponent.get(digits(exponent)..).filter(|_| digits(exponent) > 0)?;
        }
        self.advance(text.len() - rest.len())
    }

    fn literal(&mut self, literal: &str) -> Option<bool> {
        self.rest = self.rest.strip_prefix(literal)?;
        Some(false)
    }

    fn skip_space(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\n', '\r']);
    }

    fn advance(&mut self, len: usize) -> Option<()> {
        self.rest = self.rest.get(len..)?;
        Some(())
    }
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
