//! Messages: which fields are malformed, in which message (RFC 9113 §8). Each case says where it is from.

use framewright::http2::Error;

use super::common::http2_peer::{END_STREAM, OK as RESPONSE, POST, headers};
use super::common::http2_session::{Seen, Session, client, server};

/// A head and what is wrong with it, if anything.
pub struct Case {
    pub source: &'static str,
    pub fields: &'static [(&'static str, &'static str)],
    pub error: Option<Error>,
}

const fn right(source: &'static str, fields: &'static [(&'static str, &'static str)]) -> Case {
    Case { source, fields, error: None }
}

const fn wrong(
    source: &'static str,
    error: Error,
    fields: &'static [(&'static str, &'static str)],
) -> Case {
    Case { source, fields, error: Some(error) }
}

const GET: (&str, &str) = (":method", "GET");
const HTTP: (&str, &str) = (":scheme", "http");
const PATH: (&str, &str) = (":path", "/");
const HOST: (&str, &str) = (":authority", "a.example");
const CONNECT: (&str, &str) = (":method", "CONNECT");
const WEBSOCKET: (&str, &str) = (":protocol", "websocket");
const OK: (&str, &str) = (":status", "200");

#[rustfmt::skip]
pub const REQUESTS: &[Case] = &[
    right("§8.3.1", &[GET, HTTP, HOST, PATH]),
    right("§8.3.1, any order", &[PATH, HOST, HTTP, GET, ("accept", "*/*")]),
    // Names (§8.2.1).
    wrong("h2spec http2/8.1.2/1: field name in uppercase letters", Error::FieldName,
        &[GET, HTTP, HOST, PATH, ("X-TEST", "ok")]),
    wrong("§8.2.1: 0x41-0x5a anywhere", Error::FieldName, &[GET, HTTP, HOST, PATH, ("x-tesT", "ok")]),
    wrong("§8.2.1: 0x00-0x20", Error::FieldName, &[GET, HTTP, HOST, PATH, ("x test", "ok")]),
    wrong("§8.2.1: 0x00-0x20", Error::FieldName, &[GET, HTTP, HOST, PATH, ("x\n", "ok")]),
    wrong("§8.2.1: 0x00-0x20", Error::FieldName, &[GET, HTTP, HOST, PATH, ("\0x", "ok")]),
    wrong("§8.2.1: 0x7f-0xff", Error::FieldName, &[GET, HTTP, HOST, PATH, ("x\u{7f}", "ok")]),
    wrong("§8.2.1: 0x7f-0xff", Error::FieldName, &[GET, HTTP, HOST, PATH, ("caf\u{e9}", "ok")]),
    wrong("§8.2.1: a colon inside", Error::FieldName, &[GET, HTTP, HOST, PATH, ("x:y", "ok")]),
    wrong("CVE-2019-9516: an empty name", Error::FieldName, &[GET, HTTP, HOST, PATH, ("", "ok")]),
    wrong("RFC 9110 §5.6.2: not a token", Error::FieldName, &[GET, HTTP, HOST, PATH, ("x(y)", "ok")]),
    right("RFC 9110 §5.6.2: every tchar", &[GET, HTTP, HOST, PATH, ("!#$%&'*+-.^_`|~09az", "ok")]),
    // Values (§8.2.1).
    wrong("§8.2.1: NUL", Error::FieldValue, &[GET, HTTP, HOST, PATH, ("x", "a\0b")]),
    wrong("§8.2.1: LF", Error::FieldValue, &[GET, HTTP, HOST, PATH, ("x", "a\nb")]),
    wrong("§8.2.1: CR", Error::FieldValue, &[GET, HTTP, HOST, PATH, ("x", "a\rb")]),
    wrong("§8.2.1: SP first", Error::FieldValue, &[GET, HTTP, HOST, PATH, ("x", " a")]),
    wrong("§8.2.1: HTAB first", Error::FieldValue, &[GET, HTTP, HOST, PATH, ("x", "\ta")]),
    wrong("§8.2.1: SP last", Error::FieldValue, &[GET, HTTP, HOST, PATH, ("x", "a ")]),
    wrong("§8.2.1: HTAB last", Error::FieldValue, &[GET, HTTP, HOST, PATH, ("x", "a\t")]),
    wrong("§8.2.1: a lone SP", Error::FieldValue, &[GET, HTTP, HOST, PATH, ("x", " ")]),
    wrong("stricter than §8.2.1: other controls", Error::FieldValue, &[GET, HTTP, HOST, PATH, ("x", "a\u{1}b")]),
    wrong("stricter than §8.2.1: DEL", Error::FieldValue, &[GET, HTTP, HOST, PATH, ("x", "a\u{7f}b")]),
    wrong("§8.2.1, in a pseudo-field", Error::FieldValue, &[GET, HTTP, HOST, (":path", "/\r\nx: y")]),
    right("§8.2.1: HTAB and SP inside", &[GET, HTTP, HOST, PATH, ("x", "a \t b")]),
    right("RFC 9110 §5.5: obs-text", &[GET, HTTP, HOST, PATH, ("x", "caf\u{e9}")]),
    right("RFC 9110 §5.5: empty", &[GET, HTTP, HOST, PATH, ("x", "")]),
    // Fields about a connection (§8.2.2).
    wrong("h2spec http2/8.1.2.2/1: connection-specific field", Error::FieldReserved,
        &[GET, HTTP, HOST, PATH, ("connection", "keep-alive")]),
    wrong("§8.2.2", Error::FieldReserved, &[GET, HTTP, HOST, PATH, ("proxy-connection", "keep-alive")]),
    wrong("§8.2.2", Error::FieldReserved, &[GET, HTTP, HOST, PATH, ("keep-alive", "timeout=5")]),
    wrong("§8.2.2", Error::FieldReserved, &[GET, HTTP, HOST, PATH, ("transfer-encoding", "chunked")]),
    wrong("§8.2.2", Error::FieldReserved, &[GET, HTTP, HOST, PATH, ("upgrade", "websocket")]),
    wrong("§3.1: HTTP2-Settings is gone", Error::FieldReserved, &[GET, HTTP, HOST, PATH, ("http2-settings", "")]),
    wrong("h2spec http2/8.1.2.2/2: TE with another value", Error::Te, &[GET, HTTP, HOST, PATH, ("te", "trailers, deflate")]),
    wrong("§8.2.2", Error::Te, &[GET, HTTP, HOST, PATH, ("te", "gzip")]),
    right("§8.2.2", &[GET, HTTP, HOST, PATH, ("te", "trailers")]),
    // Cookies (§8.2.3).
    right("§8.2.3: crumbs", &[GET, HTTP, HOST, PATH, ("cookie", "a=b"), ("cookie", "c=d"), ("cookie", "e=f")]),
    // Pseudo-fields (§8.3).
    wrong("h2spec http2/8.1.2.1/1: unknown pseudo-header field", Error::PseudoField, &[GET, HTTP, HOST, PATH, (":test", "ok")]),
    wrong("h2spec http2/8.1.2.1/2: response's pseudo-header field", Error::PseudoField, &[GET, HTTP, HOST, PATH, OK]),
    wrong("h2spec http2/8.1.2.1/4: pseudo-header field after a regular one", Error::PseudoField,
        &[HTTP, HOST, PATH, ("x-test", "ok"), GET]),
    wrong("§8.3: a lone colon", Error::PseudoField, &[GET, HTTP, HOST, PATH, (":", "ok")]),
    wrong("§8.3: upper case", Error::PseudoField, &[(":METHOD", "GET"), HTTP, HOST, PATH]),
    // Requests (§8.3.1).
    wrong("h2spec http2/8.1.2.3/1: empty :path", Error::Path, &[GET, HTTP, HOST, (":path", "")]),
    wrong("h2spec http2/8.1.2.3/2: no :method", Error::PseudoMissing, &[HTTP, HOST, PATH]),
    wrong("h2spec http2/8.1.2.3/3: no :scheme", Error::PseudoMissing, &[GET, HOST, PATH]),
    wrong("h2spec http2/8.1.2.3/4: no :path", Error::PseudoMissing, &[GET, HTTP, HOST]),
    wrong("h2spec http2/8.1.2.3/5: :method twice", Error::PseudoField, &[GET, GET, HTTP, HOST, PATH]),
    wrong("h2spec http2/8.1.2.3/6: :scheme twice", Error::PseudoField, &[GET, HTTP, HTTP, HOST, PATH]),
    wrong("h2spec http2/8.1.2.3/7: :path twice", Error::PseudoField, &[GET, HTTP, HOST, PATH, PATH]),
    wrong("§8.3: :authority twice", Error::PseudoField, &[GET, HTTP, HOST, HOST, PATH]),
    wrong("§8.3: nothing", Error::PseudoMissing, &[]),
    wrong("RFC 9110 §9.1: not a token", Error::Method, &[(":method", "G T"), HTTP, HOST, PATH]),
    wrong("RFC 9110 §9.1: empty", Error::Method, &[(":method", ""), HTTP, HOST, PATH]),
    right("RFC 9110 §9.1: any token, in any case", &[(":method", "pro_pfind"), HTTP, HOST, PATH]),
    wrong("RFC 3986 §3.1: empty", Error::Scheme, &[GET, (":scheme", ""), HOST, PATH]),
    wrong("RFC 3986 §3.1", Error::Scheme, &[GET, (":scheme", "1http"), HOST, PATH]),
    wrong("RFC 3986 §3.1: smuggling a URL", Error::Scheme, &[GET, (":scheme", "http://b/?"), HOST, PATH]),
    right("RFC 3986 §3.1", &[GET, (":scheme", "coap+tcp"), HOST, PATH]),
    wrong("§8.3.1: no slash", Error::Path, &[GET, HTTP, HOST, (":path", "a")]),
    wrong("§8.3.1: a URL", Error::Path, &[GET, HTTP, HOST, (":path", "http://b/")]),
    wrong("RFC 3986 §3.3: a space", Error::Path, &[GET, HTTP, HOST, (":path", "/a b")]),
    wrong("RFC 3986 §3.3: not ASCII", Error::Path, &[GET, HTTP, HOST, (":path", "/caf\u{e9}")]),
    wrong("§8.3.1: * without OPTIONS", Error::Path, &[GET, HTTP, HOST, (":path", "*")]),
    right("§8.3.1: OPTIONS *", &[(":method", "OPTIONS"), HTTP, HOST, (":path", "*")]),
    right("§8.3.1: OPTIONS *, in another order", &[(":path", "*"), HOST, HTTP, (":method", "OPTIONS")]),
    right("§8.3.1: another scheme", &[GET, (":scheme", "urn"), HOST, (":path", "a:b")]),
    right("§8.3.1: another scheme, empty path", &[GET, (":scheme", "urn"), (":path", "")]),
    wrong("§8.3.1: userinfo", Error::Authority, &[GET, HTTP, (":authority", "me@a.example"), PATH]),
    wrong("RFC 3986 §3.2", Error::Authority, &[GET, HTTP, (":authority", "a.example/b"), PATH]),
    wrong("RFC 3986 §3.2.3", Error::Authority, &[GET, HTTP, (":authority", "a.example:x"), PATH]),
    right("RFC 3986 §3.2.3", &[GET, HTTP, (":authority", "a.example:8080"), PATH]),
    right("RFC 3986 §3.2.3", &[GET, HTTP, (":authority", "a.example:50051"), PATH]),
    wrong("RFC 3986 §3.2.3", Error::Authority, &[GET, HTTP, (":authority", "a.example:80x0"), PATH]),
    wrong("RFC 3986 §3.2.3", Error::Authority, &[GET, HTTP, (":authority", "a.example:500x1"), PATH]),
    wrong("RFC 9110 §4.2.1: an empty host", Error::Authority, &[GET, HTTP, (":authority", ""), PATH]),
    wrong("RFC 9110 §4.2.1: an empty host", Error::Authority, &[GET, HTTP, (":authority", ":80"), PATH]),
    wrong("GHSA-2v4p-qf9q-27wj: no authority", Error::Authority, &[GET, HTTP, PATH]),
    wrong("GHSA-2v4p-qf9q-27wj: no authority", Error::Authority, &[GET, (":scheme", "HTTPS"), PATH]),
    right("§8.3.1: from a gateway", &[GET, HTTP, PATH, ("host", "a.example")]),
    right("§8.3.1: both", &[GET, HTTP, HOST, PATH, ("host", "a.example")]),
    right("RFC 3986 §3.2.2: hosts have no case", &[GET, HTTP, HOST, PATH, ("host", "A.EXAMPLE")]),
    wrong("httpwg: host differs from :authority", Error::Authority, &[GET, HTTP, HOST, PATH, ("host", "b.example")]),
    wrong("httpwg: host differs from :authority", Error::Authority, &[GET, HTTP, HOST, PATH, ("host", "a.example:80")]),
    wrong("CVE-2026-71554: host twice", Error::Authority,
        &[GET, HTTP, HOST, PATH, ("host", "a.example"), ("host", "a.example")]),
    wrong("CVE-2026-71554: host twice", Error::Authority, &[GET, HTTP, PATH, ("host", "a.example"), ("host", "b.example")]),
    wrong("RFC 9110 §7.2", Error::Authority, &[GET, HTTP, PATH, ("host", "a.example, b.example")]),
    // Lengths (§8.1.1): all of these heads end the stream.
    right("§8.1.1", &[GET, HTTP, HOST, PATH, ("content-length", "0")]),
    wrong("CVE-2021-21409: a length without a body", Error::ContentLength, &[GET, HTTP, HOST, PATH, ("content-length", "1")]),
    wrong("RFC 9110 §8.6: a sign", Error::ContentLength, &[GET, HTTP, HOST, PATH, ("content-length", "+0")]),
    wrong("RFC 9110 §8.6: no digits", Error::ContentLength, &[GET, HTTP, HOST, PATH, ("content-length", "")]),
    wrong("RFC 9110 §8.6: over 64 bits", Error::ContentLength,
        &[GET, HTTP, HOST, PATH, ("content-length", "18446744073709551616")]),
    wrong("RFC 9110 §8.6: a list", Error::ContentLength, &[GET, HTTP, HOST, PATH, ("content-length", "0, 0")]),
    wrong("stricter than RFC 9110 §8.6: repeated", Error::ContentLength,
        &[GET, HTTP, HOST, PATH, ("content-length", "0"), ("content-length", "0")]),
    // CONNECT (§8.5).
    right("§8.5", &[CONNECT, (":authority", "a.example:443")]),
    wrong("§8.5: with :scheme", Error::PseudoField, &[CONNECT, HTTP, (":authority", "a.example:443")]),
    wrong("§8.5: with :path", Error::PseudoField, &[CONNECT, (":authority", "a.example:443"), PATH]),
    wrong("§8.5: no :authority", Error::Authority, &[CONNECT]),
    wrong("§8.5: only host", Error::Authority, &[CONNECT, ("host", "a.example:443")]),
    wrong("§8.5: no port", Error::Authority, &[CONNECT, HOST]),
    // Extended CONNECT (RFC 8441 §4): it was offered.
    right("RFC 8441 §5.1", &[CONNECT, WEBSOCKET, (":scheme", "https"), (":path", "/chat"), HOST]),
    right("Chromium 156", &[CONNECT, HOST, (":scheme", "https"), (":path", "/chat"), WEBSOCKET, ("sec-websocket-version", "13")]),
    right("Firefox ESR 153", &[CONNECT, (":path", "/chat"), HOST, (":scheme", "https"), WEBSOCKET]),
    wrong("RFC 8441 §4: another method", Error::PseudoField, &[GET, WEBSOCKET, HTTP, PATH, HOST]),
    wrong("RFC 8441 §4: no :scheme", Error::PseudoMissing, &[CONNECT, WEBSOCKET, PATH, HOST]),
    wrong("hyperium/hyper#3242: no :path", Error::PseudoMissing, &[CONNECT, WEBSOCKET, HTTP, HOST]),
    wrong("RFC 8441 §4: no :authority", Error::Authority, &[CONNECT, WEBSOCKET, HTTP, PATH]),
    wrong("RFC 8441 §4: twice", Error::PseudoField, &[CONNECT, WEBSOCKET, WEBSOCKET, HTTP, PATH, HOST]),
    wrong("RFC 8441 §4: not a token", Error::PseudoField, &[CONNECT, (":protocol", ""), HTTP, PATH, HOST]),
];

