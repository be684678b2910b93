//! Calls and connections that end early.

use std::future::pending;
use std::time::Duration;

use framewright_tokio::grpc::{Call, Client, Code, Options, Server, Status};
use tokio::io::{AsyncWriteExt, DuplexStream, duplex};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{sleep, timeout};

use super::pair::{answer, piped};

/// Says so when it is dropped.
struct Watched(mpsc::UnboundedSender<()>);

impl Drop for Watched {
    fn drop(&mut self) {
        let _ = self.0.send(());
    }
}

/// A client of a server whose handler never ends by itself, and who hears when it is dropped.
fn endless(len: usize) -> (Client, mpsc::UnboundedReceiver<()>) {
    let (dropped, is_dropped) = mpsc::unbounded_channel();
    let (ours, theirs) = duplex(len);
    tokio::spawn(Server::new(theirs).serve(move |call: Call| {
        let watched = Watched(dropped.clone());
        async move {
            let _watched = watched;
            while let Some(message) = call.next().await {
                call.send(&message?).await?;
            }
            pending().await
        }
    }));
    (Client::new(ours, "localhost"), is_dropped)
}

#[tokio::test]
async fn a_call_that_is_dropped_ends_its_handler() {
    for stage in 0..5 {
        let (client, mut is_dropped) = endless(4096);
        let call = client.request("/a.B/C").bidi().await.expect("begun");
        match stage {
            0 => {}
            1 => call.send(b"x").await.expect("it is open"),
            2 => call.half_close(),
            3 => {
                call.send(b"x").await.expect("it is open");
                call.next().await.expect("an echo").expect("no error");
            }
            _ => {
                // The handler is stuck, as this echo is longer than the window.
                call.send(&vec![0; 1 << 20]).await.expect("it is open");
                call.next().await.expect("an echo").expect("no error");
                call.send(&vec![0; 1 << 20]).await.expect("it is open");
            }
        }
        drop(call);
        if stage > 0 {
            is_dropped.recv().await.expect("it is dropped");
        }
        // The connection goes on.
        let call = client.request("/a.B/C").bidi().await.expect("begun");
        call.send(b"y").await.expect("it is open");
        assert_eq!(call.next().await.expect("an echo").expect("no error"), "y");
    }
}

#[tokio::test]
async fn a_future_of_a_unary_call_that_is_dropped_ends_its_handler() {
    let (client, mut is_dropped) = endless(4096);
    tokio::select! {
        _ = client.request("/a.B/C").unary(b"x") => panic!("it does not end"),
        () = sleep(Duration::from_millis(20)) => {}
    }
    is_dropped.recv().await.expect("it is dropped");
}

/// The same for one that is dropped at each stage by its server.
#[tokio::test]
async fn a_server_drops_calls() {
    let (ours, theirs) = duplex(4096);
    tokio::spawn(async move {
        let mut server = Server::new(theirs);
        let mut stage = 0;
        while let Some(call) = server.next().await.expect("no error") {
            stage += 1;
            tokio::spawn(async move {
                match stage {
                    1 => {}
                    2 => drop(call.message().await),
                    3 => call.send_head(Default::default()).expect("it is open"),
                    4 => call.send(b"x").await.expect("it is open"),
                    _ => call.send(&vec![0; 1 << 20]).await.expect("it is open"),
                }
            });
        }
    });
    let client = Client::new(ours, "localhost");
    for _ in 0..5 {
        let status = client.request("/a.B/C").unary(b"x").await.expect_err("it is dropped");
        assert_eq!(status.code, Code::Cancelled);
    }
}

/// Before its future is made, or in it. The other calls go on.
#[tokio::test]
async fn a_handler_that_panics_ends_its_call() {
    let (ours, theirs) = duplex(4096);
    tokio::spawn(Server::new(theirs).serve(|call: Call| {
        assert_ne!(call.path(), "/a.B/AtOnce", "this is part of the test");
        async move {
            while let Some(message) = call.next().await {
                let message = message?;
                assert_ne!(message, "panic", "this is part of the test");
                call.send(&message).await?;
            }
            Ok(())
        }
    }));
    let client = Client::new(ours, "localhost");
    let other = client.request("/a.B/C").bidi().await.expect("begun");
    for path in ["/a.B/AtOnce", "/a.B/C", "/a.B/AtOnce"] {
        let status = client.request(path).unary(b"panic").await.expect_err("it panics");
        assert_eq!((status.code, &*status.message), (Code::Internal, "the handler panicked"));
        other.send(b"x").await.expect("it is open");
        assert_eq!(other.next().await.expect("an echo").expect("no error"), "x");
    }
}

