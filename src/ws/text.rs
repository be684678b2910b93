//! Text that was checked once becomes `str` without a second check.
//!
//! There is `unsafe` code here, for a single chunk; the `unsafe` code for chunks that were joined is
//! in `assemble`, and that for whole messages in `inbox::joined`. Only [`TextChunk::unmask`] makes a [`TextChunk`]. It checks the bytes, and nothing
//! changes them afterwards.

use core::fmt;

use super::{Mask, Part};
use crate::Chunk;
use crate::debug::Payload;
use crate::utf8::{InvalidByte, Utf8State};

/// Bytes of a text message, known to be UTF-8 as far as they go.
///
/// A chunk ends where the input did, which may be inside a character. Its bytes are text only
/// together with those of the chunks before and after it.
///
/// ```
/// use framewright::ws::{Connection, Event, Limits, Part};
///
/// let mut client = Connection::client(Limits::new(), || [0; 4]);
/// let mut bytes = *b"\x81\x03\xC3\xA9!";
/// let (first, second) = bytes.split_at_mut(3); // as it happened to be read
/// let Some(Event::Part(Part::Text(text))) = client.receive(&mut { first }) else { panic!() };
/// assert_eq!((text.as_str(), text.chunk().bytes), (None, &b"\xC3"[..])); // half a character
/// let Some(Event::Part(Part::Text(text))) = client.receive(&mut { second }) else { panic!() };
/// assert_eq!((text.chunk().bytes, text.chunk().end), (&b"\xA9!"[..], true));
/// ```
#[derive(Clone, Copy, Eq, PartialEq)]
pub struct TextChunk<'a> {
    bytes: &'a [u8],
    start: bool,
    end: bool,
    before: Utf8State,
    after: Utf8State,
}

/// A text has a byte that is not UTF-8, or ends inside a character.
pub(super) struct InvalidText<'a> {
    /// The chunk up to there. It is not the end of its message.
    valid: TextChunk<'a>,
}

impl<'a> InvalidText<'a> {
    /// The part to return before the error, unless it has no bytes.
    #[inline(always)]
    pub(super) fn valid_part(self) -> Option<Part<'a>> {
        (!self.valid.bytes.is_empty()).then_some(Part::Text(self.valid))
    }
}

impl<'a> TextChunk<'a> {
    /// Unmasks the next bytes of a text in place, and checks them.
    ///
    /// `before` is the state of the text before them. They are the first of the text if `start`, and
    /// the last if `end`.
    #[inline(always)]
    pub(super) fn unmask(
        bytes: &'a mut [u8],
        mask: Option<&mut Mask>,
        before: Utf8State,
        start: bool,
        end: bool,
    ) -> Result<Self, InvalidText<'a>> {
        let ascii = match mask {
            Some(mask) => mask.apply_noting_ascii(bytes),
            None => is_ascii(bytes),
        };
        let bytes = &*bytes;
        // ASCII may follow anything but the beginning of a character.
        if ascii && before == Utf8State::Boundary {
            return Ok(Self { bytes, start, end, before, after: before });
        }
        let (bytes, after) = match before.advance(bytes) {
            Ok(after) if !end || after == Utf8State::Boundary => {
                return Ok(Self { bytes, start, end, before, after });
            }
            Ok(after) => (bytes, after),
            Err(InvalidByte { at, state }) => (bytes.get(..at).unwrap_or_default(), state),
        };
        Err(InvalidText { valid: Self { bytes, start, end: false, before, after } })
    }

    /// The bytes, and where in the message they fall.
    #[inline]
    pub const fn chunk(&self) -> Chunk<'a> {
        Chunk { bytes: self.bytes, start: self.start, end: self.end }
    }

    /// The chunk as `str`, unless it begins or ends inside a character.
    #[inline]
    pub fn as_str(&self) -> Option<&'a str> {
        (self.before == Utf8State::Boundary && self.after == Utf8State::Boundary)
            .then(|| without_check(self.bytes))
    }

    /// The state of the text before this chunk.
    #[inline]
    pub(super) const fn before(&self) -> Utf8State {
        self.before
    }

    /// The state of the text after this chunk.
    #[inline]
    pub(super) const fn after(&self) -> Utf8State {
        self.after
    }
}

impl fmt::Debug for TextChunk<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TextChunk")
            .field("bytes", &Payload(self.bytes))
            .field("start", &self.start)
            .field("end", &self.end)
            .finish_non_exhaustive()
    }
}

/// Out of line, for the sake of callers that unmask: they do not need it.
#[inline(never)]
const fn is_ascii(bytes: &[u8]) -> bool {
    bytes.is_ascii()
}

/// The `str` of bytes that were found to be UTF-8 from boundary to boundary.
#[inline]
#[allow(unsafe_code)]
fn without_check(bytes: &[u8]) -> &str {
    debug_assert!(core::str::from_utf8(bytes).is_ok());
    // SAFETY: only `TextChunk::as_str` calls this, with the bytes of a chunk that begins and ends
    // between two characters. `TextChunk::unmask` followed these bytes from one state to the other.
    unsafe { core::str::from_utf8_unchecked(bytes) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::utf8::for_each_sequence_of_edges;
    use proptest::prelude::{ProptestConfig, any, prop_assert_eq, proptest};
    use std::vec::Vec;

    /// The chunk of a text that goes on after it.
    fn unmask<'a>(
        bytes: &'a mut [u8],
        mask: Option<&mut Mask>,
        before: Utf8State,
    ) -> Option<TextChunk<'a>> {
        TextChunk::unmask(bytes, mask, before, false, false).ok()
    }

    /// Each sequence is cut in two. The second chunk may begin inside a character.
    #[test]
    fn every_sequence_of_edges_is_str_exactly_if_core_thinks_so_however_it_is_cut() {
        for_each_sequence_of_edges(|text| {
            for cut in 0..=text.len() {
                let mut mask = Mask::new([0x37, 0xFA, 0x21, 0x3D]);
                let mut masked = text;
                { mask }.apply(&mut masked);
                let (first, second) = masked.split_at_mut(cut);
                let first = unmask(first, Some(&mut mask), Utf8State::Boundary);
                let first = first.map(|chunk| (chunk.as_str(), chunk.after()));
                let (expected_first, expected_second) = text.split_at(cut);
                let Some((first, state)) = first else {
                    // What follows is never looked at.
                    assert!(core::str::from_utf8(expected_first).is_err());
                    continue;
                };
                assert_eq!(first, core::str::from_utf8(expected_first).ok(), "{text:X?} to {cut}");
                let second = unmask(second, Some(&mut mask), state);
                let second = second.and_then(|chunk| chunk.as_str());
                let expected = core::str::from_utf8(expected_second).ok();
                assert_eq!(second, expected.filter(|_| first.is_some()), "{text:X?} from {cut}");
            }
        });
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn a_chunk_is_a_str_exactly_if_core_thinks_so(
            text in any::<std::string::String>(),
            noise in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 0..3),
            key in any::<Option<[u8; 4]>>(),
        ) {
            let mut bytes = text.into_bytes();
            for (at, byte) in noise {
                if !bytes.is_empty() {
                    let at = at.index(bytes.len());
                    bytes[at] = byte;
                }
            }
            let mut mask = key.map(Mask::new);
            let mut masked: Vec<u8> = bytes.clone();
            if let Some(mut mask) = mask {
                mask.apply(&mut masked);
            }
            let chunk = unmask(&mut masked, mask.as_mut(), Utf8State::Boundary);
            let str = chunk.and_then(|chunk| chunk.as_str());
            prop_assert_eq!(str, core::str::from_utf8(&bytes).ok());
        }
    }
}
