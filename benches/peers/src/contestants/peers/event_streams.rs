//! Decoders of Server-Sent Events.

use std::convert::Infallible;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use futures_codec::Decoder;
use futures_core::Stream;
use sse_codec::{Event, SSECodec};

use super::super::{Contestant, Kind};
use super::tape::context;
use crate::wire::Wire;

pub fn sse_codec(wire: &Rc<Wire>) -> Contestant {
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

/// The body of a response that never ends, in pieces split off the read buffer, as hyper delivers them.
struct Pieces {
    wire: Rc<Wire>,
    at: usize,
    buf: BytesMut,
}

impl Pieces {
    fn new(wire: &Rc<Wire>) -> Self {
        Self { wire: Rc::clone(wire), at: 0, buf: BytesMut::new() }
    }
}

impl Stream for Pieces {
    type Item = Result<Bytes, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        let rest = &this.wire.bytes[this.at..];
        let read = &rest[..rest.len().min(this.wire.read_len)];
        this.at += read.len();
        if read.is_empty() {
            this.at = 0;
            return Poll::Pending;
        }
        if this.buf.capacity() < read.len() {
            this.buf.reserve(crate::BUFFER);
        }
        this.buf.extend_from_slice(read);
        Poll::Ready(Some(Ok(this.buf.split().freeze())))
    }
}

pub fn eventsource_stream(wire: &Rc<Wire>) -> Contestant {
    let mut events = Box::pin(eventsource_stream::EventStream::new(Pieces::new(wire)));
    Contestant::new(Kind::Peer, "eventsource-stream", move |sink| {
        let mut cx = context();
        while let Poll::Ready(event) = events.as_mut().poll_next(&mut cx) {
            sink.text(&event.expect("it does not end").expect("it is text").data);
        }
    })
}

pub fn sseer(wire: &Rc<Wire>) -> Contestant {
    let mut events = Box::pin(sseer::event_stream::EventStream::new(Pieces::new(wire)));
    Contestant::new(Kind::Peer, "sseer", move |sink| {
        let mut cx = context();
        while let Poll::Ready(event) = events.as_mut().poll_next(&mut cx) {
            sink.text(&event.expect("it does not end").expect("it is text").data);
        }
    })
}
