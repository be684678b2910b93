//! The requests of a client's session (*HTTP long-polling*).
//!
//! ```text
//!          transmit_request()        receive_head()         end_body()
//!   Idle ─────────────────────▶ Sent ───────────────▶ Body ────────────▶ Idle
//! ```
//!
//! One GET and one POST may be under way at the same time, and no more.

use super::{Announced, ClientEvent, ClientLife, ClientLink, ClientSession};
use crate::append::Append;
use crate::engineio::payload::SEPARATOR;
use crate::engineio::{Error, Handshake, Kind, Part, PayloadDecoder, Reason, Transport};
use crate::{Buffer, BufferFull, Chunk};

/// The most packets in one POST: Python's server takes no more.
const MAX_POST_PACKETS: usize = 16;

/// A request of a [`ClientSession`].
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum ClientRequest {
    /// A poll, which the server may hold for a long time. Its body is empty.
    Get,
    /// Packets for the server.
    Post,
}

impl ClientRequest {
    /// The method of the request.
    pub const fn method(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
        }
    }

    /// The fields of the request's head that are not about the connection or the length.
    pub const fn headers(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Get => &[],
            Self::Post => &[("Content-Type", "text/plain;charset=UTF-8")],
        }
    }
}

#[derive(Clone)]
pub(super) enum GetState {
    Idle,
    Sent,
    Body(PayloadDecoder),
}

#[derive(Clone, Copy, Eq, PartialEq)]
pub(super) enum PostState {
    Idle,
    Sent,
    Body,
}

impl<B: Buffer> ClientSession<B> {
    /// Writes the next request that is due: its target to `target`, and its body, if it has one, to `body`. `None` if none
    /// is.
    ///
    /// Call it until it returns `None`, and send each request on a connection that waits for no other answer. `path` is that
    /// of the server, `/engine.io/` or `/socket.io/`, and may have a query of its own. The next request of the kind is written
    /// when this one's answer has ended. What it carries has left the session: if the request cannot be sent, the session is
    /// lost ([`receive_request_eof`](Self::receive_request_eof)).
    ///
    /// # Errors
    ///
    /// `target` or `body` has no room. Nothing was written, and the request is still due.
    pub fn transmit_request(
        &mut self,
        path: &str,
        target: &mut impl Buffer,
        body: &mut impl Buffer,
    ) -> Result<Option<ClientRequest>, BufferFull> {
        let Some(request) = self.request_due() else { return Ok(None) };
        let start = target.as_slice().len();
        self.write_target(Transport::Polling, path, target)?;
        match request {
            ClientRequest::Get => self.get = GetState::Sent,
            ClientRequest::Post => {
                if let Err(full) = self.write_post(body) {
                    target.truncate(start);
                    return Err(full);
                }
            }
        }
        Ok(Some(request))
    }

    fn request_due(&self) -> Option<ClientRequest> {
        // Before the WebSocket takes over, the requests come to their end.
        if !matches!(self.link, ClientLink::Polling | ClientLink::Candidate { .. }) {
            return None;
        }
        let (gets, posts) = match self.life {
            ClientLife::Opening { .. } => (true, false),
            ClientLife::Open { .. } => (true, self.owes_pong || !self.backlog.is_empty()),
            ClientLife::Closing { .. } => (false, true),
            ClientLife::Over(_) => (false, false),
        };
        // The GET is last, for callers with one connection: its answer may take long.
        if posts && self.post == PostState::Idle {
            return Some(ClientRequest::Post);
        }
        (gets && matches!(self.get, GetState::Idle)).then_some(ClientRequest::Get)
    }

    /// Writes the body of a POST: a pong, messages, and the close after the last of them.
    fn write_post(&mut self, body: &mut impl Buffer) -> Result<(), BufferFull> {
        let max = self.server.max_payload.unwrap_or(u64::MAX);
        let pongs = usize::from(self.owes_pong);
        let (batch, count) =
            self.backlog.batch(MAX_POST_PACKETS - pongs, max.saturating_sub(2 * pongs as u64));
        let last = batch.len() == self.backlog.as_slice().len();
        let len = (batch.len() + 2 * (pongs + 1)) as u64;
        let fits = count + pongs < MAX_POST_PACKETS && (len <= max || count + pongs == 0);
        let closes = matches!(self.life, ClientLife::Closing { .. }) && last && fits;
        let mut append = Append::new(body);
        let mut separated = false;
        let mut put = |packet: &[u8]| {
            if core::mem::replace(&mut separated, true) {
                append.put(&[SEPARATOR]);
            }
            append.put(packet);
        };
        if self.owes_pong {
            put(&[Kind::Pong.digit()]);
        }
        if count > 0 {
            put(batch);
        }
        if closes {
            put(&[Kind::Close.digit()]);
        }
        append.finish()?;
        let len = batch.len();
        if count > 0 {
            self.backlog.leave(len);
        }
        self.owes_pong = false;
        self.post = PostState::Sent;
        if closes {
            self.end(Reason::Closed);
        }
        Ok(())
    }

    /// Appends the target of the request that opens a WebSocket: for a session that begins there, or for one that polls and is
    /// to move there. `path` is as in [`transmit_request`](Self::transmit_request).
    ///
    /// # Errors
    ///
    /// `out` has no room. Nothing was written.
    pub fn write_socket_target(&self, path: &str, out: &mut impl Buffer) -> Result<(), BufferFull> {
        self.write_target(Transport::WebSocket, path, out)
    }

