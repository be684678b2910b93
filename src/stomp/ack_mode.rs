//! How the messages of a subscription are acknowledged (*SUBSCRIBE ack Header*).

use super::Error;

/// How a client acknowledges the messages of a subscription.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum AckMode {
    /// Not at all: a message counts as consumed once it is sent.
    #[default]
    Auto,
    /// Each `ACK` or `NACK` speaks for all messages of the subscription up to that one.
    Client,
    /// Each `ACK` or `NACK` speaks for one message (since 1.1).
    ClientIndividual,
}

impl AckMode {
    /// Parses the `ack` of a `SUBSCRIBE`.
    ///
    /// Laxer than 1.0, which has no `client-individual`.
    pub fn parse(value: &str) -> Result<Self, Error> {
        Ok(match value {
            "auto" => Self::Auto,
            "client" => Self::Client,
            "client-individual" => Self::ClientIndividual,
            _ => return Err(Error::AckModeInvalid),
        })
    }

    /// The mode as it is on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Client => "client",
            Self::ClientIndividual => "client-individual",
        }
    }
}
