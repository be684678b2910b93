//! Peers that misbehave in every state of a call, against a server: the call ends as the document says, and the one beside
//! it on the same connection loses nothing. `faults_of_servers` has the same for clients.

use framewright::grpc::{CallId, Code, Heap, Server, ServerConfig, ServerEvent};
use framewright::http2::{ErrorCode, Limits};

use super::pair::Service;
use crate::common::http2_peer::{
    ACK, CANCEL, DATA, END_STREAM, ENHANCE_YOUR_CALM, Frame, GOAWAY, HEADERS, INITIAL_WINDOW_SIZE,
    List, PING, PREFACE, REFUSED_STREAM, RST_STREAM, SETTINGS, data, frame, frames, headers, ping,
    reset, settings, window_update,
};

/// The streams of the client that misbehaves: one that does not, and the other.
const BESIDE: u32 = 1;
const VICTIM: u32 = 3;
/// A message, which `Bidi` sends back and `Slow` does not answer.
const MESSAGE: &[u8] = b"\0\0\0\0\x05!ello";

/// The head of a call.
fn call(stream: u32, path: &str) -> Vec<u8> {
    let fields: List<'_> = &[
        (":method", "POST"),
        (":scheme", "http"),
        (":path", path),
        (":authority", "a"),
        ("content-type", "application/grpc"),
        ("te", "trailers"),
    ];
    headers(stream, 0, fields)
}

/// A server, and a call that is to lose nothing.
struct Victim {
    service: Service,
    beside: CallId,
    echoes: usize,
}

impl Victim {
    /// The client's streams have windows of `window` bytes, but for the one that loses nothing.
    fn new(window: u32) -> Self {
        Self::with(Server::new(ServerConfig::new(), Limits::new(), 0), window)
    }

    fn with(grpc: Server<Heap>, window: u32) -> Self {
        let mut service = Service::new(ServerConfig::new(), Limits::new());
        service.grpc = grpc;
        service.grpc.transmit(&mut service.out); // the settings that are acknowledged
        let opening = [
            PREFACE,
            &settings(&[(INITIAL_WINDOW_SIZE, window)]),
            &frame(SETTINGS, ACK, 0, b""),
            &call(BESIDE, "/t.T/Bidi"),
            &window_update(BESIDE, 1 << 20),
        ];
        service.receive(&mut opening.concat(), 0);
        service.grpc.transmit(&mut service.out);
        service.out.clear();
        let Some(&ServerEvent::Call(beside)) = service.events.last() else { panic!("none began") };
        Self { service, beside, echoes: 0 }
    }

    /// Receives the bytes. Returns the frames that are written then.
    fn receive(&mut self, bytes: &[u8]) -> Vec<Frame> {
        self.service.receive(&mut bytes.to_vec(), 0);
        self.service.grpc.transmit(&mut self.service.out);
        frames(&std::mem::take(&mut self.service.out))
    }

    /// Checks that the call beside is still answered.
    fn expect_echo(&mut self) {
        self.echoes += 1;
        let written = self.receive(&data(BESIDE, 0, MESSAGE));
        let answers = written.iter().filter(|frame| (frame.kind, frame.stream) == (DATA, BESIDE));
        let answers: Vec<_> = answers.map(|frame| &frame.payload[..]).collect();
        assert_eq!(answers, [MESSAGE], "echo {}", self.echoes);
    }

    /// Checks that the call beside has ended well, and the connection has no other.
    fn expect_end(mut self) {
        self.expect_echo();
        self.receive(&data(BESIDE, END_STREAM, b""));
        let messages =
            self.service.events.iter().filter(|e| **e == ServerEvent::Message(self.beside));
        assert_eq!(messages.count(), self.echoes);
        let half_close = ServerEvent::HalfClose(self.beside);
        assert_eq!(self.service.events.iter().filter(|e| **e == half_close).count(), 1);
        assert_eq!(self.service.grpc.http2().open_streams(), 0);
        assert!(!self.service.grpc.is_over());
    }

