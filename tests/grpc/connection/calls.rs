//! Calls of all four kinds (PROTOCOL-HTTP2, *Outline*), what goes with them, and what is refused.

use framewright::grpc::{
    CallKind, Client, ClientEvent, Code, ContentType, Encodings, Fixed, Heap, Limits, ResponseHead,
    SendError, Server, ServerConfig, ServerEvent, Status, Timeout, Trailers, Value, metadata,
};
use framewright::http2;

use super::pair::{Pair, request};

#[test]
fn unary_in_reads_of_any_size() {
    for read_len in [1, 2, 3, 5, 7, 16, 64, usize::MAX] {
        let mut pair = Pair { read_len, ..Pair::new() };
        for len in [0, 1, 4, 125, 16_379, 16_380, 65_530, 70_000, 300_000] {
            let message = vec![7; len];
            let call = pair.unary("/t.T/Unary", &message);
            pair.run();
            assert_eq!(pair.messages(call), [message], "{len} in {read_len}");
            assert_eq!(pair.end(call), Some(Code::Ok));
        }
    }
}

#[test]
fn the_four_kinds_side_by_side() {
    for read_len in [1, 9, 100, usize::MAX] {
        let mut pair = Pair { read_len, ..Pair::new() };
        let bidi = pair.call("/t.T/Bidi", CallKind::BidiStreaming);
        let sum = pair.call("/t.T/Sum", CallKind::ClientStreaming);
        let count = pair.count(3);
        for len in 0..20 {
            pair.send(bidi, &vec![1; len]);
            pair.send(sum, &vec![2; len]);
            if len % 7 == 0 {
                pair.run();
                assert_eq!(pair.messages(bidi).len(), len + 1, "each is answered at once");
            }
        }
        pair.half_close(sum);
        pair.half_close(bidi);
        pair.run();
        assert_eq!(pair.messages(bidi), (0..20).map(|len| vec![1; len]).collect::<Vec<_>>());
        assert_eq!(pair.messages(sum), [b"190".to_vec()]);
        assert_eq!(pair.messages(count), [[3; 100], [2; 100], [1; 100]]);
        for call in [bidi, sum, count] {
            assert_eq!(pair.end(call), Some(Code::Ok));
        }
    }
}

#[test]
fn a_hundred_calls_at_once_and_no_more() {
    let mut pair = Pair::new();
    let calls: Vec<_> = (100..200).map(|at| pair.unary("/t.T/Unary", &[at])).collect();
    let another = pair.client.call(&request("/t.T/Unary"), CallKind::Unary, &mut pair.out);
    assert_eq!(another, Err(SendError::TooManyCalls));
    pair.run();
    for (at, call) in (100..).zip(calls) {
        assert_eq!(pair.messages(call), [[at]]);
        assert_eq!(pair.end(call), Some(Code::Ok));
    }
    let call = pair.unary("/t.T/Unary", b"again");
    pair.run();
    assert_eq!(pair.end(call), Some(Code::Ok));
}

/// PROTOCOL-HTTP2, *Requests*: the scheme and the authority.
#[test]
fn a_request_that_cannot_be_sent_begins_no_call() {
    let mut pair = Pair::new();
    pair.run();
    for scheme in ["", "ftp", "grpc", "https ", "h2c"] {
        let head = request("/t.T/Unary").scheme(scheme);
        let call = pair.client.call(&head, CallKind::Unary, &mut pair.out);
        assert_eq!(call, Err(SendError::Scheme), "{scheme}");
    }
    for authority in ["", "me@localhost", "a b", ":1"] {
        let head = request("/t.T/Unary").authority(authority);
        let call = pair.client.call(&head, CallKind::Unary, &mut pair.out);
        assert_eq!(call, Err(SendError::Authority), "{authority}");
    }
    assert_eq!((&pair.out[..], pair.client.http2().open_streams()), (&b""[..], 0));
    let head = request("/t.T/Unary").scheme("HTTPS");
    let call = pair.client.unary(&head, b"x", &mut pair.out).unwrap();
    pair.run();
    assert_eq!(pair.end(call), Some(Code::Ok));
}

