//! The end of a connection and of its streams: GOAWAY, RST_STREAM, and the transport's end (RFC 9113 §6.4, §6.8).

use framewright::http::NO_FIELDS;
use framewright::http2::{Error, ErrorCode, Request, SendError};

use super::common::http2_peer::*;
use super::common::http2_session::{Seen, client, server};

const LAST: u32 = (1 << 31) - 1;

/// §6.8.
#[test]
fn a_server_closes_in_two_steps() {
    let mut server = server();
    server.open();
    server.receive(&get(1));
    server.take_frames();
    server.h2.close();
    let frames = server.take_frames();
    let [goaway, ping] = &frames[..] else { panic!("{frames:?}") };
    assert_eq!((goaway.kind, goaway.number(0), goaway.number(4)), (GOAWAY, LAST, NO_ERROR));
    assert_eq!((ping.kind, ping.flags), (PING, 0));
    // A request that crosses it is served.
    server.receive(&get(3));
    assert!(matches!(server.seen.last(), Some(Seen::Head { stream: 3, .. })));
    server.receive(&frame(PING, ACK, 0, &ping.payload));
    let frames = server.take_frames();
    let goaway =
        frames.iter().find(|frame| frame.kind == GOAWAY).expect("the last stream is known");
    assert_eq!((goaway.number(0), goaway.number(4)), (3, NO_ERROR));
    // One that comes later is not, but its field block is decoded.
    server.receive(&get(5));
    assert!(matches!(server.seen.last(), Some(Seen::Head { stream: 3, .. })));
    for stream in server.streams.clone() {
        assert!(!server.h2.is_over());
        server.h2.send_head(stream, 200, NO_FIELDS, true, &mut server.out).expect("it is served");
    }
    server.take_frames();
    assert!(server.h2.is_over());
    assert_eq!(server.h2.error(), None);
    // A failure does not say that stream 5 may have been processed.
    server.h2.fail(ErrorCode::INTERNAL_ERROR);
    assert_eq!(server.take_frames()[0].number(0), 3);
}

/// §6.8, §8.7.
#[test]
fn requests_above_the_last_were_not_processed() {
    let mut client = client();
    client.open();
    client.receive(&goaway(1, NO_ERROR));
    let (last, code) = (1, NO_ERROR);
    assert!(client.seen.contains(&Seen::GoAway { last, code }), "{:?}", client.seen);
    let refused = Seen::Reset { stream: 3, code: REFUSED_STREAM };
    assert!(client.seen.contains(&refused), "{:?}", client.seen);
    let request = Request::new("GET", "http", "a.example", "/");
    let opened = client.h2.open(request, NO_FIELDS, true, &mut client.out);
    assert_eq!(opened, Err(SendError::Closing));
    client.receive(&headers(1, END_STREAM, OK));
    assert!(matches!(client.seen.last(), Some(Seen::Head { stream: 1, end: true, .. })));
}

/// §5.4.1.
#[test]
fn a_server_that_fails_says_why_and_no_more() {
    let mut server = server();
    server.open();
    server.receive(&get(1));
    server.take_frames();
    server.h2.fail(ErrorCode::INTERNAL_ERROR);
    let frames = server.take_frames();
    let [goaway] = &frames[..] else { panic!("{frames:?}") };
    assert_eq!((goaway.kind, goaway.number(0), goaway.number(4)), (GOAWAY, 1, 2));
    let seen = server.seen.len();
    server.receive(&[get(3), ping(&[0; 8])].concat());
    assert_eq!((server.seen.len(), server.take_frames()), (seen, vec![]));
    assert!(server.h2.is_over());
    assert_eq!(server.h2.ping([0; 8]), Err(SendError::Closing));
}

/// §5.4.2, §6.4.
#[test]
fn after_a_reset_nothing_is_sent() {
    let mut server = server();
    server.open();
    server.receive(&post(1));
    server.take_frames();
    let stream = server.streams[0];
    server.h2.reset(stream, ErrorCode::CANCEL);
    assert!(server.h2.is_open(stream), "the reset is still to be written");
    let sent = server.h2.send_head(stream, 200, NO_FIELDS, true, &mut server.out);
    assert_eq!(sent, Err(SendError::StreamOver));
    let frames = server.take_frames();
    let [reset] = &frames[..] else { panic!("{frames:?}") };
    assert_eq!((reset.kind, reset.stream, reset.number(0)), (RST_STREAM, 1, CANCEL));
    assert!(!server.h2.is_open(stream));
    // What was on its way is dropped, and not answered.
    let more = [
        data(1, 0, b"x"),
        headers(1, END_STREAM, &[("a", "b")]),
        super::common::http2_peer::reset(1, CANCEL),
    ];
    let seen = server.seen.len();
    server.receive(&more.concat());
    assert_eq!((server.seen.len(), server.take_frames()), (seen, vec![]));
}

/// §6.4.
#[test]
fn a_reset_by_the_peer_ends_the_stream_once() {
    let mut server = server();
    server.open();
    server.receive(&[post(1), data(1, 0, b"x"), reset(1, CANCEL), reset(1, CANCEL)].concat());
    let resets = server.seen.iter().filter(|seen| matches!(seen, Seen::Reset { .. })).count();
    assert_eq!(resets, 1);
    let stream = server.streams[0];
    let sent = server.h2.send_head(stream, 200, NO_FIELDS, true, &mut server.out);
    assert_eq!(sent, Err(SendError::StreamOver));
    assert!(!server.take_frames().iter().any(|frame| frame.kind == RST_STREAM));
}

