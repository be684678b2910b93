//! The client that resumes a stream, in the order of the HTML standard: §9.2.2 The `EventSource`
//! interface, then §9.2.3 Processing model.
#![cfg(feature = "alloc")]

use crate::common::same_however_split;
use crate::common::sse::growing;
use framewright::http1::{self, HeadReader};
use framewright::sse::{
    Action, Client, Event, Item, ItemKind, Limits, Policy, REQUEST_HEADERS, RESPONSE_HEADERS,
    ReadyState, Reason, Reconnect, Response, SendError, Verdict,
};

const PLAIN: Policy = Policy::new().jitter(0);

const GOOD: Response<'_> =
    Response { status: 200, content_type: Some(b"text/event-stream"), ..EMPTY };

const EMPTY: Response<'_> =
    Response { status: 0, content_type: None, retry_after: None, unix_time: None };

fn status(status: u16) -> Response<'static> {
    Response { status, ..GOOD }
}

fn new(policy: Policy) -> Client<Vec<u8>> {
    Client::new(policy, growing(Limits::new()), 1)
}

/// A client that has sent its request at `now`.
fn connecting(policy: Policy, now: u64) -> Client<Vec<u8>> {
    let mut client = new(policy);
    assert_eq!(client.poll(now), Some(Action::Connect));
    client
}

/// A client whose stream opened at `now`.
fn open(policy: Policy, now: u64) -> Client<Vec<u8>> {
    let mut client = connecting(policy, now);
    assert_eq!(client.receive_response(GOOD, now), Verdict::Stream);
    client
}

/// A client that has to wait from `now` on.
fn waiting(policy: Policy, now: u64) -> Client<Vec<u8>> {
    let mut client = open(policy, now);
    assert_eq!(client.receive_eof(now), None);
    client
}

fn receive(client: &mut Client<Vec<u8>>, bytes: &[u8], now: u64) -> Vec<String> {
    let show = |e: Event<'_>| format!("{}/{}/{}", e.event_type, e.data, e.last_event_id);
    let mut asked = client.clone();
    let mut input = bytes;
    let mut got = Vec::new();
    while let Some(item) = client.receive(&mut input, now) {
        if let Item::Event(event) = item {
            got.push(show(event));
        }
    }
    assert!(input.is_empty());
    let mut input = bytes;
    let mut same = Vec::new();
    while let Some(kind) = asked.receive_event(&mut input, now) {
        if let ItemKind::Event = kind {
            same.push(show(asked.event()));
        }
    }
    assert!(input.is_empty());
    assert_eq!(same, got);
    assert_eq!(asked.deadline(), client.deadline());
    got
}

#[test]
fn memory_is_given_back_between_events_and_the_stream_goes_on() {
    let mut client = open(PLAIN, 1);
    assert_eq!(
        receive(&mut client, b"id: 7\ndata: a\ndata: b\n\ndata: c\n", 2),
        ["message/a\nb/7"]
    );
    assert_eq!(client.release(), None, "an event is under way");
    assert_eq!(receive(&mut client, b"data: d\n\n", 3), ["message/c\nd/7"]);
    assert_eq!(client.release(), Some(b"c\nd".to_vec()));
    assert_eq!(client.release(), Some(vec![]));
    assert_eq!(receive(&mut client, b"data: e\n\n", 4), ["message/e/7"]);
}

// Every transition

#[derive(Clone, Copy, Debug)]
enum Input {
    Poll,
    Good,
    Status(u16),
    Bytes,
    End,
    Fail,
    Close,
}

