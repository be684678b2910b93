//! Limits on what a peer may send.

/// What a peer may send, at most, and how long it may take.
///
/// Each is a field to read it, and a method to set it.
///
/// ```
/// use framewright::socketio::{Decoder, Error, Limits};
///
/// const LIMITS: Limits = Limits::new().max_attachments(1);
/// let mut decoder = Decoder::new(LIMITS);
/// let error = decoder.decode_text(r#"52-["file"]"#, 0).unwrap_err();
/// assert_eq!(error, Error::TooManyAttachments { limit: 1 });
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Limits {
    /// The most attachments of one packet.
    pub max_attachments: u32,
    /// The longest attachments of one packet together, in bytes.
    pub max_attachments_len: u64,
    /// How long the attachments of one packet may take, in ms.
    pub attachments_within: u64,
    /// How long a server waits for a first namespace, in ms.
    pub connect_within: u64,
    /// The most namespaces of one connection.
    pub max_namespaces: u32,
    /// The longest name of a namespace, in bytes.
    pub max_namespace_len: u64,
}

impl Limits {
    /// The defaults.
    pub const fn new() -> Self {
        Self {
            max_attachments: 10,
            max_attachments_len: 1_000_000,
            attachments_within: 30_000,
            connect_within: 45_000,
            max_namespaces: 16,
            max_namespace_len: 256,
        }
    }

    /// Sets the most attachments of one packet. Default: 10, as in Node.
    ///
    /// They cost no memory here: each is returned as it comes.
    #[must_use]
    pub const fn max_attachments(mut self, count: u32) -> Self {
        self.max_attachments = count;
        self
    }

    /// Sets the longest attachments of one packet together, in bytes. Default: 1 000 000.
    ///
    /// A caller that keeps them until the packet is complete holds up to this many bytes for each
    /// connection, from before a namespace is connected.
    #[must_use]
    pub const fn max_attachments_len(mut self, bytes: u64) -> Self {
        self.max_attachments_len = bytes;
        self
    }

    /// Sets how long the attachments of one packet may take, in ms. Default: 30 s.
    #[must_use]
    pub const fn attachments_within(mut self, ms: u64) -> Self {
        self.attachments_within = ms;
        self
    }

    /// Sets how long a server waits for a first namespace, in ms. Default: 45 s.
    #[must_use]
    pub const fn connect_within(mut self, ms: u64) -> Self {
        self.connect_within = ms;
        self
    }

    /// Sets the most namespaces of one connection. Default: 16.
    ///
    /// Each takes the length of its name and two bytes of storage. Those that were disconnected from our
    /// side count until the peer connects them again.
    #[must_use]
    pub const fn max_namespaces(mut self, count: u32) -> Self {
        self.max_namespaces = count;
        self
    }

    /// Sets the longest name of a namespace, in bytes. Default: 256.
    #[must_use]
    pub const fn max_namespace_len(mut self, bytes: u64) -> Self {
        self.max_namespace_len = bytes;
        self
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::new()
    }
}
