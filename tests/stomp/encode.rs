//! Frames as they are written.
#![cfg(feature = "alloc")]

use std::collections::BTreeMap;

use framewright::stomp::{
    AckMode, Command, Delivery, Encoder, FrameBuilder, HeartBeat, SendError, SharedMessage,
    Version, Versions,
};
use framewright::{BufferFull, SliceBuf};

use Version::{V1_0, V1_1, V1_2};

/// The bytes of a frame, as text.
fn encoded(version: Version, frame: FrameBuilder<'_>) -> Result<String, SendError> {
    let mut out = b"before".to_vec();
    let result = Encoder::new(version).encode(frame, &mut out);
    let bytes = out.strip_prefix(b"before").unwrap();
    let text = std::str::from_utf8(bytes).unwrap().to_owned();
    match result {
        Ok(()) => assert_eq!(frame.encoded_len(version), Ok(text.len() as u64)),
        Err(e) => {
            assert_eq!(text, "", "all or nothing");
            assert_eq!(frame.encoded_len(version), Err(e));
        }
    }
    result.map(|()| text)
}

fn encoded_with(version: Version, headers: &[(&str, &str)]) -> Result<String, SendError> {
    let mut out = Vec::new();
    Encoder::new(version).encode(FrameBuilder::new(Command::Ack).headers(headers), &mut out)?;
    Ok(String::from_utf8(out).unwrap())
}

// STOMP Frames

#[test]
fn every_frame_has_the_headers_of_its_command() {
    for (frame, text) in [
        (FrameBuilder::send("/a"), "SEND\ndestination:/a\ncontent-length:0\n\n\0"),
        (
            FrameBuilder::subscribe("0", "/a").ack_mode(AckMode::ClientIndividual),
            "SUBSCRIBE\nid:0\ndestination:/a\nack:client-individual\n\n\0",
        ),
        (FrameBuilder::unsubscribe("0").receipt("7"), "UNSUBSCRIBE\nid:0\nreceipt:7\n\n\0"),
        (FrameBuilder::begin("t"), "BEGIN\ntransaction:t\n\n\0"),
        (FrameBuilder::commit("t"), "COMMIT\ntransaction:t\n\n\0"),
        (FrameBuilder::abort("t"), "ABORT\ntransaction:t\n\n\0"),
        (
            FrameBuilder::message("0", "1", "/a").ack("2").content_type("text/plain").body(b"x"),
            "MESSAGE\nsubscription:0\nmessage-id:1\ndestination:/a\nack:2\ncontent-type:text/plain\n\
             content-length:1\n\nx\0",
        ),
        (FrameBuilder::receipt_for("7"), "RECEIPT\nreceipt-id:7\n\n\0"),
        (FrameBuilder::error("no").body(b"why"), "ERROR\nmessage:no\ncontent-length:3\n\nwhy\0"),
        (FrameBuilder::disconnect().receipt("7"), "DISCONNECT\nreceipt:7\n\n\0"),
        (
            FrameBuilder::connected().session("s").server("x/1"),
            "CONNECTED\nsession:s\nserver:x/1\n\n\0",
        ),
    ] {
        assert_eq!(encoded(V1_2, frame).as_deref(), Ok(text));
    }
}

#[test]
fn what_is_set_twice_is_replaced() {
    let frame = FrameBuilder::send("/a").receipt("1").transaction("t").receipt("2");
    let text = "SEND\ndestination:/a\nreceipt:2\ntransaction:t\ncontent-length:0\n\n\0";
    assert_eq!(encoded(V1_2, frame).as_deref(), Ok(text));
}

// Repeated Header Entries

#[test]
fn headers_of_the_caller_do_not_repeat_those_of_the_frame() {
    let mut map = BTreeMap::new();
    for name in ["destination", "content-length", "Content-Length", "a"] {
        map.insert(name.to_owned(), String::from("x"));
    }
    let mut out = Vec::new();
    let frame = FrameBuilder::send("/a").headers(&map).body(b"12");
    Encoder::new(V1_2).encode(frame, &mut out).unwrap();
    let text = "SEND\ndestination:/a\nContent-Length:x\na:x\ncontent-length:2\n\n12\0";
    assert_eq!(out.escape_ascii().to_string(), text.as_bytes().escape_ascii().to_string());
    assert_eq!(frame.encoded_len(V1_2), Ok(text.len() as u64));
    // Those that the caller repeats are its own affair.
    let twice = encoded_with(V1_2, &[("a", "1"), ("a", "2")]);
    assert_eq!(twice.as_deref(), Ok("ACK\na:1\na:2\n\n\0"));
}

