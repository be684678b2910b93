//! The ring and its peers.
//!
//! A peer has one operation under way, and its next one follows from what the machine says. So its buffers belong either to the
//! kernel or to us:
//!
//! ```text
//!             all is sent                          the peer has gone, or is silent too long
//!   Sending ──────────────▶ Receiving ────────────────────────────────────────────────────▶ dropped
//!      ▲                        │
//!      └── there is an answer ──┘
//! ```
#![allow(unsafe_code, reason = "the kernel writes to our buffers")]

use std::io;
use std::mem::ManuallyDrop;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::fd::{AsRawFd, FromRawFd};
use std::time::Instant;

use framewright::http1;
use framewright::ws::handshake::{self, Origins};
use framewright::ws::{self, Action, Connection, Inbox, Keepalive, Limits, MessageEvent};
use io_uring::types::{Fd, Timespec};
use io_uring::{IoUring, opcode, squeue};
use slab::Slab;

/// How long a peer may take to send its request, and to leave, in ms.
const PATIENCE: u64 = 10_000;
/// How long a receive waits before we look at the time.
static TICK: Timespec = Timespec::new().sec(5);
static MOMENT: Timespec = Timespec::new().nsec(100_000_000);
/// How many operations may be handed over at once.
const ENTRIES: u32 = 256;
const BUF: usize = 16 * 1024;
/// The user data of what is not about a peer.
const ACCEPT: u64 = u64::MAX;
const TIMER: u64 = u64::MAX - 1;
const PAUSE: u64 = u64::MAX - 2;

pub struct Server {
    ring: IoUring,
    listener: TcpListener,
    /// Never freed with the server, because the kernel may still write to it.
    peers: ManuallyDrop<Slab<Box<Peer>>>,
    start: Instant,
}

impl Server {
    /// Fails if the kernel does not want to.
    pub fn new(listener: TcpListener) -> io::Result<Self> {
        let ring = IoUring::new(ENTRIES)?;
        let peers = ManuallyDrop::new(Slab::new());
        Ok(Self { ring, listener, peers, start: Instant::now() })
    }

    pub fn serve(mut self) -> io::Result<()> {
        self.accept()?;
        loop {
            self.ring.submit_and_wait(1)?;
            let now = self.start.elapsed().as_millis() as u64;
            let completed: Vec<_> =
                self.ring.completion().map(|entry| (entry.user_data(), entry.result())).collect();
            for (user_data, result) in completed {
                match user_data {
                    TIMER => {} // the receive that it was for says so itself
                    // Most likely there are too many. Some will end.
                    ACCEPT if result < 0 => self.pause()?,
                    ACCEPT => {
                        self.admit(result, now)?;
                        self.accept()?;
                    }
                    PAUSE => self.accept()?,
                    key => match self.peers[key as usize].complete(result, now) {
                        Next::Send => self.send(key)?,
                        Next::Receive => self.receive(key)?,
                        Next::Drop => drop(self.peers.remove(key as usize)),
                    },
                }
            }
        }
    }

    fn admit(&mut self, socket: i32, now: u64) -> io::Result<()> {
        // SAFETY: the kernel has just made it, and nobody else knows of it.
        let socket = unsafe { TcpStream::from_raw_fd(socket) };
        socket.set_nodelay(true)?;
        let key = self.peers.insert(Box::new(Peer::new(socket, now)));
        self.receive(key as u64)
    }

    fn accept(&mut self) -> io::Result<()> {
        let fd = Fd(self.listener.as_raw_fd());
        let none = std::ptr::null_mut();
        // SAFETY: it writes to no memory of ours, and the listener lives as long as the ring.
        unsafe {
            self.push(&[opcode::Accept::new(fd, none, none.cast()).build().user_data(ACCEPT)])
        }
    }

    /// Accepts again after a moment.
    fn pause(&mut self) -> io::Result<()> {
        // SAFETY: it writes to no memory of ours, and the time is static.
        unsafe { self.push(&[opcode::Timeout::new(&MOMENT).build().user_data(PAUSE)]) }
    }

    fn receive(&mut self, key: u64) -> io::Result<()> {
        let peer = &mut self.peers[key as usize];
        peer.is_sending = false;
        let fd = Fd(peer.socket.as_raw_fd());
        let receive = opcode::Recv::new(fd, peer.buf.as_mut_ptr(), BUF as u32).build();
        let timer = opcode::LinkTimeout::new(&TICK).build().user_data(TIMER);
        // SAFETY: the peer is boxed, and neither touches its buffer nor is dropped before this completes.
        unsafe { self.push(&[receive.flags(squeue::Flags::IO_LINK).user_data(key), timer]) }
    }

    fn send(&mut self, key: u64) -> io::Result<()> {
        let peer = &mut self.peers[key as usize];
        peer.is_sending = true;
        let (fd, rest) = (Fd(peer.socket.as_raw_fd()), &peer.out[peer.written..]);
        let len = u32::try_from(rest.len()).unwrap_or(u32::MAX);
        let send = opcode::Send::new(fd, rest.as_ptr(), len).flags(libc::MSG_NOSIGNAL).build();
        let timer = opcode::LinkTimeout::new(&TICK).build().user_data(TIMER);
        // SAFETY: the peer is boxed, and neither changes its output nor is dropped before this completes.
        unsafe { self.push(&[send.flags(squeue::Flags::IO_LINK).user_data(key), timer]) }
    }

