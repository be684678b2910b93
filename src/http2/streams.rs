//! The streams that are open: found by identifier or by place, and in queues for their turns.
//!
//! Nothing takes longer with more streams open, except for a change of settings that changes all windows. All
//! of it is in the caller's slots:
//!
//! ```text
//!     identifier ──▶ its hash is a slot ──▶ chain_first ──▶ chain_next … at most MAX_CHAIN of them
//!     free ──▶ chain_next …                                   slots without a stream
//!     queue.first ──▶ queue_next … ──▶ queue.last             in turns
//! ```

use super::closed::{Absent, Closed};
use super::slot::{NONE, QueueName, Slot};
use super::storage::Slots;
use super::window::{ReceiveWindow, SendWindow};
use super::{Error, StreamId};

/// A stream of a connection: its identifier, and its place in the connection's storage.
///
/// It outlives its stream. After that, [`send`](super::Connection::send) and the like return
/// [`SendError::StreamOver`](super::SendError::StreamOver), even if another stream has the place.
///
/// ```
/// use framewright::http::NO_FIELDS;
/// use framewright::http2::{Connection, Limits, Request, Slot, Storage};
///
/// let storage: Storage<Vec<u8>, Vec<Slot>> = Storage::new();
/// let (mut client, mut out) = (Connection::client(storage, Limits::new()), Vec::new());
/// let request = Request::new("GET", "https", "example.com", "/");
/// let stream = client.open(request, NO_FIELDS, true, &mut out)?;
/// assert_eq!((stream.id().get(), stream.slot()), (1, 0));
/// # Ok::<(), framewright::http2::SendError>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Stream {
    id: StreamId,
    slot: u32,
}

impl Stream {
    /// The identifier.
    #[inline]
    pub const fn id(self) -> StreamId {
        self.id
    }

    /// The place in the connection's storage. It is below the greatest number of streams, and no other open stream
    /// has the same: use it as an index into an array of what you keep for each stream.
    #[inline]
    pub const fn slot(self) -> usize {
        self.slot as usize
    }
}

/// A stream with a mark, in as few bytes as the stream alone.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct MarkedStream {
    id: StreamId,
    /// The place, which is below [`MAX_LEN`], and the mark in the highest bit.
    slot_and_mark: u32,
}

impl MarkedStream {
    const MARK: u32 = 1 << 31;

    #[inline]
    pub(super) const fn new(stream: Stream, mark: bool) -> Self {
        let mark = if mark { Self::MARK } else { 0 };
        Self { id: stream.id, slot_and_mark: stream.slot | mark }
    }

    #[inline]
    pub(super) const fn stream(self) -> Stream {
        Stream { id: self.id, slot: self.slot_and_mark & !Self::MARK }
    }

    #[inline]
    pub(super) const fn mark(self) -> bool {
        self.slot_and_mark & Self::MARK != 0
    }
}

/// The streams of a connection.
#[derive(Clone, Debug)]
pub(super) struct StreamTable<S> {
    slots: S,
    /// How many slots the hashes lead to: as many as there are.
    len: u32,
    open: u32,
    /// The first slot without a stream.
    free: u32,
    queues: [Queue; 2],
    closed: Closed,
}

/// The ends of a queue.
#[derive(Clone, Copy, Debug)]
struct Queue {
    first: u32,
    last: u32,
}

/// How many streams may have identifiers whose hashes are the same. Only a peer that looks for such gets there,
/// and the next stream is refused.
const MAX_CHAIN: u32 = 32;
/// How many slots growing storage begins with.
const FIRST_LEN: usize = 4;

impl<S: Slots> StreamTable<S> {
    /// No streams. What the slots held before does not matter.
    pub(super) fn new(mut slots: S) -> Self {
        slots.as_mut_slice().fill(Slot::new());
        let queue = Queue { first: NONE, last: NONE };
        let mut table =
            Self { slots, len: 0, open: 0, free: NONE, queues: [queue; 2], closed: Closed::new() };
        table.adopt();
        table
    }

    /// How many streams are open.
    #[inline]
    pub(super) const fn open_count(&self) -> u32 {
        self.open
    }

    /// How many streams there can be.
    pub(super) fn max_len(&self) -> u32 {
        u32::try_from(self.slots.max_len()).unwrap_or(u32::MAX).min(MAX_LEN)
    }

    /// The highest identifier that was used, or 0.
    pub(super) const fn last_id(&self) -> u32 {
        self.closed.last()
    }

    /// What is known of a stream that is not open. The identifier is odd.
    pub(super) fn absent(&self, id: StreamId) -> Absent {
        self.closed.look_up(id.get())
    }

