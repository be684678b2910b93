//! The services: `echo.Echo` and `grpc.testing.TestService`.
//!
//! Each message adds steps to a call, which are taken one after another, and the ending comes after them.

use std::collections::VecDeque;

use framewright::grpc::{
    CallKind, Code, Encodings, Message, MetadataList, Path, ServerConfig, metadata,
};
use framewright::http2::Headers;
use prost::Message as _;

use crate::echo::{self, EchoReply, EchoRequest, GZIP};
use crate::event_loop::{Begun, Ending, Next, Service};
use crate::messages::{
    EchoStatus, PayloadResponse, SimpleRequest, StreamingInputCallRequest,
    StreamingInputCallResponse, StreamingOutputCallRequest, details, zeros,
};

/// How many bytes may wait to be sent before the client has to.
const ENOUGH: usize = 64 * 1024;
/// How many may wait at all: a short request can ask for much.
const MAX_UNREAD: usize = 64 << 20;

pub struct Services;

/// What is kept of a call.
pub struct Call {
    method: Method,
    kind: CallKind,
    /// Whether replies are sent compressed.
    compress: bool,
    is_half_closed: bool,
    steps: VecDeque<Step>,
    /// How many bytes wait in them.
    unread: usize,
    /// The status after them.
    end: Option<Ending>,
    /// How many messages have come.
    count: u32,
    /// Of an `echo.Echo/ClientStream`.
    texts: Vec<String>,
    /// Of a `StreamingInputCall`.
    size: usize,
}

#[derive(Clone, Copy)]
enum Method {
    Echo,
    EmptyCall,
    UnaryCall,
    StreamingInputCall,
    /// And `FullDuplexCall`.
    StreamingOutputCall,
    /// Replies come after all requests.
    HalfDuplexCall,
}

enum Step {
    Send(Vec<u8>),
    /// In ms.
    Pause(u64),
    WaitUntil(u64),
    /// What is left of an `echo.Echo/ServerStream`: its request, the index of the next reply, and whether the pause
    /// before that is over.
    Repeat(EchoRequest, u32, bool),
}

impl Service for Services {
    type Call = Call;

    const CONFIG: ServerConfig<'static> = echo::CONFIG;

    fn begin(&mut self, path: &str, headers: Headers<'_>) -> Option<Begun<Call>> {
        let (method, kind) = match path {
            "/grpc.testing.TestService/EmptyCall" => (Method::EmptyCall, CallKind::Unary),
            "/grpc.testing.TestService/UnaryCall" => (Method::UnaryCall, CallKind::Unary),
            "/grpc.testing.TestService/StreamingInputCall" => {
                (Method::StreamingInputCall, CallKind::ClientStreaming)
            }
            "/grpc.testing.TestService/StreamingOutputCall" => {
                (Method::StreamingOutputCall, CallKind::ServerStreaming)
            }
            "/grpc.testing.TestService/FullDuplexCall" => {
                (Method::StreamingOutputCall, CallKind::BidiStreaming)
            }
            "/grpc.testing.TestService/HalfDuplexCall" => {
                (Method::HalfDuplexCall, CallKind::BidiStreaming)
            }
            _ => (Method::Echo, echo::kind(Path::parse(path)?)?),
        };
        let compress = headers.get("x-echo-gzip").is_some_and(|value| value == b"1")
            && Encodings::GZIP.choose(headers).is_some();
        let call = Call {
            method,
            kind,
            compress,
            is_half_closed: false,
            steps: VecDeque::new(),
            unread: 0,
            end: None,
            count: 0,
            texts: Vec::new(),
            size: 0,
        };
        let (metadata, trailing_metadata) = echoed(headers);
        let encoding = compress.then_some(GZIP);
        Some(Begun { call, kind, encoding, metadata, trailing_metadata })
    }

    fn message(&mut self, call: &mut Call, message: Message<'_>) {
        if call.end.is_none() {
            call.end = call.receive(message).err();
        }
    }

    fn is_full(&self, call: &Call) -> bool {
        call.unread > ENOUGH
    }

    fn half_close(&mut self, call: &mut Call) {
        call.is_half_closed = true;
        if call.end.is_some() {
            return;
        }
        match call.method {
            Method::Echo if call.kind == CallKind::ClientStreaming => {
                let (text, index) = (call.texts.join(","), call.count);
                call.send(&EchoReply { text, index, payload: Vec::new() });
            }
            Method::StreamingInputCall => {
                let aggregated_payload_size = call.size as i32;
                call.send(&StreamingInputCallResponse { aggregated_payload_size });
            }
            _ => {}
        }
        call.end = Some(Ending::new(Code::Ok, ""));
    }

