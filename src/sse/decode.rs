//! Takes an event stream apart: fields, comments, and the blank lines that end events (§9.2.6).
//!
//! ```text
//! Start ──▶ Line ──────▶ Name ────▶ Colon ──▶ Value    of data, event or id, or a comment
//!           ▲ ▲ │         │   ':'     │         │
//!           │ └─┘         │           └─────▶ Retry
//!           │ blank line  │ unknown name        │
//!           │             ▼                     │
//!           │          Ignored ◀────────────────┤ over a limit, or not a number
//!           │             │                     │
//!           └─────────────┴─────────────────────┘
//!                  CR, LF or CRLF
//! ```
//!
//! A name that ends its line has an empty value: the decoder goes on as after a colon.

mod quick;

use memchr::memchr2;

use super::{Error, Limits};
use crate::inline::Inline;
use crate::{Chunk, Truncated};

pub(super) use quick::{QuickLine, QuickPart, QuickRest};

/// Takes a stream apart: fields, comments and the blank lines that end events (§9.2.6).
///
/// The stream may be split anywhere. Each call returns as much of a value as has arrived, however
/// little. The decoder keeps the first bytes of a name, but never a value.
///
/// ```
/// use framewright::Chunk;
/// use framewright::sse::{Decoder, Limits, Part};
///
/// let mut decoder = Decoder::new(Limits::new());
/// let mut input = &b"id: 7\ndata: Hel"[..];
/// assert_eq!(decoder.decode(&mut input), Some(Part::Id(Chunk::whole(b"7"))));
/// while let Some(part) = decoder.decode(&mut input) {
///     assert_eq!(part, Part::Data(Chunk { bytes: b"Hel", start: true, end: false }));
/// }
/// assert!(input.is_empty()); // it always is: there is nothing to keep or to move
/// assert!(decoder.check_eof().is_err()); // the stream must not end here
/// ```
#[derive(Clone, Debug)]
pub struct Decoder {
    limits: Limits,
    state: State,
    event: EventSoFar,
}

