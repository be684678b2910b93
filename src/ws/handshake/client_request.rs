//! The request that opens a WebSocket connection (RFC 6455 §4.1).

use core::fmt;

use super::fields::PROTOCOL;
use super::key::encode_key;
use super::offered::Offered;
use super::{Client, Extensions, ReplyCheck, SendError, is_reserved};
use crate::Buffer;
use crate::append::Append;
use crate::http::syntax::{is_token, is_visible};
use crate::http::{self, Field, FieldValue, Fields, Name};
use crate::http1::{self, Limits};
#[cfg(feature = "deflate")]
use crate::ws::deflate::Config;

/// The request that opens a WebSocket connection (§4.1).
///
/// [`write`](Self::write) it as text of HTTP/1.1, and read the response with the [`Client`] that it
/// returns. Or send its [`fields`](Self::to_fields) through another HTTP stack.
///
/// No string may have controls, and all but the values of headers must be ASCII.
///
/// ```
/// use framewright::http1::Limits;
/// use framewright::ws::handshake::{ClientRequest, Reply};
///
/// let mut out = Vec::new();
/// // 16 bytes from a cryptographic generator, new for each connection:
/// let nonce = *b"the sample nonce";
/// let request = ClientRequest::new("server.example.com", "/chat").protocols(&["chat"]);
/// let mut client = request.write(nonce, Vec::new(), Limits::new(), &mut out)?;
///
/// let mut buf = *b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\
///     Connection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\
///     Sec-WebSocket-Protocol: chat\r\n\r\n";
/// let mut input = &mut buf[..]; // what the caller has just read, any size
/// while let Some(reply) = client.receive(&mut input)? {
///     match reply {
///         Reply::Accepted(accepted) => assert_eq!(accepted.protocol(), Some("chat")),
///         Reply::Refused(response) => println!("refused: {}", response.status()),
///         Reply::Interim(_) => {} // another reply follows
///     }
/// }
/// assert!(client.is_complete()); // without it, more input is needed
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy)]
#[must_use = "nothing is written before `write` or `to_fields`"]
pub struct ClientRequest<'a, E = &'a [(&'a str, &'a str)]> {
    pub(super) host: &'a str,
    pub(super) target: &'a str,
    origin: Option<&'a str>,
    pub(super) protocols: &'a [&'a str],
    pub(super) offered: Offered<'a>,
    headers: E,
}

impl<'a> ClientRequest<'a> {
    /// A request to `host`, with a port unless it is the scheme's own, for the resource name `target`:
    /// a path that begins with a slash, and a query if there is one (§3).
    pub const fn new(host: &'a str, target: &'a str) -> Self {
        Self { host, target, origin: None, protocols: &[], offered: Offered::NONE, headers: &[] }
    }
}

impl<'a, E> ClientRequest<'a, E> {
    /// Sets the origin, which browsers send and other programs need not (§10.2).
    pub fn origin(mut self, origin: &'a str) -> Self {
        self.origin = Some(origin);
        self
    }

    /// Sets the subprotocols to offer in order of preference, without duplicates (§11.3.4).
    pub fn protocols(mut self, protocols: &'a [&'a str]) -> Self {
        self.protocols = protocols;
        self
    }

    /// Sets the extensions to offer in order of preference, as in
    /// `permessage-deflate; client_max_window_bits` (§9.1).
    pub fn extensions(mut self, list: Option<&'a str>) -> Self {
        self.offered.extensions = list;
        self
    }

    /// Offers to compress messages (RFC 7692 §5). `None` does not.
    ///
    /// This is all that a client has to do for it: [`Accepted::connection`](super::Accepted::connection)
    /// knows what the server answered. [`deflate`](crate::ws::deflate#compression-in-one-line) has an example.
    #[cfg(feature = "deflate")]
    pub fn compression(mut self, config: impl Into<Option<Config>>) -> Self {
        self.offered.compression = config.into();
        self
    }

    /// Sets headers to write after those of the handshake, in this order: any collection of
    /// [`Field`]s.
    ///
    /// `Connection`, `Content-Length`, `Host`, `Origin`, `Transfer-Encoding`, `Upgrade` and all names
    /// that begin with `Sec-WebSocket-` are reserved.
    pub fn headers<T>(self, headers: T) -> ClientRequest<'a, T> {
        let Self { host, target, origin, protocols, offered, headers: _ } = self;
        ClientRequest { host, target, origin, protocols, offered, headers }
    }
}

