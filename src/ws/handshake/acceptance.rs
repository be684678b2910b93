//! The response that accepts a handshake (RFC 6455 §4.2.2).

use core::fmt;

use super::fields::{EXTENSIONS, PROTOCOL};
use super::{Extensions, Offer, SendError, accept_key, is_reserved};
use crate::Buffer;
use crate::append::Append;
use crate::http::{self, Field, FieldValue, Headers};

/// The response that accepts an [`Offer`] (§4.2.2).
///
/// [`write`](Self::write) it as text of HTTP/1.1, or answer with its [`status`](Self::status) and
/// [`fields`](Self::fields) through another HTTP stack. Frames follow it.
///
/// ```
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
/// acceptance.fields(|name, value| {
///     let name = http::HeaderName::try_from(name).expect("it was checked");
///     let value = value.to_vec().try_into().expect("it was checked");
///     response.headers_mut().append(name, value);
/// })?;
/// assert_eq!(response.headers()["sec-websocket-accept"], "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy)]
#[must_use = "nothing is written before `write` or `fields`"]
pub struct Acceptance<'o, 'a, H = Headers<'a>, E = &'o [(&'o str, &'o str)]> {
    offer: &'o Offer<'a, H>,
    protocol: Option<&'o str>,
    extensions: Option<&'o str>,
    headers: E,
}

impl<'o, 'a, H> Acceptance<'o, 'a, H> {
    pub(super) const fn of(offer: &'o Offer<'a, H>) -> Self {
        Self { offer, protocol: None, extensions: None, headers: &[] }
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
        let Self { offer, protocol, extensions, headers: _ } = self;
        Acceptance { offer, protocol, extensions, headers }
    }

    /// The status of the response: 101.
    pub const fn status(&self) -> u16 {
        101
    }
}

impl<'a, 'h, H, E> Acceptance<'_, 'a, H, E>
where
    H: Clone + IntoIterator<Item: Field<'a>>,
    E: Clone + IntoIterator<Item: Field<'h>>,
{
    /// Calls `put` with every header of the response, in order. On an error, `put` is not called.
    pub fn fields(&self, mut put: impl FnMut(&str, FieldValue<'_>)) -> Result<(), SendError> {
        self.check()?;
        put("Upgrade", "websocket".into());
        put("Connection", "Upgrade".into());
        put("Sec-WebSocket-Accept", FieldValue::from(&accept_key(self.offer.key())[..]));
        self.each_chosen(put);
        Ok(())
    }

    /// Appends the response to `out`, whole or not at all.
    ///
    /// It takes 129 bytes, and more for what was added.
    pub fn write(&self, out: &mut impl Buffer) -> Result<(), SendError> {
        self.check()?;
        let mut head = Append::new(out);
        // The constant part is written at once, which takes a tenth off the whole handshake.
        head.put(
            b"HTTP/1.1 101 Switching Protocols\r\n\
            Upgrade: websocket\r\n\
            Connection: Upgrade\r\n\
            Sec-WebSocket-Accept: ",
        );
        head.put(&accept_key(self.offer.key()));
        head.put(b"\r\n");
        self.each_chosen(|name, value| head.put_field(name, value));
        head.put(b"\r\n");
        Ok(head.finish()?)
    }

    fn check(&self) -> Result<(), SendError> {
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

    /// The headers that depend on what was chosen.
    fn each_chosen(&self, mut put: impl FnMut(&str, FieldValue<'_>)) {
        if let Some(protocol) = self.protocol {
            put(PROTOCOL, protocol.into());
        }
        if let Some(list) = self.extensions {
            put(EXTENSIONS, list.into());
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
