//! A client's session that begins with polling (*HTTP long-polling*, *Upgrade*).

use crate::common::same_however_split;
use framewright::engineio::{
    ClientAction, ClientEvent, ClientRequest, ClientSession, Error, Handshake, Limits, Reason,
    SendError, Sent, Transport,
};
use framewright::ws::{self, Message};
use framewright::{ArrayBuf, BufferFull, OverLimit, SliceBuf};

type Client = ClientSession<Vec<u8>>;

const OPEN: &str =
    r#"0{"sid":"s","upgrades":["websocket"],"pingInterval":300,"pingTimeout":200,"maxPayload":12}"#;
const GET: &str = "GET /?EIO=4&transport=polling&sid=s";

fn client() -> Client {
    ClientSession::new(Transport::Polling, Limits::new().max_backlog(100), Vec::new(), 0)
}

/// A session that is open, with a GET under way.
fn open() -> Client {
    let mut client = client();
    assert_eq!(requests(&mut client), ["GET /?EIO=4&transport=polling"]);
    assert_eq!(answered(&mut client, ClientRequest::Get, OPEN), ["Open"]);
    assert_eq!(requests(&mut client), [GET]);
    client
}

/// The requests that are due, as text.
fn requests(client: &mut Client) -> Vec<String> {
    let mut written = Vec::new();
    loop {
        let (mut target, mut body) = (Vec::new(), Vec::new());
        let Some(request) = client.transmit_request("/", &mut target, &mut body).unwrap() else {
            return written;
        };
        let [target, body] = [target, body].map(|bytes| String::from_utf8(bytes).unwrap());
        written.push(format!("{} {target} {body}", request.method()).trim_end().to_owned());
    }
}

fn post(body: &str) -> String {
    format!("POST /?EIO=4&transport=polling&sid=s {body}")
}

/// What happens when a request is answered with `body` at 0.
fn answered(client: &mut Client, request: ClientRequest, body: &str) -> Vec<String> {
    answered_in(client, request, &[body.as_bytes()])
}

/// The events, with the parts of a message joined.
fn answered_in(client: &mut Client, request: ClientRequest, pieces: &[&[u8]]) -> Vec<String> {
    assert_eq!(client.receive_head(request, 200), None);
    let (mut events, mut message) = (Vec::new(), Vec::new());
    let mut take = |event: ClientEvent<'_>| match event {
        ClientEvent::Message(part) => {
            assert_eq!(part.chunk.start, message.is_empty());
            message.extend_from_slice(part.chunk.bytes);
            if part.chunk.end {
                events.push(format!("{:?} {}", part.kind, message.escape_ascii()));
                message.clear();
            }
        }
        event => events.push(format!("{event:?}")),
    };
    for piece in pieces {
        let mut piece = piece.to_vec();
        let mut input = &mut piece[..];
        while let Some(event) = client.receive_body(request, &mut input, 0) {
            take(event);
        }
        assert!(input.is_empty(), "all was taken");
    }
    client.end_body(request, 0).into_iter().for_each(&mut take);
    assert_eq!(client.end_body(request, 0), None);
    events
}

fn queue(client: &mut Client, texts: &[&str]) {
    for text in texts {
        assert_eq!(client.send(*text, &mut Vec::new()), Ok(Sent::Queued));
    }
}

fn socket_messages(client: &mut Client) -> Vec<String> {
    let mut messages = Vec::new();
    let mut out = Vec::new();
    while let Some(kind) = client.transmit_socket(&mut out).unwrap() {
        messages.push(format!("{kind:?} {}", out.escape_ascii()));
        out.clear();
    }
    assert_eq!(out, b"");
    messages
}

fn says(client: &mut Client, text: &str) -> Option<ClientEvent<'static>> {
    match client.receive_socket(Message::Text(text), 0)? {
        ClientEvent::UpgradeFailed => Some(ClientEvent::UpgradeFailed),
        ClientEvent::Closed(reason) => Some(ClientEvent::Closed(reason)),
        event => panic!("{event:?}"),
    }
}

