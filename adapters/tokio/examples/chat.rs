//! A chat room on axum: what one client says, all of them hear. A message is encoded and compressed once for all. `cargo run --features axum --example chat -- [ADDRESS]`,
//! then open WebSockets at `/chat`.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::response::Response;
use axum::routing::any;
use framewright_tokio::framewright::ws::deflate::Config;
use framewright_tokio::{
    BytesMessage, CloseCode, Error, HyperSocket, Options, Prepared, Preparer, Upgrade,
};
use tokio::net::TcpListener;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

/// How many messages the room keeps for a client that is slow to take them.
const KEPT: usize = 64;

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::io::Result<()> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8080".to_owned());
    let listener = TcpListener::bind(address).await?;
    println!("listening on ws://{}/chat", listener.local_addr()?);
    axum::serve(listener, router()).await
}

pub fn router() -> Router {
    let room = Room {
        preparer: Arc::new(Mutex::new(Preparer::new(Config::new()))),
        said: broadcast::Sender::new(KEPT),
    };
    let enter = move |upgrade: Upgrade| {
        let room = room.clone();
        async move { enter(upgrade, room) }
    };
    Router::new().route("/chat", any(enter))
}

#[derive(Clone)]
struct Room {
    preparer: Arc<Mutex<Preparer>>,
    said: broadcast::Sender<Prepared>,
}

impl Room {
    fn say(&self, message: &BytesMessage) -> Result<(), Error> {
        let mut preparer = self.preparer.lock().expect("nobody panics");
        // It fails if nobody is here.
        let _ = self.said.send(preparer.prepare(message)?);
        Ok(())
    }
}

fn enter(upgrade: Upgrade, room: Room) -> Response {
    let upgrade = upgrade.on_error(|error| eprintln!("a client is gone: {error}"));
    upgrade.open(&Options::new(), |socket| chat(socket, room))
}

async fn chat(mut socket: HyperSocket, room: Room) -> Result<(), Error> {
    let mut said = room.said.subscribe();
    loop {
        tokio::select! {
            message = socket.next() => match message {
                Some(message) => room.say(&message?)?,
                None => return Ok(()),
            },
            message = said.recv() => match message {
                Ok(message) => socket.send_prepared(&message).await?,
                // It may join again, and knows that it missed something.
                Err(RecvError::Lagged(_)) => {
                    return socket.close(CloseCode::TRY_AGAIN_LATER, "too slow").await;
                }
                Err(RecvError::Closed) => return socket.close(CloseCode::GOING_AWAY, "").await,
            },
        }
    }
}
