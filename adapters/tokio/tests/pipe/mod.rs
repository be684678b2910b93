//! One end of a pipe, and a test at the other.

use framewright_tokio::{Options, WebSocket};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

/// A client's request, without extensions.
pub const REQUEST: &[u8] =
    b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

/// The server's end of a pipe on which a test speaks for the client, after the handshake.
pub async fn against(options: &Options, len: usize) -> (WebSocket<DuplexStream>, DuplexStream) {
    let (a, mut b) = duplex(len);
    let (server, ()) = tokio::join!(options.accept(a), async {
        b.write_all(REQUEST).await.expect("it is read");
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(b.read_u8().await.expect("there is an answer"));
        }
        assert!(head.starts_with(b"HTTP/1.1 101 "));
    });
    (server.expect("a good request"), b)
}

/// A frame of a client, masked with zeros.
pub fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let len = u8::try_from(payload.len()).expect("short");
    [&[first, 0x80 | len, 0, 0, 0, 0], payload].concat()
}
