//! The server's side of the opening handshake.

use framewright::http1;
use framewright::ws::Server;
use framewright::ws::handshake::{self, Offer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;

use super::options::Options;
use super::socket::WebSocket;
use super::transfer::{read, shut_down, write_all};
use crate::Error;

impl<S: AsyncRead + AsyncWrite + Unpin> WebSocket<S, Server> {
    /// Reads a request from `stream`, and accepts it if it opens a WebSocket, with the default [`Options`].
    ///
    /// If this is dropped while it waits, so is `stream`.
    ///
    /// # Errors
    ///
    /// The request was refused, and the client was told why.
    pub async fn accept(stream: S) -> Result<Self, Error> {
        Options::new().accept(stream).await
    }
}

impl Options {
    /// Reads a request from `stream`, and accepts it if it opens a WebSocket.
    ///
    /// Call `set_nodelay(true)` on a stream of TCP first: frames are written whole, and waiting to fill a segment would only
    /// delay the last of them. A handshake of TLS comes before, and needs a time-out of the caller's. If this is dropped
    /// while it waits, so is `stream`.
    ///
    /// # Errors
    ///
    /// The request was refused, and the client was told why.
    pub async fn accept<S>(&self, stream: S) -> Result<WebSocket<S, Server>, Error>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        self.accept_if(stream, |_| Ok(())).await
    }

    /// The same as [`accept`](Self::accept), if `check` agrees. It sees the target, the origin and all fields of the request, and refuses with a status
    /// from 400 to 599:
    ///
    /// ```
    /// use framewright_tokio::{Error, Options, WebSocket};
    /// use tokio::net::TcpStream;
    ///
    /// async fn open(stream: TcpStream) -> Result<WebSocket<TcpStream>, Error> {
    ///     let mut room = String::new();
    ///     let socket = Options::new()
    ///         .accept_if(stream, |offer| match offer.target().strip_prefix("/rooms/") {
    ///             Some(name) => Ok(room = name.to_owned()),
    ///             None => Err(404),
    ///         })
    ///         .await?;
    ///     println!("{room}");
    ///     Ok(socket)
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// The request was refused, and the client was told why.
    pub async fn accept_if<S>(
        &self,
        stream: S,
        check: impl FnOnce(&Offer<'_>) -> Result<(), u16>,
    ) -> Result<WebSocket<S, Server>, Error>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let mut refused = None;
        let accepted = self.accept_in_time(stream, check, &mut refused);
        match timeout(self.handshake_within, accepted).await {
            Ok(Ok(socket)) => Ok(socket),
            Ok(Err(error)) => Err(refused.unwrap_or(error)),
            Err(_) => Err(refused.unwrap_or(Error::TimedOut)),
        }
    }

    /// Sets `refused` before it tells the client, because the client may not read the answer.
    async fn accept_in_time<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        mut stream: S,
        check: impl FnOnce(&Offer<'_>) -> Result<(), u16>,
        refused: &mut Option<Error>,
    ) -> Result<WebSocket<S, Server>, Error> {
        let mut buffer = vec![0; self.read_buffer_len].into_boxed_slice();
        let mut server = handshake::Server::new(self.origins, Vec::new(), http1::Limits::new());
        let mut out = Vec::new();
        let why = loop {
            let n = read(&mut stream, &mut buffer).await?;
            if n == 0 {
                return Err(Error::Cut);
            }
            let mut input = &mut buffer[..n];
            let offer = match server.receive(&mut input) {
                Ok(None) => continue,
                Ok(Some(offer)) => offer,
                Err(error) => {
                    error.refuse().write(&mut out)?;
                    break Error::Handshake(error);
                }
            };
            if let Err(status) = check(&offer) {
                offer.refuse(status).write(&mut out)?;
                break Error::Denied(status);
            }
            let protocol = self.choose(&offer);
            let headers = self.header_list();
            let acceptance = offer.accept().protocol(protocol).compression(self.compression);
            acceptance.headers(&headers[..]).write(&mut out)?;
            let connection = acceptance.connection(self.limits);
            let unread = n - input.len()..n;
            write_all(&mut stream, &out).await?;
            return Ok(WebSocket::begin(stream, connection, buffer, unread, protocol, self));
        };
        *refused = Some(why);
        write_all(&mut stream, &out).await?;
        shut_down(&mut stream, &mut buffer).await?;
        Err(Error::Cut) // `refused` says more
    }

    /// The best subprotocol that the client offers, too.
    pub(super) fn choose<'h, H>(&self, offer: &Offer<'h, H>) -> Option<&str>
    where
        H: Clone + IntoIterator<Item: framewright::http::Field<'h>>,
    {
        let ours: Vec<&str> = self.protocols.iter().map(String::as_str).collect();
        offer.choose(&ours)
    }

    pub(super) fn header_list(&self) -> Vec<(&str, &str)> {
        self.headers.iter().map(|(name, value)| (&**name, &**value)).collect()
    }
}
