//! Our client and our server of gRPC on HTTP/2, joined through any cuts, with any calls on each.
//!
//! Each message arrives once, whole and in order. Each call ends once at each end. Whoever is told to wait is told
//! when to go on. Once nobody holds anything back, everything gets through.

use std::collections::HashMap;
use std::string::ToString;

use framewright::grpc::{
    CallId, CallKind, Client, ClientEvent, ClientRequest, Code, ContentType, Heap, Limits, Path,
    SendError, Server, ServerConfig, ServerEvent, Status, Timeout,
};
use framewright::http2;

use super::http2_pair::Choices;

/// Runs what these bytes say.
pub fn run(bytes: &[u8]) {
    let mut choices = Choices(bytes);
    let limits = |choices: &mut Choices<'_>| {
        http2::Limits::new()
            .max_streams(1 + choices.below(6) as u32)
            .stream_window(1 + choices.len() as u32)
            .max_send_len(16 + choices.len() as u32)
    };
    // Time is for deadlines of calls here: nobody is late.
    let keepalive = http2::Keepalive::new(0)
        .open_within(u64::MAX)
        .settings_within(u64::MAX)
        .ping_after(u64::MAX)
        .stall_after(u64::MAX)
        .close_within(u64::MAX);
    let client = Client::new(Limits::new(), limits(&mut choices), 0);
    let server = Server::new(ServerConfig::new(), limits(&mut choices), 0);
    let mut world = World {
        client: client.keepalive(keepalive.clone()),
        server: server.keepalive(keepalive),
        up: Wire::default(),
        down: Wire::default(),
        calls: Vec::new(),
        at_client: HashMap::new(),
        at_server: HashMap::new(),
        now: 0,
        closing: false,
    };
    while !choices.0.is_empty() {
        world.step(&mut choices);
    }
    world.come_to_an_end();
}

/// What was written, and not read yet.
#[derive(Default)]
struct Wire(Vec<u8>);

impl Wire {
    fn take(&mut self, len: usize) -> Vec<u8> {
        self.0.drain(..len.min(self.0.len())).collect()
    }
}

struct World {
    client: Client<Heap>,
    server: Server<Heap>,
    up: Wire,
    down: Wire,
    calls: Vec<Call>,
    at_client: HashMap<CallId, usize>,
    at_server: HashMap<CallId, usize>,
    now: u64,
    closing: bool,
}

/// What both ends know of a call.
struct Call {
    client: Half,
    server: Half,
    /// What the client heard.
    code: Option<Code>,
    cancelled: bool,
}

/// What one end knows of a call.
#[derive(Default)]
struct Half {
    id: Option<CallId>,
    /// The lengths of the messages that were sent.
    sent: Vec<usize>,
    received: usize,
    /// Whether the other end will send no more.
    half_closed: bool,
    /// Whether this end will send no more.
    finished: bool,
    /// Whether nothing more is heard of the call.
    over: bool,
    waiting: bool,
}

/// The length of a message. It may be sent byte by byte, so it is not too long.
fn message_len(choices: &mut Choices<'_>) -> usize {
    choices.len().min(1000)
}

/// The byte that a message is made of.
fn content(call: usize, message: usize) -> u8 {
    (call * 31 + message * 7) as u8
}

fn check(call: usize, half: &mut Half, sent: &[usize], message: &[u8]) {
    assert!(!half.over && !half.half_closed, "nothing comes after the end");
    let at = half.received;
    assert_eq!(message.len(), sent[at], "message {at} of call {call}");
    assert!(message.iter().all(|&byte| byte == content(call, at)));
    half.received += 1;
}

