//! The opening handshake of WebSocket, in the order of RFC 6455.

#![cfg(feature = "alloc")]

use crate::common::same_however_split;
use framewright::http::{self as fields, Field, FieldValue, Fields};
use framewright::http1::{self, HeadReader, Limits, Version};
use framewright::ws::handshake::{
    Acceptance, Accepted, Client, ClientRequest, Error, Extensions, Offer, Origins, OwnedOffer,
    Refusal, Reply, ReplyCheck, SendError, Server, accept_key,
};
use framewright::{Buffer, BufferFull, SliceBuf, Truncated};
use proptest::prelude::*;

type Params = Vec<(String, Option<String>)>;

/// What a server learns from an offer, and what follows it.
#[derive(Clone, Debug, PartialEq)]
struct Offered {
    resource_name: String,
    host: String,
    origin: Option<String>,
    protocols: Vec<String>,
    extensions: Vec<(String, Params)>,
    headers: usize,
    /// The plain response that accepts it.
    accepted: String,
}

impl Offered {
    fn new<'a, H>(offer: &Offer<'a, H>) -> Self
    where
        H: Clone + IntoIterator<Item: Field<'a>>,
    {
        Self {
            resource_name: offer.resource_name().into(),
            host: offer.host().into(),
            origin: offer.origin().map(Into::into),
            protocols: offer.protocols().map(Into::into).collect(),
            extensions: extensions(offer.extensions()),
            headers: offer.headers().clone().into_iter().count(),
            accepted: acceptance(offer.accept()),
        }
    }
}

fn extensions<'a>(
    list: impl Iterator<Item = framewright::ws::handshake::Extension<'a>>,
) -> Vec<(String, Params)> {
    list.map(|extension| {
        let params = extension.params();
        let params = params.map(|(name, value)| (name.to_owned(), value.map(|v| v.to_string())));
        (extension.name().to_owned(), params.collect())
    })
    .collect()
}

/// Reads `bytes` as a request by every entry point. They must all agree.
fn offer_to(origins: Origins<'_>, bytes: impl AsRef<[u8]>) -> Result<Option<Offered>, Error> {
    let bytes = bytes.as_ref();
    let offered = same_however_split(bytes, |pieces| {
        let mut server = Server::new(origins, Vec::new(), Limits::new());
        let mut offered = None;
        for piece in pieces {
            let mut piece = piece.to_vec();
            let mut input = &mut piece[..];
            let len = input.len();
            let result = server.receive(&mut input).map(|offer| offer.map(|o| Offered::new(&o)));
            match result {
                Ok(None) if offered.is_some() => {
                    assert_eq!(input.len(), len, "frames are left alone")
                }
                Ok(None) => assert!(input.is_empty(), "all is taken"),
                Ok(offer) => offered = offer,
                Err(e) => {
                    let mut good = REQUEST.to_owned().into_bytes();
                    assert_eq!(server.receive(&mut &mut good[..]).unwrap_err(), e, "final");
                    assert_eq!(server.check_eof(), Ok(()), "it was the peer, not the stream");
                    return Err(e);
                }
            }
        }
        Ok(offered)
    });
    let mut copy = bytes.to_vec();
    let mut reader = HeadReader::new(Vec::new(), Limits::new());
    if let Ok(Some(request)) = reader.read_request(&mut &mut copy[..]) {
        let in_two_steps = Offer::from_request(&request, origins);
        assert_eq!(in_two_steps.map(|o| Some(Offered::new(&o))), offered, "in two steps");
        let headers: Vec<_> = request.headers().iter().collect();
        let headers = headers.iter().copied();
        let (method, version, target) = (request.method(), request.version(), request.target());
        let from_parts = Offer::from_parts(method, version, target, headers, origins);
        assert_eq!(from_parts.map(|o| Some(Offered::new(&o))), offered, "from parts");
    }
    offered
}

fn offer(bytes: impl AsRef<[u8]>) -> Result<Option<Offered>, Error> {
    offer_to(Origins::any(), bytes)
}

/// The lines of a valid request, without the last, empty one.
const REQUEST: &str = "GET /chat HTTP/1.1\r\n\
    Host: server.example.com\r\n\
    Upgrade: websocket\r\n\
    Connection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
    Sec-WebSocket-Version: 13\r\n";

const ACCEPTED: &str = "HTTP/1.1 101 Switching Protocols\r\n\
    Upgrade: websocket\r\n\
    Connection: Upgrade\r\n\
    Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n";

/// The valid request with more lines.
fn request_with(lines: &str) -> String {
    format!("{REQUEST}{lines}\r\n")
}

/// The valid request with `line` instead of the line that begins with `name`.
fn request_but(name: &str, line: &str) -> String {
    let lines = REQUEST.split_inclusive("\r\n");
    assert_eq!(lines.clone().filter(|l| l.starts_with(name)).count(), 1, "{name}");
    let lines: String = lines.map(|l| if l.starts_with(name) { line } else { l }).collect();
    lines + "\r\n"
}

/// A field as a line.
fn line(name: &str, value: FieldValue<'_>) -> String {
    format!("{name}: {}\r\n", String::from_utf8(value.to_vec()).unwrap())
}

/// The response as it is written, whose fields are the same by themselves.
fn acceptance<'a, 'h, H, E>(acceptance: Acceptance<'_, 'a, H, E>) -> String
where
    H: Clone + IntoIterator<Item: Field<'a>>,
    E: Clone + IntoIterator<Item: Field<'h>>,
{
    let (mut out, mut lines) = (Vec::new(), String::new());
    acceptance.write(&mut out).unwrap();
    acceptance.to_fields().unwrap().for_each_field(|name, value| lines += &line(name, value));
    let status = acceptance.status();
    let text = String::from_utf8(out).unwrap();
    assert_eq!(text, format!("HTTP/1.1 {status} Switching Protocols\r\n{lines}\r\n"));
    text
}

/// The response as it is written, whose fields are the same by themselves, except its length.
fn refusal<'h, H: Clone + IntoIterator<Item: Field<'h>>>(refusal: Refusal<'_, H>) -> String {
    let (mut out, mut lines) = (Vec::new(), String::new());
    refusal.write(&mut out).unwrap();
    refusal.to_fields().unwrap().for_each_field(|name, value| lines += &line(name, value));
    let (status, content) = (refusal.status(), str::from_utf8(refusal.content()).unwrap());
    let text = String::from_utf8(out).unwrap();
    let len = format!("Content-Length: {}\r\n", content.len());
    let reason = fields::reason_phrase(status);
    let head = format!("HTTP/1.1 {status} {reason}\r\n{lines}\r\n{content}");
    assert_eq!(text.replace(&len, ""), head);
    text
}

const HEADERS: &[(&str, &str)] = &[
    ("Host", "server.example.com"),
    ("Upgrade", "websocket"),
    ("Connection", "Upgrade"),
    ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ("Sec-WebSocket-Version", "13"),
];

/// An offer of nothing but WebSocket.
fn plain_offer() -> Offer<'static, &'static [(&'static str, &'static str)]> {
    Offer::from_parts("GET", Version::Http11, "/chat", HEADERS, Origins::any()).unwrap()
}

/// Runs `write` on a buffer that is not empty, and checks that a failure leaves it unchanged.
fn written<T, E>(write: impl FnOnce(&mut Vec<u8>) -> Result<T, E>) -> Result<(String, T), E> {
    let mut out = b"before ".to_vec();
    let result = write(&mut out);
    let text = String::from_utf8(out).unwrap();
    match result {
        Ok(value) => Ok((text.strip_prefix("before ").unwrap().to_owned(), value)),
        Err(e) => {
            assert_eq!(text, "before ", "nothing was written");
            Err(e)
        }
    }
}

/// §1.2 and §1.3, to the byte.
#[test]
fn the_example_of_the_standard() {
    const EXAMPLE: &str = "GET /chat HTTP/1.1\r\n\
        Host: server.example.com\r\n\
        Upgrade: websocket\r\n\
        Connection: Upgrade\r\n\
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
        Origin: http://example.com\r\n\
        Sec-WebSocket-Protocol: chat, superchat\r\n\
        Sec-WebSocket-Version: 13\r\n\r\n";
    let request = ClientRequest::new("server.example.com", "/chat")
        .origin("http://example.com")
        .protocols(&["chat", "superchat"]);
    let (text, mut client) =
        written(|out| request.write(*b"the sample nonce", Vec::new(), Limits::new(), out)).unwrap();
    assert_eq!(text, EXAMPLE);

    let mut bytes = format!("{EXAMPLE}\u{81}\0").into_bytes();
    let mut input = &mut bytes[..];
    let mut server =
        Server::new(Origins::exact(&["http://example.com"]), Vec::new(), Limits::new());
    let offer = server.receive(&mut input).unwrap().unwrap();
    assert_eq!(input, "\u{81}\0".as_bytes());
    let protocol = offer.choose(&["none", "chat"]);
    let (text, ()) = written(|out| offer.accept().protocol(protocol).write(out)).unwrap();
    assert_eq!(text, format!("{ACCEPTED}Sec-WebSocket-Protocol: chat\r\n\r\n"));
    assert!(server.is_complete());
    assert!(server.receive(&mut input).unwrap().is_none());
    assert_eq!(input, "\u{81}\0".as_bytes(), "frames are left alone");
    assert_eq!(server.check_eof(), Ok(()));

    let mut bytes = (text + "\u{81}").into_bytes();
    let mut input = &mut bytes[..];
    let Some(Reply::Accepted(accepted)) = client.receive(&mut input).unwrap() else {
        panic!("not accepted");
    };
    assert_eq!(accepted.protocol(), Some("chat"));
    assert_eq!(accepted.headers().iter().count(), 4);
    assert!(client.receive(&mut input).unwrap().is_none());
    assert_eq!(input, "\u{81}".as_bytes());
    assert_eq!(client.check_eof(), Ok(()));
}

