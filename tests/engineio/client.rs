//! A client's session (*Handshake*, *Heartbeat*).

use framewright::OverLimit;
use framewright::engineio::{
    ClientAction, ClientEvent, ClientSession, Error, Event, Handshake, Limits, Reason, SendError,
    Sent, Session, Transport,
};
use framewright::ws::{Kind, Message};
use proptest::prelude::*;

const OPEN: &str =
    r#"0{"sid":"s","upgrades":[],"pingInterval":300,"pingTimeout":200,"maxPayload":9}"#;

type Client = ClientSession<Vec<u8>>;

fn client() -> Client {
    let limits = Limits::new().max_message_len(100);
    ClientSession::new(Transport::WebSocket, limits, Vec::new(), 0)
}

fn open() -> Client {
    let mut client = client();
    assert_eq!(client.handshake(), None);
    assert_eq!(client.receive_socket(Message::Text(OPEN), 0), Some(ClientEvent::Open));
    let expected = Handshake {
        sid: "s",
        upgrades: false,
        ping_interval: 300,
        ping_timeout: 200,
        max_payload: Some(9),
    };
    assert_eq!(client.handshake(), Some(expected));
    client
}

#[test]
fn handshakes_of_other_servers_are_read() {
    let expected = Handshake {
        sid: "lv_VI97HAXpY6yYWAAAC",
        upgrades: true,
        ping_interval: 25_000,
        ping_timeout: 5000,
        max_payload: None,
    };
    for json in [
        r#"{"sid":"lv_VI97HAXpY6yYWAAAC","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":5000}"#,
        r#"{ "pingTimeout" : 5000, "pingInterval" : 25000, "x":{"sid":"y"}, "upgrades":["webtransport","websocket"], "sid":"lv_VI97HAXpY6yYWAAAC" } "#,
    ] {
        assert_eq!(Handshake::parse(json), Ok(expected));
    }
    for json in [
        "",
        "{}",
        "[]",
        "null",
        "{",
        r#"{"sid":"","pingInterval":1,"pingTimeout":1}"#,
        r#"{"sid":"a\"b","pingInterval":1,"pingTimeout":1}"#,
        r#"{"sid":7,"pingInterval":1,"pingTimeout":1}"#,
        r#"{"sid":"a","pingInterval":-1,"pingTimeout":1}"#,
        r#"{"sid":"a","pingInterval":1.5,"pingTimeout":1}"#,
        r#"{"sid":"a","pingInterval":1}"#,
        r#"{"sid":"a","pingInterval":1,"pingTimeout":1}x"#,
    ] {
        assert_eq!(Handshake::parse(json), Err(Error::Handshake), "{json}");
    }
}

/// (*Handshake*)
#[test]
fn the_open_packet_comes_first_and_in_time() {
    for (message, error) in [
        ("4hi", Error::PacketUnexpected),
        ("2", Error::PacketUnexpected),
        ("0", Error::Handshake),
        ("", Error::PacketEmpty),
    ] {
        let mut client = client();
        assert_eq!(client.send("x", &mut Vec::new()), Err(SendError::NotOpen));
        let closed = ClientEvent::Closed(Reason::Error(error));
        assert_eq!(client.receive_socket(Message::Text(message), 0), Some(closed), "{message}");
        assert_eq!(client.receive_socket(Message::Text(OPEN), 0), None);
        assert_eq!(client.send("x", &mut Vec::new()), Err(SendError::Closed));
    }
    let mut client = ClientSession::new(Transport::WebSocket, Limits::new(), Vec::new(), 5);
    assert_eq!((client.deadline(), client.poll(10_004)), (Some(10_005), None));
    assert_eq!(client.poll(10_005), Some(ClientAction::Over));
    assert_eq!(client.reason(), Some(Reason::TimedOut));
    assert_eq!((client.deadline(), client.poll(10_005)), (None, None));
}

