//! An end of HTTP/2 between a caller that calls anything, at any time, and a peer that sends anything, in any pieces.
//!
//! What it writes keeps all rules: see `http2_judge`. What it tells its caller does too: each stream has its events in
//! their order and ends once, and nothing is told of one that the caller has reset.

use std::collections::{BTreeMap, VecDeque};

use framewright::http::NO_FIELDS;
use framewright::http2::{
    Client, Connection, ErrorCode, Event, Limits, Request, Role, Server, Side, Slot, Storage,
    Stream,
};
use framewright::{Buffer, SliceBuf};

use super::http2_judge::Judge;
use super::http2_pair::Choices;
use super::http2_peer::{self as peer, *};

/// Runs what these bytes say, at an end that has a role which they say too.
pub fn run(bytes: &[u8]) {
    let mut choices = Choices(bytes);
    let is_server = choices.byte().is_multiple_of(2);
    let limits = Limits::new()
        .max_streams(1 + choices.below(8) as u32)
        .stream_window(100 + choices.len() as u32)
        .max_send_len(1 + choices.len() as u32)
        .max_head_len(300 + choices.len() as u32);
    if is_server {
        let h2 = Connection::server(Storage::new(), limits).extended_connect();
        let call = |run: &mut Run<Server>, choices: &mut Choices<'_>, out: &mut SliceBuf<'_>| {
            let Some(stream) = run.any_stream(choices) else { return };
            let status = [200, 204, 304, 404, 100, 103][choices.below(6)];
            let end = choices.byte().is_multiple_of(4);
            let _ = run.h2.send_head(stream, status, [("x", "y"), ("server", "a")], end, out);
        };
        Run::new(h2, [PREFACE, &settings(&[])].concat()).play(&mut choices, call);
    } else {
        let h2 = Connection::client(Storage::new(), limits);
        let call = |run: &mut Run<Client>, choices: &mut Choices<'_>, out: &mut SliceBuf<'_>| {
            let method = ["GET", "POST", "HEAD"][choices.below(3)];
            let request = Request::new(method, "http", "a.example", "/");
            let end = choices.byte().is_multiple_of(2);
            if let Ok(stream) = run.h2.open(request, NO_FIELDS, end, out) {
                run.streams.insert(stream.id().get(), (stream, Told::Nothing));
            }
        };
        Run::new(h2, settings(&[])).play(&mut choices, call);
    }
}

/// What the caller was told of a stream last.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Told {
    Nothing,
    Head,
    End,
    /// It is over: that was said, or the caller did it.
    Over,
}

struct Run<R: Side> {
    h2: Connection<R, Vec<u8>, Vec<Slot>>,
    head: Vec<u8>,
    judge: Judge,
    streams: BTreeMap<u32, (Stream, Told)>,
    /// Frames that are on their way to the end, and how much of the first has arrived.
    wire: VecDeque<Vec<u8>>,
    arrived: usize,
    /// The rest of a field block, which has to come next.
    rest: Option<Vec<u8>>,
    /// The highest stream that the peer has opened.
    last: u32,
}

impl<R: Side> Run<R> {
    fn new(h2: Connection<R, Vec<u8>, Vec<Slot>>, opening: Vec<u8>) -> Self {
        let (head, streams) = Default::default();
        let wire = [opening].into();
        let judge = Judge::new(R::ROLE);
        Self { h2, head, judge, streams, wire, arrived: 0, rest: None, last: 0 }
    }

    /// Does what the choices say. `call` is what only this role can.
    fn play(
        &mut self,
        choices: &mut Choices<'_>,
        call: impl Fn(&mut Self, &mut Choices<'_>, &mut SliceBuf<'_>),
    ) {
        while !choices.0.is_empty() {
            match choices.byte() % 8 {
                0..3 => self.send_frame(choices),
                3 | 4 => {
                    let len = choices.len();
                    self.receive(len);
                }
                what => {
                    let mut bytes = vec![0; choices.len()];
                    let mut out = SliceBuf::new(&mut bytes);
                    if what == 5 {
                        call(self, choices, &mut out);
                    } else {
                        self.call(choices, &mut out);
                    }
                    self.judge.read(out.as_slice());
                }
            }
        }
        self.receive(usize::MAX);
        let mut out = Vec::new();
        assert!(self.h2.transmit(&mut out), "there is room");
        self.judge.read(&out);
        assert!(!self.h2.owes());
    }

