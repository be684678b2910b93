//! How connections end, and calls with them (PROTOCOL-HTTP2, *Connection Management*, *Errors*; gRFC A8).

use framewright::grpc::{CallKind, Code, SendError, ServerConfig, ServerEvent, Status};
use framewright::http2::{self, Event, Keepalive, Request};

use super::pair::{Pair, request};

/// No call is lost by a graceful close.
#[test]
fn a_graceful_close_in_the_middle_of_calls() {
    for read_len in [1, usize::MAX] {
        let mut pair = Pair { read_len, ..Pair::new() };
        let call = pair.call("/t.T/Bidi", CallKind::BidiStreaming);
        pair.send(call, b"one");
        pair.run();
        pair.service.grpc.close();
        // It crosses the news.
        let crossing = pair.unary("/t.T/Unary", b"crossing");
        pair.run();
        assert_eq!(pair.end(crossing), Some(Code::Ok));
        let late = pair.client.call(&request("/t.T/Unary"), CallKind::Unary, &mut pair.out);
        assert_eq!(late, Err(SendError::Closing));
        assert!(!pair.service.grpc.is_over());
        pair.send(call, b"two");
        pair.half_close(call);
        pair.run();
        assert_eq!(pair.messages(call), [b"one", b"two"]);
        assert_eq!(pair.end(call), Some(Code::Ok));
        assert!(pair.service.grpc.is_over());
        assert!(pair.client.is_over());
    }
}

#[test]
fn a_client_closes() {
    let mut pair = Pair::new();
    let call = pair.unary("/t.T/Unary", b"last");
    pair.client.close();
    pair.run();
    assert_eq!(pair.end(call), Some(Code::Ok));
    assert!(pair.client.is_over() && pair.service.grpc.is_over());
}

/// Each call hears of it, once.
#[test]
fn the_transport_is_lost() {
    let mut pair = Pair::new();
    let calls: Vec<_> = (0..10).map(|_| pair.unary("/t.T/Slow", b"!")).collect();
    pair.run();
    pair.client.receive_eof();
    pair.service.grpc.receive_eof();
    pair.receive(&mut []);
    pair.service.receive(&mut [], 0);
    for call in calls {
        assert_eq!(pair.end(call), Some(Code::Unavailable));
        assert!(!pair.heard(call).unprocessed, "nobody knows");
    }
    let cancelled = |event: &&ServerEvent| matches!(event, ServerEvent::Cancelled { .. });
    assert_eq!(pair.service.events.iter().filter(cancelled).count(), 10);
    assert!(pair.client.is_over() && pair.service.grpc.is_over());
    assert_eq!(pair.client.deadline(), None);
}

/// A peer that breaks the protocol ends the connection, and every call on it.
#[test]
fn the_client_breaks_the_protocol() {
    let mut pair = Pair::new();
    let _calls = [(); 3].map(|()| pair.unary("/t.T/Slow", b"!"));
    pair.run();
    // A DATA on stream 0 (RFC 9113 §6.1).
    pair.out.extend_from_slice(b"\0\0\x01\0\0\0\0\0\0x");
    pair.run();
    let cancelled = |event: &&ServerEvent| matches!(event, ServerEvent::Cancelled { .. });
    assert_eq!(pair.service.events.iter().filter(cancelled).count(), 3);
    assert!(pair.service.grpc.is_over());
    assert!(pair.service.grpc.http2().error().is_some());
}

/// A client of which we see the frames.
struct Bare {
    http2: http2::Connection<http2::Client, Vec<u8>, Vec<http2::Slot>>,
    out: Vec<u8>,
    seen: Vec<String>,
}

impl Bare {
    fn new() -> Self {
        let http2 = http2::Connection::client(http2::Storage::new(), http2::Limits::new());
        Self { http2, out: Vec::new(), seen: Vec::new() }
    }

    fn open(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        end: bool,
    ) -> http2::Stream {
        let request = Request::new(method, "http", "localhost", path);
        self.http2.open(request, headers.iter(), end, &mut self.out).unwrap()
    }

