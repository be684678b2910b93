//! HTTP/1.1 and 1.0: one exchange after another.

mod exchange;

use framewright::Buffer;
use framewright::http1::{self, HeadReader, Limits};
use framewright::ws::handshake::{self, Offer};

use crate::Shared;
use crate::output::Output;
use crate::response::Response;
use crate::route::{self, Answer};
use crate::service::Filled;
use crate::websocket::{Place, Session};
use exchange::Exchange;

/// Above this many unsent bytes, the requests that have come wait for their answers.
const HIGH_WATER: usize = 256 * 1024;
/// How long a request head may take, and an idle connection without one, in ms.
const HEAD_WITHIN: u64 = 15_000;
/// How long a body may take that is only ignored, in ms.
const BODY_WITHIN: u64 = 15_000;

/// A connection.
///
/// ```text
///       the connection goes on
///     ┌────────────────────────┐
///     ▼                        │
///     Head ── a request ──▶ Exchange ── the last answer ──▶ Next::Close
///     │  │
///     │  └── bytes that are no request ──▶ Next::Close
///     └── an accepted upgrade ──▶ Next::WebSocket
/// ```
pub struct Http1 {
    state: State,
    /// When that began.
    since: u64,
}

enum State {
    /// Between requests, or within the head of one.
    Head(HeadReader<Vec<u8>>),
    /// Until the answer to a request is written.
    Exchange(Box<Exchange>),
}

/// What becomes of a connection.
pub enum Next {
    /// It goes on.
    Same,
    /// Frames of WebSocket follow.
    WebSocket(Box<Session>),
    /// Nothing more will be said.
    Close,
}

impl Http1 {
    pub fn new(now: u64) -> Self {
        Self { state: State::head(), since: now }
    }

    /// Whether what comes next has to wait.
    pub fn holds(&self, out: &Output) -> bool {
        match &self.state {
            State::Head(_) => out.pending() > HIGH_WATER,
            State::Exchange(exchange) => exchange.has_request(),
        }
    }

    /// Whether a request has come, and its answer is not complete.
    pub fn is_answering(&self) -> bool {
        matches!(&self.state, State::Exchange(exchange) if exchange.has_request())
    }

    /// Whether some of a head has come.
    pub fn is_within_head(&self) -> bool {
        matches!(&self.state, State::Head(reader) if reader.check_eof().is_err())
    }

    /// Whether every request that has come is answered.
    pub fn is_between(&self) -> bool {
        matches!(self.state, State::Head(_))
    }

    /// Whether others may make it say something.
    pub fn hears_others(&self) -> bool {
        matches!(&self.state, State::Exchange(exchange) if exchange.hears_others())
    }

    /// Receives a head, or a piece of a body, advancing `input` past it.
    pub fn receive(
        &mut self,
        input: &mut &mut [u8],
        out: &mut Output,
        shared: &mut Shared,
    ) -> Next {
        let reader = match &mut self.state {
            State::Head(reader) => reader,
            State::Exchange(exchange) => {
                return match exchange.receive(input, shared) {
                    Ok(()) => self.go_on(out, shared),
                    Err(e) => give_up(e.status(), &e.to_string(), out),
                };
            }
        };
        match reader.read_request(input) {
            Ok(Some(request)) => match begin(&request, out, shared) {
                Ok(exchange) => {
                    self.enter(State::Exchange(exchange), shared.now);
                    self.go_on(out, shared)
                }
                Err(next) => next,
            },
            Ok(None) => Next::Same,
            Err(e) => give_up(e.status(), &e.to_string(), out),
        }
    }

    /// Writes an answer that is complete at once, so that the next request can be read.
    fn go_on(&mut self, out: &mut Output, shared: &mut Shared) -> Next {
        match &self.state {
            State::Exchange(exchange) if exchange.is_whole() => match self.fill(out, shared) {
                Filled::End => Next::Close,
                Filled::Enough | Filled::Until(_) => Next::Same,
            },
            _ => Next::Same,
        }
    }

    /// Receives the end of the input. The other end may still read, so whatever it asked for is answered.
    pub fn receive_eof(&mut self, out: &mut Output) -> Next {
        let was_cut_off = match &mut self.state {
            State::Head(reader) if reader.check_eof().is_ok() => return Next::Close,
            State::Head(_) => true,
            State::Exchange(exchange) if exchange.ends_with_input() => return Next::Close,
            State::Exchange(exchange) => !exchange.receive_eof(),
        };
        if was_cut_off { give_up(400, "the request was cut off", out) } else { Next::Same }
    }

