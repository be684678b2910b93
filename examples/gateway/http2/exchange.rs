//! One request of HTTP/2 and its response: a stream.

use framewright::http::NO_FIELDS;
use framewright::http2::{Connection, Head, SendError, Server, Slot, Stream};

use super::Wish;
use crate::Shared;
use crate::output::Output;
use crate::response::Response;
use crate::room::Heard;
use crate::service::{Filled, Service};
use crate::websocket::Session;

/// A response waits for its reader with at most this many bytes.
const AHEAD: usize = 32 * 1024;
/// How much of a request is received in a turn, in bytes.
const PIECE: usize = 16 * 1024;

/// How long a client may take nothing of a response, in ms.
const STALLED: u64 = 30_000;

/// A request and its response.
///
/// Input is held until the exchange has a turn, and it has none while output waits. So a client has to take its output
/// before it can send more than one window on the stream.
pub struct Exchange {
    pub stream: Stream,
    /// Whether it is among those that are ready.
    pub is_queued: bool,
    source: Source,
    response: Response,
    /// Bytes of the request.
    held: Vec<u8>,
    /// Whether nothing follows them.
    half_closed: bool,
    /// Whether the source knows that.
    eof_received: bool,
    /// Whether the client waits to be asked for the body (RFC 9110 §10.1.1).
    expects_continue: bool,
    is_head: bool,
    /// Whether the head was sent.
    has_begun: bool,
    /// Whether the source has said everything.
    has_ended: bool,
    /// When it is to have a turn, in ms since the start.
    wake_at: u64,
    /// Since when the client has taken nothing of a body that waits for it.
    stalled_since: Option<u64>,
}

/// Where a response comes from.
pub enum Source {
    /// The response is complete.
    Nothing,
    Service(Box<dyn Service>),
    WebSocket(Box<Session>),
}

/// What comes after a turn.
pub enum Sent {
    /// Another one.
    More,
    /// Nothing before this time, in ms since the start, unless something happens.
    Until(u64),
    /// Another one, once the broker of topics keeps up.
    Slowed,
    /// The response was sent.
    End,
}

impl Exchange {
    /// An exchange whose request ends with its head, or does not.
    pub fn new(
        stream: Stream,
        head: &Head<'_>,
        end: bool,
        source: Source,
        response: Response,
    ) -> Self {
        let expect = head.headers().get("expect").unwrap_or_default();
        let mut exchange = Self {
            stream,
            is_queued: false,
            source,
            response,
            held: Vec::new(),
            half_closed: end,
            eof_received: false,
            expects_continue: false,
            is_head: head.request().method() == "HEAD",
            has_begun: false,
            has_ended: false,
            wake_at: u64::MAX,
            stalled_since: None,
        };
        let waits = !end && expect.eq_ignore_ascii_case(b"100-continue");
        exchange.expects_continue = waits && exchange.takes_body();
        exchange
    }

    fn takes_body(&self) -> bool {
        match &self.source {
            Source::Nothing => false,
            Source::Service(service) => service.takes_body(),
            Source::WebSocket(_) => true,
        }
    }

    /// Whether the response needs nothing more of the client.
    pub fn can_go_on_alone(&self) -> bool {
        match &self.source {
            Source::WebSocket(_) => false,
            Source::Service(service) if service.ends_with_input() => false,
            Source::Nothing | Source::Service(_) => self.half_closed || !self.takes_body(),
        }
    }

    /// Holds bytes of the request until the next turn, if they are of use.
    pub fn hold(&mut self, bytes: &[u8], end: bool) -> bool {
        self.half_closed = end;
        let holds = self.takes_body() && !self.has_ended;
        if holds {
            self.held.extend_from_slice(bytes);
        }
        holds
    }

    /// Receives a piece of the request, lets the source say what it has to say, and sends a piece of that.
    ///
    /// # Errors
    ///
    /// The stream is over, or the source has said what cannot be sent.
    pub fn turn(
        &mut self,
        connection: &mut Connection<Server, Vec<u8>, Vec<Slot>>,
        out: &mut Output,
        shared: &mut Shared,
    ) -> Result<Sent, SendError> {
        self.is_queued = false;
        if std::mem::take(&mut self.expects_continue) {
            connection.send_head(self.stream, 100, NO_FIELDS, false, out)?;
        }
        let is_slowed = self.is_slowed(shared);
        if self.unsent() == 0 && !is_slowed {
            let received = self.receive(shared);
            connection.release(self.stream, received as u32);
        }
        let filled = self.fill(shared);
        let sent = self.send(connection, out)?;
        if sent > 0 || self.unsent() == 0 {
            self.stalled_since = None;
        }
        if self.unsent() > 0 {
            self.stalled_since.get_or_insert(shared.now);
        }
        self.wake_at = u64::MAX;
        Ok(match filled {
            // The connection says when the client takes more.
            _ if self.unsent() > 0 => Sent::Until(u64::MAX),
            _ if self.has_ended => Sent::End,
            _ if self.has_input() && is_slowed => Sent::Slowed,
            _ if self.has_input() => Sent::More,
            Filled::Enough | Filled::End => Sent::More,
            Filled::Until(time) => {
                self.wake_at = time;
                Sent::Until(time)
            }
        })
    }

