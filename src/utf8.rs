//! UTF-8 that arrives in pieces (RFC 3629).
//!
//! A [`Utf8State`] says what is missing of the last character, so that a piece can be checked as soon
//! as it arrives. Whole characters are checked by `simdutf8`.
//!
//! ```text
//!              first byte of 4        of 3             of 2
//! Boundary ────────┬──────────────────┬────────────────┐
//!                  ▼                  ▼                ▼
//!               Three ────────────▶ Two ──────────▶ One ──────────▶ Boundary
//!         AfterF0, AfterF4 ─────────▲                ▲
//!                            AfterE0, AfterEd ───────┘
//! ```

use simdutf8::basic::from_utf8;

/// What the next byte of a text may be, by what came before it (the table of RFC 3629 §4).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum Utf8State {
    /// Between two characters.
    #[default]
    Boundary,
    /// One continuation byte is missing.
    One,
    /// Two continuation bytes are missing.
    Two,
    /// Three continuation bytes are missing.
    Three,
    /// After E0, where a smaller second byte would make an overlong form.
    AfterE0,
    /// After ED, where a larger second byte would make a surrogate.
    AfterEd,
    /// After F0, where a smaller second byte would make an overlong form.
    AfterF0,
    /// After F4, where a larger second byte would go beyond U+10FFFF.
    AfterF4,
}

impl Utf8State {
    /// Follows `bytes`. Returns the state after them, or the first byte that no text can have there.
    #[inline(never)]
    pub(crate) fn advance(self, bytes: &[u8]) -> Result<Self, InvalidByte> {
        let (state, rest) = self.finish_character(bytes)?;
        let (whole, tail) = split_unfinished(rest);
        if from_utf8(whole).is_err() {
            return self.walk(bytes);
        }
        state.walk(tail).map_err(|e| InvalidByte { at: bytes.len() - tail.len() + e.at, ..e })
    }

    /// Whether a text may end with `bytes`. It takes less than [`advance`](Self::advance), since no
    /// character is cut there.
    #[inline(never)]
    pub(crate) fn may_end_with(self, bytes: &[u8]) -> bool {
        match self.finish_character(bytes) {
            Ok((Self::Boundary, rest)) => from_utf8(rest).is_ok(),
            _ => false,
        }
    }

    /// Follows the rest of the character that has begun. Returns the state after it, and the bytes that
    /// follow.
    #[inline(always)]
    fn finish_character(self, bytes: &[u8]) -> Result<(Self, &[u8]), InvalidByte> {
        let mut state = self;
        let mut rest = bytes;
        while state != Self::Boundary
            && let Some((&byte, after)) = rest.split_first()
        {
            let at = bytes.len() - rest.len();
            state = state.step(byte).ok_or(InvalidByte { at, state })?;
            rest = after;
        }
        Ok((state, rest))
    }

    /// Follows `bytes` one by one.
    fn walk(self, bytes: &[u8]) -> Result<Self, InvalidByte> {
        bytes
            .iter()
            .enumerate()
            .try_fold(self, |state, (at, &byte)| state.step(byte).ok_or(InvalidByte { at, state }))
    }

    const fn step(self, byte: u8) -> Option<Self> {
        Some(match (self, byte) {
            (Self::Boundary, 0x00..=0x7F) | (Self::One, 0x80..=0xBF) => Self::Boundary,
            (Self::Boundary, 0xC2..=0xDF)
            | (Self::Two, 0x80..=0xBF)
            | (Self::AfterE0, 0xA0..=0xBF)
            | (Self::AfterEd, 0x80..=0x9F) => Self::One,
            (Self::Boundary, 0xE0) => Self::AfterE0,
            (Self::Boundary, 0xED) => Self::AfterEd,
            (Self::Boundary, 0xE1..=0xEF)
            | (Self::Three, 0x80..=0xBF)
            | (Self::AfterF0, 0x90..=0xBF)
            | (Self::AfterF4, 0x80..=0x8F) => Self::Two,
            (Self::Boundary, 0xF0) => Self::AfterF0,
            (Self::Boundary, 0xF1..=0xF3) => Self::Three,
            (Self::Boundary, 0xF4) => Self::AfterF4,
            _ => return None,
        })
    }
}

/// The text is not UTF-8, whatever follows.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct InvalidByte {
    /// Index of the first impossible byte.
    pub(crate) at: usize,
    /// Where the text stands before that byte.
    pub(crate) state: Utf8State,
}

