//! The requests of a session (*HTTP long-polling*).

use super::{Event, Life, Link, Post, Reason, Session};
use crate::append::Append;
use crate::engineio::payload::SEPARATOR;
use crate::engineio::{Error, Kind, Part, PayloadDecoder, Refusal};
use crate::{Buffer, BufferFull, OverLimit};

impl<B: Buffer> Session<B> {
    /// Takes a GET. It is held until [`transmit_get`](Self::transmit_get) writes the answer's body.
    ///
    /// # Errors
    ///
    /// The answer to this GET. If another GET is held, the session ends too: answer the held one with what
    /// `transmit_get` writes.
    pub fn get(&mut self) -> Result<(), Refusal> {
        self.check_request()?;
        if self.get_held {
            self.end(Reason::Error(Error::RequestsOverlap));
            return Err(Refusal::BadRequest);
        }
        self.get_held = true;
        Ok(())
    }

    /// Writes the body that answers the held GET. Returns whether there is one.
    ///
    /// Call it after [`get`](Self::get), and after each call that may leave something to send. `false`: nothing was
    /// written, because there is nothing to send yet, or no GET is held.
    ///
    /// # Errors
    ///
    /// `out` has no room. Nothing was written, and the GET is still held.
    pub fn transmit_get(&mut self, out: &mut impl Buffer) -> Result<bool, BufferFull> {
        if !self.get_held {
            return Ok(false);
        }
        let over = matches!(self.life, Life::Over(_));
        let closes = match self.life {
            Life::Open | Life::Over(Reason::PeerClosed) => false,
            Life::Closing | Life::Over(_) => true,
        };
        // While the client changes the transport, it waits for its poll to end.
        let releases = over || matches!(self.link, Link::Probed { .. } | Link::Socket);
        let backlog = if self.link == Link::Socket { &[] } else { self.backlog.as_slice() };
        if backlog.is_empty() && !self.owes_ping && !closes && !releases {
            return Ok(false);
        }
        let pings = self.owes_ping && self.link != Link::Socket;
        let mut separated = !backlog.is_empty();
        let mut append = Append::new(out);
        append.put(backlog);
        let mut put = |kind: Kind| {
            if core::mem::replace(&mut separated, true) {
                append.put(&[SEPARATOR]);
            }
            append.put(&[kind.digit()]);
        };
        if pings {
            put(Kind::Ping);
        }
        if closes {
            put(Kind::Close);
        }
        if backlog.is_empty() && !pings && !closes {
            put(Kind::Noop);
        }
        append.finish()?;
        self.get_held = false;
        if self.link != Link::Socket {
            self.backlog.free();
            self.owes_ping = false;
        }
        if self.life == Life::Closing {
            self.end(Reason::Closed);
        }
        Ok(true)
    }

    /// Receives the end of the connection whose GET is held. What the answer would have carried may be lost too, so the
    /// session is over.
    pub fn receive_get_eof(&mut self) {
        if core::mem::take(&mut self.get_held) {
            self.end(Reason::TransportLost);
        }
    }

    /// Takes the head of a POST. Its body comes by [`receive_post`](Self::receive_post).
    ///
    /// # Errors
    ///
    /// The answer to this POST. If another POST is being read, or `content_type` is `application/octet-stream`, the
    /// session ends too, and the other POST gets the same answer.
    pub fn post(&mut self, content_type: Option<&[u8]>) -> Result<(), Refusal> {
        const BINARY: &[u8] = b"application/octet-stream";
        self.check_request()?;
        let error = if self.post.is_some() {
            Error::RequestsOverlap
        } else if content_type.is_some_and(|value| {
            value.get(..BINARY.len()).is_some_and(|start| start.eq_ignore_ascii_case(BINARY))
        }) {
            Error::ContentType
        } else {
            self.post = Some(Post { decoder: PayloadDecoder::new(), len: 0 });
            return Ok(());
        };
        self.end(Reason::Error(error));
        Err(Refusal::BadRequest)
    }

    /// Receives the next bytes of the POST's body, advancing `input` past them.
    ///
    /// `None` means that every byte was taken. After [`Event::Closed`], answer at once: the rest of the
    /// body does not matter.
    pub fn receive_post<'a>(&mut self, input: &mut &'a mut [u8], now: u64) -> Option<Event<'a>> {
        let max = self.limits.max_payload;
        while let Some(post) = &mut self.post {
            let before = input.len();
            let part = post.decoder.decode(input);
            post.len = post.len.saturating_add((before - input.len()) as u64);
            if post.len > max {
                let over = OverLimit::new(post.len, max);
                return Some(self.end(Reason::Error(Error::PayloadTooLong(over))));
            }
            match part {
                Ok(Some(part)) => {
                    if let Some(event) = self.take_part(part, now) {
                        return Some(event);
                    }
                }
                Ok(None) => return None,
                Err(error) => return Some(self.end(Reason::Error(error))),
            }
        }
        *input = &mut [];
        None
    }

    /// Ends the POST's body. The last message of the body ends here.
    ///
    /// Then answer it: with [`Answer::OK`](crate::engineio::Answer::OK), or after [`Event::Closed`]
    /// with [`Reason::answer`].
    pub fn end_post(&mut self, now: u64) -> Option<Event<'static>> {
        match self.post.take()?.decoder.receive_eof() {
            Ok(part) => self.take_part(part?, now),
            Err(error) => Some(self.end(Reason::Error(error))),
        }
    }

    /// Receives the end of the connection whose POST is being read, before the end of the body. Part of its packets is
    /// lost with it, so the session is over.
    pub fn receive_post_eof(&mut self) {
        if self.post.take().is_some() {
            self.end(Reason::TransportLost);
        }
    }

    fn check_request(&self) -> Result<(), Refusal> {
        match (self.life, self.link) {
            (Life::Over(_), _) => Err(Refusal::UnknownSid),
            (_, Link::Socket) => Err(Refusal::BadRequest),
            _ => Ok(()),
        }
    }

    fn take_part<'a>(&mut self, part: Part<'a>, now: u64) -> Option<Event<'a>> {
        match part {
            // After our close, nothing that comes is wanted.
            Part::Message(_) if self.life != Life::Open => None,
            Part::Message(part) => Some(Event::Message(part)),
            Part::Control(Kind::Pong | Kind::Close, chunk) if !chunk.end => None,
            Part::Control(kind, _) => self.take_control(kind, now),
        }
    }
}
