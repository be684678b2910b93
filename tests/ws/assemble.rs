//! Whole messages joined from parts, in every kind of storage.
#![cfg(feature = "alloc")]

use crate::common::same_however_split;
use crate::common::ws::{frame, masked};
use framewright::ws::{
    Assembler, CloseCode, Connection, Decoder, Error, Event, Kind, Limits, Message, Part, Role,
};
use framewright::{Buffer, BufferFull, SliceBuf};

/// Decodes `pieces`, and passes every part to `push`.
fn parts(pieces: &[&[u8]], mut push: impl FnMut(Part<'_>)) {
    let mut decoder = Decoder::new(Role::Client, Limits::new());
    for piece in pieces {
        let mut bytes = piece.to_vec();
        let mut input = &mut bytes[..];
        while let Some(part) = decoder.decode(&mut input).unwrap() {
            push(part);
        }
    }
}

fn session() -> Vec<u8> {
    [
        frame(0x81, "whole 🦀".as_bytes()),
        frame(0x01, "fragmen\u{3BA}".as_bytes().split_last().unwrap().1),
        frame(0x89, b"a ping between"),
        frame(0x00, b""),
        frame(0x80, b"\xBAted"),
        frame(0x82, b""),
        frame(0x02, b"\xFF"),
        frame(0x80, b"\x00"),
    ]
    .concat()
}

fn expected() -> Vec<(Kind, Vec<u8>)> {
    vec![
        (Kind::Text, "whole 🦀".into()),
        (Kind::Text, "fragmenκted".into()),
        (Kind::Binary, vec![]),
        (Kind::Binary, vec![0xFF, 0x00]),
    ]
}

fn assembled(storage: impl Buffer, pieces: &[&[u8]]) -> Vec<(Kind, Vec<u8>)> {
    let mut assembler = Assembler::new(storage);
    let mut messages = Vec::new();
    parts(pieces, |part| {
        if let Some(message) = assembler.push(part).unwrap() {
            messages.push((message.kind(), message.as_bytes().to_vec()));
        }
    });
    messages
}

#[test]
fn messages_are_whole_in_every_storage_however_they_come() {
    let got = same_however_split(&session(), |pieces| assembled(Vec::new(), pieces));
    assert_eq!(got, expected());
    let got =
        same_however_split(&session(), |pieces| assembled(SliceBuf::new(&mut [0; 13]), pieces));
    assert_eq!(got, expected());
    #[cfg(feature = "bytes")]
    {
        let got =
            same_however_split(&session(), |pieces| assembled(bytes::BytesMut::new(), pieces));
        assert_eq!(got, expected());
        let taken = same_however_split(&session(), |pieces| {
            let mut assembler = Assembler::new(bytes::BytesMut::new());
            let mut messages = Vec::new();
            parts(pieces, |part| messages.extend(assembler.take(part).unwrap()));
            messages
                .into_iter()
                .map(|m| (m.as_message().kind(), m.into_bytes().to_vec()))
                .collect::<Vec<_>>()
        });
        assert_eq!(taken, expected());
    }
}

#[test]
#[cfg(feature = "bytes")]
fn a_message_is_taken_out_of_where_it_was_joined() {
    let mut assembler = Assembler::new(bytes::BytesMut::with_capacity(64));
    let storage = assembler.storage().as_ptr();
    let bytes = [frame(0x01, b"ab"), frame(0x80, b"c"), frame(0x82, b"next")].concat();
    let mut taken = Vec::new();
    parts(&[&bytes], |part| taken.extend(assembler.take(part).unwrap()));
    let [text, binary] = &taken[..] else { panic!("{taken:?}") };
    assert_eq!(text.as_message(), Message::Text("abc"));
    assert_eq!(binary.as_message(), Message::Binary(b"next"));
    assert_eq!(text.as_message().as_bytes().as_ptr(), storage, "without a copy");
    assert!(assembler.storage().capacity() > 50, "and the rest of the storage stays");
}

#[test]
fn a_whole_message_is_not_copied() {
    for first in [0x81, 0x82] {
        let mut bytes = frame(first, b"Hello");
        let at = bytes[2..].as_ptr();
        let mut decoder = Decoder::new(Role::Client, Limits::new());
        let mut assembler = Assembler::new(SliceBuf::new(&mut []));
        let part = decoder.decode(&mut &mut bytes[..]).unwrap().unwrap();
        let message = assembler.push(part).unwrap().unwrap();
        assert_eq!((message.as_bytes(), message.as_bytes().as_ptr()), (&b"Hello"[..], at));
    }
}

#[test]
fn a_message_that_finds_no_room_is_lost_as_a_whole_and_the_next_is_not() {
    let bytes = [
        frame(0x01, b"abc"),
        frame(0x00, b"de"),
        frame(0x80, b"f"),
        frame(0x01, b"x"),
        frame(0x80, b"y"),
    ];
    let mut storage = [0; 4];
    let mut assembler = Assembler::new(SliceBuf::new(&mut storage));
    let mut results = Vec::new();
    parts(&[&bytes.concat()], |part| {
        results.push(assembler.push(part).map(|message| message.map(|m| m.as_bytes().to_vec())));
    });
    let full = Error::BufferFull(BufferFull { needed: 5 });
    assert_eq!(results, [Ok(None), Err(full), Ok(None), Ok(None), Ok(Some(b"xy".to_vec()))]);
}

#[test]
fn errors_of_joining_say_whose_fault_they_are() {
    for (error, code) in [
        (Error::BufferFull(BufferFull { needed: 6 }), CloseCode::TOO_BIG),
        (Error::PartsMixed, CloseCode::INTERNAL_ERROR),
        (Error::NotInflated, CloseCode::INTERNAL_ERROR),
        (Error::InvalidDeflate, CloseCode::INVALID_DATA),
    ] {
        assert_eq!(error.close_code(), code, "{error}");
    }
}

/// Its parts are cut inside and between characters.
#[test]
fn the_rest_of_a_text_that_found_no_room_is_ignored_wherever_it_was_cut() {
    let bytes = [frame(0x01, b"abc"), frame(0x00, b"de\xC3"), frame(0x80, b"\xA9")].concat();
    let mut storage = [0; 4];
    let mut assembler = Assembler::new(SliceBuf::new(&mut storage));
    let mut results = Vec::new();
    parts(&[&bytes], |part| results.push(assembler.push(part).map(|message| message.is_some())));
    let full = Error::BufferFull(BufferFull { needed: 6 });
    assert_eq!(results, [Ok(false), Err(full), Ok(false)]);
}

#[test]
fn a_message_replaces_one_without_an_end() {
    for cut in [frame(0x01, b"ab\xC3"), frame(0x01, b"ab"), frame(0x02, b"ab")] {
        for (next, message) in [
            ([frame(0x02, b"\xFF"), frame(0x80, b"x")].concat(), Message::Binary(b"\xFFx")),
            ([frame(0x01, b"c"), frame(0x80, b"d")].concat(), Message::Text("cd")),
        ] {
            let mut assembler = Assembler::new(Vec::new());
            parts(&[&cut], |part| assert_eq!(assembler.push(part), Ok(None)));
            let mut whole = 0;
            parts(&[&next], |part| {
                if let Some(got) = assembler.push(part).unwrap() {
                    assert_eq!(got, message);
                    whole += 1;
                }
            });
            assert_eq!(whole, 1);
        }
    }
}

/// Storage that does not return what was put there.
struct Wrong(Vec<u8>);

impl Buffer for Wrong {
    fn try_grow(&mut self, len: usize) -> Result<&mut [u8], BufferFull> {
        self.0.try_grow(len)
    }

    fn as_slice(&self) -> &[u8] {
        &[0xFF; 100][..self.0.len()]
    }

    fn as_mut_slice(&mut self) -> &mut [u8] {
        &mut self.0
    }

    fn truncate(&mut self, len: usize) {
        self.0.truncate(len);
    }
}

/// Then it is not enough that every part was valid.
#[test]
fn text_from_foreign_storage_is_validated_again() {
    let bytes = [frame(0x01, b"ab"), frame(0x80, b"c")].concat();
    let mut wrong = Wrong(Vec::new());
    let mut by_value = Assembler::new(Wrong(Vec::new()));
    let mut by_reference = Assembler::new(&mut wrong);
    parts(&[&bytes], |part| {
        let mixed = Err(Error::PartsMixed);
        assert_eq!(by_value.push(part), if part.chunk().end { mixed } else { Ok(None) });
        assert_eq!(by_reference.push(part), if part.chunk().end { mixed } else { Ok(None) });
    });
}

#[test]
fn parts_of_different_connections_make_no_text() {
    let mut assembler = Assembler::new(Vec::new());
    parts(&[&frame(0x01, b"\xE2\x82")], |part| assert_eq!(assembler.push(part), Ok(None)));
    let mut other = Decoder::new(Role::Server, Limits::new());
    let mut bytes = [masked(0x01, b"ascii"), masked(0x80, b"!")].concat();
    let mut input = &mut bytes[..];
    other.decode(&mut input).unwrap();
    let end = other.decode(&mut input).unwrap().unwrap();
    assert_eq!(assembler.push(end), Err(Error::PartsMixed));
    #[cfg(feature = "bytes")]
    {
        let mut assembler = Assembler::new(bytes::BytesMut::new());
        parts(&[&frame(0x01, b"\xE2\x82")], |part| assert_eq!(assembler.take(part), Ok(None)));
        assert_eq!(assembler.take(end), Err(Error::PartsMixed));
    }
}

#[test]
fn a_text_with_a_part_of_another_is_lost_as_a_whole() {
    let mut assembler = Assembler::new(Vec::new());
    let mut decoders = [Role::Client; 2].map(|role| Decoder::new(role, Limits::new()));
    let mut bytes = [frame(0x01, b"a"), frame(0x80, b"b")].concat();
    let mut others = [frame(0x01, b"\xC3"), frame(0x00, b"\xA9")].concat();
    let (mut input, mut other) = (&mut bytes[..], &mut others[..]);
    let [own, foreign] = &mut decoders;
    assert_eq!(assembler.push(own.decode(&mut input).unwrap().unwrap()), Ok(None));
    foreign.decode(&mut other).unwrap();
    let part = foreign.decode(&mut other).unwrap().unwrap();
    assert_eq!(assembler.push(part), Err(Error::PartsMixed));
    let rest = own.decode(&mut input).unwrap().unwrap();
    assert_eq!(assembler.push(rest), Ok(None), "it is not the message");
}

#[test]
fn memory_is_given_back_between_messages_but_not_within_one() {
    let mut assembler = Assembler::new(Vec::new());
    parts(&[&frame(0x02, b"long"), &frame(0x80, b"er")], |part| {
        assembler.push(part).unwrap();
    });
    assert_eq!(assembler.release(), Some(b"longer".to_vec()));
    assert_eq!((assembler.storage().len(), assembler.storage().capacity()), (0, 0));
    let bytes = [frame(0x01, b"un"), frame(0x89, b""), frame(0x80, b"harmed")].concat();
    let mut texts = Vec::new();
    parts(&[&bytes], |part| {
        if let Part::Ping(_) = part {
            assert_eq!(assembler.release(), None);
        }
        if let Some(Message::Text(text)) = assembler.push(part).unwrap() {
            texts.push(text.to_owned());
        }
    });
    assert_eq!(texts, ["unharmed"]);
}

/// A peer that breaks a rule would otherwise hold as much as a message is allowed to be (§10.4), until
/// the transport is closed.
#[test]
fn memory_is_given_back_after_a_failure() {
    let limits = Limits::new().max_message_len(200_000);
    let mut connection = Connection::server(limits);
    let mut assembler = Assembler::new(Vec::new());
    let mut bytes = [masked(0x02, &[0; 150_000]), masked(0x80, &[0; 60_000])].concat();
    let mut input = &mut bytes[..];
    let mut failed = false;
    while let Some(event) = connection.receive(&mut input) {
        match event {
            Event::Part(part) => assert_eq!(assembler.push(part), Ok(None)),
            Event::Close(_) => unreachable!(),
            Event::Failed(_) => {
                failed = true;
                assert!(assembler.storage().capacity() >= 150_000);
                assembler.abandon();
                assert_eq!(assembler.storage().capacity(), 0);
                assert_eq!(assembler.release(), Some(vec![]));
            }
        }
    }
    assert!(failed);

    // What the assembler itself finds.
    let mut assembler = Assembler::new(Vec::new());
    parts(&[&frame(0x01, &[b'a'; 1000])], |part| assert_eq!(assembler.push(part), Ok(None)));
    let mut rest = [frame(0x01, b"\xC3"), frame(0x80, b"\xA9")].concat();
    let mut rest = &mut rest[..];
    let mut decoder = Decoder::new(Role::Client, Limits::new());
    assert!(decoder.decode(&mut rest).unwrap().is_some());
    let foreign = decoder.decode(&mut rest).unwrap().unwrap();
    assert_eq!(assembler.push(foreign), Err(Error::PartsMixed));
    assert!(assembler.release().is_some_and(|storage| storage.capacity() >= 1000));
    assert_eq!(assembler.storage().capacity(), 0);
}

#[test]
#[cfg(feature = "bytes")]
fn a_compressed_part_is_not_taken_for_a_message() {
    let mut decoder = Decoder::new(Role::Client, Limits::new()).accept_compressed(true);
    let mut bytes = frame(0xC2, b"\x00");
    let part = decoder.decode(&mut &mut bytes[..]).unwrap().unwrap();
    let mut assembler = Assembler::new(bytes::BytesMut::new());
    assert_eq!(assembler.take(part), Err(Error::NotInflated));
}

#[test]
fn whatever_holds_bytes_or_text_is_a_message() {
    assert_eq!(Message::from("text"), Message::Text("text"));
    assert_eq!(Message::from(&"text".to_owned()), Message::Text("text"));
    assert_eq!(Message::from(&b"bytes"[..]), Message::Binary(b"bytes"));
    assert_eq!(Message::from(b"bytes"), Message::Binary(b"bytes"));
    assert_eq!(Message::from(&b"bytes".to_vec()), Message::Binary(b"bytes"));
    #[cfg(feature = "bytes")]
    {
        let bytes = bytes::Bytes::from_static(b"bytes");
        assert_eq!(Message::from(&bytes), Message::Binary(b"bytes"));
        let mut assembler = Assembler::new(bytes::BytesMut::new());
        parts(&[&frame(0x81, b"text")], |part| {
            let taken = assembler.take(part).unwrap().expect("it is whole");
            assert_eq!(Message::from(&taken), Message::Text("text"));
        });
    }
}
