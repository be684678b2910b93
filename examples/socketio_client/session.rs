//! The session, and what is done about each input.

use std::error::Error;
use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::sync::mpsc::SyncSender;
use std::thread;

use framewright::Chunk;
use framewright::engineio::{
    Assembler, ClientAction, ClientEvent, ClientRequest, ClientSession, Limits, Reason, Sent,
    Transport,
};
use framewright::socketio::{self, Connection, Event, Json, Kind, Packet};
use framewright::ws::{self, Closer, Inbox, Message, MessageEvent, OwnedMessage};

use crate::client::socket::{self, Target};
use crate::client::{self, Opened};
use crate::{Input, Options, request};

/// How long the server may take to close the WebSocket, in ms.
const CLOSE_WITHIN: u64 = 5_000;

/// What [`Client::transmit`] found.
pub enum Progress {
    Waits,
    /// The namespace is connected: lines may be sent.
    Connected,
    Over,
}

pub struct Client {
    options: Options,
    inputs: SyncSender<Input>,
    session: ClientSession<Vec<u8>>,
    assembler: Assembler<Vec<u8>>,
    connection: Connection<Vec<u8>>,
    socket: Option<Socket>,
    /// The text of a packet whose attachments are missing, and those that have come.
    unfinished: Option<(String, Vec<Vec<u8>>)>,
    next_id: u64,
    upgrading: bool,
    /// Whether a POST is under way, or was when the session ended.
    posts: bool,
    /// Until when the server may close the WebSocket.
    close_by: Option<u64>,
    failure: Option<String>,
}

struct Socket {
    stream: socket::Socket,
    connection: ws::Connection<ws::Client>,
    inbox: Inbox<Vec<u8>>,
}

impl Client {
    pub fn new(
        options: Options,
        inputs: SyncSender<Input>,
        now: u64,
    ) -> Result<Self, Box<dyn Error>> {
        let limits = Limits::new();
        let mut client = Self {
            session: ClientSession::new(options.transport, limits, Vec::new(), now),
            assembler: Assembler::new(limits.max_message_len, Vec::new()),
            connection: Connection::client(socketio::Limits::new(), Vec::new()),
            socket: None,
            unfinished: None,
            next_id: 0,
            upgrading: false,
            posts: false,
            close_by: None,
            failure: None,
            options,
            inputs,
        };
        if client.options.transport == Transport::WebSocket {
            let opened = client::open(&client.socket_target(), &[], None, ws::Limits::new())?;
            client.use_socket(opened, now)?;
        }
        Ok(client)
    }

    fn socket_target(&self) -> Target {
        let mut target = Vec::new();
        self.session.write_socket_target(&self.options.path, &mut target).expect("a Vec grows");
        self.options.target.with_path(&String::from_utf8_lossy(&target))
    }

    pub fn deadline(&self) -> u64 {
        let deadlines = [self.session.deadline(), self.connection.deadline(), self.close_by];
        deadlines.into_iter().flatten().min().unwrap_or(u64::MAX)
    }

    pub fn poll(&mut self, now: u64) {
        if let Some(Event::Failed(error)) = self.connection.poll(now) {
            self.fail(error.to_string(), now);
        }
        while let Some(action) = self.session.poll(now) {
            if action == ClientAction::DropCandidate {
                self.socket = None;
            }
        }
        if self.close_by.is_some_and(|deadline| deadline <= now) {
            self.socket = None;
        }
    }

    pub fn receive(&mut self, input: Input, now: u64) -> Result<(), Box<dyn Error>> {
        match input {
            Input::Line(line) => self.send_line(&line)?,
            Input::EndOfLines => self.leave(now)?,
            Input::Head(request, status) => {
                let event = self.session.receive_head(request, status);
                self.take(event, now)?;
            }
            Input::Body(request, mut bytes) => {
                let mut input = &mut bytes[..];
                while let Some(event) = self.session.receive_body(request, &mut input, now) {
                    self.take(Some(event), now)?;
                }
            }
            Input::EndOfBody(request) => {
                self.posts &= request != ClientRequest::Post;
                let event = self.session.end_body(request, now);
                self.take(event, now)?;
            }
            Input::RequestLost(request) => {
                self.posts &= request != ClientRequest::Post;
                self.session.receive_request_eof(request);
            }
            Input::Socket(Some(opened)) => {
                // The session may be over, or closing.
                if self.session.upgrade(now).is_ok() {
                    self.use_socket(*opened, now)?;
                }
            }
            Input::Socket(None) => {} // polling goes on
            Input::Bytes(bytes) => self.receive_bytes(&bytes, now)?,
            Input::EndOfSocket => {
                self.socket = None;
                self.session.receive_socket_eof();
            }
        }
        Ok(())
    }

