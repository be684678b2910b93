//! Which origins may open a connection (RFC 6455 §10.2).

use super::Error;
use super::fields::FieldValues;
use crate::http::Field;
use crate::http::syntax::{authority, is_visible, list, split_once};

/// The web sites that may open a connection (§10.2).
///
/// A browser lets every site open a WebSocket to every server, and sends the server's cookies with the
/// request. A server that trusts cookies must therefore check where the request comes from. Otherwise
/// any page that its users visit can act in their name (*cross-site WebSocket hijacking*). So there is
/// no default.
///
/// Two origins are the same if their scheme, host and port are. Scheme and host are compared without
/// regard to case, and a missing port is the scheme's own. A part of a host never matches. `null` is the
/// origin of sandboxed frames and local files, and every site can make such a frame. It is admitted only
/// by [`any`](Self::any), or if [`exact`](Self::exact) lists it.
///
/// Rules can be joined: an origin is admitted if one of them admits it. For a rule of your own, use
/// [`any`](Self::any), and check [`Offer::origin`](super::Offer::origin) before you accept.
///
/// Laxer than the grammar, an empty `Origin` counts as none (RFC 6454 §7.1). No browser sends one.
///
/// ```
/// use framewright::ws::handshake::Origins;
///
/// // Pages of these two, and programs that are not browsers:
/// let origins = Origins::exact(&["https://example.com", "http://localhost:8080"]).or_absent();
/// // Pages of this server, and those of a development server:
/// let origins = Origins::same_host().or_exact(&["http://localhost:5173"]);
/// ```
///
/// # Behind a proxy
///
/// [`same_host`](Self::same_host) compares with the `Host` that arrives here, and many proxies replace
/// it. Then **every browser is refused with 403**. What to set, so that the `Host` of the browser
/// arrives with its port:
///
/// | proxy | by default | setting |
/// |---|---|---|
/// | nginx | sends its own `proxy_pass` address | `proxy_set_header Host $http_host;` |
/// | Apache | sends its own `ProxyPass` address | `ProxyPreserveHost On` |
/// | HAProxy, Caddy, Varnish, lighttpd | passes it on | |
///
/// The usual recipe for nginx, `Host $host`, loses the port: it only works on ports 80 and 443. If the
/// proxy cannot be told, list the origins, or let it send the host in another field and
/// [name that](Self::forwarded_host).
#[derive(Clone, Copy, Debug)]
pub struct Origins<'a> {
    listed: &'a [&'a str],
    same_host: bool,
    /// The field in which a proxy sends the host that it was asked for.
    forwarded_host: Option<&'a str>,
    any: bool,
    absent: bool,
}

