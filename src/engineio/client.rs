//! A client's session: what it asks the caller to send, over one transport after another.
//!
//! ```text
//!             upgrade()               3probe            no request is under way: 5
//!   Polling ─────────────▶ Candidate ────────▶ Probed ─────────────────────────────▶ Socket
//!      ▲                       │                 │                                     ▲
//!      └───────────────────────┴─────────────────┘                                     │
//!         any other packet, receive_socket_eof(), time         a session that begins over WebSocket
//! ```
//!
//! Independent of the transport, the session has a state:
//!
//! ```text
//!               the open packet          close(), while polling            a POST took the close, time
//!     Opening ──────────────────▶ Open ────────────────────────▶ Closing ──────────────────────────────▶ Over
//!        │                          │                                                                     ▲
//!        └──────────────────────────┴── the server closed, broke a rule, was lost or silent ──────────────┘
//! ```

mod polling;
mod socket;

use core::fmt;

pub use polling::ClientRequest;
use polling::{GetState, PostState};

use super::backlog::{Backlog, check_len, packet_len};
use super::{
    Base64, Error, Handshake, Kind, Limits, MessagePart, Packet, Reason, SendError, Sent, Transport,
};
use crate::Buffer;
use crate::inline::Inline;
use crate::ws::Message;

/// A client's end of a session, over polling or WebSocket.
///
/// It has no socket and no clock. Times are in ms on any scale that never goes back. It says which requests to send, and
/// the caller passes on what has come:
///
/// | what happens | call |
/// |---|---|
/// | at the beginning, and after any of these | [`transmit_request`](Self::transmit_request), [`transmit_socket`](Self::transmit_socket) |
/// | the answer to a request | [`receive_head`](Self::receive_head), [`receive_body`](Self::receive_body), [`end_body`](Self::end_body) |
/// | a WebSocket for this session is open | [`upgrade`](Self::upgrade) |
/// | a message of its WebSocket | [`receive_socket`](Self::receive_socket) |
/// | the end of a connection | [`receive_request_eof`](Self::receive_request_eof), [`receive_socket_eof`](Self::receive_socket_eof) |
/// | the [`deadline`](Self::deadline) | [`poll`](Self::poll) |
///
/// While it polls, the open packet is joined in the storage `B`, and what is sent waits there, as the next POST will carry it:
/// see [`Limits::max_backlog`]. A fixed buffer of less than 200 bytes may be too small for the open packet. Over WebSocket the
/// storage is empty, once what waited was transmitted. A session that begins there needs none.
///
/// To end the session, call [`close`](Self::close), transmit, and close its connections.
///
/// A session that begins with polling:
///
/// ```
/// use framewright::engineio::{ClientEvent, ClientRequest, ClientSession, Limits, Sent, Transport};
/// use framewright::ws::{Kind, Message};
///
/// let mut client = ClientSession::new(Transport::Polling, Limits::new(), Vec::new(), 0);
/// let mut out = Vec::new(); // for messages over WebSocket: none yet
/// let (mut target, mut body) = (Vec::new(), Vec::new());
/// // For each request a connection: here, its answers come at once.
/// let answers = [
///     r#"0{"sid":"u6Xw2","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000}"#,
///     "ok",
///     "2\u{1E}4hello",
/// ];
/// for answer in answers {
///     let request = client.transmit_request("/engine.io/", &mut target, &mut body)?.expect("one is due");
///     println!("{} {} {}", request.method(), target.escape_ascii(), body.escape_ascii());
///     target.clear();
///     body.clear();
///     assert_eq!(client.receive_head(request, 200), None);
///     let mut answer = answer.to_owned().into_bytes();
///     for mut input in answer.chunks_mut(16) { // what the caller has just read, any size
///         while let Some(event) = client.receive_body(request, &mut input, 10) {
///             match event {
///                 ClientEvent::Open => assert_eq!(client.send("hi", &mut out)?, Sent::Queued),
///                 event => println!("{event:?}"), // `Message`, which an `Assembler` joins
///             }
///         }
///     }
///     if let Some(ClientEvent::Open) = client.end_body(request, 10) {
///         assert_eq!(client.send("hi", &mut out)?, Sent::Queued);
///     }
/// }
///
/// // A WebSocket is open, at the target that `write_socket_target` has. The session moves to it.
/// client.upgrade(20)?;
/// assert_eq!(client.transmit_socket(&mut out)?, Some(Kind::Text));
/// assert_eq!(out, b"2probe"); // to be sent as one message
/// assert_eq!(client.receive_socket(Message::Text("3probe"), 30), None);
/// out.clear();
/// while let Some(Kind::Text) = client.transmit_socket(&mut out)? {}
/// assert_eq!(out, b"53"); // two messages: the upgrade, and the answer to the ping
/// assert_eq!(client.transport(), Transport::WebSocket);
/// out.clear();
/// assert_eq!(client.send("over", &mut out)?, Sent::Written(Kind::Text));
/// assert_eq!(out, b"4over");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// A session that begins over WebSocket, which needs no storage:
///
/// ```
/// use framewright::SliceBuf;
/// use framewright::engineio::{ClientEvent, ClientSession, Limits, Transport};
/// use framewright::ws::{Kind, Message};
///
/// let storage = SliceBuf::new(&mut []);
/// let mut client = ClientSession::new(Transport::WebSocket, Limits::new(), storage, 0);
/// let mut out = Vec::new();
/// client.write_socket_target("/engine.io/", &mut out)?;
/// assert_eq!(out, b"/engine.io/?EIO=4&transport=websocket");
/// out.clear();
/// let open = r#"0{"sid":"u6Xw2","upgrades":[],"pingInterval":25000,"pingTimeout":20000}"#;
/// for (at, message) in [(10, open), (25_010, "2"), (25_020, "4hello")] { // as `ws::Inbox` has them
///     match client.receive_socket(Message::Text(message), at) {
///         Some(ClientEvent::Open) => assert_eq!(client.handshake().map(|it| it.sid), Some("u6Xw2")),
///         Some(ClientEvent::Message(part)) => assert_eq!(part.chunk.bytes, b"hello"),
///         Some(event) => println!("{event:?}"),
///         None => {}
///     }
///     if let Some(Kind::Text) = client.transmit_socket(&mut out)? {
///         assert_eq!(out, b"3"); // to be sent as one message
///         out.clear();
///     }
/// }
/// assert_eq!(client.deadline(), Some(70_010)); // when to call `poll`
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct ClientSession<B> {
    limits: Limits,
    /// Messages that no transport has taken. Before the session is open, what has come of the open packet.
    backlog: Backlog<B>,
    link: ClientLink,
    life: ClientLife,
    get: GetState,
    post: PostState,
    owes_pong: bool,
    server: Announced,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum ClientLink {
    Polling,
    /// A WebSocket is open, and was not answered on.
    Candidate {
        deadline: u64,
        owes_probe: bool,
    },
    /// The WebSocket works. It takes over when the requests that are under way have ended.
    Probed {
        deadline: u64,
    },
    Socket,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum ClientLife {
    Opening {
        deadline: u64,
    },
    /// By `deadline`, the server has to ping.
    Open {
        deadline: u64,
    },
    /// By `deadline`, a POST has to take the close.
    Closing {
        deadline: u64,
    },
    Over(Reason),
}

/// What the open packet said.
#[derive(Clone, Copy)]
struct Announced {
    sid: Inline<{ Handshake::MAX_SID_LEN }>,
    upgrades: bool,
    ping_interval: u64,
    ping_timeout: u64,
    max_payload: Option<u64>,
}

/// What has come from the server.
///
/// [`ClientSession`] has an example.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum ClientEvent<'a> {
    /// The session is open: [`ClientSession::handshake`] has what the server announced.
    Open,
    /// Bytes of a message, which is whole over WebSocket. An [`Assembler`](super::Assembler) joins them.
    Message(MessagePart<'a>),
    /// A whole binary message, in base64 over WebSocket: [`Base64::decode`] has the bytes.
    Base64(Base64<'a>),
    /// The server did not want the WebSocket that was to take over. Close it: polling goes on.
    UpgradeFailed,
    /// The session is over. Close its connections, a WebSocket with [`Reason::close_code`].
    Closed(Reason),
}

/// What [`ClientSession::poll`] asks the caller to do.
///
/// ```
/// use framewright::engineio::{ClientAction, ClientSession, Limits, Reason, Transport};
///
/// let mut client = ClientSession::new(Transport::WebSocket, Limits::new(), Vec::new(), 0);
/// let deadline = client.deadline().expect("the open packet has to come");
/// assert_eq!(client.poll(deadline), Some(ClientAction::Over));
/// assert_eq!(client.reason(), Some(Reason::TimedOut));
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum ClientAction {
    /// Close the WebSocket that was to take over: the upgrade took too long. Polling goes on.
    DropCandidate,
    /// Close the connections of the session: it is over.
    Over,
}

impl<B: Buffer> ClientSession<B> {
    /// A session that begins with `transport` at `now`. What `storage` holds is dropped.
    ///
    /// Over WebSocket, call it when the WebSocket is open. Its target is one of
    /// [`write_socket_target`](Self::write_socket_target).
    ///
    /// Of the limits, these count: [`upgrade_timeout`](Limits::upgrade_timeout), also for the open packet,
    /// [`close_timeout`](Limits::close_timeout), [`max_message_len`](Limits::max_message_len) and
    /// [`max_backlog`](Limits::max_backlog). The server announces when it pings.
    pub fn new(transport: Transport, limits: Limits, mut storage: B, now: u64) -> Self {
        storage.clear();
        Self {
            backlog: Backlog::new(storage),
            link: match transport {
                Transport::Polling => ClientLink::Polling,
                Transport::WebSocket => ClientLink::Socket,
            },
            life: ClientLife::Opening { deadline: now.saturating_add(limits.upgrade_timeout) },
            get: GetState::Idle,
            post: PostState::Idle,
            owes_pong: false,
            server: Announced::NOTHING,
            limits,
        }
    }

    /// What the server announced, once the session is open.
    pub fn handshake(&self) -> Option<Handshake<'_>> {
        let Announced { sid, upgrades, ping_interval, ping_timeout, max_payload } = &self.server;
        (!sid.is_empty()).then(|| Handshake {
            sid: sid.as_str(),
            upgrades: *upgrades,
            ping_interval: *ping_interval,
            ping_timeout: *ping_timeout,
            max_payload: *max_payload,
        })
    }

    /// How packets travel: by polling, until [`transmit_socket`](Self::transmit_socket) has written the upgrade.
    pub const fn transport(&self) -> Transport {
        match self.link {
            ClientLink::Socket => Transport::WebSocket,
            _ => Transport::Polling,
        }
    }

    /// Sends a message. Over WebSocket it is written to `out`, to be sent as one WebSocket message. While the session polls,
    /// it waits for the next POST.
    ///
    /// # Errors
    ///
    /// Nothing was written, and nothing changed. [`SendError::NotOpen`]: the open packet has not come.
    /// [`SendError::Closed`]: the session is closing, or over. [`SendError::BacklogFull`]: too much waits already.
    /// [`SendError::PayloadTooLong`]: no POST may be that long. [`SendError::Separator`]: text that has to wait contains
    /// U+001E. [`SendError::BufferFull`]: `out`, or the storage of what waits, has no room.
    pub fn send<'m>(
        &mut self,
        message: impl Into<Message<'m>>,
        out: &mut impl Buffer,
    ) -> Result<Sent, SendError> {
        match self.life {
            ClientLife::Opening { .. } => return Err(SendError::NotOpen),
            ClientLife::Closing { .. } | ClientLife::Over(_) => return Err(SendError::Closed),
            ClientLife::Open { .. } => {}
        }
        let message = message.into();
        if self.link != ClientLink::Socket || !self.backlog.is_empty() {
            let max = self.server.max_payload.unwrap_or(u64::MAX);
            check_len(packet_len(message), max).map_err(SendError::PayloadTooLong)?;
            self.backlog.push(message, self.limits.max_backlog)?;
            return Ok(Sent::Queued);
        }
        match message {
            Message::Text(text) => Packet::Text(Kind::Message, text).write(out)?,
            Message::Binary(bytes) => out.try_append(bytes)?,
        }
        Ok(Sent::Written(message.kind()))
    }

    /// How many bytes wait for a POST, or for [`transmit_socket`](Self::transmit_socket).
    pub fn backlog_len(&self) -> usize {
        match self.life {
            ClientLife::Opening { .. } => 0,
            _ => self.backlog.as_slice().len(),
        }
    }

    /// Ends the session from our side at `now`.
    ///
    /// While it polls, a last POST carries what waits and tells the server. The session is over once
    /// [`transmit_request`](Self::transmit_request) has written it, or after [`Limits::close_timeout`]. Close a WebSocket that
    /// was to take over. Over WebSocket, and before it is open, the session is over at once: close the WebSocket.
    pub fn close(&mut self, now: u64) {
        match (self.life, self.link) {
            (ClientLife::Open { .. }, ClientLink::Socket) | (ClientLife::Opening { .. }, _) => {
                self.end(Reason::Closed);
            }
            (ClientLife::Open { .. }, _) => {
                self.link = ClientLink::Polling;
                let deadline = now.saturating_add(self.limits.close_timeout);
                self.life = ClientLife::Closing { deadline };
            }
            _ => {}
        }
    }

    /// Whether the session is over, so that the caller can forget it.
    pub const fn is_over(&self) -> bool {
        matches!(self.life, ClientLife::Over(_))
    }

    /// Why the session is over, if it is.
    pub const fn reason(&self) -> Option<Reason> {
        match self.life {
            ClientLife::Over(reason) => Some(reason),
            _ => None,
        }
    }

    /// Returns what to do at `now`. Each action is returned once: call it until it returns `None`.
    ///
    /// A ping is overdue after the interval and the time-out that the server announced, together.
    pub fn poll(&mut self, now: u64) -> Option<ClientAction> {
        if self.candidate_deadline().is_some_and(|deadline| deadline <= now) {
            self.link = ClientLink::Polling;
            return Some(ClientAction::DropCandidate);
        }
        self.life_deadline().filter(|deadline| *deadline <= now)?;
        self.end(Reason::TimedOut);
        Some(ClientAction::Over)
    }

    /// When to call [`poll`](Self::poll) next, in ms. `None` when the session is over.
    pub fn deadline(&self) -> Option<u64> {
        let life = self.life_deadline()?;
        Some(self.candidate_deadline().map_or(life, |candidate| candidate.min(life)))
    }

    const fn life_deadline(&self) -> Option<u64> {
        match self.life {
            ClientLife::Opening { deadline }
            | ClientLife::Open { deadline }
            | ClientLife::Closing { deadline } => Some(deadline),
            ClientLife::Over(_) => None,
        }
    }

    const fn candidate_deadline(&self) -> Option<u64> {
        match self.link {
            ClientLink::Candidate { deadline, .. } | ClientLink::Probed { deadline } => {
                Some(deadline)
            }
            ClientLink::Polling | ClientLink::Socket => None,
        }
    }

    fn open(&mut self, announced: Announced, now: u64) -> ClientEvent<'static> {
        self.server = announced;
        self.life = self.open_until_pinged(now);
        ClientEvent::Open
    }

    fn open_until_pinged(&self, now: u64) -> ClientLife {
        let patience = self.server.ping_interval.saturating_add(self.server.ping_timeout);
        ClientLife::Open { deadline: now.saturating_add(patience) }
    }

    /// Takes a packet of an open session that is no message. `None` if it changes nothing for the caller.
    fn take_control(
        &mut self,
        kind: Kind,
        now: u64,
    ) -> Result<Option<ClientEvent<'static>>, Error> {
        match kind {
            Kind::Ping => {
                if let ClientLife::Open { .. } = self.life {
                    self.owes_pong = true;
                    self.life = self.open_until_pinged(now);
                }
                Ok(None)
            }
            Kind::Noop => Ok(None),
            Kind::Close => Ok(Some(self.end(Reason::PeerClosed))),
            _ => Err(Error::PacketUnexpected),
        }
    }

    /// The event for a packet, or for what was wrong with it.
    fn conclude<'a>(
        &mut self,
        result: Result<Option<ClientEvent<'a>>, Error>,
    ) -> Option<ClientEvent<'a>> {
        result.unwrap_or_else(|error| Some(self.end(Reason::Error(error))))
    }

    /// Ends the session. Returns the event that says so.
    fn end(&mut self, reason: Reason) -> ClientEvent<'static> {
        if let ClientLife::Over(reason) = self.life {
            return ClientEvent::Closed(reason);
        }
        self.life = ClientLife::Over(reason);
        if self.link != ClientLink::Socket {
            self.link = ClientLink::Polling;
        }
        (self.get, self.post) = (GetState::Idle, PostState::Idle);
        self.owes_pong = false;
        self.backlog.free();
        ClientEvent::Closed(reason)
    }
}

impl Announced {
    const NOTHING: Self = Self {
        sid: Inline::EMPTY,
        upgrades: false,
        ping_interval: 0,
        ping_timeout: 0,
        max_payload: None,
    };

    fn parse(json: &str) -> Result<Self, Error> {
        let Handshake { sid, upgrades, ping_interval, ping_timeout, max_payload } =
            Handshake::parse(json)?;
        let mut inline = Inline::EMPTY;
        if !inline.try_append(sid.as_bytes()) {
            return Err(Error::Handshake);
        }
        Ok(Self { sid: inline, upgrades, ping_interval, ping_timeout, max_payload })
    }
}

impl<B> fmt::Debug for ClientSession<B> {
    /// Without the identifier, which is a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientSession")
            .field("link", &self.link)
            .field("life", &self.life)
            .finish_non_exhaustive()
    }
}
