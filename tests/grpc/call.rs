//! Calls, in the order of PROTOCOL-HTTP2: requests, responses, errors, cancellation; in each
//! dialect; and whatever a peer may do instead.
#![cfg(feature = "alloc")]

use crate::common::same_however_split;
use framewright::grpc::{
    ClientCall, ClientRequest, Code, Codec, ContentType, Dialect, Error, Event, Fields, Kind,
    Limits, Message, Path, Request, ResponseHead, SendError, ServerCall, Status, Trailing, Value,
    metadata,
};
use framewright::{Assembler, Buffer, BufferFull, SliceBuf};

const PATH: &str = "/p.S/M";
const GRPC: (&str, &str) = ("content-type", "application/grpc");
const WEB: (&str, &str) = ("content-type", "application/grpc-web+proto");
const OK: (&str, &str) = ("grpc-status", "0");

fn headers<'a>(list: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a [u8])> {
    list.iter().map(|(name, value)| (*name, value.as_bytes())).collect()
}

fn request(content_type: ContentType) -> ClientRequest<'static> {
    ClientRequest::new(Path::parse(PATH).unwrap())
        .content_type(content_type)
        .accept_encodings(&["gzip"])
        .encoding("gzip")
}

fn client_of(content_type: ContentType, kind: Kind) -> ClientCall<Vec<u8>> {
    request(content_type).write(kind, Limits::new(), Vec::new(), &mut Vec::new()).unwrap()
}

fn client(kind: Kind) -> ClientCall<Vec<u8>> {
    client_of(ContentType::GRPC, kind)
}

/// A client's call behind a head.
fn answered(kind: Kind) -> ClientCall<Vec<u8>> {
    let mut call = client(kind);
    assert_eq!(call.receive_head(200, headers(&[GRPC]), false), Some(Event::Head));
    call
}

fn server_of(content_type: &str, kind: Kind) -> ServerCall {
    let list = headers(&[("content-type", content_type), ("grpc-encoding", "gzip")]);
    let request = Request::parse("POST", PATH, list).unwrap();
    request.accept(kind, Limits::new().max_message_len(100), &["gzip"]).unwrap()
}

fn server(kind: Kind) -> ServerCall {
    server_of("application/grpc", kind)
}

fn frame(flags: u8, payload: impl AsRef<[u8]>) -> Vec<u8> {
    let payload = payload.as_ref();
    [&[flags][..], &(payload.len() as u32).to_be_bytes(), payload].concat()
}

/// What came of a call: its messages, whole or as far as they came, and its end.
#[derive(Debug, Default, Eq, PartialEq)]
struct Seen {
    messages: Vec<(bool, Vec<u8>, bool)>,
    end: Option<Code>,
    half_closed: bool,
}

impl Seen {
    fn see(&mut self, event: Option<Event<'_>>) {
        let Some(event) = event else { return };
        assert_eq!(self.end, None, "nothing comes behind the end: {event:?}");
        match event {
            Event::Message { compressed, chunk } => {
                if chunk.start {
                    self.messages.push((compressed, Vec::new(), false));
                }
                let (_, bytes, end) = self.messages.last_mut().unwrap();
                bytes.extend_from_slice(chunk.bytes);
                *end = chunk.end;
            }
            Event::HalfClose => {
                assert!(!self.half_closed, "once");
                self.half_closed = true;
            }
            Event::End(code) => self.end = Some(code),
            _ => {}
        }
    }
}

/// A response's body to a client's call, however split, and then what `after` does.
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
            let mut input = call.plain(&mut read);
            while let Some(event) = call.receive(&mut input) {
                seen.see(Some(event));
            }
            assert!(input.is_empty());
        }
        seen.see(after(&mut call));
        assert_eq!(call.status().map(|status| status.code), seen.end);
        seen.see(call.disconnect());
        (seen, call.status().map(|status| status.to_string()))
    })
}

fn whole(messages: &[&str]) -> Vec<(bool, Vec<u8>, bool)> {
    messages.iter().map(|bytes| (false, bytes.as_bytes().to_vec(), true)).collect()
}

// Requests

#[test]
fn a_request_is_messages_and_then_its_end() {
    for (kind, messages) in [(Kind::Unary, 1), (Kind::BidiStreaming, 0), (Kind::ClientStreaming, 3)]
    {
        let mut call = client(kind);
        let mut body = Vec::new();
        for _ in 0..messages {
            call.send(Message::plain(b"abc"), &mut body).unwrap();
        }
        call.half_close(&mut body).unwrap();
        assert_eq!(body, frame(0, "abc").repeat(messages));
        assert_eq!(call.send(Message::plain(b"x"), &mut body), Err(SendError::HalfClosed));
        assert_eq!(call.half_close(&mut body), Err(SendError::HalfClosed));
    }
}

#[test]
fn a_single_message_is_sent_exactly_once() {
    for kind in [Kind::Unary, Kind::ServerStreaming] {
        let mut call = client(kind);
        let mut body = Vec::new();
        assert_eq!(call.half_close(&mut body), Err(SendError::MessageMissing));
        call.begin_message(2, true, &mut body).unwrap();
        assert_eq!(call.half_close(&mut body), Err(SendError::MessageUnfinished));
        call.send_payload(b"ab", &mut body).unwrap();
        let again = Err(SendError::MessageUnexpected);
        assert_eq!(call.send(Message::plain(b""), &mut body), again);
        assert_eq!(call.begin_message(0, false, &mut body), again);
        assert_eq!(call.send_prefix(0, false), Err(SendError::MessageUnexpected));
        assert_eq!(body, frame(1, "ab"), "nothing else was written");
        assert_eq!(call.half_close(&mut body), Ok(()));
    }
}

#[test]
fn a_message_that_finds_no_room_does_not_count() {
    let mut call = client(Kind::Unary);
    let mut room = [0; 7];
    let mut out = SliceBuf::new(&mut room);
    let full = SendError::BufferFull(BufferFull { needed: 8 });
    assert_eq!(call.send(Message::plain(b"abc"), &mut out), Err(full));
    assert_eq!(out.as_slice(), b"");
    call.send(Message::plain(b"ab"), &mut out).unwrap();
    assert_eq!(out.as_slice(), b"\0\0\0\0\x02ab");
}

#[test]
fn a_compressed_message_needs_an_encoding() {
    let plain = ClientRequest::new(Path::parse(PATH).unwrap());
    for request in [plain, plain.encoding("identity")] {
        let mut call =
            request.write(Kind::Unary, Limits::new(), Vec::new(), &mut Vec::new()).unwrap();
        let missing = Err(SendError::EncodingMissing);
        assert_eq!(call.send(Message::compressed(b"x"), &mut Vec::new()), missing);
    }
    let mut call = client(Kind::Unary);
    assert_eq!(call.send(Message::compressed(b"x"), &mut Vec::new()), Ok(()));
}

