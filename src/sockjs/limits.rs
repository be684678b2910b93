//! Limits on what a client may send or leave unfetched, and how long sessions wait.

/// What a client may send, what is kept for it, and when things happen.
///
/// Each limit is a field to read it, and a method to set it:
///
/// ```
/// use framewright::sockjs::Limits;
///
/// const LIMITS: Limits = Limits::new().max_payload_len(64 * 1024).heartbeat_interval(10_000);
/// assert_eq!(LIMITS.max_payload_len, 65_536);
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Limits {
    /// The longest body of a request that sends, or WebSocket message, in bytes.
    pub max_payload_len: u64,
    /// The most bytes of messages that wait for a receiver, as they are written.
    pub max_backlog: u64,
    /// After how many bytes a streaming response ends.
    pub response_limit: u64,
    /// After how long without output a heartbeat is sent, in ms.
    pub heartbeat_interval: u64,
    /// How long a session waits for its next receiver, in ms.
    pub disconnect_delay: u64,
}

impl Limits {
    /// The defaults.
    pub const fn new() -> Self {
        Self {
            max_payload_len: 1 << 20,
            max_backlog: 1 << 20,
            response_limit: 128 << 10,
            heartbeat_interval: 25_000,
            disconnect_delay: 5_000,
        }
    }

    /// Sets the longest body of a request that sends, or WebSocket message, in bytes. Default: 1 MiB.
    ///
    /// The messages in it are returned as they come. A caller that joins them holds up to this many bytes.
    #[must_use]
    pub const fn max_payload_len(mut self, bytes: u64) -> Self {
        self.max_payload_len = bytes;
        self
    }

    /// Sets the most bytes of messages that wait for a receiver. Default: 1 MiB.
    ///
    /// Quotes, escapes and commas count: up to six bytes for one. Every session may hold that many.
    #[must_use]
    pub const fn max_backlog(mut self, bytes: u64) -> Self {
        self.max_backlog = bytes;
        self
    }

    /// Sets after how many bytes a streaming response ends. Default: 128 KiB.
    ///
    /// Browsers keep such a response whole (*XhrStreaming*). A frame is never split, so the last one may exceed the limit.
    #[must_use]
    pub const fn response_limit(mut self, bytes: u64) -> Self {
        self.response_limit = bytes;
        self
    }

    /// Sets after how long without output a heartbeat is sent, in ms. Default: 25 s.
    ///
    /// Clients that use JSONP give up after 35 s, and many proxies after 60 s. 0 counts as 1.
    #[must_use]
    pub const fn heartbeat_interval(mut self, ms: u64) -> Self {
        self.heartbeat_interval = ms;
        self
    }

    /// Sets how long a session waits for its next receiver, and is remembered after a close, in ms.
    /// Default: 5 s.
    #[must_use]
    pub const fn disconnect_delay(mut self, ms: u64) -> Self {
        self.disconnect_delay = ms;
        self
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::new()
    }
}
