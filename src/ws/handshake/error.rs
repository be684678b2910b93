//! What the peer did wrong in the handshake, and why something cannot be sent.

use core::fmt;

use super::Refusal;
use crate::BufferFull;
use crate::http::FieldError;
use crate::http1;

/// What the peer did wrong in the opening handshake (RFC 6455 §4).
///
/// ```
/// use framewright::http1::Version;
/// use framewright::ws::handshake::{Error, Offer, Origins};
///
/// let page = [("Host", "example.com")];
/// let offer = Offer::from_parts("GET", Version::Http11, "/", &page, Origins::any());
/// let error = offer.unwrap_err();
/// assert_eq!((error, error.status()), (Error::NotAnUpgrade, 426));
/// let mut out = Vec::new();
/// error.refuse().write(&mut out)?; // or a page
/// assert!(out.starts_with(b"HTTP/1.1 426 Upgrade Required\r\nUpgrade: websocket\r\n"));
/// # Ok::<(), framewright::ws::handshake::SendError>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Error {
    /// The head is not valid HTTP/1.1, or has no host (§4.2.1, RFC 9112).
    Head(http1::Error),
    /// A method other than `GET` (§4.2.1).
    Method,
    /// An `Upgrade` in HTTP/1.0, where it means nothing (§4.2.1, RFC 9110 §7.8): a server that also
    /// serves pages may answer the request like any other. nginx speaks HTTP/1.0 to the servers behind
    /// it, unless `proxy_http_version` is 1.1.
    HttpVersion,
    /// A target that is neither a resource name nor a URI of `ws`, `wss`, `http` or `https`
    /// (§3, §4.2.1, RFC 9112 §3.2.2).
    Target,
    /// No `Upgrade` to `websocket` (§4.1, §4.2.1).
    NotAnUpgrade,
    /// No `upgrade` in `Connection` (§4.1, §4.2.1).
    Connection,
    /// Over HTTP/2, no CONNECT with the protocol `websocket`, for a resource of `http` or `https`
    /// (RFC 8441 §4, §5).
    NotAConnect,
    /// Over HTTP/2, a CONNECT with a protocol other than `websocket` (RFC 8441 §5).
    OtherProtocol,
    /// A request with a body: a `Content-Length` other than 0 or a `Transfer-Encoding`. Bytes after the
    /// head must be frames.
    ///
    /// Stricter than the standard, because intermediaries disagree about such requests.
    Body,
    /// No `Sec-WebSocket-Version`, or one other than 13 (§4.2.1, §4.4).
    Version,
    /// More than one `Sec-WebSocket-Version` (§11.3.5).
    RepeatedVersion,
    /// No `Sec-WebSocket-Key`, or not 16 bytes in base64 (§4.2.1).
    Key,
    /// More than one `Sec-WebSocket-Key` (§11.3.1).
    RepeatedKey,
    /// No `Origin` (§4.2.2, §10.2). [`Origins::or_absent`](super::Origins::or_absent) admits programs
    /// that are not browsers.
    MissingOrigin,
    /// An `Origin` that is not admitted (§4.2.2, §10.2).
    Origin,
    /// More than one `Origin` (RFC 6454 §7.3).
    RepeatedOrigin,
    /// A `Sec-WebSocket-Protocol` that is not a list of tokens (§11.3.4).
    Protocols,
    /// A `Sec-WebSocket-Extensions` that is not a list of extensions (§9.1).
    Extensions,
    /// A response whose status is not 101, or over HTTP/2 not from 200 to 299: the server refused (§4.1). Only a
    /// [`ReplyCheck`](super::ReplyCheck) returns it.
    Status,
    /// More than one `Sec-WebSocket-Extensions` in a response (§11.3.2).
    RepeatedExtensions,
    /// No `Sec-WebSocket-Accept`, or one that does not answer our key (§4.1).
    Accept,
    /// More than one `Sec-WebSocket-Accept` (§11.3.3).
    RepeatedAccept,
    /// A subprotocol that was not offered, or more than one (§4.1).
    ProtocolNotOffered,
    /// An extension that was not offered (§4.1).
    ExtensionNotOffered,
    /// An accepted extension whose parameters do not answer the offer (§9.1).
    ExtensionParams,
}

impl Error {
    /// The status of the response to a request with this error (§4.2.1). It means nothing for an
    /// error in a response.
    pub const fn status(self) -> u16 {
        match self {
            Self::Head(e) => e.status(),
            Self::Method => 405,
            Self::HttpVersion | Self::NotAnUpgrade | Self::Version => 426,
            Self::MissingOrigin | Self::Origin => 403,
            Self::OtherProtocol => 501,
            _ => 400,
        }
    }

