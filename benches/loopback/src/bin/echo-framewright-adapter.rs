//! An echo server on our adapter for tokio.

use framewright::ws::handshake::Origins;
use framewright_tokio::Options;

fn main() -> std::io::Result<()> {
    framewright_loopback::serve(|stream| async move {
        let options = Options::new().compression(None).origins(Origins::any());
        let Ok(mut socket) = options.accept(stream).await else { return };
        // `next` writes what was queued before it waits.
        while let Some(Ok(message)) = socket.next().await {
            if socket.feed(&message).await.is_err() {
                return;
            }
        }
    })
}
