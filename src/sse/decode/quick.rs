//! Takes what is most frequent in few steps. What it leaves alone, [`Decoder::decode`] takes.

use memchr::memchr2;

use super::{Decoder, EventSoFar, Field, State, ValueSoFar};
use crate::Chunk;

impl Decoder {
    /// Takes what is most frequent in one step.
    #[inline]
    pub(in crate::sse) fn decode_quickly<'a>(&mut self, input: &mut &'a [u8]) -> QuickPart<'a> {
        let value = match (&self.state, &**input) {
            (_, []) => return QuickPart::NoInput,
            (State::Value(value), _) => *value,
            (State::Line { after_cr: false }, [b'\n', rest @ ..]) => {
                *input = rest;
                self.event = EventSoFar::EMPTY;
                return QuickPart::Dispatch;
            }
            (State::Line { after_cr: false }, line) if !self.event.lost => {
                let (field, line_len, rest) = match line {
                    [b'd', b'a', b't', b'a', b':', b' ', rest @ ..] => (Field::Data, 6, rest),
                    [b'i', b'd', b':', b' ', rest @ ..] => (Field::Id, 4, rest),
                    [b'e', b'v', b'e', b'n', b't', b':', b' ', rest @ ..] => {
                        (Field::EventType, 7, rest)
                    }
                    _ => return QuickPart::Other,
                };
                *input = rest;
                self.event.start_value(field, line_len)
            }
            _ => return QuickPart::Other,
        };
        match self.take_value(value, input) {
            Some(chunk) => QuickPart::Value(value.field, chunk),
            None => {
                self.state = State::Value(value);
                QuickPart::Other
            }
        }
    }

    /// Takes what has arrived of a line of data that began in an earlier read: its middle, or its end
    /// and the blank line after it, if that ends the event.
    #[inline]
    pub(in crate::sse) fn rest_of_line_quickly<'a>(
        &mut self,
        input: &mut &'a [u8],
    ) -> QuickRest<'a> {
        let State::Value(value @ ValueSoFar { field: Field::Data, started: true, .. }) = self.state
        else {
            return QuickRest::Other;
        };
        let bytes = *input;
        let Some(room) = value.room(&self.limits) else { return QuickRest::Other };
        if is_plain(bytes) && bytes.len() as u64 <= room {
            *input = &[];
            self.state = State::Value(value.after(bytes.len() as u64));
            return QuickRest::Middle(bytes);
        }
        let Some((bytes, [b'\n', b'\n', rest @ ..])) =
            memchr2(b'\n', b'\r', bytes).and_then(|len| bytes.split_at_checked(len))
        else {
            return QuickRest::Other;
        };
        if bytes.len() as u64 > room {
            return QuickRest::Other;
        }
        *input = rest;
        self.state = State::Line { after_cr: false };
        self.event = EventSoFar::EMPTY;
        QuickRest::Event(bytes)
    }

    /// Takes what has arrived of an event's first line if that is data. Takes the blank line after
    /// it too, if that ends the event.
    #[inline]
    pub(in crate::sse) fn first_line_quickly<'a>(&mut self, input: &mut &'a [u8]) -> QuickLine<'a> {
        let (State::Line { after_cr: false }, EventSoFar { open: false, lost: false, .. }) =
            (&self.state, &self.event)
        else {
            return QuickLine::Other;
        };
        let [b'd', b'a', b't', b'a', b':', b' ', rest @ ..] = &**input else {
            return QuickLine::Other;
        };
        *input = rest;
        let value = ValueSoFar { field: Field::Data, line_len: 6, len: 0, started: false };
        let Some(chunk) = self.take_value(value, input) else {
            self.state = State::Value(value);
            return QuickLine::Other;
        };
        match **input {
            // This LF is a line of its own: one that belongs to a CR was taken with it.
            [b'\n', ref rest @ ..] => {
                *input = rest;
                self.event = EventSoFar::EMPTY;
                QuickLine::Event(chunk.bytes)
            }
            _ => QuickLine::Data(chunk),
        }
    }
}

/// What [`Decoder::first_line_quickly`] took.
pub(in crate::sse) enum QuickLine<'a> {
    /// The data of a whole event.
    Event(&'a [u8]),
    /// Data of an event that goes on.
    Data(Chunk<'a>),
    /// Nothing to return yet: the decoder goes on with [`Decoder::decode`].
    Other,
}

/// What [`Decoder::rest_of_line_quickly`] took.
pub(in crate::sse) enum QuickRest<'a> {
    /// ASCII in the middle of a line, which was all of the input.
    Middle(&'a [u8]),
    /// The end of the last line of an event.
    Event(&'a [u8]),
    /// Nothing: the decoder goes on with [`Decoder::decode`].
    Other,
}

/// What [`Decoder::decode_quickly`] took.
pub(in crate::sse) enum QuickPart<'a> {
    /// Part of a field's value.
    Value(Field, Chunk<'a>),
    /// A blank line.
    Dispatch,
    /// Nothing, because there is no input.
    NoInput,
    /// Nothing to return yet: the decoder goes on with [`Decoder::decode_any`].
    Other,
}

/// Whether `bytes` are few, and ASCII without the end of a line.
///
/// One pass over vectors takes less than a search and a check.
#[inline]
fn is_plain(bytes: &[u8]) -> bool {
    const BLOCK: usize = 16;
    const SHORT: usize = 16 * BLOCK;

    let Some(last) = bytes.last_chunk::<BLOCK>() else {
        return !bytes.is_empty() && is_plain_block(bytes);
    };
    // The last block overlaps the one before it, if need be. A branch for each keeps the compiler from
    // making wider loops, which are slow for so few.
    bytes.len() <= SHORT
        && bytes.as_chunks::<BLOCK>().0.iter().all(|block| is_plain_block(block))
        && is_plain_block(last)
}

#[inline(always)]
fn is_plain_block(block: &[u8]) -> bool {
    let special = |byte: u8| byte & 0x80 | u8::from(byte == b'\n') | u8::from(byte == b'\r');
    block.iter().fold(0, |found, &byte| found | special(byte)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec;

    #[test]
    fn one_byte_that_is_not_plain_is_noticed_wherever_it_is() {
        assert!(!is_plain(b""));
        for len in 1..if cfg!(miri) { 40 } else { 256 } {
            assert!(is_plain(&vec![b'a'; len]));
            for at in 0..len {
                for byte in [b'\n', b'\r', 0x80, 0xFF] {
                    let mut bytes = vec![b'a'; len];
                    bytes[at] = byte;
                    assert!(!is_plain(&bytes), "{byte} at {at} of {len}");
                }
            }
        }
        assert!(!is_plain(&[b'a'; 257]), "a long read is for memchr");
    }
}
