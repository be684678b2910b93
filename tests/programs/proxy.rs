//! The proxy, which passes everything on to an echo server.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;

use framewright::http1;
use framewright::ws::handshake::{self, Origins};
use framewright::ws::{CloseCode, Connection, Event, Limits};

use crate::client::Client;
use crate::echo::{mio_echo, spawn};

#[allow(dead_code)]
#[path = "../../examples/ws_proxy.rs"]
mod ws_proxy;

use ws_proxy::Target;

/// More than the proxy's buffers and the system's hold.
const LONG: usize = 48 << 20;

/// A server that counts the bytes of a message, which it never joins.
fn count(listener: &TcpListener) {
    let mut socket = listener.accept().unwrap().0;
    let mut server = handshake::Server::new(Origins::any(), Vec::new(), http1::Limits::new());
    let (mut buf, mut out) = (vec![0; 100_000], Vec::new());
    let n = socket.read(&mut buf).unwrap();
    let offer = server.receive(&mut &mut buf[..n]).unwrap().expect("one read has all of it");
    assert_eq!(offer.resource_name(), "/count?a=b");
    offer.accept().write(&mut out).unwrap();
    let limits = Limits::new().max_message_len(u64::MAX);
    let mut connection = Connection::server(limits);
    let (mut len, mut longest) = (0, 0);
    while connection.close_expected().is_none() {
        socket.write_all(&out).unwrap();
        out.clear();
        let n = socket.read(&mut buf).unwrap();
        assert_ne!(n, 0);
        let mut input = &mut buf[..n];
        while let Some(event) = connection.receive(&mut input) {
            match event {
                Event::Part(part) => {
                    let chunk = part.chunk();
                    len += chunk.bytes.len();
                    longest = longest.max(connection.payload_remaining());
                    if chunk.end {
                        connection.send(&*format!("{:?} {len}", part.kind()), &mut out).unwrap();
                    }
                }
                Event::Close(code) => {
                    let reason = connection.peer_close().unwrap().reason;
                    assert_eq!((code, reason), (CloseCode(4321), "bye"));
                }
                Event::Failed(e) => panic!("{e}"),
            }
        }
        connection.transmit(&mut out);
    }
    socket.write_all(&out).unwrap();
    assert!(longest <= 64 * 1024, "no fragment is longer than what the proxy holds: {longest}");
}

#[test]
fn a_message_passes_that_the_proxy_could_not_hold() {
    let counter = TcpListener::bind("127.0.0.1:0").unwrap();
    let target = Target::parse(&format!("ws://{}", counter.local_addr().unwrap())).unwrap();
    let counter = thread::spawn(move || count(&counter));
    let addr = spawn(move |listener| ws_proxy::serve(&listener, &target).unwrap());

    let mut client = Client::open(addr, "/count?a=b", None);
    client.send(&*vec![7; LONG]);
    assert_eq!(client.text(), format!("Some(Binary) {LONG}"));
    client.end(CloseCode(4321), "bye");
    counter.join().unwrap();
}

#[test]
fn both_directions_stream_at_once() {
    let echo = spawn(mio_echo);
    let target = Target::parse(&format!("ws://{echo}")).unwrap();
    let addr = spawn(move |listener| ws_proxy::serve(&listener, &target).unwrap());
    let mut client = Client::open(addr, "/", None);
    let text = "€ uro".repeat(500_000);
    client.send(&*text);
    client.send("short");
    assert_eq!(client.text(), text);
    assert_eq!(client.text(), "short");
    client.close();
}

#[test]
fn a_server_that_is_lost_or_refuses_is_told_about() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let target = Target::parse(&format!("ws://{}", listener.local_addr().unwrap())).unwrap();
    let server = thread::spawn(move || {
        let mut buf = [0; 4096];
        let mut socket = listener.accept().unwrap().0;
        let n = socket.read(&mut buf).unwrap();
        let mut server = handshake::Server::new(Origins::any(), Vec::new(), http1::Limits::new());
        let offer = server.receive(&mut &mut buf[..n]).unwrap().unwrap();
        let mut out = Vec::new();
        offer.accept().write(&mut out).unwrap();
        socket.write_all(&out).unwrap();
        drop(socket);
        let mut socket = listener.accept().unwrap().0;
        let _ = socket.read(&mut buf).unwrap();
        socket.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n").unwrap();
    });
    let addr = spawn(move |listener| ws_proxy::serve(&listener, &target).unwrap());
    assert_eq!(Client::open(addr, "/", None).next().unwrap_err(), CloseCode::BAD_GATEWAY);
    let refused = Client::try_open(addr, "/").err().expect("the server refuses");
    assert_eq!(refused.to_string(), "refused: 502 Bad Gateway");
    server.join().unwrap();
}
