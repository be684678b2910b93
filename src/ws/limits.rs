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
    pub(super) max_ratio: u32,
}

impl Limits {
    /// The defaults.
    pub const fn new() -> Self {
        Self {
            max_frame_len: 16 << 20,
            max_message_len: 16 << 20,
            max_fragments: 128 << 10,
            max_ratio: Self::DEFLATE_RATIO,
        }
    }

    /// Sets the longest payload of a single data frame, in bytes. Default: 16 MiB.
    ///
    /// A frame costs no memory, as its payload is given out as it comes. But no ping, pong or close
    /// of the peer can overtake it. A frame of a compressed message may be a quarter longer.
    #[must_use]
    pub const fn max_frame_len(mut self, bytes: u64) -> Self {
        self.max_frame_len = bytes;
        self
    }

    /// Sets the longest message, over all its frames, in bytes. Default: 16 MiB.
    ///
    /// An [`Assembler`](super::Assembler) in a `Vec` holds up to this many bytes for each connection,
    /// in a capacity of up to twice as many; for one in a fixed slice, set the slice's length here.
    ///
    /// What counts of a compressed message is what it inflates to, while it does. In frames it may
    /// take a quarter more and 64 bytes: what does not shrink grows, and to be exactly as long as the
    /// limit it has to be allowed to.
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

    /// Sets how many times its compressed length a message may inflate to. Default: 1032, which
    /// DEFLATE cannot exceed.
    ///
    /// It is for those whose messages are known to compress less, to refuse a bomb earlier than
    /// by its length. Up to 64 KiB, a message may inflate as it will; beyond that it is looked at
    /// once for every KiB of it that is compressed, and at its end.
    #[must_use]
    pub const fn max_ratio(mut self, ratio: u32) -> Self {
        self.max_ratio = ratio;
        self
    }

    /// How far DEFLATE goes: 258 bytes for two bits.
    pub(super) const DEFLATE_RATIO: u32 = 1032;

    /// The limits for the frames of a message: if it is compressed, they may be longer than what they
    /// stand for, by an eighth if all of its bytes have the longest of the fixed codes.
    pub(super) const fn of_frames(mut self, compressed: bool) -> Self {
        if !compressed {
            return self;
        }
        self.max_frame_len = self.max_frame_len.saturating_add(self.max_frame_len / 4 + 64);
        self.max_message_len = self.max_message_len.saturating_add(self.max_message_len / 4 + 64);
        self
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::new()
    }
}
