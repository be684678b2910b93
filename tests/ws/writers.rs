//! Every writer of WebSocket at the edges of what it takes. What it writes is read by parsers that are
//! made from the grammar of the standard alone.
#![cfg(feature = "alloc")]

use framewright::http::Field;
use framewright::http1::{Limits, Version};
use framewright::ws::handshake::{ClientRequest, Error, Offer, Origins, Refusal, SendError};
use framewright::ws::{CloseCode, CloseFrame, Encoder, Kind, Message, Role, Side};

/// A frame as §5.2 draws it.
#[derive(Debug, PartialEq)]
struct Frame {
    /// FIN, RSV and the opcode.
    first: u8,
    payload: Vec<u8>,
}

/// Reads all of `bytes` as frames of the end with `role` (§5.2, §5.3).
fn frames(role: Role, mut bytes: &[u8]) -> Vec<Frame> {
    let mut frames = vec![];
    while let [first, second, rest @ ..] = bytes {
        assert_eq!(second >> 7 == 1, role == Role::Client, "a client masks, a server does not");
        let (len, rest) = match second & 0x7F {
            126 => {
                let len = u64::from(u16::from_be_bytes(rest[..2].try_into().unwrap()));
                assert!(len > 125, "the minimal number of bytes");
                (len, &rest[2..])
            }
            127 => {
                let len = u64::from_be_bytes(rest[..8].try_into().unwrap());
                assert!(len > 65_535 && len >> 63 == 0, "the minimal number of bytes");
                (len, &rest[8..])
            }
            len => (u64::from(len), rest),
        };
        let (key, rest) = if role == Role::Client { rest.split_at(4) } else { (&[0; 4][..], rest) };
        let (payload, rest) = rest.split_at(usize::try_from(len).unwrap());
        let payload = payload.iter().enumerate().map(|(i, byte)| byte ^ key[i % 4]).collect();
        frames.push(Frame { first: *first, payload });
        bytes = rest;
    }
    assert_eq!(bytes, b"", "a header is whole");
    frames
}

/// Zero, one, and both sides of each form of the length.
const LENS: [usize; 9] = [0, 1, 2, 125, 126, 127, 65_535, 65_536, 100_000];

fn every_data_frame<S: Side + Clone>(mut encoder: Encoder<S>) {
    for len in LENS {
        let text = "x".repeat(len);
        let frame = |first| Frame { first, payload: text.clone().into_bytes() };
        let mut out = vec![];
        encoder.encode(&text[..], &mut out).unwrap();
        encoder.encode(Message::Binary(text.as_bytes()), &mut out).unwrap();
        encoder.encode_compressed(Kind::Text, text.as_bytes(), &mut out).unwrap();
        for (kind, fin) in [(Kind::Text, false), (Kind::Text, false), (Kind::Text, true)] {
            encoder.encode_fragment(kind, text.as_bytes(), fin, &mut out).unwrap();
        }
        encoder.begin_frame(Kind::Binary, len as u64, true, &mut out).unwrap();
        for piece in text.as_bytes().chunks(len / 3 + 1) {
            encoder.encode_payload(piece, &mut out).unwrap();
        }
        encoder.encode_payload(b"", &mut out).unwrap();
        let firsts = [0x81, 0x82, 0xC1, 0x01, 0x00, 0x80, 0x82];
        assert_eq!(frames(S::ROLE, &out), firsts.map(frame), "{len}");
    }
    // The longest has 63 bits.
    for (len, announced) in [(i64::MAX as u64, true), (1 << 63, false), (u64::MAX, false)] {
        let mut encoder = encoder.clone();
        let header = encoder.encode_header(Kind::Binary, len, true).ok();
        let bytes = header.map(|header| header.to_bytes().to_vec());
        assert_eq!(bytes.is_some(), announced);
        if let Some(bytes) = bytes {
            assert_eq!((bytes[0], bytes[1] & 0x7F), (0x82, 127));
            assert_eq!(bytes[2..10], len.to_be_bytes());
        }
    }
}

/// §5.2, §5.4, §5.6.
#[test]
fn every_data_frame_is_as_the_standard_draws_it() {
    every_data_frame(Encoder::server());
    let mut key = 0_u32;
    every_data_frame(Encoder::client(move || {
        key = key.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        key.to_be_bytes()
    }));
}

