//! Heads of HTTP/1.1 messages, in the order of RFC 9112.

#![cfg(feature = "alloc")]

use std::cell::Cell;

use crate::common::http1::{naive_end, naive_response_end};
use crate::common::same_however_split;
use framewright::http::{Field, Headers, reason_phrase};
use framewright::http1::{
    Body, BodyEncoder, Error, HeadReader, Limits, Request, RequestWriter, Response, ResponseWriter,
    SendError, Version,
};
use framewright::{Buffer, BufferFull, SliceBuf, Truncated};
use proptest::prelude::*;

pub type Lines = Vec<(String, Vec<u8>)>;

fn lines(headers: Headers<'_>) -> Lines {
    headers.iter().map(|(name, value)| (name.to_owned(), value.to_vec())).collect()
}

/// The content of a request, and what follows it.
#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    pub method: String,
    pub target: String,
    pub version: Version,
    pub host: Option<String>,
    pub body: Body,
    pub headers: Lines,
    pub rest: Vec<u8>,
}

impl Asked {
    fn new(request: &Request<'_>) -> Self {
        Self {
            method: request.method().into(),
            target: request.target().into(),
            version: request.version(),
            host: request.host().map(Into::into),
            body: request.body(),
            headers: lines(request.headers()),
            rest: Vec::new(),
        }
    }
}

/// The content of a response, and what follows it.
#[derive(Clone, Debug, PartialEq)]
pub struct Answered {
    pub version: Version,
    pub status: u16,
    pub reason: Vec<u8>,
    pub body: Result<Body, Error>,
    pub headers: Lines,
    pub rest: Vec<u8>,
}

impl Answered {
    fn new(response: &Response<'_>) -> Self {
        Self {
            version: response.version(),
            status: response.status(),
            reason: response.reason().to_vec(),
            body: response.body_for("GET"),
            headers: lines(response.headers()),
            rest: Vec::new(),
        }
    }
}

fn ask_in(pieces: &[&[u8]], limits: Limits) -> Result<Option<Asked>, Error> {
    let mut reader = HeadReader::new(Vec::new(), limits);
    let mut asked: Option<Asked> = None;
    for piece in pieces {
        let mut piece = piece.to_vec();
        let mut input = &mut piece[..];
        if asked.is_none() {
            match reader.read_request(&mut input) {
                Ok(Some(request)) => asked = Some(Asked::new(&request)),
                Ok(None) => assert!(input.is_empty(), "all is taken"),
                Err(e) => {
                    let mut good = *b"GET / HTTP/1.0\r\n\r\n";
                    let again = reader.read_request(&mut &mut good[..]).err();
                    assert_eq!(again, Some(e), "errors are final");
                    assert_eq!(reader.check_eof(), Ok(()), "it was the peer, not the stream");
                    return Err(e);
                }
            }
        }
        if let Some(asked) = &mut asked {
            asked.rest.extend_from_slice(input);
        }
    }
    Ok(asked)
}

pub fn ask(bytes: impl AsRef<[u8]>) -> Result<Option<Asked>, Error> {
    same_however_split(bytes.as_ref(), |pieces| ask_in(pieces, Limits::new()))
}

pub fn answer(bytes: impl AsRef<[u8]>) -> Result<Option<Answered>, Error> {
    same_however_split(bytes.as_ref(), |pieces| {
        let mut reader = HeadReader::new(Vec::new(), Limits::new());
        let mut answered: Option<Answered> = None;
        for piece in pieces {
            let mut piece = piece.to_vec();
            let mut input = &mut piece[..];
            if answered.is_none()
                && let Some(response) = reader.read_response(&mut input)?
            {
                answered = Some(Answered::new(&response));
            }
            if let Some(answered) = &mut answered {
                answered.rest.extend_from_slice(input);
            }
        }
        Ok(answered)
    })
}

#[test]
fn a_head_is_what_comes_before_the_first_empty_line() {
    let head =
        "GET /a?b HTTP/1.1\r\nHost: example.com:80\r\nx-One:  1 \t\r\nX-ONE:2\r\nEmpty:\r\n\r\n";
    let asked = ask(format!("{head}\0\n\r\n not a head")).unwrap().unwrap();
    let (host, one, two, empty) = ("example.com:80", &b"1"[..], &b"2"[..], &b""[..]);
    let headers = [("Host", host.as_bytes()), ("x-One", one), ("X-ONE", two), ("Empty", empty)];
    assert_eq!(
        asked,
        Asked {
            method: "GET".into(),
            target: "/a?b".into(),
            version: Version::Http11,
            host: Some(host.into()),
            body: Body::Len(0),
            headers: headers.map(|(name, value)| (name.into(), value.into())).into(),
            rest: b"\0\n\r\n not a head".into(),
        }
    );
    for len in 0..head.len() {
        assert_eq!(ask(&head[..len]), Ok(None), "{len} bytes");
    }
}

#[test]
fn headers_are_found_in_any_case() {
    let mut bytes = *b"GET / HTTP/1.1\r\nHost: a\r\nset: 1\r\nSET: \xff\r\nseT: 3\r\n\r\n";
    let mut reader = HeadReader::new(Vec::new(), Limits::new());
    let mut input = &mut bytes[..];
    let request = reader.read_request(&mut input).unwrap().unwrap();
    assert_eq!(request.headers().get("Set"), Some(&b"1"[..]));
    assert_eq!(request.headers().get("Sets"), None);
    assert!(request.headers().get_all("sEt").eq([&b"1"[..], b"\xff", b"3"]));
    assert_eq!(
        format!("{:?}", request.headers()),
        r#"{"Host": "a", "set": "1", "SET": "\xff", "seT": "3"}"#
    );
}

#[test]
fn a_head_in_one_piece_is_not_copied() {
    let mut bytes = *b"GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n";
    let mut reader = HeadReader::new(SliceBuf::new(&mut []), Limits::new());
    let mut input = &mut bytes[..];
    assert_eq!(reader.read_request(&mut input).unwrap().unwrap().target(), "/");
    assert_eq!(reader.read_request(&mut input).unwrap().unwrap().target(), "/2");
    assert!(reader.read_request(&mut input).unwrap().is_none());
    assert_eq!(reader.check_eof(), Ok(()));
}

