//! The opening handshake over HTTP/2 (RFC 8441), and WebSocket on a stream of it.

use framewright::http::Fields;
use framewright::http2::{self, Client, Event, Server, Slot, Storage};
use framewright::ws::handshake::{ClientRequest, Error, Offer, Origins, SendError};
use framewright::ws::{self, CloseCode, Closer, Inbox, Limits, Message, MessageEvent};

/// One end of HTTP/2.
struct Http2<R> {
    connection: http2::Connection<R, Vec<u8>, Vec<Slot>>,
    head: Vec<u8>,
    out: Vec<u8>,
}

fn server() -> Http2<Server> {
    let connection = http2::Connection::server(Storage::new(), http2::Limits::new());
    Http2 { connection: connection.extended_connect(), head: Vec::new(), out: Vec::new() }
}

fn client() -> Http2<Client> {
    let connection = http2::Connection::client(Storage::new(), http2::Limits::new());
    Http2 { connection, head: Vec::new(), out: Vec::new() }
}

/// A server and a client that knows its settings.
fn pair() -> (Http2<Server>, Http2<Client>) {
    let (mut server, mut client) = (server(), client());
    server.connection.transmit(&mut server.out);
    let mut settings = std::mem::take(&mut server.out);
    let mut input = &mut settings[..];
    while client.connection.receive(&mut input, &mut client.head).is_some() {}
    assert!(client.connection.peer().extended_connect);
    (server, client)
}

/// What a server makes of a request with these fields in place of those of a good one.
fn offer(change: &[(&str, &str)]) -> Result<Option<String>, Error> {
    let (mut server, mut client) = pair();
    let find = |name: &str, good| change.iter().find(|(n, _)| *n == name).map_or(good, |(_, v)| *v);
    let request = match find(":protocol", "websocket") {
        "" => http2::Request::new(find(":method", "GET"), "https", "example.com", "/chat"),
        protocol => http2::Request::extended_connect(protocol, "https", "example.com", "/chat?a"),
    };
    let mut fields = vec![("sec-websocket-version", find("sec-websocket-version", "13"))];
    fields.extend(
        change
            .iter()
            .filter(|(name, _)| !name.starts_with(':') && *name != "sec-websocket-version"),
    );
    fields.retain(|(_, value)| *value != "absent");
    client.connection.open(request, fields.iter(), false, &mut client.out).unwrap();
    let mut input = &mut client.out[..];
    while let Some(event) = server.connection.receive(&mut input, &mut server.head) {
        let Event::Head { head, .. } = event else { continue };
        let origins = Origins::exact(&["https://example.com"]).or_absent();
        let offer = Offer::from_connect(&head.request(), head.headers(), origins)?;
        assert_eq!((offer.target(), offer.resource_name()), ("/chat?a", "/chat?a"));
        assert_eq!(offer.host(), "example.com");
        return Ok(offer.choose(&["b", "a"]).map(Into::into));
    }
    panic!("there was no head");
}

#[test]
fn requests() {
    assert_eq!(offer(&[]), Ok(None));
    assert_eq!(offer(&[("origin", "https://example.com")]), Ok(None));
    assert_eq!(offer(&[("sec-websocket-protocol", "a, b")]), Ok(Some("b".into())));
    // Neither means anything here (RFC 8441 §5).
    assert_eq!(offer(&[("sec-websocket-key", "no key")]), Ok(None));
    for (change, error) in [
        (&[(":protocol", "")][..], Error::NotAConnect),
        (&[(":protocol", "connect-udp")], Error::OtherProtocol),
        (&[("sec-websocket-version", "absent")], Error::Version),
        (&[("sec-websocket-version", "8")], Error::Version),
        (&[("origin", "https://evil.example")], Error::Origin),
        (&[("origin", "https://example.com"), ("origin", "null")], Error::RepeatedOrigin),
        (&[("sec-websocket-protocol", "a b")], Error::Protocols),
        (&[("sec-websocket-extensions", ";")], Error::Extensions),
    ] {
        assert_eq!(offer(change), Err(error), "{change:?}");
    }
}

/// Each field as a line.
fn lines(fields: impl Fields) -> Vec<String> {
    let mut lines = Vec::new();
    fields.for_each_field(|name, value| {
        let value = String::from_utf8(value.to_vec()).unwrap();
        lines.push(format!("{}: {value}", name.to_lowercase()));
    });
    lines
}

