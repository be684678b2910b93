//! How a server's call ends: by its user, by itself, or because the client is gone.

use super::{FieldSink, ServerCall, State, Trailing};
use crate::Buffer;
use crate::grpc::call::{Carrier, NO_ERROR, Outcome, Reset};
use crate::grpc::{Code, Error, Event, Framing, SendError, Trailers};
use crate::http::{self, FieldValue};

impl ServerCall {
    /// Receives a reset of the HTTP/2 stream, with its error code (PROTOCOL-HTTP2, *Errors*).
    pub fn receive_reset(&mut self, error: u32) -> Option<Event<'static>> {
        self.lose(Outcome::Failed(Error::Reset(error)))
    }

    /// Receives the loss of the connection, or over WebSocket closed: the call is cancelled
    /// (PROTOCOL-HTTP2, *Connection failure*).
    pub fn receive_disconnect(&mut self) -> Option<Event<'static>> {
        self.lose(Outcome::Cancelled(Code::Cancelled))
    }

    /// Sets when the call ends at the latest, instead of what the client asked for: in milliseconds on the scale
    /// of [`Request::accept`](crate::grpc::Request::accept).
    pub const fn set_deadline(&mut self, at: u64) {
        self.deadline = Some(at);
    }

    /// The time at which the call ends at the latest; `None` if there is none, or it has ended.
    pub const fn deadline(&self) -> Option<u64> {
        match self.state {
            State::Open { .. } => self.deadline,
            State::Failed { .. } | State::Ended { .. } => None,
        }
    }

    /// Ends the call if its deadline has passed.
    ///
    /// Laxer than the document, the client gets a status and not a reset: not every framing has a reset,
    /// and clocks differ.
    pub fn poll(&mut self, now: u64) -> Option<Event<'static>> {
        match self.deadline {
            Some(at) if at <= now => self.end_with(Outcome::DeadlineExceeded),
            _ => None,
        }
    }

    /// Ends the call: writes the trailers to `out`.
    ///
    /// [`trailing`](Self::trailing) says, before and after, what `out` has to be: the body, which takes
    /// bytes in the call's framing, or else lines of HTTP/1.1. If the head was not sent, the lines
    /// have its fields, too.
    ///
    /// A call that ended by itself gets the trailers that it owes instead, as [`transmit`](Self::transmit)
    /// writes them, and [`code`](Self::code) says which. For one that has its trailers, or whose client is
    /// gone, nothing is written.
    ///
    /// # Errors
    ///
    /// The trailers cannot be written: they are invalid, there is no room, or a message's payload is
    /// unfinished. If the call ended by itself in the last case, only a reset of the stream can end it.
    pub fn finish<'t>(
        &mut self,
        trailers: impl Into<Trailers<'t>>,
        out: &mut impl Buffer,
    ) -> Result<(), SendError> {
        self.finish_with(&trailers.into(), out, FieldSink::Lines)
    }

    /// Ends the call like [`finish`](Self::finish): writes the trailers to `body`, or hands every field of
    /// them to `put`, as [`trailing`](Self::trailing) says.
    ///
    /// If the head was not sent, `put` takes its fields, too.
    pub fn finish_fields<'t>(
        &mut self,
        trailers: impl Into<Trailers<'t>>,
        body: &mut impl Buffer,
        mut put: impl FnMut(&str, FieldValue<'_>),
    ) -> Result<(), SendError> {
        self.finish_with(&trailers.into(), body, FieldSink::Closure(&mut put))
    }

    fn finish_with(
        &mut self,
        trailers: &Trailers<'_>,
        out: &mut impl Buffer,
        fields_to: FieldSink<'_>,
    ) -> Result<(), SendError> {
        if self.code().is_some() {
            return self.try_transmit(out, fields_to);
        }
        self.check_finish(trailers)?;
        self.write_trailers(trailers, out, fields_to)?;
        self.trailers_written(trailers.code());
        Ok(())
    }

    /// Writes the trailers of a call that ended by itself, as [`finish`](Self::finish) would.
    ///
    /// It writes once, so a peer that does not read cannot make output grow. Still, call it only once the
    /// output before has been written, as every `transmit` here.
    ///
    /// Returns whether nothing is left to be written. If not, `out` has no room, where
    /// [`MAX_TRANSMIT_LEN`](Self::MAX_TRANSMIT_LEN) is always enough, or a message's payload is
    /// unfinished: call again when that has changed.
    pub fn transmit(&mut self, out: &mut impl Buffer) -> bool {
        self.try_transmit(out, FieldSink::Lines).is_ok()
    }

    /// Writes the trailers of a call that ended by itself, as
    /// [`finish_fields`](Self::finish_fields) would.
    ///
    /// Returns what [`transmit`](Self::transmit) does.
    pub fn transmit_fields(
        &mut self,
        body: &mut impl Buffer,
        mut put: impl FnMut(&str, FieldValue<'_>),
    ) -> bool {
        self.try_transmit(body, FieldSink::Closure(&mut put)).is_ok()
    }

    fn try_transmit(
        &mut self,
        out: &mut impl Buffer,
        fields_to: FieldSink<'_>,
    ) -> Result<(), SendError> {
        let Some(trailers) = self.owed_trailers() else { return Ok(()) };
        self.write_trailers(&trailers, out, fields_to)?;
        self.trailers_written(trailers.code());
        Ok(())
    }

    /// Whether [`transmit`](Self::transmit) has something to write.
    pub const fn owes(&self) -> bool {
        matches!(self.state, State::Failed { .. })
    }

    /// Where trailers belong: those that were written, or that would be next.
    pub const fn trailing(&self) -> Trailing {
        match (self.carrier, self.content_type.framing, self.state.head_sent()) {
            (Carrier::Socket, ..) | (_, Framing::Web | Framing::WebText, true) => Trailing::Body,
            (Carrier::Http, Framing::Grpc, true) => Trailing::Trailers,
            (Carrier::Http, _, false) => Trailing::TrailersOnly,
        }
    }

    /// The code of the call's status, once it has one.
    pub const fn code(&self) -> Option<Code> {
        match self.state.outcome() {
            Some(outcome) => Some(outcome.code()),
            None => None,
        }
    }

    /// What the peer did wrong, if it did.
    pub const fn error(&self) -> Option<Error> {
        match self.state.outcome() {
            Some(Outcome::Failed(e)) => Some(*e),
            _ => None,
        }
    }

    /// The error code to reset the HTTP/2 stream with after the trailers, if the request has not
    /// ended (PROTOCOL-HTTP2, *Early Server Closure*).
    ///
    /// **Do not reset at once.** In some proxies, a reset that follows the trailers overtakes them, and the client
    /// sees a cancellation instead of the status. Read the rest of the request first, and drop it:
    /// [`receive`](Self::receive) ignores it, and after [`receive_eof`](Self::receive_eof) there is
    /// nothing to reset. Reset a stream that still goes on after a second or so, or after as many bytes
    /// as the flow-control window holds.
    ///
    /// In HTTP/1.1, read the rest of the request in the same way, or close the connection.
    pub const fn reset_code(&self) -> Option<Reset> {
        match self.state {
            State::Ended { half_closed: false, .. } => Some(Reset::AfterDraining(NO_ERROR)),
            _ => None,
        }
    }

    fn write_trailers(
        &self,
        trailers: &Trailers<'_>,
        out: &mut impl Buffer,
        fields_to: FieldSink<'_>,
    ) -> Result<(), SendError> {
        self.response.check_complete()?;
        let each = |put: &mut dyn FnMut(&str, FieldValue<'_>)| self.each_of_trailers(trailers, put);
        match (self.trailing(), fields_to) {
            (Trailing::Body, _) => self.response.encode_fields(each, out)?,
            (_, FieldSink::Lines) => http::write_lines(out, each)?,
            (_, FieldSink::Closure(put)) => each(put),
        }
        Ok(())
    }

    #[cold]
    pub(in crate::grpc) fn fail<'a>(&mut self, error: Error) -> Option<Event<'a>> {
        self.end_with(Outcome::Failed(error))
    }

    /// Ends the call, unless it is over. The client has to know.
    fn end_with<'a>(&mut self, outcome: Outcome) -> Option<Event<'a>> {
        let State::Open { half_closed, head_sent } = self.state else { return None };
        self.response.close();
        self.state = State::Failed { outcome, half_closed, head_sent };
        Some(Event::End(outcome.code()))
    }

    /// Ends the call, unless it is over. The client is gone, so that nothing is left to be written.
    fn lose<'a>(&mut self, outcome: Outcome) -> Option<Event<'a>> {
        *self.state.half_closed() = true;
        let event = self.end_with(outcome);
        if let State::Failed { outcome, half_closed, head_sent } = self.state {
            self.state = State::Ended { outcome, half_closed, head_sent };
        }
        event
    }
}
