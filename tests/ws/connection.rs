//! Both directions of a connection, in the order of RFC 6455: §5.4, §5.5, §7.
#![cfg(feature = "alloc")]

use crate::common::same_however_split;
use crate::common::ws::{frame, masked};
use framewright::ws::{
    Client, CloseCode, CloseFrame, Closer, Connection, Encoder, Ending, Error, Event, Kind, Limits,
    Message, Part, SendError, Server, Side,
};
use framewright::{Buffer, BufferFull, OverLimit, SliceBuf};

/// A close frame without a payload.
const EMPTY: CloseFrame<'_> = CloseFrame { code: CloseCode::NO_STATUS, reason: "" };

fn server() -> Connection<Server> {
    Connection::server(Limits::new())
}

fn client() -> Connection<Client> {
    Connection::client(Limits::new(), || [0; 4])
}

/// Receives `bytes`, and returns what happened in words.
fn receive<S: Side>(connection: &mut Connection<S>, bytes: &[u8]) -> Vec<String> {
    let mut bytes = bytes.to_vec();
    let mut input = &mut bytes[..];
    let mut events = Vec::new();
    while let Some(event) = connection.receive(&mut input) {
        events.push(match event {
            Event::Part(part) => {
                let text = String::from_utf8_lossy(part.chunk().bytes).into_owned();
                match part {
                    Part::Ping(_) => format!("ping {text}"),
                    Part::Pong(_) => format!("pong {text}"),
                    _ => text,
                }
            }
            Event::Close(code) => format!("close {}", code.0),
            Event::Failed(e) => format!("failed {e:?}"),
        });
    }
    assert!(input.is_empty(), "None means that all was taken");
    events
}

fn transmit<S: Side>(connection: &mut Connection<S>) -> Vec<u8> {
    let mut out = Vec::new();
    assert!(connection.transmit(&mut out));
    assert!(!connection.owes());
    out
}

/// A close frame's payload.
fn close(code: u16, reason: &str) -> Vec<u8> {
    [&code.to_be_bytes(), reason.as_bytes()].concat()
}

// §5.4 Fragmentation

#[test]
fn a_pong_waits_for_the_end_of_a_half_written_frame() {
    let mut server = server();
    let mut out = Vec::new();
    server.encoder().unwrap().begin_frame(Kind::Text, 4, true, &mut out).unwrap();
    server.encoder().unwrap().encode_payload(b"ab", &mut out).unwrap();
    receive(&mut server, &masked(0x89, b"?"));
    assert!(!server.transmit(&mut out), "it is still owed");
    assert!(server.owes());
    assert_eq!(server.ping(b"", &mut out), Err(SendError::FrameUnfinished));
    assert_eq!(server.send("x", &mut out), Err(SendError::FrameUnfinished));
    assert_eq!(server.close(CloseCode::NORMAL, "", &mut out), Err(SendError::FrameUnfinished));
    server.encoder().unwrap().encode_payload(b"cd", &mut out).unwrap();
    assert!(server.transmit(&mut out));
    assert_eq!(out, [frame(0x81, b"abcd"), frame(0x8A, b"?")].concat());
}

#[test]
fn a_pong_may_come_between_fragments_and_a_message_may_not() {
    let mut server = server();
    let mut out = Vec::new();
    server.encoder().unwrap().encode_fragment(Kind::Binary, b"a", false, &mut out).unwrap();
    receive(&mut server, &masked(0x89, b"?"));
    assert!(server.transmit(&mut out));
    assert_eq!(server.send("x", &mut out), Err(SendError::MessageUnfinished));
    assert_eq!(server.ready(), Err(SendError::MessageUnfinished));
    let text = server.encoder().unwrap().encode_fragment(Kind::Text, b"b", true, &mut out);
    assert_eq!(text, Err(SendError::MessageUnfinished), "it is not the kind that was begun");
    server.encoder().unwrap().encode_fragment(Kind::Binary, b"b", true, &mut out).unwrap();
    server.send("x", &mut out).unwrap();
    let expected = [frame(0x02, b"a"), frame(0x8A, b"?"), frame(0x80, b"b"), frame(0x81, b"x")];
    assert_eq!(out, expected.concat());
}

// §5.5.1 Close

#[test]
fn a_close_is_answered_with_the_same_close() {
    let cases: [(&[u8], &str, &[u8]); 4] = [
        (b"", "close 1005", b""),
        (b"\x03\xE8", "close 1000", b"\x03\xE8"),
        (b"\x03\xE9going", "close 1001", b"\x03\xE9going"),
        (b"\x0F\xA0\xCE\xBA", "close 4000", b"\x0F\xA0\xCE\xBA"),
    ];
    for (payload, event, answer) in cases {
        let (events, out, ending) = same_however_split(&masked(0x88, payload), |pieces| {
            let mut server = server();
            let events: Vec<_> =
                pieces.iter().flat_map(|piece| receive(&mut server, piece)).collect();
            (events, transmit(&mut server), server.receive_eof())
        });
        assert_eq!(events, [event]);
        assert_eq!(out, frame(0x88, answer));
        assert!(!ending.truncated);
    }
}

#[test]
fn the_reason_of_a_close_is_there_to_read() {
    let mut server = server();
    assert_eq!(server.peer_close(), None);
    receive(&mut server, &masked(0x88, &close(3001, "κόσμε")));
    let expected = CloseFrame { code: CloseCode(3001), reason: "κόσμε" };
    assert_eq!(server.peer_close(), Some(expected));
    transmit(&mut server);
    assert_eq!(server.peer_close(), Some(expected));
}

