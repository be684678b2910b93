//! An echo server on our adapter for tokio.

use framewright::ws::handshake::Origins;
use framewright_tokio::{BytesMessage, Options};

fn main() -> std::io::Result<()> {
    framewright_loopback::serve(|stream| async move {
        let options = Options::new().compression(None).origins(Origins::any());
        let Ok(socket) = options.accept(stream).await else { return };
        let _ = framewright_loopback::echo(socket, |_: &BytesMessage| true).await;
    })
}