impl<'a, 'h, E: Clone + IntoIterator<Item: Field<'h>>> ClientRequest<'a, E> {
    /// Appends the request to `out`, whole or not at all, and returns the client that reads the
    /// response.
    ///
    /// `nonce` must come from a cryptographic generator, new for each connection (§4.1). A response
    /// that does not arrive in one piece is joined in `storage`. Storage that cannot grow should have
    /// room for as many bytes as the limits allow.
    pub fn write<B: Buffer>(
        &self,
        nonce: [u8; 16],
        storage: B,
        limits: Limits,
        out: &mut impl Buffer,
    ) -> Result<Client<'a, B>, SendError> {
        self.check()?;
        let key = encode_key(nonce);
        let mut head = Append::new(out);
        head.put(b"GET ");
        head.put(self.target.as_bytes());
        head.put(b" HTTP/1.1\r\n");
        self.each(&key, |name, value| head.put_field(name, value));
        head.put(b"\r\n");
        head.finish()?;
        Ok(Client::new(ReplyCheck::new(Some(&key), self.protocols, self.offered), storage, limits))
    }

    /// Returns the headers of the request, in order, for any HTTP stack, and the check for the response.
    ///
    /// Send them in a request of HTTP/1.1 with the method `GET`. `nonce` must come from a
    /// cryptographic generator, new for each connection (§4.1).
    ///
    /// ```
    /// use framewright::http::Fields;
    /// use framewright::http1::Version;
    /// use framewright::ws::handshake::ClientRequest;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// // A request and a response of the crate `http`, as hyper and others have them.
    /// let mut request = http::Request::get("/chat").body(())?;
    /// let nonce = *b"the sample nonce";
    /// let chat = ClientRequest::new("server.example.com", "/chat");
    /// let (fields, check) = chat.to_fields(nonce)?;
    /// fields.for_each_field(|name, value| {
    ///     let name = http::HeaderName::try_from(name).expect("it was checked");
    ///     let value = value.to_vec().try_into().expect("it was checked");
    ///     request.headers_mut().append(name, value);
    /// });
    /// assert_eq!(request.headers()["sec-websocket-key"], "dGhlIHNhbXBsZSBub25jZQ==");
    /// # let response = http::Response::builder()
    /// #     .status(101)
    /// #     .header("Upgrade", "websocket")
    /// #     .header("Connection", "Upgrade")
    /// #     .header("Sec-WebSocket-Accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
    /// #     .body(())?;
    /// // … send it, and wait for the response
    /// let accepted =
    ///     check.check(response.status().as_u16(), Version::Http11, response.headers())?;
    /// assert_eq!(accepted.protocol(), None);
    /// # Ok(())
    /// # }
    /// ```
    pub fn to_fields(
        &self,
        nonce: [u8; 16],
    ) -> Result<(impl Fields + Copy + use<'_, 'a, 'h, E>, ReplyCheck<'a>), SendError> {
        self.check()?;
        let key = encode_key(nonce);
        let fields = http::from_fn(move |put| self.each(&key, put));
        Ok((fields, ReplyCheck::new(Some(&key), self.protocols, self.offered)))
    }

    pub(super) fn check(&self) -> Result<(), SendError> {
        http1::check_request("GET", self.target, self.host)?;
        if !self.target.starts_with('/') {
            return Err(http1::SendError::Target.into());
        }
        if self.origin.is_some_and(|origin| !is_visible(origin.as_bytes())) {
            return Err(SendError::Origin);
        }
        let mut protocols = self.protocols;
        while let Some((protocol, others)) = protocols.split_first() {
            if !is_token(protocol.as_bytes()) || others.contains(protocol) {
                return Err(SendError::Protocol);
            }
            protocols = others;
        }
        if let Some(list) = self.offered.extensions {
            Extensions::parse_to_send(list)?;
        }
        http::check_fields(self.headers.clone(), |name| {
            is_reserved(name) || matches!(Name::of(name), Some(Name::Host | Name::Origin))
        })?;
        Ok(())
    }

    fn each(&self, key: &[u8], mut put: impl FnMut(&str, FieldValue<'_>)) {
        put("Host", self.host.into());
        put("Upgrade", "websocket".into());
        put("Connection", "Upgrade".into());
        put("Sec-WebSocket-Key", key.into());
        self.each_offered(put);
    }

    /// The headers that are the same over HTTP/1.1 and HTTP/2.
    pub(super) fn each_offered(&self, mut put: impl FnMut(&str, FieldValue<'_>)) {
        if let Some(origin) = self.origin {
            put("Origin", origin.into());
        }
        if !self.protocols.is_empty() {
            put(PROTOCOL, FieldValue::joined(self.protocols, ", "));
        }
        self.offered.put(&mut put);
        put("Sec-WebSocket-Version", "13".into());
        for field in self.headers.clone() {
            let (name, value) = field.parts();
            put(name, value.into());
        }
    }
}

/// Without the headers that were added, which may be credentials.
impl<E> fmt::Debug for ClientRequest<'_, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientRequest")
            .field("host", &self.host)
            .field("target", &self.target)
            .field("origin", &self.origin)
            .field("protocols", &self.protocols)
            .field("offered", &self.offered)
            .finish_non_exhaustive()
    }
}
