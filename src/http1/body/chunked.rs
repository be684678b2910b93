//! The framing of a body in chunks (§7.1).

use super::MAX_CHUNK_LEN;
use super::take::take;
use crate::http::syntax::{is_space, is_tchar};
use crate::http1::{Error, Limits};
use crate::{BufferFull, OverLimit};

/// How far a body in chunks has come.
///
/// ```text
/// 5 ;name="value" CRLF    Size, Blanks, Extension, SizeLf
/// hello CRLF              Data, DataCr, DataLf
/// 0 CRLF                  Size, SizeLf: the last chunk has no data
/// Name: value CRLF        Trailers: Line::{Start, Name, Value, Lf}
///  folded CRLF            Trailers: Line::{Start, Value, Lf}, only in a response
/// CRLF                    Trailers: Line::{Start, LastLf}
///                         End
/// ```
///
/// ```text
///                  ┌────── Blanks, Extension ──────┐
///                  │                                ▼
///   ┌──▶ Size ─────┴──────── CR ───────────────▶ SizeLf ── size 0 ──▶ Trailers ──▶ End
///   │                                               │
///   └─── DataLf ◀── CR ── DataCr ◀── all of it ── Data
/// ```
#[derive(Clone, Debug)]
pub(super) struct Chunked {
    /// How many bytes of data may still come.
    room: u64,
    /// Bytes of extensions, and of what pads a size, that no data has made up for.
    extensions_len: u64,
    at: Position,
}

impl Chunked {
    pub(super) const fn new(limits: &Limits) -> Self {
        Self { room: limits.max_body_len, extensions_len: 0, at: Position::SIZE }
    }