/// (*Heartbeat*)
#[test]
fn pings_are_answered_and_missed() {
    let mut client = open();
    let mut out = Vec::new();
    assert_eq!(client.transmit_socket(&mut out), Ok(None));
    assert_eq!(client.deadline(), Some(500));
    // At any time, and however many: one answer is owed.
    for now in 0..1000 {
        assert_eq!(client.receive_socket(Message::Text("2"), now / 10), None);
    }
    assert_eq!(
        (client.transmit_socket(&mut out), client.transmit_socket(&mut out)),
        (Ok(Some(Kind::Text)), Ok(None))
    );
    assert_eq!((&out[..], client.deadline()), (&b"3"[..], Some(599)));
    // One with data is one, too.
    assert_eq!(client.receive_socket(Message::Text("2x"), 99), None);
    assert_eq!(client.transmit_socket(&mut out), Ok(Some(Kind::Text)));
    assert_eq!((&out[1..], client.deadline()), (&b"3"[..], Some(599)));
    // Messages do not stand for pings.
    assert!(client.receive_socket(Message::Text("4x"), 598).is_some());
    assert_eq!(client.poll(599), Some(ClientAction::Over));
    assert_eq!(client.reason(), Some(Reason::TimedOut));
}

#[test]
fn what_no_server_sends_ends_the_session() {
    for (message, reason) in [
        ("1", Reason::PeerClosed),
        ("3", Reason::Error(Error::PacketUnexpected)),
        ("5", Reason::Error(Error::PacketUnexpected)),
        (OPEN, Reason::Error(Error::PacketUnexpected)),
        ("b!", Reason::Error(Error::Base64)),
    ] {
        let mut client = open();
        let event = client.receive_socket(Message::Text(message), 0);
        assert_eq!(event, Some(ClientEvent::Closed(reason)), "{message}");
        assert_eq!(client.reason(), Some(reason));
    }
    let mut client = open();
    assert_eq!(client.receive_socket(Message::Text("6"), 0), None);
    assert!(matches!(
        client.receive_socket(Message::Text("bAA=="), 0),
        Some(ClientEvent::Base64(_))
    ));
    let error = Error::MessageTooLong(OverLimit::new(101, 100));
    let event = client.receive_socket(Message::Binary(&[0; 101]), 0);
    assert_eq!(event, Some(ClientEvent::Closed(Reason::Error(error))));
    let mut client = open();
    client.receive_socket_eof();
    client.close(0);
    assert_eq!(client.reason(), Some(Reason::TransportLost));
}

proptest! {
    #[test]
    fn a_client_and_a_server_understand_each_other(
        messages in prop::collection::vec((any::<bool>(), any::<bool>(), ".{0,20}"), 0..20),
    ) {
        let mut server = Session::new("s", Transport::WebSocket, false, Limits::new(), Vec::new(), 0).unwrap();
        let mut client = client();
        let mut out = Vec::new();
        server.transmit_socket(&mut out).unwrap();
        let event = client.receive_socket(Message::Text(std::str::from_utf8(&out).unwrap()), 0);
        prop_assert!(matches!(event, Some(ClientEvent::Open)));
        for (from_client, binary, text) in &messages {
            out.clear();
            let message = if *binary { Message::Binary(text.as_bytes()) } else { Message::Text(text) };
            let sent = if *from_client {
                client.send(message, &mut out)
            } else {
                server.send(message, &mut out)
            };
            let Ok(Sent::Written(sent)) = sent else { panic!("{sent:?}") };
            prop_assert_eq!(sent, message.kind());
            let carried = match sent {
                Kind::Text => Message::Text(std::str::from_utf8(&out).unwrap()),
                Kind::Binary => Message::Binary(&out),
            };
            let part = if *from_client {
                let Some(Event::Message(part)) = server.receive_socket(carried, 0) else { panic!() };
                part
            } else {
                let Some(ClientEvent::Message(part)) = client.receive_socket(carried, 0) else { panic!() };
                part
            };
            prop_assert_eq!((part.kind, part.chunk.bytes), (message.kind(), message.as_bytes()));
        }
    }
}