/// T-CLOSE: one byte, reasons that are not UTF-8, codes that must not be sent.
#[test]
fn a_close_frame_that_breaks_a_rule_is_answered_with_the_right_code() {
    let cases: [(&[u8], Error, u16); 6] = [
        (b"\x03", Error::CloseTooShort, 1002),
        (b"\x03\xED", Error::CloseCodeInvalid(CloseCode(1005)), 1002),
        (b"\x00\x00", Error::CloseCodeInvalid(CloseCode(0)), 1002),
        (b"\xFF\xFFbye", Error::CloseCodeInvalid(CloseCode(65535)), 1002),
        (b"\x03\xE8\xFF", Error::CloseReasonInvalid, 1007),
        (b"\x03\xE8\xE2\x82", Error::CloseReasonInvalid, 1007),
    ];
    for (payload, error, code) in cases {
        let mut server = server();
        let events = receive(&mut server, &masked(0x88, payload));
        assert_eq!(events, [format!("failed {error:?}")]);
        assert_eq!((server.error(), server.peer_close()), (Some(error), None));
        assert_eq!(transmit(&mut server)[..4][2..], u16::to_be_bytes(code));
        assert_eq!(server.close_expected(), Some(Closer::Us));
    }
}

/// The registry of §11.7.
#[test]
fn a_close_code_displays_its_number_and_its_name() {
    let cases = [
        (CloseCode::NORMAL, "1000 (normal closure)"),
        (CloseCode::GOING_AWAY, "1001 (going away)"),
        (CloseCode::PROTOCOL_ERROR, "1002 (protocol error)"),
        (CloseCode::UNSUPPORTED_DATA, "1003 (unsupported data)"),
        (CloseCode::NO_STATUS, "1005 (no status received)"),
        (CloseCode::ABNORMAL, "1006 (abnormal closure)"),
        (CloseCode::INVALID_DATA, "1007 (invalid payload data)"),
        (CloseCode::POLICY, "1008 (policy violation)"),
        (CloseCode::TOO_BIG, "1009 (message too big)"),
        (CloseCode::EXTENSION_MISSING, "1010 (mandatory extension missing)"),
        (CloseCode::INTERNAL_ERROR, "1011 (internal error)"),
        (CloseCode::SERVICE_RESTART, "1012 (service restart)"),
        (CloseCode::TRY_AGAIN_LATER, "1013 (try again later)"),
        (CloseCode::BAD_GATEWAY, "1014 (bad gateway)"),
        (CloseCode::TLS_HANDSHAKE, "1015 (TLS handshake)"),
        (CloseCode(1004), "1004"),
        (CloseCode(4999), "4999"),
    ];
    for (code, text) in cases {
        assert_eq!(code.to_string(), text);
    }
}

/// T-CLOSE: §7.4.1, §7.4.2, and the registry of §11.7.
#[test]
fn every_close_code_is_let_through_or_refused_in_both_directions() {
    for code in 0..=u16::MAX {
        let allowed = match code {
            1000..=1003 | 1007..=1011 => true, // §7.4.1
            1012..=1014 => true,               // registered since
            1004..=1006 | 1015 => false,       // reserved
            3000..=4999 => true,               // §7.4.2: registered, and private use
            _ => false,
        };
        assert_eq!(CloseFrame::parse(&close(code, "x")).is_ok(), allowed, "{code} received");
        let mut out = Vec::new();
        let sent = server().close(CloseCode(code), "x", &mut out);
        let expected =
            if allowed { Ok(()) } else { Err(SendError::CloseCodeInvalid(CloseCode(code))) };
        assert_eq!(sent, expected, "{code} sent");
        assert_eq!(out, if allowed { frame(0x88, &close(code, "x")) } else { vec![] });
    }
    let mut out = Vec::new();
    server().close(CloseCode::NO_STATUS, "", &mut out).unwrap();
    assert_eq!(out, frame(0x88, b""), "no status is no payload");
}

/// T-CLOSE: on the wire, at either end.
#[test]
fn every_close_code_that_comes_is_answered_with_itself_or_with_1002() {
    fn answer<S: Side>(mut connection: Connection<S>, bytes: &[u8]) -> (Vec<u8>, bool) {
        let said = receive(&mut connection, bytes);
        assert_eq!(said.len(), 1);
        (transmit(&mut connection), connection.error().is_some())
    }

    for code in 0..=u16::MAX {
        let refused = !CloseCode(code).is_sendable();
        let payload = code.to_be_bytes();
        let answers =
            [answer(server(), &masked(0x88, &payload)), answer(client(), &frame(0x88, &payload))];
        for ((bytes, failed), header_len) in answers.into_iter().zip([2, 6]) {
            assert_eq!(failed, refused, "{code}");
            let key: Vec<u8> = bytes[2..header_len].to_vec();
            let unmask = |i: usize| key.get(i).copied().unwrap_or(0);
            let answered = [bytes[header_len] ^ unmask(0), bytes[header_len + 1] ^ unmask(1)];
            let expected = if refused { 1002 } else { code };
            assert_eq!(u16::from_be_bytes(answered), expected, "{code}");
        }
    }
}

#[test]
fn a_reason_has_123_bytes_and_not_one_more() {
    let mut out = Vec::new();
    let mut server = server();
    let too_long = server.close(CloseCode::NORMAL, &"x".repeat(124), &mut out);
    assert_eq!(too_long, Err(SendError::ControlTooLong));
    assert!(out.is_empty());
    server.close(CloseCode::NORMAL, &"x".repeat(123), &mut out).unwrap();
    assert_eq!(out, frame(0x88, &close(1000, &"x".repeat(123))));
}

