//! The WebSocket of a session, from its probe on (*Upgrade*).

use super::{Event, Life, Link, Reason, Session, check_len};
use crate::engineio::{Error, Kind, MessagePart, Packet, PayloadEncoder, Refusal, SendError};
use crate::ws::{self, Message};
use crate::{Buffer, BufferFull, Chunk, OverLimit};

/// What became of a message that was sent.
///
/// ```
/// use framewright::engineio::{Limits, Sent, Session, Transport};
/// use framewright::ws::Kind;
///
/// let mut session = Session::new("u6Xw2", Transport::WebSocket, false, Limits::new(), Vec::new(), 0)?;
/// let mut out = Vec::new();
/// while session.transmit_socket(&mut out)?.is_some() {} // the open packet
/// out.clear();
/// assert_eq!(session.send("hello", &mut out)?, Sent::Written(Kind::Text));
/// assert_eq!(out, b"4hello");
/// # Ok::<(), framewright::engineio::SendError>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum Sent {
    /// It waits for the transport: transmit there.
    Queued,
    /// It was written to the output, as the payload of one WebSocket message of this kind.
    Written(ws::Kind),
}

impl<B: Buffer> Session<B> {
    /// Sends a message. Over WebSocket it is written to `out`, to be sent as one WebSocket message.
    /// While the client polls, it waits for the next poll.
    ///
    /// # Errors
    ///
    /// Nothing was written, and nothing changed. [`SendError::BacklogFull`]: too much waits already.
    /// [`SendError::Separator`]: text that has to wait contains U+001E. [`SendError::Closed`]: the session is closing, or
    /// over. [`SendError::BufferFull`]: `out`, or the storage of what waits, has no room.
    pub fn send<'m>(
        &mut self,
        message: impl Into<Message<'m>>,
        out: &mut impl Buffer,
    ) -> Result<Sent, SendError> {
        if self.life != Life::Open {
            return Err(SendError::Closed);
        }
        let message = message.into();
        if self.link != Link::Socket || !self.backlog.is_empty() {
            let max = self.limits.max_backlog;
            return self.backlog.push(message, max).map(|()| Sent::Queued);
        }
        match message {
            Message::Text(text) => {
                Packet::Text(Kind::Message, text).write(out)?;
                Ok(Sent::Written(ws::Kind::Text))
            }
            Message::Binary(bytes) if self.base64 => {
                PayloadEncoder::new().encode(Packet::Binary(bytes), out)?;
                Ok(Sent::Written(ws::Kind::Text))
            }
            Message::Binary(bytes) => {
                out.try_append(bytes)?;
                Ok(Sent::Written(ws::Kind::Binary))
            }
        }
    }

    /// Sends a text message that `write` appends to `out`, after the byte that it is given: over WebSocket without another
    /// copy. It appends all of it or nothing, so that its error says how much room all of it needs.
    pub(crate) fn send_text_by<O: Buffer, E: From<SendError>>(
        &mut self,
        write: impl FnOnce(Option<u8>, &mut O) -> Result<(), E>,
        out: &mut O,
    ) -> Result<Sent, E> {
        if self.life != Life::Open {
            return Err(SendError::Closed.into());
        }
        let start = out.as_slice().len();
        let waits = self.link != Link::Socket || !self.backlog.is_empty();
        let digit = (!waits).then_some(Kind::Message.digit());
        let mut result = write(digit, out);
        if waits && result.is_ok() {
            let text = out.as_slice().get(start..).unwrap_or_default();
            let text = core::str::from_utf8(text).expect("`write` appends text");
            let pushed = self.backlog.push(Message::Text(text), self.limits.max_backlog);
            result = pushed.map_err(E::from);
        }
        if waits || result.is_err() {
            out.truncate(start);
        }
        result.map(|()| if waits { Sent::Queued } else { Sent::Written(ws::Kind::Text) })
    }

    /// Takes a WebSocket for this session, as a candidate to take over. Call it before the WebSocket
    /// handshake is answered.
    ///
    /// # Errors
    ///
    /// The answer to its request, instead of the handshake: the session has a WebSocket, or is over. Since
    /// browsers do not say why a WebSocket was refused, some servers open and close it instead.
    pub fn upgrade(&mut self, now: u64) -> Result<(), Refusal> {
        match (self.life, self.link) {
            (Life::Over(_), _) => Err(Refusal::UnknownSid),
            (Life::Open, Link::Polling) if self.limits.upgrades => {
                let deadline = now.saturating_add(self.limits.upgrade_timeout);
                self.link = Link::Candidate { deadline };
                Ok(())
            }
            _ => Err(Refusal::BadRequest),
        }
    }

    /// Receives a message of the session's WebSocket, or of the candidate. Then
    /// [transmit](Self::transmit_socket), and while it polls, [transmit there](Self::transmit_get).
    pub fn receive_socket<'a>(&mut self, message: Message<'a>, now: u64) -> Option<Event<'a>> {
        let is_text = |expected| message == Message::Text(expected);
        match self.link {
            _ if matches!(self.life, Life::Over(_)) => None,
            Link::Polling => None,
            Link::Candidate { deadline } if is_text("2probe") => {
                self.link = Link::Probed { deadline, owes_answer: true };
                None
            }
            Link::Probed { .. } if is_text("5") => {
                self.link = Link::Socket;
                if self.life == Life::Closing {
                    // The close frame says so.
                    return Some(self.end(Reason::Closed));
                }
                Some(Event::Upgraded)
            }
            Link::Candidate { .. } | Link::Probed { .. } => {
                self.link = Link::Polling;
                Some(Event::UpgradeFailed)
            }
            Link::Socket => self.receive_packet(message, now),
        }
    }

    fn receive_packet<'a>(&mut self, message: Message<'a>, now: u64) -> Option<Event<'a>> {
        let len = message.as_bytes().len();
        let packet = check_len(len, self.limits.max_message_len)
            .map_err(|over: OverLimit| Error::MessageTooLong(over))
            .and_then(|()| Packet::parse(message));
        let (kind, bytes) = match packet {
            Ok(Packet::Text(Kind::Message, text)) => (ws::Kind::Text, text.as_bytes()),
            Ok(Packet::Binary(bytes)) => (ws::Kind::Binary, bytes),
            Ok(Packet::Base64(base64)) => return Some(Event::Base64(base64)),
            Ok(Packet::Text(kind, _)) => return self.take_control(kind, now),
            Err(error) => return Some(self.end(Reason::Error(error))),
        };
        Some(Event::Message(MessagePart { kind, chunk: Chunk::whole(bytes) }))
    }

    /// Writes the next packet that is owed over WebSocket: the payload of one message, of the kind that
    /// is returned. `None` if nothing is owed.
    ///
    /// Call it until it returns `None` when the WebSocket is open, and after
    /// [`receive_socket`](Self::receive_socket) and [`poll`](Self::poll).
    pub fn transmit_socket(
        &mut self,
        out: &mut impl Buffer,
    ) -> Result<Option<ws::Kind>, BufferFull> {
        // After any other end, nothing is owed.
        if self.reason().is_some_and(|reason| reason != Reason::Closed) {
            return Ok(None);
        }
        match &mut self.link {
            Link::Probed { owes_answer, .. } if *owes_answer => {
                out.try_append(b"3probe")?;
                *owes_answer = false;
                return Ok(Some(ws::Kind::Text));
            }
            Link::Socket => {}
            _ => return Ok(None),
        }
        if let Some(kind) = self.backlog.write_first(self.base64, out)? {
            return Ok(Some(kind));
        }
        if self.owes_ping {
            out.try_append(b"2")?;
            self.owes_ping = false;
            return Ok(Some(ws::Kind::Text));
        }
        Ok(None)
    }

    /// Receives the end of the WebSocket. If it had taken over, the session is over. If not, polling goes on.
    pub fn receive_socket_eof(&mut self) {
        match self.link {
            Link::Socket => {
                self.end(Reason::TransportLost);
            }
            Link::Candidate { .. } | Link::Probed { .. } => self.link = Link::Polling,
            Link::Polling => {}
        }
    }
}
