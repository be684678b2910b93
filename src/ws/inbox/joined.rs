//! The message that is being joined, and its text without a second check.
//!
//! ```text
//!            its first bytes            its last bytes
//!     None ──────────────────▶ Joining ────────────────▶ Whole
//!      ▲                          │                        │
//!      └── it is given up ────────┴────────────────────────┘
//! ```
//!
//! There is `unsafe` code here, for text that is borrowed or taken out. Only this file touches the bytes of a message between the
//! check and the `str`: the storage is private, and what is lent to be filled lies after them, or there
//! is no message any more.

#[cfg(feature = "alloc")]
use alloc::string::String;
#[cfg(feature = "alloc")]
use alloc::vec::Vec;
#[cfg(feature = "alloc")]
use core::mem;

#[cfg(feature = "bytes")]
use bytes::{Bytes, BytesMut};
use simdutf8::basic::from_utf8;

use crate::Buffer;
use crate::buffer::sealed::Ours;
use crate::utf8::Utf8State;
#[cfg(feature = "bytes")]
use crate::ws::BytesMessage;
#[cfg(feature = "alloc")]
use crate::ws::OwnedMessage;
use crate::ws::decode::MessagePlace;
use crate::ws::{Kind, Mask, Message};

/// Why bytes cannot be joined.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::ws) enum JoinError {
    /// The storage has no room for them.
    Full,
    /// The text is not UTF-8.
    InvalidText,
    /// The bytes before them are not here.
    BeginningMissing,
}

/// A message in storage whose length stays at its high-water mark, so that growing it costs only once.
/// What lies after the message is left over from earlier ones, and is never shown.
#[derive(Clone)]
pub(super) struct Joined<B> {
    storage: B,
    /// How many bytes of the storage are the message, or its beginning.
    len: usize,
    state: State,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum State {
    None,
    /// The beginning of a message is here. If it is a text, this is its state after that.
    Joining(Kind, Utf8State),
    Whole(Kind),
}

impl<B: Buffer> Joined<B> {
    pub(super) const fn new(storage: B) -> Self {
        Self { storage, len: 0, state: State::None }
    }

    /// Unmasks and checks a whole message.
    #[inline(always)]
    pub(super) fn put(
        &mut self,
        kind: Kind,
        bytes: &[u8],
        mask: Option<Mask>,
    ) -> Result<(), JoinError> {
        let text = self.copy(kind, 0, bytes, mask, Utf8State::Boundary, true);
        self.end_at(bytes.len(), kind, text, true).map(drop)
    }

    /// Unmasks and checks the next bytes of a message. Returns the state of its text after them.
    #[inline(always)]
    pub(super) fn join(
        &mut self,
        place: MessagePlace,
        bytes: &[u8],
        mask: Option<Mask>,
    ) -> Result<Utf8State, JoinError> {
        let start = self.start(place)?;
        let text = self.copy(place.kind, start, bytes, mask, place.text, place.end);
        self.end_at(start + bytes.len(), place.kind, text, place.end)
    }

    /// Unmasks and checks the next `len` bytes of a message where they lie: in the
    /// [room](Self::room) after those before them. Returns the state of its text after them.
    pub(super) fn join_in_place(
        &mut self,
        place: MessagePlace,
        len: usize,
        mask: Option<Mask>,
    ) -> Result<Utf8State, JoinError> {
        let start = self.start(place)?;
        let room = self.storage.as_mut_slice().get_mut(start..);
        let text = match (room.and_then(|room| room.get_mut(..len)), place.kind) {
            (None, _) => Err(JoinError::Full),
            (Some(bytes), Kind::Text) => unmask_text(bytes, mask, place.text),
            (Some(bytes), Kind::Binary) => {
                if let Some(mut mask) = mask {
                    mask.apply(bytes);
                }
                Ok(place.text)
            }
        };
        self.end_at(start + len, place.kind, text, place.end)
    }

    /// Room for `len` more bytes, or what there is of it: of a new message if `start`, else of the
    /// current one. Their content is not specified.
    pub(super) fn room(&mut self, start: bool, len: usize) -> &mut [u8] {
        if start {
            // The caller can write where the message before this one is.
            (self.state, self.len) = (State::None, 0);
        }
        let at = self.len;
        let fitting = self.fitting_len(at, len);
        let room = self.storage.as_mut_slice().get_mut(at..);
        room.and_then(|room| room.get_mut(..fitting)).unwrap_or_default()
    }

