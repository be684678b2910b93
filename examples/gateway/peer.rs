//! One TCP connection, whatever it speaks.

use std::io::{self, Read};
use std::mem;
use std::net::Shutdown;

use framewright::http1::{Body, HeadReader, Limits, Request, ResponseWriter};
use mio::event::Event;
use mio::net::TcpStream;

use crate::Shared;
use crate::events::{self, Filled};
use crate::grpc;
use crate::output::Output;
use crate::websocket::{self, Heard, Session};

/// Above this many unsent bytes, nothing more is read from the peer. It has to take answers before
/// it can ask again.
const HIGH_WATER: usize = 256 * 1024;
/// A member of the chat room that is this many bytes behind is dropped.
const BEHIND: usize = 1 << 20;
/// Number of reads in a peer's turn.
const READS: usize = 4;
/// Whether a read that leaves room in the buffer has emptied the socket, and an event reports what
/// comes after it (epoll(7), kqueue). Elsewhere, there is an event only after another read, one
/// that would block.
const SHORT_READ_IS_LAST: bool = cfg!(any(target_os = "linux", target_os = "macos"));
/// How long a request head may take, and an idle connection without one, in ms.
const HEAD_WITHIN: u64 = 15_000;
/// How long a peer has to close after we did, in ms.
const CLOSE_WITHIN: u64 = 5_000;
/// How long a peer may take nothing of its output, in ms.
const STALLED: u64 = 30_000;
/// How many bytes of a peer are read and ignored while closing, so that it gets to our last bytes.
const IGNORED: usize = 8 << 20;

/// One TCP connection.
pub struct Peer {
    stream: TcpStream,
    /// Whether a read may find something.
    readable: bool,
    /// Whether the other end has stopped sending. No further event will say so.
    read_closed: bool,
    /// Whether it is in the queue of peers that go on without an event.
    pub queued: bool,
    out: Output,
    /// Whether output waits for the peer to take it.
    blocked: bool,
    /// When that began, or when the peer last took a part of it.
    taken_at: u64,
    state: State,
}

enum State {
    /// Between HTTP requests, or within the head of one.
    Http { reader: HeadReader<Vec<u8>>, since: u64 },
    /// WebSocket, until the transport is to be closed.
    WebSocket(Box<Session>),
    /// An event stream.
    Events(Box<events::Stream>),
    /// A call in gRPC-Web.
    Grpc(Box<grpc::Call>),
    /// Nothing more will be said. What is unsent goes out, and some of the remaining input is ignored.
    Closing { since: u64, shut: bool, ignored: usize },
    /// The other end has ended. What is unsent goes out, and that is all.
    Ended,
}

/// Why a peer's turn ended.
#[derive(Clone, Copy, Eq, PartialEq)]
pub enum Progress {
    /// The other end has to send or take something first.
    Blocked,
    /// It can go on, but other peers come first.
    Yielded,
    /// The connection has ended.
    Ended,
}

impl Peer {
    pub fn new(stream: TcpStream, now: u64) -> Self {
        Self {
            stream,
            readable: true,
            read_closed: false,
            queued: false,
            out: Output::default(),
            blocked: false,
            taken_at: now,
            state: State::http(now),
        }
    }

    /// Records an event of the event loop.
    pub fn note(&mut self, event: &Event) {
        self.read_closed |= event.is_read_closed();
        self.readable |= event.is_readable() || self.read_closed;
    }

    /// Calls `act` with memory for output, which is given back as soon as it is empty.
    pub fn act(
        &mut self,
        shared: &mut Shared,
        act: impl FnOnce(&mut Self, &mut Shared) -> Progress,
    ) -> Progress {
        self.out.borrow(&mut shared.spare);
        let progress = act(self, shared);
        self.out.give_back(&mut shared.spare);
        progress
    }

    /// Reads, answers and writes until the other end blocks or the turn ends.
    pub fn drive(&mut self, shared: &mut Shared) -> Progress {
        self.try_drive(shared).unwrap_or(Progress::Ended)
    }

