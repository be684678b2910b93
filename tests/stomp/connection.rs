//! Both ends of a connection: how it opens, what may come when, and how it closes.
#![cfg(feature = "alloc")]

use crate::common::same_however_split;
use framewright::stomp::{
    Client, Closer, Command, Connection, Delivery, Ending, Error, Event, FrameBuilder, FrameEvent,
    HeartBeat, Inbox, Limits, RequiredHeader, SendError, Server, SharedMessage, Side, Version,
    Versions,
};
use framewright::{ArrayBuf, SliceBuf};

/// What comes of bytes: commands with their bodies, and a failure.
#[derive(Clone, Debug, Eq, PartialEq)]
enum Got {
    Frame(Command, Vec<u8>),
    Failed(Error),
}

fn receive<S: Side>(connection: &mut Connection<S>, pieces: &[&[u8]]) -> Vec<Got> {
    let mut inbox = Inbox::new(Vec::new());
    let mut got = Vec::new();
    for piece in pieces {
        let mut input = *piece;
        while let Some(event) = connection.receive_frame(&mut input, &mut inbox, 0) {
            got.push(match event {
                FrameEvent::Frame(command) => Got::Frame(command, inbox.body().to_vec()),
                FrameEvent::Failed(e) => Got::Failed(e),
            });
        }
        assert!(input.is_empty());
    }
    got
}

fn transmitted<S: Side>(connection: &mut Connection<S>) -> String {
    let mut out = Vec::new();
    assert!(connection.transmit(&mut out, 0));
    assert!(!connection.owes());
    String::from_utf8(out).unwrap()
}

/// A server that has accepted a client of this version.
fn server(version: &str) -> Connection<Server> {
    let mut server = Connection::server(Limits::new(), 0);
    let connect = format!("CONNECT\naccept-version:{version}\nhost:a\n\n\0");
    let got = receive(&mut server, &[connect.as_bytes()]);
    assert_eq!(got, [Got::Frame(Command::Connect, vec![])]);
    server.accept(FrameBuilder::connected(), &mut Vec::new()).unwrap();
    server
}

/// A client that was accepted in this version.
fn client(version: &str) -> Connection<Client> {
    let mut client = Connection::client(Limits::new(), 0);
    client.connect(FrameBuilder::connect("a"), &mut Vec::new()).unwrap();
    let connected = format!("CONNECTED\nversion:{version}\n\n\0");
    let got = receive(&mut client, &[connected.as_bytes()]);
    assert_eq!(got, [Got::Frame(Command::Connected, vec![])]);
    client
}

const VERSIONS: [&str; 3] = ["1.0", "1.1", "1.2"];

/// What comes of one frame, however it is split, at an end made by `end`.
fn after<S: Side>(end: impl Fn() -> Connection<S>, frame: &str) -> Result<(), Error> {
    let got = same_however_split(frame.as_bytes(), |pieces| receive(&mut end(), pieces));
    match &got[..] {
        [Got::Frame(..)] => Ok(()),
        [Got::Failed(e)] => Err(*e),
        _ => panic!("{got:?}"),
    }
}

// Connecting

#[test]
fn a_client_connects_and_a_server_accepts() {
    let mut client = Connection::client(Limits::new(), 0).heart_beat(HeartBeat::new(1, 2));
    let mut out = Vec::new();
    let frame = FrameBuilder::connect("example.com").login("me", "a:b\\");
    client.connect(frame.headers([("client-id", "7")]), &mut out).unwrap();
    let connect = "CONNECT\nhost:example.com\nlogin:me\npasscode:a:b\\\naccept-version:1.0,1.1,1.2\n\
        heart-beat:1,2\nclient-id:7\n\n\0";
    assert_eq!(String::from_utf8(out.clone()).unwrap(), connect);
    assert_eq!(client.send(FrameBuilder::send("/a"), &mut out), Err(SendError::NotConnected));
    assert_eq!(client.connect(frame, &mut out), Err(SendError::AlreadyConnected));

    let mut server = Connection::server(Limits::new(), 0).heart_beat(HeartBeat::new(3, 4));
    let mut inbox = Inbox::new(Vec::new());
    let mut input = connect.as_bytes();
    let event = server.receive_frame(&mut input, &mut inbox, 0);
    assert_eq!(event, Some(FrameEvent::Frame(Command::Connect)));
    assert_eq!(inbox.headers().get("passcode"), Some("a:b\\"));
    assert_eq!(server.agreed_version(), Some(Version::V1_2));
    assert_eq!(server.ready(), Err(SendError::NotConnected));
    out.clear();
    let frame = FrameBuilder::connected().session("1").server("x/1");
    server.accept(frame, &mut out).unwrap();
    let connected = "CONNECTED\nsession:1\nserver:x/1\nversion:1.2\nheart-beat:3,4\n\n\0";
    assert_eq!(String::from_utf8(out.clone()).unwrap(), connected);
    assert_eq!(server.accept(frame, &mut out), Err(SendError::AlreadyConnected));

    let got = receive(&mut client, &[connected.as_bytes()]);
    assert_eq!(got, [Got::Frame(Command::Connected, vec![])]);
    assert_eq!(client.agreed_version(), Some(Version::V1_2));
    assert_eq!((client.ready(), server.ready()), (Ok(()), Ok(())));
    assert!(!client.is_closing() && client.close_expected().is_none());
}

