use std::io::{self, Read};
use std::net::Shutdown;

use framewright::http1::{Body, HeadReader, Limits, Request, ResponseWriter};
use mio::net::TcpStream;

use crate::Shared;
use crate::output::Output;
use crate::websocket::{self, Broadcast, Session};

/// Above this many bytes unsent, nothing more is read from the peer: who does not take answers
/// cannot ask.
const HIGH_WATER: usize = 256 * 1024;
/// A member of the chat room that is this many bytes behind is dropped.
const BEHIND: usize = 1 << 20;
/// How many reads a peer gets before it is the others' turn.
const READS: usize = 16;
/// How long a request head may take, and an idle connection without one, in ms.
const HEAD_WITHIN: u64 = 15_000;
/// How long a peer has to close after we did, in ms.
const CLOSE_WITHIN: u64 = 5_000;
/// How many bytes of a peer are read after that, so that it gets to our last words.
const IGNORED: usize = 1 << 20;

/// One TCP connection.
pub struct Peer {
    stream: TcpStream,
    /// Whether a read may find something.
    readable: bool,
    out: Output,
    state: State,
}

enum State {
    /// Between HTTP requests, or within the head of one.
    Http { reader: HeadReader<Vec<u8>>, deadline: u64 },
    /// WebSocket, until the transport is to be closed.
    WebSocket(Box<Session>),
    /// All is said: what is unsent goes out, and some of what still comes is ignored.
    Closing { deadline: u64, shut: bool, ignored: usize },
    /// The other end has nothing more to say: what is unsent goes out, and that is all.
    Ended { deadline: u64 },
}

/// How far a peer has come.
#[derive(Clone, Copy, Eq, PartialEq)]
pub enum Progress {
    /// As far as the other end lets it.
    Blocked,
    /// As far as it is fair to the others.
    Yielded,
    /// To the end.
    Ended,
}

impl Peer {
    pub fn new(stream: TcpStream, now: u64) -> Self {
        Self { stream, readable: true, out: Output::default(), state: State::http(now) }
    }

    /// Notes what the event loop has learnt.
    pub fn note(&mut self, readable: bool) {
        self.readable |= readable;
    }

    /// Reads, answers and writes until the other end blocks or it is somebody else's turn.
    pub fn drive(&mut self, shared: &mut Shared) -> Progress {
        self.try_drive(shared).unwrap_or(Progress::Ended)
    }

