//! Event streams, as `eventsource-stream` reads them.
//!
//! Where it differs:
//!
//! * Only streams of UTF-8 are compared. The standard replaces other bytes by U+FFFD.
//! * Streams that begin with a byte order mark are not compared. The standard strips it.
//! * It waits for the byte after a CR before it ends the line. So the line is late, and lost at the
//!   end of the stream. Streams that end in a CR are not compared.

use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use eventsource_stream::EventStream;
use futures_core::Stream;

use crate::checks::common::sse::{Got, event, read};
use crate::checks::input::{Cuts, Input};

/// The input has the layout of the target's input.
pub fn check(data: &[u8]) {
    let mut input = Input::new(data);
    let cuts = Cuts(input.bytes());
    let _limits: [u8; 4] = input.bytes();
    let len = u16::from_be_bytes(input.bytes());
    let stream = input.take(len.into());
    let marked = stream.starts_with("\u{FEFF}".as_bytes());
    if str::from_utf8(stream).is_err() || marked || stream.ends_with(b"\r") {
        return;
    }
    let (got, _) = read(&[stream]);
    let ours: Vec<_> = got.into_iter().filter(|got| matches!(got, Got::Event { .. })).collect();
    let pieces: Vec<Vec<u8>> = cuts.pieces(stream).iter().map(|piece| piece.to_vec()).collect();
    let mut theirs = Vec::new();
    let mut events = EventStream::new(Pieces(pieces.into_iter()));
    let mut context = Context::from_waker(Waker::noop());
    // Nothing is ever pending.
    while let Poll::Ready(Some(next)) = Pin::new(&mut events).poll_next(&mut context) {
        let next = next.expect("it is UTF-8");
        theirs.push(event(&next.event, &next.data, &next.id));
    }
    assert_eq!(theirs, ours);
}

struct Pieces(std::vec::IntoIter<Vec<u8>>);

impl Stream for Pieces {
    type Item = Result<Vec<u8>, std::convert::Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(self.0.next().map(Ok))
    }
}
