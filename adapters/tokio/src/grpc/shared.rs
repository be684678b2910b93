//! What the task that drives a connection and its calls share.

mod sides;
mod waits;

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Waker};

use framewright::grpc::CallId;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::end::{Announced, End, Event};
use super::entry::Entry;
use super::waiters::Waiters;
use super::{Options, Status};
pub use sides::NotBegun;

/// How much output is gathered before senders have to wait.
const ENOUGH: usize = 64 * 1024;
/// How many bytes of a call may wait to be asked for before its window stays closed.
const PAUSE_AT: usize = 64 * 1024;
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
        // Only clients are asked.
        self.is_closed |= !E::IS_SERVER && self.end.is_closing();
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
}