/// What each input does in a state, at the time of its deadline if it has one.
#[test]
fn every_input_has_an_effect_defined_in_every_state() {
    use Input::{Bytes, Close, End, Fail, Good, Poll, Status};
    use ReadyState::{Closed, Connecting, Open};

    const POLICY: Policy =
        PLAIN.connect_timeout(10).idle_timeout(20).retry_statuses(&[503]).reconnection_time(1000);
    // This gives the functions the same type.
    let start = |make: fn(Policy, u64) -> Client<Vec<u8>>| make;
    let closed = |policy, now| {
        let mut client = open(policy, now);
        client.close();
        client
    };
    let by_caller = Closed(Reason::Caller);
    let table = [
        (
            start(waiting),
            Some(1000),
            [
                (Poll, Connecting, Some(1010)),
                (Good, Connecting, Some(1000)),
                (Status(404), Connecting, Some(1000)),
                (Status(503), Connecting, Some(1000)),
                (Bytes, Connecting, Some(1000)),
                (End, Connecting, Some(1000)),
                (Fail, Connecting, Some(1000)),
                (Close, by_caller, None),
            ],
        ),
        (
            start(connecting),
            Some(10),
            [
                (Poll, Connecting, Some(1010)),
                (Good, Open, Some(30)),
                (Status(404), Closed(Reason::Status(404)), None),
                (Status(503), Connecting, Some(1010)),
                (Bytes, Connecting, Some(10)),
                (End, Connecting, Some(1010)),
                (Fail, Connecting, Some(1010)),
                (Close, by_caller, None),
            ],
        ),
        (
            start(open),
            Some(20),
            [
                (Poll, Connecting, Some(1020)),
                (Good, Open, Some(20)),
                (Status(404), Open, Some(20)),
                (Status(503), Open, Some(20)),
                (Bytes, Open, Some(40)),
                (End, Connecting, Some(1020)),
                (Fail, Connecting, Some(1020)),
                (Close, by_caller, None),
            ],
        ),
        (
            start(closed),
            None,
            [
                (Poll, by_caller, None),
                (Good, by_caller, None),
                (Status(404), by_caller, None),
                (Status(503), by_caller, None),
                (Bytes, by_caller, None),
                (End, by_caller, None),
                (Fail, by_caller, None),
                (Close, by_caller, None),
            ],
        ),
    ];
    for (start, deadline, row) in table {
        for (input, state, next_deadline) in row {
            let mut client = start(POLICY, 0);
            assert_eq!(client.deadline(), deadline);
            let before = client.ready_state();
            let now = deadline.unwrap_or(5);
            match input {
                Poll => {
                    let action = match (before, deadline) {
                        (Closed(_), _) => None,
                        (_, Some(1000)) => Some(Action::Connect),
                        _ => Some(Action::Disconnect),
                    };
                    assert_eq!(client.poll(now), action);
                    assert_eq!(client.poll(now), None, "once for each occasion");
                }
                Good => {
                    let opens = before == Connecting && state == Open;
                    let expected = if opens { Verdict::Stream } else { Verdict::NoStream };
                    assert_eq!(client.receive_response(GOOD, now), expected);
                }
                Status(code) => {
                    assert_eq!(client.receive_response(status(code), now), Verdict::NoStream)
                }
                Bytes => {
                    let events = receive(&mut client, b"data: x\n\n", now);
                    assert_eq!(events.len(), usize::from(before == Open));
                }
                End => assert_eq!(client.receive_eof(now), None),
                Fail => client.fail(now),
                Close => client.close(),
            }
            let got = (client.ready_state(), client.deadline());
            assert_eq!(got, (state, next_deadline), "{before:?} at {now}: {input:?}");
        }
    }
}

// §9.2.2 The EventSource interface

#[test]
fn a_client_connects_at_once_and_with_no_id() {
    let mut client = new(Policy::new());
    assert_eq!((client.ready_state(), client.deadline()), (ReadyState::Connecting, Some(0)));
    assert_eq!(client.poll(77), Some(Action::Connect));
    assert_eq!(client.last_event_id_header(), Ok(None));
    assert_eq!(client.deadline(), None, "there is no timeout unless it is set");
}

/// §9.2.2; RFC 9111 §5.2.1.4: in a request, only `no-cache` keeps a cache from answering out of its store.
#[test]
fn a_request_asks_for_a_stream_from_the_server_itself() {
    assert_eq!(REQUEST_HEADERS, [("Accept", "text/event-stream"), ("Cache-Control", "no-cache")]);
}

