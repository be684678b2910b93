//! A receiver on tokio-websockets.

use framewright_loopback::Receipt;
use futures_util::{SinkExt, StreamExt};
use tokio_websockets::{Message, ServerBuilder};

fn main() -> std::io::Result<()> {
    framewright_loopback::serve(|stream| async move {
        let Ok((_, mut socket)) = ServerBuilder::new().accept(stream).await else { return };
        let mut receipt = Receipt::default();
        while let Some(Ok(message)) = socket.next().await {
            if message.is_binary()
                && let Some(answer) = receipt.note(message.as_payload())
                && socket.send(Message::binary(answer.to_vec())).await.is_err()
            {
                return;
            }
        }
    })
}
