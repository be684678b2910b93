//! Events that are joined in the storage, and stay there until the caller reads them.

use super::{Assembler, Event, NextItem, TextPlace, type_or_default};
use crate::sse::decode::QuickLine;
use crate::sse::text::StoredText;
use crate::sse::{Client, Error};
use crate::{Buffer, BufferFull};

/// What [`Assembler::receive_event`] received: an [`Item`](super::Item) without its strings and its lifetime.
///
/// [The module](crate::sse#keeping-it-in-a-struct) has the loop.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum ItemKind {
    /// An event: [`Assembler::event`] has it.
    Event,
    /// Fields up to a blank line, without data. In the standard this is no event: browsers keep the
    /// ID and drop the rest. [`Assembler::event`] has them.
    NoData,
    /// Bytes of a comment. Servers send comments to keep a connection alive.
    Comment,
    /// The server set the reconnection time, in ms.
    ReconnectionTime(u64),
    /// The current event is lost. The stream goes on with the next.
    Lost(Error),
}

/// Which strings of the event that was announced last are in the storage. The others are empty.
#[derive(Clone, Copy, Debug)]
pub(super) struct Announced {
    data: bool,
    event_type: bool,
}

impl Announced {
    pub(super) const NOTHING: Self = Self { data: false, event_type: false };
}

impl<B: Buffer, S: Buffer> Assembler<B, S> {
    /// Receives what comes next, advancing `input` past it. Events are put in the storage, whole, where
    /// [`event`](Self::event) finds them.
    ///
    /// `None` means that every byte of `input` was taken and more are needed. [`receive`](Self::receive)
    /// does the same without a copy of what lies whole in the input. There is an example under
    /// [*Keeping it in a struct*](crate::sse#keeping-it-in-a-struct).
    pub fn receive_event(&mut self, input: &mut &[u8]) -> Option<ItemKind> {
        self.announced = Announced::NOTHING;
        let next = match self.decoder.first_line_quickly(input) {
            QuickLine::Event(data) => {
                self.event.has_fields = false;
                let data = TextPlace::Input(data);
                Some(NextItem::Event { data, event_type: TextPlace::Nowhere })
            }
            line => self.next_after(line, input),
        };
        let (kind, data, event_type) = match next? {
            NextItem::Event { data, event_type } => (ItemKind::Event, data, event_type),
            NextItem::NoData { event_type } => (ItemKind::NoData, TextPlace::Nowhere, event_type),
            NextItem::Comment(_) => return Some(ItemKind::Comment),
            NextItem::ReconnectionTime(ms) => return Some(ItemKind::ReconnectionTime(ms)),
            NextItem::Lost(error) => return Some(ItemKind::Lost(error)),
        };
        match self.announce(&data, &event_type) {
            Ok(()) => Some(kind),
            Err(full) => {
                self.storage.data.free();
                self.storage.event_type.free();
                Some(ItemKind::Lost(full.into()))
            }
        }
    }

    /// The event that [`receive_event`](Self::receive_event) announced.
    ///
    /// It is there until more is received. Otherwise its data and type are empty.
    pub fn event(&self) -> Event<'_> {
        let Announced { data, event_type } = self.announced;
        Event {
            event_type: type_or_default(if event_type {
                self.storage.event_type.as_str()
            } else {
                ""
            }),
            data: if data { self.storage.data.as_str() } else { "" },
            last_event_id: self.last_event_id(),
        }
    }

    /// Puts the strings of an event in the storage, unless they are there.
    fn announce(
        &mut self,
        data: &TextPlace<'_>,
        event_type: &TextPlace<'_>,
    ) -> Result<(), BufferFull> {
        self.announced = Announced {
            data: put(data, &mut self.storage.data)?,
            event_type: put(event_type, &mut self.storage.event_type)?,
        };
        Ok(())
    }
}

/// Puts a string in `storage`, unless it is there. Returns whether there is one.
fn put(text: &TextPlace<'_>, storage: &mut StoredText<impl Buffer>) -> Result<bool, BufferFull> {
    match text {
        TextPlace::Input(text) => {
            storage.clear();
            storage.try_append(text)?;
            Ok(true)
        }
        TextPlace::Storage => Ok(true),
        TextPlace::Nowhere => Ok(false),
    }
}

impl<B: Buffer, S: Buffer> Client<B, S> {
    /// Receives what comes next of the stream, as [`receive`](Self::receive) does. Events are put in the
    /// storage, where [`event`](Self::event) finds them.
    pub fn receive_event(&mut self, input: &mut &[u8], now: u64) -> Option<ItemKind> {
        self.if_open(input, now)?.receive_event(input)
    }

    /// The event that [`receive_event`](Self::receive_event) announced, as
    /// [`Assembler::event`] has it.
    pub fn event(&self) -> Event<'_> {
        self.assembler().event()
    }
}
