//! Decodes the body of a message, however it is framed.

use core::fmt;

use super::Body;
use super::chunked::Chunked;
use super::take::take;
use crate::debug::Payload;
use crate::http1::{Error, Limits};
use crate::{Buffer, BufferFull, Chunk, OverLimit, Truncated};

/// Decodes the body that follows the head of a message. It checks every rule and every length, and joins
/// chunks (§6, §7).
///
/// It takes any split of the bytes, and returns what has come of a body at once, however little. It
/// holds numbers, but never a byte. What follows the body stays in the input: that is the next message,
/// for the next [`HeadReader::read_request`](crate::http1::HeadReader::read_request).
///
/// Trailers are checked like headers. [`decode`](Self::decode) then drops them, as §7.1.2 allows, and
/// [`decode_with_trailers`](Self::decode_with_trailers) keeps them.
///
/// ```text
///           ┌───────┐ bytes of the body
///           ▼       │
///   Len, Chunked, UntilClose ── last part ──▶ Complete      (UntilClose has no last part)
///           │
///           └── a rule or a limit is broken ──▶ Failed
/// ```
///
/// ```
/// use framewright::http1::{Body, BodyDecoder, Decoded, Limits};
///
/// let mut decoder = BodyDecoder::new(Body::Chunked, Limits::new());
/// let mut bytes = *b"5\r\nhello\r\n0\r\n\r\nHTTP/1.1 200 OK";
/// let mut input = &mut bytes[..];
/// let mut body = Vec::new();
/// loop {
///     match decoder.decode(&mut input)? {
///         Decoded::Part(part) => body.extend_from_slice(part.bytes),
///         Decoded::NeedMore => break, // every byte was taken: read on
///         Decoded::Complete => break,
///     }
/// }
/// assert_eq!(body, b"hello");
/// assert_eq!(input, b"HTTP/1.1 200 OK");
/// # Ok::<(), framewright::http1::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct BodyDecoder {
    limits: Limits,
    /// Whether the message is a response, whose trailers may be as old servers write them.
    is_response: bool,
    /// Whether a part was returned.
    started: bool,
    state: State,
}

/// What a [`BodyDecoder`] found in the input.
#[derive(Debug, Eq, PartialEq)]
pub enum Decoded<'a> {
    /// A part of the body.
    Part(BodyPart<'a>),
    /// Nothing: every byte of the input was taken, and more are needed.
    NeedMore,
    /// Nothing: the last part was returned before. What is in the input follows the body.
    Complete,
}

/// Bytes of a body, and where they fall in it.
///
/// They need not be a chunk of a chunked body. Only the last part may be empty. They are mutable like the
/// input, so that the caller can decode in place what the body carries. Each protocol takes them in one
/// line:
///
/// | the body carries | its input |
/// |---|---|
/// | an event stream | `let mut input = &*part.bytes;` |
/// | gRPC-Web, in either form | `let mut input = call.decode_text_in_place(part.bytes);` |
/// | one message | `assembler.push(part.into())?` |
///
/// ```
/// use framewright::http1::{Body, BodyDecoder, BodyPart, Decoded, Limits};
///
/// let mut decoder = BodyDecoder::new(Body::Len(5), Limits::new());
/// let mut bytes = *b"hel"; // what has come so far
/// let Decoded::Part(part) = decoder.decode(&mut &mut bytes[..])? else { panic!() };
/// let BodyPart { bytes, start, end } = part;
/// assert_eq!((&*bytes, start, end), (&b"hel"[..], true, false));
/// # Ok::<(), framewright::http1::Error>(())
/// ```
#[derive(Eq, PartialEq)]
pub struct BodyPart<'a> {
    /// The bytes themselves, borrowed from the input.
    pub bytes: &'a mut [u8],
    /// Whether these are the first bytes of the body.
    pub start: bool,
    /// Whether these are the last bytes of the body. A body that is [`Body::UntilClose`] has no last
    /// part: it ends with the stream.
    pub end: bool,
}

/// The same bytes, shared, as an [`Assembler`](crate::Assembler) takes them.
impl<'a> From<BodyPart<'a>> for Chunk<'a> {
    fn from(part: BodyPart<'a>) -> Self {
        Self { bytes: part.bytes, start: part.start, end: part.end }
    }
}

impl fmt::Debug for BodyPart<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BodyPart")
            .field("bytes", &Payload(self.bytes))
            .field("start", &self.start)
            .field("end", &self.end)
            .finish()
    }
}

impl BodyDecoder {
    /// A decoder for one body, framed as the head before it said.
    ///
    /// It reads the trailers of a response as strictly as those of a request.
    /// [`new_response`](Self::new_response) does not.
    pub const fn new(body: Body, limits: Limits) -> Self {
        let state = match body {
            Body::Len(len) if len > limits.max_body_len => {
                State::Failed(Error::BodyTooLong(OverLimit::new(len, limits.max_body_len)))
            }
            Body::Len(remaining) => State::Len { remaining },
            Body::Chunked => State::Chunked(Chunked::new(&limits)),
            Body::UntilClose => State::UntilClose { room: limits.max_body_len },
        };
        Self { limits, is_response: false, started: false, state }
    }

