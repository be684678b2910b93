use memchr::memchr2;

use super::{Error, Limits};
use crate::{Chunk, Truncated};

/// Takes a stream apart: fields, comments and the blank lines that end events (§9.2.6).
///
/// It takes any split of the bytes, and gives out what has come of a value at once, however little.
/// It holds the first bytes of a name, but never a value.
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
/// assert!(input.is_empty()); // it always is: nothing is left to keep or to move
/// assert!(decoder.finish().is_err()); // the stream must not end here
/// ```
#[derive(Clone, Debug)]
pub struct Decoder {
    limits: Limits,
    state: State,
    block: Block,
}

/// A field or a comment, or as much of it as has come, or the end of an event.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Part<'a> {
    /// Bytes of a line of the event's data. Lines are joined by LF.
    Data(Chunk<'a>),
    /// Bytes of the event's type, in place of the one before it.
    EventType(Chunk<'a>),
    /// Bytes of the event's ID, in place of the one before it. One that has a NUL in it does not
    /// count.
    Id(Chunk<'a>),
    /// The reconnection time, in ms, whether or not the event is ever ended. One over [`u64::MAX`]
    /// counts as that, and one without a digit does not count.
    Retry(u64),
    /// Bytes of a comment. A space behind the colon is left off, as it is with fields.
    Comment(Chunk<'a>),
    /// A blank line: the end of the event.
    Dispatch,
    /// The event under way is lost, which is told once.
    ///
    /// No more of its data and type will come; its ID holds, and may still come. A value that is
    /// over a limit, here or later in the event, is cut off: its last chunk never comes.
    Lost(Error),
}

impl Decoder {
    /// A decoder at the start of a stream.
    pub const fn new(limits: Limits) -> Self {
        Self { limits, state: State::Start { matched: 0 }, block: Block::EMPTY }
    }

    /// Decodes the next part, advancing `input` past it.
    ///
    /// `None` means that every byte of `input` was taken and more are needed.
    #[inline]
    pub fn decode<'a>(&mut self, input: &mut &'a [u8]) -> Option<Part<'a>> {
        match self.step(input) {
            Step::Value(field, chunk) => Some(field.part(chunk)),
            Step::Dispatch => Some(Part::Dispatch),
            Step::NoInput => None,
            Step::Other => self.decode_any(input),
        }
    }

    /// Takes what is most frequent, in one step.
    #[inline]
    pub(super) fn step<'a>(&mut self, input: &mut &'a [u8]) -> Step<'a> {
        let value = match (&self.state, &**input) {
            (_, []) => return Step::NoInput,
            (State::Value(value), _) => *value,
            (State::Line { after_cr: false }, [b'\n', behind @ ..]) => {
                *input = behind;
                self.block = Block::EMPTY;
                return Step::Dispatch;
            }
            (State::Line { after_cr: false }, line) if !self.block.lost => {
                let (field, line_len, behind) = match line {
                    [b'd', b'a', b't', b'a', b':', b' ', behind @ ..] => (Field::Data, 6, behind),
                    [b'i', b'd', b':', b' ', behind @ ..] => (Field::Id, 4, behind),
                    [b'e', b'v', b'e', b'n', b't', b':', b' ', behind @ ..] => {
                        (Field::EventType, 7, behind)
                    }
                    _ => return Step::Other,
                };
                *input = behind;
                self.block.value(field, line_len)
            }
            _ => return Step::Other,
        };
        match self.take_value(value, input) {
            Some(chunk) => Step::Value(value.field, chunk),
            None => {
                self.state = State::Value(value);
                Step::Other
            }
        }
    }

    /// Takes what there is of the first line of an event, if that is data; and the blank line behind
    /// it, if that ends the event.
    #[inline]
    pub(super) fn first_line<'a>(&mut self, input: &mut &'a [u8]) -> FirstLine<'a> {
        let (State::Line { after_cr: false }, Block { open: false, lost: false, .. }) =
            (&self.state, &self.block)
        else {
            return FirstLine::Other;
        };
        let [b'd', b'a', b't', b'a', b':', b' ', behind @ ..] = &**input else {
            return FirstLine::Other;
        };
        *input = behind;
        let value = Value { field: Field::Data, line_len: 6, len: 0, started: false };
        let Some(chunk) = self.take_value(value, input) else {
            self.state = State::Value(value);
            return FirstLine::Other;
        };
        match **input {
            // Another line's: a CR before it would have taken it along.
            [b'\n', ref behind @ ..] => {
                *input = behind;
                self.block = Block::EMPTY;
                FirstLine::Event(chunk.bytes)
            }
            _ => FirstLine::Data(chunk),
        }
    }

    /// Tells whether the stream ended between events. An event that is not ended must not be
    /// dispatched (§9.2.6).
    pub const fn finish(&self) -> Result<(), Truncated> {
        match self.state {
            State::Start { matched: 0 } | State::Line { .. }
                if !self.block.open && !self.block.lost =>
            {
                Ok(())
            }
            _ => Err(Truncated),
        }
    }

    pub(super) const fn limits(&self) -> &Limits {
        &self.limits
    }

    pub(super) fn decode_any<'a>(&mut self, input: &mut &'a [u8]) -> Option<Part<'a>> {
        while let Some((&byte, behind)) = input.split_first() {
            match &mut self.state {
                State::Start { matched } => match BYTE_ORDER_MARK.get(usize::from(*matched)) {
                    Some(&mark) if mark == byte => {
                        *matched += 1;
                        *input = behind;
                        if usize::from(*matched) == BYTE_ORDER_MARK.len() {
                            self.state = State::Line { after_cr: false };
                        }
                    }
                    // The beginning of a mark alone is the beginning of a name.
                    _ if *matched > 0 => {
                        self.state = State::Ignored { line_len: u64::from(*matched) };
                    }
                    _ => self.state = State::Line { after_cr: false },
                },
                State::Line { after_cr } => match byte {
                    b'\n' if *after_cr => {
                        *after_cr = false;
                        *input = behind;
                    }
                    b'\n' | b'\r' => {
                        self.end_line(input);
                        self.block = Block::EMPTY;
                        return Some(Part::Dispatch);
                    }
                    _ => self.state = State::Name { bytes: [0; Field::MAX_NAME_LEN], len: 0 },
                },
                State::Name { bytes, len } => {
                    let name = bytes.get(..*len).unwrap_or_default();
                    let line_len = *len as u64;
                    match byte {
                        b':' => {
                            self.state = match Field::named(name) {
                                Some(field) => State::Colon(field),
                                None => State::Ignored { line_len },
                            };
                            *input = behind;
                        }
                        b'\n' | b'\r' => {
                            self.state = match Field::named(name) {
                                Some(field) => self.block.behind_name(field, line_len),
                                None => State::Ignored { line_len },
                            };
                        }
                        _ => match bytes.get_mut(*len) {
                            Some(to) => {
                                *to = byte;
                                *len += 1;
                                *input = behind;
                            }
                            None => self.state = State::Ignored { line_len },
                        },
                    }
                }
                State::Colon(field) => {
                    let field = *field;
                    let mut line_len = field.name_len() + 1;
                    if byte == b' ' {
                        line_len += 1;
                        *input = behind;
                    }
                    self.state = self.block.behind_name(field, line_len);
                }
                State::Value(value) => {
                    let value = *value;
                    if let Some(chunk) = self.take_value(value, input) {
                        return Some(value.field.part(chunk));
                    }
                    let part = self.part_over_limit(value, input);
                    if part.is_some() {
                        return part;
                    }
                }
                State::Retry { ms, line_len } => match byte {
                    b'\n' | b'\r' => {
                        let ms = *ms;
                        self.end_line(input);
                        if let Some(ms) = ms {
                            return Some(Part::Retry(ms));
                        }
                    }
                    // Zeros in front could go on without end.
                    b'0'..=b'9' if *line_len < self.limits.max_line_len => {
                        let digit = u64::from(byte - b'0');
                        *ms = Some(ms.unwrap_or(0).saturating_mul(10).saturating_add(digit));
                        *line_len += 1;
                        *input = behind;
                    }
                    _ => self.state = State::Ignored { line_len: *line_len },
                },
                State::Ignored { line_len } => {
                    let line_len = *line_len;
                    let lost = self.ignore(line_len, input);
                    if lost.is_some() {
                        return lost;
                    }
                }
            }
        }
        None
    }

    /// Takes what is there of a value, unless that is nothing or over a limit.
    #[inline]
    fn take_value<'a>(&mut self, value: Value, input: &mut &'a [u8]) -> Option<Chunk<'a>> {
        let found = memchr2(b'\n', b'\r', input);
        let (bytes, behind) = input.split_at(found.unwrap_or(input.len()));
        let end = found.is_some();
        if bytes.len() as u64 > value.room(&self.limits)? || bytes.is_empty() && !end {
            return None;
        }
        *input = behind;
        if end {
            self.block.add(value.field, value.len + bytes.len() as u64);
            self.end_line(input);
        } else {
            self.state = State::Value(value.behind(bytes.len() as u64));
        }
        Some(Chunk { bytes, start: !value.started, end })
    }

    /// Takes what a limit leaves of a value, or the byte that is too much.
    #[cold]
    fn part_over_limit<'a>(&mut self, value: Value, input: &mut &'a [u8]) -> Option<Part<'a>> {
        match value.room(&self.limits) {
            Some(room @ 1..) => {
                let bytes = input.split_off(..usize::try_from(room).ok()?)?;
                self.state = State::Value(value.behind(room));
                Some(value.field.part(Chunk { bytes, start: !value.started, end: false }))
            }
            _ if value.line_len >= self.limits.max_line_len => {
                self.state = State::Ignored { line_len: value.line_len };
                None
            }
            _ => {
                // This may be the end of the line: the LF that joins it to the one before is over.
                match input.first() {
                    Some(b'\n' | b'\r') => self.end_line(input),
                    _ => {
                        let _byte = input.split_off_first();
                        self.state = State::Ignored { line_len: value.line_len };
                    }
                }
                let seen = core::mem::replace(&mut self.block.lost, true);
                (!seen).then_some(Part::Lost(value.field.too_long()))
            }
        }
    }

    /// Takes what is there of a line that has no meaning, unless it is over the limit.
    fn ignore<'a>(&mut self, line_len: u64, input: &mut &'a [u8]) -> Option<Part<'a>> {
        let found = memchr2(b'\n', b'\r', input);
        let (bytes, behind) = input.split_at(found.unwrap_or(input.len()));
        let room = self.limits.max_line_len.saturating_sub(line_len);
        if bytes.len() as u64 > room && !self.block.lost {
            self.block.lost = true;
            let _byte = input.split_off_first();
            return Some(Part::Lost(Error::LineTooLong));
        }
        *input = behind;
        self.state = State::Ignored { line_len: line_len.saturating_add(bytes.len() as u64) };
        if found.is_some() {
            self.end_line(input);
        }
        None
    }

    /// Takes the end of a line: LF, CR, or CRLF as far as it is there.
    #[inline]
    fn end_line(&mut self, input: &mut &[u8]) {
        let (behind, after_cr): (&[u8], bool) = match **input {
            [b'\r', b'\n', ref behind @ ..] => (behind, false),
            // The line is over now: what comes next may take long, or never come.
            [b'\r', ref behind @ ..] => (behind, behind.is_empty()),
            [_, ref behind @ ..] => (behind, false),
            [] => (&[], false),
        };
        *input = behind;
        self.state = State::Line { after_cr };
    }
}