#[tokio::test(start_paused = true)]
async fn a_deadline_passes_at_both_ends() {
    let (client, mut is_dropped) = endless(4096);
    let start = tokio::time::Instant::now();
    let request = client.request("/a.B/C").timeout(Duration::from_secs(2));
    let status = request.unary(b"x").await.expect_err("it is late");
    assert_eq!((status.code, &*status.message), (Code::DeadlineExceeded, "deadline exceeded"));
    let took = start.elapsed().as_millis();
    assert!((2000..2100).contains(&took), "{took}");
    is_dropped.recv().await.expect("it is dropped");
}

#[tokio::test(start_paused = true)]
async fn a_handler_knows_its_deadline() {
    let (ours, theirs) = duplex(4096);
    tokio::spawn(Server::new(theirs).serve(|call: Call| async move {
        let left = call.deadline().expect("there is one") - tokio::time::Instant::now();
        call.send(left.as_millis().to_string().as_bytes()).await
    }));
    let client = Client::new(ours, "localhost");
    let request = client.request("/a.B/C").timeout(Duration::from_millis(1500));
    assert_eq!(request.unary(b"").await.expect("OK"), "1500");
}

#[tokio::test]
async fn a_graceful_shutdown_loses_no_call() {
    let (ours, theirs) = duplex(4096);
    let (stop, stopped) = oneshot::channel::<()>();
    let stopped = async { drop(stopped.await) };
    let server = tokio::spawn(Server::new(theirs).serve_until(stopped, answer));
    let client = Client::new(ours, "localhost");
    let call = client.request("/test.Echo/Chat").bidi().await.expect("begun");
    call.send(b"one").await.expect("it is open");
    assert_eq!(call.next().await.expect("an echo").expect("no error"), "one");
    stop.send(()).expect("it serves");
    // The client has heard of it once this fails.
    loop {
        match client.request("/test.Echo/Unary").unary(b"").await {
            Ok(_) => {}
            Err(status) => {
                assert_eq!((status.code, status.is_unprocessed), (Code::Unavailable, true));
                break;
            }
        }
    }
    call.send(b"two").await.expect("it is open");
    assert_eq!(call.next().await.expect("an echo").expect("no error"), "two");
    call.half_close();
    assert!(call.next().await.is_none());
    server.await.expect("no panic").expect("a good end");
}

#[tokio::test(start_paused = true)]
async fn a_graceful_shutdown_does_not_wait_for_ever() {
    let (ours, theirs) = duplex(4096);
    let options = Options::new().close_within(Duration::from_secs(3));
    let mut server = options.server(theirs);
    let client = Client::new(ours, "localhost");
    let stuck = tokio::spawn(async move {
        let status = client.request("/a.B/C").unary(b"").await.expect_err("it is stuck");
        status.code
    });
    let call = server.next().await.expect("no error").expect("a call");
    server.close();
    assert!(server.next().await.expect("no error").is_none());
    assert_eq!(call.over().await, Code::Cancelled);
    assert_eq!(stuck.await.expect("no panic"), Code::Unavailable);
}

#[tokio::test]
async fn a_connection_that_is_lost_ends_every_call() {
    let (ours, theirs) = duplex(4096);
    let client = Client::new(ours, "localhost");
    let mut server = Server::new(theirs);
    let calls = (0..10).map(|_| {
        let client = client.clone();
        tokio::spawn(async move { client.request("/a.B/C").unary(b"x").await })
    });
    let calls = calls.collect::<Vec<_>>();
    let mut called = Vec::new();
    for _ in 0..10 {
        called.push(server.next().await.expect("no error").expect("a call"));
    }
    drop(server);
    for call in called {
        assert_eq!(call.over().await, Code::Cancelled);
        let error = call.next().await.expect("an error").expect_err("it is over");
        assert_eq!(error.code, Code::Cancelled);
        assert!(call.next().await.is_none());
        assert!(call.send(b"").await.is_err());
    }
    for call in calls {
        let status = call.await.expect("no panic").expect_err("it is lost");
        assert_eq!(status.code, Code::Unavailable);
    }
    let status = client.request("/a.B/C").unary(b"x").await.expect_err("it is lost");
    assert_eq!(status.code, Code::Unavailable);
}

