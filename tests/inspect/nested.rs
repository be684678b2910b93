//! Protocols within protocols that no capture here has.

use std::fmt::Write;
use std::io::Read;

use flate2::Compression;
use flate2::read::{GzEncoder, ZlibEncoder};
use framewright::http2::PREFACE;
use framewright::http2::hpack::Encoder;

use super::{SETTINGS, report};

const UPGRADE: &str = "GET /call HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

/// A hex dump of what both ends send, that of the server indented, as Wireshark does.
fn follow(pieces: &[(bool, &[u8])]) -> String {
    let mut offsets = [0, 0];
    let mut dump = String::new();
    for (is_client, bytes) in pieces {
        let indent = if *is_client { "" } else { "    " };
        for line in bytes.chunks(16) {
            let offset = &mut offsets[usize::from(*is_client)];
            write!(dump, "{indent}{offset:08X} ").unwrap();
            line.iter().for_each(|byte| write!(dump, " {byte:02x}").unwrap());
            dump.push('\n');
            *offset += line.len();
        }
    }
    dump
}

fn told(pieces: &[(bool, &[u8])]) -> String {
    report(follow(pieces).as_bytes(), SETTINGS)
}

/// Checks that all of `expected` are in `told`, in this order.
fn assert_in_order(told: &str, expected: &[&str]) {
    let mut rest = told;
    for text in expected {
        let at =
            rest.find(text).unwrap_or_else(|| panic!("{text:?} does not come next in\n{told}"));
        rest = &rest[at + text.len()..];
    }
}

#[test]
fn a_handshake_that_is_not_answered_is_told_and_its_frames_too() {
    let request = format!("{UPGRADE}\r\n");
    // The key of the standard's example has another answer (RFC 6455 §1.3).
    let response = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
        Sec-WebSocket-Accept: AAAApLMBiTxaQ9kYGzzhZRbK+xO=\r\n\r\n";
    let told =
        told(&[(true, request.as_bytes()), (false, response.as_bytes()), (false, b"\x81\x02hi")]);
    assert_in_order(
        &told,
        &["← ", "101 Switching", "✗ ", "(§4.1)", "WebSocket text, 2 bytes", "│ hi"],
    );
}

#[test]
fn frames_that_come_with_the_request_wait_for_its_answer() {
    let request = format!("{UPGRADE}\r\n");
    let response = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
        Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
    let early = [request.as_bytes(), b"\x81\x82\0\0\0\0hi"].concat();
    let told = told(&[(true, &early), (false, response.as_bytes())]);
    assert!(!told.contains('✗'), "{told}");
    assert_in_order(&told, &["GET /call", "101 Switching", "WebSocket text, 2 bytes", "│ hi"]);
    // A refusal is an answer too: what follows is the next request.
    let early = [request.as_bytes(), b"GET /next HTTP/1.1\r\nHost: a\r\n\r\n"].concat();
    let refusal = b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n";
    let told = self::told(&[(true, &early), (false, refusal)]);
    assert_in_order(&told, &["GET /call", "403 No", "GET /next"]);
}

#[test]
fn grpc_web_comes_in_base64_with_trailers() {
    // `\0\0\0\0\x02\x08\x01` and `\x80\0\0\0\x0Fgrpc-status: 5\r\n` with its padding.
    let body = "AAAAAAIIAQ==gAAAABBncnBjLXN0YXR1czogNQ0K";
    let response = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/grpc-web-text+proto\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let told = told(&[(false, response.as_bytes())]);
    assert!(!told.contains('✗'), "{told}");
    assert_in_order(
        &told,
        &[
            "gRPC message, 2 bytes",
            "1: 1",
            "gRPC trailers, 16 bytes",
            "status of the call: NOT_FOUND",
        ],
    );
}

fn read(mut input: impl Read) -> Vec<u8> {
    let mut bytes = Vec::new();
    input.read_to_end(&mut bytes).unwrap();
    bytes
}

#[test]
fn grpc_messages_are_inflated() {
    let message = [&b"\x0A\x40"[..], &[b'a'; 64]].concat();
    for (coding, bytes) in [
        ("gzip", read(GzEncoder::new(&message[..], Compression::best()))),
        ("deflate", read(ZlibEncoder::new(&message[..], Compression::best()))),
    ] {
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/grpc-web\r\ngrpc-encoding: {coding}\r\nContent-Length: {}\r\n\r\n",
            bytes.len() + 5
        );
        let prefix = [1, 0, 0, 0, u8::try_from(bytes.len()).unwrap()];
        let told = told(&[(false, &[head.as_bytes(), &prefix, &bytes].concat())]);
        assert_in_order(&told, &["bytes, compressed", &format!("1: \"{}\"", "a".repeat(64))]);
    }
}

#[test]
fn grpc_web_comes_in_websocket_messages() {
    let request = format!("{UPGRADE}Sec-WebSocket-Protocol: grpc-websockets\r\n\r\n");
    let response = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
        Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: grpc-websockets\r\n\r\n";
    let told = told(&[
        (true, request.as_bytes()),
        (false, response.as_bytes()),
        (true, b"\x82\x8A\0\0\0\0x-a: one\r\n"),
        (true, b"\x82\x88\0\0\0\0\0\0\0\0\0\x02\x08\x07"),
        (true, b"\x82\x81\0\0\0\0\x01"),
        (false, b"\x82\x0C\x80\0\0\0\x07x-b:2\r\n"),
        (false, b"\x82\x07\0\0\0\0\x02\x08\x09"),
    ]);
    assert!(!told.contains('✗'), "{told}");
    assert_in_order(
        &told,
        &["gRPC head", "x-a: one", "1: 7", "the last message was sent", "x-b: 2", "1: 9"],
    );
}