impl World {
    fn step(&mut self, choices: &mut Choices<'_>) {
        let some = |choices: &mut Choices<'_>, calls: &[Call]| choices.below(calls.len());
        match choices.byte() % 16 {
            0 | 1 => self.open(choices),
            2..=4 if !self.calls.is_empty() => {
                let at = some(choices, &self.calls);
                self.send_up(at, message_len(choices));
            }
            5 if !self.calls.is_empty() => {
                let at = some(choices, &self.calls);
                self.half_close(at);
            }
            6 if !self.calls.is_empty() && choices.byte().is_multiple_of(4) => {
                let at = some(choices, &self.calls);
                self.cancel(at);
            }
            7 | 8 if !self.calls.is_empty() => {
                let at = some(choices, &self.calls);
                self.send_down(at, message_len(choices));
            }
            9 if !self.calls.is_empty() => {
                let at = some(choices, &self.calls);
                let code = if choices.byte().is_multiple_of(2) { Code::Ok } else { Code::Aborted };
                self.finish(at, code);
            }
            10 => self.now += u64::from(choices.byte()),
            11 => drop(self.client.transmit(&mut self.up.0)),
            12 => drop(self.server.transmit(&mut self.down.0)),
            13 if choices.byte().is_multiple_of(32) => {
                self.closing = true;
                self.server.close();
            }
            14 => drop(self.deliver_up(choices.len())),
            _ => drop(self.deliver_down(choices.len())),
        }
    }

    fn open(&mut self, choices: &mut Choices<'_>) {
        let index = self.calls.len();
        let path = std::format!("/t.T/{index}");
        let mut request = ClientRequest::new(Path::parse(&path).unwrap()).authority("a.example");
        let what = choices.byte();
        if what.is_multiple_of(8) {
            request = request.timeout(Timeout::parse(b"100m").unwrap());
        }
        request = match what / 8 % 8 {
            0 => request.content_type(ContentType::WEB),
            1 => request.content_type(ContentType::WEB_TEXT),
            _ => request,
        };
        match self.client.call(&request, CallKind::BidiStreaming, &mut self.up.0) {
            Ok(id) => {
                self.at_client.insert(id, index);
                let client = Half { id: Some(id), ..Half::default() };
                let server = Half::default();
                self.calls.push(Call { client, server, code: None, cancelled: false });
            }
            Err(SendError::TooManyCalls) => {}
            Err(SendError::Closing) => assert!(self.closing),
            Err(e) => panic!("{e}"),
        }
    }

    fn send_up(&mut self, at: usize, len: usize) {
        let half = &mut self.calls[at].client;
        let Some(id) = half.id else { return };
        let message = std::vec![content(at, half.sent.len()); len];
        match self.client.send(id, &message, &mut self.up.0) {
            Ok(()) => half.sent.push(len),
            Err(SendError::Busy) => half.waiting = true,
            Err(SendError::HalfClosed) => assert!(half.finished),
            // The call may be over, and nobody has heard of it.
            Err(SendError::Ended) => {}
            Err(e) => panic!("{e}"),
        }
    }

    fn half_close(&mut self, at: usize) {
        let half = &mut self.calls[at].client;
        let Some(id) = half.id else { return };
        match self.client.half_close(id, &mut self.up.0) {
            Ok(()) => half.finished = true,
            Err(SendError::HalfClosed) => assert!(half.finished),
            Err(e) => assert!(half.over, "{e}"),
        }
    }

    fn cancel(&mut self, at: usize) {
        let call = &mut self.calls[at];
        if call.client.over {
            return;
        }
        self.client.cancel(call.client.id.unwrap());
        call.client.over = true;
        call.cancelled = true;
    }

    fn send_down(&mut self, at: usize, len: usize) {
        let half = &mut self.calls[at].server;
        let Some(id) = half.id else { return };
        let message = std::vec![content(at, half.sent.len()); len];
        match self.server.send(id, &message, &mut self.down.0) {
            Ok(()) => half.sent.push(len),
            Err(SendError::Busy) => half.waiting = true,
            Err(SendError::Ended) => {}
            Err(e) => panic!("{e}"),
        }
    }

    fn finish(&mut self, at: usize, code: Code) {
        let half = &mut self.calls[at].server;
        let Some(id) = half.id else { return };
        match self.server.finish(id, Status::new(code, "done"), &mut self.down.0) {
            Ok(()) => {
                assert!(!half.over && !half.finished, "a call ends once");
                (half.finished, half.over) = (true, true);
            }
            Err(e) => assert!(half.over, "{e}"),
        }
    }

