//! A server's session (*Handshake*, *Heartbeat*, *Upgrade*).

use framewright::engineio::{
    Action, Answer, Assembler, Error, Event, Limits, Reason, Refusal, SendError, Sent, Session,
    Transport,
};
use framewright::ws::{self, Message};
use framewright::{OverLimit, SliceBuf};

use crate::common::{same_however_cut_twice, same_however_split};

type Server = Session<Vec<u8>>;

fn limits() -> Limits {
    Limits::new().ping_interval(300).ping_timeout(200).max_payload(40).max_message_len(40)
}

fn polling() -> Server {
    let mut session =
        Session::new("s1", Transport::Polling, false, limits(), Vec::new(), 0).unwrap();
    assert_eq!(
        poll(&mut session).unwrap(),
        "0{\"sid\":\"s1\",\"upgrades\":[\"websocket\"],\"pingInterval\":300,\"pingTimeout\":200,\"maxPayload\":40}"
    );
    session
}

fn socket() -> Server {
    let mut session =
        Session::new("s1", Transport::WebSocket, false, limits(), Vec::new(), 0).unwrap();
    let open = "0{\"sid\":\"s1\",\"upgrades\":[],\"pingInterval\":300,\"pingTimeout\":200,\"maxPayload\":40}";
    assert_eq!(pushed(&mut session), [text(open)]);
    session
}

/// The body that answers the held GET, if there is one.
fn poll(session: &mut Server) -> Option<String> {
    let mut out = Vec::new();
    session.transmit_get(&mut out).unwrap().then(|| String::from_utf8(out).unwrap())
}

#[derive(Debug, Eq, PartialEq)]
enum Pushed {
    Text(String),
    Binary(Vec<u8>),
}

fn text(text: &str) -> Pushed {
    Pushed::Text(text.to_owned())
}

/// What is owed over WebSocket.
fn pushed(session: &mut Server) -> Vec<Pushed> {
    let mut pushed = Vec::new();
    let mut out = Vec::new();
    while let Some(kind) = session.transmit_socket(&mut out).unwrap() {
        let message = std::mem::take(&mut out);
        pushed.push(match kind {
            ws::Kind::Text => Pushed::Text(String::from_utf8(message).unwrap()),
            ws::Kind::Binary => Pushed::Binary(message),
        });
    }
    pushed
}

/// Posts a body in pieces. Returns the messages, and the answer.
fn post_pieces(session: &mut Server, pieces: &[&[u8]], now: u64) -> (Vec<String>, Answer) {
    if let Err(refusal) = session.post(Some(b"text/plain;charset=UTF-8")) {
        return (Vec::new(), refusal.answer());
    }
    let (mut messages, mut answer) = (Vec::new(), Answer::OK);
    let mut assembler = Assembler::new(100, Vec::new());
    let mut take = |event| match event {
        Event::Message(part) => {
            if let Some(message) = assembler.push(part).unwrap() {
                messages.push(format!("{}", message.as_bytes().escape_ascii()));
            }
        }
        Event::Closed(reason) => answer = reason.answer(),
        other => panic!("{other:?} does not come by polling"),
    };
    let mut pieces: Vec<_> = pieces.iter().map(|piece| piece.to_vec()).collect();
    for bytes in &mut pieces {
        let mut input = &mut bytes[..];
        while let Some(event) = session.receive_post(&mut input, now) {
            take(event);
        }
        assert!(input.is_empty());
    }
    session.end_post(now).into_iter().for_each(take);
    (messages, answer)
}

fn post(session: &mut Server, body: &str) -> (Vec<String>, u16) {
    let (messages, answer) = post_pieces(session, &[body.as_bytes()], 0);
    (messages, answer.status)
}

fn receive<'a>(session: &mut Server, message: &'a str) -> Option<Event<'a>> {
    session.receive_socket(Message::Text(message), 0)
}

