use core::mem;

use memchr::memchr;
use simdutf8::basic::from_utf8;

use super::decode::{Field, FirstLine, Step};

use super::{Decoder, Error, Limits, Part, Storage};
use crate::lossy::{LossyDecoder, is_ascii};
use crate::{Buffer, BufferFull, Chunk};

/// Joins the fields of a stream to events, in storage that the caller picks (§9.2.6).
///
/// The data of an event that lies whole in the input, in one line, is given out as it is, without a
/// copy; so is its type. Whatever comes in more pieces is joined in the storage. What is not UTF-8
/// becomes U+FFFD.
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
/// let dropped = assembler.finish().expect("the last event was not ended");
/// assert_eq!(dropped.data, "cut o");
/// ```
#[derive(Clone, Debug)]
pub struct Assembler<B> {
    decoder: Decoder,
    storage: Storage<B>,
    block: Block,
    reconnection_time: Option<u64>,
}

/// An event, as it is to be dispatched.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Event<'a> {
    /// Its type: `message` unless it has another.
    pub event_type: &'a str,
    /// Its data: the lines joined by LF.
    pub data: &'a str,
    /// Its ID, or that of the last event before it that has one. Empty if there is none, or if an
    /// event took it back.
    pub last_event_id: &'a str,
}

/// What has come of a stream.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Item<'a> {
    /// An event.
    Event(Event<'a>),
    /// Fields without data, up to a blank line: no event for the standard, whose agents drop all of
    /// it but the ID. `data` is empty.
    NoData(Event<'a>),
    /// Bytes of a comment. Servers send them as signs of life.
    Comment(Chunk<'a>),
    /// The reconnection time has changed, to this many ms.
    ReconnectionTime(u64),
    /// The event under way is lost. The stream goes on at the next.
    Lost(Error),
}

impl<B: Buffer> Assembler<B> {
    /// An assembler at the start of a stream, with an empty last event ID.
    ///
    /// It joins events in `storage`, in place of whatever that holds.
    pub fn new(limits: Limits, mut storage: Storage<B>) -> Self {
        storage.ids.iter_mut().for_each(Buffer::clear);
        let decoder = Decoder::new(limits);
        Self { decoder, storage, block: Block::EMPTY, reconnection_time: None }
    }

    /// Receives what comes next, advancing `input` past it.
    ///
    /// `None` means that every byte of `input` was taken and more are needed.
    #[inline]
    pub fn receive<'s, 'a: 's>(&'s mut self, input: &mut &'a [u8]) -> Option<Item<'s>> {
        // The most frequent event takes one step and leaves no trace.
        let next = match self.decoder.first_line(input) {
            FirstLine::Event(bytes) => {
                if let Ok(data) = from_utf8(bytes) {
                    self.block.has_fields = false;
                    return Some(Item::Event(Event {
                        event_type: type_or_default(""),
                        data,
                        last_event_id: self.last_event_id(),
                    }));
                }
                self.replaced_event(bytes)
            }
            FirstLine::Data(chunk) => self.next_behind(chunk, input),
            FirstLine::Other => self.next(Held::default(), input),
        };
        Some(self.item(next?))
    }

    /// Ends the stream: an event that was not ended is dropped, and its ID with it (§9.2.6).
    ///
    /// Gives out its data as far as it came, for those who want it nonetheless. What comes next is
    /// the start of another stream, as after [`reset`](Self::reset).
    pub fn finish(&mut self) -> Option<Event<'_>> {
        let block = mem::replace(&mut self.block, Block::EMPTY);
        self.reset();
        if !block.has_data || block.loss != Loss::None {
            return None;
        }
        let Storage { data, event_type, ids: [last, pending, _] } = &mut self.storage;
        let unfinished = match block.value.field {
            Field::Data => Some(&mut *data),
            Field::EventType => Some(&mut *event_type),
            Field::Id | Field::Retry | Field::Comment => None,
        };
        if let Some(storage) = unfinished {
            let mut text = block.value.text;
            // Without room for U+FFFD, the text ends before the unfinished character.
            let _room = text.finish(|replacement| storage.try_append(replacement.as_bytes()));
        }
        Some(Event {
            event_type: type_or_default(if block.has_type { text(event_type) } else { "" }),
            data: text(data),
            last_event_id: text(if block.has_id { pending } else { last }),
        })
    }

    /// Drops what there is of an event: what comes next is the start of another stream.
    ///
    /// The last event ID and the reconnection time stay. As in browsers, the events of the next
    /// stream have that ID until they bring another.
    pub fn reset(&mut self) {
        self.decoder = Decoder::new(*self.decoder.limits());
        self.block = Block::EMPTY;
    }

    /// The last event ID: that of the last event that was ended and has one, even if it has no data.
    pub fn last_event_id(&self) -> &str {
        let [last, ..] = &self.storage.ids;
        text(last)
    }

    /// Sets the last event ID, for a stream that takes up where one of long ago was cut off.
    pub fn set_last_event_id(&mut self, id: &str) -> Result<(), BufferFull> {
        let [last, _, incoming] = &mut self.storage.ids;
        incoming.clear();
        incoming.try_append(id.as_bytes())?;
        mem::swap(last, incoming);
        Ok(())
    }

    /// The reconnection time in ms, if the peer has set one.
    pub const fn reconnection_time(&self) -> Option<u64> {
        self.reconnection_time
    }

    /// Gives back the storage for data with what it holds, and goes on in empty storage.
    ///
    /// This is how the memory of a long event is given back. While one is under way, nothing
    /// happens.
    pub fn release(&mut self) -> Option<B>
    where
        B: Default,
    {
        (!self.block.has_data).then(|| mem::take(&mut self.storage.data))
    }

    /// A whole event of one line of data that is not UTF-8.
    #[cold]
    fn replaced_event<'a>(&mut self, bytes: &[u8]) -> Option<Next<'a>> {
        if let Err(error) = self.store_data(Chunk::whole(bytes)) {
            self.block.lose(error);
        }
        let lost = self.tell_loss();
        let event = self.dispatch(Held::default());
        lost.or(event)
    }

    /// What comes next behind a chunk of the first line of data.
    fn next_behind<'a>(&mut self, chunk: Chunk<'a>, input: &mut &'a [u8]) -> Option<Next<'a>> {
        let mut held = Held::default();
        if let Err(error) = self.take_data(chunk, &mut held) {
            self.block.lose(error);
        }
        self.next(held, input)
    }

    /// What comes next, without a look at the storage.
    ///
    /// Fields that came whole are still in the input, so they need not be stored as long as their
    /// event may end there too.
    fn next<'a>(&mut self, mut held: Held<'a>, input: &mut &'a [u8]) -> Option<Next<'a>> {
        if let lost @ Some(_) = self.tell_loss() {
            self.store_held(held);
            return lost;
        }
        loop {
            let taken = match self.decoder.step(input) {
                Step::Value(Field::Data, chunk) => self.take_data(chunk, &mut held),
                Step::Value(Field::EventType, chunk) => self.take_event_type(chunk, &mut held),
                Step::Value(Field::Id, chunk) => self.store_id(chunk),
                Step::Value(Field::Retry | Field::Comment, chunk) => {
                    self.store_held(held);
                    return Some(Next::Comment(chunk));
                }
                Step::Dispatch => {
                    if let next @ Some(_) = self.dispatch(mem::take(&mut held)) {
                        return next;
                    }
                    continue;
                }
                Step::NoInput => {
                    self.store_held(held);
                    return self.tell_loss();
                }
                Step::Other => match self.decoder.decode_any(input) {
                    Some(Part::Data(chunk)) => self.take_data(chunk, &mut held),
                    Some(Part::EventType(chunk)) => self.take_event_type(chunk, &mut held),
                    Some(Part::Id(chunk)) => self.store_id(chunk),
                    Some(Part::Comment(chunk)) => {
                        self.store_held(held);
                        return Some(Next::Comment(chunk));
                    }
                    Some(Part::Retry(ms)) => {
                        self.store_held(held);
                        self.block.has_fields = true;
                        self.reconnection_time = Some(ms);
                        return Some(Next::ReconnectionTime(ms));
                    }
                    Some(Part::Dispatch) => {
                        if let next @ Some(_) = self.dispatch(mem::take(&mut held)) {
                            return next;
                        }
                        continue;
                    }
                    Some(Part::Lost(error)) => Err(error),
                    // What is over a limit of an event that is lost, or all of the input.
                    None => continue,
                },
            };
            if let Err(error) = taken {
                self.block.lose(error);
                if let lost @ Some(_) = self.tell_loss() {
                    return lost;
                }
            }
        }
    }

    /// Holds a line of data, or stores what is there of it.
    #[inline]
    fn take_data<'a>(&mut self, chunk: Chunk<'a>, held: &mut Held<'a>) -> Result<(), Error> {
        if chunk.is_whole()
            && held.data.is_none()
            && !self.block.has_data
            && let Ok(data) = from_utf8(chunk.bytes)
        {
            held.data = Some(data);
            return Ok(());
        }
        self.store_held_data(held)?;
        self.store_data(chunk)
    }

    /// Holds a type, or stores what is there of it.
    #[inline]
    fn take_event_type<'a>(&mut self, chunk: Chunk<'a>, held: &mut Held<'a>) -> Result<(), Error> {
        self.block.has_fields = true;
        held.event_type = None;
        if chunk.is_whole()
            && let Ok(event_type) = from_utf8(chunk.bytes)
        {
            held.event_type = Some(event_type);
            return Ok(());
        }
        self.store_event_type(chunk)
    }

    /// Ends the event: there is one unless there is no data, or it was lost.
    #[inline]
    fn dispatch<'a>(&mut self, held: Held<'a>) -> Option<Next<'a>> {
        let block = mem::replace(&mut self.block, Block::EMPTY);
        if block.has_id {
            // The one that was last is forgotten with the next ID.
            let [last, pending, _] = &mut self.storage.ids;
            mem::swap(last, pending);
        }
        if block.loss != Loss::None {
            return None;
        }
        let event_type = match held.event_type {
            Some(event_type) => Place::Input(event_type),
            None if block.has_type => Place::Storage,
            None => Place::Nowhere,
        };
        match held.data {
            Some(data) => Some(Next::Event { data: Place::Input(data), event_type }),
            None if block.has_data => Some(Next::Event { data: Place::Storage, event_type }),
            None if block.has_fields => Some(Next::NoData { event_type }),
            None => None,
        }
    }

    /// Stores what is held, before the input is out of sight.
    ///
    /// It leaves alone the value that is coming, of which a part may have come behind it.
    #[inline]
    fn store_held(&mut self, mut held: Held<'_>) {
        if let Some(event_type) = held.event_type {
            self.block.has_type = true;
            self.storage.event_type.clear();
            if let Err(full) = self.storage.event_type.try_append(event_type.as_bytes()) {
                self.block.lose(full.into());
            }
        }
        if let Err(full) = self.store_held_data(&mut held) {
            self.block.lose(full);
        }
    }

    #[inline]
    fn store_held_data(&mut self, held: &mut Held<'_>) -> Result<(), Error> {
        if let Some(data) = held.data.take() {
            self.block.has_data = true;
            self.storage.data.clear();
            self.storage.data.try_append(data.as_bytes())?;
        }
        Ok(())
    }

    fn store_data(&mut self, chunk: Chunk<'_>) -> Result<(), Error> {
        if self.block.loss != Loss::None {
            return Ok(());
        }
        let data = &mut self.storage.data;
        let limits = self.decoder.limits();
        if chunk.start {
            self.block.value = StoredValue::of(Field::Data);
            if self.block.has_data {
                append(Field::Data, b"\n", data, limits)?;
            } else {
                data.clear();
                self.block.has_data = true;
            }
        }
        self.block.value.push(chunk, data, limits)
    }

    fn store_event_type(&mut self, chunk: Chunk<'_>) -> Result<(), Error> {
        if self.block.loss != Loss::None {
            return Ok(());
        }
        let event_type = &mut self.storage.event_type;
        if chunk.start {
            self.block.value = StoredValue::of(Field::EventType);
            self.block.has_type = true;
            event_type.clear();
        }
        self.block.value.push(chunk, event_type, self.decoder.limits())
    }

    /// Stores an ID, even of an event that is lost: those behind it count from there.
    fn store_id(&mut self, chunk: Chunk<'_>) -> Result<(), Error> {
        let [_, pending, incoming] = &mut self.storage.ids;
        if chunk.start {
            self.block.value = StoredValue::of(Field::Id);
            self.block.has_fields = true;
            self.block.void_id = false;
            incoming.clear();
        }
        if self.block.void_id {
            return Ok(());
        }
        // What comes before a NUL counts, as it would if the NUL were still to come.
        let nul = memchr(0, chunk.bytes);
        let bytes = nul.and_then(|nul| chunk.bytes.get(..nul)).unwrap_or(chunk.bytes);
        let chunk = Chunk { bytes, end: chunk.end && nul.is_none(), ..chunk };
        self.block.void_id = nul.is_some();
        if let Err(error) = self.block.value.push(chunk, incoming, self.decoder.limits()) {
            self.block.void_id = true;
            return Err(error);
        }
        if chunk.end {
            self.block.has_id = true;
            mem::swap(pending, incoming);
        }
        Ok(())
    }

    fn tell_loss<'a>(&mut self) -> Option<Next<'a>> {
        let Loss::Due(error) = self.block.loss else { return None };
        self.block.loss = Loss::Told;
        Some(Next::Lost(error))
    }

    fn item<'s>(&'s self, next: Next<'s>) -> Item<'s> {
        match next {
            Next::Event { data, event_type } => Item::Event(self.event(data, event_type)),
            Next::NoData { event_type } => Item::NoData(self.event(Place::Nowhere, event_type)),
            Next::Comment(chunk) => Item::Comment(chunk),
            Next::ReconnectionTime(ms) => Item::ReconnectionTime(ms),
            Next::Lost(error) => Item::Lost(error),
        }
    }

    #[inline]
    fn event<'s>(&'s self, data: Place<'s>, event_type: Place<'s>) -> Event<'s> {
        Event {
            event_type: type_or_default(event_type.text(&self.storage.event_type)),
            data: data.text(&self.storage.data),
            last_event_id: self.last_event_id(),
        }
    }
}

