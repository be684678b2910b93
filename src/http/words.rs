//! Questions about every byte of a text, eight bytes at a time.
//!
//! Texts of heads are short. For those, this is several times faster than a loop over bytes, and than what
//! compilers make of such a loop.

/// The highest bit of each byte.
const HIGH: u64 = repeat(0x80);

/// A word with `byte` in each place.
const fn repeat(byte: u8) -> u64 {
    u64::from_ne_bytes([byte; 8])
}

/// Whether every byte of `text` is in one of the ranges. An empty text is.
///
/// The ranges are of ASCII, and include their ends.
#[inline]
pub(crate) fn is_every_byte_in<const N: usize>(text: &[u8], ranges: [(u8, u8); N]) -> bool {
    let outside = |word: u64| {
        // With the highest bit aside, nothing is carried from one byte to the next.
        let low = word & !HIGH;
        let inside = ranges.iter().fold(0, |inside, &(first, last)| {
            let from = low + repeat(0x80 - first);
            let beyond = low + repeat(0x7F - last);
            inside | (from & !beyond)
        });
        word | !inside
    };
    let found = match (text.last_chunk::<8>(), text.first_chunk::<4>(), text.last_chunk::<4>()) {
        (Some(last), ..) => {
            let (words, _) = text.as_chunks::<8>();
            let found = outside(u64::from_ne_bytes(*last));
            words.iter().fold(found, |found, word| found | outside(u64::from_ne_bytes(*word)))
        }
        (None, Some([a, b, c, d]), Some([e, f, g, h])) => {
            outside(u64::from_ne_bytes([*a, *b, *c, *d, *e, *f, *g, *h]))
        }
        _ => match *text {
            [] => 0,
            [a] => outside(repeat(a)),
            [a, b] => outside(u64::from_ne_bytes([a, b, a, b, a, b, a, b])),
            [a, b, c, ..] => outside(u64::from_ne_bytes([a, b, c, a, b, c, a, b])),
        },
    };
    found & HIGH == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_agrees_with_a_loop() {
        fn check<const N: usize>(ranges: [(u8, u8); N]) {
            let naive =
                |text: &[u8]| text.iter().all(|b| ranges.iter().any(|(a, z)| (a..=z).contains(&b)));
            for len in 0..20 {
                for place in 0..len {
                    for byte in 0..=u8::MAX {
                        let mut text = [ranges[0].0; 20];
                        text[place] = byte;
                        let text = &text[..len];
                        assert_eq!(is_every_byte_in(text, ranges), naive(text), "{text:?}");
                    }
                }
            }
            assert!(is_every_byte_in(b"", ranges));
        }
        check([(b'a', b'z')]);
        check([(b'a', b'z'), (b'-', b'-')]);
        check([(0, 0x7F)]);
        check([(0x20, 0x7E), (b'\t', b'\t')]);
        check([(0, 0), (0x7F, 0x7F)]);
    }
}
