//! What a client did wrong, and what the caller did.

use core::fmt;

use crate::{BufferFull, OverLimit};

/// Why what a client sent is no list of messages. A failed [`MessageDecoder`](super::MessageDecoder) keeps failing the
/// same way; the session goes on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Error {
    /// A request to send had nothing in it.
    PayloadMissing,
    /// Something else than an array of strings in JSON, or not UTF-8.
    Json,
    /// More bytes than the limit, in one request or WebSocket message.
    PayloadTooLong {
        /// The limit, in bytes.
        limit: u64,
    },
}

impl Error {
    /// The status of the answer to a request that sends.
    pub const fn status(self) -> u16 {
        match self {
            Self::PayloadMissing | Self::Json => 500,
            Self::PayloadTooLong { .. } => 413,
        }
    }

    /// The body of the answer to a request that sends.
    pub const fn body(self) -> &'static str {
        match self {
            Self::PayloadMissing => "Payload expected.",
            Self::Json => "Broken JSON encoding.",
            Self::PayloadTooLong { .. } => "Payload too long.",
        }
    }

    /// The code and the reason of the close frame for a client whose transport is WebSocket.
    pub const fn close(self) -> (u16, &'static str) {
        match self {
            Self::PayloadTooLong { .. } => (1009, "Payload too long."),
            Self::PayloadMissing | Self::Json => (3000, "Broken framing."),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PayloadMissing => f.write_str("payload is missing"),
            Self::Json => f.write_str("payload is not an array of strings in JSON"),
            Self::PayloadTooLong { limit } => {
                write!(f, "payload is longer than the limit of {limit} bytes")
            }
        }
    }
}

impl core::error::Error for Error {}

/// Why a [`Session`](super::Session) did not take what the caller gave it. Nothing changed.
///
/// ```
/// use framewright::sockjs::{Limits, SendError, Session};
///
/// let mut session = Session::new(Limits::new().max_backlog(16), Vec::new(), 0);
/// session.send("hello")?;
/// assert!(matches!(session.send("hello again"), Err(SendError::BacklogFull(_))));
/// assert_eq!(session.close(99, "", 0), Err(SendError::CodeInvalid));
/// # Ok::<(), SendError>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum SendError {
    /// The session was closed, or is over.
    Closed,
    /// The messages that no receiver has fetched would be longer than
    /// [`Limits::max_backlog`](super::Limits::max_backlog).
    BacklogFull(OverLimit),
    /// The storage of the session has no room.
    BufferFull(BufferFull),
    /// A close code below 1000 or above 4999.
    CodeInvalid,
    /// A reason of more than [`MAX_REASON_LEN`](super::MAX_REASON_LEN) bytes.
    ReasonTooLong,
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed => f.write_str("session is closed"),
            Self::BacklogFull(over) => write!(f, "too much waits for a receiver: {over}"),
            Self::BufferFull(full) => full.fmt(f),
            Self::CodeInvalid => f.write_str("close code is not between 1000 and 4999"),
            Self::ReasonTooLong => f.write_str("reason is longer than 123 bytes"),
        }
    }
}

impl core::error::Error for SendError {}

impl From<BufferFull> for SendError {
    fn from(full: BufferFull) -> Self {
        Self::BufferFull(full)
    }
}
