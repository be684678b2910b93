//! When to send a heart-beat, and when to give a peer up.

use super::HeartBeat;

/// The clocks of a connection.
#[derive(Clone, Debug)]
pub(super) struct Timers {
    pub(super) open_within: u64,
    pub(super) close_within: u64,
    /// After how many periods of silence a peer counts as dead.
    pub(super) dead_after: u32,
    phase: Phase,
    /// The newest time that is known.
    now: u64,
}

#[derive(Clone, Copy, Debug)]
enum Phase {
    /// The connection began at a time.
    Opening { since: u64 },
    /// Heart-beats are exchanged.
    Open { beat: Option<Beat>, listen: Option<Listen> },
    /// The close began at a time.
    Closing { since: u64 },
    /// The caller was asked to drop the transport.
    Over,
}

/// Our heart-beats.
#[derive(Clone, Copy, Debug)]
struct Beat {
    period: u64,
    last: u64,
}

/// The peer's heart-beats.
#[derive(Clone, Copy, Debug)]
struct Listen {
    timeout: u64,
    last: u64,
}

/// What has taken too long.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Late {
    Opening,
    Peer,
    Closing,
}

impl Timers {
    pub(super) const fn new(now: u64) -> Self {
        Self {
            open_within: 10_000,
            close_within: 10_000,
            dead_after: 2,
            phase: Phase::Opening { since: now },
            now,
        }
    }

    /// Notes the time.
    pub(super) const fn at(&mut self, now: u64) {
        self.now = now;
    }

    /// Notes that the peer sent something.
    pub(super) const fn received(&mut self) {
        if let Phase::Open { listen: Some(Listen { last, .. }), .. } = &mut self.phase {
            *last = self.now;
        }
    }

    /// Notes that the connection is open.
    pub(super) fn opened(&mut self, ours: HeartBeat, theirs: HeartBeat) {
        let last = self.now;
        self.phase = Phase::Open {
            // A quarter early, because the peer counts from arrival to arrival.
            beat: ours
                .send_period(theirs)
                .map(|period| Beat { period: (period - period / 4).max(1), last }),
            listen: ours.receive_period(theirs).map(|period| {
                let periods = u64::from(self.dead_after.max(1));
                Listen { timeout: period.saturating_mul(periods), last }
            }),
        };
    }

    /// Notes that the close has begun. Only the first call counts.
    pub(super) const fn closing(&mut self) {
        if !matches!(self.phase, Phase::Closing { .. } | Phase::Over) {
            self.phase = Phase::Closing { since: self.now };
        }
    }

    /// Whether a heart-beat has to be sent now.
    pub(super) const fn beat_is_due(&self) -> bool {
        match self.phase {
            Phase::Open { beat: Some(Beat { period, last }), .. } => {
                last.saturating_add(period) <= self.now
            }
            _ => false,
        }
    }

    /// Notes that a heart-beat was sent.
    pub(super) const fn beat_sent(&mut self) {
        if let Phase::Open { beat: Some(Beat { last, .. }), .. } = &mut self.phase {
            *last = self.now;
        }
    }

    /// What is late now. The close is late once.
    pub(super) const fn late(&mut self) -> Option<Late> {
        match self.limit() {
            Some((deadline, late)) if deadline <= self.now => {
                if let Late::Closing = late {
                    self.phase = Phase::Over;
                }
                Some(late)
            }
            _ => None,
        }
    }

    /// When something is to be done next.
    pub(super) fn deadline(&self) -> Option<u64> {
        let beat = match self.phase {
            Phase::Open { beat: Some(Beat { period, last }), .. } => {
                Some(last.saturating_add(period))
            }
            _ => None,
        };
        let limit = self.limit().map(|(deadline, _)| deadline);
        beat.into_iter().chain(limit).min()
    }

    /// When what will be late.
    const fn limit(&self) -> Option<(u64, Late)> {
        Some(match self.phase {
            Phase::Opening { since } => (since.saturating_add(self.open_within), Late::Opening),
            Phase::Open { listen: Some(Listen { timeout, last }), .. } => {
                (last.saturating_add(timeout), Late::Peer)
            }
            Phase::Closing { since } => (since.saturating_add(self.close_within), Late::Closing),
            Phase::Open { listen: None, .. } | Phase::Over => return None,
        })
    }
}
