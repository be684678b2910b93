//! When to ping, and when to give up.
//!
//! ```text
//!                        poll(): Ping              poll(): Dead
//!      ┌───▶ Alive ──────────────────────▶ Pinged ───────────────────┐
//!      │       │                             │ │                     │
//!      └───────┼──────── received() ─────────┘ │                     ▼
//!              │                               │ closing()          Over
//!              │ closing()                     ▼                     ▲
//!              └─────────────────────────▶ Closing ──────────────────┘
//!                                                poll(): CloseTimedOut
//! ```

/// Says when to ping a silent peer, when it is dead, and when a close has taken too long.
///
/// It has no clock: time comes in as milliseconds on any scale that never goes back. Everything that
/// the peer sends is a sign of life, not only a pong.
///
/// ```
/// use framewright::ws::{Action, Keepalive};
///
/// let mut keepalive = Keepalive::new(0).ping_after(20_000).dead_after(10_000);
/// assert_eq!(keepalive.deadline(), Some(20_000)); // sleep until then, or until bytes arrive
/// keepalive.received(5_000);
/// assert_eq!(keepalive.poll(20_000), None);
/// assert_eq!(keepalive.poll(25_000), Some(Action::Ping)); // `Connection::ping`
/// assert_eq!(keepalive.poll(35_000), Some(Action::Dead)); // drop the transport
/// ```
#[derive(Clone, Debug)]
pub struct Keepalive {
    ping_after: u64,
    dead_after: u64,
    close_within: u64,
    state: State,
}

/// What a [`Keepalive`] asks the caller to do.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Action {
    /// Send a ping.
    Ping,
    /// Drop the transport: the peer has sent nothing since the ping.
    Dead,
    /// Drop the transport: it should have been closed by now (§7.1.1).
    CloseTimedOut,
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// The peer sent something at a time.
    Alive { seen: u64 },
    /// A ping was asked for at a time, and the peer has sent nothing since.
    Pinged { at: u64 },
    /// The close began at a time.
    Closing { since: u64 },
    /// The caller was asked to drop the transport.
    Over,
}

impl Keepalive {
    /// Begins at `now`, with the defaults.
    pub const fn new(now: u64) -> Self {
        Self {
            ping_after: 20_000,
            dead_after: 20_000,
            close_within: 10_000,
            state: State::Alive { seen: now },
        }
    }

    /// Sets how long the peer may be silent before it is pinged, in ms. Default: 20 s.
    #[must_use]
    pub const fn ping_after(mut self, ms: u64) -> Self {
        self.ping_after = ms;
        self
    }

    /// Sets how long after a ping a silent peer counts as dead, in ms. Default: 20 s.
    #[must_use]
    pub const fn dead_after(mut self, ms: u64) -> Self {
        self.dead_after = ms;
        self
    }

    /// Sets how long closing may take, from [`closing`](Self::closing) to the end of the transport,
    /// in ms. Default: 10 s.
    #[must_use]
    pub const fn close_within(mut self, ms: u64) -> Self {
        self.close_within = ms;
        self
    }

    /// Notes that the peer sent something, whatever it was.
    pub const fn received(&mut self, now: u64) {
        if let State::Alive { .. } | State::Pinged { .. } = self.state {
            self.state = State::Alive { seen: now };
        }
    }

    /// Notes that a close frame went out. No ping will be asked for after that.
    ///
    /// Only the first call counts, so it may be called again and again.
    pub const fn closing(&mut self, now: u64) {
        if let State::Alive { .. } | State::Pinged { .. } = self.state {
            self.state = State::Closing { since: now };
        }
    }

    /// Returns what to do at `now`. Each action is returned once.
    pub const fn poll(&mut self, now: u64) -> Option<Action> {
        match self.deadline() {
            Some(deadline) if deadline <= now => {}
            _ => return None,
        }
        let (action, state) = match self.state {
            State::Alive { .. } => (Action::Ping, State::Pinged { at: now }),
            State::Pinged { .. } => (Action::Dead, State::Over),
            State::Closing { .. } => (Action::CloseTimedOut, State::Over),
            State::Over => return None,
        };
        self.state = state;
        Some(action)
    }

    /// When to [`poll`](Self::poll) next, unless the peer sends something before then. `None` after
    /// the caller was asked to drop the transport.
    pub const fn deadline(&self) -> Option<u64> {
        match self.state {
            State::Alive { seen } => Some(seen.saturating_add(self.ping_after)),
            State::Pinged { at } => Some(at.saturating_add(self.dead_after)),
            State::Closing { since } => Some(since.saturating_add(self.close_within)),
            State::Over => None,
        }
    }
}
