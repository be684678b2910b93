//! The halves of a socket in two tasks, and peers that are slow, silent or half gone.

mod pipe;

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use framewright::ws::{CloseCode, Message};
use framewright_tokio::{Error, Options, WebSocket};
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

#[tokio::test]
async fn a_half_closes_with_the_code_that_was_set() {
    let (mut server, mut b) = against(&Options::new(), 64).await;
    let closing = server.closing();
    let (mut sender, _receiver) = server.split();
    closing.set(CloseCode::GOING_AWAY, "later");
    sender.close().await.expect("it is written");
    let mut taken = [0; 9];
    b.read_exact(&mut taken).await.expect("a close frame");
    assert_eq!(&taken, b"\x88\x07\x03\xe9later");
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

/// A stream with flaws.
struct Flawed {
    inner: DuplexStream,
    flaw: Flaw,
}

#[derive(Clone, Copy)]
enum Flaw {
    /// It cannot be shut down, as one of TLS whose peer does not read.
    Stuck,
    /// Its end is an error, as that of TLS that was cut, and so is its shutdown.
    Cut,
    /// Up to this time, there are always empty messages.
    FloodedUntil(Instant),
}

impl AsyncRead for Flawed {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        target: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = target.filled().len();
        let polled = Pin::new(&mut self.inner).poll_read(cx, target);
        match self.flaw {
            Flaw::Cut if polled.is_ready() && target.filled().len() == before => {
                Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()))
            }
            Flaw::FloodedUntil(time) if polled.is_pending() && Instant::now() < time => {
                target.put_slice(&frame(0x82, b""));
                Poll::Ready(Ok(()))
            }
            _ => polled,
        }
    }
}

impl AsyncWrite for Flawed {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.flaw {
            Flaw::Stuck => Poll::Pending,
            Flaw::Cut => Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
            Flaw::FloodedUntil(_) => Pin::new(&mut self.inner).poll_shutdown(cx),
        }
    }
}

/// The server's end of a pipe with a flaw, and the client's, both after the handshake.
async fn flawed(options: &Options, flaw: Flaw) -> (WebSocket<Flawed>, DuplexStream) {
    let (inner, mut b) = duplex(1024);
    b.write_all(REQUEST).await.expect("it is read");
    (options.accept(Flawed { inner, flaw }).await.expect("a good request"), b)
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_cannot_be_shut_down_is_given_up() {
    let (mut server, mut b) = flawed(&Options::new(), Flaw::Stuck).await;
    b.shutdown().await.expect("it is open");
    let end = timeout(60 * SECOND, server.next()).await.expect("it ends");
    assert!(matches!(end, Some(Err(Error::Cut))), "{end:?}");
    assert!(server.close(CloseCode::GOING_AWAY, "").await.is_ok());
}

#[tokio::test]
async fn a_transport_that_fails_after_the_closing_handshake_has_ended_well() {
    // The server closes second, and then first.
    let (mut server, mut b) = flawed(&Options::new(), Flaw::Cut).await;
    b.write_all(&frame(0x88, &[0x03, 0xe8])).await.expect("it is read");
    b.shutdown().await.expect("it is open");
    let end = server.next().await;
    assert!(end.is_none(), "{end:?}");

    let (mut server, mut b) = flawed(&Options::new(), Flaw::Cut).await;
    b.write_all(&frame(0x82, b"a")).await.expect("it is read");
    assert!(server.next().await.expect("it is open").is_ok());
    let (closed, ()) = tokio::join!(server.close(CloseCode::NORMAL, ""), async {
        b.write_all(&frame(0x88, &[0x03, 0xe8])).await.expect("it is read");
        b.shutdown().await.expect("it is open");
    });
    assert!(closed.is_ok(), "{closed:?}");

    // Without a closing handshake, it is an error.
    let (mut server, mut b) = flawed(&Options::new(), Flaw::Cut).await;
    b.shutdown().await.expect("it is open");
    let end = server.next().await;
    assert!(matches!(end, Some(Err(Error::Io(_)))), "{end:?}");
}

#[tokio::test]
async fn a_flood_does_not_put_off_the_end() {
    let options = Options::new().close_within(SECOND / 20);
    let until = Instant::now() + 5 * SECOND;
    let (mut server, _b) = flawed(&options, Flaw::FloodedUntil(until)).await;
    let closed = server.close(CloseCode::GOING_AWAY, "").await;
    assert!(matches!(closed, Err(Error::TimedOut)), "{closed:?}");
    assert!(Instant::now() < until);
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_leaves_is_heard_to_its_end() {
    for closes in [false, true] {
        let (mut server, mut b) = against(&Options::new(), 64).await;
        let sent = Box::pin(server.send(Message::Binary(&[0; 1000])));
        assert!(futures_util::poll!(sent).is_pending());
        b.write_all(&frame(0x81, b"last")).await.expect("it is read");
        if closes {
            b.write_all(&frame(0x88, b"\x03\xf0why")).await.expect("it is read");
        }
        drop(b);
        // The output cannot be written any more.
        let last = server.next().await.expect("it has come");
        assert_eq!(last.expect("it has come"), "last".to_owned().into());
        let end = server.next().await;
        if closes {
            assert!(end.is_none(), "{end:?}");
            let close = server.peer_close().expect("it came");
            assert_eq!((close.code, close.reason), (CloseCode::POLICY, "why"));
        } else {
            assert!(matches!(end, Some(Err(Error::Io(_)))), "{end:?}");
            assert!(server.next().await.is_none());
        }
    }
}
