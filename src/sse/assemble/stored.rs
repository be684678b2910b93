//! What an assembler knows of the event that it joins, and where the strings are.

use crate::lossy::LossyDecoder;
use crate::sse::decode::Field;
use crate::sse::text::{StoredText, split_plain};
use crate::sse::{Error, Limits};
use crate::{Buffer, Chunk};

/// An [`Item`] whose strings have not been looked up in the storage yet.
pub(super) enum NextItem<'a> {
    Event { data: TextPlace<'a>, event_type: TextPlace<'a> },
    NoData { event_type: TextPlace<'a> },
    Comment(Chunk<'a>),
    ReconnectionTime(u64),
    Lost(Error),
}

/// Where a string of an event lies.
pub(super) enum TextPlace<'a> {
    Input(&'a str),
    Storage,
    Nowhere,
}

impl<'a> TextPlace<'a> {
    #[inline]
    pub(super) fn text(self, storage: &'a StoredText<impl Buffer>) -> &'a str {
        match self {
            Self::Input(input) => input,
            Self::Storage => storage.as_str(),
            Self::Nowhere => "",
        }
    }
}

/// Fields of the current event that arrived whole and are not stored.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct UnstoredFields<'a> {
    pub(super) data: Option<&'a str>,
    pub(super) event_type: Option<&'a str>,
}

/// What is stored of the current event, and what else is known of it.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "they are independent")]
pub(super) struct StoredEvent {
    pub(super) has_data: bool,
    pub(super) has_type: bool,
    /// Whether it has an ID. It becomes the last event ID when the event ends.
    pub(super) has_id: bool,
    /// Whether it has a field other than data.
    pub(super) has_fields: bool,
    /// Whether the ID in progress does not count.
    pub(super) id_ignored: bool,
    pub(super) loss: EventLoss,
    /// The value in progress.
    pub(super) value: StoredValue,
}

impl StoredEvent {
    pub(super) const EMPTY: Self = Self {
        has_data: false,
        has_type: false,
        has_id: false,
        has_fields: false,
        id_ignored: false,
        loss: EventLoss::None,
        value: StoredValue::of(Field::Data),
    };
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum EventLoss {
    None,
    /// The event is lost, and the caller does not know it yet.
    Unreported(Error),
    Reported,
}

/// A value in progress, whose chunks go to the storage as text.
#[derive(Clone, Copy, Debug)]
pub(super) struct StoredValue {
    pub(super) field: Field,
    pub(super) text: LossyDecoder,
}

impl StoredValue {
    /// The value of a field, before its first chunk.
    pub(super) const fn of(field: Field) -> Self {
        Self { field, text: LossyDecoder::new() }
    }

    /// Appends plain text to data, after its first chunk: the last of the value if `end`.
    #[inline]
    pub(super) fn push_plain(
        &mut self,
        text: &str,
        end: bool,
        storage: &mut StoredText<impl Buffer>,
        limits: &Limits,
    ) -> Result<(), Error> {
        if self.text.is_at_boundary() {
            return append(Field::Data, text, storage, limits);
        }
        self.push(Chunk { bytes: text.as_bytes(), start: false, end }, storage, limits)
    }

    /// Appends the next chunk to `storage`, as text.
    #[inline]
    pub(super) fn push(
        &mut self,
        chunk: Chunk<'_>,
        storage: &mut StoredText<impl Buffer>,
        limits: &Limits,
    ) -> Result<(), Error> {
        let field = self.field;
        if self.text.is_at_boundary()
            && let (plain, []) = split_plain(chunk.bytes)
        {
            return append(field, plain, storage, limits);
        }
        self.text.decode(chunk.bytes, |text| append(field, text, storage, limits))?;
        if chunk.end { self.finish(storage, limits) } else { Ok(()) }
    }

    /// Ends the text: U+FFFD takes the place of a character that is unfinished.
    pub(super) fn finish(
        &mut self,
        storage: &mut StoredText<impl Buffer>,
        limits: &Limits,
    ) -> Result<(), Error> {
        let field = self.field;
        self.text.finish(|end| append(field, end, storage, limits))
    }
}

/// Appends a piece of a field's value to `storage`, unless it would exceed the field's limit there.
#[inline]
pub(super) fn append(
    field: Field,
    text: &str,
    storage: &mut StoredText<impl Buffer>,
    limits: &Limits,
) -> Result<(), Error> {
    let len = (storage.len() as u64).saturating_add(text.len() as u64);
    if len > field.max_len(limits) {
        return Err(field.too_long(limits));
    }
    Ok(storage.try_append(text)?)
}

#[inline]
pub(super) fn type_or_default(event_type: &str) -> &str {
    if event_type.is_empty() { "message" } else { event_type }
}