/// §9.2.5: `charset` is a legal parameter, and one widely used client reads Latin-1 without it.
#[test]
fn the_headers_of_a_response_open_a_stream() {
    let response = Response::new(200, &RESPONSE_HEADERS);
    assert_eq!(response.content_type, Some(&b"text/event-stream; charset=utf-8"[..]));
    assert_eq!(connecting(PLAIN, 0).receive_response(response, 0), Verdict::Stream);
}

#[test]
fn close_in_the_middle_of_an_input_drops_the_rest_of_it() {
    let mut client = open(PLAIN, 0);
    let mut input = &b"data: 1\n\ndata: 2\n\ndata: 3\n\n"[..];
    let Some(Item::Event(event)) = client.receive(&mut input, 0) else { unreachable!() };
    assert_eq!(event.data, "1");
    client.close();
    assert_eq!(client.receive(&mut input, 0), None);
    assert!(input.is_empty());
    assert_eq!(client.ready_state(), ReadyState::Closed(Reason::Caller));
    assert_eq!(client.receive_eof(0), None);
    assert_eq!((client.poll(u64::MAX), client.deadline()), (None, None));
}

// §9.2.3 Processing model: the response

#[test]
fn a_stream_is_200_and_text_event_stream() {
    let types: [(&str, bool); 24] = [
        ("text/event-stream", true),
        ("text/event-stream; charset=utf-8", true),
        ("text/event-stream;charset=windows-1252", true),
        ("text/event-stream;", true),
        ("text/event-stream ; x", true),
        (" TEXT/Event-Stream\t", true),
        ("text/event-stream\0", false),
        ("text/event-strea", false),
        ("text/event-streams", false),
        ("text/x-dom-event-stream", false),
        ("text/plain", false),
        ("application/json; text/event-stream", false),
        (";text/event-stream", false),
        ("", false),
        // Sent twice and joined: the last that is valid (Fetch, "extract a MIME type").
        ("text/event-stream, text/event-stream", true),
        ("text/html,text/event-stream;charset=utf-8", true),
        ("text/event-stream, text/html", false),
        ("text/event-stream, nonsense", true),
        ("text/event-stream, */*", true),
        (", text/event-stream,", true),
        ("text/event-stream; a=\"x, text/html; \", text/event-stream", true),
        ("text/event-stream; a=\"\\\", text/html", true),
        ("text/html; a=\"text/plain\\\\\", text/event-stream", true),
        ("text/html; a=\", text/event-stream", false),
    ];
    for (content_type, good) in types {
        let response = Response { content_type: Some(content_type.as_bytes()), ..GOOD };
        let mut client = connecting(PLAIN, 0);
        let verdict = if good { Verdict::Stream } else { Verdict::NoStream };
        assert_eq!(client.receive_response(response, 0), verdict, "{content_type:?}");
        let expected =
            if good { ReadyState::Open } else { ReadyState::Closed(Reason::ContentType) };
        assert_eq!(client.ready_state(), expected);
        let mut client = connecting(PLAIN.any_content_type(), 0);
        assert_eq!(client.receive_response(response, 0), Verdict::Stream);
    }
    for (policy, response) in
        [(PLAIN, Response { content_type: None, ..GOOD }), (PLAIN.any_content_type(), status(204))]
    {
        assert_eq!(connecting(policy, 0).receive_response(response, 0), Verdict::NoStream);
    }
}

