//! Fixed work for callgrind to count: `framewright-instructions NAME LAPS`. See README.md.

mod http2;
mod socketio;
mod stomp;

use std::env;
use std::hint::black_box;

use framewright::grpc;
use framewright::grpc::web::{TextDecoder, encode_text};
use framewright::http1;
use framewright::sse::{self, EventBuilder, Storage};
use framewright::ws::handshake::{Origins, Server};
use framewright::ws::{
    Assembler, Client, Connection, Event, Inbox, Kind, Limits, Message, MessageEvent,
};
use framewright::{Buffer, SliceBuf};

/// Number of items in a lap.
const ITEMS: usize = 100;

struct Task {
    name: &'static str,
    /// Sets up its input, then runs that many laps.
    run: fn(usize),
}

/// All workloads.
const TASKS: [Task; 42] = [
    Task {
        name: "ws receive binary 16 B",
        run: |laps| receive(laps, Message::Binary(&[0x5A; 16])),
    },
    Task {
        name: "ws receive binary 125 B",
        run: |laps| receive(laps, Message::Binary(&[0x5A; 125])),
    },
    Task {
        name: "ws receive ASCII 125 B",
        run: |laps| receive(laps, Message::Text(&"a".repeat(125))),
    },
    Task {
        name: "ws receive CJK 126 B",
        run: |laps| receive(laps, Message::Text(&"框".repeat(42))),
    },
    Task {
        name: "ws receive binary 1 KiB",
        run: |laps| receive(laps, Message::Binary(&[0x5A; 1024])),
    },
    Task { name: "ws receive 10 fragments of 32 B", run: receive_fragments },
    Task {
        name: "ws receive message binary 16 B",
        run: |laps| receive_messages(laps, Message::Binary(&[0x5A; 16])),
    },
    Task {
        name: "ws receive message binary 125 B",
        run: |laps| receive_messages(laps, Message::Binary(&[0x5A; 125])),
    },
    Task {
        name: "ws receive message ASCII 125 B",
        run: |laps| receive_messages(laps, Message::Text(&"a".repeat(125))),
    },
    Task {
        name: "ws receive message CJK 126 B",
        run: |laps| receive_messages(laps, Message::Text(&"框".repeat(42))),
    },
    Task {
        name: "ws receive message binary 1 KiB",
        run: |laps| receive_messages(laps, Message::Binary(&[0x5A; 1024])),
    },
    Task { name: "ws receive message 10 fragments of 32 B", run: receive_joined_fragments },
    Task { name: "ws receive message 1 KiB in two reads", run: receive_in_two_reads },
    Task { name: "ws send server 16 B", run: |laps| send_server(laps, &[0x5A; 16]) },
    Task { name: "ws send client 125 B", run: |laps| send_client(laps, &[0x5A; 125]) },
    Task { name: "ws send client 1 KiB", run: |laps| send_client(laps, &[0x5A; 1024]) },
    Task { name: "ws handshake server", run: handshake },
    Task { name: "http1 chunked body 16 B", run: receive_chunks },
    Task { name: "sse receive 190 B", run: |laps| receive_event(laps, "") },
    Task {
        name: "sse receive type, id and 190 B",
        run: |laps| receive_event(laps, "event: delta\nid: 1234567\n"),
    },
    Task { name: "sse send 190 B", run: send_event },
    Task { name: "stomp receive 10 headers and 256 B", run: stomp::receive },
    Task { name: "stomp send 256 B", run: stomp::send },
    Task { name: "stomp deliver 256 B", run: stomp::deliver },
    Task { name: "socketio receive 200 B", run: socketio::receive },
    Task { name: "socketio send 200 B", run: socketio::send },
    Task { name: "socketio check and send 200 B", run: socketio::check_and_send },
    Task {
        name: "http2 decode DATA 16 B",
        run: |laps| http2::decode_frames(laps, b"\0\0\x10\0\0\0\0\0\x01sixteen bytes..."),
    },
    Task {
        name: "http2 decode HEADERS 9 B",
        run: |laps| http2::decode_frames(laps, b"\0\0\x09\x01\x04\0\0\0\x01nine byte"),
    },
    Task { name: "http2 encode DATA 16 B", run: http2::encode_data },
    Task { name: "http2 encode HEADERS 9 B", run: http2::encode_field_block },
    Task { name: "http2 hpack decode repeated head", run: http2::decode_repeated_head },
    Task { name: "http2 hpack decode responses", run: http2::decode_responses },
    Task { name: "http2 hpack encode repeated head", run: http2::encode_repeated_head },
    Task { name: "http2 hpack encode responses", run: http2::encode_responses },
    Task { name: "http2 unary call", run: http2::call },
    Task { name: "grpc unary call over http2", run: http2::grpc_call },
    Task { name: "grpc send 100 B over http2", run: http2::grpc_stream },
    Task { name: "grpc batch of 100 B over http2", run: http2::grpc_batch },
    Task { name: "grpc decode 16 B", run: decode },
    Task { name: "grpc encode 16 B", run: encode },
    Task { name: "grpc-web text decode 1 KiB", run: decode_text },
];

