//! What gRPC-Web adds: bodies in base64, blocks of trailers, and WebSocket messages.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use framewright::Chunk;
use framewright::grpc::web::{SocketDecoder, SocketPart, TextDecoder, encode_text};
use framewright::grpc::{Error, Status, StatusMessage, Timeout, Value, metadata};
use framewright::http::Headers;

use super::input::{Cuts, Input, same_however_cut, without_allocating};

/// ```text
/// | what | cuts: 4 | ...
/// ```
pub fn check(data: &[u8]) {
    let mut input = Input::new(data);
    let (what, cuts) = (input.byte(), Cuts(input.bytes()));
    match what % 4 {
        0 => text(input.rest(), cuts),
        1 => text_of(input.rest(), cuts),
        2 => block(input.rest()),
        _ => socket(input.rest(), cuts),
    }
}

/// A body in base64, up to where it is invalid.
fn text(wire: &[u8], cuts: Cuts) {
    let (bytes, verdict, finish) = same_however_cut(wire, cuts, |pieces| {
        let mut decoder = TextDecoder::new();
        let mut bytes = Vec::new();
        for piece in pieces {
            let mut piece = piece.to_vec();
            let mut input = &mut piece[..];
            loop {
                let before = input.len();
                match without_allocating(|| decoder.decode(&mut input)) {
                    Ok(Some(decoded)) => {
                        assert!(!decoded.is_empty() && input.len() < before);
                        bytes.extend_from_slice(decoded);
                    }
                    Ok(None) => break,
                    Err(e) => {
                        assert_eq!(decoder.decode(&mut &mut b"AAAA".to_owned()[..]), Err(e));
                        return (bytes, Err(e), decoder.check_eof());
                    }
                }
            }
            assert!(input.is_empty());
        }
        (bytes, Ok(()), decoder.check_eof())
    });
    let (expected, expected_verdict, complete) = naive_text(wire);
    assert_eq!((bytes, verdict), (expected, expected_verdict));
    assert_eq!(finish.is_ok(), complete || expected_verdict.is_err());
}

/// Each symbol in a wrong place is an error, and each byte is there with its last symbol.
fn naive_text(wire: &[u8]) -> (Vec<u8>, Result<(), Error>, bool) {
    const LENIENT: GeneralPurpose = GeneralPurpose::new(
        &STANDARD,
        GeneralPurposeConfig::new()
            .with_decode_padding_mode(DecodePaddingMode::Indifferent)
            .with_decode_allow_trailing_bits(true),
    );
    let mut bytes = Vec::new();
    for group in wire.chunks(4) {
        let symbol = |b: &&u8| b.is_ascii_alphanumeric() || **b == b'+' || **b == b'/';
        let symbols = group.iter().take_while(symbol).count();
        // One symbol alone is less than a byte.
        if symbols > 1 {
            bytes.extend(LENIENT.decode(&group[..symbols]).expect("these are symbols"));
        }
        let padding = &group[symbols..];
        if !padding.is_empty() && (symbols < 2 || padding.iter().any(|b| *b != b'=')) {
            return (bytes, Err(Error::Base64), false);
        }
        if group.len() < 4 {
            return (bytes, Ok(()), false);
        }
    }
    (bytes, Ok(()), true)
}

/// Bytes encoded in base64, in any pieces.
fn text_of(bytes: &[u8], cuts: Cuts) {
    let mut wire = Vec::new();
    for piece in cuts.pieces(bytes) {
        let start = wire.len();
        encode_text(piece, &mut wire).expect("a Vec has room");
        assert_eq!(
            wire[start..],
            *base64::engine::general_purpose::STANDARD.encode(piece).as_bytes()
        );
    }
    let mut decoder = TextDecoder::new();
    let mut input = &mut wire[..];
    let decoded = decoder.decode(&mut input).expect("it was encoded");
    assert_eq!(decoded.unwrap_or_default(), bytes);
    assert_eq!(decoder.check_eof(), Ok(()));
}

/// A block of trailers, and what its fields decode to.
fn block(lines: &[u8]) {
    let fields = without_allocating(|| Headers::parse_lax(lines));
    let expected = naive_fields(lines);
    assert_eq!(fields.is_some(), expected.is_some());
    let (Some(fields), Some(expected)) = (fields, expected) else { return };
    let got: Vec<_> =
        fields.iter().map(|(name, value)| (name.to_owned(), value.to_vec())).collect();
    assert_eq!(got, expected);
    for (name, value) in fields {
        assert!(fields.get_all(&name.to_ascii_uppercase()).any(|other| other == value));
        if let Some(timeout) = Timeout::parse(value) {
            let again = Timeout::parse(timeout.to_string().as_bytes());
            // The grammar has no zero.
            assert!(again == Some(timeout) || timeout.duration().is_zero());
            assert!(Timeout::from(timeout.duration()).duration() >= timeout.duration());
        }
        percent(value);
    }
    for (_, value) in metadata(fields) {
        let mut bytes = Vec::new();
        if let Value::Base64(symbols) = value {
            let decoded = value.decode(&mut bytes);
            assert!(decoded.is_ok() && is_base64(symbols), "{}", symbols.escape_ascii());
        }
    }
    for (_, value) in fields {
        let mut bytes = Vec::new();
        let decoded = Value::Base64(value).decode(&mut bytes);
        assert_eq!(decoded.is_ok(), is_base64(value), "{}", value.escape_ascii());
        assert!(decoded.is_ok() || bytes.is_empty());
    }
    let list: Vec<_> = metadata(fields).collect();
    let trailers = framewright::grpc::Trailers::new(Status::OK).metadata(&list);
    trailers.write(&mut Vec::new()).expect("metadata that came can be sent on");
    if let Some(status) = Status::parse(fields) {
        let mut again = Vec::new();
        if framewright::grpc::Trailers::new(status).write(&mut again).is_ok() {
            let fields = Headers::parse_lax(&again).expect("lines that were written");
            let read = Status::parse(fields).expect("a status was written");
            assert_eq!(read.code, status.code);
            assert_eq!(read.message.to_string(), status.message.to_string());
        }
    }
}

