//! Whole messages in an inbox, against the parts and an assembler as their twin.

use super::{GRPC, WEB, answered, base64, client_of, frame, headers, server_of};
use crate::common::same_however_split;
use framewright::grpc::{
    CallKind, ClientCall, Code, ContentType, Error, Event, Inbox, MessageEvent, ServerCall,
};
use framewright::{ArrayBuf, Assembler};
use proptest::prelude::*;

/// An event, with the message or the trailers that came with it.
type Got = (MessageEvent, bool, Vec<u8>);

/// What either side of a call does with the bytes of a body.
trait Call: Sized {
    fn take<'a>(&mut self, piece: &'a mut [u8]) -> &'a [u8];
    fn parts<'a>(&mut self, input: &mut &'a [u8]) -> Option<Event<'a>>;
    fn whole(&mut self, input: &mut &[u8], inbox: &mut Inbox<Vec<u8>>) -> Option<MessageEvent>;
    fn eof(&mut self) -> Option<Event<'static>>;
    fn error(&self) -> Option<Error>;
}

macro_rules! call {
    ($call:ty) => {
        impl Call for $call {
            fn take<'a>(&mut self, piece: &'a mut [u8]) -> &'a [u8] {
                self.decode_text_in_place(piece)
            }
            fn parts<'a>(&mut self, input: &mut &'a [u8]) -> Option<Event<'a>> {
                self.receive(input)
            }
            fn whole(
                &mut self,
                input: &mut &[u8],
                inbox: &mut Inbox<Vec<u8>>,
            ) -> Option<MessageEvent> {
                self.receive_message(input, inbox)
            }
            fn eof(&mut self) -> Option<Event<'static>> {
                self.receive_eof()
            }
            fn error(&self) -> Option<Error> {
                <$call>::error(self)
            }
        }
    };
}

call!(ServerCall);
call!(ClientCall<Vec<u8>>);

fn by_parts(mut call: impl Call, pieces: &[&[u8]]) -> (Vec<Got>, Option<Error>) {
    let (mut got, mut assembler) = (Vec::new(), Assembler::new(Vec::new()));
    for piece in pieces {
        let mut piece = piece.to_vec();
        let mut input = call.take(&mut piece);
        while let Some(event) = call.parts(&mut input) {
            let (compressed, chunk) = match event {
                Event::Message { compressed, chunk } => (compressed, chunk),
                Event::CompressedTrailers(chunk) => (true, chunk),
                event => {
                    got.push((event.into(), false, Vec::new()));
                    continue;
                }
            };
            if let Some(bytes) = assembler.push(chunk).unwrap() {
                got.push((event.into(), compressed, bytes.to_vec()));
            }
        }
        assert!(input.is_empty());
    }
    got.extend(call.eof().map(|event| (event.into(), false, Vec::new())));
    (got, call.error())
}

fn by_messages(mut call: impl Call, pieces: &[&[u8]]) -> (Vec<Got>, Option<Error>) {
    let (mut got, mut inbox) = (Vec::new(), Inbox::new(Vec::new()));
    for piece in pieces {
        let mut piece = piece.to_vec();
        let mut input = call.take(&mut piece);
        while let Some(event) = call.whole(&mut input, &mut inbox) {
            let message = inbox.message();
            got.push(match event {
                MessageEvent::Message | MessageEvent::CompressedTrailers => {
                    (event, message.compressed, message.bytes.to_vec())
                }
                _ => (event, false, Vec::new()),
            });
        }
        assert!(input.is_empty());
    }
    got.extend(call.eof().map(|event| (event.into(), false, Vec::new())));
    (got, call.error())
}

/// The same messages, events and errors, however the body is split.
fn same<C: Call>(call: impl Fn() -> C, body: &[u8]) -> Vec<Got> {
    let by_parts = same_however_split(body, |pieces| by_parts(call(), pieces));
    let by_messages = same_however_split(body, |pieces| by_messages(call(), pieces));
    assert_eq!(by_messages, by_parts, "{}", body.escape_ascii());
    by_messages.0
}

fn bodies() -> Vec<Vec<u8>> {
    vec![
        vec![],
        frame(0, ""),
        frame(0, "Hello"),
        frame(1, "compressed"),
        [frame(0, "one"), frame(1, "two"), frame(0, ""), frame(0, "three")].concat(),
        frame(0, [7; 100]),
        [frame(0, "before"), frame(0, [7; 101])].concat(),
        [frame(0, "before"), frame(0, "cut off")[..9].to_vec()].concat(),
        [frame(0, "before"), frame(2, "flag")].concat(),
        [frame(0, "m"), frame(0x80, "grpc-status: 0\r\n")].concat(),
        [frame(0, "m"), frame(0x81, "trailers")].concat(),
        [frame(0, "m"), frame(0x80, "grpc-status: 5\r\n"), frame(0, "late")].concat(),
    ]
}

