//! Bodies in base64, as gRPC-Web's text form has them (PROTOCOL-WEB, *Text-encoded streams*).
//!
//! ```text
//!                 a symbol                    =          =
//!   Symbols { group: 0 } ──▶ 1 ──▶ 2 ───────────▶ Padding ──▶ Symbols { group: 0 }
//!             ▲                    │ a symbol
//!             └──── a symbol, = ── 3
//!
//!   anything else ──▶ Failed
//! ```

use core::mem;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};

use crate::append::Append;
use crate::grpc::Error;
use crate::inline::Inline;
use crate::{Buffer, BufferFull, Truncated};

/// Decodes a body in base64, in place (PROTOCOL-WEB, *Text-encoded streams*).
///
/// The body is one piece of base64 after another, each padded at its end. The pieces may end anywhere,
/// even inside a message. The decoder takes any split of the bytes, and returns each byte as soon as
/// the last of its bits is in.
///
/// Each symbol but the first of a group of four completes a byte, so that what is decoded never needs
/// more room than what came: only some bits are held back.
///
/// ```
/// use framewright::grpc::web::TextDecoder;
///
/// let mut text = TextDecoder::new();
/// let mut read = b"aGk=".to_vec(); // what the caller has just read, any size
/// assert_eq!(text.decode(&mut &mut read[..])?, Some(&b"hi"[..]));
/// text.check_eof().expect("nothing was cut off");
/// # Ok::<(), framewright::grpc::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct TextDecoder {
    state: State,
}

impl TextDecoder {
    /// A decoder at the beginning of a body.
    pub const fn new() -> Self {
        Self { state: State::BETWEEN }
    }

    /// Decodes all of `input`, and advances it to its end.
    ///
    /// `None` means that no byte was completed, and more symbols are needed.
    ///
    /// # Errors
    ///
    /// Something was not base64. All bytes before it were returned. The error is final.
    pub fn decode<'a>(&mut self, input: &mut &'a mut [u8]) -> Result<Option<&'a [u8]>, Error> {
        let bytes = mem::take(input);
        let len = self.decode_in_place(bytes);
        match self.state {
            State::Failed(e) if len == 0 => Err(e),
            _ if len == 0 => Ok(None),
            _ => Ok(bytes.get(..len)),
        }
    }

    /// Checks whether the body may end here: not inside a group of four symbols.
    pub const fn check_eof(&self) -> Result<(), Truncated> {
        match self.state {
            State::Symbols { group: 0, .. } | State::Failed(_) => Ok(()),
            _ => Err(Truncated),
        }
    }

    /// Decodes `bytes` to their beginning. Returns how many bytes that gave.
    pub(crate) fn decode_in_place(&mut self, bytes: &mut [u8]) -> usize {
        let mut text = TextInPlace { bytes, from: 0, to: 0 };
        loop {
            let run = match self.state {
                State::Symbols { group: 0, .. } => {
                    text.decode_blocks();
                    // One by one through what was no block, so that it is not tried twice.
                    BLOCK
                }
                State::Symbols { group, .. } => usize::from(4 - group),
                State::Padding | State::Failed(_) => 1,
            };
            for _ in 0..run {
                let Some(symbol) = text.next_symbol() else { return text.to };
                match self.state.push(symbol) {
                    Ok(None) => {}
                    Ok(Some(byte)) => text.put(byte),
                    Err(e) => {
                        self.state = State::Failed(e);
                        return text.to;
                    }
                }
            }
        }
    }

    /// What was wrong, if something was.
    pub(crate) const fn error(&self) -> Option<Error> {
        match self.state {
            State::Failed(e) => Some(e),
            _ => None,
        }
    }
}

impl Default for TextDecoder {
    fn default() -> Self {
        Self::new()
    }
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// After `group` symbols of a group of four, which left `bits` that do not make a byte.
    Symbols {
        group: u8,
        bits: u8,
    },
    /// After the first of two padding symbols.
    Padding,
    Failed(Error),
}

impl State {
    const BETWEEN: Self = Self::Symbols { group: 0, bits: 0 };

