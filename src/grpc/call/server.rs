use super::body::{BodyEncoder, Messages, Wrap};
use super::response_head::ResponseHead;
use super::server_request::IDENTITY;
use super::{End, NO_ERROR, decode_text_in_place};
use crate::Buffer;
use crate::append::Append;
use crate::grpc::field::Sink;
use crate::grpc::web::TextDecoder;
use crate::grpc::{
    CallKind, Code, ContentType, Decoder, Error, Event, Framing, Limits, Message, Prefix,
    SendError, Trailers,
};

/// The server's side of one call, made by [`Request::accept`](crate::grpc::Request::accept).
///
/// It takes the body of the request in any split, and writes the response: the head, the body, the
/// trailers. The call has exactly one status, whatever comes: that of [`finish`](Self::finish), or
/// else that of [`Event::End`], which is given out once, and which
/// [`transmit`](Self::transmit) tells the client if it is to know.
///
/// ```
/// use framewright::grpc::{Event, CallKind, Limits, Request, ResponseHead, Status, Trailing};
///
/// let headers = [("content-type", &b"application/grpc"[..])];
/// let request = Request::parse("POST", "/helloworld.Greeter/SayHello", headers).unwrap();
/// let mut call = request.accept(CallKind::Unary, Limits::new(), &[]).unwrap();
///
/// let mut input = &b"\0\0\0\0\x05\x0A\x03you"[..];
/// while let Some(event) = call.receive(&mut input) {
///     let Event::Message { chunk, .. } = event else { unreachable!() };
///     assert_eq!(chunk.bytes, b"\x0A\x03you");
/// }
/// assert_eq!(call.receive_eof(), Some(Event::HalfClose));
///
/// let (mut head, mut body, mut trailers) = (Vec::new(), Vec::new(), Vec::new());
/// call.send_head(ResponseHead::new(), &mut head)?;
/// call.send(b"\x0A\x05Hello", &mut body)?;
/// assert_eq!(call.finish(Status::OK, &mut trailers)?, Trailing::Trailers);
/// assert_eq!(trailers, b"grpc-status: 0\r\n");
/// # Ok::<(), framewright::grpc::SendError>(())
/// ```
#[derive(Clone, Debug)]
pub struct ServerCall {
    /// Of the response.
    content_type: ContentType,
    encodings: &'static [&'static str],
    decoder: Decoder,
    /// If the request's body is in base64.
    text: Option<TextDecoder>,
    requests: Messages,
    half_closed: bool,
    body: BodyEncoder,
    /// Whether head and trailers are in the body.
    socket: bool,
    head_sent: bool,
    deadline: Option<u64>,
    state: State,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Open,
    /// The call is over, and the client is to be told.
    Owing(End),
    /// The call is over, and there is nothing to say.
    Ended(End),
}

/// Where trailers belong.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Trailing {
    /// They are the headers of the response, with status 200, and there is no body
    /// (PROTOCOL-HTTP2, *Trailers-Only*).
    TrailersOnly,
    /// They are the trailers of HTTP behind the body.
    Trailers,
    /// They are the last bytes of the body.
    Body,
}

