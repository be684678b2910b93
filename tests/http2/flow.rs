//! Flow control and settings: the cases of h2spec in which the server sends a body, by name (RFC 9113 §5.2, §6.5, §6.9).

use framewright::http::NO_FIELDS;
use framewright::http2::{Error, HeaderField, Limits, Request, SendError, Server, Stream};
use framewright::{Buffer, SliceBuf};

use super::common::http2_peer::*;
use super::common::http2_session::{Seen, Session, client, client_with, server, server_with};

/// A server that has got a request on stream 1, from a client with these settings, and has sent the head.
fn answering(values: &[(u16, u32)]) -> (Session<Server>, Stream) {
    let mut server = server();
    server.open();
    server.receive(&settings(values));
    server.receive(&get(1));
    let stream = server.streams[0];
    server.h2.send_head(stream, 200, NO_FIELDS, false, &mut server.out).expect("it is the first");
    server.take_frames();
    (server, stream)
}

/// Sends, and returns the lengths of the DATA frames that were written, with their flags.
fn sent(server: &mut Session<Server>, stream: Stream, body: &[u8], end: bool) -> Vec<(usize, u8)> {
    let taken = server.h2.send(stream, body, end, &mut server.out).expect("the stream is open");
    let frames = data_frames(server);
    assert_eq!(frames.iter().map(|(len, _)| len).sum::<usize>(), taken);
    frames
}

fn data_frames(server: &mut Session<Server>) -> Vec<(usize, u8)> {
    let frames = server.take_frames();
    let data = frames.iter().filter(|frame| frame.kind == DATA);
    data.map(|frame| (frame.payload.len(), frame.flags)).collect()
}

/// §6.9, §6.9.1.
#[test]
fn window_of_1_then_window_updates() {
    // http2/6.9.1: sends SETTINGS to set the initial window size to 1 and HEADERS.
    let (mut server, stream) = answering(&[(INITIAL_WINDOW_SIZE, 1)]);
    assert!(!server.h2.is_waiting(stream));
    assert_eq!(sent(&mut server, stream, b"abc", true), [(1, 0)]);
    assert_eq!((server.h2.writable(), server.h2.is_waiting(stream)), (None, true));
    assert_eq!(sent(&mut server, stream, b"bc", true), []);
    server.receive(&window_update(1, 1));
    assert_eq!(server.h2.writable(), Some(stream));
    assert_eq!(sent(&mut server, stream, b"bc", true), [(1, 0)]);
    server.receive(&window_update(1, 9));
    assert_eq!(server.h2.writable(), Some(stream));
    assert_eq!(sent(&mut server, stream, b"c", true), [(1, END_STREAM)]);
    assert_eq!(server.h2.writable(), None);
}

/// §6.9.2.
#[test]
fn the_initial_window_size_changes_after_headers() {
    // http2/6.9.2: changes SETTINGS_INITIAL_WINDOW_SIZE after sending HEADERS frame.
    let (mut server, stream) = answering(&[(INITIAL_WINDOW_SIZE, 0)]);
    assert_eq!(sent(&mut server, stream, b"abc", true), []);
    server.receive(&settings(&[(INITIAL_WINDOW_SIZE, 1)]));
    assert_eq!(server.h2.writable(), Some(stream));
    assert_eq!(sent(&mut server, stream, b"abc", true), [(1, 0)]);
}

/// §6.9.2.
#[test]
fn a_window_can_be_negative() {
    // http2/6.9.2: sends a SETTINGS frame for a window size to be negative.
    let (mut server, stream) = answering(&[(INITIAL_WINDOW_SIZE, 3)]);
    assert_eq!(sent(&mut server, stream, b"abcdef", true), [(3, 0)]);
    server.receive(&settings(&[(INITIAL_WINDOW_SIZE, 2)]));
    server.receive(&window_update(1, 1));
    assert_eq!((server.h2.writable(), sent(&mut server, stream, b"def", true)), (None, vec![]));
    server.receive(&window_update(1, 1));
    assert_eq!(server.h2.writable(), Some(stream));
    assert_eq!(sent(&mut server, stream, b"def", true), [(1, 0)]);
}

/// §6.5.3.
#[test]
fn the_last_of_several_values_counts() {
    // http2/6.5.3: sends multiple values of SETTINGS_INITIAL_WINDOW_SIZE.
    let (mut server, stream) = answering(&[(INITIAL_WINDOW_SIZE, 100), (INITIAL_WINDOW_SIZE, 1)]);
    assert_eq!(sent(&mut server, stream, b"abc", false), [(1, 0)]);
}

