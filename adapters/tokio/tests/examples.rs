//! The examples do what they say, over TCP.
#![cfg(feature = "axum")]

#[allow(dead_code, reason = "nobody calls `main`")]
#[path = "../examples/chat.rs"]
mod chat;
#[allow(dead_code, reason = "nobody calls `main`")]
#[path = "../examples/grpc.rs"]
mod grpc;
#[allow(dead_code, reason = "nobody calls `main`")]
#[path = "../examples/tokens.rs"]
mod tokens;

use axum::Router;
use framewright_tokio::sse::{self, Event};
use framewright_tokio::{CloseCode, WebSocket};
use futures_util::{StreamExt, stream};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// The server's address.
async fn serve(router: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let address = listener.local_addr().expect("it has one").to_string();
    tokio::spawn(async { axum::serve(listener, router).await });
    address
}

#[tokio::test]
async fn all_in_the_room_hear_what_one_says() {
    let url = format!("ws://{}/chat", serve(chat::router()).await);
    let mut first = WebSocket::connect(&url).await.expect("it opens");
    // An echo shows that the client is in the room.
    first.send("one").await.expect("it is open");
    assert_eq!(first.next().await.expect("open").expect("no error"), "one".to_owned().into());
    let mut second = WebSocket::connect(&url).await.expect("it opens");
    second.send("two").await.expect("it is open");
    for socket in [&mut first, &mut second] {
        let heard = socket.next().await.expect("it is open").expect("no error");
        assert_eq!(heard, "two".to_owned().into());
    }
    first.close(CloseCode::NORMAL, "").await.expect("the server answers");
    second.close(CloseCode::NORMAL, "").await.expect("the server answers");
}

/// The events of an answer after `last`, whose body ends with the connection.
async fn ask(address: &str, last: &str) -> Vec<Event> {
    let mut stream = TcpStream::connect(address).await.expect("it listens");
    let request = format!("GET /answer HTTP/1.0\r\nHost: a\r\nLast-Event-ID: {last}\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("it is read");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.expect("an answer");
    let head = answer.windows(4).position(|end| end == b"\r\n\r\n").expect("a head");
    let body = stream::iter([Ok::<_, std::io::Error>(&answer[head + 4..])]);
    sse::events(body).map(|event| event.expect("short")).collect().await
}

#[tokio::test]
async fn an_answer_goes_on_after_the_last_token() {
    let address = serve(tokens::router()).await;
    let all = ask(&address, "").await;
    assert_eq!((all.len(), &*all[6].data), (7, "[DONE]"));
    assert_eq!(all[3].data, "\nwith");
    let rest = ask(&address, &all[3].last_event_id).await;
    assert_eq!(rest, all[4..]);
}

#[tokio::test]
async fn a_client_asks_for_users() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let address = listener.local_addr().expect("it has one").to_string();
    tokio::spawn(grpc::serve(listener));
    let names = grpc::ask(&address).await.expect("OK");
    assert_eq!(names, ["Grace", "Ada", "Grace", "Barbara"]);
}