fn every_control_frame<S: Side + Clone>(encoder: Encoder<S>) {
    for len in [0, 1, 2, 124, 125, 126, 127, 65_536] {
        let payload = vec![b'p'; len];
        let mut out = vec![];
        let mut encoder = encoder.clone();
        let results =
            [encoder.encode_ping(&payload, &mut out), encoder.encode_pong(&payload, &mut out)];
        assert!(results.iter().all(|result| result.is_ok() == (len <= 125)), "{len}");
        let expected = [0x89, 0x8A].map(|first| Frame { first, payload: payload.clone() });
        let expected = if len <= 125 { Vec::from(expected) } else { vec![] };
        assert_eq!(frames(S::ROLE, &out), expected);
    }
    for code in (0..=5001).chain([65_535]) {
        for reason_len in [0, 1, 122, 123, 124, 125, 1000] {
            // The last character takes two bytes.
            let reason = match reason_len {
                0 => String::new(),
                1 => "x".to_owned(),
                len => format!("{}\u{e9}", "x".repeat(len - 2)),
            };
            let close = CloseFrame { code: CloseCode(code), reason: &reason };
            let mut out = vec![];
            let written = encoder.clone().encode_close(close, &mut out);
            // §7.4.1, §7.4.2, and the registry of §11.7.
            let has_code = matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999);
            let is_empty = code == 1005 && reason.is_empty();
            let fits = has_code && reason.len() <= 123;
            assert_eq!(written.is_ok(), fits || is_empty, "{code}, {reason_len}");
            let payload =
                if is_empty { vec![] } else { [&code.to_be_bytes(), reason.as_bytes()].concat() };
            let expected = Frame { first: 0x88, payload };
            let expected = if written.is_ok() { vec![expected] } else { vec![] };
            assert_eq!(frames(S::ROLE, &out), expected);
        }
    }
}

/// §5.5: at most 125 bytes and never in fragments; §5.5.1: a close frame is empty, or a code and a reason.
#[test]
fn every_control_frame_is_short_and_whole() {
    every_control_frame(Encoder::server());
    every_control_frame(Encoder::client((|| [1, 2, 3, 4]) as fn() -> [u8; 4]));
}

type Fields = Vec<(String, Vec<u8>)>;

/// A head: its start line, its fields, and what follows (RFC 9112 §2.1, §5).
fn head(bytes: &[u8]) -> (String, Fields, Vec<u8>) {
    let mut rest = bytes;
    let mut line = || {
        let len = rest.iter().position(|byte| matches!(byte, b'\r' | b'\n')).expect("a line end");
        let (line, after) = rest.split_at(len);
        rest = after.strip_prefix(b"\r\n").expect("CRLF");
        line
    };
    let start = String::from_utf8(line().to_vec()).unwrap();
    let mut fields = vec![];
    loop {
        let line = line();
        if line.is_empty() {
            return (start, fields, rest.to_vec());
        }
        let colon = line.iter().position(|byte| *byte == b':').expect("a colon");
        let name = String::from_utf8(line[..colon].to_vec()).unwrap();
        assert!(is_token(&name), "{name}");
        let value = &line[colon + 1..];
        assert!(value.iter().all(|byte| matches!(byte, b'\t' | b' '..=b'~' | 0x80..)));
        fields.push((name, value.trim_ascii().to_vec()));
    }
}

/// RFC 9110 §5.6.2.
fn is_token(text: &str) -> bool {
    let tchar = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    !text.is_empty() && text.bytes().all(tchar)
}

/// The elements of the only field called `name`. A sender generates no empty ones (RFC 9110 §5.6.1.1).
fn list(fields: &Fields, name: &str) -> Option<Vec<String>> {
    let value = one(fields, name)?;
    let list: Vec<_> = value.split(',').map(|element| element.trim_ascii().to_owned()).collect();
    assert!(list.iter().all(|element| !element.is_empty()), "{name}: {value}");
    Some(list)
}

