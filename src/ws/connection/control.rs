//! The payload of a control frame, which may come in pieces.

use crate::Chunk;
use crate::inline::Inline;
use crate::ws::Mask;

/// The payload of one control frame (§5.5), which may come in pieces.
#[derive(Clone)]
pub(super) struct ControlPayload(Inline<125>);

impl ControlPayload {
    pub(super) const EMPTY: Self = Self(Inline::EMPTY);

    /// Adds a piece, and unmasks it if it has a mask. The first piece of a frame replaces the frame
    /// before it.
    pub(super) fn put(&mut self, chunk: Chunk<'_>, mask: Option<Mask>) {
        if chunk.start {
            self.0.clear();
        }
        // It has room: a decoder refuses longer control frames.
        let Some(fresh) = self.0.try_grow(chunk.bytes.len()) else { return };
        match mask {
            Some(mut mask) => mask.copy(chunk.bytes, fresh),
            None => fresh.copy_from_slice(chunk.bytes),
        }
    }

    pub(super) fn as_slice(&self) -> &[u8] {
        self.0.as_slice()
    }
}
