//! Unary calls in memory, a client and a server, against `h2` on one thread of tokio and nghttp2's sessions.
//!
//! All send the same heads, and the same message with its prefix.

use bytes::Bytes;
use framewright::grpc::{
    self, CallKind, ClientEvent, ClientRequest, Code, Heap, Path, ServerConfig, ServerEvent,
};
use framewright::http2::Limits;
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

pub fn rows() {
    for (name, goal) in [("a unary call", None), ("… through grpc's client and server", Some(0.25))]
    {
        let mut h2 = H2::new();
        race(Row { name, peer: "h2", goal }, ours(goal.is_some()), || h2.calls());
    }
    for (name, goal) in [("a unary call", None), ("… through grpc's client and server", Some(0.8))]
    {
        let mut sessions = Sessions::new();
        let theirs = || (0..CALLS).map(|_| sessions.call()).sum();
        race(Row { name, peer: "nghttp2's sessions", goal }, ours(goal.is_some()), theirs);
    }
}

/// Calls over bare connections, or through gRPC's client and server.
fn ours(through_grpc: bool) -> Box<dyn FnMut() -> usize> {
    if through_grpc {
        let mut grpc = Grpc::new();
        Box::new(move || (0..CALLS).map(|_| grpc.call()).sum())
    } else {
        let mut pair = Pair::new();
        Box::new(move || (0..CALLS).map(|_| pair.call()).sum())
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
        let path = Path::parse("/user.UserService/GetUser").expect("it is one");
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
                ServerEvent::Call(call) => self.server.accept(call, CallKind::Unary),
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
