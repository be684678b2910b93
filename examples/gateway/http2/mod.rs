//! HTTP/2: many exchanges at once, each on a stream of its own.
//!
//! A connection writes only to [`Output`], and is asked for more once that has gone out.
//!
//! ```text
//!     receive ──▶ request, bytes of its body ──▶ Exchange ──▶ ready ──┐
//!                                                                     ├──▶ fill: one piece of each, in turns
//!     receive ──▶ a window has opened ──────────▶ writable ───────────┘
//! ```

mod exchange;

use std::collections::VecDeque;

use framewright::http2::{
    Action, Connection, ErrorCode, Event, Head, Keepalive, Limits, Server, Slot, Storage, Stream,
};
use framewright::ws::handshake::Offer;

use crate::Shared;
use crate::output::Output;
use crate::response::Response;
use crate::room::{Heard, MOST_UNSENT};
use crate::route::{self, Answer};
use crate::service::Filled;
use crate::websocket::{Place, Session};
use exchange::{Exchange, Sent, Source};

/// A connection may have as many streams as a port has connections. A stream holds about as much as a connection: up to
/// one window of what a client sends without reading.
const LIMITS: Limits = Limits::new().max_streams(1000).stream_window(64 * 1024);
/// How much output is gathered before it is written, in bytes.
const ENOUGH: usize = 64 * 1024;
/// How many turns streams have before other connections have theirs.
const TURNS: usize = 256;
/// How long the rest of a request is read after its answer, in ms: some proxies drop a response whose stream is reset
/// right after it.
const DRAIN: u64 = 1_000;
/// How long a client may be silent before it is pinged, in ms.
const PING_AFTER: u64 = 60_000;

/// A connection.
pub struct Http2 {
    connection: Connection<Server, Vec<u8>, Vec<Slot>>,
    keepalive: Keepalive,
    /// Where heads are decoded.
    head: Vec<u8>,
    /// By [`Stream::slot`].
    exchanges: Vec<Option<Box<Exchange>>>,
    /// Streams that may have something to do. They take turns.
    ready: VecDeque<Stream>,
    /// Whether input waits until the broker of topics keeps up.
    has_slowed: bool,
    /// Streams that are answered before their requests have ended, and when to reset them.
    draining: VecDeque<(u64, Stream)>,
    /// Whether the connection closes, so that no exchange is begun.
    is_closing: bool,
}

impl Http2 {
    pub fn new(now: u64) -> Self {
        Self {
            connection: Connection::server(Storage::new(), LIMITS).extended_connect(),
            keepalive: Keepalive::new(now).ping_after(PING_AFTER),
            head: Vec::new(),
            exchanges: Vec::new(),
            ready: VecDeque::new(),
            has_slowed: false,
            draining: VecDeque::new(),
            is_closing: false,
        }
    }

    /// Whether a request has come, and its answer is not complete.
    pub fn is_answering(&self) -> bool {
        self.exchanges.iter().flatten().next().is_some()
    }

    /// Receives what was read.
    pub fn receive(&mut self, mut input: &mut [u8], shared: &mut Shared) {
        self.keepalive.received(shared.now);
        // Events borrow from it while `self` is used.
        let mut buffer = std::mem::take(&mut self.head);
        while let Some(event) = self.connection.receive(&mut input, &mut buffer) {
            match event {
                Event::Head { stream, head, end } => self.begin(stream, &head, end, shared),
                Event::Data(data) => {
                    let (stream, end) = (data.stream(), data.end());
                    if let Some(exchange) = self.exchange(stream)
                        && exchange.hold(data.bytes, end)
                    {
                        self.connection.keep(stream, data.bytes.len() as u32);
                        self.wake(stream);
                    }
                }
                Event::Trailers { stream, .. } => {
                    if let Some(exchange) = self.exchange(stream) {
                        exchange.hold(&[], true);
                        self.wake(stream);
                    }
                }
                Event::Reset { stream, .. } | Event::StreamFailed { stream, .. } => {
                    self.forget(stream);
                }
                Event::Failed(_) => self.exchanges.clear(),
                // It says what happens next by itself: see `is_over`.
                Event::GoAway { .. } => {}
                Event::Settings => self.keepalive.opened(shared.now),
                Event::Pong(_) | Event::Informational { .. } => {}
            }
        }
        buffer.clear();
        buffer.shrink_to(1024);
        self.head = buffer;
    }