/// §6.5.3.
#[test]
fn each_settings_is_acknowledged_once() {
    // http2/6.5.3: sends a SETTINGS frame without ACK flag.
    let mut server = server();
    server.open();
    server.receive(&settings(&[(MAX_CONCURRENT_STREAMS, 1), (MAX_CONCURRENT_STREAMS, 2)]));
    server.receive(&settings(&[]));
    let acks = server.take_frames();
    let acks: Vec<_> = acks.iter().filter(|f| f.kind == SETTINGS && f.flags == ACK).collect();
    // The opening's is the first.
    assert_eq!(acks.len(), 3);
    assert!(acks.iter().all(|ack| ack.payload.is_empty()));
}

/// §6.7.
#[test]
fn a_ping_is_answered_with_its_payload() {
    // http2/6.7: sends a PING frame.
    let mut server = server();
    server.open();
    server.take_frames();
    server.receive(&[ping(b"h2spec\0\0"), ping(b"h2spec\0\x01")].concat());
    let pongs: Vec<_> = server.take_frames();
    let payloads: Vec<_> =
        pongs.iter().map(|pong| (pong.kind, pong.flags, &pong.payload[..])).collect();
    assert_eq!(payloads, [(PING, ACK, &b"h2spec\0\0"[..]), (PING, ACK, b"h2spec\0\x01")]);
}

/// §6.9.1.
#[test]
fn an_empty_end_passes_a_closed_window() {
    let (mut server, stream) = answering(&[(INITIAL_WINDOW_SIZE, 0)]);
    assert_eq!(sent(&mut server, stream, b"", true), [(0, END_STREAM)]);
}

/// §5.2.
#[test]
fn trailers_pass_a_closed_window() {
    let (mut server, stream) = answering(&[(INITIAL_WINDOW_SIZE, 0)]);
    server.h2.send_trailers(stream, [("a", "b")], &mut server.out).expect("the body is over");
    let frames = server.take_frames();
    assert_eq!((frames[0].kind, frames[0].flags), (HEADERS, END_STREAM | END_HEADERS));
}

/// §4.2, §5.2.
#[test]
fn both_windows_and_the_longest_frame_limit_a_frame() {
    let (mut server, stream) = answering(&[(INITIAL_WINDOW_SIZE, 1 << 20)]);
    let body = [0; 1 << 17];
    let mut lens = Vec::new();
    let mut at = 0;
    loop {
        let frames = sent(&mut server, stream, &body[at..], false);
        let Some((len, _)) = frames.first() else { break };
        at += len;
        lens.push(*len);
    }
    // The connection's window is 65 535.
    assert_eq!(lens, [16_384, 16_384, 16_384, 16_383]);
    assert_eq!(server.h2.writable(), None);
    server.receive(&window_update(0, 5));
    assert_eq!(server.h2.writable(), Some(stream));
    assert_eq!(sent(&mut server, stream, &body[at..], false), [(5, 0)]);
}

/// §5.2.
#[test]
fn streams_take_turns_at_the_connections_window() {
    let mut server = server();
    server.open();
    server.receive(&[get(1), get(3), get(5)].concat());
    let streams = server.streams.clone();
    let body = [0; 100_000];
    for &stream in &streams {
        server.h2.send_head(stream, 200, NO_FIELDS, false, &mut server.out).expect("the first");
        while server.h2.send(stream, &body, false, &mut server.out).expect("it is open") > 0 {}
    }
    server.take_frames();
    assert_eq!(server.h2.writable(), None);
    for stream in &streams {
        server.receive(&window_update(stream.id().get(), 100_000));
    }
    let mut turns = Vec::new();
    for _ in 0..6 {
        server.receive(&window_update(0, 10));
        while let Some(stream) = server.h2.writable() {
            server.h2.send(stream, &body, false, &mut server.out).expect("it is open");
            turns.push(stream.id().get());
        }
    }
    server.take_frames();
    let mut counts = [1, 3, 5].map(|id| turns.iter().filter(|turn| **turn == id).count());
    counts.sort_unstable();
    assert!(counts[2] - counts[0] <= 1, "{turns:?}");
}

