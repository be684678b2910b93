//! How much a peer may do that is useless (§10.5).
//!
//! | budget | taken by | given back by |
//! |---|---|---|
//! | resets | RST_STREAM before the response is complete, and every reset that the peer causes us to send | a stream that ends well; time |
//! | useless | frames that bring nothing forward, and what is over the next two lines | each KiB of bodies and heads; time |
//! | grants | WINDOW_UPDATE that grants little, or for a stream that is over | each DATA that we send, twice, since a peer may grant it anew at once, for the stream and for the connection |
//! | discarded | bytes of DATA on streams that we reset | the rest of a stream's window, when we reset it: a peer that has not heard of the reset may send as much, in frames of any length |

use super::{Error, Limits};

/// What is left of each budget.
#[derive(Clone, Debug)]
pub(super) struct Budgets {
    resets: u32,
    useless: u32,
    discarded: u32,
    /// How often the DATA that we have sent may be granted anew. The limits do not bound it: all of a large response may be
    /// on its way before the first grant comes. 65 535 are for 500 MB in DATA of 16 KiB.
    grants: u16,
    /// Bytes of bodies and heads that have not given back a useless frame yet: fewer than [`BYTES_PER_USELESS`].
    bytes: u16,
    /// When time gave back last, in milliseconds: [`NEVER`], at first.
    since: u64,
}

/// No time.
const NEVER: u64 = u64::MAX;
/// How many resets and useless frames a second gives back.
const RESETS_PER_SECOND: u64 = 33;
const USELESS_PER_SECOND: u64 = 330;
/// How many bytes give back a useless frame.
const BYTES_PER_USELESS: u32 = 1024;

impl Budgets {
    pub(super) const fn new(limits: &Limits) -> Self {
        Self {
            resets: limits.reset_budget,
            useless: limits.useless_budget,
            discarded: 0,
            grants: 0,
            bytes: 0,
            since: NEVER,
        }
    }

    /// Takes a reset.
    pub(super) fn take_reset(&mut self, limits: &Limits) -> Result<(), Error> {
        self.resets = self
            .resets
            .checked_sub(1)
            .ok_or(Error::TooManyResets { limit: limits.reset_budget })?;
        Ok(())
    }

    /// Takes a useless frame.
    pub(super) fn take_useless(&mut self, limits: &Limits) -> Result<(), Error> {
        self.useless = self
            .useless
            .checked_sub(1)
            .ok_or(Error::TooManyUseless { limit: limits.useless_budget })?;
        Ok(())
    }

    /// Takes a WINDOW_UPDATE that may be useless: one for what we have sent, or else a useless frame.
    pub(super) fn take_grant(&mut self, limits: &Limits) -> Result<(), Error> {
        match self.grants.checked_sub(1) {
            Some(left) => {
                self.grants = left;
                Ok(())
            }
            None => self.take_useless(limits),
        }
    }

    /// We reset a stream on which the peer could send `window` bytes more.
    pub(super) fn stream_reset(&mut self, window: u32) {
        self.discarded = self.discarded.saturating_add(window);
    }

    /// Takes a DATA on a stream that we reset: of what its peer may not have heard, or useless.
    pub(super) fn take_discarded(&mut self, flow_len: u32, limits: &Limits) -> Result<(), Error> {
        match self.discarded.checked_sub(flow_len) {
            Some(left) if flow_len > 0 => {
                self.discarded = left;
                Ok(())
            }
            _ => self.take_useless(limits),
        }
    }

    /// A stream ended well.
    pub(super) fn stream_ended(&mut self, limits: &Limits) {
        self.resets = self.resets.saturating_add(1).min(limits.reset_budget);
    }

