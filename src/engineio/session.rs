//! A server's session: what comes and goes, over one transport after another.
//!
//! ```text
//!             upgrade()               2probe              5
//!   Polling ─────────────▶ Candidate ────────▶ Probed ────────▶ Socket
//!      ▲                       │                 │                ▲
//!      └───────────────────────┴─────────────────┘                │
//!         any other packet, receive_socket_eof(), time    a session opened over WebSocket
//! ```
//!
//! The life of the session goes beside that:
//!
//! ```text
//!           close(), while polling            a poll took the close, time
//!     Open ────────────────────────▶ Closing ─────────────────────────────▶ Over
//!      │                                                                     ▲
//!      └────── the client closed, broke a rule, was lost or silent ──────────┘
//! ```

mod polling;
mod socket;
mod timer;

use core::fmt;

pub use socket::Sent;
pub use timer::Action;
use timer::Timer;

use super::backlog::{Backlog, check_len};
use super::handshake::write_open;
use super::{
    Answer, Base64, Error, Kind, Limits, MessagePart, PayloadDecoder, Refusal, SendError, Transport,
};
use crate::Buffer;

/// A server's end of a session with one client, over polling or WebSocket.
///
/// It has no socket and no clock. Times are in ms on any scale that never goes back. The caller finds the session by its
/// identifier, and passes on what has come:
///
/// | what comes | call |
/// |---|---|
/// | a GET | [`get`](Self::get), then [`transmit_get`](Self::transmit_get) now and later |
/// | a POST | [`post`](Self::post), [`receive_post`](Self::receive_post), [`end_post`](Self::end_post) |
/// | a WebSocket for this session | [`upgrade`](Self::upgrade) |
/// | a message of its WebSocket | [`receive_socket`](Self::receive_socket), [`transmit_socket`](Self::transmit_socket) |
/// | the end of a connection | [`receive_get_eof`](Self::receive_get_eof), [`receive_post_eof`](Self::receive_post_eof), [`receive_socket_eof`](Self::receive_socket_eof) |
/// | the [`deadline`](Self::deadline) | [`poll`](Self::poll) |
///
/// While the client polls, what is sent waits in the storage `B`, as the next poll will carry it: at most
/// [`Limits::max_backlog`] bytes. Over WebSocket the storage is empty, once what waited was transmitted. Nothing else that
/// is owed takes storage.
///
/// The [module](super) has the loop. What comes by the clock:
///
/// ```
/// use framewright::engineio::{Action, Limits, Reason, Session, Transport};
/// use framewright::ws::Message;
///
/// let limits = Limits::new().ping_interval(25_000).ping_timeout(20_000);
/// let mut session = Session::new("u6Xw2", Transport::WebSocket, false, limits, Vec::new(), 0)?;
/// let mut out = Vec::new();
/// while session.transmit_socket(&mut out)?.is_some() {} // the open packet
/// assert_eq!(session.deadline(), Some(25_000));
/// assert_eq!(session.poll(25_000), Some(Action::Ping));
/// out.clear();
/// while session.transmit_socket(&mut out)?.is_some() {}
/// assert_eq!(out, b"2");
/// assert_eq!(session.receive_socket(Message::Text("3"), 26_000), None);
/// assert_eq!(session.poll(51_000), Some(Action::Ping));
/// assert_eq!(session.poll(71_000), Some(Action::Over));
/// assert_eq!(session.reason(), Some(Reason::TimedOut));
/// # Ok::<(), framewright::engineio::SendError>(())
/// ```
pub struct Session<B> {
    limits: Limits,
    /// Packets that no transport has taken. The open packet is the first.
    backlog: Backlog<B>,
    /// Whether the client wants base64 over WebSocket.
    base64: bool,
    link: Link,
    life: Life,
    /// Whether a GET is held.
    get_held: bool,
    post: Option<Post>,
    owes_ping: bool,
    timer: Timer,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Link {
    Polling,
    /// A WebSocket came, and has said nothing.
    Candidate {
        deadline: u64,
    },
    /// The WebSocket was probed.
    Probed {
        deadline: u64,
        owes_answer: bool,
    },
    Socket,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Life {
    Open,
    Closing,
    Over(Reason),
}

/// A POST that is being read.
#[derive(Clone, Debug)]
struct Post {
    decoder: PayloadDecoder,
    len: u64,
}

/// What has come from the client.
///
/// ```
/// use framewright::engineio::{Error, Event, Limits, Reason, Session, Transport};
/// use framewright::ws::{Kind, Message};
///
/// let mut session = Session::new("u6Xw2", Transport::WebSocket, false, Limits::new(), Vec::new(), 0)?;
/// let Some(Event::Message(part)) = session.receive_socket(Message::Text("4hello"), 0) else {
///     panic!("a message")
/// };
/// assert_eq!((part.kind, part.chunk.bytes), (Kind::Text, &b"hello"[..]));
/// let reason = Reason::Error(Error::PacketType(b'x'));
/// assert_eq!(session.receive_socket(Message::Text("x"), 0), Some(Event::Closed(reason)));
/// assert_eq!(reason.close_code().0, 1002);
/// # Ok::<(), framewright::engineio::SendError>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Event<'a> {
    /// Bytes of a message. An [`Assembler`](super::Assembler) joins them.
    Message(MessagePart<'a>),
    /// A binary message that came in base64 over WebSocket.
    Base64(Base64<'a>),
    /// The session moved to WebSocket: [`Session::transmit_socket`] has what waited.
    Upgraded,
    /// The WebSocket that was to take over broke a rule. Close it: polling goes on.
    UpgradeFailed,
    /// The session is over. A POST in progress gets [`Reason::answer`], a WebSocket a close frame
    /// with [`Reason::close_code`].
    Closed(Reason),
}

/// Why a session is over.
///
/// [`Event`] has an example.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Reason {
    /// The peer closed it.
    PeerClosed,
    /// Our side closed it.
    Closed,
    /// The peer was silent for too long: no answer to a ping, no ping, or no open packet. Or no request took a close.
    TimedOut,
    /// The connection of a GET, of a POST or of the WebSocket was lost.
    TransportLost,
    /// The peer broke a rule.
    Error(Error),
}

impl Reason {
    /// The answer to a POST whose body was being read when the session ended.
    pub const fn answer(&self) -> Answer {
        match self {
            Self::Error(Error::PayloadTooLong(_)) => Refusal::PayloadTooLarge.answer(),
            Self::Error(_) => Refusal::BadRequest.answer(),
            _ => Answer::OK,
        }
    }

    /// The code for the WebSocket's close frame. Engine.IO gives it no meaning.
    pub const fn close_code(&self) -> crate::ws::CloseCode {
        match self {
            Self::Error(error) => error.close_code(),
            _ => crate::ws::CloseCode::NORMAL,
        }
    }
}

impl<B: Buffer> Session<B> {
    /// Opens a session at `now`. What `storage` holds is dropped.
    ///
    /// The open packet is the first to go out: by [`transmit_get`](Self::transmit_get) in answer to the
    /// request that opened the session, or by [`transmit_socket`](Self::transmit_socket).
    ///
    /// `sid` is a secret: whoever knows it can speak for the client. Take at least 96 random bits from a cryptographic
    /// generator, and log them nowhere, although they are in URLs. `base64` is that of the
    /// [request](super::Request::Open).
    ///
    /// # Errors
    ///
    /// [`SendError::SidInvalid`], or [`SendError::BufferFull`] if `storage` has no room for the open packet.
    pub fn new(
        sid: &str,
        transport: Transport,
        base64: bool,
        limits: Limits,
        mut storage: B,
        now: u64,
    ) -> Result<Self, SendError> {
        storage.clear();
        write_open(sid, transport, &limits, &mut storage)?;
        let link = match transport {
            Transport::Polling => Link::Polling,
            Transport::WebSocket => Link::Socket,
        };
        Ok(Self {
            backlog: Backlog::new(storage),
            base64,
            link,
            life: Life::Open,
            get_held: transport == Transport::Polling,
            post: None,
            owes_ping: false,
            timer: Timer::ping_at(now.saturating_add(limits.ping_interval)),
            limits,
        })
    }

    /// How packets travel now: by polling, until the client has moved to WebSocket.
    pub const fn transport(&self) -> Transport {
        match self.link {
            Link::Socket => Transport::WebSocket,
            _ => Transport::Polling,
        }
    }

    /// Whether the session is over, so that the caller can forget it.
    ///
    /// If it is, first answer a held GET with what [`transmit_get`](Self::transmit_get) writes. After
    /// [`close`](Self::close) over WebSocket, send what [`transmit_socket`](Self::transmit_socket) writes, then close the
    /// WebSocket.
    pub const fn is_over(&self) -> bool {
        matches!(self.life, Life::Over(_))
    }

    /// Why the session is over, if it is.
    pub const fn reason(&self) -> Option<Reason> {
        match self.life {
            Life::Over(reason) => Some(reason),
            _ => None,
        }
    }

    /// How many bytes wait for a poll, or for [`transmit_socket`](Self::transmit_socket).
    pub fn backlog_len(&self) -> usize {
        self.backlog.as_slice().len()
    }

    /// Ends the session from our side at `now`.
    ///
    /// The next poll tells a client that polls. It has to come within [`Limits::close_timeout`]. Over WebSocket the
    /// session is over at once: call [`transmit_socket`](Self::transmit_socket), then close the WebSocket.
    pub fn close(&mut self, now: u64) {
        if self.life != Life::Open {
            return;
        }
        if self.link == Link::Socket {
            self.end(Reason::Closed);
        } else {
            self.life = Life::Closing;
            self.timer = Timer::close_at(now.saturating_add(self.limits.close_timeout));
        }
    }

    /// Ends the session. Returns the event that says so.
    fn end(&mut self, reason: Reason) -> Event<'static> {
        if let Life::Over(reason) = self.life {
            return Event::Closed(reason);
        }
        self.life = Life::Over(reason);
        self.timer = Timer::NONE;
        self.post = None;
        self.owes_ping = false;
        if reason != Reason::Closed {
            self.backlog.free();
        }
        Event::Closed(reason)
    }

    /// Takes a packet that is no message. `None` if it changes nothing for the caller.
    fn take_control(&mut self, kind: Kind, now: u64) -> Option<Event<'static>> {
        match kind {
            Kind::Pong => {
                // Each pong counts, asked for or not.
                if self.life == Life::Open {
                    self.timer = Timer::ping_at(now.saturating_add(self.limits.ping_interval));
                }
                None
            }
            Kind::Noop => None,
            Kind::Close => Some(self.end(Reason::PeerClosed)),
            _ => Some(self.end(Reason::Error(Error::PacketUnexpected))),
        }
    }
}

impl<B> fmt::Debug for Session<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("link", &self.link)
            .field("life", &self.life)
            .finish_non_exhaustive()
    }
}
