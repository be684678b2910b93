//! Publish and subscribe by topic, in one thread on `mio`.
//!
//! ```text
//! cargo run --example ws_topics -- [ADDR]
//! cargo run --example ws_client -- ws://127.0.0.1:8080
//! ```
//!
//! Messages are JSON. What is published is encoded once, and goes to all that are subscribed, the publisher too if it is:
//!
//! ```text
//!   {"subscribe": TOPIC}    {"unsubscribe": TOPIC}    {"publish": TOPIC, "data": ANYTHING}
//!   {"topic": TOPIC, "data": ANYTHING}                 comes to subscribers
//!   {"error": WHY}                                     comes to whom it concerns
//! ```
//!
//! An error may come before what was published in the same read. A subscriber that does not read is dropped when too much waits for
//! it. `ws_echo_mio` shows the loop alone.

use std::collections::{BTreeSet, HashMap};
use std::error::Error;
use std::io::{self, ErrorKind, Read, Write};
use std::net::Shutdown;
use std::time::{Duration, Instant};

use framewright::http1;
use framewright::ws::handshake::{self, Origins};
use framewright::ws::{
    Action, Connection, Encoder, Inbox, Keepalive, Limits, Message, MessageEvent, Server,
};
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Registry, Token};
use serde_json::{Value, json};
use slab::Slab;

/// How long a peer may take to send its request, and to leave, in ms.
const PATIENCE: u64 = 10_000;
/// The longest message, in bytes.
const LIMITS: Limits = Limits::new().max_message_len(64 * 1024);
/// A subscriber with more unsent output than this is dropped, in bytes.
const MOST_UNSENT: usize = 1 << 20;
/// How many topics a peer may be subscribed to, and how long their names may be, in bytes.
const MOST_TOPICS: usize = 64;
const MOST_TOPIC_LEN: usize = 256;
/// How often we look at the time.
const TICK: Duration = Duration::from_secs(1);
/// How often a peer is read before it is another's turn.
const TURNS: usize = 16;
const LISTENER: Token = Token(usize::MAX);
const BOTH: Interest = Interest::READABLE.add(Interest::WRITABLE);

fn main() -> Result<(), Box<dyn Error>> {
    let addr = std::env::args().nth(1).unwrap_or("127.0.0.1:8080".to_owned());
    let listener = TcpListener::bind(addr.parse()?)?;
    println!("listening on ws://{}", listener.local_addr()?);
    Ok(serve(listener)?)
}

pub fn serve(mut listener: TcpListener) -> io::Result<()> {
    let mut poll = Poll::new()?;
    poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
    let (mut peers, mut topics) = (Slab::<Peer>::new(), Topics::default());
    let mut events = Events::with_capacity(256);
    let mut buf = vec![0; 64 * 1024]; // one for all: nothing stays in it
    let (start, mut looked) = (Instant::now(), Instant::now());
    loop {
        match poll.poll(&mut events, Some(TICK)) {
            Err(e) if e.kind() != ErrorKind::Interrupted => return Err(e),
            _ => {}
        }
        let now = start.elapsed().as_millis() as u64;
        for event in &events {
            let Token(key) = event.token();
            let Some(peer) = peers.get_mut(key) else { continue };
            let next = peer.turn(&mut buf, now, &mut topics, key);
            match next {
                Ok(Next::Wait) => {}
                // The system tells us at once if there is more, after the others.
                Ok(Next::Again) => {
                    poll.registry().reregister(&mut peer.socket, Token(key), BOTH)?
                }
                Ok(Next::Drop) | Err(_) => forget(&mut peers, &mut topics, key),
            }
            for (topic, frame) in std::mem::take(&mut topics.published) {
                for key in topics.subscribers(&topic) {
                    let peer = &mut peers[key];
                    if peer.push(&frame).is_err() {
                        forget(&mut peers, &mut topics, key);
                    }
                }
            }
        }
        // It fails if there are too many, and then some will end.
        while let Ok((socket, _)) = listener.accept() {
            admit(socket, &mut peers, poll.registry(), now)?;
        }
        if looked.elapsed() >= TICK {
            looked = Instant::now();
            let stays = |peer: &mut Peer| peer.look_at_time(now) && peer.write().is_ok();
            let gone = |(key, peer): (usize, &mut Peer)| (!stays(peer)).then_some(key);
            for key in peers.iter_mut().filter_map(gone).collect::<Vec<_>>() {
                forget(&mut peers, &mut topics, key);
            }
        }
    }
}

