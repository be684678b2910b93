//! Whole messages, in storage that the caller picks.

mod joined;

use core::{fmt, mem};

#[cfg(feature = "alloc")]
use alloc::vec::Vec;
#[cfg(feature = "bytes")]
use bytes::{Bytes, BytesMut};

use joined::Joined;

pub(super) use joined::JoinError;

#[cfg(feature = "bytes")]
use super::BytesMessage;
#[cfg(feature = "alloc")]
use super::OwnedMessage;
use super::decode::MessagePlace;
use super::{Kind, Mask, Message};
use crate::Buffer;
use crate::debug::Payload;
use crate::utf8::Utf8State;

/// Where a connection puts the messages that it receives.
///
/// [`Connection::receive_message`](super::Connection::receive_message) joins every message here,
/// unmasked and checked, in storage that the caller picks: an [`ArrayBuf`](crate::ArrayBuf), a slice
/// ([`SliceBuf`](crate::SliceBuf)), a `Vec<u8>` or a `BytesMut`. A connection needs one of its own.
///
/// ```
/// use framewright::ws::{Connection, Inbox, Limits, Message, MessageEvent};
///
/// let mut connection = Connection::client(Limits::new(), || [0; 4]);
/// let mut inbox = Inbox::new(Vec::new());
/// let mut input = &b"\x01\x03Hel\x80\x02lo"[..]; // §5.7
/// while let Some(event) = connection.receive_message(&mut input, &mut inbox) {
///     if let MessageEvent::Message(_) = event {
///         assert_eq!(inbox.message(), Message::Text("Hello"));
///     }
/// }
/// ```
///
/// # Memory
///
/// A `Vec` grows as bytes come, up to
/// [`Limits::max_message_len`](super::Limits::max_message_len) in a capacity of up to twice as many, and
/// never by what a peer has only announced. It keeps its memory for the next message:
/// [`release`](Self::release) gives it back. After [`MessageEvent::Close`](super::MessageEvent::Close) and
/// [`MessageEvent::Failed`](super::MessageEvent::Failed) it has been given back.
///
/// Fixed storage should be as long as the limit. A message that is longer than the storage, but not
/// longer than the limit, fails the connection with
/// [`Error::BufferFull`](super::Error::BufferFull) once the storage is full.
#[derive(Clone)]
pub struct Inbox<B> {
    joined: Joined<B>,
    /// Length of the room after the message that is lent to be read to: 0 if none is.
    target_len: usize,
    /// How many bytes were read there that have not been received.
    filled: usize,
}

impl<B: Buffer> Inbox<B> {
    /// An inbox that keeps its messages in `storage`. What `storage` holds is overwritten.
    pub const fn new(storage: B) -> Self {
        Self { joined: Joined::new(storage), target_len: 0, filled: 0 }
    }