    /// Takes a WebSocket, and passes on what it says.
    fn use_socket(&mut self, opened: Opened, now: u64) -> Result<(), Box<dyn Error>> {
        let Opened { stream, connection, early } = opened;
        let (mut reader, inputs) = (stream.try_clone()?, self.inputs.clone());
        self.socket = Some(Socket { stream, connection, inbox: Inbox::new(Vec::new()) });
        thread::spawn(move || {
            let mut buf = [0; 4096];
            while let Ok(n @ 1..) = reader.read(&mut buf) {
                if inputs.send(Input::Bytes(buf[..n].to_vec())).is_err() {
                    return;
                }
            }
            let _ = inputs.send(Input::EndOfSocket);
        });
        self.receive_bytes(&early, now)
    }

    fn receive_bytes(&mut self, bytes: &[u8], now: u64) -> Result<(), Box<dyn Error>> {
        let mut input = bytes;
        while let Some(socket) = &mut self.socket
            && let Some(event) = socket.connection.receive_message(&mut input, &mut socket.inbox)
        {
            if let MessageEvent::Message(_) = event {
                let message = OwnedMessage::from(socket.inbox.message());
                let event = self.session.receive_socket(message.as_message(), now);
                self.take(event, now)?;
            }
        }
        Ok(())
    }

    fn take(&mut self, event: Option<ClientEvent<'_>>, now: u64) -> Result<(), Box<dyn Error>> {
        match event {
            Some(ClientEvent::Open) => {
                println!("open {:?}", self.session.transport());
                let mut packet = Vec::new();
                let Options { namespace, auth, .. } = &self.options;
                let auth = auth.as_deref().map(Json::new).transpose()?;
                self.connection.connect(namespace, auth, &mut packet)?;
                self.send_packet(&packet, &[])?;
                if self.options.upgrade {
                    self.seek_socket();
                }
            }
            Some(ClientEvent::Message(part)) => {
                let message = self.assembler.push(part)?.map(OwnedMessage::from);
                if let Some(message) = message {
                    self.take_message(message.as_message(), now)?;
                }
            }
            Some(ClientEvent::Base64(base64)) => {
                let mut bytes = Vec::new();
                base64.decode(&mut bytes)?;
                self.take_message(Message::Binary(&bytes), now)?;
            }
            Some(ClientEvent::UpgradeFailed) => self.socket = None,
            // Others say that the session is over, which `transmit` sees.
            _ => {}
        }
        Ok(())
    }

    /// Opens a WebSocket beside the requests.
    fn seek_socket(&mut self) {
        let (target, inputs) = (self.socket_target(), self.inputs.clone());
        self.upgrading = true;
        thread::spawn(move || {
            let opened = client::open(&target, &[], None, ws::Limits::new());
            let opened = opened.inspect_err(|e| eprintln!("no WebSocket: {e}")).ok();
            let _ = inputs.send(Input::Socket(opened.map(Box::new)));
        });
    }

    /// Takes a message of Engine.IO: a packet, or an attachment to one.
    fn take_message(&mut self, message: Message<'_>, now: u64) -> Result<(), Box<dyn Error>> {
        let event = match message {
            Message::Text(text) => self.connection.receive_text(text, now),
            Message::Binary(bytes) => self.connection.receive_binary(Chunk::whole(bytes)),
        };
        match event {
            Some(Event::Packet(packet)) if packet.attachments > 0 => {
                let text = String::from_utf8_lossy(message.as_bytes()).into_owned();
                self.unfinished = Some((text, Vec::new()));
            }
            Some(Event::Packet(packet)) => print(packet, &[])?,
            Some(Event::Attachment(attachment)) => {
                let Some((text, mut attachments)) = self.unfinished.take() else { return Ok(()) };
                attachments.push(attachment.chunk.bytes.to_vec());
                if attachment.last {
                    print(Packet::parse(&text)?, &attachments)?;
                } else {
                    self.unfinished = Some((text, attachments));
                }
            }
            Some(Event::Failed(error)) => self.fail(error.to_string(), now),
            _ => {}
        }
        if self.connection.namespace_count() == 0 {
            self.session.close(now);
        }
        Ok(())
    }

    fn send_line(&mut self, line: &str) -> Result<(), Box<dyn Error>> {
        let (asks, line) = line.strip_prefix('?').map_or((false, line), |rest| (true, rest));
        let (json, hex) = line.split_at(line.rfind(']').map_or(line.len(), |at| at + 1));
        let attachments = hex.split_whitespace().map(from_hex);
        let attachments: Vec<_> = attachments.collect::<Option<_>>().ok_or("not hexadecimal")?;
        let count = u32::try_from(attachments.len())?;
        let mut text = Vec::new();
        let sent = Json::new(json.trim()).and_then(|json| {
            let mut packet = Packet::event(&self.options.namespace, json).attachments(count);
            packet.id = asks.then_some(self.next_id);
            self.connection.send(packet, &mut text)
        });
        self.next_id += u64::from(asks);
        if let Err(e) = sent {
            eprintln!("{line}: {e}");
            return Ok(());
        }
        self.send_packet(&text, &attachments)
    }

