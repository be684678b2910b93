//! The tasks that are raced, and what each contestant has to do.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::rc::Rc;

use bytes::Bytes;
use fastrand::Rng;
use zlib_rs::{Inflate, InflateFlush};

use crate::contestants::{Contestant, framewright, limits, peers};
use crate::sink::Sink;
use crate::wire::{Content, Wire, frames};
use crate::{BUFFER, text};

/// The rough number of bytes to receive in a lap: more than a read, less than a cache.
const LAP: usize = 256 * 1024;

/// A browser's request: 569 bytes, 14 headers.
const REQUEST: &[u8; 569] = b"GET /chat HTTP/1.1\r\n\
    Host: server.example.com\r\n\
    Connection: Upgrade\r\n\
    Pragma: no-cache\r\n\
    Cache-Control: no-cache\r\n\
    User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36\r\n\
    Upgrade: websocket\r\n\
    Origin: https://server.example.com\r\n\
    Sec-WebSocket-Version: 13\r\n\
    Accept-Encoding: gzip, deflate, br, zstd\r\n\
    Accept-Language: en-GB,en-US;q=0.9,en;q=0.8\r\n\
    Cookie: session=0123456789abcdef0123456789abcdef0\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
    Sec-WebSocket-Protocol: chat\r\n\
    Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n";

/// Something to do with many items.
#[derive(Clone, Copy, Debug)]
pub enum Task {
    /// Receive messages of that many fragments, each of `len` bytes.
    Receive {
        content: Content,
        fragments: usize,
        len: usize,
    },
    /// Send messages of `len` bytes, masked if the sender is a client.
    Send {
        client: bool,
        len: usize,
    },
    /// Answer opening handshakes.
    Handshake,
    /// Decode events of 190 bytes that come in reads of `read_len`.
    Sse {
        read_len: usize,
    },
    /// Decode `MESSAGE` frames of ten headers, with a body of `len` bytes, that come in reads of `read_len`.
    Stomp {
        len: usize,
        read_len: usize,
    },
    /// Decode events of Socket.IO, each a WebSocket message of `len` bytes.
    SocketIoDecode {
        len: usize,
    },
    /// Encode the events of `SocketIoDecode`, whose JSON is prepared.
    SocketIoEncode {
        len: usize,
    },
    GrpcDecode {
        len: usize,
    },
    GrpcEncode {
        len: usize,
    },
    /// Send JSON of 1 KiB, compressed with earlier messages as context.
    Deflate {
        level: u8,
    },
    /// Receive the messages of `Deflate`.
    Inflate {
        level: u8,
    },
}

/// A task with its place in the tables.
pub struct Workload {
    pub group: &'static str,
    pub name: String,
    pub task: Task,
    /// The goal: the most that our time may be, divided by the best peer's.
    pub bar: f64,
}

/// All tasks, in the order of the tables.
pub fn workloads() -> Vec<Workload> {
    let mut all = Vec::new();
    let mut add = |group, name: String, task, bar| all.push(Workload { group, name, task, bar });
    for (len, bar) in [(16, 0.35), (125, 0.27), (1 << 10, 0.65), (16 << 10, 1.10), (1 << 20, 0.92)]
    {
        let task = Task::Receive { content: Content::Binary, fragments: 1, len };
        add("Receive, masked binary", size(len), task, bar);
    }
    for (len, bar) in [(125, 0.40), (1 << 10, 0.50), (64 << 10, 0.66)] {
        let task = Task::Receive { content: Content::Ascii, fragments: 1, len };
        add("Receive, masked text, ASCII", size(len), task, bar);
    }
    for (len, bar) in [(125, 0.50), (1 << 10, 0.75), (64 << 10, 0.96)] {
        let task = Task::Receive { content: Content::Cjk, fragments: 1, len };
        add("Receive, masked text, CJK and emoji", size(len), task, bar);
    }
    for (content, kind, len, bar) in [
        (Content::Ascii, "ASCII", 32, 0.42),
        (Content::Cjk, "CJK and emoji", 128, 0.35),
        (Content::Ascii, "ASCII", 1024, 0.38),
    ] {
        let task = Task::Receive { content, fragments: 10, len };
        add("Receive, ten fragments and a ping", format!("10 × {} {kind}", size(len)), task, bar);
    }
    for (len, bar) in [(16, 1.0), (125, 1.0), (1 << 10, 1.0)] {
        add("Send, server", size(len), Task::Send { client: false, len }, bar);
    }
    for (len, bar) in [(16, 0.35), (125, 0.31), (1 << 10, 0.66), (16 << 10, 0.92)] {
        add("Send, client", size(len), Task::Send { client: true, len }, bar);
    }
    add("Opening handshake, server", "569 B, 14 headers".to_owned(), Task::Handshake, 0.95);
    for (read_len, bar) in [(16 << 10, 0.22), (1400, 0.30), (64, 0.42)] {
        let name = format!("190 B, in reads of {}", size(read_len));
        add("SSE, decode", name, Task::Sse { read_len }, bar);
    }
    for (len, read_len, bar) in [(256, BUFFER, 0.25), (1 << 20, BUFFER, 1.10), (1 << 20, 64, 1.60)]
    {
        let name = format!("10 headers, {}, in reads of {}", size(len), size(read_len));
        add("STOMP, decode", name, Task::Stomp { len, read_len }, bar);
    }
    add("Socket.IO, decode", size(200), Task::SocketIoDecode { len: 200 }, 0.30);
    add("Socket.IO, encode", size(200), Task::SocketIoEncode { len: 200 }, 0.30);
    for (len, bar) in [(16, 0.15), (1 << 10, 0.15), (64 << 10, 0.85)] {
        add("gRPC, decode", size(len), Task::GrpcDecode { len }, bar);
    }
    for (len, bar) in [(16, 0.15), (1 << 10, 0.28), (64 << 10, 1.00)] {
        add("gRPC, encode", size(len), Task::GrpcEncode { len }, bar);
    }
    for level in [1, 6] {
        let name = format!("1 KiB JSON, level {level}");
        add("DEFLATE, with context", name, Task::Deflate { level }, 1.03);
    }
    for level in [1, 6] {
        let name = format!("1 KiB JSON, level {level}");
        add("INFLATE, with context", name, Task::Inflate { level }, 1.03);
    }
    all
}

