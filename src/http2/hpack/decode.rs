//! From field blocks to fields, however the blocks are cut.
//!
//! ```text
//!     Field ─── an integer ──▶ Length ──▶ Text: the name ──▶ Length ──▶ Text: the value ─┐
//!       ▲ │      (Integer)                                    ▲                          │
//!       │ ├─ the name is indexed ─────────────────────────────┘                          │
//!       │ └─ the field is indexed, or the size of the table changes ─▶ Field             │
//!       └────────────────────────────────────────────────────────────────────────────────┘
//!
//!     Where the input ends in an integer: Integer. A rule is broken, in any state: Failed.
//! ```
//!
//! A field that is all there takes none of these steps: see `take_indexed` and `take_literal`.

mod known;
mod literal;
mod steps;

use core::fmt;

use super::INITIAL_SIZE;
use super::fixed::{STATIC_LEN, StaticEntry};
use super::huffman::HuffmanBits;
use super::integer::LongInteger;
use super::policy::LiteralKind;
use super::table::{EntryText, Table, copy};
use crate::debug::Payload;
use crate::http2::Error;
use crate::http2::entry::{Entry, EntryHeader};
use crate::{Buffer, BufferFull};

/// Decodes field blocks to fields.
///
/// It takes any split of the bytes, and holds at most a part of an integer or of a Huffman code. `B` is
/// the storage of its table: [`storage_len`](super::storage_len) says how long it has to be.
///
/// ```
/// use framewright::http2::hpack::Decoder;
///
/// let mut decoder = Decoder::new(Vec::new(), 4096);
/// let (mut block, mut storage) = (&b"\x82"[..], Vec::new());
/// let field = decoder.decode(&mut block, &mut storage, 16_384)?.expect("it is whole");
/// assert_eq!((field.name, field.value), (&b":method"[..], &b"GET"[..]));
/// decoder.end_block()?;
/// # Ok::<(), framewright::http2::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Decoder<B> {
    pub(super) table: Table<B>,
    /// The largest size that the other end may give its table.
    size_limit: u32,
    /// Whether the other end has to change the size before the next field.
    must_resize: bool,
    /// Whether no field of the block has begun.
    is_at_start: bool,
    pending: PendingField,
    state: State,
}

/// A decoded field, borrowed from the caller's buffer.
///
/// [`Decoder`] has an example.
#[derive(Clone, Copy, Eq, PartialEq)]
pub struct Field<'a> {
    /// The name, as it was sent.
    pub name: &'a [u8],
    /// The value, as it was sent.
    pub value: &'a [u8],
    /// Whether the field came as a literal that no table may ever hold (§6.2.3). An intermediary has to
    /// send it on so.
    pub sensitive: bool,
    /// Whether the buffer had no room for the field and for those before it, which were dropped from it.
    ///
    /// Then the message cannot be shown. But its block has to be decoded, for the table's sake.
    pub displaced: bool,
}

impl Field<'_> {
    /// What the field counts in a header list, in bytes: 32, and those of the name and the value
    /// (RFC 9113 §6.5.2).
    #[inline]
    pub const fn list_len(&self) -> u64 {
        self.name.len() as u64 + self.value.len() as u64 + 32
    }
}

/// Does not show a sensitive value.
impl fmt::Debug for Field<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = if self.sensitive { &b"(sensitive)"[..] } else { self.value };
        f.debug_struct("Field")
            .field("name", &Payload(self.name))
            .field("value", &Payload(value))
            .field("displaced", &self.displaced)
            .finish()
    }
}

/// The field that is being decoded.
#[derive(Clone, Copy, Debug)]
struct PendingField {
    /// Where in the buffer it begins.
    at: u32,
    /// Length of its name, once that is complete.
    name_len: u32,
    kind: LiteralKind,
    displaced: bool,
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// Between fields.
    Field,
    /// In an integer.
    Integer {
        integer: LongInteger,
        of: IntegerOf,
    },
    /// Before the length of a text.
    Length(TextOf),
    /// In a text of which `left` bytes have not come. `bits` are there if it is Huffman-coded.
    Text {
        of: TextOf,
        left: u32,
        bits: Option<HuffmanBits>,
    },
    Failed(Error),
}

/// What an integer says.
#[derive(Clone, Copy, Debug)]
enum IntegerOf {
    /// Which entry the field is.
    Field,
    /// Which entry's name the field has.
    Name,
    /// How long a text is.
    Length { of: TextOf, huffman: bool },
    /// How large the table becomes.
    Size,
}

