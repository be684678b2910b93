//! Whole messages in one call, against the parts of the same stream and an assembler.
#![cfg(feature = "alloc")]

use crate::common::inbox::{
    Outcome, Received, receive, receive_messages, receive_parts, receive_to_targets,
};
use crate::common::same_however_split;
use crate::common::ws::{frame, masked};
use framewright::ws::{
    Client, CloseCode, Connection, Error, Event, Inbox, Kind, Limits, Message, MessageEvent, Server,
};
use framewright::{Buffer, BufferFull, OverLimit, SliceBuf};

fn server(limits: Limits) -> Connection<Server> {
    Connection::server(limits)
}

fn client(limits: Limits) -> Connection<Client> {
    Connection::client(limits, || [0; 4])
}

/// Receives the bytes of a client in both ways, however they are split.
fn at_server(limits: Limits, bytes: &[u8]) -> Outcome {
    let expected = receive_parts(server(limits), &[bytes]);
    let got = same_however_split(bytes, |pieces| {
        receive_messages(server(limits), &mut Inbox::new(Vec::new()), pieces)
    });
    assert_eq!(got, expected);
    for (read_len, buffer_len) in [(1, 1), (7, 3), (1000, 10)] {
        let mut inbox = Inbox::new(Vec::new());
        let (got, _) = receive_to_targets(server(limits), &mut inbox, bytes, read_len, buffer_len);
        assert_eq!(got, expected, "in reads of {read_len} to {buffer_len}");
    }
    expected
}

/// Receives frames at a server and at a client. Returns what the server received.
fn received(limits: Limits, frames: &[(u8, &[u8])]) -> Vec<Received> {
    let bytes: Vec<u8> =
        frames.iter().flat_map(|(first, payload)| frame(*first, payload)).collect();
    let at_client = receive_parts(client(limits), &[&bytes]);
    let got = same_however_split(&bytes, |pieces| {
        receive_messages(client(limits), &mut Inbox::new(Vec::new()), pieces)
    });
    assert_eq!(got, at_client);
    let bytes: Vec<u8> =
        frames.iter().flat_map(|(first, payload)| masked(*first, payload)).collect();
    let events = at_server(limits, &bytes).events;
    assert_eq!(events, at_client.events);
    events
}

fn text(text: &str) -> Received {
    Received::Message(Kind::Text, text.into())
}

fn binary(bytes: &[u8]) -> Received {
    Received::Message(Kind::Binary, bytes.to_vec())
}

// §5.4 Fragmentation

#[test]
fn messages_come_whole_however_they_are_fragmented() {
    let got = received(
        Limits::new(),
        &[
            (0x81, "whole 🦀".as_bytes()),
            (0x01, b"fragmen\xCE"),
            (0x00, b""),
            (0x80, b"\xBAted"),
            (0x82, b""),
            (0x81, b""),
            (0x02, b""),
            (0x00, b"\xFF"),
            (0x80, b""),
            (0x01, b"a"),
            (0x80, b""),
            (0x01, b""),
            (0x80, b""),
            (0x82, &[7; 300]),
        ],
    );
    let expected = [
        text("whole 🦀"),
        text("fragmenκted"),
        binary(b""),
        text(""),
        binary(b"\xFF"),
        text("a"),
        text(""),
        binary(&[7; 300]),
    ];
    assert_eq!(got, expected);
}

#[test]
fn control_frames_may_come_between_fragments() {
    let got = received(
        Limits::new(),
        &[
            (0x89, b""),
            (0x01, b"fragmen\xCE"),
            (0x89, b"is it you?"),
            (0x00, b"\xBA"),
            (0x8A, &[0xFF; 125]),
            (0x8A, b""),
            (0x80, b"ted"),
            (0x89, &[b'x'; 125]),
            (0x02, b"cut off"),
            (0x88, b"\x03\xE8bye"),
            (0x80, b"late"),
        ],
    );
    let expected = [
        Received::Ping(vec![]),
        Received::Ping(b"is it you?".to_vec()),
        Received::Pong(vec![0xFF; 125]),
        Received::Pong(vec![]),
        text("fragmenκted"),
        Received::Ping(vec![b'x'; 125]),
        Received::Close(CloseCode::NORMAL),
    ];
    assert_eq!(got, expected);
}

