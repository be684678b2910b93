//! One client: its session, and what it waits on.

use std::collections::VecDeque;

use framewright::Chunk;
use framewright::engineio::{
    Action, Answer, Assembler, Event, Limits, MessagePart, Sent, Session, Transport,
};
use framewright::ws::{self, CloseCode, Message, OwnedMessage};

use super::application::{self, Application, Said};
use crate::hub::Outgoing;

/// How much may wait for a client that does not read its WebSocket, in bytes.
const MAX_OUTGOING: usize = 4 << 20;

pub struct Client {
    pub session: Session<Vec<u8>>,
    application: Application,
    assembler: Assembler<Vec<u8>>,
    /// How much has come of a message, in bytes.
    partial_len: usize,
    /// The exchange of the GET that is held, of the POST that is read, and of the WebSocket, whether it has taken over or
    /// is to.
    pub get: Option<u64>,
    pub post: Option<u64>,
    pub socket: Option<u64>,
    /// The WebSocket that did not take over.
    pub dropped: Option<(u64, CloseCode)>,
    /// What waits for the WebSocket, and its length in bytes.
    outgoing: VecDeque<OwnedMessage>,
    outgoing_len: usize,
    /// What it has said in the room.
    pub said: Vec<String>,
    /// When something is due, as the schedule has it.
    pub due: Option<u64>,
    /// How much it holds, as the loads have it.
    pub held: usize,
}

