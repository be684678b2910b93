//! A client's session over WebSocket.
//!
//! ```text
//!              the open packet             the server closed or was silent, a rule was broken,
//!   Opening ─────────────────────▶ Open ──────────────────────────────────────────────────────▶ Over
//!      │                                     close(), receive_eof()                                     ▲
//!      └─────────────────────────── any other packet, time ──────────────────────────────────────┘
//! ```

use super::{Base64, Error, Handshake, Kind, Limits, MessagePart, Packet, Reason, SendError};
use crate::ws::{self, Message};
use crate::{Buffer, BufferFull, Chunk, OverLimit};

/// A client's session, over a WebSocket that the caller has opened.
///
/// The target of the WebSocket's handshake ends in `?` and [`ClientSession::QUERY`]. Pass every message of the WebSocket
/// to [`receive`](Self::receive), and send what [`transmit`](Self::transmit) writes. To end the session, call
/// [`close`](Self::close), then close the WebSocket.
///
/// ```
/// use framewright::engineio::{ClientEvent, ClientSession, Limits};
/// use framewright::ws::{Kind, Message};
///
/// let mut client = ClientSession::new(Limits::new(), 0);
/// let mut out = Vec::new();
/// let open = r#"0{"sid":"u6Xw2","upgrades":[],"pingInterval":25000,"pingTimeout":20000}"#;
/// for (at, message) in [(10, open), (25_010, "2"), (25_020, "4hello")] { // as `ws::Inbox` has them
///     match client.receive(Message::Text(message), at) {
///         Some(ClientEvent::Open(handshake)) => assert_eq!(handshake.sid, "u6Xw2"),
///         Some(ClientEvent::Message(part)) => assert_eq!(part.chunk.bytes, b"hello"),
///         Some(event) => println!("{event:?}"),
///         None => {}
///     }
///     if let Some(Kind::Text) = client.transmit(&mut out)? {
///         assert_eq!(out, b"3"); // to be sent as one message
///         out.clear();
///     }
/// }
/// assert_eq!(client.deadline(), Some(70_010)); // when to call `poll`
/// client.send("hi", &mut out)?;
/// assert_eq!(out, b"4hi");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct ClientSession {
    state: ClientState,
    max_message_len: u64,
    owes_pong: bool,
}

#[derive(Clone, Copy, Debug)]
enum ClientState {
    Opening {
        deadline: u64,
    },
    /// `patience` is how long the server may be silent.
    Open {
        deadline: u64,
        patience: u64,
    },
    Over(Reason),
}

