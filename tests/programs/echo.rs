//! The echo servers, each with the same checks.

use std::io::{self, Write};
use std::net::{SocketAddr, TcpListener};
use std::thread;

use framewright::ws::OwnedMessage;

use crate::client::Client;

#[cfg(target_os = "linux")]
#[path = "../../examples/ws_echo_io_uring/server.rs"]
mod io_uring_server;
#[allow(dead_code)]
#[path = "../../examples/ws_echo_mio.rs"]
mod ws_echo_mio;

/// Runs a server in a thread that ends with the program.
pub fn spawn(serve: impl FnOnce(TcpListener) + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    thread::spawn(|| serve(listener));
    addr
}

/// The echo server of `ws_echo_mio`, for [`spawn`].
pub fn mio_echo(listener: TcpListener) {
    listener.set_nonblocking(true).unwrap();
    ws_echo_mio::serve(mio::net::TcpListener::from_std(listener)).unwrap();
}

fn check(mut open: impl FnMut() -> Client) {
    let mut clients = [open(), open(), open()];
    for (n, client) in clients.iter_mut().enumerate() {
        client.send(&*format!("hello {n}"));
    }
    let long = "x".repeat(300_000);
    for (n, mut client) in clients.into_iter().enumerate() {
        assert_eq!(client.text(), format!("hello {n}"));
        client.send(&*long);
        assert_eq!(client.text(), long);
        client.send(&[0, 255][..]);
        assert!(matches!(client.next(), Ok(OwnedMessage::Binary(bytes)) if bytes == [0, 255]));
        client.close();
    }
    // Those before have left nothing behind.
    let mut client = open();
    client.send("hello");
    assert_eq!(client.text(), "hello");
    client.close();
}

#[test]
fn mio_echoes() {
    let addr = spawn(mio_echo);
    check(|| Client::open(addr, "/", None));
}

#[cfg(target_os = "linux")]
#[test]
fn io_uring_echoes() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    match io_uring_server::Server::new(listener) {
        Ok(server) => {
            thread::spawn(|| server.serve().unwrap());
            check(|| Client::open(addr, "/", None));
        }
        // Straight to the terminal: what a test that passes prints is not shown.
        Err(e) => {
            writeln!(io::stderr(), "SKIPPED: the kernel has no io_uring for us: {e}").unwrap();
        }
    }
}
