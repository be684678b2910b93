use core::fmt;

use zlib_rs::{InflateError, InflateFlush, Status};

use super::Params;
use crate::Chunk;
use crate::utf8::Utf8State;
use crate::ws::{CompressedChunk, Error, Kind, Limits, Part, Role, TextChunk};

/// Inflates the parts of compressed messages, without holding what comes out (§7.2.2).
///
/// It has a context of up to 32 KiB, acquired with the first compressed message. A [`Part`] goes in
/// compressed and comes out in as many as it takes to pass through a window of the caller's: what is
/// text is checked, and the limits are applied, before any of it is given out.
///
/// It has to see every part of every compressed message of a connection, as they can refer to
/// each other. To join what comes out, there is [`InflatingAssembler`](super::InflatingAssembler).
///
/// ```
/// use framewright::ws::deflate::{Config, Inflater};
/// use framewright::ws::handshake::Extensions;
/// use framewright::ws::{Decoder, Limits, Part, Role};
///
/// let agreed = Config::new().check(Extensions::parse(b"permessage-deflate")?)?.unwrap();
/// let mut decoder = Decoder::new(Role::Client, Limits::new()).accept_compressed(true);
/// let mut inflater = Inflater::new(Role::Client, agreed, Limits::new());
/// let mut bytes = *b"\xC1\x07\xF2\x48\xCD\xC9\xC9\x07\x00"; // §7.2.3.1
/// let mut input = &mut bytes[..];
/// let mut window = [0; 4]; // any size: what does not fit comes next
/// let mut text = Vec::new();
/// while let Some(part) = decoder.decode(&mut input)? {
///     let Part::Compressed(mut chunk) = part else { continue };
///     while let Some(part) = inflater.inflate(&mut chunk, &mut window)? {
///         text.extend_from_slice(part.chunk().bytes);
///     }
/// }
/// assert_eq!(text, b"Hello");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Inflater {
    takeover: bool,
    limits: Limits,
    stream: Option<zlib_rs::Inflate>,
    state: State,
    /// Where the text of the message under way stands.
    text: Utf8State,
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// Between messages.
    Idle,
    /// In a message, as far as it has come.
    Message(Progress),
    Failed(Error),
}

#[derive(Clone, Copy, Debug)]
struct Progress {
    /// Bytes that were taken.
    compressed: u64,
    /// Bytes that came out.
    len: u64,
    /// Whether nothing was taken since the message began or a final block ended: all blocks are
    /// complete then.
    fresh: bool,
    /// Whether more may come out without more going in.
    pending: bool,
    /// Whether a part of it was given out.
    started: bool,
}

/// What has come to lie in a window.
#[derive(Clone, Copy, Debug)]
pub(super) struct Filled {
    len: usize,
    kind: Kind,
    start: bool,
    pub(super) end: bool,
}

/// What stands for the four bytes that the sender removed from the end of a message (§7.2.1), and a
/// byte that must be left over when they have been taken.
const TAIL: [u8; 5] = [0x00, 0x00, 0xFF, 0xFF, 0x00];
const TAIL_LEN: usize = 4;

/// What a message may inflate to whatever its ratio, in bytes.
const RATIO_FREE: u64 = 64 * 1024;
/// How many compressed bytes there are between two looks at the ratio: counted from the beginning
/// of the message, so that it makes no difference how that is split.
const RATIO_STEP: u64 = 1024;

impl Inflater {
    /// An inflater for the end of the connection that has `role`, of what the other end sends.
    ///
    /// Of the limits, it is [`max_message_len`](Limits::max_message_len) and
    /// [`max_ratio`](Limits::max_ratio) that count.
    pub const fn new(role: Role, params: Params, limits: Limits) -> Self {
        let sender = match role {
            Role::Client => Role::Server,
            Role::Server => Role::Client,
        };
        Self {
            takeover: params.of(sender).takeover,
            limits,
            stream: None,
            state: State::Idle,
            text: Utf8State::Boundary,
        }
    }

