//! The socket of the connection to the broker whose topics are shared.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::io::{self, Read};
use std::net::{SocketAddr, ToSocketAddrs};

use mio::event::Event;
use mio::net::TcpStream;
use mio::{Interest, Registry, Token};

use crate::output::Output;
use crate::stomp::relay::Relay;

/// How many reads there are in a turn.
const READS: usize = 4;
/// Above this many unsent bytes nothing is read, because what comes asks for acknowledgements.
const HIGH_WATER: usize = 1 << 20;

/// Moves bytes between a broker and the relay.
pub struct RelaySocket {
    addresses: Vec<SocketAddr>,
    /// Which of the addresses is next.
    next: usize,
    stream: Option<TcpStream>,
    /// Whether a read may find something.
    readable: bool,
    /// Whether there is something new to write.
    hurries: bool,
    out: Output,
    /// Why the last attempt failed. It is said once.
    failure: String,
}

impl RelaySocket {
    /// The broker at `HOST:PORT`.
    pub fn new(address: &str) -> io::Result<Self> {
        let addresses: Vec<_> = address.to_socket_addrs()?.collect();
        if addresses.is_empty() {
            return Err(io::Error::other("the broker has no address"));
        }
        let out = Output::default();
        Ok(Self {
            addresses,
            next: 0,
            stream: None,
            readable: false,
            hurries: false,
            out,
            failure: String::new(),
        })
    }

    /// Records an event of the event loop.
    pub fn note(&mut self, event: &Event) {
        self.readable |= event.is_readable() || event.is_read_closed() || event.is_error();
    }

    /// Asks for a turn without an event, because there is more to send.
    pub fn hurry(&mut self) {
        self.hurries = true;
    }

    /// Whether there is something to do for which no event will come.
    pub fn has_more(&self) -> bool {
        self.may_read() || self.hurries
    }

    /// Reads and writes until the broker blocks or the turn ends, and connects when it is time.
    pub fn drive(
        &mut self,
        relay: &mut Relay,
        buf: &mut [u8],
        registry: &Registry,
        token: Token,
        now: u64,
    ) {
        self.hurries = false;
        if relay.wants_transport(now) {
            relay.connecting(now);
            if let Err(e) = self.connect(registry, token) {
                return self.fail(relay, e.to_string(), now);
            }
        }
        if let Err(why) = self.read(relay, buf, now).and_then(|()| self.write(relay, now)) {
            self.fail(relay, why, now);
        }
    }

    /// When to drive it next, unless an event comes before then.
    pub fn deadline(&self, relay: &Relay) -> u64 {
        match relay.deadline() {
            // Heart-beats have to wait, too.
            _ if self.out.pending() > 0 => u64::MAX,
            deadline => deadline.unwrap_or(u64::MAX),
        }
    }

    fn connect(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        let address = self.addresses[self.next % self.addresses.len()];
        self.next += 1;
        let mut stream = TcpStream::connect(address)?;
        registry.register(&mut stream, token, Interest::READABLE | Interest::WRITABLE)?;
        self.stream = Some(stream);
        self.readable = false;
        self.out = Output::default();
        Ok(())
    }

    fn may_read(&self) -> bool {
        self.readable && self.out.pending() < HIGH_WATER
    }

    fn read(&mut self, relay: &mut Relay, buf: &mut [u8], now: u64) -> Result<(), String> {
        for _ in 0..READS {
            if !self.may_read() {
                break;
            }
            let Some(stream) = &mut self.stream else { return Ok(()) };
            match stream.read(buf) {
                Ok(0) => return Err("the broker has closed the connection".to_owned()),
                Ok(n) => relay.receive(&buf[..n], now)?,
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => self.readable = false,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e.to_string()),
            }
        }
        Ok(())
    }

    fn write(&mut self, relay: &mut Relay, now: u64) -> Result<(), String> {
        let Some(stream) = &mut self.stream else { return Ok(()) };
        loop {
            let pending = self.out.pending();
            relay.transmit(&mut self.out, pending, now)?;
            match self.out.flush(stream) {
                // Not connected yet. An event comes once it is.
                Err(e) if e.kind() == io::ErrorKind::NotConnected => return Ok(()),
                Err(e) => return Err(e.to_string()),
                Ok(_) if self.out.pending() > 0 => return Ok(()),
                // What there was no room for before has room now.
                Ok(true) => {}
                Ok(false) => return Ok(()),
            }
        }
    }

    fn fail(&mut self, relay: &mut Relay, why: String, now: u64) {
        self.stream = None;
        self.readable = false;
        relay.disconnected(now, random());
        if self.failure != why {
            eprintln!("no broker: {why}");
            self.failure = why;
        }
    }

    /// Leaves, as far as that goes without waiting.
    pub fn shut_down(&mut self, relay: &mut Relay) {
        let Some(stream) = &mut self.stream else { return };
        relay.shut_down(&mut self.out);
        let _ = self.out.flush(stream);
    }
}

/// A number that nobody can guess.
pub fn random() -> u64 {
    RandomState::new().hash_one(0)
}
