//! From fields to field blocks.

mod repeated;

pub(in crate::http2) use repeated::{RepeatedBlock, Repeats};

use core::fmt;

use super::fixed::{STATIC_LEN, StaticEntry};
use super::integer::{self, MAX_INTEGER_LEN};
use super::policy::LiteralKind;
use super::table::{Table, WholeEntry, are_same, entry_size};
use super::{INITIAL_SIZE, huffman};
use crate::http::{FieldValue, Fields};
use crate::{Buffer, BufferFull};

/// Encodes lists of fields to field blocks.
///
/// `B` is the storage of its table: [`storage_len`](super::storage_len) says how long it has to be. Without storage,
/// only the static table is used.
///
/// What repeats is put in the table. Values that change with every message, as `content-length` does, and
/// paths with a query are not. `authorization`, `set-cookie`, short cookies and what is marked as
/// [sensitive](FieldValue::sensitive) go as literals that no table may ever hold (§7.1.3).
///
/// ```
/// use framewright::http2::hpack::Encoder;
///
/// let mut encoder = Encoder::new(Vec::new(), 4096);
/// let fields = [("te", "trailers")];
/// encoder.encode(&fields.iter(), &mut Vec::new())?;
/// let mut again = Vec::new();
/// encoder.encode(&fields.iter(), &mut again)?;
/// assert_eq!(again, [0x80 | 62]); // the first entry of the dynamic table (§2.3.3)
/// # Ok::<(), framewright::BufferFull>(())
/// ```
#[derive(Clone)]
pub struct Encoder<B> {
    table: Table<B>,
    /// The size that the other end knows of.
    told_size: u32,
    /// The smallest size since then.
    smallest_size: u32,
    /// Where fields were found last, by [`memory_of`] their names.
    memory: [Place; MEMORY_LEN],
}

const MEMORY_LEN: usize = 64;

/// Where in the memory a name has its place: a hash of its length, and of the four bytes at each end. Not
/// even [`hash`] would be cheap enough, since every field of a head that repeats takes this.
#[inline]
fn memory_of(name: &[u8]) -> usize {
    let [head, tail] = match (name.first_chunk(), name.last_chunk()) {
        (Some(head), Some(tail)) => [*head, *tail].map(u32::from_le_bytes),
        _ => [name.iter().fold(0, |number, &byte| number << 8 | u32::from(byte)), 0],
    };
    let mixed = u64::from(head) << 32 | u64::from(tail ^ name.len() as u32);
    // With this factor, no two names that are usual in one head share a place.
    (mixed.wrapping_mul(0x0A97_35BD_AC00_938D) >> (64 - MEMORY_LEN.ilog2())) as usize
}

/// Where a field was found: nowhere, in the static table, or in the dynamic one by how many entries were
/// inserted before it, modulo 128. It may have been driven out since, and another may have its place.
#[derive(Clone, Copy)]
struct Place(u8);

/// An entry that has a field's name.
#[derive(Clone, Copy)]
struct Found {
    index: u32,
    /// Whether it has the field's value too.
    with_value: bool,
}

impl Place {
    const NOWHERE: Self = Self(0);
    const DYNAMIC: u8 = 1 << 7;

    /// In the static table.
    const fn fixed(index: u32) -> Self {
        Self(index as u8)
    }

    /// In the dynamic table, to which `inserted` entries were added so far.
    const fn dynamic(index: u32, inserted: u8) -> Self {
        Self(inserted.wrapping_sub(1).wrapping_sub(index as u8) | Self::DYNAMIC)
    }

    /// The index in the dynamic table, if it is there.
    const fn dynamic_index(self, inserted: u8) -> Option<u32> {
        if self.0 & Self::DYNAMIC == 0 {
            return None;
        }
        Some((inserted.wrapping_sub(1).wrapping_sub(self.0) & !Self::DYNAMIC) as u32)
    }
}

