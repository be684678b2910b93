//! Many tasks that wait for the same thing: each of them is woken for something that is there, and nobody is forgotten.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Duration;

use framewright_tokio::grpc::{Call, Client, Code, Server, Status};
use tokio::io::duplex;
use tokio::task::{JoinSet, yield_now};
use tokio::time::{sleep, timeout};

use super::pair::piped;

/// Runs a future, and counts its polls.
async fn counted<F: Future>(polls: Arc<AtomicUsize>, future: F) -> F::Output {
    let mut future = pin!(future);
    poll_fn(|cx| {
        polls.fetch_add(1, Ordering::Relaxed);
        future.as_mut().poll(cx)
    })
    .await
}

/// A client's and a server's end of one call, whose connection is driven by tasks of their own.
async fn one_call() -> (Arc<framewright_tokio::grpc::ClientCall>, Arc<Call>) {
    let (ours, theirs) = duplex(1 << 16);
    let client = Client::new(ours, "localhost");
    let call = client.request("/a.B/C").bidi().await.expect("begun");
    let mut server = Server::new(theirs);
    let called = server.next().await.expect("no error").expect("a call");
    tokio::spawn(async move { while let Ok(Some(_)) = server.next().await {} });
    (Arc::new(call), Arc::new(called))
}

#[tokio::test]
async fn each_message_wakes_one_of_many_readers() {
    const TASKS: usize = 300;
    let (call, called) = one_call().await;
    let polls = Arc::default();
    let mut tasks = JoinSet::new();
    for _ in 0..TASKS {
        let call = Arc::clone(&call);
        tasks.spawn(counted(Arc::clone(&polls), async move { call.next().await }));
    }
    sleep(Duration::from_millis(20)).await;
    assert_eq!(polls.load(Ordering::Relaxed), TASKS, "they wait");
    for n in 0..TASKS {
        called.send(n.to_string().as_bytes()).await.expect("it is open");
    }
    let mut received: Vec<usize> = Vec::new();
    while let Some(message) = tasks.join_next().await {
        let message = message.expect("no panic").expect("a message").expect("no error");
        received.push(String::from_utf8_lossy(&message).parse().expect("a number"));
    }
    received.sort_unstable();
    assert_eq!(received, (0..TASKS).collect::<Vec<_>>());
    let polls = polls.load(Ordering::Relaxed);
    assert!(polls <= 2 * TASKS, "{polls}");
}

#[tokio::test]
async fn the_end_wakes_all() {
    let (call, called) = one_call().await;
    let mut tasks = JoinSet::new();
    for n in 0..300 {
        let call = Arc::clone(&call);
        tasks.spawn(async move {
            match n % 4 {
                0 => call.next().await.is_none_or(|message| message.is_err()),
                1 => call.reply().await.is_err(),
                2 => call.head().await.is_err(),
                _ => call.over().await.code == Code::NotFound,
            }
        });
    }
    sleep(Duration::from_millis(20)).await;
    called.finish(&Status::from(Code::NotFound)).expect("it is open");
    while let Some(is_as_expected) = tasks.join_next().await {
        assert!(is_as_expected.expect("no panic"));
    }
}

#[tokio::test]
async fn many_send_on_one_call_whose_window_is_closed() {
    const TASKS: usize = 300;
    let (call, called) = one_call().await;
    let polls = Arc::default();
    let mut tasks = JoinSet::new();
    for _ in 0..TASKS {
        let call = Arc::clone(&call);
        let sending = async move { call.send(&[7; 10_000]).await };
        tasks.spawn(counted(Arc::clone(&polls), sending));
    }
    sleep(Duration::from_millis(20)).await;
    let waiting = polls.load(Ordering::Relaxed);
    assert!(waiting <= 2 * TASKS, "{waiting}");
    for _ in 0..TASKS {
        assert_eq!(called.next().await.expect("a message").expect("no error").len(), 10_000);
    }
    while let Some(sent) = tasks.join_next().await {
        sent.expect("no panic").expect("it is open");
    }
    let polls = polls.load(Ordering::Relaxed);
    assert!(polls <= 6 * TASKS, "{polls}");
}

/// Twenty times as much output as there is room for.
#[tokio::test]
async fn many_calls_wait_for_room() {
    const CALLS: usize = 90;
    let client = piped(1 << 12);
    let polls = Arc::default();
    let mut calls = Vec::new();
    for _ in 0..CALLS {
        calls.push(client.request("/test.Echo/Join").client_streaming().await.expect("begun"));
    }
    let mut tasks = JoinSet::new();
    for call in calls {
        let polls = Arc::clone(&polls);
        tasks.spawn(async move {
            counted(polls, call.send(&[7; 15_000])).await.expect("it is open");
            assert_eq!(call.reply().await.expect("OK").len(), 15_000);
        });
    }
    while let Some(ended) = tasks.join_next().await {
        ended.expect("no panic");
    }
    let polls = polls.load(Ordering::Relaxed);
    assert!(polls <= 3 * CALLS, "{polls}");
}

