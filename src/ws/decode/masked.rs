//! Payloads as they came, for callers that unmask them where they put them.

use core::mem;

use super::{Decoder, State};
use crate::utf8::Utf8State;
use crate::ws::incoming::IncomingMessage;
use crate::ws::{Kind, Mask, Opcode, Role};

/// Bytes of a payload that are still masked, and where they belong.
pub(in crate::ws) struct Masked<'a> {
    pub(in crate::ws) bytes: &'a [u8],
    /// The mask at the first of the bytes.
    pub(in crate::ws) mask: Option<Mask>,
    pub(in crate::ws) place: Place,
}

/// Where bytes of a payload belong.
#[derive(Clone, Copy)]
pub(in crate::ws) enum Place {
    Message(MessagePlace),
    Control(ControlPlace),
}

/// Where bytes fall in a data message. Once they are there, [`Decoder::placed`] has to know.
#[derive(Clone, Copy)]
pub(in crate::ws) struct MessagePlace {
    pub(in crate::ws) kind: Kind,
    pub(in crate::ws) compressed: bool,
    /// The state of the text before them, if it is one.
    pub(in crate::ws) text: Utf8State,
    pub(in crate::ws) start: bool,
    pub(in crate::ws) end: bool,
}

/// Where bytes fall in a control frame.
#[derive(Clone, Copy)]
pub(in crate::ws) struct ControlPlace {
    pub(in crate::ws) opcode: Opcode,
    pub(in crate::ws) start: bool,
    pub(in crate::ws) end: bool,
}

impl Decoder {
    /// Takes the next fragment of a message off `input` if it is short, all there, not empty, and
    /// does not begin a compressed message. Returns where it belongs.
    ///
    /// `None` means that the case does not apply, and that nothing was taken.
    #[inline(always)]
    pub(in crate::ws) fn take_masked_fragment<'a>(
        &mut self,
        role: Role,
        input: &mut &'a [u8],
    ) -> Option<(MessagePlace, Option<Mask>, &'a [u8])> {
        let (first, mask, bytes) = self.take_short_fragment(role, input)?;
        let end = self.count_short_fragment(first, bytes.len());
        Some((self.message_place(end), mask, bytes))
    }

    /// Takes the next bytes of a payload off `input`, which is only read.
    ///
    /// `None` means that all of `input` was taken: more is needed, or the decoder has failed.
    #[inline(always)]
    pub(in crate::ws) fn take_masked<'a>(&mut self, input: &mut &'a [u8]) -> Option<Masked<'a>> {
        let bytes = self.take_payload(input)?;
        let (mask, place) = self.place(bytes.len());
        Some(Masked { bytes, mask, place })
    }

    /// Takes `len` bytes of the current frame's payload, which lie elsewhere. Returns the mask at the
    /// first of them, and where they belong.
    ///
    /// `None` means that the current frame does not have so many, or is not of an uncompressed
    /// message. Then nothing was taken.
    pub(in crate::ws) fn take_elsewhere(
        &mut self,
        len: usize,
    ) -> Option<(Option<Mask>, MessagePlace)> {
        let remaining = self.payload_remaining().checked_sub(len as u64)?;
        if self.frame.opcode.is_control() || self.message.compressed {
            return None;
        }
        self.frame.remaining = remaining;
        match self.place(len) {
            (mask, Place::Message(place)) => Some((mask, place)),
            (_, Place::Control(_)) => None,
        }
    }

    /// The mask of the last `len` bytes that were taken off the current frame, and where they belong.
    #[inline(always)]
    fn place(&mut self, len: usize) -> (Option<Mask>, Place) {
        let over = self.frame.remaining == 0;
        if over {
            self.state = State::Between;
        }
        let mask = self.frame.mask;
        if let Some(mask) = &mut self.frame.mask {
            mask.skip(len as u64);
        }
        let opcode = self.frame.opcode;
        let start = !mem::replace(&mut self.frame.started, true);
        if !opcode.is_control() {
            return (mask, Place::Message(self.message_place(over && self.frame.fin)));
        }
        if over && opcode == Opcode::Close {
            self.state = State::Closed;
        }
        (mask, Place::Control(ControlPlace { opcode, start, end: over }))
    }

    /// The place of the next bytes of the current message, the last if `end`.
    #[inline(always)]
    fn message_place(&mut self, end: bool) -> MessagePlace {
        let message = &mut self.message;
        let start = !mem::replace(&mut message.started, true);
        let IncomingMessage { kind, compressed, text, .. } = *message;
        MessagePlace { kind, compressed, text, start, end }
    }

    /// Notes that bytes of the current message were put in their place, and the state of its text after
    /// them.
    #[inline(always)]
    pub(in crate::ws) const fn placed(&mut self, place: MessagePlace, text: Utf8State) {
        if place.end {
            self.message = IncomingMessage::NONE;
        } else {
            self.message.text = text;
        }
    }

    /// The length of the current message in bytes, as far as its frames have announced it.
    pub(in crate::ws) const fn announced_len(&self) -> u64 {
        self.message.len
    }

    /// Whether the next byte of payload would be the first of an uncompressed message: `Some(true)`;
    /// or another of it: `Some(false)`. `None` outside of such a message's frames.
    pub(in crate::ws) const fn next_starts(&self) -> Option<bool> {
        match self.state {
            State::Payload if !self.frame.opcode.is_control() && !self.message.compressed => {
                Some(!self.message.started)
            }
            _ => None,
        }
    }
}
