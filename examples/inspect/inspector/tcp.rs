//! TCP: segments of a connection, in the order of their sequence numbers.

use std::collections::BTreeMap;

/// How much is held of what comes early. More means that what is missing was not captured.
const MAX_HELD: usize = 4 << 20;

/// One direction of a connection.
#[derive(Debug, Default)]
pub struct Sequence {
    /// The number of the next byte, once one is known.
    next: Option<u32>,
    /// What came early, by how far its end is from the beginning of the stream.
    held: BTreeMap<u64, Vec<u8>>,
    held_len: usize,
    /// How many bytes were returned or are missing.
    position: u64,
    has_ended: bool,
}

/// What comes next of a stream.
#[derive(Debug, Eq, PartialEq)]
pub enum Piece<'a> {
    Bytes(&'a [u8]),
    /// Bytes that the capture does not have.
    Missing(u64),
}

impl Sequence {
    /// Notes the number of a SYN.
    pub fn start(&mut self, number: u32) {
        if self.next.is_none() {
            self.next = Some(number.wrapping_add(1));
        }
    }

    /// Takes a segment that begins with the byte `number`, and passes on what is next.
    pub fn receive(&mut self, number: u32, segment: &[u8], take: &mut impl FnMut(Piece<'_>)) {
        if segment.is_empty() || self.has_ended {
            return;
        }
        let next = *self.next.get_or_insert(number);
        // Numbers wrap around. What is nearer backwards came before.
        let ahead = number.wrapping_sub(next);
        if ahead > u32::MAX / 2 {
            let repeated = next.wrapping_sub(number) as usize;
            if let Some(fresh) = segment.get(repeated..).filter(|fresh| !fresh.is_empty()) {
                self.pass_on(fresh, take);
            }
        } else if ahead == 0 {
            self.pass_on(segment, take);
        } else {
            let at = self.position + u64::from(ahead);
            let longer = self.held.get(&at).is_none_or(|held| held.len() < segment.len());
            if longer {
                self.held_len += segment.len();
                if let Some(shorter) = self.held.insert(at, segment.to_vec()) {
                    self.held_len -= shorter.len();
                }
            }
        }
        self.release(take);
        while self.held_len > MAX_HELD {
            self.skip(take);
        }
    }

    /// Ends the stream. What was held is passed on, with what is missing before it.
    pub fn end(&mut self, take: &mut impl FnMut(Piece<'_>)) {
        while !self.held.is_empty() {
            self.skip(take);
        }
        self.has_ended = true;
    }

    fn pass_on(&mut self, bytes: &[u8], take: &mut impl FnMut(Piece<'_>)) {
        self.advance(bytes.len() as u64);
        take(Piece::Bytes(bytes));
    }

    fn advance(&mut self, len: u64) {
        self.position += len;
        // Modulo 2³², as the numbers are.
        #[expect(clippy::cast_possible_truncation)]
        let len = len as u32;
        self.next = self.next.map(|next| next.wrapping_add(len));
    }

    /// Passes on what is held and is next.
    fn release(&mut self, take: &mut impl FnMut(Piece<'_>)) {
        while let Some(first) = self.held.first_entry()
            && *first.key() <= self.position
        {
            let (at, segment) = first.remove_entry();
            self.held_len -= segment.len();
            let repeated = usize::try_from(self.position - at).unwrap_or(usize::MAX);
            if let Some(fresh) = segment.get(repeated..).filter(|fresh| !fresh.is_empty()) {
                self.pass_on(fresh, take);
            }
        }
    }

    /// Gives up what is missing before the first that is held.
    fn skip(&mut self, take: &mut impl FnMut(Piece<'_>)) {
        let Some((&at, _)) = self.held.first_key_value() else { return };
        let missing = at.saturating_sub(self.position);
        self.advance(missing);
        take(Piece::Missing(missing));
        self.release(take);
    }
}
