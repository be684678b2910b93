//! Where an assembler keeps the strings of an event.

use core::fmt;

use super::Limits;
use crate::debug::Payload;
use crate::{Buffer, SliceBuf};

/// Where an [`Assembler`](super::Assembler) keeps the strings of an event, each in a buffer of its own.
///
/// `B` is the buffer for data, and `S` those for a type and for IDs.
///
/// With buffers that can grow, [`Storage::default`] takes no memory until there is something to
/// keep. Without an allocator, arrays own their bytes, or [`Storage::in_slice`] divides a slice.
///
/// ```
/// use framewright::ArrayBuf;
/// use framewright::sse::{Limits, Storage};
///
/// let growing: Storage<Vec<u8>> = Storage::default();
/// let owned: Storage<ArrayBuf<800>, ArrayBuf<64>> = Storage::default();
///
/// const LIMITS: Limits = Limits::new().max_type_len(32).max_id_len(64);
/// let mut memory = [0; 1024]; // 32 for a type, three times 64 for IDs, and 800 for data
/// let fixed = Storage::in_slice(&mut memory, &LIMITS);
/// ```
#[derive(Clone, Default)]
pub struct Storage<B, S = B> {
    /// The current event's data.
    pub data: B,
    /// The current event's type.
    pub event_type: S,
    /// The last event ID, the current event's ID, and one that has not arrived completely. The
    /// buffers swap roles.
    pub ids: [S; 3],
}

impl<'a> Storage<SliceBuf<'a>> {
    /// Divides `slice`: first as much as the limits allow for a type and three IDs, then the rest for
    /// data.
    ///
    /// The slice may be too short for that. An event that finds no room is lost.
    pub fn in_slice(slice: &'a mut [u8], limits: &Limits) -> Self {
        let mut rest = slice;
        let mut take = |len: u64| {
            let len = usize::try_from(len).unwrap_or(usize::MAX).min(rest.len());
            SliceBuf::new(rest.split_off_mut(..len).unwrap_or_default())
        };
        Self {
            event_type: take(limits.max_type_len),
            ids: [(); 3].map(|()| take(limits.max_id_len)),
            data: take(u64::MAX),
        }
    }
}

impl<B: Buffer, S: Buffer> fmt::Debug for Storage<B, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { data, event_type, ids } = self;
        f.debug_struct("Storage")
            .field("data", &Payload(data.as_slice()))
            .field("event_type", &Payload(event_type.as_slice()))
            .field("ids", &ids.each_ref().map(|id| Payload(id.as_slice())))
            .finish()
    }
}
