//! Heads and bodies of HTTP/1.1 for the tests.

use framewright::http1::{Body, BodyDecoder, Decoded, Error, Limits};
use framewright::{OverLimit, Truncated};

/// A reader that sees the whole stream and follows the rules for requests in the plainest way.
pub fn naive_end(bytes: &[u8], max_headers: usize) -> Result<Option<usize>, Error> {
    match bytes {
        [21 | 22] => return Ok(None), // perhaps TLS
        [21 | 22, 3, ..] => return Err(Error::Tls),
        _ => {}
    }
    let mut lines = 0;
    let mut line = Vec::new();
    for (i, &byte) in bytes.iter().enumerate() {
        let after_cr = line.last() == Some(&b'\r');
        match byte {
            b'\n' if !after_cr => return Err(Error::BareLf),
            b'\n' if line.len() > 1 => {
                lines += 1;
                if lines > max_headers + 1 {
                    return Err(Error::TooManyHeaders { limit: max_headers });
                }
                line.clear();
            }
            b'\n' if lines > 0 => return Ok(Some(i + 1)),
            b'\n' if i > 1 => return Err(Error::RequestLine),
            b'\n' => line.clear(),
            _ if after_cr => return Err(Error::BareCr),
            b'\t' | b'\r' => line.push(byte),
            0..32 | 127 => return Err(Error::ControlByte),
            _ => line.push(byte),
        }
    }
    Ok(None)
}

/// The length of the head of a response: to its first empty line, which may end in LF alone. The lines of
/// a field that is folded count as one.
pub fn naive_response_end(bytes: &[u8], max_headers: usize) -> Result<Option<usize>, Error> {
    match bytes {
        [21 | 22] => return Ok(None), // perhaps TLS
        [21 | 22, 3, ..] => return Err(Error::Tls),
        _ => {}
    }
    let (mut lines, mut len) = (0, 0);
    for line in bytes.split_inclusive(|b| *b == b'\n') {
        let (text, end) = self::line(line);
        match end {
            [] | [b'\r'] | [b'\r', b'\n'] | [b'\n'] => {}
            [b'\r', ..] => return Err(Error::BareCr),
            _ => return Err(Error::ControlByte),
        }
        if !line.ends_with(b"\n") {
            break;
        }
        len += line.len();
        match text {
            [] if lines == 0 => return Err(Error::StatusLine),
            [] => return Ok(Some(len)),
            [b' ' | b'\t', ..] if lines > 1 => {}
            _ => lines += 1,
        }
        if lines > max_headers + 1 {
            return Err(Error::TooManyHeaders { limit: max_headers });
        }
    }
    Ok(None)
}

/// The body so far, and what followed it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Got {
    pub body: Vec<u8>,
    pub rest: Vec<u8>,
    pub result: Result<State, Error>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum State {
    Complete,
    /// It goes on, and an end here would cut it off.
    Truncated,
    /// It goes on, but may end here.
    Open,
}

pub fn decode(body: Body, limits: Limits, pieces: &[&[u8]]) -> Got {
    let mut decoder = BodyDecoder::new(body, limits);
    let mut got = Got { body: vec![], rest: vec![], result: Ok(State::Open) };
    let mut started = false;
    for piece in pieces {
        let mut bytes = piece.to_vec();
        let mut input = &mut bytes[..];
        loop {
            let (before, was_complete) = (input.len(), decoder.is_complete());
            match decoder.decode(&mut input) {
                Ok(Decoded::Part(part)) => {
                    assert!(!was_complete, "nothing comes after the last part");
                    assert!(part.end || !part.bytes.is_empty(), "only the last may be empty");
                    assert_eq!(part.start, !started);
                    started = true;
                    got.body.extend_from_slice(part.bytes);
                    let end = part.end;
                    assert!(input.len() < before || end && body == Body::Len(0), "progress");
                    assert_eq!(end, decoder.is_complete());
                }
                Ok(Decoded::Complete) => {
                    assert!(was_complete && input.len() == before, "nothing more is taken");
                    break;
                }
                Ok(Decoded::NeedMore) => {
                    assert!(!was_complete && input.is_empty(), "all was taken");
                    break;
                }
                Err(e) => {
                    assert!(input.is_empty());
                    let again = decoder.decode(&mut &mut b"5\r\nhello"[..].to_owned()[..]).err();
                    assert_eq!(again, Some(e), "an error is final");
                    assert_eq!(decoder.check_eof(), Ok(()), "it was the peer, not the stream");
                    got.result = Err(e);
                    return got;
                }
            }
        }
        got.rest.extend_from_slice(input);
    }
    got.result = Ok(match decoder.check_eof() {
        Ok(()) if decoder.is_complete() => State::Complete,
        Ok(()) => State::Open,
        Err(Truncated) => State::Truncated,
    });
    got
}

