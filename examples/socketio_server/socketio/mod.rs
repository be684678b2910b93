//! The clients of Socket.IO, and the requests and WebSockets by which they come.
//!
//! A client is found by its `sid`, and is forgotten when its session is over and nothing waits for it.

mod application;
mod client;

use std::collections::{BTreeSet, HashMap};
use std::mem;
use std::rc::Rc;

use framewright::engineio::{self, Answer, Limits, Refusal, Transport};
use framewright::socketio;
use framewright::ws::{CloseCode, Message};

use crate::hub::{
    self, Head, Loads, MAX_HELD, MAX_SESSIONS, Outgoing, Piece, Reply, Request, Room, Schedule,
};
use application::Application;
use client::Client;

const PATH: &str = "/socket.io/";
/// Engine.IO without Socket.IO.
const BARE_PATH: &str = "/engine.io/";

/// All clients.
pub struct Hub {
    limits: Limits,
    socketio: socketio::Limits,
    clients: HashMap<Rc<str>, Client>,
    exchanges: HashMap<u64, Exchange>,
    /// Exchanges that may have something to write.
    ready: BTreeSet<u64>,
    schedule: Schedule<Rc<str>>,
    loads: Loads<Rc<str>>,
    room: Box<dyn Room>,
}

/// A request or a WebSocket, and the client that it is of.
enum Exchange {
    Get(Rc<str>),
    Post {
        sid: Rc<str>,
        origin: Option<Vec<u8>>,
    },
    Socket(Rc<str>),
    /// A WebSocket that nobody wants.
    Unwanted(CloseCode),
}

impl Exchange {
    fn sid(&self) -> Option<&Rc<str>> {
        match self {
            Self::Get(sid) | Self::Post { sid, .. } | Self::Socket(sid) => Some(sid),
            Self::Unwanted(_) => None,
        }
    }
}

impl Hub {
    /// A hub whose members of the namespace `/chat` are in `room`. If it is `quick`, it pings often, and does not wait for
    /// long.
    pub fn new(room: impl Room + 'static, quick: bool) -> Self {
        let (mut limits, mut socketio) = (Limits::new(), socketio::Limits::new());
        if quick {
            limits = limits.ping_interval(300).ping_timeout(200);
            socketio = socketio.connect_within(1000);
        }
        Self {
            limits,
            socketio,
            clients: HashMap::new(),
            exchanges: HashMap::new(),
            ready: BTreeSet::new(),
            schedule: Schedule::default(),
            loads: Loads::new(MAX_HELD),
            room: Box::new(room),
        }
    }

    /// Sets how much all sessions may hold together, in bytes: [`MAX_HELD`] by default.
    pub fn max_held(mut self, bytes: usize) -> Self {
        self.loads = Loads::new(bytes);
        self
    }

    fn begin(&mut self, request: &Request<'_>, exchange: u64, now: u64) -> Result<Reply, Refusal> {
        use engineio::Request::{Get, Open, Post, Upgrade};
        let origin = request.header("origin");
        match engineio::Request::parse(request.method, request.target, request.opens_socket)? {
            Open { transport, base64 } => {
                let application = match path(request.target) {
                    BARE_PATH => Application::Echo,
                    _ => Application::socketio(self.socketio, now),
                };
                let sid = self.open(transport, base64, application, now)?;
                match transport {
                    Transport::Polling => Ok(self.hold_get(exchange, sid, origin)),
                    Transport::WebSocket => Ok(self.attach_socket(exchange, sid)),
                }
            }
            Get { sid } => {
                let sid = self.find(sid)?;
                self.ask(&sid, |client| client.session.get())?;
                Ok(self.hold_get(exchange, sid, origin))
            }
            Post { sid } => {
                let sid = self.find(sid)?;
                let content_type = request.header("content-type");
                self.ask(&sid, |client| client.session.post(content_type))?;
                Ok(self.read_post(exchange, sid, origin))
            }
            Upgrade { sid } => {
                let sid = self.find(sid)?;
                if self.ask(&sid, |client| client.session.upgrade(now)).is_ok() {
                    return Ok(self.attach_socket(exchange, sid));
                }
                // Browsers do not say why a WebSocket was refused, so it is opened and closed.
                self.exchanges.insert(exchange, Exchange::Unwanted(CloseCode::POLICY));
                self.ready.insert(exchange);
                Ok(Reply::Socket)
            }
        }
    }

    fn find(&self, sid: &str) -> Result<Rc<str>, Refusal> {
        self.clients.get_key_value(sid).map(|(sid, _)| Rc::clone(sid)).ok_or(Refusal::UnknownSid)
    }

