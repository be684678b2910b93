//! A receiver on sockudo-ws.

use framewright_loopback::Receipt;
use futures_util::{SinkExt, StreamExt};
use sockudo_ws::protocol::Message;
use sockudo_ws::{Config, WebSocketStream};

fn main() -> std::io::Result<()> {
    framewright_loopback::serve(|mut stream| async move {
        let Some(()) = framewright_loopback::upgrade(&mut stream).await else { return };
        let mut socket = WebSocketStream::server(stream, Config::default());
        let mut receipt = Receipt::default();
        while let Some(Ok(message)) = socket.next().await {
            if let Message::Binary(bytes) = message
                && let Some(answer) = receipt.note(&bytes)
                && socket.send(Message::Binary(answer.to_vec().into())).await.is_err()
            {
                return;
            }
        }
    })
}
