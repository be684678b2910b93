use core::fmt;

#[cfg(feature = "bytes")]
use bytes::{Bytes, BytesMut};
use simdutf8::basic::from_utf8;

#[cfg(feature = "bytes")]
use super::Kind;
use super::{CloseCode, Error, Message, Part, TextChunk};
use crate::buffer::sealed::Ours;
use crate::utf8::Utf8State;
use crate::{Buffer, BufferFull, Chunk};

/// Joins parts to messages, in storage that the caller picks.
///
/// A message that comes in one part is given back as it is, without a copy. The others are joined
/// in the storage: a `Vec<u8>` or `BytesMut`, which can grow up to
/// [`Limits::max_message_len`](super::Limits::max_message_len), or a fixed slice.
///
/// ```
/// use framewright::ws::{Assembler, Decoder, Limits, Message, Role};
///
/// let mut decoder = Decoder::new(Role::Client, Limits::new());
/// let mut assembler = Assembler::new(Vec::new());
/// let mut bytes = *b"\x01\x03Hel\x80\x02lo"; // §5.7
/// let mut input = &mut bytes[..];
/// let mut messages = 0;
/// while let Some(part) = decoder.decode(&mut input)? {
///     if let Some(message) = assembler.push(part).expect("a Vec has room") {
///         assert_eq!(message, Message::Text("Hello"));
///         messages += 1;
///     }
/// }
/// assert_eq!(messages, 1);
/// # Ok::<(), framewright::ws::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Assembler<B> {
    chunks: crate::Assembler<B>,
    /// Where the text stands that is being joined: `None` for binary messages. From its first chunk
    /// on, each began where the one before had left it.
    text: Option<Utf8State>,
}

impl<B: Buffer> Assembler<B> {
    /// An assembler that joins messages in `storage`, in place of whatever that holds.
    pub const fn new(storage: B) -> Self {
        Self { chunks: crate::Assembler::new(storage), text: None }
    }

    /// Adds the next part; gives out the message if it is the last.
    ///
    /// Parts of control frames are ignored.
    ///
    /// # Errors
    ///
    /// The message is lost; the rest of its parts are ignored, unless they are compressed. The peer
    /// should be told by [`AssembleError::close_code`].
    #[inline(always)]
    pub fn push<'a>(&'a mut self, part: Part<'a>) -> Result<Option<Message<'a>>, AssembleError> {
        match part {
            Part::Text(text) => match text.as_str() {
                Some(str) if text.chunk().is_whole() => Ok(Some(Message::Text(str))),
                _ if self.join_text(text)? => Ok(Some(Message::Text(self.text()?))),
                _ => Ok(None),
            },
            Part::Binary(chunk) if chunk.is_whole() => Ok(Some(Message::Binary(chunk.bytes))),
            Part::Binary(chunk) => {
                let end = self.join(chunk, None)?;
                Ok(end.then(|| Message::Binary(self.chunks.storage().as_slice())))
            }
            Part::Compressed(_) => Err(AssembleError::Compressed),
            Part::Ping(_) | Part::Pong(_) | Part::Close(_) => Ok(None),
        }
    }

    /// Adds the next chunk of a text; tells whether the text is complete in the storage.
    fn join_text(&mut self, text: TextChunk<'_>) -> Result<bool, AssembleError> {
        let end = self.join(text.chunk(), Some(text.before()))?;
        self.text = Some(text.after());
        Ok(end)
    }

    /// Adds the next chunk, before which its text stands like that, if it is one; tells whether the
    /// message is complete in the storage.
    fn join(&mut self, chunk: Chunk<'_>, text: Option<Utf8State>) -> Result<bool, AssembleError> {
        let before = match text {
            Some(_) if chunk.start => Some(Utf8State::Boundary),
            _ if self.chunks.is_joining() && !chunk.start => self.text,
            _ => text,
        };
        if text != before {
            self.chunks.abandon();
            return Err(AssembleError::PartsMixed);
        }
        self.text = text;
        Ok(self.chunks.join(chunk)?)
    }

    /// The text that was joined.
    #[allow(unsafe_code)]
    fn text(&self) -> Result<&str, AssembleError> {
        let bytes = self.chunks.storage().as_slice();
        if self.text == Some(Utf8State::Boundary) && self.chunks.storage().is_faithful(Ours) {
            debug_assert!(core::str::from_utf8(bytes).is_ok());
            // SAFETY: these are the bytes of `TextChunk`s, one behind the other. The first began
            // between two characters, every other where the one before it had left the text, and
            // the last ended between two characters. And the storage is of a type that is known to
            // give back what was appended to it.
            return Ok(unsafe { core::str::from_utf8_unchecked(bytes) });
        }
        from_utf8(bytes).map_err(|_| AssembleError::PartsMixed)
    }

