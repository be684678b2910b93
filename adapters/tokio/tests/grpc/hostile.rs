//! Clients that mean harm: what they make a server keep and do is bounded, and in the end it gives them up.

use std::future::pending;
use std::io::ErrorKind;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use framewright_tokio::grpc::{Call, Server};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

use super::pair::answer;
use super::raw::{
    DATA, END_HEADERS, END_STREAM, HEADERS, PREFACE, RST_STREAM, SETTINGS, WINDOW_UPDATE,
    client_sends, frame, head, until,
};

const PING: u8 = 6;
const ACK: u8 = 1;

/// A server, and the other end of its pipe, on which its client has begun.
async fn begun(len: usize) -> (DuplexStream, JoinHandle<std::io::Result<()>>) {
    let (mut peer, theirs) = duplex(len);
    let server = tokio::spawn(Server::new(theirs).serve(answer));
    peer.write_all(&[PREFACE, &frame(SETTINGS, 0, 0, b"")].concat()).await.expect("it is read");
    (peer, server)
}

/// The tasks of calls end soon after their connection, beside the one that runs this.
async fn no_task_is_left() {
    for _ in 0..100 {
        if Handle::current().metrics().num_alive_tasks() == 0 {
            return;
        }
        sleep(Duration::from_millis(1)).await;
    }
    panic!("{} tasks are left", Handle::current().metrics().num_alive_tasks());
}

/// A client may make the server reset streams, too (CVE-2025-8671): it counts as if the client had.
#[tokio::test]
async fn a_server_is_not_made_to_reset_stream_after_stream() {
    for increment in [0, 0x7FFF_FFFF_u32] {
        let mut bytes = Vec::new();
        for n in 0..2000 {
            let stream = 2 * n + 1;
            bytes.extend_from_slice(&head("/test.Echo/Chat", stream));
            bytes.extend_from_slice(&frame(WINDOW_UPDATE, 0, stream, &increment.to_be_bytes()));
        }
        assert_eq!(client_sends(&bytes).await, (ErrorKind::InvalidData, 11), "{increment}");
    }
    no_task_is_left().await;
}

#[tokio::test]
async fn windows_that_are_opened_by_nothing_or_too_far_end_the_connection() {
    for (increment, code) in [(0_u32, 1), (0x7FFF_FFFF, 3)] {
        let bytes = frame(WINDOW_UPDATE, 0, 0, &increment.to_be_bytes());
        assert_eq!(client_sends(&bytes).await, (ErrorKind::InvalidData, code), "{increment}");
    }
}

/// Each frame asks for an answer, and no answer is read.
#[tokio::test(start_paused = true)]
async fn a_flood_that_asks_for_answers_and_reads_none_is_held() {
    for (kind, payload) in
        [(SETTINGS, &b""[..]), (PING, b"12345678"), (SETTINGS, &[0, 4, 0, 0, 0, 9])]
    {
        let (mut peer, server) = begun(1 << 12).await;
        let flood = frame(kind, 0, 0, payload).repeat(100);
        let mut sent = 0;
        while sent < 64 << 20 {
            match timeout(Duration::from_secs(1), peer.write_all(&flood)).await {
                Ok(Ok(())) => sent += flood.len(),
                _ => break,
            }
        }
        assert!(sent < 4 << 20, "{kind}: {sent}");
        // With too many pings it ends, and is no error of HTTP/2.
        let ended = server.await.expect("no panic");
        assert_eq!(ended.is_err(), kind == SETTINGS);
    }
    no_task_is_left().await;
}

