//! Decodes the messages that a client sends.
//!
//! ```text
//!                                    ┌───────── " ────────── Next
//!                                    ▼                        ▲ ,
//!   Start ── [ ──▶ First ── " ──▶ Message ──── " ───▶ AfterMessage
//!     │              │                                   │
//!     │              └──────── ] ──▶ End ◀────── ] ──────┘
//!     │                               ▲
//!     └─── " ──▶ Message, bare ── " ──┘      (WebSocket)
//! ```

use memchr::memchr2;

use super::{Error, Limits};
use crate::Chunk;
use crate::inline::Inline;
use crate::json::Escape;
use crate::utf8::Utf8State;

/// Decodes a client's messages: the strings of an array in JSON, unescaped in place (*XhrPolling*).
///
/// Use one for the body of each request that sends, and for each WebSocket message. Each chunk is text of one
/// message; a character may be cut between two. Half of a surrogate pair in an escape becomes U+FFFD.
///
/// Messages that came before a fault were returned. A caller that wants all or none of a request joins its body
/// first.
///
/// Stricter than other servers, which turn other elements into text: all of them are strings, and no client sends
/// anything else.
///
/// ```
/// use framewright::Assembler;
/// use framewright::sockjs::{Limits, MessageDecoder};
///
/// let mut decoder = MessageDecoder::new_request(Limits::new());
/// let mut assembler = Assembler::new(Vec::new());
/// let mut messages = Vec::new();
/// for read in [r#"["one","t\"#, r#"u0077o"]"#] { // what the caller has just read, any size
///     let mut buf = read.to_owned().into_bytes();
///     let mut input = &mut buf[..];
///     while let Some(chunk) = decoder.decode(&mut input)? {
///         if let Some(message) = assembler.push(chunk)? {
///             messages.push(String::from_utf8_lossy(message).into_owned());
///         }
///     } // `input` is empty
/// }
/// decoder.check_eof()?;
/// assert_eq!(messages, ["one", "two"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct MessageDecoder {
    limit: u64,
    /// Bytes of the payload so far.
    len: u64,
    is_websocket: bool,
    state: DecoderState,
}

#[derive(Clone, Copy, Debug)]
enum DecoderState {
    /// Before anything but blanks.
    Start,
    /// After the bracket that opens the array.
    First,
    /// In a message.
    Message(MessageSoFar),
    /// After a message in the array.
    AfterMessage,
    /// After a comma.
    Next,
    /// After the array, or a message that stands alone.
    End,
    Failed(Error),
}

/// What is known of a message that has not ended.
#[derive(Clone, Copy, Debug)]
struct MessageSoFar {
    /// Whether a chunk of it was returned.
    is_started: bool,
    /// Whether it stands alone instead of in an array.
    is_bare: bool,
    utf8: Utf8State,
    /// An escape whose beginning came with an earlier input.
    escape: Inline<{ Escape::MAX_LEN }>,
    /// What is left of a character from such an escape: its bytes may be more than the input has room for.
    char: Inline<4>,
}

impl MessageDecoder {
    /// A decoder for the body of a request that sends.
    pub const fn new_request(limits: Limits) -> Self {
        Self::new(limits, false)
    }

    /// A decoder for a WebSocket message. It may also be empty, or a single string without the array.
    pub const fn new_websocket(limits: Limits) -> Self {
        Self::new(limits, true)
    }

    const fn new(limits: Limits, is_websocket: bool) -> Self {
        let state = DecoderState::Start;
        Self { limit: limits.max_payload_len, len: 0, is_websocket, state }
    }