#[test]
fn a_server_takes_a_request_however_it_is_split() {
    let body = [frame(0, "a"), frame(1, "bcd"), frame(0, "")].concat();
    let text = b"AAAAAAFhAQ==AAAAA2JjZA==AAAAAAA=";
    for (content_type, body) in [
        ("application/grpc", &body[..]),
        ("application/grpc-web", &body),
        ("application/grpc-web-text", text),
    ] {
        let seen = same_however_split(body, |pieces| {
            let mut call = server_of(content_type, Kind::ClientStreaming);
            let mut seen = Seen::default();
            for piece in pieces {
                let mut read = piece.to_vec();
                let mut input = call.plain(&mut read);
                while let Some(event) = call.receive(&mut input) {
                    seen.see(Some(event));
                }
            }
            seen.see(call.receive_end());
            assert_eq!((call.code(), call.owes()), (None, false));
            seen
        });
        let mut messages = whole(&["a", "bcd", ""]);
        messages[1].0 = true;
        assert_eq!(seen, Seen { messages, end: None, half_closed: true });
    }
}

/// What a server says by itself to a request that breaks a rule.
fn refused(content_type: &str, kind: Kind, body: &[u8], end: bool) -> (Code, String) {
    same_however_split(body, |pieces| {
        let mut call = server_of(content_type, kind);
        let mut seen = Seen::default();
        for piece in pieces {
            let mut read = piece.to_vec();
            let mut input = call.plain(&mut read);
            while let Some(event) = call.receive(&mut input) {
                seen.see(Some(event));
            }
            assert!(input.is_empty());
        }
        if end {
            seen.see(call.receive_end());
        }
        let code = seen.end.unwrap();
        assert_eq!((call.code(), call.owes()), (Some(code), true));
        let mut out = Vec::new();
        assert_eq!(call.finish(Status::OK, &mut out), Err(SendError::Ended));
        assert_eq!(call.transmit(&mut out), Some(Trailing::TrailersOnly));
        assert_eq!((call.code(), call.owes(), call.transmit(&mut out)), (Some(code), false, None));
        assert_eq!(call.reset(), (!end).then_some(0), "NO_ERROR if the request goes on");
        (code, String::from_utf8(out).unwrap())
    })
}

#[test]
fn a_server_answers_a_violation_by_itself() {
    let head = "content-type: application/grpc\r\ngrpc-accept-encoding: gzip\r\n";
    for (kind, body, end, status) in [
        (Kind::Unary, frame(2, ""), false, "13\r\ngrpc-message: unknown flag before a message"),
        (Kind::Unary, frame(0x80, ""), false, "13\r\ngrpc-message: unknown flag before a message"),
        (Kind::Unary, frame(0, [0; 101]), false, "8\r\ngrpc-message: message is over the limit"),
        (Kind::Unary, vec![0, 0, 0, 0, 101], false, "8\r\ngrpc-message: message is over the limit"),
        (Kind::Unary, vec![], true, "12\r\ngrpc-message: no message where one was to come"),
        (
            Kind::ServerStreaming,
            frame(0, "a").repeat(2),
            false,
            "12\r\ngrpc-message: more than one message where one was to come",
        ),
        (
            Kind::Unary,
            frame(0, "abc")[..7].to_vec(),
            true,
            "13\r\ngrpc-message: stream ended inside a message",
        ),
        (Kind::BidiStreaming, vec![0], true, "13\r\ngrpc-message: stream ended inside a message"),
    ] {
        let (_, out) = refused("application/grpc", kind, &body, end);
        assert_eq!(out, format!("{head}grpc-status: {status}\r\n"));
    }
    let (code, _) = refused("application/grpc-web-text", Kind::Unary, b"AAAA*", false);
    assert_eq!(code, Code::Internal);
    let (code, _) = refused("application/grpc-web-text", Kind::BidiStreaming, b"AAAAAAA", true);
    assert_eq!(code, Code::Internal, "a message and half a group");
}

#[test]
fn a_flag_without_an_encoding_is_refused() {
    let request = Request::parse("POST", PATH, headers(&[GRPC])).unwrap();
    let mut call = request.accept(Kind::Unary, Limits::new(), &["gzip"]).unwrap();
    assert_eq!(call.receive(&mut &b"\x01\0\0\0\0"[..]), Some(Event::End(Code::Internal)));
    assert_eq!(call.error(), Some(Error::CompressedUnexpected));
}

// Responses

