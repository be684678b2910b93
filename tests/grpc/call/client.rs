//! A client's calls, in the order of PROTOCOL-HTTP2 and PROTOCOL-WEB.

use super::{
    GRPC, OK, PATH, Seen, WEB, answered, base64, client, client_of, frame, headers, request,
    server, whole,
};
use crate::common::same_however_split;
use core::time::Duration;
use framewright::grpc::{
    CallKind, ClientCall, ClientRequest, Code, ContentType, Error, Event, Limits, Message, Path,
    Request, Reset, SendError, Subtype, Value, metadata,
};
use framewright::{Buffer, BufferFull, SliceBuf};

/// The body of a response to a client's call, however split, and then the events of `after`.
fn respond(
    start: impl Fn() -> ClientCall<Vec<u8>>,
    body: &[u8],
    after: impl Fn(&mut ClientCall<Vec<u8>>) -> Option<Event<'static>>,
) -> (Seen, Option<String>) {
    same_however_split(body, |pieces| {
        let mut call = start();
        let mut seen = Seen::default();
        for piece in pieces {
            let mut read = piece.to_vec();
            let mut input = call.decode_text_in_place(&mut read);
            while let Some(event) = call.receive(&mut input) {
                seen.see(Some(event));
            }
            assert!(input.is_empty());
        }
        seen.see(after(&mut call));
        assert_eq!(call.status().map(|status| status.code), seen.end);
        seen.see(call.receive_disconnect());
        (seen, call.status().map(|status| status.to_string()))
    })
}

// -- Requests

/// PROTOCOL-HTTP2, *Outline*.
#[test]
fn a_request_is_messages_and_then_its_end() {
    for (kind, messages) in
        [(CallKind::Unary, 1), (CallKind::BidiStreaming, 0), (CallKind::ClientStreaming, 3)]
    {
        let mut call = client(kind);
        let mut body = Vec::new();
        for _ in 0..messages {
            call.send(b"abc", &mut body).unwrap();
        }
        call.half_close(&mut body).unwrap();
        assert_eq!(body, frame(0, "abc").repeat(messages));
        assert_eq!(call.send(b"x", &mut body), Err(SendError::HalfClosed));
        assert_eq!(call.half_close(&mut body), Err(SendError::HalfClosed));
    }
}

#[test]
fn a_single_message_is_sent_exactly_once() {
    for kind in [CallKind::Unary, CallKind::ServerStreaming] {
        let mut call = client(kind);
        let mut body = Vec::new();
        assert_eq!(call.half_close(&mut body), Err(SendError::MessageMissing));
        call.body().and_then(|encoder| encoder.begin_message(2, true, &mut body)).unwrap();
        assert_eq!(call.half_close(&mut body), Err(SendError::MessageUnfinished));
        call.body().and_then(|encoder| encoder.encode_payload(b"ab", &mut body)).unwrap();
        let again = Err(SendError::MessageUnexpected);
        assert_eq!(call.send(b"", &mut body), again);
        assert_eq!(
            call.body().and_then(|encoder| encoder.begin_message(0, false, &mut body)),
            again
        );
        assert_eq!(
            call.body().and_then(|encoder| encoder.encode_prefix(0, false)),
            Err(SendError::MessageUnexpected)
        );
        assert_eq!(body, frame(1, "ab"), "nothing else was written");
        assert_eq!(call.half_close(&mut body), Ok(()));
    }
}

#[test]
fn a_message_that_finds_no_room_does_not_count() {
    let mut call = client(CallKind::Unary);
    let mut room = [0; 7];
    let mut out = SliceBuf::new(&mut room);
    let full = SendError::BufferFull(BufferFull { needed: 8 });
    assert_eq!(call.send(b"abc", &mut out), Err(full));
    assert_eq!(out.as_slice(), b"");
    call.send(b"ab", &mut out).unwrap();
    assert_eq!(out.as_slice(), b"\0\0\0\0\x02ab");
}

#[test]
fn a_compressed_message_needs_an_encoding() {
    let plain = ClientRequest::new(Path::parse(PATH).unwrap());
    for request in [plain, plain.encoding("identity")] {
        let mut call = request.call(CallKind::Unary, Limits::new(), Vec::new(), 0);
        let missing = Err(SendError::EncodingMissing);
        assert_eq!(call.send(Message { compressed: true, bytes: b"x" }, &mut Vec::new()), missing);
    }
    let mut call = client(CallKind::Unary);
    assert_eq!(call.send(Message { compressed: true, bytes: b"x" }, &mut Vec::new()), Ok(()));
}