#[test]
fn a_client_may_say_stomp_instead_of_connect() {
    let mut client = Connection::client(Limits::new(), 0);
    let mut out = Vec::new();
    let wrong = client.connect(FrameBuilder::send("/a"), &mut out);
    assert_eq!(wrong, Err(SendError::CommandNotAllowed));
    client.connect(FrameBuilder::new(Command::Stomp), &mut out).unwrap();
    let mut server = Connection::server(Limits::new(), 0);
    assert_eq!(receive(&mut server, &[&out]), [Got::Frame(Command::Stomp, vec![])]);
    let wrong = server.accept(FrameBuilder::receipt_for("1"), &mut out);
    assert_eq!(wrong, Err(SendError::CommandNotAllowed));
    server.accept(FrameBuilder::connected(), &mut out).unwrap();
}

#[test]
fn nothing_comes_before_connect_and_nothing_before_it_was_accepted() {
    let new = || Connection::server(Limits::new(), 0);
    for command in Command::ALL {
        let expected = match command {
            Command::Connect | Command::Stomp => Ok(()),
            command if command.is_from_server() => Err(Error::WrongSide(command)),
            _ => Err(Error::ConnectMissing),
        };
        assert_eq!(after(new, &format!("{command}\n\n\0")), expected);
        let mut server = new();
        let got = receive(&mut server, &[format!("CONNECT\n\n\0{command}\n\n\0").as_bytes()]);
        let error = match command {
            command if command.is_from_server() => Error::WrongSide(command),
            _ => Error::ConnectMissing,
        };
        assert_eq!(got, [Got::Frame(Command::Connect, vec![]), Got::Failed(error)]);
        let refused = server.accept(FrameBuilder::connected(), &mut Vec::new());
        assert_eq!(refused, Err(SendError::Closing));
    }
    let mut server = new();
    let early = server.accept(FrameBuilder::connected(), &mut Vec::new());
    assert_eq!(early, Err(SendError::NotConnected));
}

#[test]
fn a_client_connects_once() {
    for version in VERSIONS {
        for command in ["CONNECT", "STOMP"] {
            let frame = format!("{command}\naccept-version:1.2\n\n\0");
            assert_eq!(after(|| server(version), &frame), Err(Error::ConnectRepeated));
        }
    }
}

#[test]
fn a_server_begins_with_one_connected_or_an_error() {
    let connecting = || {
        let mut client = Connection::client(Limits::new(), 0);
        client.connect(FrameBuilder::connect("a"), &mut Vec::new()).unwrap();
        client
    };
    for command in Command::ALL {
        let expected = match command {
            Command::Connected | Command::Error => Ok(()),
            command if command.is_from_server() => Err(Error::ConnectedUnexpected),
            command => Err(Error::WrongSide(command)),
        };
        let frame = format!("{command}\nreceipt-id:1\n\n\0");
        assert_eq!(after(connecting, &frame), expected, "{command}");
    }
    let again = after(|| client("1.2"), "CONNECTED\nversion:1.2\n\n\0");
    assert_eq!(again, Err(Error::ConnectedUnexpected));
    let unasked = after(|| Connection::client(Limits::new(), 0), "CONNECTED\n\n\0");
    assert_eq!(unasked, Err(Error::ConnectedUnexpected));
}

#[test]
fn a_server_refuses_a_client_by_an_error() {
    let mut server = Connection::server(Limits::new(), 0);
    receive(&mut server, &[b"CONNECT\nlogin:me\n\n\0"]);
    let mut out = Vec::new();
    server.send(FrameBuilder::error("wrong passcode"), &mut out).unwrap();
    assert_eq!(out, b"ERROR\nmessage:wrong passcode\ncontent-length:0\n\n\0");
    assert_eq!(server.close_expected(), Some(Closer::Us));
    assert_eq!(server.send(FrameBuilder::error("x"), &mut out), Err(SendError::Closing));
    assert_eq!(receive(&mut server, &[b"SEND\n\n\0nonsense"]), [], "it is ignored");
    assert_eq!(transmitted(&mut server), "");

    let mut client = Connection::client(Limits::new(), 0);
    client.connect(FrameBuilder::connect("a"), &mut Vec::new()).unwrap();
    assert_eq!(receive(&mut client, &[&out]), [Got::Frame(Command::Error, vec![])]);
    assert_eq!(client.close_expected(), Some(Closer::Us));
    assert_eq!(client.receive_eof(), Ending { clean: false, truncated: false });
    let late = client.send(FrameBuilder::send("/a"), &mut out);
    assert_eq!(late, Err(SendError::Closing));
}

// Protocol Negotiation

