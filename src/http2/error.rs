//! What a peer did wrong, and what a caller cannot send.

use core::fmt;

use super::ErrorCode;
use crate::{BufferFull, OverLimit};

/// The rule of the protocol, or the limit, that the peer broke.
///
/// In an [`Event::StreamFailed`](super::Event::StreamFailed) it ends one stream (§5.4.2). In an
/// [`Event::Failed`](super::Event::Failed), and as the error of a decoder, it ends the connection (§5.4.1). The
/// peer has to be told its [`code`](Self::code): a connection does that by itself.
///
/// ```
/// use framewright::http2::{Connection, Error, Event, Limits, Storage};
///
/// let mut server = Connection::server(Storage::new(), Limits::new());
/// let mut read = *b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
/// let mut head = Vec::new();
/// let event = server.receive(&mut &mut read[..], &mut head);
/// assert!(matches!(event, Some(Event::Failed(Error::Preface))));
/// let mut out = Vec::new();
/// server.transmit(&mut out);
/// assert!(out.ends_with(b"client's preface is missing")); // a GOAWAY
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Error {
    // Frames.
    /// The client did not begin with the preface (§3.4).
    Preface,
    /// The first frame is not a SETTINGS of the peer's own (§3.4).
    SettingsMissing,
    /// A frame announced more than [`Limits::max_frame_len`](super::Limits::max_frame_len) allows
    /// (§4.2).
    FrameTooLong(OverLimit),
    /// A frame has a length that its type cannot have (§6). On a PRIORITY, it is the stream's error
    /// (§6.3).
    FrameLength,
    /// A frame that belongs to a stream came without one (§6.1 to §6.4, §6.10).
    StreamMissing,
    /// A frame about the connection came with a stream (§6.5, §6.7, §6.8).
    StreamUnexpected,
    /// A frame has more padding than payload (§6.1, §6.2).
    Padding,
    /// A field block is unfinished, and something else came than its continuation (§6.10).
    ContinuationExpected,
    /// A CONTINUATION came, but there is no field block to continue (§6.10).
    ContinuationUnexpected,
    /// A PUSH_PROMISE came. A client must not send it (§8.4), and we told the server not to (§6.6).
    PushPromise,
    /// A stream depends on itself (RFC 7540 §5.3.1). It is the stream's error.
    SelfDependency,
    // Settings.
    /// SETTINGS_ENABLE_PUSH is neither 0 nor 1, or a server sent 1 (§6.5.2).
    EnablePush,
    /// SETTINGS_INITIAL_WINDOW_SIZE is over 2³¹ − 1 (§6.5.2).
    InitialWindowSize,
    /// SETTINGS_MAX_FRAME_SIZE is below 2¹⁴ or over 2²⁴ − 1 (§6.5.2).
    MaxFrameSize,
    /// SETTINGS_ENABLE_CONNECT_PROTOCOL is neither 0 nor 1, or went back from 1 to 0 (RFC 8441 §3).
    EnableConnectProtocol,
    /// SETTINGS_NO_RFC7540_PRIORITIES is neither 0 nor 1 (RFC 9218 §2.1).
    NoRfc7540Priorities,
    /// An acknowledgement of settings came, but all were acknowledged (§6.5.3).
    AckUnexpected,
    // Streams.
    /// A frame came on a stream that nobody has opened (§5.1).
    StreamIdle,
    /// A frame came on a stream that its sender had closed (§5.1).
    StreamClosed,
    /// A stream was opened with an identifier of the other side, or one that is not above all before
    /// (§5.1.1).
    StreamId,
    // Flow control.
    /// More was sent than the window allowed (§6.9.1).
    WindowExceeded,
    /// A window would grow over 2³¹ − 1 (§6.9.1).
    WindowOverflow,
    /// A WINDOW_UPDATE adds nothing (§6.9).
    WindowIncrement,
    // GOAWAY.
    /// A GOAWAY names a higher last stream than the one before (§6.8).
    GoAwayRose,
    // Field blocks (RFC 7541). They always end the connection, because the tables of both ends differ.
    /// An index is 0 or beyond the table's end (RFC 7541 §2.3.3).
    Index,
    /// An integer is over 2³² − 1, or too long (RFC 7541 §5.1).
    Integer,
    /// A Huffman code is the one for the end of a string, or its padding is wrong (RFC 7541 §5.2).
    Huffman,
    /// The size of the table changed to more than we allow, or after the first field of a block
    /// (RFC 7541 §6.3). Or it did not change, after our settings had made it smaller (RFC 7541 §4.2).
    TableSize,
    /// An index names an entry that was sent before the peer knew our settings, and that our storage was too small
    /// to keep (RFC 7541 §4.2).
    TableLost,
    /// A field block ends inside a field (RFC 7541 §3.1).
    BlockTruncated,
    // Messages. All are the stream's errors (§8.1.1).
    /// A field's name is empty, not a token, or has upper-case letters (§8.2.1).
    FieldName,
    /// A field's value has control characters, or whitespace at an end (§8.2.1).
    FieldValue,
    /// A field is about the connection of HTTP/1.1, as `connection` is (§8.2.2).
    FieldReserved,
    /// A `te` field is not `trailers` (§8.2.2).
    Te,
    /// A pseudo-header field is unknown, repeated, after other fields, or does not belong in this
    /// message (§8.3).
    PseudoField,
    /// A pseudo-header field is missing (§8.3.1, §8.3.2).
    PseudoMissing,
    /// `:method` is not a token (§8.3.1).
    Method,
    /// `:scheme` is not a scheme (§8.3.1; RFC 3986 §3.1).
    Scheme,
    /// `:path` is empty or does not begin with a slash (§8.3.1).
    Path,
    /// `:authority` or `host` is missing, repeated, or names a user, or the two differ (§8.3.1).
    Authority,
    /// `:status` is not three digits, or is 101 (§8.3.2, §8.6).
    Status,
    /// `content-length` is not a number, is repeated, or is not the body's length (§8.1.1).
    ContentLength,
    /// Trailers do not end the stream (§8.1).
    EndMissing,
    /// An informational response ends the stream (§8.1).
    EndUnexpected,
    /// DATA came before the head (§8.1).
    BodyUnexpected,
    /// HEADERS came on a tunnel, where only DATA may (§8.5).
    HeadUnexpected,
    // Limits.
    /// A head is longer than [`Limits::max_head_len`](super::Limits::max_head_len) allows (§10.5.1).
    HeadTooLong {
        /// The limit, in bytes. It is four times `max_head_len` if the connection fails.
        limit: u32,
    },
    /// A head has more fields than [`Limits::max_fields`](super::Limits::max_fields) allows
    /// (§10.5.1).
    TooManyFields {
        /// The limit.
        limit: u32,
    },
    /// The caller's buffer for heads has no room for a head, or for one field of it if the connection fails
    /// (§10.5.1).
    BufferFull {
        /// The length of the buffer that would be enough, in bytes.
        needed: u32,
    },
    /// The peer caused more resets than [`Limits::reset_budget`](super::Limits::reset_budget) allows
    /// (§10.5).
    TooManyResets {
        /// The budget.
        limit: u32,
    },
    /// The peer sent more useless frames than
    /// [`Limits::useless_budget`](super::Limits::useless_budget) allows (§10.5).
    TooManyUseless {
        /// The budget.
        limit: u32,
    },
    /// The peer wants more answers of one kind than are kept: acknowledgements of settings, answers to pings, or
    /// resets (§10.5).
    TooManyAnswers {
        /// How many are kept.
        limit: u32,
    },
    /// A head is in more CONTINUATION frames than its greatest length explains (§10.5.1).
    TooManyContinuations {
        /// The limit, which follows from [`Limits::max_head_len`](super::Limits::max_head_len).
        limit: u32,
    },
    // The caller's.
    /// The caller passed another buffer for heads, or changed it, inside a field block.
    HeadBuffer,
}

