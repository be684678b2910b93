//! Where the streams of a connection are kept.

#[cfg(feature = "alloc")]
use alloc::vec::Vec;

use super::Slot;

/// Storage for the streams of a connection: one [`Slot`] for each that is open at once.
///
/// An array or a slice has a fixed number of slots, and the peer is told so. A `Vec` (feature `alloc`) grows to
/// the number that was open at once at most. Your own storage needs three methods, which always return the same
/// slots, with those that were there in the same places.
pub trait Slots {
    /// The slots.
    fn as_slice(&self) -> &[Slot];

    /// The slots, to be changed.
    fn as_mut_slice(&mut self) -> &mut [Slot];

    /// How many slots there can be.
    fn max_len(&self) -> usize;

    /// Adds empty slots at the end until there are `len`. Returns whether there are as many: storage of a fixed
    /// length has nothing to do.
    fn try_grow(&mut self, len: usize) -> bool {
        len <= self.as_slice().len()
    }
}

impl<const LEN: usize> Slots for [Slot; LEN] {
    #[inline]
    fn as_slice(&self) -> &[Slot] {
        self
    }

    #[inline]
    fn as_mut_slice(&mut self) -> &mut [Slot] {
        self
    }

    fn max_len(&self) -> usize {
        LEN
    }
}

impl Slots for &mut [Slot] {
    #[inline]
    fn as_slice(&self) -> &[Slot] {
        self
    }

    #[inline]
    fn as_mut_slice(&mut self) -> &mut [Slot] {
        self
    }

    fn max_len(&self) -> usize {
        self.len()
    }
}

#[cfg(feature = "alloc")]
impl Slots for Vec<Slot> {
    #[inline]
    fn as_slice(&self) -> &[Slot] {
        self
    }

    #[inline]
    fn as_mut_slice(&mut self) -> &mut [Slot] {
        self
    }

    fn max_len(&self) -> usize {
        usize::MAX
    }

    /// If memory runs out, there is no further slot, and the stream is refused.
    fn try_grow(&mut self, len: usize) -> bool {
        let more = len.saturating_sub(self.len());
        if self.try_reserve_exact(more).is_err() {
            return false;
        }
        self.resize_with(self.len() + more, Slot::new);
        true
    }
}
