use super::fields::{EXTENSIONS, Fields, PROTOCOL, Seen, check_protocols, extensions, protocols};
use super::key::{KEY_LEN, parse_key};
use super::{Error, Extension, Extensions, Origins, SendError, accept_key};
use crate::append::Append;
use crate::http::syntax::{authority, is_visible, split_once};
use crate::http::{self, Headers};
use crate::http1::{self, HeadReader, Limits, Request, ResponseWriter, Version};
use crate::{Buffer, Truncated};

/// The server's side of the opening handshake (§4.2): reads one request.
#[derive(Debug)]
pub struct Server<'o, B> {
    origins: Origins<'o>,
    reader: HeadReader<B>,
    state: State,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Reading,
    Done,
    Failed(Error),
}

impl<'o, B: Buffer> Server<'o, B> {
    /// A server for clients of these origins, that gathers in `storage` a head that does not
    /// arrive in one piece: as many bytes as the limits allow, if it is not to grow.
    pub const fn new(origins: Origins<'o>, storage: B, limits: Limits) -> Self {
        Self { origins, reader: HeadReader::new(storage, limits), state: State::Reading }
    }

    /// Reads the request, advancing `input` past it, and checks it.
    ///
    /// `None` means that every byte of `input` was taken and more are needed. After the offer,
    /// what is left in `input` are frames, and `receive` returns `None` and takes nothing.
    ///
    /// # Errors
    ///
    /// Errors are final. [`Error::respond`] writes what is owed to the client; then the
    /// connection is to be closed, and what is left in `input` forgotten.
    pub fn receive<'a, 'i: 'a>(
        &'a mut self,
        input: &mut &'i mut [u8],
    ) -> Result<Option<Offer<'a>>, Error> {
        let Self { origins, reader, state } = self;
        match *state {
            State::Reading => {}
            State::Done => return Ok(None),
            State::Failed(e) => return Err(e),
        }
        let mut fields = Fields::default();
        let request = reader.read_request_with(input, |name, value| fields.see(name, value));
        let offer = match request {
            Ok(None) => return Ok(None),
            Ok(Some(request)) => Offer::from_fields(&request, &fields, *origins),
            Err(e) => Err(e.into()),
        };
        *state = offer.as_ref().err().map_or(State::Done, |e| State::Failed(*e));
        offer.map(Some)
    }

    /// Tells whether the stream may end here: not inside the head.
    pub const fn finish(&self) -> Result<(), Truncated> {
        self.reader.check_eof()
    }
}

/// A request to speak WebSocket that keeps to the standard and comes from an origin that is
/// admitted (§4.2.1): to [`accept`](Self::accept) or to [`refuse`].
#[derive(Clone, Debug)]
pub struct Offer<'a, H = Headers<'a>> {
    target: &'a str,
    resource_name: &'a str,
    host: &'a str,
    origin: Option<&'a str>,
    key: &'a [u8; KEY_LEN],
    protocol: Seen<'a>,
    extensions: Seen<'a>,
    headers: H,
}

impl<'a> Offer<'a> {
    /// Checks a request that was read already.
    ///
    /// [`Error::NotAnUpgrade`] tells a request for a page, to which a server of both may answer
    /// with one.
    pub fn from_request(request: &Request<'a>, origins: Origins<'_>) -> Result<Self, Error> {
        Self::from_fields(request, &Fields::gather(request.headers()), origins)
    }

    fn from_fields(
        request: &Request<'a>,
        fields: &Fields<'a>,
        origins: Origins<'_>,
    ) -> Result<Self, Error> {
        let (method, version, target) = (request.method(), request.version(), request.target());
        Self::check(method, version, target, request.host(), request.headers(), fields, origins)
    }
}

