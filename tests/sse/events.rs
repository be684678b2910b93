//! Events of a stream, in the order of the HTML standard: §9.2.5, then §9.2.6 with its examples.
#![cfg(feature = "alloc")]

use crate::common::same_however_split;
use crate::common::sse::{
    Got, event, growing, is_same_when_asked_for, message, no_data, receive, receive_asking,
};
use framewright::sse::{Assembler, Error, Event, Item, ItemKind, Limits, Storage};
use framewright::{ArrayBuf, SliceBuf};

/// The items of a stream, however split, and the last event ID after it.
fn all(bytes: &[u8]) -> (Vec<Got>, String) {
    limited(Limits::new(), bytes)
}

fn limited(limits: Limits, bytes: &[u8]) -> (Vec<Got>, String) {
    same_however_split(bytes, |pieces| {
        let mut assembler = growing(limits);
        let mut got = Vec::new();
        receive(&mut assembler, pieces, &mut got);
        is_same_when_asked_for(growing(limits), pieces, &got);
        (got, assembler.last_event_id().to_owned())
    })
}

/// Only the events.
fn events(bytes: impl AsRef<[u8]>) -> Vec<Got> {
    let is_event = |got: &Got| matches!(got, Got::Event { .. });
    all(bytes.as_ref()).0.into_iter().filter(is_event).collect()
}

// §9.2.5 Parsing an event stream

/// Rules 1 and 3, and characters of which one of three bytes or the last one of a line is missing.
#[test]
fn what_is_not_utf_8_becomes_a_replacement_character_and_never_an_error() {
    let cases: [(&[u8], &str); 12] = [
        (b"data:\xFFhello\xC2\ndata:bye\n\n", "\u{FFFD}hello\u{FFFD}\nbye"),
        (b"data: \xED\xA0\x80\n\n", "\u{FFFD}\u{FFFD}\u{FFFD}"),
        (b"data: \xF0\x9F\xA6\n\n", "\u{FFFD}"),
        (b"data: \xF0\x9F\xA6\x80\n\n", "🦀"),
        (b"data: \xF0\x9F\ndata: \xA6\x80\n\n", "\u{FFFD}\n\u{FFFD}\u{FFFD}"),
        (b"data: \xE2\x80\xE2\x80\xA6\n\n", "\u{FFFD}…"),
        (b"data: \xC0\xAF\n\n", "\u{FFFD}\u{FFFD}"),
        (b"data: \xF4\x90\x80\x80\n\n", "\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}"),
        (b"data: a\xC3\r\n\r\n", "a\u{FFFD}"),
        (b"data: \xEF\xBB\xBFx\n\n", "\u{FEFF}x"),
        // Where eight bytes are checked together.
        (b"data: \xFF1234567\xFF1234567\n\n", "\u{FFFD}1234567\u{FFFD}1234567"),
        (
            b"data: \x80\x80\x80\x80\x80\x80\x80\x80\n\n",
            "\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}",
        ),
    ];
    for (bytes, data) in cases {
        assert_eq!(events(bytes), [message(data)], "{}", bytes.escape_ascii());
    }
    let bytes = b"event: \xFFa\nid: \xC3\ndata\n\n";
    assert_eq!(events(bytes), [event("\u{FFFD}a", "", "\u{FFFD}")]);
}

#[test]
fn one_byte_order_mark_is_removed_from_the_start() {
    assert_eq!(events("\u{FEFF}data: 1\n\n"), [message("1")]);
    assert_eq!(events("\u{FEFF}\u{FEFF}data:1\n\ndata:2\n\n"), [message("2")]);
    assert_eq!(events("\n\u{FEFF}data: x\n\n"), []);
    assert_eq!(events(b"\xEF\xBBdata: 1\ndata: 2\n\n"), [message("2")]);
}

/// Rules 4 to 6: WPT's `format-newlines`, `format-null-character` and others like them.
#[test]
fn lines_may_mix_their_ends() {
    assert_eq!(events("data: x\r\r\n"), [message("x")]);
    assert_eq!(events("data:test\r\ndata\ndata:test\r\n\r\n"), [message("test\n\ntest")]);
    assert_eq!(events("data: 1\r\rdata: 2\n\ndata: 3\r\n\r\n"), ["1", "2", "3"].map(message));
    assert_eq!(events("data:\0\n\n"), [message("\0")]);
    assert_eq!(
        events("data: a\u{2028}\u{85}\u{B}\u{C}b\n\n"),
        [message("a\u{2028}\u{85}\u{B}\u{C}b")]
    );
    assert_eq!(events("data: x\n"), []);
    assert_eq!(events("data: x\ndata: y"), []);
}