#[test]
fn a_response_is_a_head_and_messages_and_trailers() {
    for (kind, messages) in [
        (Kind::Unary, &["a"][..]),
        (Kind::ServerStreaming, &[]),
        (Kind::BidiStreaming, &["a", "", "b"]),
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
    let mut call = answered(Kind::ServerStreaming);
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

#[test]
fn a_head_with_the_end_is_trailers_only() {
    for (list, code) in [
        (&[GRPC, ("grpc-status", "7"), ("grpc-message", "no")][..], Code::PermissionDenied),
        (&[GRPC, OK], Code::Ok),
        (&[OK], Code::Ok),
        (&[GRPC, ("grpc-status", "17")], Code::Unknown),
        (&[GRPC], Code::Unknown),
    ] {
        let mut call = client(Kind::ServerStreaming);
        assert_eq!(call.receive_head(200, headers(list), true), Some(Event::End(code)));
        assert_eq!(call.status().unwrap().code, code);
        assert_eq!(call.receive_head(200, headers(list), true), None, "once");
    }
    let mut unary = client(Kind::Unary);
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
    let mut call = client(Kind::ServerStreaming);
    assert_eq!(call.receive_head(200, headers(&list), false), Some(Event::Head));
    assert_eq!(call.receive_trailers(headers(&[OK])), Some(Event::End(Code::Ok)));
    assert_eq!(call.status().unwrap().to_string(), "OK");
}

#[test]
fn informational_heads_are_skipped() {
    let mut call = client(Kind::ServerStreaming);
    for status in [100, 103, 199] {
        assert_eq!(call.receive_head(status, headers(&[]), false), None);
    }
    assert_eq!(call.receive_head(200, headers(&[GRPC]), false), Some(Event::Head));
}

#[test]
fn a_response_that_is_not_of_grpc_is_judged_by_its_status() {
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
                let mut call = client(Kind::Unary);
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
        // With the right type, the trailers are waited for; it counts if they say nothing.
        let mut call = client(Kind::ServerStreaming);
        assert_eq!(call.receive_head(status, headers(&[GRPC]), false), Some(Event::Head));
        let mut told = call.clone();
        assert_eq!(told.receive_trailers(headers(&[OK])), Some(Event::End(Code::Ok)));
        assert_eq!(call.receive_end(), Some(Event::End(code)));
    }
}

#[test]
fn a_response_in_another_codec_is_an_error() {
    let json = ContentType { codec: Codec::JSON, ..ContentType::GRPC };
    for (asked, answered, good) in [
        (ContentType::GRPC, "application/grpc", true),
        (ContentType::GRPC, "application/grpc+proto", true),
        (ContentType::GRPC, "application/grpc+json", false),
        (json, "application/grpc+json", true),
        (json, "application/grpc", false),
    ] {
        let mut call = client_of(asked, Kind::Unary);
        let event = call.receive_head(200, headers(&[("content-type", answered)]), false);
        let expected = if good { Event::Head } else { Event::End(Code::Internal) };
        assert_eq!(event, Some(expected), "{answered}");
    }
}

#[test]
fn a_response_without_a_status_is_an_error() {
    let end = |call: &mut ClientCall<Vec<u8>>| call.receive_end();
    let trailers = |call: &mut ClientCall<Vec<u8>>| call.receive_trailers(headers(&[("x", "y")]));
    let start = || answered(Kind::ServerStreaming);
    assert_eq!(respond(start, b"", end).0.end, Some(Code::Unknown));
    assert_eq!(respond(start, b"", trailers).0.end, Some(Code::Unknown));
    assert_eq!(respond(start, &frame(0, "a"), end).0.end, Some(Code::Internal));
    assert_eq!(client(Kind::Unary).receive_end(), Some(Event::End(Code::Unknown)));
}

#[test]
fn a_single_message_comes_exactly_once() {
    let ok = |call: &mut ClientCall<Vec<u8>>| call.receive_trailers(headers(&[OK]));
    let lost =
        |call: &mut ClientCall<Vec<u8>>| call.receive_trailers(headers(&[("grpc-status", "15")]));
    for kind in [Kind::Unary, Kind::ClientStreaming] {
        let start = || answered(kind);
        assert_eq!(respond(start, b"", ok).0.end, Some(Code::Unimplemented));
        assert_eq!(respond(start, b"", lost).0.end, Some(Code::DataLoss), "an error needs none");
        assert_eq!(respond(start, &frame(0, ""), ok).0.end, Some(Code::Ok));
        let (seen, _) = respond(start, &frame(0, "a").repeat(2), ok);
        assert_eq!((seen.messages, seen.end), (whole(&["a"]), Some(Code::Unimplemented)));
    }
    assert_eq!(respond(|| answered(Kind::ServerStreaming), b"", ok).0.end, Some(Code::Ok));
}

#[test]
fn a_message_that_is_cut_off_is_an_error_unless_there_is_a_worse() {
    let start = || answered(Kind::BidiStreaming);
    let bytes = [frame(0, "a"), frame(0, "bcd")].concat();
    for cut in 7..bytes.len() {
        for (status, code) in [("0", Code::Internal), ("10", Code::Aborted)] {
            let (seen, _) = respond(start, &bytes[..cut], |call| {
                call.receive_trailers(headers(&[("grpc-status", status)]))
            });
            assert_eq!(seen.end, Some(code));
        }
        let (seen, _) = respond(start, &bytes[..cut], ClientCall::receive_end);
        assert_eq!(seen.end, Some(Code::Internal));
        let mut call = start();
        let mut input = &bytes[..cut];
        while call.receive(&mut input).is_some() {}
        call.receive_end();
        assert_eq!(call.error(), Some(Error::Truncated), "not that there is no status");
    }
}

#[test]
fn a_message_says_how_much_of_it_is_missing() {
    let bytes = frame(0, [7; 100]);
    let mut client = answered(Kind::Unary);
    let mut server = server(Kind::Unary);
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
        let mut call = request(ContentType::GRPC)
            .write(Kind::Unary, limits, Vec::new(), &mut Vec::new())
            .unwrap();
        call.receive_head(200, headers(&[GRPC]), false);
        call
    };
    let (seen, status) = respond(start, &frame(0, "abcd")[..5], |_| None);
    assert_eq!((seen.messages, seen.end), (vec![], Some(Code::ResourceExhausted)));
    assert_eq!(status.unwrap(), "RESOURCE_EXHAUSTED: message is over the limit");
    let mut call = start();
    call.receive(&mut &frame(0, "abcd")[..]);
    assert_eq!(call.reset(), Some(8), "CANCEL");
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
        let mut call = client(Kind::ServerStreaming);
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

#[test]
fn trailers_that_find_no_room_are_an_error_unless_there_is_a_worse() {
    let long = "x".repeat(40);
    for (status, code) in [("0", Code::ResourceExhausted), ("5", Code::NotFound)] {
        for limit in [30, 8192] {
            let mut room = [0; 30];
            let mut call = request(ContentType::GRPC)
                .write(
                    Kind::ServerStreaming,
                    Limits::new().max_trailers_len(limit),
                    SliceBuf::new(&mut room),
                    &mut Vec::new(),
                )
                .unwrap();
            call.receive_head(200, headers(&[GRPC]), false);
            let list = [("grpc-status", status), ("x-long", &long)];
            assert_eq!(call.receive_trailers(headers(&list)), Some(Event::End(code)));
            assert_eq!(call.trailers().iter().count(), 0);
            assert_eq!(call.status().unwrap().code, code);
        }
    }
}

/// A trailer takes its name, its value, and the four bytes that HTTP/1.1 puts around them.
#[test]
fn trailers_of_exactly_the_limit_pass_and_one_byte_more_does_not() {
    let list = [("grpc-status", "0"), ("x", "yz")];
    let len = "grpc-status: 0\r\nx: yz\r\n".len() as u64;
    for (limit, code, kept) in [(len, Code::Ok, 2), (len - 1, Code::ResourceExhausted, 0)] {
        let mut call = request(ContentType::GRPC)
            .write(
                Kind::ServerStreaming,
                Limits::new().max_trailers_len(limit),
                Vec::new(),
                &mut Vec::new(),
            )
            .unwrap();
        call.receive_head(200, headers(&[GRPC]), false);
        assert_eq!(call.receive_trailers(headers(&list)), Some(Event::End(code)));
        assert_eq!(call.trailers().iter().count(), kept);
    }
}

#[test]
fn a_header_as_long_as_one_of_grpcs_is_another() {
    let mut call = client(Kind::ServerStreaming);
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
    assert!(!request.te_trailers());
    assert_eq!(request.timeout(), None);
    assert_eq!(request.encoding(), None);
}

/// Success is not told where a piece of it was lost.
#[test]
fn trailers_in_a_head_that_find_no_room_are_an_error_unless_there_is_a_worse() {
    let long = "x".repeat(40);
    for (status, events) in [
        ("0", [Some(Event::End(Code::ResourceExhausted)), None]),
        ("5", [Some(Event::Head), Some(Event::End(Code::NotFound))]),
    ] {
        let mut room = [0; 30];
        let mut call = request(ContentType::WEB)
            .write(Kind::ServerStreaming, Limits::new(), SliceBuf::new(&mut room), &mut Vec::new())
            .unwrap();
        let list = [WEB, ("grpc-status", status), ("x-long", &long)];
        let head = call.receive_head(200, headers(&list), false);
        assert_eq!([head, call.receive_end()], events);
    }
}

/// Somebody may hand us what no parser of HTTP lets through.
#[test]
fn trailers_cannot_smuggle_a_line() {
    let mut call = answered(Kind::ServerStreaming);
    let list = [("x", "1\r\ngrpc-status: 0"), ("y z", "1"), ("grpc-status", "5")];
    assert_eq!(call.receive_trailers(headers(&list)), Some(Event::End(Code::NotFound)));
    assert_eq!(call.trailers().iter().collect::<Vec<_>>(), [("grpc-status", &b"5"[..])]);

    let mut call = answered(Kind::ServerStreaming);
    let list = [("grpc-status", "5\r\n"), OK];
    assert_eq!(call.receive_trailers(headers(&list)), Some(Event::End(Code::Unknown)));
}

#[test]
fn a_server_sends_a_head_and_messages_and_trailers() {
    let mut call = server(Kind::Unary);
    let mut out = Vec::new();
    assert_eq!(call.send(Message::plain(b"x"), &mut out), Err(SendError::HeadUnsent));
    assert_eq!(call.begin_message(1, false, &mut out), Err(SendError::HeadUnsent));
    let head = ResponseHead::new().encoding("gzip").metadata(&[("x-id", Value::Text("7"))]);
    call.send_head(head, &mut out).unwrap();
    assert_eq!(
        String::from_utf8(std::mem::take(&mut out)).unwrap(),
        "content-type: application/grpc\r\n\
         grpc-encoding: gzip\r\n\
         grpc-accept-encoding: gzip\r\n\
         x-id: 7\r\n"
    );
    assert_eq!(call.send_head(head, &mut out), Err(SendError::HeadSent));
    assert_eq!(call.finish(Status::OK, &mut out), Err(SendError::MessageMissing));
    assert_eq!(call.send_prefix(3, true).unwrap().to_bytes(), [1, 0, 0, 0, 3]);
    assert_eq!(call.send(Message::plain(b"x"), &mut out), Err(SendError::MessageUnexpected));
    assert_eq!(out, b"", "nothing was written");
    assert_eq!(call.finish(Status::OK, &mut out), Ok(Trailing::Trailers));
    assert_eq!(out, b"grpc-status: 0\r\n");
    assert_eq!(call.code(), Some(Code::Ok));
    assert_eq!(call.send(Message::plain(b"x"), &mut out), Err(SendError::Ended));
    assert_eq!(call.send_head(head, &mut out), Err(SendError::Ended));
    assert_eq!(call.finish(Status::OK, &mut out), Err(SendError::Ended));
}

#[test]
fn a_head_that_cannot_be_written_is_named() {
    let mut call = server(Kind::Unary);
    let mut out = Vec::new();
    for encoding in ["", "a b", "gzip\r\nx: y"] {
        let head = ResponseHead::new().encoding(encoding);
        assert_eq!(call.send_head(head, &mut out), Err(SendError::Encoding));
    }
    for (metadata, error) in [
        (("a b", Value::Text("1")), SendError::MetadataName(1)),
        (("x", Value::Text("1\r\ny: z")), SendError::MetadataValue(1)),
    ] {
        let list = [("x-id", Value::Text("7")), metadata];
        let head = ResponseHead::new().metadata(&list);
        assert_eq!(call.send_head(head, &mut out), Err(error));
    }
    assert_eq!(out, b"");
    call.send_head(ResponseHead::new(), &mut out).unwrap();
}

#[test]
fn a_server_without_a_head_sends_trailers_only() {
    for content_type in ["application/grpc", "application/grpc-web", "application/grpc-web-text"] {
        let mut call = server_of(content_type, Kind::Unary);
        let mut out = Vec::new();
        let status = Status::new(Code::NotFound, "gone");
        assert_eq!(call.finish(status, &mut out), Ok(Trailing::TrailersOnly));
        assert_eq!(
            String::from_utf8(out).unwrap(),
            format!(
                "content-type: {content_type}\r\n\
                 grpc-accept-encoding: gzip\r\n\
                 grpc-status: 5\r\n\
                 grpc-message: gone\r\n"
            )
        );
    }
}

#[test]
fn a_server_in_grpc_web_sends_its_trailers_in_the_body() {
    for (content_type, body) in [
        ("application/grpc-web", &b"\0\0\0\0\x02\x08\x01\x80\0\0\0\x10grpc-status: 0\r\n"[..]),
        ("application/grpc-web-text", b"AAAAAAIIAQ==gAAAABBncnBjLXN0YXR1czogMA0K"),
    ] {
        let mut call = server_of(content_type, Kind::Unary);
        let mut out = Vec::new();
        call.send_head(ResponseHead::new(), &mut Vec::new()).unwrap();
        call.send(Message::plain(b"\x08\x01"), &mut out).unwrap();
        assert_eq!(call.finish(Status::OK, &mut out), Ok(Trailing::Body));
        assert_eq!(out, body);
    }
}

#[test]
fn trailers_wait_for_the_end_of_a_message_and_for_room() {
    for content_type in ["application/grpc", "application/grpc-web"] {
        let mut call = server_of(content_type, Kind::Unary);
        let mut out = Vec::new();
        call.send_head(ResponseHead::new(), &mut Vec::new()).unwrap();
        call.begin_message(3, false, &mut out).unwrap();
        assert_eq!(call.finish(Status::OK, &mut out), Err(SendError::MessageUnfinished));
        assert_eq!(call.poll(0), None, "no deadline");
        call.set_deadline(10);
        assert_eq!((call.deadline(), call.poll(9)), (Some(10), None));
        assert_eq!(call.poll(10), Some(Event::End(Code::DeadlineExceeded)));
        assert_eq!((call.deadline(), call.poll(11)), (None, None), "once");
        assert_eq!(call.transmit(&mut out), None, "inside a message");
        call.send_payload(b"abc", &mut out).unwrap();
        assert_eq!(call.send_payload(b"d", &mut out), Err(SendError::Ended));
        let mut room = [0; 20];
        assert_eq!(call.transmit(&mut SliceBuf::new(&mut room)), None, "no room");
        assert!(call.owes());
        out.clear();
        let trailing = call.transmit(&mut out).unwrap();
        let block = b"grpc-status: 4\r\ngrpc-message: deadline exceeded\r\n";
        match trailing {
            Trailing::Trailers => assert_eq!(out, block),
            _ => assert_eq!(out, frame(0x80, block)),
        }
        assert_eq!(trailing == Trailing::Body, content_type == "application/grpc-web");
        assert!(!call.owes());
    }
}

// gRPC-Web

fn web(content_type: ContentType, kind: Kind) -> ClientCall<Vec<u8>> {
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
        let mut call = web(content_type, Kind::Unary);
        let mut read = body.to_vec();
        let mut input = call.plain(&mut read);
        let mut seen = Seen::default();
        while let Some(event) = call.receive(&mut input) {
            seen.see(Some(event));
        }
        let list: Vec<_> = metadata(call.trailers()).collect();
        let expected =
            [("x-id", Value::Text("7")), ("X-Id", Value::Text("8")), ("a", Value::Text(""))];
        assert_eq!(list, expected, "in any case, with duplicates");
        let start = || web(content_type, Kind::Unary);
        let (again, status) = respond(start, body, |_| None);
        assert_eq!((&again, status.unwrap()), (&seen, "NOT_FOUND".into()));
        assert_eq!(seen.messages, [(false, b"\x08\x01".to_vec(), true)]);
    }
}

