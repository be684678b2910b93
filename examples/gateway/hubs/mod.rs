//! Socket.IO and SockJS: sessions whose clients come by requests and WebSockets. The hubs are those of the examples
//! `socketio_server` and `sockjs_server`.
//!
//! ```text
//!   request ──▶ open ─┬─▶ an answer
//!                     ├─▶ Upload, Stream: services ─────┬─▶ Exchange ──▶ Hub
//!                     └─▶ Place::Hub, a WebSocket ──────┘                 │
//!   peers ◀── poll: those whose exchanges may have something to say ◀─────┘
//! ```

mod service;
#[path = "../../socketio_server/socketio/mod.rs"]
mod socketio;
#[path = "../../sockjs_server/sockjs/mod.rs"]
mod sockjs;
mod stomp;

use std::cell::{Cell, RefCell, RefMut};
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use framewright::sockjs::Limits;
use framewright::ws::Message;

use crate::Shared;
use crate::hub::{self, Answer, Hub, Outgoing, Piece, Reply};
use crate::options::Options;
use crate::request::Request;
use crate::response::Response;
use crate::room::Broadcast;
use crate::route;
use crate::websocket::Place;
use service::{Stream, Upload, say};
use sockjs::{Chat, Mount};

const CHAT: &str = "/sockjs/chat";
const STOMP: &str = "/sockjs/stomp";
/// How much may wait for a client of STOMP over SockJS, in bytes.
const STOMP_BACKLOG: u64 = 16 << 20;

/// The hubs. They cost next to nothing while nobody uses them.
#[derive(Clone)]
pub struct Hubs(Rc<Inner>);

struct Inner {
    state: RefCell<State>,
    /// Whether an exchange has done something since the last poll.
    has_acted: Cell<bool>,
    /// The next due time as of the last poll, in ms since the start.
    deadline: Cell<u64>,
}

struct State {
    socketio: socketio::Hub,
    sockjs: sockjs::Hub,
    /// Which peers the exchanges are on.
    peers: HashMap<u64, usize>,
    /// The number of the last exchange.
    last: u64,
    now: u64,
}

#[derive(Clone, Copy)]
enum Protocol {
    SocketIo,
    SockJs,
}

/// A request or a WebSocket of a session, which is lost when this is dropped before its end.
pub struct Exchange {
    hubs: Hubs,
    protocol: Protocol,
    number: u64,
    speaks_stomp: bool,
    publishes: bool,
}

impl Hubs {
    /// Hubs whose chat rooms are that of `broadcast`.
    ///
    /// Returns `None` if the URL of SockJS's client could be more than a URL.
    pub fn new(
        broadcast: &mut Broadcast,
        topics: crate::stomp::Hub,
        options: &Options,
    ) -> Option<Self> {
        let stomp = Mount {
            limits: Limits::new().max_backlog(STOMP_BACKLOG),
            ..Mount::new(STOMP, stomp::Stomp::new(topics))
        };
        let chat = Mount::new(CHAT, Chat::new(broadcast.enter()));
        let mounts = sockjs::for_tests("/sockjs").into_iter().chain([chat, stomp]);
        let state = State {
            socketio: socketio::Hub::new(broadcast.enter(), options.quick)
                .max_held(options.hub_hold),
            sockjs: sockjs::Hub::new(mounts, &options.sockjs_script)?.max_held(options.hub_hold),
            peers: HashMap::new(),
            last: 0,
            now: 0,
        };
        let (has_acted, deadline) = (Cell::new(false), Cell::new(u64::MAX));
        Some(Self(Rc::new(Inner { state: RefCell::new(state), has_acted, deadline })))
    }

    /// Does what is due, and returns the peers that may have something to say because of that. `has_news` is whether
    /// something was said in the room, or published to a topic.
    pub fn poll(&self, has_news: bool, now: u64) -> BTreeSet<usize> {
        let mut ready = BTreeSet::new();
        if !self.0.has_acted.take() && !has_news && now < self.0.deadline.get() {
            return ready;
        }
        let state = &mut *self.0.state.borrow_mut();
        state.now = now;
        let mut deadline = u64::MAX;
        for hub in [&mut state.socketio as &mut dyn Hub, &mut state.sockjs] {
            hub.poll(now);
            let exchanges = hub.take_ready();
            ready.extend(exchanges.iter().filter_map(|exchange| state.peers.get(exchange)));
            deadline = hub.deadline().map_or(deadline, |own| own.min(deadline));
        }
        self.0.deadline.set(deadline);
        ready
    }

    /// When something is due, in ms since the start.
    pub fn deadline(&self) -> u64 {
        self.0.deadline.get()
    }

    fn act(&self) -> RefMut<'_, State> {
        self.0.has_acted.set(true);
        self.0.state.borrow_mut()
    }
}

