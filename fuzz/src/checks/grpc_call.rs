//! gRPC calls in every framing and of every kind: one side alone, with any events in any order; and
//! both sides, joined through any cuts.

use core::time::Duration;
use framewright::grpc::web::{SocketDecoder, SocketPart};
use framewright::grpc::{
    CallKind, ClientCall, ClientRequest, Code, ContentType, Encodings, Event, Framing, Inbox,
    Limits, Message, MessageEvent, Path, Request, Reset, ResponseHead, SendError, ServerCall,
    ServerConfig, Status, Subtype, Trailing,
};
use framewright::http::{FieldValue, Headers};
use framewright::{Assembler, Chunk};

use super::input::{Cuts, Input};

/// ```text
/// | what | framing and kind | cuts: 4 | (what | what it needs ...)*
/// ```
pub fn check(data: &[u8]) {
    let mut input = Input::new(data);
    let (what, call) = (input.byte(), input.byte());
    let cuts = Cuts(input.bytes());
    let setup = Setup {
        framing: [Some(Framing::Grpc), Some(Framing::Web), Some(Framing::WebText), None]
            [usize::from(call & 3)],
        kind: [
            CallKind::Unary,
            CallKind::ClientStreaming,
            CallKind::ServerStreaming,
            CallKind::BidiStreaming,
        ][usize::from(call >> 2 & 3)],
        gzip: call & 16 != 0,
    };
    match what % 3 {
        0 => {
            let whole = client(setup, input, Cuts([0; 4]));
            assert_eq!(client(setup, input, Cuts([1; 4])), whole, "byte by byte");
            assert_eq!(client(setup, input, cuts), whole, "in pieces of {:?}", cuts.0);
        }
        1 => {
            let whole = server(setup, input, Cuts([0; 4]));
            assert_eq!(server(setup, input, Cuts([1; 4])), whole, "byte by byte");
            assert_eq!(server(setup, input, cuts), whole, "in pieces of {:?}", cuts.0);
        }
        _ => Pair::new(setup).run(input),
    }
}

#[derive(Clone, Copy, Debug)]
struct Setup {
    /// `None` means over WebSocket.
    framing: Option<Framing>,
    kind: CallKind,
    /// Whether messages may be compressed.
    gzip: bool,
}

const PATH: &str = "/pkg.Service/Method";
const LIMITS: Limits = Limits::new().max_message_len(40).max_trailers_len(100);

impl Setup {
    fn content_type(self) -> ContentType {
        ContentType { framing: self.framing.unwrap_or(Framing::Web), subtype: Subtype::PROTO }
    }

    fn client(self, limits: Limits, head: &mut Vec<u8>) -> ClientCall<Vec<u8>> {
        let path = Path::parse(PATH).expect("it is one");
        let timeout = Duration::from_millis(100);
        let mut request =
            ClientRequest::new(path).content_type(self.content_type()).timeout(timeout);
        if self.gzip {
            request = request.encoding("gzip").accept_encodings(Encodings::GZIP);
        }
        if self.framing.is_none() {
            request = request.over_socket();
        }
        request.write(head).expect("a Vec has room");
        request.call(self.kind, limits, Vec::new(), 0)
    }

    fn server(self, limits: Limits, head: &[u8]) -> ServerCall {
        let fields = Headers::parse_lax(head).expect("it was written");
        let request = match self.framing {
            None => Request::parse_socket(PATH, fields),
            Some(_) => Request::parse("POST", PATH, fields),
        };
        let request = request.expect("it was written");
        assert_eq!(request.content_type(), self.content_type());
        let config = ServerConfig::new().limits(limits).encodings(Encodings::GZIP);
        request.accept(self.kind, &config, 0).expect("the encoding is known")
    }
}

