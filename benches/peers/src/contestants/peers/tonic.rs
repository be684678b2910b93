//! tonic as a contestant: messages of gRPC over bodies in memory.

use std::cell::Cell;
use std::convert::Infallible;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use bytes::{Buf, BufMut, Bytes};
use futures_core::Stream;
use http_body::{Body, Frame};
use tonic::Status;
use tonic::codec::{DecodeBuf, Decoder, EncodeBody, EncodeBuf, Encoder, Streaming};

use super::super::{Contestant, Kind};
use super::tape::context;
use crate::wire::Wire;

const NAME: &str = "tonic";

/// A codec whose messages are bytes.
struct Plain;

impl Decoder for Plain {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, src: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(src.copy_to_bytes(src.remaining())))
    }
}

impl Encoder for Plain {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, item: Bytes, dst: &mut EncodeBuf<'_>) -> Result<(), Status> {
        dst.put_slice(&item);
        Ok(())
    }
}

/// The body of a request that never ends, in pieces as h2 delivers them.
struct Pieces {
    pieces: Vec<Bytes>,
    at: usize,
}

impl Body for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let Some(piece) = self.pieces.get(self.at).cloned() else {
            self.at = 0;
            return Poll::Pending;
        };
        self.at += 1;
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }
}

pub fn decode(wire: &Rc<Wire>) -> Contestant {
    let pieces = wire.reads().map(Bytes::copy_from_slice).collect();
    let mut streaming = Streaming::new_request(Plain, Pieces { pieces, at: 0 }, None, None);
    Contestant::new(Kind::Peer, NAME, move |sink| {
        let mut cx = context();
        while let Poll::Ready(message) = Pin::new(&mut streaming).poll_next(&mut cx) {
            sink.binary(&message.expect("it does not end").expect("it is valid"));
        }
    })
}

/// The messages to send: all of them again each time `at` is set back.
struct Queue {
    messages: Rc<[Bytes]>,
    at: Rc<Cell<usize>>,
}

impl Stream for Queue {
    type Item = Result<Bytes, Status>;

    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Some(message) = self.messages.get(self.at.get()) else { return Poll::Pending };
        self.at.set(self.at.get() + 1);
        Poll::Ready(Some(Ok(message.clone())))
    }
}

pub fn encode(messages: &Rc<[Bytes]>) -> Contestant {
    let messages = Rc::clone(messages);
    let at = Rc::new(Cell::new(0));
    let queue = Queue { messages: Rc::clone(&messages), at: Rc::clone(&at) };
    let mut body = Box::pin(EncodeBody::new_client(Plain, queue, None, None));
    Contestant::new(Kind::Peer, NAME, move |sink| {
        let mut cx = context();
        at.set(0);
        while let Poll::Ready(frame) = body.as_mut().poll_frame(&mut cx) {
            let data = frame.expect("it does not end").expect("it is valid").into_data();
            sink.sent(0, &data.expect("there are no trailers"));
        }
        sink.items += messages.len() as u64;
    })
}
