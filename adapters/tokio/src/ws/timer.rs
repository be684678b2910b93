//! The deadlines of a connection, on tokio's clock.

use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use framewright::ws::{Action, Keepalive};
use tokio::task::unconstrained;
use tokio::time::{Instant, Sleep, sleep_until};

/// When to ping, and when to give up.
///
/// The peer's signs of life move a deadline back much more often than one passes. So the sleep is not reset with them:
/// it ends at the earliest deadline there was, and then goes on. Until then, a task that waits costs a comparison.
pub struct Timer {
    keepalive: Keepalive,
    start: Instant,
    /// The newest sign of life, unless the keepalive has been told of it.
    seen: Option<Instant>,
    sleep: Pin<Box<Sleep>>,
    /// The task that the sleep wakes at its end.
    sleeper: Option<Waker>,
}

impl Timer {
    /// Begins with a `keepalive` that began at 0.
    pub fn new(keepalive: Keepalive) -> Self {
        let start = Instant::now();
        let sleep = Box::pin(sleep_until(start));
        Self { keepalive, start, seen: None, sleep, sleeper: None }
    }

    pub fn received(&mut self) {
        self.seen = Some(Instant::now());
    }

    /// Notes that the connection is closing. Only the first call counts.
    pub fn closing(&mut self) {
        self.tell();
        let before = self.keepalive.deadline();
        self.keepalive.closing(self.now());
        if self.keepalive.deadline() != before {
            self.reset();
        }
    }

    /// Waits for the next thing to do. There is none after the peer was given up.
    pub fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Action> {
        match &self.sleeper {
            Some(task) if task.will_wake(cx.waker()) && !self.sleep.is_elapsed() => Poll::Pending,
            _ => self.poll_clock(cx),
        }
    }

    /// The same, for a task that may never have let go of the thread: then no sleep has ended, however late it is.
    pub fn poll_clock(&mut self, cx: &mut Context<'_>) -> Poll<Action> {
        loop {
            self.tell();
            let Some(deadline) = self.keepalive.deadline() else { return Poll::Pending };
            // A sleep that took part in tokio's budget would not remember a task that has none left.
            if deadline > self.now() && pin!(unconstrained(&mut self.sleep)).poll(cx).is_pending() {
                self.sleeper = Some(cx.waker().clone());
                return Poll::Pending;
            }
            let action = self.keepalive.poll(self.now());
            self.reset();
            if let Some(action) = action {
                return Poll::Ready(action);
            }
        }
    }

    /// Tells the keepalive of the newest sign of life.
    fn tell(&mut self) {
        if let Some(seen) = self.seen.take() {
            self.keepalive.received(self.since_start(seen));
        }
    }

    fn reset(&mut self) {
        self.sleeper = None;
        if let Some(deadline) = self.keepalive.deadline() {
            self.sleep.as_mut().reset(self.start + Duration::from_millis(deadline));
        }
    }

    fn now(&self) -> u64 {
        self.since_start(Instant::now())
    }

    fn since_start(&self, time: Instant) -> u64 {
        let since = time.saturating_duration_since(self.start);
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    }
}
