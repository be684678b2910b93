/// What a head may cost.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Limits {
    pub(super) max_head_len: usize,
    pub(super) max_headers: usize,
}

impl Limits {
    /// The most headers that can be allowed: 128. Their places take 4 KiB of stack on a 64-bit
    /// target while a head is parsed.
    pub const MOST_HEADERS: usize = 128;

    /// The defaults.
    pub const fn new() -> Self {
        Self { max_head_len: 16 * 1024, max_headers: 64 }
    }

    /// Sets the longest head to accept, in bytes, with its empty line. Default: 16 KiB.
    ///
    /// A reader whose storage can grow holds up to this many bytes while a head is incomplete.
    #[must_use]
    pub const fn max_head_len(mut self, bytes: usize) -> Self {
        self.max_head_len = bytes;
        self
    }

    /// Sets the most header lines to accept. Default: 64; values over
    /// [`MOST_HEADERS`](Self::MOST_HEADERS) count as that.
    #[must_use]
    pub const fn max_headers(mut self, lines: usize) -> Self {
        self.max_headers = if lines < Self::MOST_HEADERS { lines } else { Self::MOST_HEADERS };
        self
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::new()
    }
}