#[test]
fn heads_that_are_split_may_follow_each_other_too() {
    let mut reader = HeadReader::new(Vec::new(), Limits::new());
    let mut targets = Vec::new();
    for piece in
        ["GET /1 HTTP/1.1\r\nHo", "st: a\r\n\r\nGET /2 HTTP/1.1\r", "\nHost: b\r\n\r", "\n"]
    {
        let mut piece = piece.to_owned().into_bytes();
        let mut input = &mut piece[..];
        while let Some(request) = reader.read_request(&mut input).unwrap() {
            targets.push((request.target().to_owned(), request.host().unwrap().to_owned()));
        }
    }
    assert_eq!(targets, [("/1".into(), "a".into()), ("/2".into(), "b".into())]);
    assert_eq!(reader.check_eof(), Ok(()));
    assert!(matches!(reader.read_request(&mut &mut b"G".to_owned()[..]), Ok(None)));
    assert_eq!(reader.check_eof(), Err(Truncated));
}

/// T5: input that two parsers could read in two ways. We do not guess which is meant.
#[test]
fn heads_that_others_might_read_differently_are_refused() {
    let request = |line: &str| format!("GET / HTTP/1.1\r\nHost: a\r\n{line}\r\n\r\nrest");
    for (head, error) in [
        // §2.2
        ("GET / HTTP/1.1\nHost: a\n\n".into(), Error::BareLf),
        ("GET / HTTP/1.1\r\nHost: a\r\n\n".into(), Error::BareLf),
        ("GET / HTTP/1.1\r\nHost: a\r\nA: b\nC: d\r\n\r\n".into(), Error::BareLf),
        ("\nGET / HTTP/1.1\r\nHost: a\r\n\r\n".into(), Error::BareLf),
        ("GET / HTTP/1.1\r\nHost: a\r\n\rA: b\r\n\r\n".into(), Error::BareCr),
        (request("A: b\rC: d"), Error::BareCr),
        (request("A: b\r\r"), Error::BareCr),
        (request("A: \0"), Error::ControlByte),
        (request("A: b\x0bc"), Error::ControlByte),
        (request("A\x01: b"), Error::ControlByte),
        (request("A: \x7f"), Error::ControlByte),
        ("GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n".into(), Error::ControlByte),
        ("\x16\x03\x01\x02".into(), Error::Tls),
        ("\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n".into(), Error::RequestLine),
        // §2.3
        ("GET / HTTP/1.\r\nHost: a\r\n\r\n".into(), Error::Version),
        ("GET / HTTP/1.10\r\nHost: a\r\n\r\n".into(), Error::RequestLine),
        ("GET / HTTP/0.9\r\nHost: a\r\n\r\n".into(), Error::Version),
        ("GET / http/1.1\r\nHost: a\r\n\r\n".into(), Error::Version),
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".into(), Error::Http2),
        // §3
        ("GET /\r\nHost: a\r\n\r\n".into(), Error::RequestLine),
        ("GET  / HTTP/1.1\r\nHost: a\r\n\r\n".into(), Error::RequestLine),
        ("GET /  HTTP/1.1\r\nHost: a\r\n\r\n".into(), Error::Version),
        ("GET / HTTP/1.1 \r\nHost: a\r\n\r\n".into(), Error::RequestLine),
        (" GET / HTTP/1.1\r\nHost: a\r\n\r\n".into(), Error::RequestLine),
        ("GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n".into(), Error::RequestLine),
        ("GET /\t HTTP/1.1\r\nHost: a\r\n\r\n".into(), Error::RequestLine),
        ("G@T / HTTP/1.1\r\nHost: a\r\n\r\n".into(), Error::RequestLine),
        ("GET /\u{e9} HTTP/1.1\r\nHost: a\r\n\r\n".into(), Error::RequestLine),
        // §3.2
        ("GET / HTTP/1.1\r\n\r\n".into(), Error::MissingHost),
        ("GET / HTTP/1.1\r\nA: b\r\n\r\n".into(), Error::MissingHost),
        (request("Host: a"), Error::RepeatedHost),
        (request("hOST: b"), Error::RepeatedHost),
        ("GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n".into(), Error::RepeatedHost),
        ("GET / HTTP/1.1\r\nHost: a b\r\n\r\n".into(), Error::BadHost),
        ("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n".into(), Error::BadHost),
        ("GET / HTTP/1.1\r\nHost: me@a\r\n\r\n".into(), Error::BadHost),
        ("GET / HTTP/1.1\r\nHost: a:b\r\n\r\n".into(), Error::BadHost),
        ("GET / HTTP/1.1\r\nHost: \u{e9}\r\n\r\n".into(), Error::BadHost),
        // §5.1, §5.2
        (request("A : b"), Error::Header),
        (request("A\t: b"), Error::Header),
        (request(" A: b"), Error::Header),
        (request("A: b\r\n c"), Error::Header),
        (request("A: b\r\n\tc"), Error::Header),
        ("GET / HTTP/1.1\r\n Host: a\r\n\r\n".into(), Error::Header),
        (request(": b"), Error::Header),
        (request("A"), Error::Header),
        (request("A(b): c"), Error::Header),
        (request("\u{e9}: b"), Error::Header),
        // §6.1
        (request("Transfer-Encoding: gzip, chunked"), Error::TransferEncoding),
        (request("Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked"), Error::TransferEncoding),
        (request("Transfer-Encoding: chunked, chunked"), Error::AmbiguousLength),
        (
            request("Transfer-Encoding: chunked\r\ntransfer-encoding: chunked"),
            Error::AmbiguousLength,
        ),
        // §6.3: 400, if `chunked` is not the last
        (request("Transfer-Encoding: gzip"), Error::AmbiguousLength),
        (request("Transfer-Encoding: chunked, gzip"), Error::AmbiguousLength),
        (request("Transfer-Encoding: xchunked"), Error::AmbiguousLength),
        (request("Transfer-Encoding: \"chunked\""), Error::AmbiguousLength),
        (request("Transfer-Encoding: chunked;a=b"), Error::AmbiguousLength),
        (request("Transfer-Encoding:"), Error::AmbiguousLength),
        (request("Transfer-Encoding: ,"), Error::AmbiguousLength),
        (request("Transfer-Encoding: chunked\r\nContent-Length: 5"), Error::AmbiguousLength),
        (request("Content-Length: 0\r\nTransfer-Encoding: chunked"), Error::AmbiguousLength),
        ("GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n".into(), Error::AmbiguousLength),
        // §6.3
        (request("Content-Length: 5\r\nContent-Length: 5"), Error::ContentLength),
        (request("Content-Length: 5\r\ncontent-length: 6"), Error::ContentLength),
        (request("Content-Length: 5, 5"), Error::ContentLength),
        (request("Content-Length: 5,"), Error::ContentLength),
        (request("Content-Length: ,5"), Error::ContentLength),
        (request("Content-Length: +5"), Error::ContentLength),
        (request("Content-Length: -5"), Error::ContentLength),
        (request("Content-Length: 0x5"), Error::ContentLength),
        (request("Content-Length: 5 5"), Error::ContentLength),
        (request("Content-Length:"), Error::ContentLength),
        (request("Content-Length: 18446744073709551616"), Error::ContentLength),
    ] {
        assert_eq!(ask(&head), Err(error), "{head:?}");
    }
}

