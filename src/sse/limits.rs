/// What a peer may send, at most.
///
/// Over one of these, an event is lost and the stream goes on. Lengths are in bytes of UTF-8, as the
/// peer sent them and as they are given out: where U+FFFD takes the place of what is not UTF-8, it
/// counts as three bytes.
///
/// ```
/// use framewright::sse::Limits;
///
/// const LIMITS: Limits = Limits::new().max_data_len(4096).max_id_len(64);
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Limits {
    pub(super) max_line_len: u64,
    pub(super) max_data_len: u64,
    pub(super) max_type_len: u64,
    pub(super) max_id_len: u64,
}

impl Limits {
    /// The defaults.
    pub const fn new() -> Self {
        Self {
            max_line_len: 16 << 20,
            max_data_len: 16 << 20,
            max_type_len: 1 << 10,
            max_id_len: 4 << 10,
        }
    }

    /// Sets the longest line, without its end. Default: 16 MiB; less than 7 counts as 7, which is
    /// what the longest name takes with its colon and space.
    ///
    /// It holds for every line, even a comment. A line costs no memory by itself, as it is given out
    /// as it comes; this bounds for how long a peer can go on without ever ending one.
    #[must_use]
    pub const fn max_line_len(mut self, bytes: u64) -> Self {
        self.max_line_len = if bytes < 7 { 7 } else { bytes };
        self
    }

    /// Sets the longest data of an event, over all its lines and the LFs between them. Default:
    /// 16 MiB.
    ///
    /// An [`Assembler`](super::Assembler) that can grow holds up to this many bytes for each stream.
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
    /// last event ID, the one that the event under way has, and one of which it is not yet known
    /// whether it counts. An ID comes back as a header, of which servers take some 8 KiB.
    #[must_use]
    pub const fn max_id_len(mut self, bytes: u64) -> Self {
        self.max_id_len = bytes;
        self
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::new()
    }
}
