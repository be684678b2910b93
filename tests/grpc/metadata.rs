//! Heads and their contents, in the order of PROTOCOL-HTTP2: *Requests*, then *Responses*.
#![cfg(feature = "alloc")]

use core::time::Duration;

use framewright::grpc::web::SocketPart;
use framewright::grpc::{
    CallKind, ClientRequest, Code, ContentType, DecodeError, Encodings, Event, Framing, Limits,
    Message, MetadataList, Path, Refusal, Request, ResponseHead, SendError, ServerConfig, Status,
    Subtype, Timeout, Trailers, Value, metadata,
};
use framewright::http::Headers;
use framewright::{Buffer, BufferFull, SliceBuf};
use proptest::prelude::{ProptestConfig, Strategy, any, prop_assert, prop_assert_eq, proptest};

fn headers<'a>(list: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a [u8])> {
    list.iter().map(|(name, value)| (*name, value.as_bytes())).collect()
}

fn request<'a>(list: &[(&'a str, &'a str)]) -> Result<Request<'a>, Refusal<'static>> {
    Request::parse("POST", "/p.S/M", headers(list))
}

fn socket_request<'a>(list: &[(&'a str, &'a str)]) -> Result<Request<'a>, Refusal<'static>> {
    Request::parse_socket("/p.S/M", headers(list))
}

const GRPC: (&str, &str) = ("content-type", "application/grpc");

fn written(write: impl FnOnce(&mut Vec<u8>) -> Result<(), SendError>) -> String {
    let mut out = Vec::new();
    write(&mut out).unwrap();
    String::from_utf8(out).unwrap()
}

// Method

#[test]
fn a_method_other_than_post_is_not_allowed() {
    for method in ["GET", "PUT", "OPTIONS", "post", ""] {
        let refusal = Request::parse(method, "/p.S/M", headers(&[GRPC])).unwrap_err();
        assert_eq!(refusal.http_status(), 405);
        assert_eq!(written(|out| refusal.write(out)), "allow: POST\r\n", "nothing of gRPC");
    }
}

// Path → "/" Service-Name "/" {method name}

#[test]
fn a_path_is_a_service_and_a_method() {
    for (path, parts) in [
        ("/helloworld.Greeter/SayHello", Some(("helloworld.Greeter", "SayHello"))),
        ("/Greeter/SayHello", Some(("Greeter", "SayHello"))),
        ("/prefix/p.S/M", Some(("prefix/p.S", "M"))),
        ("/p.S/m%20x", Some(("p.S", "m%20x"))),
        ("", None),
        ("/", None),
        ("//", None),
        ("/M", None),
        ("/p.S/", None),
        ("//M", None),
        ("p.S/M", None),
        ("/p.S/M?q", None),
        ("/p.S/M#f", None),
        ("/p.S/M M", None),
        ("/p.S/\u{e9}", None),
        ("/p.S/M\r\nx: y", None),
    ] {
        let parsed = Path::parse(path);
        assert_eq!(parsed.map(|path| (path.service(), path.method())), parts, "{path}");
        assert!(parsed.is_none_or(|parsed| parsed.as_str() == path));
    }
    let refusal = Request::parse("POST", "/nothing", headers(&[GRPC])).unwrap_err();
    assert_eq!((refusal.http_status(), refusal.status().code), (200, Code::Unimplemented));
}

// TE

#[test]
fn te_is_not_required() {
    for value in ["trailers", "gzip, Trailers", "gzip", ""] {
        assert!(request(&[GRPC, ("TE", value)]).is_ok(), "{value}");
    }
    assert!(request(&[GRPC]).is_ok());
}

// Timeout → "grpc-timeout" TimeoutValue TimeoutUnit

#[test]
fn a_timeout_has_1_to_8_digits_and_a_unit() {
    for (value, duration) in [
        ("1H", Duration::from_secs(3600)),
        ("1M", Duration::from_secs(60)),
        ("1S", Duration::from_secs(1)),
        ("1m", Duration::from_millis(1)),
        ("1u", Duration::from_micros(1)),
        ("1n", Duration::from_nanos(1)),
        ("1500m", Duration::from_millis(1500)),
        ("1670M", Duration::from_secs(100_200)),
        ("99999999H", Duration::from_secs(99_999_999 * 3600)),
        ("99999999n", Duration::from_nanos(99_999_999)),
        ("00000001S", Duration::from_secs(1)),
        ("0n", Duration::ZERO),
        ("0H", Duration::ZERO),
    ] {
        assert_eq!(Timeout::parse(value.as_bytes()).unwrap().duration(), duration, "{value}");
    }
    for value in [
        "",
        "S",
        "1",
        "123456789S",
        "000000001S",
        "-1S",
        "+1S",
        " 1S",
        "1 S",
        "1s",
        "1h",
        "1N",
        "1U",
        "1x",
        "1.5S",
        "1SS",
        "0x1S",
        "\u{661}S",
    ] {
        assert_eq!(Timeout::parse(value.as_bytes()), None, "{value:?}");
    }
    let refusal = request(&[GRPC, ("grpc-timeout", "1s")]).unwrap_err();
    assert_eq!((refusal.http_status(), refusal.status().code), (200, Code::Internal));
    assert!(request(&[GRPC, ("grpc-timeout", " 1S ")]).is_ok(), "HTTP allows spaces around it");
}

#[test]
fn a_timeout_is_written_in_the_smallest_unit_that_fits_rounded_up() {
    for (duration, written) in [
        (Duration::ZERO, "1n"),
        (Duration::from_nanos(1), "1n"),
        (Duration::from_nanos(99_999_999), "99999999n"),
        (Duration::from_nanos(100_000_000), "100000u"),
        (Duration::from_nanos(100_000_001), "100001u"),
        (Duration::from_millis(1500), "1500000u"),
        (Duration::from_nanos(99_999_999_001), "100000m"),
        (Duration::from_secs(100_000), "100000S"),
        (Duration::from_secs(99_999), "99999000m"),
        (Duration::from_secs(99_999_999), "99999999S"),
        (Duration::from_secs(100_000_000), "1666667M"),
        (Duration::from_secs(6_000_000_000), "1666667H"),
        (Duration::from_secs(99_999_999 * 3600), "99999999H"),
        (Duration::from_secs(99_999_999 * 3600 + 1), "99999999H"),
        (Duration::MAX, "99999999H"),
    ] {
        assert_eq!(Timeout::from(duration).to_string(), written, "{duration:?}");
    }
}