// -- Responses: heads

/// PROTOCOL-HTTP2, *Outline*, *Response-Headers*, *Trailers*.
#[test]
fn a_response_is_a_head_and_messages_and_trailers() {
    for (kind, messages) in [
        (CallKind::Unary, &["a"][..]),
        (CallKind::ServerStreaming, &[]),
        (CallKind::BidiStreaming, &["a", "", "b"]),
    ] {
        let body: Vec<u8> = messages.iter().flat_map(|bytes| frame(0, bytes)).collect();
        let trailers = [OK, ("x-id", "7"), ("grpc-message", "all%20well")];
        let (seen, status) =
            respond(|| answered(kind), &body, |call| call.receive_trailers(headers(&trailers)));
        let expected = Seen { messages: whole(messages), end: Some(Code::Ok), half_closed: false };
        assert_eq!((seen, status), (expected, Some("OK: all well".into())));
    }
}

#[test]
fn trailers_are_kept_until_the_call_is_dropped() {
    let mut call = answered(CallKind::ServerStreaming);
    let trailers = [
        ("x-a", "1"),
        ("grpc-status", "5"),
        ("grpc-status-details-bin", "q6ur"),
        ("x-a", "2"),
        ("x-bin", "AQI"),
    ];
    assert_eq!(call.receive_trailers(headers(&trailers)), Some(Event::End(Code::NotFound)));
    let status = call.status().unwrap();
    assert_eq!((status.code, status.details), (Code::NotFound, Some(Value::Base64(b"q6ur"))));
    let expected =
        [("x-a", Value::Text("1")), ("x-a", Value::Text("2")), ("x-bin", Value::Base64(b"AQI"))];
    assert_eq!(metadata(call.trailers()).collect::<Vec<_>>(), expected);
}

/// PROTOCOL-HTTP2, *Trailers-Only*.
#[test]
fn a_head_with_the_end_is_trailers_only() {
    for (list, code) in [
        (&[GRPC, ("grpc-status", "7"), ("grpc-message", "no")][..], Code::PermissionDenied),
        (&[GRPC, OK], Code::Ok),
        (&[OK], Code::Ok),
        (&[GRPC, ("grpc-status", "17")], Code::Unknown),
        (&[GRPC], Code::Unknown),
    ] {
        let mut call = client(CallKind::ServerStreaming);
        assert_eq!(call.receive_head(200, headers(list), true), Some(Event::End(code)));
        assert_eq!(call.status().unwrap().code, code);
        assert_eq!(call.receive_head(200, headers(list), true), None, "once");
    }
    let mut unary = client(CallKind::Unary);
    let missing = Some(Event::End(Code::Unimplemented));
    assert_eq!(
        unary.receive_head(200, headers(&[GRPC, OK]), true),
        missing,
        "OK without a message"
    );
    assert_eq!(unary.error(), Some(Error::MessageMissing));
}

/// The status in a head does not count if a body or trailers follow.
#[test]
fn a_status_in_a_head_that_is_not_the_end_is_ignored() {
    let list = [GRPC, ("grpc-status", "9"), ("grpc-message", "ignored")];
    let mut call = client(CallKind::ServerStreaming);
    assert_eq!(call.receive_head(200, headers(&list), false), Some(Event::Head));
    assert_eq!(call.receive_trailers(headers(&[OK])), Some(Event::End(Code::Ok)));
    assert_eq!(call.status().unwrap().to_string(), "OK");
}

#[test]
fn informational_heads_are_skipped() {
    let mut call = client(CallKind::ServerStreaming);
    for status in [100, 103, 199] {
        assert_eq!(call.receive_head(status, headers(&[]), false), None);
    }
    assert_eq!(call.receive_head(200, headers(&[GRPC]), false), Some(Event::Head));
}

