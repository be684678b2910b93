//! Both ends of a WebSocket, joined by a pipe of any size.

mod pipe;

use std::time::Duration;

use framewright::ws::{self, CloseCode, Limits, Message};
use framewright_tokio::{BytesMessage, Error, Options, UrlError, WebSocket};
use futures_util::{SinkExt, StreamExt};
use pipe::{REQUEST, against, frame};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::time::{Instant, timeout};

type Server = WebSocket<DuplexStream>;
type Client = WebSocket<DuplexStream, ws::Client>;

/// Both ends, with at most `len` bytes on their way in each direction.
async fn pair(len: usize, server: &Options, client: &Options) -> (Server, Client) {
    let (a, b) = duplex(len);
    let (server, client) =
        tokio::join!(server.accept(a), client.connect_over(b, "ws://example.com/chat"));
    (server.expect("a good request"), client.expect("a good answer"))
}

/// Texts and binary messages of up to about `len` bytes.
fn messages(len: usize) -> Vec<BytesMessage> {
    let long: String = "0123456789 äöü ".repeat(len / 18);
    let bytes: Vec<u8> = (0..=255).cycle().take(len).collect();
    let texts = ["", "hello", "é", &long].map(|text| Message::Text(text).into());
    let binary = [&b""[..], &[0, 255], &bytes].map(|bytes| Message::Binary(bytes).into());
    texts.into_iter().chain(binary).collect()
}

async fn echo(mut server: Server) -> Result<(), Error> {
    while let Some(message) = server.next().await {
        server.send(&message?).await?;
    }
    Ok(())
}

#[tokio::test]
async fn every_message_comes_back_through_a_pipe_of_any_size() {
    for len in [1, 2, 7, 100, 4096, 1 << 20] {
        for compressed in [true, false] {
            let options =
                if compressed { Options::new() } else { Options::new().compression(None) };
            let (server, mut client) = pair(len, &Options::new(), &options).await;
            let ends = tokio::spawn(echo(server));
            for message in messages(if len < 100 { 3_000 } else { 100_000 }) {
                client.send(&message).await.expect("it is open");
                let back = client.next().await.expect("it is open").expect("no error");
                assert!(back == message, "through {len} bytes");
            }
            client.close(CloseCode::NORMAL, "that was all").await.expect("the server answers");
            ends.await.expect("no panic").expect("a clean end");
            assert_eq!(client.peer_close().expect("it came").reason, "that was all");
        }
    }
}

#[tokio::test]
async fn what_is_dropped_while_it_waits_loses_no_message() {
    let (server, mut client) = pair(64, &Options::new(), &Options::new()).await;
    let ends = tokio::spawn(echo(server));
    let (mut sent, mut received) = (Vec::new(), Vec::new());
    for message in messages(3_000).into_iter().cycle().take(50) {
        // One poll, then it is dropped: the message is sent whole by whatever comes next.
        let mut sending = Box::pin(client.send(&message));
        let polled = futures_util::poll!(&mut sending);
        drop(sending);
        assert!(polled.is_pending() || matches!(polled, std::task::Poll::Ready(Ok(()))));
        sent.push(message);
        while received.len() < sent.len() {
            let next = Box::pin(client.next());
            if let Ok(message) = timeout(Duration::from_micros(50), next).await {
                received.push(message.expect("it is open").expect("no error"));
            }
        }
    }
    assert!(sent == received);
    drop(client);
    assert!(matches!(ends.await.expect("no panic"), Err(Error::Cut)));
}

#[tokio::test]
async fn what_is_fed_is_written_before_the_next_message_is_waited_for() {
    let (mut server, mut peer) = against(&Options::new(), 1024).await;
    server.feed("one").await.expect("it is open");
    server.feed("two").await.expect("it is open");
    let mut taken = [0; 10];
    assert!(futures_util::poll!(Box::pin(peer.read_exact(&mut taken))).is_pending());
    assert!(futures_util::poll!(Box::pin(server.next())).is_pending());
    peer.read_exact(&mut taken).await.expect("both");
    assert_eq!(&taken, b"\x81\x03one\x81\x03two");

    // Or by a flush. One message too many waits for the peer.
    let long = vec![7; 64 * 1024];
    server.feed(&long[..]).await.expect("it is open");
    assert!(futures_util::poll!(Box::pin(server.feed("more"))).is_pending());
    let mut bytes = vec![0; 10 + long.len()];
    let (flushed, read) = tokio::join!(server.flush(), peer.read_exact(&mut bytes));
    flushed.expect("it is written");
    read.expect("all of it");
}

