//! The reported status is the one that arrived, wherever it is (PROTOCOL-HTTP2, *Responses*,
//! *Trailers-Only*, *Trailers*; PROTOCOL-WEB, *Message framing*).

use super::{Seen, base64, client_of, frame, headers, request, whole};
use crate::common::same_however_split;
use framewright::OverLimit;
use framewright::grpc::{
    CallKind, ClientCall, Code, ContentType, Error, Event, Limits, Status, StatusMessage, Trailers,
    Value, metadata,
};
use std::io::{Read, Write};

/// The transport and the form of a call.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Form {
    Grpc,
    Web,
    Text,
    Socket,
}

const FORMS: [Form; 4] = [Form::Grpc, Form::Web, Form::Text, Form::Socket];

impl Form {
    fn content_type(self) -> ContentType {
        match self {
            Self::Grpc => ContentType::GRPC,
            Self::Web | Self::Socket => ContentType::WEB,
            Self::Text => ContentType::WEB_TEXT,
        }
    }

    fn call(self) -> ClientCall<Vec<u8>> {
        let request = request(self.content_type());
        let request = if let Self::Socket = self { request.over_socket() } else { request };
        request.call(CallKind::BidiStreaming, LIMITS, Vec::new(), 0)
    }
}

const LIMITS: Limits = Limits::new().max_trailers_len(300);

/// Where a status is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Place {
    /// In a head with the end of the stream.
    OnlyHead,
    /// The same, with a content type of another protocol, or none.
    OnlyHeadOfAnotherType,
    OnlyHeadWithoutType,
    /// In a head, and then the end of an empty body.
    HeadAndEnd,
    /// In a head, and then trailers without a status: none at all, or others.
    HeadAndEmptyTrailers,
    HeadAndOtherTrailers,
    /// The same after a message.
    HeadAndMessageAndOtherTrailers,
    /// In trailers of HTTP, after a body or without one.
    Trailers,
    TrailersAfterMessage,
    /// In trailers of HTTP, although a head has another.
    TrailersAfterHead,
    /// In trailers of HTTP, although the body ends with others.
    TrailersAfterOtherTrailers,
    /// At the end of the body.
    Body,
    BodyAfterMessage,
    BodyAfterHead,
    /// At the end of the body, compressed.
    Compressed,
    CompressedAfterMessage,
    CompressedAfterHead,
}

impl Place {
    const ALL: [Self; 17] = [
        Self::OnlyHead,
        Self::OnlyHeadOfAnotherType,
        Self::OnlyHeadWithoutType,
        Self::HeadAndEnd,
        Self::HeadAndEmptyTrailers,
        Self::HeadAndOtherTrailers,
        Self::HeadAndMessageAndOtherTrailers,
        Self::Trailers,
        Self::TrailersAfterMessage,
        Self::TrailersAfterHead,
        Self::TrailersAfterOtherTrailers,
        Self::Body,
        Self::BodyAfterMessage,
        Self::BodyAfterHead,
        Self::Compressed,
        Self::CompressedAfterMessage,
        Self::CompressedAfterHead,
    ];