/// What a copy of a call does that hands out fields. They come back as the lines that the call itself
/// has to write, or else there is a body.
fn as_fields<T>(
    call: &ServerCall,
    act: impl FnOnce(&mut ServerCall, &mut Vec<u8>, &mut dyn FnMut(&str, FieldValue<'_>)) -> T,
) -> (T, Vec<u8>) {
    let (mut copy, mut body, mut lines) = (call.clone(), Vec::new(), Vec::new());
    let result = act(&mut copy, &mut body, &mut |name, value| {
        lines.extend([name.as_bytes(), b": ", &value.to_vec(), b"\r\n"].concat());
    });
    assert!(body.is_empty() || lines.is_empty(), "one or the other");
    lines.extend(body);
    (result, lines)
}

/// What the events of a call have said.
#[derive(Debug, Default, Eq, PartialEq)]
struct Seen {
    /// Whether it is compressed, its bytes, and whether it is complete.
    messages: Vec<(bool, Vec<u8>, bool)>,
    heads: usize,
    /// The compressed trailers, as they came.
    compressed_trailers: Vec<u8>,
    half_closes: usize,
    end: Option<Code>,
}

impl Seen {
    fn see(&mut self, event: Option<Event<'_>>) {
        let Some(event) = event else { return };
        assert_eq!(self.end, None, "nothing comes after the end: {event:?}");
        match event {
            Event::Head => self.heads += 1,
            Event::Message { compressed, chunk } => {
                if chunk.start {
                    assert!(self.messages.last().is_none_or(|last| last.2));
                    self.messages.push((compressed, vec![], false));
                }
                let last = self.messages.last_mut().expect("it begins with its first chunk");
                assert_eq!((last.0, last.2), (compressed, false));
                last.1.extend_from_slice(chunk.bytes);
                last.2 = chunk.end;
            }
            Event::CompressedTrailers(chunk) => {
                if chunk.start {
                    assert!(self.compressed_trailers.is_empty(), "once");
                }
                self.compressed_trailers.extend_from_slice(chunk.bytes);
            }
            Event::HalfClose => self.half_closes += 1,
            Event::End(code) => self.end = Some(code),
            _ => unreachable!("there are no other events"),
        }
    }

    /// Receives a body by parts. A twin of the call that receives whole messages has the same.
    fn receive<C: Clone>(
        &mut self,
        bytes: &[u8],
        cuts: Cuts,
        call: &mut C,
        plain: for<'b> fn(&mut C, &'b mut [u8]) -> &'b [u8],
        receive: for<'b> fn(&mut C, &mut &'b [u8]) -> Option<Event<'b>>,
        receive_message: impl Fn(&mut C, &mut &[u8], &mut Inbox<Vec<u8>>) -> Option<MessageEvent>,
    ) {
        let mut twin = call.clone();
        let (mut assembler, mut joined) = (Assembler::new(Vec::new()), Vec::new());
        let (mut inbox, mut whole) = (Inbox::new(Vec::new()), Vec::new());
        for piece in cuts.pieces(bytes) {
            let mut bytes = piece.to_vec();
            let mut input = plain(call, &mut bytes);
            while let Some(event) = receive(call, &mut input) {
                let message = match event {
                    Event::Message { chunk, .. } | Event::CompressedTrailers(chunk) => {
                        assembler.push(chunk).expect("a Vec has room")
                    }
                    _ => Some(&[][..]),
                };
                joined.extend(message.map(|bytes| (MessageEvent::from(event), bytes.to_vec())));
                self.see(Some(event));
            }
            assert!(input.is_empty(), "None means that all was taken");
            let mut bytes = piece.to_vec();
            let mut input = plain(&mut twin, &mut bytes);
            while let Some(event) = receive_message(&mut twin, &mut input, &mut inbox) {
                let bytes = match event {
                    MessageEvent::Message | MessageEvent::CompressedTrailers => {
                        inbox.message().bytes
                    }
                    _ => &[],
                };
                whole.push((event, bytes.to_vec()));
            }
            assert!(input.is_empty(), "None means that all was taken");
        }
        assert_eq!(whole, joined);
    }
}

