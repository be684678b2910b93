//! web-socket as a contestant: receiving and sending.

use std::rc::Rc;

use bytes::Bytes;
use tokio::io::BufReader;
use web_socket::{DataType, Event, MessageType, Stream, WebSocket};

use super::super::{Contestant, Kind};
use super::tape::{Tape, now};
use super::{WRITES_EACH, deliver_unchecked};
use crate::BUFFER;
use crate::wire::Wire;

const NAME: &str = "web-socket";

pub fn receive(wire: &Rc<Wire>) -> Contestant {
    let wire = Rc::clone(wire);
    let stream = BufReader::with_capacity(BUFFER, Tape::endless(&wire));
    let mut socket = WebSocket::server(stream);
    let mut message = Vec::new();
    Contestant::new(Kind::Peer, NAME, move |sink| {
        let mut left = wire.items;
        while left > 0 {
            match now(socket.recv()).expect("it is valid") {
                Event::Data { ty: DataType::Complete(MessageType::Text | MessageType::Binary), data } => {
                    deliver_unchecked(wire.content, &data, sink);
                    left -= 1;
                }
                Event::Data { ty: DataType::Stream(stream), data } => {
                    message.extend_from_slice(&data);
                    if let Stream::End(_) = stream {
                        deliver_unchecked(wire.content, &message, sink);
                        message.clear();
                        left -= 1;
                    }
                }
                Event::Ping(payload) => now(socket.send_pong(payload)).expect("it is open"),
                event => panic!("{event:?}"),
            }
        }
    })
    .with("does not check UTF-8; its user joins the messages, and `core::str::from_utf8` runs after it")
}

pub fn send(messages: &Rc<[Bytes]>, client: bool) -> Contestant {
    let messages = Rc::clone(messages);
    let tape = Tape::silent();
    let outlet = tape.outlet();
    let mut socket = if client { WebSocket::client(tape) } else { WebSocket::server(tape) };
    Contestant::new(Kind::Peer, NAME, move |sink| {
        outlet.open(sink);
        for message in &*messages {
            now(socket.send(&message[..])).expect("it is open");
        }
        outlet.close(messages.len() as u64, sink);
    })
    .with(WRITES_EACH)
}