    fn write_target(
        &self,
        transport: Transport,
        path: &str,
        out: &mut impl Buffer,
    ) -> Result<(), BufferFull> {
        let mut append = Append::new(out);
        append.put(path.as_bytes());
        append.put(if path.contains('?') { b"&" } else { b"?" });
        append.put(match transport {
            Transport::Polling => b"EIO=4&transport=polling",
            Transport::WebSocket => b"EIO=4&transport=websocket",
        });
        if !self.server.sid.is_empty() {
            append.put(b"&sid=");
        }
        for byte in self.server.sid.iter() {
            if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
                append.put(&[*byte]);
            } else {
                append.put(&percent_encoded(*byte));
            }
        }
        append.finish()
    }

    /// Receives the status of the answer to a request. Interim answers (1xx) do not count.
    ///
    /// A status other than 200 ends the session.
    pub fn receive_head(
        &mut self,
        request: ClientRequest,
        status: u16,
    ) -> Option<ClientEvent<'static>> {
        let waits = match request {
            ClientRequest::Get => matches!(self.get, GetState::Sent),
            ClientRequest::Post => self.post == PostState::Sent,
        };
        if !waits || matches!(status, 100..=199) {
            return None;
        }
        if status != 200 {
            return Some(self.end(Reason::Error(Error::Status(status))));
        }
        match request {
            ClientRequest::Get => self.get = GetState::Body(PayloadDecoder::new()),
            ClientRequest::Post => self.post = PostState::Body,
        }
        None
    }

    /// Receives the next bytes of the answer's body, which came at `now`, advancing `input` past them.
    ///
    /// `None` means that every byte was taken. After [`ClientEvent::Closed`], the rest of the body does not matter.
    pub fn receive_body<'a>(
        &mut self,
        request: ClientRequest,
        input: &mut &'a mut [u8],
        now: u64,
    ) -> Option<ClientEvent<'a>> {
        while request == ClientRequest::Get
            && let GetState::Body(decoder) = &mut self.get
        {
            let event = match decoder.decode(input) {
                Ok(Some(part)) => self.take_part(part, now),
                Ok(None) => return None,
                Err(error) => Err(error),
            };
            if let Some(event) = self.conclude(event) {
                return Some(event);
            }
        }
        // What a server says about a POST has no meaning.
        *input = &mut [];
        None
    }

    /// Receives the end of the answer's body at `now`. The last message of a GET's answer ends here.
    pub fn end_body(&mut self, request: ClientRequest, now: u64) -> Option<ClientEvent<'static>> {
        match request {
            ClientRequest::Post if self.post == PostState::Body => self.post = PostState::Idle,
            ClientRequest::Get => {
                let GetState::Body(decoder) = &mut self.get else { return None };
                let last = decoder.receive_eof();
                self.get = GetState::Idle;
                let event = match last {
                    Ok(Some(part)) => self.take_part(part, now),
                    Ok(None) => Ok(None),
                    Err(error) => Err(error),
                };
                return self.conclude(event);
            }
            ClientRequest::Post => {}
        }
        None
    }

    /// Receives the end of a request's connection, before the end of its answer. Packets may be lost with it, so the session
    /// is over.
    pub fn receive_request_eof(&mut self, request: ClientRequest) {
        if self.is_under_way(request) {
            self.end(Reason::TransportLost);
        }
    }

    /// Whether a request is under way.
    pub(super) fn is_under_way(&self, request: ClientRequest) -> bool {
        match request {
            ClientRequest::Get => !matches!(self.get, GetState::Idle),
            ClientRequest::Post => self.post != PostState::Idle,
        }
    }

    fn take_part<'a>(
        &mut self,
        part: Part<'a>,
        now: u64,
    ) -> Result<Option<ClientEvent<'a>>, Error> {
        if let ClientLife::Opening { .. } = self.life {
            return match part {
                Part::Control(Kind::Open, chunk) => self.take_open(chunk, now),
                _ => Err(Error::PacketUnexpected),
            };
        }
        match part {
            // After our close, nothing that comes is wanted.
            Part::Message(_) if !matches!(self.life, ClientLife::Open { .. }) => Ok(None),
            Part::Message(part) => Ok(Some(ClientEvent::Message(part))),
            Part::Control(Kind::Ping | Kind::Close | Kind::Noop, chunk) if !chunk.end => Ok(None),
            Part::Control(kind, _) => self.take_control(kind, now),
        }
    }

    /// Takes bytes of the open packet. They are joined where later messages wait.
    fn take_open<'a>(
        &mut self,
        chunk: Chunk<'a>,
        now: u64,
    ) -> Result<Option<ClientEvent<'a>>, Error> {
        let joined = self.backlog.as_slice();
        if chunk.bytes.len() > Handshake::MAX_LEN.saturating_sub(joined.len()) {
            return Err(Error::Handshake);
        }
        if !(chunk.start && chunk.end) {
            self.backlog.append(chunk.bytes).map_err(Error::BufferFull)?;
        }
        if !chunk.end {
            return Ok(None);
        }
        let json = if chunk.start { chunk.bytes } else { self.backlog.as_slice() };
        let announced = core::str::from_utf8(json).map_err(|_| Error::InvalidUtf8);
        let announced = announced.and_then(Announced::parse)?;
        self.backlog.free();
        Ok(Some(self.open(announced, now)))
    }
}

fn percent_encoded(byte: u8) -> [u8; 3] {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let digit = |nibble: u8| DIGITS.get(usize::from(nibble)).copied().unwrap_or_default();
    [b'%', digit(byte >> 4), digit(byte & 15)]
}
