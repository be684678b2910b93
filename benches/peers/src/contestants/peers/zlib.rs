//! The compressors alone: the one that we and the best peers use, and the default one of `flate2`.

use std::rc::Rc;

use bytes::Bytes;
use miniz_oxide::deflate::core::{CompressorOxide, create_comp_flags_from_zip_params};
use miniz_oxide::inflate::stream::InflateState;
use miniz_oxide::{DataFormat, MZFlush};
use zlib_rs::{Deflate, DeflateFlush, Inflate, InflateFlush};

use super::super::{Contestant, Kind};
use crate::BUFFER;
use crate::sink::Sink;
use crate::wire::{Wire, frame, frames};

const NAME: &str = "zlib-rs";
const CAVEAT: &str = "no WebSocket: compression alone, between buffers";

pub fn deflate(messages: &Rc<[Bytes]>, level: u8) -> Contestant {
    let messages = Rc::clone(messages);
    let mut deflate = Deflate::new(i32::from(level), false, 15);
    let mut room = vec![0; BUFFER];
    Contestant::new(Kind::Peer, NAME, move |sink| {
        for message in &*messages {
            let before = deflate.total_out();
            deflate.compress(message, &mut room, DeflateFlush::SyncFlush).expect("there is room");
            let len = (deflate.total_out() - before) as usize;
            sent(&room[..len], sink);
        }
    })
    .with(CAVEAT)
}

pub fn deflate_miniz(messages: &Rc<[Bytes]>, level: u8) -> Contestant {
    let messages = Rc::clone(messages);
    // The second argument makes it raw, without zlib's header.
    let flags = create_comp_flags_from_zip_params(i32::from(level), -15, 0);
    let mut deflate = Box::new(CompressorOxide::new(flags));
    let mut room = vec![0; BUFFER];
    Contestant::new(Kind::Peer, "miniz_oxide", move |sink| {
        for message in &*messages {
            let done = miniz_oxide::deflate::stream::deflate(
                &mut deflate,
                message,
                &mut room,
                MZFlush::Sync,
            );
            assert_eq!(done.bytes_consumed, message.len());
            sent(&room[..done.bytes_written], sink);
        }
    })
    .with(CAVEAT)
}

fn sent(compressed: &[u8], sink: &mut Sink) {
    let payload = compressed.strip_suffix(&[0, 0, 0xFF, 0xFF]).expect("it was flushed");
    if sink.inspects() {
        let mut wire = Vec::new();
        frame(&mut wire, 0xC2, None, payload);
        sink.sent(1, &wire);
    } else {
        sink.sent(1, payload);
    }
}

pub fn inflate_miniz(wire: &Rc<Wire>) -> Contestant {
    let payloads = payloads(wire);
    let mut inflate = InflateState::new_boxed(DataFormat::Raw);
    let mut room = vec![0; BUFFER];
    Contestant::new(Kind::Peer, "miniz_oxide", move |sink: &mut Sink| {
        for payload in &payloads {
            let mut len = 0;
            for bytes in [payload, &[0, 0, 0xFF, 0xFF][..]] {
                let done = miniz_oxide::inflate::stream::inflate(
                    &mut inflate,
                    bytes,
                    &mut room[len..],
                    MZFlush::None,
                );
                assert_eq!(done.bytes_consumed, bytes.len());
                len += done.bytes_written;
            }
            sink.binary(&room[..len]);
        }
    })
    .with(CAVEAT)
}

fn payloads(wire: &Wire) -> Vec<Vec<u8>> {
    frames(&wire.bytes).into_iter().map(|frame| frame.payload).collect()
}

pub fn inflate(wire: &Rc<Wire>) -> Contestant {
    let payloads = payloads(wire);
    let mut inflate = Inflate::new(false, 15);
    let mut room = vec![0; BUFFER];
    Contestant::new(Kind::Peer, NAME, move |sink: &mut Sink| {
        for payload in &payloads {
            let before = inflate.total_out();
            let mut len = 0;
            // The second of them is not on the wire.
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
