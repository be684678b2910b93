//! Heads of requests and responses, against a naive reader of the whole stream by the rules of RFC
//! 9112, and against `httparse`; then the same heads, written again.

use framewright::http::Headers;
use framewright::http1::{Body, Error, HeadReader, Limits, RequestWriter, ResponseWriter, Version};

use super::common::http1::{naive_end, naive_response_end};
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
    let room = &stream[..stream.len().min(max_head_len)];
    let naive_end = if response { naive_response_end } else { naive_end };
    match naive_end(room, max_headers) {
        Ok(None) if room.len() < stream.len() => {
            // Only an empty line may precede that of a request.
            let line = room.strip_prefix(b"\r\n").unwrap_or(room);
            let in_first = !response && !line.contains(&b'\n');
            let limit = max_head_len;
            let error = if in_first {
                Error::RequestLineTooLong { limit }
            } else {
                Error::HeadTooLong { limit }
            };
            assert_eq!(got, Err(error));
        }
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
    pub body: Option<Body>,
    pub persistent: bool,
    pub headers: Vec<(String, Vec<u8>)>,
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Start {
    Request { method: String, target: String, host: Option<String>, waits: bool },
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
                waits: request.expects_continue(),
            },
            version: request.version(),
            body: Some(request.body()),
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
            body: response.body_for("GET").ok(),
            persistent: response.is_persistent(),
            headers: lines(response.headers()),
        }))
    })
}

fn read(
    pieces: &[&[u8]],
    limits: Limits,
    next: impl for<'i> Fn(
        &mut HeadReader<&mut Vec<u8>>,
        &mut &'i mut [u8],
    ) -> Result<Option<Head>, Error>,
) -> Read {
    let mut storage = Vec::new();
    let mut reader = HeadReader::new(&mut storage, limits);
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
    let held = storage.len();
    assert!(held <= pieces.iter().map(|piece| piece.len()).sum(), "no more than came");
    Ok(head.map(|head| (head, rest)))
}

fn is_tchar(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte)
}

fn naive_request(head: &[u8]) -> Option<Head> {
    let (line, headers) = naive_lines(head, false)?;
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
    let mut host = match hosts[..] {
        [] if version == Version::Http10 => None,
        [host] => Some(naive_host(host)?),
        _ => return None,
    };
    let method = String::from_utf8(method.to_vec()).ok()?;
    let target = String::from_utf8(target.to_vec()).ok()?;
    let lower = target.to_ascii_lowercase();
    let schemes = ["http://", "https://", "ws://", "wss://"];
    if let Some(scheme) = schemes.iter().find(|scheme| lower.starts_with(**scheme)) {
        let authority = target[scheme.len()..].split(['/', '?', '#']).next()?;
        let named = naive_host(authority.as_bytes())?;
        if named.is_empty() || named.starts_with(':') {
            return None;
        }
        host = Some(named);
    } else if method == "CONNECT"
        && let Some(named) = naive_host(target.as_bytes())
    {
        host = Some(named);
    }
    let body = naive_request_body(&headers, version)?;
    let expects = elements(&headers, "expect").any(|one| one.eq_ignore_ascii_case(b"100-continue"));
    let waits = expects && version == Version::Http11 && body != Body::Len(0);
    let start = Start::Request { method, target, host, waits };
    let persistent = naive_persistent(&headers, version);
    Some(Head { start, version, body: Some(body), persistent, headers })
}

fn naive_response(head: &[u8]) -> Option<Head> {
    let head = unfolded(head);
    let (line, headers) = naive_lines(&head, true)?;
    let (version, mut rest) = line.split_at_checked(8)?;
    let version = naive_version(version)?;
    let after_version = rest.len();
    while let [b' ' | b'\t', after @ ..] = rest {
        rest = after;
    }
    let (status, reason) = rest.split_at_checked(3)?;
    if rest.len() == after_version || !status.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let status: u16 = str::from_utf8(status).ok()?.parse().ok()?;
    let reason = match reason {
        [] => Vec::new(),
        [b' ' | b'\t', reason @ ..] => reason.to_vec(),
        _ => return None,
    };
    let body = naive_response_body(&headers);
    let body = if matches!(status, 100..=199 | 204 | 304) { Some(Body::Len(0)) } else { body };
    let start = Start::Response { status, reason };
    let announced = |name| named(&headers, name).next().is_some();
    let persistent = naive_persistent(&headers, version)
        && !(announced("content-length") && announced("transfer-encoding"));
    Some(Head { start, version, body, persistent, headers })
}

/// A head in which blanks take the place of the line ends of folded lines, and without the lines that
/// begin with a blank and follow the start line.
fn unfolded(head: &[u8]) -> Vec<u8> {
    let mut lines: Vec<Vec<u8>> = Vec::new();
    for line in head.split_inclusive(|b| *b == b'\n') {
        match (lines.len(), line) {
            (1, [b' ' | b'\t', ..]) => {}
            (2.., [b' ' | b'\t', ..]) => {
                let last = lines.last_mut().expect("there are two");
                let line_end = if last.ends_with(b"\r\n") { 2 } else { 1 };
                let text = last.len() - line_end;
                last[text..].fill(b' ');
                last.extend_from_slice(line);
            }
            _ => lines.push(line.to_vec()),
        }
    }
    lines.concat()
}