/// The lines of a head or of trailers: some that have a meaning, or any bytes of the fuzzer.
fn fields<'a>(input: &mut Input<'a>) -> Headers<'a> {
    const LINES: [&[u8]; 8] = [
        b"content-type: application/grpc\r\n",
        b"content-type: application/grpc-web+proto\r\n",
        b"content-type: application/grpc-web-text\r\ngrpc-encoding: gzip\r\n",
        b"content-type: application/grpc\r\ngrpc-encoding: snappy\r\n",
        b"content-type: application/grpc-web\r\ngrpc-status: 99\r\n",
        b"grpc-status: 0\r\nx-key: value\r\n",
        b"grpc-status: 5\r\ngrpc-message: no %C3%A9\r\n",
        b"",
    ];
    let lines = match input.byte() {
        byte @ 0..8 => LINES[usize::from(byte)],
        _ => input.block(),
    };
    Headers::parse_lax(lines).unwrap_or_default()
}

/// A body, or a frame of one.
fn body(input: &mut Input<'_>, setup: Setup) -> Vec<u8> {
    let raw = match input.byte() {
        flags @ (0 | 1 | 0x80 | 0x81) => {
            let payload = match input.byte() % 4 {
                0 if flags == 0x80 => b"grpc-status: 0\r\n",
                1 if flags == 0x80 => &b"content-type: application/grpc\r\n"[..],
                _ => input.block(),
            };
            super::common::grpc::frame(flags, payload)
        }
        _ => input.block().to_vec(),
    };
    if setup.framing == Some(Framing::WebText) && input.byte() & 1 == 0 {
        let mut text = Vec::new();
        framewright::grpc::web::encode_text(&raw, &mut text).expect("a Vec has room");
        return text;
    }
    raw
}

/// Runs a client's call through any events; returns what it reported, the results of its methods,
/// and its output.
fn client(
    setup: Setup,
    mut input: Input<'_>,
    cuts: Cuts,
) -> (Seen, Vec<Result<(), SendError>>, Vec<u8>) {
    let mut call = setup.client(LIMITS, &mut Vec::new());
    let (mut seen, mut results, mut out) = (Seen::default(), vec![], vec![]);
    while !input.is_empty() {
        let before = out.len();
        let mut result = Ok(());
        match input.byte() % 16 {
            0..=2 => {
                let (status, end) = (input.byte(), input.byte() & 1 == 1);
                let status = match status {
                    0..=199 => 200,
                    other => 100 + u16::from(other - 199) * 8,
                };
                seen.see(call.receive_head(status, fields(&mut input), end));
            }
            3..=6 => {
                let body = body(&mut input, setup);
                seen.receive(
                    &body,
                    cuts,
                    &mut call,
                    ClientCall::decode_text_in_place,
                    ClientCall::receive,
                    ClientCall::receive_message,
                );
            }
            7 if input.byte() & 1 == 1 => {
                seen.see(call.receive_decompressed_trailers(input.block()));
            }
            7 => seen.see(call.receive_trailers(fields(&mut input))),
            8 => match input.byte() {
                0..=127 => seen.see(call.receive_eof()),
                128..=200 => seen.see(call.receive_reset(input.byte().into())),
                _ => seen.see(call.receive_disconnect()),
            },
            9 => seen.see(call.cancel(Code::ALL[usize::from(input.byte() % 17)])),
            10 => seen.see(call.poll(input.byte().into())),
            11 | 12 => {
                let compressed = input.byte() & 1 == 1;
                result = call.send(Message { bytes: input.block(), compressed }, &mut out);
            }
            13 => {
                let (len, compressed) = (input.byte(), input.byte() & 1 == 1);
                let body = call.body();
                result = body.and_then(|body| body.begin_message(len.into(), compressed, &mut out));
            }
            14 => {
                let (piece, body) = (input.block(), call.body());
                result = body.and_then(|body| body.encode_payload(piece, &mut out));
            }
            _ => result = call.half_close(&mut out),
        }
        assert!(result.is_ok() || out.len() == before, "nothing was written");
        results.push(result);
        client_is_consistent(&call, &seen);
    }
    seen.see(call.receive_disconnect());
    assert!(seen.end.is_some(), "exactly one end");
    assert!(seen.messages.iter().all(|message| message.1.len() <= 40), "the limit");
    client_is_consistent(&call, &seen);
    (seen, results, out)
}

