//! Fields that are cut, that are long, or that have no room: step by step.

use super::{Decoder, IntegerOf, PendingField, PutEntryError, State, TextOf, header};
use crate::http2::Error;
use crate::http2::entry::EntryHeader;
use crate::http2::hpack::huffman::{self, HuffmanBits};
use crate::http2::hpack::integer::LongInteger;
use crate::http2::hpack::policy::LiteralKind;
use crate::{Buffer, BufferFull};

/// How many bytes of Huffman-coded text are decoded at a time.
const PIECE: usize = 64;

impl<B: Buffer> Decoder<B> {
    /// Takes any field off `input`, as far as it is there. Returns whether it is complete.
    #[cold]
    pub(super) fn take_steps(
        &mut self,
        input: &mut &[u8],
        out: &mut impl Buffer,
        max_len: u32,
    ) -> Result<bool, Error> {
        loop {
            let complete = match self.state {
                State::Field | State::Length(_) if input.is_empty() => return Ok(false),
                State::Field => self.begin_field(input, out, max_len)?,
                State::Length(of) => {
                    let Some(&first) = input.split_off_first() else { return Ok(false) };
                    let of = IntegerOf::Length { of, huffman: first >= 0x80 };
                    self.begin_integer(first, 0x7F, of, out, max_len)?
                }
                State::Integer { mut integer, of } => {
                    let value = integer.receive(input)?;
                    self.state = State::Integer { integer, of };
                    let Some(value) = value else { return Ok(false) };
                    self.take_integer(value, of, out, max_len)?
                }
                State::Text { of, left, bits } => {
                    if left > 0 && input.is_empty() {
                        return Ok(false);
                    }
                    self.take_text(of, left, bits, input, out, max_len)?
                }
                State::Failed(e) => return Err(e),
            };
            if complete {
                self.state = State::Field;
                return Ok(true);
            }
        }
    }

    /// Takes the first byte of a field. Returns whether it is complete.
    fn begin_field(
        &mut self,
        input: &mut &[u8],
        out: &mut impl Buffer,
        max_len: u32,
    ) -> Result<bool, Error> {
        let Some(&first) = input.split_off_first() else { return Ok(false) };
        if !matches!(first, 0x20..0x40) {
            if self.must_resize {
                return Err(Error::TableSize);
            }
            self.is_at_start = false;
        }
        let at = out.as_slice().len();
        self.pending = PendingField {
            at: u32::try_from(at).map_err(|_| Error::HeadTooLong { limit: max_len })?,
            name_len: 0,
            kind: match first {
                0x40..0x80 => LiteralKind::Indexed,
                0x10..0x20 => LiteralKind::NeverIndexed,
                _ => LiteralKind::Unindexed,
            },
            displaced: false,
        };
        match first {
            0x80.. => self.begin_integer(first, 0x7F, IntegerOf::Field, out, max_len),
            0x40.. => self.begin_integer(first, 0x3F, IntegerOf::Name, out, max_len),
            0x20.. => self.begin_integer(first, 0x1F, IntegerOf::Size, out, max_len),
            _ => self.begin_integer(first, 0x0F, IntegerOf::Name, out, max_len),
        }
    }

    /// Takes the first byte of an integer whose prefix is as long as `max`. Returns whether a field is
    /// complete with it.
    fn begin_integer(
        &mut self,
        first: u8,
        max: u8,
        of: IntegerOf,
        out: &mut impl Buffer,
        max_len: u32,
    ) -> Result<bool, Error> {
        let prefix = first & max;
        if prefix == max {
            self.state = State::Integer { integer: LongInteger::new(prefix), of };
            return Ok(false);
        }
        self.take_integer(prefix.into(), of, out, max_len)
    }

    /// Does what an integer says. Returns whether a field is complete with it.
    fn take_integer(
        &mut self,
        value: u32,
        of: IntegerOf,
        out: &mut impl Buffer,
        max_len: u32,
    ) -> Result<bool, Error> {
        match of {
            IntegerOf::Field => {
                let put = match self.put_entry(value, out, max_len) {
                    Err(PutEntryError::Full) if self.displace(out) => {
                        self.put_entry(value, out, max_len)
                    }
                    put => put,
                };
                match put {
                    Ok(()) => Ok(true),
                    Err(PutEntryError::Full) => Err(buffer_full(max_len)),
                    Err(PutEntryError::Peer(e)) => Err(e),
                }
            }
            IntegerOf::Name => {
                self.append(out, &[0; EntryHeader::LEN], max_len)?;
                self.state = State::Length(TextOf::Name);
                if value > 0 {
                    self.put_name(value, out, max_len)?;
                    self.state = State::Length(TextOf::Value);
                }
                Ok(false)
            }
            IntegerOf::Size => {
                if !self.is_at_start || value > self.size_limit {
                    return Err(Error::TableSize);
                }
                self.table.set_max_size(value);
                self.must_resize = false;
                self.state = State::Field;
                Ok(false)
            }
            IntegerOf::Length { of, huffman } => {
                let least = if huffman { huffman::min_decoded_len(value) } else { value };
                if self.pending.name_len.saturating_add(least) > max_len {
                    return Err(Error::HeadTooLong { limit: max_len });
                }
                let bits = huffman.then_some(HuffmanBits::NONE);
                self.state = State::Text { of, left: value, bits };
                Ok(false)
            }
        }
    }

