//! Flow control (RFC 9113 §5.2): one message is kept for each call, and turns are taken.

use framewright::grpc::{
    CallKind, Code, Fixed, Limits, SendError, ServerConfig, ServerEvent, Timeout,
};
use framewright::http2;

use super::pair::{Pair, request};

fn limits(window: u32) -> http2::Limits {
    http2::Limits::new().stream_window(window)
}

#[test]
fn a_server_that_streams_waits_for_windows() {
    for window in [1, 10, 104, 105, 106, 1000] {
        let mut pair: Pair = Pair::with(ServerConfig::new(), limits(1 << 16), limits(window));
        let calls = [50, 20].map(|count| (count, pair.count(count)));
        pair.run();
        for (count, call) in calls {
            let sent: Vec<_> = (1..=count).rev().map(|left| vec![left; 100]).collect();
            assert_eq!(pair.messages(call), sent, "window {window}");
            assert_eq!(pair.end(call), Some(Code::Ok));
        }
        assert_eq!(pair.client.http2().open_streams(), 0);
        assert_eq!(pair.service.grpc.http2().open_streams(), 0);
    }
}

#[test]
fn a_second_message_waits_for_the_first() {
    let mut pair: Pair = Pair::with(ServerConfig::new(), limits(100), limits(1 << 16));
    pair.run(); // the client knows the window
    let call = pair.call("/t.T/Bidi", CallKind::BidiStreaming);
    pair.send(call, &[1; 90]);
    pair.send(call, &[2; 90]); // most of it is kept
    assert_eq!(pair.client.send(call, &[3; 90], &mut pair.out), Err(SendError::Busy));
    assert_eq!(pair.writable, []);
    pair.run();
    assert_eq!(pair.writable, [call], "it is told once");
    assert_eq!(pair.messages(call), [[1; 90], [2; 90]]);
    pair.send(call, &[3; 90]);
    pair.half_close(call);
    assert_eq!(pair.client.send(call, &[4], &mut pair.out), Err(SendError::HalfClosed));
    pair.run();
    assert_eq!(pair.messages(call), [[1; 90], [2; 90], [3; 90]]);
    assert_eq!(pair.end(call), Some(Code::Ok));
}

/// A server that ends a call while its last message is kept: the trailers follow it.
#[test]
fn trailers_wait_for_what_is_kept() {
    for len in [0, 1, 90, 1000, 100_000] {
        let mut pair: Pair = Pair::with(ServerConfig::new(), limits(1 << 16), limits(50));
        let call = pair.unary("/t.T/Unary", &vec![9; len]);
        pair.run();
        assert_eq!(pair.messages(call), [vec![9; len]]);
        assert_eq!(pair.end(call), Some(Code::Ok));
    }
}

/// What is kept goes away with the call.
#[test]
fn a_call_is_cancelled_with_a_message_in_hand() {
    let mut pair: Pair = Pair::with(ServerConfig::new(), limits(1 << 16), limits(50));
    let call = pair.unary("/t.T/Unary", &[9; 1000]);
    let other = pair.unary("/t.T/Unary", &[8; 1000]);
    // The server has both, and has sent what the windows allow.
    pair.client.transmit(&mut pair.out);
    let mut to_server = std::mem::take(&mut pair.out);
    pair.service.receive(&mut to_server, 0);
    pair.client.cancel(call);
    pair.run();
    assert_eq!(pair.end(other), Some(Code::Ok));
    assert_eq!(pair.end(call), None);
    assert_eq!(pair.service.grpc.http2().open_streams(), 0);
    // The call was over for the server before: its user is not told.
    let cancelled =
        pair.service.events.iter().any(|event| matches!(event, ServerEvent::Cancelled { .. }));
    assert!(!cancelled);
}

