//! The server's reply, and the check of it (RFC 6455 §4.1).

use core::fmt;

#[cfg(feature = "alloc")]
use alloc::string::String;

use super::fields::{EXTENSIONS, FieldValues, HandshakeFields, PROTOCOL, extensions};
#[cfg(feature = "alloc")]
use super::offered::lists_extension;
use super::offered::{Agreed, Offered};
use super::{Error, Extension, Extensions, accept_key};
use crate::http::syntax::ascii;
use crate::http::{Field, Headers};
use crate::http1::{Response, Version};
use crate::ws::{Client, Connection, Limits};

/// The server's reply to a [`ClientRequest`](super::ClientRequest), as a [`Client`](super::Client) reads it.
#[derive(Clone, Copy, Debug)]
pub enum Reply<'a> {
    /// The connection is open. Frames follow.
    Accepted(Accepted<'a>),
    /// Any other final response, for instance a redirection or 401. Its body follows.
    Refused(Response<'a>),
    /// A response before the final one (RFC 9110 §15.2). Receive again.
    Interim(Response<'a>),
}

/// What the response to a [`ClientRequest`](super::ClientRequest) must answer (§4.1).
///
/// It is for a response that another HTTP stack has parsed. A [`Client`](super::Client) checks by
/// itself what it reads.
///
/// ```
/// use framewright::http1::Version;
/// use framewright::ws::handshake::{ClientRequest, Error, ReplyCheck};
///
/// let request = ClientRequest::new("example.com", "/");
/// let (_fields, check): (_, ReplyCheck<'_>) = request.to_fields(*b"the sample nonce")?;
/// let headers = [("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Accept", "?")];
/// let accepted = check.check(101, Version::Http11, &headers);
/// assert_eq!(accepted.err(), Some(Error::Accept)); // of another key
/// # Ok::<(), framewright::ws::handshake::SendError>(())
/// ```
#[derive(Clone, Debug)]
pub struct ReplyCheck<'o> {
    /// `None` over HTTP/2.
    accept: Option<[u8; 28]>,
    protocols: &'o [&'o str],
    offered: Offered<'o>,
    /// Takes the place of both lists, if it is there.
    #[cfg(feature = "alloc")]
    owned: Option<OwnedLists>,
}

/// The lists that a client offered, as they were sent.
#[cfg(feature = "alloc")]
#[derive(Clone, Debug)]
struct OwnedLists {
    protocols: String,
    extensions: String,
}

impl<'o> ReplyCheck<'o> {
    pub(super) fn new(key: Option<&[u8]>, protocols: &'o [&'o str], offered: Offered<'o>) -> Self {
        Self {
            accept: key.map(accept_key),
            protocols,
            offered,
            #[cfg(feature = "alloc")]
            owned: None,
        }
    }

    /// The same check with a copy of the lists that were offered, so that it borrows nothing.
    #[cfg(feature = "alloc")]
    pub fn into_owned(self) -> ReplyCheck<'static> {
        let Self { accept, protocols, offered, owned } = self;
        let owned = owned.unwrap_or_else(|| OwnedLists {
            protocols: protocols.join(", "),
            extensions: offered.extensions.unwrap_or_default().into(),
        });
        ReplyCheck { accept, protocols: &[], offered: offered.without_list(), owned: Some(owned) }
    }

    fn has_protocol(&self, protocol: &str) -> bool {
        #[cfg(feature = "alloc")]
        if let Some(owned) = &self.owned {
            return owned.protocols.split(", ").any(|offered| offered == protocol);
        }
        self.protocols.contains(&protocol)
    }

    fn has_extension(&self, name: &str) -> bool {
        #[cfg(feature = "alloc")]
        if let Some(owned) = &self.owned
            && lists_extension(&owned.extensions, name)
        {
            return true;
        }
        self.offered.has(name)
    }

    /// Checks a response. `headers` may be any collection of [`Field`]s, such as a reference to an
    /// `http::HeaderMap`.
    ///
    /// # Errors
    ///
    /// [`Error::Status`] if the server refused. For other errors, the connection must be closed.
    pub fn check<'a, H>(
        &self,
        status: u16,
        version: Version,
        headers: H,
    ) -> Result<Accepted<'a, H>, Error>
    where
        H: Clone + IntoIterator<Item: Field<'a>>,
    {
        if status != 101 {
            return Err(Error::Status);
        }
        let fields = HandshakeFields::gather(headers.clone());
        self.check_fields(version, &fields, headers)
    }

    /// Checks a response of status 101, whose fields are gathered.
    pub(super) fn check_fields<'a, H>(
        &self,
        version: Version,
        fields: &HandshakeFields<'a>,
        headers: H,
    ) -> Result<Accepted<'a, H>, Error>
    where
        H: Clone + IntoIterator<Item: Field<'a>>,
    {
        if version < Version::Http11 {
            return Err(Error::HttpVersion);
        }
        fields.check_upgrade()?;
        // A server answers with the one protocol that it has switched to (§4.1).
        if fields.other_upgrade {
            return Err(Error::NotAnUpgrade);
        }
        let accept = fields.accept.only(Error::Accept, Error::RepeatedAccept)?;
        if self.accept.is_none_or(|expected| accept != expected) {
            return Err(Error::Accept);
        }
        self.check_chosen(fields, headers)
    }

    /// Checks what is the same over HTTP/1.1 and HTTP/2.
    pub(super) fn check_chosen<'a, H>(
        &self,
        fields: &HandshakeFields<'a>,
        headers: H,
    ) -> Result<Accepted<'a, H>, Error>
    where
        H: Clone + IntoIterator<Item: Field<'a>>,
    {
        if matches!(fields.extensions, FieldValues::Several(_)) {
            return Err(Error::RepeatedExtensions);
        }
        let mut protocol = None;
        for value in fields.protocol.all(PROTOCOL, &headers) {
            // An empty value chooses nothing.
            if value.is_empty() {
                continue;
            }
            let value = ascii(value);
            if protocol.is_some() || !self.has_protocol(value) {
                return Err(Error::ProtocolNotOffered);
            }
            protocol = Some(value);
        }
        for value in fields.extensions.all(EXTENSIONS, &headers) {
            for accepted in Extensions::parse(value)? {
                if !self.has_extension(accepted.name()) {
                    return Err(Error::ExtensionNotOffered);
                }
            }
        }
        let agreed = self.offered.agree(extensions(fields.extensions.all(EXTENSIONS, &headers)))?;
        Ok(Accepted { protocol, extensions: fields.extensions, agreed, headers })
    }
}

