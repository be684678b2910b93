//! Writes an event stream (§9.2.5).

use core::fmt;

use memchr::memchr2;

use super::SendError;
use crate::Buffer;
use crate::append::Append;
use crate::debug::Payload;
use crate::http::syntax::{is_field_value, trim};

/// Writes events, comments and keep-alives to a stream (§9.2.5).
///
/// What is written arrives as it was given, or is refused: no string can begin a field or end an
/// event. Data and comments are split at their line breaks. A type or an ID with a line break is
/// refused. Each call writes everything or nothing.
///
/// The receiver joins the lines of data by LF, so that a CRLF or CR in data arrives as LF. An encoder
/// can [`refuse_cr`](Self::refuse_cr) instead.
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
    /// In a line of data. If `after_cr`, an LF belongs to the line break written last.
    Data { after_cr: bool },
}

/// The fields of an event to send.
///
/// ```
/// use framewright::sse::{Encoder, EventBuilder};
///
/// let event = EventBuilder::new().event_type("add").data("73857293");
/// let mut out = Vec::new();
/// Encoder::new().encode(event, &mut out)?;
/// assert_eq!(out, b"event: add\ndata: 73857293\n\n");
/// # Ok::<(), framewright::sse::SendError>(())
/// ```
#[derive(Clone, Copy, Default, Eq, PartialEq)]
pub struct EventBuilder<'a> {
    event_type: &'a str,
    id: Option<&'a str>,
    retry: Option<u64>,
    data: Option<&'a str>,
}

impl<'a> EventBuilder<'a> {
    /// An event without fields. Receivers ignore an event without data.
    pub const fn new() -> Self {
        Self { event_type: "", id: None, retry: None, data: None }
    }

    /// Sets the type. An empty type is not sent: the event arrives as a `message`.
    #[must_use]
    pub const fn event_type(mut self, event_type: &'a str) -> Self {
        self.event_type = event_type;
        self
    }

    /// Sets the ID, which the receiver sends back as `Last-Event-ID`. An empty ID makes it forget the
    /// previous one.
    ///
    /// Keep to ASCII. Browsers send other characters back in UTF-8, but clients on Node send some of
    /// them in Latin-1, and cannot connect again with the rest.
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

    fn check(&self) -> Result<(), SendError> {
        if self.event_type.bytes().any(|byte| matches!(byte, b'\r' | b'\n' | 0)) {
            return Err(SendError::TypeInvalid);
        }
        match self.id {
            Some(id) if !is_last_event_id(id) => Err(SendError::IdInvalid),
            _ => Ok(()),
        }
    }

    /// Writes the lines before the data.
    fn write_head<B: Buffer>(&self, out: &mut Append<'_, B>) {
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
            put_retry(ms, out);
        }
    }
}

