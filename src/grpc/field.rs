//! Header lists as text: how they are written, and read back.

use core::fmt::{self, Write};

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use memchr::memchr;

use super::Error;
use crate::Buffer;
use crate::append::Append;
use crate::http::syntax::{ascii, is_token, trim};

/// A header list, in lines as HTTP/1.1 writes them: names and values, in their order.
///
/// This is how heads and trailers are written, to be handed to any HTTP stack, and how gRPC-Web has
/// its trailers in the body (PROTOCOL-WEB, *Message framing*). In a head of HTTP/1.1, the lines can
/// be put as they are.
///
/// ```
/// use framewright::grpc::Fields;
///
/// let fields = Fields::parse(b"Grpc-Status:0\r\nx-request-id: 7\r\nx-request-id: 8\r\n")?;
/// assert_eq!(fields.get("grpc-status"), Some(&b"0"[..]));
/// assert_eq!(fields.get_all("X-Request-Id").collect::<Vec<_>>(), [b"7", b"8"]);
/// # Ok::<(), framewright::grpc::Error>(())
/// ```
#[derive(Clone, Copy, Default)]
pub struct Fields<'a> {
    /// Lines that were checked.
    lines: &'a [u8],
}

impl<'a> Fields<'a> {
    /// Parses lines, each with its CRLF.
    ///
    /// Laxer than the document, because what is sent is: LF does alone, the last line may lack its
    /// end, and there may be an empty line at the end. Names may be in any case.
    pub fn parse(lines: &'a [u8]) -> Result<Self, Error> {
        let mut rest = lines;
        while let Some(line) = take_line(&mut rest) {
            if line.is_empty() && rest.is_empty() {
                break;
            }
            let (name, value) = split_line(line).ok_or(Error::TrailersMalformed)?;
            if !is_token(name) || !is_field_value(value) {
                return Err(Error::TrailersMalformed);
            }
        }
        Ok(Self { lines })
    }

    /// The value of the first field called `name`, in any case.
    pub fn get(&self, name: &str) -> Option<&'a [u8]> {
        self.get_all(name).next()
    }

    /// The values of all fields called `name`, in any case.
    pub fn get_all<'n>(&self, name: &'n str) -> impl Iterator<Item = &'a [u8]> + use<'a, 'n> {
        self.iter().filter(move |(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// Goes through all names and values, without the spaces around them.
    pub const fn iter(&self) -> FieldIter<'a> {
        FieldIter { lines: self.lines }
    }
}

impl fmt::Debug for Fields<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map()
            .entries(self.iter().map(|(name, value)| (name, value.escape_ascii())))
            .finish()
    }
}

impl<'a> IntoIterator for Fields<'a> {
    type Item = (&'a str, &'a [u8]);
    type IntoIter = FieldIter<'a>;

    fn into_iter(self) -> FieldIter<'a> {
        self.iter()
    }
}

impl<'a> IntoIterator for &Fields<'a> {
    type Item = (&'a str, &'a [u8]);
    type IntoIter = FieldIter<'a>;

    fn into_iter(self) -> FieldIter<'a> {
        self.iter()
    }
}

/// An iterator over the names and values of [`Fields`].
#[derive(Clone, Debug)]
pub struct FieldIter<'a> {
    lines: &'a [u8],
}

impl<'a> Iterator for FieldIter<'a> {
    type Item = (&'a str, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (name, value) = split_line(take_line(&mut self.lines)?)?;
        Some((ascii(name), trim(value)))
    }
}

/// Takes the next line off `lines`, without its end.
fn take_line<'a>(lines: &mut &'a [u8]) -> Option<&'a [u8]> {
    if lines.is_empty() {
        return None;
    }
    let (line, rest) = match memchr(b'\n', lines) {
        Some(lf) => (lines.get(..lf)?, lines.get(lf + 1..)?),
        None => (*lines, &[][..]),
    };
    *lines = rest;
    Some(line.strip_suffix(b"\r").unwrap_or(line))
}

fn split_line(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = memchr(b':', line)?;
    Some((line.get(..colon)?, line.get(colon + 1..)?))
}

/// Whether `value` has no control but HTAB, so that it ends no line (RFC 9110 §5.5).
pub(super) fn is_field_value(value: &[u8]) -> bool {
    value.iter().all(|&b| b == b'\t' || !b.is_ascii_control())
}

/// Where the lines of a header list, or a body, are written to.
pub(super) trait Sink {
    fn put(&mut self, bytes: &[u8]);
}

impl<B: Buffer> Sink for Append<'_, B> {
    #[inline]
    fn put(&mut self, bytes: &[u8]) {
        Append::put(self, bytes);
    }
}

/// Counts what would be written.
pub(super) struct Count(pub(super) u64);

impl Sink for Count {
    fn put(&mut self, bytes: &[u8]) {
        self.0 = self.0.saturating_add(bytes.len() as u64);
    }
}

impl dyn Sink + '_ {
    /// Writes a line.
    pub(super) fn field(&mut self, name: &str, value: &[u8]) {
        self.name(name);
        self.put(value);
        self.put(b"\r\n");
    }

    /// Writes a line whose value is printable ASCII.
    pub(super) fn field_display(&mut self, name: &str, value: &dyn fmt::Display) {
        self.name(name);
        // A sink takes everything.
        let _infallible = write!(SinkWriter(self), "{value}");
        self.put(b"\r\n");
    }

    /// Writes a line whose value is a list.
    pub(super) fn field_list(&mut self, name: &str, elements: &[&str]) {
        self.name(name);
        for (index, element) in elements.iter().enumerate() {
            if index > 0 {
                self.put(b",");
            }
            self.put(element.as_bytes());
        }
        self.put(b"\r\n");
    }

    /// Writes a line whose value is bytes in base64, without padding.
    pub(super) fn field_base64(&mut self, name: &str, value: &[u8]) {
        self.name(name);
        for piece in value.chunks(48) {
            let mut symbols = [0; 64];
            let len = STANDARD_NO_PAD.encode_slice(piece, &mut symbols).unwrap_or_default();
            self.put(symbols.get(..len).unwrap_or_default());
        }
        self.put(b"\r\n");
    }

    pub(super) fn name(&mut self, name: &str) {
        self.put(name.as_bytes());
        self.put(b": ");
    }
}

struct SinkWriter<'s, 'a>(&'s mut (dyn Sink + 'a));

impl Write for SinkWriter<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.put(text.as_bytes());
        Ok(())
    }
}
