//! Every protocol of the crate on one port, one thread, one event loop.
//!
//! ```text
//! cargo run --release --example gateway -- \
//!     [--listen ADDR] [--tls CERT KEY] [--max-message BYTES] \
//!     [--no-deflate | --no-context-takeover] \
//!     [--origin ORIGIN]... [--forwarded-host] \
//!     [--stomp-relay ADDR] [--stomp-hold BYTES] [--hub-hold BYTES] [--quick] [--sockjs-script URL]
//! ```
//!
//! The first bytes of a connection show its protocol: STOMP, HTTP/1.1, or HTTP/2 (by prior knowledge, or as agreed in
//! TLS). `Upgrade: h2c` is ignored, because RFC 9113 §3.1 makes it obsolete. Every route is served over both versions of
//! HTTP. Only HTTP/2 carries gRPC itself, streams of requests, and many exchanges at once on one connection.
//!
//! ```text
//!   main ── the event loop
//!    └─ peer ── a TCP connection, with TLS or without
//!        ├─ stomp ── topics; a broker that knows no sockets
//!        │   └─ relay ── topics that many gateways share, on another broker
//!        ├─ http1 ── one exchange after another ──┐
//!        └─ http2 ── many at once, on streams ────┴──▶ route ── the table of paths
//!             ├─ response ── answers that are complete at once
//!             ├─ service ── answers that take time: events, grpc, hubs
//!             ├─ websocket ── echo, room, stomp, tunnel, hubs
//!             ├─ wire ── what went over it, for the page that asks; `dissect` takes it apart
//!             ├─ breakit ── how the server answers a client that breaks a rule
//!             └─ hubs ── Socket.IO and SockJS, by requests and WebSockets
//! ```
//!
//! A service and a WebSocket know nothing of the connection that carries them: see `service`.

mod breakit;
mod broken;
mod call;
mod cors;
#[allow(dead_code, reason = "`examples/inspect` uses the rest")]
#[path = "../inspect/dissect/mod.rs"]
mod dissect;
#[path = "../echo/mod.rs"]
mod echo;
mod events;
mod figures;
mod grpc;
mod http1;
mod http2;
#[path = "../hub/mod.rs"]
mod hub;
mod hubs;
mod options;
mod output;
mod peer;
mod relay_socket;
mod request;
mod response;
mod room;
mod route;
mod service;
mod stomp;
mod tls;
#[path = "../socket/transport.rs"]
mod transport;
mod tunnel;
mod websocket;
mod wire;

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use figures::Figures;
use framewright::ws::deflate::Config;
use framewright::ws::handshake::Origins;
use hubs::Hubs;
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token, Waker};
use options::Options;
use peer::{Peer, Progress};
use relay_socket::RelaySocket;
use room::Broadcast;
use rustls::{ServerConfig, ServerConnection};
use slab::Slab;
use stomp::relay::{self, Relay};
use transport::Transport;
use wire::Wires;

const LISTENER: Token = Token(usize::MAX);
const WAKER: Token = Token(usize::MAX - 1);
const RELAY: Token = Token(usize::MAX - 2);

/// How often deadlines are checked.
const TICK: Duration = Duration::from_millis(250);
/// How long a shutdown waits for the peers to close.
const SHUTDOWN: Duration = Duration::from_secs(5);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let options = Options::parse()?;
    let poll = Poll::new()?;
    let mut listener = TcpListener::bind(options.listen)?;
    poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;

    let stop = Arc::new(AtomicBool::new(false));
    let waker = Waker::new(poll.registry(), WAKER)?;
    let stopping = Arc::clone(&stop);
    ctrlc::set_handler(move || {
        stopping.store(true, Ordering::Relaxed);
        let _ = waker.wake();
    })?;

    let mut stdout = io::stdout();
    let scheme = if options.tls.is_some() { "https" } else { "http" };
    writeln!(stdout, "listening on {scheme}://{}", listener.local_addr()?)?;
    stdout.flush()?;
    Gateway::new(poll, Some(listener), &options)?.run(&stop)?;
    Ok(())
}

/// State that all peers share.
struct Shared {
    /// The latest read. One buffer serves every peer, because nothing stays in it.
    buf: Vec<u8>,
    /// Memory for output. A peer keeps it only while something waits to be sent.
    spare: Vec<u8>,
    max_message: u64,
    deflate: Option<Config>,
    origins: Origins<'static>,
    /// Milliseconds since the start.
    now: u64,
    /// For every member of the chat room, encoded once.
    broadcast: Broadcast,
    /// The topics of STOMP.
    stomp: stomp::Hub,
    /// The sessions of Socket.IO and SockJS.
    hubs: Hubs,
    /// The peer whose turn it is.
    peer: usize,
    /// Memory for what a service says, before its connection takes it.
    scratch: Vec<u8>,
    /// When a peer next has something to send, in milliseconds since the start.
    wake_at: u64,
    /// The pages that watch what goes over the wire.
    wires: Wires,
    figures: Figures,
}

