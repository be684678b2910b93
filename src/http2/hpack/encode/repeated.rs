//! Heads that repeat: every field is in a table, where it was found last.

use super::{Encoder, memory_of};
use crate::Buffer;
use crate::http::{FieldValue, Fields};

/// The longest head, in fields.
const MAX_FIELDS: usize = 32;
/// The first index that takes more than a byte (§6.1).
const FIRST_LONG: u32 = 0x7F;

/// The block of a head that repeats: a byte for each field.
#[derive(Clone, Copy)]
pub(in crate::http2) struct RepeatedBlock {
    bytes: [u8; MAX_FIELDS],
    len: usize,
}

impl RepeatedBlock {
    const EMPTY: Self = Self { bytes: [0; MAX_FIELDS], len: 0 };

    #[inline]
    pub(in crate::http2) fn as_slice(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }

    /// Adds a field that has this index, if there is one. Returns whether it could.
    #[inline]
    fn push(&mut self, index: Option<u32>) -> bool {
        match (index, self.bytes.get_mut(self.len)) {
            (Some(index @ ..FIRST_LONG), Some(to)) => {
                *to = 0x80 | index as u8;
                self.len += 1;
                true
            }
            _ => false,
        }
    }
}

/// The fields of a head, looked for one after the other where they were found last. Nothing is changed.
pub(in crate::http2) struct Repeats<'e, B> {
    encoder: &'e Encoder<B>,
    /// The fields so far, as long as all were found.
    block: RepeatedBlock,
    all: bool,
}

impl<B: Buffer> Repeats<'_, B> {
    /// Looks for the next field. Returns whether it is in a table.
    ///
    /// Only 64-bit targets look. For others, the compiler does not prove that callers of this cannot panic, and the code
    /// would take flash.
    #[inline]
    pub(in crate::http2) fn find(&mut self, name: &[u8], value: FieldValue<'_>) -> bool {
        let index = if cfg!(target_pointer_width = "64") {
            self.encoder.find_again(name, value)
        } else {
            None
        };
        self.all = self.all && self.block.push(index);
        index.is_some()
    }

    /// The block, if all were found.
    #[inline]
    pub(in crate::http2) fn block(&self) -> Option<RepeatedBlock> {
        self.all.then_some(self.block)
    }
}

impl<B: Buffer> Encoder<B> {
    /// Begins to look for the fields of a head.
    #[inline]
    pub(in crate::http2) const fn repeats(&self) -> Repeats<'_, B> {
        Repeats { encoder: self, block: RepeatedBlock::EMPTY, all: self.has_told_size() }
    }

    /// Whether a block may begin with a field, because the other end need not be told of a size first.
    #[inline]
    const fn has_told_size(&self) -> bool {
        self.told_size == self.table.max_size() && self.smallest_size == self.told_size
    }

    /// The block for `fields`, if all are where they were found last. This changes nothing, and takes no room for fields
    /// that are written out.
    #[inline]
    pub(super) fn find_all(&self, fields: &impl Fields) -> Option<RepeatedBlock> {
        if !self.has_told_size() {
            return None;
        }
        let (mut block, mut all) = (RepeatedBlock::EMPTY, true);
        fields.for_each_field(|name, value| {
            all = all && block.push(self.find_again(name.as_bytes(), value));
        });
        all.then_some(block)
    }

    /// The index of the field, if it is where it was found last.
    #[inline(always)]
    fn find_again(&self, name: &[u8], value: FieldValue<'_>) -> Option<u32> {
        if value.is_sensitive() {
            return None;
        }
        let place = *self.memory.get(memory_of(name))?;
        let found = self.look_at(place, name, value.as_plain()?)?;
        found.with_value.then_some(found.index)
    }
}

#[cfg(test)]
#[cfg(feature = "alloc")]
mod tests {
    use std::string::String;
    use std::vec::Vec;

    use super::*;
    use crate::SliceBuf;
    use crate::http::from_fn;
    use crate::http2::hpack::storage_len;

    /// A head of up to 40 fields. Two of eight have new values, and a sensitive field is in some.
    fn head(step: u32) -> Vec<(String, String, bool)> {
        let last_change = if step % 8 < 2 { step } else { step / 8 * 8 + 1 };
        let pick =
            |field: u32, of: u32| last_change.wrapping_mul(0x9E37_79B9).rotate_left(field) % of;
        let len = match step / 8 % 3 {
            0 => 1,
            1 => 9,
            _ => 40,
        };
        let method = if pick(3, 2) == 0 { "GET" } else { "POST" };
        (0..len)
            .map(|field| match field {
                0 => (":method".into(), method.into(), false),
                1 => (":path".into(), std::format!("/{}", pick(5, 3)), false),
                _ => {
                    let name = std::format!("x-{field}");
                    let is_changing = pick(field, 5) == 0;
                    let value =
                        if is_changing { std::format!("{last_change}") } else { "same".into() };
                    (name, value, field == 7 && step % 16 == 9)
                }
            })
            .collect()
    }

    /// Blocks are the same as those for which nothing but the search for each field is used.
    #[test]
    fn a_repeated_block_is_that_of_the_search() {
        for table_size in [0, 100, 500, 4096, 16_384] {
            let mut encoder = Encoder::new(Vec::new(), table_size);
            let mut twin = Encoder::new(Vec::new(), table_size);
            let mut repeated = 0;
            for step in 0..1000 {
                if step % 100 == 99 {
                    let size = match step / 100 % 4 {
                        0 => 0,
                        1 => 300,
                        2 => 4096,
                        _ => 65_536,
                    };
                    encoder.set_size_limit(size);
                    twin.set_size_limit(size);
                }
                let head = head(step);
                let fields = from_fn(|put| {
                    for (name, value, is_sensitive) in &head {
                        let value = FieldValue::from(value.as_str());
                        put(name, if *is_sensitive { value.sensitive() } else { value });
                    }
                });
                repeated += u32::from(encoder.find_all(&fields).is_some());
                let (mut block, mut expected) = (Vec::new(), Vec::new());
                encoder.encode(&fields, &mut block).unwrap();
                twin.encode_within(&fields, super::super::max_block_len(&fields), &mut expected)
                    .unwrap();
                assert_eq!(block, expected, "{step} {table_size}");
            }
            assert!(table_size < 4096 || (200..800).contains(&repeated), "{repeated}");
        }
    }

    #[test]
    fn a_repeated_block_needs_no_more_room_than_it_has() {
        let fields = [(":method", "GET"), ("accept", "text/plain")];
        let mut storage = [0; storage_len(4096)];
        let mut encoder = Encoder::new(SliceBuf::new(&mut storage), 4096);
        let mut room = [0; 1];
        let mut short = SliceBuf::new(&mut room);
        encoder.encode(&&fields, &mut short).unwrap_err();
        let mut block = Vec::new();
        encoder.encode(&&fields, &mut block).unwrap();
        encoder.encode(&&fields, &mut short).unwrap_err();
        assert!(short.is_empty());
        let mut room = [0; 2];
        let mut enough = SliceBuf::new(&mut room);
        encoder.encode(&&fields, &mut enough).unwrap();
        assert_eq!(enough[..], [0x82, 0xBE]);
    }
}
