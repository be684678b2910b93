//! The errors of a WebSocket, of its URL too.

use std::{error, fmt, io};

use framewright::ws::{self, handshake};

/// Why a WebSocket could not be opened, or ended without a closing handshake.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The transport failed.
    Io(io::Error),
    /// The transport ended without a closing handshake. Messages may be missing.
    Cut,
    /// The peer was silent too long: it did not finish its handshake, answer a ping, or take our output.
    TimedOut,
    /// The peer broke a rule of the protocol, or a limit. It was told so.
    Protocol(ws::Error),
    /// The message cannot be sent; most likely the connection is closing.
    Send(ws::SendError),
    /// The opening handshake broke a rule. A client was answered.
    Handshake(handshake::Error),
    /// The options have something that is not valid in an opening handshake, such as the name of a subprotocol.
    Options(handshake::SendError),
    /// The server refused to open a WebSocket.
    Refused {
        /// The status of its response.
        status: u16,
        /// The first 4 KiB, at most, of its response's body. Bytes that are not UTF-8 are replaced by U+FFFD.
        body: String,
    },
    /// The application refused the request with this status.
    Denied(u16),
    /// The URL leads to no WebSocket.
    Url(UrlError),
}

/// What is wrong with the URL of a WebSocket. `at` is where, in bytes from its beginning.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum UrlError {
    /// It begins with neither `ws://` nor `wss://`.
    Scheme,
    /// It begins with `wss://`, and there is no TLS stream: see [`Options::connect_over`](crate::Options::connect_over).
    Tls,
    /// A user is named. That belongs in an `Authorization` header.
    User {
        /// Where the name begins.
        at: usize,
    },
    /// The host is missing or not valid.
    Host {
        /// Where it should be.
        at: usize,
    },
    /// The port is not a number up to 65535.
    Port {
        /// Where the port begins.
        at: usize,
    },
    /// A character has to be percent-encoded.
    Character {
        /// Where it is.
        at: usize,
    },
    /// There is a fragment, which WebSockets do not have (RFC 6455 §3).
    Fragment {
        /// Where its `#` is.
        at: usize,
    },
    /// It has 64 KiB or more.
    TooLong,
}

impl fmt::Display for UrlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scheme => f.write_str("the URL begins with neither ws:// nor wss://"),
            Self::Tls => f.write_str("a wss:// URL needs a TLS stream"),
            Self::User { at } => write!(f, "the URL names a user at byte {at}"),
            Self::Host { at } => write!(f, "the URL has no valid host at byte {at}"),
            Self::Port { at } => write!(f, "the URL has no valid port at byte {at}"),
            Self::Character { at } => {
                write!(f, "the URL has a character at byte {at} that must be percent-encoded")
            }
            Self::Fragment { at } => write!(f, "the URL has a fragment at byte {at}"),
            Self::TooLong => f.write_str("the URL is too long"),
        }
    }
}

impl error::Error for UrlError {}

impl From<UrlError> for Error {
    fn from(error: UrlError) -> Self {
        Self::Url(error)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(e) => e.fmt(f),
            Self::Cut => f.write_str("the connection ended without a closing handshake"),
            Self::TimedOut => f.write_str("the peer was silent too long"),
            Self::Protocol(e) => e.fmt(f),
            Self::Send(e) => e.fmt(f),
            Self::Handshake(e) => e.fmt(f),
            Self::Options(e) => e.fmt(f),
            Self::Refused { status, .. } => write!(f, "the server refused with status {status}"),
            Self::Denied(status) => write!(f, "the request was refused with status {status}"),
            Self::Url(e) => e.fmt(f),
        }
    }
}

impl error::Error for Error {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::Io(e) => Some(e),
            _ => None,
        }
    }
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<ws::SendError> for Error {
    fn from(error: ws::SendError) -> Self {
        Self::Send(error)
    }
}

impl From<handshake::SendError> for Error {
    fn from(error: handshake::SendError) -> Self {
        Self::Options(error)
    }
}