// Value Encoding

#[test]
fn names_and_values_are_escaped_by_version() {
    for (name, value, written) in [
        ("a", "b", [Ok("a:b"); 3]),
        ("a", "", [Ok("a:"); 3]),
        ("a", "/topic/x:y", [Ok("a:/topic/x:y"), Ok("a:/topic/x\\cy"), Ok("a:/topic/x\\cy")]),
        ("a", "\\n", [Ok("a:\\n"), Ok("a:\\\\n"), Ok("a:\\\\n")]),
        ("a", "1\n2", [Err(()), Ok("a:1\\n2"), Ok("a:1\\n2")]),
        ("a", "1\r\n", [Err(()), Err(()), Ok("a:1\\r\\n")]),
        ("a:b", "c", [Err(()), Ok("a\\cb:c"), Ok("a\\cb:c")]),
        ("a\nb", "c", [Err(()), Ok("a\\nb:c"), Ok("a\\nb:c")]),
        ("a\\", "c", [Ok("a\\:c"), Ok("a\\\\:c"), Ok("a\\\\:c")]),
        ("", "c", [Err(()); 3]),
        ("a", "\0", [Err(()); 3]),
        ("a\0", "b", [Err(()); 3]),
        ("ä", "🦀", [Ok("ä:🦀"); 3]),
    ] {
        for (version, line) in Version::ALL.into_iter().zip(written) {
            let expected = match line {
                Ok(line) => Ok(format!("ACK\n{line}\n\n\0")),
                Err(()) => Err(SendError::HeaderInvalid),
            };
            assert_eq!(encoded_with(version, &[(name, value)]), expected, "{version} {name:?}");
            assert_eq!(version.can_carry(name, value), line.is_ok());
        }
    }
}

#[test]
fn the_frames_that_open_a_connection_are_not_escaped() {
    let connect = FrameBuilder::connect("a:b").login("me", "pass:\\c");
    for version in Version::ALL {
        let text = "CONNECT\nhost:a:b\nlogin:me\npasscode:pass:\\c\n\n\0";
        assert_eq!(encoded(version, connect).as_deref(), Ok(text));
        for value in ["a\nb", "a\r", "\0"] {
            let frame = FrameBuilder::connect(value);
            assert_eq!(encoded(version, frame), Err(SendError::HeaderInvalid));
        }
    }
}

// Body

#[test]
fn only_three_commands_have_a_body() {
    for command in Command::ALL {
        let has = matches!(command, Command::Send | Command::Message | Command::Error);
        assert_eq!(command.may_have_body(), has);
        let result = encoded(V1_2, FrameBuilder::new(command).body(b"x"));
        assert_eq!(result.is_ok(), has, "{command}");
        let begun = Encoder::new(V1_2).begin(FrameBuilder::new(command), None, &mut Vec::new());
        let expected = if has { Ok(()) } else { Err(SendError::BodyNotAllowed) };
        assert_eq!(begun, expected);
        if !has {
            assert_eq!(result, Err(SendError::BodyNotAllowed));
        }
    }
}

// Header content-length

#[test]
fn the_length_can_be_left_out_if_the_body_has_no_nul() {
    let frame = FrameBuilder::send("/a").body(b"text").omit_content_length();
    assert_eq!(encoded(V1_2, frame).as_deref(), Ok("SEND\ndestination:/a\n\ntext\0"));
    let frame = FrameBuilder::send("/a").body(b"te\0xt");
    assert!(encoded(V1_2, frame).is_ok());
    assert_eq!(encoded(V1_2, frame.omit_content_length()), Err(SendError::NulInBody));
}

