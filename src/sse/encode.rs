use core::mem;

use memchr::memchr2;

use super::SendError;
use crate::{Buffer, BufferFull};

/// Writes events, comments and signs of life to a stream (§9.2.5).
///
/// What is written arrives as it was given, or is refused: nothing in a string can begin a field or
/// end an event. Data is split where it has line breaks, and so is a comment; a type and an ID have
/// none. What one call writes is written whole or not at all.
///
/// Whoever receives data joins its lines by LF: a CRLF or CR in it arrives as that. Those who would
/// rather not send it have [`refuse_cr`](Self::refuse_cr).
///
/// ```
/// use framewright::sse::{Encoder, EventBuilder};
///
/// let mut encoder = Encoder::new();
/// let mut out = Vec::new();
/// for (id, data) in [("1", "one line"), ("2", "two\nlines")] {
///     encoder.encode(EventBuilder::new().event_type("add").id(id).data(data), &mut out)?;
/// }
/// encoder.encode_keep_alive(&mut out)?;
/// assert_eq!(
///     out,
///     b"event: add\nid: 1\ndata: one line\n\nevent: add\nid: 2\ndata: two\ndata: lines\n\n:\n"
/// );
/// # Ok::<(), framewright::sse::SendError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Encoder {
    cr_refused: bool,
    state: State,
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// Between lines.
    Idle,
    /// In a line of data. If `after_cr`, an LF belongs to the line break that was written.
    Data { after_cr: bool },
}

/// The fields of an event to be sent.
///
/// ```
/// use framewright::sse::EventBuilder;
///
/// let fields = EventBuilder::new().event_type("add").data("73857293");
/// assert_eq!(fields.encoded_len(), 27); // to the byte
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct EventBuilder<'a> {
    event_type: &'a str,
    id: Option<&'a str>,
    retry: Option<u64>,
    data: Option<&'a str>,
}

impl<'a> EventBuilder<'a> {
    /// None at all. Without data, it is no event for those who receive it.
    pub const fn new() -> Self {
        Self { event_type: "", id: None, retry: None, data: None }
    }

    /// Sets the type. An empty one is not sent, and arrives as `message`.
    #[must_use]
    pub const fn event_type(mut self, event_type: &'a str) -> Self {
        self.event_type = event_type;
        self
    }

    /// Sets the ID that the receiver sends back as `Last-Event-ID`, unless it is empty: that takes
    /// back the one before.
    #[must_use]
    pub const fn id(mut self, id: &'a str) -> Self {
        self.id = Some(id);
        self
    }

    /// Sets the reconnection time, in ms.
    #[must_use]
    pub const fn retry(mut self, ms: u64) -> Self {
        self.retry = Some(ms);
        self
    }

    /// Sets the data, which may be empty.
    #[must_use]
    pub const fn data(mut self, data: &'a str) -> Self {
        self.data = Some(data);
        self
    }

    /// Length in bytes of the whole event, as [`Encoder::encode`] writes it.
    pub fn encoded_len(&self) -> u64 {
        let data_len = match self.data {
            Some(data) => DATA.len() as u64 + lines_len(data, DATA) + 1,
            None => 0,
        };
        self.head_len() + data_len + 1
    }

    /// Length of the lines before the data.
    fn head_len(&self) -> u64 {
        let type_len = match self.event_type.len() as u64 {
            0 => 0,
            len => EVENT.len() as u64 + len + 1,
        };
        let id_len = match self.id.map(|id| id.len() as u64) {
            None => 0,
            Some(0) => BARE_ID.len() as u64,
            Some(len) => ID.len() as u64 + len + 1,
        };
        let retry_len = self.retry.map_or(0, |ms| retry_line(ms, &mut [0; RETRY_MAX_LEN]).len());
        type_len + id_len + retry_len as u64
    }

    fn check(&self) -> Result<(), SendError> {
        if self.event_type.bytes().any(|byte| matches!(byte, b'\r' | b'\n' | 0)) {
            return Err(SendError::TypeInvalid);
        }
        match self.id {
            Some(id) if !is_header_value(id) => Err(SendError::IdInvalid),
            _ => Ok(()),
        }
    }

