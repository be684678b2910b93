//! One field in the buffer that heads are decoded into.
//!
//! ```text
//! | name_len u32 | sensitive u1 + value_len u31 | name | value |   the next one …
//! ```
//!
//! Eight bytes stand before each field, where SETTINGS_MAX_HEADER_LIST_SIZE counts 32 (§6.5.2). So a buffer
//! as long as that limit is always long enough.

/// The lengths before a field, and its mark. Both lengths are below 2³¹, as the limits on heads are.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct EntryHeader {
    pub(super) name_len: u32,
    pub(super) value_len: u32,
    /// Whether the field came as a literal that is never indexed (RFC 7541 §6.2.3).
    pub(super) sensitive: bool,
}

impl EntryHeader {
    /// Length in bytes.
    pub(super) const LEN: usize = 8;
    /// The bit that marks a field as sensitive.
    const SENSITIVE: u32 = 1 << 31;

    /// The header as it is stored.
    #[inline]
    pub(super) const fn to_bytes(self) -> [u8; Self::LEN] {
        let mark = if self.sensitive { Self::SENSITIVE } else { 0 };
        (self.name_len as u64 | ((self.value_len | mark) as u64) << 32).to_le_bytes()
    }

    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "each half is taken by itself")]
    const fn parse(bytes: [u8; Self::LEN]) -> Self {
        let both = u64::from_le_bytes(bytes);
        let value = (both >> 32) as u32;
        Self {
            name_len: both as u32,
            value_len: value & !Self::SENSITIVE,
            sensitive: value & Self::SENSITIVE != 0,
        }
    }
}

/// A field in the buffer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Entry<'a> {
    pub(super) name: &'a [u8],
    pub(super) value: &'a [u8],
    pub(super) sensitive: bool,
}

impl<'a> Entry<'a> {
    /// Takes the first field off `entries`. `None` if there is none.
    #[inline]
    pub(super) fn take(entries: &mut &'a [u8]) -> Option<Self> {
        let (&header, rest) = entries.split_first_chunk()?;
        let EntryHeader { name_len, value_len, sensitive } = EntryHeader::parse(header);
        let (name, rest) = rest.split_at_checked(name_len as usize)?;
        let (value, rest) = rest.split_at_checked(value_len as usize)?;
        *entries = rest;
        Some(Self { name, value, sensitive })
    }
}

#[cfg(test)]
#[cfg(feature = "alloc")]
mod tests {
    use std::vec::Vec;

    use super::*;

    #[test]
    fn what_is_stored_can_be_taken() {
        let mut bytes = Vec::new();
        let fields = [("a", "", false), ("", "bcd", true), ("name", "value", true)];
        for (name, value, sensitive) in fields {
            let header = EntryHeader {
                name_len: name.len().try_into().expect("it is short"),
                value_len: value.len().try_into().expect("it is short"),
                sensitive,
            };
            assert_eq!(EntryHeader::parse(header.to_bytes()), header);
            bytes.extend_from_slice(&header.to_bytes());
            bytes.extend_from_slice(name.as_bytes());
            bytes.extend_from_slice(value.as_bytes());
        }
        let mut rest = &bytes[..];
        for (name, value, sensitive) in fields {
            let entry = Entry { name: name.as_bytes(), value: value.as_bytes(), sensitive };
            assert_eq!(Entry::take(&mut rest), Some(entry));
        }
        assert_eq!(Entry::take(&mut rest), None);
        for len in 0..9 {
            assert_eq!(Entry::take(&mut &bytes[..len.min(8)]), None, "{len} bytes");
        }
    }
}
