//! A client in front of a server that breaks the rules: the cases of h2spec seen from the other side, in its order (RFC 9113).

use super::common::http2_peer::*;
use super::common::http2_session::{Reaction, Reaction::*, client, reaction_to};

/// What the server sends after an empty SETTINGS to a client whose request on stream 1 is complete, and whose
/// request on stream 3 is not; and what the client does.
struct Case {
    name: &'static str,
    send: fn() -> Vec<Vec<u8>>,
    reaction: Reaction,
}

const fn case(name: &'static str, reaction: Reaction, send: fn() -> Vec<Vec<u8>>) -> Case {
    Case { name, send, reaction }
}

/// A response whose body is to come.
fn ok(stream: u32) -> Vec<u8> {
    headers(stream, 0, OK)
}

/// A response without a body.
fn ok_alone(stream: u32) -> Vec<u8> {
    headers(stream, END_STREAM, OK)
}

fn early_hints(stream: u32) -> Vec<u8> {
    headers(stream, 0, &[(":status", "103"), ("link", "</a>")])
}

fn with_length(len: &'static str) -> Vec<u8> {
    headers(1, 0, &[(":status", "200"), ("content-length", len)])
}

#[rustfmt::skip]
const CASES: &[Case] = &[
    case("generic/2: PRIORITY on an idle stream", Fine, || vec![priority(9, 0), ok_alone(1)]),
    case("generic/2: WINDOW_UPDATE on a half-closed (remote) stream", Fine, || vec![ok_alone(3), window_update(3, 100)]),
    case("generic/2: PRIORITY on a closed stream", Fine, || vec![ok_alone(1), priority(1, 0)]),
    case("httpwg: PRIORITY of another length on a closed stream", GoAway(FRAME_SIZE_ERROR), || vec![ok_alone(1), frame(PRIORITY, 0, 1, &[0; 4])]),
    case("generic/3.1: DATA", Fine, || vec![ok(1), data(1, END_STREAM, b"test")]),
    case("generic/3.1: DATA with padding", Fine, || vec![ok(1), data(1, END_STREAM | PADDED, b"\x06test\0\0\0\0\0\0")]),
    case("generic/3.1: an empty DATA at the end, as Node sends", Fine, || vec![ok(1), data(1, 0, b"test"), data(1, END_STREAM, b"")]),
    case("generic/3.4: RST_STREAM", Fine, || vec![reset(1, CANCEL)]),
    case("generic/3.5: SETTINGS", Fine, || vec![settings(&[(MAX_CONCURRENT_STREAMS, 100)])]),
    case("generic/3.7: PING", Fine, || vec![ping(b"h2spec\0\0")]),
    case("generic/3.8: GOAWAY", Fine, || vec![goaway(3, NO_ERROR), ok_alone(1)]),
    case("generic/3.10: CONTINUATION", Fine, || {
        let bytes = block(OK);
        vec![frame(HEADERS, END_STREAM, 1, &bytes[..3]), frame(CONTINUATION, END_HEADERS, 1, &bytes[3..])]
    }),
    case("generic/4: trailers", Fine, || vec![ok(1), data(1, 0, b"test"), headers(1, END_STREAM, &[("x-trailer", "test")])]),
    case("generic/4: trailers without a body", Fine, || vec![ok(1), headers(1, END_STREAM, &[("x-trailer", "test")])]),
    case("http2/4.1: a frame with unknown type", Fine, || vec![frame(0xFF, 0, 0, &[0; 8]), ok_alone(1)]),
    case("http2/4.2: DATA over SETTINGS_MAX_FRAME_SIZE", GoAway(FRAME_SIZE_ERROR), || vec![ok(1), data(1, 0, &[0; (1 << 14) + 1])]),
    case("http2/4.3: invalid header block fragment", GoAway(COMPRESSION_ERROR), || vec![frame(HEADERS, END_HEADERS, 1, b"\x40\x84\x01\x02")]),
    case("http2/5.1: idle: DATA", GoAway(PROTOCOL_ERROR), || vec![data(5, END_STREAM, b"test")]),
    case("http2/5.1: idle: HEADERS", GoAway(PROTOCOL_ERROR), || vec![ok_alone(5)]),
    case("http2/5.1: idle: RST_STREAM", GoAway(PROTOCOL_ERROR), || vec![reset(5, CANCEL)]),
    case("http2/5.1: idle: WINDOW_UPDATE", GoAway(PROTOCOL_ERROR), || vec![window_update(5, 1)]),
    case("http2/5.1: idle: CONTINUATION", GoAway(PROTOCOL_ERROR), || vec![frame(CONTINUATION, END_HEADERS, 1, &block(OK))]),
    case("http2/5.1: half-closed (remote): DATA", Reset(3, STREAM_CLOSED), || vec![ok_alone(3), data(3, 0, b"test")]),
    case("http2/5.1: half-closed (remote): HEADERS", Reset(3, STREAM_CLOSED), || vec![ok_alone(3), ok_alone(3)]),
    case("http2/5.1: closed: DATA", GoAway(STREAM_CLOSED), || vec![ok_alone(1), data(1, END_STREAM, b"test")]),
    case("http2/5.1: closed: HEADERS", GoAway(STREAM_CLOSED), || vec![ok_alone(1), ok_alone(1)]),
    case("http2/5.1: closed: DATA after RST_STREAM", Reset(1, STREAM_CLOSED), || vec![reset(1, CANCEL), data(1, END_STREAM, b"test")]),
    case("http2/5.1.1: a stream of the server's", GoAway(PROTOCOL_ERROR), || vec![ok_alone(2)]),
    case("http2/6.4: RST_STREAM of NO_ERROR after a response (§8.1)", Fine, || vec![ok_alone(3), reset(3, NO_ERROR)]),
    case("http2/6.5.2: SETTINGS_ENABLE_PUSH of 1", GoAway(PROTOCOL_ERROR), || vec![settings(&[(ENABLE_PUSH, 1)])]),
    case("http2/6.5.2: SETTINGS_ENABLE_PUSH of 0", Fine, || vec![settings(&[(ENABLE_PUSH, 0)])]),
    case("http2/6.5.2: SETTINGS_INITIAL_WINDOW_SIZE of 2^31", GoAway(FLOW_CONTROL_ERROR), || vec![settings(&[(INITIAL_WINDOW_SIZE, 1 << 31)])]),
    case("CVE-2026-33814: SETTINGS_MAX_FRAME_SIZE of 0", GoAway(PROTOCOL_ERROR), || vec![settings(&[(MAX_FRAME_SIZE, 0)])]),
    case("RFC 8441 §3: SETTINGS_ENABLE_CONNECT_PROTOCOL of 2", GoAway(PROTOCOL_ERROR), || vec![settings(&[(ENABLE_CONNECT_PROTOCOL, 2)])]),
    case("RFC 8441 §3: SETTINGS_ENABLE_CONNECT_PROTOCOL taken back", GoAway(PROTOCOL_ERROR), || {
        vec![settings(&[(ENABLE_CONNECT_PROTOCOL, 1)]), settings(&[(ENABLE_CONNECT_PROTOCOL, 0)])]
    }),
    case("http2/6.6: PUSH_PROMISE", GoAway(PROTOCOL_ERROR), || {
        vec![frame(PUSH_PROMISE, END_HEADERS, 1, &[b"\0\0\0\x02", &block(GET)[..]].concat())]
    }),
    case("http2/6.8: the last stream of a GOAWAY rises", GoAway(PROTOCOL_ERROR), || vec![goaway(1, NO_ERROR), goaway(3, NO_ERROR)]),
    case("http2/6.8: the last stream of a GOAWAY falls", Fine, || vec![goaway((1 << 31) - 1, NO_ERROR), goaway(3, NO_ERROR)]),
    case("http2/6.9: WINDOW_UPDATE of 0 on a stream", Reset(3, PROTOCOL_ERROR), || vec![window_update(3, 0)]),
    case("http2/6.9.1: WINDOW_UPDATEs over 2^31 - 1 on a stream", Reset(3, FLOW_CONTROL_ERROR), || vec![window_update(3, (1 << 31) - 1)]),
    case("http2/8.1: a body before the head", Reset(1, PROTOCOL_ERROR), || vec![data(1, END_STREAM, b"test")]),
    case("http2/8.1: an informational response", Fine, || vec![early_hints(1), early_hints(1), ok_alone(1)]),
    case("http2/8.1: a body after an informational response", Reset(1, PROTOCOL_ERROR), || vec![early_hints(1), data(1, END_STREAM, b"test")]),
    case("http2/8.1: an informational response that ends the stream", Reset(1, PROTOCOL_ERROR), || vec![headers(1, END_STREAM, &[(":status", "103")])]),
    case("http2/8.1: a second HEADERS without END_STREAM", Reset(1, PROTOCOL_ERROR), || vec![ok(1), ok(1)]),
    case("http2/8.1: an informational response after the final one", Reset(1, PROTOCOL_ERROR), || vec![ok(1), early_hints(1)]),
    case("http2/8.1.2.6: content-length that is not the DATA's", Reset(1, PROTOCOL_ERROR), || vec![with_length("1"), data(1, END_STREAM, b"test")]),
    case("http2/8.1.2.6: content-length that is not the sum of all DATA", Reset(1, PROTOCOL_ERROR), || {
        vec![with_length("3"), data(1, 0, b"te"), data(1, END_STREAM, b"st")]
    }),
    case("http2/8.1.2.6: content-length that is more than the DATA", Reset(1, PROTOCOL_ERROR), || vec![with_length("5"), data(1, END_STREAM, b"test")]),
    case("http2/8.1.2.6: content-length that trailers cut short", Reset(1, PROTOCOL_ERROR), || {
        vec![with_length("5"), data(1, 0, b"test"), headers(1, END_STREAM, &[("x", "y")])]
    }),
    case("http2/8.1.2.6: content-length that is right", Fine, || vec![with_length("4"), data(1, 0, b"te"), data(1, END_STREAM, b"st")]),
    case("a body in a response of 204", Reset(1, PROTOCOL_ERROR), || vec![headers(1, 0, &[(":status", "204")]), data(1, END_STREAM, b"test")]),
    case("§8.1.1: no body in a response of 304", Fine, || {
        vec![headers(1, 0, &[(":status", "304"), ("content-length", "4")]), data(1, END_STREAM, b"")]
    }),
];

/// §4.1, §4.2, §4.3, §5.1, §5.1.1, §5.4.1, §5.4.2, §6.4, §6.5.2, §6.6, §6.8, §6.9, §8.1, §8.1.1.
#[test]
fn a_client_reacts_as_the_standard_says() {
    for Case { name, send, reaction } in CASES {
        assert_eq!(reaction_to(client, &send()), *reaction, "{name}");
    }
}