/// T-CLOSE: data after a close.
/// (§1.4, §5.5.1).
#[test]
fn whatever_comes_after_a_close_is_ignored() {
    let bytes =
        [masked(0x88, b"\x03\xE8"), masked(0x81, b"late"), masked(0x89, b"late"), vec![0; 300]]
            .concat();
    let events = same_however_split(&bytes, |pieces| {
        let mut server = server();
        let events: Vec<_> = pieces.iter().flat_map(|piece| receive(&mut server, piece)).collect();
        assert_eq!(transmit(&mut server), frame(0x88, b"\x03\xE8"));
        events
    });
    assert_eq!(events, ["close 1000"]);
}

#[test]
fn a_connection_is_closing_once_any_close_frame_came_or_went_or_a_rule_was_broken() {
    let mut ours = server();
    assert!(!ours.is_closing());
    ours.close(CloseCode::NORMAL, "", &mut Vec::new()).unwrap();
    let (mut theirs, mut failed) = (server(), server());
    receive(&mut theirs, &masked(0x88, b""));
    receive(&mut failed, &masked(0x83, b""));
    for mut server in [ours, theirs, failed] {
        assert!(server.is_closing());
        assert_eq!(server.ready(), Err(SendError::Closing));
        transmit(&mut server);
        receive(&mut server, &masked(0x88, b""));
        transmit(&mut server);
        assert_eq!((server.is_closing(), server.close_expected()), (true, Some(Closer::Us)));
        assert_eq!(server.close(CloseCode::GOING_AWAY, "again", &mut Vec::new()), Ok(()));
        assert_eq!((server.is_closing(), server.close_expected()), (true, Some(Closer::Us)));
    }
}

/// T-CLOSE: a second close is never sent.
#[test]
fn nothing_is_sent_after_our_close() {
    let mut server = server();
    let mut out = Vec::new();
    server.close(CloseCode::GOING_AWAY, "bye", &mut out).unwrap();
    let expected = frame(0x88, &close(1001, "bye"));
    assert_eq!(server.send("x", &mut out), Err(SendError::Closing));
    assert_eq!(server.ping(b"", &mut out), Err(SendError::Closing));
    assert_eq!(server.close(CloseCode::NORMAL, "", &mut out), Ok(()), "the first one counts");
    assert!(server.is_closing());
    assert_eq!(server.ready(), Err(SendError::Closing));
    let late = [masked(0x81, b"late"), masked(0x89, b"?"), masked(0x88, b"\x03\xE9")].concat();
    assert_eq!(
        receive(&mut server, &late),
        ["late", "ping ?", "close 1001"],
        "what the peer said still comes"
    );
    assert!(server.transmit(&mut out), "neither pong nor second close is owed");
    assert_eq!(out, expected);
}

/// §5.5.1: "The application MUST NOT send any more data frames after sending a Close frame."
#[test]
fn an_encoder_sends_nothing_after_its_close_either() {
    let (mut encoder, mut out) = (Encoder::server(), Vec::new());
    encoder.encode_close(EMPTY, &mut out).unwrap();
    let closing = Err(SendError::Closing);
    assert_eq!(encoder.encode(Message::Text("x"), &mut out), closing);
    assert_eq!(encoder.encode_compressed(Kind::Text, b"x", &mut out), closing);
    assert_eq!(encoder.encode_fragment(Kind::Text, b"x", false, &mut out), closing);
    assert_eq!(encoder.begin_frame(Kind::Binary, 1, true, &mut out), closing);
    assert_eq!(encoder.encode_header(Kind::Binary, 1, true).map(drop), closing);
    assert_eq!(encoder.encode_ping(b"", &mut out), closing);
    assert_eq!(encoder.encode_pong(b"", &mut out), closing);
    assert_eq!(encoder.encode_close(EMPTY, &mut out), closing);
    assert_eq!(encoder.ready(), closing);
    assert_eq!(out, frame(0x88, b""));
}

#[test]
fn after_the_peers_close_only_the_answer_is_sent() {
    let mut server = server();
    let mut out = Vec::new();
    receive(&mut server, &masked(0x88, b"\x03\xE8"));
    assert_eq!(server.send("x", &mut out), Err(SendError::Closing));
    server.close(CloseCode(4000), "mine", &mut out).unwrap();
    assert!(server.transmit(&mut out), "ours was the answer");
    assert_eq!(out, frame(0x88, &close(4000, "mine")));
}

#[test]
fn a_close_may_come_inside_a_fragmented_message() {
    let mut server = server();
    let mut out = Vec::new();
    server.encoder().unwrap().encode_fragment(Kind::Text, b"a", false, &mut out).unwrap();
    receive(&mut server, &[masked(0x01, b"x"), masked(0x88, b"")].concat());
    assert!(server.transmit(&mut out));
    assert_eq!(out, [frame(0x01, b"a"), frame(0x88, b"")].concat());
}

