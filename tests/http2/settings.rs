//! Settings: what is announced, from when on it holds, and what a change does (RFC 9113 §6.5, §6.9.2).

use framewright::http::NO_FIELDS;
use framewright::http2::{Connection, Error, Event, Limits, Request, SendError, Slot, Storage};

use super::common::http2_peer::*;
use super::common::http2_session::{
    Reaction, Seen, client, client_with, reaction_to, server, server_with,
};

/// The acknowledgement of settings.
fn ack() -> Vec<u8> {
    frame(SETTINGS, ACK, 0, &[])
}

/// §6.5.2.
#[test]
fn an_end_announces_its_limits_and_only_what_differs() {
    let values = |frames: &[Frame]| {
        let first = &frames[0];
        assert_eq!((first.kind, first.flags, first.stream), (SETTINGS, 0, 0));
        let id = |at| u16::from_be_bytes([first.payload[at], first.payload[at + 1]]);
        (0..first.payload.len()).step_by(6).map(|at| (id(at), first.number(at + 2))).collect()
    };
    let limits =
        Limits::new().max_streams(7).stream_window(8).max_frame_len(1 << 20).max_head_len(9);
    let of_server: Vec<_> = values(&server_with(limits).take_frames());
    assert_eq!(of_server, [(3, 7), (4, 8), (5, 1 << 20), (6, 9), (8, 1)]);
    let limits = Limits::new().stream_window(65_535);
    let of_client: Vec<_> = values(&client_with(limits).take_frames());
    assert_eq!(
        of_client,
        [(2, 0), (6, 16 << 10)],
        "no push, and no limit on streams of the server"
    );
}

/// §6.5.2. The fields of limits can be written, and what is announced is right all the same.
#[test]
fn limits_out_of_range_are_not_announced() {
    let mut limits = Limits::new();
    (limits.stream_window, limits.connection_window) = (u32::MAX, 0);
    (limits.max_frame_len, limits.max_send_len) = (u32::MAX, 0);
    let frames = server_with(limits).take_frames();
    assert_eq!(
        frames.len(),
        1,
        "the connection's window is the least, and nothing is granted: {frames:?}"
    );
    let values: Vec<u32> =
        (2..frames[0].payload.len()).step_by(6).map(|at| frames[0].number(at)).collect();
    assert_eq!(values, [100, (1 << 31) - 1, (1 << 24) - 1, 16 << 10, 1]);
}

/// §6.5.3.
#[test]
fn an_acknowledgement_answers_settings() {
    let mut server = server();
    server.open();
    server.receive(&ack());
    assert_eq!(server.h2.error(), Some(Error::AckUnexpected), "ours were not even written");

    let mut server = super::common::http2_session::server();
    server.open();
    server.take_frames();
    assert!(!server.h2.is_acknowledged());
    server.receive(&ack());
    assert!(server.h2.is_acknowledged());
    server.receive(&ack());
    assert_eq!(server.h2.error(), Some(Error::AckUnexpected), "one for each");
}

/// §6.5.3: until the peer knows our settings, the initial ones hold for it.
#[test]
fn a_short_window_holds_from_its_acknowledgement_on() {
    let limits = Limits::new().stream_window(100);
    let mut server = server_with(limits);
    server.open();
    server.take_frames();
    server.receive(&[post(1), data(1, 0, &[0; 10_000])].concat());
    server.receive(&ack());
    server.receive(&data(1, 0, b"x"));
    let too_much = Seen::StreamFailed { stream: 1, error: Error::WindowExceeded };
    assert_eq!(server.seen.last(), Some(&too_much), "9900 bytes more than it may");

    let mut server = server_with(limits);
    server.open();
    server.take_frames();
    server.receive(&[ack(), post(1), data(1, 0, &[0; 100])].concat());
    server.take_frames();
    server.receive(&data(1, 0, &[0; 101]));
    let too_much = Seen::StreamFailed { stream: 1, error: Error::WindowExceeded };
    assert_eq!(server.seen.last(), Some(&too_much));
}

/// RFC 7541 §4.2: a client that has acknowledged a smaller table says so before its next field.
#[test]
fn a_small_table_holds_from_its_acknowledgement_on() {
    for (update, error) in [(&b"\x20"[..], None), (b"", Some(Error::TableSize))] {
        let storage = Storage { decoder_table_size: 0, ..Storage::new() };
        let mut server = Connection::server(storage, Limits::new());
        let (mut out, mut head) = (Vec::new(), Vec::new());
        assert!(server.transmit(&mut out));
        let indexed = [&block(GET)[..], b"\x40\x01x\x01y"].concat();
        let after = [update, &block(GET)].concat();
        let mut bytes = [
            PREFACE,
            &settings(&[]),
            &frame(HEADERS, END_STREAM | END_HEADERS, 1, &indexed),
            &ack(),
            &frame(HEADERS, END_STREAM | END_HEADERS, 3, &after),
        ]
        .concat();
        let mut input = &mut bytes[..];
        let mut heads = 0;
        while let Some(event) = server.receive(&mut input, &mut head) {
            heads += usize::from(matches!(event, Event::Head { .. }));
        }
        assert_eq!((heads, server.error()), (if error.is_none() { 2 } else { 1 }, error));
    }
}