    /// Lets everything go to and fro.
    fn run(&mut self, pair: &mut Pair) {
        loop {
            self.http2.transmit(&mut self.out);
            pair.service.grpc.transmit(&mut pair.service.out);
            let (mut to_server, mut to_client) =
                (std::mem::take(&mut self.out), std::mem::take(&mut pair.service.out));
            if to_server.is_empty() && to_client.is_empty() {
                return;
            }
            pair.service.receive(&mut to_server, pair.now);
            let (mut input, mut head) = (&mut to_client[..], Vec::new());
            while let Some(event) = self.http2.receive(&mut input, &mut head) {
                self.seen.push(match event {
                    Event::Head { stream, head, end } => {
                        let status = head.headers().get("grpc-status").map(<[u8]>::to_vec);
                        let status = status.map(|code| String::from_utf8(code).unwrap());
                        format!("{} {} {status:?} {end}", stream.id().get(), head.status())
                    }
                    Event::Reset { stream, code } => format!("{} reset {code}", stream.id().get()),
                    Event::GoAway { code, .. } => format!("goaway {code}"),
                    Event::Settings | Event::Data(_) | Event::Pong(_) => continue,
                    event => format!("{event:?}"),
                });
            }
        }
    }
}

const GRPC: &[(&str, &str)] = &[("content-type", "application/grpc"), ("te", "trailers")];

/// PROTOCOL-HTTP2, *Requests*.
#[test]
fn requests_that_are_none_of_grpc() {
    let mut pair = Pair::new();
    let mut client = Bare::new();
    client.open("GET", "/t.T/Unary", GRPC, true);
    client.open("POST", "/t.T/Unary", &[("content-type", "text/plain")], true);
    client.open("POST", "/unary", GRPC, true);
    client.open("POST", "/t.T/Unary", &[GRPC[0], ("grpc-timeout", "soon")], true);
    client.run(&mut pair);
    assert_eq!(
        client.seen,
        [
            "1 405 None true",
            "3 415 None true",
            "5 200 Some(\"12\") true",
            "7 200 Some(\"13\") true"
        ]
    );
    assert_eq!(pair.service.events, []);
    assert_eq!(pair.service.grpc.http2().open_streams(), 0);
}

/// A status that comes early survives proxies: the rest of the request is read for a while before the stream is
/// reset, with NO_ERROR (RFC 9113 §8.1).
#[test]
fn a_request_that_is_answered_early_is_drained() {
    let mut pair = Pair::new();
    let mut client = Bare::new();
    let stream = client.open("POST", "/t.T/Refuse", GRPC, false);
    let ends = client.open("POST", "/t.T/Refuse", GRPC, false);
    client.run(&mut pair);
    assert_eq!(client.seen, ["1 200 Some(\"7\") true", "3 200 Some(\"7\") true"]);
    for _ in 0..100 {
        client.http2.send(stream, &[0; 16_000], false, &mut client.out).unwrap();
        client.run(&mut pair);
    }
    client.http2.send(ends, b"", true, &mut client.out).unwrap();
    client.run(&mut pair);
    assert_eq!(pair.service.grpc.http2().open_streams(), 1);
    assert_eq!(pair.service.grpc.deadline(), Some(1000));
    pair.service.receive(&mut [], 999);
    client.run(&mut pair);
    assert_eq!(client.seen.len(), 2);
    pair.now = 1000;
    pair.service.receive(&mut [], pair.now);
    client.run(&mut pair);
    assert_eq!(client.seen[2..], ["1 reset 0 (no error)"]);
    assert_eq!(pair.service.grpc.http2().open_streams(), 0);
}

/// gRFC A8: the third ping that comes too soon.
#[test]
fn too_many_pings() {
    let mut pair = Pair::new();
    let mut client = Bare::new();
    for _ in 0..3 {
        client.http2.ping([0; 8]).unwrap();
        client.run(&mut pair);
    }
    assert_eq!(client.seen, [""; 0]);
    client.http2.ping([0; 8]).unwrap();
    client.run(&mut pair);
    assert_eq!(client.seen, ["goaway 11 (enhance your calm)"]);
    assert!(pair.service.grpc.is_over());
}

