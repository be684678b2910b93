//! Where the streams of a connection are kept.

#[cfg(feature = "alloc")]
use alloc::vec::Vec;

use super::Slot;

/// Storage for the streams of a connection: one [`Slot`] for each that is open at once.
///
/// An array or a slice has a fixed number of slots, and the peer is told so. A `Vec` (feature `alloc`) grows when
/// more streams are open at once than ever before. Storage of your own needs three methods. A slot that was there
/// once always stays at its index.
///
/// ```
/// use framewright::http2::{Slot, Slots};
///
/// let mut slots = vec![Slot::new()];
/// assert_eq!((slots.as_slice().len(), slots.try_grow(3)), (1, true));
/// assert!(slots.as_slice().len() >= 3);
/// ```
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

/// All that a connection keeps outside of itself: the tables of HPACK (RFC 7541 §2.3.2), and a slot for each
/// stream.
///
/// Nothing allocates if nothing here does:
///
/// ```
/// use framewright::http2::{Connection, Limits, Server, Slot, Storage, hpack};
/// use framewright::{ArrayBuf, Buffer};
///
/// const TABLE: usize = hpack::storage_len(4096);
///
/// /// Four streams at once.
/// struct Session {
///     connection: Connection<Server, ArrayBuf<TABLE>, [Slot; 4]>,
///     head: ArrayBuf<2048>,
///     out: ArrayBuf<1024>,
/// }
///
/// let storage = Storage {
///     decoder_table: ArrayBuf::new(),
///     decoder_table_size: 4096,
///     encoder_table: ArrayBuf::new(),
///     encoder_table_size: 0, // only what is in the static table is compressed
///     slots: [const { Slot::new() }; 4],
/// };
/// let limits = Limits::new().max_head_len(2048).max_send_len(512);
/// let mut session = Session {
///     connection: Connection::server(storage, limits),
///     head: ArrayBuf::new(),
///     out: ArrayBuf::new(),
/// };
/// assert!(session.connection.transmit(&mut session.out)); // our settings
/// ```
#[derive(Clone, Debug)]
pub struct Storage<B, S> {
    /// For the table that heads are decoded with: [`storage_len`](super::hpack::storage_len) says how many bytes.
    pub decoder_table: B,
    /// The size of that table, which the peer is told. A server should have 4096: until a client knows the
    /// settings, it may fill as many.
    pub decoder_table_size: u32,
    /// For the table that heads are encoded with: [`storage_len`](super::hpack::storage_len) says how many bytes.
    pub encoder_table: B,
    /// The size of that table. The peer may allow less.
    pub encoder_table_size: u32,
    /// One for each stream that can be open at once.
    pub slots: S,
}

#[cfg(feature = "alloc")]
impl Storage<Vec<u8>, Vec<Slot>> {
    /// Storage that grows as it is needed, with tables of 4096 bytes.
    ///
    /// It takes nothing at first. Each table takes 5 KiB with its first entry, and a slot 48 bytes.
    pub const fn new() -> Self {
        Self {
            decoder_table: Vec::new(),
            decoder_table_size: 4096,
            encoder_table: Vec::new(),
            encoder_table_size: 4096,
            slots: Vec::new(),
        }
    }
}

#[cfg(feature = "alloc")]
impl Default for Storage<Vec<u8>, Vec<Slot>> {
    fn default() -> Self {
        Self::new()
    }
}
