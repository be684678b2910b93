//! One TCP connection, whatever it speaks.

mod prompts;
mod watched;

use std::io::{self, Read};
use std::mem;

use framewright::http2::is_preface;
use mio::event::Event;

use crate::Shared;
use crate::http1::{Http1, Next};
use crate::http2::Http2;
use crate::output::Output;
use crate::service::Filled;
use crate::stomp;
use crate::transport::Transport;
use crate::websocket::Session;
use crate::wire::Tap;

/// Number of reads in a peer's turn.
const READS: usize = 4;
/// Whether a read that leaves room in the buffer has emptied the socket, and an event reports what
/// comes after it (epoll(7), kqueue). Elsewhere, there is an event only after another read, one
/// that would block.
const SHORT_READ_IS_LAST: bool = cfg!(any(target_os = "linux", target_os = "macos"));
/// How many bytes of a peer are read and ignored while closing, so that it gets to our last bytes.
const IGNORED: usize = 8 << 20;

/// One TCP connection.
///
/// ```text
///     First ──▶ Stomp ───────────────────┐
///       ├─────▶ Http2 ───────────────────┤ a close, a failure,
///       └─────▶ Http1 ───────────────────┤ the last answer
///                 └── an upgrade ──▶ WebSocket ──▶ Closing ──▶ Ended
/// ```
///
/// Whatever the state, `Ended` follows the end of the input, once all that was asked for is answered.
pub struct Peer {
    transport: Transport,
    /// Whether a read may find something.
    readable: bool,
    /// Whether an event said that the other end has stopped sending. No further event will.
    read_closed: bool,
    /// Whether a read found the end of the input.
    eof: bool,
    /// Requests that came before it was their turn. Nothing is read while there are some.
    held: Vec<u8>,
    /// Whether it is in the queue of peers that go on without an event.
    pub queued: bool,
    out: Output,
    /// Whether output waits for the peer to take it.
    blocked: bool,
    /// When that began, or when the peer last took a part of it.
    taken_at: u64,
    state: State,
    /// When that began.
    since: u64,
    /// If a page watches what goes over the wire.
    tap: Option<Box<Tap>>,
    /// How many of the unsent bytes it has seen.
    shown: usize,
    /// The beginning of a head that a page may want to see.
    head: Vec<u8>,
}

pub enum State {
    /// Before the first bytes have told the protocol. These have come.
    First(Vec<u8>),
    /// Topics of STOMP.
    Stomp(stomp::Client),
    /// HTTP/1.1, until there is an upgrade.
    Http1(Http1),
    /// HTTP/2, with WebSockets on its streams.
    Http2(Box<Http2>),
    /// WebSocket, until the transport is to be closed.
    WebSocket(Box<Session>),
    /// Nothing more will be said. What is unsent goes out, then our side is shut down, once. Some of
    /// the remaining input is ignored.
    Closing { shut: bool, ignored: usize },
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
    pub fn new(transport: Transport, now: u64) -> Self {
        Self {
            transport,
            readable: true,
            read_closed: false,
            eof: false,
            held: Vec::new(),
            queued: false,
            out: Output::default(),
            blocked: false,
            taken_at: now,
            state: State::First(Vec::new()),
            since: now,
            tap: None,
            shown: 0,
            head: Vec::new(),
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
            let progress = self.write(shared)?;
            // A peer has to take our output before it can send more. So it cannot make us hold the answers
            // to all that it sends, nor a pong for each of its pings.
            if progress == Progress::Ended || self.blocked {
                return Ok(progress);
            }
            let went_on = self.go_on(shared)?;
            if !went_on && progress == Progress::Blocked {
                return Ok(Progress::Blocked);
            }
            // Its chat messages are delivered before more is read.
            if !shared.broadcast.is_empty() {
                break;
            }
        }
        Ok(Progress::Yielded)
    }

    /// Receives what there is. Returns whether there was anything.
    fn go_on(&mut self, shared: &mut Shared) -> io::Result<bool> {
        if self.has_turn() {
            let mut held = mem::take(&mut self.held);
            match &mut held[..] {
                [] => self.receive_eof(shared),
                held => self.receive(held, shared),
            }
            return Ok(true);
        }
        let reads = self.readable && self.held.is_empty() && !self.eof && !self.is_slowed(shared);
        if reads {
            self.read(shared)?;
        }
        Ok(reads)
    }

    /// Whether it has to be replied to first, or sends to topics whose broker cannot keep up.
    fn is_slowed(&self, shared: &Shared) -> bool {
        let publishes = match &self.state {
            State::Stomp(_) => true,
            State::WebSocket(session) if session.is_behind() => return true,
            State::WebSocket(session) => session.publishes(),
            _ => false,
        };
        publishes && shared.stomp.is_congested()
    }

    /// Whether the input that has come, or its end, can be received.
    fn has_turn(&self) -> bool {
        (self.eof || !self.held.is_empty()) && !self.state.is_answering()
    }

