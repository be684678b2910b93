//! Clients of the servers under test: of WebSocket, and of HTTP.

use std::error::Error;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use framewright::ws::deflate::Config;
use framewright::ws::{
    self, CloseCode, Connection, Inbox, Limits, Message, MessageEvent, OwnedMessage,
};

use examples::Opened;
use examples::socket::{Socket, Target};

#[allow(dead_code, reason = "the programs need more of it")]
#[path = "../../examples/client/mod.rs"]
pub mod examples;

/// How long a server may take to answer. It is far more than it needs, even on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// An open WebSocket.
pub struct Client {
    socket: Socket,
    pub connection: Connection<ws::Client>,
    inbox: Inbox<Vec<u8>>,
    unread: Vec<u8>,
}

impl Client {
    pub fn open(addr: SocketAddr, path: &str, deflate: Option<Config>) -> Self {
        Self::open_url(&format!("ws://{addr}{path}"), deflate)
    }

    pub fn open_url(url: &str, deflate: Option<Config>) -> Self {
        Self::open_target(&Target::parse(url).unwrap(), deflate)
    }

    pub fn open_target(target: &Target, deflate: Option<Config>) -> Self {
        let limits = Limits::new().max_message_len(64 << 20).max_frame_len(64 << 20);
        Self::new(examples::open(target, &[], deflate, limits).unwrap())
    }

    pub fn try_open(addr: SocketAddr, path: &str) -> Result<Self, Box<dyn Error>> {
        let target = Target::parse(&format!("ws://{addr}{path}"))?;
        examples::open(&target, &[], None, Limits::new()).map(Self::new)
    }

    fn new(opened: Opened) -> Self {
        let inbox = Inbox::new(Vec::new());
        Self { socket: opened.stream, connection: opened.connection, inbox, unread: opened.early }
    }

    pub fn send<'m>(&mut self, message: impl Into<Message<'m>>) {
        let mut out = Vec::new();
        self.connection.send(message.into(), &mut out).unwrap();
        self.socket.write_all(&out).unwrap();
    }

    /// The next message, or the code of the close.
    pub fn next(&mut self) -> Result<OwnedMessage, CloseCode> {
        let mut buf = [0; 16 * 1024];
        loop {
            let mut input = &self.unread[..];
            let event = self.connection.receive_message(&mut input, &mut self.inbox);
            self.unread = input.to_vec();
            match event {
                Some(MessageEvent::Message(_)) => return Ok(self.inbox.take()),
                Some(MessageEvent::Close(code)) => return Err(code),
                Some(MessageEvent::Failed(e)) => panic!("{e}"),
                Some(MessageEvent::Ping | MessageEvent::Pong) => {}
                None => {
                    let until = Instant::now() + PATIENCE;
                    let n = self.socket.read_until(&mut buf, until).unwrap().expect("an answer");
                    if n == 0 {
                        return Err(self.connection.receive_eof().code);
                    }
                    self.unread = buf[..n].to_vec();
                }
            }
        }
    }

    pub fn text(&mut self) -> String {
        match self.next() {
            Ok(OwnedMessage::Text(text)) => text,
            other => panic!("{other:?}"),
        }
    }

    /// Closes, and waits until the server has ended the connection.
    pub fn close(self) {
        self.end(CloseCode::NORMAL, "");
    }

    /// Closes with a code, which has to come back.
    pub fn end(mut self, code: CloseCode, reason: &str) {
        let mut out = Vec::new();
        self.connection.close(code, reason, &mut out).unwrap();
        self.socket.write_all(&out).unwrap();
        assert_eq!(self.next().unwrap_err(), code);
        let (mut buf, until) = ([0; 64], Instant::now() + PATIENCE);
        assert_eq!(self.socket.read_until(&mut buf, until).unwrap(), Some(0));
    }
}

/// Sends a request of HTTP, and returns what comes, as text.
pub fn exchange(addr: SocketAddr, request: &str) -> String {
    let mut socket = TcpStream::connect(addr).unwrap();
    socket.write_all(request.as_bytes()).unwrap();
    let mut bytes = Vec::new();
    socket.read_to_end(&mut bytes).unwrap();
    String::from_utf8_lossy(&bytes).into_owned()
}
