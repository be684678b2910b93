//! A connection of HTTP/1.1, its requests, and what they ask for.

use std::io::{self, Read, Write};
use std::mem;

use framewright::http1::{
    self, Body, BodyDecoder, BodyEncoder, Decoded, HeadReader, Request, ResponseWriter, Version,
};
use framewright::sockjs::{
    Callback, Cookie, Cors, Framing, IframePage, Info, Output, Receiver, ReceiverId, Reply, Route,
};
use framewright::ws;
use framewright::ws::handshake::{Offer, Origins};
use mio::net::TcpStream;

use crate::Shared;
use crate::sending::Sending;
use crate::service::{Entry, Key, Service};
use crate::socket::Socket;

/// How long a request may take to arrive, and a peer to take our output, in ms.
const PATIENCE: u64 = 30_000;
/// The most that a peer may send while it waits for a response.
const PIPELINED: usize = 64 << 10;
/// How much output may wait for a peer before its session keeps the rest.
const PENDING: usize = 64 << 10;

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Progress {
    Goes,
    Over,
}

pub struct Peer {
    socket: TcpStream,
    /// Its place among all peers.
    index: usize,
    /// What came with or after a request that is not answered yet.
    unread: Vec<u8>,
    out: Vec<u8>,
    state: State,
    /// Whether the connection ends with the output.
    is_last: bool,
    /// When something last happened that we wait for.
    since: u64,
}

enum State {
    Head(HeadReader<Vec<u8>>),
    /// Reading the body of a request, and maybe messages out of it.
    Body {
        asked: Box<Asked>,
        body: BodyDecoder,
        sending: Option<Box<Sending>>,
    },
    /// A response goes on, or waits.
    Receiving {
        key: Key,
        receiver: ReceiverId,
        body: BodyEncoder,
    },
    WebSocket(Box<Socket>),
}

/// What is kept of a request's head.
struct Asked {
    origin: Option<Vec<u8>>,
    headers: Option<Vec<u8>>,
    cookie: Option<Cookie>,
    version: Version,
}

fn head() -> State {
    State::Head(HeadReader::new(Vec::new(), http1::Limits::new()))
}

impl Peer {
    pub fn new(socket: TcpStream, index: usize, now: u64) -> Self {
        let (unread, out) = (Vec::new(), Vec::new());
        Self { socket, index, unread, out, state: head(), is_last: false, since: now }
    }

    /// The session that waits on this connection.
    pub fn receiver(&self) -> Option<(&Key, ReceiverId)> {
        match &self.state {
            State::Receiving { key, receiver, .. } => Some((key, *receiver)),
            _ => None,
        }
    }