/// PROTOCOL-HTTP2, *Custom-Metadata*, *Status*, *Status-Message*.
#[test]
fn metadata_and_statuses_both_ways() {
    let mut client = Client::<Heap>::new(Limits::new(), http2::Limits::new(), 0);
    let config = ServerConfig::new().encodings(Encodings::new(&["gzip"]).unwrap());
    let mut server = Server::<Heap>::new(config, http2::Limits::new(), 0);
    let (mut to_server, mut to_client) = (Vec::new(), Vec::new());
    let sent = [("x-name", "value".into()), ("x-raw-bin", Value::Bytes(&[0, 0xFF, 7]))];
    let head = request("/t.T/M").metadata(&sent).encoding("gzip");
    let call = client.unary(&head, b"", &mut to_server).unwrap();

    let mut input = &mut to_server[..];
    while let Some(event) = server.receive(&mut input, 0) {
        match event {
            ServerEvent::Call(call) => {
                assert_eq!(server.path(), "/t.T/M");
                let found: Vec<_> = metadata(server.headers()).map(|(name, _)| name).collect();
                assert_eq!(found, ["x-name", "x-raw-bin"]);
                assert_eq!(server.headers().get("x-raw-bin"), Some(&b"AP8H"[..]));
                server.accept(call, CallKind::Unary).unwrap();
                assert_eq!(server.path(), "/t.T/M", "it stays until the next event");
            }
            ServerEvent::Message(call) => {
                assert_eq!((server.path(), server.encoding(call)), ("", Some("gzip")));
                let head = [("x-early", "1".into())];
                let head = ResponseHead::new().metadata(&head).encoding("gzip");
                server.send_head(call, head, &mut to_client).unwrap();
                assert_eq!(
                    server.send_head(call, ResponseHead::new(), &mut to_client),
                    Err(SendError::HeadSent)
                );
                let status = Status::new(Code::NotFound, "kein Café ☕").with_details(b"\x08\x05");
                let late = [("x-late-bin", Value::Bytes(b"~"))];
                let trailers = Trailers::new(status).metadata(&late);
                server.finish(call, trailers, &mut to_client).unwrap();
                assert_eq!(server.send(call, b"", &mut to_client), Err(SendError::Ended));
            }
            _ => {}
        }
    }
    server.transmit(&mut to_client);

    let mut input = &mut to_client[..];
    let mut events = Vec::new();
    while let Some(event) = client.receive(&mut input, 0) {
        events.push(event);
        match event {
            ClientEvent::Head(_) => {
                assert_eq!(client.headers().get("x-early"), Some(&b"1"[..]));
                assert_eq!(client.encoding(call), Some("gzip"));
            }
            ClientEvent::End { call, .. } => {
                let status = client.status(call).unwrap();
                assert_eq!(status.message.to_string(), "kein Café ☕");
                let mut details = Vec::new();
                status.details.unwrap().decode(&mut details).unwrap();
                assert_eq!(details, b"\x08\x05");
                assert_eq!(client.trailers(call).get("x-late-bin"), Some(&b"fg"[..]));
            }
            _ => {}
        }
    }
    let end = ClientEvent::End { call, code: Code::NotFound };
    assert_eq!(events, [ClientEvent::Head(call), end]);
    assert_eq!(client.status(call), None, "it was there until the next event");
}

/// statuscodes.md: a method that nobody knows is UNIMPLEMENTED.
#[test]
fn a_call_that_is_not_accepted_is_unimplemented() {
    for read_len in [1, usize::MAX] {
        let mut pair = Pair { read_len, ..Pair::new() };
        let unknown = pair.unary("/t.T/Unknown", b"x");
        let refused = pair.unary("/t.T/Refuse", b"x");
        let known = pair.unary("/t.T/Unary", b"x");
        pair.run();
        assert_eq!(pair.end(unknown), Some(Code::Unimplemented));
        assert_eq!(pair.end(refused), Some(Code::PermissionDenied));
        assert_eq!(pair.heard(refused).message, "für dich nicht");
        assert_eq!(pair.end(known), Some(Code::Ok));
    }
}