fn base64(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    framewright::grpc::web::encode_text(bytes, &mut out).unwrap();
    out
}

#[test]
fn what_is_wrong_with_trailers_in_the_body_is_an_error() {
    let start = || web(ContentType::WEB, Kind::ServerStreaming);
    for (body, code) in [
        (frame(0x80, ""), Code::Unknown),
        (frame(0x80, "x: y\r\n"), Code::Unknown),
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
        assert_eq!(respond(start, body, ClientCall::receive_end).0.end, Some(code));
    }
    let compressed = || {
        let mut call = client_of(ContentType::WEB, Kind::ServerStreaming);
        call.receive_head(200, headers(&[WEB, ("grpc-encoding", "gzip")]), false);
        call
    };
    assert_eq!(respond(compressed, &frame(0x81, "x"), |_| None).0.end, Some(Code::Internal));
}

#[test]
fn what_is_no_base64_is_an_error_behind_what_is() {
    let start = || web(ContentType::WEB_TEXT, Kind::ServerStreaming);
    let (seen, _) = respond(start, b"AAAAAAFhAAAA*", |_| None);
    assert_eq!((seen.messages, seen.end), (whole(&["a"]), Some(Code::Internal)));
    let (seen, _) = respond(start, b"AAAAAAFhA", ClientCall::receive_end);
    assert_eq!((seen.messages, seen.end), (whole(&["a"]), Some(Code::Internal)));
}