#[test]
fn a_response_that_is_not_grpc_has_the_status_of_http() {
    for (status, code) in [
        (200, Code::Unknown),
        (400, Code::Internal),
        (401, Code::Unauthenticated),
        (403, Code::PermissionDenied),
        (404, Code::Unimplemented),
        (418, Code::Unknown),
        (429, Code::Unavailable),
        (502, Code::Unavailable),
        (503, Code::Unavailable),
        (504, Code::Unavailable),
    ] {
        for content_type in ["text/html", "application/grpc-web", "application/grpcfoo"] {
            for end in [false, true] {
                let mut call = client(CallKind::Unary);
                let list = [("content-type", content_type)];
                let event = call.receive_head(status, headers(&list), end);
                assert_eq!(event, Some(Event::End(code)));
                assert_eq!(call.error(), Some(Error::Http(status)));
                let mut rest = &b"<html>"[..];
                assert_eq!(
                    (call.receive(&mut rest), rest),
                    (None, &b""[..]),
                    "its body is ignored"
                );
            }
        }
        // With the right type, the call waits for the trailers. The HTTP status counts if they have
        // none.
        let mut call = client(CallKind::ServerStreaming);
        assert_eq!(call.receive_head(status, headers(&[GRPC]), false), Some(Event::Head));
        let mut succeeding = call.clone();
        assert_eq!(succeeding.receive_trailers(headers(&[OK])), Some(Event::End(Code::Ok)));
        assert_eq!(call.receive_eof(), Some(Event::End(code)));
    }
}

#[test]
fn a_response_in_another_subtype_is_an_error() {
    let json = ContentType { subtype: Subtype::JSON, ..ContentType::GRPC };
    for (asked, answered, good) in [
        (ContentType::GRPC, "application/grpc", true),
        (ContentType::GRPC, "application/grpc+proto", true),
        (ContentType::GRPC, "application/grpc+json", false),
        (json, "application/grpc+json", true),
        (json, "application/grpc", false),
    ] {
        let mut call = client_of(asked, CallKind::Unary);
        let event = call.receive_head(200, headers(&[("content-type", answered)]), false);
        let expected = if good { Event::Head } else { Event::End(Code::Internal) };
        assert_eq!(event, Some(expected), "{answered}");
    }
}

#[test]
fn a_response_without_a_status_is_an_error() {
    let end = |call: &mut ClientCall<Vec<u8>>| call.receive_eof();
    let trailers = |call: &mut ClientCall<Vec<u8>>| call.receive_trailers(headers(&[("x", "y")]));
    let start = || answered(CallKind::ServerStreaming);
    assert_eq!(respond(start, b"", end).0.end, Some(Code::Unknown));
    assert_eq!(respond(start, b"", trailers).0.end, Some(Code::Unknown));
    assert_eq!(respond(start, &frame(0, "a"), end).0.end, Some(Code::Internal));
    assert_eq!(client(CallKind::Unary).receive_eof(), Some(Event::End(Code::Unknown)));
}

// -- Responses: messages

#[test]
fn a_single_message_comes_exactly_once() {
    let ok = |call: &mut ClientCall<Vec<u8>>| call.receive_trailers(headers(&[OK]));
    let lost =
        |call: &mut ClientCall<Vec<u8>>| call.receive_trailers(headers(&[("grpc-status", "15")]));
    for kind in [CallKind::Unary, CallKind::ClientStreaming] {
        let start = || answered(kind);
        assert_eq!(respond(start, b"", ok).0.end, Some(Code::Unimplemented));
        assert_eq!(respond(start, b"", lost).0.end, Some(Code::DataLoss), "an error needs none");
        assert_eq!(respond(start, &frame(0, ""), ok).0.end, Some(Code::Ok));
        let (seen, _) = respond(start, &frame(0, "a").repeat(2), ok);
        assert_eq!((seen.messages, seen.end), (whole(&["a"]), Some(Code::Unimplemented)));
    }
    assert_eq!(respond(|| answered(CallKind::ServerStreaming), b"", ok).0.end, Some(Code::Ok));
}

#[test]
fn a_message_that_is_cut_off_is_an_error_unless_there_is_a_worse_one() {
    let start = || answered(CallKind::BidiStreaming);
    let bytes = [frame(0, "a"), frame(0, "bcd")].concat();
    for cut in 7..bytes.len() {
        for (status, code) in [("0", Code::Internal), ("10", Code::Aborted)] {
            let (seen, _) = respond(start, &bytes[..cut], |call| {
                call.receive_trailers(headers(&[("grpc-status", status)]))
            });
            assert_eq!(seen.end, Some(code));
        }
        let (seen, _) = respond(start, &bytes[..cut], ClientCall::receive_eof);
        assert_eq!(seen.end, Some(Code::Internal));
        let mut call = start();
        let mut input = &bytes[..cut];
        while call.receive(&mut input).is_some() {}
        call.receive_eof();
        assert_eq!(call.error(), Some(Error::Truncated), "not that there is no status");
    }
}

