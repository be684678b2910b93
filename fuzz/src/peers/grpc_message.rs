//! gRPC messages, as `tonic` reads a request.
//!
//! Where it differs:
//!
//! * It accepts a stream that ends right after a prefix, although the message is missing.
//! * It checks a flag or a length when the whole prefix is there. Where we refuse one, it may still
//!   wait for the rest, and then report that the stream was cut off.

use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use bytes::{Buf, Bytes};
use framewright::Truncated;
use framewright::grpc::{Decoder, Limits, Prefix};
use futures_core::Stream;
use http_body::{Body, Frame};
use tonic::codec::{DecodeBuf, Decoder as TheirDecoder, Streaming};

use crate::checks::common::grpc::decode;
use crate::checks::grpc_message::Rules;
use crate::checks::input::{Cuts, Input};

/// The input has the layout of the target's input.
pub fn check(data: &[u8]) {
    let mut input = Input::new(data);
    let rules = Rules::of(&mut input);
    let cuts = Cuts(input.bytes());
    let wire = input.rest();

    // It reserves memory for the announced length.
    let max_len = rules.max_message_len.min(64 * 1024);
    let mut decoder = Decoder::new(Limits::new().max_message_len(max_len));
    let (ours, verdict) = decode(decoder.clone(), &[wire]);
    let whole: Vec<_> = ours.iter().filter(|got| got.end).map(|got| got.bytes.clone()).collect();
    let (theirs, end) = read_by_tonic(cuts.pieces(wire), max_len as usize);
    assert_eq!(theirs, whole);
    let mut input = wire;
    while let Ok(Some(_)) = decoder.decode(&mut input) {}
    let taken: usize = whole.iter().map(|message| Prefix::LEN + message.len()).sum();
    match (verdict, decoder.check_eof()) {
        (Err(_), _) => assert!(end.is_err()),
        (Ok(()), Ok(())) => assert!(end.is_ok()),
        (Ok(()), Err(Truncated)) => assert_eq!(end.is_ok(), wire.len() == taken + Prefix::LEN),
    }
}

fn read_by_tonic(pieces: Vec<&[u8]>, max_len: usize) -> (Vec<Vec<u8>>, Result<(), tonic::Status>) {
    let pieces: Vec<_> = pieces.into_iter().map(Bytes::copy_from_slice).collect();
    let body = Pieces(pieces.into_iter());
    let mut stream = Streaming::new_request(Raw, body, None, Some(max_len));
    let mut context = Context::from_waker(Waker::noop());
    let mut messages = Vec::new();
    loop {
        match Pin::new(&mut stream).poll_next(&mut context) {
            Poll::Ready(Some(Ok(message))) => messages.push(message),
            Poll::Ready(Some(Err(status))) => return (messages, Err(status)),
            Poll::Ready(None) => return (messages, Ok(())),
            Poll::Pending => unreachable!("all that will come is there"),
        }
    }
}

/// A codec whose messages are bytes.
struct Raw;

impl TheirDecoder for Raw {
    type Item = Vec<u8>;
    type Error = tonic::Status;

    fn decode(&mut self, buf: &mut DecodeBuf<'_>) -> Result<Option<Vec<u8>>, tonic::Status> {
        Ok(Some(buf.copy_to_bytes(buf.remaining()).to_vec()))
    }
}

struct Pieces(std::vec::IntoIter<Bytes>);

impl Body for Pieces {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        Poll::Ready(self.0.next().map(|piece| Ok(Frame::data(piece))))
    }
}
