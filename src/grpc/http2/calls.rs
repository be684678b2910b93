//! The calls of a connection, each at the place of its stream, and the queue of those that have something to
//! send.

use core::marker::PhantomData;

use super::memory::{Memory, Pool};
use super::outbox::Outbox;
use super::shared::SideCall;
use crate::Buffer;
use crate::grpc::{Inbox, Message};
use crate::http2::Stream;

/// Names a call of a connection.
///
/// No other call ever gets the same one: once the call is over, methods that take it return
/// [`SendError::Ended`](crate::grpc::SendError::Ended) or nothing.
///
/// ```
/// use framewright::grpc::CallId;
///
/// /// What a program keeps for a call, by its slot.
/// fn state_of<T: Default>(states: &mut Vec<T>, call: CallId) -> &mut T {
///     if states.len() <= call.slot() {
///         states.resize_with(call.slot() + 1, T::default);
///     }
///     &mut states[call.slot()]
/// }
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct CallId(pub(super) Stream);

impl CallId {
    /// An index for what you keep for the call, such as in an array. No other call has it at the same time, and it is
    /// less than the greatest number of calls at once. After the call, another one may get it.
    #[inline]
    pub const fn slot(self) -> usize {
        self.0.slot()
    }
}

/// One call and all that is kept for it. `C` is what only a server or only a client has.
pub(super) struct Entry<C, B> {
    /// `None` if there is no call.
    stream: Option<Stream>,
    pub(super) call: C,
    pub(super) inbox: Inbox<B>,
    pub(super) outbox: Outbox<B>,
    /// Whether a message was refused because the one before it is not sent yet.
    pub(super) wants_writable: bool,
    /// If the peer is to send no more than its window: how many bytes it sent since then.
    pub(super) paused: Option<u32>,
    /// Whether it is counted among those that have something left to be sent.
    blocked: bool,
    queued: bool,
    next: u32,
}

impl<C, B: Buffer> Entry<C, B> {
    const fn new(call: C, inbox: B, outbox: B) -> Self {
        Self {
            stream: None,
            call,
            inbox: Inbox::new(inbox),
            outbox: Outbox::new(outbox),
            wants_writable: false,
            paused: None,
            blocked: false,
            queued: false,
            next: NONE,
        }
    }
}

impl<C: SideCall<B>, B: Buffer> Entry<C, B> {
    /// Begins to receive the bytes of a DATA: decodes them in place, and returns how many are left. Those that come for
    /// a call that is paused are also given to `keep`.
    pub(super) fn begin_data(&mut self, bytes: &mut [u8], keep: impl FnOnce(u32)) -> usize {
        if let Some(kept) = &mut self.paused {
            let len = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
            *kept = kept.saturating_add(len);
            keep(len);
        }
        self.call.decode_text_in_place(bytes).len()
    }
}

/// The calls of a connection.
pub(super) struct Calls<M: Memory, C> {
    entries: M::Calls<Entry<C, M::Message>>,
    first: u32,
    last: u32,
    blocked: u32,
    /// The earliest time at which one of the entries may have to be looked at.
    next_deadline: u64,
    memory: PhantomData<M>,
}

const NONE: u32 = u32::MAX;

impl<M: Memory, C: SideCall<M::Message>> Calls<M, C> {
    pub(super) fn new() -> Self {
        Self {
            entries: M::calls(Self::idle),
            first: NONE,
            last: NONE,
            blocked: 0,
            next_deadline: u64::MAX,
            memory: PhantomData,
        }
    }

    fn idle() -> Entry<C, M::Message> {
        Entry::new(C::IDLE, M::message(), M::message())
    }

    /// Makes room for a call whose stream has this slot. Returns whether there is.
    pub(super) fn reserve(&mut self, slot: usize) -> bool {
        self.entries.try_grow(slot + 1, Self::idle)
    }

    /// Puts a call where its stream is. Returns whether there is room for it.
    pub(super) fn open(&mut self, stream: Stream, call: C) -> bool {
        if !self.reserve(stream.slot()) {
            return false;
        }
        let Some(entry) = self.entries.as_mut_slice().get_mut(stream.slot()) else { return false };
        if let Some(before) = entry.stream {
            self.close(before);
        }
        let Some(entry) = self.entries.as_mut_slice().get_mut(stream.slot()) else { return false };
        entry.stream = Some(stream);
        entry.call = call;
        entry.wants_writable = false;
        entry.paused = None;
        true
    }

