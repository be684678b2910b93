//! Lines, fields and limits of an event stream, in the order of the HTML standard: §9.2.5 Parsing an
//! event stream, then §9.2.6 Interpreting an event stream.

use crate::common::same_however_split;
use framewright::Truncated;
use framewright::sse::{Decoder, Error, Limits, Part};

/// A field or a comment, whole or as far as it has come, or another item.
#[derive(Clone, Debug, Eq, PartialEq)]
enum Got {
    Value { kind: &'static str, bytes: Vec<u8>, end: bool },
    Retry(u64),
    Dispatch,
    Lost(Error),
}

/// Decodes `pieces`, and joins the chunks of each value. The result must depend only on the bytes so
/// far, so chunks are joined but never held back.
fn decode(limits: Limits, pieces: &[&[u8]]) -> (Vec<Got>, Result<(), Truncated>) {
    let mut decoder = Decoder::new(limits);
    let mut parts = Vec::new();
    let mut open = false;
    let mut lost = false;
    for piece in pieces {
        let mut input = *piece;
        loop {
            let before = input.len();
            let Some(part) = decoder.decode(&mut input) else {
                assert!(input.is_empty(), "None means that all was taken");
                break;
            };
            assert!(input.len() < before, "progress");
            let (kind, chunk) = match part {
                Part::Data(chunk) => ("data", chunk),
                Part::EventType(chunk) => ("event", chunk),
                Part::Id(chunk) => ("id", chunk),
                Part::Comment(chunk) => ("comment", chunk),
                Part::Retry(ms) => {
                    parts.push(Got::Retry(ms));
                    continue;
                }
                Part::Dispatch => {
                    parts.push(Got::Dispatch);
                    lost = false;
                    continue;
                }
                Part::Lost(error) => {
                    parts.push(Got::Lost(error));
                    assert!(!lost, "an event is lost but once");
                    lost = true;
                    open = false;
                    continue;
                }
            };
            assert!(chunk.start != open || lost, "a value begins with its first chunk");
            open = !chunk.end;
            match parts.last_mut() {
                Some(Got::Value { kind: k, bytes, end }) if !chunk.start => {
                    assert_eq!(*k, kind);
                    bytes.extend_from_slice(chunk.bytes);
                    *end = chunk.end;
                }
                _ => parts.push(Got::Value { kind, bytes: chunk.bytes.to_vec(), end: chunk.end }),
            }
        }
    }
    (parts, decoder.check_eof())
}

/// Decodes a stream, however split.
fn limited(limits: Limits, bytes: &[u8]) -> Vec<Got> {
    same_however_split(bytes, |pieces| decode(limits, pieces)).0
}

fn all(bytes: &[u8]) -> Vec<Got> {
    limited(Limits::new(), bytes)
}

fn got(kind: &'static str, bytes: impl AsRef<[u8]>) -> Got {
    Got::Value { kind, bytes: bytes.as_ref().to_vec(), end: true }
}

fn cut(kind: &'static str, bytes: impl AsRef<[u8]>) -> Got {
    Got::Value { kind, bytes: bytes.as_ref().to_vec(), end: false }
}

// §9.2.5 Parsing an event stream: lines

#[test]
fn a_line_ends_with_lf_or_cr_or_crlf_and_with_nothing_else() {
    for end in ["\n", "\r", "\r\n"] {
        let bytes = format!("data: a{end}data: b{end}{end}: c{end}");
        let expected = [got("data", "a"), got("data", "b"), Got::Dispatch, got("comment", "c")];
        assert_eq!(all(bytes.as_bytes()), expected, "{end:?}");
    }
    for no_end in ["\u{2028}", "\u{2029}", "\u{85}", "\u{B}", "\u{C}", "\0"] {
        let bytes = format!("data: a{no_end}data: b\n");
        assert_eq!(all(bytes.as_bytes()), [got("data", format!("a{no_end}data: b"))]);
    }
}

#[test]
fn ends_of_lines_may_be_mixed() {
    let cases: [(&[u8], usize); 8] = [
        (b"\n\r", 2),
        (b"\r\n\r", 2),
        (b"\r\r\n", 2),
        (b"\n\r\n", 2),
        (b"\r\n\r\n", 2),
        (b"\n\n\r\r", 4),
        (b"\r\n\n", 2),
        (b"\r\r\n\n\r\n\r", 5),
    ];
    for (bytes, blank_lines) in cases {
        assert_eq!(all(bytes), vec![Got::Dispatch; blank_lines], "{bytes:?}");
        let data = [b"data:x", bytes].concat();
        let mut expected = vec![Got::Dispatch; blank_lines];
        expected[0] = got("data", "x");
        assert_eq!(all(&data), expected, "{bytes:?}");
    }
}

/// Rule 5: the byte after a CR may come late or never.
#[test]
fn every_part_is_out_with_the_byte_that_ends_it() {
    for end in ["\n", "\r"] {
        let bytes = format!("data: x{end}id: 7{end}retry: 10{end}:{end}event{end}{end}");
        let mut decoder = Decoder::new(Limits::new());
        let mut ended = 0;
        for (at, byte) in bytes.bytes().enumerate() {
            let mut input = &[byte][..];
            let mut parts = 0;
            while let Some(part) = decoder.decode(&mut input) {
                parts += 1;
                ended += match part {
                    Part::Data(c) | Part::Id(c) | Part::EventType(c) | Part::Comment(c) => {
                        usize::from(c.end)
                    }
                    _ => 1,
                };
            }
            let lines = bytes[..=at].matches(end).count();
            assert_eq!(ended, lines, "after {:?}", &bytes[..=at]);
            let in_value = matches!(byte, b'x' | b'7');
            assert_eq!(parts, usize::from(in_value || end.as_bytes() == [byte]));
        }
    }
}

#[test]
fn the_lf_of_a_crlf_may_come_late_but_it_is_only_one() {
    let pieces: [&[u8]; 5] = [b"data: x\r", b"\n", b"\r", b"\n", b"\n"];
    let expected = vec![got("data", "x"), Got::Dispatch, Got::Dispatch];
    assert_eq!(decode(Limits::new(), &pieces).0, expected);
}

// §9.2.5: the byte order mark

const BOM: &str = "\u{FEFF}";

#[test]
fn one_byte_order_mark_is_removed_from_the_start() {
    assert_eq!(all(format!("{BOM}data:1\n").as_bytes()), [got("data", "1")]);
    assert_eq!(all(format!("{BOM}{BOM}data:1\ndata:2\n").as_bytes()), [got("data", "2")]);
    assert_eq!(all(format!("\n{BOM}data: x\n\n").as_bytes()), [Got::Dispatch, Got::Dispatch]);
    assert_eq!(all(format!("data:{BOM}x\n").as_bytes()), [got("data", format!("{BOM}x"))]);
    assert_eq!(all(format!("{BOM}\n").as_bytes()), [Got::Dispatch]);
    assert_eq!(all(format!("{BOM}:\n").as_bytes()), [got("comment", "")]);
}

/// Rule 3: it is the beginning of an unknown name.
#[test]
fn an_incomplete_byte_order_mark_spoils_only_the_first_line() {
    for mark in
        [&b"\xEF"[..], b"\xEF\xBB", b"\xEF\xBB\xBE", b"\xEF\xBF", b"\xBB", b"\xEF\xEF\xBB\xBF"]
    {
        let bytes = [mark, b"data: 1\ndata: 2\n"].concat();
        assert_eq!(all(&bytes), [got("data", "2")], "{mark:X?}");
        for end in ["\n", "\r", "\r\n"] {
            let bytes = [mark, end.as_bytes(), b"data: 2\n"].concat();
            assert_eq!(all(&bytes), [got("data", "2")], "{mark:X?}");
        }
    }
}

// §9.2.6 Interpreting an event stream: a line is a field

#[test]
fn a_name_ends_at_the_first_colon_and_a_value_loses_one_space() {
    let cases: [(&[u8], &[u8]); 10] = [
        (b"data:  hello  \n", b" hello  "),
        (b"data:\ttest\n", b"\ttest"),
        (b"data: \ttest\n", b"\ttest"),
        (b"data:a:b: c\n", b"a:b: c"),
        (b"data::\n", b":"),
        (b"data: :\n", b":"),
        (b"data: \n", b""),
        (b"data:  \n", b" "),
        (b"data:\n", b""),
        (b"data\n", b""),
    ];
    for (bytes, value) in cases {
        assert_eq!(all(bytes), [got("data", value)]);
    }
    assert_eq!(all(b"id\nevent\n"), [got("id", ""), got("event", "")]);
    assert_eq!(all(b"id: \nevent:\n"), [got("id", ""), got("event", "")]);
}

#[test]
fn a_line_that_begins_with_a_colon_is_a_comment() {
    let cases: [(&[u8], &[u8]); 5] = [
        (b":\n", b""),
        (b": \n", b""),
        (b":data: x\n", b"data: x"),
        (b":  two\n", b" two"),
        (b"::\n", b":"),
    ];
    for (bytes, text) in cases {
        assert_eq!(all(bytes), [got("comment", text)]);
    }
}

/// Rule 11.
#[test]
fn names_are_compared_byte_by_byte() {
    let unknown = [
        "Data: x",
        "DATA: x",
        " data: x",
        "data : x",
        "\tdata: x",
        "data\0: x",
        "da-ta: x",
        "dat: x",
        "dat",
        "d",
        "datas: x",
        "datasets",
        "ddata: x",
        "comment: x",
        "Id: x",
        "ids: x",
        "i: x",
        "i",
        "events: x",
        "even: x",
        "Event: x",
        "event ",
        "retry2: 1",
        "retr: 1",
        "Retry: 1",
        "x",
        "x:",
        "a-name-longer-than-any: x",
        "dаta: Cyrillic",
    ];
    for line in unknown {
        let bytes = format!("{line}\ndata: y\n");
        assert_eq!(all(bytes.as_bytes()), [got("data", "y")], "{line:?}");
    }
}

// §9.2.6: the fields

#[test]
fn fields_come_in_their_order_and_as_often_as_they_are_there() {
    let bytes = b"id: 1\nevent: a\ndata: x\n: c\nevent\nid\ndata\nretry: 5\n\n";
    let expected = [
        got("id", "1"),
        got("event", "a"),
        got("data", "x"),
        got("comment", "c"),
        got("event", ""),
        got("id", ""),
        got("data", ""),
        Got::Retry(5),
        Got::Dispatch,
    ];
    assert_eq!(all(bytes), expected);
}

/// Rule 13.
#[test]
fn a_retry_is_digits_and_nothing_else() {
    let cases: [(&str, Option<u64>); 22] = [
        ("3000", Some(3000)),
        ("0", Some(0)),
        ("02000", Some(2000)),
        ("00000000000000000000000000000000000000001", Some(1)),
        ("18446744073709551615", Some(u64::MAX)),
        ("18446744073709551616", Some(u64::MAX)),
        ("99999999999999999999999999999999999999999", Some(u64::MAX)),
        ("", None),
        ("+5", None),
        ("-5", None),
        ("1 ", None),
        (" 1", None),
        ("\t1", None),
        ("1x", None),
        ("x1", None),
        ("1.5", None),
        ("1e3", None),
        ("0x10", None),
        ("1_000", None),
        ("1:1", None),
        ("5\0", None),
        ("１", None),
    ];
    for (value, ms) in cases {
        let expected: Vec<_> = ms.map(Got::Retry).into_iter().collect();
        assert_eq!(all(format!("retry: {value}\n").as_bytes()), expected, "{value:?}");
        if !value.starts_with(' ') {
            assert_eq!(all(format!("retry:{value}\r").as_bytes()), expected, "{value:?}");
        }
    }
    assert_eq!(all(b"retry\n"), []);
}

#[test]
fn any_bytes_are_a_value() {
    let value: Vec<u8> = (0..=255).filter(|byte| !matches!(byte, b'\n' | b'\r')).collect();
    for name in ["data", "event", "id"] {
        let bytes = [name.as_bytes(), b":", &value, b"\n"].concat();
        assert_eq!(all(&bytes), [got(name, &value)]);
    }
}

// §9.2.6: the end of the stream

/// Rules 6 and 20. An end after a comment or the reconnection time cuts nothing off.
#[test]
fn an_end_of_the_stream_differs_from_a_cut_at_every_byte() {
    let pieces = ["\u{FEFF}", ": c\n", "data: a\r\n\r", "\n", "id: 1\revent: b\r\r", "retry: 5\n"];
    let stream = pieces.concat();
    let mut whole = vec![0];
    for piece in pieces {
        whole.push(whole.last().unwrap() + piece.len());
    }
    for at in 0..=stream.len() {
        let (_, finish) = decode(Limits::new(), &[&stream.as_bytes()[..at]]);
        let expected = if whole.contains(&at) { Ok(()) } else { Err(Truncated) };
        assert_eq!(finish, expected, "{at} bytes");
    }
}

// Limits

const LIMITS: Limits = Limits::new().max_line_len(20).max_data_len(5).max_type_len(3).max_id_len(2);

#[test]
fn everything_as_long_as_its_limit_passes() {
    let bytes = b"id: 12\nevent: abc\ndata: 12345\n: 456789012345678 20\nunknown: 01234567 20\n\n";
    let expected = [
        got("id", "12"),
        got("event", "abc"),
        got("data", "12345"),
        got("comment", "456789012345678 20"),
        Got::Dispatch,
    ];
    assert_eq!(limited(LIMITS, bytes), expected);
    assert_eq!(limited(LIMITS, b"retry: 0000000000001\n"), [Got::Retry(1)]);
}

#[test]
fn one_byte_over_a_limit_loses_an_event_once_and_the_stream_goes_on() {
    let next = b"\n\ndata: next\n\n";
    let after = [Got::Dispatch, got("data", "next"), Got::Dispatch];
    let over = |line: &[u8], possible: Option<Got>, error| {
        let expected = possible.into_iter().chain([Got::Lost(error)]).chain(after.clone());
        let bytes = [line, next].concat();
        assert_eq!(
            limited(LIMITS, &bytes),
            expected.collect::<Vec<_>>(),
            "{}",
            line.escape_ascii()
        );
    };
    over(b"id: 123", Some(cut("id", "12")), Error::IdTooLong { limit: 2 });
    over(b"event: abcd", Some(cut("event", "abc")), Error::TypeTooLong { limit: 3 });
    over(b"data: 123456", Some(cut("data", "12345")), Error::DataTooLong { limit: 5 });
    over(
        b"data: 123456 and a line over",
        Some(cut("data", "12345")),
        Error::DataTooLong { limit: 5 },
    );
    over(
        b": 456789012345678 20+",
        Some(cut("comment", "456789012345678 20")),
        Error::LineTooLong { limit: 20 },
    );
    over(b"unknown: 01234567 20+", None, Error::LineTooLong { limit: 20 });
    over(b"0123456789 without 20", None, Error::LineTooLong { limit: 20 });
    over(b"retry: 00000000000001", None, Error::LineTooLong { limit: 20 });
    over(
        b"data: 123456\ndata: 7\nevent: abcd\nunknown: and so on and so on",
        Some(cut("data", "12345")),
        Error::DataTooLong { limit: 5 },
    );
}

#[test]
fn a_line_over_its_limit_is_too_long_whatever_its_value_may_be() {
    let limits = Limits::new().max_line_len(10);
    for (line, possible) in [
        ("data: 12345", cut("data", "1234")),
        ("id: 1234567", cut("id", "123456")),
        ("event: abcd", cut("event", "abc")),
    ] {
        let lost = Got::Lost(Error::LineTooLong { limit: 10 });
        let expected = [possible, lost, Got::Dispatch, got("data", "next"), Got::Dispatch];
        let bytes = format!("{line}\n\ndata: next\n\n");
        assert_eq!(limited(limits, bytes.as_bytes()), expected, "{line}");
    }
}

#[test]
fn a_value_over_its_limit_is_cut_off_in_silence_if_the_event_is_lost_already() {
    let bytes = b"data: 123456\nid: 123\n: 456789012345678 20+\nid: 45\n\n";
    let expected = [
        cut("data", "12345"),
        Got::Lost(Error::DataTooLong { limit: 5 }),
        cut("id", "12"),
        cut("comment", "456789012345678 20"),
        got("id", "45"),
        Got::Dispatch,
    ];
    assert_eq!(limited(LIMITS, bytes), expected);
}

#[test]
fn data_counts_over_all_its_lines_with_the_lf_between_them() {
    let passes = b"data: 12\ndata: 45\n\ndata\ndata\ndata\ndata\ndata\ndata\n\n";
    let mut expected = vec![got("data", "12"), got("data", "45"), Got::Dispatch];
    expected.extend(vec![got("data", ""); 6]);
    expected.push(Got::Dispatch);
    assert_eq!(limited(LIMITS, passes), expected);

    let lost = [cut("data", "45"), Got::Lost(Error::DataTooLong { limit: 5 }), Got::Dispatch];
    let expected = [&[got("data", "12")][..], &lost].concat();
    assert_eq!(limited(LIMITS, b"data: 12\ndata: 456\n\n"), expected);

    // The LF alone exceeds the limit, with or without data after it.
    for line in ["data", "data:", "data: ", "data: x"] {
        let bytes = format!("data: 12345\n{line}\n\n");
        let expected =
            [got("data", "12345"), Got::Lost(Error::DataTooLong { limit: 5 }), Got::Dispatch];
        assert_eq!(limited(LIMITS, bytes.as_bytes()), expected, "{line:?}");
    }
}

/// The ID counts from its event on, even if the event is lost. So does the reconnection time.
#[test]
fn the_id_and_the_reconnection_time_of_a_lost_event_still_come() {
    let bytes = b"id: 1\ndata: 123456\nevent: a\ndata: x\nid: 2\nretry: 9\n: c\n\n";
    let expected = [
        got("id", "1"),
        cut("data", "12345"),
        Got::Lost(Error::DataTooLong { limit: 5 }),
        got("id", "2"),
        Got::Retry(9),
        got("comment", "c"),
        Got::Dispatch,
    ];
    assert_eq!(limited(LIMITS, bytes), expected);
}

#[test]
fn a_limit_of_0_lets_empty_values_pass() {
    let limits = Limits::new().max_line_len(0).max_data_len(0).max_type_len(0).max_id_len(0);
    let bytes = b"data\nevent: \nid:\nretry:\n\ndata: x\n\n";
    let expected = [
        got("data", ""),
        got("event", ""),
        got("id", ""),
        Got::Dispatch,
        Got::Lost(Error::DataTooLong { limit: 0 }),
        Got::Dispatch,
    ];
    assert_eq!(limited(limits, bytes), expected);
}

#[test]
fn a_lost_event_is_not_ended_by_the_end_of_its_line() {
    for at in 12..=14 {
        let (_, finish) = decode(LIMITS, &[&b"data: 123456\n\n"[..at]]);
        assert_eq!(finish.is_ok(), at == 14, "{at} bytes");
    }
}

/// T15: neither a line nor an event can go on without end, and small pieces cost no more than the
/// whole.
#[test]
fn endless_lines_and_events_are_lost_once_and_take_linear_time() {
    let len = 4 << 20;
    for endless in
        [&b"x"[..], b":", b"data: x\n", b"data\n", b"id: x\n", b"retry: 1\n", b": c\n", b"\r"]
    {
        let stream: Vec<u8> = endless.iter().copied().cycle().take(len).collect();
        let limits = Limits::new().max_line_len(64 << 10).max_data_len(64 << 10);
        for chunk_len in [1, 16 << 10] {
            let mut decoder = Decoder::new(limits);
            let mut lost = 0;
            let mut calls = 0;
            for mut input in stream.chunks(chunk_len) {
                while let Some(part) = decoder.decode(&mut input) {
                    calls += 1;
                    lost += usize::from(matches!(part, Part::Lost(_)));
                }
            }
            let expected = matches!(endless, b"x" | b":" | b"data: x\n" | b"data\n");
            assert_eq!(lost, usize::from(expected), "{}", endless.escape_ascii());
            assert!(calls <= len);
        }
    }
}

#[test]
fn what_is_returned_by_value_is_small() {
    assert!(size_of::<Option<Part<'_>>>() <= 32);
    assert!(size_of::<Error>() <= 16);
    assert!(size_of::<Decoder>() <= 128);
}