#[test]
fn a_response_stands_when_the_server_needs_no_more_of_the_request() {
    // §8.1: RST_STREAM with NO_ERROR after a complete response.
    let mut client = client();
    client.open();
    client.receive(&[headers(3, 0, OK), data(3, END_STREAM, b"done"), reset(3, NO_ERROR)].concat());
    let body = Seen::Data { stream: 3, bytes: b"done".to_vec(), end: true };
    assert!(client.seen.contains(&body), "{:?}", client.seen);
    assert_eq!(client.seen.last(), Some(&Seen::Reset { stream: 3, code: NO_ERROR }));
    let sent = client.h2.send(client.streams[1], b"x", false, &mut client.out);
    assert_eq!(sent, Err(SendError::StreamOver));
}

/// A ping of the caller's may have the payload of the one that asks whether a client knows of the close. Answers come in
/// the order of the pings.
/// §6.7.
#[test]
fn pings_of_the_caller_are_not_those_of_the_close() {
    let payload = {
        let mut server = server();
        server.open();
        server.h2.close();
        let frames = server.take_frames();
        let ping = frames.iter().find(|frame| frame.kind == PING && frame.flags == 0);
        <[u8; 8]>::try_from(&ping.expect("it asks").payload[..]).expect("eight bytes")
    };
    let pong = frame(PING, ACK, 0, &payload);
    let last = |frames: &[Frame]| frames.iter().any(|f| f.kind == GOAWAY && f.number(0) == 0);

    let mut server = server();
    server.open();
    server.h2.ping(payload).expect("it is the first");
    server.h2.close();
    server.take_frames();
    server.receive(&pong);
    assert_eq!(server.seen.last(), Some(&Seen::Pong(payload)), "the caller's was sent first");
    assert!(!last(&server.take_frames()));
    server.receive(&pong);
    assert!(last(&server.take_frames()), "the client knows");

    let mut server = super::common::http2_session::server();
    server.open();
    server.h2.close();
    server.take_frames();
    assert_eq!(server.h2.ping(payload), Err(SendError::PingInFlight));
    server.h2.ping([1; 8]).expect("it is another one");
    server.receive(&pong);
    assert!(!server.seen.contains(&Seen::Pong(payload)));
    assert!(last(&server.take_frames()), "the client knows");
    server.receive(&frame(PING, ACK, 0, &[1; 8]));
    assert_eq!(server.seen.last(), Some(&Seen::Pong([1; 8])));
    server.h2.ping(payload).expect("none is in flight");
}

/// A client that closes says 0, since a server opens no streams, and some say it twice (Node 20). Its own go on.
/// §6.8.
#[test]
fn streams_of_a_client_that_closes_go_on() {
    let mut server = server();
    server.open();
    server.receive(&[post(1), goaway(0, NO_ERROR), data(1, 0, b"x"), goaway(0, NO_ERROR)].concat());
    server.take_frames();
    assert!(!server.h2.is_over());
    server.receive(&data(1, END_STREAM, b"y"));
    assert!(matches!(server.seen.last(), Some(Seen::Data { stream: 1, end: true, .. })));
    let stream = server.streams[0];
    server.h2.send_head(stream, 200, NO_FIELDS, true, &mut server.out).expect("it is open");
    server.take_frames();
    assert!(server.h2.is_over());
    assert_eq!(
        (server.h2.receive_eof().code, server.h2.receive_eof().truncated),
        (Some(ErrorCode::NO_ERROR), false)
    );
}

/// §8.7: what the end of the transport says of the requests that were not answered.
#[test]
fn the_transports_end_says_what_was_cut_off() {
    let end = |frames: &[Vec<u8>]| {
        let mut server = server();
        server.open();
        server.receive(&frames.concat());
        server.take_frames();
        let ending = server.h2.receive_eof();
        (ending.code.map(|code| code.0), ending.truncated)
    };
    assert_eq!(end(&[]), (None, false));
    assert_eq!(end(&[get(1)]), (None, true), "it was not answered");
    assert_eq!(end(&[get(1), reset(1, CANCEL)]), (None, false));
    assert_eq!(end(&[ping(&[0; 8])[..10].to_vec()]), (None, true), "in a frame");
    assert_eq!(end(&[goaway(0, ENHANCE_YOUR_CALM)]), (Some(ENHANCE_YOUR_CALM), false));
}

/// §5.1.1: the first need not be 1 (Firefox begins with 3, nghttp with 13), and the last is 2³¹ - 1.
#[test]
fn identifiers_rise_to_the_last() {
    let mut server = server();
    server.open();
    server.receive(&[priority(3, 0), priority(11, 0), get(13), get(15), get(LAST)].concat());
    let ids: Vec<_> = server.streams.iter().map(|stream| stream.id().get()).collect();
    assert_eq!((ids, server.h2.error()), (vec![13, 15, LAST], None));
    server.receive(&get(LAST - 2));
    assert_eq!(server.h2.error(), Some(Error::StreamId));
}
