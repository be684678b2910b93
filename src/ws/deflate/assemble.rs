//! Joins parts to messages, and inflates those that are compressed.

#[cfg(feature = "bytes")]
use bytes::BytesMut;

use super::Inflater;
use crate::Buffer;
#[cfg(feature = "bytes")]
use crate::ws::BytesMessage;
use crate::ws::{Assembler, Error, Message, Part};

impl<B: Buffer> Assembler<B> {
    /// Adds the next part like [`push`](Self::push), and inflates it if it is compressed. Returns the
    /// message if it was the last.
    ///
    /// Without an [`Inflater`], compression was not agreed on. Inflated data passes through `scratch`, a
    /// buffer of the caller's, of which some KiB are enough. All connections of a thread can share one. A
    /// message that fits there is returned from there. A longer one is joined in the storage, which never
    /// holds more than [`Limits::max_message_len`](crate::ws::Limits::max_message_len).
    ///
    /// # Errors
    ///
    /// The message is lost. Give the error to [`Connection::fail`](crate::ws::Connection::fail). If the fault
    /// is the peer's, the storage was [freed](Buffer::free). After [`Error::BufferFull`], a caller may go on
    /// instead: the message's other parts are ignored.
    ///
    /// # Panics
    ///
    /// If `scratch` is empty.
    pub fn push_inflated<'a>(
        &'a mut self,
        part: Part<'a>,
        inflater: Option<&mut Inflater>,
        scratch: &'a mut [u8],
    ) -> Result<Option<Message<'a>>, Error> {
        let Part::Compressed(mut chunk) = part else { return self.push(part) };
        let Some(inflater) = inflater else { return Err(lose(self, Error::ReservedBits)) };
        let mut joined = Ok(());
        loop {
            let filled = match inflater.fill(&mut chunk, scratch) {
                Ok(Some(filled)) => filled,
                Ok(None) => return joined.map(|()| None),
                Err(e) => return Err(lose(self, e)),
            };
            // The part is made in two places: what is returned must borrow `scratch` for as long as
            // `self`, and what is joined must not.
            if filled.end && joined.is_ok() {
                return match inflater.part(filled, scratch) {
                    Ok(part) => self.push(part),
                    Err(_) => Err(lose(self, Error::InvalidUtf8)),
                };
            }
            let Ok(part) = inflater.part(filled, scratch) else {
                return Err(lose(self, Error::InvalidUtf8));
            };
            // Data without room is inflated all the same: later messages may refer to it.
            joined = joined.and(self.push(part).map(drop));
        }
    }
}

#[cfg(feature = "bytes")]
impl Assembler<BytesMut> {
    /// Adds the next part like [`push_inflated`](Self::push_inflated). If it was the last, returns the
    /// message to keep.
    pub fn take_inflated(
        &mut self,
        part: Part<'_>,
        inflater: Option<&mut Inflater>,
        scratch: &mut [u8],
    ) -> Result<Option<BytesMessage>, Error> {
        let Part::Compressed(mut chunk) = part else { return self.take(part) };
        let Some(inflater) = inflater else { return Err(lose(self, Error::ReservedBits)) };
        let mut taken = Ok(None);
        loop {
            match inflater.inflate(&mut chunk, scratch) {
                Ok(Some(part)) => {
                    let next = self.take(part);
                    taken = taken.and(next);
                }
                Ok(None) => return taken,
                Err(e) => return Err(lose(self, e)),
            }
        }
    }
}

/// Gives up the message that `error` was found in.
#[cold]
fn lose<B: Buffer>(assembler: &mut Assembler<B>, error: Error) -> Error {
    assembler.abandon();
    error
}