    /// Takes the next data off `input`, with all that is before it. At the end of the body, the data is
    /// empty and the `bool` is true. The lines of trailers go to `keep_trailers`, in pieces.
    ///
    /// `None` means that every byte was taken, and more are needed.
    pub(super) fn take<'a>(
        &mut self,
        limits: &Limits,
        is_response: bool,
        input: &mut &'a mut [u8],
        mut keep_trailers: impl FnMut(&[u8]) -> Result<(), BufferFull>,
    ) -> Result<Option<(&'a mut [u8], bool)>, Error> {
        // The most frequent case takes one step.
        if let Some(size) = self.size_line(input) {
            self.at = self.data(size, limits)?;
        }
        loop {
            match &mut self.at {
                Position::Data { remaining } => {
                    let Some(bytes) = take(remaining, input) else { return Ok(None) };
                    if *remaining == 0 {
                        self.at = Position::DataCr;
                    }
                    return Ok(Some((bytes, false)));
                }
                Position::End => return Ok(Some((&mut [], true))),
                Position::Trailers(trailers) => {
                    let Some(byte) = input.split_off_first_mut() else { return Ok(None) };
                    if trailers.take(*byte, is_response, limits, &mut keep_trailers)? {
                        self.at = Position::End;
                    }
                }
                _ => {
                    let Some(byte) = input.split_off_first_mut() else { return Ok(None) };
                    self.at = self.after(*byte, limits)?;
                }
            }
        }
    }

    pub(super) const fn payload_remaining(&self) -> u64 {
        match self.at {
            Position::Data { remaining } => remaining,
            _ => 0,
        }
    }

    /// Takes a whole size line off `input`, with the line end of the data before it. The chunk has
    /// data and no extensions.
    ///
    /// Anything else stays in the input.
    #[inline]
    fn size_line(&self, input: &mut &mut [u8]) -> Option<u64> {
        let line = match self.at {
            Position::DataCr => input.strip_prefix(b"\r\n")?,
            Position::Size { digits: 0, .. } => &**input,
            _ => return None,
        };
        let mut size = 0;
        // One digit fewer than are allowed, so that every size made of them is allowed.
        for (i, byte) in line.iter().take(16).enumerate() {
            let Some(digit) = char::from(*byte).to_digit(16) else {
                let rest = line.get(i..)?.strip_prefix(b"\r\n").filter(|_| size > 0)?;
                let len = input.len() - rest.len();
                input.split_off_mut(..len)?;
                return Some(size);
            };
            size = size << 4 | u64::from(digit);
        }
        None
    }

    /// The position after the size line of a chunk with data.
    #[inline]
    fn data(&mut self, size: u64, limits: &Limits) -> Result<Position, Error> {
        // The announced length counts, so that too much is refused before it comes.
        let Some(room) = self.room.checked_sub(size) else {
            let limit = limits.max_body_len;
            let len = (limit - self.room).saturating_add(size);
            return Err(Error::BodyTooLong(OverLimit::new(len, limit)));
        };
        self.room = room;
        self.extensions_len = self.extensions_len.saturating_sub(size);
        Ok(Position::Data { remaining: size })
    }

    /// The position after the next byte, outside of data.
    #[inline]
    fn after(&mut self, byte: u8, limits: &Limits) -> Result<Position, Error> {
        match self.at {
            Position::Size { size, digits } => match byte {
                b'\r' if digits > 0 => Ok(Position::SizeLf { size }),
                b';' if digits > 0 => self.extension(size, Quote::None, limits),
                b' ' | b'\t' if digits > 0 => self.blank(size, limits),
                _ => match char::from(byte).to_digit(16) {
                    Some(digit) if size <= MAX_CHUNK_LEN >> 4 => {
                        // More digits than any size needs: zeros before it.
                        if digits == 16 {
                            self.count_extension_byte(limits)?;
                        }
                        Ok(Position::Size {
                            size: size << 4 | u64::from(digit),
                            digits: 16.min(digits + 1),
                        })
                    }
                    _ => Err(invalid(byte, Error::ChunkSize)),
                },
            },
            Position::Blanks { size } => match byte {
                b'\r' => Ok(Position::SizeLf { size }),
                b';' => self.extension(size, Quote::None, limits),
                b' ' | b'\t' => self.blank(size, limits),
                _ => Err(invalid(byte, Error::ChunkSize)),
            },
            Position::Extension { size, quote } => match (quote, byte) {
                (Quote::None, b'\r') => Ok(Position::SizeLf { size }),
                _ if byte != b'\t' && byte.is_ascii_control() => {
                    Err(invalid(byte, Error::ChunkExtension))
                }
                (Quote::None, b'"') | (Quote::Escape, _) => {
                    self.extension(size, Quote::Open, limits)
                }
                (Quote::Open, b'"') => self.extension(size, Quote::None, limits),
                (Quote::Open, b'\\') => self.extension(size, Quote::Escape, limits),
                _ => self.extension(size, quote, limits),
            },
            Position::SizeLf { size: 0 } => {
                lf(byte, Position::Trailers(Trailers { len: 0, lines: 0, at: Line::Start }))
            }
            Position::SizeLf { size } => {
                lf(byte, ())?;
                self.data(size, limits)
            }
            Position::DataCr if byte == b'\r' => Ok(Position::DataLf),
            Position::DataCr => Err(invalid(byte, Error::ChunkEnd)),
            Position::DataLf => lf(byte, Position::SIZE),
            Position::Data { .. } | Position::Trailers(_) | Position::End => Ok(self.at),
        }
    }

    /// The position after one more byte of an extension.
    fn extension(&mut self, size: u64, quote: Quote, limits: &Limits) -> Result<Position, Error> {
        self.count_extension_byte(limits)?;
        Ok(Position::Extension { size, quote })
    }

    /// The position after one more blank that follows a size.
    fn blank(&mut self, size: u64, limits: &Limits) -> Result<Position, Error> {
        self.count_extension_byte(limits)?;
        Ok(Position::Blanks { size })
    }

    fn count_extension_byte(&mut self, limits: &Limits) -> Result<(), Error> {
        if self.extensions_len >= limits.max_chunk_extensions_len {
            return Err(Error::ChunkExtensionsTooLong { limit: limits.max_chunk_extensions_len });
        }
        self.extensions_len += 1;
        Ok(())
    }
}