    /// The response to a request with this error. Write it, and close the connection. It means nothing
    /// for an error in a response.
    pub const fn refuse(self) -> Refusal<'static> {
        Refusal::of_error(self)
    }

    /// The response to a request over HTTP/2 with this error: send its status and its
    /// [fields](Refusal::to_fields).
    ///
    /// Its status is never 426, which has to name another protocol in `Upgrade` (RFC 9110 §15.5.22): HTTP/2
    /// has no such field.
    pub const fn refuse_connect(self) -> Refusal<'static> {
        Refusal::of_connect_error(self)
    }

    pub(super) const fn text(self) -> &'static str {
        match self {
            Self::Head(e) => e.text(),
            Self::Method => "method is not GET",
            Self::HttpVersion => "HTTP/1.0 cannot upgrade",
            Self::Target => "invalid resource name",
            Self::NotAnUpgrade => "no upgrade to websocket",
            Self::Connection => "no upgrade in Connection",
            Self::OtherProtocol => "the protocol is not websocket",
            Self::NotAConnect => "no CONNECT to websocket",
            Self::Body => "a handshake has no body",
            Self::Version => "unsupported Sec-WebSocket-Version",
            Self::RepeatedVersion => "more than one Sec-WebSocket-Version",
            Self::Key => "no valid Sec-WebSocket-Key",
            Self::RepeatedKey => "more than one Sec-WebSocket-Key",
            Self::MissingOrigin => "no Origin",
            Self::Origin => "origin is not allowed",
            Self::RepeatedOrigin => "more than one Origin",
            Self::Protocols => "invalid Sec-WebSocket-Protocol",
            Self::Extensions => "invalid Sec-WebSocket-Extensions",
            Self::Status => "status is not that of an acceptance",
            Self::RepeatedExtensions => "more than one Sec-WebSocket-Extensions",
            Self::Accept => "no valid Sec-WebSocket-Accept",
            Self::RepeatedAccept => "more than one Sec-WebSocket-Accept",
            Self::ProtocolNotOffered => "subprotocol was not offered",
            Self::ExtensionNotOffered => "extension was not offered",
            Self::ExtensionParams => "parameters of an extension do not answer the offer",
        }
    }
}

impl From<http1::Error> for Error {
    fn from(e: http1::Error) -> Self {
        Self::Head(e)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Head(e) => e.fmt(f),
            _ => f.write_str(self.text()),
        }
    }
}

impl core::error::Error for Error {}

/// Why something cannot be sent. Nothing was written and nothing changed.
///
/// ```
/// use framewright::ws::handshake::{ClientRequest, SendError};
///
/// let request = ClientRequest::new("example.com", "/").protocols(&["chat", "chat"]);
/// assert_eq!(request.to_fields([0; 16]).err(), Some(SendError::Protocol)); // twice the same
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum SendError {
    /// HTTP cannot express it, or the buffer is full.
    Head(http1::SendError),
    /// An origin that is not visible ASCII (§4.1).
    Origin,
    /// A subprotocol that is not a token, or that is offered twice (§4.1).
    Protocol,
    /// The accepted subprotocol is not among those offered (§4.2.2).
    ProtocolNotOffered,
    /// Extensions that are not a list in the grammar of the standard (§9.1).
    Extensions,
    /// An accepted extension is not among those offered (§4.2.2).
    ExtensionNotOffered,
    /// A scheme that is neither `http` nor `https` (RFC 8441 §5).
    Scheme,
    /// Text of HTTP/1.1 cannot answer an offer that came over HTTP/2 (RFC 8441 §5).
    OverHttp2,
}

impl From<FieldError> for SendError {
    fn from(e: FieldError) -> Self {
        Self::Head(e.into())
    }
}

impl From<http1::SendError> for SendError {
    fn from(e: http1::SendError) -> Self {
        Self::Head(e)
    }
}

impl From<BufferFull> for SendError {
    fn from(full: BufferFull) -> Self {
        Self::Head(full.into())
    }
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Head(e) => return e.fmt(f),
            Self::Origin => "invalid origin",
            Self::Protocol => "invalid or repeated subprotocol",
            Self::ProtocolNotOffered => "subprotocol was not offered",
            Self::Extensions => "invalid extensions",
            Self::ExtensionNotOffered => "extension was not offered",
            Self::Scheme => "scheme is neither http nor https",
            Self::OverHttp2 => "the offer came over HTTP/2",
        })
    }
}

impl core::error::Error for SendError {}
