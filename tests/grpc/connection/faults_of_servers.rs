//! Servers that misbehave in every state of a call, against a client: the call ends as the document says, and the one
//! beside it on the same connection loses nothing.

use std::collections::HashMap;

use framewright::grpc::{CallId, CallKind, Client, ClientEvent, Code, Heap, Limits};
use framewright::http2::{self, ErrorCode};

use super::pair::request;
use crate::common::http2_peer::{
    ACK, DATA, END_STREAM, Frame, INITIAL_WINDOW_SIZE, List, PREFACE, REFUSED_STREAM, RST_STREAM,
    SETTINGS, data, frame, frames, goaway, headers, ping, reset, settings, window_update,
};

/// The streams of the calls: of one that is served well, and the other.
const BESIDE: u32 = 1;
const VICTIM: u32 = 3;
const HEAD: List<'_> = &[(":status", "200"), ("content-type", "application/grpc")];
const MESSAGE: &[u8] = b"\0\0\0\0\x05hello";

/// A client with two calls.
struct Victim {
    grpc: Client<Heap>,
    beside: CallId,
    victim: CallId,
    messages: HashMap<CallId, usize>,
    /// How a call ended, and whether it can be repeated.
    ends: HashMap<CallId, (Code, bool)>,
}

impl Victim {
    /// The request of the other call is longer than its window, or complete.
    fn new(is_blocked: bool) -> Self {
        let mut grpc = Client::<Heap>::new(Limits::new(), http2::Limits::new(), 0);
        let mut out = Vec::new();
        grpc.transmit(&mut out);
        let windows = settings(&[(INITIAL_WINDOW_SIZE, 20)]);
        let mut opening = [windows, frame(SETTINGS, ACK, 0, b"")].concat();
        assert_eq!(grpc.receive(&mut &mut opening[..], 0), None);
        let bidi = CallKind::BidiStreaming;
        let beside = grpc.call(&request("/t.T/Bidi"), bidi, &mut out).unwrap();
        let victim = grpc.call(&request("/t.T/Bidi"), bidi, &mut out).unwrap();
        if is_blocked {
            grpc.send(victim, &[7; 100], &mut out).unwrap();
        } else {
            grpc.send_last(victim, b"all", &mut out).unwrap();
        }
        grpc.transmit(&mut out);
        assert!(out.starts_with(PREFACE));
        let mut victim =
            Self { grpc, beside, victim, messages: HashMap::new(), ends: HashMap::new() };
        victim.receive(&[headers(BESIDE, 0, HEAD), window_update(BESIDE, 1 << 20)].concat());
        victim
    }

    /// Receives the bytes. Returns the frames that are written then.
    fn receive(&mut self, bytes: &[u8]) -> Vec<Frame> {
        let (mut bytes, mut out) = (bytes.to_vec(), Vec::new());
        let mut input = &mut bytes[..];
        while let Some(event) = self.grpc.receive(&mut input, 0) {
            match event {
                ClientEvent::Message(call) => *self.messages.entry(call).or_default() += 1,
                ClientEvent::End { call, code } => {
                    let status = self.grpc.status(call).expect("it has ended");
                    assert_eq!(status.code, code);
                    let end = (code, self.grpc.is_unprocessed(call));
                    assert_eq!(self.ends.insert(call, end), None, "a call ends once");
                }
                _ => {}
            }
        }
        assert!(input.is_empty());
        self.grpc.transmit(&mut out);
        frames(&out)
    }

    /// Checks that the other call has ended so, and the one beside it goes on to a good end.
    fn expect(mut self, code: Code, is_unprocessed: bool, what: &str) {
        assert_eq!(self.ends.get(&self.victim), Some(&(code, is_unprocessed)), "{what}");
        self.expect_echo(what);
        self.grpc.half_close(self.beside, &mut Vec::new()).unwrap();
        self.receive(&headers(BESIDE, END_STREAM, &[("grpc-status", "0")]));
        assert_eq!(self.ends.get(&self.beside), Some(&(Code::Ok, false)), "{what}");
        assert_eq!(self.grpc.http2().open_streams(), 0, "{what}");
        assert!(!self.grpc.is_over());
    }

    fn expect_echo(&mut self, what: &str) {
        let mut out = Vec::new();
        self.grpc.send(self.beside, b"hello", &mut out).unwrap();
        assert!(out.ends_with(MESSAGE), "{what}");
        let before = self.messages.get(&self.beside).copied().unwrap_or_default();
        self.receive(&data(BESIDE, 0, MESSAGE));
        assert_eq!(self.messages[&self.beside], before + 1, "{what}");
    }
}

