//! HTTP/2: frames, field blocks, and calls.

use std::hint::black_box;

use framewright::grpc::{
    self, CallId, CallKind, ClientEvent, ClientRequest, Code, Heap, Path, ServerConfig, ServerEvent,
};
use framewright::http2::{
    Client, Connection, Decoder, Encoder, Event, Limits, Request, Role, SendError, Server, Slot,
    Storage, Stream, StreamId, hpack,
};
use framewright::{Buffer, SliceBuf};

use crate::ITEMS;

/// A request as gRPC's clients send it.
const REQUEST: &[(&str, &str)] = &[
    (":method", "POST"),
    (":scheme", "http"),
    (":path", "/user.UserService/GetUser"),
    (":authority", "localhost:50051"),
    ("te", "trailers"),
    ("content-type", "application/grpc+proto"),
    ("user-agent", "grpc-go/1.33.3"),
    ("grpc-accept-encoding", "identity, deflate, gzip"),
    ("grpc-timeout", "1S"),
];

/// The responses of RFC 7541 Appendix C.6, in Huffman code and for a table of 256 bytes.
const RESPONSES: [(&[(&str, &str)], &[u8]); 3] = [
    (
        &[
            (":status", "302"),
            ("cache-control", "private"),
            ("date", "Mon, 21 Oct 2013 20:13:21 GMT"),
            ("location", "https://www.example.com"),
        ],
        b"\x48\x82\x64\x02\x58\x85\xae\xc3\x77\x1a\x4b\x61\x96\xd0\x7a\xbe\x94\x10\x54\xd4\x44\xa8\
          \x20\x05\x95\x04\x0b\x81\x66\xe0\x82\xa6\x2d\x1b\xff\x6e\x91\x9d\x29\xad\x17\x18\x63\xc7\
          \x8f\x0b\x97\xc8\xe9\xae\x82\xae\x43\xd3",
    ),
    (
        &[
            (":status", "307"),
            ("cache-control", "private"),
            ("date", "Mon, 21 Oct 2013 20:13:21 GMT"),
            ("location", "https://www.example.com"),
        ],
        b"\x48\x83\x64\x0e\xff\xc1\xc0\xbf",
    ),
    (
        &[
            (":status", "200"),
            ("cache-control", "private"),
            ("date", "Mon, 21 Oct 2013 20:13:22 GMT"),
            ("location", "https://www.example.com"),
            ("content-encoding", "gzip"),
            ("set-cookie", "foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1"),
        ],
        b"\x88\xc1\x61\x96\xd0\x7a\xbe\x94\x10\x54\xd4\x44\xa8\x20\x05\x95\x04\x0b\x81\x66\xe0\x84\
          \xa6\x2d\x1b\xff\xc0\x5a\x83\x9b\xd9\xab\x77\xad\x94\xe7\x82\x1d\xd7\xf2\xe6\xc7\xb3\x35\
          \xdf\xdf\xcd\x5b\x39\x60\xd5\xaf\x27\x08\x7f\x36\x72\xc1\xab\x27\x0f\xb5\x29\x1f\x95\x87\
          \x31\x60\x65\xc0\x03\xed\x4e\xe5\xb1\x06\x3d\x50\x07",
    ),
];

/// Decodes frames that are all there.
pub fn decode_frames(laps: usize, frame: &[u8]) {
    let wire = frame.repeat(ITEMS);
    let mut read = wire.clone();
    let mut decoder = Decoder::new(Role::Client, Limits::new());
    let mut opening = *b"\0\0\0\x04\0\0\0\0\0";
    decoder.decode(&mut &mut opening[..]).expect("an empty SETTINGS");
    for _ in 0..laps {
        read.copy_from_slice(black_box(&wire)); // as `recv` does
        let mut input = &mut read[..];
        let mut frames = 0;
        while let Some(part) = decoder.decode(&mut input).expect("it is valid") {
            black_box(part);
            frames += 1;
        }
        assert_eq!(frames, ITEMS);
    }
}

pub fn encode_data(laps: usize) {
    encode_frames(laps, |encoder, stream, out| {
        encoder.encode_data(stream, black_box(b"sixteen bytes..."), false, out)
    });
}

pub fn encode_field_block(laps: usize) {
    encode_frames(laps, |encoder, stream, out| {
        let start = encoder.begin_field_block(out)?;
        out.try_append(black_box(b"nine byte"))?;
        Ok(encoder.finish_field_block(start, stream, false, out)?)
    });
}

