//! Messages that are encoded once for many sockets.

mod pipe;

use framewright::ws::deflate::Config;
use framewright::ws::{CloseCode, SendError};
use framewright_tokio::{Error, Options, Preparer};
use pipe::{against, frame};
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

#[tokio::test]
async fn a_prepared_message_arrives_whatever_was_agreed_on() {
    let news = "the same words, the same words, the same words. ".repeat(20);
    let small_window = Config::new().server_max_window_bits(9);
    for ours in [None, Some(Config::new())] {
        for theirs in [None, Some(Config::new()), Some(small_window)] {
            let (server, client) = (Options::new(), Options::new().compression(theirs));
            let (a, b) = duplex(64 * 1024);
            let (server, client) =
                tokio::join!(server.accept(a), client.connect_over(b, "ws://example.com/"));
            let (mut server, mut client) = (server.expect("a request"), client.expect("an answer"));
            let mut preparer = Preparer::new(ours);
            let prepared = preparer.prepare(&news).expect("there is memory");
            // The socket's own compressor must not refer to what the client has not seen from it.
            for _ in 0..3 {
                server.send(&news).await.expect("it is open");
                server.send_prepared(&prepared).await.expect("it is open");
            }
            for _ in 0..6 {
                let heard = client.next().await.expect("it is open").expect("no error");
                assert_eq!(heard, news.clone().into());
            }
        }
    }
}

#[tokio::test]
async fn it_is_compressed_only_where_that_was_agreed_on() {
    let mut preparer = Preparer::new(Config::new());
    let news = "over and over ".repeat(100);
    let prepared = preparer.prepare(&news).expect("there is memory");
    let (mut server, mut peer) = against(&Options::new(), 4096).await;
    server.send_prepared(&prepared).await.expect("it is open");
    let mut taken = vec![0; 4 + news.len()];
    peer.read_exact(&mut taken).await.expect("all of it");
    assert_eq!(&taken[..4], [0x81, 126, 0x05, 0x78]);
    assert_eq!(&taken[4..], news.as_bytes());
}

#[tokio::test]
async fn none_is_sent_after_a_close() {
    let prepared = Preparer::new(None).prepare("late").expect("there is memory");
    let (mut server, mut peer) = against(&Options::new(), 64).await;
    peer.write_all(&frame(0x88, b"\x03\xE8")).await.expect("it is read");
    peer.shutdown().await.expect("it is open");
    assert!(server.next().await.is_none());
    let sent = server.send_prepared(&prepared).await;
    assert!(matches!(sent, Err(Error::Send(SendError::Closing))), "{sent:?}");
    assert_eq!(server.peer_close().expect("it came").code, CloseCode::NORMAL);
}
