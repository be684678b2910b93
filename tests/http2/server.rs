//! A server in front of a peer that breaks the rules: the cases of h2spec by name, in its order (RFC 9113).

use super::common::http2_peer::*;
use super::common::http2_session::{Reaction, Reaction::*, reaction_to, server};

/// A case of h2spec: what the client sends after its preface and an empty SETTINGS, and what a server does.
struct Case {
    name: &'static str,
    send: fn() -> Vec<Vec<u8>>,
    reaction: Reaction,
}

const fn case(name: &'static str, reaction: Reaction, send: fn() -> Vec<Vec<u8>>) -> Case {
    Case { name, send, reaction }
}

/// HEADERS that are not the whole block, and the block's rest.
fn split_get(stream: u32) -> [Vec<u8>; 2] {
    let bytes = block(GET);
    let (first, second) = bytes.split_at(bytes.len() / 2);
    [frame(HEADERS, END_STREAM, stream, first), frame(CONTINUATION, END_HEADERS, stream, second)]
}

/// HEADERS with a block of these bytes.
fn block_of(bytes: &[u8]) -> Vec<u8> {
    frame(HEADERS, END_STREAM | END_HEADERS, 1, bytes)
}

/// A whole request, as a block, and then these bytes in the same block.
fn get_and(bytes: &[u8]) -> Vec<u8> {
    block_of(&[&block(GET), bytes].concat())
}

fn body_of(len: &'static str, pieces: &[&[u8]]) -> Vec<Vec<u8>> {
    let fields = [POST, &[("content-length", len)]].concat();
    let mut frames = vec![headers(1, 0, &fields)];
    for (index, piece) in pieces.iter().enumerate() {
        let flags = if index + 1 == pieces.len() { END_STREAM } else { 0 };
        frames.push(data(1, flags, piece));
    }
    frames
}