/// Rule 5. This matters most where lines end in CR, because the next event may come late.
#[test]
fn an_event_is_out_with_the_byte_that_ends_it() {
    for end in ["\n", "\r", "\r\n"] {
        let stream = format!("id: 1{end}data: a{end}data: b{end}event: c{end}{end}").repeat(2);
        let mut assembler = growing(Limits::new());
        let mut ends = Vec::new();
        for (at, byte) in stream.bytes().enumerate() {
            let mut got = Vec::new();
            receive(&mut assembler, &[&[byte]], &mut got);
            if !got.is_empty() {
                assert_eq!(got, [event("c", "a\nb", "1")]);
                ends.push(at + 1);
            }
        }
        // With CRLF, the CR of the blank line ends it.
        let late = usize::from(end == "\r\n");
        assert_eq!(ends, [stream.len() / 2 - late, stream.len() - late], "{end:?}");
    }
}

// §9.2.6 Interpreting an event stream: fields

#[test]
fn names_are_compared_exactly() {
    let unknown = "Data: x\n data: x\ndata : x\ndata\0: x\nda-ta: x\ncomment: x\ndatas\n";
    assert_eq!(events(format!("{unknown}data: y\n\n")), [message("y")]);
    assert_eq!(all(format!("{unknown}\n").as_bytes()).0, []);
}

#[test]
fn a_value_loses_one_space_and_nothing_else() {
    assert_eq!(events("data:  hello  \n\n"), [message(" hello  ")]);
    assert_eq!(events("data:\ttest\n\n"), [message("\ttest")]);
    assert_eq!(events("data::x: y\n\n"), [message(":x: y")]);
}

/// Rules 10 and 12.
#[test]
fn the_last_type_counts_and_an_empty_one_is_the_default() {
    assert_eq!(events("event: a\nevent: b\ndata\n\n"), [event("b", "", "")]);
    assert_eq!(events("event: a\nevent\ndata\n\n"), [message("")]);
    assert_eq!(events("event: a\nevent:\ndata\n\n"), [message("")]);
    assert_eq!(events("data: x\nevent: a\ndata: y\n\n"), [event("a", "x\ny", "")]);
    assert_eq!(events("event: a b \0\ndata\n\n"), [event("a b \0", "", "")]);
    // Rule 19: it does not outlive its event.
    assert_eq!(events("event: a\ndata\n\ndata\n\n"), [event("a", "", ""), message("")]);
}

/// Rules 10, 12, 14 and 19: WPT's `format-field-id`.
#[test]
fn an_id_holds_until_the_next() {
    let two = |a: Got, b: Got| vec![a, b];
    assert_eq!(
        events("id: 1\ndata: a\n\ndata: b\n\n"),
        two(event("message", "a", "1"), event("message", "b", "1"))
    );
    assert_eq!(
        events("id: 1\ndata: a\n\nid\ndata: b\n\n"),
        two(event("message", "a", "1"), message("b"))
    );
    assert_eq!(
        events("id: 1\ndata: a\n\nid:\ndata: b\n\n"),
        two(event("message", "a", "1"), message("b"))
    );
    assert_eq!(events("id: 1\nid: 2\ndata: a\nid: …\n\n"), [event("message", "a", "…")]);
    assert_eq!(all(b"id: 99\n\n"), (vec![no_data("message", "99")], "99".to_owned()));
}

/// Rule 12: the field is ignored, and the one before it counts, even in the same event.
#[test]
fn an_id_with_a_nul_does_not_count() {
    for id in ["\0", "\0b", "a\0b", "a\0"] {
        let stream = format!("id: 1\ndata: a\n\nid: {id}\ndata: b\n\n");
        let expected = [event("message", "a", "1"), event("message", "b", "1")];
        assert_eq!(events(stream), expected, "{id:?}");
        let stream = format!("id: 1\nid: {id}\ndata: a\n\n");
        assert_eq!(events(stream), [event("message", "a", "1")], "{id:?}");
        let stream = format!("id: {id}\nid: 1\ndata: a\n\n");
        assert_eq!(events(stream), [event("message", "a", "1")], "{id:?}");
    }
}

