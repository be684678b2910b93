//! Takes what is most frequent in few steps. What it leaves alone, [`Decoder::decode`] takes.

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
