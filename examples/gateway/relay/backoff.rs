//! How long to wait before the next attempt to connect.

/// The longest wait before the first attempt after a break, and before any, in ms.
const FIRST: u64 = 500;
const LONGEST: u64 = 15_000;

/// The attempts since a connection was of use.
#[derive(Default)]
pub struct Backoff {
    attempts: u32,
}

impl Backoff {
    /// Returns how long to wait, in ms: a random part, from half to all, of a time that doubles with each attempt, so that
    /// gateways do not all connect at once.
    pub fn next(&mut self, random: u64) -> u64 {
        let longest = FIRST.checked_shl(self.attempts.min(16)).unwrap_or(LONGEST).min(LONGEST);
        self.attempts = self.attempts.saturating_add(1);
        longest / 2 + random % (longest / 2 + 1)
    }

    /// Notes that the connection is of use.
    pub fn reset(&mut self) {
        self.attempts = 0;
    }
}