#[test]
fn the_highest_version_in_common_is_chosen() {
    let ones = Versions::only(Version::V1_0).and(Version::V1_1);
    for (accepts, speaks, chosen) in [
        (None, Versions::ALL, Some("1.0")),
        (Some("1.0"), Versions::ALL, Some("1.0")),
        (Some("1.0,1.1,1.2"), Versions::ALL, Some("1.2")),
        (Some("1.2,1.1"), ones, Some("1.1")),
        (Some("1.1,2.0"), Versions::ALL, Some("1.1")),
        (Some("1.2"), ones, None),
        (Some("2.0"), Versions::ALL, None),
        (Some(""), Versions::ALL, None),
        (None, Versions::only(Version::V1_2), None),
    ] {
        let mut server = Connection::server(Limits::new(), 0).versions(speaks);
        let accepts = accepts.map(|list| format!("accept-version:{list}\n")).unwrap_or_default();
        let connect = format!("CONNECT\n{accepts}receipt:1\n\n\0");
        let got = receive(&mut server, &[connect.as_bytes()]);
        assert_eq!(server.agreed_version().map(Version::as_str), chosen);
        let Some(chosen) = chosen else {
            assert_eq!(got, [Got::Failed(Error::NoVersionInCommon)]);
            let error = format!(
                "ERROR\nmessage:no protocol version in common\nversion:{}\nreceipt-id:1\n\
                content-length:0\n\n\0",
                speaks.as_str()
            );
            assert_eq!(transmitted(&mut server), error);
            assert_eq!(server.close_expected(), Some(Closer::Us));
            continue;
        };
        assert_eq!(got, [Got::Frame(Command::Connect, vec![])]);
        let mut out = Vec::new();
        server.accept(FrameBuilder::connected(), &mut out).unwrap();
        let version = match chosen {
            // 1.0 has neither header.
            "1.0" => String::new(),
            chosen => format!("version:{chosen}\nheart-beat:0,0\n"),
        };
        assert_eq!(String::from_utf8(out).unwrap(), format!("CONNECTED\n{version}\n\0"));
    }
}

#[test]
fn a_client_takes_only_a_version_that_it_offered() {
    let connecting = || {
        let versions = Versions::only(Version::V1_0).and(Version::V1_2);
        let mut client = Connection::client(Limits::new(), 0).versions(versions);
        client.connect(FrameBuilder::connect("a"), &mut Vec::new()).unwrap();
        client
    };
    assert_eq!(after(connecting, "CONNECTED\nversion:1.2\n\n\0"), Ok(()));
    assert_eq!(after(connecting, "CONNECTED\nversion:1.0\n\n\0"), Ok(()));
    assert_eq!(after(connecting, "CONNECTED\n\n\0"), Ok(()), "1.0 does not say");
    assert_eq!(after(connecting, "CONNECTED\nheart-beat:x\n\n\0"), Ok(()), "1.0 has none");
    for version in ["1.1", "2.0", "", "1.2 "] {
        let connected = format!("CONNECTED\nversion:{version}\n\n\0");
        assert_eq!(after(connecting, &connected), Err(Error::VersionNotOffered));
    }
}

#[test]
fn the_rules_of_the_version_hold_from_the_next_frame_on() {
    // 1.2 in its CRLF form, then with escapes.
    let mut server = Connection::server(Limits::new(), 0);
    let mut inbox = Inbox::new(Vec::new());
    let mut input = &b"CONNECT\r\naccept-version:1.2\r\nlogin:a\\nb\r\n\r\n\0\r\n"[..];
    assert!(server.receive_frame(&mut input, &mut inbox, 0).is_some());
    assert_eq!(inbox.headers().get("login"), Some("a\\nb"));
    server.accept(FrameBuilder::connected(), &mut Vec::new()).unwrap();
    input = b"\nSEND\r\ndestination:a\\nb\r\n\r\n\0";
    assert!(server.receive_frame(&mut input, &mut inbox, 0).is_some());
    assert_eq!(inbox.headers().get("destination"), Some("a\nb"));

    // 1.0 knows no escapes.
    let mut client = Connection::client(Limits::new(), 0);
    client.connect(FrameBuilder::connect("a"), &mut Vec::new()).unwrap();
    let mut input =
        &b"CONNECTED\nsession:a\\t\n\n\0MESSAGE\ndestination:\\t\nmessage-id:1\n\n\0"[..];
    for _ in 0..2 {
        let event = client.receive_frame(&mut input, &mut inbox, 0);
        assert!(matches!(event, Some(FrameEvent::Frame(_))));
    }
    assert_eq!(inbox.headers().get("destination"), Some("\\t"));
}

// Frames and Headers

