//! An echo server on tokio-tungstenite.

use tokio_tungstenite::accept_async;
use tokio_tungstenite::tungstenite::Message;

fn main() -> std::io::Result<()> {
    framewright_loopback::serve(|stream| async move {
        let Ok(socket) = accept_async(stream).await else { return };
        let _ =
            framewright_loopback::echo(socket, |m: &Message| m.is_text() || m.is_binary()).await;
    })
}