    /// Leaves the namespace, and ends the session after that.
    fn leave(&mut self, now: u64) -> Result<(), Box<dyn Error>> {
        let mut packet = Vec::new();
        if self.connection.disconnect(&self.options.namespace, &mut packet).is_ok() {
            self.send_packet(&packet, &[])?;
        }
        self.session.close(now);
        Ok(())
    }

    fn send_packet(&mut self, text: &[u8], attachments: &[Vec<u8>]) -> Result<(), Box<dyn Error>> {
        self.send(Message::Text(std::str::from_utf8(text)?))?;
        for bytes in attachments {
            self.send(Message::Binary(bytes))?;
            self.connection.attachment_sent()?;
        }
        Ok(())
    }

    fn send(&mut self, message: Message<'_>) -> Result<(), Box<dyn Error>> {
        let mut payload = Vec::new();
        if let Sent::Written(kind) = self.session.send(message, &mut payload)? {
            self.write_to_socket(kind, &payload);
        }
        Ok(())
    }

    /// Writes one message. What happens to a WebSocket is seen where it is read.
    fn write_to_socket(&mut self, kind: ws::Kind, payload: &[u8]) {
        let Some(Socket { stream, connection, .. }) = &mut self.socket else { return };
        let message = match (kind, std::str::from_utf8(payload)) {
            (ws::Kind::Text, Ok(text)) => Message::Text(text),
            _ => Message::Binary(payload),
        };
        let mut out = Vec::new();
        if connection.send(message, &mut out).is_ok() {
            let _ = stream.write_all(&out);
        }
    }

    fn fail(&mut self, failure: String, now: u64) {
        self.failure.get_or_insert(failure);
        self.session.close(now);
    }

    /// Sends what is due, and returns how far the session has come.
    pub fn transmit(&mut self, now: u64) -> Result<Progress, Box<dyn Error>> {
        let (mut target, mut body) = (Vec::new(), Vec::new());
        while let Some(request) =
            self.session.transmit_request(&self.options.path, &mut target, &mut body)?
        {
            let inputs = self.inputs.clone();
            let path = String::from_utf8(std::mem::take(&mut target))?;
            let target = self.options.target.with_path(&path);
            let body = std::mem::take(&mut body);
            let run = move || request::run(request, &target, &body, &inputs);
            thread::spawn(run);
            self.posts |= request == ClientRequest::Post;
        }
        let mut payload = Vec::new();
        while let Some(kind) = self.session.transmit_socket(&mut payload)? {
            self.write_to_socket(kind, &payload);
            payload.clear();
        }
        if self.upgrading && self.session.transport() == Transport::WebSocket {
            self.upgrading = false;
            println!("upgraded");
        }
        self.transmit_frames(now);
        Ok(match self.session.is_over() {
            true if self.socket.is_none() && !self.posts => Progress::Over,
            false if self.connection.is_connected(&self.options.namespace) => Progress::Connected,
            _ => Progress::Waits,
        })
    }

    /// Writes what the WebSocket itself has to say.
    fn transmit_frames(&mut self, now: u64) {
        let Some(Socket { stream, connection, .. }) = &mut self.socket else { return };
        let mut out = Vec::new();
        if let Some(reason) = self.session.reason()
            && self.close_by.is_none()
        {
            // It fails if the server has closed it.
            let _ = connection.close(reason.close_code(), "", &mut out);
            self.close_by = Some(now + CLOSE_WITHIN);
        }
        connection.transmit(&mut out);
        let _ = stream.write_all(&out);
        if connection.close_expected() == Some(Closer::Us) {
            let _ = stream.shutdown(Shutdown::Write);
        }
    }

    /// How it ended.
    pub fn outcome(self) -> Result<(), Box<dyn Error>> {
        match (self.failure, self.session.reason()) {
            (None, Some(Reason::Closed | Reason::PeerClosed)) => Ok(()),
            (Some(failure), _) => Err(failure.into()),
            (None, Some(Reason::Error(error))) => Err(error.into()),
            (None, reason) => Err(format!("{reason:?}").into()),
        }
    }
}

/// Prints a packet that is complete.
fn print(packet: Packet<'_>, attachments: &[Vec<u8>]) -> io::Result<()> {
    let json = packet.json.map_or("", Json::as_str);
    let mut line = match packet.kind {
        Kind::Connect => format!("connected {}", packet.namespace),
        Kind::ConnectError => format!("refused {} {json}", packet.namespace),
        Kind::Disconnect => format!("disconnected {}", packet.namespace),
        Kind::Event => format!("event {json}"),
        Kind::Ack => format!("ack {} {json}", packet.id.unwrap_or_default()),
    };
    for bytes in attachments {
        line.push(' ');
        line.extend(bytes.iter().map(|byte| format!("{byte:02x}")));
    }
    writeln!(io::stdout(), "{line}")
}

fn from_hex(digits: &str) -> Option<Vec<u8>> {
    let (pairs, rest) = digits.as_bytes().as_chunks::<2>();
    let byte = |pair: &[u8; 2]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    pairs.iter().map(byte).collect::<Option<_>>().filter(|_| rest.is_empty())
}
