//! The examples do what they say, over TCP.
#![cfg(feature = "axum")]

#[allow(dead_code, reason = "nobody calls `main`")]
#[path = "../examples/chat.rs"]
mod chat;
#[allow(dead_code, reason = "nobody calls `main`")]
#[path = "../examples/grpc.rs"]
mod grpc;
#[allow(dead_code, reason = "nobody calls `main`")]
#[path = "../examples/grpc_chat.rs"]
mod grpc_chat;
#[allow(dead_code, reason = "nobody calls `main`")]
#[path = "../examples/hyper.rs"]
mod hyper;
#[allow(dead_code, reason = "nobody calls `main`")]
#[path = "../examples/resume.rs"]
mod resume;
#[allow(dead_code, reason = "nobody calls `main`")]
#[path = "../examples/tokens.rs"]
mod tokens;
#[allow(dead_code, reason = "nobody calls `main`")]
#[path = "../examples/wss_client.rs"]
mod wss_client;
#[allow(dead_code, reason = "nobody calls `main`")]
#[path = "../examples/wss_server.rs"]
mod wss_server;

use std::time::Duration;

use axum::Router;
use axum::http::HeaderMap;
use axum::routing::get;
use framewright_tokio::sse::{self, Event, EventBuf};
use framewright_tokio::{CloseCode, WebSocket};
use futures_util::{StreamExt, stream};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};

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

#[tokio::test]
async fn a_member_of_a_chat_survives_its_server() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let address = listener.local_addr().expect("it has one");
    let (stop, stopped) = oneshot::channel::<()>();
    let server = tokio::spawn(grpc_chat::serve(listener, async { drop(stopped.await) }));
    let (said, mut lines) = mpsc::channel(1);
    let (heard, mut hears) = mpsc::unbounded_channel();
    let member = tokio::spawn(async move {
        let hear = |text: &str| heard.send(text.to_owned()).expect("somebody listens");
        grpc_chat::join(&address.to_string(), "ada", &mut lines, hear).await;
    });
    said.send("one".to_owned()).await.expect("it is taken");
    assert_eq!(hears.recv().await.as_deref(), Some("ada: one"));
    stop.send(()).expect("it serves");
    server.await.expect("no panic").expect("a good end");

    let listener = TcpListener::bind(address).await.expect("the port is free again");
    tokio::spawn(grpc_chat::serve(listener, std::future::pending()));
    said.send("two".to_owned()).await.expect("it is taken");
    assert_eq!(hears.recv().await.as_deref(), Some("ada: two"));
    drop(said);
    member.await.expect("no panic");
}

#[tokio::test]
async fn hyper_upgrades() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let url = format!("ws://{}/", listener.local_addr().expect("it has one"));
    tokio::spawn(hyper::serve(listener));
    let mut socket = WebSocket::connect(&url).await.expect("it opens");
    socket.send("hello").await.expect("it is open");
    assert_eq!(socket.next().await.expect("open").expect("no error"), "hello".to_owned().into());
    socket.close(CloseCode::NORMAL, "").await.expect("the server answers");
}

/// Two words of an answer, from where the client has it. Then the connection ends.
async fn two_words(headers: HeaderMap) -> sse::Body<impl futures_util::Stream<Item = EventBuf>> {
    const WORDS: [&str; 6] = ["a", "b", "c", "d", "e", "[DONE]"];
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok()?.parse().ok());
    let words = WORDS.iter().zip(1_u32..).skip(last.unwrap_or(0)).take(2);
    sse::body(stream::iter(
        words.map(|(word, id)| {
            EventBuf::new(*word).id(id.to_string()).retry(Duration::from_millis(1))
        }),
    ))
}

#[tokio::test]
async fn a_client_of_hyper_goes_on_where_it_was_cut_off() {
    let address = serve(Router::new().route("/answer", get(two_words))).await;
    let mut heard = String::new();
    let followed = resume::follow(&address, "/answer", |event| heard.push_str(&event.data)).await;
    assert!(followed.is_ok(), "{followed:?}");
    assert_eq!(heard, "abcde");
    let refused = resume::follow(&address, "/nothing", |_| {});
    tokio::time::pause(); // not to wait between its attempts
    assert_eq!(refused.await.expect_err("it is refused").to_string(), "404 Not Found");
}

/// For `localhost` and 127.0.0.1, by nobody, and with a key that everybody knows.
const CERTIFICATE: &str = "\
-----BEGIN CERTIFICATE-----
MIIBmDCCAT6gAwIBAgIUcyuBBW5AnUtBcRnXs0hGvSGf548wCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyODEyMjMzMFoYDzIxMjYxMTA0
MTIyMzMwWjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAAQSQelCCjQN+s9Etomcd++AkZDfMeD95nd2oc9O4CCXZbMkNPwnFQTx
lDnKy2BG4cNbCpTluYXYMw+Qnco+53WXo2wwajAdBgNVHQ4EFgQU3A1ZgMas4+Tt
n82Pyf14UCEPuiUwHwYDVR0jBBgwFoAU3A1ZgMas4+Ttn82Pyf14UCEPuiUwGgYD
VR0RBBMwEYIJbG9jYWxob3N0hwR/AAABMAwGA1UdEwEB/wQCMAAwCgYIKoZIzj0E
AwIDSAAwRQIgMd8m1CJNFLFRBb04t/nyOnR/ELmy5XE4sHb6iJ/Qkt8CIQC8YkNI
uqRDUMs8Bs9zjHg8WmZG5iElv9ZDXc8wOa+imw==
-----END CERTIFICATE-----
";
const KEY: &str = "\
-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg2p+MFsHRsv/woLu/
/Lx5ZxnWmL5lxoLh00tvBco2wzGhRANCAAQSQelCCjQN+s9Etomcd++AkZDfMeD9
5nd2oc9O4CCXZbMkNPwnFQTxlDnKy2BG4cNbCpTluYXYMw+Qnco+53WX
-----END PRIVATE KEY-----
";

#[tokio::test]
async fn client_and_server_talk_over_tls() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let port = listener.local_addr().expect("it has one").port();
    let acceptor = wss_server::acceptor(CERTIFICATE.as_bytes(), KEY.as_bytes());
    tokio::spawn(wss_server::serve(listener, acceptor.expect("they are valid")));
    for host in ["127.0.0.1", "localhost"] {
        let url = format!("wss://{host}:{port}/");
        let mut socket = wss_client::connect(&url, CERTIFICATE.as_bytes()).await.expect("it opens");
        for text in ["hello", &"long ".repeat(50_000)] {
            socket.send(text).await.expect("it is open");
            let back = socket.next().await.expect("it is open").expect("no error");
            assert_eq!(back, text.to_owned().into());
        }
        socket.close(CloseCode::NORMAL, "").await.expect("the server answers");
    }
    let distrusted = wss_client::connect(&format!("wss://127.0.0.1:{port}/"), b"").await;
    assert!(distrusted.is_err());
}