/// What a [`Decoder`] returns: what has arrived of a field or a comment, or the end of an event.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Part<'a> {
    /// Bytes of a line of the event's data. Lines are joined by LF.
    Data(Chunk<'a>),
    /// Bytes of the event's type. It replaces an earlier type of the same event.
    EventType(Chunk<'a>),
    /// Bytes of the event's ID. It replaces an earlier ID of the same event, unless it contains a
    /// NUL: such an ID is ignored.
    Id(Chunk<'a>),
    /// The reconnection time in ms. It applies at once, even if the event never ends.
    ///
    /// A number over [`u64::MAX`] counts as [`u64::MAX`]. A field that is not a number is ignored.
    Retry(u64),
    /// Bytes of a comment. A space after the colon is left out, as in a field.
    Comment(Chunk<'a>),
    /// A blank line: the end of the event.
    Dispatch,
    /// The current event is lost. This comes once for each such event.
    ///
    /// No more of its data and type will come. Its ID counts, and may still come. A value that
    /// exceeds a limit, here or later in the event, is cut off: its last chunk never comes.
    Lost(Error),
}

impl Decoder {
    /// A decoder at the start of a stream.
    pub const fn new(limits: Limits) -> Self {
        let limits = limits.clamped();
        Self { limits, state: State::Start { matched: 0 }, event: EventSoFar::EMPTY }
    }

    /// Decodes the next part, advancing `input` past it.
    ///
    /// `None` means that every byte of `input` was taken and more are needed.
    #[inline]
    pub fn decode<'a>(&mut self, input: &mut &'a [u8]) -> Option<Part<'a>> {
        match self.decode_quickly(input) {
            QuickPart::Value(field, chunk) => Some(field.part(chunk)),
            QuickPart::Dispatch => Some(Part::Dispatch),
            QuickPart::NoInput => None,
            QuickPart::Other => self.decode_any(input),
        }
    }

    /// Checks that the stream may end here: it may between two events. An event without its blank
    /// line must not be dispatched (§9.2.6).
    pub const fn check_eof(&self) -> Result<(), Truncated> {
        match self.state {
            State::Start { matched: 0 } | State::Line { .. }
                if !self.event.open && !self.event.lost =>
            {
                Ok(())
            }
            _ => Err(Truncated),
        }
    }

    pub(super) const fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Decodes the next part, whatever it is.
    fn decode_any<'a>(&mut self, input: &mut &'a [u8]) -> Option<Part<'a>> {
        while let Some(&byte) = input.first() {
            let part = match self.state {
                State::Start { matched } => self.in_byte_order_mark(matched, byte, input),
                State::Line { after_cr } => self.before_line(after_cr, byte, input),
                State::Name(name) => self.in_name(name, byte, input),
                State::Colon(field) => self.after_colon(field, byte, input),
                State::Value(value) => self.in_value(value, input),
                State::Retry { ms, line_len } => self.in_retry(ms, line_len, byte, input),
                State::Ignored { line_len } => self.in_ignored(line_len, input),
            };
            if part.is_some() {
                return part;
            }
        }
        None
    }

    fn in_byte_order_mark<'a>(
        &mut self,
        matched: u8,
        byte: u8,
        input: &mut &'a [u8],
    ) -> Option<Part<'a>> {
        let len = usize::from(matched);
        self.state = if BYTE_ORDER_MARK.get(len) == Some(&byte) {
            skip_byte(input);
            if len + 1 < BYTE_ORDER_MARK.len() {
                State::Start { matched: matched + 1 }
            } else {
                State::Line { after_cr: false }
            }
        } else if matched == 0 {
            State::Line { after_cr: false }
        } else {
            // The first bytes of a mark begin a name, and no such name has a meaning.
            State::Ignored { line_len: matched.into() }
        };
        None
    }

    fn before_line<'a>(
        &mut self,
        after_cr: bool,
        byte: u8,
        input: &mut &'a [u8],
    ) -> Option<Part<'a>> {
        match byte {
            b'\n' if after_cr => {
                skip_byte(input);
                self.state = State::Line { after_cr: false };
                None
            }
            b'\n' | b'\r' => {
                self.end_line(input);
                self.event = EventSoFar::EMPTY;
                Some(Part::Dispatch)
            }
            _ => {
                self.state = State::Name(Inline::EMPTY);
                None
            }
        }
    }

    fn in_name<'a>(
        &mut self,
        mut name: Inline<{ Field::MAX_NAME_LEN }>,
        byte: u8,
        input: &mut &'a [u8],
    ) -> Option<Part<'a>> {
        let line_len = name.len() as u64;
        self.state = if let b':' | b'\n' | b'\r' = byte {
            match Field::named(&name) {
                None => State::Ignored { line_len },
                Some(field) if byte == b':' => {
                    skip_byte(input);
                    State::Colon(field)
                }
                Some(field) => self.event.after_name(field, line_len),
            }
        } else if name.push(byte) {
            skip_byte(input);
            State::Name(name)
        } else {
            State::Ignored { line_len }
        };
        None
    }

    fn after_colon<'a>(
        &mut self,
        field: Field,
        byte: u8,
        input: &mut &'a [u8],
    ) -> Option<Part<'a>> {
        let mut line_len = field.name_len() + 1;
        if byte == b' ' {
            line_len += 1;
            skip_byte(input);
        }
        self.state = self.event.after_name(field, line_len);
        None
    }

    fn in_value<'a>(&mut self, value: ValueSoFar, input: &mut &'a [u8]) -> Option<Part<'a>> {
        match self.take_value(value, input) {
            Some(chunk) => Some(value.field.part(chunk)),
            None => self.take_over_limit(value, input),
        }
    }

    fn in_retry<'a>(
        &mut self,
        ms: Option<u64>,
        line_len: u64,
        byte: u8,
        input: &mut &'a [u8],
    ) -> Option<Part<'a>> {
        match byte {
            b'\n' | b'\r' => {
                self.end_line(input);
                ms.map(Part::Retry)
            }
            // The limit is for leading zeros, which could go on for ever.
            b'0'..=b'9' if line_len < self.limits.max_line_len => {
                skip_byte(input);
                let digit = u64::from(byte - b'0');
                let ms = ms.unwrap_or(0).saturating_mul(10).saturating_add(digit);
                self.state = State::Retry { ms: Some(ms), line_len: line_len + 1 };
                None
            }
            _ => {
                self.state = State::Ignored { line_len };
                None
            }
        }
    }

    fn in_ignored<'a>(&mut self, line_len: u64, input: &mut &'a [u8]) -> Option<Part<'a>> {
        let found = memchr2(b'\n', b'\r', input);
        let (bytes, rest) = input.split_at(found.unwrap_or(input.len()));
        let room = self.limits.max_line_len.saturating_sub(line_len);
        if bytes.len() as u64 > room && !self.event.lost {
            self.event.lost = true;
            skip_byte(input);
            return Some(Part::Lost(Error::LineTooLong { limit: self.limits.max_line_len }));
        }
        *input = rest;
        self.state = State::Ignored { line_len: line_len.saturating_add(bytes.len() as u64) };
        if found.is_some() {
            self.end_line(input);
        }
        None
    }

    /// Takes what has arrived of a value, unless that is nothing or exceeds a limit.
    #[inline]
    fn take_value<'a>(&mut self, value: ValueSoFar, input: &mut &'a [u8]) -> Option<Chunk<'a>> {
        let found = memchr2(b'\n', b'\r', input);
        let (bytes, rest) = input.split_at(found.unwrap_or(input.len()));
        let end = found.is_some();
        if bytes.len() as u64 > value.room(&self.limits)? || bytes.is_empty() && !end {
            return None;
        }
        *input = rest;
        if end {
            self.event.add(value.field, value.len + bytes.len() as u64);
            self.end_line(input);
        } else {
            self.state = State::Value(value.after(bytes.len() as u64));
        }
        Some(Chunk { bytes, start: !value.started, end })
    }

    /// Takes the part of a value that its limits leave room for, or the first byte they do not.
    #[cold]
    fn take_over_limit<'a>(&mut self, value: ValueSoFar, input: &mut &'a [u8]) -> Option<Part<'a>> {
        match value.room(&self.limits) {
            Some(room @ 1..) => {
                let bytes = input.split_off(..usize::try_from(room).ok()?)?;
                self.state = State::Value(value.after(room));
                return Some(value.field.part(Chunk { bytes, start: !value.started, end: false }));
            }
            _ if value.line_len >= self.limits.max_line_len => {
                self.state = State::Ignored { line_len: value.line_len };
                return None;
            }
            _ => {}
        }
        match input.first() {
            // An empty line of data exceeds the limit too: the LF before it counts.
            Some(b'\n' | b'\r') => self.end_line(input),
            _ => {
                skip_byte(input);
                self.state = State::Ignored { line_len: value.line_len };
            }
        }
        let was_lost = core::mem::replace(&mut self.event.lost, true);
        (!was_lost).then_some(Part::Lost(value.field.too_long(&self.limits)))
    }

    /// Takes the end of a line: LF, CR, or as much of a CRLF as has arrived.
    #[inline]
    fn end_line(&mut self, input: &mut &[u8]) {
        let (rest, after_cr): (&[u8], bool) = match **input {
            [b'\r', b'\n', ref rest @ ..] => (rest, false),
            // The line has ended. Waiting for an LF could take long, and it may never come.
            [b'\r', ref rest @ ..] => (rest, rest.is_empty()),
            [_, ref rest @ ..] => (rest, false),
            [] => (&[], false),
        };
        *input = rest;
        self.state = State::Line { after_cr };
    }
}

