//! Takes heads: line by line, however they come, to the inbox.

use memchr::{memchr, memchr2};
use simdutf8::basic::from_utf8;

use super::{Decoder, Part, State};
use crate::http::syntax::parse_len;
use crate::stomp::escape::Escapes;
use crate::stomp::{Command, Error, Inbox, Limits, Version};
use crate::{Buffer, OverLimit};

impl Decoder {
    /// A line without the CR that belongs to its end.
    #[inline]
    pub(super) fn without_cr<'l>(&self, line: &'l [u8]) -> &'l [u8] {
        match self.version {
            Some(Version::V1_0 | Version::V1_1) => line,
            Some(Version::V1_2) | None => line.strip_suffix(b"\r").unwrap_or(line),
        }
    }

    /// Takes headers up to the end of the head, or what has come of them.
    #[inline]
    pub(super) fn in_header<'a, B: Buffer>(
        &mut self,
        command: Command,
        input: &mut &'a [u8],
        inbox: &mut Inbox<B>,
    ) -> Result<Option<Part<'a>>, Error> {
        if !inbox.has_head(self.head.stored) {
            return Err(Error::BeginningMissing);
        }
        if self.head.is_at_start() && self.take_plain_head(input, inbox) {
            return Ok(Some(self.end_head(command, inbox)));
        }
        let escapes = if command.has_escapes() { Escapes::of(self.version) } else { Escapes::None };
        loop {
            let room = self.room();
            let seen = input.get(..room.saturating_add(1)).unwrap_or(input);
            let Some(end) = memchr2(b'\n', 0, seen) else {
                return self.in_line(room, input, inbox).map(|()| None);
            };
            let (piece, rest) = input.split_at_checked(end).unwrap_or_default();
            let Some((b'\n', rest)) = rest.split_first() else { return Err(Error::NulInHead) };
            *input = rest;
            self.head.len += self.head.line_len + piece.len() as u64 + 1;
            if self.head.len > self.limits.max_head_len {
                return Err(self.head_too_long());
            }
            self.head.line_len = 0;
            if self.add_line(escapes, piece, inbox)? {
                return Ok(Some(self.end_head(command, inbox)));
            }
            self.head.stored = inbox.len();
            if input.is_empty() {
                return Ok(None);
            }
        }
    }

    /// Goes on to the body.
    #[inline]
    fn end_head<'a, B: Buffer>(&mut self, command: Command, inbox: &mut Inbox<B>) -> Part<'a> {
        inbox.end_head();
        self.state = match self.head.content_len {
            Some(left) => State::Sized { left, started: false },
            None => State::Unsized { len: 0, started: false },
        };
        Part::Head(command)
    }

    /// How many more bytes the current line may have before its LF.
    #[inline]
    fn room(&self) -> usize {
        let Limits { max_line_len, max_head_len, .. } = self.limits;
        let line_room = max_line_len.saturating_sub(self.head.line_len);
        let head_room = max_head_len.saturating_sub(self.head.len + self.head.line_len + 1);
        usize::try_from(line_room.min(head_room)).unwrap_or(usize::MAX)
    }

    /// Takes a part of a line of which at most `room` bytes may come, and whose end is not in the input.
    #[cold]
    fn in_line<B: Buffer>(
        &mut self,
        room: usize,
        input: &mut &[u8],
        inbox: &mut Inbox<B>,
    ) -> Result<(), Error> {
        if input.len() > room {
            let limit = self.limits.max_line_len;
            let is_line_too_long = limit.saturating_sub(self.head.line_len) == room as u64;
            return Err(if is_line_too_long {
                Error::LineTooLong(OverLimit::new(limit.saturating_add(1), limit))
            } else {
                self.head_too_long()
            });
        }
        let piece = core::mem::take(input);
        inbox.put_piece(piece).map_err(Error::BufferFull)?;
        self.head.line_len += piece.len() as u64;
        self.head.stored = inbox.len();
        Ok(())
    }

    const fn head_too_long(&self) -> Error {
        let limit = self.limits.max_head_len;
        Error::HeadTooLong(OverLimit::new(limit.saturating_add(1), limit))
    }

    /// Adds the rest of a line to the inbox. Returns whether it is the empty line.
    #[inline]
    fn add_line<B: Buffer>(
        &mut self,
        escapes: Escapes,
        piece: &[u8],
        inbox: &mut Inbox<B>,
    ) -> Result<bool, Error> {
        inbox.put_piece(piece).map_err(Error::BufferFull)?;
        let Some(line) = self.check_line(escapes, inbox.line())? else { return Ok(true) };
        if self.head.headers >= self.limits.max_headers {
            return Err(Error::TooManyHeaders { limit: self.limits.max_headers });
        }
        self.head.headers += 1;
        let (mut name_len, mut value_len) = (line.colon, line.len - line.colon - 1);
        if line.has_escapes {
            (name_len, value_len) = unescape_line(escapes, inbox.line(), &line)?;
        }
        let mut head = self.head;
        self.note_content_len(&mut head, inbox.line(), name_len, value_len)?;
        self.head = head;
        inbox.end_line(name_len, value_len).map_err(Error::BufferFull)?;
        Ok(false)
    }

    /// Checks a line. `None` if it is the empty one.
    #[inline]
    fn check_line(&self, escapes: Escapes, line: &[u8]) -> Result<Option<Line>, Error> {
        let line = self.without_cr(line);
        if line.is_empty() {
            return Ok(None);
        }
        let colon = memchr(b':', line);
        let special = memchr2(b'\\', b'\r', line);
        if special.is_some() && self.version == Some(Version::V1_2) && line.contains(&b'\r') {
            return Err(Error::LoneCarriageReturn);
        }
        if from_utf8(line).is_err() {
            return Err(Error::InvalidUtf8);
        }
        match colon {
            None => Err(Error::ColonMissing),
            Some(0) => Err(Error::NameEmpty),
            Some(colon) => {
                let has_escapes = special.is_some() && escapes != Escapes::None;
                Ok(Some(Line { len: line.len(), colon, has_escapes }))
            }
        }
    }

    /// Notes the first `content-length`.
    #[inline]
    pub(super) fn note_content_len(
        &self,
        head: &mut HeadSoFar,
        line: &[u8],
        name_len: usize,
        value_len: usize,
    ) -> Result<(), Error> {
        const NAME: &[u8] = b"content-length";
        if name_len != NAME.len() || head.content_len.is_some() {
            return Ok(());
        }
        let Some((name, value)) = line.split_at_checked(name_len) else { return Ok(()) };
        if name != NAME {
            return Ok(());
        }
        let value = value.get(1..=value_len).unwrap_or_default();
        let digits = match self.version {
            // Senders of 1.0 pad values, as the examples of its standard do.
            None | Some(Version::V1_0) => value.trim_ascii(),
            _ => value,
        };
        let len = parse_len(digits).ok_or(Error::ContentLengthInvalid)?;
        let limit = self.limits.max_body_len;
        if len > limit {
            return Err(Error::BodyTooLong(OverLimit::new(len, limit)));
        }
        head.content_len = Some(len);
        Ok(())
    }
}

