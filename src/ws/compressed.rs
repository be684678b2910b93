//! Bytes of a compressed message.

use core::fmt;

use super::Kind;
use crate::Chunk;
use crate::debug::Payload;

/// Bytes of a compressed message, as they were on the wire (RFC 7692 §6.2).
///
/// Nothing is known about the message before it is inflated: a text may not even be UTF-8.
///
/// ```
/// use framewright::ws::{Connection, Event, Kind, Limits, Part};
///
/// let mut client = Connection::client(Limits::new(), || [0; 4]).accept_compressed(true);
/// let mut bytes = *b"\xC1\x07\xF2\x48\xCD\xC9\xC9\x07\0"; // RFC 7692 §7.2.3.1
/// let event = client.receive(&mut &mut bytes[..]);
/// let Some(Event::Part(Part::Compressed(compressed))) = event else { panic!() };
/// assert_eq!((compressed.kind(), compressed.chunk().bytes.len()), (Kind::Text, 7));
/// ```
#[derive(Clone, Copy, Eq, PartialEq)]
pub struct CompressedChunk<'a> {
    bytes: &'a [u8],
    start: bool,
    end: bool,
    kind: Kind,
}

impl<'a> CompressedChunk<'a> {
    #[inline]
    pub(super) const fn new(kind: Kind, chunk: Chunk<'a>) -> Self {
        let Chunk { bytes, start, end } = chunk;
        Self { bytes, start, end, kind }
    }

    /// The bytes, and where in the compressed message they fall.
    #[inline]
    pub const fn chunk(&self) -> Chunk<'a> {
        Chunk { bytes: self.bytes, start: self.start, end: self.end }
    }

    /// Whether the message is text or binary.
    pub const fn kind(&self) -> Kind {
        self.kind
    }
}

/// For the inflater, which takes bytes off.
#[cfg(feature = "deflate")]
impl CompressedChunk<'_> {
    /// Returns whether these are the first bytes of their message, but only once.
    pub(super) const fn take_start(&mut self) -> bool {
        core::mem::replace(&mut self.start, false)
    }

    /// Takes the first `len` bytes.
    pub(super) fn advance(&mut self, len: usize) {
        self.bytes = self.bytes.get(len..).unwrap_or_default();
    }

    /// Notes that the end of the message was taken too.
    pub(super) const fn take_end(&mut self) {
        self.end = false;
    }

    /// Whether nothing is left but the end of the message.
    pub(super) const fn is_last(&self) -> bool {
        self.bytes.is_empty() && self.end
    }

    /// Whether all was taken.
    pub(super) const fn is_over(&self) -> bool {
        self.bytes.is_empty() && !self.end
    }
}

impl fmt::Debug for CompressedChunk<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CompressedChunk")
            .field("kind", &self.kind)
            .field("bytes", &Payload(self.bytes))
            .field("start", &self.start)
            .field("end", &self.end)
            .finish()
    }
}