    fn write_head(&self, out: &mut Gap<'_>) {
        if !self.event_type.is_empty() {
            out.put(EVENT);
            out.put(self.event_type.as_bytes());
            out.put(LF);
        }
        match self.id {
            None => {}
            Some("") => out.put(BARE_ID),
            Some(id) => {
                out.put(ID);
                out.put(id.as_bytes());
                out.put(LF);
            }
        }
        if let Some(ms) = self.retry {
            out.put(retry_line(ms, &mut [0; RETRY_MAX_LEN]));
        }
    }
}

/// Data alone.
impl<'a> From<&'a str> for EventBuilder<'a> {
    fn from(data: &'a str) -> Self {
        Self::new().data(data)
    }
}

impl Encoder {
    /// An encoder at the start of a stream.
    pub const fn new() -> Self {
        Self { cr_refused: false, state: State::Idle }
    }

    /// Refuses data that has a CR, which would arrive with an LF in its place.
    #[must_use]
    pub const fn refuse_cr(mut self) -> Self {
        self.cr_refused = true;
        self
    }

    /// Tells whether an event may be written, and if not, why.
    pub const fn ready(&self) -> Result<(), SendError> {
        match self.state {
            State::Idle => Ok(()),
            State::Data { .. } => Err(SendError::EventUnfinished),
        }
    }

    /// Writes a whole event.
    pub fn encode<'f>(
        &mut self,
        fields: impl Into<EventBuilder<'f>>,
        out: &mut impl Buffer,
    ) -> Result<(), SendError> {
        let fields = fields.into();
        self.ready()?;
        fields.check()?;
        self.check_data(fields.data.unwrap_or_default())?;
        let mut gap = Gap::open(fields.encoded_len(), out)?;
        fields.write_head(&mut gap);
        if let Some(data) = fields.data {
            gap.put(DATA);
            gap.put_lines(data, DATA);
            gap.put(LF);
        }
        gap.put(LF);
        Ok(())
    }

    /// Begins an event whose data is given in pieces, of which the fields may have the first.
    ///
    /// Until [`end_event`](Self::end_event), nothing but [`encode_data`](Self::encode_data) can
    /// follow.
    pub fn begin_event<'f>(
        &mut self,
        fields: impl Into<EventBuilder<'f>>,
        out: &mut impl Buffer,
    ) -> Result<(), SendError> {
        let fields = fields.into();
        let data = fields.data.unwrap_or_default();
        self.ready()?;
        fields.check()?;
        self.check_data(data)?;
        let len = fields.head_len() + DATA.len() as u64 + lines_len(data, DATA);
        let mut gap = Gap::open(len, out)?;
        fields.write_head(&mut gap);
        gap.put(DATA);
        gap.put_lines(data, DATA);
        self.state = State::Data { after_cr: data.ends_with('\r') };
        Ok(())
    }

    /// Writes the next piece of the data of an event that was begun.
    ///
    /// A CRLF may be cut between two pieces: it is one line break.
    pub fn encode_data(&mut self, piece: &str, out: &mut impl Buffer) -> Result<(), SendError> {
        let State::Data { after_cr } = self.state else { return Err(SendError::EventMissing) };
        self.check_data(piece)?;
        let lines = match piece.strip_prefix('\n') {
            Some(behind) if after_cr => behind,
            _ => piece,
        };
        Gap::open(lines_len(lines, DATA), out)?.put_lines(lines, DATA);
        if !piece.is_empty() {
            self.state = State::Data { after_cr: piece.ends_with('\r') };
        }
        Ok(())
    }

    /// Ends an event that was begun.
    pub fn end_event(&mut self, out: &mut impl Buffer) -> Result<(), SendError> {
        let State::Data { .. } = self.state else { return Err(SendError::EventMissing) };
        out.try_append(b"\n\n")?;
        self.state = State::Idle;
        Ok(())
    }

    /// Writes a comment, which browsers ignore.
    pub fn encode_comment(&mut self, text: &str, out: &mut impl Buffer) -> Result<(), SendError> {
        self.ready()?;
        let len = COMMENT.len() as u64 + lines_len(text, COMMENT) + 1;
        let mut gap = Gap::open(len, out)?;
        gap.put(COMMENT);
        gap.put_lines(text, COMMENT);
        gap.put(LF);
        Ok(())
    }

    /// Writes a sign of life: an empty comment, of two bytes.
    ///
    /// The standard advises one every 15 s or so, against proxies that drop what is silent (§9.2.7).
    pub fn encode_keep_alive(&mut self, out: &mut impl Buffer) -> Result<(), SendError> {
        self.ready()?;
        Ok(out.try_append(b":\n")?)
    }

    /// Writes the reconnection time in ms, which holds at once.
    pub fn encode_retry(&mut self, ms: u64, out: &mut impl Buffer) -> Result<(), SendError> {
        self.ready()?;
        Ok(out.try_append(retry_line(ms, &mut [0; RETRY_MAX_LEN]))?)
    }

    fn check_data(&self, data: &str) -> Result<(), SendError> {
        if self.cr_refused && data.contains('\r') {
            return Err(SendError::CarriageReturn);
        }
        Ok(())
    }
}

