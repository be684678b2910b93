//! actix-http as a contestant: its WebSocket codec.

use std::rc::Rc;

use actix_http::ws::{Codec, Frame, Item, Message};
use bytes::{Bytes, BytesMut};
use tokio_util::codec::{Decoder as _, Encoder as _};

use super::super::{Contestant, Kind};
use super::deliver_unchecked;
use crate::wire::Wire;

const NAME: &str = "actix-http";

pub fn receive(wire: &Rc<Wire>) -> Contestant {
    let wire = Rc::clone(wire);
    let mut codec = Codec::new().max_size(usize::MAX);
    let mut buf = BytesMut::new();
    let mut out = BytesMut::new();
    let mut message = Vec::new();
    Contestant::new(Kind::Peer, NAME, move |sink| {
        for read in wire.reads() {
            buf.extend_from_slice(read);
            while let Some(frame) = codec.decode(&mut buf).expect("it is valid") {
                match frame {
                    Frame::Text(bytes) | Frame::Binary(bytes) => {
                        deliver_unchecked(wire.content, &bytes, sink);
                    }
                    Frame::Continuation(
                        Item::FirstText(bytes) | Item::FirstBinary(bytes) | Item::Continue(bytes),
                    ) => message.extend_from_slice(&bytes),
                    Frame::Continuation(Item::Last(bytes)) => {
                        message.extend_from_slice(&bytes);
                        deliver_unchecked(wire.content, &message, sink);
                        message.clear();
                    }
                    Frame::Ping(bytes) => {
                        codec.encode(Message::Pong(bytes), &mut out).expect("it is open");
                    }
                    Frame::Pong(_) | Frame::Close(_) => {}
                }
            }
            out.clear();
        }
    })
    .with("the codec alone, which does not check UTF-8; its user joins the messages, and `core::str::from_utf8` runs after it")
}

pub fn send(messages: &Rc<[Bytes]>, client: bool) -> Contestant {
    let messages = Rc::clone(messages);
    let mut codec = if client { Codec::new().client_mode() } else { Codec::new() };
    let mut out = BytesMut::new();
    Contestant::new(Kind::Peer, NAME, move |sink| {
        out.clear();
        for message in &*messages {
            codec.encode(Message::Binary(message.clone()), &mut out).expect("it is open");
        }
        sink.sent(messages.len() as u64, &out);
    })
}
