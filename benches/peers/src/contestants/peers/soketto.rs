//! soketto as a contestant: receiving, sending, and the opening handshake.

use std::rc::Rc;

use bytes::Bytes;
use soketto::connection::{Builder, Mode};
use soketto::handshake::Server;
use soketto::handshake::server::Response;
use soketto::{Data, Incoming};

use super::super::{Contestant, Kind};
use super::tape::{Tape, now};
use super::{WRITES_EACH, deliver_unchecked};
use crate::wire::Wire;

const NAME: &str = "soketto";

pub fn receive(wire: &Rc<Wire>) -> Contestant {
    let wire = Rc::clone(wire);
    let (_, mut receiver) = Builder::new(Tape::endless(&wire), Mode::Server).finish();
    let mut message = Vec::new();
    Contestant::new(Kind::Peer, NAME, move |sink| {
        for _ in 0..wire.items {
            message.clear();
            match now(receiver.receive(&mut message)).expect("it is valid") {
                Incoming::Data(Data::Text(_) | Data::Binary(_)) => {
                    deliver_unchecked(wire.content, &message, sink);
                }
                other => panic!("{other:?}"),
            }
        }
    })
    .with(super::UTF8_BY_STD)
}

pub fn send(messages: &Rc<[Bytes]>, client: bool) -> Contestant {
    let messages = Rc::clone(messages);
    let tape = Tape::silent();
    let outlet = tape.outlet();
    let mode = if client { Mode::Client } else { Mode::Server };
    let (mut sender, _receiver) = Builder::new(tape, mode).finish();
    Contestant::new(Kind::Peer, NAME, move |sink| {
        outlet.open(sink);
        for message in &*messages {
            now(sender.send_binary(message)).expect("it is open");
        }
        now(sender.flush()).expect("it is open");
        outlet.close(messages.len() as u64, sink);
    })
    .with(WRITES_EACH)
}

pub fn handshake(request: &'static [u8]) -> Contestant {
    let wire = Rc::new(Wire::once(request));
    Contestant::new(Kind::Peer, NAME, move |sink| {
        let tape = Tape::new(&wire);
        let outlet = tape.outlet();
        outlet.open(sink);
        let mut server = Server::new(tape);
        let key = now(server.receive_request()).expect("it is valid").key();
        let response = Response::Accept { key, protocol: None };
        now(server.send_response(&response)).expect("it is open");
        outlet.close(1, sink);
    })
}
