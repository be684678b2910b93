//! Joins parts to whole messages.

#[cfg(feature = "bytes")]
use core::fmt;

#[cfg(feature = "bytes")]
use bytes::{Bytes, BytesMut};
use simdutf8::basic::from_utf8;

#[cfg(feature = "bytes")]
use super::Kind;
use super::{Error, Message, Part, TextChunk};
use crate::buffer::sealed::Ours;
use crate::utf8::Utf8State;
use crate::{Buffer, Chunk};

/// Joins parts to messages, in storage that the caller picks.
///
/// A message that arrives in one part is returned as it is, without a copy. Other messages are joined
/// in the storage: a fixed slice, or a `Vec<u8>` or `BytesMut`, which can grow up to
/// [`Limits::max_message_len`](super::Limits::max_message_len).
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
    /// The state of the text that is being joined; `None` for a binary message. Each chunk in the
    /// storage began in the state in which the one before it ended.
    text: Option<Utf8State>,
}

impl<B: Buffer> Assembler<B> {
    /// An assembler that joins messages in `storage`. What `storage` holds is overwritten.
    pub const fn new(storage: B) -> Self {
        Self { chunks: crate::Assembler::new(storage), text: None }
    }

    /// Adds the next part. Returns the message if it was the last.
    ///
    /// Parts of control frames are ignored.
    ///
    /// # Errors
    ///
    /// The message is lost: the storage has no room for it ([`Error::BufferFull`]), or the caller has mixed
    /// parts ([`Error::PartsMixed`], [`Error::NotInflated`]). Give the error to
    /// [`Connection::fail`](super::Connection::fail). A caller that goes on instead skips the message: its
    /// other parts are ignored, except that each part of a compressed message is an error.
    /// [`abandon`](Self::abandon) frees the storage.
    #[inline(always)]
    pub fn push<'a>(&'a mut self, part: Part<'a>) -> Result<Option<Message<'a>>, Error> {
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
            Part::Compressed(_) => Err(Error::NotInflated),
            Part::Ping(_) | Part::Pong(_) | Part::Close(_) => Ok(None),
        }
    }

    /// Adds the next chunk of a text. Returns whether the text is complete in the storage.
    fn join_text(&mut self, text: TextChunk<'_>) -> Result<bool, Error> {
        let end = self.join(text.chunk(), Some(text.before()))?;
        self.text = Some(text.after());
        Ok(end)
    }

    /// Adds the next chunk. Returns whether the message is complete in the storage.
    ///
    /// `text` is the state of the text before the chunk, or `None` if it is not text.
    fn join(&mut self, chunk: Chunk<'_>, text: Option<Utf8State>) -> Result<bool, Error> {
        let before = match text {
            Some(_) if chunk.start => Some(Utf8State::Boundary),
            _ if self.chunks.is_joining() && !chunk.start => self.text,
            _ => text,
        };
        if text != before {
            self.chunks.ignore_rest();
            return Err(Error::PartsMixed);
        }
        self.text = text;
        Ok(self.chunks.join(chunk)?)
    }

    /// The text that was joined.
    #[allow(unsafe_code)]
    fn text(&self) -> Result<&str, Error> {
        let bytes = self.chunks.storage().as_slice();
        if self.text == Some(Utf8State::Boundary) && self.chunks.storage().is_faithful(Ours) {
            debug_assert!(core::str::from_utf8(bytes).is_ok());
            // SAFETY: these are the bytes of `TextChunk`s, one after the other. The first began
            // between two characters, each other began in the state in which the one before it
            // ended, and the last ended between two characters. And the storage is of a type that
            // is known to return the bytes that were appended to it.
            return Ok(unsafe { core::str::from_utf8_unchecked(bytes) });
        }
        from_utf8(bytes).map_err(|_| Error::PartsMixed)
    }

    /// The storage, with the current message or the last one joined.
    pub const fn storage(&self) -> &B {
        self.chunks.storage()
    }

    /// Gives up the current message, and [frees](Buffer::free) its storage. The message's other parts
    /// are ignored.
    ///
    /// Call it after [`Event::Failed`](super::Event::Failed) and
    /// [`Event::Close`](super::Event::Close), or drop the assembler: a message that was cut off would
    /// hold its memory until the transport is closed.
    pub fn abandon(&mut self) {
        self.chunks.abandon();
    }

    /// Returns the storage with its contents, and goes on in empty storage.
    ///
    /// This frees the memory of a long message. Inside a message it returns `None`, and nothing
    /// changes.
    pub fn release(&mut self) -> Option<B>
    where
        B: Default,
    {
        self.chunks.release()
    }
}

