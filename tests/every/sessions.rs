//! T-SPLIT and T17: a whole session of each protocol, cut at every one and every two places.
//!
//! The result is the one written here, whatever the cuts. Each call takes a byte, yields something, or
//! asks for more, so there are not many more calls than bytes.
#![cfg(feature = "alloc")]

use crate::common::same_however_cut_twice;
use crate::common::ws::{frame, masked};
use framewright::grpc::{self, ClientRequest, Encodings, Path, ServerCall, ServerConfig};
use framewright::http1::{self, BodyDecoder, Decoded, HeadReader};
use framewright::sse::{self, Item, Storage};
use framewright::stomp::{self, FrameBuilder};
use framewright::ws::handshake::{ClientRequest as Upgrade, Origins, Reply, Server};
use framewright::ws::{self, Connection, Event, Message, Part, Side};

/// What happened, in words, and the number of calls.
#[derive(Debug, Default)]
struct Log {
    said: Vec<String>,
    calls: usize,
}

impl Log {
    fn say(&mut self, what: impl Into<String>) {
        self.said.push(what.into());
    }

    fn call(&mut self) {
        self.calls += 1;
    }

    /// T17: each call takes a byte, yields something, or is the last for a piece.
    fn end(self, bytes: usize, pieces: usize) -> Vec<String> {
        let most = bytes + self.said.len() + 3 * pieces;
        assert!(self.calls <= most, "{} calls for {bytes} bytes", self.calls);
        self.said
    }
}

fn len(pieces: &[&[u8]]) -> usize {
    pieces.iter().map(|piece| piece.len()).sum()
}

/// The session after the handshake, at either end.
fn talk<S: Side>(
    connection: &mut Connection<S>,
    assembler: &mut ws::Assembler<Vec<u8>>,
    mut input: &mut [u8],
    out: &mut Vec<u8>,
    log: &mut Log,
) {
    loop {
        log.call();
        let Some(event) = connection.receive(&mut input) else { break };
        match event {
            Event::Part(part) => {
                if let Part::Ping(chunk) = part
                    && chunk.end
                {
                    log.say("ping");
                }
                match assembler.push(part).unwrap() {
                    Some(Message::Text(text)) => log.say(text),
                    Some(Message::Binary(bytes)) => log.say(format!("{} bytes", bytes.len())),
                    None => {}
                }
            }
            Event::Close(code) => log.say(format!("close {}", code.0)),
            Event::Failed(e) => log.say(e.to_string()),
        }
    }
    assert!(input.is_empty());
    connection.transmit(out);
}

const REQUEST: &str = "GET /chat HTTP/1.1\r\n\
    Host: a\r\n\
    Upgrade: websocket\r\n\
    Connection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
    Sec-WebSocket-Version: 13\r\n\r\n";

#[test]
fn a_websocket_server_however_split() {
    let bytes = [
        REQUEST.as_bytes(),
        &masked(0x81, "κόσμε".as_bytes()),
        &masked(0x01, b"frag"),
        &masked(0x89, b"p"),
        &masked(0x00, b""),
        &masked(0x80, "m\u{e9}nt".as_bytes()),
        &masked(0x82, &[7; 126]),
        &masked(0x88, b"\x03\xE8bye"),
    ]
    .concat();
    let said = same_however_cut_twice(&bytes, |pieces| {
        let mut log = Log::default();
        let mut handshake = Some(Server::new(Origins::any(), Vec::new(), http1::Limits::new()));
        let mut connection = Connection::server(ws::Limits::new());
        let mut assembler = ws::Assembler::new(Vec::new());
        let mut out = Vec::new();
        for piece in pieces {
            let mut piece = piece.to_vec();
            let mut input = &mut piece[..];
            if let Some(server) = &mut handshake {
                log.call();
                let Some(offer) = server.receive(&mut input).unwrap() else { continue };
                log.say(offer.resource_name());
                offer.accept().write(&mut out).unwrap();
                out.clear();
                handshake = None;
            }
            talk(&mut connection, &mut assembler, input, &mut out, &mut log);
        }
        log.say(format!("{:?}", connection.receive_eof()));
        // A ping is answered, unless the close has come before there was time for it.
        let (pong, close) = (frame(0x8A, b"p"), frame(0x88, b"\x03\xE8bye"));
        assert!(out == close || out == [pong, close].concat());
        log.end(len(pieces), pieces.len())
    });
    let ending = "Ending { code: CloseCode(1000), truncated: false }";
    assert_eq!(said, ["/chat", "κόσμε", "ping", "fragmént", "126 bytes", "close 1000", ending]);
}