#[rustfmt::skip]
const GENERIC: &[Case] = &[
    case("generic/2: PRIORITY on an idle stream", Fine, || vec![priority(1, 0), get(1)]),
    case("generic/2: WINDOW_UPDATE on a half-closed (remote) stream", Fine, || vec![get(1), window_update(1, 100)]),
    case("generic/2: PRIORITY on a half-closed (remote) stream", Fine, || vec![get(1), priority(1, 0)]),
    case("generic/2: RST_STREAM on a half-closed (remote) stream", Fine, || vec![get(1), reset(1, CANCEL)]),
    case("generic/2: PRIORITY on a closed stream", Fine, || vec![get(1), reset(1, CANCEL), priority(1, 0)]),
    case("generic/3.1: DATA", Fine, || vec![post(1), data(1, END_STREAM, b"test")]),
    case("generic/3.1: multiple DATA", Fine, || vec![post(1), data(1, 0, b"test"), data(1, END_STREAM, b"test")]),
    case("generic/3.1: DATA with padding", Fine, || vec![post(1), data(1, END_STREAM | PADDED, b"\x06test\0\0\0\0\0\0")]),
    case("generic/3.2: HEADERS", Fine, || vec![get(1)]),
    case("generic/3.2: HEADERS with padding", Fine, || {
        let payload = [b"\x06", &block(GET)[..], b"\0\0\0\0\0\0"].concat();
        vec![frame(HEADERS, END_STREAM | END_HEADERS | PADDED, 1, &payload)]
    }),
    case("generic/3.2: HEADERS with priority", Fine, || {
        let payload = [b"\0\0\0\0\xff", &block(GET)[..]].concat();
        vec![frame(HEADERS, END_STREAM | END_HEADERS | PRIORITIZED, 1, &payload)]
    }),
    case("generic/3.3: PRIORITY with weight 1", Fine, || vec![frame(PRIORITY, 0, 1, &[0; 5])]),
    case("generic/3.3: PRIORITY with weight 256", Fine, || vec![frame(PRIORITY, 0, 1, b"\0\0\0\0\xff")]),
    case("generic/3.3: PRIORITY with stream dependency", Fine, || vec![priority(3, 1)]),
    case("generic/3.3: PRIORITY, exclusive", Fine, || vec![priority(3, 1 << 31 | 1)]),
    case("generic/3.3: PRIORITY for an idle stream, then HEADERS for a lower one", Fine, || vec![priority(3, 0), get(1)]),
    case("generic/3.4: RST_STREAM", Fine, || vec![get(1), reset(1, CANCEL)]),
    case("generic/3.5: SETTINGS", Fine, || vec![settings(&[(MAX_CONCURRENT_STREAMS, 100)])]),
    case("generic/3.7: PING", Fine, || vec![ping(b"h2spec\0\0")]),
    case("generic/3.8: GOAWAY", Fine, || vec![goaway(0, NO_ERROR)]),
    case("generic/3.9: WINDOW_UPDATE with stream 0", Fine, || vec![window_update(0, 1)]),
    case("generic/3.9: WINDOW_UPDATE with stream 1", Fine, || vec![post(1), window_update(1, 1)]),
    case("generic/3.10: CONTINUATION", Fine, || split_get(1).into()),
    case("generic/3.10: multiple CONTINUATION", Fine, || {
        let bytes = block(GET);
        vec![
            frame(HEADERS, END_STREAM, 1, &bytes[..9]),
            frame(CONTINUATION, 0, 1, &bytes[9..20]),
            frame(CONTINUATION, END_HEADERS, 1, &bytes[20..]),
        ]
    }),
    case("generic/4: GET", Fine, || vec![get(1)]),
    case("generic/4: HEAD", Fine, || vec![headers(1, END_STREAM, &[&[(":method", "HEAD")], &GET[1..]].concat())]),
    case("generic/4: POST", Fine, || vec![post(1), data(1, END_STREAM, b"test")]),
    case("generic/4: POST with trailers", Fine, || {
        vec![post(1), data(1, 0, b"test"), headers(1, END_STREAM, &[("x-trailer", "test")])]
    }),
    case("generic/5: indexed field", Fine, || vec![block_of(&[&b"\x82\x86\x84"[..], &block(&GET[2..3])].concat())]),
    case("generic/5: literal with incremental indexing, indexed name", Fine, || vec![get_and(b"\x7a\x04test")]),
    case("generic/5: literal with incremental indexing, Huffman", Fine, || vec![get_and(b"\x7a\x83\x49\x50\x9f")]),
    case("generic/5: literal with incremental indexing, new name", Fine, || vec![get_and(b"\x40\x01x\x04test")]),
    case("generic/5: literal without indexing, indexed name", Fine, || vec![get_and(b"\x0f\x2b\x04test")]),
    case("generic/5: literal without indexing, new name", Fine, || vec![get_and(b"\x00\x01x\x04test")]),
    case("generic/5: literal never indexed, indexed name", Fine, || vec![get_and(b"\x1f\x2b\x04test")]),
    case("generic/5: literal never indexed, new name", Fine, || vec![get_and(b"\x10\x01x\x04test")]),
    case("generic/5: dynamic table size update", Fine, || vec![block_of(&[b"\x20", &block(GET)[..]].concat())]),
    case("generic/5: multiple dynamic table size updates", Fine, || {
        vec![block_of(&[b"\x20\x3f\xe1\x1f", &block(GET)[..]].concat())]
    }),
];

