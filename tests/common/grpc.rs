//! Builds and decodes gRPC messages for the tests.

use framewright::grpc::{Decoder, Error, Frame};

/// A frame, whole or as far as it has come.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Got {
    pub frame: Frame,
    pub compressed: bool,
    pub bytes: Vec<u8>,
    pub end: bool,
}

/// Decodes `pieces`, and joins the parts of each frame, but never holds one back.
pub fn decode(mut decoder: Decoder, pieces: &[&[u8]]) -> (Vec<Got>, Result<(), Error>) {
    let mut got: Vec<Got> = Vec::new();
    for piece in pieces {
        let mut input = *piece;
        loop {
            let before = input.len();
            let remaining = decoder.payload_remaining();
            let part = match decoder.decode(&mut input) {
                Ok(Some(part)) => part,
                Ok(None) => {
                    assert!(input.is_empty(), "None means that all was taken");
                    break;
                }
                Err(e) => {
                    assert!(input.is_empty());
                    assert_eq!(decoder.decode(&mut &[0; 5][..]), Err(e), "an error is final");
                    assert_eq!(decoder.check_eof(), Ok(()), "and no truncation");
                    return (got, Err(e));
                }
            };
            let (frame, compressed, chunk) = (part.frame(), part.is_compressed(), part.chunk());
            assert!(input.len() < before || chunk.end && remaining == 0, "progress");
            if chunk.start {
                assert!(got.last().is_none_or(|got| got.end));
                got.push(Got { frame, compressed, bytes: Vec::new(), end: false });
            }
            let last = got.last_mut().expect("a frame begins with its first part");
            assert_eq!((last.frame, last.compressed, last.end), (frame, compressed, false));
            last.bytes.extend_from_slice(chunk.bytes);
            last.end = chunk.end;
        }
    }
    (got, Ok(()))
}

/// A frame as the document draws it, built byte by byte.
pub fn frame(flags: u8, payload: impl AsRef<[u8]>) -> Vec<u8> {
    let payload = payload.as_ref();
    let len = payload.len();
    let mut bytes = vec![flags, (len >> 24) as u8, (len >> 16) as u8, (len >> 8) as u8, len as u8];
    bytes.extend_from_slice(payload);
    bytes
}
