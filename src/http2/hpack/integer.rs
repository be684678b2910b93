//! Integers with a prefix in a byte that has other bits too (RFC 7541 §5.1).

use crate::http2::Error;

/// No integer has more bytes after the first.
const MAX_MORE: u8 = 5;

/// An integer whose first byte was not enough, as far as it has come.
#[derive(Clone, Copy, Debug)]
pub(super) struct LongInteger {
    value: u32,
    /// How many bytes came after the first.
    more: u8,
}

impl LongInteger {
    /// An integer whose prefix is all ones. `prefix` is the value of that.
    pub(super) const fn new(prefix: u8) -> Self {
        Self { value: prefix as u32, more: 0 }
    }

    /// Takes the next bytes off `input`. Returns the integer when it is complete.
    ///
    /// Stricter than the standard, which sets no limit: integers are below 2³², in five more bytes at most.
    pub(super) fn receive(&mut self, input: &mut &[u8]) -> Result<Option<u32>, Error> {
        while let Some(&byte) = input.split_off_first() {
            if self.more == MAX_MORE {
                return Err(Error::Integer);
            }
            let value = u64::from(self.value) + (u64::from(byte & 0x7F) << (7 * self.more));
            self.value = u32::try_from(value).map_err(|_| Error::Integer)?;
            self.more += 1;
            if byte < 0x80 {
                return Ok(Some(self.value));
            }
        }
        Ok(None)
    }
}

/// The longest integer to be written, in bytes.
pub(super) const MAX_INTEGER_LEN: usize = 1 + MAX_MORE as usize;

/// Writes `value` to the front of `out`, with `first` in the bits above a prefix of `bits`. Returns how many
/// bytes it took.
#[inline]
pub(super) fn encode(value: u32, first: u8, bits: u32, out: &mut [u8]) -> usize {
    let max = (1_u32 << bits) - 1;
    let mut out = out.iter_mut();
    let mut len = 0;
    let mut put = |byte: u8| {
        if let Some(to) = out.next() {
            *to = byte;
            len += 1;
        }
    };
    if value < max {
        put(first | value as u8);
        return len;
    }
    put(first | max as u8);
    let mut rest = value - max;
    while rest >= 0x80 {
        put(rest as u8 | 0x80);
        rest >>= 7;
    }
    put(rest as u8);
    len
}

#[cfg(test)]
#[cfg(feature = "alloc")]
mod tests {
    use std::vec::Vec;

    use super::*;

    fn decoded(mut bytes: &[u8], bits: u32) -> Result<Option<u32>, Error> {
        let max = (1_u16 << bits) as u8 - 1;
        match bytes.split_off_first().map(|first| first & max) {
            Some(prefix) if prefix == max => LongInteger::new(prefix).receive(&mut bytes),
            value => Ok(value.map(u32::from)),
        }
    }

    /// Appendix C.1.
    #[test]
    fn the_examples_of_the_standard_go_both_ways() {
        for (value, bits, bytes) in
            [(10, 5, &[0b01010][..]), (1337, 5, &[31, 0x9A, 10]), (42, 7, &[42])]
        {
            let mut out = [0; MAX_INTEGER_LEN];
            let len = encode(value, 0, bits, &mut out);
            assert_eq!(&out[..len], bytes);
            assert_eq!(decoded(bytes, bits), Ok(Some(value)));
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let edges = (0..32).flat_map(|shift| [(1_u32 << shift) - 1, 1 << shift, (1 << shift) + 1]);
        let values: Vec<u32> = edges.chain(120..400).chain([u32::MAX - 1, u32::MAX]).collect();
        for bits in 4..=7 {
            for &value in &values {
                let mut out = [0; MAX_INTEGER_LEN];
                let len = encode(value, 0, bits, &mut out);
                assert_eq!(decoded(&out[..len], bits), Ok(Some(value)), "{value} in {bits}");
                for cut in 0..len {
                    assert_eq!(decoded(&out[..cut], bits), Ok(None));
                }
            }
        }
    }

    #[test]
    fn long_integers_are_legal_and_large_ones_are_not() {
        assert_eq!(decoded(b"\x1F\x80\x80\x80\x80\x00", 5), Ok(Some(31)));
        assert_eq!(decoded(b"\x1F\x80\x80\x80\x80\x80", 5), Ok(None));
        assert_eq!(decoded(b"\x1F\x80\x80\x80\x80\x80\x00", 5), Err(Error::Integer));
        // 2³² − 1, and one more.
        assert_eq!(decoded(b"\x1F\xE0\xFF\xFF\xFF\x0F", 5), Ok(Some(u32::MAX)));
        assert_eq!(decoded(b"\x1F\xE1\xFF\xFF\xFF\x0F", 5), Err(Error::Integer));
        assert_eq!(decoded(b"\x1F\xFF\xFF\xFF\xFF\x7F", 5), Err(Error::Integer));
    }
}
