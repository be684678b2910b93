//! Whole messages in one call, against the parts of the same stream and an assembler.
#![cfg(feature = "alloc")]

use crate::common::same_however_split;
use crate::common::ws::{frame, masked};
use framewright::Buffer;
use framewright::ws::{
    Assembler, CloseCode, Connection, Ending, Error, Event, Inbox, Kind, Limits, MessageEvent,
    Part, Side,
};

/// What a connection received, and what it did about it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Outcome {
    events: Vec<Got>,
    transmitted: Vec<u8>,
    ending: Ending,
    error: Option<Error>,
}

/// An event with its payload.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Got {
    Message(Kind, Vec<u8>),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    Close(CloseCode),
    Failed(Error),
}

fn outcome<S: Side>(mut connection: Connection<S>, events: Vec<Got>) -> Outcome {
    let mut transmitted = Vec::new();
    assert!(connection.transmit(&mut transmitted));
    let (ending, error) = (connection.receive_eof(), connection.error());
    Outcome { events, transmitted, ending, error }
}

/// Receives `pieces` with `receive_message`.
pub(super) fn whole<S: Side, B: Buffer>(
    mut connection: Connection<S>,
    inbox: &mut Inbox<B>,
    pieces: &[&[u8]],
) -> Outcome {
    let mut events = Vec::new();
    for piece in pieces {
        let mut input = *piece;
        loop {
            let before = input.len();
            let Some(event) = connection.receive_message(&mut input, inbox) else { break };
            assert!(input.len() < before, "T17: each event takes at least a byte");
            events.push(match event {
                MessageEvent::Message(kind) => {
                    let message = inbox.message();
                    assert_eq!(message.kind(), kind);
                    Got::Message(kind, message.as_bytes().to_vec())
                }
                MessageEvent::Ping => Got::Ping(connection.control_payload().to_vec()),
                MessageEvent::Pong => Got::Pong(connection.control_payload().to_vec()),
                MessageEvent::Close(code) => Got::Close(code),
                MessageEvent::Failed(e) => Got::Failed(e),
            });
        }
        assert!(input.is_empty(), "None means that all was taken");
    }
    outcome(connection, events)
}

/// Receives `pieces` with `receive` and an assembler: the naive twin.
pub(super) fn joined<S: Side>(mut connection: Connection<S>, pieces: &[&[u8]]) -> Outcome {
    let mut assembler = Assembler::new(Vec::new());
    let (mut events, mut control) = (Vec::new(), Vec::new());
    for piece in pieces {
        let mut bytes = piece.to_vec();
        let mut input = &mut bytes[..];
        while let Some(event) = connection.receive(&mut input) {
            match event {
                Event::Part(part @ (Part::Ping(chunk) | Part::Pong(chunk))) => {
                    if chunk.start {
                        control.clear();
                    }
                    control.extend_from_slice(chunk.bytes);
                    if chunk.end {
                        let ping = matches!(part, Part::Ping(_));
                        let got = if ping { Got::Ping } else { Got::Pong };
                        events.push(got(control.clone()));
                    }
                }
                Event::Part(part) => {
                    if let Some(message) = assembler.push(part).unwrap() {
                        events.push(Got::Message(message.kind(), message.as_bytes().to_vec()));
                    }
                }
                Event::Close(code) => events.push(Got::Close(code)),
                Event::Failed(e) => events.push(Got::Failed(e)),
            }
        }
    }
    outcome(connection, events)
}

