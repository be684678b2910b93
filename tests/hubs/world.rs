//! A server that carries a hub in memory.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use framewright::http1::ResponseWriter;
use framewright::ws::{Message, OwnedMessage};

use crate::hub::{Answer, Head, Hub, Outgoing, Reply, Request, Room};
use crate::socketio;
use crate::sockjs::{self, Chat, Mount};

/// A hub and its exchanges. It does what the trait asks of a server: it fills what is ready, and nothing else.
pub struct World<H> {
    pub hub: H,
    pub now: u64,
    last: u64,
    pub open: BTreeMap<u64, Kind>,
    /// What came out of each exchange.
    pub out: BTreeMap<u64, Out>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    Upload,
    Stream,
    Socket,
}

#[derive(Debug, Default, Eq, PartialEq)]
pub struct Out {
    pub status: u16,
    pub pieces: Vec<String>,
    pub messages: Vec<OwnedMessage>,
    /// With a WebSocket's close code and reason, or with an empty one.
    pub end: Option<(u16, String)>,
}

impl<H: Hub> World<H> {
    pub fn new(hub: H) -> Self {
        Self { hub, now: 0, last: 0, open: BTreeMap::new(), out: BTreeMap::new() }
    }

    /// Sends a head, and returns the number of the exchange.
    pub fn request(&mut self, method: &str, target: &str, opens_socket: bool) -> u64 {
        self.last += 1;
        let headers = [("Origin", &b"https://a.example"[..])];
        let request = Request { method, target, headers: &headers, opens_socket };
        let reply = self.hub.request(&request, self.last, self.now);
        let out = self.out.entry(self.last).or_default();
        let kind = match reply {
            Reply::Upload => Kind::Upload,
            Reply::Socket => Kind::Socket,
            Reply::Stream(head) => {
                out.status = check(&head);
                Kind::Stream
            }
            Reply::Answer(answer) => {
                self.answer(self.last, answer);
                self.serve();
                return self.last;
            }
        };
        self.open.insert(self.last, kind);
        self.serve();
        self.last
    }

    pub fn get(&mut self, target: &str) -> u64 {
        self.request("GET", target, false)
    }

    pub fn socket(&mut self, target: &str) -> u64 {
        self.request("GET", target, true)
    }

    /// Sends a request with a body in one piece. Returns the status and the body of the answer.
    pub fn post(&mut self, target: &str, body: &str) -> (u16, String) {
        let exchange = self.request("POST", target, false);
        self.body(exchange, body.as_bytes());
        self.end_body(exchange);
        (self.out[&exchange].status, self.out[&exchange].pieces.concat())
    }

    pub fn body(&mut self, exchange: u64, body: &[u8]) {
        if self.open.get(&exchange) == Some(&Kind::Upload) {
            if let Some(answer) = self.hub.receive(exchange, &mut body.to_vec(), self.now) {
                self.answer(exchange, answer);
            }
            self.serve();
        }
    }

    pub fn end_body(&mut self, exchange: u64) {
        if self.open.get(&exchange) == Some(&Kind::Upload) {
            let answer = self.hub.end_body(exchange, self.now);
            self.answer(exchange, answer);
            self.serve();
        }
    }

