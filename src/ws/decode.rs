use core::mem;

use super::header::{First, Second};
use super::{CompressedChunk, Error, FrameHeader, Kind, Limits, Mask, Opcode, Role, TextChunk};
use crate::utf8::Seam;
use crate::{Chunk, Truncated};

/// Takes a peer's bytes apart: headers off, payloads unmasked in place, every rule checked.
///
/// It takes any split of the bytes, and gives out what has come of a payload at once, however
/// little. It holds a partial header, but never payload.
///
/// ```
/// use framewright::ws::{Decoder, Limits, Part, Role};
///
/// let mut decoder = Decoder::new(Role::Server, Limits::new());
/// let mut bytes = *b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"; // §5.7
/// let mut input = &mut bytes[..];
/// while let Some(part) = decoder.decode(&mut input)? {
///     let Part::Text(text) = part else { unreachable!() };
///     assert_eq!(text.as_str(), Some("Hello"));
/// }
/// assert!(input.is_empty()); // it always is: nothing is left to keep or to move
/// decoder.check_eof().expect("nothing was cut off");
/// # Ok::<(), framewright::ws::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Decoder {
    rules: Rules,
    /// The message under way, if there is one.
    message: Progress,
    /// The frame whose header came last.
    frame: Frame,
    state: State,
}

