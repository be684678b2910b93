#[cfg(feature = "bytes")]
use bytes::BytesMut;

use super::Inflater;
use crate::Buffer;
#[cfg(feature = "bytes")]
use crate::ws::BytesMessage;
use crate::ws::{AssembleError, Assembler, Error, Message, Part};

/// Joins parts to messages as an [`Assembler`] does, and inflates those that are compressed.
///
/// What is inflated passes through a window of the caller's, which one thread's connections can
/// share: a message that fits in it is given out from there, and a longer one is joined in the
/// storage, which so never holds more than [`Limits::max_message_len`](crate::ws::Limits::max_message_len).
///
/// Without an [`Inflater`], where compression was not agreed on, it is an [`Assembler`].
#[derive(Debug)]
pub struct InflatingAssembler<B> {
    inflater: Option<Inflater>,
    assembler: Assembler<B>,
}

impl<B: Buffer> InflatingAssembler<B> {
    /// An assembler that joins messages in `storage`, in place of whatever that holds.
    pub const fn new(storage: B, inflater: Option<Inflater>) -> Self {
        Self { inflater, assembler: Assembler::new(storage) }
    }

    /// Adds the next part; gives out the message if it is the last.
    ///
    /// Parts of control frames are ignored. Of `window`, some KiB are enough.
    ///
    /// # Errors
    ///
    /// The message is lost. [`AssembleError::Peer`] is for
    /// [`Connection::fail`](crate::ws::Connection::fail) to tell; after any other, the rest of the
    /// message's parts are ignored, and the peer should be told by [`AssembleError::close_code`].
    ///
    /// # Panics
    ///
    /// If `window` is empty.
    pub fn push<'a>(
        &'a mut self,
        part: Part<'a>,
        window: &'a mut [u8],
    ) -> Result<Option<Message<'a>>, AssembleError> {
        let Part::Compressed(mut chunk) = part else { return self.assembler.push(part) };
        let inflater = self.inflater.as_mut().ok_or(Error::ReservedBits)?;
        let mut joined = Ok(());
        while let Some(filled) = inflater.fill(&mut chunk, window)? {
            if filled.end && joined.is_ok() {
                let part = inflater.part(filled, window).map_err(|_| Error::InvalidUtf8)?;
                return self.assembler.push(part);
            }
            let part = inflater.part(filled, window).map_err(|_| Error::InvalidUtf8)?;
            // What finds no room is inflated all the same: later messages may refer to it.
            joined = joined.and(self.assembler.push(part).map(drop));
        }
        joined.map(|()| None)
    }

    /// The storage, with the message joined last or the one under way.
    pub const fn storage(&self) -> &B {
        self.assembler.storage()
    }

    /// Gives back the storage with what it holds, and goes on in empty storage.
    ///
    /// While a message is under way, nothing happens.
    pub fn release(&mut self) -> Option<B>
    where
        B: Default,
    {
        self.assembler.release()
    }

    /// Gives back the inflater's memory, if nothing can refer to its context: see
    /// [`Inflater::release`].
    pub fn release_context(&mut self) {
        if let Some(inflater) = &mut self.inflater {
            inflater.release();
        }
    }
}

#[cfg(feature = "bytes")]
impl InflatingAssembler<BytesMut> {
    /// Adds the next part; if it is the last, gives out the message to keep.
    ///
    /// Otherwise as [`push`](Self::push).
    pub fn take(
        &mut self,
        part: Part<'_>,
        window: &mut [u8],
    ) -> Result<Option<BytesMessage>, AssembleError> {
        let Part::Compressed(mut chunk) = part else { return self.assembler.take(part) };
        let inflater = self.inflater.as_mut().ok_or(Error::ReservedBits)?;
        let mut taken = Ok(None);
        while let Some(part) = inflater.inflate(&mut chunk, window)? {
            let next = self.assembler.take(part);
            taken = taken.and(next);
        }
        taken
    }
}
