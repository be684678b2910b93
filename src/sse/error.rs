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