#[test]
fn whole_messages_are_those_that_the_parts_make() {
    for kind in [CallKind::Unary, CallKind::BidiStreaming] {
        for body in bodies() {
            for framing in ["application/grpc", "application/grpc-web"] {
                same(|| server_of(framing, kind), &body);
            }
            same(|| server_of("application/grpc-web-text", kind), &base64(&body));
            same(|| answered(kind), &body);
            let web = |content_type, (name, value): (&'static str, &'static str)| {
                move || {
                    let mut call = client_of(content_type, kind);
                    let list = [(name, value), ("grpc-encoding", "gzip")];
                    call.receive_head(200, headers(&list), false);
                    call
                }
            };
            same(web(ContentType::WEB, WEB), &body);
            let text = ("content-type", "application/grpc-web-text+proto");
            same(web(ContentType::WEB_TEXT, text), &base64(&body));
        }
    }
    let got = same(|| server_of(GRPC.1, CallKind::BidiStreaming), &bodies()[4]);
    let expected = [(false, "one"), (true, "two"), (false, ""), (false, "three")]
        .map(|(compressed, bytes)| (MessageEvent::Message, compressed, bytes.into()));
    assert_eq!(got[..4], expected);
    assert_eq!(got[4..], [(MessageEvent::HalfClose, false, vec![])]);
}

/// The message is not lost in silence, and the peer is told.
#[test]
fn a_message_without_room_ends_the_call() {
    let body = [frame(0, "1234"), frame(0, "12345"), frame(0, "late")].concat();
    same_however_split(&body, |pieces| {
        let mut call = server_of(GRPC.1, CallKind::BidiStreaming);
        let mut inbox = Inbox::new(ArrayBuf::<4>::new());
        let mut got = Vec::new();
        for mut input in pieces.iter().copied() {
            while let Some(event) = call.receive_message(&mut input, &mut inbox) {
                got.push((event, inbox.message().bytes.to_vec()));
            }
            assert!(input.is_empty());
        }
        let end = MessageEvent::End(Code::ResourceExhausted);
        assert_eq!(got, [(MessageEvent::Message, b"1234".to_vec()), (end, vec![])]);
        let mut out = Vec::new();
        assert!(call.owes() && call.transmit(&mut out));
        assert!(out.ends_with(b"grpc-status: 8\r\ngrpc-message: not enough room\r\n"));
    });
    let mut call = answered(CallKind::BidiStreaming);
    let mut inbox = Inbox::new(ArrayBuf::<4>::new());
    let mut input = &body[9..];
    let end = call.receive_message(&mut input, &mut inbox);
    assert_eq!(end, Some(MessageEvent::End(Code::ResourceExhausted)));
    assert!(matches!(call.error(), Some(Error::BufferFull(full)) if full.needed == 5));
    assert_eq!((call.receive_message(&mut input, &mut inbox), input), (None, &b""[..]));
}

#[test]
fn memory_is_given_back_when_asked_for_and_when_a_call_is_cut_off() {
    let mut call = server_of(GRPC.1, CallKind::BidiStreaming);
    let mut inbox = Inbox::new(Vec::new());
    let body = [frame(0, [7; 100]), frame(0, [7; 100])].concat();
    let mut input = &body[..150];
    assert_eq!(call.receive_message(&mut input, &mut inbox), Some(MessageEvent::Message));
    assert_eq!(inbox.message().bytes, [7; 100]);
    assert_eq!(call.receive_message(&mut input, &mut inbox), None);
    assert_eq!(inbox.message().bytes, b"", "it is incomplete");
    assert!(!inbox.release());
    assert_eq!(call.receive_message(&mut &body[150..], &mut inbox), Some(MessageEvent::Message));
    assert_eq!(inbox.message().bytes, [7; 100]);
    assert!(inbox.release());
    assert_eq!(inbox.message().bytes, b"");
}

#[test]
fn what_is_returned_by_value_is_small() {
    assert!(size_of::<Option<MessageEvent>>() <= 2);
}

proptest! {
    #[test]
    fn any_messages_arrive_by_either_way(
        messages in prop::collection::vec((any::<bool>(), prop::collection::vec(any::<u8>(), 0..40)), 0..5),
        cut in any::<prop::sample::Index>(),
    ) {
        let body: Vec<u8> =
            messages.iter().flat_map(|(compressed, bytes)| frame((*compressed).into(), bytes)).collect();
        let body = &body[..cut.index(body.len() + 1)];
        same(|| server_of(GRPC.1, CallKind::BidiStreaming), body);
    }
}