    fn exists_in(self, form: Form) -> bool {
        use Place::*;
        match form {
            // The body has messages alone.
            Form::Grpc => !matches!(
                self,
                TrailersAfterOtherTrailers
                    | Body
                    | BodyAfterMessage
                    | BodyAfterHead
                    | Compressed
                    | CompressedAfterMessage
                    | CompressedAfterHead
            ),
            Form::Web | Form::Text => true,
            // The head is in the body, and nothing follows it if it has a status.
            Form::Socket => matches!(
                self,
                OnlyHead | Body | BodyAfterMessage | Compressed | CompressedAfterMessage
            ),
        }
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(bytes).and_then(|()| gzip.finish()).unwrap()
}

fn gunzip(bytes: &[u8]) -> Vec<u8> {
    let mut lines = Vec::new();
    flate2::read::GzDecoder::new(bytes).read_to_end(&mut lines).unwrap();
    lines
}

/// Receives a body in these pieces, decompresses trailers, and records what came.
fn receive(call: &mut ClientCall<Vec<u8>>, form: Form, body: &[u8], pieces: &[usize]) -> Seen {
    let body = if form == Form::Text { base64(body) } else { body.to_vec() };
    let (mut seen, mut compressed, mut rest) = (Seen::default(), Vec::new(), &body[..]);
    for len in pieces.iter().copied().chain([usize::MAX]) {
        let mut piece = rest.split_off(..len.min(rest.len())).unwrap().to_vec();
        let mut input = call.decode_text_in_place(&mut piece);
        while let Some(event) = call.receive(&mut input) {
            let Event::CompressedTrailers(chunk) = event else {
                seen.see(Some(event));
                continue;
            };
            compressed.extend_from_slice(chunk.bytes);
            if chunk.end {
                seen.see(call.receive_decompressed_trailers(&gunzip(&compressed)));
            }
        }
        assert!(input.is_empty());
    }
    seen
}

/// A call whose status came in that place.
fn ended(form: Form, place: Place, status: &str, cut: &[usize]) -> (ClientCall<Vec<u8>>, Seen) {
    use Place::*;
    let mut call = form.call();
    let content_type = form.content_type().to_string();
    let fields = framewright::http::Headers::parse_lax(status.as_bytes()).unwrap();
    let other = headers(&[("x-other", "1")]);
    let of_head = |with_status: bool, content_type: Option<&'static str>| {
        let mut list = vec![("grpc-encoding", &b"gzip"[..])];
        list.extend(content_type.map(|value| ("content-type", value.as_bytes())));
        if with_status {
            list.extend(fields);
        }
        list
    };
    let content_type = Some(&*content_type.leak());
    let message = frame(0, "m");
    let mut trailers = None;
    let (head_has_status, end, body) = match place {
        OnlyHead | OnlyHeadOfAnotherType | OnlyHeadWithoutType => (true, true, vec![]),
        HeadAndEnd => (true, false, vec![]),
        HeadAndEmptyTrailers | HeadAndOtherTrailers | HeadAndMessageAndOtherTrailers => {
            let lines = if place == HeadAndEmptyTrailers { "" } else { "x-other: 1\r\n" };
            let mut body = vec![];
            if place == HeadAndMessageAndOtherTrailers {
                body.extend(&message);
            }
            if form == Form::Grpc {
                trailers = Some(if lines.is_empty() { vec![] } else { other });
            } else {
                body.extend(frame(0x80, lines));
            }
            (true, false, body)
        }
        Trailers | TrailersAfterMessage | TrailersAfterHead | TrailersAfterOtherTrailers => {
            trailers = Some(fields.iter().collect());
            let body = match place {
                TrailersAfterMessage => message,
                TrailersAfterOtherTrailers => frame(0x80, "x-other: 1\r\n"),
                _ => vec![],
            };
            (false, false, body)
        }
        Body | BodyAfterHead => (false, false, frame(0x80, status)),
        BodyAfterMessage => (false, false, [message, frame(0x80, status)].concat()),
        Compressed | CompressedAfterHead => (false, false, frame(0x81, gzip(status.as_bytes()))),
        CompressedAfterMessage => {
            (false, false, [message, frame(0x81, gzip(status.as_bytes()))].concat())
        }
    };
    let mut head = match place {
        OnlyHeadOfAnotherType => of_head(true, Some("text/html")),
        OnlyHeadWithoutType => of_head(true, None),
        _ => of_head(head_has_status, content_type),
    };
    if matches!(place, TrailersAfterHead | BodyAfterHead | CompressedAfterHead) {
        head.extend([("grpc-status", &b"9"[..]), ("grpc-message", b"not this")]);
    }
    let mut seen;
    if form == Form::Socket {
        let lines: Vec<u8> =
            head.iter().flat_map(|(n, v)| [n.as_bytes(), b": ", v, b"\r\n"].concat()).collect();
        let body = [frame(0x80, lines), body].concat();
        seen = receive(&mut call, form, &body, cut);
    } else {
        let mut first = Seen::default();
        first.see(call.receive_head(200, head, end));
        seen = receive(&mut call, form, &body, cut);
        seen.end = seen.end.or(first.end);
    }
    if let Some(trailers) = trailers {
        seen.see(call.receive_trailers(trailers));
    } else {
        seen.see(call.receive_eof());
    }
    assert!(seen.end.is_some());
    (call, seen)
}

