//! What a session does by the clock (*Heartbeat*).

use super::{Life, Link, Reason, Session};
use crate::Buffer;

/// What [`Session::poll`] asks the caller to do.
///
/// [`Session`] has an example.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Action {
    /// Transmit: a ping is owed.
    Ping,
    /// Close the WebSocket that was to take over: the upgrade took too long. Polling goes on.
    DropCandidate,
    /// Drop the session: it is over.
    Over,
}

/// The one deadline of a session. It stays when the transport changes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Timer {
    what: Due,
    at: u64,
}

#[derive(Clone, Copy, Debug)]
enum Due {
    Nothing,
    Ping,
    Pong,
    Close,
}

impl Timer {
    pub(super) const NONE: Self = Self { what: Due::Nothing, at: u64::MAX };

    pub(super) const fn ping_at(at: u64) -> Self {
        Self { what: Due::Ping, at }
    }

    pub(super) const fn close_at(at: u64) -> Self {
        Self { what: Due::Close, at }
    }

    const fn deadline(self) -> Option<u64> {
        match self.what {
            Due::Nothing => None,
            _ => Some(self.at),
        }
    }
}

impl<B: Buffer> Session<B> {
    /// Returns what to do at `now`. Each action is returned once: call it until it returns `None`.
    pub fn poll(&mut self, now: u64) -> Option<Action> {
        if self.candidate_deadline().is_some_and(|deadline| deadline <= now) {
            self.link = Link::Polling;
            return Some(Action::DropCandidate);
        }
        if self.timer.deadline()? > now {
            return None;
        }
        match self.timer.what {
            Due::Nothing => None,
            Due::Ping => {
                // From when it is queued, whether a poll fetches it or not. A caller that is a little late does
                // not put off the end; one that slept leaves the client its time.
                let (due, timeout) = (self.timer.at, self.limits.ping_timeout);
                let from = if now.saturating_sub(due) > timeout / 8 { now } else { due };
                let at = from.saturating_add(timeout);
                self.timer = Timer { what: Due::Pong, at };
                self.owes_ping = true;
                Some(Action::Ping)
            }
            Due::Pong | Due::Close => {
                self.end(Reason::TimedOut);
                Some(Action::Over)
            }
        }
    }

    /// When to call [`poll`](Self::poll) next, in ms. `None` when the session is over.
    pub fn deadline(&self) -> Option<u64> {
        match (self.candidate_deadline(), self.timer.deadline()) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        }
    }

    const fn candidate_deadline(&self) -> Option<u64> {
        match self.link {
            _ if matches!(self.life, Life::Over(_)) => None,
            Link::Candidate { deadline } | Link::Probed { deadline, .. } => Some(deadline),
            Link::Polling | Link::Socket => None,
        }
    }
}