#[test]
fn each_frame_has_the_headers_that_its_version_requires() {
    use RequiredHeader::{Destination, Id, MessageId, Subscription, Transaction};
    const OK: Result<(), Error> = Ok(());
    let lacks = |header| Err(Error::HeaderMissing(header));
    let wrong_mode = Err(Error::AckModeInvalid);
    for (frame, expected) in [
        ("SEND\ndestination:/a\n", [OK; 3]),
        ("SEND\nDestination:/a\n", [lacks(Destination); 3]),
        ("SUBSCRIBE\ndestination:/a\nid:0\n", [OK; 3]),
        ("SUBSCRIBE\ndestination:/a\nid:0\nack:client-individual\n", [OK; 3]),
        ("SUBSCRIBE\ndestination:/a\nid:0\nack:\n", [wrong_mode; 3]),
        ("SUBSCRIBE\ndestination:/a\nid:0\nack:CLIENT\n", [wrong_mode; 3]),
        ("SUBSCRIBE\ndestination:/a\n", [OK, lacks(Id), lacks(Id)]),
        ("SUBSCRIBE\nid:0\n", [lacks(Destination); 3]),
        ("UNSUBSCRIBE\nid:0\n", [OK; 3]),
        ("UNSUBSCRIBE\ndestination:/a\n", [OK, lacks(Id), lacks(Id)]),
        ("UNSUBSCRIBE\n", [lacks(Destination), lacks(Id), lacks(Id)]),
        ("ACK\nmessage-id:1\n", [OK, lacks(Subscription), lacks(Id)]),
        ("ACK\nmessage-id:1\nsubscription:0\n", [OK, OK, lacks(Id)]),
        ("ACK\nid:1\n", [lacks(MessageId), lacks(MessageId), OK]),
        ("NACK\nmessage-id:1\nsubscription:0\nid:1\n", [Err(Error::NackUndefined), OK, OK]),
        ("NACK\nid:1\n", [Err(Error::NackUndefined), lacks(MessageId), OK]),
        ("BEGIN\ntransaction:t\n", [OK; 3]),
        ("BEGIN\n", [lacks(Transaction); 3]),
        ("COMMIT\n", [lacks(Transaction); 3]),
        ("ABORT\n", [lacks(Transaction); 3]),
        ("COMMIT\ntransaction:\n", [OK; 3]),
        ("ABORT\ntransaction:t\n", [OK; 3]),
        ("DISCONNECT\n", [OK; 3]),
    ] {
        for (version, expected) in VERSIONS.into_iter().zip(expected) {
            let result = after(|| server(version), &format!("{frame}\n\0"));
            assert_eq!(result, expected, "{version} {frame:?}");
        }
    }
    for (frame, expected) in [
        ("MESSAGE\ndestination:/a\nmessage-id:1\nsubscription:0\n", [OK; 3]),
        ("MESSAGE\ndestination:/a\nmessage-id:1\n", [OK, lacks(Subscription), lacks(Subscription)]),
        ("MESSAGE\ndestination:/a\nsubscription:0\n", [lacks(MessageId); 3]),
        ("MESSAGE\nmessage-id:1\nsubscription:0\n", [lacks(Destination); 3]),
        ("RECEIPT\nreceipt-id:1\n", [OK; 3]),
        ("RECEIPT\nreceipt:1\n", [lacks(RequiredHeader::ReceiptId); 3]),
        ("ERROR\n", [OK; 3]),
    ] {
        for (version, expected) in VERSIONS.into_iter().zip(expected) {
            let result = after(|| client(version), &format!("{frame}\n\0"));
            assert_eq!(result, expected, "{version} {frame:?}");
        }
    }
}

#[test]
fn frames_of_the_other_side_are_refused() {
    for command in Command::ALL {
        let frame = format!("{command}\ndestination:/a\n\n\0");
        let wrong = Err(Error::WrongSide(command));
        assert_eq!(after(|| server("1.2"), &frame) == wrong, command.is_from_server());
        assert_eq!(after(|| client("1.2"), &frame) == wrong, !command.is_from_server());
        let mut out = Vec::new();
        let builder = FrameBuilder::new(command);
        let opens = matches!(command, Command::Connect | Command::Stomp | Command::Connected);
        let sent = server("1.2").send(builder, &mut out);
        assert_eq!(sent.is_ok(), command.is_from_server() && !opens, "{command}");
        let sent = client("1.2").send(builder, &mut out);
        assert_eq!(sent.is_ok(), !command.is_from_server() && !opens, "{command}");
    }
}

// Body

#[test]
fn a_body_where_there_is_none_is_an_error_since_1_1() {
    let frame = "SUBSCRIBE\ndestination:/a\nid:0\n\nbody\0";
    assert_eq!(after(|| server("1.0"), frame), Ok(()));
    let error = Error::BodyNotAllowed(Command::Subscribe);
    assert_eq!(after(|| server("1.1"), frame), Err(error));
    assert_eq!(after(|| server("1.2"), frame), Err(error));
    let announced = "SUBSCRIBE\ndestination:/a\nid:0\ncontent-length:0\n\n\0";
    assert_eq!(after(|| server("1.2"), announced), Ok(()));
    let frame = "RECEIPT\nreceipt-id:0\n\nbody\0";
    let error = Error::BodyNotAllowed(Command::Receipt);
    assert_eq!(after(|| client("1.2"), frame), Err(error));
}