    fn any_stream(&self, choices: &mut Choices<'_>) -> Option<Stream> {
        let place = choices.below(self.streams.len().min(20));
        self.streams.values().rev().nth(place).map(|(stream, _)| *stream)
    }

    /// Calls something.
    fn call(&mut self, choices: &mut Choices<'_>, out: &mut SliceBuf<'_>) {
        let (what, stream) = (choices.byte(), self.any_stream(choices));
        let body = [0; 1 << 15];
        match (what % 12, stream) {
            (0, Some(stream)) if what >= 0xC0 => {
                self.h2.reset(stream, ErrorCode::CANCEL);
                let told = &mut self.streams.get_mut(&stream.id().get()).expect("it is listed").1;
                *told = Told::Over;
            }
            (1..5, Some(stream)) => {
                let (len, end) = (choices.len().min(body.len()), choices.byte().is_multiple_of(8));
                let _ = self.h2.send(stream, &body[..len], end, out);
            }
            (5, Some(stream)) => {
                let (len, end) = (choices.len().min(1000), choices.byte().is_multiple_of(8));
                // The caller makes sure of the room.
                if out.try_grow(1100).is_ok() {
                    out.clear();
                    if let Ok(Some(header)) = self.h2.send_header(stream, len, end) {
                        let len = header.len() as usize;
                        out.try_append_both(&header.to_bytes(), &body[..len])
                            .expect("there is room");
                    }
                }
            }
            (6, Some(stream)) => drop(self.h2.send_trailers(stream, [("a", "b")], out)),
            (7, Some(stream)) => self.h2.keep(stream, choices.len() as u32),
            (8, Some(stream)) => self.h2.release(stream, choices.len() as u32),
            (9, _) => drop(self.h2.ping(if what & 16 == 0 { [what; 8] } else { *b"goaway\0\0" })),
            (10, _) if what >= 0xF0 => self.h2.close(),
            (11, _) => {
                if let Some(stream) = self.h2.writable() {
                    let len = choices.len().min(body.len());
                    let _ = self.h2.send(stream, &body[..len], false, out);
                }
            }
            _ => drop(self.h2.transmit(out)),
        }
    }

    /// The peer sends a frame, which is right more often than not.
    fn send_frame(&mut self, choices: &mut Choices<'_>) {
        if let Some(rest) = self.rest.take() {
            return self.wire.push_back(rest);
        }
        let what = choices.byte();
        let len = choices.len();
        // Most of them are on a stream where they are right, and some are on any.
        let fits = |told: Told| match what % 16 {
            _ if what < 0x10 => true,
            0 | 1 => told == Told::Nothing,
            2..7 => told == Told::Head,
            _ => told != Told::Over,
        };
        let known: Vec<u32> =
            self.streams.iter().filter(|(_, (_, told))| fits(*told)).map(|(id, _)| *id).collect();
        let id = known.iter().rev().nth(choices.below(known.len().min(20))).copied();
        let id = match id {
            Some(id) => id,
            None if what % 16 >= 9 || what % 16 < 2 && R::ROLE == Role::Server => 1,
            None => return,
        };
        let frame = match what % 16 {
            0 | 1 => self.head(id, choices),
            2 if what >= 0x80 => headers(id, END_STREAM, &[("x-trailer", "1")]),
            3..7 => {
                let flags = if choices.byte().is_multiple_of(8) { END_STREAM } else { 0 };
                data(id, flags, &vec![0; if what < 0x20 { len.min(16_384) } else { len % 100 }])
            }
            7 if what >= 0xC0 => reset(id, CANCEL),
            8 => window_update(id, len as u32 + u32::from(what < 0xF0)),
            9 => window_update(0, 1 + len as u32),
            10 => {
                let size = (INITIAL_WINDOW_SIZE, choices.len() as u32);
                settings(&[size, (MAX_FRAME_SIZE, 16_384 + len as u32), (0x0A0A, 1)])
            }
            11 => peer::ping(&[what; 8]),
            12 => match self.judge.to_answer.pop_front() {
                Some(payload) => frame(PING, ACK, 0, &payload),
                None if std::mem::take(&mut self.judge.owes_ack) => frame(SETTINGS, ACK, 0, &[]),
                None => return,
            },
            13 if what >= 0xF0 => {
                goaway(if what.is_multiple_of(2) { id } else { u32::MAX >> 1 }, NO_ERROR)
            }
            14 if what >= 0xE0 => frame(what / 16, choices.byte(), id, &[0; 4]),
            _ => priority(id, 0),
        };
        self.wire.push_back(frame);
    }