#[test]
fn a_websocket_client_however_split() {
    let response = "HTTP/1.1 103 Early Hints\r\n\r\n\
        HTTP/1.1 101 Switching Protocols\r\n\
        Upgrade: websocket\r\n\
        Connection: Upgrade\r\n\
        Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
    let bytes = [
        response.as_bytes(),
        &frame(0x82, b""),
        &frame(0x01, "\u{1F980}".as_bytes()),
        &frame(0x8A, b"pong"),
        &frame(0x80, b"!"),
        &frame(0x81, b"not \xFF"),
        &frame(0x81, b"late"),
    ]
    .concat();
    let said = same_however_cut_twice(&bytes, |pieces| {
        let mut log = Log::default();
        let upgrade = Upgrade::new("a", "/");
        let nonce = *b"the sample nonce";
        let client = upgrade.write(nonce, Vec::new(), http1::Limits::new(), &mut Vec::new());
        let mut handshake = Some(client.unwrap());
        let mut connection = Connection::client(ws::Limits::new(), || [1, 2, 3, 4]);
        let mut assembler = ws::Assembler::new(Vec::new());
        let mut out = Vec::new();
        for piece in pieces {
            let mut piece = piece.to_vec();
            let mut input = &mut piece[..];
            while let Some(client) = &mut handshake {
                log.call();
                match client.receive(&mut input).unwrap() {
                    None => break,
                    Some(Reply::Interim(response)) => log.say(response.status().to_string()),
                    Some(Reply::Accepted(_)) => {
                        log.say("open");
                        handshake = None;
                    }
                    Some(Reply::Refused(_)) => unreachable!(),
                }
            }
            if handshake.is_none() {
                talk(&mut connection, &mut assembler, input, &mut out, &mut log);
            }
        }
        log.say(format!("{} bytes of goodbye", out.len()));
        log.end(len(pieces), pieces.len())
    });
    let goodbye = "25 bytes of goodbye";
    assert_eq!(said, ["103", "open", "0 bytes", "🦀!", "text is not UTF-8", goodbye]);
}

#[cfg(feature = "deflate")]
#[test]
fn compressed_messages_however_split() {
    use crate::common::deflate::receive;
    use framewright::ws::Kind;
    use framewright::ws::deflate::Config;

    // RFC 7692 §7.2.3.1 and §7.2.3.2, with frames that may come between them.
    let bytes = [
        &b"\x41\x03\xF2\x48\xCD"[..],
        &frame(0x89, b"ping"),
        b"\x80\x04\xC9\xC9\x07\x00",
        &frame(0x81, b"plain"),
        b"\xC1\x05\xF2\x00\x11\x00\x00",
        b"\xC2\x08\xF3\x48\xCD\xC9\xC9\x07\x00\x00",
    ]
    .concat();
    let (got, result) = same_however_cut_twice(&bytes, |pieces| {
        receive(Config::new(), ws::Limits::new(), 3, pieces)
    });
    let text = |text: &str| (Kind::Text, text.as_bytes().to_vec());
    let last = (Kind::Binary, b"Hello".to_vec());
    assert_eq!((got, result), (vec![text("Hello"), text("plain"), text("Hello"), last], Ok(())));
}

#[test]
fn requests_with_bodies_however_split() {
    let bytes = b"\r\nPOST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n\
        5;a=\"b\"\r\nhello\r\nA\r\n, chunks!!\r\n0\r\nT: v\r\n\r\n\
        PUT /b HTTP/1.1\r\nhost:x\r\nContent-Length: 3\r\n\r\nabc\
        GET /c HTTP/1.0\r\n\r\n";
    let said = same_however_cut_twice(bytes, |pieces| {
        let mut log = Log::default();
        let mut reader = HeadReader::new(Vec::new(), http1::Limits::new());
        let mut decoder: Option<(BodyDecoder, Vec<u8>)> = None;
        for piece in pieces {
            let mut piece = piece.to_vec();
            let mut input = &mut piece[..];
            loop {
                let Some((body, joined)) = &mut decoder else {
                    log.call();
                    let Some(request) = reader.read_request(&mut input).unwrap() else { break };
                    log.say(request.target());
                    let body = BodyDecoder::new(request.body(), http1::Limits::new());
                    decoder = Some((body, vec![]));
                    continue;
                };
                log.call();
                match body.decode(&mut input).unwrap() {
                    Decoded::Part(part) => joined.extend_from_slice(part.bytes),
                    Decoded::NeedMore => break,
                    Decoded::Complete => {
                        log.say(String::from_utf8_lossy(joined));
                        decoder = None;
                    }
                }
            }
            assert!(input.is_empty());
        }
        log.end(len(pieces), pieces.len())
    });
    assert_eq!(said, ["/a", "hello, chunks!!", "/b", "abc", "/c", ""]);
}

