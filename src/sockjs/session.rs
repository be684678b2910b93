//! A session at the server: what is sent to which receiver, and when it is over.
//!
//! ```text
//!             attach()                        transmit(): `o`
//!   Absent ─────────────▶ Attached, `o` owed ─────────────────▶ Attached ───────────┐
//!     ▲  │                                                        │  ▲              │ receive_eof()
//!     │  │ disconnect delay                     transmit(): `a`,  │  │ send()       │
//!     │  ▼                                      `h`, `c`, or the  │  │              ▼
//!     │ Over                                    limit of bytes    │  │            Over
//!     │                                                           ▼  │
//!     └───────────────────────── transmit(): End ──────────── Ending┘
//! ```
//!
//! [`Session::close`] may come at any time. After it, each receiver gets the messages that wait, then `c`, until
//! the disconnect delay is over.

use super::{Frame, Framing, Limits, SendError};
use crate::inline::Inline;
use crate::{Buffer, BufferFull, OverLimit};

/// The longest reason of a close, in bytes: the same as that of WebSocket.
pub const MAX_REASON_LEN: usize = 123;

/// A session at the server.
///
/// The caller finds it by the name in the [`Route`](super::Route). If there is none and the request is a
/// [receiver](super::Route::Receive), the caller opens one. Each WebSocket has a session of its own. Times are in ms on
/// any scale that never goes back.
///
/// The storage `B` holds the messages that wait for [`transmit`](Self::transmit), already quoted, and nothing else. It is
/// freed when they are transmitted.
///
/// ```
/// use framewright::sockjs::{Framing, Limits, Output, Session};
///
/// let mut session = Session::new(Limits::new(), Vec::new(), 0);
/// session.attach(Framing::Xhr, 0)?; // a request to receive has come
/// let mut body = Vec::new();
/// assert_eq!(session.transmit(&mut body, 0)?, Some(Output::Frame));
/// assert_eq!(session.transmit(&mut body, 0)?, Some(Output::End)); // of the response
/// assert_eq!(body, b"o\n");
///
/// session.send("hello")?;
/// session.send("world")?;
/// assert_eq!(session.transmit(&mut body, 10)?, None); // nobody to send it to
///
/// session.attach(Framing::Xhr, 20)?;
/// body.clear();
/// while let Some(Output::Frame) = session.transmit(&mut body, 20)? {}
/// assert_eq!(body, b"a[\"hello\",\"world\"]\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Session<B> {
    limits: Limits,
    receiver: ReceiverState,
    /// How many receivers there were.
    attached: u32,
    open_owed: bool,
    close: Option<SessionClose>,
    /// Messages, quoted and joined by commas.
    backlog: B,
}

#[derive(Clone, Copy, Debug)]
enum ReceiverState {
    /// There is none. The session ends if none comes.
    Absent {
        until: u64,
    },
    Attached(AttachedReceiver),
    /// Nothing comes any more.
    Over,
}

#[derive(Clone, Copy, Debug)]
struct AttachedReceiver {
    framing: Framing,
    /// Bytes that count against the limit of a response.
    sent: u64,
    /// When something was last sent, or the receiver came.
    last: u64,
    is_ending: bool,
}

#[derive(Clone, Copy, Debug)]
struct SessionClose {
    code: u16,
    reason: Inline<MAX_REASON_LEN>,
    /// Until when it is remembered.
    until: u64,
}

/// Names a receiver, so that one that ended before is not taken for its successor.
///
/// ```
/// use framewright::sockjs::{AttachError, Framing, Limits, Output, Session};
///
/// let mut session = Session::new(Limits::new(), Vec::new(), 0);
/// let first = session.attach(Framing::XhrStreaming, 0)?;
/// let error = session.attach(Framing::XhrStreaming, 1).unwrap_err();
/// assert_eq!(error, AttachError::AnotherOpen);
/// let mut out = Vec::new();
/// assert_eq!(session.transmit(&mut out, 1), Ok(Some(Output::Frame)));
/// assert!(out.ends_with(b"o\n"));
/// session.receive_eof(first); // its connection was lost
/// assert!(session.is_over());
/// # Ok::<(), AttachError>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ReceiverId(u32);

/// Why a receiver gets no messages. It gets [`frame`](Self::frame), and its response ends.
///
/// [`ReceiverId`] has an example.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum AttachError {
    /// Another receiver is there. The session goes on.
    AnotherOpen,
    /// The session is over. The caller may instead open a new session for this receiver.
    Over,
}

/// What [`Session::transmit`] did.
///
/// [`Session`] has an example.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Output {
    /// It appended a frame. On WebSocket, this is a message of text.
    Frame,
    /// It appended nothing. The response ends here; a WebSocket is to be closed with code 1000.
    End,
}