impl<'a> Origins<'a> {
    /// The origins in `list`, each as a browser writes it: `https://example.com`, with a port if it is
    /// not the scheme's own, and with nothing after that. An entry in another form admits only clients
    /// that send the same form, which browsers never do.
    pub const fn exact(list: &'a [&'a str]) -> Self {
        Self { listed: list, same_host: false, forwarded_host: None, any: false, absent: false }
    }

    /// The origins whose host and port are those that the request is for.
    ///
    /// The scheme is not compared, because a server behind a proxy does not know it. The host is the
    /// one that the client sent, and a proxy must [pass it on](#behind-a-proxy). An attacker whose own
    /// name resolves to this server (*DNS rebinding*) is admitted, unless the caller checks the host or
    /// lists the origins.
    pub const fn same_host() -> Self {
        Self { same_host: true, ..Self::exact(&[]) }
    }

    /// Every origin, `null`, lists of several, and requests without one. This is for servers that do
    /// not identify clients by cookies, addresses or anything else that a browser adds by itself.
    pub const fn any() -> Self {
        Self { any: true, absent: true, ..Self::exact(&[]) }
    }

    /// Admits the origins in `list` too, each in the form that [`exact`](Self::exact) asks for. They
    /// replace those of an earlier list.
    #[must_use]
    pub const fn or_exact(mut self, list: &'a [&'a str]) -> Self {
        self.listed = list;
        self
    }

    /// Reads the host that a request is for from the field `name`, such as `X-Forwarded-Host`, instead
    /// of `Host`. This is for [`same_host`](Self::same_host) behind a proxy that replaces `Host`.
    ///
    /// The proxy must set the field, or remove it from what clients send. A request without the field
    /// has its `Host` compared. Where several proxies have made a list of it, the first element counts:
    /// the host that the browser asked for. Anything but a host with an optional port admits nothing.
    #[must_use]
    pub const fn forwarded_host(mut self, name: &'a str) -> Self {
        self.forwarded_host = Some(name);
        self
    }

    /// Admits requests without an `Origin` too.
    ///
    /// Browsers always send one. Other programs seldom do, and they can send any.
    #[must_use]
    pub const fn or_absent(mut self) -> Self {
        self.absent = true;
        self
    }

    /// Returns whether a request of any kind for `host`, with these headers, is admitted.
    ///
    /// An [`Offer`](super::Offer) is checked by itself. This is for requests that share sessions with WebSockets, such
    /// as the polls of Engine.IO and SockJS. With a GET, browsers send no `Origin` to a server of the same origin:
    /// [`or_absent`](Self::or_absent) admits them.
    ///
    /// ```
    /// use framewright::ws::handshake::Origins;
    ///
    /// let origins = Origins::same_host().or_absent();
    /// assert!(origins.admits("example.com", &[("Origin", "https://example.com")]));
    /// assert!(!origins.admits("example.com", &[("Origin", "https://example.org")]));
    /// ```
    pub fn admits<'h, H>(&self, host: &'h str, headers: &H) -> bool
    where
        H: Clone + IntoIterator<Item: Field<'h>>,
    {
        let mut origin = FieldValues::default();
        for (name, value) in headers.clone().into_iter().map(Field::parts) {
            if name.eq_ignore_ascii_case("Origin") {
                origin.add(value);
            }
        }
        self.check(origin, host, headers).is_ok()
    }

    /// The origin of a request for `host` with `headers`, if it is admitted.
    pub(super) fn check<'h, H>(
        &self,
        origin: FieldValues<'h>,
        host: &'h str,
        headers: &H,
    ) -> Result<Option<&'h str>, Error>
    where
        H: Clone + IntoIterator<Item: Field<'h>>,
    {
        let origin = match origin {
            FieldValues::None | FieldValues::One(b"") if self.absent => return Ok(None),
            FieldValues::None | FieldValues::One(b"") => return Err(Error::MissingOrigin),
            FieldValues::One(origin) => origin,
            FieldValues::Several(_) => return Err(Error::RepeatedOrigin),
        };
        let origin = core::str::from_utf8(origin).map_err(|_| Error::Origin)?;
        let is_admitted = (self.any && is_origin_list(origin))
            || (self.same_host
                && self.browser_host(host, headers).is_some_and(|host| is_same_host(origin, host)))
            || self.listed.iter().any(|listed| is_same(listed, origin));
        if is_admitted { Ok(Some(origin)) } else { Err(Error::Origin) }
    }

    /// The host that the browser asked for: `host`, unless a proxy says otherwise. `None` if what the
    /// proxy says is no host.
    fn browser_host<'h, H>(&self, host: &'h str, headers: &H) -> Option<&'h str>
    where
        H: Clone + IntoIterator<Item: Field<'h>>,
    {
        let Some(forwarded) = self.forwarded_host else { return Some(host) };
        let mut fields = headers.clone().into_iter().map(Field::parts);
        let Some((_, value)) = fields.find(|(name, _)| name.eq_ignore_ascii_case(forwarded)) else {
            return Some(host);
        };
        let first = core::str::from_utf8(list(value).next()?).ok()?;
        authority(first).is_some_and(|(host, _)| !host.is_empty()).then_some(first)
    }
}

/// Whether `text` is visible ASCII, or several of it with spaces between them (RFC 6454 §7.1).
fn is_origin_list(text: &str) -> bool {
    text.as_bytes().split(|&byte| byte == b' ').all(is_visible)
}

/// A scheme, a host, and a port that is not the scheme's own.
struct Origin<'a> {
    scheme: &'a str,
    host: &'a str,
    port: Option<u16>,
}

impl<'a> Origin<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let (scheme, rest) = split_once(text, ':')?;
        let rest = rest.strip_prefix("//")?;
        let valid = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.');
        if scheme.is_empty() || !scheme.bytes().all(valid) || rest.ends_with(':') {
            return None;
        }
        let (host, port) = authority(rest)?;
        (!host.is_empty()).then(|| Self { scheme, host, port: port_for(scheme, port) })
    }
}

/// The port, unless it is the scheme's own.
fn port_for(scheme: &str, port: &str) -> Option<u16> {
    let own = [("https", 443), ("http", 80), ("wss", 443), ("ws", 80)]
        .into_iter()
        .find_map(|(name, port)| name.eq_ignore_ascii_case(scheme).then_some(port));
    port.parse().ok().filter(|port| own != Some(*port))
}

fn is_same(admitted: &str, origin: &str) -> bool {
    if admitted == origin {
        return true;
    }
    match (Origin::parse(admitted), Origin::parse(origin)) {
        (Some(a), Some(b)) => {
            a.scheme.eq_ignore_ascii_case(b.scheme)
                && a.host.eq_ignore_ascii_case(b.host)
                && a.port == b.port
        }
        _ => false,
    }
}

/// `host` must be a host with an optional port.
fn is_same_host(origin: &str, host: &str) -> bool {
    let rest = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
    if rest == Some(host) {
        return true;
    }
    match (Origin::parse(origin), authority(host)) {
        (Some(origin), Some((host, port))) => {
            origin.host.eq_ignore_ascii_case(host) && origin.port == port_for(origin.scheme, port)
        }
        _ => false,
    }
}