/// RFC 8441 §5: neither `Upgrade` nor a key, and the status is 200.
#[test]
fn responses() {
    let request = http2::Request::extended_connect("websocket", "https", "example.com", "/");
    let headers = [("sec-websocket-version", "13"), ("sec-websocket-protocol", "chat")];
    let offer = Offer::from_connect(&request, headers, Origins::any().or_absent()).unwrap();
    let acceptance = offer.accept().protocol(Some("chat")).headers([("x-a", "b")]);
    assert_eq!(acceptance.status(), 200);
    let expected = ["sec-websocket-protocol: chat", "x-a: b"];
    assert_eq!(lines(acceptance.to_fields().unwrap()), expected);
    let mut put = Vec::new();
    acceptance.to_fields().unwrap().for_each_field(|name, _| put.push(name.to_lowercase()));
    assert_eq!(put, ["sec-websocket-protocol", "x-a"]);
    assert_eq!(acceptance.write(&mut Vec::new()), Err(SendError::OverHttp2));
    let other = offer.accept().protocol(Some("other"));
    assert_eq!(other.to_fields().err(), Some(SendError::ProtocolNotOffered));

    // RFC 6455 §4.4, without what is about the connection.
    let refusal = Error::Version.refuse_connect();
    assert_eq!(refusal.status(), 400);
    let expected = ["sec-websocket-version: 13", "content-type: text/plain"];
    assert_eq!(lines(refusal.to_fields().unwrap()), expected);
    let refusal = offer.refuse(302).headers([("location", "/else")]);
    assert_eq!(lines(refusal.to_fields().unwrap()), ["location: /else"]);
}

/// RFC 8441 §5: the scheme is that of the connection, not that of a WebSocket URI.
#[test]
fn a_wrong_scheme_is_not_sent() {
    let request = ClientRequest::new("example.com", "/");
    for scheme in ["", "ws", "wss", "htt", "https ", "https:", "coap"] {
        assert_eq!(request.connect(scheme).err(), Some(SendError::Scheme), "{scheme}");
    }
    for scheme in ["http", "https", "HTTPS"] {
        assert!(request.connect(scheme).is_ok(), "{scheme}");
    }
}

#[test]
fn what_a_client_makes_of_a_response() {
    let request = ClientRequest::new("example.com", "/").protocols(&["a", "b"]);
    let (head, fields, check) = request.connect("https").unwrap();
    assert_eq!((head.method(), head.protocol()), ("CONNECT", Some("websocket")));
    assert_eq!((head.scheme(), head.authority(), head.target()), ("https", "example.com", "/"));
    assert_eq!(lines(fields), ["sec-websocket-protocol: a, b", "sec-websocket-version: 13"]);
    let answer = |status, headers: &[(&str, &str)]| {
        check.check_connect(status, headers).map(|accepted| accepted.protocol().map(String::from))
    };
    assert_eq!(answer(200, &[]), Ok(None));
    assert_eq!(answer(200, &[("sec-websocket-protocol", "b")]), Ok(Some("b".into())));
    assert_eq!(answer(204, &[]), Ok(None));
    for status in [101, 300, 403, 501] {
        assert_eq!(answer(status, &[]), Err(Error::Status));
    }
    let (protocol, extension) = ("sec-websocket-protocol", "sec-websocket-extensions");
    assert_eq!(answer(200, &[(protocol, "c")]), Err(Error::ProtocolNotOffered));
    assert_eq!(answer(200, &[(extension, "x-y")]), Err(Error::ExtensionNotOffered));
    // A check of HTTP/2 accepts no response of HTTP/1.1.
    let upgrade =
        [("upgrade", "websocket"), ("connection", "upgrade"), ("sec-websocket-accept", "")];
    let version = framewright::http1::Version::Http11;
    assert_eq!(check.check(101, version, &upgrade[..]).err(), Some(Error::Accept));
}

/// What a server that sends every message back has done.
struct Echo {
    http2: Http2<Server>,
    websocket: Option<ws::Connection<ws::Server>>,
    inbox: Inbox<Vec<u8>>,
    frames: Vec<u8>,
    #[cfg(feature = "deflate")]
    compresses: bool,
}

impl Echo {
    fn receive(&mut self, mut input: &mut [u8]) {
        let Self { http2: Http2 { connection, head, out }, websocket, inbox, frames, .. } = self;
        while let Some(event) = connection.receive(&mut input, head) {
            match event {
                Event::Head { stream, head, .. } => {
                    let origins = Origins::any().or_absent();
                    let offer = Offer::from_connect(&head.request(), head.headers(), origins);
                    let offer = offer.unwrap();
                    let acceptance = offer.accept();
                    #[cfg(feature = "deflate")]
                    let acceptance =
                        acceptance.compression(self.compresses.then(ws::deflate::Config::new));
                    let fields = acceptance.to_fields().unwrap();
                    connection.send_head(stream, acceptance.status(), fields, false, out).unwrap();
                    *websocket = Some(acceptance.connection(Limits::new()));
                }
                Event::Data(data) => {
                    if !connection.is_open(data.stream()) {
                        continue; // both ends have closed
                    }
                    let websocket = websocket.as_mut().expect("the head came before");
                    let mut body = &*data.bytes;
                    while let Some(event) = websocket.receive_message(&mut body, inbox) {
                        if let MessageEvent::Message(_) = event {
                            websocket.send(inbox.message(), frames).unwrap();
                        }
                    }
                    websocket.transmit(frames);
                    let end = websocket.close_expected() == Some(Closer::Us);
                    // A frame of HTTP/2 has up to 16 KiB, and windows are wide enough here.
                    loop {
                        let sent = connection.send(data.stream(), frames, end, out).unwrap();
                        frames.drain(..sent);
                        if frames.is_empty() {
                            break;
                        }
                        assert!(sent > 0);
                    }
                }
                Event::StreamFailed { .. } | Event::Failed(_) => panic!("{event:?}"),
                _ => {}
            }
        }
        connection.transmit(out);
    }
}

