//! What compresses for us and for the best of the others, alone.

use std::rc::Rc;

use bytes::Bytes;
use zlib_rs::{Deflate, DeflateFlush, Inflate, InflateFlush};

use super::super::{Contestant, Kind};
use crate::BUFFER;
use crate::sink::Sink;
use crate::wire::{Wire, frame, frames};

const NAME: &str = "zlib-rs";
const CAVEAT: &str = "no WebSocket: compression alone, of or to a buffer";

pub fn deflate(messages: &Rc<[Bytes]>, level: u8) -> Contestant {
    let messages = Rc::clone(messages);
    let mut deflate = Deflate::new(i32::from(level), false, 15);
    let mut room = vec![0; BUFFER];
    Contestant::new(Kind::Peer, NAME, move |sink| {
        for message in &*messages {
            let before = deflate.total_out();
            deflate.compress(message, &mut room, DeflateFlush::SyncFlush).expect("there is room");
            let len = (deflate.total_out() - before) as usize;
            let payload = &room[..len - 4];
            if sink.inspects() {
                let mut wire = Vec::new();
                frame(&mut wire, 0xC2, None, payload);
                sink.sent(1, &wire);
            } else {
                sink.sent(1, payload);
            }
        }
    })
    .with(CAVEAT)
}

pub fn inflate(wire: &Rc<Wire>) -> Contestant {
    let payloads: Vec<Vec<u8>> =
        frames(&wire.bytes).into_iter().map(|frame| frame.payload).collect();
    let mut inflate = Inflate::new(false, 15);
    let mut room = vec![0; BUFFER];
    Contestant::new(Kind::Peer, NAME, move |sink: &mut Sink| {
        for payload in &payloads {
            let before = inflate.total_out();
            let mut len = 0;
            // The second is not on the wire.
            for bytes in [payload, &[0, 0, 0xFF, 0xFF][..]] {
                inflate
                    .decompress(bytes, &mut room[len..], InflateFlush::NoFlush)
                    .expect("it is DEFLATE");
                len = (inflate.total_out() - before) as usize;
            }
            sink.binary(&room[..len]);
        }
    })
    .with(CAVEAT)
}
