//! A connection of HTTP/1.1, whose requests are answered one after another.

use std::io::{self, Read, Write};
use std::mem;

use framewright::http1::{self, Body, BodyDecoder, Decoded, HeadReader, ResponseWriter};
use framewright::ws;
use framewright::ws::handshake::{Offer, Origins};
use mio::net::TcpStream;

use super::Shared;
use super::exchange::{Socket, Stream, write_answer};
use crate::hub::{Hub, Reply, Request};

/// How long a request may take to arrive, and a peer to take our output, in ms.
const PATIENCE: u64 = 30_000;
/// The most that a peer may send while it waits for a response, in bytes.
const PIPELINED: usize = 64 << 10;
const MAX_MESSAGE: u64 = 1 << 20;

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Progress {
    Goes,
    /// An answer is complete: there may be another request.
    Next,
    Over,
}

/// ```text
///   Head ─┬─▶ Upload ──▶ (answer) ─▶ Head
///         ├─▶ Unused ─────────────▶ Head     the body of a request that was answered
///         ├─▶ Stream ──▶ (end) ───▶ Head
///         └─▶ Socket
/// ```
pub struct Peer {
    socket: TcpStream,
    /// The number of its exchange, while it has one.
    exchange: u64,
    /// What came with or after a request that is not answered yet.
    unread: Vec<u8>,
    out: Vec<u8>,
    state: State,
    /// Whether the connection ends with the output.
    is_last: bool,
    /// When the peer last made progress.
    since: u64,
}

enum State {
    Head(HeadReader<Vec<u8>>),
    Upload(BodyDecoder),
    Unused(BodyDecoder),
    Stream(Stream),
    Socket(Box<Socket>),
}

impl State {
    fn head() -> Self {
        Self::Head(HeadReader::new(Vec::new(), http1::Limits::new()))
    }
}

impl Peer {
    pub fn new(socket: TcpStream, exchange: u64, now: u64) -> Self {
        let (unread, out) = (Vec::new(), Vec::new());
        Self { socket, exchange, unread, out, state: State::head(), is_last: false, since: now }
    }

    /// Reads what there is, answers it, and writes what there is room for.
    pub fn on_ready(&mut self, shared: &mut Shared<impl Hub>) -> Progress {
        loop {
            let is_over = self.read(&mut shared.buf);
            if self.advance(shared) == Progress::Over || is_over {
                return Progress::Over;
            }
            match self.fill(shared) {
                Progress::Next => {}
                progress => return progress,
            }
        }
    }

    /// Writes what the hub has for this connection.
    pub fn serve_exchange(&mut self, shared: &mut Shared<impl Hub>) -> Progress {
        match self.fill(shared) {
            Progress::Next => self.on_ready(shared),
            progress => progress,
        }
    }

    /// Reads until there is no more, or too much waits. Returns whether the connection is over.
    fn read(&mut self, buf: &mut [u8]) -> bool {
        while self.unread.len() < PIPELINED {
            match self.socket.read(buf) {
                Ok(0) => return true,
                Ok(n) => self.unread.extend_from_slice(&buf[..n]),
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return e.kind() != io::ErrorKind::WouldBlock,
            }
        }
        false
    }

    /// Writes what the hub has, as long as the peer takes it.
    fn fill(&mut self, shared: &mut Shared<impl Hub>) -> Progress {
        let (exchange, now) = (self.exchange, shared.now);
        loop {
            let before = self.out.len();
            match &mut self.state {
                State::Stream(stream) => {
                    if stream.fill(exchange, &mut shared.hub, &mut self.out, now) {
                        self.is_last |= stream.ends_connection();
                        self.state = State::head();
                        return Progress::Next;
                    }
                }
                State::Socket(socket) => {
                    socket.fill(exchange, &mut shared.hub, &mut self.out, now);
                    self.is_last |= socket.is_over();
                }
                _ => return Progress::Goes,
            }
            let is_done = self.out.len() == before;
            if self.flush(now) == Progress::Over {
                return Progress::Over;
            }
            if is_done || !self.out.is_empty() {
                return Progress::Goes;
            }
        }
    }

    /// Whether the peer has made no progress for too long.
    pub fn is_stalled(&self, now: u64) -> bool {
        let waits = match &self.state {
            State::Head(_) | State::Upload(_) | State::Unused(_) => true,
            State::Stream(_) => !self.out.is_empty(),
            State::Socket(socket) => !self.out.is_empty() || socket.is_closing(),
        };
        waits && now > self.since + PATIENCE
    }

