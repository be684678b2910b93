//! The WebSocket of a client's session, from its probe on (*Upgrade*).

use super::{Announced, ClientEvent, ClientLife, ClientLink, ClientRequest, ClientSession};
use crate::engineio::backlog::check_len;
use crate::engineio::{Error, Kind, MessagePart, Packet, Reason, SendError};
use crate::ws::{self, Message};
use crate::{Buffer, BufferFull, Chunk};

impl<B: Buffer> ClientSession<B> {
    /// Takes a WebSocket that the caller has opened for this session at `now`, as a candidate to take over. Its target is that
    /// of [`write_socket_target`](Self::write_socket_target).
    ///
    /// Then [transmit](Self::transmit_socket). Polling goes on until the server has answered, and the requests that are under
    /// way have ended.
    ///
    /// # Errors
    ///
    /// Nothing changed. [`SendError::NotOpen`] and [`SendError::Closed`] as for [`send`](Self::send).
    /// [`SendError::UpgradeUnexpected`]: the session has a WebSocket, or the server does not offer it.
    pub fn upgrade(&mut self, now: u64) -> Result<(), SendError> {
        match (self.life, self.link) {
            (ClientLife::Opening { .. }, _) => Err(SendError::NotOpen),
            (ClientLife::Closing { .. } | ClientLife::Over(_), _) => Err(SendError::Closed),
            (_, ClientLink::Polling) if self.server.upgrades => {
                let deadline = now.saturating_add(self.limits.upgrade_timeout);
                self.link = ClientLink::Candidate { deadline, owes_probe: true };
                Ok(())
            }
            _ => Err(SendError::UpgradeUnexpected),
        }
    }

    /// Receives a message of the session's WebSocket, or of the candidate, which came at `now`. `None` if the caller has
    /// nothing to do about it.
    ///
    /// Then [transmit](Self::transmit_socket). Once the session is over, messages are ignored.
    pub fn receive_socket<'a>(
        &mut self,
        message: Message<'a>,
        now: u64,
    ) -> Option<ClientEvent<'a>> {
        match self.link {
            _ if self.is_over() => None,
            ClientLink::Polling => None,
            ClientLink::Candidate { deadline, owes_probe: false }
                if message == Message::Text("3probe") =>
            {
                self.link = ClientLink::Probed { deadline };
                None
            }
            ClientLink::Candidate { .. } | ClientLink::Probed { .. } => {
                self.link = ClientLink::Polling;
                Some(ClientEvent::UpgradeFailed)
            }
            ClientLink::Socket => {
                let event = self.receive_packet(message, now);
                self.conclude(event)
            }
        }
    }

    fn receive_packet<'a>(
        &mut self,
        message: Message<'a>,
        now: u64,
    ) -> Result<Option<ClientEvent<'a>>, Error> {
        check_len(message.as_bytes().len(), self.limits.max_message_len)
            .map_err(Error::MessageTooLong)?;
        let packet = Packet::parse(message)?;
        if let ClientLife::Opening { .. } = self.life {
            return match packet {
                Packet::Text(Kind::Open, json) => {
                    let announced = Announced::parse(json)?;
                    Ok(Some(self.open(announced, now)))
                }
                _ => Err(Error::PacketUnexpected),
            };
        }
        let (kind, bytes) = match packet {
            Packet::Text(Kind::Message, text) => (ws::Kind::Text, text.as_bytes()),
            Packet::Binary(bytes) => (ws::Kind::Binary, bytes),
            Packet::Base64(base64) => return Ok(Some(ClientEvent::Base64(base64))),
            Packet::Text(kind, _) => return self.take_control(kind, now),
        };
        Ok(Some(ClientEvent::Message(MessagePart { kind, chunk: Chunk::whole(bytes) })))
    }

    /// Writes the next packet that is due over WebSocket: the payload of one message, of the kind that is returned. `None` if
    /// none is.
    ///
    /// Call it until it returns `None`: after [`upgrade`](Self::upgrade), after
    /// [`receive_socket`](Self::receive_socket), and when a request has ended.
    ///
    /// # Errors
    ///
    /// `out` has no room. Nothing was written, and the packet is still due.
    pub fn transmit_socket(
        &mut self,
        out: &mut impl Buffer,
    ) -> Result<Option<ws::Kind>, BufferFull> {
        let requests = [ClientRequest::Get, ClientRequest::Post];
        let waits = requests.into_iter().any(|request| self.is_under_way(request));
        match &mut self.link {
            ClientLink::Candidate { owes_probe, .. } if *owes_probe => {
                out.try_append(b"2probe")?;
                *owes_probe = false;
            }
            ClientLink::Probed { .. } if !waits => {
                out.try_append(&[Kind::Upgrade.digit()])?;
                self.link = ClientLink::Socket;
            }
            ClientLink::Socket if self.owes_pong => {
                out.try_append(&[Kind::Pong.digit()])?;
                self.owes_pong = false;
            }
            ClientLink::Socket if !self.backlog.is_empty() => {
                return self.backlog.write_first(false, out);
            }
            _ => return Ok(None),
        }
        Ok(Some(ws::Kind::Text))
    }

    /// Receives the end of the WebSocket. If it had taken over, the session is over. If not, polling goes on.
    pub fn receive_socket_eof(&mut self) {
        match self.link {
            ClientLink::Socket => {
                self.end(Reason::TransportLost);
            }
            ClientLink::Candidate { .. } | ClientLink::Probed { .. } => {
                self.link = ClientLink::Polling;
            }
            ClientLink::Polling => {}
        }
    }
}
