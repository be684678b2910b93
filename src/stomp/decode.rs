//! Takes a stream of frames apart: heads, bodies, and what comes between frames.
//!
//! ```text
//!               first byte            LF                 empty line
//!    Between ──────────────▶ Command ─────▶ Header ─────────────────┐
//!     │  ▲ ▲                                 │  ▲                   │
//!     └──┘ │                                 └──┘ LF                ├──▶ Sized, with a content-length
//!     EOL  │                                                        └──▶ Unsized, without
//!          └──────────────── NUL ─────────────────────── Sized, Unsized
//! ```
//!
//! Every state can lead to `Failed`, which is final.

mod head;
mod quick;

use memchr::memchr;

use head::HeadSoFar;

use super::{Command, Error, Inbox, Limits, Version};
use crate::inline::Inline;
use crate::{Buffer, Chunk, OverLimit, Truncated};

/// Decodes a stream of frames.
///
/// The stream may be split anywhere. The headers of each frame are put in an [`Inbox`]. The body is returned as
/// it comes, borrowed from the input.
///
/// Which lines end in CRLF, and which escapes there are, is up to the version. Before a version is
/// [set](Self::set_version), a CR before the end of a line is dropped, and there are no escapes: so every version
/// can be read up to its `CONNECT` or `CONNECTED`.
///
/// Laxer than 1.0 and 1.1, a line end between two frames may be CRLF in every version: nothing else begins with a CR.
///
/// Heart-beats are line ends between frames. They are taken, and nothing is returned for them: every byte is a sign
/// of life (*Heart-beating*).
///
/// ```
/// use framewright::stomp::{Command, Decoder, Inbox, Limits, Part, Version};
///
/// let mut decoder = Decoder::new(Limits::new()).version(Version::V1_2);
/// let mut inbox = Inbox::new(Vec::new());
/// let mut input = &b"\nSEND\r\ndestination:/queue/a\r\n\r\nhel"[..];
/// while let Some(part) = decoder.decode(&mut input, &mut inbox)? {
///     match part {
///         Part::Head(command) => {
///             assert_eq!(command, Command::Send);
///             assert_eq!(inbox.headers().get("destination"), Some("/queue/a"));
///         }
///         Part::Body(chunk) => assert_eq!((chunk.bytes, chunk.end), (&b"hel"[..], false)),
///     }
/// }
/// assert!(input.is_empty()); // it always is: there is nothing to keep or to move
/// assert!(decoder.check_eof().is_err()); // the stream must not end here
/// # Ok::<(), framewright::stomp::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Decoder {
    limits: Limits,
    version: Option<Version>,
    nul_accepted: bool,
    state: State,
    head: HeadSoFar,
    /// Whether the failure was within a frame whose command is known.
    failed_in_frame: bool,
}

/// A part of a frame: first its head, then one or more chunks of its body, the last of which ends the frame.
///
/// [`Decoder`] has an example.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Part<'a> {
    /// The head is complete: [`Inbox::headers`] has the headers.
    Head(Command),
    /// Bytes of the body. Every frame has at least one chunk, which may be empty. The last one comes once the
    /// NUL after it was seen.
    Body(Chunk<'a>),
}

/// The position in the stream.
#[derive(Clone, Copy, Debug)]
enum State {
    /// Between two frames. If `after_cr`, an LF has to follow.
    Between {
        after_cr: bool,
    },
    /// In the first line of a frame, after these bytes of it.
    Command(Inline<{ Command::MAX_LEN + 1 }>),
    /// In a header, of which the inbox has what came.
    Header(Command),
    /// In a body of announced length, of which `left` bytes lack, or only the NUL.
    Sized {
        left: u64,
        started: bool,
    },
    /// In a body of `len` bytes so far, which ends at a NUL.
    Unsized {
        len: u64,
        started: bool,
    },
    Failed(Error),
}

impl Decoder {
    /// A decoder at the start of a stream.
    pub const fn new(limits: Limits) -> Self {
        Self {
            limits,
            version: None,
            nul_accepted: false,
            state: State::Between { after_cr: false },
            head: HeadSoFar::EMPTY,
            failed_in_frame: false,
        }
    }