/// Bytes of a message or of a control frame, and where in it they fall.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Part<'a> {
    /// Of a text message, over all its frames (§5.6).
    Text(TextChunk<'a>),
    /// Of a binary message, over all its frames (§5.6).
    Binary(Chunk<'a>),
    /// Of a compressed message, over all its frames (RFC 7692 §6.2). There is none before
    /// [`Decoder::accept_compressed`].
    Compressed(CompressedChunk<'a>),
    /// Of a ping (§5.5.2).
    Ping(Chunk<'a>),
    /// Of a pong (§5.5.3).
    Pong(Chunk<'a>),
    /// Of a close frame (§5.5.1): status code and reason, which
    /// [`CloseFrame::parse`](super::CloseFrame::parse) reads.
    ///
    /// It ends the stream: the decoder takes and ignores whatever comes after it (§1.4). A
    /// [`Connection`](super::Connection) does not give it out, but
    /// [`Event::Close`](super::Event::Close).
    Close(Chunk<'a>),
}

impl<'a> Part<'a> {
    /// The bytes, and where in their message or control frame they fall.
    #[inline]
    pub const fn chunk(&self) -> Chunk<'a> {
        match self {
            Self::Text(text) => text.chunk(),
            Self::Compressed(compressed) => compressed.chunk(),
            Self::Binary(chunk) | Self::Ping(chunk) | Self::Pong(chunk) | Self::Close(chunk) => {
                *chunk
            }
        }
    }

    /// What the message is made of; `None` for a control frame.
    pub const fn kind(&self) -> Option<Kind> {
        match self {
            Self::Text(_) => Some(Kind::Text),
            Self::Binary(_) => Some(Kind::Binary),
            Self::Compressed(compressed) => Some(compressed.kind()),
            Self::Ping(_) | Self::Pong(_) | Self::Close(_) => None,
        }
    }
}

impl Decoder {
    /// A decoder for the end of the connection that has `role`, of what the other end sends.
    pub const fn new(role: Role, limits: Limits) -> Self {
        let rules = Rules::new(role, limits);
        Self { rules, message: Progress::NONE, frame: Frame::NONE, state: State::Between }
    }

    /// Accepts compressed messages too, as was agreed in the opening handshake: those whose first
    /// frame has RSV1 set (RFC 7692 §6).
    ///
    /// [`Part::Compressed`] has their bytes, with RSV1's meaning left to whoever has to inflate them.
    #[must_use]
    pub const fn accept_compressed(mut self, accept: bool) -> Self {
        self.rules.compressed = accept;
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
    #[inline(always)]
    pub fn decode<'a>(&mut self, input: &mut &'a mut [u8]) -> Result<Option<Part<'a>>, Error> {
        self.decode_as(self.rules.role, input)
    }

    /// Decodes the next part as [`decode`](Self::decode) does, for a caller that knows the decoder's
    /// role when it is compiled.
    #[inline(always)]
    pub(super) fn decode_as<'a>(
        &mut self,
        role: Role,
        input: &mut &'a mut [u8],
    ) -> Result<Option<Part<'a>>, Error> {
        let part = if let Some((kind, mut mask, bytes)) = self.message_at_hand(role, input) {
            Progress::new(kind, false).part(bytes, mask.as_mut(), true)
        } else if let Some((first, mask, bytes)) = self.fragment_at_hand(role, input) {
            self.fragment_part(first, mask, bytes)
        } else if let Some(bytes) = self.payload(input) {
            self.part(bytes)
        } else {
            return self.error().map_or(Ok(None), Err);
        };
        match part {
            Ok(part) => Ok(Some(part)),
            Err(possible) => {
                self.fail(Error::InvalidUtf8, input);
                match possible.chunk().bytes {
                    [] => Err(Error::InvalidUtf8),
                    _ => Ok(Some(Part::Text(possible))),
                }
            }
        }
    }

    /// Takes a message off `input` if it is the most frequent case: one frame, all there, of no more
    /// than 64 KiB, and not compressed. It takes one step and leaves no trace.
    ///
    /// Anything else is left alone.
    #[inline(always)]
    fn message_at_hand<'a>(
        &self,
        role: Role,
        input: &mut &'a mut [u8],
    ) -> Option<(Kind, Option<Mask>, &'a mut [u8])> {
        let kind = match input.first()? {
            0x81 if self.message.frames == 0 => Kind::Text,
            0x82 if self.message.frames == 0 => Kind::Binary,
            _ => return None,
        };
        let (mask, bytes) = self.payload_at_hand(role, 0, input)?;
        Some((kind, mask, bytes))
    }

    /// Takes the next fragment of a message off `input` if it is all there and as short, and does
    /// not begin a compressed message. Gives the frame's first byte along with it.
    ///
    /// An empty one, which has nothing to say unless it is the last, is left alone too.
    #[inline(always)]
    fn fragment_at_hand<'a>(
        &self,
        role: Role,
        input: &mut &'a mut [u8],
    ) -> Option<(u8, Option<Mask>, &'a mut [u8])> {
        let (first, frames) = (*input.first()?, self.message.frames);
        let ((0x01 | 0x02, 0) | (0x00 | 0x80, 1..)) = (first, frames) else { return None };
        if frames >= self.rules.limits.max_fragments {
            return None;
        }
        // With as many more at most, the message stays within its limit.
        if self.rules.limits.max_message_len.saturating_sub(self.message.len) < 0xFFFF {
            return None;
        }
        let (mask, bytes) = self.payload_at_hand(role, 1, input)?;
        Some((first, mask, bytes))
    }

    /// Takes a frame off `input` if its payload has `min` to 65 535 bytes, all there, and no more
    /// than a whole message may have. The first byte is for the caller to judge.
    #[inline(always)]
    fn payload_at_hand<'a>(
        &self,
        role: Role,
        min: u8,
        input: &mut &'a mut [u8],
    ) -> Option<(Option<Mask>, &'a mut [u8])> {
        let State::Between = self.state else { return None };
        let &[_, second, ref rest @ ..] = &**input else { return None };
        let second = match role {
            Role::Server => second ^ 0x80,
            Role::Client => second,
        };
        let (len, rest, header_len) = if (min..=125).contains(&second) {
            (u16::from(second), rest, 2)
        } else if let (126, Some((len, rest))) = (second, rest.split_first_chunk()) {
            (u16::from_be_bytes(*len), rest, 4)
        } else {
            return None;
        };
        if len > self.rules.max_len_at_hand || header_len == 4 && len < 126 {
            return None;
        }
        let (mask, header_len) = match role {
            Role::Server => (Some(Mask::new(*rest.first_chunk::<4>()?)), header_len + 4),
            Role::Client => (None, header_len),
        };
        let frame = input.split_off_mut(..header_len + usize::from(len))?;
        Some((mask, frame.get_mut(header_len..)?))
    }

    /// The part that is a fragment's whole payload.
    #[inline(always)]
    fn fragment_part<'a>(
        &mut self,
        first: u8,
        mut mask: Option<Mask>,
        bytes: &'a mut [u8],
    ) -> Result<Part<'a>, TextChunk<'a>> {
        match first {
            0x01 => self.message = Progress::new(Kind::Text, false),
            0x02 => self.message = Progress::new(Kind::Binary, false),
            _ => {}
        }
        self.message.add_frame(bytes.len() as u64);
        let end = first == 0x80;
        let part = self.message.part(bytes, mask.as_mut(), end);
        if end {
            self.message = Progress::NONE;
        }
        part
    }

    /// Takes the next bytes of a payload off `input`, behind any headers before them.
    ///
    /// `None` means that all of `input` was taken: more is needed, or the decoder has failed.
    fn payload<'a>(&mut self, input: &mut &'a mut [u8]) -> Option<&'a mut [u8]> {
        loop {
            if let State::Payload = self.state {
                let bytes = self.frame.take_payload(input)?;
                // An empty fragment has nothing to say unless it is the last.
                if !bytes.is_empty() || self.frame.fin {
                    return Some(bytes);
                }
                self.state = State::Between;
            }
            if let State::Between = self.state
                && let Ok(Some((frame, len))) = self.rules.check(&self.message, input)
            {
                advance(input, len);
                self.begin(frame);
            } else if !self.partial_header(input) {
                return None;
            }
        }
    }

    /// Takes a header that does not begin or does not end in `input`, or is not in order; tells
    /// whether there is a payload behind it.
    #[cold]
    fn partial_header(&mut self, input: &mut &mut [u8]) -> bool {
        if let State::Between = self.state
            && !input.is_empty()
        {
            self.state = State::Header { bytes: [0; FrameHeader::MAX_LEN], len: 0 };
        }
        let State::Header { bytes, len } = &mut self.state else {
            *input = &mut [];
            return false;
        };
        let before = usize::from(*len);
        for (to, from) in bytes.iter_mut().skip(before).zip(input.iter()) {
            *to = *from;
            *len += 1;
        }
        let header = bytes.get(..usize::from(*len)).unwrap_or_default();
        match self.rules.check(&self.message, header) {
            Ok(Some((frame, len))) => {
                advance(input, len - before);
                self.begin(frame);
                true
            }
            Ok(None) => {
                *input = &mut [];
                false
            }
            Err(e) => {
                self.fail(e, input);
                false
            }
        }
    }

    /// The part with `bytes`, which were taken off the payload of the frame in hand.
    ///
    /// If they are no text, then as far as they could be.
    #[inline(always)]
    fn part<'a>(&mut self, bytes: &'a mut [u8]) -> Result<Part<'a>, TextChunk<'a>> {
        let over = self.frame.remaining == 0;
        if over {
            self.state = State::Between;
        }
        let start = mem::replace(&mut self.frame.start, false);
        if !self.frame.opcode.is_control() {
            let end = over && self.frame.fin;
            let part = self.message.part(bytes, self.frame.mask.as_mut(), end);
            if end {
                self.message = Progress::NONE;
            }
            return part;
        }
        if let Some(mask) = &mut self.frame.mask {
            mask.apply(bytes);
        }
        let chunk = Chunk { bytes, start, end: over };
        Ok(match self.frame.opcode {
            Opcode::Ping => Part::Ping(chunk),
            Opcode::Pong => Part::Pong(chunk),
            _ => {
                if over {
                    self.state = State::Closed;
                }
                Part::Close(chunk)
            }
        })
    }

    /// Bytes of payload that the frame in hand still lacks: 0 between frames.
    ///
    /// A driver may read as many straight to where they belong, and decode them there.
    pub const fn payload_remaining(&self) -> u64 {
        match self.state {
            State::Payload => self.frame.remaining,
            _ => 0,
        }
    }

    /// Tells whether the stream may end here: not inside a frame or a fragmented message.
    pub const fn check_eof(&self) -> Result<(), Truncated> {
        match self.state {
            State::Between | State::Closed if self.message.frames == 0 => Ok(()),
            State::Failed(_) => Ok(()),
            _ => Err(Truncated),
        }
    }

    /// What made decoding fail, even if the part before it was given out just now.
    pub const fn error(&self) -> Option<Error> {
        match self.state {
            State::Failed(e) => Some(e),
            _ => None,
        }
    }

    /// Goes on to the payload behind a header.
    #[inline]
    fn begin(&mut self, frame: Frame) {
        match frame.opcode {
            Opcode::Text => self.message = Progress::new(Kind::Text, frame.compressed),
            Opcode::Binary => self.message = Progress::new(Kind::Binary, frame.compressed),
            _ => {}
        }
        if !frame.opcode.is_control() {
            self.message.add_frame(frame.remaining);
        }
        self.frame = frame;
        self.state = State::Payload;
    }

    /// Fails for what somebody found in the parts given out.
    pub(super) const fn fail_for(&mut self, error: Error) {
        self.state = State::Failed(error);
    }

    #[cold]
    fn fail(&mut self, error: Error, input: &mut &mut [u8]) {
        self.fail_for(error);
        *input = &mut [];
    }
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// Between frames.
    Between,
    /// In a header: its first bytes.
    Header {
        bytes: [u8; FrameHeader::MAX_LEN],
        len: u8,
    },
    /// In the payload of the frame in hand.
    Payload,
    /// Behind a close frame.
    Closed,
    Failed(Error),
}

