//! HTTP/2: frames.

use std::hint::black_box;

use framewright::http2::{Decoder, Encoder, Limits, Role, SendError, StreamId};
use framewright::{Buffer, SliceBuf};

use crate::ITEMS;

/// Decodes frames that are all there.
pub fn decode_frames(laps: usize, frame: &[u8]) {
    let wire = frame.repeat(ITEMS);
    let mut read = wire.clone();
    let mut decoder = Decoder::new(Role::Client, Limits::new());
    let mut opening = *b"\0\0\0\x04\0\0\0\0\0";
    decoder.decode(&mut &mut opening[..]).expect("an empty SETTINGS");
    for _ in 0..laps {
        read.copy_from_slice(black_box(&wire)); // as `recv` does
        let mut input = &mut read[..];
        let mut frames = 0;
        while let Some(part) = decoder.decode(&mut input).expect("it is valid") {
            black_box(part);
            frames += 1;
        }
        assert_eq!(frames, ITEMS);
    }
}

pub fn encode_data(laps: usize) {
    encode_frames(laps, |encoder, stream, out| {
        encoder.encode_data(stream, black_box(b"sixteen bytes..."), false, out)
    });
}

pub fn encode_field_block(laps: usize) {
    encode_frames(laps, |encoder, stream, out| {
        let start = encoder.begin_field_block(out)?;
        out.try_append(black_box(b"nine byte"))?;
        Ok(encoder.finish_field_block(start, stream, false, out)?)
    });
}

fn encode_frames(
    laps: usize,
    encode: impl Fn(&Encoder, StreamId, &mut SliceBuf<'_>) -> Result<(), SendError>,
) {
    let (encoder, stream) = (Encoder::new(), StreamId::new(1).expect("not 0"));
    let mut buf = vec![0; 25 * ITEMS];
    for _ in 0..laps {
        let mut out = SliceBuf::new(&mut buf);
        for _ in 0..ITEMS {
            encode(&encoder, stream, &mut out).expect("there is room");
        }
        black_box(out.as_slice());
    }
}