    /// Begins to answer a request.
    fn begin(&mut self, stream: Stream, head: &Head<'_>, end: bool, shared: &mut Shared) {
        if self.is_closing {
            // It may be sent again, on another connection.
            return self.connection.reset(stream, ErrorCode::REFUSED_STREAM);
        }
        let mut response = Response::default();
        shared.wires.note(stream.id().get(), &head.into());
        let source = match route::answer(&head.into(), &mut response, shared) {
            Answer::Whole => Source::Nothing,
            Answer::Service(service) => Source::Service(service),
            Answer::WebSocket(place) => open_websocket(place, head, &mut response, shared)
                .map_or(Source::Nothing, |session| Source::WebSocket(Box::new(session))),
        };
        let exchange = Exchange::new(stream, head, end, source, response);
        if self.exchanges.len() <= stream.slot() {
            self.exchanges.resize_with(stream.slot() + 1, || None);
        }
        self.exchanges[stream.slot()] = Some(Box::new(exchange));
        self.wake(stream);
    }

    /// Receives the end of the input. What was asked for is answered, if it takes no more input.
    pub fn receive_eof(&mut self) {
        for exchange in &mut self.exchanges {
            exchange.take_if(|exchange| !exchange.can_go_on_alone());
        }
    }

    /// Lets streams say what they have to say, one piece of each in turns, until it is enough for a write. After the
    /// end, nothing more will be said.
    pub fn fill(&mut self, out: &mut Output, shared: &mut Shared) -> Filled {
        if self.has_slowed && !shared.stomp.is_congested() {
            self.has_slowed = false;
            self.for_each(|_| Wish::Turn);
        }
        let was_empty = out.pending() == 0;
        let mut done = false;
        for _ in 0..TURNS {
            if done || out.pending() >= ENOUGH {
                break;
            }
            let (writable, ready) = (self.connection.writable(), self.ready.pop_front());
            done = writable.is_none() && ready.is_none();
            if let Some(stream) = writable {
                if let Some(exchange) = self.exchange(stream) {
                    exchange.is_taken(shared.now);
                }
                self.turn(stream, out, shared);
            }
            if let Some(stream) = ready {
                self.turn(stream, out, shared);
            }
        }
        if was_empty {
            // What the protocol owes has a fixed size only if earlier output was written.
            self.connection.transmit(out);
        }
        if self.connection.is_over() {
            Filled::End
        } else if !done || self.connection.owes() {
            Filled::Enough
        } else {
            Filled::ALL
        }
    }

    /// Lets a stream receive a piece of its input, and say a piece.
    fn turn(&mut self, stream: Stream, out: &mut Output, shared: &mut Shared) {
        let Self { connection, exchanges, .. } = self;
        let Some(exchange) = find(exchanges, stream) else { return };
        match exchange.turn(connection, out, shared) {
            Ok(Sent::More) => self.wake(stream),
            Ok(Sent::Slowed) => self.has_slowed = true,
            Ok(Sent::Until(time)) => shared.wake_at = shared.wake_at.min(time),
            Ok(Sent::End) => {
                self.forget(stream);
                if self.connection.is_open(stream) {
                    self.draining.push_back((shared.now + DRAIN, stream));
                    shared.wake_at = shared.wake_at.min(shared.now + DRAIN);
                }
            }
            Err(_) => self.cut_off(stream, ErrorCode::INTERNAL_ERROR),
        }
    }

