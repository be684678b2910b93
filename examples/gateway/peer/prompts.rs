//! What makes a peer act although nothing came from it: time, the end of the gateway, and what others say.

use super::{Peer, Progress, State};
use crate::Shared;
use crate::room::{Heard, MOST_UNSENT};

/// How long the first bytes may take, in ms.
const FIRST_WITHIN: u64 = 15_000;
/// How long a peer has to close after we did, in ms.
const CLOSE_WITHIN: u64 = 5_000;
/// How long a peer may take nothing of its output, in ms.
const STALLED: u64 = 30_000;

impl Peer {
    /// Checks the deadlines.
    pub fn tick(&mut self, shared: &mut Shared) -> Progress {
        let now = shared.now;
        // While the peer is taking output, its time does not run.
        let waited = now.saturating_sub(self.since.max(self.taken_at));
        let stalled = self.blocked && now.saturating_sub(self.taken_at) >= STALLED;
        let ends = match &mut self.state {
            State::First(_) => waited >= FIRST_WITHIN,
            State::Http1(http1) => {
                let next = http1.tick(self.taken_at, &mut self.out, now);
                self.enter_next(next, now);
                stalled
            }
            State::Http2(http2) => stalled || !http2.tick(shared),
            State::Closing { .. } => waited >= CLOSE_WITHIN,
            State::WebSocket(session) => !session.tick(now, &mut self.out),
            State::Stomp(_) | State::Ended => stalled,
        };
        if ends { Progress::Ended } else { self.written(shared) }
    }

    /// Begins to close: nothing new is started.
    pub fn shut_down(&mut self, shared: &mut Shared) -> Progress {
        let all_said = match &mut self.state {
            State::First(_) | State::Stomp(_) => true,
            State::Http1(http1) => http1.shut_down(&mut self.out, shared),
            State::Http2(http2) => {
                http2.shut_down(shared);
                false
            }
            State::WebSocket(session) => {
                session.shut_down(shared.now, &mut self.out);
                false
            }
            State::Closing { .. } | State::Ended => false,
        };
        if all_said {
            self.enter(State::CLOSING, shared.now);
        }
        self.written(shared)
    }

    /// Passes on chat messages, if the peer is in the room and keeps up.
    pub fn hear(&mut self, heard: &Heard, shared: &mut Shared) -> Progress {
        match &mut self.state {
            State::Http2(http2) => {
                http2.hear(heard, shared);
                return self.written(shared);
            }
            State::WebSocket(session) => {
                if !session.hear(heard, shared.broadcast.deflater(), shared.now, &mut self.out) {
                    return Progress::Blocked;
                }
            }
            _ => return Progress::Blocked,
        }
        match self.written(shared) {
            Progress::Blocked if self.out.pending() > MOST_UNSENT => Progress::Ended,
            progress => progress,
        }
    }

    /// Writes what others make it say: what was published to a topic, or said to a session.
    pub fn hear_others(&mut self, shared: &mut Shared) -> Progress {
        match &mut self.state {
            State::Stomp(_) => {}
            State::Http1(http1) if http1.hears_others() => {}
            State::Http2(http2) => http2.hear_others(),
            State::WebSocket(session) if session.hears_others() => {}
            _ => return Progress::Blocked,
        }
        self.written(shared)
    }
}
