//! Every writer of HTTP/1.1 messages at the edges of what it takes. What it writes is read by a parser
//! that is made from the grammar of RFC 9112 alone.
#![cfg(feature = "alloc")]

use framewright::http::NO_FIELDS;
use framewright::http1::{
    Body, BodyEncoder, HeadReader, Limits, RequestWriter, ResponseWriter, SendError,
};

type Fields = Vec<(String, Vec<u8>)>;

/// A message, as the grammar cuts it.
#[derive(Debug, PartialEq)]
struct Message<'a> {
    start_line: &'a [u8],
    fields: Fields,
    rest: &'a [u8],
}

/// `HTTP-message = start-line CRLF *( field-line CRLF ) CRLF [ message-body ]` (§2.1).
fn message(bytes: &[u8]) -> Message<'_> {
    let (start_line, mut rest) = line(bytes).expect("a start line");
    let fields = fields(&mut rest);
    Message { start_line, fields, rest }
}

/// `*( field-line CRLF ) CRLF`.
fn fields(rest: &mut &[u8]) -> Fields {
    let mut fields = vec![];
    loop {
        let (text, after) = line(rest).expect("a line end");
        *rest = after;
        if text.is_empty() {
            return fields;
        }
        fields.push(field(text));
    }
}

/// The text before the first CRLF, which has neither CR nor LF, and the bytes after it.
fn line(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let len = bytes.iter().position(|b| matches!(b, b'\r' | b'\n'))?;
    Some((&bytes[..len], bytes[len..].strip_prefix(b"\r\n")?))
}

/// `field-line = field-name ":" OWS field-value OWS` (§5; RFC 9110 §5.1, §5.5, §5.6.2).
fn field(line: &[u8]) -> (String, Vec<u8>) {
    let colon = line.iter().position(|b| *b == b':').expect("a colon");
    let name = token(&line[..colon]);
    let value = line[colon + 1..].trim_ascii();
    let field_char = |b: &u8| matches!(b, b' ' | b'\t' | 0x21..=0x7E | 0x80..);
    assert!(line[colon + 1..].iter().all(field_char), "{}", line.escape_ascii());
    (name, value.to_vec())
}

/// `token = 1*tchar`.
fn token(text: &[u8]) -> String {
    let tchar = |b: &u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(b);
    assert!(!text.is_empty() && text.iter().all(tchar), "{}", text.escape_ascii());
    String::from_utf8(text.to_vec()).unwrap()
}

/// `request-line = method SP request-target SP HTTP-version` (§3).
fn request_line(line: &[u8]) -> (String, String) {
    let parts: Vec<_> = line.split(|b| *b == b' ').collect();
    let [method, target, b"HTTP/1.1"] = parts[..] else { panic!("{}", line.escape_ascii()) };
    assert!(!target.is_empty() && target.iter().all(u8::is_ascii_graphic));
    (token(method), String::from_utf8(target.to_vec()).unwrap())
}

/// `status-line = HTTP-version SP status-code SP [ reason-phrase ]`, with `status-code = 3DIGIT` (§4).
fn status_line(line: &[u8]) -> u16 {
    let rest = line.strip_prefix(b"HTTP/1.1 ").expect("a version");
    let (code, reason) = rest.split_at(3);
    assert!(code.iter().all(u8::is_ascii_digit) && reason.starts_with(b" "));
    assert!(reason.iter().all(|b| matches!(b, b' ' | b'\t' | 0x21..=0x7E | 0x80..)));
    str::from_utf8(code).unwrap().parse().unwrap()
}

/// `chunked-body = *chunk last-chunk trailer-section CRLF` (§7.1). Returns the data and the trailers.
fn chunked(mut bytes: &[u8]) -> (Vec<u8>, Fields) {
    let mut data = vec![];
    loop {
        let (size, after) = line(bytes).expect("a size");
        assert!(!size.is_empty() && size.iter().all(u8::is_ascii_hexdigit), "1*HEXDIG");
        let size = usize::from_str_radix(str::from_utf8(size).unwrap(), 16).unwrap();
        bytes = after;
        if size == 0 {
            let trailers = fields(&mut bytes);
            assert_eq!(bytes, b"", "nothing follows the body");
            return (data, trailers);
        }
        data.extend_from_slice(&bytes[..size]);
        bytes = bytes[size..].strip_prefix(b"\r\n").expect("CRLF after the data");
    }
}

/// The data of a body, as the fields before it announce it (§6).
fn body(message: &Message<'_>) -> Vec<u8> {
    match (one(message, "content-length"), one(message, "transfer-encoding")) {
        (Some(len), None) => {
            assert_eq!(len.parse(), Ok(message.rest.len()));
            message.rest.to_vec()
        }
        (None, Some(coding)) => {
            assert_eq!(coding, "chunked");
            chunked(message.rest).0
        }
        (None, None) => message.rest.to_vec(),
        (Some(_), Some(_)) => panic!("two lengths"),
    }
}