/// RFC 9110 §15.2: any number of interim responses, even though the request asked for none.
#[test]
fn interim_responses_come_before_the_stream() {
    let mut client = connecting(PLAIN.connect_timeout(10), 0);
    for (now, code) in [(1, 103), (2, 100), (3, 102), (4, 100), (5, 199)] {
        // Nothing in it counts.
        let response = Response { retry_after: Some(b"9"), ..status(code) };
        assert_eq!(client.receive_response(response, now), Verdict::Interim);
        assert_eq!(client.ready_state(), ReadyState::Connecting);
        assert_eq!(client.deadline(), Some(10), "the final response is due");
    }
    assert_eq!(client.receive_response(GOOD, 6), Verdict::Stream);
    assert_eq!(receive(&mut client, b"id: 1\ndata: hi\n\n", 7), ["message/hi/1"]);
    assert_eq!(client.receive_response(status(103), 8), Verdict::NoStream, "without a request");
    assert_eq!(client.ready_state(), ReadyState::Open);

    // Before any other response too, whatever the policy.
    let policy = PLAIN.retry_statuses(&[103, 503]);
    for (code, state) in [
        (503, ReadyState::Connecting),
        (404, ReadyState::Closed(Reason::Status(404))),
        // What follows is not HTTP (RFC 9110 §15.2.2).
        (101, ReadyState::Closed(Reason::Status(101))),
    ] {
        let mut client = connecting(policy, 0);
        assert_eq!(client.receive_response(status(103), 0), Verdict::Interim);
        assert_eq!(client.receive_response(status(code), 0), Verdict::NoStream);
        assert_eq!(client.ready_state(), state);
    }
    let mut client = connecting(PLAIN, 0);
    assert_eq!(client.receive_response(status(103), 0), Verdict::Interim);
    assert_eq!(client.receive_eof(0), None);
    assert_eq!(client.failures(), 1, "a stream that ends after an interim response has failed");
}

/// The bytes of the report, as they are read by both machines together, however they are split.
#[test]
fn a_stream_after_interim_responses_is_read_however_it_is_split() {
    const BYTES: &[u8] =
        b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n\
        HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\nid: 1\ndata: hi\n\n";
    same_however_split(BYTES, |pieces| {
        let mut client = connecting(PLAIN, 0);
        let mut heads = HeadReader::new(Vec::new(), http1::Limits::new());
        let (mut interim, mut events) = (0, Vec::new());
        for piece in pieces {
            let mut piece = piece.to_vec();
            let mut input = &mut piece[..];
            while client.ready_state() == ReadyState::Connecting {
                let Some(response) = heads.read_response(&mut input).unwrap() else { break };
                let response = Response::new(response.status(), response.headers());
                interim += usize::from(client.receive_response(response, 0) == Verdict::Interim);
            }
            if client.ready_state() == ReadyState::Open {
                events.extend(receive(&mut client, input, 0));
            }
        }
        assert_eq!((interim, &events[..]), (2, &["message/hi/1".to_owned()][..]));
    });
}

/// RFC 9110 §5.3: a field that is not a list is sent once, but some servers send it twice.
#[test]
fn a_response_is_made_of_any_headers() {
    let mut map = http::HeaderMap::new();
    map.append("content-type", http::HeaderValue::from_static("text/html"));
    map.append("content-type", http::HeaderValue::from_static("text/event-stream"));
    map.append("retry-after", http::HeaderValue::from_static("5"));
    assert_eq!(Response::new(200, &map), Response { retry_after: Some(b"5"), ..GOOD });
    let none: &[(&str, &str)] = &[];
    assert_eq!(Response::new(404, none), Response { status: 404, ..EMPTY });
    let invalid = [("Content-Type", "text/event-stream"), ("content-type", "")];
    assert_eq!(Response::new(200, &invalid), GOOD);
    let empty = [("Retry-After", "5"), ("Retry-After", "")];
    assert_eq!(Response::new(503, &empty).retry_after, Some(&b"5"[..]));
    assert_eq!(Response::new(200, &[("Content-Type", "x")]).content_type, Some(&b"x"[..]));
    assert_eq!(Response::new(200, &invalid).unix_time, None);
}

/// "Any other HTTP response code". 204 is only the one that says so on purpose.
#[test]
fn every_other_status_closes_for_good() {
    for code in
        [101, 201, 202, 204, 205, 206, 301, 307, 400, 401, 404, 410, 429, 500, 502, 503, 504]
    {
        let mut client = connecting(PLAIN, 0);
        assert_eq!(client.receive_response(status(code), 0), Verdict::NoStream);
        assert_eq!(client.ready_state(), ReadyState::Closed(Reason::Status(code)));
        assert_eq!(client.poll(u64::MAX), None);
    }
}