fn send(session: &mut Server, message: &str) {
    assert_eq!(session.send(message, &mut Vec::new()), Ok(Sent::Queued));
}

/// Moves to WebSocket.
fn upgrade(session: &mut Server) {
    session.upgrade(0).unwrap();
    assert_eq!(receive(session, "2probe"), None);
    assert_eq!(pushed(session), [text("3probe")]);
    assert_eq!(receive(session, "5"), Some(Event::Upgraded));
}

/// (*Message*)
#[test]
fn messages_go_both_ways_over_websocket() {
    let mut session = socket();
    let Some(Event::Message(part)) = receive(&mut session, "4hi") else { panic!("a message") };
    assert_eq!(
        (part.kind, part.chunk.bytes, part.chunk.is_whole()),
        (ws::Kind::Text, &b"hi"[..], true)
    );
    let event = session.receive_socket(Message::Binary(&[4, 5]), 0);
    let Some(Event::Message(part)) = event else { panic!("a message") };
    assert_eq!((part.kind, part.chunk.bytes), (ws::Kind::Binary, &[4, 5][..]));

    let mut out = Vec::new();
    assert_eq!(session.send("a\u{1E}b", &mut out), Ok(Sent::Written(ws::Kind::Text)));
    assert_eq!(out, b"4a\x1Eb");
    out.clear();
    assert_eq!(session.send(&[0, 1], &mut out), Ok(Sent::Written(ws::Kind::Binary)));
    assert_eq!(out, [0, 1]);
    assert_eq!(session.backlog_len(), 0);
    assert_eq!(pushed(&mut session), []);
}

#[test]
fn a_client_without_binary_messages_gets_base64() {
    let mut session =
        Session::new("s", Transport::WebSocket, true, limits(), Vec::new(), 0).unwrap();
    // The open packet goes first.
    assert_eq!(session.send(&[0], &mut Vec::new()), Ok(Sent::Queued));
    let owed = pushed(&mut session);
    assert_eq!(owed[1..], [text("bAA==")]);
    let mut out = Vec::new();
    assert_eq!(session.send(&[1, 2, 255], &mut out), Ok(Sent::Written(ws::Kind::Text)));
    assert_eq!(out, b"bAQL/");
    let Some(Event::Base64(base64)) = receive(&mut session, "bAQL/") else { panic!("base64") };
    out.clear();
    base64.decode(&mut out).unwrap();
    assert_eq!(out, [1, 2, 255]);
}

#[test]
fn a_packet_that_no_client_sends_ends_the_session() {
    for (message, expected) in [
        ("3", None),
        ("3x", None),
        ("6", None),
        ("1", Some(Reason::PeerClosed)),
        ("0", Some(Reason::Error(Error::PacketUnexpected))),
        ("2", Some(Reason::Error(Error::PacketUnexpected))),
        ("2probe", Some(Reason::Error(Error::PacketUnexpected))),
        ("5", Some(Reason::Error(Error::PacketUnexpected))),
        ("7", Some(Reason::Error(Error::PacketType(b'7')))),
        ("", Some(Reason::Error(Error::PacketEmpty))),
        ("abc", Some(Reason::Error(Error::PacketType(b'a')))),
        ("b!", Some(Reason::Error(Error::Base64))),
    ] {
        let mut session = socket();
        assert_eq!(receive(&mut session, message), expected.map(Event::Closed), "{message}");
        assert_eq!(session.reason(), expected);
        let mut session = polling();
        let status = match expected {
            None | Some(Reason::PeerClosed) => 200,
            Some(_) => 400,
        };
        assert_eq!(post(&mut session, message), (vec![], status), "{message}");
        assert_eq!(session.reason(), expected);
        if expected.is_some() {
            assert_eq!(session.deadline(), None);
            assert_eq!(session.get(), Err(Refusal::UnknownSid));
            assert_eq!(session.post(None), Err(Refusal::UnknownSid));
            assert_eq!(session.upgrade(0), Err(Refusal::UnknownSid));
            assert_eq!(session.send("x", &mut Vec::new()), Err(SendError::Closed));
        }
    }
}