const BYTE_ORDER_MARK: [u8; 3] = *b"\xEF\xBB\xBF";

fn skip_byte(input: &mut &[u8]) {
    let _byte = input.split_off_first();
}

/// The position in the stream.
#[derive(Clone, Copy, Debug)]
enum State {
    /// Before the first line, after `matched` bytes of a byte order mark.
    Start { matched: u8 },
    /// Before a line. If `after_cr`, an LF belongs to the end of the previous line.
    Line { after_cr: bool },
    /// In the name of a field, after these bytes of it.
    Name(Inline<{ Field::MAX_NAME_LEN }>),
    /// After a colon, before the space that may follow it.
    Colon(Field),
    /// In a value.
    Value(ValueSoFar),
    /// In the value of a `retry` field, which has been digits so far.
    Retry { ms: Option<u64>, line_len: u64 },
    /// In a line that has no meaning.
    Ignored { line_len: u64 },
}

/// What is known of a value that has not ended.
#[derive(Clone, Copy, Debug)]
struct ValueSoFar {
    field: Field,
    /// Length of its line.
    line_len: u64,
    /// Length that counts against the field's own limit.
    len: u64,
    /// Whether a chunk of it was returned.
    started: bool,
}

impl ValueSoFar {
    /// Bytes that the limits leave for the rest of the value; `None` if it exceeds one already.
    #[inline]
    fn room(&self, limits: &Limits) -> Option<u64> {
        let line_room = limits.max_line_len.checked_sub(self.line_len)?;
        Some(line_room.min(self.field.max_len(limits).checked_sub(self.len)?))
    }