impl<B: Buffer> Encoder<B> {
    /// An encoder for the field blocks of one connection, with a table of at most `table_size` bytes in
    /// `storage`. 4096 are enough for nearly all, whatever the other end allows. More than 65 536 count as
    /// that.
    ///
    /// Storage that grows is taken when the table gets its first entry.
    pub const fn new(storage: B, table_size: u32) -> Self {
        let size = if table_size < INITIAL_SIZE { table_size } else { INITIAL_SIZE };
        Self {
            table: Table::new(storage, table_size, size),
            told_size: INITIAL_SIZE,
            smallest_size: size,
            memory: [Place::NOWHERE; MEMORY_LEN],
        }
    }

    /// Sets the largest size that the other end allows the table: its SETTINGS_HEADER_TABLE_SIZE (§4.2).
    pub fn set_size_limit(&mut self, size: u32) {
        let size = size.min(self.table.capacity());
        self.smallest_size = self.smallest_size.min(size);
        self.table.set_max_size(size);
    }

    /// Appends the block for `fields` to `out`, whole or not at all.
    ///
    /// Names have to be in lower case. The block must reach the other end before the next one, which may
    /// refer to it.
    ///
    /// # Errors
    ///
    /// `out` has no room for the longest block that such fields can make, although this one may be shorter. If all fields
    /// repeat, it only needs room for the block.
    pub fn encode(
        &mut self,
        fields: &impl Fields,
        out: &mut impl Buffer,
    ) -> Result<(), BufferFull> {
        if let Some(repeated) = self.find_all(fields) {
            return out.try_append(repeated.as_slice());
        }
        self.encode_within(fields, max_block_len(fields), out)
    }

    /// Appends the block for `fields` to `out`. It is known to have at most `max_len` bytes.
    #[inline]
    pub(in super::super) fn encode_within(
        &mut self,
        fields: &impl Fields,
        max_len: usize,
        out: &mut impl Buffer,
    ) -> Result<(), BufferFull> {
        let start = out.as_slice().len();
        let mut block = BlockWriter { out: out.try_grow(max_len)?, len: 0 };
        self.put_sizes(&mut block);
        fields.for_each_field(|name, value| self.put_field(name.as_bytes(), value, &mut block));
        let len = block.len;
        out.truncate(start + len);
        Ok(())
    }

    /// Tells how the size of the table has changed: the smallest size since the last block, and then the
    /// current one (§4.2).
    fn put_sizes(&mut self, block: &mut BlockWriter<'_>) {
        let size = self.table.max_size();
        if self.smallest_size < self.told_size.min(size) {
            block.put_integer(self.smallest_size, 0x20, 5);
            self.told_size = self.smallest_size;
        }
        if size != self.told_size {
            block.put_integer(size, 0x20, 5);
        }
        self.told_size = size;
        self.smallest_size = size;
    }

    #[inline]
    fn put_field(&mut self, name: &[u8], value: FieldValue<'_>, block: &mut BlockWriter<'_>) {
        match value.as_plain() {
            Some(plain) if !value.is_sensitive() => self.put_plain(name, plain, block),
            _ => self.put_unusual(name, value, block),
        }
    }

    /// Writes a field whose value is sensitive, or not in memory as it is written.
    #[inline(never)]
    fn put_unusual(&mut self, name: &[u8], value: FieldValue<'_>, block: &mut BlockWriter<'_>) {
        let mut room = [0; MAX_GATHERED];
        match value.as_plain().or_else(|| gather(value, &mut room)) {
            Some(plain) if value.is_sensitive() => {
                let named = self.find_name(name, hash(name));
                block.put_literal(LiteralKind::NeverIndexed, named, name, plain);
            }
            Some(plain) => self.put_plain(name, plain, block),
            None => self.put_pieces(name, value, block),
        }
    }