/// Only the call that was just announced can be accepted, and only once.
#[test]
fn a_call_is_accepted_once_and_in_time() {
    let not_announced = Err(SendError::NotAnnounced);
    let mut pair = Pair::new();
    let calls = [(); 3].map(|()| pair.unary("/t.T/Unary", b"x"));
    pair.client.transmit(&mut pair.out);
    let mut to_server = std::mem::take(&mut pair.out);
    let (server, out) = (&mut pair.service.grpc, &mut pair.service.out);
    let (mut input, mut announced) = (&mut to_server[..], Vec::new());
    while let Some(event) = server.receive(&mut input, 0) {
        for &earlier in &announced {
            assert_eq!(server.accept(earlier, CallKind::Unary), not_announced, "{event:?}");
        }
        match event {
            // One is accepted, one is not, and one is answered.
            ServerEvent::Call(call) => {
                match announced.len() {
                    0 => server.accept(call, CallKind::Unary).unwrap(),
                    1 => {}
                    _ => server.finish(call, Status::new(Code::Aborted, ""), out).unwrap(),
                }
                if announced.len() != 1 {
                    assert_eq!(server.accept(call, CallKind::Unary), not_announced);
                }
                announced.push(call);
            }
            ServerEvent::Message(call) => server.reply(call, b"y", out).unwrap(),
            _ => {}
        }
    }
    pair.run();
    let ends = [Code::Ok, Code::Unimplemented, Code::Aborted].map(Some);
    assert_eq!(calls.map(|call| pair.end(call)), ends);
}

/// What was sent before the call is accepted counts.
#[test]
fn a_unary_call_that_is_answered_before_it_is_accepted() {
    let mut pair = Pair::new();
    pair.unary("/t.T/Unary", b"x");
    pair.client.transmit(&mut pair.out);
    let mut to_server = std::mem::take(&mut pair.out);
    let (server, out) = (&mut pair.service.grpc, &mut pair.service.out);
    let Some(ServerEvent::Call(call)) = server.receive(&mut &mut to_server[..], 0) else {
        panic!()
    };
    server.send(call, b"first", out).unwrap();
    server.accept(call, CallKind::Unary).unwrap();
    assert_eq!(server.send(call, b"second", out), Err(SendError::MessageUnexpected));
    server.finish(call, Status::OK, out).unwrap();
}

/// statuscodes.md, *cardinality violation*.
#[test]
fn a_unary_call_has_one_message() {
    let mut pair = Pair::new();
    let two = pair.call("/t.T/Unary", CallKind::BidiStreaming);
    pair.send(two, b"!one");
    pair.send(two, b"!two");
    let none = pair.call("/t.T/Unary", CallKind::BidiStreaming);
    pair.half_close(none);
    pair.run();
    assert_eq!(pair.end(two), Some(Code::Unimplemented));
    assert_eq!(pair.end(none), Some(Code::Unimplemented));
    let cancelled =
        pair.service.events.iter().filter(|event| {
            matches!(event, ServerEvent::Cancelled { code: Code::Unimplemented, .. })
        });
    assert_eq!(cancelled.count(), 2);
}

/// PROTOCOL-HTTP2, *Content-Type*; compression.md.
#[test]
fn what_is_no_request_of_grpc() {
    let mut pair = Pair::new();
    let json = ContentType { subtype: framewright::grpc::Subtype::JSON, ..ContentType::GRPC };
    let head = request("/t.T/Unary").content_type(json);
    let format = pair.client.unary(&head, b"", &mut pair.out).unwrap();
    let head = request("/t.T/Unary").encoding("zstd");
    let encoding = pair.client.unary(&head, b"", &mut pair.out).unwrap();
    pair.run();
    // HTTP status 415, which has no status of gRPC.
    assert_eq!(pair.end(format), Some(Code::Unknown));
    assert_eq!(pair.end(encoding), Some(Code::Unimplemented));
    assert_eq!(pair.service.events, [], "the user hears of neither");
}

/// PROTOCOL-HTTP2, *Timeout*.
#[test]
fn deadlines_end_calls_at_both_ends() {
    let mut pair = Pair::new();
    let timeout = Timeout::parse(b"100m").unwrap();
    let call =
        pair.client.unary(&request("/t.T/Slow").timeout(timeout), b"!", &mut pair.out).unwrap();
    let other = pair.unary("/t.T/Slow", b"!");
    pair.run();
    assert_eq!(pair.client.deadline(), Some(100));
    assert_eq!(pair.service.grpc.deadline(), Some(100));
    pair.wait(99);
    assert_eq!(pair.end(call), None);
    pair.wait(1);
    assert_eq!(pair.end(call), Some(Code::DeadlineExceeded));
    assert_eq!(pair.end(other), None);
    let cancelled = pair.service.events.last();
    assert!(
        matches!(cancelled, Some(ServerEvent::Cancelled { code: Code::DeadlineExceeded, .. })),
        "{cancelled:?}"
    );
    assert_eq!(pair.client.http2().open_streams(), 1);
}

