use super::fields::{EXTENSIONS, Fields, PROTOCOL, Seen, extensions};
use super::key::encode_key;
use super::server::is_reserved;
use super::{Error, Extension, Extensions, SendError, accept_key};
use crate::append::Append;
use crate::http::syntax::{ascii, is_token, is_visible};
use crate::http::{self, Headers};
use crate::http1::{self, HeadReader, Limits, Response, Version};
use crate::{Buffer, Truncated};

/// The request that opens a WebSocket connection (§4.1).
///
/// No string may have controls, and all but the values of headers must be ASCII.
///
/// ```
/// use framewright::http1::Limits;
/// use framewright::ws::handshake::{Answer, ClientRequest};
///
/// let mut out = Vec::new();
/// // 16 bytes out of a cryptographic generator, anew for each connection:
/// let nonce = *b"the sample nonce";
/// let request = ClientRequest::new("server.example.com", "/chat").protocols(&["chat"]);
/// let mut client = request.write(nonce, Vec::new(), Limits::new(), &mut out)?;
///
/// let mut buf = *b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\
///     Connection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\
///     Sec-WebSocket-Protocol: chat\r\n\r\n";
/// let mut input = &mut buf[..]; // what the caller has just read, any size
/// while let Some(answer) = client.receive(&mut input)? {
///     match answer {
///         Answer::Accepted(accepted) => assert_eq!(accepted.protocol(), Some("chat")),
///         Answer::Refused(response) => println!("refused: {}", response.status()),
///         Answer::Interim(_) => {} // the answer is still to come
///     }
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
#[must_use = "nothing is written before `write`"]
pub struct ClientRequest<'a> {
    host: &'a str,
    target: &'a str,
    origin: Option<&'a str>,
    protocols: &'a [&'a str],
    extensions: Option<&'a str>,
    headers: &'a [(&'a str, &'a str)],
}

impl<'a> ClientRequest<'a> {
    /// A request to `host`, with a port unless it is the scheme's own, for the resource
    /// name `target`: a path that begins with a slash, and perhaps a query (§3).
    pub const fn new(host: &'a str, target: &'a str) -> Self {
        Self { host, target, origin: None, protocols: &[], extensions: None, headers: &[] }
    }

    /// Sets the origin, which browsers send and others need not (§10.2).
    pub const fn origin(mut self, origin: &'a str) -> Self {
        self.origin = Some(origin);
        self
    }

    /// Sets the subprotocols to offer, the preferred one first, each once (§11.3.4).
    pub const fn protocols(mut self, protocols: &'a [&'a str]) -> Self {
        self.protocols = protocols;
        self
    }

    /// Sets the extensions to offer, the preferred one first, as in
    /// `permessage-deflate; client_max_window_bits` (§9.1).
    pub const fn extensions(mut self, list: Option<&'a str>) -> Self {
        self.extensions = list;
        self
    }

    /// Sets headers to write after those of the handshake, in this order.
    ///
    /// `Connection`, `Content-Length`, `Host`, `Origin`, `Transfer-Encoding`, `Upgrade` and all
    /// `Sec-WebSocket-` are reserved.
    pub const fn headers(mut self, headers: &'a [(&'a str, &'a str)]) -> Self {
        self.headers = headers;
        self
    }

    /// Appends the request to `out`, and returns what reads the response.
    ///
    /// `nonce` must come out of a cryptographic generator, anew for each connection (§4.1).
    /// `storage` takes a response that does not arrive in one piece: as many bytes as the limits
    /// allow, if it is not to grow.
    pub fn write<B: Buffer>(
        &self,
        nonce: [u8; 16],
        storage: B,
        limits: Limits,
        out: &mut impl Buffer,
    ) -> Result<Client<'a, B>, SendError> {
        self.check()?;
        let key = encode_key(nonce);
        let mut head = Append::new(out);
        head.request("GET", self.target, self.host);
        head.put(b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: ");
        head.put(&key);
        head.put(b"\r\n");
        if let Some(origin) = self.origin {
            head.put_field("Origin", origin.into());
        }
        if let Some((first, others)) = self.protocols.split_first() {
            head.put(PROTOCOL.as_bytes());
            head.put(b": ");
            head.put(first.as_bytes());
            for other in others {
                head.put(b", ");
                head.put(other.as_bytes());
            }
            head.put(b"\r\n");
        }
        if let Some(list) = self.extensions {
            head.put_field(EXTENSIONS, list.into());
        }
        head.put(b"Sec-WebSocket-Version: 13\r\n");
        head.headers(self.headers);
        head.put(b"\r\n");
        head.finish()?;
        Ok(Client {
            reader: HeadReader::new(storage, limits),
            accept: accept_key(&key),
            protocols: self.protocols,
            extensions: self.extensions,
            state: State::Reading,
        })
    }

    fn check(&self) -> Result<(), SendError> {
        http1::check_request("GET", self.target, self.host)?;
        if !self.target.starts_with('/') {
            return Err(http1::SendError::Target.into());
        }
        if self.origin.is_some_and(|origin| !is_visible(origin.as_bytes())) {
            return Err(SendError::Origin);
        }
        let mut protocols = self.protocols;
        while let Some((protocol, others)) = protocols.split_first() {
            if !is_token(protocol.as_bytes()) || others.contains(protocol) {
                return Err(SendError::Protocol);
            }
            protocols = others;
        }
        if let Some(list) = self.extensions {
            Extensions::parse(list.as_bytes()).map_err(|_| SendError::Extensions)?;
        }
        http::check_fields(self.headers, |name| {
            is_reserved(name)
                || name.eq_ignore_ascii_case("host")
                || name.eq_ignore_ascii_case("origin")
        })?;
        Ok(())
    }
}

