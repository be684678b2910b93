use core::fmt;

use super::body::{BodyEncoder, Messages, Wrap};
use super::server_request::IDENTITY;
use super::{CANCEL, End, NO_ERROR, decode_text_in_place};
use crate::append::Append;
use crate::grpc::field::{Fields, Sink, is_field_value};
use crate::grpc::web::{HALF_CLOSE, TextDecoder};
use crate::grpc::{
    CallKind, Code, ContentType, Decoder, Error, Event, Frame, Framing, Limits, Message, Part,
    Prefix, SendError, Status,
};
use crate::http::syntax::{ascii, is_token, trim};
use crate::{Buffer, Chunk};

/// The client's side of one call, made by [`ClientRequest::write`](crate::grpc::ClientRequest::write).
///
/// It writes the body of the request, and takes the response as an HTTP stack gives it out: the
/// head, the body in any split, the trailers. Whatever comes, and whatever does not,
/// [`Event::End`] is given out exactly once, and then there is a [`status`](Self::status).
///
/// ```
/// use framewright::grpc::{ClientRequest, Code, Event, CallKind, Limits, Path};
///
/// let (mut head, mut body) = (Vec::new(), Vec::new());
/// let request = ClientRequest::new(Path::parse("/helloworld.Greeter/SayHello").unwrap());
/// let mut call = request.write(CallKind::Unary, Limits::new(), Vec::new(), &mut head)?;
/// call.send(b"\x0A\x03you", &mut body)?;
/// call.half_close(&mut body)?; // the end of the request's body
///
/// let headers = [("content-type", &b"application/grpc"[..])];
/// assert_eq!(call.receive_head(200, headers, false), Some(Event::Head));
/// let mut input = &b"\0\0\0\0\x07\x0A\x05Hello"[..];
/// while let Some(event) = call.receive(&mut input) {
///     let Event::Message { chunk, .. } = event else { unreachable!() };
///     assert_eq!(chunk.bytes, b"\x0A\x05Hello");
/// }
/// assert_eq!(call.receive_trailers([("grpc-status", &b"0"[..])]), Some(Event::End(Code::Ok)));
/// # Ok::<(), framewright::grpc::SendError>(())
/// ```
#[derive(Clone)]
pub struct ClientCall<B> {
    content_type: ContentType,
    /// The encodings that can be decompressed.
    encodings: &'static [&'static str],
    max_trailers_len: u64,
    body: BodyEncoder,
    half_closed: bool,
    decoder: Decoder,
    /// If the response's body is in base64.
    text: Option<TextDecoder>,
    responses: Messages,
    deadline: Option<u64>,
    /// Header lists that came: the head over WebSocket, or the trailers.
    storage: B,
    state: State,
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// Before the head of the response, which over WebSocket is in the body.
    Waiting { socket: bool },
    /// In the body of a response with this status of HTTP.
    Body {
        http: u16,
        /// Whether any of it has come.
        begun: bool,
        /// Whether there is an encoding that was not accepted.
        foreign: bool,
        /// The code of the trailers in the head, in gRPC-Web: they count if there is no body.
        in_head: Option<Code>,
    },
    /// `by_peer` if the peer has nothing more to say.
    Ended { end: End, by_peer: bool },
}

