//! UTF-8 in pieces, with U+FFFD for what is not UTF-8 (RFC 3629).

use core::str;

use simdutf8::basic::from_utf8;

use crate::{Buffer, BufferFull, Chunk};

/// Text on its way into a buffer, with U+FFFD for what is not UTF-8 (the standard's *UTF-8 decode*).
///
/// What the buffer holds is UTF-8, save for the beginning of a character at its end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lossy {
    /// Bytes at the end of the buffer that may become a character.
    unfinished: u8,
}

impl Lossy {
    /// At the start of a value.
    pub(crate) const START: Self = Self { unfinished: 0 };

    /// Appends the next chunk of a value, unless `buf` would hold more than `max_len` bytes.
    #[inline]
    pub(crate) fn push(
        &mut self,
        chunk: Chunk<'_>,
        buf: &mut impl Buffer,
        max_len: u64,
    ) -> Result<(), Overflow> {
        if self.unfinished == 0 && (is_ascii(chunk.bytes) || from_utf8(chunk.bytes).is_ok()) {
            return append(chunk.bytes, buf, max_len);
        }
        self.replace(chunk, buf, max_len)
    }

    /// Appends the next chunk, which may not be text.
    #[cold]
    fn replace(
        &mut self,
        chunk: Chunk<'_>,
        buf: &mut impl Buffer,
        max_len: u64,
    ) -> Result<(), Overflow> {
        let mut rest = chunk.bytes;
        while self.unfinished > 0
            && let Some((&byte, behind)) = rest.split_first()
        {
            let (character, len) = self.character(byte, buf);
            match str::from_utf8(character.get(..len).unwrap_or_default()) {
                Ok(_) => self.unfinished = 0,
                Err(e) if e.error_len().is_none() => self.unfinished += 1,
                Err(_) => {
                    self.give_up(buf, max_len)?;
                    continue;
                }
            }
            append(&[byte], buf, max_len)?;
            rest = behind;
        }
        let mut pieces = rest.utf8_chunks().peekable();
        while let Some(piece) = pieces.next() {
            append(piece.valid().as_bytes(), buf, max_len)?;
            let invalid = piece.invalid();
            let promising = str::from_utf8(invalid).is_err_and(|e| e.error_len().is_none());
            if promising && pieces.peek().is_none() {
                append(invalid, buf, max_len)?;
                self.unfinished = invalid.iter().fold(0, |len, _| len + 1);
            } else if !invalid.is_empty() {
                append(REPLACEMENT, buf, max_len)?;
            }
        }
        if chunk.end && self.unfinished > 0 { self.give_up(buf, max_len) } else { Ok(()) }
    }

    /// The unfinished character with one byte more, and the length of both.
    fn character(self, byte: u8, buf: &impl Buffer) -> ([u8; 4], usize) {
        let mut character = [0; 4];
        let unfinished = buf.as_slice().split_at(self.text_len(buf)).1;
        for (to, from) in character.iter_mut().zip(unfinished.iter().chain(&[byte])) {
            *to = *from;
        }
        (character, unfinished.len() + 1)
    }

    /// Puts U+FFFD in the place of the unfinished character.
    fn give_up(&mut self, buf: &mut impl Buffer, max_len: u64) -> Result<(), Overflow> {
        buf.truncate(self.text_len(buf));
        self.unfinished = 0;
        append(REPLACEMENT, buf, max_len)
    }

    /// Length of what the buffer holds without the unfinished character.
    fn text_len(self, buf: &impl Buffer) -> usize {
        buf.as_slice().len().saturating_sub(self.unfinished.into())
    }
}

/// A value did not fit.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Overflow {
    /// In its limit.
    TooLong,
    /// In its buffer.
    BufferFull(BufferFull),
}

#[inline]
fn append(bytes: &[u8], buf: &mut impl Buffer, max_len: u64) -> Result<(), Overflow> {
    if (buf.as_slice().len() as u64).saturating_add(bytes.len() as u64) > max_len {
        return Err(Overflow::TooLong);
    }
    buf.try_append(bytes).map_err(Overflow::BufferFull)
}

/// Tells whether all of `bytes` are ASCII, in words at first.
#[inline]
fn is_ascii(bytes: &[u8]) -> bool {
    let (words, rest) = bytes.as_chunks::<8>();
    let words = words.iter().fold(0, |all, word| all | u64::from_ne_bytes(*word));
    let rest = rest.iter().fold(0, |all, byte| all | byte);
    words & 0x8080_8080_8080_8080 == 0 && rest < 0x80
}

/// Makes text of a buffer in which a chunk was the last without knowing it.
///
/// If there is no room for U+FFFD, it is left off.
pub(crate) fn end_text(buf: &mut impl Buffer) {
    let valid_len = buf.as_slice().utf8_chunks().next().map_or(0, |chunk| chunk.valid().len());
    if valid_len < buf.as_slice().len() {
        buf.truncate(valid_len);
        let _room = buf.try_append(REPLACEMENT);
    }
}

const REPLACEMENT: &[u8] = "\u{FFFD}".as_bytes();

#[cfg(all(test, feature = "alloc"))]
mod tests {
    use super::*;
    use alloc::string::String;
    use alloc::vec::Vec;
    use proptest::prelude::{
        Just, ProptestConfig, any, prop, prop_assert_eq, prop_oneof, proptest,
    };
    use proptest::strategy::Strategy;

    fn lossy(pieces: &[&[u8]]) -> String {
        let mut buf = Vec::new();
        let mut lossy = Lossy::START;
        for bytes in pieces {
            lossy
                .push(Chunk { bytes, start: false, end: false }, &mut buf, u64::MAX)
                .expect("a Vec has room");
        }
        let end = Chunk { bytes: b"", start: false, end: true };
        lossy.push(end, &mut buf, u64::MAX).expect("a Vec has room");
        String::from_utf8(buf).expect("it was replaced")
    }

    fn noise() -> impl Strategy<Value = Vec<u8>> {
        let edge = prop_oneof![
            Just(0x41),
            Just(0x80),
            Just(0x9F),
            Just(0xA0),
            Just(0xBF),
            Just(0xC3),
            Just(0xE0),
            Just(0xE2),
            Just(0xED),
            Just(0xF0),
            Just(0xF4),
            any::<u8>()
        ];
        prop::collection::vec(edge, 0..12)
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn text_in_pieces_is_what_alloc_makes_of_the_whole(bytes in noise()) {
            let whole = String::from_utf8_lossy(&bytes).into_owned();
            prop_assert_eq!(lossy(&[&bytes]), &whole[..]);
            prop_assert_eq!(lossy(&bytes.chunks(1).collect::<Vec<_>>()), &whole[..]);
            for cut in 0..=bytes.len() {
                prop_assert_eq!(lossy(&[&bytes[..cut], &bytes[cut..]]), &whole[..]);
            }
        }
    }

    #[test]
    fn a_replacement_counts_as_three_bytes() {
        for (max_len, result) in [(3, Ok(())), (2, Err(Overflow::TooLong))] {
            let mut buf = Vec::new();
            let mut lossy = Lossy::START;
            let pushed = lossy.push(Chunk::whole(b"\xF0\x9F"), &mut buf, max_len);
            assert_eq!(pushed, result);
        }
    }
}
