//! Unary calls in memory, a client and a server, against `h2` on one thread of tokio and nghttp2's sessions.
//!
//! All send the same heads, and the same message with its prefix.

use bytes::Bytes;
use framewright::grpc::{
    self, CallKind, ClientCall, ClientEvent, ClientRequest, Code, Heap, Path, ResponseHead,
    ServerCall, ServerConfig, ServerEvent, Status,
};
use framewright::http::Headers;
use framewright::http2::{self, Client, Connection, Event, Limits, Server, Slot, Storage, Stream};
use h2::client::SendRequest;
use h2::{RecvStream, server};
use http::{HeaderMap, HeaderValue, Request, Response};
use tokio::runtime::{Builder, Runtime};

use crate::connection::Pair;
use crate::race::{Row, race};
use crate::sessions::Sessions;

/// A message of 16 bytes, as gRPC frames it.
pub const MESSAGE: &[u8] = b"\0\0\0\0\x10sixteen bytes...";

const CALLS: usize = 16;
const PATH: &str = "/user.UserService/GetUser";

pub fn rows() {
    for layer in [Layer::Http2, Layer::Calls, Layer::Grpc] {
        let mut h2 = H2::new();
        let goal = (layer != Layer::Http2).then_some(0.25);
        race(Row { name: layer.name(), peer: "h2", goal }, ours(layer), || h2.calls());
    }
    for layer in [Layer::Http2, Layer::Calls, Layer::Grpc] {
        let mut sessions = Sessions::new();
        let theirs = || (0..CALLS).map(|_| sessions.call()).sum();
        let goal = (layer != Layer::Http2).then_some(0.8);
        race(Row { name: layer.name(), peer: "nghttp2's sessions", goal }, ours(layer), theirs);
    }
}

/// How much of gRPC is on top of HTTP/2.
#[derive(Clone, Copy, PartialEq)]
enum Layer {
    /// Nothing.
    Http2,
    /// `ClientCall` and `ServerCall`.
    Calls,
    /// All of it, in `Client` and `Server`.
    Grpc,
}

impl Layer {
    fn name(self) -> &'static str {
        match self {
            Self::Http2 => "a unary call, http2 alone",
            Self::Calls => "a unary call, with ClientCall and ServerCall",
            Self::Grpc => "a unary call, with grpc's Client and Server",
        }
    }
}

fn ours(layer: Layer) -> Box<dyn FnMut() -> usize> {
    match layer {
        Layer::Http2 => {
            let mut pair = Pair::new();
            Box::new(move || (0..CALLS).map(|_| pair.call()).sum())
        }
        Layer::Calls => {
            let mut pair = CallPair::new();
            Box::new(move || (0..CALLS).map(|_| pair.call()).sum())
        }
        Layer::Grpc => {
            let mut grpc = Grpc::new();
            Box::new(move || (0..CALLS).map(|_| grpc.call()).sum())
        }
    }
}

/// A client and a server of HTTP/2, with a call each, joined by two buffers.
struct CallPair {
    client: Connection<Client, Vec<u8>, Vec<Slot>>,
    server: Connection<Server, Vec<u8>, Vec<Slot>>,
    requests: Vec<u8>,
    responses: Vec<u8>,
    head: Vec<u8>,
    body: Vec<u8>,
    /// For heads and trailers of gRPC.
    lines: Vec<u8>,
    /// The server's call, until it is over.
    server_call: Option<ServerCall>,
    answered: usize,
}

impl CallPair {
    /// Both ends, once they know each other's settings.
    fn new() -> Self {
        let mut pair = Self {
            client: Connection::client(Storage::new(), Limits::new()),
            server: Connection::server(Storage::new(), Limits::new()),
            requests: Vec::new(),
            responses: Vec::new(),
            head: Vec::new(),
            body: Vec::new(),
            lines: Vec::new(),
            server_call: None,
            answered: 0,
        };
        for _ in 0..3 {
            pair.exchange(None);
        }
        pair
    }

    /// A unary call, to its end. Returns how many were answered.
    fn call(&mut self) -> usize {
        let before = self.answered;
        let path = Path::parse(PATH).expect("it is one");
        let request = ClientRequest::new(path);
        let head = http2::Request::new("POST", "http", "localhost:50051", PATH);
        let fields = request.to_fields().expect("they are right");
        let stream = self.client.open(head, fields, false, &mut self.requests);
        let stream = stream.expect("one more is allowed");
        let mut call = request.call(CallKind::Unary, grpc::Limits::new(), Vec::new(), 0);
        self.body.clear();
        call.send(&MESSAGE[5..], &mut self.body).expect("it is open");
        call.half_close(&mut self.body).expect("it is open");
        self.client.send(stream, &self.body, true, &mut self.requests).expect("it is open");
        self.exchange(Some(call));
        self.answered - before
    }