    /// Inflates what fits in `window`, advancing `chunk` past what that took.
    ///
    /// `None` means that all of the chunk was taken, and all that it stands for was given out. The
    /// last part of a message may be empty.
    ///
    /// # Errors
    ///
    /// The peer's message is no DEFLATE or no text, or longer than the limits allow. All of it before
    /// the offending byte has been given out by then. The error is final;
    /// [`Connection::fail`](crate::ws::Connection::fail) tells the peer.
    ///
    /// # Panics
    ///
    /// If `window` is empty: nothing would ever come out.
    pub fn inflate<'w>(
        &mut self,
        chunk: &mut CompressedChunk<'_>,
        window: &'w mut [u8],
    ) -> Result<Option<Part<'w>>, Error> {
        match self.fill(chunk, window)? {
            Some(filled) => match self.part(filled, window) {
                Ok(part) | Err(Some(part)) => Ok(Some(part)),
                Err(None) => Err(Error::InvalidUtf8),
            },
            None => Ok(None),
        }
    }

    /// What made inflating fail, even if the part before it was given out just now.
    pub const fn error(&self) -> Option<Error> {
        match self.state {
            State::Failed(e) => Some(e),
            _ => None,
        }
    }

    /// Gives back the context's memory, if no message can refer to it: between messages, where each
    /// of the other end's stands alone. It is acquired again with the next.
    pub fn release(&mut self) {
        if !self.takeover && matches!(self.state, State::Idle) {
            self.stream = None;
        }
    }

    /// Fills `window` with what comes next, and tells what that is.
    pub(super) fn fill(
        &mut self,
        chunk: &mut CompressedChunk<'_>,
        window: &mut [u8],
    ) -> Result<Option<Filled>, Error> {
        assert!(!window.is_empty(), "a window has to have room");
        if chunk.take_start() && !matches!(self.state, State::Failed(_)) {
            self.state = State::Message(Progress::NONE);
            self.text = Utf8State::Boundary;
            match &mut self.stream {
                Some(stream) if !self.takeover => stream.reset(false),
                Some(_) => {}
                None => self.stream = Some(zlib_rs::Inflate::new(false, 15)),
            }
        }
        let (mut progress, stream) = match (self.state, &mut self.stream) {
            (State::Message(progress), Some(stream)) => (progress, stream),
            (State::Failed(e), _) => return Err(e),
            // The rest of a message whose beginning went elsewhere.
            _ => return Ok(None),
        };
        let mut len = 0;
        let end = progress.fill(stream, &self.limits, chunk, window, &mut len);
        let start = !progress.started;
        // Nothing but the end is worth a part without bytes.
        let worth = len > 0 || end == Ok(true);
        progress.started |= worth;
        self.state = match end {
            Ok(true) => State::Idle,
            Ok(false) => State::Message(progress),
            Err(e) => self.fail(e),
        };
        match end {
            _ if worth => Ok(Some(Filled { len, kind: chunk.kind(), start, end: end == Ok(true) })),
            Ok(_) => Ok(None),
            Err(e) => Err(e),
        }
    }

    /// The part that [`fill`](Self::fill) left in `window`.
    ///
    /// If it is no text, fails with the part as far as it could be, if there is any.
    pub(super) fn part<'w>(
        &mut self,
        Filled { len, kind, start, end }: Filled,
        window: &'w mut [u8],
    ) -> Result<Part<'w>, Option<Part<'w>>> {
        let bytes = window.get_mut(..len).unwrap_or_default();
        if kind == Kind::Binary {
            return Ok(Part::Binary(Chunk { bytes, start, end }));
        }
        match TextChunk::unmask(bytes, None, self.text, start, end) {
            Ok(text) => {
                self.text = text.after();
                Ok(Part::Text(text))
            }
            Err(invalid) => {
                self.state = self.fail(Error::InvalidUtf8);
                Err(invalid.valid_part())
            }
        }
    }

    #[cold]
    fn fail(&mut self, error: Error) -> State {
        self.stream = None;
        State::Failed(error)
    }
}

impl Progress {
    const NONE: Self = Self { compressed: 0, len: 0, fresh: true, pending: false, started: false };

