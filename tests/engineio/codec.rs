//! Packets, and bodies of them (*Packet encoding*, *HTTP long-polling*).

use framewright::engineio::{Error, Kind, Packet, PayloadEncoder, SendError};
use framewright::ws::{CloseCode, Message};
use framewright::{Buffer, BufferFull, SliceBuf};
use proptest::prelude::*;

use crate::common::engineio::{Got, decode, naive, text};
use crate::common::{same_however_cut_twice, same_however_split};

/// (*Packet encoding*)
#[test]
fn a_websocket_message_is_one_packet() {
    for (message, kind, data) in [
        ("0{}", Kind::Open, "{}"),
        ("1", Kind::Close, ""),
        ("2", Kind::Ping, ""),
        ("2probe", Kind::Ping, "probe"),
        ("3probe", Kind::Pong, "probe"),
        ("4hi", Kind::Message, "hi"),
        ("4", Kind::Message, ""),
        ("4é", Kind::Message, "é"),
        ("4a\0b", Kind::Message, "a\0b"),
        ("4a\u{1E}b", Kind::Message, "a\u{1E}b"),
        ("5", Kind::Upgrade, ""),
        ("6", Kind::Noop, ""),
    ] {
        let packet = Packet::Text(kind, data);
        assert_eq!(Packet::parse(Message::Text(message)), Ok(packet));
        let mut out = Vec::new();
        packet.write(&mut out).unwrap();
        assert_eq!(out, message.as_bytes());
    }
    for bytes in [&b"\x01\x02\xFF"[..], b"", b"\x04"] {
        assert_eq!(Packet::parse(Message::Binary(bytes)), Ok(Packet::Binary(bytes)));
    }
}

#[test]
fn base64_may_come_as_text_over_websocket() {
    for (message, expected) in [
        ("b", &b""[..]),
        ("bAQL/", b"\x01\x02\xFF"),
        ("bAA==", b"\0"),
        ("bAAA=", b"\0\0"),
        ("bAB==", b"\0"),
    ] {
        let Ok(packet @ Packet::Base64(base64)) = Packet::parse(Message::Text(message)) else {
            panic!("{message} is base64");
        };
        let mut out = Vec::new();
        base64.decode(&mut out).unwrap();
        assert_eq!((&out[..], base64.len()), (expected, expected.len()));
        assert_eq!(base64.as_str(), &message[1..]);
        out.clear();
        packet.write(&mut out).unwrap();
        assert_eq!(out, message.as_bytes());
        let full = base64.decode(&mut SliceBuf::new(&mut [])).err();
        assert_eq!(full, (!expected.is_empty()).then_some(BufferFull { needed: expected.len() }));
    }
    for message in
        ["bA", "bAA", "bAA=", "b====", "bA===", "bAA==AA==", "b!!!!", "bAA-_", "bAA =", "bé"]
    {
        assert_eq!(Packet::parse(Message::Text(message)), Err(Error::Base64), "{message}");
    }
}

#[test]
fn what_is_no_packet_is_refused() {
    for (message, error) in [
        ("", Error::PacketEmpty),
        ("7", Error::PacketType(b'7')),
        ("a4", Error::PacketType(b'a')),
        (" 4a", Error::PacketType(b' ')),
        ("é", Error::PacketType(0xC3)),
    ] {
        assert_eq!(Packet::parse(Message::Text(message)), Err(error));
        assert_eq!(error.close_code(), CloseCode::PROTOCOL_ERROR);
    }
}

/// (*Packet encoding*)
#[test]
fn a_body_is_packets_joined_by_a_separator() {
    for (body, expected) in [
        (&b"4hi"[..], vec![text(Kind::Message, "hi")]),
        (b"4", vec![text(Kind::Message, "")]),
        (b"b", vec![Got::Binary(vec![])]),
        (
            b"4a\x1E4b\x1EbAA==\x1E3",
            vec![
                text(Kind::Message, "a"),
                text(Kind::Message, "b"),
                Got::Binary(vec![0]),
                text(Kind::Pong, ""),
            ],
        ),
        (b"4a\0b\x1E4a\r\n", vec![text(Kind::Message, "a\0b"), text(Kind::Message, "a\r\n")]),
        ("4é\u{1E}6".as_bytes(), vec![text(Kind::Message, "é"), text(Kind::Noop, "")]),
        (b"bAQL/AQ==\x1Eb", vec![Got::Binary(vec![1, 2, 255, 1]), Got::Binary(vec![])]),
    ] {
        assert_eq!(same_however_cut_twice(body, decode), (expected.clone(), None));
        assert_eq!(naive(body), Some(expected));
    }
}

