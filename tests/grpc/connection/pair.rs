//! A client and a server that are joined in memory.

use std::collections::HashMap;

use framewright::grpc::{
    CallId, CallKind, Client, ClientEvent, ClientRequest, Code, Heap, Limits, Memory, Path,
    SendError, Server, ServerConfig, ServerEvent, Status,
};
use framewright::http2;

/// What a server does: some methods, each of which shows one thing.
pub struct Service<M: Memory = Heap> {
    pub grpc: Server<M>,
    pub out: Vec<u8>,
    pub events: Vec<ServerEvent>,
    /// What is going on, by slot.
    calls: HashMap<usize, Job>,
}

enum Job {
    /// Sends every message back, and ends when the client does.
    Echo {
        waiting: Vec<Vec<u8>>,
        half_closed: bool,
    },
    /// Sends so many more messages of 100 bytes.
    Count {
        left: u8,
    },
    /// Counts bytes.
    Sum(u64),
    Nothing,
}

impl<M: Memory> Service<M> {
    pub fn new(config: ServerConfig<'static>, limits: http2::Limits) -> Self {
        let grpc = Server::new(config, limits, 0);
        Self { grpc, out: Vec::new(), events: Vec::new(), calls: HashMap::new() }
    }

    pub fn receive(&mut self, mut input: &mut [u8], now: u64) {
        while let Some(event) = self.grpc.receive(&mut input, now) {
            self.events.push(event);
            self.handle(event);
        }
        assert!(input.is_empty(), "None means that all was taken");
    }

    fn handle(&mut self, event: ServerEvent) {
        let Self { grpc, out, calls, .. } = self;
        match event {
            ServerEvent::Call(call) => {
                let path = grpc.path();
                let echo = Job::Echo { waiting: Vec::new(), half_closed: false };
                let (kind, job) = match path {
                    "/t.T/Unary" => (CallKind::Unary, Job::Nothing),
                    "/t.T/Bidi" => (CallKind::BidiStreaming, echo),
                    "/t.T/Count" => (CallKind::ServerStreaming, Job::Count { left: 0 }),
                    "/t.T/Sum" => (CallKind::ClientStreaming, Job::Sum(0)),
                    "/t.T/Slow" => (CallKind::BidiStreaming, Job::Nothing),
                    "/t.T/Refuse" => {
                        let status = Status::new(Code::PermissionDenied, "für dich nicht");
                        grpc.finish(call, status, out).unwrap();
                        return;
                    }
                    _ => return,
                };
                grpc.accept(call, kind).unwrap();
                calls.insert(call.slot(), job);
            }
            ServerEvent::Message(call) => self.on_message(call),
            ServerEvent::HalfClose(call) => match calls.get_mut(&call.slot()) {
                Some(Job::Echo { half_closed, .. }) => {
                    *half_closed = true;
                    self.go_on(call);
                }
                Some(Job::Sum(sum)) => {
                    let sum = sum.to_string();
                    grpc.reply(call, sum.as_bytes(), out).unwrap();
                }
                _ => {}
            },
            ServerEvent::Writable(call) => self.go_on(call),
            ServerEvent::Cancelled { call, .. } => drop(calls.remove(&call.slot())),
            event => panic!("{event:?}"),
        }
    }

    fn on_message(&mut self, call: CallId) {
        let Self { grpc, out, calls, .. } = self;
        let message = grpc.message(call).bytes.to_vec();
        match calls.get_mut(&call.slot()) {
            Some(Job::Echo { waiting, .. }) => waiting.push(message),
            Some(Job::Count { left }) => *left = message[0],
            Some(Job::Sum(sum)) => *sum += message.len() as u64,
            Some(Job::Nothing) if message.is_empty() || message[0] != b'!' => {
                return grpc.reply(call, &message, out).unwrap();
            }
            _ => return,
        }
        self.go_on(call);
    }

    /// Sends what can be sent.
    fn go_on(&mut self, call: CallId) {
        let Self { grpc, out, calls, .. } = self;
        let done = loop {
            let sent = match calls.get_mut(&call.slot()) {
                Some(Job::Echo { waiting, half_closed }) => match waiting.first() {
                    Some(message) => {
                        grpc.send(call, message, out).map(|()| drop(waiting.remove(0)))
                    }
                    None => break *half_closed,
                },
                Some(Job::Count { left: 0 }) => break true,
                Some(Job::Count { left }) => {
                    grpc.send(call, &[*left; 100], out).map(|()| *left -= 1)
                }
                _ => break false,
            };
            match sent {
                Ok(()) => {}
                Err(SendError::Busy) => break false,
                Err(e) => panic!("{e}"),
            }
        };
        if done {
            grpc.finish(call, Status::OK, out).unwrap();
            calls.remove(&call.slot());
        }
    }
}