    /// Finds the stream with this identifier, if it is open.
    #[inline]
    pub(super) fn find(&self, id: StreamId) -> Option<Stream> {
        let slots = self.slots.as_slice();
        let mut at = slots.get(self.bucket(id))?.chain_first;
        // A chain is never longer: this ends, whatever is done to the slots.
        for _ in 0..MAX_CHAIN {
            let slot = slots.get(at as usize)?;
            if slot.id == id.get() {
                return Some(Stream { id, slot: at });
            }
            at = slot.chain_next;
        }
        None
    }

    /// The stream's slot, unless it is over.
    #[inline]
    pub(super) fn get(&self, stream: Stream) -> Option<&Slot> {
        let slot = self.slots.as_slice().get(stream.slot())?;
        (slot.id == stream.id.get()).then_some(slot)
    }

    /// The stream's slot, unless it is over. After a change, call [`settle`](Self::settle).
    #[inline]
    pub(super) fn get_mut(&mut self, stream: Stream) -> Option<&mut Slot> {
        let slot = self.slots.as_mut_slice().get_mut(stream.slot())?;
        (slot.id == stream.id.get()).then_some(slot)
    }

    /// Opens the stream, whose identifier is idle. `None` if there is no room for it: then it is closed, as
    /// one that we reset.
    pub(super) fn open(
        &mut self,
        id: StreamId,
        send: SendWindow,
        receive: ReceiveWindow,
    ) -> Option<Stream> {
        self.closed.open(id.get());
        self.next_slot();
        let at = self.free;
        let bucket = self.bucket(id);
        if self.chain_len(bucket) >= MAX_CHAIN {
            return None;
        }
        let slots = self.slots.as_mut_slice();
        let first = slots.get(bucket)?.chain_first;
        let slot = slots.get_mut(at as usize)?;
        self.free = slot.chain_next;
        slot.open(id, send, receive);
        slot.chain_next = first;
        slots.get_mut(bucket)?.chain_first = at;
        self.open += 1;
        Some(Stream { id, slot: at })
    }

    /// The slot of the next stream. `None` if there is no room for one.
    pub(super) fn next_slot(&mut self) -> Option<usize> {
        if self.free == NONE {
            self.grow();
        }
        (self.free != NONE).then_some(self.free as usize)
    }

    /// Notes that the stream, which is idle, is refused, and that all idle ones below it are skipped.
    pub(super) fn skip(&mut self, id: StreamId) {
        self.closed.open(id.get());
    }

    /// The first open stream in the slots from `from` on.
    pub(super) fn next_open(&self, from: u32) -> Option<Stream> {
        let slots = self.slots.as_slice().get(from as usize..)?;
        let (at, id) = (from..).zip(slots).find_map(|(at, slot)| Some((at, slot.id()?)))?;
        Some(Stream { id, slot: at })
    }

    /// Closes the stream and frees its slot, even if something is owed on it.
    pub(super) fn close(&mut self, stream: Stream, how: Absent) {
        if self.get(stream).is_none() {
            return;
        }
        self.closed.close(stream.id.get(), how);
        self.unchain(stream);
        let free = self.free;
        let Some(slot) = self.get_mut(stream) else { return };
        slot.id = 0;
        slot.set_waiting(false);
        slot.chain_next = free;
        self.free = stream.slot;
        self.open -= 1;
    }

    /// Puts the stream in the queues that it belongs in, after its slot was changed.
    #[inline]
    pub(super) fn settle(&mut self, stream: Stream) {
        let Some(slot) = self.get(stream) else { return };
        let (owes, ready) = (slot.owes(), is_ready(slot));
        if owes {
            self.push(QueueName::Owing, stream.slot);
        }
        if ready {
            self.push(QueueName::Ready, stream.slot);
        }
    }

    /// The first stream that owes something. It stays the first, until it is settled with nothing owed.
    pub(super) fn owing(&mut self) -> Option<Stream> {
        self.front(QueueName::Owing, Slot::owes)
    }

    /// Takes the next stream whose turn it is to send. It has to be set waiting again, if it has more.
    pub(super) fn take_ready(&mut self) -> Option<Stream> {
        let stream = self.front(QueueName::Ready, is_ready)?;
        self.pop(QueueName::Ready);
        self.get_mut(stream)?.set_waiting(false);
        Some(stream)
    }

    /// Calls `visit` with every open stream and its slot, in no order, and settles it. This takes as long as
    /// there are slots.
    pub(super) fn for_each(&mut self, mut visit: impl FnMut(Stream, &mut Slot)) {
        for at in 0..self.len {
            let Some(slot) = self.slots.as_mut_slice().get_mut(at as usize) else { return };
            if let Some(id) = slot.id() {
                let stream = Stream { id, slot: at };
                visit(stream, slot);
                self.settle(stream);
            }
        }
    }

    /// Changes all windows to send by the difference between two initial sizes (§6.9.2).
    pub(super) fn shift_send_windows(&mut self, difference: i64) -> Result<(), Error> {
        let mut shifted = Ok(());
        self.for_each(|_, slot| shifted = shifted.and(slot.send_window.shift(difference)));
        shifted
    }