impl Error {
    /// The error code that tells the peer (§7).
    pub const fn code(&self) -> ErrorCode {
        match self {
            Self::FrameTooLong(_) | Self::FrameLength => ErrorCode::FRAME_SIZE_ERROR,
            Self::InitialWindowSize | Self::WindowExceeded | Self::WindowOverflow => {
                ErrorCode::FLOW_CONTROL_ERROR
            }
            Self::StreamClosed => ErrorCode::STREAM_CLOSED,
            Self::Index
            | Self::Integer
            | Self::Huffman
            | Self::TableSize
            | Self::TableLost
            | Self::BlockTruncated => ErrorCode::COMPRESSION_ERROR,
            Self::HeadTooLong { .. }
            | Self::TooManyFields { .. }
            | Self::BufferFull { .. }
            | Self::TooManyResets { .. }
            | Self::TooManyUseless { .. }
            | Self::TooManyAnswers { .. }
            | Self::TooManyContinuations { .. } => ErrorCode::ENHANCE_YOUR_CALM,
            Self::HeadBuffer => ErrorCode::INTERNAL_ERROR,
            _ => ErrorCode::PROTOCOL_ERROR,
        }
    }

    /// What a GOAWAY gives as its debug data.
    pub(super) const fn text(self) -> &'static str {
        match self {
            Self::Preface => "client's preface is missing",
            Self::SettingsMissing => "first frame is not SETTINGS",
            Self::FrameTooLong(_) => "frame is too long",
            Self::FrameLength => "frame has a length that its type cannot have",
            Self::StreamMissing => "frame of a stream without a stream",
            Self::StreamUnexpected => "frame about the connection with a stream",
            Self::Padding => "padding is longer than its frame",
            Self::ContinuationExpected => "frame inside a field block",
            Self::ContinuationUnexpected => "continuation of no field block",
            Self::PushPromise => "push that was not allowed",
            Self::SelfDependency => "stream depends on itself",
            Self::EnablePush => "wrong value of SETTINGS_ENABLE_PUSH",
            Self::InitialWindowSize => "wrong value of SETTINGS_INITIAL_WINDOW_SIZE",
            Self::MaxFrameSize => "wrong value of SETTINGS_MAX_FRAME_SIZE",
            Self::EnableConnectProtocol => "wrong value of SETTINGS_ENABLE_CONNECT_PROTOCOL",
            Self::NoRfc7540Priorities => "wrong value of SETTINGS_NO_RFC7540_PRIORITIES",
            Self::AckUnexpected => "acknowledgement of no settings",
            Self::StreamIdle => "frame on an idle stream",
            Self::StreamClosed => "frame on a closed stream",
            Self::StreamId => "identifier that must not be opened",
            Self::WindowExceeded => "more was sent than the window allows",
            Self::WindowOverflow => "window is too large",
            Self::WindowIncrement => "window update of 0",
            Self::GoAwayRose => "last stream of a goaway rose",
            Self::Index => "index of no table entry",
            Self::Integer => "integer is too large",
            Self::Huffman => "text is not Huffman-coded",
            Self::TableSize => "wrong update of the table's size",
            Self::TableLost => "table entry was lost",
            Self::BlockTruncated => "field block ends inside a field",
            Self::FieldName => "wrong name of a field",
            Self::FieldValue => "wrong value of a field",
            Self::FieldReserved => "field about a connection",
            Self::Te => "te is not trailers",
            Self::PseudoField => "pseudo-header field out of place",
            Self::PseudoMissing => "pseudo-header field is missing",
            Self::Method => "wrong :method",
            Self::Scheme => "wrong :scheme",
            Self::Path => "wrong :path",
            Self::Authority => "wrong :authority or host",
            Self::Status => "wrong :status",
            Self::ContentLength => "wrong content-length",
            Self::EndMissing => "trailers do not end the stream",
            Self::EndUnexpected => "informational response ends the stream",
            Self::BodyUnexpected => "body before the head",
            Self::HeadUnexpected => "head or trailers on a tunnel",
            Self::HeadTooLong { .. } => "head is too long",
            Self::TooManyFields { .. } => "head has too many fields",
            Self::BufferFull { .. } => "no room for the head",
            Self::TooManyResets { .. } => "too many resets",
            Self::TooManyUseless { .. } => "too many useless frames",
            Self::TooManyAnswers { .. } => "too many answers are wanted",
            Self::TooManyContinuations { .. } => "head is in too many frames",
            Self::HeadBuffer => "buffer for heads was changed inside a field block",
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())?;
        match self {
            Self::FrameTooLong(over) => write!(f, ": {over}"),
            Self::HeadTooLong { limit } => write!(f, ": over the limit of {limit} bytes"),
            Self::TooManyFields { limit }
            | Self::TooManyResets { limit }
            | Self::TooManyUseless { limit }
            | Self::TooManyAnswers { limit }
            | Self::TooManyContinuations { limit } => write!(f, ": over the limit of {limit}"),
            Self::BufferFull { needed } => write!(f, ": {needed} bytes would be enough"),
            _ => Ok(()),
        }
    }
}