/// What the server has sent of its response, by name.
fn states() -> [(&'static str, Vec<u8>); 6] {
    let body = |body: &[u8]| [headers(VICTIM, 0, HEAD), data(VICTIM, 0, body)].concat();
    [
        ("nothing", Vec::new()),
        ("a head", headers(VICTIM, 0, HEAD)),
        ("part of a prefix", body(&MESSAGE[..2])),
        ("part of a message", body(&MESSAGE[..8])),
        ("a message", body(MESSAGE)),
        ("a status in the head", headers(VICTIM, 0, &[HEAD, &[("grpc-status", "0")]].concat())),
    ]
}

/// PROTOCOL-HTTP2, *Errors*: each error code, in each state. Only REFUSED_STREAM says that nothing was processed.
#[test]
fn a_server_resets_in_every_state() {
    for (state, bytes) in states() {
        for is_blocked in [false, true] {
            for code in (0..=14).chain([u32::MAX]) {
                let mut client = Victim::new(is_blocked);
                client.receive(&bytes);
                client.expect_echo(state);
                let written = client.receive(&reset(VICTIM, code));
                assert_eq!(written, [], "{state}: nothing answers a reset");
                client.expect(Code::from(ErrorCode(code)), code == REFUSED_STREAM, state);
            }
        }
    }
}

/// RFC 9113 §5.4.2: what is wrong on one stream ends that alone.
#[test]
fn a_server_breaks_a_rule_of_one_stream_in_every_state() {
    let wrong = [
        ("a window of nothing", window_update(VICTIM, 0)),
        ("a window too large", window_update(VICTIM, 0x7FFF_FFFF).repeat(2)),
        ("trailers that do not end", headers(VICTIM, 0, &[("x", "y")])),
        ("trailers with a status of HTTP", headers(VICTIM, END_STREAM, &[(":status", "099")])),
        ("trailers in upper case", headers(VICTIM, END_STREAM, &[("X", "y")])),
    ];
    for (state, bytes) in states() {
        for (what, fault) in &wrong {
            for is_blocked in [false, true] {
                let mut client = Victim::new(is_blocked);
                client.receive(&bytes);
                client.expect_echo(state);
                let written = client.receive(fault);
                let written: Vec<_> = written.iter().filter(|frame| frame.kind != DATA).collect();
                let resets = written.iter().filter(|f| (f.kind, f.stream) == (RST_STREAM, VICTIM));
                assert_eq!((resets.count(), written.len()), (1, 1), "{state}, {what}");
                client.expect(Code::Internal, false, &format!("{state}, {what}"));
            }
        }
    }
}

/// What comes first is what should come last, or nothing of it belongs there at all.
#[test]
fn a_server_sends_trailers_first() {
    let status = |code| [("grpc-status", code)];
    let only = |fields: List<'_>| headers(VICTIM, END_STREAM, fields);
    let http = |code| [(":status", code)];
    let then_ok = headers(VICTIM, END_STREAM, &status("0"));
    for (what, response, code) in [
        // PROTOCOL-HTTP2, *Responses*: Trailers-Only, with and without a content-type.
        ("a status alone", only(&[HEAD, &status("5")].concat()), Code::NotFound),
        ("no content-type", only(&[&http("200"), &status("5")[..]].concat()), Code::NotFound),
        ("OK without a message", only(&[HEAD, &status("0")].concat()), Code::Ok),
        // http-grpc-status-mapping.md
        ("nothing", only(HEAD), Code::Unknown),
        ("nothing but 404", only(&http("404")), Code::Unimplemented),
        ("nothing but 503", only(&http("503")), Code::Unavailable),
        ("nothing but 431", only(&http("431")), Code::Internal),
        (
            "429 and a status",
            only(&[&http("429"), &status("9")[..]].concat()),
            Code::FailedPrecondition,
        ),
        // RFC 9113 §8.1: a malformed response.
        ("no head", then_ok.clone(), Code::Internal),
        ("a body without a head", data(VICTIM, 0, MESSAGE), Code::Internal),
        (
            "an interim head that ends",
            [headers(VICTIM, END_STREAM, &http("103")), then_ok.clone()].concat(),
            Code::Internal,
        ),
        // What comes before the head, and then all is well.
        (
            "interim heads",
            [headers(VICTIM, 0, &http("103")).repeat(3), headers(VICTIM, 0, HEAD), then_ok]
                .concat(),
            Code::Ok,
        ),
    ] {
        for is_blocked in [false, true] {
            let mut client = Victim::new(is_blocked);
            client.receive(&response);
            client.expect(code, false, what);
        }
    }
}

/// PROTOCOL-HTTP2, *Connection failure*. A connection that is lost says nothing of what was processed, and a GOAWAY
/// says it.
#[test]
fn a_server_vanishes_in_every_state() {
    for (state, bytes) in states() {
        for is_blocked in [false, true] {
            for cut in [0, 1, 9] {
                let mut client = Victim::new(is_blocked);
                client.receive(&bytes[..bytes.len().saturating_sub(cut)]);
                client.grpc.receive_eof();
                for _ in 0..3 {
                    client.receive(b"");
                }
                for call in [client.beside, client.victim] {
                    assert_eq!(
                        client.ends.get(&call),
                        Some(&(Code::Unavailable, false)),
                        "{state}"
                    );
                }
                assert!(client.grpc.is_over() && !client.grpc.owes());
                assert_eq!(client.grpc.deadline(), None);
            }
            let mut client = Victim::new(is_blocked);
            client.receive(&bytes);
            client.receive(&goaway(BESIDE, 0));
            client.expect_echo(state);
            assert_eq!(
                client.ends.get(&client.victim),
                Some(&(Code::Unavailable, true)),
                "{state}"
            );
            client.grpc.receive_eof();
            client.receive(b"");
            assert_eq!(client.ends.get(&client.beside), Some(&(Code::Unavailable, false)));
        }
    }
}

/// CVE-2019-9512: the connection ends, and every call on it, as if it were lost.
#[test]
fn a_server_floods_with_pings() {
    for per_read in [1, 8, 10_000] {
        let mut client = Victim::new(false);
        let mut answers = 0;
        for read in vec![ping(b"flooding"); 10_000].chunks(per_read) {
            answers += client.receive(&read.concat()).len();
        }
        assert!(answers <= 1001, "{answers}");
        for call in [client.beside, client.victim] {
            assert_eq!(client.ends.get(&call), Some(&(Code::Unavailable, false)));
        }
        assert!(client.grpc.is_over());
    }
}
