//! The documented room of what is owed: it is enough for the longest, and no more than that needs.
#![cfg(feature = "alloc")]

use framewright::grpc::{CallKind, Encodings, Request, ResponseHead, ServerCall, ServerConfig};
use framewright::http1::{self, HeadReader, Limits, ResponseWriter};
use framewright::stomp;
use framewright::ws::handshake::{self, MAX_RESPONSE_LEN, Offer, Origins};
use framewright::ws::{self, Client, Connection, Server, Side};
use framewright::{ArrayBuf, OverLimit};

fn transmitted<S: Side>(mut connection: Connection<S>, wire: &[u8]) -> usize {
    let mut wire = wire.to_vec();
    let mut input = &mut wire[..];
    while connection.receive(&mut input).is_some() {}
    let mut out = ArrayBuf::<131>::new();
    assert!(connection.transmit(&mut out));
    out.len()
}

#[test]
fn a_websocket_connection_transmits_no_more_than_it_says() {
    let server = || Connection::server(ws::Limits::new());
    let client = || Connection::<Client>::client(ws::Limits::new(), || [1; 4]);
    for first in [0x89, 0x88] {
        let payload = [&b"\x03\xE8"[..], &[b'x'; 123]].concat();
        let unmasked = [&[first, 125][..], &payload].concat();
        let masked = [&[first, 0x80 | 125, 0, 0, 0, 0][..], &payload].concat();
        assert_eq!(transmitted(server(), &masked), Connection::<Server>::MAX_TRANSMIT_LEN);
        assert_eq!(transmitted(client(), &unmasked), Connection::<Client>::MAX_TRANSMIT_LEN);
    }
    // Both at once are not owed: a peer that has closed gets no pong.
    let mut both = b"\x89\xFD\0\0\0\0".to_vec();
    both.extend([0; 125]);
    both.extend(b"\x88\xFD\0\0\0\0\x03\xE8");
    both.extend([b'x'; 123]);
    assert_eq!(transmitted(server(), &both), Connection::<Server>::MAX_TRANSMIT_LEN);
}

#[test]
fn a_stomp_connection_transmits_no_more_than_it_says() {
    use stomp::{FrameBuilder, HeartBeat, Inbox};

    const MAX: usize = stomp::Connection::<stomp::Server>::MAX_TRANSMIT_LEN;
    let mut longest = 0;
    // In 1.2, every byte of a receipt may be two.
    let receipt = "\\".repeat(2 * stomp::Connection::<stomp::Server>::MAX_RECEIPT_LEN);
    for (accepts, rest) in [
        ("2.0", ""),
        ("1.2", "SEND\ncontent-length:x\n"),
        ("1.2", "SEND\ndestination:a\ncontent-length:0\n\nx"),
    ] {
        let mut server = stomp::Connection::server(stomp::Limits::new(), 0);
        let mut inbox = Inbox::new(Vec::new());
        let receipt = if accepts == "2.0" { &receipt[..64] } else { &receipt };
        let bytes = format!("CONNECT\naccept-version:{accepts}\nreceipt:{receipt}\n\n\0");
        server.receive_frame(&mut bytes.as_bytes(), &mut inbox, 0).unwrap();
        let _ = server.accept(FrameBuilder::connected(), &mut Vec::new());
        let bytes = rest.replace("SEND\n", &format!("SEND\nreceipt:{receipt}\n"));
        server.receive_frame(&mut bytes.as_bytes(), &mut inbox, 0);
        let mut out = ArrayBuf::<MAX>::new();
        assert!(server.owes() && server.transmit(&mut out, 0));
        longest = longest.max(out.len());
    }
    assert_eq!(longest, MAX);

    let beat = HeartBeat::new(1, 0);
    let mut client = stomp::Connection::client(stomp::Limits::new(), 0).heart_beat(beat);
    client.connect(FrameBuilder::connect("a"), &mut Vec::new()).unwrap();
    let mut input = &b"CONNECTED\nversion:1.2\nheart-beat:0,1\n\n\0"[..];
    client.receive_frame(&mut input, &mut Inbox::new(Vec::new()), 0).unwrap();
    let mut out = ArrayBuf::<{ stomp::Connection::<stomp::Client>::MAX_TRANSMIT_LEN }>::new();
    assert!(client.transmit(&mut out, 100));
    assert_eq!(out[..], *b"\n");
}

#[test]
fn the_interim_response_is_as_long_as_it_says() {
    let mut out = ArrayBuf::<25>::new();
    ResponseWriter::new(100).write(&mut out).unwrap();
    assert_eq!(out.len(), 25, "as documented");
}