fn client_is_consistent(call: &ClientCall<Vec<u8>>, seen: &Seen) {
    assert_eq!(call.status().map(|status| status.code), seen.end);
    assert!(call.error().is_none_or(|error| Some(error.code()) == seen.end));
    assert!(call.reset_code().is_none() || seen.end.is_some());
    assert_eq!(call.deadline().is_none(), seen.end.is_some());
    let held = |fields: Headers<'_>| fields.iter().map(|(n, v)| n.len() + v.len()).sum::<usize>();
    assert!(held(call.trailers()) <= 100 && held(call.socket_head()) <= 100, "the limit");
}

/// The same for a server's call.
fn server(
    setup: Setup,
    mut input: Input<'_>,
    cuts: Cuts,
) -> (Seen, Vec<Result<(), SendError>>, Vec<u8>) {
    let mut head = Vec::new();
    let _client = setup.client(LIMITS, &mut head);
    let mut call = setup.server(LIMITS, &head);
    call.set_deadline(100);
    let (mut seen, mut results, mut out) = (Seen::default(), vec![], vec![]);
    let mut written = 0;
    while !input.is_empty() {
        let before = out.len();
        let mut result = Ok(());
        match input.byte() % 16 {
            0..=4 => {
                let body = body(&mut input, setup);
                seen.receive(
                    &body,
                    cuts,
                    &mut call,
                    ServerCall::decode_text_in_place,
                    ServerCall::receive,
                    ServerCall::receive_message,
                );
            }
            5 => match input.byte() {
                0..=199 => seen.see(call.receive_eof()),
                200..=227 => seen.see(call.receive_reset(input.byte().into())),
                _ => seen.see(call.receive_disconnect()),
            },
            6 => seen.see(call.poll(input.byte().into())),
            7 | 8 => {
                let head = ResponseHead::new();
                let head = if input.byte() & 1 == 1 { head.encoding("gzip") } else { head };
                let twin =
                    as_fields(&call, |call, body, put| call.send_head_fields(head, body, put));
                result = call.send_head(head, &mut out);
                assert_eq!((result, &out[before..]), (twin.0, &twin.1[..]));
            }
            9 | 10 => {
                let compressed = input.byte() & 1 == 1;
                result = call.send(Message { bytes: input.block(), compressed }, &mut out);
            }
            11 => {
                let (len, compressed) = (input.byte(), input.byte() & 1 == 1);
                let body = call.body();
                result = body.and_then(|body| body.begin_message(len.into(), compressed, &mut out));
            }
            12 => {
                let (piece, body) = (input.block(), call.body());
                result = body.and_then(|body| body.encode_payload(piece, &mut out));
            }
            13 | 14 => {
                let owed = call.owes();
                let twin = as_fields(&call, |call, body, put| call.transmit_fields(body, put));
                let all = call.transmit(&mut out);
                assert_eq!((all, &out[before..]), (twin.0, &twin.1[..]));
                written += usize::from(all && owed);
            }
            _ => {
                let code = Code::ALL[usize::from(input.byte() % 17)];
                let (status, owed) = (Status::new(code, input.text()), call.owes());
                let twin =
                    as_fields(&call, |call, body, put| call.finish_fields(status, body, put));
                let finished = call.finish(status, &mut out);
                assert_eq!((finished, &out[before..]), (twin.0, &twin.1[..]));
                if finished.is_ok() {
                    written += usize::from(owed || seen.end.is_none());
                    seen.end.get_or_insert(code);
                }
                result = finished;
            }
        }
        assert!(result.is_ok() || out.len() == before, "nothing was written");
        results.push(result);
        assert_eq!(call.code(), seen.end);
        assert!(written <= 1 && (written == 0 || seen.end.is_some()), "trailers are sent once");
        assert!(!call.owes() || written == 0 && seen.end.is_some());
        assert_eq!(call.deadline().is_none(), seen.end.is_some());
    }
    seen.see(call.receive_disconnect());
    assert!(seen.end.is_some() && !call.owes());
    assert!(seen.messages.iter().all(|message| message.1.len() <= 40), "the limit");
    (seen, results, out)
}

