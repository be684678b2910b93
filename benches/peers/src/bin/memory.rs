//! Memory of an idle connection: `cargo run --release --bin memory` prints a table.
//!
//! State is the size of the connection's value, without the stream that it reads from. Heap is what it
//! keeps: when it is new, and after it has received a message and sent it back.

#[path = "memory/sessions.rs"]
mod sessions;

use std::alloc::{GlobalAlloc, Layout, System};
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::Poll;
use std::{mem, pin::Pin};

use bytes::BytesMut;
use framewright::ws::{Connection, Inbox, Limits, MessageEvent, Server};
use framewright_peers::BUFFER;
use framewright_peers::contestants::peers::tape::{Tape, context, now};
use framewright_peers::wire::{Content, Wire};
use futures_core::Stream as _;
use futures_sink::Sink as _;
use tokio_util::codec::{Decoder as _, Encoder as _};

/// Counts the allocated bytes.
struct Counting;

static ALLOCATED: AtomicUsize = AtomicUsize::new(0);

// SAFETY: the system's allocator does the work.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATED.fetch_add(layout.size(), Relaxed);
        // SAFETY: as the caller promised.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        ALLOCATED.fetch_sub(layout.size(), Relaxed);
        // SAFETY: as the caller promised.
        unsafe { System.dealloc(ptr, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// A connection over a tape, and how to exchange messages on it.
struct Case<C> {
    name: &'static str,
    note: &'static str,
    make: fn(Tape) -> C,
    /// Receives everything and sends it back.
    echo: fn(&mut C),
    /// Size of the tape, which is part of the value.
    stream: usize,
}

impl<C> Case<C> {
    fn print(self) {
        let mut state = 0;
        let mut heap = |len: usize| {
            let wire = Rc::new(Wire::websocket(Content::Binary, 1, len, 1));
            let tape = Tape::new(&wire);
            let before = ALLOCATED.load(Relaxed);
            let mut connection = (self.make)(tape);
            let new = ALLOCATED.load(Relaxed) - before;
            state = mem::size_of_val(&connection) - self.stream;
            (self.echo)(&mut connection);
            (new, ALLOCATED.load(Relaxed) - before)
        };
        let (new, short) = heap(125);
        let (_, long) = heap(64 * 1024);
        println!("| {} | {state} | {new} | {short} | {long} | {} |", self.name, self.note);
    }
}

const TAPE: usize = size_of::<Tape>();

fn main() {
    println!(
        "| bytes | state | heap, new | after 125 B | after 64 KiB | |\n|---|--:|--:|--:|--:|---|"
    );
    ours();
    peers();
    sessions::print();
}

/// How many bytes are allocated now.
fn allocated() -> usize {
    ALLOCATED.load(Relaxed)
}

/// Ours reads into a buffer that all connections share, and writes to another one.
fn ours() {
    struct Ours {
        server: Connection<Server>,
        inbox: Inbox<Vec<u8>>,
        tape: Tape,
    }

    fn make(tape: Tape) -> Ours {
        let server = Connection::server(Limits::new());
        Ours { server, inbox: Inbox::new(Vec::new()), tape }
    }

    fn echo(Ours { server, inbox, tape }: &mut Ours) {
        let (mut buf, mut out) = (vec![0; BUFFER], Vec::new());
        while let Ok(n) = std::io::Read::read(tape, &mut buf) {
            let mut input = &buf[..n];
            while let Some(event) = server.receive_message(&mut input, inbox) {
                if let MessageEvent::Message(_) = event {
                    server.send(inbox.message(), &mut out).expect("a Vec has room");
                }
            }
            server.transmit(&mut out);
            out.clear();
        }
    }

    let note = "";
    Case { name: "framewright", note, make, echo, stream: TAPE }.print();
    let note = "gives back the memory of long messages with `Inbox::release`";
    let echo = |connection: &mut Ours| {
        echo(connection);
        connection.inbox.release();
    };
    Case { name: "framewright", note, make, echo, stream: TAPE }.print();
}

fn peers() {
    Case {
        name: "tungstenite",
        note: "",
        make: |tape| {
            use tungstenite::protocol::{Role, WebSocket};
            WebSocket::from_raw_socket(tape, Role::Server, None)
        },
        echo: |socket| {
            while let Ok(message) = socket.read() {
                socket.send(message).expect("it is open");
            }
        },
        stream: TAPE,
    }
    .print();
    Case {
        name: "tokio-websockets",
        note: "",
        make: |tape| tokio_websockets::ServerBuilder::new().serve(tape),
        echo: |socket| {
            let mut cx = context();
            while let Poll::Ready(message) = Pin::new(&mut *socket).poll_next(&mut cx) {
                let message = message.expect("it is open").expect("it is valid");
                Pin::new(&mut *socket).start_send(message).expect("it is open");
                let flushed = Pin::new(&mut *socket).poll_flush(&mut cx);
                assert!(matches!(flushed, Poll::Ready(Ok(()))));
            }
        },
        stream: TAPE,
    }
    .print();
    Case {
        name: "fastwebsockets",
        note: "",
        make: |tape| {
            use fastwebsockets::{FragmentCollector, Role, WebSocket};
            FragmentCollector::new(WebSocket::after_handshake(tape, Role::Server))
        },
        echo: |socket| {
            let frame = now(socket.read_frame()).expect("it is valid");
            now(socket.write_frame(frame)).expect("it is open");
        },
        stream: TAPE,
    }
    .print();
    Case {
        name: "sockudo-ws",
        note: "the protocol alone, with buffers like those of its streams",
        make: |tape| {
            use sockudo_ws::{Role, protocol::Protocol};
            let server = Protocol::new(Role::Server, 64 << 20, 64 << 20);
            (server, BytesMut::with_capacity(64 * 1024), BytesMut::with_capacity(16 * 1024), tape)
        },
        echo: |(server, buf, out, tape)| {
            let (mut read, mut messages) = (vec![0; BUFFER], Vec::new());
            while let Ok(n) = std::io::Read::read(tape, &mut read) {
                buf.extend_from_slice(&read[..n]);
                server.process_into(buf, &mut messages).expect("it is valid");
                for message in messages.drain(..) {
                    server.encode_message(&message, out).expect("it is open");
                }
                out.clear();
            }
        },
        stream: TAPE,
    }
    .print();
    Case {
        name: "yawc",
        note: "",
        make: |tape| {
            use yawc::{Options, Role, WebSocket};
            let options = Options::default().with_utf8();
            WebSocket::from_stream(tape, Role::Server, options).expect("it is valid")
        },
        echo: |socket| {
            let mut cx = context();
            while let Poll::Ready(frame) = socket.poll_next_frame(&mut cx) {
                let frame = yawc::Frame::binary(frame.expect("it is valid").into_payload());
                assert!(Pin::new(&mut *socket).poll_ready(&mut cx).is_ready());
                Pin::new(&mut *socket).start_send(frame).expect("it is open");
                assert!(Pin::new(&mut *socket).poll_flush(&mut cx).is_ready());
            }
        },
        stream: TAPE,
    }
    .print();
    Case {
        name: "wtx",
        note: "",
        make: |tape| {
            use wtx::web_socket::{WebSocketBuffer, WebSocketOwned};
            let rng = wtx::rng::Xorshift64::new(1);
            WebSocketOwned::<_, _, _, false>::new((), false, rng, tape, WebSocketBuffer::new())
        },
        echo: |socket| {
            use wtx::web_socket::{Frame, OpCode, WebSocketPayloadOrigin};
            let mut buffer = wtx::collection::Vector::new();
            let read = socket.read_frame(&mut buffer, WebSocketPayloadOrigin::Adaptive);
            let mut payload = now(read).expect("it is valid").payload().to_vec();
            let mut frame = Frame::<_, false>::new_fin(OpCode::Binary, &mut payload[..]);
            now(socket.write_frame(&mut frame)).expect("it is open");
        },
        stream: TAPE,
    }
    .print();
    Case {
        name: "soketto",
        note: "",
        make: |tape| {
            use soketto::connection::{Builder, Mode};
            Builder::new(tape, Mode::Server).finish()
        },
        echo: |(sender, receiver)| {
            let mut message = Vec::new();
            now(receiver.receive(&mut message)).expect("it is valid");
            now(sender.send_binary(&message)).expect("it is open");
            now(sender.flush()).expect("it is open");
        },
        // The tape is on the heap, between the two halves.
        stream: 0,
    }
    .print();
    Case {
        name: "web-socket",
        note: "with a buffered reader of 16 KiB, without which it reads single bytes",
        make: |tape| {
            web_socket::WebSocket::server(tokio::io::BufReader::with_capacity(BUFFER, tape))
        },
        echo: |socket| {
            if let web_socket::Event::Data { data, .. } = now(socket.recv()).expect("it is valid") {
                now(socket.send(&data[..])).expect("it is open");
            }
        },
        stream: TAPE,
    }
    .print();
    Case {
        name: "actix-http",
        note: "the codec alone, with its two buffers",
        make: |tape| (actix_http::ws::Codec::new(), BytesMut::new(), BytesMut::new(), tape),
        echo: |(codec, buf, out, tape)| {
            use actix_http::ws::{Frame, Message};
            let mut read = vec![0; BUFFER];
            while let Ok(n) = std::io::Read::read(tape, &mut read) {
                buf.extend_from_slice(&read[..n]);
                while let Some(Frame::Binary(bytes)) = codec.decode(buf).expect("it is valid") {
                    codec.encode(Message::Binary(bytes), out).expect("it is open");
                }
                out.clear();
            }
        },
        stream: TAPE,
    }
    .print();
    println!(
        "| websocket-sans-io | {} | 0 | – | – | decoder and encoder alone; its user keeps the messages |",
        size_of::<(
            websocket_sans_io::WebsocketFrameDecoder,
            websocket_sans_io::WebsocketFrameEncoder
        )>()
    );
    println!(
        "| embedded-websocket | {} | 0 | – | – | its user keeps the messages |",
        size_of::<embedded_websocket::WebSocketServer>()
    );
}
