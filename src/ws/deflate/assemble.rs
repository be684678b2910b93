//! Joins parts to messages, and inflates those that are compressed.

#[cfg(feature = "bytes")]
use bytes::BytesMut;

use super::Inflater;
use crate::Buffer;
#[cfg(feature = "bytes")]
use crate::ws::BytesMessage;
use crate::ws::{AssembleError, Assembler, Error, Message, Part};

/// Joins parts to messages as an [`Assembler`] does, and inflates those that are compressed.
///
/// Inflated data passes through `scratch`, a buffer of the caller's. All connections of a thread can
/// share one. A message that fits there is returned from there. A longer one is joined in the storage,
/// which never holds more than [`Limits::max_message_len`](crate::ws::Limits::max_message_len).
///
/// Without an [`Inflater`], where compression was not agreed on, it works like an [`Assembler`].
#[derive(Debug)]
pub struct InflatingAssembler<B> {
    inflater: Option<Inflater>,
    assembler: Assembler<B>,
}

impl<B: Buffer> InflatingAssembler<B> {
    /// An assembler that joins messages in `storage`. What `storage` holds is overwritten.
    pub const fn new(storage: B, inflater: Option<Inflater>) -> Self {
        Self { inflater, assembler: Assembler::new(storage) }
    }

    /// Adds the next part. Returns the message if it was the last.
    ///
    /// Parts of control frames are ignored. Some KiB of `scratch` are enough.
    ///
    /// # Errors
    ///
    /// The message is lost. If the fault is the peer's, its storage is [freed](Buffer::free). Give an [`AssembleError::Peer`] to
    /// [`Connection::fail`](crate::ws::Connection::fail). After any other error, the message's other
    /// parts are ignored, and the connection should close with [`AssembleError::close_code`].
    ///
    /// # Panics
    ///
    /// If `scratch` is empty.
    pub fn push<'a>(
        &'a mut self,
        part: Part<'a>,
        scratch: &'a mut [u8],
    ) -> Result<Option<Message<'a>>, AssembleError> {
        let Part::Compressed(mut chunk) = part else { return self.assembler.push(part) };
        let inflater = self.inflater.as_mut().ok_or(Error::ReservedBits)?;
        let mut joined = Ok(());
        loop {
            let filled = match inflater.fill(&mut chunk, scratch) {
                Ok(Some(filled)) => filled,
                Ok(None) => return joined.map(|()| None),
                Err(e) => return Err(lose(&mut self.assembler, e)),
            };
            // The part is made in two places: what is returned must borrow `scratch` for as long as
            // `self`, and what is joined must not.
            if filled.end && joined.is_ok() {
                return match inflater.part(filled, scratch) {
                    Ok(part) => self.assembler.push(part),
                    Err(_) => Err(lose(&mut self.assembler, Error::InvalidUtf8)),
                };
            }
            let Ok(part) = inflater.part(filled, scratch) else {
                return Err(lose(&mut self.assembler, Error::InvalidUtf8));
            };
            // Data without room is inflated all the same: later messages may refer to it.
            joined = joined.and(self.assembler.push(part).map(drop));
        }
    }

    /// Gives up the current message, and [frees](Buffer::free) its storage, as
    /// [`Assembler::abandon`] does.
    pub fn abandon(&mut self) {
        self.assembler.abandon();
    }

    /// The storage, with the current message or the last one joined.
    pub const fn storage(&self) -> &B {
        self.assembler.storage()
    }

    /// Returns the storage with its contents, and goes on in empty storage.
    ///
    /// Inside a message it returns `None`, and nothing changes.
    pub fn release(&mut self) -> Option<B>
    where
        B: Default,
    {
        self.assembler.release()
    }

    /// Frees the inflater's memory, if nothing can refer to its context: see
    /// [`Inflater::release`].
    pub fn release_context(&mut self) {
        if let Some(inflater) = &mut self.inflater {
            inflater.release();
        }
    }
}

#[cfg(feature = "bytes")]
impl InflatingAssembler<BytesMut> {
    /// Adds the next part. If it was the last, returns the message to keep.
    ///
    /// For the rest, it works like [`push`](Self::push).
    pub fn take(
        &mut self,
        part: Part<'_>,
        scratch: &mut [u8],
    ) -> Result<Option<BytesMessage>, AssembleError> {
        let Part::Compressed(mut chunk) = part else { return self.assembler.take(part) };
        let inflater = self.inflater.as_mut().ok_or(Error::ReservedBits)?;
        let mut taken = Ok(None);
        loop {
            match inflater.inflate(&mut chunk, scratch) {
                Ok(Some(part)) => {
                    let next = self.assembler.take(part);
                    taken = taken.and(next);
                }
                Ok(None) => return taken,
                Err(e) => return Err(lose(&mut self.assembler, e)),
            }
        }
    }
}

/// Gives up the message that `error` was found in.
#[cold]
fn lose<B: Buffer>(assembler: &mut Assembler<B>, error: Error) -> AssembleError {
    assembler.abandon();
    error.into()
}
