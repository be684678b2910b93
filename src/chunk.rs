//! Bytes of a message, and whether it ends where the stream does.

use core::fmt;

use crate::debug::Payload;

/// Bytes of a message, and where they fall in it.
///
/// A message arrives as one chunk or as many: each returns what was in the input, and nothing is held
/// back until the rest is there. A chunk may be empty: it may be the whole of an empty message.
///
/// ```
/// use framewright::Chunk;
///
/// let chunk = Chunk { bytes: b"hel", start: true, end: false };
/// assert!(!chunk.is_whole()); // the rest of the message is still to come
/// assert_eq!(Chunk::whole(b"hello"), Chunk { bytes: b"hello", start: true, end: true });
/// ```
#[derive(Clone, Copy, Eq, PartialEq)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct Chunk<'a> {
    /// The bytes themselves, borrowed from the input.
    pub bytes: &'a [u8],
    /// Whether these are the first bytes of their message.
    pub start: bool,
    /// Whether these are the last bytes of their message.
    pub end: bool,
}

impl<'a> Chunk<'a> {
    /// A whole message.
    pub const fn whole(bytes: &'a [u8]) -> Self {
        Self { bytes, start: true, end: true }
    }

    /// Whether this chunk is a message by itself.
    pub const fn is_whole(&self) -> bool {
        self.start && self.end
    }
}

impl fmt::Debug for Chunk<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Chunk")
            .field("bytes", &Payload(self.bytes))
            .field("start", &self.start)
            .field("end", &self.end)
            .finish()
    }
}

/// The stream ended inside a message.
///
/// ```
/// use framewright::Truncated;
/// use framewright::ws::{Decoder, Limits, Role};
///
/// let mut decoder = Decoder::new(Role::Client, Limits::new());
/// assert_eq!(decoder.decode(&mut &mut [0x81][..]), Ok(None));
/// assert_eq!(decoder.check_eof(), Err(Truncated)); // inside a header
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Truncated;

impl fmt::Display for Truncated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("stream ended inside a message")
    }
}

impl core::error::Error for Truncated {}