#[tokio::test]
async fn two_tasks_share_a_socket() {
    let (server, client) = pair(100, &Options::new(), &Options::new()).await;
    let ends = tokio::spawn(echo(server));
    let (mut sender, mut receiver) = client.split();
    let count = 2_000;
    let sending = tokio::spawn(async move {
        for i in 0..count {
            sender.feed(format!("message {i}").into()).await.expect("it is open");
        }
        sender.close().await.expect("it is written");
        sender
    });
    let mut received = 0;
    while let Some(message) = receiver.next().await {
        assert_eq!(message.expect("no error"), format!("message {received}").into());
        received += 1;
    }
    // The server's echoes come before its answer to the close.
    assert_eq!(received, count);
    drop(sending.await.expect("no panic"));
    ends.await.expect("no panic").expect("a clean end");
}

#[tokio::test]
async fn a_peer_that_does_not_read_makes_senders_wait() {
    let (mut server, mut peer) = against(&Options::new(), 1024).await;
    let message = vec![7; 32 * 1024];
    let mut sent = 0;
    while timeout(
        Duration::from_millis(20),
        SinkExt::feed(&mut server, Message::Binary(&message).into()),
    )
    .await
    .is_ok()
    {
        sent += 1;
        assert!(sent < 10, "output is bounded");
    }
    // Once it reads, all that was queued arrives.
    let mut bytes = vec![0; sent * (4 + message.len())];
    let (read, flushed) = tokio::join!(peer.read_exact(&mut bytes), server.flush());
    read.expect("all messages");
    flushed.expect("they are written");
    assert!(bytes.ends_with(&message));
}

#[tokio::test(start_paused = true)]
async fn a_silent_peer_is_pinged_and_then_given_up() {
    let options =
        Options::new().ping_after(Duration::from_secs(30)).dead_after(Duration::from_secs(5));
    let (mut server, mut peer) = against(&options, 1024).await;
    let start = Instant::now();
    let silent = tokio::spawn(async move { server.next().await });
    let mut ping = [0; 2];
    peer.read_exact(&mut ping).await.expect("a ping comes");
    assert_eq!((ping, start.elapsed().as_secs()), ([0x89, 0], 30));
    peer.write_all(&frame(0x8A, b"")).await.expect("it is read");
    peer.read_exact(&mut ping).await.expect("another ping comes");
    assert_eq!((ping, start.elapsed().as_secs()), ([0x89, 0], 60));
    let ended = silent.await.expect("no panic");
    assert!(matches!(ended, Some(Err(Error::TimedOut))));
    assert_eq!(start.elapsed().as_secs(), 65);
}

