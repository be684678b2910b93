//! How far the current message and the current frame have come.

use super::input::Input;
use super::text::InvalidText;
use super::{CompressedChunk, FrameHeader, Kind, Mask, Opcode, Part, TextChunk};
use crate::Chunk;
use crate::utf8::Utf8State;

/// How far the current data message has come.
#[derive(Clone, Copy, Debug)]
pub(super) struct IncomingMessage {
    pub(super) kind: Kind,
    pub(super) compressed: bool,
    /// Whether a part of it was returned.
    pub(super) started: bool,
    /// The state of its text, if it is one.
    pub(super) text: Utf8State,
    /// Number of its frames: 0 if there is no message.
    pub(super) frames: u32,
    /// Length of its frames in bytes, as announced.
    pub(super) len: u64,
}

impl IncomingMessage {
    pub(super) const NONE: Self = Self::new(Kind::Binary, false);

    #[inline]
    pub(super) const fn new(kind: Kind, compressed: bool) -> Self {
        Self { kind, compressed, started: false, text: Utf8State::Boundary, frames: 0, len: 0 }
    }

    /// Counts the next frame, which announced `len` bytes.
    #[inline]
    pub(super) const fn add_frame(&mut self, len: u64) {
        self.frames = self.frames.saturating_add(1);
        self.len = self.len.saturating_add(len);
    }

    /// The part with the next `bytes` of the message, the last if `end`.
    #[inline(always)]
    pub(super) fn part<'a>(
        &mut self,
        bytes: &'a mut [u8],
        mask: Option<&mut Mask>,
        end: bool,
    ) -> Result<Part<'a>, InvalidText<'a>> {
        let start = !self.started;
        self.started = true;
        if self.kind == Kind::Text && !self.compressed {
            let text = TextChunk::unmask(bytes, mask, self.text, start, end)?;
            self.text = text.after();
            return Ok(Part::Text(text));
        }
        if let Some(mask) = mask {
            mask.apply(bytes);
        }
        let chunk = Chunk { bytes, start, end };
        Ok(if self.compressed {
            Part::Compressed(CompressedChunk::new(self.kind, chunk))
        } else {
            Part::Binary(chunk)
        })
    }
}

/// A frame whose header kept the rules, and how far its payload has come.
#[derive(Clone, Copy, Debug)]
pub(super) struct IncomingFrame {
    pub(super) opcode: Opcode,
    pub(super) fin: bool,
    /// Whether a part of it was returned.
    pub(super) started: bool,
    /// Bytes of payload still to come.
    pub(super) remaining: u64,
    pub(super) mask: Option<Mask>,
}

impl IncomingFrame {
    pub(super) const NONE: Self =
        Self { opcode: Opcode::Continuation, fin: false, started: false, remaining: 0, mask: None };

    #[inline]
    pub(super) const fn new(header: &FrameHeader) -> Self {
        Self {
            opcode: header.opcode(),
            fin: header.fin(),
            started: false,
            remaining: header.len(),
            mask: header.mask(),
        }
    }

    /// Takes as much payload off `input` as there is.
    ///
    /// `None` means that there is none although more is to come.
    #[inline]
    pub(super) fn take_payload<I: Input>(&mut self, input: &mut I) -> Option<I> {
        if input.is_empty() && self.remaining > 0 {
            return None;
        }
        let len = usize::try_from(self.remaining).unwrap_or(usize::MAX).min(input.len());
        self.remaining -= len as u64;
        input.take_front(len)
    }
}