/// The client's side of the opening handshake (§4.1), once its request is written: reads the
/// response.
#[derive(Debug)]
pub struct Client<'o, B> {
    reader: HeadReader<B>,
    accept: [u8; 28],
    protocols: &'o [&'o str],
    extensions: Option<&'o str>,
    state: State,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Reading,
    Done,
    Failed(Error),
}

/// What the server answered.
#[derive(Clone, Copy, Debug)]
pub enum Answer<'a> {
    /// The connection is open: frames follow.
    Accepted(Accepted<'a>),
    /// Any other final response, for instance a redirection or 401; its body follows.
    Refused(Response<'a>),
    /// A response before the one that counts (RFC 9110 §15.2). Receive again.
    Interim(Response<'a>),
}

impl<B: Buffer> Client<'_, B> {
    /// Reads the response, advancing `input` past it, and checks it.
    ///
    /// `None` means that every byte of `input` was taken and more are needed. After the answer,
    /// what is left in `input` is what follows it, and `receive` returns `None` and takes nothing.
    ///
    /// # Errors
    ///
    /// Errors are final: the connection is to be closed (§4.1).
    pub fn receive<'a, 'i: 'a>(
        &'a mut self,
        input: &mut &'i mut [u8],
    ) -> Result<Option<Answer<'a>>, Error> {
        let Self { reader, accept, protocols, extensions, state } = self;
        match *state {
            State::Reading => {}
            State::Done => return Ok(None),
            State::Failed(e) => return Err(e),
        }
        let mut fields = Fields::default();
        let response = reader.read_response_with(input, |name, value| fields.see(name, value));
        let answer = match response {
            Ok(None) => return Ok(None),
            Ok(Some(response)) => match response.status() {
                101 => Accepted::check(&response, &fields, accept, protocols, *extensions)
                    .map(Answer::Accepted),
                100..=199 => return Ok(Some(Answer::Interim(response))),
                _ => Ok(Answer::Refused(response)),
            },
            Err(e) => Err(e.into()),
        };
        *state = answer.as_ref().err().map_or(State::Done, |e| State::Failed(*e));
        answer.map(Some)
    }

    /// Tells whether the stream may end here: not before the answer.
    pub const fn finish(&self) -> Result<(), Truncated> {
        match self.state {
            State::Done | State::Failed(_) => Ok(()),
            State::Reading => Err(Truncated),
        }
    }
}

/// A response that opens the connection and accepts nothing that was not offered (§4.1).
#[derive(Clone, Copy, Debug)]
pub struct Accepted<'a> {
    protocol: Option<&'a str>,
    fields: Fields<'a>,
    headers: Headers<'a>,
}

impl<'a> Accepted<'a> {
    fn check(
        response: &Response<'a>,
        fields: &Fields<'a>,
        accept: &[u8; 28],
        offered_protocols: &[&str],
        offered_extensions: Option<&str>,
    ) -> Result<Self, Error> {
        if response.version() < Version::Http11 {
            return Err(Error::HttpVersion);
        }
        fields.check_upgrade()?;
        // A server answers with the one protocol that it has switched to (§4.1).
        if fields.other_upgrade {
            return Err(Error::NotAnUpgrade);
        }
        if matches!(fields.extensions, Seen::Again(_)) {
            return Err(Error::RepeatedExtensions);
        }
        if fields.accept.only(Error::Accept, Error::RepeatedAccept)? != accept {
            return Err(Error::Accept);
        }
        let headers = response.headers();
        let mut protocol = None;
        for value in fields.protocol.all(PROTOCOL, &headers) {
            let value = ascii(value);
            if protocol.is_some() || !offered_protocols.contains(&value) {
                return Err(Error::ProtocolNotOffered);
            }
            protocol = Some(value);
        }
        for value in fields.extensions.all(EXTENSIONS, &headers) {
            for accepted in Extensions::parse(value)? {
                let offered =
                    offered_extensions.and_then(|list| Extensions::parse(list.as_bytes()).ok());
                if !offered.into_iter().flatten().any(|offer| offer.name() == accepted.name()) {
                    return Err(Error::ExtensionNotOffered);
                }
            }
        }
        Ok(Self { protocol, fields: *fields, headers })
    }

    /// The subprotocol, one of those offered, if the server chose one.
    pub const fn protocol(&self) -> Option<&'a str> {
        self.protocol
    }

    /// The extensions in use, each by a name that was offered, in the order in which they apply.
    ///
    /// Whether their parameters answer the offer is for the extension to check (§9.1).
    pub fn extensions(&self) -> impl Iterator<Item = Extension<'a>> + use<'a> {
        extensions(self.fields.extensions.all(EXTENSIONS, &self.headers))
    }

    /// All headers.
    pub const fn headers(&self) -> Headers<'a> {
        self.headers
    }
}