    /// Fills `window` behind its first `filled` bytes with what comes next; tells whether that is the
    /// end of the message.
    fn fill(
        &mut self,
        stream: &mut zlib_rs::Inflate,
        limits: &Limits,
        chunk: &mut CompressedChunk<'_>,
        window: &mut [u8],
        filled: &mut usize,
    ) -> Result<bool, Error> {
        while !chunk.is_over() || self.pending {
            let room = window.get_mut(*filled..).unwrap_or_default();
            if room.is_empty() {
                return Ok(false);
            }
            // When all that may come out has come out, a byte more is the proof that there is more.
            let mut over = [0];
            let allowed = limits.max_message_len - self.len;
            let allowed = usize::try_from(allowed).unwrap_or(usize::MAX).min(room.len());
            let out = if allowed == 0 { &mut over[..] } else { room.split_at_mut(allowed).0 };

            let next = self.next(limits, chunk);
            let step = Step::take(stream, next, out, InflateFlush::NoFlush);
            if allowed == 0 && step.produced > 0 {
                return Err(Error::MessageTooLong { len: self.len.saturating_add(1) });
            }
            chunk.advance(step.consumed);
            self.compressed += step.consumed as u64;
            self.len += step.produced as u64;
            *filled += step.produced;
            self.fresh &= step.consumed == 0;
            self.pending = step.produced == out.len();
            let stuck = step.consumed == 0 && step.produced == 0 && !next.is_empty();
            if step.result == Ok(Status::StreamEnd) {
                // What follows a final block is a stream of its own, whose context is empty.
                stream.reset(false);
                self.fresh = true;
                self.pending = false;
            } else if step.result.is_err() || stuck {
                return Err(Error::InvalidDeflate);
            }
            if self.pending {
                continue;
            }
            if self.compressed.is_multiple_of(RATIO_STEP) || chunk.is_last() {
                self.check_ratio(limits)?;
            }
            if chunk.is_last() {
                if !self.fresh {
                    let step = Step::take(stream, &TAIL, &mut over, InflateFlush::Block);
                    if (step.consumed, step.produced) != (TAIL_LEN, 0) || step.result.is_err() {
                        return Err(Error::InvalidDeflate);
                    }
                }
                chunk.take_end();
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// As much of `chunk` as may be taken before the ratio is looked at.
    fn next<'a>(&self, limits: &Limits, chunk: &CompressedChunk<'a>) -> &'a [u8] {
        let bytes = chunk.chunk().bytes;
        if limits.max_ratio >= Limits::DEFLATE_RATIO {
            return bytes;
        }
        let step = match self.compressed % RATIO_STEP {
            // It is looked at once all has come out of what was taken.
            0 if self.pending => 0,
            taken => usize::try_from(RATIO_STEP - taken).unwrap_or(usize::MAX),
        };
        bytes.get(..step).unwrap_or(bytes)
    }

    fn check_ratio(&self, limits: &Limits) -> Result<(), Error> {
        let allowed = self.compressed.saturating_mul(u64::from(limits.max_ratio));
        let checked = limits.max_ratio < Limits::DEFLATE_RATIO;
        if checked && self.len > allowed.max(RATIO_FREE) {
            Err(Error::RatioTooHigh)
        } else {
            Ok(())
        }
    }
}

/// How far one call came, whatever came of it.
struct Step {
    consumed: usize,
    produced: usize,
    result: Result<Status, InflateError>,
}

impl Step {
    fn take(
        stream: &mut zlib_rs::Inflate,
        input: &[u8],
        out: &mut [u8],
        flush: InflateFlush,
    ) -> Self {
        let (total_in, total_out) = (stream.total_in(), stream.total_out());
        let result = stream.decompress(input, out, flush);
        let since = |now: u64, before| usize::try_from(now - before).unwrap_or(usize::MAX);
        Self {
            consumed: since(stream.total_in(), total_in),
            produced: since(stream.total_out(), total_out),
            result,
        }
    }
}

impl fmt::Debug for Inflater {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inflater")
            .field("takeover", &self.takeover)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}