    /// Frees the place of a call that is over. What was kept for a long message is given back.
    pub(super) fn close(&mut self, stream: Stream) {
        let Some(entry) = self.get_mut(stream) else { return };
        entry.call = C::IDLE;
        entry.outbox.clear();
        entry.inbox.discard();
        self.count_blocked(stream);
        if let Some(entry) = self.get_mut(stream) {
            entry.stream = None;
        }
    }

    #[inline]
    pub(super) fn get(&self, stream: Stream) -> Option<&Entry<C, M::Message>> {
        self.entries.as_slice().get(stream.slot()).filter(|entry| entry.stream == Some(stream))
    }

    #[inline]
    pub(super) fn get_mut(&mut self, stream: Stream) -> Option<&mut Entry<C, M::Message>> {
        let entry = self.entries.as_mut_slice().get_mut(stream.slot())?;
        (entry.stream == Some(stream)).then_some(entry)
    }

    #[inline]
    pub(super) fn call(&mut self, stream: Stream) -> Option<&mut C> {
        self.get_mut(stream).map(|entry| &mut entry.call)
    }

    /// Counts anew whether the call has something left to be sent.
    pub(super) fn count_blocked(&mut self, stream: Stream) {
        let Some(entry) = self.get_mut(stream) else { return };
        let blocked = !entry.outbox.is_empty();
        match (core::mem::replace(&mut entry.blocked, blocked), blocked) {
            (false, true) => self.blocked += 1,
            (true, false) => self.blocked -= 1,
            _ => {}
        }
    }

    /// How many calls have something left to be sent.
    pub(super) const fn blocked_count(&self) -> u32 {
        self.blocked
    }

    /// The message that came last, if it is whole.
    pub(super) fn message(&self, stream: Stream) -> Message<'_> {
        self.get(stream).map_or(Message::from(&[]), |entry| entry.inbox.message())
    }

    /// The first call in the places from `from` on.
    pub(super) fn next_from(&self, from: usize) -> Option<Stream> {
        self.entries.as_slice().get(from..)?.iter().find_map(|entry| entry.stream)
    }

    /// Adds the call to the end of the queue, unless it is in it.
    pub(super) fn enqueue(&mut self, stream: Stream) {
        let Some(entry) = self.get_mut(stream) else { return };
        if core::mem::replace(&mut entry.queued, true) {
            return;
        }
        entry.next = NONE;
        let Ok(at) = u32::try_from(stream.slot()) else { return };
        let entries = self.entries.as_mut_slice();
        match entries.get_mut(self.last as usize) {
            Some(last) => last.next = at,
            None => self.first = at,
        }
        self.last = at;
    }

    /// Whether a call is in the queue.
    pub(super) const fn has_queue(&self) -> bool {
        self.first != NONE
    }

    /// The first call in the queue. Places whose call is over are taken off.
    pub(super) fn front(&mut self) -> Option<Stream> {
        loop {
            let entry = self.entries.as_slice().get(self.first as usize)?;
            match entry.stream {
                Some(stream) => return Some(stream),
                None => self.dequeue(),
            }
        }
    }

    /// Takes the first place off the queue.
    pub(super) fn dequeue(&mut self) {
        let Some(entry) = self.entries.as_mut_slice().get_mut(self.first as usize) else { return };
        entry.queued = false;
        self.first = entry.next;
        if self.first == NONE {
            self.last = NONE;
        }
    }

    /// Notes that an entry has to be looked at by then.
    pub(super) fn note_deadline(&mut self, at: u64) {
        self.next_deadline = self.next_deadline.min(at);
    }

    /// The earliest time at which an entry may have to be looked at; `u64::MAX` if there is none.
    pub(super) const fn next_deadline(&self) -> u64 {
        self.next_deadline
    }

    /// Forgets all deadlines: they are noted again while the entries are looked at.
    pub(super) const fn forget_deadlines(&mut self) {
        self.next_deadline = u64::MAX;
    }
}