impl fmt::Debug for EventBuilder<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventBuilder")
            .field("event_type", &self.event_type)
            .field("id", &self.id)
            .field("retry", &self.retry)
            .field("data", &self.data.map(|data| Payload(data.as_bytes())))
            .finish()
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

    /// Refuses data with a CR, which would arrive as an LF.
    #[must_use]
    pub const fn refuse_cr(mut self) -> Self {
        self.cr_refused = true;
        self
    }

    /// Checks that an event, a comment or the reconnection time may come next.
    const fn ready(&self) -> Result<(), SendError> {
        match self.state {
            State::Idle => Ok(()),
            State::Data { .. } => Err(SendError::EventUnfinished),
        }
    }

    /// Writes a whole event.
    pub fn encode<'f>(
        &mut self,
        event: impl Into<EventBuilder<'f>>,
        out: &mut impl Buffer,
    ) -> Result<(), SendError> {
        let event = event.into();
        self.ready()?;
        event.check()?;
        self.check_data(event.data.unwrap_or_default())?;
        let mut out = Append::new(out);
        event.write_head(&mut out);
        if let Some(data) = event.data {
            out.put(DATA);
            put_lines(data, DATA, &mut out);
            out.put(LF);
        }
        out.put(LF);
        Ok(out.finish()?)
    }

    /// Begins an event whose data comes in pieces. `event` may have the first of them.
    ///
    /// Only [`encode_data`](Self::encode_data) may follow, until [`end_event`](Self::end_event).
    pub fn begin_event<'f>(
        &mut self,
        event: impl Into<EventBuilder<'f>>,
        out: &mut impl Buffer,
    ) -> Result<(), SendError> {
        let event = event.into();
        let data = event.data.unwrap_or_default();
        self.ready()?;
        event.check()?;
        self.check_data(data)?;
        let mut out = Append::new(out);
        event.write_head(&mut out);
        out.put(DATA);
        put_lines(data, DATA, &mut out);
        out.finish()?;
        self.state = State::Data { after_cr: data.ends_with('\r') };
        Ok(())
    }

    /// Writes the next piece of the data of an event.
    ///
    /// A CRLF that is cut between two pieces is one line break.
    pub fn encode_data(&mut self, piece: &str, out: &mut impl Buffer) -> Result<(), SendError> {
        let State::Data { after_cr } = self.state else { return Err(SendError::EventMissing) };
        self.check_data(piece)?;
        let lines = match piece.strip_prefix('\n') {
            Some(rest) if after_cr => rest,
            _ => piece,
        };
        let mut out = Append::new(out);
        put_lines(lines, DATA, &mut out);
        out.finish()?;
        if !piece.is_empty() {
            self.state = State::Data { after_cr: piece.ends_with('\r') };
        }
        Ok(())
    }

    /// Ends an event whose data came in pieces.
    pub fn end_event(&mut self, out: &mut impl Buffer) -> Result<(), SendError> {
        let State::Data { .. } = self.state else { return Err(SendError::EventMissing) };
        out.try_append(b"\n\n")?;
        self.state = State::Idle;
        Ok(())
    }

    /// Writes a comment, which browsers ignore.
    pub fn encode_comment(&mut self, text: &str, out: &mut impl Buffer) -> Result<(), SendError> {
        self.ready()?;
        let mut out = Append::new(out);
        out.put(COMMENT);
        put_lines(text, COMMENT, &mut out);
        out.put(LF);
        Ok(out.finish()?)
    }

    /// Writes a keep-alive: an empty comment, two bytes long.
    ///
    /// The standard advises one about every 15 s, because some proxies drop silent connections
    /// (§9.2.7).
    pub fn encode_keep_alive(&mut self, out: &mut impl Buffer) -> Result<(), SendError> {
        self.ready()?;
        Ok(out.try_append(b":\n")?)
    }

    /// Writes the reconnection time in ms. It applies at once, without an event.
    pub fn encode_retry(&mut self, ms: u64, out: &mut impl Buffer) -> Result<(), SendError> {
        self.ready()?;
        let mut out = Append::new(out);
        put_retry(ms, &mut out);
        Ok(out.finish()?)
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

/// Whether an ID can come back as `Last-Event-ID` just as it is (RFC 9110 §5.5).
///
/// Browsers send an ID beyond ASCII in UTF-8.
pub(super) fn is_last_event_id(id: &str) -> bool {
    let id = id.as_bytes();
    is_field_value(id) && trim(id).len() == id.len()
}

/// Writes the line that sets the reconnection time.
fn put_retry<B: Buffer>(ms: u64, out: &mut Append<'_, B>) {
    out.put(b"retry: ");
    out.put_number(ms);
    out.put(LF);
}

/// Writes `text`. Every line but the first gets the prefix.
#[inline]
fn put_lines<B: Buffer>(text: &str, prefix: &[u8], out: &mut Append<'_, B>) {
    let mut rest = text.as_bytes();
    while let Some(line) = take_line(&mut rest) {
        out.put(line);
        out.put(LF);
        out.put(prefix);
    }
    out.put(rest);
}

/// Takes the first line off `text`, with the CRLF, LF or CR that ends it. `None` if `text` has no
/// line end.
#[inline]
fn take_line<'a>(text: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (line, rest) = text.split_at_checked(memchr2(b'\n', b'\r', text)?)?;
    *text = match rest {
        [b'\r', b'\n', rest @ ..] | [_, rest @ ..] => rest,
        [] => rest,
    };
    Some(line)
}
