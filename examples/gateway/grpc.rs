//! Calls of the Echo service in gRPC-Web.

use framewright::Assembler;
use framewright::grpc::{
    self, CallKind, Code, Event, Framing, ResponseHead, ServerCall, Status, Trailers, Trailing,
    Value, metadata,
};
use framewright::http::FieldValue;
use framewright::http1::{self, Body, BodyDecoder, BodyEncoder, Decoded, Request, ResponseWriter};

use crate::Shared;
use crate::cors::{self, Headers};
use crate::echo::{self, EchoReply, EchoRequest, GZIP, MAX_LEN};
use crate::events::Filled;
use crate::output::Output;

/// Replies are written at most this many bytes ahead of their reader.
const AHEAD: usize = 64 * 1024;

/// How long a request may take to arrive, in ms.
const REQUEST_WITHIN: u64 = 60_000;

/// A call of the Echo service in gRPC-Web, over HTTP/1.1: unary, or with a stream of replies.
pub struct Call {
    call: ServerCall,
    /// The request's body, and the message in it.
    body: BodyDecoder,
    assembler: Assembler<Vec<u8>>,
    request: Option<Result<EchoRequest, Status<'static>>>,
    kind: CallKind,
    /// Whether the request is complete, so that the answer can begin.
    half_closed: bool,
    /// The response's body.
    response: BodyEncoder,
    next: Reply,
    /// When the request began, in milliseconds since the start.
    since: u64,
    /// Metadata to be sent back as trailers.
    echoed: Vec<(String, Echoed)>,
    persistent: bool,
}

/// The next reply to be sent.
struct Reply {
    index: u32,
    /// Milliseconds since the start.
    at: u64,
}

enum Echoed {
    Text(String),
    Base64(Vec<u8>),
}

/// The result of a request for the service.
pub enum Opened {
    Call(Box<Call>),
    /// It was answered.
    Answered,
    /// It was answered, and the connection ends.
    Closing,
    /// It is to be refused with this status.
    Refused(u16),
}

impl Call {
    /// Answers a request for the service, if it is one.
    pub fn open(
        request: &Request<'_>,
        path: &str,
        out: &mut Output,
        shared: &Shared,
    ) -> Option<Opened> {
        path.starts_with("/echo.Echo/").then(|| Self::begin(request, path, out, shared))
    }

    fn begin(request: &Request<'_>, path: &str, out: &mut Output, shared: &Shared) -> Opened {
        if cors::is_preflight(request) {
            answer(ResponseWriter::new(204), &cors::answer_to_preflight(request), out);
            return Opened::Answered;
        }
        let (call, kind) = match accept(request, path, shared) {
            Ok(accepted) => accepted,
            Err(refusal) => {
                let mut headers = cors::response_headers(&[]);
                refusal
                    .fields(|name, value| headers.push((name.to_owned(), value.to_vec())))
                    .expect("nothing in it comes from the client");
                // There may be a body that nobody reads, so the connection ends here.
                answer(ResponseWriter::new(refusal.http_status()).close(), &headers, out);
                return Opened::Closing;
            }
        };
        Self::respond(call, kind, request, out, shared)
    }

