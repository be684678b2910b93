//! Cuts every message in four, with a ping before each fragment but the first, and checks what the other end makes of it.
//!
//! ```text
//! cargo run --example ws_pieces -- [--no-deflate] [--cut] --listen ADDR
//! cargo run --example ws_pieces -- [--no-deflate] [--cut] URL LEN...
//! ```
//!
//! A server sends back what it receives at `/ws/echo`. At `/ws/chat` it agrees on the subprotocol `chat`, and closes with 1009
//! when a message is longer than 64 KiB. It refuses everything else, with a body. A client sends a text and a binary message of
//! each length, which have to come back, and closes with 4001. With `--cut`, either cuts the connection in the middle of a
//! message of more than 128 KiB. Both print what came of the pings, and how the connection was closed.

#[allow(dead_code, reason = "`wss` is not needed")]
#[path = "../client/mod.rs"]
mod client;
mod end;

use std::error::Error;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

use client::socket::Target;
use client::{Opened, open};
use end::{End, PATIENCE};
use framewright::http1::{self, HeadReader};
use framewright::ws::deflate::Config;
use framewright::ws::handshake::{Offer, Origins, Refusal};
use framewright::ws::{CloseCode, Connection, Limits, Message, Server};
use lexopt::prelude::{Long, Value, ValueExt};

/// The longest message of the chat, in bytes.
const CHAT: u64 = 64 << 10;
/// Of messages longer than this, half is sent before a cut.
const CUT: usize = 128 << 10;
const LIMITS: Limits = Limits::new().max_frame_len(64 << 20).max_message_len(64 << 20);
const PLAIN: &[(&str, &str)] = &[("Content-Type", "text/plain")];

fn main() -> Result<(), Box<dyn Error>> {
    let (mut listen, mut cut, mut deflate, mut values) =
        (None, false, Some(Config::new()), Vec::new());
    let mut args = lexopt::Parser::from_env();
    while let Some(arg) = args.next()? {
        match arg {
            Long("listen") => listen = Some(args.value()?.string()?),
            Long("cut") => cut = true,
            Long("no-deflate") => deflate = None,
            Value(value) => values.push(value.string()?),
            arg => return Err(arg.unexpected().into()),
        }
    }
    if let Some(addr) = listen {
        return serve(&addr, cut, deflate);
    }
    let (url, lens) = values.split_first().ok_or("usage: ws_pieces [--cut] URL LEN...")?;
    let lens: Vec<usize> = lens.iter().map(|len| len.parse()).collect::<Result<_, _>>()?;
    let opened = open(&Target::parse(url)?, &[], deflate, LIMITS)?;
    call(opened, &lens, cut)
}

/// Sends a message of each kind and length, and expects it back.
fn call(opened: Opened, lens: &[usize], cut: bool) -> Result<(), Box<dyn Error>> {
    let Opened { stream, connection, early } = opened;
    let (tcp, _) = stream.into_parts();
    let mut end = End::new(tcp, connection, &early)?;
    for &len in lens {
        let text: String =
            "äb".repeat(len / 3).chars().chain("xyz".chars().take(len % 3)).collect();
        let bytes: Vec<u8> = (0..len).map(|i| i as u8).collect();
        for (kind, message) in [("text", Message::Text(&text)), ("binary", Message::Binary(&bytes))]
        {
            if cut && len > CUT {
                return end.cut(message);
            }
            // It fails when the other end has closed, and then the report has the code.
            if end.send(message).is_err() || !end.receive()? {
                continue;
            }
            let same = end.message() == message;
            println!("{kind} of {len} bytes: {}", if same { "echoed" } else { "changed" });
        }
    }
    end.close(CloseCode(4001), "bye");
    while end.receive()? {}
    println!("{}", end.report());
    Ok(())
}

fn serve(addr: &str, cut: bool, deflate: Option<Config>) -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind(addr)?;
    println!("listening on ws://{}", listener.local_addr()?);
    for stream in listener.incoming() {
        let stream = stream?;
        thread::spawn(move || answer(stream, cut, deflate).unwrap_or_else(|e| eprintln!("{e}")));
    }
    Ok(())
}

/// Serves a connection from its first byte to its last.
fn answer(mut tcp: TcpStream, cut: bool, deflate: Option<Config>) -> Result<(), Box<dyn Error>> {
    tcp.set_nodelay(true)?;
    tcp.set_read_timeout(Some(PATIENCE))?;
    let mut reader = HeadReader::new(Vec::new(), http1::Limits::new());
    let mut buf = [0; 4096];
    let (connection, early) = loop {
        let n = tcp.read(&mut buf)?;
        let mut input = &mut buf[..n];
        let mut out = Vec::new();
        let Some(request) = reader.read_request(&mut input)? else {
            if n == 0 {
                return Ok(());
            }
            continue;
        };
        let answer = Offer::from_request(&request, Origins::any().or_absent())
            .map_err(|e| e.refuse())
            .and_then(|offer| accept(&offer, deflate, &mut out));
        let connection = match answer {
            Ok(connection) => connection,
            Err(refusal) => {
                refusal.headers(PLAIN).body(b"nothing is here\n").write(&mut out)?;
                return Ok(tcp.write_all(&out)?);
            }
        };
        tcp.write_all(&out)?;
        break (connection, input.to_vec());
    };
    let mut end = End::new(tcp, connection, &early)?;
    while end.receive()? {
        if cut && end.message().as_bytes().len() > CUT {
            return end.cut_echo();
        }
        end.echo()?;
    }
    println!("{}", end.report());
    Ok(())
}

/// Accepts the paths that there are.
fn accept<'a, H>(
    offer: &Offer<'a, H>,
    deflate: Option<Config>,
    out: &mut Vec<u8>,
) -> Result<Connection<Server>, Refusal<'static>>
where
    H: Clone + IntoIterator<Item: framewright::http::Field<'a>>,
{
    let (limits, protocol) = match offer.resource_name() {
        "/ws/echo" => (LIMITS, None),
        "/ws/chat" => (LIMITS.max_message_len(CHAT), offer.choose(&["chat"])),
        _ => return Err(offer.refuse(404)),
    };
    let acceptance = offer.accept().protocol(protocol).compression(deflate);
    acceptance.write(out).map_err(|_| offer.refuse(500))?;
    Ok(acceptance.connection(limits))
}
