//! Memory of an idle session of Socket.IO: a client that polls, has joined the main namespace, and waits.

use std::mem;
use std::time::Duration;

use bytes::Bytes;
use framewright::engineio::{Limits, Session, Transport};
use framewright::socketio::{self, Connection, Json};
use http::Request;
use http_body_util::{BodyExt as _, Full};
use socketioxide::SocketIo;
use tower_service::Service as _;

use super::allocated;

/// How many sessions are open at once.
const SESSIONS: usize = 1000;

pub fn print() {
    println!("\n## Memory per idle session of Socket.IO\n");
    println!("| bytes | state | heap | |\n|---|--:|--:|---|");
    ours();
    theirs();
}

/// A session and a connection, which the caller keeps in its map.
fn ours() {
    let mut out = Vec::with_capacity(256);
    let before = allocated();
    let limits = Limits::new();
    let mut session = Session::new("sid", Transport::Polling, false, limits, Vec::new(), 0)
        .expect("the identifier is valid");
    let mut connection = Connection::server(socketio::Limits::new(), Vec::new(), 0);
    session.transmit_get(&mut out).expect("a Vec has room");
    connection.receive_text("0", 0).expect("it is a CONNECT");
    out.clear();
    let sid = Json::new(r#"{"sid":"x"}"#).expect("it is valid");
    connection.accept("/", sid, &mut out).expect("it is pending");
    let text = str::from_utf8(&out).expect("it is text").to_owned();
    session.send(&*text, &mut out).expect("it is open");
    drop(text);
    session.get().expect("none is held");
    out.clear();
    assert!(session.transmit_get(&mut out).expect("a Vec has room"));
    let state = mem::size_of_val(&session) + mem::size_of_val(&connection);
    println!("| framewright | {state} | {} | |", allocated() - before);
}

/// Its service, called as an HTTP stack calls it. All of its state is on the heap.
fn theirs() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    let heap = runtime.expect("it needs nothing").block_on(async {
        let (mut service, io) = SocketIo::new_svc();
        io.ns("/", async || {});
        let mut call = async |method: &str, sid: &str, body: &'static str| {
            let target = format!("/socket.io/?EIO=4&transport=polling{sid}");
            let request = Request::builder().method(method).uri(target);
            let body = Full::new(Bytes::from_static(body.as_bytes()));
            let response = service.call(request.body(body).expect("it is valid")).await;
            let body = response.expect("it cannot fail").into_body();
            let Ok(body) = body.collect().await;
            String::from_utf8(body.to_bytes().to_vec()).expect("it is text")
        };
        let mut before = 0;
        // The first one makes what all share.
        for n in 0..=SESSIONS {
            if n == 1 {
                before = settled().await;
            }
            let open = call("GET", "", "").await;
            let sid = open.split('"').nth(3).expect("it is the second string");
            let sid = format!("&sid={sid}");
            assert_eq!(call("POST", &sid, "40").await, "ok");
            assert!(call("GET", &sid, "").await.starts_with("40{"));
        }
        (settled().await - before) / SESSIONS
    });
    println!(
        "| socketioxide | – | {heap} | with its tasks, and its share of the map of sessions |"
    );
}

/// What is allocated once all tasks wait.
async fn settled() -> usize {
    tokio::time::sleep(Duration::from_millis(5)).await;
    allocated()
}