    fn next(&mut self, call: &mut Call, now: u64) -> Next {
        let is_late = match call.kind {
            CallKind::Unary | CallKind::ServerStreaming => true,
            _ => matches!(call.method, Method::HalfDuplexCall),
        };
        if is_late && !call.is_half_closed {
            return Next::Wait;
        }
        loop {
            match call.steps.pop_front() {
                None => {
                    return match &call.end {
                        Some(ending) => Next::End(ending.clone()),
                        None => Next::Wait,
                    };
                }
                Some(Step::Send(bytes)) => {
                    call.unread -= bytes.len();
                    return call.to_next(bytes);
                }
                Some(Step::Pause(ms)) => call.steps.push_front(Step::WaitUntil(now + ms)),
                Some(Step::WaitUntil(at)) if at > now => {
                    call.steps.push_front(Step::WaitUntil(at));
                    return Next::WaitUntil(at);
                }
                Some(Step::WaitUntil(_)) => {}
                Some(Step::Repeat(request, index, _)) if index >= request.count => {
                    call.end = Some(ending(&request));
                }
                Some(Step::Repeat(request, index @ 1.., false)) if request.delay_ms > 0 => {
                    let pause = request.delay_ms.into();
                    call.steps.push_front(Step::Repeat(request, index, true));
                    call.steps.push_front(Step::Pause(pause));
                }
                Some(Step::Repeat(request, index, _)) => {
                    let bytes = reply(&request, index).encode_to_vec();
                    call.steps.push_front(Step::Repeat(request, index + 1, false));
                    return call.to_next(bytes);
                }
            }
        }
    }
}

impl Call {
    /// Takes a message, or ends the call with the status.
    fn receive(&mut self, message: Message<'_>) -> Result<(), Ending> {
        let index = self.count;
        self.count += 1;
        match self.method {
            Method::Echo => {
                let request = decode::<EchoRequest>(message)?;
                match self.kind {
                    CallKind::ServerStreaming => {
                        self.steps.push_back(Step::Repeat(request, 0, false));
                        return Ok(());
                    }
                    _ if ending(&request).code != Code::Ok => return Err(ending(&request)),
                    CallKind::ClientStreaming => self.texts.push(request.text),
                    CallKind::Unary | CallKind::BidiStreaming => self.send(&reply(&request, index)),
                }
            }
            Method::EmptyCall => self.send(&()),
            Method::UnaryCall => {
                let is_compressed = message.compressed;
                let request = decode::<SimpleRequest>(message)?;
                check(request.response_status)?;
                if request.expect_compressed.is_some_and(|expected| expected.value != is_compressed)
                {
                    return Err(Ending::new(
                        Code::InvalidArgument,
                        "not as compressed as expected",
                    ));
                }
                self.send(&PayloadResponse { payload: zeros(len(request.response_size)) });
            }
            Method::StreamingInputCall => {
                let request = decode::<StreamingInputCallRequest>(message)?;
                self.size += request.payload.map_or(0, |payload| payload.body.len());
            }
            Method::StreamingOutputCall | Method::HalfDuplexCall => {
                let request = decode::<StreamingOutputCallRequest>(message)?;
                check(request.response_status)?;
                for response in request.response_parameters {
                    let ms = len(response.interval_us).div_ceil(1000) as u64;
                    self.steps.push_back(Step::Pause(ms));
                    self.send(&PayloadResponse { payload: zeros(len(response.size)) });
                }
            }
        }
        if self.unread > MAX_UNREAD {
            return Err(Ending::new(Code::ResourceExhausted, "replies are not read"));
        }
        Ok(())
    }

    fn send(&mut self, message: &impl prost::Message) {
        let bytes = message.encode_to_vec();
        self.unread += bytes.len();
        self.steps.push_back(Step::Send(bytes));
    }

    fn to_next(&self, bytes: Vec<u8>) -> Next {
        match self.compress {
            true => Next::SendCompressed(echo::compress(&bytes)),
            false => Next::Send(bytes),
        }
    }
}

fn reply(request: &EchoRequest, index: u32) -> EchoReply {
    EchoReply { text: request.text.clone(), index, payload: request.payload.clone() }
}

/// The status that a request of `echo.Echo` asks for.
fn ending(request: &EchoRequest) -> Ending {
    Ending::new(Code::from(request.code), request.error.clone())
}

fn check(status: Option<EchoStatus>) -> Result<(), Ending> {
    match status {
        Some(status) if status.code > 0 => {
            let details = details(&status);
            let message = status.message.into();
            Err(Ending { code: Code::from(status.code as u32), message, details })
        }
        _ => Ok(()),
    }
}

fn decode<M: prost::Message + Default>(message: Message<'_>) -> Result<M, Ending> {
    echo::decode(message.compressed, message.bytes)
        .map_err(|status| Ending::new(status.code, status.message.to_string()))
}

/// A length that a client asks for, as far as it makes sense.
fn len(asked: i32) -> usize {
    usize::try_from(asked).unwrap_or(0).min(echo::MAX_LEN as usize)
}

/// The metadata that come back: in the head, and in the trailers.
fn echoed(headers: Headers<'_>) -> (MetadataList<Vec<u8>>, MetadataList<Vec<u8>>) {
    let mut lists = (MetadataList::default(), MetadataList::default());
    for (name, value) in metadata(headers) {
        let renamed = name.replace("echo", "trailer");
        let _: Result<(), _> = match name {
            "x-grpc-test-echo-initial" => lists.0.push(name, value),
            "x-grpc-test-echo-trailing-bin" => lists.1.push(name, value),
            _ if name.starts_with("x-echo-") => {
                lists.0.push(name, value).and_then(|()| lists.1.push(&renamed, value))
            }
            _ => Ok(()),
        };
    }
    lists
}
