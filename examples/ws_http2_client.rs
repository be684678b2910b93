//! A WebSocket in a stream of HTTP/2 (RFC 8441): sends each line of standard input as a text message, and prints the
//! messages that come.
//!
//! ```text
//! cargo run --example ws_http2_client -- [--no-deflate] [--ca FILE] URL [SUBPROTOCOL]...
//! ```
//!
//! With `ws://`, it speaks HTTP/2 at once ("prior knowledge", RFC 9113 §3.3), and with `wss://` if the server chooses that by
//! ALPN. `--ca` is a file of authorities in PEM, instead of the well-known ones.
//!
//! ```text
//!              the settings allow it             200             both have ended it
//! Connecting ────────────────────────▶ Asking ─────────▶ Open ──────────────────────────▶ Over
//! ```

#[path = "socket/mod.rs"]
mod socket;
#[allow(dead_code, reason = "the end of the process closes it")]
#[path = "socket/transport.rs"]
mod transport;

use std::error::Error;
use std::io::{self, BufRead, ErrorKind, Read, Write};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use framewright::http::reason_phrase;
use framewright::http2::{self, Connection, ErrorCode, Event, Slot, Storage, Stream};
use framewright::ws::deflate::Config;
use framewright::ws::handshake::{ClientRequest, ReplyCheck};
use framewright::ws::{self, Action, CloseCode, Ending, Inbox, Keepalive, Message, MessageEvent};
use lexopt::prelude::{Long, Value, ValueExt};
use mio::{Events, Interest, Poll, Token, Waker};
use socket::{Socket, Target, printable};
use transport::Transport;

/// How long the server may take to accept us.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long it may take to close, in ms.
const CLOSE_WITHIN: u64 = 5_000;
/// How much may wait to be sent before no more is read from standard input, in bytes.
const ENOUGH: usize = 16 * 1024;
/// How much of a refusal's body is shown, in bytes.
const SHOWN: usize = 16 * 1024;
const USAGE: &str = "usage: ws_http2_client [--no-deflate] [--ca FILE] URL [SUBPROTOCOL]...";
const SOCKET: Token = Token(0);
const TYPED: Token = Token(1);

fn main() -> Result<(), Box<dyn Error>> {
    let (mut deflate, mut ca, mut values) = (Some(Config::new()), None, Vec::new());
    let mut args = lexopt::Parser::from_env();
    while let Some(arg) = args.next()? {
        match arg {
            Long("no-deflate") => deflate = None,
            Long("ca") => ca = Some(args.value()?.into()),
            Value(value) => values.push(value.string()?),
            arg => return Err(arg.unexpected().into()),
        }
    }
    let (url, protocols) = values.split_first().ok_or(USAGE)?;
    let protocols: Vec<_> = protocols.iter().map(|name| &**name).collect();
    let target = Target::parse(url)?.with_ca(ca);
    let request = ClientRequest::new(target.authority(), target.path())
        .protocols(&protocols)
        .compression(deflate);

    let socket = Socket::connect(&target, &[b"h2"], PATIENCE)?;
    if target.is_secure() && socket.alpn().is_none() {
        return Err("the server does not speak HTTP/2".into());
    }
    let (socket, tls) = socket.into_parts();
    socket.set_nonblocking(true)?;
    let mut socket = mio::net::TcpStream::from_std(socket);
    let mut poll = Poll::new()?;
    poll.registry().register(&mut socket, SOCKET, Interest::READABLE | Interest::WRITABLE)?;
    let mut socket = Transport::new(socket, tls.map(Into::into));
    // Ours outlives the thread's: dropped too early, the last one would take its event along.
    let waker = Arc::new(Waker::new(poll.registry(), TYPED)?);
    let lines = typed(Arc::clone(&waker));

    let mut tunnel = Tunnel::new(target.scheme(), request);
    let mut events = Events::with_capacity(8);
    let mut buf = vec![0; 16 * 1024];
    'connected: loop {
        poll.poll(&mut events, Some(tunnel.wait()))?;
        loop {
            while tunnel.take(&lines)? {
                tunnel.flush(&mut socket)?;
            }
            tunnel.flush(&mut socket)?;
            if tunnel.is_over() {
                break 'connected;
            }
            match socket.read(&mut buf) {
                Ok(0) => break 'connected,
                Ok(n) => tunnel.receive(&mut buf[..n])?,
                Err(e) if e.kind() == ErrorKind::WouldBlock => break,
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(_) => break 'connected,
            }
        }
        tunnel.look_at_time()?;
    }
    tunnel.end();
    let State::Over { ending, reason } = &tunnel.state else {
        return Err("the connection was cut".into());
    };
    println!("closed {} {reason}", ending.code.0);
    match ending.code {
        CloseCode::ABNORMAL => Err("the stream was cut".into()),
        _ => Ok(()),
    }
}

