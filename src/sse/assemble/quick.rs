//! Short ways for an event that comes in several reads.

use super::Assembler;
use super::stored::{EventLoss, NextItem, UnstoredFields};
use crate::sse::decode::QuickRest;
use crate::{Buffer, Chunk};

impl<B: Buffer, S: Buffer> Assembler<B, S> {
    /// The next item, after a chunk of the first line of data.
    pub(super) fn next_after<'a>(
        &mut self,
        chunk: Chunk<'a>,
        input: &mut &'a [u8],
    ) -> Option<NextItem<'a>> {
        if !chunk.end {
            // There is no more input.
            return self.store_data(chunk).err().and_then(|error| self.lose_now(error));
        }
        let mut unstored = UnstoredFields::default();
        if let Err(error) = self.take_data(chunk, &mut unstored) {
            self.lose(error);
        }
        self.next(unstored, input)
    }

    /// The next item, if a line of data may have begun in an earlier read.
    ///
    /// Out of line, for the sake of events that lie whole in the input.
    #[inline(never)]
    pub(super) fn next_in_line<'a>(&mut self, input: &mut &'a [u8]) -> Option<NextItem<'a>> {
        if self.event.loss != EventLoss::None {
            return self.next(UnstoredFields::default(), input);
        }
        match self.decoder.rest_of_line_quickly(input) {
            QuickRest::Middle(bytes) => {
                let (data, limits) = (&mut self.storage.data, self.decoder.limits());
                let stored = self.event.value.push_ascii(bytes, data, limits);
                stored.err().and_then(|error| self.lose_now(error))
            }
            QuickRest::Event(bytes) => {
                let chunk = Chunk { bytes, start: false, end: true };
                let lost = self.store_data(chunk).err().and_then(|error| self.lose_now(error));
                let event = self.dispatch(UnstoredFields::default());
                lost.or(event)
            }
            QuickRest::Other => self.next(UnstoredFields::default(), input),
        }
    }
}
