//! One end of a connection: its namespaces, and the rules between them (*Connection to a namespace*).
//!
//! The states of a namespace, at a server and at a client:
//!
//! ```text
//!   CONNECT came   accept()                    connect()   CONNECT came
//!     ────▶ Pending ────▶ Connected              ────▶ Pending ────▶ Connected
//!              │ refuse()   │   │                        │ CONNECT_ERROR  │   │
//!              ▼            │   │ disconnect()           ▼                │   │ disconnect()
//!            (gone) ◀───────┘   ▼                      (gone) ◀───────────┘   ▼
//!              DISCONNECT came  Left                     DISCONNECT came    Left
//! ```
//!
//! What still comes for a namespace that we left is skipped.

mod names;

use core::fmt;

use names::{Names, NamespaceState};

use super::decode::Attachment;
use super::{Decoder, Error, Json, Kind, Limits, Packet, SendError};
use crate::{Buffer, Chunk, OverLimit, engineio};

/// One end of a connection, over messages of Engine.IO or any others.
///
/// Messages come in through [`receive_text`](Self::receive_text) and
/// [`receive_binary`](Self::receive_binary). Each method that sends appends the text of one message to `out`. The storage
/// `B` holds the names of the namespaces, and nothing else.
///
/// A peer that breaks a rule gets no answer: after [`Event::Failed`], close the connection.
///
/// A client, whose server grants the namespace and sends an event. The [module](super) has the loop of a server.
///
/// ```
/// use framewright::socketio::{Connection, Event, Json, Limits, Packet};
///
/// let mut client = Connection::client(Limits::new(), Vec::new());
/// let mut out = Vec::new();
/// client.connect("/chat", Some(Json::new(r#"{"token":"x"}"#)?), &mut out)?;
/// assert_eq!(out, br#"0/chat,{"token":"x"}"#);
/// client.receive_text(r#"0/chat,{"sid":"wZX3oN0b"}"#, 10);
/// assert!(client.is_connected("/chat"));
/// let Some(Event::Packet(packet)) = client.receive_text(r#"2/chat,7["say","hi"]"#, 20) else {
///     panic!("an event")
/// };
/// assert_eq!((packet.event_name(), packet.arguments()), (Some("say"), r#""hi""#));
/// out.clear();
/// client.send(Packet::ack("/chat", packet.id.unwrap_or_default(), Json::new("[]")?), &mut out)?;
/// assert_eq!(out, b"3/chat,7[]");
/// # Ok::<(), framewright::socketio::SendError>(())
/// ```
pub struct Connection<B> {
    decoder: Decoder,
    limits: Limits,
    names: Names<B>,
    role: ConnectionRole,
    /// What the attachments that come belong to.
    incoming: IncomingAttachments,
    /// How many attachments of our packet have to be sent.
    outgoing: u32,
    /// By when a server wants a namespace to be connected.
    connect_by: Option<u64>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum ConnectionRole {
    Client,
    Server,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum IncomingAttachments {
    Wanted,
    /// Their namespace was left.
    Skipped,
}

/// What has come from the peer.
///
/// ```
/// use framewright::Chunk;
/// use framewright::socketio::{Connection, Error, Event, Kind, Limits};
///
/// let mut server = Connection::server(Limits::new(), Vec::new(), 0);
/// let event = server.receive_text("0", 0);
/// assert!(matches!(event, Some(Event::Packet(packet)) if packet.kind == Kind::Connect));
/// // No packet said that an attachment comes.
/// let event = server.receive_binary(Chunk::whole(b"x"));
/// assert_eq!(event, Some(Event::Failed(Error::AttachmentUnexpected)));
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A packet.
    ///
    /// At a server, [`Kind::Connect`] has to be answered by [`Connection::accept`] or
    /// [`Connection::refuse`], now or later.
    Packet(Packet<'a>),
    /// Bytes of an attachment to the packet before.
    Attachment(Attachment<'a>),
    /// The peer broke a rule: close the connection.
    Failed(Error),
}

/// What a server usually says to refuse a namespace.
///
/// The [module](super) has an example.
pub const INVALID_NAMESPACE: Json<'static> = Json::unchecked(r#"{"message":"Invalid namespace"}"#);

impl<B: Buffer> Connection<B> {
    /// A server's end, opened at `now`, in ms. What `storage` holds is dropped.
    pub fn server(limits: Limits, storage: B, now: u64) -> Self {
        let connect_by = Some(now.saturating_add(limits.connect_within));
        Self::new(limits, storage, ConnectionRole::Server, connect_by)
    }

    /// A client's end. What `storage` holds is dropped.
    pub fn client(limits: Limits, storage: B) -> Self {
        Self::new(limits, storage, ConnectionRole::Client, None)
    }

    fn new(limits: Limits, storage: B, role: ConnectionRole, connect_by: Option<u64>) -> Self {
        Self {
            decoder: Decoder::new(limits),
            limits,
            names: Names::new(storage),
            role,
            incoming: IncomingAttachments::Wanted,
            outgoing: 0,
            connect_by,
        }
    }

    /// Receives a text message, which came at `now`. `None` if the caller has nothing to do about it.
    pub fn receive_text<'a>(&mut self, text: &'a str, now: u64) -> Option<Event<'a>> {
        let packet = match self.decoder.decode_text(text, now) {
            Ok(packet) => packet,
            Err(error) => return Some(Event::Failed(error)),
        };
        match self.take(packet) {
            Ok(true) => {
                self.incoming = IncomingAttachments::Wanted;
                Some(Event::Packet(packet))
            }
            Ok(false) => {
                self.incoming = IncomingAttachments::Skipped;
                None
            }
            Err(error) => Some(Event::Failed(self.decoder.fail(error))),
        }
    }

    /// Receives bytes of a binary message. `None` if the caller has nothing to do about them.
    pub fn receive_binary<'a>(&mut self, chunk: Chunk<'a>) -> Option<Event<'a>> {
        match self.decoder.decode_binary(chunk) {
            Ok(_) if self.incoming == IncomingAttachments::Skipped => None,
            Ok(attachment) => Some(Event::Attachment(attachment)),
            Err(error) => Some(Event::Failed(error)),
        }
    }

    /// Fails the connection if, at `now`, attachments or a server's first namespace are overdue. Returns the failure
    /// as an [`Event::Failed`].
    pub fn poll(&mut self, now: u64) -> Option<Event<'static>> {
        if self.connect_by.is_some_and(|deadline| deadline <= now) {
            self.connect_by = None;
            return Some(Event::Failed(self.decoder.fail(Error::ConnectLate)));
        }
        self.decoder.deadline().filter(|deadline| *deadline <= now)?;
        self.decoder.check_time(now).err().map(Event::Failed)
    }

    /// When to call [`poll`](Self::poll) next, in ms. `None` if nothing is due.
    pub fn deadline(&self) -> Option<u64> {
        match (self.connect_by, self.decoder.deadline()) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        }
    }

    /// How many namespaces are connected or being connected. Clients close the connection when none is left.
    pub fn namespace_count(&self) -> usize {
        self.names.iter().filter(|(state, _)| *state != NamespaceState::Left).count()
    }

    /// Whether `namespace` is connected.
    pub fn is_connected(&self, namespace: &str) -> bool {
        self.names.state(namespace) == Some(NamespaceState::Connected)
    }

    /// The namespaces that are connected.
    pub fn namespaces(&self) -> impl Iterator<Item = &str> {
        self.names
            .iter()
            .filter(|(state, _)| *state == NamespaceState::Connected)
            .map(|(_, name)| name)
    }

    /// Grants a namespace, at a server. `json` is an object with the client's `sid` in this namespace, which differs
    /// from the `sid` of Engine.IO.
    ///
    /// # Errors
    ///
    /// Nothing was written. [`SendError::NotPending`]: no `CONNECT` for this namespace waits for an answer.
    /// [`SendError::Role`]: this is a client.
    pub fn accept(
        &mut self,
        namespace: &str,
        json: Json<'_>,
        out: &mut impl Buffer,
    ) -> Result<(), SendError> {
        self.answer(Kind::Connect, namespace, json, out)?;
        self.names.set(namespace, NamespaceState::Connected);
        self.connect_by = None;
        Ok(())
    }

    /// Refuses a namespace, at a server. `json` is an object with a `message`, such as
    /// [`INVALID_NAMESPACE`]. The connection stays open.
    ///
    /// # Errors
    ///
    /// Those of [`accept`](Self::accept).
    pub fn refuse(
        &mut self,
        namespace: &str,
        json: Json<'_>,
        out: &mut impl Buffer,
    ) -> Result<(), SendError> {
        self.answer(Kind::ConnectError, namespace, json, out)?;
        self.names.remove(namespace);
        Ok(())
    }

    fn answer(
        &self,
        kind: Kind,
        namespace: &str,
        json: Json<'_>,
        out: &mut impl Buffer,
    ) -> Result<(), SendError> {
        self.ready()?;
        self.check_role(ConnectionRole::Server)?;
        if self.names.state(namespace) != Some(NamespaceState::Pending) {
            return Err(SendError::NotPending);
        }
        Packet { kind, namespace, id: None, attachments: 0, json: Some(json) }.write(out)
    }

    /// Asks for a namespace, at a client. `auth` is an object for the server to judge.
    ///
    /// # Errors
    ///
    /// Nothing was written. [`SendError::AlreadyConnected`]: it is connected or asked for already. [`SendError::Role`]: this
    /// is a server.
    pub fn connect(
        &mut self,
        namespace: &str,
        auth: Option<Json<'_>>,
        out: &mut impl Buffer,
    ) -> Result<(), SendError> {
        self.ready()?;
        self.check_role(ConnectionRole::Client)?;
        if !matches!(self.names.state(namespace), None | Some(NamespaceState::Left)) {
            return Err(SendError::AlreadyConnected);
        }
        let len = out.as_slice().len();
        let packet =
            Packet { kind: Kind::Connect, namespace, id: None, attachments: 0, json: auth };
        packet.write(out)?;
        if let Err(full) = self.names.add(namespace) {
            out.truncate(len);
            return Err(full.into());
        }
        Ok(())
    }

    /// Leaves a namespace (*Disconnection from a namespace*). What the peer still sends to it is skipped.
    pub fn disconnect(&mut self, namespace: &str, out: &mut impl Buffer) -> Result<(), SendError> {
        self.check_connected(namespace)?;
        Packet { kind: Kind::Disconnect, namespace, id: None, attachments: 0, json: None }
            .write(out)?;
        self.names.set(namespace, NamespaceState::Left);
        Ok(())
    }

    /// Sends an event or an acknowledgement (*Sending and receiving data*, *Acknowledgement*).
    ///
    /// Its attachments have to be the next messages. Call [`attachment_sent`](Self::attachment_sent) for each.
    ///
    /// # Errors
    ///
    /// Nothing was written. [`SendError::NotConnected`]: the namespace is not connected.
    /// [`SendError::AttachmentsUnfinished`]: attachments of the packet before are missing. [`SendError::Kind`]: it is
    /// neither an event nor an acknowledgement. Others: the packet is one that a peer would refuse.
    pub fn send(&mut self, packet: Packet<'_>, out: &mut impl Buffer) -> Result<(), SendError> {
        self.check_send(&packet)?;
        packet.write(out)?;
        self.outgoing = packet.attachments;
        Ok(())
    }

    /// Sends as [`send`](Self::send) does, over a server's session of Engine.IO. What it writes to `out` is the payload of one
    /// WebSocket message, or nothing while the client polls.
    ///
    /// The packet is copied once. With `send` and [`Session::send`](engineio::Session::send), it is copied twice.
    ///
    /// # Errors
    ///
    /// As those of [`send`](Self::send), and [`SendError::Session`]. While the client polls, `out` needs room for the packet
    /// too, which is built there before it waits.
    ///
    /// ```
    /// use framewright::engineio::{self, Sent, Session, Transport};
    /// use framewright::socketio::{Connection, Json, Limits, Packet, SendError};
    /// use framewright::ws::Kind;
    ///
    /// let (limits, transport) = (engineio::Limits::new(), Transport::WebSocket);
    /// let mut session = Session::new("u6Xw2", transport, false, limits, Vec::new(), 0)?;
    /// let mut out = Vec::new();
    /// while session.transmit_socket(&mut out)?.is_some() {} // the open packet
    /// let mut server = Connection::server(Limits::new(), Vec::new(), 0);
    /// server.receive_text("0", 0);
    /// server.accept("/", Json::new(r#"{"sid":"x"}"#)?, &mut out)?;
    /// out.clear();
    /// let event = Packet::event("/", Json::new(r#"["say","hi"]"#)?);
    /// assert_eq!(server.send_over(event, &mut session, &mut out)?, Sent::Written(Kind::Text));
    /// assert_eq!(out, br#"42["say","hi"]"#);
    /// # Ok::<(), SendError>(())
    /// ```
    pub fn send_over<S: Buffer>(
        &mut self,
        packet: Packet<'_>,
        session: &mut engineio::Session<S>,
        out: &mut impl Buffer,
    ) -> Result<engineio::Sent, SendError> {
        self.check_send(&packet)?;
        let sent = session.send_text_by(|before, out| packet.write_after(before, out), out)?;
        self.outgoing = packet.attachments;
        Ok(sent)
    }

    /// Notes that the next attachment of the packet was sent, as a binary message.
    ///
    /// # Errors
    ///
    /// [`SendError::AttachmentUnexpected`]: the packet has no more attachments.
    pub fn attachment_sent(&mut self) -> Result<(), SendError> {
        self.outgoing = self.outgoing.checked_sub(1).ok_or(SendError::AttachmentUnexpected)?;
        Ok(())
    }

    fn check_send(&self, packet: &Packet<'_>) -> Result<(), SendError> {
        if !matches!(packet.kind, Kind::Event | Kind::Ack) {
            return Err(SendError::Kind);
        }
        self.check_connected(packet.namespace)
    }

    fn check_connected(&self, namespace: &str) -> Result<(), SendError> {
        self.ready()?;
        if self.is_connected(namespace) { Ok(()) } else { Err(SendError::NotConnected) }
    }

    fn check_role(&self, role: ConnectionRole) -> Result<(), SendError> {
        if self.role == role { Ok(()) } else { Err(SendError::Role) }
    }

    fn ready(&self) -> Result<(), SendError> {
        if self.decoder.is_failed() {
            return Err(SendError::Failed);
        }
        if self.outgoing > 0 { Err(SendError::AttachmentsUnfinished) } else { Ok(()) }
    }

    /// Applies a packet to its namespace. Returns whether the caller has to know of it.
    fn take(&mut self, packet: Packet<'_>) -> Result<bool, Error> {
        let Packet { kind, namespace, .. } = packet;
        let state = self.names.state(namespace);
        match (self.role, kind, state) {
            (ConnectionRole::Server, Kind::Connect, None | Some(NamespaceState::Left)) => {
                self.admit(namespace, state.is_none())?;
            }
            (ConnectionRole::Client, Kind::Connect, Some(NamespaceState::Pending)) => {
                if packet.json.is_none() {
                    return Err(Error::ServerVersion);
                }
                self.names.set(namespace, NamespaceState::Connected);
            }
            (ConnectionRole::Server, Kind::Connect, Some(_))
            | (ConnectionRole::Client, Kind::Connect, Some(NamespaceState::Connected)) => {
                return Err(Error::AlreadyConnected);
            }
            (ConnectionRole::Client, Kind::ConnectError, Some(NamespaceState::Pending)) => {
                self.names.remove(namespace);
            }
            (_, Kind::ConnectError, _) | (_, Kind::Connect, None) => {
                return Err(Error::PacketUnexpected);
            }
            (_, _, Some(NamespaceState::Left)) => return Ok(false),
            (_, Kind::Disconnect, Some(NamespaceState::Connected)) => self.names.remove(namespace),
            // A server that recovers a connection sends the events that the client missed, and only then its answer.
            (_, Kind::Event | Kind::Ack, Some(NamespaceState::Connected))
            | (ConnectionRole::Client, Kind::Event, Some(NamespaceState::Pending)) => {}
            _ => return Err(Error::NotConnected),
        }
        Ok(true)
    }

    /// Takes a client's CONNECT. `fresh` if nothing is known of the namespace.
    fn admit(&mut self, namespace: &str, fresh: bool) -> Result<(), Error> {
        let len = namespace.len() as u64;
        if len > self.limits.max_namespace_len {
            let over = OverLimit::new(len, self.limits.max_namespace_len);
            return Err(Error::NamespaceTooLong(over));
        }
        let limit = self.limits.max_namespaces;
        if fresh && self.names.iter().count() as u64 >= u64::from(limit) {
            return Err(Error::TooManyNamespaces { limit });
        }
        self.names.add(namespace).map_err(Error::BufferFull)
    }
}

impl<B> fmt::Debug for Connection<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("role", &self.role)
            .field("decoder", &self.decoder)
            .finish_non_exhaustive()
    }
}
