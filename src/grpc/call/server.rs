//! The server's side of a call.
//!
//! A call is over when it has an outcome. An outcome that the client has to know waits for
//! [`transmit`](ServerCall::transmit). In each state, the call also knows whether the
//! request has ended (`half_closed`) and whether the head of the response was sent (`head_sent`).
//!
//! ```text
//!                      finish()
//!          ┌──────────────────────────────────────┐
//!          │                                      ▼
//!         Open ── violation, deadline ──▶ Failed ── transmit() ──▶ Ended
//!          │                               │                        ▲
//!          └───────────────────────────────┴── reset, disconnect ───┘
//!
//!   in Open:   half_closed  no ── receive_eof() ──▶ yes
//!              head_sent    no ── send_head() ────▶ yes
//! ```

use super::decode::BodyDecoder;
use super::encode::{BodyEncoder, Wrap};
use super::{Cardinality, Carrier, NO_ERROR, Outcome, Reset, ResponseHead};
use crate::Buffer;
use crate::grpc::{
    CallKind, Code, ContentType, Decoder, Encodings, Error, Event, Framing, Message, SendError,
    ServerConfig, Trailers,
};
use crate::http::{self, FieldValue};

/// The server's side of one call, made by [`Request::accept`](crate::grpc::Request::accept).
///
/// It takes the body of the request in any split, and writes the response: the head, the body, the
/// trailers. In every case, the call has exactly one status. Either the caller sets it with
/// [`finish`](Self::finish), or the call ends by itself: then [`Event::End`] says so once, and
/// [`transmit`](Self::transmit) tells the client.
///
/// Heads and trailers are fields. [`send_head`](Self::send_head), [`finish`](Self::finish) and
/// [`transmit`](Self::transmit) write them as lines; `send_head_fields`, `finish_fields` and
/// `transmit_fields` hand them to a closure, for an HTTP stack.
///
/// ```
/// use framewright::grpc::{
///     CallKind, Event, Request, ResponseHead, ServerConfig, Status, Trailing,
/// };
///
/// let headers = [("content-type", &b"application/grpc"[..])];
/// // An error is the refusal to answer with.
/// let request = Request::parse("POST", "/helloworld.Greeter/SayHello", headers)?;
/// const CONFIG: ServerConfig = ServerConfig::new();
/// let now = 0; // on the caller's clock, in milliseconds
/// let mut call = request.accept(CallKind::Unary, &CONFIG, now)?;
///
/// let mut input = &b"\0\0\0\0\x05\x0A\x03you"[..];
/// while let Some(event) = call.receive(&mut input) {
///     let Event::Message { chunk, .. } = event else { continue };
///     assert_eq!(chunk.bytes, b"\x0A\x03you");
/// }
/// assert_eq!(call.receive_eof(), Some(Event::HalfClose));
///
/// let (mut head, mut body, mut trailers) = (Vec::new(), Vec::new(), Vec::new());
/// call.send_head(ResponseHead::new(), &mut head)?;
/// call.send(b"\x0A\x05Hello", &mut body)?;
/// assert_eq!(call.trailing(), Trailing::Trailers);
/// call.finish(Status::OK, &mut trailers)?;
/// assert_eq!(trailers, b"grpc-status: 0\r\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct ServerCall {
    carrier: Carrier,
    /// Of the response.
    pub(super) content_type: ContentType,
    /// The encodings that can be decompressed.
    pub(super) encodings: Encodings,
    /// Which of them the messages of the request are in, if they are compressed.
    encoding: Option<u8>,
    pub(super) request: BodyDecoder,
    pub(super) response: BodyEncoder,
    pub(super) deadline: Option<u64>,
    pub(super) state: State,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum State {
    Open {
        half_closed: bool,
        head_sent: bool,
    },
    /// The call is over, and the client has to know.
    Failed {
        outcome: Outcome,
        half_closed: bool,
        head_sent: bool,
    },
    /// The call is over, and nothing is left to be written.
    Ended {
        outcome: Outcome,
        half_closed: bool,
        head_sent: bool,
    },
}

