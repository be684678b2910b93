//! How the streams ended that are over (§5.1).

/// What is known of a stream that is not open.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Absent {
    /// It can be opened: no stream with this identifier or a higher one was.
    Idle,
    /// It was never opened, and cannot be any more, since a higher one was (§5.1.1).
    Skipped,
    /// Both sides ended it.
    Ended,
    /// The peer reset it.
    ResetByPeer,
    /// We reset it, or refused it. The peer may not know yet.
    ResetByUs,
    /// It is too long ago to tell.
    Forgotten,
}

/// How the last streams of a client ended: two bits for each of the last [`SPAN`](Self::SPAN).
///
/// All streams are a client's, as a server pushes none. The `n`th of them, from 0, has the identifier
/// 2 · n + 1.
#[derive(Clone, Debug)]
pub(super) struct Closed {
    /// How many streams there were, counting those that were skipped.
    count: u32,
    /// The bits of the `n`th stream are at n modulo [`SPAN`](Self::SPAN).
    endings: [u32; Self::WORDS as usize],
}

impl Closed {
    const WORDS: u32 = 8;
    const PER_WORD: u32 = 16;
    /// How many streams are remembered.
    pub(super) const SPAN: u32 = Self::WORDS * Self::PER_WORD;

    pub(super) const fn new() -> Self {
        Self { count: 0, endings: [0; Self::WORDS as usize] }
    }

    /// The highest identifier that was used, or 0.
    pub(super) const fn last(&self) -> u32 {
        match self.count {
            0 => 0,
            count => 2 * count - 1,
        }
    }

    /// What is known of the stream `id`, which is not open and is odd.
    pub(super) fn look_up(&self, id: u32) -> Absent {
        let number = id / 2;
        if number >= self.count {
            return Absent::Idle;
        }
        if self.count - number > Self::SPAN {
            return Absent::Forgotten;
        }
        let (word, shift) = Self::place(number);
        match self.endings.get(word).map(|bits| bits >> shift & 0b11) {
            Some(SKIPPED) => Absent::Skipped,
            Some(ENDED) => Absent::Ended,
            Some(RESET_BY_PEER) => Absent::ResetByPeer,
            _ => Absent::ResetByUs,
        }
    }

    /// Notes that the stream `id`, which is idle, is opened. All idle ones below it are skipped.
    pub(super) fn open(&mut self, id: u32) {
        let number = id / 2;
        if number - self.count.min(number) >= Self::SPAN {
            self.endings = [0; Self::WORDS as usize];
        } else {
            for skipped in self.count..number {
                self.set(skipped, SKIPPED);
            }
        }
        self.count = number + 1;
        // How a stream ended is only asked once it is over: whatever else ends it is noted then.
        self.set(number, RESET_BY_US);
    }

    /// Notes how the stream `id` ended.
    pub(super) fn close(&mut self, id: u32, how: Absent) {
        let number = id / 2;
        if number >= self.count || self.count - number > Self::SPAN {
            return;
        }
        let bits = match how {
            Absent::Ended => ENDED,
            Absent::ResetByPeer => RESET_BY_PEER,
            Absent::Skipped => SKIPPED,
            Absent::ResetByUs | Absent::Idle | Absent::Forgotten => RESET_BY_US,
        };
        self.set(number, bits);
    }

    fn set(&mut self, number: u32, ending: u32) {
        let (word, shift) = Self::place(number);
        if let Some(bits) = self.endings.get_mut(word) {
            *bits = *bits & !(0b11 << shift) | ending << shift;
        }
    }

    /// The word that has the bits of the `n`th stream, and how far they are from its end.
    const fn place(number: u32) -> (usize, u32) {
        let place = number % Self::SPAN;
        ((place / Self::PER_WORD) as usize, place % Self::PER_WORD * 2)
    }
}

const SKIPPED: u32 = 0;
const ENDED: u32 = 1;
const RESET_BY_PEER: u32 = 2;
const RESET_BY_US: u32 = 3;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_ending_is_remembered() {
        let mut closed = Closed::new();
        assert_eq!((closed.last(), closed.look_up(1)), (0, Absent::Idle));
        for (id, how) in [
            (1, Absent::Ended),
            (7, Absent::ResetByPeer),
            (9, Absent::ResetByUs),
            (13, Absent::Ended),
        ] {
            closed.open(id);
            closed.close(id, how);
        }
        let all = [1, 3, 5, 7, 9, 11, 13, 15].map(|id| closed.look_up(id));
        assert_eq!(
            all,
            [
                Absent::Ended,
                Absent::Skipped,
                Absent::Skipped,
                Absent::ResetByPeer,
                Absent::ResetByUs,
                Absent::Skipped,
                Absent::Ended,
                Absent::Idle,
            ]
        );
        assert_eq!(closed.last(), 13);
    }

    #[test]
    fn old_endings_are_forgotten() {
        let mut closed = Closed::new();
        for id in (1..=257).step_by(2) {
            closed.open(id);
            closed.close(id, Absent::Ended);
        }
        assert_eq!([1, 3].map(|id| closed.look_up(id)), [Absent::Forgotten, Absent::Ended]);
        closed.close(1, Absent::ResetByPeer);
        assert_eq!(closed.look_up(257), Absent::Ended, "it has the same place as 1");
        closed.close(3, Absent::ResetByPeer);
        assert_eq!(closed.look_up(3), Absent::ResetByPeer, "it is the last that is remembered");
    }

    #[test]
    fn many_can_be_skipped_at_once() {
        for skipped in [127, 128, 129, 0x3FFF_FFF0] {
            let mut closed = Closed::new();
            closed.open(1);
            closed.close(1, Absent::Ended);
            let last = 3 + 2 * skipped;
            closed.open(last);
            closed.close(last, Absent::ResetByPeer);
            assert_eq!(closed.look_up(last), Absent::ResetByPeer);
            assert_eq!(closed.look_up(last - 2), Absent::Skipped);
            assert_eq!(closed.look_up(last - 2 * 127), Absent::Skipped);
            assert_eq!(closed.look_up(1), Absent::Forgotten);
        }
        let mut closed = Closed::new();
        closed.open(0x7FFF_FFFF);
        assert_eq!(closed.last(), 0x7FFF_FFFF);
    }
}
