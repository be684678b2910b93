//! What the task that drives a connection and its calls share.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use framewright::grpc::{CallId, Client, ClientRequest, Code, Error, Heap, Message};
use framewright::grpc::{CallKind, ResponseHead, SendError, Server, Trailers};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::end::{Announced, End, Event};
use super::entry::{Entry, Tickets};
use super::waiters::Waiters;
use super::{MetadataMap, Options, Status};

/// How much output is gathered before senders have to wait.
const ENOUGH: usize = 64 * 1024;
/// How many bytes of a call may wait to be asked for before its window stays closed, and before it opens again.
const PAUSE_AT: usize = 64 * 1024;
const RESUME_AT: usize = PAUSE_AT / 2;
/// How long a task that was woken because there is room may take, in ms, before the next ones are woken in its stead.
const TARDY: u64 = 10;

/// A connection and its lock. The lock is never held across an await, and no task is woken while it is held.
#[derive(Debug)]
pub struct Shared<E> {
    state: Mutex<State<E>>,
    /// Wakes one of those that wait for a call to end before theirs can begin. It wakes the next one.
    pub may_begin: Notify,
    /// Wakes all those that wait until no call can begin any more.
    pub closed: Notify,
}

/// The connection, its output and its calls.
#[derive(Debug)]
pub struct State<E> {
    pub end: E,
    options: Options,
    start: Instant,
    /// The latest time that the library was told. Threads come here with times of a moment ago.
    latest: u64,
    /// What is to be written next.
    pub out: Vec<u8>,
    entries: Vec<Entry>,
    /// Places that are free.
    free: Vec<usize>,
    /// Where the calls are, by the slots of their identifiers.
    places: Vec<usize>,
    /// Calls that a server has not been asked for yet.
    announced: VecDeque<(usize, Announced)>,
    /// How many calls are not over.
    open: usize,
    /// Whether the connection closes once there are none.
    closes_when_idle: bool,
    /// The task that drives the connection, while it sleeps.
    driver: Option<Waker>,
    /// How many wait for a call to end before theirs can begin.
    pub waiting: usize,
    /// Tasks to be woken once the lock is free.
    woken: VecDeque<Waker>,
    /// Whether another call may be able to begin.
    may_begin: bool,
    /// Whether no call can begin any more.
    pub is_closed: bool,
    /// Those that wait until output is written. Their shares are the lengths of what they send.
    room: Waiters,
}

impl<E: End> Shared<E> {
    pub fn new(options: Options) -> Self {
        let state = State {
            end: E::new(&options),
            options,
            start: Instant::now(),
            latest: 0,
            out: Vec::new(),
            entries: Vec::new(),
            free: Vec::new(),
            places: Vec::new(),
            announced: VecDeque::new(),
            open: 0,
            closes_when_idle: false,
            driver: None,
            waiting: 0,
            woken: VecDeque::new(),
            may_begin: false,
            is_closed: false,
            room: Waiters::default(),
        };
        Self { state: Mutex::new(state), may_begin: Notify::new(), closed: Notify::new() }
    }

    /// Does something under the lock. Then wakes the tasks that have something to do.
    pub fn with<T>(&self, act: impl FnOnce(&mut State<E>) -> T) -> T {
        let mut state = self.lock();
        let was_closed = state.is_closed;
        let result = act(&mut state);
        let has_closed = state.is_closed && !was_closed;
        let may_begin = std::mem::take(&mut state.may_begin);
        while let Some(waker) = state.woken.pop_front() {
            let is_last = state.woken.is_empty();
            drop(state);
            waker.wake();
            if is_last {
                self.notify(may_begin, has_closed);
                return result;
            }
            state = self.lock();
        }
        drop(state);
        self.notify(may_begin, has_closed);
        result
    }

