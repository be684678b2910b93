//! What is kept of one call.

use std::collections::VecDeque;
use std::task::Waker;

use framewright::grpc::{CallId, Code};

use super::queue::Queue;
use super::waiters::{Ticket, Waiters};
use super::{MetadataMap, Status};

/// One call, or a free place for one.
///
/// ```text
///     open ── HalfClose (of a server's call) ──▶ half_closed ──┐
///      │                                                       ▼
///      └── End, finish(), or the last handle is dropped ─────▶ end ── the last handle is dropped ──▶ free
/// ```
#[derive(Debug, Default)]
pub struct Entry {
    /// What the library calls it. `None` if the place is free.
    pub id: Option<CallId>,
    /// How many handles there are.
    pub handles: u32,
    /// Messages that nobody has asked for yet.
    pub queue: Queue,
    /// Whether the peer is to send no more than its window.
    pub is_paused: bool,
    /// Whether the message that was asked for last came compressed.
    pub is_compressed: bool,
    pub half_closed: bool,
    /// The head of a response.
    pub head: Option<Head>,
    /// How it ended.
    pub end: Option<Status>,
    /// Whether somebody was told the error that it ended with.
    pub is_end_told: bool,
    /// Those that wait for the next message, each of which goes to one of them.
    pub readers: Waiters,
    /// Those that wait for the only message, until it is certain that there is no other.
    pub only_readers: Waiters,
    /// Those that wait until another message can be sent.
    pub writers: Waiters,
    /// Those that wait for the head or the end.
    pub watchers: Waiters,
}

/// The places of one future among those that wait.
#[derive(Debug, Default)]
pub struct Tickets {
    pub reader: Ticket,
    pub only_reader: Ticket,
    pub writer: Ticket,
    pub watcher: Ticket,
    /// Among those of the whole connection that wait until output is written.
    pub room: Ticket,
}

impl Tickets {
    /// Whether there is one to be given up.
    pub fn are_held(&self) -> bool {
        let Self { reader, only_reader, writer, watcher, room } = self;
        [reader, only_reader, writer, watcher, room].iter().any(|ticket| ticket.is_held())
    }
}

/// The head of a response.
#[derive(Clone, Debug, Default)]
pub struct Head {
    pub metadata: MetadataMap,
    /// What the server compresses with.
    pub encoding: Option<Box<str>>,
}

impl Entry {
    /// Begins a call in a free place.
    pub fn begin(&mut self, id: CallId) {
        self.id = Some(id);
        self.handles = 1;
    }

    /// Whether the library knows it.
    pub fn is_open(&self) -> bool {
        self.end.is_none()
    }

    /// Why nothing can be sent.
    pub fn why_over(&self) -> Option<Status> {
        let end = self.end.as_ref()?;
        Some(if end.code == Code::Ok {
            Status::new(Code::Cancelled, "the call is over")
        } else {
            end.clone()
        })
    }

    /// Wakes everybody: the call is over.
    pub fn wake_all(&mut self, woken: &mut VecDeque<Waker>) {
        for waiters in
            [&mut self.readers, &mut self.only_readers, &mut self.writers, &mut self.watchers]
        {
            waiters.wake_all(woken);
        }
    }

    /// Frees the place. Memory for short messages is kept for the next call.
    pub fn clear(&mut self) {
        self.queue.clear();
        let Self { queue, readers, only_readers, writers, watchers, .. } = std::mem::take(self);
        *self = Self { queue, readers, only_readers, writers, watchers, ..Self::default() };
    }
}
