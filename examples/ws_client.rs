//! Sends each line of standard input as a text message, and prints the messages that come.
//!
//! ```text
//! cargo run --example ws_client -- [--no-deflate] [--ca FILE] URL [SUBPROTOCOL]...
//! ```
//!
//! The URL begins with `ws://` or `wss://`, and `--ca` is a file of authorities in PEM, instead of the well-known ones. A
//! refusal is shown with the server's reason, and the end with its code: `closed 1000`.
//!
//! Three threads share the connection. None of them waits for the network or for another thread
//! while it holds the lock. So a server that is slow to take our messages cannot keep us from
//! taking its messages:
//!
//! ```text
//!   stdin ──▶ type_lines ──▶ Output ──▶ write ──▶ server
//!                              ▲                    │
//!                              └────── receive ◀────┘
//! ```

mod client;

use std::error::Error;
use std::io::{self, BufRead, Write};
use std::net::Shutdown;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, Instant};

use client::socket::{Socket, Target};
use client::{Opened, open};
use framewright::ws::deflate::Config;
use framewright::ws::{
    Action, Client, CloseCode, Closer, Connection, Inbox, Keepalive, Limits, Message, MessageEvent,
};
use lexopt::prelude::{Long, Value, ValueExt};

const USAGE: &str = "usage: ws_client [--no-deflate] [--ca FILE] URL [SUBPROTOCOL]...";
/// How often the reader checks whether a close frame was sent meanwhile.
const TICK: Duration = Duration::from_millis(250);
/// How long the server may take to close, in ms.
const CLOSE_WITHIN: u64 = 5_000;
/// How many bytes are read and ignored until then.
const IGNORED: usize = 1 << 20;

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
    let Opened { stream, connection, early } = open(&target, &protocols, deflate, Limits::new())?;
    let shared = Arc::new(Shared::new(connection));

    let (writer, its) = (stream.try_clone()?, Arc::clone(&shared));
    thread::spawn(move || write(writer, &its));
    let its = Arc::clone(&shared);
    thread::spawn(move || type_lines(&its));

    let received = receive(stream, &early, &shared);
    // Print what came before the end, however the connection ended.
    let connection = &shared.lock().connection;
    let ending = connection.receive_eof();
    let reason = connection.peer_close().map_or("", |close| close.reason);
    println!("closed {} {reason}", ending.code.0);
    match ending.code {
        CloseCode::ABNORMAL => Err(received.err().unwrap_or("the connection was cut".into())),
        _ => Ok(()),
    }
}

/// What the threads share.
struct Shared {
    output: Mutex<Output>,
    changed: Condvar,
}

struct Output {
    connection: Connection<Client>,
    /// The bytes to write next. A thread that adds to it waits until it is empty.
    bytes: Vec<u8>,
}

impl Shared {
    fn new(connection: Connection<Client>) -> Self {
        let output = Mutex::new(Output { connection, bytes: Vec::new() });
        Self { output, changed: Condvar::new() }
    }

    fn lock(&self) -> MutexGuard<'_, Output> {
        self.output.lock().expect("nobody panics")
    }

    fn wait<'a>(
        &self,
        output: MutexGuard<'a, Output>,
        mut while_: impl FnMut(&mut Output) -> bool,
    ) -> MutexGuard<'a, Output> {
        self.changed.wait_while(output, &mut while_).expect("nobody panics")
    }
}

/// Sends the lines that are typed, then a close frame.
fn type_lines(shared: &Shared) {
    for line in io::stdin().lock().lines() {
        let line = match line {
            Ok(line) => line,
            Err(e) => {
                eprintln!("{e}");
                break;
            }
        };
        let mut output = shared.wait(shared.lock(), |output| !output.bytes.is_empty());
        let Output { connection, bytes } = &mut *output;
        if connection.send(&line, bytes).is_err() {
            return; // the connection is closing
        }
        shared.changed.notify_all();
    }
    let mut output = shared.wait(shared.lock(), |output| !output.bytes.is_empty());
    let Output { connection, bytes } = &mut *output;
    // It fails if the connection is closing already.
    let _ = connection.close(CloseCode::NORMAL, "", bytes);
    shared.changed.notify_all();
}

/// Writes the output of the other threads, and what the protocol requires us to send.
fn write(mut stream: Socket, shared: &Shared) {
    loop {
        // Pending answers are added only here, after everything before has gone out. So a flood of
        // pings gets one pong at a time, for the newest.
        let mut output = shared.wait(shared.lock(), |Output { connection, bytes }| {
            connection.transmit(bytes);
            bytes.is_empty() && connection.close_expected() != Some(Closer::Us)
        });
        let bytes = std::mem::take(&mut output.bytes);
        drop(output);
        shared.changed.notify_all();
        // The reader will see the end of a connection that takes nothing more. If closing is up to us,
        // the server may still be sending, and a full close could destroy our last bytes.
        if stream.write_all(&bytes).is_err() {
            let _ = stream.shutdown(Shutdown::Both);
            return;
        }
        if bytes.is_empty() {
            let _ = stream.shutdown(Shutdown::Write);
            return;
        }
    }
}

/// Prints messages until the transport ends, or should have.
fn receive(mut stream: Socket, early: &[u8], shared: &Shared) -> Result<(), Box<dyn Error>> {
    let start = Instant::now();
    let now = || start.elapsed().as_millis() as u64;
    let mut keepalive = Keepalive::new(now()).close_within(CLOSE_WITHIN);
    let mut inbox = Inbox::new(Vec::new());
    let mut buf = vec![0; 64 * 1024];
    buf[..early.len()].copy_from_slice(early);
    let (mut n, mut ignored) = (early.len(), 0);
    loop {
        let mut output = shared.lock();
        let Output { connection, bytes } = &mut *output;
        let mut input = &buf[..n];
        while let Some(event) = connection.receive_message(&mut input, &mut inbox) {
            match event {
                MessageEvent::Message(_) => print(inbox.message())?,
                MessageEvent::Failed(e) => eprintln!("the server broke the protocol: {e}"),
                MessageEvent::Close(_) | MessageEvent::Ping | MessageEvent::Pong => {}
            }
        }
        if connection.is_closing() {
            keepalive.closing(now());
        }
        match keepalive.poll(now()) {
            // If output is pending, writing it will show whether the server lives.
            Some(Action::Ping) if bytes.is_empty() => drop(connection.ping(b"", bytes)),
            Some(Action::Ping) | None => {}
            Some(Action::Dead) => return Err("the server does not answer".into()),
            Some(Action::CloseTimedOut) => return Err("the server does not close".into()),
        }
        if connection.close_expected().is_some() {
            ignored += n;
        }
        if ignored > IGNORED {
            return Err("the server goes on sending after the end".into());
        }
        drop(output);
        shared.changed.notify_all();
        n = match stream.read_until(&mut buf, Instant::now() + TICK)? {
            Some(0) => return Ok(()),
            Some(n) => {
                keepalive.received(now());
                n
            }
            None => 0,
        };
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