    /// The same value after its next `len` bytes.
    #[inline]
    const fn after(self, len: u64) -> Self {
        Self { line_len: self.line_len + len, len: self.len + len, started: true, ..self }
    }
}

/// A field that has a meaning, or a comment, which is a field without a name.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Field {
    Data,
    EventType,
    Id,
    Retry,
    Comment,
}

impl Field {
    const MAX_NAME_LEN: usize = 5;

    const fn named(name: &[u8]) -> Option<Self> {
        Some(match name {
            b"data" => Self::Data,
            b"event" => Self::EventType,
            b"id" => Self::Id,
            b"retry" => Self::Retry,
            b"" => Self::Comment,
            _ => return None,
        })
    }

    #[inline]
    const fn name_len(self) -> u64 {
        match self {
            Self::Data => 4,
            Self::EventType | Self::Retry => 5,
            Self::Id => 2,
            Self::Comment => 0,
        }
    }

    #[inline]
    pub(super) const fn part(self, chunk: Chunk<'_>) -> Part<'_> {
        match self {
            Self::Data => Part::Data(chunk),
            Self::EventType => Part::EventType(chunk),
            Self::Id => Part::Id(chunk),
            Self::Retry | Self::Comment => Part::Comment(chunk),
        }
    }

    /// The field's own limit. Fields without one are limited by the length of their line.
    #[inline]
    pub(super) const fn max_len(self, limits: &Limits) -> u64 {
        match self {
            Self::Data => limits.max_data_len,
            Self::EventType => limits.max_type_len,
            Self::Id => limits.max_id_len,
            Self::Retry | Self::Comment => u64::MAX,
        }
    }

    /// The error of a value that exceeds the limit.
    pub(super) const fn too_long(self, limits: &Limits) -> Error {
        match self {
            Self::Data => Error::DataTooLong { limit: limits.max_data_len },
            Self::EventType => Error::TypeTooLong { limit: limits.max_type_len },
            Self::Id => Error::IdTooLong { limit: limits.max_id_len },
            Self::Retry | Self::Comment => Error::LineTooLong { limit: limits.max_line_len },
        }
    }
}

/// What is known of the event since the last blank line.
#[derive(Clone, Copy, Debug)]
struct EventSoFar {
    /// Length of its data; `None` without data, which is not the same as empty data.
    data_len: Option<u64>,
    /// Whether it has a field that a blank line acts on.
    open: bool,
    /// Whether it was reported lost.
    lost: bool,
}

impl EventSoFar {
    const EMPTY: Self = Self { data_len: None, open: false, lost: false };

    /// The state after a field's name and what separates it from the value.
    const fn after_name(&self, field: Field, line_len: u64) -> State {
        match field {
            Field::Retry => State::Retry { ms: None, line_len },
            Field::Data | Field::EventType if self.lost => State::Ignored { line_len },
            _ => State::Value(self.start_value(field, line_len)),
        }
    }

    /// A value before its first byte.
    #[inline]
    const fn start_value(&self, field: Field, line_len: u64) -> ValueSoFar {
        let len = match (field, self.data_len) {
            // The LF between two lines of data counts.
            (Field::Data, Some(data_len)) => data_len.saturating_add(1),
            _ => 0,
        };
        ValueSoFar { field, line_len, len, started: false }
    }

    /// Adds a field whose value has ended, and the length that counts against its limit.
    #[inline]
    const fn add(&mut self, field: Field, len: u64) {
        match field {
            Field::Data => {
                self.data_len = Some(len);
                self.open = true;
            }
            Field::EventType | Field::Id => self.open = true,
            Field::Retry | Field::Comment => {}
        }
    }
}
