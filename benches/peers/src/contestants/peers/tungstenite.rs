//! tungstenite as a contestant: receiving, sending, and the opening handshake.

use std::io;
use std::rc::Rc;

use bytes::Bytes;
use tungstenite::protocol::{Role, WebSocket, WebSocketConfig};
use tungstenite::{Error, Message};

use super::super::{Contestant, Kind};
use super::tape::Tape;
use crate::wire::Wire;

const NAME: &str = "tungstenite";

pub fn receive(wire: &Rc<Wire>) -> Contestant {
    let config = WebSocketConfig::default().max_frame_size(None).max_message_size(None);
    let mut socket = WebSocket::from_raw_socket(Tape::new(wire), Role::Server, Some(config));
    Contestant::new(Kind::Peer, NAME, move |sink| {
        loop {
            match socket.read() {
                Ok(Message::Text(text)) => sink.text(&text),
                Ok(Message::Binary(bytes)) => sink.binary(&bytes),
                Ok(Message::Ping(_)) => {}
                Err(Error::Io(e)) if e.kind() == io::ErrorKind::WouldBlock => break,
                other => panic!("{other:?}"),
            }
        }
    })
}

pub fn send(messages: &Rc<[Bytes]>, client: bool) -> Contestant {
    let messages = Rc::clone(messages);
    let tape = Tape::silent();
    let outlet = tape.outlet();
    let role = if client { Role::Client } else { Role::Server };
    let mut socket = WebSocket::from_raw_socket(tape, role, None);
    Contestant::new(Kind::Peer, NAME, move |sink| {
        outlet.open(sink);
        for message in &*messages {
            socket.write(Message::Binary(message.clone())).expect("it is open");
        }
        socket.flush().expect("it is open");
        outlet.close(messages.len() as u64, sink);
    })
}

pub fn handshake(request: &'static [u8]) -> Contestant {
    let wire = Rc::new(Wire::once(request));
    Contestant::new(Kind::Peer, NAME, move |sink| {
        let tape = Tape::new(&wire);
        let outlet = tape.outlet();
        outlet.open(sink);
        tungstenite::accept(tape).expect("it is valid");
        outlet.close(1, sink);
    })
}