#[test]
fn whole_frames_and_parts_are_the_same() {
    let stream =
        b"SEND\ndestination:/a\n\nhello\0\n\nSEND\ndestination:/b\ncontent-length:3\n\na\0b\0";
    let frames = same_however_split(stream, |pieces| receive(&mut server("1.2"), pieces));
    let send = |body: &[u8]| Got::Frame(Command::Send, body.to_vec());
    assert_eq!(frames, [send(b"hello"), send(b"a\0b")]);
    let parts = same_however_split(stream, |pieces| {
        let (mut server, mut inbox) = (server("1.2"), Inbox::new(Vec::new()));
        let mut said = String::new();
        for piece in pieces {
            let mut input = *piece;
            while let Some(event) = server.receive(&mut input, &mut inbox, 0) {
                match event {
                    Event::Head(command) => {
                        let destination = inbox.headers().get("destination").unwrap();
                        said += &format!("{command} {destination}: ");
                    }
                    Event::Body(chunk) => {
                        said += &chunk.bytes.escape_ascii().to_string();
                        said += if chunk.end { "." } else { "" };
                    }
                    Event::Failed(e) => panic!("{e}"),
                }
                assert_eq!(inbox.body(), b"", "it is not joined");
            }
        }
        said
    });
    assert_eq!(parts, "SEND /a: hello.SEND /b: a\\x00b.");
}

#[test]
fn an_inbox_without_room_fails_the_connection_and_a_bigger_one_does_not() {
    let stream = b"SEND\ndestination:/a\n\nhello\0";
    let run = |inbox: &mut Inbox<SliceBuf<'_>>| {
        let mut server = server("1.2");
        let mut input = &stream[..];
        let event = server.receive_frame(&mut input, inbox, 0);
        (event, transmitted(&mut server))
    };
    let mut bytes = [0; 19];
    let (event, error) = run(&mut Inbox::new(SliceBuf::new(&mut bytes)));
    assert!(matches!(event, Some(FrameEvent::Failed(Error::BufferFull(_)))));
    assert_eq!(error, "ERROR\nmessage:no room for the frame\ncontent-length:0\n\n\0");
    let mut bytes = [0; 20];
    let (event, error) = run(&mut Inbox::new(SliceBuf::new(&mut bytes)));
    assert_eq!((event, &error[..]), (Some(FrameEvent::Frame(Command::Send)), ""));
}

#[test]
fn a_body_needs_the_inbox_that_it_began_in() {
    let mut server = server("1.2");
    let (mut one, mut other) = (Inbox::new(Vec::new()), Inbox::new(Vec::new()));
    let mut input = &b"SEND\ndestination:/a\n\nhel"[..];
    assert_eq!(server.receive_frame(&mut input, &mut one, 0), None);
    assert!(!one.release(), "a frame is arriving");
    assert_eq!((one.body(), one.headers().get("destination")), (&b""[..], Some("/a")));
    let event = server.receive_frame(&mut &b"lo\0"[..], &mut other, 0);
    assert_eq!(event, Some(FrameEvent::Failed(Error::BeginningMissing)));
    // Given up before its first byte, or in an inbox that has part of another body.
    for (body, other_body) in [("", None), ("hel", Some("h"))] {
        let (mut server, mut of_other) = (self::server("1.2"), self::server("1.2"));
        let frame = |body| format!("SEND\ndestination:/a\n\n{body}");
        server.receive_frame(&mut frame(body).as_bytes(), &mut one, 0);
        other.abandon();
        if let Some(body) = other_body {
            of_other.receive_frame(&mut frame(body).as_bytes(), &mut other, 0);
        }
        let event = server.receive_frame(&mut &b"lo\0"[..], &mut other, 0);
        assert_eq!(event, Some(FrameEvent::Failed(Error::BeginningMissing)));
    }
}

// ACK, NACK

#[test]
fn a_connection_says_how_much_of_a_body_is_missing() {
    let mut server = server("1.2");
    assert_eq!(server.body_remaining(), 0);
    let got = receive(&mut server, &[b"SEND\ndestination:/a\ncontent-length:5\n\nbo"]);
    assert_eq!((got, server.body_remaining()), (vec![], 3));
}