/// §5.5.1: "an endpoint MAY send the remaining fragments before sending a Close frame".
#[test]
fn a_message_in_fragments_may_be_finished_before_a_close_is_answered() {
    let begin = |finish: bool| {
        let mut server = server().finish_message(finish);
        let mut out = Vec::new();
        server.encoder().unwrap().encode_fragment(Kind::Text, b"a", false, &mut out).unwrap();
        receive(&mut server, &masked(0x88, b"\x03\xE8"));
        (server, out)
    };
    let (first, last) = (frame(0x01, b"a"), frame(0x80, b"b"));
    let answer = frame(0x88, b"\x03\xE8");
    for finish in [false, true] {
        let (mut server, mut out) = begin(finish);
        // Nothing but that message.
        assert_eq!(server.send("x", &mut out), Err(SendError::Closing));
        assert_eq!(server.ping(b"", &mut out), Err(SendError::Closing));
        assert_eq!(server.ready(), Err(SendError::Closing));
        let begun = server.encoder().unwrap().encode(Message::Text("x"), &mut out);
        assert_eq!(begun, Err(SendError::MessageUnfinished));
        assert_eq!(server.close_expected(), None);
        if finish {
            assert!(!server.transmit(&mut out));
            assert!(server.owes());
        }
        let encoder = server.encoder().unwrap();
        encoder.begin_frame(Kind::Text, 0, false, &mut out).unwrap();
        encoder.encode_fragment(Kind::Text, b"b", true, &mut out).unwrap();
        assert_eq!(server.encoder().map(drop), Err(SendError::Closing), "no other may begin");
        assert!(server.transmit(&mut out));
        assert_eq!(server.close_expected(), Some(Closer::Us));
        let empty = frame(0x00, b"");
        assert_eq!(out, [&first[..], &empty, &last, &answer].concat());
    }
    // A caller that does not finish: it waits no longer, or closes with a code of its own.
    let (mut server, mut out) = begin(false);
    assert!(server.transmit(&mut out));
    assert_eq!(server.encoder().map(drop), Err(SendError::Closing));
    assert_eq!(out, [&first[..], &answer].concat());
    let (mut server, mut out) = begin(true);
    server.close(CloseCode::GOING_AWAY, "", &mut out).unwrap();
    assert!(server.transmit(&mut out));
    assert_eq!(server.close_expected(), Some(Closer::Us));
    assert_eq!(out, [first, frame(0x88, b"\x03\xE9")].concat());
}

#[test]
fn a_client_too_may_finish_its_message_before_it_answers_a_close() {
    let mut client = client().finish_message(true);
    let mut out = Vec::new();
    client.encoder().unwrap().encode_fragment(Kind::Text, b"a", false, &mut out).unwrap();
    assert_eq!(receive(&mut client, &frame(0x88, b"\x03\xE8")), ["close 1000"]);
    assert!(!client.transmit(&mut out));
    assert_eq!(client.close_expected(), None);
    client.encoder().unwrap().encode_fragment(Kind::Text, b"b", true, &mut out).unwrap();
    assert!(client.transmit(&mut out));
    assert_eq!(client.close_expected(), Some(Closer::Peer));
    assert_eq!(out, b"\x01\x81\0\0\0\0a\x80\x81\0\0\0\0b\x88\x82\0\0\0\0\x03\xE8");
}

/// §7.1.7: a peer that broke a rule gets the close frame at once.
#[test]
fn a_message_in_fragments_is_not_finished_after_a_failure() {
    let mut server = server().finish_message(true);
    let mut out = Vec::new();
    server.encoder().unwrap().encode_fragment(Kind::Text, b"a", false, &mut out).unwrap();
    receive(&mut server, &masked(0x83, b""));
    assert_eq!(server.encoder().map(drop), Err(SendError::Closing));
    assert!(server.transmit(&mut out));
    assert_eq!(server.close_expected(), Some(Closer::Us));
}

#[test]
fn a_frame_that_is_half_written_when_the_peer_closes_is_finished_first() {
    let mut server = server();
    let mut out = Vec::new();
    server.encoder().unwrap().begin_frame(Kind::Binary, 2, true, &mut out).unwrap();
    receive(&mut server, &masked(0x88, b""));
    assert!(!server.transmit(&mut out));
    assert_eq!(server.close_expected(), None);
    server.encoder().unwrap().encode_payload(b"ab", &mut out).unwrap();
    assert!(server.encoder().is_err());
    assert!(server.transmit(&mut out));
    assert_eq!(out, [frame(0x82, b"ab"), frame(0x88, b"")].concat());
}

// §5.5.2 Ping, §5.5.3 Pong

#[test]
fn a_ping_is_answered_with_its_payload() {
    for payload in [&b""[..], b"?", &[0xFF; 125]] {
        let out = same_however_split(&masked(0x89, payload), |pieces| {
            let mut server = server();
            for piece in pieces {
                receive(&mut server, piece);
            }
            transmit(&mut server)
        });
        assert_eq!(out, frame(0x8A, payload));
    }
}

#[test]
fn each_ping_is_answered_if_there_is_time_and_otherwise_the_newest() {
    let pings = [masked(0x89, b"one"), masked(0x89, b"two")].concat();
    let mut busy = server();
    receive(&mut busy, &pings);
    assert_eq!(transmit(&mut busy), frame(0x8A, b"two"));

    let mut server = server();
    let mut out = Vec::new();
    let mut bytes = pings;
    let mut input = &mut bytes[..];
    while server.receive(&mut input).is_some() {
        server.transmit(&mut out);
    }
    assert_eq!(out, [frame(0x8A, b"one"), frame(0x8A, b"two")].concat());
}

/// T2: a flood of pings from a peer that does not read.
#[test]
fn a_million_pings_cost_one_pong() {
    let mut server = server();
    let flood = masked(0x89, &[b'x'; 125]).repeat(1000);
    for _ in 0..1000 {
        receive(&mut server, &flood);
    }
    assert_eq!(transmit(&mut server), frame(0x8A, &[b'x'; 125]));
}

