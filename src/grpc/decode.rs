//! Decodes one direction of a stream: prefixes, and the payloads after them.
//!
//! ```text
//!             five bytes                   the last of `remaining` bytes
//!   Prefix ─────────────────▶ Payload ──────────────────────────────────▶ Prefix
//!                                │
//!                                └─────────── of the trailers ──────────▶ Ended
//!
//!   from Prefix: a flag or a length that is not allowed ──▶ Failed
//!   from Ended:  any byte ────────────────────────────────▶ Failed
//! ```

use super::{Error, Limits, Prefix};
use crate::inline::Inline;
use crate::{Chunk, OverLimit, Truncated};

/// Splits a peer's bytes into messages, and checks every rule.
///
/// It takes any split of the bytes, and returns every piece of a message at once, however short. It
/// holds a partial prefix, but never payload.
///
/// ```
/// use framewright::grpc::{Decoder, Limits};
///
/// let mut decoder = Decoder::new(Limits::new());
/// let mut input = &b"\0\0\0\0\x05Hello"[..];
/// while let Some(part) = decoder.decode(&mut input)? {
///     assert_eq!((part.chunk().bytes, part.chunk().is_whole()), (&b"Hello"[..], true));
/// }
/// assert!(input.is_empty()); // it always is: nothing is left to keep or to move
/// decoder.check_eof().expect("nothing was cut off");
/// # Ok::<(), framewright::grpc::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Decoder {
    limits: Limits,
    /// The flags that a message may have.
    flags: u8,
    expected: Expected,
    state: State,
}

/// Bytes of a message, or of what stands in place of one, and where in it they fall.
///
/// [`Decoder`] has an example.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Part<'a> {
    pub(super) frame: Frame,
    pub(super) compressed: bool,
    pub(super) chunk: Chunk<'a>,
}

impl<'a> Part<'a> {
    /// What the bytes belong to: a message, unless the decoder was told to expect more.
    pub const fn frame(&self) -> Frame {
        self.frame
    }

    /// Whether the message is compressed, with the encoding that was negotiated.
    pub const fn is_compressed(&self) -> bool {
        self.compressed
    }

    /// The bytes, and where in the message they fall.
    #[inline]
    pub const fn chunk(&self) -> Chunk<'a> {
        self.chunk
    }
}

/// What follows a prefix.
///
/// ```
/// use framewright::grpc::{Decoder, Frame, Limits};
///
/// let mut decoder = Decoder::new(Limits::new()).with_trailers();
/// let mut input = &b"\x80\0\0\0\x10grpc-status: 0\r\n"[..];
/// let part = decoder.decode(&mut input)?.expect("it is whole");
/// assert_eq!(part.frame(), Frame::Trailers);
/// # Ok::<(), framewright::grpc::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Frame {
    /// A message.
    Message,
    /// The trailers of a response in gRPC-Web (PROTOCOL-WEB, *Message framing*), for
    /// [`Headers::parse_lax`](crate::http::Headers::parse_lax). Nothing follows them.
    Trailers,
    /// The head of a response in gRPC-Web over WebSocket, for
    /// [`Headers::parse_lax`](crate::http::Headers::parse_lax). It comes first. If it has a status, it
    /// is all that comes.
    Head,
}

impl Decoder {
    /// A decoder of messages and nothing else, as they are in gRPC in both directions, and in
    /// requests of gRPC-Web.
    pub const fn new(limits: Limits) -> Self {
        Self { limits, flags: 0, expected: Expected::Message, state: State::BETWEEN }
    }

    /// Expects trailers after the messages, as in a response of gRPC-Web.
    #[must_use]
    pub const fn with_trailers(mut self) -> Self {
        self.expected = Expected::MessageOrTrailers;
        self
    }

    /// Expects a head before the messages and trailers after them, as in a response of gRPC-Web over
    /// WebSocket.
    #[must_use]
    pub const fn with_head_and_trailers(mut self) -> Self {
        self.expected = Expected::Head;
        self
    }

    /// Sets whether messages may be compressed: whether `grpc-encoding` named an encoding other
    /// than `identity` (compression.md).
    #[must_use]
    pub const fn accept_compressed(mut self, allowed: bool) -> Self {
        self.flags = if allowed { Prefix::COMPRESSED } else { 0 };
        self
    }

