//! Joins the fields of an event stream to events (§9.2.6).

mod quick;
mod stored;
mod whole;

use core::{fmt, mem};

use memchr::memchr;
use simdutf8::basic::from_utf8;

use stored::{
    EventLoss, NextItem, StoredEvent, StoredValue, TextPlace, UnstoredFields, append,
    type_or_default,
};
use whole::Announced;

pub use whole::ItemKind;

use super::decode::{Field, QuickLine};
use super::text::StoredText;
use super::{Decoder, Error, Limits, Part, Storage};
use crate::debug::Payload;
use crate::{Buffer, BufferFull, Chunk};

/// Joins the fields of a stream to events, in storage that the caller picks (§9.2.6).
///
/// An event that lies whole in the input, with one line of data, is borrowed from there: its data and
/// type are not copied. Others are joined in the storage. What is not UTF-8 becomes U+FFFD.
///
/// ```
/// use framewright::sse::{Assembler, Event, Item, Limits, Storage};
///
/// let mut assembler = Assembler::new(Limits::new(), Storage::<Vec<u8>>::default());
/// let mut input = &b"data: YHOO\ndata: +2\ndata: 10\n\ndata: cut o"[..]; // §9.2.6
/// let mut events = 0;
/// while let Some(item) = assembler.receive(&mut input) {
///     let Item::Event(event) = item else { continue };
///     assert_eq!(event, Event { event_type: "message", data: "YHOO\n+2\n10", last_event_id: "" });
///     events += 1;
/// }
/// assert_eq!(events, 1);
/// let dropped = assembler.receive_eof().expect("the last event has no blank line after it");
/// assert_eq!(dropped.data, "cut o");
/// ```
#[derive(Clone)]
pub struct Assembler<B, S = B> {
    decoder: Decoder,
    storage: Storage<StoredText<B>, StoredText<S>>,
    event: StoredEvent,
    announced: Announced,
    reconnection_time: Option<u64>,
}

/// An event to dispatch, which an [`Assembler`] has joined.
#[derive(Clone, Copy, Eq, PartialEq)]
pub struct Event<'a> {
    /// Its type; `message` if it has no other.
    pub event_type: &'a str,
    /// Its data, with its lines joined by LF.
    pub data: &'a str,
    /// Its ID, or else the ID of the last event before it that has one. Empty if there was none, or if
    /// the last one was empty.
    pub last_event_id: &'a str,
}

