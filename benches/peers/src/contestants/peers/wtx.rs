//! wtx as a contestant: receiving and sending.

use std::rc::Rc;

use bytes::Bytes;
use wtx::collection::Vector;
use wtx::rng::Xorshift64;
use wtx::stream::{StreamReader, StreamWriter};
use wtx::web_socket::{Frame, OpCode, WebSocketBuffer, WebSocketOwned, WebSocketPayloadOrigin};

use super::super::{Contestant, Kind};
use super::WRITES_EACH;
use super::tape::{Tape, now};
use crate::wire::Wire;

const NAME: &str = "wtx";

impl StreamReader for Tape {
    async fn read(&mut self, bytes: &mut [u8]) -> wtx::Result<usize> {
        Ok(std::io::Read::read(self, bytes).expect("there is more"))
    }
}

impl StreamWriter for Tape {
    async fn write_all(&mut self, bytes: &[u8]) -> wtx::Result<()> {
        std::io::Write::write_all(self, bytes).expect("it takes everything");
        Ok(())
    }

    async fn write_all_vectored(&mut self, bytes: &[&[u8]]) -> wtx::Result<()> {
        for bytes in bytes {
            std::io::Write::write_all(self, bytes).expect("it takes everything");
        }
        Ok(())
    }
}

fn socket<const CLIENT: bool>(tape: Tape) -> WebSocketOwned<(), Xorshift64, Tape, CLIENT> {
    WebSocketOwned::new((), false, Xorshift64::new(1), tape, WebSocketBuffer::new())
}

pub fn receive(wire: &Rc<Wire>) -> Contestant {
    let items = wire.items;
    let mut socket = socket::<false>(Tape::endless(wire));
    let mut buffer = Vector::new();
    Contestant::new(Kind::Peer, NAME, move |sink| {
        let mut left = items;
        while left > 0 {
            let read = socket.read_frame(&mut buffer, WebSocketPayloadOrigin::Adaptive);
            let frame = now(read).expect("it is valid");
            match frame.op_code() {
                OpCode::Text => sink.checked_text(frame.payload()),
                OpCode::Binary => sink.binary(frame.payload()),
                // A ping may have come between fragments.
                _ => continue,
            }
            buffer.clear();
            left -= 1;
        }
    })
}

pub fn send(messages: &Rc<[Bytes]>, client: bool) -> Contestant {
    if client { send_as::<true>(messages) } else { send_as::<false>(messages) }
}

fn send_as<const CLIENT: bool>(messages: &Rc<[Bytes]>) -> Contestant {
    let messages = Rc::clone(messages);
    let tape = Tape::silent();
    let outlet = tape.outlet();
    let mut socket = socket::<CLIENT>(tape);
    // wtx masks its input in place.
    let mut payload = Vec::new();
    Contestant::new(Kind::Peer, NAME, move |sink| {
        outlet.open(sink);
        for message in &*messages {
            payload.clear();
            payload.extend_from_slice(message);
            let mut frame = Frame::<_, CLIENT>::new_fin(OpCode::Binary, &mut payload[..]);
            now(socket.write_frame(&mut frame)).expect("it is open");
        }
        outlet.close(messages.len() as u64, sink);
    })
    .with(WRITES_EACH)
}
