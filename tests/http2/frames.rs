//! Frames as they are received, in the order of RFC 9113: §3.4, §4, and those of §6 that carry messages. Cases in quotes are those of
//! h2spec.

use crate::common::http2::{Got, decode, frame, naive, opening, padded};
use crate::common::same_however_split;
use framewright::http2::{
    Decoder, Error, ErrorCode, FrameHeader, Limits, PREFACE, Role, StreamId, is_preface,
};
use framewright::{OverLimit, Truncated};

pub(crate) const BOTH: [Role; 2] = [Role::Server, Role::Client];

/// Decodes what follows the opening, however split, as the naive reader does.
pub(crate) fn all(role: Role, bytes: &[u8]) -> (Vec<Got>, Result<(), Error>) {
    let bytes = [&opening(role), bytes].concat();
    let (mut got, verdict) = whole(role, Limits::new(), &bytes);
    assert_eq!(got.remove(0), Got::SettingsEnd, "the opening is fine");
    (got, verdict)
}

fn whole(role: Role, limits: Limits, bytes: &[u8]) -> (Vec<Got>, Result<(), Error>) {
    let result = same_however_split(bytes, |pieces| decode(role, limits, pieces));
    for end in 0..bytes.len() {
        let result = decode(role, limits, &[&bytes[..end]]);
        assert_eq!(result, naive(role, limits.max_frame_len, &bytes[..end]), "up to {end}");
    }
    assert_eq!(result, naive(role, limits.max_frame_len, bytes));
    result
}

/// Frames that end the connection, at either side.
pub(crate) fn end_connection(cases: &[(&str, Vec<u8>, Error)]) {
    for (name, bytes, error) in cases {
        for role in BOTH {
            assert_eq!(all(role, bytes), (vec![], Err(*error)), "{name}");
        }
    }
}

/// Frames that yield these parts, at either side.
pub(crate) fn yield_parts(cases: &[(&str, Vec<u8>, Vec<Got>)]) {
    for (name, bytes, expected) in cases {
        for role in BOTH {
            assert_eq!(all(role, bytes), (expected.clone(), Ok(())), "{name}");
        }
    }
}

fn data(stream: u32, bytes: &[u8], end_stream: bool) -> Got {
    let len = bytes.len() as u32;
    Got::Data { stream, end_stream, flow_len: len, data_len: len, bytes: bytes.into(), end: true }
}

fn block(stream: u32, bytes: &[u8], end_stream: bool, frames: u32) -> Got {
    Got::FieldBlock { stream, end_stream, frames, bytes: bytes.into(), end: true }
}

// §3.4 HTTP/2 Connection Preface

#[test]
fn a_server_expects_the_preface_byte_by_byte() {
    // "Sends invalid connection preface"
    for at in 0..PREFACE.len() {
        let mut bytes = *PREFACE;
        bytes[at] ^= 1;
        let verdict = decode(Role::Server, Limits::new(), &[&bytes[..=at]]);
        assert_eq!(verdict, (vec![], Err(Error::Preface)), "at the first wrong byte, {at}");
        assert_eq!(whole(Role::Server, Limits::new(), &bytes).1, Err(Error::Preface));
    }
    let http1 = b"GET / HTTP/1.1\r\nhost: a\r\n\r\n";
    assert_eq!(whole(Role::Server, Limits::new(), http1).1, Err(Error::Preface));
}

#[test]
fn a_port_for_both_versions_knows_after_four_bytes() {
    for len in 0..=PREFACE.len() {
        assert_eq!(is_preface(&PREFACE[..len]), (len >= 4).then_some(true));
    }
    for start in ["G", "POST", "PROPFIND", "PRINT", "pri ", "PRI\t", "\x16\x03\x01"] {
        assert_eq!(is_preface(start.as_bytes()), Some(false), "{start}");
    }
}