    fn put_plain(&mut self, name: &[u8], value: &[u8], block: &mut BlockWriter<'_>) {
        let memory = memory_of(name);
        let place = self.memory.get(memory).copied().unwrap_or(Place::NOWHERE);
        let found = self.look_at(place, name, value);
        if let Some(Found { index, with_value: true }) = found {
            return block.put_integer(index, 0x80, 7);
        }
        let named = found.map(|found| found.index);
        if let Some(place) = self.put_searched(named, name, value, block)
            && let Some(memory) = self.memory.get_mut(memory)
        {
            *memory = place;
        }
    }

    /// What is at `place` of a field with `name` and `value`.
    #[inline(always)]
    fn look_at(&self, place: Place, name: &[u8], value: &[u8]) -> Option<Found> {
        let (index, entry_name, entry_value) = match place.dynamic_index(self.table.inserted()) {
            Some(index) => {
                let Some(WholeEntry { text, name_len, .. }) = self.table.whole_entry(index) else {
                    return self.look_at_pieces(index, name, value);
                };
                let (entry_name, entry_value) = text.split_at_checked(name_len)?;
                (STATIC_LEN + 1 + index, entry_name, entry_value)
            }
            None => {
                let entry = StaticEntry::get(place.0.into())?;
                (place.0.into(), entry.name(), entry.value())
            }
        };
        let with_value = are_same(entry_value, value);
        are_same(entry_name, name).then_some(Found { index, with_value })
    }

    /// What is at `index` of the dynamic table, if that is an entry in two pieces.
    #[cold]
    fn look_at_pieces(&self, index: u32, name: &[u8], value: &[u8]) -> Option<Found> {
        let with_value = self.table.entry(index)?.compare(name, value)?;
        Some(Found { index: STATIC_LEN + 1 + index, with_value })
    }

    /// Writes a field that is not where it was last. `named` is the index of an entry with its name, if
    /// one was there. Returns where the field is, or else its name, if it is in a table.
    #[inline(never)]
    fn put_searched(
        &mut self,
        named: Option<u32>,
        name: &[u8],
        value: &[u8],
        block: &mut BlockWriter<'_>,
    ) -> Option<Place> {
        let kind = LiteralKind::of(name, value);
        let name_hash = hash(name);
        let fixed = StaticEntry::find(name, name_hash);
        if kind != LiteralKind::NeverIndexed
            && let Some(index) = fixed.and_then(|first| StaticEntry::find_value(first, name, value))
        {
            block.put_integer(index, 0x80, 7);
            return Some(Place::fixed(index));
        }
        let entry_hash = entry_hash(name_hash, hash(value));
        if kind == LiteralKind::Indexed
            && let Some(index) = self
                .table
                .find(u16::MAX, entry_hash, |entry| entry.compare(name, value) == Some(true))
        {
            block.put_integer(STATIC_LEN + 1 + index, 0x80, 7);
            return Some(self.place_of(index));
        }
        let named = fixed.or(named).or_else(|| self.find_dynamic_name(name, name_hash));
        // The first field of a name goes into the table for the sake of that name.
        let is_indexed =
            kind == LiteralKind::Indexed || kind == LiteralKind::Unindexed && named.is_none();
        let size = entry_size(name.len() + value.len());
        if is_indexed && size <= self.table.max_size() && self.table.has_storage() {
            // Before the entry is in the table: it may drive out the one that has its name.
            block.put_literal(LiteralKind::Indexed, named, name, value);
            self.table.insert(name, value, entry_hash);
            return Some(self.place_of(0));
        }
        let kind = if kind == LiteralKind::Indexed { LiteralKind::Unindexed } else { kind };
        block.put_literal(kind, named, name, value);
        let named = named?;
        Some(match named.checked_sub(STATIC_LEN + 1) {
            Some(index) => self.place_of(index),
            None => Place::fixed(named),
        })
    }

    /// The place of an entry of the dynamic table.
    const fn place_of(&self, index: u32) -> Place {
        Place::dynamic(index, self.table.inserted())
    }

