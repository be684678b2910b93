//! A server of Socket.IO, and of bare Engine.IO: `cargo run --example socketio_server -- [--listen ADDR]`.
//!
//! Under `/socket.io/` there are the namespaces `/` and `/custom`. Each answers a client with the event `auth` and what
//! the client sent to connect, `message` with `message-back`, and `message-with-ack` with an acknowledgement. Under
//! `/engine.io/` each message is sent back.
//!
//! A thread serves each connection. What a session has to say is written by whichever thread made it say so, to the
//! connection that waits for it: a request that is held is no more than a socket in the session.

mod application;
mod client;
mod http;

use std::error::Error;
use std::net::TcpListener;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use lexopt::ValueExt;

use http::Server;

fn main() -> Result<(), Box<dyn Error>> {
    let mut options = lexopt::Parser::from_env();
    let mut addr = "127.0.0.1:3000".to_owned();
    let mut quick = false;
    while let Some(arg) = options.next()? {
        match arg {
            lexopt::Arg::Long("listen") => addr = options.value()?.string()?,
            // What the protocols' own test suites want: they wait for pings and time-outs.
            lexopt::Arg::Long("quick") => quick = true,
            other => return Err(other.unexpected().into()),
        }
    }
    let listener = TcpListener::bind(addr)?;
    println!("listening on http://{}", listener.local_addr()?);
    let server = Arc::new(Server::new(quick));
    let timer = Arc::clone(&server);
    thread::spawn(move || {
        loop {
            thread::sleep(timer.poll_sessions());
        }
    });
    for stream in listener.incoming() {
        match stream {
            Ok(stream) => {
                let server = Arc::clone(&server);
                // A connection may end in any way: it is the session that counts.
                thread::spawn(move || drop(http::serve(&server, stream)));
            }
            // Most likely there are too many connections. Some will end.
            Err(_) => thread::sleep(Duration::from_millis(100)),
        }
    }
    Ok(())
}