/// 128 random bits.
pub fn random_id() -> String {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).expect("the system has random numbers");
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Client {
    pub fn open(
        sid: &str,
        transport: Transport,
        base64: bool,
        limits: Limits,
        application: Application,
        now: u64,
    ) -> Self {
        let session = Session::new(sid, transport, base64, limits, Vec::new(), now);
        Self {
            session: session.expect("the identifier is valid, and a Vec has room"),
            application,
            assembler: Assembler::new(limits.max_message_len, Vec::new()),
            partial_len: 0,
            get: None,
            post: None,
            socket: None,
            dropped: None,
            outgoing: VecDeque::new(),
            outgoing_len: 0,
            said: Vec::new(),
            due: None,
            held: 0,
        }
    }

    /// Whether it can be forgotten.
    pub fn is_over(&self) -> bool {
        self.session.is_over() && (self.get, self.post, self.socket) == (None, None, None)
    }

    /// How much waits, in bytes: for the client, and for the rest of what it sends.
    pub fn held(&self) -> usize {
        let incoming = self.partial_len + self.application.held();
        self.session.backlog_len() + self.outgoing_len + incoming
    }

    pub fn deadline(&self) -> Option<u64> {
        let deadlines = [self.session.deadline(), self.application.deadline()];
        deadlines.into_iter().flatten().min().filter(|_| !self.session.is_over())
    }

    /// Does what is due.
    pub fn poll(&mut self, now: u64) {
        if self.application.poll(now).is_err() {
            self.session.close(now);
        }
        while let Some(action) = self.session.poll(now) {
            if action == Action::DropCandidate {
                self.drop_socket(CloseCode::NORMAL);
            }
        }
    }

    /// Receives a part of a POST's body. Returns the answer, if this was the end.
    pub fn receive_post(&mut self, mut body: &mut [u8], now: u64) -> Answer {
        while let Some(event) = self.session.receive_post(&mut body, now) {
            self.take(event, now);
        }
        self.answer()
    }

    /// Receives the end of a POST's body. Returns the answer.
    pub fn end_post(&mut self, now: u64) -> Answer {
        if let Some(event) = self.session.end_post(now) {
            self.take(event, now);
        }
        self.answer()
    }

    /// The answer to a POST, as things are: another one may have ended the session.
    fn answer(&self) -> Answer {
        self.session.reason().map_or(Answer::OK, |reason| reason.answer())
    }

    /// Receives a message of the WebSocket.
    pub fn receive_socket(&mut self, message: Message<'_>, now: u64) {
        if let Some(event) = self.session.receive_socket(message, now) {
            self.take(event, now);
        }
    }

    /// Ends what waits on an exchange whose connection was lost.
    pub fn receive_eof(&mut self, exchange: u64) {
        if self.get.take_if(|get| *get == exchange).is_some() {
            self.session.receive_get_eof();
        } else if self.post.take_if(|post| *post == exchange).is_some() {
            self.session.receive_post_eof();
        } else if self.socket.take_if(|socket| *socket == exchange).is_some() {
            self.session.receive_socket_eof();
        }
    }

    fn take(&mut self, event: Event<'_>, now: u64) {
        match event {
            Event::Message(part) => self.take_part(part, now),
            Event::Base64(base64) => {
                let mut bytes = Vec::new();
                if base64.decode(&mut bytes).is_ok() {
                    let chunk = Chunk::whole(&bytes[..]);
                    self.take_part(MessagePart { kind: ws::Kind::Binary, chunk }, now);
                }
            }
            Event::UpgradeFailed => self.drop_socket(CloseCode::PROTOCOL_ERROR),
            _ => {}
        }
    }

    fn take_part(&mut self, part: MessagePart<'_>, now: u64) {
        let mut answers = Vec::new();
        self.partial_len =
            if part.chunk.end { 0 } else { self.partial_len + part.chunk.bytes.len() };
        let received = match self.assembler.push(part) {
            Ok(Some(message)) => self.application.receive(message, now, &mut answers),
            Ok(None) => return,
            Err(_) => return self.session.close(now),
        };
        self.send(answers, now);
        match received {
            Ok(None) => {}
            Ok(Some(Said(text))) => self.said.push(text),
            Err(_) => self.session.close(now),
        }
    }

    /// Sends a packet of the room, if the client is in it. Returns whether it is.
    pub fn hear(&mut self, packet: &OwnedMessage, now: u64) -> bool {
        let hears = self.application.is_member();
        if hears {
            self.send([packet.clone()], now);
        }
        hears
    }

    /// Tells the client why nobody will hear what it said.
    pub fn refuse(&mut self, why: &str) {
        let OwnedMessage::Text(text) = application::packet_of_room("refused", why) else { return };
        let mut packet = Vec::new();
        // One that takes nothing any more need not know.
        if let Ok(Sent::Written(kind)) = self.session.send(&text[..], &mut packet) {
            self.push(to_message(kind, packet));
        }
    }

    /// Sends messages. A client that takes none for too long loses its session.
    fn send(&mut self, messages: impl IntoIterator<Item = OwnedMessage>, now: u64) {
        for message in messages {
            let mut packet = Vec::new();
            match self.session.send(message.as_message(), &mut packet) {
                Ok(Sent::Written(kind)) => self.push(to_message(kind, packet)),
                Ok(_) => {}
                Err(_) => return self.session.close(now),
            }
        }
        if self.outgoing_len > MAX_OUTGOING {
            self.outgoing.clear();
            self.outgoing_len = 0;
            self.session.close(now);
        }
    }

    fn push(&mut self, message: OwnedMessage) {
        self.outgoing_len += message.as_message().as_bytes().len();
        self.outgoing.push_back(message);
    }

    /// Returns the next that is to go out over the WebSocket.
    pub fn next_message(&mut self) -> Option<Outgoing> {
        if let Some(message) = self.outgoing.pop_front() {
            self.outgoing_len -= message.as_message().as_bytes().len();
            return Some(Outgoing::Message(message));
        }
        let mut packet = Vec::new();
        if let Some(kind) = self.session.transmit_socket(&mut packet).expect("a Vec has room") {
            return Some(Outgoing::Message(to_message(kind, packet)));
        }
        let reason = self.session.reason()?;
        self.socket = None;
        Some(Outgoing::Close(reason.close_code(), String::new()))
    }

    fn drop_socket(&mut self, code: CloseCode) {
        self.dropped = self.socket.take().map(|socket| (socket, code));
    }
}

/// The message that a packet is.
fn to_message(kind: ws::Kind, packet: Vec<u8>) -> OwnedMessage {
    match kind {
        ws::Kind::Text => OwnedMessage::Text(String::from_utf8(packet).expect("it is text")),
        ws::Kind::Binary => OwnedMessage::Binary(packet),
    }
}
