//! Heads of requests and responses, against a naive reader of the whole stream by the rules of RFC
//! 9112, and against `httparse` alone; then the same heads, written again.

use framewright::http::Headers;
use framewright::http1::{Body, Error, HeadReader, Limits, RequestWriter, ResponseWriter, Version};

use super::common::http1::naive_end;
use super::input::{Cuts, Input, same_however_cut};

/// ```text
/// | options | head limit | header limit | cuts: 4 | stream ...
/// ```
pub fn check(data: &[u8]) {
    let mut input = Input::new(data);
    let response = input.byte() & 1 == 1;
    let max_head_len = usize::try_from(input.limit()).unwrap_or(usize::MAX);
    let max_headers = usize::from(input.byte());
    let limits = Limits::new().max_head_len(max_head_len).max_headers(max_headers);
    let cuts = Cuts(input.bytes());
    let stream = input.rest();

    let read = if response { read_response } else { read_request };
    let got = same_however_cut(stream, cuts, |pieces| read(pieces, limits));
    let max_headers = max_headers.min(Limits::MOST_HEADERS);
    let room = &stream[..stream.len().min(max_head_len)];
    match naive_end(room, max_headers) {
        // An empty line may come only before a request.
        _ if response && room.starts_with(b"\r\n") => assert_eq!(got, Err(Error::StatusLine)),
        Ok(None) if room.len() < stream.len() => assert_eq!(got, Err(Error::HeadTooLong)),
        Ok(None) => assert_eq!(got, Ok(None)),
        Err(e) => assert_eq!(got, Err(e)),
        Ok(Some(end)) => {
            let (head, rest) = stream.split_at(end);
            let head = head.strip_prefix(b"\r\n").unwrap_or(head);
            let parsed = if response { naive_response(head) } else { naive_request(head) };
            let parsed = parsed.filter(|head| head.headers.len() <= max_headers);
            match (got, parsed) {
                (Ok(Some((got, got_rest))), Some(expected)) => {
                    assert_eq!((&got, &got_rest[..]), (&expected, rest));
                    as_httparse_reads_it(head, &got);
                    comes_back(&got);
                }
                (Err(_), None) => {}
                (got, expected) => panic!("{got:?}, and not {expected:?}"),
            }
        }
    }
}

/// The content of a head.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Head {
    pub start: Start,
    pub version: Version,
    pub body: Body,
    pub persistent: bool,
    pub headers: Vec<(String, Vec<u8>)>,
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Start {
    Request { method: String, target: String, host: Option<String> },
    Response { status: u16, reason: Vec<u8> },
}

type Read = Result<Option<(Head, Vec<u8>)>, Error>;

fn lines(headers: Headers<'_>) -> Vec<(String, Vec<u8>)> {
    headers.iter().map(|(name, value)| (name.to_owned(), value.to_vec())).collect()
}

fn read_request(pieces: &[&[u8]], limits: Limits) -> Read {
    read(pieces, limits, |reader, input| {
        Ok(reader.read_request(input)?.map(|request| Head {
            start: Start::Request {
                method: request.method().to_owned(),
                target: request.target().to_owned(),
                host: request.host().map(str::to_owned),
            },
            version: request.version(),
            body: request.body(),
            persistent: request.is_persistent(),
            headers: lines(request.headers()),
        }))
    })
}

fn read_response(pieces: &[&[u8]], limits: Limits) -> Read {
    read(pieces, limits, |reader, input| {
        Ok(reader.read_response(input)?.map(|response| Head {
            start: Start::Response {
                status: response.status(),
                reason: response.reason().to_vec(),
            },
            version: response.version(),
            body: response.body(),
            persistent: response.is_persistent(),
            headers: lines(response.headers()),
        }))
    })
}

fn read(
    pieces: &[&[u8]],
    limits: Limits,
    next: impl for<'i> Fn(&mut HeadReader<Vec<u8>>, &mut &'i mut [u8]) -> Result<Option<Head>, Error>,
) -> Read {
    let mut reader = HeadReader::new(Vec::new(), limits);
    let (mut head, mut rest) = (None, Vec::new());
    for piece in pieces {
        let mut piece = piece.to_vec();
        let mut input = &mut piece[..];
        if head.is_none() {
            match next(&mut reader, &mut input) {
                Ok(Some(read)) => head = Some(read),
                Ok(None) => assert!(input.is_empty(), "None means that all was taken"),
                Err(e) => {
                    let again =
                        next(&mut reader, &mut &mut b"GET / HTTP/1.0\r\n\r\n".to_owned()[..]);
                    assert_eq!(again, Err(e), "an error is final");
                    return Err(e);
                }
            }
        }
        rest.extend_from_slice(input);
    }
    let held = reader.into_storage().len();
    assert!(held <= pieces.iter().map(|piece| piece.len()).sum(), "no more than came");
    Ok(head.map(|head| (head, rest)))
}