/// Rule 13.
#[test]
fn the_reconnection_time_changes_at_once() {
    let mut assembler = growing(Limits::new());
    assert_eq!(assembler.reconnection_time(), None);
    let mut got = Vec::new();
    receive(&mut assembler, &[b"data: x\nretry: 02000\n"], &mut got);
    assert_eq!(got, [Got::ReconnectionTime(2000)]);
    assert_eq!(assembler.reconnection_time(), Some(2000));
    receive(&mut assembler, &[b"retry: +5\nretry:\nretry\nretry: 1x\n\n"], &mut got);
    assert_eq!(got, [Got::ReconnectionTime(2000), message("x")]);
    receive(&mut assembler, &[b"retry: 99999999999999999999999\n"], &mut got);
    assert_eq!(assembler.reconnection_time(), Some(u64::MAX));
}

// §9.2.6: dispatch

/// Rules 15 to 17.
#[test]
fn no_data_is_no_event_but_empty_data_is() {
    assert_eq!(events("event: ping\n\ndata: x\n\n"), [message("x")]);
    assert_eq!(events("data:\n\n"), [message("")]);
    assert_eq!(events("data\n\n"), [message("")]);
    assert_eq!(events("data\ndata\n\n"), [message("\n")]);
    assert_eq!(events("data: a\ndata\n\n"), [message("a\n")]);
    assert_eq!(events("data\ndata: a\n\n"), [message("\na")]);
    assert_eq!(events("\n\n\ndata: a\n\n\n\n"), [message("a")]);
}

/// Rule 22. MCP gives a client its first ID with empty data. Others send an ID alone.
#[test]
fn items_that_are_not_events_are_yielded_too() {
    let stream = b": hi\n\nid: 1\n\nretry: 5\n\nevent: ping\n\nid: 2\ndata\n\n\n\nunknown\n\n:\n";
    let expected = vec![
        Got::Comment(b"hi".to_vec()),
        no_data("message", "1"),
        Got::ReconnectionTime(5),
        no_data("message", "1"),
        no_data("ping", "1"),
        event("message", "", "2"),
        Got::Comment(vec![]),
    ];
    assert_eq!(all(stream), (expected, "2".to_owned()));
}

/// A comment can come anywhere between lines, and does not touch the event around it.
#[test]
fn comments_come_inside_of_events() {
    let (got, _) = all(b"event: a\n:1\ndata: x\n:2\nid: 7\n:3\ndata: y\n:4\n\n");
    let expected: Vec<_> = ["1", "2", "3", "4"]
        .map(|text| Got::Comment(text.into()))
        .into_iter()
        .chain([event("a", "x\ny", "7")])
        .collect();
    assert_eq!(got, expected);
}

#[test]
fn the_examples_of_the_standard_are_received() {
    assert_eq!(
        events(
            "data: This is the first message.\n\ndata: This is the second message, it\ndata: has two lines.\n\ndata: This is the third message.\n\n"
        ),
        [
            "This is the first message.",
            "This is the second message, it\nhas two lines.",
            "This is the third message."
        ]
        .map(message)
    );
    assert_eq!(
        events(
            "event: add\ndata: 73857293\n\nevent: remove\ndata: 2153\n\nevent: add\ndata: 113411\n\n"
        ),
        [event("add", "73857293", ""), event("remove", "2153", ""), event("add", "113411", "")]
    );
    assert_eq!(events("data: YHOO\ndata: +2\ndata: 10\n\n"), [message("YHOO\n+2\n10")]);
    assert_eq!(
        events(
            ": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n"
        ),
        [event("message", "first event", "1"), message("second event"), message(" third event")]
    );
    assert_eq!(events("data\n\ndata\ndata\n\ndata:"), [message(""), message("\n")]);
    assert_eq!(events("data:test\n\ndata: test\n\n"), [message("test"), message("test")]);
}

// §9.2.6: the end of the stream

fn finished(bytes: &[u8]) -> (Option<Got>, String, Option<u64>) {
    same_however_split(bytes, |pieces| {
        let mut assembler = growing(Limits::new());
        receive(&mut assembler, pieces, &mut Vec::new());
        let dropped = assembler.receive_eof().map(Got::from);
        assert_eq!(assembler.receive_eof(), None, "it is dropped once");
        (dropped, assembler.last_event_id().to_owned(), assembler.reconnection_time())
    })
}

