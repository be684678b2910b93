//! A SockJS server with the services that SockJS's own tests need, in one thread:
//! `cargo run --example sockjs_server -- [--listen ADDR] [--script URL]`.
//!
//! `/echo` sends messages back, `/disabled_websocket_echo` does so without WebSocket, `/cookie_needed_echo` with a cookie,
//! and `/close` closes each session. `--script` is where the page for iframes finds the client.

mod http;
mod sending;
mod service;
mod socket;

use std::collections::HashMap;
use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use framewright::sockjs::Action;
use http::{Peer, Progress};
use mio::net::TcpListener;
use mio::{Events, Interest, Poll, Token};
use service::{Key, Sessions};
use slab::Slab;

const LISTENER: Token = Token(usize::MAX);
/// How often deadlines are checked.
const TICK: Duration = Duration::from_millis(100);

fn main() -> Result<(), Box<dyn Error>> {
    let (listen, script) = parse_args()?;
    let poll = Poll::new()?;
    let mut listener = TcpListener::bind(listen)?;
    poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
    println!("listening on http://{}", listener.local_addr()?);
    let shared = Shared {
        sessions: Sessions { by_key: HashMap::new(), touched: Vec::new() },
        script,
        buf: vec![0; 64 << 10],
        now: 0,
    };
    Server { poll, listener, peers: Slab::new(), shared }.run()?;
    Ok(())
}

fn parse_args() -> Result<(SocketAddr, String), lexopt::Error> {
    use lexopt::prelude::{Long, ValueExt};
    let mut listen = ([127, 0, 0, 1], 8081).into();
    let mut script = "/sockjs.min.js".to_owned();
    let mut parser = lexopt::Parser::from_env();
    while let Some(arg) = parser.next()? {
        match arg {
            Long("listen") => listen = parser.value()?.parse()?,
            Long("script") => script = parser.value()?.string()?,
            other => return Err(other.unexpected()),
        }
    }
    Ok((listen, script))
}

/// What all peers share.
struct Shared {
    sessions: Sessions,
    /// The URL of the client's script.
    script: String,
    /// The latest read.
    buf: Vec<u8>,
    /// In ms since the start.
    now: u64,
}

struct Server {
    poll: Poll,
    listener: TcpListener,
    peers: Slab<Peer>,
    shared: Shared,
}

impl Server {
    fn run(mut self) -> io::Result<()> {
        let start = Instant::now();
        let mut events = Events::with_capacity(256);
        loop {
            match self.poll.poll(&mut events, Some(TICK)) {
                Err(e) if e.kind() != io::ErrorKind::Interrupted => return Err(e),
                _ => {}
            }
            self.shared.now = start.elapsed().as_millis() as u64;
            for event in &events {
                match event.token() {
                    LISTENER => self.accept()?,
                    Token(index) => self.on_ready(index),
                }
                self.serve_receivers();
            }
            self.check_deadlines();
            self.serve_receivers();
        }
    }

    fn accept(&mut self) -> io::Result<()> {
        loop {
            match self.listener.accept() {
                Ok((mut socket, _)) => {
                    let entry = self.peers.vacant_entry();
                    let (token, both) =
                        (Token(entry.key()), Interest::READABLE | Interest::WRITABLE);
                    self.poll.registry().register(&mut socket, token, both)?;
                    let _ = socket.set_nodelay(true);
                    entry.insert(Peer::new(socket, token.0, self.shared.now));
                }
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(e) => eprintln!("{e}"),
            }
        }
    }

    fn on_ready(&mut self, index: usize) {
        let Some(peer) = self.peers.get_mut(index) else { return };
        if peer.on_ready(&mut self.shared) == Progress::Over {
            self.drop_peer(index);
        }
    }

    fn drop_peer(&mut self, index: usize) {
        if let Some(peer) = self.peers.try_remove(index)
            && let Some((key, receiver)) = peer.receiver()
        {
            self.shared.sessions.receive_eof(key, receiver);
        }
    }

    /// Sends what sessions have for their receivers.
    fn serve_receivers(&mut self) {
        while let Some(key) = self.shared.sessions.touched.pop() {
            let index = self.shared.sessions.by_key.get(&key).and_then(|entry| entry.peer);
            if let Some(index) = index
                && let Some(peer) = self.peers.get_mut(index)
                && peer.serve_session(&key, &mut self.shared) == Progress::Over
            {
                self.drop_peer(index);
            }
        }
    }

    /// Looks at every deadline. A server with many sessions would keep them in a heap.
    fn check_deadlines(&mut self) {
        let (now, sessions) = (self.shared.now, &mut self.shared.sessions);
        let mut over: Vec<Key> = Vec::new();
        for (key, entry) in &mut sessions.by_key {
            match entry.session.poll(now) {
                Some(Action::Transmit) => sessions.touched.push(key.clone()),
                Some(Action::Over) => over.push(key.clone()),
                None => {}
            }
        }
        let mut dead: Vec<usize> = Vec::new();
        for key in over {
            dead.extend(sessions.by_key.remove(&key).and_then(|entry| entry.peer));
        }
        for (index, peer) in &mut self.peers {
            if peer.on_tick(now) == Progress::Over {
                dead.push(index);
            }
        }
        for index in dead {
            self.drop_peer(index);
        }
    }
}
