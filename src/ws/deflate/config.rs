//! What an end asks for, and how hard it compresses.

use super::negotiate::SenderParams;

/// What this end asks for in the opening handshake, and how it compresses.
///
/// [The module](super) has a table of how much memory each choice takes.
///
/// ```
/// use framewright::ws::deflate::Config;
///
/// // Every message stands alone, so that idle connections hold nothing:
/// const LEAN: Config =
///     Config::new().server_no_context_takeover(true).client_no_context_takeover(true);
/// assert_eq!(
///     LEAN.offer().as_str(),
///     "permessage-deflate; server_no_context_takeover; client_no_context_takeover; \
///      client_max_window_bits",
/// );
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Config {
    pub(super) server: SenderParams,
    pub(super) client: SenderParams,
    pub(super) level: u8,
    pub(super) mem_level: u8,
    pub(super) min_len: usize,
}

impl Config {
    /// The defaults.
    pub const fn new() -> Self {
        const SENDER: SenderParams = SenderParams { takeover: true, window_bits: 15 };
        Self { server: SENDER, client: SENDER, level: 6, mem_level: 8, min_len: 64 }
    }

    /// Sets whether each of the server's messages is to stand alone (§7.1.1.1). Default: no.
    ///
    /// Similar messages then shrink less, but neither end has to keep a context.
    #[must_use]
    pub const fn server_no_context_takeover(mut self, alone: bool) -> Self {
        self.server.takeover = !alone;
        self
    }

    /// Sets whether each of the client's messages is to stand alone (§7.1.1.2). Default: no.
    #[must_use]
    pub const fn client_no_context_takeover(mut self, alone: bool) -> Self {
        self.client.takeover = !alone;
        self
    }

    /// Sets the base-2 logarithm of how many bytes the server refers back at most, from 9 to 15
    /// (§7.1.2.1). Default: 15.
    ///
    /// The standard allows 8, but no zlib compresses with that: here it counts as 9.
    #[must_use]
    pub const fn server_max_window_bits(mut self, bits: u8) -> Self {
        self.server.window_bits = clamp(bits, 9, 15);
        self
    }

    /// Sets the base-2 logarithm of how many bytes the client refers back at most, from 9 to 15
    /// (§7.1.2.2). Default: 15.
    ///
    /// The standard allows 8, but no zlib compresses with that: here it counts as 9. A server can
    /// ask for less than 15 only if the client says that it understands the parameter.
    #[must_use]
    pub const fn client_max_window_bits(mut self, bits: u8) -> Self {
        self.client.window_bits = clamp(bits, 9, 15);
        self
    }

    /// Sets how hard to compress, from 0, which does not, to 9. Default: 6, as in zlib.
    #[must_use]
    pub const fn level(mut self, level: u8) -> Self {
        self.level = clamp(level, 0, 9);
        self
    }

    /// Sets how much memory to compress with besides the window, from 1 to 9. Default: 8, as in
    /// zlib.
    #[must_use]
    pub const fn mem_level(mut self, level: u8) -> Self {
        self.mem_level = clamp(level, 1, 9);
        self
    }

    /// Sets the length in bytes below which a message goes uncompressed. Default: 64.
    #[must_use]
    pub const fn min_len(mut self, bytes: usize) -> Self {
        self.min_len = bytes;
        self
    }
}

impl Default for Config {
    fn default() -> Self {
        Self::new()
    }
}

const fn clamp(value: u8, min: u8, max: u8) -> u8 {
    if value < min {
        min
    } else if value > max {
        max
    } else {
        value
    }
}
