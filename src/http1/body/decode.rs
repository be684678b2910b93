use super::chunked::Chunked;
use crate::http1::{Body, Error, Limits};
use crate::{Chunk, Truncated};

/// Takes a message's body out of what follows the head: lengths minded, chunks joined, every rule
/// checked (§6, §7).
///
/// It takes any split of the bytes, and gives out what has come of a body at once, however little.
/// It holds numbers, but never a byte. What follows the body is left in the input: that is the next
/// message, for the next [`HeadReader::read_request`](crate::http1::HeadReader::read_request).
///
/// Trailers are checked as headers are and then ignored, as §7.1.2 allows.
///
/// ```
/// use framewright::http1::{Body, BodyDecoder, Limits};
///
/// let mut decoder = BodyDecoder::new(Body::Chunked, Limits::new());
/// let mut bytes = *b"5\r\nhello\r\n0\r\n\r\nHTTP/1.1 200 OK";
/// let mut input = &mut bytes[..];
/// let mut body = Vec::new();
/// while let Some(part) = decoder.decode(&mut input)? {
///     body.extend_from_slice(part.bytes);
/// }
/// assert_eq!(body, b"hello");
/// assert!(decoder.is_complete());
/// assert_eq!(input, b"HTTP/1.1 200 OK");
/// # Ok::<(), framewright::http1::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct BodyDecoder {
    limits: Limits,
    /// Whether a part was given out.
    started: bool,
    state: State,
}

/// Bytes of a body, and where in it they fall.
///
/// They have nothing to do with the chunks of a chunked body, and are mutable as the input is, for
/// who decodes in place what the body carries. An empty part is only ever the last.
#[derive(Debug, Eq, PartialEq)]
pub struct Part<'a> {
    /// The bytes themselves, borrowed from the input.
    pub bytes: &'a mut [u8],
    /// Whether these are the first bytes of the body.
    pub start: bool,
    /// Whether these are the last bytes of the body. One that is [`Body::UntilClose`] has no last
    /// part: it ends with the stream.
    pub end: bool,
}

impl<'a> Part<'a> {
    /// The same to be only looked at, as an [`Assembler`](crate::Assembler) takes it.
    pub const fn into_chunk(self) -> Chunk<'a> {
        Chunk { bytes: self.bytes, start: self.start, end: self.end }
    }
}

impl BodyDecoder {
    /// A decoder for one body, as the head before it announced it.
    pub const fn new(body: Body, limits: Limits) -> Self {
        let state = match body {
            Body::Len(len) if len > limits.max_body_len => State::Failed(Error::BodyTooLong),
            Body::Len(remaining) => State::Len { remaining },
            Body::Chunked => State::Chunked(Chunked::new(&limits)),
            Body::UntilClose => State::UntilClose { room: limits.max_body_len },
        };
        Self { limits, started: false, state }
    }

    /// Decodes the next part, advancing `input` past it.
    ///
    /// `None` means that every byte of `input` was taken and more are needed; or that the last part
    /// was given out before, and nothing more is taken. The last part comes with the last byte of
    /// the body's framing, and if that has none, at the first call, whatever the input.
    ///
    /// # Errors
    ///
    /// The peer broke a rule or a limit. All parts before the offending byte have been given out by
    /// then. The error is final, and `input` is taken as a whole: nobody knows where in it the next
    /// message begins.
    #[inline]
    pub fn decode<'a>(&mut self, input: &mut &'a mut [u8]) -> Result<Option<Part<'a>>, Error> {
        let taken = match &mut self.state {
            State::Len { remaining } => {
                Ok(take(remaining, input).map(|bytes| (bytes, *remaining == 0)))
            }
            State::Chunked(chunked) => chunked.take(&self.limits, input),
            State::UntilClose { .. } if input.is_empty() => Ok(None),
            State::UntilClose { room: 0 } => Err(Error::BodyTooLong),
            State::UntilClose { room } => Ok(take(room, input).map(|bytes| (bytes, false))),
            State::Complete => Ok(None),
            State::Failed(e) => Err(*e),
        };
        match taken {
            Ok(None) => Ok(None),
            Ok(Some((bytes, end))) => {
                let start = !self.started;
                self.started = true;
                if end {
                    self.state = State::Complete;
                }
                Ok(Some(Part { bytes, start, end }))
            }
            Err(e) => {
                self.state = State::Failed(e);
                *input = &mut [];
                Err(e)
            }
        }
    }

    /// Whether the last part was given out: what is left in the input is no longer the body's.
    pub const fn is_complete(&self) -> bool {
        matches!(self.state, State::Complete)
    }

    /// Bytes that the body, or the chunk in hand, still lacks; 0 if that is not known.
    ///
    /// A driver may read as many straight to where they belong, and decode them there.
    pub const fn payload_remaining(&self) -> u64 {
        match &self.state {
            State::Len { remaining } => *remaining,
            State::Chunked(chunked) => chunked.payload_remaining(),
            _ => 0,
        }
    }

    /// Tells whether the stream may end here: not inside the body (§8).
    pub const fn finish(&self) -> Result<(), Truncated> {
        match self.state {
            State::Len { remaining: 0 }
            | State::UntilClose { .. }
            | State::Complete
            | State::Failed(_) => Ok(()),
            State::Len { .. } | State::Chunked(_) => Err(Truncated),
        }
    }
}

#[derive(Clone, Debug)]
enum State {
    /// In a body of so many more bytes.
    Len {
        remaining: u64,
    },
    Chunked(Chunked),
    /// In a body that may have so many more bytes.
    UntilClose {
        room: u64,
    },
    /// Behind the last part.
    Complete,
    Failed(Error),
}

/// Takes as much off `input` as there is, and off what remains.
///
/// `None` means that there is none although more is to come.
#[inline]
pub(super) fn take<'a>(remaining: &mut u64, input: &mut &'a mut [u8]) -> Option<&'a mut [u8]> {
    if input.is_empty() && *remaining > 0 {
        return None;
    }
    let len = usize::try_from(*remaining).unwrap_or(usize::MAX).min(input.len());
    *remaining -= len as u64;
    input.split_off_mut(..len)
}
