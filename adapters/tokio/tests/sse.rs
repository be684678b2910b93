//! Events out of bodies, and bodies out of events.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use bytes::Bytes;
use framewright::sse::{Limits, SendError};
use framewright_tokio::sse::{self, Error, EventBuf};
use futures_util::{StreamExt, stream};
use tokio::time::{Instant, timeout};

fn cut(text: &str, len: usize) -> impl futures_util::Stream<Item = Result<Bytes, Infallible>> {
    let pieces: Vec<_> = text.as_bytes().chunks(len).map(Bytes::copy_from_slice).collect();
    stream::iter(pieces.into_iter().map(Ok))
}

#[tokio::test]
async fn events_are_the_same_however_the_body_is_cut() {
    let text = "retry: 1500\nid: 7\nevent: add\ndata: a\ndata: ü\n\n: comment\n\ndata\n\nid: 8\n\ndata: cut off";
    for len in 1..text.len() {
        let mut events = sse::events(cut(text, len));
        let first = events.next().await.expect("an event").expect("no error");
        assert_eq!((&*first.event_type, &*first.data, &*first.last_event_id), ("add", "a\nü", "7"));
        let second = events.next().await.expect("an event").expect("no error");
        assert_eq!(
            (&*second.event_type, &*second.data, &*second.last_event_id),
            ("message", "", "7")
        );
        // An event without its blank line is none (HTML §9.2.6), but an ID without data counts.
        assert!(events.next().await.is_none());
        assert_eq!(events.last_event_id(), "8");
        assert_eq!(events.reconnection_time(), Some(Duration::from_millis(1500)));
    }
}

#[tokio::test]
async fn an_event_over_the_limit_is_lost_and_the_next_comes() {
    let limits = Limits::new().max_data_len(4);
    let mut events = sse::events_within(limits, cut("data: 12345\n\ndata: 1234\n\n", 5));
    assert!(matches!(events.next().await, Some(Err(Error::Lost(_)))));
    assert_eq!(events.next().await.expect("an event").expect("no error").data, "1234");
}

#[tokio::test]
async fn an_error_of_the_body_is_passed_on() {
    let body = stream::iter([Ok(Bytes::from("data: a\n\n")), Err("cut")]);
    let mut events = sse::events(body);
    assert!(events.next().await.expect("an event").is_ok());
    assert!(matches!(events.next().await, Some(Err(Error::Body("cut")))));
}

#[tokio::test]
async fn what_is_sent_arrives() {
    let sent = [
        EventBuf::new("a\nb").event_type("add").id("1").retry(Duration::from_secs(2)),
        EventBuf::new("\n"),
        "last".into(),
    ];
    let events = sse::events(sse::body(stream::iter(sent)));
    let events: Vec<_> = events.map(|event| event.expect("no error").data).collect().await;
    assert_eq!(events, ["a\nb", "\n", "last"]);
}

#[tokio::test]
async fn an_event_that_would_not_arrive_is_an_error() {
    let sent = [EventBuf::new("a").event_type("x\ny"), EventBuf::new("b").id("\n"), "c".into()];
    let encoded: Vec<_> = sse::body(stream::iter(sent)).collect().await;
    let good = Bytes::from("data: c\n\n");
    assert_eq!(encoded, [Err(SendError::TypeInvalid), Err(SendError::IdInvalid), Ok(good)]);
}

#[tokio::test(start_paused = true)]
async fn a_silent_body_has_comments() {
    let start = Instant::now();
    let mut body =
        Box::pin(sse::body(stream::pending::<EventBuf>()).keep_alive(Duration::from_secs(5)));
    for n in 1..4 {
        let comment = body.next().await.expect("it goes on").expect("no error");
        assert!(comment.starts_with(b":") && comment.ends_with(b"\n"));
        assert_eq!(start.elapsed().as_secs(), 5 * n);
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_may_be_silent_for_ever_but_is_never_a_flood() {
    let body = sse::body(stream::pending::<EventBuf>()).keep_alive(Duration::MAX);
    let year = Duration::from_secs(365 * 24 * 3600);
    assert!(timeout(year, Box::pin(body).next()).await.is_err());

    let mut body = Box::pin(sse::body(stream::pending::<EventBuf>()).keep_alive(Duration::ZERO));
    let start = Instant::now();
    for _ in 0..10 {
        let comment = body.next().await.expect("it goes on").expect("no error");
        assert!(comment.starts_with(b":"));
    }
    assert!(start.elapsed() >= Duration::from_millis(10), "it is no flood");
}

/// All of them are in one piece of the body, and so no read lets the others have their turn.
#[tokio::test]
async fn a_flood_of_events_leaves_other_tasks_their_turns() {
    let flood = "data: x\n\n".repeat(5000);
    let mut events = sse::events(stream::iter([Ok::<_, Infallible>(flood.as_bytes())]));
    let turns = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&turns);
    tokio::spawn(async move {
        loop {
            count.fetch_add(1, Ordering::Relaxed);
            tokio::task::yield_now().await;
        }
    });
    for _ in 0..5000 {
        events.next().await.expect("an event").expect("it is short");
    }
    let turns = turns.load(Ordering::Relaxed);
    assert!(turns >= 5000 / 128, "{turns}");
}
