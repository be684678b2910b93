//! A connection of the event loop and its calls.
//!
//! ```text
//!              out is empty                        the client is told everything
//!     writing ─────────────▶ sending, reading ──────────────────────────────────▶ lingering ──▶ over
//!        ▲    ◀─────────────        │                                                           ▲
//!        │      out is not          └──────────────── the client is gone ───────────────────────┘
//! ```

use std::collections::{BTreeSet, VecDeque};
use std::io::{ErrorKind, Read, Write};
use std::net::Shutdown;

use framewright::grpc::{
    CallId, CallKind, Code, Heap, Message, MetadataList, ResponseHead, SendError, Server,
    ServerConfig, ServerEvent, Status, Trailers,
};
use framewright::http2::Limits;
use mio::net::TcpStream;

use super::{Begun, Ending, Next, Service};

/// How many calls a connection may have at once.
const MAX_CALLS: u32 = 1000;
/// How many bytes may wait in all calls of a connection together. The call that adds more is given up. To read no more is
/// no way out, because the client may be about to open its windows.
const MAX_HELD: usize = 8 << 20;
/// How much output is gathered before it is written.
const ENOUGH: usize = 64 * 1024;
/// How often a connection reads before others have their turn.
const TURN: usize = 16;
/// How long we go on reading after our last byte, in ms, so that no reset destroys it on its way.
const LINGER: u64 = 1000;
/// How long a client may take no output, in ms.
const PATIENCE: u64 = 30_000;

/// Whether a connection goes on.
pub enum Progress {
    /// At once.
    More,
    /// When its socket is ready, or its time has come.
    Wait,
    Over,
}

/// A connection and its calls.
pub struct Peer<C> {
    pub socket: TcpStream,
    /// Whether it waits for its turn.
    pub is_busy: bool,
    /// When it is to be looked at, as the event loop knows it.
    pub timer: Option<u64>,
    grpc: Server<Heap>,
    out: Vec<u8>,
    /// How much of it is written.
    written: usize,
    /// When the client has to have taken some of it.
    patience: Option<u64>,
    /// Until when its last bytes are read, after all was said.
    lingers: Option<u64>,
    /// By the slots of their identifiers.
    calls: Vec<Option<Call<C>>>,
    /// Those that may have something to send. They take turns.
    ready: VecDeque<CallId>,
    /// Those that wait for a time.
    waiting: BTreeSet<(u64, usize)>,
    /// How many bytes wait in all calls.
    held: usize,
}

struct Call<C> {
    id: CallId,
    state: C,
    is_ready: bool,
    /// What could not be sent before.
    unsent: Option<Next>,
    waits: Option<u64>,
    /// How many bytes wait in it, as its connection knows it.
    held: usize,
    trailing_metadata: MetadataList<Vec<u8>>,
}

impl<C> Peer<C> {
    pub fn new(socket: TcpStream, config: ServerConfig<'static>, now: u64) -> Self {
        Self {
            socket,
            is_busy: false,
            timer: None,
            grpc: Server::new(config, Limits::new().max_streams(MAX_CALLS), now),
            out: Vec::new(),
            written: 0,
            patience: None,
            lingers: None,
            calls: Vec::new(),
            ready: VecDeque::new(),
            waiting: BTreeSet::new(),
            held: 0,
        }
    }

    /// Closes the connection once its calls have ended.
    pub fn close(&mut self) {
        self.grpc.close();
    }

    /// When to go on at the latest.
    pub fn deadline(&self) -> Option<u64> {
        if self.lingers.is_some() {
            return self.lingers;
        }
        let waits = self.waiting.first().map(|(at, _)| *at);
        [self.grpc.deadline(), waits, self.patience].into_iter().flatten().min()
    }

