//! The headers of a frame, as an inbox keeps them.
//!
//! Escapes are resolved, so a name may contain a colon and a value may contain a line end. Headers are UTF-8, in
//! which the bytes 0xFE and 0xFF never occur: the one takes the place of the colon, the other that of the line
//! end. So the headers are never longer than they came.

use core::fmt;

use memchr::memchr;
use simdutf8::basic::from_utf8;

use super::{AckMode, Error, HeartBeat, Versions};

/// Ends a name.
pub(super) const NAME_END: u8 = 0xFE;
/// Ends a value.
pub(super) const VALUE_END: u8 = 0xFF;

/// The headers of a frame, in their order, with escapes resolved.
///
/// Names are case-sensitive. Where a name is repeated, the first counts (*Repeated Header Entries*). Nothing is
/// trimmed: some senders of 1.0 put a space after the colon.
///
/// ```
/// use framewright::stomp::{Decoder, Inbox, Limits, Version};
///
/// let mut decoder = Decoder::new(Limits::new()).version(Version::V1_2);
/// let mut inbox = Inbox::new(Vec::new());
/// let mut input = &b"SEND\ndestination:/queue/a\nfoo:1\\c2\nfoo:3\n\n\0"[..];
/// decoder.decode(&mut input, &mut inbox)?;
/// let headers = inbox.headers();
/// assert_eq!(headers.get("foo"), Some("1:2"));
/// assert_eq!(headers.get_all("foo").collect::<Vec<_>>(), ["1:2", "3"]);
/// # Ok::<(), framewright::stomp::Error>(())
/// ```
#[derive(Clone, Copy, Default, Eq, PartialEq)]
pub struct Headers<'a> {
    /// Each a name, [`NAME_END`], a value and [`VALUE_END`].
    bytes: &'a [u8],
}

impl<'a> Headers<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    /// The value of the first header called `name`, which is the one that counts.
    pub fn get(&self, name: &str) -> Option<&'a str> {
        self.get_all(name).next()
    }

    /// The values of all headers called `name`.
    pub fn get_all<'n>(
        &self,
        name: &'n str,
    ) -> impl Iterator<Item = &'a str> + Clone + use<'a, 'n> {
        self.values(name).map(text)
    }

    /// Whether there is a header called `name`.
    pub fn has(&self, name: &str) -> bool {
        self.values(name).next().is_some()
    }

    fn values<'n>(&self, name: &'n str) -> impl Iterator<Item = &'a [u8]> + Clone + use<'a, 'n> {
        let name = name.as_bytes();
        Lines { bytes: self.bytes }
            .filter_map(move |line| line.strip_prefix(name)?.strip_prefix(&[NAME_END]))
    }

    /// Yields every name and value.
    pub const fn iter(&self) -> HeaderIter<'a> {
        HeaderIter { lines: Lines { bytes: self.bytes } }
    }

    /// Whether there is no header.
    pub const fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The versions that a `CONNECT` accepts: 1.0 alone if it does not say (*Protocol Negotiation*).
    pub(super) fn accept_version(&self) -> Versions {
        self.get("accept-version").map_or(Versions::only(super::Version::V1_0), Versions::parse)
    }

    /// The heart-beats of a `CONNECT` or `CONNECTED`: none if it does not say (*Heart-beating*).
    pub fn heart_beat(&self) -> Result<HeartBeat, Error> {
        self.get("heart-beat").map_or(Ok(HeartBeat::NONE), HeartBeat::parse)
    }

    /// How a `SUBSCRIBE` says that messages are acknowledged: automatically if it does not say
    /// (*SUBSCRIBE ack Header*).
    pub fn ack_mode(&self) -> Result<AckMode, Error> {
        self.get("ack").map_or(Ok(AckMode::Auto), AckMode::parse)
    }

    /// Yields the headers of a `SEND` that belong to its message: all but those that speak to the server or
    /// that a `MESSAGE` has of its own.
    ///
    /// This is what a broker passes to [`FrameBuilder::headers`](super::FrameBuilder::headers).
    pub fn of_message(&self) -> impl Iterator<Item = (&'a str, &'a str)> + Clone + use<'a> {
        self.iter().filter(|(name, _)| {
            !matches!(
                *name,
                "ack"
                    | "content-length"
                    | "destination"
                    | "message-id"
                    | "receipt"
                    | "subscription"
                    | "transaction"
            )
        })
    }
}

impl fmt::Debug for Headers<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self).finish()
    }
}

impl<'a> IntoIterator for Headers<'a> {
    type Item = (&'a str, &'a str);
    type IntoIter = HeaderIter<'a>;

    fn into_iter(self) -> HeaderIter<'a> {
        self.iter()
    }
}

impl<'a> IntoIterator for &Headers<'a> {
    type Item = (&'a str, &'a str);
    type IntoIter = HeaderIter<'a>;

    fn into_iter(self) -> HeaderIter<'a> {
        self.iter()
    }
}

/// Yields the names and values of [`Headers`].
///
/// [`Headers`] has an example.
#[derive(Clone, Debug)]
pub struct HeaderIter<'a> {
    lines: Lines<'a>,
}

impl<'a> Iterator for HeaderIter<'a> {
    type Item = (&'a str, &'a str);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let line = self.lines.next()?;
        let (name, value) = line.split_at_checked(memchr(NAME_END, line)?)?;
        Some((text(name), text(value.get(1..)?)))
    }
}

/// Yields each header without its [`VALUE_END`].
#[derive(Clone, Debug)]
struct Lines<'a> {
    bytes: &'a [u8],
}

impl<'a> Iterator for Lines<'a> {
    type Item = &'a [u8];

    #[inline]
    fn next(&mut self) -> Option<&'a [u8]> {
        let (line, rest) = self.bytes.split_at_checked(memchr(VALUE_END, self.bytes)?)?;
        self.bytes = rest.get(1..)?;
        Some(line)
    }
}

/// `bytes`, which the decoder found to be UTF-8, as text.
#[inline]
fn text(bytes: &[u8]) -> &str {
    from_utf8(bytes).unwrap_or_default()
}
