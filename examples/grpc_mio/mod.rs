//! An event loop on `mio` for servers of gRPC: one thread, any number of connections.
//!
//! A [`Service`] says what to answer. The loop asks it for the next message of a call only when the client can take one,
//! so that a slow client costs nothing but its place.

mod peer;

use std::borrow::Cow;
use std::collections::{BTreeSet, VecDeque};
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use framewright::grpc::{CallKind, Code, Message, MetadataList, ServerConfig};
use framewright::http2::Headers;
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token, Waker};
use slab::Slab;

use peer::{Peer, Progress};

const LISTENER: Token = Token(usize::MAX);
const WAKER: Token = Token(usize::MAX - 1);
/// How long a shutdown waits for calls to end, in ms.
const SHUTDOWN: u64 = 5000;
/// How long no connection is accepted after one could not be, in ms.
const PAUSE: u64 = 100;

/// What a server does for its clients.
pub trait Service {
    /// What is kept of a call.
    type Call;

    const CONFIG: ServerConfig<'static>;

    /// Begins a call, or refuses it as UNIMPLEMENTED.
    fn begin(&mut self, path: &str, headers: Headers<'_>) -> Option<Begun<Self::Call>>;
    /// Takes a message of the client.
    fn message(&mut self, call: &mut Self::Call, message: Message<'_>);
    /// Whether so much waits to be sent that the client has to wait before it sends more.
    fn is_full(&self, call: &Self::Call) -> bool;
    /// How many bytes wait to be sent.
    fn held(&self, _call: &Self::Call) -> usize {
        0
    }
    /// Drops what waits to be sent, and ends the call: all calls of its connection hold too much.
    fn give_up(&mut self, _call: &mut Self::Call) {}
    /// Notes that no more messages come.
    fn half_close(&mut self, call: &mut Self::Call);
    /// Returns what to do next for a call: asked for after each of the above, and until there is nothing.
    fn next(&mut self, call: &mut Self::Call, now: u64) -> Next;
}

/// A call that was begun.
pub struct Begun<C> {
    pub call: C,
    pub kind: CallKind,
    /// The encoding of messages that are sent compressed.
    pub encoding: Option<&'static str>,
    /// What goes out with the head.
    pub metadata: MetadataList<Vec<u8>>,
    pub trailing_metadata: MetadataList<Vec<u8>>,
}

/// What a service does next for a call.
pub enum Next {
    Send(Vec<u8>),
    #[allow(dead_code, reason = "not every service compresses")]
    SendCompressed(Vec<u8>),
    /// Nothing before this time, unless a message comes.
    #[allow(dead_code, reason = "not every service waits")]
    WaitUntil(u64),
    /// Nothing before another message, or the end of them.
    Wait,
    End(Ending),
}

/// How a call ends.
#[derive(Clone)]
pub struct Ending {
    pub code: Code,
    pub message: Cow<'static, str>,
    /// The message `google.rpc.Status`, or nothing.
    pub details: Vec<u8>,
}

impl Ending {
    pub fn new(code: Code, message: impl Into<Cow<'static, str>>) -> Self {
        Self { code, message: message.into(), details: Vec::new() }
    }
}

/// Serves until a signal says to stop, and then until all calls have ended.
pub fn serve<S: Service>(listen: SocketAddr, service: S) -> Result<(), Box<dyn std::error::Error>> {
    let poll = Poll::new()?;
    let mut listener = TcpListener::bind(listen)?;
    poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
    let stop = Arc::new(AtomicBool::new(false));
    let waker = Waker::new(poll.registry(), WAKER)?;
    ctrlc::set_handler({
        let stop = stop.clone();
        move || {
            stop.store(true, Ordering::Relaxed);
            // If it fails, there is no loop to wake.
            let _ = waker.wake();
        }
    })?;
    println!("listening on http://{}", listener.local_addr()?);
    let server = Server {
        poll,
        listener: Some(listener),
        paused_until: None,
        service,
        peers: Slab::new(),
        busy: VecDeque::new(),
        timers: BTreeSet::new(),
        start: Instant::now(),
    };
    Ok(server.run(&stop)?)
}

struct Server<S: Service> {
    poll: Poll,
    /// `None` once it is told to stop.
    listener: Option<TcpListener>,
    /// When to accept connections again, after there were too many.
    paused_until: Option<u64>,
    service: S,
    peers: Slab<Peer<S::Call>>,
    /// Those that have not read or written everything that they can. They take turns.
    busy: VecDeque<usize>,
    /// When to look at which peer again.
    timers: BTreeSet<(u64, usize)>,
    start: Instant,
}

impl<S: Service> Server<S> {
    fn run(mut self, stop: &AtomicBool) -> io::Result<()> {
        let mut events = Events::with_capacity(1024);
        let mut buf = vec![0; 64 * 1024];
        let mut give_up_at = u64::MAX;
        while self.listener.is_some() || !self.peers.is_empty() {
            let next = self.timers.first().map_or(u64::MAX, |(at, _)| *at);
            let next = next.min(give_up_at).min(self.paused_until.unwrap_or(u64::MAX));
            let wait = match next {
                _ if !self.busy.is_empty() => Some(Duration::ZERO),
                u64::MAX => None,
                at => Some(Duration::from_millis(at.saturating_sub(self.now()))),
            };
            match self.poll.poll(&mut events, wait) {
                Err(e) if e.kind() != ErrorKind::Interrupted => return Err(e),
                _ => {}
            }
            let mut accept = self.paused_until.is_some_and(|at| at <= self.now());
            for event in &events {
                match event.token() {
                    LISTENER => accept = true,
                    WAKER => {}
                    Token(key) => self.wake(key),
                }
            }
            if accept {
                self.accept();
            }
            let now = self.now();
            while let Some((at, key)) = self.timers.first().copied().filter(|(at, _)| *at <= now) {
                self.timers.remove(&(at, key));
                self.wake(key);
            }
            if stop.load(Ordering::Relaxed) && self.listener.take().is_some() {
                self.paused_until = None;
                give_up_at = now + SHUTDOWN;
                let keys: Vec<_> = self.peers.iter().map(|(key, _)| key).collect();
                for key in keys {
                    self.peers[key].close();
                    self.wake(key);
                }
            }
            if give_up_at <= now {
                eprintln!("not all calls have ended");
                break;
            }
            for _ in 0..self.busy.len() {
                let Some(key) = self.busy.pop_front() else { break };
                self.go_on(key, &mut buf);
            }
        }
        Ok(())
    }

    fn now(&self) -> u64 {
        self.start.elapsed().as_millis() as u64
    }

    /// Gives a peer a turn.
    fn wake(&mut self, key: usize) {
        if let Some(peer) = self.peers.get_mut(key)
            && !std::mem::replace(&mut peer.is_busy, true)
        {
            self.busy.push_back(key);
        }
    }

    fn accept(&mut self) {
        self.paused_until = None;
        while let Some(listener) = &self.listener {
            match listener.accept() {
                Ok((socket, _)) => self.add(socket),
                Err(e) if e.kind() == ErrorKind::WouldBlock => return,
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(_) => {
                    // Most likely there are too many connections. Some will end.
                    self.paused_until = Some(self.now() + PAUSE);
                    return;
                }
            }
        }
    }

    fn add(&mut self, mut socket: TcpStream) {
        let now = self.now();
        let entry = self.peers.vacant_entry();
        let (key, both) = (entry.key(), Interest::READABLE | Interest::WRITABLE);
        // What cannot be watched is closed.
        if self.poll.registry().register(&mut socket, Token(key), both).is_ok() {
            let _ = socket.set_nodelay(true);
            entry.insert(Peer::new(socket, S::CONFIG, now));
            self.wake(key);
        }
    }

    fn go_on(&mut self, key: usize, buf: &mut [u8]) {
        let now = self.now();
        let Some(peer) = self.peers.get_mut(key) else { return };
        peer.is_busy = false;
        if let Some(at) = peer.timer.take() {
            self.timers.remove(&(at, key));
        }
        match peer.go_on(&mut self.service, buf, now) {
            Progress::More => self.wake(key),
            Progress::Wait => {
                peer.timer = peer.deadline();
                self.timers.extend(peer.timer.map(|at| (at, key)));
            }
            Progress::Over => {
                let mut peer = self.peers.remove(key);
                // The socket is closed in any case.
                let _ = self.poll.registry().deregister(&mut peer.socket);
            }
        }
    }
}