/// A response that opens the connection, and accepts nothing that was not offered (§4.1).
///
/// ```
/// use framewright::http1::Limits;
/// use framewright::ws::handshake::{ClientRequest, Reply};
///
/// let nonce = *b"the sample nonce"; // from a cryptographic generator
/// let request = ClientRequest::new("example.com", "/").protocols(&["chat", "log"]);
/// let mut client = request.write(nonce, Vec::new(), Limits::new(), &mut Vec::new())?;
/// # let mut response = *b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
/// #     Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: log\r\n\r\n";
/// # let mut input = &mut response[..];
/// let Some(Reply::Accepted(accepted)) = client.receive(&mut input)? else { panic!() };
/// assert_eq!(accepted.protocol(), Some("log"));
/// // The keys, too, have to come from a cryptographic generator.
/// let mut connection = accepted.connection(framewright::ws::Limits::new(), || [0; 4]);
/// # connection.send("", &mut Vec::new())?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy)]
pub struct Accepted<'a, H = Headers<'a>> {
    protocol: Option<&'a str>,
    extensions: FieldValues<'a>,
    agreed: Agreed,
    headers: H,
}

impl<'a, H: Clone + IntoIterator<Item: Field<'a>>> Accepted<'a, H> {
    /// The subprotocol, one of those offered, if the server chose one.
    ///
    /// Laxer than the grammar, the server may send an empty one: it has chosen none.
    pub const fn protocol(&self) -> Option<&'a str> {
        self.protocol
    }

    /// Makes the connection that is open, which takes a masking key for each frame from `keys`: a function,
    /// or a closure that captures nothing.
    ///
    /// It compresses and inflates if `ClientRequest::compression` (feature `deflate`)
    /// offered that and the server agreed. Extensions that were offered by hand mean nothing to it.
    /// [`Connection::client`] says what keys are good.
    pub fn connection(&self, limits: Limits, keys: fn() -> [u8; 4]) -> Connection<Client> {
        self.connection_with(limits, keys)
    }

    /// Makes the connection as [`connection`](Self::connection) does, with masking keys from a generator that
    /// has a state.
    pub fn connection_with<K: FnMut() -> [u8; 4]>(
        &self,
        limits: Limits,
        keys: K,
    ) -> Connection<Client<K>> {
        self.agreed.apply(Connection::client(limits, keys))
    }

    /// The extensions in use, in the order in which they apply. The name of each was offered.
    ///
    /// The extension itself must check whether the parameters answer the offer (§9.1).
    pub fn extensions(&self) -> impl Iterator<Item = Extension<'a>> + use<'a, H> {
        extensions(self.extensions.all(EXTENSIONS, &self.headers))
    }

    /// All headers.
    pub const fn headers(&self) -> &H {
        &self.headers
    }
}

/// Does not show the headers, which may be cookies.
impl<H> fmt::Debug for Accepted<'_, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Accepted").field("protocol", &self.protocol).finish_non_exhaustive()
    }
}