    fn notify(&self, may_begin: bool, has_closed: bool) {
        if may_begin {
            self.may_begin.notify_one();
        }
        if has_closed {
            self.closed.notify_waiters();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State<E>> {
        // The library does not panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<E: End> State<E> {
    /// The time since the beginning, in ms.
    pub fn now(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    pub fn start(&self) -> Instant {
        self.start
    }

    /// Receives what has come by now, and lets everybody know whom it concerns.
    pub fn receive(&mut self, mut input: &mut [u8], now: u64) {
        let now = self.latest.max(now);
        self.latest = now;
        // The peer may allow more calls than before.
        self.may_begin |= !input.is_empty();
        while let Some(event) = self.end.receive(&mut input, now) {
            match event {
                Event::Call(id) => self.announce(id, now),
                Event::Head(id) => {
                    let head = self.end.head(id);
                    if let Some((entry, woken)) = self.find(id) {
                        entry.head = Some(head);
                        entry.watchers.wake_all(woken);
                    }
                }
                Event::Message(id) => self.receive_message(id),
                Event::HalfClose(id) => {
                    if let Some((entry, woken)) = self.find(id) {
                        entry.half_closed = true;
                        entry.readers.wake_all(woken);
                        entry.only_readers.wake_all(woken);
                    }
                }
                Event::Writable(id) => {
                    if let Some((entry, woken)) = self.find(id) {
                        entry.writers.wake(1, woken);
                    }
                }
                Event::End(id, code) => {
                    let status = self.end.status(id, code);
                    self.end_call(id, status);
                }
            }
        }
        self.is_closed |= self.end.is_closing();
    }

    fn announce(&mut self, id: CallId, now: u64) {
        let announced = self.end.announced(id, &self.options, now);
        let key = self.insert(id);
        self.announced.push_back((key, announced));
    }

    fn receive_message(&mut self, id: CallId) {
        let Some(key) = self.key(id) else { return };
        let Self { end, entries, woken, .. } = self;
        let entry = &mut entries[key];
        entry.queue.push(end.message(id));
        if entry.queue.len() > PAUSE_AT && !entry.is_paused {
            entry.is_paused = true;
            end.pause(id);
        }
        entry.readers.wake(1, woken);
        // After the first message, there is nothing for them to do before the end, unless the peer has to wait.
        if entry.is_paused || entry.queue.count() > 1 {
            entry.only_readers.wake_all(woken);
        }
    }

    fn end_call(&mut self, id: CallId, status: Status) {
        self.may_begin = true;
        let Some((entry, woken)) = self.find(id) else { return };
        if E::IS_SERVER {
            // It is no use to answer what was asked.
            entry.queue.clear();
        }
        entry.end = Some(status);
        entry.wake_all(woken);
        self.one_is_over();
    }

    /// Takes notice that a call is over, whoever still holds it.
    fn one_is_over(&mut self) {
        self.open -= 1;
        if self.closes_when_idle {
            self.close_when_idle();
        }
    }

    /// The place of a call that is open.
    fn key(&self, id: CallId) -> Option<usize> {
        let key = *self.places.get(id.slot())?;
        let entry = self.entries.get(key)?;
        (entry.id == Some(id) && entry.is_open()).then_some(key)
    }

    fn find(&mut self, id: CallId) -> Option<(&mut Entry, &mut VecDeque<Waker>)> {
        let key = self.key(id)?;
        Some((&mut self.entries[key], &mut self.woken))
    }

    /// Finds a place for a call. It has one handle.
    fn insert(&mut self, id: CallId) -> usize {
        let key = self.free.pop().unwrap_or_else(|| {
            self.entries.push(Entry::default());
            self.entries.len() - 1
        });
        self.entries[key].begin(id);
        self.open += 1;
        if self.places.len() <= id.slot() {
            self.places.resize(id.slot() + 1, usize::MAX);
        }
        self.places[id.slot()] = key;
        key
    }

    pub fn entry(&self, key: usize) -> &Entry {
        &self.entries[key]
    }

    /// Counts another handle of a call.
    pub fn hold(&mut self, key: usize) {
        self.entries[key].handles += 1;
    }

    /// Notes that a handle of a call is dropped. With the last one, a call that is not over is cancelled.
    pub fn release(&mut self, key: usize) {
        let entry = &mut self.entries[key];
        entry.handles -= 1;
        if entry.handles > 0 {
            return;
        }
        if let Some(id) = entry.id
            && entry.is_open()
        {
            self.end.cancel(id);
            self.may_begin = true;
            self.wake_driver();
            self.one_is_over();
        }
        let entry = &mut self.entries[key];
        entry.wake_all(&mut self.woken);
        entry.clear();
        self.free.push(key);
    }

    /// Closes the connection once all its calls are over.
    pub fn close_when_idle(&mut self) {
        self.closes_when_idle = self.open > 0;
        if self.open == 0 {
            self.close();
        }
    }

    /// Closes the connection gracefully.
    pub fn close(&mut self) {
        self.end.close();
        self.is_closed = true;
        self.may_begin = true;
        self.wake_driver();
    }

    /// Notes that the transport is of no use any more. All calls hear of it, and all that wait to begin.
    pub fn lose(&mut self) {
        self.end.lose();
        self.is_closed = true;
        self.out = Vec::new();
        self.may_begin = true;
        let now = self.now();
        self.receive(&mut [], now);
        self.room.wake_all(&mut self.woken);
    }

    /// The next call of a client that a server was not asked for yet.
    pub fn take_announced(&mut self) -> Option<(usize, Announced)> {
        self.announced.pop_front()
    }

    pub fn has_announced(&self) -> bool {
        !self.announced.is_empty()
    }

    /// Puts into `writing`, which is empty, what is to be written.
    pub fn fill(&mut self, writing: &mut Vec<u8>) {
        self.end.transmit(&mut self.out);
        std::mem::swap(&mut self.out, writing);
        self.room.wake(ENOUGH, &mut self.woken);
    }

    /// Lets the driver sleep, until it is woken or its time has come. `None` if there is something to write, and
    /// `can_write`.
    pub fn sleep(&mut self, cx: &Context<'_>, can_write: bool) -> Option<u64> {
        if can_write && (!self.out.is_empty() || self.end.owes()) {
            return None;
        }
        match &self.driver {
            Some(driver) if driver.will_wake(cx.waker()) => {}
            // Wakers are dropped without the lock.
            _ => self.woken.extend(self.driver.replace(cx.waker().clone())),
        }
        let deadline = self.end.deadline().unwrap_or(u64::MAX);
        if self.room.is_empty() || !can_write {
            return Some(deadline);
        }
        // Those before them were woken, and perhaps are not polled.
        Some(deadline.min(self.now().saturating_add(TARDY)))
    }

    fn wake_driver(&mut self) {
        self.woken.extend(self.driver.take());
    }

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

impl State<Server<Heap>> {
    /// Sends the head of the response.
    pub fn send_head(&mut self, key: usize, head: ResponseHead<'_>) -> Result<(), Status> {
        let entry = &self.entries[key];
        let (Some(id), None) = (entry.id, entry.why_over()) else {
            return Err(entry.why_over().unwrap_or(Code::Cancelled.into()));
        };
        self.end.send_head(id, head, &mut self.out).map_err(Status::of_send)?;
        self.wake_driver();
        Ok(())
    }

    /// Ends the call with a status.
    pub fn finish(&mut self, key: usize, trailers: Trailers<'_>) -> Result<(), Status> {
        let entry = &mut self.entries[key];
        let (Some(id), None) = (entry.id, entry.why_over()) else {
            return Err(entry.why_over().unwrap_or(Code::Cancelled.into()));
        };
        self.end.finish(id, trailers, &mut self.out).map_err(Status::of_send)?;
        entry.end = Some(Code::Ok.into());
        entry.wake_all(&mut self.woken);
        self.one_is_over();
        self.wake_driver();
        Ok(())
    }
}

/// Why a call did not begin.
#[derive(Debug)]
pub enum NotBegun {
    /// Another one has to end before.
    TooMany,
    Failed(Status),
}

impl State<Client<Heap>> {
    /// Begins a call, with its only message if that is known, once there is room for output.
    pub fn poll_begin(
        &mut self,
        request: &ClientRequest<'_>,
        kind: CallKind,
        message: Option<Message<'_>>,
        tickets: &mut Tickets,
        cx: &Context<'_>,
    ) -> Poll<Result<usize, NotBegun>> {
        if self.out.len() >= ENOUGH {
            let len = message.map_or(0, |message| message.bytes.len());
            self.room.register(&mut tickets.room, len.max(1), cx, &mut self.woken);
            return Poll::Pending;
        }
        let begun = self.begin(request, kind, message);
        match &begun {
            Ok(_) => self.room.used(&mut tickets.room),
            Err(_) => {
                let waker = self.room.leave(&mut tickets.room, &mut self.woken);
                self.woken.extend(waker);
            }
        }
        Poll::Ready(begun)
    }

    fn begin(
        &mut self,
        request: &ClientRequest<'_>,
        kind: CallKind,
        message: Option<Message<'_>>,
    ) -> Result<usize, NotBegun> {
        // Its time-out counts from the time of this.
        let now = self.now();
        self.receive(&mut [], now);
        let id = self.end.call(request, kind, &mut self.out).map_err(|e| match e {
            SendError::TooManyCalls => NotBegun::TooMany,
            error => {
                self.is_closed |= error == SendError::Closing;
                NotBegun::Failed(Status::of_send(error))
            }
        })?;
        if let Some(message) = message
            && let Err(error) = self.end.send_last(id, message, &mut self.out)
        {
            self.end.cancel(id);
            self.wake_driver();
            return Err(NotBegun::Failed(Status::of_send(error)));
        }
        self.wake_driver();
        Ok(self.insert(id))
    }

    /// Ends the request.
    pub fn half_close(&mut self, key: usize) {
        if let Entry { id: Some(id), end: None, .. } = self.entries[key] {
            // If the call has just ended, there is nothing to end.
            let _ = self.end.half_close(id, &mut self.out);
            self.wake_driver();
        }
    }
}