/// §9.2.3; RFC 9110 §10.2.3.
#[test]
fn a_status_can_be_retried_and_the_server_says_when() {
    let policy = PLAIN.retry_statuses(Policy::TRANSIENT).max_wait(100_000);
    let cases: [(Option<&str>, u64); 13] = [
        (None, 3_000),
        (Some("120"), 100_000),
        (Some("10"), 10_000),
        (Some(" 10 "), 10_000),
        (Some("1"), 3_000),
        (Some("0"), 3_000),
        (Some(""), 3_000),
        (Some("Wed, 21 Oct 2015 07:28:00 GMT"), 3_000),
        (Some("99999999999999999999999"), 100_000),
        // Sent twice, and joined by a proxy (RFC 9110 §5.3).
        (Some("10, 10"), 10_000),
        (Some("10,20,"), 20_000),
        (Some("10, x"), 3_000),
        (Some(","), 3_000),
    ];
    for (retry_after, wait) in cases {
        let mut client = connecting(policy, 5);
        let retry_after = retry_after.map(str::as_bytes);
        let response = Response { status: 503, retry_after, ..EMPTY };
        assert_eq!(client.receive_response(response, 5), Verdict::NoStream);
        assert_eq!(client.deadline(), Some(5 + wait), "{retry_after:?}");
    }
    let mut client = connecting(policy, 0);
    assert_eq!(client.receive_response(status(404), 0), Verdict::NoStream);
    assert_eq!(client.ready_state(), ReadyState::Closed(Reason::Status(404)));
}

/// RFC 9110 §10.2.3, §5.6.7: a date is compared with the caller's time of day.
#[test]
fn a_server_may_say_when_by_a_date() {
    const NOW: u64 = 784_111_770; // 1994-11-06 08:49:30 UTC
    let policy = PLAIN.retry_statuses(Policy::TRANSIENT).max_wait(100_000);
    for (date, now, wait) in [
        ("Sun, 06 Nov 1994 08:49:37 GMT", Some(NOW), 7_000),
        ("Sunday, 06-Nov-94 08:49:37 GMT", Some(NOW), 7_000),
        ("Sun Nov  6 08:49:37 1994", Some(NOW), 7_000),
        (" Sun, 06 Nov 1994 08:49:37 GMT ", Some(NOW), 7_000),
        // No longer than the client allows, and no shorter than it waits anyway.
        ("Mon, 07 Nov 1994 08:49:37 GMT", Some(NOW), 100_000),
        ("Sun, 06 Nov 1994 08:49:30 GMT", Some(NOW), 3_000),
        ("Sun, 06 Nov 1994 08:49:29 GMT", Some(NOW), 3_000),
        ("Sun, 06 Nov 1994 08:49:37 GMT", Some(u64::MAX), 3_000),
        ("Sun, 06 Nov 1994 08:49:37 GMT", None, 3_000),
        ("Sun, 06 Nov 1994 08:49:37", Some(NOW), 3_000),
        ("10", Some(NOW), 10_000),
    ] {
        let mut client = connecting(policy, 5);
        let retry_after = Some(date.as_bytes());
        let response = Response { status: 503, retry_after, unix_time: now, ..EMPTY };
        assert_eq!(client.receive_response(response, 5), Verdict::NoStream);
        assert_eq!(client.deadline(), Some(5 + wait), "{date}");
    }
}

// §9.2.3: reestablish the connection

#[test]
fn the_server_sets_the_reconnection_time_within_bounds() {
    let cases: [(&[u8], u64); 7] = [
        (b"", 3_000),
        (b"retry: 10000\n", 10_000),
        (b"data: no blank line\nretry: 7000\n", 7_000),
        (b"retry: 0\n", 500),
        (b"retry: 499\n", 500),
        (b"retry: 18446744073709551615\n", 3_600_000),
        (b"retry: 1x\nretry\n", 3_000),
    ];
    for (bytes, wait) in cases {
        let mut client = open(PLAIN, 0);
        receive(&mut client, bytes, 100);
        client.receive_eof(100);
        assert_eq!(client.deadline(), Some(100 + wait), "{}", bytes.escape_ascii());
    }
    let mut client = waiting(PLAIN.min_wait(0).max_wait(2000), 0);
    assert_eq!(client.deadline(), Some(2_000));
    client.close();
}

