//! Generated values are values that a caller could have made.
#![cfg(feature = "arbitrary")]

use arbitrary::{Arbitrary, Unstructured};
use framewright::sse::{self, Assembler, Encoder, Item, Storage};
use framewright::ws::{self, CloseFrame, FrameHeader, Opcode};
use framewright::{
    BufferFull, Chunk, SliceBuf, engineio, grpc, http1, http2, socketio, sockjs, stomp,
};
use proptest::prelude::{ProptestConfig, any, prop_assert_eq, proptest};
use proptest::{collection, test_runner::TestCaseError};

/// Calls `check` with values made from `bytes` until the bytes are used up.
fn each<'a, T: Arbitrary<'a>>(
    bytes: &'a [u8],
    check: impl Fn(T) -> Result<(), TestCaseError>,
) -> Result<(), TestCaseError> {
    let mut u = Unstructured::new(bytes);
    while !u.is_empty() {
        let before = u.len();
        match u.arbitrary() {
            Ok(value) => check(value)?,
            Err(_) => break,
        }
        if u.len() == before {
            break;
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_header_is_one_that_parses_back(bytes in collection::vec(any::<u8>(), 0..400)) {
        each(&bytes, |header: FrameHeader| {
            let printed = header.to_bytes();
            prop_assert_eq!(FrameHeader::parse(&printed), Ok(Some((header, printed.len()))));
            Ok(())
        })?;
    }

    #[test]
    fn a_header_of_http2_is_one_that_parses_back(bytes in collection::vec(any::<u8>(), 0..400)) {
        each(&bytes, |header: http2::FrameHeader| {
            prop_assert_eq!(http2::FrameHeader::parse(header.to_bytes()), header);
            prop_assert_eq!(header.stream().and_then(|id| http2::StreamId::new(id.get())), header.stream());
            Ok(())
        })?;
    }

    #[test]
    fn a_close_frame_is_one_that_may_be_sent(bytes in collection::vec(any::<u8>(), 0..600)) {
        each(&bytes, |close: CloseFrame<'_>| {
            let mut out = Vec::new();
            prop_assert_eq!(ws::Encoder::server().encode_close(close, &mut out), Ok(()));
            prop_assert_eq!(CloseFrame::parse(&out[2..]), Ok(close));
            Ok(())
        })?;
    }

    #[test]
    fn an_event_is_one_that_an_assembler_gives_out(bytes in collection::vec(any::<u8>(), 0..400)) {
        each(&bytes, |event: sse::Event<'_>| {
            let mut stream = Vec::new();
            // Not through the encoder, which refuses IDs that could not come back as a header.
            stream.extend(format!("event: {}\nid: {}\n", event.event_type, event.last_event_id).bytes());
            for line in event.data.split('\n') {
                stream.extend(format!("data: {line}\n").bytes());
            }
            stream.push(b'\n');
            let mut assembler = Assembler::new(sse::Limits::new(), Storage::<Vec<u8>>::default());
            prop_assert_eq!(assembler.receive(&mut &stream[..]), Some(Item::Event(event)));
            Ok(())
        })?;
    }

    #[test]
    fn fields_are_any_that_an_encoder_could_be_given(bytes in collection::vec(any::<u8>(), 0..400)) {
        each(&bytes, |fields: sse::EventBuilder<'_>| {
            let mut out = Vec::new();
            let (encoded, no_room) = (
                Encoder::new().encode(fields, &mut out),
                Encoder::new().encode(fields, &mut SliceBuf::new(&mut [])),
            );
            let full = BufferFull { needed: out.len() };
            prop_assert_eq!(no_room, encoded.and(Err(sse::SendError::BufferFull(full))));
            Ok(())
        })?;
    }

    #[test]
    fn a_timeout_is_one_that_parses_back(bytes in collection::vec(any::<u8>(), 0..100)) {
        each(&bytes, |timeout: grpc::Timeout| {
            prop_assert_eq!(grpc::Timeout::parse(timeout.to_string().as_bytes()), Some(timeout));
            Ok(())
        })?;
    }

    #[test]
    fn a_content_type_is_one_that_parses_back(bytes in collection::vec(any::<u8>(), 0..200)) {
        each(&bytes, |content_type: grpc::ContentType| {
            let printed = content_type.to_string();
            prop_assert_eq!(grpc::ContentType::parse(printed.as_bytes()), Some(content_type));
            Ok(())
        })?;
    }

    #[test]
    fn a_status_is_one_that_comes_back(bytes in collection::vec(any::<u8>(), 0..300)) {
        each(&bytes, |status: grpc::Status<'_>| {
            let mut lines = Vec::new();
            prop_assert_eq!(grpc::Trailers::new(status).write(&mut lines), Ok(()));
            let fields = framewright::http::Headers::parse_lax(&lines).expect("lines that were written");
            let read = grpc::Status::parse(fields).expect("a status was written");
            prop_assert_eq!((read.code, read.details.is_some()), (status.code, status.details.is_some()));
            prop_assert_eq!(read.message.to_string(), status.message.to_string());
            Ok(())
        })?;
    }

    #[test]
    fn a_packet_of_engineio_is_one_that_parses_back(bytes in collection::vec(any::<u8>(), 0..300)) {
        use engineio::Packet;
        each(&bytes, |packet: Packet<'_>| {
            let mut out = Vec::new();
            packet.write(&mut out).unwrap();
            let message = match packet {
                Packet::Binary(_) => ws::Message::Binary(&out),
                _ => ws::Message::Text(std::str::from_utf8(&out).unwrap()),
            };
            prop_assert_eq!(Packet::parse(message), Ok(packet));
            Ok(())
        })?;
    }

    #[test]
    fn a_request_of_engineio_is_one_that_parses_back(bytes in collection::vec(any::<u8>(), 0..300)) {
        use engineio::{Request, Transport};
        each(&bytes, |request: Request<'_>| {
            let (method, transport, sid) = match request {
                Request::Open { transport, base64 } => {
                    let sid = if base64 { "&b64=1".to_owned() } else { String::new() };
                    ("GET", transport, sid)
                }
                Request::Get { sid } => ("GET", Transport::Polling, format!("&sid={sid}")),
                Request::Post { sid } => ("POST", Transport::Polling, format!("&sid={sid}")),
                Request::Upgrade { sid } => ("GET", Transport::WebSocket, format!("&sid={sid}")),
            };
            let is_socket = transport == Transport::WebSocket;
            let name = if is_socket { "websocket" } else { "polling" };
            let target = format!("/?EIO=4&transport={name}{sid}");
            prop_assert_eq!(Request::parse(method, &target, is_socket), Ok(request));
            Ok(())
        })?;
    }

    #[test]
    fn a_handshake_is_one_that_parses_back(bytes in collection::vec(any::<u8>(), 0..300)) {
        each(&bytes, |handshake: engineio::Handshake<'_>| {
            let engineio::Handshake { sid, upgrades, ping_interval, ping_timeout, max_payload } = handshake;
            let upgrades = if upgrades { r#""websocket""# } else { "" };
            let max_payload = max_payload.map_or(String::new(), |len| format!(r#","maxPayload":{len}"#));
            let json = format!(
                r#"{{"sid":"{sid}","upgrades":[{upgrades}],"pingInterval":{ping_interval},"pingTimeout":{ping_timeout}{max_payload}}}"#
            );
            prop_assert_eq!(engineio::Handshake::parse(&json), Ok(handshake));
            Ok(())
        })?;
    }

    #[test]
    fn a_packet_of_socketio_is_one_that_parses_back(bytes in collection::vec(any::<u8>(), 0..300)) {
        each(&bytes, |packet: socketio::Packet<'_>| {
            let mut out = Vec::new();
            prop_assert_eq!(packet.write(&mut out), Ok(()));
            prop_assert_eq!(socketio::Packet::parse(std::str::from_utf8(&out).unwrap()), Ok(packet));
            Ok(())
        })?;
    }

    #[test]
    fn a_frame_of_stomp_is_one_that_can_be_asked_for(bytes in collection::vec(any::<u8>(), 0..300)) {
        each(&bytes, |frame: stomp::FrameBuilder<'_>| {
            let mut out = Vec::new();
            let encoded = stomp::Encoder::new(stomp::Version::V1_2).encode(frame, &mut out);
            prop_assert_eq!(encoded.is_ok(), out.ends_with(b"\0"));
            Ok(())
        })?;
    }

    #[cfg(feature = "deflate")]
    #[test]
    fn a_configuration_is_one_that_both_ends_can_agree_on(bytes in collection::vec(any::<u8>(), 0..100)) {
        use framewright::ws::{deflate::Config, handshake::Extensions};
        each(&bytes, |config: Config| {
            let offer = config.offer();
            let offers = Extensions::parse(offer.as_str().as_bytes()).unwrap();
            let (params, answer) = config.negotiate(offers).expect("we would accept it");
            let answers = Extensions::parse(answer.as_str().as_bytes()).unwrap();
            prop_assert_eq!(config.check(answers), Ok(Some(params)));
            Ok(())
        })?;
    }
}

