//! Short ways for an event that comes in several reads.

use simdutf8::basic::from_utf8;

use super::Assembler;
use super::stored::{EventLoss, NextItem, StoredValue, TextPlace, UnstoredFields, append};
use crate::sse::Error;
use crate::sse::decode::{Field, QuickLine, QuickRest};
use crate::{Buffer, Chunk};

impl<B: Buffer, S: Buffer> Assembler<B, S> {
    /// The next item, after what was taken of the first line of data, if it has begun in this read.
    ///
    /// Out of line, for the sake of events that lie whole in the input.
    #[inline(never)]
    pub(super) fn next_after<'a>(
        &mut self,
        line: QuickLine<'a>,
        input: &mut &'a [u8],
    ) -> Option<NextItem<'a>> {
        match line {
            QuickLine::Event(data) => Some(self.whole_event(data)),
            QuickLine::Bytes(bytes) => match from_utf8(bytes) {
                Ok(data) => Some(self.whole_event(data)),
                Err(_) => self.replaced_event(bytes),
            },
            QuickLine::Start(text) => {
                self.store_start(text).err().and_then(|error| self.lose_now(error))
            }
            QuickLine::Data(chunk) if !chunk.end => {
                // There is no more input.
                self.store_data(chunk).err().and_then(|error| self.lose_now(error))
            }
            QuickLine::Data(chunk) => {
                let mut unstored = UnstoredFields::default();
                if let Err(error) = self.take_data(chunk, &mut unstored) {
                    self.lose(error);
                }
                self.next(unstored, input)
            }
            QuickLine::Other => self.next_in_line(input),
        }
    }

    /// An event of one line of data, which lies in the input.
    #[inline]
    fn whole_event<'a>(&mut self, data: &'a str) -> NextItem<'a> {
        self.event.has_fields = false;
        let data = TextPlace::Input(data);
        NextItem::Event { data, event_type: TextPlace::Nowhere }
    }

    /// Stores the plain text at the beginning of an event's data.
    #[inline]
    fn store_start(&mut self, text: &str) -> Result<(), Error> {
        if self.event.loss != EventLoss::None {
            return Ok(());
        }
        self.event.value = StoredValue::of(Field::Data);
        self.event.has_data = true;
        self.storage.data.clear();
        append(Field::Data, text, &mut self.storage.data, self.decoder.limits())
    }

    /// The next item, if a line of data may have begun in an earlier read.
    #[inline]
    fn next_in_line<'a>(&mut self, input: &mut &'a [u8]) -> Option<NextItem<'a>> {
        if self.event.loss != EventLoss::None {
            return self.next(UnstoredFields::default(), input);
        }
        let rest = self.decoder.rest_of_line_quickly(input);
        let (data, limits) = (&mut self.storage.data, self.decoder.limits());
        let (stored, end) = match rest {
            QuickRest::Middle(text) => {
                (self.event.value.push_plain(text, false, data, limits), false)
            }
            QuickRest::Event(text) => (self.event.value.push_plain(text, true, data, limits), true),
            QuickRest::Bytes(bytes) => {
                let chunk = Chunk { bytes, start: false, end: true };
                (self.event.value.push(chunk, data, limits), true)
            }
            QuickRest::Other => return self.next(UnstoredFields::default(), input),
        };
        let lost = stored.err().and_then(|error| self.lose_now(error));
        let event = if end { self.dispatch(UnstoredFields::default()) } else { None };
        lost.or(event)
    }
}