fn forget(peers: &mut Slab<Peer>, topics: &mut Topics, key: usize) {
    for topic in peers.remove(key).topics {
        topics.unsubscribe(&topic, key);
    }
}

/// Who is subscribed to what, and what was published.
#[derive(Default)]
struct Topics {
    subscribers: HashMap<String, BTreeSet<usize>>,
    /// Each with its topic, as a frame for all.
    published: Vec<(String, Vec<u8>)>,
}

impl Topics {
    fn subscribers(&self, topic: &str) -> Vec<usize> {
        self.subscribers.get(topic).into_iter().flatten().copied().collect()
    }

    fn unsubscribe(&mut self, topic: &str, key: usize) {
        if let Some(keys) = self.subscribers.get_mut(topic) {
            keys.remove(&key);
            if keys.is_empty() {
                self.subscribers.remove(topic);
            }
        }
    }

    /// Does what a message asks for. `own` are the topics of its peer.
    fn take(
        &mut self,
        message: Message<'_>,
        key: usize,
        own: &mut BTreeSet<String>,
    ) -> Result<(), &'static str> {
        let request: Value = serde_json::from_slice(message.as_bytes()).map_err(|_| "not JSON")?;
        let topic = |name: &str| request[name].as_str().map(str::to_owned);
        if let Some(topic) = topic("subscribe") {
            if topic.len() > MOST_TOPIC_LEN {
                return Err("a topic that is too long");
            }
            if own.len() == MOST_TOPICS && !own.contains(&topic) {
                return Err("too many topics");
            }
            self.subscribers.entry(topic.clone()).or_default().insert(key);
            own.insert(topic);
        } else if let Some(topic) = topic("unsubscribe") {
            self.unsubscribe(&topic, key);
            own.remove(&topic);
        } else if let Some(topic) = topic("publish") {
            let text = json!({"topic": topic, "data": request["data"]}).to_string();
            let mut frame = Vec::new();
            Encoder::server().encode(&*text, &mut frame).map_err(|_| "cannot be sent")?;
            self.published.push((topic, frame));
        } else {
            return Err("not subscribe, unsubscribe or publish");
        }
        Ok(())
    }
}

fn admit(
    mut socket: TcpStream,
    peers: &mut Slab<Peer>,
    registry: &Registry,
    now: u64,
) -> io::Result<()> {
    let entry = peers.vacant_entry();
    registry.register(&mut socket, Token(entry.key()), BOTH)?;
    let origins = Origins::same_host().or_absent();
    entry.insert(Peer {
        socket,
        state: State::Opening(handshake::Server::new(origins, Vec::new(), http1::Limits::new())),
        inbox: Inbox::new(Vec::new()),
        out: Vec::new(),
        written: 0,
        topics: BTreeSet::new(),
        until: now + PATIENCE,
    });
    Ok(())
}

struct Peer {
    socket: TcpStream,
    state: State,
    inbox: Inbox<Vec<u8>>,
    out: Vec<u8>,
    /// How much of it the socket has taken.
    written: usize,
    /// What it is subscribed to.
    topics: BTreeSet<String>,
    /// When the state has to have changed, unless it is open.
    until: u64,
}

