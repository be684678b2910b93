//! Faults that a reading of the connection against the standard has found (RFC 9113).

use framewright::SliceBuf;
use framewright::http2::{Error, ErrorCode, Limits, SendError};

use super::common::http2_peer::*;
use super::common::http2_session::{client, client_with, server_with};

/// `writable` takes a stream out of its queue. If the output has no room then, nobody else remembers it.
/// §5.2.
#[test]
fn a_stream_that_found_no_room_in_the_output_is_writable_again() {
    let mut session = client();
    session.open();
    session.take_frames();
    let stream = session.streams[1];
    let mut bytes = [0; 10];
    for _ in 0..2 {
        let mut out = SliceBuf::new(&mut bytes);
        let sent = session.h2.send(stream, b"body", true, &mut out);
        assert!(matches!(sent, Err(SendError::BufferFull(_))), "{sent:?}");
        assert_eq!(session.h2.writable(), Some(stream));
    }
    assert_eq!(session.h2.send(stream, b"body", true, &mut session.out), Ok(4));
    assert_eq!(session.h2.writable(), None);
}

/// Their field blocks are decoded for nothing.
/// §6.8.
#[test]
fn requests_after_the_last_stream_are_counted() {
    let mut server = server_with(Limits::new().useless_budget(20));
    server.open();
    server.h2.close();
    let frames = server.take_frames();
    let ping = frames.iter().find(|frame| frame.kind == PING && frame.flags == 0);
    let payload = &ping.expect("it asks when the client knows").payload;
    server.receive(&frame(PING, ACK, 0, payload));
    server.take_frames();
    for stream in (1..).step_by(2).take(15) {
        server.receive(&get(stream));
    }
    assert_eq!(server.h2.error(), None);
    for stream in (31..).step_by(2).take(15) {
        server.receive(&get(stream));
    }
    assert_eq!(server.h2.error(), Some(Error::TooManyUseless { limit: 20 }));
}

/// A caller that keeps everything holds no more than the window, wherever a frame is cut.
/// §6.9.
#[test]
fn what_is_kept_is_not_granted_while_its_frame_is_still_coming() {
    for cut in [9, 10, 8000, 16_000] {
        let mut server = server_with(Limits::new().stream_window(65_535));
        server.open();
        server.receive(&post(1));
        let stream = server.streams[0];
        for _ in 0..3 {
            server.receive(&data(1, 0, &[0; 16_384]));
            server.h2.keep(stream, 16_384);
        }
        let last = data(1, 0, &[0; 65_535 - 3 * 16_384]);
        server.receive(&last[..cut]);
        server.h2.keep(stream, cut as u32 - 9);
        server.take_frames();
        server.receive(&last[cut..]);
        server.h2.keep(stream, (last.len() - cut) as u32);
        server.take_frames();
        server.receive(&data(1, 0, b"x"));
        let frames = server.take_frames();
        let reset = frames.iter().find(|frame| frame.kind == RST_STREAM).expect("it was too much");
        assert_eq!(reset.number(0), FLOW_CONTROL_ERROR, "cut at {cut}");
    }
}

/// A stream ends once: what completes after the caller has reset it is for nobody, whether the peer knows of that or not.
/// §5.1.
#[test]
fn a_block_that_was_cut_by_a_reset_is_for_nobody() {
    type Block = fn() -> Vec<u8>;
    let blocks: [(&str, Block); 4] = [
        ("a head", || block(OK)),
        ("an informational head", || block(&[(":status", "103")])),
        ("a malformed head", || block(&[(":path", "/")])),
        ("too long a head", || block(&[(":status", "200"), ("x", &"y".repeat(2000))])),
    ];
    for (name, bytes) in blocks {
        for (with_trailers, is_told) in [(false, false), (false, true), (true, false), (true, true)]
        {
            let mut client = client_with(Limits::new().max_head_len(1000));
            client.open();
            if with_trailers {
                client.receive(&headers(3, 0, OK));
            }
            client.take_frames();
            let seen = client.seen.len();
            let bytes = bytes();
            client.receive(&frame(HEADERS, END_STREAM, 3, &bytes[..3]));
            client.h2.reset(client.streams[1], ErrorCode::CANCEL);
            if is_told {
                client.take_frames();
            }
            client.receive(&frame(CONTINUATION, END_HEADERS, 3, &bytes[3..]));
            assert_eq!(client.seen[seen..], [], "{name}, {with_trailers}, {is_told}");
            let resets = client.take_frames().iter().filter(|f| f.kind == RST_STREAM).count();
            assert_eq!(resets, usize::from(!is_told), "{name}: one reset in all");
            assert_eq!(client.h2.error(), None);
        }
    }
}

/// Likewise for a window that the peer opens too far.
/// §5.1.
#[test]
fn a_window_of_a_stream_that_was_reset_does_not_fail_it_again() {
    let mut server = server_with(Limits::new().reset_budget(0));
    server.open();
    server.receive(&post(1));
    server.h2.reset(server.streams[0], ErrorCode::CANCEL);
    let seen = server.seen.len();
    server.receive(&window_update(1, 0x7FFF_FFFF));
    assert_eq!((&server.seen[seen..], server.h2.error()), (&[][..], None));
}