    /// Sets the version from the start, for a stream that does not begin with a `CONNECT` or `CONNECTED`.
    #[must_use]
    pub const fn version(mut self, version: Version) -> Self {
        self.version = Some(version);
        self
    }

    /// Sets whether NULs between frames are skipped. Default: no, they are an error.
    ///
    /// Laxer than the standard if so, as `RabbitMQ` and stompjs are. It is also the way to serve clients whose
    /// WebSocket drops the NUL at the end of a text message, as that of React Native does: decode a NUL after
    /// each message.
    #[must_use]
    pub const fn accept_stray_nul(mut self, accept: bool) -> Self {
        self.nul_accepted = accept;
        self
    }

    /// Sets the version that was agreed on, whose rules hold for the frames that follow.
    pub const fn set_version(&mut self, version: Version) {
        self.version = Some(version);
    }

    /// Decodes the next part, advancing `input` past it.
    ///
    /// `None` means that every byte of `input` was taken and more are needed. The same inbox has to be given until
    /// the head of a frame is complete.
    #[inline]
    pub fn decode<'a, B: Buffer>(
        &mut self,
        input: &mut &'a [u8],
        inbox: &mut Inbox<B>,
    ) -> Result<Option<Part<'a>>, Error> {
        let result = match self.state {
            // Ahead of the general case, so that a long body costs little more than the search for its end.
            State::Unsized { len, started } if !input.is_empty() => {
                self.in_unsized(len, started, input)
            }
            _ => self.decode_any(input, inbox),
        };
        if let Err(e) = result {
            self.fail(e);
        }
        result
    }

    /// Checks that the stream may end here: between two frames.
    pub const fn check_eof(&self) -> Result<(), Truncated> {
        match self.state {
            State::Between { .. } | State::Failed(_) => Ok(()),
            _ => Err(Truncated),
        }
    }

    /// How many bytes of the current body are known to be missing. 0 between frames, within a head, and in a body
    /// without a `content-length`.
    ///
    /// The caller can make its next read that long.
    pub const fn body_remaining(&self) -> u64 {
        match self.state {
            State::Sized { left, .. } => left,
            _ => 0,
        }
    }

    /// The error that the decoder failed with.
    pub(super) const fn error(&self) -> Option<Error> {
        match self.state {
            State::Failed(e) => Some(e),
            _ => None,
        }
    }

    /// Whether the failure was within a frame, of which the inbox has all headers that came.
    pub(super) const fn failed_in_frame(&self) -> bool {
        self.failed_in_frame
    }

    /// Fails for something found elsewhere.
    pub(super) const fn fail(&mut self, error: Error) {
        self.failed_in_frame = match self.state {
            State::Header(_) | State::Sized { .. } | State::Unsized { .. } => true,
            State::Between { .. } | State::Command(_) => false,
            State::Failed(_) => return,
        };
        self.state = State::Failed(error);
    }

    fn decode_any<'a, B: Buffer>(
        &mut self,
        input: &mut &'a [u8],
        inbox: &mut Inbox<B>,
    ) -> Result<Option<Part<'a>>, Error> {
        while !input.is_empty() {
            let part = match self.state {
                State::Between { after_cr } => self.between(after_cr, input)?,
                State::Command(line) => self.in_command(line, input, inbox)?,
                State::Header(command) => self.in_header(command, input, inbox)?,
                State::Sized { left, started } => self.in_sized(left, started, input)?,
                State::Unsized { len, started } => self.in_unsized(len, started, input)?,
                State::Failed(e) => return Err(e),
            };
            if part.is_some() {
                return Ok(part);
            }
        }
        match self.state {
            State::Failed(e) => Err(e),
            _ => Ok(None),
        }
    }

    /// Takes what may stand between two frames.
    fn between<'a>(
        &mut self,
        mut after_cr: bool,
        input: &mut &'a [u8],
    ) -> Result<Option<Part<'a>>, Error> {
        while let Some((&byte, rest)) = input.split_first() {
            match byte {
                b'\n' => after_cr = false,
                _ if after_cr => return Err(Error::LoneCarriageReturn),
                b'\r' => after_cr = true,
                0 if self.nul_accepted => {}
                0 => return Err(Error::NulBetweenFrames),
                _ => {
                    self.state = State::Command(Inline::EMPTY);
                    return Ok(None);
                }
            }
            *input = rest;
        }
        self.state = State::Between { after_cr };
        Ok(None)
    }

    fn in_command<'a, B: Buffer>(
        &mut self,
        mut line: Inline<{ Command::MAX_LEN + 1 }>,
        input: &mut &'a [u8],
        inbox: &mut Inbox<B>,
    ) -> Result<Option<Part<'a>>, Error> {
        // The longest command, with CRLF.
        let seen = input.get(..Command::MAX_LEN + 2).unwrap_or(input);
        let end = seen.iter().position(|&byte| matches!(byte, b'\n' | 0));
        let (piece, rest) = input.split_at_checked(end.unwrap_or(seen.len())).unwrap_or_default();
        if !line.try_append(piece) {
            return Err(Error::UnknownCommand);
        }
        *input = rest;
        let Some((&end, rest)) = rest.split_first() else {
            self.state = State::Command(line);
            return Ok(None);
        };
        if end != b'\n' {
            return Err(Error::NulInHead);
        }
        *input = rest;
        let line = self.without_cr(&line);
        let command = Command::parse(line).ok_or(Error::UnknownCommand)?;
        inbox.begin();
        self.head = HeadSoFar::EMPTY;
        self.state = State::Header(command);
        Ok(None)
    }

    #[inline]
    fn in_sized<'a>(
        &mut self,
        left: u64,
        started: bool,
        input: &mut &'a [u8],
    ) -> Result<Option<Part<'a>>, Error> {
        let len = usize::try_from(left).unwrap_or(usize::MAX).min(input.len());
        let (bytes, rest) = input.split_at_checked(len).unwrap_or_default();
        let left = left - len as u64;
        let end = match rest.split_first() {
            // The bytes before it come first.
            Some((1.., _)) if !bytes.is_empty() => false,
            Some((1.., _)) => return Err(Error::NulMissing),
            Some((0, after)) => {
                *input = after;
                self.state = State::Between { after_cr: false };
                return Ok(Some(Part::Body(Chunk { bytes, start: !started, end: true })));
            }
            None => false,
        };
        *input = rest;
        self.state = State::Sized { left, started: true };
        Ok(Some(Part::Body(Chunk { bytes, start: !started, end })))
    }

    #[inline]
    fn in_unsized<'a>(
        &mut self,
        len: u64,
        started: bool,
        input: &mut &'a [u8],
    ) -> Result<Option<Part<'a>>, Error> {
        let limit = self.limits.max_body_len;
        let room = limit.saturating_sub(len);
        let seen_len = usize::try_from(room).unwrap_or(usize::MAX).saturating_add(1);
        let seen = input.get(..seen_len).unwrap_or(input);
        let nul = memchr(0, seen);
        let (bytes, rest) = input.split_at_checked(nul.unwrap_or(seen.len())).unwrap_or_default();
        if bytes.len() as u64 > room {
            // The bytes within the limit come first.
            let Some((within, rest)) = input.split_at_checked(bytes.len() - 1) else {
                return Ok(None);
            };
            if within.is_empty() {
                let over = OverLimit::new(limit.saturating_add(1), limit);
                return Err(Error::BodyTooLong(over));
            }
            *input = rest;
            self.state = State::Unsized { len: limit, started: true };
            return Ok(Some(Part::Body(Chunk { bytes: within, start: !started, end: false })));
        }
        let end = nul.is_some();
        *input = if end { rest.get(1..).unwrap_or_default() } else { rest };
        self.state = if end {
            State::Between { after_cr: false }
        } else {
            State::Unsized { len: len + bytes.len() as u64, started: true }
        };
        Ok(Some(Part::Body(Chunk { bytes, start: !started, end })))
    }
}
