//! Joins the chunks of messages.

use core::{fmt, mem};

use crate::{Buffer, BufferFull, Chunk};

/// Joins the chunks of each message, in storage that the caller picks.
///
/// A message that arrives in one chunk is returned as it is, without a copy.
///
/// ```
/// use framewright::{Assembler, Chunk};
///
/// let mut assembler = Assembler::new(Vec::new());
/// assert_eq!(assembler.push(Chunk::whole(b"one")), Ok(Some(&b"one"[..])));
/// assert_eq!(assembler.push(Chunk { bytes: b"tw", start: true, end: false }), Ok(None));
/// assert_eq!(assembler.push(Chunk { bytes: b"o", start: false, end: true }), Ok(Some(&b"two"[..])));
/// ```
#[derive(Clone)]
pub struct Assembler<B> {
    storage: B,
    state: State,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum State {
    /// For the first chunk of a message. Chunks of a message that found no room are ignored.
    Waiting,
    /// Some chunks of a message have arrived.
    Joining,
}

impl<B: Buffer> Assembler<B> {
    /// An assembler that joins messages in `storage`. What `storage` holds is overwritten.
    ///
    /// The decoder's limits bound how much it may hold, unless the storage itself does.
    pub const fn new(storage: B) -> Self {
        Self { storage, state: State::Waiting }
    }

    /// Adds the next chunk. Returns the message if it was the last.
    ///
    /// # Errors
    ///
    /// The storage has no room for the chunk. The message is lost, and its other chunks are ignored.
    #[inline]
    pub fn push<'a>(&'a mut self, chunk: Chunk<'a>) -> Result<Option<&'a [u8]>, BufferFull> {
        if chunk.is_whole() {
            return Ok(Some(chunk.bytes));
        }
        Ok(self.join(chunk)?.then(|| self.storage.as_slice()))
    }

    /// Adds the next chunk to the storage, even if it is a whole message. Returns whether the message is
    /// complete: [`storage`](Self::storage) has it until the next chunk.
    ///
    /// [`push`](Self::push) returns the message, which a loop in a method cannot do if the struct owns the
    /// assembler. Then ask for it:
    ///
    /// ```
    /// use framewright::{Assembler, Chunk};
    ///
    /// struct Lines {
    ///     assembler: Assembler<Vec<u8>>,
    /// }
    ///
    /// impl Lines {
    ///     fn next<'a>(&mut self, mut chunks: impl Iterator<Item = Chunk<'a>>) -> Option<&[u8]> {
    ///         while let Some(chunk) = chunks.next() {
    ///             if self.assembler.join(chunk).expect("a Vec has room") {
    ///                 return Some(self.assembler.storage());
    ///             }
    ///         }
    ///         None
    ///     }
    /// }
    /// # let mut lines = Lines { assembler: Assembler::new(Vec::new()) };
    /// # let chunk = |bytes, start, end| Chunk { bytes, start, end };
    /// # let mut chunks = [chunk(b"a", true, false), chunk(b"b", false, true), Chunk::whole(b"c")].into_iter();
    /// # assert_eq!(lines.next(&mut chunks), Some(&b"ab"[..]));
    /// # assert_eq!(lines.next(&mut chunks), Some(&b"c"[..]));
    /// # assert_eq!(lines.next(&mut chunks), None);
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`push`](Self::push).
    #[inline]
    pub fn join(&mut self, chunk: Chunk<'_>) -> Result<bool, BufferFull> {
        if chunk.start {
            self.storage.clear();
        } else if self.state == State::Waiting {
            return Ok(false);
        }
        let joined = self.storage.try_append(chunk.bytes);
        self.state = if chunk.end || joined.is_err() { State::Waiting } else { State::Joining };
        joined.map(|()| chunk.end)
    }

    /// Whether some chunks of a message have arrived, but not the last.
    pub(crate) fn is_joining(&self) -> bool {
        self.state == State::Joining
    }

    /// Gives up the current message: its other chunks are ignored.
    pub(crate) const fn ignore_rest(&mut self) {
        self.state = State::Waiting;
    }

    /// Gives up the current message, and [frees](Buffer::free) the storage. The message's other chunks
    /// are ignored.
    ///
    /// Call it when a decoder fails within a message: the storage may be long, and no end will come.
    pub fn abandon(&mut self) {
        self.ignore_rest();
        self.storage.free();
    }

    /// The storage, with the message that was joined last or is being joined.
    pub const fn storage(&self) -> &B {
        &self.storage
    }

