//! Heads and trailers as fields: the same as lines, and from and to the headers of another HTTP stack.

use super::{GRPC, PATH, headers, request, server_of};
use framewright::grpc::{
    CallKind, Code, ContentType, Encodings, Event, Limits, Request, ResponseHead, SendError,
    ServerConfig, Status, Trailers, Trailing, Value, metadata,
};
use framewright::http::{FieldValue, Fields, Headers};
use framewright::{BufferFull, SliceBuf};
use http::{HeaderMap, HeaderName};

const METADATA: &[(&str, Value<'_>)] = &[
    ("x-bin", Value::Bytes(&[0xAB, 0xCD])),
    ("x-id", Value::Text("7")),
    ("x-id", Value::Text("8")),
];

/// Fields as lines of HTTP/1.1.
#[derive(Default)]
struct Lines(Vec<u8>);

impl Lines {
    /// The lines of a list, gone through twice: it is the same each time.
    fn of(list: impl Fields) -> Vec<u8> {
        let [mut once, mut twice] = [Self::default(), Self::default()];
        list.for_each_field(|name, value| once.put(name, value));
        list.for_each_field(|name, value| twice.put(name, value));
        assert_eq!(once.0, twice.0);
        once.0
    }

    fn put(&mut self, name: &str, value: FieldValue<'_>) {
        self.0.extend([name.as_bytes(), b": ", &value.to_vec(), b"\r\n"].concat());
    }
}

fn append(headers: &mut HeaderMap, name: &str, value: FieldValue<'_>) {
    headers.append(HeaderName::try_from(name).unwrap(), value.to_vec().try_into().unwrap());
}

#[test]
fn fields_are_what_is_written_as_lines() {
    for content_type in [ContentType::GRPC, ContentType::WEB, ContentType::WEB_TEXT] {
        let request = request(content_type).user_agent("a/1").metadata(METADATA);
        let (mut fields, mut lines) = (Lines::default(), Vec::new());
        request.to_fields().unwrap().for_each_field(|name, value| fields.put(name, value));
        request.write(&mut lines).unwrap();
        assert_eq!(fields.0, lines);
        assert_eq!(Lines::of(request.to_fields().unwrap()), lines);
    }
    let status = Status::new(Code::NotFound, "no caf\u{e9}").with_details(&[1, 2, 3]);
    let trailers = Trailers::new(status).metadata(METADATA);
    let (mut fields, mut lines) = (Lines::default(), Vec::new());
    trailers.to_fields().unwrap().for_each_field(|name, value| fields.put(name, value));
    trailers.write(&mut lines).unwrap();
    assert_eq!(fields.0, lines);
    assert_eq!(Lines::of(trailers.to_fields().unwrap()), lines);

    for (method, list) in
        [("GET", &[GRPC][..]), ("POST", &[]), ("POST", &[GRPC, ("grpc-timeout", "x")])]
    {
        let refusal = Request::parse(method, PATH, headers(list)).unwrap_err();
        let (mut fields, mut lines) = (Lines::default(), Vec::new());
        refusal.to_fields().unwrap().for_each_field(|name, value| fields.put(name, value));
        refusal.write(&mut lines).unwrap();
        assert_eq!(fields.0, lines);
        assert_eq!(Lines::of(refusal.to_fields().unwrap()), lines);
    }
}

#[test]
fn a_server_hands_out_the_fields_that_it_writes_as_lines() {
    for content_type in ["application/grpc", "application/grpc-web", "application/grpc-web-text"] {
        for with_head in [true, false] {
            let mut call = server_of(content_type, CallKind::BidiStreaming);
            let mut other = call.clone();
            let (mut fields, mut body) = (Lines::default(), Vec::new());
            let (mut lines, mut other_body) = (Vec::new(), Vec::new());
            if with_head {
                let head = ResponseHead::new().encoding("gzip").metadata(METADATA);
                call.send_head_fields(head, &mut body, |name, value| fields.put(name, value))
                    .unwrap();
                other.send_head(head, &mut lines).unwrap();
            }
            let status = Status::new(Code::Aborted, "100 %");
            call.finish_fields(status, &mut body, |name, value| fields.put(name, value)).unwrap();
            let out = if other.trailing() == Trailing::Body { &mut other_body } else { &mut lines };
            other.finish(status, out).unwrap();
            assert_eq!((fields.0, body), (lines, other_body), "{content_type}");
            assert_eq!((call.trailing(), call.code()), (other.trailing(), other.code()));
        }
    }
}

/// There, heads are in the body.
#[test]
fn over_websocket_no_field_is_handed_out() {
    let request = Request::parse_socket(PATH, headers(&[GRPC])).unwrap();
    let mut call = request.accept(CallKind::Unary, &ServerConfig::new(), 0).unwrap();
    let mut other = call.clone();
    let (mut body, mut other_body) = (Vec::new(), Vec::new());
    let never = |name: &str, _: FieldValue<'_>| panic!("{name}");
    call.send_head_fields(ResponseHead::new(), &mut body, never).unwrap();
    other.send_head(ResponseHead::new(), &mut other_body).unwrap();
    let status = Status::new(Code::Aborted, "");
    call.finish_fields(status, &mut body, never).unwrap();
    other.finish(status, &mut other_body).unwrap();
    assert_eq!(body, other_body);
}

#[test]
fn a_call_that_failed_hands_out_its_trailers_once() {
    for (content_type, trailing) in
        [("application/grpc", Trailing::Trailers), ("application/grpc-web", Trailing::Body)]
    {
        let mut call = server_of(content_type, CallKind::Unary);
        call.send_head(ResponseHead::new(), &mut Vec::new()).unwrap();
        assert_eq!(call.receive(&mut &b"\xFF"[..]), Some(Event::End(Code::Internal)));
        let (mut fields, mut body) = (HeaderMap::new(), Vec::new());
        if trailing == Trailing::Body {
            let mut none = SliceBuf::new(&mut []);
            assert!(!call.transmit_fields(&mut none, |name, _| panic!("{name}")), "no room");
        }
        assert!(call.transmit_fields(&mut body, |name, value| append(&mut fields, name, value)));
        assert_eq!((call.trailing(), call.owes()), (trailing, false));
        assert_eq!(
            (fields.is_empty(), body.is_empty()),
            match trailing {
                Trailing::Body => (true, false),
                _ => (false, true),
            }
        );
        assert!(call.transmit_fields(&mut body, |name, _| panic!("{name}")));
    }
}

#[test]
fn nothing_is_handed_out_of_what_cannot_be_sent() {
    let bad = [("x", Value::Text("1\r\n"))];
    let never = |name: &str, _: FieldValue<'_>| panic!("{name}");
    let request = request(ContentType::GRPC).metadata(&bad);
    assert_eq!(request.to_fields().err(), Some(SendError::MetadataValue(0)));
    let trailers = Trailers::new(Status::OK).metadata(&bad);
    assert_eq!(trailers.to_fields().err(), Some(SendError::MetadataValue(0)));
    let mut call = server_of("application/grpc", CallKind::Unary);
    let head = ResponseHead::new().metadata(&bad);
    let refused = call.send_head_fields(head, &mut Vec::new(), never);
    assert_eq!(refused, Err(SendError::MetadataValue(0)));
    let mut small = [0; 3];
    let refused = call.send_head(ResponseHead::new(), &mut SliceBuf::new(&mut small));
    let needed = "content-type: application/grpc\r\ngrpc-accept-encoding: gzip\r\n".len();
    assert_eq!(refused, Err(SendError::BufferFull(BufferFull { needed })));
    call.send_head(ResponseHead::new(), &mut Vec::new()).unwrap();
}

#[test]
fn the_headers_of_an_http_stack_go_in_and_come_out() {
    let mut sent = HeaderMap::new();
    let request = request(ContentType::GRPC).metadata(METADATA);
    request.to_fields().unwrap().for_each_field(|name, value| append(&mut sent, name, value));
    let parsed = Request::parse("POST", PATH, &sent).unwrap();
    assert_eq!(parsed.encoding(), Some("gzip"));
    assert_eq!(sent["te"], "trailers");
    assert_eq!(Encodings::GZIP.choose(&sent), Some("gzip"));
    let found: Vec<_> = metadata(&sent).collect();
    assert_eq!(
        found,
        [("x-bin", Value::Base64(b"q80")), ("x-id", Value::Text("7")), ("x-id", Value::Text("8"))]
    );

    let mut server = parsed
        .accept(CallKind::ServerStreaming, &ServerConfig::new().encodings(Encodings::GZIP), 0)
        .unwrap();
    let mut client = request.call(CallKind::ServerStreaming, Limits::new(), Vec::new(), 0);
    let (mut head, mut trailers, mut body) = (HeaderMap::new(), HeaderMap::new(), Vec::new());
    let put = |name: &str, value: FieldValue<'_>| append(&mut head, name, value);
    server.send_head_fields(ResponseHead::new(), &mut body, put).unwrap();
    let put = |name: &str, value: FieldValue<'_>| append(&mut trailers, name, value);
    let status = Status::new(Code::DataLoss, "gone ");
    server.finish_fields(status, &mut body, put).unwrap();
    assert!(body.is_empty());
    assert_eq!(trailers["grpc-message"], "gone%20");
    assert_eq!(Status::parse(&trailers).unwrap().to_string(), "DATA_LOSS: gone ");
    assert_eq!(client.receive_head(200, &head, false), Some(Event::Head));
    assert_eq!(client.receive_trailers(&trailers), Some(Event::End(Code::DataLoss)));
    assert_eq!(client.status().unwrap().to_string(), "DATA_LOSS: gone ");
}

/// Whatever has names and values will do.
#[test]
fn any_collection_of_fields_can_be_read() {
    let owned = vec![("content-type".to_owned(), b"application/grpc".to_vec())];
    let lines = Headers::parse_lax(b"content-type: application/grpc\r\n").unwrap();
    for request in [
        Request::parse("POST", PATH, &owned),
        Request::parse("POST", PATH, lines),
        Request::parse("POST", PATH, &lines),
        Request::parse("POST", PATH, [("content-type", &b"application/grpc"[..])]),
        Request::parse("POST", PATH, &[("content-type", "application/grpc")]),
    ] {
        assert_eq!(request.unwrap().content_type(), ContentType::GRPC);
    }
}