impl State {
    const fn outcome(&self) -> Option<&Outcome> {
        match self {
            Self::Open { .. } => None,
            Self::Failed { outcome, .. } | Self::Ended { outcome, .. } => Some(outcome),
        }
    }

    pub(super) const fn head_sent(self) -> bool {
        match self {
            Self::Open { head_sent, .. }
            | Self::Failed { head_sent, .. }
            | Self::Ended { head_sent, .. } => head_sent,
        }
    }

    const fn half_closed(&mut self) -> &mut bool {
        match self {
            Self::Open { half_closed, .. }
            | Self::Failed { half_closed, .. }
            | Self::Ended { half_closed, .. } => half_closed,
        }
    }
}

/// Where trailers belong.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Trailing {
    /// They are the headers of the response, with status 200, and there is no body
    /// (PROTOCOL-HTTP2, *Trailers-Only*).
    TrailersOnly,
    /// They are the trailers of HTTP, after the body.
    Trailers,
    /// They are the last bytes of the body.
    Body,
}

impl ServerCall {
    /// The most that [`transmit`](Self::transmit) writes, in bytes.
    pub const MAX_TRANSMIT_LEN: usize = 256;

    pub(super) const fn new(
        carrier: Carrier,
        (request, response): (ContentType, ContentType),
        kind: CallKind,
        config: &ServerConfig<'_>,
        encoding: Option<u8>,
        deadline: Option<u64>,
    ) -> Self {
        let wrap = match response.framing {
            Framing::Grpc | Framing::Web => Wrap::Nothing,
            Framing::WebText => Wrap::Text,
        };
        let decoder = Decoder::new(config.limits).accept_compressed(encoding.is_some());
        let mut body = BodyDecoder::new(decoder, Cardinality::new(kind.streams_requests()));
        if matches!(request.framing, Framing::WebText) {
            body.expect_text();
        }
        let responses = Cardinality::new(kind.streams_responses());
        Self {
            carrier,
            content_type: response,
            encodings: config.encodings,
            encoding,
            request: body,
            response: BodyEncoder::new(responses, wrap, false),
            deadline,
            state: State::Open { half_closed: false, head_sent: false },
        }
    }

