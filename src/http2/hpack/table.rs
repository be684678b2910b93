//! The dynamic table: a ring of entries, in storage of the caller's (RFC 7541 §2.3.2, §4).
//!
//! ```text
//! | text: names and values, a ring of `capacity` bytes | records: a ring of one for each entry |
//!
//! record:  | start of the text u16 | length of the name u16 | length of the value u16 | mark u16 |
//! ```
//!
//! An entry counts 32 bytes besides its text (§4.1), so there are at most `capacity / 32` of them.

use crate::Buffer;

/// What an entry counts besides its text (§4.1).
const OVERHEAD: u32 = 32;
/// No table is larger, so that a record is one word.
const MAX_CAPACITY: u32 = 1 << 16;

const fn capacity_of(size: u32) -> u32 {
    if size < MAX_CAPACITY { size } else { MAX_CAPACITY }
}

/// How many bytes of storage a table of `size` needs.
pub(super) const fn storage_len(size: u32) -> usize {
    let capacity = capacity_of(size);
    capacity as usize + (capacity / OVERHEAD) as usize * Record::LEN
}

/// A dynamic table.
#[derive(Clone, Debug)]
pub(super) struct Table<B> {
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
    next_text: u16,
    /// How many entries were ever inserted, modulo 256.
    inserted: u8,
    /// Whether the other end may still have entries that were dropped here for want of storage.
    lost: bool,
}

/// Where the text of an entry is, and its mark: a hash of the encoder's, or facts of the decoder's.
#[derive(Clone, Copy)]
struct Record {
    start: u16,
    name_len: u16,
    value_len: u16,
    mark: u16,
}

impl Record {
    const LEN: usize = 8;

    #[inline]
    const fn parse(bytes: [u8; Self::LEN]) -> Self {
        let word = u64::from_le_bytes(bytes);
        Self {
            start: word as u16,
            name_len: (word >> 16) as u16,
            value_len: (word >> 32) as u16,
            mark: (word >> 48) as u16,
        }
    }

    #[inline]
    const fn to_bytes(self) -> [u8; Self::LEN] {
        let low = self.start as u64 | (self.name_len as u64) << 16;
        let high = self.value_len as u64 | (self.mark as u64) << 16;
        (low | high << 32).to_le_bytes()
    }

    #[inline]
    fn text_len(self) -> usize {
        usize::from(self.name_len) + usize::from(self.value_len)
    }
}

/// An entry whose text is in one piece.
#[derive(Clone, Copy)]
pub(super) struct WholeEntry<'a> {
    /// The name and, right after it, the value.
    pub(super) text: &'a [u8],
    pub(super) name_len: usize,
    pub(super) mark: u16,
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
    pub(super) fn compare(self, name: &[u8], value: &[u8]) -> Option<bool> {
        if !self.tail.is_empty() {
            return self.compare_pieces(name, value);
        }
        let (own_name, own_value) = self.head.split_at_checked(self.name_len)?;
        are_same(own_name, name).then(|| are_same(own_value, value))
    }

    /// Compares an entry that goes over the end of the ring.
    #[cold]
    fn compare_pieces(self, name: &[u8], value: &[u8]) -> Option<bool> {
        if self.name_len != name.len() {
            return None;
        }
        let mut own = self.head.iter().chain(self.tail);
        own.by_ref().take(name.len()).eq(name).then(|| own.eq(value))
    }

    /// Copies the first `to.len()` bytes of the text.
    #[inline]
    pub(super) fn copy_to(&self, to: &mut [u8]) {
        copy(to, self.head);
        copy(to.get_mut(self.head.len()..).unwrap_or_default(), self.tail);
    }
}

/// Copies as much as there is, and as there is room for. The compiler sees that it cannot panic.
#[inline]
pub(super) fn copy(to: &mut [u8], from: &[u8]) {
    let len = to.len().min(from.len());
    if let (Some(to), Some(from)) = (to.get_mut(..len), from.get(..len)) {
        to.copy_from_slice(from);
    }
}

