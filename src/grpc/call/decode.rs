//! The body that a call receives: base64 undone, messages split off and counted.

use super::{Cardinality, Event};
use crate::Truncated;
use crate::grpc::web::TextDecoder;
use crate::grpc::{Decoder, Error, Frame, Part};

/// A [`Decoder`] that knows how many messages there may be.
#[derive(Clone, Debug)]
pub(super) struct BodyDecoder {
    decoder: Decoder,
    /// If the body is in base64.
    text: Option<TextDecoder>,
    messages: Cardinality,
}

impl BodyDecoder {
    pub(super) const fn new(decoder: Decoder, messages: Cardinality) -> Self {
        Self { decoder, text: None, messages }
    }

    /// Sets how many messages there may be, before any has come.
    pub(super) const fn set_cardinality(&mut self, messages: Cardinality) {
        self.messages = messages;
    }

    /// Expects a body in base64.
    pub(super) const fn expect_text(&mut self) {
        self.text = Some(TextDecoder::new());
    }

    /// Sets whether messages may be compressed.
    pub(super) fn accept_compressed(&mut self, allowed: bool) {
        self.decoder = self.decoder.clone().accept_compressed(allowed);
    }

    /// Decodes base64 in place. A body that is not in base64 stays as it is.
    pub(super) fn decode_text_in_place<'a>(&mut self, bytes: &'a mut [u8]) -> &'a [u8] {
        let len = match &mut self.text {
            Some(text) => text.decode_in_place(bytes),
            None => bytes.len(),
        };
        bytes.get(..len).unwrap_or_default()
    }

    /// Takes a whole message off `input`, if there is one and it may come. Anything else stays.
    #[inline]
    pub(super) fn whole_message<'a>(&mut self, input: &mut &'a [u8]) -> Option<Event<'a>> {
        if !self.messages.may_have_another() {
            return None;
        }
        let part = self.decoder.whole_message(input)?;
        self.messages.any = true;
        Some(Event::message(part))
    }

    /// Decodes the next part, advancing `input` past it, or to its end on an error.
    pub(super) fn decode<'a>(&mut self, input: &mut &'a [u8]) -> Result<Option<Part<'a>>, Error> {
        let Some(part) = self.decoder.decode(input)? else {
            // What was wrong in the base64 came after the bytes that the decoder was given.
            return match self.text.as_ref().and_then(TextDecoder::error) {
                Some(error) => Err(error),
                None => Ok(None),
            };
        };
        if part.frame == Frame::Message {
            if part.chunk.start && !self.messages.may_have_another() {
                *input = &[];
                return Err(Error::MessageUnexpected);
            }
            self.messages.any = true;
        }
        Ok(Some(part))
    }

    /// Checks whether the body may end here.
    pub(super) fn check_eof(&self) -> Result<(), Truncated> {
        self.text.as_ref().map_or(Ok(()), TextDecoder::check_eof)?;
        self.decoder.check_eof()
    }

    /// Whether the single message that was to come did not.
    pub(super) const fn is_missing_message(&self) -> bool {
        self.messages.is_missing_one()
    }

    pub(super) const fn payload_remaining(&self) -> u64 {
        self.decoder.payload_remaining()
    }
}
