//! What comes out of a decoder: pieces of bodies and field blocks, and small frames as values.

use core::fmt;

use super::{Error, ErrorCode, FrameHeader, Setting, StreamId};
use crate::Chunk;
use crate::debug::Payload;

/// A frame, or what there is of it.
///
/// DATA, field blocks and debug data come in pieces, as they arrive. All else comes as values.
///
/// The loop under [Frames alone](super#frames-alone) handles them.
#[derive(Debug, Eq, PartialEq)]
pub enum Part<'a> {
    /// Bytes of a DATA frame (§6.1).
    Data(DataPart<'a>),
    /// Bytes of a field block, over its HEADERS and CONTINUATION frames (§6.2, §6.10).
    FieldBlock(FieldBlockPart<'a>),
    /// A PRIORITY, to be ignored (§6.3). Its stream may be in any state.
    Priority {
        /// The stream that it is about.
        stream: StreamId,
    },
    /// A RST_STREAM (§6.4).
    Reset {
        /// The stream that ends.
        stream: StreamId,
        /// Why it ends.
        code: ErrorCode,
    },
    /// One setting, whose value is allowed (§6.5). Those that nobody knows come too.
    Setting(Setting),
    /// The end of a SETTINGS: it is to be acknowledged once (§6.5.3).
    SettingsEnd,
    /// An acknowledgement of settings (§6.5.3).
    SettingsAck,
    /// A PING, to be answered with the same bytes (§6.7).
    Ping([u8; 8]),
    /// The answer to a PING (§6.7).
    PingAck([u8; 8]),
    /// The values of a GOAWAY (§6.8). Debug data may follow.
    GoAway {
        /// The last stream that the peer may have processed; 0 if there is none.
        last: u32,
        /// Why the connection ends.
        code: ErrorCode,
    },
    /// Bytes of the debug data of a GOAWAY (§6.8), of any content. Empty debug data makes no part.
    DebugData(Chunk<'a>),
    /// A WINDOW_UPDATE (§6.9).
    WindowUpdate {
        /// The stream whose window grows; `None` if it is that of the connection.
        stream: Option<StreamId>,
        /// How many more bytes may be sent: 1 to 2³¹ − 1.
        increment: u32,
    },
    /// A frame of an unknown type, whose payload is skipped (§5.5).
    Unknown(FrameHeader),
    /// A frame that is wrong in a way that ends only its stream (§5.4.2). The rest of it is skipped.
    StreamFailed {
        /// The stream that it was on.
        stream: StreamId,
        /// What is wrong.
        error: Error,
    },
}

/// Bytes of a DATA frame, and where in it they fall (§6.1).
///
/// Padding is not among them. A part is empty only if it ends its frame.
///
/// The loop under [Frames alone](super#frames-alone) handles it.
#[derive(Eq, PartialEq)]
pub struct DataPart<'a> {
    /// The stream.
    pub stream: StreamId,
    /// The next bytes, to be changed in place if need be.
    pub bytes: &'a mut [u8],
    /// Whether this is the first part of its frame: the time to account for the whole frame.
    pub start: bool,
    /// Whether the frame, padding included, ends with this part.
    pub end: bool,
    /// Whether the frame ends its sender's side of the stream. It does so at its `end`.
    pub end_stream: bool,
    /// What the whole frame counts for flow control, in bytes: its data and padding (§6.9.1).
    pub flow_len: u32,
    /// How many bytes of data the whole frame has.
    pub data_len: u32,
}

/// Bytes of a field block, and where in it they fall (§4.3).
///
/// A part is empty only if it ends its frame.
///
/// The loop under [Frames alone](super#frames-alone) handles it.
#[derive(Clone, Copy, Eq, PartialEq)]
pub struct FieldBlockPart<'a> {
    /// The stream.
    pub stream: StreamId,
    /// The next bytes, still compressed.
    pub bytes: &'a [u8],
    /// The frame that begins with this part, if one does.
    pub begins: Option<BlockFrame>,
    /// Whether the block ends with this part.
    pub end: bool,
    /// Whether the block ends its sender's side of the stream. It does so at its `end`.
    pub end_stream: bool,
}

/// A frame that carries a field block.
///
/// The loop under [Frames alone](super#frames-alone) handles it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum BlockFrame {
    /// The first frame of the block (§6.2).
    Headers {
        /// Whether it has a priority by which the stream depends on itself. That is an
        /// [`Error::SelfDependency`] of the stream alone: the block has to be decoded.
        self_dependent: bool,
    },
    /// Any other frame of the block (§6.10).
    Continuation,
}

impl fmt::Debug for DataPart<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DataPart")
            .field("stream", &self.stream)
            .field("bytes", &Payload(self.bytes))
            .field("start", &self.start)
            .field("end", &self.end)
            .field("end_stream", &self.end_stream)
            .field("flow_len", &self.flow_len)
            .field("data_len", &self.data_len)
            .finish()
    }
}

impl fmt::Debug for FieldBlockPart<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FieldBlockPart")
            .field("stream", &self.stream)
            .field("bytes", &Payload(self.bytes))
            .field("begins", &self.begins)
            .field("end", &self.end)
            .field("end_stream", &self.end_stream)
            .finish()
    }
}