fn main() {
    let args: Vec<String> = env::args().skip(1).collect();
    match &args[..] {
        [] => TASKS.iter().for_each(|task| println!("{}", task.name)),
        [name, laps] => {
            let task = TASKS.iter().find(|task| task.name == name).expect("a known name");
            (task.run)(laps.parse().expect("a number"));
        }
        _ => panic!("takes a name and a number of laps, or nothing to list the names"),
    }
}

/// A client whose masking keys are not random, but not zero either.
fn client() -> Connection<Client<impl FnMut() -> [u8; 4]>> {
    let mut key = 0x9E37_79B9_u32;
    Connection::client(Limits::new(), move || {
        key = key.wrapping_mul(0x0019_660D).wrapping_add(0x3C6E_F35F);
        key.to_le_bytes()
    })
}

fn wire(message: Message<'_>) -> Vec<u8> {
    let (mut client, mut wire) = (client(), Vec::new());
    for _ in 0..ITEMS {
        client.send(message, &mut wire).expect("a Vec has room");
    }
    wire
}

fn receive(laps: usize, message: Message<'_>) {
    receive_wire(laps, &wire(message));
}

fn receive_messages(laps: usize, message: Message<'_>) {
    let wire = wire(message);
    receive_reads(laps, &wire, wire.len());
}

/// Each message begins in one read and ends in the next.
fn receive_in_two_reads(laps: usize) {
    let wire = wire(Message::Binary(&[0x5A; 1024]));
    receive_reads(laps, &wire, wire.len() / ITEMS / 2);
}

fn receive_joined_fragments(laps: usize) {
    let wire = fragments();
    receive_reads(laps, &wire, wire.len());
}

fn receive_fragments(laps: usize) {
    receive_wire(laps, &fragments());
}

fn fragments() -> Vec<u8> {
    let (mut client, mut wire) = (client(), Vec::new());
    for _ in 0..ITEMS {
        for n in 1..=10 {
            let encoder = client.encoder().expect("it is open");
            encoder
                .encode_fragment(Kind::Text, &[b'a'; 32], n == 10, &mut wire)
                .expect("a Vec has room");
        }
    }
    wire
}

#[inline(never)]
fn receive_reads(laps: usize, wire: &[u8], read_len: usize) {
    let mut server = Connection::server(Limits::new());
    let mut inbox = Inbox::new(Vec::new());
    let mut buf = wire.to_vec();
    for _ in 0..laps {
        buf.copy_from_slice(black_box(wire));
        let mut messages = 0;
        for read in buf.chunks(read_len) {
            let mut input = read;
            while let Some(event) = server.receive_message(&mut input, &mut inbox) {
                let MessageEvent::Message(_) = event else { panic!("{event:?}") };
                black_box(inbox.message());
                messages += 1;
            }
        }
        assert_eq!(messages, ITEMS);
    }
}

#[inline(never)]
fn receive_wire(laps: usize, wire: &[u8]) {
    let mut server = Connection::server(Limits::new());
    let mut assembler = Assembler::new(Vec::new());
    let mut buf = wire.to_vec();
    for _ in 0..laps {
        buf.copy_from_slice(black_box(wire));
        let mut input = &mut buf[..];
        let mut messages = 0;
        while let Some(event) = server.receive(&mut input) {
            let Event::Part(part) = event else { panic!("{event:?}") };
            if let Some(message) = assembler.push(part).expect("a Vec has room") {
                black_box(message);
                messages += 1;
            }
        }
        assert_eq!(messages, ITEMS);
    }
}

#[inline(never)]
fn send_server(laps: usize, payload: &[u8]) {
    let mut server = Connection::server(Limits::new());
    let mut buf = vec![0; (payload.len() + 14) * ITEMS];
    for _ in 0..laps {
        let mut out = SliceBuf::new(&mut buf);
        for _ in 0..ITEMS {
            server.send(black_box(payload), &mut out).expect("there is room");
        }
        black_box(out.as_slice());
    }
}

#[inline(never)]
fn send_client(laps: usize, payload: &[u8]) {
    let mut client = client();
    let mut buf = vec![0; (payload.len() + 14) * ITEMS];
    for _ in 0..laps {
        let mut out = SliceBuf::new(&mut buf);
        for _ in 0..ITEMS {
            client.send(black_box(payload), &mut out).expect("there is room");
        }
        black_box(out.as_slice());
    }
}

