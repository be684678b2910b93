//! A header list, borrowed from the lines that it came in.

use core::fmt;

use super::syntax::{ascii, is_field_value, is_token, trim};
use super::words::find;

/// A header list, in its order: names as they were sent, values without the whitespace around them.
///
/// Nothing is indexed: each look-up goes through the lines, at some 10 ns per line. To look for
/// several names, go through the list once.
///
/// ```
/// use framewright::http::Headers;
///
/// let headers = Headers::parse_lax(b"Grpc-Status:0\r\nx-request-id: 7\r\nx-request-id: 8\r\n").unwrap();
/// assert_eq!(headers.get("grpc-status"), Some(&b"0"[..]));
/// assert_eq!(headers.get_all("X-Request-Id").collect::<Vec<_>>(), [b"7", b"8"]);
/// ```
#[derive(Clone, Copy, Default)]
pub struct Headers<'a> {
    /// Lines that were checked.
    lines: &'a [u8],
}

impl<'a> Headers<'a> {
    /// Parses lines of a name, a colon and a value.
    ///
    /// Laxer than the standard, as peers of gRPC-Web need it for trailers: a line may end in LF alone,
    /// the last one may lack its end, and an empty line may follow it. `None` if `lines` are anything
    /// else.
    ///
    /// This is also the way from lines that this crate wrote to headers: the head of a gRPC call, for a
    /// writer in [`http1`](crate::http1), and the trailers of a body.
    pub fn parse_lax(lines: &'a [u8]) -> Option<Self> {
        let mut rest = lines;
        while let Some(line) = take_line(&mut rest) {
            if line.is_empty() && rest.is_empty() {
                break;
            }
            let (name, value) = line.split_at_checked(find::<b':'>(line)?)?;
            if !is_token(name) || !is_field_value(value) {
                return None;
            }
        }
        Some(Self { lines })
    }

    /// The headers in lines that were checked, each with its end.
    pub(crate) const fn from_checked(lines: &'a [u8]) -> Self {
        Self { lines }
    }

    /// The value of the first header called `name`, in any case.
    pub fn get(&self, name: &str) -> Option<&'a [u8]> {
        self.get_all(name).next()
    }

    /// The values of all headers called `name`, in any case.
    pub fn get_all<'n>(&self, name: &'n str) -> impl Iterator<Item = &'a [u8]> + use<'a, 'n> {
        self.iter().filter(move |(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// Yields every name and value.
    pub fn iter(&self) -> HeaderIter<'a> {
        HeaderIter { lines: self.lines, text: valid_prefix(self.lines) }
    }
}

impl fmt::Debug for Headers<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut map = f.debug_map();
        for (name, value) in self {
            map.entry(&name, &format_args!("\"{}\"", value.escape_ascii()));
        }
        map.finish()
    }
}

impl<'a> IntoIterator for Headers<'a> {
    type Item = (&'a str, &'a [u8]);
    type IntoIter = HeaderIter<'a>;

    fn into_iter(self) -> HeaderIter<'a> {
        self.iter()
    }
}

impl<'a> IntoIterator for &Headers<'a> {
    type Item = (&'a str, &'a [u8]);
    type IntoIter = HeaderIter<'a>;

    fn into_iter(self) -> HeaderIter<'a> {
        self.iter()
    }
}

/// Takes the next line off `lines`, without its end.
fn take_line<'a>(lines: &mut &'a [u8]) -> Option<&'a [u8]> {
    if lines.is_empty() {
        return None;
    }
    let (line, rest) = match find::<b'\n'>(lines) {
        Some(lf) => (lines.get(..lf)?, lines.get(lf + 1..)?),
        None => (*lines, &[][..]),
    };
    *lines = rest;
    Some(line.strip_suffix(b"\r").unwrap_or(line))
}

/// The bytes up to the first that is not UTF-8.
fn valid_prefix(bytes: &[u8]) -> &str {
    match core::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(e) => ascii(bytes.get(..e.valid_up_to()).unwrap_or_default()),
    }
}

/// Yields the names and values of [`Headers`].
///
/// ```
/// use framewright::http::{HeaderIter, Headers};
///
/// let headers = Headers::parse_lax(b"a: 1\r\nb: 2\r\n").unwrap();
/// let mut iter: HeaderIter<'_> = headers.iter();
/// assert_eq!(iter.next(), Some(("a", &b"1"[..])));
/// assert_eq!(iter.last(), Some(("b", &b"2"[..])));
/// ```
#[derive(Clone, Debug)]
pub struct HeaderIter<'a> {
    /// Lines that were checked.
    lines: &'a [u8],
    /// The part of the lines that is UTF-8. Checking once is cheaper than checking each name.
    text: &'a str,
}

impl<'a> Iterator for HeaderIter<'a> {
    type Item = (&'a str, &'a [u8]);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let before = self.lines.len();
        let colon = find::<b':'>(self.lines)?;
        let (name, rest) = self.lines.split_at_checked(colon)?;
        self.lines = rest;
        let value = take_line(&mut self.lines)?;
        let name = self.text.get(..colon).unwrap_or_else(|| ascii(name));
        self.text = self.text.get(before - self.lines.len()..).unwrap_or_default();
        // A response may have blanks there (RFC 9112 §5.1).
        let name = name.trim_ascii_end();
        Some((name, trim(value.get(1..)?)))
    }
}