/// The value of a field that may be there once.
fn one(message: &Message<'_>, name: &str) -> Option<String> {
    let mut values = message.fields.iter().filter(|(n, _)| n.eq_ignore_ascii_case(name));
    let value = values.next().map(|(_, value)| String::from_utf8(value.clone()).unwrap());
    assert_eq!(values.next(), None, "{name} is there once");
    value
}

/// Header lists: none, an empty value, the longest, odd bytes, and many.
fn header_lists() -> Vec<Fields> {
    let field = |name: &str, value: &[u8]| (name.to_owned(), value.to_vec());
    let every_value_byte: Vec<u8> = (0x21..=0x7E).chain([b' ', b'\t']).chain(0x80..=0xFF).collect();
    vec![
        vec![],
        vec![field("A", b"")],
        vec![field("A", b" \t ")],
        vec![field(&"n".repeat(70_000), b"b"), field("B", &[b'v'; 70_000])],
        vec![field("!#$%&'*+-.^_`|~0aZ", &every_value_byte)],
        (0..2_000).map(|i| field(&format!("N{i}"), i.to_string().as_bytes())).collect(),
    ]
}

fn without(message: &Message<'_>, own: &[&str]) -> Fields {
    let is_own = |name: &str| own.iter().any(|own| own.eq_ignore_ascii_case(name));
    message.fields.iter().filter(|(name, _)| !is_own(name)).cloned().collect()
}

fn trimmed(fields: &Fields) -> Fields {
    fields.iter().map(|(name, value)| (name.clone(), value.trim_ascii().to_vec())).collect()
}

const BODIES: [usize; 12] = [0, 1, 2, 9, 10, 15, 16, 17, 255, 256, 65_535, 65_536];

/// §3, §3.2, §6; RFC 9110 §8.6: a request for which the method anticipates a body says that it is empty.
#[test]
fn every_request_is_in_the_grammar() {
    let long_host = format!("{}:65535", "h".repeat(255));
    let long_path = format!("/{}", "p".repeat(70_000));
    for (method, target) in [
        ("GET", "/"),
        ("HEAD", "/?"),
        ("DELETE", "/a?b/c?d"),
        ("POST", "/a"),
        ("PUT", "//"),
        ("PATCH", &long_path),
        ("post", "/"),
        ("OPTIONS", "*"),
        ("OPTIONS", "/"),
        ("CONNECT", "a:0"),
        ("CONNECT", "[::1]:65535"),
        ("GET", "http://a"),
        ("GET", "WS://a:1/b?c"),
        ("GET", "urn:a"),
        ("!#$%&'*+-.^_`|~0aZ", "/"),
        (&"M".repeat(70_000), "/"),
    ] {
        for host in ["a", "a:", "a:0", "a:65535", "[::1]", "[::1]:65535", &long_host] {
            for headers in header_lists() {
                let writer = RequestWriter::new(method, target, host).headers(&headers);
                let mut out = vec![];
                writer.write(&mut out).unwrap();
                let read = message(&out);
                assert_eq!(request_line(read.start_line), (method.into(), target.into()));
                assert_eq!(one(&read, "host").as_deref(), Some(host));
                assert_eq!(without(&read, &["host", "content-length"]), trimmed(&headers));
                let announced = matches!(method, "POST" | "PUT" | "PATCH").then(|| "0".to_owned());
                assert_eq!(one(&read, "content-length"), announced, "{method}");
                assert_eq!(read.rest, b"");
            }
        }
        for len in BODIES {
            let content = vec![b'\n'; len];
            let writer = RequestWriter::new(method, target, "a").body(&content);
            let mut whole = vec![];
            writer.write(&mut whole).unwrap();
            assert_eq!(body(&message(&whole)), content);
            assert_eq!(one(&message(&whole), "content-length"), Some(len.to_string()));
            for announced in [Body::Len(len as u64), Body::Chunked] {
                let mut out = vec![];
                writer.begin(announced, &mut out).unwrap().finish(NO_FIELDS, &mut out).unwrap();
                assert_eq!(body(&message(&out)), content, "{announced:?}");
            }
        }
    }
}

/// §3.2: a target in none of the four forms is refused, and so is a form that the method does not have.
#[test]
fn no_target_is_written_that_the_grammar_does_not_have() {
    for (method, target) in [
        ("GET", ""),
        ("GET", "*"),
        ("GET", "a"),
        ("GET", "?a"),
        ("GET", ":a"),
        ("GET", "1:a"),
        ("GET", "a:"),
        ("GET", "a b:c"),
        ("GET", "a/b:c"),
        ("GET", "http://a/#b"),
        ("OPTIONS", "**"),
        ("CONNECT", "/"),
        ("CONNECT", "a"),
        ("CONNECT", "a:"),
        ("CONNECT", ":80"),
        ("CONNECT", "a:65536"),
        ("CONNECT", "http://a/"),
    ] {
        let mut out = vec![];
        let result = RequestWriter::new(method, target, "a").write(&mut out);
        assert_eq!((result, &out[..]), (Err(SendError::Target), &b""[..]), "{method} {target}");
    }
}

