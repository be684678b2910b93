//! Frames of a peer, against a naive reader of all bytes by the rules of RFC 9113.

use framewright::http2::{Decoder, Encoder, ErrorCode, Limits, Role, Setting, SettingId, StreamId};

use super::common::http2::{Got, decode_with, naive, opening};
use super::input::{Cuts, Input, same_however_cut, without_allocating};

/// ```text
/// | options | frame limit above 16 384 | cuts: 4 | wire ...
/// ```
pub fn check(data: &[u8]) {
    let mut input = Input::new(data);
    let options = input.byte();
    let role = if options & 1 == 0 { Role::Server } else { Role::Client };
    let above = u32::try_from(input.limit()).unwrap_or(u32::MAX);
    let limits = Limits::new().max_frame_len(16_384_u32.saturating_add(above));
    let cuts = Cuts(input.bytes());
    // The opening is hard to guess: it is there unless an option says otherwise.
    let opening = if options & 2 == 0 { opening(role) } else { vec![] };
    let wire = [&opening, input.rest()].concat();

    let (got, verdict, eof) = same_however_cut(&wire, cuts, |pieces| {
        let mut decoder = Decoder::new(role, limits);
        let (got, verdict) = decode_with(&mut decoder, pieces);
        assert_eq!(decoder.error(), verdict.err());
        (got, verdict, decoder.check_eof())
    });
    // Every beginning of a stream is a stream too, so this also shows that nothing is late.
    let (expected, judged) = naive(role, limits.max_frame_len, &wire);
    assert_eq!((&got, verdict), (&expected, judged));
    if eof.is_ok() && verdict.is_ok() {
        assert!(got.iter().all(is_whole), "the stream may not end here");
    }
    without_allocating(|| {
        let mut decoder = Decoder::new(role, limits);
        let mut chunk = [0; 64];
        for piece in wire.chunks(chunk.len()) {
            let chunk = &mut chunk[..piece.len()];
            chunk.copy_from_slice(piece);
            let mut input = chunk;
            while let Ok(Some(_)) = decoder.decode(&mut input) {}
        }
    });
    comes_back(&got);
}

const fn is_whole(got: &Got) -> bool {
    match got {
        Got::Data { end, .. } | Got::FieldBlock { end, .. } | Got::DebugData { end, .. } => *end,
        _ => true,
    }
}

/// Frames that came whole can be sent, and arrive as they were, but for padding and priorities.
fn comes_back(got: &[Got]) {
    let mut encoder = Encoder::new();
    encoder.set_max_frame_len(u32::MAX);
    let limits = Limits::new().max_frame_len(encoder.max_frame_len());
    let (mut wire, mut sent, mut settings) =
        (opening(Role::Client), vec![Got::SettingsEnd], vec![]);
    let stream = |id: u32| StreamId::new(id).expect("31 bits, and not 0");
    for got in got.iter().filter(|got| is_whole(got)) {
        let mut back = got.clone();
        let written = match &mut back {
            Got::Data { stream: id, end_stream, flow_len, data_len, bytes, .. } => {
                *flow_len = *data_len;
                encoder.encode_data(stream(*id), bytes, *end_stream, &mut wire)
            }
            Got::FieldBlock { stream: id, end_stream, frames, bytes, .. } => {
                *frames = 1;
                encoder.encode_field_block(stream(*id), bytes, *end_stream, &mut wire)
            }
            Got::Reset(id, code) => encoder.encode_reset(stream(*id), ErrorCode(*code), &mut wire),
            // A server must not say that it accepts pushes.
            Got::Setting(2, 1) => continue,
            Got::Setting(id, value) => {
                settings.push(Setting { id: SettingId(*id), value: *value });
                Ok(())
            }
            Got::SettingsEnd => encoder.encode_settings(&std::mem::take(&mut settings), &mut wire),
            Got::SettingsAck => encoder.encode_settings_ack(&mut wire),
            Got::Ping(payload) => encoder.encode_ping(*payload, false, &mut wire),
            Got::PingAck(payload) => encoder.encode_ping(*payload, true, &mut wire),
            Got::GoAway(last, code) => {
                encoder.encode_goaway(*last, ErrorCode(*code), b"", &mut wire)
            }
            Got::WindowUpdate(id, increment) => {
                encoder.encode_window_update(StreamId::new(*id), *increment, &mut wire)
            }
            _ => continue,
        };
        assert_eq!(written, Ok(()));
        sent.push(back);
    }
    // Settings of a frame that did not come whole.
    sent.truncate(sent.len() - settings.len());
    let mut decoder = Decoder::new(Role::Client, limits);
    assert_eq!(decode_with(&mut decoder, &[&wire]), (sent, Ok(())));
}
