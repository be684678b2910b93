//! What happens as time passes: how long the peer may take, and what to do then.

use super::Connection;
use crate::stomp::timers::Late;
use crate::stomp::{Error, Side};

/// What [`Connection::poll`] asks the caller to do.
///
/// ```
/// use framewright::stomp::{Action, Connection, Error, Limits};
///
/// let mut server = Connection::server(Limits::new(), 0).open_within(10_000);
/// assert_eq!(server.deadline(), Some(10_000));
/// assert_eq!(server.poll(10_000), Some(Action::Failed(Error::ConnectTimedOut)));
/// let mut out = Vec::new();
/// server.transmit(&mut out, 10_000); // then close the transport
/// assert!(out.starts_with(b"ERROR\nmessage:connect took too long\n"));
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Action {
    /// The peer was silent for too long, or did not connect in time: as [`FrameEvent::Failed`](super::FrameEvent::Failed)
    /// has it. Call [`Connection::transmit`], then close the transport.
    Failed(Error),
    /// Drop the transport: it should have been closed by now.
    CloseTimedOut,
}

impl<S: Side> Connection<S> {
    /// Sets after how many heart-beat periods without a byte the peer counts as dead. Default: 2. 0 counts as 1.
    #[must_use]
    pub const fn dead_after(mut self, periods: u32) -> Self {
        self.timers.dead_after = periods;
        self
    }

    /// Sets how long the connection may take to open, in ms. Default: 10 s.
    ///
    /// At a server, this includes the time until the caller [accepts](Connection::accept) the client.
    #[must_use]
    pub const fn open_within(mut self, ms: u64) -> Self {
        self.timers.open_within = ms;
        self
    }

    /// Sets how long closing may take, from a `DISCONNECT` or an `ERROR` to the end of the transport, in ms.
    /// Default: 10 s.
    #[must_use]
    pub const fn close_within(mut self, ms: u64) -> Self {
        self.timers.close_within = ms;
        self
    }

    /// Returns what to do at `now`. Each action is returned once.
    pub fn poll(&mut self, now: u64) -> Option<Action> {
        self.timers.at(now);
        let error = match self.timers.late()? {
            Late::Opening => Error::ConnectTimedOut,
            Late::Peer => Error::HeartBeatMissing,
            Late::Closing => return Some(Action::CloseTimedOut),
        };
        self.fail(error);
        Some(Action::Failed(error))
    }

    /// When to [`poll`](Self::poll) and [`transmit`](Self::transmit) next, in ms. It moves when the peer sends
    /// something. `None` if there is nothing to wait for.
    pub fn deadline(&self) -> Option<u64> {
        self.timers.deadline()
    }
}
