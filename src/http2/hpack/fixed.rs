//! The static table (RFC 7541 Appendix A).

use super::encode::hash;
use crate::http2::facts::FieldFacts;

/// An entry of the static table: its name and value, one after the other, the length of the name, and what is known of
/// it.
#[derive(Clone, Copy, Debug)]
pub(super) struct StaticEntry {
    text: &'static str,
    name_len: u8,
    facts: FieldFacts,
}

impl StaticEntry {
    const fn new(name: &'static str, text: &'static str) -> Self {
        Self { text, name_len: name.len() as u8, facts: FieldFacts::of_static(name) }
    }

    /// The entry with this index, from 1 to [`STATIC_LEN`].
    #[inline]
    pub(super) fn get(index: u32) -> Option<&'static Self> {
        STATIC_TABLE.get(usize::try_from(index).ok()?.checked_sub(1)?)
    }

    /// The index of the first entry called `name`, whose hash is `name_hash`.
    #[inline]
    pub(super) fn find(name: &[u8], name_hash: u32) -> Option<u32> {
        let mut slot = name_hash as usize % NAME_SLOTS;
        loop {
            let index = u32::from(*NAMES.get(slot)?);
            let entry = Self::get(index)?;
            if entry.name() == name {
                return Some(index);
            }
            slot = (slot + 1) % NAME_SLOTS;
        }
    }

    /// The index of the entry with `name` and `value`, among those with that name, of which `first` is the
    /// first.
    #[inline]
    pub(super) fn find_value(first: u32, name: &[u8], value: &[u8]) -> Option<u32> {
        let is_named = |index: &u32| Self::get(*index).is_some_and(|entry| entry.name() == name);
        let mut indexes = (first..).take_while(is_named);
        indexes.find(|&index| Self::get(index).is_some_and(|entry| entry.value() == value))
    }

    /// The name and, right after it, the value.
    #[inline]
    pub(super) const fn text(&self) -> &'static [u8] {
        self.text.as_bytes()
    }

    #[inline]
    pub(super) fn name_len(&self) -> usize {
        usize::from(self.name_len)
    }

    #[inline]
    pub(super) const fn facts(&self) -> FieldFacts {
        self.facts
    }

    #[inline]
    pub(super) fn name(&self) -> &'static [u8] {
        self.text().get(..self.name_len()).unwrap_or_default()
    }

    #[inline]
    pub(super) fn value(&self) -> &'static [u8] {
        self.text().get(self.name_len()..).unwrap_or_default()
    }
}

/// How many places names are hashed to: more than twice as many as there are names.
const NAME_SLOTS: usize = 128;

/// The index of the first entry with a name, at the place of its hash or after it. 0 is no entry.
static NAMES: [u8; NAME_SLOTS] = names();

#[expect(clippy::indexing_slicing, reason = "evaluated when this is compiled")]
const fn names() -> [u8; NAME_SLOTS] {
    let mut names = [0; NAME_SLOTS];
    let mut last: &[u8] = b"";
    let mut index = 0;
    while index < STATIC_TABLE.len() {
        let StaticEntry { text, name_len, .. } = STATIC_TABLE[index];
        let (name, _) = text.as_bytes().split_at(name_len as usize);
        index += 1;
        if !same(name, last) {
            let mut slot = hash(name) as usize % NAME_SLOTS;
            while names[slot] != 0 {
                slot = (slot + 1) % NAME_SLOTS;
            }
            names[slot] = index as u8;
        }
        last = name;
    }
    names
}

#[expect(clippy::indexing_slicing, reason = "evaluated when this is compiled")]
const fn same(a: &[u8], b: &[u8]) -> bool {
    let mut at = 0;
    while at < a.len() && at < b.len() && a[at] == b[at] {
        at += 1;
    }
    at == a.len() && at == b.len()
}

/// How many entries the static table has. The dynamic table's newest entry is the next.
pub(super) const STATIC_LEN: u32 = 61;

macro_rules! table {
    ($(($name:literal, $value:literal),)*) => {
        static STATIC_TABLE: [StaticEntry; STATIC_LEN as usize] =
            [$(StaticEntry::new($name, concat!($name, $value)),)*];
    };
}

table! {
    (":authority", ""),
    (":method", "GET"),
    (":method", "POST"),
    (":path", "/"),
    (":path", "/index.html"),
    (":scheme", "http"),
    (":scheme", "https"),
    (":status", "200"),
    (":status", "204"),
    (":status", "206"),
    (":status", "304"),
    (":status", "400"),
    (":status", "404"),
    (":status", "500"),
    ("accept-charset", ""),
    ("accept-encoding", "gzip, deflate"),
    ("accept-language", ""),
    ("accept-ranges", ""),
    ("accept", ""),
    ("access-control-allow-origin", ""),
    ("age", ""),
    ("allow", ""),
    ("authorization", ""),
    ("cache-control", ""),
    ("content-disposition", ""),
    ("content-encoding", ""),
    ("content-language", ""),
    ("content-length", ""),
    ("content-location", ""),
    ("content-range", ""),
    ("content-type", ""),
    ("cookie", ""),
    ("date", ""),
    ("etag", ""),
    ("expect", ""),
    ("expires", ""),
    ("from", ""),
    ("host", ""),
    ("if-match", ""),
    ("if-modified-since", ""),
    ("if-none-match", ""),
    ("if-range", ""),
    ("if-unmodified-since", ""),
    ("last-modified", ""),
    ("link", ""),
    ("location", ""),
    ("max-forwards", ""),
    ("proxy-authenticate", ""),
    ("proxy-authorization", ""),
    ("range", ""),
    ("referer", ""),
    ("refresh", ""),
    ("retry-after", ""),
    ("server", ""),
    ("set-cookie", ""),
    ("strict-transport-security", ""),
    ("transfer-encoding", ""),
    ("user-agent", ""),
    ("vary", ""),
    ("via", ""),
    ("www-authenticate", ""),
}
