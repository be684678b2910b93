//! Limits on what a peer may send.

/// What a peer may send, at most.
///
/// Each limit is a field to read it, and a method to set it:
///
/// ```
/// use framewright::ws::Limits;
///
/// const LIMITS: Limits = Limits::new().max_message_len(64 * 1024).max_fragments(100);
/// assert_eq!(LIMITS.max_message_len, 65_536);
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Limits {
    /// The longest payload of a single data frame, in bytes.
    pub max_frame_len: u64,
    /// The longest message, over all its frames, in bytes.
    pub max_message_len: u64,
    /// The greatest number of frames of one message, empty ones included.
    pub max_fragments: u32,
    /// How many times its compressed length a message may inflate to.
    pub max_ratio: u32,
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
    /// A frame costs no memory, as its payload is returned as it comes. But no ping, pong or close
    /// of the peer can overtake it. A frame of a compressed message may be a quarter longer.
    #[must_use]
    pub const fn max_frame_len(mut self, bytes: u64) -> Self {
        self.max_frame_len = bytes;
        self
    }

    /// Sets the longest message, over all its frames, in bytes. Default: 16 MiB.
    ///
    /// An [`Inbox`](super::Inbox) in a `Vec` holds up to this many bytes for each connection, in a
    /// capacity of up to twice as many. So does an [`Assembler`](super::Assembler), which after a failure
    /// gives them back by [`abandon`](super::Assembler::abandon). For one in a fixed slice, set the
    /// slice's length here.
    ///
    /// A compressed message counts with the length that it inflates to, and is refused as soon as it
    /// is too long. Its frames may be a quarter and 64 bytes longer than this limit. Data that does
    /// not shrink grows when it is compressed, and a message of exactly the limit must get through.
    #[must_use]
    pub const fn max_message_len(mut self, bytes: u64) -> Self {
        self.max_message_len = bytes;
        self
    }

    /// Sets the greatest number of frames of one message, empty ones included. Default: 131 072;
    /// 0 counts as 1.
    ///
    /// Fragments cost no memory. Each costs the peer some 10 bytes on the wire, and us a call. Some
    /// clients send a compressed message in hundreds of fragments of a few bytes, which a low limit
    /// refuses.
    #[must_use]
    pub const fn max_fragments(mut self, frames: u32) -> Self {
        self.max_fragments = if frames == 0 { 1 } else { frames };
        self
    }

    /// Sets how many times its compressed length a message may inflate to. Default: 1032, which
    /// DEFLATE cannot exceed.
    ///
    /// Where messages are known to compress less, this refuses a bomb earlier than its length would.
    /// Up to 64 KiB, a message may inflate at any ratio. Beyond that, the ratio is checked after
    /// every KiB of compressed data, and at the end of the message.
    #[must_use]
    pub const fn max_ratio(mut self, ratio: u32) -> Self {
        self.max_ratio = ratio;
        self
    }

    /// The highest ratio that DEFLATE reaches: 258 bytes for two bits.
    pub(super) const DEFLATE_RATIO: u32 = 1032;

    /// The limits for the frames of a message.
    ///
    /// Compressed data may be longer than what it inflates to: by an eighth, if every byte has the
    /// longest of the fixed codes.
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
