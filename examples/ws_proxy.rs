//! A proxy for WebSockets that passes messages on as they come, however long they are.
//!
//! ```text
//! cargo run --example ws_proxy -- [--listen ADDR] [--ca FILE] URL
//! cargo run --example ws_client -- ws://127.0.0.1:8081/PATH
//! ```
//!
//! It listens at 127.0.0.1:8081 by default, and asks the server at the URL for what its clients ask for. It answers pings itself,
//! and passes a close on with its code and reason.
//!
//! A message is never joined. What one read has brought of it goes out as a fragment, and nothing more is read before that is
//! written. So a connection costs two buffers, a slow end slows the other down, and messages may be longer than memory.
//!
//! ```text
//!   client ──▶ receive ── parts ──▶ encode_fragment ──▶ server
//!   client ◀── encode_fragment ◀── parts ── receive ◀── server
//! ```

#[allow(dead_code, reason = "a proxy answers refusals itself")]
#[path = "client/mod.rs"]
mod client;
#[allow(dead_code, reason = "nobody else waits for this thread")]
#[path = "socket/transport.rs"]
mod transport;

use std::error::Error;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use client::Opened;
pub use client::socket::Target;
use framewright::http1;
use framewright::ws::handshake::{self, Origins};
use framewright::ws::{self, CloseCode, Connection, Event, Limits, Side};
use lexopt::prelude::{Long, Value, ValueExt};
use mio::{Events, Interest, Poll, Token};
use transport::Transport;

/// How long a client may take to send its request, and either end to close after the other.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long both may say nothing.
const SILENT: Duration = Duration::from_secs(600);
/// Nothing is too long to be passed on.
const LIMITS: Limits =
    Limits::new().max_frame_len(u64::MAX).max_message_len(u64::MAX).max_fragments(u32::MAX);
const BUF: usize = 64 * 1024;

fn main() -> Result<(), Box<dyn Error>> {
    let (mut addr, mut ca, mut url) = ("127.0.0.1:8081".to_owned(), None, None);
    let mut args = lexopt::Parser::from_env();
    while let Some(arg) = args.next()? {
        match arg {
            Long("listen") => addr = args.value()?.string()?,
            Long("ca") => ca = Some(args.value()?.into()),
            Value(value) if url.is_none() => url = Some(value.string()?),
            arg => return Err(arg.unexpected().into()),
        }
    }
    let url = url.ok_or("usage: ws_proxy [--listen ADDR] [--ca FILE] URL")?;
    let listener = TcpListener::bind(addr)?;
    println!("listening on ws://{}", listener.local_addr()?);
    serve(&listener, &Target::parse(&url)?.with_ca(ca))
}

pub fn serve(listener: &TcpListener, target: &Target) -> Result<(), Box<dyn Error>> {
    for socket in listener.incoming() {
        let (Ok(socket), target) = (socket, target.clone()) else { continue };
        thread::spawn(move || welcome(socket, &target).unwrap_or_else(|e| eprintln!("{e}")));
    }
    Ok(())
}

/// Opens both ends, the server's first: if it refuses, so do we.
fn welcome(mut socket: TcpStream, target: &Target) -> Result<(), Box<dyn Error>> {
    socket.set_read_timeout(Some(PATIENCE))?;
    socket.set_nodelay(true)?;
    let origins = Origins::same_host().or_absent();
    let mut server = handshake::Server::new(origins, Vec::new(), http1::Limits::new());
    let (mut buf, mut out) = (vec![0; BUF], Vec::new());
    loop {
        let n @ 1.. = socket.read(&mut buf)? else { return Ok(()) };
        let mut input = &mut buf[..n];
        let offer = match server.receive(&mut input) {
            Ok(None) => continue,
            Ok(Some(offer)) => offer,
            Err(e) => {
                e.refuse().write(&mut out)?;
                return Ok(socket.write_all(&out)?);
            }
        };
        let opened = client::open(&target.with_path(offer.resource_name()), &[], None, LIMITS);
        let opened = match opened {
            Ok(opened) => opened,
            Err(e) => {
                offer.refuse(502).body(e.to_string().as_bytes()).write(&mut out)?;
                return Ok(socket.write_all(&out)?);
            }
        };
        let acceptance = offer.accept();
        acceptance.write(&mut out)?;
        let connection = acceptance.connection(LIMITS);
        let early = input.to_vec();
        let front = End::new(Transport::new(event_socket(socket)?, None), connection, out);
        return relay(front, opened, early);
    }
}

fn event_socket(socket: TcpStream) -> io::Result<mio::net::TcpStream> {
    socket.set_nonblocking(true)?;
    Ok(mio::net::TcpStream::from_std(socket))
}