impl<B: Buffer> Table<B> {
    /// An empty table of at most `size` bytes, to be kept in `storage`. Both ends have agreed on `max_size`.
    pub(super) const fn new(storage: B, size: u32, max_size: u32) -> Self {
        Self {
            storage,
            capacity: capacity_of(size),
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
    #[cfg(test)]
    #[cfg(feature = "alloc")]
    pub(super) const fn size(&self) -> u32 {
        self.size
    }

    /// How many entries were ever inserted, modulo 256.
    #[inline]
    pub(super) const fn inserted(&self) -> u8 {
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
            let len = self.record(oldest).map_or(0, Record::text_len);
            self.size = self.size.saturating_sub(entry_size(len));
            self.len = oldest;
        }
    }

    /// Inserts an entry with a mark. [`find`](Self::find) looks at it.
    ///
    /// One that is larger than the table empties it, and that is no error (§4.4).
    pub(super) fn insert(&mut self, name: &[u8], value: &[u8], mark: u16) {
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
        // All of them are below the capacity.
        let (name_len, value_len) = (name.len() as u16, value.len() as u16);
        self.set_record(self.next_record as usize, Record { start, name_len, value_len, mark });
        self.next_record =
            if self.next_record + 1 < self.max_len() { self.next_record + 1 } else { 0 };
        self.inserted = self.inserted.wrapping_add(1);
        self.size += size;
        self.len += 1;
    }

    #[inline]
    fn set_record(&mut self, place: usize, record: Record) {
        let records = self.storage.as_mut_slice().get_mut(self.capacity as usize..);
        let (records, _) = records.unwrap_or_default().as_chunks_mut();
        if let Some(to) = records.get_mut(place) {
            *to = record.to_bytes();
        }
    }

    /// Marks the entry with this index, 0 being the newest, if there is one.
    pub(super) fn set_mark(&mut self, index: u32, mark: u16) {
        if index < self.len
            && let Some(record) = self.record(index)
        {
            self.set_record(self.place_of(index), Record { mark, ..record });
        }
    }

    /// How many entries there can be.
    #[inline]
    const fn max_len(&self) -> u32 {
        self.capacity / OVERHEAD
    }

    /// Whether there is storage for a table of `capacity`. It is taken at the first call.
    #[inline]
    pub(super) fn has_storage(&mut self) -> bool {
        let needed = storage_len(self.capacity);
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
    fn put_text(&mut self, start: u16, text: &[u8]) -> u16 {
        let Some(ring) = self.storage.as_mut_slice().get_mut(..self.capacity as usize) else {
            return start;
        };
        let start = usize::from(start);
        if let Some(to) = ring.get_mut(start..start + text.len()) {
            copy(to, text);
            let end = start + text.len();
            return if end == ring.len() { 0 } else { end as u16 };
        }
        let Some((head, tail)) = text.split_at_checked(ring.len().saturating_sub(start)) else {
            return start as u16;
        };
        copy(ring.get_mut(start..).unwrap_or_default(), head);
        copy(ring, tail);
        tail.len() as u16
    }

    /// The ring of text, and that of records. Both are empty as long as there is no storage.
    #[inline]
    fn rings(&self) -> (&[u8], &[[u8; Record::LEN]]) {
        let rings = self.storage.as_slice().split_at_checked(self.capacity as usize);
        rings.map_or((&[], &[]), |(text, records)| (text, records.as_chunks().0))
    }

    /// The place of the record of the entry with this index, 0 being the newest. It is below `len`.
    #[inline]
    const fn place_of(&self, index: u32) -> usize {
        let newer = index + 1;
        let place = self.next_record.wrapping_sub(newer);
        let wrapped = if newer > self.next_record { self.max_len() } else { 0 };
        place.wrapping_add(wrapped) as usize
    }

    #[inline]
    fn record(&self, index: u32) -> Option<Record> {
        self.rings().1.get(self.place_of(index)).copied().map(Record::parse)
    }

    /// The entry with this index, 0 being the newest, unless its text goes over the end of the ring.
    #[inline]
    pub(super) fn whole_entry(&self, index: u32) -> Option<WholeEntry<'_>> {
        if index >= self.len {
            return None;
        }
        let (ring, records) = self.rings();
        let record = Record::parse(*records.get(self.place_of(index))?);
        let text = ring.get(usize::from(record.start)..)?.get(..record.text_len())?;
        Some(WholeEntry { text, name_len: record.name_len.into(), mark: record.mark })
    }

    /// The text of the entry with this index, 0 being the newest.
    #[inline]
    pub(super) fn entry(&self, index: u32) -> Option<EntryText<'_>> {
        if index >= self.len {
            return None;
        }
        let (ring, records) = self.rings();
        let record = Record::parse(*records.get(self.place_of(index))?);
        let (start, name_len) = (usize::from(record.start), usize::from(record.name_len));
        let (_, text) = ring.split_at_checked(start)?;
        let (head, tail) = match text.get(..record.text_len()) {
            Some(head) => (head, &[][..]),
            None => (text, ring.get(..record.text_len() - text.len())?),
        };
        Some(EntryText { head, tail, name_len })
    }

    /// Finds the newest entry whose mark agrees with `hash` in the bits of `mask`, and that `is` the right
    /// one.
    pub(super) fn find(
        &self,
        mask: u16,
        hash: u16,
        is: impl Fn(EntryText<'_>) -> bool,
    ) -> Option<u32> {
        (0..self.len).find(|&index| {
            self.record(index).is_some_and(|record| (record.mark ^ hash) & mask == 0)
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
    match a.len() {
        0..4 => a.iter().zip(b).all(|(a, b)| a == b),
        4..8 => have_same_ends::<4>(a, b),
        8..=16 => have_same_ends::<8>(a, b),
        _ => {
            have_same_ends::<16>(a, b)
                && a.as_chunks::<16>().0.iter().zip(b.as_chunks().0).skip(1).all(|(a, b)| a == b)
        }
    }
}

/// Whether the first and the last `LEN` bytes are the same. They may overlap.
#[inline]
fn have_same_ends<const LEN: usize>(a: &[u8], b: &[u8]) -> bool {
    a.first_chunk::<LEN>() == b.first_chunk() && a.last_chunk::<LEN>() == b.last_chunk()
}

/// The size of an entry whose text has `len` bytes (§4.1).
#[inline]
pub(super) fn entry_size(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX).saturating_add(OVERHEAD)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_differ_in_a_byte_are_told_apart() {
        let text = [7; 40];
        for len in 0..text.len() {
            let (text, longer) = (&text[..len], &text[..=len]);
            assert!(are_same(text, text) && !are_same(text, longer));
            for at in 0..len {
                let mut other = [7; 40];
                other[at] ^= 1;
                assert!(!are_same(text, &other[..len]), "{at} of {len}");
            }
        }
    }
}
