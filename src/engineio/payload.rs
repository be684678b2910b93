//! Packets in the body of a request or an answer, joined by U+001E (*Packet encoding*, *HTTP long-polling*).
//!
//! ```text
//!            a digit                         b
//!   ┌─────────────────────── Start ─────────────────────┐
//!   ▼                          ▲                        ▼
//!  Text ──── U+001E ───────────┴──────── U+001E ──── Base64
//!
//!   anything else ──▶ Failed     receive_eof() ──▶ Ended
//! ```

use core::mem;

use memchr::memchr;

use super::{Error, Kind, Packet, SendError};
use crate::append::Append;
use crate::grpc::web::{TextDecoder, TextEncoder};
use crate::utf8::Utf8State;
use crate::{Buffer, BufferFull, Chunk, ws};

/// What separates packets. No character of UTF-8 but itself contains it.
pub(super) const SEPARATOR: u8 = 0x1E;

/// Bytes of a message, and its kind.
///
/// [`Assembler`](super::Assembler) has an example.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct MessagePart<'a> {
    /// Whether the message is text or binary.
    pub kind: ws::Kind,
    /// The bytes. Of a text, a chunk may end inside a character.
    pub chunk: Chunk<'a>,
}

/// What comes out of a [`PayloadDecoder`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Part<'a> {
    /// Bytes of a message.
    Message(MessagePart<'a>),
    /// Bytes of the data of another packet, which mostly has none.
    Control(Kind, Chunk<'a>),
}

/// Decodes the packets of a body, in place.
///
/// Base64 is decoded where it stands. Bytes are returned as they come, and text is checked to be UTF-8. The last packet
/// ends with the body, so [`receive_eof`](Self::receive_eof) returns its last part.
///
/// ```
/// use framewright::engineio::{Part, PayloadDecoder};
///
/// let mut decoder = PayloadDecoder::new();
/// let (mut bytes, mut messages) = (Vec::new(), 0);
/// let mut body = *b"4hello\x1EbAQL/";
/// for mut input in body.chunks_mut(5) { // what the caller has just read, any size
///     while let Some(part) = decoder.decode(&mut input)? {
///         if let Part::Message(part) = part {
///             bytes.extend_from_slice(part.chunk.bytes);
///             messages += usize::from(part.chunk.end);
///         }
///     } // `input` is empty: there is nothing to keep, move or count
/// }
/// if let Some(Part::Message(_)) = decoder.receive_eof()? {
///     messages += 1;
/// }
/// assert_eq!((&bytes[..], messages), (&b"hello\x01\x02\xFF"[..], 2));
/// # Ok::<(), framewright::engineio::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct PayloadDecoder {
    state: PayloadState,
}

#[derive(Clone, Debug)]
enum PayloadState {
    /// Before the first byte of a packet.
    Start,
    /// In a packet whose data is text. `begun` once a part of it was returned.
    Text {
        kind: Kind,
        begun: bool,
        utf8: Utf8State,
    },
    /// In a packet in base64. Once `padded`, only padding may follow.
    Base64 {
        begun: bool,
        padded: bool,
        text: TextDecoder,
    },
    Ended,
    Failed(Error),
}

impl PayloadDecoder {
    /// A decoder at the beginning of a body.
    pub const fn new() -> Self {
        Self { state: PayloadState::Start }
    }

    /// Decodes the next part of a packet, advancing `input` past it.
    ///
    /// `None` means that every byte of `input` was taken and more are needed, or the end of the body.
    pub fn decode<'a>(&mut self, input: &mut &'a mut [u8]) -> Result<Option<Part<'a>>, Error> {
        let result = self.decode_next(input);
        if let Err(error) = result {
            self.state = PayloadState::Failed(error);
        }
        result
    }

    /// Ends the body. Returns the last part of its last packet: it has no bytes.
    ///
    /// # Errors
    ///
    /// The body was empty, or ended after a separator or inside a character or a group of base64.
    pub fn receive_eof(&mut self) -> Result<Option<Part<'static>>, Error> {
        let result = match &mut self.state {
            PayloadState::Start => Err(Error::PacketEmpty),
            PayloadState::Text { .. } => self.state.end_text(&[]).map(Some),
            PayloadState::Base64 { .. } => self.state.end_base64(&mut []).map(Some),
            PayloadState::Ended => Ok(None),
            PayloadState::Failed(error) => Err(*error),
        };
        self.state = match result {
            Ok(_) => PayloadState::Ended,
            Err(error) => PayloadState::Failed(error),
        };
        result
    }

    fn decode_next<'a>(&mut self, input: &mut &'a mut [u8]) -> Result<Option<Part<'a>>, Error> {
        match self.state {
            PayloadState::Failed(error) => return Err(error),
            PayloadState::Ended => {
                *input = &mut [];
                return Ok(None);
            }
            PayloadState::Start => {
                let Some(first) = input.split_off_first_mut() else { return Ok(None) };
                self.state = PayloadState::begin(*first)?;
            }
            _ => {}
        }
        let end = memchr(SEPARATOR, input);
        let bytes = input.split_off_mut(..end.unwrap_or(input.len())).unwrap_or_default();
        if end.is_some() {
            input.split_off_first_mut();
        } else if bytes.is_empty() {
            return Ok(None);
        }
        match (&mut self.state, end) {
            (PayloadState::Text { .. }, Some(_)) => self.state.end_text(bytes).map(Some),
            (PayloadState::Base64 { .. }, Some(_)) => self.state.end_base64(bytes).map(Some),
            (PayloadState::Text { kind, begun, utf8 }, None) => {
                *utf8 = utf8.advance(bytes).map_err(|_| Error::InvalidUtf8)?;
                let start = !mem::replace(begun, true);
                Ok(Some(text_part(*kind, Chunk { bytes, start, end: false })))
            }
            (state, _) => {
                let bytes = state.decode_base64(bytes)?;
                let PayloadState::Base64 { begun, .. } = state else { return Ok(None) };
                if bytes.is_empty() {
                    return Ok(None);
                }
                let start = !mem::replace(begun, true);
                Ok(Some(binary_part(Chunk { bytes, start, end: false })))
            }
        }
    }
}