/// The padding behind the trailers may still be on its way.
#[test]
fn trailers_end_the_call_before_the_last_of_their_base64() {
    for block in ["grpc-status:0\r\n", "grpc-status: 0\r\n", "grpc-status:  0\r\n"] {
        let start = || web(ContentType::WEB_TEXT, Kind::ServerStreaming);
        let text = base64(&frame(0x80, block));
        assert_eq!(respond(start, &text, |_| None).0.end, Some(Code::Ok));
    }
}

/// At the time of the head, nobody knows yet that there is no body.
#[test]
fn trailers_in_a_head_of_grpc_web_count_if_there_is_no_body() {
    let start = || {
        let mut call = client_of(ContentType::WEB, Kind::ServerStreaming);
        let list = [WEB, ("grpc-status", "5"), ("grpc-message", "gone"), ("x-id", "7")];
        assert_eq!(call.receive_head(200, headers(&list), false), Some(Event::Head));
        assert_eq!(call.head().iter().count(), 0);
        call
    };
    let (seen, status) = respond(start, b"", ClientCall::receive_end);
    assert_eq!((seen.end, status.unwrap()), (Some(Code::NotFound), "NOT_FOUND: gone".into()));
    let mut call = start();
    call.receive_end();
    assert_eq!(call.trailers().get("x-id"), Some(&b"7"[..]));
    let (seen, status) = respond(start, &frame(0x80, "grpc-status: 0\r\n"), |_| None);
    assert_eq!((seen.end, status.unwrap()), (Some(Code::Ok), "OK".into()));
    let (seen, _) = respond(start, &frame(0, "a"), ClientCall::receive_end);
    assert_eq!(seen.end, Some(Code::Internal));
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
        let mut call = request(ContentType::WEB)
            .write(
                Kind::ServerStreaming,
                Limits::new().max_trailers_len(90),
                Vec::new(),
                &mut Vec::new(),
            )
            .unwrap();
        let mut list = vec![WEB];
        list.extend(status.map(|status| ("grpc-status", status)));
        list.extend(extra.map(|value| ("x-extra", &value[..])));
        let head = call.receive_head(200, headers(&list), false);
        if code == Code::ResourceExhausted {
            assert_eq!(head, Some(Event::End(code)));
        } else {
            assert_eq!(head, Some(Event::Head), "{status:?}");
            assert_eq!(call.receive_end(), Some(Event::End(code)), "{status:?}");
        }
    }
}

#[test]
fn trailers_in_the_body_without_a_status_are_judged_by_that_of_http() {
    for (http, code) in [(200, Code::Unknown), (503, Code::Unavailable), (404, Code::Unimplemented)]
    {
        let mut call = client_of(ContentType::WEB, Kind::Unary);
        assert_eq!(call.receive_head(http, headers(&[WEB]), false), Some(Event::Head));
        let trailers = frame(0x80, "x: y\r\n");
        assert_eq!(call.receive(&mut &trailers[..]), Some(Event::End(code)));
        assert_eq!(call.error(), Some(Error::Http(http)));
    }
}

#[test]
fn either_form_of_grpc_web_may_be_answered_with_the_other() {
    let mut call = client_of(ContentType::WEB_TEXT, Kind::Unary);
    assert_eq!(call.receive_head(200, headers(&[WEB]), false), Some(Event::Head));
    let mut read = frame(0x80, "grpc-status: 1\r\n");
    let mut input = call.plain(&mut read);
    assert_eq!(call.receive(&mut input), Some(Event::End(Code::Cancelled)));
}

// gRPC-Web over WebSocket

fn over_socket(kind: Kind) -> ClientCall<Vec<u8>> {
    request(ContentType::GRPC)
        .write_socket(kind, Limits::new(), Vec::new(), &mut Vec::new())
        .unwrap()
}

#[test]
fn over_websocket_each_message_has_a_control_byte() {
    let mut out = Vec::new();
    let request = ClientRequest::new(Path::parse(PATH).unwrap());
    let mut call =
        request.write_socket(Kind::BidiStreaming, Limits::new(), Vec::new(), &mut out).unwrap();
    assert_eq!(
        String::from_utf8(std::mem::take(&mut out)).unwrap(),
        "content-type: application/grpc-web+proto\r\n\
         accept: application/grpc-web+proto\r\n\
         x-grpc-web: 1\r\n"
    );
    call.send(Message::plain(b"\x08\x01"), &mut out).unwrap();
    assert_eq!(std::mem::take(&mut out), b"\0\0\0\0\0\x02\x08\x01");
    call.begin_message(1, false, &mut out).unwrap();
    assert_eq!(std::mem::take(&mut out), b"\0\0\0\0\0\x01");
    call.send_payload(b"x", &mut out).unwrap();
    assert_eq!(std::mem::take(&mut out), b"\0x");
    assert_eq!(call.send_prefix(1, false), Err(SendError::PrefixAlone));
    call.half_close(&mut out).unwrap();
    assert_eq!(out, b"\x01");
}

#[test]
fn over_websocket_the_head_is_in_the_body() {
    let head = "Content-Type: application/grpc+proto\r\nX-Id: 7\r\nTrailer: Grpc-Status\r\n";
    let body = [frame(0x80, head), frame(0, "a"), frame(0x80, "grpc-status: 0\r\n")].concat();
    let (seen, _) = respond(|| over_socket(Kind::Unary), &body, |_| None);
    assert_eq!((seen.messages, seen.end), (whole(&["a"]), Some(Code::Ok)));

    let mut call = over_socket(Kind::Unary);
    assert_eq!(call.receive(&mut &frame(0x80, head)[..]), Some(Event::Head));
    assert_eq!(metadata(call.head()).collect::<Vec<_>>(), [("X-Id", Value::Text("7"))]);

    let only = frame(0x80, "Grpc-Status: 12\r\n");
    let (seen, _) = respond(|| over_socket(Kind::Unary), &only, |_| None);
    assert_eq!(seen.end, Some(Code::Unimplemented), "a head with a status is all there is");
    for (body, code) in [
        (&b""[..], Code::Unknown),
        (&frame(0, "a"), Code::Unknown),
        (&frame(0x80, head), Code::Internal),
        (&frame(0x80, "\0"), Code::Unknown),
    ] {
        let (seen, _) = respond(|| over_socket(Kind::Unary), body, ClientCall::receive_end);
        assert_eq!(seen.end, Some(code), "{}", body.escape_ascii());
    }
    let mut call = over_socket(Kind::Unary);
    let http = call.receive_head(200, headers(&[WEB]), false);
    assert_eq!(http, Some(Event::End(Code::Internal)), "a head of HTTP cannot come");
}

