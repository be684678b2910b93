//! A few bytes held in place, without an allocator.

use core::fmt;
use core::ops::Deref;

/// Up to `N` bytes, at most 255. Dereferences to those that are there.
#[derive(Clone, Copy)]
pub(crate) struct Inline<const N: usize> {
    bytes: [u8; N],
    len: u8,
}

impl<const N: usize> Inline<N> {
    /// No bytes.
    pub(crate) const EMPTY: Self = {
        assert!(N <= u8::MAX as usize, "the length fits in its byte");
        Self { bytes: [0; N], len: 0 }
    };

    /// The bytes that are there.
    #[inline]
    pub(crate) const fn as_slice(&self) -> &[u8] {
        match self.bytes.split_at_checked(self.len as usize) {
            Some((bytes, _)) => bytes,
            None => &[],
        }
    }

    /// The bytes as text; empty if they are not UTF-8.
    #[inline]
    pub(crate) const fn as_str(&self) -> &str {
        if self.is_empty() {
            return "";
        }
        match core::str::from_utf8(self.as_slice()) {
            Ok(text) => text,
            Err(_) => "",
        }
    }

    /// How many bytes there are.
    #[inline]
    pub(crate) const fn len(&self) -> usize {
        self.len as usize
    }

    /// Whether there is no byte. Asking the slice costs one more comparison.
    #[inline]
    pub(crate) const fn is_empty(&self) -> bool {
        self.len == 0
    }

    #[inline]
    pub(crate) const fn is_full(&self) -> bool {
        self.len() == N
    }

    /// Drops every byte.
    #[inline]
    pub(crate) const fn clear(&mut self) {
        self.len = 0;
    }

    /// Appends one byte. Returns whether there was room for it.
    #[inline]
    pub(crate) const fn push(&mut self, byte: u8) -> bool {
        let Some((_, [free, ..])) = self.bytes.split_at_mut_checked(self.len as usize) else {
            return false;
        };
        *free = byte;
        self.len += 1;
        true
    }

    /// Appends `bytes`, or changes nothing. Returns whether there was room for them.
    #[inline]
    pub(crate) const fn try_append(&mut self, bytes: &[u8]) -> bool {
        let Some((_, free)) = self.bytes.split_at_mut_checked(self.len as usize) else {
            return false;
        };
        let Some((to, _)) = free.split_at_mut_checked(bytes.len()) else { return false };
        to.copy_from_slice(bytes);
        // No more than `N`, which fits.
        #[expect(clippy::cast_possible_truncation, reason = "there was room for as many")]
        let added = bytes.len() as u8;
        self.len += added;
        true
    }

    /// Appends `len` bytes for the caller to overwrite, or changes nothing. Returns them if there was room.
    #[inline]
    pub(crate) fn try_grow(&mut self, len: usize) -> Option<&mut [u8]> {
        let fresh = self.bytes.get_mut(self.len as usize..)?.get_mut(..len)?;
        // No more than `N`, which fits.
        self.len += u8::try_from(len).ok()?;
        Some(fresh)
    }

    /// Moves bytes from the front of `input` to the end, as far as there is room. Returns whether
    /// it is full.
    #[inline]
    pub(crate) fn fill_from(&mut self, input: &mut &[u8]) -> bool {
        let missing = N - self.len().min(N);
        let taken = input.split_off(..missing.min(input.len())).unwrap_or_default();
        self.try_append(taken);
        self.is_full()
    }

    /// The whole array, if every byte of it is there.
    #[inline]
    pub(crate) const fn as_array(&self) -> Option<&[u8; N]> {
        if self.is_full() { Some(&self.bytes) } else { None }
    }
}

impl Inline<20> {
    /// `number` in decimal digits.
    pub(crate) fn decimal(mut number: u64) -> Self {
        let mut digits = [0; 20];
        let mut start = digits.len();
        for digit in digits.iter_mut().rev() {
            *digit = b'0' + u8::try_from(number % 10).unwrap_or_default();
            number /= 10;
            start -= 1;
            if number == 0 {
                break;
            }
        }
        let mut text = Self::EMPTY;
        text.try_append(digits.get(start..).unwrap_or_default());
        text
    }
}

impl<const N: usize> PartialEq for Inline<N> {
    fn eq(&self, other: &Self) -> bool {
        self.as_slice() == other.as_slice()
    }
}

impl<const N: usize> Eq for Inline<N> {}

impl<const N: usize> Deref for Inline<N> {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        self.as_slice()
    }
}

/// What does not fit is an error.
impl<const N: usize> fmt::Write for Inline<N> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if self.try_append(text.as_bytes()) { Ok(()) } else { Err(fmt::Error) }
    }
}

impl<const N: usize> fmt::Debug for Inline<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.escape_ascii())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_takes_what_fits_and_no_more() {
        let mut bytes = Inline::<4>::EMPTY;
        assert!(bytes.try_append(b"ab") && !bytes.try_append(b"cde"));
        assert_eq!((&*bytes, bytes.as_array()), (&b"ab"[..], None));
        assert!(bytes.push(b'c'));
        let mut input = &b"def"[..];
        assert!(bytes.fill_from(&mut input) && bytes.is_full());
        assert_eq!((bytes.as_array(), input), (Some(b"abcd"), &b"ef"[..]));
        assert!(!bytes.push(b'e') && bytes.try_append(b""));
        assert_eq!(bytes.as_str(), "abcd");
        assert_eq!(bytes.try_grow(1), None);
        bytes.clear();
        bytes.try_grow(3).unwrap().copy_from_slice(b"xyz");
        assert_eq!(bytes.try_grow(2), None);
        assert!(bytes.try_grow(0).is_some_and(|fresh| fresh.is_empty()));
        assert_eq!(bytes.as_str(), "xyz");
        bytes.clear();
        assert_eq!(bytes.len(), 0);
        assert!(bytes.push(0xFF));
        assert_eq!(bytes.as_str(), "");
    }

    #[test]
    fn a_number_is_printed_in_decimal() {
        for number in [0, 9, 10, 123, u64::MAX] {
            assert_eq!(Inline::decimal(number).as_str(), std::format!("{number}"));
        }
    }
}