#[test]
fn a_call_that_is_paused_gets_no_more_than_its_window() {
    for read_len in [1, 7, usize::MAX] {
        let mut pair: Pair = Pair::with(ServerConfig::new(), limits(1000), limits(1 << 16));
        pair.read_len = read_len;
        let call = pair.call("/t.T/Sum", CallKind::ClientStreaming);
        pair.run();
        let Some(&ServerEvent::Call(at_server)) = pair.service.events.last() else { panic!() };
        pair.service.grpc.pause(at_server);
        let mut sent = 0;
        while pair.client.send(call, &[7; 95], &mut pair.out).is_ok() {
            sent += 1;
            pair.run();
        }
        let received = |pair: &Pair| {
            let message = ServerEvent::Message(at_server);
            pair.service.events.iter().filter(|event| **event == message).count()
        };
        // With its prefix, each has 100 bytes. The client keeps one.
        assert_eq!((sent, received(&pair)), (11, 10));
        let other = pair.unary("/t.T/Unary", b"past it");
        pair.run();
        assert_eq!(pair.end(other), Some(Code::Ok));
        assert_eq!(received(&pair), 10);

        pair.service.grpc.resume(at_server);
        pair.run();
        assert_eq!((received(&pair), &pair.writable[..]), (11, &[call][..]));
        for sent in 12..100 {
            pair.send(call, &[7; 95]);
            pair.run();
            assert_eq!(received(&pair), sent);
        }
    }
}

#[test]
fn a_client_pauses_a_call_too() {
    let mut pair: Pair = Pair::with(ServerConfig::new(), limits(1 << 16), limits(1050));
    let call = pair.count(30);
    pair.client.pause(call);
    pair.run();
    // Each has 105 bytes.
    assert_eq!((pair.messages(call).len(), pair.end(call)), (10, None));
    pair.client.pause(call); // changes nothing
    pair.client.resume(call);
    pair.run();
    assert_eq!((pair.messages(call).len(), pair.end(call)), (30, Some(Code::Ok)));
    pair.client.resume(call); // nor does this
}

/// The trailers of one call do not fit after its kept message. The other calls go on.
#[test]
fn an_outbox_that_is_full_stalls_nobody_else() {
    let server = http2::Limits::new().max_head_len(2048).max_send_len(256);
    let mut pair: Pair<Fixed<4, 100>> = Pair::with(ServerConfig::new(), server, limits(10));
    let timeout = Timeout::parse(b"50m").unwrap();
    let head = request("/t.T/Bidi").timeout(timeout);
    let call = pair.client.call(&head, CallKind::BidiStreaming, &mut pair.out).unwrap();
    pair.send(call, &[7; 95]); // it comes back, and fills the outbox
    pair.client.pause(call); // its window stays closed
    pair.run();
    pair.service.receive(&mut [], 50);
    assert!(matches!(pair.service.events.last(), Some(ServerEvent::Cancelled { .. })));
    let other = pair.unary("/t.T/Unary", b"past it");
    pair.run();
    assert_eq!((pair.end(other), pair.end(call)), (Some(Code::Ok), None));
    pair.client.resume(call);
    pair.run();
    assert_eq!(pair.messages(call), [[7; 95]]);
    assert_eq!(pair.end(call), Some(Code::DeadlineExceeded));
}