    /// Checks the deadlines. Returns whether the client is alive.
    pub fn tick(&mut self, shared: &mut Shared) -> bool {
        let now = shared.now;
        self.connection.poll(now);
        if self.connection.is_acknowledged() {
            self.keepalive.acknowledged();
        }
        self.keepalive.streams(now, self.connection.open_streams() > 0);
        match self.keepalive.poll(now) {
            Some(Action::Ping) => {
                // It fails if one is in flight.
                let _ = self.connection.ping(*b"alive?\0\0");
            }
            Some(Action::Idle) => self.connection.close(),
            Some(Action::Dead | Action::CloseTimedOut) => return false,
            Some(Action::SettingsTimedOut) => self.connection.fail(ErrorCode::SETTINGS_TIMEOUT),
            // The keepalive is not told of streams that wait. Each has a time-out of its own, so that one that is stuck
            // does not end the others.
            Some(Action::PrefaceTimedOut | Action::Stalled) => {
                self.connection.fail(ErrorCode::NO_ERROR);
            }
            None => {}
        }
        while let Some((at, stream)) = self.draining.front() {
            if *at > now {
                shared.wake_at = shared.wake_at.min(*at);
                break;
            }
            self.connection.reset(*stream, ErrorCode::NO_ERROR);
            self.draining.pop_front();
        }
        self.for_each(|exchange| exchange.tick(shared));
        true
    }

    /// Begins to close: exchanges say their last, and nothing new is begun.
    pub fn shut_down(&mut self, shared: &mut Shared) {
        self.is_closing = true;
        self.connection.close();
        self.keepalive.closing(shared.now);
        self.for_each(|exchange| {
            exchange.shut_down(shared);
            Wish::Turn
        });
    }

    /// Passes on chat messages to the members of the room. Those that do not keep up are dropped.
    pub fn hear(&mut self, heard: &Heard, shared: &Shared) {
        self.for_each(|exchange| match exchange.hear(heard, shared) {
            false => Wish::Nothing,
            true if exchange.unsent() > MOST_UNSENT => Wish::CutOff,
            true => Wish::Turn,
        });
    }

    /// Gives a turn to those whom others may make say something.
    pub fn hear_others(&mut self) {
        self.for_each(|exchange| if exchange.hears_others() { Wish::Turn } else { Wish::Nothing });
    }

    /// Asks every exchange what is to be done with it.
    fn for_each(&mut self, mut ask: impl FnMut(&mut Exchange) -> Wish) {
        for slot in 0..self.exchanges.len() {
            let Some(exchange) = &mut self.exchanges[slot] else { continue };
            let (wish, stream) = (ask(exchange), exchange.stream);
            match wish {
                Wish::Nothing => {}
                Wish::Turn => self.wake(stream),
                Wish::CutOff => self.cut_off(stream, ErrorCode::CANCEL),
            }
        }
    }

    fn exchange(&mut self, stream: Stream) -> Option<&mut Exchange> {
        find(&mut self.exchanges, stream)
    }

    /// Gives a stream a turn.
    fn wake(&mut self, stream: Stream) {
        if let Some(exchange) = self.exchange(stream)
            && !std::mem::replace(&mut exchange.is_queued, true)
        {
            self.ready.push_back(stream);
        }
    }

    fn cut_off(&mut self, stream: Stream, code: ErrorCode) {
        self.connection.reset(stream, code);
        self.forget(stream);
    }

    fn forget(&mut self, stream: Stream) {
        if let Some(exchange) = self.exchanges.get_mut(stream.slot()) {
            exchange.take_if(|exchange| exchange.stream == stream);
        }
    }
}

/// What is to be done with an exchange.
enum Wish {
    Nothing,
    Turn,
    CutOff,
}

/// The exchange on a stream, unless it has ended.
fn find(exchanges: &mut [Option<Box<Exchange>>], stream: Stream) -> Option<&mut Exchange> {
    let exchange = exchanges.get_mut(stream.slot())?.as_deref_mut()?;
    (exchange.stream == stream).then_some(exchange)
}

/// Answers the opening handshake (RFC 8441), and begins the session if it succeeds.
fn open_websocket(
    place: Place,
    head: &Head<'_>,
    response: &mut Response,
    shared: &Shared,
) -> Option<Session> {
    let request = head.request();
    let offer = Offer::from_connect(&request, head.headers(), place.origins(shared));
    let answer = offer.as_ref().map_err(|e| e.refuse_connect());
    match answer.and_then(|offer| place.answer(offer, shared)) {
        Ok(acceptance) => {
            let fields = acceptance.to_fields().expect("it was offered");
            response.head(acceptance.status()).fields.extend(fields);
            Some(place.enter(&head.into(), &acceptance, shared))
        }
        Err(refusal) => {
            let fields = refusal.to_fields().expect("nothing in it comes from the client");
            response.whole(refusal.status(), fields, refusal.content());
            None
        }
    }
}
