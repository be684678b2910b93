//! A WebSocket server that echoes, from the first byte of the opening handshake (RFC 6455 §4).

use framewright::SliceBuf;
use framewright::http1::Limits;
use framewright::ws::handshake::{Origins, Server};

use crate::session::session;
use crate::ws::{ECHO, Echo, FRAMES};
use crate::{Memory, Session, Socket, Transport};

/// The example of §1.3, and what follows it.
pub const SESSION: Session = session!(
    input: &[
        b"GET /chat HTTP/1.1\r\n\
          Host: server.example.com\r\n\
          Upgrade: websocket\r\n\
          Connection: Upgrade\r\n\
          Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
          Origin: http://example.com\r\n\
          Sec-WebSocket-Protocol: chat, superchat\r\n\
          Sec-WebSocket-Version: 13\r\n\
          \r\n",
        &FRAMES,
    ],
    expected: &[
        b"HTTP/1.1 101 Switching Protocols\r\n\
          Upgrade: websocket\r\n\
          Connection: Upgrade\r\n\
          Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\
          Sec-WebSocket-Protocol: superchat\r\n\
          \r\n",
        &ECHO,
    ],
);

/// A page of another origin, which must be refused (§10.2).
pub const REFUSED: Session = session!(
    input: &[
        b"GET / HTTP/1.1\r\n\
          Host: server.example.com\r\n\
          Upgrade: websocket\r\n\
          Connection: Upgrade\r\n\
          Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
          Origin: http://example.com.evil.example\r\n\
          Sec-WebSocket-Version: 13\r\n\
          \r\n",
    ],
    expected: &[
        b"HTTP/1.1 403 Forbidden\r\n\
          Content-Type: text/plain\r\n\
          Content-Length: 21\r\n\
          Connection: close\r\n\
          \r\n\
          origin is not allowed",
    ],
);

pub fn device(socket: &mut Socket<'_>, memory: &mut Memory) {
    serve(socket, memory);
}

/// Serves one client.
pub fn serve(socket: &mut impl Transport, memory: &mut Memory) {
    let Memory { read, out, storage } = memory;
    let limits = Limits::new().max_head_len(storage.len());
    let origins = Origins::exact(&["http://example.com"]);
    let mut server = Server::new(origins, SliceBuf::new(storage), limits);
    let mut response = SliceBuf::new(out);
    let after = loop {
        let mut input = socket.read(read).expect("the head is not over");
        match server.receive(&mut input) {
            Ok(None) => {}
            Ok(Some(offer)) => {
                let protocol = offer.choose(&["superchat"]);
                offer.accept().protocol(protocol).write(&mut response).expect("it was offered");
                break input;
            }
            Err(error) => {
                error.refuse().write(&mut response).expect("there is room");
                return socket.write(&response);
            }
        }
    };
    socket.write(&response);
    let mut server = Echo::new();
    server.receive(after, socket);
    while !server.is_over()
        && let Some(input) = socket.read(read)
    {
        server.receive(input, socket);
    }
    server.finish();
}