struct Gateway {
    poll: Poll,
    /// `None` when shutting down.
    listener: Option<TcpListener>,
    tls: Option<Arc<ServerConfig>>,
    peers: Slab<Peer>,
    /// Peers that had more to read when their turn ended.
    again: Vec<usize>,
    /// Whether there was no room for another peer. No event says when there is room again.
    full: bool,
    /// The connection to the broker whose topics are shared.
    relay: Option<RelaySocket>,
    shared: Shared,
    start: Instant,
}

impl Gateway {
    fn new(
        poll: Poll,
        listener: Option<TcpListener>,
        options: &Options,
    ) -> Result<Self, Box<dyn std::error::Error>> {
        let tls = match &options.tls {
            Some((certificate, key)) => Some(tls::config(certificate, key)?),
            None => None,
        };
        let relay = options.stomp_relay.as_deref().map(RelaySocket::new).transpose()?;
        let stomp = match relay {
            Some(_) => stomp::Hub::relayed(Relay::new(relay_settings(options.stomp_hold))),
            None => stomp::Hub::default(),
        };
        let mut broadcast = Broadcast::new(options.deflate, stomp.clone());
        let hubs = Hubs::new(&mut broadcast, stomp.clone(), options)
            .ok_or("--sockjs-script takes a URL")?;
        let shared = Shared {
            buf: vec![0; 64 * 1024],
            spare: Vec::new(),
            max_message: options.max_message,
            deflate: options.deflate,
            origins: options.origins,
            now: 0,
            broadcast,
            stomp,
            hubs,
            peer: 0,
            scratch: Vec::new(),
            wake_at: u64::MAX,
            wires: Wires::default(),
            figures: Figures::default(),
        };
        Ok(Self {
            poll,
            listener,
            tls,
            peers: Slab::new(),
            again: Vec::new(),
            full: false,
            relay,
            shared,
            start: Instant::now(),
        })
    }

    fn run(&mut self, stop: &AtomicBool) -> io::Result<()> {
        let mut events = Events::with_capacity(1024);
        let mut next_tick = 0;
        let mut deadline = u64::MAX;
        loop {
            let wake_at = self.shared.wake_at.min(self.shared.hubs.deadline());
            let until_wake = Duration::from_millis(wake_at.saturating_sub(self.shared.now));
            let rests =
                self.again.is_empty() && !self.relay.as_ref().is_some_and(RelaySocket::has_more);
            let timeout = if rests { TICK.min(until_wake) } else { Duration::ZERO };
            match self.poll.poll(&mut events, Some(timeout)) {
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                polled => polled?,
            }
            self.shared.now = self.start.elapsed().as_millis() as u64;
            self.shared.figures.connections = self.peers.len();
            for key in std::mem::take(&mut self.again) {
                if let Some(peer) = self.peers.get_mut(key) {
                    peer.queued = false;
                }
                self.drive(key);
            }
            for event in &events {
                match event.token() {
                    LISTENER => self.accept(),
                    WAKER => {}
                    RELAY => {
                        if let Some(relay) = &mut self.relay {
                            relay.note(event);
                        }
                    }
                    Token(key) => {
                        if let Some(peer) = self.peers.get_mut(key) {
                            peer.note(event);
                            self.drive(key);
                        }
                    }
                }
            }
            if self.shared.now >= next_tick.min(self.shared.wake_at) {
                next_tick = self.shared.now + TICK.as_millis() as u64;
                self.shared.wake_at = u64::MAX;
                self.for_each(Peer::tick);
                self.deliver();
                if self.full {
                    self.accept();
                }
            }
            if self.shared.now >= self.shared.hubs.deadline() {
                self.deliver();
            }
            self.drive_relay();
            if stop.load(Ordering::Relaxed) && self.listener.take().is_some() {
                deadline = self.shared.now + SHUTDOWN.as_millis() as u64;
                self.for_each(Peer::shut_down);
            }
            if self.listener.is_none() && (self.peers.is_empty() || self.shared.now >= deadline) {
                if let Some(mut socket) = self.relay.take() {
                    self.shared.stomp.with_relay(|relay| socket.shut_down(relay));
                }
                return Ok(());
            }
        }
    }