#[test]
fn a_message_says_how_much_of_it_is_missing() {
    let bytes = frame(0, [7; 100]);
    let mut client = answered(CallKind::Unary);
    let mut server = server(CallKind::Unary);
    for (at, missing) in [(0..4, 0), (4..5, 100), (5..25, 80), (25..105, 0)] {
        client.receive(&mut &bytes[at.clone()]);
        server.receive(&mut &bytes[at]);
        assert_eq!((client.payload_remaining(), server.payload_remaining()), (missing, missing));
    }
}

#[test]
fn a_message_over_the_limit_ends_the_call_with_its_prefix() {
    let start = || {
        let limits = Limits::new().max_message_len(3);
        let mut call = request(ContentType::GRPC).call(CallKind::Unary, limits, Vec::new(), 0);
        call.receive_head(200, headers(&[GRPC]), false);
        call
    };
    let (seen, status) = respond(start, &frame(0, "abcd")[..5], |_| None);
    assert_eq!((seen.messages, seen.end), (vec![], Some(Code::ResourceExhausted)));
    assert_eq!(status.unwrap(), "RESOURCE_EXHAUSTED: message is too long");
    let mut call = start();
    call.receive(&mut &frame(0, "abcd")[..]);
    assert_eq!(call.reset_code(), Some(Reset::Now(8)), "CANCEL");
}

#[test]
fn compressed_messages_are_judged_by_the_encoding_of_the_head() {
    for (encoding, error) in [
        (Some("gzip"), None),
        (Some("identity"), Some(Error::CompressedUnexpected)),
        (None, Some(Error::CompressedUnexpected)),
        (Some("snappy"), Some(Error::EncodingNotAccepted)),
    ] {
        let mut list = vec![GRPC];
        list.extend(encoding.map(|name| ("grpc-encoding", name)));
        let mut call = client(CallKind::ServerStreaming);
        assert_eq!(call.receive_head(200, headers(&list), false), Some(Event::Head));
        let plain = call.receive(&mut &b"\0\0\0\0\0"[..]);
        assert!(matches!(plain, Some(Event::Message { compressed: false, .. })), "{encoding:?}");
        let event = call.receive(&mut &b"\x01\0\0\0\0"[..]);
        match error {
            None => assert!(matches!(event, Some(Event::Message { compressed: true, .. }))),
            Some(_) => assert_eq!(event, Some(Event::End(Code::Internal))),
        }
        assert_eq!(call.error(), error);
    }
}

// -- Responses: trailers

#[test]
fn trailers_that_find_no_room_are_an_error_unless_there_is_a_worse_one() {
    let long = "x".repeat(40);
    for (status, code) in [("0", Code::ResourceExhausted), ("5", Code::NotFound)] {
        for limit in [30, 8192] {
            let mut room = [0; 30];
            let mut call = request(ContentType::GRPC).call(
                CallKind::ServerStreaming,
                Limits::new().max_trailers_len(limit),
                SliceBuf::new(&mut room),
                0,
            );
            call.receive_head(200, headers(&[GRPC]), false);
            let list = [("grpc-status", status), ("x-long", &long)];
            assert_eq!(call.receive_trailers(headers(&list)), Some(Event::End(code)));
            assert_eq!(call.trailers().iter().count(), 0);
            assert_eq!(call.status().unwrap().code, code);
        }
    }
}

/// PROTOCOL-HTTP2, *Responses*: of trailers that find no room, the status is kept as far as there is room
/// for it.
#[test]
fn metadata_that_find_no_room_do_not_take_the_status_with_them() {
    let long = "x".repeat(200);
    let (message, details) = ("m".repeat(150), "q6ur".repeat(40));
    for (message, details, kept) in [
        ("bad%20arg", "q6ur", ("NOT_FOUND: bad arg", true)),
        (&message, "q6ur", (&*format!("NOT_FOUND: {message}"), false)),
        ("bad%20arg", &details, ("NOT_FOUND: bad arg", false)),
        (&long, "q6ur", ("NOT_FOUND", true)),
    ] {
        let list = [
            ("x-long", &*long),
            ("grpc-status", "5"),
            ("grpc-message", message),
            ("grpc-status-details-bin", details),
        ];
        for in_head in [false, true] {
            let limits = Limits::new().max_trailers_len(200);
            let mut call = request(ContentType::GRPC).call(CallKind::Unary, limits, Vec::new(), 0);
            let mut head = headers(&[GRPC]);
            if in_head {
                head.extend(headers(&list));
            }
            call.receive_head(200, head, false);
            let end =
                if in_head { call.receive_eof() } else { call.receive_trailers(headers(&list)) };
            assert_eq!(end, Some(Event::End(Code::NotFound)));
            let status = call.status().unwrap();
            assert_eq!((&*status.to_string(), status.details.is_some()), kept);
        }
    }
}

