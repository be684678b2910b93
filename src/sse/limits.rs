//! Limits on what a server may send.

/// What a server may send, at most.
///
/// An event that exceeds a limit is lost, and the stream goes on. A limit holds for what the server
/// sent and for what is returned, in bytes. The two differ where U+FFFD, of three bytes, replaces
/// invalid UTF-8.
///
/// Each limit is a field to read it, and a method to set it:
///
/// ```
/// use framewright::sse::Limits;
///
/// const LIMITS: Limits = Limits::new().max_data_len(4096).max_id_len(64);
/// assert_eq!(LIMITS.max_id_len, 64);
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Limits {
    /// The longest line, without its end, in bytes.
    pub max_line_len: u64,
    /// The longest data of an event, with the LFs between its lines, in bytes.
    pub max_data_len: u64,
    /// The longest type of an event, in bytes.
    pub max_type_len: u64,
    /// The longest ID of an event, in bytes.
    pub max_id_len: u64,
}

impl Limits {
    /// The shortest limit for a line: the longest name with its colon and space.
    const MIN_LINE_LEN: u64 = 7;

    /// The defaults.
    pub const fn new() -> Self {
        Self {
            max_line_len: 16 << 20,
            max_data_len: 16 << 20,
            max_type_len: 1 << 10,
            max_id_len: 4 << 10,
        }
    }

    /// Sets the longest line, without its end. Default: 16 MiB. Less than 7 counts as 7: the longest
    /// name with its colon and space.
    ///
    /// It applies to every line, even a comment. A long line takes no memory by itself, because it is
    /// returned as it arrives. The limit stops a server that never ends a line.
    #[must_use]
    pub const fn max_line_len(mut self, bytes: u64) -> Self {
        self.max_line_len = bytes;
        self.clamped()
    }

    /// Sets the longest data of an event, over all its lines and the LFs between them. Default:
    /// 16 MiB.
    ///
    /// An [`Assembler`](super::Assembler) that can grow holds up to this many bytes for each stream,
    /// and a `Vec` takes up to twice as many while it grows. An event that is lost gives them back.
    #[must_use]
    pub const fn max_data_len(mut self, bytes: u64) -> Self {
        self.max_data_len = bytes;
        self
    }

    /// Sets the longest type of an event. Default: 1 KiB.
    ///
    /// An [`Assembler`](super::Assembler) holds up to this many bytes for each stream.
    #[must_use]
    pub const fn max_type_len(mut self, bytes: u64) -> Self {
        self.max_type_len = bytes;
        self
    }

    /// Sets the longest ID of an event. Default: 4 KiB.
    ///
    /// An [`Assembler`](super::Assembler) holds up to three times as many bytes for each stream: the
    /// last event ID, the current event's ID, and one that has not arrived completely. The client
    /// sends the ID back as a header, and many servers accept no more than about 8 KiB of headers.
    #[must_use]
    pub const fn max_id_len(mut self, bytes: u64) -> Self {
        self.max_id_len = bytes;
        self
    }

    /// The limits that a decoder works with.
    pub(super) const fn clamped(mut self) -> Self {
        if self.max_line_len < Self::MIN_LINE_LEN {
            self.max_line_len = Self::MIN_LINE_LEN;
        }
        self
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::new()
    }
}
