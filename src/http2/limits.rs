//! Limits on what a peer may send and may make us remember.

/// What a peer may send, at most.
///
/// Each limit is a field to read it, and a method to set it. What is out of its range counts as the nearest value in
/// it:
///
/// ```
/// use framewright::http2::Limits;
///
/// const LIMITS: Limits = Limits::new().max_streams(10).max_frame_len(1 << 20);
/// assert_eq!(LIMITS.max_frame_len, 1_048_576);
/// ```
///
/// Our first SETTINGS tell the peer those that it has to know.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Limits {
    /// The longest head, in bytes, with 32 more for each field.
    pub max_head_len: u32,
    /// The greatest number of fields of one head.
    pub max_fields: u32,
    /// The greatest number of streams that the peer may have open at once.
    pub max_streams: u32,
    /// How far a peer may run ahead of the caller on one stream, in bytes.
    pub stream_window: u32,
    /// How far a peer may run ahead on all streams together, in bytes.
    pub connection_window: u32,
    /// The longest payload of a frame to receive, in bytes.
    pub max_frame_len: u32,
    /// The longest payload of a DATA frame to send, in bytes.
    pub max_send_len: u32,
    /// How many resets in a burst a peer may cause.
    pub reset_budget: u32,
    /// How many useless frames in a burst a peer may send.
    pub useless_budget: u32,
}

impl Limits {
    /// The defaults.
    pub const fn new() -> Self {
        Self {
            max_head_len: 16 << 10,
            max_fields: 128,
            max_streams: 100,
            stream_window: 256 << 10,
            connection_window: 1 << 20,
            max_frame_len: Self::MIN_FRAME_LEN,
            max_send_len: Self::MIN_FRAME_LEN,
            reset_budget: 200,
            useless_budget: 1000,
        }
    }

    /// Sets the longest head, in bytes of names and values, with 32 more for each field.
    /// Default: 16 KiB.
    ///
    /// The buffer that heads are decoded into needs no more than this: once per connection, not per
    /// stream. A longer request is refused with the status 431, and a longer response is reset. Four
    /// times as much ends the connection, and a buffer that can grow may have grown to that.
    #[must_use]
    pub const fn max_head_len(mut self, bytes: u32) -> Self {
        self.max_head_len = bytes;
        self
    }

    /// Sets the greatest number of fields of one head. Default: 128.
    ///
    /// It bounds time, not memory: a field that repeats costs the peer one byte. Each cookie of a
    /// browser counts as a field of its own (§8.2.3): a gateway for sites with many cookies needs 256
    /// and more.
    #[must_use]
    pub const fn max_fields(mut self, fields: u32) -> Self {
        self.max_fields = fields;
        self
    }

    /// Sets the greatest number of streams that the peer may have open at once. Default: 100.
    ///
    /// Storage of fixed size may hold fewer, and then its length is the limit.
    #[must_use]
    pub const fn max_streams(mut self, streams: u32) -> Self {
        self.max_streams = streams;
        self
    }

    /// Sets how far a peer may run ahead of the caller on one stream, in bytes. Default: 256 KiB;
    /// 2³¹ − 1 at most (§6.9.1).
    ///
    /// It costs no memory here. A caller that keeps bodies until it can use them keeps up to this
    /// many bytes for each stream.
    #[must_use]
    pub const fn stream_window(mut self, bytes: u32) -> Self {
        self.stream_window = if bytes > Self::MAX_WINDOW { Self::MAX_WINDOW } else { bytes };
        self
    }

    /// Sets how far a peer may run ahead on all streams together, in bytes. Default: 1 MiB; 65 535 at
    /// least, because it cannot be lowered, and 2³¹ − 1 at most (§6.9.2).
    ///
    /// It costs no memory: bytes are returned as they come, and count as used then.
    #[must_use]
    pub const fn connection_window(mut self, bytes: u32) -> Self {
        self.connection_window = match bytes {
            ..0xFFFF => 0xFFFF,
            0x8000_0000.. => Self::MAX_WINDOW,
            _ => bytes,
        };
        self
    }

    /// Sets the longest payload of a frame to receive, in bytes. Default: 16 KiB, which is the least
    /// that the standard allows; 2²⁴ − 1 at most (§4.2).
    ///
    /// A frame costs no memory, as its payload is returned as it comes. But nothing of the peer can
    /// overtake it.
    #[must_use]
    pub const fn max_frame_len(mut self, bytes: u32) -> Self {
        self.max_frame_len = match bytes {
            ..Self::MIN_FRAME_LEN => Self::MIN_FRAME_LEN,
            0x100_0000.. => 0xFF_FFFF,
            _ => bytes,
        };
        self
    }

    /// Sets the longest payload of a DATA frame to send, in bytes. Default: 16 KiB; 0 counts as 1.
    ///
    /// The output needs room for one such frame. Longer frames are sent only to a peer that accepts
    /// them.
    #[must_use]
    pub const fn max_send_len(mut self, bytes: u32) -> Self {
        self.max_send_len = if bytes == 0 { 1 } else { bytes };
        self
    }

    /// Sets how many resets in a burst a peer may cause, by RST_STREAM or by breaking rules that end
    /// a stream. Default: 200.
    ///
    /// Each costs the caller a request that was begun for nothing (CVE-2023-44487, CVE-2025-8671).
    /// Streams that end well, and time, give resets back.
    #[must_use]
    pub const fn reset_budget(mut self, resets: u32) -> Self {
        self.reset_budget = resets;
        self
    }

    /// Sets how many useless frames in a burst a peer may send. Default: 1000.
    ///
    /// Useless are frames that bring nothing forward: empty ones, settings, pings, priorities, frames
    /// of unknown types and for streams that are over. Each costs some time, and no memory. Bytes of
    /// bodies and heads, and time, give frames back. Two WINDOW_UPDATE for each DATA that we have sent do not count.
    ///
    /// After a reset of ours, a peer that has not heard of it may fill the rest of the stream's
    /// window. DATA is useless from there on.
    #[must_use]
    pub const fn useless_budget(mut self, frames: u32) -> Self {
        self.useless_budget = frames;
        self
    }

    /// The same limits, each in its range, whether a method set it or a field was written.
    pub(super) const fn in_range(self) -> Self {
        self.stream_window(self.stream_window)
            .connection_window(self.connection_window)
            .max_frame_len(self.max_frame_len)
            .max_send_len(self.max_send_len)
    }

    /// The least value of SETTINGS_MAX_FRAME_SIZE, and its initial one.
    pub(super) const MIN_FRAME_LEN: u32 = 16_384;
    /// The largest window (§6.9.1).
    const MAX_WINDOW: u32 = 0x7FFF_FFFF;
}

impl Default for Limits {
    fn default() -> Self {
        Self::new()
    }
}