    /// Whether it sends to topics whose broker cannot keep up.
    fn is_slowed(&self, shared: &Shared) -> bool {
        matches!(&self.source, Source::WebSocket(session) if session.publishes())
            && shared.stomp.is_congested()
    }

    /// Whether some of the request waits to be received, or its end.
    fn has_input(&self) -> bool {
        !self.held.is_empty() || self.half_closed && !self.eof_received
    }

    /// Receives a piece of the request. Returns its length.
    fn receive(&mut self, shared: &mut Shared) -> usize {
        let mut held = std::mem::take(&mut self.held);
        let len = held.len().min(PIECE);
        let piece = &mut held[..len];
        match &mut self.source {
            _ if len == 0 => {}
            Source::Nothing => {}
            Source::Service(service) => service.receive(piece, shared),
            Source::WebSocket(session) => {
                session.receive(piece, &mut self.response.body, shared);
            }
        }
        held.drain(..len);
        // Holds no memory while nothing waits.
        if !held.is_empty() {
            self.held = held;
        } else if self.half_closed && !std::mem::replace(&mut self.eof_received, true) {
            self.receive_eof(shared);
        }
        len
    }

    fn receive_eof(&mut self, shared: &mut Shared) {
        match &mut self.source {
            Source::Nothing => {}
            Source::Service(service) if service.takes_body() => service.receive_eof(shared),
            Source::Service(_) => {}
            Source::WebSocket(_) => self.end(),
        }
    }

    /// Lets the source say what it has to say.
    fn fill(&mut self, shared: &mut Shared) -> Filled {
        let filled = match &mut self.source {
            _ if self.has_ended => Filled::End,
            Source::Nothing => Filled::End,
            Source::Service(service) => service.fill(AHEAD, &mut self.response, shared),
            Source::WebSocket(session) => match session.fill(&mut self.response.body, shared) {
                _ if session.is_over() => Filled::End,
                filled => filled,
            },
        };
        if filled == Filled::End {
            self.end();
        }
        filled
    }

    /// Nothing more will be said.
    fn end(&mut self) {
        self.has_ended = true;
        self.source = Source::Nothing;
    }

    /// Sends the head, a piece of the body and the trailers, as far as they are there. Returns the length of the piece.
    fn send(
        &mut self,
        connection: &mut Connection<Server, Vec<u8>, Vec<Slot>>,
        out: &mut Output,
    ) -> Result<usize, SendError> {
        let Self { stream, response, has_ended, is_head, .. } = self;
        if *is_head {
            response.body.clear();
        }
        let ends_with_body = *has_ended && response.trailers.is_empty();
        let mut is_over = false;
        self.has_begun |= response.has_head();
        if let Some(mut head) = response.take_head() {
            if let Some(len) = head.len
                && head.status != 204
            {
                head.fields.put("content-length", &*len.to_string());
            }
            is_over = *is_head || ends_with_body && response.body.pending() == 0;
            connection.send_head(*stream, head.status, &head.fields, is_over, out)?;
            *has_ended |= *is_head;
        }
        let ends = ends_with_body && !is_over;
        let mut sent = 0;
        if response.body.pending() > 0 || ends {
            sent = connection.send(*stream, response.body.unsent(), ends, out)?;
            response.body.advance(sent);
        }
        if *has_ended && !ends_with_body && !is_over && response.body.pending() == 0 {
            connection.send_trailers(*stream, &response.trailers, out)?;
        }
        Ok(sent)
    }

    /// How many bytes of the body wait.
    pub fn unsent(&self) -> usize {
        self.response.body.pending()
    }

    /// Records that the client takes its output.
    pub fn is_taken(&mut self, now: u64) {
        if let Source::WebSocket(session) = &mut self.source {
            session.is_alive(now);
        }
    }

    /// Checks the deadlines.
    pub fn tick(&mut self, shared: &mut Shared) -> Wish {
        if self.stalled_since.is_some_and(|since| shared.now - since >= STALLED) {
            return Wish::CutOff;
        }
        if let Source::WebSocket(session) = &mut self.source {
            return match session.tick(shared.now, &mut self.response.body) {
                true => Wish::Turn,
                false => Wish::CutOff,
            };
        }
        if self.wake_at <= shared.now {
            return Wish::Turn;
        }
        shared.wake_at = shared.wake_at.min(self.wake_at);
        Wish::Nothing
    }

    /// Notes that the gateway ends.
    pub fn shut_down(&mut self, shared: &mut Shared) {
        match &mut self.source {
            Source::Nothing => {}
            Source::Service(service) => {
                if service.shut_down(&mut self.response, shared) != Filled::End {
                    return;
                }
                if !self.has_begun && !self.response.has_head() {
                    self.response.refuse(503, "the gateway shuts down");
                }
                self.end();
            }
            Source::WebSocket(session) => {
                session.shut_down(shared.now, &mut self.response.body);
            }
        }
    }

    /// Passes on chat messages, and returns whether they were for this client.
    pub fn hear(&mut self, heard: &Heard, shared: &Shared) -> bool {
        let Source::WebSocket(session) = &mut self.source else { return false };
        let by = shared.broadcast.deflater();
        session.hear(heard, by, shared.now, &mut self.response.body)
    }

    /// Whether others may make it say something.
    pub fn hears_others(&self) -> bool {
        match &self.source {
            Source::Nothing => false,
            Source::Service(service) => service.hears_others(),
            Source::WebSocket(session) => session.hears_others(),
        }
    }
}
