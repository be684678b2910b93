//! Joins the parts of messages.

use core::fmt;

use super::{Error, MessagePart};
use crate::ws::{Kind, Message};
use crate::{Buffer, BufferFull};

/// Joins the parts of messages in storage that the caller picks.
///
/// A message that comes in one part is returned without copying it.
///
/// ```
/// use framewright::engineio::{AssembleError, Assembler, Error, MessagePart};
/// use framewright::ws::{Kind, Message};
/// use framewright::{Chunk, OverLimit};
///
/// let part = |bytes, start, end| MessagePart { kind: Kind::Text, chunk: Chunk { bytes, start, end } };
/// let mut assembler = Assembler::new(8, Vec::new());
/// assert_eq!(assembler.push(part(b"hel", true, false)), Ok(None));
/// assert_eq!(assembler.push(part(b"lo", false, true)), Ok(Some(Message::Text("hello"))));
/// let error = Error::MessageTooLong(OverLimit::new(9, 8));
/// assert_eq!(assembler.push(part(b"too long.", true, true)), Err(AssembleError::Peer(error)));
/// ```
#[derive(Clone)]
pub struct Assembler<B> {
    chunks: crate::Assembler<B>,
    max_len: u64,
    len: u64,
}

impl<B: Buffer> Assembler<B> {
    /// An assembler for messages of at most `max_len` bytes, joined in `storage`.
    pub const fn new(max_len: u64, storage: B) -> Self {
        Self { chunks: crate::Assembler::new(storage), max_len, len: 0 }
    }

    /// Adds a part. Returns the message if this was its last.
    ///
    /// # Errors
    ///
    /// There is no room for the message: give up the session.
    pub fn push<'a>(
        &'a mut self,
        part: MessagePart<'a>,
    ) -> Result<Option<Message<'a>>, AssembleError> {
        if part.chunk.start {
            self.len = 0;
        }
        self.len = self.len.saturating_add(part.chunk.bytes.len() as u64);
        if self.len > self.max_len {
            self.chunks.abandon();
            let over = crate::OverLimit::new(self.len, self.max_len);
            return Err(AssembleError::Peer(Error::MessageTooLong(over)));
        }
        let Some(bytes) = self.chunks.push(part.chunk)? else { return Ok(None) };
        Ok(Some(match part.kind {
            Kind::Binary => Message::Binary(bytes),
            Kind::Text => match simdutf8::basic::from_utf8(bytes) {
                Ok(text) => Message::Text(text),
                Err(_) => return Err(AssembleError::Peer(Error::InvalidUtf8)),
            },
        }))
    }
}

impl<B> fmt::Debug for Assembler<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Assembler").field("len", &self.len).finish_non_exhaustive()
    }
}

/// Why a message could not be joined.
///
/// [`Assembler`] has an example.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum AssembleError {
    /// The storage has no room for the message.
    BufferFull(BufferFull),
    /// The peer's message is too long, or parts of several messages were mixed.
    Peer(Error),
}

impl From<BufferFull> for AssembleError {
    fn from(full: BufferFull) -> Self {
        Self::BufferFull(full)
    }
}

impl fmt::Display for AssembleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BufferFull(full) => full.fmt(f),
            Self::Peer(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for AssembleError {}