#[test]
fn a_part_of_the_open_packet_is_no_backlog() {
    let mut client = client();
    requests(&mut client);
    assert_eq!(client.receive_head(ClientRequest::Get, 200), None);
    let mut part = *b"0{\"sid\":";
    assert_eq!(client.receive_body(ClientRequest::Get, &mut &mut part[..], 0), None);
    assert_eq!(client.backlog_len(), 0);
}

/// (*Handshake*)
#[test]
fn the_open_packet_is_read_however_it_is_split() {
    for (body, expected) in [
        (OPEN.to_owned(), vec!["Open".to_owned()]),
        (
            format!("{OPEN}\x1E4h\u{e9}\x1EbAQL/\x1E2"),
            vec!["Open".into(), "Text h\\xc3\\xa9".into(), "Binary \\x01\\x02\\xff".into()],
        ),
    ] {
        let seen = same_however_split(body.as_bytes(), |pieces| {
            let mut client = client();
            requests(&mut client);
            let events = answered_in(&mut client, ClientRequest::Get, pieces);
            assert_eq!(
                client.handshake().map(|it| (it.sid, it.max_payload)),
                Some(("s", Some(12)))
            );
            assert_eq!((client.backlog_len(), client.deadline()), (0, Some(500)));
            events
        });
        assert_eq!(seen, expected);
    }
}