    fn read(&mut self, shared: &mut Shared) -> io::Result<()> {
        let mut buf = mem::take(&mut shared.buf);
        let target = match &mut self.state {
            // What is watched has to be seen here.
            State::WebSocket(session) if self.tap.is_none() => session.read_target(&mut buf),
            _ => &mut buf,
        };
        let room = target.len();
        let read = self.transport.read(target);
        if let Ok(n @ 1..) = read {
            let was_last = n < room && SHORT_READ_IS_LAST && self.transport.reads_all();
            self.readable = !was_last || self.read_closed;
            match &mut self.state {
                State::WebSocket(session) if self.tap.is_none() => {
                    let len = session.filled(&buf, n);
                    session.receive(&mut buf[..len], &mut self.out, shared);
                }
                _ => self.receive(&mut buf[..n], shared),
            }
        }
        shared.buf = buf;
        match read {
            Ok(0) => {
                self.eof = true;
                self.receive_eof(shared);
            }
            Ok(_) => {}
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => self.readable = false,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
        Ok(())
    }

    /// Receives what was read: the rest of a head, and perhaps frames or further requests after it.
    fn receive(&mut self, mut input: &mut [u8], shared: &mut Shared) {
        while !input.is_empty() {
            let next = match &mut self.state {
                State::First(bytes) => {
                    bytes.extend_from_slice(input);
                    return self.receive_first(shared);
                }
                State::Stomp(client) => return client.receive(input, shared.now),
                State::Http1(http1) if http1.holds(&self.out) => return self.hold(input),
                State::Http1(_) => {
                    let (next, taken) = self.receive_http1(input, shared);
                    input = &mut mem::take(&mut input)[taken..];
                    next
                }
                State::Http2(_) => return self.receive_http2(input, shared),
                State::WebSocket(_) => return self.receive_frames(input, shared),
                State::Closing { ignored, .. } => {
                    *ignored += input.len();
                    if *ignored > IGNORED {
                        self.enter(State::Ended, shared.now);
                    }
                    return;
                }
                State::Ended => return,
            };
            self.enter_next(next, shared.now);
            self.end_tap();
        }
    }

    /// Goes on once the first bytes tell the protocol.
    fn receive_first(&mut self, shared: &mut Shared) {
        let State::First(bytes) = &mut self.state else { return };
        let next = match (stomp::begins(bytes), is_preface(bytes)) {
            (Some(true), _) => State::Stomp(shared.stomp.open(shared.now)),
            (_, Some(true)) => {
                self.tap = Tap::http2(&shared.wires).map(Box::new);
                State::Http2(Box::new(Http2::new(shared.now)))
            }
            (Some(false), Some(false)) => State::Http1(Http1::new(shared.now)),
            _ => return,
        };
        let mut bytes = mem::take(bytes);
        self.enter(next, shared.now);
        self.receive(&mut bytes, shared);
    }

    /// Keeps requests until it is their turn.
    fn hold(&mut self, input: &[u8]) {
        self.held.extend_from_slice(input);
    }

    /// Receives the end of the input. The other end may still read, so whatever it asked for is
    /// answered.
    fn receive_eof(&mut self, shared: &mut Shared) {
        match &mut self.state {
            State::Http1(http1) => {
                let next = http1.receive_eof(&mut self.out);
                self.enter_next(next, shared.now);
            }
            State::Http2(http2) => {
                http2.receive_eof();
                if !http2.is_answering() {
                    self.enter(State::Ended, shared.now);
                }
            }
            State::First(_)
            | State::Stomp(_)
            | State::WebSocket(_)
            | State::Closing { .. }
            | State::Ended => self.enter(State::Ended, shared.now),
        }
    }

    fn enter_next(&mut self, next: Next, now: u64) {
        match next {
            Next::Same => {}
            Next::WebSocket(session) => self.enter(State::WebSocket(session), now),
            Next::Close => self.enter(State::CLOSING, now),
        }
    }

    fn enter(&mut self, state: State, now: u64) {
        self.state = state;
        self.since = now;
    }

    /// Writes what the peer takes, and closes our side after the last byte.
    ///
    /// `Yielded` means that there is more to write.
    fn write(&mut self, shared: &mut Shared) -> io::Result<Progress> {
        let more = self.fill(shared);
        self.show_output(shared);
        self.end_tap();
        let took = self.out.flush(&mut self.transport)?;
        self.shown = self.out.pending();
        let is_blocked = self.out.pending() > 0 || self.transport.is_blocked();
        let was_blocked = mem::replace(&mut self.blocked, is_blocked);
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
                self.enter(State::CLOSING, shared.now);
            }
        }
        if self.blocked {
            return Ok(Progress::Blocked);
        }
        match &mut self.state {
            State::Ended => return Ok(Progress::Ended),
            State::Closing { shut, .. } if !*shut => {
                self.transport.shut_down()?;
                *shut = true;
            }
            _ => {}
        }
        Ok(if more || self.has_turn() { Progress::Yielded } else { Progress::Blocked })
    }

    /// Lets the state write what it has to say. Returns whether there is more.
    fn fill(&mut self, shared: &mut Shared) -> bool {
        let filled = match &mut self.state {
            State::Http1(http1) => http1.fill(&mut self.out, shared),
            State::Http2(http2) => http2.fill(&mut self.out, shared),
            State::WebSocket(session) => session.fill(&mut self.out, shared),
            State::Stomp(client) => client.fill(&mut self.out, shared.now),
            State::First(_) | State::Closing { .. } | State::Ended => return false,
        };
        match filled {
            Filled::Enough => return true,
            Filled::Until(time) => shared.wake_at = shared.wake_at.min(time),
            Filled::End => self.enter(State::CLOSING, shared.now),
        }
        false
    }

    fn written(&mut self, shared: &mut Shared) -> Progress {
        self.write(shared).unwrap_or(Progress::Ended)
    }
}

impl State {
    pub const CLOSING: Self = Self::Closing { shut: false, ignored: 0 };

    /// Whether further requests have to wait.
    fn is_answering(&self) -> bool {
        match self {
            Self::Http1(http1) => http1.is_answering(),
            Self::Http2(http2) => http2.is_answering(),
            _ => false,
        }
    }
}