/// The search for the end of a head takes many bytes at a time. Their position makes no difference.
#[test]
fn errors_are_found_anywhere_in_heads_of_any_length() {
    for len in 0..200 {
        let padding = format!("P: {}", "p".repeat(len));
        for (lines, error) in [
            (format!("{padding}\r\nA: b"), None),
            (format!("{padding}\nA: b"), Some(Error::BareLf)),
            (format!("A: b\n{padding}"), Some(Error::BareLf)),
            (format!("A: b\n{padding}\r\nA: b"), Some(Error::BareLf)),
            (format!("A: b\r{padding}"), Some(Error::BareCr)),
            (format!("{padding}\n\r\nA: b"), Some(Error::BareLf)),
            (format!("{padding}\n\rA: b"), Some(Error::BareLf)),
            (format!("{padding}\r\n\rA: b"), Some(Error::BareCr)),
            (format!("{padding}\n"), Some(Error::BareLf)),
            (format!("{padding}\0"), Some(Error::ControlByte)),
            (format!("A : b\r\n{padding}\0"), Some(Error::ControlByte)),
        ] {
            let head = format!("GET / HTTP/1.1\r\nHost: a\r\n{lines}\r\n\r\n");
            let bytes = (head.clone() + "\n\r\n\0").into_bytes();
            for step in [bytes.len(), 1, 7] {
                let pieces: Vec<_> = bytes.chunks(step).collect();
                let asked = ask_in(&pieces, Limits::new());
                match error {
                    Some(e) => assert_eq!(asked, Err(e), "{head:?}"),
                    None => assert_eq!(asked.unwrap().unwrap().rest, b"\n\r\n\0", "{head:?}"),
                }
            }
        }
    }
}

/// Wherever its first line ends, and whatever follows it.
#[test]
fn a_head_without_headers_ends_where_its_empty_line_is() {
    let head = "HTTP/1.1 200 OK\r\nA: b\r\n\r\n";
    for len in 0..200 {
        for rest in [head.as_bytes(), &[b'\n'; 3000], b"GET /2 HTTP/1.1\r\nHost: a\r\n\r\n", b""] {
            let request = format!("GET /{} HTTP/1.0\r\n\r\n", "p".repeat(len));
            let bytes = [request.as_bytes(), rest].concat();
            let asked = ask_in(&[&bytes], Limits::new()).unwrap().unwrap();
            assert_eq!((asked.target.len(), asked.rest.as_slice()), (len + 1, rest));

            let mut response = format!("HTTP/1.1 200 {}\r\n\r\n", "p".repeat(len)).into_bytes();
            response.extend_from_slice(rest);
            let mut reader = HeadReader::new(Vec::new(), Limits::new());
            let mut input = &mut response[..];
            let response = reader.read_response(&mut input).unwrap().unwrap();
            assert_eq!(response.reason().len(), len);
            assert_eq!(input, rest);
        }
        for broken in ["\nA: b\r\n\r\n", "\n\r\nA: b\r\n\r\n", "\r\nA: b\n\r\n\r\n"] {
            let request = format!("GET /{} HTTP/1.0{broken}", "p".repeat(len));
            let asked = ask_in(&[request.as_bytes()], Limits::new());
            assert_eq!(asked, Err(Error::BareLf), "{request:?}");
        }
    }
}

/// Heads of all lengths, one after the other in the same input.
#[test]
fn long_heads_may_follow_each_other() {
    for len in 0..200 {
        let head =
            |n: u8| format!("GET /{n} HTTP/1.1\r\nHost: a\r\nP: {}\r\n\r\n", "p".repeat(len));
        let mut bytes = [head(1), head(2), head(3)].concat().into_bytes();
        let mut reader = HeadReader::new(Vec::new(), Limits::new());
        let mut input = &mut bytes[..];
        for target in ["/1", "/2", "/3"] {
            let request = reader.read_request(&mut input).unwrap().unwrap();
            assert_eq!((request.target(), request.headers().iter().count()), (target, 2));
        }
        assert!(input.is_empty());
    }
}

#[test]
fn an_error_does_not_wait_for_the_end_of_the_head() {
    for (bytes, error) in [
        (&b"GET / HTTP/1.1\n"[..], Error::BareLf),
        (b"\n", Error::BareLf),
        (b"GET / HTTP/1.1\r\nA: b\rc", Error::BareCr),
        (b"GET \0", Error::ControlByte),
        (b"GET / HTTP/1.1\r\nA: \x7f", Error::ControlByte),
        (b"\x17", Error::ControlByte),
        // Only the second byte shows whether the first is of TLS.
        (b"\x16\x03", Error::Tls),
        (b"\x16G", Error::ControlByte),
        (b"\r\n\r\n", Error::RequestLine),
    ] {
        assert_eq!(ask(bytes), Err(error), "{}", bytes.escape_ascii());
        assert_eq!(ask(&bytes[..bytes.len() - 1]), Ok(None), "{}", bytes.escape_ascii());
    }
}

#[test]
fn one_empty_line_may_precede_a_request() {
    let asked = ask("\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n").unwrap().unwrap();
    assert_eq!((asked.method.as_str(), asked.headers.len()), ("GET", 1));
    assert_eq!(answer("\r\nHTTP/1.1 200 OK\r\n\r\n"), Err(Error::StatusLine));
}

/// §2.2: old clients send an empty line after the body of a `POST`. It begins no request that could be
/// cut off (§8).
#[test]
fn a_stream_may_end_after_an_empty_line_without_a_request() {
    for (bytes, end) in [
        ("\r", Ok(())),
        ("\r\n", Ok(())),
        ("\r\nG", Err(Truncated)),
        ("G", Err(Truncated)),
        ("GET / HTTP/1.1\r\n", Err(Truncated)),
        ("GET / HTTP/1.1\r\nHost: a\r\n\r\n\r\n", Ok(())),
    ] {
        let mut reader = HeadReader::new(Vec::new(), Limits::new());
        let mut bytes = bytes.to_owned().into_bytes();
        let mut input = &mut bytes[..];
        while reader.read_request(&mut input).unwrap().is_some() {}
        assert_eq!(reader.check_eof(), end, "{}", bytes.escape_ascii());
    }
}