#[inline(never)]
fn handshake(laps: usize) {
    const REQUEST: &[u8] = b"GET /chat HTTP/1.1\r\n\
        Host: server.example.com\r\n\
        Upgrade: websocket\r\n\
        Connection: Upgrade\r\n\
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
        Origin: http://example.com\r\n\
        Sec-WebSocket-Protocol: chat, superchat\r\n\
        Sec-WebSocket-Version: 13\r\n\r\n"; // RFC 6455 §1.2
    let (mut buf, mut storage, mut out) = (REQUEST.to_vec(), [0; 1024], [0; 256]);
    for _ in 0..laps * ITEMS {
        buf.copy_from_slice(black_box(REQUEST));
        let mut input = &mut buf[..];
        let mut out = SliceBuf::new(&mut out);
        let storage = SliceBuf::new(&mut storage);
        let mut server = Server::new(Origins::any(), storage, http1::Limits::new());
        let offer = server.receive(&mut input).expect("it is valid").expect("it is whole");
        offer.accept().write(&mut out).expect("there is room");
        black_box(out.as_slice());
    }
}

/// An item is a chunk.
#[inline(never)]
fn receive_chunks(laps: usize) {
    let wire = b"10\r\nsixteen bytes...\r\n".repeat(ITEMS);
    let mut decoder = http1::BodyDecoder::new(http1::Body::Chunked, http1::Limits::new());
    let mut buf = wire.clone();
    for _ in 0..laps {
        buf.copy_from_slice(black_box(&wire));
        let mut input = &mut buf[..];
        let mut chunks = 0;
        while let http1::Decoded::Part(part) = decoder.decode(&mut input).expect("it is valid") {
            black_box(part.bytes);
            chunks += 1;
        }
        assert_eq!(chunks, ITEMS);
    }
}

#[inline(never)]
fn receive_event(laps: usize, head: &str) {
    let stream = format!("{head}data: {}\n\n", "a".repeat(182)).repeat(ITEMS);
    let mut assembler = sse::Assembler::new(sse::Limits::new(), Storage::<Vec<u8>>::default());
    for _ in 0..laps {
        let mut input = black_box(stream.as_bytes());
        let mut events = 0;
        while let Some(item) = assembler.receive(&mut input) {
            if let sse::Item::Event(event) = item {
                black_box(event);
                events += 1;
            }
        }
        assert_eq!(events, ITEMS);
    }
}

#[inline(never)]
fn send_event(laps: usize) {
    let data = "a".repeat(182);
    let mut encoder = sse::Encoder::new();
    let mut buf = vec![0; 200 * ITEMS];
    for _ in 0..laps {
        let mut out = SliceBuf::new(&mut buf);
        for _ in 0..ITEMS {
            encoder
                .encode(EventBuilder::new().data(black_box(&data)), &mut out)
                .expect("there is room");
        }
        black_box(out.as_slice());
    }
}

#[inline(never)]
fn decode(laps: usize) {
    let wire = b"\0\0\0\0\x10sixteen bytes...".repeat(ITEMS);
    let mut decoder = grpc::Decoder::new(grpc::Limits::new());
    for _ in 0..laps {
        let mut input = black_box(&wire[..]);
        let mut messages = 0;
        while let Some(part) = decoder.decode(&mut input).expect("it is valid") {
            black_box(part.chunk().bytes);
            messages += 1;
        }
        assert_eq!(messages, ITEMS);
    }
}

#[inline(never)]
fn encode(laps: usize) {
    let payload = b"sixteen bytes...".to_vec();
    let mut encoder = grpc::Encoder::new();
    let mut buf = vec![0; 21 * ITEMS];
    for _ in 0..laps {
        let mut out = SliceBuf::new(&mut buf);
        for _ in 0..ITEMS {
            let message = grpc::Message::from(black_box(&payload));
            encoder.encode(message, &mut out).expect("there is room");
        }
        black_box(out.as_slice());
    }
}

/// An item is a message in a piece of base64.
#[inline(never)]
fn decode_text(laps: usize) {
    let mut wire = Vec::new();
    for _ in 0..ITEMS {
        encode_text(&[0x5A; 1024], &mut wire).expect("a Vec has room");
    }
    let mut decoder = TextDecoder::new();
    let mut buf = wire.clone();
    for _ in 0..laps {
        buf.copy_from_slice(black_box(&wire));
        let mut input = &mut buf[..];
        let mut len = 0;
        while let Some(bytes) = decoder.decode(&mut input).expect("it is valid") {
            len += black_box(bytes).len();
        }
        assert_eq!(len, 1024 * ITEMS);
    }
}