/// What a text is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum TextOf {
    Name,
    Value,
}

/// An entry of either table.
enum TableEntry<'a> {
    Static(&'static StaticEntry),
    Dynamic(EntryText<'a>),
}

impl TableEntry<'_> {
    #[inline]
    fn name_len(&self) -> usize {
        match self {
            Self::Static(entry) => entry.name_len(),
            Self::Dynamic(entry) => entry.name_len,
        }
    }

    #[inline]
    fn len(&self) -> usize {
        match self {
            Self::Static(entry) => entry.text().len(),
            Self::Dynamic(entry) => entry.len(),
        }
    }

    /// Copies the first `to.len()` bytes of name and value.
    #[inline]
    fn copy_to(&self, to: &mut [u8]) {
        match self {
            Self::Static(entry) => copy(to, entry.text()),
            Self::Dynamic(entry) => entry.copy_to(to),
        }
    }
}

/// Where in the caller's buffer a field begins that was decoded.
#[derive(Clone, Copy)]
struct FieldPlace {
    at: usize,
    displaced: bool,
}

impl FieldPlace {
    /// The field, in all that the buffer holds.
    #[inline]
    fn field(self, bytes: &[u8]) -> Option<Field<'_>> {
        let Self { at, displaced } = self;
        let Entry { name, value, sensitive } = Entry::take(&mut bytes.get(at..)?)?;
        Some(Field { name, value, sensitive, displaced })
    }
}

/// Why an entry was not appended.
enum PutEntryError {
    /// The buffer has no room.
    Full,
    Peer(Error),
}

impl From<BufferFull> for PutEntryError {
    fn from(_: BufferFull) -> Self {
        Self::Full
    }
}

impl From<Error> for PutEntryError {
    fn from(error: Error) -> Self {
        Self::Peer(error)
    }
}

impl<B: Buffer> Decoder<B> {
    /// A decoder for the field blocks of one connection, with a table of `table_size` bytes in `storage`:
    /// what SETTINGS_HEADER_TABLE_SIZE has to tell the other end. More than 65 536 count as that.
    ///
    /// Storage that grows is taken when the table gets its first entry. At a server, less than 4096 bytes
    /// are a risk: until a client knows the settings, it may fill as many. It then gets
    /// [`Error::TableLost`] if it refers to an entry that had no room.
    pub const fn new(storage: B, table_size: u32) -> Self {
        Self {
            table: Table::new(storage, table_size, INITIAL_SIZE),
            size_limit: INITIAL_SIZE,
            must_resize: false,
            is_at_start: true,
            pending: PendingField {
                at: 0,
                name_len: 0,
                kind: LiteralKind::Unindexed,
                displaced: false,
            },
            state: State::Field,
        }
    }

    /// The largest size of the table in bytes, for SETTINGS_HEADER_TABLE_SIZE.
    pub const fn table_size(&self) -> u32 {
        self.table.capacity()
    }

    /// Notes that the other end has acknowledged the setting (RFC 9113 §6.5.3). From here on it has to keep
    /// to [`table_size`](Self::table_size).
    pub const fn settings_acknowledged(&mut self) {
        self.size_limit = self.table.capacity();
        self.must_resize = self.table.max_size() > self.size_limit;
    }