/// Reads the lines that are typed in a thread, because that may block.
fn typed(waker: Arc<Waker>) -> Receiver<String> {
    let (sender, receiver) = sync_channel(16);
    thread::spawn(move || {
        for line in io::stdin().lock().lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
            // Without the loop, nobody waits for it.
            let _ = waker.wake();
        }
        drop(sender);
        let _ = waker.wake();
    });
    receiver
}

/// A connection of HTTP/2 with a WebSocket in its only stream.
struct Tunnel<'a> {
    http2: Connection<http2::Client, Vec<u8>, Vec<Slot>>,
    scheme: &'static str,
    request: ClientRequest<'a>,
    state: State<'a>,
    /// Fields of HTTP/2.
    head: Vec<u8>,
    inbox: Inbox<Vec<u8>>,
    /// Bytes of the WebSocket that the stream has not taken yet.
    frames: Vec<u8>,
    out: Vec<u8>,
    /// How much of it is written.
    written: usize,
    start: Instant,
    /// When the server has to have accepted us, or to have taken our last bytes.
    until: Instant,
}

enum State<'a> {
    Connecting,
    Asking(ReplyCheck<'a>),
    Open(Box<Open>),
    /// Why, and what the server says about it.
    Refused(String, Vec<u8>),
    Over {
        ending: Ending,
        reason: String,
    },
}

/// A WebSocket and its stream.
struct Open {
    stream: Stream,
    websocket: ws::Connection<ws::Client>,
    keepalive: Keepalive,
    /// Whether we have ended the stream.
    is_half_closed: bool,
    /// Whether the server has.
    is_ended: bool,
}

impl<'a> Tunnel<'a> {
    fn new(scheme: &'static str, request: ClientRequest<'a>) -> Self {
        Self {
            http2: Connection::client(Storage::new(), http2::Limits::new()),
            scheme,
            request,
            state: State::Connecting,
            head: Vec::new(),
            inbox: Inbox::new(Vec::new()),
            frames: Vec::new(),
            out: Vec::new(),
            written: 0,
            start: Instant::now(),
            until: Instant::now() + PATIENCE,
        }
    }

    fn now(&self) -> u64 {
        self.start.elapsed().as_millis() as u64
    }

    /// Whether all is said: the WebSocket, and then the connection.
    fn is_over(&mut self) -> bool {
        matches!(self.state, State::Over { .. }) && self.http2.is_over() && self.out.is_empty()
    }
}