#[test]
fn a_ping_that_is_cut_off_is_not_answered() {
    let mut server = server();
    let ping = masked(0x89, b"cut off");
    receive(&mut server, &ping[..ping.len() - 1]);
    assert_eq!(transmit(&mut server), b"");
}

#[test]
fn a_ping_that_came_whole_is_answered_although_another_has_begun() {
    let mut server = server();
    let half = masked(0x89, b"the next");
    receive(&mut server, &[masked(0x89, b"whole"), half[..10].to_vec()].concat());
    assert_eq!(transmit(&mut server), frame(0x8A, b"whole"));
    receive(&mut server, &half[10..]);
    assert_eq!(transmit(&mut server), frame(0x8A, b"the next"));

    let mut server = self::server();
    let close = masked(0x88, b"\x03\xE8bye");
    receive(&mut server, &[masked(0x89, b"whole"), close[..9].to_vec()].concat());
    assert_eq!(transmit(&mut server), frame(0x8A, b"whole"), "the peer has not closed yet");
}

#[test]
fn a_peer_that_closes_or_fails_gets_no_pong() {
    let ping = masked(0x89, b"?");
    let mut server = server();
    receive(&mut server, &[&ping[..], &masked(0x88, b"\x03\xE8")].concat());
    assert_eq!(transmit(&mut server), frame(0x88, b"\x03\xE8"));

    let mut server = self::server();
    receive(&mut server, &[&ping[..], &masked(0x83, b"")].concat());
    assert_eq!(transmit(&mut server)[..4], [0x88, 17, 0x03, 0xEA]);

    let mut server = self::server();
    server.close(CloseCode::NORMAL, "", &mut Vec::new()).unwrap();
    receive(&mut server, &ping);
    assert!(!server.owes());
    assert_eq!(transmit(&mut server), b"");
}

#[test]
fn a_pong_is_an_event_and_not_answered() {
    let mut client = client();
    assert_eq!(receive(&mut client, &frame(0x8A, b"!")), ["pong !"]);
    assert_eq!(transmit(&mut client), b"");
}

#[test]
fn a_ping_of_ours_has_at_most_125_bytes() {
    let mut out = Vec::new();
    server().ping(&[1; 125], &mut out).unwrap();
    assert_eq!(out, frame(0x89, &[1; 125]));
    assert_eq!(server().ping(&[1; 126], &mut out), Err(SendError::ControlTooLong));
    assert_eq!(out.len(), 127);
}

// §7.1 Definitions: who closes the transport, and how it ended

#[test]
fn the_server_closes_the_transport_and_the_client_waits_for_it() {
    let (mut server, mut client) = (server(), client());
    let mut out = Vec::new();
    client.close(CloseCode::NORMAL, "", &mut out).unwrap();
    assert_eq!(client.close_expected(), None);
    receive(&mut server, &out);
    assert_eq!(server.close_expected(), None, "the answer has to be sent first");
    let answer = transmit(&mut server);
    assert_eq!(server.close_expected(), Some(Closer::Us));
    receive(&mut client, &answer);
    assert_eq!(client.close_expected(), Some(Closer::Peer));
    for ending in [server.receive_eof(), client.receive_eof()] {
        assert_eq!(ending, Ending { code: CloseCode::NORMAL, truncated: false });
    }
}

#[test]
fn a_client_that_noticed_a_failure_does_not_wait_for_the_server() {
    let mut client = client();
    receive(&mut client, &masked(0x81, b"x"));
    assert_eq!(client.close_expected(), None);
    transmit(&mut client);
    assert_eq!(client.close_expected(), Some(Closer::Us));
}

/// T-CLOSE: at once.
#[test]
fn both_sides_closing_at_once_is_a_clean_close_even_with_different_codes() {
    let (mut server, mut client) = (server(), client());
    let (mut from_server, mut from_client) = (Vec::new(), Vec::new());
    server.close(CloseCode::GOING_AWAY, "shutting down", &mut from_server).unwrap();
    client.close(CloseCode(3000), "", &mut from_client).unwrap();
    assert_eq!(receive(&mut server, &from_client), ["close 3000"]);
    assert_eq!(receive(&mut client, &from_server), ["close 1001"]);
    assert_eq!((transmit(&mut server), transmit(&mut client)), (vec![], vec![]), "no second close");
    assert_eq!(server.close_expected(), Some(Closer::Us));
    assert_eq!(client.close_expected(), Some(Closer::Peer));
    assert_eq!(server.receive_eof().code, CloseCode(3000));
    assert_eq!(client.receive_eof().code, CloseCode::GOING_AWAY);
}

/// T-CLOSE: the end of the transport in each state.
#[test]
fn an_end_without_a_close_is_abnormal_and_says_whether_something_was_cut() {
    let mut cut = self::client();
    receive(&mut cut, b"\x01\x03Hel\x88\x02\x03\xE8");
    assert_eq!(cut.receive_eof(), Ending { code: CloseCode::NORMAL, truncated: true });
    let cases: [(&[u8], bool); 5] = [
        (b"", false),
        (b"\x81", true),
        (b"\x81\x05He", true),
        (b"\x01\x02He", true),
        (b"\x81\x02He", false),
    ];
    for (bytes, truncated) in cases {
        let mut client = client();
        receive(&mut client, bytes);
        assert_eq!(client.receive_eof(), Ending { code: CloseCode::ABNORMAL, truncated });
    }
    let mut server = server();
    server.close(CloseCode::NORMAL, "", &mut Vec::new()).unwrap();
    assert_eq!(server.receive_eof().code, CloseCode::ABNORMAL, "the peer never answered");
}

