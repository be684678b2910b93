//! What a peer did wrong, and what a caller cannot send.

use core::fmt;

use super::CloseCode;
use crate::{BufferFull, OverLimit};

/// The rule of the protocol, or the limit, that the peer broke.
///
/// It is final: the connection has failed (§7.1.7). The peer must get a close frame with
/// [`close_code`](Self::close_code), which a [`Connection`](super::Connection) writes by itself.
///
/// ```
/// use framewright::ws::{CloseCode, Connection, Error, Event, Limits};
///
/// let mut server = Connection::server(Limits::new());
/// let mut bytes = *b"\x81\x02hi"; // not masked
/// let event = server.receive(&mut &mut bytes[..]);
/// assert_eq!(event, Some(Event::Failed(Error::MaskMissing)));
/// let mut out = Vec::new();
/// server.transmit(&mut out);
/// assert_eq!(Error::MaskMissing.close_code(), CloseCode(1002));
/// assert!(out.starts_with(b"\x88\x1E\x03\xEA")); // a close frame of 30 bytes, with 1002
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Error {
    /// A reserved bit was set, and no extension gives it a meaning (§5.2).
    ReservedBits,
    /// The opcode is reserved (§5.2).
    ReservedOpcode(u8),
    /// A client's frame was not masked (§5.1).
    MaskMissing,
    /// A server's frame was masked (§5.1).
    MaskUnexpected,
    /// A control frame was fragmented (§5.5).
    ControlFragmented,
    /// A control frame announced more than 125 bytes (§5.5).
    ControlTooLong,
    /// A continuation frame came, but there is no message to continue (§5.4).
    ContinuationUnexpected,
    /// A text or binary frame came inside a fragmented message (§5.4).
    ContinuationMissing,
    /// A length was not written in the shortest form (§5.2).
    LengthNotMinimal,
    /// The top bit of a 64-bit length was set (§5.2).
    LengthTopBit,
    /// A frame announced more than [`Limits::max_frame_len`](super::Limits::max_frame_len) allows.
    FrameTooLong(OverLimit),
    /// A frame would have made its message longer than
    /// [`Limits::max_message_len`](super::Limits::max_message_len) allows.
    ///
    /// The length is that of the message with this frame. Of a compressed message it is either the
    /// length of its frames, whose limit is a little higher, or that of what came out so far.
    MessageTooLong(OverLimit),
    /// A message came in more frames than
    /// [`Limits::max_fragments`](super::Limits::max_fragments) allows.
    TooManyFragments {
        /// How many are allowed.
        limit: u32,
    },
    /// A text message is not UTF-8 (§8.1), or ended inside a character.
    InvalidUtf8,
    /// A message found no room in the [`Inbox`](super::Inbox) or the [`Assembler`](super::Assembler). What it
    /// needs is the length of its frames so far, as announced. A [limit](super::Limits::max_message_len) that is
    /// no higher than the room refuses such a message at its header.
    BufferFull(BufferFull),
    /// The beginning of a message is not in the [`Inbox`](super::Inbox): it was given up, received as
    /// parts, or put in another inbox. This is the caller's fault, not the peer's.
    BeginningMissing,
    /// The parts of a text that an [`Assembler`](super::Assembler) was given do not belong together: one is
    /// missing, or they are from more than one connection. This is the caller's fault, not the peer's.
    PartsMixed,
    /// [`Assembler::push`](super::Assembler::push) was given a compressed part, which only
    /// `Assembler::push_inflated` (feature `deflate`) inflates. This is the caller's fault, not the peer's.
    NotInflated,
    /// A compressed message is not DEFLATE, refers to data that its context does not have, or ended
    /// inside a block (RFC 7692 §7.2.2).
    InvalidDeflate,
    /// A compressed message inflated to more times its length than
    /// [`Limits::max_ratio`](super::Limits::max_ratio) allows.
    RatioTooHigh {
        /// How many times its length a message may inflate to.
        limit: u32,
    },
    /// A close frame's payload was one byte, which is no status code (§5.5.1).
    CloseTooShort,
    /// A close frame had a status code that must not be sent (§7.4).
    CloseCodeInvalid(CloseCode),
    /// A close frame's reason is not UTF-8 (§5.5.1).
    CloseReasonInvalid,
}

impl Error {
    /// The status code that tells the peer (§7.4.1).
    pub const fn close_code(&self) -> CloseCode {
        match self {
            Self::InvalidUtf8 | Self::InvalidDeflate | Self::CloseReasonInvalid => {
                CloseCode::INVALID_DATA
            }
            Self::FrameTooLong(_)
            | Self::MessageTooLong(_)
            | Self::BufferFull(_)
            | Self::RatioTooHigh { .. } => CloseCode::TOO_BIG,
            Self::BeginningMissing | Self::PartsMixed | Self::NotInflated => {
                CloseCode::INTERNAL_ERROR
            }
            Self::TooManyFragments { .. } => CloseCode::POLICY,
            _ => CloseCode::PROTOCOL_ERROR,
        }
    }