    /// A head of a new stream at a server, and of one that the client opened at a client. It may be cut in two.
    fn head(&mut self, id: u32, choices: &mut Choices<'_>) -> Vec<u8> {
        let how = choices.byte();
        let informational: List<'_> = &[(":status", "103")];
        let fields = match (how / 16, R::ROLE) {
            (0, _) => &[("te", "gzip")],
            (_, Role::Server) => [GET, POST][usize::from(how / 2 % 2)],
            (1..3, Role::Client) => informational,
            (_, Role::Client) => OK,
        };
        let id = match R::ROLE {
            Role::Client => id,
            Role::Server => {
                self.last += if how / 16 == 1 { 4 } else { 2 };
                self.last - 1
            }
        };
        let bytes = block(fields);
        if how.is_multiple_of(4) {
            self.rest = Some(frame(CONTINUATION, END_HEADERS, id, &bytes[3..]));
            return frame(HEADERS, how / 64 % 2, id, &bytes[..3]);
        }
        headers(id, how / 64 % 2, fields)
    }

    /// Lets the end read so much of what the peer has sent.
    fn receive(&mut self, mut len: usize) {
        while len > 0
            && let Some(first) = self.wire.front()
        {
            let mut piece: Vec<u8> = first[self.arrived..].iter().take(len).copied().collect();
            len -= piece.len();
            self.arrived += piece.len();
            if let (Role::Server, [_, _, _, HEADERS, _, id @ ..]) = (R::ROLE, &first[..])
                && self.arrived >= 9
                && let Some(id) = id.first_chunk()
            {
                self.judge.tell_beginning(u32::from_be_bytes(*id));
            }
            if self.arrived == first.len() {
                let bytes = self.wire.pop_front().expect("it is there");
                self.arrived = 0;
                peer::frames(bytes.strip_prefix(PREFACE).unwrap_or(&bytes))
                    .iter()
                    .for_each(|frame| self.judge.tell(frame));
            }
            let mut input = &mut piece[..];
            while let Some(event) = self.h2.receive(&mut input, &mut self.head) {
                tell(&mut self.streams, R::ROLE, &event);
            }
            assert!(input.is_empty(), "all input is taken");
        }
    }
}

/// The caller is told of an event.
fn tell(streams: &mut BTreeMap<u32, (Stream, Told)>, role: Role, event: &Event<'_>) {
    let (stream, before, after): (_, &[Told], _) = match event {
        Event::Head { stream, end, .. } => {
            (*stream, &[Told::Nothing], if *end { Told::End } else { Told::Head })
        }
        Event::Informational { stream, .. } => (*stream, &[Told::Nothing], Told::Nothing),
        Event::Data(data) => {
            (data.stream(), &[Told::Head], if data.end() { Told::End } else { Told::Head })
        }
        Event::Trailers { stream, .. } => (*stream, &[Told::Head], Told::End),
        Event::Reset { stream, .. } | Event::StreamFailed { stream, .. } => {
            (*stream, &[Told::Nothing, Told::Head, Told::End], Told::Over)
        }
        Event::Settings | Event::Pong(_) | Event::GoAway { .. } | Event::Failed(_) => return,
    };
    let id = stream.id().get();
    assert!(role == Role::Server || streams.contains_key(&id), "{id} was opened by the client");
    let (same, told) = streams.entry(id).or_insert((stream, Told::Nothing));
    assert!(*same == stream && before.contains(told), "{event:?} after {told:?}");
    *told = after;
}
