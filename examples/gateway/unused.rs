//! Bodies of requests that have no use for one.

use framewright::Buffer;
use framewright::http1::{BodyDecoder, Decoded, Error, Limits, Request};

use crate::output::Output;
use crate::peer::State;

/// The longest body that is read only to be ignored.
const MAX_LEN: u64 = 64 * 1024;

/// A body that is read to its end, because the next request begins there, and the answer that waits
/// for that end.
///
/// The answer waits because it says whether the connection goes on. A bad body would end it.
pub struct Unused {
    body: BodyDecoder,
    answer: Output,
    /// The state of the connection after the answer.
    next: State,
}

impl Unused {
    /// Holds back `answer` until the end of the request's body.
    pub fn new(request: &Request<'_>, answer: Output, next: State) -> Self {
        let limits = Limits::new().max_body_len(MAX_LEN);
        Self { body: BodyDecoder::new(request.body(), limits), answer, next }
    }

    /// Receives a piece of the body. Returns whether that was the last.
    pub fn receive(&mut self, input: &mut &mut [u8]) -> Result<bool, Error> {
        loop {
            match self.body.decode(input)? {
                Decoded::Part(_) => {}
                Decoded::NeedMore => return Ok(false),
                Decoded::Complete => return Ok(true),
            }
        }
    }

    /// Writes the answer, and returns the state that comes with it.
    pub fn finish(self, out: &mut Output) -> State {
        out.try_append(self.answer.as_slice()).expect("a Vec has room");
        self.next
    }
}
