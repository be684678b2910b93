//! What an end asks for, and how hard it compresses.

use super::negotiate::SenderParams;

/// What this end asks for in the opening handshake, and how it compresses.
///
/// [The module](super) has a table of how much memory each choice takes.
///
/// ```
/// use framewright::ws::deflate::Config;
///
/// // Every message stands alone, so that idle connections can be made to hold nothing:
/// const LEAN: Config = Config::new()
///     .server_no_context_takeover(true)
///     .client_no_context_takeover(true)
///     .rely_on_clients(true);
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
    /// `None` is the default, which depends on what was agreed on.
    pub(super) min_len: Option<usize>,
    pub(super) relies_on_clients: bool,
    pub(super) accepts_less: bool,
}

impl Config {
    /// The defaults.
    pub const fn new() -> Self {
        const SENDER: SenderParams =
            SenderParams { no_context_takeover: false, max_window_bits: 15 };
        Self {
            server: SENDER,
            client: SENDER,
            level: 6,
            mem_level: 8,
            min_len: None,
            relies_on_clients: false,
            accepts_less: false,
        }
    }

    /// Sets whether each of the server's messages is to stand alone (§7.1.1.1). Default: no.
    ///
    /// Similar messages then shrink less, but neither end has to keep a context.
    #[must_use]
    pub const fn server_no_context_takeover(mut self, alone: bool) -> Self {
        self.server.no_context_takeover = alone;
        self
    }

    /// Sets whether each of the client's messages is to stand alone (§7.1.1.2). Default: no.
    ///
    /// A server asks every client for it, and takes the answer for granted only from those that offered
    /// it: see [`rely_on_clients`](Self::rely_on_clients).
    #[must_use]
    pub const fn client_no_context_takeover(mut self, alone: bool) -> Self {
        self.client.no_context_takeover = alone;
        self
    }

    /// Sets the base-2 logarithm of how many bytes the server refers back at most, from 9 to 15
    /// (§7.1.2.1). Default: 15.
    ///
    /// The standard allows 8, but no zlib compresses with that: here it counts as 9.
    #[must_use]
    pub const fn server_max_window_bits(mut self, bits: u8) -> Self {
        self.server.max_window_bits = clamp(bits, 9, 15);
        self
    }

    /// Sets the base-2 logarithm of how many bytes the client refers back at most, from 9 to 15
    /// (§7.1.2.2). Default: 15.
    ///
    /// The standard allows 8, but no zlib compresses with that: here it counts as 9. A server can
    /// ask for less than 15 only if the client says that it understands the parameter.
    #[must_use]
    pub const fn client_max_window_bits(mut self, bits: u8) -> Self {
        self.client.max_window_bits = clamp(bits, 9, 15);
        self
    }

    /// Sets how hard to compress, from 0, which does not, to 9. Default: 6, as in zlib.
    ///
    /// For many short messages, 1 is worth a try: it takes a tenth of the time, for 5 to 20 % more bytes.
    /// [The module](super#short-messages) has the measurements.
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

    /// Sets the length in bytes below which a message goes uncompressed. Default: 0 where messages may
    /// refer to earlier ones, and 64 where each stands alone.
    ///
    /// After others like them, even the shortest messages shrink. Alone, text begins to shrink at about 64
    /// bytes. [The module](super#short-messages) has the measurements. A feed of short messages that do not
    /// shrink, such as keys or hashes, grows by some 4 bytes a message: set this above their length.
    ///
    /// If this is set to 0, every message goes compressed, even one that does not shrink. The client of
    /// libwebsockets 4.1.6, as in Debian 12, needs that: where compression was agreed on, it stops at
    /// the first messages that are not compressed. So it works with the default, and with 0 where
    /// messages stand alone.
    #[must_use]
    pub const fn min_len(mut self, bytes: usize) -> Self {
        self.min_len = Some(bytes);
        self
    }

    /// Sets whether a server relies on clients to obey
    /// [`client_no_context_takeover`](Self::client_no_context_takeover) that did not offer it (§7.1.1.2).
    /// Default: no.
    ///
    /// A client has to obey, and browsers do. But Mojolicious 9.31 and tornado 6.6.1 ignore it, and
    /// their second message refers to the first. So an [`Inflater`](super::Inflater) keeps the context
    /// of a client that did not offer the parameter, and [`release`](super::Inflater::release) frees
    /// nothing. A server that relies on clients saves that memory, and fails connections of those two
    /// with 1007.
    #[must_use]
    pub const fn rely_on_clients(mut self, rely: bool) -> Self {
        self.relies_on_clients = rely;
        self
    }

    /// Sets whether a client accepts an answer without `server_no_context_takeover` or
    /// `server_max_window_bits`, although it offered them. Default: no, the connection fails
    /// (§7.1.1.1, §7.1.2.1).
    ///
    /// Laxer than the standard, for servers that answer every offer with `permessage-deflate` alone, as
    /// Mojolicious and tornado do. What such a server sends can be inflated all the same: an
    /// [`Inflater`](super::Inflater) can always hold the largest context. It keeps it between messages.
    #[must_use]
    pub const fn accept_less(mut self, accept: bool) -> Self {
        self.accepts_less = accept;
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
