//! How the messages of a subscription are acknowledged (*SUBSCRIBE ack Header*).

use super::Error;

/// How a client acknowledges the messages of a subscription.
///
/// ```
/// use framewright::stomp::{AckMode, Encoder, FrameBuilder, Version};
///
/// assert_eq!(AckMode::parse("client"), Ok(AckMode::Client));
/// let subscribe = FrameBuilder::subscribe("sub-0", "/queue/a").ack_mode(AckMode::Client);
/// let mut out = Vec::new();
/// Encoder::new(Version::V1_2).encode(subscribe, &mut out)?;
/// assert!(out.ends_with(b"\nack:client\n\n\0"));
/// # Ok::<(), framewright::stomp::SendError>(())
/// ```
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