    fn accept(&mut self) {
        self.full = false;
        while let Some(listener) = &self.listener {
            match listener.accept().and_then(|(stream, _)| self.admit(stream)) {
                Ok(()) => {}
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => return,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) if e.kind() == io::ErrorKind::ConnectionAborted => {}
                Err(e) => {
                    eprintln!("cannot accept a connection: {e}");
                    self.full = true;
                    return;
                }
            }
        }
    }

    fn admit(&mut self, stream: TcpStream) -> io::Result<()> {
        // Frames are written whole. Waiting to fill a segment would only delay the last of them.
        stream.set_nodelay(true)?;
        let accept = |config: &Arc<ServerConfig>| ServerConnection::new(config.clone());
        let tls = self.tls.as_ref().map(accept).transpose().map_err(io::Error::other)?;
        let mut transport = Transport::new(stream, tls.map(Into::into));
        let entry = self.peers.vacant_entry();
        let interest = Interest::READABLE | Interest::WRITABLE;
        self.poll.registry().register(transport.tcp(), Token(entry.key()), interest)?;
        entry.insert(Peer::new(transport, self.shared.now));
        Ok(())
    }

    /// Lets a peer go on as far as it can, then delivers what it has said to others.
    fn drive(&mut self, key: usize) {
        self.with_peer(key, Peer::drive);
        self.deliver();
    }

    /// Calls `act` for a peer, and drops it if it has ended.
    fn with_peer(&mut self, key: usize, act: impl FnOnce(&mut Peer, &mut Shared) -> Progress) {
        let Some(peer) = self.peers.get_mut(key) else { return };
        self.shared.peer = key;
        match peer.act(&mut self.shared, act) {
            Progress::Blocked => {}
            Progress::Yielded => queue(&mut self.again, key, peer),
            Progress::Ended => {
                self.peers.remove(key);
            }
        }
    }

    /// Lets the relay go on, then delivers what came from other gateways.
    fn drive_relay(&mut self) {
        let Self { poll, relay: Some(socket), shared, .. } = self else { return };
        let (registry, now) = (poll.registry(), shared.now);
        let was_congested = shared.stomp.is_congested();
        let mut buf = std::mem::take(&mut shared.buf);
        shared.stomp.with_relay(|relay| {
            socket.drive(relay, &mut buf, registry, RELAY, now);
            shared.wake_at = shared.wake_at.min(socket.deadline(relay));
        });
        shared.buf = buf;
        for chat in shared.stomp.take_chat() {
            shared.broadcast.hear(&chat);
        }
        let flows_again = was_congested && !shared.stomp.is_congested();
        if flows_again {
            socket.hurry();
        }
        self.deliver();
        if flows_again {
            self.for_each(Peer::drive);
        }
    }

    /// Delivers messages to the members of the chat room, of topics and of sessions, until there are none. A peer that
    /// receives one may then say another, which waited for its turn.
    fn deliver(&mut self) {
        loop {
            self.shared.broadcast.say_for_hubs();
            let (heard, published) =
                (self.shared.broadcast.take(), self.shared.stomp.take_published());
            if let Some(heard) = &heard {
                self.for_each(|peer, shared| peer.hear(heard, shared));
            }
            if published {
                self.for_each(Peer::hear_others);
            }
            let has_news = heard.is_some() || published;
            let ready = self.shared.hubs.poll(has_news, self.shared.now);
            for key in &ready {
                self.with_peer(*key, Peer::hear_others);
            }
            if !has_news && ready.is_empty() {
                return;
            }
        }
    }

    /// Calls `act` for every peer, and drops the peers that have ended.
    fn for_each(&mut self, mut act: impl FnMut(&mut Peer, &mut Shared) -> Progress) {
        let Self { peers, shared, again, .. } = self;
        peers.retain(|key, peer| {
            let progress = peer.act(shared, &mut act);
            if progress == Progress::Yielded {
                queue(again, key, peer);
            }
            progress != Progress::Ended
        });
    }
}

/// The settings of the broker, from the environment.
fn relay_settings(held_bytes: usize) -> relay::Settings {
    let variable = |name: &str| std::env::var(format!("STOMP_RELAY_{name}")).ok();
    relay::Settings {
        login: variable("LOGIN").map(|user| (user, variable("PASSCODE").unwrap_or_default())),
        host: variable("HOST").unwrap_or_else(|| "/".to_owned()),
        held_bytes,
        name: format!("{:016x}", relay_socket::random()),
    }
}

/// Queues a peer to go on without an event. It is queued only once, so that it gets no more turns
/// than others.
fn queue(again: &mut Vec<usize>, key: usize, peer: &mut Peer) {
    if !std::mem::replace(&mut peer.queued, true) {
        again.push(key);
    }
}