#[rustfmt::skip]
const HTTP2: &[Case] = &[
    case("http2/4.1: a frame with unknown type", Fine, || vec![frame(0xFF, 0, 0, &[0; 8]), ping(&[0; 8])]),
    case("http2/4.1: a frame with undefined flag", Fine, || vec![frame(PING, 0xFE, 0, &[0; 8])]),
    case("http2/4.1: a frame with reserved field bit", Fine, || vec![frame(PING, 0, 1 << 31, &[0; 8])]),
    case("http2/4.2: DATA of 2^14 bytes", Fine, || vec![post(1), data(1, END_STREAM, &[0; 1 << 14])]),
    case("http2/4.2: DATA over SETTINGS_MAX_FRAME_SIZE", GoAway(FRAME_SIZE_ERROR), || vec![post(1), data(1, 0, &[0; (1 << 14) + 1])]),
    case("http2/4.2: HEADERS over SETTINGS_MAX_FRAME_SIZE", GoAway(FRAME_SIZE_ERROR), || vec![block_of(&[0; (1 << 14) + 1])]),
    case("http2/4.3: invalid header block fragment", GoAway(COMPRESSION_ERROR), || vec![block_of(b"\x40\x84\x01\x02")]),
    case("http2/4.3: PRIORITY in a header block", GoAway(PROTOCOL_ERROR), || vec![split_get(1)[0].clone(), priority(1, 0)]),
    case("http2/4.3: HEADERS of another stream in a header block", GoAway(PROTOCOL_ERROR), || vec![split_get(1)[0].clone(), get(3)]),
    case("http2/5.1: idle: DATA", GoAway(PROTOCOL_ERROR), || vec![data(1, END_STREAM, b"test")]),
    case("http2/5.1: idle: RST_STREAM", GoAway(PROTOCOL_ERROR), || vec![reset(1, CANCEL)]),
    case("http2/5.1: idle: WINDOW_UPDATE", GoAway(PROTOCOL_ERROR), || vec![window_update(1, 100)]),
    case("http2/5.1: idle: CONTINUATION", GoAway(PROTOCOL_ERROR), || vec![frame(CONTINUATION, END_HEADERS, 1, &block(GET))]),
    case("http2/5.1: half-closed (remote): DATA", Reset(1, STREAM_CLOSED), || vec![get(1), data(1, END_STREAM, b"test")]),
    case("http2/5.1: half-closed (remote): HEADERS", Reset(1, STREAM_CLOSED), || vec![get(1), get(1)]),
    case("http2/5.1: half-closed (remote): CONTINUATION", GoAway(PROTOCOL_ERROR), || vec![get(1), split_get(1)[1].clone()]),
    case("http2/5.1: closed: DATA after RST_STREAM", Reset(1, STREAM_CLOSED), || vec![post(1), reset(1, CANCEL), data(1, END_STREAM, b"test")]),
    case("http2/5.1: closed: HEADERS after RST_STREAM", Reset(1, STREAM_CLOSED), || vec![post(1), reset(1, CANCEL), get(1)]),
    case("http2/5.1: closed: CONTINUATION after RST_STREAM", GoAway(PROTOCOL_ERROR), || vec![post(1), reset(1, CANCEL), split_get(1)[1].clone()]),
    case("http2/5.1.1: even-numbered stream identifier", GoAway(PROTOCOL_ERROR), || vec![get(2)]),
    case("http2/5.1.1: identifier smaller than previous", GoAway(PROTOCOL_ERROR), || vec![get(5), get(3)]),
    case("http2/5.3.1: HEADERS that depends on itself", Reset(1, PROTOCOL_ERROR), || {
        let payload = [b"\0\0\0\x01\xff", &block(GET)[..]].concat();
        vec![frame(HEADERS, END_STREAM | END_HEADERS | PRIORITIZED, 1, &payload)]
    }),
    case("http2/5.3.1: PRIORITY that depends on itself", Reset(1, PROTOCOL_ERROR), || vec![post(1), priority(1, 1)]),
    case("http2/5.4.1: invalid PING", GoAway(FRAME_SIZE_ERROR), || vec![frame(PING, 0, 0, &[0; 9])]),
    case("http2/5.5: unknown extension frame", Fine, || vec![frame(0x16, 0, 0, &[0; 8]), frame(0x16, 0, 7, &[0; 8])]),
    case("http2/5.5: unknown extension frame in a header block", GoAway(PROTOCOL_ERROR), || vec![split_get(1)[0].clone(), frame(0x16, 0, 0, &[0; 8])]),
    case("http2/6.1: DATA with stream 0", GoAway(PROTOCOL_ERROR), || vec![data(0, END_STREAM, b"test")]),
    case("http2/6.1: DATA on a stream that is not open", Reset(1, STREAM_CLOSED), || vec![get(1), data(1, END_STREAM, b"test")]),
    case("http2/6.1: DATA with invalid pad length", GoAway(PROTOCOL_ERROR), || vec![post(1), data(1, END_STREAM | PADDED, b"\x06test")]),
    case("http2/6.2: HEADERS without END_HEADERS, then PRIORITY", GoAway(PROTOCOL_ERROR), || vec![split_get(1)[0].clone(), priority(1, 0)]),
    case("http2/6.2: HEADERS without END_HEADERS, then HEADERS of another stream", GoAway(PROTOCOL_ERROR), || vec![split_get(1)[0].clone(), get(3)]),
    case("http2/6.2: HEADERS with stream 0", GoAway(PROTOCOL_ERROR), || vec![get(0)]),
    case("http2/6.2: HEADERS with invalid pad length", GoAway(PROTOCOL_ERROR), || vec![frame(HEADERS, END_STREAM | END_HEADERS | PADDED, 1, b"\x09\x82\x84\x86")]),
    case("http2/6.3: PRIORITY with stream 0", GoAway(PROTOCOL_ERROR), || vec![priority(0, 1)]),
    case("http2/6.3: PRIORITY of another length", Reset(1, FRAME_SIZE_ERROR), || vec![post(1), frame(PRIORITY, 0, 1, &[0; 4])]),
    // RST_STREAM must not be sent for an idle stream (§6.4), so it ends the connection.
    case("6.3: PRIORITY of another length on an idle stream", GoAway(FRAME_SIZE_ERROR), || vec![frame(PRIORITY, 0, 1, &[0; 4])]),
    case("http2/6.4: RST_STREAM with stream 0", GoAway(PROTOCOL_ERROR), || vec![reset(0, CANCEL)]),
    case("http2/6.4: RST_STREAM on an idle stream", GoAway(PROTOCOL_ERROR), || vec![reset(1, CANCEL)]),
    case("http2/6.4: RST_STREAM of another length", GoAway(FRAME_SIZE_ERROR), || vec![post(1), frame(RST_STREAM, 0, 1, &[0; 3])]),
    case("http2/6.5: SETTINGS with ACK and payload", GoAway(FRAME_SIZE_ERROR), || vec![frame(SETTINGS, ACK, 0, &[0])]),
    case("http2/6.5: SETTINGS with a stream", GoAway(PROTOCOL_ERROR), || vec![frame(SETTINGS, 0, 1, &[0, 3, 0, 0, 0, 1])]),
    case("http2/6.5: SETTINGS of another length", GoAway(FRAME_SIZE_ERROR), || vec![frame(SETTINGS, 0, 0, &[0, 3, 0])]),
    case("http2/6.5.2: SETTINGS_ENABLE_PUSH of 2", GoAway(PROTOCOL_ERROR), || vec![settings(&[(ENABLE_PUSH, 2)])]),
    case("http2/6.5.2: SETTINGS_INITIAL_WINDOW_SIZE of 2^31", GoAway(FLOW_CONTROL_ERROR), || vec![settings(&[(INITIAL_WINDOW_SIZE, 1 << 31)])]),
    case("http2/6.5.2: SETTINGS_MAX_FRAME_SIZE of 2^14 - 1", GoAway(PROTOCOL_ERROR), || vec![settings(&[(MAX_FRAME_SIZE, (1 << 14) - 1)])]),
    case("http2/6.5.2: SETTINGS_MAX_FRAME_SIZE of 2^24", GoAway(PROTOCOL_ERROR), || vec![settings(&[(MAX_FRAME_SIZE, 1 << 24)])]),
    case("http2/6.5.2: unknown identifier", Fine, || vec![settings(&[(0xFF, 1)]), ping(&[0; 8])]),
    case("http2/6.7: PING with ACK", Fine, || vec![frame(PING, ACK, 0, b"invalid\0")]),
    case("http2/6.7: PING with a stream", GoAway(PROTOCOL_ERROR), || vec![frame(PING, 0, 1, &[0; 8])]),
    case("http2/6.7: PING of another length", GoAway(FRAME_SIZE_ERROR), || vec![frame(PING, 0, 0, &[0; 6])]),
    case("http2/6.8: GOAWAY with a stream", GoAway(PROTOCOL_ERROR), || vec![frame(GOAWAY, 0, 1, &[0; 8])]),
    case("http2/6.9: WINDOW_UPDATE of 0", GoAway(PROTOCOL_ERROR), || vec![window_update(0, 0)]),
    case("http2/6.9: WINDOW_UPDATE of 0 on a stream", Reset(1, PROTOCOL_ERROR), || vec![post(1), window_update(1, 0)]),
    case("http2/6.9: WINDOW_UPDATE of another length", GoAway(FRAME_SIZE_ERROR), || vec![frame(WINDOW_UPDATE, 0, 0, &[0; 3])]),
    case("http2/6.9.1: WINDOW_UPDATEs over 2^31 - 1", GoAway(FLOW_CONTROL_ERROR), || vec![window_update(0, (1 << 31) - 1), window_update(0, (1 << 31) - 1)]),
    case("http2/6.9.1: WINDOW_UPDATEs over 2^31 - 1 on a stream", Reset(1, FLOW_CONTROL_ERROR), || {
        vec![post(1), window_update(1, (1 << 31) - 1), window_update(1, (1 << 31) - 1)]
    }),
    case("http2/6.10: multiple CONTINUATION", Fine, || {
        let [first, second] = split_get(1);
        vec![first, frame(CONTINUATION, 0, 1, b""), frame(CONTINUATION, 0, 1, b""), second]
    }),
    case("http2/6.10: CONTINUATION, then another frame", GoAway(PROTOCOL_ERROR), || {
        vec![split_get(1)[0].clone(), frame(CONTINUATION, 0, 1, b""), data(1, END_STREAM, b"test")]
    }),
    case("http2/6.10: CONTINUATION with stream 0", GoAway(PROTOCOL_ERROR), || vec![split_get(1)[0].clone(), frame(CONTINUATION, END_HEADERS, 0, b"")]),
    case("http2/6.10: CONTINUATION after HEADERS with END_HEADERS", GoAway(PROTOCOL_ERROR), || vec![get(1), frame(CONTINUATION, END_HEADERS, 1, b"")]),
    case("http2/6.10: CONTINUATION after CONTINUATION with END_HEADERS", GoAway(PROTOCOL_ERROR), || {
        let [first, second] = split_get(1);
        vec![first, second, frame(CONTINUATION, END_HEADERS, 1, b"")]
    }),
    case("http2/6.10: CONTINUATION after DATA", GoAway(PROTOCOL_ERROR), || vec![post(1), data(1, 0, b"test"), split_get(1)[1].clone()]),
    case("http2/7: GOAWAY with unknown error code", Fine, || vec![goaway(0, 0xFF)]),
    case("http2/7: RST_STREAM with unknown error code", Fine, || vec![post(1), reset(1, 0xFF), ping(&[0; 8])]),
    case("http2/8.1: a second HEADERS without END_STREAM", Reset(1, PROTOCOL_ERROR), || vec![post(1), post(1)]),
    case("http2/8.1.2.6: content-length that is not the DATA's", Reset(1, PROTOCOL_ERROR), || body_of("1", &[b"test"])),
    case("http2/8.1.2.6: content-length that is not the sum of all DATA", Reset(1, PROTOCOL_ERROR), || body_of("1", &[b"te", b"st"])),
    case("content-length that is more than the DATA", Reset(1, PROTOCOL_ERROR), || body_of("9", &[b"te", b"st"])),
    case("content-length that is right", Fine, || body_of("4", &[b"te", b"st"])),
    case("http2/8.2: PUSH_PROMISE", GoAway(PROTOCOL_ERROR), || vec![post(1), frame(PUSH_PROMISE, END_HEADERS, 1, &[b"\0\0\0\x02", &block(GET)[..]].concat())]),
];

