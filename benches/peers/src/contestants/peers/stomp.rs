//! Crates that parse frames of STOMP.

use std::rc::Rc;

use async_stomp::FromServer;
use async_stomp::client::ClientCodec;
use bytes::BytesMut;
use memchr::memchr;
use stomp_parser::server::ServerFrame;
use tokio_util::codec::Decoder;

use super::super::{Contestant, Kind};
use crate::wire::Wire;
use crate::{BUFFER, recv};

pub fn async_stomp(wire: &Rc<Wire>) -> Contestant {
    let wire = Rc::clone(wire);
    let mut codec = ClientCodec::default();
    let mut buf = BytesMut::with_capacity(BUFFER);
    Contestant::new(Kind::Peer, "async-stomp", move |sink| {
        for read in wire.reads() {
            buf.extend_from_slice(read);
            while let Some(message) = codec.decode(&mut buf).expect("it is valid") {
                let FromServer::Message { body, .. } = message.content else {
                    panic!("{:?}", message.content)
                };
                sink.binary(&body.expect("it has one"));
            }
        }
    })
}

/// It takes a whole frame in a `Vec`, without what follows it.
pub fn stomp_parser(wire: &Rc<Wire>) -> Contestant {
    let wire = Rc::clone(wire);
    let mut buf = vec![0; wire.read_len];
    let mut frame = Vec::new();
    Contestant::new(Kind::Peer, "stomp-parser", move |sink| {
        for read in wire.reads() {
            let mut input = &*recv(read, &mut buf);
            while let Some(nul) = memchr(0, input) {
                frame.extend_from_slice(&input[..=nul]);
                input = &input[nul + 1..];
                match ServerFrame::try_from(std::mem::take(&mut frame)).expect("it is valid") {
                    ServerFrame::Message(message) => {
                        sink.binary(message.body().expect("it has one"));
                    }
                    _ => panic!("it is a MESSAGE"),
                }
            }
            frame.extend_from_slice(input);
        }
    })
    .with("frames are found by `memchr`, which runs before it: bodies without NULs only")
}
