//! What the two ends promise each other about heart-beats (*Heart-beating*).

use super::Error;
use crate::http::syntax::parse_len;

/// The value of `heart-beat`: what its sender can do, and what it wants, in ms.
///
/// ```
/// use framewright::stomp::HeartBeat;
///
/// let client = HeartBeat::parse("5000,20000")?;
/// let server = HeartBeat::new(10_000, 10_000);
/// assert_eq!(server.send_period(client), Some(20_000)); // the longer of 10 s and 20 s
/// assert_eq!(server.receive_period(client), Some(10_000)); // the longer of 10 s and 5 s
/// # Ok::<(), framewright::stomp::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct HeartBeat {
    /// The shortest period between two heart-beats that it can guarantee. 0: it cannot send any.
    pub can_send: u64,
    /// The period that it wants between the peer's heart-beats. 0: it wants none.
    pub wants: u64,
}

impl HeartBeat {
    /// No heart-beats at all.
    pub const NONE: Self = Self::new(0, 0);

    /// What an end can do, and what it wants, in ms.
    pub const fn new(can_send: u64, wants: u64) -> Self {
        Self { can_send, wants }
    }

    /// Parses the value of the header. A number over [`u64::MAX`] is refused.
    pub fn parse(value: &str) -> Result<Self, Error> {
        let parse = |digits: &str| parse_len(digits.as_bytes()).ok_or(Error::HeartBeatInvalid);
        let (can_send, wants) = value.split_once([',']).ok_or(Error::HeartBeatInvalid)?;
        Ok(Self { can_send: parse(can_send)?, wants: parse(wants)? })
    }

    /// The longest time that this end may go without sending, in ms. `None` if it need not send.
    pub const fn send_period(self, peer: Self) -> Option<u64> {
        period(self.can_send, peer.wants)
    }

    /// The longest time that the peer has promised to go without sending, in ms. `None` if it promised nothing.
    pub const fn receive_period(self, peer: Self) -> Option<u64> {
        peer.send_period(self)
    }
}

const fn period(can_send: u64, wants: u64) -> Option<u64> {
    if can_send == 0 || wants == 0 {
        return None;
    }
    Some(if can_send > wants { can_send } else { wants })
}
