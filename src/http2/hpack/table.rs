//! The dynamic table: a ring of entries, in storage of the caller's (RFC 7541 §2.3.2, §4).
//!
//! ```text
//! | text: names and values, a ring of `capacity` bytes | records: a ring of one for each entry |
//!
//! record:  | start of the text u32 | length of the name u32 | hash u32, in an encoder's table |
//! ```
//!
//! The text of an entry ends where that of the next one starts. An entry counts 32 bytes besides its text
//! (§4.1), so there are at most `capacity / 32` of them.

use crate::Buffer;

/// What an entry counts besides its text (§4.1).
const OVERHEAD: u32 = 32;
/// Length in bytes of a decoder's record.
pub(super) const PLAIN: usize = 8;
/// Length in bytes of an encoder's record.
pub(super) const HASHED: usize = 12;

/// How many bytes of storage a table of `capacity` needs, with records of `RECORD` bytes.
pub(super) const fn storage_len<const RECORD: usize>(capacity: u32) -> usize {
    let records = (capacity / OVERHEAD) as usize;
    (capacity as usize).saturating_add(records.saturating_mul(RECORD))
}

/// A dynamic table. `RECORD` is the length of a record.
#[derive(Clone, Debug)]
pub(super) struct Table<B, const RECORD: usize> {
    /// Nothing, or as many bytes as [`storage_len`] says.
    storage: B,
    /// The largest size that there is storage for.
    capacity: u32,
    /// The largest size that both ends have agreed on (§4.2). It may be more.
    max_size: u32,
    size: u32,
    len: u32,
    /// The record that is written next.
    next_record: u32,
    /// Where the text of the next entry starts.
    next_text: u32,
    /// How many entries were ever inserted, modulo 2³².
    inserted: u32,
    /// Whether the other end may still have entries that were dropped here for want of storage.
    lost: bool,
}

/// The text of an entry, in two pieces if it goes over the end of the ring.
#[derive(Clone, Copy)]
pub(super) struct EntryText<'a> {
    pub(super) head: &'a [u8],
    pub(super) tail: &'a [u8],
    pub(super) name_len: usize,
}

impl EntryText<'_> {
    #[inline]
    pub(super) const fn len(&self) -> usize {
        self.head.len() + self.tail.len()
    }

    /// Compares the entry with a field. Returns whether the values are the same, or `None` if the names
    /// differ.
    #[inline]
    pub(super) fn compare(&self, name: &[u8], value: &[u8]) -> Option<bool> {
        if self.name_len != name.len() {
            return None;
        }
        if !self.tail.is_empty() {
            return self.compare_pieces(name, value);
        }
        let (own_name, own_value) = self.head.split_at_checked(name.len())?;
        are_same(own_name, name).then(|| are_same(own_value, value))
    }

    /// Compares an entry that goes over the end of the ring.
    #[cold]
    fn compare_pieces(&self, name: &[u8], value: &[u8]) -> Option<bool> {
        let mut own = self.head.iter().chain(self.tail);
        own.by_ref().take(name.len()).eq(name).then(|| own.eq(value))
    }

    /// Copies the first `to.len()` bytes of the text.
    #[inline]
    pub(super) fn copy_to(&self, to: &mut [u8]) {
        let (to_head, to_tail) = to.split_at_mut(self.head.len().min(to.len()));
        to_head.copy_from_slice(self.head.get(..to_head.len()).unwrap_or_default());
        let len = to_tail.len().min(self.tail.len());
        if let (Some(to), Some(from)) = (to_tail.get_mut(..len), self.tail.get(..len)) {
            to.copy_from_slice(from);
        }
    }
}

impl<B: Buffer, const RECORD: usize> Table<B, RECORD> {
    /// An empty table of at most `capacity` bytes, to be kept in `storage`. Both ends have agreed on
    /// `max_size`.
    pub(super) const fn new(storage: B, capacity: u32, max_size: u32) -> Self {
        Self {
            storage,
            capacity,
            max_size,
            size: 0,
            len: 0,
            next_record: 0,
            next_text: 0,
            inserted: 0,
            lost: false,
        }
    }

    pub(super) const fn capacity(&self) -> u32 {
        self.capacity
    }

    pub(super) const fn max_size(&self) -> u32 {
        self.max_size
    }

    /// The size of all entries (§4.1).
    #[cfg(all(test, feature = "alloc"))]
    pub(super) const fn size(&self) -> u32 {
        self.size
    }

    /// How many entries were ever inserted, modulo 2³².
    #[inline]
    pub(super) const fn inserted(&self) -> u32 {
        self.inserted
    }

    /// Whether the other end may have entries that are not here.
    pub(super) const fn has_lost(&self) -> bool {
        self.lost
    }

    /// Changes the largest size, and drops entries until the table is no larger (§4.3).
    pub(super) fn set_max_size(&mut self, max_size: u32) {
        self.max_size = max_size;
        self.make_room(0);
        // The other end has no more than what fits here.
        self.lost = self.lost && max_size > self.capacity;
    }

    /// Drops entries from the oldest on until there is room for one of `size` (§4.4).
    fn make_room(&mut self, size: u32) {
        let limit = self.max_size.min(self.capacity);
        while self.len > 0 && self.size > limit.saturating_sub(size) {
            if self.max_size > self.capacity && self.size <= self.max_size.saturating_sub(size) {
                self.lost = true;
            }
            let oldest = self.len - 1;
            let len = self.entry(oldest).map_or(0, |entry| entry.len());
            self.size = self.size.saturating_sub(entry_size(len));
            self.len = oldest;
        }
    }