    fn try_drive(&mut self, shared: &mut Shared) -> io::Result<Progress> {
        for _ in 0..READS {
            match self.write(shared)? {
                Progress::Blocked => {}
                Progress::Yielded => continue,
                Progress::Ended => return Ok(Progress::Ended),
            }
            if !self.readable || self.out.pending() > HIGH_WATER {
                return Ok(Progress::Blocked);
            }
            let mut buf = mem::take(&mut shared.buf);
            let read = self.stream.read(&mut buf);
            if let Ok(n @ 1..) = read {
                self.receive(&mut buf[..n], shared);
                self.readable = n == buf.len() || self.read_closed || !SHORT_READ_IS_LAST;
            }
            shared.buf = buf;
            match read {
                Ok(0) => {
                    self.readable = false;
                    self.state = State::Ended;
                }
                // Its chat messages are delivered before more is read.
                Ok(_) if !shared.broadcast.is_empty() => break,
                Ok(_) => {}
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => self.readable = false,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        Ok(Progress::Yielded)
    }

    /// Receives what was read: the rest of a head, and perhaps frames after it.
    fn receive(&mut self, mut input: &mut [u8], shared: &mut Shared) {
        while !input.is_empty() {
            let next = match &mut self.state {
                State::Http { reader, .. } => match reader.read_request(&mut input) {
                    // A client that asks much faster than it takes answers is refused.
                    Ok(Some(_)) if self.out.pending() > HIGH_WATER => {
                        refuse(429, &mut self.out, shared)
                    }
                    Ok(Some(request)) => respond(&request, &mut self.out, shared),
                    Ok(None) => return,
                    Err(e) => refuse(e.status(), &mut self.out, shared),
                },
                State::WebSocket(session) => {
                    return session.receive(input, &mut self.out, shared);
                }
                State::Events(stream) => return stream.interrupt(),
                State::Grpc(call) => return call.receive(input),
                State::Closing { ignored, .. } => {
                    *ignored += input.len();
                    if *ignored <= IGNORED {
                        return;
                    }
                    State::Ended
                }
                State::Ended => return,
            };
            self.state = next;
        }
    }

    /// Writes what the peer takes, and closes our side after the last byte.
    ///
    /// `Yielded` means that there is more to write.
    fn write(&mut self, shared: &mut Shared) -> io::Result<Progress> {
        let (filled, persistent) = match &mut self.state {
            State::Events(stream) => (stream.fill(&mut self.out, shared), stream.is_persistent()),
            State::Grpc(call) => (call.fill(&mut self.out, shared), call.is_persistent()),
            _ => (Filled::Until(u64::MAX), true),
        };
        let more = matches!(filled, Filled::Enough);
        match filled {
            Filled::Enough => {}
            Filled::Until(time) => shared.wake_at = shared.wake_at.min(time),
            Filled::End if persistent => self.state = State::http(shared.now),
            Filled::End => self.state = State::closing(shared.now),
        }
        let took = self.out.flush(&mut self.stream)?;
        let was_blocked = mem::replace(&mut self.blocked, self.out.pending() > 0);
        // If there was no room, it is the peer that has made some. Other room is in our system's
        // buffer and says nothing.
        let moves = was_blocked && took;
        if moves || (self.blocked && !was_blocked) {
            self.taken_at = shared.now;
        }
        if let State::WebSocket(session) = &mut self.state {
            if moves {
                session.is_alive(shared.now);
            }
            if session.is_over() {
                self.state = State::closing(shared.now);
            }
        }
        if self.out.pending() > 0 {
            return Ok(Progress::Blocked);
        }
        match &mut self.state {
            State::Closing { shut, .. } if !*shut => {
                // Not a full close: with unread bytes of the peer, that could discard ours.
                self.stream.shutdown(Shutdown::Write)?;
                *shut = true;
            }
            State::Ended => return Ok(Progress::Ended),
            _ if more => return Ok(Progress::Yielded),
            _ => {}
        }
        Ok(Progress::Blocked)
    }

    /// Checks the deadlines.
    pub fn tick(&mut self, shared: &mut Shared) -> Progress {
        let now = shared.now;
        // While the peer is taking output, its time does not run.
        let waited = |since: u64| now.saturating_sub(since.max(self.taken_at));
        let stalled = self.blocked && waited(0) >= STALLED;
        let alive = match &mut self.state {
            State::Http { since, .. } => waited(*since) < HEAD_WITHIN,
            State::Closing { since, .. } => waited(*since) < CLOSE_WITHIN,
            State::WebSocket(session) => session.tick(now, &mut self.out),
            State::Events(_) | State::Grpc(_) | State::Ended => !stalled,
        };
        if alive { self.written(shared) } else { Progress::Ended }
    }

    /// Begins to close: nothing new is started.
    pub fn shut_down(&mut self, shared: &mut Shared) -> Progress {
        match &mut self.state {
            State::WebSocket(session) => session.shut_down(shared.now, &mut self.out),
            State::Events(stream) => {
                stream.finish(&mut self.out);
                self.state = State::closing(shared.now);
            }
            State::Http { .. } | State::Grpc(_) => self.state = State::closing(shared.now),
            State::Closing { .. } | State::Ended => {}
        }
        self.written(shared)
    }

    /// Passes on chat messages, if the peer is in the room and keeps up.
    pub fn hear(&mut self, heard: &Heard, shared: &mut Shared) -> Progress {
        let State::WebSocket(session) = &mut self.state else { return Progress::Blocked };
        if !session.hear(heard, shared.broadcast.deflater(), &mut self.out) {
            return Progress::Blocked;
        }
        match self.written(shared) {
            Progress::Blocked if self.out.pending() > BEHIND => Progress::Ended,
            progress => progress,
        }
    }

    fn written(&mut self, shared: &mut Shared) -> Progress {
        self.write(shared).unwrap_or(Progress::Ended)
    }
}

impl State {
    fn http(now: u64) -> Self {
        Self::Http { reader: HeadReader::new(Vec::new(), Limits::new()), since: now }
    }

    fn closing(now: u64) -> Self {
        Self::Closing { since: now, shut: false, ignored: 0 }
    }
}

/// Answers one request, and returns the connection's next state.
fn respond(request: &Request<'_>, out: &mut Output, shared: &Shared) -> State {
    let path = path_of(request.target());
    if let Some(place) = websocket::Place::at(path) {
        return match place.enter(request, out, shared) {
            Some(session) => State::WebSocket(Box::new(session)),
            None => State::closing(shared.now),
        };
    }
    match grpc::Call::open(request, path, out, shared) {
        Some(grpc::Opened::Call(call)) => return State::Grpc(call),
        Some(grpc::Opened::Answered) => return State::http(shared.now),
        Some(grpc::Opened::Closing) => return State::closing(shared.now),
        Some(grpc::Opened::Refused(status)) => return refuse(status, out, shared),
        None => {}
    }
    if request.method() != "GET" {
        return refuse(405, out, shared);
    }
    if request.body() != Body::Len(0) {
        return refuse(413, out, shared);
    }
    match events::Stream::open(request, path, out, shared) {
        Some(Ok(stream)) => return State::Events(Box::new(stream)),
        Some(Err(status)) => return refuse(status, out, shared),
        None => {}
    }
    if path != "/" {
        return refuse(404, out, shared);
    }
    let headers = [("Content-Type", "text/html; charset=utf-8"), ("Cache-Control", "no-store")];
    let page = ResponseWriter::new(200).headers(&headers[..]).body(include_bytes!("page.html"));
    // A client that asks for another protocol does not go on with this one.
    if request.is_persistent() && request.headers().get("upgrade").is_none() {
        write(page, out);
        State::http(shared.now)
    } else {
        write(page.close(), out);
        State::closing(shared.now)
    }
}

/// The path of a request target, which may be a whole URI (RFC 9112 §3.2.2).
fn path_of(target: &str) -> &str {
    let path = target.split('?').next().unwrap_or_default();
    match path.split_once("://") {
        Some((_, rest)) => rest.find('/').map_or("/", |slash| &rest[slash..]),
        None => path,
    }
}

fn refuse(status: u16, out: &mut Output, shared: &Shared) -> State {
    let headers: &[_] = if status == 405 { &[("Allow", "GET")] } else { &[] };
    write(ResponseWriter::new(status).headers(headers).close(), out);
    State::closing(shared.now)
}

fn write(response: ResponseWriter<'_>, out: &mut Output) {
    response.write(out).expect("the headers are constants, and a Vec has room");
}
