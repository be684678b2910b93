//! Field blocks of HTTP/2, decoded with the table of their direction (HPACK).

use framewright::http2::Error;
use framewright::http2::hpack::Decoder;

use super::preview::{lossy, shrunk};

/// How long a field may be, and how much of a head is kept.
const MAX_FIELD_LEN: u32 = 256 * 1024;
const MAX_HEAD_LEN: u64 = 1 << 20;
/// The size of a table until a peer announces another.
const INITIAL_TABLE_SIZE: u32 = 4096;

/// A field of a head.
pub type HeadField = (String, Vec<u8>);

/// The block that has begun, and the table of all before it.
pub struct Block {
    decoder: Option<Decoder<Vec<u8>>>,
    /// The table size that the sender has announced, for the blocks of its peer.
    announced: u32,
    text: Vec<u8>,
    fields: Vec<HeadField>,
    sensitive: Vec<String>,
    wire_len: u64,
    list_len: u64,
}

impl Block {
    pub const fn new() -> Self {
        Self {
            decoder: None,
            announced: INITIAL_TABLE_SIZE,
            text: Vec::new(),
            fields: Vec::new(),
            sensitive: Vec::new(),
            wire_len: 0,
            list_len: 0,
        }
    }

    /// Notes the table size that the sender of these blocks can decode with.
    pub fn announce(&mut self, size: u32) {
        self.announced = size.max(INITIAL_TABLE_SIZE);
    }

    pub const fn table_size(&self) -> u32 {
        self.announced
    }

    /// Decodes bytes of a block, for a peer that has announced a table of `table_size` bytes.
    ///
    /// An error says at which byte. They are given to the decoder one at a time, so that it is known.
    pub fn decode(
        &mut self,
        input: &[u8],
        end: bool,
        table_size: u32,
    ) -> Result<(), (usize, Error)> {
        let decoder = self.decoder.get_or_insert_with(|| {
            let mut decoder = Decoder::new(Vec::new(), table_size);
            decoder.settings_acknowledged();
            decoder
        });
        self.wire_len += input.len() as u64;
        for (at, byte) in input.iter().enumerate() {
            let mut byte = std::slice::from_ref(byte);
            let decoded = decoder.decode(&mut byte, &mut self.text, MAX_FIELD_LEN);
            let Some(field) = decoded.map_err(|error| (at, error))? else { continue };
            let name = lossy(field.name);
            self.list_len += field.list_len();
            if field.sensitive {
                self.sensitive.push(name.clone());
            }
            if self.list_len <= MAX_HEAD_LEN {
                self.fields.push((name, field.value.to_vec()));
            }
            self.text.clear();
        }
        if end { decoder.end_block().map_err(|error| (input.len(), error)) } else { Ok(()) }
    }

    /// Takes the fields of a block that is complete, and tells them as facts.
    pub fn take(&mut self, facts: &mut Vec<(String, String)>) -> Vec<HeadField> {
        let plain: u64 = self.list_len - 32 * self.fields.len() as u64;
        facts.push(("field block".to_owned(), shrunk(self.wire_len, plain)));
        for (name, value) in &self.fields {
            facts.push((name.clone(), lossy(value)));
        }
        if !self.sensitive.is_empty() {
            facts.push(("never indexed".to_owned(), self.sensitive.join(", ")));
            self.sensitive.clear();
        }
        (self.wire_len, self.list_len) = (0, 0);
        std::mem::take(&mut self.fields)
    }
}