#[test]
fn a_server_over_websocket_sends_a_stream() {
    let list = headers(&[WEB, ("x-grpc-web", "1")]);
    let request = Request::parse("POST", PATH, list).unwrap();
    let mut call = request.accept_socket(Kind::Unary, Limits::new(), &[]).unwrap();
    let mut out = Vec::new();
    call.send_head(ResponseHead::new(), &mut out).unwrap();
    call.send(Message::plain(b"\x08\x01"), &mut out).unwrap();
    assert_eq!(call.finish(Status::OK, &mut out), Ok(Trailing::Body));
    let expected = [
        frame(0x80, "content-type: application/grpc-web+proto\r\n"),
        frame(0, b"\x08\x01"),
        frame(0x80, "grpc-status: 0\r\n"),
    ];
    assert_eq!(out, expected.concat());

    let mut only = request.accept_socket(Kind::Unary, Limits::new(), &[]).unwrap();
    let mut out = Vec::new();
    assert_eq!(only.finish(Status::new(Code::Aborted, ""), &mut out), Ok(Trailing::Body));
    assert_eq!(out, frame(0x80, "grpc-status: 10\r\n"));
    let mut out = Vec::new();
    request.unimplemented().write_socket(&mut out).unwrap();
    let block = "grpc-status: 12\r\ngrpc-message: unknown service or method\r\n";
    assert_eq!(out, frame(0x80, block));
}

/// There are no other forms of it.
#[test]
fn over_websocket_it_is_grpc_web_whatever_was_asked_for() {
    for (content_type, answer) in [
        ("application/grpc-web-text+json", "application/grpc-web+json"),
        ("application/grpc", "application/grpc-web"),
    ] {
        let list = headers(&[("content-type", content_type)]);
        let request = Request::parse("POST", PATH, list).unwrap();
        let mut call = request.accept_socket(Kind::Unary, Limits::new(), &[]).unwrap();
        let mut read = frame(0, "ab");
        let mut input = call.plain(&mut read);
        let event = call.receive(&mut input);
        assert!(matches!(event, Some(Event::Message { chunk, .. }) if chunk.bytes == b"ab"));
        let mut out = Vec::new();
        call.send_head(ResponseHead::new(), &mut out).unwrap();
        assert_eq!(out, frame(0x80, format!("content-type: {answer}\r\n")));
        call.send(Message::plain(b"\x08\x01"), &mut out).unwrap();
        assert!(out.ends_with(&frame(0, b"\x08\x01")));
    }
}

// Early Server Closure

#[test]
fn a_call_that_ends_early_is_reset_without_an_error() {
    let mut call = answered(Kind::BidiStreaming);
    call.receive_trailers(headers(&[OK]));
    assert_eq!(call.reset(), Some(0), "NO_ERROR: the request has not ended");
    assert_eq!(call.send(Message::plain(b"x"), &mut Vec::new()), Err(SendError::Ended));
    let mut call = answered(Kind::BidiStreaming);
    call.half_close(&mut Vec::new()).unwrap();
    assert_eq!(call.reset(), None);
    call.receive_trailers(headers(&[OK]));
    assert_eq!(call.reset(), None, "both have ended");

    let mut call = server(Kind::BidiStreaming);
    assert_eq!(call.reset(), None);
    call.finish(Status::OK, &mut Vec::new()).unwrap();
    assert_eq!(call.reset(), Some(0));
    assert_eq!(call.receive(&mut &b"\xFF\xFF"[..]), None, "what comes then is ignored");
    assert_eq!(call.receive_end(), None);
    assert_eq!(call.reset(), None);
}

// Errors: RST_STREAM and lost connections

#[test]
fn a_reset_ends_the_call() {
    for (error, code) in [(0, Code::Internal), (7, Code::Unavailable), (8, Code::Cancelled)] {
        let mut call = answered(Kind::Unary);
        assert_eq!(call.receive_reset(error), Some(Event::End(code)));
        assert_eq!((call.error(), call.reset()), (Some(Error::Reset(error)), None));
        let mut call = server(Kind::Unary);
        assert_eq!(call.receive_reset(error), Some(Event::End(code)));
        assert_eq!((call.code(), call.owes(), call.reset()), (Some(code), false, None));
    }
}

#[test]
fn a_reset_behind_the_trailers_changes_nothing() {
    let mut call = answered(Kind::ServerStreaming);
    call.receive_trailers(headers(&[OK]));
    assert_eq!(
        (call.receive_reset(8), call.disconnect(), call.cancel(Code::Internal)),
        (None, None, None)
    );
    assert_eq!(call.status().unwrap().code, Code::Ok);
}

#[test]
fn a_lost_connection_is_unavailable_to_a_client_and_a_cancellation_to_a_server() {
    assert_eq!(client(Kind::Unary).disconnect(), Some(Event::End(Code::Unavailable)));
    let mut call = server(Kind::Unary);
    assert_eq!(call.disconnect(), Some(Event::End(Code::Cancelled)));
    assert!(!call.owes());
    let mut call = server(Kind::Unary);
    assert_eq!(call.receive(&mut &b"\xFF"[..]), Some(Event::End(Code::Internal)));
    assert!(call.owes());
    assert_eq!((call.disconnect(), call.owes()), (None, false), "there is nobody to tell");
}

// Client Cancellation

#[test]
fn a_client_may_cancel_at_any_time() {
    for mut call in [client(Kind::Unary), answered(Kind::Unary)] {
        assert_eq!(call.cancel(Code::Cancelled), Some(Event::End(Code::Cancelled)));
        assert_eq!(call.reset(), Some(8));
        assert_eq!(call.receive_trailers(headers(&[OK])), None);
        assert_eq!(call.status().unwrap().code, Code::Cancelled);
    }
}

#[test]
fn a_deadline_that_has_passed_comes_before_what_came_late() {
    let mut call = answered(Kind::Unary);
    call.set_deadline(100);
    assert_eq!((call.deadline(), call.poll(99)), (Some(100), None));
    assert_eq!(call.poll(100), Some(Event::End(Code::DeadlineExceeded)));
    assert_eq!((call.receive_reset(8), call.poll(101)), (None, None));
    assert_eq!((call.deadline(), call.reset()), (None, None));
    assert_eq!(call.status().unwrap().to_string(), "DEADLINE_EXCEEDED: deadline exceeded");
}

// Outline

#[test]
fn what_comes_out_of_order_ends_the_call() {
    let mut call = client(Kind::Unary);
    assert_eq!(call.receive(&mut &b""[..]), None);
    assert_eq!(call.receive(&mut &b"\0"[..]), Some(Event::End(Code::Unknown)), "a body first");
    let mut call = client(Kind::Unary);
    assert_eq!(
        call.receive_trailers(headers(&[OK])),
        Some(Event::End(Code::Unknown)),
        "trailers first"
    );
    let mut call = answered(Kind::Unary);
    let again = call.receive_head(200, headers(&[GRPC]), false);
    assert_eq!((again, call.error()), (Some(Event::End(Code::Internal)), Some(Error::OutOfOrder)));
    let mut call = server(Kind::BidiStreaming);
    assert_eq!(call.receive_end(), Some(Event::HalfClose));
    assert_eq!(call.receive(&mut &b""[..]), None);
    assert_eq!(call.receive(&mut &b"\0"[..]), Some(Event::End(Code::Internal)), "behind the end");
    for bytes in [frame(0, ""), frame(0, "whole")] {
        let mut call = server(Kind::BidiStreaming);
        assert_eq!(call.receive_end(), Some(Event::HalfClose));
        assert_eq!(call.receive(&mut &bytes[..]), Some(Event::End(Code::Internal)), "all of it");
    }
    let mut call = server(Kind::BidiStreaming);
    call.receive_end();
    assert_eq!(call.receive_end(), Some(Event::End(Code::Internal)), "a second end");
}

