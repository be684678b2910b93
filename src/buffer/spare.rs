//! Masks a payload into the spare capacity of a buffer that allocates, without filling it with zeros
//! first.
//!
//! There is `unsafe` code here: it says that bytes were written. The loops that write them are safe
//! code, in `ws::xor`.
#![allow(unsafe_code)]

use alloc::vec::Vec;
use core::mem::MaybeUninit;

use super::BufferFull;
use crate::ws::Mask;

/// A buffer with room that holds nothing yet.
pub(super) trait Spare {
    fn len(&self) -> usize;

    /// The room after what the buffer holds.
    fn spare(&mut self) -> &mut [MaybeUninit<u8>];

    /// # Safety
    ///
    /// The first `len` bytes were written.
    unsafe fn set_len(&mut self, len: usize);
}

/// Implements [`Spare`] by methods of the type.
macro_rules! spare {
    ($($buffer:ty),+) => {$(
        impl Spare for $buffer {
            #[inline(always)]
            fn len(&self) -> usize {
                self.len()
            }

            #[inline(always)]
            fn spare(&mut self) -> &mut [MaybeUninit<u8>] {
                self.spare_capacity_mut()
            }

            #[inline(always)]
            unsafe fn set_len(&mut self, len: usize) {
                // SAFETY: the caller's promise is the same.
                unsafe { self.set_len(len) }
            }
        }
    )+};
}

spare!(Vec<u8>);
#[cfg(feature = "bytes")]
spare!(bytes::BytesMut);

/// Appends all of `head`, then all of `payload`, masked, for which the caller has reserved room.
#[inline(always)]
pub(super) fn append_masked(
    buf: &mut impl Spare,
    head: &[u8],
    mut mask: Mask,
    payload: &[u8],
) -> Result<(), BufferFull> {
    let needed = buf.len().saturating_add(head.len() + payload.len());
    let room = buf.spare().get_mut(..head.len() + payload.len());
    let Some((to_head, to_payload)) = room.and_then(|room| room.split_at_mut_checked(head.len()))
    else {
        return Err(BufferFull { needed });
    };
    for (to, byte) in to_head.iter_mut().zip(head) {
        to.write(*byte);
    }
    mask.copy(payload, to_payload);
    // SAFETY: what the buffer held was written before. `needed` did not saturate, as so much room
    // exists. Head and payload are as long as the places that they were copied to, and `Mask::copy`
    // writes every byte.
    unsafe { buf.set_len(needed) };
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Buffer, buffer::sealed::Ours};

    /// Whatever else appends: the default method, which grows with zeros.
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

    /// Appends frames of those lengths, one after the other: wherever they begin in memory.
    fn agrees_with_its_twin(buf: &mut impl Buffer, lens: impl IntoIterator<Item = usize>) {
        let payload: Vec<u8> = (0..1000_u32).map(|i| (i * 167).to_le_bytes()[0]).collect();
        let mut twin = Twin(Vec::new());
        for len in lens {
            let head = &[1, 2, 3, 4, 5][..len % 5];
            let mut mask = Mask::new([0x37, 0xFA, 0x21, 0x3D]);
            mask.skip(len as u64 / 5);
            buf.try_append_masked(head, mask, &payload[..len], Ours).unwrap();
            twin.try_append_masked(head, mask, &payload[..len], Ours).unwrap();
            assert_eq!(buf.as_slice(), twin.as_slice(), "{len}");
        }
    }

    #[test]
    fn every_length_is_masked_as_in_room_that_was_filled_with_zeros() {
        // At least one length for each way of masking.
        let lens: Vec<usize> = if cfg!(miri) {
            (0..36).chain([64, 65, 128, 129, 137]).chain(512..515).collect()
        } else {
            (0..300).chain(500..800).collect()
        };
        agrees_with_its_twin(&mut Vec::new(), lens.clone());
        agrees_with_its_twin(&mut &mut Vec::with_capacity(100), lens.clone());
        #[cfg(feature = "bytes")]
        agrees_with_its_twin(&mut bytes::BytesMut::new(), lens);
    }

    #[test]
    fn without_room_nothing_changes() {
        let mut buf = Vec::new();
        assert_eq!(
            append_masked(&mut buf, b"head", Mask::new([0; 4]), b"payload"),
            Err(BufferFull { needed: 11 })
        );
        assert!(buf.is_empty());
    }
}