/// Formats a length for people.
pub fn size(len: usize) -> String {
    match len {
        0..1024 => format!("{len} B"),
        _ if len.is_multiple_of(1 << 20) => format!("{} MiB", len >> 20),
        _ if len.is_multiple_of(1 << 10) => format!("{} KiB", len >> 10),
        _ => format!("{len} B"),
    }
}

impl Task {
    /// All contestants that can do the task.
    pub fn contestants(self) -> Vec<Contestant> {
        match self {
            Self::Receive { content, fragments, len } => {
                let count = (LAP / (len * fragments)).max(1);
                receive(&Rc::new(Wire::websocket(content, fragments, len, count)), len, fragments)
            }
            Self::Send { client, len } => send(&messages(len, 14), client),
            Self::Handshake => handshake(),
            Self::Sse { read_len } => sse(&Rc::new(Wire::sse(190, 1000, read_len))),
            Self::Stomp { len, read_len } => {
                stomp(&Rc::new(Wire::stomp(len, (LAP / len).max(1), read_len)))
            }
            Self::SocketIoDecode { len } => socketio_decode(&events(len)),
            Self::SocketIoEncode { len } => socketio_encode(&events(len)),
            Self::GrpcDecode { len } => grpc_decode(&Rc::new(Wire::grpc(len, LAP / len))),
            Self::GrpcEncode { len } => grpc_encode(&messages(len, 5)),
            Self::Deflate { level } => deflate(&json(), level),
            Self::Inflate { level } => inflate(&Rc::new(Wire::deflated(&json(), level))),
        }
    }

    /// A digest of what a contestant delivered to `sink` in a lap. It must be the same for all.
    ///
    /// # Panics
    ///
    /// If it did not follow the protocol.
    pub fn digest(self, sink: &Sink) -> u64 {
        let mut digest = DefaultHasher::new();
        match self {
            Self::Receive { .. }
            | Self::Sse { .. }
            | Self::Stomp { .. }
            | Self::SocketIoDecode { .. }
            | Self::GrpcDecode { .. }
            | Self::Inflate { .. } => return sink.digest(),
            Self::Send { client, .. } => {
                for frame in frames(sink.wire()) {
                    assert_eq!(frame.first, 0x82);
                    assert_eq!(frame.mask.is_some(), client);
                    frame.payload.hash(&mut digest);
                }
            }
            Self::Handshake => {
                let response = str::from_utf8(sink.wire()).expect("it is ASCII");
                let response = response.to_ascii_lowercase();
                assert!(response.starts_with("http/1.1 101 switching protocols\r\n"));
                assert!(
                    response.contains("\r\nsec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo=\r\n")
                );
                assert!(response.contains("\r\nupgrade: websocket\r\n"));
                assert!(response.contains("\r\nconnection: upgrade\r\n"));
                assert!(response.ends_with("\r\n\r\n"));
            }
            Self::SocketIoEncode { .. } | Self::GrpcEncode { .. } => {
                sink.wire().hash(&mut digest);
            }
            Self::Deflate { .. } => {
                let mut inflate = Inflate::new(false, 15);
                let mut room = vec![0; BUFFER];
                for frame in frames(sink.wire()) {
                    assert_eq!(frame.first, 0xC2);
                    let before = inflate.total_out();
                    for bytes in [&frame.payload[..], &[0, 0, 0xFF, 0xFF]] {
                        let at = usize::try_from(inflate.total_out() - before).expect("short");
                        inflate
                            .decompress(bytes, &mut room[at..], InflateFlush::NoFlush)
                            .expect("it is DEFLATE");
                    }
                    let len = usize::try_from(inflate.total_out() - before).expect("short");
                    room[..len].hash(&mut digest);
                }
            }
        }
        digest.finish()
    }
}

