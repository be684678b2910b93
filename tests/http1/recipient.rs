//! What a recipient accepts and refuses, row by row of the table in `http1::recipient` (RFC 9112).
//!
//! T5: a request that two servers could read differently is refused.
#![cfg(feature = "alloc")]

use crate::common::http1::{Got, State, decode};
use crate::common::same_however_split;
use crate::head::{Answered, Asked, answer, ask};
use framewright::http1::{Body, Error, HeadReader, Limits, Request, Response, Version};

/// A request for `/` with these lines.
fn request(lines: &str) -> String {
    format!("POST / HTTP/1.1\r\nHost: a\r\n{lines}\r\n")
}

/// A response of 200 with these lines.
fn response(lines: &str) -> String {
    format!("HTTP/1.1 200 OK\r\n{lines}\r\n")
}

fn asked(head: impl AsRef<[u8]>) -> Asked {
    ask(head).unwrap().unwrap()
}

fn answered(head: impl AsRef<[u8]>) -> Answered {
    answer(head).unwrap().unwrap()
}

/// The values in the response, after the check that the request is refused with `error`.
fn only_in_responses(lines: &str, error: Error) -> Vec<String> {
    assert_eq!(ask(request(lines)), Err(error), "{lines:?}");
    let answered = answered(response(lines));
    let text = |(name, value): &(String, Vec<u8>)| format!("{name}={}", value.escape_ascii());
    answered.headers.iter().map(text).collect()
}

fn refused_by_both(lines: &str, error: Error) {
    assert_eq!(ask(request(lines)), Err(error), "{lines:?}");
    assert_eq!(answer(response(lines)), Err(error), "{lines:?}");
}