/// A trailer counts as its name, its value, and the four bytes that HTTP/1.1 puts around them.
#[test]
fn trailers_of_exactly_the_limit_pass_and_one_byte_more_does_not() {
    let list = [("grpc-status", "0"), ("x", "yz")];
    let len = "grpc-status: 0\r\nx: yz\r\n".len() as u64;
    for (limit, code, kept) in [(len, Code::Ok, 2), (len - 1, Code::ResourceExhausted, 0)] {
        let mut call = request(ContentType::GRPC).call(
            CallKind::ServerStreaming,
            Limits::new().max_trailers_len(limit),
            Vec::new(),
            0,
        );
        call.receive_head(200, headers(&[GRPC]), false);
        assert_eq!(call.receive_trailers(headers(&list)), Some(Event::End(code)));
        assert_eq!(call.trailers().iter().count(), kept);
    }
}

#[test]
fn headers_of_grpc_are_compared_by_more_than_their_length() {
    let mut call = client(CallKind::ServerStreaming);
    let list = [
        ("content-tape", "application/grpc-web"),
        GRPC,
        ("grpc-encodinx", "snappy"),
        ("grpc-encoding", "gzip"),
    ];
    assert_eq!(call.receive_head(200, headers(&list), false), Some(Event::Head));
    let event = call.receive(&mut &b"\x01\0\0\0\0"[..]);
    assert!(matches!(event, Some(Event::Message { compressed: true, .. })));
    let trailers = [("grpc-statux", "5"), OK];
    assert_eq!(call.receive_trailers(headers(&trailers)), Some(Event::End(Code::Ok)));

    let list = [
        ("tx", "trailers"),
        ("accepx", "application/grpc-web"),
        ("content-tape", "text/html"),
        GRPC,
        ("grpc-timeoux", "nonsense"),
        ("grpc-encodinx", "snappy"),
    ];
    let request = Request::parse("POST", PATH, headers(&list)).unwrap();
    assert_eq!(request.timeout(), None);
    assert_eq!(request.encoding(), None);
}

/// A call does not succeed if part of its trailers was lost.
#[test]
fn trailers_in_a_head_that_find_no_room_are_an_error_unless_there_is_a_worse_one() {
    let long = "x".repeat(40);
    for (status, events) in [
        ("0", [Some(Event::End(Code::ResourceExhausted)), None]),
        ("5", [Some(Event::Head), Some(Event::End(Code::NotFound))]),
    ] {
        let mut room = [0; 30];
        let mut call = request(ContentType::WEB).call(
            CallKind::ServerStreaming,
            Limits::new(),
            SliceBuf::new(&mut room),
            0,
        );
        let list = [WEB, ("grpc-status", status), ("x-long", &long)];
        let head = call.receive_head(200, headers(&list), false);
        assert_eq!([head, call.receive_eof()], events);
    }
}

/// A caller may pass trailers that no HTTP parser lets through.
#[test]
fn trailers_cannot_smuggle_a_line() {
    let mut call = answered(CallKind::ServerStreaming);
    let list = [("x", "1\r\ngrpc-status: 0"), ("y z", "1"), ("grpc-status", "5")];
    assert_eq!(call.receive_trailers(headers(&list)), Some(Event::End(Code::NotFound)));
    assert_eq!(call.trailers().iter().collect::<Vec<_>>(), [("grpc-status", &b"5"[..])]);

    let mut call = answered(CallKind::ServerStreaming);
    let list = [("grpc-status", "5\r\n"), OK];
    assert_eq!(call.receive_trailers(headers(&list)), Some(Event::End(Code::Unknown)));
}

// -- gRPC-Web

fn web(content_type: ContentType, kind: CallKind) -> ClientCall<Vec<u8>> {
    let mut call = client_of(content_type, kind);
    let list = [("content-type", &content_type.to_string()[..])];
    assert_eq!(call.receive_head(200, headers(&list), false), Some(Event::Head));
    call
}