#[test]
fn the_first_frame_is_a_settings_that_acknowledges_nothing() {
    // "Sends a client connection preface without SETTINGS frame"
    for role in BOTH {
        let preface = if role == Role::Server { &PREFACE[..] } else { &[] };
        for first in [
            frame(0x6, 0, 0, &[0; 8]),
            frame(0x4, 0x1, 0, &[]),
            frame(0x0, 0, 1, b"x"),
            frame(0xFA, 0, 0, &[]),
            b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(),
        ] {
            let bytes = [preface, &first].concat();
            let verdict = (vec![], Err(Error::SettingsMissing));
            assert_eq!(whole(role, Limits::new(), &bytes), verdict);
        }
        let bytes = [preface, &frame(0x4, 0, 0, &[0, 3, 0, 0, 0, 100])].concat();
        let got = vec![Got::Setting(3, 100), Got::SettingsEnd];
        assert_eq!(whole(role, Limits::new(), &bytes), (got, Ok(())));
    }
}

// §4.1 Frame Format

#[test]
fn the_reserved_bit_and_undefined_flags_mean_nothing() {
    let reserved = 0x8000_0000;
    yield_parts(&[
        // "Sends a frame with undefined flag"
        ("PING", frame(0x6, 0x16, 0, b"pingpong"), vec![Got::Ping(*b"pingpong")]),
        // "Sends a frame with reserved field bit"
        ("PING, R", frame(0x6, 0, reserved, b"pingpong"), vec![Got::Ping(*b"pingpong")]),
        ("DATA", frame(0x0, 0xF6, reserved | 1, b"hi"), vec![data(1, b"hi", false)]),
        ("HEADERS", frame(0x1, 0xD6, reserved | 3, b"x"), vec![block(3, b"x", false, 1)]),
        ("RST_STREAM", frame(0x3, 0xFF, 5, &[0, 0, 0, 8]), vec![Got::Reset(5, 8)]),
        ("SETTINGS", frame(0x4, 0xFE, reserved, &[]), vec![Got::SettingsEnd]),
        ("GOAWAY", frame(0x7, 0xFF, 0, &[0xFF; 8]), vec![Got::GoAway(0x7FFF_FFFF, u32::MAX)]),
        ("WINDOW_UPDATE", frame(0x8, 0xFF, 7, &[0x80, 0, 0, 9]), vec![Got::WindowUpdate(7, 9)]),
    ]);
}

#[test]
fn every_header_comes_back() {
    for bytes in [
        [0; 9],
        [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F, 0xFF, 0xFF, 0xFF],
        [0, 0, 4, 8, 0, 0, 0, 0, 5],
        [1, 2, 3, 4, 5, 6, 7, 8, 9],
    ] {
        let header = FrameHeader::parse(bytes);
        assert_eq!(header.to_bytes(), bytes);
        let stream = header.stream().map_or(0, StreamId::get);
        assert_eq!(stream.to_be_bytes(), bytes[5..]);
        let rebuilt =
            FrameHeader::new(header.frame_type(), header.flags(), header.stream(), header.len());
        assert_eq!(rebuilt, Some(header));
    }
    let header = FrameHeader::parse([0; 9]);
    let too_long = FrameHeader::MAX_PAYLOAD_LEN + 1;
    assert_eq!(FrameHeader::new(header.frame_type(), header.flags(), None, too_long), None);
    assert_eq!((StreamId::new(0), StreamId::new(1 << 31)), (None, None));
}

#[test]
fn unknown_frames_are_skipped() {
    // "Sends a frame with unknown type", "Sends an unknown extension frame"
    let ping = frame(0x6, 0, 0, b"pingpong");
    for frame_type in 0xA..=0xFF {
        for stream in [0, 1, 2] {
            let bytes = [&frame(frame_type, 0xFF, stream, b"\0\0\0\x06\0"), &ping[..]].concat();
            let expected = vec![Got::Unknown(frame_type, 0xFF, stream, 5), Got::Ping(*b"pingpong")];
            assert_eq!(all(Role::Server, &bytes), (expected, Ok(())));
        }
    }
}