/// Receives frames, written for a server and for a client, in both ways and however they are split.
/// Returns the events of the server.
fn received(limits: Limits, frames: &[(u8, &[u8])]) -> Vec<Got> {
    let wire = |frame: fn(u8, &[u8]) -> Vec<u8>| -> Vec<u8> {
        frames.iter().flat_map(|(first, payload)| frame(*first, payload)).collect()
    };
    let client = || Connection::client(limits, || [0; 4]);
    let bytes = wire(frame);
    let expected = joined(client(), &[&bytes]);
    let got = same_however_split(&bytes, |pieces| {
        assert_eq!(joined(client(), pieces), expected);
        whole(client(), &mut Inbox::new(Vec::new()), pieces)
    });
    assert_eq!(got, expected);

    let server = || Connection::server(limits);
    let bytes = wire(masked);
    let expected = joined(server(), &[&bytes]);
    assert_eq!(expected.events, got.events);
    let got = same_however_split(&bytes, |pieces| {
        assert_eq!(joined(server(), pieces), expected);
        whole(server(), &mut Inbox::new(Vec::new()), pieces)
    });
    assert_eq!(got, expected);
    got.events
}

fn text(text: &str) -> Got {
    Got::Message(Kind::Text, text.into())
}

fn binary(bytes: &[u8]) -> Got {
    Got::Message(Kind::Binary, bytes.to_vec())
}

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
        ],
    );
    let expected =
        [text("whole 🦀"), text("fragmenκted"), binary(b""), text(""), binary(b"\xFF"), text("a")];
    assert_eq!(got, expected);
}

/// Receives `bytes` in reads of at most `read_len` bytes to where the connection wants them. Returns what
/// came, and how many of the bytes were read to the inbox.
fn read_to_target<S: Side, B: Buffer>(
    mut connection: Connection<S>,
    inbox: &mut Inbox<B>,
    bytes: &[u8],
    read_len: usize,
    buffer_len: usize,
) -> (Outcome, usize) {
    let mut buffer = vec![0; buffer_len];
    let (mut rest, mut events, mut read_in_place) = (bytes, Vec::new(), 0);
    while !rest.is_empty() {
        let target = connection.read_target(&mut buffer, inbox);
        let len = target.len().min(read_len).min(rest.len());
        assert!(len > 0, "there is room to read to");
        target[..len].copy_from_slice(rest.split_off(..len).unwrap());
        let mut input = inbox.filled(&buffer, len);
        read_in_place += len - input.len();
        while let Some(event) = connection.receive_message(&mut input, inbox) {
            match event {
                MessageEvent::Message(kind) => {
                    events.push(Got::Message(kind, inbox.message().as_bytes().to_vec()));
                }
                MessageEvent::Ping => events.push(Got::Ping(connection.control_payload().to_vec())),
                MessageEvent::Pong => events.push(Got::Pong(connection.control_payload().to_vec())),
                MessageEvent::Close(code) => events.push(Got::Close(code)),
                MessageEvent::Failed(e) => events.push(Got::Failed(e)),
            }
        }
        assert!(input.is_empty());
    }
    (outcome(connection, events), read_in_place)
}

#[test]
fn the_rest_of_a_long_message_may_be_read_to_the_inbox() {
    let text = "κόσμε 🦀 ".repeat(9);
    for (payload, ending) in [(text.as_bytes(), ""), (text.as_bytes(), "\u{3BA}")] {
        // The second ends inside a character.
        let cut = &[payload, ending.as_bytes().get(..1).unwrap_or_default()].concat();
        let bytes = [
            masked(0x01, payload),
            masked(0x89, b"between"),
            masked(0x80, cut),
            masked(0x82, cut),
            masked(0x88, b""),
        ]
        .concat();
        let server = || Connection::server(Limits::new());
        let expected = joined(server(), &[&bytes]);
        for buffer_len in [1, 2, 7, 20, 50, 200] {
            for read_len in [1, 3, 16, 64, 1000] {
                let mut inbox = Inbox::new(Vec::new());
                let (got, in_place) =
                    read_to_target(server(), &mut inbox, &bytes, read_len, buffer_len);
                assert_eq!(got, expected);
                assert_eq!(in_place > 0, buffer_len < 200, "{buffer_len} {read_len}");
            }
        }
    }
}
