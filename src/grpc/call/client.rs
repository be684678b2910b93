//! The client's side of a call.
//!
//! A response is a head, a body and trailers. In gRPC, the trailers are those of HTTP. In gRPC-Web,
//! they are the end of the body, and over WebSocket, the head is in the body too. In every state,
//! the call can also end by a violation of the peer, a lost stream, [`cancel`](ClientCall::cancel)
//! or its deadline.
//!
//! The status that ends the call may come in several places. If it comes in more than one, the last
//! one counts: the status in the trailers, not the one in the head. A status in the head is final
//! only if none follows it. Trailers in the body that have no status are not the end: trailers of HTTP
//! may follow.
//!
//! ```text
//!   over HTTP:
//!                receive_head()             receive_trailers(), receive_eof(),
//!   AwaitingHead ───────────────▶ Body ──── or receive() meets trailers ───────▶ Ended
//!        │                                                                        ▲
//!        └───────── receive_head() with the end of the stream ────────────────────┘
//!
//!   over WebSocket:
//!                       receive()
//!   AwaitingSocketHead ───────────▶ Body ── receive() meets trailers ──▶ Ended
//!        │                                                                ▲
//!        └─────────── receive() meets a head with a status ───────────────┘
//! ```

use core::fmt;

use super::decode::BodyDecoder;
use super::encode::{BodyEncoder, Wrap};
use super::lists::{HeadFacts, ReceivedLists};
use super::{CANCEL, Cardinality, Carrier, NO_ERROR, NamedEncoding, Outcome, Reset, is_web};
use crate::Buffer;
use crate::grpc::{
    CallKind, Code, ContentType, Decoder, Encodings, Error, Event, Frame, Framing, Limits, Message,
    Part, SendError, Status,
};
use crate::http::{Field, Headers};

/// The client's side of one call, made by [`ClientRequest::call`](crate::grpc::ClientRequest::call).
///
/// It writes the body of the request, and takes the response as an HTTP stack returns it: the head,
/// the body in any split, the trailers. In every case, there is exactly one [`Event::End`], and a
/// [`status`](Self::status) from then on.
///
/// ```
/// use framewright::grpc::{CallKind, ClientRequest, Code, Event, Limits, Path};
///
/// let (mut head, mut body) = (Vec::new(), Vec::new());
/// let request = ClientRequest::new(Path::parse("/helloworld.Greeter/SayHello").unwrap());
/// request.write(&mut head)?;
/// let now = 0; // on the caller's clock, in milliseconds
/// let mut call = request.call(CallKind::Unary, Limits::new(), Vec::new(), now);
/// call.send(b"\x0A\x03you", &mut body)?;
/// call.half_close(&mut body)?; // the end of the request's body
///
/// let headers = [("content-type", &b"application/grpc"[..])];
/// assert_eq!(call.receive_head(200, headers, false), Some(Event::Head));
/// let mut input = &b"\0\0\0\0\x07\x0A\x05Hello"[..];
/// while let Some(event) = call.receive(&mut input) {
///     let Event::Message { chunk, .. } = event else { continue };
///     assert_eq!(chunk.bytes, b"\x0A\x05Hello");
/// }
/// assert_eq!(call.receive_trailers([("grpc-status", &b"0"[..])]), Some(Event::End(Code::Ok)));
/// # Ok::<(), framewright::grpc::SendError>(())
/// ```
#[derive(Clone)]
pub struct ClientCall<B> {
    content_type: ContentType,
    /// The encodings that can be decompressed.
    encodings: Encodings,
    /// Which of them the messages of the response are in, if they are compressed.
    encoding: Option<u8>,
    request: BodyEncoder,
    /// Whether nothing more of the request will be sent, or can be.
    half_closed: bool,
    response: BodyDecoder,
    deadline: Option<u64>,
    /// Header lists that came: a head with a status, or over WebSocket any head; then the trailers.
    lists: ReceivedLists<B>,
    state: State,
}