    fn respond(
        mut call: ServerCall,
        kind: CallKind,
        request: &Request<'_>,
        out: &mut Output,
        shared: &Shared,
    ) -> Opened {
        if !matches!(kind, CallKind::Unary | CallKind::ServerStreaming) {
            // A browser cannot stream requests, and neither can this.
            return Opened::Refused(501);
        }
        let echoed = metadata(request.headers()).filter(|(name, _)| name.starts_with("x-echo-"));
        let echoed: Vec<_> = echoed.collect();
        let names: Vec<_> = echoed.iter().map(|(name, _)| *name).collect();
        let mut headers = cors::response_headers(&names);
        let head = ResponseHead::new().metadata(&echoed);
        let put = |name: &str, value: FieldValue<'_>| {
            headers.push((name.to_owned(), value.to_vec()));
        };
        if call.send_head_fields(head, &mut Vec::new(), put).is_err() {
            return Opened::Refused(400);
        }
        let persistent = request.is_persistent();
        let response = ResponseWriter::new(200);
        let response = if persistent { response } else { response.close() };
        let response =
            response.headers(&headers).begin(Body::of_unknown_len(request.version()), out);
        let Ok(response) = response else { return Opened::Refused(400) };
        let echoed = echoed.iter().map(|(name, value)| {
            let value = match value {
                Value::Text(text) => Echoed::Text((*text).to_owned()),
                Value::Bytes(bytes) | Value::Base64(bytes) => Echoed::Base64(bytes.to_vec()),
            };
            (name.replacen("x-echo-", "x-trailer-", 1), value)
        });
        let mut call = Box::new(Self {
            call,
            body: BodyDecoder::new(request.body(), http1::Limits::new()),
            assembler: Assembler::new(Vec::new()),
            request: None,
            kind,
            half_closed: false,
            response,
            next: Reply { index: 0, at: shared.now },
            since: shared.now,
            echoed: echoed.collect(),
            persistent,
        });
        // The body may be empty, and then no bytes of it will come.
        call.receive(&mut []);
        Opened::Call(call)
    }

    /// Whether the connection can be used for another request after this. It cannot if the call ends
    /// before its request, because the rest of the request would be read as the next one.
    pub fn is_persistent(&self) -> bool {
        self.persistent && self.body.is_complete()
    }

    /// Receives a piece of the request's body.
    pub fn receive(&mut self, mut input: &mut [u8]) {
        loop {
            match self.body.decode(&mut input) {
                Ok(Decoded::Part(part)) => {
                    let end = part.end;
                    let mut bytes = self.call.decode_text_in_place(part.bytes);
                    while let Some(event) = self.call.receive(&mut bytes) {
                        let Event::Message { compressed, chunk } = event else { continue };
                        if let Some(bytes) = self.assembler.push(chunk).expect("a Vec has room") {
                            self.request = Some(echo::decode(compressed, bytes));
                        }
                    }
                    if end {
                        self.call.receive_eof();
                        self.half_closed = true;
                    }
                }
                // A client that sends more before the answer gets no other answer.
                Ok(Decoded::Complete) => return self.persistent &= input.is_empty(),
                Ok(Decoded::NeedMore) => return,
                Err(_) => {
                    self.call.disconnect();
                    self.persistent = false;
                    return;
                }
            }
        }
    }

    /// Writes replies, but not too far ahead of their reader, and the status at the end.
    pub fn fill(&mut self, out: &mut Output, shared: &mut Shared) -> Filled {
        self.call.poll(shared.now);
        let mut bytes = std::mem::take(&mut shared.scratch);
        bytes.clear();
        let filled = self.reply(AHEAD.saturating_sub(out.pending()), &mut bytes, shared.now);
        self.response.encode(&bytes, out).expect("a Vec has room");
        if matches!(filled, Filled::End) {
            self.response.finish(out).expect("a Vec has room");
        }
        shared.scratch = bytes;
        filled
    }

    fn reply(&mut self, room: usize, bytes: &mut Vec<u8>, now: u64) -> Filled {
        if self.call.owes() || self.call.code().is_some() {
            self.call.transmit(bytes);
            return Filled::End;
        }
        if !self.half_closed {
            let deadline = self.since + REQUEST_WITHIN;
            if now < deadline {
                return Filled::Until(self.call.deadline().unwrap_or(deadline).min(deadline));
            }
            self.persistent = false;
            return self
                .finish(Status::new(Code::DeadlineExceeded, "the request took too long"), bytes);
        }
        let request = match &self.request {
            Some(Ok(request)) => request,
            Some(Err(status)) => return self.finish(*status, bytes),
            None => return self.finish(Status::new(Code::Internal, "no message"), bytes),
        };
        let code = u8::try_from(request.code).ok().and_then(Code::from_u8).unwrap_or(Code::Unknown);
        let count = match self.kind {
            CallKind::Unary => u32::from(code == Code::Ok),
            _ => request.count,
        };
        while self.next.index < count {
            if bytes.len() >= room {
                return Filled::Enough;
            }
            if now < self.next.at {
                return Filled::Until(self.next.at.min(self.call.deadline().unwrap_or(u64::MAX)));
            }
            let reply = EchoReply {
                text: request.text.clone(),
                index: self.next.index,
                payload: request.payload.clone(),
            };
            let sent = echo::encode(&reply, false, |message| self.call.send(message, bytes));
            if sent.is_err() {
                return self.finish(Status::new(Code::Internal, "cannot reply"), bytes);
            }
            self.next = Reply { index: self.next.index + 1, at: now + u64::from(request.delay_ms) };
        }
        let error = request.error.clone();
        self.finish(Status::new(code, &error), bytes)
    }

    fn finish(&mut self, status: Status<'_>, bytes: &mut Vec<u8>) -> Filled {
        let echoed = self.echoed.iter().map(|(name, value)| {
            let value = match value {
                Echoed::Text(text) => Value::Text(text),
                Echoed::Base64(bytes) => Value::Base64(bytes),
            };
            (name.as_str(), value)
        });
        let echoed: Vec<_> = echoed.collect();
        debug_assert_eq!(self.call.trailing(), Trailing::Body, "the head was sent");
        let finished = self.call.finish(Trailers::new(status).metadata(&echoed), bytes);
        debug_assert_eq!(finished, Ok(()));
        Filled::End
    }
}

/// Accepts or refuses the head of a request.
fn accept<'a>(
    request: &Request<'a>,
    path: &'a str,
    shared: &Shared,
) -> Result<(ServerCall, CallKind), grpc::Refusal<'static>> {
    let request = grpc::Request::parse(request.method(), path, request.headers())?;
    let kind = echo::kind(request.path()).ok_or_else(|| request.unimplemented())?;
    if request.content_type().framing == Framing::Grpc {
        return Err(request.refuse(Status::new(Code::Unimplemented, "gRPC itself needs HTTP/2")));
    }
    let mut call = request.accept(kind, grpc::Limits::new().max_message_len(MAX_LEN), &[GZIP])?;
    if let Some(timeout) = request.timeout() {
        call.set_deadline(timeout.deadline(shared.now));
    }
    Ok((call, kind))
}

/// Writes a response with these headers and no body.
fn answer(response: ResponseWriter<'_>, headers: &Headers, out: &mut Output) {
    response.headers(headers).write(out).expect("they were checked, and a Vec has room");
}
