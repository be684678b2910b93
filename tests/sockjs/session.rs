//! A session over time.

use framewright::sockjs::{
    Action, AttachError, Callback, Frame, Framing, Limits, MAX_REASON_LEN, Output, SendError,
    Session,
};
use framewright::{ArrayBuf, Buffer, BufferFull, OverLimit};

type TestSession = Session<Vec<u8>>;

fn session() -> TestSession {
    Session::new(Limits::new(), Vec::new(), 0)
}

/// All that the receiver gets, and whether its response ends.
fn taken(session: &mut TestSession, now: u64) -> (String, bool) {
    let mut out = Vec::new();
    let mut ended = false;
    while let Some(output) = session.transmit(&mut out, now).unwrap() {
        ended = output == Output::End;
    }
    (String::from_utf8(out).unwrap(), ended)
}

fn attach(session: &mut TestSession, framing: Framing, now: u64) -> (String, bool) {
    session.attach(framing, now).unwrap();
    taken(session, now)
}

fn polled(text: &str) -> (String, bool) {
    (text.to_owned(), true)
}

fn streamed(text: &str) -> (String, bool) {
    (text.to_owned(), false)
}

// Protocol and framing

#[test]
fn the_first_receiver_gets_an_open_frame_at_once() {
    let jsonp = Framing::Jsonp(Callback::parse("?c=f").unwrap());
    for (framing, expected) in [
        (Framing::WebSocket, streamed("o")),
        (Framing::Xhr, polled("o\n")),
        (Framing::XhrStreaming, streamed("o\n")),
        (Framing::EventSource, streamed("data: o\r\n\r\n")),
        (jsonp, polled("/**/f(\"o\");\r\n")),
    ] {
        assert_eq!(attach(&mut session(), framing, 0), expected);
    }
}

#[test]
fn messages_wait_for_the_next_poll() {
    let mut session = session();
    assert_eq!(attach(&mut session, Framing::Xhr, 0), polled("o\n"));
    session.send("a").unwrap();
    session.send("b").unwrap();
    assert_eq!(session.backlog_len(), 7);
    assert_eq!(attach(&mut session, Framing::Xhr, 1), polled("a[\"a\",\"b\"]\n"));
    assert_eq!(session.backlog_len(), 0);
    // Nothing to send: it is held.
    assert_eq!(attach(&mut session, Framing::Xhr, 2), streamed(""));
    session.send("c").unwrap();
    assert_eq!(taken(&mut session, 3), polled("a[\"c\"]\n"));
}

// Handling close

#[test]
fn a_second_receiver_is_refused_and_the_session_goes_on() {
    let mut session = session();
    attach(&mut session, Framing::XhrStreaming, 0);
    let error = session.attach(Framing::Xhr, 1).unwrap_err();
    assert_eq!(
        (error, error.frame()),
        (
            AttachError::AnotherOpen,
            Frame::Close { code: 2010, reason: "Another connection still open" }
        )
    );
    session.send("x").unwrap();
    assert_eq!(taken(&mut session, 2), streamed("a[\"x\"]\n"));
}

#[test]
fn a_session_waits_for_its_next_receiver() {
    let mut session = session();
    assert_eq!(session.deadline(), Some(5000));
    attach(&mut session, Framing::Xhr, 4000);
    assert_eq!(session.deadline(), Some(9000));
    assert_eq!(session.poll(8999), None);
    attach(&mut session, Framing::Xhr, 8999);
    session.send("x").unwrap();
    assert_eq!(taken(&mut session, 9000), polled("a[\"x\"]\n"));
    session.send("lost").unwrap();
    assert_eq!(session.poll(14_000), Some(Action::Over));
    assert_eq!(session.poll(14_000), None);
    assert_eq!((session.deadline(), session.backlog_len()), (None, 0));
    assert_eq!(session.send("x"), Err(SendError::Closed));
    let error = session.attach(Framing::Xhr, 14_000).unwrap_err();
    assert_eq!(
        (error, error.frame()),
        (AttachError::Over, Frame::Close { code: 1002, reason: "Connection interrupted" })
    );
}