// Both sides

/// Everything a stack of HTTP does between a client and a server, in memory.
fn both(dialect: Option<Dialect>, kind: Kind, messages: &[Vec<u8>], cut: usize) {
    let socket = dialect.is_none();
    let content_type =
        ContentType { dialect: dialect.unwrap_or(Dialect::Web), codec: Codec::PROTO };
    let (mut head, mut up, mut down) = (Vec::new(), Vec::new(), Vec::new());
    let metadata_sent = [("x-bin", Value::Bytes(&[1, 2, 3]))];
    let request = request(content_type).metadata(&metadata_sent);
    let limits = Limits::new();
    let mut client = if socket {
        request.write_socket(kind, limits, Vec::new(), &mut head).unwrap()
    } else {
        request.write(kind, limits, Vec::new(), &mut head).unwrap()
    };
    let fields = Fields::parse(&head).unwrap();
    let parsed = Request::parse("POST", request.path().as_str(), fields).unwrap();
    assert_eq!(metadata(fields).collect::<Vec<_>>(), [("x-bin", Value::Base64(b"AQID"))]);
    let mut server = if socket {
        parsed.accept_socket(kind, limits, &["gzip"]).unwrap()
    } else {
        parsed.accept(kind, limits, &["gzip"]).unwrap()
    };

    let requests = if kind.streams_requests() { messages } else { &messages[..1] };
    for (at, message) in requests.iter().enumerate() {
        let message = Message { compressed: at % 2 == 1, bytes: message };
        let mut one = Vec::new();
        client.send(message, &mut one).unwrap();
        // What is behind the control byte is a stream.
        up.extend(&one[usize::from(socket)..]);
    }
    client.half_close(&mut Vec::new()).unwrap();

    let mut sent_head = Vec::new();
    let into = if socket { &mut down } else { &mut sent_head };
    server.send_head(ResponseHead::new().encoding("gzip"), into).unwrap();
    let mut assembler = Assembler::new(Vec::new());
    let mut echoed = 0;
    let cut_up = cut.min(up.len());
    let (a, b) = up.split_at_mut(cut_up);
    for read in [a, b] {
        let mut input = server.plain(read);
        while let Some(event) = server.receive(&mut input) {
            let Event::Message { compressed, chunk } = event else { panic!("{event:?}") };
            let Some(bytes) = assembler.push(chunk).unwrap() else { continue };
            if kind.streams_responses() || echoed == 0 {
                server.send(Message { compressed, bytes }, &mut down).unwrap();
            }
            echoed += 1;
        }
    }
    assert_eq!((echoed, server.receive_end()), (requests.len(), Some(Event::HalfClose)));
    let status = Status::new(Code::Ok, "caf\u{e9}").with_details(b"why");
    let mut trailers = Vec::new();
    let trailing = if content_type.dialect == Dialect::Grpc {
        server.finish(status, &mut trailers).unwrap()
    } else {
        server.finish(status, &mut down).unwrap()
    };

    if !socket {
        let head = client.receive_head(200, Fields::parse(&sent_head).unwrap(), false);
        assert_eq!(head, Some(Event::Head));
    }
    let mut seen = Seen::default();
    let cut_down = cut.min(down.len());
    let (a, b) = down.split_at_mut(cut_down);
    for read in [a, b] {
        let mut input = client.plain(read);
        while let Some(event) = client.receive(&mut input) {
            seen.see(Some(event));
        }
    }
    if trailing == Trailing::Trailers {
        seen.see(client.receive_trailers(Fields::parse(&trailers).unwrap()));
    }
    let responses = if kind.streams_responses() { requests } else { &requests[..1] };
    let expected: Vec<_> = responses
        .iter()
        .enumerate()
        .map(|(at, bytes)| (at % 2 == 1, bytes.clone(), true))
        .collect();
    assert_eq!((seen.messages, seen.end), (expected, Some(Code::Ok)));
    let status = client.status().unwrap();
    let mut details = Vec::new();
    status.details.unwrap().decode(&mut details).unwrap();
    assert_eq!((status.message.to_string(), details), ("caf\u{e9}".into(), b"why".to_vec()));
    assert_eq!((client.reset(), server.reset()), (None, None));
}

mod random {
    use super::*;
    use proptest::prelude::{
        Just, ProptestConfig, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest,
    };

    const KINDS: [Kind; 4] =
        [Kind::Unary, Kind::ClientStreaming, Kind::ServerStreaming, Kind::BidiStreaming];
    const DIALECTS: [Option<Dialect>; 4] =
        [Some(Dialect::Grpc), Some(Dialect::Web), Some(Dialect::WebText), None];

    /// Whatever can happen to either side.
    #[derive(Clone, Debug)]
    enum Step {
        Head(u16, usize, bool),
        Body(Vec<u8>),
        Trailers(usize),
        End,
        Reset(u32),
        Disconnect,
        Cancel,
        Poll(u64),
        SendHead,
        Send(Vec<u8>, bool),
        Begin(u64),
        Payload(Vec<u8>),
        HalfClose,
        Finish(u8),
        Transmit,
    }

    const LISTS: [&[(&str, &str)]; 7] = [
        &[],
        &[GRPC],
        &[WEB],
        &[("content-type", "application/grpc-web-text"), ("grpc-encoding", "gzip")],
        &[GRPC, OK],
        &[OK, ("grpc-message", "%")],
        &[WEB, ("grpc-status", "99"), ("grpc-encoding", "snappy")],
    ];

    fn body() -> impl Strategy<Value = Vec<u8>> {
        prop_oneof![
            3 => proptest::collection::vec(any::<u8>(), 0..4).prop_map(|bytes| frame(0, bytes)),
            1 => Just(frame(1, "z")),
            2 => Just(frame(0x80, "grpc-status: 0\r\n")),
            1 => Just(frame(0x80, "content-type: application/grpc\r\n")),
            1 => Just(frame(0x80, "?")),
            2 => Just(base64(&frame(0, "a"))),
            1 => Just(base64(&frame(0x80, "grpc-status: 3\r\n"))),
            1 => proptest::collection::vec(any::<u8>(), 0..12),
            1 => Just(vec![0, 0]),
        ]
    }

    fn step() -> impl Strategy<Value = Step> {
        let status = prop_oneof![4 => Just(200), 1 => Just(100), 1 => Just(503)];
        prop_oneof![
            6 => (status, 0..LISTS.len(), any::<bool>()).prop_map(|(s, l, e)| Step::Head(s, l, e)),
            9 => body().prop_map(Step::Body),
            2 => (0..LISTS.len()).prop_map(Step::Trailers),
            2 => Just(Step::End),
            1 => (0..15_u32).prop_map(Step::Reset),
            1 => Just(Step::Disconnect),
            1 => Just(Step::Cancel),
            1 => (0..120_u64).prop_map(Step::Poll),
            4 => Just(Step::SendHead),
            4 => (proptest::collection::vec(any::<u8>(), 0..4), any::<bool>()).prop_map(|(b, c)| Step::Send(b, c)),
            1 => (0..4_u64).prop_map(Step::Begin),
            2 => proptest::collection::vec(any::<u8>(), 0..3).prop_map(Step::Payload),
            2 => Just(Step::HalfClose),
            2 => (0..17_u8).prop_map(Step::Finish),
            2 => Just(Step::Transmit),
        ]
    }