/// What was taken of the first line of an event.
pub(super) enum FirstLine<'a> {
    /// All of it, and it is the whole event.
    Event(&'a [u8]),
    /// What is there of it.
    Data(Chunk<'a>),
    /// Nothing that can be given out: it is for [`Decoder::step`] to go on.
    Other,
}

/// What one step of the decoder took.
pub(super) enum Step<'a> {
    /// Of the value of a field.
    Value(Field, Chunk<'a>),
    /// A blank line.
    Dispatch,
    /// Nothing: there is no input.
    NoInput,
    /// Nothing that can be given out yet: it is for [`Decoder::decode_any`] to go on.
    Other,
}

const BYTE_ORDER_MARK: [u8; 3] = *b"\xEF\xBB\xBF";

#[derive(Clone, Copy, Debug)]
enum State {
    /// Before the first line, behind the first bytes of a byte order mark.
    Start { matched: u8 },
    /// Before a line. If `after_cr`, a LF belongs to the end of the line before.
    Line { after_cr: bool },
    /// In the name of a field.
    Name { bytes: [u8; Field::MAX_NAME_LEN], len: usize },
    /// Behind a colon, before the space that may follow it.
    Colon(Field),
    /// In a value.
    Value(Value),
    /// In the value of a `retry` field, behind digits alone.
    Retry { ms: Option<u64>, line_len: u64 },
    /// In a line that has no meaning.
    Ignored { line_len: u64 },
}

/// Where in a value the stream stands.
#[derive(Clone, Copy, Debug)]
struct Value {
    field: Field,
    /// Length of the line so far.
    line_len: u64,
    /// Length so far of what the field has a limit for.
    len: u64,
    /// Whether a part of it was given out.
    started: bool,
}

impl Value {
    /// Bytes that the limits leave for the rest of the value: `None` if it is over one already.
    #[inline]
    fn room(&self, limits: &Limits) -> Option<u64> {
        let line_room = limits.max_line_len.checked_sub(self.line_len)?;
        Some(line_room.min(self.field.max_len(limits).checked_sub(self.len)?))
    }

    /// Behind the next `len` bytes.
    #[inline]
    const fn behind(self, len: u64) -> Self {
        Self { line_len: self.line_len + len, len: self.len + len, started: true, ..self }
    }
}

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

    /// The limit of the field itself: others are limited by their line alone.
    #[inline]
    pub(super) const fn max_len(self, limits: &Limits) -> u64 {
        match self {
            Self::Data => limits.max_data_len,
            Self::EventType => limits.max_type_len,
            Self::Id => limits.max_id_len,
            Self::Retry | Self::Comment => u64::MAX,
        }
    }

    /// What is wrong with a value over that limit.
    pub(super) const fn too_long(self) -> Error {
        match self {
            Self::Data => Error::DataTooLong,
            Self::EventType => Error::TypeTooLong,
            Self::Id => Error::IdTooLong,
            Self::Retry | Self::Comment => Error::LineTooLong,
        }
    }
}

/// What was seen since the last blank line.
#[derive(Clone, Copy, Debug)]
struct Block {
    /// Length of the data, once there is any, even if empty.
    data_len: Option<u64>,
    /// Whether there was a field that a blank line would act on.
    open: bool,
    /// Whether it was reported lost.
    lost: bool,
}

impl Block {
    const EMPTY: Self = Self { data_len: None, open: false, lost: false };

    /// Behind the name of a field and what separates it from the value.
    const fn behind_name(&self, field: Field, line_len: u64) -> State {
        match field {
            Field::Retry => State::Retry { ms: None, line_len },
            Field::Data | Field::EventType if self.lost => State::Ignored { line_len },
            _ => State::Value(self.value(field, line_len)),
        }
    }

    /// At the start of a value.
    #[inline]
    const fn value(&self, field: Field, line_len: u64) -> Value {
        let len = match (field, self.data_len) {
            (Field::Data, Some(data_len)) => data_len.saturating_add(1),
            _ => 0,
        };
        Value { field, line_len, len, started: false }
    }

    /// Notes a field, and the length of what it has a limit for.
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
