//! A reader that does not read holds the sender, and nobody keeps more than a window.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use framewright_tokio::grpc::{Call, Client, Server, Status};
use tokio::io::duplex;
use tokio::time::{sleep, timeout};

use super::pair::piped;

/// What can be on its way: a window, a queue of 64 KiB at its reader, the message beyond it, and the one that its sender
/// keeps.
const MOST: usize = (256 + 64) * 1024 + 2 * MESSAGE.len();
const MESSAGE: [u8; 1000] = [7; 1000];

/// Longer than any time-out would take that the data did not meet.
const A_WHILE: Duration = Duration::from_secs(5);

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_read_holds_the_server() {
    let sent = Arc::new(AtomicUsize::new(0));
    let (ours, theirs) = duplex(4096);
    let counter = Arc::clone(&sent);
    tokio::spawn(Server::new(theirs).serve(move |call: Call| {
        let sent = Arc::clone(&counter);
        async move {
            for _ in 0..1000 {
                call.send(&MESSAGE).await?;
                sent.fetch_add(MESSAGE.len(), Ordering::Relaxed);
            }
            Ok(())
        }
    }));
    let client = Client::new(ours, "localhost");
    let call = client.request("/a.B/C").server_streaming(b"").await.expect("begun");
    sleep(A_WHILE).await;
    let held = sent.load(Ordering::Relaxed);
    assert!((64 * 1024..=MOST).contains(&held), "{held}");
    let mut received = 0;
    while let Some(message) = call.next().await {
        received += message.expect("OK").len();
    }
    assert_eq!(received, 1000 * MESSAGE.len());
}

#[tokio::test(start_paused = true)]
async fn a_server_that_does_not_read_holds_the_client() {
    let (ours, theirs) = duplex(4096);
    tokio::spawn(Server::new(theirs).serve(|call: Call| async move {
        sleep(A_WHILE * 2).await;
        let mut len = 0;
        while let Some(message) = call.next().await {
            len += message?.len();
        }
        call.send(len.to_string().as_bytes()).await
    }));
    let client = Client::new(ours, "localhost");
    let call = client.request("/a.B/C").client_streaming().await.expect("begun");
    let mut sent = 0;
    // Its last message is dropped while it waits: it is not sent.
    while timeout(A_WHILE, call.send(&MESSAGE)).await.is_ok() {
        sent += MESSAGE.len();
    }
    assert!((64 * 1024..=MOST).contains(&sent), "{sent}");
    assert_eq!(call.reply().await.expect("OK"), sent.to_string());
}

/// A call that is stuck does not stop the one beside it.
#[tokio::test]
async fn other_calls_go_on() {
    let client = piped(4096);
    let stuck = client.request("/test.Echo/Chat").bidi().await.expect("begun");
    let send_all = async {
        for _ in 0..2000 {
            stuck.send(&MESSAGE).await?;
        }
        stuck.half_close();
        Ok::<_, Status>(())
    };
    let others = async {
        for _ in 0..50 {
            client.request("/test.Echo/Unary").unary(&MESSAGE).await.expect("OK");
        }
        let mut count = 0;
        while let Some(message) = stuck.next().await {
            assert_eq!(message.expect("OK"), &MESSAGE[..]);
            count += 1;
        }
        count
    };
    let (sent, received) = tokio::join!(send_all, others);
    assert_eq!((sent.map_err(|status| status.code), received), (Ok(()), 2000));
}

/// Each message is longer than every window, and both ends send at once.
#[tokio::test]
async fn long_messages_both_ways_at_once() {
    let client = piped(100);
    let message = vec![7; 3 << 20];
    let call = client.request("/test.Echo/Chat").bidi().await.expect("begun");
    let send = async {
        for _ in 0..3 {
            call.send(&message).await.expect("it is open");
        }
        call.half_close();
    };
    let receive = async {
        let mut count = 0;
        while let Some(echo) = call.next().await {
            assert_eq!(echo.expect("OK").len(), message.len());
            count += 1;
        }
        count
    };
    assert_eq!(tokio::join!(send, receive).1, 3);
}
