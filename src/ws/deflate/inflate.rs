//! Inflates compressed messages, part by part (§7.2.2).
//!
//! ```text
//!           its first part             its end
//!     Idle ────────────────▶ Message ──────────▶ Idle
//!                               │
//!                               │ it is invalid, or over a limit
//!                               └──────────▶ Failed
//! ```

use core::fmt;

use zlib_rs::{InflateError, InflateFlush, Status};

use super::Params;
use crate::utf8::Utf8State;
use crate::ws::text::InvalidText;
use crate::ws::{CompressedChunk, Error, Kind, Limits, Part, Role, TextChunk};
use crate::{Chunk, OverLimit};

/// Inflates the parts of compressed messages, without holding what comes out (§7.2.2).
///
/// It has a context of up to 32 KiB, allocated with the first compressed message. A compressed
/// [`Part`] goes in. It comes out as one or more parts, each of which fits in a buffer of the
/// caller's. Text is checked, and the limits are applied, before anything is returned.
///
/// It has to see every part of every compressed message of a connection, as messages can refer to
/// each other. [`Assembler::push_inflated`](crate::ws::Assembler::push_inflated) joins what comes out.
///
/// ```
/// use framewright::ws::deflate::{Config, Inflater};
/// use framewright::ws::handshake::Extensions;
/// use framewright::ws::{Decoder, Limits, Part, Role};
///
/// let params = Config::new().check(Extensions::parse(b"permessage-deflate")?)?.unwrap();
/// let mut decoder = Decoder::new(Role::Client, Limits::new()).accept_compressed(true);
/// let mut inflater = Inflater::new(Role::Client, params, Limits::new());
/// let mut bytes = *b"\xC1\x07\xF2\x48\xCD\xC9\xC9\x07\x00"; // §7.2.3.1
/// let mut input = &mut bytes[..];
/// let mut scratch = [0; 4]; // any size: the rest comes next
/// let mut text = Vec::new();
/// while let Some(part) = decoder.decode(&mut input)? {
///     let Part::Compressed(mut chunk) = part else { continue };
///     while let Some(part) = inflater.inflate(&mut chunk, &mut scratch)? {
///         text.extend_from_slice(part.chunk().bytes);
///     }
/// }
/// assert_eq!(text, b"Hello");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Inflater {
    /// Whether messages may refer to earlier ones.
    takeover: bool,
    limits: Limits,
    stream: Option<zlib_rs::Inflate>,
    state: State,
    /// The state of the current message's text.
    text: Utf8State,
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// Between messages.
    Idle,
    /// In a message.
    Message(InflatingMessage),
    Failed(Error),
}

impl Inflater {
    /// An inflater at the end that has `role`: a server's inflates what a client sends.
    ///
    /// Of the limits, it applies [`max_message_len`](Limits::max_message_len) and
    /// [`max_ratio`](Limits::max_ratio).
    pub const fn new(role: Role, params: Params, limits: Limits) -> Self {
        let sender = match role {
            Role::Client => Role::Server,
            Role::Server => Role::Client,
        };
        Self {
            takeover: params.keeps_context(sender),
            limits,
            stream: None,
            state: State::Idle,
            text: Utf8State::Boundary,
        }
    }

