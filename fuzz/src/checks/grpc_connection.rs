//! `grpc::Server` and `grpc::Client` in front of a peer that sends any frames, with calls in them or not.
//!
//! However the bytes are cut, the user is told the same. Each call ends once, and nothing follows its end.

use std::collections::HashMap;

use framewright::grpc::{
    CallId, CallKind, Client, ClientEvent, ClientRequest, Heap, Limits, Path, Server, ServerConfig,
    ServerEvent, Status,
};
use framewright::http2::{self, Role};

use super::common::http2::opening;
use super::common::http2_peer as peer;
use super::input::Input;

/// ```text
/// | how: 1 | where it is cut: 2 | (what: 1 | stream: 1 | length: 1 | payload)* |
/// ```
pub fn check(data: &[u8]) {
    let mut input = Input::new(data);
    let how = input.byte();
    let at = usize::from(u16::from_be_bytes(input.bytes()));
    let run = if how & 1 == 0 { run_server } else { run_client };
    let mut bytes = opening(if how & 1 == 0 { Role::Server } else { Role::Client });
    bytes.extend(frames(input, how & 1 == 0));
    let whole = run(&[&bytes]);
    let at = at % (bytes.len() + 1);
    assert_eq!(run(&[&bytes[..at], &bytes[at..]]), whole, "cut at {at}");
    assert_eq!(run(&bytes.chunks(1).collect::<Vec<_>>()), whole, "byte by byte");
}

/// An event, and the message that came with it.
type Told<E> = (E, Vec<u8>);

#[derive(Debug, Eq, PartialEq)]
enum Seen {
    Server(Vec<Told<ServerEvent>>),
    Client(Vec<Told<ClientEvent>>),
}

fn limits() -> http2::Limits {
    http2::Limits::new().max_streams(8)
}

fn run_server(pieces: &[&[u8]]) -> Seen {
    const CONFIG: ServerConfig = ServerConfig::new().limits(Limits::new().max_message_len(1000));
    let mut server = Server::<Heap>::new(CONFIG, limits(), 0);
    let (mut told, mut open, mut out) = (Vec::new(), HashMap::new(), Vec::new());
    let mut handle = |server: &mut Server<Heap>, event| {
        let mut message = Vec::new();
        match event {
            ServerEvent::Call(call) => {
                assert_eq!(server.path(), "/a.B/C");
                server.accept(call, CallKind::BidiStreaming).expect("it was just announced");
                open.insert(call, false);
            }
            ServerEvent::Message(call) => {
                assert!(!open[&call], "nothing follows the end");
                message = server.message(call).bytes.to_vec();
                assert!(message.len() <= 1000);
            }
            ServerEvent::HalfClose(call) => {
                assert_eq!(open.insert(call, true), Some(false));
                server.finish(call, Status::OK, &mut out).expect("a Vec has room");
                open.remove(&call);
            }
            ServerEvent::Cancelled { call, .. } => assert!(open.remove(&call).is_some()),
            event => panic!("{event:?}"),
        }
        told.push((event, message));
    };
    for piece in pieces {
        let mut piece = piece.to_vec();
        let mut input = &mut piece[..];
        while let Some(event) = server.receive(&mut input, 0) {
            handle(&mut server, event);
        }
        assert!(input.is_empty());
    }
    server.receive_eof();
    while let Some(event) = server.receive(&mut &mut [][..], 0) {
        handle(&mut server, event);
    }
    assert!(open.is_empty(), "each call ends");
    Seen::Server(told)
}

fn run_client(pieces: &[&[u8]]) -> Seen {
    let mut client = Client::<Heap>::new(Limits::new().max_message_len(1000), limits(), 0);
    let (mut told, mut open, mut out) = (Vec::new(), Vec::<CallId>::new(), Vec::new());
    for kind in [CallKind::Unary, CallKind::BidiStreaming, CallKind::ServerStreaming] {
        let path = Path::parse("/a.B/C").expect("it is one");
        let request = ClientRequest::new(path).authority("a.example");
        open.push(client.call(&request, kind, &mut out).expect("it is allowed"));
    }
    client.transmit(&mut out);
    let mut handle = |client: &mut Client<Heap>, event| {
        let mut message = Vec::new();
        match event {
            ClientEvent::Head(call) => assert!(open.contains(&call)),
            ClientEvent::Message(call) => {
                assert!(open.contains(&call));
                message = client.message(call).bytes.to_vec();
                assert!(message.len() <= 1000);
            }
            ClientEvent::End { call, code } => {
                assert!(open.contains(&call), "a call ends once");
                open.retain(|one| *one != call);
                let status = client.status(call).expect("it has ended");
                assert_eq!(status.code, code);
                message = status.to_string().into_bytes();
            }
            event => panic!("{event:?}"),
        }
        told.push((event, message));
    };
    for piece in pieces {
        let mut piece = piece.to_vec();
        let mut input = &mut piece[..];
        while let Some(event) = client.receive(&mut input, 0) {
            handle(&mut client, event);
        }
        assert!(input.is_empty());
    }
    client.receive_eof();
    while let Some(event) = client.receive(&mut &mut [][..], 0) {
        handle(&mut client, event);
    }
    assert!(open.is_empty(), "each call ends");
    Seen::Client(told)
}

const GRPC: (&str, &str) = ("content-type", "application/grpc");

fn frames(mut input: Input<'_>, to_server: bool) -> Vec<u8> {
    let mut bytes = Vec::new();
    while !input.is_empty() {
        let [what, stream] = input.bytes();
        let payload = input.block();
        let stream = u32::from(stream % 16) | 1;
        let end = what >> 7;
        let message = || {
            let mut message = vec![0, 0, 0, 0, payload.len() as u8];
            message.extend_from_slice(payload);
            message
        };
        let post = [
            (":method", "POST"),
            (":scheme", "http"),
            (":authority", "a.example"),
            (":path", "/a.B/C"),
            GRPC,
            ("te", "trailers"),
        ];
        bytes.extend(match (what % 16, to_server) {
            (0 | 1, true) => peer::headers(stream, end, &post),
            (2, true) => peer::headers(stream, end, &post[..4]),
            (3, true) => peer::headers(stream, end, &[("x-trailer", "1")]),
            (0 | 1, false) => peer::headers(stream, 0, &[(":status", "200"), GRPC]),
            (2, false) => {
                peer::headers(stream, end, &[(":status", "200"), GRPC, ("grpc-status", "5")])
            }
            (3, false) => peer::headers(
                stream,
                peer::END_STREAM,
                &[("grpc-status", if end == 0 { "0" } else { "7" }), ("grpc-message", "a%20b")],
            ),
            (4..=7, _) => peer::frame(0, end, stream, &message()),
            (8, _) => peer::frame(0, end, stream, &message().repeat(3)),
            (9, _) => peer::frame(0, end, stream, payload),
            // With padding.
            (10, _) => peer::frame(0, 8 | end, stream, &[&[2][..], &message(), &[0; 2]].concat()),
            (11, _) => peer::frame(3, 0, stream, &[0, 0, 0, payload.len() as u8]),
            (12, _) => peer::frame(8, 0, stream, &[0, 0, 0, 1]),
            (13, _) => peer::frame(6, 0, 0, &[0; 8]),
            _ => peer::frame(payload.len() as u8 % 12, what, stream, payload),
        });
    }
    bytes
}