    /// How the other calls ended without being finished.
    fn cancelled(&self) -> Vec<Code> {
        let cancelled = self.service.events.iter().filter_map(|event| match event {
            ServerEvent::Cancelled { call, code } if *call != self.beside => Some(*code),
            _ => None,
        });
        cancelled.collect()
    }
}

/// What a client has sent of its call, by name. In all but the last, the call goes on.
fn states() -> [(&'static str, Vec<u8>); 8] {
    let slow = |body: &[u8]| [call(VICTIM, "/t.T/Slow"), data(VICTIM, 0, body)].concat();
    let waiting = [b"\0\0\0\0\x64", &[7; 100][..]].concat();
    [
        ("a head", call(VICTIM, "/t.T/Slow")),
        ("part of a prefix", slow(&MESSAGE[..3])),
        ("part of a message", slow(&MESSAGE[..7])),
        ("a message", slow(MESSAGE)),
        ("two, one cut off", slow(&[MESSAGE, &MESSAGE[..9]].concat())),
        ("all", [slow(MESSAGE), data(VICTIM, END_STREAM, b"")].concat()),
        (
            "what waits to come back",
            [call(VICTIM, "/t.T/Bidi"), data(VICTIM, 0, &waiting)].concat(),
        ),
        (
            "what is answered",
            [call(VICTIM, "/t.T/Unary"), data(VICTIM, 0, b"\0\0\0\0\x01x")].concat(),
        ),
    ]
}

/// PROTOCOL-HTTP2, *Errors*: each error code, in each state.
#[test]
fn a_client_resets_in_every_state() {
    for (state, bytes) in states() {
        for code in (0..=14).chain([u32::MAX]) {
            let mut victim = Victim::new(20);
            victim.receive(&bytes);
            victim.expect_echo();
            let written = victim.receive(&reset(VICTIM, code));
            assert_eq!(written, [], "{state}: nothing answers a reset");
            let expected = match state {
                "what is answered" => vec![],
                _ => vec![Code::from(ErrorCode(code))],
            };
            assert_eq!(victim.cancelled(), expected, "{state}, {code}");
            victim.expect_end();
        }
    }
}

/// RFC 9113 §5.4.2: what is wrong on one stream ends that alone.
#[test]
fn a_client_breaks_a_rule_of_one_stream_in_every_state() {
    let wrong = [
        ("a window of nothing", window_update(VICTIM, 0)),
        ("a window too large", window_update(VICTIM, 0x7FFF_FFFF).repeat(2)),
        ("a second head", call(VICTIM, "/t.T/Slow")),
        ("trailers that do not end", headers(VICTIM, 0, &[("x", "y")])),
        ("trailers with a path", headers(VICTIM, END_STREAM, &[(":path", "/")])),
        ("trailers in upper case", headers(VICTIM, END_STREAM, &[("X", "y")])),
    ];
    for (state, bytes) in states() {
        for (what, fault) in &wrong {
            let mut victim = Victim::new(20);
            victim.receive(&bytes);
            victim.expect_echo();
            let written = victim.receive(fault);
            let resets = written.iter().filter(|f| (f.kind, f.stream) == (RST_STREAM, VICTIM));
            assert_eq!((resets.count(), written.len()), (1, 1), "{state}, {what}");
            let expected = if state == "what is answered" { &[][..] } else { &[Code::Internal] };
            // After its end, anything but windows is a fault of another kind, and may be told by another code.
            match (victim.cancelled(), state) {
                (codes, "all") => assert_eq!(codes.len(), 1, "{what}"),
                (codes, _) => assert_eq!(codes, expected, "{state}, {what}"),
            }
            victim.expect_end();
        }
    }
}

/// PROTOCOL-HTTP2, *Connection failure*: every call that goes on hears of it, once, and nothing is left to wait for.
#[test]
fn a_client_vanishes_in_every_state() {
    for (state, bytes) in states() {
        for cut in [0, 1, 9] {
            let mut victim = Victim::new(20);
            // The last frame may be cut off.
            victim.receive(&bytes[..bytes.len() - cut]);
            victim.service.grpc.receive_eof();
            let going_on =
                victim.service.events.iter().filter(|e| matches!(e, ServerEvent::Call(_)));
            let going_on = going_on.count() - usize::from(state == "what is answered" && cut == 0);
            for _ in 0..3 {
                victim.service.receive(&mut [], 1 << 40);
            }
            let heard = victim.service.events.iter();
            let heard =
                heard.filter(|e| matches!(e, ServerEvent::Cancelled { code: Code::Cancelled, .. }));
            assert_eq!(heard.count(), going_on, "{state}");
            let grpc = &mut victim.service.grpc;
            assert!(grpc.is_over() && !grpc.owes() && grpc.deadline().is_none());
        }
    }
}

/// Nothing that comes is refused silently, nothing is kept for it, and after a burst the connection ends.
#[test]
fn ten_thousand_calls_at_once() {
    let mut victim = Victim::new(20);
    victim.expect_echo();
    let streams: Vec<u32> = (0..10_000).map(|at| VICTIM + 2 * at).collect();
    let burst: Vec<u8> = streams.iter().flat_map(|at| call(*at, "/t.T/Slow")).collect();
    // A few too many are refused one by one, and the others go on.
    let len = call(VICTIM, "/t.T/Slow").len();
    let written = victim.receive(&burst[..200 * len]);
    let refused: Vec<_> = written.iter().map(|f| (f.kind, f.stream, f.number(0))).collect();
    let expected = streams[99..200].iter().map(|at| (RST_STREAM, *at, REFUSED_STREAM));
    assert_eq!(refused, expected.collect::<Vec<_>>());
    assert_eq!(victim.service.grpc.http2().open_streams(), 100);
    victim.expect_echo();
    // All of them are an attack. Each call hears of its end, once, and what is written stays short.
    let written = victim.receive(&burst[200 * len..]);
    let last = written.last().expect("it says why");
    assert_eq!((last.kind, last.number(4)), (GOAWAY, ENHANCE_YOUR_CALM));
    assert!(written.len() <= 200, "{} frames", written.len());
    assert_eq!(victim.cancelled().len(), 99);
    let slots = victim.service.events.iter().filter_map(|event| match event {
        ServerEvent::Call(call) => Some(call.slot()),
        _ => None,
    });
    assert_eq!(slots.max(), Some(99), "nothing is kept for more");
    assert!(victim.service.grpc.is_over());
}

/// CVE-2023-44487: each call is reset as soon as it has begun.
#[test]
fn ten_thousand_calls_that_are_reset() {
    let mut victim = Victim::new(20);
    let burst: Vec<u8> = (0..10_000)
        .map(|at| VICTIM + 2 * at)
        .flat_map(|at| [call(at, "/t.T/Slow"), reset(at, CANCEL)].concat())
        .collect();
    let written = victim.receive(&burst);
    assert_eq!(written.last().map(|f| (f.kind, f.number(4))), Some((GOAWAY, ENHANCE_YOUR_CALM)));
    assert_eq!(written.len(), 1);
    let begun = victim.service.events.iter().filter(|e| matches!(e, ServerEvent::Call(_))).count();
    assert!((200..=203).contains(&begun), "{begun} calls began");
    assert_eq!(victim.cancelled().len(), begun - 1, "each that began has ended");
}

/// Ten thousand calls one after the other are a normal day: nothing is left of any.
#[test]
fn ten_thousand_calls_in_a_row() {
    let mut victim = Victim::new(1000);
    for at in 0..10_000 {
        let stream = VICTIM + 2 * at;
        let message = data(stream, END_STREAM, b"\0\0\0\0\x01x");
        let written = victim.receive(&[call(stream, "/t.T/Unary"), message].concat());
        let kinds: Vec<_> = written.iter().map(|f| (f.kind, f.flags & END_STREAM)).collect();
        assert_eq!(kinds, [(HEADERS, 0), (DATA, 0), (HEADERS, END_STREAM)]);
        victim.service.events.retain(|e| *e == ServerEvent::Message(victim.beside));
    }
    let slots = victim.service.grpc.http2().open_streams();
    assert_eq!(slots, 1);
    victim.expect_echo();
}

/// gRFC A8; CVE-2019-9512. What is owed for pings does not grow with their number.
#[test]
fn a_flood_of_pings() {
    for (interval, per_read, text) in [
        (300_000, 1, "too_many_pings"),
        (0, 1, "too many useless frames"),
        (0, 8, "too many useless frames"),
        (300_000, 10_000, "too_many_pings"),
    ] {
        let grpc = Server::new(ServerConfig::new(), Limits::new(), 0).min_ping_interval(interval);
        let mut victim = Victim::with(grpc, 20);
        victim.receive(&call(VICTIM, "/t.T/Slow"));
        victim.expect_echo();
        let pings: Vec<_> = (0_u64..10_000).map(|at| ping(&at.to_be_bytes())).collect();
        let mut written = Vec::new();
        for read in pings.chunks(per_read) {
            let answers = victim.receive(&read.concat());
            assert!(answers.len() <= per_read.min(9), "{answers:?}");
            written.extend(answers);
        }
        let last = written.pop().expect("it says why");
        let last = (last.kind, last.number(4), String::from_utf8_lossy(&last.payload[8..]));
        assert_eq!(last, (GOAWAY, ENHANCE_YOUR_CALM, text.into()), "{per_read}");
        assert!(written.iter().all(|frame| (frame.kind, frame.flags) == (PING, ACK)));
        assert!(written.len() <= 1000);
        assert_eq!(victim.cancelled(), [Code::Cancelled]);
        assert!(victim.service.grpc.is_over());
    }
}

/// A client that opens its window in the end: nothing waits for it any more, so the connection does not count as stalled.
#[test]
fn a_client_that_takes_a_body_late() {
    let mut victim = Victim::new(0);
    let begun = [call(VICTIM, "/t.T/Bidi"), data(VICTIM, 0, MESSAGE)].concat();
    assert!(victim.receive(&begun).iter().all(|frame| frame.kind != DATA));
    let written = victim.receive(&window_update(VICTIM, 1 << 20));
    assert_eq!(
        written.iter().find(|frame| frame.kind == DATA).map(|frame| &frame.payload[..]),
        Some(MESSAGE)
    );
    victim.service.receive(&mut [], 0);
    victim.service.receive(&mut [], 60_000);
    victim.expect_echo();
}

/// A client that opens no window: of each call one message is kept, until the connection counts as stalled.
#[test]
fn a_client_that_takes_no_bodies() {
    let mut victim = Victim::new(0);
    let message = [b"\0\0\0\x40\0", &[7; 1 << 14][..]].concat();
    for at in 0..99 {
        let stream = VICTIM + 2 * at;
        let (first, rest) = message.split_at(10_000);
        let body = [data(stream, 0, first), data(stream, 0, rest)].concat();
        let written = victim.receive(&[call(stream, "/t.T/Bidi"), body].concat());
        assert!(written.iter().all(|frame| frame.kind != DATA));
    }
    assert_eq!(victim.service.grpc.http2().open_streams(), 100);
    victim.expect_echo();
    assert_eq!(victim.service.grpc.deadline(), Some(60_000));
    victim.service.receive(&mut [], 60_000);
    assert_eq!(victim.cancelled().len(), 99);
    victim.service.grpc.transmit(&mut victim.service.out);
    let written = frames(&victim.service.out);
    assert_eq!(written.last().map(|f| (f.kind, f.number(4))), Some((GOAWAY, ENHANCE_YOUR_CALM)));
    assert!(victim.service.grpc.is_over());
}
