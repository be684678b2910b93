//! How often a client may ping (gRFC A8, *Server Enforcement*).

/// Counts the pings that come too soon.
///
/// Laxer than the document, which has a longer interval for a connection without calls: such a ping is due to a
/// setting of the client's, and the server's keepalive ends connections that are idle.
#[derive(Clone, Copy, Debug)]
pub(super) struct PingPolicy {
    /// In ms.
    pub(super) min_interval: u64,
    /// When the last ping came that was counted.
    last: Option<u64>,
    strikes: u8,
    /// How many pings have come, as the connection says.
    seen: u8,
}

/// So many pings may come too soon before anything is sent.
const MAX_STRIKES: u8 = 2;

impl PingPolicy {
    pub(super) const fn new() -> Self {
        Self { min_interval: 300_000, last: None, strikes: 0, seen: 0 }
    }

    /// Notes that a head, a message or trailers were sent, which brings pings of its own.
    #[inline]
    pub(super) const fn sent(&mut self) {
        self.last = None;
        self.strikes = 0;
    }

    /// How many pings may come now, before one is too many.
    #[inline]
    pub(super) fn allowed(&self, now: u64) -> u8 {
        if self.min_interval == 0 {
            return u8::MAX; // no ping comes too soon
        }
        MAX_STRIKES.saturating_sub(self.strikes) + u8::from(!self.is_too_soon(now))
    }

    /// Whether a ping that comes now comes too soon.
    fn is_too_soon(&self, now: u64) -> bool {
        let next = |last: u64| last.saturating_add(self.min_interval);
        // An interval of 0 allows every ping, even if the caller's clock goes back.
        self.min_interval > 0 && self.last.is_some_and(|last| now < next(last))
    }

    /// Notes how many pings have come. Returns whether there were too many.
    #[inline]
    pub(super) fn see(&mut self, count: u8, now: u64) -> bool {
        let fresh = count.wrapping_sub(self.seen);
        self.seen = count;
        for _ in 0..fresh {
            let too_soon = self.is_too_soon(now);
            self.last = Some(now);
            if too_soon {
                self.strikes += 1;
                if self.strikes > MAX_STRIKES {
                    return true;
                }
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_many_pings_without_anything_sent() {
        let mut policy = PingPolicy::new();
        assert_eq!(policy.allowed(0), 3);
        assert!(!policy.see(1, 0)); // the first is free
        assert_eq!((policy.allowed(10), policy.allowed(300_000)), (2, 3));
        assert!(!policy.see(2, 10)); // two strikes
        assert!(!policy.see(3, 20));
        assert_eq!(policy.allowed(30), 0);
        assert!(policy.see(4, 299_999));
    }

    #[test]
    fn pings_in_time_are_no_strikes() {
        let mut policy = PingPolicy::new();
        for count in 1..100 {
            assert!(!policy.see(count, u64::from(count) * 300_000));
        }
    }

    #[test]
    fn no_ping_comes_too_soon_without_an_interval() {
        let mut policy = PingPolicy { min_interval: 0, ..PingPolicy::new() };
        for count in 1..=u8::MAX {
            // The caller's clock may go back.
            let now = 1000 - u64::from(count);
            assert_eq!(policy.allowed(now), u8::MAX);
            assert!(!policy.see(count, now));
        }
    }

    #[test]
    fn what_is_sent_wipes_strikes_out() {
        let mut policy = PingPolicy::new();
        for count in 1..80 {
            assert!(!policy.see(count * 3, 0)); // one that is free, and two strikes
            policy.sent();
        }
        assert!(policy.see(250, 0));
    }
}