    /// Appends the name of an entry.
    fn put_name(&mut self, index: u32, out: &mut impl Buffer, max_len: u32) -> Result<(), Error> {
        let name_len = self.entry(index)?.name_len();
        if name_len > max_len as usize {
            return Err(Error::HeadTooLong { limit: max_len });
        }
        if out.try_grow(name_len).is_err() {
            if !self.displace(out) {
                return Err(buffer_full(max_len));
            }
            out.try_grow(name_len).map_err(|_| buffer_full(max_len))?;
        }
        let to = out.as_mut_slice();
        let at = to.len() - name_len;
        self.entry(index)?.copy_to(to.get_mut(at..).unwrap_or_default());
        self.pending.name_len = name_len as u32;
        Ok(())
    }

    /// Takes the next bytes of a text. Returns whether a field is complete with them.
    fn take_text(
        &mut self,
        of: TextOf,
        left: u32,
        bits: Option<HuffmanBits>,
        input: &mut &[u8],
        out: &mut impl Buffer,
        max_len: u32,
    ) -> Result<bool, Error> {
        let len = (left as usize).min(input.len());
        let bytes = input.split_off(..len).unwrap_or_default();
        let left = left - len as u32;
        let bits = match bits {
            Some(mut bits) => {
                self.append_decoded(out, &mut bits, bytes, max_len)?;
                Some(bits)
            }
            None => {
                self.append(out, bytes, max_len)?;
                None
            }
        };
        self.state = State::Text { of, left, bits };
        if left > 0 {
            return Ok(false);
        }
        if let Some(bits) = bits {
            bits.check_padding()?;
        }
        let text_len = self.text_len(out);
        match of {
            TextOf::Name => {
                self.pending.name_len = text_len as u32;
                self.state = State::Length(TextOf::Value);
                Ok(false)
            }
            TextOf::Value => {
                self.complete(out, text_len);
                Ok(true)
            }
        }
    }

    /// Writes the lengths of a literal before it, and gives it to the table.
    fn complete(&mut self, out: &mut impl Buffer, text_len: usize) {
        let PendingField { at, name_len, kind, .. } = self.pending;
        let entry = out.as_mut_slice().get_mut(at as usize..).unwrap_or_default();
        let Some((to_header, text)) = entry.split_first_chunk_mut() else { return };
        let name_len = name_len as usize;
        *to_header = header(name_len, text_len, kind == LiteralKind::NeverIndexed);
        if kind == LiteralKind::Indexed {
            let (name, value) = text.split_at(name_len.min(text.len()));
            self.table.insert(name, value, 0);
        }
    }

    /// How many bytes of name and value are in the buffer.
    fn text_len(&self, out: &impl Buffer) -> usize {
        out.as_slice().len().saturating_sub(self.pending.at as usize + EntryHeader::LEN)
    }

    /// Appends Huffman-coded text, in pieces, so that no more room is needed than the text takes.
    fn append_decoded(
        &mut self,
        out: &mut impl Buffer,
        bits: &mut HuffmanBits,
        bytes: &[u8],
        max_len: u32,
    ) -> Result<(), Error> {
        for coded in bytes.chunks(PIECE) {
            let before = *bits;
            if self.append_piece(out, bits, coded, max_len).is_err() {
                // Whichever is wrong first decides, and not where the input was cut.
                *bits = before;
                for coded in coded.chunks(1) {
                    self.append_piece(out, bits, coded, max_len)?;
                }
            }
        }
        Ok(())
    }

    fn append_piece(
        &mut self,
        out: &mut impl Buffer,
        bits: &mut HuffmanBits,
        coded: &[u8],
        max_len: u32,
    ) -> Result<(), Error> {
        let mut piece = [0; huffman::max_decoded_len(PIECE)];
        let len = bits.decode(coded, &mut piece)?;
        if self.text_len(out) + len > max_len as usize {
            return Err(Error::HeadTooLong { limit: max_len });
        }
        self.append(out, piece.get(..len).unwrap_or_default(), max_len)
    }

    fn append(&mut self, out: &mut impl Buffer, bytes: &[u8], max_len: u32) -> Result<(), Error> {
        let appended = match out.try_append(bytes) {
            Err(BufferFull { .. }) if self.displace(out) => out.try_append(bytes),
            appended => appended,
        };
        appended.map_err(|_| buffer_full(max_len))
    }

    /// Drops the fields before the current one from `out`. Returns whether there were any.
    fn displace(&mut self, out: &mut impl Buffer) -> bool {
        let at = self.pending.at as usize;
        if at == 0 {
            return false;
        }
        let len = out.as_slice().len();
        out.as_mut_slice().copy_within(at.min(len).., 0);
        out.truncate(len.saturating_sub(at));
        self.pending.at = 0;
        self.pending.displaced = true;
        true
    }
}

/// The buffer has no room for a field that may be as long as `max_len`. It says what would be enough for any such
/// field, so that it is the same however the input is cut.
#[cold]
const fn buffer_full(max_len: u32) -> Error {
    Error::BufferFull { needed: max_len.saturating_add(EntryHeader::LEN as u32) }
}