// §7.1.7 Fail the WebSocket Connection

#[test]
fn every_failure_owes_the_peer_a_close_frame_with_its_code() {
    let limits = Limits::new().max_frame_len(10).max_message_len(15).max_fragments(2);
    let cases: [(Vec<u8>, Error, u16); 14] = [
        (frame(0x81, b"x"), Error::MaskMissing, 1002),
        (masked(0xC1, b"x"), Error::ReservedBits, 1002),
        (masked(0x83, b"x"), Error::ReservedOpcode(3), 1002),
        (masked(0x09, b"x"), Error::ControlFragmented, 1002),
        (masked(0x89, &[0; 126]), Error::ControlTooLong, 1002),
        (masked(0x80, b"x"), Error::ContinuationUnexpected, 1002),
        ([masked(0x01, b"x"), masked(0x81, b"x")].concat(), Error::ContinuationMissing, 1002),
        (b"\x82\xFE\x00\x01".to_vec(), Error::LengthNotMinimal, 1002),
        (b"\x82\xFF\x80\0\0\0\0\0\0\0".to_vec(), Error::LengthTopBit, 1002),
        (masked(0x81, b"\xFF"), Error::InvalidUtf8, 1007),
        (masked(0x81, b"12345678901"), Error::FrameTooLong(OverLimit::new(11, 10)), 1009),
        (
            [masked(0x01, b"1234567890"), masked(0x80, b"123456")].concat(),
            Error::MessageTooLong(OverLimit::new(16, 15)),
            1009,
        ),
        (
            [masked(0x02, b""), masked(0x00, b""), masked(0x80, b"")].concat(),
            Error::TooManyFragments { limit: 2 },
            1008,
        ),
        (masked(0x88, b"\x03"), Error::CloseTooShort, 1002),
    ];
    for (bytes, error, code) in cases {
        let (events, out) = same_however_split(&bytes, |pieces| {
            let mut server = Connection::server(limits);
            let mut events: Vec<String> = Vec::new();
            for piece in pieces {
                events.extend(
                    receive(&mut server, piece)
                        .into_iter()
                        .filter(|event| event.starts_with("failed")),
                );
            }
            assert_eq!(server.close_expected(), None, "it has not been told yet");
            assert_eq!(server.send("x", &mut Vec::new()), Err(SendError::Closing));
            assert_eq!(
                server.close(CloseCode::NORMAL, "", &mut Vec::new()),
                Ok(()),
                "the failure counts"
            );
            let out = transmit(&mut server);
            assert_eq!(server.close_expected(), Some(Closer::Us));
            assert_eq!(
                receive(&mut server, &masked(0x81, b"more")),
                Vec::<String>::new(),
                "it is told once"
            );
            assert_eq!(transmit(&mut server), b"", "and so is the peer");
            assert_eq!(server.receive_eof().code, CloseCode::ABNORMAL);
            (events, out)
        });
        assert_eq!(events, [format!("failed {error:?}")]);
        let (told, reason) = out[2..].split_at(2);
        assert_eq!(
            (&out[..2], told),
            (&[0x88, out.len() as u8 - 2][..], &code.to_be_bytes()[..]),
            "{error:?}"
        );
        assert!(error.to_string().as_bytes().starts_with(reason), "{error:?}");
    }
}

/// A caller that loops "as long as there is input" sees the failure only when more input comes, which
/// the peer may never send. The peer is told of it nevertheless.
#[test]
fn a_failure_after_the_last_part_is_known_at_once() {
    let mut server = server();
    let mut bytes = masked(0x81, b"a\xFF");
    let mut input = &mut bytes[..];
    assert!(matches!(server.receive(&mut input), Some(Event::Part(Part::Text(_)))));
    assert!(input.is_empty());
    assert_eq!(server.error(), Some(Error::InvalidUtf8));
    assert_eq!(server.ready(), Err(SendError::Closing));
    assert_eq!(server.send("x", &mut Vec::new()), Err(SendError::Closing));
    assert_eq!(server.close(CloseCode::NORMAL, "", &mut Vec::new()), Ok(()));
    assert!(server.owes());
    assert_eq!(transmit(&mut server)[..4], [0x88, 19, 0x03, 0xEF]);
    assert_eq!(server.close_expected(), Some(Closer::Us));
    assert_eq!(server.receive(&mut input), Some(Event::Failed(Error::InvalidUtf8)));
    assert_eq!(server.receive(&mut input), None);
}

#[test]
fn a_failure_after_our_close_leaves_nothing_to_send() {
    let mut server = server();
    let mut out = Vec::new();
    server.close(CloseCode::NORMAL, "", &mut out).unwrap();
    assert_eq!(receive(&mut server, &masked(0x81, b"\xFF")), ["failed InvalidUtf8"]);
    assert_eq!(transmit(&mut server), b"");
    assert_eq!(server.close_expected(), Some(Closer::Us));
}

// Sending: §5.1 to §5.7

