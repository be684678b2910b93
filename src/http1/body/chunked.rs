use super::decode::take;
use crate::http::syntax::is_tchar;
use crate::http1::{Error, Limits};

/// The longest chunk: longer ones are negative to some.
pub(super) const MAX_CHUNK_LEN: u64 = u64::MAX >> 1;

/// How far a body in chunks has come (§7.1).
///
/// ```text
/// 5;name="value" CRLF     size line: size and extensions
/// hello CRLF              data
/// 0 CRLF                  size line of the last chunk, which has no data
/// Name: value CRLF        trailers
/// CRLF
/// ```
#[derive(Clone, Debug)]
pub(super) struct Chunked {
    /// What the data may still come to.
    room: u64,
    /// Bytes of extensions that no data has made up for.
    extensions_len: u64,
    at: At,
}

impl Chunked {
    pub(super) const fn new(limits: &Limits) -> Self {
        Self { room: limits.max_body_len, extensions_len: 0, at: At::SIZE }
    }

    /// Takes the next data off `input`, with all that is before it; or the end, which is empty.
    ///
    /// `None` means that every byte was taken, and neither was there.
    pub(super) fn take<'a>(
        &mut self,
        limits: &Limits,
        input: &mut &'a mut [u8],
    ) -> Result<Option<(&'a mut [u8], bool)>, Error> {
        // The most frequent case takes one step.
        if let Some(size) = self.size_line(input) {
            self.at = self.data(size)?;
        }
        loop {
            match &mut self.at {
                At::Data { remaining } => {
                    let Some(bytes) = take(remaining, input) else { return Ok(None) };
                    if *remaining == 0 {
                        self.at = At::DataCr;
                    }
                    return Ok(Some((bytes, false)));
                }
                At::End => return Ok(Some((&mut [], true))),
                _ => {
                    let Some(byte) = input.split_off_first_mut() else { return Ok(None) };
                    self.at = self.after(*byte, limits)?;
                }
            }
        }
    }

    pub(super) const fn payload_remaining(&self) -> u64 {
        match self.at {
            At::Data { remaining } => remaining,
            _ => 0,
        }
    }

    /// Takes a whole size line off `input`, with the end of the data before it: the line of a chunk
    /// with data, and without extensions.
    ///
    /// Anything else is left alone.
    #[inline]
    fn size_line(&self, input: &mut &mut [u8]) -> Option<u64> {
        let line = match self.at {
            At::DataCr => input.strip_prefix(b"\r\n")?,
            At::Size { digits: 0, .. } => &**input,
            _ => return None,
        };
        let mut size = 0;
        // One digit less than is allowed, so that any size of them is.
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

    /// Behind the size line of a chunk with data.
    #[inline]
    fn data(&mut self, size: u64) -> Result<At, Error> {
        // The announced length counts, so that a liar is refused before it costs anything.
        self.room = self.room.checked_sub(size).ok_or(Error::BodyTooLong)?;
        self.extensions_len = self.extensions_len.saturating_sub(size);
        Ok(At::Data { remaining: size })
    }

    /// Where the next byte leads, outside of data.
    #[inline]
    fn after(&mut self, byte: u8, limits: &Limits) -> Result<At, Error> {
        match self.at {
            At::Size { size, digits } => match byte {
                b'\r' if digits > 0 => Ok(At::SizeLf { size }),
                b';' if digits > 0 => self.extension(size, Quote::None, limits),
                _ => match char::from(byte).to_digit(16) {
                    Some(digit) if digits < 16 && size <= MAX_CHUNK_LEN >> 4 => {
                        Ok(At::Size { size: size << 4 | u64::from(digit), digits: digits + 1 })
                    }
                    _ => Err(invalid(byte, Error::ChunkSize)),
                },
            },
            At::Extension { size, quote } => match (quote, byte) {
                (Quote::None, b'\r') => Ok(At::SizeLf { size }),
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
            At::SizeLf { size: 0 } => {
                lf(byte, At::Trailers(Trailers { len: 0, lines: 0, at: Line::Start }))
            }
            At::SizeLf { size } => {
                lf(byte, ())?;
                self.data(size)
            }
            At::DataCr if byte == b'\r' => Ok(At::DataLf),
            At::DataCr => Err(invalid(byte, Error::ChunkEnd)),
            At::DataLf => lf(byte, At::SIZE),
            At::Trailers(trailers) => trailers.after(byte, limits),
            At::Data { .. } | At::End => Ok(self.at),
        }
    }

    /// Behind one more byte of an extension.
    fn extension(&mut self, size: u64, quote: Quote, limits: &Limits) -> Result<At, Error> {
        if self.extensions_len >= limits.max_chunk_extensions_len {
            return Err(Error::ChunkExtensionsTooLong);
        }
        self.extensions_len += 1;
        Ok(At::Extension { size, quote })
    }
}

#[derive(Clone, Copy, Debug)]
enum At {
    /// Behind so many digits of a size.
    Size {
        size: u64,
        digits: u8,
    },
    Extension {
        size: u64,
        quote: Quote,
    },
    /// Before the LF of a size line.
    SizeLf {
        size: u64,
    },
    /// Before so many bytes of data, and never none.
    Data {
        remaining: u64,
    },
    /// Before the CR behind data.
    DataCr,
    /// Before the LF behind data.
    DataLf,
    Trailers(Trailers),
    End,
}

impl At {
    const SIZE: Self = Self::Size { size: 0, digits: 0 };
}

/// Where in a quoted string an extension is: its line cannot end there, but somebody who does not
/// look for quotes would end it.
#[derive(Clone, Copy, Debug)]
enum Quote {
    /// In none.
    None,
    Open,
    /// Behind a backslash.
    Escape,
}

/// The trailers as far as they have come.
#[derive(Clone, Copy, Debug)]
struct Trailers {
    /// Length in bytes, line ends included.
    len: usize,
    /// Lines begun, but for the empty one at the end.
    lines: usize,
    at: Line,
}

#[derive(Clone, Copy, Debug)]
enum Line {
    Start,
    Name,
    Value,
    /// Before the LF of a line.
    Lf,
    /// Before the LF of the empty line at the end.
    LastLf,
}

impl Trailers {
    /// Where the next byte leads.
    fn after(mut self, byte: u8, limits: &Limits) -> Result<At, Error> {
        if self.len >= limits.max_head_len {
            return Err(Error::HeadTooLong);
        }
        self.len += 1;
        self.at = match (self.at, byte) {
            (Line::Start, b'\r') => Line::LastLf,
            (Line::Start, _) if is_tchar(byte) => {
                if self.lines >= limits.max_headers {
                    return Err(Error::TooManyHeaders);
                }
                self.lines += 1;
                Line::Name
            }
            (Line::Name, _) if is_tchar(byte) => Line::Name,
            (Line::Name, b':') | (Line::Value, b'\t' | b' '..=b'~' | 128..) => Line::Value,
            (Line::Value, b'\r') => Line::Lf,
            (Line::Start | Line::Name | Line::Value, _) => {
                return Err(invalid(byte, Error::Header));
            }
            (Line::Lf, _) => lf(byte, Line::Start)?,
            (Line::LastLf, _) => return lf(byte, At::End),
        };
        Ok(At::Trailers(self))
    }
}

/// What follows a CR, where that is an LF.
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