    /// Decodes the base64 of the next bytes of the request's body, in place. The body of a call that
    /// is not in gRPC-Web's text form stays as it is.
    ///
    /// A call in that form needs this before [`receive`](Self::receive), and no other does.
    pub fn decode_text_in_place<'a>(&mut self, bytes: &'a mut [u8]) -> &'a [u8] {
        self.request.decode_text_in_place(bytes)
    }

    /// Receives the next event in the request's body, advancing `input` past it.
    ///
    /// `None` means that every byte of `input` was taken. Once [`code`](Self::code) returns one,
    /// everything that still comes is ignored.
    #[inline]
    pub fn receive<'a>(&mut self, input: &mut &'a [u8]) -> Option<Event<'a>> {
        // The most frequent case takes one step, as it does in the decoder.
        if let State::Open { half_closed: false, .. } = self.state
            && let Some(event) = self.request.whole_message(input)
        {
            return Some(event);
        }
        self.receive_any(input)
    }

    fn receive_any<'a>(&mut self, input: &mut &'a [u8]) -> Option<Event<'a>> {
        match self.state {
            State::Open { half_closed: false, .. } => match self.request.decode(input) {
                Ok(part) => part.map(Event::message),
                Err(error) => self.fail(error),
            },
            State::Open { .. } if input.is_empty() => None,
            State::Open { .. } => {
                *input = &[];
                self.fail(Error::OutOfOrder)
            }
            State::Failed { .. } | State::Ended { .. } => {
                *input = &[];
                None
            }
        }
    }

    /// Receives the end of the request's body.
    pub fn receive_eof(&mut self) -> Option<Event<'static>> {
        let is_second = core::mem::replace(self.state.half_closed(), true);
        let State::Open { .. } = self.state else { return None };
        if is_second {
            return self.fail(Error::OutOfOrder);
        }
        if self.request.check_eof().is_err() {
            return self.fail(Error::Truncated);
        }
        if self.request.is_missing_message() {
            return self.fail(Error::MessageMissing);
        }
        Some(Event::HalfClose)
    }

    /// Receives a reset of the HTTP/2 stream, with its error code (PROTOCOL-HTTP2, *Errors*).
    pub fn receive_reset(&mut self, error: u32) -> Option<Event<'static>> {
        self.lose(Outcome::Failed(Error::Reset(error)))
    }

    /// Notes that the connection is lost, or over WebSocket closed: the call is cancelled
    /// (PROTOCOL-HTTP2, *Connection failure*).
    pub fn disconnect(&mut self) -> Option<Event<'static>> {
        self.lose(Outcome::Cancelled(Code::Cancelled))
    }

    /// Sets another time at which the call ends at the latest than the client asked for, in milliseconds
    /// on the scale of [`Request::accept`](crate::grpc::Request::accept).
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

    /// Writes the head of the response, whose HTTP status is 200.
    ///
    /// The head is lines of HTTP/1.1, without the empty line that ends them; over WebSocket, it is
    /// the beginning of the body.
    pub fn send_head(
        &mut self,
        head: ResponseHead<'_>,
        out: &mut impl Buffer,
    ) -> Result<(), SendError> {
        self.write_head(&head, out, FieldSink::Lines)
    }

    /// Hands every field of the response's head to `put`. Its HTTP status is 200.
    ///
    /// Over WebSocket, the head is written to `body` instead.
    ///
    /// ```
    /// use framewright::grpc::{CallKind, Request, ResponseHead, ServerConfig};
    ///
    /// let headers = [("content-type", &b"application/grpc"[..])];
    /// let request = Request::parse("POST", "/helloworld.Greeter/SayHello", headers).unwrap();
    /// let mut call = request.accept(CallKind::Unary, &ServerConfig::new(), 0).unwrap();
    /// let (mut map, mut body) = (http::HeaderMap::new(), Vec::new());
    /// call.send_head_fields(ResponseHead::new(), &mut body, |name, value| {
    ///     let name = http::HeaderName::try_from(name).expect("a token");
    ///     map.append(name, value.to_vec().try_into().expect("a field value"));
    /// })?;
    /// assert_eq!(map["content-type"], "application/grpc");
    /// # Ok::<(), framewright::grpc::SendError>(())
    /// ```
    pub fn send_head_fields(
        &mut self,
        head: ResponseHead<'_>,
        body: &mut impl Buffer,
        mut put: impl FnMut(&str, FieldValue<'_>),
    ) -> Result<(), SendError> {
        self.write_head(&head, body, FieldSink::Closure(&mut put))
    }

    fn write_head(
        &mut self,
        head: &ResponseHead<'_>,
        out: &mut impl Buffer,
        fields_to: FieldSink<'_>,
    ) -> Result<(), SendError> {
        self.check_head(head)?;
        let each = |put: &mut dyn FnMut(&str, FieldValue<'_>)| self.each_of_head(head, put);
        match (self.carrier, fields_to) {
            (Carrier::Socket, _) => self.response.encode_fields(each, out)?,
            (Carrier::Http, FieldSink::Lines) => http::write_lines(out, each)?,
            (Carrier::Http, FieldSink::Closure(put)) => each(put),
        }
        self.head_written(head);
        Ok(())
    }

    /// Writes a whole message of the response.
    #[inline]
    pub fn send<'m>(
        &mut self,
        message: impl Into<Message<'m>>,
        out: &mut impl Buffer,
    ) -> Result<(), SendError> {
        self.body()?.encode(message, out)
    }

    /// The encoder of the response's body, for messages in pieces and prefixes alone.
    ///
    /// # Errors
    ///
    /// The head was not sent, or the call is over and no message's payload is left to complete. The
    /// trailers wait for the end of a message that has begun.
    #[inline]
    pub fn body(&mut self) -> Result<&mut BodyEncoder, SendError> {
        match self.state {
            State::Open { head_sent: true, .. } => Ok(&mut self.response),
            State::Open { .. } => Err(SendError::HeadUnsent),
            State::Failed { .. } if self.response.check_complete().is_err() => {
                Ok(&mut self.response)
            }
            State::Failed { .. } | State::Ended { .. } => Err(SendError::Ended),
        }
    }

    /// Writes the trailers to `out`. The call is over.
    ///
    /// [`trailing`](Self::trailing) says, before and after, what `out` has to be: the body, which takes
    /// bytes in the call's framing, or else lines of HTTP/1.1. If the head was not sent, the lines
    /// have its fields, too.
    pub fn finish<'t>(
        &mut self,
        trailers: impl Into<Trailers<'t>>,
        out: &mut impl Buffer,
    ) -> Result<(), SendError> {
        self.finish_with(&trailers.into(), out, FieldSink::Lines)
    }

    /// Writes the trailers to `body`, or hands every field of them to `put`, as
    /// [`trailing`](Self::trailing) says. The call is over.
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
        self.transmit_with(out, FieldSink::Lines)
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
        self.transmit_with(body, FieldSink::Closure(&mut put))
    }

    fn transmit_with(&mut self, out: &mut impl Buffer, fields_to: FieldSink<'_>) -> bool {
        self.try_transmit(out, fields_to).is_ok()
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

    /// Ends the call however it stands: with these trailers if it goes on, as [`finish`](Self::finish)
    /// does, and with those that are owed if it ended by itself, as [`transmit`](Self::transmit) does. A
    /// call that is over stays as it is.
    ///
    /// # Errors
    ///
    /// The trailers cannot be written: they are invalid, there is no room, or a message's payload is
    /// unfinished. In the last case, only a reset of the stream can end the call.
    pub fn end<'t>(
        &mut self,
        trailers: impl Into<Trailers<'t>>,
        out: &mut impl Buffer,
    ) -> Result<(), SendError> {
        match self.state {
            State::Open { .. } => self.finish(trailers, out),
            State::Failed { .. } | State::Ended { .. } => self.try_transmit(out, FieldSink::Lines),
        }
    }

    /// Ends the call like [`end`](Self::end), with the trailers written to `body` or their fields handed to
    /// `put`, as [`finish_fields`](Self::finish_fields) does.
    pub fn end_fields<'t>(
        &mut self,
        trailers: impl Into<Trailers<'t>>,
        body: &mut impl Buffer,
        mut put: impl FnMut(&str, FieldValue<'_>),
    ) -> Result<(), SendError> {
        match self.state {
            State::Open { .. } => self.finish_fields(trailers, body, put),
            State::Failed { .. } | State::Ended { .. } => {
                self.try_transmit(body, FieldSink::Closure(&mut put))
            }
        }
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
    /// **Not at once:** behind some proxies, a reset that follows the trailers overtakes them, and the client
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

    /// The encoding of the compressed messages that the client sends.
    pub fn encoding(&self) -> Option<&str> {
        self.encodings.get(self.encoding?)
    }

    /// Bytes of payload that the message being received still lacks: 0 between messages.
    pub const fn payload_remaining(&self) -> u64 {
        self.request.payload_remaining()
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

/// What takes the fields of a head or of trailers that are not in the body.
enum FieldSink<'p> {
    /// The output itself, as lines.
    Lines,
    Closure(&'p mut dyn FnMut(&str, FieldValue<'_>)),
}