fn with_request<T>(head: &str, look: impl Fn(Request<'_>) -> T) -> T {
    let mut bytes = head.to_owned().into_bytes();
    let mut reader = HeadReader::new(Vec::new(), Limits::new());
    look(reader.read_request(&mut &mut bytes[..]).unwrap().unwrap())
}

fn with_response<T>(head: &str, look: impl Fn(Response<'_>) -> T) -> T {
    let mut bytes = head.to_owned().into_bytes();
    let mut reader = HeadReader::new(Vec::new(), Limits::new());
    look(reader.read_response(&mut &mut bytes[..]).unwrap().unwrap())
}

fn chunked(bytes: &str) -> Got {
    same_however_split(bytes.as_bytes(), |pieces| decode(Body::Chunked, Limits::new(), pieces))
}

fn hello(bytes: &str) {
    let got = chunked(bytes);
    assert_eq!((&got.body[..], got.result), (&b"hello"[..], Ok(State::Complete)), "{bytes:?}");
}

// Lines

/// §2.2.
#[test]
fn an_empty_line_may_precede_a_request_but_no_response() {
    assert_eq!(asked(format!("\r\n{}", request(""))).method, "POST");
    assert_eq!(answer(format!("\r\n{}", response(""))), Err(Error::StatusLine));
    assert_eq!(answer(format!("\n{}", response(""))), Err(Error::StatusLine));
}

/// §2.2.
#[test]
fn lf_alone_ends_lines_of_responses_only() {
    assert_eq!(only_in_responses("A: b\nC: d\r\n", Error::BareLf), ["A=b", "C=d"]);
    assert_eq!(only_in_responses("A: b\nC: d\n\n", Error::BareLf), ["A=b", "C=d"]);
    let answered = answered("HTTP/1.0 200 OK\nA: b\r\n\nbody");
    assert_eq!((&answered.headers.len(), &answered.rest[..]), (&1, &b"body"[..]));
}

/// §2.2.
#[test]
fn cr_alone_is_refused() {
    refused_by_both("A: b\rC: d\r\n", Error::BareCr);
    refused_by_both("A: b\r\r\n", Error::BareCr);
    refused_by_both("A: b\r\n\rC: d\r\n", Error::BareCr);
}

/// §2.2.
#[test]
fn a_line_that_continues_the_start_line_is_skipped_in_responses_only() {
    assert_eq!(only_in_responses(" A: b\r\n\r\n", Error::Header), [""; 0]);
    let head = "GET / HTTP/1.1\r\n A: b\r\nHost: a\r\n\r\n";
    assert_eq!(ask(head), Err(Error::Header));
    let answered =
        answered("HTTP/1.1 200 OK\r\n Content-Length: 5\r\n\tB: c\r\n \r\nD: e\r\n f\r\n\r\n");
    assert_eq!(answered.headers, [("D".into(), b"e   f".into())]);
    assert_eq!(answered.body, Ok(Body::UntilClose));
}

/// §2.3; RFC 9110 §2.5, §15.6.6.
#[test]
fn later_minor_versions_are_read_as_1_1_and_other_major_ones_are_not() {
    for minor in 1..=9 {
        let head = format!("GET / HTTP/1.{minor}\r\nHost: a\r\n\r\n");
        assert_eq!(asked(head).version, Version::Http11);
        let head = format!("HTTP/1.{minor} 200 OK\r\n\r\n");
        assert_eq!(answered(head).version, Version::Http11);
    }
    for version in ["HTTP/2.0", "HTTP/0.9", "HTTP/3", "http/1.1", "HTTP/1"] {
        let error = ask(format!("GET / {version}\r\nHost: a\r\n\r\n")).unwrap_err();
        assert_eq!((error, error.status()), (Error::Version, 505), "{version}");
        assert_eq!(answer(format!("{version} 200 OK\r\n\r\n")), Err(Error::Version));
    }
}

/// §3, §4.
#[test]
fn the_parts_of_a_start_line_have_one_space_between_them_except_in_responses() {
    for line in ["GET  / HTTP/1.1", "GET\t/ HTTP/1.1", " GET / HTTP/1.1", "GET / HTTP/1.1 "] {
        assert_eq!(ask(format!("{line}\r\nHost: a\r\n\r\n")), Err(Error::RequestLine), "{line}");
    }
    for line in ["HTTP/1.1  200 OK", "HTTP/1.1\t200\tOK", "HTTP/1.1 \t 200 OK"] {
        assert_eq!(answered(format!("{line}\r\n\r\n")).status, 200, "{line}");
    }
}

/// §3: at least 8000 bytes, and 414 where they are too many. RFC 6585 §5: 431 for the rest of the head
/// (RFC 9110 §5.4).
#[test]
fn start_lines_of_8000_bytes_pass_and_heads_have_a_limit() {
    let head = |len| format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "p".repeat(len));
    let mut reader = HeadReader::new(Vec::new(), Limits::new());
    assert!(reader.read_request(&mut &mut head(8000).into_bytes()[..]).unwrap().is_some());
    let error = reader.read_request(&mut &mut head(20_000).into_bytes()[..]).unwrap_err();
    assert_eq!((error, error.status()), (Error::RequestLineTooLong { limit: 16 << 10 }, 414));
    let error = ask(request(&format!("A: {}\r\n", "b".repeat(20_000)))).unwrap_err();
    assert_eq!((error, error.status()), (Error::HeadTooLong { limit: 16 << 10 }, 431));
    let answered = answer(format!("HTTP/1.1 200 {}", "x".repeat(20_000)));
    assert_eq!(answered, Err(Error::HeadTooLong { limit: 16 << 10 }));
    assert_eq!(Error::TooManyHeaders { limit: 1024 }.status(), 431);
}

/// RFC 9110 §5.4: many fields are common behind some networks, and no place for each is needed.
#[test]
fn as_many_headers_as_the_limits_allow_are_read() {
    for count in [65, 70, 129, 1000, 5000] {
        let lines: String = (0..count).map(|i| format!("N{i}: {i}\r\n")).collect();
        let limits = Limits::new().max_headers(5001).max_head_len(1 << 20);
        for head in [request(&lines), response(&lines)] {
            let is_request = head.starts_with("POST");
            for step in [head.len(), 7] {
                let (mut reader, mut found) = (HeadReader::new(Vec::new(), limits), 0);
                for piece in head.in_pieces(step) {
                    let mut piece = piece;
                    let mut input = &mut piece[..];
                    let headers = if is_request {
                        reader.read_request(&mut input).unwrap().map(|head| head.headers())
                    } else {
                        reader.read_response(&mut input).unwrap().map(|head| head.headers())
                    };
                    found = headers.map_or(found, |headers| headers.iter().count());
                }
                assert_eq!(found, count + usize::from(is_request));
            }
        }
        if count <= 1000 {
            assert_eq!(with_request(&request(&lines), |r| r.headers().iter().count()), count + 1);
        }
    }
}

trait InPieces {
    fn in_pieces(&self, step: usize) -> Vec<Vec<u8>>;
}

impl InPieces for String {
    fn in_pieces(&self, step: usize) -> Vec<Vec<u8>> {
        self.as_bytes().chunks(step).map(<[u8]>::to_vec).collect()
    }
}

/// §4.
#[test]
fn a_reason_may_be_missing_and_have_any_bytes() {
    for line in ["200", "200 ", "200 \u{e9}", "200 a\tb  c "] {
        assert_eq!(answered(format!("HTTP/1.1 {line}\r\n\r\n")).status, 200, "{line:?}");
    }
    assert_eq!(answered(b"HTTP/1.1 200 \xFF\r\n\r\n").reason, b"\xFF");
}

/// §5.1.
#[test]
fn blanks_before_a_colon_are_removed_in_responses_only() {
    assert_eq!(only_in_responses("A : b\r\n", Error::Header), ["A=b"]);
    assert_eq!(only_in_responses("A \t: b\r\nC\t:d\r\n", Error::Header), ["A=b", "C=d"]);
    assert_eq!(answered(response("Content-Length : 5\r\n")).body, Ok(Body::Len(5)));
    let found = |response: Response<'_>| response.headers().get("a").map(<[u8]>::to_vec);
    assert_eq!(with_response(&response("A : b\r\n"), found), Some(b"b".to_vec()));
    refused_by_both(" : b\r\n: c\r\n", Error::Header);
}

/// §5.2.
#[test]
fn folded_lines_are_joined_in_responses_only() {
    for (lines, values) in [
        ("Set-Cookie: a=b;\r\n path=/\r\nC: d\r\n", &["Set-Cookie=a=b;   path=/", "C=d"][..]),
        ("A: b\r\n\tc\r\n", &["A=b  \\tc"]),
        ("A:\r\n b\r\n", &["A=b"]),
        ("A: b\r\n \r\n c\r\n", &["A=b      c"]),
        ("A: b\r\n \r\n", &["A=b"]),
        ("A: b \r\n  c\r\n\td\r\nE:f\r\n g\r\n", &["A=b     c  \\td", "E=f   g"]),
    ] {
        assert_eq!(only_in_responses(lines, Error::Header), values, "{lines:?}");
    }
    assert_eq!(only_in_responses("A: b\n c\r\n", Error::BareLf), ["A=b  c"]);
    let body = answered(response("Transfer-Encoding:\r\n chunked\r\n")).body;
    assert_eq!(body, Ok(Body::Chunked));
    refused_by_both("A: b\r\n \0\r\n", Error::ControlByte);
    // A line counts once, however often it is folded.
    let limits = Limits::new().max_headers(1);
    for (lines, result) in [("A: b\r\n c\r\n d\r\n", Ok(1)), ("A: b\r\n c\r\nD: e\r\n", Err(()))] {
        let mut head = response(lines).into_bytes();
        let mut reader = HeadReader::new(Vec::new(), limits);
        let read = reader.read_response(&mut &mut head[..]);
        assert_eq!(read.map(|head| head.unwrap().headers().iter().count()).map_err(drop), result);
    }
}

/// RFC 9110 §5.5.
#[test]
fn controls_in_values_are_refused_and_bytes_beyond_ascii_are_not() {
    for control in ["\0", "\x01", "\x0B", "\x0C", "\x1F", "\x7F"] {
        refused_by_both(&format!("A: b{control}c\r\n"), Error::ControlByte);
    }
    let value = [(String::from("A"), b"\t\xFF \x80".trim_ascii().to_vec())];
    let bytes = [b"HTTP/1.1 200 OK\r\nA:", &b"\t\xFF \x80"[..], b"\r\n\r\n"].concat();
    assert_eq!(answered(&bytes).headers, value);
    let bytes = [b"GET / HTTP/1.0\r\nA:", &b"\t\xFF \x80"[..], b"\r\n\r\n"].concat();
    assert_eq!(asked(&bytes).headers, value);
}

/// RFC 9110 §5.6.1.2.
#[test]
fn empty_elements_of_lists_are_skipped() {
    for list in ["chunked,", ", chunked", ",,\tchunked , ", "Chunked"] {
        let line = format!("Transfer-Encoding: {list}\r\n");
        assert_eq!(asked(request(&line)).body, Body::Chunked, "{list}");
        assert_eq!(answered(response(&line)).body, Ok(Body::Chunked), "{list}");
    }
    let two = "Transfer-Encoding: ,\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding:\r\n";
    assert_eq!(asked(request(two)).body, Body::Chunked);
    // Nothing is encoded. Another server might look for the name only.
    assert_eq!(ask(request("Transfer-Encoding: ,\r\n")), Err(Error::AmbiguousLength));
    let empty = answered(response("Transfer-Encoding: ,\r\nContent-Length: ,5,\r\n"));
    assert_eq!(empty.body, Ok(Body::Len(5)));
    let closes = |line: &str| !with_request(&request(line), |request| request.is_persistent());
    assert!(closes("Connection: , Close,\r\n") && !closes("Connection: ,\r\n"));
}

// Targets and status codes

/// §3.2.
#[test]
fn a_request_has_exactly_one_valid_host() {
    for (line, error) in [
        ("", Error::MissingHost),
        ("Host: a\r\nHost: a\r\n", Error::RepeatedHost),
        ("Host: a, a\r\n", Error::BadHost),
        ("Host: a b\r\n", Error::BadHost),
        ("Host: http://a\r\n", Error::BadHost),
    ] {
        for target in ["/", "http://a/"] {
            let got = ask(format!("GET {target} HTTP/1.1\r\n{line}\r\n"));
            assert_eq!((got, error.status()), (Err(error), 400), "{target} {line:?}");
        }
    }
    assert_eq!(answered(response("Host: a\r\nHost: ?\r\n")).headers.len(), 2);
}

/// §3.2.2, §3.3; RFC 9110 §4.2.1, §4.2.4.
#[test]
fn the_host_in_a_target_counts_and_host_does_not() {
    for (target, host, path, query) in [
        ("/a?b", "other", "/a", Some("b")),
        ("/", "other", "/", None),
        ("/?", "other", "/", Some("")),
        ("//a/b", "other", "//a/b", None),
        ("http://a/b?c?d", "a", "/b", Some("c?d")),
        ("HTTP://a:80", "a:80", "/", None),
        ("https://[::1]:1?b/c", "[::1]:1", "/", Some("b/c")),
        ("ws://a/ws/echo", "a", "/ws/echo", None),
        ("Wss://a/", "a", "/", None),
        ("ftp://a/b", "other", "ftp://a/b", None),
        ("/http://a/", "other", "/http://a/", None),
    ] {
        let head = format!("GET {target} HTTP/1.1\r\nHost: other\r\n\r\n");
        assert_eq!(asked(&head).host.as_deref(), Some(host), "{target}");
        let parts = (Some(host.to_owned()), path.to_owned(), query.map(str::to_owned));
        let got = with_request(&head, |request| {
            let owned = |text: &str| text.to_owned();
            (request.host().map(owned), request.path().into(), request.query().map(owned))
        });
        assert_eq!(got, parts, "{target}");
        assert_eq!(asked(&head).target, target);
    }
    let old = asked("GET ws://a/b HTTP/1.0\r\n\r\n");
    assert_eq!(old.host.as_deref(), Some("a"));
    for target in ["http://", "http:///a", "https://:1/", "ws://me@a/", "http://me:word@a/"] {
        let error = ask(format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n"));
        assert_eq!(error, Err(Error::BadHost), "{target}");
    }
}

/// §3.2.3, §3.2.4, §3.3; RFC 9110 §9.1.
#[test]
fn other_targets_and_any_method_are_passed_on() {
    for (method, target, host) in
        [("CONNECT", "a:80", "a:80"), ("OPTIONS", "*", "other"), ("BREW", "/", "other")]
    {
        let asked = asked(format!("{method} {target} HTTP/1.1\r\nHost: other\r\n\r\n"));
        assert_eq!((&asked.method[..], &asked.target[..]), (method, target));
        assert_eq!(asked.host.as_deref(), Some(host), "{method}");
    }
}

/// RFC 9110 §15.2.
#[test]
fn any_number_of_interim_responses_may_come_first() {
    let bytes = "HTTP/1.1 100 Continue\r\n\r\n\
        HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n\
        HTTP/1.1 199 \r\nContent-Length: 5\r\n\r\n\
        HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
    let read = same_however_split(bytes.as_bytes(), |pieces| {
        let mut reader = HeadReader::new(Vec::new(), Limits::new());
        let (mut seen, mut rest, mut is_final) = (vec![], vec![], false);
        for piece in pieces {
            let mut piece = piece.to_vec();
            let mut input = &mut piece[..];
            while !is_final && let Some(response) = reader.read_response(&mut input).unwrap() {
                is_final = !response.is_interim();
                seen.push((response.status(), response.body_for("GET")));
            }
            rest.extend_from_slice(input);
        }
        (seen, rest)
    });
    let none = Ok(Body::Len(0));
    let seen = vec![(100, none), (103, none), (199, none), (200, Ok(Body::Len(5)))];
    assert_eq!(read, (seen, b"hello".to_vec()));
    assert!(!with_response("HTTP/1.1 101 \r\n\r\n", |response| response.is_interim()));
}

/// RFC 9110 §15.
#[test]
fn a_status_outside_the_classes_is_passed_on() {
    for status in ["000", "099", "600", "999"] {
        let answered = answered(format!("HTTP/1.1 {status} ?\r\nContent-Length: 1\r\n\r\nx"));
        assert_eq!((answered.status, answered.body), (status.parse().unwrap(), Ok(Body::Len(1))));
    }
}

/// RFC 9110 §10.1.1.
#[test]
fn a_client_may_wait_for_100_before_it_sends_a_body() {
    let waits = |version: &str, lines: &str| {
        let head = format!("POST / {version}\r\nHost: a\r\n{lines}\r\n");
        with_request(&head, |request| request.expects_continue())
    };
    let body = "Content-Length: 5\r\n";
    for (expect, expected) in [
        ("Expect: 100-continue\r\n", true),
        ("EXPECT: 100-CONTINUE\r\n", true),
        ("Expect: , 100-Continue ,\r\n", true),
        ("Expect: x\r\nExpect: 100-continue\r\n", true),
        ("Expect: a, 100-continue\r\n", true),
        ("Expect: 100-continued\r\n", false),
        ("Expect:\r\n", false),
        ("", false),
    ] {
        assert_eq!(waits("HTTP/1.1", &format!("{body}{expect}")), expected, "{expect:?}");
        let chunked = format!("Transfer-Encoding: chunked\r\n{expect}");
        assert_eq!(waits("HTTP/1.1", &chunked), expected, "{expect:?}");
        assert!(!waits("HTTP/1.0", &format!("{body}{expect}")), "{expect:?}");
        assert!(!waits("HTTP/1.1", expect), "no body: {expect:?}");
        assert!(!waits("HTTP/1.1", &format!("Content-Length: 0\r\n{expect}")), "{expect:?}");
    }
}

// Where a message ends

/// §6.1, §6.3.
#[test]
fn an_encoding_other_than_chunked_is_refused() {
    for (list, of_request, of_response) in [
        ("gzip, chunked", Error::TransferEncoding, Error::TransferEncoding),
        ("gzip", Error::AmbiguousLength, Error::TransferEncoding),
        ("chunked;a=b", Error::AmbiguousLength, Error::TransferEncoding),
        ("chunked, gzip", Error::AmbiguousLength, Error::AmbiguousLength),
        ("chunked, gzip, chunked", Error::AmbiguousLength, Error::AmbiguousLength),
    ] {
        for line in [
            format!("Transfer-Encoding: {list}\r\n"),
            format!("Transfer-Encoding: {}\r\n", list.replace(", ", "\r\nTransfer-Encoding: ")),
        ] {
            assert_eq!(ask(request(&line)), Err(of_request), "{list}");
            assert_eq!(answered(response(&line)).body, Err(of_response), "{list}");
        }
    }
    assert_eq!((Error::TransferEncoding.status(), Error::AmbiguousLength.status()), (501, 400));
    for (list, of_request, of_response) in [
        ("chunked, chunked", Error::AmbiguousLength, Body::Chunked),
        ("identity", Error::AmbiguousLength, Body::UntilClose),
        ("identity, chunked", Error::TransferEncoding, Body::Chunked),
    ] {
        let line = format!("Transfer-Encoding: {list}\r\n");
        assert_eq!(ask(request(&line)), Err(of_request), "{list}");
        assert_eq!(answered(response(&line)).body, Ok(of_response), "{list}");
    }
}

/// §6.1, §6.3.
#[test]
fn transfer_encoding_overrides_content_length_in_responses_only() {
    for lines in [
        "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        "Content-Length: ?\r\nTransfer-Encoding: chunked\r\n",
    ] {
        assert_eq!(ask(request(lines)), Err(Error::AmbiguousLength));
        let head = response(lines);
        assert_eq!(answered(&head).body, Ok(Body::Chunked));
        assert!(!with_response(&head, |response| response.is_persistent()), "{lines:?}");
    }
}

/// §6.1.
#[test]
fn transfer_encoding_in_http_1_0_is_for_responses_only() {
    let lines = "Host: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    assert_eq!(ask(format!("POST / HTTP/1.0\r\n{lines}")), Err(Error::AmbiguousLength));
    let head = format!("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n{lines}");
    assert_eq!(answered(&head).body, Ok(Body::Chunked));
    assert!(!with_response(&head, |response| response.is_persistent()));
}

/// §6.3 rules 1 and 2.
#[test]
fn what_headers_say_about_a_body_that_cannot_be_is_no_error() {
    for lines in [
        "Content-Length: 5\r\n",
        "Content-Length: 0\r\nContent-Length: 1\r\n",
        "Content-Length: -1\r\n",
        "Content-Length:\r\n",
        "Transfer-Encoding: chunked\r\n",
        "Transfer-Encoding: gzip\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
    ] {
        for (method, status) in [
            ("GET", 100),
            ("GET", 101),
            ("GET", 103),
            ("GET", 199),
            ("POST", 204),
            ("GET", 304),
            ("HEAD", 200),
            ("HEAD", 404),
            ("HEAD", 999),
            ("CONNECT", 200),
            ("CONNECT", 299),
        ] {
            let head = format!("HTTP/1.1 {status} \r\n{lines}\r\n");
            let body = with_response(&head, |response| response.body_for(method));
            assert_eq!(body, Ok(Body::Len(0)), "{method} {status} {lines:?}");
        }
    }
    let head = "HTTP/1.1 407 \r\nContent-Length: -1\r\n\r\n";
    let body = with_response(head, |response| response.body_for("CONNECT"));
    assert_eq!(body, Err(Error::ContentLength));
}

/// §6.3 rule 5; RFC 9110 §8.6.
#[test]
fn a_length_may_be_repeated_in_responses_only() {
    for (lines, len) in [
        ("Content-Length: 5\r\nContent-Length: 5\r\n", Ok(Body::Len(5))),
        ("Content-Length: 5\r\ncontent-length: 05\r\n", Ok(Body::Len(5))),
        ("Content-Length: 5, 5\r\n", Ok(Body::Len(5))),
        ("Content-Length: 5,5,5\r\nContent-Length: 5\r\n", Ok(Body::Len(5))),
        ("Content-Length: 5,\r\n", Ok(Body::Len(5))),
        ("Content-Length: 5\r\nContent-Length: 6\r\n", Err(Error::ContentLength)),
        ("Content-Length: 5, 6\r\n", Err(Error::ContentLength)),
        ("Content-Length: 5, x\r\n", Err(Error::ContentLength)),
        ("Content-Length: x\r\nContent-Length: 5\r\n", Err(Error::ContentLength)),
    ] {
        assert_eq!(ask(request(lines)), Err(Error::ContentLength), "{lines:?}");
        assert_eq!(answered(response(lines)).body, len, "{lines:?}");
    }
}

/// §6.3; RFC 9110 §8.6: a recipient must not overflow.
#[test]
fn a_length_is_a_number_of_64_bits() {
    for len in ["", "-1", "+5", "5.0", "0x5", "5 5", "\"5\"", "18446744073709551616", "1e3"] {
        let line = format!("Content-Length: {len}\r\n");
        assert_eq!(ask(request(&line)), Err(Error::ContentLength), "{len}");
        assert_eq!(answered(response(&line)).body, Err(Error::ContentLength), "{len}");
    }
    for (len, value) in [("0", 0), ("007", 7), ("18446744073709551615", u64::MAX)] {
        let line = format!("Content-Length: {len}\r\n");
        assert_eq!(asked(request(&line)).body, Body::Len(value));
        assert_eq!(answered(response(&line)).body, Ok(Body::Len(value)));
    }
}

/// §6.3 rules 7 and 8.
#[test]
fn without_a_length_a_request_has_no_body_and_a_response_goes_until_close() {
    assert_eq!(asked(request("")).body, Body::Len(0));
    assert_eq!(answered(response("")).body, Ok(Body::UntilClose));
}

/// §7.1.
#[test]
fn a_chunk_size_may_have_zeros_before_it_but_must_not_overflow() {
    hello("5\r\nhello\r\n0\r\n\r\n");
    hello("0000000000000000000000000000000005\r\nhello\r\n00000000000000000000000\r\n\r\n");
    for size in
        ["8000000000000000", "FFFFFFFFFFFFFFFF", "10000000000000005", "000FFFFFFFFFFFFFFFFF"]
    {
        assert_eq!(chunked(&format!("{size}\r\nhello")).result, Err(Error::ChunkSize), "{size}");
    }
}

/// §7.1.1.
#[test]
fn blanks_around_extensions_are_removed_and_extensions_skipped() {
    for line in ["5 ;a=b", "5\t; a", "5 ; a = \"b;c\"", "5;a=b ; c", "5 ", "5 \t ", "5;unknown"] {
        hello(&format!("{line}\r\nhello\r\n0 \r\n\r\n"));
    }
}

/// §7.1.2.
#[test]
fn trailers_are_taken_with_the_body() {
    hello("5\r\nhello\r\n0\r\nT: v\r\n\r\n");
}

/// §8.
#[test]
fn a_message_that_is_cut_off_is_incomplete() {
    for cut in ["", "5", "5\r\nhel", "5\r\nhello\r\n", "5\r\nhello\r\n0\r\n", "0\r\nT: v\r\n"] {
        assert_eq!(chunked(cut).result, Ok(State::Truncated), "{cut:?}");
    }
    assert_eq!(decode(Body::Len(2), Limits::new(), &[b"x"]).result, Ok(State::Truncated));
    assert_eq!(decode(Body::UntilClose, Limits::new(), &[b"x"]).result, Ok(State::Open));
    let mut reader = HeadReader::new(Vec::new(), Limits::new());
    assert!(
        reader.read_response(&mut &mut b"HTTP/1.1 200 OK\r\n".to_owned()[..]).unwrap().is_none()
    );
    reader.check_eof().unwrap_err();
}

/// §9.3.
#[test]
fn a_connection_persists_in_1_1_unless_it_is_to_be_closed() {
    for (version, line, persists) in [
        ("HTTP/1.1", "", true),
        ("HTTP/1.1", "Connection: CLOSE\r\n", false),
        ("HTTP/1.1", "Connection: keep-alive, , close\r\n", false),
        ("HTTP/1.1", "Connection: \"close\"\r\n", true),
        ("HTTP/1.0", "Connection: keep-alive\r\n", false),
    ] {
        let head = format!("GET / {version}\r\nHost: a\r\n{line}\r\n");
        assert_eq!(with_request(&head, |request| request.is_persistent()), persists);
        let head = format!("{version} 200 OK\r\n{line}\r\n");
        assert_eq!(with_response(&head, |response| response.is_persistent()), persists);
    }
}
