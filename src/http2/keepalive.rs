//! When to ping, when to close, and when to give up.
//!
//! ```text
//!              opened()             poll(): Ping               poll(): Dead
//!     Opening ─────────▶ Alive ──────────────────────▶ Pinged ──────────────┐
//!        │                 ▲ │                          │ │                 │
//!        │                 └─┼──────── received() ──────┘ │                 ▼
//!        │                   │                            │               Over
//!        │                   ▼                            ▼                 ▲
//!        └────────────────▶ Closing ◀─────────────────────┘                 │
//!                              └──────────── poll(): CloseTimedOut ─────────┘
//!
//!     to Closing: closing(), or poll(): PrefaceTimedOut, SettingsTimedOut, Stalled, Idle
//! ```

/// Says when a peer is late, silent, stalling or idle, and when a close has taken too long.
///
/// It has no clock: time comes in as milliseconds on any scale that never goes back. It stands beside
/// a connection, and knows what the caller tells it.
///
/// ```
/// use framewright::http2::{Action, Keepalive};
///
/// let mut keepalive = Keepalive::new(0).ping_after(60_000).dead_after(20_000);
/// assert_eq!(keepalive.deadline(), Some(10_000)); // the peer has to send its SETTINGS until then
/// keepalive.opened(50);
/// keepalive.acknowledged();
/// keepalive.streams(100, true);
/// assert_eq!(keepalive.deadline(), Some(60_100)); // sleep until then, or until bytes arrive
/// keepalive.received(5_000);
/// assert_eq!(keepalive.poll(60_100), None);
/// assert_eq!(keepalive.poll(65_000), Some(Action::Ping));
/// assert_eq!(keepalive.poll(85_000), Some(Action::Dead)); // drop the transport
/// ```
#[derive(Clone, Debug)]
pub struct Keepalive {
    open_within: u64,
    settings_within: u64,
    ping_after: u64,
    dead_after: u64,
    stall_after: u64,
    idle_after: u64,
    close_within: u64,
    state: State,
    /// Since when our SETTINGS wait for their acknowledgement.
    unacknowledged: Option<u64>,
    /// Since when no stream is open.
    idle: Option<u64>,
    stall: Option<Stall>,
}

/// What a [`Keepalive`] asks the caller to do.
///
/// [`Keepalive`] has an example.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Action {
    /// Send a PING (§6.7).
    Ping,
    /// Drop the transport: the peer has sent nothing since the PING.
    Dead,
    /// Fail the connection: the peer's preface is not complete (§3.4).
    PrefaceTimedOut,
    /// Fail the connection with [`ErrorCode::SETTINGS_TIMEOUT`](super::ErrorCode::SETTINGS_TIMEOUT):
    /// our SETTINGS are not acknowledged (§6.5.3).
    SettingsTimedOut,
    /// Fail the connection: the peer asks for bodies, and does not open its windows for them
    /// (CVE-2019-9511, CVE-2019-9517).
    Stalled,
    /// Close the connection: no stream was open for a long time (§9.1).
    Idle,
    /// Drop the transport: it should have been closed by now.
    CloseTimedOut,
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// The connection began at a time, and the peer's first SETTINGS has not come.
    Opening { since: u64 },
    /// The peer sent something at a time.
    Alive { seen: u64 },
    /// A PING was asked for at a time, and the peer has sent nothing since.
    Pinged { at: u64 },
    /// The close began at a time.
    Closing { since: u64 },
    /// The caller was asked to drop the transport.
    Over,
}

/// A stream waits for a window.
#[derive(Clone, Copy, Debug)]
struct Stall {
    /// Since when `sent` counts.
    since: u64,
    /// Bytes of bodies sent since then.
    sent: u64,
}

impl Keepalive {
    /// So many bytes of bodies are progress.
    const PROGRESS: u64 = 1024;

    /// Begins at `now`, when the connection does, with the defaults.
    pub const fn new(now: u64) -> Self {
        Self {
            open_within: 10_000,
            settings_within: 10_000,
            ping_after: 360_000,
            dead_after: 20_000,
            stall_after: 60_000,
            idle_after: 300_000,
            close_within: 10_000,
            state: State::Opening { since: now },
            unacknowledged: Some(now),
            idle: Some(now),
            stall: None,
        }
    }

    /// Sets how long the peer may take to send its preface and first SETTINGS, in ms. Default: 10 s.
    #[must_use]
    pub const fn open_within(mut self, ms: u64) -> Self {
        self.open_within = ms;
        self
    }

    /// Sets how long the peer may take to acknowledge our first SETTINGS, in ms. Default: 10 s.
    #[must_use]
    pub const fn settings_within(mut self, ms: u64) -> Self {
        self.settings_within = ms;
        self
    }

    /// Sets how long the peer may be silent while a stream is open before it is pinged, in ms.
    /// Default: 6 min.
    ///
    /// Many servers of gRPC end a connection whose client pings more often than every 5 min
    /// (gRFC A8). Without a stream, no PING is asked for, for the same reason.
    #[must_use]
    pub const fn ping_after(mut self, ms: u64) -> Self {
        self.ping_after = ms;
        self
    }

