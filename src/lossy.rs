//! Decodes UTF-8 that arrives in pieces, with U+FFFD for what is not UTF-8.
//!
//! This is the *UTF-8 decode* of the Encoding standard, without its byte order mark.

use core::str;

use simdutf8::basic::from_utf8;

use crate::inline::Inline;

/// A decoder for one text: some calls of [`decode`](Self::decode), then one of
/// [`finish`](Self::finish).
///
/// It passes the text on in pieces, each valid UTF-8 in itself. However the bytes are split, the
/// pieces join to what `String::from_utf8_lossy` makes of all the bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LossyDecoder {
    /// The beginning of a character whose end has not arrived.
    unfinished: Inline<4>,
}

impl LossyDecoder {
    /// A decoder at the start of a text.
    pub(crate) const fn new() -> Self {
        Self { unfinished: Inline::EMPTY }
    }

    /// Whether everything so far was passed on, so that ASCII can only mean itself.
    #[inline]
    pub(crate) const fn is_at_boundary(self) -> bool {
        self.unfinished.as_slice().is_empty()
    }

    /// Decodes the next piece. An error of `put` ends the text.
    #[inline]
    pub(crate) fn decode<E>(
        &mut self,
        bytes: &[u8],
        mut put: impl FnMut(&str) -> Result<(), E>,
    ) -> Result<(), E> {
        if self.is_at_boundary()
            && let Ok(text) = from_utf8(bytes)
        {
            return put(text);
        }
        self.replace(bytes, put)
    }

    /// Ends the text: an unfinished character becomes U+FFFD.
    pub(crate) fn finish<E>(
        &mut self,
        mut put: impl FnMut(&str) -> Result<(), E>,
    ) -> Result<(), E> {
        if self.is_at_boundary() {
            return Ok(());
        }
        self.unfinished.clear();
        put(REPLACEMENT)
    }

    /// Decodes the next piece, which may be broken or cut within characters.
    #[cold]
    fn replace<E>(
        &mut self,
        bytes: &[u8],
        mut put: impl FnMut(&str) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut rest = bytes;
        while !self.is_at_boundary()
            && let Some((&byte, after)) = rest.split_first()
        {
            let mut character = self.unfinished;
            character.push(byte);
            match str::from_utf8(&character) {
                Ok(text) => {
                    self.unfinished.clear();
                    put(text)?;
                }
                Err(e) if e.error_len().is_none() => self.unfinished = character,
                Err(_) => {
                    // The byte may begin a character of its own.
                    self.finish(&mut put)?;
                    continue;
                }
            }
            rest = after;
        }
        let mut chunks = rest.utf8_chunks().peekable();
        while let Some(chunk) = chunks.next() {
            put(chunk.valid())?;
            let invalid = chunk.invalid();
            let is_beginning = str::from_utf8(invalid).is_err_and(|e| e.error_len().is_none());
            if is_beginning && chunks.peek().is_none() {
                self.unfinished.try_append(invalid);
            } else if !invalid.is_empty() {
                put(REPLACEMENT)?;
            }
        }
        Ok(())
    }
}

const REPLACEMENT: &str = "\u{FFFD}";

#[cfg(test)]
#[cfg(feature = "alloc")]
mod tests {
    use super::*;
    use alloc::string::String;
    use alloc::vec::Vec;
    use core::convert::Infallible;
    use proptest::prelude::{
        Just, ProptestConfig, any, prop, prop_assert_eq, prop_oneof, proptest,
    };
    use proptest::strategy::Strategy;

    fn decode_all(pieces: &[&[u8]]) -> String {
        let mut text = String::new();
        let mut put = |piece: &str| {
            text.push_str(piece);
            Ok::<(), Infallible>(())
        };
        let mut decoder = LossyDecoder::new();
        for bytes in pieces {
            decoder.decode(bytes, &mut put).unwrap();
        }
        decoder.finish(&mut put).unwrap();
        assert!(decoder.is_at_boundary());
        text
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
            prop_assert_eq!(decode_all(&[&bytes]), &whole[..]);
            prop_assert_eq!(decode_all(&bytes.chunks(1).collect::<Vec<_>>()), &whole[..]);
            for cut in 0..=bytes.len() {
                prop_assert_eq!(decode_all(&[&bytes[..cut], &bytes[cut..]]), &whole[..]);
            }
        }
    }

    #[test]
    fn a_character_is_passed_on_with_its_last_byte() {
        let mut decoder = LossyDecoder::new();
        for (byte, passed_on) in "a🦀".bytes().zip(["a", "", "", "", "🦀"]) {
            let mut text = String::new();
            let put = |piece: &str| {
                text.push_str(piece);
                Ok::<(), Infallible>(())
            };
            decoder.decode(&[byte], put).unwrap();
            assert_eq!(text, passed_on);
        }
    }
}