/// Rule 20.
#[test]
fn an_event_that_is_not_ended_is_dropped_with_its_id() {
    let cases = [
        (&b""[..], None, "", None),
        (b"data: a\n\n", None, "", None),
        (b"id: 1\ndata: a\n\nid: 2\n", None, "1", None),
        (b"id: 1\ndata: a\n\nid: 2\ndata: b\n", Some(event("message", "b", "2")), "1", None),
        (b"id: 1\ndata: a\n\nid: 2\ndata: b\nid: 3", Some(event("message", "b", "2")), "1", None),
        (b"id: 1\n\ndata: b", Some(event("message", "b", "1")), "1", None),
        (b"event: e\ndata: a\ndata: b", Some(event("e", "a\nb", "")), "", None),
        (b"data: a\nevent: e", Some(event("e", "a", "")), "", None),
        (b"data: a\nretry: 7\n", Some(message("a")), "", Some(7)),
        (b"data: a\nretry: 7", Some(message("a")), "", None),
        (b"data: a\xF0\x9F", Some(message("a\u{FFFD}")), "", None),
        (b"event: ping\n", None, "", None),
    ];
    for (bytes, dropped, id, retry) in cases {
        let expected = (dropped, id.to_owned(), retry);
        assert_eq!(finished(bytes), expected, "{}", bytes.escape_ascii());
    }
}

/// Rule 21: what WPT's `format-field-id` and the browsers do, although the standard's text does not
/// say so.
#[test]
fn the_next_stream_keeps_only_the_id_and_the_reconnection_time() {
    let cuts: [&[u8]; 8] = [
        b"data: cut",
        b"data: cut\n",
        b"event: cut\n",
        b"id: cut\n",
        b"id: cut",
        b"\r",
        b"x",
        b"retry: 1",
    ];
    for cut in cuts {
        for finish in [false, true] {
            let mut assembler = growing(Limits::new());
            let mut got = Vec::new();
            receive(&mut assembler, &[b"retry: 9\nid: \xE2\x80\xA6\ndata: a\n\n", cut], &mut got);
            if finish {
                assembler.receive_eof();
            } else {
                assembler.restart();
            }
            got.clear();
            receive(&mut assembler, &["\u{FEFF}".as_bytes(), b"data: b\n\n"], &mut got);
            assert_eq!(got, [event("message", "b", "…")], "{}", cut.escape_ascii());
            assert_eq!(assembler.reconnection_time(), Some(9));
        }
    }
    // If the connection cuts a CRLF, its LF is a blank line in the next stream.
    let mut assembler = growing(Limits::new());
    let mut got = Vec::new();
    receive(&mut assembler, &[b"data: a\r"], &mut got);
    assembler.restart();
    receive(&mut assembler, &[b"\ndata: b\n\n"], &mut got);
    assert_eq!(got, [message("b")]);
}

#[test]
fn a_stream_can_resume_where_another_was_cut_off() {
    let mut assembler = growing(Limits::new());
    assembler.set_last_event_id("41").unwrap();
    assert_eq!(assembler.last_event_id(), "41");
    let mut got = Vec::new();
    receive(&mut assembler, &[b"data: a\n\nid: 42\ndata: b\n\n"], &mut got);
    assert_eq!(got, [event("message", "a", "41"), event("message", "b", "42")]);
    assert_eq!(assembler.last_event_id(), "42");
}

// Storage

/// The data and the type are borrowed from the input, whatever the order of the fields.
#[test]
fn an_event_that_lies_whole_in_the_input_with_one_line_of_data_is_not_copied() {
    let streams = [
        "data: whole\n\n",
        "event: add\ndata: whole\n\n",
        "data: whole\nevent: add\n\n",
        "id: 7\nevent: add\ndata: whole\n\n",
        "data: whole\nid: 7\n\n",
        "data:whole\r\n\r\n",
        "data: whole\r\r",
        "unknown\ndata: whole\nunknown: x\n\n",
        "\u{FEFF}data: whole\n\n",
    ];
    for stream in streams {
        let mut assembler = growing(Limits::new());
        let mut input = stream.as_bytes();
        let Some(Item::Event(event)) = assembler.receive(&mut input) else { unreachable!() };
        assert_eq!(event.data, "whole");
        let is_in_input = |text: &str| stream.as_bytes().as_ptr_range().contains(&text.as_ptr());
        assert!(is_in_input(event.data), "{stream:?}");
        assert!(event.event_type == "message" || is_in_input(event.event_type), "{stream:?}");
        assert_eq!(assembler.release().unwrap().capacity(), 0);
    }
}