/// What comes next, as an [`Item`] that has not been fetched from the storage.
enum Next<'a> {
    Event { data: Place<'a>, event_type: Place<'a> },
    NoData { event_type: Place<'a> },
    Comment(Chunk<'a>),
    ReconnectionTime(u64),
    Lost(Error),
}

/// Where a string of an event is.
enum Place<'a> {
    Input(&'a str),
    Storage,
    Nowhere,
}

impl<'a> Place<'a> {
    #[inline]
    fn text(self, storage: &'a impl Buffer) -> &'a str {
        match self {
            Self::Input(input) => input,
            Self::Storage => text(storage),
            Self::Nowhere => "",
        }
    }
}

/// Fields of the event under way that came whole, and are not stored.
#[derive(Clone, Copy, Debug, Default)]
struct Held<'a> {
    data: Option<&'a str>,
    event_type: Option<&'a str>,
}

/// What is stored of the event under way, and what else is known of it.
#[derive(Clone, Copy, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each may be true or not, whatever the others are"
)]
struct Block {
    has_data: bool,
    has_type: bool,
    /// Whether it has an ID, which holds from its end on.
    has_id: bool,
    /// Whether it has a field that counts, beside its data.
    has_fields: bool,
    /// Whether the ID that is coming does not count.
    void_id: bool,
    loss: Loss,
    /// The value that is coming.
    value: StoredValue,
}