/// A client and a server, and the bytes in flight between them.
struct Pair {
    setup: Setup,
    client: ClientCall<Vec<u8>>,
    server: ServerCall,
    socket: SocketDecoder,
    /// WebSocket messages, or the pieces of a body as they were written.
    up: Vec<Vec<u8>>,
    down: Vec<u8>,
    half_closed: bool,
    /// Whether the half-close has yet to reach the server.
    up_is_over: bool,
    head: Option<Vec<u8>>,
    trailers: Option<(Trailing, Vec<u8>)>,
    at_client: Seen,
    at_server: Seen,
    sent_up: Vec<(bool, Vec<u8>, bool)>,
    sent_down: Vec<(bool, Vec<u8>, bool)>,
    status: Option<(Code, String)>,
}

impl Pair {
    fn new(setup: Setup) -> Self {
        let mut head = Vec::new();
        let client = setup.client(Limits::new(), &mut head);
        let server = setup.server(Limits::new(), &head);
        let mut socket = SocketDecoder::new();
        if setup.framing.is_none() {
            let first = socket.decode(Chunk::whole(&head));
            assert!(matches!(first, Ok(Some(SocketPart::Head(chunk))) if chunk.bytes == head));
        }
        Self {
            setup,
            client,
            server,
            socket,
            up: vec![],
            down: vec![],
            half_closed: false,
            up_is_over: false,
            head: None,
            trailers: None,
            at_client: Seen::default(),
            at_server: Seen::default(),
            sent_up: vec![],
            sent_down: vec![],
            status: None,
        }
    }

    fn run(mut self, mut input: Input<'_>) {
        while !input.is_empty() {
            match input.byte() % 8 {
                0 | 1 => self.send_up(input.block(), input.byte() & 1 == 1),
                2 | 3 => self.send_down(input.block(), input.byte() & 1 == 1),
                4 => self.half_close(),
                5 => self.deliver_up(input.byte().into()),
                6 => self.deliver_down(input.byte().into()),
                _ if input.byte() & 3 == 0 => {
                    let code = Code::ALL[usize::from(input.byte() % 17)];
                    self.finish(code, input.text());
                }
                _ => self.send_head(),
            }
        }
        // Do whatever is missing for a good end.
        self.send_up(b"", false);
        self.half_close();
        self.deliver_up(usize::MAX);
        self.send_head();
        self.send_down(b"", false);
        self.finish(Code::Ok, "");
        self.deliver_down(usize::MAX);
        self.deliver_down(usize::MAX);

        let (code, message) = self.status.expect("a call that is finished");
        assert_eq!(self.at_client.end, Some(code), "{:?}", self.client);
        let status = self.client.status().expect("it is over");
        assert_eq!(status.message.to_string(), message);
        assert_eq!(self.at_client.messages, self.sent_down);
        // A server that finished early need not have read everything, not even all of a message.
        self.at_server.messages.pop_if(|message| !message.2);
        assert!(self.sent_up.starts_with(&self.at_server.messages));
        assert_eq!(self.server.error(), None);
        assert_eq!(self.client.error(), None);
        // The client gives up a request that the server did not wait for.
        assert_eq!(self.client.reset_code(), (!self.half_closed).then_some(Reset::Now(0)));
    }

