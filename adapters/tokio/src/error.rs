//! The errors of a WebSocket.

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
    /// The URL is not valid, or begins with neither `ws://` nor, where the caller brings the stream, `wss://`.
    Url,
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
            Self::Url => f.write_str("not a URL of a WebSocket that can be connected to"),
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
