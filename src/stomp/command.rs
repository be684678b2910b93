//! The commands of frames.

use core::fmt;

/// The command of a frame: its first line.
///
/// Commands are case-sensitive, and no version has others.
///
/// ```
/// use framewright::stomp::Command;
///
/// assert_eq!(Command::parse(b"SUBSCRIBE"), Some(Command::Subscribe));
/// assert!(Command::Message.is_from_server() && Command::Message.may_have_body());
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum Command {
    /// `CONNECT`: a client's first frame.
    Connect,
    /// `STOMP`: the same, so that a server tells it from HTTP's `CONNECT` (since 1.1).
    Stomp,
    /// `CONNECTED`: a server's first frame, unless that is an `ERROR`.
    Connected,
    /// `SEND`: a client's message to a destination.
    Send,
    /// `SUBSCRIBE`: a client wants the messages of a destination.
    Subscribe,
    /// `UNSUBSCRIBE`: a client wants no more of them.
    Unsubscribe,
    /// `ACK`: a client has consumed a message.
    Ack,
    /// `NACK`: a client did not consume a message (since 1.1).
    Nack,
    /// `BEGIN`: a client starts a transaction.
    Begin,
    /// `COMMIT`: a client's transaction takes effect.
    Commit,
    /// `ABORT`: a client's transaction is dropped.
    Abort,
    /// `DISCONNECT`: a client's last frame.
    Disconnect,
    /// `MESSAGE`: a server's message for a subscription.
    Message,
    /// `RECEIPT`: a server has processed a frame that asked for a receipt.
    Receipt,
    /// `ERROR`: a server's last frame.
    Error,
}

impl Command {
    /// Every command, in the order of the standard.
    pub const ALL: [Self; 15] = [
        Self::Connect,
        Self::Stomp,
        Self::Connected,
        Self::Send,
        Self::Subscribe,
        Self::Unsubscribe,
        Self::Ack,
        Self::Nack,
        Self::Begin,
        Self::Commit,
        Self::Abort,
        Self::Disconnect,
        Self::Message,
        Self::Receipt,
        Self::Error,
    ];

    /// Length of the longest command, in bytes.
    pub(super) const MAX_LEN: usize = 11;

    /// The command that `line` is, without the end of the line. `None` if it is no command.
    pub const fn parse(line: &[u8]) -> Option<Self> {
        Some(match line {
            b"CONNECT" => Self::Connect,
            b"STOMP" => Self::Stomp,
            b"CONNECTED" => Self::Connected,
            b"SEND" => Self::Send,
            b"SUBSCRIBE" => Self::Subscribe,
            b"UNSUBSCRIBE" => Self::Unsubscribe,
            b"ACK" => Self::Ack,
            b"NACK" => Self::Nack,
            b"BEGIN" => Self::Begin,
            b"COMMIT" => Self::Commit,
            b"ABORT" => Self::Abort,
            b"DISCONNECT" => Self::Disconnect,
            b"MESSAGE" => Self::Message,
            b"RECEIPT" => Self::Receipt,
            b"ERROR" => Self::Error,
            _ => return None,
        })
    }

    /// The command as it is on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Connect => "CONNECT",
            Self::Stomp => "STOMP",
            Self::Connected => "CONNECTED",
            Self::Send => "SEND",
            Self::Subscribe => "SUBSCRIBE",
            Self::Unsubscribe => "UNSUBSCRIBE",
            Self::Ack => "ACK",
            Self::Nack => "NACK",
            Self::Begin => "BEGIN",
            Self::Commit => "COMMIT",
            Self::Abort => "ABORT",
            Self::Disconnect => "DISCONNECT",
            Self::Message => "MESSAGE",
            Self::Receipt => "RECEIPT",
            Self::Error => "ERROR",
        }
    }

    /// Whether a server sends it. All others are a client's.
    pub const fn is_from_server(self) -> bool {
        matches!(self, Self::Connected | Self::Message | Self::Receipt | Self::Error)
    }

    /// Whether its frames may have a body (*Body*, since 1.1).
    pub const fn may_have_body(self) -> bool {
        matches!(self, Self::Send | Self::Message | Self::Error)
    }

    /// Whether escapes have a meaning in its headers. In those that open a connection they have none, so that
    /// 1.0 can read them (*Value Encoding*).
    ///
    /// The standard exempts `CONNECT` and `CONNECTED` by name. It says that `STOMP` is handled like `CONNECT`,
    /// so it is exempt here, too.
    pub(super) const fn has_escapes(self) -> bool {
        !matches!(self, Self::Connect | Self::Stomp | Self::Connected)
    }
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