#[rustfmt::skip]
const HPACK: &[Case] = &[
    case("hpack/2.3.3: indexed field with invalid index", GoAway(COMPRESSION_ERROR), || vec![get_and(b"\xc6")]),
    case("hpack/2.3.3: literal with invalid index", GoAway(COMPRESSION_ERROR), || vec![get_and(b"\x7f\x07\x05empty")]),
    case("hpack/4.2: size update at the end of a block", GoAway(COMPRESSION_ERROR), || vec![get_and(b"\x21")]),
    case("hpack/5.2: Huffman padding of more than 7 bits", GoAway(COMPRESSION_ERROR), || vec![get_and(b"\x00\x85\xf2\xb2\x4a\x84\xff\x84\x49\x50\x9f\xff")]),
    case("hpack/5.2: Huffman padding with zeros", GoAway(COMPRESSION_ERROR), || vec![get_and(b"\x00\x85\xf2\xb2\x4a\x84\xff\x83\x49\x50\x90")]),
    case("hpack/5.2: Huffman with EOS", GoAway(COMPRESSION_ERROR), || vec![get_and(b"\x00\x85\xf2\xb2\x4a\x84\xff\x87\x49\x51\xff\xff\xff\xfa\x7f")]),
    case("hpack/6.1: index 0", GoAway(COMPRESSION_ERROR), || vec![get_and(b"\x80")]),
    case("hpack/6.3: size over the limit", GoAway(COMPRESSION_ERROR), || vec![block_of(&[b"\x3f\xff\xff\x07", &block(GET)[..]].concat())]),
];

fn check(cases: &[Case]) {
    for Case { name, send, reaction } in cases {
        assert_eq!(reaction_to(server, &send()), *reaction, "{name}");
    }
}

/// §6.1, §6.2, §6.3, §6.4, §6.5, §6.7, §6.8, §6.9, §6.10.
#[test]
fn generic() {
    check(GENERIC);
}

/// §4.1, §4.2, §4.3, §5.1, §5.1.1, §5.4.1, §5.5, §6.1, §6.2, §6.3, §6.4, §6.5, §6.5.2, §6.7, §6.8, §6.9, §6.9.1, §6.10, §7, §8.1, §8.1.1, §8.4.
#[test]
fn http2() {
    check(HTTP2);
}

/// RFC 7541 §2.3.3, §4.2, §5.2, §6.1, §6.3.
#[test]
fn hpack() {
    check(HPACK);
}