#[test]
fn the_status_that_arrived_is_the_one_reported() {
    let details = [0xAB, 0xAB, 0xAB, 1];
    for form in FORMS {
        for place in Place::ALL.into_iter().filter(|place| place.exists_in(form)) {
            for (lines, status) in [
                ("grpc-status: 0\r\n", Status::OK),
                (
                    "Grpc-Status:3\r\ngrpc-message: bad%20arg\r\ngrpc-status-details-bin: q6urAQ==\r\nx-id: 7\r\n",
                    Status::new(Code::InvalidArgument, "bad arg").with_details(&details),
                ),
            ] {
                for cut in [&[][..], &[1; 200], &[4, 3, 2]] {
                    let (call, seen) = ended(form, place, lines, cut);
                    let case = format!("{form:?}, {place:?}, {lines}");
                    assert_eq!(seen.end, Some(status.code), "{case}");
                    assert_eq!(call.error(), None, "{case}");
                    let found = call.status().unwrap();
                    assert_eq!(found.to_string(), status.to_string(), "{case}");
                    let with_message = format!("{place:?}").contains("Message");
                    assert_eq!(
                        seen.messages,
                        whole(if with_message { &["m"] } else { &[] }),
                        "{case}"
                    );
                    if status.code != Code::Ok {
                        let mut bytes = Vec::new();
                        found.details.unwrap().decode(&mut bytes).unwrap();
                        assert_eq!(bytes, details, "{case}");
                        let mut list = metadata(call.trailers());
                        assert!(list.any(|one| one == ("x-id", Value::Text("7"))), "{case}");
                    }
                }
            }
        }
    }
}

/// The bytes of `@connectrpc/connect-node` with gzip.
#[test]
fn compressed_trailers_of_a_real_peer_are_given_to_the_caller() {
    let body = b"\0\0\0\0\x01x\x81\0\0\0\x27\x1f\x8b\x08\0\0\0\0\0\0\x03\x01\x10\0\xef\xff\
                 grpc-status: 0\r\n\xfd\x6c\x24\xab\x10\0\0\0";
    same_however_split(body, |pieces| {
        let mut call = client_of(ContentType::WEB, CallKind::Unary);
        let list = [("content-type", "application/grpc-web+proto"), ("grpc-encoding", "gzip")];
        call.receive_head(200, headers(&list), false);
        let lens: Vec<_> = pieces.iter().map(|piece| piece.len()).collect();
        let seen = receive(&mut call, Form::Web, &pieces.concat(), &lens);
        assert_eq!((seen.messages, seen.end), (whole(&["x"]), Some(Code::Ok)));
        assert_eq!(call.receive_eof(), None);
    });
}

#[test]
fn compressed_trailers_that_nobody_decompressed_are_no_success() {
    for (list, end, message) in [
        (&[][..], Code::Internal, "INTERNAL: trailers were not decompressed"),
        (&[("grpc-status", "0")], Code::Internal, "INTERNAL: trailers were not decompressed"),
        (&[("grpc-status", "5"), ("grpc-message", "gone")], Code::NotFound, "NOT_FOUND: gone"),
    ] {
        let mut call = client_of(ContentType::WEB, CallKind::BidiStreaming);
        let mut head = headers(&[("content-type", "application/grpc-web")]);
        head.push(("grpc-encoding", b"gzip"));
        head.extend(headers(list));
        call.receive_head(200, head, false);
        let body = [frame(0x81, "??"), frame(0, "late")].concat();
        let mut input = &body[..];
        assert!(matches!(call.receive(&mut input), Some(Event::CompressedTrailers(_))));
        assert_eq!((call.receive(&mut input), input), (None, &b""[..]), "nothing follows trailers");
        assert_eq!(call.receive_eof(), Some(Event::End(end)));
        assert_eq!(call.status().unwrap().to_string(), message);
    }
    let answered = || {
        let mut call = Form::Web.call();
        call.receive_head(200, headers(&[("content-type", "application/grpc-web")]), false);
        call
    };
    for (lines, error) in [
        (&[b'x'; 301][..], Error::TrailersTooLong(OverLimit::new(301, 300))),
        (b"no colon\r\n", Error::TrailersMalformed),
    ] {
        let mut call = answered();
        let event = call.receive_decompressed_trailers(lines);
        assert_eq!((event, call.error()), (Some(Event::End(error.code())), Some(error)));
        assert_eq!(call.receive_decompressed_trailers(lines), None, "once");
    }
    let mut call = answered();
    assert_eq!(call.receive_decompressed_trailers(b"x: y\r\n"), None);
    assert_eq!(call.receive_eof(), Some(Event::End(Code::Unknown)));
    assert_eq!(call.error(), Some(Error::Http(200)), "no status came");
    let mut call = answered();
    assert_eq!(
        call.receive(&mut &frame(0x81, "x")[..]),
        Some(Event::End(Code::Internal)),
        "no encoding was negotiated"
    );
    assert_eq!(
        Form::Web.call().receive_decompressed_trailers(b"grpc-status: 0\r\n"),
        Some(Event::End(Code::Unknown)),
        "before the head"
    );
}

