//! An echo server on sockudo-ws.

use sockudo_ws::protocol::Message;
use sockudo_ws::{Config, WebSocketStream};

fn main() -> std::io::Result<()> {
    framewright_loopback::serve(|mut stream| async move {
        let Some(()) = framewright_loopback::upgrade(&mut stream).await else { return };
        let socket = WebSocketStream::server(stream, Config::default());
        let is_data = |m: &Message| matches!(m, Message::Text(_) | Message::Binary(_));
        let _ = framewright_loopback::echo(socket, is_data).await;
    })
}
