//! What time does to a connection and its calls, and how they hear that the connection is lost.

use super::memory::Memory;
use super::shared::{Shared, SideCall, Step};
use crate::grpc::MessageEvent;
use crate::http2::{Action, ErrorCode, Keepalive, Reason, Side, Stream};

/// A walk over all calls, of which each may have something to tell.
#[derive(Clone, Copy)]
pub(super) struct Sweep {
    /// The next place.
    at: usize,
    why: Why,
}

#[derive(Clone, Copy)]
enum Why {
    Deadline,
    Lost,
}

impl<R: Side, M: Memory, C: SideCall<M::Message>> Shared<R, M, C> {
    /// Does what the time asks for.
    pub(super) fn look_at_time(&mut self) {
        let now = self.now;
        self.http2.poll(now);
        if self.http2.is_acknowledged() {
            self.keepalive.acknowledged();
        }
        self.keepalive.streams(now, self.http2.open_streams() > 0);
        self.keepalive.waiting(now, self.calls.blocked_count() > 0);
        match self.keepalive.poll(now) {
            None => {}
            // If a ping is in flight, its answer serves as well.
            Some(Action::Ping) => drop(self.http2.ping(*b"is alive")),
            Some(Action::Idle) => self.http2.close(),
            Some(Action::PrefaceTimedOut) => self.fail(ErrorCode::PROTOCOL_ERROR),
            Some(Action::SettingsTimedOut) => self.fail(ErrorCode::SETTINGS_TIMEOUT),
            Some(Action::Stalled) => self.fail(ErrorCode::ENHANCE_YOUR_CALM),
            Some(Action::Dead | Action::CloseTimedOut) => self.lose(),
        }
        if self.sweep.is_none() && self.calls.next_deadline() <= now {
            self.calls.forget_deadlines();
            self.sweep = Some(Sweep { at: 0, why: Why::Deadline });
        }
    }

    fn fail(&mut self, code: ErrorCode) {
        self.fail_for(code, Reason::Nothing);
    }

    /// Fails the connection, and tells the peer why. Every call hears of it.
    pub(super) fn fail_for(&mut self, code: ErrorCode, reason: Reason) {
        self.http2.fail_for(None, code, reason);
        self.note_lost();
    }

    /// Notes that the transport is of no use any more.
    pub(super) fn lose(&mut self) {
        if !self.lost {
            self.lost = true;
            self.note_lost();
        }
    }

    /// Lets every call hear that the connection is lost, if it is.
    pub(super) fn note_lost(&mut self) {
        let told = matches!(self.sweep, Some(Sweep { why: Why::Lost, .. }));
        if self.is_lost() && !told {
            self.rest = None;
            self.sweep = Some(Sweep { at: 0, why: Why::Lost });
        }
    }

    pub(super) fn is_lost(&self) -> bool {
        self.lost || self.http2.has_failed()
    }

    /// Goes on looking at calls, one after the other.
    pub(super) fn sweep(&mut self) -> Option<Step> {
        while let Some(Sweep { at, why }) = self.sweep {
            let Some(stream) = self.calls.next_from(at) else {
                // After a loss, the sweep stays: no call can begin any more.
                if let Why::Deadline = why {
                    self.sweep = None;
                }
                return None;
            };
            self.sweep = Some(Sweep { at: stream.slot() + 1, why });
            let event = self.look_at(stream, why);
            if let Some(event) = event {
                return Some(Step::Call(stream, event));
            }
        }
        None
    }

    fn look_at(&mut self, stream: Stream, why: Why) -> Option<MessageEvent> {
        let now = self.now;
        let entry = self.calls.get_mut(stream)?;
        let (call, blocked) = (&mut entry.call, !entry.outbox.is_empty());
        if let Why::Lost = why {
            let event = call.receive_disconnect();
            if event.is_none() {
                self.calls.close(stream);
            }
            return event;
        }
        let event = call.poll(now);
        if let Some(code) = call.due_reset(now, blocked) {
            self.http2.reset(stream, code);
            self.calls.close(stream);
        } else if let Some(at) = call.deadline(blocked) {
            self.calls.note_deadline(at);
        }
        event
    }

    /// When to call `receive` again at the latest.
    pub(super) fn deadline(&self) -> Option<u64> {
        if self.lost {
            return None;
        }
        // After a failure, no call has a deadline.
        let calls = if self.is_lost() { u64::MAX } else { self.calls.next_deadline() };
        let at = calls.min(self.keepalive.deadline().unwrap_or(u64::MAX));
        (at != u64::MAX).then_some(at)
    }
}

/// What both ends accept of HTTP/2 by default. Calls may wait for hours: no time without one is too long.
pub(super) const fn keepalive(now: u64) -> Keepalive {
    Keepalive::new(now).idle_after(u64::MAX)
}
