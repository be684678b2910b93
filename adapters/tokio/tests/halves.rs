//! The halves of a socket in two tasks, and peers that are slow, silent or half gone.

mod pipe;

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use framewright::ws::{CloseCode, Message};
use framewright_tokio::{Error, Options};
use futures_util::{SinkExt, StreamExt};
use pipe::{REQUEST, against, frame};
use tokio::io::{
    AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, ReadBuf, duplex,
};
use tokio::time::{Instant, timeout};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test]
async fn a_sender_goes_on_while_the_task_that_receives_does_something_else() {
    let (server, mut b) = against(&Options::new(), 64).await;
    let (mut sender, mut receiver) = server.split();
    let sending =
        tokio::spawn(async move { sender.send(Message::Binary(&[0; 1000]).into()).await });
    tokio::task::yield_now().await;
    // The receiver is the last to ask the stream, and is not asked again.
    assert!(futures_util::poll!(receiver.next()).is_pending());
    let mut taken = [0; 1004];
    timeout(SECOND, b.read_exact(&mut taken)).await.expect("it is written").expect("all of it");
    timeout(SECOND, sending).await.expect("it ends").expect("no panic").expect("it is written");
}

#[tokio::test(start_paused = true)]
async fn closing_in_one_half_begins_the_deadline_of_the_other() {
    let options = Options::new().ping_after(1000 * SECOND).close_within(SECOND);
    let (server, _b) = against(&options, 64).await;
    let (mut sender, mut receiver) = server.split();
    let receiving = tokio::spawn(async move { receiver.next().await });
    tokio::task::yield_now().await;
    let start = Instant::now();
    sender.close().await.expect("it is written");
    let end = receiving.await.expect("no panic");
    assert!(matches!(end, Some(Err(Error::TimedOut))), "{end:?}");
    assert!(start.elapsed() < 2 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn a_sender_ends_when_the_peer_is_given_up() {
    let (server, _b) = against(&Options::new(), 64).await;
    let (mut sender, mut receiver) = server.split();
    let sending = tokio::spawn(async move {
        let sent = sender.send(Message::Binary(&[0; 1000]).into()).await;
        (sent, sender.send("more".to_owned().into()).await)
    });
    let end = receiver.next().await;
    assert!(matches!(end, Some(Err(Error::TimedOut))), "{end:?}");
    let (sent, more) = timeout(SECOND, sending).await.expect("it ends").expect("no panic");
    assert!(matches!(sent, Err(Error::Send(_))), "{sent:?}");
    assert!(matches!(more, Err(Error::Send(_))), "{more:?}");
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_takes_output_slowly_is_not_given_up() {
    let (mut server, mut b) = against(&Options::new(), 64).await;
    assert!(futures_util::poll!(Box::pin(server.send(Message::Binary(&[0; 10_000])))).is_pending());
    let reading = async {
        for _ in 0..30 {
            tokio::time::sleep(10 * SECOND).await;
            b.read_exact(&mut [0; 64]).await.expect("there is output");
        }
    };
    tokio::select! {
        end = server.next() => panic!("{end:?}"),
        () = reading => {}
    }
    // It stops.
    let end = server.next().await;
    assert!(matches!(end, Some(Err(Error::TimedOut))), "{end:?}");
}

#[tokio::test(start_paused = true)]
async fn a_broken_rule_is_an_error_even_if_the_peer_cannot_be_told() {
    for ends in [false, true] {
        let (mut server, mut b) = against(&Options::new(), 64).await;
        let sent = Box::pin(server.send(Message::Binary(&[0; 1000])));
        assert!(futures_util::poll!(sent).is_pending());
        b.write_all(&frame(0x83, b"")).await.expect("it is read");
        if ends {
            b.shutdown().await.expect("it is open");
        }
        let end = server.next().await;
        assert!(matches!(end, Some(Err(Error::Protocol(_)))), "{end:?}");
        assert!(server.next().await.is_none());
    }
}

/// A stream that cannot be shut down, as one of TLS whose peer does not read.
struct Stuck(DuplexStream);

impl AsyncRead for Stuck {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        target: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, target)
    }
}

impl AsyncWrite for Stuck {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Pending
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_cannot_be_shut_down_is_given_up() {
    let (a, mut b) = duplex(1024);
    b.write_all(REQUEST).await.expect("it is read");
    let mut server = Options::new().accept(Stuck(a)).await.expect("a good request");
    b.shutdown().await.expect("it is open");
    let end = timeout(60 * SECOND, server.next()).await.expect("it ends");
    assert!(matches!(end, Some(Err(Error::Cut))), "{end:?}");
    assert!(server.close(CloseCode::GOING_AWAY, "").await.is_ok());
}
