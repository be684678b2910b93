//! Sends back every message. Takes the address to listen on.

use std::env;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};

use framewright::http1;
use framewright::ws::handshake::{Origins, Server};
use framewright::ws::{Connection, Inbox, Limits, MessageEvent};

fn main() -> io::Result<()> {
    for stream in TcpListener::bind(env::args().nth(1).unwrap_or_default())?.incoming() {
        // Whatever goes wrong with one, there will be others.
        let _ = echo(&mut stream?);
    }
    Ok(())
}

fn echo(stream: &mut TcpStream) -> io::Result<()> {
    let (mut buf, mut out) = (vec![0; 16 * 1024], Vec::new());
    let mut handshake = Server::new(Origins::any(), Vec::new(), http1::Limits::new());
    let mut connection = None;
    let mut inbox = Inbox::new(Vec::new());
    while let n @ 1.. = stream.read(&mut buf)? {
        let mut input = &mut buf[..n];
        out.clear();
        if connection.is_none() {
            match handshake.receive(&mut input) {
                Ok(None) => continue,
                Ok(Some(offer)) => offer.accept().write(&mut out).map_err(io::Error::other)?,
                Err(e) => {
                    e.refuse().write(&mut out).map_err(io::Error::other)?;
                    return stream.write_all(&out);
                }
            }
        }
        let connection = connection.get_or_insert_with(|| Connection::server(Limits::new()));
        let mut input = &*input;
        while let Some(event) = connection.receive_message(&mut input, &mut inbox) {
            if let MessageEvent::Message(_) = event {
                connection.send(inbox.message(), &mut out).map_err(io::Error::other)?;
            }
        }
        connection.transmit(&mut out);
        stream.write_all(&out)?;
        if connection.close_expected().is_some() {
            break;
        }
    }
    Ok(())
}