#[test]
fn a_malformed_body_is_refused() {
    for (body, error) in [
        (&b""[..], Error::PacketEmpty),
        (b"\x1E4a", Error::PacketEmpty),
        (b"4a\x1E", Error::PacketEmpty),
        (b"4a\x1E\x1E4b", Error::PacketEmpty),
        (b"7", Error::PacketType(b'7')),
        (b"a4", Error::PacketType(b'a')),
        (b" 4a", Error::PacketType(b' ')),
        (b"b!", Error::Base64),
        (b"bAA", Error::Base64),
        (b"bAA\x1E4", Error::Base64),
        (b"bAA==AA==", Error::Base64),
        (b"bAA==\x1EbAA==A", Error::Base64),
        (b"b=", Error::Base64),
        (b"4\xFF", Error::InvalidUtf8),
        (b"4\xC3", Error::InvalidUtf8),
        (b"4\xC3\x1E4", Error::InvalidUtf8),
    ] {
        let (_, got) = same_however_split(body, decode);
        assert_eq!(got, Some(error), "{}", body.escape_ascii());
        assert_eq!(naive(body), None);
    }
    assert_eq!(Error::InvalidUtf8.close_code(), CloseCode::INVALID_DATA);
}

#[test]
fn text_with_a_separator_cannot_be_polled() {
    let (mut encoder, mut out) = (PayloadEncoder::new(), Vec::new());
    let packet = Packet::Text(Kind::Message, "a\u{1E}b");
    assert_eq!(encoder.encode(packet, &mut out), Err(SendError::Separator));
    let mut room = [0; 2];
    let mut small = SliceBuf::new(&mut room);
    encoder.encode(Packet::Text(Kind::Message, "a"), &mut small).unwrap();
    let full = SendError::BufferFull(BufferFull { needed: 8 });
    assert_eq!(encoder.encode(Packet::Binary(&[0]), &mut small), Err(full));
    assert_eq!(small.as_slice(), b"4a");
}

fn packets() -> impl Strategy<Value = Vec<Got>> {
    let kind = prop_oneof![Just(Kind::Message), Just(Kind::Ping), Just(Kind::Pong)];
    let text = (kind, "[^\u{1E}]{0,20}").prop_map(|(kind, data)| text(kind, &data));
    let binary = prop::collection::vec(any::<u8>(), 0..600).prop_map(Got::Binary);
    prop::collection::vec(prop_oneof![text, binary], 1..6)
}

proptest! {
    #[test]
    fn what_is_encoded_decodes(packets in packets(), size in 1_usize..50) {
        let (mut encoder, mut body) = (PayloadEncoder::new(), Vec::new());
        for packet in &packets {
            let packet = match packet {
                Got::Text(kind, data) => Packet::Text(*kind, std::str::from_utf8(data).unwrap()),
                Got::Binary(data) => Packet::Binary(data),
            };
            encoder.encode(packet, &mut body).unwrap();
        }
        let pieces: Vec<_> = body.chunks(size).collect();
        prop_assert_eq!(decode(&pieces), (packets, None));
    }

    #[test]
    fn any_body_is_read_as_a_naive_reader_does(body in "[0-6b7\u{1E}AQ=+é]{0,12}", byte in any::<u8>(), at in 0_usize..12) {
        let mut body = body.into_bytes();
        let at = at.min(body.len());
        body.splice(at..at, (byte % 8 == 0).then_some(byte));
        let (got, error) = same_however_split(&body, decode);
        prop_assert_eq!(error.is_none().then_some(got), naive(&body));
    }
}
