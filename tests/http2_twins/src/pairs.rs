//! Joins a client to a server, one of them ours, and has both do whatever is legal, in any order.
//!
//! What one end says, the other has to hear: all heads, bodies and trailers, in their order, or a beginning of them if the
//! stream was reset. Neither may find a fault in what the other writes, and a judge looks at each frame of ours.

use std::collections::BTreeMap;

use framewright::http2::Role;

use crate::end::{Call, End, List, Seen, sorted};
use crate::http2_judge::Judge;
use crate::http2_peer::{HEADERS, PREFACE, frames};
use crate::random::Random;
use crate::written::Reader;

/// The two ends, by their index.
const CLIENT: usize = 0;
const SERVER: usize = 1;

/// One side of a stream: a request or a response.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
struct Message {
    heads: Vec<List>,
    body: Vec<u8>,
    trailers: Option<List>,
    has_ended: bool,
}

/// An end, and what it said and heard.
struct Talker<'a> {
    end: &'a mut dyn End,
    reader: Reader,
    /// What it has written and the other has not read.
    pipe: Vec<u8>,
    said: BTreeMap<u32, Message>,
    heard: BTreeMap<u32, Message>,
    /// The streams that it has reset, and those whose reset it has heard of.
    resets: Vec<u32>,
    heard_resets: Vec<u32>,
    /// A ping that was not answered.
    ping: Option<[u8; 8]>,
    pings: u8,
    window: u32,
    /// Judges what it writes, if it is ours.
    judge: Option<Judge>,
    /// Of what it has read, the frame that is not complete.
    read: Vec<u8>,
}

/// Runs a session, with informational responses or without.
///
/// # Errors
///
/// What went wrong.
pub fn run<'a>(
    seed: u64,
    client: &'a mut dyn End,
    server: &'a mut dyn End,
    ours: Role,
    informational: bool,
) -> Result<(), String> {
    let mut random = Random::new(seed);
    let mut talkers = [
        Talker::new(client, (ours == Role::Client).then(|| Judge::new(ours))),
        Talker::new(server, (ours == Role::Server).then(|| Judge::new(ours))),
    ];
    for talker in &mut talkers {
        talker.take()?;
    }
    for _ in 0..20 + random.below(80) {
        let from = random.below(2);
        if random.once_in(2) {
            let talker = &mut talkers[from];
            if let Some(call) = talker.decide(from, informational, &mut random) {
                talker.call(&call)?;
            }
        } else {
            let most = talkers[from].pipe.len() + 1;
            let len = if random.once_in(2) { most - 1 } else { random.below(most) };
            deliver(&mut talkers, from, len)?;
        }
    }
    finish(&mut talkers)?;
    let [client, server] = &talkers;
    let resets = [&client.resets[..], &server.resets].concat();
    agree("request", &client.said, &server.heard, &resets)?;
    agree("response", &server.said, &client.heard, &resets)
}

