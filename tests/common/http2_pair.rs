//! Our client and our server of HTTP/2, joined through any cuts, with any calls on each.
//!
//! Neither may find fault with the other. Every byte of a body arrives once and in order, every stream ends once at
//! each end, and once nobody holds anything back, everything gets through.

use std::collections::BTreeMap;

use framewright::http::NO_FIELDS;
use framewright::http2::{
    Client, Connection, ErrorCode, Event, Limits, Request, SendError, Server, Side, Slot, Storage,
    Stream,
};

/// Any bytes, to decide what happens. After their end, there are zeros.
pub struct Choices<'a>(pub &'a [u8]);

impl Choices<'_> {
    pub fn byte(&mut self) -> u8 {
        self.0.split_off_first().copied().unwrap_or_default()
    }

    /// A number below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        usize::from(u16::from_be_bytes([self.byte(), self.byte()])) % end.max(1)
    }

    /// A length, mostly short.
    pub fn len(&mut self) -> usize {
        1 << self.below(18) >> 1
    }

    /// The length of a body, which is not too long.
    pub fn body_len(&mut self) -> usize {
        self.len().min(1 << 13)
    }
}

/// Runs what these bytes say.
pub fn run(bytes: &[u8]) {
    let mut choices = Choices(bytes);
    let limits = |choices: &mut Choices<'_>| {
        Limits::new()
            .max_streams(1 + choices.below(8) as u32)
            .stream_window(1 + choices.len() as u32)
            .connection_window(0xFFFF + choices.len() as u32)
            .max_frame_len(choices.len() as u32)
            .max_send_len(16 + choices.len() as u32)
    };
    let [client, server] = [limits(&mut choices), limits(&mut choices)];
    let (to_server, to_client) = (max_body_len(&client, &server), max_body_len(&server, &client));
    let mut client = End::new(Connection::client(storage(), client), 1, to_server);
    let mut server = End::new(Connection::server(storage(), server), 2, to_client);
    while !choices.0.is_empty() {
        match choices.byte() % 4 {
            0 => deliver(&mut client, &mut server, &mut choices),
            1 => deliver(&mut server, &mut client, &mut choices),
            2 => {
                if choices.byte().is_multiple_of(3) {
                    open(&mut client, &mut choices);
                }
                client.act(&mut choices);
            }
            _ => server.act(&mut choices),
        }
    }
    // Nobody holds anything back: all that is begun comes to its end.
    for round in 0.. {
        assert!(round < 10_000, "it goes on for ever");
        let moved = [client.flush(), server.flush()];
        let got = [deliver_all(&mut client, &mut server), deliver_all(&mut server, &mut client)];
        if moved == [false; 2] && got == [false; 2] {
            break;
        }
    }
    client.agree_with(&server);
    server.agree_with(&client);
}

/// A body takes some tens of frames at most, as more would show nothing more.
fn max_body_len(from: &Limits, to: &Limits) -> usize {
    from.max_send_len.min(to.stream_window) as usize * 40
}

fn storage() -> Storage<Vec<u8>, Vec<Slot>> {
    Storage::new()
}

/// One end, with its output that the other end has not read.
struct End<R: Side> {
    h2: Connection<R, Vec<u8>, Vec<Slot>>,
    head: Vec<u8>,
    out: Vec<u8>,
    streams: BTreeMap<u32, Call>,
    /// What its bodies are made of, and how long they are at most.
    seed: u8,
    max_body_len: usize,
    pings: u32,
    pongs: u32,
}

/// What one end knows of a stream.
#[derive(Debug)]
struct Call {
    stream: Stream,
    /// Its body, and how much of it was sent.
    body: Vec<u8>,
    sent: usize,
    head_sent: bool,
    ended: bool,
    /// How much of the other body came, and whether all of it has.
    got: usize,
    got_end: bool,
    /// Whether one of the ends reset it.
    reset: bool,
    /// Bytes that were kept.
    kept: u32,
    with_trailers: bool,
}

/// The byte of a body at a place.
fn content(seed: u8, id: u32, at: usize) -> u8 {
    seed ^ (id as u8).wrapping_mul(31) ^ (at % 251) as u8
}

