//! The client under test of Autobahn's fuzzing server: echoes every case.
//!
//! ```text
//! cargo run --release --example autobahn_client -- ws://HOST:PORT AGENT
//! ```

mod client;

use std::error::Error;
use std::io::{ErrorKind, Read, Write};

use client::{Opened, open};
use framewright::ws::{Assembler, Event, Limits, Message};

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let (Some(base), Some(agent)) = (args.next(), args.next()) else {
        return Err("usage: autobahn_client ws://HOST:PORT AGENT".into());
    };
    let mut cases = 0;
    run(&format!("{base}/getCaseCount"), |message| {
        if let Message::Text(count) = message {
            cases = count.parse().unwrap_or(0);
        }
        false
    })?;
    for case in 1..=cases {
        run(&format!("{base}/runCase?case={case}&agent={agent}"), |_| true)?;
    }
    run(&format!("{base}/updateReports?agent={agent}"), |_| false)?;
    println!("{cases} cases");
    Ok(())
}

/// Talks until the server closes; echoes the messages that `on_message` says to.
fn run(url: &str, mut on_message: impl FnMut(Message<'_>) -> bool) -> Result<(), Box<dyn Error>> {
    let limits = Limits::new().max_frame_len(64 << 20).max_message_len(64 << 20);
    let Opened { mut stream, mut connection, early } = open(url, &[], limits)?;
    let mut assembler = Assembler::new(Vec::new());
    let mut out = Vec::new();
    let mut buf = vec![0; 64 * 1024];
    buf[..early.len()].copy_from_slice(&early);
    let mut n = early.len();
    loop {
        let mut input = &mut buf[..n];
        while let Some(event) = connection.receive(&mut input) {
            if let Event::Part(part) = event
                && let Some(message) = assembler.push(part)?
                && on_message(message)
            {
                // It fails when the connection is closing: then there is nobody to hear it.
                let _ = connection.send(message, &mut out);
            }
            connection.transmit(&mut out);
        }
        connection.transmit(&mut out);
        // The server may have left; whether it should have is for the reports to say.
        let written = stream.write_all(&std::mem::take(&mut out));
        n = match stream.read(&mut buf) {
            Err(e) if matches!(e.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe) => 0,
            read => read?,
        };
        if n == 0 || written.is_err() {
            return Ok(());
        }
    }
}
