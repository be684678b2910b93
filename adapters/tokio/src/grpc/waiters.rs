//! Tasks that wait for the same thing.

use std::collections::VecDeque;
use std::task::{Context, Waker};

/// So many tasks may wait. One more makes all of them look again, and those that still wait come back.
const MAX_WAITERS: usize = 16;

/// Tasks that wait for the same thing.
///
/// A waker runs code of others. So none is woken or dropped here, where a lock is held: wakers are only passed on.
#[derive(Debug, Default)]
pub struct Waiters(Vec<Waker>);

impl Waiters {
    /// Lets the task wait, once.
    pub fn register(&mut self, cx: &Context<'_>, woken: &mut VecDeque<Waker>) {
        if self.0.iter().any(|waker| waker.will_wake(cx.waker())) {
            return;
        }
        if self.0.len() == MAX_WAITERS {
            self.wake_all(woken);
        }
        self.0.push(cx.waker().clone());
    }

    /// Passes on every task, to be woken.
    pub fn wake_all(&mut self, woken: &mut VecDeque<Waker>) {
        woken.extend(self.0.drain(..));
    }
}
