//! A language model's answer, token by token, as events on axum; a client that comes back goes on after the last token it
//! has. `cargo run --features axum --example tokens -- [ADDRESS]`, then `curl -N http://127.0.0.1:8080/answer`.

use std::time::Duration;

use axum::Router;
use axum::http::HeaderMap;
use axum::response::IntoResponse;
use axum::routing::get;
use framewright_tokio::sse::{self, EventBuf};
use futures_util::{StreamExt, stream};
use tokio::net::TcpListener;

/// What the model says. Its time per token is that of a quick one.
const ANSWER: [&str; 6] = ["Frames", " are", " lengths", "\nwith", " good", " manners."];
const THINKS: Duration = Duration::from_millis(20);

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::io::Result<()> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8080".to_owned());
    let listener = TcpListener::bind(address).await?;
    println!("listening on http://{}/answer", listener.local_addr()?);
    axum::serve(listener, router()).await
}

pub fn router() -> Router {
    Router::new().route("/answer", get(answer))
}

/// The answer from where the client has it. An ID says how many tokens that is.
async fn answer(headers: HeaderMap) -> impl IntoResponse {
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok()?.parse().ok());
    let tokens = ANSWER.iter().zip(1..).skip(last.unwrap_or(0));
    let tokens = tokens.map(|(token, id)| EventBuf::new(*token).id(id.to_string()));
    let done = EventBuf::new("[DONE]").retry(Duration::from_secs(1));
    let events = stream::iter(tokens.chain([done])).then(|event| async {
        tokio::time::sleep(THINKS).await;
        event
    });
    sse::body(events)
}