fn open(client: &mut End<Client>, choices: &mut Choices<'_>) {
    let len = if choices.byte().is_multiple_of(2) {
        0
    } else {
        choices.body_len().min(client.max_body_len)
    };
    let request = Request::new("POST", "http", "a.example", "/");
    match client.h2.open(request, NO_FIELDS, len == 0, &mut client.out) {
        Ok(stream) => {
            let mut call = Call::new(stream, client.seed, len, choices);
            (call.head_sent, call.ended) = (true, len == 0);
            assert!(client.streams.insert(stream.id().get(), call).is_none(), "it is a new one");
        }
        Err(SendError::TooManyStreams) => {}
        Err(e) => panic!("{e}"),
    }
}

impl Call {
    fn new(stream: Stream, seed: u8, len: usize, choices: &mut Choices<'_>) -> Self {
        Self {
            stream,
            body: (0..len).map(|at| content(seed, stream.id().get(), at)).collect(),
            sent: 0,
            head_sent: false,
            ended: false,
            got: 0,
            got_end: false,
            reset: false,
            kept: 0,
            with_trailers: choices.byte().is_multiple_of(2),
        }
    }
}

impl<R: Side> End<R> {
    fn new(h2: Connection<R, Vec<u8>, Vec<Slot>>, seed: u8, max_body_len: usize) -> Self {
        let (head, out, streams) = Default::default();
        Self { h2, head, out, streams, seed, max_body_len, pings: 0, pongs: 0 }
    }

    /// Does something with one of the streams, or with the connection.
    fn act(&mut self, choices: &mut Choices<'_>) {
        let what = choices.byte();
        let place = choices.below(self.streams.len());
        let id = self.streams.keys().nth(place).copied();
        match (what % 8, id) {
            (0, _) => {
                if self.h2.ping(*b"pingpong").is_ok() {
                    self.pings += 1;
                }
            }
            (1, _) => drop(self.h2.transmit(&mut self.out)),
            (2, Some(id)) if what >= 0xF0 => {
                let call = self.streams.get_mut(&id).expect("it is listed");
                call.reset = true;
                self.h2.reset(call.stream, ErrorCode::CANCEL);
            }
            (2 | 3, Some(id)) => {
                let call = self.streams.get_mut(&id).expect("it is listed");
                let len = call.kept.min(choices.len() as u32);
                call.kept -= len;
                self.h2.release(call.stream, len);
            }
            (4, _) => {
                if let Some(stream) = self.h2.writable() {
                    self.send(stream.id().get(), usize::MAX);
                }
            }
            (_, Some(id)) => {
                self.send(id, choices.len());
            }
            (_, None) => {}
        }
    }

    /// Sends up to `len` bytes of the body, and what comes before and after it.
    fn send(&mut self, id: u32, len: usize) -> bool {
        let Some(call) = self.streams.get_mut(&id) else { return false };
        if call.reset || call.ended {
            return false;
        }
        let rest = &call.body[call.sent..];
        let rest = &rest[..rest.len().min(len)];
        let all = call.sent + rest.len() == call.body.len();
        let end = all && !call.with_trailers;
        match self.h2.send(call.stream, rest, end, &mut self.out) {
            Ok(sent) => {
                call.sent += sent;
                let done = call.sent == call.body.len();
                call.ended = end && done;
                if done && !end {
                    let trailers = [("x-trailer", "1")];
                    let sent = self.h2.send_trailers(call.stream, trailers, &mut self.out);
                    sent.expect("the body is complete");
                    call.ended = true;
                }
                sent > 0 || call.ended
            }
            // The other end has reset it.
            Err(SendError::StreamOver) => {
                assert!(call.reset || call.got_end, "{call:?}");
                call.ended = true;
                false
            }
            Err(e) => panic!("{e}: {call:?}"),
        }
    }

    /// Sends all that can be, and holds nothing back.
    fn flush(&mut self) -> bool {
        let mut moved = false;
        for call in self.streams.values_mut() {
            let kept = std::mem::take(&mut call.kept);
            moved |= kept > 0;
            self.h2.release(call.stream, kept);
        }
        let ids: Vec<u32> = self.streams.keys().copied().collect();
        for id in ids {
            while self.send(id, usize::MAX) {
                moved = true;
            }
        }
        while let Some(stream) = self.h2.writable() {
            while self.send(stream.id().get(), usize::MAX) {
                moved = true;
            }
        }
        assert!(self.h2.transmit(&mut self.out), "there is room");
        moved
    }

