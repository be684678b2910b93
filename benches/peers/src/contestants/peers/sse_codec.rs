use std::rc::Rc;

use futures_codec::{BytesMut, Decoder};
use sse_codec::{Event, SSECodec};

use super::super::{Contestant, Kind};
use crate::wire::Wire;

pub fn decode(wire: &Rc<Wire>) -> Contestant {
    let wire = Rc::clone(wire);
    let mut decoder = SSECodec::default();
    let mut buf = BytesMut::new();
    Contestant::new(Kind::Peer, "sse-codec", move |sink| {
        for read in wire.reads() {
            buf.extend_from_slice(read);
            while let Some(event) = decoder.decode(&mut buf).expect("it is text") {
                if let Event::Message { data, .. } = event {
                    sink.text(&data);
                }
            }
        }
    })
}
