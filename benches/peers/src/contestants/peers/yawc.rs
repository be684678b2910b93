//! yawc as a contestant: its WebSocket, and its codec alone.

use std::pin::Pin;
use std::rc::Rc;
use std::task::Poll;

use bytes::{Bytes, BytesMut};
use futures_sink::Sink as _;
use tokio_util::codec::{Decoder as _, Encoder as _};
use yawc::codec::{Decoder, Encoder};
use yawc::frame::{Frame, OpCode};
use yawc::{CompressionLevel, Options, Role, WebSocket};

use super::super::{Contestant, Kind};
use super::tape::{Tape, context};
use super::{UTF8_BY_STD, deliver_unchecked};
use crate::wire::{Content, Wire};

const MAX: usize = 64 << 20;

pub fn receive(wire: &Rc<Wire>) -> Contestant {
    let options = Options::default().with_limits(MAX, MAX).with_utf8();
    let mut socket = WebSocket::from_stream(Tape::new(wire), Role::Server, options)
        .expect("there are no extensions");
    Contestant::new(Kind::Peer, "yawc", move |sink| {
        let mut cx = context();
        while let Poll::Ready(frame) = socket.poll_next_frame(&mut cx) {
            let frame = frame.expect("it is valid");
            match frame.opcode() {
                OpCode::Text => sink.checked_text(frame.payload()),
                OpCode::Binary => sink.binary(frame.payload()),
                _ => {}
            }
        }
    })
}

fn compressing(tape: Tape, level: u8) -> WebSocket<Tape> {
    let options = Options::default()
        .with_limits(MAX, MAX)
        .with_compression_level(CompressionLevel::new(u32::from(level)));
    let extensions = "permessage-deflate; server_max_window_bits=15; client_max_window_bits=15";
    WebSocket::from_stream_with_extensions(tape, Role::Server, Some(extensions), options)
        .expect("they are known")
}

pub fn inflate(wire: &Rc<Wire>) -> Contestant {
    let mut socket = compressing(Tape::new(wire), 6);
    Contestant::new(Kind::Peer, "yawc", move |sink| {
        let mut cx = context();
        while let Poll::Ready(frame) = socket.poll_next_frame(&mut cx) {
            sink.binary(frame.expect("it is valid").payload());
        }
    })
}

pub fn deflate(messages: &Rc<[Bytes]>, level: u8) -> Contestant {
    let messages = Rc::clone(messages);
    let tape = Tape::silent();
    let outlet = tape.outlet();
    let mut socket = compressing(tape, level);
    Contestant::new(Kind::Peer, "yawc", move |sink| {
        outlet.open(sink);
        let (mut cx, mut socket) = (context(), Pin::new(&mut socket));
        for message in &*messages {
            assert!(matches!(socket.as_mut().poll_ready(&mut cx), Poll::Ready(Ok(()))));
            socket.as_mut().start_send(Frame::binary(message.clone())).expect("it is open");
        }
        assert!(matches!(socket.poll_flush(&mut cx), Poll::Ready(Ok(()))));
        outlet.close(messages.len() as u64, sink);
    })
}

/// The codec alone.
pub fn receive_frames(wire: &Rc<Wire>) -> Contestant {
    let wire = Rc::clone(wire);
    let mut decoder = Decoder::new(Role::Server, MAX);
    let mut buf = BytesMut::new();
    let caveat = match wire.content {
        Content::Binary => {
            "the codec alone, which neither checks the order of frames nor joins them"
        }
        Content::Ascii | Content::Cjk => UTF8_BY_STD,
    };
    Contestant::new(Kind::Peer, "yawc's codec", move |sink| {
        for read in wire.reads() {
            buf.extend_from_slice(read);
            while let Some(frame) = decoder.decode(&mut buf).expect("it is valid") {
                deliver_unchecked(wire.content, frame.payload(), sink);
            }
        }
    })
    .with(caveat)
}

pub fn send(messages: &Rc<[Bytes]>, client: bool) -> Contestant {
    let messages = Rc::clone(messages);
    let mut encoder = Encoder::new(if client { Role::Client } else { Role::Server });
    let mut out = BytesMut::new();
    Contestant::new(Kind::Peer, "yawc's codec", move |sink| {
        out.clear();
        for message in &*messages {
            encoder.encode(Frame::binary(message.clone()), &mut out).expect("it is valid");
        }
        sink.sent(messages.len() as u64, &out);
    })
}