/// Splits off the last character if its first byte promises more bytes than there are.
#[inline]
fn split_unfinished(bytes: &[u8]) -> (&[u8], &[u8]) {
    bytes.split_at_checked(bytes.len() - unfinished_len(bytes)).unwrap_or((bytes, &[]))
}

/// Length of the last character if its first byte promises more bytes than there are, else 0.
///
/// Where the bytes are no text, any length will do: what is wrong with them is found on either side.
#[inline]
const fn unfinished_len(bytes: &[u8]) -> usize {
    let (third, second, last) = match *bytes {
        [.., third, second, last] => (third, second, last),
        [second, last] => (0, second, last),
        [last] => (0, 0, last),
        [] => return 0,
    };
    // The first byte of two or more, of three or more, of four.
    if last >= 0xC0 {
        1
    } else if second >= 0xE0 {
        2
    } else if third >= 0xF0 {
        3
    } else {
        0
    }
}

/// Calls `test` with all sequences of four bytes that the table of RFC 3629 §4 distinguishes: one byte of
/// each class, and its neighbours.
#[cfg(test)]
pub(crate) fn for_each_sequence_of_edges(mut test: impl FnMut([u8; 4])) {
    const EDGES: &[u8] = if cfg!(miri) {
        &[0x41, 0xA0, 0xC3, 0xE1]
    } else {
        &[
            0x00, 0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF, 0xE0,
            0xE1, 0xEC, 0xED, 0xEE, 0xEF, 0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xFF,
        ]
    };
    for &a in EDGES {
        for &b in EDGES {
            for &c in EDGES {
                for &d in EDGES {
                    test([a, b, c, d]);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `core` thinks of the whole: `Ok` if it is text, or the beginning of one.
    fn naive(bytes: &[u8]) -> Result<bool, ()> {
        match core::str::from_utf8(bytes) {
            Ok(_) => Ok(true),
            Err(e) if e.error_len().is_none() => Ok(false),
            Err(_) => Err(()),
        }
    }

    fn agrees_with_naive(bytes: &[u8]) {
        let whole = Utf8State::Boundary.advance(bytes);
        match naive(bytes) {
            Ok(complete) => {
                assert_eq!(whole.map(|s| s == Utf8State::Boundary), Ok(complete), "{bytes:X?}");
            }
            Err(()) => {
                let at = whole.unwrap_err().at;
                assert!(naive(&bytes[..at]).is_ok(), "{bytes:X?} is possible up to {at}");
                assert!(naive(&bytes[..=at]).is_err(), "{bytes:X?} is impossible at {at}");
            }
        }
        for cut in 0..=bytes.len() {
            let pieces = bytes.split_at(cut);
            assert_eq!(in_pieces([pieces.0, pieces.1]), whole, "{bytes:X?} cut at {cut}");
            if let Ok(state) = Utf8State::Boundary.advance(pieces.0) {
                let may_end = state.may_end_with(pieces.1);
                assert_eq!(may_end, naive(bytes) == Ok(true), "{bytes:X?} cut at {cut}");
            }
        }
    }

    fn in_pieces<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Result<Utf8State, InvalidByte> {
        let mut start = 0;
        pieces.into_iter().try_fold(Utf8State::Boundary, |state, piece| {
            let state = state.advance(piece).map_err(|e| InvalidByte { at: e.at + start, ..e })?;
            start += piece.len();
            Ok(state)
        })
    }

    #[test]
    fn every_sequence_of_edges_is_judged_as_core_does_however_it_is_cut() {
        for_each_sequence_of_edges(|bytes @ [a, b, c, d]| {
            for len in 1..=bytes.len() {
                agrees_with_naive(&bytes[..len]);
            }
            let whole = Utf8State::Boundary.advance(&bytes);
            // Cut at more than one place: two pieces are done.
            for pieces in [
                [&[a][..], &[b], &[c], &[d]],
                [&[a], &[b], &[c, d], &[]],
                [&[a], &[b, c], &[d], &[]],
                [&[a, b], &[c], &[d], &[]],
            ] {
                assert_eq!(in_pieces(pieces), whole, "{pieces:X?}");
            }
        });
    }

    #[test]
    fn a_long_text_is_judged_like_a_short_one() {
        let mut text = "κόσμε 🦀 ".repeat(if cfg!(miri) { 1 } else { 40 }).into_bytes();
        text.insert(0, b'a');
        agrees_with_naive(&text);
        for at in 0..text.len() {
            let mut broken = text.clone();
            broken[at] = 0xFF;
            agrees_with_naive(&broken);
        }
    }
}
