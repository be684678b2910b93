//! A header list, borrowed from the lines that it came in.

use core::fmt;

use memchr::memchr;

use super::syntax::{ascii, trim};

/// The headers of a message, in their order: names as they were sent, values without the
/// whitespace around them.
///
/// Nothing is indexed: each look-up goes through the lines, at some 10 ns per line. To look for
/// many names, go through them once.
#[derive(Clone, Copy)]
pub struct Headers<'a> {
    lines: &'a [u8],
}

impl<'a> Headers<'a> {
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

    /// Goes through all names and values.
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

/// The bytes up to the first that is not UTF-8.
fn valid_prefix(bytes: &[u8]) -> &str {
    match core::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(e) => ascii(bytes.get(..e.valid_up_to()).unwrap_or_default()),
    }
}

/// An iterator over the names and values of [`Headers`].
#[derive(Clone, Debug)]
pub struct HeaderIter<'a> {
    /// Lines that were parsed once already, each with its CRLF.
    lines: &'a [u8],
    /// The same as text, as far as they are: it is cheaper to find this out once than name by
    /// name.
    text: &'a str,
}

impl<'a> Iterator for HeaderIter<'a> {
    type Item = (&'a str, &'a [u8]);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let colon = memchr(b':', self.lines)?;
        let (name, value) = self.lines.split_at_checked(colon)?;
        let cr = memchr(b'\r', value)?;
        let name = self.text.get(..colon).unwrap_or_else(|| ascii(name));
        self.lines = value.get(cr + 2..)?;
        self.text = self.text.get(colon + cr + 2..).unwrap_or_default();
        Some((name, trim(value.get(1..cr)?)))
    }
}