#[test]
fn pings_beside_calls_are_welcome() {
    let mut pair = Pair::new();
    let mut client = Bare::new();
    for _ in 0..20 {
        client.open("POST", "/t.T/Refuse", GRPC, true);
        client.http2.ping([0; 8]).unwrap();
        client.run(&mut pair);
    }
    assert!(!pair.service.grpc.is_over());
    assert_eq!(client.seen.len(), 20);
}

/// A request whose trailers end it: gRPC has none, but proxies may.
#[test]
fn trailers_of_a_request_end_it() {
    let mut pair = Pair::new();
    let mut client = Bare::new();
    let stream = client.open("POST", "/t.T/Bidi", GRPC, false);
    client.http2.send_trailers(stream, [("x-checksum", "1")].iter(), &mut client.out).unwrap();
    client.run(&mut pair);
    assert!(matches!(pair.service.events[..], [ServerEvent::Call(_), ServerEvent::HalfClose(_)]));
}

/// A server that went away without a word.
#[test]
fn a_silent_server_is_found_out() {
    let mut pair = Pair::new();
    let keepalive = Keepalive::new(0).ping_after(1000).dead_after(500);
    let grpc = framewright::grpc::Limits::new();
    pair.client =
        framewright::grpc::Client::new(grpc, http2::Limits::new(), 0).keepalive(keepalive);
    let call = pair.unary("/t.T/Slow", b"!");
    pair.run();
    assert_eq!(pair.client.deadline(), Some(1000));
    pair.now = 1000;
    pair.receive(&mut []);
    pair.client.transmit(&mut pair.out);
    assert!(pair.out.ends_with(b"is alive"), "{:?}", pair.out.escape_ascii().to_string());
    pair.now = 1500;
    pair.receive(&mut []);
    assert_eq!(pair.end(call), Some(Code::Unavailable));
    assert!(pair.client.is_over());
}

/// A server that refuses a stream has not processed it: above its GOAWAY's last, or with REFUSED_STREAM.
#[test]
fn calls_that_may_be_made_again() {
    let limits = http2::Limits::new().max_streams(1);
    let mut pair: Pair = Pair::with(ServerConfig::new(), limits, http2::Limits::new());
    // Three before the server's settings are known.
    let calls = [(); 3].map(|()| pair.unary("/t.T/Slow", b"!"));
    pair.run();
    assert_eq!(
        calls.map(|call| pair.end(call)),
        [None, Some(Code::Unavailable), Some(Code::Unavailable)]
    );
    assert_eq!(calls.map(|call| pair.heard(call).unprocessed), [false, true, true]);
}

/// What is dropped is no longer held back.
#[test]
fn a_paused_call_that_is_answered_early_is_drained() {
    let limits = http2::Limits::new().stream_window(1000);
    let mut pair: Pair = Pair::with(ServerConfig::new(), limits, http2::Limits::new());
    let mut client = Bare::new();
    client.run(&mut pair); // it knows the window
    let stream = client.open("POST", "/t.T/Slow", GRPC, false);
    client.run(&mut pair);
    let Some(&ServerEvent::Call(call)) = pair.service.events.last() else { panic!() };
    pair.service.grpc.pause(call);
    // A message of 1995 bytes.
    let mut body = vec![0; 2000];
    body[3..5].copy_from_slice(&1995_u16.to_be_bytes());
    assert_eq!(client.http2.send(stream, &body, true, &mut client.out), Ok(1000));
    client.run(&mut pair);
    assert_eq!(client.http2.send(stream, &body[1000..], true, &mut client.out), Ok(0));
    let status = Status::new(Code::Aborted, "");
    pair.service.grpc.finish(call, status, &mut pair.service.out).unwrap();
    client.run(&mut pair);
    assert_eq!(client.http2.send(stream, &body[1000..], true, &mut client.out), Ok(1000));
    client.run(&mut pair);
    assert_eq!(client.seen, ["1 200 Some(\"10\") true"]);
    assert_eq!(pair.service.grpc.http2().open_streams(), 0);
}

