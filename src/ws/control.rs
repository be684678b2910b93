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
        let room = self.bytes.iter_mut().skip(usize::from(self.len));
        for (to, from) in room.zip(chunk.bytes) {
            *to = *from;
            self.len += 1;
        }
    }

    pub(super) fn as_slice(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or_default()
    }
}
