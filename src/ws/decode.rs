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
        Self { rules: Rules { role, limits, compressed: false }, state: State::between(None) }
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
        // The most frequent case takes one step and leaves no trace.
        if let State::Header { len: 0, message: None, .. } = self.state
            && let Some((kind, mut mask, bytes)) = self.rules.small_message(input)
        {
            return match Progress::new(kind).part(bytes, mask.as_mut(), true) {
                Ok(part) => Ok(Some(part)),
                Err(possible) => self.fail_after(possible, input),
            };
        }
        self.decode_any(input)
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
            State::Header { len: 0, message: None, .. }
            | State::Closed { inside: false }
            | State::Failed(_) => Ok(()),
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

    fn decode_any<'a>(&mut self, input: &mut &'a mut [u8]) -> Result<Option<Part<'a>>, Error> {
        loop {
            match &mut self.state {
                State::Header { bytes, len, message } => {
                    match self.rules.read_header(bytes, len, message.as_ref(), input) {
                        Ok(Some(payload)) => self.state = payload,
                        Ok(None) => return Ok(None),
                        Err(e) => return self.fail(e, input),
                    }
                }
                State::Data { message, fin, remaining, mask } => {
                    let Some(bytes) = take_payload(remaining, input) else { return Ok(None) };
                    let over = *remaining == 0;
                    let end = over && *fin;
                    if bytes.is_empty() && !end {
                        self.state = State::between(Some(*message));
                        continue;
                    }
                    match message.part(bytes, mask.as_mut(), end) {
                        Ok(part) => {
                            if over {
                                self.state = State::between((!end).then_some(*message));
                            }
                            return Ok(Some(part));
                        }
                        Err(possible) => return self.fail_after(possible, input),
                    }
                }
                State::Control { control, start, remaining, mask, message } => {
                    let Some(bytes) = take_payload(remaining, input) else { return Ok(None) };
                    if let Some(mask) = mask {
                        mask.apply(bytes);
                    }
                    let end = *remaining == 0;
                    let chunk = Chunk { bytes, start: *start, end };
                    let (part, next) = match control {
                        Control::Close => {
                            (Part::Close(chunk), State::Closed { inside: message.is_some() })
                        }
                        Control::Ping => (Part::Ping(chunk), State::between(*message)),
                        Control::Pong => (Part::Pong(chunk), State::between(*message)),
                    };
                    *start = false;
                    if end {
                        self.state = next;
                    }
                    return Ok(Some(part));
                }
                State::Closed { .. } => {
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

    /// Fails for what somebody found in the parts given out.
    pub(super) const fn fail_for(&mut self, error: Error) {
        self.state = State::Failed(error);
    }

    #[cold]
    fn fail<'a>(
        &mut self,
        error: Error,
        input: &mut &'a mut [u8],
    ) -> Result<Option<Part<'a>>, Error> {
        self.fail_for(error);
        *input = &mut [];
        Err(error)
    }

    /// Fails for what is not UTF-8, behind a part with what still is.
    #[cold]
    fn fail_after<'a>(
        &mut self,
        possible: Option<Part<'a>>,
        input: &mut &'a mut [u8],
    ) -> Result<Option<Part<'a>>, Error> {
        match self.fail(Error::InvalidUtf8, input) {
            Err(_) if possible.is_some() => Ok(possible),
            failed => failed,
        }
    }
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// The first bytes of a header, none at first, perhaps between the fragments of a message.
    Header {
        bytes: [u8; FrameHeader::MAX_LEN],
        len: usize,
        message: Option<Progress>,
    },
    /// In the payload of a data frame, the last of its message if `fin`.
    Data {
        message: Progress,
        fin: bool,
        remaining: u64,
        mask: Option<Mask>,
    },
    /// In the payload of a control frame, at its first byte if `start`, perhaps between the
    /// fragments of a message.
    Control {
        control: Control,
        start: bool,
        remaining: u64,
        mask: Option<Mask>,
        message: Option<Progress>,
    },
    /// Behind a close frame, which may have come inside a fragmented message.
    Closed {
        inside: bool,
    },
    Failed(Error),
}

#[derive(Clone, Copy, Debug)]
enum Control {
    Close,
    Ping,
    Pong,
}

impl State {
    /// Before a header, perhaps between the fragments of `message`.
    #[inline]
    const fn between(message: Option<Progress>) -> Self {
        Self::Header { bytes: [0; FrameHeader::MAX_LEN], len: 0, message }
    }
}

/// How far a data message has come.
#[derive(Clone, Copy, Debug)]
struct Progress {
    kind: Kind,
    compressed: bool,
    /// Length of its frames in bytes, as announced.
    len: u64,
    /// Number of its frames.
    frames: u32,
    /// Whether a part of it was given out.
    started: bool,
    /// Where its text stands.
    seam: Seam,
}

impl Progress {
    #[inline]
    const fn new(kind: Kind) -> Self {
        Self { kind, compressed: false, len: 0, frames: 0, started: false, seam: Seam::Boundary }
    }

    const fn compressed_if(mut self, compressed: bool) -> Self {
        self.compressed = compressed;
        self
    }

    const fn with_frame(mut self, len: u64) -> Self {
        self.len = self.len.saturating_add(len);
        self.frames = self.frames.saturating_add(1);
        self
    }

