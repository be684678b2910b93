//! A header list, borrowed from the buffer that it was decoded into.

use core::fmt;

use super::entry::Entry;
use crate::append::Append;
use crate::http::Field;
use crate::http::syntax::ascii;
use crate::{Buffer, BufferFull};

/// The headers or trailers of a message, in the order in which they were sent (§8.2).
///
/// Names are in lower case, and names and values were checked. Pseudo-fields are not among them.
///
/// Nothing is indexed: each look-up goes through the list, at about a nanosecond per field.
///
/// ```
/// use framewright::http2::{Connection, Event, HeaderField, Limits, Storage};
///
/// # let mut client = Connection::client(Storage::new(), Limits::new());
/// # let mut server = Connection::server(Storage::new(), Limits::new());
/// # let (mut wire, mut buffer) = (Vec::new(), Vec::new());
/// # let request = framewright::http2::Request::new("GET", "https", "example.com", "/");
/// # let fields = [("accept", "text/html"), ("cookie", "a=b"), ("cookie", "c=d")];
/// # client.open(request, fields, true, &mut wire)?;
/// # let mut input = &mut wire[..];
/// while let Some(event) = server.receive(&mut input, &mut buffer) {
///     let Event::Head { head, .. } = event else { continue };
///     assert_eq!(head.headers().get("Accept"), Some(&b"text/html"[..]));
///     for HeaderField { name, value, sensitive } in head.headers() {
///         println!("{name}: {}", if sensitive { &b"not for logs"[..] } else { value }.escape_ascii());
///     }
///     let mut cookie = Vec::new();
///     assert!(head.headers().cookie(&mut cookie)?);
///     assert_eq!(cookie, b"a=b; c=d"); // two fields, joined
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Default)]
pub struct Headers<'a> {
    /// Fields that were checked, none of them a pseudo-field.
    entries: &'a [u8],
}

impl<'a> Headers<'a> {
    /// The headers in `entries`, which were checked.
    pub(super) const fn from_checked(entries: &'a [u8]) -> Self {
        Self { entries }
    }

    /// The value of the first header called `name`, in any case.
    pub fn get(&self, name: &str) -> Option<&'a [u8]> {
        self.get_all(name).next()
    }

    /// The values of all headers called `name`, in any case.
    pub fn get_all<'n>(&self, name: &'n str) -> impl Iterator<Item = &'a [u8]> + use<'a, 'n> {
        let mut entries = self.entries;
        core::iter::from_fn(move || Entry::take(&mut entries))
            .filter(move |entry| entry.name.eq_ignore_ascii_case(name.as_bytes()))
            .map(|entry| entry.value)
    }

    /// Yields every header.
    pub const fn iter(&self) -> HeaderIter<'a> {
        HeaderIter { entries: self.entries }
    }

    /// Appends the cookies to `out`, whole or not at all. Returns whether there are any.
    ///
    /// A client may send each cookie in a field of its own, which compresses better. A program that reads
    /// cookies expects them in one, with `; ` between them (§8.2.3).
    pub fn cookie(&self, out: &mut impl Buffer) -> Result<bool, BufferFull> {
        let mut append = Append::new(out);
        let mut any = false;
        for crumb in self.get_all("cookie") {
            if any {
                append.put(b"; ");
            }
            append.put(crumb);
            any = true;
        }
        append.finish()?;
        Ok(any)
    }
}

impl fmt::Debug for Headers<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self).finish()
    }
}

impl<'a> IntoIterator for Headers<'a> {
    type Item = HeaderField<'a>;
    type IntoIter = HeaderIter<'a>;

    fn into_iter(self) -> HeaderIter<'a> {
        self.iter()
    }
}

impl<'a> IntoIterator for &Headers<'a> {
    type Item = HeaderField<'a>;
    type IntoIter = HeaderIter<'a>;

    fn into_iter(self) -> HeaderIter<'a> {
        self.iter()
    }
}

/// One field of a header list, with the mark that keeps it out of compression contexts.
///
/// It is a [`Field`], so [`Headers`] can be forwarded as they are, marks included.
///
/// ```
/// use framewright::http::Field;
/// use framewright::http2::HeaderField;
///
/// let field = HeaderField { name: "authorization", value: b"Bearer 7", sensitive: true };
/// assert!(field.is_sensitive());
/// assert_eq!(field.parts(), ("authorization", &b"Bearer 7"[..]));
/// ```
#[derive(Clone, Copy, Eq, PartialEq)]
pub struct HeaderField<'a> {
    /// The name. It is in lower case if it was received.
    pub name: &'a str,
    /// The value.
    pub value: &'a [u8],
    /// Whether no compression context may hold the value. The peer may have sent it so, and then it has
    /// to be forwarded so (RFC 7541 §6.2.3).
    pub sensitive: bool,
}

impl<'a> Field<'a> for HeaderField<'a> {
    #[inline]
    fn parts(self) -> (&'a str, &'a [u8]) {
        (self.name, self.value)
    }

    #[inline]
    fn is_sensitive(&self) -> bool {
        self.sensitive
    }
}

impl<'a> Field<'a> for &HeaderField<'a> {
    #[inline]
    fn parts(self) -> (&'a str, &'a [u8]) {
        (self.name, self.value)
    }

    #[inline]
    fn is_sensitive(&self) -> bool {
        self.sensitive
    }
}

/// Does not show a sensitive value.
impl fmt::Debug for HeaderField<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, value, sensitive } = self;
        if *sensitive {
            return write!(f, "{name}: (sensitive)");
        }
        write!(f, "{name}: {}", value.escape_ascii())
    }
}

/// A name that was checked. Those of every call of gRPC need not be looked at to be text.
#[inline]
fn name_text(name: &[u8]) -> &str {
    match name {
        b"te" => "te",
        b"content-type" => "content-type",
        b"grpc-status" => "grpc-status",
        b"user-agent" => "user-agent",
        b"grpc-timeout" => "grpc-timeout",
        _ => ascii(name),
    }
}

/// Yields the fields of [`Headers`].
///
/// [`Headers`] has an example.
#[derive(Clone, Debug)]
pub struct HeaderIter<'a> {
    /// Fields that were checked.
    entries: &'a [u8],
}

impl<'a> Iterator for HeaderIter<'a> {
    type Item = HeaderField<'a>;

    #[inline]
    fn next(&mut self) -> Option<HeaderField<'a>> {
        let Entry { name, value, sensitive } = Entry::take(&mut self.entries)?;
        Some(HeaderField { name: name_text(name), value, sensitive })
    }
}