#[test]
fn an_acknowledgement_refers_to_what_its_version_has() {
    let stream = b"MESSAGE\ndestination:/a\nmessage-id:m\nsubscription:s\nack:k\n\n\0";
    for (version, ack, nack) in [
        ("1.0", "message-id:m\n", None),
        ("1.1", "message-id:m\nsubscription:s\n", Some("message-id:m\nsubscription:s\n")),
        ("1.2", "id:k\n", Some("id:k\n")),
    ] {
        let (mut client, mut inbox) = (client(version), Inbox::new(Vec::new()));
        client.receive_frame(&mut &stream[..], &mut inbox, 0).unwrap();
        let mut out = Vec::new();
        let frame = client.ack(&inbox.headers()).unwrap();
        client.send(frame.transaction("t").receipt("r"), &mut out).unwrap();
        let text = String::from_utf8(std::mem::take(&mut out)).unwrap();
        assert_eq!(text, format!("ACK\n{ack}transaction:t\nreceipt:r\n\n\0"));
        match nack {
            None => assert_eq!(client.nack(&inbox.headers()), Err(SendError::NotInVersion)),
            Some(nack) => {
                client.send(client.nack(&inbox.headers()).unwrap(), &mut out).unwrap();
                assert_eq!(String::from_utf8(out).unwrap(), format!("NACK\n{nack}\n\0"));
            }
        }
    }
    // A message that needs none has no `ack` in 1.2.
    let (mut client, mut inbox) = (client("1.2"), Inbox::new(Vec::new()));
    let mut input = &b"MESSAGE\ndestination:/a\nmessage-id:m\nsubscription:s\n\n\0"[..];
    client.receive_frame(&mut input, &mut inbox, 0).unwrap();
    let missing = SendError::HeaderMissing(RequiredHeader::Ack);
    assert_eq!(client.ack(&inbox.headers()), Err(missing));
    let unconnected = Connection::client(Limits::new(), 0).ack(&inbox.headers());
    assert_eq!(unconnected, Err(SendError::NotConnected));
}

// MESSAGE

#[test]
fn a_message_for_a_subscription_is_one_call() {
    let message = FrameBuilder::shared_message("/topic/a").body(b"hi");
    let shared = SharedMessage::encode(message, Version::V1_2, Vec::new()).unwrap();
    let mut out = Vec::new();
    let delivery = Delivery::new("0", "1").ack("2");
    server("1.2").send_message(delivery, &shared, &mut out).unwrap();
    let text = "MESSAGE\nsubscription:0\nmessage-id:1\nack:2\ndestination:/topic/a\n\
        content-length:2\n\nhi\0";
    assert_eq!(String::from_utf8(out.clone()).unwrap(), text);
    assert_eq!(
        receive(&mut client("1.2"), &[&out]),
        [Got::Frame(Command::Message, b"hi".to_vec())]
    );
    let other = server("1.1").send_message(delivery, &shared, &mut out);
    assert_eq!(other, Err(SendError::OtherVersion));
    let early = Connection::server(Limits::new(), 0).send_message(delivery, &shared, &mut out);
    assert_eq!(early, Err(SendError::NotConnected));
}

#[test]
fn the_headers_of_a_send_reach_the_message() {
    let (mut server, mut inbox) = (server("1.2"), Inbox::new(Vec::new()));
    let mut input = &b"SEND\ndestination:/a\nreceipt:1\ntransaction:t\ncontent-type:text/plain\n\
        priority:9\ncontent-length:2\nmessage-id:x\nsubscription:x\nack:x\npriority:1\n\nhi\0"[..];
    server.receive_frame(&mut input, &mut inbox, 0).unwrap();
    let names: Vec<_> = inbox.headers().of_message().collect();
    assert_eq!(names, [("content-type", "text/plain"), ("priority", "9"), ("priority", "1")]);
    let mut out = Vec::new();
    let message = FrameBuilder::message("0", "1", "/a").headers(inbox.headers().of_message());
    server.send(message.body(inbox.body()), &mut out).unwrap();
    let text = "MESSAGE\nsubscription:0\nmessage-id:1\ndestination:/a\ncontent-type:text/plain\n\
        priority:9\npriority:1\ncontent-length:2\n\nhi\0";
    assert_eq!(String::from_utf8(out).unwrap(), text);
}

// RECEIPT

#[test]
fn a_receipt_is_sent_for_a_frame_that_asked_for_one() {
    let (mut server, mut inbox) = (server("1.2"), Inbox::new(Vec::new()));
    let mut out = Vec::new();
    for (frame, receipt) in [
        (&b"SEND\ndestination:/a\nreceipt:7\\c\n\n\0"[..], "RECEIPT\nreceipt-id:7\\c\n\n\0"),
        (b"SEND\ndestination:/a\n\n\0", ""),
        (b"DISCONNECT\nreceipt:77\n\n\0", "RECEIPT\nreceipt-id:77\n\n\0"),
    ] {
        server.receive_frame(&mut &frame[..], &mut inbox, 0).unwrap();
        out.clear();
        server.send_receipt(&inbox.headers(), &mut out).unwrap();
        assert_eq!(std::str::from_utf8(&out), Ok(receipt));
    }
}

// DISCONNECT

