use super::{Error, Limits, Prefix};
use crate::{Chunk, Truncated};

/// Takes a peer's bytes apart: prefixes off, payloads given out, every rule checked.
///
/// It takes any split of the bytes, and gives out what has come of a message at once, however
/// little. It holds a partial prefix, but never payload.
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
    next: Next,
    state: State,
}

/// Bytes of a message, or of what stands in place of one, and where in it they fall.
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

/// What comes after a prefix.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Frame {
    /// A message.
    Message,
    /// The trailers of a response in gRPC-Web (PROTOCOL-WEB, *Message framing*), for
    /// [`Fields::parse`](super::Fields::parse). Nothing follows them.
    Trailers,
    /// The head of a response in gRPC-Web over WebSocket, for
    /// [`Fields::parse`](super::Fields::parse). It comes first. If it has a status, then it is all
    /// that comes.
    Head,
}

impl Decoder {
    /// A decoder of gRPC in both directions, and of requests in gRPC-Web: messages and nothing
    /// else.
    pub const fn new(limits: Limits) -> Self {
        Self { limits, flags: 0, next: Next::Message, state: State::BETWEEN }
    }

    /// Expects trailers behind the messages, as a response in gRPC-Web has them.
    #[must_use]
    pub const fn with_trailers(mut self) -> Self {
        self.next = Next::MessageOrTrailers;
        self
    }

    /// Expects a head before the messages and trailers behind them, as a response in gRPC-Web over
    /// WebSocket has them.
    #[must_use]
    pub const fn with_head_and_trailers(mut self) -> Self {
        self.next = Next::Head;
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
    /// The peer broke a rule or a limit. All parts before the offending byte have been given out by
    /// then. The error is final, and `input` is taken as a whole.
    #[inline]
    pub fn decode<'a>(&mut self, input: &mut &'a [u8]) -> Result<Option<Part<'a>>, Error> {
        // The most frequent case takes one step and leaves no trace.
        match self.whole_message(input) {
            Some(part) => Ok(Some(part)),
            None => self.decode_any(input),
        }
    }

    /// Bytes of payload that the frame in hand still lacks: 0 between frames.
    ///
    /// A driver may read as many straight to where they belong, and decode them there.
    pub const fn payload_remaining(&self) -> u64 {
        match self.state {
            State::Payload { remaining, .. } => remaining as u64,
            _ => 0,
        }
    }

    /// Tells whether the stream may end here: not inside a prefix or what follows it.
    pub const fn check_eof(&self) -> Result<(), Truncated> {
        match self.state {
            State::Prefix { len: 0, .. } | State::Ended | State::Failed(_) => Ok(()),
            _ => Err(Truncated),
        }
    }

    /// Takes a whole message off `input`, if there is one. Anything else is left alone.
    #[inline]
    pub(super) fn whole_message<'a>(&self, input: &mut &'a [u8]) -> Option<Part<'a>> {
        let State::Prefix { len: 0, .. } = self.state else { return None };
        let (prefix, rest) = input.split_first_chunk::<{ Prefix::LEN }>()?;
        let Prefix { flags, len } = Prefix::parse(*prefix);
        if flags & !self.flags != 0
            || u64::from(len) > self.limits.max_message_len
            || self.next == Next::Head
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
                State::Prefix { bytes, len } => {
                    let complete = gather(bytes, len, input);
                    let (bytes, len) = (*bytes, *len);
                    match self.check(bytes, len) {
                        Ok(frame) if complete => self.state = State::payload(bytes, frame),
                        Ok(_) => return Ok(None),
                        Err(e) => return self.fail(e, input),
                    }
                }
                State::Payload { frame, compressed, start, remaining } => {
                    if input.is_empty() && *remaining > 0 {
                        return Ok(None);
                    }
                    let len = usize::try_from(*remaining).unwrap_or(usize::MAX).min(input.len());
                    let bytes = input.split_off(..len).unwrap_or_default();
                    // It is not more than what remains.
                    *remaining -= u32::try_from(len).unwrap_or_default();
                    let end = *remaining == 0;
                    let chunk = Chunk { bytes, start: *start, end };
                    let part = Part { frame: *frame, compressed: *compressed, chunk };
                    *start = false;
                    if end {
                        self.behind(part.frame);
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

    /// Checks a prefix as far as its first `len` bytes go, in their order, so that the verdict does
    /// not depend on how many are there.
    fn check(&self, bytes: [u8; Prefix::LEN], len: u8) -> Result<Frame, Error> {
        if len == 0 {
            return Ok(Frame::Message);
        }
        let Prefix { flags, len: payload } = Prefix::parse(bytes);
        let frame = match (self.next, flags & !Prefix::COMPRESSED) {
            (Next::Message | Next::MessageOrTrailers, 0) => Frame::Message,
            (Next::MessageOrTrailers, Prefix::TRAILERS) => Frame::Trailers,
            (Next::Head, Prefix::TRAILERS) => Frame::Head,
            (Next::Head, 0) => return Err(Error::HeadMissing),
            _ => return Err(Error::FlagsUnknown(flags)),
        };
        if flags & Prefix::COMPRESSED & !self.flags != 0 {
            return Err(Error::CompressedUnexpected);
        }
        let payload = u64::from(payload);
        if usize::from(len) == Prefix::LEN {
            match frame {
                Frame::Message if payload > self.limits.max_message_len => {
                    return Err(Error::MessageTooLong { len: payload });
                }
                Frame::Head | Frame::Trailers if payload > self.limits.max_trailers_len => {
                    return Err(Error::TrailersTooLong { len: payload });
                }
                _ => {}
            }
        }
        Ok(frame)
    }

    fn behind(&mut self, frame: Frame) {
        self.state = match frame {
            Frame::Trailers => State::Ended,
            Frame::Message | Frame::Head => State::BETWEEN,
        };
        if frame == Frame::Head {
            self.next = Next::MessageOrTrailers;
        }
    }

    #[cold]
    fn fail<'a>(&mut self, error: Error, input: &mut &'a [u8]) -> Result<Option<Part<'a>>, Error> {
        self.state = State::Failed(error);
        *input = &[];
        Err(error)
    }
}

/// What may come after the frame in hand.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Next {
    Message,
    MessageOrTrailers,
    Head,
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// The first bytes of a prefix, none at first.
    Prefix {
        bytes: [u8; Prefix::LEN],
        len: u8,
    },
    /// Behind a prefix that follows the rules, at the payload's first byte if `start`.
    Payload {
        frame: Frame,
        compressed: bool,
        start: bool,
        remaining: u32,
    },
    /// Behind the trailers.
    Ended,
    Failed(Error),
}

impl State {
    const BETWEEN: Self = Self::Prefix { bytes: [0; Prefix::LEN], len: 0 };

    const fn payload(prefix: [u8; Prefix::LEN], frame: Frame) -> Self {
        let Prefix { flags, len } = Prefix::parse(prefix);
        let compressed = flags & Prefix::COMPRESSED != 0;
        Self::Payload { frame, compressed, start: true, remaining: len }
    }
}

/// Moves bytes of a prefix from `input` behind those that came before; tells whether it is
/// complete.
fn gather(bytes: &mut [u8; Prefix::LEN], len: &mut u8, input: &mut &[u8]) -> bool {
    for to in bytes.iter_mut().skip(usize::from(*len)) {
        let Some(from) = input.split_off_first() else { return false };
        *to = *from;
        *len += 1;
    }
    true
}