/// What a [`Session`] asks the caller to do.
///
/// ```
/// use framewright::sockjs::{Action, Limits, Session};
///
/// let mut session = Session::new(Limits::new().disconnect_delay(5000), Vec::new(), 0);
/// assert_eq!(session.deadline(), Some(5000)); // for a receiver to come
/// assert_eq!(session.poll(5000), Some(Action::Over));
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Action {
    /// Call [`Session::transmit`]: a heartbeat is due.
    Transmit,
    /// Forget the session. If a receiver is there, drop its connection.
    Over,
}

impl<B: Buffer> Session<B> {
    /// A session that waits for its first receiver. What `storage` holds is dropped.
    pub fn new(limits: Limits, mut storage: B, now: u64) -> Self {
        storage.clear();
        let until = now.saturating_add(limits.disconnect_delay);
        let receiver = ReceiverState::Absent { until };
        Self { limits, receiver, attached: 0, open_owed: true, close: None, backlog: storage }
    }

    /// Gives the session a receiver, which came at `now`. The caller writes its head, and then its
    /// [prelude](Framing::encode_prelude), before any frame.
    ///
    /// # Errors
    ///
    /// The receiver gets [`AttachError::frame`] instead, and its response ends.
    pub fn attach(&mut self, framing: Framing, now: u64) -> Result<ReceiverId, AttachError> {
        self.expire(now);
        match self.receiver {
            ReceiverState::Over => return Err(AttachError::Over),
            ReceiverState::Attached(_) => return Err(AttachError::AnotherOpen),
            ReceiverState::Absent { .. } => {}
        }
        let receiver = AttachedReceiver { framing, sent: 0, last: now, is_ending: false };
        self.receiver = ReceiverState::Attached(receiver);
        self.attached = self.attached.wrapping_add(1);
        Ok(ReceiverId(self.attached))
    }

    /// Receives the end of the receiver's connection, and with it perhaps of what was written to it: the session is over
    /// (*Handling close*).
    ///
    /// It does nothing for a receiver whose end was [written](Output::End) before.
    pub fn receive_eof(&mut self, receiver: ReceiverId) {
        if let ReceiverState::Attached(_) = self.receiver
            && receiver.0 == self.attached
        {
            self.end();
        }
    }

    /// Queues a message for the receiver, or for the next one if there is none.
    ///
    /// # Errors
    ///
    /// Nothing was queued: the session is closed, or the backlog is full.
    pub fn send(&mut self, message: &str) -> Result<(), SendError> {
        if !self.is_open() {
            return Err(SendError::Closed);
        }
        let start = self.backlog.as_slice().len();
        let mut needed = start as u64;
        let mut result = Ok(());
        let backlog = &mut self.backlog;
        let mut put = |piece: &[u8]| {
            needed = needed.saturating_add(piece.len() as u64);
            if needed > self.limits.max_backlog {
                let over = OverLimit::new(needed, self.limits.max_backlog);
                result = Err(SendError::BacklogFull(over));
            }
            if result.is_ok() {
                result = backlog.try_append(piece).map_err(SendError::from);
            }
        };
        if start > 0 {
            put(b",");
        }
        super::quote::quote(message, put);
        if result.is_err() {
            self.backlog.truncate(start);
        }
        result
    }

    /// Closes the session at `now`. Each receiver gets the messages that wait, then the code and the reason, until
    /// [`Limits::disconnect_delay`] has passed (*Handling close*).
    ///
    /// An application uses 3000 to 4999 for reasons of its own, and otherwise 1000 with `Normal closure`.
    ///
    /// # Errors
    ///
    /// Nothing changed. The session is closed already, `code` is not in 1000 to 4999, or `reason` is longer than
    /// [`MAX_REASON_LEN`] bytes.
    pub fn close(&mut self, code: u16, reason: &str, now: u64) -> Result<(), SendError> {
        if !self.is_open() {
            return Err(SendError::Closed);
        }
        if !matches!(code, 1000..=4999) {
            return Err(SendError::CodeInvalid);
        }
        let mut inline = Inline::EMPTY;
        if !inline.try_append(reason.as_bytes()) {
            return Err(SendError::ReasonTooLong);
        }
        let until = now.saturating_add(self.limits.disconnect_delay);
        self.close = Some(SessionClose { code, reason: inline, until });
        Ok(())
    }