/// What a client has heard of a call.
#[derive(Debug, Default, Eq, PartialEq)]
pub struct Heard {
    pub messages: Vec<Vec<u8>>,
    pub end: Option<Code>,
    pub message: String,
    pub unprocessed: bool,
}

/// Both ends. What one has written is the other's input.
pub struct Pair<S: Memory = Heap, C: Memory = Heap> {
    pub client: Client<C>,
    pub service: Service<S>,
    pub out: Vec<u8>,
    pub heard: HashMap<CallId, Heard>,
    pub writable: Vec<CallId>,
    /// How many bytes a read has.
    pub read_len: usize,
    pub now: u64,
}

impl Pair {
    pub fn new() -> Self {
        Self::with(ServerConfig::new(), http2::Limits::new(), http2::Limits::new())
    }
}

impl<S: Memory, C: Memory> Pair<S, C> {
    pub fn with(
        config: ServerConfig<'static>,
        server: http2::Limits,
        client: http2::Limits,
    ) -> Self {
        Self {
            client: Client::new(Limits::new(), client, 0),
            service: Service::new(config, server),
            out: Vec::new(),
            heard: HashMap::new(),
            writable: Vec::new(),
            read_len: usize::MAX,
            now: 0,
        }
    }

    pub fn call(&mut self, path: &str, kind: CallKind) -> CallId {
        self.client.call(&request(path), kind, &mut self.out).unwrap()
    }

    pub fn unary(&mut self, path: &str, message: &[u8]) -> CallId {
        self.client.unary(&request(path), message, &mut self.out).unwrap()
    }

    /// Asks for so many messages.
    pub fn count(&mut self, count: u8) -> CallId {
        let call = self.call("/t.T/Count", CallKind::ServerStreaming);
        self.send(call, &[count]);
        self.half_close(call);
        call
    }

    pub fn send(&mut self, call: CallId, message: &[u8]) {
        self.client.send(call, message, &mut self.out).unwrap();
    }

    pub fn half_close(&mut self, call: CallId) {
        self.client.half_close(call, &mut self.out).unwrap();
    }

    /// Lets everything go to and fro until nothing moves.
    pub fn run(&mut self) {
        for _ in 0..1_000_000 {
            self.client.transmit(&mut self.out);
            self.service.grpc.transmit(&mut self.service.out);
            let (mut to_server, mut to_client) =
                (std::mem::take(&mut self.out), std::mem::take(&mut self.service.out));
            if to_server.is_empty() && to_client.is_empty() {
                assert!(!self.client.owes() && !self.service.grpc.owes());
                return;
            }
            for read in to_server.chunks_mut(self.read_len) {
                self.service.receive(read, self.now);
            }
            for read in to_client.chunks_mut(self.read_len) {
                self.receive(read);
            }
        }
        panic!("it goes on and on");
    }

    pub fn receive(&mut self, mut input: &mut [u8]) {
        while let Some(event) = self.client.receive(&mut input, self.now) {
            match event {
                ClientEvent::Head(call) => assert!(self.heard(call).messages.is_empty()),
                ClientEvent::Message(call) => {
                    let message = self.client.message(call).bytes.to_vec();
                    self.heard(call).messages.push(message);
                }
                ClientEvent::Writable(call) => self.writable.push(call),
                ClientEvent::End { call, code } => {
                    let status = self.client.status(call).expect("it has ended");
                    assert_eq!(status.code, code);
                    let message = status.message.to_string();
                    let unprocessed = self.client.is_unprocessed(call);
                    let heard = self.heard(call);
                    assert_eq!(heard.end, None, "a call ends once");
                    heard.end = Some(code);
                    heard.message = message;
                    heard.unprocessed = unprocessed;
                }
                event => panic!("{event:?}"),
            }
        }
        assert!(input.is_empty(), "None means that all was taken");
    }

    /// Lets the time pass at both ends.
    pub fn wait(&mut self, ms: u64) {
        self.now += ms;
        self.service.receive(&mut [], self.now);
        self.receive(&mut []);
        self.run();
    }

    pub fn heard(&mut self, call: CallId) -> &mut Heard {
        self.heard.entry(call).or_default()
    }

    pub fn end(&mut self, call: CallId) -> Option<Code> {
        self.heard(call).end
    }

    pub fn messages(&mut self, call: CallId) -> &[Vec<u8>] {
        &self.heard(call).messages
    }
}

pub fn request(path: &str) -> ClientRequest<'_> {
    ClientRequest::new(Path::parse(path).unwrap()).authority("localhost")
}
