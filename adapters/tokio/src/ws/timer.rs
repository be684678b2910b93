//! The deadlines of a connection, on tokio's clock.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use framewright::ws::{Action, Keepalive};
use tokio::time::{Instant, Sleep, sleep_until};

/// When to ping, and when to give up.
///
/// The peer's signs of life move a deadline back much more often than one passes. So the sleep is not reset with them:
/// it ends at the earliest deadline there was, and then goes on.
pub struct Timer {
    keepalive: Keepalive,
    start: Instant,
    sleep: Pin<Box<Sleep>>,
}

impl Timer {
    /// Begins with a `keepalive` that began at 0.
    pub fn new(keepalive: Keepalive) -> Self {
        let start = Instant::now();
        let sleep = Box::pin(sleep_until(start));
        Self { keepalive, start, sleep }
    }

    pub fn received(&mut self) {
        self.keepalive.received(self.now());
    }

    /// Notes that the connection is closing. Only the first call counts.
    pub fn closing(&mut self) {
        let before = self.keepalive.deadline();
        self.keepalive.closing(self.now());
        if self.keepalive.deadline() != before {
            self.reset();
        }
    }

    /// Waits for the next thing to do. There is none after the peer was given up.
    pub fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Action> {
        loop {
            let Some(deadline) = self.keepalive.deadline() else { return Poll::Pending };
            // No sleep ends for a task that has used up its share of tokio's time.
            if deadline > self.now() {
                ready!(self.sleep.as_mut().poll(cx));
            }
            let action = self.keepalive.poll(self.now());
            self.reset();
            if let Some(action) = action {
                return Poll::Ready(action);
            }
        }
    }

    fn reset(&mut self) {
        if let Some(deadline) = self.keepalive.deadline() {
            self.sleep.as_mut().reset(self.start + Duration::from_millis(deadline));
        }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}
