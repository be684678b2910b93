//! An offer that is kept while somebody decides about it.

use core::fmt;

use alloc::string::String;
use alloc::vec::Vec;

use super::Offer;
use super::fields::HandshakeFields;
use super::key::KEY_LEN;
use crate::http::Field;

/// An [`Offer`] that owns its strings, to keep while somebody else decides about it.
///
/// ```
/// use framewright::http1::Limits;
/// use framewright::ws;
/// use framewright::ws::handshake::{Offer, Origins, OwnedOffer, Server};
///
/// # let mut request = *b"GET /chat HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\
/// #     Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
/// #     Sec-WebSocket-Version: 13\r\n\r\n";
/// # let mut input = &mut request[..];
/// let mut server = Server::new(Origins::any(), Vec::new(), Limits::new());
/// let Some(offer) = server.receive(&mut input)? else { panic!("the request is all there") };
/// let waiting = OwnedOffer::from(&offer);
///
/// // … once the database has answered:
/// let mut out = Vec::new();
/// let offer = Offer::from(&waiting);
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

/// Copies what was offered, and the headers.
impl<'a, H: Clone + IntoIterator<Item: Field<'a>>> From<&Offer<'a, H>> for OwnedOffer {
    fn from(offer: &Offer<'a, H>) -> Self {
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
}

/// The offer, to accept or to refuse.
impl<'a> From<&'a OwnedOffer> for Offer<'a, &'a [(String, Vec<u8>)]> {
    fn from(owned: &'a OwnedOffer) -> Self {
        let headers = owned.headers.as_slice();
        let HandshakeFields { protocol, extensions, .. } = HandshakeFields::gather(headers);
        Self {
            target: &owned.target,
            resource_name: &owned.resource_name,
            host: &owned.host,
            origin: owned.origin.as_deref(),
            key: owned.key.as_ref(),
            protocol,
            extensions,
            headers,
        }
    }
}

/// As an [`Offer`] is shown.
impl fmt::Debug for OwnedOffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Offer::from(self).fmt(f)
    }
}