    /// Writes, sends and reads what can be.
    pub fn go_on(
        &mut self,
        service: &mut impl Service<Call = C>,
        buf: &mut [u8],
        now: u64,
    ) -> Progress {
        if let Some(until) = self.lingers {
            return self.linger(buf, until <= now);
        }
        let mut len = 0;
        for _ in 0..TURN {
            self.receive(service, &mut buf[..len], now);
            if !self.flush(now) {
                return Progress::Over;
            }
            // Nothing is read before the client has taken everything, so that what we owe it cannot pile up.
            if !self.out.is_empty() {
                return Progress::Wait;
            }
            self.send_ready(service, now);
            self.grpc.transmit(&mut self.out);
            if !self.out.is_empty() {
                len = 0;
                continue;
            }
            if self.grpc.is_over() {
                let _ = self.socket.shutdown(Shutdown::Write);
                self.lingers = Some(now + LINGER);
                return Progress::More;
            }
            match self.socket.read(buf) {
                Ok(0) => {
                    self.grpc.receive_eof();
                    self.receive(service, &mut [], now);
                    return Progress::Over;
                }
                Ok(n) => len = n,
                Err(e) if e.kind() == ErrorKind::WouldBlock => return Progress::Wait,
                Err(e) if e.kind() == ErrorKind::Interrupted => len = 0,
                Err(_) => return Progress::Over,
            }
        }
        self.receive(service, &mut buf[..len], now);
        Progress::More
    }

    fn linger(&mut self, buf: &mut [u8], is_late: bool) -> Progress {
        if is_late {
            return Progress::Over;
        }
        match self.socket.read(buf) {
            Ok(1..) => Progress::More,
            Err(e) if e.kind() == ErrorKind::WouldBlock => Progress::Wait,
            _ => Progress::Over,
        }
    }

