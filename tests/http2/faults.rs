//! Faults that a reading of the connection against the standard has found.

use framewright::SliceBuf;
use framewright::http2::{Error, Limits, SendError};

use super::common::http2_peer::{ACK, PING, frame, get};
use super::common::http2_session::{client, server_with};

/// `writable` takes a stream out of its queue. If the output has no room then, nobody else remembers it.
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
    assert_eq!(server.h2.error(), Some(Error::Flood));
}