/// Lets the other end read the first bytes of what one has written.
fn deliver(talkers: &mut [Talker<'_>; 2], from: usize, len: usize) -> Result<(), String> {
    let bytes: Vec<_> = talkers[from].pipe.drain(..len).collect();
    let to = &mut talkers[1 - from];
    to.receive(&bytes);
    to.take()
}

/// Brings all that was begun to its end.
fn finish(talkers: &mut [Talker<'_>; 2]) -> Result<(), String> {
    loop {
        for from in [CLIENT, SERVER] {
            while !talkers[from].pipe.is_empty() {
                deliver(talkers, from, talkers[from].pipe.len())?;
            }
            while let Some(call) = talkers[from].last_words(from) {
                talkers[from].call(&call)?;
            }
        }
        if talkers.iter().all(|talker| talker.pipe.is_empty()) {
            return match talkers.iter().find_map(|talker| talker.ping) {
                Some(_) => Err("a ping was not answered".to_owned()),
                None => Ok(()),
            };
        }
    }
}

impl<'a> Talker<'a> {
    fn new(end: &'a mut dyn End, judge: Option<Judge>) -> Self {
        let (pipe, said, heard, resets, heard_resets, ping, pings, read) = Default::default();
        let reader = Reader::new();
        let window = 65_535;
        Self {
            end,
            reader,
            pipe,
            said,
            heard,
            resets,
            heard_resets,
            ping,
            pings,
            window,
            judge,
            read,
        }
    }

    /// Reads what the other end has written.
    fn receive(&mut self, bytes: &[u8]) {
        self.end.receive(bytes);
        let Some(judge) = &mut self.judge else { return };
        self.read.extend(bytes);
        if self.read.starts_with(PREFACE) {
            self.read.drain(..PREFACE.len());
        }
        while !PREFACE.starts_with(&self.read) && self.read.len() >= 9 {
            let [_, a, b, kind, _, id @ ..]: [u8; 9] =
                self.read[..9].try_into().expect("nine bytes");
            let len = 9 + usize::from(a) * 256 + usize::from(b);
            if self.read.len() < len {
                if kind == HEADERS {
                    judge.tell_beginning(u32::from_be_bytes(id));
                }
                return;
            }
            let frame: Vec<_> = self.read.drain(..len).collect();
            frames(&frame).iter().for_each(|frame| {
                if frame.kind == HEADERS {
                    judge.tell_beginning(frame.stream);
                }
                judge.tell(frame);
            });
        }
    }

    /// Something legal to do.
    fn decide(&mut self, index: usize, informational: bool, random: &mut Random) -> Option<Call> {
        match random.below(12) {
            0..=3 if index == CLIENT => {
                let stream = self.said.len() as u32 * 2 + 1;
                let end = random.once_in(3);
                let method = if end { "GET" } else { "POST" };
                let path = random.pick(&["/", "/a", "/service/method"]);
                let pseudo = [
                    (":method", method),
                    (":scheme", "http"),
                    (":authority", "a.example"),
                    (":path", path),
                ];
                let mut head =
                    pseudo.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
                head.extend(random.fields());
                (stream < 20).then_some(Call::Open { stream, head, end })
            }
            0..=3 => {
                let stream = self.find(random, |said| !has_final_head(said))?;
                let statuses: &[&str] = if informational { &["100", "103"] } else { &[] };
                let status = random.pick(&[statuses, &["200", "200", "404", "500"]].concat());
                let end = !status.starts_with('1') && random.once_in(3);
                let mut head = vec![(":status".to_owned(), status.to_owned())];
                head.extend(random.fields());
                Some(Call::Respond { stream, head, end })
            }
            4..=7 => {
                let stream = self.find(random, |said| has_final_head(said) && !said.has_ended)?;
                let (len, seed) = (random.length(), random.below(256));
                let bytes = (0..len).map(|at| (at + seed) as u8).collect();
                Some(Call::Body { stream, bytes, end: random.once_in(3) })
            }
            8 => {
                let stream = self.find(random, |said| has_final_head(said) && !said.has_ended)?;
                let mut trailers = random.fields();
                trailers.push(("x-checksum".to_owned(), "9".to_owned()));
                Some(Call::Trailers { stream, trailers })
            }
            9 if random.once_in(2) => {
                let stream = self.find(random, |_| true)?;
                let has_ended =
                    |side: &BTreeMap<u32, Message>| side.get(&stream).is_some_and(|m| m.has_ended);
                let is_over = has_ended(&self.said) && has_ended(&self.heard);
                (!is_over).then(|| Call::Reset { stream, code: random.pick(&[0, 2, 8]) })
            }
            10 => {
                // Windows only grow: see README.md.
                self.window += random.pick(&[0, 1, 1_000, 100_000]);
                let table = random.pick(&[0, 100, 4096, 8192]);
                self.judge.is_none().then_some(Call::Settings { window: self.window, table })
            }
            11 if self.ping.is_none() => {
                self.pings += 1;
                Some(Call::Ping([self.pings; 8]))
            }
            _ => None,
        }
    }

    /// A stream that is not reset, and of which this side is so.
    fn find(&self, random: &mut Random, test: impl Fn(&Message) -> bool) -> Option<u32> {
        let known = self.said.keys().chain(self.heard.keys()).copied();
        let found: Vec<_> =
            known.filter(|id| !self.is_reset(*id) && test(&self.saying(*id))).collect();
        if found.is_empty() { None } else { Some(random.pick(&found)) }
    }

    fn name(&self) -> &'static str {
        if self.judge.is_none() { "their end" } else { "our end" }
    }

    fn is_reset(&self, id: u32) -> bool {
        self.resets.contains(&id) || self.heard_resets.contains(&id)
    }

    fn saying(&self, id: u32) -> Message {
        self.said.get(&id).cloned().unwrap_or_default()
    }

    /// What is left to say.
    fn last_words(&self, index: usize) -> Option<Call> {
        let known = if index == CLIENT { &self.said } else { &self.heard };
        known.keys().copied().filter(|id| !self.is_reset(*id)).find_map(|stream| {
            let said = self.saying(stream);
            if !has_final_head(&said) {
                let head = vec![(":status".to_owned(), "200".to_owned())];
                return Some(Call::Respond { stream, head, end: true });
            }
            (!said.has_ended).then(|| Call::Body { stream, bytes: Vec::new(), end: true })
        })
    }

    fn call(&mut self, call: &Call) -> Result<(), String> {
        match call {
            Call::Open { stream, head, end } | Call::Respond { stream, head, end } => {
                let said = self.said.entry(*stream).or_default();
                said.heads.push(sorted(head.clone()));
                said.has_ended = *end;
            }
            Call::Body { stream, bytes, end } => {
                let said = self.said.entry(*stream).or_default();
                said.body.extend(bytes);
                said.has_ended = *end;
            }
            Call::Trailers { stream, trailers } => {
                let said = self.said.entry(*stream).or_default();
                said.trailers = Some(trailers.clone());
                said.has_ended = true;
            }
            Call::Reset { stream, .. } => self.resets.push(*stream),
            Call::Ping(payload) => self.ping = Some(*payload),
            Call::Settings { .. } => {}
        }
        self.end.call(call);
        self.take()
    }

    /// Takes what the end has told and written.
    fn take(&mut self) -> Result<(), String> {
        let turn = self.end.take();
        if let Some(judge) = &mut self.judge {
            judge.read(&turn.wrote);
        }
        let written = self.reader.read(&turn.wrote);
        self.pipe.extend(turn.wrote);
        if let Some(code) = written.said.goaway {
            return Err(format!(
                "{} ended the connection, with code {code}: {}",
                self.name(),
                written.reason
            ));
        }
        if let Some((id, code)) =
            written.said.resets.iter().find(|(id, _)| !self.resets.contains(id))
        {
            return Err(format!("{} reset stream {id}, with code {code}", self.name()));
        }
        for seen in turn.seen {
            match seen {
                Seen::Head { stream, fields } => {
                    self.heard.entry(stream).or_default().heads.push(fields);
                }
                Seen::Data { stream, bytes } => {
                    self.heard.entry(stream).or_default().body.extend(bytes)
                }
                Seen::Trailers { stream, fields } => {
                    self.heard.entry(stream).or_default().trailers = Some(fields);
                }
                Seen::End { stream } => self.heard.entry(stream).or_default().has_ended = true,
                Seen::Reset { stream, .. } => self.heard_resets.push(stream),
                Seen::Pong(payload) => {
                    if self.ping.take() != Some(payload) {
                        return Err("a ping was answered that was not sent".to_owned());
                    }
                }
                Seen::GoAway { code, .. } => return Err(format!("a goodbye, with code {code}")),
            }
        }
        Ok(())
    }
}

fn has_final_head(message: &Message) -> bool {
    message.heads.last().is_some_and(|head| !head[0].1.starts_with('1'))
}

/// Checks that what one end said is what the other heard.
fn agree(
    what: &str,
    said: &BTreeMap<u32, Message>,
    heard: &BTreeMap<u32, Message>,
    resets: &[u32],
) -> Result<(), String> {
    let ids = said.keys().chain(heard.keys());
    for id in ids {
        let [said, heard] = [said, heard].map(|side| side.get(id).cloned().unwrap_or_default());
        let is_beginning =
            said.heads.starts_with(&heard.heads) && said.body.starts_with(&heard.body);
        if said != heard && !(resets.contains(id) && is_beginning) {
            let brief = |message: &Message| {
                let Message { heads, body, trailers, has_ended } = message;
                format!("{heads:?}, {} bytes, {trailers:?}, ended: {has_ended}", body.len())
            };
            return Err(format!(
                "the {what} on stream {id}:\n  said  {}\n  heard {}",
                brief(&said),
                brief(&heard)
            ));
        }
    }
    Ok(())
}