/// Messages, fragments, a ping and a close, in reads of any size, compressed and not.
#[test]
fn websocket_on_a_stream() {
    for compresses in [false, cfg!(feature = "deflate")] {
        for read_len in [1, 2, 3, 7, 50, usize::MAX] {
            let (http2, client) = pair();
            let mut echo = Echo {
                http2,
                websocket: None,
                inbox: Inbox::new(Vec::new()),
                frames: Vec::new(),
                #[cfg(feature = "deflate")]
                compresses,
            };
            let heard = talk(&mut echo, client, compresses, read_len);
            let expected = ["text hello", "binary 70000", "text in pieces", "close 1001", "eof"];
            assert_eq!(heard, expected, "in reads of {read_len}, compressed: {compresses}");
            assert_eq!(echo.http2.connection.open_streams(), 0);
        }
    }
}

fn talk(
    echo: &mut Echo,
    mut client: Http2<Client>,
    compresses: bool,
    read_len: usize,
) -> Vec<String> {
    let request = ClientRequest::new("example.com", "/");
    #[cfg(feature = "deflate")]
    let request = request.compression(compresses.then(ws::deflate::Config::new));
    let (head, fields, check) = request.connect("http").unwrap();
    let stream = client.connection.open(head, fields, false, &mut client.out).unwrap();
    let mut websocket = None;
    let (mut inbox, mut heard) = (Inbox::new(Vec::new()), Vec::new());
    for _ in 0..1000 {
        client.connection.transmit(&mut client.out);
        let mut to_server = std::mem::take(&mut client.out);
        let mut to_client = std::mem::take(&mut echo.http2.out);
        if to_server.is_empty() && to_client.is_empty() {
            break;
        }
        for read in to_server.chunks_mut(read_len) {
            echo.receive(read);
        }
        for read in to_client.chunks_mut(read_len) {
            let mut input = read;
            while let Some(event) = client.connection.receive(&mut input, &mut client.head) {
                match event {
                    Event::Head { head, .. } => {
                        let accepted = check.check_connect(head.status(), head.headers()).unwrap();
                        assert_eq!(accepted.extensions().count(), usize::from(compresses));
                        let connection = accepted.connection(Limits::new(), || [1, 2, 3, 4]);
                        let frames = begin(websocket.insert(connection));
                        let sent = client.connection.send(stream, &frames, false, &mut client.out);
                        // All of it: a frame of HTTP/2 has up to 16 KiB.
                        let mut left = &frames[sent.unwrap()..];
                        while !left.is_empty() {
                            let sent = client.connection.send(stream, left, false, &mut client.out);
                            left = &left[sent.unwrap()..];
                        }
                    }
                    Event::Data(data) => {
                        let websocket = websocket.as_mut().expect("the head came before");
                        let mut body = &*data.bytes;
                        while let Some(event) = websocket.receive_message(&mut body, &mut inbox) {
                            heard.push(match event {
                                MessageEvent::Message(_) => match inbox.message() {
                                    Message::Text(text) => format!("text {text}"),
                                    Message::Binary(bytes) => format!("binary {}", bytes.len()),
                                },
                                // A server that has seen the close owes none.
                                MessageEvent::Pong => continue,
                                MessageEvent::Close(code) => format!("close {}", code.0),
                                event => panic!("{event:?}"),
                            });
                        }
                        if data.end() {
                            assert_eq!(websocket.close_expected(), Some(Closer::Peer));
                            heard.push("eof".into());
                            client.connection.send(stream, &[], true, &mut client.out).unwrap();
                        }
                    }
                    Event::StreamFailed { .. } | Event::Failed(_) => panic!("{event:?}"),
                    _ => {}
                }
            }
        }
    }
    heard
}

/// Messages, fragments, a ping and a close.
fn begin(websocket: &mut ws::Connection<ws::Client>) -> Vec<u8> {
    let mut frames = Vec::new();
    websocket.send("hello", &mut frames).unwrap();
    websocket.send(&[7; 70_000][..], &mut frames).unwrap();
    frames.extend_from_slice(b"\x01\x83\0\0\0\0in \x80\x86\0\0\0\0pieces");
    websocket.ping(b"", &mut frames).unwrap();
    websocket.close(CloseCode::GOING_AWAY, "", &mut frames).unwrap();
    frames
}
