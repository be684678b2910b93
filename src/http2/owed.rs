//! What the protocol obliges us to say, but for what is owed on open streams. It has a fixed size.

use super::{Error, ErrorCode, StreamId};

/// How many acknowledgements of settings are owed at most.
const MAX_SETTINGS_ACKS: u8 = 32;
/// How many answers to pings are owed at most.
const MAX_PINGS: usize = 8;
/// How many ranges of streams without a slot are to be reset at most.
const MAX_RANGES: usize = 8;

/// What is owed.
#[derive(Clone, Debug)]
pub(super) struct Owed {
    /// Whether the preface and our settings are to be sent.
    pub(super) opening: bool,
    settings_acks: u8,
    pings: [[u8; 8]; MAX_PINGS],
    ping_count: u8,
    ranges: [ResetRange; MAX_RANGES],
    range_count: u8,
    /// A ping of ours.
    pub(super) ping: Ping,
    pub(super) goaway: Option<GoAway>,
}

/// Streams in a row to be reset for one reason. A burst of refused streams is one range.
///
/// Its numbers are stored as bytes, so that it takes 7.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct ResetRange {
    first: [u8; 4],
    count: [u8; 2],
    /// An error code of the standard's: the highest is 13.
    code: u8,
}

impl ResetRange {
    const fn new(first: u32, count: u16, code: u8) -> Self {
        Self { first: first.to_ne_bytes(), count: count.to_ne_bytes(), code }
    }

    const fn first(self) -> u32 {
        u32::from_ne_bytes(self.first)
    }

    /// How many there are, each two above the one before.
    const fn count(self) -> u16 {
        u16::from_ne_bytes(self.count)
    }
}

/// A ping of ours (§6.7).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Ping {
    None,
    Owed([u8; 8]),
    InFlight([u8; 8]),
}

/// A GOAWAY to be sent (§6.8).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct GoAway {
    pub(super) last: u32,
    pub(super) code: ErrorCode,
    pub(super) reason: Reason,
}

/// What a GOAWAY gives as its debug data.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Reason {
    Nothing,
    /// The text of the error that the connection failed for.
    Error,
    /// What servers of gRPC write to a client that pings too often.
    TooManyPings,
}

impl Owed {
    pub(super) const fn new() -> Self {
        let range = ResetRange::new(0, 0, 0);
        Self {
            opening: true,
            settings_acks: 0,
            pings: [[0; 8]; MAX_PINGS],
            ping_count: 0,
            ranges: [range; MAX_RANGES],
            range_count: 0,
            ping: Ping::None,
            goaway: None,
        }
    }

    /// Whether nothing is owed.
    pub(super) const fn is_empty(&self) -> bool {
        !self.opening
            && self.settings_acks == 0
            && self.ping_count == 0
            && self.range_count == 0
            && !matches!(self.ping, Ping::Owed(_))
            && self.goaway.is_none()
    }

    /// Owes an acknowledgement of settings.
    pub(super) const fn add_settings_ack(&mut self) -> Result<(), Error> {
        if self.settings_acks == MAX_SETTINGS_ACKS {
            return Err(Error::TooManyAnswers { limit: MAX_SETTINGS_ACKS as u32 });
        }
        self.settings_acks += 1;
        Ok(())
    }

    /// Whether an acknowledgement of settings is owed.
    pub(super) const fn has_settings_ack(&self) -> bool {
        self.settings_acks > 0
    }

    /// An acknowledgement of settings was sent.
    pub(super) const fn settings_ack_sent(&mut self) {
        self.settings_acks = self.settings_acks.saturating_sub(1);
    }

    /// Owes the answer to a ping.
    pub(super) fn add_ping(&mut self, payload: [u8; 8]) -> Result<(), Error> {
        let place = self.pings.get_mut(usize::from(self.ping_count)).ok_or(too_many(MAX_PINGS))?;
        *place = payload;
        self.ping_count += 1;
        Ok(())
    }

    /// The oldest ping that was not answered.
    pub(super) fn first_ping(&self) -> Option<[u8; 8]> {
        if self.ping_count == 0 { None } else { self.pings.first().copied() }
    }

    /// The oldest ping was answered.
    pub(super) fn ping_answered(&mut self) {
        self.pings.copy_within(1.., 0);
        self.ping_count = self.ping_count.saturating_sub(1);
    }