fn encode_frames(
    laps: usize,
    encode: impl Fn(&Encoder, StreamId, &mut SliceBuf<'_>) -> Result<(), SendError>,
) {
    let (encoder, stream) = (Encoder::new(), StreamId::new(1).expect("not 0"));
    let mut buf = vec![0; 25 * ITEMS];
    for _ in 0..laps {
        let mut out = SliceBuf::new(&mut buf);
        for _ in 0..ITEMS {
            encode(&encoder, stream, &mut out).expect("there is room");
        }
        black_box(out.as_slice());
    }
}

/// An item is a block whose fields are all in the tables.
#[inline(never)]
pub fn decode_repeated_head(laps: usize) {
    let mut encoder = hpack::Encoder::new(Vec::new(), 4096);
    let (mut first, mut block) = (Vec::new(), Vec::new());
    encoder.encode(&REQUEST, &mut first).expect("a Vec has room");
    encoder.encode(&REQUEST, &mut block).expect("a Vec has room");
    let mut decoder = hpack::Decoder::new(Vec::new(), 4096);
    let mut storage = Vec::new();
    assert_eq!(decode_block(&mut decoder, &first, &mut storage), REQUEST.len());
    for _ in 0..laps * ITEMS {
        let fields = decode_block(&mut decoder, black_box(&block), &mut storage);
        assert_eq!(fields, REQUEST.len());
    }
}

/// An item is all responses, on a connection that has seen none.
#[inline(never)]
pub fn decode_responses(laps: usize) {
    let mut tables = [0; 512];
    let mut storage = Vec::new();
    for _ in 0..laps * ITEMS {
        let mut decoder = hpack::Decoder::new(SliceBuf::new(&mut tables), 256);
        for (fields, block) in RESPONSES {
            assert_eq!(decode_block(&mut decoder, black_box(block), &mut storage), fields.len());
        }
    }
}

/// Decodes a block. Returns how many fields it has.
fn decode_block<B: Buffer>(
    decoder: &mut hpack::Decoder<B>,
    block: &[u8],
    storage: &mut Vec<u8>,
) -> usize {
    storage.clear();
    let (mut input, mut fields) = (block, 0);
    while let Some(field) = decoder.decode(&mut input, storage, 16_384).expect("it is valid") {
        black_box(field);
        fields += 1;
    }
    decoder.end_block().expect("it is whole");
    fields
}

/// An item is a block whose fields are all in the tables.
#[inline(never)]
pub fn encode_repeated_head(laps: usize) {
    let mut encoder = hpack::Encoder::new(Vec::new(), 4096);
    let mut block = Vec::with_capacity(1024);
    for _ in 0..laps * ITEMS {
        block.clear();
        encoder.encode(&black_box(REQUEST), &mut block).expect("a Vec has room");
        black_box(&block);
    }
}

/// An item is all responses, on a connection that has sent none.
#[inline(never)]
pub fn encode_responses(laps: usize) {
    let mut tables = [0; 512];
    let mut block = Vec::with_capacity(1024);
    for _ in 0..laps * ITEMS {
        let mut encoder = hpack::Encoder::new(SliceBuf::new(&mut tables), 256);
        for (fields, _) in RESPONSES {
            block.clear();
            encoder.encode(&black_box(fields), &mut block).expect("a Vec has room");
            black_box(&block);
        }
    }
}

/// An item is a unary call: a request and a response of 16 bytes each, and trailers. Both ends count.
#[inline(never)]
pub fn call(laps: usize) {
    let mut client = Connection::client(Storage::new(), Limits::new());
    let mut server = Connection::server(Storage::new(), Limits::new());
    let (mut requests, mut responses, mut head) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..laps * ITEMS {
        begin(&mut client, &mut requests);
        client.transmit(&mut requests);
        let mut input = &mut requests[..]; // what the transport delivers
        while let Some(event) = server.receive(&mut input, &mut head) {
            if let Event::Data(data) = event
                && data.end()
            {
                answer(&mut server, data.stream(), &mut responses);
            }
        }
        requests.clear();
        server.transmit(&mut responses);
        let (mut input, mut ended) = (&mut responses[..], false);
        while let Some(event) = client.receive(&mut input, &mut head) {
            ended |= matches!(event, Event::Trailers { .. });
            black_box(event);
        }
        assert!(ended);
        responses.clear();
    }
}

fn begin(client: &mut Connection<Client, Vec<u8>, Vec<Slot>>, out: &mut Vec<u8>) {
    let request = Request::new("POST", "http", "localhost:50051", "/user.UserService/GetUser");
    let fields = [("te", "trailers"), ("content-type", "application/grpc+proto")];
    let stream = client.open(request, fields, false, out).expect("one more is allowed");
    client.send(stream, black_box(b"sixteen bytes..."), true, out).expect("it is open");
}

fn answer(server: &mut Connection<Server, Vec<u8>, Vec<Slot>>, stream: Stream, out: &mut Vec<u8>) {
    let fields = [("content-type", "application/grpc+proto")];
    server.send_head(stream, 200, fields, false, out).expect("it is open");
    server.send(stream, black_box(b"sixteen bytes..."), false, out).expect("it is open");
    server.send_trailers(stream, [("grpc-status", "0")], out).expect("it is open");
}

/// An item is a unary call of gRPC: a request and a response of 16 bytes each. Both ends count.
#[inline(never)]
pub fn grpc_call(laps: usize) {
    let mut client = grpc::Client::<Heap>::new(grpc::Limits::new(), Limits::new(), 0);
    let mut server = grpc::Server::<Heap>::new(ServerConfig::new(), Limits::new(), 0);
    let path = Path::parse("/user.UserService/GetUser").expect("it is one");
    let request = ClientRequest::new(path).authority("localhost:50051");
    let (mut requests, mut responses) = (Vec::new(), Vec::new());
    for _ in 0..laps * ITEMS {
        client
            .unary(&request, black_box(b"sixteen bytes..."), &mut requests)
            .expect("it is allowed");
        client.transmit(&mut requests);
        let mut input = &mut requests[..]; // what the transport delivers
        while let Some(event) = server.receive(&mut input, 0) {
            match event {
                ServerEvent::Call(call) => {
                    server.accept(call, CallKind::Unary).expect("it was just announced");
                }
                ServerEvent::Message(call) => {
                    black_box(server.message(call));
                    let reply = black_box(b"sixteen bytes...");
                    server.reply(call, reply, &mut responses).expect("it is open");
                }
                _ => {}
            }
        }
        requests.clear();
        server.transmit(&mut responses);
        let (mut input, mut ended) = (&mut responses[..], false);
        while let Some(event) = client.receive(&mut input, 0) {
            match event {
                ClientEvent::Message(call) => {
                    black_box(client.message(call));
                }
                ClientEvent::End { code, .. } => ended = code == Code::Ok,
                _ => {}
            }
        }
        assert!(ended);
        responses.clear();
    }
}

/// An item is a message of 100 bytes that a server sends.
#[inline(never)]
pub fn grpc_stream(laps: usize) {
    let (mut server, call) = streaming_server();
    let mut out = Vec::new();
    for _ in 0..laps * ITEMS {
        out.clear();
        server.send(call, black_box(&[7; 100]), &mut out).expect("the window is open");
        black_box(&out);
    }
}

/// An item is a message of 100 bytes in a batch of a lap's.
#[inline(never)]
pub fn grpc_batch(laps: usize) {
    let (mut server, call) = streaming_server();
    let mut out = Vec::new();
    for _ in 0..laps {
        out.clear();
        let mut batch = server.batch(call, &mut out);
        for _ in 0..ITEMS {
            batch.send(black_box(&[7; 100])).expect("the window is open");
        }
        black_box(&out);
    }
}

/// A server with a call that it streams to. The windows are as large as they can be.
fn streaming_server() -> (grpc::Server<Heap>, CallId) {
    let limits = Limits::new().stream_window(1 << 30).connection_window(1 << 30);
    let mut client = grpc::Client::<Heap>::new(grpc::Limits::new(), limits, 0);
    let mut server = grpc::Server::<Heap>::new(ServerConfig::new(), Limits::new(), 0);
    let path = Path::parse("/user.UserService/ListUsers").expect("it is one");
    let request = ClientRequest::new(path).authority("localhost:50051");
    let mut requests = Vec::new();
    client.call(&request, CallKind::ServerStreaming, &mut requests).expect("it is allowed");
    client.transmit(&mut requests);
    let mut input = &mut requests[..];
    let Some(ServerEvent::Call(call)) = server.receive(&mut input, 0) else { panic!("it is one") };
    server.accept(call, CallKind::ServerStreaming).expect("it was just announced");
    assert_eq!(server.receive(&mut input, 0), None);
    (server, call)
}
