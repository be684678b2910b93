//! Futures that are dropped after each poll, as `tokio::select!` does. No message is lost, nor sent twice.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use framewright_tokio::grpc::{Call, Client, Code, Server, Status};
use tokio::io::duplex;
use tokio::task::yield_now;

/// Runs a future that is dropped whenever it is not ready, and made anew.
async fn in_pieces<F: Future>(mut make: impl FnMut() -> F) -> F::Output {
    loop {
        let polled = {
            let mut future = pin!(make());
            poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx))).await
        };
        match polled {
            Poll::Ready(output) => return output,
            Poll::Pending => yield_now().await,
        }
    }
}

async fn answer(call: &Call) -> Result<(), Status> {
    match call.path() {
        "/test.Echo/Unary" => {
            let message = in_pieces(|| call.message()).await?;
            in_pieces(|| call.send(&message)).await
        }
        "/test.Echo/Chat" => {
            while let Some(message) = in_pieces(|| call.next()).await {
                let message = message?;
                in_pieces(|| call.send(&message)).await?;
            }
            Ok(())
        }
        _ => Err(Status::new(Code::NotFound, "nothing here")),
    }
}

/// A client of a server, with a pipe of `len` bytes between them.
fn piped(len: usize) -> Client {
    let (ours, theirs) = duplex(len);
    tokio::spawn(async move {
        let mut server = Server::new(theirs);
        loop {
            // One that takes it exclusively cannot be made by a closure.
            let polled = {
                let mut next = pin!(server.next());
                poll_fn(|cx| Poll::Ready(next.as_mut().poll(cx))).await
            };
            match polled {
                Poll::Pending => yield_now().await,
                Poll::Ready(Ok(Some(call))) => {
                    tokio::spawn(async move {
                        let ended = answer(&call).await;
                        let status = ended.map_or_else(|status| status, |()| Code::Ok.into());
                        call.finish(&status).expect("it is open");
                        assert_eq!(in_pieces(|| call.over()).await, Code::Ok);
                    });
                }
                Poll::Ready(_) => return,
            }
        }
    });
    Client::new(ours, "localhost")
}

/// Shorter than a frame's header, than a frame, and than a window, and longer.
const LENS: [usize; 6] = [0, 1, 500, 5_000, 70_000, 400_000];

#[tokio::test]
async fn no_message_is_lost_or_sent_twice() {
    for (pipe, lens) in [(7, &LENS[..4]), (4096, &LENS)] {
        let client = piped(pipe);
        let chat = client.request("/test.Echo/Chat").bidi().await.expect("begun");
        for &len in lens {
            let message = vec![u8::try_from(len % 251).expect("small"); len];
            in_pieces(|| chat.send(&message)).await.expect("it is open");
            let echo = in_pieces(|| chat.next()).await.expect("an echo").expect("no error");
            assert!(echo == message, "{len}");
        }
        in_pieces(|| chat.send_last(b"last")).await.expect("it is open");
        assert_eq!(in_pieces(|| chat.next()).await.expect("an echo").expect("no error"), "last");
        assert!(in_pieces(|| chat.next()).await.is_none());
        assert_eq!(in_pieces(|| chat.over()).await.code, Code::Ok);
    }
}

#[tokio::test]
async fn the_only_message_is_not_lost() {
    for len in LENS {
        let client = piped(4096);
        let call = client.request("/test.Echo/Unary").client_streaming().await.expect("begun");
        let message = vec![7; len];
        in_pieces(|| call.send(&message)).await.expect("it is open");
        let reply = in_pieces(|| call.reply()).await.expect("OK");
        assert!(reply == message, "{len}");
        assert!(in_pieces(|| call.head()).await.expect("OK").is_empty());
    }
}

/// Waiting for the only message takes none, so that the next one who asks has it.
#[tokio::test]
async fn a_message_stays_until_it_is_certain_that_it_is_the_only_one() {
    let (ours, theirs) = duplex(4096);
    let mut server = Server::new(theirs);
    let client = Client::new(ours, "localhost");
    let call = client.request("/a.B/C").bidi().await.expect("begun");
    call.send(b"one").await.expect("it is open");
    let called = server.next().await.expect("no error").expect("a call");
    called.send(b"answer").await.expect("it is open");
    let driver = tokio::spawn(async move { server.next().await.map(|call| call.is_none()) });
    for _ in 0..20 {
        let mut only = pin!(called.message());
        let mut reply = pin!(call.reply());
        poll_fn(|cx| {
            assert!(reply.as_mut().poll(cx).is_pending());
            // The reply has ended the request, which the server may have heard of.
            let _ = only.as_mut().poll(cx);
            Poll::Ready(())
        })
        .await;
        yield_now().await;
    }
    assert_eq!(call.next().await.expect("it is there").expect("no error"), "answer");
    drop((call, client));
    assert!(driver.await.expect("no panic").expect("a good end"));
}

#[tokio::test]
async fn an_error_is_told_however_often_it_is_asked_for() {
    let client = piped(64);
    let call = client.request("/test.Echo/None").bidi().await.expect("begun");
    for _ in 0..2 {
        let status = in_pieces(|| call.reply()).await.expect_err("it fails");
        assert_eq!((status.code, &*status.message), (Code::NotFound, "nothing here"));
    }
    assert_eq!(in_pieces(|| call.head()).await.expect_err("it fails").code, Code::NotFound);
}
