//! Limits on what a peer may send.

/// What a peer may send, at most.
///
/// Each limit is a field to read it, and a method to set it:
///
/// ```
/// use framewright::http1::Limits;
///
/// const LIMITS: Limits = Limits::new().max_head_len(4 * 1024).max_body_len(1 << 20);
/// assert_eq!(LIMITS.max_head_len, 4096);
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Limits {
    /// The longest head to accept, in bytes, with its empty line.
    pub max_head_len: usize,
    /// The most header lines to accept, and the most trailer lines.
    pub max_headers: usize,
    /// The longest body to accept, in bytes, without the framing of chunks.
    pub max_body_len: u64,
    /// By how many bytes the extensions of chunks may outgrow the data, with what else pads size lines.
    pub max_chunk_extensions_len: u64,
}

impl Limits {
    /// The defaults.
    pub const fn new() -> Self {
        Self {
            max_head_len: 16 * 1024,
            max_headers: 1024,
            max_body_len: u64::MAX,
            max_chunk_extensions_len: 16 * 1024,
        }
    }

    /// Sets the longest head to accept, in bytes, with its empty line. Default: 16 KiB.
    ///
    /// A reader whose storage can grow holds up to this many bytes while a head is incomplete. A `Vec`
    /// takes up to twice as many while it grows.
    ///
    /// Trailers may be as long again. They cost memory only in storage that is lent for them.
    #[must_use]
    pub const fn max_head_len(mut self, bytes: usize) -> Self {
        self.max_head_len = bytes;
        self
    }

    /// Sets the most header lines to accept, and the most trailer lines. Default: 1024; any number can be
    /// allowed.
    ///
    /// A line costs no memory besides its bytes. It costs the time to parse it, and again in each look-up
    /// in [`Headers`](crate::http::Headers). A line that is folded counts once.
    #[must_use]
    pub const fn max_headers(mut self, lines: usize) -> Self {
        self.max_headers = lines;
        self
    }

    /// Sets the longest body to accept, in bytes, without the framing of chunks. Default: any.
    ///
    /// A body costs no memory, because each part is returned as it comes, and the body of an event
    /// stream has no end. A caller that joins the parts in storage that can grow holds up to this many
    /// bytes, and should set it.
    #[must_use]
    pub const fn max_body_len(mut self, bytes: u64) -> Self {
        self.max_body_len = bytes;
        self
    }

    /// Sets how many bytes of chunk extensions are accepted without data to go with them. Default: 16 KiB;
    /// 0 accepts none. Blanks after a size, and zeros that make it longer than 16 digits, count too.
    ///
    /// Extensions are skipped: they cost time, but no memory. Each byte of an extension counts up, and each
    /// byte of data counts down again, not below 0. The body is refused where the count would exceed this
    /// limit. The rest of the framing is at most 20 bytes for each chunk, which has at least one byte of
    /// data.
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