#[test]
fn no_call_begins_after_the_transport_is_lost() {
    let mut pair = Pair::new();
    pair.client.receive_eof();
    let call = pair.client.call(&request("/t.T/Slow"), CallKind::Unary, &mut pair.out);
    assert_eq!(call, Err(SendError::Closing));
}

/// Every call hears of it in the same round, and none has a deadline any more.
#[test]
fn too_many_pings_end_calls() {
    let mut pair = Pair::new();
    let mut client = Bare::new();
    client.open("POST", "/t.T/Slow", &[GRPC[0], ("grpc-timeout", "1S")], false);
    client.run(&mut pair);
    for _ in 0..4 {
        client.http2.ping([0; 8]).unwrap();
        client.http2.transmit(&mut client.out);
        pair.service.receive(&mut std::mem::take(&mut client.out), 0);
        client.run(&mut pair);
    }
    let cancelled = pair.service.events.last();
    assert!(matches!(cancelled, Some(ServerEvent::Cancelled { .. })), "{cancelled:?}");
    assert!(pair.service.grpc.deadline().is_none_or(|at| at > 1000));
}

/// However the bytes are cut, nothing after the ping that is one too many is received.
#[test]
fn a_call_after_too_many_pings_does_not_begin() {
    for size in [usize::MAX, 1] {
        let mut pair = Pair::new();
        let mut client = Bare::new();
        client.run(&mut pair); // settings
        client.out = [0, 0, 8, 6, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8].repeat(4); // pings
        client.open("POST", "/t.T/Slow", GRPC, false);
        let mut read = std::mem::take(&mut client.out);
        let size = size.min(read.len());
        read.chunks_mut(size).for_each(|piece| pair.service.receive(piece, 0));
        assert_eq!(pair.service.events, [], "in pieces of {size}");
        client.run(&mut pair);
        // So it may be tried again elsewhere.
        assert_eq!(client.seen, ["goaway 11 (enhance your calm)", "1 reset 7 (refused stream)"]);
    }
}

/// A server that answers without `accept` has accepted.
#[test]
fn a_call_that_is_answered_is_accepted() {
    let mut pair = Pair::new();
    let call = pair.unary("/t.T/Unknown", b"x");
    pair.client.transmit(&mut pair.out);
    let mut to_server = std::mem::take(&mut pair.out);
    let (server, out) = (&mut pair.service.grpc, &mut pair.service.out);
    let mut input = &mut to_server[..];
    while let Some(event) = server.receive(&mut input, 0) {
        match event {
            ServerEvent::Call(call) => server.send(call, b"early", out).unwrap(),
            ServerEvent::HalfClose(call) => server.finish(call, Status::OK, out).unwrap(),
            _ => {}
        }
    }
    pair.run();
    assert_eq!(pair.messages(call), [b"early"]);
    assert_eq!(pair.end(call), Some(Code::Ok));
    assert_eq!(pair.service.grpc.http2().open_streams(), 0);
}

/// The client hears of it, even if its window keeps a message back. The call beside it goes on.
#[test]
fn a_server_gives_up_a_call() {
    let mut pair = Pair::new();
    let (call, other) =
        (pair.unary("/t.T/Slow", b"!"), pair.call("/t.T/Bidi", CallKind::BidiStreaming));
    pair.run();
    let slow = pair.service.events.iter().find_map(|event| match event {
        ServerEvent::Message(call) => Some(*call),
        _ => None,
    });
    let (slow, seen) = (slow.unwrap(), pair.service.events.len());
    pair.service.grpc.send(slow, &vec![0; 1 << 20], &mut pair.service.out).unwrap();
    pair.service.grpc.cancel(slow);
    let sent = pair.service.grpc.send(slow, b"", &mut pair.service.out);
    assert_eq!(sent, Err(SendError::Ended));
    pair.run();
    assert_eq!(pair.end(call), Some(Code::Cancelled));
    assert_eq!(pair.service.events[seen..], [], "the caller knows");
    pair.send(other, b"still here");
    pair.run();
    assert_eq!(pair.messages(other), [b"still here"]);
}
