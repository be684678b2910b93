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
/// decoder.finish().expect("nothing was cut off");
/// # Ok::<(), framewright::ws::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Decoder {
    rules: Rules,
    /// The message under way, if there is one.
    message: Progress,
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
        let rules = Rules { role, limits, compressed: false };
        Self { rules, message: Progress::NONE, state: State::BETWEEN }
    }

    /// Accepts compressed messages too, as was agreed in the opening handshake: those whose first
    /// frame has RSV1 set (RFC 7692 §6).
    ///
    /// [`Part::Compressed`] has their bytes, with RSV1's meaning left to whoever has to inflate them.
    #[must_use]
    pub const fn accept_compressed(mut self) -> Self {
        self.rules.compressed = true;
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
    pub fn decode<'a>(&mut self, input: &mut &'a mut [u8]) -> Result<Option<Part<'a>>, Error> {
        match self.decode_small(input) {
            Some(part) => Ok(Some(part)),
            None => self.decode_any(input),
        }
    }

    /// Decodes a whole message if it is the most frequent case: one frame with at most 125 bytes,
    /// all there. It takes one step and leaves no trace.
    ///
    /// `None` means that it is anything else, which is left to [`decode_any`](Self::decode_any).
    #[inline]
    pub(super) fn decode_small<'a>(&mut self, input: &mut &'a mut [u8]) -> Option<Part<'a>> {
        let State::Header { len: 0, .. } = self.state else { return None };
        if self.message.frames > 0 {
            return None;
        }
        let &[first, second, ref rest @ ..] = &**input else { return None };
        let kind = match first {
            0x81 => Kind::Text,
            0x82 => Kind::Binary,
            _ => return None,
        };
        let (len, mut mask, header_len) = match self.rules.role {
            Role::Server => (second ^ 0x80, Some(Mask::new(*rest.first_chunk::<4>()?)), 6),
            Role::Client => (second, None, 2),
        };
        if u64::from(len) > self.rules.limits.max_small_len() {
            return None;
        }
        let frame = input.split_off_mut(..header_len + usize::from(len))?;
        let bytes = frame.get_mut(header_len..)?;
        match kind {
            Kind::Binary => {
                if let Some(mask) = &mut mask {
                    mask.apply(bytes);
                }
                Some(Part::Binary(Chunk::whole(bytes)))
            }
            Kind::Text => match TextChunk::unmask(bytes, mask.as_mut(), Seam::Boundary) {
                Ok(text) if text.after() == Seam::Boundary => Some(Part::Text(text.at(true, true))),
                Ok(text) | Err(text) => self.fail_after(text.at(true, false), input),
            },
        }
    }

    /// Bytes of payload that the frame in hand still lacks: 0 between frames.
    ///
    /// A driver may read as many straight to where they belong, and decode them there.
    pub const fn payload_remaining(&self) -> u64 {
        match self.state {
            State::Data { remaining, .. } | State::Control { remaining, .. } => remaining,
            _ => 0,
        }
    }

    /// Tells whether the stream may end here: not inside a frame or a fragmented message.
    pub const fn finish(&self) -> Result<(), Truncated> {
        match self.state {
            State::Header { len: 0, .. } | State::Closed if self.message.frames == 0 => Ok(()),
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

    pub(super) fn decode_any<'a>(
        &mut self,
        input: &mut &'a mut [u8],
    ) -> Result<Option<Part<'a>>, Error> {
        loop {
            match &mut self.state {
                State::Header { bytes, len } => {
                    match self.rules.read_header(bytes, len, &self.message, input) {
                        Ok(Some(frame)) => self.begin(frame),
                        Ok(None) => return Ok(None),
                        Err(e) => {
                            self.fail_for(e);
                            *input = &mut [];
                            return Err(e);
                        }
                    }
                }
                State::Data { fin, remaining, mask } => {
                    let Some(bytes) = take_payload(remaining, input) else { return Ok(None) };
                    let over = *remaining == 0;
                    let end = over && *fin;
                    let part = if bytes.is_empty() && !end {
                        None
                    } else {
                        match self.message.part(bytes, mask.as_mut(), end) {
                            Ok(part) => Some(part),
                            Err(possible) => {
                                if let Some(part) = self.fail_after(possible, input) {
                                    return Ok(Some(part));
                                }
                                continue;
                            }
                        }
                    };
                    if over {
                        self.state = State::BETWEEN;
                    }
                    if end {
                        self.message = Progress::NONE;
                    }
                    if part.is_some() {
                        return Ok(part);
                    }
                }
                State::Control { control, start, remaining, mask } => {
                    let Some(bytes) = take_payload(remaining, input) else { return Ok(None) };
                    if let Some(mask) = mask {
                        mask.apply(bytes);
                    }
                    let end = *remaining == 0;
                    let chunk = Chunk { bytes, start: *start, end };
                    let (part, next) = match control {
                        Control::Close => (Part::Close(chunk), State::Closed),
                        Control::Ping => (Part::Ping(chunk), State::BETWEEN),
                        Control::Pong => (Part::Pong(chunk), State::BETWEEN),
                    };
                    *start = false;
                    if end {
                        self.state = next;
                    }
                    return Ok(Some(part));
                }
                State::Closed => {
                    *input = &mut [];
                    return Ok(None);
                }
                State::Failed(e) => {
                    *input = &mut [];
                    return Err(*e);
                }
            }
        }
    }

    /// Goes on to the payload behind a header.
    #[inline]
    fn begin(&mut self, Frame { opcode, fin, compressed, len, mask }: Frame) {
        let control = |control| State::Control { control, start: true, remaining: len, mask };
        self.state = match opcode {
            Opcode::Close => control(Control::Close),
            Opcode::Ping => control(Control::Ping),
            Opcode::Pong => control(Control::Pong),
            Opcode::Continuation | Opcode::Text | Opcode::Binary => {
                match opcode {
                    Opcode::Text => self.message = Progress::new(Kind::Text, compressed),
                    Opcode::Binary => self.message = Progress::new(Kind::Binary, compressed),
                    _ => {}
                }
                self.message.len = self.message.len.saturating_add(len);
                self.message.frames = self.message.frames.saturating_add(1);
                State::Data { fin, remaining: len, mask }
            }
        };
    }

    /// Fails for what somebody found in the parts given out.
    pub(super) const fn fail_for(&mut self, error: Error) {
        self.state = State::Failed(error);
    }

    /// Fails for what is not UTF-8, behind a text that still is, if there is any.
    #[cold]
    fn fail_after<'a>(
        &mut self,
        possible: TextChunk<'a>,
        input: &mut &'a mut [u8],
    ) -> Option<Part<'a>> {
        self.fail_for(Error::InvalidUtf8);
        *input = &mut [];
        (!possible.chunk().bytes.is_empty()).then_some(Part::Text(possible))
    }
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// The first bytes of a header: between frames, none.
    Header { bytes: [u8; FrameHeader::MAX_LEN], len: usize },
    /// In the payload of a data frame, the last of its message if `fin`.
    Data { fin: bool, remaining: u64, mask: Option<Mask> },
    /// In the payload of a control frame, at its first byte if `start`.
    Control { control: Control, start: bool, remaining: u64, mask: Option<Mask> },
    /// Behind a close frame.
    Closed,
    Failed(Error),
}