// §4.2 Frame Size

#[test]
fn a_frame_over_the_limit_is_refused_at_its_ninth_byte() {
    // "Sends a large size DATA frame", "… HEADERS frame that exceeds the SETTINGS_MAX_FRAME_SIZE"
    for frame_type in 0..=0xFF {
        if matches!(frame_type, 2..=9) {
            continue;
        }
        let header = |len: u32| {
            let [_, a, b, c] = len.to_be_bytes();
            [&opening(Role::Client), &[a, b, c, frame_type, 0, 0, 0, 0, 1][..]].concat()
        };
        let (_, verdict) = whole(Role::Client, Limits::new(), &header(16_385));
        let too_long = |len| Err(Error::FrameTooLong(OverLimit::new(len, len - 1)));
        assert_eq!(verdict, too_long(16_385));
        assert_eq!(verdict.unwrap_err().code(), ErrorCode::FRAME_SIZE_ERROR);
        // "Sends a DATA frame with 2^14 octets in length"
        assert_eq!(whole(Role::Client, Limits::new(), &header(16_384)).1, Ok(()));
        let limits = Limits::new().max_frame_len(16_385);
        assert_eq!(whole(Role::Client, limits, &header(16_385)).1, Ok(()));
        assert_eq!(whole(Role::Client, limits, &header(16_386)).1, too_long(16_386));
    }
}

#[test]
fn long_frames_come_whole_and_in_pieces() {
    let bytes: Vec<u8> = (0..16_384_u32).map(|i| i as u8).collect();
    let wire = [&opening(Role::Client), &frame(0x0, 0x1, 1, &bytes)[..]].concat();
    let expected = (vec![Got::SettingsEnd, data(1, &bytes, true)], Ok(()));
    for size in [1, 2, 9, 10, 1000, wire.len()] {
        let pieces: Vec<&[u8]> = wire.chunks(size).collect();
        assert_eq!(decode(Role::Client, Limits::new(), &pieces), expected);
    }
}

#[test]
fn lengths_that_a_type_cannot_have_end_the_connection() {
    let mut cases = Vec::new();
    for len in 0..20 {
        let payload = vec![0; len];
        let mut case = |name, frame_type, flags, stream| {
            cases.push((name, frame(frame_type, flags, stream, &payload), Error::FrameLength));
        };
        if len != 4 {
            // "Sends a RST_STREAM frame with a length other than 4 octets"
            case("RST_STREAM", 0x3, 0, 1);
            // "Sends a WINDOW_UPDATE frame with a length other than 4 octets"
            case("WINDOW_UPDATE", 0x8, 0, 1);
            case("WINDOW_UPDATE of the connection", 0x8, 0, 0);
        }
        if len % 6 != 0 {
            // "Sends a SETTINGS frame with a length other than a multiple of 6 octets"
            case("SETTINGS", 0x4, 0, 0);
        }
        if len != 0 {
            // "Sends a SETTINGS frame with ACK flag and payload"
            case("SETTINGS with ACK", 0x4, 0x1, 0);
        }
        if len != 8 {
            // "Sends a PING frame with a length field value other than 8"
            case("PING", 0x6, 0, 0);
            case("PING with ACK", 0x6, 0x1, 0);
        }
        if len < 8 {
            case("GOAWAY", 0x7, 0, 0);
        }
        if len < 1 {
            case("DATA with PADDED", 0x0, 0x8, 1);
            case("HEADERS with PADDED", 0x1, 0x8, 1);
        }
        if len < 5 {
            case("HEADERS with PRIORITY", 0x1, 0x20, 1);
        }
        if len < 6 {
            case("HEADERS with both", 0x1, 0x28, 1);
        }
    }
    end_connection(&cases);
}

