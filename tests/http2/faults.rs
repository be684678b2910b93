//! Faults that a reading of the connection against the standard has found.

use framewright::SliceBuf;
use framewright::http2::SendError;

use super::common::http2_session::client;

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