#[test]
fn trailers_in_the_body_end_the_call() {
    let body =
        b"\0\0\0\0\x02\x08\x01\x80\0\0\0\x24Grpc-Status:5\r\nx-id: 7\r\nX-Id:8 \r\na:\r\n\r\n";
    let text = base64(body);
    for (content_type, body) in [(ContentType::WEB, &body[..]), (ContentType::WEB_TEXT, &text)] {
        let mut call = web(content_type, CallKind::Unary);
        let mut read = body.to_vec();
        let mut input = call.decode_text_in_place(&mut read);
        let mut seen = Seen::default();
        while let Some(event) = call.receive(&mut input) {
            seen.see(Some(event));
        }
        let list: Vec<_> = metadata(call.trailers()).collect();
        let expected =
            [("x-id", Value::Text("7")), ("X-Id", Value::Text("8")), ("a", Value::Text(""))];
        assert_eq!(list, expected, "in any case, with duplicates");
        let start = || web(content_type, CallKind::Unary);
        let (again, status) = respond(start, body, |_| None);
        assert_eq!((&again, status.unwrap()), (&seen, "NOT_FOUND".into()));
        assert_eq!(seen.messages, [(false, b"\x08\x01".to_vec(), true)]);
    }
}

#[test]
fn malformed_trailers_in_the_body_are_an_error() {
    let start = || web(ContentType::WEB, CallKind::ServerStreaming);
    for (body, code) in [
        (frame(0x80, "grpc-status: 99\r\n"), Code::Unknown),
        (frame(0x80, "no colon\r\n"), Code::Unknown),
        (frame(0x81, "x"), Code::Internal),
        (vec![0x80, 0, 0, 0x20, 1], Code::ResourceExhausted),
        (frame(0x80, "grpc-status: 0\r\n"), Code::Ok),
        ([frame(0x80, "grpc-status: 0\r\n"), frame(0, "late")].concat(), Code::Ok),
    ] {
        let (seen, _) = respond(start, &body, |_| None);
        assert_eq!(seen.end, Some(code), "{}", body.escape_ascii());
    }
    for (body, code) in
        [(&b""[..], Code::Unknown), (b"\0", Code::Internal), (&frame(0, "a"), Code::Internal)]
    {
        assert_eq!(respond(start, body, ClientCall::receive_eof).0.end, Some(code));
    }
    let compressed = || {
        let mut call = client_of(ContentType::WEB, CallKind::ServerStreaming);
        call.receive_head(200, headers(&[WEB, ("grpc-encoding", "gzip")]), false);
        call
    };
    let (seen, _) = respond(compressed, &frame(0x81, "x"), ClientCall::receive_eof);
    assert_eq!(seen.end, Some(Code::Internal), "nobody decompressed them");
}

#[test]
fn invalid_base64_is_an_error_after_the_valid_part() {
    let start = || web(ContentType::WEB_TEXT, CallKind::ServerStreaming);
    let (seen, _) = respond(start, b"AAAAAAFhAAAA*", |_| None);
    assert_eq!((seen.messages, seen.end), (whole(&["a"]), Some(Code::Internal)));
    let (seen, _) = respond(start, b"AAAAAAFhA", ClientCall::receive_eof);
    assert_eq!((seen.messages, seen.end), (whole(&["a"]), Some(Code::Internal)));
}

/// A body that ends in its padding, or before it, is cut off, although all of its bytes came.
#[test]
fn text_that_is_cut_in_its_padding_is_an_error() {
    for (message, padding) in [("ab", 2), ("a", 0), ("abc", 1)] {
        let text = base64(&frame(0, message));
        assert_eq!(text.iter().filter(|b| **b == b'=').count(), padding);
        for cut in 0..=padding {
            let start = || web(ContentType::WEB_TEXT, CallKind::ServerStreaming);
            let body = &text[..text.len() - cut];
            let (seen, status) = respond(start, body, ClientCall::receive_eof);
            assert_eq!(seen.messages, whole(&[message]));
            let expected = if cut == 0 {
                "INTERNAL: no grpc-status after the body"
            } else {
                "INTERNAL: stream ended inside a message"
            };
            assert_eq!(status.as_deref(), Some(expected), "{message}, {cut}");
        }
    }
}

/// The padding after the trailers may come later.
#[test]
fn trailers_end_the_call_before_the_last_of_their_base64() {
    for block in ["grpc-status:0\r\n", "grpc-status: 0\r\n", "grpc-status:  0\r\n"] {
        let start = || web(ContentType::WEB_TEXT, CallKind::ServerStreaming);
        let text = base64(&frame(0x80, block));
        assert_eq!(respond(start, &text, |_| None).0.end, Some(Code::Ok));
    }
}