    /// Hands operations over, all at once because they may be linked.
    ///
    /// # Safety
    ///
    /// What they point to has to live and stay untouched until they complete.
    unsafe fn push(&mut self, operations: &[squeue::Entry]) -> io::Result<()> {
        // SAFETY: as the caller says.
        while unsafe { self.ring.submission().push_multiple(operations) }.is_err() {
            self.ring.submit()?; // which makes room
        }
        Ok(())
    }
}

struct Peer {
    socket: TcpStream,
    state: State,
    inbox: Inbox<Vec<u8>>,
    buf: Box<[u8]>,
    out: Vec<u8>,
    /// How much of it is sent.
    written: usize,
    /// Whether the operation under way is a send.
    is_sending: bool,
    /// When the state has to have changed, unless it is open.
    until: u64,
}

enum State {
    Opening(handshake::Server<'static, Vec<u8>>),
    Open(Box<Connection<ws::Server>>, Keepalive),
    /// What is to be said, ends it.
    Refused,
    Leaving,
}

/// The next operation.
enum Next {
    Send,
    Receive,
    Drop,
}

impl Peer {
    fn new(socket: TcpStream, now: u64) -> Self {
        let origins = Origins::same_host().or_absent();
        let server = handshake::Server::new(origins, Vec::new(), http1::Limits::new());
        Self {
            socket,
            state: State::Opening(server),
            inbox: Inbox::new(Vec::new()),
            buf: vec![0; BUF].into(),
            out: Vec::new(),
            written: 0,
            is_sending: false,
            until: now + PATIENCE,
        }
    }

    /// Takes the result of the operation that was under way.
    fn complete(&mut self, result: i32, now: u64) -> Next {
        match result {
            _ if !matches!(self.state, State::Open(..)) && now >= self.until => Next::Drop,
            n @ 1.. if self.is_sending => self.sent(n as usize),
            n @ 1.. => {
                let mut buf = std::mem::take(&mut self.buf);
                let received = self.received(&mut buf[..n as usize], now);
                self.buf = buf;
                match received {
                    Ok(()) if self.out.is_empty() => Next::Receive,
                    Ok(()) => Next::Send,
                    Err(_) => Next::Drop,
                }
            }
            // The timer cancels a receive when nothing comes. A peer that takes nothing for as long is dropped.
            timed_out if timed_out == -libc::ECANCELED && !self.is_sending => {
                self.look_at_time(now)
            }
            _ => Next::Drop,
        }
    }

    fn sent(&mut self, n: usize) -> Next {
        self.written += n;
        if self.written < self.out.len() {
            return Next::Send;
        }
        self.out.clear();
        self.written = 0;
        let ends = match &self.state {
            State::Open(connection, _) => connection.close_expected().is_some(),
            State::Refused => true,
            State::Opening(_) | State::Leaving => false,
        };
        if ends {
            // Only our side. A full close could destroy our last bytes on their way, if the peer is still sending.
            self.state = State::Leaving;
            let _ = self.socket.shutdown(Shutdown::Write);
        }
        Next::Receive
    }

    fn received(&mut self, mut input: &mut [u8], now: u64) -> Result<(), handshake::SendError> {
        if let State::Opening(server) = &mut self.state {
            match server.receive(&mut input) {
                Ok(None) => return Ok(()),
                Ok(Some(offer)) => {
                    let acceptance = offer.accept();
                    acceptance.write(&mut self.out)?;
                    let connection = acceptance.connection(Limits::new());
                    self.state = State::Open(Box::new(connection), Keepalive::new(now));
                }
                Err(e) => {
                    self.state = State::Refused;
                    self.until = now + PATIENCE;
                    return e.refuse().write(&mut self.out);
                }
            }
        }
        let State::Open(connection, keepalive) = &mut self.state else { return Ok(()) };
        keepalive.received(now);
        let mut input = &*input;
        while let Some(event) = connection.receive_message(&mut input, &mut self.inbox) {
            if let MessageEvent::Message(_) = event {
                // It fails when the connection is closing, and then the peer waits for no message.
                let _ = connection.send(self.inbox.message(), &mut self.out);
            }
        }
        connection.transmit(&mut self.out); // pongs, and the answer to a close
        self.until = now + PATIENCE;
        Ok(())
    }

    fn look_at_time(&mut self, now: u64) -> Next {
        let State::Open(connection, keepalive) = &mut self.state else { return Next::Receive };
        match keepalive.poll(now) {
            Some(Action::Ping) => match connection.ping(b"", &mut self.out) {
                Ok(()) => Next::Send,
                Err(_) => Next::Drop,
            },
            Some(Action::Dead | Action::CloseTimedOut) => Next::Drop,
            None => Next::Receive,
        }
    }
}