    /// The slot that the identifier's hash leads to.
    #[inline]
    fn bucket(&self, id: StreamId) -> usize {
        // Fibonacci hashing: identifiers in a row are spread evenly, and so are those with steps.
        let hash = (id.get() / 2).wrapping_mul(0x9E37_79B1);
        ((u64::from(hash) * u64::from(self.len)) >> 32) as usize
    }

    fn chain_len(&self, bucket: usize) -> u32 {
        let slots = self.slots.as_slice();
        let mut at = slots.get(bucket).map_or(NONE, |slot| slot.chain_first);
        let mut len = 0;
        while let Some(slot) = slots.get(at as usize)
            && len < MAX_CHAIN
        {
            len += 1;
            at = slot.chain_next;
        }
        len
    }

    /// Takes the stream out of its chain.
    fn unchain(&mut self, stream: Stream) {
        let bucket = self.bucket(stream.id);
        let slots = self.slots.as_mut_slice();
        let after = slots.get(stream.slot()).map_or(NONE, |slot| slot.chain_next);
        let Some(first) = slots.get_mut(bucket) else { return };
        if first.chain_first == stream.slot {
            first.chain_first = after;
            return;
        }
        let mut at = first.chain_first;
        for _ in 0..MAX_CHAIN {
            let Some(slot) = slots.get_mut(at as usize) else { return };
            if slot.chain_next == stream.slot {
                slot.chain_next = after;
                return;
            }
            at = slot.chain_next;
        }
    }

    /// Asks the storage for twice as many slots.
    fn grow(&mut self) {
        let len = self.slots.as_slice().len();
        let wanted = (len * 2).max(FIRST_LEN).min(self.slots.max_len()).min(MAX_LEN as usize);
        if wanted > len && self.slots.try_grow(wanted) {
            self.adopt();
        }
    }

    /// Takes all slots of the storage into use, and puts every stream in its chain anew.
    #[expect(clippy::cast_possible_truncation, reason = "`MAX_LEN` is below 2³²")]
    fn adopt(&mut self) {
        let slots = self.slots.as_mut_slice();
        let len = slots.len().min(MAX_LEN as usize);
        self.len = len as u32;
        for slot in slots.iter_mut() {
            slot.chain_first = NONE;
        }
        self.free = NONE;
        for at in (0..self.len).rev() {
            let id = self.slots.as_slice().get(at as usize).and_then(Slot::id);
            let bucket = id.map(|id| self.bucket(id));
            let slots = self.slots.as_mut_slice();
            let next = match bucket {
                None => core::mem::replace(&mut self.free, at),
                Some(bucket) => slots
                    .get_mut(bucket)
                    .map_or(NONE, |slot| core::mem::replace(&mut slot.chain_first, at)),
            };
            if let Some(slot) = slots.get_mut(at as usize) {
                slot.chain_next = next;
            }
        }
    }

    /// Adds the slot to the end of the queue, unless it is there.
    fn push(&mut self, name: QueueName, at: u32) {
        let slots = self.slots.as_mut_slice();
        let Some(queue) = self.queues.get_mut(name as usize) else { return };
        let Some(slot) = slots.get_mut(at as usize) else { return };
        if slot.is_queued(name) {
            return;
        }
        slot.set_queued(name, true);
        slot.set_next(name, NONE);
        match slots.get_mut(queue.last as usize) {
            Some(last) => last.set_next(name, at),
            None => queue.first = at,
        }
        queue.last = at;
    }

    /// Takes the first slot off the queue.
    fn pop(&mut self, name: QueueName) {
        let Some(queue) = self.queues.get_mut(name as usize) else { return };
        let slots = self.slots.as_mut_slice();
        let Some(slot) = slots.get_mut(queue.first as usize) else { return };
        slot.set_queued(name, false);
        queue.first = slot.next(name);
        if queue.first == NONE {
            queue.last = NONE;
        }
    }

    /// The first stream in the queue that belongs there. Those before it are taken off.
    fn front(&mut self, name: QueueName, belongs: impl Fn(&Slot) -> bool) -> Option<Stream> {
        loop {
            let at = self.queues.get(name as usize)?.first;
            let slot = self.slots.as_slice().get(at as usize)?;
            match slot.id() {
                Some(id) if belongs(slot) => return Some(Stream { id, slot: at }),
                _ => self.pop(name),
            }
        }
    }
}

/// The greatest number of slots. Half of all identifiers are a client's.
const MAX_LEN: u32 = 1 << 30;

/// Whether the stream waits to send, and its window is open.
const fn is_ready(slot: &Slot) -> bool {
    slot.is_waiting() && slot.send_window.available() > 0
}

#[cfg(test)]
#[cfg(feature = "alloc")]
mod tests;