    fn try_drive(&mut self, shared: &mut Shared) -> io::Result<Progress> {
        for _ in 0..READS {
            if self.write(shared.now)? == Progress::Ended {
                return Ok(Progress::Ended);
            }
            if !self.readable || self.out.pending() > HIGH_WATER {
                return Ok(Progress::Blocked);
            }
            let mut buf = std::mem::take(&mut shared.buf);
            let read = self.stream.read(&mut buf);
            if let Ok(n @ 1..) = read {
                self.receive(&mut buf[..n], shared);
            }
            shared.buf = buf;
            match read {
                Ok(0) => {
                    self.readable = false;
                    self.state = State::Ended { deadline: shared.now + CLOSE_WITHIN };
                }
                // What it said in the chat room is to be heard before it says more.
                Ok(_) if !shared.broadcast.is_empty() => break,
                Ok(_) => {}
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => self.readable = false,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        Ok(Progress::Yielded)
    }

    /// Takes in what was read: the rest of a head, and perhaps frames behind it.
    fn receive(&mut self, mut input: &mut [u8], shared: &mut Shared) {
        while !input.is_empty() {
            let next = match &mut self.state {
                State::Http { reader, .. } => match reader.read_request(&mut input) {
                    Ok(Some(request)) => respond(&request, &mut self.out, shared),
                    Ok(None) => return,
                    Err(e) => refuse(e.status(), &mut self.out, shared),
                },
                State::WebSocket(session) => {
                    return session.receive(input, &mut self.out, shared);
                }
                State::Closing { ignored, .. } => {
                    *ignored += input.len();
                    if *ignored <= IGNORED {
                        return;
                    }
                    State::Ended { deadline: shared.now + CLOSE_WITHIN }
                }
                State::Ended { .. } => return,
            };
            self.state = next;
        }
    }

    /// Writes what the peer takes, and closes our side once all is said.
    fn write(&mut self, now: u64) -> io::Result<Progress> {
        self.out.flush(&mut self.stream)?;
        if let State::WebSocket(session) = &self.state
            && session.is_over()
        {
            self.state = State::closing(now);
        }
        if self.out.pending() > 0 {
            return Ok(Progress::Blocked);
        }
        match &mut self.state {
            State::Closing { shut, .. } if !*shut => {
                // Not a full close: with bytes of the peer unread, that could take back ours.
                self.stream.shutdown(Shutdown::Write)?;
                *shut = true;
            }
            State::Ended { .. } => return Ok(Progress::Ended),
            _ => {}
        }
        Ok(Progress::Blocked)
    }

    /// Looks at the clock.
    pub fn tick(&mut self, now: u64) -> Progress {
        let alive = match &mut self.state {
            State::Http { deadline, .. }
            | State::Closing { deadline, .. }
            | State::Ended { deadline } => now < *deadline,
            State::WebSocket(session) => session.tick(now, &mut self.out),
        };
        if alive { self.written(now) } else { Progress::Ended }
    }

    /// Says goodbye: nothing new is begun.
    pub fn shut_down(&mut self, now: u64) -> Progress {
        match &mut self.state {
            State::WebSocket(session) => session.shut_down(now, &mut self.out),
            State::Http { .. } => self.state = State::closing(now),
            State::Closing { .. } | State::Ended { .. } => {}
        }
        self.written(now)
    }

    /// Passes on what was said in the chat room, if the peer is there and keeps up.
    pub fn hear(&mut self, broadcast: &Broadcast, now: u64) -> Progress {
        let State::WebSocket(session) = &mut self.state else { return Progress::Blocked };
        if !session.hear(broadcast, &mut self.out) {
            return Progress::Blocked;
        }
        match self.written(now) {
            Progress::Blocked if self.out.pending() > BEHIND => Progress::Ended,
            progress => progress,
        }
    }

    fn written(&mut self, now: u64) -> Progress {
        self.write(now).unwrap_or(Progress::Ended)
    }
}

impl State {
    fn http(now: u64) -> Self {
        Self::Http {
            reader: HeadReader::new(Vec::new(), Limits::new()),
            deadline: now + HEAD_WITHIN,
        }
    }

    fn closing(now: u64) -> Self {
        Self::Closing { deadline: now + CLOSE_WITHIN, shut: false, ignored: 0 }
    }
}

/// Answers one request, and tells what the connection is for after that.
fn respond(request: &Request<'_>, out: &mut Output, shared: &Shared) -> State {
    let path = request.target().split('?').next().unwrap_or_default();
    if let Some(place) = websocket::Place::at(path) {
        return match place.enter(request, out, shared) {
            Some(session) => State::WebSocket(Box::new(session)),
            None => State::closing(shared.now),
        };
    }
    if request.body() != Body::Len(0) {
        return refuse(413, out, shared);
    }
    if request.method() != "GET" {
        return refuse(405, out, shared);
    }
    if path != "/" {
        return refuse(404, out, shared);
    }
    let headers = [("Content-Type", "text/html; charset=utf-8"), ("Cache-Control", "no-store")];
    let page = ResponseWriter::new(200).headers(&headers).body(include_bytes!("page.html"));
    // Who asks for another protocol is not going on with this one.
    if request.is_persistent() && request.headers().get("upgrade").is_none() {
        write(page, out);
        State::http(shared.now)
    } else {
        write(page.close(), out);
        State::closing(shared.now)
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