    /// Appends the next frame for the receiver, or says that its response ends.
    ///
    /// Call it until it returns `None`: after [`attach`](Self::attach), after [`send`](Self::send) and
    /// [`close`](Self::close), and when [`poll`](Self::poll) says so.
    ///
    /// # Errors
    ///
    /// `out` has no room. Nothing changed.
    pub fn transmit(
        &mut self,
        out: &mut impl Buffer,
        now: u64,
    ) -> Result<Option<Output>, BufferFull> {
        let ReceiverState::Attached(mut receiver) = self.receiver else { return Ok(None) };
        if receiver.is_ending {
            self.detach(now);
            return Ok(Some(Output::End));
        }
        let before = out.as_slice().len();
        let framing = receiver.framing;
        if self.open_owed {
            framing.encode(Frame::Open, out)?;
            self.open_owed = false;
        } else if !self.backlog.as_slice().is_empty() {
            framing.encode_quoted(self.backlog.as_slice(), out)?;
            self.backlog.free();
            if let Some(close) = &mut self.close {
                // This happens once after a close, because nothing is added then.
                close.until = now.saturating_add(self.limits.disconnect_delay);
            }
        } else if let Some(SessionClose { code, reason, .. }) = &self.close {
            framing.encode(Frame::Close { code: *code, reason: reason.as_str() }, out)?;
            receiver.is_ending = true;
        } else if now >= self.heartbeat_at(&receiver) {
            framing.encode(Frame::Heartbeat, out)?;
        } else {
            return Ok(None);
        }
        receiver.last = now;
        receiver.sent = receiver.sent.saturating_add((out.as_slice().len() - before) as u64);
        let is_full = framing != Framing::WebSocket && receiver.sent >= self.limits.response_limit;
        receiver.is_ending |= framing.is_polling() || is_full;
        self.receiver = ReceiverState::Attached(receiver);
        Ok(Some(Output::Frame))
    }

    /// Returns what to do at `now`. [`Action::Over`] is returned once, when the session's time is up.
    ///
    /// A session that ends by [`receive_eof`](Self::receive_eof) or by the [`Output::End`] of a WebSocket needs no action:
    /// [`is_over`](Self::is_over) says so.
    pub fn poll(&mut self, now: u64) -> Option<Action> {
        if self.is_over() {
            return None;
        }
        self.expire(now);
        match &self.receiver {
            ReceiverState::Over => Some(Action::Over),
            ReceiverState::Attached(receiver) if now >= self.heartbeat_at(receiver) => {
                Some(Action::Transmit)
            }
            _ => None,
        }
    }

    /// When to [`poll`](Self::poll) next, in ms. `None` if the session is over.
    pub fn deadline(&self) -> Option<u64> {
        match &self.receiver {
            ReceiverState::Over => None,
            ReceiverState::Absent { until } => Some(*until),
            ReceiverState::Attached(receiver) => {
                let heartbeat = self.heartbeat_at(receiver);
                Some(self.close.as_ref().map_or(heartbeat, |close| close.until.min(heartbeat)))
            }
        }
    }

    /// Whether messages still go in both directions. Once it is closed, drop what the client sends.
    pub const fn is_open(&self) -> bool {
        self.close.is_none() && !self.is_over()
    }

    /// Whether the session is over, so that the caller can forget it.
    pub const fn is_over(&self) -> bool {
        matches!(self.receiver, ReceiverState::Over)
    }

    /// Whether a receiver is there.
    pub const fn is_attached(&self) -> bool {
        matches!(self.receiver, ReceiverState::Attached(_))
    }

    /// The messages that wait for a receiver, in bytes as they are written.
    pub fn backlog_len(&self) -> usize {
        self.backlog.as_slice().len()
    }

    fn heartbeat_at(&self, receiver: &AttachedReceiver) -> u64 {
        receiver.last.saturating_add(self.limits.heartbeat_interval.max(1))
    }

    /// Lets a receiver go whose end was written.
    fn detach(&mut self, now: u64) {
        let ReceiverState::Attached(receiver) = self.receiver else { return };
        if receiver.framing == Framing::WebSocket {
            // It was closed, and no other can follow.
            return self.end();
        }
        let until = now.saturating_add(self.limits.disconnect_delay);
        let until = self.close.as_ref().map_or(until, |close| close.until);
        self.receiver = ReceiverState::Absent { until };
    }

    /// Ends the session if its time is over.
    fn expire(&mut self, now: u64) {
        let until = match (&self.receiver, &self.close) {
            (ReceiverState::Absent { until }, _) => *until,
            (ReceiverState::Attached(_), Some(close)) => close.until,
            _ => return,
        };
        if now >= until {
            self.end();
        }
    }

    fn end(&mut self) {
        self.backlog.free();
        self.receiver = ReceiverState::Over;
    }
}

impl AttachError {
    /// The frame for the receiver.
    pub const fn frame(self) -> Frame<'static> {
        match self {
            Self::AnotherOpen => Frame::ANOTHER_OPEN,
            Self::Over => Frame::INTERRUPTED,
        }
    }
}

impl core::fmt::Display for AttachError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::AnotherOpen => "another receiver is there",
            Self::Over => "session is over",
        })
    }
}

impl core::error::Error for AttachError {}