    /// The message that [`MessageEvent::Message`](super::MessageEvent::Message) announced.
    ///
    /// It is there until the connection receives again. Otherwise this returns an empty binary
    /// message, or the message before.
    #[inline]
    pub fn message(&self) -> Message<'_> {
        self.joined.message().unwrap_or(Message::Binary(&[]))
    }

    /// Notes that `len` bytes were read to where
    /// [`Connection::read_target`](super::Connection::read_target) said. Returns the input to receive.
    ///
    /// If that was the `buffer`, the input is its first `len` bytes. If they are in the inbox already, it
    /// is empty.
    pub fn filled<'b>(&mut self, buffer: &'b [u8], len: usize) -> &'b [u8] {
        if self.target_len == 0 {
            return buffer.get(..len).unwrap_or(buffer);
        }
        self.filled = len.min(self.target_len);
        self.target_len = 0;
        &[]
    }

    /// [Frees](Buffer::free) the storage, unless a message has begun to arrive. Returns whether it
    /// did.
    ///
    /// Call it when a connection is idle after a long message.
    pub fn release(&mut self) -> bool {
        let idle = !self.joined.is_joining();
        if idle {
            self.abandon();
        }
        idle
    }

    /// Gives up the message that has begun to arrive, and [frees](Buffer::free) the storage.
    ///
    /// The rest of such a message cannot be received: it fails the connection with
    /// [`Error::BeginningMissing`](super::Error::BeginningMissing).
    pub(super) fn abandon(&mut self) {
        (self.target_len, self.filled) = (0, 0);
        self.joined.free();
    }

    /// Puts a whole message here.
    #[inline(always)]
    pub(super) fn put(
        &mut self,
        kind: Kind,
        bytes: &[u8],
        mask: Option<Mask>,
    ) -> Result<(), JoinError> {
        self.joined.put(kind, bytes, mask)
    }

    /// Adds the next bytes of a message. Returns the state of its text after them.
    #[inline(always)]
    pub(super) fn join(
        &mut self,
        place: MessagePlace,
        bytes: &[u8],
        mask: Option<Mask>,
    ) -> Result<Utf8State, JoinError> {
        self.joined.join(place, bytes, mask)
    }

    /// Lends room for the next `max` bytes of a message, or what there is of it: of a new message if
    /// `start`, else of the current one. `None` if that is less than `min`, or if there is no current
    /// message.
    pub(super) fn target(&mut self, start: bool, min: usize, max: usize) -> Option<&mut [u8]> {
        self.forget_target();
        if self.filled > 0 || !start && !self.joined.is_joining() {
            return None;
        }
        let room = self.joined.room(start, max);
        if room.len() < min {
            return None;
        }
        self.target_len = room.len();
        Some(room)
    }

    /// Lends room for at most `len` bytes of a message: of a new one if `start`, else of the current one.
    #[cfg(feature = "deflate")]
    pub(super) fn room(&mut self, start: bool, len: usize) -> &mut [u8] {
        self.joined.room(start, len)
    }

    /// How many bytes of the current message are here.
    pub(super) const fn joined_len(&self) -> usize {
        self.joined.len()
    }

    /// Notes that nothing is read to the room lent last.
    pub(super) const fn forget_target(&mut self) {
        self.target_len = 0;
    }

    /// Notes the bytes that were read to the target. Returns how many there are.
    pub(super) fn take_filled(&mut self) -> usize {
        mem::take(&mut self.filled)
    }

    /// Adds the next `len` bytes of a message, which were read to the target. Returns the state of its
    /// text after them.
    pub(super) fn join_filled(
        &mut self,
        place: MessagePlace,
        len: usize,
        mask: Option<Mask>,
    ) -> Result<Utf8State, JoinError> {
        self.joined.join_in_place(place, len, mask)
    }
}

#[cfg(feature = "alloc")]
impl Inbox<Vec<u8>> {
    /// Takes out the message that [`MessageEvent::Message`](super::MessageEvent::Message) announced, to keep.
    ///
    /// A message that fills at least half of the storage's capacity takes it along without a copy, and the
    /// next message begins in empty storage. A shorter one is copied out, so that the storage stays.
    /// Text is not checked again.
    ///
    /// Afterwards, and where [`message`](Self::message) has none, this is an empty binary message.
    pub fn take(&mut self) -> OwnedMessage {
        self.joined.take().unwrap_or(OwnedMessage::Binary(Vec::new()))
    }
}

#[cfg(feature = "bytes")]
impl Inbox<BytesMut> {
    /// Takes out the message that [`MessageEvent::Message`](super::MessageEvent::Message) announced, to keep
    /// and to clone.
    ///
    /// A message that fills at least half of the storage's capacity takes it along without a copy. A shorter
    /// one is copied out, so that the storage stays. Text is not checked again.
    ///
    /// Afterwards, and where [`message`](Self::message) has none, this is an empty binary message.
    pub fn take(&mut self) -> BytesMessage {
        self.joined.take().unwrap_or_else(|| Bytes::new().into())
    }
}

/// With what has come of the message, and without the storage.
impl<B: Buffer> fmt::Debug for Inbox<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inbox").field("message", &Payload(self.message().as_bytes())).finish()
    }
}
