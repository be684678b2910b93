//! Sends each line of standard input as a text message, and prints the messages that come.
//!
//! ```text
//! cargo run --features deflate --example ws_client -- [--no-deflate] ws://HOST:PORT/PATH [SUBPROTOCOL]
//! ```

mod client;

use std::error::Error;
use std::io::{BufRead, Read, Write};
use std::sync::{Arc, Mutex};

use client::{Opened, open};
use framewright::ws::deflate::{Config, Deflater, Inflater, InflatingAssembler};
use framewright::ws::{AssembleError, CloseCode, Event, Limits, Message, Role};

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1).peekable();
    let deflate = args.next_if(|arg| arg == "--no-deflate").map_or(Some(Config::new()), |_| None);
    let url =
        args.next().ok_or("usage: ws_client [--no-deflate] ws://HOST:PORT/PATH [SUBPROTOCOL]")?;
    let protocol = args.next();
    let Opened { mut stream, connection, agreed, early } =
        open(&url, protocol.as_deref().as_slice(), deflate, Limits::new())?;
    let mut deflater =
        deflate.zip(agreed).map(|(config, agreed)| Deflater::new(Role::Client, agreed, config));
    let connection = Arc::new(Mutex::new(connection));

    // Both threads use the same connection. The one that holds the lock writes the output, so it
    // stays in order.
    let (mut writer, typed) = (stream.try_clone()?, Arc::clone(&connection));
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines() {
            let mut out = Vec::new();
            let mut connection = typed.lock().expect("nobody panics");
            let line = line.unwrap_or_default();
            let sent = match &mut deflater {
                Some(deflater) => connection
                    .encoder()
                    .and_then(|encoder| deflater.encode(&*line, encoder, &mut out)),
                None => connection.send(&*line, &mut out),
            };
            if sent.is_err() || writer.write_all(&out).is_err() {
                return;
            }
        }
        let mut out = Vec::new();
        let mut connection = typed.lock().expect("nobody panics");
        if connection.close(CloseCode::NORMAL, "", &mut out).is_ok() {
            // If writing fails, the reading thread notices it too.
            let _ = writer.write_all(&out);
        }
    });

    let inflater = agreed.map(|agreed| Inflater::new(Role::Client, agreed, Limits::new()));
    let mut assembler = InflatingAssembler::new(Vec::new(), inflater);
    let mut window = vec![0; 16 * 1024];
    let mut buf = vec![0; 64 * 1024];
    buf[..early.len()].copy_from_slice(&early);
    let mut n = early.len();
    loop {
        let mut out = Vec::new();
        let mut held = connection.lock().expect("nobody panics");
        let mut input = &mut buf[..n];
        while let Some(event) = held.receive(&mut input) {
            match event {
                Event::Part(part) => match assembler.push(part, &mut window) {
                    Ok(Some(Message::Text(text))) => println!("{text}"),
                    Ok(Some(Message::Binary(bytes))) => println!("{} bytes", bytes.len()),
                    Ok(None) => {}
                    Err(AssembleError::Peer(e)) => {
                        eprintln!("the server broke the protocol: {e}");
                        held.fail(e);
                    }
                    Err(e) => return Err(e.into()),
                },
                Event::Failed(e) => eprintln!("the server broke the protocol: {e}"),
                Event::Close(_) => {}
            }
        }
        held.transmit(&mut out);
        stream.write_all(&out)?;
        drop(held);
        n = stream.read(&mut buf)?;
        if n == 0 {
            break;
        }
    }
    let connection = connection.lock().expect("nobody panics");
    let ending = connection.receive_eof();
    let reason = connection.peer_close().map_or("", |close| close.reason);
    println!("closed {} {reason}", ending.code.0);
    if ending.code == CloseCode::ABNORMAL { Err("the connection was cut".into()) } else { Ok(()) }
}