#[test]
fn a_request_of_http_1_0_needs_no_host() {
    let asked = ask("GET * HTTP/1.0\r\n\r\n").unwrap().unwrap();
    assert_eq!((asked.version, asked.host, asked.target.as_str()), (Version::Http10, None, "*"));
}

#[test]
fn bodies_are_announced_in_three_ways() {
    let request = |line| ask(format!("POST / HTTP/1.1\r\nHost: a\r\n{line}\r\n")).unwrap().unwrap();
    assert_eq!(request("").body, Body::Len(0));
    assert_eq!(request("Content-Length: 018446744073709551615\r\n").body, Body::Len(u64::MAX));
    assert_eq!(request("Transfer-Encoding: Chunked\r\n").body, Body::Chunked);
    let response = |head| answer(format!("HTTP/1.1 {head}\r\n\r\n")).unwrap().unwrap();
    assert_eq!(response("200 OK").body, Ok(Body::UntilClose));
    assert_eq!(response("200 OK\r\nContent-Length: 3").body, Ok(Body::Len(3)));
    assert_eq!(response("200 OK\r\ntransfer-encoding: chunked").body, Ok(Body::Chunked));
    assert_eq!(response("101 Switching Protocols").body, Ok(Body::Len(0)));
    assert_eq!(response("204 No Content").body, Ok(Body::Len(0)));
    assert_eq!(response("304 Not Modified\r\nContent-Length: 3").body, Ok(Body::Len(0)));
}

#[test]
fn whether_a_response_has_a_body_depends_on_the_request_too() {
    let (len, chunked) = ("Content-Length: 3", "Transfer-Encoding: chunked");
    for (method, head, body) in [
        ("GET", format!("200 OK\r\n{len}"), Body::Len(3)),
        ("GET", format!("200 OK\r\n{chunked}"), Body::Chunked),
        ("GET", "200 OK".into(), Body::UntilClose),
        ("HEAD", format!("200 OK\r\n{len}"), Body::Len(0)),
        ("HEAD", format!("404 Not Found\r\n{chunked}"), Body::Len(0)),
        ("HEAD", "200 OK".into(), Body::Len(0)),
        // Methods are case-sensitive.
        ("head", format!("200 OK\r\n{len}"), Body::Len(3)),
        ("CONNECT", "200 OK".into(), Body::Len(0)),
        ("CONNECT", format!("299 OK\r\n{len}"), Body::Len(0)),
        ("CONNECT", format!("300 No\r\n{len}"), Body::Len(3)),
        ("CONNECT", format!("407 No\r\n{chunked}"), Body::Chunked),
        ("POST", format!("304 Not Modified\r\n{len}"), Body::Len(0)),
        ("POST", format!("204 No Content\r\n{chunked}"), Body::Len(0)),
        ("POST", "100 Continue".into(), Body::Len(0)),
    ] {
        let mut reader = HeadReader::new(Vec::new(), Limits::new());
        let mut bytes = format!("HTTP/1.1 {head}\r\n\r\n").into_bytes();
        let response = reader.read_response(&mut &mut bytes[..]).unwrap().unwrap();
        assert_eq!(response.body_for(method), Ok(body), "{method} {head:?}");
    }
}

/// A client has no reason to be stricter than browsers and curl. There are servers that name `chunked`
/// twice and apply it once, and servers of event streams that name `identity` (§6.1). Empty elements of a
/// list mean nothing (RFC 9110 §5.6.1.2), wherever they are.
#[test]
fn the_length_of_a_response_is_what_its_headers_mean() {
    let (chunked, identity) = ("Transfer-Encoding: chunked", "Transfer-Encoding: identity");
    for (lines, body) in [
        ("Transfer-Encoding: chunked, chunked".into(), Ok(Body::Chunked)),
        (format!("{chunked}\r\n{chunked}\r\n{chunked}"), Ok(Body::Chunked)),
        (format!("{chunked}\r\nTransfer-Encoding:\r\n{chunked}"), Ok(Body::Chunked)),
        ("Transfer-Encoding: Identity".into(), Ok(Body::UntilClose)),
        (format!("{identity}\r\nContent-Length: 3"), Ok(Body::Len(3))),
        (format!("{identity}\r\n{chunked}"), Ok(Body::Chunked)),
        (format!("{chunked}\r\n{identity}"), Ok(Body::Chunked)),
        ("Transfer-Encoding: chunked, identity, chunked".into(), Ok(Body::Chunked)),
        ("Transfer-Encoding:".into(), Ok(Body::UntilClose)),
        ("Transfer-Encoding: gzip, chunked".into(), Err(Error::TransferEncoding)),
        ("Transfer-Encoding: gzip".into(), Err(Error::TransferEncoding)),
        ("Transfer-Encoding: chunked, gzip".into(), Err(Error::AmbiguousLength)),
        ("Transfer-Encoding: chunked, gzip, chunked".into(), Err(Error::AmbiguousLength)),
        ("Content-Length: , 3,".into(), Ok(Body::Len(3))),
        ("Content-Length:\r\nContent-Length: 3".into(), Ok(Body::Len(3))),
        ("Content-Length: 3\r\nContent-Length:".into(), Ok(Body::Len(3))),
        ("Content-Length: 3, 03\r\nContent-Length: 3".into(), Ok(Body::Len(3))),
        ("Content-Length: 3, 4".into(), Err(Error::ContentLength)),
        ("Content-Length: 3, x".into(), Err(Error::ContentLength)),
        ("Content-Length:".into(), Err(Error::ContentLength)),
        ("Content-Length: ,".into(), Err(Error::ContentLength)),
        ("Content-Length: +3".into(), Err(Error::ContentLength)),
    ] {
        let answered = answer(format!("HTTP/1.1 200 OK\r\n{lines}\r\n\r\n")).unwrap().unwrap();
        assert_eq!(answered.body, body, "{lines:?}");
    }
}

/// A server that read them like a client would disagree with others about where the request ends (§6.1,
/// §6.3).
#[test]
fn what_is_made_up_for_in_a_response_is_refused_in_a_request() {
    for (lines, error) in [
        ("Transfer-Encoding: identity", Error::AmbiguousLength),
        ("Transfer-Encoding: chunked, identity", Error::AmbiguousLength),
        ("Transfer-Encoding: identity, chunked", Error::TransferEncoding),
        ("Content-Length:\r\nContent-Length: 3", Error::ContentLength),
        ("Content-Length: 3\r\nContent-Length:", Error::ContentLength),
    ] {
        let asked = ask(format!("POST / HTTP/1.1\r\nHost: a\r\n{lines}\r\n\r\n"));
        assert_eq!(asked, Err(error), "{lines:?}");
    }
}

