//! Messages that own their payload: made, taken out of an inbox, and sent.
#![cfg(feature = "alloc")]

use framewright::ws::{Connection, Inbox, Limits, Message, MessageEvent, OwnedMessage};

#[cfg(feature = "bytes")]
use bytes::{Bytes, BytesMut};
#[cfg(feature = "bytes")]
use framewright::ws::BytesMessage;

/// Receives one message of a server.
fn receive<B: framewright::Buffer>(inbox: &mut Inbox<B>, message: Message<'_>) {
    let mut wire = Vec::new();
    Connection::server(Limits::new()).send(message, &mut wire).unwrap();
    let mut client = Connection::client(Limits::new(), || [0; 4]);
    let event = client.receive_message(&mut &wire[..], inbox);
    assert_eq!(event, Some(MessageEvent::Message(message.kind())));
}

#[test]
fn what_is_made_is_sent_as_it_is() {
    for (owned, expected) in [
        (OwnedMessage::from("h\u{e9}".to_owned()), Message::Text("h\u{e9}")),
        (OwnedMessage::from(vec![0xFF, 0]), Message::Binary(&[0xFF, 0])),
        (OwnedMessage::from(Message::Text("")), Message::Text("")),
        (OwnedMessage::from(Message::Binary(b"abc")), Message::Binary(b"abc")),
    ] {
        assert_eq!(owned.as_message(), expected);
        assert_eq!(format!("{owned:?}"), format!("{expected:?}"));
        let (mut out, mut twin) = (Vec::new(), Vec::new());
        let mut server = Connection::server(Limits::new());
        server.send(&owned, &mut out).unwrap();
        server.send(expected, &mut twin).unwrap();
        assert_eq!(out, twin);
        #[cfg(feature = "bytes")]
        {
            let shared = BytesMessage::from(owned.clone());
            assert_eq!(shared.as_message(), expected);
            assert_eq!(BytesMessage::from(expected), shared);
        }
        assert_eq!(owned.into_bytes(), expected.as_bytes());
    }
    #[cfg(feature = "bytes")]
    {
        let text = BytesMessage::from("h\u{e9}".to_owned());
        assert_eq!(text.as_message(), Message::Text("h\u{e9}"));
        let binary = BytesMessage::from(Bytes::from_static(b"\xFF"));
        assert_eq!(binary.as_message(), Message::Binary(b"\xFF"));
    }
}

/// A long message takes the storage along, and a short one after it does not.
#[test]
fn a_message_is_taken_once_and_the_next_one_is_itself() {
    let long = "\u{20ac}".repeat(1000);
    let mut inbox = Inbox::new(Vec::new());
    for message in [
        Message::Text(&long),
        Message::Text("short"),
        Message::Binary(&[0xFF; 3000]),
        Message::Binary(b""),
        Message::Text(&long),
        Message::Text("\u{e9}"),
    ] {
        for keep in [true, false] {
            receive(&mut inbox, message);
            assert_eq!(inbox.message(), message);
            if keep {
                continue; // the storage is there for the next one
            }
            assert_eq!(inbox.take(), OwnedMessage::from(message));
            assert_eq!(inbox.message(), Message::Binary(b""));
            assert_eq!(inbox.take(), OwnedMessage::Binary(Vec::new()));
        }
    }
}

#[test]
fn a_message_that_has_not_ended_is_not_taken() {
    let mut client = Connection::client(Limits::new(), || [0; 4]);
    let mut inbox = Inbox::new(Vec::new());
    assert_eq!(client.receive_message(&mut &b"\x01\x03Hel"[..], &mut inbox), None);
    assert_eq!(inbox.take(), OwnedMessage::Binary(Vec::new()));
    let event = client.receive_message(&mut &b"\x80\x02lo"[..], &mut inbox);
    assert!(matches!(event, Some(MessageEvent::Message(_))));
    assert_eq!(inbox.take(), OwnedMessage::Text("Hello".into()));
}

#[cfg(feature = "bytes")]
#[test]
fn bytes_are_taken_out_in_the_same_way() {
    let long = "\u{20ac}".repeat(1000);
    let mut inbox = Inbox::new(BytesMut::new());
    let mut kept = Vec::new();
    let messages =
        [Message::Text(&long), Message::Text("short"), Message::Binary(b"\xFF"), Message::Text("")];
    for message in messages {
        receive(&mut inbox, message);
        kept.push(inbox.take());
        assert_eq!(inbox.message(), Message::Binary(b""));
    }
    for (kept, message) in kept.iter().zip(messages) {
        assert_eq!(kept.as_message(), message, "whatever came after it");
    }
}

#[test]
fn messages_go_to_other_threads() {
    const fn is_sendable<T: Clone + Send + Sync + 'static>() {}
    is_sendable::<OwnedMessage>();
    #[cfg(feature = "bytes")]
    is_sendable::<BytesMessage>();
}