    /// How many bytes are the message, or its beginning.
    pub(super) const fn len(&self) -> usize {
        self.len
    }

    /// Where bytes go that belong at `place`.
    #[inline(always)]
    fn start(&self, place: MessagePlace) -> Result<usize, JoinError> {
        if place.start {
            return Ok(0);
        }
        // In another inbox than before, a text could go on in the wrong state.
        if self.state == State::Joining(place.kind, place.text) {
            return Ok(self.len);
        }
        Err(JoinError::BeginningMissing)
    }

    /// Notes that the message has `len` bytes, the last if `end`, and the state of its `text`. If that is
    /// invalid, there is no message any more.
    #[inline(always)]
    fn end_at(
        &mut self,
        len: usize,
        kind: Kind,
        mut text: Result<Utf8State, JoinError>,
        end: bool,
    ) -> Result<Utf8State, JoinError> {
        self.len = len;
        (self.state, text) = match text {
            Ok(Utf8State::Boundary) if end => (State::Whole(kind), text),
            Ok(_) if end => (State::None, Err(JoinError::InvalidText)),
            Ok(state) => (State::Joining(kind, state), text),
            Err(_) => (State::None, text),
        };
        text
    }

    /// Unmasks `bytes` to the storage from `start` on, and follows the text. Returns its state.
    ///
    /// They are the last of the message if `end`.
    #[inline(always)]
    fn copy(
        &mut self,
        kind: Kind,
        start: usize,
        bytes: &[u8],
        mask: Option<Mask>,
        before: Utf8State,
        end: bool,
    ) -> Result<Utf8State, JoinError> {
        // Storage and input are no longer than `isize::MAX` each, unless the storage lies.
        let len = start.wrapping_add(bytes.len());
        if len > self.storage.as_slice().len() && !self.grow(start, bytes.len()) {
            return Err(self.full(kind, start, bytes, mask, before));
        }
        let room = self.storage.as_mut_slice().get_mut(start..len);
        let to = room.ok_or(JoinError::Full)?;
        match kind {
            Kind::Text => copy_text(bytes, to, mask, before, end),
            Kind::Binary => {
                match mask {
                    Some(mut mask) => mask.copy(bytes, to),
                    None => to.copy_from_slice(bytes),
                }
                Ok(before)
            }
        }
    }

    /// Makes the storage `len` bytes longer than `start`. Returns whether it is.
    ///
    /// It grows by what has come, never by what was announced.
    #[cold]
    fn grow(&mut self, start: usize, len: usize) -> bool {
        let missing = start.saturating_add(len).saturating_sub(self.storage.as_slice().len());
        self.storage.try_grow(missing).is_ok()
    }

    /// Why `bytes` cannot be joined, although there is no room for all of them: what comes first in
    /// them counts, so that it makes no difference how they were split.
    #[cold]
    fn full(
        &mut self,
        kind: Kind,
        start: usize,
        bytes: &[u8],
        mask: Option<Mask>,
        before: Utf8State,
    ) -> JoinError {
        if kind == Kind::Text {
            let fitting = self.fitting_len(start, bytes.len());
            let fitting = bytes.get(..fitting).unwrap_or_default();
            if let Err(e) = self.copy(kind, start, fitting, mask, before, false) {
                return e;
            }
        }
        JoinError::Full
    }

    /// How many of `len` bytes from `start` on there is room for. Makes the storage so long.
    fn fitting_len(&mut self, start: usize, len: usize) -> usize {
        let mut fitting = self.storage.as_slice().len().saturating_sub(start).min(len);
        let mut step = len - fitting;
        while step > 0 {
            if self.grow(start, fitting + step) {
                fitting += step;
                step = step.min(len - fitting);
            } else {
                step /= 2;
            }
        }
        fitting
    }

    /// The message, once it is whole.
    #[inline]
    pub(super) fn message(&self) -> Option<Message<'_>> {
        let State::Whole(kind) = self.state else { return None };
        let bytes = self.storage.as_slice().get(..self.len)?;
        Some(match kind {
            Kind::Text => Message::Text(self.text(bytes)?),
            Kind::Binary => Message::Binary(bytes),
        })
    }

