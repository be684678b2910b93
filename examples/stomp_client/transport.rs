//! A stream of bytes to the broker: over TCP, or in the messages of a WebSocket.

use std::error::Error;
use std::io::{self, Write};
use std::time::{Duration, Instant};

use framewright::stomp::SUBPROTOCOLS;
use framewright::ws::{self, MessageEvent};

use crate::client::socket::{Socket, Target};
use crate::client::{Opened, open};

/// How long connecting may take, and writing.
const PATIENCE: Duration = Duration::from_secs(10);
const BUF: usize = 64 * 1024;

/// The connection below STOMP.
pub struct Transport {
    stream: Socket,
    buf: Vec<u8>,
    socket: Option<WebSocket>,
}

/// What a WebSocket has between TCP and STOMP.
struct WebSocket {
    connection: ws::Connection<ws::Client>,
    inbox: ws::Inbox<Vec<u8>>,
    /// What came right after the handshake.
    early: Vec<u8>,
}

impl Transport {
    /// Connects by TCP, or by WebSocket.
    pub fn open(target: &Target, websocket: bool) -> Result<Self, Box<dyn Error>> {
        let buf = vec![0; BUF];
        if !websocket {
            let stream = Socket::connect(target, &[], PATIENCE)?;
            return Ok(Self { stream, buf, socket: None });
        }
        let limits = ws::Limits::new().max_message_len(64 << 20);
        let Opened { stream, connection, early } = open(target, &SUBPROTOCOLS, None, limits)?;
        let socket = Some(WebSocket { connection, inbox: ws::Inbox::new(Vec::new()), early });
        Ok(Self { stream, buf, socket })
    }

    /// Writes bytes. Over a WebSocket they are one message, text if they are text.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let Some(WebSocket { connection, .. }) = &mut self.socket else {
            return self.stream.write_all(bytes);
        };
        let mut out = Vec::new();
        if !bytes.is_empty() {
            let message = match std::str::from_utf8(bytes) {
                Ok(text) => ws::Message::Text(text),
                Err(_) => ws::Message::Binary(bytes),
            };
            connection.send(message, &mut out).map_err(io::Error::other)?;
        }
        connection.transmit(&mut out);
        self.stream.write_all(&out)
    }

    /// Reads what comes until then, which may be nothing. `None` at the end.
    pub fn read(&mut self, until: Instant) -> io::Result<Option<Vec<u8>>> {
        let Self { stream, buf, socket } = self;
        let early = socket.as_mut().map(|socket| std::mem::take(&mut socket.early));
        let mut input = match &early {
            Some(early) if !early.is_empty() => &early[..],
            _ => match stream.read_until(buf, until)? {
                None => &[],
                Some(0) => return Ok(None),
                Some(n) => &buf[..n],
            },
        };
        let Some(WebSocket { connection, inbox, .. }) = socket else {
            return Ok(Some(input.to_vec()));
        };
        let mut payload = Vec::new();
        while let Some(event) = connection.receive_message(&mut input, inbox) {
            match event {
                MessageEvent::Message(_) => payload.extend_from_slice(inbox.message().as_bytes()),
                MessageEvent::Close(_) if payload.is_empty() => return Ok(None),
                MessageEvent::Failed(e) => return Err(io::Error::other(e)),
                MessageEvent::Close(_) | MessageEvent::Ping | MessageEvent::Pong => {}
            }
        }
        Ok(Some(payload))
    }
}