    /// What is written goes over, once each way.
    fn exchange(&mut self, call: Option<ClientCall<Vec<u8>>>) {
        self.client.transmit(&mut self.requests);
        let mut requests = std::mem::take(&mut self.requests);
        self.serve(&mut requests);
        self.requests = requests;
        self.requests.clear();
        self.server.transmit(&mut self.responses);
        if let Some(call) = call {
            self.receive_response(call);
        } else {
            let mut input = &mut self.responses[..];
            while self.client.receive(&mut input, &mut self.head).is_some() {}
        }
        self.responses.clear();
    }

    /// A message is answered by another.
    fn serve(&mut self, mut input: &mut [u8]) {
        const CONFIG: ServerConfig = ServerConfig::new();
        // The event may borrow it while `self` is used.
        let mut head = std::mem::take(&mut self.head);
        while let Some(event) = self.server.receive(&mut input, &mut head) {
            match event {
                Event::Head { head, .. } => {
                    let request = head.request();
                    let (method, path) = (request.method(), request.target());
                    let request = grpc::Request::parse(method, path, head.headers());
                    let call = request.expect("it is right").accept(CallKind::Unary, &CONFIG, 0);
                    self.server_call = Some(call.expect("it is served"));
                }
                Event::Data(data) => {
                    let call = self.server_call.as_mut().expect("a head came first");
                    let mut bytes = &*data.bytes;
                    while let Some(event) = call.receive(&mut bytes) {
                        let grpc::Event::Message { chunk, .. } = event else { panic!("{event:?}") };
                        assert_eq!(chunk.bytes, &MESSAGE[5..]);
                    }
                    if data.end() {
                        assert_eq!(call.receive_eof(), Some(grpc::Event::HalfClose));
                        self.answer(data.stream());
                    }
                }
                Event::Settings => {}
                other => panic!("{other:?}"),
            }
        }
        self.head = head;
    }

    fn answer(&mut self, stream: Stream) {
        let Self { server, responses, body, lines, .. } = self;
        let mut call = self.server_call.take().expect("there is one");
        lines.clear();
        call.send_head(ResponseHead::new(), lines).expect("it is open");
        let head = Headers::parse_lax(lines).expect("they are lines");
        server.send_head(stream, 200, head, false, responses).expect("it is open");
        body.clear();
        call.send(&MESSAGE[5..], body).expect("it is open");
        server.send(stream, body, false, responses).expect("it is open");
        lines.clear();
        call.finish(Status::OK, lines).expect("it is open");
        let trailers = Headers::parse_lax(lines).expect("they are lines");
        server.send_trailers(stream, trailers, responses).expect("it is open");
    }

    fn receive_response(&mut self, mut call: ClientCall<Vec<u8>>) {
        let mut input = &mut self.responses[..];
        while let Some(event) = self.client.receive(&mut input, &mut self.head) {
            match event {
                Event::Head { head, end, .. } => {
                    let event = call.receive_head(head.status(), head.headers(), end);
                    assert_eq!(event, Some(grpc::Event::Head));
                }
                Event::Data(data) => {
                    let mut bytes = &*data.bytes;
                    while let Some(event) = call.receive(&mut bytes) {
                        let grpc::Event::Message { chunk, .. } = event else { panic!("{event:?}") };
                        assert_eq!(chunk.bytes, &MESSAGE[5..]);
                    }
                }
                Event::Trailers { trailers, .. } => {
                    let event = call.receive_trailers(trailers);
                    assert_eq!(event, Some(grpc::Event::End(Code::Ok)));
                    self.answered += 1;
                }
                other => panic!("{other:?}"),
            }
        }
    }
}

/// A client and a server of gRPC, joined by two buffers.
struct Grpc {
    client: grpc::Client<Heap>,
    server: grpc::Server<Heap>,
    requests: Vec<u8>,
    responses: Vec<u8>,
    answered: usize,
}