/// Neither one that waits until output is written, nor one that begins later, waits for ever.
#[tokio::test]
async fn a_connection_is_lost_before_its_output_is_written() {
    let (ours, theirs) = duplex(64);
    let client = Client::new(ours, "localhost");
    let calls = (0..100).map(|_| {
        let client = client.clone();
        tokio::spawn(async move { client.request("/a.B/C").unary(&[7; 1000]).await })
    });
    let calls = calls.collect::<Vec<_>>();
    sleep(Duration::from_millis(20)).await;
    drop(theirs);
    for call in calls {
        let status = call.await.expect("no panic").expect_err("it is lost");
        assert_eq!(status.code, Code::Unavailable);
    }
    let status = client.request("/a.B/C").unary(b"x").await.expect_err("it is lost");
    assert_eq!(status.code, Code::Unavailable);
}

/// Nothing is cut off by that.
#[tokio::test]
async fn a_call_outlives_its_client() {
    let client = piped(64);
    let call = client.request("/test.Echo/Repeat").server_streaming(&[7; 200]).await;
    let call = call.expect("begun");
    drop(client);
    let mut count = 0;
    while let Some(message) = call.next().await {
        count += message.expect("OK").len();
    }
    assert_eq!(count, 200 * 200);
}

#[tokio::test]
async fn a_connection_closes_with_its_last_client() {
    let (ours, theirs) = duplex(4096);
    let server = tokio::spawn(Server::new(theirs).serve(answer));
    let client = Client::new(ours, "localhost");
    let clone = client.clone();
    drop(client);
    clone.request("/test.Echo/Unary").unary(b"x").await.expect("OK");
    drop(clone);
    server.await.expect("no panic").expect("a good end");
}

/// However no further call can begin, a client that waits for that hears of it, and may wait in vain before.
#[tokio::test]
async fn a_client_hears_that_it_is_closed() {
    for way in 0..4 {
        let (ours, mut theirs) = duplex(4096);
        let client = Client::new(ours, "localhost");
        assert!(timeout(Duration::from_millis(1), client.closed()).await.is_err(), "{way}");
        assert!(!client.is_closed(), "{way}");
        let (stop, stopped) = oneshot::channel::<()>();
        match way {
            0 => client.close(),
            // It breaks a rule of HTTP/2.
            1 => theirs.write_all(&[0; 9]).await.expect("it is read"),
            2 => drop(theirs),
            _ => {
                let stopped = async { drop(stopped.await) };
                tokio::spawn(Server::new(theirs).serve_until(stopped, answer));
                client.request("/test.Echo/Unary").unary(b"x").await.expect("OK");
                assert!(!client.is_closed());
                stop.send(()).expect("it serves");
            }
        }
        let closed = timeout(Duration::from_secs(5), client.closed()).await;
        assert!(closed.is_ok() && client.is_closed(), "{way}");
        let status = client.request("/test.Echo/Unary").unary(b"x").await.expect_err("closed");
        assert_eq!((status.code, status.is_unprocessed), (Code::Unavailable, true));
    }
}

/// What is over holds nothing open, and what has come of it stays.
#[tokio::test]
async fn a_call_that_is_over_and_held_keeps_no_connection_open() {
    let (ours, theirs) = duplex(4096);
    let server = tokio::spawn(Server::new(theirs).serve(answer));
    let client = Client::new(ours, "localhost");
    let call = client.request("/test.Echo/Repeat").server_streaming(b"two").await.expect("begun");
    let other = client.request("/test.Echo/Chat").bidi().await.expect("begun");
    drop(client);
    assert_eq!(call.over().await.code, Code::Ok);
    other.send(b"still open").await.expect("it is open");
    assert_eq!(other.next().await.expect("an echo").expect("no error"), "still open");
    other.half_close();
    assert_eq!(other.over().await.code, Code::Ok);
    let ended = timeout(Duration::from_secs(5), server).await.expect("it ends");
    ended.expect("no panic").expect("a good end");
    assert_eq!(call.next().await.expect("it has come").expect("no error"), "two");
}

#[tokio::test(start_paused = true)]
async fn a_silent_server_is_found_out() {
    let (ours, _theirs): (_, DuplexStream) = duplex(1 << 16);
    let client = Client::new(ours, "localhost");
    let status = client.request("/a.B/C").unary(b"x").await.expect_err("nobody answers");
    assert_eq!(status.code, Code::Unavailable);
}

#[tokio::test]
async fn what_cannot_be_sent_fails_the_call() {
    let client = piped(4096);
    let code = |result: Result<_, Status>| result.expect_err("it cannot be sent").code;
    assert_eq!(code(client.request("no path").unary(b"").await), Code::Internal);
    let metadata = [("grpc-status", "0".into())];
    let request = client.request("/test.Echo/Unary").metadata(&metadata);
    assert_eq!(code(request.unary(b"").await), Code::Internal);
}