    /// Inflates what fits in `scratch`, advancing `chunk` past the bytes it took.
    ///
    /// `None` means that all of the chunk was taken, and that everything in it was returned. The
    /// last part of a message may be empty.
    ///
    /// # Errors
    ///
    /// The peer's message is not valid DEFLATE or not valid text, or longer than the limits allow.
    /// All of it before the offending byte has been returned by then. The error is final;
    /// [`Connection::fail`](crate::ws::Connection::fail) tells the peer.
    ///
    /// # Panics
    ///
    /// If `scratch` is empty: nothing would ever come out.
    pub fn inflate<'s>(
        &mut self,
        chunk: &mut CompressedChunk<'_>,
        scratch: &'s mut [u8],
    ) -> Result<Option<Part<'s>>, Error> {
        let Some(filled) = self.fill(chunk, scratch)? else { return Ok(None) };
        match self.part(filled, scratch) {
            Ok(part) => Ok(Some(part)),
            Err(invalid) => match invalid.valid_part() {
                Some(part) => Ok(Some(part)),
                None => Err(Error::InvalidUtf8),
            },
        }
    }

    /// The error that inflating ended with. It is known as soon as the last part is returned.
    pub const fn error(&self) -> Option<Error> {
        match self.state {
            State::Failed(e) => Some(e),
            _ => None,
        }
    }

    /// Frees the context's memory, if no message can refer to it: between messages, where each of
    /// the other end's messages stands alone. It is allocated again with the next message.
    ///
    /// At a server, a message stands alone only if the client offered that, or if the server
    /// [relies](super::Config::rely_on_clients) on its clients.
    pub fn release(&mut self) {
        if !self.takeover && matches!(self.state, State::Idle) {
            self.stream = None;
        }
    }

    /// Whether a message has begun and not ended.
    pub(in crate::ws) const fn is_inflating(&self) -> bool {
        matches!(self.state, State::Message(_))
    }

    /// How many bytes more may come out of the current message.
    pub(in crate::ws) const fn allowed(&self) -> u64 {
        let len = if let State::Message(message) = self.state { message.len } else { 0 };
        self.limits.max_message_len.saturating_sub(len)
    }

    /// Fills `scratch` with what comes next, and returns where in its message that falls.
    pub(in crate::ws) fn fill(
        &mut self,
        chunk: &mut CompressedChunk<'_>,
        scratch: &mut [u8],
    ) -> Result<Option<Filled>, Error> {
        assert!(!scratch.is_empty(), "`scratch` has to have room");
        if chunk.take_start() && !matches!(self.state, State::Failed(_)) {
            self.begin();
        }
        let (mut message, stream) = match (self.state, &mut self.stream) {
            (State::Message(message), Some(stream)) => (message, stream),
            (State::Failed(e), _) => return Err(e),
            // The rest of a message whose beginning went elsewhere.
            _ => return Ok(None),
        };
        let mut output = Output { scratch, len: 0 };
        let end = message.inflate(stream, &self.limits, chunk, &mut output);
        let filled = Filled {
            len: output.len,
            kind: chunk.kind(),
            start: !message.started,
            end: end == Ok(true),
        };
        // A part without bytes is worth returning only if it is the end.
        let is_part = filled.len > 0 || filled.end;
        message.started |= is_part;
        self.state = match end {
            Ok(true) => State::Idle,
            Ok(false) => State::Message(message),
            Err(e) => self.fail(e),
        };
        match end {
            _ if is_part => Ok(Some(filled)),
            Ok(_) => Ok(None),
            Err(e) => Err(e),
        }
    }

    /// Begins a message.
    fn begin(&mut self) {
        self.state = State::Message(InflatingMessage::NEW);
        self.text = Utf8State::Boundary;
        match &mut self.stream {
            Some(stream) if !self.takeover => stream.reset(false),
            Some(_) => {}
            None => self.stream = Some(zlib_rs::Inflate::new(false, 15)),
        }
    }

    /// The part that [`fill`](Self::fill) left in `scratch`.
    pub(super) fn part<'s>(
        &mut self,
        Filled { len, kind, start, end }: Filled,
        scratch: &'s mut [u8],
    ) -> Result<Part<'s>, InvalidText<'s>> {
        let bytes = scratch.get_mut(..len).unwrap_or_default();
        if kind == Kind::Binary {
            return Ok(Part::Binary(Chunk { bytes, start, end }));
        }
        let text = TextChunk::unmask(bytes, None, self.text, start, end)
            .inspect_err(|_| self.state = self.fail(Error::InvalidUtf8))?;
        self.text = text.after();
        Ok(Part::Text(text))
    }

    #[cold]
    fn fail(&mut self, error: Error) -> State {
        self.stream = None;
        State::Failed(error)
    }
}

/// Bytes at the beginning of `scratch`, and where in their message they fall.
#[derive(Clone, Copy, Debug)]
pub(in crate::ws) struct Filled {
    pub(in crate::ws) len: usize,
    kind: Kind,
    start: bool,
    pub(in crate::ws) end: bool,
}

/// How far the current message has come.
#[derive(Clone, Copy, Debug)]
struct InflatingMessage {
    /// Bytes that were taken.
    compressed: u64,
    /// Bytes that came out.
    len: u64,
    /// Whether nothing was taken since the message began, or since a final block ended. No block is
    /// incomplete then.
    fresh: bool,
    /// Whether more may come out without more going in.
    pending: bool,
    /// Whether a part of it was returned.
    started: bool,
}

/// The four bytes that the sender removed from the end of a message (§7.2.1), and one byte more. All
/// but that byte must be taken.
const TAIL: [u8; 5] = [0x00, 0x00, 0xFF, 0xFF, 0x00];
const TAIL_LEN: usize = 4;

/// What a message may inflate to at any ratio, in bytes.
const RATIO_FREE: u64 = 64 * 1024;
/// Compressed bytes between two checks of the ratio. They count from the beginning of the message,
/// so that the verdict does not depend on how it is split.
const RATIO_STEP: u64 = 1024;

impl InflatingMessage {
    const NEW: Self = Self { compressed: 0, len: 0, fresh: true, pending: false, started: false };

