//! Calls that go well, and how they end.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use framewright_tokio::grpc::{
    Call, CallKind, Client, Code, Encodings, Http2Limits, Message, MetadataMap, Options,
    ResponseHead, Server, Status,
};
use tokio::io::duplex;

use super::pair::{answer, over_tcp, piped};

/// Makes a call of each kind.
async fn call_each(client: &Client) {
    let reply = client.request("/test.Echo/Unary").unary(b"one").await.expect("OK");
    assert_eq!(reply, "one");

    let call = client.request("/test.Echo/Repeat").server_streaming(b"four").await.expect("begun");
    let mut count = 0;
    while let Some(message) = call.next().await {
        assert_eq!(message.expect("OK"), "four");
        count += 1;
    }
    assert_eq!((count, call.over().await.code), (4, Code::Ok));

    let call = client.request("/test.Echo/Join").client_streaming().await.expect("begun");
    for text in ["a", "", "bc"] {
        call.send(text.as_bytes()).await.expect("it is open");
    }
    assert_eq!(call.reply().await.expect("OK"), "abc");

    let call = client.request("/test.Echo/Chat").bidi().await.expect("begun");
    for text in ["hello", "", "bye"] {
        call.send(text.as_bytes()).await.expect("it is open");
        assert_eq!(call.next().await.expect("an echo").expect("OK"), text);
    }
    call.half_close();
    assert!(call.next().await.is_none());
    assert!(call.next().await.is_none());
}