    /// Sets how long after a PING a silent peer counts as dead, in ms. Default: 20 s.
    #[must_use]
    pub const fn dead_after(mut self, ms: u64) -> Self {
        self.dead_after = ms;
        self
    }

    /// Sets how long less than 1 KiB may go out while a stream waits for a window, in ms.
    /// Default: 60 s.
    #[must_use]
    pub const fn stall_after(mut self, ms: u64) -> Self {
        self.stall_after = ms;
        self
    }

    /// Sets how long the connection may be without a stream, in ms. Default: 5 min.
    #[must_use]
    pub const fn idle_after(mut self, ms: u64) -> Self {
        self.idle_after = ms;
        self
    }

    /// Sets how long closing may take, from [`closing`](Self::closing) to the end of the transport,
    /// in ms. Default: 10 s.
    ///
    /// A graceful close lets open streams end by themselves: this is how long they have.
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

    /// Notes that the peer's first SETTINGS came. Only the first call counts.
    pub const fn opened(&mut self, now: u64) {
        if let State::Opening { .. } = self.state {
            self.state = State::Alive { seen: now };
        }
    }

    /// Notes that the peer acknowledged our SETTINGS.
    pub const fn acknowledged(&mut self) {
        self.unacknowledged = None;
    }

    /// Notes whether any stream is open. Only changes count.
    pub const fn streams(&mut self, now: u64, open: bool) {
        match (open, self.idle) {
            (true, Some(_)) => {
                self.idle = None;
                // While no stream was open, the peer had no reason to send.
                self.received(now);
            }
            (false, None) => self.idle = Some(now),
            _ => {}
        }
    }

    /// Notes whether any stream waits for a window: its own, or the connection's (§5.2). Only changes
    /// count.
    pub const fn waiting(&mut self, now: u64, waiting: bool) {
        match (waiting, self.stall) {
            (true, None) => self.stall = Some(Stall { since: now, sent: 0 }),
            (false, Some(_)) => self.stall = None,
            _ => {}
        }
    }

    /// Notes that `bytes` of bodies were sent: not of other frames, which a peer could make us send.
    pub const fn sent(&mut self, now: u64, bytes: u64) {
        let Some(Stall { since, sent }) = self.stall else { return };
        let sent = sent.saturating_add(bytes);
        self.stall = Some(if sent < Self::PROGRESS {
            Stall { since, sent }
        } else {
            Stall { since: now, sent: 0 }
        });
    }

    /// Notes that a GOAWAY went out. Nothing but the end is waited for after that.
    ///
    /// Only the first call counts, so it may be called again and again.
    pub const fn closing(&mut self, now: u64) {
        if !matches!(self.state, State::Closing { .. } | State::Over) {
            self.state = State::Closing { since: now };
        }
    }

    /// Returns what to do at `now`. Each action is returned once; after those that fail or close the
    /// connection, only [`Action::CloseTimedOut`] follows.
    pub const fn poll(&mut self, now: u64) -> Option<Action> {
        let Some((deadline, action)) = self.next() else { return None };
        if deadline > now {
            return None;
        }
        self.state = match action {
            Action::Ping => State::Pinged { at: now },
            Action::Dead | Action::CloseTimedOut => State::Over,
            _ => State::Closing { since: now },
        };
        Some(action)
    }

    /// When to [`poll`](Self::poll) next, unless something is noted before then. `None` if there is
    /// nothing to wait for, as after the caller was asked to drop the transport.
    pub const fn deadline(&self) -> Option<u64> {
        match self.next() {
            Some((deadline, _)) => Some(deadline),
            None => None,
        }
    }

    /// What comes next, and when.
    const fn next(&self) -> Option<(u64, Action)> {
        let (mut next, is_open) = match self.state {
            State::Opening { since } => {
                (Some((since.saturating_add(self.open_within), Action::PrefaceTimedOut)), false)
            }
            State::Alive { seen } if self.idle.is_none() => {
                (Some((seen.saturating_add(self.ping_after), Action::Ping)), true)
            }
            State::Alive { .. } => (None, true),
            State::Pinged { at } => {
                (Some((at.saturating_add(self.dead_after), Action::Dead)), true)
            }
            State::Closing { since } => {
                return Some((since.saturating_add(self.close_within), Action::CloseTimedOut));
            }
            State::Over => return None,
        };
        if let Some(since) = self.unacknowledged {
            let deadline = since.saturating_add(self.settings_within);
            next = sooner(next, deadline, Action::SettingsTimedOut);
        }
        if let Some(Stall { since, .. }) = self.stall {
            next = sooner(next, since.saturating_add(self.stall_after), Action::Stalled);
        }
        if let (Some(since), true) = (self.idle, is_open) {
            next = sooner(next, since.saturating_add(self.idle_after), Action::Idle);
        }
        next
    }
}

/// What comes first. At the same time, it is what was known before.
const fn sooner(
    next: Option<(u64, Action)>,
    deadline: u64,
    action: Action,
) -> Option<(u64, Action)> {
    match next {
        Some((earlier, _)) if earlier <= deadline => next,
        _ => Some((deadline, action)),
    }
}
