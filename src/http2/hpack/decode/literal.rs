//! Literals that are all there, in one step.

use super::{Decoder, header};
use crate::Buffer;
use crate::http2::Error;
use crate::http2::entry::EntryHeader;
use crate::http2::hpack::huffman::{self, HuffmanBits};
use crate::http2::hpack::policy::LiteralKind;

/// A text that is all there.
#[derive(Clone, Copy)]
struct WholeText<'i> {
    bytes: &'i [u8],
    huffman: bool,
}

impl<'i> WholeText<'i> {
    /// Takes a text off `input`, if it is all there and its length takes one byte.
    #[inline]
    fn take(input: &mut &'i [u8]) -> Option<Self> {
        let first = *input.split_off_first()?;
        let len = first & 0x7F;
        if len == 0x7F {
            return None;
        }
        let bytes = input.split_off(..usize::from(len))?;
        Some(Self { bytes, huffman: first >= 0x80 })
    }

    /// The longest that it can be when it is decoded.
    #[inline]
    const fn max_len(&self) -> usize {
        if self.huffman { huffman::max_decoded_len(self.bytes.len()) } else { self.bytes.len() }
    }

    /// Decodes it to the front of `out`. Returns its length there.
    #[inline]
    fn decode(&self, out: &mut [u8]) -> Result<usize, Error> {
        if self.huffman {
            let mut bits = HuffmanBits::NONE;
            let len = bits.decode(self.bytes, out)?;
            bits.check_padding()?;
            return Ok(len);
        }
        if let Some(to) = out.get_mut(..self.bytes.len()) {
            to.copy_from_slice(self.bytes);
        }
        Ok(self.bytes.len())
    }
}

/// A literal that is all there. Its name is an entry's if it has none.
#[derive(Clone, Copy)]
struct WholeLiteral<'i> {
    name: Option<WholeText<'i>>,
    name_index: u8,
    value: WholeText<'i>,
    kind: LiteralKind,
}

impl<'i> WholeLiteral<'i> {
    /// Takes the rest of a literal off `input`, if it is all there.
    #[inline]
    fn take(name_index: u8, kind: LiteralKind, input: &mut &'i [u8]) -> Option<Self> {
        let name = if name_index == 0 { Some(WholeText::take(input)?) } else { None };
        Some(Self { name, name_index, value: WholeText::take(input)?, kind })
    }
}

impl<B: Buffer> Decoder<B> {
    /// Takes a literal off `input` if it is all there, is right, has lengths of one byte, and has room in
    /// `out`.
    ///
    /// `None` means that the case does not apply, and that nothing has changed.
    #[inline]
    pub(super) fn take_literal(
        &mut self,
        input: &mut &[u8],
        out: &mut impl Buffer,
        max_len: u32,
    ) -> Option<()> {
        let mut rest = *input;
        let first = *rest.split_off_first()?;
        if self.must_resize {
            return None;
        }
        let (prefix, max, kind) = match first {
            0x40..0x80 => (first & 0x3F, 0x3F, LiteralKind::Indexed),
            0x10..0x20 => (first & 0x0F, 0x0F, LiteralKind::NeverIndexed),
            0x00..0x10 => (first, 0x0F, LiteralKind::Unindexed),
            _ => return None,
        };
        if prefix == max {
            return None;
        }
        let at = out.as_slice().len();
        let literal = WholeLiteral::take(prefix, kind, &mut rest)?;
        if self.put_literal(literal, out, max_len).is_none() {
            out.truncate(at);
            return None;
        }
        self.pending.at = u32::try_from(at).ok()?;
        self.pending.displaced = false;
        self.is_at_start = false;
        *input = rest;
        Some(())
    }

    /// Appends a literal that is all there. `None` means that it is wrong or has no room, and that
    /// `out` has parts of it.
    #[inline]
    fn put_literal(
        &mut self,
        literal: WholeLiteral<'_>,
        out: &mut impl Buffer,
        max_len: u32,
    ) -> Option<()> {
        let WholeLiteral { name, name_index, value, kind } = literal;
        let at = out.as_slice().len();
        let entry = match name {
            Some(_) => None,
            None => Some(self.entry(name_index.into()).ok()?),
        };
        let max_name_len = match (&name, &entry) {
            (Some(name), _) => name.max_len(),
            (_, Some(entry)) => entry.name_len(),
            _ => 0,
        };
        let room = out.try_grow(EntryHeader::LEN + max_name_len + value.max_len()).ok()?;
        let (to_header, to_text) = room.split_first_chunk_mut()?;
        let name_len = match (name, entry) {
            (Some(name), _) => name.decode(to_text).ok()?,
            (_, Some(entry)) => {
                entry.copy_to(to_text.get_mut(..max_name_len)?);
                max_name_len
            }
            _ => 0,
        };
        let len = name_len + value.decode(to_text.get_mut(name_len..)?).ok()?;
        if len > max_len as usize {
            return None;
        }
        *to_header = header(name_len, len, kind == LiteralKind::NeverIndexed);
        if kind == LiteralKind::Indexed {
            let (name, value) = to_text.get(..len)?.split_at_checked(name_len)?;
            self.table.insert(name, value, 0);
        }
        out.truncate(at + EntryHeader::LEN + len);
        Some(())
    }
}
