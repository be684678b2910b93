//! A length over its limit, as errors carry it.

use core::fmt;

/// A length that the peer announced or reached, and the limit that it is over.
///
/// Both are in bytes. It takes 15 bytes, so that an error that carries it takes 16.
///
/// ```
/// use framewright::OverLimit;
/// use framewright::ws::Error;
///
/// let error = Error::MessageTooLong(OverLimit::new(70_000, 65_536));
/// assert_eq!(error.to_string(), "message is too long: 70000 bytes, over the limit of 65536");
/// ```
#[derive(Clone, Copy, Eq, Hash, PartialEq)]
pub struct OverLimit {
    len: [u8; 8],
    /// The low bytes of the limit: nothing is longer than a limit that needs eight.
    limit: [u8; 7],
}

impl OverLimit {
    /// The largest limit: 64 PiB less one byte.
    const MAX_LIMIT: u64 = (1 << 56) - 1;

    /// `len` bytes, which are more than `limit`. A limit of 64 PiB and more is kept as one byte less
    /// than 64 PiB.
    pub const fn new(len: u64, limit: u64) -> Self {
        let limit = if limit > Self::MAX_LIMIT { Self::MAX_LIMIT } else { limit };
        let [limit @ .., _] = limit.to_le_bytes();
        Self { len: len.to_le_bytes(), limit }
    }

    /// The length, in bytes. Where the peer does not announce it, this is what has come, and more may
    /// have followed.
    #[allow(clippy::len_without_is_empty)] // A length over a limit is never 0.
    pub const fn len(self) -> u64 {
        u64::from_le_bytes(self.len)
    }

    /// The limit, in bytes.
    pub const fn limit(self) -> u64 {
        let mut bytes = [0; 8];
        let [limit @ .., _] = &mut bytes;
        *limit = self.limit;
        u64::from_le_bytes(bytes)
    }
}

impl fmt::Display for OverLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes, over the limit of {}", self.len(), self.limit())
    }
}

impl fmt::Debug for OverLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OverLimit").field("len", &self.len()).field("limit", &self.limit()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::OverLimit;

    #[test]
    fn both_numbers_come_back() {
        for len in [1, 255, 256, 1 << 40, (1 << 56) + 1, u64::MAX] {
            for limit in [0, 1, 65_535, 1 << 47, (1 << 56) - 2, (1 << 56) - 1] {
                let over = OverLimit::new(len, limit);
                assert_eq!((over.len(), over.limit()), (len, limit));
            }
        }
        assert_eq!(OverLimit::new(u64::MAX, 1 << 56).limit(), (1 << 56) - 1);
        assert_eq!(OverLimit::new(u64::MAX, u64::MAX).limit(), (1 << 56) - 1);
    }

    #[test]
    fn it_fits_into_errors() {
        assert_eq!((size_of::<OverLimit>(), align_of::<OverLimit>()), (15, 1));
    }
}