impl<'a, H, N, V> Offer<'a, H>
where
    H: Clone + IntoIterator<Item = (&'a N, &'a V)>,
    N: AsRef<str> + ?Sized + 'a,
    V: AsRef<[u8]> + ?Sized + 'a,
{
    /// Checks a request that somebody else has parsed: names and values of its headers, those of
    /// the same name in their order. A slice of pairs will do, or a reference to the map that an
    /// HTTP stack keeps them in.
    ///
    /// Whoever parsed it is answerable for what [`http1`] refuses: above all, that
    /// nothing in a name or a value ends a line.
    pub fn from_parts(
        method: &str,
        version: Version,
        target: &'a str,
        headers: H,
        origins: Origins<'_>,
    ) -> Result<Self, Error> {
        let fields = Fields::gather(headers.clone());
        let host = match fields.host {
            Seen::Never => None,
            Seen::Once(host) => Some(
                core::str::from_utf8(host)
                    .ok()
                    .filter(|host| authority(host).is_some())
                    .ok_or(http1::Error::BadHost)?,
            ),
            Seen::Again(_) => return Err(http1::Error::RepeatedHost.into()),
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
        fields: &Fields<'a>,
        origins: Origins<'_>,
    ) -> Result<Self, Error> {
        if method != "GET" {
            return Err(Error::Method);
        }
        if version < Version::Http11 {
            return Err(Error::HttpVersion);
        }
        let host = host.ok_or(http1::Error::MissingHost)?;
        if host.is_empty() || host.starts_with(':') {
            return Err(http1::Error::BadHost.into());
        }
        let (authority, resource_name) = split_target(target).ok_or(Error::Target)?;
        // Where the target names a host, `Host` does not count (RFC 9112 §3.2.2).
        let host = authority.unwrap_or(host);
        fields.check_upgrade()?;
        if fields.body {
            return Err(Error::Body);
        }
        if fields.version.only(Error::Version, Error::RepeatedVersion)? != b"13" {
            return Err(Error::Version);
        }
        let key = fields.key.only(Error::Key, Error::RepeatedKey)?;
        let key = parse_key(key).ok_or(Error::Key)?;
        let origin = origins.check(fields.origin, host)?;
        if fields.protocol.is_any() {
            check_protocols(fields.protocol.all(PROTOCOL, &headers))?;
        }
        for value in fields.extensions.all(EXTENSIONS, &headers) {
            Extensions::parse(value)?;
        }
        let Fields { protocol, extensions, .. } = *fields;
        Ok(Self { target, resource_name, host, origin, key, protocol, extensions, headers })
    }

    /// The request target as it was sent.
    pub const fn target(&self) -> &'a str {
        self.target
    }

    /// The path and, if sent, the query, beginning with a slash (§3).
    pub const fn resource_name(&self) -> &'a str {
        self.resource_name
    }

    /// The host that the request is for and, if sent, the port.
    pub const fn host(&self) -> &'a str {
        self.host
    }

    /// The origin, if one was sent (§10.2).
    pub const fn origin(&self) -> Option<&'a str> {
        self.origin
    }

    /// All headers.
    pub const fn headers(&self) -> &H {
        &self.headers
    }

    /// The offered subprotocols, by the client's preference (§11.3.4).
    ///
    /// The same one may be there twice, although the standard forbids it: it makes no difference,
    /// and to look for it would.
    pub fn protocols(&self) -> impl Iterator<Item = &'a str> + use<'a, H, N, V> {
        protocols(self.protocol.all(PROTOCOL, &self.headers))
    }

    /// Chooses the first of the server's subprotocols that was offered.
    pub fn choose<'s>(&self, supported: &[&'s str]) -> Option<&'s str> {
        let rank = |offered| supported.iter().position(|protocol| *protocol == offered);
        supported.get(self.protocols().filter_map(rank).min()?).copied()
    }

    /// The offered extensions, by the client's preference (§9.1).
    pub fn extensions(&self) -> impl Iterator<Item = Extension<'a>> + use<'a, H, N, V> {
        extensions(self.extensions.all(EXTENSIONS, &self.headers))
    }

    /// Accepts the offer; what is accepted of it is to be added and written.
    pub const fn accept(&self) -> AcceptWriter<'_, 'a, H> {
        AcceptWriter { offer: self, protocol: None, extensions: None, headers: &[] }
    }
}