    /// Decodes the next part of a message, advancing `input` past it.
    ///
    /// `None` means that every byte of `input` was taken and more are needed, unless
    /// [`check_eof`](Self::check_eof) says that they are not.
    pub fn decode<'a>(&mut self, input: &mut &'a mut [u8]) -> Result<Option<Chunk<'a>>, Error> {
        let before = input.len();
        let result = self.step(input);
        match result {
            Ok(_) => self.len += (before - input.len()) as u64,
            Err(error) => self.state = DecoderState::Failed(error),
        }
        result
    }

    /// Checks that the payload may end here.
    pub const fn check_eof(&self) -> Result<(), Error> {
        match self.state {
            DecoderState::End => Ok(()),
            DecoderState::Start if self.is_websocket => Ok(()),
            DecoderState::Start if self.len == 0 => Err(Error::PayloadMissing),
            DecoderState::Failed(error) => Err(error),
            _ => Err(Error::Json),
        }
    }

    fn step<'a>(&mut self, input: &mut &'a mut [u8]) -> Result<Option<Chunk<'a>>, Error> {
        let room = usize::try_from(self.limit - self.len).unwrap_or(usize::MAX);
        let before = input.len();
        loop {
            let room = room - (before - input.len());
            let too_long = Error::PayloadTooLong { limit: self.limit };
            match self.state {
                DecoderState::Failed(error) => return Err(error),
                DecoderState::Message(message) => {
                    if input.len().min(room) == 0 && message.is_waiting() {
                        return if input.is_empty() { Ok(None) } else { Err(too_long) };
                    }
                    let (chunk, state) = message.decode(input, room)?;
                    self.state = state;
                    if chunk.is_some() {
                        return Ok(chunk);
                    }
                }
                _ if input.is_empty() => return Ok(None),
                _ if room == 0 => return Err(too_long),
                _ => {
                    let byte = input.split_off_first_mut().map_or(0, |byte| *byte);
                    self.state = self.between(byte)?;
                }
            }
        }
    }

    /// The state after a byte that is in no message.
    fn between(&self, byte: u8) -> Result<DecoderState, Error> {
        Ok(match (self.state, byte) {
            (state, b' ' | b'\t' | b'\n' | b'\r') => state,
            (DecoderState::Start, b'[') => DecoderState::First,
            (DecoderState::Start, b'"') if self.is_websocket => MessageSoFar::start(true),
            (DecoderState::First | DecoderState::Next, b'"') => MessageSoFar::start(false),
            (DecoderState::First | DecoderState::AfterMessage, b']') => DecoderState::End,
            (DecoderState::AfterMessage, b',') => DecoderState::Next,
            _ => return Err(Error::Json),
        })
    }
}

impl MessageSoFar {
    const fn start(is_bare: bool) -> DecoderState {
        DecoderState::Message(Self {
            is_started: false,
            is_bare,
            utf8: Utf8State::Boundary,
            escape: Inline::EMPTY,
            char: Inline::EMPTY,
        })
    }

    /// Whether nothing more can be returned without another byte.
    fn is_waiting(&self) -> bool {
        self.char.is_empty()
            && (self.escape.is_empty() || Escape::parse(&self.escape) == Escape::Unfinished)
    }

