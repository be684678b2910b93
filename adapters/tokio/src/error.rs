//! Why a WebSocket failed.

use std::{error, fmt, io};

use framewright::ws::{self, handshake};

/// Why a WebSocket could not be opened, or came to an end that was not its closing handshake.
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
    /// What we were told to write in the opening handshake is not valid there, such as the name of a subprotocol.
    Options(handshake::SendError),
    /// The server refused to open a WebSocket.
    Refused {
        /// The status of its response.
        status: u16,
        /// How the body of its response begins: at most 4 KiB. What is not UTF-8 became U+FFFD.
        body: String,
    },
    /// The application refused the request with this status.
    Denied(u16),
    /// This is no URL that begins with `ws://`, or with `wss://` where the caller brings the stream.
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