#[test]
fn a_key_of_any_length_has_an_accept() {
    assert_eq!(&accept_key(b"dGhlIHNhbXBsZSBub25jZQ=="), b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    // Computed with `openssl sha1`.
    assert_eq!(&accept_key(b""), b"Kfh9QIsMVZcl6xEPYxPHzW8SZ8w=");
    assert_eq!(&accept_key(b"x3JJHMbDL1EzLkh9GBhXDw=="), b"HSmrc0sMlYUkAGmm5OPpG2HaGWk=");
    assert_eq!(&accept_key(&[b'a'; 100]), b"+taVhj8zzaJPYE6HHo1ugamK/Ug=");
}

/// §3, §4.2.1 item 1, and RFC 9112 §3.2.2: a server accepts the absolute form, as proxies send it.
#[test]
fn the_target_names_a_resource_in_one_of_two_ways() {
    for (target, name, host) in [
        ("/", "/", "server.example.com"),
        ("/chat?a=/b?c", "/chat?a=/b?c", "server.example.com"),
        ("//other.example/", "//other.example/", "server.example.com"),
        ("http://other.example/a?b", "/a?b", "other.example"),
        ("HTTPS://other.example:8443", "/", "other.example:8443"),
        ("ws://other.example/chat", "/chat", "other.example"),
        ("wss://other.example:443/chat?a", "/chat?a", "other.example:443"),
        ("Ws://[::1]:8080", "/", "[::1]:8080"),
        ("WSS://other.example/", "/", "other.example"),
        ("ws://other.example?a/b", "?a/b", "other.example"),
        ("http://other.example:8080?", "?", "other.example:8080"),
    ] {
        let offered = offer(request_but("GET", &format!("GET {target} HTTP/1.1\r\n")));
        let offered = offered.unwrap().unwrap();
        assert_eq!((&offered.resource_name[..], &offered.host[..]), (name, host), "{target}");
    }
    for target in [
        "*",
        "chat",
        "server.example.com:80",
        "/#fragment",
        "ftp://a/",
        "wsx://a/",
        "ws://",
        "ws:a",
        "wss://me@a/",
        "http://",
        "http:///a",
        "http://me@a/",
        "http:/a",
    ] {
        let offered = offer(request_but("GET", &format!("GET {target} HTTP/1.1\r\n")));
        // The head itself is wrong if the URL has no valid host.
        let no_host = ["ws://", "wss://me@a/", "http://", "http:///a", "http://me@a/"];
        let bad_host = Error::Head(http1::Error::BadHost);
        let error = if no_host.contains(&target) { bad_host } else { Error::Target };
        assert_eq!(offered, Err(error), "{target}");
        let offer =
            Offer::from_parts("GET", Version::Http11, target, [("Host", "a")], Origins::any());
        assert_eq!(offer.unwrap_err(), Error::Target, "{target}");
    }
    for target in ["", "/ ", "/\r\n", "/\u{e9}", "/\0"] {
        let headers = [("Host", &b"a"[..])];
        let offer = Offer::from_parts("GET", Version::Http11, target, headers, Origins::any());
        assert_eq!(offer.unwrap_err(), Error::Target, "{target:?}");
    }
}

#[test]
fn headers_may_come_from_the_map_of_another_http_stack() {
    let request = http::Request::get("/chat")
        .header("Host", "server.example.com")
        .header("Upgrade", "websocket")
        .header("Connection", "Upgrade")
        .header("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
        .header("Sec-WebSocket-Version", "13")
        .header("Sec-WebSocket-Protocol", "a")
        .header("Sec-WebSocket-Protocol", "b, c")
        .body(())
        .unwrap();
    let headers = request.headers();
    let offer =
        Offer::from_parts("GET", Version::Http11, "/chat", headers, Origins::any()).unwrap();
    assert_eq!(offer.protocols().collect::<Vec<_>>(), ["a", "b", "c"]);
    let mut out = Vec::new();
    offer.accept().protocol(offer.choose(&["c"])).write(&mut out).unwrap();
    assert!(out.ends_with(b"Sec-WebSocket-Protocol: c\r\n\r\n"));
}

/// Other parsers may let through what RFC 9112 §3.2 does not.
#[test]
fn headers_that_were_parsed_elsewhere_must_have_one_host_too() {
    for (hosts, error) in [
        (&["a.example", "a.example"][..], http1::Error::RepeatedHost),
        (&["a.example", "b.example"], http1::Error::RepeatedHost),
        (&["a b"], http1::Error::BadHost),
        (&["b\u{FC}cher.example"], http1::Error::BadHost),
        (&["a.example:65536"], http1::Error::BadHost),
    ] {
        let hosts = hosts.iter().map(|host| ("Host", host.as_bytes()));
        let headers = hosts.chain([
            ("Upgrade", &b"websocket"[..]),
            ("Connection", b"Upgrade"),
            ("Sec-WebSocket-Key", b"dGhlIHNhbXBsZSBub25jZQ=="),
            ("Sec-WebSocket-Version", b"13"),
        ]);
        let offer =
            Offer::from_parts("GET", Version::Http11, "/chat", headers, Origins::same_host());
        assert_eq!(offer.map(drop).unwrap_err(), Error::Head(error));
    }
}

/// §4.1: a client's whole request.
#[test]
fn a_client_writes_its_headers_in_the_order_of_the_standard() {
    let request = ClientRequest::new("[::1]:8080", "/a?b")
        .origin("null")
        .protocols(&["a"])
        .extensions(Some("permessage-deflate; client_max_window_bits, x"))
        .headers(&[("Authorization", "Bearer x"), ("cookie", "a=b")]);
    let (text, _) =
        written(|out| request.write([0xff; 16], Vec::new(), Limits::new(), out)).unwrap();
    assert_eq!(
        text,
        "GET /a?b HTTP/1.1\r\n\
        Host: [::1]:8080\r\n\
        Upgrade: websocket\r\n\
        Connection: Upgrade\r\n\
        Sec-WebSocket-Key: /////////////////////w==\r\n\
        Origin: null\r\n\
        Sec-WebSocket-Protocol: a\r\n\
        Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits, x\r\n\
        Sec-WebSocket-Version: 13\r\n\
        Authorization: Bearer x\r\n\
        cookie: a=b\r\n\r\n"
    );
    assert!(offer(text).unwrap().is_some());
}

/// §4.1 and T6: the caller's strings cannot end a line, or replace the handshake's own headers.
#[test]
fn what_a_client_cannot_ask_for_is_named_in_the_error() {
    let base = ClientRequest::new("a", "/");
    let error = |request: ClientRequest<'_>| {
        written(|out| request.write([0; 16], Vec::new(), Limits::new(), out)).unwrap_err()
    };
    for target in ["", "a", "*", "http://a/", "/ ", "/#", "/a#b"] {
        assert_eq!(error(ClientRequest::new("a", target)), http1::SendError::Target.into());
    }
    for host in ["", ":80", "a:b", "a/", "a b", "me@a", "[::1", "a:65536"] {
        assert_eq!(error(ClientRequest::new(host, "/")), http1::SendError::Host.into(), "{host}");
    }
    for origin in ["", " ", "http://a b"] {
        assert_eq!(error(base.origin(origin)), SendError::Origin);
    }
    for protocols in [&[""][..], &["a b"], &["a,b"], &["a", "b", "a"], &["a", ""], &["\"a\""]] {
        assert_eq!(error(base.protocols(protocols)), SendError::Protocol, "{protocols:?}");
    }
    // RFC 9110 §5.6.1.1: a sender must not generate empty elements.
    for list in ["", ",", "a b", "a;", "a;b=", "a;b=\"", "a=b", ",a", "a,", "a, ,b", " ", "\t, a"] {
        assert_eq!(error(base.extensions(Some(list))), SendError::Extensions, "{list}");
    }
    for name in [
        "host",
        "Origin",
        "UPGRADE",
        "connection",
        "content-length",
        "Transfer-Encoding",
        "Sec-WebSocket-Key",
        "sec-websocket-version",
        "sec-websocket-protocol",
        "sec-websocket-extensions",
        "Sec-WebSocket-Accept",
        "sec-websocket-",
    ] {
        let headers = [("a", "b"), (name, "c")];
        let expected = http1::SendError::ReservedHeader(1);
        assert_eq!(error(base.headers(&headers[..])), expected.into(), "{name}");
    }
}

/// T6: every string of either role, with every byte that could end a line or confuse a reader.
#[test]
fn nothing_can_be_injected() {
    let mut bytes =
        request_with("Sec-WebSocket-Protocol: a\r\nSec-WebSocket-Extensions: a\r\n").into_bytes();
    let mut server = Server::new(Origins::any(), Vec::new(), Limits::new());
    let mut input = &mut bytes[..];
    let offer = server.receive(&mut input).unwrap().unwrap();
    for bad in
        ["\r", "\n", "\r\n", "\r\n\r\n", "\r\nA: b", "\0", "\x1b", "\x7f", "\u{e9}", "\u{10a}"]
    {
        for text in [bad.to_owned(), format!("a{bad}"), format!("{bad}a"), format!("a{bad}a")] {
            let text = &text[..];
            let (path, list) = (format!("/{text}"), [text]);
            let (name, value) = ([(text, "b")], [("A", text)]);
            let base = ClientRequest::new("a", "/");
            let (bad_name, bad_value) =
                (http1::SendError::HeaderName(0), http1::SendError::HeaderValue(0));
            for (request, error) in [
                (ClientRequest::new(text, "/"), http1::SendError::Host.into()),
                (ClientRequest::new("a", text), http1::SendError::Target.into()),
                (ClientRequest::new("a", &path), http1::SendError::Target.into()),
                (base.origin(text), SendError::Origin),
                (base.protocols(&list), SendError::Protocol),
                (base.extensions(Some(text)), SendError::Extensions),
                (base.headers(&name[..]), bad_name.into()),
                (base.headers(&value[..]), bad_value.into()),
            ] {
                // No byte beyond ASCII ends a line, and values may have such bytes.
                if error == bad_value.into() && !bad.is_ascii() {
                    continue;
                }
                let result = written(|out| request.write([0; 16], Vec::new(), Limits::new(), out));
                assert_eq!(result.unwrap_err(), error, "{text:?}");
            }
            for (writer, error) in [
                (offer.accept().protocol(Some(text)), SendError::ProtocolNotOffered),
                (offer.accept().extensions(Some(text)), SendError::Extensions),
                (offer.accept().headers(&name[..]), bad_name.into()),
            ] {
                assert_eq!(written(|out| writer.write(out)), Err(error), "{text:?}");
            }
            assert_eq!(
                written(|out| offer.refuse(404).headers(&name).write(out)),
                Err(bad_name.into())
            );
            let expected = if bad.is_ascii() { Err(bad_value.into()) } else { Ok(()) };
            let accepted = written(|out| offer.accept().headers(&value).write(out));
            assert_eq!(accepted.map(drop), expected, "{text:?}");
            let refused = written(|out| offer.refuse(404).headers(&value).write(out));
            assert_eq!(refused.map(drop), expected, "{text:?}");
        }
    }
}

/// A client that offered two subprotocols and two extensions.
fn client() -> Client<'static, Vec<u8>> {
    let nonce = *b"the sample nonce";
    offering().write(nonce, Vec::new(), Limits::new(), &mut Vec::new()).unwrap()
}