    /// The text of a whole message, in `bytes`.
    #[inline]
    #[allow(unsafe_code)]
    fn text<'b>(&self, bytes: &'b [u8]) -> Option<&'b str> {
        if self.storage.is_faithful(Ours) {
            debug_assert!(core::str::from_utf8(bytes).is_ok());
            // SAFETY: the message is a text and whole. Its bytes were followed as they were put here:
            // the first from between two characters, each other from the state in which the one
            // before it ended, and the last to between two characters. Nothing has changed them:
            // `&mut` to them never leaves this file, as `room` lends what lies after them, or ends
            // the message. And the storage is of a type that is known to return what was written to it.
            return Some(unsafe { core::str::from_utf8_unchecked(bytes) });
        }
        from_utf8(bytes).ok()
    }

    pub(super) const fn is_joining(&self) -> bool {
        matches!(self.state, State::Joining(..))
    }

    /// Gives up the message, and frees the storage.
    pub(super) fn free(&mut self) {
        self.state = State::None;
        self.len = 0;
        self.storage.free();
    }
}

#[cfg(feature = "alloc")]
impl Joined<Vec<u8>> {
    /// Takes out the whole message, with the storage if it fills half of that.
    #[allow(unsafe_code)]
    pub(super) fn take(&mut self) -> Option<OwnedMessage> {
        let State::Whole(kind) = self.state else { return None };
        self.state = State::None;
        let len = mem::take(&mut self.len);
        let bytes = if len >= self.storage.capacity() / 2 {
            let mut bytes = mem::take(&mut self.storage);
            bytes.truncate(len);
            bytes
        } else {
            self.storage.get(..len)?.to_vec()
        };
        Some(match kind {
            // SAFETY: as in `text`: the whole message was followed, and a `Vec` is faithful.
            Kind::Text => OwnedMessage::Text(unsafe { String::from_utf8_unchecked(bytes) }),
            Kind::Binary => OwnedMessage::Binary(bytes),
        })
    }
}

#[cfg(feature = "bytes")]
impl Joined<BytesMut> {
    /// Takes out the whole message, with the storage if it fills half of that.
    #[allow(unsafe_code)]
    pub(super) fn take(&mut self) -> Option<BytesMessage> {
        let State::Whole(kind) = self.state else { return None };
        self.state = State::None;
        let len = mem::take(&mut self.len);
        let bytes = if len >= self.storage.capacity() / 2 {
            let mut bytes = mem::take(&mut self.storage);
            bytes.truncate(len);
            bytes.freeze()
        } else {
            Bytes::copy_from_slice(self.storage.get(..len)?)
        };
        Some(match kind {
            // SAFETY: as in `text`: the whole message was followed, and a `BytesMut` is faithful.
            Kind::Text => unsafe { BytesMessage::text_unchecked(bytes) },
            Kind::Binary => bytes.into(),
        })
    }
}

/// A text is unmasked and checked in pieces of this many bytes, which stay in the first-level cache.
const BLOCK: usize = 16 << 10;

/// Changes nothing. Text that is not masked is copied and checked in one pass, as masked text is.
const NO_MASK: Mask = Mask::new([0; 4]);

/// Copies the next bytes of a text, unmasks them and follows them. Returns the state after them. The text
/// must end with them if `end`.
#[inline(always)]
fn copy_text(
    from: &[u8],
    to: &mut [u8],
    mask: Option<Mask>,
    before: Utf8State,
    end: bool,
) -> Result<Utf8State, JoinError> {
    let mut mask = mask.unwrap_or(NO_MASK);
    if from.len() > BLOCK {
        return copy_long_text(from, to, mask, before);
    }
    let ascii = mask.copy_noting_ascii(from, to);
    if end && !(ascii && before == Utf8State::Boundary) {
        let valid = before.may_end_with(to);
        return if valid { Ok(Utf8State::Boundary) } else { Err(JoinError::InvalidText) };
    }
    follow(to, ascii, before)
}

