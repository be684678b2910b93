//! Calls with random events, and calls between two sides.

use super::{GRPC, OK, PATH, Seen, WEB, base64, frame, headers, request};
use core::time::Duration;
use framewright::Assembler;
use framewright::grpc::{
    CallKind, Code, ContentType, Encodings, Event, Framing, Limits, Message, Request, ResponseHead,
    SendError, ServerConfig, Status, Subtype, Trailing, Value, metadata,
};
use framewright::http::Headers;
use proptest::prelude::{
    Just, ProptestConfig, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest,
};

/// Does in memory what an HTTP stack does between a client and a server.
fn both(framing: Option<Framing>, kind: CallKind, messages: &[Vec<u8>], cut: usize) {
    let socket = framing.is_none();
    let content_type =
        ContentType { framing: framing.unwrap_or(Framing::Web), subtype: Subtype::PROTO };
    let (mut head, mut up, mut down) = (Vec::new(), Vec::new(), Vec::new());
    let metadata_sent = [("x-bin", Value::Bytes(&[1, 2, 3]))];
    let request = request(content_type).metadata(&metadata_sent);
    let request = if socket { request.over_socket() } else { request };
    let limits = Limits::new();
    request.write(&mut head).unwrap();
    let mut client = request.call(kind, limits, Vec::new(), 0);
    let fields = Headers::parse_lax(&head).unwrap();
    let parsed = if socket {
        Request::parse_socket(PATH, fields)
    } else {
        Request::parse("POST", PATH, fields)
    };
    assert_eq!(metadata(fields).collect::<Vec<_>>(), [("x-bin", Value::Base64(b"AQID"))]);
    let config = ServerConfig::new().limits(limits).encodings(Encodings::GZIP);
    let mut server = parsed.unwrap().accept(kind, &config, 0).unwrap();

    let (many_requests, many_responses) = match kind {
        CallKind::Unary => (false, false),
        CallKind::ClientStreaming => (true, false),
        CallKind::ServerStreaming => (false, true),
        CallKind::BidiStreaming => (true, true),
    };
    let requests = if many_requests { messages } else { &messages[..1] };
    for (at, message) in requests.iter().enumerate() {
        let message = Message { compressed: at % 2 == 1, bytes: message };
        let mut one = Vec::new();
        client.send(message, &mut one).unwrap();
        // The bytes after the control byte are a stream.
        up.extend(&one[usize::from(socket)..]);
    }
    client.half_close(&mut Vec::new()).unwrap();

    let mut sent_head = Vec::new();
    let into = if socket { &mut down } else { &mut sent_head };
    server.send_head(ResponseHead::new().encoding("gzip"), into).unwrap();
    let mut assembler = Assembler::new(Vec::new());
    let mut echoed = 0;
    let cut_up = cut.min(up.len());
    let (a, b) = up.split_at_mut(cut_up);
    for read in [a, b] {
        let mut input = server.decode_text_in_place(read);
        while let Some(event) = server.receive(&mut input) {
            let Event::Message { compressed, chunk } = event else { panic!("{event:?}") };
            let Some(bytes) = assembler.push(chunk).unwrap() else { continue };
            if many_responses || echoed == 0 {
                server.send(Message { compressed, bytes }, &mut down).unwrap();
            }
            echoed += 1;
        }
    }
    assert_eq!((echoed, server.receive_eof()), (requests.len(), Some(Event::HalfClose)));
    let status = Status::new(Code::Ok, "caf\u{e9}").with_details(b"why");
    let mut trailers = Vec::new();
    let trailing = server.trailing();
    assert_eq!(trailing == Trailing::Trailers, content_type.framing == Framing::Grpc);
    let out = if trailing == Trailing::Body { &mut down } else { &mut trailers };
    server.finish(status, out).unwrap();

    if !socket {
        let head = client.receive_head(200, Headers::parse_lax(&sent_head).unwrap(), false);
        assert_eq!(head, Some(Event::Head));
    }
    let mut seen = Seen::default();
    let cut_down = cut.min(down.len());
    let (a, b) = down.split_at_mut(cut_down);
    for read in [a, b] {
        let mut input = client.decode_text_in_place(read);
        while let Some(event) = client.receive(&mut input) {
            seen.see(Some(event));
        }
    }
    if trailing == Trailing::Trailers {
        seen.see(client.receive_trailers(Headers::parse_lax(&trailers).unwrap()));
    }
    let responses = if many_responses { requests } else { &requests[..1] };
    let expected: Vec<_> = responses
        .iter()
        .enumerate()
        .map(|(at, bytes)| (at % 2 == 1, bytes.clone(), true))
        .collect();
    assert_eq!((seen.messages, seen.end), (expected, Some(Code::Ok)));
    let status = client.status().unwrap();
    let mut details = Vec::new();
    status.details.unwrap().decode(&mut details).unwrap();
    assert_eq!((status.message.to_string(), details), ("caf\u{e9}".into(), b"why".to_vec()));
    assert_eq!((client.reset_code(), server.reset_code()), (None, None));
}

