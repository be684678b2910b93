//! A naive decoder of field blocks, which sees a whole block and keeps its table in a list.

use std::collections::VecDeque;

use framewright::http2::Error;

/// A name, a value, and whether no table may hold the field.
pub type Field = (Vec<u8>, Vec<u8>, bool);

/// The decoder at one end of a connection.
pub struct Naive {
    /// The newest entry comes first.
    table: VecDeque<(Vec<u8>, Vec<u8>)>,
    /// What is in storage at most.
    capacity: usize,
    max_size: usize,
    size_limit: usize,
    must_resize: bool,
    has_lost: bool,
}

impl Naive {
    pub fn new(capacity: usize) -> Self {
        Self {
            table: VecDeque::new(),
            capacity,
            max_size: 4096,
            size_limit: 4096,
            must_resize: false,
            has_lost: false,
        }
    }

    pub fn settings_acknowledged(&mut self) {
        self.size_limit = self.capacity;
        self.must_resize = self.max_size > self.size_limit;
    }

    /// Decodes a block. Returns its fields up to an error.
    pub fn decode(&mut self, mut block: &[u8], max_len: usize) -> (Vec<Field>, Result<(), Error>) {
        let mut fields = Vec::new();
        while let Some(&first) = block.first() {
            let field = match self.field(&mut block, first, fields.is_empty(), max_len) {
                Ok(Some(field)) => field,
                Ok(None) => continue,
                Err(e) => return (fields, Err(e)),
            };
            fields.push(field);
        }
        (fields, Ok(()))
    }

    fn field(
        &mut self,
        block: &mut &[u8],
        first: u8,
        at_start: bool,
        max_len: usize,
    ) -> Result<Option<Field>, Error> {
        if first & 0b1110_0000 == 0b0010_0000 {
            let size = integer(block, 5)?;
            if !at_start || size > self.size_limit {
                return Err(Error::TableSize);
            }
            self.must_resize = false;
            self.max_size = size;
            self.evict(0);
            self.has_lost = self.has_lost && size > self.capacity;
            return Ok(None);
        }
        if self.must_resize {
            return Err(Error::TableSize);
        }
        if first & 0b1000_0000 != 0 {
            let index = integer(block, 7)?;
            let (name, value) = self.entry(index)?;
            check_len(name.len() + value.len(), max_len)?;
            return Ok(Some((name, value, false)));
        }
        let indexed = first & 0b0100_0000 != 0;
        let index = integer(block, if indexed { 6 } else { 4 })?;
        let name = if index == 0 { text(block, 0, max_len)? } else { self.entry(index)?.0 };
        check_len(name.len(), max_len)?;
        let value = text(block, name.len(), max_len)?;
        check_len(name.len() + value.len(), max_len)?;
        if indexed {
            let size = name.len() + value.len() + 32;
            self.evict(size);
            if size <= self.max_size.min(self.capacity) {
                self.table.push_front((name.clone(), value.clone()));
            } else if size <= self.max_size {
                self.has_lost = true;
            }
        }
        Ok(Some((name, value, !indexed && first & 0b0001_0000 != 0)))
    }

    fn evict(&mut self, new: usize) {
        let sizes = |table: &VecDeque<(Vec<u8>, Vec<u8>)>| -> usize {
            table.iter().map(|(name, value)| name.len() + value.len() + 32).sum()
        };
        while !self.table.is_empty() && sizes(&self.table) + new > self.max_size.min(self.capacity)
        {
            if sizes(&self.table) + new <= self.max_size {
                self.has_lost = true;
            }
            self.table.pop_back();
        }
    }

    fn entry(&self, index: usize) -> Result<(Vec<u8>, Vec<u8>), Error> {
        if let 1..=61 = index {
            let (name, value) = STATIC_TABLE[index - 1];
            return Ok((name.into(), value.into()));
        }
        let lost = if self.has_lost { Error::TableLost } else { Error::Index };
        let index = index.checked_sub(62).ok_or(Error::Index)?;
        self.table.get(index).cloned().ok_or(lost)
    }
}

