//! A request to speak WebSocket, checked (RFC 6455 §4.2.1).

use core::fmt;

use super::fields::{
    EXTENSIONS, FieldValues, HandshakeFields, PROTOCOL, check_protocols, extensions, protocols,
};
use super::key::KEY_LEN;
use super::{Acceptance, Error, Extension, Extensions, Origins, Refusal};
use crate::http::syntax::{authority, is_visible, split_once};
use crate::http::{Field, Headers};
use crate::http1::{self, Request, Version};

/// A valid request to speak WebSocket, from an origin that is admitted (§4.2.1).
///
/// [Accept](Self::accept) or [refuse](Self::refuse) it. Its `Debug` shows no values of headers, which
/// may be cookies. `H` is the header list: [`Headers`] unless the request came
/// [from parts](Self::from_parts) or [over HTTP/2](Self::from_connect).
///
/// ```
/// use framewright::http1::Version;
/// use framewright::ws::handshake::{Offer, Origins};
///
/// let headers = [
///     ("Host", "example.com"),
///     ("Upgrade", "websocket"),
///     ("Connection", "Upgrade"),
///     ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
///     ("Sec-WebSocket-Version", "13"),
///     ("Sec-WebSocket-Protocol", "chat, superchat"),
/// ];
/// let offer = Offer::from_parts("GET", Version::Http11, "/room", &headers, Origins::any())?;
/// assert_eq!(offer.resource_name(), "/room");
/// let protocol = offer.choose(&["superchat", "chat"]); // in the server's order
/// let mut out = Vec::new();
/// offer.accept().protocol(protocol).write(&mut out)?;
/// assert!(out.ends_with(b"\r\nSec-WebSocket-Protocol: superchat\r\n\r\n"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Offer<'a, H = Headers<'a>> {
    pub(super) target: &'a str,
    pub(super) resource_name: &'a str,
    pub(super) host: &'a str,
    pub(super) origin: Option<&'a str>,
    /// `None` over HTTP/2, where there is none (RFC 8441 §5).
    pub(super) key: Option<&'a [u8; KEY_LEN]>,
    pub(super) protocol: FieldValues<'a>,
    pub(super) extensions: FieldValues<'a>,
    pub(super) headers: H,
}

impl<'a> Offer<'a> {
    /// Checks a request that was read before.
    ///
    /// [`Error::NotAnUpgrade`] means an ordinary HTTP request, which a server that also serves
    /// pages may answer.
    pub fn from_request(request: &Request<'a>, origins: Origins<'_>) -> Result<Self, Error> {
        Self::from_fields(request, &HandshakeFields::gather(request.headers()), origins)
    }

    pub(super) fn from_fields(
        request: &Request<'a>,
        fields: &HandshakeFields<'a>,
        origins: Origins<'_>,
    ) -> Result<Self, Error> {
        let (method, version, target) = (request.method(), request.version(), request.target());
        Self::check(method, version, target, request.host(), request.headers(), fields, origins)
    }
}

