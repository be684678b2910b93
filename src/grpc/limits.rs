//! What a peer may send, at most.

/// What a peer may send, at most.
///
/// Each limit is a field to read it, and a method to set it:
///
/// ```
/// use framewright::grpc::Limits;
///
/// const LIMITS: Limits = Limits::new().max_message_len(64 * 1024);
/// assert_eq!(LIMITS.max_message_len, 65_536);
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Limits {
    /// The longest message, as it is on the wire, in bytes.
    pub max_message_len: u64,
    /// The longest trailers, or the longest head of gRPC-Web over WebSocket, in bytes.
    pub max_trailers_len: u64,
}

impl Limits {
    /// The defaults.
    pub const fn new() -> Self {
        Self { max_message_len: 4 << 20, max_trailers_len: 8 << 10 }
    }

    /// Sets the longest message, as it is on the wire, in bytes. Default: 4 MiB.
    ///
    /// An [`Assembler`](crate::Assembler) that can grow holds up to this many bytes for each call, and a
    /// `Vec` takes up to twice as many while it grows. For one in a fixed slice, set the slice's length
    /// here. [`Assembler::abandon`](crate::Assembler::abandon) gives them back after a failure. A caller that
    /// decompresses messages has to limit what comes out.
    #[must_use]
    pub const fn max_message_len(mut self, bytes: u64) -> Self {
        self.max_message_len = bytes;
        self
    }

    /// Sets the longest trailers, or the longest head of gRPC-Web over WebSocket, in bytes.
    /// Default: 8 KiB, as PROTOCOL-HTTP2 suggests.
    ///
    /// The storage of a [`ClientCall`](super::ClientCall) that can grow holds up to this many bytes.
    #[must_use]
    pub const fn max_trailers_len(mut self, bytes: u64) -> Self {
        self.max_trailers_len = bytes;
        self
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::new()
    }
}