/// As many different messages as fit in a buffer.
fn messages(len: usize, header_len: usize) -> Rc<[Bytes]> {
    let mut rng = Rng::with_seed(1);
    let count = (BUFFER / (len + header_len)).max(1);
    let all = Bytes::from(text::random_bytes(&mut rng, len * count));
    (0..count).map(|n| all.slice(n * len..(n + 1) * len)).collect()
}

/// Events of Socket.IO whose messages have `len` bytes: the types of two packets, and an array of JSON.
fn events(len: usize) -> Rc<[String]> {
    let mut rng = Rng::with_seed(1);
    (0..256).map(|_| text::event(&mut rng, len - 2)).collect()
}

fn json() -> Rc<[Bytes]> {
    let mut rng = Rng::with_seed(1);
    (0..256).map(|_| Bytes::from(text::json(&mut rng, 1024))).collect()
}

fn receive(wire: &Rc<Wire>, len: usize, fragments: usize) -> Vec<Contestant> {
    let mut all = vec![limits::receive(wire), framewright::receive(wire)];
    all.push(framewright::receive_parts(wire));
    if len > BUFFER {
        all.push(framewright::receive_to_target(wire));
    }
    all.extend(peers::receive(wire, fragments));
    all
}

fn send(messages: &Rc<[Bytes]>, client: bool) -> Vec<Contestant> {
    let mut all = vec![limits::send(messages)];
    if client {
        all.extend([framewright::send_client(messages), framewright::send_client_to_vec(messages)]);
    } else {
        all.extend([framewright::send_server(messages), framewright::send_server_to_vec(messages)]);
    }
    all.extend(peers::send(messages, client));
    all
}

fn handshake() -> Vec<Contestant> {
    let mut all = vec![framewright::handshake(REQUEST)];
    all.extend(peers::handshake(REQUEST));
    all
}

fn sse(wire: &Rc<Wire>) -> Vec<Contestant> {
    let mut all = vec![limits::lines(wire), framewright::sse(wire)];
    all.extend(peers::sse(wire));
    all
}

fn stomp(wire: &Rc<Wire>) -> Vec<Contestant> {
    let mut all = vec![limits::nul(wire), framewright::stomp(wire), framewright::stomp_parts(wire)];
    all.extend(peers::stomp(wire));
    all
}

fn socketio_decode(events: &Rc<[String]>) -> Vec<Contestant> {
    let mut all =
        vec![framewright::socketio_decode(events), framewright::socketio_decode_packets(events)];
    all.extend(peers::socketio_decode(events));
    all
}

fn socketio_encode(events: &Rc<[String]>) -> Vec<Contestant> {
    let mut all =
        vec![framewright::socketio_encode(events), framewright::socketio_encode_checked(events)];
    all.extend(peers::socketio_encode(events));
    all
}

fn grpc_decode(wire: &Rc<Wire>) -> Vec<Contestant> {
    let mut all = vec![framewright::grpc_decode(wire)];
    if wire.bytes.len() > wire.items as usize * BUFFER {
        // Others need not be copied.
        all.push(limits::copy(wire));
    }
    all.extend(peers::grpc_decode(wire));
    all
}

fn grpc_encode(messages: &Rc<[Bytes]>) -> Vec<Contestant> {
    let mut all = vec![limits::send(messages)];
    all.extend([framewright::grpc_encode(messages), framewright::grpc_encode_to_vec(messages)]);
    all.extend(peers::grpc_encode(messages));
    all
}

fn deflate(messages: &Rc<[Bytes]>, level: u8) -> Vec<Contestant> {
    let mut all = vec![framewright::deflate(messages, level)];
    all.extend(peers::deflate(messages, level));
    all
}

fn inflate(wire: &Rc<Wire>) -> Vec<Contestant> {
    let mut all = vec![framewright::inflate(wire)];
    all.extend(peers::inflate(wire));
    all
}
