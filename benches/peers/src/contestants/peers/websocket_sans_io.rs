//! websocket-sans-io as a contestant: its decoder and its encoder.

use std::rc::Rc;

use bytes::Bytes;
use websocket_sans_io::{
    FrameInfo, Opcode, WebsocketFrameDecoder, WebsocketFrameEncoder, WebsocketFrameEvent as Event,
};

use super::super::{Contestant, Kind};
use super::deliver_unchecked;
use crate::wire::Wire;
use crate::{BUFFER, recv};

const NAME: &str = "websocket-sans-io";
const CAVEAT: &str = "checks nothing; its user joins the messages, and `core::str::from_utf8` \
    runs after it";

pub fn receive(wire: &Rc<Wire>) -> Contestant {
    let wire = Rc::clone(wire);
    let mut decoder = WebsocketFrameDecoder::new();
    let mut buf = vec![0; BUFFER];
    // The message so far, unless one read holds all of it.
    let (mut message, mut joined) = (Vec::new(), false);
    Contestant::new(Kind::Peer, NAME, move |sink| {
        for read in wire.reads() {
            let mut input = recv(read, &mut buf);
            let mut whole: &[u8] = &[];
            loop {
                let step = match decoder.add_data(input) {
                    Ok(step) => step,
                    Err(e) => match e {},
                };
                let (taken, rest) = input.split_at_mut(step.consumed_bytes);
                input = rest;
                match step.event {
                    Some(Event::PayloadChunk { original_opcode }) if original_opcode.is_data() => {
                        if joined {
                            message.extend_from_slice(taken);
                        } else {
                            whole = taken;
                        }
                    }
                    Some(Event::End { frame_info, original_opcode })
                        if original_opcode.is_data() =>
                    {
                        if frame_info.fin {
                            let payload = if joined { &message } else { whole };
                            deliver_unchecked(wire.content, payload, sink);
                            message.clear();
                        } else if !joined {
                            message.extend_from_slice(whole);
                        }
                        joined = !frame_info.fin;
                        whole = &[];
                    }
                    Some(_) => {}
                    None if step.consumed_bytes == 0 => break,
                    None => {}
                }
            }
            if !joined && !whole.is_empty() {
                message.extend_from_slice(whole);
                joined = true;
            }
        }
    })
    .with(CAVEAT)
}

pub fn send(messages: &Rc<[Bytes]>, client: bool) -> Contestant {
    let messages = Rc::clone(messages);
    let mut encoder = WebsocketFrameEncoder::new();
    let mut rng = fastrand::Rng::with_seed(1);
    let mut out = Vec::new();
    Contestant::new(Kind::Peer, NAME, move |sink| {
        out.clear();
        for message in &*messages {
            let header = encoder.start_frame(&FrameInfo {
                opcode: Opcode::Binary,
                payload_length: message.len() as u64,
                mask: client.then(|| rng.u32(..).to_ne_bytes()),
                fin: true,
                reserved: 0,
            });
            out.extend_from_slice(&header);
            let start = out.len();
            out.extend_from_slice(message);
            if encoder.transform_needed() {
                encoder.transform_frame_payload(&mut out[start..]);
            }
        }
        sink.sent(messages.len() as u64, &out);
    })
    .with(CAVEAT)
}
