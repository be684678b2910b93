use core::mem;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};

use crate::append::Append;
use crate::grpc::Error;
use crate::grpc::field::Sink;
use crate::{Buffer, BufferFull, Truncated};

/// Takes a body out of base64, in place (PROTOCOL-WEB, *Text-encoded streams*).
///
/// The body is one piece of base64 after another, each padded at its end, and the pieces may end
/// anywhere, even inside a message. It takes any split of the bytes, and gives out each byte as soon
/// as the last of its bits is in.
///
/// Each symbol but the first of a group of four completes a byte, so what comes out never needs
/// more room than what came in: nothing is held back but some bits.
#[derive(Clone, Debug)]
pub struct TextDecoder {
    state: State,
}

impl TextDecoder {
    /// A decoder at the beginning of a body.
    pub const fn new() -> Self {
        Self { state: State::BETWEEN }
    }

    /// Decodes what there is, advancing `input` past it.
    ///
    /// `None` means that every byte of `input` was taken and more are needed.
    ///
    /// # Errors
    ///
    /// Something was no base64. All bytes before it have been given out by then. The error is final,
    /// and `input` is taken as a whole.
    pub fn decode<'a>(&mut self, input: &mut &'a mut [u8]) -> Result<Option<&'a [u8]>, Error> {
        let bytes = mem::take(input);
        let len = self.decode_in_place(bytes);
        match self.state {
            State::Failed(e) if len == 0 => Err(e),
            _ if len == 0 => Ok(None),
            _ => Ok(bytes.get(..len)),
        }
    }

    /// Tells whether the body may end here: not inside a group of four symbols.
    pub const fn check_eof(&self) -> Result<(), Truncated> {
        match self.state {
            State::Symbols { group: 0, .. } | State::Failed(_) => Ok(()),
            _ => Err(Truncated),
        }
    }

    /// Decodes `bytes` to where they begin; tells how many that gave.
    pub(in crate::grpc) fn decode_in_place(&mut self, bytes: &mut [u8]) -> usize {
        let (mut from, mut to) = (0, 0);
        loop {
            let run = match self.state {
                State::Symbols { group: 0, .. } => {
                    while let Some(len) = decode_block(bytes, from, to) {
                        from += BLOCK;
                        to += len;
                    }
                    // One by one through what was no block, so that it is not tried twice.
                    BLOCK
                }
                State::Symbols { group, .. } => usize::from(4 - group),
                State::Padding | State::Failed(_) => 1,
            };
            for _ in 0..run {
                let Some(&symbol) = bytes.get(from) else { return to };
                from += 1;
                match self.state.push(symbol) {
                    Ok(None) => {}
                    Ok(Some(byte)) => {
                        if let Some(place) = bytes.get_mut(to) {
                            *place = byte;
                            to += 1;
                        }
                    }
                    Err(e) => {
                        self.state = State::Failed(e);
                        return to;
                    }
                }
            }
        }
    }

    /// What was wrong, if something was.
    pub(in crate::grpc) const fn error(&self) -> Option<Error> {
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
    /// Behind as many symbols of a group of four, which left bits that do not make a byte.
    Symbols {
        group: u8,
        bits: u8,
    },
    /// Behind the first of two padding symbols.
    Padding,
    Failed(Error),
}

impl State {
    const BETWEEN: Self = Self::Symbols { group: 0, bits: 0 };

    /// Takes a symbol; gives out the byte that it completes.
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

/// How many symbols are decoded at a time.
const BLOCK: usize = 256;

/// Decodes a block of whole groups, none of them padded; tells its length.
///
/// `None` if that is not what is there, or there is less.
fn decode_block(bytes: &mut [u8], from: usize, to: usize) -> Option<usize> {
    let mut decoded = [0; BLOCK / 4 * 3];
    let block = bytes.get(from..)?.first_chunk::<BLOCK>()?;
    let len = STANDARD_NO_PAD.decode_slice(block, &mut decoded).ok()?;
    bytes.get_mut(to..to + len)?.copy_from_slice(decoded.get(..len)?);
    Some(len)
}

/// Appends `bytes` to `out` as a piece of base64 with its padding (PROTOCOL-WEB, *Text-encoded
/// streams*).
///
/// Peers decode what has come of a piece, so each message should be a piece of its own.
pub fn encode_text(bytes: &[u8], out: &mut impl Buffer) -> Result<(), BufferFull> {
    let mut writer = Append::new(out);
    let mut text = TextSink::new(&mut writer);
    text.put(bytes);
    text.finish();
    writer.finish()
}

/// Writes one piece of base64, padded at its end.
pub(in crate::grpc) struct TextSink<'s> {
    sink: &'s mut dyn Sink,
    /// What does not make a group of three.
    rest: [u8; 3],
    len: usize,
}

impl<'s> TextSink<'s> {
    pub(in crate::grpc) fn new(sink: &'s mut dyn Sink) -> Self {
        Self { sink, rest: [0; 3], len: 0 }
    }

    pub(in crate::grpc) fn finish(self) {
        let rest = self.rest.get(..self.len).unwrap_or_default();
        put_symbols(rest, self.sink);
    }
}

impl Sink for TextSink<'_> {
    fn put(&mut self, mut bytes: &[u8]) {
        while self.len > 0
            && let Some(byte) = bytes.split_off_first()
        {
            if let Some(place) = self.rest.get_mut(self.len) {
                *place = *byte;
            }
            self.len += 1;
            if self.len == 3 {
                put_symbols(&self.rest, self.sink);
                self.len = 0;
            }
        }
        let (groups, rest) = bytes.split_at(bytes.len() - bytes.len() % 3);
        for block in groups.chunks(BLOCK / 4 * 3) {
            put_symbols(block, self.sink);
        }
        if !rest.is_empty() {
            self.rest = [0; 3];
            for (place, byte) in self.rest.iter_mut().zip(rest) {
                *place = *byte;
            }
            self.len = rest.len();
        }
    }
}

/// Writes at most three quarters of a block of bytes, with padding.
fn put_symbols(bytes: &[u8], sink: &mut dyn Sink) {
    let mut symbols = [0; BLOCK];
    let len = STANDARD.encode_slice(bytes, &mut symbols).unwrap_or_default();
    sink.put(symbols.get(..len).unwrap_or_default());
}