impl core::error::Error for Error {}

/// The caller asked for something that cannot be sent. Nothing was written, and nothing changed.
///
/// ```
/// use framewright::http::NO_FIELDS;
/// use framewright::http2::{Connection, Limits, Request, SendError, Storage};
///
/// let mut client = Connection::client(Storage::new(), Limits::new());
/// client.close();
/// let request = Request::new("GET", "https", "example.com", "/");
/// let mut out = Vec::new();
/// assert_eq!(client.open(request, NO_FIELDS, true, &mut out), Err(SendError::Closing));
/// assert!(out.is_empty());
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum SendError {
    /// The output has no room for the whole frame, or for the whole head.
    BufferFull(BufferFull),
    /// A frame would be longer than the peer accepts (§4.2).
    FrameTooLong,
    /// A window cannot grow by 0 bytes or by more than 2³¹ − 1 (§6.9).
    WindowIncrement,
    /// The stream is over, or was never opened.
    StreamOver,
    /// The stream's head has not been sent: a body cannot come before it (§8.1).
    HeadUnsent,
    /// The stream's head was sent, and there is one only (§8.1).
    HeadSent,
    /// The response has no body, since it answers HEAD or its status is 204 or 304 (RFC 9110 §6.4).
    NoBody,
    /// The stream is a tunnel, which has no trailers (§8.5).
    TrailersInTunnel,
    /// The peer allows no further stream at once (§5.1.2). Try again when one is over.
    TooManyStreams,
    /// All identifiers are used up: it takes a new connection (§5.1.1).
    NoMoreStreams,
    /// The connection is closing: it takes a new one (§6.8).
    Closing,
    /// A part of the request is wrong: the error says which (§8.3.1).
    Request(Error),
    /// The status is not from 100 to 599 (RFC 9110 §15), or is 101 (§8.6).
    Status,
    /// The field with this index has a name that is not a token, or that has upper-case letters and is
    /// longer than 64 bytes (§8.2.1).
    FieldName(usize),
    /// The field with this index has a value with control characters or whitespace at an end (§8.2.1),
    /// or it is a wrong `te` (§8.2.2), or a wrong or repeated `content-length` (§8.1.1).
    FieldValue(usize),
    /// The field with this index is about the connection of HTTP/1.1 (§8.2.2). Or it is a `host`, which
    /// `:authority` takes the place of (§8.3.1), or a `content-length` where there is no body
    /// (RFC 9110 §8.6).
    FieldReserved(usize),
    /// A ping has not been answered yet, and there is one at a time.
    PingInFlight,
    /// The server has not offered extended CONNECT (RFC 8441 §3).
    ConnectNotOffered,
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BufferFull(full) => return full.fmt(f),
            Self::FrameTooLong => "frame is longer than the peer accepts",
            Self::WindowIncrement => "a window cannot grow by 0 bytes, or by 2^31 or more",
            Self::StreamOver => "the stream is over",
            Self::HeadUnsent => "the head has not been sent",
            Self::HeadSent => "the head has been sent",
            Self::NoBody => "the response has no body",
            Self::TrailersInTunnel => "a tunnel has no trailers",
            Self::TooManyStreams => "the peer allows no further stream at once",
            Self::NoMoreStreams => "all stream identifiers are used up",
            Self::Closing => "the connection is closing",
            Self::Request(error) => return write!(f, "the request cannot be sent: {error}"),
            Self::Status => "the status is wrong",
            Self::FieldName(index) => return write!(f, "field {index} has a wrong name"),
            Self::FieldValue(index) => return write!(f, "field {index} has a wrong value"),
            Self::FieldReserved(index) => {
                return write!(f, "field {index} must not be sent");
            }
            Self::PingInFlight => "a ping has not been answered yet",
            Self::ConnectNotOffered => "the server has not offered extended CONNECT",
        })
    }
}

impl core::error::Error for SendError {}

impl From<BufferFull> for SendError {
    fn from(full: BufferFull) -> Self {
        Self::BufferFull(full)
    }
}