/// (*Heartbeat*)
#[test]
fn the_server_pings_after_each_pong() {
    let mut session = socket();
    assert_eq!(session.deadline(), Some(300));
    assert_eq!(session.poll(299), None);
    assert_eq!(session.poll(300), Some(Action::Ping));
    assert_eq!(session.poll(300), None);
    assert_eq!(pushed(&mut session), [text("2")]);
    // Data is no sign of life.
    assert!(receive(&mut session, "4x").is_some());
    assert_eq!(session.deadline(), Some(500));
    assert_eq!(session.receive_socket(Message::Text("3"), 400), None);
    assert_eq!(session.deadline(), Some(700));
    // Nor is a pong ignored that was not asked for.
    assert_eq!(session.receive_socket(Message::Text("3"), 600), None);
    assert_eq!(session.poll(900), Some(Action::Ping));
    assert_eq!(session.poll(1099), None);
    assert_eq!(session.poll(1100), Some(Action::Over));
    assert_eq!(session.reason(), Some(Reason::TimedOut));
    assert_eq!((session.poll(5000), session.deadline(), session.is_over()), (None, None, true));
    assert_eq!(pushed(&mut session), []);
}

#[test]
fn a_late_ping_does_not_put_off_the_end() {
    for (pinged, dead) in [(300, 500), (325, 500), (326, 526), (10_000, 10_200)] {
        let mut session = socket();
        assert_eq!(session.poll(pinged), Some(Action::Ping));
        assert_eq!(session.deadline(), Some(dead));
    }
}

/// (*HTTP long-polling*)
#[test]
fn a_get_is_held_until_there_is_something() {
    let mut session = polling();
    assert_eq!(poll(&mut session), None);
    session.get().unwrap();
    assert_eq!(poll(&mut session), None);
    send(&mut session, "a");
    assert_eq!(session.send(&[0], &mut Vec::new()), Ok(Sent::Queued));
    assert_eq!(poll(&mut session).unwrap(), "4a\u{1E}bAA==");
    assert_eq!((poll(&mut session), session.backlog_len()), (None, 0));
    // What is sent between polls waits, and so does a ping.
    send(&mut session, "b");
    assert_eq!(session.poll(300), Some(Action::Ping));
    assert_eq!(session.transmit_socket(&mut Vec::new()), Ok(None));
    session.get().unwrap();
    assert_eq!(poll(&mut session).unwrap(), "4b\u{1E}2");
    session.get().unwrap();
    assert_eq!(poll(&mut session), None);
    let (_, answer) = post_pieces(&mut session, &[b"3"], 350);
    assert_eq!((answer, session.deadline()), (Answer::OK, Some(650)));
    assert_eq!(session.poll(650), Some(Action::Ping));
    assert_eq!(poll(&mut session).unwrap(), "2");
    // A client that stays away dies.
    assert_eq!(session.poll(850), Some(Action::Over));
}

#[test]
fn a_poll_that_finds_no_room_can_be_repeated() {
    let mut session = polling();
    session.get().unwrap();
    send(&mut session, "abc");
    let mut room = [0; 3];
    assert!(session.transmit_get(&mut SliceBuf::new(&mut room)).is_err());
    assert_eq!(poll(&mut session).unwrap(), "4abc");
}

/// (*Sending and receiving data*)
#[test]
fn messages_come_by_post_however_it_is_split() {
    let body = "4a\u{1E}4\u{1E}bAQL/\u{1E}3\u{1E}4é".as_bytes();
    let expected = ["a", "", "\\x01\\x02\\xff", "\\xc3\\xa9"].map(String::from).to_vec();
    let (messages, answer) =
        same_however_cut_twice(body, |pieces| post_pieces(&mut polling(), pieces, 0));
    assert_eq!((messages, answer), (expected, Answer::OK));
}