/// What the response to the same request must answer.
fn check() -> ReplyCheck<'static> {
    offering().to_fields(*b"the sample nonce").unwrap().1
}

fn offering() -> ClientRequest<'static> {
    ClientRequest::new("a", "/").protocols(&["a", "B"]).extensions(Some("x, y; z=1"))
}

#[derive(Clone, Debug, PartialEq)]
enum Answered {
    Accepted { protocol: Option<String>, extensions: Vec<(String, Params)>, headers: usize },
    Refused { status: u16, headers: usize },
    Interim(u16),
}

impl Answered {
    fn accepted<'a, H: Clone + IntoIterator<Item: Field<'a>>>(accepted: &Accepted<'a, H>) -> Self {
        Self::Accepted {
            protocol: accepted.protocol().map(Into::into),
            extensions: extensions(accepted.extensions()),
            headers: accepted.headers().clone().into_iter().count(),
        }
    }
}

/// The answers, and what follows the last. If another HTTP stack parses them, they are the same.
fn answers(bytes: impl AsRef<[u8]>) -> Result<(Vec<Answered>, Vec<u8>), Error> {
    let mut copy = bytes.as_ref().to_vec();
    let received = received(bytes);
    let mut input = &mut copy[..];
    let mut reader = HeadReader::new(Vec::new(), Limits::new());
    while let Ok(Some(response)) = reader.read_response(&mut input) {
        let headers: Vec<_> = response.headers().iter().collect();
        let headers = headers.iter().copied();
        let checked = check().check(response.status(), response.version(), headers);
        match response.status() {
            101 => {
                let last = received.clone().map(|(answers, _)| answers.last().cloned().unwrap());
                assert_eq!(checked.map(|accepted| Answered::accepted(&accepted)), last);
            }
            _ => assert_eq!(checked.map(drop), Err(Error::Status)),
        }
        if !matches!(response.status(), 100 | 102..=199) {
            break;
        }
    }
    received
}

fn received(bytes: impl AsRef<[u8]>) -> Result<(Vec<Answered>, Vec<u8>), Error> {
    same_however_split(bytes.as_ref(), |pieces| {
        let mut client = client();
        let (mut answers, mut rest) = (Vec::new(), Vec::new());
        for piece in pieces {
            let mut piece = piece.to_vec();
            let mut input = &mut piece[..];
            loop {
                answers.push(match client.receive(&mut input) {
                    Ok(None) => break,
                    Ok(Some(Reply::Accepted(accepted))) => Answered::accepted(&accepted),
                    Ok(Some(Reply::Refused(response))) => Answered::Refused {
                        status: response.status(),
                        headers: response.headers().iter().count(),
                    },
                    Ok(Some(Reply::Interim(response))) => Answered::Interim(response.status()),
                    Err(e) => {
                        let mut good = format!("{ACCEPTED}\r\n").into_bytes();
                        let mut good = &mut good[..];
                        assert_eq!(client.receive(&mut good).unwrap_err(), e, "final");
                        assert_eq!(client.check_eof(), Ok(()), "it was the peer, not the stream");
                        return Err(e);
                    }
                });
            }
            rest.extend_from_slice(input);
        }
        let complete = !matches!(answers.last(), None | Some(Answered::Interim(_)));
        assert_eq!(client.check_eof().is_ok(), complete);
        assert_eq!(client.is_complete(), complete);
        Ok((answers, rest))
    })
}

type Pairs<'a> = &'a [(&'a str, Option<&'a str>)];