#[tokio::test(start_paused = true)]
async fn a_clean_close_waits_for_no_deadline() {
    let (server, mut client) = pair(64, &Options::new(), &Options::new()).await;
    let ends = tokio::spawn(echo(server));
    let start = Instant::now();
    client.close(CloseCode::NORMAL, "").await.expect("the server answers");
    // The client's transport is still there: the server does not wait until it is dropped.
    ends.await.expect("no panic").expect("a clean end");
    assert_eq!(start.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_does_not_close_is_given_up() {
    let (mut server, _peer) = against(&Options::new(), 1024).await;
    let start = Instant::now();
    let closed = server.close(CloseCode::GOING_AWAY, "").await;
    assert!(matches!(closed, Err(Error::TimedOut)));
    assert_eq!(start.elapsed().as_secs(), 10);
    assert!(server.next().await.is_none(), "it is over");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_says_nothing_is_not_waited_for() {
    let (a, _b) = duplex(1024);
    let start = Instant::now();
    assert!(matches!(WebSocket::accept(a).await, Err(Error::TimedOut)));
    assert_eq!(start.elapsed().as_secs(), 10);
}

#[tokio::test]
async fn a_peer_that_breaks_a_rule_is_told_before_the_error_is_returned() {
    // Text that is not UTF-8 (RFC 6455 §8.1).
    let (mut server, mut peer) = against(&Options::new(), 1024).await;
    let mut sent = frame(0x81, b"one");
    sent.extend(frame(0x81, b"\xFF"));
    peer.write_all(&sent).await.expect("it is read");
    assert_eq!(server.next().await.expect("one").expect("good"), "one".to_owned().into());
    let ended = server.next().await.expect("an error");
    assert!(matches!(ended, Err(Error::Protocol(_))), "{ended:?}");
    drop(server);
    let mut told = Vec::new();
    peer.read_to_end(&mut told).await.expect("an end");
    assert_eq!(told[..4], [0x88, told.len() as u8 - 2, 0x03, 0xEF]); // 1007
}

#[tokio::test]
async fn a_message_over_the_limit_is_refused_with_1009() {
    let options = Options::new().limits(Limits::new().max_message_len(4)).compression(None);
    let (mut server, mut peer) = against(&options, 1024).await;
    peer.write_all(&frame(0x82, b"12345")).await.expect("it is read");
    assert!(matches!(server.next().await, Some(Err(Error::Protocol(_)))));
    let mut told = [0; 4];
    peer.read_exact(&mut told).await.expect("a close frame");
    assert_eq!((told[0], &told[2..]), (0x88, &[0x03, 0xF1][..]));
}

#[tokio::test]
async fn a_transport_that_ends_early_is_an_error() {
    let (mut server, mut peer) = against(&Options::new(), 1024).await;
    peer.write_all(&frame(0x01, b"half a mess")).await.expect("it is read");
    drop(peer);
    assert!(matches!(server.next().await, Some(Err(Error::Cut))));
    assert!(server.next().await.is_none());
}

#[tokio::test]
async fn every_ping_of_a_peer_that_reads_gets_its_pong() {
    let (mut server, mut peer) = against(&Options::new(), 4096).await;
    let serving = tokio::spawn(async move { server.next().await });
    let pings: Vec<u8> = (0..10).flat_map(|i| frame(0x89, &[i])).collect();
    peer.write_all(&pings).await.expect("it is read");
    let mut pongs = vec![0; 3 * 10];
    peer.read_exact(&mut pongs).await.expect("ten pongs");
    assert!((0..10).zip(pongs.chunks(3)).all(|(i, pong)| pong == [0x8A, 1, i]));
    drop(peer);
    assert!(matches!(serving.await.expect("no panic"), Some(Err(Error::Cut))));
}

#[tokio::test]
async fn pings_are_answered_by_one_pong_while_output_waits() {
    let (mut server, mut peer) = against(&Options::new(), 16).await;
    let serving = tokio::spawn(async move { server.next().await });
    for i in 0..100 {
        peer.write_all(&frame(0x89, &[i; 4])).await.expect("it is read");
    }
    let mut sent = frame(0x88, b"\x03\xE8");
    peer.write_all(&sent).await.expect("it is read");
    let mut answers = Vec::new();
    peer.read_to_end(&mut answers).await.expect("an end");
    drop(peer);
    assert!(serving.await.expect("no panic").is_none());
    // What fits in 16 bytes, and what was begun: not an answer to each of the hundred.
    assert!(answers.len() < 6 * 10, "{} bytes", answers.len());
    sent[1] = 2;
    assert!(answers.ends_with(&[0x88, 2, 0x03, 0xE8]));
}

#[tokio::test]
async fn a_subprotocol_and_fields_are_agreed_on() {
    let server = Options::new().protocols(["v2.chat", "chat"]).header("X-Server", "1");
    let client = Options::new().protocols(["chat", "v2.chat"]).header("Authorization", "secret");
    let (a, b) = duplex(1024);
    let mut seen = String::new();
    let accept = server.accept_if(a, |offer| {
        let field = offer.headers().into_iter().find(|(name, _)| *name == "Authorization");
        seen = format!("{} {:?}", offer.target(), field.map(|(_, value)| value.to_vec()));
        Ok(())
    });
    let (a, b) = tokio::join!(accept, client.connect_over(b, "wss://example.com/a?b=c"));
    let (a, b) = (a.expect("a good request"), b.expect("a good answer"));
    assert_eq!((a.protocol(), b.protocol()), (Some("v2.chat"), Some("v2.chat")));
    assert_eq!(seen, format!("/a?b=c {:?}", Some(b"secret".to_vec())));
}

#[tokio::test]
async fn a_refusal_says_why() {
    let (a, b) = duplex(1024);
    let (server, client) =
        tokio::join!(async { Options::new().accept_if(a, |_| Err(403)).await }, async {
            Options::new().connect_over(b, "ws://example.com/").await
        });
    assert!(matches!(server, Err(Error::Denied(403))));
    assert!(matches!(client, Err(Error::Refused { status: 403, .. })));

    let (mut a, b) = duplex(1024);
    let (answered, client) = tokio::join!(
        a.write_all(b"HTTP/1.1 503 Busy\r\nContent-Length: 9\r\n\r\nsee noon\n"),
        async { Options::new().connect_over(b, "ws://example.com/").await }
    );
    answered.expect("it is read");
    let Err(Error::Refused { status: 503, body }) = client else { panic!("{client:?}") };
    assert_eq!(body, "see noon\n");
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_one_whatever_the_peer_does() {
    for leaves in [false, true] {
        let (a, mut b) = duplex(1024);
        b.write_all(REQUEST).await.expect("it is read");
        if leaves {
            drop(b);
            let refused = Options::new().accept_if(a, |_| Err(401)).await;
            assert!(matches!(refused, Err(Error::Denied(401))), "{refused:?}");
        } else {
            let refused = Options::new().accept_if(a, |_| Err(401)).await;
            assert!(matches!(refused, Err(Error::Denied(401))), "{refused:?}");
            drop(b);
        }
    }

    // A body that does not come whole.
    let (mut a, b) = duplex(1024);
    a.write_all(b"HTTP/1.1 401 No\r\nContent-Length: 9\r\n\r\nsee").await.expect("it is read");
    let refused = Options::new().connect_over(b, "ws://example.com/").await;
    assert!(matches!(refused, Err(Error::Refused { status: 401, .. })), "{refused:?}");
}

#[tokio::test(start_paused = true)]
async fn times_may_be_endless() {
    let options = Options::new()
        .handshake_within(Duration::MAX)
        .ping_after(Duration::MAX)
        .dead_after(Duration::MAX)
        .close_within(Duration::MAX);
    let (mut server, mut client) = pair(64, &options, &options).await;
    let year = Duration::from_secs(365 * 24 * 3600);
    assert!(timeout(year, server.next()).await.is_err(), "no ping, and no end");
    let (closed, end) = tokio::join!(client.close(CloseCode::NORMAL, ""), server.next());
    assert!(closed.is_ok() && end.is_none());
}

#[tokio::test]
async fn other_urls_are_refused() {
    let long = format!("ws://a/{}", "b".repeat(1 << 16));
    for (url, error) in [
        ("", UrlError::Scheme),
        ("http://a/", UrlError::Scheme),
        ("ws:", UrlError::Scheme),
        ("/path", UrlError::Scheme),
        ("ws:///path", UrlError::Host { at: 5 }),
        ("wss://:80/", UrlError::Host { at: 6 }),
        ("ws://user@host/", UrlError::User { at: 5 }),
        ("ws://a/#b", UrlError::Fragment { at: 7 }),
        ("ws://a:65536/", UrlError::Port { at: 7 }),
        ("ws://a/b c", UrlError::Character { at: 8 }),
        (&long, UrlError::TooLong),
    ] {
        let (a, _b) = duplex(64);
        let opened = Options::new().connect_over(a, url).await;
        let Err(Error::Url(found)) = opened else { panic!("{url}: {opened:?}") };
        assert_eq!(found, error, "{url}");
    }
    let secure = WebSocket::connect("wss://127.0.0.1:1/").await;
    assert!(matches!(secure, Err(Error::Url(UrlError::Tls))), "{secure:?}");
}

#[tokio::test]
async fn the_host_is_the_one_of_the_url() {
    for (url, host) in [
        ("ws://example.com/", "example.com"),
        ("ws://example.com:80/", "example.com"),
        ("ws://example.com:8080/", "example.com:8080"),
        ("wss://example.com:443", "example.com"),
        ("wss://example.com:80", "example.com:80"),
        ("ws://[::1]:80/", "[::1]"),
        ("ws://[::1]:8080/", "[::1]:8080"),
    ] {
        let (a, b) = duplex(1024);
        let mut seen = String::new();
        let accept = async {
            Options::new()
                .accept_if(a, |offer| {
                    seen = offer.host().to_owned();
                    Ok(())
                })
                .await
        };
        let (server, client) =
            tokio::join!(accept, async { Options::new().connect_over(b, url).await });
        assert!(server.is_ok() && client.is_ok(), "{url}");
        assert_eq!(seen, host);
    }
}

#[tokio::test]
async fn tasks_on_threads_may_own_a_socket() {
    fn is_send<T: Send>(_: &T) {}
    let (mut server, mut client) = pair(64, &Options::new(), &Options::new()).await;
    is_send(&server);
    is_send(&client);
    is_send(&server.next());
    is_send(&client.send("hello"));
}