/// A frame of HTTP/2 on stream 1.
fn frame(kind: u8, flags: u8, payload: &[u8]) -> Vec<u8> {
    let len = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&len[1..], &[kind, flags, 0, 0, 0, 1], payload].concat()
}

fn block(fields: &[(&str, &str)]) -> Vec<u8> {
    let mut block = Vec::new();
    Encoder::new(Vec::new(), 0).encode(&fields, &mut block).unwrap();
    block
}

#[test]
fn websocket_is_spoken_on_a_stream_of_http2() {
    let settings = [0, 0, 0, 4, 0, 0, 0, 0, 0];
    let request = block(&[
        (":method", "CONNECT"),
        (":protocol", "websocket"),
        (":scheme", "http"),
        (":path", "/chat"),
        (":authority", "a"),
        ("sec-websocket-protocol", "v12.stomp"),
    ]);
    let response = block(&[(":status", "200"), ("sec-websocket-protocol", "v12.stomp")]);
    let told = told(&[
        (true, PREFACE),
        (true, &settings),
        (false, &settings),
        (true, &frame(1, 4, &request)),
        (false, &frame(1, 4, &response)),
        // Cut within the frame's header: the stream goes on in the next DATA.
        (true, &frame(0, 0, b"\x81\x8E\0\0")),
        (true, &frame(0, 0, b"\0\0ABORT\na:\\c\n\n\0")),
    ]);
    assert!(!told.contains('✗'), "{told}");
    assert_in_order(
        &told,
        &[
            ":protocol: websocket",
            ":status: 200",
            "WebSocket text, 14 bytes",
            "STOMP ABORT",
            "a: :",
        ],
    );
}

#[test]
fn the_framing_of_chunks_is_told_between_what_is_in_them() {
    let request = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    let response =
        b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n\
        9\r\ndata: a\n\n\r\n00A;x=1\r\ndata: bc\n\n\r\n0\r\nX-End: yes\r\n\r\n";
    let told = told(&[(true, request), (false, response)]);
    let expected = [
        "HTTP/1.1 chunk, 9 bytes",
        "39     size: 9 in hex: 9 bytes",
        "0d 0a  line end: CR LF",
        "SSE event",
        "HTTP/1.1 chunk, 10 bytes",
        "30 30 41  size: 00A in hex: 10 bytes",
        "extensions: ;x=1",
        "SSE event",
        "HTTP/1.1 last chunk",
        "trailers: X-End: yes",
    ];
    assert_in_order(&told, &expected);
}

/// The frames are those of the protocol's own table of transports.
#[test]
fn frames_of_sockjs_are_told_by_each_transport() {
    let array = "a[\"one\",\"t\\\"wo\"]";
    let call = format!("parent.p({array:?});");
    let bodies = [
        ("xhr", format!("{array}\n")),
        ("xhr_streaming", format!("{}\no\n{array}\n", "h".repeat(2048))),
        ("eventsource", format!("\r\ndata: {array}\r\n\r\n")),
        ("htmlfile", format!("<script>\n{call}\n</script>\r\n")),
        ("jsonp", format!("/**/{call}\r\n")),
    ];
    for (transport, body) in bodies {
        let request = format!("GET /chat/000/abc/{transport}?c=p HTTP/1.1\r\nHost: a\r\n\r\n");
        let response = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        let told = told(&[(true, request.as_bytes()), (false, response.as_bytes())]);
        let title = format!("SockJS messages, by {transport}");
        assert_in_order(
            &told,
            &[&title, "61  frame: a: messages", "message 1: one", "message 2: t\"wo"],
        );
        assert!(!told.contains('✗'), "{told}");
    }
}

#[test]
fn messages_of_sockjs_are_told_as_they_are_sent() {
    let sent = [("xhr_send", r#"["a b"]"#), ("jsonp_send", "d=%5B%22a+b%22%5D")];
    for (transport, body) in sent {
        let request = format!(
            "POST /chat/000/abc/{transport} HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let told = told(&[(true, request.as_bytes())]);
        assert_in_order(&told, &[&format!("SockJS messages, by {transport}"), "message 1: a b"]);
    }
    let broken = b"POST /chat/000/abc/xhr_send HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n[1";
    assert_in_order(&told(&[(true, broken)]), &["SockJS messages", "✗ ", "the status 500"]);
}

#[test]
fn sockjs_is_spoken_in_websocket_messages() {
    let request = UPGRADE.replace("/call", "/chat/000/abc/websocket") + "\r\n";
    let response = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
        Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
    let frames = b"\x81\x01o\x81\x07a[\"hi\"]\x81\x0dc[3000,\"bye\"]";
    let pieces = [
        (true, request.as_bytes()),
        (false, response.as_bytes()),
        (false, &frames[..]),
        (true, b"\x81\x86\0\0\0\0[\"yo\"]"),
    ];
    let told = told(&pieces);
    let expected = [
        "SockJS open",
        "SockJS messages",
        "message 1: hi",
        "SockJS close",
        "SockJS messages",
        "message 1: yo",
    ];
    assert_in_order(&told, &expected);
    assert!(!told.contains('✗'), "{told}");
}