#[test]
fn a_malformed_or_long_post_ends_the_session() {
    for (body, messages, status) in [
        (&b"4a\x1E"[..], 1, 400),
        (b"", 0, 400),
        (b"4a\x1Eabc", 1, 400),
        (b"4a\x1E4\xFF", 1, 400),
        (&[b"4a\x1E4", &[b'x'; 37][..]].concat(), 1, 413),
        (&[b"4a\x1E4", &[b'x'; 36][..]].concat(), 2, 200),
    ] {
        let (got, answer) =
            same_however_split(body, |pieces| post_pieces(&mut polling(), pieces, 0));
        assert_eq!((got.len(), answer.status), (messages, status), "{}", body.escape_ascii());
    }
    let mut session = socket();
    let long = format!("4{}", "x".repeat(40));
    let error = Error::MessageTooLong(OverLimit::new(41, 40));
    let event = receive(&mut session, &long);
    assert_eq!(event, Some(Event::Closed(Reason::Error(error))));
    assert_eq!(session.reason().unwrap().close_code(), ws::CloseCode::TOO_BIG);
}

#[test]
fn two_requests_at_a_time_end_the_session() {
    let mut session = polling();
    session.get().unwrap();
    assert_eq!(session.get(), Err(Refusal::BadRequest));
    assert_eq!(session.reason(), Some(Reason::Error(Error::RequestsOverlap)));
    assert_eq!(poll(&mut session).unwrap(), "1");
    assert_eq!(poll(&mut session), None);

    let mut session = polling();
    session.post(None).unwrap();
    assert_eq!(session.post(None), Err(Refusal::BadRequest));
    let mut bytes = *b"4a";
    let mut input = &mut bytes[..];
    assert_eq!(session.receive_post(&mut input, 0), None);
    assert_eq!(session.reason().unwrap().answer().status, 400);

    let mut session = polling();
    assert_eq!(session.post(Some(b"application/octet-stream")), Err(Refusal::BadRequest));
    assert_eq!(session.reason(), Some(Reason::Error(Error::ContentType)));
}

#[test]
fn a_request_that_is_lost_ends_the_session() {
    let mut session = polling();
    session.receive_get_eof();
    session.receive_post_eof();
    session.receive_socket_eof();
    assert_eq!(session.reason(), None, "none was there");
    session.get().unwrap();
    session.receive_get_eof();
    assert_eq!(session.reason(), Some(Reason::TransportLost));
    let mut session = polling();
    session.post(None).unwrap();
    session.receive_post_eof();
    assert_eq!(session.reason(), Some(Reason::TransportLost));
    let mut session = socket();
    session.receive_socket_eof();
    assert_eq!(session.reason(), Some(Reason::TransportLost));
}

#[test]
fn either_end_may_close() {
    // The client, with a GET held.
    let mut session = polling();
    session.get().unwrap();
    assert_eq!(post(&mut session, "1"), (vec![], 200));
    assert_eq!(poll(&mut session).unwrap(), "6");
    assert_eq!(session.get(), Err(Refusal::UnknownSid));
    // The server, by the next poll.
    let mut session = polling();
    send(&mut session, "last");
    session.close(10);
    session.close(20);
    assert_eq!(session.send("x", &mut Vec::new()), Err(SendError::Closed));
    assert_eq!((session.reason(), session.deadline()), (None, Some(30_010)));
    assert!(!session.is_over());
    assert_eq!(post(&mut session, "4x\u{1E}3"), (vec![], 200));
    session.get().unwrap();
    assert_eq!(poll(&mut session).unwrap(), "4last\u{1E}1");
    assert_eq!(session.reason(), Some(Reason::Closed));
    // Or by nobody.
    let mut session = polling();
    session.close(10);
    assert_eq!(session.poll(30_010), Some(Action::Over));
    // Over WebSocket the close frame says so.
    let mut session = socket();
    session.close(10);
    assert_eq!(session.reason(), Some(Reason::Closed));
}