/// §5.1, §5.3, §5.7, §10.3.
#[test]
fn a_client_masks_every_frame_with_a_fresh_key() {
    let mut keys = 0_u8;
    let mut client = Connection::client(Limits::new(), move || {
        keys += 1;
        [keys, 0, 0, 0]
    });
    let mut out = Vec::new();
    client.send(&b"AAAAA"[..], &mut out).unwrap();
    client.ping(b"A", &mut out).unwrap();
    client.encoder().unwrap().begin_frame(Kind::Binary, 3, true, &mut out).unwrap();
    client.encoder().unwrap().encode_payload(b"A", &mut out).unwrap();
    client.encoder().unwrap().encode_payload(b"AA", &mut out).unwrap();
    client.close(CloseCode::NO_STATUS, "", &mut out).unwrap();
    let expected: [&[u8]; 4] = [
        &[0x82, 0x85, 1, 0, 0, 0, b'A' ^ 1, b'A', b'A', b'A', b'A' ^ 1],
        &[0x89, 0x81, 2, 0, 0, 0, b'A' ^ 2],
        &[0x82, 0x83, 3, 0, 0, 0, b'A' ^ 3, b'A', b'A'],
        &[0x88, 0x80, 4, 0, 0, 0],
    ];
    assert_eq!(out, expected.concat());
}

#[test]
fn each_length_is_sent_in_its_shortest_form() {
    for len in [0, 1, 125, 126, 127, 0xFFFE, 0xFFFF, 0x1_0000, 0x1_0001] {
        let payload = vec![7; len];
        let mut out = Vec::new();
        server().send(&payload[..], &mut out).unwrap();
        assert_eq!(out, frame(0x82, &payload), "{len} bytes");

        let mut client = Connection::client(Limits::new(), || [0x37, 0xFA, 0x21, 0x3D]);
        out.clear();
        client.send(&payload[..], &mut out).unwrap();
        assert_eq!(out, masked(0x82, &payload), "{len} bytes");
    }
}

#[test]
fn a_header_alone_is_the_one_that_the_frame_would_have() {
    let key = || [1, 2, 3, 4];
    let mut client = Connection::client(Limits::new(), key);
    let mut whole = Vec::new();
    client.send("vectored", &mut whole).unwrap();
    let header = client.encoder().unwrap().encode_header(Kind::Text, 8, true).unwrap();
    let mut payload = *b"vectored";
    header.mask().unwrap().apply(&mut payload);
    assert_eq!([&header.to_bytes()[..], &payload].concat(), whole);
    receive(&mut client, &frame(0x89, b"?"));
    assert!(!client.transmit(&mut Vec::new()), "a pong would land inside the frame");
    assert_eq!(client.encoder().unwrap().payload_written(9), Err(SendError::PayloadTooLong));
    client.encoder().unwrap().payload_written(3).unwrap();
    assert!(!client.transmit(&mut Vec::new()));
    client.encoder().unwrap().payload_written(5).unwrap();
    assert_eq!(transmit(&mut client)[..2], [0x8A, 0x81]);
    assert_eq!(client.encoder().unwrap().payload_written(0), Ok(()));
    assert_eq!(client.encoder().unwrap().payload_written(1), Err(SendError::PayloadTooLong));
    let too_long = client.encoder().unwrap().encode_header(Kind::Binary, 1 << 63, true);
    assert_eq!(too_long, Err(SendError::FrameTooLong));
}

#[test]
fn payload_in_pieces_is_neither_more_nor_less_than_announced() {
    let mut server = server();
    let mut out = Vec::new();
    let encoder = server.encoder().unwrap();
    assert_eq!(
        encoder.encode_payload(b"x", &mut out),
        Err(SendError::PayloadTooLong),
        "nothing was announced"
    );
    encoder.begin_frame(Kind::Binary, 3, false, &mut out).unwrap();
    assert_eq!(encoder.encode_payload(b"abcd", &mut out), Err(SendError::PayloadTooLong));
    encoder.encode_payload(b"ab", &mut out).unwrap();
    encoder.encode_payload(b"", &mut out).unwrap();
    assert_eq!(encoder.encode_payload(b"cd", &mut out), Err(SendError::PayloadTooLong));
    assert_eq!(encoder.ready(), Err(SendError::FrameUnfinished));
    encoder.encode_payload(b"c", &mut out).unwrap();
    encoder.begin_frame(Kind::Binary, 0, true, &mut out).unwrap();
    assert_eq!(encoder.ready(), Ok(()));
    assert_eq!(encoder.encode_payload(b"", &mut out), Ok(()), "nothing is no more than announced");
    encoder.begin_frame(Kind::Binary, 0, false, &mut out).unwrap();
    assert_eq!(encoder.ready(), Err(SendError::MessageUnfinished));
    encoder.begin_frame(Kind::Binary, 0, true, &mut out).unwrap();
    let expected = [frame(0x02, b"abc"), frame(0x80, b""), frame(0x02, b""), frame(0x80, b"")];
    assert_eq!(out, expected.concat());
}

