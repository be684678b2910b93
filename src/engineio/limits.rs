//! Times and limits of a session.

/// When a server pings, how long it waits, and how much it takes and keeps.
///
/// Each is a field to read it, and a method to set it. Times are in ms, lengths in bytes.
///
/// ```
/// use framewright::engineio::Limits;
///
/// const LIMITS: Limits = Limits::new().ping_interval(10_000).max_message_len(64 << 10);
/// assert_eq!((LIMITS.ping_interval, LIMITS.upgrades), (10_000, true));
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Limits {
    /// How long after a pong the next ping comes.
    pub ping_interval: u64,
    /// How long the client has to answer a ping.
    pub ping_timeout: u64,
    /// How long an upgrade may take, and at a client the open packet.
    pub upgrade_timeout: u64,
    /// How long a close may wait for a request that takes it.
    pub close_timeout: u64,
    /// The longest body of a POST.
    pub max_payload: u64,
    /// The longest message over WebSocket.
    pub max_message_len: u64,
    /// The most that may wait for the next request.
    pub max_backlog: u64,
    /// Whether a session may move to WebSocket.
    pub upgrades: bool,
}

impl Limits {
    /// The defaults.
    pub const fn new() -> Self {
        Self {
            ping_interval: 25_000,
            ping_timeout: 20_000,
            upgrade_timeout: 10_000,
            close_timeout: 30_000,
            max_payload: 1_000_000,
            max_message_len: 1_000_000,
            max_backlog: 1_000_000,
            upgrades: true,
        }
    }

    /// Sets how long after a pong the next ping comes, in ms. Default: 25 s.
    ///
    /// It ends a held poll. Some proxies give up a request after 60 s, so keep below 30 s.
    #[must_use]
    pub const fn ping_interval(mut self, ms: u64) -> Self {
        self.ping_interval = ms;
        self
    }

    /// Sets how long the client has to answer a ping, in ms. Default: 20 s.
    ///
    /// A client that went away is noticed after the interval and this.
    #[must_use]
    pub const fn ping_timeout(mut self, ms: u64) -> Self {
        self.ping_timeout = ms;
        self
    }

    /// Sets how long an upgrade may take, in ms. Default: 10 s. Then the candidate is dropped, and polling
    /// goes on. At a client, this is how long the open packet may take.
    #[must_use]
    pub const fn upgrade_timeout(mut self, ms: u64) -> Self {
        self.upgrade_timeout = ms;
        self
    }

    /// Sets how long a close may wait for a request that takes it, in ms. Default: 30 s.
    #[must_use]
    pub const fn close_timeout(mut self, ms: u64) -> Self {
        self.close_timeout = ms;
        self
    }

    /// Sets the longest body of a POST, in bytes. Default: 1 000 000.
    ///
    /// The handshake announces it. Bodies are returned as they come, so this costs no memory here.
    #[must_use]
    pub const fn max_payload(mut self, bytes: u64) -> Self {
        self.max_payload = bytes;
        self
    }

    /// Sets the longest message over WebSocket, in bytes. Default: 1 000 000.
    ///
    /// It is refused when it is whole. Set the limit of the WebSocket connection to the same length to refuse
    /// it earlier.
    #[must_use]
    pub const fn max_message_len(mut self, bytes: u64) -> Self {
        self.max_message_len = bytes;
        self
    }

    /// Sets the most that may wait for the next request, in bytes. Default: 1 000 000.
    ///
    /// Bytes count as a body carries them, base64 included. A server keeps up to this many for each session that polls, and
    /// a client up to twice as many, while a POST has taken a part. A session over WebSocket keeps none.
    #[must_use]
    pub const fn max_backlog(mut self, bytes: u64) -> Self {
        self.max_backlog = bytes;
        self
    }

    /// Sets whether a session that polls may move to WebSocket. Default: it may.
    #[must_use]
    pub const fn upgrades(mut self, upgrades: bool) -> Self {
        self.upgrades = upgrades;
        self
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::new()
    }
}
