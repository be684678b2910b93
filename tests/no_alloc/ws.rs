//! The codec and connection layers never allocate, so a peer cannot cost memory (T2, T3).

use crate::common::ws::masked;
use crate::counting::allocations;
use framewright::ws::{
    Assembler, CloseCode, Connection, Encoder, Event, Inbox, Kind, Limits, MessageEvent,
};
use framewright::{Buffer, SliceBuf};

#[test]
fn a_whole_session_in_slices_allocates_nothing() {
    let mut session = [
        masked(0x81, "Grüße 🦀".as_bytes()),
        masked(0x01, b"frag"),
        masked(0x89, b"ping"),
        masked(0x80, b"ment"),
        masked(0x82, &[7; 1000]),
        masked(0x88, b"\x03\xE8bye"),
    ]
    .concat();
    let (mut storage, mut sent) = ([0; 1024], [0; 4096]);
    let mut messages = 0;
    let count = allocations(|| {
        let mut server = Connection::server(Limits::new());
        let mut assembler = Assembler::new(SliceBuf::new(&mut storage));
        let mut out = SliceBuf::new(&mut sent);
        for piece in session.chunks_mut(7) {
            let mut input = piece;
            while let Some(event) = server.receive(&mut input) {
                if let Event::Part(part) = event
                    && let Some(message) = assembler.push(part).unwrap()
                {
                    messages += 1;
                    server.send(message, &mut out).unwrap();
                }
            }
            assert!(server.transmit(&mut out));
        }
        assert_eq!(server.receive_eof().code, CloseCode::NORMAL);
        assert!(out.as_slice().ends_with(b"\x88\x05\x03\xE8bye"));

        let mut client = Encoder::client(|| [1, 2, 3, 4]);
        out.clear();
        client.encode_fragment(Kind::Text, b"frag", false, &mut out).unwrap();
        client.begin_frame(Kind::Text, 4, true, &mut out).unwrap();
        client.encode_payload(b"ment", &mut out).unwrap();
    });
    assert_eq!((count, messages), (0, 3));
}

#[test]
fn whole_messages_in_a_slice_allocate_nothing() {
    let session = [
        masked(0x81, "Grüße 🦀".as_bytes()),
        masked(0x01, b"frag"),
        masked(0x89, b"ping"),
        masked(0x80, b"ment"),
        masked(0x82, &[7; 1000]),
        masked(0x88, b"\x03\xE8bye"),
    ]
    .concat();
    let (mut storage, mut sent, mut buffer) = ([0; 1000], [0; 4096], [0; 30]);
    let mut messages = 0;
    let count = allocations(|| {
        let mut server = Connection::server(Limits::new());
        let mut inbox = Inbox::new(SliceBuf::new(&mut storage));
        let mut out = SliceBuf::new(&mut sent);
        let mut rest = &session[..];
        while !rest.is_empty() {
            let target = server.read_target(&mut buffer, &mut inbox);
            let len = target.len().min(rest.len());
            target[..len].copy_from_slice(rest.split_off(..len).unwrap());
            let mut input = inbox.filled(&buffer, len);
            while let Some(event) = server.receive_message(&mut input, &mut inbox) {
                if let MessageEvent::Message(_) = event {
                    messages += 1;
                    server.send(inbox.message(), &mut out).unwrap();
                }
            }
            assert!(server.transmit(&mut out));
        }
        assert_eq!(server.receive_eof().code, CloseCode::NORMAL);
        assert!(out.as_slice().ends_with(b"\x88\x05\x03\xE8bye"));
    });
    assert_eq!((count, messages), (0, 3));
}

/// T2, T3: a flood of pings, and lengths that no memory can hold.
#[test]
fn neither_a_flood_nor_an_announced_length_allocates() {
    let mut pings = masked(0x89, &[b'x'; 125]).repeat(100);
    let mut claims = [15 << 20, 60 << 20, u64::MAX >> 1].map(|len| {
        let mut header = vec![0x82, 0xFF];
        header.extend(len.to_be_bytes());
        header.extend([0; 4]);
        header
    });
    let count = allocations(|| {
        let mut server = Connection::server(Limits::new());
        let mut input = &mut pings[..];
        while server.receive(&mut input).is_some() {}
        for claim in &mut claims {
            let mut server =
                Connection::server(Limits::new().max_message_len(u64::MAX).max_frame_len(u64::MAX));
            assert_eq!(server.receive(&mut &mut claim[..]), None);
            assert!(server.payload_remaining() >= 15 << 20);
        }
        #[cfg(feature = "alloc")]
        for claim in &claims {
            let mut server =
                Connection::server(Limits::new().max_message_len(u64::MAX).max_frame_len(u64::MAX));
            let mut inbox = Inbox::new(Vec::new());
            assert_eq!(server.receive_message(&mut &claim[..], &mut inbox), None);
        }
    });
    assert_eq!(count, 0);
}