/// Every variant is generated, and every form of length.
#[test]
fn every_variant_and_every_form_of_length_is_generated() {
    let mut seed = 1_u64;
    let bytes: Vec<u8> = std::iter::repeat_with(|| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (seed >> 56) as u8
    })
    .take(1 << 16)
    .collect();
    let mut u = Unstructured::new(&bytes);
    let mut forms = std::collections::BTreeSet::new();
    let mut codes = std::collections::BTreeSet::new();
    for _ in 0..500 {
        let header: FrameHeader = u.arbitrary().unwrap();
        let form = match header.len() {
            0..=125 => 2,
            126..=0xFFFF => 4,
            _ => 10,
        };
        forms.insert((header.opcode() as u8, form, header.key().is_some()));
        codes.insert(u.arbitrary::<grpc::Code>().unwrap());
    }
    // Data frames in three forms, control frames in one, each with and without a key.
    assert_eq!(forms.len(), (3 * 3 + 3) * 2);
    assert_eq!(codes.len(), grpc::Code::ALL.len());
}

/// The other types are generated without a panic, even from no bytes.
#[test]
fn every_type_is_generated_from_any_bytes() {
    fn make<'a, T: Arbitrary<'a>>(bytes: &'a [u8]) {
        assert!(T::size_hint(0).0 <= 128);
        let _value = T::arbitrary(&mut Unstructured::new(bytes));
        let _rest = T::arbitrary_take_rest(Unstructured::new(bytes));
    }
    for bytes in [&[][..], &[0; 200], &[0xFF; 200]] {
        make::<Chunk<'_>>(bytes);
        make::<http1::Body>(bytes);
        make::<http1::Limits>(bytes);
        make::<http1::Version>(bytes);
        make::<ws::Kind>(bytes);
        make::<ws::Limits>(bytes);
        make::<ws::Mask>(bytes);
        make::<ws::Message<'_>>(bytes);
        make::<ws::Role>(bytes);
        make::<Opcode>(bytes);
        make::<sse::Limits>(bytes);
        make::<sse::Policy>(bytes);
        make::<sse::Response<'_>>(bytes);
        make::<engineio::ClientRequest>(bytes);
        make::<engineio::Limits>(bytes);
        make::<engineio::Part<'_>>(bytes);
        make::<engineio::Refusal>(bytes);
        make::<engineio::Sent>(bytes);
        make::<socketio::Attachment<'_>>(bytes);
        make::<socketio::Limits>(bytes);
        make::<sockjs::CallbackError>(bytes);
        make::<sockjs::Frame<'_>>(bytes);
        make::<sockjs::Framing>(bytes);
        make::<sockjs::Limits>(bytes);
        make::<sockjs::Receiver>(bytes);
        make::<sockjs::Routes>(bytes);
        make::<sockjs::Sender>(bytes);
        make::<stomp::AckMode>(bytes);
        make::<stomp::Delivery<'_>>(bytes);
        make::<stomp::HeartBeat>(bytes);
        make::<stomp::Limits>(bytes);
        make::<stomp::RequiredHeader>(bytes);
        make::<stomp::Versions>(bytes);
        make::<http2::BlockFrame>(bytes);
        make::<http2::Limits>(bytes);
        make::<http2::Request<'_>>(bytes);
        make::<http2::Role>(bytes);
        make::<http2::Setting>(bytes);
        make::<grpc::CallKind>(bytes);
        make::<grpc::Limits>(bytes);
        make::<grpc::Message<'_>>(bytes);
        make::<grpc::Prefix>(bytes);
    }
}