#[test]
fn a_deadline_is_rounded_up_and_never_overflows() {
    for (value, now, at) in [
        ("1S", 5, 1005),
        ("1n", 5, 6),
        ("1000001n", 5, 7),
        ("0n", 5, 5),
        ("99999999H", 0, 359_999_996_400_000),
        ("99999999H", u64::MAX - 1, u64::MAX),
    ] {
        assert_eq!(Timeout::parse(value.as_bytes()).unwrap().deadline(now), at, "{value}");
    }
}

// Content-Type

/// PROTOCOL-HTTP2, *Content-Type*; PROTOCOL-WEB, *Content-Type*.
#[test]
fn a_content_type_has_a_framing_and_a_subtype() {
    let other = Subtype::new("vnd.example").unwrap();
    for (value, expected) in [
        ("application/grpc", Some((Framing::Grpc, ""))),
        ("application/grpc+proto", Some((Framing::Grpc, "proto"))),
        ("application/grpc+json", Some((Framing::Grpc, "json"))),
        ("application/grpc+vnd.example", Some((Framing::Grpc, other.name()))),
        ("application/grpc;charset=utf-8", Some((Framing::Grpc, ""))),
        ("Application/GRPC+Proto ; q=1", Some((Framing::Grpc, "proto"))),
        ("application/grpc+", Some((Framing::Grpc, ""))),
        ("application/grpc-web", Some((Framing::Web, ""))),
        ("application/grpc-web+proto", Some((Framing::Web, "proto"))),
        ("application/grpc-web+json; charset=utf-8", Some((Framing::Web, "json"))),
        ("application/grpc-web-text", Some((Framing::WebText, ""))),
        ("application/grpc-web-text+proto", Some((Framing::WebText, "proto"))),
        ("application/grpc-web-text-base64", Some((Framing::WebText, ""))),
        ("application/grpcfoo", None),
        ("application/grpc-foo", None),
        ("application/grp", None),
        ("application/json", None),
        ("text/html", None),
        ("", None),
        (";", None),
        ("application/grpc+a b", None),
        ("application/grpc+a+b/", None),
        ("application/grpc+a2345678901234567890123456789012", None),
    ] {
        let parsed = ContentType::parse(value.as_bytes());
        let parts = parsed.as_ref().map(|parsed| (parsed.framing, parsed.subtype.name()));
        assert_eq!(parts, expected, "{value}");
        match parsed {
            Some(parsed) => {
                let again = ContentType::parse(parsed.to_string().as_bytes());
                assert_eq!(again, Some(parsed));
                assert!(request(&[("content-type", value)]).is_ok());
            }
            None => {
                let refusal = request(&[("content-type", value)]).unwrap_err();
                assert_eq!(refusal.http_status(), 415, "{value}");
                assert_eq!(written(|out| refusal.write(out)), "");
            }
        }
    }
    assert_eq!(request(&[]).unwrap_err().http_status(), 415, "none at all");
    let unnamed = Subtype::new("").unwrap();
    assert_eq!(unnamed, Subtype::PROTO);
    assert_ne!(unnamed, Subtype::JSON);
}

#[test]
fn accept_chooses_the_framing_of_a_grpc_web_response() {
    for (content_type, accept, response) in [
        ("application/grpc-web", "application/grpc-web-text", "application/grpc-web-text"),
        ("application/grpc-web-text+json", "application/grpc-web", "application/grpc-web+json"),
        ("application/grpc-web-text", "*/*", "application/grpc-web-text"),
        ("application/grpc-web-text", "text/html, application/grpc-web", "application/grpc-web"),
        ("application/grpc-web", "application/grpc", "application/grpc-web"),
        ("application/grpc", "application/grpc-web", "application/grpc"),
        ("application/grpc+proto", "", "application/grpc+proto"),
    ] {
        let request = request(&[("content-type", content_type), ("accept", accept)]).unwrap();
        let config = ServerConfig::new().any_subtype();
        let mut call = request.accept(CallKind::Unary, &config, 0).unwrap();
        let head = written(|out| call.send_head(ResponseHead::new(), out));
        assert_eq!(head, format!("content-type: {response}\r\n"));
    }
}

#[test]
fn a_header_as_long_as_accept_does_not_choose_the_framing() {
    let list = [("content-type", "application/grpc-web"), ("accepx", "application/grpc-web-text")];
    let mut call =
        request(&list).unwrap().accept(CallKind::Unary, &ServerConfig::new(), 0).unwrap();
    let head = written(|out| call.send_head(ResponseHead::new(), out));
    assert_eq!(head, "content-type: application/grpc-web\r\n");
}

// Message-Encoding, Message-Accept-Encoding, and compression.md

#[test]
fn a_request_in_an_unknown_encoding_is_unimplemented_and_learns_the_known_ones() {
    let request = request(&[GRPC, ("grpc-encoding", "snappy")]).unwrap();
    assert_eq!(request.encoding(), Some("snappy"));
    let encodings: Encodings = "gzip, zstd".parse().unwrap(); // from a configuration
    let config = ServerConfig::new().encodings(encodings);
    let refusal = request.accept(CallKind::Unary, &config, 0).unwrap_err();
    assert_eq!((refusal.http_status(), refusal.status().code), (200, Code::Unimplemented));
    assert_eq!(
        written(|out| refusal.write(out)),
        "content-type: application/grpc\r\n\
         grpc-accept-encoding: gzip,zstd\r\n\
         grpc-status: 12\r\n\
         grpc-message: unsupported grpc-encoding; supported: gzip,zstd\r\n"
    );
    assert_eq!(
        refusal.to_string(),
        "UNIMPLEMENTED: unsupported grpc-encoding; supported: gzip,zstd"
    );
    let none = ServerConfig::new();
    let refusal = request.accept(CallKind::Unary, &none, 0).unwrap_err();
    assert_eq!(refusal.to_string(), "UNIMPLEMENTED: unsupported grpc-encoding");
    let both = ServerConfig::new().encodings(Encodings::new(&["gzip", "snappy"]).unwrap());
    let call = request.accept(CallKind::Unary, &both, 0).unwrap();
    assert_eq!(call.encoding(), Some("snappy"));
}