#[test]
fn a_priority_of_a_wrong_length_ends_its_stream_alone() {
    // "Sends a PRIORITY frame with a length other than 5 octets"
    for len in (0..20).filter(|len| *len != 5) {
        let bytes = [frame(0x2, 0, 1, &vec![0; len]), frame(0x6, 0, 0, b"pingpong")].concat();
        let failed = Got::StreamFailed(1, Error::FrameLength);
        yield_parts(&[("PRIORITY", bytes, vec![failed, Got::Ping(*b"pingpong")])]);
    }
    assert_eq!(Error::FrameLength.code(), ErrorCode::FRAME_SIZE_ERROR);
}

// §6.1 DATA, and §6.2 HEADERS

#[test]
fn frames_of_a_stream_need_one_and_others_must_not_have_one() {
    end_connection(&[
        // "Sends a DATA frame with 0x0 stream identifier", and so on
        ("DATA", frame(0x0, 0, 0, b"x"), Error::StreamMissing),
        ("HEADERS", frame(0x1, 0x4, 0, b"x"), Error::StreamMissing),
        ("PRIORITY", frame(0x2, 0, 0, &[0; 5]), Error::StreamMissing),
        ("PRIORITY, too short", frame(0x2, 0, 0, &[0; 4]), Error::StreamMissing),
        ("RST_STREAM", frame(0x3, 0, 0, &[0; 4]), Error::StreamMissing),
        ("CONTINUATION", frame(0x9, 0x4, 0, b"x"), Error::StreamMissing),
        // "Sends a SETTINGS frame with a stream identifier other than 0x0", and so on
        ("SETTINGS", frame(0x4, 0, 1, &[]), Error::StreamUnexpected),
        ("SETTINGS with ACK", frame(0x4, 0x1, 1, &[]), Error::StreamUnexpected),
        ("PING", frame(0x6, 0, 1, &[0; 8]), Error::StreamUnexpected),
        ("GOAWAY", frame(0x7, 0, 1, &[0; 8]), Error::StreamUnexpected),
        ("PUSH_PROMISE", frame(0x5, 0x4, 1, &[0, 0, 0, 2]), Error::PushPromise),
        ("PUSH_PROMISE without a stream", frame(0x5, 0x4, 0, &[0, 0, 0, 2]), Error::PushPromise),
    ]);
}

#[test]
fn padding_is_removed_and_counts_for_flow_control() {
    let data = |bytes: &[u8], flow_len| Got::Data {
        stream: 1,
        end_stream: true,
        flow_len,
        data_len: bytes.len() as u32,
        bytes: bytes.into(),
        end: true,
    };
    yield_parts(&[
        ("no padding but its length", padded(0x0, 0x1, 1, b"hi", 0), vec![data(b"hi", 3)]),
        ("padding", padded(0x0, 0x1, 1, b"hi", 3), vec![data(b"hi", 6)]),
        // "Sends a DATA frame with … padding", without data
        ("nothing but padding", padded(0x0, 0x1, 1, b"", 255), vec![data(b"", 256)]),
        ("nothing at all", padded(0x0, 0x1, 1, b"", 0), vec![data(b"", 1)]),
        ("padding that is not zero", frame(0x0, 0x9, 1, b"\x02hi\xFF\xFF"), vec![data(b"hi", 5)]),
        ("HEADERS", padded(0x1, 0x4, 1, b"block", 7), vec![block(1, b"block", false, 1)]),
        (
            "HEADERS with PRIORITY",
            padded(0x1, 0x25, 1, b"\x80\0\0\x03\x10block", 7),
            vec![block(1, b"block", true, 1)],
        ),
        ("an empty block", padded(0x1, 0x5, 1, b"", 7), vec![block(1, b"", true, 1)]),
    ]);
}

