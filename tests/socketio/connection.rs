//! Namespaces, and the rules between them (*Connection to a namespace*).

use framewright::engineio::{self, Sent, Session, Transport};
use framewright::socketio::{
    Connection, Error, Event, INVALID_NAMESPACE, Json, Kind, Limits, Packet, SendError,
};
use framewright::{Buffer, BufferFull, Chunk, OverLimit, SliceBuf};

type End = Connection<Vec<u8>>;

fn json(text: &str) -> Json<'_> {
    Json::new(text).unwrap()
}

fn sid() -> Json<'static> {
    json(r#"{"sid":"x"}"#)
}

fn fails(end: &mut End, text: &str, error: Error) {
    assert_eq!(end.receive_text(text, 0), Some(Event::Failed(error)), "{text}");
    assert_eq!(end.receive_text("0/again,", 0), Some(Event::Failed(error)), "it is final");
    let result = end.send(Packet::event("/", json(r#"["e"]"#)), &mut Vec::new());
    assert_eq!(result, Err(SendError::Failed));
}

fn receives(end: &mut End, text: &str) {
    let expected = Packet::parse(text).unwrap();
    assert_eq!(end.receive_text(text, 0), Some(Event::Packet(expected)), "{text}");
}

fn written(run: impl FnOnce(&mut Vec<u8>) -> Result<(), SendError>) -> String {
    let mut out = Vec::new();
    run(&mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn server() -> End {
    Connection::server(Limits::new(), Vec::new(), 0)
}

fn connected() -> End {
    let mut server = server();
    receives(&mut server, "0");
    assert_eq!(written(|out| server.accept("/", sid(), out)), r#"0{"sid":"x"}"#);
    server
}

#[test]
fn the_first_packet_connects() {
    for text in ["1", r#"2["e"]"#, "30[]", "1/a,"] {
        fails(&mut server(), text, Error::NotConnected);
    }
    for text in ["1/a,", r#"2/a,["e"]"#, "3/a,0[]"] {
        fails(&mut connected(), text, Error::NotConnected);
    }
    fails(&mut server(), "", Error::PacketEmpty);
    fails(&mut server(), r#"4{"message":"no"}"#, Error::PacketUnexpected);
    fails(&mut connected(), r#"4{"message":"no"}"#, Error::PacketUnexpected);
}

/// (*Connection to a namespace*)
#[test]
fn a_namespace_is_granted_or_refused() {
    let mut server = server();
    receives(&mut server, r#"0/a,{"token":"x"}"#);
    receives(&mut server, "0/b,");
    assert_eq!((server.namespace_count(), server.is_connected("/a")), (2, false));
    fails(&mut { self::server() }, r#"2/a,["e"]"#, Error::NotConnected);
    assert_eq!(
        server.send(Packet::event("/a", json(r#"["e"]"#)), &mut Vec::new()),
        Err(SendError::NotConnected)
    );
    assert_eq!(written(|out| server.accept("/a", sid(), out)), r#"0/a,{"sid":"x"}"#);
    let refusal = r#"4/b,{"message":"Invalid namespace"}"#;
    assert_eq!(written(|out| server.refuse("/b", INVALID_NAMESPACE, out)), refusal);
    assert_eq!(server.namespaces().collect::<Vec<_>>(), ["/a"]);
    let out = &mut Vec::new();
    for (result, error) in [
        (server.accept("/a", sid(), out), SendError::NotPending),
        (server.accept("/c", sid(), out), SendError::NotPending),
        (server.refuse("/b", INVALID_NAMESPACE, out), SendError::NotPending),
        (server.connect("/d", None, out), SendError::Role),
        (server.disconnect("/b", out), SendError::NotConnected),
    ] {
        assert_eq!(result, Err(error));
    }
    assert_eq!(out, b"");
    // Refused is not forgotten for ever.
    receives(&mut server, "0/b,");
    assert_eq!(server.accept("/b", json("[]"), &mut Vec::new()), Err(SendError::Payload));
    assert!(server.accept("/b", sid(), &mut SliceBuf::new(&mut [])).is_err());
    assert!(!server.is_connected("/b"));
    fails(&mut server, "0/b,", Error::AlreadyConnected);
    fails(&mut connected(), "0", Error::AlreadyConnected);
}

/// (*Acknowledgement*, *Sending and receiving data*)
#[test]
fn events_and_acknowledgements_go_both_ways() {
    let mut server = connected();
    receives(&mut server, r#"27["e",1]"#);
    assert_eq!(written(|out| server.send(Packet::ack("/", 7, json("[1]")), out)), "37[1]");
    assert_eq!(
        written(|out| server.send(Packet::event("/", json(r#"["e"]"#)).id(0), out)),
        r#"20["e"]"#
    );
    receives(&mut server, "30[]");
    receives(&mut server, "399[]");
    let connect = Packet { kind: Kind::Connect, ..Packet::event("/", json("[]")) };
    assert_eq!(server.send(connect, &mut Vec::new()), Err(SendError::Kind));
}

#[test]
fn attachments_come_after_their_packet() {
    let mut server = connected();
    receives(&mut server, r#"51-["e",{"_placeholder":true,"num":0}]"#);
    let Some(Event::Attachment(attachment)) = server.receive_binary(Chunk::whole(b"x")) else {
        panic!("an attachment")
    };
    assert!(attachment.last);
    let sent = Packet::event("/", json(r#"["e"]"#)).attachments(2);
    assert_eq!(written(|out| server.send(sent, out)), r#"52-["e"]"#);
    for _ in 0..2 {
        assert_eq!(server.send(sent, &mut Vec::new()), Err(SendError::AttachmentsUnfinished));
        server.attachment_sent().unwrap();
    }
    assert_eq!(server.attachment_sent(), Err(SendError::AttachmentUnexpected));
    let event = server.receive_binary(Chunk::whole(b"x"));
    assert_eq!(event, Some(Event::Failed(Error::AttachmentUnexpected)));
    let mut server = connected();
    receives(&mut server, r#"51-["e"]"#);
    fails(&mut server, "1", Error::AttachmentMissing);
}

/// (*Disconnection from a namespace*)
#[test]
fn a_namespace_ends_from_either_side() {
    let mut server = connected();
    receives(&mut server, "0/a,");
    server.accept("/a", sid(), &mut Vec::new()).unwrap();
    receives(&mut server, "1");
    assert_eq!((server.namespace_count(), server.is_connected("/")), (1, false));
    assert_eq!(written(|out| server.disconnect("/a", out)), "1/a,");
    assert_eq!(server.namespace_count(), 0);
    // What crosses our packet is skipped, its attachments too.
    for text in [r#"2/a,["e"]"#, r#"51-/a,["e"]"#] {
        assert_eq!(server.receive_text(text, 0), None);
    }
    assert_eq!(server.receive_binary(Chunk::whole(b"x")), None);
    assert_eq!(server.receive_text("1/a,", 0), None);
    receives(&mut server, "0/a,");
    server.accept("/a", sid(), &mut Vec::new()).unwrap();
    receives(&mut server, "1/a,");
    // It may come back at once. To a server in JavaScript, this is a second CONNECT.
    receives(&mut server, "0/a,");
    server.accept("/a", sid(), &mut Vec::new()).unwrap();
    receives(&mut server, "1/a,");
    fails(&mut server, "1/a,", Error::NotConnected);
}

#[test]
fn a_client_asks_and_is_answered() {
    let mut client = Connection::client(Limits::new(), Vec::new());
    assert_eq!(client.deadline(), None);
    assert_eq!(written(|out| client.connect("/", Some(json(r#"{"t":1}"#)), out)), r#"0{"t":1}"#);
    assert_eq!(written(|out| client.connect("/a", None, out)), "0/a,");
    assert_eq!(client.connect("/a", None, &mut Vec::new()), Err(SendError::AlreadyConnected));
    assert_eq!(client.accept("/a", sid(), &mut Vec::new()), Err(SendError::Role));
    assert_eq!(client.refuse("/a", INVALID_NAMESPACE, &mut Vec::new()), Err(SendError::Role));
    assert_eq!(client.connect("a", None, &mut Vec::new()), Err(SendError::Namespace));
    // A server that recovers a connection sends events first.
    receives(&mut client, r#"2["missed"]"#);
    receives(&mut client, r#"0{"sid":"x"}"#);
    receives(&mut client, r#"4/a,{"message":"no"}"#);
    assert_eq!(client.namespaces().collect::<Vec<_>>(), ["/"]);
    receives(&mut client, r#"2["e"]"#);
    assert_eq!(written(|out| client.disconnect("/", out)), "1");
    assert_eq!(client.receive_text(r#"2["late"]"#, 0), None);
    assert_eq!(written(|out| client.connect("/", None, out)), "0");
    receives(&mut client, r#"0{"sid":"y"}"#);
    receives(&mut client, "1");
    for (text, error) in [
        ("0", Error::ServerVersion),
        (r#"0/b,{"sid":"x"}"#, Error::PacketUnexpected),
        (r#"4/b,{"message":"no"}"#, Error::PacketUnexpected),
        (r#"2/b,["e"]"#, Error::NotConnected),
        ("30[]", Error::NotConnected),
    ] {
        let mut client = Connection::client(Limits::new(), Vec::new());
        client.connect("/", None, &mut Vec::new()).unwrap();
        fails(&mut client, text, error);
    }
    let mut client = Connection::client(Limits::new(), Vec::new());
    client.connect("/", None, &mut Vec::new()).unwrap();
    receives(&mut client, r#"0{"sid":"x"}"#);
    fails(&mut client, r#"0{"sid":"x"}"#, Error::AlreadyConnected);
}

#[test]
fn time_is_limited() {
    let limits = Limits::new().connect_within(100).attachments_within(10);
    let mut server = Connection::server(limits, Vec::new(), 5);
    assert_eq!(server.deadline(), Some(105));
    receives(&mut server, "0");
    assert_eq!(server.deadline(), Some(105), "nobody has said yes");
    assert_eq!(server.poll(104), None);
    assert_eq!(server.poll(105), Some(Event::Failed(Error::ConnectLate)));
    assert_eq!((server.poll(105), server.deadline()), (None, None));

    let mut server = Connection::server(limits, Vec::new(), 5);
    receives(&mut server, "0");
    server.accept("/", sid(), &mut Vec::new()).unwrap();
    assert_eq!((server.deadline(), server.poll(1000)), (None, None));
    assert!(server.receive_text(r#"51-["e"]"#, 1000).is_some());
    assert_eq!((server.deadline(), server.poll(1009)), (Some(1010), None));
    assert_eq!(server.poll(1010), Some(Event::Failed(Error::AttachmentsLate)));
    assert_eq!((server.deadline(), server.poll(1010)), (None, None));
}

#[test]
fn namespaces_have_limits() {
    let limits = Limits::new().max_namespaces(2).max_namespace_len(4);
    let mut server = Connection::server(limits, Vec::new(), 0);
    receives(&mut server, "0/1,");
    receives(&mut server, "0/abc,");
    fails(&mut server, "0/3,", Error::TooManyNamespaces { limit: 2 });
    let mut server = Connection::server(limits, Vec::new(), 0);
    fails(&mut server, "0/abcd,", Error::NamespaceTooLong(OverLimit::new(5, 4)));
    let mut bytes = [0; 5];
    let mut server = Connection::server(limits, SliceBuf::new(&mut bytes), 0);
    assert!(matches!(server.receive_text("0/1,", 0), Some(Event::Packet(_))));
    let event = server.receive_text("0/2,", 0);
    assert!(matches!(event, Some(Event::Failed(Error::BufferFull(_)))));
    // A client that finds no room has written nothing.
    let mut bytes = [0; 4];
    let mut client = Connection::client(limits, SliceBuf::new(&mut bytes));
    let mut out = Vec::new();
    assert!(matches!(client.connect("/abc", None, &mut out), Err(SendError::BufferFull(_))));
    assert_eq!((&out[..], client.namespace_count()), (&b""[..], 0));
}

#[test]
fn an_idle_connection_is_small() {
    let len = size_of::<Connection<()>>();
    println!("connection: {len} bytes");
    assert!(len <= 160);
    assert!(size_of::<Error>() <= 16 && size_of::<SendError>() <= 16);
}

/// The session writes what it would for the text of the packet.
#[test]
fn a_packet_goes_over_a_session_as_its_text_does() {
    let packet = Packet::event("/", json(r#"["e","☃"]"#)).id(7);
    for transport in [Transport::Polling, Transport::WebSocket] {
        let limits = engineio::Limits::new().max_backlog(135);
        let open = || Session::new("x", transport, false, limits, Vec::new(), 0).unwrap();
        let (mut session, mut twin) = (open(), open());
        let (mut server, mut out, mut expected) = (connected(), b"kept".to_vec(), b"kept".to_vec());
        // The open packet waits, then one packet with it.
        for _ in 0..2 {
            let text = written(|out| server.send(packet, out));
            let sent = server.send_over(packet, &mut session, &mut out).unwrap();
            assert_eq!(sent, twin.send(text.as_str(), &mut expected).unwrap());
            assert_eq!((&out, session.backlog_len()), (&expected, twin.backlog_len()));
            while session.transmit_socket(&mut out).unwrap().is_some() {}
            while twin.transmit_socket(&mut expected).unwrap().is_some() {}
            let written = transport == Transport::WebSocket;
            assert_eq!(out.ends_with(b"427[\"e\",\"\xE2\x98\x83\"]"), written);
        }
        assert_eq!(sent_kind(transport), server.send_over(packet, &mut session, &mut out).ok());
    }
}

fn sent_kind(transport: Transport) -> Option<Sent> {
    match transport {
        Transport::Polling => None, // too much waits
        Transport::WebSocket => Some(Sent::Written(framewright::ws::Kind::Text)),
    }
}

#[test]
fn what_a_session_does_not_take_changes_nothing() {
    let (limits, transport) = (engineio::Limits::new(), Transport::WebSocket);
    let mut session = Session::new("x", transport, false, limits, Vec::new(), 0).unwrap();
    let mut server = connected();
    let event = Packet::event("/", json(r#"["e"]"#)).attachments(1);
    let mut bytes = [0; 7];
    let mut small = SliceBuf::new(&mut bytes);
    let reserved = Packet::event("/", json(r#"["disconnect"]"#));
    for after_open in [false, true] {
        let result = server.send_over(reserved, &mut session, &mut small);
        assert_eq!(result, Err(SendError::ReservedName));
        let result = server.send_over(event, &mut session, &mut small);
        assert!(matches!(result, Err(SendError::BufferFull(_))), "{after_open}: {result:?}");
        assert_eq!(small.as_slice(), b"");
        while session.transmit_socket(&mut Vec::new()).unwrap().is_some() {}
    }
    session.close(0);
    let result = server.send_over(event, &mut session, &mut small);
    assert_eq!(result, Err(SendError::Session(engineio::SendError::Closed)));
    // No attachment is due.
    assert_eq!(server.attachment_sent(), Err(SendError::AttachmentUnexpected));
}

/// What is wrong with a packet comes before what is wrong with the output, and the room that would be enough is that of the
/// whole message.
#[test]
fn a_full_output_says_how_much_the_whole_message_needs() {
    let (limits, transport) = (engineio::Limits::new(), Transport::WebSocket);
    let mut session = Session::new("x", transport, false, limits, Vec::new(), 0).unwrap();
    while session.transmit_socket(&mut Vec::new()).unwrap().is_some() {}
    let mut server = connected();
    let reserved = Packet::event("/", json(r#"["connect"]"#));
    for (packet, len) in [
        (Packet::event("/", json(r#"["e"]"#)), 7),
        (Packet::event("/", json(r#"["e"]"#)).id(12), 9),
        (Packet::event("/", json(r#"["e"]"#)).attachments(1), 9),
    ] {
        for room in 0..len {
            let mut bytes = vec![0; 2 + room];
            let mut small = SliceBuf::new(&mut bytes);
            small.try_append(b"xy").unwrap();
            let result = server.send_over(packet, &mut session, &mut small);
            let full = BufferFull { needed: 2 + len };
            assert_eq!(result, Err(SendError::BufferFull(full)), "{room} of {len}");
            assert_eq!(small.as_slice(), b"xy");
            let result = server.send_over(reserved, &mut session, &mut small);
            assert_eq!(result, Err(SendError::ReservedName), "{room} of {len}");
        }
        let mut bytes = vec![0; len];
        let sent = server.send_over(packet, &mut session, &mut SliceBuf::new(&mut bytes));
        assert!(sent.is_ok(), "{sent:?}");
        let _ = server.attachment_sent();
    }
}
