//! The client's side of the opening handshake.

use framewright::http1::{self, Body, BodyDecoder, Decoded};
use framewright::ws::Client;
use framewright::ws::handshake::{ClientRequest, Reply};
use http::Uri;
use http::uri::Authority;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::options::Options;
use super::socket::WebSocket;
use super::transfer::{read, write_all};
use crate::{Error, UrlError};

/// How much of a refusal's body is kept, in bytes.
const REASON: usize = 4 * 1024;

impl WebSocket<TcpStream, Client> {
    /// Connects to a URL that begins with `ws://`, with the default [`Options`].
    ///
    /// If this is dropped while it waits, so is the connection.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] has the server's reason.
    pub async fn connect(url: &str) -> Result<Self, Error> {
        Options::new().connect(url).await
    }
}

impl Options {
    /// Connects to a URL that begins with `ws://`. If this is dropped while it waits, so is the connection.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] has the server's reason.
    pub async fn connect(&self, url: &str) -> Result<WebSocket<TcpStream, Client>, Error> {
        let target = Target::parse(url)?;
        if target.secure {
            return Err(UrlError::Tls.into());
        }
        let mut refused = None;
        let connected = timeout(self.handshake_within, async {
            let stream = TcpStream::connect((target.name(), target.port())).await?;
            // Frames are written whole. Waiting to fill a segment would only delay the last of them.
            stream.set_nodelay(true)?;
            self.open(stream, &target, &mut refused).await
        });
        let connected = connected.await;
        connected.unwrap_or_else(|_| Err(refused.unwrap_or(Error::TimedOut)))
    }

    /// Opens a WebSocket on `stream`, which is connected to the server of `url`. For `wss://` it is a TLS stream.
    ///
    /// Call `set_nodelay(true)` on a stream of TCP first. Connecting, and the handshake of TLS, come before, and need a
    /// time-out of the caller's: `tokio::time::timeout`. If this is dropped while it waits, so is `stream`.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] has the server's reason.
    pub async fn connect_over<S>(&self, stream: S, url: &str) -> Result<WebSocket<S, Client>, Error>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let target = Target::parse(url)?;
        let mut refused = None;
        let opened = self.open(stream, &target, &mut refused);
        let opened = timeout(self.handshake_within, opened).await;
        opened.unwrap_or_else(|_| Err(refused.unwrap_or(Error::TimedOut)))
    }

    /// Sets `refused` as soon as it is known, in case the body of the refusal never ends.
    async fn open<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        mut stream: S,
        target: &Target,
        refused: &mut Option<Error>,
    ) -> Result<WebSocket<S, Client>, Error> {
        let protocols: Vec<&str> = self.protocols.iter().map(String::as_str).collect();
        let headers = self.header_list();
        let mut out = Vec::new();
        let request = ClientRequest::new(target.host(), &target.path)
            .protocols(&protocols)
            .compression(self.compression)
            .headers(&headers[..]);
        let limits = http1::Limits::new();
        let mut client = request.write(rand::random(), Vec::new(), limits, &mut out)?;
        write_all(&mut stream, &out).await?;

        let mut buffer = vec![0; self.read_buffer_len].into_boxed_slice();
        loop {
            let n = read(&mut stream, &mut buffer).await?;
            if n == 0 {
                return Err(Error::Cut);
            }
            let mut input = &mut buffer[..n];
            while let Some(reply) = client.receive(&mut input).map_err(Error::Handshake)? {
                match reply {
                    Reply::Accepted(accepted) => {
                        let connection = accepted.connection(self.limits, rand::random);
                        let protocol = accepted.protocol().map(str::to_owned);
                        let unread = n - input.len()..n;
                        let protocol = protocol.as_deref();
                        return Ok(WebSocket::begin(
                            stream, connection, buffer, unread, protocol, self,
                        ));
                    }
                    Reply::Refused(response) => {
                        let status = response.status();
                        *refused = Some(Error::Refused { status, body: String::new() });
                        let body = match response.body_for("GET") {
                            Ok(body) => reason(&mut stream, body, input).await,
                            Err(_) => Vec::new(),
                        };
                        let body = String::from_utf8_lossy(&body).into_owned();
                        return Err(Error::Refused { status, body });
                    }
                    Reply::Interim(_) => {}
                }
            }
        }
    }
}

/// Reads the first bytes of a refusal's body, as far as they arrive. `input` is its first part.
async fn reason(
    stream: &mut (impl AsyncRead + Unpin),
    body: Body,
    mut input: &mut [u8],
) -> Vec<u8> {
    let mut decoder = BodyDecoder::new_response(body, http1::Limits::new());
    let (mut reason, mut buffer) = (Vec::new(), [0; REASON]);
    loop {
        while let Ok(Decoded::Part(part)) = decoder.decode(&mut input) {
            reason.extend_from_slice(part.bytes);
        }
        if decoder.is_complete() || reason.len() >= REASON {
            break;
        }
        match read(stream, &mut buffer).await {
            Ok(n @ 1..) => input = &mut buffer[..n],
            Ok(0) | Err(_) => break,
        }
    }
    reason.truncate(REASON);
    reason
}

/// Why a URL, whose host begins at `begin`, is not valid.
fn why_invalid(url: &str, begin: usize) -> UrlError {
    let is_bad = |b: u8| !b.is_ascii_graphic() || br#""<>\^`{|}"#.contains(&b);
    match url.bytes().position(is_bad) {
        Some(at) => UrlError::Character { at },
        None if url.len() >= 64 * 1024 - 1 => UrlError::TooLong,
        None => UrlError::Host { at: begin },
    }
}

/// Where a URL leads to.
struct Target {
    secure: bool,
    authority: Authority,
    path: String,
}

impl Target {
    fn parse(url: &str) -> Result<Self, UrlError> {
        let (scheme, rest) = url.split_once("://").ok_or(UrlError::Scheme)?;
        let secure = match scheme {
            _ if scheme.eq_ignore_ascii_case("ws") => false,
            _ if scheme.eq_ignore_ascii_case("wss") => true,
            _ => return Err(UrlError::Scheme),
        };
        let begin = url.len() - rest.len();
        let named = rest.split(['/', '?', '#']).next().unwrap_or_default();
        if named.contains('@') {
            return Err(UrlError::User { at: begin });
        }
        if let Some(at) = url.find('#') {
            return Err(UrlError::Fragment { at });
        }
        let uri: Uri = url.parse().map_err(|_| why_invalid(url, begin))?;
        let authority = uri.authority().ok_or(UrlError::Host { at: begin })?.clone();
        let host = authority.host();
        if host.is_empty() {
            return Err(UrlError::Host { at: begin });
        }
        // A port may be empty (RFC 3986 §3.2.3).
        let port = authority.as_str()[host.len()..].trim_start_matches(':');
        if !port.is_empty() && authority.port_u16().is_none() {
            return Err(UrlError::Port { at: begin + host.len() + 1 });
        }
        let path = uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
        Ok(Self { secure, authority, path })
    }

    /// The host, with the port if that is not the scheme's own.
    fn host(&self) -> &str {
        match self.authority.port_u16() {
            Some(port) if port != self.default_port() => self.authority.as_str(),
            _ => self.authority.host(),
        }
    }

    /// The host's name or address.
    fn name(&self) -> &str {
        self.authority.host().trim_start_matches('[').trim_end_matches(']')
    }

    fn port(&self) -> u16 {
        self.authority.port_u16().unwrap_or(self.default_port())
    }

    const fn default_port(&self) -> u16 {
        if self.secure { 443 } else { 80 }
    }
}