/// §6.9.1.
#[test]
fn a_peer_that_sends_more_than_it_may_is_told() {
    for (name, connection, stream, error) in [
        ("the stream's window", 1 << 20, 0xFFFF, (RST_STREAM, FLOW_CONTROL_ERROR)),
        ("the connection's window", 0xFFFF, 1 << 20, (GOAWAY, FLOW_CONTROL_ERROR)),
    ] {
        let limits = Limits::new().connection_window(connection).stream_window(stream);
        let mut server = server_with(limits);
        server.open();
        server.receive(&post(1));
        server.take_frames();
        // Nothing is granted again, as nothing is written.
        for _ in 0..4 {
            server.receive(&data(1, 0, &[0; 16_384]));
        }
        let frames = server.take_frames();
        let code = |frame: &Frame| frame.number(if frame.kind == GOAWAY { 4 } else { 0 });
        let found = frames.iter().any(|f| f.kind == error.0 && code(f) == error.1);
        assert!(found, "{name}: {frames:?}");
    }
}

/// §6.9.
#[test]
fn kept_bytes_are_granted_when_they_are_released() {
    let mut server = server_with(Limits::new().stream_window(0xFFFF));
    server.open();
    server.receive(&post(1));
    server.take_frames();
    let stream = server.streams[0];
    let updates = |server: &mut Session<Server>| -> Vec<(u32, u32)> {
        let frames = server.take_frames();
        let updates = frames.iter().filter(|frame| frame.kind == WINDOW_UPDATE);
        updates.map(|frame| (frame.stream, frame.number(0))).collect()
    };
    for _ in 0..3 {
        server.receive(&data(1, 0, &[0; 16_384]));
        server.h2.keep(stream, 16_384);
    }
    let granted = updates(&mut server);
    assert!(granted.iter().all(|(id, _)| *id == 0), "the connection's goes back: {granted:?}");
    server.h2.release(stream, 3 * 16_384);
    assert_eq!(updates(&mut server), [(1, 3 * 16_384)]);
}

/// §6.1, §6.9.1.
#[test]
fn padding_is_granted_again() {
    let mut server = server_with(Limits::new().stream_window(0xFFFF).connection_window(0xFFFF));
    server.open();
    server.receive(&post(1));
    let padded = data(1, PADDED, &[&[255][..], b"x", &[0; 255]].concat());
    let mut granted = [0; 2];
    for _ in 0..1000 {
        server.receive(&padded);
        for frame in server.take_frames().iter().filter(|frame| frame.kind == WINDOW_UPDATE) {
            granted[frame.stream as usize] += frame.number(0);
        }
    }
    assert!(granted.iter().all(|len| *len > 220_000), "{granted:?}");
    assert_eq!(server.h2.error(), None);
}

/// §8.1, §8.2.2, §8.6.
#[test]
fn what_cannot_be_sent_changes_nothing() {
    let mut server = server();
    server.open();
    server.receive(&get(1));
    let stream = server.streams[0];
    server.take_frames();
    let out = &mut server.out;
    assert_eq!(server.h2.send(stream, b"x", false, out), Err(SendError::HeadUnsent));
    let fields = [("ok", "1"), ("Connection", "close")];
    let sent = server.h2.send_head(stream, 200, fields, false, out);
    assert_eq!(sent, Err(SendError::FieldReserved(1)));
    assert_eq!(server.h2.send_head(stream, 101, NO_FIELDS, false, out), Err(SendError::Status));
    server.h2.send_head(stream, 100, NO_FIELDS, false, out).expect("1xx come before");
    server.h2.send_head(stream, 103, NO_FIELDS, false, out).expect("any number of them");
    server.h2.send_head(stream, 200, NO_FIELDS, true, out).expect("the final one");
    assert_eq!(server.h2.send(stream, b"x", false, out), Err(SendError::StreamOver));
    assert_eq!(server.take_frames().len(), 3);
}

/// A head of several frames that found no room has not changed the table of the encoder, and what is sensitive stays so
/// (RFC 7541 §6.2.3).
/// §4.3.
#[test]
fn a_head_that_found_no_room_changes_nothing() {
    let limits = Limits::new().max_send_len(1_000_000);
    let (mut client, mut server) =
        (client_with(limits), server_with(limits.max_head_len(1_000_000)));
    // Huffman code does not shorten it. So the headers of its frames need most of the room that is left in the end.
    let long = "~".repeat(900_000);
    let fields = [("x-a", &*long, true), ("x-b", "1", false), ("x-c", "2", true)]
        .map(|(name, value, sensitive)| HeaderField { name, value: value.as_bytes(), sensitive });
    let request = Request::new("GET", "http", "a.example", "/");
    let rooms = [0, 20, 20_000].into_iter().chain((900_000..901_000).step_by(20));
    let written = rooms.into_iter().find_map(|room| {
        let mut bytes = vec![0; room];
        let mut out = SliceBuf::new(&mut bytes);
        let opened = client.h2.open(request, fields.iter(), true, &mut out);
        assert!(matches!(opened, Ok(_) | Err(SendError::BufferFull(_))), "{opened:?}");
        opened.ok().map(|_| out.as_slice().to_vec())
    });
    client.out.extend(written.expect("the last has room for all"));
    server.receive(&client.out);
    let Some(Seen::Head { head, .. }) = server.seen.last() else { panic!("{:?}", server.seen) };
    assert!(head.contains("x-a: (sensitive), x-b: 1, x-c: (sensitive)"), "{head}");
}

