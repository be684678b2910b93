//! Bodies of HTTP/1.1, in chunks and otherwise, against a naive reader of the whole stream; and the
//! output of an encoder.

use framewright::OverLimit;
use framewright::http::{Headers, NO_FIELDS};
use framewright::http1::{Body, BodyDecoder, BodyEncoder, Decoded, Error, Limits};

use super::common::http1::{Got, NaiveLimits, State, decode, naive};
use super::input::{Cuts, Input, same_however_cut, without_allocating};

/// ```text
/// | form | length | limits: body, extensions, trailers, lines | cuts: 4 | wire ...
/// ```
pub fn check(data: &[u8]) {
    let mut input = Input::new(data);
    let (form, len) = (input.byte(), input.limit());
    let limits = NaiveLimits {
        body: input.limit() >> 1,
        extensions: input.byte().into(),
        trailers: input.byte().into(),
        lines: (input.byte() % 16).into(),
    };
    let cuts = Cuts(input.bytes());
    let wire = input.rest();
    let body = match form % 4 {
        0 => Body::Len(len),
        1 => Body::UntilClose,
        _ => Body::Chunked,
    };

    let got = same_however_cut(wire, cuts, |pieces| decode(body, limits.into(), pieces));
    let expected = match body {
        Body::Len(len) => of_length(len, &limits, wire),
        Body::Chunked => naive(&limits, wire),
        Body::UntilClose => until_close(&limits, wire),
    };
    assert_eq!(got, expected);
    if got.result == Ok(State::Complete) && body == Body::Chunked {
        trailers_are_the_same_lines(wire, cuts, limits);
    }
    if body == Body::Chunked {
        a_response_is_read_no_worse(wire, cuts, limits, &got);
    }
    without_allocating(|| {
        let mut decoder = BodyDecoder::new(body, limits.into());
        let mut chunk = [0; 64];
        for piece in wire.chunks(chunk.len()) {
            let chunk = &mut chunk[..piece.len()];
            chunk.copy_from_slice(piece);
            let mut input = chunk;
            while let Ok(Decoded::Part(_)) = decoder.decode(&mut input) {}
        }
    });
    comes_back(&got.body, cuts);
}

fn of_length(len: u64, limits: &NaiveLimits, wire: &[u8]) -> Got {
    let mut got = Got { body: vec![], rest: vec![], result: Ok(State::Truncated) };
    if len > limits.body {
        got.result = Err(Error::BodyTooLong(OverLimit::new(len, limits.body)));
        return got;
    }
    let (body, rest) = wire.split_at(wire.len().min(len as usize));
    (got.body, got.rest) = (body.to_vec(), rest.to_vec());
    if body.len() as u64 == len {
        // An empty body is complete at the first call, and with no piece there is no call.
        got.result = Ok(State::Complete);
    }
    got
}

fn until_close(limits: &NaiveLimits, wire: &[u8]) -> Got {
    let len = usize::try_from(limits.body).unwrap_or(usize::MAX);
    let body = &wire[..wire.len().min(len)];
    let result = if body.len() == wire.len() {
        Ok(State::Open)
    } else {
        Err(Error::BodyTooLong(OverLimit::new(limits.body + 1, limits.body)))
    };
    Got { body: body.to_vec(), rest: vec![], result }
}

/// Read as that of a response, a body that is valid in a request is the same, and no cut makes a
/// difference either.
fn a_response_is_read_no_worse(wire: &[u8], cuts: Cuts, limits: NaiveLimits, strict: &Got) {
    let lax = same_however_cut(wire, cuts, |pieces| {
        let mut decoder = BodyDecoder::new_response(Body::Chunked, limits.into());
        let (mut body, mut rest, mut storage) = (vec![], vec![], vec![]);
        for piece in pieces {
            let mut piece = piece.to_vec();
            let mut input = &mut piece[..];
            loop {
                match decoder.decode_with_trailers(&mut input, &mut storage) {
                    Ok(Decoded::Part(part)) => body.extend_from_slice(part.bytes),
                    Ok(Decoded::NeedMore | Decoded::Complete) => break,
                    Err(e) => return (body, Err(e)),
                }
            }
            rest.extend_from_slice(input);
        }
        (body, Ok((rest, decoder.is_complete(), storage)))
    });
    if let Ok(state) = strict.result {
        let (body, read) = lax;
        let (rest, complete, storage) = read.expect("it is laxer");
        assert_eq!((body, rest), (strict.body.clone(), strict.rest.clone()));
        assert_eq!(complete, state == State::Complete);
        let lines = storage.iter().filter(|b| **b == b'\n').count();
        assert!(!complete || lines == count_trailers(&storage), "a line is a trailer");
    }
}

fn count_trailers(lines: &[u8]) -> usize {
    Headers::parse_lax(lines).expect("they were checked").iter().count()
}

/// Trailers come out as `httparse` reads them.
fn trailers_are_the_same_lines(wire: &[u8], cuts: Cuts, limits: NaiveLimits) {
    let storage = same_however_cut(wire, cuts, |pieces| {
        let mut decoder = BodyDecoder::new(Body::Chunked, limits.into());
        let mut storage = vec![];
        for piece in pieces {
            let mut piece = piece.to_vec();
            let mut input = &mut piece[..];
            let mut decode = || decoder.decode_with_trailers(&mut input, &mut storage);
            while let Ok(Decoded::Part(_)) = decode() {}
        }
        assert!(decoder.is_complete());
        let count = count_trailers(&storage);
        assert!(count <= limits.lines && storage.len() + 2 <= limits.trailers.max(2));
        storage
    });
    assert!(
        wire.windows(storage.len() + 4)
            .any(|lines| lines == [b"\r\n", &storage[..], b"\r\n"].concat())
    );
    let lines = [&storage[..], b"\r\n"].concat();
    let mut slots = [httparse::EMPTY_HEADER; 16];
    let (_, theirs) = httparse::parse_headers(&lines, &mut slots).expect("it is valid").unwrap();
    let ours = Headers::parse_lax(&storage).expect("it is valid");
    assert!(ours.iter().eq(theirs.iter().map(|header| (header.name, header.value))));
}

/// A body that is written in pieces decodes to the same, in every form.
fn comes_back(content: &[u8], cuts: Cuts) {
    for body in [Body::Len(content.len() as u64), Body::Chunked, Body::UntilClose] {
        let mut encoder = BodyEncoder::new(body);
        let mut wire = Vec::new();
        for piece in cuts.pieces(content) {
            assert_eq!(encoder.encode(piece, &mut wire), Ok(()));
        }
        assert_eq!(encoder.finish(NO_FIELDS, &mut wire), Ok(()));
        let result = if body == Body::UntilClose { State::Open } else { State::Complete };
        let expected = Got { body: content.to_vec(), rest: vec![], result: Ok(result) };
        assert_eq!(decode(body, Limits::new(), &[&wire]), expected);
    }
}