fn is_tchar(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte)
}

fn naive_request(head: &[u8]) -> Option<Head> {
    let (line, headers) = naive_lines(head)?;
    let [method, target, version] = line.split(|b| *b == b' ').collect::<Vec<_>>()[..] else {
        return None;
    };
    if method.is_empty() || !method.iter().all(is_tchar) {
        return None;
    }
    if target.is_empty() || !target.iter().all(u8::is_ascii_graphic) {
        return None;
    }
    let version = naive_version(version)?;
    let hosts: Vec<_> = named(&headers, "host").collect();
    let host = match hosts[..] {
        [] if version == Version::Http10 => None,
        [host] => Some(naive_host(host)?),
        _ => return None,
    };
    let body = naive_body(&headers, version)?.unwrap_or(Body::Len(0));
    let start = Start::Request {
        method: String::from_utf8(method.to_vec()).ok()?,
        target: String::from_utf8(target.to_vec()).ok()?,
        host,
    };
    Some(Head { start, version, body, persistent: naive_persistent(&headers, version), headers })
}

fn naive_response(head: &[u8]) -> Option<Head> {
    let (line, headers) = naive_lines(head)?;
    let mut parts = line.splitn(3, |b| *b == b' ');
    let version = naive_version(parts.next()?)?;
    let status = parts.next()?;
    if status.len() != 3 || !status.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let status: u16 = str::from_utf8(status).ok()?.parse().ok()?;
    let reason = parts.next().unwrap_or_default().to_vec();
    let body = naive_body(&headers, version)?.unwrap_or(Body::UntilClose);
    let body = if matches!(status, 100..=199 | 204 | 304) { Body::Len(0) } else { body };
    let start = Start::Response { status, reason };
    Some(Head { start, version, body, persistent: naive_persistent(&headers, version), headers })
}