/// PROTOCOL-HTTP2, *Content-Type*.
#[test]
fn a_request_in_a_format_that_is_not_served_is_an_unsupported_media_type() {
    let both = ServerConfig::new().subtypes(&[Subtype::PROTO, Subtype::JSON]);
    for (config, content_type, served) in [
        (ServerConfig::new(), "application/grpc", true),
        (ServerConfig::new(), "application/grpc+proto", true),
        (ServerConfig::new(), "application/grpc+json", false),
        (ServerConfig::new(), "application/grpc-web+thrift", false),
        (ServerConfig::new(), "application/grpc-web-text+json", false),
        (both, "application/grpc-web+JSON", true),
        (both, "application/grpc", true),
        (both, "application/grpc+thrift", false),
        (ServerConfig::new().any_subtype(), "application/grpc+thrift", true),
    ] {
        let list = [("content-type", content_type)];
        for (request, is_socket) in [(request(&list), false), (socket_request(&list), true)] {
            match request.unwrap().accept(CallKind::Unary, &config, 0) {
                Ok(_) => assert!(served, "{content_type}"),
                Err(refusal) => {
                    assert!(!served, "{content_type}");
                    assert_eq!(refusal.http_status(), 415);
                    let mut out = Vec::new();
                    refusal.write(&mut out).unwrap();
                    // Over WebSocket, a status can be sent, and nothing else.
                    assert_eq!(out.first(), is_socket.then_some(&0x80));
                }
            }
        }
    }
}

/// PROTOCOL-HTTP2, *Timeout*.
#[test]
fn a_deadline_is_set_by_the_head() {
    let timeout = Timeout::parse(b"2S").unwrap();
    let client = ClientRequest::new(Path::parse("/p.S/M").unwrap()).timeout(timeout);
    let mut call = client.call(CallKind::Unary, Limits::new(), Vec::new(), 500);
    assert_eq!((call.deadline(), call.poll(2499)), (Some(2500), None));
    assert_eq!(call.poll(2500), Some(Event::End(Code::DeadlineExceeded)));
    let list = [GRPC, ("grpc-timeout", "2S")];
    for request in [request(&list), socket_request(&list)] {
        let mut call = request.unwrap().accept(CallKind::Unary, &ServerConfig::new(), 500).unwrap();
        assert_eq!((call.deadline(), call.poll(2499)), (Some(2500), None));
        assert_eq!(call.poll(2500), Some(Event::End(Code::DeadlineExceeded)));
    }
}

/// PROTOCOL-HTTP2, *Message-Accept-Encoding*; compression.md.
#[test]
fn encodings_are_a_list_of_names() {
    let long = "x".repeat(47);
    for (names, list) in [
        (&[][..], Some("")),
        (&["gzip"], Some("gzip")),
        (&["zstd", "gzip"], Some("zstd,gzip")),
        (&[&long[..]], Some(&long[..])),
        (&[&long[1..], "a"], None),
        (&["a", &long[1..]], None),
        (&[""], None),
        (&["a b"], None),
        (&["a,b"], None),
        (&["\u{e9}"], None),
    ] {
        let encodings = Encodings::new(names);
        assert_eq!(encodings.as_ref().map(Encodings::as_str), list, "{names:?}");
        if let Some(encodings) = encodings {
            assert_eq!(encodings.to_string().parse(), Ok(encodings));
            assert_eq!(format!("{encodings:?}"), format!("{names:?}"));
        }
    }
    assert_eq!(" gzip ,, zstd".parse::<Encodings>().unwrap().as_str(), "gzip,zstd");
    assert_eq!("a b".parse::<Encodings>().unwrap_err().to_string(), "invalid name of an encoding");
    assert!([&long, "a"].join(",").parse::<Encodings>().is_err());
    let ours = Encodings::new(&["zstd", "gzip", "deflate"]).unwrap();
    for (accepted, chosen) in [
        (&["identity", "deflate", "gzip"][..], Some("gzip")),
        (&["deflate", "zstd"], Some("zstd")),
        (&["GZIP", "br"], None),
        (&[], None),
    ] {
        let headers = [("grpc-accept-encoding", accepted.join(","))];
        assert_eq!(ours.choose(&headers), chosen, "{accepted:?}");
    }
}

/// compression.md: grpc-go and connect-go answer in the encoding of the request.
#[test]
fn the_encoding_of_a_request_is_accepted_in_the_response() {
    let path = Path::parse("/p.S/M").unwrap();
    let zstd = Encodings::new(&["zstd"]).unwrap();
    for (request, list, accepted) in [
        (ClientRequest::new(path).encoding("gzip"), Some("gzip"), true),
        (ClientRequest::new(path).encoding("gzip").accept_encodings(zstd), Some("zstd"), false),
        (ClientRequest::new(path).encoding("gzip").accept_encodings(Encodings::NONE), None, false),
        (ClientRequest::new(path).encoding("identity"), None, false),
        (ClientRequest::new(path), None, false),
    ] {
        let lines = written(|out| request.write(out));
        let headers = Headers::parse_lax(lines.as_bytes()).unwrap();
        assert_eq!(headers.get("grpc-accept-encoding"), list.map(str::as_bytes));
        let mut call = request.call(CallKind::Unary, Limits::new(), Vec::new(), 0);
        let head = [GRPC, ("grpc-encoding", "gzip")];
        let head = head.map(|(name, value)| (name, value.as_bytes()));
        assert_eq!(call.receive_head(200, head, false), Some(Event::Head));
        assert_eq!(call.encoding(), accepted.then_some("gzip"));
        let event = call.receive(&mut &b"\x01\0\0\0\0"[..]);
        let is_message = matches!(event, Some(Event::Message { compressed: true, .. }));
        assert_eq!(is_message, accepted);
    }
}