#[cfg(feature = "bytes")]
impl Assembler<BytesMut> {
    /// Adds the next part. If it was the last, returns the message to keep.
    ///
    /// A message that was joined in the storage is taken out without a copy. A message that arrived in
    /// one part is copied out of the input.
    pub fn take(&mut self, part: Part<'_>) -> Result<Option<BytesMessage>, Error> {
        let (kind, complete) = match part {
            Part::Text(text) => (Kind::Text, self.join_text(text)?),
            Part::Binary(chunk) => (Kind::Binary, self.join(chunk, None)?),
            Part::Compressed(_) => return Err(Error::NotInflated),
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

/// A whole message in [`Bytes`]: to keep, to clone, and to send to other threads.
///
/// ```
/// use framewright::ws::{BytesMessage, Message};
///
/// let message = BytesMessage::from("hello".to_owned());
/// let clone = message.clone(); // shares the bytes
/// assert_eq!(clone.as_message(), Message::Text("hello"));
/// assert_eq!(clone.as_text(), Some("hello"));
/// assert_eq!(message.into_bytes(), "hello");
/// ```
#[cfg(feature = "bytes")]
#[derive(Clone, Eq, PartialEq)]
pub struct BytesMessage {
    kind: Kind,
    /// UTF-8 if this is text.
    bytes: Bytes,
}

#[cfg(feature = "bytes")]
impl BytesMessage {
    /// A text, of bytes that are UTF-8.
    ///
    /// # Safety
    ///
    /// They are.
    #[allow(unsafe_code)]
    pub(super) const unsafe fn text_unchecked(bytes: Bytes) -> Self {
        Self { kind: Kind::Text, bytes }
    }

    /// The message, to read or to send.
    #[allow(unsafe_code)]
    pub fn as_message(&self) -> Message<'_> {
        match self.kind {
            // SAFETY: a text is made of a `String` or a `str`, or of bytes that were found to be UTF-8.
            Kind::Text => Message::Text(unsafe { core::str::from_utf8_unchecked(&self.bytes) }),
            Kind::Binary => Message::Binary(&self.bytes),
        }
    }

    /// The text, if it is one.
    pub fn as_text(&self) -> Option<&str> {
        match self.as_message() {
            Message::Text(text) => Some(text),
            Message::Binary(_) => None,
        }
    }

    /// The message's payload; UTF-8 if this is text.
    pub fn into_bytes(self) -> Bytes {
        self.bytes
    }
}

/// Does not copy the text.
#[cfg(feature = "bytes")]
impl From<alloc::string::String> for BytesMessage {
    fn from(text: alloc::string::String) -> Self {
        Self { kind: Kind::Text, bytes: text.into() }
    }
}

/// Copies the payload.
#[cfg(feature = "bytes")]
impl From<Message<'_>> for BytesMessage {
    fn from(message: Message<'_>) -> Self {
        Self { kind: message.kind(), bytes: Bytes::copy_from_slice(message.as_bytes()) }
    }
}

/// A binary message.
#[cfg(feature = "bytes")]
impl From<Bytes> for BytesMessage {
    fn from(bytes: Bytes) -> Self {
        Self { kind: Kind::Binary, bytes }
    }
}

/// Does not copy the payload.
#[cfg(feature = "bytes")]
impl From<super::OwnedMessage> for BytesMessage {
    fn from(message: super::OwnedMessage) -> Self {
        Self { kind: message.as_message().kind(), bytes: message.into_bytes().into() }
    }
}

#[cfg(feature = "bytes")]
impl fmt::Debug for BytesMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_message().fmt(f)
    }
}

#[cfg(feature = "bytes")]
impl<'a> From<&'a BytesMessage> for Message<'a> {
    fn from(message: &'a BytesMessage) -> Self {
        message.as_message()
    }
}