/// (*Handshake*)
#[test]
fn nothing_else_comes_first() {
    let long = format!(r#"0{{"x":"{}""#, "x".repeat(Handshake::MAX_LEN));
    let sid = |len| format!(r#"0{{"sid":"{}","pingInterval":1,"pingTimeout":1}}"#, "s".repeat(len));
    for (body, error) in [
        ("4hi", Error::PacketUnexpected),
        ("2", Error::PacketUnexpected),
        ("6", Error::PacketUnexpected),
        ("bAA==", Error::PacketUnexpected),
        ("", Error::PacketEmpty),
        ("0", Error::Handshake),
        ("0{}", Error::Handshake),
        (&long, Error::Handshake),
        (&sid(Handshake::MAX_SID_LEN + 1), Error::Handshake),
        (&format!("{OPEN}\x1E{OPEN}"), Error::PacketUnexpected),
        (&format!("{OPEN}\x1E"), Error::PacketEmpty),
        (&format!("{OPEN}\x1E7"), Error::PacketType(b'7')),
    ] {
        let seen = same_however_split(body.as_bytes(), |pieces| {
            let mut client = client();
            requests(&mut client);
            let events = answered_in(&mut client, ClientRequest::Get, pieces);
            assert_eq!(requests(&mut client), [""; 0]);
            events.into_iter().filter(|event| event != "Open").collect::<Vec<_>>()
        });
        assert_eq!(seen, [format!("Closed(Error({error:?}))")], "{body}");
    }
    let mut client = client();
    requests(&mut client);
    assert_eq!(answered(&mut client, ClientRequest::Get, &sid(Handshake::MAX_SID_LEN)), ["Open"]);
}

#[test]
fn an_open_packet_over_polling_needs_storage() {
    let mut client =
        ClientSession::new(Transport::Polling, Limits::new(), ArrayBuf::<20>::new(), 0);
    let mut out = Vec::new();
    let get = client.transmit_request("/", &mut Vec::new(), &mut out).unwrap().unwrap();
    client.receive_head(get, 200);
    let mut pieces = OPEN.to_owned().into_bytes();
    let (mut first, mut second) = pieces.split_at_mut(20);
    assert_eq!(client.receive_body(get, &mut first, 0), None);
    let full = BufferFull { needed: OPEN.len() - 1 };
    // The second piece has no end.
    let closed = ClientEvent::Closed(Reason::Error(Error::BufferFull(full)));
    assert_eq!(client.receive_body(get, &mut second, 0), Some(closed));
}

#[test]
fn targets_carry_the_identifier_and_the_path() {
    let mut client = client();
    let (mut target, mut body) = (Vec::new(), Vec::new());
    let get = client.transmit_request("/socket.io/?token=x", &mut target, &mut body).unwrap();
    assert_eq!(target, b"/socket.io/?token=x&EIO=4&transport=polling");
    assert_eq!((get, &body[..]), (Some(ClientRequest::Get), &b""[..]));
    let sid = r#"0{"sid":"-_.~aZ9 &%é","pingInterval":1,"pingTimeout":1}"#;
    assert_eq!(answered(&mut client, ClientRequest::Get, sid), ["Open"]);
    target.clear();
    client.write_socket_target("/", &mut target).unwrap();
    let expected = "/?EIO=4&transport=websocket&sid=-_.~aZ9%20%26%25%C3%A9";
    assert_eq!(String::from_utf8_lossy(&target), expected);
    let mut short = [0; 40];
    let mut short = SliceBuf::new(&mut short);
    let full = Err(BufferFull { needed: expected.len() });
    assert_eq!(client.write_socket_target("/", &mut short), full);
    // A request that has no room is still due.
    let needed = expected.len() - "websocket".len() + "polling".len();
    assert_eq!(client.transmit_request("/", &mut short, &mut body), Err(BufferFull { needed }));
    assert_eq!(requests(&mut client).len(), 1);
}

#[test]
fn a_post_that_has_no_room_is_still_due() {
    let mut client = open();
    queue(&mut client, &["hello"]);
    let mut target = Vec::new();
    let full = Err(BufferFull { needed: 6 });
    assert_eq!(client.transmit_request("/", &mut target, &mut SliceBuf::new(&mut [0; 5])), full);
    assert_eq!(target, b"");
    assert_eq!(requests(&mut client), [post("4hello")]);
}

#[test]
fn one_request_of_each_kind_is_under_way() {
    let mut client = open();
    assert_eq!(requests(&mut client), [""; 0]);
    queue(&mut client, &["a", "b"]);
    assert_eq!(requests(&mut client), [post("4a\x1E4b")]);
    queue(&mut client, &["c"]);
    assert_eq!(requests(&mut client), [""; 0]);
    // An interim answer is not the answer, and there is one answer.
    assert_eq!(client.receive_head(ClientRequest::Post, 100), None);
    assert_eq!(client.end_body(ClientRequest::Post, 0), None);
    assert_eq!(requests(&mut client), [""; 0]);
    assert_eq!(answered(&mut client, ClientRequest::Post, "anything\x1E"), [""; 0]);
    assert_eq!(requests(&mut client), [post("4c")]);
    assert_eq!(client.receive_head(ClientRequest::Get, 200), None);
    assert_eq!(client.receive_body(ClientRequest::Get, &mut &mut b"6".to_owned()[..], 0), None);
    assert_eq!(client.receive_head(ClientRequest::Get, 200), None);
    assert_eq!(client.receive_head(ClientRequest::Get, 500), None);
    assert_eq!(client.end_body(ClientRequest::Get, 0), None);
    assert!(!client.is_over());
    assert_eq!(requests(&mut client), [GET]);
    let hello = answered(&mut client, ClientRequest::Get, "4hello\x1E6\x1E6x");
    assert_eq!(hello, ["Text hello"]);
}

#[test]
fn an_answer_that_fails_ends_the_session() {
    for request in [ClientRequest::Get, ClientRequest::Post] {
        for status in [204, 301, 400, 404, 500] {
            let mut client = open();
            queue(&mut client, &["x"]);
            requests(&mut client);
            let closed = ClientEvent::Closed(Reason::Error(Error::Status(status)));
            assert_eq!(client.receive_head(request, status), Some(closed));
            assert_eq!(client.receive_head(request, status), None);
            assert_eq!((requests(&mut client), client.deadline()), (vec![], None));
            assert_eq!(client.send("x", &mut Vec::new()), Err(SendError::Closed));
        }
        let mut client = open();
        client.receive_request_eof(ClientRequest::Post);
        assert!(!client.is_over(), "none was under way");
        queue(&mut client, &["x"]);
        requests(&mut client);
        client.receive_request_eof(request);
        assert_eq!(client.reason(), Some(Reason::TransportLost));
        assert_eq!(client.backlog_len(), 0);
    }
    for (body, reason) in [
        ("1", Reason::PeerClosed),
        ("3", Reason::Error(Error::PacketUnexpected)),
        ("5", Reason::Error(Error::PacketUnexpected)),
        ("b!", Reason::Error(Error::Base64)),
        ("4\u{1E}", Reason::Error(Error::PacketEmpty)),
    ] {
        let mut client = open();
        let events = answered(&mut client, ClientRequest::Get, body);
        assert_eq!(events.last().unwrap(), &format!("Closed({reason:?})"));
    }
}

/// (*Heartbeat*)
#[test]
fn any_number_of_pings_costs_one_pong() {
    let mut client = open();
    let flood = ["2"; 1000].join("\x1E");
    assert_eq!(answered(&mut client, ClientRequest::Get, &flood), [""; 0]);
    assert_eq!(requests(&mut client), [post("3"), GET.to_owned()]);
    assert_eq!((client.backlog_len(), client.deadline()), (0, Some(500)));
    assert_eq!((client.poll(499), client.poll(500)), (None, Some(ClientAction::Over)));
    assert_eq!(client.reason(), Some(Reason::TimedOut));
    assert_eq!((client.poll(500), client.deadline()), (None, None));
}

/// Twelve bytes are the most for this server, and sixteen packets for Python's.
#[test]
fn posts_stay_within_what_the_server_takes() {
    let mut client = open();
    let over = |len| Err(SendError::PayloadTooLong(OverLimit::new(len, 12)));
    assert_eq!(client.send("123456789012", &mut Vec::new()), over(13));
    assert_eq!(client.send(&[0; 9][..], &mut Vec::new()), over(13));
    assert_eq!(client.send("\x1E", &mut Vec::new()), Err(SendError::Separator));
    assert_eq!(client.send(&[0; 8][..], &mut Vec::new()), over(13));
    queue(&mut client, &["12345678901", "1234", "12345", "1", "123456"]);
    for body in ["412345678901", "41234\x1E412345", "41\x1E4123456"] {
        assert_eq!(requests(&mut client), [post(body)]);
        answered(&mut client, ClientRequest::Post, "ok");
    }
    // A pong goes first, and alone if need be.
    answered(&mut client, ClientRequest::Get, "2");
    queue(&mut client, &["123456789", "1"]);
    assert_eq!(requests(&mut client), [post("3\x1E4123456789"), GET.to_owned()]);
    answered(&mut client, ClientRequest::Post, "ok");
    answered(&mut client, ClientRequest::Get, "2");
    assert_eq!(requests(&mut client), [post("3\x1E41"), GET.to_owned()]);
    answered(&mut client, ClientRequest::Post, "ok");
    answered(&mut client, ClientRequest::Get, "2");
    queue(&mut client, &["1234567890"]);
    assert_eq!(requests(&mut client), [post("3"), GET.to_owned()]);
    answered(&mut client, ClientRequest::Post, "ok");
    assert_eq!(requests(&mut client), [post("41234567890")]);

    let mut client = self::client();
    requests(&mut client);
    let open = OPEN.replace(r#","maxPayload":12"#, "");
    answered(&mut client, ClientRequest::Get, &format!("{open}\x1E2"));
    for _ in 0..33 {
        queue(&mut client, &[""]);
    }
    let first = ["3"].into_iter().chain(["4"; 15]).collect::<Vec<_>>().join("\x1E");
    assert_eq!(requests(&mut client), [post(&first), GET.to_owned()]);
    for count in [16, 2] {
        answered(&mut client, ClientRequest::Post, "ok");
        assert_eq!(requests(&mut client), [post(&vec!["4"; count].join("\x1E"))]);
    }
}

#[test]
fn what_waits_has_a_limit_and_its_room_comes_back() {
    let mut client = open();
    queue(&mut client, &["123456789"; 9]);
    let full = SendError::BacklogFull(OverLimit::new(101, 100));
    assert_eq!((client.backlog_len(), client.send("1", &mut Vec::new())), (98, Err(full)));
    let mut client =
        ClientSession::new(Transport::Polling, Limits::new(), ArrayBuf::<128>::new(), 0);
    let (mut target, mut body) = (Vec::new(), Vec::new());
    let get = client.transmit_request("/", &mut target, &mut body).unwrap().unwrap();
    client.receive_head(get, 200);
    client.receive_body(get, &mut &mut OPEN.to_owned().into_bytes()[..], 0);
    assert_eq!(client.end_body(get, 0), Some(ClientEvent::Open));
    let mut sent = 0;
    let mut arrived = Vec::new();
    for _ in 0..50 {
        while client.send(format!("{sent:03}").as_str(), &mut Vec::new()).is_ok() {
            sent += 1;
        }
        assert!(client.backlog_len() >= 128 - 5, "nearly all room is used");
        body.clear();
        while let Some(request) = client.transmit_request("/", &mut target, &mut body).unwrap() {
            assert!(body.len() <= 12);
            client.receive_head(request, 200);
            if request == ClientRequest::Get {
                continue;
            }
            arrived.extend(body.split(|byte| *byte == 0x1E).map(<[u8]>::to_vec));
            client.end_body(request, 0);
            break;
        }
    }
    for (number, packet) in arrived.iter().enumerate() {
        assert_eq!(packet, format!("4{number:03}").as_bytes());
    }
    assert_eq!(arrived.len(), 100);
}

/// A body has no more than 16 packets and no more than the server's bytes, with a pong and a close.
#[test]
fn a_pong_and_a_close_count_like_messages() {
    for (pings, text, count, max, packets) in [
        (false, "", 15, 99, &[16][..]),
        (false, "", 16, 99, &[16, 1]),
        (true, "", 14, 99, &[16]),
        (true, "", 15, 99, &[16, 1]),
        (true, "", 16, 99, &[16, 2]),
        (true, "1234567", 1, 12, &[3]),
        (true, "12345678", 1, 12, &[2, 1]),
    ] {
        let mut client = client();
        requests(&mut client);
        answered(&mut client, ClientRequest::Get, &OPEN.replace("12}", &format!("{max}}}")));
        requests(&mut client);
        queue(&mut client, &vec![text; count]);
        if pings {
            answered(&mut client, ClientRequest::Get, "2");
        }
        client.close(0);
        for count in packets {
            let posts = requests(&mut client);
            let [.., body] = &posts[..] else { panic!("{packets:?}") };
            assert_eq!(body.split('\x1E').count(), *count, "{body}");
            answered(&mut client, ClientRequest::Post, "ok");
        }
        assert!(client.is_over());
    }
}

/// A close goes in the last POST, after all that waits.
#[test]
fn a_close_follows_what_waits() {
    for (waiting, bodies) in [
        (&[][..], &["1"][..]),
        (&["a"], &["4a\x1E1"]),
        (&["123456789"], &["4123456789\x1E1"]),
        (&["1234567890"], &["41234567890", "1"]),
        (&["12345", "12345"], &["412345", "412345\x1E1"]),
    ] {
        let mut client = open();
        queue(&mut client, waiting);
        client.close(7);
        assert_eq!(client.send("x", &mut Vec::new()), Err(SendError::Closed));
        assert_eq!(client.upgrade(7), Err(SendError::Closed));
        assert_eq!((client.reason(), client.deadline()), (None, Some(30_007)));
        assert_eq!(answered(&mut client, ClientRequest::Get, "4late\x1E2"), [""; 0]);
        for (at, body) in bodies.iter().enumerate() {
            assert_eq!(requests(&mut client), [post(body)]);
            assert_eq!(requests(&mut client), [""; 0]);
            assert_eq!(client.is_over(), at + 1 == bodies.len());
            answered(&mut client, ClientRequest::Post, "ok");
        }
        assert_eq!(client.reason(), Some(Reason::Closed));
        assert_eq!(requests(&mut client), [""; 0]);
    }
    let mut client = open();
    queue(&mut client, &["a"]);
    requests(&mut client);
    client.close(0);
    client.close(9);
    assert_eq!((requests(&mut client), client.poll(29_999)), (vec![], None));
    assert_eq!(client.poll(30_000), Some(ClientAction::Over));
    assert_eq!(client.reason(), Some(Reason::TimedOut));
    // Before it is open, and over WebSocket, there is nobody to tell.
    let mut client = self::client();
    requests(&mut client);
    client.close(0);
    assert_eq!((client.reason(), requests(&mut client)), (Some(Reason::Closed), vec![]));
    assert_eq!(answered(&mut client, ClientRequest::Get, OPEN), [""; 0]);
}

/// (*Upgrade*)
#[test]
fn the_websocket_takes_over_when_the_requests_have_ended() {
    for order in
        [[ClientRequest::Get, ClientRequest::Post], [ClientRequest::Post, ClientRequest::Get]]
    {
        let mut client = open();
        queue(&mut client, &["a"]);
        assert_eq!(requests(&mut client), [post("4a")]);
        client.upgrade(10).unwrap();
        assert_eq!(client.upgrade(10), Err(SendError::UpgradeUnexpected));
        assert_eq!(client.deadline(), Some(500));
        assert_eq!(socket_messages(&mut client), ["Text 2probe"]);
        assert_eq!(says(&mut client, "3probe"), None);
        queue(&mut client, &["b"]);
        assert_eq!(client.send(&[1, 2][..], &mut Vec::new()), Ok(Sent::Queued));
        for request in order {
            assert_eq!((requests(&mut client), socket_messages(&mut client)), (vec![], vec![]));
            assert_eq!(client.transport(), Transport::Polling);
            answered(&mut client, request, "2\x1E4x");
        }
        let expected = ["Text 5", "Text 3", "Text 4b", "Binary \\x01\\x02"];
        assert_eq!((requests(&mut client), client.transport()), (vec![], Transport::Polling));
        assert_eq!(socket_messages(&mut client), expected);
        assert_eq!((client.transport(), client.backlog_len()), (Transport::WebSocket, 0));
        assert_eq!(requests(&mut client), [""; 0]);
        let mut out = Vec::new();
        assert_eq!(client.send("c", &mut out), Ok(Sent::Written(ws::Kind::Text)));
        assert_eq!(out, b"4c");
        // There is no going back.
        client.receive_socket_eof();
        assert_eq!(client.reason(), Some(Reason::TransportLost));
    }
}

/// (*Upgrade*)
#[test]
fn polling_goes_on_when_the_upgrade_fails() {
    let failures: [fn(&mut Client); 4] = [
        |client| client.receive_socket_eof(),
        |client| assert_eq!(client.poll(499), Some(ClientAction::DropCandidate)),
        |client| assert_eq!(says(client, "4x"), Some(ClientEvent::UpgradeFailed)),
        |client| assert_eq!(says(client, "2"), Some(ClientEvent::UpgradeFailed)),
    ];
    for fail in failures {
        for stage in ["upgraded", "asked", "probed"] {
            let limits = Limits::new().upgrade_timeout(99);
            let mut client = ClientSession::new(Transport::Polling, limits, Vec::new(), 0);
            requests(&mut client);
            assert_eq!(client.upgrade(400), Err(SendError::NotOpen));
            answered(&mut client, ClientRequest::Get, OPEN);
            client.upgrade(400).unwrap();
            assert_eq!(client.deadline(), Some(499));
            if stage != "upgraded" {
                socket_messages(&mut client);
            }
            if stage == "probed" {
                assert_eq!(says(&mut client, "3probe"), None);
            }
            queue(&mut client, &["a"]);
            fail(&mut client);
            assert_eq!(client.transport(), Transport::Polling);
            assert_eq!(socket_messages(&mut client), [""; 0]);
            assert_eq!(says(&mut client, "3probe"), None, "a WebSocket of the past");
            assert_eq!(requests(&mut client), [post("4a"), GET.to_owned()]);
            client.upgrade(400).unwrap();
            client.close(400);
            assert_eq!(client.transport(), Transport::Polling);
        }
    }
    let mut client = open();
    client.upgrade(0).unwrap();
    assert_eq!(says(&mut client, "3probe"), Some(ClientEvent::UpgradeFailed), "unasked for");
    client.upgrade(0).unwrap();
    assert_eq!(socket_messages(&mut client), ["Text 2probe"]);
    assert_eq!(says(&mut client, "3probe"), None);
    assert_eq!(says(&mut client, "3probe"), Some(ClientEvent::UpgradeFailed), "twice");
}

#[test]
fn a_server_that_offers_no_upgrade_gets_none() {
    let mut client = client();
    requests(&mut client);
    answered(&mut client, ClientRequest::Get, &OPEN.replace(r#""websocket""#, ""));
    assert_eq!(client.upgrade(0), Err(SendError::UpgradeUnexpected));
}
