//! Calls that go well, and how they end.

use framewright_tokio::grpc::{Client, Code, Options};

use super::pair::{over_tcp, piped};

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
