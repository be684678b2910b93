//! An HTTP/2 server on blocking sockets: `cargo run --example http2_server -- [--listen ADDR]`.
//!
//! It answers HEAD with the head of a greeting. It answers GET, and any other request without a body, with the greeting. All others
//! get back the body and the trailers that they sent. It expects HTTP/2 at once, without TLS ("prior knowledge", RFC 9113 §3.3).

use std::collections::VecDeque;
use std::error::Error;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use framewright::http::NO_FIELDS;
use framewright::http2::{
    Action, Connection, ErrorCode, Event, Head, Headers, Keepalive, Limits, SendError, Server,
    Slot, Storage, Stream,
};

const GREETING: &[u8] = b"Hello over HTTP/2!\n";
/// How long a peer may take to accept our output.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long we go on reading after our last byte, so that no reset destroys it on its way.
const LINGER: Duration = Duration::from_secs(1);

fn main() -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind(parse_args()?)?;
    println!("listening on http://{}", listener.local_addr()?);
    for socket in listener.incoming() {
        match socket {
            Ok(socket) => {
                drop(thread::spawn(|| serve(socket).unwrap_or_else(|e| eprintln!("{e}"))));
            }
            // Most likely there are too many connections. Some will end.
            Err(_) => thread::sleep(Duration::from_millis(100)),
        }
    }
    Ok(())
}

fn parse_args() -> Result<SocketAddr, lexopt::Error> {
    use lexopt::prelude::{Long, ValueExt};
    let mut listen = ([127, 0, 0, 1], 8080).into();
    let mut parser = lexopt::Parser::from_env();
    while let Some(arg) = parser.next()? {
        match arg {
            Long("listen") => listen = parser.value()?.parse()?,
            other => return Err(other.unexpected()),
        }
    }
    Ok(listen)
}

/// Serves a connection from its first byte to its last.
fn serve(mut socket: TcpStream) -> Result<(), Box<dyn Error>> {
    socket.set_nodelay(true)?;
    socket.set_write_timeout(Some(PATIENCE))?;
    let start = Instant::now();
    let now = || start.elapsed().as_millis() as u64;
    let mut peer = Peer {
        http2: Connection::server(Storage::new(), Limits::new()),
        head: Vec::new(),
        calls: Vec::new(),
        out: Vec::new(),
        sent: 0,
    };
    let mut keepalive = Keepalive::new(now());
    let mut buf = [0; 16 * 1024];
    let mut len = 0;
    loop {
        peer.on_readable(&mut buf[..len])?;
        // Nothing more is read until the peer has taken this, so what we owe it cannot pile up.
        socket.write_all(&peer.out)?;
        keepalive.sent(now(), std::mem::take(&mut peer.sent));
        peer.out.clear();
        if peer.http2.is_over() {
            break;
        }
        peer.report_to(&mut keepalive, now());
        match read(&mut socket, &mut buf, keepalive.deadline().map(|at| at.saturating_sub(now())))?
        {
            Some(0) => return Ok(()),
            Some(n) => {
                keepalive.received(now());
                len = n;
            }
            None => {
                len = 0;
                match keepalive.poll(now()) {
                    Some(Action::Ping) => peer.http2.ping(*b"alive?\0\0")?,
                    Some(Action::Idle) => peer.http2.close(),
                    Some(Action::Dead | Action::CloseTimedOut) => break,
                    Some(Action::SettingsTimedOut) => peer.http2.fail(ErrorCode::SETTINGS_TIMEOUT),
                    Some(_) => peer.http2.fail(ErrorCode::NO_ERROR),
                    None => {}
                }
            }
        }
        peer.http2.poll(now());
    }
    socket.shutdown(Shutdown::Write)?;
    let end = Instant::now() + LINGER;
    while let left @ 1.. = end.saturating_duration_since(Instant::now()).as_millis()
        && let Ok(Some(1..)) = read(&mut socket, &mut buf, Some(left as u64))
    {}
    Ok(())
}

/// Reads what has arrived. Returns `None` if nothing arrives in so many milliseconds.
fn read(socket: &mut TcpStream, buf: &mut [u8], within: Option<u64>) -> io::Result<Option<usize>> {
    socket.set_read_timeout(within.map(|ms| Duration::from_millis(ms.max(1))))?;
    match socket.read(buf) {
        Err(e) if e.kind() == ErrorKind::Interrupted => Ok(None),
        Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => Ok(None),
        // A client may leave as it likes.
        Err(e) if e.kind() == ErrorKind::ConnectionReset => Ok(Some(0)),
        read => read.map(Some),
    }
}

/// Everything that is kept of a connection.
struct Peer {
    http2: Connection<Server, Vec<u8>, Vec<Slot>>,
    /// Where heads are decoded.
    head: Vec<u8>,
    /// What is still to be sent, by `Stream::slot`.
    calls: Vec<Option<Call>>,
    out: Vec<u8>,
    /// How many bytes of bodies are in it.
    sent: u64,
}

/// A response under way.
#[derive(Default)]
struct Call {
    /// Whether the head was sent.
    has_head: bool,
    body: VecDeque<u8>,
    /// The name and value of each.
    trailers: Vec<(String, Vec<u8>)>,
    /// Whether `body` and `trailers` are complete.
    end: bool,
    /// Whether `body` was received, and credit is owed for what is sent of it.
    echoes: bool,
}