#[inline(never)]
fn copy_long_text(
    from: &[u8],
    to: &mut [u8],
    mut mask: Mask,
    before: Utf8State,
) -> Result<Utf8State, JoinError> {
    from.chunks(BLOCK).zip(to.chunks_mut(BLOCK)).try_fold(before, |before, (from, to)| {
        let ascii = mask.copy_noting_ascii(from, to);
        follow(to, ascii, before)
    })
}

/// Unmasks the next bytes of a text in place, and follows them. Returns the state after them.
fn unmask_text(
    bytes: &mut [u8],
    mask: Option<Mask>,
    before: Utf8State,
) -> Result<Utf8State, JoinError> {
    let mut mask = mask.unwrap_or(NO_MASK);
    bytes.chunks_mut(BLOCK).try_fold(before, |before, bytes| {
        let ascii = mask.apply_noting_ascii(bytes);
        follow(bytes, ascii, before)
    })
}

#[inline(always)]
fn follow(bytes: &[u8], ascii: bool, before: Utf8State) -> Result<Utf8State, JoinError> {
    // ASCII may follow anything but the beginning of a character.
    if ascii && before == Utf8State::Boundary {
        return Ok(before);
    }
    before.advance(bytes).map_err(|_| JoinError::InvalidText)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::utf8::for_each_sequence_of_edges;
    use crate::{BufferFull, SliceBuf};

    const KEY: [u8; 4] = [0x37, 0xFA, 0x21, 0x3D];

    /// The safe twin: storage that is not known to be faithful, so that its text is checked as a whole.
    struct Twin<'a>(SliceBuf<'a>);

    impl Buffer for Twin<'_> {
        fn try_grow(&mut self, len: usize) -> Result<&mut [u8], BufferFull> {
            self.0.try_grow(len)
        }

        fn as_slice(&self) -> &[u8] {
            self.0.as_slice()
        }

        fn as_mut_slice(&mut self) -> &mut [u8] {
            self.0.as_mut_slice()
        }

        fn truncate(&mut self, len: usize) {
            self.0.truncate(len);
        }
    }

    /// Joins two masked pieces of a text, the second where it lies if `in_place`.
    fn join<B: Buffer>(
        joined: &mut Joined<B>,
        [first, second]: [&[u8]; 2],
        in_place: bool,
    ) -> Result<(), JoinError> {
        let mut mask = Mask::new(KEY);
        let place = |text, start, end| MessagePlace {
            kind: Kind::Text,
            compressed: false,
            text,
            start,
            end,
        };
        let text = joined.join(place(Utf8State::Boundary, true, false), first, Some(mask))?;
        mask.skip(first.len() as u64);
        let last = place(text, false, true);
        if in_place {
            joined.room(false, second.len()).copy_from_slice(second);
            joined.join_in_place(last, second.len(), Some(mask))?;
        } else {
            joined.join(last, second, Some(mask))?;
        }
        Ok(())
    }

    #[test]
    fn every_sequence_of_edges_is_a_text_exactly_if_core_thinks_so_however_it_is_joined() {
        for_each_sequence_of_edges(|text| {
            let expected = core::str::from_utf8(&text).ok().map(Message::Text);
            let mut masked = text;
            Mask::new(KEY).apply(&mut masked);
            let (mut one, mut two) = ([0xAA; 5], [0xAA; 5]);
            let mut joined = Joined::new(SliceBuf::new(&mut one));
            let mut twin = Joined::new(Twin(SliceBuf::new(&mut two)));
            // Two cuts are enough for Miri, which is slow.
            for cut in (0..=text.len()).step_by(if cfg!(miri) { 3 } else { 1 }) {
                let pieces = masked.split_at(cut);
                for in_place in [false, true] {
                    let result = join(&mut joined, pieces.into(), in_place);
                    assert_eq!(result, join(&mut twin, pieces.into(), in_place));
                    assert_eq!(result.is_ok(), expected.is_some(), "{text:X?} cut at {cut}");
                    assert_eq!(joined.message(), expected, "{text:X?} cut at {cut}");
                    assert_eq!(twin.message(), expected, "{text:X?} cut at {cut}");
                }
            }
            let whole = joined.put(Kind::Text, &masked, Some(Mask::new(KEY)));
            assert_eq!((whole.is_ok(), joined.message()), (expected.is_some(), expected));
        });
    }
}
