use super::Error;
use super::fields::Seen;
use crate::http::syntax::{authority, is_visible, split_once};

/// The web sites that may open a connection (§10.2).
///
/// A browser lets every site open a WebSocket to every server, and sends the server's own cookies
/// along. A server that goes by cookies must therefore look where the request comes from, or any
/// page that its users visit can speak in their name (*cross-site WebSocket hijacking*). This
/// is why there is no default.
///
/// Origins are the same if scheme, host and port are: without regard to the case of the first
/// two, with the scheme's own port where none is written. A part of a host never matches.
/// `null`, the origin of sandboxed frames and local files, is admitted only by
/// [`any`](Self::any) and where [`exact`](Self::exact) lists it; every site can make such a frame.
///
/// For a rule of your own, take [`any`](Self::any), and look at
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
    rule: Rule<'a>,
    absent: bool,
}

#[derive(Clone, Copy, Debug)]
enum Rule<'a> {
    Exact(&'a [&'a str]),
    SameHost,
    Any,
}

impl<'a> Origins<'a> {
    /// The origins in `list`, each as a browser writes it: `https://example.com`, with a port if
    /// it is not the scheme's own and nothing behind. An entry that is written differently admits
    /// nobody but clients who write it the same way, which browsers do not.
    pub const fn exact(list: &'a [&'a str]) -> Self {
        Self { rule: Rule::Exact(list), absent: false }
    }

    /// The origins whose host and port are those that the request is for.
    ///
    /// The scheme is not compared, since a server behind a proxy does not know it. The host is
    /// the one that the client says it means: who can make a name of his own resolve to this
    /// server (*DNS rebinding*) passes, unless the caller checks the host or lists the origins.
    pub const fn same_host() -> Self {
        Self { rule: Rule::SameHost, absent: false }
    }

    /// Every origin, `null`, and none: for servers to which it makes no difference, because who
    /// a client is does not depend on cookies, addresses or anything else a browser adds.
    pub const fn any() -> Self {
        Self { rule: Rule::Any, absent: true }
    }

    /// Admits requests without an `Origin` too.
    ///
    /// Browsers always send one, other programs seldom do, and can send what they like.
    #[must_use]
    pub const fn or_absent(mut self) -> Self {
        self.absent = true;
        self
    }

    /// The origin of a request for `host`, if it is admitted.
    pub(super) fn check<'h>(&self, origin: Seen<'h>, host: &str) -> Result<Option<&'h str>, Error> {
        let origin = match origin {
            Seen::Never if self.absent => return Ok(None),
            Seen::Never => return Err(Error::MissingOrigin),
            Seen::Once(origin) => origin,
            Seen::Again(_) => return Err(Error::RepeatedOrigin),
        };
        let origin = core::str::from_utf8(origin).map_err(|_| Error::Origin)?;
        let admitted = match self.rule {
            Rule::Exact(list) => list.iter().any(|admitted| is_same(admitted, origin)),
            Rule::SameHost => is_same_host(origin, host),
            Rule::Any => is_visible(origin.as_bytes()),
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

/// The port, unless it is the one that stands for none.
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

/// `host` is known to be a host with an optional port.
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