/// An error in a head explains whatever follows it.
#[test]
fn an_error_in_a_head_is_not_replaced_by_what_follows() {
    let list = [("grpc-status", "7"), ("grpc-message", "not you")];
    for form in [Form::Grpc, Form::Web] {
        let content_type = form.content_type().to_string();
        let start = |content_type: &str| {
            let mut call = form.call();
            let mut head = headers(&list);
            head.push(("content-type", content_type.as_bytes()));
            call.receive_head(403, head, false);
            call
        };
        let check = |call: &ClientCall<Vec<u8>>, case: &str| {
            let status = call.status().map(|status| status.to_string());
            assert_eq!(status.as_deref(), Some("PERMISSION_DENIED: not you"), "{form:?}: {case}");
        };
        for other in ["text/html", "application/json", "application/grpc+json"] {
            check(&start(other), other);
        }
        let mut call = start(&content_type);
        call.receive(&mut &b"<html>"[..]);
        check(&call, "a body that is not gRPC");
        let mut call = start(&content_type);
        call.receive(&mut &b"\0\0"[..]);
        call.receive_eof();
        check(&call, "a body that is cut off");
        let mut call = start(&content_type);
        call.receive_reset(0);
        check(&call, "a reset");
        let mut call = start(&content_type);
        call.receive_disconnect();
        check(&call, "a lost connection");
        let mut call = start(&content_type);
        call.receive(&mut &frame(0, "m")[..]);
        call.receive_eof();
        check(&call, "a message without a status after it");
        if form == Form::Grpc {
            continue;
        }
        let late = [frame(0x80, "").as_slice(), b"x"].concat();
        for (case, body) in [
            ("trailers that are no lines", frame(0x80, "no colon\r\n")),
            ("trailers that are cut off", frame(0x80, "x-other: 1\r\n")[..12].to_vec()),
            ("trailers that are too long", frame(0x80, "x".repeat(301))),
            ("something after trailers", late),
            ("compressed trailers without an encoding", frame(0x81, "x")),
        ] {
            let mut call = start(&content_type);
            call.receive(&mut &body[..]);
            call.receive_eof();
            check(&call, case);
        }
        for lines in ["no colon\r\n".to_owned(), "x".repeat(301)] {
            let mut call = start(&content_type);
            call.receive_decompressed_trailers(lines.as_bytes());
            check(&call, "decompressed trailers that cannot be read");
        }
    }
}

