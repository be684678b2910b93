//! One stream: its state, its windows, and what is owed on it (§5.1).
//!
//! Each side of a stream goes through these on its own; a stream is over when both are `Closed` and nothing is
//! owed on it:
//!
//! ```text
//!             informational heads
//!               ┌───┐
//!               ▼   │   head            END_STREAM
//!     ────────▶ Head ──┴──────▶ Body ──────────────────▶ Closed
//!                 │                                        ▲
//!                 └──── head with END_STREAM, RST_STREAM ──┘
//! ```
//!
//! What a peer's frame means, by the state of the peer's side and of the stream:
//!
//! | stream | DATA | HEADERS | RST_STREAM | WINDOW_UPDATE | PRIORITY |
//! |---|---|---|---|---|---|
//! | idle | C PROTOCOL_ERROR | opens it, and skips all idle ones below; C PROTOCOL_ERROR at a client | C PROTOCOL_ERROR | C PROTOCOL_ERROR | ignored |
//! | `Head` | S PROTOCOL_ERROR | the head | ends it | adds | ignored |
//! | `Body` | the body | trailers | ends it | adds | ignored |
//! | `Closed`, ours is not | S STREAM_CLOSED | S STREAM_CLOSED | ends it | adds | ignored |
//! | over: both ended it | C STREAM_CLOSED | C STREAM_CLOSED | ignored | ignored | ignored |
//! | over: the peer reset it | S STREAM_CLOSED | S STREAM_CLOSED | ignored | ignored | ignored |
//! | over: we reset or refused it | discarded | discarded | ignored | ignored | ignored |
//! | over, and forgotten | discarded | discarded | ignored | ignored | ignored |
//! | skipped | C PROTOCOL_ERROR | C PROTOCOL_ERROR | C PROTOCOL_ERROR | C PROTOCOL_ERROR | ignored |
//!
//! C ends the connection, S the stream. DATA that is discarded counts for the connection's window, and a field
//! block that is discarded is decoded. `tests/http2/states.rs` has the table once more, as a test.

use core::fmt;

use super::rules::{Asked, Message};
use super::window::{ReceiveWindow, SendWindow};
use super::{Error, ErrorCode, StreamId};

/// Room for one stream.
///
/// An array, a slice or a `Vec` of these is the [storage](super::Slots) of a connection's streams.
/// [`Storage`](super::Storage) has an example.
#[derive(Clone)]
pub struct Slot {
    /// 0 if no stream is here.
    pub(super) id: u32,
    /// The first slot whose stream's identifier leads here, and the next one like this one.
    pub(super) chain_first: u32,
    pub(super) chain_next: u32,
    /// The slot after this one in each queue.
    queue_next: [u32; 2],
    pub(super) send_window: SendWindow,
    pub(super) receive_window: ReceiveWindow,
    /// How many bytes of the peer's body are to come. Once a reset is owed, its code.
    body_left: u64,
    pub(super) sent: Half,
    pub(super) received: Half,
    /// What the stream's request asks for.
    pub(super) asked: Asked,
    flags: u8,
}

/// How far one side of a stream has come: a message is a head, a body, and perhaps trailers.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Half {
    /// Its head is to come.
    Head,
    /// Its body is to come, or trailers.
    Body,
    /// It has ended.
    Closed,
}

impl Slot {
    /// Room for one stream, with none in it.
    pub const fn new() -> Self {
        Self {
            id: 0,
            chain_first: NONE,
            chain_next: NONE,
            queue_next: [NONE; 2],
            send_window: SendWindow::new(0),
            receive_window: ReceiveWindow::new(0),
            body_left: UNKNOWN,
            sent: Half::Head,
            received: Half::Head,
            asked: Asked::Other,
            flags: 0,
        }
    }

    /// Puts a stream here. The places in chains and queues stay.
    pub(super) const fn open(&mut self, id: StreamId, send: SendWindow, receive: ReceiveWindow) {
        self.id = id.get();
        self.send_window = send;
        self.receive_window = receive;
        self.body_left = UNKNOWN;
        self.sent = Half::Head;
        self.received = Half::Head;
        self.asked = Asked::Other;
        self.flags &= QueueName::Owing.flag() | QueueName::Ready.flag();
    }

    /// The stream that is here.
    #[inline]
    pub(super) const fn id(&self) -> Option<StreamId> {
        StreamId::new(self.id)
    }

    /// Whether both sides have ended and nothing is owed, so that the slot can be freed.
    #[inline]
    pub(super) const fn is_over(&self) -> bool {
        matches!((self.sent, self.received), (Half::Closed, Half::Closed)) && !self.owes()
    }

