use core::fmt;

use crate::BufferFull;

/// Why an event was lost.
///
/// Every stream of bytes is a stream of events (§9.2.5), so this is all that can go wrong with one.
/// It is not final: the stream goes on at the next event.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Error {
    /// A line was longer than [`Limits::max_line_len`](super::Limits::max_line_len).
    LineTooLong,
    /// An event's data was longer than [`Limits::max_data_len`](super::Limits::max_data_len).
    DataTooLong,
    /// An event's type was longer than [`Limits::max_type_len`](super::Limits::max_type_len).
    TypeTooLong,
    /// An ID was longer than [`Limits::max_id_len`](super::Limits::max_id_len). The one before it
    /// stays the last event ID.
    IdTooLong,
    /// The storage of an [`Assembler`](super::Assembler) has no room for the event. If it was the
    /// ID that found none, the one before it stays the last event ID.
    BufferFull(BufferFull),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::LineTooLong => "line is over the limit",
            Self::DataTooLong => "data is over the limit",
            Self::TypeTooLong => "event type is over the limit",
            Self::IdTooLong => "event ID is over the limit",
            Self::BufferFull(full) => return full.fmt(f),
        })
    }
}

impl core::error::Error for Error {}

impl From<BufferFull> for Error {
    fn from(full: BufferFull) -> Self {
        Self::BufferFull(full)
    }
}

/// What the caller asked for cannot be sent. Nothing was written and nothing changed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum SendError {
    /// The output has no room for all of it.
    BufferFull(BufferFull),
    /// An event begun is not ended: nothing else may come inside its data.
    EventUnfinished,
    /// No event was begun to which data could be added, or which could be ended.
    EventMissing,
    /// An event type with a CR, LF or NUL would not arrive as it is (§9.2.6).
    TypeInvalid,
    /// An ID that is no legal value of a header would not come back as `Last-Event-ID`
    /// (RFC 9110 §5.5); one with a CR, LF or NUL would not even arrive (§9.2.6).
    IdInvalid,
    /// Data with a CR arrives with an LF in its place, and the encoder was told to refuse that.
    CarriageReturn,
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BufferFull(full) => return full.fmt(f),
            Self::EventUnfinished => "the data of an event is unfinished",
            Self::EventMissing => "no event was begun",
            Self::TypeInvalid => "event type has a line break or a NUL",
            Self::IdInvalid => "event ID is no legal value of a header",
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
