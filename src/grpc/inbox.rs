//! Whole messages, in storage that the caller picks.

use core::fmt;

use super::{Code, Event, Message};
use crate::{Assembler, Buffer, BufferFull, Chunk};

/// Where a call puts the messages that it receives.
///
/// [`ServerCall::receive_message`](super::ServerCall::receive_message) and
/// [`ClientCall::receive_message`](super::ClientCall::receive_message) join every message here, in
/// storage that the caller picks: an [`ArrayBuf`](crate::ArrayBuf), a `Vec<u8>` or a `BytesMut`. A
/// call needs one of its own.
///
/// A `Vec` grows as bytes come, up to
/// [`Limits::max_message_len`](super::Limits::max_message_len) in a capacity of up to twice as many, and
/// never by what a peer has only announced. It keeps its memory for the next message, until
/// [`release`](Self::release). A message that the end of the call cuts off gives it back.
///
/// ```
/// use framewright::grpc::{Inbox, MessageEvent};
///
/// # use framewright::grpc::{CallKind, Request, ServerConfig};
/// # let headers = [("content-type", &b"application/grpc"[..])];
/// # let request = Request::parse("POST", "/helloworld.Greeter/SayHello", headers)?;
/// # const CONFIG: ServerConfig = ServerConfig::new();
/// # let mut call = request.accept(CallKind::Unary, &CONFIG, 0)?;
/// let mut inbox = Inbox::new(Vec::new());
/// for read in [&b"\0\0\0"[..], b"\0\x05Hel", b"lo"] {
///     let mut input = read;
///     while let Some(event) = call.receive_message(&mut input, &mut inbox) {
///         assert_eq!(event, MessageEvent::Message);
///         assert_eq!(inbox.message().bytes, b"Hello");
///     }
/// }
/// # Ok::<(), framewright::grpc::Refusal>(())
/// ```
#[derive(Clone)]
pub struct Inbox<B> {
    joined: Assembler<B>,
    compressed: bool,
}

/// What has come from the peer, where messages are received whole. It has no bytes, and so no
/// lifetime.
///
/// [The module](super) shows the loop that receives them.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum MessageEvent {
    /// The head of the response. Only a client's call has this event.
    Head,
    /// A message is in the inbox: [`Inbox::message`] has it.
    Message,
    /// Trailers that are compressed are in the inbox. Only a client's call in gRPC-Web has this event:
    /// [`Event::CompressedTrailers`] says what to do.
    CompressedTrailers,
    /// No more messages will come. Only a server's call has this event.
    HalfClose,
    /// The call has ended with this code, and nothing more will come. The peer ended it or broke a rule,
    /// this side gave up, or the deadline passed.
    End(Code),
}

/// The same without its bytes.
impl From<Event<'_>> for MessageEvent {
    #[inline]
    fn from(event: Event<'_>) -> Self {
        match event {
            Event::Head => Self::Head,
            Event::Message { .. } => Self::Message,
            Event::CompressedTrailers(_) => Self::CompressedTrailers,
            Event::HalfClose => Self::HalfClose,
            Event::End(code) => Self::End(code),
        }
    }
}

impl<B: Buffer> Inbox<B> {
    /// An inbox that keeps its messages in `storage`. What `storage` holds is overwritten.
    pub const fn new(storage: B) -> Self {
        Self { joined: Assembler::new(storage), compressed: false }
    }

    /// The message that [`MessageEvent::Message`] announced, or the trailers.
    ///
    /// It is there until bytes of another message come. While a message is incomplete, this is empty.
    #[inline]
    pub fn message(&self) -> Message<'_> {
        let complete = !self.joined.is_joining();
        let bytes = if complete { self.joined.storage().as_slice() } else { &[] };
        Message { compressed: self.compressed, bytes }
    }

    /// [Frees](Buffer::free) the storage, unless a message has begun to arrive. Returns whether it
    /// did.
    ///
    /// Call it when a call is idle after a long message.
    pub fn release(&mut self) -> bool {
        let idle = !self.joined.is_joining();
        if idle {
            self.joined.abandon();
        }
        idle
    }

    /// Drops what it holds, and gives back what a long message took.
    pub(super) fn discard(&mut self) {
        const LONG: usize = 4096;
        if self.joined.is_joining() || self.joined.storage().as_slice().len() > LONG {
            self.joined.abandon();
        }
    }

    /// Adds the next bytes of a message. Returns whether it is complete.
    #[inline]
    pub(super) fn join(&mut self, chunk: Chunk<'_>, compressed: bool) -> Result<bool, BufferFull> {
        self.compressed = compressed;
        // What has come of a message without room is no message.
        self.joined.join(chunk).inspect_err(|_| self.joined.abandon())
    }

    /// Gives up a message that is incomplete. A whole one stays: the end of a call says whether it
    /// counts.
    pub(super) fn cut_off(&mut self) {
        if self.joined.is_joining() {
            self.joined.abandon();
        }
    }
}

/// With what has come of the message, and without the storage.
impl<B: Buffer> fmt::Debug for Inbox<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inbox").field("message", &self.message()).finish()
    }
}