    /// Decodes what the first `room` bytes of `input` have of the message. Returns the state after it.
    fn decode<'a>(
        mut self,
        input: &mut &'a mut [u8],
        room: usize,
    ) -> Result<(Option<Chunk<'a>>, DecoderState), Error> {
        if let Some((&first, rest)) = self.char.split_first() {
            self.char = inline(rest);
            return Ok(self.chunk(one_byte(first), false));
        }
        if !self.escape.is_empty() {
            return self.add_to_escape(input);
        }
        let bytes = core::mem::take(input);
        let text = bytes.get_mut(..room.min(bytes.len())).unwrap_or_default();
        let Unescaped { read, written, end } = self.unescape(text)?;
        let (bytes, rest) = bytes.split_at_mut_checked(read).unwrap_or_default();
        *input = rest;
        if written == 0 && !end {
            return Ok((None, DecoderState::Message(self)));
        }
        Ok(self.chunk(bytes.get(..written).unwrap_or_default(), end))
    }

    /// Unescapes `text` in place, up to the end of the message.
    fn unescape(&mut self, text: &mut [u8]) -> Result<Unescaped, Error> {
        let (mut read, mut written) = (0, 0);
        loop {
            let rest = text.get(read..).unwrap_or_default();
            let found = memchr2(b'"', b'\\', rest);
            let run_len = found.unwrap_or(rest.len());
            self.check_run(rest.get(..run_len).unwrap_or_default())?;
            if found.is_some() && self.utf8 != Utf8State::Boundary {
                return Err(Error::Json);
            }
            if read > written {
                let window = text.get_mut(written..read + run_len).unwrap_or_default();
                window.copy_within((read - written).min(window.len()).., 0);
            }
            written += run_len;
            read += run_len;
            let rest = text.get(read..).unwrap_or_default();
            match rest {
                [] => return Ok(Unescaped { read, written, end: false }),
                [b'"', ..] => return Ok(Unescaped { read: read + 1, written, end: true }),
                _ => {}
            }
            match Escape::parse(rest) {
                Escape::Char { char, len } => {
                    let mut utf8 = [0; 4];
                    let utf8 = char.encode_utf8(&mut utf8).as_bytes();
                    // An escape is longer than what it stands for.
                    for (to, byte) in text.iter_mut().skip(written).zip(utf8) {
                        *to = *byte;
                    }
                    written += utf8.len();
                    read += len;
                }
                Escape::Unfinished => {
                    self.escape = inline(rest);
                    return Ok(Unescaped { read: text.len(), written, end: false });
                }
                Escape::Invalid => return Err(Error::Json),
            }
        }
    }

    /// Takes the next byte of an escape that began with an earlier input, unless it is complete.
    fn add_to_escape<'a>(
        mut self,
        input: &mut &'a mut [u8],
    ) -> Result<(Option<Chunk<'a>>, DecoderState), Error> {
        let so_far = self.escape;
        let mut escape = Escape::parse(&so_far);
        if escape == Escape::Unfinished
            && let Some(&byte) = input.first()
        {
            // There is room: an unfinished escape is shorter than the longest.
            self.escape.push(byte);
            escape = Escape::parse(&self.escape);
            match escape {
                // The byte only showed that half of a pair stands alone, and may begin something else: it stays in the input.
                Escape::Char { len, .. } if len <= so_far.len() => self.escape = so_far,
                _ => drop(input.split_off_first_mut()),
            }
        }
        match escape {
            Escape::Char { char, len } => Ok(self.take_char(char, len)),
            Escape::Unfinished => Ok((None, DecoderState::Message(self))),
            Escape::Invalid => Err(Error::Json),
        }
    }

    /// Begins to return a character, whose escape was the first `len` bytes of `self.escape`.
    fn take_char<'a>(mut self, char: char, len: usize) -> (Option<Chunk<'a>>, DecoderState) {
        self.escape = inline(self.escape.get(len..).unwrap_or_default());
        let mut utf8 = [0; 4];
        let utf8 = char.encode_utf8(&mut utf8).as_bytes();
        let (&first, rest) = utf8.split_first().unwrap_or((&0, &[]));
        self.char = inline(rest);
        self.chunk(one_byte(first), false)
    }

    fn chunk(mut self, bytes: &[u8], end: bool) -> (Option<Chunk<'_>>, DecoderState) {
        let chunk = Chunk { bytes, start: !self.is_started, end };
        self.is_started = true;
        let state = match (end, self.is_bare) {
            (false, _) => DecoderState::Message(self),
            (true, false) => DecoderState::AfterMessage,
            (true, true) => DecoderState::End,
        };
        (Some(chunk), state)
    }

    /// Checks text without escapes.
    fn check_run(&mut self, run: &[u8]) -> Result<(), Error> {
        if run.iter().any(|&byte| byte < b' ') {
            return Err(Error::Json);
        }
        self.utf8 = self.utf8.advance(run).map_err(|_| Error::Json)?;
        Ok(())
    }
}

/// How much of a text was read, how much of it is left without escapes, and whether the message ended there.
struct Unescaped {
    read: usize,
    written: usize,
    end: bool,
}

/// As many of `bytes` as the caller knows to fit.
fn inline<const N: usize>(bytes: &[u8]) -> Inline<N> {
    let mut inline = Inline::EMPTY;
    inline.try_append(bytes);
    inline
}

/// Every byte. A character that came in pieces is returned from here, since neither the input has room for it
/// nor may a chunk be borrowed from the decoder.
static BYTES: [u8; 256] = {
    let mut bytes = [0; 256];
    let mut at = 0;
    while at < 256 {
        #[expect(clippy::cast_possible_truncation, clippy::indexing_slicing, reason = "below 256")]
        {
            bytes[at] = at as u8;
        }
        at += 1;
    }
    bytes
};

fn one_byte(byte: u8) -> &'static [u8] {
    BYTES.get(usize::from(byte)).map_or(&[], core::slice::from_ref)
}
