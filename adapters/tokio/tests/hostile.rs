//! Peers that lie about lengths, that send one byte at a time, and that flood; and what tasks on threads may own.

mod pipe;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use framewright::ws;
use framewright_tokio::{Closing, Error, Options, Prepared, Preparer, WebSocket};
use pipe::{against, frame};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::yield_now;

#[tokio::test]
async fn a_length_of_a_gibibyte_is_refused_before_it_comes() {
    let (mut server, mut peer) = against(&Options::new(), 1024).await;
    let mut head = vec![0x82, 0xFF];
    head.extend_from_slice(&(1_u64 << 30).to_be_bytes());
    head.extend_from_slice(&[0; 4]);
    peer.write_all(&head).await.expect("it is read");
    let end = server.next().await.expect("an error");
    assert!(matches!(end, Err(Error::Protocol(_))), "{end:?}");
    let mut told = [0; 4];
    peer.read_exact(&mut told).await.expect("a close frame");
    assert_eq!((told[0], &told[2..]), (0x88, &[0x03, 0xF1][..])); // 1009
}

#[tokio::test]
async fn a_message_may_come_one_byte_at_a_time() {
    let (mut server, mut peer) = against(&Options::new(), 1).await;
    let sending = async {
        let mut sent = frame(0x01, "ä".as_bytes());
        sent.extend(frame(0x80, b"b"));
        for byte in sent {
            peer.write_u8(byte).await.expect("it is read");
        }
    };
    let (message, ()) = tokio::join!(server.next(), sending);
    assert_eq!(message.expect("it is open").expect("no error"), "äb".to_owned().into());
}

#[test]
fn everything_is_send_and_unpin() {
    fn check<T: Send + Unpin>() {}
    check::<WebSocket<TcpStream>>();
    check::<WebSocket<TcpStream, ws::Client>>();
    check::<(Options, Closing, Prepared, Preparer, Error)>();
}

/// Counts how often it has its turn.
fn neighbour() -> Arc<AtomicU32> {
    let turns = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&turns);
    tokio::spawn(async move {
        loop {
            count.fetch_add(1, Ordering::Relaxed);
            yield_now().await;
        }
    });
    turns
}

/// All of it is in one read, and so no read lets the others have their turn.
#[tokio::test]
async fn a_flood_of_messages_leaves_other_tasks_their_turns() {
    let (mut server, mut peer) = against(&Options::new().read_buffer_len(1 << 16), 1 << 16).await;
    let turns = neighbour();
    peer.write_all(&frame(0x82, b"").repeat(5000)).await.expect("it fits");
    for _ in 0..5000 {
        server.next().await.expect("it is open").expect("no error");
    }
    let turns = turns.load(Ordering::Relaxed);
    assert!(turns >= 5000 / 128, "{turns}");
}

#[tokio::test]
async fn one_that_sends_without_end_leaves_other_tasks_their_turns() {
    let (mut server, _peer) = against(&Options::new(), 1 << 16).await;
    let turns = neighbour();
    for _ in 0..5000 {
        server.feed(&b"x"[..]).await.expect("it is open");
    }
    let turns = turns.load(Ordering::Relaxed);
    assert!(turns >= 5000 / 128, "{turns}");
}