const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";

#[test]
fn responses_to_a_handshake_are_no_longer_than_they_say() {
    use handshake::Error;
    let over = OverLimit::new(u64::MAX, 1);
    let head = [
        http1::Error::HeadTooLong { limit: 1 },
        http1::Error::RequestLineTooLong { limit: 1 },
        http1::Error::TooManyHeaders { limit: 1 },
        http1::Error::Tls,
        http1::Error::Http2,
        http1::Error::Version,
        http1::Error::Header,
        http1::Error::ContentLength,
        http1::Error::TransferEncoding,
        http1::Error::BodyTooLong(over),
        http1::Error::ChunkExtension,
        http1::Error::ChunkEnd,
    ];
    let refusals = [
        Error::Method,
        Error::HttpVersion,
        Error::Target,
        Error::NotAnUpgrade,
        Error::Connection,
        Error::Body,
        Error::Version,
        Error::RepeatedVersion,
        Error::Key,
        Error::RepeatedKey,
        Error::MissingOrigin,
        Error::Origin,
        Error::RepeatedOrigin,
        Error::Protocols,
        Error::Extensions,
        Error::ExtensionParams,
    ];
    for error in refusals.into_iter().chain(head.map(Error::Head)) {
        let mut out = ArrayBuf::<MAX_RESPONSE_LEN>::new();
        assert_eq!(error.refuse().write(&mut out), Ok(()), "{error}");
    }

    let extensions = "permessage-deflate; server_no_context_takeover; \
        client_no_context_takeover; server_max_window_bits=15; client_max_window_bits=15";
    let text = format!(
        "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: {KEY}\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Extensions: permessage-deflate\r\nSec-WebSocket-Protocol: chat\r\n\r\n"
    );
    let mut text = text.into_bytes();
    let mut reader = HeadReader::new(ArrayBuf::<1>::new(), Limits::new());
    let request = reader.read_request(&mut &mut text[..]).unwrap().unwrap();
    let offer = Offer::from_request(&request, Origins::any()).unwrap();
    let acceptance = offer.accept().extensions(Some(extensions));
    let mut out = ArrayBuf::<MAX_RESPONSE_LEN>::new();
    acceptance.write(&mut out).unwrap();
    assert_eq!(out.len(), MAX_RESPONSE_LEN, "it is the longest");
    let mut with_protocol = ArrayBuf::<{ MAX_RESPONSE_LEN + 26 + 4 }>::new();
    acceptance.protocol(Some("chat")).write(&mut with_protocol).unwrap();
    assert_eq!(with_protocol.len(), MAX_RESPONSE_LEN + 26 + 4, "as documented");
}

/// The longest that a call can owe: a head with the longest names, and the longest text of an error.
#[test]
fn a_grpc_call_transmits_no_more_than_it_says() {
    let long = "e".repeat(47);
    let config = ServerConfig::new().encodings(Encodings::new(&[&long]).unwrap()).any_subtype();
    let subtype = "s".repeat(31);
    let mut longest = 0;
    for framing in ["application/grpc", "application/grpc-web", "application/grpc-web-text"] {
        for (kind, body) in [
            (CallKind::Unary, &b""[..]),
            (CallKind::Unary, b"AAAAAAA=AAAAAAA="),
            (CallKind::Unary, b"\0\0\0\0\0\0\0\0\0\0"),
            (CallKind::BidiStreaming, b"\x42"),
            (CallKind::BidiStreaming, b"\x01"),
            (CallKind::BidiStreaming, b"\0\xFF\xFF\xFF\xFF"),
            (CallKind::BidiStreaming, b"AP////8="),
            (CallKind::BidiStreaming, b"!"),
            (CallKind::BidiStreaming, b"\0"),
        ] {
            for head in [false, true] {
                let content_type = format!("{framing}+{subtype}");
                let headers = [("content-type", content_type.as_bytes())];
                let request = Request::parse("POST", "/a.B/C", headers).unwrap();
                let mut call = request.accept(kind, &config, 0).unwrap();
                if head {
                    call.send_head(ResponseHead::new(), &mut Vec::new()).unwrap();
                }
                let mut body = body.to_vec();
                let mut input = call.decode_text_in_place(&mut body);
                while call.receive(&mut input).is_some() {}
                call.receive_eof();
                call.poll(u64::MAX);
                let mut out = Vec::new();
                assert!(call.transmit(&mut out));
                longest = longest.max(out.len());
            }
        }
    }
    assert!(longest <= ServerCall::MAX_TRANSMIT_LEN, "{longest}");
    assert!(longest > 200, "the longest head was among them");
}