/// §9.3.
#[test]
fn a_connection_persists_unless_a_side_says_otherwise() {
    for (version, line, persistent) in [
        ("HTTP/1.1", "A: b", true),
        ("HTTP/1.1", "Connection: keep-alive", true),
        ("HTTP/1.1", "Connection: closed", true),
        ("HTTP/1.1", "Connection: close", false),
        ("HTTP/1.1", "Connection: keep-alive, ,CLOSE", false),
        ("HTTP/1.1", "Connection: a\r\nconnection: b,Close", false),
        ("HTTP/1.0", "A: b", false),
        ("HTTP/1.0", "Connection: keep-alive", false),
    ] {
        let mut reader = HeadReader::new(Vec::new(), Limits::new());
        let mut bytes = format!("GET / {version}\r\nHost: a\r\n{line}\r\n\r\n").into_bytes();
        let request = reader.read_request(&mut &mut bytes[..]).unwrap().unwrap();
        assert_eq!(request.is_persistent(), persistent, "{version} {line:?}");
        let mut bytes = format!("{version} 200 OK\r\n{line}\r\n\r\n").into_bytes();
        let response = reader.read_response(&mut &mut bytes[..]).unwrap().unwrap();
        assert_eq!(response.is_persistent(), persistent, "{version} {line:?}");
    }
}

/// Only requests must have exactly one (§3.2).
#[test]
fn a_response_may_repeat_a_host_that_means_nothing_in_it() {
    let answered = answer("HTTP/1.1 200 OK\r\nHost: a\r\nHost: ?\r\n\r\n").unwrap().unwrap();
    assert_eq!(answered.headers.len(), 2);
}

/// §4.
#[test]
fn a_response_has_a_status_and_perhaps_a_reason() {
    for (line, status, reason) in [
        ("HTTP/1.1 200 OK", 200, &b"OK"[..]),
        ("HTTP/1.0 404 Not  Found ", 404, b"Not  Found "),
        ("HTTP/1.1 101 \u{e9}", 101, b"\xc3\xa9"),
        ("HTTP/1.1 999 ", 999, b""),
        ("HTTP/1.1 200", 200, b""),
        ("HTTP/1.1  200 OK", 200, b"OK"),
        ("HTTP/1.1\t200\tOK", 200, b"OK"),
        ("HTTP/1.7 200  OK", 200, b" OK"),
        ("HTTP/1.1 000 ", 0, b""),
    ] {
        let answered = answer(format!("{line}\r\nA: b\r\n\r\nrest")).unwrap().unwrap();
        assert_eq!((answered.status, &answered.reason[..]), (status, reason));
        assert_eq!(answered.headers, [("A".into(), b"b".into())]);
        assert_eq!(answered.rest, b"rest");
    }
    for (line, error) in [
        ("HTTP/1.1", Error::StatusLine),
        ("HTTP/1.1 ", Error::StatusLine),
        ("HTTP/1.1200 OK", Error::StatusLine),
        ("HTTP/1.1 20 OK", Error::StatusLine),
        ("HTTP/1.1 2000 OK", Error::StatusLine),
        ("HTTP/1.1 +20 OK", Error::StatusLine),
        ("HTTP/2 200 OK", Error::Version),
        ("ICY 200 OK", Error::Version),
        ("GET / HTTP/1.1", Error::Version),
        ("HTTP/1.1 200 O\x08K", Error::ControlByte),
        ("HTTP/1.1 200 OK\r\n: b", Error::Header),
        ("HTTP/1.1 200 OK\r\nA", Error::Header),
        ("HTTP/1.1 200 OK\r\nA b: c", Error::Header),
        ("HTTP/1.1 200 OK\rA: b", Error::BareCr),
        ("HTTP/1.1 200 OK\r\nA: b\rc", Error::BareCr),
    ] {
        assert_eq!(answer(format!("{line}\r\n\r\n")), Err(error), "{line:?}");
    }
}

