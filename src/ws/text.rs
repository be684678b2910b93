//! Text that was checked once becomes `str` without a second look.
//!
//! Here is `unsafe` code, for one chunk; for those that were joined, it is in `assemble`. A
//! [`TextChunk`] is made by [`TextChunk::unmask`] alone, which checks it, and nothing changes it
//! afterwards.

use super::Mask;
use crate::Chunk;
use crate::utf8::{Impossible, Seam};

/// Bytes of a text message, known to be UTF-8 as far as they go.
///
/// A chunk ends where the input did, which may be inside a character: its bytes are text only
/// together with those of the chunks before and after it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct TextChunk<'a> {
    bytes: &'a [u8],
    start: bool,
    end: bool,
    before: Seam,
    after: Seam,
}

impl<'a> TextChunk<'a> {
    /// Unmasks the next bytes of a text in place, and checks them from the seam `before` them on.
    ///
    /// If they cannot be, gives them back as far as they could.
    #[inline(always)]
    pub(super) fn unmask(
        bytes: &'a mut [u8],
        mask: Option<&mut Mask>,
        before: Seam,
    ) -> Result<Self, Self> {
        let chunk = |bytes, after| Self { bytes, start: false, end: false, before, after };
        let ascii = match mask {
            Some(mask) => mask.apply_noting_ascii(bytes),
            None => is_ascii(bytes),
        };
        let bytes = &*bytes;
        // ASCII goes on anywhere but inside a character.
        if ascii && before == Seam::Boundary {
            return Ok(chunk(bytes, before));
        }
        match before.advance(bytes) {
            Ok(after) => Ok(chunk(bytes, after)),
            Err(Impossible { at, seam }) => Err(chunk(bytes.get(..at).unwrap_or_default(), seam)),
        }
    }

    /// Says where in its message the chunk falls.
    #[inline]
    pub(super) const fn at(self, start: bool, end: bool) -> Self {
        Self { start, end, ..self }
    }

    /// The bytes, and where in the message they fall.
    #[inline]
    pub const fn chunk(&self) -> Chunk<'a> {
        Chunk { bytes: self.bytes, start: self.start, end: self.end }
    }

    /// The chunk as `str`, unless it begins or ends inside a character.
    #[inline]
    pub fn as_str(&self) -> Option<&'a str> {
        (self.before == Seam::Boundary && self.after == Seam::Boundary)
            .then(|| without_check(self.bytes))
    }

    /// Where the text stands before this chunk.
    #[inline]
    pub(super) const fn before(&self) -> Seam {
        self.before
    }

    /// Where the text stands behind this chunk.
    #[inline]
    pub(super) const fn after(&self) -> Seam {
        self.after
    }
}

/// Out of line: who masks does not need it.
#[inline(never)]
const fn is_ascii(bytes: &[u8]) -> bool {
    bytes.is_ascii()
}

/// The `str` of bytes that were found to be UTF-8 from boundary to boundary.
#[inline]
#[allow(unsafe_code)]
fn without_check(bytes: &[u8]) -> &str {
    debug_assert!(core::str::from_utf8(bytes).is_ok());
    // SAFETY: called by `TextChunk::as_str` alone, with the bytes of a chunk whose seams are both
    // boundaries. `TextChunk::unmask` followed these bytes from one seam to the other.
    unsafe { core::str::from_utf8_unchecked(bytes) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::utf8::for_each_sequence_of_edges;
    use proptest::prelude::{ProptestConfig, any, prop_assert_eq, proptest};
    use std::vec::Vec;

    /// Of each sequence, what is before a cut and what is behind it: the second is a chunk that may
    /// begin inside a character.
    #[test]
    fn every_sequence_of_edges_is_str_exactly_if_core_thinks_so_however_it_is_cut() {
        for_each_sequence_of_edges(|text| {
            for cut in 0..=text.len() {
                let mut mask = Mask::new([0x37, 0xFA, 0x21, 0x3D]);
                let mut masked = text;
                { mask }.apply(&mut masked);
                let (first, second) = masked.split_at_mut(cut);
                let first = TextChunk::unmask(first, Some(&mut mask), Seam::Boundary);
                let first = first.map(|chunk| (chunk.as_str(), chunk.after()));
                let (expected_first, expected_second) = text.split_at(cut);
                let Ok((first, seam)) = first else {
                    // What comes behind it is never looked at.
                    assert!(core::str::from_utf8(expected_first).is_err());
                    continue;
                };
                assert_eq!(first, core::str::from_utf8(expected_first).ok(), "{text:X?} to {cut}");
                let second = TextChunk::unmask(second, Some(&mut mask), seam);
                let second = second.ok().and_then(|chunk| chunk.as_str());
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
            let chunk = TextChunk::unmask(&mut masked, mask.as_mut(), Seam::Boundary);
            let str = chunk.ok().and_then(|chunk| chunk.as_str());
            prop_assert_eq!(str, core::str::from_utf8(&bytes).ok());
        }
    }
}
