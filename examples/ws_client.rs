//! Sends each line of the standard input as a text message, and prints the messages that come.
//!
//! ```text
//! cargo run --example ws_client -- ws://HOST:PORT/PATH [SUBPROTOCOL]
//! ```

mod client;

use std::error::Error;
use std::io::{BufRead, Read, Write};
use std::sync::{Arc, Mutex};

use client::{Opened, open};
use framewright::ws::{Assembler, CloseCode, Event, Limits, Message};

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let url = args.next().ok_or("usage: ws_client ws://HOST:PORT/PATH [SUBPROTOCOL]")?;
    let protocol = args.next();
    let Opened { mut stream, connection, early } =
        open(&url, protocol.as_deref().as_slice(), Limits::new())?;
    let connection = Arc::new(Mutex::new(connection));

    // The other thread has the same connection: whoever holds it writes what it says, in order.
    let (mut writer, typed) = (stream.try_clone()?, Arc::clone(&connection));
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines() {
            let mut out = Vec::new();
            let mut connection = typed.lock().expect("nobody panics");
            let line = line.unwrap_or_default();
            if connection.send(&*line, &mut out).is_err() || writer.write_all(&out).is_err() {
                return;
            }
        }
        let mut out = Vec::new();
        let mut connection = typed.lock().expect("nobody panics");
        if connection.close(CloseCode::NORMAL, "", &mut out).is_ok() {
            // If it cannot be written, the reading side learns of it as well.
            let _ = writer.write_all(&out);
        }
    });

    let mut assembler = Assembler::new(Vec::new());
    let mut buf = vec![0; 64 * 1024];
    buf[..early.len()].copy_from_slice(&early);
    let mut n = early.len();
    loop {
        let mut out = Vec::new();
        let mut held = connection.lock().expect("nobody panics");
        let mut input = &mut buf[..n];
        while let Some(event) = held.receive(&mut input) {
            match event {
                Event::Part(part) => match assembler.push(part)? {
                    Some(Message::Text(text)) => println!("{text}"),
                    Some(Message::Binary(bytes)) => println!("{} bytes", bytes.len()),
                    None => {}
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
    let ending = connection.finish();
    let reason = connection.peer_close().map_or("", |close| close.reason);
    println!("closed {} {reason}", ending.code);
    if ending.code == CloseCode::ABNORMAL { Err("the connection was cut".into()) } else { Ok(()) }
}