/// What most often comes to the wrong port is named. The first two bytes of TLS are enough (RFC 8446 §5.1,
/// a ClientHello and an alert), and HTTP/2 begins with a request of its own (RFC 9113 §3.4).
#[test]
fn tls_and_http2_are_named_where_http1_was_expected() {
    for record in [
        &b"\x16\x03"[..],
        b"\x16\x03\x01\x02\0\x01\0\x01\xFC\x03\x03",
        b"\x15\x03\x03\0\x02\x02\x46",
    ] {
        assert_eq!(ask(record), Err(Error::Tls));
        assert_eq!(answer(record), Err(Error::Tls));
    }
    for (other, error) in [
        (&b"\x16"[..], None),
        (b"\x16\x04", Some(Error::ControlByte)),
        (b"\x16GET / HTTP/1.1\r\n", Some(Error::ControlByte)),
        (b"\x17\x03", Some(Error::ControlByte)),
        (b"\r\n\x16\x03", Some(Error::ControlByte)),
        (b"G\x16\x03", Some(Error::ControlByte)),
    ] {
        assert_eq!(ask(other).err(), error, "{}", other.escape_ascii());
    }
    let mut reader = HeadReader::new(Vec::new(), Limits::new());
    assert!(matches!(reader.read_request(&mut &mut [22][..]), Ok(None)));
    assert_eq!(reader.check_eof(), Err(Truncated));

    assert_eq!(ask("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), Err(Error::Http2));
    assert_eq!(ask("GET / HTTP/2.0\r\n\r\n"), Err(Error::Version));
    assert_eq!(ask("PRI * HTTP/2.0 \r\n\r\n"), Err(Error::Version));
}

#[test]
fn a_head_of_exactly_the_limit_passes_and_one_byte_more_does_not() {
    let head = "GET / HTTP/1.1\r\nHost: a\r\nA: b\r\n\r\n";
    let within = |max: usize, bytes: &str| {
        same_however_split(bytes.as_bytes(), |pieces| {
            ask_in(pieces, Limits::new().max_head_len(max)).map(|asked| asked.is_some())
        })
    };
    assert_eq!(within(head.len(), &format!("{head}rest")), Ok(true));
    assert_eq!(within(head.len() - 1, head), Err(Error::HeadTooLong { limit: head.len() - 1 }));
    assert_eq!(within(0, "G"), Err(Error::RequestLineTooLong { limit: 0 }));
    assert_eq!(within(0, ""), Ok(false));
    // The bytes within the limit are checked before the limit.
    assert_eq!(within(4, "GET \n"), Err(Error::RequestLineTooLong { limit: 4 }));
    assert_eq!(within(5, "GET \n"), Err(Error::BareLf));
    // An endless line costs no more than the limit.
    assert_eq!(within(64, &"x".repeat(64)), Ok(false));
    assert_eq!(within(64, &"x".repeat(65)), Err(Error::RequestLineTooLong { limit: 64 }));
}

#[test]
fn a_head_that_does_not_fit_in_the_storage_is_refused() {
    let mut bytes = [0; 16];
    let mut storage = SliceBuf::new(&mut bytes);
    let mut reader = HeadReader::new(&mut storage, Limits::new());
    let mut piece = *b"GET / HTTP/1.1\r\n";
    assert!(reader.read_request(&mut &mut piece[..]).unwrap().is_none());
    let error = reader.read_request(&mut &mut b"H".to_owned()[..]).unwrap_err();
    assert_eq!(error, Error::BufferFull(BufferFull { needed: 17 }));
    assert_eq!(storage.as_slice(), b"GET / HTTP/1.1\r\n");
}

/// T7: one header too many is an error, and it comes before the end of the head.
#[test]
fn as_many_headers_as_the_limit_pass_and_one_more_does_not() {
    for (limits, most) in [
        (Limits::new(), 1024),
        (Limits::new().max_headers(3), 3),
        (Limits::new().max_headers(129), 129),
    ] {
        let head =
            |count: usize| format!("GET / HTTP/1.1\r\nHost: a\r\n{}", "A: b\r\n".repeat(count - 1));
        let run = |text: String| {
            same_however_split(text.as_bytes(), |pieces| {
                ask_in(pieces, limits).map(|asked| asked.map(|asked| asked.headers.len()))
            })
        };
        assert_eq!(run(head(most) + "\r\n"), Ok(Some(most)));
        assert_eq!(run(head(most + 1) + "\r\n"), Err(Error::TooManyHeaders { limit: most }));
        assert_eq!(run(head(most + 1)), Err(Error::TooManyHeaders { limit: most }));
        assert_eq!(run(head(most) + "A: b\r"), Ok(None));
    }
    let none = Limits::new().max_headers(0);
    assert!(ask_in(&[b"GET / HTTP/1.0\r\n\r\n"], none).unwrap().is_some());
    let one = ask_in(&[b"GET / HTTP/1.0\r\nA: b\r\n\r\n"], none);
    assert_eq!(one, Err(Error::TooManyHeaders { limit: 0 }));
}

/// Storage that counts how often its contents are read.
struct Watched<'a> {
    bytes: Vec<u8>,
    looked_at: &'a Cell<usize>,
    appended: &'a Cell<usize>,
}

impl Buffer for Watched<'_> {
    fn try_grow(&mut self, len: usize) -> Result<&mut [u8], BufferFull> {
        self.appended.set(self.appended.get() + len);
        self.bytes.try_grow(len)
    }

    fn as_slice(&self) -> &[u8] {
        self.looked_at.set(self.looked_at.get() + self.bytes.len());
        &self.bytes
    }

    fn as_mut_slice(&mut self) -> &mut [u8] {
        &mut self.bytes
    }

    fn truncate(&mut self, len: usize) {
        self.bytes.truncate(len);
    }
}

/// T1: gathered bytes are read once, when the head is whole, so the work is linear however few bytes
/// come at a time. (CVE-2023-43669 was the opposite.)
#[test]
fn a_head_in_small_pieces_is_not_read_again_for_each() {
    for size in [1_000, 2_000, 16_000] {
        let (looked_at, appended) = (Cell::new(0), Cell::new(0));
        let storage = Watched { bytes: Vec::new(), looked_at: &looked_at, appended: &appended };
        let mut reader = HeadReader::new(storage, Limits::new());
        let head = format!("GET / HTTP/1.1\r\nHost: a\r\nA: {}\r\n\r\n", "b".repeat(size));
        let mut done = false;
        for byte in head.bytes() {
            assert!(!done && looked_at.get() == 0);
            done = reader.read_request(&mut &mut [byte][..]).unwrap().is_some();
        }
        assert!(done);
        assert_eq!((looked_at.get(), appended.get()), (head.len(), head.len()));
    }
}

/// RFC 6585 §5; RFC 9110 §15.5.14, §15.6.6.
#[test]
fn errors_are_small_and_name_their_status() {
    assert!(size_of::<Error>() <= 16 && size_of::<SendError>() <= 16);
    for (error, status) in [
        (Error::HeadTooLong { limit: 1 }, 431),
        (Error::RequestLineTooLong { limit: 1 }, 414),
        (Error::BufferFull(BufferFull { needed: 1 }), 431),
        (Error::TooManyHeaders { limit: 1 }, 431),
        (Error::Tls, 400),
        (Error::Http2, 505),
        (Error::Version, 505),
        (Error::TransferEncoding, 501),
        (Error::BareLf, 400),
        (Error::MissingHost, 400),
    ] {
        assert_eq!(error.status(), status);
        assert_ne!(reason_phrase(status), "");
    }
    assert_eq!(Error::RepeatedHost.to_string(), "more than one Host header");
}

/// RFC 9110 §15; 425 of RFC 8470, 428, 429, 431 and 511 of RFC 6585, 103 of RFC 8297, 451 of RFC 7725.
#[test]
fn a_status_has_the_reason_that_its_standard_gives_it() {
    let phrases = [
        (100, "Continue"),
        (101, "Switching Protocols"),
        (103, "Early Hints"),
        (200, "OK"),
        (201, "Created"),
        (202, "Accepted"),
        (203, "Non-Authoritative Information"),
        (204, "No Content"),
        (205, "Reset Content"),
        (206, "Partial Content"),
        (300, "Multiple Choices"),
        (301, "Moved Permanently"),
        (302, "Found"),
        (303, "See Other"),
        (304, "Not Modified"),
        (305, "Use Proxy"),
        (307, "Temporary Redirect"),
        (308, "Permanent Redirect"),
        (400, "Bad Request"),
        (401, "Unauthorized"),
        (402, "Payment Required"),
        (403, "Forbidden"),
        (404, "Not Found"),
        (405, "Method Not Allowed"),
        (406, "Not Acceptable"),
        (407, "Proxy Authentication Required"),
        (408, "Request Timeout"),
        (409, "Conflict"),
        (410, "Gone"),
        (411, "Length Required"),
        (412, "Precondition Failed"),
        (413, "Content Too Large"),
        (414, "URI Too Long"),
        (415, "Unsupported Media Type"),
        (416, "Range Not Satisfiable"),
        (417, "Expectation Failed"),
        (421, "Misdirected Request"),
        (422, "Unprocessable Content"),
        (425, "Too Early"),
        (426, "Upgrade Required"),
        (428, "Precondition Required"),
        (429, "Too Many Requests"),
        (431, "Request Header Fields Too Large"),
        (451, "Unavailable For Legal Reasons"),
        (500, "Internal Server Error"),
        (501, "Not Implemented"),
        (502, "Bad Gateway"),
        (503, "Service Unavailable"),
        (504, "Gateway Timeout"),
        (505, "HTTP Version Not Supported"),
        (511, "Network Authentication Required"),
    ];
    for (status, phrase) in phrases {
        assert_eq!(reason_phrase(status), phrase, "{status}");
    }
    let others = (0..=u16::MAX).filter(|status| !phrases.iter().any(|(known, _)| known == status));
    for status in others {
        assert_eq!(reason_phrase(status), "", "{status}");
    }
}