#[derive(Clone, Copy, Debug)]
enum Position {
    /// After this many digits of a size; 16 also stands for more.
    Size {
        size: u64,
        digits: u8,
    },
    /// After blanks that follow a size (§7.1.1).
    Blanks {
        size: u64,
    },
    Extension {
        size: u64,
        quote: Quote,
    },
    /// Before the LF of a size line.
    SizeLf {
        size: u64,
    },
    /// Before this many bytes of data, at least one.
    Data {
        remaining: u64,
    },
    /// Before the CR that ends data.
    DataCr,
    /// Before the LF that ends data.
    DataLf,
    Trailers(Trailers),
    End,
}

impl Position {
    const SIZE: Self = Self::Size { size: 0, digits: 0 };
}

/// Whether an extension is in a quoted string. Its line cannot end there, but a parser that does not
/// look for quotes would end it.
#[derive(Clone, Copy, Debug)]
enum Quote {
    /// In no quoted string.
    None,
    Open,
    /// After a backslash.
    Escape,
}

/// How far the trailers have come.
#[derive(Clone, Copy, Debug)]
struct Trailers {
    /// Length in bytes, line ends included.
    len: usize,
    /// Lines begun, without the empty one at the end.
    lines: usize,
    at: Line,
}

#[derive(Clone, Copy, Debug)]
enum Line {
    Start,
    Name,
    /// In blanks between a name and its colon, in a response.
    NameEnd,
    Value,
    /// Before the LF of a line.
    Lf,
    /// Before the LF of the empty line at the end.
    LastLf,
    End,
}

impl Trailers {
    /// Takes the next byte. Returns whether the trailers end with it.
    ///
    /// What is kept are lines ended by CRLF, of which none is folded.
    fn take(
        &mut self,
        byte: u8,
        is_response: bool,
        limits: &Limits,
        mut keep: impl FnMut(&[u8]) -> Result<(), BufferFull>,
    ) -> Result<bool, Error> {
        if self.len >= limits.max_head_len {
            return Err(Error::HeadTooLong { limit: limits.max_head_len });
        }
        self.len += 1;
        let is_first = self.lines == 0;
        self.at = match (self.at, byte) {
            (Line::Start, b'\r') => Line::LastLf,
            (Line::Start, _) if is_tchar(byte) => {
                if self.lines >= limits.max_headers {
                    return Err(Error::TooManyHeaders { limit: limits.max_headers });
                }
                self.lines += 1;
                // The end of the line before, which is not folded.
                keep(if is_first { b"" } else { b"\r\n" })?;
                Line::Name
            }
            (Line::Start, _) if is_response && is_space(byte) && !is_first => {
                keep(b"  ")?;
                Line::Value
            }
            (Line::Name, _) if is_tchar(byte) => Line::Name,
            (Line::Name | Line::NameEnd, b':') | (Line::Value, b'\t' | b' '..=b'~' | 128..) => {
                Line::Value
            }
            (Line::Name | Line::NameEnd, _) if is_response && is_space(byte) => Line::NameEnd,
            (Line::Value, b'\r') => Line::Lf,
            (Line::Value, b'\n') if is_response => Line::Start,
            (Line::Lf, _) => lf(byte, Line::Start)?,
            (Line::Start, b'\n') if is_response => Line::End,
            (Line::LastLf, _) => lf(byte, Line::End)?,
            (Line::Start | Line::Name | Line::NameEnd | Line::Value | Line::End, _) => {
                return Err(invalid(byte, Error::Header));
            }
        };
        match self.at {
            Line::Name | Line::Value => keep(&[byte])?,
            Line::End if !is_first => keep(b"\r\n")?,
            _ => {}
        }
        Ok(matches!(self.at, Line::End))
    }
}

/// `next`, if an LF follows a CR.
#[inline]
fn lf<T>(byte: u8, next: T) -> Result<T, Error> {
    if byte == b'\n' { Ok(next) } else { Err(Error::BareCr) }
}

/// What is wrong with a byte that cannot be where it is.
#[cold]
fn invalid(byte: u8, otherwise: Error) -> Error {
    match byte {
        b'\n' => Error::BareLf,
        b'\t' | b'\r' => otherwise,
        _ if byte.is_ascii_control() => Error::ControlByte,
        _ => otherwise,
    }
}