/// The wait doubles from the second failure in a row on, up to a bound. Success resets it.
#[test]
fn the_wait_grows_with_every_failure_in_a_row() {
    let mut client = new(PLAIN.reconnection_time(1_000).max_backoff(6_000));
    let mut now = 0;
    for (failures, wait) in [(1, 1_000), (2, 2_000), (3, 4_000), (4, 6_000), (5, 6_000)] {
        assert_eq!(client.poll(now), Some(Action::Connect));
        client.fail(now);
        assert_eq!((client.failures(), client.deadline()), (failures, Some(now + wait)));
        assert_eq!(client.poll(now + wait - 1), None);
        now += wait;
    }
    assert_eq!(client.poll(now), Some(Action::Connect));
    assert_eq!(client.receive_response(GOOD, now), Verdict::Stream);
    client.fail(now);
    assert_eq!((client.failures(), client.deadline()), (0, Some(now + 1_000)));
    now += 1_000;
    assert_eq!(client.poll(now), Some(Action::Connect));
    client.fail(now);
    assert_eq!((client.failures(), client.deadline()), (1, Some(now + 1_000)));
}

/// However often it fails, and whatever time was asked for.
#[test]
fn no_wait_overflows() {
    let policy = Policy::new().max_wait(u64::MAX).max_backoff(u64::MAX).jitter(u32::MAX);
    let mut client = open(policy, 0);
    receive(&mut client, b"retry: 18446744073709551615\n", 0);
    client.fail(0);
    assert_eq!(client.deadline(), Some(u64::MAX));
    let mut client = new(policy.retry_statuses(&[500]));
    for _ in 0..100 {
        let now = client.deadline().unwrap();
        if client.poll(now) == Some(Action::Connect) {
            let retry_after = Some(&b"18446744073709551"[..]);
            let response = Response { retry_after, ..status(500) };
            assert_eq!(client.receive_response(response, now), Verdict::NoStream);
        }
    }
    assert_eq!(client.deadline(), Some(u64::MAX));
}

/// It is the base of the next wait, and the number of failures stays.
#[test]
fn a_reconnection_time_from_the_server_does_not_reset_the_backoff() {
    let mut client = new(PLAIN.reconnection_time(1_000).stable_after(60_000));
    for (now, wait) in [(0, 1_000), (1_000, 2_000), (3_000, 4_000)] {
        assert_eq!(client.poll(now), Some(Action::Connect));
        assert_eq!(client.receive_response(GOOD, now), Verdict::Stream);
        if now == 3_000 {
            receive(&mut client, b"retry: 3000\n", now);
        }
        client.receive_eof(now);
        let wait = if now == 3_000 { 12_000 } else { wait };
        assert_eq!(client.deadline(), Some(now + wait));
    }
}

#[test]
fn a_longer_time_from_the_server_is_kept_though_the_backoff_has_a_bound() {
    let mut client = open(PLAIN.max_backoff(5_000), 0);
    receive(&mut client, b"retry: 20000\n", 0);
    client.receive_eof(0);
    assert_eq!(client.deadline(), Some(20_000));
    assert_eq!(client.poll(20_000), Some(Action::Connect));
    client.fail(20_000);
    assert_eq!(client.deadline(), Some(40_000));
}

#[test]
fn a_stream_that_is_dropped_too_soon_counts_as_a_failure() {
    let policy = PLAIN.stable_after(5_000).max_failures(2);
    let mut client = open(policy, 0);
    client.receive_eof(4_999);
    assert_eq!(client.failures(), 1);
    assert_eq!(client.poll(10_000), Some(Action::Connect));
    assert_eq!(client.receive_response(GOOD, 10_000), Verdict::Stream);
    client.receive_eof(15_000);
    assert_eq!(client.failures(), 0);
}