/// How far a data message has come.
#[derive(Clone, Copy, Debug)]
struct Progress {
    kind: Kind,
    compressed: bool,
    /// Whether a part of it was given out.
    started: bool,
    /// Where its text stands.
    seam: Seam,
    /// Number of its frames: none if there is no message under way.
    frames: u32,
    /// Length of its frames in bytes, as announced.
    len: u64,
}

impl Progress {
    const NONE: Self = Self::new(Kind::Binary, false);

    #[inline]
    const fn new(kind: Kind, compressed: bool) -> Self {
        Self { kind, compressed, started: false, seam: Seam::Boundary, frames: 0, len: 0 }
    }

    /// Counts the next frame, of which `len` bytes were announced.
    #[inline]
    const fn add_frame(&mut self, len: u64) {
        self.frames = self.frames.saturating_add(1);
        self.len = self.len.saturating_add(len);
    }

    /// The part with the next `bytes` of the message, the last if `end`.
    ///
    /// If they are no text, then as far as they could be.
    #[inline(always)]
    fn part<'a>(
        &mut self,
        bytes: &'a mut [u8],
        mask: Option<&mut Mask>,
        end: bool,
    ) -> Result<Part<'a>, TextChunk<'a>> {
        let start = !self.started;
        self.started = true;
        if self.kind == Kind::Text && !self.compressed {
            return match TextChunk::unmask(bytes, mask, self.seam) {
                Ok(text) if !end || text.after() == Seam::Boundary => {
                    self.seam = text.after();
                    Ok(Part::Text(text.at(start, end)))
                }
                Ok(text) | Err(text) => Err(text.at(start, false)),
            };
        }
        if let Some(mask) = mask {
            mask.apply(bytes);
        }
        let chunk = Chunk { bytes, start, end };
        Ok(if self.compressed {
            Part::Compressed(CompressedChunk::new(self.kind, chunk))
        } else {
            Part::Binary(chunk)
        })
    }
}