#[test]
fn a_message_stays_until_the_connection_receives_again() {
    let mut server = server(Limits::new());
    let mut inbox = Inbox::new(Vec::new());
    assert_eq!(inbox.message(), Message::Binary(b""), "there is none");
    let bytes = [masked(0x81, b"one"), masked(0x8A, b"pong"), masked(0x01, b"tw")].concat();
    let mut input = &bytes[..];
    let event = server.receive_message(&mut input, &mut inbox);
    assert_eq!(event, Some(MessageEvent::Message(Kind::Text)));
    assert_eq!(inbox.message(), Message::Text("one"));
    assert_eq!(server.receive_message(&mut input, &mut inbox), Some(MessageEvent::Pong));
    assert_eq!(server.control_payload(), b"pong");
    assert_eq!(server.receive_message(&mut input, &mut inbox), None);
    assert_eq!(inbox.message(), Message::Binary(b""), "the next has begun");
    assert!(!format!("{inbox:?}").contains("one"));
}

#[test]
fn parts_and_messages_may_take_turns_between_messages() {
    let mut server = server(Limits::new());
    let mut inbox = Inbox::new(Vec::new());
    let mut events = Vec::new();
    for _ in 0..3 {
        let mut part = masked(0x81, b"part");
        let mut input = &mut part[..];
        assert!(matches!(server.receive(&mut input), Some(Event::Part(_))));
        receive(&mut server, &mut inbox, &masked(0x01, b"mess"), &mut events);
        receive(&mut server, &mut inbox, &masked(0x80, b"age"), &mut events);
    }
    assert_eq!(events, [text("message"), text("message"), text("message")]);
}

// §5.5.1 Close, §7.1.7 Fail the WebSocket Connection

#[test]
fn every_failure_comes_as_it_does_among_parts() {
    let limits = Limits::new().max_frame_len(10).max_message_len(15).max_fragments(2);
    let cases: [(Vec<u8>, Error); 17] = [
        (frame(0x81, b"x"), Error::MaskMissing),
        (masked(0xC1, b"x"), Error::ReservedBits),
        (masked(0x83, b"x"), Error::ReservedOpcode(3)),
        (masked(0x09, b"x"), Error::ControlFragmented),
        (masked(0x89, &[0; 126]), Error::ControlTooLong),
        (masked(0x80, b"x"), Error::ContinuationUnexpected),
        ([masked(0x01, b"x"), masked(0x81, b"x")].concat(), Error::ContinuationMissing),
        (b"\x82\xFE\x00\x01".to_vec(), Error::LengthNotMinimal),
        (b"\x82\xFF\x80\0\0\0\0\0\0\0".to_vec(), Error::LengthTopBit),
        (masked(0x81, b"\xFF"), Error::InvalidUtf8),
        (masked(0x81, b"12345678901"), Error::FrameTooLong(OverLimit::new(11, 10))),
        (
            [masked(0x01, b"1234567890"), masked(0x80, b"123456")].concat(),
            Error::MessageTooLong(OverLimit::new(16, 15)),
        ),
        (
            [masked(0x02, b""), masked(0x00, b""), masked(0x80, b"")].concat(),
            Error::TooManyFragments { limit: 2 },
        ),
        (masked(0x88, b"\x03"), Error::CloseTooShort),
        (masked(0x88, b"\x03\xED"), Error::CloseCodeInvalid(CloseCode(1005))),
        (masked(0x88, b"\x03\xE8\xFF"), Error::CloseReasonInvalid),
        (masked(0x81, b"\xE2\x82"), Error::InvalidUtf8),
    ];
    for (bytes, error) in cases {
        let before = [masked(0x81, b"before"), masked(0x89, b"?")].concat();
        let bytes = [before, bytes, masked(0x81, b"after")].concat();
        let got = at_server(limits, &bytes);
        let (failed, rest) = got.events.split_last().unwrap();
        assert_eq!(failed, &Received::Failed(error));
        assert_eq!(rest, [text("before"), Received::Ping(b"?".to_vec())]);
        assert_eq!(got.error, Some(error));
    }
}

#[test]
fn whatever_comes_after_a_close_is_ignored() {
    for payload in [&b""[..], b"\x03\xE8", b"\x0F\xA0\xCE\xBA"] {
        let bytes =
            [masked(0x88, payload), masked(0x81, b"late"), masked(0x89, b"late"), vec![0; 30]];
        let got = at_server(Limits::new(), &bytes.concat());
        assert_eq!(got.events.len(), 1);
        assert_eq!(got.transmitted, frame(0x88, payload));
    }
}