    fn deliver_up(&mut self, len: usize) -> bool {
        let mut bytes = self.up.take(len);
        let got = !bytes.is_empty();
        let mut input = &mut bytes[..];
        while let Some(event) = self.server.receive(&mut input, self.now) {
            match event {
                ServerEvent::Call(id) => {
                    let at: usize = self.server.path()["/t.T/".len()..].parse().unwrap();
                    self.server.accept(id, CallKind::BidiStreaming).expect("it was just announced");
                    assert!(self.calls[at].server.id.is_none());
                    self.calls[at].server.id = Some(id);
                    self.at_server.insert(id, at);
                }
                ServerEvent::Message(id) => {
                    let at = self.at_server[&id];
                    let Call { client, server, .. } = &mut self.calls[at];
                    check(at, server, &client.sent, self.server.message(id).bytes);
                }
                ServerEvent::HalfClose(id) => {
                    let call = &mut self.calls[self.at_server[&id]];
                    assert!(!call.server.over && call.client.finished);
                    assert_eq!(call.server.received, call.client.sent.len());
                    call.server.half_closed = true;
                }
                ServerEvent::Writable(id) => {
                    let half = &mut self.calls[self.at_server[&id]].server;
                    assert!(core::mem::take(&mut half.waiting), "who did not ask is not told");
                }
                ServerEvent::Cancelled { call, code } => {
                    let call = &mut self.calls[self.at_server[&call]];
                    assert!(!call.server.over, "a call ends once");
                    call.server.over = true;
                    let reason = matches!(code, Code::DeadlineExceeded | Code::Cancelled);
                    assert!(reason, "{code:?}");
                }
                event => panic!("{event:?}"),
            }
        }
        assert!(input.is_empty());
        assert_eq!(self.server.http2().error(), None, "neither finds fault with the other");
        got
    }

    fn deliver_down(&mut self, len: usize) -> bool {
        let mut bytes = self.down.take(len);
        let got = !bytes.is_empty();
        let mut input = &mut bytes[..];
        while let Some(event) = self.client.receive(&mut input, self.now) {
            match event {
                ClientEvent::Head(id) => assert!(!self.calls[self.at_client[&id]].client.over),
                ClientEvent::Message(id) => {
                    let at = self.at_client[&id];
                    let Call { client, server, .. } = &mut self.calls[at];
                    check(at, client, &server.sent, self.client.message(id).bytes);
                }
                ClientEvent::Writable(id) => {
                    let half = &mut self.calls[self.at_client[&id]].client;
                    assert!(core::mem::take(&mut half.waiting), "who did not ask is not told");
                }
                ClientEvent::End { call: id, code } => {
                    let call = &mut self.calls[self.at_client[&id]];
                    assert!(!call.client.over, "a call ends once");
                    call.client.over = true;
                    call.code = Some(code);
                    assert_eq!(self.client.status(id).unwrap().code, code);
                    match code {
                        Code::Ok | Code::Aborted => {
                            assert!(call.server.finished);
                            assert_eq!(call.client.received, call.server.sent.len());
                        }
                        Code::DeadlineExceeded => {}
                        // Refused by the server's limit, or by its close.
                        Code::Unavailable => {
                            assert!(self.client.is_unprocessed(id), "{}", at_text(id));
                            assert!(call.server.id.is_none());
                        }
                        code => panic!("{code:?}"),
                    }
                }
                event => panic!("{event:?}"),
            }
        }
        assert!(input.is_empty());
        assert_eq!(self.client.http2().error(), None, "neither finds fault with the other");
        got
    }

    /// Nobody holds anything back: all that is begun comes to its end.
    fn come_to_an_end(&mut self) {
        for round in 0.. {
            assert!(round < 100_000, "it goes on for ever");
            for at in 0..self.calls.len() {
                self.half_close(at);
                if self.calls[at].server.half_closed {
                    self.finish(at, Code::Ok);
                }
            }
            self.client.transmit(&mut self.up.0);
            self.server.transmit(&mut self.down.0);
            let got = [self.deliver_up(usize::MAX), self.deliver_down(usize::MAX)];
            if got == [false; 2] && !self.client.owes() && !self.server.owes() {
                break;
            }
        }
        for call in &self.calls {
            assert!(call.client.over && (call.server.over || call.server.id.is_none()));
        }
        assert_eq!(self.client.http2().open_streams(), 0);
        // Of calls that ended early, the rest is drained for a while.
        self.now += 1000;
        self.deliver_up(0);
        self.server.transmit(&mut self.down.0);
        assert_eq!(self.server.http2().open_streams(), 0);
    }
}

fn at_text(id: CallId) -> std::string::String {
    id.slot().to_string()
}