enum State {
    Opening(handshake::Server<'static, Vec<u8>>),
    Open(Box<Connection<Server>>, Keepalive),
    Leaving,
}

/// What a peer needs next.
enum Next {
    /// An event.
    Wait,
    /// Another turn.
    Again,
    Drop,
}

impl Peer {
    /// Writes and reads, as far as the socket lets us.
    fn turn(
        &mut self,
        buf: &mut [u8],
        now: u64,
        topics: &mut Topics,
        key: usize,
    ) -> io::Result<Next> {
        for _ in 0..TURNS {
            if !self.write()? {
                return Ok(Next::Wait);
            }
            let n = match self.socket.read(buf) {
                Ok(0) => return Ok(Next::Drop),
                Ok(n) => n,
                Err(e) if e.kind() == ErrorKind::WouldBlock => return Ok(Next::Wait),
                Err(e) if e.kind() == ErrorKind::Interrupted => continue,
                Err(e) => return Err(e),
            };
            self.receive(&mut buf[..n], now, topics, key)?;
        }
        Ok(Next::Again)
    }

    /// Returns whether all is written.
    fn write(&mut self) -> io::Result<bool> {
        while self.written < self.out.len() {
            match self.socket.write(&self.out[self.written..]) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(n) => self.written += n,
                Err(e) if e.kind() == ErrorKind::WouldBlock => return Ok(false),
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        self.out.clear();
        self.written = 0;
        let is_closed = match &self.state {
            State::Open(connection, _) => connection.close_expected().is_some(),
            State::Opening(_) | State::Leaving => false,
        };
        if is_closed {
            self.leave()?;
        }
        Ok(true)
    }

    /// Sends a frame that others have encoded.
    fn push(&mut self, frame: &[u8]) -> io::Result<()> {
        if let State::Open(connection, _) = &self.state
            && connection.ready().is_ok()
        {
            self.out.extend_from_slice(frame);
            if !self.write()? && self.out.len() - self.written > MOST_UNSENT {
                return Err(ErrorKind::OutOfMemory.into());
            }
        }
        Ok(())
    }

    /// Ends our side only. A full close could destroy our last bytes on their way, if the peer is still sending.
    fn leave(&mut self) -> io::Result<()> {
        self.state = State::Leaving;
        self.socket.shutdown(Shutdown::Write)
    }

    fn receive(
        &mut self,
        mut input: &mut [u8],
        now: u64,
        topics: &mut Topics,
        key: usize,
    ) -> io::Result<()> {
        if let State::Opening(server) = &mut self.state {
            match server.receive(&mut input) {
                Ok(None) => return Ok(()),
                Ok(Some(offer)) => {
                    let acceptance = offer.accept();
                    acceptance.write(&mut self.out).map_err(io::Error::other)?;
                    let connection = acceptance.connection(LIMITS);
                    self.state = State::Open(Box::new(connection), Keepalive::new(now));
                }
                Err(e) => {
                    e.refuse().write(&mut self.out).map_err(io::Error::other)?;
                    self.until = now + PATIENCE;
                    self.write()?; // a refusal fits into any socket's buffer
                    return self.leave();
                }
            }
        }
        let State::Open(connection, keepalive) = &mut self.state else { return Ok(()) };
        keepalive.received(now);
        let mut input = &*input;
        while let Some(event) = connection.receive_message(&mut input, &mut self.inbox) {
            if let MessageEvent::Message(_) = event
                && let Err(why) = topics.take(self.inbox.message(), key, &mut self.topics)
            {
                // It fails when the connection is closing, and then the peer waits for no message.
                let _ = connection.send(&*json!({"error": why}).to_string(), &mut self.out);
            }
        }
        connection.transmit(&mut self.out); // pongs, and the answer to a close
        self.until = now + PATIENCE;
        Ok(())
    }

    /// Returns whether the peer may stay.
    fn look_at_time(&mut self, now: u64) -> bool {
        let State::Open(connection, keepalive) = &mut self.state else { return now < self.until };
        if connection.is_closing() {
            keepalive.closing(now);
        }
        match keepalive.poll(now) {
            // If output is pending, whether it goes out shows whether the peer lives.
            Some(Action::Ping) if self.out.is_empty() => {
                connection.ping(b"", &mut self.out).is_ok()
            }
            Some(Action::Ping) | None => true,
            Some(Action::Dead | Action::CloseTimedOut) => false,
        }
    }
}