#[test]
fn a_failure_that_the_caller_found_ends_the_messages() {
    let mut server = server(Limits::new());
    let mut inbox = Inbox::new(Vec::new());
    let mut events = Vec::new();
    receive(&mut server, &mut inbox, &masked(0x01, b"a"), &mut events);
    server.fail(Error::InvalidDeflate);
    receive(&mut server, &mut inbox, &masked(0x80, b"b"), &mut events);
    assert_eq!(events, []);
}

// §8.1 Handling of errors in UTF-8 data

#[test]
fn text_is_refused_at_the_first_impossible_byte() {
    let cases: [&[u8]; 10] = [
        b"\xFF",
        b"abc\x80",
        b"\xC0\xAF",
        b"\xE0\x80\x80",
        b"\xED\xA0\x80",
        b"\xF0\x8F\xBF\xBF",
        b"\xF4\x90\x80\x80",
        "κόσμε".as_bytes().split_last().unwrap().1,
        b"a long text of more than one word, then \xCE\xCE",
        b"\xE2\x82",
    ];
    for case in cases {
        for cut in 0..=case.len() {
            let (a, b) = case.split_at(cut);
            for frames in [
                vec![(0x01, a), (0x80, b)],
                vec![(0x01, a), (0x89, b"?"), (0x00, b), (0x80, b"x")],
                vec![(0x81, case)],
            ] {
                let got = received(Limits::new(), &frames);
                assert_eq!(got.last(), Some(&Received::Failed(Error::InvalidUtf8)), "{case:X?}");
            }
        }
    }
}

#[test]
fn an_invalid_byte_is_found_anywhere_in_a_long_text() {
    // Around the length of the pieces that a text is checked in.
    let valid = "a框".repeat(10_000).into_bytes();
    let places = [0, 1, 16_380, 16_383, 16_384, 16_385, 32_768, valid.len() - 1];
    for at in places.into_iter().map(Some).chain([None]) {
        let mut payload = valid.clone();
        if let Some(at) = at {
            payload[at] = 0xFF;
        }
        for (one, two) in [(0, 0), (1, 16_384), (16_383, 16_384), (20_000, 39_999)] {
            let frames = [
                masked(0x01, &payload[..one]),
                masked(0x00, &payload[one..two]),
                masked(0x80, &payload[two..]),
            ]
            .concat();
            let expected = receive_parts(server(Limits::new()), &[&frames]);
            assert_eq!(expected.error, at.map(|_| Error::InvalidUtf8));
            for read_len in [100, 16_384, 65_536, usize::MAX] {
                let pieces: Vec<_> = frames.chunks(read_len).collect();
                let mut inbox = Inbox::new(Vec::new());
                let got = receive_messages(server(Limits::new()), &mut inbox, &pieces);
                assert_eq!(got, expected, "{at:?} in {read_len}");
                let mut inbox = Inbox::new(Vec::new());
                let (got, in_place) =
                    receive_to_targets(server(Limits::new()), &mut inbox, &frames, read_len, 1000);
                assert_eq!(got, expected, "{at:?} in {read_len}, in place");
                assert!(in_place > 0 || at.is_some_and(|at| at < 1000));
            }
        }
    }
}

// Storage