    /// Handles what was read, as far as it goes.
    fn advance(&mut self, shared: &mut Shared<impl Hub>) -> Progress {
        let mut unread = mem::take(&mut self.unread);
        let mut input = &mut unread[..];
        loop {
            let had_body = matches!(self.state, State::Upload(_) | State::Unused(_));
            if let Err(error) = self.step(&mut input, shared) {
                let answer = ResponseWriter::new(error.status()).close();
                answer.write(&mut self.out).expect("a Vec has room");
                self.is_last = true;
                break;
            }
            let goes_on = match self.state {
                State::Head(_) => !input.is_empty() && !self.is_last,
                // It may be complete without another byte.
                State::Upload(_) | State::Unused(_) => !had_body,
                State::Stream(_) | State::Socket(_) => false,
            };
            if !goes_on {
                break;
            }
        }
        self.unread = input.to_vec();
        self.since = shared.now;
        self.flush(shared.now)
    }

    /// One step of a connection.
    fn step(
        &mut self,
        input: &mut &mut [u8],
        shared: &mut Shared<impl Hub>,
    ) -> Result<(), http1::Error> {
        let (exchange, now) = (self.exchange, shared.now);
        match &mut self.state {
            State::Head(reader) => {
                if let Some(request) = reader.read_request(input)? {
                    let is_last = &mut self.is_last;
                    self.state = begin(&request, exchange, shared, &mut self.out, is_last);
                }
            }
            State::Upload(body) => {
                let answer = loop {
                    match body.decode(input)? {
                        Decoded::Part(part) => {
                            if let Some(answer) = shared.hub.receive(exchange, part.bytes, now) {
                                // The rest of the body would be read as a request.
                                self.is_last = true;
                                break answer;
                            }
                        }
                        Decoded::NeedMore => return Ok(()),
                        Decoded::Complete => break shared.hub.end_body(exchange, now),
                    }
                };
                write_answer(&answer, self.is_last, &mut self.out);
                self.state = State::head();
            }
            State::Unused(body) => loop {
                match body.decode(input)? {
                    Decoded::Part(_) => {}
                    Decoded::NeedMore => return Ok(()),
                    Decoded::Complete => {
                        self.state = State::head();
                        return Ok(());
                    }
                }
            },
            State::Socket(socket) => {
                let input = mem::take(input);
                socket.receive(input, exchange, &mut shared.hub, &mut self.out, now);
                self.is_last = socket.is_over();
            }
            // Requests wait for their turn.
            State::Stream(_) => {}
        }
        Ok(())
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
        let waits = matches!(self.state, State::Stream(_) | State::Upload(_) | State::Unused(_));
        if self.is_last && !waits { Progress::Over } else { Progress::Goes }
    }
}

/// Answers a request, or begins an exchange.
fn begin(
    request: &http1::Request<'_>,
    exchange: u64,
    shared: &mut Shared<impl Hub>,
    out: &mut Vec<u8>,
    is_last: &mut bool,
) -> State {
    *is_last = !request.is_persistent();
    // Both protocols let pages of every origin in.
    let offer = Offer::from_request(request, Origins::any().or_absent());
    let headers: Vec<_> = request.headers().iter().collect();
    let asked = Request {
        method: request.method(),
        target: request.target(),
        headers: &headers,
        opens_socket: offer.is_ok(),
    };
    let body = BodyDecoder::new(request.body(), http1::Limits::new());
    match shared.hub.request(&asked, exchange, shared.now) {
        Reply::Answer(answer) => {
            write_answer(&answer, *is_last, out);
            if request.body() == Body::Len(0) { State::head() } else { State::Unused(body) }
        }
        Reply::Upload => {
            if request.expects_continue() {
                ResponseWriter::new(100).write(out).expect("a Vec has room");
            }
            State::Upload(body)
        }
        Reply::Stream(head) => {
            // Nothing may be in the body of such a request. After one, there is no other.
            *is_last |= request.body() != Body::Len(0);
            State::Stream(Stream::new(head, request.version(), *is_last))
        }
        Reply::Socket => {
            let offer = offer.expect("or else there is no reply of this kind");
            offer.accept().write(out).expect("a Vec has room");
            let limits = ws::Limits::new().max_message_len(MAX_MESSAGE);
            *is_last = false;
            State::Socket(Box::new(Socket::new(offer.accept().connection(limits))))
        }
    }
}
