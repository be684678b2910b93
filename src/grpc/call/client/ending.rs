//! How a client's call ends: by trailers, without them, by a lost stream, or from this side.

use super::{ClientCall, State, Statusless};
use crate::Buffer;
use crate::grpc::call::lists::HeadFacts;
use crate::grpc::call::{CANCEL, NO_ERROR, Outcome, Reset};
use crate::grpc::{Code, Error, Event, Status};
use crate::http::{Field, Headers};

impl<B: Buffer> ClientCall<B> {
    /// Receives the trailers of HTTP that end the response.
    pub fn receive_trailers<'h, H>(&mut self, trailers: H) -> Option<Event<'static>>
    where
        H: IntoIterator<Item: Field<'h>>,
    {
        match self.state {
            State::Ended { .. } => None,
            State::AwaitingHead | State::AwaitingSocketHead => self.fail(Error::HeadMissing),
            State::Body { http_status, .. } => {
                let facts = self.lists.receive(trailers, self.code_in_head().is_some());
                self.end_by_trailers(&facts, http_status)
            }
        }
    }

    /// Receives the end of the response's body, if no trailers of HTTP follow it; over WebSocket,
    /// its close.
    pub fn receive_eof(&mut self) -> Option<Event<'static>> {
        let error = match self.state {
            State::Ended { .. } => return None,
            State::AwaitingHead | State::AwaitingSocketHead => Error::HeadMissing,
            State::Body { .. } if self.response.check_eof().is_err() => Error::Truncated,
            State::Body { code_in_head: Some(code), begun: false, .. } => {
                return self.end_by_head(code);
            }
            State::Body { statusless: Some(Statusless::Compressed), .. } => {
                Error::TrailersCompressed
            }
            State::Body { http_status, statusless: Some(Statusless::Plain), .. } => {
                Error::Http(http_status)
            }
            // Messages mean that the status was still to come.
            State::Body { http_status: 200, begun: true, .. } => Error::StatusMissing,
            State::Body { http_status, .. } => Error::Http(http_status),
        };
        self.end_by_error(error, true)
    }

    /// Receives a reset of the HTTP/2 stream, with its error code (PROTOCOL-HTTP2, *Errors*).
    pub fn receive_reset(&mut self, error: u32) -> Option<Event<'static>> {
        self.half_closed = true;
        self.end_by_error(Error::Reset(error), true)
    }

    /// Receives the loss of the connection (PROTOCOL-HTTP2, *Connection failure*).
    pub fn receive_disconnect(&mut self) -> Option<Event<'static>> {
        self.half_closed = true;
        self.end_by_error(Error::Disconnected, true)
    }

    /// Ends the call from this side.
    ///
    /// The code is [`Code::Cancelled`] if the call is not needed any more, [`Code::Internal`] if a
    /// message cannot be decompressed or parsed, and [`Code::ResourceExhausted`] if there is no room
    /// for one (statuscodes.md).
    pub fn cancel(&mut self, code: Code) -> Option<Event<'static>> {
        self.end(Outcome::Cancelled(code), false)
    }

    /// Ends the call because a message of it cannot be used: the same as [`cancel`](Self::cancel), but also
    /// after the call has ended with status OK, when the message of a unary call is usually decoded.
    ///
    /// If the call had ended OK, [`status`](Self::status) has this code from here on, and nothing is
    /// returned: there was an [`Event::End`] already. After an error, this changes nothing.
    pub fn reject(&mut self, code: Code) -> Option<Event<'static>> {
        if let State::Ended { outcome: outcome @ Outcome::Status(Code::Ok), .. } = &mut self.state {
            *outcome = Outcome::Cancelled(code);
            return None;
        }
        self.cancel(code)
    }

    /// The time at which the call ends at the latest, by its timeout, in milliseconds on the scale of
    /// [`ClientRequest::call`](crate::grpc::ClientRequest::call); `None` if there is none, or it has ended.
    pub const fn deadline(&self) -> Option<u64> {
        match self.state {
            State::Ended { .. } => None,
            _ => self.deadline,
        }
    }

    /// Ends the call if its deadline has passed.
    ///
    /// Call this before anything is received, too: if a server resets the stream after the deadline,
    /// it does so because of the deadline (PROTOCOL-HTTP2, *Client Cancellation*).
    pub fn poll(&mut self, now: u64) -> Option<Event<'static>> {
        match self.deadline {
            Some(at) if at <= now => self.end(Outcome::DeadlineExceeded, false),
            _ => None,
        }
    }

    /// How the call ended, once it has.
    pub fn status(&self) -> Option<Status<'_>> {
        match &self.state {
            State::Ended { outcome: outcome @ Outcome::Status(code), .. } => {
                let status = Status::parse(self.trailers());
                Some(status.map_or(outcome.status(), |status| Status { code: *code, ..status }))
            }
            State::Ended { outcome, .. } => Some(outcome.status()),
            _ => None,
        }
    }

    /// The trailers, once the call has ended with any; [`metadata`](crate::grpc::metadata()) finds
    /// the custom ones in them.
    pub fn trailers(&self) -> Headers<'_> {
        match self.state {
            State::Ended { outcome: Outcome::Status(_), .. } => {
                self.lists.parse().unwrap_or_default()
            }
            _ => Headers::default(),
        }
    }

    /// What the peer did wrong, if it did.
    pub const fn error(&self) -> Option<Error> {
        match self.state {
            State::Ended { outcome: Outcome::Failed(e), .. } => Some(e),
            _ => None,
        }
    }

    /// The error code to reset the HTTP/2 stream with, if the call ended before both sides were done
    /// (PROTOCOL-HTTP2, *Early Server Closure*, *Client Cancellation*).
    ///
    /// In HTTP/1.1 and over WebSocket, close the connection then.
    pub const fn reset_code(&self) -> Option<Reset> {
        match self.state {
            State::Ended { by_peer: false, .. } => Some(Reset::Now(CANCEL)),
            State::Ended { by_peer: true, .. } if !self.half_closed => Some(Reset::Now(NO_ERROR)),
            _ => None,
        }
    }

    /// Ends the call by trailers of HTTP, after a head with this status.
    ///
    /// If there was no room for the trailers, the status of an error still counts, as far as there is
    /// room for it.
    pub(super) fn end_by_trailers(
        &mut self,
        trailers: &HeadFacts<'_>,
        http_status: u16,
    ) -> Option<Event<'static>> {
        let error = match trailers.code().or(self.code_in_head()) {
            None => Error::Http(http_status),
            // A message that is cut off matters only if all else is well.
            Some(Code::Ok) if self.response.check_eof().is_err() => Error::Truncated,
            Some(code) if trailers.code().is_none() => return self.end_by_head(code),
            Some(code) => match trailers.lost {
                Some(lost) if code == Code::Ok => lost,
                _ => return self.end_by_code(code),
            },
        };
        self.end(Outcome::Failed(error), true)
    }

    /// Ends the call by the code in the head, because no other came. The rest of the status is in
    /// storage, with the trailers after it if all of that is within the limit.
    pub(super) fn end_by_head<'a>(&mut self, code: Code) -> Option<Event<'a>> {
        self.lists.join_head();
        self.end_by_code(code)
    }

    /// Ends the call by the code that the peer sent. The rest of the status is in storage.
    pub(super) fn end_by_code<'a>(&mut self, code: Code) -> Option<Event<'a>> {
        let outcome = match code {
            Code::Ok if self.response.is_missing_message() => {
                Outcome::Failed(Error::MessageMissing)
            }
            code => Outcome::Status(code),
        };
        self.end(outcome, true)
    }

    /// Ends the call by an error after the head. If the head reports an error, that one explains it
    /// and counts.
    pub(in crate::grpc::call) fn end_by_error<'a>(
        &mut self,
        error: Error,
        by_peer: bool,
    ) -> Option<Event<'a>> {
        let outcome = match self.code_in_head() {
            Some(code) if code != Code::Ok => {
                self.lists.drop_list_after_head();
                Outcome::Status(code)
            }
            _ => Outcome::Failed(error),
        };
        self.end(outcome, by_peer)
    }

    #[cold]
    pub(super) fn fail<'a>(&mut self, error: Error) -> Option<Event<'a>> {
        self.end(Outcome::Failed(error), false)
    }

    /// Ends the call, unless it is over.
    pub(super) fn end<'a>(&mut self, outcome: Outcome, by_peer: bool) -> Option<Event<'a>> {
        if let State::Ended { by_peer: already, .. } = &mut self.state {
            *already |= by_peer;
            return None;
        }
        self.state = State::Ended { outcome, by_peer };
        Some(Event::End(outcome.code()))
    }
}
