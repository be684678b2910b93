//! What the task that drives a connection and its calls share.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use framewright::grpc::{CallId, Client, ClientRequest, Code, Heap, Message, ResponseHead};
use framewright::grpc::{CallKind, MetadataList, SendError, Server, Trailers};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::end::{Announced, End, Event};
use super::entry::Entry;
use super::{Options, Status};

/// How much output is gathered before senders have to wait.
const ENOUGH: usize = 64 * 1024;
/// How many bytes of a call may wait to be asked for before its window stays closed, and before it opens again.
const PAUSE_AT: usize = 64 * 1024;
const RESUME_AT: usize = PAUSE_AT / 2;

/// A connection and its lock. The lock is never held across an await, and no task is woken while it is held.
#[derive(Debug)]
pub struct Shared<E> {
    state: Mutex<State<E>>,
    /// Wakes one of those that wait for a call to end before theirs can begin. It wakes the next one.
    pub may_begin: Notify,
    /// Wakes all those that wait until output is written.
    pub room: Notify,
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
    /// Whether the connection closes once it has no calls.
    closes_when_idle: bool,
    /// The task that drives the connection, while it sleeps.
    driver: Option<Waker>,
    /// How many wait for a call to end before theirs can begin.
    pub waiting: usize,
    /// Tasks to be woken once the lock is free.
    woken: VecDeque<Waker>,
    /// Whether another call may be able to begin.
    may_begin: bool,
    /// Whether there may be room for output again.
    has_room: bool,
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
            closes_when_idle: false,
            driver: None,
            waiting: 0,
            woken: VecDeque::new(),
            may_begin: false,
            has_room: false,
        };
        Self { state: Mutex::new(state), may_begin: Notify::new(), room: Notify::new() }
    }

    /// Does something under the lock. Then wakes the tasks that have something to do.
    pub fn with<T>(&self, act: impl FnOnce(&mut State<E>) -> T) -> T {
        let mut state = self.lock();
        let result = act(&mut state);
        let may_begin = std::mem::take(&mut state.may_begin);
        let has_room = std::mem::take(&mut state.has_room);
        while let Some(waker) = state.woken.pop_front() {
            let is_last = state.woken.is_empty();
            drop(state);
            waker.wake();
            if is_last {
                self.notify(may_begin, has_room);
                return result;
            }
            state = self.lock();
        }
        drop(state);
        self.notify(may_begin, has_room);
        result
    }

    fn notify(&self, may_begin: bool, has_room: bool) {
        if may_begin {
            self.may_begin.notify_one();
        }
        if has_room {
            self.room.notify_waiters();
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
                        entry.readers.wake_all(woken);
                    }
                }
                Event::Message(id) => self.receive_message(id),
                Event::HalfClose(id) => {
                    if let Some((entry, woken)) = self.find(id) {
                        entry.half_closed = true;
                        entry.readers.wake_all(woken);
                    }
                }
                Event::Writable(id) => {
                    if let Some((entry, woken)) = self.find(id) {
                        entry.writers.wake_all(woken);
                    }
                }
                Event::End(id, code) => {
                    let status = self.end.status(id, code);
                    self.end_call(id, status);
                }
            }
        }
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
        entry.readers.wake_all(woken);
    }

    fn end_call(&mut self, id: CallId, status: Status) {
        self.may_begin = true;
        let Some((entry, woken)) = self.find(id) else { return };
        if E::IS_SERVER {
            // It is no use to answer what was asked.
            entry.queue.clear();
        }
        entry.end = Some(status);
        entry.readers.wake_all(woken);
        entry.writers.wake_all(woken);
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

    /// Takes notice that a handle of a call is dropped. With the last one, a call that is not over is cancelled.
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
        }
        let entry = &mut self.entries[key];
        entry.readers.wake_all(&mut self.woken);
        entry.writers.wake_all(&mut self.woken);
        entry.clear();
        self.free.push(key);
        if self.closes_when_idle {
            self.close_when_idle();
        }
    }

    /// Closes the connection once it has no calls.
    pub fn close_when_idle(&mut self) {
        self.closes_when_idle = true;
        if self.free.len() == self.entries.len() {
            self.close();
        }
    }

    /// Closes the connection gracefully.
    pub fn close(&mut self) {
        self.end.close();
        self.may_begin = true;
        self.wake_driver();
    }

    /// Takes notice that the transport is of no use any more. All calls hear of it, and all that wait to begin.
    pub fn lose(&mut self) {
        self.end.lose();
        self.out = Vec::new();
        self.may_begin = true;
        let now = self.now();
        self.receive(&mut [], now);
        self.has_room = true;
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
        self.has_room = true;
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
        Some(self.end.deadline().unwrap_or(u64::MAX))
    }

    fn wake_driver(&mut self) {
        self.woken.extend(self.driver.take());
    }

    /// Waits for the next message of a call, or its end.
    pub fn poll_next(
        &mut self,
        key: usize,
        cx: &Context<'_>,
    ) -> Poll<Option<Result<Bytes, Status>>> {
        let entry = &mut self.entries[key];
        if let Some(message) = entry.queue.pop() {
            entry.is_compressed = message.compressed;
            if entry.is_paused && entry.queue.len() <= RESUME_AT {
                entry.is_paused = false;
                if let Some(id) = entry.id {
                    self.end.resume(id);
                    self.wake_driver();
                }
            }
            return Poll::Ready(Some(Ok(message.bytes)));
        }
        match &entry.end {
            Some(status) if status.code == Code::Ok || entry.is_end_told => Poll::Ready(None),
            Some(status) => {
                entry.is_end_told = true;
                Poll::Ready(Some(Err(status.clone())))
            }
            None if entry.half_closed => Poll::Ready(None),
            None => {
                entry.readers.register(cx, &mut self.woken);
                Poll::Pending
            }
        }
    }

    /// Waits until the head of a response has come, or the call has ended.
    pub fn poll_head(
        &mut self,
        key: usize,
        cx: &Context<'_>,
    ) -> Poll<Result<MetadataList<Vec<u8>>, Status>> {
        let entry = &mut self.entries[key];
        match (&entry.head, &entry.end) {
            (Some(head), _) => Poll::Ready(Ok(head.metadata.clone())),
            (None, Some(end)) if end.code != Code::Ok => Poll::Ready(Err(end.clone())),
            (None, Some(_)) => Poll::Ready(Ok(MetadataList::default())),
            (None, None) => {
                entry.readers.register(cx, &mut self.woken);
                Poll::Pending
            }
        }
    }

    /// Waits until a call is over, for a task that is about to send.
    pub fn poll_over(&mut self, key: usize, cx: &Context<'_>) -> Poll<()> {
        let entry = &mut self.entries[key];
        if !entry.is_open() {
            return Poll::Ready(());
        }
        entry.writers.register(cx, &mut self.woken);
        Poll::Pending
    }

    /// Waits for the end of a call.
    pub fn poll_end(&mut self, key: usize, cx: &Context<'_>) -> Poll<Status> {
        let entry = &mut self.entries[key];
        match &entry.end {
            Some(end) => Poll::Ready(end.clone()),
            None => {
                entry.readers.register(cx, &mut self.woken);
                Poll::Pending
            }
        }
    }

    /// Sends something of a call, once what is before it is sent. `None` if there is no room for output.
    pub fn poll_send(
        &mut self,
        key: usize,
        cx: &Context<'_>,
        send: impl FnOnce(&mut E, CallId, &mut Vec<u8>) -> Result<(), SendError>,
    ) -> Poll<Option<Result<(), Status>>> {
        let entry = &mut self.entries[key];
        let (Some(id), None) = (entry.id, entry.why_over()) else {
            return Poll::Ready(Some(Err(entry.why_over().unwrap_or(Code::Cancelled.into()))));
        };
        if self.out.len() >= ENOUGH {
            return Poll::Ready(None);
        }
        let sent = send(&mut self.end, id, &mut self.out);
        if sent == Err(SendError::Busy) {
            entry.writers.register(cx, &mut self.woken);
        }
        self.wake_driver();
        match sent {
            Err(SendError::Busy) => Poll::Pending,
            sent => Poll::Ready(Some(sent.map_err(Status::of_send))),
        }
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
        entry.readers.wake_all(&mut self.woken);
        entry.writers.wake_all(&mut self.woken);
        self.wake_driver();
        Ok(())
    }
}

/// Why a call did not begin.
#[derive(Debug)]
pub enum NotBegun {
    /// There is too much output.
    Full,
    /// Another one has to end before.
    TooMany,
    Failed(Status),
}

impl State<Client<Heap>> {
    /// Begins a call, with its only message if that is known.
    pub fn begin(
        &mut self,
        request: &ClientRequest<'_>,
        kind: CallKind,
        message: Option<Message<'_>>,
    ) -> Result<usize, NotBegun> {
        if self.out.len() >= ENOUGH {
            return Err(NotBegun::Full);
        }
        // Its time-out counts from the time of this.
        let now = self.now();
        self.receive(&mut [], now);
        let id = self.end.call(request, kind, &mut self.out).map_err(|e| match e {
            SendError::TooManyCalls => NotBegun::TooMany,
            error => NotBegun::Failed(Status::of_send(error)),
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