#[test]
fn jitter_only_ever_makes_a_wait_longer() {
    let waits = |seed| {
        let policy = Policy::new().reconnection_time(1_000).max_backoff(1_000).jitter(50);
        let mut client = Client::new(policy, growing(Limits::new()), seed);
        let mut waits = Vec::new();
        for _ in 0..200 {
            let now = client.deadline().unwrap();
            assert_eq!(client.poll(now), Some(Action::Connect));
            client.fail(now);
            waits.push(client.deadline().unwrap() - now);
        }
        waits
    };
    for seed in [0, 1, u64::MAX] {
        let waits = waits(seed);
        assert!(waits.iter().all(|wait| (1_000..1_500).contains(wait)));
        let mean = waits.iter().sum::<u64>() / 200;
        assert!((1_200..1_300).contains(&mean), "spread evenly: {mean}");
    }
    assert_ne!(waits(0), waits(1));
    assert_eq!(waits(7), waits(7), "nothing comes from anywhere but the seed");
}

#[test]
fn a_client_gives_up_after_so_many_failures_in_a_row() {
    for max in [0, 1, 3] {
        let mut client = new(PLAIN.max_failures(max).retry_statuses(&[503]));
        for failure in 1..=max.max(1) {
            assert_eq!(client.ready_state(), ReadyState::Connecting);
            assert_eq!(client.poll(u64::MAX), Some(Action::Connect));
            if failure % 2 == 0 {
                assert_eq!(client.receive_response(status(503), u64::MAX), Verdict::NoStream);
            } else {
                client.fail(u64::MAX);
            }
        }
        assert_eq!(client.ready_state(), ReadyState::Closed(Reason::GaveUp));
    }
}

#[test]
fn a_policy_says_when_to_reconnect() {
    use Reconnect::{Always, Never, OnError};
    let table = [
        (Always, None, None, None),
        (OnError, Some(Reason::Ended), None, None),
        (Never, Some(Reason::Ended), Some(Reason::Failed), Some(Reason::Status(503))),
    ];
    for (reconnect, end, fail, retried) in table {
        let policy =
            PLAIN.reconnect(reconnect).retry_statuses(&[503]).connect_timeout(9).idle_timeout(9);
        let reason = |client: &Client<Vec<u8>>| match client.ready_state() {
            ReadyState::Closed(reason) => Some(reason),
            _ => None,
        };
        let mut client = open(policy, 0);
        client.receive_eof(0);
        assert_eq!(reason(&client), end, "{reconnect:?}");
        let failures = [
            |policy| {
                let mut client = open(policy, 0);
                client.fail(0);
                client
            },
            |policy| {
                let mut client = connecting(policy, 0);
                client.fail(0);
                client
            },
            |policy| {
                let mut client = connecting(policy, 0);
                assert_eq!(client.receive_eof(0), None);
                client
            },
            |policy| {
                let mut client = connecting(policy, 0);
                assert_eq!(client.poll(9), Some(Action::Disconnect));
                client
            },
            |policy| {
                let mut client = open(policy, 0);
                assert_eq!(client.poll(9), Some(Action::Disconnect));
                client
            },
        ];
        for failed in failures {
            assert_eq!(reason(&failed(policy)), fail, "{reconnect:?}");
        }
        let mut client = connecting(policy, 0);
        assert_eq!(client.receive_response(status(503), 0), Verdict::NoStream);
        assert_eq!(reason(&client), retried, "{reconnect:?}");
    }
}

/// A stream of a language model's server. Its last blank line is often missing.
#[test]
fn a_one_shot_stream_shows_what_was_cut_off_and_is_over() {
    let mut client = open(PLAIN.reconnect(Reconnect::Never), 0);
    assert_eq!(receive(&mut client, b"data: {}\n\ndata: [DONE]", 0), ["message/{}/"]);
    let cut_off = client.receive_eof(0).expect("an event was not ended");
    assert_eq!(cut_off.data, "[DONE]");
    assert_eq!(client.ready_state(), ReadyState::Closed(Reason::Ended));
    assert_eq!(client.poll(u64::MAX), None);
}