impl Default for Encoder {
    fn default() -> Self {
        Self::new()
    }
}

const EVENT: &[u8] = b"event: ";
const ID: &[u8] = b"id: ";
const BARE_ID: &[u8] = b"id\n";
const DATA: &[u8] = b"data: ";
const COMMENT: &[u8] = b": ";
const LF: &[u8] = b"\n";

/// Whether an ID can come back as the value of a header, as it is (RFC 9110 §5.5).
///
/// Beyond ASCII, browsers send its UTF-8.
pub(super) fn is_header_value(id: &str) -> bool {
    let is_space = |byte: Option<&u8>| matches!(byte, Some(b' ' | b'\t'));
    let id = id.as_bytes();
    !is_space(id.first())
        && !is_space(id.last())
        && id.iter().all(|&byte| byte == b'\t' || !byte.is_ascii_control())
}

/// Longest line that sets the reconnection time.
const RETRY_MAX_LEN: usize = 28;

/// The line that sets the reconnection time, at the end of `bytes`.
fn retry_line(ms: u64, bytes: &mut [u8; RETRY_MAX_LEN]) -> &[u8] {
    let mut rest = ms;
    let mut digits = 0;
    for to in bytes.iter_mut().rev().skip(1) {
        *to = b'0' + (rest % 10) as u8;
        rest /= 10;
        digits += 1;
        if rest == 0 {
            break;
        }
    }
    let name = b"retry: ";
    for (to, from) in bytes.iter_mut().rev().skip(1 + digits).zip(name.iter().rev()) {
        *to = *from;
    }
    if let Some(to) = bytes.last_mut() {
        *to = b'\n';
    }
    bytes.get(RETRY_MAX_LEN - name.len() - digits - 1..).unwrap_or_default()
}

/// Takes the first line off `text`, with the CRLF, LF or CR behind it; tells whether there was one.
#[inline]
fn take_line<'a>(text: &mut &'a [u8]) -> (&'a [u8], bool) {
    let Some(len) = memchr2(b'\n', b'\r', text) else { return (mem::take(text), false) };
    let (line, behind) = text.split_at(len);
    *text = match behind {
        [b'\r', b'\n', behind @ ..] | [_, behind @ ..] => behind,
        [] => behind,
    };
    (line, true)
}

/// Length of what [`Gap::put_lines`] writes.
fn lines_len(text: &str, prefix: &[u8]) -> u64 {
    let mut rest = text.as_bytes();
    let mut len = 0;
    loop {
        let (line, broken) = take_line(&mut rest);
        len += line.len() as u64;
        if !broken {
            return len;
        }
        len += (LF.len() + prefix.len()) as u64;
    }
}

/// Bytes of an output that are to be overwritten, from the first to the last.
struct Gap<'a> {
    rest: &'a mut [u8],
}

impl<'a> Gap<'a> {
    fn open(len: u64, out: &'a mut impl Buffer) -> Result<Self, BufferFull> {
        let len = usize::try_from(len).map_err(|_| BufferFull { needed: usize::MAX })?;
        Ok(Self { rest: out.try_grow(len)? })
    }

    #[inline]
    fn put(&mut self, bytes: &[u8]) {
        if let Some(to) = self.rest.split_off_mut(..bytes.len()) {
            to.copy_from_slice(bytes);
        }
    }

    /// Writes `text`, of which every line but the first gets the prefix.
    fn put_lines(&mut self, text: &str, prefix: &[u8]) {
        let mut rest = text.as_bytes();
        loop {
            let (line, broken) = take_line(&mut rest);
            self.put(line);
            if !broken {
                return;
            }
            self.put(LF);
            self.put(prefix);
        }
    }
}