#[derive(Clone, Copy, Debug)]
enum State {
    AwaitingHead,
    AwaitingSocketHead,
    Body {
        http_status: u16,
        /// Whether any of the body has come.
        begun: bool,
        /// Whether the messages have an encoding that was not accepted.
        encoding_unknown: bool,
        /// The code of a status in the head. It counts if none follows.
        code_in_head: Option<Code>,
        /// The trailers that have come without a status, so that nothing else may come in the body.
        statusless: Option<Statusless>,
    },
    Ended {
        outcome: Outcome,
        /// Whether the peer has nothing more to say.
        by_peer: bool,
    },
}

/// Trailers in the body that do not say how the call ended.
#[derive(Clone, Copy, Debug)]
enum Statusless {
    /// They are compressed, and the caller has not given them back.
    Compressed,
    /// They have no status. It may be in trailers of HTTP, after the body.
    Plain,
}

impl<B: Buffer> ClientCall<B> {
    pub(super) const fn new(
        carrier: Carrier,
        content_type: ContentType,
        kind: CallKind,
        limits: Limits,
        encodings: Encodings,
        compresses: bool,
        storage: B,
    ) -> Self {
        let (wrap, state, decoder) = match (carrier, content_type.framing) {
            (Carrier::Socket, _) => {
                let decoder = Decoder::new(limits).with_head_and_trailers();
                (Wrap::Socket, State::AwaitingSocketHead, decoder)
            }
            (_, Framing::Grpc) => (Wrap::Nothing, State::AwaitingHead, Decoder::new(limits)),
            (_, Framing::Web) => {
                (Wrap::Nothing, State::AwaitingHead, Decoder::new(limits).with_trailers())
            }
            (_, Framing::WebText) => {
                (Wrap::Text, State::AwaitingHead, Decoder::new(limits).with_trailers())
            }
        };
        let requests = Cardinality::new(kind.streams_requests());
        let responses = Cardinality::new(kind.streams_responses());
        Self {
            content_type,
            encodings,
            encoding: None,
            request: BodyEncoder::new(requests, wrap, compresses),
            half_closed: false,
            response: BodyDecoder::new(decoder, responses),
            deadline: None,
            lists: ReceivedLists::new(storage, limits.max_trailers_len),
            state,
        }
    }

    pub(super) fn with_deadline(mut self, at: u64) -> Self {
        self.deadline = Some(at);
        self
    }

