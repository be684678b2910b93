//! The response that accepts a handshake (RFC 6455 §4.2.2).

use core::fmt;

use super::fields::{EXTENSIONS, PROTOCOL};
use super::{Extensions, Offer, SendError, accept_key, is_reserved};
use crate::Buffer;
use crate::append::Append;
use crate::http::{self, Field, FieldValue, Fields, Headers};
#[cfg(feature = "deflate")]
use crate::ws::deflate::{Config, ExtensionText, Params};
use crate::ws::{Connection, Limits, Server};

/// The response that accepts an [`Offer`] (§4.2.2).
///
/// [`write`](Self::write) it as text of HTTP/1.1, or answer with its [`status`](Self::status) and
/// [`fields`](Self::to_fields) through another HTTP stack. Frames follow it.
///
/// ```
/// use framewright::http::Fields;
/// use framewright::http1::Version;
/// use framewright::ws::handshake::{Offer, Origins};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let request = http::Request::get("/chat?room=1")
/// #     .header("Host", "example.com")
/// #     .header("Upgrade", "websocket")
/// #     .header("Connection", "Upgrade")
/// #     .header("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
/// #     .header("Sec-WebSocket-Version", "13")
/// #     .body(())?;
/// // A request and a response of the crate `http`, as axum, hyper and others have them.
/// let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
/// let origins = Origins::same_host().or_absent();
/// let offer = Offer::from_parts(
///     request.method().as_str(),
///     Version::Http11,
///     target,
///     request.headers(),
///     origins,
/// )?;
/// assert_eq!(offer.resource_name(), "/chat?room=1");
/// let acceptance = offer.accept();
/// let mut response = http::Response::new(());
/// *response.status_mut() = acceptance.status().try_into()?;
/// acceptance.to_fields()?.for_each_field(|name, value| {
///     let name = http::HeaderName::try_from(name).expect("it was checked");
///     let value = value.to_vec().try_into().expect("it was checked");
///     response.headers_mut().append(name, value);
/// });
/// assert_eq!(response.headers()["sec-websocket-accept"], "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy)]
#[must_use = "nothing is written before `write` or `to_fields`"]
pub struct Acceptance<'o, 'a, H = Headers<'a>, E = &'o [(&'o str, &'o str)]> {
    offer: &'o Offer<'a, H>,
    protocol: Option<&'o str>,
    extensions: Option<&'o str>,
    #[cfg(feature = "deflate")]
    compression: Option<Compression>,
    headers: E,
}

/// The compression that was agreed on.
#[cfg(feature = "deflate")]
#[derive(Clone, Copy)]
struct Compression {
    params: Params,
    answer: ExtensionText,
    config: Config,
}

impl<'o, 'a, H> Acceptance<'o, 'a, H> {
    pub(super) const fn of(offer: &'o Offer<'a, H>) -> Self {
        Self {
            offer,
            protocol: None,
            extensions: None,
            #[cfg(feature = "deflate")]
            compression: None,
            headers: &[],
        }
    }
}

impl<'o, 'a, H, E> Acceptance<'o, 'a, H, E> {
    /// Sets the subprotocol, one of those offered.
    pub fn protocol(mut self, protocol: Option<&'o str>) -> Self {
        self.protocol = protocol;
        self
    }

    /// Sets the extensions in use, each by a name that was offered, as in
    /// `permessage-deflate; server_no_context_takeover`.
    pub fn extensions(mut self, list: Option<&'o str>) -> Self {
        self.extensions = list;
        self
    }

    /// Sets headers to write after those of the handshake, in this order: any collection of
    /// [`Field`]s.
    ///
    /// `Connection`, `Content-Length`, `Transfer-Encoding`, `Upgrade` and all names that begin with
    /// `Sec-WebSocket-` are reserved.
    pub fn headers<T>(self, headers: T) -> Acceptance<'o, 'a, H, T> {
        Acceptance {
            offer: self.offer,
            protocol: self.protocol,
            extensions: self.extensions,
            #[cfg(feature = "deflate")]
            compression: self.compression,
            headers,
        }
    }

    /// Makes the connection that this opens, once the response is written.
    ///
    /// It compresses and inflates if `compression` agreed on that (feature `deflate`). Extensions that were
    /// set by hand mean nothing to it.
    pub fn connection(&self, limits: Limits) -> Connection<Server> {
        let connection = Connection::server(limits);
        #[cfg(feature = "deflate")]
        if let Some(Compression { params, config, .. }) = self.compression {
            return connection.compression(Some(params), config);
        }
        connection
    }

    /// The status of the response: 101, and 200 over HTTP/2 (RFC 8441 §5).
    pub const fn status(&self) -> u16 {
        if self.offer.key.is_some() { 101 } else { 200 }
    }
}