/// When the head comes, it is not known yet that there is no body.
#[test]
fn trailers_in_a_head_of_grpc_web_count_if_there_is_no_body() {
    let start = || {
        let mut call = client_of(ContentType::WEB, CallKind::ServerStreaming);
        let list = [WEB, ("grpc-status", "5"), ("grpc-message", "gone"), ("x-id", "7")];
        assert_eq!(call.receive_head(200, headers(&list), false), Some(Event::Head));
        assert_eq!(call.socket_head().iter().count(), 0);
        call
    };
    let (seen, status) = respond(start, b"", ClientCall::receive_eof);
    assert_eq!((seen.end, status.unwrap()), (Some(Code::NotFound), "NOT_FOUND: gone".into()));
    let mut call = start();
    call.receive_eof();
    assert_eq!(call.trailers().get("x-id"), Some(&b"7"[..]));
    let (seen, status) = respond(start, &frame(0x80, "grpc-status: 0\r\n"), |_| None);
    assert_eq!((seen.end, status.unwrap()), (Some(Code::Ok), "OK".into()));
    // An error in the head explains why no other status follows.
    let (seen, status) = respond(start, &frame(0, "a"), ClientCall::receive_eof);
    assert_eq!((seen.end, status.unwrap()), (Some(Code::NotFound), "NOT_FOUND: gone".into()));
}

#[test]
fn a_status_in_a_head_of_grpc_web_is_ok_only_with_all_that_goes_with_it() {
    let long = "x".repeat(100);
    for (status, extra, code) in [
        (Some("0"), None, Code::Ok),
        (Some("0"), Some(&long), Code::ResourceExhausted),
        (Some("5"), Some(&long), Code::NotFound),
        (None, Some(&long), Code::Unknown),
    ] {
        let mut call = request(ContentType::WEB).call(
            CallKind::ServerStreaming,
            Limits::new().max_trailers_len(90),
            Vec::new(),
            0,
        );
        let mut list = vec![WEB];
        list.extend(status.map(|status| ("grpc-status", status)));
        list.extend(extra.map(|value| ("x-extra", &value[..])));
        let head = call.receive_head(200, headers(&list), false);
        if code == Code::ResourceExhausted {
            assert_eq!(head, Some(Event::End(code)));
        } else {
            assert_eq!(head, Some(Event::Head), "{status:?}");
            assert_eq!(call.receive_eof(), Some(Event::End(code)), "{status:?}");
        }
    }
}

#[test]
fn trailers_in_the_body_without_a_status_take_that_of_http() {
    for (http, code) in [(200, Code::Unknown), (503, Code::Unavailable), (404, Code::Unimplemented)]
    {
        let mut call = client_of(ContentType::WEB, CallKind::Unary);
        assert_eq!(call.receive_head(http, headers(&[WEB]), false), Some(Event::Head));
        let trailers = frame(0x80, "x: y\r\n");
        assert_eq!(call.receive(&mut &trailers[..]), None, "others may follow the body");
        let mut with_others = call.clone();
        assert_eq!(call.receive_eof(), Some(Event::End(code)));
        assert_eq!(call.error(), Some(Error::Http(http)));
        let others = headers(&[("x", "y")]);
        assert_eq!(with_others.receive_trailers(others), Some(Event::End(code)));
    }
}

#[test]
fn either_form_of_grpc_web_may_be_answered_with_the_other() {
    let mut call = client_of(ContentType::WEB_TEXT, CallKind::Unary);
    assert_eq!(call.receive_head(200, headers(&[WEB]), false), Some(Event::Head));
    let mut read = frame(0x80, "grpc-status: 1\r\n");
    let mut input = call.decode_text_in_place(&mut read);
    assert_eq!(call.receive(&mut input), Some(Event::End(Code::Cancelled)));
}

// -- gRPC-Web over WebSocket

fn over_socket(kind: CallKind) -> ClientCall<Vec<u8>> {
    request(ContentType::GRPC).over_socket().call(kind, Limits::new(), Vec::new(), 0)
}