/// With exactly the room, with a byte less, and with none. Text that is invalid before the room ends is
/// invalid, however it comes.
#[test]
fn an_inbox_without_room_fails_the_connection() {
    let full = |needed| Received::Failed(Error::BufferFull(BufferFull { needed }));
    let invalid = Received::Failed(Error::InvalidUtf8);
    type Frames<'a> = &'a [(u8, &'a [u8])];
    let cases: [(Frames<'_>, usize, Received); 11] = [
        (&[(0x82, b"1234")], 4, binary(b"1234")),
        (&[(0x82, b"12345")], 4, full(5)),
        (&[(0x82, &[1; 300])], 4, full(300)),
        (&[(0x82, &[1; 300])], 0, full(300)),
        (&[(0x82, b"")], 0, binary(b"")),
        (&[(0x01, b"12"), (0x80, b"34")], 4, text("1234")),
        (&[(0x01, b"12"), (0x00, b"345"), (0x80, b"6")], 4, full(5)),
        (&[(0x81, b"123\xFF5")], 4, invalid.clone()),
        (&[(0x81, b"1234\xFF")], 4, full(5)),
        (&[(0x01, b"12\xCE"), (0x80, b"\xBA5")], 4, full(5)),
        (&[(0x01, b"12\xCE"), (0x80, b"x5")], 4, invalid),
    ];
    for (frames, room, expected) in cases {
        let bytes: Vec<u8> =
            frames.iter().flat_map(|(first, payload)| masked(*first, payload)).collect();
        let bytes = [bytes, masked(0x89, b"?")].concat();
        let mut storage = [0; 4];
        let got = same_however_split(&bytes, |pieces| {
            let mut storage = [0xAA; 5];
            let mut inbox = Inbox::new(SliceBuf::new(&mut storage[..room]));
            receive_messages(server(Limits::new()), &mut inbox, pieces)
        });
        let mut inbox = Inbox::new(SliceBuf::new(&mut storage[..room]));
        let (in_place, _) = receive_to_targets(server(Limits::new()), &mut inbox, &bytes, 2, 2);
        assert_eq!(got, in_place);
        assert_eq!(got.events[0], expected, "{frames:?} in {room}");
        let told: &[u8] = match expected {
            Received::Failed(Error::BufferFull(_)) => b"\x03\xF1no room for the message",
            Received::Failed(_) => b"\x03\xEFtext is not UTF-8",
            _ => {
                assert_eq!(got.transmitted, frame(0x8A, b"?"));
                continue;
            }
        };
        assert_eq!(got.transmitted, frame(0x88, told));
        assert_eq!(got.events.len(), 1, "it is told once");
    }
}

/// What the inbox holds from earlier messages is not shown, and memory is kept until it is given back.
#[test]
fn a_short_message_after_a_long_one_is_only_itself() {
    let mut storage = Vec::new();
    let mut inbox = Inbox::new(&mut storage);
    let mut server = server(Limits::new());
    let mut events = Vec::new();
    for len in [500, 3, 0, 400, 1] {
        let payload = vec![len as u8; len];
        receive(&mut server, &mut inbox, &masked(0x82, &payload), &mut events);
        assert_eq!(events.pop(), Some(binary(&payload)));
        receive(&mut server, &mut inbox, &masked(0x01, &vec![b'a'; len]), &mut events);
        receive(&mut server, &mut inbox, &masked(0x80, b"b"), &mut events);
        assert_eq!(events.pop(), Some(text(&("a".repeat(len) + "b"))));
    }
    assert_eq!(storage.len(), 501, "the longest message");

    let mut inbox = Inbox::new(&mut storage);
    receive(&mut server, &mut inbox, &masked(0x82, b"new"), &mut events);
    assert_eq!(events, [binary(b"new")], "what the storage held is overwritten");
    assert!(inbox.release());
    assert_eq!(inbox.message(), Message::Binary(b""));
    assert_eq!(storage.capacity(), 0);
}

#[test]
fn memory_is_given_back_between_messages_and_after_the_last() {
    let mut server = server(Limits::new());
    let mut storage = Vec::new();
    let mut inbox = Inbox::new(&mut storage);
    let mut events = Vec::new();
    receive(&mut server, &mut inbox, &masked(0x01, b"a"), &mut events);
    assert!(!inbox.release(), "a message has begun");
    receive(&mut server, &mut inbox, &masked(0x80, b"b"), &mut events);
    assert_eq!(events, [text("ab")]);
    assert!(inbox.release());

    for end in [masked(0x88, b""), masked(0x88, b"x"), masked(0x83, b""), masked(0x80, b"\xFF")] {
        let mut storage = Vec::new();
        let mut inbox = Inbox::new(&mut storage);
        let mut server = self::server(Limits::new());
        receive(&mut server, &mut inbox, &masked(0x81, &[b'a'; 1000]), &mut events);
        receive(&mut server, &mut inbox, &masked(0x01, b"begun"), &mut events);
        receive(&mut server, &mut inbox, &end, &mut events);
        assert_eq!(storage.capacity(), 0, "{:?}", events.last());
    }
}

/// T3: a peer that announces much and sends little.
#[test]
fn an_inbox_grows_by_what_has_come() {
    let limits = Limits::new().max_message_len(u64::MAX).max_frame_len(u64::MAX);
    for len in [16 << 20, u64::MAX >> 1] {
        let header = [&[0x82, 0xFF][..], &len.to_be_bytes(), &[0; 4]].concat();
        let bytes = [&header[..], &[7; 100]].concat();
        let mut storage = Vec::new();
        let mut inbox = Inbox::new(&mut storage);
        receive_messages(server(limits), &mut inbox, &[&bytes]);
        assert!(storage.capacity() <= 200, "{}", storage.capacity());

        let mut storage = Vec::new();
        let mut inbox = Inbox::new(&mut storage);
        let (_, in_place) = receive_to_targets(server(limits), &mut inbox, &bytes, 1, 20);
        assert_eq!(in_place, 100);
        assert!(storage.capacity() <= 2 * (64 << 10) + 200, "{}", storage.capacity());
    }
}

/// T3: as much as the peer has sent, within bounds.
#[test]
fn reads_to_the_inbox_grow_with_the_message() {
    const KIB: usize = 1 << 10;
    let payload = vec![7; 2048 * KIB];
    let bytes = masked(0x82, &payload);
    let mut inbox = Inbox::new(Vec::new());
    let mut server = server(Limits::new().max_message_len(4 << 20).max_frame_len(4 << 20));
    let mut events = Vec::new();
    receive(&mut server, &mut inbox, &bytes[..14], &mut events);
    let mut buffer = vec![0; 3072 * KIB];
    assert_eq!(
        server.read_target(&mut buffer, &mut inbox).len(),
        3072 * KIB,
        "it has room for all"
    );
    buffer.truncate(100 * KIB);
    let mut unread = &bytes[14..];
    for (target_len, read_len) in [
        (64, 30),
        (64, 64),
        (94, 94),
        (188, 188),
        (376, 376),
        (512, 512),
        (512, 512),
        (272, 200), // the rest of the frame
        (100, 72),  // the buffer again
    ] {
        let target = server.read_target(&mut buffer, &mut inbox);
        assert_eq!(target.len(), target_len * KIB);
        let read = unread.split_off(..read_len * KIB).unwrap();
        target[..read.len()].copy_from_slice(read);
        let input = inbox.filled(&buffer, read.len());
        receive(&mut server, &mut inbox, input, &mut events);
    }
    assert_eq!(events, [binary(&payload)]);

    // It is no matter how long the message before this one was.
    receive(&mut server, &mut inbox, &bytes[..14], &mut events);
    assert_eq!(server.read_target(&mut buffer, &mut inbox).len(), 64 * KIB);
}

/// A read may fail, or bring nothing.
#[test]
fn a_target_that_is_not_used_costs_nothing() {
    let bytes = masked(0x01, "κόσμε and more".as_bytes());
    let mut inbox = Inbox::new(Vec::new());
    let mut server = server(Limits::new());
    let (mut events, mut buffer) = (Vec::new(), [0; 2]);
    for piece in bytes.chunks(2) {
        server.read_target(&mut buffer, &mut inbox).fill(0xFF);
        let input = inbox.filled(&buffer, 0);
        receive(&mut server, &mut inbox, input, &mut events);
        let target = server.read_target(&mut buffer, &mut inbox);
        target[..piece.len()].copy_from_slice(piece);
        let input = inbox.filled(&buffer, piece.len());
        receive(&mut server, &mut inbox, input, &mut events);
    }
    receive(&mut server, &mut inbox, &masked(0x80, b""), &mut events);
    assert_eq!(events, [text("κόσμε and more")]);
}

/// Nobody can change a text after it was checked.
#[test]
fn a_target_for_a_new_message_ends_the_message_before_it() {
    let mut inbox = Inbox::new(Vec::new());
    let (mut server, mut events) = (server(Limits::new()), Vec::new());
    receive(&mut server, &mut inbox, &masked(0x81, &[b'a'; 50]), &mut events);
    let second = masked(0x82, &[7; 100]);
    receive(&mut server, &mut inbox, &second[..6], &mut events);
    assert_eq!(inbox.message(), Message::Text(&"a".repeat(50)), "no byte of the next is there");
    let mut buffer = [0; 20];
    server.read_target(&mut buffer, &mut inbox).fill(0xFF);
    assert_eq!(inbox.message(), Message::Binary(b""));
    let target = server.read_target(&mut buffer, &mut inbox);
    target.copy_from_slice(&second[6..]);
    let input = inbox.filled(&buffer, 100);
    receive(&mut server, &mut inbox, input, &mut events);
    assert_eq!(events, [text(&"a".repeat(50)), binary(&[7; 100])]);
}

/// The caller's fault: another inbox than the one with the beginning. Above all, text that was checked
/// in one state must not go on in another.
#[test]
fn the_rest_of_a_message_needs_its_beginning() {
    type Change = fn(&mut Inbox<Vec<u8>>);
    let other: Change = |inbox| *inbox = Inbox::new(Vec::new());
    let mixed: Change = |inbox| {
        // It has the beginning of another text, after a whole character.
        receive(&mut client(Limits::new()), inbox, &frame(0x01, b"a"), &mut Vec::new());
    };
    let another_kind: Change = |inbox| {
        receive(&mut client(Limits::new()), inbox, &frame(0x02, b"\xCE"), &mut Vec::new());
    };
    let whole: Change = |inbox| {
        receive(&mut client(Limits::new()), inbox, &frame(0x81, b"whole"), &mut Vec::new());
    };
    for change in [other, mixed, another_kind, whole] {
        for rest in [masked(0x80, b"\xBA"), masked(0x00, b"\xBAx"), masked(0x82, b"")] {
            let mut server = server(Limits::new());
            let (mut inbox, mut events) = (Inbox::new(Vec::new()), Vec::new());
            receive(&mut server, &mut inbox, &masked(0x01, b"x\xCE"), &mut events);
            change(&mut inbox);
            receive(&mut server, &mut inbox, &rest, &mut events);
            let error =
                if rest[0] == 0x82 { Error::ContinuationMissing } else { Error::BeginningMissing };
            assert_eq!(events, [Received::Failed(error)]);
            let mut out = Vec::new();
            server.transmit(&mut out);
            let code = if rest[0] == 0x82 { 1002_u16 } else { 1011 };
            assert_eq!(out[2..4], code.to_be_bytes());
        }
    }

    let mut server = server(Limits::new());
    let mut begun = masked(0x01, b"as a part");
    while server.receive(&mut &mut begun[..]).is_none() {}
    let mut events = Vec::new();
    receive(&mut server, &mut Inbox::new(Vec::new()), &masked(0x80, b"!"), &mut events);
    assert_eq!(events, [Received::Failed(Error::BeginningMissing)]);
}

/// The caller's fault: bytes that were read for another connection.
#[test]
fn bytes_in_the_inbox_belong_to_one_connection() {
    let header = &masked(0x82, &[0; 100])[..6];
    let mut inbox = Inbox::new(Vec::new());
    let (mut one, mut events) = (server(Limits::new()), Vec::new());
    receive(&mut one, &mut inbox, header, &mut events);
    one.read_target(&mut [0; 10], &mut inbox).fill(1);
    assert_eq!(inbox.filled(&[0; 10], 50), b"");
    let mut other = server(Limits::new());
    receive(&mut other, &mut inbox, b"", &mut events);
    assert_eq!(events, [Received::Failed(Error::BeginningMissing)]);

    let mut inbox = Inbox::new(Vec::new());
    assert_eq!(inbox.filled(b"input", 2), b"in", "nothing was lent");
    assert_eq!(inbox.filled(b"input", 9), b"input");
}

/// A compressed message needs an inflater, which no connection has by itself.
#[test]
fn a_compressed_message_is_refused_without_an_inflater() {
    let server = server(Limits::new()).accept_compressed(true);
    let got = receive_messages(server, &mut Inbox::new(Vec::new()), &[&masked(0xC1, b"\x4A\0")]);
    assert_eq!(got.events, [Received::Failed(Error::ReservedBits)]);
}

/// Storage of the caller's own.
#[derive(Default)]
struct Own {
    bytes: Vec<u8>,
    /// Whether it returns other bytes than were written.
    lies: bool,
}

impl Buffer for Own {
    fn try_grow(&mut self, len: usize) -> Result<&mut [u8], BufferFull> {
        self.bytes.try_grow(len)
    }

    fn as_slice(&self) -> &[u8] {
        if self.lies { &[0xFF; 64] } else { &self.bytes }
    }

    fn as_mut_slice(&mut self) -> &mut [u8] {
        &mut self.bytes
    }

    fn truncate(&mut self, len: usize) {
        self.bytes.truncate(len);
    }
}

#[test]
fn storage_of_the_callers_own_works_and_cannot_make_a_text_of_other_bytes() {
    let bytes = [masked(0x01, b"\xCE"), masked(0x80, b"\xBA")].concat();
    for (lies, expected) in [(false, Message::Text("κ")), (true, Message::Binary(b""))] {
        let mut inbox = Inbox::new(Own { bytes: vec![0; 2], lies });
        let mut server = server(Limits::new());
        let mut input = &bytes[..];
        let event = server.receive_message(&mut input, &mut inbox);
        assert_eq!(event, Some(MessageEvent::Message(Kind::Text)));
        assert_eq!(inbox.message(), expected);
    }
    #[cfg(feature = "bytes")]
    {
        let mut inbox = Inbox::new(bytes::BytesMut::new());
        let got = receive_messages(server(Limits::new()), &mut inbox, &[&bytes]);
        assert_eq!(got.events, [text("κ")]);
    }
}