/// A thousand calls, whose answers nobody reads: no more handlers than streams, and all of them end.
#[tokio::test(start_paused = true)]
async fn a_thousand_calls_that_are_never_read_from() {
    let (mut peer, theirs) = duplex(1 << 12);
    let (live, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    struct Live(Arc<AtomicUsize>);
    impl Drop for Live {
        fn drop(&mut self) {
            self.0.fetch_sub(1, Ordering::Relaxed);
        }
    }
    let (counted, peak) = (Arc::clone(&live), Arc::clone(&most));
    let server = tokio::spawn(Server::new(theirs).serve(move |call: Call| {
        peak.fetch_max(counted.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
        let live = Live(Arc::clone(&counted));
        async move {
            let _live = live;
            loop {
                call.send(&[7; 10_000]).await?;
            }
        }
    }));
    let flood = async {
        let start = [PREFACE, &frame(SETTINGS, 0, 0, b"")].concat();
        peer.write_all(&start).await?;
        for n in 0..1000 {
            peer.write_all(&head("/a.B/C", 2 * n + 1)).await?;
        }
        pending().await
    };
    let start = Instant::now();
    tokio::select! {
        ended = server => {
            let error = ended.expect("no panic").expect_err("it is given up");
            assert_eq!(error.kind(), ErrorKind::TimedOut);
        }
        ended = flood => drop::<std::io::Result<()>>(ended),
    }
    assert!(start.elapsed() < Duration::from_secs(70), "{:?}", start.elapsed());
    drop(peer);
    no_task_is_left().await;
    let (live, most) = (live.load(Ordering::Relaxed), most.load(Ordering::Relaxed));
    assert!(live == 0 && (1..=100).contains(&most), "{live} {most}");
}

/// A client that sends a byte from time to time, and one that vanishes, are given up.
#[tokio::test(start_paused = true)]
async fn a_preface_that_never_ends_is_not_waited_for() {
    let (mut peer, theirs) = duplex(1 << 12);
    let server = tokio::spawn(Server::new(theirs).serve(answer));
    let start = Instant::now();
    for byte in PREFACE {
        if peer.write_all(&[*byte]).await.is_err() {
            break;
        }
        sleep(Duration::from_secs(5)).await;
    }
    assert!(start.elapsed() < Duration::from_secs(60), "{:?}", start.elapsed());
    drop(peer);
    let _ = server.await.expect("no panic");
    no_task_is_left().await;
}

#[tokio::test(start_paused = true)]
async fn a_client_that_vanishes_during_its_call_is_given_up() {
    let (mut peer, server) = begun(1 << 16).await;
    peer.write_all(&frame(SETTINGS, ACK, 0, b"")).await.expect("it is read");
    peer.write_all(&head("/test.Echo/Chat", 1)).await.expect("it is read");
    let start = Instant::now();
    let _ = server.await.expect("no panic");
    let took = start.elapsed().as_secs();
    assert!((300..500).contains(&took), "{took}");
    no_task_is_left().await;
    drop(peer);
}

/// Headers alone, and trailers that come without a message.
#[tokio::test]
async fn a_request_without_a_message_ends_with_a_status() {
    let (mut peer, server) = begun(1 << 16).await;
    let mut whole = head("/test.Echo/Unary", 1);
    whole[4] |= END_STREAM;
    peer.write_all(&whole).await.expect("it is read");
    let trailers = until(&mut peer, HEADERS).await;
    assert!(trailers.windows(2).any(|two| two == b"12"), "{trailers:?}"); // UNIMPLEMENTED
    peer.write_all(&head("/test.Echo/Unary", 3)).await.expect("it is read");
    // `x: y`, in a literal without an index.
    let trailers = frame(HEADERS, END_HEADERS | END_STREAM, 3, &[0, 1, b'x', 1, b'y']);
    peer.write_all(&trailers).await.expect("it is read");
    until(&mut peer, HEADERS).await;
    drop(peer);
    let _ = server.await.expect("no panic");
    no_task_is_left().await;
}

/// Wherever in a call a connection ends, no task is left. Wherever it pauses, it is served.
#[tokio::test]
async fn a_call_that_is_cut_at_each_byte() {
    let message = [&[0, 0, 0, 0, 3][..], b"abc"].concat();
    let call = [head("/test.Echo/Unary", 1), frame(DATA, END_STREAM, 1, &message)].concat();
    for at in 0..call.len() {
        let (mut peer, server) = begun(1 << 16).await;
        peer.write_all(&call[..at]).await.expect("it is read");
        sleep(Duration::from_micros(1)).await;
        drop(peer);
        let _ = server.await.expect("no panic");
        no_task_is_left().await;

        let (mut peer, server) = begun(1 << 16).await;
        for part in [&call[..at], &call[at..]] {
            peer.write_all(part).await.expect("it is read");
            tokio::task::yield_now().await;
        }
        assert_eq!(until(&mut peer, DATA).await, message, "{at}");
        drop(peer);
        let _ = server.await.expect("no panic");
        no_task_is_left().await;
    }
}

/// Resets that come between messages, while the handler sends.
#[tokio::test]
async fn a_call_that_is_reset_leaves_no_handler() {
    let (mut peer, server) = begun(1 << 16).await;
    for n in 0..50 {
        let stream = 2 * n + 1;
        let message = [&[0, 0, 0, 0, 1][..], b"x"].concat();
        peer.write_all(&head("/test.Echo/Chat", stream)).await.expect("it is read");
        peer.write_all(&frame(DATA, 0, stream, &message.repeat(3))).await.expect("it is read");
        until(&mut peer, DATA).await;
        peer.write_all(&frame(RST_STREAM, 0, stream, &[0, 0, 0, 8])).await.expect("it is read");
    }
    sleep(Duration::from_millis(20)).await;
    assert_eq!(Handle::current().metrics().num_alive_tasks(), 1, "the connection's");
    let mut rest = Vec::new();
    peer.shutdown().await.expect("it can end");
    let _ = timeout(Duration::from_secs(5), peer.read_to_end(&mut rest)).await.expect("it ends");
    let _ = server.await.expect("no panic");
    no_task_is_left().await;
}