#[cfg(feature = "deflate")]
impl<'a, H: Clone + IntoIterator<Item: Field<'a>>, E> Acceptance<'_, 'a, H, E> {
    /// Compresses messages, if the client offers that (RFC 7692 §5). `None` does not.
    ///
    /// This is all that a server has to do for it: [`connection`](Self::connection) knows what was agreed on.
    /// [`deflate`](crate::ws::deflate#compression-in-one-line) has an example.
    pub fn compression(mut self, config: impl Into<Option<Config>>) -> Self {
        let agree = |config: Config| {
            let (params, answer) = config.negotiate(self.offer.extensions())?;
            Some(Compression { params, answer, config })
        };
        self.compression = config.into().and_then(agree);
        self
    }
}

impl<'o, 'a, 'h, H, E> Acceptance<'o, 'a, H, E>
where
    H: Clone + IntoIterator<Item: Field<'a>>,
    E: Clone + IntoIterator<Item: Field<'h>>,
{
    /// The headers of the response, in order, for any HTTP stack. Over HTTP/2, none is about the connection.
    ///
    /// # Errors
    ///
    /// What the caller chose or added cannot be sent.
    pub fn to_fields(&self) -> Result<impl Fields + Copy + use<'_, 'o, 'a, 'h, H, E>, SendError> {
        self.check()?;
        let accept = self.offer.key().map(|key| accept_key(key));
        Ok(http::from_fn(move |put| {
            if let Some(accept) = &accept {
                put("Upgrade", "websocket".into());
                put("Connection", "Upgrade".into());
                put("Sec-WebSocket-Accept", FieldValue::from(&accept[..]));
            }
            self.each_chosen(put);
        }))
    }

    /// Appends the response to `out`, whole or not at all.
    ///
    /// It takes 129 bytes, and more for what was added.
    ///
    /// # Errors
    ///
    /// Among others: [`SendError::OverHttp2`], if the offer came so.
    pub fn write(&self, out: &mut impl Buffer) -> Result<(), SendError> {
        self.check()?;
        let key = self.offer.key().ok_or(SendError::OverHttp2)?;
        let mut head = Append::new(out);
        // The constant part is written at once, which takes a tenth off the whole handshake.
        head.put(
            b"HTTP/1.1 101 Switching Protocols\r\n\
            Upgrade: websocket\r\n\
            Connection: Upgrade\r\n\
            Sec-WebSocket-Accept: ",
        );
        head.put(&accept_key(key));
        head.put(b"\r\n");
        self.each_chosen(|name, value| head.put_field(name, value));
        head.put(b"\r\n");
        Ok(head.finish()?)
    }

    pub(super) fn check(&self) -> Result<(), SendError> {
        if let Some(protocol) = self.protocol
            && !self.offer.protocols().any(|offered| offered == protocol)
        {
            return Err(SendError::ProtocolNotOffered);
        }
        if let Some(list) = self.extensions {
            for accepted in Extensions::parse_to_send(list)? {
                if !self.offer.extensions().any(|offered| offered.name() == accepted.name()) {
                    return Err(SendError::ExtensionNotOffered);
                }
            }
        }
        Ok(http::check_fields(self.headers.clone(), is_reserved)?)
    }

    /// The extension that compresses, as it was agreed on.
    #[cfg_attr(not(feature = "deflate"), allow(clippy::unused_self))]
    fn compression_text(&self) -> Option<&str> {
        #[cfg(feature = "deflate")]
        return self.compression.as_ref().map(|compression| compression.answer.as_str());
        #[cfg(not(feature = "deflate"))]
        None
    }

    /// The headers that depend on what was chosen.
    pub(super) fn each_chosen(&self, mut put: impl FnMut(&str, FieldValue<'_>)) {
        if let Some(protocol) = self.protocol {
            put(PROTOCOL, protocol.into());
        }
        match (self.extensions, self.compression_text()) {
            (None, None) => {}
            (Some(one), None) | (None, Some(one)) => put(EXTENSIONS, one.into()),
            // A response has one line of them (§11.3.2).
            (Some(list), Some(one)) => put(EXTENSIONS, FieldValue::joined(&[list, one], ", ")),
        }
        for field in self.headers.clone() {
            let (name, value) = field.parts();
            put(name, value.into());
        }
    }
}

/// Does not show the headers that were added, which may be cookies.
impl<'a, H: Clone + IntoIterator<Item: Field<'a>>, E> fmt::Debug for Acceptance<'_, 'a, H, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Acceptance")
            .field("offer", self.offer)
            .field("protocol", &self.protocol)
            .field("extensions", &self.extensions)
            .finish_non_exhaustive()
    }
}
