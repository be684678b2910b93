//! One client: its session, and the sockets on which it waits.

use std::io::{self, Write};
use std::net::{Shutdown, TcpStream};

use framewright::engineio::{Action, Answer, Assembler, Event, MessagePart, Sent, Session};
use framewright::http1::ResponseWriter;
use framewright::ws::{self, Connection, Message, OwnedMessage};

use crate::application::Application;

pub struct Client {
    pub session: Session<Vec<u8>>,
    pub application: Application,
    pub assembler: Assembler<Vec<u8>>,
    /// Where the answer to the held GET goes.
    pub held: Option<Held>,
    /// The WebSocket, whether it has taken over or is to.
    pub socket: Option<Socket>,
}

pub struct Held {
    pub stream: TcpStream,
    /// Which connection it is.
    pub connection: u64,
    pub origin: Option<String>,
}

pub struct Socket {
    pub stream: TcpStream,
    pub id: u64,
    pub connection: Connection<ws::Server>,
}

impl Client {
    /// Takes part of a message.
    pub fn take(&mut self, part: MessagePart<'_>, now: u64) {
        let mut answers = Vec::new();
        let done = match self.assembler.push(part) {
            Ok(Some(message)) => self.application.receive(message, now, &mut answers).is_ok(),
            Ok(None) => true,
            Err(_) => false,
        };
        self.say(&answers);
        if !done {
            self.session.close(now);
        }
    }

    /// Takes what a WebSocket message was.
    pub fn take_socket(&mut self, event: Event<'_>, now: u64) {
        match event {
            Event::Message(part) => self.take(part, now),
            Event::Base64(base64) => {
                let mut bytes = Vec::new();
                if base64.decode(&mut bytes).is_ok() {
                    let chunk = framewright::Chunk::whole(&bytes[..]);
                    self.take(MessagePart { kind: ws::Kind::Binary, chunk }, now);
                }
            }
            Event::UpgradeFailed => self.drop_socket(ws::CloseCode::PROTOCOL_ERROR),
            _ => {}
        }
    }

    fn say(&mut self, messages: &[OwnedMessage]) {
        for message in messages {
            let mut packet = Vec::new();
            // A client that does not fetch its messages loses its session.
            match self.session.send(message.as_message(), &mut packet) {
                Ok(Sent::Written(kind)) => self.push(kind, &packet),
                Ok(_) => self.flush(),
                Err(_) => return,
            }
        }
    }

    pub fn poll(&mut self, now: u64) {
        if self.application.poll(now).is_err() {
            self.session.close(now);
        }
        while let Some(action) = self.session.poll(now) {
            if action == Action::DropCandidate {
                self.drop_socket(ws::CloseCode::NORMAL);
            }
        }
        self.flush();
    }

    /// Writes what the session has to say. It cannot fail: what happens to a socket is seen where it is read.
    pub fn flush(&mut self) {
        let mut body = Vec::new();
        if let Ok(true) = self.session.transmit_get(&mut body)
            && let Some(held) = self.held.take()
        {
            let origin = held.origin.as_deref();
            let _ = respond(&held.stream, 200, Answer::GET_CONTENT_TYPE, origin, &body);
        }
        let mut packet = Vec::new();
        while let Ok(Some(kind)) = self.session.transmit_socket(&mut packet) {
            self.push(kind, &packet);
            packet.clear();
        }
        if let Some(reason) = self.session.reason() {
            self.drop_socket(reason.close_code());
        }
    }

    /// Writes a packet as one message of the WebSocket.
    fn push(&mut self, kind: ws::Kind, packet: &[u8]) {
        let Some(socket) = &mut self.socket else { return };
        let message = match (kind, std::str::from_utf8(packet)) {
            (ws::Kind::Text, Ok(text)) => Message::Text(text),
            _ => Message::Binary(packet),
        };
        let mut out = Vec::new();
        if socket.connection.send(message, &mut out).is_ok() {
            let _ = (&socket.stream).write_all(&out);
        }
    }

    pub fn drop_socket(&mut self, code: ws::CloseCode) {
        if let Some(mut socket) = self.socket.take() {
            let mut out = Vec::new();
            let _ = socket.connection.close(code, "", &mut out);
            socket.connection.transmit(&mut out);
            let _ = (&socket.stream).write_all(&out);
            let _ = socket.stream.shutdown(Shutdown::Write);
        }
    }
}

/// Writes a response, which no cache may keep, and which pages of any origin may read.
pub fn respond(
    mut stream: &TcpStream,
    status: u16,
    content_type: &str,
    origin: Option<&str>,
    body: &[u8],
) -> io::Result<()> {
    let mut headers = vec![
        ("Content-Type", content_type),
        ("Cache-Control", "no-store"),
        ("Access-Control-Allow-Origin", origin.unwrap_or("*")),
    ];
    if origin.is_some() {
        headers.extend([("Access-Control-Allow-Credentials", "true"), ("Vary", "Origin")]);
    }
    let mut out = Vec::new();
    let response = ResponseWriter::new(status).headers(&headers[..]).body(body);
    response.write(&mut out).map_err(io::Error::other)?;
    stream.write_all(&out)
}