    /// What a field block of the peer has to be. `extended_connect` says whether we offered it.
    pub(super) const fn expected(
        &self,
        is_server: bool,
        extended_connect: bool,
    ) -> Result<Message, Error> {
        match self.received {
            Half::Head if is_server => Ok(Message::Request { extended_connect }),
            Half::Head => Ok(Message::Response { to: self.asked }),
            // Only DATA follows (§8.5).
            Half::Body if self.is_tunnel() => Err(Error::HeadUnexpected),
            Half::Body => Ok(Message::Trailers),
            Half::Closed => Err(Error::StreamClosed),
        }
    }

    /// Sets how long the peer's body will be, if that is known.
    pub(super) const fn set_body_len(&mut self, len: Option<u64>) {
        self.body_left = match len {
            // No body gets as long as either, so one byte less makes no difference.
            Some(UNKNOWN) => UNKNOWN - 1,
            Some(len) => len,
            None => UNKNOWN,
        };
    }

    /// Counts the body of a whole DATA frame, as soon as its length is known, against what was announced.
    /// With the end, nothing may be left (§8.1.1).
    pub(super) const fn take_body(&mut self, len: u32, end: bool) -> Result<(), Error> {
        match self.received {
            Half::Head => return Err(Error::BodyUnexpected),
            Half::Closed => return Err(Error::StreamClosed),
            Half::Body => {}
        }
        if self.body_left == UNKNOWN {
            return Ok(());
        }
        match self.body_left.checked_sub(len as u64) {
            Some(left) if left == 0 || !end => {
                self.body_left = left;
                Ok(())
            }
            _ => Err(Error::ContentLength),
        }
    }

    /// Owes a reset. Both sides have ended.
    pub(super) const fn owe_reset(&mut self, code: ErrorCode) {
        self.sent = Half::Closed;
        self.received = Half::Closed;
        self.body_left = code.0 as u64;
        self.flags = self.flags & !WAITING | RESET;
    }

    /// Whether a reset is owed, so that the stream is over for the caller.
    #[inline]
    pub(super) const fn is_reset(&self) -> bool {
        self.has(RESET)
    }

    /// The code of the reset that is owed.
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "a code was put there")]
    pub(super) const fn reset(&self) -> Option<ErrorCode> {
        if self.has(RESET) { Some(ErrorCode(self.body_left as u32)) } else { None }
    }

    /// Whether the status 431 is owed, before the reset.
    #[inline]
    pub(super) const fn owes_refusal(&self) -> bool {
        self.has(REFUSAL)
    }

    /// Sets whether the status 431 is owed.
    pub(super) const fn set_owes_refusal(&mut self, owes: bool) {
        self.set(REFUSAL, owes);
    }

    /// How many bytes a WINDOW_UPDATE would grant now. A side that has ended gets no more.
    #[inline]
    pub(super) const fn credit(&self) -> u32 {
        if matches!(self.received, Half::Closed) { 0 } else { self.receive_window.credit() }
    }

    /// Whether anything is owed on the stream: a reset, the status 431, or credit.
    #[inline]
    pub(super) const fn owes(&self) -> bool {
        self.has(RESET | REFUSAL) || self.credit() > 0
    }

    /// Whether something to be sent was cut short, and has to go on when windows allow.
    #[inline]
    pub(super) const fn is_waiting(&self) -> bool {
        self.has(WAITING)
    }

    pub(super) const fn set_waiting(&mut self, waiting: bool) {
        self.set(WAITING, waiting);
    }

    /// Whether the stream is a tunnel, since a CONNECT was answered with success (§8.5).
    #[inline]
    pub(super) const fn is_tunnel(&self) -> bool {
        self.has(TUNNEL)
    }

    pub(super) const fn set_tunnel(&mut self) {
        self.set(TUNNEL, true);
    }

    /// Whether our response has no body: it answers HEAD, or its status says so (RFC 9110 §6.4).
    #[inline]
    pub(super) const fn is_bodiless(&self) -> bool {
        self.has(BODILESS)
    }

    pub(super) const fn set_bodiless(&mut self) {
        self.set(BODILESS, true);
    }

    /// Whether the slot is in the queue.
    #[inline]
    pub(super) const fn is_queued(&self, queue: QueueName) -> bool {
        self.has(queue.flag())
    }

    #[inline]
    pub(super) const fn set_queued(&mut self, queue: QueueName, queued: bool) {
        self.set(queue.flag(), queued);
    }

    /// The slot after this one in the queue.
    #[inline]
    pub(super) const fn next(&self, queue: QueueName) -> u32 {
        let [owing, ready] = self.queue_next;
        match queue {
            QueueName::Owing => owing,
            QueueName::Ready => ready,
        }
    }

    #[inline]
    pub(super) const fn set_next(&mut self, queue: QueueName, next: u32) {
        let [owing, ready] = &mut self.queue_next;
        match queue {
            QueueName::Owing => *owing = next,
            QueueName::Ready => *ready = next,
        }
    }

    const fn has(&self, flags: u8) -> bool {
        self.flags & flags != 0
    }

    const fn set(&mut self, flag: u8, on: bool) {
        if on {
            self.flags |= flag;
        } else {
            self.flags &= !flag;
        }
    }
}