fn accepted(protocol: Option<&str>, extensions: &[(&str, Pairs<'_>)], headers: usize) -> Answered {
    let params = |params: Pairs<'_>| {
        params.iter().map(|(name, value)| ((*name).into(), value.map(Into::into))).collect()
    };
    Answered::Accepted {
        protocol: protocol.map(Into::into),
        extensions: extensions.iter().map(|(name, list)| ((*name).into(), params(list))).collect(),
        headers,
    }
}

/// §4.1: what a client accepts.
#[test]
fn a_client_accepts_what_it_offered() {
    for (lines, answer) in [
        ("", accepted(None, &[], 3)),
        ("Sec-WebSocket-Protocol: B \r\n", accepted(Some("B"), &[], 4)),
        ("sec-websocket-extensions: y\r\n", accepted(None, &[("y", &[])], 4)),
        // RFC 9112 §6.3: a 101 has no body, whatever its headers say.
        ("Content-Length: 0\r\n", accepted(None, &[], 4)),
        ("Content-Length: 5\r\n", accepted(None, &[], 4)),
        // An empty list chooses nothing (RFC 9110 §5.6.1.2).
        ("Sec-WebSocket-Protocol: \r\n", accepted(None, &[], 4)),
        ("Sec-WebSocket-Extensions:\r\n", accepted(None, &[], 4)),
        ("Sec-WebSocket-Extensions: , ,\r\n", accepted(None, &[], 4)),
        ("Sec-WebSocket-Extensions: ,y,\r\n", accepted(None, &[("y", &[])], 4)),
        ("Upgrade: \r\n", accepted(None, &[], 4)),
        ("Upgrade: websocket\r\nConnection: , keep-alive\r\n", accepted(None, &[], 5)),
        ("Content-Length: 0\r\nContent-Length: 1\r\n", accepted(None, &[], 5)),
        // Folded lines, blanks before a colon, LF alone (RFC 9112 §2.2, §5.1, §5.2).
        ("Set-Cookie: a=b;\r\n path=/\r\n", accepted(None, &[], 4)),
        ("Sec-WebSocket-Protocol:\r\n\tB\r\n", accepted(Some("B"), &[], 4)),
        ("Sec-WebSocket-Protocol : B\n", accepted(Some("B"), &[], 4)),
        (
            "Sec-WebSocket-Extensions: y; z=\"2\", x, y\r\nA: b\r\n",
            accepted(None, &[("y", &[("z", Some("2"))]), ("x", &[]), ("y", &[])], 5),
        ),
    ] {
        assert_eq!(
            answers(format!("{ACCEPTED}{lines}\r\n\u{81}")),
            Ok((vec![answer], "\u{81}".into()))
        );
    }
    let other_cases = "HTTP/1.1 101\r\nconnection: keep-alive, UPGRADE\r\nUPGRADE: WebSocket\r\n\
        sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
    assert_eq!(answers(other_cases), Ok((vec![accepted(None, &[], 3)], vec![])));
    let empty_elements = "HTTP/1.1 101 \r\nConnection: , Upgrade\r\nUpgrade: ,websocket, WebSocket ,\r\n\
        sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
    assert_eq!(answers(empty_elements), Ok((vec![accepted(None, &[], 3)], vec![])));
}

#[test]
fn a_client_accepts_nothing_else() {
    let but = |from: &str, to: &str| {
        assert!(ACCEPTED.contains(from));
        format!("{}\r\n", ACCEPTED.replace(from, to))
    };
    let with = |lines: &str| format!("{ACCEPTED}{lines}\r\n\r\n");
    for (response, error) in [
        (but("HTTP/1.1", "HTTP/1.0"), Error::HttpVersion),
        (but("Upgrade: websocket\r\n", ""), Error::NotAnUpgrade),
        (but("websocket", "websocket2"), Error::NotAnUpgrade),
        (but("websocket", "h2c"), Error::NotAnUpgrade),
        (but("Connection: Upgrade\r\n", ""), Error::Connection),
        (but("Connection: Upgrade", "Connection: close"), Error::Connection),
        (but("Sec-WebSocket-Accept", "X"), Error::Accept),
        (but("s3pP", "S3pP"), Error::Accept),
        (but("xOo=", "xOo"), Error::Accept),
        (but("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", ""), Error::Accept),
        // The key itself, as an echo would send it.
        (but("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", "dGhlIHNhbXBsZSBub25jZQ=="), Error::Accept),
        (with("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), Error::RepeatedAccept),
        (with("Sec-WebSocket-Protocol: c"), Error::ProtocolNotOffered),
        (with("Sec-WebSocket-Protocol: A"), Error::ProtocolNotOffered),
        (with("Sec-WebSocket-Protocol: a, B"), Error::ProtocolNotOffered),
        (with("Sec-WebSocket-Protocol: \u{e9}"), Error::ProtocolNotOffered),
        (with("Sec-WebSocket-Protocol: a\r\nSec-WebSocket-Protocol: a"), Error::ProtocolNotOffered),
        (with("Sec-WebSocket-Extensions: z"), Error::ExtensionNotOffered),
        (with("Sec-WebSocket-Extensions: x, permessage-deflate"), Error::ExtensionNotOffered),
        (
            with("Sec-WebSocket-Extensions: x\r\nSec-WebSocket-Extensions: y"),
            Error::RepeatedExtensions,
        ),
        (with("Sec-WebSocket-Extensions: x;"), Error::Extensions),
        (but("websocket", "h2c, websocket"), Error::NotAnUpgrade),
        (with("Upgrade: h2c"), Error::NotAnUpgrade),
        (with("A"), Error::Head(http1::Error::Header)),
        (with("A: b\rc"), Error::Head(http1::Error::BareCr)),
        ("GET / HTTP/1.1\r\n\r\n".into(), Error::Head(http1::Error::Version)),
    ] {
        assert_eq!(answers(&response), Err(error), "{response}");
    }
    let nothing_offered = ClientRequest::new("a", "/");
    for (line, error) in [
        ("Sec-WebSocket-Protocol: a", Error::ProtocolNotOffered),
        ("Sec-WebSocket-Extensions: x", Error::ExtensionNotOffered),
    ] {
        let mut client = nothing_offered
            .write(*b"the sample nonce", Vec::new(), Limits::new(), &mut Vec::new())
            .unwrap();
        let mut response = format!("{ACCEPTED}{line}\r\n\r\n").into_bytes();
        assert_eq!(client.receive(&mut &mut response[..]).unwrap_err(), error);
    }
}

#[test]
fn any_other_response_is_handed_over() {
    for status in [200, 204, 301, 401, 404, 426, 500, 999] {
        let response =
            format!("HTTP/1.1 {status} X\r\nLocation: /\r\nContent-Length: 4\r\n\r\nbody");
        let answer = Answered::Refused { status, headers: 2 };
        assert_eq!(answers(response), Ok((vec![answer], b"body".into())));
    }
    let (early, cont) = ("HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n", "HTTP/1.1 100\r\n\r\n");
    let expected = vec![Answered::Interim(103), Answered::Interim(100)];
    assert_eq!(answers(format!("{early}{cont}")), Ok((expected.clone(), vec![])));
    let expected = [expected, vec![accepted(None, &[], 3)]].concat();
    assert_eq!(answers(format!("{early}{cont}{ACCEPTED}\r\n")), Ok((expected, vec![])));
    assert_eq!(answers(""), Ok((vec![], vec![])));
}

/// §4.2.1: requests of other clients that a server accepts.
#[test]
fn a_server_reads_names_and_tokens_in_any_case() {
    let plain = offer(request_with("")).unwrap().unwrap();
    assert_eq!(plain.accepted, format!("{ACCEPTED}\r\n"));
    for request in [
        REQUEST.to_owned().replace("Host", "hOST").replace("Sec-WebSocket-", "sec-websocket-"),
        request_but("Upgrade", "UPGRADE: WebSocket\r\n"),
        request_but("Upgrade", "Upgrade: h2c, websocket ,foo/1\r\n"),
        request_but("Connection", "Connection: keep-alive, upgrade\r\n"),
        request_but("Connection", "Connection:,\t,UPGRADE,\r\n"),
        request_but("Connection", "Connection: , Upgrade\r\n"),
        request_but("Upgrade", "Upgrade: ,websocket, \r\n"),
        request_but("Sec-WebSocket-V", "Sec-WebSocket-Version: \t 13 \t \r\n"),
    ] {
        let request = request.trim_end().to_owned() + "\r\n\r\n";
        assert_eq!(offer(&request), Ok(Some(plain.clone())), "{request}");
    }
    let repeated = "Connection: keep-alive\r\nConnection: Upgrade\r\n";
    let offered = offer(request_but("Connection", repeated)).unwrap().unwrap();
    assert_eq!((offered.accepted, offered.headers), (plain.accepted, 6));
    let repeated = "Upgrade: h2c\r\nupgrade: websocket\r\n";
    assert!(offer(request_but("Upgrade", repeated)).unwrap().is_some());
    let empty = "Connection: \r\nConnection: Upgrade\r\nConnection: ,\r\n";
    assert!(offer(request_but("Connection", empty)).unwrap().is_some());
}

/// RFC 9110 §8.6: a length of 0 says that there is no content. Devices and most proxies send it with an upgrade.
#[test]
fn a_length_of_zero_is_no_body() {
    for length in ["0", "00", "0 "] {
        let offered = offer(request_with(&format!("Content-Length: {length}\r\n")));
        let plain = offer(request_with("")).unwrap().unwrap();
        assert_eq!(offered, Ok(Some(Offered { headers: 6, ..plain })), "{length:?}");
    }
    // Other HTTP stacks may pass on equal lengths.
    for (lengths, result) in [
        (&["0"][..], Ok(())),
        (&["0", "0"], Ok(())),
        (&["0, 0"], Ok(())),
        (&["0,00,", "0"], Ok(())),
        (&["1"], Err(Error::Body)),
        (&["0", "1"], Err(Error::Body)),
        (&["0, 10"], Err(Error::Body)),
        (&["-0"], Err(Error::Body)),
        (&[""], Err(Error::Body)),
        (&[","], Err(Error::Body)),
        (&["0x0"], Err(Error::Body)),
    ] {
        let lengths = lengths.iter().map(|length| ("content-length", length.as_bytes()));
        let headers = HEADERS.iter().copied().map(pair).chain(lengths);
        let offer = Offer::from_parts("GET", Version::Http11, "/chat", headers, Origins::any());
        assert_eq!(offer.map(drop), result);
    }
}

/// RFC 9110 §5.6.1.2: a recipient ignores empty elements of a list, even if there are no others. Some clients
/// always send the fields.
#[test]
fn a_list_without_elements_offers_nothing() {
    let plain = offer(request_with("")).unwrap().unwrap();
    for lines in [
        "Sec-WebSocket-Protocol: \r\n",
        "Sec-WebSocket-Protocol:,, ,\r\n",
        "Sec-WebSocket-Extensions:\r\n",
        "Sec-WebSocket-Extensions: \t, ,\r\n",
        "Sec-WebSocket-Protocol:\r\nSec-WebSocket-Extensions:\r\nSec-WebSocket-Protocol: ,\r\n",
    ] {
        let headers = 5 + lines.matches("\r\n").count();
        let expected = Offered { headers, ..plain.clone() };
        assert_eq!(offer(request_with(lines)), Ok(Some(expected)), "{lines}");
    }
    let both = "Sec-WebSocket-Protocol: \r\nSec-WebSocket-Protocol: ,a,,b\r\n\
        Sec-WebSocket-Extensions:\r\nSec-WebSocket-Extensions: ,x\r\n";
    let offered = offer(request_with(both)).unwrap().unwrap();
    assert_eq!(offered.protocols, ["a", "b"]);
    assert_eq!(offered.extensions, [("x".to_owned(), vec![])]);
}

/// RFC 9110 §7.8: in HTTP/1.0, a server must ignore `Upgrade`. So the answer is that of a request without it, and
/// not the one to another major version (RFC 9110 §15.6.6).
#[test]
fn an_upgrade_in_http_1_0_is_no_upgrade() {
    let request = request_but("GET", "GET /chat HTTP/1.0\r\n");
    for (request, error) in [
        (request.clone(), Error::HttpVersion),
        (request.replace("Upgrade: websocket\r\n", ""), Error::NotAnUpgrade),
        ("GET / HTTP/1.0\r\n\r\n".to_owned(), Error::NotAnUpgrade),
    ] {
        assert_eq!(offer(request), Err(error));
        assert_eq!(error.status(), 426);
        let response = refusal(error.refuse());
        assert!(response.contains("\r\nUpgrade: websocket\r\n"), "{response}");
        assert!(response.contains("\r\nConnection: close, Upgrade\r\n"), "{response}");
    }
}

/// RFC 9112 §3.2.2: `Host` does not count where the target names the host, but it must be there once (§3.2).
#[test]
fn the_host_of_an_absolute_target_is_the_one_that_counts() {
    let request = request_but("GET", "GET ws://other.example/ HTTP/1.1\r\n");
    for host in ["Host: a.example\r\n", "Host: \r\n", "Host: :80\r\n"] {
        let request = request.replace("Host: server.example.com\r\n", host);
        assert_eq!(offer(request).unwrap().unwrap().host, "other.example");
    }
    let without = request.replace("Host: server.example.com\r\n", "");
    assert_eq!(offer(without), Err(Error::Head(http1::Error::MissingHost)));
}

/// §4.2.1, §11.3.1, §11.3.4, §11.3.5, RFC 6454 §7.3 and RFC 9110 §7.8; T5, and T9 of subprotocols: what a server refuses, and
/// with which status.
#[test]
fn a_server_refuses_anything_else() {
    let head = |e| Error::Head(e);
    let key = |key: &str| request_but("Sec-WebSocket-K", &format!("Sec-WebSocket-Key: {key}\r\n"));
    for (request, error, status) in [
        // 1. the method, the version, the target
        (request_but("GET", "POST /chat HTTP/1.1\r\n"), Error::Method, 405),
        (request_but("GET", "get /chat HTTP/1.1\r\n"), Error::Method, 405),
        (request_but("GET", "GET /chat HTTP/1.0\r\n"), Error::HttpVersion, 426),
        (request_but("GET", "GET /chat HTTP/2.0\r\n"), head(http1::Error::Version), 505),
        (request_but("GET", "GET * HTTP/1.1\r\n"), Error::Target, 400),
        // 2. `Host`
        (request_but("Host", ""), head(http1::Error::MissingHost), 400),
        (request_but("Host", "Host: \r\n"), head(http1::Error::BadHost), 400),
        (request_but("Host", "Host: :80\r\n"), head(http1::Error::BadHost), 400),
        (request_with("Host: server.example.com\r\n"), head(http1::Error::RepeatedHost), 400),
        // 3. `Upgrade`
        (request_but("Upgrade", ""), Error::NotAnUpgrade, 426),
        (request_but("Upgrade", "Upgrade: websockets\r\n"), Error::NotAnUpgrade, 426),
        (request_but("Upgrade", "Upgrade: websocket/13\r\n"), Error::NotAnUpgrade, 426),
        (request_but("Upgrade", "Upgrade: not websocket\r\n"), Error::NotAnUpgrade, 426),
        // 4. `Connection`
        (request_but("Connection", ""), Error::Connection, 400),
        (request_but("Connection", "Connection: keep-alive\r\n"), Error::Connection, 400),
        (request_but("Connection", "Connection: upgraded, no-upgrade\r\n"), Error::Connection, 400),
        // a body
        (request_with("content-length: 5\r\n"), Error::Body, 400),
        (request_with("Transfer-Encoding: chunked\r\n"), Error::Body, 400),
        (
            request_with("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"),
            head(http1::Error::AmbiguousLength),
            400,
        ),
        // 5. `Sec-WebSocket-Key`
        (request_but("Sec-WebSocket-K", ""), Error::Key, 400),
        (request_with("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"), Error::RepeatedKey, 400),
        (key(""), Error::Key, 400),
        (key("dGhlIHNhbXBsZSBub25jZQ"), Error::Key, 400),
        (key("dGhlIHNhbXBsZSBub25jZQ= ="), Error::Key, 400),
        // 15 and 17 bytes
        (key("dGhlIHNhbXBsZSBub25j"), Error::Key, 400),
        (key("dGhlIHNhbXBsZSBub25jZWU="), Error::Key, 400),
        // leftover bits; another alphabet; no alphabet
        (key("dGhlIHNhbXBsZSBub25jZR=="), Error::Key, 400),
        (key("_-hlIHNhbXBsZSBub25jZQ=="), Error::Key, 400),
        (key("dGhlIHNhbX\u{e9}sZSBub25jZQ=="), Error::Key, 400),
        // 6. `Sec-WebSocket-Version`
        (request_but("Sec-WebSocket-V", ""), Error::Version, 426),
        (request_but("Sec-WebSocket-V", "Sec-WebSocket-Version: 8\r\n"), Error::Version, 426),
        (request_but("Sec-WebSocket-V", "Sec-WebSocket-Version: 013\r\n"), Error::Version, 426),
        (request_but("Sec-WebSocket-V", "Sec-WebSocket-Version: 13, 8\r\n"), Error::Version, 426),
        (request_with("Sec-WebSocket-Version: 13\r\n"), Error::RepeatedVersion, 400),
        // 7. `Origin`, whatever the policy
        (request_with("Origin: http://a\r\nOrigin: http://a\r\n"), Error::RepeatedOrigin, 400),
        (request_with("Origin: http://a  http://b\r\n"), Error::Origin, 403),
        (request_with("Origin: \u{e9}\r\n"), Error::Origin, 403),
        // 8. `Sec-WebSocket-Protocol`
        (request_with("Sec-WebSocket-Protocol: a b\r\n"), Error::Protocols, 400),
        (request_with("Sec-WebSocket-Protocol: \"a\"\r\n"), Error::Protocols, 400),
        (request_with("Sec-WebSocket-Protocol: a;q=1\r\n"), Error::Protocols, 400),
        (
            request_with("Sec-WebSocket-Protocol: a\r\nSec-WebSocket-Protocol: \u{e9}\r\n"),
            Error::Protocols,
            400,
        ),
        // 9. `Sec-WebSocket-Extensions`
        (request_with("Sec-WebSocket-Extensions: a b\r\n"), Error::Extensions, 400),
        (
            request_with("Sec-WebSocket-Extensions: a\r\nSec-WebSocket-Extensions: b=c\r\n"),
            Error::Extensions,
            400,
        ),
        // RFC 9112
        (REQUEST.replace("\r\n", "\n") + "\n", head(http1::Error::BareLf), 400),
        (request_with("A : b\r\n"), head(http1::Error::Header), 400),
        (request_with(" folded\r\n"), head(http1::Error::Header), 400),
        (
            request_with(&"A: b\r\n".repeat(1024)),
            head(http1::Error::TooManyHeaders { limit: 1024 }),
            431,
        ),
        (request_with("A: \0\r\n"), head(http1::Error::ControlByte), 400),
        ("\u{16}\u{3}\u{1}".to_owned(), head(http1::Error::Tls), 400),
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(), head(http1::Error::Http2), 505),
    ] {
        assert_eq!(offer(&request), Err(error), "{request}");
        assert_eq!(error.status(), status, "{error}");
        let response = refusal(error.refuse());
        assert!(response.starts_with(&format!("HTTP/1.1 {status} ")), "{response}");
        assert!(response.contains("\r\nConnection: close"), "{response}");
        assert!(response.contains("\r\nContent-Length: "), "{response}");
        assert_eq!(response.matches("\r\n\r\n").count(), 1, "{response}");
    }
}

/// Headers are told apart by their names, not their lengths.
#[test]
fn headers_are_compared_by_more_than_their_length() {
    let others = "Hosx: b\r\n\
        Origix: http://b\r\n\
        Upgradx: h2c\r\n\
        Connectiox: close\r\n\
        Content-Lengtx: 1\r\n\
        Transfer-Encodinx: chunked\r\n\
        Sec-WebSocket-Kex: AAAAAAAAAAAAAAAAAAAAAA==\r\n\
        Sec-WebSocket-Accepx: x\r\n\
        Sec-WebSocket-Versiox: 8\r\n\
        Sec-WebSocket-Protocox: a\r\n\
        Sec-WebSocket-Extensionx: x\r\n";
    let plain = offer(request_with("")).unwrap().unwrap();
    let offered = offer(request_with(others)).unwrap().unwrap();
    assert_eq!(offered, Offered { headers: plain.headers + 11, ..plain });
    for (name, line) in [
        ("Upgrade", "Upgradx: websocket\r\n"),
        ("Connection", "Connectiox: Upgrade\r\n"),
        ("Sec-WebSocket-Key", "Sec-WebSocket-Kex: dGhlIHNhbXBsZSBub25jZQ==\r\n"),
        ("Sec-WebSocket-Version", "Sec-WebSocket-Versiox: 13\r\n"),
    ] {
        assert!(offer(request_but(name, line)).is_err(), "{name}");
    }
    let result = answers(format!("{ACCEPTED}{others}\r\n"));
    assert_eq!(result, Ok((vec![accepted(None, &[], 3 + 11)], vec![])));
}

/// T7: a missing header is an error and nothing worse.
#[test]
fn every_header_may_be_missing() {
    let lines: Vec<_> = REQUEST.split_inclusive("\r\n").collect();
    for present in 0..1 << (lines.len() - 1) {
        let mut request = lines[0].to_owned();
        for (i, line) in lines[1..].iter().enumerate() {
            request += if present >> i & 1 == 1 { line } else { "" };
        }
        let offered = offer(request + "\r\n");
        assert_eq!(offered.is_ok(), present == 0b11111, "{present:b}");
    }
}

#[test]
fn the_status_of_an_error_says_what_to_do_about_it() {
    // The answer to `HEAD` has no body (RFC 9110 §9.3.2).
    assert_eq!(
        refusal(Error::Method.refuse()),
        "HTTP/1.1 405 Method Not Allowed\r\nAllow: GET\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    );
    // §4.2.2, §4.4
    assert_eq!(
        refusal(Error::Version.refuse()),
        "HTTP/1.1 426 Upgrade Required\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
        Content-Type: text/plain\r\nContent-Length: 33\r\nConnection: close, Upgrade\r\n\r\n\
        unsupported Sec-WebSocket-Version"
    );
    assert!(size_of::<Error>() <= 16 && size_of::<SendError>() <= 16);
    assert_eq!(Error::Head(http1::Error::BareLf).to_string(), "line ends in LF alone");
}

/// §4.2.2: what a server answers.
#[test]
fn a_server_accepts_what_was_offered() {
    let request = request_with(
        "Sec-WebSocket-Protocol: a, b\r\nSec-WebSocket-Extensions: x; y, z\r\nSec-WebSocket-Protocol: c\r\n",
    );
    let mut bytes = request.into_bytes();
    let mut server = Server::new(Origins::any(), Vec::new(), Limits::new());
    let mut input = &mut bytes[..];
    let offer = server.receive(&mut input).unwrap().unwrap();
    assert!(offer.protocols().eq(["a", "b", "c"]));
    assert_eq!(offer.choose(&["c", "a"]), Some("c"));
    assert_eq!(offer.choose(&["B"]), None);
    assert_eq!(offer.choose(&[]), None);
    let accept = offer
        .accept()
        .protocol(Some("c"))
        .extensions(Some("z; a=\"1\", x"))
        .headers(&[("Set-Cookie", "a=b"), ("set-cookie", "c=d")]);
    let text = format!(
        "{ACCEPTED}Sec-WebSocket-Protocol: c\r\nSec-WebSocket-Extensions: z; a=\"1\", x\r\n\
        Set-Cookie: a=b\r\nset-cookie: c=d\r\n\r\n"
    );
    assert_eq!(written(|out| accept.write(out)), Ok((text.clone(), ())));
    for room in 0..text.len() {
        let mut bytes = vec![0; room];
        let mut out = SliceBuf::new(&mut bytes);
        let full = BufferFull { needed: text.len() };
        assert_eq!(accept.write(&mut out), Err(SendError::from(full)));
        assert!(out.as_slice().is_empty());
    }
    for (writer, error) in [
        (offer.accept().protocol(Some("d")), SendError::ProtocolNotOffered),
        (offer.accept().protocol(Some("")), SendError::ProtocolNotOffered),
        (offer.accept().protocol(Some("a, b")), SendError::ProtocolNotOffered),
        (offer.accept().extensions(Some("y")), SendError::ExtensionNotOffered),
        (offer.accept().extensions(Some("x, y")), SendError::ExtensionNotOffered),
        (offer.accept().extensions(Some("")), SendError::Extensions),
        (offer.accept().extensions(Some("x,")), SendError::Extensions),
        (offer.accept().extensions(Some("x, ,z")), SendError::Extensions),
        (offer.accept().extensions(Some("x;")), SendError::Extensions),
        (
            offer.accept().headers(&[("Upgrade", "x")][..]),
            http1::SendError::ReservedHeader(0).into(),
        ),
        (
            offer.accept().headers(&[("A", "b"), ("sec-websocket-accept", "x")][..]),
            http1::SendError::ReservedHeader(1).into(),
        ),
        (
            offer.accept().headers(&[("connection", "x")][..]),
            http1::SendError::ReservedHeader(0).into(),
        ),
    ] {
        assert_eq!(written(|out| writer.write(out)), Err(error));
    }
}

#[test]
fn a_refusal_redirects_or_fails_and_closes() {
    let offer = plain_offer();
    assert_eq!(
        refusal(offer.refuse(401).headers(&[("WWW-Authenticate", "Basic")]).body(b"who?")),
        "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic\r\nContent-Length: 4\r\n\
        Connection: close\r\n\r\nwho?"
    );
    for status in [0, 100, 101, 200, 204, 299, 600, 999, u16::MAX] {
        let error = SendError::Head(http1::SendError::Status);
        assert_eq!(written(|out| offer.refuse(status).write(out)), Err(error), "{status}");
        assert_eq!(offer.refuse(status).to_fields().err(), Some(error));
    }
    for status in [300, 304, 599] {
        assert!(refusal(offer.refuse(status)).ends_with("Connection: close\r\n\r\n"));
    }
    assert!(!refusal(offer.refuse(304)).contains("Content-Length"));
    let error = SendError::Head(http1::SendError::Body);
    assert_eq!(written(|out| offer.refuse(304).body(b"x").write(out)), Err(error));
    for name in ["Connection", "content-length", "Transfer-Encoding"] {
        let refusal = offer.refuse(404).headers([("a", "b"), (name, "c")].map(pair));
        let error = SendError::Head(http1::SendError::ReservedHeader(1));
        assert_eq!(written(|out| refusal.write(out)), Err(error), "{name}");
    }
}

fn pair<'a>((name, value): (&'a str, &'a str)) -> (&'a str, &'a [u8]) {
    (name, value.as_bytes())
}

/// RFC 9110 §7.8: `Connection` names `Upgrade` wherever that is sent, by whomever it was added.
#[test]
fn connection_names_an_upgrade_that_the_caller_adds() {
    let refused = Error::Target.refuse().headers(&[("upgrade", "foo/2")]).body(b"");
    assert_eq!(
        refusal(refused),
        "HTTP/1.1 400 Bad Request\r\nupgrade: foo/2\r\nContent-Length: 0\r\n\
        Connection: close, Upgrade\r\n\r\n"
    );
    let mut last = Vec::new();
    refused.to_fields().unwrap().for_each_field(|name, value| {
        last = [name.as_bytes(), &value.to_vec()].concat();
    });
    assert_eq!(last, b"Connectionclose, Upgrade");
}

/// The text of an error can be replaced, and what the error needs stays.
#[test]
fn the_refusal_of_an_error_may_have_another_body() {
    let refused = Error::Version.refuse().headers(&[("Content-Type", "text/html")]).body(b"<p>");
    assert_eq!(
        refusal(refused),
        "HTTP/1.1 426 Upgrade Required\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
        Content-Type: text/html\r\nContent-Length: 3\r\nConnection: close, Upgrade\r\n\r\n<p>"
    );
}

/// A map of headers goes in and comes out, at both sides.
#[test]
fn both_sides_work_with_the_maps_of_another_http_stack() {
    fn insert(map: &mut http::HeaderMap, name: &str, value: FieldValue<'_>) {
        let name = http::HeaderName::try_from(name).unwrap();
        map.append(name, http::HeaderValue::try_from(value.to_vec()).unwrap());
    }
    let mut credentials = http::HeaderMap::new();
    credentials.insert("authorization", http::HeaderValue::from_static("Bearer x"));
    let request = ClientRequest::new("server.example.com", "/chat")
        .origin("http://example.com")
        .protocols(&["a", "b"])
        .extensions(Some("x, y; z=1"))
        .headers(&credentials);
    let mut headers = http::HeaderMap::new();
    let nonce = *b"the sample nonce";
    let (fields, check) = request.to_fields(nonce).unwrap();
    fields.for_each_field(|name, value| insert(&mut headers, name, value));
    assert_eq!(headers["host"], "server.example.com");
    assert_eq!(headers["sec-websocket-protocol"], "a, b");
    assert_eq!(headers["authorization"], "Bearer x");

    let offer =
        Offer::from_parts("GET", Version::Http11, "/chat", &headers, Origins::any()).unwrap();
    let mut cookies = http::HeaderMap::new();
    cookies.append("set-cookie", http::HeaderValue::from_static("a=b"));
    cookies.append("set-cookie", http::HeaderValue::from_static("c=d"));
    let acceptance =
        offer.accept().protocol(offer.choose(&["b"])).extensions(Some("y")).headers(&cookies);
    let mut headers = http::HeaderMap::new();
    acceptance.to_fields().unwrap().for_each_field(|name, value| insert(&mut headers, name, value));
    assert_eq!(headers.get_all("set-cookie").iter().count(), 2);

    let accepted = check.check(acceptance.status(), Version::Http11, &headers).unwrap();
    assert_eq!(accepted.protocol(), Some("b"));
    assert_eq!(extensions(accepted.extensions()), [("y".to_owned(), vec![])]);
    assert_eq!(accepted.headers().len(), 7);
    let none = http::HeaderMap::new();
    let errors = [
        (check.check(403, Version::Http11, &headers), Error::Status),
        (check.check(101, Version::Http10, &headers), Error::HttpVersion),
        (check.check(101, Version::Http11, &none), Error::NotAnUpgrade),
    ];
    for (checked, error) in errors {
        assert_eq!(checked.map(drop), Err(error));
    }

    let mut headers = http::HeaderMap::new();
    let refusal = Error::NotAnUpgrade.refuse();
    refusal.to_fields().unwrap().for_each_field(|name, value| insert(&mut headers, name, value));
    assert_eq!(
        (headers.len(), &headers["upgrade"]),
        (4, &http::HeaderValue::from_static("websocket"))
    );
}

/// They may be cookies and credentials.
#[test]
fn debug_shows_no_values_of_headers() {
    let secret = [("Cookie", "session=secret"), ("Authorization", "secret"), ("Origin", "secret")];
    let headers: Vec<_> = HEADERS.iter().copied().chain(secret).collect();
    let offer =
        Offer::from_parts("GET", Version::Http11, "/chat", &headers, Origins::any()).unwrap();
    let shown = format!("{offer:?}");
    assert!(shown.contains("/chat") && shown.contains("\"Cookie\""), "{shown}");
    let headers = &secret[..2];
    let request = ClientRequest::new("a", "/").headers(headers);
    let (_, check) = request.to_fields([0; 16]).unwrap();
    let mut server = Server::new(Origins::any(), Vec::new(), Limits::new());
    let mut bytes = b"GET / HTTP/1.1\r\nCookie: secret".to_vec();
    assert!(server.receive(&mut &mut bytes[..]).unwrap().is_none());
    let mut client = client();
    let mut bytes = b"HTTP/1.1 101\r\nSet-Cookie: secret".to_vec();
    assert!(client.receive(&mut &mut bytes[..]).unwrap().is_none());
    let mut bytes = format!("{ACCEPTED}Set-Cookie: secret\r\n\r\n").into_bytes();
    let reply = format!("{:?}", self::client().receive(&mut &mut bytes[..]).unwrap().unwrap());
    for shown in [
        shown,
        reply,
        format!("{server:?} {client:?}"),
        format!("{:?}", offer.accept().headers(headers)),
        format!("{:?}", offer.refuse(403).headers(headers)),
        format!("{request:?} {check:?}"),
    ] {
        assert!(!shown.contains("secret"), "{shown}");
    }
}

#[test]
fn an_end_of_the_stream_within_a_head_differs_from_one_before_it() {
    let mut server = Server::new(Origins::any(), Vec::new(), Limits::new());
    assert_eq!(server.check_eof(), Ok(()));
    assert!(server.receive(&mut &mut b"GET".to_owned()[..]).unwrap().is_none());
    assert_eq!(server.check_eof(), Err(Truncated));
    assert_eq!(client().check_eof(), Err(Truncated));
}

/// §9.1 and T9: the grammar, close misses, and input that other parsers failed on.
#[test]
fn extensions_are_what_the_grammar_says() {
    type List<'a> = &'a [(&'a str, Pairs<'a>)];
    let cases: &[(&str, Option<List<'_>>)] = &[
        ("foo", Some(&[("foo", &[])])),
        ("foo, bar; baz=2", Some(&[("foo", &[]), ("bar", &[("baz", Some("2"))])])),
        (
            "deflate-stream, mux; max-channels=4; flow-control, deflate-stream",
            Some(&[
                ("deflate-stream", &[]),
                ("mux", &[("max-channels", Some("4")), ("flow-control", None)]),
                ("deflate-stream", &[]),
            ]),
        ),
        (
            "permessage-deflate; client_max_window_bits",
            Some(&[("permessage-deflate", &[("client_max_window_bits", None)])]),
        ),
        // Whitespace is allowed between any two tokens here, and not elsewhere.
        (" \tfoo\t;\tbar = 1 , baz ", Some(&[("foo", &[("bar", Some("1"))]), ("baz", &[])])),
        ("foo;bar=1,baz", Some(&[("foo", &[("bar", Some("1"))]), ("baz", &[])])),
        ("foo bar", None),
        ("foo; bar baz", None),
        ("foo; bar=1 2", None),
        ("foo, bar baz", None),
        ("foo, bar;", None),
        ("foo, ;bar", None),
        ("foo, \"bar\"", None),
        ("foo, bar; baz=\"1", None),
        // List elements may be empty, but nothing else may.
        (",foo,, ,bar,", Some(&[("foo", &[]), ("bar", &[])])),
        ("", Some(&[])),
        (" ", Some(&[])),
        (", ,", Some(&[])),
        ("foo;", None),
        ("foo;;bar", None),
        ("foo; , bar", None),
        (";foo", None),
        ("foo; =1", None),
        ("foo; bar=", None),
        ("foo; bar=, baz", None),
        ("foo; bar==1", None),
        ("foo=1", None),
        // Quoted strings that are tokens once unescaped.
        ("foo; bar=\"1\"", Some(&[("foo", &[("bar", Some("1"))])])),
        ("foo; bar=\"a\\b\\c\" , d", Some(&[("foo", &[("bar", Some("abc"))]), ("d", &[])])),
        ("foo; bar=\"\\\\\"", None),
        ("foo; bar=\"\\\"\"", None),
        ("foo; bar=\"\"", None),
        ("foo; bar=\" 1\"", None),
        ("foo; bar=\"8 \"", None),
        ("foo; bar=\"a,b\"", None),
        ("foo; bar=\"a;b\"", None),
        ("foo; bar=\"1", None),
        ("foo; bar=\"1\\", None),
        ("foo; bar=\"1\\\"", None),
        ("foo; bar=1\"", None),
        ("foo; bar=\"1\"2", None),
        ("foo; bar=\"1\"\"2\"", None),
        ("foo; \"bar\"=1", None),
        ("\"foo\"", None),
        ("permessage-deflate; client_max_window_bits=\"10, permessage-deflate,11\"", None),
        // Names with a special meaning in some languages.
        (
            "constructor; __proto__=toString; hasOwnProperty",
            Some(&[("constructor", &[("__proto__", Some("toString")), ("hasOwnProperty", None)])]),
        ),
        // Duplicates are visible, in their order.
        (
            "a; b=1; b; b=1, a",
            Some(&[("a", &[("b", Some("1")), ("b", None), ("b", Some("1"))]), ("a", &[])]),
        ),
        // Every character of a token, and every delimiter.
        ("!#$%&'*+-.^_`|~09AZaz", Some(&[("!#$%&'*+-.^_`|~09AZaz", &[])])),
        ("a(b", None),
        ("a@b", None),
        ("a/b", None),
        ("a:b", None),
        ("a[b]", None),
        ("a{b}", None),
        ("a<b>", None),
        ("a?b", None),
        ("a\\b", None),
        ("f\u{f6}\u{f6}", None),
    ];
    for (value, expected) in cases {
        let expected = expected.map(|list| {
            let Answered::Accepted { extensions, .. } = accepted(None, list, 0) else {
                unreachable!()
            };
            extensions
        });
        let parsed = Extensions::parse(value.as_bytes());
        assert_eq!(parsed.map(extensions).ok(), expected, "{value:?}");
        // The same as a client and a server would send it.
        let offered = offer(request_with(&format!("Sec-WebSocket-Extensions: {value}\r\n")));
        assert_eq!(offered.map(|o| o.unwrap().extensions).ok(), expected, "{value:?}");
    }
    for byte in
        (0..=255_u8).filter(|b| !b.is_ascii_alphanumeric() && !b"!#$%&'*+-.^_`|~".contains(b))
    {
        for value in [[b'a', byte, b'b'].to_vec(), [b"a;b=\"c", &[byte][..], b"d\""].concat()] {
            let is_separator = value.len() == 3 && matches!(byte, b',' | b';');
            let is_escape = value.len() > 3 && byte == b'\\';
            assert_eq!(Extensions::parse(&value).is_ok(), is_separator || is_escape, "{byte}");
        }
    }
}

#[test]
fn a_value_is_the_token_however_it_was_written() {
    let mut list =
        Extensions::parse(b"a; plain=10; quoted=\"10\"; escaped=\"1\\0\"; none").unwrap();
    let params = list.next().unwrap().params();
    let values: Vec<_> = params.map(|(_, value)| value).collect();
    for value in &values[..3] {
        let value = value.unwrap();
        assert!(value == *"10" && value != *"1" && value != *"100");
        assert_eq!((value.to_string(), format!("{value:?}")), ("10".into(), "\"10\"".into()));
    }
    assert!(values[3].is_none());
}

/// T8: a parser that scans from the start again for each byte would never finish here: it would take
/// 10^13 steps.
#[test]
fn long_lists_take_linear_time() {
    const LEN: usize = 4 << 20;
    for (before, unit, after, valid) in [
        ("", ",", "a", true),
        ("", ", ", "a", true),
        ("", " ", "a", true),
        ("a", " ", "", true),
        ("a", " ", "b", false),
        ("a", ";", "", false),
        ("a", ";b", "", true),
        ("a", "; b=\"c\"", ",d", true),
        ("", "a,", "", true),
        ("", "a;b=\"c\" , ", "d", true),
        ("a;b=\"", "\\c", "\"", true),
        ("a;b=\"", "\\c", "", false),
        ("a;b=\"", "\\", "", false),
        ("a;b=\"", "\\\\", "\"", false),
        ("a;b=\"", " ", "\"", false),
        ("a;b=", "\"", "", false),
        ("", "\"", "", false),
        ("", "\\", "", false),
        ("a;b=", "c", "", true),
        ("", "a", "", true),
        ("", "a ", "", false),
        ("", "a=", "", false),
    ] {
        let value = format!("{before}{}{after}", unit.repeat(LEN / unit.len()));
        let parsed = Extensions::parse(value.as_bytes());
        assert_eq!(parsed.is_ok(), valid, "{before}{unit}{after}");
        if let Ok(list) = parsed {
            assert!(list.map(|extension| 1 + extension.params().count()).sum::<usize>() <= LEN);
        }
    }
    // Through a server, whose limits are raised.
    for (unit, protocols) in [(", ", 0), ("a,", LEN / 2), ("a , ", LEN / 4)] {
        let list = unit.repeat(LEN / unit.len()) + "z";
        let mut bytes = request_with(&format!("Sec-WebSocket-Protocol: {list}\r\n")).into_bytes();
        let limits = Limits::new().max_head_len(2 * LEN);
        let mut server = Server::new(Origins::any(), Vec::new(), limits);
        let mut input = &mut bytes[..];
        let offer = server.receive(&mut input).unwrap().unwrap();
        assert_eq!(offer.protocols().count(), protocols + 1);
        assert_eq!(offer.choose(&["y", "z", "a"]), Some("z"));
    }
    for unit in [",", " ", "\"", "\\", "a ,", "upgrade ", "Upgrade"] {
        let list = unit.repeat(LEN / unit.len());
        let mut bytes =
            request_but("Connection", &format!("Connection: {list},upgrade\r\n")).into_bytes();
        let limits = Limits::new().max_head_len(2 * LEN);
        let mut server = Server::new(Origins::any(), Vec::new(), limits);
        assert!(server.receive(&mut &mut bytes[..]).unwrap().is_some(), "{unit}");
    }
}

/// §10.2: whose pages may connect.
#[test]
fn origins_are_compared_whole() {
    let list = ["https://example.com", "http://localhost:8080", "https://[::1]:8443"];
    let (exact, same_host) = (Origins::exact(&list), Origins::same_host());
    let with_null = Origins::exact(&["null"]);
    let any = Origins::any();
    let host = "Host: example.com\r\n";
    for (origin, by_exact, by_same_host) in [
        ("https://example.com", true, true),
        ("HTTPS://EXAMPLE.com", true, true),
        ("https://example.com:443", true, true),
        ("http://example.com", false, true),
        ("http://example.com:80", false, true),
        ("http://example.com:443", false, false),
        ("https://example.com:80", false, false),
        ("https://example.com:8443", false, false),
        ("http://localhost:8080", true, false),
        ("http://localhost", false, false),
        ("http://localhost:80800", false, false),
        ("https://localhost:8080", false, false),
        ("https://[::1]:8443", true, false),
        ("https://[::2]:8443", false, false),
        // Parts of a name.
        ("https://www.example.com", false, false),
        ("https://evilexample.com", false, false),
        ("https://example.com.evil.com", false, false),
        ("https://example.co", false, false),
        ("https://example.com.", false, false),
        ("https://example", false, false),
        ("https://xample.com", false, false),
        // Not origins.
        ("https://example.com/", false, false),
        ("https://example.com:", false, false),
        ("https://example.com:x", false, false),
        ("https://example.com@evil.com", false, false),
        ("https://evil.com@example.com", false, false),
        ("https://evil.com#example.com", false, false),
        ("https://evil.com?https://example.com", false, false),
        ("https://evil.com,https://example.com", false, false),
        ("https:example.com", false, false),
        ("https:/example.com", false, false),
        ("https:///example.com", false, false),
        ("//example.com", false, false),
        ("://example.com", false, false),
        ("example.com", false, false),
        ("null", false, false),
        ("file://", false, false),
    ] {
        let request = request_but("Host", host);
        let request = request.trim_end().to_owned() + &format!("\r\nOrigin: {origin}\r\n\r\n");
        for (origins, admitted) in [
            (exact, by_exact),
            (exact.or_absent(), by_exact),
            (same_host, by_same_host),
            (with_null, origin == "null"),
            (Origins::exact(&[]), false),
            (any, true),
        ] {
            let result = offer_to(origins, &request).map(|offered| offered.unwrap().origin);
            let expected = if admitted { Ok(Some(origin.to_owned())) } else { Err(Error::Origin) };
            assert_eq!(result, expected, "{origin} {origins:?}");
            let is_admitted = origins.admits("example.com", &[("origin", origin)]);
            assert_eq!(is_admitted, admitted, "{origin} {origins:?}");
            let twice = [("Origin", origin), ("origin", origin)];
            assert!(!origins.admits("example.com", &twice), "{origin} {origins:?}");
        }
        assert!(same_host.or_absent().admits("example.com", &[("Host", "example.com")]));
        assert!(!same_host.admits("example.com", &[("Host", "example.com")]));
    }
}

/// RFC 6454 §7.1 has no empty origin, and no browser sends one.
#[test]
fn clients_without_an_origin_are_admitted_only_if_that_was_asked_for() {
    for (origins, admitted) in [
        (Origins::exact(&["https://example.com"]), false),
        (Origins::exact(&["null"]), false),
        (Origins::same_host(), false),
        (Origins::exact(&[]).or_absent(), true),
        (Origins::same_host().or_absent(), true),
        (Origins::any(), true),
    ] {
        for line in ["", "Origin:\r\n", "Origin: \r\n"] {
            let result =
                offer_to(origins, request_with(line)).map(|offered| offered.unwrap().origin);
            assert_eq!(
                result,
                if admitted { Ok(None) } else { Err(Error::MissingOrigin) },
                "{origins:?}"
            );
        }
    }
}

/// RFC 6454 §7.1: several origins may have led to a request.
#[test]
fn a_list_of_origins_is_admitted_only_where_all_are() {
    let list = "http://example.com https://example.com";
    let request = request_with(&format!("Origin: {list}\r\n"));
    let any = offer_to(Origins::any(), &request).unwrap().unwrap();
    assert_eq!(any.origin.as_deref(), Some(list));
    let exact = ["http://example.com", "https://example.com"];
    for origins in [Origins::exact(&exact), Origins::same_host()] {
        assert_eq!(offer_to(origins, &request), Err(Error::Origin));
    }
}

/// §10.2: an origin is admitted if one of the rules admits it.
#[test]
fn rules_for_origins_can_be_joined() {
    let list = ["http://localhost:5173", "null"];
    let joined = Origins::same_host().or_exact(&list);
    for (origin, admitted) in [
        ("https://server.example.com", true),
        ("http://localhost:5173", true),
        ("null", true),
        ("http://localhost", false),
        ("https://evil.example", false),
    ] {
        let request = request_with(&format!("Origin: {origin}\r\n"));
        assert_eq!(offer_to(joined, &request).is_ok(), admitted, "{origin}");
        assert_eq!(offer_to(joined, request_with("")), Err(Error::MissingOrigin));
        assert!(offer_to(joined.or_absent(), request_with("")).is_ok());
        assert!(offer_to(Origins::any().or_exact(&list), &request).is_ok(), "{origin}");
    }
    // The last list counts.
    let replaced = Origins::exact(&list).or_exact(&["https://example.com"]);
    let request = request_with("Origin: null\r\n");
    assert_eq!(offer_to(replaced, request), Err(Error::Origin));
}

/// §10.2 behind a proxy that replaces `Host`, as nginx and Apache do.
#[test]
fn a_proxy_may_say_which_host_the_browser_asked_for() {
    let direct = Origins::same_host();
    let behind = direct.forwarded_host("X-Forwarded-Host");
    for (lines, by_host, by_forwarded) in [
        // nginx and Apache: what they were configured with, not what the browser asked for.
        ("Host: 127.0.0.1:22000\r\nOrigin: http://127.0.0.1:22101\r\n", false, false),
        (
            "Host: 127.0.0.1:8015\r\nOrigin: https://example.com\r\nX-Forwarded-Host: example.com\r\n",
            false,
            true,
        ),
        (
            "Host: a\r\nOrigin: http://example.com:3001\r\nx-forwarded-host: example.com:3001\r\n",
            false,
            true,
        ),
        ("Host: a\r\nOrigin: http://b:3001\r\nX-Forwarded-Host: b\r\n", false, false),
        // Several proxies; the first is the one that the browser spoke to.
        ("Host: a\r\nOrigin: http://b\r\nX-Forwarded-Host: b, c\r\n", false, true),
        ("Host: a\r\nOrigin: http://c\r\nX-Forwarded-Host: b, c\r\n", false, false),
        (
            "Host: a\r\nOrigin: http://c\r\nX-Forwarded-Host: b\r\nX-Forwarded-Host: c\r\n",
            false,
            false,
        ),
        // Without the field, and with the field instead of `Host`.
        ("Host: a\r\nOrigin: http://a\r\n", true, true),
        ("Host: a\r\nOrigin: http://a\r\nX-Forwarded-Host: b\r\n", true, false),
        // Not a host.
        ("Host: a\r\nOrigin: http://a\r\nX-Forwarded-Host: \r\n", true, false),
        ("Host: a\r\nOrigin: http://\r\nX-Forwarded-Host: \r\n", false, false),
        ("Host: a\r\nOrigin: http://:80\r\nX-Forwarded-Host: :80\r\n", false, false),
        ("Host: a\r\nOrigin: http://a b\r\nX-Forwarded-Host: a b\r\n", false, false),
        ("Host: a\r\nOrigin: http://\u{e9}\r\nX-Forwarded-Host: \u{e9}\r\n", false, false),
    ] {
        let request = request_but("Host", lines);
        assert_eq!(offer_to(direct, &request).is_ok(), by_host, "{lines}");
        assert_eq!(offer_to(behind, &request).is_ok(), by_forwarded, "{lines}");
    }
}

#[test]
fn the_same_host_is_the_one_that_the_request_is_for() {
    for (host, target, origin, same) in [
        ("example.com:8080", "/", "http://example.com:8080", true),
        ("example.com:8080", "/", "https://EXAMPLE.com:8080", true),
        ("example.com:8080", "/", "http://example.com", false),
        ("example.com:443", "/", "https://example.com", true),
        ("example.com:443", "/", "http://example.com", false),
        ("example.com:", "/", "http://example.com", true),
        ("[::1]:80", "/", "http://[::1]", true),
        ("example.com:080", "/", "http://example.com", true),
        // `Host` does not count where the target names one (RFC 9112 §3.2.2).
        ("example.com", "http://other.example/", "http://example.com", false),
        ("example.com", "http://other.example/", "http://other.example", true),
    ] {
        let request = request_but("Host", &format!("Host: {host}\r\n"));
        let request = request.replace("GET /chat", &format!("GET {target}"));
        let request = request.trim_end().to_owned() + &format!("\r\nOrigin: {origin}\r\n\r\n");
        let result = offer_to(Origins::same_host(), &request);
        assert_eq!(result.is_ok(), same, "{host} {target} {origin}");
    }
}

fn token() -> impl Strategy<Value = String> {
    "[!#$%&'*+.^_`|~0-9A-Za-z-]{1,12}"
}

/// Extensions, and one of the ways to write them.
fn extension_list(commas: &'static str) -> impl Strategy<Value = (Vec<(String, Params)>, String)> {
    let written = (token(), 0..3_u8, "[ \t]{0,2}", any::<u64>());
    let param = (token(), prop::option::of(written), "[ \t]{0,2}");
    let extension = (token(), prop::collection::vec(param, 0..4), "[ \t]{0,2}", commas);
    prop::collection::vec(extension, 1..6).prop_map(|list| {
        let (mut values, mut text) = (Vec::new(), String::new());
        for (name, params, space, commas) in list {
            text += &if text.is_empty() { commas } else { format!(",{commas}") };
            text += &format!("{space}{name}");
            let mut named = Vec::new();
            for (name, value, space) in params {
                text += &format!("{space};{space}{name}{space}");
                if let Some((value, way, space, escapes)) = &value {
                    let escaped: String = (value.chars().enumerate())
                        .map(
                            |(i, c)| {
                                if escapes >> i & 1 == 1 { format!("\\{c}") } else { c.into() }
                            },
                        )
                        .collect();
                    text += &match way {
                        0 => format!("={space}{value}"),
                        1 => format!("={space}\"{value}\"{space}"),
                        _ => format!("={space}\"{escaped}\""),
                    };
                }
                named.push((name, value.map(|(value, ..)| value)));
            }
            values.push((name, named));
        }
        (values, text)
    })
}

proptest! {
    #[test]
    fn extensions_that_are_printed_parse_the_same((values, text) in extension_list("[, ]{0,3}")) {
        let parsed = Extensions::parse(text.as_bytes());
        prop_assert_eq!(parsed.map(extensions), Ok(values), "{}", text);
    }

    #[test]
    fn what_is_parsed_prints_to_what_parses_the_same(value in "[ab,;=\"\\\\ \t]{0,24}") {
        if let Ok(list) = Extensions::parse(value.as_bytes()) {
            let list = extensions(list);
            let printed: Vec<_> = list.iter().map(|(name, params)| {
                let params = params.iter().map(|(name, value)| match value {
                    Some(value) => format!("; {name}={value}"),
                    None => format!("; {name}"),
                });
                name.clone() + &params.collect::<String>()
            }).collect();
            let printed = printed.join(", ");
            prop_assert_eq!(Extensions::parse(printed.as_bytes()).map(extensions), Ok(list));
        }
    }

    #[test]
    fn no_bytes_cause_a_panic(value in prop::collection::vec(any::<u8>(), 0..64)) {
        let _ = Extensions::parse(&value).map(extensions);
        let _ = offer([&b"GET / HTTP/1.1\r\n"[..], &value, b"\r\n\r\n"].concat());
        let _ = answers([&b"HTTP/1.1 101\r\n"[..], &value, b"\r\n\r\n"].concat());
        let headers = [("Host", &b"a"[..]), ("Origin", &value), ("Sec-WebSocket-Key", &value)];
        let text = String::from_utf8_lossy(&value);
        let _ = Offer::from_parts(&text, Version::Http11, &text, headers, Origins::same_host());
    }

    #[test]
    fn lines_in_any_order_and_number_are_the_same_however_split(
        lines in prop::collection::vec(prop::sample::select(vec![
            "Host: a", "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Origin: http://a", "A: b", "A : b",
            "Sec-WebSocket-Protocol: a", "Sec-WebSocket-Extensions: a", "Content-Length: 0", "\n",
        ]), 4..10),
    ) {
        let request = format!("GET / HTTP/1.1\r\n{}\r\n\r\n", lines.join("\r\n"));
        let offered = offer(&request);
        let once = |line: &str| lines.iter().filter(|l| l.starts_with(line)).count() == 1;
        let any = |line: &str| lines.iter().any(|l| l.starts_with(line));
        let valid = ["Host", "Sec-WebSocket-V", "Sec-WebSocket-K"].into_iter().all(once)
            && any("Upgrade") && any("Connection") && (once("Origin") || !any("Origin"))
            && (once("Content") || !any("Content")) && !["A :", "\n"].into_iter().any(any);
        prop_assert_eq!(offered.is_ok(), valid, "{}", request);
    }

    #[test]
    fn both_roles_understand_each_other(
        nonce in any::<[u8; 16]>(),
        target in "/[!\"$-~]{0,40}",
        protocols in prop::collection::hash_set(token(), 0..4),
        (offered, list) in extension_list(" {0,3}"),
        headers in prop::collection::vec(("x-[a-z]{1,8}", "[!-~]{0,20}"), 0..8),
        choice in any::<prop::sample::Index>(),
    ) {
        let protocols: Vec<_> = protocols.iter().map(String::as_str).collect();
        let headers: Vec<_> = headers.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        let request = ClientRequest::new("a", &target)
            .protocols(&protocols)
            .extensions(Some(&list))
            .headers(&headers);
        let (text, mut client) =
            written(|out| request.write(nonce, Vec::new(), Limits::new(), out)).unwrap();
        let mut lines = String::new();
        request.to_fields(nonce).unwrap().0.for_each_field(|name, value| lines += &line(name, value));
        prop_assert_eq!(&text, &format!("GET {target} HTTP/1.1\r\n{lines}\r\n"));
        // There is exactly one end of a head, and it is at the end (T6).
        prop_assert_eq!(text.find("\r\n\r\n"), Some(text.len() - 4));

        let mut bytes = text.into_bytes();
        let mut server = Server::new(Origins::exact(&[]).or_absent(), Vec::new(), Limits::new());
        let mut input = &mut bytes[..];
        let offer = server.receive(&mut input).unwrap().unwrap();
        prop_assert_eq!(offer.target(), &target);
        prop_assert!(offer.protocols().eq(protocols.iter().copied()));
        prop_assert_eq!(extensions(offer.extensions()), offered.clone());
        let protocol = (!protocols.is_empty()).then(|| protocols[choice.index(protocols.len())]);
        let extension = &offered[choice.index(offered.len())].0[..];
        let accept = offer.accept().protocol(protocol).extensions(Some(extension)).headers(&headers);
        let text = acceptance(accept);
        prop_assert_eq!(text.find("\r\n\r\n"), Some(text.len() - 4));

        let mut bytes = text.into_bytes();
        let mut input = &mut bytes[..];
        let Some(Reply::Accepted(accepted)) = client.receive(&mut input).unwrap() else {
            panic!("not accepted");
        };
        prop_assert_eq!(accepted.protocol(), protocol);
        prop_assert_eq!(extensions(accepted.extensions()), vec![(extension.to_owned(), vec![])]);
    }
}

/// An offer that is kept, and a client that owns its lists, are what they were.
#[cfg(feature = "alloc")]
#[test]
fn what_owns_its_strings_decides_as_what_borrows_them() {
    const EXTRA: &str = "Origin: https://a\r\nSec-WebSocket-Protocol: a, b\r\n\
        Sec-WebSocket-Protocol: c\r\nSec-WebSocket-Extensions: x, y; z=1\r\nCookie: secret\r\n";
    let mut bytes = format!(
        "GET http://b?q HTTP/1.1\r\nHost: ignored\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n{EXTRA}\r\n"
    )
    .into_bytes();
    let mut server = Server::new(Origins::any(), Vec::new(), Limits::new());
    let offer = server.receive(&mut &mut bytes[..]).unwrap().unwrap();
    let (expected, debug) = (Offered::new(&offer), format!("{offer:?}"));
    let owned = OwnedOffer::from(&offer);
    drop(server);
    bytes.fill(0);
    assert_eq!(Offered::new(&Offer::from(&owned)), expected);
    assert_eq!(format!("{owned:?}"), debug);
    assert_eq!(Offer::from(&owned).target(), "http://b?q");

    let response = |extra: &str| {
        format!(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n{extra}\r\n"
        )
    };
    for (protocols, list) in [(&[][..], None), (&["a", "b"][..], Some("x; y=1, z"))] {
        for extra in [
            "",
            "Sec-WebSocket-Protocol: a\r\n",
            "Sec-WebSocket-Protocol: b\r\nSec-WebSocket-Extensions: z\r\n",
            "Sec-WebSocket-Protocol: a, b\r\n",
            "Sec-WebSocket-Protocol:\r\nSec-WebSocket-Extensions: x\r\n",
            "Sec-WebSocket-Extensions: y\r\n",
        ] {
            let request = ClientRequest::new("a", "/").protocols(protocols).extensions(list);
            let write =
                || request.write(*b"the sample nonce", Vec::new(), Limits::new(), &mut Vec::new());
            let receive = |mut client: Client<'_, Vec<u8>>| {
                let mut bytes = response(extra).into_bytes();
                let reply = client.receive(&mut &mut bytes[..]);
                reply.map(|reply| format!("{reply:?}"))
            };
            let expected = receive(write().unwrap());
            assert_eq!(receive(write().unwrap().into_owned()), expected, "{extra}");
            assert_eq!(receive(write().unwrap().into_owned().into_owned()), expected, "{extra}");
        }
    }
}
