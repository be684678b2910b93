//! What the futures of a call wait for.

use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use framewright::grpc::{CallId, Code, Error, SendError};

use super::super::end::End;
use super::super::entry::Tickets;
use super::super::{MetadataMap, Status};
use super::{ENOUGH, PAUSE_AT, State};

/// How few bytes of a call wait to be asked for when its window opens again.
const RESUME_AT: usize = PAUSE_AT / 2;

impl<E: End> State<E> {
    /// Waits for the next message of a call, or its end.
    pub fn poll_next(
        &mut self,
        key: usize,
        tickets: &mut Tickets,
        cx: &Context<'_>,
    ) -> Poll<Option<Result<Bytes, Status>>> {
        let entry = &mut self.entries[key];
        let polled = if let Some(message) = entry.queue.pop() {
            entry.is_compressed = message.compressed;
            Some(Ok(message.bytes))
        } else {
            match &entry.end {
                Some(status) if status.code == Code::Ok || entry.is_end_told => None,
                Some(status) => {
                    entry.is_end_told = true;
                    Some(Err(status.clone()))
                }
                None if entry.half_closed => None,
                None => {
                    entry.readers.register(&mut tickets.reader, 1, cx, &mut self.woken);
                    return Poll::Pending;
                }
            }
        };
        entry.readers.used(&mut tickets.reader);
        self.resume(key, RESUME_AT);
        Poll::Ready(polled)
    }

    /// Waits for the only message of a call, until it is certain that there is no other. Until then the message stays.
    pub fn poll_only(
        &mut self,
        key: usize,
        tickets: &mut Tickets,
        cx: &Context<'_>,
    ) -> Poll<Result<Bytes, Status>> {
        let violation = |error: Error| Err(Status::new(error.code(), error.to_string()));
        let entry = &mut self.entries[key];
        let polled = match (entry.queue.count(), &entry.end) {
            (_, Some(status)) if status.code != Code::Ok => Err(status.clone()),
            (2.., _) => violation(Error::MessageUnexpected),
            (0 | 1, None) if !entry.half_closed => {
                entry.only_readers.register(&mut tickets.only_reader, 1, cx, &mut self.woken);
                // The message was asked for. So the peer may show that it is not the only one.
                self.resume(key, usize::MAX);
                return Poll::Pending;
            }
            _ => match entry.queue.pop() {
                Some(message) => {
                    entry.is_compressed = message.compressed;
                    Ok(message.bytes)
                }
                None => violation(Error::MessageMissing),
            },
        };
        entry.only_readers.used(&mut tickets.only_reader);
        self.resume(key, RESUME_AT);
        Poll::Ready(polled)
    }

    /// Lets the peer send more, if it had to wait and no more than this is left.
    fn resume(&mut self, key: usize, left: usize) {
        let entry = &mut self.entries[key];
        if entry.is_paused && entry.queue.len() <= left {
            entry.is_paused = false;
            if let Some(id) = entry.id {
                self.end.resume(id);
                self.wake_driver();
            }
        }
    }

    /// Waits until the head of a response has come, or the call has ended.
    pub fn poll_head(
        &mut self,
        key: usize,
        tickets: &mut Tickets,
        cx: &Context<'_>,
    ) -> Poll<Result<MetadataMap, Status>> {
        let entry = &mut self.entries[key];
        let polled = match (&entry.head, &entry.end) {
            (Some(head), _) => Ok(head.metadata.clone()),
            (None, Some(end)) if end.code != Code::Ok => Err(end.clone()),
            (None, Some(_)) => Ok(MetadataMap::new()),
            (None, None) => {
                entry.watchers.register(&mut tickets.watcher, 1, cx, &mut self.woken);
                return Poll::Pending;
            }
        };
        entry.watchers.used(&mut tickets.watcher);
        Poll::Ready(polled)
    }

    /// Waits for the end of a call.
    pub fn poll_end(
        &mut self,
        key: usize,
        tickets: &mut Tickets,
        cx: &Context<'_>,
    ) -> Poll<Status> {
        let entry = &mut self.entries[key];
        match &entry.end {
            Some(end) => {
                entry.watchers.used(&mut tickets.watcher);
                Poll::Ready(end.clone())
            }
            None => {
                entry.watchers.register(&mut tickets.watcher, 1, cx, &mut self.woken);
                Poll::Pending
            }
        }
    }

    /// Sends something of a call, once what is before it is sent and there is room for output.
    pub fn poll_send(
        &mut self,
        key: usize,
        tickets: &mut Tickets,
        len: usize,
        cx: &Context<'_>,
        send: impl FnOnce(&mut E, CallId, &mut Vec<u8>) -> Result<(), SendError>,
    ) -> Poll<Result<(), Status>> {
        let Self { end, out, entries, room, woken, .. } = self;
        let entry = &mut entries[key];
        let (Some(id), None) = (entry.id, entry.why_over()) else {
            return Poll::Ready(Err(entry.why_over().unwrap_or(Code::Cancelled.into())));
        };
        if out.len() >= ENOUGH {
            room.register(&mut tickets.room, len.max(1), cx, woken);
            entry.watchers.register(&mut tickets.watcher, 1, cx, woken);
            return Poll::Pending;
        }
        let sent = send(end, id, out);
        let polled = match sent {
            Err(SendError::Busy) => {
                entry.writers.register(&mut tickets.writer, 1, cx, woken);
                // Its room is for the next one.
                let waker = room.leave(&mut tickets.room, woken);
                woken.extend(waker);
                Poll::Pending
            }
            sent => {
                room.used(&mut tickets.room);
                entry.writers.used(&mut tickets.writer);
                // There may be no other event, as nothing is kept after a message that has gone out at once.
                entry.writers.wake(1, woken);
                Poll::Ready(sent.map_err(Status::of_send))
            }
        };
        self.wake_driver();
        polled
    }

    /// Gives up the places of a future that is dropped. Returns the wakers to be dropped.
    pub fn leave(&mut self, key: Option<usize>, tickets: &mut Tickets) -> [Option<Waker>; 5] {
        let Self { entries, room, woken, .. } = self;
        let mut wakers = <[Option<Waker>; 5]>::default();
        wakers[0] = room.leave(&mut tickets.room, woken);
        if let Some(entry) = key.and_then(|key| entries.get_mut(key)) {
            wakers[1] = entry.readers.leave(&mut tickets.reader, woken);
            wakers[2] = entry.only_readers.leave(&mut tickets.only_reader, woken);
            wakers[3] = entry.writers.leave(&mut tickets.writer, woken);
            wakers[4] = entry.watchers.leave(&mut tickets.watcher, woken);
        }
        wakers
    }
}