    pub fn message<'m>(&mut self, exchange: u64, message: impl Into<Message<'m>>) {
        if self.open.get(&exchange) == Some(&Kind::Socket) {
            self.hub.receive_message(exchange, message.into(), self.now);
            self.serve();
        }
    }

    /// The connection of an exchange is lost.
    pub fn lose(&mut self, exchange: u64) {
        if self.open.remove(&exchange).is_some() {
            self.hub.receive_eof(exchange, self.now);
            self.serve();
        }
    }

    /// Lets time pass, with a look at the clock whenever something is due.
    pub fn wait(&mut self, ms: u64) {
        let until = self.now + ms;
        while let Some(deadline) = self.hub.deadline().filter(|deadline| *deadline <= until) {
            assert!(deadline >= self.now, "what was due before is done");
            self.now = deadline;
            self.serve();
            assert_ne!(self.hub.deadline(), Some(deadline), "it is done once");
        }
        self.now = until;
        self.serve();
    }

    /// Fills what is ready, as far as it goes.
    fn serve(&mut self) {
        loop {
            self.hub.poll(self.now);
            let ready = self.hub.take_ready();
            if ready.is_empty() {
                return;
            }
            for exchange in ready {
                match self.open.get(&exchange) {
                    Some(Kind::Stream) => self.fill(exchange),
                    Some(Kind::Socket) => self.take_messages(exchange),
                    Some(Kind::Upload) | None => {}
                }
            }
        }
    }

    fn fill(&mut self, exchange: u64) {
        let mut bytes = Vec::new();
        while let Some(piece) = self.hub.fill(exchange, &mut bytes, self.now) {
            let out = self.out.get_mut(&exchange).unwrap();
            out.pieces.push(String::from_utf8(std::mem::take(&mut bytes)).unwrap());
            if piece.is_last {
                out.end = Some((0, String::new()));
                self.open.remove(&exchange);
                return;
            }
        }
        assert!(bytes.is_empty(), "nothing is said without a piece");
    }

    fn take_messages(&mut self, exchange: u64) {
        while let Some(outgoing) = self.hub.next_message(exchange, self.now) {
            let out = self.out.get_mut(&exchange).unwrap();
            match outgoing {
                Outgoing::Message(message) => out.messages.push(message),
                Outgoing::Close(code, reason) => {
                    out.end = Some((code.0, reason));
                    self.open.remove(&exchange);
                    return;
                }
            }
        }
    }

    fn answer(&mut self, exchange: u64, answer: Answer) {
        let out = self.out.get_mut(&exchange).unwrap();
        out.status = check(&answer.head);
        out.pieces.push(String::from_utf8(answer.body).unwrap());
        out.end = Some((0, String::new()));
        self.open.remove(&exchange);
    }

    /// What came by a response.
    pub fn text(&self, exchange: u64) -> String {
        self.out[&exchange].pieces.concat()
    }

    /// Takes the messages that came by a WebSocket, in one line each: bytes as hexadecimal digits.
    pub fn messages(&mut self, exchange: u64) -> Vec<String> {
        let messages = std::mem::take(&mut self.out.get_mut(&exchange).unwrap().messages);
        let line = |message| match message {
            OwnedMessage::Text(text) => text,
            OwnedMessage::Binary(bytes) => bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
        };
        messages.into_iter().map(line).collect()
    }
}

/// Checks that a head can be sent, and returns its status.
fn check(head: &Head) -> u16 {
    let writer = ResponseWriter::new(head.status).headers(&head.fields);
    writer.write(&mut Vec::new()).expect("it can be sent");
    head.status
}

/// A room of several hubs.
#[derive(Clone, Default)]
pub struct Rooms(Rc<RefCell<Vec<Heard>>>);

/// What no room takes.
pub const REFUSED: &str = "refused";

type Heard = Rc<RefCell<Vec<Rc<str>>>>;

pub struct Ear(Rooms, Heard);

impl Rooms {
    pub fn enter(&self) -> Ear {
        let heard = Heard::default();
        self.0.borrow_mut().push(Rc::clone(&heard));
        Ear(self.clone(), heard)
    }
}

impl Room for Ear {
    fn say(&self, text: &str) -> Result<(), &'static str> {
        if text == REFUSED {
            return Err("no room");
        }
        for heard in self.0.0.borrow().iter() {
            heard.borrow_mut().push(text.into());
        }
        Ok(())
    }

    fn hear(&self) -> Vec<Rc<str>> {
        self.1.take()
    }
}

pub fn socketio(rooms: &Rooms) -> World<socketio::Hub> {
    World::new(socketio::Hub::new(rooms.enter(), false))
}

pub fn sockjs(rooms: &Rooms) -> World<sockjs::Hub> {
    let chat = Mount::new("/chat", Chat::new(rooms.enter()));
    let mounts = sockjs::for_tests("").into_iter().chain([chat]);
    World::new(sockjs::Hub::new(mounts, "/sockjs.js").expect("it is a URL"))
}

/// The same, with sessions that may hold few bytes together.
pub fn small_socketio(max_held: usize) -> World<socketio::Hub> {
    World::new(socketio::Hub::new(Rooms::default().enter(), false).max_held(max_held))
}

/// The same, with sessions that may hold few bytes together.
pub fn small_sockjs(max_held: usize) -> World<sockjs::Hub> {
    World::new(sockjs::Hub::new(sockjs::for_tests(""), "/sockjs.js").unwrap().max_held(max_held))
}

/// The exchanges that are still open.
pub fn numbers(open: &BTreeMap<u64, Kind>) -> BTreeSet<u64> {
    open.keys().copied().collect()
}