    /// Takes a symbol. Returns the byte that it completes.
    fn push(&mut self, symbol: u8) -> Result<Option<u8>, Error> {
        let (group, bits) = match *self {
            Self::Symbols { group, bits } => (group, bits),
            Self::Padding if symbol == b'=' => {
                *self = Self::BETWEEN;
                return Ok(None);
            }
            Self::Padding => return Err(Error::Base64),
            Self::Failed(e) => return Err(e),
        };
        let six = match symbol {
            b'A'..=b'Z' => symbol - b'A',
            b'a'..=b'z' => symbol - b'a' + 26,
            b'0'..=b'9' => symbol - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            b'=' if group == 2 => {
                *self = Self::Padding;
                return Ok(None);
            }
            b'=' if group == 3 => {
                *self = Self::BETWEEN;
                return Ok(None);
            }
            _ => return Err(Error::Base64),
        };
        let (byte, group, bits) = match group {
            0 => (None, 1, six),
            1 => (Some(bits << 2 | six >> 4), 2, six & 0xF),
            2 => (Some(bits << 4 | six >> 2), 3, six & 0x3),
            _ => (Some(bits << 6 | six), 0, 0),
        };
        *self = Self::Symbols { group, bits };
        Ok(byte)
    }
}

/// Text that is decoded to where it begins: what was decoded is before what was not.
struct TextInPlace<'b> {
    bytes: &'b mut [u8],
    /// Where the next symbol is.
    from: usize,
    /// Where the next byte goes.
    to: usize,
}

impl TextInPlace<'_> {
    #[inline]
    fn next_symbol(&mut self) -> Option<u8> {
        let symbol = *self.bytes.get(self.from)?;
        self.from += 1;
        Some(symbol)
    }

    #[inline]
    fn put(&mut self, byte: u8) {
        if let Some(place) = self.bytes.get_mut(self.to) {
            *place = byte;
            self.to += 1;
        }
    }

    /// Decodes as many blocks as there are.
    #[inline]
    fn decode_blocks(&mut self) {
        while let Some(len) = self.decode_block() {
            self.from += BLOCK;
            self.to += len;
        }
    }

    /// Decodes a block of whole groups, none of them padded. Returns its decoded length.
    ///
    /// `None` if that is not what is there, or there is less.
    fn decode_block(&mut self) -> Option<usize> {
        let mut decoded = [0; BLOCK_DECODED];
        let block = self.bytes.get(self.from..)?.first_chunk::<BLOCK>()?;
        let len = STANDARD_NO_PAD.decode_slice(block, &mut decoded).ok()?;
        self.bytes.get_mut(self.to..self.to + len)?.copy_from_slice(decoded.get(..len)?);
        Some(len)
    }
}

/// How many symbols are decoded at a time, and how many bytes they are.
const BLOCK: usize = 256;
const BLOCK_DECODED: usize = BLOCK / 4 * 3;

/// Appends `bytes` to `out` as a piece of base64 with its padding (PROTOCOL-WEB, *Text-encoded
/// streams*).
///
/// Make each message a piece of its own: peers decode a piece as far as it has come.
pub fn encode_text(bytes: &[u8], out: &mut impl Buffer) -> Result<(), BufferFull> {
    let mut append = Append::new(out);
    let mut text = TextEncoder::new(|symbols| append.put(symbols));
    text.encode(bytes);
    text.finish();
    append.finish()
}

/// Encodes one piece of base64, padded at its end.
pub(crate) struct TextEncoder<F> {
    /// What takes the symbols.
    put: F,
    /// Bytes that do not make a group of three.
    rest: Inline<3>,
}

impl<F: FnMut(&[u8])> TextEncoder<F> {
    pub(crate) const fn new(put: F) -> Self {
        Self { put, rest: Inline::EMPTY }
    }

    pub(crate) fn encode(&mut self, mut bytes: &[u8]) {
        if !self.rest.is_empty() {
            if !self.rest.fill_from(&mut bytes) {
                return;
            }
            put_symbols(&self.rest, &mut self.put);
            self.rest.clear();
        }
        let (groups, rest) = bytes.split_at(bytes.len() - bytes.len() % 3);
        for block in groups.chunks(BLOCK_DECODED) {
            put_symbols(block, &mut self.put);
        }
        self.rest.try_append(rest);
    }

    /// Encodes what is left, with padding.
    pub(crate) fn finish(mut self) {
        put_symbols(&self.rest, &mut self.put);
    }
}

/// Encodes at most a block of bytes, with padding.
fn put_symbols(bytes: &[u8], put: &mut impl FnMut(&[u8])) {
    let mut symbols = [0; BLOCK];
    let len = STANDARD.encode_slice(bytes, &mut symbols).unwrap_or_default();
    put(symbols.get(..len).unwrap_or_default());
}