    /// Decodes the next part, advancing `input` past it.
    ///
    /// `None` means that every byte of `input` was taken and more are needed.
    ///
    /// # Errors
    ///
    /// The peer broke a rule or a limit. All parts before the offending byte were returned. The error
    /// is final, and `input` is advanced to its end.
    #[inline]
    pub fn decode<'a>(&mut self, input: &mut &'a [u8]) -> Result<Option<Part<'a>>, Error> {
        // The most frequent case takes one step and leaves no trace.
        match self.whole_message(input) {
            Some(part) => Ok(Some(part)),
            None => self.decode_any(input),
        }
    }

    /// Bytes of payload that the current frame still lacks: 0 between frames.
    ///
    /// A driver may read that many bytes straight to where they belong, and decode them there.
    pub const fn payload_remaining(&self) -> u64 {
        match self.state {
            State::Payload { remaining, .. } => remaining as u64,
            _ => 0,
        }
    }

    /// Checks whether the stream may end here: not inside a prefix or what follows it.
    pub const fn check_eof(&self) -> Result<(), Truncated> {
        match &self.state {
            State::Prefix(bytes) if !bytes.as_slice().is_empty() => Err(Truncated),
            State::Payload { .. } => Err(Truncated),
            State::Prefix(_) | State::Ended | State::Failed(_) => Ok(()),
        }
    }

    /// Takes a whole message off `input`, if there is one. Anything else stays.
    #[inline]
    pub(super) fn whole_message<'a>(&self, input: &mut &'a [u8]) -> Option<Part<'a>> {
        let State::Prefix(gathered) = &self.state else { return None };
        let (prefix, rest) = input.split_first_chunk::<{ Prefix::LEN }>()?;
        let Prefix { flags, len } = Prefix::parse(*prefix);
        if !gathered.is_empty()
            || flags & !self.flags != 0
            || u64::from(len) > self.limits.max_message_len
            || self.expected == Expected::Head
        {
            return None;
        }
        let (bytes, rest) = rest.split_at_checked(usize::try_from(len).ok()?)?;
        *input = rest;
        let chunk = Chunk::whole(bytes);
        Some(Part { frame: Frame::Message, compressed: flags != 0, chunk })
    }

    fn decode_any<'a>(&mut self, input: &mut &'a [u8]) -> Result<Option<Part<'a>>, Error> {
        loop {
            match &mut self.state {
                State::Prefix(bytes) => {
                    bytes.fill_from(input);
                    let bytes = *bytes;
                    match (self.check(&bytes), bytes.as_array()) {
                        (Ok(frame), Some(prefix)) => self.state = State::payload(*prefix, frame),
                        (Ok(_), None) => return Ok(None),
                        (Err(e), _) => return self.fail(e, input),
                    }
                }
                State::Payload { remaining, .. } if input.is_empty() && *remaining > 0 => {
                    return Ok(None);
                }
                State::Payload { frame, compressed, start, remaining } => {
                    let len = usize::try_from(*remaining).unwrap_or(usize::MAX).min(input.len());
                    let bytes = input.split_off(..len).unwrap_or_default();
                    // `len` is at most `remaining`, so the conversion cannot fail.
                    *remaining -= u32::try_from(len).unwrap_or_default();
                    let end = *remaining == 0;
                    let chunk = Chunk { bytes, start: *start, end };
                    let part = Part { frame: *frame, compressed: *compressed, chunk };
                    *start = false;
                    if end {
                        self.end_frame(part.frame);
                    }
                    return Ok(Some(part));
                }
                State::Ended if input.is_empty() => return Ok(None),
                State::Ended => return self.fail(Error::AfterTrailers, input),
                State::Failed(e) => {
                    *input = &[];
                    return Err(*e);
                }
            }
        }
    }

    /// Checks the bytes of a prefix that are there, in their order, so that the result does not depend
    /// on how many there are.
    fn check(&self, bytes: &[u8]) -> Result<Frame, Error> {
        let Some(&flags) = bytes.first() else { return Ok(Frame::Message) };
        let frame = match (self.expected, flags & !Prefix::COMPRESSED) {
            (Expected::Message | Expected::MessageOrTrailers, 0) => Frame::Message,
            (Expected::MessageOrTrailers, Prefix::TRAILERS) => Frame::Trailers,
            (Expected::Head, Prefix::TRAILERS) => Frame::Head,
            (Expected::Head, 0) => return Err(Error::HeadMissing),
            _ => return Err(Error::FlagsUnknown(flags)),
        };
        if flags & Prefix::COMPRESSED & !self.flags != 0 {
            return Err(Error::CompressedUnexpected);
        }
        let Ok(prefix) = bytes.try_into() else { return Ok(frame) };
        let len = u64::from(Prefix::parse(prefix).len);
        match frame {
            Frame::Message if len > self.limits.max_message_len => {
                Err(Error::MessageTooLong(OverLimit::new(len, self.limits.max_message_len)))
            }
            Frame::Head | Frame::Trailers if len > self.limits.max_trailers_len => {
                Err(Error::TrailersTooLong(OverLimit::new(len, self.limits.max_trailers_len)))
            }
            _ => Ok(frame),
        }
    }

    /// Goes on after the end of a frame.
    fn end_frame(&mut self, frame: Frame) {
        self.state = match frame {
            Frame::Trailers => State::Ended,
            Frame::Message | Frame::Head => State::BETWEEN,
        };
        if frame == Frame::Head {
            self.expected = Expected::MessageOrTrailers;
        }
    }

    #[cold]
    fn fail<'a>(&mut self, error: Error, input: &mut &'a [u8]) -> Result<Option<Part<'a>>, Error> {
        self.state = State::Failed(error);
        *input = &[];
        Err(error)
    }
}

/// What the next prefix may announce.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Expected {
    Message,
    MessageOrTrailers,
    Head,
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// In a prefix, or before it: the bytes of it that have come.
    Prefix(Inline<{ Prefix::LEN }>),
    /// After a prefix that is allowed, at the first byte of the payload if `start`.
    Payload {
        frame: Frame,
        compressed: bool,
        start: bool,
        remaining: u32,
    },
    /// After the trailers.
    Ended,
    Failed(Error),
}

impl State {
    const BETWEEN: Self = Self::Prefix(Inline::EMPTY);

    const fn payload(prefix: [u8; Prefix::LEN], frame: Frame) -> Self {
        let Prefix { flags, len } = Prefix::parse(prefix);
        let compressed = flags & Prefix::COMPRESSED != 0;
        Self::Payload { frame, compressed, start: true, remaining: len }
    }
}