impl<B: Buffer> ClientCall<B> {
    pub(super) const fn new(
        content_type: ContentType,
        kind: CallKind,
        limits: Limits,
        encodings: &'static [&'static str],
        compressed: bool,
        storage: B,
    ) -> Self {
        let wrap = match content_type.framing {
            Framing::Grpc | Framing::Web => Wrap::Nothing,
            Framing::WebText => Wrap::Text,
        };
        let requests = Messages::new(kind.streams_requests());
        Self {
            content_type,
            encodings,
            max_trailers_len: limits.max_trailers_len,
            body: BodyEncoder::new(requests, wrap, compressed),
            half_closed: false,
            decoder: match content_type.framing {
                Framing::Grpc => Decoder::new(limits),
                Framing::Web | Framing::WebText => Decoder::new(limits).with_trailers(),
            },
            text: None,
            responses: Messages::new(kind.streams_responses()),
            deadline: None,
            storage,
            state: State::Waiting { socket: false },
        }
    }

    pub(super) fn over_socket(mut self) -> Self {
        self.body.wrap = Wrap::Socket;
        self.decoder = self.decoder.with_head_and_trailers();
        self.state = State::Waiting { socket: true };
        self
    }

    /// Writes a whole message of the request.
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
    pub fn send_payload(&mut self, piece: &[u8], out: &mut impl Buffer) -> Result<(), SendError> {
        self.ready()?;
        self.body.payload(piece, out)
    }

    /// Ends the request: the caller has to end its body behind what is in `out`.
    ///
    /// Nothing is written, but over WebSocket.
    pub fn half_close(&mut self, out: &mut impl Buffer) -> Result<(), SendError> {
        self.ready()?;
        self.body.encoder.ready()?;
        if self.body.messages.are_missing() {
            return Err(SendError::MessageMissing);
        }
        if self.body.wrap == Wrap::Socket {
            out.try_append(HALF_CLOSE)?;
        }
        self.half_closed = true;
        Ok(())
    }

    #[inline]
    const fn ready(&self) -> Result<(), SendError> {
        match self.state {
            State::Ended { .. } => Err(SendError::Ended),
            _ if self.half_closed => Err(SendError::HalfClosed),
            _ => Ok(()),
        }
    }

    /// Takes the head of the response, of which `end` says that nothing follows it, and which is
    /// then all trailers (PROTOCOL-HTTP2, *Trailers-Only*).
    ///
    /// A head of status 1xx is skipped: another will come. Custom metadata are what
    /// [`metadata`](crate::grpc::metadata()) finds in the headers.
    pub fn receive_head<'h, H>(
        &mut self,
        status: u16,
        headers: H,
        end: bool,
    ) -> Option<Event<'static>>
    where
        H: IntoIterator<Item = (&'h str, &'h [u8])>,
    {
        match self.state {
            State::Ended { .. } => return None,
            State::Waiting { socket: false } if !end && matches!(status, 100..=199) => return None,
            State::Waiting { socket: false } => {}
            _ => return self.fail(Error::OutOfOrder),
        }
        let web = self.content_type.framing != Framing::Grpc;
        let taken = self.take(headers, end || web);
        if end {
            return self.end_by(&taken, status);
        }
        self.begin(status, &taken).map_or_else(|e| self.fail(e), |()| Some(Event::Head))
    }

    /// Goes on to the body, behind a head.
    fn begin(&mut self, http: u16, taken: &Taken<'_>) -> Result<(), Error> {
        let content_type = taken.content_type.ok_or(Error::Http(http))?;
        let web = |content_type: ContentType| content_type.framing != Framing::Grpc;
        if web(content_type) != web(self.content_type) {
            return Err(Error::Http(http));
        }
        if content_type.subtype != self.content_type.subtype {
            return Err(Error::Subtype);
        }
        self.text = (content_type.framing == Framing::WebText).then(TextDecoder::new);
        let (known, foreign) = self.negotiate(taken.encoding);
        self.decoder = self.decoder.clone().accept_compressed(known);
        let in_head = taken.code.filter(|_| web(content_type));
        if in_head == Some(Code::Ok) && taken.lost {
            return Err(Error::TrailersTooLong { len: taken.len });
        }
        if in_head.is_none() {
            self.storage.clear();
        }
        self.state = State::Body { http, begun: false, foreign, in_head };
        Ok(())
    }

    /// Whether `grpc-encoding` names an encoding that was accepted, and whether one that was not.
    fn negotiate(&self, value: Option<&[u8]>) -> (bool, bool) {
        let encoding = value.map(|value| ascii(trim(value)));
        let encoding = encoding.filter(|name| !name.eq_ignore_ascii_case(IDENTITY));
        let known = encoding.is_some_and(|name| self.encodings.contains(&name));
        (known, encoding.is_some() && !known)
    }

    /// Takes the next bytes of the response's body out of base64, in place; gives other bodies back
    /// as they are.
    ///
    /// A call in gRPC-Web's text form needs this before [`receive`](Self::receive), and no other
    /// does.
    pub fn decode_text_in_place<'a>(&mut self, bytes: &'a mut [u8]) -> &'a [u8] {
        decode_text_in_place(self.text.as_mut(), bytes)
    }

    /// Receives the next event in the response's body, advancing `input` past it.
    ///
    /// `None` means that every byte of `input` was taken and more are needed; or, after the end,
    /// that whatever comes is ignored.
    #[inline]
    pub fn receive<'a>(&mut self, input: &mut &'a [u8]) -> Option<Event<'a>> {
        // The most frequent case takes one step, as it does in the decoder.
        if let State::Body { begun: true, .. } = self.state
            && self.responses.may_have_another()
            && let Some(part) = self.decoder.whole_message(input)
        {
            self.responses.any = true;
            return Some(Event::Message { compressed: part.compressed, chunk: part.chunk() });
        }
        self.receive_any(input)
    }

    fn receive_any<'a>(&mut self, input: &mut &'a [u8]) -> Option<Event<'a>> {
        match &mut self.state {
            State::Body { begun: true, .. } | State::Waiting { socket: true } => {}
            State::Body { begun, in_head, .. } => {
                *begun = !input.is_empty();
                if *begun && in_head.take().is_some() {
                    self.storage.clear();
                }
            }
            State::Waiting { socket: false } if input.is_empty() => return None,
            State::Waiting { socket: false } => {
                *input = &[];
                return self.fail(Error::HeadMissing);
            }
            State::Ended { .. } => {
                *input = &[];
                return None;
            }
        }
        loop {
            match self.decoder.decode(input) {
                Ok(Some(Part { frame: Frame::Message, compressed, chunk })) => {
                    if chunk.start && !self.responses.may_have_another() {
                        *input = &[];
                        return self.fail(Error::MessageUnexpected);
                    }
                    self.responses.any = true;
                    return Some(Event::Message { compressed, chunk });
                }
                Ok(Some(part)) => {
                    if let Some(event) = self.receive_block(part, input) {
                        return Some(event);
                    }
                }
                Ok(None) => {
                    let error = self.text.as_ref().and_then(TextDecoder::error)?;
                    return self.fail(error);
                }
                Err(error) => return self.fail_decoding(error),
            }
        }
    }

    /// Takes trailers, or a head, that came in the body.
    #[cold]
    fn receive_block<'a>(&mut self, part: Part<'_>, input: &mut &[u8]) -> Option<Event<'a>> {
        let Part { frame, compressed, chunk } = part;
        let event = match self.gather(compressed, chunk) {
            Ok(()) if !chunk.end => return None,
            Ok(()) => self.received_block(frame),
            Err(e) => self.fail(e),
        };
        if let State::Ended { .. } = self.state {
            *input = &[];
        }
        event
    }

    /// Judges what is in storage.
    fn received_block<'a>(&mut self, frame: Frame) -> Option<Event<'a>> {
        let found = Fields::parse(self.storage.as_slice()).map(|fields| {
            (Status::parse(fields).map(|status| status.code), fields.get("grpc-encoding"))
        });
        match (found, frame) {
            (Err(e), _) => self.fail(e),
            (Ok((Some(code), _)), _) => self.end_in(code),
            (Ok((None, encoding)), Frame::Head) => {
                let (known, foreign) = self.negotiate(encoding);
                self.decoder = self.decoder.clone().accept_compressed(known);
                self.state = State::Body { http: 200, begun: true, foreign, in_head: None };
                Some(Event::Head)
            }
            (Ok((None, _)), _) => self.end(End::Failed(Error::Http(self.http())), true),
        }
    }

    fn gather(&mut self, compressed: bool, chunk: Chunk<'_>) -> Result<(), Error> {
        if compressed {
            return Err(Error::TrailersCompressed);
        }
        if chunk.start {
            self.storage.clear();
        }
        let appended = self.storage.try_append(chunk.bytes);
        appended.map_err(|full| Error::TrailersTooLong { len: full.needed as u64 })
    }

    /// Takes the trailers of HTTP that end the response.
    pub fn receive_trailers<'h, H>(&mut self, trailers: H) -> Option<Event<'static>>
    where
        H: IntoIterator<Item = (&'h str, &'h [u8])>,
    {
        match self.state {
            State::Ended { .. } => None,
            State::Waiting { .. } => self.fail(Error::HeadMissing),
            State::Body { http, .. } => {
                let taken = self.take(trailers, true);
                self.end_by(&taken, http)
            }
        }
    }

    /// Takes the end of the response's body, behind which there are no trailers of HTTP.
    ///
    /// Over WebSocket, this is its close.
    pub fn receive_eof(&mut self) -> Option<Event<'static>> {
        let error = match self.state {
            State::Ended { .. } => return None,
            State::Waiting { .. } => Error::HeadMissing,
            State::Body { .. } if self.is_truncated() => Error::Truncated,
            State::Body { in_head: Some(code), .. } => return self.end_in(code),
            State::Body { http: 200, begun: true, .. } => Error::StatusMissing,
            State::Body { http, .. } => Error::Http(http),
        };
        self.end(End::Failed(error), true)
    }

    /// Takes a reset of the HTTP/2 stream, with its error code (PROTOCOL-HTTP2, *Errors*).
    pub fn receive_reset(&mut self, error: u32) -> Option<Event<'static>> {
        self.half_closed = true;
        self.end(End::Failed(Error::Reset(error)), true)
    }

    /// Takes the loss of the connection (PROTOCOL-HTTP2, *Connection failure*).
    pub fn disconnect(&mut self) -> Option<Event<'static>> {
        self.half_closed = true;
        self.end(End::Failed(Error::Disconnected), true)
    }

    /// Ends the call from this side.
    ///
    /// The code is [`Code::Cancelled`] if it is no longer wanted, [`Code::Internal`] if a message
    /// cannot be decompressed or parsed, [`Code::ResourceExhausted`] if there is no room for it
    /// (statuscodes.md).
    pub fn cancel(&mut self, code: Code) -> Option<Event<'static>> {
        self.end(End::Cancelled(code), false)
    }

    /// Sets when the call is over at the latest, in milliseconds on the scale of
    /// [`poll`](Self::poll): see [`Timeout::deadline`](crate::grpc::Timeout::deadline).
    pub const fn set_deadline(&mut self, at: u64) {
        self.deadline = Some(at);
    }

    /// When the call is over at the latest, unless it is already.
    pub const fn deadline(&self) -> Option<u64> {
        match self.state {
            State::Ended { .. } => None,
            _ => self.deadline,
        }
    }

    /// Ends the call if its deadline has passed.
    ///
    /// To be called before anything is received, too: what a server cancels after the deadline,
    /// it cancels for the deadline (PROTOCOL-HTTP2, *Client Cancellation*).
    pub fn poll(&mut self, now: u64) -> Option<Event<'static>> {
        match self.deadline {
            Some(at) if at <= now => self.end(End::DeadlineExceeded, false),
            _ => None,
        }
    }

    /// How the call ended, once it has.
    pub fn status(&self) -> Option<Status<'_>> {
        match &self.state {
            State::Ended { end: end @ End::Status(code), .. } => {
                let status = Status::parse(self.trailers());
                Some(status.map_or(end.status(), |status| Status { code: *code, ..status }))
            }
            State::Ended { end, .. } => Some(end.status()),
            _ => None,
        }
    }

    /// The trailers, once the call has ended with any; [`metadata`](crate::grpc::metadata()) finds the
    /// custom ones in them.
    pub fn trailers(&self) -> Fields<'_> {
        match self.state {
            State::Ended { end: End::Status(_), .. } => self.stored(),
            _ => Fields::default(),
        }
    }

    /// The head that came over WebSocket, until the trailers come.
    pub fn head(&self) -> Fields<'_> {
        match self.state {
            State::Body { in_head: None, .. } => self.stored(),
            _ => Fields::default(),
        }
    }

    /// What the peer did wrong, if it did.
    pub const fn error(&self) -> Option<Error> {
        match self.state {
            State::Ended { end: End::Failed(e), .. } => Some(e),
            _ => None,
        }
    }

    /// The error code to reset the HTTP/2 stream with, if that is due, once the call has ended
    /// (PROTOCOL-HTTP2, *Early Server Closure*, *Client Cancellation*).
    ///
    /// In HTTP/1.1 and over WebSocket, it is time to close the connection.
    pub const fn reset_code(&self) -> Option<u32> {
        match self.state {
            State::Ended { by_peer: false, .. } => Some(CANCEL),
            State::Ended { by_peer: true, .. } if !self.half_closed => Some(NO_ERROR),
            _ => None,
        }
    }

    /// Bytes of payload that the message being received still lacks: 0 between messages.
    pub const fn payload_remaining(&self) -> u64 {
        self.decoder.payload_remaining()
    }

    fn is_truncated(&self) -> bool {
        let text = self.text.as_ref().is_some_and(|text| text.check_eof().is_err());
        text || self.decoder.check_eof().is_err()
    }

    fn stored(&self) -> Fields<'_> {
        Fields::parse(self.storage.as_slice()).unwrap_or_default()
    }

    const fn http(&self) -> u16 {
        match self.state {
            State::Body { http, .. } => http,
            _ => 200,
        }
    }

    /// Goes through a head or trailers, and puts them in storage if they are to be kept.
    fn take<'h, H>(&mut self, headers: H, keep: bool) -> Taken<'h>
    where
        H: IntoIterator<Item = (&'h str, &'h [u8])>,
    {
        let mut taken = Taken::default();
        self.storage.clear();
        let mut writer = Append::new(&mut self.storage);
        let sink: &mut dyn Sink = &mut writer;
        for (name, value) in headers {
            match name.len() {
                11 if name.eq_ignore_ascii_case("grpc-status") => {
                    taken.code.get_or_insert(Code::parse(trim(value)).unwrap_or(Code::Unknown));
                }
                12 if name.eq_ignore_ascii_case("content-type") => {
                    taken.content_type = taken.content_type.or_else(|| ContentType::parse(value));
                }
                13 if name.eq_ignore_ascii_case("grpc-encoding") => {
                    taken.encoding.get_or_insert(value);
                }
                _ => {}
            }
            // Whoever parsed them has seen to it that they end no line.
            if keep && is_token(name.as_bytes()) && is_field_value(value) {
                taken.len = taken.len.saturating_add((name.len() + value.len() + 4) as u64);
                if taken.len <= self.max_trailers_len {
                    sink.field(name, value);
                }
            }
        }
        taken.lost = writer.finish().is_err() || taken.len > self.max_trailers_len;
        if taken.lost {
            self.storage.clear();
        }
        taken
    }

    /// Ends the call by trailers that came through HTTP, with this status.
    ///
    /// If they were lost, the code of an error still counts.
    fn end_by(&mut self, taken: &Taken<'_>, http: u16) -> Option<Event<'static>> {
        match taken.code {
            None => self.end(End::Failed(Error::Http(http)), true),
            Some(Code::Ok) if taken.lost => {
                self.end(End::Failed(Error::TrailersTooLong { len: taken.len }), true)
            }
            // What is wrong with what came matters only if all seems right.
            Some(Code::Ok) if self.is_truncated() => self.end(End::Failed(Error::Truncated), true),
            Some(code) => self.end_in(code),
        }
    }

    /// Ends the call by trailers that are in storage.
    fn end_in<'a>(&mut self, code: Code) -> Option<Event<'a>> {
        let end = match code {
            Code::Ok if self.responses.are_missing() => End::Failed(Error::MessageMissing),
            code => End::Status(code),
        };
        self.end(end, true)
    }

    #[cold]
    fn fail_decoding<'a>(&mut self, error: Error) -> Option<Event<'a>> {
        match (error, self.state) {
            (Error::CompressedUnexpected, State::Body { foreign: true, .. }) => {
                self.fail(Error::EncodingNotAccepted)
            }
            _ => self.fail(error),
        }
    }

    #[cold]
    fn fail<'a>(&mut self, error: Error) -> Option<Event<'a>> {
        self.end(End::Failed(error), false)
    }

    /// Ends the call, unless it is over.
    fn end<'a>(&mut self, end: End, by_peer: bool) -> Option<Event<'a>> {
        if let State::Ended { by_peer: already, .. } = &mut self.state {
            *already |= by_peer;
            return None;
        }
        self.state = State::Ended { end, by_peer };
        self.body.encoder.end();
        Some(Event::End(end.code()))
    }
}

/// What a head or trailers say.
#[derive(Default)]
struct Taken<'h> {
    code: Option<Code>,
    content_type: Option<ContentType>,
    encoding: Option<&'h [u8]>,
    /// Length of what was to be kept.
    len: u64,
    /// Whether there was no room to keep it.
    lost: bool,
}

impl<B> fmt::Debug for ClientCall<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientCall")
            .field("content_type", &self.content_type)
            .field("body", &self.body)
            .field("decoder", &self.decoder)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}
