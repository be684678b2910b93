//! Text that is known to be UTF-8, and so is not checked a second time.
//!
//! There is `unsafe` code here, for text that was found to be ASCII and for text in storage. Only this file
//! touches the bytes between the check and the `str`.

use core::fmt;

use simdutf8::basic::from_utf8;

use crate::buffer::sealed::Ours;
use crate::debug::Payload;
use crate::{Buffer, BufferFull};

/// Splits `bytes` before the first that is not plain. Plain is ASCII, without the control characters up to
/// CR: so no line ends among plain bytes.
///
/// One pass takes less than a search for the end of the line and a check of what lies before it.
#[inline(always)]
#[allow(unsafe_code)]
pub(super) fn split_plain(bytes: &[u8]) -> (&str, &[u8]) {
    let Some((plain, rest)) = bytes.split_at_checked(plain_len(bytes)) else { return ("", bytes) };
    debug_assert!(plain.is_ascii());
    // SAFETY: `plain_len` counts no byte beyond 0x7F, and each byte up to that is a character.
    (unsafe { core::str::from_utf8_unchecked(plain) }, rest)
}

/// How many bytes come before the first that is not plain.
#[inline(always)]
fn plain_len(bytes: &[u8]) -> usize {
    const WORD: usize = size_of::<u64>();
    const ONES: u64 = u64::from_ne_bytes([1; WORD]);

    /// How many bytes of a word come before the first that is not plain.
    #[inline(always)]
    fn plain_len_of_word(word: [u8; WORD]) -> usize {
        let word = u64::from_le_bytes(word);
        // Sets the highest bit of each byte that is not plain, and maybe that of bytes after the first one.
        let special = (word | word.wrapping_sub(ONES * 14)) & (ONES * 0x80);
        (special.trailing_zeros() / 8) as usize
    }

    let (blocks, _) = bytes.as_chunks::<{ 2 * WORD }>();
    let plain_blocks = blocks.iter().take_while(|block| {
        // As a signed number, a byte beyond 0x7F is below zero.
        !block.iter().fold(false, |found, &byte| found | (byte.cast_signed() < 14))
    });
    let mut len = plain_blocks.count() * 2 * WORD;
    let Some(&last) = bytes.last_chunk::<WORD>() else {
        return bytes.iter().take_while(|&&byte| byte.cast_signed() >= 14).count();
    };
    while let Some(&word) = bytes.get(len..).and_then(<[u8]>::first_chunk::<WORD>) {
        match plain_len_of_word(word) {
            WORD => len += WORD,
            plain => return len + plain,
        }
    }
    // It overlaps the word before it, whose bytes are plain.
    bytes.len() - WORD + plain_len_of_word(last)
}

/// Text in storage of the caller's. What is appended is text, so what is there is text.
#[derive(Clone, Default)]
pub(super) struct StoredText<B>(B);

impl<B: Buffer> StoredText<B> {
    /// Takes over `storage`, and drops what it holds.
    pub(super) fn new(mut storage: B) -> Self {
        storage.clear();
        Self(storage)
    }

    pub(super) fn into_storage(self) -> B {
        self.0
    }

    #[inline]
    pub(super) fn len(&self) -> usize {
        self.0.as_slice().len()
    }

    #[inline]
    pub(super) fn try_append(&mut self, text: &str) -> Result<(), BufferFull> {
        self.0.try_append(text.as_bytes())
    }

    #[inline]
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    pub(super) fn free(&mut self) {
        self.0.free();
    }

    #[inline]
    #[allow(unsafe_code)]
    pub(super) fn as_str(&self) -> &str {
        let bytes = self.0.as_slice();
        if self.0.is_faithful(Ours) {
            debug_assert!(core::str::from_utf8(bytes).is_ok());
            // SAFETY: the storage was empty in the beginning. Since then, only whole texts were appended
            // and only all of them dropped, as nobody else has the storage. And it is of a type that
            // is known to return what was appended.
            return unsafe { core::str::from_utf8_unchecked(bytes) };
        }
        if bytes.is_empty() { "" } else { from_utf8(bytes).unwrap_or_default() }
    }
}

impl<B: Buffer> fmt::Debug for StoredText<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Payload(self.0.as_slice()).fmt(f)
    }
}

#[cfg(test)]
#[cfg(feature = "alloc")]
mod tests {
    use super::*;
    use std::vec;
    use std::vec::Vec;

    /// The safe twin of `split_plain`.
    fn naive_split(bytes: &[u8]) -> (&str, &[u8]) {
        let plain = |byte: &u8| (0x0E..0x80).contains(byte);
        let len = bytes.iter().position(|byte| !plain(byte)).unwrap_or(bytes.len());
        let (before, after) = bytes.split_at(len);
        (core::str::from_utf8(before).expect("below 80 it is ASCII"), after)
    }

    #[test]
    fn every_split_is_before_the_first_byte_that_is_not_plain() {
        let lens = if cfg!(miri) { vec![0, 1, 8, 9, 17] } else { (0..130).collect() };
        for len in lens {
            assert_eq!(split_plain(&vec![b'a'; len]), naive_split(&vec![b'a'; len]));
            for at in 0..len {
                for byte in [0, b'\t', b'\n', b'\r', 0x0E, 0x7F, 0x80, 0xFF] {
                    // What follows the first must make no difference.
                    for after in [b'a', 0x0E, b'\n', 0xFF] {
                        let mut bytes = vec![b'a'; len];
                        bytes[at] = byte;
                        bytes[at + 1..].fill(after);
                        assert_eq!(split_plain(&bytes), naive_split(&bytes), "{bytes:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn every_byte_is_plain_or_not_wherever_it_is() {
        for byte in 0..=u8::MAX {
            for len in [1, 7, 8, 9, 16, 17, 31] {
                let bytes = vec![byte; len];
                assert_eq!(split_plain(&bytes), naive_split(&bytes));
            }
        }
    }

    /// Storage that is not known to be faithful, so that its text is checked.
    #[derive(Default)]
    struct Twin(Vec<u8>);

    impl Buffer for Twin {
        fn try_grow(&mut self, len: usize) -> Result<&mut [u8], BufferFull> {
            self.0.try_grow(len)
        }

        fn as_slice(&self) -> &[u8] {
            &self.0
        }

        fn as_mut_slice(&mut self) -> &mut [u8] {
            &mut self.0
        }

        fn truncate(&mut self, len: usize) {
            self.0.truncate(len);
        }
    }

    #[test]
    fn every_stored_text_is_what_a_check_finds() {
        // Whatever the storage held is no text of ours.
        let mut text = StoredText::new(vec![0xFF; 9]);
        let mut twin = StoredText::new(Twin(vec![0xFF; 9]));
        assert_eq!((text.as_str(), twin.as_str()), ("", ""));
        for piece in ["", "one", "ö", "\u{10FFFF}", "\n", "框"] {
            text.try_append(piece).unwrap();
            twin.try_append(piece).unwrap();
            assert_eq!((text.as_str(), text.len()), (twin.as_str(), twin.len()));
        }
        assert_eq!(text.as_str(), "oneö\u{10FFFF}\n框");
        text.free();
        assert_eq!(text.as_str(), "");
    }
}
