//! An echo server on tokio-websockets.

use tokio_websockets::{Message, ServerBuilder};

fn main() -> std::io::Result<()> {
    framewright_loopback::serve(|stream| async move {
        let Ok((_, socket)) = ServerBuilder::new().accept(stream).await else { return };
        let _ =
            framewright_loopback::echo(socket, |m: &Message| m.is_text() || m.is_binary()).await;
    })
}