impl State {
    fn hub(&mut self, protocol: Protocol) -> &mut dyn Hub {
        match protocol {
            Protocol::SocketIo => &mut self.socketio,
            Protocol::SockJs => &mut self.sockjs,
        }
    }
}

/// Answers a request for a session, or begins an exchange. Returns nothing if the path is of neither protocol.
pub fn open(
    request: &Request<'_>,
    response: &mut Response,
    shared: &Shared,
) -> Option<route::Answer> {
    let protocol = match request.path {
        path if path.starts_with("/socket.io/") => Protocol::SocketIo,
        path if path.starts_with("/engine.io/") => Protocol::SocketIo,
        path if path.starts_with("/sockjs/") => Protocol::SockJs,
        _ => return None,
    };
    if !is_public(request.path) && !is_admitted(request, shared) {
        response.refuse(403, "pages of another origin have no part in this");
        return Some(route::Answer::Whole);
    }
    Some(begin(protocol, request, response, shared))
}

/// Whether pages of every origin may use the path: only the services of SockJS's own tests are open to all.
fn is_public(path: &str) -> bool {
    path.starts_with("/sockjs/") && ![CHAT, STOMP].iter().any(|own| path.starts_with(own))
}

/// Whether the request comes from no page, or from a page that may use the hubs. Requests for scripts and documents have no
/// `Origin`, but browsers say in `Sec-Fetch-Site` whether the page is of the same origin (Fetch Metadata Request Headers).
fn is_admitted(request: &Request<'_>, shared: &Shared) -> bool {
    let site = match request.headers.get("origin") {
        Some(_) => None,
        None => request.headers.get("sec-fetch-site"),
    };
    !matches!(site, Some(b"cross-site" | b"same-site"))
        && shared.origins.admits(request.host, &request.headers)
}

fn begin(
    protocol: Protocol,
    request: &Request<'_>,
    response: &mut Response,
    shared: &Shared,
) -> route::Answer {
    let headers: Vec<_> = request.headers.into_iter().collect();
    let asked = hub::Request {
        // Over HTTP/2, a WebSocket is asked for by an extended CONNECT.
        method: if request.method == "CONNECT" { "GET" } else { request.method },
        target: &format!("{}?{}", request.path, request.query),
        headers: &headers,
        opens_socket: request.offers_websocket,
    };
    let mut state = shared.hubs.act();
    state.last += 1;
    let number = state.last;
    let reply = state.hub(protocol).request(&asked, number, shared.now);
    if let Reply::Answer(answer) = reply {
        say(&answer, response);
        return route::Answer::Whole;
    }
    state.peers.insert(number, shared.peer);
    drop(state);
    let speaks_stomp = request.path.starts_with(STOMP);
    let publishes =
        speaks_stomp || request.path.starts_with(CHAT) || matches!(protocol, Protocol::SocketIo);
    let hubs = shared.hubs.clone();
    let exchange = Exchange { hubs, protocol, number, speaks_stomp, publishes };
    match reply {
        Reply::Socket => route::Answer::WebSocket(Place::Hub(exchange)),
        // A 200 would say that a WebSocket is open. The session ends with the exchange.
        _ if request.method == "CONNECT" => {
            response.refuse(400, "there is no WebSocket here");
            route::Answer::Whole
        }
        Reply::Stream(head) => route::Answer::Service(Box::new(Stream::new(exchange, head))),
        _ => route::Answer::Service(Box::new(Upload::new(exchange, shared.now))),
    }
}

impl Exchange {
    fn with<T>(&self, act: impl FnOnce(&mut dyn Hub, u64) -> T) -> T {
        act(self.hubs.act().hub(self.protocol), self.number)
    }

    /// Whether its messages are frames of STOMP, so that a raw WebSocket may name a version.
    pub const fn speaks_stomp(&self) -> bool {
        self.speaks_stomp
    }

    /// Whether what the client says may go to others.
    pub const fn publishes(&self) -> bool {
        self.publishes
    }

    fn receive(&self, body: &mut [u8], now: u64) -> Option<Answer> {
        self.with(|hub, number| hub.receive(number, body, now))
    }

    fn end_body(&self, now: u64) -> Answer {
        self.with(|hub, number| hub.end_body(number, now))
    }

    fn fill(&self, out: &mut Vec<u8>, now: u64) -> Option<Piece> {
        self.with(|hub, number| hub.fill(number, out, now))
    }

    pub fn receive_message(&self, message: Message<'_>, now: u64) {
        self.with(|hub, number| hub.receive_message(number, message, now));
    }

    pub fn next_message(&self, now: u64) -> Option<Outgoing> {
        self.with(|hub, number| hub.next_message(number, now))
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        let mut state = self.hubs.act();
        state.peers.remove(&self.number);
        let now = state.now;
        state.hub(self.protocol).receive_eof(self.number, now);
    }
}