    /// Writes what the socket takes. Returns whether the client is still there.
    fn flush(&mut self, now: u64) -> bool {
        while self.written < self.out.len() {
            match self.socket.write(&self.out[self.written..]) {
                Ok(n @ 1..) => {
                    self.written += n;
                    self.patience = Some(now + PATIENCE);
                }
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) if e.kind() == ErrorKind::WouldBlock => {
                    return *self.patience.get_or_insert(now + PATIENCE) > now;
                }
                _ => return false,
            }
        }
        self.out.clear();
        self.out.shrink_to(ENOUGH);
        (self.written, self.patience) = (0, None);
        true
    }

    /// Hands what has come to the service.
    fn receive(&mut self, service: &mut impl Service<Call = C>, mut input: &mut [u8], now: u64) {
        while let Some(event) = self.grpc.receive(&mut input, now) {
            match event {
                ServerEvent::Call(id) => {
                    if let Some(begun) = service.begin(self.grpc.path(), self.grpc.headers()) {
                        self.begin(id, begun);
                    }
                }
                ServerEvent::Message(id) => {
                    if let Some(Some(call)) = self.calls.get_mut(id.slot()) {
                        service.message(&mut call.state, self.grpc.message(id));
                        call.count(service, &mut self.held);
                        if self.held > MAX_HELD {
                            service.give_up(&mut call.state);
                            call.count(service, &mut self.held);
                        }
                        if service.is_full(&call.state) {
                            self.grpc.pause(id);
                        }
                        self.wake(id);
                    }
                }
                ServerEvent::HalfClose(id) => {
                    if let Some(Some(call)) = self.calls.get_mut(id.slot()) {
                        service.half_close(&mut call.state);
                        self.wake(id);
                    }
                }
                ServerEvent::Writable(id) => self.wake(id),
                ServerEvent::Cancelled { call, .. } => self.forget(call),
                _ => {}
            }
        }
        while let Some((_, slot)) = self.waiting.first().copied().filter(|(at, _)| *at <= now) {
            self.waiting.pop_first();
            if let Some(Some(call)) = self.calls.get_mut(slot) {
                call.waits = None;
                let id = call.id;
                self.wake(id);
            }
        }
    }

    fn begin(&mut self, id: CallId, begun: Begun<C>) {
        let Begun { call, kind, encoding, metadata, trailing_metadata } = begun;
        self.grpc.accept(id, kind).expect("it was just announced");
        let mut head = ResponseHead::new().metadata(&metadata);
        if let Some(name) = encoding {
            head = head.encoding(name);
        }
        // Without any of these, the head goes with the first message. But tonic's clients wait for the head before they
        // hand out a stream, and so before they send what the first message may have to answer.
        let is_awaited = kind == CallKind::BidiStreaming;
        if (encoding.is_some() || !metadata.is_empty() || is_awaited)
            && self.grpc.send_head(id, head, &mut self.out).is_err()
        {
            return; // it has ended already
        }
        if self.calls.len() <= id.slot() {
            self.calls.resize_with(id.slot() + 1, || None);
        }
        let call = Call {
            id,
            state: call,
            is_ready: false,
            unsent: None,
            waits: None,
            held: 0,
            trailing_metadata,
        };
        self.calls[id.slot()] = Some(call);
        self.wake(id);
    }

    /// Gives a call a turn.
    fn wake(&mut self, id: CallId) {
        if let Some(Some(call)) = self.calls.get_mut(id.slot())
            && !std::mem::replace(&mut call.is_ready, true)
        {
            self.ready.push_back(id);
        }
    }

    fn forget(&mut self, id: CallId) {
        if let Some(slot) = self.calls.get_mut(id.slot())
            && let Some(call) = slot.take_if(|call| call.id == id)
        {
            self.held -= call.held;
            if let Some(at) = call.waits {
                self.waiting.remove(&(at, id.slot()));
            }
        }
    }

    /// Sends a message of each call that has one, in turns, until it is enough for a write.
    fn send_ready(&mut self, service: &mut impl Service<Call = C>, now: u64) {
        while self.out.len() < ENOUGH
            && let Some(id) = self.ready.pop_front()
        {
            let Some(Some(call)) = self.calls.get_mut(id.slot()) else { continue };
            if call.id != id {
                continue; // another call has its place
            }
            call.is_ready = false;
            if let Some(at) = call.waits.take() {
                self.waiting.remove(&(at, id.slot()));
            }
            let next = call.unsent.take().unwrap_or_else(|| service.next(&mut call.state, now));
            call.count(service, &mut self.held);
            let sent = match &next {
                Next::Wait => continue,
                Next::WaitUntil(at) => {
                    call.waits = Some(*at);
                    self.waiting.insert((*at, id.slot()));
                    continue;
                }
                Next::Send(bytes) => self.grpc.send(id, bytes, &mut self.out),
                Next::SendCompressed(bytes) => {
                    self.grpc.send(id, Message { compressed: true, bytes }, &mut self.out)
                }
                Next::End(Ending { code, message, details }) => {
                    let mut status = Status::new(*code, message);
                    if !details.is_empty() {
                        status = status.with_details(details);
                    }
                    let trailers = Trailers::new(status).metadata(&call.trailing_metadata);
                    match self.grpc.finish(id, trailers, &mut self.out) {
                        Ok(()) => Err(SendError::Ended),
                        failed => failed,
                    }
                }
            };
            match sent {
                Ok(()) => {
                    if !service.is_full(&call.state) {
                        self.grpc.resume(id);
                    }
                    self.wake(id);
                }
                // `Writable` says when.
                Err(SendError::Busy) => call.unsent = Some(next),
                Err(SendError::Ended) => self.forget(id),
                Err(_) => {
                    let status = Status::new(Code::Internal, "not a valid response");
                    // If even this fails, the call has ended.
                    let _ = self.grpc.finish(id, status, &mut self.out);
                    self.forget(id);
                }
            }
        }
    }
}

impl<C> Call<C> {
    /// Counts what waits in it, in the sum of its connection.
    fn count(&mut self, service: &impl Service<Call = C>, sum: &mut usize) {
        let held = service.held(&self.state);
        *sum = *sum - self.held + held;
        self.held = held;
    }
}