    /// Writes what there is to say. After the end, nothing more will be said.
    pub fn fill(&mut self, out: &mut Output, shared: &mut Shared) -> Filled {
        let State::Exchange(exchange) = &mut self.state else { return Filled::ALL };
        let filled = exchange.fill(out, shared);
        if filled == Filled::End && exchange.is_persistent() {
            self.enter(State::head(), shared.now);
            return Filled::ALL;
        }
        filled
    }

    /// Checks the deadlines. `taken_at` is when the peer last took some of its output: its time does not run meanwhile.
    pub fn tick(&mut self, taken_at: u64, out: &mut Output, now: u64) -> Next {
        let waited = now.saturating_sub(self.since.max(taken_at));
        match &self.state {
            // Between requests, it ends without a word.
            State::Head(reader) if waited >= HEAD_WITHIN && reader.check_eof().is_ok() => {
                Next::Close
            }
            State::Head(_) if waited >= HEAD_WITHIN => time_out(out),
            State::Exchange(exchange) if waited >= BODY_WITHIN && exchange.ignores_rest() => {
                time_out(out)
            }
            State::Head(_) | State::Exchange(_) => Next::Same,
        }
    }

    /// Begins to close. Returns whether all was said.
    pub fn shut_down(&mut self, out: &mut Output, shared: &mut Shared) -> bool {
        match &mut self.state {
            State::Head(_) => true,
            State::Exchange(exchange) => exchange.shut_down(out, shared),
        }
    }

    fn enter(&mut self, state: State, now: u64) {
        self.state = state;
        self.since = now;
    }
}

impl State {
    fn head() -> Self {
        Self::Head(HeadReader::new(Vec::new(), Limits::new()))
    }
}

/// Begins to answer a request, unless it is for a WebSocket.
fn begin(
    request: &http1::Request<'_>,
    out: &mut Output,
    shared: &mut Shared,
) -> Result<Box<Exchange>, Next> {
    let mut response = Response::default();
    shared.wires.note(0, &request.into());
    let service = match route::answer(&request.into(), &mut response, shared) {
        Answer::WebSocket(place) => return Err(open_websocket(place, request, out, shared)),
        Answer::Service(service) => Some(service),
        Answer::Whole => None,
    };
    let mut exchange = Box::new(Exchange::new(request, service, response));
    // The body may be empty, and then no bytes of it will come. If it is too long, that is known before the first.
    match exchange.receive(&mut &mut [][..], shared) {
        Ok(()) => {
            exchange.ask_for_body(request, out);
            Ok(exchange)
        }
        Err(e) => Err(give_up(e.status(), &e.to_string(), out)),
    }
}

/// Answers the opening handshake.
fn open_websocket(
    place: Place,
    request: &http1::Request<'_>,
    out: &mut Output,
    shared: &Shared,
) -> Next {
    if request.method() == "HEAD" {
        refuse_head(out);
        return Next::Close;
    }
    let offer = match Offer::from_request(request, place.origins(shared)) {
        Ok(offer) => offer,
        Err(e) => {
            e.refuse().write(out).expect("a Vec has room");
            return Next::Close;
        }
    };
    match place.answer(&offer, shared) {
        Ok(acceptance) => {
            acceptance.write(out).expect("it was offered, and a Vec has room");
            Next::WebSocket(Box::new(place.enter(&request.into(), &acceptance, shared)))
        }
        Err(refusal) => {
            refusal.write(out).expect("a Vec has room");
            Next::Close
        }
    }
}

/// Answers a `HEAD` as a `GET` without an upgrade, but for the body (RFC 9110 §9.3.2).
fn refuse_head(out: &mut Output) {
    let start = out.as_slice().len();
    handshake::Error::NotAnUpgrade.refuse().write(out).expect("a Vec has room");
    let head = out.as_slice()[start..].windows(4).position(|end| end == b"\r\n\r\n");
    out.truncate(start + head.expect("a head ends so") + 4);
}

/// Refuses bytes that are no request, or not a whole one. It is not known where the next request would
/// begin, so the connection ends.
fn give_up(status: u16, why: &str, out: &mut Output) -> Next {
    let body = format!("{why}\n");
    let response = http1::ResponseWriter::new(status).headers(&[TEXT][..]).body(body.as_bytes());
    response.close().write(out).expect("the headers are our own, and a Vec has room");
    Next::Close
}

const TEXT: (&str, &str) = ("Content-Type", "text/plain; charset=utf-8");

/// Refuses a request that takes too long.
fn time_out(out: &mut Output) -> Next {
    give_up(408, "the request took too long", out)
}