    /// Inflates until `chunk` is taken or `output` is full. Returns whether the message has ended.
    fn inflate(
        &mut self,
        stream: &mut zlib_rs::Inflate,
        limits: &Limits,
        chunk: &mut CompressedChunk<'_>,
        output: &mut Output<'_>,
    ) -> Result<bool, Error> {
        while !chunk.is_over() || self.pending {
            if output.is_full() {
                return Ok(false);
            }
            self.step(stream, limits, chunk, output)?;
            if self.pending {
                continue;
            }
            if self.compressed.is_multiple_of(RATIO_STEP) || chunk.is_last() {
                self.check_ratio(limits)?;
            }
            if chunk.is_last() {
                self.check_end(stream)?;
                chunk.take_end();
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Inflates once: takes what it may of `chunk`, and fills what it may of `output`.
    fn step(
        &mut self,
        stream: &mut zlib_rs::Inflate,
        limits: &Limits,
        chunk: &mut CompressedChunk<'_>,
        output: &mut Output<'_>,
    ) -> Result<(), Error> {
        let input = self.next_input(limits, chunk);
        let allowed = limits.max_message_len - self.len;
        let step = if allowed == 0 {
            // One more byte would prove that the message is too long. It must not reach the output.
            let step = InflateStep::take(stream, input, &mut [0], InflateFlush::NoFlush);
            if step.produced > 0 {
                let over = OverLimit::new(self.len.saturating_add(1), limits.max_message_len);
                return Err(Error::MessageTooLong(over));
            }
            step
        } else {
            InflateStep::take(stream, input, output.room(allowed), InflateFlush::NoFlush)
        };
        chunk.advance(step.consumed);
        output.len += step.produced;
        self.compressed += step.consumed as u64;
        self.len += step.produced as u64;
        self.fresh &= step.consumed == 0;
        self.pending = step.filled;
        if step.result == Ok(Status::StreamEnd) {
            // What follows a final block is a stream of its own, whose context is empty.
            stream.reset(false);
            self.fresh = true;
            self.pending = false;
            return Ok(());
        }
        let stuck = step.consumed == 0 && step.produced == 0 && !input.is_empty();
        if step.result.is_err() || stuck { Err(Error::InvalidDeflate) } else { Ok(()) }
    }

    /// As much of `chunk` as may be taken before the next check of the ratio.
    fn next_input<'a>(&self, limits: &Limits, chunk: &CompressedChunk<'a>) -> &'a [u8] {
        let bytes = chunk.chunk().bytes;
        if limits.max_ratio >= Limits::DEFLATE_RATIO {
            return bytes;
        }
        let len = match self.compressed % RATIO_STEP {
            // The check comes once everything has come out of what was taken.
            0 if self.pending => 0,
            taken => usize::try_from(RATIO_STEP - taken).unwrap_or(usize::MAX),
        };
        bytes.get(..len).unwrap_or(bytes)
    }

    fn check_ratio(&self, limits: &Limits) -> Result<(), Error> {
        let allowed = self.compressed.saturating_mul(u64::from(limits.max_ratio));
        let checked = limits.max_ratio < Limits::DEFLATE_RATIO;
        if checked && self.len > allowed.max(RATIO_FREE) {
            Err(Error::RatioTooHigh { limit: limits.max_ratio })
        } else {
            Ok(())
        }
    }

    /// Checks that the message may end here: where a block does, and with the header of an empty one
    /// (§7.2.1).
    fn check_end(&self, stream: &mut zlib_rs::Inflate) -> Result<(), Error> {
        if self.fresh {
            return Ok(());
        }
        let step = InflateStep::take(stream, &TAIL, &mut [0], InflateFlush::Block);
        if (step.consumed, step.produced) == (TAIL_LEN, 0) && step.result.is_ok() {
            Ok(())
        } else {
            Err(Error::InvalidDeflate)
        }
    }
}

/// The caller's scratch space, and how much of it is filled.
struct Output<'s> {
    scratch: &'s mut [u8],
    len: usize,
}

impl Output<'_> {
    const fn is_full(&self) -> bool {
        self.len >= self.scratch.len()
    }

    /// What is not filled, but at most `max` bytes of it.
    fn room(&mut self, max: u64) -> &mut [u8] {
        let room = self.scratch.get_mut(self.len..).unwrap_or_default();
        let len = usize::try_from(max).unwrap_or(usize::MAX).min(room.len());
        room.split_at_mut(len).0
    }
}

/// One call of the inflater, and how far it came, whether or not it failed.
struct InflateStep {
    consumed: usize,
    produced: usize,
    /// Whether it filled all the room that it had.
    filled: bool,
    result: Result<Status, InflateError>,
}

impl InflateStep {
    fn take(
        stream: &mut zlib_rs::Inflate,
        input: &[u8],
        out: &mut [u8],
        flush: InflateFlush,
    ) -> Self {
        let (total_in, total_out) = (stream.total_in(), stream.total_out());
        let result = stream.decompress(input, out, flush);
        let since = |now: u64, before| usize::try_from(now - before).unwrap_or(usize::MAX);
        let produced = since(stream.total_out(), total_out);
        Self {
            consumed: since(stream.total_in(), total_in),
            produced,
            filled: produced == out.len(),
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
