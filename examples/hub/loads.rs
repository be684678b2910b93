//! How much many sessions hold, each and together.

use std::collections::BTreeSet;

/// What the sessions hold, in bytes. Those that hold nothing are not listed.
pub struct Loads<K> {
    max: usize,
    total: usize,
    sessions: BTreeSet<(usize, K)>,
}

impl<K: Clone + Ord> Loads<K> {
    /// All sessions together may hold `max` bytes.
    pub const fn new(max: usize) -> Self {
        Self { max, total: 0, sessions: BTreeSet::new() }
    }

    /// Sets how much `key` holds. `held` has what it held before, and is updated.
    pub fn set(&mut self, key: &K, held: &mut usize, len: usize) {
        if *held == len {
            return;
        }
        self.sessions.remove(&(*held, key.clone()));
        if len > 0 {
            self.sessions.insert((len, key.clone()));
        }
        // Each is part of what was added before.
        self.total = self.total - *held + len;
        *held = len;
    }

    /// The session that holds most, if all together hold too much.
    pub fn heaviest(&self) -> Option<K> {
        let (_, key) = self.sessions.last().filter(|_| self.total > self.max)?;
        Some(key.clone())
    }
}