/// The rules of chunks for a reader that sees the whole stream, written only to be readable.
pub fn naive(limits: &NaiveLimits, mut bytes: &[u8]) -> Got {
    let mut got = Got { body: vec![], rest: vec![], result: Ok(State::Truncated) };
    let mut extensions = 0;
    loop {
        let (line, end) = line(bytes);
        let digits = line.iter().take_while(|b| b.is_ascii_hexdigit()).count();
        let blanks = line[digits..].iter().take_while(|b| matches!(b, b' ' | b'\t')).count();
        let extension = &line[digits + blanks..];
        let value = |len| i64::from_str_radix(str::from_utf8(&line[..len]).unwrap(), 16);
        let too_large = (1..=digits).find(|len| value(*len).is_err()).map(|len| len - 1);
        let missing = digits == 0 && (!line.is_empty() || end.first() == Some(&b'\r'));
        let wrong = (missing || !matches!(extension, [] | [b';', ..])).then_some(digits + blanks);
        let wrong = if missing { Some(0) } else { too_large.or(wrong) };
        // All but 16 digits pads the size.
        let padded = digits.min(16) + limits.extensions.saturating_sub(extensions) as usize;
        let error = match wrong {
            Some(at) if at <= padded => Some(Error::ChunkSize),
            _ if padded < line.len() => {
                Some(Error::ChunkExtensionsTooLong { limit: limits.extensions })
            }
            _ => None,
        };
        if let Some(e) = error {
            return Got { result: Err(e), ..got };
        }
        extensions += (line.len() - digits.min(16)) as u64;
        let size = if digits == 0 { 0 } else { value(digits).unwrap() as u64 };
        if end.first() == Some(&b'\r') && in_quotes(extension) {
            return Got { result: Err(Error::ChunkExtension), ..got };
        }
        bytes = match line_end(end) {
            Ok(Some(rest)) => rest,
            Ok(None) => return got,
            Err(e) => return Got { result: Err(e), ..got },
        };
        if size == 0 {
            break;
        }
        extensions = extensions.saturating_sub(size);
        if got.body.len() as u64 + size > limits.body {
            let over = OverLimit::new(got.body.len() as u64 + size, limits.body);
            return Got { result: Err(Error::BodyTooLong(over)), ..got };
        }
        let (data, rest) = bytes.split_at(size.min(bytes.len() as u64) as usize);
        got.body.extend(data);
        let result = match (data.len() as u64 == size, rest) {
            (false, _) | (true, [] | [b'\r']) => Ok(State::Truncated),
            (true, [b'\r' | b'\n', ..] | [0..=8 | 11..=31 | 127, ..]) => match line_end(rest) {
                Ok(_) => {
                    bytes = &rest[2..];
                    continue;
                }
                Err(e) => Err(e),
            },
            _ => Err(Error::ChunkEnd),
        };
        return Got { result, ..got };
    }
    let within = &bytes[..limits.trailers.min(bytes.len())];
    match naive_trailers(limits.lines, within) {
        Ok(None) if within.len() < bytes.len() => {
            got.result = Err(Error::HeadTooLong { limit: limits.trailers })
        }
        Ok(None) => {}
        Ok(Some(rest)) => {
            got.rest = bytes[within.len() - rest.len()..].to_vec();
            got.result = Ok(State::Complete);
        }
        Err(e) => got.result = Err(e),
    }
    got
}

/// The bytes after the trailers, if the trailers have ended.
fn naive_trailers(max_lines: usize, mut bytes: &[u8]) -> Result<Option<&[u8]>, Error> {
    let tchar = |b: &u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(b);
    for lines in 0.. {
        let (line, end) = line(bytes);
        if line.is_empty() {
            return line_end(end);
        }
        if !tchar(&line[0]) {
            return Err(Error::Header);
        }
        if lines == max_lines {
            return Err(Error::TooManyHeaders { limit: max_lines });
        }
        let name = line.split(|b| *b == b':').next().unwrap();
        if !name.iter().all(tchar) || name == line && end.first() == Some(&b'\r') {
            return Err(Error::Header);
        }
        let Some(rest) = line_end(end)? else { return Ok(None) };
        bytes = rest;
    }
    unreachable!("there are not as many lines")
}

/// Splits before the first control byte that is not a tab: such a byte can end a line.
fn line(bytes: &[u8]) -> (&[u8], &[u8]) {
    let control = |b: &u8| *b != b'\t' && b.is_ascii_control();
    bytes.split_at(bytes.iter().position(control).unwrap_or(bytes.len()))
}

/// The bytes after the end of a line, if there is one.
fn line_end(bytes: &[u8]) -> Result<Option<&[u8]>, Error> {
    match bytes {
        [] | [b'\r'] => Ok(None),
        [b'\r', b'\n', rest @ ..] => Ok(Some(rest)),
        [b'\r', ..] => Err(Error::BareCr),
        [b'\n', ..] => Err(Error::BareLf),
        _ => Err(Error::ControlByte),
    }
}

fn in_quotes(text: &[u8]) -> bool {
    let (mut open, mut escaped) = (false, false);
    for byte in text {
        (open, escaped) = match byte {
            _ if escaped => (true, false),
            b'"' => (!open, false),
            b'\\' => (open, open),
            _ => (open, false),
        };
    }
    open
}

#[derive(Clone, Copy, Debug)]
pub struct NaiveLimits {
    pub body: u64,
    pub extensions: u64,
    pub trailers: usize,
    pub lines: usize,
}

impl From<NaiveLimits> for Limits {
    fn from(limits: NaiveLimits) -> Self {
        Self::new()
            .max_body_len(limits.body)
            .max_chunk_extensions_len(limits.extensions)
            .max_head_len(limits.trailers)
            .max_headers(limits.lines)
    }
}

pub const WIDE: NaiveLimits =
    NaiveLimits { body: u64::MAX >> 1, extensions: 1 << 14, trailers: 1 << 14, lines: 64 };