const fn check_len(len: usize, max_len: usize) -> Result<(), Error> {
    if len > max_len { Err(Error::HeadTooLong { limit: max_len as u32 }) } else { Ok(()) }
}

/// Takes an integer whose prefix has `bits` (RFC 7541 §5.1).
fn integer(block: &mut &[u8], bits: u32) -> Result<usize, Error> {
    let max = (1_u64 << bits) - 1;
    let mut value = u64::from(byte(block)?) & max;
    if value < max {
        return Ok(value as usize);
    }
    for more in 0.. {
        let next = byte(block)?;
        value += if more < 5 { u64::from(next & 0x7F) << (7 * more) } else { u64::MAX >> 1 };
        if value > u64::from(u32::MAX) {
            return Err(Error::Integer);
        }
        if next & 0x80 == 0 {
            break;
        }
    }
    Ok(value as usize)
}

fn byte(block: &mut &[u8]) -> Result<u8, Error> {
    block.split_off_first().copied().ok_or(Error::BlockTruncated)
}

/// Takes a text (RFC 7541 §5.2), of a field that has `so_far` bytes.
fn text(block: &mut &[u8], so_far: usize, max_len: usize) -> Result<Vec<u8>, Error> {
    let huffman = block.first().is_some_and(|first| first & 0x80 != 0);
    let len = integer(block, 7)?;
    // No code is longer than 30 bits, so that many bytes are certain.
    check_len(so_far + if huffman { len / 4 } else { len }, max_len)?;
    let bytes = block.split_off(..len.min(block.len())).expect("there are as many");
    let truncated = bytes.len() < len;
    if !huffman {
        return if truncated { Err(Error::BlockTruncated) } else { Ok(bytes.into()) };
    }
    let text = decode(bytes, so_far, max_len, !truncated)?;
    if truncated { Err(Error::BlockTruncated) } else { Ok(text) }
}

/// Decodes a Huffman-coded text bit by bit.
fn decode(bytes: &[u8], so_far: usize, max_len: usize, ends: bool) -> Result<Vec<u8>, Error> {
    let codes = codes();
    let (mut text, mut code, mut len) = (Vec::new(), 0_u32, 0_u8);
    for bit in bytes.iter().flat_map(|byte| (0..8).rev().map(move |at| byte >> at & 1)) {
        (code, len) = (code << 1 | u32::from(bit), len + 1);
        if let Some(symbol) = codes.iter().position(|&known| known == (code, len)) {
            text.push(u8::try_from(symbol).map_err(|_| Error::Huffman)?);
            check_len(so_far + text.len(), max_len)?;
            (code, len) = (0, 0);
        }
    }
    if ends && (len > 7 || code != (1 << len) - 1) {
        return Err(Error::Huffman);
    }
    Ok(text)
}

/// The code of every symbol and its length: in the order of their lengths, each one more than the one before.
fn codes() -> Vec<(u32, u8)> {
    let mut codes = vec![(0, 0); LENGTHS.len()];
    let mut next = 0_u32;
    for len in 1..=30 {
        next <<= 1;
        for (symbol, _) in LENGTHS.iter().enumerate().filter(|(_, known)| **known == len) {
            codes[symbol] = (next, len);
            next = next.wrapping_add(1);
        }
    }
    codes
}

/// The lengths of the codes in bits (RFC 7541 Appendix B).
#[rustfmt::skip]
const LENGTHS: [u8; 257] = [
    13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28,
    28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28, 6, 10, 10, 12, 13, 6, 8, 11,
    10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8,
    15, 6, 12, 10, 13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
    7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6, 15, 5, 6, 5,
    6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7,
    7, 7, 7, 15, 11, 14, 13, 28, 20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23,
    23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
    22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21,
    23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23, 26, 26, 20, 19, 22, 23, 22, 25,
    26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26,
    28, 27, 27, 27, 20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23,
    26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26, 30,
];

/// RFC 7541 Appendix A.
pub const STATIC_TABLE: [(&str, &str); 61] = [
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
];
