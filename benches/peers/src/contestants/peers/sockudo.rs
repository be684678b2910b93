//! sockudo-ws as a contestant: receiving, sending, the opening handshake, and compression.

use std::rc::Rc;

use bytes::{Bytes, BytesMut};
use sockudo_ws::handshake::{build_response, generate_accept_key, parse_request};
use sockudo_ws::protocol::Protocol;
use sockudo_ws::{CompressedProtocol, DeflateConfig, Message, Role};

use super::super::{Contestant, Kind};
use crate::sink::Sink;
use crate::wire::Wire;

const NAME: &str = "sockudo-ws";
const MAX: usize = 64 << 20;

fn deliver(messages: &[Message], sink: &mut Sink) {
    for message in messages {
        match message {
            Message::Text(_) => sink.text(message.as_text().expect("it is text")),
            Message::Binary(bytes) => sink.binary(bytes),
            _ => {}
        }
    }
}

pub fn receive(wire: &Rc<Wire>) -> Contestant {
    let wire = Rc::clone(wire);
    let mut server = Protocol::new(Role::Server, MAX, MAX);
    let (mut buf, mut messages) = (BytesMut::new(), Vec::new());
    let mut out = BytesMut::new();
    Contestant::new(Kind::Peer, NAME, move |sink| {
        for read in wire.reads() {
            buf.extend_from_slice(read);
            server.process_into(&mut buf, &mut messages).expect("it is valid");
            for message in &messages {
                if let Message::Ping(payload) = message {
                    server.encode_pong(payload, &mut out);
                }
            }
            deliver(&messages, sink);
            messages.clear();
            out.clear();
        }
    })
}

pub fn send(messages: &Rc<[Bytes]>, client: bool) -> Contestant {
    let messages = Rc::clone(messages);
    let mut protocol = Protocol::new(if client { Role::Client } else { Role::Server }, MAX, MAX);
    let mut out = BytesMut::new();
    Contestant::new(Kind::Peer, NAME, move |sink| {
        out.clear();
        for message in &*messages {
            let message = Message::Binary(message.clone());
            protocol.encode_message(&message, &mut out).expect("it is open");
        }
        sink.sent(messages.len() as u64, &out);
    })
}

pub fn handshake(request: &'static [u8]) -> Contestant {
    let mut buf = BytesMut::new();
    Contestant::new(Kind::Peer, NAME, move |sink| {
        buf.clear();
        buf.extend_from_slice(request);
        let (request, _) = parse_request(&buf).expect("it is valid").expect("it is whole");
        let response = build_response(&generate_accept_key(request.key), None, None);
        sink.sent(1, &response);
    })
}

fn config(level: u8) -> DeflateConfig {
    DeflateConfig { compression_level: u32::from(level), ..DeflateConfig::default() }
}

pub fn deflate(messages: &Rc<[Bytes]>, level: u8) -> Contestant {
    let messages = Rc::clone(messages);
    let mut server = CompressedProtocol::server(MAX, MAX, config(level));
    let mut out = BytesMut::new();
    Contestant::new(Kind::Peer, NAME, move |sink| {
        out.clear();
        for message in &*messages {
            let message = Message::Binary(message.clone());
            server.encode_message(&message, &mut out).expect("it is open");
        }
        sink.sent(messages.len() as u64, &out);
    })
}

pub fn inflate(wire: &Rc<Wire>) -> Contestant {
    let wire = Rc::clone(wire);
    let mut server = CompressedProtocol::server(MAX, MAX, config(6));
    let (mut buf, mut messages) = (BytesMut::new(), Vec::new());
    Contestant::new(Kind::Peer, NAME, move |sink| {
        for read in wire.reads() {
            buf.extend_from_slice(read);
            server.process_into(&mut buf, &mut messages).expect("it is valid");
            deliver(&messages, sink);
            messages.clear();
        }
    })
}