#[test]
fn memory_for_data_is_given_back_between_events_only() {
    let mut assembler = growing(Limits::new());
    receive(&mut assembler, &[b"data: a\n", b"da"], &mut Vec::new());
    assert_eq!(assembler.release(), None);
    receive(&mut assembler, &[b"ta: b\n\n"], &mut Vec::new());
    assert_eq!(assembler.release(), Some(b"a\nb".to_vec()));
    assert_eq!(assembler.release(), Some(vec![]));
}

/// Runs in one slice, with limits that leave `len` bytes for data.
fn fixed(len: usize, pieces: &[&[u8]]) -> Vec<Got> {
    let limits = Limits::new().max_type_len(4).max_id_len(2);
    let mut memory = vec![0; len + 4 + 3 * 2];
    let mut assembler = Assembler::new(limits, Storage::in_slice(&mut memory, &limits));
    let mut got = Vec::new();
    receive(&mut assembler, pieces, &mut got);
    got
}

#[test]
fn an_event_that_fits_to_the_byte_passes_and_one_byte_more_loses_it_alone() {
    let lost = |needed| Got::Lost(Error::BufferFull(framewright::BufferFull { needed }));
    for first in ["event: long\nid: 12\n", ""] {
        let (event_type, id) = if first.is_empty() { ("message", "") } else { ("long", "12") };
        let stream = format!("{first}data: ab\ndata: de\n\n");
        let pieces: Vec<_> = stream.as_bytes().chunks(1).collect();
        assert_eq!(fixed(5, &pieces), [event(event_type, "ab\nde", id)]);
        let stream = format!("{first}data: ab\ndata: def\nevent: x\ndata: gh\n\ndata: next\n\n");
        for pieces in [vec![stream.as_bytes()], stream.as_bytes().chunks(1).collect()] {
            assert_eq!(fixed(5, &pieces), [lost(6), event("message", "next", id)]);
        }
    }
    // Data that is whole in the input needs no room.
    assert_eq!(fixed(0, &[b"data: whole\n\n"]), [message("whole")]);
    assert_eq!(fixed(0, &[b"data: who", b"le\n\n"]), [lost(3)]);
    // The comment made it necessary to store the data, which did not fit.
    let expected = [Got::Comment(b"c".to_vec()), lost(5), event("message", "b", "")];
    assert_eq!(fixed(1, &[b"data: whole\n:c\n\ndata: b\n\n"]), expected);
}

/// Its data may be whole in the input, but it would be dispatched with the wrong type.
#[test]
fn a_type_that_finds_no_room_loses_its_event() {
    let mut memory = [0; 64];
    let (data, rest) = memory.split_at_mut(16);
    let (a, rest) = rest.split_at_mut(16);
    let (b, c) = rest.split_at_mut(16);
    let mut event_type = [0; 3];
    let mut assembler = Assembler::new(
        Limits::new(),
        Storage {
            data: SliceBuf::new(data),
            event_type: SliceBuf::new(&mut event_type),
            ids: [SliceBuf::new(a), SliceBuf::new(b), SliceBuf::new(c)],
        },
    );
    let mut got = Vec::new();
    let pieces: [&[u8]; 2] = [b"event: long\n", b"data: a\n\nevent: abc\ndata: b\n\n"];
    receive(&mut assembler, &pieces, &mut got);
    let full = framewright::BufferFull { needed: 4 };
    assert_eq!(got, [Got::Lost(Error::BufferFull(full)), event("abc", "b", "")]);
}