    fn open(
        &mut self,
        transport: Transport,
        base64: bool,
        application: Application,
        now: u64,
    ) -> Result<Rc<str>, Refusal> {
        if self.clients.len() >= MAX_SESSIONS {
            return Err(Refusal::Forbidden);
        }
        let sid = Rc::from(client::random_id());
        let client = Client::open(&sid, transport, base64, self.limits, application, now);
        self.clients.insert(Rc::clone(&sid), client);
        Ok(sid)
    }

    fn hold_get(&mut self, exchange: u64, sid: Rc<str>, origin: Option<&[u8]>) -> Reply {
        if let Some(client) = self.clients.get_mut(&sid) {
            client.get = Some(exchange);
        }
        self.exchanges.insert(exchange, Exchange::Get(sid));
        self.ready.insert(exchange);
        Reply::Stream(head(200, Answer::GET_CONTENT_TYPE, origin))
    }

    fn read_post(&mut self, exchange: u64, sid: Rc<str>, origin: Option<&[u8]>) -> Reply {
        if let Some(client) = self.clients.get_mut(&sid) {
            client.post = Some(exchange);
        }
        let origin = origin.map(<[u8]>::to_vec);
        self.exchanges.insert(exchange, Exchange::Post { sid, origin });
        Reply::Upload
    }

    fn attach_socket(&mut self, exchange: u64, sid: Rc<str>) -> Reply {
        if let Some(client) = self.clients.get_mut(&sid) {
            client.socket = Some(exchange);
        }
        self.settle(&sid);
        self.exchanges.insert(exchange, Exchange::Socket(sid));
        self.ready.insert(exchange);
        Reply::Socket
    }

    /// Asks a client whether it takes a request.
    fn ask(
        &mut self,
        sid: &Rc<str>,
        ask: impl FnOnce(&mut Client) -> Result<(), Refusal>,
    ) -> Result<(), Refusal> {
        self.with_client(sid, ask).unwrap_or(Err(Refusal::UnknownSid))
    }

    /// Lets the client of an exchange act.
    fn with_exchange<T>(&mut self, exchange: u64, act: impl FnOnce(&mut Client) -> T) -> Option<T> {
        let sid = Rc::clone(self.exchanges.get(&exchange)?.sid()?);
        self.with_client(&sid, act)
    }

    /// Lets a client act, unless it is gone, and lets its exchanges and the room know.
    fn with_client<T>(&mut self, sid: &Rc<str>, act: impl FnOnce(&mut Client) -> T) -> Option<T> {
        let client = self.clients.get_mut(sid)?;
        let result = act(client);
        if let Some((exchange, code)) = client.dropped.take() {
            self.exchanges.insert(exchange, Exchange::Unwanted(code));
            self.ready.insert(exchange);
        }
        for text in mem::take(&mut client.said) {
            if let Err(why) = self.room.say(&text) {
                client.refuse(why);
            }
        }
        self.wake(sid);
        Some(result)
    }

    /// Tells what was said to the members of the room that are ours.
    fn tell(&mut self, text: &str, now: u64) {
        let packet = application::packet_of_room("message", text);
        let sids: Vec<_> = self.clients.keys().cloned().collect();
        for sid in &sids {
            // Another one's message may have been too much for it.
            let client = self.clients.get_mut(sid);
            if client.is_some_and(|client| client.hear(&packet, now)) {
                self.wake(sid);
            }
        }
    }

    /// Notes that a client may have something to write.
    fn wake(&mut self, sid: &Rc<str>) {
        if let Some(client) = self.clients.get(sid) {
            self.ready.extend(client.get.into_iter().chain(client.socket));
        }
        self.settle(sid);
    }

    /// Notes when something is due for a client and how much it holds, or forgets it. If all hold too much, those that hold
    /// most are forgotten, too.
    fn settle(&mut self, sid: &Rc<str>) {
        let Some(client) = self.clients.get_mut(sid) else { return };
        let (deadline, held) = (client.deadline(), client.held());
        self.schedule.set(sid, &mut client.due, deadline);
        self.loads.set(sid, &mut client.held, held);
        if client.is_over() {
            self.forget(sid);
        }
        while let Some(heaviest) = self.loads.heaviest() {
            self.forget(&heaviest);
        }
    }

    /// Forgets a client, and all that waits for it. Its exchanges end, which tells it, and it comes again.
    fn forget(&mut self, sid: &Rc<str>) {
        let Some(mut client) = self.clients.remove(sid) else { return };
        self.schedule.set(sid, &mut client.due, None);
        self.loads.set(sid, &mut client.held, 0);
        if let Some(socket) = client.socket {
            self.exchanges.insert(socket, Exchange::Unwanted(CloseCode::POLICY));
        }
        self.ready.extend(client.get.into_iter().chain(client.socket));
    }

