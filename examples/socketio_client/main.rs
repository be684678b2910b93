//! Sends each line of standard input as an event to a Socket.IO server, and prints what comes.
//!
//! ```text
//! cargo run --example socketio_client -- [OPTIONS] http://HOST:PORT
//!
//!   --transport NAME   websocket, polling, or upgrade: polling first and WebSocket after; default: upgrade
//!   --namespace NAME   default: /
//!   --auth JSON        an object for the server
//!   --path PATH        default: /socket.io/
//!   --ca FILE          for https://: the authorities to trust, in PEM; default: the well-known ones
//! ```
//!
//! A line is a JSON array that begins with the event's name, such as `["message","hi",1]`. With a `?` before it, it asks for an
//! acknowledgement. After it may come attachments in hexadecimal: `["file",{"_placeholder":true,"num":0}] 00ff`. What comes
//! is printed in the same way.
//!
//! Threads wait: for standard input, for the answer to each request, and for bytes of the WebSocket. They pass on what comes to
//! the one thread that has the session:
//!
//! ```text
//!   stdin ─────────────────┐
//!   GET, POST ── answers ──┼──▶ Input ──▶ Client ──▶ requests, bytes of the WebSocket, stdout
//!   WebSocket ── bytes ────┘
//! ```

#[path = "../client/mod.rs"]
mod client;
mod options;
mod request;
mod session;

use std::error::Error;
use std::io::{self, BufRead};
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use client::Opened;
use framewright::engineio::ClientRequest;
use options::Options;
use session::{Client, Progress};

/// How many inputs may wait: a server that is faster than we are waits, too.
const MAX_INPUTS: usize = 16;

/// What the threads pass on.
pub enum Input {
    Line(String),
    EndOfLines,
    /// The status of an answer.
    Head(ClientRequest, u16),
    /// Bytes of its body.
    Body(ClientRequest, Vec<u8>),
    EndOfBody(ClientRequest),
    /// The connection of a request was lost before the end of the answer.
    RequestLost(ClientRequest),
    /// A WebSocket for the session is open, or cannot be had.
    Socket(Option<Box<Opened>>),
    Bytes(Vec<u8>),
    EndOfSocket,
}

fn main() -> Result<(), Box<dyn Error>> {
    let (sender, inputs) = sync_channel(MAX_INPUTS);
    let start = Instant::now();
    let now = || start.elapsed().as_millis() as u64;
    let mut client = Client::new(Options::parse()?, sender.clone(), now())?;
    let mut lines = Some(sender);
    loop {
        match client.transmit(now())? {
            Progress::Over => return client.outcome(),
            Progress::Connected => {
                if let Some(sender) = lines.take() {
                    thread::spawn(move || read_lines(&sender));
                }
            }
            Progress::Waits => {}
        }
        let wait = client.deadline().saturating_sub(now());
        match inputs.recv_timeout(Duration::from_millis(wait)) {
            Ok(input) => client.receive(input, now())?,
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return Err("the threads have ended".into()),
        }
        client.poll(now());
    }
}

fn read_lines(inputs: &SyncSender<Input>) {
    for line in io::stdin().lock().lines().map_while(Result::ok) {
        if inputs.send(Input::Line(line)).is_err() {
            return;
        }
    }
    // The other end is gone if the session is over.
    let _ = inputs.send(Input::EndOfLines);
}
