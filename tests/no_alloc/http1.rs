//! Bodies cost no memory, whether they come or are only announced (T2, T3).

use crate::counting::allocations;
use framewright::http1::{Body, BodyDecoder, Decoded, Error, Limits, ResponseWriter};
use framewright::{Buffer, SliceBuf};

/// Decodes `bytes` in pieces, and returns the number of bytes in the body.
fn decode(body: Body, bytes: &mut [u8], len: usize) -> Result<usize, Error> {
    let mut decoder = BodyDecoder::new(body, Limits::new());
    let mut got = 0;
    for mut piece in bytes.chunks_mut(len) {
        while let Decoded::Part(part) = decoder.decode(&mut piece)? {
            got += part.bytes.len();
        }
    }
    Ok(got)
}

#[test]
fn neither_a_body_nor_an_announced_length_nor_an_error_allocates() {
    let mut chunks = b"5;a=\"b\"\r\nhello\r\n".repeat(1000);
    let mut trailers = [&b"0\r\n"[..], &b"A: b\r\n".repeat(60), b"\r\n"].concat();
    let mut claim = *b"7FFFFFFFFFFFFFFF\r\n!";
    let mut endless = b"0\r\nA: ".to_vec();
    endless.resize(100_000, b'b');
    let mut flood = b"1;extension\r\nx\r\n".repeat(10_000);
    let count = allocations(|| {
        assert_eq!(decode(Body::Chunked, &mut chunks, 7), Ok(5000));
        assert_eq!(decode(Body::Chunked, &mut trailers, 7), Ok(0));
        assert_eq!(decode(Body::Chunked, &mut claim, 7), Ok(1));
        assert_eq!(decode(Body::Len(u64::MAX), &mut claim, 7), Ok(19));
        assert_eq!(
            decode(Body::Chunked, &mut endless, 7),
            Err(Error::HeadTooLong { limit: 16 << 10 })
        );
        let too_long = Error::ChunkExtensionsTooLong { limit: 16 << 10 };
        assert_eq!(decode(Body::Chunked, &mut flood, 7), Err(too_long));
    });
    assert_eq!(count, 0);
}

#[test]
fn a_response_in_chunks_is_written_to_a_slice() {
    let mut storage = [0; 256];
    let count = allocations(|| {
        let mut out = SliceBuf::new(&mut storage);
        let mut encoder = ResponseWriter::new(200).begin(Body::Chunked, &mut out).unwrap();
        encoder.encode(b"hello", &mut out).unwrap();
        encoder.finish(&[("A", "b")], &mut out).unwrap();
        assert!(out.as_slice().ends_with(b"\r\n5\r\nhello\r\n0\r\nA: b\r\n\r\n"));
    });
    assert_eq!(count, 0);
}
