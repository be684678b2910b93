//! One field block: from its pieces to a head that keeps the rules (§4.3).
//!
//! Every block is decoded to its end, whatever becomes of its message, because the decoder's table is the
//! connection's.
//!
//! ```text
//!     Kept ──────────── END_HEADERS ───────────▶ Outcome::Kept
//!      ├─ a field breaks a rule ─▶ Malformed ──▶ Outcome::Malformed
//!      └─ over a limit ──────────▶ TooLong ────▶ Outcome::TooLong
//!     Unwanted ────────────────────────────────▶ Outcome::Unwanted
//! ```
//!
//! In all states but `Kept`, the caller's buffer is emptied after each field.

use super::hpack;
use super::rules::{Checked, Message, Rules};
use super::{BlockFrame, Error, FieldBlockPart, Limits};
use crate::Buffer;

/// What became of a field block.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Outcome {
    /// The buffer has its fields, all of them checked.
    Kept(Checked),
    /// Its message is malformed: the stream's error (§8.1.1).
    Malformed(Error),
    /// It is over a limit, and under the one that ends the connection: a request can be answered with the
    /// status 431 (RFC 6585 §5).
    TooLong(Error),
    /// Nobody wanted it.
    Unwanted,
}

/// The field block under way. Between blocks, it is meaningless.
#[derive(Clone, Debug)]
pub(super) struct Block {
    rules: Rules,
    fate: Fate,
    /// How many bytes the caller's buffer held after the last piece.
    buffer_len: usize,
    /// Where in the buffer the current field begins.
    at: usize,
    /// Length of the head so far, with 32 for each field (§6.5.2).
    head_len: u64,
    fields: u32,
    /// CONTINUATION frames that may still come.
    frames: u32,
}

/// What happens to the fields of a block.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Fate {
    Kept,
    Malformed(Error),
    TooLong(Error),
    Unwanted,
}

impl Block {
    /// No block.
    pub(super) const fn new() -> Self {
        Self {
            rules: Rules::new(Message::Trailers),
            fate: Fate::Unwanted,
            buffer_len: 0,
            at: 0,
            head_len: 0,
            fields: 0,
            frames: 0,
        }
    }

    /// Begins a block. `None` means that its message is not wanted.
    pub(super) fn begin(
        &mut self,
        message: Option<Message>,
        limits: &Limits,
        buffer: &mut impl Buffer,
    ) {
        buffer.clear();
        *self = Self {
            rules: Rules::new(message.unwrap_or(Message::Trailers)),
            fate: if message.is_some() { Fate::Kept } else { Fate::Unwanted },
            // As many as a head at the limit needs, and some for those that cut elsewhere.
            frames: EXTRA_FRAMES + limits.max_head_len / Limits::MIN_FRAME_LEN,
            ..Self::new()
        };
    }

    /// Decodes the next piece of the block. With the last one, it says what became of it.
    ///
    /// # Errors
    ///
    /// All end the connection.
    pub(super) fn receive<T: Buffer, B: Buffer>(
        &mut self,
        part: &FieldBlockPart<'_>,
        decoder: &mut hpack::Decoder<T>,
        limits: &Limits,
        buffer: &mut B,
    ) -> Result<Option<Outcome>, Error> {
        if buffer.as_slice().len() != self.buffer_len {
            return Err(Error::HeadBuffer);
        }
        if part.begins == Some(BlockFrame::Continuation) {
            self.frames = self.frames.checked_sub(1).ok_or(Error::Flood)?;
        }
        let mut input = part.bytes;
        while let Some(field) = decoder.decode(&mut input, buffer, self.room(limits))? {
            self.take(field.list_len(), limits, buffer)?;
        }
        self.buffer_len = buffer.as_slice().len();
        if !part.end {
            return Ok(None);
        }
        decoder.check_end()?;
        Ok(Some(self.outcome(part.end_stream)))
    }

    /// Takes notice of the field that was decoded last.
    #[inline]
    fn take(
        &mut self,
        list_len: u64,
        limits: &Limits,
        buffer: &mut impl Buffer,
    ) -> Result<(), Error> {
        self.head_len = self.head_len.saturating_add(list_len);
        self.fields = self.fields.saturating_add(1);
        if self.fate == Fate::Kept {
            self.fate = self.judge(limits, buffer.as_slice());
        }
        if self.head_len > u64::from(limits.max_head_len) * END_AT {
            return Err(Error::HeadTooLong);
        }
        if self.fate != Fate::Kept {
            buffer.clear();
        }
        self.at = buffer.as_slice().len();
        Ok(())
    }

    /// What happens to the block, now that another field is in the buffer.
    #[inline]
    fn judge(&mut self, limits: &Limits, entries: &[u8]) -> Fate {
        if self.head_len > u64::from(limits.max_head_len) {
            return Fate::TooLong(Error::HeadTooLong);
        }
        if self.fields > limits.max_fields {
            return Fate::TooLong(Error::TooManyFields);
        }
        match self.rules.check(entries, self.at) {
            Ok(()) => Fate::Kept,
            Err(error) => Fate::Malformed(error),
        }
    }

    fn outcome(&self, end_stream: bool) -> Outcome {
        match self.fate {
            Fate::Kept => match self.rules.finish(end_stream) {
                Ok(checked) => Outcome::Kept(checked),
                Err(error) => Outcome::Malformed(error),
            },
            Fate::Malformed(error) => Outcome::Malformed(error),
            Fate::TooLong(error) => Outcome::TooLong(error),
            Fate::Unwanted => Outcome::Unwanted,
        }
    }
}

/// CONTINUATION frames that a block may have beyond those that its length explains.
const EXTRA_FRAMES: u32 = 8;
/// How many times the limit a head may be as long, before the connection ends.
const END_AT: u64 = 4;