impl Tunnel<'_> {
    /// Takes what the server has sent.
    fn receive(&mut self, mut input: &mut [u8]) -> Result<(), Box<dyn Error>> {
        let now = self.now();
        while let Some(event) = self.http2.receive(&mut input, &mut self.head) {
            match (&mut self.state, event) {
                (State::Connecting, Event::Settings) => {
                    if !self.http2.peer().extended_connect {
                        return Err("the server has no WebSockets over HTTP/2".into());
                    }
                    let (request, fields, check) = self.request.connect(self.scheme)?;
                    self.http2.open(request, fields, false, &mut self.out)?;
                    self.state = State::Asking(check);
                }
                (State::Asking(check), Event::Head { stream, head, end }) => {
                    let status = head.status();
                    let accepted = match check.check_connect(status, head.headers()) {
                        Ok(accepted) => accepted,
                        Err(e) => {
                            let why = format!("refused: {status} {}: {e}", reason_phrase(status));
                            if end {
                                return Err(why.into());
                            }
                            self.state = State::Refused(why, Vec::new());
                            continue;
                        }
                    };
                    self.state = State::Open(Box::new(Open {
                        stream,
                        websocket: accepted.connection(ws::Limits::new(), random),
                        keepalive: Keepalive::new(now).close_within(CLOSE_WITHIN),
                        is_half_closed: false,
                        is_ended: false,
                    }));
                }
                (State::Open(open), Event::Data(data)) => {
                    open.keepalive.received(now);
                    open.is_ended = data.end();
                    open.receive(data.bytes, &mut self.inbox)?;
                }
                // Over TCP, it would be a reset too (RFC 8441 §5).
                (State::Open(_), Event::Reset { .. }) => self.end(),
                (State::Refused(why, body), Event::Data(data)) => {
                    body.extend_from_slice(data.bytes);
                    if data.end() || body.len() > SHOWN {
                        match printable(body).trim_end() {
                            "" => {}
                            why => eprintln!("{why}"),
                        }
                        return Err(std::mem::take(why).into());
                    }
                }
                (State::Refused(why, _), Event::Reset { .. }) => {
                    return Err(std::mem::take(why).into());
                }
                (State::Asking(_), Event::Reset { code, .. }) => {
                    return Err(format!("refused: {code}").into());
                }
                (_, Event::StreamFailed { error, .. } | Event::Failed(error)) => {
                    return Err(error.into());
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Takes a line that was typed, if the server takes what we send. Returns whether there was one.
    fn take(&mut self, lines: &Receiver<String>) -> Result<bool, Box<dyn Error>> {
        let State::Open(open) = &mut self.state else { return Ok(false) };
        if self.frames.len() > ENOUGH || open.websocket.is_closing() {
            return Ok(false);
        }
        match lines.try_recv() {
            Ok(line) => open.websocket.send(&line, &mut self.frames)?,
            Err(TryRecvError::Empty) => return Ok(false),
            Err(TryRecvError::Disconnected) => {
                open.websocket.close(CloseCode::NORMAL, "", &mut self.frames)?;
            }
        }
        Ok(true)
    }

    /// Sends what the stream takes, and writes what the socket takes.
    fn flush(&mut self, socket: &mut Transport) -> Result<(), Box<dyn Error>> {
        loop {
            while self.written < self.out.len() {
                match socket.write(&self.out[self.written..]) {
                    Ok(n @ 1..) => self.written += n,
                    Err(e) if e.kind() == ErrorKind::Interrupted => {}
                    // It takes no more for now, or is gone, which reading will show.
                    _ => return Ok(()),
                }
            }
            if socket.flush().is_err() {
                return Ok(());
            }
            (self.out, self.written) = (Vec::new(), 0);
            self.send()?;
            self.http2.transmit(&mut self.out);
            if self.out.is_empty() {
                return Ok(());
            }
        }
    }

    /// Sends what the windows of the stream allow, and its end.
    fn send(&mut self) -> Result<(), Box<dyn Error>> {
        let State::Open(open) = &mut self.state else { return Ok(()) };
        if self.frames.is_empty() {
            open.websocket.transmit(&mut self.frames);
        }
        // Over TCP, the server closes first (RFC 6455 §7.1.1). A stream leaves nothing behind, and Hypercorn waits for us.
        let is_closed = open.websocket.close_expected().is_some();
        let ends = open.is_ended || is_closed;
        if !open.is_half_closed && (ends || !self.frames.is_empty()) {
            let n = self.http2.send(open.stream, &self.frames, ends, &mut self.out)?;
            self.frames.drain(..n);
            open.is_half_closed = ends && self.frames.is_empty();
        }
        if open.is_half_closed && ends {
            // All is said, whether the server ends its side or not. If it has, this changes nothing.
            self.http2.reset(open.stream, ErrorCode::CANCEL);
            self.end();
        }
        Ok(())
    }

    fn end(&mut self) {
        if let State::Open(open) = &self.state {
            let ending = open.websocket.receive_eof();
            let reason = open.websocket.peer_close().map_or("", |close| close.reason).to_owned();
            self.state = State::Over { ending, reason };
        }
        self.until = Instant::now() + PATIENCE;
        self.http2.close();
    }

    /// How long nothing needs to be done unless something comes.
    fn wait(&self) -> Duration {
        match &self.state {
            State::Open(open) => {
                let at = open.keepalive.deadline().unwrap_or(u64::MAX);
                Duration::from_millis(at.saturating_sub(self.now()))
            }
            _ => self.until.saturating_duration_since(Instant::now()),
        }
    }

    fn look_at_time(&mut self) -> Result<(), Box<dyn Error>> {
        let now = self.now();
        match &mut self.state {
            State::Open(open) => {
                if open.websocket.is_closing() {
                    open.keepalive.closing(now);
                }
                match open.keepalive.poll(now) {
                    // If output is pending, whether it goes out will show whether the server lives.
                    Some(Action::Ping) if self.frames.is_empty() => {
                        open.websocket.ping(b"", &mut self.frames)?;
                    }
                    Some(Action::Ping) | None => {}
                    Some(Action::Dead) => return Err("the server does not answer".into()),
                    Some(Action::CloseTimedOut) => return Err("the server does not close".into()),
                }
                Ok(())
            }
            _ if self.until <= Instant::now() => Err("no answer in time".into()),
            _ => Ok(()),
        }
    }
}

impl Open {
    fn receive(&mut self, bytes: &[u8], inbox: &mut Inbox<Vec<u8>>) -> io::Result<()> {
        let mut input = bytes;
        while let Some(event) = self.websocket.receive_message(&mut input, inbox) {
            match event {
                MessageEvent::Message(_) => print(inbox.message())?,
                MessageEvent::Failed(e) => eprintln!("the server broke the protocol: {e}"),
                MessageEvent::Close(_) | MessageEvent::Ping | MessageEvent::Pong => {}
            }
        }
        Ok(())
    }
}

/// Prints a message.
fn print(message: Message<'_>) -> io::Result<()> {
    let mut stdout = io::stdout();
    match message {
        Message::Text(text) => writeln!(stdout, "{text}"),
        Message::Binary(bytes) => writeln!(stdout, "{} bytes", bytes.len()),
    }
}

/// Unpredictable bytes.
fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the system has a random generator");
    bytes
}
