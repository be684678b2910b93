//! Calls of the Echo service, whatever carries them.

use std::collections::VecDeque;

use framewright::Buffer;
use framewright::grpc::{
    self, CallKind, Code, ContentType, Encodings, Framing, Inbox, MessageEvent, MetadataList,
    Refusal, Request, ResponseHead, ServerCall, Status, Trailers, Value, metadata,
};

use crate::echo::{self, CONFIG, EchoReply, EchoRequest, GZIP, MAX_LEN};
use crate::figures::Progress;
use crate::request::{self, Headers};
use crate::response::{FieldList, Response};
use crate::service::Filled;

/// How long a message of a request may take, in ms.
const MESSAGE_WITHIN: u64 = 60_000;

/// Whether a path is one of the service's.
pub fn is_method(path: &str) -> bool {
    path.starts_with("/echo.Echo/")
}

/// Whether a request is a call, of this service or another.
pub fn is_call(request: &request::Request<'_>) -> bool {
    let content_type = request.headers.get("content-type").and_then(ContentType::parse);
    is_method(request.path) || request.method == "POST" && content_type.is_some()
}

/// What carries a call.
#[derive(Clone, Copy, Eq, PartialEq)]
pub enum Carrier {
    Http1,
    Http2,
    WebSocket,
}

/// One call, of any kind.
pub struct EchoCall {
    call: ServerCall,
    kind: CallKind,
    inbox: Inbox<Vec<u8>>,
    /// Requests that wait for their replies.
    requests: VecDeque<EchoRequest>,
    /// The texts of a `ClientStream`.
    joined: String,
    /// Number of requests.
    count: u32,
    /// Why the call ends early.
    failed: Option<Status<'static>>,
    /// Whether the client has sent everything.
    half_closed: bool,
    /// The next reply's index, and when it is due.
    index: u32,
    due: u64,
    /// When the last message was complete, or the call began.
    message_at: u64,
    /// Metadata to be sent back as trailers.
    trailers: MetadataList<Vec<u8>>,
    /// Whether replies are sent compressed.
    compress: bool,
    /// When the call ends at the latest because the gateway does.
    ends_at: u64,
    /// What is to be counted of it.
    progress: Progress,
}

/// A metadata's name and value as the client sent them.
pub type Metadata<'a> = Vec<(&'a str, Value<'a>)>;

