//! One end of a connection in front of a peer that sends what it is told to, in any pieces.

use framewright::http::NO_FIELDS;
use framewright::http2::{
    Client, Connection, Error, Event, Headers, Limits, Request, Server, Side, Slot, Storage, Stream,
};

use super::http2_peer::{self as peer, ACK, Frame, GOAWAY, PING, PREFACE, RST_STREAM, frames};

/// What an end did about what it got.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Reaction {
    /// Nothing but what has to be answered.
    Fine,
    /// It reset a stream, with this code.
    Reset(u32, u32),
    /// It ended the connection, with this code.
    GoAway(u32),
}

/// What an end told its caller. Pieces of a body that follow each other are one.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Seen {
    Head { stream: u32, head: String, end: bool },
    Informational { stream: u32, head: String },
    Data { stream: u32, bytes: Vec<u8>, end: bool },
    Trailers { stream: u32, trailers: String },
    Reset { stream: u32, code: u32 },
    StreamFailed { stream: u32, error: Error },
    Settings,
    Pong([u8; 8]),
    GoAway { last: u32, code: u32 },
    Failed(Error),
}

/// An end with storage that grows.
pub struct Session<R: Side> {
    pub h2: Connection<R, Vec<u8>, Vec<Slot>>,
    pub head: Vec<u8>,
    /// What was written and not taken.
    pub out: Vec<u8>,
    pub seen: Vec<Seen>,
    /// The streams whose heads came, and those that were opened.
    pub streams: Vec<Stream>,
    /// What the peer has to send before anything else.
    opening: Vec<u8>,
}

/// A server that answers nothing.
pub fn server() -> Session<Server> {
    server_with(Limits::new())
}

pub fn server_with(limits: Limits) -> Session<Server> {
    let h2 = Connection::server(Storage::new(), limits).extended_connect();
    Session::new(h2, [PREFACE, &peer::settings(&[])].concat())
}

/// A client whose request on stream 1 is complete, and whose request on stream 3 is not.
pub fn client() -> Session<Client> {
    client_with(Limits::new())
}

pub fn client_with(limits: Limits) -> Session<Client> {
    let mut session = Session::new(Connection::client(Storage::new(), limits), peer::settings(&[]));
    for (method, end) in [("GET", true), ("POST", false)] {
        let request = Request::new(method, "http", "a.example", "/");
        let stream = session.h2.open(request, NO_FIELDS, end, &mut session.out);
        session.streams.push(stream.expect("a client may begin at once"));
    }
    session
}

impl<R: Side> Session<R> {
    fn new(h2: Connection<R, Vec<u8>, Vec<Slot>>, opening: Vec<u8>) -> Self {
        let (head, out, seen, streams) = Default::default();
        Self { h2, head, out, seen, streams, opening }
    }

    /// Receives what a peer sends before anything else.
    pub fn open(&mut self) {
        let opening = std::mem::take(&mut self.opening);
        self.receive(&opening);
    }

    /// Receives these bytes.
    pub fn receive(&mut self, bytes: &[u8]) {
        let mut bytes = bytes.to_vec();
        let mut input = &mut bytes[..];
        while let Some(event) = self.h2.receive(&mut input, &mut self.head) {
            let seen = match event {
                Event::Head { stream, head, end } => {
                    self.streams.push(stream);
                    Seen::Head { stream: stream.id().get(), head: format!("{head:?}"), end }
                }
                Event::Informational { stream, head } => {
                    Seen::Informational { stream: stream.id().get(), head: format!("{head:?}") }
                }
                Event::Data(data) => {
                    let stream = data.stream().id().get();
                    Seen::Data { stream, bytes: data.bytes.to_vec(), end: data.end() }
                }
                Event::Trailers { stream, trailers } => {
                    Seen::Trailers { stream: stream.id().get(), trailers: text(trailers) }
                }
                Event::Reset { stream, code } => {
                    Seen::Reset { stream: stream.id().get(), code: code.0 }
                }
                Event::StreamFailed { stream, error } => {
                    Seen::StreamFailed { stream: stream.id().get(), error }
                }
                Event::Settings => Seen::Settings,
                Event::Pong(payload) => Seen::Pong(payload),
                Event::GoAway { last, code } => Seen::GoAway { last, code: code.0 },
                Event::Failed(error) => Seen::Failed(error),
            };
            self.see(seen);
        }
        assert!(input.is_empty(), "all input is taken");
    }

    /// Adds to what was seen.
    fn see(&mut self, seen: Seen) {
        if let (
            Some(Seen::Data { stream, bytes, end: end @ false }),
            Seen::Data { stream: next, bytes: more, end: ends },
        ) = (self.seen.last_mut(), &seen)
            && stream == next
        {
            bytes.extend(more);
            *end = *ends;
            return;
        }
        self.seen.push(seen);
    }

    /// Takes the frames that were written, with what was owed.
    pub fn take_frames(&mut self) -> Vec<Frame> {
        let (owes, len) = (self.h2.owes(), self.out.len());
        assert!(self.h2.transmit(&mut self.out), "there is room");
        assert_eq!(
            (owes, self.h2.owes()),
            (self.out.len() > len, false),
            "what is owed is written"
        );
        let out = std::mem::take(&mut self.out);
        frames(out.strip_prefix(PREFACE).unwrap_or(&out))
    }

    /// Receives the peer's opening and then these frames, and says what came of it.
    pub fn react(&mut self, pieces: &[&[u8]]) -> Reaction {
        self.open();
        self.out.clear();
        for piece in pieces {
            self.receive(piece);
        }
        let frames = self.take_frames();
        if let Some(goaway) = frames.iter().find(|frame| frame.kind == GOAWAY) {
            assert!(matches!(self.seen.last(), Some(Seen::Failed(_))), "{:?}", self.seen);
            return Reaction::GoAway(goaway.number(4));
        }
        // It is alive, and still in step.
        self.receive(&peer::ping(b"in step?"));
        let pong = Frame { kind: PING, flags: ACK, stream: 0, payload: b"in step?".to_vec() };
        assert_eq!(self.take_frames(), [pong]);
        match frames.iter().find(|frame| frame.kind == RST_STREAM) {
            Some(reset) => Reaction::Reset(reset.stream, reset.number(0)),
            None => Reaction::Fine,
        }
    }
}

/// What an end made by `new` does about these frames, however they are cut: whole, frame by frame, byte by byte.
/// What it tells its caller is the same each time.
pub fn reaction_to<R: Side>(new: impl Fn() -> Session<R>, frames: &[Vec<u8>]) -> Reaction {
    let bytes = frames.concat();
    let run = |pieces: &[&[u8]]| {
        let mut session = new();
        let reaction = session.react(pieces);
        (reaction, session.seen)
    };
    let whole = run(&[&bytes]);
    assert_eq!(run(&frames.iter().map(|frame| &frame[..]).collect::<Vec<_>>()), whole);
    assert_eq!(run(&bytes.chunks(1).collect::<Vec<_>>()), whole, "byte by byte");
    for at in 0..bytes.len().min(100) {
        assert_eq!(run(&[&bytes[..at], &bytes[at..]]), whole, "cut at {at}");
    }
    whole.0
}

/// Trailers as text.
pub fn text(headers: Headers<'_>) -> String {
    format!("{headers:?}")
}
