//! Takes what is most frequent in few steps. What it leaves alone, [`Decoder::decode`] takes.

use memchr::memchr2;

use super::{Decoder, EventSoFar, Field, State, ValueSoFar};
use crate::Chunk;
use crate::sse::text::split_plain;

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
        let Some(room) = value.room(&self.limits) else { return QuickRest::Other };
        let (taken, len, rest) = match split_plain(input) {
            (text, []) if !text.is_empty() && text.len() as u64 <= room => {
                *input = &[];
                self.state = State::Value(value.after(text.len() as u64));
                return QuickRest::Middle(text);
            }
            (text, [b'\n', b'\n', rest @ ..]) => (QuickRest::Event(text), text.len(), rest),
            _ => match split_event(input) {
                Some((bytes, rest)) => (QuickRest::Bytes(bytes), bytes.len(), rest),
                None => return QuickRest::Other,
            },
        };
        if len as u64 > room {
            return QuickRest::Other;
        }
        self.end_event(input, rest);
        taken
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
        let [b'd', b'a', b't', b'a', b':', b' ', line @ ..] = *input else {
            return QuickLine::Other;
        };
        let value = ValueSoFar { field: Field::Data, line_len: 6, len: 0, started: false };
        let room = value.room(&self.limits).unwrap_or(0);
        match split_plain(line) {
            (text, [b'\n', b'\n', rest @ ..]) if text.len() as u64 <= room => {
                self.end_event(input, rest);
                return QuickLine::Event(text);
            }
            (text, []) if !text.is_empty() && text.len() as u64 <= room => {
                *input = &[];
                self.state = State::Value(value.after(text.len() as u64));
                return QuickLine::Start(text);
            }
            _ => {}
        }
        *input = line;
        let Some(chunk) = self.take_value(value, input) else {
            self.state = State::Value(value);
            return QuickLine::Other;
        };
        match **input {
            // This LF is a line of its own: one that belongs to a CR was taken with it.
            [b'\n', ref rest @ ..] => {
                self.end_event(input, rest);
                QuickLine::Bytes(chunk.bytes)
            }
            _ => QuickLine::Data(chunk),
        }
    }

    /// Goes on after the blank line at the end of an event.
    #[inline(always)]
    fn end_event<'a>(&mut self, input: &mut &'a [u8], rest: &'a [u8]) {
        *input = rest;
        self.state = State::Line { after_cr: false };
        self.event = EventSoFar::EMPTY;
    }
}

/// Splits the input where the rest of an event's last line ends, and after the blank line.
#[inline]
fn split_event(input: &[u8]) -> Option<(&[u8], &[u8])> {
    match input.split_at_checked(memchr2(b'\n', b'\r', input)?)? {
        (bytes, [b'\n', b'\n', rest @ ..]) => Some((bytes, rest)),
        _ => None,
    }
}

/// What [`Decoder::first_line_quickly`] took.
#[derive(Clone, Copy)]
pub(in crate::sse) enum QuickLine<'a> {
    /// The data of a whole event: plain text.
    Event(&'a str),
    /// The data of a whole event.
    Bytes(&'a [u8]),
    /// Plain text at the beginning of a line, which was all of the input.
    Start(&'a str),
    /// Data of an event that goes on.
    Data(Chunk<'a>),
    /// Nothing to return yet: the decoder goes on with [`Decoder::decode`].
    Other,
}

/// What [`Decoder::rest_of_line_quickly`] took.
#[derive(Clone, Copy)]
pub(in crate::sse) enum QuickRest<'a> {
    /// Plain text in the middle of a line, which was all of the input.
    Middle(&'a str),
    /// The end of the last line of an event: plain text.
    Event(&'a str),
    /// The end of the last line of an event.
    Bytes(&'a [u8]),
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
