//! Frames cost no memory, whether they come or are only announced (T2, T3).

use crate::common::http2::{frame, opening, padded};
use crate::counting::allocations;
use framewright::http2::{
    Decoder, Encoder, Error, ErrorCode, Limits, Part, Role, Setting, StreamId,
};
use framewright::{Buffer, SliceBuf};

/// Decodes `bytes` in pieces, and returns the number of parts.
fn decode(bytes: &mut [u8], len: usize) -> Result<usize, Error> {
    let mut decoder = Decoder::new(Role::Server, Limits::new());
    let mut parts = 0;
    for mut piece in bytes.chunks_mut(len) {
        while decoder.decode(&mut piece)?.is_some() {
            parts += 1;
        }
    }
    Ok(parts)
}

#[test]
fn neither_frames_nor_announced_lengths_nor_floods_allocate() {
    let with_opening = |frames: &[u8]| [&opening(Role::Server), frames].concat();
    let mut bodies = with_opening(&padded(0x0, 0, 1, b"hello", 200).repeat(1000));
    let mut claim = with_opening(b"\0\x40\0\0\0\0\0\0\x01!");
    let mut blocks = with_opening(
        &[
            frame(0x1, 0, 1, b"a"),
            frame(0x9, 0, 1, b"").repeat(100_000), // CVE-2024-27316
        ]
        .concat(),
    );
    let mut pings = with_opening(&frame(0x6, 0, 0, &[0; 8]).repeat(10_000)); // CVE-2019-9512
    let mut settings = with_opening(&frame(0x4, 0, 0, &[0, 3, 0, 0, 0, 1].repeat(2730)));
    let count = allocations(|| {
        for len in [7, 10_000] {
            assert!(decode(&mut bodies, len).is_ok_and(|parts| parts > 1000));
            assert_eq!(decode(&mut claim, len), Ok(2));
            assert_eq!(decode(&mut blocks, len), Ok(100_002));
            assert_eq!(decode(&mut pings, len), Ok(10_001));
            assert_eq!(decode(&mut settings, len), Ok(2732));
        }
    });
    assert_eq!(count, 0);
}

#[test]
fn every_frame_is_written_to_a_slice() {
    let stream = StreamId::new(1).expect("not 0");
    let block = [b'a'; 40_000];
    let mut storage = [0; 41_000];
    let count = allocations(|| {
        let (encoder, mut out) = (Encoder::new(), SliceBuf::new(&mut storage));
        encoder.encode_data(stream, b"hi", true, &mut out).unwrap();
        encoder.encode_field_block(stream, &block, false, &mut out).unwrap();
        encoder.encode_reset(stream, ErrorCode::CANCEL, &mut out).unwrap();
        encoder.encode_settings(&[Setting::parse([0; 6])], &mut out).unwrap();
        encoder.encode_settings_ack(&mut out).unwrap();
        encoder.encode_ping([0; 8], false, &mut out).unwrap();
        encoder.encode_window_update(Some(stream), 1, &mut out).unwrap();
        encoder.encode_goaway(0, ErrorCode::NO_ERROR, b"bye", &mut out).unwrap();
        assert!(encoder.encode_data(stream, &block[..16_000], false, &mut out).is_err());

        let mut decoder = Decoder::new(Role::Client, Limits::new());
        let mut opening = *b"\0\0\0\x04\0\0\0\0\0";
        assert_eq!(decoder.decode(&mut &mut opening[..]), Ok(Some(Part::SettingsEnd)));
        let (mut input, mut parts) = (out.as_mut_slice(), 0);
        while decoder.decode(&mut input).unwrap().is_some() {
            parts += 1;
        }
        assert_eq!(parts, 12, "the field block takes three");
    });
    assert_eq!(count, 0);
}