fn written(writer: impl Fn(&mut Vec<u8>) -> Result<(), SendError>) -> Result<String, SendError> {
    let mut out = b"before ".to_vec();
    let result = writer(&mut out);
    let text = String::from_utf8(out).unwrap();
    match result {
        Ok(()) => Ok(text.strip_prefix("before ").unwrap().to_owned()),
        Err(e) => {
            assert_eq!(text, "before ", "nothing was written");
            Err(e)
        }
    }
}

#[test]
fn responses_are_written_whole() {
    for (writer, text) in [
        (ResponseWriter::new(200).body(b"hi"), "200 OK\r\nContent-Length: 2\r\n\r\nhi"),
        (
            ResponseWriter::new(404).headers(&[("A", "b\tc"), ("Empty", "")][..]).close(),
            "404 Not Found\r\nA: b\tc\r\nEmpty: \r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        ),
        (ResponseWriter::new(204), "204 No Content\r\n\r\n"),
        (
            ResponseWriter::new(599).body(&[b'x'; 10]),
            "599 \r\nContent-Length: 10\r\n\r\nxxxxxxxxxx",
        ),
    ] {
        assert_eq!(written(|out| writer.write(out)), Ok(format!("HTTP/1.1 {text}")));
    }
}

#[test]
fn headers_to_write_may_be_any_collection_of_fields() {
    fn written<'h>(headers: impl Clone + IntoIterator<Item: Field<'h>>) -> Vec<u8> {
        let (mut request, mut response, mut trailers) = (Vec::new(), Vec::new(), Vec::new());
        RequestWriter::new("GET", "/", "a").headers(headers.clone()).write(&mut request).unwrap();
        ResponseWriter::new(204).headers(headers.clone()).write(&mut response).unwrap();
        BodyEncoder::new(Body::Chunked).finish(headers, &mut trailers).unwrap();
        let lines = response.strip_prefix(b"HTTP/1.1 204 No Content\r\n").unwrap();
        assert_eq!(request, [b"GET / HTTP/1.1\r\nHost: a\r\n", lines].concat());
        assert_eq!(trailers, [b"0\r\n", lines].concat());
        lines.to_vec()
    }

    let lines = b"a: b\r\nc: \xE9\r\na: d\r\n\r\n";
    let pairs: &[(&str, &[u8])] = &[("a", b"b"), ("c", b"\xE9"), ("a", b"d")];
    assert_eq!(written(pairs), lines);
    assert_eq!(written(pairs.iter().map(|(name, value)| (*name, *value))), lines);
    let owned: Vec<(String, Vec<u8>)> =
        pairs.iter().map(|(name, value)| ((*name).to_owned(), value.to_vec())).collect();
    assert_eq!(written(&owned), lines);

    // What was read goes on, as at a proxy.
    let mut head = [b"HTTP/1.1 200 OK\r\n", &lines[..]].concat();
    let mut reader = HeadReader::new(Vec::new(), Limits::new());
    let response = reader.read_response(&mut &mut head[..]).unwrap().unwrap();
    assert_eq!(written(response.headers()), lines);

    // A map has its own order, but for fields of one name.
    let mut map = http::HeaderMap::new();
    for (name, value) in pairs {
        let name = http::HeaderName::try_from(*name).unwrap();
        map.append(name, http::HeaderValue::from_bytes(value).unwrap());
    }
    assert_eq!(written(&map), b"a: b\r\na: d\r\nc: \xE9\r\n\r\n");
}

#[test]
fn requests_are_written_whole() {
    let get = RequestWriter::new("GET", "/a?b", "example.com:8080");
    let head = "GET /a?b HTTP/1.1\r\nHost: example.com:8080\r\n";
    assert_eq!(written(|out| get.write(out)), Ok(format!("{head}\r\n")));
    let full = get.headers(&[("Accept", "text/event-stream")]).body(b"hi");
    let rest = "Accept: text/event-stream\r\nContent-Length: 2\r\n\r\nhi";
    assert_eq!(written(|out| full.write(out)), Ok(format!("{head}{rest}")));
}

/// RFC 9110 §5.1, §5.5, §5.6.2, §9.1.
#[test]
fn what_cannot_be_written_is_named_in_the_error() {
    let request =
        |method, target, host| written(|out| RequestWriter::new(method, target, host).write(out));
    assert_eq!(request("", "/", "a"), Err(SendError::Method));
    assert_eq!(request("GET", "", "a"), Err(SendError::Target));
    assert_eq!(request("GET", "/#a", "a"), Err(SendError::Target));
    assert_eq!(request("GET", "/", ""), Err(SendError::Host));
    assert_eq!(request("GET", "/", "a/b"), Err(SendError::Host));
    let response = |writer: ResponseWriter<'_>| written(|out| writer.write(out));
    for status in [0, 99, 600, 999, 1000, u16::MAX] {
        assert_eq!(response(ResponseWriter::new(status)), Err(SendError::Status));
    }
    for status in [100, 199, 204, 304] {
        assert_eq!(response(ResponseWriter::new(status).body(b"x")), Err(SendError::Body));
    }
    for reserved in ["Content-Length", "CONNECTION", "transfer-encoding"] {
        let headers = [("A", "b"), (reserved, "1")];
        let error = Err(SendError::ReservedHeader(1));
        assert_eq!(response(ResponseWriter::new(200).headers(&headers)), error);
        let writer = RequestWriter::new("GET", "/", "a").headers(&headers);
        assert_eq!(written(|out| writer.write(out)), error);
    }
    let writer = RequestWriter::new("GET", "/", "a").headers(&[("host", "b")]);
    assert_eq!(written(|out| writer.write(out)), Err(SendError::ReservedHeader(0)));
}