/// PROTOCOL-HTTP2, *Content-Coding*.
#[test]
fn identity_is_no_encoding() {
    for list in [&[GRPC][..], &[GRPC, ("grpc-encoding", "identity")]] {
        let request = request(list).unwrap();
        assert_eq!(request.encoding(), None);
        assert!(request.accept(CallKind::Unary, &ServerConfig::new(), 0).is_ok());
    }
}

#[test]
fn accepted_encodings_are_a_list_in_any_spacing_and_number_of_lines() {
    for lines in [
        &["identity,deflate,gzip"][..],
        &["identity, deflate, gzip"],
        &[" identity ,,deflate", "gzip"],
    ] {
        let list = lines.iter().map(|line| ("Grpc-Accept-Encoding", line.as_bytes()));
        for name in ["identity", "deflate", "gzip"] {
            let encodings = Encodings::new(&[name]).unwrap();
            assert_eq!(encodings.choose(list.clone()), Some(name), "{lines:?}");
        }
        assert_eq!(Encodings::new(&["deflat"]).unwrap().choose(list), None, "{lines:?}");
    }
}

// Custom-Metadata → Binary-Header / ASCII-Header

#[test]
fn metadata_are_found_among_the_headers() {
    let list = headers(&[
        (":path", "/p.S/M"),
        ("x-b", "2"),
        ("te", "trailers"),
        ("grpc-timeout", "1S"),
        ("Grpc-Future", "reserved"),
        ("user-agent", "grpc-go/1"),
        ("content-type", "application/grpc"),
        ("x-a", " spaces around "),
        ("x-bin", "q6ur, AQI,,AQI="),
        ("x-b", "1"),
        ("x-tab", "a\tb"),
        ("x-high", "\u{e9}"),
        ("x-empty", ""),
    ]);
    let expected = [
        ("x-b", Value::Text("2")),
        ("x-a", Value::Text("spaces around")),
        ("x-bin", Value::Base64(b"q6ur")),
        ("x-bin", Value::Base64(b"AQI")),
        ("x-bin", Value::Base64(b"")),
        ("x-bin", Value::Base64(b"AQI=")),
        ("x-b", Value::Text("1")),
        ("x-empty", Value::Text("")),
    ];
    assert_eq!(metadata(list).collect::<Vec<_>>(), expected);
}

/// PROTOCOL-HTTP2: sending back received metadata must not fail.
#[test]
fn received_metadata_can_be_sent_back() {
    let list = headers(&[
        ("x-a", " padded\t"),
        ("x-bin", "AQI=,q6ur"),
        ("x-bad", "a\u{7f}b"),
        ("te", "x"),
        ("x-b", "~!"),
    ]);
    let echo: Vec<_> = metadata(list).collect();
    let trailers = written(|out| Trailers::new(Status::OK).metadata(&echo).write(out));
    assert_eq!(
        trailers,
        "grpc-status: 0\r\nx-a: padded\r\nx-bin: AQI=\r\nx-bin: q6ur\r\nx-b: ~!\r\n"
    );
}

/// Go, Caddy and nghttpx write names in Canonical-Case, and HTTP/2 needs lower case (RFC 9113 §8.2.1).
#[test]
fn received_metadata_of_any_case_are_sent_in_lower_case() {
    let long = format!("X-{}", "a".repeat(253));
    let too_long = format!("X-{}", "a".repeat(254));
    let long_lower = "a".repeat(300);
    let list = headers(&[
        ("X-Echo-Foo", "1"),
        ("X-ECHO-BIN", "AQI="),
        ("x-Echo-Bin", "q6ur"),
        ("Content-Type", "application/grpc"),
        ("Grpc-Timeout", "1S"),
        (&long, "long"),
        (&too_long, "too long"),
        (&long_lower, "long, but nothing has to change"),
    ]);
    let echo: Vec<_> = metadata(list).collect();
    assert_eq!(echo[0], ("X-Echo-Foo", Value::Text("1")), "as it came");
    let expected = format!(
        "x-echo-foo: 1\r\nx-echo-bin: AQI=\r\nx-echo-bin: q6ur\r\n{}: long\r\n{long_lower}: long, but \
         nothing has to change\r\n",
        long.to_lowercase()
    );
    let trailers = written(|out| Trailers::new(Status::OK).metadata(&echo).write(out));
    assert_eq!(trailers, format!("grpc-status: 0\r\n{expected}"));
    let mut call =
        request(&[GRPC]).unwrap().accept(CallKind::Unary, &ServerConfig::new(), 0).unwrap();
    let head = written(|out| call.send_head(ResponseHead::new().metadata(&echo), out));
    assert!(head.ends_with(&expected));
    let client = ClientRequest::new(Path::parse("/p.S/M").unwrap()).metadata(&echo);
    assert!(written(|out| client.write(out)).ends_with(&expected));
    let refused = [(&*too_long, Value::Text(""))];
    let trailers = Trailers::new(Status::OK).metadata(&refused);
    assert_eq!(trailers.write(&mut Vec::new()), Err(SendError::MetadataName(0)));
}

