//! Sends back what comes, without WebSocket. Takes the address to listen on. What the others weigh more is what WebSocket takes.

use std::env;
use std::io::{self, Read, Write};
use std::net::TcpListener;

fn main() -> io::Result<()> {
    let mut buf = vec![0; 16 * 1024];
    for stream in TcpListener::bind(env::args().nth(1).unwrap_or_default())?.incoming() {
        let mut stream = stream?;
        while let Ok(n @ 1..) = stream.read(&mut buf) {
            if stream.write_all(&buf[..n]).is_err() {
                break;
            }
        }
    }
    Ok(())
}