/// A queue that slots can be in. A slot stays there when its stream ends, so that nobody has to search it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum QueueName {
    /// Streams that owe something.
    Owing = 0,
    /// Streams that wait to send, and whose window is open.
    Ready = 1,
}

impl QueueName {
    const fn flag(self) -> u8 {
        match self {
            Self::Owing => 1,
            Self::Ready => 1 << 1,
        }
    }
}

/// No slot.
pub(super) const NONE: u32 = u32::MAX;
/// No length of a body is known. None can be as long.
const UNKNOWN: u64 = u64::MAX;

// Bits 0 and 1 are those of the queues.
const WAITING: u8 = 1 << 2;
const RESET: u8 = 1 << 3;
const REFUSAL: u8 = 1 << 4;
const TUNNEL: u8 = 1 << 5;
const BODILESS: u8 = 1 << 6;

impl Default for Slot {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut slot = f.debug_struct("Slot");
        if let Some(id) = self.id() {
            slot.field("id", &id.get()).field("sent", &self.sent).field("received", &self.received);
        }
        slot.finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slot() -> Slot {
        let mut slot = Slot::new();
        slot.open(StreamId::MAX, SendWindow::INITIAL, ReceiveWindow::new(100));
        slot
    }

    #[test]
    fn a_slot_is_small() {
        assert!(size_of::<Slot>() <= 48, "{}", size_of::<Slot>());
    }

    #[test]
    fn each_half_has_its_field_blocks() {
        let mut slot = slot();
        let request = Message::Request { extended_connect: true };
        assert_eq!(slot.expected(true, true), Ok(request));
        slot.asked = Asked::Head;
        assert_eq!(slot.expected(false, true), Ok(Message::Response { to: Asked::Head }));
        slot.received = Half::Body;
        assert_eq!(slot.expected(true, true), Ok(Message::Trailers));
        slot.set_tunnel();
        assert_eq!(slot.expected(true, true), Err(Error::HeadUnexpected));
        slot.received = Half::Closed;
        assert_eq!(slot.expected(true, true), Err(Error::StreamClosed));
    }

    #[test]
    fn a_body_has_the_length_that_was_announced() {
        let mut slot = slot();
        assert_eq!(slot.take_body(1, false), Err(Error::BodyUnexpected));
        slot.received = Half::Body;
        assert_eq!(slot.take_body(1, false), Ok(()));
        slot.set_body_len(Some(3));
        assert_eq!(slot.take_body(2, false), Ok(()));
        assert_eq!(slot.take_body(0, true), Err(Error::ContentLength));
        assert_eq!(slot.take_body(2, false), Err(Error::ContentLength));
        assert_eq!(slot.take_body(1, true), Ok(()));
        assert_eq!(slot.take_body(0, true), Ok(()));
        assert_eq!(slot.take_body(1, false), Err(Error::ContentLength));
        slot.set_body_len(Some(u64::MAX));
        assert_eq!(slot.take_body(u32::MAX, false), Ok(()));
        assert_eq!(slot.take_body(1, true), Err(Error::ContentLength));
        slot.received = Half::Closed;
        assert_eq!(slot.take_body(0, false), Err(Error::StreamClosed));
    }

    #[test]
    fn a_slot_is_held_until_nothing_is_owed() {
        let mut slot = slot();
        assert!(!slot.is_over() && !slot.owes());
        assert_eq!(slot.receive_window.take(50), Ok(()));
        assert_eq!((slot.credit(), slot.owes()), (50, true));
        slot.received = Half::Closed;
        assert!(!slot.is_over() && !slot.owes(), "no more can come that would need credit");
        slot.sent = Half::Closed;
        assert!(slot.is_over());
        slot.set_owes_refusal(true);
        assert!(slot.owes_refusal() && !slot.is_over());
        slot.set_owes_refusal(false);
        slot.owe_reset(ErrorCode::CANCEL);
        assert_eq!((slot.reset(), slot.is_over()), (Some(ErrorCode::CANCEL), false));
        slot.open(StreamId::MAX, SendWindow::INITIAL, ReceiveWindow::new(1));
        assert_eq!((slot.reset(), slot.owes()), (None, false));
    }
}