/// §5.1.2.
#[test]
fn a_client_waits_for_its_turn() {
    let mut client = client();
    client.open();
    client.receive(&settings(&[(MAX_CONCURRENT_STREAMS, 2)]));
    let request = framewright::http2::Request::new("GET", "http", "a.example", "/");
    let opened = client.h2.open(request, NO_FIELDS, true, &mut client.out);
    assert_eq!(opened, Err(SendError::TooManyStreams));
    client.receive(&headers(1, END_STREAM, OK));
    assert!(matches!(client.seen.last(), Some(Seen::Head { stream: 1, end: true, .. })));
    let opened = client.h2.open(request, NO_FIELDS, true, &mut client.out).expect("one is over");
    assert_eq!(opened.id().get(), 5);
}

/// §6.5.3: all values of a SETTINGS take effect together, and are acknowledged before anything follows them. A frame
/// may come in many reads, with calls in between.
#[test]
fn settings_take_effect_at_the_end_of_their_frame() {
    let frame = settings(&[
        (MAX_FRAME_SIZE, 40_000),
        (INITIAL_WINDOW_SIZE, 50_000),
        (HEADER_TABLE_SIZE, 0),
        (MAX_CONCURRENT_STREAMS, 1),
        (MAX_HEADER_LIST_SIZE, 50),
    ]);
    let limits = Limits::new().max_send_len(100_000);
    for cut in 0..frame.len() {
        let mut server = server_with(limits);
        server.open();
        server.receive(&[settings(&[(INITIAL_WINDOW_SIZE, 20_000)]), get(1)].concat());
        let stream = server.streams[0];
        server.h2.send_head(stream, 200, NO_FIELDS, false, &mut server.out).expect("the first");
        server.take_frames();
        server.receive(&frame[..cut]);
        let peer = *server.h2.peer();
        assert_eq!((peer.max_frame_size, peer.initial_window_size), (16_384, 20_000), "{cut}");
        assert_eq!((peer.header_table_size, peer.max_concurrent_streams), (4096, 100), "{cut}");
        assert_eq!(peer.max_header_list_size, u32::MAX, "{cut}");
        let body = [0; 60_000];
        let taken = server.h2.send(stream, &body, false, &mut server.out).expect("it is open");
        assert_eq!(taken, 16_384, "cut at {cut}");
        server.receive(&frame[cut..]);
        assert_eq!(server.h2.peer().max_header_list_size, 50);
        let taken = server.h2.send(stream, &body, false, &mut server.out).expect("it is open");
        assert_eq!(taken, 50_000 - 16_384, "cut at {cut}");
        let kinds: Vec<_> =
            server.take_frames().iter().map(|f| (f.kind, f.payload.len())).collect();
        assert_eq!(kinds, [(DATA, 16_384), (SETTINGS, 0), (DATA, 50_000 - 16_384)], "cut at {cut}");
    }
}

/// RFC 7541 §4.2: an encoder tells the smallest size of its table, even if that came and went in one SETTINGS.
#[test]
fn a_table_that_was_small_for_a_moment_is_told() {
    let (mut server, _) = answering(&[]);
    let field = [("x-field", "value")];
    let mut head = |values: &[(u16, u32)], id| {
        server.receive(&[settings(values), get(id)].concat());
        let stream = *server.streams.last().expect("it came");
        server.h2.send_head(stream, 200, field, true, &mut server.out).expect("the first");
        server.take_frames().pop().expect("the head").payload
    };
    head(&[], 3);
    assert_eq!(head(&[], 5), [0x88, 0xBE], "the field is in the table");
    let after = head(&[(HEADER_TABLE_SIZE, 0), (HEADER_TABLE_SIZE, 4096)], 7);
    assert_eq!(after[..5], [0x20, 0x3F, 0xE1, 0x1F, 0x88], "sizes 0 and 4096");
    assert_eq!(after[5], 0x40, "the table was emptied: {after:X?}");
}