    fn send_up(&mut self, bytes: &[u8], compressed: bool) {
        let mut out = Vec::new();
        if self.client.send(Message { bytes, compressed }, &mut out).is_ok() {
            self.sent_up.push((compressed, bytes.to_vec(), true));
            self.up.push(out);
        }
    }

    fn half_close(&mut self) {
        let mut out = Vec::new();
        if self.client.half_close(&mut out).is_ok() {
            (self.half_closed, self.up_is_over) = (true, true);
            if !out.is_empty() {
                self.up.push(out);
            }
        }
    }

    fn send_head(&mut self) {
        let mut out = Vec::new();
        let head = ResponseHead::new();
        let head = if self.setup.gzip { head.encoding("gzip") } else { head };
        if self.server.send_head(head, &mut out).is_ok() {
            if self.setup.framing.is_none() {
                self.down.extend(out);
            } else {
                self.head = Some(out);
            }
        }
    }

    fn send_down(&mut self, bytes: &[u8], compressed: bool) {
        if self.server.send(Message { bytes, compressed }, &mut self.down).is_ok() {
            self.sent_down.push((compressed, bytes.to_vec(), true));
        }
    }

    fn finish(&mut self, code: Code, message: &str) {
        let mut out = Vec::new();
        if self.server.code().is_some() {
            return;
        }
        if self.server.finish(Status::new(code, message), &mut out).is_err() {
            return;
        }
        match self.server.trailing() {
            Trailing::Body => self.down.extend(out),
            trailing => self.trailers = Some((trailing, out)),
        }
        self.status = Some((code, message.to_owned()));
    }

    fn deliver_up(&mut self, len: usize) {
        let mut left = len;
        while left > 0 && !self.up.is_empty() {
            let mut whole = self.up.remove(0);
            let rest = whole.split_off(whole.len().min(left));
            left -= whole.len();
            if self.setup.framing.is_none() {
                let end = rest.is_empty();
                // The decoder ignores `start`.
                let part = self.socket.decode(Chunk { bytes: &whole, start: true, end });
                match part.expect("a client of ours") {
                    Some(SocketPart::Data(mut data)) => {
                        while let Some(event) = self.server.receive(&mut data) {
                            self.at_server.see(Some(event));
                        }
                    }
                    Some(SocketPart::HalfClose) => {
                        self.at_server.see(self.server.receive_eof());
                    }
                    Some(SocketPart::Head(_)) => unreachable!("it came first"),
                    None => {}
                }
            } else {
                let mut input = self.server.decode_text_in_place(&mut whole);
                while let Some(event) = self.server.receive(&mut input) {
                    self.at_server.see(Some(event));
                }
            }
            if !rest.is_empty() {
                self.up.insert(0, rest);
            }
        }
        let over = self.up_is_over && self.up.is_empty() && self.setup.framing.is_some();
        if over {
            self.at_server.see(self.server.receive_eof());
            self.up_is_over = false;
        }
    }

    fn deliver_down(&mut self, len: usize) {
        if let Some(head) = self.head.take() {
            let fields = Headers::parse_lax(&head).expect("it was written");
            self.at_client.see(self.client.receive_head(200, fields, false));
        }
        if let Some((Trailing::TrailersOnly, lines)) = &self.trailers {
            let fields = Headers::parse_lax(lines).expect("it was written");
            self.at_client.see(self.client.receive_head(200, fields, true));
            return;
        }
        let mut piece: Vec<u8> = self.down.drain(..len.min(self.down.len())).collect();
        let mut input = self.client.decode_text_in_place(&mut piece);
        while let Some(event) = self.client.receive(&mut input) {
            self.at_client.see(Some(event));
        }
        if self.down.is_empty() && self.status.is_some() {
            let event = match &self.trailers {
                Some((_, lines)) => {
                    let fields = Headers::parse_lax(lines).expect("it was written");
                    self.client.receive_trailers(fields)
                }
                None => self.client.receive_eof(),
            };
            self.at_client.see(event);
        }
    }
}