#[test]
fn a_receiver_that_comes_too_late_is_as_late_without_a_poll() {
    let mut session = session();
    attach(&mut session, Framing::Xhr, 0);
    assert_eq!(session.attach(Framing::Xhr, 5000), Err(AttachError::Over));
}

#[test]
fn a_lost_receiver_ends_the_session_at_once() {
    let mut session = session();
    let first = session.attach(Framing::Xhr, 0).unwrap();
    taken(&mut session, 0);
    let second = session.attach(Framing::Xhr, 1).unwrap();
    // The connection of one whose end was written may be lost without harm.
    session.receive_eof(first);
    assert!(session.is_attached());
    session.receive_eof(second);
    assert!(session.is_over() && !session.is_attached());
    session.receive_eof(second);
    assert_eq!(session.attach(Framing::Xhr, 2), Err(AttachError::Over));
}

#[test]
fn losing_a_receiver_whose_end_was_written_does_nothing() {
    let mut session = session();
    let receiver = session.attach(Framing::Xhr, 0).unwrap();
    taken(&mut session, 0);
    session.receive_eof(receiver);
    assert!(!session.is_over());
}

#[test]
fn each_receiver_is_told_of_a_close_until_the_delay_is_over() {
    let close = "c[3000,\"Go away!\"]\n";
    let mut session = session();
    session.close(3000, "Go away!", 0).unwrap();
    assert_eq!(attach(&mut session, Framing::Xhr, 0), polled("o\n"));
    assert_eq!(attach(&mut session, Framing::Xhr, 1), polled(close));
    assert_eq!(attach(&mut session, Framing::XhrStreaming, 4000), polled(close));
    assert_eq!(attach(&mut session, Framing::Xhr, 4999), polled(close));
    assert_eq!(session.poll(5000), Some(Action::Over));
}

#[test]
fn messages_come_before_the_close() {
    let mut session = session();
    attach(&mut session, Framing::Xhr, 0);
    session.send("last").unwrap();
    session.close(1000, "Normal closure", 0).unwrap();
    assert_eq!(session.send("x"), Err(SendError::Closed));
    assert_eq!(session.close(1000, "", 0), Err(SendError::Closed));
    assert!(!session.is_open() && !session.is_over());
    assert_eq!(attach(&mut session, Framing::Xhr, 4000), polled("a[\"last\"]\n"));
    // It had no chance to see the close yet.
    assert_eq!(attach(&mut session, Framing::Xhr, 8999), polled("c[1000,\"Normal closure\"]\n"));
    assert_eq!(session.poll(9000), Some(Action::Over));

    let mut session = self::session();
    session.send("last").unwrap();
    session.close(1000, "", 0).unwrap();
    let all = "o\na[\"last\"]\nc[1000,\"\"]\n";
    assert_eq!(attach(&mut session, Framing::XhrStreaming, 0), polled(all));
}

#[test]
fn a_close_ends_a_websocket_and_its_session() {
    let mut session = session();
    attach(&mut session, Framing::WebSocket, 0);
    session.close(3000, "Go away!", 1).unwrap();
    assert_eq!(taken(&mut session, 1), polled("c[3000,\"Go away!\"]"));
    assert!(session.is_over());
}

#[test]
fn a_close_that_nobody_takes_ends_too() {
    let mut session = session();
    attach(&mut session, Framing::XhrStreaming, 0);
    session.close(1000, "", 100).unwrap();
    assert_eq!(session.deadline(), Some(5100));
    assert_eq!(session.poll(5100), Some(Action::Over));
    assert_eq!(taken(&mut session, 5100), streamed(""));
}

