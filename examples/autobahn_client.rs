//! The client that Autobahn's fuzzing server tests: it echoes every case.
//!
//! ```text
//! cargo run --release --features deflate --example autobahn_client -- [--no-deflate] ws://HOST:PORT AGENT
//! ```

mod client;

use std::error::Error;
use std::io::{ErrorKind, Read, Write};

use client::{Opened, open};
use framewright::ws::deflate::{Config, Deflater, Inflater, InflatingAssembler};
use framewright::ws::{AssembleError, Event, Limits, Message, Role};

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
    let Opened { mut stream, mut connection, agreed, early } = open(url, &[], deflate, limits)?;
    let inflater = agreed.map(|agreed| Inflater::new(Role::Client, agreed, limits));
    let mut assembler = InflatingAssembler::new(Vec::new(), inflater);
    let mut window = vec![0; 16 * 1024];
    let mut deflater =
        deflate.zip(agreed).map(|(config, agreed)| Deflater::new(Role::Client, agreed, config));
    let mut out = Vec::new();
    let mut buf = vec![0; 64 * 1024];
    buf[..early.len()].copy_from_slice(&early);
    let mut n = early.len();
    loop {
        let mut input = &mut buf[..n];
        while let Some(event) = connection.receive(&mut input) {
            if let Event::Part(part) = event {
                match assembler.push(part, &mut window) {
                    Ok(Some(message)) if on_message(message) => {
                        // It fails when the connection is closing, and then nobody would receive it.
                        let _ = match &mut deflater {
                            Some(deflater) => connection
                                .encoder()
                                .and_then(|encoder| deflater.encode(message, encoder, &mut out)),
                            None => connection.send(message, &mut out),
                        };
                    }
                    Ok(_) => {}
                    Err(AssembleError::Peer(error)) => connection.fail(error),
                    Err(e) => return Err(e.into()),
                }
            }
            connection.transmit(&mut out);
        }
        connection.transmit(&mut out);
        // The server may have left. The reports say whether it should have.
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
