//! Which origins may open a connection (RFC 6455 §10.2).

use super::Error;
use super::fields::FieldValues;
use crate::http::syntax::{authority, is_visible, split_once};

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
/// For a rule of your own, use [`any`](Self::any), and check
/// [`Offer::origin`](super::Offer::origin) before you accept.
///
/// ```
/// use framewright::ws::handshake::Origins;
///
/// // Pages of these two, and programs that are not browsers:
/// let origins = Origins::exact(&["https://example.com", "http://localhost:8080"]).or_absent();
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Origins<'a> {
    rule: OriginRule<'a>,
    absent: bool,
}

#[derive(Clone, Copy, Debug)]
enum OriginRule<'a> {
    Exact(&'a [&'a str]),
    SameHost,
    Any,
}

impl<'a> Origins<'a> {
    /// The origins in `list`, each as a browser writes it: `https://example.com`, with a port if it is
    /// not the scheme's own, and with nothing after that. An entry in another form admits only clients
    /// that send the same form, which browsers never do.
    pub const fn exact(list: &'a [&'a str]) -> Self {
        Self { rule: OriginRule::Exact(list), absent: false }
    }

    /// The origins whose host and port are those that the request is for.
    ///
    /// The scheme is not compared, because a server behind a proxy does not know it. The host is the
    /// one that the client sent. An attacker whose own name resolves to this server (*DNS rebinding*)
    /// is admitted, unless the caller checks the host or lists the origins.
    pub const fn same_host() -> Self {
        Self { rule: OriginRule::SameHost, absent: false }
    }

    /// Every origin, `null`, and requests without one. This is for servers that do not identify clients
    /// by cookies, addresses or anything else that a browser adds by itself.
    pub const fn any() -> Self {
        Self { rule: OriginRule::Any, absent: true }
    }

    /// Admits requests without an `Origin` too.
    ///
    /// Browsers always send one. Other programs seldom do, and they can send any.
    #[must_use]
    pub const fn or_absent(mut self) -> Self {
        self.absent = true;
        self
    }

    /// The origin of a request for `host`, if it is admitted.
    pub(super) fn check<'h>(
        &self,
        origin: FieldValues<'h>,
        host: &str,
    ) -> Result<Option<&'h str>, Error> {
        let origin = match origin {
            FieldValues::None if self.absent => return Ok(None),
            FieldValues::None => return Err(Error::MissingOrigin),
            FieldValues::One(origin) => origin,
            FieldValues::Several(_) => return Err(Error::RepeatedOrigin),
        };
        let origin = core::str::from_utf8(origin).map_err(|_| Error::Origin)?;
        let admitted = match self.rule {
            OriginRule::Exact(list) => list.iter().any(|admitted| is_same(admitted, origin)),
            OriginRule::SameHost => is_same_host(origin, host),
            OriginRule::Any => is_visible(origin.as_bytes()),
        };
        if admitted { Ok(Some(origin)) } else { Err(Error::Origin) }
    }
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