const KINDS: [CallKind; 4] = [
    CallKind::Unary,
    CallKind::ClientStreaming,
    CallKind::ServerStreaming,
    CallKind::BidiStreaming,
];
const FRAMINGS: [Option<Framing>; 4] =
    [Some(Framing::Grpc), Some(Framing::Web), Some(Framing::WebText), None];

/// An event for either side.
#[derive(Clone, Debug)]
enum Step {
    Head(u16, usize, bool),
    Body(Vec<u8>),
    Trailers(usize),
    End,
    Reset(u32),
    Disconnect,
    Cancel,
    Poll(u64),
    SendHead,
    Send(Vec<u8>, bool),
    Begin(u64),
    Payload(Vec<u8>),
    HalfClose,
    Finish(u8),
    Transmit,
}

const LISTS: [&[(&str, &str)]; 7] = [
    &[],
    &[GRPC],
    &[WEB],
    &[("content-type", "application/grpc-web-text"), ("grpc-encoding", "gzip")],
    &[GRPC, OK],
    &[OK, ("grpc-message", "%")],
    &[WEB, ("grpc-status", "99"), ("grpc-encoding", "snappy")],
];

fn body() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        3 => proptest::collection::vec(any::<u8>(), 0..4).prop_map(|bytes| frame(0, bytes)),
        1 => Just(frame(1, "z")),
        2 => Just(frame(0x80, "grpc-status: 0\r\n")),
        1 => Just(frame(0x80, "content-type: application/grpc\r\n")),
        1 => Just(frame(0x80, "?")),
        2 => Just(base64(&frame(0, "a"))),
        1 => Just(base64(&frame(0x80, "grpc-status: 3\r\n"))),
        1 => proptest::collection::vec(any::<u8>(), 0..12),
        1 => Just(vec![0, 0]),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let status = prop_oneof![4 => Just(200), 1 => Just(100), 1 => Just(503)];
    prop_oneof![
        6 => (status, 0..LISTS.len(), any::<bool>()).prop_map(|(s, l, e)| Step::Head(s, l, e)),
        9 => body().prop_map(Step::Body),
        2 => (0..LISTS.len()).prop_map(Step::Trailers),
        2 => Just(Step::End),
        1 => (0..15_u32).prop_map(Step::Reset),
        1 => Just(Step::Disconnect),
        1 => Just(Step::Cancel),
        1 => (0..120_u64).prop_map(Step::Poll),
        4 => Just(Step::SendHead),
        4 => (proptest::collection::vec(any::<u8>(), 0..4), any::<bool>()).prop_map(|(b, c)| Step::Send(b, c)),
        1 => (0..4_u64).prop_map(Step::Begin),
        2 => proptest::collection::vec(any::<u8>(), 0..3).prop_map(Step::Payload),
        2 => Just(Step::HalfClose),
        2 => (0..17_u8).prop_map(Step::Finish),
        2 => Just(Step::Transmit),
    ]
}

/// What the events of a call have said so far.
#[derive(Default)]
struct Log {
    ends: Vec<Code>,
}

impl Log {
    fn see(&mut self, event: Option<Event<'_>>) {
        if let Some(event) = event {
            assert!(self.ends.is_empty(), "{event:?} after the end");
            if let Event::End(code) = event {
                self.ends.push(code);
            }
        }
    }
}

fn drive_client(framing: Option<Framing>, kind: CallKind, steps: &[Step]) -> Log {
    let content_type =
        ContentType { framing: framing.unwrap_or(Framing::Web), subtype: Subtype::PROTO };
    let mut out = Vec::new();
    let limits = Limits::new().max_message_len(9).max_trailers_len(60);
    let request = match framing {
        None => request(content_type).over_socket(),
        Some(_) => request(content_type),
    };
    let request = request.timeout(Duration::from_millis(100));
    let mut call = request.call(kind, limits, Vec::new(), 0);
    let mut log = Log::default();
    for step in steps.iter().cloned().chain([Step::Disconnect]) {
        let written = out.len();
        let mut refused = false;
        match step {
            Step::Head(status, list, end) => {
                log.see(call.receive_head(status, headers(LISTS[list]), end));
            }
            Step::Body(mut bytes) => {
                let mut input = call.decode_text_in_place(&mut bytes);
                while let Some(event) = call.receive(&mut input) {
                    log.see(Some(event));
                }
                assert!(input.is_empty(), "None means that all was taken");
            }
            Step::Trailers(list) => log.see(call.receive_trailers(headers(LISTS[list]))),
            Step::End => log.see(call.receive_eof()),
            Step::Reset(error) => log.see(call.receive_reset(error)),
            Step::Disconnect => log.see(call.receive_disconnect()),
            Step::Cancel => log.see(call.cancel(Code::Cancelled)),
            Step::Poll(now) => log.see(call.poll(now)),
            Step::Send(bytes, compressed) => {
                refused = call.send(Message { compressed, bytes: &bytes }, &mut out).is_err();
            }
            Step::Begin(len) => {
                refused = call
                    .body()
                    .and_then(|encoder| encoder.begin_message(len, false, &mut out))
                    .is_err()
            }
            Step::Payload(bytes) => {
                refused = call
                    .body()
                    .and_then(|encoder| encoder.encode_payload(&bytes, &mut out))
                    .is_err()
            }
            Step::HalfClose => refused = call.half_close(&mut out).is_err(),
            Step::SendHead | Step::Finish(_) | Step::Transmit => {}
        }
        assert!(!refused || out.len() == written, "nothing was written");
        assert_eq!(call.status().map(|status| status.code), log.ends.first().copied());
        if !log.ends.is_empty() {
            let sent = call.send(b"", &mut out);
            assert_eq!(sent, Err(SendError::Ended));
        }
        let _readable = (call.trailers().iter().count(), call.socket_head().iter().count());
    }
    log
}