    /// Owes the reset of a stream that has no slot.
    pub(super) fn add_reset(&mut self, stream: StreamId, code: ErrorCode) -> Result<(), Error> {
        let (first, code) = (stream.get(), code.0 as u8);
        let count = usize::from(self.range_count);
        let ranges = self.ranges.get_mut(..count).unwrap_or_default();
        if let Some(range) = ranges.last_mut()
            && range.code == code
            && let Some(after_first) = first.checked_sub(range.first())
        {
            let (place, count) = (after_first / 2, range.count());
            if place < u32::from(count) {
                return Ok(());
            }
            if place == u32::from(count)
                && let Some(more) = count.checked_add(1)
            {
                *range = ResetRange::new(range.first(), more, code);
                return Ok(());
            }
        }
        let place = self.ranges.get_mut(count).ok_or(too_many(MAX_RANGES))?;
        *place = ResetRange::new(first, 1, code);
        self.range_count += 1;
        Ok(())
    }

    /// The next stream without a slot to be reset.
    pub(super) fn first_reset(&self) -> Option<(StreamId, ErrorCode)> {
        let range = self.ranges.get(..usize::from(self.range_count))?.first()?;
        Some((StreamId::new(range.first())?, ErrorCode(range.code.into())))
    }

    /// That stream was reset.
    pub(super) fn reset_sent(&mut self) {
        let Some(range) = self.ranges.first_mut() else { return };
        if let Some(left @ 1..) = range.count().checked_sub(1) {
            *range = ResetRange::new(range.first().saturating_add(2), left, range.code);
            return;
        }
        self.ranges.copy_within(1.., 0);
        self.range_count = self.range_count.saturating_sub(1);
    }
}

/// The error of a peer that wants more answers of a kind than are kept.
const fn too_many(limit: usize) -> Error {
    Error::TooManyAnswers { limit: limit as u32 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(id: u32) -> StreamId {
        StreamId::new(id).expect("it is an identifier")
    }

    #[test]
    fn answers_are_in_order_and_counted() {
        let mut owed = Owed::new();
        for number in 0..8 {
            assert_eq!(owed.add_ping([number; 8]), Ok(()));
        }
        assert_eq!(owed.add_ping([8; 8]), Err(Error::TooManyAnswers { limit: 8 }));
        for number in 0..8 {
            assert_eq!(owed.first_ping(), Some([number; 8]));
            owed.ping_answered();
        }
        assert_eq!(owed.first_ping(), None);
        for _ in 0..32 {
            assert_eq!(owed.add_settings_ack(), Ok(()));
        }
        assert_eq!(owed.add_settings_ack(), Err(Error::TooManyAnswers { limit: 32 }));
    }

    #[test]
    fn a_range_is_at_most_as_long_as_its_count() {
        let mut owed = Owed::new();
        for number in 0..200_000 {
            assert_eq!(owed.add_reset(id(2 * number + 1), ErrorCode::REFUSED_STREAM), Ok(()));
        }
        assert_eq!(owed.range_count, 4);
        for number in 0..200_000 {
            let expected = Some((id(2 * number + 1), ErrorCode::REFUSED_STREAM));
            assert_eq!(owed.first_reset(), expected);
            owed.reset_sent();
        }
        assert!(owed.first_reset().is_none());
    }

    #[test]
    fn a_burst_of_refused_streams_is_one_range() {
        let mut owed = Owed::new();
        for number in 0..1000 {
            assert_eq!(owed.add_reset(id(2 * number + 1), ErrorCode::REFUSED_STREAM), Ok(()));
        }
        assert_eq!(owed.add_reset(id(7), ErrorCode::REFUSED_STREAM), Ok(()), "it is owed already");
        for number in 0..1000 {
            let expected = Some((id(2 * number + 1), ErrorCode::REFUSED_STREAM));
            assert_eq!(owed.first_reset(), expected);
            owed.reset_sent();
        }
        assert_eq!(owed.first_reset(), None);
        for number in 0..8 {
            assert_eq!(owed.add_reset(id(4 * number + 1), ErrorCode::STREAM_CLOSED), Ok(()));
        }
        assert_eq!(
            owed.add_reset(id(101), ErrorCode::STREAM_CLOSED),
            Err(Error::TooManyAnswers { limit: 8 })
        );
    }
}