    /// Receives bytes, and keeps some of those of bodies.
    fn receive(&mut self, bytes: &[u8], other_seed: u8, choices: &mut Choices<'_>) {
        let mut bytes = bytes.to_vec();
        let mut input = &mut bytes[..];
        while let Some(event) = self.h2.receive(&mut input, &mut self.head) {
            match event {
                Event::Head { stream, end, .. } => {
                    let id = stream.id().get();
                    let len = choices.body_len().min(self.max_body_len);
                    if let Some(call) = self.streams.get_mut(&id) {
                        call.got_end = end;
                    } else {
                        let mut call = Call::new(stream, self.seed, len, choices);
                        call.got_end = end;
                        self.streams.insert(id, call);
                    }
                }
                Event::Data(data) => {
                    let (stream, end) = (data.stream(), data.end());
                    let id = stream.id().get();
                    let call = self.streams.get_mut(&id).expect("its head came");
                    assert!(!call.got_end, "nothing follows the end");
                    for byte in &*data.bytes {
                        assert_eq!(*byte, content(other_seed, id, call.got));
                        call.got += 1;
                    }
                    call.got_end = end;
                    let keep = (data.bytes.len() as u32).min(choices.len() as u32 >> 1);
                    if keep > 0 {
                        self.h2.keep(stream, keep);
                        call.kept += keep;
                    }
                }
                Event::Trailers { stream, trailers } => {
                    let call = self.streams.get_mut(&stream.id().get()).expect("its head came");
                    assert_eq!(trailers.get("x-trailer"), Some(&b"1"[..]));
                    assert!(!call.got_end, "nothing follows the end");
                    call.got_end = true;
                }
                Event::Reset { stream, .. } => {
                    let call = self.streams.get_mut(&stream.id().get()).expect("its head came");
                    call.reset = true;
                }
                Event::Pong(payload) => {
                    assert_eq!(payload, *b"pingpong");
                    self.pongs += 1;
                }
                Event::Settings => {}
                other => panic!("{other:?}"),
            }
        }
        assert!(input.is_empty(), "all input is taken");
    }

    /// Checks that all that the other end sent came.
    fn agree_with<O: Side>(&self, other: &End<O>) {
        assert_eq!(self.pings, self.pongs);
        for (id, call) in &self.streams {
            let Some(theirs) = other.streams.get(id) else {
                assert!(call.reset, "{id} never arrived: {call:?}");
                continue;
            };
            if call.reset || theirs.reset {
                continue;
            }
            assert!(call.ended && call.got_end, "{id}: {call:?}, {theirs:?}");
            assert_eq!((call.got, call.sent), (theirs.sent, call.body.len()), "{id}");
        }
    }
}

/// Sends the response's head, if that is for this end to send.
trait Respond {
    fn respond(&mut self) -> bool;
}

impl Respond for End<Client> {
    fn respond(&mut self) -> bool {
        false
    }
}

impl Respond for End<Server> {
    fn respond(&mut self) -> bool {
        let mut any = false;
        for call in self.streams.values_mut().filter(|call| !call.head_sent && !call.reset) {
            let sent = self.h2.send_head(call.stream, 200, NO_FIELDS, false, &mut self.out);
            match sent {
                Ok(()) => call.head_sent = true,
                Err(SendError::StreamOver) => call.reset = true,
                Err(e) => panic!("{e}: {call:?}"),
            }
            any = true;
        }
        any
    }
}

/// Lets the other end read some of what was written.
fn deliver<A: Side, B: Side>(from: &mut End<A>, to: &mut End<B>, choices: &mut Choices<'_>)
where
    End<B>: Respond,
{
    let len = choices.len().min(from.out.len());
    let bytes: Vec<u8> = from.out.drain(..len).collect();
    to.receive(&bytes, from.seed, choices);
    to.respond();
}

/// Lets the other end read all that was written.
fn deliver_all<A: Side, B: Side>(from: &mut End<A>, to: &mut End<B>) -> bool
where
    End<B>: Respond,
{
    let bytes = std::mem::take(&mut from.out);
    to.receive(&bytes, from.seed, &mut Choices(&[]));
    to.respond() || !bytes.is_empty()
}