    /// Bytes of a body or of a head came.
    #[inline]
    pub(super) fn progress(&mut self, bytes: u32, limits: &Limits) {
        let bytes = u32::from(self.bytes).saturating_add(bytes);
        self.bytes = (bytes % BYTES_PER_USELESS) as u16;
        if bytes >= BYTES_PER_USELESS {
            let back = bytes / BYTES_PER_USELESS;
            self.useless = self.useless.saturating_add(back).min(limits.useless_budget);
        }
    }

    /// We sent a DATA. Some peers answer each with a WINDOW_UPDATE for its stream and one for the connection,
    /// however short it was.
    #[inline]
    pub(super) fn data_sent(&mut self) {
        self.grants = self.grants.saturating_add(2);
    }

    /// Time has passed: it is `now`, in milliseconds.
    pub(super) fn poll(&mut self, now: u64, limits: &Limits) {
        if self.since == NEVER {
            self.since = now;
        }
        let passed = now.saturating_sub(self.since);
        let give_back = |left: u32, per_second: u64, max: u32| {
            let back = passed.saturating_mul(per_second) / 1000;
            left.saturating_add(u32::try_from(back).unwrap_or(u32::MAX)).min(max)
        };
        // Less than that gives nothing back yet, and is not lost.
        if passed >= 100 {
            self.resets = give_back(self.resets, RESETS_PER_SECOND, limits.reset_budget);
            self.useless = give_back(self.useless, USELESS_PER_SECOND, limits.useless_budget);
            self.since = now;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RESETS: Error = Error::TooManyResets { limit: 2 };
    const USELESS: Error = Error::TooManyUseless { limit: 3 };

    #[test]
    fn what_is_taken_is_given_back() {
        let limits = Limits::new().reset_budget(2).useless_budget(3);
        let mut budgets = Budgets::new(&limits);
        assert_eq!([(); 3].map(|()| budgets.take_reset(&limits)), [Ok(()), Ok(()), Err(RESETS)]);
        budgets.stream_ended(&limits);
        assert_eq!([(); 2].map(|()| budgets.take_reset(&limits)), [Ok(()), Err(RESETS)]);
        assert_eq!([(); 3].map(|()| budgets.take_useless(&limits)), [Ok(()); 3]);
        assert_eq!(budgets.take_useless(&limits), Err(USELESS));
        budgets.progress(1023, &limits);
        assert_eq!(budgets.take_useless(&limits), Err(USELESS));
        budgets.progress(1025, &limits);
        assert_eq!([(); 3].map(|()| budgets.take_useless(&limits).is_ok()), [true, true, false]);
        assert_eq!(budgets.take_grant(&limits), Err(USELESS));
        (0..1000).for_each(|_| budgets.data_sent());
        assert_eq!(budgets.take_useless(&limits), Err(USELESS));
        assert!((0..2000).all(|_| budgets.take_grant(&limits).is_ok()));
        assert_eq!(budgets.take_grant(&limits), Err(USELESS));
        budgets.poll(50, &limits);
        budgets.poll(149, &limits);
        assert_eq!(budgets.take_reset(&limits), Err(RESETS));
        budgets.poll(150, &limits);
        assert_eq!(
            [(); 4].map(|()| budgets.take_reset(&limits).is_ok()),
            [true, true, false, false]
        );
        assert_eq!(
            [(); 4].map(|()| budgets.take_useless(&limits).is_ok()),
            [true, true, true, false]
        );
    }

    #[test]
    fn each_second_gives_back_a_number_of_resets_and_of_useless_frames() {
        let limits = Limits::new().reset_budget(1000).useless_budget(1000);
        let mut budgets = Budgets::new(&limits);
        budgets.poll(7, &limits);
        let mut take_all = || {
            let resets = (0..2000).take_while(|_| budgets.take_reset(&limits).is_ok()).count();
            let useless = (0..2000).take_while(|_| budgets.take_useless(&limits).is_ok()).count();
            budgets.poll(2007, &limits);
            (resets, useless)
        };
        assert_eq!([take_all(), take_all()], [(1000, 1000), (66, 660)]);
    }
}