#[test]
fn a_body_in_pieces_keeps_to_its_length() {
    let mut encoder = Encoder::new(V1_2);
    let mut out = Vec::new();
    assert_eq!(encoder.encode_body(b"x", &mut out), Err(SendError::FrameMissing));
    assert_eq!(encoder.finish(&mut out), Err(SendError::FrameMissing));
    let frame = FrameBuilder::send("/a").body(b"he\0");
    assert_eq!(encoder.begin(frame, Some(2), &mut out), Err(SendError::BodyTooLong));
    assert_eq!(out, b"");
    encoder.begin(frame, Some(5), &mut out).unwrap();
    assert_eq!(encoder.ready(), Err(SendError::FrameUnfinished));
    assert_eq!(encoder.encode(frame, &mut out), Err(SendError::FrameUnfinished));
    assert_eq!(encoder.begin(frame, None, &mut out), Err(SendError::FrameUnfinished));
    assert_eq!(encoder.encode_heart_beat(&mut out), Err(SendError::FrameUnfinished));
    assert_eq!(encoder.finish(&mut out), Err(SendError::BodyTooShort));
    assert_eq!(encoder.encode_body(b"123", &mut out), Err(SendError::BodyTooLong));
    encoder.encode_body(b"", &mut out).unwrap();
    encoder.encode_body(b"lo", &mut out).unwrap();
    encoder.finish(&mut out).unwrap();
    assert_eq!(out, b"SEND\ndestination:/a\ncontent-length:5\n\nhe\0lo\0");

    out.clear();
    assert_eq!(encoder.begin(frame, None, &mut out), Err(SendError::NulInBody));
    encoder.begin(FrameBuilder::error("x").body(b"a"), None, &mut out).unwrap();
    assert_eq!(encoder.encode_body(b"b\0", &mut out), Err(SendError::NulInBody));
    encoder.encode_body(b"c", &mut out).unwrap();
    encoder.finish(&mut out).unwrap();
    encoder.encode_heart_beat(&mut out).unwrap();
    assert_eq!(out, b"ERROR\nmessage:x\n\nac\0\n");
}

#[test]
fn what_does_not_fit_is_not_written_and_says_what_would_do() {
    let frame = FrameBuilder::send("/a").body(b"hello");
    let needed = usize::try_from(frame.encoded_len(V1_2).unwrap()).unwrap();
    let full = Err(SendError::BufferFull(BufferFull { needed }));
    for room in 0..needed {
        let mut bytes = vec![0; room];
        let mut out = SliceBuf::new(&mut bytes);
        assert_eq!(Encoder::new(V1_2).encode(frame, &mut out), full);
        assert_eq!(out.len(), 0);
    }
    let mut bytes = vec![0; needed];
    assert_eq!(Encoder::new(V1_2).encode(frame, &mut SliceBuf::new(&mut bytes)), Ok(()));
    let mut encoder = Encoder::new(V1_2);
    encoder.begin(frame, Some(10), &mut Vec::new()).unwrap();
    let full = Err(SendError::BufferFull(BufferFull { needed: 5 }));
    assert_eq!(encoder.encode_body(b"12345", &mut SliceBuf::new(&mut [0; 4])), full);
    encoder.encode_body(b"12345", &mut Vec::new()).unwrap();
    let full = Err(SendError::BufferFull(BufferFull { needed: 1 }));
    assert_eq!(encoder.finish(&mut SliceBuf::new(&mut [])), full);
    assert_eq!(encoder.finish(&mut Vec::new()), Ok(()));
}

// NACK

#[test]
fn version_1_0_has_no_nack() {
    let frame = FrameBuilder::new(Command::Nack);
    assert_eq!(encoded(V1_0, frame), Err(SendError::NotInVersion));
    assert!(encoded(V1_1, frame).is_ok());
}

// MESSAGE

#[test]
fn a_message_is_encoded_once_for_all_subscribers() {
    let own = [("subscription", "x"), ("ack", "x"), ("message-id", "x"), ("a:b", "1")];
    let message = FrameBuilder::shared_message("/topic/a").headers(own).body(b"hi");
    let shared = SharedMessage::encode(message, V1_2, Vec::new()).unwrap();
    assert_eq!(shared.version(), V1_2);
    let rest = "destination:/topic/a\na\\cb:1\ncontent-length:2\n\nhi\0";
    assert_eq!(shared.as_bytes(), rest.as_bytes());
    for (delivery, head) in [
        (Delivery::new("0", "7"), "MESSAGE\nsubscription:0\nmessage-id:7\n"),
        (
            Delivery::new("s:1", "7").ack("9\n"),
            "MESSAGE\nsubscription:s\\c1\nmessage-id:7\nack:9\\n\n",
        ),
        (Delivery::without_subscription("7"), "MESSAGE\nmessage-id:7\n"),
    ] {
        let (mut whole, mut only_head) = (Vec::new(), Vec::new());
        shared.write(delivery, &mut whole).unwrap();
        shared.write_head(delivery, &mut only_head).unwrap();
        assert_eq!(whole, [head.as_bytes(), rest.as_bytes()].concat());
        assert_eq!(only_head, head.as_bytes());
    }
    let mut out = Vec::new();
    assert_eq!(shared.write(Delivery::new("\0", "7"), &mut out), Err(SendError::HeaderInvalid));
    let full = SendError::BufferFull(BufferFull { needed: 36 + rest.len() });
    let result = shared.write(Delivery::new("0", "7"), &mut SliceBuf::new(&mut [0; 40]));
    assert_eq!((result, out.len()), (Err(full), 0));
    // The buffer can be used again.
    let message = FrameBuilder::shared_message("/b");
    let shared = SharedMessage::encode(message, V1_0, shared.into_buffer()).unwrap();
    assert_eq!(shared.as_bytes(), b"destination:/b\ncontent-length:0\n\n\0");
    let wrong = SharedMessage::encode(FrameBuilder::send("/b"), V1_0, Vec::new());
    assert_eq!(wrong.err(), Some(SendError::CommandNotAllowed));
}