#[test]
fn an_event_stream_however_split() {
    let bytes = "\u{FEFF}retry: 1500\r\n: hi\r\n\r\n\
        event: add\rid: 7\rdata: one\rdata:two\r\r\
        data: κόσμε\nid\n\n\
        data\n\nid: 8\0\nevent: x\n\n\
        data: not ended\n"
        .as_bytes();
    let said = same_however_cut_twice(bytes, |pieces| {
        let mut log = Log::default();
        let storage = Storage::<Vec<u8>>::default();
        let mut assembler = sse::Assembler::new(sse::Limits::new(), storage);
        let mut comment = Vec::new();
        for piece in pieces {
            let mut input = *piece;
            loop {
                log.call();
                match assembler.receive(&mut input) {
                    Some(Item::Event(e)) => {
                        log.say(format!("{} {:?} {}", e.event_type, e.data, e.last_event_id));
                    }
                    Some(Item::NoData(e)) => log.say(format!("no data: {}", e.event_type)),
                    Some(Item::ReconnectionTime(ms)) => log.say(format!("{ms} ms")),
                    Some(Item::Comment(chunk)) => {
                        comment.extend_from_slice(chunk.bytes);
                        if chunk.end {
                            log.say(String::from_utf8_lossy(&comment));
                        }
                    }
                    Some(item) => log.say(format!("{item:?}")),
                    None => break,
                }
            }
            assert!(input.is_empty());
        }
        log.say(format!("{:?}", assembler.receive_eof().map(|event| event.data.to_owned())));
        log.end(len(pieces), pieces.len())
    });
    assert_eq!(
        said,
        [
            "1500 ms",
            "hi",
            "no data: message",
            "add \"one\\ntwo\" 7",
            "message \"κόσμε\" ",
            "message \"\" ",
            "no data: x",
            "Some(\"not ended\")",
        ]
    );
}

/// The events of a gRPC call for a body.
fn call<C>(
    call: &mut C,
    pieces: &[&[u8]],
    log: &mut Log,
    plain: for<'b> fn(&mut C, &'b mut [u8]) -> &'b [u8],
    receive: for<'b> fn(&mut C, &mut &'b [u8]) -> Option<grpc::Event<'b>>,
) {
    let mut message = Vec::new();
    for piece in pieces {
        let mut piece = piece.to_vec();
        let mut input = plain(call, &mut piece);
        loop {
            log.call();
            match receive(call, &mut input) {
                Some(grpc::Event::Message { compressed, chunk }) => {
                    if chunk.start {
                        message.clear();
                    }
                    message.extend_from_slice(chunk.bytes);
                    if chunk.end {
                        let text = String::from_utf8_lossy(&message);
                        log.say(if compressed {
                            format!("{text}, compressed")
                        } else {
                            text.into()
                        });
                    }
                }
                Some(event) => log.say(format!("{event:?}")),
                None => break,
            }
        }
        assert!(input.is_empty());
    }
}

#[test]
fn the_body_of_a_grpc_request_however_split() {
    let frame = |flags, payload: &str| crate::common::grpc::frame(flags, payload);
    let long = "3".repeat(260);
    let bytes = [frame(0, "one"), frame(0, ""), frame(1, "two"), frame(0, &long)].concat();
    let said = same_however_cut_twice(&bytes, |pieces| {
        let mut log = Log::default();
        let headers = [("content-type", &b"application/grpc"[..]), ("grpc-encoding", b"gzip")];
        let request = grpc::Request::parse("POST", "/a.B/C", headers).unwrap();
        let kind = grpc::CallKind::BidiStreaming;
        let mut server =
            request.accept(kind, &ServerConfig::new().encodings(Encodings::GZIP), 0).unwrap();
        call(&mut server, pieces, &mut log, ServerCall::decode_text_in_place, ServerCall::receive);
        log.say(format!("{:?}", server.receive_eof()));
        log.end(len(pieces), pieces.len())
    });
    assert_eq!(said, ["one", "", "two, compressed", &long, "Some(HalfClose)"]);
}

