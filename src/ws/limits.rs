/// What a peer may send, at most.
///
/// ```
/// use framewright::ws::Limits;
///
/// const LIMITS: Limits = Limits::new().max_message_len(64 * 1024).max_fragments(100);
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Limits {
    pub(super) max_frame_len: u64,
    pub(super) max_message_len: u64,
    pub(super) max_fragments: u32,
}

impl Limits {
    /// The defaults.
    pub const fn new() -> Self {
        Self { max_frame_len: 16 << 20, max_message_len: 16 << 20, max_fragments: 128 << 10 }
    }

    /// Sets the longest payload of a single data frame, in bytes. Default: 16 MiB.
    ///
    /// A frame costs no memory, as its payload is given out as it comes. But no ping, pong or close
    /// of the peer can overtake it.
    #[must_use]
    pub const fn max_frame_len(mut self, bytes: u64) -> Self {
        self.max_frame_len = bytes;
        self
    }

    /// Sets the longest message, over all its frames, in bytes. Default: 16 MiB.
    ///
    /// An [`Assembler`](super::Assembler) in a `Vec` holds up to this many bytes for each connection,
    /// in a capacity of up to twice as many; for one in a fixed slice, set the slice's length here.
    #[must_use]
    pub const fn max_message_len(mut self, bytes: u64) -> Self {
        self.max_message_len = bytes;
        self
    }

    /// Sets the greatest number of frames of one message, empty ones included. Default: 131 072;
    /// 0 counts as 1.
    ///
    /// Fragments cost no memory either, but each costs some 10 bytes on the wire and a call.
    #[must_use]
    pub const fn max_fragments(mut self, frames: u32) -> Self {
        self.max_fragments = if frames == 0 { 1 } else { frames };
        self
    }

    /// Length in bytes of the longest message in one frame whose header has no extended length.
    #[inline]
    pub(super) fn max_small_len(&self) -> u64 {
        self.max_frame_len.min(self.max_message_len).min(125)
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::new()
    }
}
