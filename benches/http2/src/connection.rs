//! Rows of whole connections: bodies of 1 MiB against a memcpy, and calls beside many open streams.

use std::hint::black_box;

use framewright::http2::{
    Client, Connection, Event, Limits, Request, Server, Slot, Storage, Stream,
};

use crate::calls::MESSAGE;
use crate::race::{Row, race};

const FRAME: usize = 16_384;
const BODY: usize = 1 << 20;

pub fn rows() {
    receive();
    send();
    many_streams(100);
    many_streams(10_000);
}

/// A client and a server, joined by two buffers.
pub struct Pair {
    client: Connection<Client, Vec<u8>, Vec<Slot>>,
    server: Connection<Server, Vec<u8>, Vec<Slot>>,
    requests: Vec<u8>,
    responses: Vec<u8>,
    head: Vec<u8>,
    answered: usize,
}

impl Pair {
    /// Both ends, once they know each other's settings.
    pub fn new() -> Self {
        let limits =
            Limits::new().max_streams(20_000).stream_window(16 << 20).connection_window(64 << 20);
        let mut pair = Self {
            client: Connection::client(Storage::new(), limits),
            server: Connection::server(Storage::new(), limits),
            requests: Vec::with_capacity(2 * BODY),
            responses: Vec::with_capacity(2 * BODY),
            head: Vec::new(),
            answered: 0,
        };
        for _ in 0..3 {
            pair.exchange();
        }
        pair
    }

    fn open(&mut self, end: bool) -> Stream {
        let request = Request::new("POST", "http", "localhost:50051", "/user.UserService/GetUser");
        let fields = [("te", "trailers"), ("content-type", "application/grpc+proto")];
        self.client.open(request, fields, end, &mut self.requests).expect("one more is allowed")
    }

    /// A unary call, to its end. Returns how many were answered.
    pub fn call(&mut self) -> usize {
        let before = self.answered;
        let stream = self.open(false);
        self.client.send(stream, MESSAGE, true, &mut self.requests).expect("it is open");
        self.exchange();
        self.answered - before
    }

    /// What is written goes over, once each way. A request that has ended is answered.
    fn exchange(&mut self) {
        self.client.transmit(&mut self.requests);
        let mut input = &mut self.requests[..];
        while let Some(event) = self.server.receive(&mut input, &mut self.head) {
            match event {
                Event::Head { stream, end: true, .. } => {
                    answer(&mut self.server, stream, &mut self.responses);
                }
                Event::Data(data) if data.end() => {
                    answer(&mut self.server, data.stream(), &mut self.responses);
                }
                Event::Head { .. } | Event::Data(_) | Event::Settings => {}
                other => panic!("{other:?}"),
            }
        }
        self.requests.clear();
        self.server.transmit(&mut self.responses);
        let mut input = &mut self.responses[..];
        while let Some(event) = self.client.receive(&mut input, &mut self.head) {
            match event {
                Event::Trailers { trailers, .. } => {
                    assert_eq!(trailers.get("grpc-status"), Some(&b"0"[..]));
                    self.answered += 1;
                }
                Event::Head { .. } | Event::Data(_) | Event::Settings => {}
                other => panic!("{other:?}"),
            }
        }
        self.responses.clear();
    }
}

/// A head, a message and trailers, as gRPC has them.
fn answer(server: &mut Connection<Server, Vec<u8>, Vec<Slot>>, stream: Stream, out: &mut Vec<u8>) {
    let fields = [("content-type", "application/grpc+proto")];
    server.send_head(stream, 200, fields, false, out).expect("it is open");
    server.send(stream, MESSAGE, false, out).expect("it is open");
    server.send_trailers(stream, [("grpc-status", "0")], out).expect("it is open");
}

/// A read is a memcpy. Then its frames are received.
fn receive() {
    let mut pair = Pair::new();
    let stream = pair.open(false);
    pair.exchange();
    let mut wire = Vec::new();
    pair.client.send(stream, &[7; FRAME], false, &mut wire).expect("it is open");
    assert_eq!(wire.len(), 9 + FRAME);
    let wire = wire.repeat(BODY / FRAME);
    let (mut read, mut copy) = (wire.clone(), wire.clone());
    let ours = || {
        read.copy_from_slice(&wire);
        let (mut input, mut len) = (&mut read[..], 0);
        while let Some(event) = pair.server.receive(&mut input, &mut pair.head) {
            match event {
                Event::Data(data) => len += black_box(data.bytes).len(),
                other => panic!("{other:?}"),
            }
        }
        pair.server.transmit(&mut pair.responses);
        pair.responses.clear();
        len / 1024
    };
    let theirs = || {
        copy.copy_from_slice(&wire);
        black_box(&copy);
        BODY / 1024
    };
    let name = "receive 1 MiB of DATA, per KiB";
    race(Row { name, peer: "memcpy", goal: Some(1.1) }, ours, theirs);
}

/// The peer grants windows anew after each body.
fn send() {
    let mut pair = Pair::new();
    let stream = pair.open(false);
    pair.exchange();
    let body = vec![7; BODY];
    let (mut out, mut copy) = (Vec::with_capacity(2 * BODY), Vec::with_capacity(2 * BODY));
    let grant = |id| [&[0, 0, 4, 8, 0, 0, 0, 0, id][..], &(BODY as u32).to_be_bytes()].concat();
    let grants = [grant(0), grant(1)].concat();
    let ours = || {
        out.clear();
        let mut rest = &body[..];
        while !rest.is_empty() {
            let len = pair.client.send(stream, rest, false, &mut out).expect("it is open");
            assert!(len > 0, "the windows are open");
            rest = &rest[len..];
        }
        black_box(&out);
        let mut input = grants.clone();
        assert!(pair.client.receive(&mut &mut input[..], &mut pair.head).is_none());
        BODY / 1024
    };
    let theirs = || {
        copy.clear();
        for frame in body.chunks(FRAME) {
            copy.extend_from_slice(frame);
        }
        black_box(&copy);
        BODY / 1024
    };
    let name = "send 1 MiB of DATA, per KiB";
    race(Row { name, peer: "memcpy", goal: Some(1.1) }, ours, theirs);
}

/// A call beside `count` streams that stay open, against the same call beside one.
fn many_streams(count: usize) {
    let beside = |count| {
        let mut pair = Pair::new();
        for _ in 0..count {
            pair.open(false);
            pair.exchange();
        }
        move || (0..16).map(|_| pair.call()).sum()
    };
    let name = &format!("a call beside {count} open streams");
    race(Row { name, peer: "beside one", goal: Some(1.3) }, beside(count), beside(1));
}