#[test]
fn text_that_is_not_utf8_is_not_sent() {
    let mut server = server();
    let mut out = Vec::new();
    let encoder = server.encoder().unwrap();
    let invalid = Err(SendError::InvalidUtf8);
    assert_eq!(encoder.encode_fragment(Kind::Text, b"\xFF", false, &mut out), invalid);
    assert_eq!(
        encoder.encode_fragment(Kind::Text, b"\xE2\x82", true, &mut out),
        invalid,
        "cut off"
    );
    assert!(out.is_empty());
    encoder.encode_fragment(Kind::Text, b"\xE2\x82", false, &mut out).unwrap();
    assert_eq!(encoder.encode_fragment(Kind::Text, b"", true, &mut out), invalid);
    assert_eq!(encoder.begin_frame(Kind::Text, 0, true, &mut out), invalid);
    encoder.begin_frame(Kind::Text, 2, true, &mut out).unwrap();
    assert_eq!(encoder.encode_payload(b"\xACx\xFF", &mut out), Err(SendError::PayloadTooLong));
    assert_eq!(encoder.encode_payload(b"\xAC\xC3", &mut out), invalid);
    encoder.encode_payload(b"\xACx", &mut out).unwrap();
    assert_eq!(out, [frame(0x01, b"\xE2\x82"), frame(0x80, b"\xACx")].concat());

    out.clear();
    for (piece, fin) in [(&b"\xE2"[..], false), (b"\x82\xAC", true)] {
        encoder.begin_frame(Kind::Text, piece.len() as u64, fin, &mut out).unwrap();
        encoder.encode_payload(piece, &mut out).unwrap();
    }
    assert_eq!(out, [frame(0x01, b"\xE2"), frame(0x80, b"\x82\xAC")].concat());
}

/// Bytes that the caller writes must be whole characters. They cannot complete one that was begun.
#[test]
fn bytes_that_the_caller_writes_cannot_complete_a_character() {
    let mut server = server();
    let mut out = Vec::new();
    let encoder = server.encoder().unwrap();
    encoder.begin_frame(Kind::Text, 3, true, &mut out).unwrap();
    encoder.encode_payload(b"\xC3", &mut out).unwrap();
    assert_eq!(encoder.payload_written(0), Ok(()), "the end has not come");
    assert_eq!(encoder.payload_written(2), Err(SendError::InvalidUtf8));
    encoder.encode_payload(b"\xA9x", &mut out).unwrap();
    assert_eq!(out, frame(0x81, b"\xC3\xA9x"));
}

/// T4: 2²⁹ bytes have 2³² bits.
#[test]
fn a_key_continues_after_any_number_of_bytes_that_the_caller_writes() {
    const KEY: [u8; 4] = [0x37, 0xFA, 0x21, 0x3D];
    for written in [(1 << 29) - 4, 1 << 29, (1 << 29) + 1, (1 << 32) - 1, 1 << 32, u64::MAX >> 1] {
        let mut client = Connection::client(Limits::new(), || KEY);
        let mut out = Vec::new();
        let encoder = client.encoder().unwrap();
        if written < u64::MAX >> 1 {
            encoder.encode_header(Kind::Binary, written + 1, true).unwrap();
            encoder.payload_written(written).unwrap();
            encoder.encode_payload(b"\0", &mut out).unwrap();
            assert_eq!(out, [KEY[(written % 4) as usize]], "after {written} bytes");
        } else {
            encoder.encode_header(Kind::Binary, written, true).unwrap();
            encoder.payload_written(written).unwrap();
            assert_eq!(encoder.ready(), Ok(()));
        }
    }
}

#[test]
fn a_frame_is_written_whole_or_not_at_all() {
    type Send = fn(&mut Connection<Client>, &mut SliceBuf<'_>) -> Result<(), SendError>;
    let cases: [(Send, usize); 6] = [
        (|c, out| c.send("Hello", out), 11),
        (|c, out| c.ping(b"1", out), 7),
        (|c, out| c.close(CloseCode::NORMAL, "bye", out), 11),
        (|c, out| c.encoder()?.encode_fragment(Kind::Text, b"Hel", false, out), 9),
        (|c, out| c.encoder()?.begin_frame(Kind::Text, 3, false, out), 6),
        (|c, out| c.send(Message::Binary(&[0; 200]), out), 208),
    ];
    for (send, len) in cases {
        let mut client = client();
        for room in 0..len {
            let mut bytes = [0; 300];
            let mut out = SliceBuf::new(&mut bytes[..room + 1]);
            out.try_append(b"x").unwrap();
            let full = SendError::BufferFull(BufferFull { needed: len + 1 });
            assert_eq!(send(&mut client, &mut out), Err(full), "{room} bytes of room");
            assert_eq!(out.as_slice(), b"x");
            assert_eq!(client.ready(), Ok(()), "nothing changed");
        }
        let mut bytes = [0; 300];
        let mut out = SliceBuf::new(&mut bytes[..len]);
        assert_eq!(send(&mut client, &mut out), Ok(()));
        assert_eq!(out.as_slice().len(), len);
    }
    // A server appends the header and then the payload.
    for room in 0..7 {
        let mut bytes = [0; 7];
        let mut out = SliceBuf::new(&mut bytes[..room]);
        let full = SendError::BufferFull(BufferFull { needed: 7 });
        assert_eq!(server().send("Hello", &mut out), Err(full), "{room} bytes of room");
        assert_eq!(out.as_slice(), b"");
    }
}

#[test]
fn pending_frames_stay_pending_while_there_is_no_room() {
    let mut server = server();
    receive(&mut server, &masked(0x89, b"ping"));
    for room in 0..6 {
        let mut bytes = [0; 6];
        let mut out = SliceBuf::new(&mut bytes[..room]);
        assert!(!server.transmit(&mut out));
        assert!(server.owes() && out.as_slice().is_empty());
    }
    assert_eq!(transmit(&mut server), frame(0x8A, b"ping"));

    receive(&mut server, &masked(0x88, b"\x03\xE8"));
    let mut bytes = [0; 3];
    assert!(!server.transmit(&mut SliceBuf::new(&mut bytes)));
    assert_eq!(server.close_expected(), None);
    assert_eq!(transmit(&mut server), frame(0x88, b"\x03\xE8"));
    assert_eq!(server.close_expected(), Some(Closer::Us));
}
