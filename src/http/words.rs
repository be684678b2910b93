//! Questions about every byte of a text, eight bytes at a time.
//!
//! Texts of heads are short. For those, this is several times faster than a loop over bytes, and than what
//! compilers make of such a loop.

use memchr::memchr;

/// The highest bit of each byte.
const HIGH: u64 = repeat(0x80);

/// A word with `byte` in each place.
const fn repeat(byte: u8) -> u64 {
    u64::from_ne_bytes([byte; 8])
}

/// The bytes of a word that are from `FIRST` to `LAST`, both of them ASCII: they have their highest bit set, unless
/// they are beyond ASCII.
#[inline]
pub(crate) const fn from_to<const FIRST: u8, const LAST: u8>(word: u64) -> u64 {
    // Without the highest bits, an addition carries nothing from one byte to the next.
    let low = word & !HIGH;
    let from = low + const { repeat(0x80 - FIRST) };
    let beyond = low + const { repeat(0x7F - LAST) };
    from & !beyond
}

/// Whether every byte of `text` is ASCII and `inside`, which sets the highest bit of each byte of a word that is. An
/// empty text is.
#[inline]
pub(crate) fn is_every_byte(text: &[u8], inside: impl Fn(u64) -> u64) -> bool {
    let outside = |bytes: [u8; 8]| {
        let word = u64::from_ne_bytes(bytes);
        word | !inside(word)
    };
    let found = if let Some(last) = text.last_chunk::<8>() {
        let (words, _) = text.as_chunks::<8>();
        words.iter().fold(outside(*last), |found, word| found | outside(*word))
    } else if let (Some([a, b, c, d]), Some([e, f, g, h])) =
        (text.first_chunk::<4>(), text.last_chunk::<4>())
    {
        outside([*a, *b, *c, *d, *e, *f, *g, *h])
    } else {
        match *text {
            [] => 0,
            [a] => outside([a; 8]),
            [a, b] => outside([a, b, a, b, a, b, a, b]),
            [a, b, c, ..] => outside([a, b, c, a, b, c, a, b]),
        }
    };
    found & HIGH == 0
}

/// Where `BYTE`, which is ASCII, is first in `text`. For a short text, this is faster than `memchr`.
pub(crate) fn find<const BYTE: u8>(text: &[u8]) -> Option<usize> {
    let (words, rest) = text.as_chunks::<8>();
    for (index, word) in words.iter().enumerate() {
        if index == LONG {
            return memchr(BYTE, text.get(8 * LONG..)?).map(|at| 8 * LONG + at);
        }
        let word = u64::from_le_bytes(*word);
        let found = from_to::<BYTE, BYTE>(word) & !word & HIGH;
        if found != 0 {
            return Some(8 * index + (found.trailing_zeros() / 8) as usize);
        }
    }
    rest.iter().position(|&b| b == BYTE).map(|at| 8 * words.len() + at)
}

/// From so many words on, a text is long.
const LONG: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_is_found_where_it_is_first() {
        for len in 0..100 {
            for other in [0, b'a', b';', b'9', 0xBA, 0xFF] {
                let mut text = [other; 100];
                assert_eq!(find::<b':'>(&text[..len]), None);
                for place in (0..len).rev() {
                    text[place] = b':';
                    assert_eq!(find::<b':'>(&text[..len]), Some(place));
                }
            }
        }
    }

    #[test]
    fn it_agrees_with_a_loop() {
        fn check(first: u8, inside: impl Fn(u64) -> u64, naive: impl Fn(u8) -> bool) {
            for len in 0..20 {
                for place in 0..len {
                    for byte in 0..=u8::MAX {
                        let mut text = [first; 20];
                        text[place] = byte;
                        let text = &text[..len];
                        let all = text.iter().all(|&b| naive(b));
                        assert_eq!(is_every_byte(text, &inside), all, "{text:?}");
                    }
                }
            }
            assert!(is_every_byte(b"", inside));
        }
        check(b'a', from_to::<b'a', b'z'>, |b| b.is_ascii_lowercase());
        check(
            b'-',
            |word| from_to::<b'a', b'z'>(word) | from_to::<b'-', b'-'>(word),
            |b| b.is_ascii_lowercase() || b == b'-',
        );
        check(0, from_to::<0, 0x7F>, |b| b.is_ascii());
        check(
            0,
            |word| from_to::<0, 0>(word) | from_to::<0x7F, 0x7F>(word),
            |b| matches!(b, 0 | 0x7F),
        );
    }
}
