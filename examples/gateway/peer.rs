use std::io::{self, Read};
use std::net::Shutdown;

use framewright::http1::{Body, HeadReader, Limits, Request, ResponseWriter};
use mio::net::TcpStream;

use crate::Shared;
use crate::output::Output;
use crate::websocket::{self, Session};

/// Above this many bytes unsent, nothing more is read from the peer: who does not take answers
/// cannot ask.
const HIGH_WATER: usize = 256 * 1024;
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
            self.write(shared.now)?;
            if !self.readable || self.out.pending() > HIGH_WATER {
                return Ok(Progress::Blocked);
            }
            let mut buf = std::mem::take(&mut shared.buf);
            let read = self.stream.read(&mut buf);
            let goes_on = match read {
                Ok(0) => Ok(false),
                Ok(n) => Ok(self.receive(&mut buf[..n], shared)),
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => {
                    self.readable = false;
                    Ok(true)
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => Ok(true),
                Err(e) => Err(e),
            };
            shared.buf = buf;
            if !goes_on? {
                return Ok(Progress::Ended);
            }
        }
        self.write(shared.now)?;
        Ok(Progress::Yielded)
    }

    /// Takes in what was read: the rest of a head, and perhaps frames behind it. Tells whether it
    /// is worth reading on.
    fn receive(&mut self, mut input: &mut [u8], shared: &mut Shared) -> bool {
        while !input.is_empty() {
            let next = match &mut self.state {
                State::Http { reader, .. } => match reader.read_request(&mut input) {
                    Ok(Some(request)) => respond(&request, &mut self.out, shared),
                    Ok(None) => continue,
                    Err(e) => refuse(e.status(), &mut self.out, shared),
                },
                State::WebSocket(session) => {
                    session.receive(input, &mut self.out, shared);
                    break;
                }
                State::Closing { ignored, .. } => {
                    *ignored += input.len();
                    return *ignored <= IGNORED;
                }
            };
            self.state = next;
        }
        true
    }

    /// Writes what the peer takes, and closes our side once all is said.
    fn write(&mut self, now: u64) -> io::Result<()> {
        self.out.flush(&mut self.stream)?;
        if let State::WebSocket(session) = &self.state
            && session.is_over()
        {
            self.state = State::closing(now);
        }
        if let State::Closing { shut, .. } = &mut self.state
            && !*shut
            && self.out.pending() == 0
        {
            // Not a full close: with bytes of the peer unread, that could take back ours.
            self.stream.shutdown(Shutdown::Write)?;
            *shut = true;
        }
        Ok(())
    }

    /// Looks at the clock.
    pub fn tick(&mut self, now: u64) -> Progress {
        let alive = match &mut self.state {
            State::Http { deadline, .. } | State::Closing { deadline, .. } => now < *deadline,
            State::WebSocket(session) => session.tick(now, &mut self.out),
        };
        self.written(alive, now)
    }

    /// Says goodbye: nothing new is begun.
    pub fn shut_down(&mut self, now: u64) -> Progress {
        match &mut self.state {
            State::WebSocket(session) => session.shut_down(now, &mut self.out),
            State::Http { .. } => self.state = State::closing(now),
            State::Closing { .. } => {}
        }
        self.written(true, now)
    }

    /// Passes on what was said in the chat room, if the peer is there.
    pub fn hear(&mut self, frames: &[u8]) -> Progress {
        let State::WebSocket(session) = &mut self.state else { return Progress::Blocked };
        let keeps_up = session.hear(frames, &mut self.out);
        // The state cannot change here, so the time does not matter.
        self.written(keeps_up, 0)
    }

    fn written(&mut self, alive: bool, now: u64) -> Progress {
        if alive && self.write(now).is_ok() { Progress::Blocked } else { Progress::Ended }
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
