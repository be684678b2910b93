//! Packets, and the attachments that follow them (*Packet encoding*).

use framewright::socketio::{Attachment, Decoder, Error, Json, Kind, Limits, Packet, SendError};
use framewright::{BufferFull, Chunk, OverLimit, SliceBuf};
use proptest::prelude::*;

fn packet<'a>(kind: Kind, namespace: &'a str, id: Option<u64>, json: &'a str) -> Packet<'a> {
    let json = (!json.is_empty()).then(|| Json::new(json).unwrap());
    Packet { kind, namespace, id, attachments: 0, json }
}

fn event<'a>(namespace: &'a str, json: &'a str) -> Packet<'a> {
    Packet::event(namespace, Json::new(json).unwrap())
}

/// (*Format*)
#[test]
fn packets_are_read_and_written() {
    let placeholders = r#"["e",{"_placeholder":true,"num":1},{"_placeholder":true,"num":0}]"#;
    let text = format!("52-/a,3{placeholders}");
    for (text, expected) in [
        ("0", packet(Kind::Connect, "/", None, "")),
        (r#"0{"t":1}"#, packet(Kind::Connect, "/", None, r#"{"t":1}"#)),
        ("0/a,", packet(Kind::Connect, "/a", None, "")),
        (r#"0/a,{"t":1}"#, packet(Kind::Connect, "/a", None, r#"{"t":1}"#)),
        ("0/a?b=1,", packet(Kind::Connect, "/a?b=1", None, "")),
        ("1", packet(Kind::Disconnect, "/", None, "")),
        ("1/a,", packet(Kind::Disconnect, "/a", None, "")),
        (r#"2["e"]"#, event("/", r#"["e"]"#)),
        (r#"2[7,"x"]"#, event("/", r#"[7,"x"]"#)),
        (r#"20["e"]"#, event("/", r#"["e"]"#).id(0)),
        (r#"2/a,12["e"]"#, event("/a", r#"["e"]"#).id(12)),
        (r#"218446744073709551615["e"]"#, event("/", r#"["e"]"#).id(u64::MAX)),
        (
            r#"2["e",{"_placeholder":true,"num":0}]"#,
            event("/", r#"["e",{"_placeholder":true,"num":0}]"#),
        ),
        ("30[]", packet(Kind::Ack, "/", Some(0), "[]")),
        (r#"3/a,12["x"]"#, packet(Kind::Ack, "/a", Some(12), r#"["x"]"#)),
        (r#"4{"message":"no"}"#, packet(Kind::ConnectError, "/", None, r#"{"message":"no"}"#)),
        (
            r#"4/a,{"message":"no","data":{}}"#,
            packet(Kind::ConnectError, "/a", None, r#"{"message":"no","data":{}}"#),
        ),
        (r#"4"no""#, packet(Kind::ConnectError, "/", None, r#""no""#)),
        (r#"51-["e",1]"#, event("/", r#"["e",1]"#).attachments(1)),
        (&text, event("/a", placeholders).id(3).attachments(2)),
        (
            r#"61-/a,7[{"_placeholder":true,"num":0}]"#,
            packet(Kind::Ack, "/a", Some(7), r#"[{"_placeholder":true,"num":0}]"#).attachments(1),
        ),
    ] {
        assert_eq!(Packet::parse(text), Ok(expected), "{text}");
        let mut out = Vec::new();
        expected.write(&mut out).unwrap();
        assert_eq!(out, text.as_bytes());
        let full = SendError::BufferFull(BufferFull { needed: text.len() });
        assert_eq!(expected.write(&mut SliceBuf::new(&mut [])), Err(full));
    }
}

#[test]
fn some_packets_can_be_written_in_another_way() {
    for (text, expected) in [
        ("0/,", packet(Kind::Connect, "/", None, "")),
        ("0/a", packet(Kind::Connect, "/a", None, "")),
        (r#"0/a{"t":1}"#, packet(Kind::Connect, r#"/a{"t":1}"#, None, "")),
        (r#"2007["e"]"#, event("/", r#"["e"]"#).id(7)),
        (r#"2["connect"]"#, event("/", r#"["connect"]"#)),
        (r#"2[ "e" ] "#, event("/", r#"[ "e" ] "#)),
    ] {
        assert_eq!(Packet::parse(text), Ok(expected), "{text}");
    }
}

#[test]
fn what_is_no_packet_is_refused() {
    for (text, error) in [
        ("", Error::PacketEmpty),
        ("7", Error::PacketType(b'7')),
        ("8[]", Error::PacketType(b'8')),
        ("a", Error::PacketType(b'a')),
        ("é", Error::PacketType(0xC3)),
        ("0null", Error::Payload),
        ("0[]", Error::Payload),
        (r#"0"x""#, Error::Payload),
        ("0{", Error::Payload),
        ("05{}", Error::AckId),
        ("0/a\n,", Error::Namespace),
        ("0/\u{1E}", Error::Namespace),
        ("2/\u{7F},[\"e\"]", Error::Namespace),
        ("1{}", Error::Payload),
        ("17", Error::AckId),
        ("2", Error::Payload),
        ("2{}", Error::Payload),
        ("2[]", Error::Payload),
        ("2[null]", Error::Payload),
        ("2[true]", Error::Payload),
        (r#"2["e""#, Error::Payload),
        (r#"2["e"]x"#, Error::Payload),
        (r#"2abc["e"]"#, Error::Payload),
        (r#"2-1["e"]"#, Error::Payload),
        (r#"21.5["e"]"#, Error::Payload),
        (r#"2 ["e"]"#, Error::Payload),
        (r#"218446744073709551616["e"]"#, Error::AckId),
        ("3[]", Error::AckId),
        ("30{}", Error::Payload),
        ("30", Error::Payload),
        ("4[]", Error::Payload),
        ("4", Error::Payload),
        (r#"50-["e"]"#, Error::AttachmentCount),
        (r#"5["e"]"#, Error::AttachmentCount),
        ("5-[]", Error::AttachmentCount),
        (r#"501-["e"]"#, Error::AttachmentCount),
        (r#"5+1-["e"]"#, Error::AttachmentCount),
        (r#"51.0-["e"]"#, Error::AttachmentCount),
        (r#"5 1-["e"]"#, Error::AttachmentCount),
        (r#"54294967296-["e"]"#, Error::AttachmentCount),
        ("5", Error::AttachmentCount),
    ] {
        assert_eq!(Packet::parse(text), Err(error), "{text}");
    }
}

#[test]
fn what_a_peer_would_refuse_is_not_written() {
    let sent = event("/", r#"["e"]"#);
    for (packet, error) in [
        (Packet { namespace: "a", ..sent }, SendError::Namespace),
        (Packet { namespace: "", ..sent }, SendError::Namespace),
        (Packet { namespace: "/a,b", ..sent }, SendError::Namespace),
        (Packet { namespace: "/a\n", ..sent }, SendError::Namespace),
        (Packet { kind: Kind::Ack, ..sent }, SendError::AckId),
        (Packet { kind: Kind::Connect, id: Some(1), json: None, ..sent }, SendError::AckId),
        (Packet { kind: Kind::Connect, json: None, ..sent }.attachments(1), SendError::Attachments),
        (Packet { kind: Kind::Connect, ..sent }, SendError::Payload),
        (event("/", "[]"), SendError::Payload),
        (event("/", "[[]]"), SendError::Payload),
        (event("/", "{}"), SendError::Payload),
        (Packet { json: None, ..sent }, SendError::Payload),
        (event("/", r#"["connect"]"#), SendError::ReservedName),
        (event("/", r#"["connect_error"]"#), SendError::ReservedName),
        (event("/", r#"["disconnect",1]"#), SendError::ReservedName),
        (event("/", r#"["disconnecting"]"#), SendError::ReservedName),
        (event("/", r#"["newListener"]"#), SendError::ReservedName),
        (event("/", r#"["removeListener"]"#), SendError::ReservedName),
        // The peer resolves escapes before it compares.
        (event("/", r#"["connec\u0074"]"#), SendError::ReservedName),
        (event("/", r#"["\u006eew\u004Cistener"]"#), SendError::ReservedName),
    ] {
        let mut out = Vec::new();
        assert_eq!(packet.write(&mut out), Err(error), "{packet:?}");
        assert_eq!(out, b"");
    }
}

#[test]
fn names_and_arguments_stay_text() {
    for (json, name, arguments) in [
        (r#"["e"]"#, "e", ""),
        (r#"["e",1, {"a":[2]}]"#, "e", r#"1, {"a":[2]}"#),
        (r#"[ "a\"b" , "x" ] "#, r#"a\"b"#, r#""x""#),
        (r#"[12,"]"]"#, "12", r#""]""#),
    ] {
        let packet = event("/", json);
        assert_eq!((packet.event_name(), packet.arguments()), (Some(name), arguments));
    }
    let ack = Packet::ack("/", 1, Json::new("[1,2]").unwrap());
    assert_eq!((ack.event_name(), ack.arguments()), (None, "1,2"));
    let connect = Packet::parse("0{}").unwrap();
    assert_eq!((connect.event_name(), connect.arguments()), (None, ""));
}

/// (*Packet encoding*)
#[test]
fn attachments_follow_their_packet() {
    let mut decoder = Decoder::new(Limits::new());
    let packet = decoder.decode_text(r#"52-["e"]"#, 5).unwrap();
    assert_eq!((packet.attachments, decoder.deadline()), (2, Some(30_005)));
    let head = Chunk { bytes: b"ab", start: true, end: false };
    let tail = Chunk { bytes: b"", start: false, end: true };
    let expected = |index, last, chunk| Ok(Attachment { index, last, chunk });
    assert_eq!(decoder.decode_binary(head), expected(0, false, head));
    assert_eq!(decoder.decode_binary(tail), expected(0, false, tail));
    let whole = Chunk::whole(b"");
    assert_eq!(decoder.decode_binary(whole), expected(1, true, whole));
    assert_eq!(decoder.deadline(), None);
    assert!(decoder.decode_text("1", 6).is_ok());
}

#[test]
fn attachments_have_limits() {
    let limits = Limits::new().max_attachments(2).max_attachments_len(5).attachments_within(10);
    let begun = || {
        let mut decoder = Decoder::new(limits);
        decoder.decode_text(r#"52-["e"]"#, 0).unwrap();
        decoder
    };
    let mut decoder = Decoder::new(limits);
    let error = Error::TooManyAttachments { limit: 2 };
    assert_eq!(decoder.decode_text(r#"53-["e"]"#, 0), Err(error));
    assert_eq!(decoder.decode_text("0", 0), Err(error), "it is final");
    assert_eq!(decoder.decode_binary(Chunk::whole(b"")), Err(error));

    let mut decoder = begun();
    assert!(
        [&b"abc"[..], b"de"].map(Chunk::whole).map(|c| decoder.decode_binary(c).is_ok())
            == [true; 2]
    );
    let mut decoder = begun();
    assert!(decoder.decode_binary(Chunk::whole(b"abc")).is_ok());
    let error = Error::AttachmentsTooLong(OverLimit::new(6, 5));
    assert_eq!(decoder.decode_binary(Chunk::whole(b"abc")), Err(error));

    let mut decoder = begun();
    assert_eq!(decoder.check_time(9), Ok(()));
    assert_eq!(decoder.check_time(10), Err(Error::AttachmentsLate));

    assert_eq!(begun().decode_text("0", 0), Err(Error::AttachmentMissing));
    let mut decoder = Decoder::new(limits);
    assert_eq!(decoder.decode_binary(Chunk::whole(b"")), Err(Error::AttachmentUnexpected));
}

/// A reader that goes by the document, and by another parser of JSON.
fn naive(text: &str) -> Option<(u8, u32, String, Option<u64>, String)> {
    let digit = *text.as_bytes().first().filter(|digit| (b'0'..=b'6').contains(digit))?;
    let mut rest = &text[1..];
    let mut attachments = 0;
    if digit >= b'5' {
        let (count, after) = rest.split_once('-')?;
        attachments = count.parse().ok().filter(|n: &u32| *n > 0 && n.to_string() == count)?;
        rest = after;
    }
    let mut namespace = "/".to_owned();
    if rest.starts_with('/') {
        let end = rest.find(',').unwrap_or(rest.len());
        namespace = rest[..end].to_owned();
        rest = rest.get(end + 1..).unwrap_or("");
    }
    let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let id = if digits == 0 { None } else { Some(rest[..digits].parse().ok()?) };
    let json = &rest[digits..];
    let value: Option<serde_json::Value> = match json {
        "" => None,
        _ => Some(serde_json::from_str(json).ok()?),
    };
    let valid = match (digit, &value) {
        (b'0', None | Some(serde_json::Value::Object(_))) | (b'1', None) => id.is_none(),
        (b'2' | b'5', Some(serde_json::Value::Array(values))) => {
            values.first().is_some_and(|name| name.is_string() || name.is_number())
        }
        (b'3' | b'6', Some(serde_json::Value::Array(_))) => id.is_some(),
        (b'4', Some(value)) => id.is_none() && (value.is_object() || value.is_string()),
        _ => false,
    };
    let space = json.starts_with([' ', '\n', '\t', '\r']);
    (valid && !space).then(|| (digit, attachments, namespace, id, json.to_owned()))
}

proptest! {
    #[test]
    fn any_text_is_read_as_a_naive_reader_does(
        head in "[0-7]?(([0-9]{1,2})?-)?(/[a-z?]{0,3},?)?[0-9]{0,3}",
        json in r#"(\["[a-z]{0,3}"(,[0-9]{1,2}){0,2}\]|\{("a":1)?\}|[\[\]{}",a1 ]{0,5})"#,
    ) {
        let text = head + &json;
        let got = Packet::parse(&text).ok();
        let expected = naive(&text);
        prop_assert_eq!(got.is_some(), expected.is_some(), "{}", text);
        if let (Some(got), Some((_, attachments, namespace, id, json))) = (got, expected) {
            prop_assert_eq!((got.attachments, got.namespace, got.id, got.json.map_or("", Json::as_str)), (attachments, &*namespace, id, &*json));
            let mut out = Vec::new();
            if got.write(&mut out).is_ok() {
                let again = String::from_utf8(out).unwrap();
                prop_assert_eq!(Packet::parse(&again), Ok(got));
            }
        }
    }
}
