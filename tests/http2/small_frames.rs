//! Frames of one value or a few, in the order of RFC 9113: §6.4 to §6.9. Cases in quotes are those of
//! h2spec.

use super::frames::{all, end_connection, yield_parts};
use crate::common::http2::{Got, frame};
use framewright::http2::{Error, ErrorCode, Role, Setting, SettingId};

// §6.5 SETTINGS

#[test]
fn settings_come_one_by_one_in_their_order() {
    let payload = [[0, 4, 0, 0, 0, 1], [0, 4, 0x7F, 0xFF, 0xFF, 0xFF], [0x0A, 0x0A, 1, 2, 3, 4]];
    let expected = vec![
        Got::Setting(4, 1),
        Got::Setting(4, 0x7FFF_FFFF),
        // "Sends a SETTINGS frame with unknown identifier"
        Got::Setting(0x0A0A, 0x0102_0304),
        Got::SettingsEnd,
    ];
    yield_parts(&[
        ("three", frame(0x4, 0, 0, payload.as_flattened()), expected),
        ("none", frame(0x4, 0, 0, &[]), vec![Got::SettingsEnd]),
        ("an acknowledgement", frame(0x4, 0x1, 0, &[]), vec![Got::SettingsAck]),
    ]);
}

#[test]
fn settings_have_the_values_that_the_table_allows() {
    let both =
        |id, value, error| [(Role::Server, id, value, error), (Role::Client, id, value, error)];
    let cases = [
        // "SETTINGS_ENABLE_PUSH (0x2): Sends the value other than 0 or 1"
        both(2, 0, None),
        both(2, 2, Some(Error::EnablePush)),
        [(Role::Server, 2, 1, None), (Role::Client, 2, 1, Some(Error::EnablePush))],
        // "SETTINGS_INITIAL_WINDOW_SIZE (0x4): Sends the value above the maximum …"
        both(4, 0, None),
        both(4, 0x7FFF_FFFF, None),
        both(4, 0x8000_0000, Some(Error::InitialWindowSize)),
        // "SETTINGS_MAX_FRAME_SIZE (0x5): Sends the value below the initial value / above the maximum"
        both(5, 16_383, Some(Error::MaxFrameSize)),
        both(5, 16_384, None),
        both(5, 16_777_215, None),
        both(5, 16_777_216, Some(Error::MaxFrameSize)),
        both(8, 1, None),
        both(8, 2, Some(Error::EnableConnectProtocol)),
        both(9, 1, None),
        both(9, 2, Some(Error::NoRfc7540Priorities)),
        both(1, u32::MAX, None),
        both(3, 0, None),
        both(6, 0, None),
        both(0xFE03, u32::MAX, None),
    ];
    for (role, id, value, error) in cases.into_iter().flatten() {
        let setting = Setting { id: SettingId(id), value };
        assert_eq!(setting.check(role).err(), error, "{setting:?} at a {role:?}");
        assert_eq!(Setting::parse(setting.to_bytes()), setting);
        let bytes = frame(0x4, 0, 0, &[&setting.to_bytes()[..], &[0, 3, 0, 0, 0, 1]].concat());
        let (got, verdict) = all(role, &bytes);
        assert_eq!((verdict.err(), got.is_empty()), (error, error.is_some()), "at once");
    }
    assert_eq!(Error::InitialWindowSize.code(), ErrorCode::FLOW_CONTROL_ERROR);
    assert_eq!(Error::MaxFrameSize.code(), ErrorCode::PROTOCOL_ERROR);
}

// §6.7 PING, §6.8 GOAWAY, and §6.9 WINDOW_UPDATE

#[test]
fn small_frames_are_values() {
    let debug = |bytes: &[u8]| Got::DebugData { bytes: bytes.into(), end: true };
    yield_parts(&[
        ("PING", frame(0x6, 0, 0, b"12345678"), vec![Got::Ping(*b"12345678")]),
        // "Sends a PING frame with ACK"
        ("PING with ACK", frame(0x6, 0x1, 0, b"12345678"), vec![Got::PingAck(*b"12345678")]),
        ("RST_STREAM", frame(0x3, 0, 9, &[0, 0, 0, 0xFF]), vec![Got::Reset(9, 0xFF)]),
        ("PRIORITY", frame(0x2, 0, 9, &[0, 0, 0, 0, 1]), vec![Got::Priority(9)]),
        ("GOAWAY", frame(0x7, 0, 0, &[0, 0, 0, 5, 0, 0, 0, 0]), vec![Got::GoAway(5, 0)]),
        (
            "GOAWAY with debug data",
            frame(0x7, 0, 0, b"\0\0\0\0\0\0\0\x0Btoo_many_pings"),
            vec![Got::GoAway(0, 11), debug(b"too_many_pings")],
        ),
        ("WINDOW_UPDATE", frame(0x8, 0, 3, &[0, 0, 0, 1]), vec![Got::WindowUpdate(3, 1)]),
        (
            "WINDOW_UPDATE of the connection",
            frame(0x8, 0, 0, &[0x7F, 0xFF, 0xFF, 0xFF]),
            vec![Got::WindowUpdate(0, 0x7FFF_FFFF)],
        ),
    ]);
}

#[test]
fn a_window_cannot_grow_by_nothing() {
    for increment in [&[0, 0, 0, 0], &[0x80, 0, 0, 0]] {
        // "Sends a WINDOW_UPDATE frame with a flow control window increment of 0"
        end_connection(&[("connection", frame(0x8, 0, 0, increment), Error::WindowIncrement)]);
        // "… on a stream"
        let failed = Got::StreamFailed(1, Error::WindowIncrement);
        yield_parts(&[("stream", frame(0x8, 0, 1, increment), vec![failed])]);
    }
}