/// A frame whose header was found to be in order, and how far its payload has come.
#[derive(Clone, Copy, Debug)]
struct Frame {
    opcode: Opcode,
    fin: bool,
    compressed: bool,
    /// Whether no part of it was given out.
    start: bool,
    /// Bytes of payload still to come.
    remaining: u64,
    mask: Option<Mask>,
}

impl Frame {
    const NONE: Self = Self {
        opcode: Opcode::Continuation,
        fin: false,
        compressed: false,
        start: false,
        remaining: 0,
        mask: None,
    };

    /// Takes as much payload off `input` as there is.
    ///
    /// `None` means that there is none although more is to come.
    #[inline]
    fn take_payload<'a>(&mut self, input: &mut &'a mut [u8]) -> Option<&'a mut [u8]> {
        if input.is_empty() && self.remaining > 0 {
            return None;
        }
        let len = usize::try_from(self.remaining).unwrap_or(usize::MAX).min(input.len());
        self.remaining -= len as u64;
        input.split_off_mut(..len)
    }
}

/// What a header has to follow, whatever the connection's state.
#[derive(Clone, Debug)]
struct Rules {
    role: Role,
    limits: Limits,
    /// Length in bytes of the longest message in one frame without a length of 64 bits.
    max_len_at_hand: u16,
    /// Whether RSV1 has a meaning.
    compressed: bool,
}