/// What has come from the server.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum ClientEvent<'a> {
    /// The session is open.
    Open(Handshake<'a>),
    /// A whole message.
    Message(MessagePart<'a>),
    /// A whole binary message, in base64: [`Base64::decode`] has the bytes.
    Base64(Base64<'a>),
    /// The session is over: close the WebSocket, with [`Reason::close_code`].
    Closed(Reason),
}

impl ClientSession {
    /// The query of the request that opens the WebSocket.
    pub const QUERY: &'static str = "EIO=4&transport=websocket";

    /// A session whose WebSocket opened at `now`, in ms.
    ///
    /// Two of the limits count: [`upgrade_timeout`](Limits::upgrade_timeout) is how long the open packet may take, and
    /// [`max_message_len`](Limits::max_message_len) is the longest message. The server announces when it pings.
    pub const fn new(limits: Limits, now: u64) -> Self {
        Self {
            state: ClientState::Opening { deadline: now.saturating_add(limits.upgrade_timeout) },
            max_message_len: limits.max_message_len,
            owes_pong: false,
        }
    }

    /// Receives a message of the WebSocket, which came at `now`. `None` if the caller has nothing to do about it.
    ///
    /// Call [`transmit`](Self::transmit) after it. Once the session is over, messages are ignored.
    pub fn receive<'a>(&mut self, message: Message<'a>, now: u64) -> Option<ClientEvent<'a>> {
        if let ClientState::Over(_) = self.state {
            return None;
        }
        match self.take(message, now) {
            Ok(event) => event,
            Err(error) => Some(self.end(Reason::Error(error))),
        }
    }

    fn take<'a>(
        &mut self,
        message: Message<'a>,
        now: u64,
    ) -> Result<Option<ClientEvent<'a>>, Error> {
        let (len, limit) = (message.as_bytes().len() as u64, self.max_message_len);
        if len > limit {
            return Err(Error::MessageTooLong(OverLimit::new(len, limit)));
        }
        let packet = Packet::parse(message)?;
        let patience = match (self.state, packet) {
            (ClientState::Opening { .. }, Packet::Text(Kind::Open, json)) => {
                let handshake = Handshake::parse(json)?;
                let patience = handshake.ping_interval.saturating_add(handshake.ping_timeout);
                let deadline = now.saturating_add(patience);
                self.state = ClientState::Open { deadline, patience };
                return Ok(Some(ClientEvent::Open(handshake)));
            }
            (ClientState::Open { patience, .. }, _) => patience,
            _ => return Err(Error::PacketUnexpected),
        };
        let (kind, bytes) = match packet {
            Packet::Text(Kind::Message, text) => (ws::Kind::Text, text.as_bytes()),
            Packet::Binary(bytes) => (ws::Kind::Binary, bytes),
            Packet::Base64(base64) => return Ok(Some(ClientEvent::Base64(base64))),
            Packet::Text(Kind::Ping, _) => {
                self.owes_pong = true;
                let deadline = now.saturating_add(patience);
                self.state = ClientState::Open { deadline, patience };
                return Ok(None);
            }
            Packet::Text(Kind::Noop, _) => return Ok(None),
            Packet::Text(Kind::Close, _) => return Ok(Some(self.end(Reason::PeerClosed))),
            Packet::Text(Kind::Open | Kind::Pong | Kind::Upgrade, _) => {
                return Err(Error::PacketUnexpected);
            }
        };
        Ok(Some(ClientEvent::Message(MessagePart { kind, chunk: Chunk::whole(bytes) })))
    }

    /// Appends a message to `out`. Send that as one WebSocket message of the kind that is returned.
    ///
    /// # Errors
    ///
    /// Nothing was written. [`SendError::NotOpen`]: the open packet has not come. [`SendError::Closed`]: the session is
    /// over. [`SendError::BufferFull`]: `out` has no room.
    pub fn send<'m>(
        &mut self,
        message: impl Into<Message<'m>>,
        out: &mut impl Buffer,
    ) -> Result<ws::Kind, SendError> {
        match self.state {
            ClientState::Opening { .. } => return Err(SendError::NotOpen),
            ClientState::Over(_) => return Err(SendError::Closed),
            ClientState::Open { .. } => {}
        }
        let message = message.into();
        match message {
            Message::Text(text) => Packet::Text(Kind::Message, text).write(out)?,
            Message::Binary(bytes) => out.try_append(bytes)?,
        }
        Ok(message.kind())
    }

    /// Appends the pong that is owed. Send it as one WebSocket message of the kind that is returned. `None` if none is
    /// owed.
    ///
    /// # Errors
    ///
    /// `out` has no room. The pong is still owed.
    pub fn transmit(&mut self, out: &mut impl Buffer) -> Result<Option<ws::Kind>, BufferFull> {
        if !self.owes_pong {
            return Ok(None);
        }
        out.try_append(b"3")?;
        self.owes_pong = false;
        Ok(Some(ws::Kind::Text))
    }

    /// Ends the session from our side. Then close the WebSocket.
    pub fn close(&mut self) {
        self.end(Reason::Closed);
    }

    /// Receives the end of the WebSocket. If the session is not over, this ends it.
    pub fn receive_eof(&mut self) {
        self.end(Reason::TransportLost);
    }

    /// Whether the session is over, so that the caller can forget it.
    pub const fn is_over(&self) -> bool {
        matches!(self.state, ClientState::Over(_))
    }

    /// Why the session is over, if it is.
    pub const fn reason(&self) -> Option<Reason> {
        match self.state {
            ClientState::Over(reason) => Some(reason),
            _ => None,
        }
    }

    /// Ends the session if, at `now`, the open packet or a ping is overdue. Returns the reason once.
    ///
    /// A ping is overdue after the interval and the time-out that the server announced, together.
    pub fn poll(&mut self, now: u64) -> Option<Reason> {
        self.deadline().filter(|deadline| *deadline <= now)?;
        self.end(Reason::TimedOut);
        self.reason()
    }

    /// When to call [`poll`](Self::poll) next, in ms. `None` when the session is over.
    pub const fn deadline(&self) -> Option<u64> {
        match self.state {
            ClientState::Opening { deadline } | ClientState::Open { deadline, .. } => {
                Some(deadline)
            }
            ClientState::Over(_) => None,
        }
    }

    fn end(&mut self, reason: Reason) -> ClientEvent<'static> {
        if let ClientState::Over(reason) = self.state {
            return ClientEvent::Closed(reason);
        }
        self.state = ClientState::Over(reason);
        self.owes_pong = false;
        ClientEvent::Closed(reason)
    }
}
