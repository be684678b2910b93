//! The service of the race of gRPC on `mio` and `framewright`, on one thread. It ends when its standard input does.
//!
//! - `/bench.Bench/Echo` sends its message back.
//! - `/bench.Bench/Stream` takes two numbers of 32 bits, and answers with as many messages of that length.
//! - `/bench.Bench/Upload` takes any number of messages, and answers with an empty one.
//! - `/bench.Bench/Hold` answers never.

use std::collections::HashMap;
use std::io::{self, ErrorKind, Read, Write};
use std::time::Instant;

use framewright::grpc::{
    CallId, CallKind, Heap, Limits, SendError, Server, ServerConfig, ServerEvent, Status,
};
use framewright::http2;
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};
use slab::Slab;

const CONFIG: ServerConfig = ServerConfig::new().limits(Limits::new());
const LISTENER: Token = Token(usize::MAX);

struct Connection {
    stream: TcpStream,
    grpc: Server<Heap>,
    out: Vec<u8>,
    written: usize,
    /// By slot: how many messages are to be sent, and how long they are.
    streams: HashMap<usize, (u32, usize)>,
}

fn main() -> io::Result<()> {
    std::thread::spawn(|| {
        let _ = io::stdin().read_to_end(&mut Vec::new());
        std::process::exit(0);
    });
    let mut poll = Poll::new()?;
    let mut events = Events::with_capacity(1024);
    let mut listener = TcpListener::bind(([127, 0, 0, 1], 0).into())?;
    poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
    println!("listening on http://{}", listener.local_addr()?);
    io::stdout().flush()?;
    let start = Instant::now();
    let mut connections: Slab<Connection> = Slab::new();
    let mut buf = vec![0; 64 << 10];
    loop {
        poll.poll(&mut events, None)?;
        let now = start.elapsed().as_millis() as u64;
        for event in &events {
            if event.token() == LISTENER {
                while let Ok((mut stream, _)) = listener.accept() {
                    stream.set_nodelay(true)?;
                    let entry = connections.vacant_entry();
                    let interest = Interest::READABLE | Interest::WRITABLE;
                    poll.registry().register(&mut stream, Token(entry.key()), interest)?;
                    entry.insert(Connection::new(stream, now));
                }
                continue;
            }
            let Some(connection) = connections.get_mut(event.token().0) else { continue };
            if connection.on_ready(&mut buf, now).is_err() {
                connections.remove(event.token().0);
            }
        }
    }
}

impl Connection {
    fn new(stream: TcpStream, now: u64) -> Self {
        let limits = http2::Limits::new().max_streams(1000);
        let grpc = Server::new(CONFIG, limits, now);
        Self { stream, grpc, out: Vec::new(), written: 0, streams: HashMap::new() }
    }

    fn on_ready(&mut self, buf: &mut [u8], now: u64) -> io::Result<()> {
        loop {
            let n = match self.stream.read(buf) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(n) => n,
                Err(e) if e.kind() == ErrorKind::WouldBlock => break,
                Err(e) => return Err(e),
            };
            let mut input = &mut buf[..n];
            while let Some(event) = self.grpc.receive(&mut input, now) {
                self.handle(event).map_err(io::Error::other)?;
            }
            // A short read has emptied the socket.
            if n < buf.len() {
                break;
            }
        }
        self.flush()?;
        if self.out.is_empty() {
            self.grpc.transmit(&mut self.out);
            self.flush()?;
        }
        Ok(())
    }

    fn handle(&mut self, event: ServerEvent) -> Result<(), SendError> {
        match event {
            ServerEvent::Call(call) => {
                let kind = match self.grpc.path() {
                    "/bench.Bench/Echo" => CallKind::Unary,
                    "/bench.Bench/Stream" => CallKind::ServerStreaming,
                    "/bench.Bench/Upload" => {
                        self.streams.insert(call.slot(), (0, 0));
                        CallKind::ClientStreaming
                    }
                    "/bench.Bench/Hold" => CallKind::BidiStreaming,
                    _ => return Ok(()),
                };
                self.grpc.accept(call, kind)?;
                if kind == CallKind::BidiStreaming {
                    self.streams.insert(call.slot(), (0, 1));
                }
            }
            ServerEvent::Message(call) => {
                if self.streams.contains_key(&call.slot()) {
                    return Ok(()); // of an upload, or of a call that is held
                }
                let message = self.grpc.message(call).bytes;
                if let [a, b, c, d, e, f, g, h] = *message {
                    let count = u32::from_be_bytes([a, b, c, d]);
                    let len = u32::from_be_bytes([e, f, g, h]) as usize;
                    self.streams.insert(call.slot(), (count, len));
                    return self.go_on(call);
                }
                let message = message.to_vec();
                self.grpc.reply(call, &message, &mut self.out)?;
            }
            ServerEvent::HalfClose(call) => {
                if let Some((0, 0)) = self.streams.get(&call.slot()) {
                    self.streams.remove(&call.slot());
                    self.grpc.reply(call, b"", &mut self.out)?;
                }
            }
            ServerEvent::Writable(call) => self.go_on(call)?,
            ServerEvent::Cancelled { call, .. } => drop(self.streams.remove(&call.slot())),
            _ => {}
        }
        Ok(())
    }

    fn go_on(&mut self, call: CallId) -> Result<(), SendError> {
        static ZEROS: [u8; 1 << 16] = [0; 1 << 16];
        let Some((left, len)) = self.streams.get_mut(&call.slot()) else { return Ok(()) };
        let mut batch = self.grpc.batch(call, &mut self.out);
        while *left > 0 {
            match batch.send(&ZEROS[..*len]) {
                Ok(()) => *left -= 1,
                Err(SendError::Busy) => return Ok(()),
                Err(e) => return Err(e),
            }
        }
        self.streams.remove(&call.slot());
        self.grpc.finish(call, Status::OK, &mut self.out)
    }

    fn flush(&mut self) -> io::Result<()> {
        while self.written < self.out.len() {
            match self.stream.write(&self.out[self.written..]) {
                Ok(n) => self.written += n,
                Err(e) if e.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(e) => return Err(e),
            }
        }
        self.out.clear();
        self.written = 0;
        Ok(())
    }
}