impl<'a, H: Clone + IntoIterator<Item: Field<'a>>> Offer<'a, H> {
    /// Checks a request that another HTTP stack has parsed. `headers` may be any collection of
    /// [`Field`]s, such as a reference to an `http::HeaderMap`.
    ///
    /// The HTTP stack must have refused everything else that [`http1`] refuses. Above all, no name
    /// or value may have a line end in it.
    pub fn from_parts(
        method: &str,
        version: Version,
        target: &'a str,
        headers: H,
        origins: Origins<'_>,
    ) -> Result<Self, Error> {
        let fields = HandshakeFields::gather(headers.clone());
        let host = match fields.host {
            FieldValues::None => None,
            FieldValues::One(host) => Some(
                core::str::from_utf8(host)
                    .ok()
                    .filter(|host| authority(host).is_some())
                    .ok_or(http1::Error::BadHost)?,
            ),
            FieldValues::Several(_) => return Err(http1::Error::RepeatedHost.into()),
        };
        Self::check(method, version, target, host, headers, &fields, origins)
    }

    /// `host` is a host with an optional port, or empty.
    fn check(
        method: &str,
        version: Version,
        target: &'a str,
        host: Option<&'a str>,
        headers: H,
        fields: &HandshakeFields<'a>,
        origins: Origins<'_>,
    ) -> Result<Self, Error> {
        if method != "GET" {
            return Err(Error::Method);
        }
        if version < Version::Http11 {
            return Err(if fields.upgrade { Error::HttpVersion } else { Error::NotAnUpgrade });
        }
        let host = host.ok_or(http1::Error::MissingHost)?;
        let (authority, resource_name) = split_target(target).ok_or(Error::Target)?;
        // Where the target names a host, `Host` does not count (RFC 9112 §3.2.2).
        let host = authority.unwrap_or(host);
        if host.is_empty() || host.starts_with(':') {
            return Err(http1::Error::BadHost.into());
        }
        fields.check_upgrade()?;
        if fields.body {
            return Err(Error::Body);
        }
        if fields.version.only(Error::Version, Error::RepeatedVersion)? != b"13" {
            return Err(Error::Version);
        }
        let key = fields.key.only(Error::Key, Error::RepeatedKey)?;
        let key = super::key::parse_key(key).ok_or(Error::Key)?;
        Self::check_offer(target, (host, resource_name), Some(key), headers, fields, origins)
    }

    /// Checks what is the same over HTTP/1.1 and HTTP/2.
    pub(super) fn check_offer(
        target: &'a str,
        (host, resource_name): (&'a str, &'a str),
        key: Option<&'a [u8; KEY_LEN]>,
        headers: H,
        fields: &HandshakeFields<'a>,
        origins: Origins<'_>,
    ) -> Result<Self, Error> {
        let origin = origins.check(fields.origin, host, &headers)?;
        check_protocols(fields.protocol.all(PROTOCOL, &headers))?;
        for value in fields.extensions.all(EXTENSIONS, &headers) {
            Extensions::parse(value)?;
        }
        let HandshakeFields { protocol, extensions, .. } = *fields;
        Ok(Self { target, resource_name, host, origin, key, protocol, extensions, headers })
    }

    /// The request target as it was sent.
    pub const fn target(&self) -> &'a str {
        self.target
    }

    /// The path, which begins with a slash, and the query if there is one (§3). Of a URL with a query and
    /// no path, it is the query alone, with its question mark: the path is `/` (RFC 9110 §4.2.3).
    pub const fn resource_name(&self) -> &'a str {
        self.resource_name
    }

    /// The host that the request is for, and the port if it was sent.
    pub const fn host(&self) -> &'a str {
        self.host
    }

    /// The origin, if it was sent (§10.2).
    pub const fn origin(&self) -> Option<&'a str> {
        self.origin
    }

    /// All headers.
    pub const fn headers(&self) -> &H {
        &self.headers
    }

    /// The offered subprotocols, in the client's order of preference (§11.3.4).
    ///
    /// Laxer than the grammar, the list may be empty (RFC 9110 §5.6.1.2): there are clients that send
    /// it without any subprotocol.
    ///
    /// The standard forbids duplicates. They are not rejected: checking costs time and changes
    /// nothing.
    pub fn protocols(&self) -> impl Iterator<Item = &'a str> + use<'a, H> {
        protocols(self.protocol.all(PROTOCOL, &self.headers))
    }

    /// Chooses the first of the server's subprotocols that was offered.
    pub fn choose<'s>(&self, supported: &[&'s str]) -> Option<&'s str> {
        let rank = |offered| supported.iter().position(|protocol| *protocol == offered);
        supported.get(self.protocols().filter_map(rank).min()?).copied()
    }

    /// The offered extensions, in the client's order of preference (§9.1).
    pub fn extensions(&self) -> impl Iterator<Item = Extension<'a>> + use<'a, H> {
        extensions(self.extensions.all(EXTENSIONS, &self.headers))
    }

    /// Accepts the offer. Add what is accepted of it, and write the response.
    pub const fn accept(&self) -> Acceptance<'_, 'a, H> {
        Acceptance::of(self)
    }

    /// Refuses the offer with a redirection or an error: a status from 300 to 599 (§4.2.2). Add headers
    /// and a body, and write the response.
    pub const fn refuse(&self, status: u16) -> Refusal<'static> {
        Refusal::of_status(status, self.key.is_none())
    }

    pub(super) const fn key(&self) -> Option<&'a [u8; KEY_LEN]> {
        self.key
    }
}

impl<'a, H: Clone + IntoIterator<Item: Field<'a>>> fmt::Debug for Offer<'a, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        struct Names<H>(H);

        impl<'a, H: Clone + IntoIterator<Item: Field<'a>>> fmt::Debug for Names<H> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_list()
                    .entries(self.0.clone().into_iter().map(|field| field.parts().0))
                    .finish()
            }
        }

        f.debug_struct("Offer")
            .field("target", &self.target)
            .field("headers", &Names(self.headers.clone()))
            .finish_non_exhaustive()
    }
}

pub(super) fn is_authority(text: &str) -> bool {
    authority(text).is_some_and(|(host, _)| !host.is_empty())
}

/// Splits a target into its authority, if it has one, and its resource name.
fn split_target(target: &str) -> Option<(Option<&str>, &str)> {
    if !is_visible(target.as_bytes()) || target.contains('#') {
        return None;
    }
    if target.starts_with('/') {
        return Some((None, target));
    }
    let (scheme, rest) = split_once(target, ':')?;
    if !["ws", "wss", "http", "https"].iter().any(|known| scheme.eq_ignore_ascii_case(known)) {
        return None;
    }
    let rest = rest.strip_prefix("//")?;
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, name) = rest.split_at_checked(end)?;
    let name = if name.is_empty() { "/" } else { name };
    is_authority(authority).then_some((Some(authority), name))
}