    /// Writes a whole message of the request.
    #[inline]
    pub fn send<'m>(
        &mut self,
        message: impl Into<Message<'m>>,
        out: &mut impl Buffer,
    ) -> Result<(), SendError> {
        self.body()?.encode(message, out)
    }

    /// The encoder of the request's body, for messages in pieces and prefixes alone.
    ///
    /// # Errors
    ///
    /// The request or the whole call has ended.
    #[inline]
    pub fn body(&mut self) -> Result<&mut BodyEncoder, SendError> {
        match self.state {
            State::Ended { .. } => Err(SendError::Ended),
            _ if self.half_closed => Err(SendError::HalfClosed),
            _ => Ok(&mut self.request),
        }
    }

    /// Ends the request: the caller has to end its body after what is in `out`.
    ///
    /// Only over WebSocket does this write anything.
    pub fn half_close(&mut self, out: &mut impl Buffer) -> Result<(), SendError> {
        self.body()?.finish(out)?;
        self.half_closed = true;
        Ok(())
    }

    /// Receives the head of the response. `end_stream` says that nothing follows the head, which is
    /// then all trailers (PROTOCOL-HTTP2, *Trailers-Only*).
    ///
    /// A head of status 1xx is skipped: another will come. [`metadata`](crate::grpc::metadata())
    /// finds the custom metadata in the headers.
    pub fn receive_head<'h, H>(
        &mut self,
        status: u16,
        headers: H,
        end_stream: bool,
    ) -> Option<Event<'static>>
    where
        H: IntoIterator<Item: Field<'h>>,
    {
        match self.state {
            State::Ended { .. } => return None,
            State::AwaitingHead if !end_stream && matches!(status, 100..=199) => return None,
            State::AwaitingHead => {}
            _ => return self.fail(Error::OutOfOrder),
        }
        let facts = self.lists.receive(headers, false);
        if end_stream {
            return self.end_by_trailers(&facts, status);
        }
        match (self.begin_body(status, &facts), facts.code()) {
            (Ok(()), _) => Some(Event::Head),
            // The error that the peer reports explains a body in another format.
            (Err(Error::Http(_) | Error::Subtype), Some(code)) if code != Code::Ok => {
                self.end(Outcome::Status(code), false)
            }
            (Err(e), _) => self.fail(e),
        }
    }

    /// Goes on to the body after a head of HTTP.
    fn begin_body(&mut self, http_status: u16, head: &HeadFacts<'_>) -> Result<(), Error> {
        let content_type = head.content_type.ok_or(Error::Http(http_status))?;
        if is_web(content_type) != is_web(self.content_type) {
            return Err(Error::Http(http_status));
        }
        if content_type.subtype != self.content_type.subtype {
            return Err(Error::Subtype);
        }
        if content_type.framing == Framing::WebText {
            self.response.expect_text();
        }
        let mut code_in_head = head.code();
        if code_in_head == Some(Code::Ok)
            && let Some(lost) = head.lost
        {
            if is_web(content_type) {
                return Err(lost);
            }
            // In gRPC, it ends the call only if there are no trailers.
            code_in_head = None;
        }
        if code_in_head.is_none() {
            self.lists.clear();
        }
        let (encoding, encoding_unknown) = self.negotiate(head.encoding.name());
        self.encoding = encoding;
        self.response.accept_compressed(encoding.is_some());
        self.state = State::Body {
            http_status,
            begun: false,
            encoding_unknown,
            code_in_head,
            statusless: None,
        };
        Ok(())
    }

    /// Which accepted encoding `grpc-encoding` names, and whether it names one that was not accepted.
    fn negotiate(&self, encoding: Option<&str>) -> (Option<u8>, bool) {
        let index = encoding.and_then(|name| self.encodings.index_of(name));
        (index, encoding.is_some() && index.is_none())
    }

    /// Decodes the base64 of the next bytes of the response's body, in place. The body of a call
    /// that is not in gRPC-Web's text form stays as it is.
    ///
    /// A call in that form needs this before [`receive`](Self::receive), and no other does.
    pub fn decode_text_in_place<'a>(&mut self, bytes: &'a mut [u8]) -> &'a [u8] {
        self.response.decode_text_in_place(bytes)
    }

    /// Receives the next event in the response's body, advancing `input` past it.
    ///
    /// `None` means that every byte of `input` was taken. Once there is a [`status`](Self::status),
    /// everything that still comes is ignored.
    #[inline]
    pub fn receive<'a>(&mut self, input: &mut &'a [u8]) -> Option<Event<'a>> {
        // The most frequent case takes one step, as it does in the decoder.
        if let State::Body { begun: true, .. } = self.state
            && let Some(event) = self.response.whole_message(input)
        {
            return Some(event);
        }
        self.receive_any(input)
    }

    fn receive_any<'a>(&mut self, input: &mut &'a [u8]) -> Option<Event<'a>> {
        match &mut self.state {
            State::Body { statusless: Some(_), .. } | State::Ended { .. } => {
                *input = &[];
                return None;
            }
            State::Body { begun, .. } => *begun |= !input.is_empty(),
            State::AwaitingSocketHead => {}
            State::AwaitingHead if input.is_empty() => return None,
            State::AwaitingHead => {
                *input = &[];
                return self.fail(Error::HeadMissing);
            }
        }
        loop {
            let part = match self.response.decode(input) {
                Ok(part) => part?,
                Err(error) => return self.fail_decoding(error),
            };
            if part.frame == Frame::Message {
                return Some(Event::message(part));
            }
            if part.compressed {
                if let State::Body { statusless, .. } = &mut self.state {
                    *statusless = part.chunk.end.then_some(Statusless::Compressed);
                }
                return Some(Event::CompressedTrailers(part.chunk));
            }
            let event = self.receive_fields(part);
            // Nothing follows trailers.
            if let State::Ended { .. } | State::Body { statusless: Some(_), .. } = self.state {
                *input = &[];
                return event;
            }
            if event.is_some() {
                return event;
            }
        }
    }

    /// Receives bytes of trailers, or of a head, that come in the body.
    #[cold]
    fn receive_fields<'a>(&mut self, part: Part<'_>) -> Option<Event<'a>> {
        match self.store(part) {
            Ok(()) if part.chunk.end => self.read_stored(part.frame),
            Ok(()) => None,
            Err(e) => self.end_by_error(e, false),
        }
    }

    fn store(&mut self, part: Part<'_>) -> Result<(), Error> {
        if part.chunk.start {
            let missing = self.response.payload_remaining();
            let len = missing.saturating_add(part.chunk.bytes.len() as u64);
            self.lists.begin(len, self.code_in_head().is_some());
        }
        self.lists.append(part.chunk.bytes)
    }

    /// Goes on, or ends, by the list that is in storage.
    fn read_stored<'a>(&mut self, frame: Frame) -> Option<Event<'a>> {
        let Some(fields) = self.lists.parse() else {
            return self.end_by_error(Error::TrailersMalformed, false);
        };
        if let Some(status) = Status::parse(fields) {
            let code = status.code;
            return self.end_by_code(code);
        }
        if frame != Frame::Head {
            if let Some(code) = self.code_in_head() {
                return self.end_by_head(code);
            }
            if self.request.is_for_socket() {
                return self.end(Outcome::Failed(Error::Http(self.http_status())), true);
            }
            if let State::Body { statusless, .. } = &mut self.state {
                *statusless = Some(Statusless::Plain);
            }
            return None;
        }
        let mut named = NamedEncoding::default();
        fields.get_all("grpc-encoding").for_each(|value| named.note(value));
        let (encoding, encoding_unknown) = self.negotiate(named.name());
        self.encoding = encoding;
        self.response.accept_compressed(encoding.is_some());
        self.state = State::Body {
            http_status: 200,
            begun: true,
            encoding_unknown,
            code_in_head: None,
            statusless: None,
        };
        Some(Event::Head)
    }

    /// Receives the lines of trailers that came compressed.
    ///
    /// They came as [`Event::CompressedTrailers`]. No peer needs more than
    /// [`Limits::max_trailers_len`] bytes for them: that is the limit for the caller's
    /// decompressor, too. If they cannot be decompressed, [`cancel`](Self::cancel) the call with
    /// [`Code::Internal`].
    ///
    /// ```
    /// use framewright::Assembler;
    /// use framewright::grpc::{
    ///     CallKind, ClientRequest, Code, ContentType, Event, Limits, Path,
    /// };
    /// # fn decompress(_: &[u8], limit: usize) -> Option<Vec<u8>> {
    /// #     let lines = b"grpc-status: 5\r\n".to_vec();
    /// #     (lines.len() <= limit).then_some(lines)
    /// # }
    ///
    /// let request = ClientRequest::new(Path::parse("/helloworld.Greeter/SayHello").unwrap())
    ///     .content_type(ContentType::WEB)
    ///     .encoding("gzip");
    /// let mut call = request.call(CallKind::Unary, Limits::new(), Vec::new(), 0);
    /// let headers =
    ///     [("content-type", &b"application/grpc-web+proto"[..]), ("grpc-encoding", b"gzip")];
    /// call.receive_head(200, headers, false);
    ///
    /// let mut trailers = Assembler::new(Vec::new());
    /// let mut input = &b"\x81\0\0\0\x03..."[..];
    /// while let Some(event) = call.receive(&mut input) {
    ///     let Event::CompressedTrailers(chunk) = event else { continue };
    ///     if let Some(compressed) = trailers.push(chunk).expect("a Vec has room") {
    ///         match decompress(compressed, 8 << 10) {
    ///             Some(lines) => call.receive_decompressed_trailers(&lines),
    ///             None => call.cancel(Code::Internal),
    ///         };
    ///     }
    /// }
    /// assert_eq!(call.status().unwrap().code, Code::NotFound);
    /// ```
    pub fn receive_decompressed_trailers(&mut self, lines: &[u8]) -> Option<Event<'static>> {
        match self.state {
            State::Ended { .. } => return None,
            State::AwaitingHead | State::AwaitingSocketHead => {
                return self.fail(Error::HeadMissing);
            }
            State::Body { .. } => {}
        }
        match self.lists.receive_lines(lines, self.code_in_head().is_some()) {
            Ok(()) => self.read_stored(Frame::Trailers),
            Err(e) => self.end_by_error(e, false),
        }
    }

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

    /// Notes that the connection is lost (PROTOCOL-HTTP2, *Connection failure*).
    pub fn disconnect(&mut self) -> Option<Event<'static>> {
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

    /// Sets another time at which the call ends at the latest than its timeout did, in milliseconds on the
    /// scale of [`ClientRequest::call`](crate::grpc::ClientRequest::call).
    pub const fn set_deadline(&mut self, at: u64) {
        self.deadline = Some(at);
    }

    /// The time at which the call ends at the latest; `None` if there is none, or it has ended.
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

    /// The encoding of the compressed messages that the server sends, once the head has come.
    pub fn encoding(&self) -> Option<&str> {
        self.encodings.get(self.encoding?)
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

    /// The head that came in the body, as it does over WebSocket, until the trailers come. Over HTTP it is
    /// empty: the caller had the head, and gave it to [`receive_head`](Self::receive_head).
    pub fn socket_head(&self) -> Headers<'_> {
        match self.state {
            State::Body { code_in_head: None, statusless: None, .. } => {
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

    /// Bytes of payload that the message being received still lacks: 0 between messages.
    pub const fn payload_remaining(&self) -> u64 {
        self.response.payload_remaining()
    }

    const fn code_in_head(&self) -> Option<Code> {
        match self.state {
            State::Body { code_in_head, .. } => code_in_head,
            _ => None,
        }
    }

    const fn http_status(&self) -> u16 {
        match self.state {
            State::Body { http_status, .. } => http_status,
            _ => 200,
        }
    }

    /// Ends the call by trailers of HTTP, after a head with this status.
    ///
    /// If there was no room for the trailers, the status of an error still counts, as far as there is
    /// room for it.
    fn end_by_trailers(
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
    fn end_by_head<'a>(&mut self, code: Code) -> Option<Event<'a>> {
        self.lists.join_head();
        self.end_by_code(code)
    }

    /// Ends the call by the code that the peer sent. The rest of the status is in storage.
    fn end_by_code<'a>(&mut self, code: Code) -> Option<Event<'a>> {
        let outcome = match code {
            Code::Ok if self.response.is_missing_message() => {
                Outcome::Failed(Error::MessageMissing)
            }
            code => Outcome::Status(code),
        };
        self.end(outcome, true)
    }

    #[cold]
    fn fail_decoding<'a>(&mut self, error: Error) -> Option<Event<'a>> {
        match (error, self.state) {
            (Error::CompressedUnexpected, State::Body { encoding_unknown: true, .. }) => {
                self.end_by_error(Error::EncodingNotAccepted, false)
            }
            _ => self.end_by_error(error, false),
        }
    }

    /// Ends the call by an error after the head. If the head reports an error, that one explains it
    /// and counts.
    pub(super) fn end_by_error<'a>(&mut self, error: Error, by_peer: bool) -> Option<Event<'a>> {
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
    fn fail<'a>(&mut self, error: Error) -> Option<Event<'a>> {
        self.end(Outcome::Failed(error), false)
    }

    /// Ends the call, unless it is over.
    fn end<'a>(&mut self, outcome: Outcome, by_peer: bool) -> Option<Event<'a>> {
        if let State::Ended { by_peer: already, .. } = &mut self.state {
            *already |= by_peer;
            return None;
        }
        self.state = State::Ended { outcome, by_peer };
        Some(Event::End(outcome.code()))
    }
}

impl<B> fmt::Debug for ClientCall<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientCall")
            .field("content_type", &self.content_type)
            .field("request", &self.request)
            .field("response", &self.response)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}