impl Block {
    const EMPTY: Self = Self {
        has_data: false,
        has_type: false,
        has_id: false,
        has_fields: false,
        void_id: false,
        loss: Loss::None,
        value: StoredValue::of(Field::Data),
    };

    /// An event is lost but once.
    #[cold]
    fn lose(&mut self, error: Error) {
        if self.loss == Loss::None {
            self.loss = Loss::Due(error);
        }
    }
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Loss {
    None,
    /// The event is lost, which is to be told.
    Due(Error),
    Told,
}

/// The value whose chunks are arriving, on its way into the storage.
#[derive(Clone, Copy, Debug)]
struct StoredValue {
    field: Field,
    text: LossyDecoder,
}

impl StoredValue {
    /// The value of a field, before its first chunk.
    const fn of(field: Field) -> Self {
        Self { field, text: LossyDecoder::new() }
    }

    /// Appends the next chunk to `storage`, as text.
    #[inline]
    fn push(
        &mut self,
        chunk: Chunk<'_>,
        storage: &mut impl Buffer,
        limits: &Limits,
    ) -> Result<(), Error> {
        let field = self.field;
        if self.text.is_at_boundary() && is_ascii(chunk.bytes) {
            return append(field, chunk.bytes, storage, limits);
        }
        let mut put = |text: &str| append(field, text.as_bytes(), storage, limits);
        self.text.decode(chunk.bytes, &mut put)?;
        if chunk.end { self.text.finish(put) } else { Ok(()) }
    }
}

/// Appends a piece of a field's value to `storage`, unless it would exceed the field's limit there.
#[inline]
fn append(
    field: Field,
    bytes: &[u8],
    storage: &mut impl Buffer,
    limits: &Limits,
) -> Result<(), Error> {
    let len = (storage.as_slice().len() as u64).saturating_add(bytes.len() as u64);
    if len > field.max_len(limits) {
        return Err(field.too_long());
    }
    Ok(storage.try_append(bytes)?)
}

/// The text that was stored as such.
#[inline]
fn text(storage: &impl Buffer) -> &str {
    match storage.as_slice() {
        [] => "",
        bytes => from_utf8(bytes).unwrap_or_default(),
    }
}

#[inline]
fn type_or_default(event_type: &str) -> &str {
    if event_type.is_empty() { "message" } else { event_type }
}