/// The value of a field that may be there once.
fn one(fields: &Fields, name: &str) -> Option<String> {
    let mut values = fields.iter().filter(|(n, _)| n.eq_ignore_ascii_case(name));
    let value = values.next().map(|(_, value)| String::from_utf8(value.clone()).unwrap());
    assert_eq!(values.next(), None, "{name} is there once");
    value
}

/// `extension = token *( ";" token [ "=" ( token | quoted-string ) ] )` (§9.1).
fn is_extension(text: &str) -> bool {
    let mut parts = text.split(';').map(str::trim_ascii);
    parts.next().is_some_and(is_token)
        && parts.all(|param| match param.split_once('=') {
            None => is_token(param),
            Some((name, value)) => {
                let value = value.strip_prefix('"').map_or(Some(value), |v| v.strip_suffix('"'));
                is_token(name) && value.is_some_and(is_token)
            }
        })
}

const LONG: usize = 70_000;

/// Header lists: none, an empty value, the longest, odd bytes, and many.
fn header_lists() -> Vec<Fields> {
    let field = |name: &str, value: &[u8]| (name.to_owned(), value.to_vec());
    let every_byte: Vec<u8> = (0x21..=0x7E).chain([b' ', b'\t']).chain(0x80..=0xFF).collect();
    vec![
        vec![],
        vec![field("A", b"")],
        vec![field("A", b" \t ")],
        vec![field(&"n".repeat(LONG), b"b"), field("B", &[b'v'; LONG])],
        vec![field("!#$%&'*+-.^_`|~0aZ", &every_byte)],
        (0..500).map(|i| field(&format!("N{i}"), i.to_string().as_bytes())).collect(),
    ]
}

fn trimmed(fields: &Fields) -> Fields {
    fields.iter().map(|(name, value)| (name.clone(), value.trim_ascii().to_vec())).collect()
}