impl Rules {
    #[expect(clippy::cast_possible_truncation, reason = "it is at most 125")]
    const fn new(role: Role, limits: Limits) -> Self {
        let Limits { max_frame_len, max_message_len, .. } = limits;
        let max_len = if max_frame_len < max_message_len { max_frame_len } else { max_message_len };
        let max_len_at_hand = if max_len < 0xFFFF { max_len as u16 } else { 0xFFFF };
        Self { role, limits, max_len_at_hand, compressed: false }
    }

    /// Checks a header as far as `bytes` go, in the order of its bytes, so that the verdict does
    /// not depend on how many are there. Once it is complete, gives what it says, and its length.
    #[inline(always)]
    fn check(&self, message: &Progress, bytes: &[u8]) -> Result<Option<(Frame, usize)>, Error> {
        let Some((&first, rest)) = bytes.split_first() else { return Ok(None) };
        let First { fin, rsv, opcode } = First::parse(first)?;
        let compressed = match rsv {
            [false, false, false] => false,
            // On the first frame of a message, and nowhere else (RFC 7692 §6).
            [true, false, false]
                if self.compressed && matches!(opcode, Opcode::Text | Opcode::Binary) =>
            {
                true
            }
            _ => return Err(Error::ReservedBits),
        };
        match opcode {
            Opcode::Continuation if message.frames == 0 => {
                return Err(Error::ContinuationUnexpected);
            }
            Opcode::Text | Opcode::Binary if message.frames > 0 => {
                return Err(Error::ContinuationMissing);
            }
            _ => {}
        }
        if !opcode.is_control() && message.frames >= self.limits.max_fragments {
            return Err(Error::TooManyFragments);
        }

        let Some((&second, rest)) = rest.split_first() else { return Ok(None) };
        let second = Second::parse(opcode, second)?;
        match (self.role, second.masked) {
            (Role::Server, false) => return Err(Error::MaskMissing),
            (Role::Client, true) => return Err(Error::MaskUnexpected),
            _ => {}
        }

        let Some((len, rest)) = second.parse_len(rest)? else { return Ok(None) };
        if !opcode.is_control() {
            // The announced length counts, so that a liar is refused before it costs anything.
            let message_len = message.len.saturating_add(len);
            if len > self.limits.max_frame_len || message_len > self.limits.max_message_len {
                self.check_long(compressed || message.compressed, len, message_len)?;
            }
        }

        let Some((key, rest)) = second.parse_key(rest) else { return Ok(None) };
        let mask = key.map(Mask::new);
        let frame = Frame { opcode, fin, compressed, start: true, remaining: len, mask };
        Ok(Some((frame, bytes.len() - rest.len())))
    }

    /// Checks the lengths of a frame and its message that are too long unless compressed.
    #[cold]
    fn check_long(&self, compressed: bool, len: u64, message_len: u64) -> Result<(), Error> {
        let limits = self.limits.of_frames(compressed);
        if len > limits.max_frame_len {
            return Err(Error::FrameTooLong { len });
        }
        if message_len > limits.max_message_len {
            return Err(Error::MessageTooLong { len: message_len });
        }
        Ok(())
    }
}

fn advance(input: &mut &mut [u8], len: usize) {
    *input = mem::take(input).get_mut(len..).unwrap_or_default();
}