    /// Decodes the next field, advancing `input` past it, and appends it to `out`.
    ///
    /// `None` means that every byte of `input` was taken and more are needed, or that the block ends
    /// there: then call [`end_block`](Self::end_block). A field that does not end in `input` is in `out`
    /// already, as far as it has come. So `out` must be the same at the next call. Only between fields may
    /// it be cleared.
    ///
    /// Each field takes 8 bytes of `out` and those of its name and value. If `out` is full, fields before
    /// this one are dropped from it, which [`Field::displaced`] tells.
    ///
    /// # Errors
    ///
    /// Errors are final, and end the connection. Besides those of the format, a name and value longer than
    /// `max_len` together are [`Error::HeadTooLong`], and longer than all of `out` they are
    /// [`Error::BufferFull`].
    #[inline(always)]
    pub fn decode<'b, O: Buffer>(
        &mut self,
        input: &mut &[u8],
        out: &'b mut O,
        max_len: u32,
    ) -> Result<Option<Field<'b>>, Error> {
        // As after each block that ends between fields.
        if let (State::Field, true) = (self.state, input.is_empty()) {
            return Ok(None);
        }
        // Most fields are in a table: they take one step, in line.
        let place = match self.take_indexed(input, out, max_len) {
            Some(place) => Some(place),
            None => self.decode_any(input, out, max_len),
        };
        match (place, self.state) {
            // Not `out.as_slice()`, whose result would end with this call.
            (Some(place), _) => Ok(place.field(O::as_slice(out))),
            (None, State::Failed(e)) => Err(e),
            (None, _) => Ok(None),
        }
    }

    /// Takes a field off `input` if it is an entry of a table whose index takes one byte, and has room in
    /// `out`.
    ///
    /// `None` means that the case does not apply, and that nothing has changed.
    #[inline(always)]
    fn take_indexed(
        &mut self,
        input: &mut &[u8],
        out: &mut impl Buffer,
        max_len: u32,
    ) -> Option<FieldPlace> {
        let (&first, rest) = input.split_first()?;
        let State::Field = self.state else { return None };
        if !matches!(first, 0x80..=0xFE) || self.must_resize {
            return None;
        }
        let at = out.as_slice().len();
        self.put_whole_entry(u32::from(first & 0x7F), out, max_len)?;
        self.is_at_start = false;
        *input = rest;
        Some(FieldPlace { at, displaced: false })
    }

    /// Decodes the next field, whatever it is and wherever it is cut. `None` means that it is not complete, or
    /// that the decoder has failed.
    #[inline(never)]
    fn decode_any(
        &mut self,
        input: &mut &[u8],
        out: &mut impl Buffer,
        max_len: u32,
    ) -> Option<FieldPlace> {
        let whole = match self.state {
            State::Field => self.take_literal(input, out, max_len),
            _ => None,
        };
        let decoded = match whole {
            Some(()) => Ok(true),
            None => self.take_steps(input, out, max_len),
        };
        let complete = decoded.unwrap_or_else(|error| {
            self.state = State::Failed(error);
            *input = &[];
            false
        });
        let PendingField { at, displaced, .. } = self.pending;
        complete.then_some(FieldPlace { at: at as usize, displaced })
    }

    /// Ends the block, and checks that it may end here: not inside a field (§3.1).
    pub fn end_block(&mut self) -> Result<(), Error> {
        self.is_at_start = true;
        match self.state {
            State::Field => Ok(()),
            State::Failed(e) => Err(e),
            _ => {
                self.state = State::Failed(Error::BlockTruncated);
                Err(Error::BlockTruncated)
            }
        }
    }

    /// Appends an entry of the tables whose text is in one piece. `None` means that the case does not apply, or
    /// that it has no room, and that nothing has changed.
    #[inline(always)]
    fn put_whole_entry(&self, index: u32, out: &mut impl Buffer, max_len: u32) -> Option<()> {
        let (name_len, text) = match StaticEntry::get(index) {
            Some(entry) => (entry.name_len(), entry.text()),
            None => {
                let entry = self.table.whole_entry(index.checked_sub(STATIC_LEN + 1)?)?;
                (entry.name_len, entry.text)
            }
        };
        if text.len() > max_len as usize {
            return None;
        }
        out.try_append_both(&header(name_len, text.len(), false), text).ok()
    }

    /// Appends an entry of the tables, or changes nothing.
    fn put_entry(
        &self,
        index: u32,
        out: &mut impl Buffer,
        max_len: u32,
    ) -> Result<(), PutEntryError> {
        let entry = self.entry(index)?;
        let (name_len, len) = (entry.name_len(), entry.len());
        if len > max_len as usize {
            return Err(Error::HeadTooLong { limit: max_len }.into());
        }
        let room = out.try_grow(EntryHeader::LEN + len)?;
        if let Some((to_header, to_text)) = room.split_first_chunk_mut() {
            *to_header = header(name_len, len, false);
            entry.copy_to(to_text);
        }
        Ok(())
    }

    /// The entry with this index, of either table (§2.3.3).
    #[inline]
    fn entry(&self, index: u32) -> Result<TableEntry<'_>, Error> {
        if let Some(entry) = StaticEntry::get(index) {
            return Ok(TableEntry::Static(entry));
        }
        let index = index.checked_sub(STATIC_LEN + 1).ok_or(Error::Index)?;
        let error = if self.table.has_lost() { Error::TableLost } else { Error::Index };
        self.table.entry(index).map(TableEntry::Dynamic).ok_or(error)
    }
}

/// What is stored before a field whose name and value take `len` bytes.
#[inline]
fn header(name_len: usize, len: usize, sensitive: bool) -> [u8; EntryHeader::LEN] {
    let value_len = (len - name_len) as u32;
    EntryHeader { name_len: name_len as u32, value_len, sensitive }.to_bytes()
}