/// What an [`Assembler`] received.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Item<'a> {
    /// An event.
    Event(Event<'a>),
    /// Fields up to a blank line, without data. In the standard this is no event: browsers keep the
    /// ID and drop the rest. `data` is empty.
    NoData(Event<'a>),
    /// Bytes of a comment. Servers send comments to keep a connection alive.
    Comment(Chunk<'a>),
    /// The server set the reconnection time, in ms.
    ReconnectionTime(u64),
    /// The current event is lost. The stream goes on with the next.
    Lost(Error),
}

impl<B: Buffer, S: Buffer> Assembler<B, S> {
    /// An assembler at the start of a stream, with an empty last event ID.
    ///
    /// What `storage` holds is overwritten.
    pub fn new(limits: Limits, storage: Storage<B, S>) -> Self {
        let decoder = Decoder::new(limits);
        let storage = Storage {
            data: StoredText::new(storage.data),
            event_type: StoredText::new(storage.event_type),
            ids: storage.ids.map(StoredText::new),
        };
        Self {
            decoder,
            storage,
            event: StoredEvent::EMPTY,
            announced: Announced::NOTHING,
            reconnection_time: None,
        }
    }

    /// Receives what comes next, advancing `input` past it.
    ///
    /// `None` means that every byte of `input` was taken and more are needed.
    #[inline]
    pub fn receive<'s, 'a: 's>(&'s mut self, input: &mut &'a [u8]) -> Option<Item<'s>> {
        // The most frequent event takes one step and touches no state.
        let next = match self.decoder.first_line_quickly(input) {
            QuickLine::Event(data) => {
                self.event.has_fields = false;
                return Some(Item::Event(Event {
                    event_type: type_or_default(""),
                    data,
                    last_event_id: self.last_event_id(),
                }));
            }
            line => self.next_after(line, input),
        };
        Some(self.item(next?))
    }

    /// Receives the end of the stream. An event without its blank line is dropped, and its ID with it
    /// (§9.2.6).
    ///
    /// Returns the dropped event, with as much of its data as has arrived, for callers that want it
    /// anyway. What follows is the start of another stream, as after [`restart`](Self::restart).
    pub fn receive_eof(&mut self) -> Option<Event<'_>> {
        let mut event = mem::replace(&mut self.event, StoredEvent::EMPTY);
        self.restart();
        if !event.has_data || event.loss != EventLoss::None {
            return None;
        }
        let Storage { data, event_type, ids: [last, pending, _] } = &mut self.storage;
        // Without room for U+FFFD, the text ends before the unfinished character.
        let _room = match event.value.field {
            Field::Data => event.value.finish(data, self.decoder.limits()),
            Field::EventType => event.value.finish(event_type, self.decoder.limits()),
            Field::Id | Field::Retry | Field::Comment => Ok(()),
        };
        Some(Event {
            event_type: type_or_default(if event.has_type { event_type.as_str() } else { "" }),
            data: data.as_str(),
            last_event_id: if event.has_id { pending } else { last }.as_str(),
        })
    }

    /// Drops the current event. What follows is the start of another stream.
    ///
    /// The last event ID and the reconnection time stay. As in browsers, the events of the next
    /// stream have that ID until one brings another.
    pub fn restart(&mut self) {
        self.decoder = Decoder::new(*self.decoder.limits());
        self.event = StoredEvent::EMPTY;
    }

    /// The ID of the last event that has one and ended, even if it has no data.
    pub fn last_event_id(&self) -> &str {
        let [last, ..] = &self.storage.ids;
        last.as_str()
    }

    /// Sets the last event ID, to go on where an earlier program left off.
    pub fn set_last_event_id(&mut self, id: &str) -> Result<(), BufferFull> {
        let [last, _, incoming] = &mut self.storage.ids;
        incoming.clear();
        incoming.try_append(id)?;
        mem::swap(last, incoming);
        Ok(())
    }

    /// The reconnection time in ms, if the server has set one.
    pub const fn reconnection_time(&self) -> Option<u64> {
        self.reconnection_time
    }

    /// Takes the storage for data out of the assembler, with what it holds, and puts empty storage in
    /// its place.
    ///
    /// This frees the memory of a long event. Returns `None` and changes nothing while an event has
    /// data in the storage. An event that is lost has none: its storage was [freed](Buffer::free).
    pub fn release(&mut self) -> Option<B>
    where
        B: Default,
    {
        (!self.event.has_data || self.event.loss != EventLoss::None)
            .then(|| mem::take(&mut self.storage.data).into_storage())
    }

    /// A whole event of one line of data that is not UTF-8.
    #[cold]
    fn replaced_event<'a>(&mut self, bytes: &[u8]) -> Option<NextItem<'a>> {
        if let Err(error) = self.store_data(Chunk::whole(bytes)) {
            self.lose(error);
        }
        let lost = self.report_loss();
        let event = self.dispatch(UnstoredFields::default());
        lost.or(event)
    }

    /// The next item, of which nothing is borrowed from the storage yet.
    ///
    /// Fields that arrived whole are still in the input. They are only stored if their event does
    /// not end in the same input.
    fn next<'a>(
        &mut self,
        mut unstored: UnstoredFields<'a>,
        input: &mut &'a [u8],
    ) -> Option<NextItem<'a>> {
        if let lost @ Some(_) = self.report_loss() {
            self.store(unstored);
            return lost;
        }
        loop {
            let taken = match self.decoder.decode(input) {
                Some(Part::Data(chunk)) => self.take_data(chunk, &mut unstored),
                Some(Part::EventType(chunk)) => self.take_event_type(chunk, &mut unstored),
                Some(Part::Id(chunk)) => self.store_id(chunk),
                Some(Part::Dispatch) => {
                    if let next @ Some(_) = self.dispatch(mem::take(&mut unstored)) {
                        return next;
                    }
                    continue;
                }
                Some(Part::Lost(error)) => Err(error),
                Some(Part::Comment(chunk)) => {
                    self.store(unstored);
                    return Some(NextItem::Comment(chunk));
                }
                Some(Part::Retry(ms)) => {
                    self.store(unstored);
                    self.event.has_fields = true;
                    self.reconnection_time = Some(ms);
                    return Some(NextItem::ReconnectionTime(ms));
                }
                None => {
                    self.store(unstored);
                    return self.report_loss();
                }
            };
            if let Err(error) = taken {
                self.lose(error);
                if let lost @ Some(_) = self.report_loss() {
                    return lost;
                }
            }
        }
    }

    /// Takes the chunk of a line of data: a whole first line stays in the input, others are stored.
    #[inline]
    fn take_data<'a>(
        &mut self,
        chunk: Chunk<'a>,
        unstored: &mut UnstoredFields<'a>,
    ) -> Result<(), Error> {
        if chunk.is_whole()
            && unstored.data.is_none()
            && !self.event.has_data
            && let Ok(data) = from_utf8(chunk.bytes)
        {
            unstored.data = Some(data);
            return Ok(());
        }
        self.store_first_line(unstored)?;
        self.store_data(chunk)
    }

    /// Takes the chunk of a type: a whole one stays in the input, others are stored.
    #[inline]
    fn take_event_type<'a>(
        &mut self,
        chunk: Chunk<'a>,
        unstored: &mut UnstoredFields<'a>,
    ) -> Result<(), Error> {
        self.event.has_fields = true;
        unstored.event_type = None;
        if chunk.is_whole()
            && let Ok(event_type) = from_utf8(chunk.bytes)
        {
            unstored.event_type = Some(event_type);
            return Ok(());
        }
        self.store_event_type(chunk)
    }

    /// Ends the event. There is none to return if it has no fields, or if it was lost.
    #[inline]
    fn dispatch<'a>(&mut self, unstored: UnstoredFields<'a>) -> Option<NextItem<'a>> {
        let event = mem::replace(&mut self.event, StoredEvent::EMPTY);
        if event.has_id {
            // The buffer of the previous ID is used for the next one.
            let [last, pending, _] = &mut self.storage.ids;
            mem::swap(last, pending);
        }
        if event.loss != EventLoss::None {
            return None;
        }
        let event_type = match unstored.event_type {
            Some(event_type) => TextPlace::Input(event_type),
            None if event.has_type => TextPlace::Storage,
            None => TextPlace::Nowhere,
        };
        match unstored.data {
            Some(data) => Some(NextItem::Event { data: TextPlace::Input(data), event_type }),
            None if event.has_data => {
                Some(NextItem::Event { data: TextPlace::Storage, event_type })
            }
            None if event.has_fields => Some(NextItem::NoData { event_type }),
            None => None,
        }
    }

    /// Stores fields before their input goes away.
    ///
    /// The value in progress stays as it is: some of it may have been stored after these fields.
    #[inline]
    fn store(&mut self, mut unstored: UnstoredFields<'_>) {
        if self.event.loss != EventLoss::None {
            return;
        }
        if let Some(event_type) = unstored.event_type {
            self.event.has_type = true;
            self.storage.event_type.clear();
            if let Err(full) = self.storage.event_type.try_append(event_type) {
                self.lose(full.into());
            }
        }
        if let Err(full) = self.store_first_line(&mut unstored) {
            self.lose(full);
        }
    }

    #[inline]
    fn store_first_line(&mut self, unstored: &mut UnstoredFields<'_>) -> Result<(), Error> {
        if let Some(data) = unstored.data.take()
            && self.event.loss == EventLoss::None
        {
            self.event.has_data = true;
            self.storage.data.clear();
            self.storage.data.try_append(data)?;
        }
        Ok(())
    }

    fn store_data(&mut self, chunk: Chunk<'_>) -> Result<(), Error> {
        if self.event.loss != EventLoss::None {
            return Ok(());
        }
        let data = &mut self.storage.data;
        let limits = self.decoder.limits();
        if chunk.start {
            self.event.value = StoredValue::of(Field::Data);
            if self.event.has_data {
                append(Field::Data, "\n", data, limits)?;
            } else {
                data.clear();
                self.event.has_data = true;
            }
        }
        self.event.value.push(chunk, data, limits)
    }

    fn store_event_type(&mut self, chunk: Chunk<'_>) -> Result<(), Error> {
        if self.event.loss != EventLoss::None {
            return Ok(());
        }
        let event_type = &mut self.storage.event_type;
        if chunk.start {
            self.event.value = StoredValue::of(Field::EventType);
            self.event.has_type = true;
            event_type.clear();
        }
        self.event.value.push(chunk, event_type, self.decoder.limits())
    }

    /// Stores an ID, even one of a lost event: later events have it too.
    fn store_id(&mut self, chunk: Chunk<'_>) -> Result<(), Error> {
        let [_, pending, incoming] = &mut self.storage.ids;
        if chunk.start {
            self.event.value = StoredValue::of(Field::Id);
            self.event.has_fields = true;
            self.event.id_ignored = false;
            incoming.clear();
        }
        if self.event.id_ignored {
            return Ok(());
        }
        // The bytes before a NUL count against the limit, as they would if the NUL came later.
        let nul = memchr(0, chunk.bytes);
        let bytes = nul.and_then(|nul| chunk.bytes.get(..nul)).unwrap_or(chunk.bytes);
        let chunk = Chunk { bytes, end: chunk.end && nul.is_none(), ..chunk };
        self.event.id_ignored = nul.is_some();
        if let Err(error) = self.event.value.push(chunk, incoming, self.decoder.limits()) {
            self.event.id_ignored = true;
            return Err(error);
        }
        if chunk.end {
            self.event.has_id = true;
            mem::swap(pending, incoming);
        }
        Ok(())
    }

    /// Marks the event as lost, for the first reason only, and gives its memory back.
    #[cold]
    fn lose(&mut self, error: Error) {
        if self.event.loss == EventLoss::None {
            self.event.loss = EventLoss::Unreported(error);
            self.storage.data.free();
            self.storage.event_type.free();
        }
    }

    /// Marks the event as lost and reports it, unless that was done before.
    #[cold]
    fn lose_now<'a>(&mut self, error: Error) -> Option<NextItem<'a>> {
        self.lose(error);
        self.report_loss()
    }

    fn report_loss<'a>(&mut self) -> Option<NextItem<'a>> {
        let EventLoss::Unreported(error) = self.event.loss else { return None };
        self.event.loss = EventLoss::Reported;
        Some(NextItem::Lost(error))
    }

    fn item<'s>(&'s self, next: NextItem<'s>) -> Item<'s> {
        match next {
            NextItem::Event { data, event_type } => Item::Event(self.event_of(data, event_type)),
            NextItem::NoData { event_type } => {
                Item::NoData(self.event_of(TextPlace::Nowhere, event_type))
            }
            NextItem::Comment(chunk) => Item::Comment(chunk),
            NextItem::ReconnectionTime(ms) => Item::ReconnectionTime(ms),
            NextItem::Lost(error) => Item::Lost(error),
        }
    }

    #[inline]
    fn event_of<'s>(&'s self, data: TextPlace<'s>, event_type: TextPlace<'s>) -> Event<'s> {
        Event {
            event_type: type_or_default(event_type.text(&self.storage.event_type)),
            data: data.text(&self.storage.data),
            last_event_id: self.last_event_id(),
        }
    }
}

impl<B: Buffer, S: Buffer> fmt::Debug for Assembler<B, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Assembler")
            .field("decoder", &self.decoder)
            .field("data", &self.storage.data)
            .field("event_type", &self.storage.event_type)
            .field("ids", &self.storage.ids)
            .field("event", &self.event)
            .field("announced", &self.announced)
            .field("reconnection_time", &self.reconnection_time)
            .finish()
    }
}

impl fmt::Debug for Event<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Event")
            .field("event_type", &Payload(self.event_type.as_bytes()))
            .field("data", &Payload(self.data.as_bytes()))
            .field("last_event_id", &Payload(self.last_event_id.as_bytes()))
            .finish()
    }
}