#[test]
fn the_servers_deadline_reaches_a_client_without_one() {
    let mut pair = Pair::new();
    let call = pair.unary("/t.T/Slow", b"!");
    pair.run();
    let Some(&ServerEvent::Call(at_server)) = pair.service.events.first() else { panic!() };
    pair.service.grpc.set_deadline(at_server, 50);
    pair.wait(50);
    assert_eq!(pair.end(call), Some(Code::DeadlineExceeded));
    assert_eq!(pair.heard(call).message, "deadline exceeded");
}

/// PROTOCOL-HTTP2, *Client Cancellation*.
#[test]
fn a_cancelled_call_ends_at_the_server() {
    let mut pair = Pair::new();
    let call = pair.unary("/t.T/Slow", b"!");
    let other = pair.call("/t.T/Bidi", CallKind::BidiStreaming);
    pair.run();
    pair.client.cancel(call);
    assert_eq!(pair.client.send(call, b"", &mut pair.out), Err(SendError::Ended));
    pair.run();
    let cancelled = pair.service.events.last();
    assert!(matches!(cancelled, Some(ServerEvent::Cancelled { code: Code::Cancelled, .. })));
    assert_eq!(pair.end(call), None, "the caller knows");
    pair.send(other, b"still here");
    pair.run();
    assert_eq!(pair.messages(other), [b"still here"]);
}

/// PROTOCOL-WEB: the trailers are in the body, which is in base64 in the text form.
#[test]
fn grpc_web_over_http2() {
    for content_type in [ContentType::WEB, ContentType::WEB_TEXT] {
        for read_len in [1, 3, 17, usize::MAX] {
            let mut pair = Pair { read_len, ..Pair::new() };
            let head = request("/t.T/Bidi").content_type(content_type);
            let call = pair.client.call(&head, CallKind::BidiStreaming, &mut pair.out).unwrap();
            for len in [0, 1, 2, 3, 100] {
                pair.send(call, &vec![b'x'; len]);
                pair.run();
            }
            pair.half_close(call);
            let head = request("/t.T/Refuse").content_type(content_type);
            let refused = pair.client.unary(&head, b"", &mut pair.out).unwrap();
            pair.run();
            let sent: Vec<_> = [0, 1, 2, 3, 100].map(|len| vec![b'x'; len]).into();
            assert_eq!(pair.messages(call), sent, "{content_type:?} in {read_len}");
            assert_eq!(pair.end(call), Some(Code::Ok));
            assert_eq!(pair.end(refused), Some(Code::PermissionDenied));
        }
    }
}

/// statuscodes.md: a message that there is no room for is RESOURCE_EXHAUSTED.
#[test]
fn messages_over_the_limit() {
    const CONFIG: ServerConfig = ServerConfig::new().limits(Limits::new().max_message_len(1 << 20));
    let mut pair: Pair = Pair::with(CONFIG, http2::Limits::new(), http2::Limits::new());
    let fits = pair.unary("/t.T/Unary", &vec![1; 1 << 20]);
    let long = pair.unary("/t.T/Unary", &vec![1; 5_000_000]);
    pair.run();
    assert_eq!(pair.end(fits), Some(Code::Ok));
    assert_eq!(pair.end(long), Some(Code::ResourceExhausted));
    // The rest of the long one was never sent.
    pair.wait(1000);
    assert_eq!(pair.client.http2().open_streams(), 0);
    assert_eq!(pair.service.grpc.http2().open_streams(), 0);
}

#[test]
fn memory_of_a_fixed_size() {
    let limits = http2::Limits::new().max_head_len(2048).max_send_len(256);
    let mut pair: Pair<Fixed<2, 100>, Fixed<2, 300, 0>> =
        Pair::with(ServerConfig::new(), limits, limits);
    let fits = pair.unary("/t.T/Unary", &[1; 100]);
    let long = pair.unary("/t.T/Unary", &[1; 101]);
    let third = pair.client.call(&request("/t.T/Unary"), CallKind::Unary, &mut pair.out);
    assert_eq!(third, Err(SendError::TooManyCalls));
    pair.run();
    assert_eq!(pair.messages(fits), [[1; 100]]);
    assert_eq!(pair.end(fits), Some(Code::Ok));
    assert_eq!(pair.end(long), Some(Code::ResourceExhausted));
    for _ in 0..100 {
        let call = pair.unary("/t.T/Unary", b"again");
        pair.run();
        assert_eq!(pair.end(call), Some(Code::Ok));
    }
}