/// What is known of a head before it is complete.
#[derive(Clone, Copy, Debug)]
pub(super) struct HeadSoFar {
    /// Length of the lines so far as they came, with their ends.
    len: u64,
    /// Length of the current line as far as it came.
    line_len: u64,
    /// How many bytes the inbox has.
    stored: usize,
    pub(super) headers: u32,
    /// The first `content-length`.
    pub(super) content_len: Option<u64>,
}

impl HeadSoFar {
    pub(super) const EMPTY: Self =
        Self { len: 0, line_len: 0, stored: 0, headers: 0, content_len: None };

    /// Whether no byte of the head has come.
    const fn is_at_start(&self) -> bool {
        self.len == 0 && self.line_len == 0
    }
}

/// A line that is complete and well-formed, but for its escapes.
struct Line {
    /// Length without the end of the line.
    len: usize,
    /// Position of the colon.
    colon: usize,
    has_escapes: bool,
}

/// Resolves the escapes of a line in place. Returns the lengths of its name and value, which follow each other
/// with one byte between them.
#[cold]
fn unescape_line(escapes: Escapes, bytes: &mut [u8], line: &Line) -> Result<(usize, usize), Error> {
    let bytes = bytes.get_mut(..line.len).unwrap_or_default();
    let (name, rest) = bytes.split_at_mut_checked(line.colon).unwrap_or_default();
    let value = rest.get_mut(1..).unwrap_or_default();
    let name_len = escapes.unescape(name).ok_or(Error::EscapeUndefined)?;
    let value_len = escapes.unescape(value).ok_or(Error::EscapeUndefined)?;
    // The value follows the name. `copy_within` could panic, for all that the compiler knows.
    for at in 0..value_len {
        let byte = bytes.get(line.colon + 1 + at).copied().unwrap_or_default();
        if let Some(to) = bytes.get_mut(name_len + 1 + at) {
            *to = byte;
        }
    }
    Ok((name_len, value_len))
}