/// Writes the response that accepts an [`Offer`] (§4.2.2), whole or not at all.
#[derive(Clone, Copy, Debug)]
#[must_use = "nothing is written before `write`"]
pub struct AcceptWriter<'o, 'a, H = Headers<'a>> {
    offer: &'o Offer<'a, H>,
    protocol: Option<&'o str>,
    extensions: Option<&'o str>,
    headers: &'o [(&'o str, &'o str)],
}

impl<'o, 'a, H, N, V> AcceptWriter<'o, 'a, H>
where
    H: Clone + IntoIterator<Item = (&'a N, &'a V)>,
    N: AsRef<str> + ?Sized + 'a,
    V: AsRef<[u8]> + ?Sized + 'a,
{
    /// Sets the subprotocol, one of those offered.
    pub const fn protocol(mut self, protocol: Option<&'o str>) -> Self {
        self.protocol = protocol;
        self
    }

    /// Sets the extensions in use, each by a name that was offered, as in
    /// `permessage-deflate; server_no_context_takeover`.
    pub const fn extensions(mut self, list: Option<&'o str>) -> Self {
        self.extensions = list;
        self
    }

    /// Sets headers to write after those of the handshake, in this order.
    ///
    /// `Connection`, `Content-Length`, `Transfer-Encoding`, `Upgrade` and all `Sec-WebSocket-`
    /// are reserved.
    pub const fn headers(mut self, headers: &'o [(&'o str, &'o str)]) -> Self {
        self.headers = headers;
        self
    }

    /// Appends the response to `out`. Frames may follow it.
    pub fn write(&self, out: &mut impl Buffer) -> Result<(), SendError> {
        if let Some(protocol) = self.protocol
            && !self.offer.protocols().any(|offered| offered == protocol)
        {
            return Err(SendError::ProtocolNotOffered);
        }
        if let Some(list) = self.extensions {
            for accepted in Extensions::parse(list.as_bytes()).map_err(|_| SendError::Extensions)? {
                if !self.offer.extensions().any(|offered| offered.name() == accepted.name()) {
                    return Err(SendError::ExtensionNotOffered);
                }
            }
        }
        http::check_fields(self.headers, is_reserved)?;
        let mut head = Append::new(out);
        head.put(
            b"HTTP/1.1 101 Switching Protocols\r\n\
            Upgrade: websocket\r\n\
            Connection: Upgrade\r\n\
            Sec-WebSocket-Accept: ",
        );
        head.put(&accept_key(self.offer.key));
        head.put(b"\r\n");
        if let Some(protocol) = self.protocol {
            head.put_field(PROTOCOL, protocol.into());
        }
        if let Some(list) = self.extensions {
            head.put_field(EXTENSIONS, list.into());
        }
        head.headers(self.headers);
        head.put(b"\r\n");
        Ok(head.finish()?)
    }
}

/// Writes a response that refuses a request, whole or not at all: a redirection or an error, of
/// status 300 to 599 (§4.2.2).
///
/// It says `Connection: close`: the caller must close the connection, and whatever came after
/// the head is not to be read as anything.
pub fn refuse(
    status: u16,
    headers: &[(&str, &str)],
    body: &[u8],
    out: &mut impl Buffer,
) -> Result<(), SendError> {
    if !matches!(status, 300..=599) {
        return Err(http1::SendError::Status.into());
    }
    Ok(ResponseWriter::new(status).headers(headers).body(body).close().write(out)?)
}

/// The headers that only the handshake itself may set.
pub(super) fn is_reserved(name: &str) -> bool {
    let prefix = name.get(..14).unwrap_or_default();
    prefix.eq_ignore_ascii_case("sec-websocket-")
        || name.eq_ignore_ascii_case("upgrade")
        || http::is_framing(name)
}

fn is_authority(text: &str) -> bool {
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
    if !["http", "https"].iter().any(|known| scheme.eq_ignore_ascii_case(known)) {
        return None;
    }
    let rest = rest.strip_prefix("//")?;
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, name) = rest.split_at_checked(end)?;
    let name = if name.is_empty() { "/" } else { name };
    (is_authority(authority) && name.starts_with('/')).then_some((Some(authority), name))
}