impl Peer {
    /// Takes what was read, and writes to `out` what there is to say.
    fn on_readable(&mut self, mut input: &mut [u8]) -> Result<(), SendError> {
        // The event may borrow it while `self` is used.
        let mut buffer = std::mem::take(&mut self.head);
        while let Some(event) = self.http2.receive(&mut input, &mut buffer) {
            match event {
                Event::Head { stream, head, end } => self.answer(stream, head, end)?,
                Event::Data(data) => {
                    let stream = data.stream();
                    if let Some(call) = self.echo(stream) {
                        call.body.extend(&*data.bytes);
                        call.end = data.end();
                        // The client may send more once this was sent back.
                        self.http2.keep(stream, data.bytes.len() as u32);
                        self.send(stream)?;
                    }
                }
                Event::Trailers { stream, trailers } => {
                    if let Some(call) = self.echo(stream) {
                        call.trailers = owned(trailers);
                        call.end = true;
                        self.send(stream)?;
                    }
                }
                Event::Reset { stream, .. } | Event::StreamFailed { stream, .. } => {
                    if let Some(call) = self.calls.get_mut(stream.slot()) {
                        *call = None;
                    }
                }
                // It says what happens next by itself: see `is_over`.
                Event::Failed(_) | Event::GoAway { .. } => {}
                Event::Settings | Event::Pong(_) | Event::Informational { .. } => {}
            }
        }
        self.head = buffer;
        // Streams that were cut short take turns, a frame each.
        while let Some(stream) = self.http2.writable() {
            self.send(stream)?;
        }
        self.http2.transmit(&mut self.out);
        Ok(())
    }

    /// The call on a stream, if what the client sends on it is sent back.
    fn echo(&mut self, stream: Stream) -> Option<&mut Call> {
        self.calls.get_mut(stream.slot())?.as_mut().filter(|call| call.echoes)
    }

    /// Answers a request with as much as there is to say.
    fn answer(&mut self, stream: Stream, head: Head<'_>, end: bool) -> Result<(), SendError> {
        let Self { http2, out, .. } = self;
        let method = head.request().method();
        let len = GREETING.len().to_string();
        let about_greeting = [("content-type", "text/plain"), ("content-length", &len)];
        let call = match method {
            "HEAD" => return http2.send_head(stream, 200, about_greeting, true, out),
            _ if end || method == "GET" => {
                http2.send_head(stream, 200, about_greeting, false, out)?;
                let body = GREETING.iter().copied().collect();
                Call { body, end: true, has_head: true, ..Call::default() }
            }
            _ => {
                // In any case (RFC 9110 §10.1.1): Java writes `100-Continue`.
                let expect = head.headers().get("expect").unwrap_or_default();
                if expect.eq_ignore_ascii_case(b"100-continue") {
                    http2.send_head(stream, 100, NO_FIELDS, false, out)?;
                }
                Call { echoes: true, ..Call::default() }
            }
        };
        if self.calls.len() <= stream.slot() {
            self.calls.resize_with(stream.slot() + 1, || None);
        }
        self.calls[stream.slot()] = Some(call);
        self.send(stream)
    }

    /// Sends a frame of a body, and what follows the body once it was sent.
    fn send(&mut self, stream: Stream) -> Result<(), SendError> {
        let Self { http2, calls, out, .. } = self;
        let Some(slot) = calls.get_mut(stream.slot()) else { return Ok(()) };
        let Some(call) = slot else { return Ok(()) };
        if call.echoes && call.body.is_empty() && !call.end {
            return Ok(());
        }
        if !call.has_head {
            http2.send_head(stream, 200, NO_FIELDS, false, out)?;
            call.has_head = true;
        }
        let body = call.body.make_contiguous();
        let ends = call.end && call.trailers.is_empty();
        let (sent, all) = (http2.send(stream, body, ends, out)?, body.len());
        call.body.drain(..sent);
        self.sent += sent as u64;
        if call.echoes {
            http2.release(stream, sent as u32);
        }
        if sent == all && call.end {
            if !ends {
                let trailers = call.trailers.iter().map(|(name, value)| (&**name, &**value));
                if http2.send_trailers(stream, trailers, out).is_err() {
                    // Not all that a client may send can come from a server.
                    http2.reset(stream, ErrorCode::INTERNAL_ERROR);
                }
            }
            *slot = None;
        }
        Ok(())
    }

    /// Tells the watch what has changed.
    fn report_to(&self, keepalive: &mut Keepalive, now: u64) {
        if self.http2.peer().received {
            keepalive.opened(now);
        }
        if self.http2.is_acknowledged() {
            keepalive.acknowledged();
        }
        keepalive.streams(now, self.http2.open_streams() > 0);
        keepalive.waiting(now, self.calls.iter().flatten().any(|call| !call.body.is_empty()));
    }
}

fn owned(fields: Headers<'_>) -> Vec<(String, Vec<u8>)> {
    fields.iter().map(|field| (field.name.to_owned(), field.value.to_vec())).collect()
}
