//! The options of a WebSocket, for clients and servers.

use std::time::Duration;

use framewright::ws::deflate::Config;
use framewright::ws::handshake::Origins;
use framewright::ws::{Connection, Keepalive, Limits, Side};

use super::WebSocket;

/// How to open a WebSocket, and the limits and deadlines while it is open.
///
/// ```
/// use framewright::ws::{Limits, handshake::Origins};
/// use framewright_tokio::{Error, Options, WebSocket};
/// use std::time::Duration;
/// use tokio::net::TcpStream;
///
/// async fn open(stream: TcpStream) -> Result<WebSocket<TcpStream>, Error> {
///     Options::new()
///         .limits(Limits::new().max_message_len(64 * 1024))
///         .origins(Origins::exact(&["https://example.com"]))
///         .protocols(["chat"])
///         .ping_after(Duration::from_secs(30))
///         .accept(stream)
///         .await
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Options {
    pub(super) limits: Limits,
    pub(super) compression: Option<Config>,
    pub(super) origins: Origins<'static>,
    pub(super) protocols: Vec<String>,
    pub(super) headers: Vec<(String, String)>,
    pub(super) handshake_within: Duration,
    pub(super) read_buffer_len: usize,
    ping_after: Duration,
    dead_after: Duration,
    close_within: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self::new()
    }
}

impl Options {
    /// The defaults: compression if the peer wants it, no subprotocol, and the library's [`Limits`].
    pub fn new() -> Self {
        Self {
            limits: Limits::new(),
            compression: Some(Config::new()),
            origins: Origins::same_host().or_absent(),
            protocols: Vec::new(),
            headers: Vec::new(),
            handshake_within: Duration::from_secs(10),
            read_buffer_len: 16 * 1024,
            ping_after: Duration::from_secs(20),
            dead_after: Duration::from_secs(20),
            close_within: Duration::from_secs(10),
        }
    }

    /// Sets what the peer may send.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Sets how messages are compressed, or `None` for no compression. By default a client offers compression, and a
    /// server agrees.
    #[must_use]
    pub fn compression(mut self, config: impl Into<Option<Config>>) -> Self {
        self.compression = config.into();
        self
    }

    /// Sets the pages that may open a WebSocket at this server. By default, pages of the server itself, and programs
    /// that are not browsers, may. Clients ignore it.
    #[must_use]
    pub fn origins(mut self, origins: Origins<'static>) -> Self {
        self.origins = origins;
        self
    }

    /// Sets the subprotocols that this end speaks, the best first. A client offers them. A server chooses the first
    /// of its own that the client offers; without one, the connection has no subprotocol.
    #[must_use]
    pub fn protocols<P: Into<String>>(mut self, protocols: impl IntoIterator<Item = P>) -> Self {
        self.protocols = protocols.into_iter().map(Into::into).collect();
        self
    }

    /// Adds a field to our head of the opening handshake, such as `Authorization` or `Set-Cookie`.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Sets how long the opening handshake may take. Default: 10 s.
    #[must_use]
    pub fn handshake_within(mut self, time: Duration) -> Self {
        self.handshake_within = time;
        self
    }

    /// Sets how long the peer may be silent before it is pinged. Default: 20 s.
    #[must_use]
    pub fn ping_after(mut self, time: Duration) -> Self {
        self.ping_after = time;
        self
    }

    /// Sets how long after a ping a silent peer counts as dead. Default: 20 s.
    #[must_use]
    pub fn dead_after(mut self, time: Duration) -> Self {
        self.dead_after = time;
        self
    }

    /// Sets how long the closing handshake may take. Default: 10 s.
    #[must_use]
    pub fn close_within(mut self, time: Duration) -> Self {
        self.close_within = time;
        self
    }

    /// Sets how much is read at a time, in bytes: at least 1 KiB. The socket keeps a buffer of this size as long as it lives.
    /// Default: 16 KiB.
    #[must_use]
    pub fn read_buffer_len(mut self, bytes: usize) -> Self {
        self.read_buffer_len = bytes.max(1024);
        self
    }

    /// A WebSocket on a stream whose opening handshake somebody else has carried out.
    ///
    /// `connection` comes from that handshake, as
    /// [`Acceptance::connection`](framewright::ws::handshake::Acceptance::connection) makes it.
    ///
    /// # Panics
    ///
    /// There is no runtime of tokio with timers.
    pub fn upgraded<S, R: Side>(&self, stream: S, connection: Connection<R>) -> WebSocket<S, R> {
        let buffer = vec![0; self.read_buffer_len].into_boxed_slice();
        WebSocket::begin(stream, connection, buffer, 0..0, None, self)
    }

    pub(super) fn keepalive(&self) -> Keepalive {
        let ms = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        Keepalive::new(0)
            .ping_after(ms(self.ping_after))
            .dead_after(ms(self.dead_after))
            .close_within(ms(self.close_within))
    }
}