#[tokio::test]
async fn all_four_kinds_however_small_the_pipe() {
    for len in [1, 7, 64, 4096] {
        call_each(&piped(len)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_four_kinds_over_tcp() {
    call_each(&over_tcp(Options::new()).await).await;
}

#[tokio::test]
async fn an_error_has_its_parts() {
    let client = piped(4096);
    let status = client.request("/test.Echo/Fail").unary(b"").await.expect_err("it fails");
    assert_eq!((status.code, &*status.message), (Code::NotFound, "no café there"));
    assert_eq!(status.details, b"\x01\xFF");
    assert_eq!(status.metadata.iter().collect::<Vec<_>>(), [("x-why", "gone".into())]);
    assert!(!status.is_unprocessed);
    let status = client.request("/test.Echo/Other").unary(b"").await.expect_err("it fails");
    assert_eq!((status.code, &*status.message), (Code::Unimplemented, ""));
}

#[tokio::test]
async fn metadata_and_compressed_messages_go_each_way() {
    let (ours, theirs) = duplex(4096);
    let options = Options::new().encodings(Encodings::GZIP);
    tokio::spawn(options.server(theirs).serve(|call| async move {
        assert_eq!((call.encoding(), call.accepted_encoding()), (Some("gzip"), Some("gzip")));
        assert_eq!(call.metadata().iter().collect::<Vec<_>>(), [("x-one", "1".into())]);
        assert_eq!(call.deadline(), None);
        let message = call.message().await?;
        assert!(call.is_compressed());
        let metadata = [("x-two", "2".into())];
        call.send_head(ResponseHead::new().encoding("gzip").metadata(&metadata))?;
        call.send(Message { compressed: true, bytes: &message }).await?;
        let mut metadata = MetadataMap::new();
        metadata.push("x-three", "3").expect("it is valid");
        call.finish(&Status::from(Code::Ok).with_metadata(metadata))?;
        assert_eq!(call.over().await, Code::Ok);
        Ok(())
    }));
    let client = Client::new(ours, "localhost");
    let metadata = [("x-one", "1".into())];
    let request = client.request("/a.B/C").metadata(&metadata).encoding("gzip");
    let message = Message { compressed: true, bytes: b"as if by gzip" };
    let call = request.begin(CallKind::Unary, Some(message)).await.expect("begun");
    let head = call.head().await.expect("it comes");
    assert_eq!(head.iter().collect::<Vec<_>>(), [("x-two", "2".into())]);
    assert_eq!(call.encoding().as_deref(), Some("gzip"));
    assert_eq!(call.reply().await.expect("OK"), "as if by gzip");
    assert!(call.is_compressed());
    let trailers = call.over().await.metadata;
    assert_eq!(trailers.iter().collect::<Vec<_>>(), [("x-three", "3".into())]);
}

/// Each way, and by names in any case.
#[tokio::test]
async fn metadata_is_found_by_its_name() {
    let (ours, theirs) = duplex(4096);
    tokio::spawn(Server::new(theirs).serve(|call: Call| async move {
        let metadata = call.metadata();
        assert_eq!((metadata.get("x-one"), metadata.get("X-Two")), (Some("1"), Some("2")));
        assert_eq!(metadata.get_all("x-one").count(), 2);
        assert_eq!(metadata.get_bin("x-bin"), Some(vec![0, 255]));
        assert_eq!((metadata.get("x-bin"), metadata.get_bin("x-one")), (None, None));
        assert_eq!((metadata.get("x-none"), metadata.get_bin("x-none-bin")), (None, None));
        Err(Status::from(Code::NotFound).with_metadata(metadata.clone()))
    }));
    let client = Client::new(ours, "localhost");
    let mut metadata = MetadataMap::new();
    for (name, value) in [("x-one", "1"), ("X-Two", "2"), ("x-one", "3")] {
        metadata.push(name, value).expect("it is valid");
    }
    metadata.push("x-bin", &b"\x00\xFF"[..]).expect("it is valid");
    let request = client.request("/a.B/C").metadata(&metadata);
    let status = request.unary(b"").await.expect_err("it is not found");
    assert_eq!(status.code, Code::NotFound);
    assert!(status.metadata.iter().eq(metadata.iter()), "{:?}", status.metadata);
}

/// The server allows 100 at once.
#[tokio::test]
async fn a_thousand_calls_at_once() {
    let client = piped(1 << 16);
    let calls = (0..1000_u32).map(|n| {
        let client = client.clone();
        tokio::spawn(async move {
            let message = n.to_string();
            let reply = client.request("/test.Echo/Unary").unary(message.as_bytes()).await?;
            assert_eq!(reply, message);
            Ok::<_, Status>(())
        })
    });
    for call in calls.collect::<Vec<_>>() {
        call.await.expect("no panic").expect("OK");
    }
}

/// The server allows one at once, so that all others wait for their turns, and some give up.
#[tokio::test(start_paused = true)]
async fn calls_that_wait_for_others_keep_their_deadlines() {
    let (ours, theirs) = duplex(4096);
    let options = Options::new().http2(Http2Limits::new().max_streams(1));
    tokio::spawn(options.server(theirs).serve(|call: Call| async move {
        let message = call.message().await?;
        tokio::time::sleep(Duration::from_secs(1)).await;
        call.send(&message).await
    }));
    let client = Client::new(ours, "localhost");
    // From here on, its limit is known.
    client.request("/a.B/C").unary(b"").await.expect("OK");
    let calls = (0..10).map(|_| {
        let client = client.clone();
        tokio::spawn(async move {
            let request = client.request("/a.B/C").timeout(Duration::from_millis(4500));
            request.unary(b"").await.map_or_else(|status| status.code, |_| Code::Ok)
        })
    });
    let mut codes = Vec::new();
    for call in calls.collect::<Vec<_>>() {
        codes.push(call.await.expect("no panic"));
    }
    let count = |code| codes.iter().filter(|one| **one == code).count();
    assert_eq!((count(Code::Ok), count(Code::DeadlineExceeded)), (4, 6), "{codes:?}");
    // The connection is as good as new.
    client.request("/a.B/C").unary(b"").await.expect("OK");
}

/// One that calls again and again does not keep others from their turns.
#[tokio::test]
async fn calls_that_come_later_have_later_turns() {
    let (ours, theirs) = duplex(4096);
    let options = Options::new().http2(Http2Limits::new().max_streams(1));
    tokio::spawn(options.server(theirs).serve(answer));
    let client = Client::new(ours, "localhost");
    client.request("/test.Echo/Unary").unary(b"").await.expect("OK");
    let count = Arc::new(AtomicU32::new(0));
    let (other, counted) = (client.clone(), Arc::clone(&count));
    tokio::spawn(async move {
        for _ in 0..50 {
            other.request("/test.Echo/Unary").unary(b"busy").await.expect("OK");
            counted.fetch_add(1, Ordering::Relaxed);
        }
    });
    let patient = tokio::spawn(async move {
        for n in 1..=10 {
            client.request("/test.Echo/Unary").unary(b"patient").await.expect("OK");
            let others = count.load(Ordering::Relaxed);
            assert!(others <= n + 1, "{others} of the other's calls beside {n}");
        }
    });
    patient.await.expect("no panic");
}

/// On several threads, with calls that are dropped at any time. Nobody waits for ever.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_tasks_on_many_threads() {
    let limits = Http2Limits::new().max_streams(10).reset_budget(10_000);
    let client = over_tcp(Options::new().http2(limits)).await;
    // From here on, its limit is known.
    client.request("/test.Echo/Unary").unary(b"").await.expect("OK");
    let tasks = (0..40_u32).map(|task| {
        let client = client.clone();
        tokio::spawn(async move {
            for n in 0..25_u32 {
                match (task * 7 + n) % 4 {
                    0 => {
                        let wait = Duration::from_micros(u64::from(n) * 20);
                        let request = client.request("/test.Echo/Unary");
                        drop(tokio::time::timeout(wait, request.unary(&[1; 5000])).await);
                    }
                    1 => drop(client.request("/test.Echo/Chat").bidi().await.expect("begun")),
                    2 => {
                        let request = client.request("/test.Echo/Repeat");
                        let call = request.server_streaming(&[1; 100]).await.expect("begun");
                        for _ in 0..n {
                            call.next().await.expect("more").expect("no error");
                        }
                    }
                    _ => {
                        let reply = client.request("/test.Echo/Unary").unary(&[1; 5000]).await;
                        assert_eq!(reply.expect("OK").len(), 5000);
                    }
                }
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.expect("no panic");
    }
}