#[test]
fn what_waits_has_a_limit() {
    let limits = limits().max_backlog(100);
    let mut session = Session::new("s1", Transport::Polling, false, limits, Vec::new(), 0).unwrap();
    poll(&mut session).unwrap();
    send(&mut session, &"x".repeat(94));
    let result = session.send(&[0; 1], &mut Vec::new());
    assert_eq!(result, Err(SendError::BacklogFull(OverLimit::new(101, 100))));
    assert_eq!(session.send("a\u{1E}", &mut Vec::new()), Err(SendError::Separator));
    send(&mut session, "xxx");
    assert_eq!(session.backlog_len(), 100);
    session.get().unwrap();
    assert_eq!(poll(&mut session).unwrap().len(), 100);
    // One alone needs no separator.
    send(&mut session, &"x".repeat(99));
}

/// (*Upgrade*)
#[test]
fn an_upgrade_takes_along_what_waits() {
    let mut session = polling();
    session.get().unwrap();
    session.upgrade(0).unwrap();
    assert_eq!(session.upgrade(0), Err(Refusal::BadRequest), "a second candidate");
    assert_eq!(poll(&mut session), None, "nothing was probed");
    assert_eq!(receive(&mut session, "2probe"), None);
    assert_eq!(pushed(&mut session), [text("3probe")]);
    assert_eq!(poll(&mut session).unwrap(), "6");
    // Each further GET is released, and POSTs still count.
    session.get().unwrap();
    assert_eq!(poll(&mut session).unwrap(), "6");
    assert_eq!(post(&mut session, "4x"), (vec!["x".into()], 200));
    send(&mut session, "x");
    session.get().unwrap();
    assert_eq!(poll(&mut session).unwrap(), "4x");
    send(&mut session, "y");
    assert_eq!(session.send(&[7], &mut Vec::new()), Ok(Sent::Queued));
    assert_eq!(pushed(&mut session), [], "not before the client is ready");
    assert_eq!(session.poll(300), Some(Action::Ping));
    assert_eq!(receive(&mut session, "5"), Some(Event::Upgraded));
    // Until they are transmitted, the order is kept.
    send(&mut session, "z");
    let owed = pushed(&mut session);
    assert_eq!(owed, [text("4y"), Pushed::Binary(vec![7]), text("4z"), text("2")]);
    assert_eq!(session.deadline(), Some(500), "the ping keeps its timer");
    assert_eq!(session.transport(), Transport::WebSocket);
    assert_eq!(session.get(), Err(Refusal::BadRequest));
    assert_eq!(session.post(None), Err(Refusal::BadRequest));
    assert_eq!(session.upgrade(0), Err(Refusal::BadRequest));
    assert_eq!((session.reason(), session.backlog_len()), (None, 0));
}

#[test]
fn a_get_that_is_held_when_the_upgrade_ends_is_released() {
    let mut session = polling();
    session.upgrade(0).unwrap();
    assert_eq!(receive(&mut session, "2probe"), None);
    assert_eq!(pushed(&mut session), [text("3probe")]);
    session.get().unwrap();
    assert_eq!(session.poll(300), Some(Action::Ping));
    send(&mut session, "x");
    assert_eq!(receive(&mut session, "5"), Some(Event::Upgraded));
    assert_eq!(poll(&mut session).unwrap(), "6");
    assert_eq!(pushed(&mut session), [text("4x"), text("2")]);
}