/// PROTOCOL-HTTP2, *Custom-Metadata*: one bad value must not break the whole head.
#[test]
fn what_cannot_be_sent_on_is_skipped() {
    let bad = ["!!!", "A", "AQI==", "=", "AQ=I", "-_-_", "A Q", "AAAAA"];
    let mut list: Vec<_> = bad.iter().map(|value| ("x-a-bin", value.as_bytes())).collect();
    list.push(("x-a-bin", b"AQI=, !!!, q6ur"));
    list.push(("x!y", b"a name of HTTP, but not of gRPC"));
    list.push(("x-high", b"\xC3\xA9"));
    list.push(("x-good", b"1"));
    let echo: Vec<_> = metadata(list).collect();
    let trailers = written(|out| Trailers::new(Status::OK).metadata(&echo).write(out));
    let expected = "grpc-status: 0\r\nx-a-bin: AQI=\r\nx-a-bin: q6ur\r\nx-good: 1\r\n";
    assert_eq!(trailers, expected);
    // The same for the details of a status.
    let list = headers(&[("grpc-status", "5"), ("grpc-status-details-bin", "!!!")]);
    let status = Status::parse(list).unwrap();
    assert_eq!(written(|out| Trailers::new(status).write(out)), "grpc-status: 5\r\n");
}

/// RFC 9110 §5.6.1: empty elements are ignored. A proxy may join a field that was sent twice.
#[test]
fn fields_that_are_empty_or_repeated_mean_what_they_say() {
    for (list, encoding) in [
        (&[("grpc-encoding", "")][..], None),
        (&[("grpc-encoding", " , ")], None),
        (&[("grpc-encoding", ""), ("grpc-encoding", "gzip")], Some("gzip")),
        (&[("grpc-encoding", "gzip, gzip")], Some("gzip")),
        (&[("grpc-encoding", "gzip"), ("grpc-encoding", "gzip")], Some("gzip")),
        (&[("grpc-encoding", "identity"), ("grpc-encoding", "identity")], None),
        (&[("grpc-encoding", "identity,identity")], None),
        (&[("grpc-encoding", "Identity")], None),
        (&[("grpc-encoding", "gzip, zstd")], Some("gzip, zstd")),
        (&[("grpc-encoding", "\u{e9}")], Some("\u{e9}")),
        // Lines count as one list, and nobody knows an encoding of such a name.
        (&[("grpc-encoding", "gzip"), ("grpc-encoding", "zstd")], Some(",")),
        (&[("grpc-encoding", "identity"), ("grpc-encoding", "gzip")], Some(",")),
    ] {
        let list = [&[GRPC][..], list].concat();
        assert_eq!(request(&list).unwrap().encoding(), encoding, "{list:?}");
    }
    for (values, served) in [
        (&["application/grpc, application/grpc"][..], true),
        (&["application/grpc", "application/grpc+proto"], true),
        (&[", application/grpc ,"], true),
        (&["application/grpc; x=\"a,b\""], true),
        (&["application/grpc, application/grpc-web"], false),
        (&["application/grpc", "text/html"], false),
        (&["text/html, application/grpc"], false),
        (&["", ","], false),
    ] {
        let list: Vec<_> = values.iter().map(|value| ("content-type", *value)).collect();
        assert_eq!(request(&list).is_ok(), served, "{values:?}");
    }
    for (values, seconds) in [
        (&["1S,1S"][..], Some(Some(1))),
        (&["1S", "1S"], Some(Some(1))),
        (&["", "1S", ","], Some(Some(1))),
        (&[""], Some(None)),
        (&[" ,"], Some(None)),
        (&["1S, 2S"], None),
        (&["1S", "2S"], None),
        (&["1S", "1S, 2S", "1S"], None),
    ] {
        let mut list = vec![GRPC];
        list.extend(values.iter().map(|value| ("grpc-timeout", *value)));
        let timeout = request(&list).ok().map(|request| request.timeout());
        let expected = seconds.map(|seconds| seconds.map(Duration::from_secs));
        let duration = timeout.map(|timeout| timeout.map(Timeout::duration));
        assert_eq!(duration, expected, "{values:?}");
    }
    let list = headers(&[GRPC, ("grpc-accept-encoding", ",gzip, ,")]);
    assert_eq!(Encodings::GZIP.choose(list), Some("gzip"));
    let list =
        [("content-type", "application/grpc-web"), ("accept", ",, application/grpc-web-text")];
    let mut call =
        request(&list).unwrap().accept(CallKind::Unary, &ServerConfig::new(), 0).unwrap();
    let head = written(|out| call.send_head(ResponseHead::new(), out));
    assert_eq!(head, "content-type: application/grpc-web-text\r\n");

    let path = Path::parse("/p.S/M").unwrap();
    for value in ["", " ,", "identity", "gzip, gzip"] {
        let list = headers(&[("content-type", "application/grpc, application/grpc")]);
        let head = [&list[..], &[("grpc-encoding", value.as_bytes())]].concat();
        let client = ClientRequest::new(path).accept_encodings(Encodings::GZIP);
        let mut call = client.call(CallKind::Unary, Limits::new(), Vec::new(), 0);
        assert_eq!(call.receive_head(200, head, false), Some(Event::Head), "{value:?}");
    }
}

/// PROTOCOL-HTTP2, *Binary-Header*, *ASCII-Value*; RFC 4648 §4.
#[test]
fn base64_is_accepted_with_or_without_padding_and_with_any_last_bits() {
    for (symbols, bytes) in [
        ("", Ok(&b""[..])),
        ("q6urAQ", Ok(&[0xAB, 0xAB, 0xAB, 1])),
        ("q6urAQ==", Ok(&[0xAB, 0xAB, 0xAB, 1])),
        ("AQI", Ok(&[1, 2])),
        ("AQI=", Ok(&[1, 2])),
        ("AQJ", Ok(&[1, 2])),
        ("+/+/", Ok(&[0xFB, 0xFF, 0xBF])),
        ("AQI==", Err(())),
        ("A", Err(())),
        ("AAAAA", Err(())),
        ("-_-_", Err(())),
        ("AQ=I", Err(())),
        ("AQ==AQ==", Err(())),
        ("A Q", Err(())),
        ("=", Err(())),
    ] {
        let mut out = b">".to_vec();
        match Value::Base64(symbols.as_bytes()).decode(&mut out) {
            Ok(()) => assert_eq!(Ok(&out[1..]), bytes, "{symbols}"),
            Err(e) => {
                assert_eq!((e, bytes), (DecodeError::Base64, Err(())), "{symbols}");
                assert_eq!(out, b">", "nothing was appended");
            }
        }
    }
    let padded_inside = format!("{}AQ==AAAA", "A".repeat(60));
    let value = Value::Base64(padded_inside.as_bytes());
    assert_eq!(value.decode(&mut Vec::new()), Err(DecodeError::Base64), "at the edge of a piece");
    let mut room = [0; 3];
    let mut out = SliceBuf::new(&mut room);
    let full = DecodeError::BufferFull(BufferFull { needed: 4 });
    assert_eq!(Value::Base64(b"q6urAQ").decode(&mut out), Err(full));
    assert_eq!(out.as_slice(), b"");
}

