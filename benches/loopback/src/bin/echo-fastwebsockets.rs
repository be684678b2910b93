//! An echo server on fastwebsockets.

use fastwebsockets::{FragmentCollector, OpCode, Role, WebSocket};

fn main() -> std::io::Result<()> {
    framewright_loopback::serve(|mut stream| async move {
        let Some(()) = framewright_loopback::upgrade(&mut stream).await else { return };
        let mut socket = FragmentCollector::new(WebSocket::after_handshake(stream, Role::Server));
        // As in its own example: it cannot tell whether another message is pending.
        while let Ok(frame) = socket.read_frame().await {
            let sent = match frame.opcode {
                OpCode::Text | OpCode::Binary => socket.write_frame(frame).await,
                _ => Ok(()),
            };
            if sent.is_err() {
                return;
            }
        }
    })
}
