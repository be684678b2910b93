//! Peers that speak HTTP/2 byte by byte, and break its rules or ours.

use std::io::ErrorKind;
use std::time::Duration;

use framewright::http2;
use framewright_tokio::grpc::{Client, Code, Options, Server};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::time::{Instant, timeout};

use super::pair::answer;

pub const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
pub const DATA: u8 = 0;
pub const HEADERS: u8 = 1;
pub const RST_STREAM: u8 = 3;
pub const SETTINGS: u8 = 4;
pub const GOAWAY: u8 = 7;
pub const WINDOW_UPDATE: u8 = 8;
pub const END_HEADERS: u8 = 4;
pub const END_STREAM: u8 = 1;

pub fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let len = u32::try_from(payload.len()).expect("short").to_be_bytes();
    [&len[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// A request of a path, in literals without an index (RFC 7541 §6.2.2), after the static table's `POST` and `http`.
pub fn head(path: &str, stream: u32) -> Vec<u8> {
    let mut block = vec![0x83, 0x86, 0x04, u8::try_from(path.len()).expect("short")];
    block.extend_from_slice(path.as_bytes());
    for (name, value) in
        [(":authority", "a"), ("te", "trailers"), ("content-type", "application/grpc")]
    {
        block.extend_from_slice(&[0, u8::try_from(name.len()).expect("short")]);
        block.extend_from_slice(name.as_bytes());
        block.push(u8::try_from(value.len()).expect("short"));
        block.extend_from_slice(value.as_bytes());
    }
    // `:authority` has to come before all others, and does.
    frame(HEADERS, END_HEADERS, stream, &block)
}

/// Reads frames until one of the kind comes.
pub async fn until(peer: &mut DuplexStream, kind: u8) -> Vec<u8> {
    loop {
        let mut header = [0; 9];
        peer.read_exact(&mut header).await.expect("a frame");
        let [a, b, c, read, ..] = header;
        let mut payload = vec![0; u32::from_be_bytes([0, a, b, c]) as usize];
        peer.read_exact(&mut payload).await.expect("its payload");
        if read == kind {
            return payload;
        }
    }
}

/// A client that sends this after its preface, and what comes of the server.
pub async fn client_sends(bytes: &[u8]) -> (ErrorKind, u32) {
    let (mut peer, theirs) = duplex(1 << 20);
    let server = tokio::spawn(Server::new(theirs).serve(answer));
    peer.write_all(&[PREFACE, &frame(SETTINGS, 0, 0, b"")].concat()).await.expect("read");
    peer.write_all(bytes).await.expect("it is read");
    let goaway = until(&mut peer, GOAWAY).await;
    let code = u32::from_be_bytes(*goaway[4..].first_chunk().expect("a code"));
    // It closes, and does not wait for us.
    while peer.read(&mut [0; 100]).await.expect("an end") > 0 {}
    drop(peer);
    let error = server.await.expect("no panic").expect_err("the client broke a rule");
    (error.kind(), code)
}

#[tokio::test]
async fn a_client_that_breaks_http2_is_told() {
    let cases: [(&str, Vec<u8>, u32); 4] = [
        ("DATA on stream 0", frame(DATA, 0, 0, b""), 1),
        ("SETTINGS of 5 bytes", frame(SETTINGS, 0, 0, b"12345"), 6),
        (
            "a block that is no HPACK",
            frame(HEADERS, END_HEADERS, 1, b"\xFF\xFF\xFF\xFF\xFF\xFF"),
            9,
        ),
        ("a frame that is too long", frame(DATA, 0, 1, &[0; 16_385]), 6),
    ];
    for (what, bytes, code) in cases {
        assert_eq!(client_sends(&bytes).await, (ErrorKind::InvalidData, code), "{what}");
    }
}

#[tokio::test]
async fn a_client_that_is_no_client_of_http2() {
    let (mut peer, theirs) = duplex(1 << 16);
    let server = tokio::spawn(Server::new(theirs).serve(answer));
    peer.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.expect("it is read");
    let mut rest = Vec::new();
    peer.read_to_end(&mut rest).await.expect("it ends");
    drop(peer);
    let error = server.await.expect("no panic").expect_err("not a preface");
    assert_eq!(error.kind(), ErrorKind::InvalidData);
}

/// A flood of calls that are reset at once (CVE-2023-44487).
#[tokio::test]
async fn rapid_resets_end_the_connection() {
    let mut bytes = Vec::new();
    for n in 0..2000 {
        let stream = 2 * n + 1;
        bytes.extend_from_slice(&head("/test.Echo/Chat", stream));
        bytes.extend_from_slice(&frame(RST_STREAM, 0, stream, &[0, 0, 0, 8]));
    }
    assert_eq!(client_sends(&bytes).await, (ErrorKind::InvalidData, 11));
}

/// It sends, and does not read: the server's output is bounded, and the client given up.
#[tokio::test(start_paused = true)]
async fn a_client_that_takes_no_output_is_given_up() {
    let (mut peer, theirs) = duplex(1 << 16);
    let server = tokio::spawn(Server::new(theirs).serve(answer));
    peer.write_all(&[PREFACE, &frame(SETTINGS, 0, 0, b"")].concat()).await.expect("read");
    // It grants all that can be granted.
    let grant = 0x7FFF_0000_u32.to_be_bytes();
    peer.write_all(&frame(WINDOW_UPDATE, 0, 0, &grant)).await.expect("it is read");
    let message = [&[0, 0, 0, 0x20, 0][..], &[7; 0x2000]].concat();
    let mut sent: usize = 0;
    for n in 0..100_000 {
        let stream = 2 * n + 1;
        let call =
            [head("/test.Echo/Unary", stream), frame(DATA, END_STREAM, stream, &message)].concat();
        let Ok(Ok(())) = timeout(Duration::from_secs(1), peer.write_all(&call)).await else {
            break;
        };
        sent += call.len();
    }
    assert!(sent > 1 << 20, "{sent}");
    // What it answered, a pipe each way, and what is read at once.
    assert!(sent < 2 << 20, "{sent}");
    let error = server.await.expect("no panic").expect_err("it is given up");
    assert_eq!(error.kind(), ErrorKind::TimedOut);
}

/// A server allows everything, and takes nothing. Calls end in time, those that wait for room and those that wait to begin.
#[tokio::test(start_paused = true)]
async fn a_server_that_takes_no_output_holds_no_call_past_its_deadline() {
    let (ours, mut peer) = duplex(1 << 10);
    let window = [&[0, 4][..], &i32::MAX.to_be_bytes()].concat();
    let grant = 0x7FFF_0000_u32.to_be_bytes();
    let allowed = [frame(SETTINGS, 0, 0, &window), frame(WINDOW_UPDATE, 0, 0, &grant)].concat();
    peer.write_all(&allowed).await.expect("it fits");
    let client = Client::new(ours, "localhost");
    tokio::time::sleep(Duration::from_millis(1)).await;
    let start = Instant::now();
    let second = Duration::from_secs(1);
    let sending = client.request("/a.B/C").timeout(second).bidi().await.expect("begun");
    let tasks = (0..40).map(|_| {
        let client = client.clone();
        tokio::spawn(
            async move { client.request("/a.B/C").timeout(second).unary(&[7; 20_000]).await },
        )
    });
    let tasks = tasks.collect::<Vec<_>>();
    tokio::time::sleep(Duration::from_millis(1)).await;
    let status = sending.send(&[7; 20_000]).await.expect_err("there is no room");
    assert_eq!(status.code, Code::DeadlineExceeded);
    for task in tasks {
        let status = task.await.expect("no panic").expect_err("there is no answer");
        assert_eq!(status.code, Code::DeadlineExceeded);
    }
    assert!(start.elapsed() < second + Duration::from_millis(10), "{:?}", start.elapsed());
}

/// The calls after the last one that the server has seen may be repeated.
#[tokio::test]
async fn a_server_goes_away() {
    let (ours, mut peer) = duplex(1 << 16);
    let client = Client::new(ours, "localhost");
    let calls = [(); 2].map(|()| {
        let client = client.clone();
        tokio::spawn(async move { client.request("/a.B/C").unary(b"x").await })
    });
    let mut preface = [0; 24];
    peer.read_exact(&mut preface).await.expect("it comes");
    assert_eq!(preface, PREFACE);
    peer.write_all(&frame(SETTINGS, 0, 0, b"")).await.expect("it is read");
    until(&mut peer, HEADERS).await;
    until(&mut peer, HEADERS).await;
    // Stream 1 is answered: `:status: 200`, and then trailers alone.
    peer.write_all(&frame(GOAWAY, 0, 0, &[0, 0, 0, 1, 0, 0, 0, 0])).await.expect("it is read");
    let mut block = vec![0x88];
    for (name, value) in [("content-type", "application/grpc"), ("grpc-status", "14")] {
        block.extend_from_slice(&[0, u8::try_from(name.len()).expect("short")]);
        block.extend_from_slice(name.as_bytes());
        block.push(u8::try_from(value.len()).expect("short"));
        block.extend_from_slice(value.as_bytes());
    }
    let end = frame(HEADERS, END_HEADERS | END_STREAM, 1, &block);
    peer.write_all(&end).await.expect("it is read");
    let mut ends = Vec::new();
    for call in calls {
        let status = call.await.expect("no panic").expect_err("it fails");
        ends.push((status.code, status.is_unprocessed));
    }
    ends.sort_by_key(|(_, is_unprocessed)| *is_unprocessed);
    assert_eq!(ends, [(Code::Unavailable, false), (Code::Unavailable, true)]);
    // Now nothing is left, and the client closes.
    let mut rest = Vec::new();
    peer.read_to_end(&mut rest).await.expect("it ends");
}

/// However many short messages come, they are kept in what they took on the wire.
#[tokio::test(start_paused = true)]
async fn a_flood_of_empty_messages_is_held() {
    let (mut peer, theirs) = duplex(1 << 12);
    let options = Options::new().http2(http2::Limits::new().stream_window(1 << 16));
    let mut server = options.server(theirs);
    let flood = async {
        peer.write_all(&[PREFACE, &frame(SETTINGS, 0, 0, b"")].concat()).await.expect("read");
        peer.write_all(&head("/a.B/C", 1)).await.expect("it is read");
        let messages = frame(DATA, 0, 1, &[0; 5 * 1000]);
        // 64 KiB are taken, and another 64 KiB fit in the window. With more, the stream is reset.
        for _ in 0..27 {
            peer.write_all(&messages).await.expect("it is read");
        }
        until(&mut peer, RST_STREAM).await
    };
    let drive = async {
        let call = server.next().await.expect("no error").expect("a call");
        let code = tokio::select! {
            _ = server.next() => panic!("there is no other"),
            code = call.over() => code,
        };
        assert_eq!(code, Code::Internal);
        drop(server.next().await);
    };
    tokio::select! {
        reset = flood => assert_eq!(reset, [0, 0, 0, 3]),
        () = drive => panic!("the client is there"),
    }
}
