//! Calls in each framing: one side at a time, both together, and peers that break the rules.
#![cfg(feature = "alloc")]

mod both;
mod client;
mod errors;
mod fields;
mod messages;
mod random;
mod server;
mod statuses;

use framewright::grpc::{
    CallKind, ClientCall, ClientRequest, Code, ContentType, Encodings, Event, Limits, Path,
    Request, ServerCall, ServerConfig,
};

const PATH: &str = "/p.S/M";
const GRPC: (&str, &str) = ("content-type", "application/grpc");
const WEB: (&str, &str) = ("content-type", "application/grpc-web+proto");
const OK: (&str, &str) = ("grpc-status", "0");

fn headers<'a>(list: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a [u8])> {
    list.iter().map(|(name, value)| (*name, value.as_bytes())).collect()
}

fn request(content_type: ContentType) -> ClientRequest<'static> {
    ClientRequest::new(Path::parse(PATH).unwrap())
        .content_type(content_type)
        .accept_encodings(Encodings::GZIP)
        .encoding("gzip")
}

fn client_of(content_type: ContentType, kind: CallKind) -> ClientCall<Vec<u8>> {
    request(content_type).call(kind, Limits::new(), Vec::new(), 0)
}

fn client(kind: CallKind) -> ClientCall<Vec<u8>> {
    client_of(ContentType::GRPC, kind)
}

/// A client's call after its head.
fn answered(kind: CallKind) -> ClientCall<Vec<u8>> {
    let mut call = client(kind);
    assert_eq!(call.receive_head(200, headers(&[GRPC]), false), Some(Event::Head));
    call
}

fn server_of(content_type: &str, kind: CallKind) -> ServerCall {
    let list = headers(&[("content-type", content_type), ("grpc-encoding", "gzip")]);
    let request = Request::parse("POST", PATH, list).unwrap();
    request
        .accept(
            kind,
            &ServerConfig::new()
                .limits(Limits::new().max_message_len(100))
                .encodings(Encodings::GZIP),
            0,
        )
        .unwrap()
}

fn server(kind: CallKind) -> ServerCall {
    server_of("application/grpc", kind)
}

fn frame(flags: u8, payload: impl AsRef<[u8]>) -> Vec<u8> {
    let payload = payload.as_ref();
    [&[flags][..], &(payload.len() as u32).to_be_bytes(), payload].concat()
}

/// The result of a call: its messages, whole or as far as they came, and its end.
#[derive(Debug, Default, Eq, PartialEq)]
struct Seen {
    messages: Vec<(bool, Vec<u8>, bool)>,
    end: Option<Code>,
    half_closed: bool,
}

impl Seen {
    fn see(&mut self, event: Option<Event<'_>>) {
        let Some(event) = event else { return };
        assert_eq!(self.end, None, "nothing comes after the end: {event:?}");
        match event {
            Event::Message { compressed, chunk } => {
                if chunk.start {
                    self.messages.push((compressed, Vec::new(), false));
                }
                let (_, bytes, end) = self.messages.last_mut().unwrap();
                bytes.extend_from_slice(chunk.bytes);
                *end = chunk.end;
            }
            Event::HalfClose => {
                assert!(!self.half_closed, "once");
                self.half_closed = true;
            }
            Event::End(code) => self.end = Some(code),
            _ => {}
        }
    }
}

fn whole(messages: &[&str]) -> Vec<(bool, Vec<u8>, bool)> {
    messages.iter().map(|bytes| (false, bytes.as_bytes().to_vec(), true)).collect()
}

fn base64(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    framewright::grpc::web::encode_text(bytes, &mut out).unwrap();
    out
}