/// The start line, and the names and values of the other lines.
#[allow(clippy::type_complexity, reason = "it is taken apart at once")]
fn naive_lines(head: &[u8]) -> Option<(&[u8], Vec<(String, Vec<u8>)>)> {
    let text = head.strip_suffix(b"\r\n\r\n")?;
    // An LF is only allowed after a CR.
    let mut lines =
        text.split(|b| *b == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let start = lines.next()?;
    let mut headers = Vec::new();
    for line in lines {
        let colon = line.iter().position(|b| *b == b':')?;
        let (name, value) = (&line[..colon], &line[colon + 1..]);
        if name.is_empty() || !name.iter().all(is_tchar) {
            return None;
        }
        let name = String::from_utf8(name.to_vec()).ok()?;
        headers.push((name, trim(value).to_vec()));
    }
    Some((start, headers))
}

fn trim(mut value: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = value {
        value = rest;
    }
    value
}

fn naive_version(version: &[u8]) -> Option<Version> {
    match version {
        b"HTTP/1.0" => Some(Version::Http10),
        b"HTTP/1.1" => Some(Version::Http11),
        _ => None,
    }
}

fn named<'h>(headers: &'h [(String, Vec<u8>)], name: &'h str) -> impl Iterator<Item = &'h [u8]> {
    headers.iter().filter(move |(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| &value[..])
}

/// A name or an address, with an optional port.
fn naive_host(host: &[u8]) -> Option<String> {
    let text = str::from_utf8(host).ok()?;
    let (name, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (address, port) = rest.split_once(']')?;
            let valid = |b: u8| b.is_ascii_hexdigit() || b":.".contains(&b);
            if address.is_empty() || !address.bytes().all(valid) {
                return None;
            }
            ("", port)
        }
        None => text.find(':').map_or((text, ""), |colon| text.split_at(colon)),
    };
    let valid = |b: u8| b.is_ascii_alphanumeric() || b"-._~%!$&'()*+,;=".contains(&b);
    if !name.bytes().all(valid) {
        return None;
    }
    match port.strip_prefix(':') {
        None if port.is_empty() => {}
        Some("") => {}
        Some(digits) if digits.bytes().all(|b| b.is_ascii_digit()) => {
            digits.parse::<u16>().ok()?;
        }
        _ => return None,
    }
    Some(text.to_owned())
}

/// How the body ends, by its headers; `None` if they contradict each other.
#[allow(clippy::option_option, reason = "nothing said is not the same as nonsense")]
fn naive_body(headers: &[(String, Vec<u8>)], version: Version) -> Option<Option<Body>> {
    let lens: Vec<_> = named(headers, "content-length").collect();
    let codings: Vec<_> = named(headers, "transfer-encoding").collect();
    match (&lens[..], &codings[..]) {
        ([], []) => Some(None),
        ([len], []) if !len.is_empty() && len.iter().all(u8::is_ascii_digit) => {
            Some(Some(Body::Len(str::from_utf8(len).ok()?.parse().ok()?)))
        }
        ([], [coding]) if coding.eq_ignore_ascii_case(b"chunked") && version == Version::Http11 => {
            Some(Some(Body::Chunked))
        }
        _ => None,
    }
}

fn naive_persistent(headers: &[(String, Vec<u8>)], version: Version) -> bool {
    let mut options = named(headers, "connection").flat_map(|value| value.split(|b| *b == b','));
    version == Version::Http11 && !options.any(|option| trim(option).eq_ignore_ascii_case(b"close"))
}

/// A head that we accept means the same to `httparse`, which accepts much more.
fn as_httparse_reads_it(head: &[u8], got: &Head) {
    let mut slots = [httparse::EMPTY_HEADER; Limits::MOST_HEADERS];
    let headers = match &got.start {
        Start::Request { method, target, .. } => {
            let mut request = httparse::Request::new(&mut slots);
            assert_eq!(request.parse(head), Ok(httparse::Status::Complete(head.len())));
            assert_eq!((request.method, request.path), (Some(&method[..]), Some(&target[..])));
            request.headers
        }
        Start::Response { status, .. } => {
            let mut response = httparse::Response::new(&mut slots);
            assert_eq!(response.parse(head), Ok(httparse::Status::Complete(head.len())));
            assert_eq!(response.code, Some(*status));
            response.headers
        }
    };
    let headers = headers.iter().map(|header| (header.name, header.value));
    assert!(headers.eq(got.headers.iter().map(|(name, value)| (&name[..], &value[..]))));
}

/// A head that was read can be written, unless it has something that we do not write, and reads the
/// same.
fn comes_back(got: &Head) {
    let text: Vec<_> = got
        .headers
        .iter()
        .filter_map(|(name, value)| Some((&name[..], str::from_utf8(value).ok()?)))
        .filter(|(name, _)| {
            !["connection", "content-length", "transfer-encoding", "host"]
                .iter()
                .any(|reserved| name.eq_ignore_ascii_case(reserved))
        })
        .collect();
    let mut out = Vec::new();
    let read = match &got.start {
        Start::Request { method, target, host } => {
            let host = host.as_deref().unwrap_or("example.com");
            let writer = RequestWriter::new(method, target, host).headers(&text);
            if writer.write(&mut out).is_err() {
                assert!(host.is_empty() || host.starts_with(':') || target.contains('#'));
                assert_eq!(out, b"");
                return;
            }
            read_request(&[&out], Limits::new().max_headers(128).max_head_len(usize::MAX))
        }
        Start::Response { status, .. } => {
            let writer = ResponseWriter::new(*status).headers(&text);
            if writer.write(&mut out).is_err() {
                assert!(*status < 100);
                assert_eq!(out, b"");
                return;
            }
            read_response(&[&out], Limits::new().max_headers(128).max_head_len(usize::MAX))
        }
    };
    // One header more than there were may be one too many.
    let (read, rest) = match read {
        Err(Error::TooManyHeaders) if text.len() >= 127 => return,
        read => read.expect("it was written").expect("it is whole"),
    };
    assert_eq!(rest, b"");
    let written: Vec<_> =
        text.iter().map(|(n, v)| (String::from(*n), v.as_bytes().to_vec())).collect();
    let others = read.headers.iter().filter(|(name, _)| {
        !["host", "content-length"].iter().any(|own| name.eq_ignore_ascii_case(own))
    });
    assert!(others.eq(written.iter()));
    match (&read.start, &got.start) {
        (Start::Response { status: a, .. }, Start::Response { status: b, .. }) => assert_eq!(a, b),
        (
            Start::Request { method: a, target: b, .. },
            Start::Request { method: c, target: d, .. },
        ) => assert_eq!((a, b), (c, d)),
        _ => unreachable!("both are of one kind"),
    }
}