/// Lines of a name, a colon and a value; `None` for anything else.
fn naive_fields(lines: &[u8]) -> Option<Vec<(String, Vec<u8>)>> {
    let mut fields = Vec::new();
    let mut rest = lines.split(|b| *b == b'\n').peekable();
    while let Some(line) = rest.next() {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let after: Vec<_> = rest.clone().take(2).collect();
        // Nothing follows the last LF, and an empty line may precede it.
        if line.is_empty() && (after.is_empty() || after == [b""]) {
            break;
        }
        let colon = line.iter().position(|b| *b == b':')?;
        let (name, value) = (&line[..colon], &line[colon + 1..]);
        let tchar = |b: &u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(b);
        if name.is_empty() || !name.iter().all(tchar) {
            return None;
        }
        if value.iter().any(|b| b.is_ascii_control() && *b != b'\t') {
            return None;
        }
        let start = value.iter().position(|b| !b" \t".contains(b)).unwrap_or(value.len());
        let end = value.iter().rposition(|b| !b" \t".contains(b)).map_or(start, |last| last + 1);
        let name = str::from_utf8(name).expect("a token is ASCII").to_owned();
        fields.push((name, value[start..end].to_vec()));
    }
    Some(fields)
}

/// Percent-decoding never fails, and its result can be encoded and decoded again.
fn percent(raw: &[u8]) {
    let decoded = StatusMessage::Encoded(raw).to_string();
    let mut bytes = Vec::new();
    let mut rest = raw;
    while let [first, after @ ..] = rest {
        let hex = after.get(..2).and_then(|hex| str::from_utf8(hex).ok());
        let hex = hex.filter(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit()));
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()).filter(|_| *first == b'%') {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    assert_eq!(decoded, String::from_utf8_lossy(&bytes));
    let mut out = Vec::new();
    StatusMessage::Encoded(raw).decode(&mut out).expect("a Vec has room");
    assert_eq!(out, decoded.as_bytes());
}

/// Padding is optional, and the unused last bits do not matter.
fn is_base64(symbols: &[u8]) -> bool {
    let len = symbols.iter().position(|b| *b == b'=').unwrap_or(symbols.len());
    let (symbols, padding) = symbols.split_at(len);
    symbols.iter().all(|b| b.is_ascii_alphanumeric() || b"+/".contains(b))
        && symbols.len() % 4 != 1
        && padding.iter().all(|b| *b == b'=')
        && padding.len() <= (4 - symbols.len() % 4) % 4
}

/// WebSocket messages of a client: the head, then data, then the half-close.
fn socket(data: &[u8], cuts: Cuts) {
    let mut input = Input::new(data);
    let mut messages = Vec::new();
    while !input.is_empty() {
        messages.push(input.block());
    }
    let run = |pieces: &dyn Fn(&[u8]) -> Vec<Vec<u8>>| {
        let (mut head, mut body, mut closed) = (vec![], vec![], false);
        let mut decoder = SocketDecoder::new();
        for message in &messages {
            let pieces = pieces(message);
            let last = pieces.len() - 1;
            for (i, bytes) in pieces.iter().enumerate() {
                let chunk = Chunk { bytes, start: i == 0, end: i == last };
                match decoder.decode(chunk) {
                    Ok(None) => {}
                    Ok(Some(SocketPart::Head(chunk))) => head.extend_from_slice(chunk.bytes),
                    Ok(Some(SocketPart::Data(bytes))) => body.extend_from_slice(bytes),
                    Ok(Some(SocketPart::HalfClose)) => closed = true,
                    Err(e) => return (head, body, closed, Err(e)),
                }
            }
        }
        (head, body, closed, Ok(()))
    };
    let whole = run(&|message| vec![message.to_vec()]);
    assert_eq!(run(&|message| cuts.pieces(message).iter().map(|p| p.to_vec()).collect()), whole);
    let single = |message: &[u8]| match message {
        [] => vec![vec![]],
        _ => message.iter().map(|byte| vec![*byte]).collect(),
    };
    assert_eq!(run(&single), whole);

    let (mut head, mut body, mut closed, mut verdict) = (vec![], vec![], false, Ok(()));
    for (i, message) in messages.iter().enumerate() {
        match (i, message) {
            (0, head_bytes) => head.extend_from_slice(head_bytes),
            (_, []) => {}
            _ if closed => verdict = Err(Error::SocketHalfClosed),
            (_, [0, data @ ..]) => body.extend_from_slice(data),
            (_, [1]) => closed = true,
            (_, [byte, ..]) => verdict = Err(Error::SocketControl(*byte)),
        }
        if verdict.is_err() {
            break;
        }
    }
    assert_eq!(whole, (head, body, closed, verdict));
}
