//! An echo server on yawc.

use futures_util::StreamExt;
use yawc::{Frame, OpCode, Options, Role, WebSocket};

fn main() -> std::io::Result<()> {
    framewright_loopback::serve(|mut stream| async move {
        let Some(()) = framewright_loopback::upgrade(&mut stream).await else { return };
        // Have it check text, as all others do by default.
        let options = Options::default().with_utf8();
        let Ok(socket) = WebSocket::from_stream(stream, Role::Server, options) else { return };
        let is_data = |m: &Frame| matches!(m.opcode(), OpCode::Text | OpCode::Binary);
        let _ = framewright_loopback::echo(socket.map(Ok), is_data).await;
    })
}