    /// Inserts an entry. `hash` is kept if records have one.
    ///
    /// One that is larger than the table empties it, and that is no error (§4.4).
    pub(super) fn insert(&mut self, name: &[u8], value: &[u8], hash: u32) {
        let size = entry_size(name.len().saturating_add(value.len()));
        self.make_room(size);
        if size > self.max_size {
            return;
        }
        if size > self.capacity || !self.has_storage() {
            self.lost = true;
            return;
        }
        let start = self.next_text;
        self.next_text = self.put_text(start, name);
        self.next_text = self.put_text(self.next_text, value);
        let record = (self.capacity as usize)
            .saturating_add((self.next_record as usize).saturating_mul(RECORD));
        let numbers = [start, name.len() as u32, hash].map(u32::to_le_bytes);
        let bytes = numbers.as_flattened();
        if let (Some(to), Some(from)) =
            (self.storage.as_mut_slice().get_mut(record..record + RECORD), bytes.get(..RECORD))
        {
            to.copy_from_slice(from);
        }
        self.next_record = self.record_after(self.next_record);
        self.inserted = self.inserted.wrapping_add(1);
        self.size += size;
        self.len += 1;
    }

    /// Whether there is storage for a table of `capacity`. It is taken at the first call.
    #[inline]
    pub(super) fn has_storage(&mut self) -> bool {
        let needed = storage_len::<RECORD>(self.capacity);
        let held = self.storage.as_slice().len();
        held >= needed || self.take_storage(needed)
    }

    #[cold]
    fn take_storage(&mut self, needed: usize) -> bool {
        self.storage.clear();
        self.storage.try_grow(needed).is_ok()
    }

    /// Writes text to the ring. Returns where it ends.
    #[inline]
    fn put_text(&mut self, start: u32, text: &[u8]) -> u32 {
        let Some(ring) = self.storage.as_mut_slice().get_mut(..self.capacity as usize) else {
            return start;
        };
        let start = start as usize;
        if let Some(to) = ring.get_mut(start..start + text.len()) {
            to.copy_from_slice(text);
            let end = start + text.len();
            return if end == ring.len() { 0 } else { end as u32 };
        }
        let Some((head, tail)) = text.split_at_checked(ring.len().saturating_sub(start)) else {
            return start as u32;
        };
        if let Some(to) = ring.get_mut(start..) {
            to.copy_from_slice(head);
        }
        if let Some(to) = ring.get_mut(..tail.len()) {
            to.copy_from_slice(tail);
        }
        tail.len() as u32
    }

    #[inline]
    const fn record_after(&self, record: u32) -> u32 {
        let next = record + 1;
        if next >= self.capacity / OVERHEAD { 0 } else { next }
    }

    /// The place of the record of the entry with this index, 0 being the newest. It is below `len`.
    #[inline]
    const fn record_of(&self, index: u32) -> u32 {
        if index < self.next_record {
            self.next_record - 1 - index
        } else {
            (self.capacity / OVERHEAD).saturating_add(self.next_record).saturating_sub(1 + index)
        }
    }

    #[inline]
    fn record(&self, record: u32) -> Option<&[u8; RECORD]> {
        // Not `as_chunks`, which divides.
        let at = (self.capacity as usize).checked_add((record as usize).checked_mul(RECORD)?)?;
        self.storage.as_slice().get(at..)?.first_chunk()
    }

    /// The text of the entry with this index, 0 being the newest.
    #[inline]
    pub(super) fn entry(&self, index: u32) -> Option<EntryText<'_>> {
        if index >= self.len {
            return None;
        }
        let place = self.record_of(index);
        let record = self.record(place)?;
        let (start, name_len) = (number(record, 0)? as usize, number(record, 4)? as usize);
        let end = match index {
            0 => self.next_text,
            _ => number(self.record(self.record_after(place))?, 0)?,
        } as usize;
        let ring = self.storage.as_slice().get(..self.capacity as usize)?;
        let (head, tail) = match ring.get(start..end) {
            Some(head) => (head, &[][..]),
            None => (ring.get(start..)?, ring.get(..end)?),
        };
        Some(EntryText { head, tail, name_len })
    }
}

impl<B: Buffer> Table<B, HASHED> {
    /// Finds the newest entry whose hash agrees with `hash` in the bits of `mask`, and that `is` the right
    /// one.
    #[inline]
    pub(super) fn find(
        &self,
        mask: u32,
        hash: u32,
        is: impl Fn(EntryText<'_>) -> bool,
    ) -> Option<u32> {
        (0..self.len).find(|&index| {
            let found = self.record(self.record_of(index)).and_then(|record| number(record, 8));
            found.is_some_and(|found| (found ^ hash) & mask == 0)
                && self.entry(index).is_some_and(&is)
        })
    }
}

/// Whether two texts are the same. Most are short, and a call of `memcmp` takes longer than this.
#[inline]
pub(super) fn are_same(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    match (a.last_chunk::<8>(), b.last_chunk::<8>()) {
        // The last eight bytes may overlap those before.
        (Some(last), Some(other)) => {
            last == other && a.as_chunks::<8>().0.iter().zip(b.as_chunks().0).all(|(a, b)| a == b)
        }
        _ => a.iter().zip(b).all(|(a, b)| a == b),
    }
}

/// The number at `at` in a record.
#[inline]
fn number(record: &[u8], at: usize) -> Option<u32> {
    record.get(at..)?.first_chunk().map(|bytes| u32::from_le_bytes(*bytes))
}

/// The size of an entry whose text has `len` bytes (§4.1).
#[inline]
pub(super) fn entry_size(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX).saturating_add(OVERHEAD)
}