// §9.2.3: timeouts, which the standard does not have

#[test]
fn any_byte_is_a_sign_of_life() {
    let mut client = open(PLAIN.idle_timeout(1_000), 0);
    for (now, bytes) in [(900, &b":\n"[..]), (1_800, b"d"), (2_700, b"ata: x\n\n"), (3_600, b"\n")]
    {
        assert_eq!(client.poll(now), None);
        receive(&mut client, bytes, now);
        assert_eq!(client.deadline(), Some(now + 1_000));
    }
    receive(&mut client, b"", 4_500);
    assert_eq!(client.deadline(), Some(4_600), "no byte is none");
    assert_eq!(client.poll(4_600), Some(Action::Disconnect));
    assert_eq!(client.deadline(), Some(7_600));
    assert_eq!(client.poll(7_600), Some(Action::Connect));
}

// §9.2.4 The Last-Event-ID header

#[test]
fn the_last_event_id_goes_with_the_next_request() {
    let cases: [(&[u8], Option<&str>); 9] = [
        (b"data: x\n\n", None),
        (b"id: 1\ndata: x\n\n", Some("1")),
        (b"id: 1\n\n", Some("1")),
        (b"id: 1\n\nid: 2\ndata: cut off", Some("1")),
        (b"id: 1\n\nid\ndata: x\n\n", None),
        (b"id: 1\n\nid: a\0b\n\n", Some("1")),
        ("id: …\n\n".as_bytes(), Some("…")),
        (b"id: \xFF\n\n", Some("\u{FFFD}")),
        (b"id: a b\tc\n\n", Some("a b\tc")),
    ];
    for (bytes, id) in cases {
        for fail in [false, true] {
            let mut client = open(PLAIN, 0);
            receive(&mut client, bytes, 0);
            if fail {
                client.fail(0);
            } else {
                client.receive_eof(0);
            }
            assert_eq!(client.last_event_id_header(), Ok(id), "{}", bytes.escape_ascii());
        }
    }
}

#[test]
fn an_id_that_is_no_legal_header_is_left_out_and_reported() {
    for id in ["a\u{1}b", "\u{7F}", " 1", "1 ", "\t", "\u{1B}[0m"] {
        let mut client = open(PLAIN, 0);
        let stream = format!("id: {id}\ndata: x\n\n");
        assert_eq!(receive(&mut client, stream.as_bytes(), 0), [format!("message/x/{id}")]);
        client.receive_eof(0);
        assert_eq!(client.last_event_id_header(), Err(SendError::IdInvalid), "{id:?}");
        assert_eq!(client.assembler().last_event_id(), id);
    }
}

#[test]
fn the_next_stream_starts_anew_and_keeps_the_id() {
    for fail in [false, true] {
        let mut client = open(PLAIN, 0);
        let first = "\u{FEFF}id: 7\ndata: a\n\nevent: cut\ndata: cut\r";
        assert_eq!(receive(&mut client, first.as_bytes(), 0), ["message/a/7"]);
        if fail {
            client.fail(0);
        } else {
            client.receive_eof(0);
        }
        assert_eq!(receive(&mut client, b"data: between\n\n", 0), [] as [String; 0]);
        assert_eq!(client.poll(3_000), Some(Action::Connect));
        assert_eq!(client.receive_response(GOOD, 3_000), Verdict::Stream);
        let second = "\u{FEFF}data: b\n\n";
        assert_eq!(receive(&mut client, second.as_bytes(), 3_000), ["message/b/7"]);
    }
}

#[test]
fn a_client_is_small() {
    println!("client: {} bytes", size_of::<Client<Vec<u8>>>());
    assert!(size_of::<Client<Vec<u8>>>() <= 512);
    assert!(size_of::<Option<Action>>() <= 1);
    assert!(size_of::<ReadyState>() <= 8);
}
