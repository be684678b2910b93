use core::fmt;

use crate::Chunk;

/// The payload of one control frame (§5.5), which may come in pieces.
#[derive(Clone, Debug)]
pub(super) struct Slot {
    bytes: [u8; Self::CAPACITY],
    len: u8,
}

impl Slot {
    const CAPACITY: usize = 125;

    pub(super) const EMPTY: Self = Self { bytes: [0; Self::CAPACITY], len: 0 };

    /// Adds a piece. The first of a frame takes the place of what was here.
    pub(super) fn put(&mut self, chunk: Chunk<'_>) {
        if chunk.start {
            self.len = 0;
        }
        for &byte in chunk.bytes {
            self.push(byte);
        }
    }

    pub(super) fn as_slice(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or_default()
    }

    fn push(&mut self, byte: u8) {
        if let Some(to) = self.bytes.get_mut(usize::from(self.len)) {
            *to = byte;
            self.len += 1;
        }
    }
}

/// What is written in ASCII is cut where a close reason has to end (§5.5.1).
impl fmt::Write for Slot {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        text.bytes().take(123 - self.as_slice().len().min(123)).for_each(|byte| self.push(byte));
        Ok(())
    }
}
