//! Peers that lie about lengths, and that send one byte at a time; and what tasks on threads may own.

mod pipe;

use framewright::ws;
use framewright_tokio::{Closing, Error, Options, Prepared, Preparer, WebSocket};
use pipe::{against, frame};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

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