#[test]
fn an_id_that_finds_no_room_leaves_the_one_before_it() {
    let mut memory = [0; 64];
    let mut ids = [[0; 2]; 3];
    let [a, b, c] = &mut ids;
    let (data, event_type) = memory.split_at_mut(32);
    let mut assembler = Assembler::new(
        Limits::new(),
        Storage {
            data: SliceBuf::new(data),
            event_type: SliceBuf::new(event_type),
            ids: [SliceBuf::new(a), SliceBuf::new(b), SliceBuf::new(c)],
        },
    );
    let mut got = Vec::new();
    let stream = b"id: 1\ndata: a\n\nid: 123\ndata: b\n\ndata: c\n\nid: 3\ndata: d\n\n";
    receive(&mut assembler, &[stream], &mut got);
    let expected = [
        event("message", "a", "1"),
        Got::Lost(Error::BufferFull(framewright::BufferFull { needed: 3 })),
        event("message", "c", "1"),
        event("message", "d", "3"),
    ];
    assert_eq!(got, expected);
}

/// An endless line, or lines, would otherwise hold as much as an event is allowed to be.
#[test]
fn the_memory_of_a_lost_event_is_given_back() {
    const LEN: usize = 150_000;
    let (long, rest) = (vec![b'x'; LEN], vec![b'x'; 60_000]);
    let limits = Limits::new().max_data_len(200_000).max_type_len(200_000);
    let line_limits = limits.max_line_len(160_000);
    for (limits, begin, more, error) in [
        (limits, "data:", "", Error::DataTooLong { limit: 200_000 }),
        (limits, "data:x\ndata:", "\ndata:", Error::DataTooLong { limit: 200_000 }),
        (limits, "event:", "", Error::TypeTooLong { limit: 200_000 }),
        (line_limits, "data:", "", Error::LineTooLong { limit: 160_000 }),
        (line_limits, "data:x\ndata:", "", Error::LineTooLong { limit: 160_000 }),
    ] {
        let mut assembler = growing(limits);
        let receive = |assembler: &mut Assembler<Vec<u8>>, bytes: &[u8]| {
            let mut input = bytes;
            let mut got = Vec::new();
            while let Some(item) = assembler.receive(&mut input) {
                got.push(format!("{item:?}"));
            }
            got
        };
        let none: [String; 0] = [];
        assert_eq!(receive(&mut assembler, begin.as_bytes()), none);
        assert_eq!(receive(&mut assembler, &long), none);
        if begin.contains("data") {
            assert_eq!(assembler.release(), None, "it is not lost yet");
        }
        let lost = receive(&mut assembler, &[more.as_bytes(), &rest].concat());
        assert_eq!(lost, [format!("Lost({error:?})")]);
        // Nor is anything stored of the rest of it.
        assert_eq!(receive(&mut assembler, &rest), none);
        assert_eq!(
            receive(&mut assembler, &[b"\ndata:", &long[..], b"\nevent:y\ndata:"].concat()),
            none
        );
        let clone = assembler.clone();
        assert_eq!(assembler.release().unwrap().capacity(), 0, "{begin:?}: {error}");
        for mut assembler in [assembler, clone] {
            let next = receive(&mut assembler, b"\n\ndata:a\n\n");
            assert_eq!(next.len(), 1);
            assert!(next[0].starts_with("Event"), "{next:?}");
        }
    }
}

/// A struct without a heap needs no lifetime, and no more room for IDs than they take.
#[test]
fn storage_may_be_arrays_of_two_lengths() {
    let limits = Limits::new().max_data_len(100).max_type_len(4).max_id_len(4);
    let storage: Storage<ArrayBuf<100>, ArrayBuf<4>> = Storage::default();
    assert!(size_of_val(&storage) < 200);
    let mut assembler = Assembler::new(limits, storage);
    let stream = [
        &b"event: add\nid: 1\ndata: "[..],
        &[b'x'; 90],
        b"\ndata: y\n\nid: 12345\ndata: z\n\ndata: cut \xF0\x9F",
    ];
    let mut got = Vec::new();
    receive(&mut assembler, &stream, &mut got);
    let long = format!("{}\ny", "x".repeat(90));
    let lost = Got::Lost(Error::IdTooLong { limit: 4 });
    assert_eq!(got, [event("add", &long, "1"), lost]);
    let cut = assembler.receive_eof().map(Got::from);
    assert_eq!(cut, Some(event("message", "cut \u{FFFD}", "1")));
}

