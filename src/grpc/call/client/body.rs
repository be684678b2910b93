//! The body of the response: messages, and what comes in place of one.

use super::{ClientCall, State, Statusless};
use crate::Buffer;
use crate::grpc::call::{NamedEncoding, Outcome};
use crate::grpc::{Error, Event, Frame, Part, Status};

impl<B: Buffer> ClientCall<B> {
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
    /// [`Limits::max_trailers_len`](crate::grpc::Limits::max_trailers_len) bytes for them: that is
    /// the limit for the caller's decompressor, too. If they cannot be decompressed, [`cancel`](Self::cancel) the call with
    /// [`Code::Internal`](crate::grpc::Code::Internal).
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

    /// The encoding of the compressed messages that the server sends, once the head has come.
    pub fn encoding(&self) -> Option<&str> {
        self.encodings.get(self.encoding?)
    }

    /// Bytes of payload that the message being received still lacks: 0 between messages.
    pub const fn payload_remaining(&self) -> u64 {
        self.response.payload_remaining()
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
}