#[test]
fn a_disconnect_with_its_receipt_is_the_clean_end() {
    let (mut client, mut server) = (client("1.2"), server("1.2"));
    let mut out = Vec::new();
    let long = "x".repeat(Connection::<Client>::MAX_RECEIPT_LEN + 1);
    let disconnect = FrameBuilder::disconnect();
    assert_eq!(client.send(disconnect.receipt(&long), &mut out), Err(SendError::ReceiptTooLong));
    self::client("1.2").send(disconnect.receipt(&long[1..]), &mut Vec::new()).unwrap();
    client.send(disconnect.receipt("77"), &mut out).unwrap();
    assert_eq!(client.send(FrameBuilder::send("/a"), &mut out), Err(SendError::Closing));
    assert_eq!((client.is_closing(), client.close_expected()), (true, None));
    assert_eq!(client.receive_eof(), Ending { clean: false, truncated: false });

    let mut inbox = Inbox::new(Vec::new());
    let mut input = &out[..];
    let event = server.receive_frame(&mut input, &mut inbox, 0);
    assert_eq!(event, Some(FrameEvent::Frame(Command::Disconnect)));
    assert_eq!(server.close_expected(), Some(Closer::Peer));
    assert!(server.receive_eof().clean);
    let mut out = Vec::new();
    let message = FrameBuilder::message("0", "1", "/a");
    assert_eq!(server.send(message, &mut out), Err(SendError::Closing));
    assert_eq!(receive(&mut server, &[b"SEND\n\n\0nonsense"]), [], "nothing counts after it");
    server.send_receipt(&inbox.headers(), &mut out).unwrap();

    // What the server sent before still comes, and other receipts are not this one.
    let before =
        b"MESSAGE\ndestination:/a\nmessage-id:1\nsubscription:0\n\n\0RECEIPT\nreceipt-id:7\n\n\0";
    assert_eq!(receive(&mut client, &[before]).len(), 2);
    assert_eq!(client.close_expected(), None);
    assert_eq!(receive(&mut client, &[&out]), [Got::Frame(Command::Receipt, vec![])]);
    assert_eq!(client.close_expected(), Some(Closer::Us));
    assert!(client.receive_eof().clean);
}

#[test]
fn a_disconnect_without_a_receipt_closes_at_once() {
    let mut client = client("1.2");
    client.send(FrameBuilder::disconnect(), &mut Vec::new()).unwrap();
    assert_eq!(client.close_expected(), Some(Closer::Us));
    assert!(client.receive_eof().clean);
}

#[test]
fn a_stream_that_ends_within_a_frame_is_cut_off() {
    let mut server = server("1.2");
    assert_eq!(receive(&mut server, &[b"SEND\ndestination:/a\n\nhel"]), []);
    assert_eq!(server.receive_eof(), Ending { clean: false, truncated: true });
    assert_eq!(receive(&mut server, &[b"lo\0"]).len(), 1);
    assert_eq!(server.receive_eof(), Ending { clean: false, truncated: false });
}

// ERROR

#[test]
fn a_broken_rule_is_told_by_an_error_that_names_the_receipt() {
    for (frames, receipt) in [
        ("NONSENSE\n", ""),
        ("SEND\ndestination:/a\nreceipt:7\nbad\n", "receipt-id:7\n"),
        ("SEND\nreceipt:a\\\\b\nbad\n", "receipt-id:a\\\\b\n"),
        ("SEND\nreceipt:7\n\n", "receipt-id:7\n"),
        ("SEND\ndestination:/a\nbad\n", ""),
        ("SEND\ndestination:/a\nbad\nreceipt:7\n", ""),
        ("SEND\ndestination:/a\nreceipt:7\ncontent-length:1\n\nab", "receipt-id:7\n"),
        ("SUBSCRIBE\ndestination:/a\nid:0\nreceipt:7\n\nbody", "receipt-id:7\n"),
        // It has been answered.
        ("SEND\ndestination:/a\nreceipt:7\n\n\0\0", ""),
        ("SEND\ndestination:/a\nreceipt:7\n\n\0NONSENSE\n", ""),
    ] {
        same_however_split(frames.as_bytes(), |pieces| {
            let mut server = server("1.2");
            let got = receive(&mut server, pieces);
            let Some(Got::Failed(error)) = got.last() else { panic!("{got:?}") };
            assert_eq!(server.error(), Some(*error));
            assert!(server.owes() && server.close_expected().is_none());
            let text = error.to_string();
            let message = text.split(": ").next().unwrap();
            let expected = format!("ERROR\nmessage:{message}\n{receipt}content-length:0\n\n\0");
            assert_eq!(transmitted(&mut server), expected, "{frames:?}");
            assert_eq!(transmitted(&mut server), "", "once");
            assert_eq!(server.close_expected(), Some(Closer::Us));
            assert_eq!(receive(&mut server, &[b"SEND\n"]), [], "nothing is read after it");
        });
    }
}

#[test]
fn what_came_before_a_broken_rule_is_not_lost() {
    let stream = b"SEND\ndestination:/a\n\none\0SEND\ndestination:/a\n\ntwo\0send\n\n\0";
    let got = same_however_split(stream, |pieces| receive(&mut server("1.2"), pieces));
    let send = |body: &[u8]| Got::Frame(Command::Send, body.to_vec());
    assert_eq!(got, [send(b"one"), send(b"two"), Got::Failed(Error::UnknownCommand)]);
}

