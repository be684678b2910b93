//! From a peer's bytes to parts of messages and control frames.
//!
//! ```text
//!                  the header ends              the payload ends
//!        Between ──────────────────▶ Payload ─────────────────────▶ Between
//!           │                           ▲ │
//!           │ the input ends in it      │ │ the payload of a close frame ends
//!           └──────▶ Header ────────────┘ └─────────────▶ Closed
//!
//!        a rule is broken, in any state but Closed: Failed
//! ```
//!
//! A short frame that is all there takes none of these steps: see `ShortHeader`.

mod masked;

use core::mem;

pub(super) use masked::{ControlPlace, Masked, MessagePlace, Place};

use super::header::FirstByte;
use super::incoming::{IncomingFrame, IncomingMessage};
use super::input::Input;
use super::rules::Rules;
use super::text::InvalidText;
use super::{CompressedChunk, Error, FrameHeader, Kind, Limits, Mask, Opcode, Role, TextChunk};
use crate::inline::Inline;
use crate::{Chunk, Truncated};

/// Decodes what a peer sends: removes headers, unmasks payloads in place, and checks every rule.
///
/// It takes any split of the bytes, and returns every piece of a payload at once, however short. It
/// holds a partial header, but never payload.
///
/// ```
/// use framewright::ws::{Decoder, Limits, Part, Role};
///
/// let mut decoder = Decoder::new(Role::Server, Limits::new());
/// let mut bytes = *b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"; // §5.7
/// let mut input = &mut bytes[..];
/// while let Some(part) = decoder.decode(&mut input)? {
///     let Part::Text(text) = part else { continue };
///     assert_eq!(text.as_str(), Some("Hello"));
/// }
/// assert!(input.is_empty()); // it always is: nothing is left to keep or to move
/// decoder.check_eof().expect("nothing was cut off");
/// # Ok::<(), framewright::ws::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Decoder {
    rules: Rules,
    /// The current message, if there is one.
    message: IncomingMessage,
    /// The frame whose header came last.
    frame: IncomingFrame,
    state: State,
}