impl ServerCall {
    pub(super) const fn new(
        (request, response): (ContentType, ContentType),
        kind: CallKind,
        limits: Limits,
        encodings: &'static [&'static str],
        compressed: bool,
    ) -> Self {
        let wrap = match response.framing {
            Framing::Grpc | Framing::Web => Wrap::Nothing,
            Framing::WebText => Wrap::Text,
        };
        let text = match request.framing {
            Framing::Grpc | Framing::Web => None,
            Framing::WebText => Some(TextDecoder::new()),
        };
        Self {
            content_type: response,
            encodings,
            decoder: Decoder::new(limits).accept_compressed(compressed),
            text,
            requests: Messages::new(kind.streams_requests()),
            half_closed: false,
            body: BodyEncoder::new(Messages::new(kind.streams_responses()), wrap, false),
            socket: false,
            head_sent: false,
            deadline: None,
            state: State::Open,
        }
    }

    pub(super) const fn over_socket(mut self) -> Self {
        self.socket = true;
        self
    }

    /// Takes the next bytes of the request's body out of base64, in place; gives other bodies back
    /// as they are.
    ///
    /// A call in gRPC-Web's text form needs this before [`receive`](Self::receive), and no other
    /// does.
    pub fn decode_text_in_place<'a>(&mut self, bytes: &'a mut [u8]) -> &'a [u8] {
        decode_text_in_place(self.text.as_mut(), bytes)
    }

    /// Receives the next event in the request's body, advancing `input` past it.
    ///
    /// `None` means that every byte of `input` was taken and more are needed; or, after the end,
    /// that whatever comes is ignored.
    #[inline]
    pub fn receive<'a>(&mut self, input: &mut &'a [u8]) -> Option<Event<'a>> {
        // The most frequent case takes one step, as it does in the decoder.
        if let State::Open = self.state
            && !self.half_closed
            && self.requests.may_have_another()
            && let Some(part) = self.decoder.whole_message(input)
        {
            self.requests.any = true;
            return Some(Event::Message { compressed: part.compressed, chunk: part.chunk() });
        }
        self.receive_any(input)
    }

    fn receive_any<'a>(&mut self, input: &mut &'a [u8]) -> Option<Event<'a>> {
        match self.state {
            State::Open if !self.half_closed => {}
            State::Open if input.is_empty() => return None,
            State::Open => {
                *input = &[];
                return self.fail(Error::OutOfOrder);
            }
            State::Owing(_) | State::Ended(_) => {
                *input = &[];
                return None;
            }
        }
        match self.decoder.decode(input) {
            Ok(Some(part)) => {
                if part.chunk().start && !self.requests.may_have_another() {
                    *input = &[];
                    return self.fail(Error::MessageUnexpected);
                }
                self.requests.any = true;
                Some(Event::Message { compressed: part.compressed, chunk: part.chunk() })
            }
            Ok(None) => {
                let error = self.text.as_ref().and_then(TextDecoder::error)?;
                self.fail(error)
            }
            Err(error) => self.fail(error),
        }
    }

    /// Takes the end of the request's body.
    pub fn receive_eof(&mut self) -> Option<Event<'static>> {
        let State::Open = self.state else {
            self.half_closed = true;
            return None;
        };
        if self.half_closed {
            return self.fail(Error::OutOfOrder);
        }
        self.half_closed = true;
        let text = self.text.as_ref().is_some_and(|text| text.check_eof().is_err());
        if text || self.decoder.check_eof().is_err() {
            return self.fail(Error::Truncated);
        }
        if self.requests.are_missing() {
            return self.fail(Error::MessageMissing);
        }
        Some(Event::HalfClose)
    }

    /// Takes a reset of the HTTP/2 stream, with its error code (PROTOCOL-HTTP2, *Errors*).
    pub fn receive_reset(&mut self, error: u32) -> Option<Event<'static>> {
        self.half_closed = true;
        self.end(State::Ended(End::Failed(Error::Reset(error))))
    }

    /// Takes the loss of the connection, or over WebSocket its close: the call is cancelled
    /// (PROTOCOL-HTTP2, *Connection failure*).
    pub fn disconnect(&mut self) -> Option<Event<'static>> {
        self.half_closed = true;
        self.end(State::Ended(End::Cancelled(Code::Cancelled)))
    }

    /// Sets when the call is over at the latest, in milliseconds on the scale of
    /// [`poll`](Self::poll): see [`Timeout::deadline`](crate::grpc::Timeout::deadline).
    pub const fn set_deadline(&mut self, at: u64) {
        self.deadline = Some(at);
    }

    /// When the call is over at the latest, unless it is already.
    pub const fn deadline(&self) -> Option<u64> {
        match self.state {
            State::Open => self.deadline,
            State::Owing(_) | State::Ended(_) => None,
        }
    }

    /// Ends the call if its deadline has passed.
    ///
    /// Other than the document says, the client is told by a status rather than a reset: not every
    /// framing has a reset, and clocks differ.
    pub fn poll(&mut self, now: u64) -> Option<Event<'static>> {
        match self.deadline {
            Some(at) if at <= now => self.end(State::Owing(End::DeadlineExceeded)),
            _ => None,
        }
    }

    /// Writes the head of the response, whose status of HTTP is 200: as lines to be read with
    /// [`Fields`](crate::grpc::Fields), or over WebSocket as the beginning of the body.
    pub fn send_head(
        &mut self,
        head: ResponseHead<'_>,
        out: &mut impl Buffer,
    ) -> Result<(), SendError> {
        self.open()?;
        if self.head_sent {
            return Err(SendError::HeadSent);
        }
        head.check()?;
        let (content_type, encodings) = (self.content_type, self.encodings);
        let put = |sink: &mut dyn Sink| head.put(content_type, encodings, sink);
        if self.socket {
            self.body.block(put, out)?;
        } else {
            let mut writer = Append::new(out);
            put(&mut writer);
            writer.finish()?;
        }
        self.body.compressed = head.encoding.is_some_and(|name| name != IDENTITY);
        self.head_sent = true;
        Ok(())
    }

    /// Writes a whole message of the response.
    #[inline]
    pub fn send<'m>(
        &mut self,
        message: impl Into<Message<'m>>,
        out: &mut impl Buffer,
    ) -> Result<(), SendError> {
        self.ready()?;
        self.body.send(message.into(), out)
    }

    /// Gives the prefix alone of a whole message of `len` bytes, for a vectored write.
    ///
    /// The payload has to be written right behind it by the caller.
    pub fn send_prefix(&mut self, len: u64, compressed: bool) -> Result<Prefix, SendError> {
        self.ready()?;
        self.body.prefix(len, compressed)
    }

    /// Writes the prefix of a message whose `len` bytes of payload will be given in pieces.
    pub fn begin_message(
        &mut self,
        len: u64,
        compressed: bool,
        out: &mut impl Buffer,
    ) -> Result<(), SendError> {
        self.ready()?;
        self.body.begin(len, compressed, out)
    }

    /// Writes the next piece of the payload that [`begin_message`](Self::begin_message) announced.
    ///
    /// This is possible although the call has failed: its trailers wait for the end of the message.
    pub fn send_payload(&mut self, piece: &[u8], out: &mut impl Buffer) -> Result<(), SendError> {
        if let State::Owing(_) = self.state
            && self.body.encoder.ready() == Err(SendError::MessageUnfinished)
        {
            return self.body.payload(piece, out);
        }
        self.ready()?;
        self.body.payload(piece, out)
    }

    /// Writes the trailers, and says where they belong. The call is over.
    ///
    /// If the head was not sent, there will be none.
    pub fn finish<'t>(
        &mut self,
        trailers: impl Into<Trailers<'t>>,
        out: &mut impl Buffer,
    ) -> Result<Trailing, SendError> {
        let trailers = trailers.into();
        self.open()?;
        if trailers.code() == Code::Ok && self.body.messages.are_missing() {
            return Err(SendError::MessageMissing);
        }
        trailers.check()?;
        let trailing = self.write_trailers(&trailers, out)?;
        self.state = State::Ended(End::Status(trailers.code()));
        Ok(trailing)
    }

    /// Writes the trailers of a call that did not get as far as [`finish`](Self::finish), and says
    /// where they belong.
    ///
    /// `None` means that nothing is owed; or that `out` has no room, or a message's payload is
    /// unfinished: call again when that has changed.
    pub fn transmit(&mut self, out: &mut impl Buffer) -> Option<Trailing> {
        let State::Owing(end) = self.state else { return None };
        let trailing = self.write_trailers(&end.status().into(), out).ok()?;
        self.state = State::Ended(end);
        Some(trailing)
    }

    /// Whether anything is owed that [`transmit`](Self::transmit) would write.
    pub const fn owes(&self) -> bool {
        matches!(self.state, State::Owing(_))
    }

    /// The code of the call's status, once it has one.
    pub const fn code(&self) -> Option<Code> {
        match &self.state {
            State::Open => None,
            State::Owing(end) | State::Ended(end) => Some(end.code()),
        }
    }

    /// What the peer did wrong, if it did.
    pub const fn error(&self) -> Option<Error> {
        match self.state {
            State::Owing(End::Failed(e)) | State::Ended(End::Failed(e)) => Some(e),
            _ => None,
        }
    }

    /// The error code to reset the HTTP/2 stream with, if that is due, once the trailers were
    /// written (PROTOCOL-HTTP2, *Early Server Closure*).
    ///
    /// In HTTP/1.1 it is time to close the connection, unless the rest of the request is read.
    pub const fn reset_code(&self) -> Option<u32> {
        match self.state {
            State::Ended(_) if !self.half_closed => Some(NO_ERROR),
            _ => None,
        }
    }

    /// Bytes of payload that the message being received still lacks: 0 between messages.
    pub const fn payload_remaining(&self) -> u64 {
        self.decoder.payload_remaining()
    }

    fn write_trailers(
        &mut self,
        trailers: &Trailers<'_>,
        out: &mut impl Buffer,
    ) -> Result<Trailing, SendError> {
        self.body.encoder.ready()?;
        let in_body = self.socket || self.content_type.framing != Framing::Grpc && self.head_sent;
        if in_body {
            self.body.block(|sink| trailers.put(sink), out)?;
        } else {
            let mut writer = Append::new(out);
            if !self.head_sent {
                ResponseHead::new().put(self.content_type, self.encodings, &mut writer);
            }
            trailers.put(&mut writer);
            writer.finish()?;
        }
        self.body.encoder.end();
        Ok(match (in_body, self.head_sent) {
            (true, _) => Trailing::Body,
            (false, true) => Trailing::Trailers,
            (false, false) => Trailing::TrailersOnly,
        })
    }

    #[inline]
    const fn open(&self) -> Result<(), SendError> {
        match self.state {
            State::Open => Ok(()),
            State::Owing(_) | State::Ended(_) => Err(SendError::Ended),
        }
    }

    #[inline]
    const fn ready(&self) -> Result<(), SendError> {
        match self.state {
            State::Open if self.head_sent => Ok(()),
            State::Open => Err(SendError::HeadUnsent),
            State::Owing(_) | State::Ended(_) => Err(SendError::Ended),
        }
    }

    #[cold]
    fn fail<'a>(&mut self, error: Error) -> Option<Event<'a>> {
        self.end(State::Owing(End::Failed(error)))
    }

    /// Ends the call, unless it is over; what is owed then to a peer that is gone, no longer is.
    fn end<'a>(&mut self, over: State) -> Option<Event<'a>> {
        match (self.state, over) {
            (State::Open, State::Owing(end) | State::Ended(end)) => {
                self.state = over;
                Some(Event::End(end.code()))
            }
            (State::Owing(end), State::Ended(_)) => {
                self.state = State::Ended(end);
                None
            }
            _ => None,
        }
    }
}
