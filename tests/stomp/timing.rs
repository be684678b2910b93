//! Heart-beats and timeouts, over a clock of the test's own.
#![cfg(feature = "alloc")]

use framewright::stomp::{
    Action, Client, Closer, Command, Connection, Error, FrameBuilder, FrameEvent, HeartBeat, Inbox,
    Limits, Server, Side,
};

const SECOND: u64 = 1000;

/// A client and a server with these heart-beats, connected at 0.
fn pair(
    of_client: HeartBeat,
    of_server: HeartBeat,
    version: &str,
) -> (Connection<Client>, Connection<Server>) {
    let mut server = Connection::server(Limits::new(), 0).heart_beat(of_server);
    let mut client = Connection::client(Limits::new(), 0).heart_beat(of_client);
    let mut inbox = Inbox::new(Vec::new());
    let mut out = Vec::new();
    client.connect(FrameBuilder::connect("a"), &mut out).unwrap();
    let connect = String::from_utf8(std::mem::take(&mut out)).unwrap();
    let connect = connect.replace("1.0,1.1,1.2", version);
    server.receive_frame(&mut connect.as_bytes(), &mut inbox, 0).unwrap();
    server.accept(FrameBuilder::connected(), &mut out).unwrap();
    client.receive_frame(&mut &out[..], &mut inbox, 0).unwrap();
    (client, server)
}

fn beats<S: Side>(connection: &mut Connection<S>, now: u64) -> usize {
    let mut out = Vec::new();
    assert!(connection.transmit(&mut out, now));
    assert!(out.iter().all(|byte| *byte == b'\n'));
    out.len()
}

fn receive<S: Side>(connection: &mut Connection<S>, bytes: &[u8], now: u64) {
    let mut input = bytes;
    while connection.receive_frame(&mut input, &mut Inbox::new(Vec::new()), now).is_some() {}
}

// Heart-beating

#[test]
fn heart_beats_are_sent_a_little_before_they_are_due() {
    let (client, server) = (HeartBeat::new(4 * SECOND, 0), HeartBeat::new(0, 8 * SECOND));
    let (mut client, mut server) = pair(client, server, "1.2");
    assert_eq!((client.deadline(), server.deadline()), (Some(6 * SECOND), Some(16 * SECOND)));
    assert_eq!(beats(&mut client, 6 * SECOND - 1), 0);
    assert_eq!(beats(&mut client, 6 * SECOND), 1);
    assert_eq!(beats(&mut client, 6 * SECOND), 0);
    assert_eq!(client.deadline(), Some(12 * SECOND));
    assert_eq!(beats(&mut client, 60 * SECOND), 1, "one, however late");
    assert_eq!(beats(&mut server, 60 * SECOND), 0);
}

#[test]
fn any_byte_is_a_sign_of_life() {
    let (client, server) = (HeartBeat::new(10 * SECOND, 0), HeartBeat::new(0, 10 * SECOND));
    let (_, mut server) = pair(client, server, "1.2");
    let mut inbox = Inbox::new(Vec::new());
    for (now, bytes) in
        [(15, &b"\n"[..]), (30, b"SEND\nde"), (45, b"st"), (60, b"ination:/a\n\n\0")]
    {
        assert_eq!(server.poll(now * SECOND), None);
        let mut input = bytes;
        while server.receive_frame(&mut input, &mut inbox, now * SECOND).is_some() {}
        assert_eq!(server.deadline(), Some((now + 20) * SECOND));
    }
    // A read of nothing is not.
    receive(&mut server, b"", 70 * SECOND);
    assert_eq!(server.poll(80 * SECOND - 1), None);
    let dead = Action::Failed(Error::HeartBeatMissing);
    assert_eq!(server.poll(80 * SECOND), Some(dead));
    assert_eq!(server.poll(80 * SECOND), None, "once");
    let mut out = Vec::new();
    assert!(server.transmit(&mut out, 80 * SECOND));
    assert!(out.starts_with(b"ERROR\nmessage:heart-beat did not come in time\n"));
    assert_eq!(server.close_expected(), Some(Closer::Us));
}

#[test]
fn the_tolerance_is_a_number_of_periods() {
    let beat = HeartBeat::new(10 * SECOND, 10 * SECOND);
    for (periods, deadline) in [(0, 10), (1, 10), (2, 20), (3, 30)] {
        let mut client = Connection::client(Limits::new(), 0).heart_beat(beat).dead_after(periods);
        client.connect(FrameBuilder::connect("a"), &mut Vec::new()).unwrap();
        receive(&mut client, b"CONNECTED\nversion:1.2\nheart-beat:1000,0\n\n\0", 0);
        assert_eq!(client.deadline(), Some(deadline * SECOND));
        assert_eq!(client.poll(deadline * SECOND), Some(Action::Failed(Error::HeartBeatMissing)));
        assert_eq!((beats(&mut client, 0), client.close_expected()), (0, Some(Closer::Us)));
    }
}