/// Bytes of a message or of a control frame, and where in it they fall, as a [`Decoder`] returns them.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Part<'a> {
    /// Of a text message, over all its frames (§5.6).
    Text(TextChunk<'a>),
    /// Of a binary message, over all its frames (§5.6).
    Binary(Chunk<'a>),
    /// Of a compressed message, over all its frames (RFC 7692 §6.2). There is none unless
    /// [`Decoder::accept_compressed`] allows it.
    Compressed(CompressedChunk<'a>),
    /// Of a ping (§5.5.2).
    Ping(Chunk<'a>),
    /// Of a pong (§5.5.3).
    Pong(Chunk<'a>),
    /// Of a close frame (§5.5.1): status code and reason, which
    /// [`CloseFrame::parse`](super::CloseFrame::parse) reads.
    ///
    /// It ends the stream: the decoder takes and ignores whatever comes after it (§1.4). A
    /// [`Connection`](super::Connection) returns [`Event::Close`](super::Event::Close) instead.
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

    /// Whether the message is text or binary; `None` for a control frame.
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
    /// A decoder at the end that has `role`: a server's decodes what a client sends.
    pub const fn new(role: Role, limits: Limits) -> Self {
        Self {
            rules: Rules::new(role, limits),
            message: IncomingMessage::NONE,
            frame: IncomingFrame::NONE,
            state: State::Between,
        }
    }

    /// Sets whether compressed messages are accepted, as negotiated in the opening handshake.
    /// Default: no.
    ///
    /// A message is compressed if its first frame has RSV1 set (RFC 7692 §6). Its bytes come as
    /// [`Part::Compressed`], for the caller to inflate.
    #[must_use]
    pub const fn accept_compressed(mut self, accept: bool) -> Self {
        self.rules.accept_compressed = accept;
        self
    }

    /// The limits that it applies.
    #[cfg(feature = "deflate")]
    pub(super) const fn limits(&self) -> Limits {
        self.rules.limits
    }

    /// Decodes the next part, advancing `input` past it.
    ///
    /// `None` means that every byte of `input` was taken and more are needed.
    ///
    /// # Errors
    ///
    /// The peer broke a rule or a limit. All parts before the offending byte have been returned by
    /// then. The error is final, and `input` is taken as a whole.
    #[inline(always)]
    pub fn decode<'a>(&mut self, input: &mut &'a mut [u8]) -> Result<Option<Part<'a>>, Error> {
        self.decode_as(self.rules.role, input)
    }

    /// Decodes the next part as [`decode`](Self::decode) does, for callers that know the decoder's
    /// role at compile time.
    #[inline(always)]
    pub(super) fn decode_as<'a>(
        &mut self,
        role: Role,
        input: &mut &'a mut [u8],
    ) -> Result<Option<Part<'a>>, Error> {
        let part = if let Some((kind, mut mask, bytes)) = self.take_short_message(role, input) {
            IncomingMessage::new(kind, false).part(bytes, mask.as_mut(), true)
        } else if let Some((first, mask, bytes)) = self.take_short_fragment(role, input) {
            self.short_fragment_part(first, mask, bytes)
        } else if let Some(bytes) = self.take_payload(input) {
            self.part(bytes)
        } else {
            return self.error().map_or(Ok(None), Err);
        };
        match part {
            Ok(part) => Ok(Some(part)),
            Err(invalid) => {
                self.fail(Error::InvalidUtf8, input);
                match invalid.valid_part() {
                    Some(part) => Ok(Some(part)),
                    None => Err(Error::InvalidUtf8),
                }
            }
        }
    }

    /// Takes a message off `input` in the most frequent case: one short frame, all there, and not
    /// compressed. Nothing in the decoder changes.
    ///
    /// `None` means that the case does not apply, and that nothing was taken.
    #[inline(always)]
    pub(super) fn take_short_message<I: Input>(
        &self,
        role: Role,
        input: &mut I,
    ) -> Option<(Kind, Option<Mask>, I)> {
        if self.message.frames > 0 {
            return None;
        }
        let header = self.short_header(role, input)?;
        let kind = match header.first {
            0x81 => Kind::Text,
            0x82 => Kind::Binary,
            _ => return None,
        };
        let bytes = header.take_payload(input)?;
        Some((kind, header.mask, bytes))
    }

    /// Takes the next fragment of a message off `input` if it is short, all there, not empty, and
    /// does not begin a compressed message. Returns the first byte of its header with it.
    ///
    /// `None` means that the case does not apply, and that nothing was taken. An empty fragment
    /// makes no part unless it is the last.
    #[inline(always)]
    fn take_short_fragment<I: Input>(
        &self,
        role: Role,
        input: &mut I,
    ) -> Option<(u8, Option<Mask>, I)> {
        let header = self.short_header(role, input)?;
        let (first, frames) = (header.first, self.message.frames);
        let ((0x01 | 0x02, 0) | (0x00 | 0x80, 1..)) = (first, frames) else { return None };
        if header.len == 0 || frames >= self.rules.limits.max_fragments {
            return None;
        }
        // No short fragment is longer than that, so the message stays within its limit.
        if self.rules.limits.max_message_len.saturating_sub(self.message.len) < 0xFFFF {
            return None;
        }
        let bytes = header.take_payload(input)?;
        Some((first, header.mask, bytes))
    }

    /// The header at the beginning of `input` if its frame has at most 65 535 bytes of payload, and no
    /// more than a whole message may have. The caller checks the first byte.
    ///
    /// This reads headers a second way, because [`FrameHeader`] with its options is twice as slow
    /// for short frames. It must agree with [`Rules::check`] on every frame that is taken, and a
    /// test compares the two on all of them.
    #[inline(always)]
    fn short_header<I: Input>(&self, role: Role, input: &I) -> Option<ShortHeader> {
        let State::Between = self.state else { return None };
        // The shortest header, so that there is one check of the length.
        let (first, second, key) = match role {
            Role::Server => {
                let &[first, second, ref key @ ..] = input.first_chunk::<6>()?;
                (first, second ^ 0x80, Some(*key))
            }
            Role::Client => {
                let &[first, second] = input.first_chunk()?;
                (first, second, None)
            }
        };
        let (len, key, header_len) = match second {
            0..=125 => (u16::from(second), key, 2),
            126 => {
                let (len, rest) = input.get(2..)?.split_first_chunk()?;
                let key = if key.is_some() { Some(*rest.first_chunk()?) } else { None };
                (u16::from_be_bytes(*len), key, 4)
            }
            _ => return None,
        };
        if len > self.rules.max_short_len || header_len == 4 && len < 126 {
            return None;
        }
        let header_len = header_len + if key.is_some() { 4 } else { 0 };
        Some(ShortHeader { first, len, mask: key.map(Mask::new), header_len })
    }

    /// The part that is the whole payload of a fragment.
    #[inline(always)]
    fn short_fragment_part<'a>(
        &mut self,
        first: u8,
        mut mask: Option<Mask>,
        bytes: &'a mut [u8],
    ) -> Result<Part<'a>, InvalidText<'a>> {
        let end = self.count_short_fragment(first, bytes.len());
        let part = self.message.part(bytes, mask.as_mut(), end);
        if end {
            self.message = IncomingMessage::NONE;
        }
        part
    }

    /// Counts a fragment that was taken as a whole, and returns whether it is its message's last.
    #[inline(always)]
    fn count_short_fragment(&mut self, first: u8, len: usize) -> bool {
        match first {
            0x01 => self.message = IncomingMessage::new(Kind::Text, false),
            0x02 => self.message = IncomingMessage::new(Kind::Binary, false),
            _ => {}
        }
        self.message.add_frame(len as u64);
        first == 0x80
    }

    /// Takes the next bytes of a payload off `input`, and any headers before them.
    ///
    /// `None` means that all of `input` was taken: more is needed, or the decoder has failed.
    fn take_payload<I: Input>(&mut self, input: &mut I) -> Option<I> {
        loop {
            if let State::Payload = self.state {
                let bytes = self.frame.take_payload(input)?;
                // An empty fragment makes no part unless it is the last.
                if !bytes.is_empty() || self.frame.fin {
                    return Some(bytes);
                }
                self.state = State::Between;
            }
            if let State::Between = self.state
                && let Ok(Some((header, len))) = self.rules.check(&self.message, input)
            {
                advance(input, len);
                self.begin(&header);
            } else if !self.take_partial_header(input) {
                return None;
            }
        }
    }

    /// Takes a header that does not begin or does not end in `input`, or that breaks a rule. Returns
    /// whether its payload is next.
    #[cold]
    fn take_partial_header<I: Input>(&mut self, input: &mut I) -> bool {
        if let State::Between = self.state
            && !input.is_empty()
        {
            self.state = State::Header(Inline::EMPTY);
        }
        let State::Header(bytes) = &mut self.state else {
            *input = I::default();
            return false;
        };
        let before = bytes.len();
        bytes.fill_from(&mut &**input);
        match self.rules.check(&self.message, bytes) {
            Ok(Some((header, len))) => {
                advance(input, len - before);
                self.begin(&header);
                true
            }
            Ok(None) => {
                *input = I::default();
                false
            }
            Err(e) => {
                self.fail(e, input);
                false
            }
        }
    }

    /// Goes on to the payload after a header.
    #[inline]
    fn begin(&mut self, header: &FrameHeader) {
        let FirstByte { opcode, rsv: [compressed, ..], .. } = header.first;
        match opcode {
            Opcode::Text => self.message = IncomingMessage::new(Kind::Text, compressed),
            Opcode::Binary => self.message = IncomingMessage::new(Kind::Binary, compressed),
            _ => {}
        }
        if !opcode.is_control() {
            self.message.add_frame(header.len());
        }
        self.frame = IncomingFrame::new(header);
        self.state = State::Payload;
    }

    /// The part with `bytes`, which were taken off the payload of the current frame.
    #[inline(always)]
    fn part<'a>(&mut self, bytes: &'a mut [u8]) -> Result<Part<'a>, InvalidText<'a>> {
        let over = self.frame.remaining == 0;
        if over {
            self.state = State::Between;
        }
        let start = !mem::replace(&mut self.frame.started, true);
        if !self.frame.opcode.is_control() {
            let end = over && self.frame.fin;
            let part = self.message.part(bytes, self.frame.mask.as_mut(), end);
            if end {
                self.message = IncomingMessage::NONE;
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

    /// Bytes of payload that the current frame still lacks: 0 between frames.
    ///
    /// A driver may read that many straight to where they belong, and decode them there.
    pub const fn payload_remaining(&self) -> u64 {
        match self.state {
            State::Payload => self.frame.remaining,
            _ => 0,
        }
    }

    /// Checks that the stream may end here: not inside a frame or a fragmented message.
    ///
    /// After a failure it may, as nothing more is expected.
    pub const fn check_eof(&self) -> Result<(), Truncated> {
        match self.state {
            State::Between | State::Closed if self.message.frames == 0 => Ok(()),
            State::Failed(_) => Ok(()),
            _ => Err(Truncated),
        }
    }

    /// The error that decoding ended with. It is known as soon as the last part is returned.
    pub const fn error(&self) -> Option<Error> {
        match self.state {
            State::Failed(e) => Some(e),
            _ => None,
        }
    }

    /// Fails for something that was found in the parts returned, or in a close frame.
    pub(super) const fn fail_for(&mut self, error: Error) {
        self.state = State::Failed(error);
    }

    #[cold]
    pub(super) fn fail<I: Input>(&mut self, error: Error, input: &mut I) {
        self.fail_for(error);
        *input = I::default();
    }
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// Between frames.
    Between,
    /// In a header: its first bytes.
    Header(Inline<{ FrameHeader::MAX_LEN }>),
    /// In the payload of the current frame.
    Payload,
    /// After a close frame.
    Closed,
    Failed(Error),
}

/// The header of a short frame.
struct ShortHeader {
    /// Its first byte.
    first: u8,
    /// Length of the payload in bytes.
    len: u16,
    mask: Option<Mask>,
    /// Its own length in bytes.
    header_len: usize,
}

impl ShortHeader {
    /// Takes the frame off `input`, and returns its payload; `None` if it is not all there.
    #[inline(always)]
    fn take_payload<I: Input>(&self, input: &mut I) -> Option<I> {
        let frame = input.take_front(self.header_len + usize::from(self.len))?;
        frame.skip_front(self.header_len)
    }
}

fn advance<I: Input>(input: &mut I, len: usize) {
    *input = mem::take(input).skip_front(len).unwrap_or_default();
}

#[cfg(test)]
mod tests;