#[test]
fn a_value_returns_what_it_was_made_of() {
    for (value, made, holds) in [
        (Value::from("text"), Value::Text("text"), &b"text"[..]),
        (Value::from(&b"\x00\xFF"[..]), Value::Bytes(b"\x00\xFF"), b"\x00\xFF"),
        (Value::Base64(b"AP8="), Value::Base64(b"AP8="), b"\x00\xFF"),
    ] {
        assert_eq!(value, made);
        let mut out = b"before ".to_vec();
        value.decode(&mut out).unwrap();
        assert_eq!(out, [b"before ", holds].concat());
        let mut none = [0; 1];
        let full = value.decode(&mut SliceBuf::new(&mut none));
        assert!(matches!(full, Err(DecodeError::BufferFull(_))), "{full:?}");
    }
}

#[test]
fn what_cannot_be_metadata_is_refused_and_nothing_is_written() {
    let bytes = Value::Bytes(&[1]);
    let text = Value::Text("x");
    for (name, value, error) in [
        ("", text, SendError::MetadataName(1)),
        ("x y", text, SendError::MetadataName(1)),
        ("x:y", text, SendError::MetadataName(1)),
        (":path", text, SendError::MetadataName(1)),
        ("x\r\n", text, SendError::MetadataName(1)),
        ("x!", text, SendError::MetadataName(1)),
        ("grpc-status", text, SendError::MetadataReserved(1)),
        ("grpc-anything", text, SendError::MetadataReserved(1)),
        ("te", text, SendError::MetadataReserved(1)),
        ("content-type", text, SendError::MetadataReserved(1)),
        ("connection", text, SendError::MetadataReserved(1)),
        ("transfer-encoding", text, SendError::MetadataReserved(1)),
        ("user-agent", text, SendError::MetadataReserved(1)),
        ("x", Value::Text("a\r\nb: c"), SendError::MetadataValue(1)),
        ("x", Value::Text("\u{e9}"), SendError::MetadataValue(1)),
        ("x", Value::Text("a\tb"), SendError::MetadataValue(1)),
        ("x", Value::Text(" a"), SendError::MetadataValue(1)),
        ("x", Value::Text("a "), SendError::MetadataValue(1)),
        ("x", bytes, SendError::MetadataValue(1)),
        ("x", Value::Base64(b"AA"), SendError::MetadataValue(1)),
        ("x-bin", text, SendError::MetadataValue(1)),
        ("x-bin", Value::Base64(b"AA,AA"), SendError::MetadataValue(1)),
        ("x-bin", Value::Base64(b"AA\r\n"), SendError::MetadataValue(1)),
        ("x-bin", Value::Base64(b"A"), SendError::MetadataValue(1)),
        ("x-bin", Value::Base64(b"AQI=="), SendError::MetadataValue(1)),
        ("X-BIN", text, SendError::MetadataValue(1)),
        ("Grpc-Status", text, SendError::MetadataReserved(1)),
    ] {
        let list = [("ok", text), (name, value)];
        let mut out = Vec::new();
        assert_eq!(Trailers::new(Status::OK).metadata(&list).write(&mut out), Err(error), "{name}");
        let request = ClientRequest::new(Path::parse("/p.S/M").unwrap()).metadata(&list);
        assert_eq!(request.write(&mut out), Err(error));
        assert_eq!(out, b"");
    }
}

#[test]
fn bytes_are_written_in_base64_without_padding_and_one_line_each() {
    let list = [
        ("x-bin", Value::Bytes(&[0xAB, 0xAB, 0xAB, 1])),
        ("x-bin", Value::Bytes(&[1, 2])),
        ("x-bin", Value::Bytes(&[])),
    ];
    let trailers = written(|out| Trailers::new(Status::OK).metadata(&list).write(out));
    assert_eq!(trailers, "grpc-status: 0\r\nx-bin: q6urAQ\r\nx-bin: AQI\r\nx-bin: \r\n");
}

#[test]
fn a_list_owns_its_metadata() {
    let mut list = MetadataList::new(Vec::new());
    assert!(list.is_empty());
    {
        let received = [("X-Echo-Foo".to_owned(), "1".to_owned()), ("te".into(), "x".into())];
        list.extend(metadata(&received)).unwrap();
    }
    list.push("x-bin", &b"\x01\x02"[..]).unwrap();
    list.push("grpc-retry-pushback-ms", "1000").unwrap();
    assert_eq!(list.push("x", "\n"), Err(SendError::MetadataValue(3)));
    assert_eq!(list.push("grpc-status", "0"), Err(SendError::MetadataReserved(3)));
    let two = [("x-one", Value::Text("1")), ("x!", Value::Text("2"))];
    assert_eq!(list.extend(two), Err(SendError::MetadataName(4)), "all or none");
    let expected = [
        ("x-echo-foo", Value::Text("1")),
        ("x-bin", Value::Base64(b"AQI")),
        ("grpc-retry-pushback-ms", Value::Text("1000")),
    ];
    assert_eq!(list.iter().collect::<Vec<_>>(), expected);
    let lines = "x-echo-foo: 1\r\nx-bin: AQI\r\ngrpc-retry-pushback-ms: 1000\r\n";
    let trailers = Trailers::new(Status::OK).metadata(&list);
    assert_eq!(written(|out| trailers.write(out)), format!("grpc-status: 0\r\n{lines}"));
    let head = ResponseHead::new().metadata(&list);
    let request = request(&[GRPC]).unwrap();
    let mut call = request.accept(CallKind::Unary, &ServerConfig::new(), 0).unwrap();
    assert!(written(|out| call.send_head(head, out)).ends_with(lines));
    let client = ClientRequest::new(Path::parse("/p.S/M").unwrap());
    let client = client.metadata(&list);
    assert!(written(|out| client.write(out)).ends_with(lines));
    assert!(format!("{client:?} {list:?}").contains("x-echo-foo"));
    let mut room = [0; 8];
    let mut small = MetadataList::new(SliceBuf::new(&mut room));
    assert!(matches!(small.push("x-long", "value"), Err(SendError::BufferFull(_))));
    assert!(small.is_empty());
    list.clear();
    assert_eq!(list.iter().count(), 0);
}

