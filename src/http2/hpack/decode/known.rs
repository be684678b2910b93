//! Entries that were checked when a field referred to them before.
//!
//! What is known of an entry is kept in its record, and goes with it when it is driven out.

use super::{Decoder, State, header};
use crate::Buffer;
use crate::http2::entry::EntryHeader;
use crate::http2::facts::FieldFacts;
use crate::http2::hpack::fixed::{STATIC_LEN, StaticEntry};

/// A field that is in a table, and was checked.
#[derive(Clone, Copy)]
pub(in crate::http2) struct KnownField<'t> {
    pub(in crate::http2) facts: FieldFacts,
    /// The name and, right after it, the value.
    pub(in crate::http2) text: &'t [u8],
    name_len: usize,
}

impl<'t> KnownField<'t> {
    /// What is stored before the text.
    #[inline]
    pub(in crate::http2) fn header(&self) -> [u8; EntryHeader::LEN] {
        header(self.name_len, self.text.len(), false)
    }

    #[inline]
    pub(in crate::http2) fn value(&self) -> &'t [u8] {
        self.text.get(self.name_len..).unwrap_or_default()
    }
}

/// A place in the dynamic table, until a field is inserted.
#[derive(Clone, Copy)]
pub(in crate::http2) struct DynamicIndex(u8);

impl<B: Buffer> Decoder<B> {
    /// The field that `input` begins with, if it is an entry of a table, has an index of one byte, and was checked.
    #[inline(always)]
    pub(in crate::http2) fn next_known(&self, input: &[u8]) -> Option<KnownField<'_>> {
        let first = *input.first()?;
        if !matches!(self.state, State::Field) || !matches!(first, 0x81..=0xFE) || self.must_resize
        {
            return None;
        }
        let index = u32::from(first & 0x7F);
        let (facts, name_len, text) = match StaticEntry::get(index) {
            Some(entry) => (entry.facts(), entry.name_len(), entry.text()),
            None => {
                let entry = self.table.whole_entry(index.checked_sub(STATIC_LEN + 1)?)?;
                (FieldFacts::from_bits(entry.mark), entry.name_len, entry.text)
            }
        };
        (facts != FieldFacts::NONE).then_some(KnownField { facts, text, name_len })
    }

    /// Takes that field off `input`.
    #[inline]
    pub(in crate::http2) fn take_known(&mut self, input: &mut &[u8]) {
        self.is_at_start = false;
        let _ = input.split_off_first();
    }

    /// The entry of the dynamic table that the next field is, if its index takes one byte.
    #[inline]
    pub(in crate::http2) fn next_entry(&self, input: &[u8]) -> Option<DynamicIndex> {
        const FIRST: u8 = 0x80 | (STATIC_LEN as u8 + 1);
        match (self.state, input.first()) {
            (State::Field, Some(&first @ FIRST..=0xFE)) => Some(DynamicIndex(first - FIRST)),
            _ => None,
        }
    }

    /// Notes what a check has found of the entry, which was the last field that was decoded.
    pub(in crate::http2) fn note(&mut self, entry: DynamicIndex, facts: FieldFacts) {
        self.table.set_mark(entry.0.into(), facts.bits());
    }
}