/// §4, §6; RFC 9110 §8.6, §15: no 1xx and no 204 announces a body, and a 205 has an empty one.
#[test]
fn every_response_is_in_the_grammar() {
    for status in 100..=599 {
        let bodiless = matches!(status, 100..=199 | 204 | 304);
        for close in [false, true] {
            let writer = ResponseWriter::new(status);
            let writer = if close { writer.close() } else { writer };
            let mut out = vec![];
            writer.write(&mut out).unwrap();
            let read = message(&out);
            assert_eq!(status_line(read.start_line), status);
            assert_eq!(one(&read, "connection").as_deref(), close.then_some("close"));
            let len = one(&read, "content-length");
            assert_eq!(len.as_deref(), (!bodiless).then_some("0"), "{status}");
            assert_eq!((one(&read, "transfer-encoding"), read.rest), (None, &b""[..]));

            for announced in [Body::Len(1), Body::Len(u64::MAX), Body::Chunked, Body::UntilClose] {
                let mut out = vec![];
                let begun = writer.begin(announced, &mut out).map(drop);
                if bodiless || status == 205 {
                    assert_eq!((begun, &out[..]), (Err(SendError::Body), &b""[..]), "{status}");
                    continue;
                }
                let read = message(&out);
                let len = one(&read, "content-length");
                assert_eq!(status_line(read.start_line), status);
                match announced {
                    Body::Len(announced) => assert_eq!(len, Some(announced.to_string())),
                    Body::Chunked => {
                        assert_eq!(one(&read, "transfer-encoding").unwrap(), "chunked")
                    }
                    Body::UntilClose => {
                        assert_eq!(
                            (len, one(&read, "connection").as_deref()),
                            (None, Some("close"))
                        );
                    }
                }
            }
        }
    }
    for status in [0, 1, 99, 600, 999, 1000, u16::MAX] {
        let mut out = vec![];
        let result = ResponseWriter::new(status).write(&mut out);
        assert_eq!((result, &out[..]), (Err(SendError::Status), &b""[..]));
    }
    for headers in header_lists() {
        let mut out = vec![];
        ResponseWriter::new(200).headers(&headers).close().write(&mut out).unwrap();
        let read = message(&out);
        assert_eq!(without(&read, &["content-length", "connection"]), trimmed(&headers));
    }
    let mut out = vec![];
    ResponseWriter::new(100).write(&mut out).unwrap();
    let read = message(&out);
    assert_eq!((status_line(read.start_line), read.fields, read.rest), (100, vec![], &b""[..]));
}

/// RFC 9110 §10.1.1.
#[test]
fn a_client_can_wait_for_100_before_it_sends_a_body() {
    let mut out = vec![];
    let writer = RequestWriter::new("PUT", "/", "a").headers(&[("Expect", "100-continue")]);
    let mut encoder = writer.begin(Body::Len(5), &mut out).unwrap();
    let mut head = out.clone();
    let mut reader = HeadReader::new(Vec::new(), Limits::new());
    let request = reader.read_request(&mut &mut head[..]).unwrap().unwrap();
    assert!(request.expects_continue());
    let mut answer = vec![];
    ResponseWriter::new(100).write(&mut answer).unwrap();
    let mut reader = HeadReader::new(Vec::new(), Limits::new());
    let response = reader.read_response(&mut &mut answer[..]).unwrap().unwrap();
    assert_eq!((response.status(), response.is_interim()), (100, true));
    encoder.encode(b"hello", &mut out).unwrap();
    encoder.finish(NO_FIELDS, &mut out).unwrap();
    assert_eq!(body(&message(&out)), b"hello");
}

/// §7.1, §7.1.2.
#[test]
fn every_body_in_chunks_is_in_the_grammar() {
    for trailers in header_lists() {
        for lens in [&[][..], &[0], &[0, 0], &[1, 0, 1], &BODIES] {
            let (mut encoder, mut out) = (BodyEncoder::new(Body::Chunked), vec![]);
            let mut content = vec![];
            for len in lens {
                let piece = vec![b'0'; *len];
                encoder.encode(&piece, &mut out).unwrap();
                content.extend_from_slice(&piece);
            }
            encoder.finish(&trailers, &mut out).unwrap();
            assert_eq!(chunked(&out), (content, trimmed(&trailers)));
        }
    }
}