    fn find_name(&self, name: &[u8], name_hash: u32) -> Option<u32> {
        StaticEntry::find(name, name_hash).or_else(|| self.find_dynamic_name(name, name_hash))
    }

    fn find_dynamic_name(&self, name: &[u8], name_hash: u32) -> Option<u32> {
        let index = self.table.find(NAME_HASH, entry_hash(name_hash, 0), |entry| {
            entry.compare(name, &[]).is_some()
        })?;
        Some(STATIC_LEN + 1 + index)
    }

    /// Writes a field whose value is long and not in memory as it is written.
    #[cold]
    fn put_pieces(&self, name: &[u8], value: FieldValue<'_>, block: &mut BlockWriter<'_>) {
        let is_secret = LiteralKind::of(name, &[0; MAX_GATHERED]) == LiteralKind::NeverIndexed;
        let kind = if is_secret || value.is_sensitive() {
            LiteralKind::NeverIndexed
        } else {
            LiteralKind::Unindexed
        };
        block.put_name(kind, self.find_name(name, hash(name)), name);
        block.put_integer(u32::try_from(value.len()).unwrap_or(u32::MAX), 0, 7);
        value.for_each_piece(|piece| block.put(piece));
    }
}

/// Without the table, which may hold what others must not see.
impl<B> fmt::Debug for Encoder<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Encoder")
            .field("told_size", &self.told_size)
            .field("smallest_size", &self.smallest_size)
            .finish_non_exhaustive()
    }
}

/// The longest that the sizes before the fields of a block can be, in bytes.
pub(in super::super) const MAX_PREFIX_LEN: usize = 2 * MAX_INTEGER_LEN;

/// The longest that the block for `fields` can be, in bytes.
fn max_block_len(fields: &impl Fields) -> usize {
    let mut len = MAX_PREFIX_LEN;
    fields.for_each_field(|name, value| {
        len = len.saturating_add(max_field_len(name, value));
    });
    len
}

/// The longest that a field can be in a block, in bytes.
#[inline]
pub(in super::super) fn max_field_len(name: &str, value: FieldValue<'_>) -> usize {
    // No name is so long that this overflows.
    value.len().saturating_add(name.len() + 3 * MAX_INTEGER_LEN)
}

/// Values of up to that many bytes are gathered if they are not in memory as they are written.
const MAX_GATHERED: usize = 256;
/// The bits of an entry's hash that are its name's. The others are its value's.
const NAME_HASH: u16 = 0xFF00;

/// The hash that the table keeps of an entry.
#[inline]
const fn entry_hash(name_hash: u32, value_hash: u32) -> u16 {
    (name_hash >> 16) as u16 & NAME_HASH | (value_hash >> 24) as u16
}

/// The value as it is written, if it fits.
fn gather<'r>(value: FieldValue<'_>, room: &'r mut [u8; MAX_GATHERED]) -> Option<&'r [u8]> {
    let mut len = 0;
    let mut fits = true;
    value.for_each_piece(|piece| {
        match room.get_mut(len..).and_then(|room| room.get_mut(..piece.len())) {
            Some(to) if fits => to.copy_from_slice(piece),
            _ => fits = false,
        }
        len += piece.len();
    });
    if fits { room.get(..len) } else { None }
}

/// A cheap hash: of the length, and of the eight bytes at each end.
#[inline]
pub(super) const fn hash(bytes: &[u8]) -> u32 {
    let (head, tail) = match (bytes.first_chunk(), bytes.last_chunk()) {
        (Some(head), Some(tail)) => (u64::from_le_bytes(*head), u64::from_le_bytes(*tail)),
        _ => (short(bytes), 0),
    };
    let mixed =
        (head ^ tail.rotate_left(29) ^ bytes.len() as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (mixed >> 32) as u32
}

/// Fewer than eight bytes, as a number.
const fn short(mut bytes: &[u8]) -> u64 {
    let mut number = 0;
    while let [byte, rest @ ..] = bytes {
        number = number << 8 | *byte as u64;
        bytes = rest;
    }
    number
}

/// Writes a block to a slice that is long enough.
struct BlockWriter<'o> {
    out: &'o mut [u8],
    len: usize,
}