/// A SETTINGS may have 2730 of them: streams are gone through once, at its end.
/// §6.5.3, §6.9.2.
#[test]
fn windows_follow_the_last_of_many_values() {
    let (mut server, stream) = answering(&[(INITIAL_WINDOW_SIZE, 10)]);
    let mut values = vec![(INITIAL_WINDOW_SIZE, 0x7FFF_FFFF); 2000];
    values.push((INITIAL_WINDOW_SIZE, 12));
    assert_eq!(sent(&mut server, stream, &[0; 10], false), [(10, 0)]);
    server.receive(&settings(&values));
    assert_eq!(sent(&mut server, stream, &[0; 10], false), [(2, 0)]);
}

/// §6.9.1: the length that a frame announces counts, before a byte of it is returned.
#[test]
fn a_frame_that_is_too_long_for_its_window_shows_nothing() {
    for (connection, stream, error) in [
        (0xFFFF, 1 << 20, Seen::Failed(Error::WindowExceeded)),
        (1 << 20, 0xFFFF, Seen::StreamFailed { stream: 1, error: Error::WindowExceeded }),
    ] {
        let limits = Limits::new().connection_window(connection).stream_window(stream);
        let mut server = server_with(limits.max_frame_len(70_000));
        server.open();
        server.receive(&post(1));
        // The connection's first credit goes out, if it is larger.
        server.take_frames();
        let frame = data(1, 0, &[0; 65_536]);
        server.receive(&frame[..9]);
        // With nothing of its payload, it is not a frame yet.
        server.receive(&frame[9..10]);
        assert_eq!(server.seen.last(), Some(&error));
    }
}

/// §5.1, §6.9.
#[test]
fn a_body_that_has_ended_gets_no_window() {
    let mut server = server_with(Limits::new().stream_window(0xFFFF));
    server.open();
    server.receive(&post(1));
    server.take_frames();
    for flags in [0, 0, 0, END_STREAM] {
        server.receive(&data(1, flags, &[0; 16_000]));
    }
    let updates: Vec<_> =
        server.take_frames().into_iter().filter(|f| f.kind == WINDOW_UPDATE).collect();
    assert!(updates.iter().all(|update| update.stream == 0), "{updates:?}");
    server.h2.release(server.streams[0], 1000);
    assert_eq!(server.take_frames(), []);
}

/// What `send_header` returns, with the bytes that it names, is what `send` writes, and changes the same.
#[test]
fn a_header_for_a_vectored_write_is_that_of_the_frame() {
    let body = [7; 50_000];
    for (window, end) in [(100_000, true), (100_000, false), (20_000, true), (0, false), (0, true)]
    {
        for len in [0, 1, 16_384, 50_000] {
            let (mut one, stream) = answering(&[(INITIAL_WINDOW_SIZE, window)]);
            let (mut other, _) = answering(&[(INITIAL_WINDOW_SIZE, window)]);
            loop {
                let taken = one.h2.send(stream, &body[..len], end, &mut one.out);
                let header = other.h2.send_header(stream, len, end);
                assert_eq!(taken.is_err(), header.is_err(), "{window}, {len}, {end}");
                let (Ok(taken), Ok(header)) = (taken, header) else { break };
                if let Some(header) = header {
                    other.out.extend(header.to_bytes());
                    other.out.extend(&body[..header.len() as usize]);
                }
                assert_eq!(header.map_or(0, |header| header.len() as usize), taken);
                assert_eq!(one.out, other.out, "{window}, {len}, {end}");
                assert_eq!(one.h2.is_waiting(stream), other.h2.is_waiting(stream));
                if taken == 0 {
                    break;
                }
            }
            assert_eq!(one.take_frames(), other.take_frames());
        }
    }
}

/// Nothing may be written before the acknowledgement of the settings that it follows.
/// §6.5.3.
#[test]
fn a_header_for_a_vectored_write_waits_for_what_is_owed() {
    let (mut server, stream) = answering(&[]);
    server.receive(&settings(&[(MAX_FRAME_SIZE, 20_000)]));
    assert_eq!(server.h2.send_header(stream, 10, true), Ok(None));
    server.take_frames();
    assert_eq!(server.h2.writable(), Some(stream));
    let header = server.h2.send_header(stream, 10, true).expect("the stream is open");
    assert_eq!(header.expect("nothing is owed").len(), 10);
}