/// The start line, and the names and values of the other lines.
#[allow(clippy::type_complexity, reason = "it is taken apart at once")]
fn naive_lines(head: &[u8], response: bool) -> Option<(&[u8], Vec<(String, Vec<u8>)>)> {
    // An LF is only allowed after a CR, except in a response.
    let mut lines = head
        .strip_suffix(b"\n")?
        .split(|b| *b == b'\n')
        .map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let start = lines.next()?;
    let mut headers = Vec::new();
    for line in lines.take_while(|line| !line.is_empty()) {
        let colon = line.iter().position(|b| *b == b':')?;
        let (mut name, value) = (&line[..colon], &line[colon + 1..]);
        while response && let [before @ .., b' ' | b'\t'] = name {
            name = before;
        }
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
        [b'H', b'T', b'T', b'P', b'/', b'1', b'.', b'1'..=b'9'] => Some(Version::Http11),
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

/// The elements of all lists of one name.
fn elements<'h>(headers: &'h [(String, Vec<u8>)], name: &'h str) -> impl Iterator<Item = &'h [u8]> {
    named(headers, name)
        .flat_map(|value| value.split(|b| *b == b','))
        .map(trim)
        .filter(|element| !element.is_empty())
}

fn naive_len(digits: &[u8]) -> Option<u64> {
    let valid = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    valid.then(|| str::from_utf8(digits).ok()?.parse().ok()).flatten()
}

/// How the body of a request ends, by its headers; `None` if they contradict each other.
fn naive_request_body(headers: &[(String, Vec<u8>)], version: Version) -> Option<Body> {
    let lens: Vec<_> = named(headers, "content-length").collect();
    let encoded = named(headers, "transfer-encoding").next().is_some();
    let codings: Vec<_> = elements(headers, "transfer-encoding").collect();
    match (&lens[..], &codings[..]) {
        ([], []) if !encoded => Some(Body::Len(0)),
        ([len], []) if !encoded => Some(Body::Len(naive_len(len)?)),
        ([], [coding]) if coding.eq_ignore_ascii_case(b"chunked") && version == Version::Http11 => {
            Some(Body::Chunked)
        }
        _ => None,
    }
}

/// How the body of a response ends, by its headers; `None` if that cannot be known.
fn naive_response_body(headers: &[(String, Vec<u8>)]) -> Option<Body> {
    let mut codings: Vec<_> = elements(headers, "transfer-encoding")
        .map(<[u8]>::to_ascii_lowercase)
        .filter(|coding| coding != b"identity")
        .collect();
    codings.dedup_by(|a, b| a == b"chunked" && b == b"chunked");
    match &codings[..] {
        [] => {}
        [coding] if coding == b"chunked" => return Some(Body::Chunked),
        _ => return None,
    }
    if named(headers, "content-length").next().is_none() {
        return Some(Body::UntilClose);
    }
    let lens: Option<Vec<u64>> = elements(headers, "content-length").map(naive_len).collect();
    let lens = lens.filter(|lens| !lens.is_empty());
    let lens = lens?;
    lens.iter().all(|len| *len == lens[0]).then_some(Body::Len(lens[0]))
}

fn naive_persistent(headers: &[(String, Vec<u8>)], version: Version) -> bool {
    let mut options = named(headers, "connection").flat_map(|value| value.split(|b| *b == b','));
    version == Version::Http11 && !options.any(|option| trim(option).eq_ignore_ascii_case(b"close"))
}

/// A head that we accept means the same to `httparse`, if it accepts it. It knows neither later versions
/// than 1.1 nor lines after the start line of a response that continue no header.
fn as_httparse_reads_it(head: &[u8], got: &Head) {
    let mut slots = vec![httparse::EMPTY_HEADER; got.headers.len() + 1];
    let headers = match &got.start {
        Start::Request { method, target, .. } => {
            let mut request = httparse::Request::new(&mut slots);
            match request.parse(head) {
                Err(httparse::Error::Version) => return,
                parsed => assert_eq!(parsed, Ok(httparse::Status::Complete(head.len()))),
            }
            assert_eq!((request.method, request.path), (Some(&method[..]), Some(&target[..])));
            request.headers
        }
        Start::Response { status, .. } => {
            let mut response = httparse::Response::new(&mut slots);
            let mut config = httparse::ParserConfig::default();
            config.allow_obsolete_multiline_headers_in_responses(true);
            config.allow_spaces_after_header_name_in_responses(true);
            config.allow_multiple_spaces_in_response_status_delimiters(true);
            if config.parse_response(&mut response, head)
                != Ok(httparse::Status::Complete(head.len()))
            {
                return;
            }
            assert_eq!(response.code, Some(*status));
            response.headers
        }
    };
    // It leaves the line ends in a folded value.
    let line_ends_as_blanks = |value: &[u8]| {
        let blank = |b: &u8| if matches!(b, b'\r' | b'\n') { b' ' } else { *b };
        trim(&value.iter().map(blank).collect::<Vec<_>>()).to_vec()
    };
    let headers =
        headers.iter().map(|header| (header.name.to_owned(), line_ends_as_blanks(header.value)));
    assert!(headers.eq(got.headers.iter().cloned()));
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
        Start::Request { method, target, host, .. } => {
            let host = host.as_deref().unwrap_or("example.com");
            let writer = RequestWriter::new(method, target, host).headers(&text);
            if writer.write(&mut out).is_err() {
                let is_path = target.starts_with('/') && method != "CONNECT";
                assert!(
                    host.is_empty() || host.starts_with(':') || target.contains('#') || !is_path
                );
                assert_eq!(out, b"");
                return;
            }
            read_request(&[&out], Limits::new().max_headers(usize::MAX).max_head_len(usize::MAX))
        }
        Start::Response { status, .. } => {
            let writer = ResponseWriter::new(*status).headers(&text);
            if writer.write(&mut out).is_err() {
                assert!(!(100..=599).contains(status));
                assert_eq!(out, b"");
                return;
            }
            read_response(&[&out], Limits::new().max_headers(usize::MAX).max_head_len(usize::MAX))
        }
    };
    let (read, rest) = read.expect("it was written").expect("it is whole");
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