#[test]
fn the_body_of_a_grpc_web_response_however_split() {
    let frame = crate::common::grpc::frame;
    let mut bytes = Vec::new();
    // Pieces of base64, each with its own padding. One of them is cut inside a message.
    let messages = [frame(0, "one"), frame(0, "")].concat();
    let (a, b) = messages.split_at(7);
    for piece in [a, b, &frame(0x80, "grpc-status: 5\r\ngrpc-message: no %C3%A9\r\n")] {
        grpc::web::encode_text(piece, &mut bytes).unwrap();
    }
    let said = same_however_cut_twice(&bytes, |pieces| {
        let mut log = Log::default();
        let request = ClientRequest::new(Path::parse("/a.B/C").unwrap());
        let request = request.content_type(grpc::ContentType::WEB_TEXT);
        let kind = grpc::CallKind::ServerStreaming;
        let mut client = request.call(kind, grpc::Limits::new(), Vec::new(), 0);
        let headers = [("content-type", &b"application/grpc-web-text"[..])];
        log.say(format!("{:?}", client.receive_head(200, headers, false)));
        call(
            &mut client,
            pieces,
            &mut log,
            grpc::ClientCall::decode_text_in_place,
            grpc::ClientCall::receive,
        );
        log.say(client.status().unwrap().to_string());
        log.end(len(pieces), pieces.len())
    });
    assert_eq!(said, ["Some(Head)", "one", "", "End(NotFound)", "NOT_FOUND: no é"]);
}

#[test]
fn a_stomp_server_however_split() {
    let bytes = b"STOMP\r\naccept-version:1.1,1.2\r\nheart-beat:0,0\r\n\r\n\0\n\
        SUBSCRIBE\nid:0\ndestination:/a\\cb\nack:client\n\n\0\r\n\
        SEND\ndestination:/a\ncontent-length:3\n\na\0b\0SEND\ndestination:/b\nreceipt:1\n\nhello\0\n\n\
        ACK\nid:1\ntransaction:t\n\n\0DISCONNECT\nreceipt:2\n\n\0ignored";
    let said = same_however_cut_twice(bytes, |pieces| {
        let mut log = Log::default();
        let mut connection = stomp::Connection::server(stomp::Limits::new(), 0);
        let mut inbox = stomp::Inbox::new(Vec::new());
        let mut out = Vec::new();
        for piece in pieces {
            let mut input = *piece;
            loop {
                log.call();
                match connection.receive(&mut input, &mut inbox, 0) {
                    Some(stomp::Event::Head(command)) => {
                        log.say(format!("{command} {:?}", inbox.headers()));
                        if command == stomp::Command::Stomp {
                            connection.accept(FrameBuilder::connected(), &mut out).unwrap();
                        }
                    }
                    Some(stomp::Event::Body(chunk)) => {
                        let before = log.said.pop().unwrap();
                        log.say(before + &chunk.bytes.escape_ascii().to_string());
                        if chunk.end {
                            connection.send_receipt(&inbox.headers(), &mut out).unwrap();
                        }
                    }
                    Some(event) => log.say(format!("{event:?}")),
                    None => break,
                }
            }
            assert!(input.is_empty());
            assert!(connection.transmit(&mut out, 0));
        }
        log.say(String::from_utf8(out).unwrap());
        log.say(format!("{:?}", connection.receive_eof()));
        let bodies = 6;
        log.end(len(pieces) + bodies, pieces.len())
    });
    assert_eq!(
        said,
        [
            r#"STOMP {"accept-version": "1.1,1.2", "heart-beat": "0,0"}"#,
            r#"SUBSCRIBE {"id": "0", "destination": "/a:b", "ack": "client"}"#,
            r#"SEND {"destination": "/a", "content-length": "3"}a\x00b"#,
            r#"SEND {"destination": "/b", "receipt": "1"}hello"#,
            r#"ACK {"id": "1", "transaction": "t"}"#,
            r#"DISCONNECT {"receipt": "2"}"#,
            "CONNECTED\nversion:1.2\nheart-beat:0,0\n\n\0RECEIPT\nreceipt-id:1\n\n\0RECEIPT\nreceipt-id:2\n\n\0",
            "Ending { clean: true, truncated: false }",
        ]
    );
}