    /// The part with the next `bytes` of the message, the last if `end`.
    ///
    /// If they are no text, then the part as far as they could be, if there is any.
    #[inline]
    fn part<'a>(
        &mut self,
        bytes: &'a mut [u8],
        mask: Option<&mut Mask>,
        end: bool,
    ) -> Result<Part<'a>, Option<Part<'a>>> {
        let start = !self.started;
        self.started = true;
        match self.kind {
            _ if self.compressed => {
                if let Some(mask) = mask {
                    mask.apply(bytes);
                }
                Ok(Part::Compressed(CompressedChunk::new(self.kind, Chunk { bytes, start, end })))
            }
            Kind::Binary => {
                if let Some(mask) = mask {
                    mask.apply(bytes);
                }
                Ok(Part::Binary(Chunk { bytes, start, end }))
            }
            Kind::Text => match TextChunk::unmask(bytes, mask, self.seam) {
                Ok(text) if !end || text.after() == Seam::Boundary => {
                    self.seam = text.after();
                    Ok(Part::Text(text.at(start, end)))
                }
                Ok(text) | Err(text) => {
                    let possible =
                        (!text.chunk().bytes.is_empty()).then_some(text.at(start, false));
                    Err(possible.map(Part::Text))
                }
            },
        }
    }
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
    /// Takes a whole message off `input`: one frame with at most 125 bytes, all there.
    ///
    /// Anything else is left alone.
    #[inline]
    fn small_message<'a>(
        &self,
        input: &mut &'a mut [u8],
    ) -> Option<(Kind, Option<Mask>, &'a mut [u8])> {
        let &[first, second, ref rest @ ..] = &**input else { return None };
        let kind = match first {
            0x81 => Kind::Text,
            0x82 => Kind::Binary,
            _ => return None,
        };
        let (len, mask, header_len) = match self.role {
            Role::Server => (second ^ 0x80, Some(Mask::new(*rest.first_chunk::<4>()?)), 6),
            Role::Client => (second, None, 2),
        };
        if u64::from(len) > self.limits.max_small_len() {
            return None;
        }
        let frame = input.split_off_mut(..header_len + usize::from(len))?;
        Some((kind, mask, frame.get_mut(header_len..)?))
    }

    /// Takes a header off `input`, and off the first bytes of it that came before. Gives the state
    /// behind it.
    ///
    /// `None` means that it goes on behind `input`, which was taken as a whole.
    fn read_header(
        &self,
        bytes: &mut [u8; FrameHeader::MAX_LEN],
        len: &mut usize,
        message: Option<&Progress>,
        input: &mut &mut [u8],
    ) -> Result<Option<State>, Error> {
        let before = *len;
        if before == 0
            && let Some((payload, header_len)) = self.check(message, input)?
        {
            advance(input, header_len);
            return Ok(Some(payload));
        }
        let mut have = before;
        for (to, from) in bytes.iter_mut().skip(before).zip(input.iter()) {
            *to = *from;
            have += 1;
        }
        let header = bytes.get(..have).unwrap_or_default();
        if let Some((payload, header_len)) = self.check(message, header)? {
            advance(input, header_len - before);
            return Ok(Some(payload));
        }
        *len = have;
        *input = &mut [];
        Ok(None)
    }

    /// Checks a header as far as `bytes` go, in the order of its bytes, so that the verdict does
    /// not depend on how many are there. Once it is complete, gives the state behind it, and its
    /// length.
    #[inline]
    fn check(
        &self,
        message: Option<&Progress>,
        bytes: &[u8],
    ) -> Result<Option<(State, usize)>, Error> {
        enum Frame {
            Data(Progress),
            Control(Control),
        }

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
        let new = |kind| Frame::Data(Progress::new(kind).compressed_if(compressed));
        let frame = match (opcode, message) {
            (Opcode::Continuation, None) => return Err(Error::ContinuationUnexpected),
            (Opcode::Continuation, Some(message)) => Frame::Data(*message),
            (Opcode::Text | Opcode::Binary, Some(_)) => return Err(Error::ContinuationMissing),
            (Opcode::Text, None) => new(Kind::Text),
            (Opcode::Binary, None) => new(Kind::Binary),
            (Opcode::Close, _) => Frame::Control(Control::Close),
            (Opcode::Ping, _) => Frame::Control(Control::Ping),
            (Opcode::Pong, _) => Frame::Control(Control::Pong),
        };
        if let Frame::Data(message) = &frame
            && message.frames >= self.limits.max_fragments
        {
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
        if let Frame::Data(message) = &frame {
            if len > self.limits.max_frame_len
                && len > self.limits.of_frames(message.compressed).max_frame_len
            {
                return Err(Error::FrameTooLong { len });
            }
            // The announced length counts, so that a liar is refused before it costs anything.
            let len = message.len.saturating_add(len);
            if len > self.limits.max_message_len
                && len > self.limits.of_frames(message.compressed).max_message_len
            {
                return Err(Error::MessageTooLong { len });
            }
        }

        let Some((key, rest)) = second.parse_key(rest) else { return Ok(None) };
        let (remaining, mask) = (len, key.map(Mask::new));
        let payload = match frame {
            Frame::Data(message) => {
                State::Data { message: message.with_frame(len), fin, remaining, mask }
            }
            Frame::Control(control) => {
                State::Control { control, start: true, remaining, mask, message: message.copied() }
            }
        };
        Ok(Some((payload, bytes.len() - rest.len())))
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