fn drive_server(framing: Option<Framing>, kind: CallKind, steps: &[Step]) -> Log {
    let content_type =
        ContentType { framing: framing.unwrap_or(Framing::Web), subtype: Subtype::PROTO };
    let content_type = content_type.to_string();
    let list = [("content-type", content_type.as_bytes()), ("grpc-encoding", b"gzip")];
    let parsed = match framing {
        None => Request::parse_socket(PATH, list),
        Some(_) => Request::parse("POST", PATH, list),
    };
    let limits = Limits::new().max_message_len(9);
    let config = ServerConfig::new().limits(limits).encodings(Encodings::GZIP);
    let mut call = parsed.unwrap().accept(kind, &config, 0).unwrap();
    call.set_deadline(100);
    let mut out = Vec::new();
    let (mut log, mut trailers) = (Log::default(), 0);
    for step in steps.iter().cloned().chain([Step::Disconnect]) {
        let written = out.len();
        let mut refused = false;
        match step {
            Step::Body(mut bytes) => {
                let mut input = call.decode_text_in_place(&mut bytes);
                while let Some(event) = call.receive(&mut input) {
                    log.see(Some(event));
                }
                assert!(input.is_empty(), "None means that all was taken");
            }
            Step::End => log.see(call.receive_eof()),
            Step::Reset(error) => log.see(call.receive_reset(error)),
            Step::Disconnect => log.see(call.receive_disconnect()),
            Step::Poll(now) => log.see(call.poll(now)),
            Step::SendHead => {
                refused = call.send_head(ResponseHead::new(), &mut out).is_err();
            }
            Step::Send(bytes, compressed) => {
                refused = call.send(Message { compressed, bytes: &bytes }, &mut out).is_err();
            }
            Step::Begin(len) => {
                refused = call
                    .body()
                    .and_then(|encoder| encoder.begin_message(len, false, &mut out))
                    .is_err()
            }
            Step::Payload(bytes) => {
                refused = call
                    .body()
                    .and_then(|encoder| encoder.encode_payload(&bytes, &mut out))
                    .is_err()
            }
            Step::Finish(code) => {
                let code = Code::ALL[usize::from(code)];
                let (owed, before) = (call.owes(), out.len());
                match call.finish(Status::new(code, ""), &mut out) {
                    Ok(()) if log.ends.is_empty() => {
                        log.ends.push(code);
                        trailers += 1;
                    }
                    Ok(()) => {
                        assert_eq!(out.len() > before, owed, "only what is owed");
                        trailers += usize::from(owed);
                    }
                    Err(_) => refused = true,
                }
            }
            Step::Transmit => {
                let owed = call.owes();
                let written = call.transmit(&mut out);
                assert_eq!(written, !call.owes());
                refused = !written;
                trailers += usize::from(owed && written);
            }
            Step::Head(..) | Step::Trailers(_) | Step::Cancel | Step::HalfClose => {}
        }
        assert!(!refused || out.len() == written, "nothing was written");
        assert_eq!(call.code(), log.ends.first().copied());
        assert!(trailers <= 1 && (trailers == 0 || !log.ends.is_empty()), "trailers are sent once");
        assert!(!call.owes() || trailers == 0 && !log.ends.is_empty());
    }
    assert!(!call.owes());
    log
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_a_clients_call_has_exactly_one_status(
        framing in 0..4_usize, kind in 0..4_usize, steps in proptest::collection::vec(step(), 0..14),
    ) {
        let log = drive_client(FRAMINGS[framing], KINDS[kind], &steps);
        prop_assert_eq!(log.ends.len(), 1);
    }

    #[test]
    fn whatever_happens_a_servers_call_has_exactly_one_status(
        framing in 0..4_usize, kind in 0..4_usize, steps in proptest::collection::vec(step(), 0..14),
    ) {
        let log = drive_server(FRAMINGS[framing], KINDS[kind], &steps);
        prop_assert!(log.ends.len() == 1);
    }

    #[test]
    fn what_one_side_sends_the_other_gets_in_every_dialect_and_kind(
        messages in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..400), 1..5),
        cut in 0..600_usize,
    ) {
        for framing in FRAMINGS {
            for kind in KINDS {
                both(framing, kind, &messages, cut);
            }
        }
    }
}