/// §4.1 of RFC 6455, with each optional part absent, empty, short and long.
#[test]
fn every_request_is_in_the_grammar() {
    let (long, host) = ("x".repeat(LONG), format!("{}:65535", "h".repeat(255)));
    let path = format!("/{long}?{long}");
    let many: Vec<String> = (0..500).map(|i| format!("p{i}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let long_extension = format!("{long}; {long}={long}; q=\"{long}\", b");
    let one = [&long[..]];
    let nothing: &[&str] = &[];
    let origins = [None, Some(""), Some("null"), Some("http://a"), Some(&long[..])];
    let protocols = [nothing, &[""], &["a"], &["a", "b"], &one, &many, &["a", "a"], &["a", ""]];
    let extensions = [
        None,
        Some(""),
        Some(","),
        Some("a"),
        Some("a,"),
        Some("a; b=\"1\", c"),
        Some(&long_extension),
    ];
    for (host, target) in [("h", "/"), ("[::1]", "/?"), (&host, &path)] {
        for origin in origins {
            for protocols in protocols {
                for extensions in extensions {
                    let mut request = ClientRequest::new(host, target)
                        .protocols(protocols)
                        .extensions(extensions);
                    if let Some(origin) = origin {
                        request = request.origin(origin);
                    }
                    let valid = origin != Some("")
                        && protocols.iter().all(|protocol| !protocol.is_empty())
                        && protocols != ["a", "a"]
                        && !extensions.is_some_and(|list| list.split(',').any(str::is_empty));
                    let mut out = vec![];
                    let nonce = [0xFF; 16];
                    let written = request.write(nonce, Vec::new(), Limits::new(), &mut out);
                    assert_eq!(written.is_ok(), valid, "{origin:?} {protocols:?} {extensions:?}");
                    if valid {
                        is_request(&out, host, target, (origin, protocols, extensions));
                    } else {
                        assert_eq!(out, b"");
                    }
                }
            }
        }
    }
    for headers in header_lists() {
        let mut out = vec![];
        let request = ClientRequest::new("h", "/").headers(&headers);
        request.write([0; 16], Vec::new(), Limits::new(), &mut out).unwrap();
        let (_, fields, rest) = head(&out);
        assert!(fields.ends_with(&trimmed(&headers)) && rest.is_empty());
    }
}

fn is_request(
    bytes: &[u8],
    host: &str,
    target: &str,
    (origin, protocols, extensions): (Option<&str>, &[&str], Option<&str>),
) {
    let (start, fields, rest) = head(bytes);
    assert_eq!(start, format!("GET {target} HTTP/1.1"));
    assert_eq!(one(&fields, "Host").as_deref(), Some(host));
    assert_eq!(list(&fields, "Upgrade"), Some(vec!["websocket".to_owned()]));
    assert_eq!(list(&fields, "Connection"), Some(vec!["Upgrade".to_owned()]));
    assert_eq!(one(&fields, "Sec-WebSocket-Version").as_deref(), Some("13"));
    let key = one(&fields, "Sec-WebSocket-Key").expect("a key");
    assert_eq!(key, "/////////////////////w==");
    assert_eq!(one(&fields, "Origin").as_deref(), origin);
    let offered = list(&fields, "Sec-WebSocket-Protocol");
    assert_eq!(offered.is_none(), protocols.is_empty());
    let offered = offered.unwrap_or_default();
    assert_eq!(offered, protocols);
    assert!(offered.iter().all(|protocol| is_token(protocol)));
    let offered = list(&fields, "Sec-WebSocket-Extensions");
    assert_eq!(offered.is_none(), extensions.is_none());
    assert!(offered.unwrap_or_default().iter().all(|extension| is_extension(extension)));
    assert!(rest.is_empty());
}

const HEADERS: [(&str, &str); 5] = [
    ("Host", "h"),
    ("Upgrade", "websocket"),
    ("Connection", "Upgrade"),
    ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ("Sec-WebSocket-Version", "13"),
];

/// §4.2.2 of RFC 6455, with each optional part absent, empty, short and long.
#[test]
fn every_acceptance_is_in_the_grammar() {
    let long = "x".repeat(LONG);
    let (protocols, extensions) = (format!("a, {long}"), format!("a; b=1, {long}"));
    let offered =
        [("Sec-WebSocket-Protocol", &protocols[..]), ("Sec-WebSocket-Extensions", &extensions[..])];
    let headers: Vec<_> = HEADERS.into_iter().chain(offered).collect();
    let offer = Offer::from_parts("GET", Version::Http11, "/", &headers, Origins::any()).unwrap();
    let both = format!("{long}; y=\"1\", a");
    for protocol in [None, Some(""), Some("a"), Some(&long[..]), Some("b")] {
        for extensions in [None, Some(""), Some(","), Some("a"), Some(&both[..]), Some("a, ,a")] {
            for headers in header_lists() {
                let accept =
                    offer.accept().protocol(protocol).extensions(extensions).headers(&headers);
                let valid = !matches!(protocol, Some("" | "b"))
                    && !extensions.is_some_and(|list| list.split(',').any(|e| e.trim().is_empty()));
                let mut out = vec![];
                assert_eq!(accept.write(&mut out).is_ok(), valid, "{protocol:?} {extensions:?}");
                if !valid {
                    assert_eq!(out, b"");
                    continue;
                }
                let (start, fields, rest) = head(&out);
                assert_eq!(start, "HTTP/1.1 101 Switching Protocols");
                assert_eq!(list(&fields, "Upgrade"), Some(vec!["websocket".to_owned()]));
                assert_eq!(list(&fields, "Connection"), Some(vec!["Upgrade".to_owned()]));
                let accept = one(&fields, "Sec-WebSocket-Accept");
                assert_eq!(accept.as_deref(), Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
                assert_eq!(one(&fields, "Sec-WebSocket-Protocol").as_deref(), protocol);
                let accepted = list(&fields, "Sec-WebSocket-Extensions");
                assert_eq!(accepted.is_none(), extensions.is_none());
                assert!(accepted.unwrap_or_default().iter().all(|one| is_extension(one)));
                assert!(fields.ends_with(&trimmed(&headers)) && rest.is_empty());
                // A 101 has no length (RFC 9110 §8.6).
                assert_eq!(one(&fields, "Content-Length"), None);
            }
        }
    }
}

fn is_refusal<'h, H>(refusal: Refusal<'_, H>) -> Result<Fields, SendError>
where
    H: Clone + IntoIterator<Item: Field<'h>>,
{
    let mut out = vec![];
    if let Err(e) = refusal.write(&mut out) {
        assert_eq!(out, b"");
        return Err(e);
    }
    let (start, fields, rest) = head(&out);
    let mut parts = start.splitn(3, ' ');
    assert_eq!(parts.next(), Some("HTTP/1.1"));
    assert_eq!(parts.next(), Some(&*refusal.status().to_string()));
    assert!(parts.next().is_some(), "a space, even before an empty reason");
    assert_eq!(rest, refusal.content());
    let len = one(&fields, "Content-Length").map(|len| len.parse().unwrap());
    assert_eq!(len, (refusal.status() != 304).then_some(rest.len()));
    let options = list(&fields, "Connection").expect("it closes");
    assert!(options.contains(&"close".to_owned()));
    // Whatever sends `Upgrade` has to name it (RFC 9110 §7.8).
    assert_eq!(options.contains(&"Upgrade".to_owned()), one(&fields, "Upgrade").is_some());
    Ok(fields)
}

/// §4.2.2 of RFC 6455, and RFC 9112 §4, §6: every status, body and list of headers.
#[test]
fn every_refusal_is_in_the_grammar() {
    let offer = Offer::from_parts("GET", Version::Http11, "/", &HEADERS, Origins::any()).unwrap();
    for status in 0..=1000 {
        for body in [&b""[..], b"x", &[0xFF; LONG]] {
            let valid = matches!(status, 300..=599) && (status != 304 || body.is_empty());
            assert_eq!(is_refusal(offer.refuse(status).body(body)).is_ok(), valid, "{status}");
        }
        assert_eq!(is_refusal(offer.refuse(status)).is_ok(), matches!(status, 300..=599));
    }
    for error in
        [Error::Method, Error::HttpVersion, Error::NotAnUpgrade, Error::Version, Error::Key]
    {
        assert!(is_refusal(error.refuse()).is_ok(), "{error}");
        assert!(is_refusal(error.refuse().body(b"")).is_ok(), "{error}");
        for headers in header_lists() {
            let fields = is_refusal(error.refuse().headers(&headers)).unwrap();
            assert!(trimmed(&headers).iter().all(|field| fields.contains(field)), "{error}");
        }
    }
}

/// RFC 7692 §5.1, §7.1: every offer and every answer is one extension, with at most four parameters.
#[cfg(feature = "deflate")]
#[test]
fn every_offer_and_answer_of_deflate_is_in_the_grammar() {
    use framewright::ws::deflate::Config;
    use framewright::ws::handshake::Extensions;

    let is_one = |text: &str| {
        assert!(is_extension(text) && !text.contains(','), "{text}");
        let mut params: Vec<_> = text.split(';').skip(1).map(str::trim_ascii).collect();
        for param in &params {
            let (name, value) = param.split_once('=').map_or((*param, None), |(n, v)| (n, Some(v)));
            match name {
                "server_no_context_takeover" | "client_no_context_takeover" => {
                    assert_eq!(value, None)
                }
                "server_max_window_bits" => assert!(value.is_some()),
                "client_max_window_bits" => {}
                _ => panic!("{name}"),
            }
            if let Some(bits) = value {
                assert!((8..=15).any(|valid| bits == valid.to_string()), "{bits}");
            }
        }
        let len = params.len();
        params.sort_unstable_by_key(|param| param.split('=').next());
        params.dedup_by_key(|param| param.split('=').next());
        assert_eq!(params.len(), len, "none is there twice");
    };
    let configs = (0..4_u8).flat_map(|alone| {
        [0, 8, 9, 12, 15, u8::MAX].into_iter().flat_map(move |server| {
            [0, 9, 15].map(|client| {
                Config::new()
                    .server_no_context_takeover(alone & 1 != 0)
                    .client_no_context_takeover(alone & 2 != 0)
                    .server_max_window_bits(server)
                    .client_max_window_bits(client)
            })
        })
    });
    let configs: Vec<Config> = configs.collect();
    for client in &configs {
        let offer = client.offer();
        is_one(offer.as_str());
        for server in &configs {
            let offers = Extensions::parse(offer.as_str().as_bytes()).unwrap();
            is_one(server.negotiate(offers).expect("it is acceptable").1.as_str());
        }
    }
}