/// A6-client-retries.md: pushback is metadata of the trailers.
#[test]
fn a_refusal_has_metadata() {
    let request = request(&[GRPC]).unwrap();
    let pushback = [("grpc-retry-pushback-ms", Value::Text("500"))];
    let status = Status::new(Code::Unavailable, "busy");
    let refusal = request.refuse(status).metadata(&pushback);
    let lines = "grpc-status: 14\r\ngrpc-message: busy\r\ngrpc-retry-pushback-ms: 500\r\n";
    let expected = format!("content-type: application/grpc\r\n{lines}");
    assert_eq!(written(|out| refusal.write(out)), expected);
    let mut out = Vec::new();
    let over_socket = socket_request(&[GRPC]).unwrap().refuse(status).metadata(&pushback);
    over_socket.write(&mut out).unwrap();
    assert_eq!(out[5..], *lines.as_bytes());
    let bad = [("grpc-timeout", Value::Text("1S"))];
    let refusal = request.refuse(status).metadata(&bad);
    assert_eq!(refusal.write(&mut Vec::new()), Err(SendError::MetadataReserved(0)));
}

// Request-Headers → Call-Definition *Custom-Metadata

#[test]
fn a_request_head_has_the_timeout_first_and_metadata_last() {
    let request = ClientRequest::new(Path::parse("/p.S/M").unwrap())
        .timeout(Duration::from_secs(1))
        .encoding("gzip")
        .accept_encodings(Encodings::new(&["gzip", "deflate"]).unwrap())
        .user_agent("grpc-rust-framewright/0.1.0")
        .metadata(&[("x-id", Value::Text("7"))]);
    assert_eq!(
        written(|out| request.write(out)),
        "grpc-timeout: 1000000u\r\n\
         te: trailers\r\n\
         content-type: application/grpc+proto\r\n\
         grpc-encoding: gzip\r\n\
         grpc-accept-encoding: gzip,deflate\r\n\
         user-agent: grpc-rust-framewright/0.1.0\r\n\
         x-id: 7\r\n"
    );
    assert_eq!(
        written(|out| request.content_type(ContentType::WEB_TEXT).write(out)),
        "grpc-timeout: 1000000u\r\n\
         content-type: application/grpc-web-text+proto\r\n\
         accept: application/grpc-web-text+proto\r\n\
         x-grpc-web: 1\r\n\
         grpc-encoding: gzip\r\n\
         grpc-accept-encoding: gzip,deflate\r\n\
         x-user-agent: grpc-rust-framewright/0.1.0\r\n\
         x-id: 7\r\n"
    );
}

#[test]
fn a_request_head_is_read_in_any_order_and_any_case() {
    // The order of grpc-js: custom metadata first.
    let list = headers(&[
        (":authority", "localhost"),
        ("x-id", "7"),
        ("Grpc-Timeout", "5S"),
        ("Content-Type", "application/grpc"),
        ("TE", "trailers"),
        ("grpc-encoding", "gzip"),
    ]);
    let request = Request::parse("POST", "/p.S/M", list).unwrap();
    assert_eq!(request.path().service(), "p.S");
    assert_eq!(request.timeout().unwrap().duration(), Duration::from_secs(5));
    assert_eq!(request.encoding(), Some("gzip"));
    assert_eq!(request.content_type(), ContentType::GRPC);
}

/// PROTOCOL-HTTP2, *Header-Name*.
#[test]
fn names_that_would_break_a_line_are_refused() {
    let request = ClientRequest::new(Path::parse("/p.S/M").unwrap());
    let mut out = Vec::new();
    assert_eq!(request.encoding("a b").write(&mut out), Err(SendError::Encoding));
    assert_eq!(request.encoding(&"x".repeat(48)).write(&mut out), Err(SendError::Encoding));
    assert_eq!(request.user_agent("a\r\nb").write(&mut out), Err(SendError::UserAgent));
    assert_eq!(out, b"");
}

#[test]
fn a_head_is_written_whole_or_not_at_all() {
    let request = ClientRequest::new(Path::parse("/p.S/M").unwrap());
    let len = written(|out| request.write(out)).len();
    for room in 0..len {
        let mut bytes = vec![0; room];
        let mut out = SliceBuf::new(&mut bytes);
        let full = SendError::BufferFull(BufferFull { needed: len });
        assert_eq!(request.write(&mut out), Err(full));
        assert_eq!(out.as_slice(), b"");
    }
}

/// PROTOCOL-HTTP2, *Trailers-Only*.
#[test]
fn a_refusal_is_trailers_only() {
    let request = request(&[("content-type", "application/grpc-web-text+proto")]).unwrap();
    let refusal = request.refuse(Status::new(Code::PermissionDenied, "not you"));
    assert_eq!(
        (refusal.http_status(), refusal.to_string()),
        (200, "PERMISSION_DENIED: not you".into())
    );
    assert_eq!(
        written(|out| refusal.write(out)),
        "content-type: application/grpc-web-text+proto\r\n\
         grpc-status: 7\r\n\
         grpc-message: not you\r\n"
    );
    assert_eq!(request.unimplemented().status().code, Code::Unimplemented);
}

// Header lists as lines