    /// What the close frame gives as its reason: at most 123 bytes. It has no numbers, so that a device
    /// that never prints an error needs no code to format them.
    pub(super) const fn text(&self) -> &'static str {
        match self {
            Self::ReservedBits => "reserved bit set",
            Self::ReservedOpcode(_) => "reserved opcode",
            Self::MaskMissing => "client's frame is not masked",
            Self::MaskUnexpected => "server's frame is masked",
            Self::ControlFragmented => "control frame is fragmented",
            Self::ControlTooLong => "control frame is longer than 125 bytes",
            Self::ContinuationUnexpected => "continuation frame without a message to continue",
            Self::ContinuationMissing => "new message inside a fragmented one",
            Self::LengthNotMinimal => "length is not in its shortest form",
            Self::LengthTopBit => "top bit of a length is set",
            Self::FrameTooLong(_) => "frame is too long",
            Self::MessageTooLong(_) => "message is too long",
            Self::TooManyFragments { .. } => "message has too many fragments",
            Self::InvalidUtf8 => "text is not UTF-8",
            Self::BufferFull(_) => "no room for the message",
            Self::BeginningMissing => "beginning of a message was given up",
            Self::PartsMixed => "parts of a text do not belong together",
            Self::NotInflated => "compressed part was not inflated",
            Self::InvalidDeflate => "compressed message cannot be inflated",
            Self::RatioTooHigh { .. } => "message is compressed too far",
            Self::CloseTooShort => "close frame of one byte",
            Self::CloseCodeInvalid(_) => "close code must not be sent",
            Self::CloseReasonInvalid => "close reason is not UTF-8",
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())?;
        match self {
            Self::ReservedOpcode(opcode) => write!(f, ": {opcode:#X}"),
            Self::FrameTooLong(over) | Self::MessageTooLong(over) => write!(f, ": {over}"),
            Self::BufferFull(full) => write!(f, ": {} bytes", full.needed),
            Self::TooManyFragments { limit } => write!(f, ": over the limit of {limit}"),
            Self::RatioTooHigh { limit } => write!(f, ": over the limit of {limit} times"),
            Self::CloseCodeInvalid(code) => write!(f, ": {code}"),
            _ => Ok(()),
        }
    }
}

impl core::error::Error for Error {}

impl From<BufferFull> for Error {
    fn from(full: BufferFull) -> Self {
        Self::BufferFull(full)
    }
}

/// The caller asked for something that cannot be sent. Nothing was written, and nothing changed.
///
/// ```
/// use framewright::ws::{CloseCode, Connection, Limits, SendError};
///
/// let mut server = Connection::server(Limits::new());
/// let mut out = Vec::new();
/// server.close(CloseCode::NORMAL, "", &mut out)?;
/// assert_eq!(server.send("too late", &mut out), Err(SendError::Closing));
/// assert_eq!(out, b"\x88\x02\x03\xE8");
/// # Ok::<(), SendError>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum SendError {
    /// The output has no room for the whole frame.
    BufferFull(BufferFull),
    /// A close frame was sent or is about to be: nothing may follow it (§5.5.1).
    Closing,
    /// The payload of a frame is unfinished: nothing else may come inside a frame.
    FrameUnfinished,
    /// A fragmented message is unfinished, and this does not continue it (§5.4).
    MessageUnfinished,
    /// More payload was given than the frame's header announced.
    PayloadTooLong,
    /// A frame cannot be longer than 2⁶³ − 1 bytes (§5.2).
    FrameTooLong,
    /// A control frame cannot be fragmented (§5.5).
    ControlFragmented,
    /// A control frame carries at most 125 bytes, and a close reason has at most 123 of them (§5.5).
    ControlTooLong,
    /// A text message has to be UTF-8 (§5.6).
    InvalidUtf8,
    /// The status code is one that must not be sent (§7.4).
    CloseCodeInvalid(CloseCode),
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BufferFull(full) => return full.fmt(f),
            Self::Closing => "the connection is closing",
            Self::FrameUnfinished => "the payload of a frame is unfinished",
            Self::MessageUnfinished => "a fragmented message is unfinished",
            Self::PayloadTooLong => "more payload than the frame's header announced",
            Self::FrameTooLong => "frame is of 2^63 bytes or more",
            Self::ControlFragmented => "a control frame cannot be fragmented",
            Self::ControlTooLong => {
                "control frame is longer than 125 bytes, or close reason than 123"
            }
            Self::InvalidUtf8 => "text is not UTF-8",
            Self::CloseCodeInvalid(code) => return write!(f, "close code {code} must not be sent"),
        })
    }
}

impl core::error::Error for SendError {}

impl From<BufferFull> for SendError {
    fn from(full: BufferFull) -> Self {
        Self::BufferFull(full)
    }
}
