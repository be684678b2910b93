//! Frames as they are sent, in the order of RFC 9113 §6.

use crate::common::http2::{Got, decode, frame, opening};
use framewright::http2::{
    Encoder, ErrorCode, Limits, Role, SendError, Setting, SettingId, StreamId,
};
use framewright::{Buffer, BufferFull, SliceBuf};
use proptest::prelude::{ProptestConfig, any, prop_assert_eq, proptest};

const STREAM: StreamId = StreamId::new(1).expect("not 0");

/// Writes what `write` does with an empty buffer, a full one, and one that lacks a byte.
fn written(write: impl Fn(&Encoder, &mut SliceBuf<'_>) -> Result<(), SendError>) -> Vec<u8> {
    let encoder = Encoder::new();
    let mut bytes = vec![0; 100_000];
    let mut out = SliceBuf::new(&mut bytes);
    out.try_append(b"before").unwrap();
    write(&encoder, &mut out).unwrap();
    let wire = out.as_slice()[6..].to_vec();

    for len in [wire.len().saturating_sub(1), wire.len() / 2, 0] {
        let mut bytes = vec![0; len];
        let mut out = SliceBuf::new(&mut bytes);
        let full = Err(SendError::BufferFull(BufferFull { needed: wire.len() }));
        assert_eq!((write(&encoder, &mut out), out.as_slice()), (full, &b""[..]), "all or nothing");
    }
    wire
}

#[test]
fn every_frame_is_what_the_standard_draws() {
    let setting = |id, value| Setting { id: SettingId(id), value };
    let settings = [setting(3, 100), setting(0x0A0A, u32::MAX)];
    let ping = *b"pingpong";
    let cases: [(Vec<u8>, Vec<u8>); 13] = [
        (
            written(|encoder, out| encoder.encode_data(STREAM, b"hi", false, out)),
            frame(0x0, 0, 1, b"hi"),
        ),
        (
            written(|encoder, out| encoder.encode_data(StreamId::MAX, b"", true, out)),
            frame(0x0, 0x1, 0x7FFF_FFFF, b""),
        ),
        (
            written(|encoder, out| encoder.encode_field_block(STREAM, b"block", false, out)),
            frame(0x1, 0x4, 1, b"block"),
        ),
        (
            written(|encoder, out| encoder.encode_field_block(STREAM, b"", true, out)),
            frame(0x1, 0x5, 1, b""),
        ),
        (
            written(|encoder, out| encoder.encode_reset(STREAM, ErrorCode::CANCEL, out)),
            frame(0x3, 0, 1, &[0, 0, 0, 8]),
        ),
        (
            written(|encoder, out| encoder.encode_settings(&settings, out)),
            frame(0x4, 0, 0, &[0, 3, 0, 0, 0, 100, 0x0A, 0x0A, 0xFF, 0xFF, 0xFF, 0xFF]),
        ),
        (written(|encoder, out| encoder.encode_settings(&[], out)), frame(0x4, 0, 0, &[])),
        (written(|encoder, out| encoder.encode_settings_ack(out)), frame(0x4, 0x1, 0, &[])),
        (written(|encoder, out| encoder.encode_ping(ping, false, out)), frame(0x6, 0, 0, &ping)),
        (written(|encoder, out| encoder.encode_ping(ping, true, out)), frame(0x6, 0x1, 0, &ping)),
        (
            written(|encoder, out| encoder.encode_goaway(5, ErrorCode::CANCEL, b"why", out)),
            frame(0x7, 0, 0, b"\0\0\0\x05\0\0\0\x08why"),
        ),
        (
            written(|encoder, out| encoder.encode_window_update(Some(STREAM), 1, out)),
            frame(0x8, 0, 1, &[0, 0, 0, 1]),
        ),
        (
            written(|encoder, out| encoder.encode_window_update(None, 0x7FFF_FFFF, out)),
            frame(0x8, 0, 0, &[0x7F, 0xFF, 0xFF, 0xFF]),
        ),
    ];
    for (written, expected) in cases {
        assert_eq!(written, expected);
    }
}

#[test]
fn the_header_alone_is_the_header_of_the_frame() {
    let encoder = Encoder::new();
    let mut out = Vec::new();
    encoder.encode_data(STREAM, b"hi", true, &mut out).unwrap();
    let header = encoder.data_header(STREAM, 2, true).unwrap();
    assert_eq!(out, [&header.to_bytes()[..], b"hi"].concat());
}

#[test]
fn no_frame_is_longer_than_the_peer_accepts() {
    let mut encoder = Encoder::new();
    let mut out = Vec::new();
    let long = vec![0; 16_385];
    let too_long = Err(SendError::FrameTooLong);
    assert_eq!(encoder.encode_data(STREAM, &long, false, &mut out), too_long);
    assert_eq!(encoder.data_header(STREAM, 16_385, false).map(|_| ()), too_long);
    let setting = Setting { id: SettingId::MAX_FRAME_SIZE, value: 16_384 };
    assert_eq!(encoder.encode_settings(&[setting; 2731], &mut out), too_long);
    let code = ErrorCode::NO_ERROR;
    assert_eq!(encoder.encode_goaway(0, code, &long[..16_377], &mut out), too_long);
    assert!(out.is_empty());

    encoder.set_max_frame_len(16_385);
    assert_eq!(encoder.encode_data(STREAM, &long, false, &mut out), Ok(()));
    assert_eq!(out, frame(0x0, 0, 1, &long));
    for (asked, taken) in [(0, 16_384), (16_385, 16_385), (u32::MAX, 0xFF_FFFF)] {
        encoder.set_max_frame_len(asked);
        assert_eq!(encoder.max_frame_len(), taken);
    }
}

#[test]
fn a_window_grows_by_what_31_bits_hold() {
    for increment in [0, 0x8000_0000, u32::MAX] {
        let mut out = Vec::new();
        let wrong = Err(SendError::WindowIncrement);
        assert_eq!(Encoder::new().encode_window_update(None, increment, &mut out), wrong);
        assert!(out.is_empty());
    }
}

/// The frames of a field block, cut by hand.
fn cut_by_hand(block: &[u8], end_stream: bool) -> Vec<u8> {
    let mut pieces: Vec<&[u8]> = block.chunks(16_384).collect();
    if pieces.is_empty() {
        pieces.push(b"");
    }
    let last = pieces.len() - 1;
    let frames = pieces.iter().enumerate().map(|(index, piece)| {
        let end_headers = if index == last { 0x4 } else { 0 };
        match index {
            0 => frame(0x1, end_headers | u8::from(end_stream), 1, piece),
            _ => frame(0x9, end_headers, 1, piece),
        }
    });
    frames.collect::<Vec<_>>().concat()
}

#[test]
fn long_field_blocks_are_cut() {
    let block: Vec<u8> = (0..70_000_u32).map(|i| (i % 251) as u8).collect();
    for len in [0, 1, 16_383, 16_384, 16_385, 32_767, 32_768, 32_769, 49_152, 65_537, 70_000] {
        let block = &block[..len];
        let expected = cut_by_hand(block, true);
        let out = written(|encoder, out| encoder.encode_field_block(STREAM, block, true, out));
        assert!(out == expected, "{len} bytes");

        // In place, after what is there already.
        let (encoder, mut out) = (Encoder::new(), b"before".to_vec());
        let start = encoder.begin_field_block(&mut out).unwrap();
        out.extend_from_slice(block);
        encoder.finish_field_block(start, STREAM, true, &mut out).unwrap();
        assert!(out == [b"before", &expected[..]].concat(), "{len} bytes in place");
        assert_eq!(encoder.block_headers_len(len), expected.len() - len);

        let wire = [opening(Role::Client), expected].concat();
        let (got, verdict) = decode(Role::Client, Limits::new(), &[&wire]);
        let frames = len.div_ceil(16_384).max(1) as u32;
        let bytes = block.to_vec();
        let whole = Got::FieldBlock { stream: 1, end_stream: true, frames, bytes, end: true };
        assert_eq!((got, verdict), (vec![Got::SettingsEnd, whole], Ok(())));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_comes_back(
        id in 1_u32..1 << 31,
        payload in any::<Vec<u8>>(),
        end_stream in any::<bool>(),
        settings in any::<Vec<(u16, u16)>>(),
        (last, code, increment) in (0_u32..1 << 31, any::<u32>(), 1_u32..1 << 31),
        ping in any::<[u8; 8]>(),
    ) {
        let (encoder, mut out) = (Encoder::new(), opening(Role::Client));
        let stream = StreamId::new(id).expect("31 bits");
        // Identifiers that nobody has defined, so that every value is allowed.
        let settings: Vec<Setting> = settings
            .iter()
            .map(|(id, value)| Setting { id: SettingId(id | 0x100), value: (*value).into() })
            .collect();
        encoder.encode_data(stream, &payload, end_stream, &mut out)?;
        encoder.encode_field_block(stream, &payload, end_stream, &mut out)?;
        encoder.encode_reset(stream, ErrorCode(code), &mut out)?;
        encoder.encode_settings(&settings, &mut out)?;
        encoder.encode_settings_ack(&mut out)?;
        encoder.encode_ping(ping, end_stream, &mut out)?;
        encoder.encode_window_update(Some(stream), increment, &mut out)?;
        encoder.encode_window_update(None, increment, &mut out)?;
        encoder.encode_goaway(last, ErrorCode(code), &payload, &mut out)?;

        let len = payload.len() as u32;
        let bytes = payload.clone();
        let mut expected = vec![
            Got::SettingsEnd,
            Got::Data { stream: id, end_stream, flow_len: len, data_len: len, bytes, end: true },
            Got::FieldBlock { stream: id, end_stream, frames: 1, bytes: payload.clone(), end: true },
            Got::Reset(id, code),
        ];
        expected.extend(settings.iter().map(|setting| Got::Setting(setting.id.0, setting.value)));
        expected.extend([
            Got::SettingsEnd,
            Got::SettingsAck,
            if end_stream { Got::PingAck(ping) } else { Got::Ping(ping) },
            Got::WindowUpdate(id, increment),
            Got::WindowUpdate(0, increment),
            Got::GoAway(last, code),
        ]);
        if !payload.is_empty() {
            expected.push(Got::DebugData { bytes: payload, end: true });
        }
        prop_assert_eq!(decode(Role::Client, Limits::new(), &[&out]), (expected, Ok(())));
    }
}
