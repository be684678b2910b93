//! Why events are lost, and why they cannot be sent.

use core::fmt;

use crate::BufferFull;

/// Why an event was lost.
///
/// Every stream of bytes is a stream of events (§9.2.5), so a server can only exceed limits. The error
/// is not final: the stream goes on with the next event.
///
/// ```
/// use framewright::sse::{Assembler, Error, Item, Limits, Storage};
///
/// let limits = Limits::new().max_data_len(4);
/// let mut assembler = Assembler::new(limits, Storage::<Vec<u8>>::default());
/// let mut input = &b"data: too long\n\ndata: ok\n\n"[..];
/// let lost = assembler.receive(&mut input);
/// assert_eq!(lost, Some(Item::Lost(Error::DataTooLong { limit: 4 })));
/// assert!(matches!(assembler.receive(&mut input), Some(Item::Event(event)) if event.data == "ok"));
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Error {
    /// A line was longer than [`Limits::max_line_len`](super::Limits::max_line_len).
    LineTooLong {
        /// The limit, in bytes.
        limit: u64,
    },
    /// An event's data was longer than [`Limits::max_data_len`](super::Limits::max_data_len).
    DataTooLong {
        /// The limit, in bytes.
        limit: u64,
    },
    /// An event's type was longer than [`Limits::max_type_len`](super::Limits::max_type_len).
    TypeTooLong {
        /// The limit, in bytes.
        limit: u64,
    },
    /// An ID was longer than [`Limits::max_id_len`](super::Limits::max_id_len). The last event ID stays
    /// as it was.
    IdTooLong {
        /// The limit, in bytes.
        limit: u64,
    },
    /// The storage of an [`Assembler`](super::Assembler) has no room for the event. If the ID did not
    /// fit, the last event ID stays as it was.
    BufferFull(BufferFull),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, limit) = match self {
            Self::LineTooLong { limit } => ("line is too long", limit),
            Self::DataTooLong { limit } => ("data is too long", limit),
            Self::TypeTooLong { limit } => ("event type is too long", limit),
            Self::IdTooLong { limit } => ("event ID is too long", limit),
            Self::BufferFull(full) => {
                return write!(f, "no room for the event: {} bytes", full.needed);
            }
        };
        write!(f, "{what}: over the limit of {limit} bytes")
    }
}

impl core::error::Error for Error {}

impl From<BufferFull> for Error {
    fn from(full: BufferFull) -> Self {
        Self::BufferFull(full)
    }
}

/// Why something cannot be sent. Nothing was written and nothing changed.
///
/// ```
/// use framewright::sse::{Encoder, EventBuilder, SendError};
///
/// let event = EventBuilder::new().event_type("two\nlines").data("x");
/// let mut out = Vec::new();
/// assert_eq!(Encoder::new().encode(event, &mut out), Err(SendError::TypeInvalid));
/// assert!(out.is_empty());
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum SendError {
    /// The output has no room.
    BufferFull(BufferFull),
    /// An event was begun and not ended. Nothing else may be written inside its data.
    EventUnfinished,
    /// There is no event to add data to, or to end: none was begun.
    EventMissing,
    /// The event type has a CR, LF or NUL, and would not arrive as it is (§9.2.6).
    TypeInvalid,
    /// The ID cannot be the value of a header, and would not come back as `Last-Event-ID`
    /// (RFC 9110 §5.5). With a CR, LF or NUL it would not even arrive (§9.2.6).
    IdInvalid,
    /// The data has a CR, which would arrive as an LF. The encoder was told to refuse it.
    CarriageReturn,
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BufferFull(full) => return full.fmt(f),
            Self::EventUnfinished => "the data of an event is unfinished",
            Self::EventMissing => "no event was begun",
            Self::TypeInvalid => "event type has a line break or a NUL",
            Self::IdInvalid => "event ID cannot be the value of a header",
            Self::CarriageReturn => "data has a carriage return",
        })
    }
}

impl core::error::Error for SendError {}

impl From<BufferFull> for SendError {
    fn from(full: BufferFull) -> Self {
        Self::BufferFull(full)
    }
}
