//! tokio-websockets as a contestant: receiving, sending, and the opening handshake.

use std::pin::Pin;
use std::rc::Rc;
use std::task::Poll;

use bytes::Bytes;
use futures_core::Stream;
use futures_sink::Sink as _;
use tokio_websockets::{ClientBuilder, Limits, Message, ServerBuilder};

use super::super::{Contestant, Kind};
use super::tape::{Tape, context, now};
use crate::wire::Wire;

const NAME: &str = "tokio-websockets";

pub fn receive(wire: &Rc<Wire>) -> Contestant {
    let mut socket = ServerBuilder::new().limits(Limits::unlimited()).serve(Tape::new(wire));
    Contestant::new(Kind::Peer, NAME, move |sink| {
        let mut cx = context();
        while let Poll::Ready(message) = Pin::new(&mut socket).poll_next(&mut cx) {
            let message = message.expect("it is open").expect("it is valid");
            if let Some(text) = message.as_text() {
                sink.text(text);
            } else if message.is_binary() {
                sink.binary(message.as_payload());
            }
        }
    })
}

pub fn send(messages: &Rc<[Bytes]>, client: bool) -> Contestant {
    let messages = Rc::clone(messages);
    let tape = Tape::silent();
    let outlet = tape.outlet();
    let mut socket = if client {
        ClientBuilder::new().take_over(tape)
    } else {
        ServerBuilder::new().serve(tape)
    };
    Contestant::new(Kind::Peer, NAME, move |sink| {
        outlet.open(sink);
        let (mut cx, mut socket) = (context(), Pin::new(&mut socket));
        for message in &*messages {
            let ready = socket.as_mut().poll_ready(&mut cx);
            assert!(matches!(ready, Poll::Ready(Ok(()))));
            let message = Message::binary(message.clone());
            socket.as_mut().start_send(message).expect("it is open");
        }
        assert!(matches!(socket.poll_flush(&mut cx), Poll::Ready(Ok(()))));
        outlet.close(messages.len() as u64, sink);
    })
}

pub fn handshake(request: &'static [u8]) -> Contestant {
    let wire = Rc::new(Wire::once(request));
    Contestant::new(Kind::Peer, NAME, move |sink| {
        let tape = Tape::new(&wire);
        let outlet = tape.outlet();
        outlet.open(sink);
        assert!(now(ServerBuilder::new().accept(tape)).is_ok());
        outlet.close(1, sink);
    })
}
