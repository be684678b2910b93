//! An offer that is kept while somebody decides about it.

use core::fmt;

use alloc::string::String;
use alloc::vec::Vec;

use super::Offer;
use super::fields::HandshakeFields;
use super::key::KEY_LEN;
use crate::http::Field;

/// An [`Offer`] that owns its strings, to keep while somebody else decides about it:
/// [`Offer::to_owned_offer`].
///
/// ```
/// use framewright::http1::Limits;
/// use framewright::ws;
/// use framewright::ws::handshake::{Origins, OwnedOffer, SendError, Server};
///
/// # let mut request = *b"GET /chat HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\
/// #     Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
/// #     Sec-WebSocket-Version: 13\r\n\r\n";
/// # let mut input = &mut request[..];
/// let mut server = Server::new(Origins::any(), Vec::new(), Limits::new());
/// let Some(offer) = server.receive(&mut input)? else { panic!("the request is all there") };
/// let waiting: OwnedOffer = offer.to_owned_offer();
///
/// // … once the database has answered:
/// let mut out = Vec::new();
/// let offer = waiting.as_offer();
/// let acceptance = offer.accept();
/// acceptance.write(&mut out)?;
/// let connection = acceptance.connection(ws::Limits::new());
/// # drop(connection);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct OwnedOffer {
    target: String,
    resource_name: String,
    host: String,
    origin: Option<String>,
    key: Option<[u8; KEY_LEN]>,
    headers: Vec<(String, Vec<u8>)>,
}

impl OwnedOffer {
    pub(super) fn of<'a, H: Clone + IntoIterator<Item: Field<'a>>>(offer: &Offer<'a, H>) -> Self {
        let headers = offer.headers().clone().into_iter().map(|field| {
            let (name, value) = field.parts();
            (name.into(), value.into())
        });
        Self {
            target: offer.target().into(),
            resource_name: offer.resource_name().into(),
            host: offer.host().into(),
            origin: offer.origin().map(Into::into),
            key: offer.key().copied(),
            headers: headers.collect(),
        }
    }

    /// The offer, to accept or to refuse.
    pub fn as_offer(&self) -> Offer<'_, &[(String, Vec<u8>)]> {
        let headers = self.headers.as_slice();
        let HandshakeFields { protocol, extensions, .. } = HandshakeFields::gather(headers);
        Offer {
            target: &self.target,
            resource_name: &self.resource_name,
            host: &self.host,
            origin: self.origin.as_deref(),
            key: self.key.as_ref(),
            protocol,
            extensions,
            headers,
        }
    }
}

/// As an [`Offer`] is shown.
impl fmt::Debug for OwnedOffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_offer().fmt(f)
    }
}