#[test]
fn a_buffer_that_is_too_small_stays_unchanged_and_the_error_says_what_is_needed() {
    let writer = ResponseWriter::new(200).headers(&[("A", "b")]).body(b"body");
    let len = written(|out| writer.write(out)).unwrap().len();
    for room in 0..=len {
        let mut bytes = vec![0; 3 + room];
        let mut out = SliceBuf::new(&mut bytes);
        out.try_append(b"abc").unwrap();
        let result = writer.write(&mut out);
        if room < len {
            assert_eq!(result, Err(SendError::BufferFull(BufferFull { needed: 3 + len })));
            assert_eq!(out.as_slice(), b"abc");
        } else {
            assert_eq!(result, Ok(()));
        }
    }
}

/// T6: no string from the caller can end a line or a head.
#[test]
fn nothing_can_be_injected() {
    for bad in ["\r", "\n", "\r\n", "\r\n\r\n", "\0", "\x1b", "\x7f", "\u{e9}", "\u{10a}"] {
        for (before, after) in [("", ""), ("a", ""), ("", "a"), ("a", "a")] {
            let text = &format!("{before}{bad}{after}")[..];
            for (method, target, host, headers, error) in [
                (text, "/", "a", [("A", "b")], SendError::Method),
                ("GET", text, "a", [("A", "b")], SendError::Target),
                ("GET", "/", text, [("A", "b")], SendError::Host),
                ("GET", "/", "a", [(text, "b")], SendError::HeaderName(0)),
                ("GET", "/", "a", [("A", text)], SendError::HeaderValue(0)),
            ] {
                // No byte beyond ASCII ends a line, and values may have such bytes.
                let error = match error {
                    SendError::HeaderValue(_) if !bad.is_ascii() => Ok(()),
                    error => Err(error),
                };
                let writer = RequestWriter::new(method, target, host).headers(&headers);
                assert_eq!(written(|out| writer.write(out)).map(drop), error, "{text:?}");
                if text.len() != host.len() && method == "GET" && target == "/" && host == "a" {
                    let writer = ResponseWriter::new(200).headers(&headers);
                    assert_eq!(written(|out| writer.write(out)).map(drop), error, "{text:?}");
                }
            }
        }
    }
    for (name, method) in [("", ""), ("a b", "a b"), ("a:", "a:"), ("a/", "a/")] {
        let writer = RequestWriter::new(method, "/", "a");
        assert_eq!(written(|out| writer.write(out)), Err(SendError::Method));
        let headers = [(name, "b")];
        let writer = ResponseWriter::new(200).headers(&headers);
        assert_eq!(written(|out| writer.write(out)), Err(SendError::HeaderName(0)));
    }
    for target in [" ", "/ ", " /", "/a b", "/\t"] {
        let writer = RequestWriter::new("GET", target, "a");
        assert_eq!(written(|out| writer.write(out)), Err(SendError::Target));
    }
}

/// Text that resembles a head, so that random input gets far.
fn nearly_a_head() -> impl Strategy<Value = Vec<u8>> {
    let part = prop_oneof![
        4 => Just(&b"\r\n"[..]),
        2 => Just(&b"GET / HTTP/1.1\r\nHost: a\r\n"[..]),
        2 => Just(&b"HTTP/1.1 200 OK\r\n"[..]),
        2 => Just(&b"A: b\r\n"[..]),
        1 => prop::sample::select(vec![
            &b"\n"[..], b"\r", b"\0", b" ", b"\t", b":", b"x", b"\xff", b"\x7f", b"GET ", b"/", b"\r\n ", b"\n\t",
            b" HTTP/1.1", b"Host: b\r\n", b"Content-Length: 1\r\n", b"Transfer-Encoding: chunked\r\n",
            b"0123456789012345678901234567890123456789012345678901234567890",
        ]),
    ];
    prop::collection::vec(part, 0..16).prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn nothing_depends_on_how_the_bytes_are_split(bytes in nearly_a_head()) {
        let asked = ask(&bytes);
        let answered = answer(&bytes);
        match naive_end(&bytes, 1024) {
            Err(e) => prop_assert_eq!(asked, Err(e)),
            Ok(None) => prop_assert_eq!(asked, Ok(None)),
            Ok(Some(end)) => if let Ok(asked) = asked {
                prop_assert_eq!(&asked.unwrap().rest[..], &bytes[end..]);
            },
        }
        match naive_response_end(&bytes, 1024) {
            Err(e) => prop_assert_eq!(answered, Err(e)),
            Ok(None) => prop_assert_eq!(answered, Ok(None)),
            Ok(Some(end)) => if let Ok(answered) = answered {
                prop_assert_eq!(&answered.unwrap().rest[..], &bytes[end..]);
            },
        }
    }

    #[test]
    fn no_bytes_cause_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = ask(&bytes);
        let _ = answer(&bytes);
    }

    #[test]
    fn what_is_written_reads_the_same(
        method in "[!#$%&'*+.^_`|~0-9A-Za-z-]{1,10}",
        target in "/[!\"$-~]{0,80}",
        host in "[a-z]{1,10}(:[0-9]{1,4})?",
        headers in prop::collection::vec(("[a-z]-[!#$%&'*+.^_`|~0-9A-Za-z-]{1,20}", "([!-~]([ -~\t]{0,60}[!-~])?)?"), 0..63),
        body in prop::collection::vec(any::<u8>(), 0..40),
        status in 100_u16..=599,
    ) {
        let headers: Vec<_> = headers.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        let writer = RequestWriter::new(&method, &target, &host).headers(&headers).body(&body);
        let mut out = Vec::new();
        writer.write(&mut out).unwrap();
        let asked = ask_in(&[&out], Limits::new()).unwrap().unwrap();
        prop_assert_eq!(&asked.rest, &body);
        prop_assert_eq!(asked.body, Body::Len(body.len() as u64));
        prop_assert_eq!((asked.method, asked.target, asked.host), (method, target, Some(host)));
        let sent = headers.iter().map(|(n, v)| (String::from(*n), v.as_bytes().to_vec()));
        prop_assert!(sent.clone().eq(asked.headers[1..asked.headers.len() - 1].iter().cloned()));

        out.clear();
        ResponseWriter::new(status).headers(&headers).close().write(&mut out).unwrap();
        // There is exactly one end of a head, and it is at the end (T6).
        prop_assert_eq!(out.windows(4).position(|w| w == b"\r\n\r\n"), Some(out.len() - 4));
        let mut reader = HeadReader::new(Vec::new(), Limits::new());
        let mut input = &mut out[..];
        let response = reader.read_response(&mut input).unwrap().unwrap();
        prop_assert_eq!(response.status(), status);
        prop_assert!(sent.eq(lines(response.headers()).into_iter().take(headers.len())));
    }
}