/// The event has to fit, even if it lies whole in the input.
#[test]
fn an_event_that_is_asked_for_and_finds_no_room_is_lost() {
    let mut memory = [0; 13];
    let limits = Limits::new().max_type_len(3).max_id_len(2);
    let mut assembler = Assembler::new(limits, Storage::in_slice(&mut memory, &limits));
    let mut got = Vec::new();
    let stream =
        b"data: 1234\n\ndata: 12345\n\nid: 7\ndata: 12345\nevent: a\n\nevent: abc\ndata: 1\n\n";
    receive_asking(&mut assembler, &[stream], &mut got);
    let lost = Got::Lost(Error::BufferFull(framewright::BufferFull { needed: 5 }));
    assert_eq!(got, [message("1234"), lost.clone(), lost, event("abc", "1", "7")]);
}

#[test]
fn an_event_can_be_asked_for_until_more_is_received() {
    let mut assembler = growing(Limits::new());
    let mut input = &b"event: a\ndata: 1\n\ndata: 2\n: comment\ndata: 3"[..];
    assert_eq!(assembler.receive_event(&mut input), Some(ItemKind::Event));
    let first = Event { event_type: "a", data: "1", last_event_id: "" };
    assert_eq!((assembler.event(), assembler.event()), (first, first));
    assert_eq!(assembler.receive_event(&mut input), Some(ItemKind::Comment));
    let none = Event { event_type: "message", data: "", last_event_id: "" };
    assert_eq!(assembler.event(), none);
    assert_eq!(assembler.receive_event(&mut input), None);
    assert_eq!(assembler.event(), none);
    assert_eq!(assembler.receive_event(&mut &b"\n\n"[..]), Some(ItemKind::Event));
    assert_eq!(assembler.event().data, "2\n3");
}

// Limits

#[test]
fn an_event_over_a_limit_is_lost_once_and_the_stream_goes_on() {
    let limits = Limits::new().max_line_len(40).max_data_len(5).max_type_len(3).max_id_len(2);
    let cases: [(&[u8], Error); 8] = [
        (b"data: 123456\ndata: 7", Error::DataTooLong { limit: 5 }),
        (b"data: 12\ndata: 456", Error::DataTooLong { limit: 5 }),
        (b"data: x\nevent: abcd\nevent: abcde", Error::TypeTooLong { limit: 3 }),
        (b"data: x\nid: 123", Error::IdTooLong { limit: 2 }),
        (b"data: x\nunknown: 123456789 123456789 123456789 12", Error::LineTooLong { limit: 40 }),
        // Each byte becomes U+FFFD, which has three bytes in UTF-8.
        (b"data: \xFF\xFF", Error::DataTooLong { limit: 5 }),
        (b"data\nevent: \xFF\xFF", Error::TypeTooLong { limit: 3 }),
        (b"data\nid: \xFF", Error::IdTooLong { limit: 2 }),
    ];
    for (lost, error) in cases {
        let stream = [b"id: 1\ndata: a\n\n", lost, b"\n\ndata: next\n\n"].concat();
        let expected =
            vec![event("message", "a", "1"), Got::Lost(error), event("message", "next", "1")];
        assert_eq!(limited(limits, &stream), (expected, "1".to_owned()), "{}", lost.escape_ascii());
    }
}

#[test]
fn a_replacement_character_counts_as_three_bytes() {
    let stream = b"data: \xF0\x9F\n\n";
    assert_eq!(limited(Limits::new().max_data_len(3), stream).0, [message("\u{FFFD}")]);
    let lost = [Got::Lost(Error::DataTooLong { limit: 2 })];
    assert_eq!(limited(Limits::new().max_data_len(2), stream).0, lost);
    // Nor does one for a character that the end of the stream cuts off go over the limit.
    for (limit, data) in [(5, "\u{FFFD}"), (6, "\u{FFFD}\u{FFFD}")] {
        let mut assembler = growing(Limits::new().max_data_len(limit));
        assert_eq!(assembler.receive(&mut &b"data: \xFF\xF0\x9F"[..]), None);
        assert_eq!(
            assembler.receive_eof().map(|event| event.data.to_owned()).as_deref(),
            Some(data)
        );
    }
}

#[test]
fn the_limit_of_a_line_is_exact_for_every_name() {
    for name in ["data", "event", "", "x", "unknown"] {
        let is_lost = |line_len: usize| {
            let value = "-".repeat(line_len - name.len() - 1);
            let (got, _) = limited(
                Limits::new().max_line_len(40),
                format!("data: a\n{name}:{value}\n\n").as_bytes(),
            );
            got.contains(&Got::Lost(Error::LineTooLong { limit: 40 }))
        };
        assert!(!is_lost(40), "{name}");
        assert!(is_lost(41), "{name}");
    }
}