impl Grpc {
    /// Both ends, once they know each other's settings.
    fn new() -> Self {
        let mut grpc = Self {
            client: grpc::Client::new(grpc::Limits::new(), Limits::new(), 0),
            server: grpc::Server::new(ServerConfig::new(), Limits::new(), 0),
            requests: Vec::new(),
            responses: Vec::new(),
            answered: 0,
        };
        for _ in 0..3 {
            grpc.exchange();
        }
        grpc
    }

    /// A unary call, to its end. Returns how many were answered.
    fn call(&mut self) -> usize {
        let before = self.answered;
        let path = Path::parse(PATH).expect("it is one");
        let request = ClientRequest::new(path).authority("localhost:50051");
        self.client.unary(&request, &MESSAGE[5..], &mut self.requests).expect("it is open");
        self.exchange();
        self.answered - before
    }

    /// What is written goes over, once each way. A message is answered by another.
    fn exchange(&mut self) {
        self.client.transmit(&mut self.requests);
        let mut input = &mut self.requests[..];
        while let Some(event) = self.server.receive(&mut input, 0) {
            match event {
                ServerEvent::Call(call) => {
                    self.server.accept(call, CallKind::Unary).expect("it was just announced");
                }
                ServerEvent::Message(call) => {
                    assert_eq!(self.server.message(call).bytes, &MESSAGE[5..]);
                    let sent = self.server.reply(call, &MESSAGE[5..], &mut self.responses);
                    sent.expect("it is open");
                }
                _ => {}
            }
        }
        self.requests.clear();
        self.server.transmit(&mut self.responses);
        let mut input = &mut self.responses[..];
        while let Some(event) = self.client.receive(&mut input, 0) {
            match event {
                ClientEvent::Message(call) => {
                    assert_eq!(self.client.message(call).bytes, &MESSAGE[5..]);
                }
                ClientEvent::End { code, .. } => {
                    assert_eq!(code, Code::Ok);
                    self.answered += 1;
                }
                _ => {}
            }
        }
        self.responses.clear();
    }
}

/// A client and a server of `h2`, which are tasks of their own, joined by a pipe in memory.
struct H2 {
    runtime: Runtime,
    client: SendRequest<Bytes>,
}

impl H2 {
    fn new() -> Self {
        let runtime = Builder::new_current_thread().build().expect("there is one thread");
        let client = runtime.block_on(async {
            let (client, server) = tokio::io::duplex(1 << 16);
            tokio::spawn(async {
                let mut connection = server::handshake(server).await.expect("it is HTTP/2");
                while let Some(request) = connection.accept().await {
                    let (request, respond) = request.expect("it is a request");
                    tokio::spawn(answer(request, respond));
                }
            });
            let (client, connection) = h2::client::handshake(client).await.expect("it is HTTP/2");
            tokio::spawn(connection);
            client
        });
        Self { runtime, client }
    }

    fn calls(&mut self) -> usize {
        let client = self.client.clone();
        self.runtime.block_on(async {
            let mut client = client.ready().await.expect("it is open");
            for _ in 0..CALLS {
                let request = Request::post("http://localhost:50051/user.UserService/GetUser")
                    .header("te", "trailers")
                    .header("content-type", "application/grpc+proto")
                    .body(())
                    .expect("it is right");
                let (response, mut body) = client.send_request(request, false).expect("one more");
                body.send_data(Bytes::from_static(MESSAGE), true).expect("it is open");
                let mut body = response.await.expect("it is answered").into_body();
                assert_eq!(receive(&mut body).await, MESSAGE.len());
                let trailers = body.trailers().await.expect("they come").expect("they are there");
                assert_eq!(trailers["grpc-status"], "0");
            }
        });
        CALLS
    }
}

async fn answer(request: Request<RecvStream>, mut respond: server::SendResponse<Bytes>) {
    let mut body = request.into_body();
    assert_eq!(receive(&mut body).await, MESSAGE.len());
    let response = Response::builder()
        .header("content-type", "application/grpc+proto")
        .body(())
        .expect("it is right");
    let mut out = respond.send_response(response, false).expect("it is open");
    out.send_data(Bytes::from_static(MESSAGE), false).expect("it is open");
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", HeaderValue::from_static("0"));
    out.send_trailers(trailers).expect("it is open");
}

async fn receive(body: &mut RecvStream) -> usize {
    let mut len = 0;
    while let Some(bytes) = body.data().await {
        let bytes = bytes.expect("it is whole");
        body.flow_control().release_capacity(bytes.len()).expect("it was received");
        len += bytes.len();
    }
    len
}