#[test]
fn before_1_2_a_message_has_no_ack() {
    for version in [V1_0, V1_1] {
        let message = FrameBuilder::shared_message("/b").omit_content_length();
        let shared = SharedMessage::encode(message, version, Vec::new()).unwrap();
        let mut out = Vec::new();
        shared.write(Delivery::new("0", "7").ack("8"), &mut out).unwrap();
        assert_eq!(out, b"MESSAGE\nsubscription:0\nmessage-id:7\ndestination:/b\n\n\0");
    }
}

// Values

#[test]
fn values_are_printed_as_they_are_parsed() {
    for version in Version::ALL {
        assert_eq!(Version::parse(version.as_str()), Some(version));
        assert_eq!(version.to_string(), version.as_str());
        assert_eq!(Version::from_subprotocol(version.subprotocol()), Some(version));
        assert_eq!(Versions::only(version).highest(), Some(version));
    }
    for text in ["", "1", "1.3", "2.0", " 1.2", "1.2 "] {
        assert_eq!((Version::parse(text), Version::from_subprotocol(text)), (None, None));
    }
    for (list, printed, highest) in [
        ("1.0,1.1,1.2", "1.0,1.1,1.2", Some(V1_2)),
        ("1.2,1.0", "1.0,1.2", Some(V1_2)),
        (" 1.1 , 1.2", "1.1,1.2", Some(V1_2)),
        ("1.1,1.0", "1.0,1.1", Some(V1_1)),
        ("1.1", "1.1", Some(V1_1)),
        ("1.1,1.1", "1.1", Some(V1_1)),
        ("1.0,2.0", "1.0", Some(V1_0)),
        ("2.0,1.2", "1.2", Some(V1_2)),
        ("2.0", "", None),
        ("", "", None),
    ] {
        let versions = Versions::parse(list);
        assert_eq!((versions.as_str(), versions.highest()), (printed, highest), "{list}");
        assert_eq!(Versions::parse(printed), versions);
        for version in Version::ALL {
            assert_eq!(versions.contains(version), printed.contains(version.as_str()));
        }
    }
    assert_eq!(Versions::default(), Versions::ALL);
    for mode in [AckMode::Auto, AckMode::Client, AckMode::ClientIndividual] {
        assert_eq!(AckMode::parse(mode.as_str()), Ok(mode));
    }
    assert!(AckMode::parse("Auto").is_err() && AckMode::parse("").is_err());
}

// Heart-beating

#[test]
fn periods_are_the_longer_of_what_one_end_can_do_and_the_other_wants() {
    for (ours, theirs, send, receive) in [
        ((0, 0), "0,0", None, None),
        ((10, 0), "0,10", Some(10), None),
        ((0, 10), "10,0", None, Some(10)),
        ((10, 20), "30,5", Some(10), Some(30)),
        ((10, 20), "5,30", Some(30), Some(20)),
        ((10, 20), "0,30", Some(30), None),
        ((10, 20), "18446744073709551615,0", None, Some(u64::MAX)),
    ] {
        let ours = HeartBeat::new(ours.0, ours.1);
        let theirs = HeartBeat::parse(theirs).unwrap();
        assert_eq!((ours.send_period(theirs), ours.receive_period(theirs)), (send, receive));
    }
    for bad in ["", "1", "1,", ",1", "1,2,3", "1, 2", "-1,2", "a,b", "18446744073709551616,0"] {
        assert!(HeartBeat::parse(bad).is_err(), "{bad}");
    }
}

#[test]
fn debug_shows_no_passcode() {
    let frame = FrameBuilder::connect("a").login("me", "secret").headers([("token", "secret")]);
    let shown = format!("{frame:?}");
    assert!(shown.contains("Connect") && !shown.contains("secret"), "{shown}");
}