impl BlockWriter<'_> {
    #[inline]
    fn put(&mut self, bytes: &[u8]) {
        if let Some(to) = self.out.get_mut(self.len..).and_then(|out| out.get_mut(..bytes.len())) {
            to.copy_from_slice(bytes);
            self.len += bytes.len();
        }
    }

    /// Writes an integer with a prefix of `bits`, and `first` above it.
    #[inline]
    fn put_integer(&mut self, value: u32, first: u8, bits: u32) {
        if value < (1 << bits) - 1
            && let Some(to) = self.out.get_mut(self.len)
        {
            *to = first | value as u8;
            self.len += 1;
            return;
        }
        let out = self.out.get_mut(self.len..).unwrap_or_default();
        self.len += integer::encode(value, first, bits, out);
    }

    /// Writes a text, Huffman-coded if that is shorter (§5.2).
    #[inline]
    fn put_text(&mut self, text: &[u8]) {
        let len = huffman::encoded_len(text);
        if len >= text.len() {
            self.put_integer(u32::try_from(text.len()).unwrap_or(u32::MAX), 0, 7);
            return self.put(text);
        }
        self.put_integer(u32::try_from(len).unwrap_or(u32::MAX), 0x80, 7);
        if let Some(out) = self.out.get_mut(self.len..).and_then(|out| out.get_mut(..len)) {
            huffman::encode(text, out);
            self.len += len;
        }
    }

    /// Writes the beginning of a literal: its kind, and its name or the index of an entry that has it.
    #[inline]
    fn put_name(&mut self, kind: LiteralKind, index: Option<u32>, name: &[u8]) {
        let (first, bits) = match kind {
            LiteralKind::Indexed => (0x40, 6),
            LiteralKind::Unindexed => (0x00, 4),
            LiteralKind::NeverIndexed => (0x10, 4),
        };
        self.put_integer(index.unwrap_or(0), first, bits);
        if index.is_none() {
            self.put_text(name);
        }
    }

    #[inline]
    fn put_literal(&mut self, kind: LiteralKind, index: Option<u32>, name: &[u8], value: &[u8]) {
        self.put_name(kind, index, name);
        self.put_text(value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_usual_in_one_head_do_not_share_a_place() {
        for names in [
            // A browser's request.
            ":method :authority :scheme :path cache-control sec-ch-ua sec-ch-ua-mobile sec-ch-ua-platform \
             upgrade-insecure-requests user-agent accept sec-fetch-site sec-fetch-mode sec-fetch-user sec-fetch-dest \
             accept-encoding accept-language cookie referer if-none-match if-modified-since priority origin \
             content-type content-length range",
            // A request of gRPC.
            ":method :scheme :path :authority te content-type user-agent grpc-accept-encoding grpc-encoding \
             grpc-timeout authorization traceparent tracestate x-request-id grpc-trace-bin grpc-tags-bin",
            // A response of gRPC, with its trailers.
            ":status content-type grpc-encoding grpc-accept-encoding grpc-status grpc-message \
             grpc-status-details-bin date server",
            // A response.
            ":status date server content-type content-length cache-control etag last-modified vary \
             content-encoding location set-cookie expires age via accept-ranges strict-transport-security \
             x-content-type-options x-frame-options alt-svc access-control-allow-origin x-cache link \
             content-security-policy x-xss-protection content-range referrer-policy pragma",
        ] {
            let mut taken = [None; MEMORY_LEN];
            for name in names.split_ascii_whitespace() {
                let place = memory_of(name.as_bytes());
                assert_eq!(taken[place].replace(name), None, "{name}");
            }
        }
        for name in [&b""[..], b"a", b"abc", &[0xFF; 300]] {
            assert!(memory_of(name) < MEMORY_LEN);
        }
    }
}