#[test]
fn where_one_end_says_0_or_the_version_is_1_0_there_are_none() {
    let (some, none) = (HeartBeat::new(SECOND, SECOND), HeartBeat::NONE);
    for (client, server, version) in [(some, none, "1.2"), (none, some, "1.1"), (some, some, "1.0")]
    {
        let (mut client, mut server) = pair(client, server, version);
        assert_eq!((client.deadline(), server.deadline()), (None, None));
        assert_eq!((client.poll(u64::MAX), server.poll(u64::MAX)), (None, None));
        assert_eq!((beats(&mut client, u64::MAX), beats(&mut server, u64::MAX)), (0, 0));
    }
}

#[test]
fn the_largest_periods_do_not_overflow() {
    let most = HeartBeat::new(u64::MAX, u64::MAX);
    let (mut client, mut server) = pair(most, most, "1.2");
    assert_eq!(client.poll(u64::MAX - 1), None);
    assert_eq!(server.poll(u64::MAX), Some(Action::Failed(Error::HeartBeatMissing)));
}

#[test]
fn a_heart_beat_comes_only_between_frames() {
    let (client, server) = (HeartBeat::new(SECOND, 0), HeartBeat::new(0, SECOND));
    let (mut client, _) = pair(client, server, "1.2");
    let mut out = Vec::new();
    client.encoder().unwrap().begin(FrameBuilder::send("/a"), None, &mut out).unwrap();
    assert!(!client.transmit(&mut out, 5 * SECOND));
    client.encoder().unwrap().finish(&mut out).unwrap();
    assert!(client.transmit(&mut out, 5 * SECOND));
    assert_eq!(out, b"SEND\ndestination:/a\n\n\0\n");
}

#[test]
fn a_bad_heart_beat_header_is_an_error_at_both_ends() {
    let mut inbox = Inbox::new(Vec::new());
    for value in ["1", "1,-1", "a,b", "1, 2"] {
        let mut server = Connection::server(Limits::new(), 0);
        let connect = format!("CONNECT\naccept-version:1.2\nheart-beat:{value}\n\n\0");
        let event = server.receive_frame(&mut connect.as_bytes(), &mut inbox, 0);
        assert_eq!(event, Some(FrameEvent::Failed(Error::HeartBeatInvalid)));
        let mut client = Connection::client(Limits::new(), 0);
        client.connect(FrameBuilder::connect("a"), &mut Vec::new()).unwrap();
        let connected = format!("CONNECTED\nversion:1.1\nheart-beat:{value}\n\n\0");
        let event = client.receive_frame(&mut connected.as_bytes(), &mut inbox, 0);
        assert_eq!(event, Some(FrameEvent::Failed(Error::HeartBeatInvalid)));
    }
    // 1.0 has no such header, whatever it says.
    let mut server = Connection::server(Limits::new(), 0);
    let mut input = &b"CONNECT\nheart-beat:x\n\n\0"[..];
    let event = server.receive_frame(&mut input, &mut inbox, 0);
    assert_eq!(event, Some(FrameEvent::Frame(Command::Connect)));
}

// Connecting

#[test]
fn a_connection_has_to_open_in_time() {
    let late = Some(Action::Failed(Error::ConnectTimedOut));
    let mut server = Connection::server(Limits::new(), 5 * SECOND).open_within(2 * SECOND);
    assert_eq!(server.deadline(), Some(7 * SECOND));
    receive(&mut server, b"\n", 6 * SECOND);
    assert_eq!(server.poll(7 * SECOND - 1), None);
    assert_eq!(server.poll(7 * SECOND), late);
    let mut out = Vec::new();
    assert!(server.transmit(&mut out, 7 * SECOND));
    assert_eq!(out, b"ERROR\nmessage:connect took too long\ncontent-length:0\n\n\0");
    let mut client = Connection::client(Limits::new(), 0);
    assert_eq!((client.deadline(), client.poll(10 * SECOND)), (Some(10 * SECOND), late));
    let too_late = client.connect(FrameBuilder::connect("a"), &mut out);
    assert!(too_late.is_err());
}

// DISCONNECT

#[test]
fn a_close_that_takes_too_long_ends_by_itself() {
    let beat = HeartBeat::new(SECOND, SECOND);
    let (mut client, mut server) = pair(beat, beat, "1.2");
    receive(&mut client, b"\n", 2 * SECOND);
    let mut out = Vec::new();
    client.send(FrameBuilder::disconnect().receipt("1"), &mut out).unwrap();
    receive(&mut server, &out, 3 * SECOND);
    for (deadline, close) in [(12, client.deadline()), (13, server.deadline())] {
        assert_eq!(close, Some(deadline * SECOND), "there are no heart-beats after it");
    }
    assert_eq!((beats(&mut client, 9 * SECOND), beats(&mut server, 9 * SECOND)), (0, 0));
    assert_eq!(client.poll(12 * SECOND), Some(Action::CloseTimedOut));
    assert_eq!((client.poll(12 * SECOND), client.deadline()), (None, None));
    let mut server = Connection::server(Limits::new(), 0).close_within(0);
    receive(&mut server, b"x\n", 0);
    assert_eq!(server.poll(0), Some(Action::CloseTimedOut));
}