impl Default for PayloadDecoder {
    fn default() -> Self {
        Self::new()
    }
}

impl PayloadState {
    /// In the packet that begins with `first`.
    fn begin(first: u8) -> Result<Self, Error> {
        if first == b'b' {
            return Ok(Self::Base64 { begun: false, padded: false, text: TextDecoder::new() });
        }
        let kind = Kind::from_digit(first).ok_or(match first {
            SEPARATOR => Error::PacketEmpty,
            other => Error::PacketType(other),
        })?;
        Ok(Self::Text { kind, begun: false, utf8: Utf8State::Boundary })
    }

    /// Ends a packet of text with `bytes`.
    fn end_text<'a>(&mut self, bytes: &'a [u8]) -> Result<Part<'a>, Error> {
        let Self::Text { kind, begun, utf8 } = *self else { return Err(Error::InvalidUtf8) };
        if utf8.advance(bytes).map_err(|_| Error::InvalidUtf8)? != Utf8State::Boundary {
            return Err(Error::InvalidUtf8);
        }
        *self = Self::Start;
        Ok(text_part(kind, Chunk { bytes, start: !begun, end: true }))
    }

    /// Ends a packet in base64 with the symbols in `bytes`.
    fn end_base64<'a>(&mut self, bytes: &'a mut [u8]) -> Result<Part<'a>, Error> {
        let bytes = self.decode_base64(bytes)?;
        let Self::Base64 { begun, text, .. } = self else { return Err(Error::Base64) };
        text.check_eof().map_err(|_| Error::Base64)?;
        let start = !*begun;
        *self = Self::Start;
        Ok(binary_part(Chunk { bytes, start, end: true }))
    }

    fn decode_base64<'a>(&mut self, symbols: &'a mut [u8]) -> Result<&'a [u8], Error> {
        let Self::Base64 { padded, text, .. } = self else { return Err(Error::Base64) };
        let begin = if *padded { Some(0) } else { memchr(b'=', symbols) };
        let padding = begin.and_then(|begin| symbols.get(begin..)).unwrap_or_default();
        *padded |= !padding.is_empty();
        if padding.iter().any(|byte| *byte != b'=') {
            return Err(Error::Base64);
        }
        let len = text.decode_in_place(symbols);
        if text.error().is_some() {
            return Err(Error::Base64);
        }
        Ok(symbols.get(..len).unwrap_or_default())
    }
}

const fn text_part(kind: Kind, chunk: Chunk<'_>) -> Part<'_> {
    match kind {
        Kind::Message => Part::Message(MessagePart { kind: ws::Kind::Text, chunk }),
        kind => Part::Control(kind, chunk),
    }
}

const fn binary_part(chunk: Chunk<'_>) -> Part<'_> {
    Part::Message(MessagePart { kind: ws::Kind::Binary, chunk })
}

/// Writes the packets of a body.
///
/// ```
/// use framewright::engineio::{Packet, Kind, PayloadEncoder};
///
/// let (mut encoder, mut body) = (PayloadEncoder::new(), Vec::new());
/// encoder.encode(Packet::Text(Kind::Message, "hi"), &mut body)?;
/// encoder.encode(Packet::Binary(&[1, 2, 255]), &mut body)?;
/// assert_eq!(body, b"4hi\x1EbAQL/");
/// # Ok::<(), framewright::engineio::SendError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct PayloadEncoder {
    /// Whether a packet was written.
    begun: bool,
}

impl PayloadEncoder {
    /// An encoder at the beginning of a body.
    pub const fn new() -> Self {
        Self { begun: false }
    }

    /// An encoder that goes on with a body, if it was `begun`.
    pub(super) const fn after(begun: bool) -> Self {
        Self { begun }
    }

    /// Appends a packet, and before it a separator unless it is the first.
    ///
    /// # Errors
    ///
    /// Text that contains U+001E would arrive as several packets, and is refused. JSON never does.
    pub fn encode(&mut self, packet: Packet<'_>, out: &mut impl Buffer) -> Result<(), SendError> {
        if let Packet::Text(_, text) = packet
            && memchr(SEPARATOR, text.as_bytes()).is_some()
        {
            return Err(SendError::Separator);
        }
        write_packet(self.begun, packet, out)?;
        self.begun = true;
        Ok(())
    }
}

fn write_packet(
    separated: bool,
    packet: Packet<'_>,
    out: &mut impl Buffer,
) -> Result<(), BufferFull> {
    let mut append = Append::new(out);
    if separated {
        append.put(&[SEPARATOR]);
    }
    match packet {
        Packet::Text(kind, text) => {
            append.put(&[kind.digit()]);
            append.put(text.as_bytes());
        }
        Packet::Binary(bytes) => append_base64(bytes, &mut append),
        Packet::Base64(text) => {
            append.put(b"b");
            append.put(text.as_str().as_bytes());
        }
    }
    append.finish()
}

/// Appends `b`, and `bytes` in base64.
pub(super) fn append_base64<B: Buffer>(bytes: &[u8], append: &mut Append<'_, B>) {
    append.put(b"b");
    let mut text = TextEncoder::new(|symbols| append.put(symbols));
    text.encode(bytes);
    text.finish();
}
