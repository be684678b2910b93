//! Limits on what a peer may send.

/// What a peer may send, at most.
///
/// A peer that exceeds a limit has broken the protocol: nothing more is read (*Size Limits*).
///
/// Each limit is a field to read it, and a method to set it:
///
/// ```
/// use framewright::stomp::Limits;
///
/// const LIMITS: Limits = Limits::new().max_headers(32).max_body_len(16 << 20);
/// assert_eq!(LIMITS.max_headers, 32);
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Limits {
    /// The most headers of a frame.
    pub max_headers: u32,
    /// The longest header line, without its LF, in bytes.
    pub max_line_len: u64,
    /// The longest head, from its first header to its empty line, both included, in bytes.
    pub max_head_len: u64,
    /// The longest body, in bytes.
    pub max_body_len: u64,
}

impl Limits {
    /// The defaults.
    pub const fn new() -> Self {
        Self {
            max_headers: 256,
            max_line_len: 16 << 10,
            max_head_len: 64 << 10,
            max_body_len: 1 << 20,
        }
    }

    /// Sets the most headers of a frame, those with a repeated name included. Default: 256.
    ///
    /// A header takes no memory besides its bytes. Each look-up of a name goes through them.
    #[must_use]
    pub const fn max_headers(mut self, headers: u32) -> Self {
        self.max_headers = headers;
        self
    }

    /// Sets the longest header line, in bytes as they come, without its LF. Default: 16 KiB.
    #[must_use]
    pub const fn max_line_len(mut self, bytes: u64) -> Self {
        self.max_line_len = bytes;
        self
    }

    /// Sets the longest head: all headers and the empty line, with their LFs, in bytes as they
    /// come. Default: 64 KiB.
    ///
    /// An [`Inbox`](super::Inbox) that can grow holds up to this many bytes besides the body.
    #[must_use]
    pub const fn max_head_len(mut self, bytes: u64) -> Self {
        self.max_head_len = bytes;
        self
    }

    /// Sets the longest body, in bytes. Default: 1 MiB.
    ///
    /// An [`Inbox`](super::Inbox) that can grow holds up to this many bytes of a whole frame's body, in a capacity of up
    /// to twice as many. A body that is received in parts takes no memory.
    #[must_use]
    pub const fn max_body_len(mut self, bytes: u64) -> Self {
        self.max_body_len = bytes;
        self
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::new()
    }
}
