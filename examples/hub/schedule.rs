//! The due times of many sessions, in order.

use std::collections::BTreeSet;

/// The due times by key, the next one first.
#[derive(Default)]
pub struct Schedule<K>(BTreeSet<(u64, K)>);

impl<K: Clone + Ord> Schedule<K> {
    /// Sets when something is due for `key`. `at` holds the previous time, and is updated.
    pub fn set(&mut self, key: &K, at: &mut Option<u64>, deadline: Option<u64>) {
        if *at == deadline {
            return;
        }
        if let Some(before) = at.take() {
            self.0.remove(&(before, key.clone()));
        }
        if let Some(deadline) = deadline {
            self.0.insert((deadline, key.clone()));
        }
        *at = deadline;
    }

    /// Returns the keys that are due at `now`. They stay until their time is [set](Self::set) again.
    pub fn due(&self, now: u64) -> Vec<K> {
        self.0.iter().take_while(|(at, _)| *at <= now).map(|(_, key)| key.clone()).collect()
    }

    /// When something is next due.
    pub fn next(&self) -> Option<u64> {
        self.0.first().map(|(at, _)| *at)
    }
}
