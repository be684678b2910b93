//! A chat room on axum: what one client says, all of them hear. `cargo run --features axum --example chat -- [ADDRESS]`,
//! then open WebSockets at `/chat`.

use axum::Router;
use axum::response::Response;
use axum::routing::any;
use framewright_tokio::{BytesMessage, CloseCode, Error, Options, Upgrade, WebSocket};
use tokio::io::{AsyncRead, AsyncWrite};
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
    let room = broadcast::Sender::new(KEPT);
    let enter = move |upgrade: Upgrade| {
        let room = room.clone();
        async move { enter(upgrade, room) }
    };
    Router::new().route("/chat", any(enter))
}

fn enter(upgrade: Upgrade, room: broadcast::Sender<BytesMessage>) -> Response {
    let upgrade = upgrade.on_error(|error| eprintln!("a client is gone: {error}"));
    upgrade.open(&Options::new(), |socket| chat(socket, room))
}

async fn chat<S>(
    mut socket: WebSocket<S>,
    room: broadcast::Sender<BytesMessage>,
) -> Result<(), Error>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut said = room.subscribe();
    loop {
        tokio::select! {
            message = socket.next() => match message {
                // It cannot fail: this client listens, too.
                Some(message) => drop(room.send(message?)),
                None => return Ok(()),
            },
            message = said.recv() => match message {
                Ok(message) => socket.send(&message).await?,
                // It may join again, and knows that it missed something.
                Err(RecvError::Lagged(_)) => {
                    return socket.close(CloseCode::TRY_AGAIN_LATER, "too slow").await;
                }
                Err(RecvError::Closed) => return socket.close(CloseCode::GOING_AWAY, "").await,
            },
        }
    }
}