    /// What a call has said of itself so far.
    #[derive(Default)]
    struct Log {
        ends: Vec<Code>,
    }

    impl Log {
        fn see(&mut self, event: Option<Event<'_>>) {
            if let Some(event) = event {
                assert!(self.ends.is_empty(), "{event:?} behind the end");
                if let Event::End(code) = event {
                    self.ends.push(code);
                }
            }
        }
    }

    fn drive_client(dialect: Option<Dialect>, kind: Kind, steps: &[Step]) -> Log {
        let content_type =
            ContentType { dialect: dialect.unwrap_or(Dialect::Web), codec: Codec::PROTO };
        let mut out = Vec::new();
        let limits = Limits::new().max_message_len(9).max_trailers_len(60);
        let mut call = match dialect {
            None => request(content_type).write_socket(kind, limits, Vec::new(), &mut out).unwrap(),
            Some(_) => request(content_type).write(kind, limits, Vec::new(), &mut out).unwrap(),
        };
        call.set_deadline(100);
        let mut log = Log::default();
        for step in steps.iter().cloned().chain([Step::Disconnect]) {
            let written = out.len();
            let mut refused = false;
            match step {
                Step::Head(status, list, end) => {
                    log.see(call.receive_head(status, headers(LISTS[list]), end));
                }
                Step::Body(mut bytes) => {
                    let mut input = call.plain(&mut bytes);
                    while let Some(event) = call.receive(&mut input) {
                        log.see(Some(event));
                    }
                    assert!(input.is_empty(), "None means that all was taken");
                }
                Step::Trailers(list) => log.see(call.receive_trailers(headers(LISTS[list]))),
                Step::End => log.see(call.receive_end()),
                Step::Reset(error) => log.see(call.receive_reset(error)),
                Step::Disconnect => log.see(call.disconnect()),
                Step::Cancel => log.see(call.cancel(Code::Cancelled)),
                Step::Poll(now) => log.see(call.poll(now)),
                Step::Send(bytes, compressed) => {
                    refused = call.send(Message { compressed, bytes: &bytes }, &mut out).is_err();
                }
                Step::Begin(len) => refused = call.begin_message(len, false, &mut out).is_err(),
                Step::Payload(bytes) => refused = call.send_payload(&bytes, &mut out).is_err(),
                Step::HalfClose => refused = call.half_close(&mut out).is_err(),
                Step::SendHead | Step::Finish(_) | Step::Transmit => {}
            }
            assert!(!refused || out.len() == written, "nothing was written");
            assert_eq!(call.status().map(|status| status.code), log.ends.first().copied());
            if !log.ends.is_empty() {
                let sent = call.send(Message::plain(b""), &mut out);
                assert_eq!(sent, Err(SendError::Ended));
            }
            let _readable = (call.trailers().iter().count(), call.head().iter().count());
        }
        log
    }

    fn drive_server(dialect: Option<Dialect>, kind: Kind, steps: &[Step]) -> Log {
        let content_type =
            ContentType { dialect: dialect.unwrap_or(Dialect::Web), codec: Codec::PROTO };
        let content_type = content_type.to_string();
        let list = [("content-type", content_type.as_bytes()), ("grpc-encoding", b"gzip")];
        let parsed = Request::parse("POST", PATH, list).unwrap();
        let limits = Limits::new().max_message_len(9);
        let mut call = match dialect {
            None => parsed.accept_socket(kind, limits, &["gzip"]).unwrap(),
            Some(_) => parsed.accept(kind, limits, &["gzip"]).unwrap(),
        };
        call.set_deadline(100);
        let mut out = Vec::new();
        let (mut log, mut told) = (Log::default(), 0);
        for step in steps.iter().cloned().chain([Step::Disconnect]) {
            let written = out.len();
            let mut refused = false;
            match step {
                Step::Body(mut bytes) => {
                    let mut input = call.plain(&mut bytes);
                    while let Some(event) = call.receive(&mut input) {
                        log.see(Some(event));
                    }
                    assert!(input.is_empty(), "None means that all was taken");
                }
                Step::End => log.see(call.receive_end()),
                Step::Reset(error) => log.see(call.receive_reset(error)),
                Step::Disconnect => log.see(call.disconnect()),
                Step::Poll(now) => log.see(call.poll(now)),
                Step::SendHead => {
                    refused = call.send_head(ResponseHead::new(), &mut out).is_err();
                }
                Step::Send(bytes, compressed) => {
                    refused = call.send(Message { compressed, bytes: &bytes }, &mut out).is_err();
                }
                Step::Begin(len) => refused = call.begin_message(len, false, &mut out).is_err(),
                Step::Payload(bytes) => refused = call.send_payload(&bytes, &mut out).is_err(),
                Step::Finish(code) => {
                    let code = Code::from_u8(code).unwrap();
                    match call.finish(Status::new(code, ""), &mut out) {
                        Ok(_) => {
                            assert!(log.ends.is_empty());
                            log.ends.push(code);
                            told += 1;
                        }
                        Err(_) => refused = true,
                    }
                }
                Step::Transmit => match call.transmit(&mut out) {
                    Some(_) => told += 1,
                    None => refused = true,
                },
                Step::Head(..) | Step::Trailers(_) | Step::Cancel | Step::HalfClose => {}
            }
            assert!(!refused || out.len() == written, "nothing was written");
            assert_eq!(call.code(), log.ends.first().copied());
            assert!(told <= 1 && (told == 0 || !log.ends.is_empty()), "trailers are sent once");
            assert!(!call.owes() || told == 0 && !log.ends.is_empty());
        }
        assert!(!call.owes());
        log
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, cases: 2000, ..ProptestConfig::default() })]

        #[test]
        fn whatever_happens_a_clients_call_has_exactly_one_status(
            dialect in 0..4_usize, kind in 0..4_usize, steps in proptest::collection::vec(step(), 0..14),
        ) {
            let log = drive_client(DIALECTS[dialect], KINDS[kind], &steps);
            prop_assert_eq!(log.ends.len(), 1);
        }

        #[test]
        fn whatever_happens_a_servers_call_has_exactly_one_status(
            dialect in 0..4_usize, kind in 0..4_usize, steps in proptest::collection::vec(step(), 0..14),
        ) {
            let log = drive_server(DIALECTS[dialect], KINDS[kind], &steps);
            prop_assert!(log.ends.len() == 1);
        }

        #[test]
        fn what_one_side_sends_the_other_gets_in_every_dialect_and_kind(
            messages in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..400), 1..5),
            cut in 0..600_usize,
        ) {
            for dialect in DIALECTS {
                for kind in KINDS {
                    both(dialect, kind, &messages, cut);
                }
            }
        }
    }
}

/// A call owns no heap but its storage, and little besides.
#[test]
fn a_call_is_small_and_so_is_what_it_returns() {
    assert!(size_of::<ClientCall<SliceBuf<'_>>>() <= 256);
    assert!(size_of::<ServerCall>() <= 256);
    assert!(size_of::<Option<Event<'_>>>() <= 32);
}
