//! What is between TCP and STOMP: nothing, or a WebSocket. The first bytes tell.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::{Mutex, MutexGuard};

use framewright::http1;
use framewright::stomp::SUBPROTOCOLS;
use framewright::ws::handshake::{Origins, Server};
use framewright::ws::{self, CloseCode, Connection, Inbox, Limits, MessageEvent};

const BUF: usize = 64 * 1024;

/// A WebSocket, if there is one.
pub struct Link(Option<Mutex<Connection<ws::Server>>>);

/// The reading half.
pub struct Reader {
    stream: TcpStream,
    buf: Vec<u8>,
    /// Bytes at the front of the buffer that were read and not received.
    early: usize,
    inbox: Inbox<Vec<u8>>,
    payload: Vec<u8>,
}

impl Link {
    /// Reads the first bytes, and answers the handshake if they are HTTP.
    pub fn open(mut stream: TcpStream) -> io::Result<(Self, Reader)> {
        let mut buf = vec![0; BUF];
        let mut n = stream.read(&mut buf)?;
        let mut link = Self(None);
        if buf[..n].starts_with(b"GET ") {
            let mut server = Server::new(Origins::any(), Vec::new(), http1::Limits::new());
            let rest = loop {
                let mut input = &mut buf[..n];
                if let Some(offer) = server.receive(&mut input).map_err(io::Error::other)? {
                    let acceptance = offer.accept().protocol(offer.choose(&SUBPROTOCOLS));
                    let mut out = Vec::new();
                    acceptance.write(&mut out).map_err(io::Error::other)?;
                    stream.write_all(&out)?;
                    let limits = Limits::new().max_message_len(16 << 20);
                    link.0 = Some(Mutex::new(acceptance.connection(limits)));
                    break input.len();
                }
                n = stream.read(&mut buf)?;
                if n == 0 {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
            };
            buf.copy_within(n - rest..n, 0);
            n = rest;
        }
        let inbox = Inbox::new(Vec::new());
        Ok((link, Reader { stream, buf, early: n, inbox, payload: Vec::new() }))
    }

    fn socket(&self) -> Option<MutexGuard<'_, Connection<ws::Server>>> {
        self.0.as_ref().map(|socket| socket.lock().expect("nobody panics"))
    }

    /// The bytes to write for the output of a session: over a WebSocket one message, text if it is text, and what the
    /// WebSocket itself has to say.
    pub fn wrap(&self, output: Vec<u8>, over: bool) -> io::Result<Vec<u8>> {
        let Some(mut socket) = self.socket() else { return Ok(output) };
        let mut out = Vec::new();
        if !output.is_empty() && !socket.is_closing() {
            let message = match std::str::from_utf8(&output) {
                Ok(text) => ws::Message::Text(text),
                Err(_) => ws::Message::Binary(&output),
            };
            socket.send(message, &mut out).map_err(io::Error::other)?;
        }
        socket.transmit(&mut out);
        if over {
            socket.close(CloseCode::NORMAL, "", &mut out).map_err(io::Error::other)?;
        }
        Ok(out)
    }
}

impl Reader {
    /// Reads bytes of STOMP, which may be none. `None` at the end.
    pub fn read(&mut self, link: &Link) -> io::Result<Option<&[u8]>> {
        let n = match std::mem::take(&mut self.early) {
            0 => self.stream.read(&mut self.buf)?,
            early => early,
        };
        if n == 0 {
            return Ok(None);
        }
        let Some(mut socket) = link.socket() else { return Ok(Some(&self.buf[..n])) };
        let mut input = &self.buf[..n];
        self.payload.clear();
        while let Some(event) = socket.receive_message(&mut input, &mut self.inbox) {
            match event {
                MessageEvent::Message(_) => {
                    self.payload.extend_from_slice(self.inbox.message().as_bytes());
                }
                MessageEvent::Close(_) => return Ok(None),
                MessageEvent::Failed(e) => return Err(io::Error::other(e)),
                MessageEvent::Ping | MessageEvent::Pong => {}
            }
        }
        Ok(Some(&self.payload))
    }
}