#[test]
fn a_receipt_that_cannot_be_named_is_left_out() {
    let error = "ERROR\nmessage:header without a colon\ncontent-length:0\n\n\0";
    let long = "x".repeat(Connection::<Server>::MAX_RECEIPT_LEN + 1);
    let mut server = server("1.2");
    receive(&mut server, &[format!("SEND\nreceipt:{long}\nbad\n").as_bytes()]);
    assert_eq!(transmitted(&mut server), error);
    // 1.1 has no escape for a CR.
    let mut server = self::server("1.1");
    receive(&mut server, &[b"SEND\nreceipt:a\rb\nbad\n"]);
    assert_eq!(transmitted(&mut server), error);
}

#[test]
fn an_error_that_the_caller_sends_names_the_receipt() {
    let (mut server, mut inbox) = (server("1.2"), Inbox::new(Vec::new()));
    let mut input = &b"SEND\ndestination:/nowhere\nreceipt:7\n\n\0"[..];
    server.receive_frame(&mut input, &mut inbox, 0).unwrap();
    let mut out = Vec::new();
    let error =
        FrameBuilder::error("no such destination").about(&inbox.headers()).body(b"/nowhere");
    server.send(error, &mut out).unwrap();
    let text = "ERROR\nmessage:no such destination\nreceipt-id:7\ncontent-length:8\n\n/nowhere\0";
    assert_eq!(std::str::from_utf8(&out), Ok(text));
    assert_eq!(server.close_expected(), Some(Closer::Us));
}

#[test]
fn a_client_that_finds_a_fault_only_closes() {
    let mut client = client("1.2");
    assert_eq!(receive(&mut client, &[b"NONSENSE\n"]), [Got::Failed(Error::UnknownCommand)]);
    assert_eq!(
        (transmitted(&mut client), client.close_expected()),
        (String::new(), Some(Closer::Us))
    );
    let mut out = Vec::new();
    assert_eq!(client.send(FrameBuilder::disconnect(), &mut out), Err(SendError::Closing));
}

#[test]
fn the_callers_failure_is_told_like_the_connections() {
    let mut server = server("1.2");
    server.fail(Error::HeaderMissing(RequiredHeader::Id));
    server.fail(Error::UnknownCommand);
    let error = "ERROR\nmessage:required header is missing\ncontent-length:0\n\n\0";
    assert_eq!(transmitted(&mut server), error);
}

#[test]
fn an_error_waits_for_a_body_that_is_being_written_and_for_room() {
    let mut server = server("1.2");
    let mut out = Vec::new();
    let message = FrameBuilder::message("0", "1", "/a");
    server.encoder().unwrap().begin(message, Some(4), &mut out).unwrap();
    assert_eq!(server.send(message, &mut out), Err(SendError::FrameUnfinished));
    receive(&mut server, &[b"NONSENSE\n"]);
    assert!(!server.transmit(&mut out, 0));
    let encoder = server.encoder().expect("it is to be finished");
    encoder.encode_body(b"body", &mut out).unwrap();
    encoder.finish(&mut out).unwrap();
    assert!(server.encoder().is_err());
    let mut small = ArrayBuf::<8>::new();
    assert!(!server.transmit(&mut small, 0) && small.is_empty());
    assert!(server.transmit(&mut out, 0));
    assert!(out.ends_with(b"\n\nbody\0ERROR\nmessage:unknown command\ncontent-length:0\n\n\0"));
}

#[test]
fn the_longest_error_is_as_long_as_it_may_be() {
    let mut out = ArrayBuf::<{ Connection::<Server>::MAX_TRANSMIT_LEN }>::new();
    let receipt = "\\\\".repeat(64);
    let mut server = server("1.2");
    receive(&mut server, &[format!("SEND\nreceipt:{receipt}\ncontent-length:x\n").as_bytes()]);
    assert!(server.transmit(&mut out, 0));
    assert!(out.len() > 200, "{}", out.len());
}

// Over WebSocket

/// Where messages end has no meaning: a frame in two of them, and two frames in one.
#[test]
fn messages_of_websocket_may_be_cut_anywhere() {
    let messages: [&[u8]; 5] = [
        b"SEND\ndestin",
        b"ation:/a\n\nx",
        b"\0\n",
        b"\n",
        b"SEND\ndestination:/a\n\n\0ACK\nid:1\n\n\0",
    ];
    let got = receive(&mut server("1.2"), &messages);
    let commands: Vec<_> = got.iter().map(|got| matches!(got, Got::Frame(..))).collect();
    assert_eq!(commands, [true; 3]);
}

#[test]
fn a_client_may_lose_its_nuls() {
    let mut server = Connection::server(Limits::new(), 0).accept_stray_nul(true);
    assert_eq!(receive(&mut server, &[b"CONNECT\n\n", b"\0"]).len(), 1);
    server.accept(FrameBuilder::connected(), &mut Vec::new()).unwrap();
    let got = receive(
        &mut server,
        &[b"SEND\ndestination:/a\n\nx", b"\0", b"\n", b"\0", b"SEND\ndestination:/a\n\n\0", b"\0"],
    );
    assert_eq!(got.len(), 2);
}
