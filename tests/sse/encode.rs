//! The encoder, in the order of the HTML standard: §9.2.5 and §9.2.6.
#![cfg(feature = "alloc")]

use framewright::sse::{Encoder, EventBuilder, SendError};
use framewright::{Buffer, BufferFull, SliceBuf};

fn encode(fields: EventBuilder<'_>) -> String {
    let mut out = Vec::new();
    Encoder::new().encode(fields, &mut out).unwrap();
    let full = BufferFull { needed: out.len() };
    let no_room = Encoder::new().encode(fields, &mut SliceBuf::new(&mut []));
    assert_eq!(no_room, Err(SendError::BufferFull(full)), "{fields:?}");
    String::from_utf8(out).unwrap()
}

#[test]
fn fields_are_written_in_one_order_and_end_with_a_blank_line() {
    let fields = EventBuilder::new().data("d").retry(5).id("i").event_type("t");
    assert_eq!(encode(fields), "event: t\nid: i\nretry: 5\ndata: d\n\n");
    assert_eq!(encode("d".into()), "data: d\n\n");
    assert_eq!(encode(EventBuilder::new().id("i")), "id: i\n\n");
    assert_eq!(encode(EventBuilder::new()), "\n");
}

/// Every line break counts: a trailing one leaves an empty line. No data is not the same as empty data.
#[test]
fn data_is_split_at_every_line_break() {
    let cases = [
        ("", "data: \n\n"),
        ("a", "data: a\n\n"),
        (" a", "data:  a\n\n"),
        ("a\nb", "data: a\ndata: b\n\n"),
        ("a\rb", "data: a\ndata: b\n\n"),
        ("a\r\nb", "data: a\ndata: b\n\n"),
        ("a\n\rb", "data: a\ndata: \ndata: b\n\n"),
        ("a\n", "data: a\ndata: \n\n"),
        ("a\r", "data: a\ndata: \n\n"),
        ("a\r\n", "data: a\ndata: \n\n"),
        ("\n", "data: \ndata: \n\n"),
        ("\r\n\r\n", "data: \ndata: \ndata: \n\n"),
        (
            "a\rdata: evil\r\rdata: evil2",
            "data: a\ndata: data: evil\ndata: \ndata: data: evil2\n\n",
        ),
        ("id: 1\n\n", "data: id: 1\ndata: \ndata: \n\n"),
        ("\u{FEFF}\0…\u{2028}", "data: \u{FEFF}\0…\u{2028}\n\n"),
    ];
    for (data, expected) in cases {
        assert_eq!(encode(data.into()), expected, "{data:?}");
    }
}

#[test]
fn an_empty_type_is_left_out_and_an_empty_id_resets_the_last_one() {
    assert_eq!(encode(EventBuilder::new().event_type("").data("x")), "data: x\n\n");
    assert_eq!(encode(EventBuilder::new().id("").data("x")), "id\ndata: x\n\n");
    assert_eq!(
        encode(EventBuilder::new().id("…").event_type(" ").data("x")),
        "event:  \nid: …\ndata: x\n\n"
    );
}

#[test]
fn a_reconnection_time_is_decimal() {
    for (ms, expected) in [
        (0, "retry: 0\n"),
        (9, "retry: 9\n"),
        (10, "retry: 10\n"),
        (3000, "retry: 3000\n"),
        (u64::MAX, "retry: 18446744073709551615\n"),
    ] {
        let mut out = Vec::new();
        Encoder::new().encode_retry(ms, &mut out).unwrap();
        assert_eq!(out, expected.as_bytes());
        assert_eq!(encode(EventBuilder::new().retry(ms)), format!("{expected}\n"));
    }
}

#[test]
fn a_comment_is_split_at_every_line_break_and_ends_no_event() {
    for (text, expected) in [
        ("", ": \n"),
        ("hi", ": hi\n"),
        ("a\r\nb\rc\nd", ": a\n: b\n: c\n: d\n"),
        ("\n\ndata: evil\n\n", ": \n: \n: data: evil\n: \n: \n"),
    ] {
        let mut out = Vec::new();
        Encoder::new().encode_comment(text, &mut out).unwrap();
        assert_eq!(out, expected.as_bytes(), "{text:?}");
    }
    let mut out = Vec::new();
    Encoder::new().encode_keep_alive(&mut out).unwrap();
    assert_eq!(out, b":\n");
}