/// §6.9.2.
#[test]
fn an_initial_window_may_not_lift_one_over_the_limit() {
    let most = (1 << 31) - 1;
    let cases = [
        (
            "a stream's",
            vec![post(1), window_update(1, most - 65_535)],
            Reaction::GoAway(FLOW_CONTROL_ERROR),
        ),
        ("the connection's is not changed", vec![window_update(0, most - 65_535)], Reaction::Fine),
        ("nor is one that is over", vec![get(1), reset(1, CANCEL)], Reaction::Fine),
    ];
    for (name, mut frames, reaction) in cases {
        frames.push(settings(&[(INITIAL_WINDOW_SIZE, 65_536)]));
        assert_eq!(reaction_to(server, &frames), reaction, "{name}");
    }
    assert_eq!(reaction_to(server, &[settings(&[(INITIAL_WINDOW_SIZE, most)])]), Reaction::Fine);
}

/// A value that is wrong ends the connection before its frame does.
/// §6.5.2.
#[test]
fn a_wrong_value_is_known_at_once() {
    let frame = settings(&[(INITIAL_WINDOW_SIZE, 1 << 31), (MAX_FRAME_SIZE, 0)]);
    let mut server = server();
    server.open();
    server.receive(&frame[..14]);
    assert_eq!(server.h2.error(), None);
    server.receive(&frame[14..15]);
    assert_eq!(server.h2.error(), Some(Error::InitialWindowSize));
    let taken_back = settings(&[(ENABLE_CONNECT_PROTOCOL, 1), (ENABLE_CONNECT_PROTOCOL, 0)]);
    assert_eq!(reaction_to(client, &[taken_back]), Reaction::GoAway(PROTOCOL_ERROR));
}

/// §5.1.2.
#[test]
fn fewer_streams_close_none() {
    let mut client = client();
    client.open();
    client.receive(&settings(&[(MAX_CONCURRENT_STREAMS, 0)]));
    let request = Request::new("GET", "http", "a.example", "/");
    let opened = client.h2.open(request, NO_FIELDS, true, &mut client.out);
    assert_eq!(opened, Err(SendError::TooManyStreams));
    for id in [1, 3] {
        client.receive(&headers(id, END_STREAM, OK));
        assert!(matches!(client.seen.last(), Some(Seen::Head { end: true, .. })), "{id}");
    }
    let opened = client.h2.open(request, NO_FIELDS, true, &mut client.out);
    assert_eq!(opened, Err(SendError::TooManyStreams), "none at all for now");
    // The request on stream 3 is not complete, and counts.
    client.receive(&settings(&[(MAX_CONCURRENT_STREAMS, 2)]));
    let opened = client.h2.open(request, NO_FIELDS, true, &mut client.out);
    assert_eq!(opened.map(|stream| stream.id().get()), Ok(5));
}

/// grpcio 1.85 and Java 17 say so of pushes. It is not about their own streams.
/// §6.5.2.
#[test]
fn a_client_that_allows_no_streams_opens_its_own() {
    let frames = [settings(&[(ENABLE_PUSH, 0), (MAX_CONCURRENT_STREAMS, 0)]), get(1), get(3)];
    assert_eq!(reaction_to(server, &frames), Reaction::Fine);
}

/// §5.1.2.
#[test]
fn borrowed_slots_hold_as_many_streams_as_there_are() {
    let mut slots = [const { Slot::new() }; 2];
    let Storage { decoder_table, decoder_table_size, encoder_table, encoder_table_size, .. } =
        Storage::new();
    let slots = &mut slots[..];
    let storage =
        Storage { decoder_table, decoder_table_size, encoder_table, encoder_table_size, slots };
    let mut server = Connection::server(storage, Limits::new());
    let mut bytes = [PREFACE, &settings(&[]), &get(1), &get(3), &get(5)].concat();
    let (mut input, mut head, mut out) = (&mut bytes[..], Vec::new(), Vec::new());
    let mut heads = 0;
    while let Some(event) = server.receive(&mut input, &mut head) {
        heads += u32::from(matches!(event, Event::Head { .. }));
    }
    assert!(heads == 2 && server.transmit(&mut out));
    let resets = frames(&out).into_iter().filter(|frame| frame.kind == RST_STREAM);
    let resets: Vec<_> = resets.map(|frame| (frame.stream, frame.number(0))).collect();
    assert_eq!(resets, [(5, REFUSED_STREAM)]);
}