#[test]
fn a_heartbeat_comes_after_silence_and_ends_a_poll() {
    for (framing, expected) in [
        (Framing::WebSocket, streamed("h")),
        (Framing::Xhr, polled("h\n")),
        (Framing::XhrStreaming, streamed("h\n")),
        (Framing::EventSource, streamed("data: h\r\n\r\n")),
    ] {
        let mut session = session();
        attach(&mut session, framing, 0);
        if framing.is_polling() {
            attach(&mut session, framing, 0);
        }
        assert_eq!(session.deadline(), Some(25_000));
        assert_eq!(session.poll(24_999), None);
        assert_eq!(taken(&mut session, 24_999), streamed(""));
        assert_eq!(session.poll(25_000), Some(Action::Transmit));
        assert_eq!(taken(&mut session, 25_000), expected);
        assert_eq!(session.poll(25_000), None);
    }
}

#[test]
fn heartbeats_without_a_pause_come_one_by_one() {
    let mut session = Session::new(Limits::new().heartbeat_interval(0), Vec::new(), 0);
    assert_eq!(attach(&mut session, Framing::XhrStreaming, 0), streamed("o\n"));
    assert_eq!(taken(&mut session, 1), streamed("h\n"));
}

#[test]
fn output_puts_a_heartbeat_off() {
    let mut session = session();
    attach(&mut session, Framing::XhrStreaming, 0);
    session.send("x").unwrap();
    taken(&mut session, 10_000);
    assert_eq!(session.deadline(), Some(35_000));
}

// XhrStreaming

#[test]
fn a_stream_ends_at_its_limit_and_a_websocket_does_not() {
    for (framing, limit, ends) in [
        (Framing::XhrStreaming, 12, true),
        (Framing::XhrStreaming, 13, false),
        (Framing::EventSource, 12 + 2 * 9, true),
        (Framing::EventSource, 13 + 2 * 9, false),
        (Framing::WebSocket, 0, false),
    ] {
        let mut session = Session::new(Limits::new().response_limit(limit), Vec::new(), 0);
        assert!(!attach(&mut session, framing, 0).1);
        session.send("1234").unwrap();
        let (text, ended) = taken(&mut session, 0);
        assert!(text.contains("a[\"1234\"]"));
        assert_eq!(ended, ends, "{framing:?}, {limit}");
    }
}

#[test]
fn what_does_not_fit_changes_nothing() {
    let limits = Limits::new().max_backlog(8);
    let mut session = Session::new(limits, Vec::new(), 0);
    let full = |len| Err(SendError::BacklogFull(OverLimit::new(len, 8)));
    session.send("ab").unwrap();
    assert_eq!(session.send("abc"), full(r#""ab","abc""#.len() as u64));
    assert_eq!(session.send("\u{1}"), full(r#""ab","\u0001""#.len() as u64));
    session.send("a").unwrap();
    assert_eq!(session.send(""), full(r#""ab","a","""#.len() as u64));
    assert_eq!(attach(&mut session, Framing::XhrStreaming, 0), streamed("o\na[\"ab\",\"a\"]\n"));

    let mut session = Session::new(Limits::new(), ArrayBuf::<4>::new(), 0);
    assert!(matches!(session.send("abc"), Err(SendError::BufferFull(_))));
    session.send("ab").unwrap();
    assert_eq!(session.backlog_len(), 4);
}

#[test]
fn a_frame_that_finds_no_room_comes_later() {
    let mut session = session();
    session.attach(Framing::Xhr, 0).unwrap();
    let mut small = ArrayBuf::<1>::new();
    let full = Err(BufferFull { needed: 2 });
    assert_eq!(session.transmit(&mut small, 0), full);
    assert_eq!(session.transmit(&mut small, 0), full);
    assert!(small.as_slice().is_empty());
    assert_eq!(taken(&mut session, 0), polled("o\n"));
}

#[test]
fn codes_and_reasons_are_checked() {
    let mut session = session();
    for code in [0, 999, 5000, u16::MAX] {
        assert_eq!(session.close(code, "", 0), Err(SendError::CodeInvalid));
    }
    let long = "x".repeat(MAX_REASON_LEN + 1);
    assert_eq!(session.close(1000, &long, 0), Err(SendError::ReasonTooLong));
    assert!(session.is_open());
    session.close(4999, &long[1..], 0).unwrap();
}