#[test]
fn over_websocket_each_message_has_a_control_byte() {
    let mut out = Vec::new();
    let request = ClientRequest::new(Path::parse(PATH).unwrap()).over_socket();
    request.write(&mut out).unwrap();
    let mut call = request.call(CallKind::BidiStreaming, Limits::new(), Vec::new(), 0);
    assert_eq!(
        String::from_utf8(std::mem::take(&mut out)).unwrap(),
        "content-type: application/grpc-web+proto\r\n\
         accept: application/grpc-web+proto\r\n\
         x-grpc-web: 1\r\n"
    );
    call.send(b"\x08\x01", &mut out).unwrap();
    assert_eq!(std::mem::take(&mut out), b"\0\0\0\0\0\x02\x08\x01");
    call.body().and_then(|encoder| encoder.begin_message(1, false, &mut out)).unwrap();
    assert_eq!(std::mem::take(&mut out), b"\0\0\0\0\0\x01");
    call.body().and_then(|encoder| encoder.encode_payload(b"x", &mut out)).unwrap();
    assert_eq!(std::mem::take(&mut out), b"\0x");
    assert_eq!(
        call.body().and_then(|encoder| encoder.encode_prefix(1, false)),
        Err(SendError::PrefixAlone)
    );
    call.half_close(&mut out).unwrap();
    assert_eq!(out, b"\x01");
}

#[test]
fn over_websocket_the_head_is_in_the_body() {
    let head = "Content-Type: application/grpc+proto\r\nX-Id: 7\r\nTrailer: Grpc-Status\r\n";
    let body = [frame(0x80, head), frame(0, "a"), frame(0x80, "grpc-status: 0\r\n")].concat();
    let (seen, _) = respond(|| over_socket(CallKind::Unary), &body, |_| None);
    assert_eq!((seen.messages, seen.end), (whole(&["a"]), Some(Code::Ok)));

    let mut call = over_socket(CallKind::Unary);
    assert_eq!(call.receive(&mut &frame(0x80, head)[..]), Some(Event::Head));
    assert_eq!(metadata(call.socket_head()).collect::<Vec<_>>(), [("X-Id", Value::Text("7"))]);

    let only = frame(0x80, "Grpc-Status: 12\r\n");
    let (seen, _) = respond(|| over_socket(CallKind::Unary), &only, |_| None);
    assert_eq!(seen.end, Some(Code::Unimplemented), "a head with a status is all there is");
    for (body, code) in [
        (&b""[..], Code::Unknown),
        (&frame(0, "a"), Code::Unknown),
        (&frame(0x80, head), Code::Internal),
        (&frame(0x80, "\0"), Code::Unknown),
    ] {
        let (seen, _) = respond(|| over_socket(CallKind::Unary), body, ClientCall::receive_eof);
        assert_eq!(seen.end, Some(code), "{}", body.escape_ascii());
    }
    let mut call = over_socket(CallKind::Unary);
    let http = call.receive_head(200, headers(&[WEB]), false);
    assert_eq!(http, Some(Event::End(Code::Internal)), "a head of HTTP cannot come");
}

// -- Errors: RST_STREAM and lost connections

#[test]
fn a_reset_after_the_trailers_changes_nothing() {
    let mut call = answered(CallKind::ServerStreaming);
    call.receive_trailers(headers(&[OK]));
    assert_eq!(
        (call.receive_reset(8), call.receive_disconnect(), call.cancel(Code::Internal)),
        (None, None, None)
    );
    assert_eq!(call.status().unwrap().code, Code::Ok);
}

// -- Client Cancellation

#[test]
fn a_client_may_cancel_at_any_time() {
    for mut call in [client(CallKind::Unary), answered(CallKind::Unary)] {
        assert_eq!(call.cancel(Code::Cancelled), Some(Event::End(Code::Cancelled)));
        assert_eq!(call.reset_code(), Some(Reset::Now(8)));
        assert_eq!(call.receive_trailers(headers(&[OK])), None);
        assert_eq!(call.status().unwrap().code, Code::Cancelled);
    }
}

#[test]
fn a_deadline_that_has_passed_wins_over_late_input() {
    let request = request(ContentType::GRPC).timeout(Duration::from_millis(90));
    let mut call = request.call(CallKind::Unary, Limits::new(), Vec::new(), 10);
    assert_eq!(call.receive_head(200, headers(&[GRPC]), false), Some(Event::Head));
    assert_eq!((call.deadline(), call.poll(99)), (Some(100), None));
    assert_eq!(call.poll(100), Some(Event::End(Code::DeadlineExceeded)));
    assert_eq!((call.receive_reset(8), call.poll(101)), (None, None));
    assert_eq!((call.deadline(), call.reset_code()), (None, None));
    assert_eq!(call.status().unwrap().to_string(), "DEADLINE_EXCEEDED: deadline exceeded");
}