/// Calls whose response waits for a window that the client never opens: until a second after their deadline, however
/// they are over. Calls beside them go on.
#[test]
fn a_closed_window_holds_no_call_past_its_deadline() {
    let mut pair: Pair = Pair::with(ServerConfig::new(), limits(1 << 16), limits(50));
    let head = request("/t.T/Bidi").timeout(Timeout::parse(b"100m").unwrap());
    // One that goes on, one that is finished, and one without a deadline that is finished, too.
    let bidi = pair.client.call(&head, CallKind::BidiStreaming, &mut pair.out).unwrap();
    pair.send(bidi, &[7; 1000]);
    let head = request("/t.T/Unary").timeout(Timeout::parse(b"200m").unwrap());
    let unary = pair.client.unary(&head, &[8; 1000], &mut pair.out).unwrap();
    let patient = pair.unary("/t.T/Unary", &[9; 1000]);
    for call in [bidi, unary, patient] {
        pair.client.pause(call);
    }
    pair.run();
    let open = |pair: &Pair| pair.service.grpc.http2().open_streams();
    // Only the server looks at the time: the client's calls would end by themselves.
    for (now, left, deadline) in
        [(100, 3, 1100), (1099, 3, 1100), (1100, 2, 1200), (1199, 2, 1200), (1200, 1, 60_000)]
    {
        pair.service.receive(&mut [], now);
        pair.run();
        assert_eq!((open(&pair), pair.service.grpc.deadline()), (left, Some(deadline)), "{now}");
        let beside = pair.unary("/t.T/Unary", b"!!");
        assert_ne!(pair.end(beside), Some(Code::Unavailable));
        pair.client.cancel(beside);
        pair.run();
    }
    assert_eq!(pair.end(bidi), Some(Code::Cancelled), "the stream is reset");
    assert_eq!(pair.end(unary), Some(Code::Cancelled));
    let ended = |event: &&ServerEvent| {
        matches!(event, ServerEvent::Cancelled { code: Code::DeadlineExceeded, .. })
    };
    assert_eq!(pair.service.events.iter().filter(ended).count(), 1, "one was finished");
    pair.client.resume(patient);
    pair.run();
    assert_eq!(pair.messages(patient), [[9; 1000]]);
    assert_eq!(pair.end(patient), Some(Code::Ok));
}

/// A client that breaks a rule of its call while it takes nothing.
#[test]
fn a_closed_window_holds_no_call_that_failed() {
    const CONFIG: ServerConfig = ServerConfig::new().limits(Limits::new().max_message_len(2000));
    let mut pair: Pair = Pair::with(CONFIG, limits(1 << 16), limits(50));
    let call = pair.call("/t.T/Bidi", CallKind::BidiStreaming);
    pair.send(call, &[7; 1000]);
    pair.client.pause(call);
    pair.run();
    pair.send(call, &[7; 2001]);
    pair.run();
    let exhausted = Some(Code::ResourceExhausted);
    let last = pair.service.events.last();
    assert!(matches!(last, Some(ServerEvent::Cancelled { code, .. }) if Some(*code) == exhausted));
    pair.service.receive(&mut [], 999);
    pair.run();
    assert_eq!((pair.service.grpc.http2().open_streams(), pair.end(call)), (1, None));
    pair.service.receive(&mut [], 1000);
    pair.run();
    assert_eq!(pair.service.grpc.http2().open_streams(), 0);
    assert_eq!(pair.end(call), Some(Code::Cancelled));
}

/// What waits for the transport is not given up: the status arrives, however late.
#[test]
fn a_slow_transport_loses_no_status() {
    let mut pair = Pair::new();
    let timeout = Timeout::parse(b"50m").unwrap();
    let call = pair.client.unary(&request("/t.T/Slow").timeout(timeout), b"!", &mut pair.out);
    let call = call.unwrap();
    pair.run();
    for now in [50, 1050, 2000, 60_000] {
        pair.service.receive(&mut [], now);
        assert_ne!(pair.service.grpc.deadline(), Some(now), "nothing is due at once");
    }
    pair.run();
    assert_eq!(pair.end(call), Some(Code::DeadlineExceeded));
}

/// A call that its client lets wait is no reason to end a connection on which others go on.
#[test]
fn one_call_that_waits_stalls_no_connection() {
    let mut pair: Pair = Pair::with(ServerConfig::new(), limits(1 << 16), limits(1000));
    let waiting = pair.unary("/t.T/Unary", &[7; 2000]);
    pair.client.pause(waiting);
    let beside = pair.call("/t.T/Bidi", CallKind::BidiStreaming);
    pair.run();
    for second in 1..200 {
        pair.send(beside, &[8; 100]);
        pair.wait(1000);
        assert_eq!(pair.messages(beside).len(), second);
    }
    pair.client.resume(waiting);
    pair.half_close(beside);
    pair.run();
    assert_eq!([waiting, beside].map(|call| pair.end(call)), [Some(Code::Ok); 2]);
}