impl State {
    const BETWEEN: Self = Self::Header { bytes: [0; FrameHeader::MAX_LEN], len: 0 };
}

#[derive(Clone, Copy, Debug)]
enum Control {
    Close,
    Ping,
    Pong,
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

    /// The part with the next `bytes` of the message, the last if `end`.
    ///
    /// If they are no text, then as far as they could be.
    #[inline]
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
        Ok(match self.compressed {
            true => Part::Compressed(CompressedChunk::new(self.kind, chunk)),
            false => Part::Binary(chunk),
        })
    }
}

/// What a header says, found to be in order.
struct Frame {
    opcode: Opcode,
    fin: bool,
    compressed: bool,
    len: u64,
    mask: Option<Mask>,
}

/// What a header has to follow, whatever the connection's state.
#[derive(Clone, Debug)]
struct Rules {
    role: Role,
    limits: Limits,
    /// Whether RSV1 has a meaning.
    compressed: bool,
}

impl Rules {
    /// Takes a header off `input`, and off the first bytes of it that came before.
    ///
    /// `None` means that it goes on behind `input`, which was taken as a whole.
    #[inline]
    fn read_header(
        &self,
        bytes: &mut [u8; FrameHeader::MAX_LEN],
        len: &mut usize,
        message: &Progress,
        input: &mut &mut [u8],
    ) -> Result<Option<Frame>, Error> {
        if *len == 0
            && let Some((frame, header_len)) = self.check(message, input)?
        {
            advance(input, header_len);
            return Ok(Some(frame));
        }
        self.read_partial_header(bytes, len, message, input)
    }

    /// Takes a header that does not begin or does not end in `input`.
    #[cold]
    fn read_partial_header(
        &self,
        bytes: &mut [u8; FrameHeader::MAX_LEN],
        len: &mut usize,
        message: &Progress,
        input: &mut &mut [u8],
    ) -> Result<Option<Frame>, Error> {
        let before = *len;
        let mut have = before;
        for (to, from) in bytes.iter_mut().skip(before).zip(input.iter()) {
            *to = *from;
            have += 1;
        }
        let header = bytes.get(..have).unwrap_or_default();
        if let Some((frame, header_len)) = self.check(message, header)? {
            advance(input, header_len - before);
            return Ok(Some(frame));
        }
        *len = have;
        *input = &mut [];
        Ok(None)
    }

    /// Checks a header as far as `bytes` go, in the order of its bytes, so that the verdict does
    /// not depend on how many are there. Once it is complete, gives what it says, and its length.
    #[inline]
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
            let compressed = compressed || message.compressed;
            if len > self.limits.max_frame_len
                && len > self.limits.of_frames(compressed).max_frame_len
            {
                return Err(Error::FrameTooLong { len });
            }
            // The announced length counts, so that a liar is refused before it costs anything.
            let len = message.len.saturating_add(len);
            if len > self.limits.max_message_len
                && len > self.limits.of_frames(compressed).max_message_len
            {
                return Err(Error::MessageTooLong { len });
            }
        }

        let Some((key, rest)) = second.parse_key(rest) else { return Ok(None) };
        let mask = key.map(Mask::new);
        Ok(Some((Frame { opcode, fin, compressed, len, mask }, bytes.len() - rest.len())))
    }
}

fn advance(input: &mut &mut [u8], len: usize) {
    *input = mem::take(input).get_mut(len..).unwrap_or_default();
}

/// Takes as much payload off `input` as there is, and off what remains of it.
///
/// `None` means that there is none although more is to come.
#[inline]
fn take_payload<'a>(remaining: &mut u64, input: &mut &'a mut [u8]) -> Option<&'a mut [u8]> {
    if input.is_empty() && *remaining > 0 {
        return None;
    }
    let len = usize::try_from(*remaining).unwrap_or(usize::MAX).min(input.len());
    *remaining -= len as u64;
    input.split_off_mut(..len)
}
