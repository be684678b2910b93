//! The options of a connection, for clients and servers.

use std::time::Duration;

use framewright::grpc::{Encodings, Limits, ServerConfig, Subtype};
use framewright::http2::{self, Keepalive};
use tokio::io::{AsyncRead, AsyncWrite};

use super::{Client, Server};

/// What the peer of a connection may do, and how long it may take.
///
/// ```
/// use framewright_tokio::grpc::{Http2Limits, Limits, Options, Server};
/// use std::time::Duration;
/// use tokio::net::TcpStream;
///
/// fn server(stream: TcpStream) -> Server<TcpStream> {
///     Options::new()
///         .limits(Limits::new().max_message_len(1 << 20))
///         .http2(Http2Limits::new().max_streams(1000))
///         .ping_after(Duration::from_secs(60))
///         .server(stream)
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Options {
    pub(super) limits: Limits,
    pub(super) http2: http2::Limits,
    pub(super) encodings: Encodings,
    subtypes: Option<&'static [Subtype]>,
    ping_after: Option<Duration>,
    dead_after: Option<Duration>,
    idle_after: Option<Duration>,
    close_within: Option<Duration>,
    min_ping_interval: Duration,
    pub(super) scheme: &'static str,
}

impl Default for Options {
    fn default() -> Self {
        Self::new()
    }
}

impl Options {
    /// The defaults: the library's limits, messages in Protobuf, and no compression.
    pub const fn new() -> Self {
        Self {
            limits: Limits::new(),
            http2: http2::Limits::new(),
            encodings: Encodings::NONE,
            subtypes: Some(&[Subtype::PROTO]),
            ping_after: None,
            dead_after: None,
            idle_after: None,
            close_within: None,
            min_ping_interval: Duration::from_secs(300),
            scheme: "http",
        }
    }

    /// Sets how long messages and trailers may be.
    #[must_use]
    pub const fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Sets the limits of the connection: how many calls there may be at once, and how far a peer may run ahead of who
    /// reads its messages.
    #[must_use]
    pub const fn http2(mut self, limits: http2::Limits) -> Self {
        self.http2 = limits;
        self
    }

    /// Sets the encodings that a server can decompress and compress with, the preferred ones first. Default: none.
    ///
    /// Handlers do it: see [`Call::is_compressed`](super::Call::is_compressed).
    #[must_use]
    pub const fn encodings(mut self, encodings: Encodings) -> Self {
        self.encodings = encodings;
        self
    }

    /// Sets the message formats that a server knows, or `None` for all. Default: Protobuf.
    #[must_use]
    pub fn subtypes(mut self, subtypes: impl Into<Option<&'static [Subtype]>>) -> Self {
        self.subtypes = subtypes.into();
        self
    }

    /// Sets how long the peer may be silent during a call before it is pinged. Default: 6 min, because many servers end
    /// a connection that pings more often than every 5 min.
    #[must_use]
    pub const fn ping_after(mut self, silence: Duration) -> Self {
        self.ping_after = Some(silence);
        self
    }

    /// Sets how long after a ping a silent peer counts as dead. Default: 20 s.
    #[must_use]
    pub const fn dead_after(mut self, silence: Duration) -> Self {
        self.dead_after = Some(silence);
        self
    }

    /// Sets how long the connection may be without a call. Default: for ever.
    #[must_use]
    pub const fn idle_after(mut self, time: Duration) -> Self {
        self.idle_after = Some(time);
        self
    }

    /// Sets how long calls may go on after a graceful close has begun. Default: 10 s.
    #[must_use]
    pub const fn close_within(mut self, time: Duration) -> Self {
        self.close_within = Some(time);
        self
    }

    /// Sets how often a client may ping while it is sent nothing. Default: every 5 min, as other servers have it.
    #[must_use]
    pub const fn min_ping_interval(mut self, interval: Duration) -> Self {
        self.min_ping_interval = interval;
        self
    }

    /// Sets the scheme that a client names. Default: `http`. Over TLS, it is `https`.
    #[must_use]
    pub const fn scheme(mut self, scheme: &'static str) -> Self {
        self.scheme = scheme;
        self
    }

    /// A server's end of a connection over `stream`.
    ///
    /// # Panics
    ///
    /// There is no runtime of tokio with timers.
    pub fn server<S: AsyncRead + AsyncWrite + Unpin>(self, stream: S) -> Server<S> {
        Server::begin(stream, self)
    }

    /// A client's end of a connection over `stream`: see [`Client::new`].
    ///
    /// # Panics
    ///
    /// There is no runtime of tokio with timers.
    pub fn client<S>(self, stream: S, authority: impl Into<String>) -> Client
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        Client::begin(stream, authority.into(), self)
    }

    pub(super) fn server_config(&self) -> ServerConfig<'static> {
        let config = ServerConfig::new().limits(self.limits).encodings(self.encodings);
        match self.subtypes {
            Some(subtypes) => config.subtypes(subtypes),
            None => config.any_subtype(),
        }
    }

    pub(super) fn keepalive(&self) -> Keepalive {
        let mut keepalive = Keepalive::new(0).idle_after(self.idle_after.map_or(u64::MAX, ms));
        if let Some(time) = self.ping_after {
            keepalive = keepalive.ping_after(ms(time));
        }
        if let Some(time) = self.dead_after {
            keepalive = keepalive.dead_after(ms(time));
        }
        if let Some(time) = self.close_within {
            keepalive = keepalive.close_within(ms(time));
        }
        keepalive
    }

    pub(super) fn min_ping_ms(&self) -> u64 {
        ms(self.min_ping_interval)
    }
}

fn ms(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
