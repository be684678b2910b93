//! The client that Autobahn's fuzzing server tests: it echoes every case.
//!
//! ```text
//! cargo run --release --example autobahn_client -- [--no-deflate] ws://HOST:PORT AGENT
//! ```

mod client;

use std::error::Error;
use std::io::Write;
use std::net::Shutdown;
use std::time::{Duration, Instant};

use client::socket::Target;
use client::{Opened, open};
use framewright::ws::deflate::Config;
use framewright::ws::{Closer, Inbox, Limits, Message, MessageEvent};

/// How long the server may take to close.
const CLOSE_WITHIN: Duration = Duration::from_secs(5);
/// How long it may be silent.
const SILENT: Duration = Duration::from_secs(60);

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1).peekable();
    let deflate = args.next_if(|arg| arg == "--no-deflate").map_or(Some(Config::new()), |_| None);
    let (Some(base), Some(agent)) = (args.next(), args.next()) else {
        return Err("usage: autobahn_client [--no-deflate] ws://HOST:PORT AGENT".into());
    };
    let mut cases = 0;
    run(&format!("{base}/getCaseCount"), deflate, |message| {
        if let Message::Text(count) = message {
            cases = count.parse().unwrap_or(0);
        }
        false
    })?;
    for case in 1..=cases {
        run(&format!("{base}/runCase?case={case}&agent={agent}"), deflate, |_| true)?;
    }
    run(&format!("{base}/updateReports?agent={agent}"), deflate, |_| false)?;
    println!("{cases} cases");
    Ok(())
}

/// Receives until the server closes, and echoes each message for which `on_message` returns `true`.
fn run(
    url: &str,
    deflate: Option<Config>,
    mut on_message: impl FnMut(Message<'_>) -> bool,
) -> Result<(), Box<dyn Error>> {
    let limits = Limits::new().max_frame_len(64 << 20).max_message_len(64 << 20);
    let Opened { mut stream, mut connection, early } =
        open(&Target::parse(url)?, &[], deflate, limits)?;
    let mut inbox = Inbox::new(Vec::new());
    let mut out = Vec::new();
    // The time by which the transport must have ended.
    let mut end = None;
    let mut buf = vec![0; 64 * 1024];
    buf[..early.len()].copy_from_slice(&early);
    let mut n = early.len();
    loop {
        let mut input = &buf[..n];
        while let Some(event) = connection.receive_message(&mut input, &mut inbox) {
            if let MessageEvent::Message(_) = event
                && on_message(inbox.message())
            {
                // It fails when the connection is closing, and then nobody would receive it.
                let _ = connection.send(inbox.message(), &mut out);
            }
            connection.transmit(&mut out);
        }
        connection.transmit(&mut out);
        // Nothing more is read before the server has taken this.
        if stream.write_all(&out).is_err() {
            return Ok(()); // the server has left, and the reports say whether it should have
        }
        out.clear();
        let closer = connection.close_expected();
        if closer.is_some() && end.is_none() {
            end = Some(Instant::now() + CLOSE_WITHIN);
            // Not a full close: the server may be sending, and that could destroy our last bytes.
            if closer == Some(Closer::Us) && stream.shutdown(Shutdown::Write).is_err() {
                return Ok(()); // the server has left
            }
        }
        let until = end.unwrap_or_else(|| Instant::now() + SILENT);
        n = match stream.read_until(&mut buf, until) {
            Ok(Some(n @ 1..)) => n,
            // However it ends, the reports say whether it should have.
            Ok(Some(0) | None) | Err(_) => return Ok(()),
        };
    }
}
