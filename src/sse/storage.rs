use super::Limits;
use crate::SliceBuf;

/// Where an [`Assembler`](super::Assembler) keeps what it must: one buffer for each string that has
/// a life of its own.
///
/// With buffers that can grow, [`Storage::default`] takes no memory until there is something to
/// keep. Without an allocator, [`Storage::in_slice`] divides a slice.
///
/// ```
/// use framewright::sse::{Limits, Storage};
///
/// let growing: Storage<Vec<u8>> = Storage::default();
///
/// const LIMITS: Limits = Limits::new().max_type_len(32).max_id_len(64);
/// let mut memory = [0; 1024]; // 32 for a type, thrice 64 for IDs: 800 are left for data
/// let fixed = Storage::in_slice(&mut memory, &LIMITS);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Storage<B> {
    /// The data of the event under way.
    pub data: B,
    /// The type of the event under way.
    pub event_type: B,
    /// The last event ID, the one that the event under way brings, and one that has not come as a
    /// whole, in turns.
    pub ids: [B; 3],
}

impl<'a> Storage<SliceBuf<'a>> {
    /// Divides `slice`: as much as the limits allow for a type and three IDs, the rest for data.
    ///
    /// If it is too short for that, what comes first in this list is, and an event that does not fit
    /// is lost.
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