    /// Ends a POST, and makes its answer.
    fn answer_post(&mut self, exchange: u64, answer: Answer) -> hub::Answer {
        let Some(Exchange::Post { sid, origin }) = self.exchanges.remove(&exchange) else {
            return self::answer(Refusal::UnknownSid.answer(), None);
        };
        if let Some(client) = self.clients.get_mut(&sid) {
            client.post = None;
        }
        self.settle(&sid);
        self::answer(answer, origin.as_deref())
    }
}

impl hub::Hub for Hub {
    fn request(&mut self, request: &Request<'_>, exchange: u64, now: u64) -> Reply {
        let origin = request.header("origin");
        if !matches!(path(request.target), PATH | BARE_PATH) {
            let body = b"nothing is there".to_vec();
            return hub::Answer { head: head(404, "text/plain", origin), body }.into();
        }
        let refused = |refusal: Refusal| answer(refusal.answer(), origin).into();
        self.begin(request, exchange, now).unwrap_or_else(refused)
    }

    fn receive(&mut self, exchange: u64, body: &mut [u8], now: u64) -> Option<hub::Answer> {
        let answer = self.with_exchange(exchange, |client| client.receive_post(body, now));
        let answer = answer.unwrap_or(Refusal::UnknownSid.answer());
        (answer != Answer::OK).then(|| self.answer_post(exchange, answer))
    }

    fn end_body(&mut self, exchange: u64, now: u64) -> hub::Answer {
        let answer = self.with_exchange(exchange, |client| client.end_post(now));
        self.answer_post(exchange, answer.unwrap_or(Refusal::UnknownSid.answer()))
    }

    fn fill(&mut self, exchange: u64, out: &mut Vec<u8>, _: u64) -> Option<Piece> {
        let last = Some(Piece { is_last: true });
        let Some(Exchange::Get(sid)) = self.exchanges.get(&exchange) else { return last };
        let sid = Rc::clone(sid);
        let Some(client) = self.clients.get_mut(&sid) else {
            self.exchanges.remove(&exchange);
            return last;
        };
        if !client.session.transmit_get(out).expect("a Vec has room") {
            return None;
        }
        client.get = None;
        self.exchanges.remove(&exchange);
        self.settle(&sid);
        last
    }

    fn receive_message(&mut self, exchange: u64, message: Message<'_>, now: u64) {
        self.with_exchange(exchange, |client| client.receive_socket(message, now));
    }

    fn next_message(&mut self, exchange: u64, _: u64) -> Option<Outgoing> {
        let outgoing = match self.exchanges.get(&exchange)? {
            Exchange::Unwanted(code) => Outgoing::Close(*code, String::new()),
            Exchange::Socket(sid) => {
                let sid = Rc::clone(sid);
                let outgoing = self.clients.get_mut(&sid)?.next_message()?;
                self.settle(&sid);
                outgoing
            }
            Exchange::Get(_) | Exchange::Post { .. } => return None,
        };
        if let Outgoing::Close(..) = outgoing {
            self.exchanges.remove(&exchange);
        }
        Some(outgoing)
    }

    fn receive_eof(&mut self, exchange: u64, _: u64) {
        self.with_exchange(exchange, |client| client.receive_eof(exchange));
        self.exchanges.remove(&exchange);
    }

    fn poll(&mut self, now: u64) {
        for sid in self.schedule.due(now) {
            self.with_client(&sid, |client| client.poll(now));
        }
        for text in self.room.hear() {
            self.tell(&text, now);
        }
    }

    fn deadline(&self) -> Option<u64> {
        self.schedule.next()
    }

    fn take_ready(&mut self) -> BTreeSet<u64> {
        mem::take(&mut self.ready)
    }
}

fn path(target: &str) -> &str {
    target.split_once('?').map_or(target, |(path, _)| path)
}

/// A fixed answer.
fn answer(answer: Answer, origin: Option<&[u8]>) -> hub::Answer {
    let Answer { status, content_type, body } = answer;
    hub::Answer { head: head(status, content_type, origin), body: body.into() }
}

/// The head of an answer, which no cache may keep, and which pages of any origin may read.
fn head(status: u16, content_type: &str, origin: Option<&[u8]>) -> Head {
    let mut fields = vec![
        ("Content-Type", content_type.as_bytes()),
        ("Cache-Control", b"no-store"),
        ("Access-Control-Allow-Origin", origin.unwrap_or(b"*")),
    ];
    if origin.is_some() {
        fields.extend([("Access-Control-Allow-Credentials", &b"true"[..]), ("Vary", b"Origin")]);
    }
    let fields = fields.into_iter().map(|(name, value)| (name.to_owned(), value.to_vec()));
    Head { status, fields: fields.collect() }
}