#[rustfmt::skip]
pub const RESPONSES: &[Case] = &[
    right("§8.3.2", &[OK]),
    right("§8.3.2", &[(":status", "599"), ("server", "x")]),
    right("RFC 9110 §15: to be taken for 500", &[(":status", "999")]),
    wrong("§8.3.2: none (h2 0.4.20)", Error::PseudoMissing, &[("server", "x")]),
    wrong("§8.3.2: none", Error::PseudoMissing, &[]),
    wrong("§8.3.2: twice", Error::PseudoField, &[OK, OK]),
    wrong("§8.3: after a field", Error::PseudoField, &[("server", "x"), OK]),
    wrong("§8.3: of a request", Error::PseudoField, &[OK, PATH]),
    wrong("§8.3: of a request", Error::PseudoField, &[GET, HTTP, HOST, PATH]),
    wrong("RFC 9110 §15: two digits", Error::Status, &[(":status", "20")]),
    wrong("RFC 9110 §15: four digits", Error::Status, &[(":status", "2000")]),
    wrong("RFC 9110 §15: with a reason", Error::Status, &[(":status", "200 OK")]),
    wrong("RFC 9110 §15: below 100", Error::Status, &[(":status", "099")]),
    wrong("RFC 9110 §15: a sign", Error::Status, &[(":status", "+20")]),
    wrong("RFC 9110 §15: empty", Error::Status, &[(":status", "")]),
    wrong("§8.6: 101", Error::Status, &[(":status", "101")]),
    wrong("§8.1: 1xx ends the stream", Error::EndUnexpected, &[(":status", "103")]),
    wrong("§8.2.1", Error::FieldName, &[OK, ("Server", "x")]),
    wrong("§8.2.1", Error::FieldValue, &[OK, ("server", "x\r\ny: z")]),
    wrong("§8.2.2", Error::FieldReserved, &[OK, ("connection", "close")]),
    wrong("§8.2.2", Error::FieldReserved, &[OK, ("transfer-encoding", "chunked")]),
    wrong("§8.1.1: a length without a body", Error::ContentLength, &[OK, ("content-length", "1")]),
    right("§8.1.1: 204 has no body", &[(":status", "204"), ("content-length", "1")]),
    right("§8.1.1: 304 has no body", &[(":status", "304"), ("content-length", "1")]),
    right("RFC 9110 §7.2: host means nothing here", &[OK, ("host", "a b"), ("host", "c")]),
];

