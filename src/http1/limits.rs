/// What a peer may send, at most.
///
/// ```
/// use framewright::http1::Limits;
///
/// const LIMITS: Limits = Limits::new().max_head_len(4 * 1024).max_body_len(1 << 20);
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Limits {
    pub(super) max_head_len: usize,
    pub(super) max_headers: usize,
    pub(super) max_body_len: u64,
    pub(super) max_chunk_extensions_len: u64,
}

impl Limits {
    /// The most headers that can be allowed: 128. Their places take 4 KiB of stack on a 64-bit
    /// target while a head is parsed.
    pub const MOST_HEADERS: usize = 128;

    /// The defaults.
    pub const fn new() -> Self {
        Self {
            max_head_len: 16 * 1024,
            max_headers: 64,
            max_body_len: u64::MAX,
            max_chunk_extensions_len: 16 * 1024,
        }
    }

    /// Sets the longest head to accept, in bytes, with its empty line. Default: 16 KiB.
    ///
    /// A reader whose storage can grow holds up to this many bytes while a head is incomplete.
    /// Trailers may be as long again; they cost no memory.
    #[must_use]
    pub const fn max_head_len(mut self, bytes: usize) -> Self {
        self.max_head_len = bytes;
        self
    }

    /// Sets the most header lines to accept, and the most trailer lines. Default: 64; values over
    /// [`MOST_HEADERS`](Self::MOST_HEADERS) count as that.
    #[must_use]
    pub const fn max_headers(mut self, lines: usize) -> Self {
        self.max_headers = if lines < Self::MOST_HEADERS { lines } else { Self::MOST_HEADERS };
        self
    }

    /// Sets the longest body to accept, in bytes, without the framing of chunks. Default: any.
    ///
    /// A body costs no memory, as it is given out as it comes, and that of an event stream has no
    /// end. Who joins one in storage that can grow holds up to this many bytes, and should set it.
    #[must_use]
    pub const fn max_body_len(mut self, bytes: u64) -> Self {
        self.max_body_len = bytes;
        self
    }

    /// Sets by how many bytes the extensions of chunks may outgrow the data. Default: 16 KiB; 0
    /// allows none.
    ///
    /// Extensions are skipped and cost no memory, but time for which there is nothing to show. So
    /// every byte of data makes up for one of them, no line has more than this, and the rest of the
    /// framing is at most 20 bytes for every chunk, which has at least one of data.
    #[must_use]
    pub const fn max_chunk_extensions_len(mut self, bytes: u64) -> Self {
        self.max_chunk_extensions_len = bytes;
        self
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::new()
    }
}
