//! A WebSocket and events on an axum server, over TCP.
#![cfg(feature = "axum")]

use axum::Router;
use axum::response::Response;
use axum::routing::{any, get};
use framewright_tokio::sse::{self, EventBuf};
use framewright_tokio::{CloseCode, Error, Options, Upgrade, WebSocket};
use futures_util::stream;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

async fn socket(upgrade: Upgrade) -> Response {
    upgrade.open(&Options::new().protocols(["echo"]), |mut socket| async move {
        while let Some(message) = socket.next().await {
            socket.send(&message?).await?;
        }
        Ok(())
    })
}

async fn events() -> sse::Body<impl futures_util::Stream<Item = EventBuf>> {
    let invalid = EventBuf::new("lost").id("two\nlines");
    sse::body(stream::iter([EventBuf::new("a"), invalid, EventBuf::new("b")]))
}

/// The server's address.
async fn serve() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let address = listener.local_addr().expect("it has one").to_string();
    let router = Router::new().route("/socket", any(socket)).route("/events", get(events));
    tokio::spawn(async { axum::serve(listener, router).await });
    address
}

#[tokio::test]
async fn a_socket_echoes() {
    let url = format!("ws://{}/socket", serve().await);
    let mut socket = Options::new().protocols(["echo"]).connect(&url).await.expect("it opens");
    assert_eq!(socket.protocol(), Some("echo"));
    for text in ["hello", "", &"long ".repeat(50_000)] {
        socket.send(text).await.expect("it is open");
        let back = socket.next().await.expect("it is open").expect("no error");
        assert_eq!(back, text.to_owned().into());
    }
    socket.close(CloseCode::NORMAL, "").await.expect("the server answers");
}

#[tokio::test]
async fn other_requests_are_refused() {
    let address = serve().await;
    let url = format!("ws://{address}/nothing");
    let refused = WebSocket::connect(&url).await;
    assert!(matches!(refused, Err(Error::Refused { status: 404, .. })), "{refused:?}");

    let mut stream = TcpStream::connect(&address).await.expect("it listens");
    stream
        .write_all(b"GET /socket HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        .await
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 426 "), "{answer}");
}

#[tokio::test]
async fn events_have_the_fields_that_proxies_need() {
    let mut stream = TcpStream::connect(serve().await).await.expect("it listens");
    stream
        .write_all(b"GET /events HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        .await
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("an answer");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    for (name, value) in framewright::sse::RESPONSE_HEADERS {
        assert!(head.contains(&format!("{}: {value}", name.to_lowercase())), "{head}");
    }
    assert!(body.contains("data: a\n\n") && body.contains("data: b\n\n"), "{body}");
    assert!(!body.contains("lost"), "{body}");
}