/// The call must not succeed: the error counts, as in `grpcio`, grpc-go and grpc-java.
#[test]
fn of_two_statuses_that_contradict_each_other_the_error_counts() {
    for (lines, status) in [
        ("grpc-status: 0\r\ngrpc-status: 13\r\n", "INTERNAL"),
        ("grpc-status: 13\r\ngrpc-status: 0\r\n", "INTERNAL"),
        ("grpc-status: 0, 13\r\n", "INTERNAL"),
        ("grpc-status: 13,0\r\n", "INTERNAL"),
        ("grpc-status: 5\r\ngrpc-status: 13\r\n", "NOT_FOUND"),
        ("grpc-status: 0\r\ngrpc-status: 0\r\n", "OK"),
        ("grpc-status: 0,0\r\n", "OK"),
        ("grpc-status: 0\r\ngrpc-status: x\r\n", "UNKNOWN: malformed grpc-status: x"),
        (
            "grpc-status: 0\r\ngrpc-message: fine\r\ngrpc-status: 13\r\ngrpc-message: boom\r\n",
            "INTERNAL: boom",
        ),
        (
            "grpc-status: 13\r\ngrpc-status: 0\r\ngrpc-message: boom\r\ngrpc-message: fine\r\n",
            "INTERNAL: boom",
        ),
        ("grpc-status: 0\r\ngrpc-status: 13\r\ngrpc-message: boom\r\n", "INTERNAL: boom"),
    ] {
        for form in FORMS {
            let place = if form == Form::Grpc { Place::Trailers } else { Place::Body };
            let (call, _) = ended(form, place, lines, &[]);
            assert_eq!(call.status().unwrap().to_string(), status, "{form:?}: {lines}");
        }
    }
}

/// http-grpc-status-mapping.md
#[test]
fn without_a_status_the_message_has_that_of_http() {
    for (content_type, http, end) in [
        ("text/html", 502, false),
        ("text/html", 200, false),
        ("application/grpc", 503, true),
        ("application/grpc", 200, true),
    ] {
        let mut call = client_of(ContentType::GRPC, CallKind::Unary);
        call.receive_head(http, headers(&[("content-type", content_type)]), end);
        let status = call.status().unwrap();
        assert_eq!(status.code, Code::from_http(http));
        assert!(status.message.to_string().ends_with(&format!(" {http}")), "{status}");
    }
}

/// statuscodes.md
#[test]
fn a_malformed_status_says_what_came() {
    for value in ["00", "+0", "99999999999", "17", "-1", "OK", ""] {
        let lines = format!("grpc-status: {value}\r\n");
        let (call, seen) = ended(Form::Grpc, Place::Trailers, &lines, &[]);
        let expected = match value {
            "" => "UNKNOWN: empty grpc-status".to_owned(),
            _ => format!("UNKNOWN: malformed grpc-status: {value}"),
        };
        assert_eq!(seen.end, Some(Code::Unknown));
        let status = call.status().unwrap();
        assert_eq!(status.to_string(), expected);
        let mut message = Vec::new();
        status.message.decode(&mut message).unwrap();
        assert_eq!(message, expected.as_bytes()[9..]);
        // It can be passed on.
        let mut out = Vec::new();
        Trailers::new(status).write(&mut out).unwrap();
        let again = framewright::http::Headers::parse_lax(&out).unwrap();
        assert_eq!(Status::parse(again).unwrap().to_string(), expected);
        // A received message is better than our own.
        let lines = format!("grpc-status: {value}\r\ngrpc-message: why\r\n");
        let (call, _) = ended(Form::Grpc, Place::Trailers, &lines, &[]);
        assert_eq!(call.status().unwrap().to_string(), "UNKNOWN: why");
    }
}

#[test]
fn blanks_around_a_status_mean_nothing() {
    for value in ["5", " 5", "5 ", "\t5 "] {
        let list = [("grpc-status", value.as_bytes())];
        assert_eq!(Status::parse(list).unwrap().code, Code::NotFound, "{value:?}");
        let mut call = client_of(ContentType::GRPC, CallKind::Unary);
        assert_eq!(call.receive_head(200, list, true), Some(Event::End(Code::NotFound)));
        assert_eq!(call.status().unwrap().code, Code::NotFound);
    }
}

#[test]
fn an_error_of_the_call_itself_has_its_text_as_message() {
    let message = StatusMessage::Error(Error::Reset(8));
    assert_eq!(message.to_string(), "stream was reset with error code 8");
    assert!(!message.is_empty());
    let mut room = [0; 4];
    assert!(message.decode(&mut framewright::SliceBuf::new(&mut room)).is_err());
}