#[test]
fn padding_that_is_longer_than_its_frame_ends_the_connection() {
    end_connection(&[
        // "Sends a DATA frame with invalid pad length"
        ("DATA", frame(0x0, 0x9, 1, b"\x06Test"), Error::Padding),
        ("DATA, by one byte", frame(0x0, 0x9, 1, b"\x05Test"), Error::Padding),
        ("DATA of one byte", frame(0x0, 0x8, 1, b"\x01"), Error::Padding),
        // "Sends a HEADERS frame with invalid pad length"
        ("HEADERS", frame(0x1, 0xC, 1, b"\x05Test"), Error::Padding),
        ("HEADERS with PRIORITY", frame(0x1, 0x2C, 1, b"\x05\0\0\0\x03\0Test"), Error::Padding),
    ]);
    let most = frame(0x1, 0x2C, 1, b"\x04\0\0\0\x03\0Test");
    yield_parts(&[("all of it", most, vec![block(1, b"", false, 1)])]);
}

#[test]
fn empty_data_is_a_part_too() {
    yield_parts(&[
        ("not the last", frame(0x0, 0, 1, b""), vec![data(1, b"", false)]),
        // "Sends multiple DATA frames …, zero-length with END_STREAM"
        ("the last", frame(0x0, 0x1, 1, b""), vec![data(1, b"", true)]),
    ]);
}

#[test]
fn a_stream_that_depends_on_itself_is_known() {
    // RFC 7540 §5.3.1: "Sends HEADERS / PRIORITY frame that depends on itself"
    let headers = frame(0x1, 0x24, 5, b"\0\0\0\x05\x10block");
    let exclusive = frame(0x1, 0x24, 5, b"\x80\0\0\x05\x10block");
    let expected = vec![Got::SelfDependent, block(5, b"block", false, 1)];
    let failed = Got::StreamFailed(5, Error::SelfDependency);
    yield_parts(&[
        ("HEADERS", headers, expected.clone()),
        ("HEADERS, exclusive", exclusive, expected),
        ("PRIORITY", frame(0x2, 0, 5, b"\0\0\0\x05\x10"), vec![failed.clone()]),
        ("PRIORITY, exclusive", frame(0x2, 0, 5, b"\x80\0\0\x05\x10"), vec![failed]),
        ("another", frame(0x2, 0, 5, b"\0\0\0\x03\x10"), vec![Got::Priority(5)]),
        ("none", frame(0x1, 0x24, 5, b"\0\0\0\0\x10b"), vec![block(5, b"b", false, 1)]),
    ]);
}

// §6.10 CONTINUATION

#[test]
fn a_field_block_may_take_any_number_of_frames() {
    // "Sends multiple CONTINUATION frames preceded by a HEADERS frame"
    let first = |flags| frame(0x1, flags, 1, b"a");
    yield_parts(&[
        (
            "three frames",
            [first(0x1), frame(0x9, 0, 1, b"b"), frame(0x9, 0x4, 1, b"c")].concat(),
            vec![block(1, b"abc", true, 3)],
        ),
        (
            "END_STREAM on a CONTINUATION means nothing",
            [first(0), frame(0x9, 0x5, 1, b"b")].concat(),
            vec![block(1, b"ab", false, 2)],
        ),
        (
            "empty frames",
            [frame(0x1, 0, 1, b""), frame(0x9, 0, 1, b""), frame(0x9, 0x4, 1, b"")].concat(),
            vec![block(1, b"", false, 3)],
        ),
        (
            "padding and priority in the first",
            [padded(0x1, 0x21, 1, b"\0\0\0\0\x05a", 2), frame(0x9, 0x4, 1, b"b")].concat(),
            vec![block(1, b"ab", true, 2)],
        ),
    ]);
}