/// All messages are there, and so nothing has to be waited for.
#[tokio::test]
async fn a_flood_of_messages_leaves_other_tasks_their_turns() {
    let (call, called) = one_call().await;
    for _ in 0..5000 {
        called.send(b"").await.expect("it is open");
    }
    called.finish(&Status::from(Code::Ok)).expect("it is open");
    assert_eq!(call.over().await.code, Code::Ok);
    let turns = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&turns);
    tokio::spawn(async move {
        loop {
            count.fetch_add(1, Ordering::Relaxed);
            yield_now().await;
        }
    });
    for _ in 0..5000 {
        call.next().await.expect("a message").expect("no error");
    }
    let turns = turns.load(Ordering::Relaxed);
    assert!(turns >= 5000 / 128, "{turns}");
}

/// One that was woken and is dropped has taken nothing.
#[tokio::test]
async fn a_reader_that_is_dropped_leaves_its_message_to_the_next() {
    let (call, called) = one_call().await;
    for _ in 0..50 {
        let mut first = Box::pin(call.next());
        let mut second = pin!(call.next());
        poll_fn(|cx| {
            assert!(first.as_mut().poll(cx).is_pending() && second.as_mut().poll(cx).is_pending());
            Poll::Ready(())
        })
        .await;
        let second = counted(Arc::default(), second);
        called.send(b"x").await.expect("it is open");
        let dropping = async {
            for _ in 0..5 {
                yield_now().await; // the first one is woken meanwhile
            }
            drop(first);
        };
        let (message, ()) = tokio::join!(timeout(Duration::from_secs(5), second), dropping);
        assert_eq!(message.expect("in time").expect("a message").expect("no error"), "x");
    }
}

/// One that waits for room, is woken, and then not polled, does not hold those after it.
#[tokio::test(start_paused = true)]
async fn a_sender_that_is_not_polled_holds_nobody() {
    let client = piped(1 << 12);
    let mut calls = Vec::new();
    for _ in 0..12 {
        calls.push(client.request("/test.Echo/Join").client_streaming().await.expect("begun"));
    }
    let message = [7; 40_000];
    let mut sending: Vec<_> = calls.iter().map(|call| Box::pin(call.send(&message))).collect();
    let unpolled = poll_fn(|cx| {
        let waiting = sending.iter_mut().filter_map(|send| match send.as_mut().poll(cx) {
            Poll::Ready(_) => None,
            Poll::Pending => Some(()),
        });
        Poll::Ready(waiting.count())
    });
    assert_eq!(unpolled.await, 10);
    let call = client.request("/test.Echo/Unary");
    let reply = timeout(Duration::from_secs(1), call.unary(&message)).await;
    assert_eq!(reply.expect("in time").expect("OK").len(), message.len());
}

/// On several threads, readers and senders of one call that are dropped at any time. Nobody waits for ever, and each
/// message goes to one reader.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_that_are_dropped_on_many_threads() {
    const MESSAGES: usize = 4000;
    let (call, called) = one_call().await;
    let (sent, received) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let sum = Arc::new(AtomicUsize::new(0));
    let mut tasks = JoinSet::new();
    for task in 0..20_u64 {
        let (called, sent) = (Arc::clone(&called), Arc::clone(&sent));
        tasks.spawn(async move {
            loop {
                let n = sent.fetch_add(1, Ordering::Relaxed);
                if n >= MESSAGES {
                    return;
                }
                let message = format!("{n:0>2000}");
                while timeout(Duration::from_micros(task * 7), called.send(message.as_bytes()))
                    .await
                    .map(|sent| sent.expect("it is open"))
                    .is_err()
                {}
            }
        });
        let (call, received, sum) = (Arc::clone(&call), Arc::clone(&received), Arc::clone(&sum));
        tasks.spawn(async move {
            while received.load(Ordering::Relaxed) < MESSAGES {
                let wait = Duration::from_micros(100 + task * 13);
                let Ok(Some(message)) = timeout(wait, call.next()).await else { continue };
                let message = message.expect("no error");
                let n: usize = String::from_utf8_lossy(&message).parse().expect("a number");
                sum.fetch_add(n, Ordering::Relaxed);
                received.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
    let all = async {
        while let Some(ended) = tasks.join_next().await {
            ended.expect("no panic")
        }
    };
    timeout(Duration::from_secs(60), all).await.expect("nobody waits for ever");
    assert_eq!(received.load(Ordering::Relaxed), MESSAGES);
    assert_eq!(sum.load(Ordering::Relaxed), MESSAGES * (MESSAGES - 1) / 2);
}

/// The same without a time to be woken by: if one wake-up were lost, the last one would wait for ever.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_that_wait_on_many_threads() {
    const TASKS: usize = 40;
    for _ in 0..50 {
        let (call, called) = one_call().await;
        let mut tasks = JoinSet::new();
        for task in 0..TASKS {
            let called = Arc::clone(&called);
            tasks.spawn(async move { called.send(&[7; 20_000]).await.expect("it is open") });
            let call = Arc::clone(&call);
            tasks.spawn(async move {
                if task % 4 == 0 {
                    // One that is woken, perhaps, and dropped.
                    let mut next = Box::pin(call.next());
                    let polled = poll_fn(|cx| Poll::Ready(next.as_mut().poll(cx))).await;
                    if polled.is_ready() {
                        return;
                    }
                    yield_now().await;
                }
                call.next().await.expect("a message").expect("no error");
            });
        }
        let all = async {
            while let Some(ended) = tasks.join_next().await {
                ended.expect("ok")
            }
        };
        timeout(Duration::from_secs(20), all).await.expect("nobody waits for ever");
    }
}