/// Passes on what comes from either end, until both are closed.
fn relay(
    mut front: End<ws::Server>,
    opened: Opened,
    mut early: Vec<u8>,
) -> Result<(), Box<dyn Error>> {
    let Opened { stream, connection, early: mut answered } = opened;
    let (socket, tls) = stream.into_parts();
    let socket = Transport::new(event_socket(socket)?, tls.map(Into::into));
    let mut back = End::new(socket, connection, Vec::new());
    let mut poll = Poll::new()?;
    let both = Interest::READABLE | Interest::WRITABLE;
    poll.registry().register(front.socket.tcp(), Token(0), both)?;
    poll.registry().register(back.socket.tcp(), Token(1), both)?;

    front.receive(&mut early, &mut back);
    back.receive(&mut answered, &mut front);
    let (mut buf, mut events) = (vec![0; BUF], Events::with_capacity(2));
    let mut closing = None;
    loop {
        while front.pump(&mut back, &mut buf) | back.pump(&mut front, &mut buf) {}
        if front.is_lost() {
            back.close(CloseCode::GOING_AWAY, "the client is lost");
        }
        if back.is_lost() {
            front.close(CloseCode::BAD_GATEWAY, "the server is lost");
        }
        if front.is_over() & back.is_over() {
            return Ok(front.socket.shut_down()?);
        }
        let until = match (front.connection.is_closing(), back.connection.is_closing()) {
            (false, false) => Instant::now() + SILENT,
            _ => *closing.get_or_insert_with(|| Instant::now() + PATIENCE),
        };
        poll.poll(&mut events, Some(until.saturating_duration_since(Instant::now())))?;
        if Instant::now() >= until {
            return Err("an end does not answer".into());
        }
    }
}

/// One end of the proxy.
struct End<S> {
    socket: Transport,
    connection: Connection<S>,
    out: Vec<u8>,
    /// How much of it the socket has taken.
    written: usize,
    /// Whether nothing more comes.
    ended: bool,
}

impl<S: Side> End<S> {
    fn new(socket: Transport, connection: Connection<S>, out: Vec<u8>) -> Self {
        Self { socket, connection, out, written: 0, ended: false }
    }

    /// Reads once, if the other end has taken all that came before. Returns whether it should be called again.
    fn pump<T: Side>(&mut self, other: &mut End<T>, buf: &mut [u8]) -> bool {
        self.flush();
        if self.ended || !other.flush() {
            return false;
        }
        match self.socket.read(buf) {
            Err(e) if e.kind() == ErrorKind::WouldBlock => return false,
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            Ok(n @ 1..) => self.receive(&mut buf[..n], other),
            Ok(_) | Err(_) => self.ended = true,
        }
        true
    }

    /// Passes on what has come. An end that is closing takes nothing more.
    fn receive<T: Side>(&mut self, mut input: &mut [u8], other: &mut End<T>) {
        while let Some(event) = self.connection.receive(&mut input) {
            match event {
                Event::Part(part) => {
                    // Pings and pongs are of no kind.
                    if let (Some(kind), Ok(encoder)) = (part.kind(), other.connection.encoder()) {
                        let chunk = part.chunk();
                        encoder
                            .encode_fragment(kind, chunk.bytes, chunk.end, &mut other.out)
                            .expect("the parts of a message that is valid are valid fragments");
                    }
                }
                Event::Close(code) => {
                    let reason = self.connection.peer_close().map_or("", |close| close.reason);
                    other.close(code, reason);
                }
                Event::Failed(e) => eprintln!("an end broke the protocol: {e}"),
            }
        }
    }

    /// Sends a close frame, unless one was sent.
    fn close(&mut self, code: CloseCode, reason: &str) {
        self.connection
            .close(code, reason, &mut self.out)
            .expect("code and reason are good, and no frame is unfinished");
    }

    /// Whether it will send no close frame that could be passed on.
    fn is_lost(&self) -> bool {
        self.ended || self.connection.error().is_some()
    }

    /// Returns whether all is written, pongs and the answer to a close too. An end that has gone takes everything.
    fn flush(&mut self) -> bool {
        loop {
            match self.write() {
                Err(e) if e.kind() == ErrorKind::WouldBlock => return false,
                written => self.ended |= written.is_err(),
            }
            self.out.clear();
            self.written = 0;
            self.connection.transmit(&mut self.out);
            if self.out.is_empty() {
                return true;
            }
        }
    }

    fn write(&mut self) -> io::Result<()> {
        while self.written < self.out.len() {
            match self.socket.write(&self.out[self.written..]) {
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                n => self.written += n?,
            }
        }
        self.socket.flush()
    }

    fn is_over(&mut self) -> bool {
        self.flush() && (self.ended || self.connection.close_expected().is_some())
    }
}