#[test]
fn nothing_comes_inside_a_field_block_but_its_continuation() {
    // "Sends a CONTINUATION frame followed by any frame other than CONTINUATION", "Sends a HEADERS
    // frame during the transfer of another", "… PRIORITY …", "Sends an unknown extension frame in the
    // middle of a header block"
    for (frame_type, stream, len) in [
        (0x0, 1, 1),
        (0x1, 1, 1),
        (0x1, 3, 1),
        (0x2, 1, 5),
        (0x3, 1, 4),
        (0x4, 0, 0),
        (0x5, 1, 4),
        (0x6, 0, 8),
        (0x7, 0, 8),
        (0x8, 1, 4),
        (0x9, 3, 1),
        (0x9, 0, 1),
        (0x16, 0, 8),
        (0x16, 1, 8),
    ] {
        for before in [vec![], frame(0x9, 0, 1, b"b")] {
            let inside = frame(frame_type, 0x4, stream, &vec![1; len]);
            let bytes = [frame(0x1, 0, 1, b"a"), before.clone(), inside].concat();
            let (got, verdict) = all(Role::Server, &bytes);
            assert_eq!(verdict, Err(Error::ContinuationExpected), "type {frame_type:#X}");
            assert_eq!(got.len(), 1, "the beginning of the block");
        }
    }
}

#[test]
fn a_continuation_continues_something() {
    // "Sends a CONTINUATION frame preceded by a HEADERS frame with END_HEADERS flag", "… by a
    // CONTINUATION frame with END_HEADERS flag", "… by a DATA frame"
    let more = frame(0x9, 0x4, 1, b"x");
    for before in [
        vec![],
        frame(0x1, 0x4, 1, b"a"),
        [frame(0x1, 0, 1, b"a"), frame(0x9, 0x4, 1, b"b")].concat(),
        frame(0x0, 0, 1, b"a"),
    ] {
        let (_, verdict) = all(Role::Server, &[&before, &more[..]].concat());
        assert_eq!(verdict, Err(Error::ContinuationUnexpected));
    }
}

// Every header

#[test]
fn a_frame_that_is_all_there_is_decoded_like_one_in_pieces_whatever_its_header_says() {
    let payloads = [&[0; 4][..], &[1, 0, 0, 1, 0, 0, 0, 0, 2], &[0xFF; 20]];
    for role in BOTH {
        for frame_type in 0..=0xA {
            for flags in 0..=0xFF {
                for stream in [0, 1, 0x8000_0000, 0xFFFF_FFFF] {
                    for len in [0, 1, 4, 5, 6, 8, 9, 20] {
                        for payload in payloads.iter().filter_map(|payload| payload.get(..len)) {
                            let next = frame(frame_type, flags, stream, payload);
                            let bytes = [&opening(role)[..], &next, &next].concat();
                            let at = bytes.len() - 2 * next.len();
                            let pieces = [&bytes[..=at], &bytes[at + 1..]];
                            let result = decode(role, Limits::new(), &[&bytes]);
                            assert_eq!(decode(role, Limits::new(), &pieces), result, "{next:?}");
                        }
                    }
                }
            }
        }
    }
}

// The end of the transport

#[test]
fn a_stream_may_end_between_frames_only() {
    for role in BOTH {
        let mut bytes = opening(role);
        let mut ends = vec![0, bytes.len()];
        if role == Role::Server {
            ends.push(PREFACE.len());
        }
        for (next, is_end) in [
            (frame(0x4, 0, 0, &[0, 3, 0, 0, 0, 1]), true),
            (frame(0x6, 0, 0, b"pingpong"), true),
            (padded(0x0, 0, 1, b"hi", 2), true),
            (frame(0x1, 0, 1, b"a"), false),
            (frame(0x9, 0x4, 1, b"b"), true),
            (frame(0x7, 0, 0, b"\0\0\0\0\0\0\0\0bye"), true),
            (frame(0xFF, 0, 0, b"unknown"), true),
        ] {
            bytes.extend(next);
            if is_end {
                ends.push(bytes.len());
            }
        }
        for end in 0..=bytes.len() {
            let mut decoder = Decoder::new(role, Limits::new());
            let mut bytes = bytes[..end].to_vec();
            let mut input = &mut bytes[..];
            while decoder.decode(&mut input).unwrap().is_some() {}
            let expected = if ends.contains(&end) { Ok(()) } else { Err(Truncated) };
            assert_eq!(decoder.check_eof(), expected, "{role:?} after {end} bytes");
        }
    }
}