    /// Takes the storage out of the assembler, with what it holds, and puts empty storage in its place.
    ///
    /// This frees the memory of a long message. Returns `None` and changes nothing while a message is
    /// being joined.
    pub fn release(&mut self) -> Option<B>
    where
        B: Default,
    {
        (self.state == State::Waiting).then(|| mem::take(&mut self.storage))
    }
}

#[cfg(feature = "bytes")]
impl Assembler<bytes::BytesMut> {
    /// Takes the message joined last out of the storage, which keeps the rest of its memory.
    pub(crate) fn split(&mut self) -> bytes::BytesMut {
        self.storage.split()
    }
}

/// Without the storage, of which the type need not say what it holds.
impl<B> fmt::Debug for Assembler<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Assembler").field("state", &self.state).finish_non_exhaustive()
    }
}

#[cfg(test)]
#[cfg(feature = "alloc")]
mod tests {
    use super::*;
    use crate::SliceBuf;
    use alloc::vec::Vec;

    const fn chunk(bytes: &[u8], start: bool, end: bool) -> Chunk<'_> {
        Chunk { bytes, start, end }
    }

    #[test]
    fn a_message_in_one_chunk_is_not_copied() {
        let bytes = *b"whole";
        let mut assembler = Assembler::new(Vec::new());
        let message = assembler.push(Chunk::whole(&bytes)).unwrap().unwrap();
        assert_eq!(message.as_ptr(), bytes.as_ptr());
        assert_eq!(assembler.storage().capacity(), 0);
    }

    #[test]
    fn a_message_that_fits_to_the_byte_passes_and_one_byte_more_loses_all_of_it() {
        let mut storage = [0; 4];
        let mut assembler = Assembler::new(SliceBuf::new(&mut storage));
        assert_eq!(assembler.push(chunk(b"ab", true, false)), Ok(None));
        assert_eq!(assembler.push(chunk(b"cd", false, true)), Ok(Some(&b"abcd"[..])));

        assert_eq!(assembler.push(chunk(b"abc", true, false)), Ok(None));
        assert_eq!(assembler.push(chunk(b"de", false, false)), Err(BufferFull { needed: 5 }));
        assert_eq!(
            assembler.push(chunk(b"f", false, false)),
            Ok(None),
            "what follows is not the message"
        );
        assert_eq!(assembler.push(chunk(b"", false, true)), Ok(None));

        assert_eq!(assembler.push(chunk(b"n", true, false)), Ok(None));
        assert_eq!(assembler.push(chunk(b"ext", false, true)), Ok(Some(&b"next"[..])));
    }

    #[test]
    fn storage_is_given_back_between_messages_only() {
        let mut assembler = Assembler::new(Vec::new());
        assert_eq!(assembler.push(chunk(b"lo", true, false)), Ok(None));
        assert_eq!(assembler.release(), None);
        assert_eq!(assembler.push(chunk(b"ng", false, true)), Ok(Some(&b"long"[..])));
        assert_eq!(assembler.release(), Some(b"long".to_vec()));
        assert_eq!(assembler.storage().capacity(), 0);
    }

    #[test]
    fn a_message_that_is_given_up_gives_its_memory_back() {
        let mut assembler = Assembler::new(Vec::new());
        assert_eq!(assembler.push(chunk(&[0; 1000], true, false)), Ok(None));
        assembler.abandon();
        assert_eq!(assembler.storage().capacity(), 0);
        assert_eq!(assembler.push(chunk(b"x", false, true)), Ok(None), "it is ignored");
        assert_eq!(assembler.release(), Some(Vec::new()));
        assert_eq!(assembler.push(chunk(b"ne", true, false)), Ok(None));
        assert_eq!(assembler.push(chunk(b"xt", false, true)), Ok(Some(&b"next"[..])));
    }

    #[test]
    fn a_beginning_takes_the_place_of_a_message_without_an_end() {
        let mut assembler = Assembler::new(Vec::new());
        assert_eq!(assembler.push(chunk(b"cut o", true, false)), Ok(None));
        assert_eq!(assembler.push(chunk(b"ne", true, false)), Ok(None));
        assert_eq!(assembler.push(chunk(b"w", false, true)), Ok(Some(&b"new"[..])));
    }

    #[test]
    fn chunks_without_a_beginning_are_no_message() {
        let mut assembler = Assembler::new(Vec::new());
        assert_eq!(assembler.push(chunk(b"x", false, true)), Ok(None));
    }
}