/// T6, for the strings of this protocol.
#[test]
fn what_cannot_be_encoded_is_refused_and_nothing_is_written() {
    let refused = |fields: EventBuilder<'_>, error: SendError| {
        let mut out = b"before".to_vec();
        let mut encoder = Encoder::new();
        assert_eq!(encoder.encode(fields, &mut out), Err(error), "{fields:?}");
        assert_eq!(encoder.begin_event(fields, &mut out), Err(error), "{fields:?}");
        assert_eq!(out, b"before");
        encoder.encode("next", &mut out).expect("nothing has changed");
    };
    for byte in ['\n', '\r', '\0'] {
        for text in [
            format!("{byte}"),
            format!("a{byte}"),
            format!("{byte}a"),
            format!("a{byte}data: evil"),
        ] {
            refused(EventBuilder::new().event_type(&text).data("x"), SendError::TypeInvalid);
            refused(EventBuilder::new().id(&text).data("x"), SendError::IdInvalid);
        }
    }
    for control in (1..32).chain([127]).map(char::from).filter(|c| *c != '\t') {
        refused(EventBuilder::new().id(&format!("a{control}b")), SendError::IdInvalid);
    }
    for id in [" a", "a ", "\ta", "a\t", " ", "\t"] {
        refused(EventBuilder::new().id(id), SendError::IdInvalid);
    }
    for id in ["a b", "a\tb", "ü", "…", "\u{80}", "{\"a\":[1,2]}"] {
        assert!(
            Encoder::new().encode(EventBuilder::new().id(id), &mut Vec::new()).is_ok(),
            "{id:?}"
        );
    }
}

#[test]
fn a_cr_can_be_refused() {
    let mut encoder = Encoder::new().refuse_cr();
    let mut out = Vec::new();
    for data in ["\r", "a\r\nb", "a\r"] {
        assert_eq!(encoder.encode(data, &mut out), Err(SendError::CarriageReturn));
        assert_eq!(encoder.begin_event(data, &mut out), Err(SendError::CarriageReturn));
    }
    encoder.begin_event("a\n", &mut out).unwrap();
    assert_eq!(encoder.encode_data("\r", &mut out), Err(SendError::CarriageReturn));
    encoder.end_event(&mut out).unwrap();
    assert_eq!(out, b"data: a\ndata: \n\n");
}

#[test]
fn an_event_is_written_whole_or_not_at_all() {
    let fields = EventBuilder::new().event_type("t").id("1").data("a\nb");
    let len = encode(fields).len();
    for room in 0..=len {
        let mut bytes = vec![0; 3 + room];
        let mut out = SliceBuf::new(&mut bytes);
        out.try_append(b"abc").unwrap();
        let written = Encoder::new().encode(fields, &mut out);
        if room < len {
            let full = BufferFull { needed: 3 + len };
            assert_eq!(written, Err(SendError::BufferFull(full)));
            assert_eq!(out.as_slice(), b"abc");
        } else {
            assert_eq!(written, Ok(()));
            assert_eq!(out.as_slice(), b"abcevent: t\nid: 1\ndata: a\ndata: b\n\n");
        }
    }
}

/// Data may be cut into any pieces: it is the same event, and a CRLF between two pieces is one line
/// break.
#[test]
fn data_in_pieces_is_encoded_like_the_whole() {
    let data = "a\r\nb\rc\n\n\r\r\nd…\r";
    let whole = encode(EventBuilder::new().id("1").data(data));
    let cuts: Vec<usize> = (0..=data.len()).filter(|at| data.is_char_boundary(*at)).collect();
    for &a in &cuts {
        for &b in cuts.iter().filter(|b| **b >= a) {
            let mut out = Vec::new();
            let mut encoder = Encoder::new();
            encoder.begin_event(EventBuilder::new().id("1").data(&data[..a]), &mut out).unwrap();
            encoder.encode_data("", &mut out).unwrap();
            encoder.encode_data(&data[a..b], &mut out).unwrap();
            encoder.encode_data(&data[b..], &mut out).unwrap();
            encoder.end_event(&mut out).unwrap();
            assert_eq!(String::from_utf8(out).unwrap(), whole, "cut at {a} and {b}");
        }
    }
}

#[test]
fn nothing_else_is_written_inside_an_event() {
    let mut encoder = Encoder::new();
    let mut out = Vec::new();
    assert_eq!(encoder.encode_data("x", &mut out), Err(SendError::EventMissing));
    assert_eq!(encoder.end_event(&mut out), Err(SendError::EventMissing));
    encoder.begin_event(EventBuilder::new(), &mut out).unwrap();
    for refused in [
        encoder.encode("x", &mut out),
        encoder.begin_event("x", &mut out),
        encoder.encode_comment("x", &mut out),
        encoder.encode_keep_alive(&mut out),
        encoder.encode_retry(1, &mut out),
    ] {
        assert_eq!(refused, Err(SendError::EventUnfinished));
    }
    encoder.end_event(&mut out).unwrap();
    assert_eq!(out, b"data: \n\n");
    assert_eq!(encoder.encode_keep_alive(&mut out), Ok(()));
}

#[test]
fn a_piece_that_finds_no_room_can_be_passed_again() {
    let mut encoder = Encoder::new();
    let mut out = Vec::new();
    encoder.begin_event("a\r", &mut out).unwrap();
    let mut bytes = [0; 8];
    let mut small = SliceBuf::new(&mut bytes);
    assert!(encoder.encode_data("\nb\rc\n", &mut small).is_err());
    assert_eq!(small.as_slice(), b"");
    assert!(encoder.end_event(&mut SliceBuf::new(&mut [0; 1])).is_err());
    encoder.encode_data("\nb\rc\n", &mut out).unwrap();
    encoder.end_event(&mut out).unwrap();
    assert_eq!(out, b"data: a\ndata: b\ndata: c\ndata: \n\n");
}