#[test]
fn lines_are_read_in_any_spacing_and_with_repetitions() {
    for (lines, fields) in [
        ("", &[][..]),
        ("a: 1\r\n", &[("a", "1")][..]),
        ("a:1\r\nb:  2 \r\na: 3\r\n", &[("a", "1"), ("b", "2"), ("a", "3")]),
        ("A: 1\r\n\r\n", &[("A", "1")]),
        ("a: 1\nb: 2\n", &[("a", "1"), ("b", "2")]),
        ("a: 1\r\nb: 2", &[("a", "1"), ("b", "2")]),
        ("a:\r\n", &[("a", "")]),
        ("a: b: c\r\n", &[("a", "b: c")]),
        ("\r\n", &[]),
    ] {
        let parsed = Headers::parse_lax(lines.as_bytes()).unwrap();
        assert_eq!(parsed.iter().collect::<Vec<_>>(), headers(fields), "{lines:?}");
    }
    for lines in [
        "a\r\n",
        ": 1\r\n",
        "a b: 1\r\n",
        "\r\na: 1\r\n",
        "a: \0\r\n",
        "a: 1\rb: 2\r\n",
        " a: 1\r\n",
    ] {
        assert!(Headers::parse_lax(lines.as_bytes()).is_none(), "{lines:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_timeout_comes_back_no_shorter_and_as_close_as_can_be(
        secs in any::<u64>(), shift in 0..64_u32, nanos in 0..1_000_000_000_u32,
    ) {
        let duration = Duration::new(secs >> shift, nanos);
        let timeout = Timeout::from(duration);
        let longest = Timeout::parse(b"99999999H").unwrap();
        let text = timeout.to_string();
        prop_assert_eq!(Timeout::parse(text.as_bytes()), Some(timeout));
        prop_assert!(text.len() <= 9);
        if duration.is_zero() {
            prop_assert_eq!(text, "1n");
        } else if duration <= longest.duration() {
            let over = timeout.duration() - duration;
            // One unit less would be too short, and a smaller unit would not fit.
            prop_assert!(over * 99_999 <= duration || over == Duration::ZERO, "{over:?}");
        } else {
            prop_assert_eq!(timeout, longest);
        }
    }

    #[test]
    fn nothing_makes_a_head_panic(
        path in any::<String>(),
        list in proptest::collection::vec(("[a-zA-Z:-]{0,24}", any::<Vec<u8>>()), 0..6),
        lines in any::<Vec<u8>>(),
    ) {
        const NAMES: [&str; 6] =
            ["te", "accept", "content-type", "grpc-timeout", "grpc-encoding", "x-bin"];
        let named = NAMES.iter().copied().zip(list.iter().map(|(_, value)| &value[..]));
        let any = list.iter().map(|(name, value)| (&name[..], &value[..]));
        let list: Vec<_> = any.chain(named).chain(headers(&[GRPC])).collect();
        let _request = Request::parse("POST", &path, list.iter().copied());
        let _status = Status::parse(list.iter().copied());
        let _encoding = Encodings::GZIP.choose(list.iter().copied());
        for (_, value) in metadata(list) {
            let _decoded = value.decode(&mut Vec::new());
        }
        if let Some(fields) = Headers::parse_lax(&lines) {
            let _count = fields.iter().count();
        }
    }

    #[test]
    fn metadata_come_back(
        list in proptest::collection::vec(
            proptest::prelude::prop_oneof![
                ("[a-z0-9_.-]{1,8}x", "[!-~]([ -~]{0,20}[!-~])?").prop_map(|(name, text)| (name, Ok(text))),
                ("[a-z0-9_.-]{1,8}-bin", any::<Vec<u8>>()).prop_map(|(name, bytes)| (name, Err(bytes))),
            ],
            0..6,
        ),
    ) {
        let list: Vec<_> = list.into_iter().filter(|(name, _)| !name.starts_with("grpc-")).collect();
        let values: Vec<_> = list
            .iter()
            .map(|(name, value)| (&name[..], match value {
                Ok(text) => Value::Text(text),
                Err(bytes) => Value::Bytes(bytes),
            }))
            .collect();
        let lines = written(|out| Trailers::new(Status::OK).metadata(&values).write(out));
        let fields = Headers::parse_lax(lines.as_bytes()).unwrap();
        let back: Vec<_> = metadata(fields)
            .map(|(name, value)| {
                let mut bytes = Vec::new();
                value.decode(&mut bytes).unwrap();
                (name.to_owned(), bytes)
            })
            .collect();
        let expected: Vec<_> = list
            .iter()
            .map(|(name, value)| (name.clone(), match value {
                Ok(text) => text.clone().into_bytes(),
                Err(bytes) => bytes.clone(),
            }))
            .collect();
        prop_assert_eq!(back, expected);
    }
}

/// Values may be long.
#[test]
fn debug_shows_the_beginning_of_values_and_their_length() {
    let long = [b'x'; 100];
    let cut = format!("\"{}\"… (100 bytes)", "x".repeat(64));
    let text = str::from_utf8(&long).unwrap();
    for (shown, expected) in [
        (format!("{:?}", Value::Text("a\"")), "Text(\"a\\\"\" (2 bytes))".to_owned()),
        (format!("{:?}", Value::Bytes(&[0])), "Bytes(\"\\x00\" (1 bytes))".to_owned()),
        (format!("{:?}", Value::Base64(&long)), format!("Base64({cut})")),
        (format!("{:?}", Status::new(Code::Ok, text).message), format!("Text({cut})")),
        (
            format!("{:?}", Message::from(&long)),
            format!("Message {{ compressed: false, bytes: {cut} }}"),
        ),
        (format!("{:?}", SocketPart::Data(&long)), format!("Data({cut})")),
    ] {
        assert_eq!(shown, expected);
    }
}

#[test]
fn debug_shows_no_credentials() {
    let request = ClientRequest::new(Path::parse("/p.S/M").unwrap())
        .metadata(&[("authorization", Value::Text("Bearer secret"))]);
    let shown = format!("{request:?}");
    assert!(shown.contains("authorization") && !shown.contains("secret"), "{shown}");
}
