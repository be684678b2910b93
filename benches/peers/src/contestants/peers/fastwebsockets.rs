//! fastwebsockets as a contestant: receiving and sending.

use std::rc::Rc;

use bytes::Bytes;
use fastwebsockets::{FragmentCollector, Frame, OpCode, Payload, Role, WebSocket};

use super::super::{Contestant, Kind};
use super::WRITES_EACH;
use super::tape::{Tape, now};
use crate::wire::Wire;

const NAME: &str = "fastwebsockets";

pub fn receive(wire: &Rc<Wire>) -> Contestant {
    let items = wire.items;
    let mut socket = WebSocket::after_handshake(Tape::endless(wire), Role::Server);
    socket.set_max_message_size(usize::MAX);
    let mut collector = FragmentCollector::new(socket);
    Contestant::new(Kind::Peer, NAME, move |sink| {
        let mut left = items;
        while left > 0 {
            let frame = now(collector.read_frame()).expect("it is valid");
            match frame.opcode {
                OpCode::Text => sink.checked_text(&frame.payload),
                OpCode::Binary => sink.binary(&frame.payload),
                _ => continue,
            }
            left -= 1;
        }
    })
    .with("does not check that clients mask")
}

pub fn send(messages: &Rc<[Bytes]>, client: bool) -> Contestant {
    let messages = Rc::clone(messages);
    let tape = Tape::silent();
    let outlet = tape.outlet();
    let role = if client { Role::Client } else { Role::Server };
    let mut socket = WebSocket::after_handshake(tape, role);
    Contestant::new(Kind::Peer, NAME, move |sink| {
        outlet.open(sink);
        for message in &*messages {
            let frame = Frame::binary(Payload::Borrowed(message));
            now(socket.write_frame(frame)).expect("it is open");
        }
        outlet.close(messages.len() as u64, sink);
    })
    .with(WRITES_EACH)
}
