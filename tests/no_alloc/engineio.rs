//! Engine.IO and Socket.IO need no allocator.

use crate::counting::allocations;
use framewright::engineio::{
    Assembler, ClientEvent, ClientSession, Event, Limits, Sent, Session, Transport,
};
use framewright::socketio::{self, Connection, Json, Packet};
use framewright::ws::Message;
use framewright::{ArrayBuf, Buffer, Chunk};

#[test]
fn a_session_needs_no_allocator() {
    let mut posted = *b"4hello\x1EbAQL/\x1E3\x1E4last";
    let mut answers = 0;
    let count = allocations(|| {
        let backlog = ArrayBuf::<256>::new();
        let mut session =
            Session::new("sid", Transport::Polling, false, Limits::new(), backlog, 0).unwrap();
        let mut assembler = Assembler::new(64, ArrayBuf::<64>::new());
        let mut out = ArrayBuf::<256>::new();
        assert!(session.transmit_get(&mut out).unwrap());
        session.get().unwrap();
        session.post(None).unwrap();
        for mut input in posted.chunks_mut(2) {
            while let Some(event) = session.receive_post(&mut input, 0) {
                if let Event::Message(part) = event
                    && let Some(message) = assembler.push(part).unwrap()
                {
                    assert_eq!(session.send(message, &mut out), Ok(Sent::Queued));
                    answers += 1;
                }
            }
        }
        assert!(session.end_post(0).is_some());
        session.upgrade(0).unwrap();
        for message in ["2probe", "5"] {
            session.receive_socket(Message::Text(message), 0);
            out.clear();
            while session.transmit_socket(&mut out).unwrap().is_some() {
                out.clear();
            }
        }
        session.poll(25_000);
        session.transmit_socket(&mut out).unwrap();
        let message = session.receive_socket(Message::Text("4x"), 0);
        assert!(matches!(message, Some(Event::Message(_))));
    });
    assert_eq!((count, answers), (0, 2));
}

#[test]
#[cfg(feature = "alloc")]
fn a_flood_allocates_nothing() {
    let server = |transport| {
        let mut session =
            Session::new("sid", transport, false, Limits::new(), Vec::new(), 0).unwrap();
        let mut out = Vec::with_capacity(256);
        session.transmit_get(&mut out).unwrap();
        while session.transmit_socket(&mut out).unwrap().is_some() {}
        session
    };
    let (mut polling, mut socket) = (server(Transport::Polling), server(Transport::WebSocket));
    let mut out = Vec::with_capacity(16);
    let count = allocations(|| {
        for now in 0..1000 {
            socket.receive_socket(Message::Text("3"), now);
            polling.get().unwrap();
            polling.upgrade(now).unwrap();
            polling.receive_socket(Message::Text("2probe"), now);
            assert!(polling.transmit_get(&mut out).unwrap());
            assert_eq!(out, b"6");
            out.clear();
            polling.receive_socket(Message::Text("2probe"), now);
        }
        while socket.transmit_socket(&mut out).unwrap().is_some() {}
    });
    assert_eq!((count, polling.backlog_len(), out.len()), (0, 0, 0));
}

#[test]
fn a_client_needs_no_allocator() {
    let mut answer =
        *br#"0{"sid":"s","upgrades":["websocket"],"pingInterval":300,"pingTimeout":200}"#;
    let count = allocations(|| {
        let storage = ArrayBuf::<128>::new();
        let mut client = ClientSession::new(Transport::Polling, Limits::new(), storage, 0);
        let (mut target, mut out) = (ArrayBuf::<64>::new(), ArrayBuf::<16>::new());
        let get = client.transmit_request("/", &mut target, &mut out).unwrap().unwrap();
        assert_eq!(client.receive_head(get, 200), None);
        for mut input in answer.chunks_mut(7) {
            assert_eq!(client.receive_body(get, &mut input, 0), None);
        }
        assert_eq!(client.end_body(get, 0), Some(ClientEvent::Open));
        assert_eq!(client.send("hi", &mut out), Ok(Sent::Queued));
        client.upgrade(0).unwrap();
        client.transmit_socket(&mut out).unwrap();
        client.receive_socket(Message::Text("3probe"), 0);
        while client.transmit_socket(&mut out).unwrap().is_some() {}
        client.receive_socket(Message::Text("2"), 0);
        client.transmit_socket(&mut out).unwrap();
        client.send("ho", &mut out).unwrap();
        assert_eq!(out[..], *b"2probe54hi34ho");
    });
    assert_eq!(count, 0);
}

#[test]
fn namespaces_need_no_allocator() {
    let count = allocations(|| {
        let limits = socketio::Limits::new();
        let mut server = Connection::server(limits, ArrayBuf::<64>::new(), 0);
        let mut out = ArrayBuf::<128>::new();
        server.receive_text("0/a,", 0);
        server.accept("/a", Json::new(r#"{"sid":"x"}"#).unwrap(), &mut out).unwrap();
        out.clear();
        server.receive_text(r#"51-/a,7["e",{"_placeholder":true,"num":0}]"#, 0);
        server.receive_binary(Chunk::whole(b"abc"));
        server.send(Packet::ack("/a", 7, Json::new("[1]").unwrap()), &mut out).unwrap();
        assert_eq!(out[..], *b"3/a,7[1]");
        server.receive_text("1/a,", 0);
        server.receive_text("8", 0);
    });
    assert_eq!(count, 0);
}
