//! Messages of Socket.IO at both ends of a connection: what was read can be written, and what is kept has limits.

use framewright::socketio::{Connection, Event, Json, Kind, Limits, Packet, SendError};
use framewright::{ArrayBuf, Chunk};

use super::input::{Input, as_text, without_allocating};

/// ```text
/// | limits: 3 | messages: what: 1, length: 1, bytes ...
/// ```
pub fn check(data: &[u8]) {
    let mut input = Input::new(data);
    let limits = Limits::new()
        .max_attachments(u32::from(input.byte()))
        .max_attachments_len(input.limit())
        .max_namespaces(u32::from(input.byte()));
    let mut server = Connection::server(limits, ArrayBuf::<64>::new(), 0);
    let mut client = Connection::client(limits, ArrayBuf::<64>::new());
    client.connect("/", None, &mut Vec::new()).expect("it is new");
    let (mut now, mut failed) = (0, [false; 2]);
    while !input.is_empty() {
        let what = input.byte();
        let bytes = input.block();
        now += u64::from(what >> 2) * 100;
        let text = as_text(bytes);
        let chunk = Chunk { bytes, start: true, end: what & 2 == 0 };
        for (end, failed) in [&mut server, &mut client].into_iter().zip(&mut failed) {
            let event = without_allocating(|| match what & 1 {
                0 => end.receive_text(text, now),
                _ => end.receive_binary(chunk),
            });
            match event {
                Some(Event::Packet(packet)) => {
                    assert!(!*failed, "a failure is final");
                    comes_back(text, packet);
                    if packet.kind == Kind::Connect {
                        // Only a server's namespace waits for it.
                        let sid = Json::new(r#"{"sid":"x"}"#).expect("it is valid");
                        let _ = end.accept(packet.namespace, sid, &mut Vec::new());
                        assert!(end.is_connected(packet.namespace));
                    }
                    if packet.kind == Kind::Disconnect {
                        assert!(!end.is_connected(packet.namespace));
                    }
                }
                Some(Event::Failed(_)) => *failed = true,
                Some(_) => assert!(!*failed, "a failure is final"),
                None => {}
            }
            *failed |= end.poll(now).is_some();
            assert!(end.namespace_count() <= 64 / 3, "they fit into the storage");
        }
    }
}

/// A packet that came can be sent, but for what a JavaScript peer or a line would not take.
fn comes_back(text: &str, packet: Packet<'_>) {
    let mut out = Vec::new();
    match packet.write(&mut out) {
        Ok(()) => {
            let again = std::str::from_utf8(&out).expect("it is text");
            assert_eq!(Packet::parse(again), Ok(packet), "{text}");
        }
        Err(SendError::ReservedName) => assert_eq!(packet.kind, Kind::Event),
        Err(error) => panic!("{error}: {text}"),
    }
}
