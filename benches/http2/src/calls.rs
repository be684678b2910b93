//! Unary calls in memory, client and server, against the crate `h2` on one thread of tokio.

use bytes::Bytes;
use h2::client::SendRequest;
use h2::{RecvStream, server};
use http::{HeaderMap, HeaderValue, Request, Response};
use tokio::runtime::{Builder, Runtime};

use crate::connection::Pair;
use crate::race::race;

const CALLS: usize = 16;

pub fn rows() {
    let mut pair = Pair::new();
    let ours = || (0..CALLS).map(|_| pair.call()).sum();
    let mut h2 = H2::new();
    race("a unary call of 16 bytes, against h2", ours, || h2.calls());
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
                body.send_data(Bytes::from_static(&[7; 16]), true).expect("it is open");
                let mut body = response.await.expect("it is answered").into_body();
                assert_eq!(receive(&mut body).await, 16);
                let trailers = body.trailers().await.expect("they come").expect("they are there");
                assert_eq!(trailers["grpc-status"], "0");
            }
        });
        CALLS
    }
}

async fn answer(request: Request<RecvStream>, mut respond: server::SendResponse<Bytes>) {
    let mut body = request.into_body();
    assert_eq!(receive(&mut body).await, 16);
    let response = Response::builder()
        .header("content-type", "application/grpc+proto")
        .body(())
        .expect("it is right");
    let mut out = respond.send_response(response, false).expect("it is open");
    out.send_data(Bytes::from_static(&[7; 16]), false).expect("it is open");
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
