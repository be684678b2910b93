use core::fmt;

use crate::http::FieldError;
use crate::http1::{self, ResponseWriter};
use crate::{Buffer, BufferFull};

/// What the peer did wrong in the opening handshake (RFC 6455 §4).
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Error {
    /// The head is not one of HTTP/1.1, or names no host (§4.2.1, RFC 9112).
    Head(http1::Error),
    /// A method other than `GET` (§4.2.1).
    Method,
    /// HTTP/1.0, which cannot upgrade (§4.2.1).
    HttpVersion,
    /// A target that is not a resource name, nor a URI of `http` or `https` with one (§3, §4.2.1).
    Target,
    /// No `Upgrade` to `websocket` (§4.1, §4.2.1).
    NotAnUpgrade,
    /// No `upgrade` in `Connection` (§4.1, §4.2.1).
    Connection,
    /// A `Content-Length` or `Transfer-Encoding` in a request, where bytes after the head must be
    /// frames.
    ///
    /// Stricter than the standard: intermediaries disagree about such requests.
    Body,
    /// No `Sec-WebSocket-Version`, or one other than 13 (§4.2.1, §4.4).
    Version,
    /// More than one `Sec-WebSocket-Version` (§11.3.5).
    RepeatedVersion,
    /// No `Sec-WebSocket-Key`, or not 16 bytes in base64 (§4.2.1).
    Key,
    /// More than one `Sec-WebSocket-Key` (§11.3.1).
    RepeatedKey,
    /// No `Origin`: [`Origins::or_absent`](super::Origins::or_absent) admits programs that are no
    /// browsers (§4.2.2, §10.2).
    MissingOrigin,
    /// An `Origin` that is not admitted (§4.2.2, §10.2).
    Origin,
    /// More than one `Origin` (RFC 6454 §7.3).
    RepeatedOrigin,
    /// A `Sec-WebSocket-Protocol` that is not a list of tokens (§11.3.4).
    Protocols,
    /// A `Sec-WebSocket-Extensions` that is not a list of extensions (§9.1).
    Extensions,
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
    /// The parameters of an extension that was accepted do not answer the offer (§9.1).
    ExtensionParams,
}

impl Error {
    /// The status of the response to a request with this error (§4.2.1). It means nothing for an
    /// error in a response.
    pub const fn status(self) -> u16 {
        match self {
            Self::Head(e) => e.status(),
            Self::Method => 405,
            Self::HttpVersion => 505,
            Self::NotAnUpgrade | Self::Version => 426,
            Self::MissingOrigin | Self::Origin => 403,
            _ => 400,
        }
    }

    /// Appends the response to a request with this error, whole or not at all.
    ///
    /// It says `Connection: close`: the caller must close the connection, and whatever came
    /// after the head is not to be read as anything.
    pub fn respond(self, out: &mut impl Buffer) -> Result<(), SendError> {
        const TEXT: (&str, &str) = ("Content-Type", "text/plain");
        let response = ResponseWriter::new(self.status()).body(self.text().as_bytes());
        match self {
            Self::Method => response.headers(&[("Allow", "GET"), TEXT]).close().write(out)?,
            // An `Upgrade` takes part in the connection's options (RFC 9110 §7.8).
            Self::NotAnUpgrade | Self::Version => response
                .headers(&[("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13"), TEXT])
                .connection("close, Upgrade")
                .write(out)?,
            _ => response.headers(&[TEXT]).close().write(out)?,
        }
        Ok(())
    }

    const fn text(self) -> &'static str {
        match self {
            Self::Head(e) => e.text(),
            Self::Method => "method is not GET",
            Self::HttpVersion => "HTTP/1.0 cannot upgrade",
            Self::Target => "invalid resource name",
            Self::NotAnUpgrade => "no upgrade to websocket",
            Self::Connection => "no upgrade in Connection",
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
        f.write_str(self.text())
    }
}

impl core::error::Error for Error {}

/// What the caller asked to write and cannot be written; nothing was.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum SendError {
    /// No head of HTTP can say that, or the buffer is full.
    Head(http1::SendError),
    /// An origin that is not of visible ASCII (§4.1).
    Origin,
    /// A subprotocol that is not a token, or is offered twice (§4.1).
    Protocol,
    /// The accepted subprotocol is not among those offered (§4.2.2).
    ProtocolNotOffered,
    /// Extensions that are not a list as the standard writes it (§9.1).
    Extensions,
    /// An accepted extension is not among those offered (§4.2.2).
    ExtensionNotOffered,
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
        })
    }
}

impl core::error::Error for SendError {}
