//! An echo server on blocking sockets: `cargo run --example echo_blocking -- [ADDR]`.

use std::error::Error;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use framewright::http1;
use framewright::ws::handshake::{Origins, Server};
use framewright::ws::{Assembler, Connection, Event, Limits};

fn main() -> Result<(), Box<dyn Error>> {
    let addr = std::env::args().nth(1).unwrap_or("127.0.0.1:8080".to_owned());
    let listener = TcpListener::bind(addr)?;
    println!("listening on ws://{}", listener.local_addr()?);
    for stream in listener.incoming() {
        let Ok(stream) = stream else { continue };
        thread::spawn(|| echo(stream).unwrap_or_else(|e| eprintln!("{e}")));
    }
    Ok(())
}

fn echo(mut stream: TcpStream) -> Result<(), Box<dyn Error>> {
    let mut buf = [0; 16 * 1024];
    let origins = Origins::same_host().or_absent();
    let mut handshake = Server::new(origins, Vec::new(), http1::Limits::new());
    let mut connection = None;
    let mut assembler = Assembler::new(Vec::new());
    while let n @ 1.. = stream.read(&mut buf)? {
        let mut input = &mut buf[..n];
        let mut out = Vec::new();
        if connection.is_none() {
            match handshake.receive(&mut input) {
                Ok(None) => continue,
                Ok(Some(offer)) => offer.accept().write(&mut out)?,
                Err(e) => {
                    e.refuse().write(&mut out)?;
                    return Ok(stream.write_all(&out)?);
                }
            }
        }
        let connection = connection.get_or_insert_with(|| Connection::server(Limits::new()));
        while let Some(event) = connection.receive(&mut input) {
            if let Event::Part(part) = event
                && let Some(message) = assembler.push(part)?
            {
                connection.send(message, &mut out)?;
            }
        }
        connection.transmit(&mut out);
        stream.write_all(&out)?;
        if connection.close_expected().is_some() {
            stream.shutdown(Shutdown::Write)?;
            stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        }
    }
    Ok(())
}