    pub fn on_ready(&mut self, shared: &mut Shared) -> Progress {
        let mut is_over = false;
        while self.unread.len() < PIPELINED {
            match self.socket.read(&mut shared.buf) {
                Ok(0) => is_over = true,
                Ok(n) => {
                    self.unread.extend_from_slice(&shared.buf[..n]);
                    continue;
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                Err(e) => is_over = e.kind() != io::ErrorKind::WouldBlock,
            }
            break;
        }
        let progress = self.advance(shared);
        if let State::Receiving { key, .. } = &self.state {
            // There may be room for more.
            shared.sessions.touched.push(key.clone());
        }
        if is_over { Progress::Over } else { progress }
    }

    pub fn on_tick(&mut self, now: u64) -> Progress {
        if let State::WebSocket(socket) = &mut self.state {
            socket.on_tick(now, &mut self.out);
        }
        let waits = match self.state {
            State::Head(_) | State::Body { .. } => true,
            State::Receiving { .. } | State::WebSocket(_) => !self.out.is_empty(),
        };
        if waits && now > self.since + PATIENCE { Progress::Over } else { self.flush(now) }
    }

    /// Writes what a session has for this connection, as long as the peer takes it.
    pub fn serve_session(&mut self, key: &Key, shared: &mut Shared) -> Progress {
        let mut frame = Vec::new();
        loop {
            let State::Receiving { key: own, body, .. } = &mut self.state else {
                return Progress::Goes;
            };
            let Some(entry) = shared.sessions.by_key.get_mut(key).filter(|_| own == key) else {
                return Progress::Goes;
            };
            let mut is_done = false;
            while self.out.len() < PENDING && !is_done {
                frame.clear();
                match entry.session.transmit(&mut frame, shared.now) {
                    // One chunk for each frame.
                    Ok(Some(Output::Frame)) => {
                        body.encode(&frame, &mut self.out).expect("a Vec has room");
                    }
                    Ok(Some(Output::End)) => {
                        body.finish(&mut self.out).expect("a Vec has room");
                        entry.peer = None;
                        self.state = head();
                        return self.advance(shared);
                    }
                    _ => is_done = true,
                }
            }
            if self.flush(shared.now) == Progress::Over {
                return Progress::Over;
            }
            if is_done || !self.out.is_empty() {
                return Progress::Goes;
            }
        }
    }

    /// Handles what was read, as far as it goes.
    fn advance(&mut self, shared: &mut Shared) -> Progress {
        let mut unread = mem::take(&mut self.unread);
        let mut input = &mut unread[..];
        let mut result;
        loop {
            let was_body = matches!(self.state, State::Body { .. });
            let state = mem::replace(&mut self.state, head());
            result = self.step(state, &mut input, shared);
            let goes_on = match self.state {
                State::Head(_) => !input.is_empty() && !self.is_last,
                // It may be complete without another byte.
                State::Body { .. } => !was_body,
                State::WebSocket(_) => !input.is_empty(),
                State::Receiving { .. } => false,
            };
            if result.is_err() || !goes_on {
                break;
            }
        }
        self.unread = input.to_vec();
        if let Err(status) = result {
            let reply = ResponseWriter::new(status).close();
            reply.write(&mut self.out).expect("a Vec has room");
            self.is_last = true;
        }
        self.since = shared.now;
        self.flush(shared.now)
    }

    /// One step of a connection, in the given state. Fails with the status of the answer.
    fn step(
        &mut self,
        state: State,
        input: &mut &mut [u8],
        shared: &mut Shared,
    ) -> Result<(), u16> {
        match state {
            State::Head(mut reader) => match reader.read_request(input).map_err(|e| e.status())? {
                Some(request) => self.on_request(&request, shared),
                None => {
                    self.state = State::Head(reader);
                    Ok(())
                }
            },
            State::Body { asked, mut body, mut sending } => loop {
                match body.decode(input).map_err(|e| e.status())? {
                    Decoded::Part(part) => {
                        if let Some(sending) = &mut sending {
                            sending.receive(part.bytes, shared);
                        }
                    }
                    Decoded::NeedMore => {
                        self.state = State::Body { asked, body, sending };
                        return Ok(());
                    }
                    Decoded::Complete => {
                        if let Some(sending) = sending {
                            self.reply(sending.finish(), &asked, &[]);
                        }
                        return Ok(());
                    }
                }
            },
            State::WebSocket(mut socket) => {
                socket.receive(&*mem::take(input), shared.now, &mut self.out);
                self.is_last = socket.is_over();
                self.state = State::WebSocket(socket);
                Ok(())
            }
            // It waits for its session.
            state @ State::Receiving { .. } => {
                self.state = state;
                Ok(())
            }
        }
    }

    fn on_request(&mut self, request: &Request<'_>, shared: &mut Shared) -> Result<(), u16> {
        self.is_last = !request.is_persistent();
        let (method, headers) = (request.method(), request.headers());
        let named = |name| headers.get(name).map(<[u8]>::to_vec);
        let mut asked = Box::new(Asked {
            origin: named("Origin"),
            headers: named("Access-Control-Request-Headers"),
            cookie: None,
            version: request.version(),
        });
        let (service, path) = Service::of(request.target()).ok_or(404_u16)?;
        let route = match service.routes().parse(method, path) {
            Ok(route) => route,
            Err(e) => {
                self.reply(Reply::not_routed(e), &asked, &[]);
                return self.skip_body(asked, request);
            }
        };
        if service.needs_cookie() && !matches!(route, Route::Info) {
            asked.cookie = Some(Cookie::from_fields(headers));
        }
        match route {
            Route::Greeting => self.reply(Reply::greeting(), &asked, &[]),
            Route::Info => {
                let random = getrandom::u32().expect("the operating system has some");
                let mut info = Info::new(&service.routes(), random);
                if service.needs_cookie() {
                    info = info.cookie_needed();
                }
                let mut body = Vec::new();
                info.encode(&mut body).expect("a Vec has room");
                self.reply(Reply::info(), &asked, &body);
            }
            Route::Iframe => {
                let reply = Reply::iframe(headers.get("If-None-Match"));
                let mut body = Vec::new();
                if reply.status() == 200 {
                    let page = IframePage::new(&shared.script).ok_or(500_u16)?;
                    page.encode(&mut body).expect("a Vec has room");
                }
                self.reply(reply, &asked, &body);
            }
            Route::Preflight { methods } => self.reply(Reply::preflight(methods), &asked, &[]),
            Route::WebSocket | Route::RawWebSocket => {
                let is_raw = route == Route::RawWebSocket;
                return self.open_socket(request, service, is_raw, shared.now);
            }
            Route::Receive { session, transport } => {
                let framing = match framing(transport, request.target()) {
                    Ok(framing) => framing,
                    Err(reply) => {
                        self.reply(reply, &asked, &[]);
                        return self.skip_body(asked, request);
                    }
                };
                // Nothing may be in the body. A client that sends one gets no other response on this connection.
                self.is_last |= !matches!(request.body(), Body::Len(0));
                return self.receive((service, session.to_owned()), framing, &asked, shared);
            }
            Route::Send { session, transport } => {
                let key = (service, session.to_owned());
                if !shared.sessions.by_key.contains_key(&key) {
                    self.reply(Reply::session_unknown(), &asked, &[]);
                    return self.skip_body(asked, request);
                }
                let is_plain = named("Content-Type")
                    .is_some_and(|value| value.to_ascii_lowercase().starts_with(b"text/plain"));
                if request.expects_continue() {
                    http1::write_continue(&mut self.out).expect("a Vec has room");
                }
                let sending = Box::new(Sending::new(key, transport, is_plain));
                let body = BodyDecoder::new(request.body(), http1::Limits::new());
                // The answer comes with the end of the body.
                self.state = State::Body { asked, body, sending: Some(sending) };
                return Ok(());
            }
        }
        self.skip_body(asked, request)
    }

    /// Ignores the body of a request that was answered.
    fn skip_body(&mut self, asked: Box<Asked>, request: &Request<'_>) -> Result<(), u16> {
        if request.body() != Body::Len(0) {
            let body = BodyDecoder::new(request.body(), http1::Limits::new());
            self.state = State::Body { asked, body, sending: None };
        }
        Ok(())
    }

    /// Makes this connection the receiver of a session, which it opens if there is none.
    fn receive(
        &mut self,
        key: Key,
        framing: Framing,
        asked: &Asked,
        shared: &mut Shared,
    ) -> Result<(), u16> {
        let now = shared.now;
        let new = || Entry { session: key.0.open(now), peer: None };
        let entry = shared.sessions.by_key.entry(key.clone()).or_insert_with(new);
        if entry.session.poll(now) == Some(framewright::sockjs::Action::Over) {
            *entry = new();
        }
        let reply = asked.complete(Reply::receiver(framing));
        let writer = ResponseWriter::new(reply.status()).headers(reply.fields());
        let mut body = writer
            .begin(Body::of_unknown_len(asked.version), &mut self.out)
            .expect("heads of replies are valid");
        self.is_last |= asked.version == Version::Http10;
        let mut bytes = Vec::new();
        framing.encode_prelude(&mut bytes).expect("a Vec has room");
        if !bytes.is_empty() {
            body.encode(&bytes, &mut self.out).expect("a Vec has room");
        }
        match entry.session.attach(framing, now) {
            Ok(receiver) => {
                entry.peer = Some(self.index);
                self.state = State::Receiving { key: key.clone(), receiver, body };
                shared.sessions.touched.push(key);
            }
            Err(e) => {
                bytes.clear();
                framing.encode(e.frame(), &mut bytes).expect("a Vec has room");
                body.encode(&bytes, &mut self.out).expect("a Vec has room");
                body.finish(&mut self.out).expect("a Vec has room");
            }
        }
        Ok(())
    }

    fn open_socket(
        &mut self,
        request: &Request<'_>,
        service: Service,
        is_raw: bool,
        now: u64,
    ) -> Result<(), u16> {
        // SockJS lets every page in.
        match Offer::from_request(request, Origins::any().or_absent()) {
            Ok(offer) => {
                let acceptance = offer.accept();
                acceptance.write(&mut self.out).expect("there is nothing to refuse");
                let connection = acceptance.connection(ws::Limits::new());
                let socket = Socket::new(connection, service, is_raw, now, &mut self.out);
                self.is_last = false;
                self.state = State::WebSocket(Box::new(socket));
            }
            Err(_) => {
                let reply = Reply::not_websocket();
                self.is_last = true;
                let writer = ResponseWriter::new(reply.status()).close().body(reply.body());
                writer.headers(reply.fields()).write(&mut self.out).expect("it is valid");
            }
        }
        Ok(())
    }

    fn reply(&mut self, reply: Reply<'_>, asked: &Asked, body: &[u8]) {
        let body = if body.is_empty() { reply.body() } else { body };
        let reply = asked.complete(reply);
        let mut writer = ResponseWriter::new(reply.status()).body(body);
        if self.is_last {
            writer = writer.close();
        }
        writer.headers(reply.fields()).write(&mut self.out).expect("replies are valid");
    }

    /// Writes as much as the peer takes.
    fn flush(&mut self, now: u64) -> Progress {
        while !self.out.is_empty() {
            match self.socket.write(&self.out) {
                Ok(n) => {
                    self.out.drain(..n);
                    self.since = now;
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => return Progress::Goes,
                Err(_) => return Progress::Over,
            }
        }
        let waits = matches!(self.state, State::Receiving { .. } | State::Body { .. });
        if self.is_last && !waits { Progress::Over } else { Progress::Goes }
    }
}

impl Asked {
    fn complete<'a>(&'a self, reply: Reply<'a>) -> Reply<'a> {
        let fields = [
            ("Origin", self.origin.as_deref()),
            ("Access-Control-Request-Headers", self.headers.as_deref()),
        ];
        let fields = fields.iter().filter_map(|(name, value)| Some((*name, (*value)?)));
        let reply = reply.cors(Cors::from_fields(fields));
        match &self.cookie {
            Some(cookie) => reply.cookie(cookie),
            None => reply,
        }
    }
}

fn framing(receiver: Receiver, target: &str) -> Result<Framing, Reply<'static>> {
    let callback = || Callback::parse(target).map_err(Reply::callback_refused);
    Ok(match receiver {
        Receiver::Xhr => Framing::Xhr,
        Receiver::XhrStreaming => Framing::XhrStreaming,
        Receiver::EventSource => Framing::EventSource,
        Receiver::HtmlFile => Framing::HtmlFile(callback()?),
        Receiver::Jsonp => Framing::Jsonp(callback()?),
    })
}
