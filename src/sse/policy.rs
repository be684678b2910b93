//! When a client connects again, and how long it waits.

/// When a client connects again, and how long it waits. All times are in ms.
///
/// By default, a client connects again where a browser does, and waits no shorter.
///
/// ```
/// use framewright::sse::{Policy, Reconnect};
///
/// // For a stream that goes on for days, from a server that is overloaded at times.
/// const FEED: Policy =
///     Policy::new().retry_statuses(Policy::TRANSIENT).connect_timeout(10_000).idle_timeout(45_000);
/// // For a POST that is answered by a stream. The server would act on a second request again.
/// const ONE_SHOT: Policy = Policy::new().reconnect(Reconnect::Never).idle_timeout(60_000);
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Policy {
    pub(super) reconnect: Reconnect,
    pub(super) reconnection_time: u64,
    pub(super) min_wait: u64,
    pub(super) max_wait: u64,
    pub(super) max_backoff: u64,
    pub(super) jitter: u32,
    pub(super) max_failures: u32,
    pub(super) retry_statuses: &'static [u16],
    pub(super) content_type_required: bool,
    pub(super) connect_timeout: Option<u64>,
    pub(super) idle_timeout: Option<u64>,
    pub(super) stable_after: u64,
}

/// When a client connects again: a part of its [`Policy`].
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum Reconnect {
    /// However the stream ended, as in the standard.
    Always,
    /// After an error, but not after the end of a stream.
    OnError,
    /// Never: for a request that must not be made twice.
    Never,
}

impl Policy {
    /// The statuses of conditions that may pass by themselves: request timeout, too early, too many
    /// requests, and failures of servers and gateways.
    pub const TRANSIENT: &'static [u16] = &[408, 425, 429, 500, 502, 503, 504];

    /// The defaults.
    pub const fn new() -> Self {
        Self {
            reconnect: Reconnect::Always,
            reconnection_time: 3_000,
            min_wait: 500,
            max_wait: 3_600_000,
            max_backoff: 60_000,
            jitter: 50,
            max_failures: u32::MAX,
            retry_statuses: &[],
            content_type_required: true,
            connect_timeout: None,
            idle_timeout: None,
            stable_after: 0,
        }
    }

    /// Sets when to connect again. Default: [`Reconnect::Always`].
    #[must_use]
    pub const fn reconnect(mut self, reconnect: Reconnect) -> Self {
        self.reconnect = reconnect;
        self
    }

    /// Sets the reconnection time until the server sets another (§9.2.2). Default: 3 s.
    #[must_use]
    pub const fn reconnection_time(mut self, ms: u64) -> Self {
        self.reconnection_time = ms;
        self
    }

    /// Sets the shortest wait, whatever reconnection time the server sets. Default: 500 ms, as in
    /// Firefox.
    ///
    /// It protects a server that sets 0 from a storm of requests.
    #[must_use]
    pub const fn min_wait(mut self, ms: u64) -> Self {
        self.min_wait = ms;
        self
    }

    /// Sets the longest wait that a server can ask for, by `retry` or `Retry-After`. Default: 1 h.
    ///
    /// The standard has no such bound: a server could silence a client for ever.
    #[must_use]
    pub const fn max_wait(mut self, ms: u64) -> Self {
        self.max_wait = ms;
        self
    }

    /// Sets how long the wait may become by growing. Default: 60 s.
    ///
    /// The wait doubles with each failure in a row after the first.
    ///
    /// The wait is never shorter than the reconnection time.
    #[must_use]
    pub const fn max_backoff(mut self, ms: u64) -> Self {
        self.max_backoff = ms;
        self
    }

    /// Sets how much longer a wait may be at random, in percent of it. Default: 50.
    ///
    /// It spreads out the clients that reconnect to a server after it was down.
    #[must_use]
    pub const fn jitter(mut self, percent: u32) -> Self {
        self.jitter = percent;
        self
    }

    /// Sets after how many failures in a row to give up. Default: [`u32::MAX`]. 0 counts as 1.
    #[must_use]
    pub const fn max_failures(mut self, failures: u32) -> Self {
        self.max_failures = if failures == 0 { 1 } else { failures };
        self
    }

    /// Sets the statuses to retry after. Default: none, as in the standard, where every status but 200
    /// closes the client for good (§9.2.3).
    ///
    /// The wait is at least as long as a `Retry-After` asks for, up to [`max_wait`](Self::max_wait).
    #[must_use]
    pub const fn retry_statuses(mut self, statuses: &'static [u16]) -> Self {
        self.retry_statuses = statuses;
        self
    }

    /// Accepts any content type, for servers that do not send `text/event-stream`.
    #[must_use]
    pub const fn any_content_type(mut self) -> Self {
        self.content_type_required = false;
        self
    }

    /// Sets how long to wait for the head of a response. Default: for ever.
    #[must_use]
    pub const fn connect_timeout(mut self, ms: u64) -> Self {
        self.connect_timeout = Some(ms);
        self
    }

    /// Sets how long a stream may be silent, without a byte. Default: for ever.
    ///
    /// Servers that send comments to keep a connection alive do so about every 15 s (§9.2.7).
    #[must_use]
    pub const fn idle_timeout(mut self, ms: u64) -> Self {
        self.idle_timeout = Some(ms);
        self
    }

    /// Sets how long a stream must be open to count as a success. Default: 0.
    ///
    /// A shorter one counts as a failure, so that the wait grows for a server that accepts every client
    /// and then drops it.
    #[must_use]
    pub const fn stable_after(mut self, ms: u64) -> Self {
        self.stable_after = ms;
        self
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self::new()
    }
}