#[rustfmt::skip]
pub const TRAILERS: &[Case] = &[
    right("§8.1", &[("grpc-status", "0")]),
    right("§8.1: empty", &[]),
    right("RFC 9110 §6.5.1: nobody counts it", &[("content-length", "5")]),
    wrong("h2spec http2/8.1.2.1/3: pseudo-header field as trailers", Error::PseudoField, &[("x", "y"), (":method", "GET")]),
    wrong("§8.1", Error::PseudoField, &[OK]),
    wrong("§8.2.1", Error::FieldName, &[("Grpc-Status", "0")]),
    wrong("§8.2.1", Error::FieldValue, &[("grpc-status", "0 ")]),
    wrong("§8.2.2", Error::FieldReserved, &[("upgrade", "x")]),
];

/// Sends the head on stream 1, with the end of the stream, and returns what the end saw of it.
fn error_of<R: framewright::http2::Side>(
    mut session: Session<R>,
    before: &[u8],
    fields: &[(&str, &str)],
) -> Option<Error> {
    session.open();
    session.receive(before);
    session.seen.clear();
    session.receive(&headers(1, END_STREAM, fields));
    match &session.seen[..] {
        [Seen::StreamFailed { stream: 1, error }] => Some(*error),
        [Seen::Head { stream: 1, end: true, .. } | Seen::Trailers { stream: 1, .. }] => None,
        other => panic!("{other:?}"),
    }
}

/// §8.1.1, §8.2.1, §8.2.2, §8.2.3, §8.3, §8.3.1, §8.5 (RFC 8441 §4).
#[test]
fn requests_keep_the_rules() {
    for Case { source, fields, error } in REQUESTS {
        assert_eq!(error_of(server(), b"", fields), *error, "{source}: {fields:?}");
    }
}

/// §8.1.1, §8.2.1, §8.2.2, §8.3, §8.3.2, §8.6.
#[test]
fn responses_keep_the_rules() {
    for Case { source, fields, error } in RESPONSES {
        assert_eq!(error_of(client(), b"", fields), *error, "{source}: {fields:?}");
    }
}

/// §8.1, §8.2.1, §8.2.2, §8.3.
#[test]
fn trailers_keep_the_rules() {
    for Case { source, fields, error } in TRAILERS {
        let of_request = error_of(server(), &headers(1, 0, POST), fields);
        assert_eq!(of_request, *error, "{source}: {fields:?}");
        let of_response = error_of(client(), &headers(1, 0, RESPONSE), fields);
        assert_eq!(of_response, *error, "{source}: {fields:?}");
    }
}