/// (*Upgrade*)
#[test]
fn polling_goes_on_after_an_upgrade_that_fails() {
    for messages in
        [&["5"][..], &["4x"], &["2"], &["2probe", "2probe"], &["2probe", "4x"], &["abc"]]
    {
        let mut session = polling();
        session.upgrade(0).unwrap();
        let (last, first) = messages.split_last().unwrap();
        for message in first {
            assert_eq!(receive(&mut session, message), None);
        }
        assert_eq!(receive(&mut session, last), Some(Event::UpgradeFailed), "{messages:?}");
        assert_eq!(receive(&mut session, "2probe"), None, "nobody listens");
        assert_eq!(pushed(&mut session), []);
        session.get().unwrap();
        assert_eq!(poll(&mut session), None);
        send(&mut session, "x");
        assert_eq!(poll(&mut session).unwrap(), "4x");
        upgrade(&mut session);
    }
    // A candidate that is lost, or slow.
    let mut session = polling();
    session.upgrade(0).unwrap();
    session.receive_socket_eof();
    assert_eq!((session.reason(), session.transport()), (None, Transport::Polling));
    let limits = limits().ping_interval(25_000);
    let mut session = Session::new("s1", Transport::Polling, false, limits, Vec::new(), 0).unwrap();
    session.upgrade(5).unwrap();
    assert_eq!(receive(&mut session, "2probe"), None);
    assert_eq!(session.deadline(), Some(10_005));
    assert_eq!(session.poll(10_005), Some(Action::DropCandidate));
    assert_eq!((session.poll(10_005), session.deadline()), (None, Some(25_000)));
    session.upgrade(10_005).unwrap();
}

#[test]
fn a_close_reaches_a_client_that_upgrades() {
    let mut session = polling();
    session.upgrade(0).unwrap();
    assert_eq!(receive(&mut session, "2probe"), None);
    send(&mut session, "x");
    session.close(0);
    assert_eq!(receive(&mut session, "5"), Some(Event::Closed(Reason::Closed)));
    assert_eq!(pushed(&mut session), [text("4x")]);
    // Without upgrades, nobody is let in.
    let limits = limits().upgrades(false);
    let mut session = Session::new("s1", Transport::Polling, false, limits, Vec::new(), 0).unwrap();
    assert!(poll(&mut session).unwrap().contains("\"upgrades\":[]"));
    assert_eq!(session.upgrade(0), Err(Refusal::BadRequest));
}

#[test]
fn a_flood_costs_a_constant() {
    let mut session = socket();
    for now in 0..1000 {
        assert_eq!(session.receive_socket(Message::Text("3"), now), None);
    }
    for now in 0..1000 {
        session.poll(1299 + now / 1000);
    }
    assert_eq!(pushed(&mut session), [text("2")]);
    let mut session = polling();
    session.upgrade(0).unwrap();
    assert_eq!(receive(&mut session, "2probe"), None);
    for _ in 0..1000 {
        session.get().unwrap();
        assert_eq!(poll(&mut session).unwrap(), "6");
    }
    assert_eq!(pushed(&mut session), [text("3probe")]);
    assert_eq!(session.backlog_len(), 0);
    // A WebSocket that probes twice is dropped, and so is the next.
    let mut session = polling();
    session.get().unwrap();
    for _ in 0..1000 {
        session.upgrade(0).unwrap();
        assert_eq!(receive(&mut session, "2probe"), None);
        assert_eq!(receive(&mut session, "2probe"), Some(Event::UpgradeFailed));
        assert_eq!(receive(&mut session, "2probe"), None, "nobody listens");
    }
    assert_eq!((pushed(&mut session), session.backlog_len()), (vec![], 0));
    assert_eq!((poll(&mut session), session.deadline()), (None, Some(300)));
}

#[test]
fn a_session_identifier_has_no_character_that_needs_an_escape() {
    for sid in ["", "a\"", "a\\", "é", "a b", "a\u{1E}"] {
        let session = Session::new(sid, Transport::Polling, false, limits(), Vec::new(), 0);
        assert_eq!(session.err(), Some(SendError::SidInvalid), "{sid}");
    }
}

#[test]
fn an_idle_session_is_small() {
    let len = size_of::<Session<()>>();
    println!("session: {len} bytes");
    assert!(len <= 256);
    assert!(size_of::<Option<Event<'_>>>() <= 40);
}