    /// The storage, with the message joined last or the one under way.
    pub const fn storage(&self) -> &B {
        self.chunks.storage()
    }

    /// Gives back the storage with what it holds, and goes on in empty storage.
    ///
    /// This is how the memory of a long message is given back. While a message is under way,
    /// nothing happens.
    pub fn release(&mut self) -> Option<B>
    where
        B: Default,
    {
        self.chunks.release()
    }
}

#[cfg(feature = "bytes")]
impl Assembler<BytesMut> {
    /// Adds the next part; if it is the last, gives out the message to keep.
    ///
    /// Where the message was joined in the storage, it is taken out of it without a copy; where it
    /// came in one part, it is copied out of the input.
    pub fn take(&mut self, part: Part<'_>) -> Result<Option<BytesMessage>, AssembleError> {
        let (kind, complete) = match part {
            Part::Text(text) => (Kind::Text, self.join_text(text)?),
            Part::Binary(chunk) => (Kind::Binary, self.join(chunk, None)?),
            Part::Compressed(_) => return Err(AssembleError::Compressed),
            Part::Ping(_) | Part::Pong(_) | Part::Close(_) => return Ok(None),
        };
        if !complete {
            return Ok(None);
        }
        if kind == Kind::Text {
            self.text()?;
        }
        Ok(Some(BytesMessage { kind, bytes: self.chunks.split().freeze() }))
    }
}

/// A whole message to keep, to clone and to give to other threads, in [`Bytes`].
#[cfg(feature = "bytes")]
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct BytesMessage {
    kind: Kind,
    /// UTF-8 if this is text.
    bytes: Bytes,
}

#[cfg(feature = "bytes")]
impl BytesMessage {
    /// What the message is made of.
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// The message, to look at or to send.
    #[allow(unsafe_code)]
    pub fn as_message(&self) -> Message<'_> {
        match self.kind {
            // SAFETY: this is made by `Assembler::take` alone, with text that it found to be UTF-8.
            Kind::Text => Message::Text(unsafe { core::str::from_utf8_unchecked(&self.bytes) }),
            Kind::Binary => Message::Binary(&self.bytes),
        }
    }

    /// The message's payload; UTF-8 if this is text.
    pub fn into_bytes(self) -> Bytes {
        self.bytes
    }
}

#[cfg(feature = "bytes")]
impl<'a> From<&'a BytesMessage> for Message<'a> {
    fn from(message: &'a BytesMessage) -> Self {
        message.as_message()
    }
}

/// The message could not be joined.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum AssembleError {
    /// The storage has no room for it.
    BufferFull(BufferFull),
    /// The parts of a text do not belong together: one is missing, or they come from more than one
    /// connection.
    PartsMixed,
    /// The part is compressed, and was given to an assembler that does not inflate: one that does is
    /// `deflate::InflatingAssembler`.
    Compressed,
    /// The peer's message cannot be inflated, or only to more than the limit: what
    /// [`Connection::fail`](super::Connection::fail) is for.
    Peer(Error),
}

impl AssembleError {
    /// The status code that tells the peer (§7.4.1), for
    /// [`Connection::close`](super::Connection::close).
    ///
    /// What is wrong with the peer's message is better told by
    /// [`Connection::fail`](super::Connection::fail), which reads nothing more.
    pub const fn close_code(&self) -> CloseCode {
        match self {
            Self::BufferFull(_) => CloseCode::TOO_BIG,
            Self::PartsMixed | Self::Compressed => CloseCode::INTERNAL_ERROR,
            Self::Peer(error) => error.close_code(),
        }
    }
}

impl fmt::Display for AssembleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BufferFull(full) => full.fmt(f),
            Self::PartsMixed => f.write_str("parts of a text do not belong together"),
            Self::Compressed => {
                f.write_str("part is compressed, and the assembler does not inflate")
            }
            Self::Peer(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for AssembleError {}

impl From<Error> for AssembleError {
    fn from(error: Error) -> Self {
        Self::Peer(error)
    }
}

impl From<BufferFull> for AssembleError {
    fn from(full: BufferFull) -> Self {
        Self::BufferFull(full)
    }
}
