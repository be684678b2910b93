//! Sends back every message. Takes the address to listen on.

use std::env;
use std::io;
use std::net::{TcpListener, TcpStream};

use tungstenite::Error;

fn main() -> io::Result<()> {
    for stream in TcpListener::bind(env::args().nth(1).unwrap_or_default())?.incoming() {
        // Whatever goes wrong with one, there will be others.
        let _ = echo(stream?);
    }
    Ok(())
}

fn echo(stream: TcpStream) -> Result<(), Error> {
    let mut socket = tungstenite::accept(stream).map_err(|_| Error::ConnectionClosed)?;
    loop {
        let message = socket.read()?;
        if message.is_text() || message.is_binary() {
            socket.send(message)?;
        }
    }
}
