//! Masking of payloads (§5.3).

use super::xor::{self, ByteSlot};

/// A masking key, and which of its bytes is next (§5.3).
///
/// Masking is XOR: applying the same key again unmasks. A payload may come in any pieces, as the
/// mask remembers where in the key the next piece begins.
///
/// ```
/// use framewright::ws::Mask;
///
/// let mut mask = Mask::new([0x37, 0xFA, 0x21, 0x3D]);
/// let mut payload = [0x7F, 0x9F, 0x4D, 0x51, 0x58]; // §5.7
/// mask.apply(&mut payload[..2]);
/// mask.apply(&mut payload[2..]);
/// assert_eq!(&payload, b"Hello");
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Mask {
    /// The key's next byte is the lowest.
    key: u32,
}

impl Mask {
    /// The mask at the first byte of `key`.
    #[inline]
    pub const fn new(key: [u8; 4]) -> Self {
        Self { key: u32::from_le_bytes(key) }
    }

    /// Masks or unmasks the next bytes of a payload in place.
    #[inline]
    pub fn apply(&mut self, bytes: &mut [u8]) {
        self.apply_noting_ascii(bytes);
    }

    /// Masks or unmasks in place, and returns whether every byte is ASCII afterwards.
    ///
    /// The answer costs nothing: the words are in a register.
    #[inline]
    pub(crate) fn apply_noting_ascii(&mut self, bytes: &mut [u8]) -> bool {
        let ascii = xor::apply(self.key, bytes);
        self.skip(bytes.len() as u64);
        ascii
    }

    /// Copies the next bytes of a payload from `from` to `to`, which has the same length, and masks
    /// or unmasks them. Every byte of `to` is written.
    #[inline]
    pub(crate) fn copy<T: ByteSlot>(&mut self, from: &[u8], to: &mut [T]) {
        xor::copy(self.key, from, to);
        self.skip(from.len() as u64);
    }

    /// Copies as [`copy`](Self::copy) does, and returns whether every byte is ASCII afterwards.
    #[inline]
    pub(crate) fn copy_noting_ascii(&mut self, from: &[u8], to: &mut [u8]) -> bool {
        let ascii = xor::copy_noting_ascii(self.key, from, to);
        self.skip(from.len() as u64);
        ascii
    }

    /// Skips bytes that were masked elsewhere.
    #[inline]
    pub(crate) fn skip(&mut self, len: u64) {
        self.key = xor::key_after(self.key, len);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    const KEY: [u8; 4] = [0x37, 0xFA, 0x21, 0x3D];

    /// The definition of §5.3, to the letter.
    fn naive(payload: &[u8], offset: usize) -> Vec<u8> {
        payload.iter().enumerate().map(|(i, byte)| byte ^ KEY[(offset + i) % 4]).collect()
    }

    #[test]
    fn every_length_alignment_and_offset_agrees_with_the_definition() {
        // At least one length for each way of masking. For Miri, which needs a second for each, no more.
        let lens: Vec<usize> = if cfg!(miri) {
            (0..36).chain([64, 65, 128, 129, 137]).chain(512..515).collect()
        } else {
            (0..300).chain(512..800).collect()
        };
        let payload: Vec<u8> = (0..1000u32).map(|i| (i * 167).to_le_bytes()[0]).collect();
        for start in 0..if cfg!(miri) { 2 } else { 16 } {
            for &len in &lens {
                let clear = &payload[start..start + len];
                for offset in 0..4 {
                    let expected = naive(clear, offset);
                    let mut mask = Mask::new(KEY);
                    mask.apply(&mut [0; 3][..offset]);
                    let mut copying = mask;

                    let mut bytes = payload.clone();
                    let ascii = mask.apply_noting_ascii(&mut bytes[start..start + len]);
                    assert_eq!(bytes[start..start + len], expected);
                    assert_eq!(bytes[start + len..], payload[start + len..]);
                    assert_eq!(ascii, expected.is_ascii());

                    let mut copied = vec![0; len];
                    copying.copy(clear, &mut copied);
                    assert_eq!(copied, expected);
                    assert_eq!(mask, copying);
                    copied.fill(0);
                    let mut noting = Mask::new(KEY);
                    noting.skip(offset as u64);
                    assert_eq!(noting.copy_noting_ascii(clear, &mut copied), ascii);
                    assert_eq!((&copied, noting), (&expected, mask));
                    assert_eq!(mask.key, xor::key_after(Mask::new(KEY).key, (offset + len) as u64));
                }
            }
        }
    }

    /// Whether a mask finds that `text` is ASCII, in place as in copying.
    fn is_ascii_masked(text: &[u8]) -> bool {
        let mut masked = naive(text, 0);
        let copied = Mask::new(KEY).copy_noting_ascii(&masked, &mut vec![0; text.len()]);
        let in_place = Mask::new(KEY).apply_noting_ascii(&mut masked);
        assert_eq!(copied, in_place, "{text:X?}");
        in_place
    }

    #[test]
    fn one_byte_that_is_not_ascii_is_noticed_wherever_it_is() {
        // Long ones too, which a loop over words masks.
        let lens: Vec<usize> =
            if cfg!(miri) { (0..20).collect() } else { (0..200).chain([512, 600]).collect() };
        for len in lens {
            let ascii = vec![b'a'; len];
            assert!(is_ascii_masked(&ascii));
            assert_eq!(is_ascii_masked(&vec![0x80; len]), len == 0, "all of {len}");
            for at in 0..len {
                let mut text = ascii.clone();
                text[at] = 0x80;
                assert!(!is_ascii_masked(&text), "{at} of {len}");
            }
        }
    }
}