    /// A decoder for the body of a response.
    ///
    /// Its trailers are read like the head of a response: a line may be folded or end in LF alone, and
    /// blanks may precede a colon (§5.1, §5.2).
    pub const fn new_response(body: Body, limits: Limits) -> Self {
        Self { is_response: true, ..Self::new(body, limits) }
    }

    /// Decodes the next part, advancing `input` past it.
    ///
    /// The last part comes with the last byte of the body's framing. A body without any byte or framing
    /// has an empty last part, which the first call returns, whatever the input.
    ///
    /// # Errors
    ///
    /// The peer broke a rule or a limit. All parts before the offending byte were returned before.
    /// The error is final, and the whole input is taken, because the start of the next message is
    /// unknown.
    #[inline]
    pub fn decode<'a>(&mut self, input: &mut &'a mut [u8]) -> Result<Decoded<'a>, Error> {
        self.decode_keeping(input, |_| Ok(()))
    }

    /// Decodes the next part like [`decode`](Self::decode), and appends trailers to `storage` as they come.
    ///
    /// `storage` has to be empty at first, and the same in each call. After the last part,
    /// [`Headers::parse_lax`](crate::http::Headers::parse_lax) reads it. Only a body in chunks can have
    /// trailers. They are not headers: what says how to read a message means nothing among them
    /// (RFC 9110 §6.5.1).
    ///
    /// ```
    /// use framewright::http::Headers;
    /// use framewright::http1::{Body, BodyDecoder, Decoded, Limits};
    ///
    /// let mut decoder = BodyDecoder::new(Body::Chunked, Limits::new());
    /// let mut storage = Vec::new();
    /// let mut bytes = *b"5\r\nhello\r\n0\r\nDigest: sha-256=LPJN\r\n\r\n";
    /// let mut input = &mut bytes[..];
    /// while let Decoded::Part(_) = decoder.decode_with_trailers(&mut input, &mut storage)? {}
    /// assert!(decoder.is_complete());
    /// let trailers = Headers::parse_lax(&storage).expect("they were checked");
    /// assert_eq!(trailers.get("digest"), Some(&b"sha-256=LPJN"[..]));
    /// # Ok::<(), framewright::http1::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`decode`](Self::decode), and [`Error::BufferFull`] if `storage` has no room.
    pub fn decode_with_trailers<'a>(
        &mut self,
        input: &mut &'a mut [u8],
        storage: &mut impl Buffer,
    ) -> Result<Decoded<'a>, Error> {
        self.decode_keeping(input, |bytes| storage.try_append(bytes))
    }

    #[inline]
    fn decode_keeping<'a>(
        &mut self,
        input: &mut &'a mut [u8],
        keep_trailers: impl FnMut(&[u8]) -> Result<(), BufferFull>,
    ) -> Result<Decoded<'a>, Error> {
        let taken = match &mut self.state {
            State::Len { remaining } => {
                Ok(take(remaining, input).map(|bytes| (bytes, *remaining == 0)))
            }
            State::Chunked(chunked) => {
                chunked.take(&self.limits, self.is_response, input, keep_trailers)
            }
            State::UntilClose { .. } if input.is_empty() => Ok(None),
            State::UntilClose { room: 0 } => {
                let limit = self.limits.max_body_len;
                let len = limit.saturating_add(1);
                Err(Error::BodyTooLong(OverLimit::new(len, limit)))
            }
            State::UntilClose { room } => Ok(take(room, input).map(|bytes| (bytes, false))),
            State::Complete => return Ok(Decoded::Complete),
            State::Failed(e) => Err(*e),
        };
        match taken {
            Ok(None) => Ok(Decoded::NeedMore),
            Ok(Some((bytes, end))) => {
                let start = !self.started;
                self.started = true;
                if end {
                    self.state = State::Complete;
                }
                Ok(Decoded::Part(BodyPart { bytes, start, end }))
            }
            Err(e) => {
                self.state = State::Failed(e);
                *input = &mut [];
                Err(e)
            }
        }
    }

    /// Whether the last part was returned: what is left in the input follows the body.
    pub const fn is_complete(&self) -> bool {
        matches!(self.state, State::Complete)
    }

    /// How many bytes the body, or its current chunk, still lacks; 0 if that is not known.
    ///
    /// A driver may read that many bytes straight to where they belong, and decode them there.
    pub const fn payload_remaining(&self) -> u64 {
        match &self.state {
            State::Len { remaining } => *remaining,
            State::Chunked(chunked) => chunked.payload_remaining(),
            _ => 0,
        }
    }

    /// Checks that the stream may end here: not inside the body (§8).
    pub const fn check_eof(&self) -> Result<(), Truncated> {
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
    /// In a body that has this many bytes more.
    Len {
        remaining: u64,
    },
    Chunked(Chunked),
    /// In a body that may have this many bytes more.
    UntilClose {
        room: u64,
    },
    /// After the last part.
    Complete,
    Failed(Error),
}
