//! What a decoder takes payloads off: input that is unmasked in place, or only read.

use core::ops::Deref;

/// Bytes that a decoder takes from the front. The steps of the decoder are the same for both kinds.
pub(super) trait Input: Default + Deref<Target = [u8]> {
    /// Takes the first `len` bytes off, or returns `None` and takes none if there are fewer.
    fn take_front(&mut self, len: usize) -> Option<Self>;

    /// The bytes after the first `len`; `None` if there are fewer.
    fn skip_front(self, len: usize) -> Option<Self>;
}

impl Input for &[u8] {
    #[inline(always)]
    fn take_front(&mut self, len: usize) -> Option<Self> {
        self.split_off(..len)
    }

    #[inline(always)]
    fn skip_front(self, len: usize) -> Option<Self> {
        self.get(len..)
    }
}

impl Input for &mut [u8] {
    #[inline(always)]
    fn take_front(&mut self, len: usize) -> Option<Self> {
        self.split_off_mut(..len)
    }

    #[inline(always)]
    fn skip_front(self, len: usize) -> Option<Self> {
        self.get_mut(len..)
    }
}
