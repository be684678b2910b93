//! A server of HTTP/1.1 that carries one hub, in one thread.

mod exchange;
mod peer;
mod room;

use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use mio::net::TcpListener;
use mio::{Events, Interest, Poll, Token};
use peer::{Peer, Progress};
pub use room::OwnRoom;
use slab::Slab;

use crate::hub::Hub;

const LISTENER: Token = Token(usize::MAX);
/// How often to check for peers that make no progress.
const TICK: u64 = 1_000;

/// Listens at `addr`, says so, and serves until something fails.
pub fn run(addr: SocketAddr, hub: impl Hub) -> Result<(), Box<dyn Error>> {
    let poll = Poll::new()?;
    let mut listener = TcpListener::bind(addr)?;
    poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
    println!("listening on http://{}", listener.local_addr()?);
    let shared = Shared { hub, buf: vec![0; 64 << 10], now: 0 };
    Ok(Server { poll, listener, peers: Slab::new(), shared }.run()?)
}

/// What all peers share.
struct Shared<H> {
    hub: H,
    /// The latest read.
    buf: Vec<u8>,
    /// In ms since the start.
    now: u64,
}

struct Server<H> {
    poll: Poll,
    listener: TcpListener,
    /// The index of a peer is also the number of its exchange: it has one at a time.
    peers: Slab<Peer>,
    shared: Shared<H>,
}

impl<H: Hub> Server<H> {
    fn run(mut self) -> io::Result<()> {
        let start = Instant::now();
        let mut events = Events::with_capacity(256);
        let mut next_tick = TICK;
        loop {
            let deadline = self.shared.hub.deadline().unwrap_or(u64::MAX).min(next_tick);
            let timeout = Duration::from_millis(deadline.saturating_sub(self.shared.now));
            match self.poll.poll(&mut events, Some(timeout)) {
                Err(e) if e.kind() != io::ErrorKind::Interrupted => return Err(e),
                _ => {}
            }
            self.shared.now = start.elapsed().as_millis() as u64;
            for event in &events {
                match event.token() {
                    LISTENER => self.accept()?,
                    Token(index) => self.with_peer(index, Peer::on_ready),
                }
                // What was said is heard before anything else is.
                self.shared.hub.poll(self.shared.now);
                self.serve_ready();
            }
            self.shared.hub.poll(self.shared.now);
            self.serve_ready();
            if self.shared.now >= next_tick {
                next_tick = self.shared.now + TICK;
                let stalled = |(index, peer): (usize, &Peer)| {
                    peer.is_stalled(self.shared.now).then_some(index)
                };
                for index in self.peers.iter().filter_map(stalled).collect::<Vec<_>>() {
                    self.with_peer(index, |_, _| Progress::Over);
                }
            }
        }
    }

    fn accept(&mut self) -> io::Result<()> {
        loop {
            match self.listener.accept() {
                Ok((mut socket, _)) => {
                    let entry = self.peers.vacant_entry();
                    let both = Interest::READABLE | Interest::WRITABLE;
                    self.poll.registry().register(&mut socket, Token(entry.key()), both)?;
                    let _ = socket.set_nodelay(true);
                    let exchange = entry.key() as u64;
                    entry.insert(Peer::new(socket, exchange, self.shared.now));
                }
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(e) => eprintln!("{e}"),
            }
        }
    }

    /// Writes what the hub has for its exchanges, until it has no more.
    fn serve_ready(&mut self) {
        loop {
            let ready = self.shared.hub.take_ready();
            if ready.is_empty() {
                return;
            }
            for exchange in ready {
                self.with_peer(exchange as usize, Peer::serve_exchange);
            }
        }
    }

    /// Lets a peer do something, and drops it if that was its end.
    fn with_peer(&mut self, index: usize, act: impl FnOnce(&mut Peer, &mut Shared<H>) -> Progress) {
        if let Some(peer) = self.peers.get_mut(index)
            && act(peer, &mut self.shared) == Progress::Over
        {
            self.peers.remove(index);
            self.shared.hub.receive_eof(index as u64, self.shared.now);
        }
    }
}