/// The metadata that come back: in the head, and with another name in the trailers.
pub fn echoed(headers: Headers<'_>) -> Metadata<'_> {
    // HTTP/1.1 brings names in any case.
    let is_echoed = |name: &str| name.to_ascii_lowercase().starts_with("x-echo-");
    metadata(headers).filter(|(name, _)| is_echoed(name)).collect()
}

impl EchoCall {
    /// Accepts or refuses the head of a request.
    pub fn accept(
        method: &str,
        path: &str,
        headers: Headers<'_>,
        carrier: Carrier,
        now: u64,
    ) -> Result<Self, Refusal<'static>> {
        let request = match carrier {
            Carrier::WebSocket => Request::parse_socket(path, headers)?,
            Carrier::Http1 | Carrier::Http2 => Request::parse(method, path, headers)?,
        };
        let kind = echo::kind(request.path()).ok_or_else(|| request.unimplemented())?;
        let refuse = |text| Err(request.refuse(Status::new(Code::Unimplemented, text)));
        let is_native = request.content_type().framing == Framing::Grpc;
        let call = match carrier {
            Carrier::Http1 if is_native => return refuse("gRPC itself needs HTTP/2"),
            // Browsers send a request only as a whole, and proxies gather it.
            Carrier::Http1
                if matches!(kind, CallKind::ClientStreaming | CallKind::BidiStreaming) =>
            {
                return refuse("streams of requests need WebSocket or HTTP/2");
            }
            _ => request.accept(kind, &CONFIG, now)?,
        };
        let mut trailers = MetadataList::new(Vec::new());
        for (name, value) in echoed(headers) {
            let name = name.to_ascii_lowercase().replacen("x-echo-", "x-trailer-", 1);
            trailers.push(&name, value).expect("what came can be sent, and a Vec has room");
        }
        Ok(Self {
            call,
            kind,
            inbox: Inbox::new(Vec::new()),
            requests: VecDeque::new(),
            joined: String::new(),
            count: 0,
            failed: None,
            half_closed: false,
            index: 0,
            due: now,
            message_at: now,
            trailers,
            compress: headers.get("x-echo-gzip") == Some(b"1")
                && Encodings::GZIP.choose(headers).is_some(),
            ends_at: u64::MAX,
            progress: Progress::new(kind),
        })
    }

    /// Writes the head to `fields`, or over WebSocket to `body`.
    pub fn send_head(
        &mut self,
        metadata: &Metadata<'_>,
        fields: &mut FieldList,
        body: &mut impl Buffer,
    ) -> Result<(), grpc::SendError> {
        let mut head = ResponseHead::new().metadata(metadata);
        if self.compress {
            head = head.encoding(GZIP);
        }
        self.call.send_head_fields(head, body, |name, value| fields.put(name, value))
    }

    /// Decodes base64 in place, if the body is in base64.
    pub fn decode_text_in_place<'a>(&mut self, bytes: &'a mut [u8]) -> &'a [u8] {
        self.call.decode_text_in_place(bytes)
    }

    /// Receives a piece of the request's body.
    pub fn receive(&mut self, mut input: &[u8], now: u64) {
        while let Some(event) = self.call.receive_message(&mut input, &mut self.inbox) {
            let MessageEvent::Message = event else { continue };
            self.message_at = now;
            let message = self.inbox.message();
            self.progress.message(message.bytes.len());
            match echo::decode(message.compressed, message.bytes) {
                Ok(request) => self.take(request),
                Err(status) => self.failed = self.failed.or(Some(status)),
            }
        }
        self.inbox.release(); // holds no memory between messages
    }

    fn take(&mut self, request: EchoRequest) {
        if self.kind != CallKind::ClientStreaming || request.code != 0 {
            return self.requests.push_back(request);
        }
        if self.count > 0 {
            self.joined.push(',');
        }
        self.joined.push_str(&request.text);
        self.count += 1;
        if self.joined.len() as u64 > MAX_LEN {
            self.failed = Some(Status::new(Code::ResourceExhausted, "the reply is too long"));
        }
    }

    /// Whether requests of a stream wait for their replies. More should wait with the client: they are small if they are
    /// compressed, and their replies are not.
    pub fn is_behind(&self) -> bool {
        self.kind == CallKind::BidiStreaming && !self.requests.is_empty()
    }

    /// Receives the end of the request's body.
    pub fn receive_eof(&mut self) {
        self.call.receive_eof();
        self.half_closed = true;
    }

    /// Notes that the request's body was cut off, perhaps between two messages.
    pub fn cut_off(&mut self) {
        self.receive_eof();
        self.failed.get_or_insert(Status::new(Code::Internal, "the request was cut off"));
    }

    /// Ends the call because the gateway ends.
    pub fn shut_down(&mut self, out: &mut Response) -> Filled {
        self.finish(Status::new(Code::Unavailable, "the gateway shuts down"), out)
    }

    /// What it has done, to be counted.
    pub const fn progress(&mut self) -> &mut Progress {
        &mut self.progress
    }

    /// Lets the call go on until then, and no longer.
    pub fn end_by(&mut self, at: u64) {
        self.ends_at = at;
    }

    /// Writes replies until about `room` bytes wait to be sent, and the status at the end.
    pub fn fill(&mut self, room: usize, out: &mut Response, now: u64) -> Filled {
        self.call.poll(now);
        if self.call.code().is_some() {
            return self.finish(Status::OK, out);
        }
        if let Some(status) = self.failed {
            return self.finish(status, out);
        }
        if now >= self.ends_at {
            return self.shut_down(out);
        }
        match self.reply_to_requests(room, out, now) {
            Filled::Until(time) => Filled::Until(time.min(self.ends_at)),
            filled => filled,
        }
    }

    fn reply_to_requests(&mut self, room: usize, out: &mut Response, now: u64) -> Filled {
        match self.kind {
            // A request with an error ends a stream of requests at once.
            CallKind::ClientStreaming if !self.requests.is_empty() => self.fail_as_asked(out),
            CallKind::Unary | CallKind::ServerStreaming if self.half_closed => {
                self.reply_to_one(room, out, now)
            }
            CallKind::ClientStreaming if self.half_closed => {
                let text = std::mem::take(&mut self.joined);
                let reply = EchoReply { text, index: self.count, payload: Vec::new() };
                self.send(&reply, out);
                self.finish(Status::OK, out)
            }
            CallKind::BidiStreaming => self.reply_to_each(room, out, now),
            _ => self.wait(out, now),
        }
    }

    /// Waits for more of the request, but not without limit.
    fn wait(&mut self, out: &mut Response, now: u64) -> Filled {
        let deadline = self.message_at + MESSAGE_WITHIN;
        if now < deadline {
            return Filled::Until(self.call.deadline().unwrap_or(deadline).min(deadline));
        }
        self.finish(Status::new(Code::DeadlineExceeded, "the request took too long"), out)
    }

    fn reply_to_one(&mut self, room: usize, out: &mut Response, now: u64) -> Filled {
        let Some(request) = self.requests.front().cloned() else {
            return self.finish(Status::new(Code::Internal, "no message"), out);
        };
        let count = match self.kind {
            CallKind::Unary => u32::from(request.code == 0),
            _ => request.count,
        };
        while self.index < count {
            if out.body.pending() >= room {
                return Filled::Enough;
            }
            if now < self.due {
                return Filled::Until(self.due.min(self.call.deadline().unwrap_or(u64::MAX)));
            }
            self.due = now + u64::from(request.delay_ms);
            self.reply(&request, out);
        }
        self.fail_as_asked(out)
    }

    fn reply_to_each(&mut self, room: usize, out: &mut Response, now: u64) -> Filled {
        while let Some(request) = self.requests.front() {
            if request.code != 0 {
                return self.fail_as_asked(out);
            }
            if out.body.pending() >= room {
                return Filled::Enough;
            }
            let request = request.clone();
            self.reply(&request, out);
            self.requests.pop_front();
        }
        if self.half_closed { self.finish(Status::OK, out) } else { self.wait(out, now) }
    }

    fn reply(&mut self, request: &EchoRequest, out: &mut Response) {
        let (text, payload) = (request.text.clone(), request.payload.clone());
        let reply = EchoReply { text, index: self.index, payload };
        self.index += 1;
        self.send(&reply, out);
    }

    fn send(&mut self, reply: &EchoReply, out: &mut Response) {
        let from = out.body.pending();
        let sent = echo::encode(reply, self.compress, |message| {
            self.call.send(message, out.body.buffer())
        });
        if sent.is_err() {
            self.failed = Some(Status::new(Code::Internal, "cannot reply"));
        }
        self.progress.message(out.body.pending() - from);
    }

    /// Ends the call with the status that the first of the waiting requests asks for.
    fn fail_as_asked(&mut self, out: &mut Response) -> Filled {
        let (code, text) = match self.requests.pop_front() {
            Some(request) => (request.code, request.error),
            None => (0, String::new()),
        };
        self.finish(Status::new(code.into(), &text), out)
    }

    fn finish(&mut self, status: Status<'_>, out: &mut Response) -> Filled {
        self.progress.end();
        let status = self.failed.unwrap_or(status);
        let trailers = Trailers::new(status).metadata(&self.trailers);
        // If the call has ended by itself, it knows why, and says that instead.
        let Response { body, trailers: fields, .. } = out;
        let _ended =
            self.call.finish_fields(trailers, body.buffer(), |name, value| fields.put(name, value));
        Filled::End
    }
}