#[test]
fn the_id_of_a_lost_event_counts() {
    let limits = Limits::new().max_data_len(1);
    let stream = b"id: 1\ndata: 12\nid: 2\nretry: 3\n\ndata: x\n\n";
    let expected = vec![
        Got::Lost(Error::DataTooLong { limit: 1 }),
        Got::ReconnectionTime(3),
        event("message", "x", "2"),
    ];
    assert_eq!(limited(limits, stream), (expected, "2".to_owned()));
}

#[test]
fn a_lost_event_is_not_shown_at_the_end() {
    let mut assembler = growing(Limits::new().max_data_len(1));
    receive(&mut assembler, &[b"data: 12"], &mut Vec::new());
    assert_eq!(assembler.receive_eof(), None);
}

/// T15: whatever the peer sends, no more is held than the limits allow.
#[test]
fn endless_lines_and_events_hold_no_more_than_the_limits() {
    let limits =
        Limits::new().max_data_len(1000).max_type_len(100).max_id_len(100).max_line_len(5000);
    let endless: [&[u8]; 10] = [
        b"x",
        b":",
        b"data: x\n",
        b"data\n",
        b"id: x\n",
        b"event: x\n",
        b"retry: 1\n",
        b"data: \xFF\n",
        b"id: \xFF",
        b"event: \xF0\x9F\r",
    ];
    for line in endless {
        for head in [&b""[..], b"data: ", b"id: ", b"event: "] {
            let stream: Vec<u8> =
                head.iter().chain(line.iter().cycle()).copied().take(300_000).collect();
            for chunk_len in [1, 1000, stream.len()] {
                let mut assembler = growing(limits);
                let mut lost = 0;
                for mut input in stream.chunks(chunk_len) {
                    while let Some(item) = assembler.receive(&mut input) {
                        lost += usize::from(matches!(item, Item::Lost(_)));
                    }
                }
                assert!(lost <= 1);
                assembler.receive_eof();
                assert!(assembler.release().unwrap().capacity() <= 2048);
                assert!(assembler.last_event_id().len() <= 100);
            }
        }
    }
}

#[test]
fn what_is_returned_by_value_is_small() {
    assert!(size_of::<Option<Item<'_>>>() <= 56);
    assert!(size_of::<Event<'_>>() <= 48);
    assert!(size_of::<Option<ItemKind>>() <= 24);
}

#[test]
fn an_id_that_is_too_long_before_its_nul_is_too_long_however_it_is_split() {
    let limits = Limits::new().max_id_len(2);
    for stream in [&b"id:\xBB\0\n\n"[..], b"id: abc\0\n\n"] {
        let lost = same_however_split(stream, |pieces| {
            let mut assembler = Assembler::new(limits, Storage::<Vec<u8>>::default());
            let mut lost = Vec::new();
            for mut piece in pieces.iter().copied() {
                while let Some(item) = assembler.receive(&mut piece) {
                    if let Item::Lost(error) = item {
                        lost.push(error);
                    }
                }
            }
            lost
        });
        assert_eq!(lost, [Error::IdTooLong { limit: 2 }]);
    }
}

#[test]
fn what_follows_the_nul_of_an_id_takes_no_room() {
    let bytes = b"id: 7\nid: a\0\xFF\xFF\xFF\ndata: x\n\n";
    let (got, id) = limited(Limits::new().max_id_len(6), bytes);
    assert_eq!((got, id), (vec![event("message", "x", "7")], "7".to_owned()));
}

#[test]
fn debug_shows_payload_escaped_and_cut() {
    let data = format!("\n{}", "x".repeat(99));
    let event = Event { event_type: "message", data: &data, last_event_id: "1" };
    let shown = format!("{event:?}");
    assert!(shown.contains(&format!(r#"data: "\n{}"… (100 bytes)"#, "x".repeat(63))), "{shown}");

    let mut assembler = growing(Limits::new());
    receive(&mut assembler, &[b"id: \xF0\x9F\xA6\x80\n\ndata: a\n", b"data: b"], &mut Vec::new());
    let shown = format!("{assembler:?}");
    assert!(shown.contains(r#"data: "a\nb" (3 bytes)"#), "{shown}");
    assert!(shown.contains(r#""\xf0\x9f\xa6\x80" (4 bytes)"#), "{shown}");
}
