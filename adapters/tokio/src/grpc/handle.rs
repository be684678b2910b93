//! What a call holds of its connection.

use std::fmt;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use framewright::grpc::{CallId, Code, Message, SendError};
use tokio::task::coop;

use super::Status;
use super::end::End;
use super::entry::Tickets;
use super::shared::{Shared, State};

/// A call of a connection. When the last of its handles is dropped, the call is cancelled, unless it is over.
pub struct Handle<E: End> {
    shared: Arc<Shared<E>>,
    key: usize,
}

impl<E: End> Handle<E> {
    /// The first handle of a call that has begun.
    pub fn new(shared: Arc<Shared<E>>, key: usize) -> Self {
        Self { shared, key }
    }

    pub fn with<T>(&self, act: impl FnOnce(&mut State<E>, usize) -> T) -> T {
        self.shared.with(|state| act(state, self.key))
    }

    /// Waits for something of the call. May be dropped while it waits: those that wait for the same thing hear of it.
    pub async fn wait<T>(
        &self,
        mut poll: impl FnMut(&mut State<E>, usize, &mut Tickets, &Context<'_>) -> Poll<T>,
    ) -> T {
        let mut waiting = Waiting::new(&self.shared, Some(self.key));
        poll_fn(|cx| {
            let Waiting { shared, tickets, .. } = &mut waiting;
            shared.with(|state| poll(state, self.key, tickets, cx))
        })
        .await
    }

    /// The same for one message, which counts as a step of the task: one that is flooded lets others have their turn.
    async fn step<T>(
        &self,
        mut poll: impl FnMut(&mut State<E>, usize, &mut Tickets, &Context<'_>) -> Poll<T>,
    ) -> T {
        let mut waiting = Waiting::new(&self.shared, Some(self.key));
        poll_fn(|cx| {
            let step = ready!(coop::poll_proceed(cx));
            let Waiting { shared, tickets, .. } = &mut waiting;
            let polled = ready!(shared.with(|state| poll(state, self.key, tickets, cx)));
            step.made_progress();
            Poll::Ready(polled)
        })
        .await
    }

    pub async fn next(&self) -> Option<Result<Bytes, Status>> {
        self.step(State::poll_next).await
    }

    /// Waits for the only message, and until the peer is done.
    pub async fn only_message(&self) -> Result<Bytes, Status> {
        self.wait(State::poll_only).await
    }

    pub async fn send(&self, message: Message<'_>) -> Result<(), Status> {
        self.send_with(message.bytes.len(), |end, id, out| end.send(id, message, out)).await
    }

    /// Sends a message, once there is room for it and what is before it is sent.
    pub async fn send_with(
        &self,
        len: usize,
        send: impl Fn(&mut E, CallId, &mut Vec<u8>) -> Result<(), SendError>,
    ) -> Result<(), Status> {
        self.step(|state, key, tickets, cx| state.poll_send(key, tickets, len, cx, &send)).await
    }

    pub fn is_compressed(&self) -> bool {
        self.with(|state, key| state.entry(key).is_compressed)
    }

    /// Waits until the call is over.
    pub async fn over(&self) -> Code {
        self.wait(State::poll_end).await.code
    }
}

impl<E: End> Clone for Handle<E> {
    fn clone(&self) -> Self {
        self.with(State::hold);
        Self { shared: Arc::clone(&self.shared), key: self.key }
    }
}

impl<E: End> Drop for Handle<E> {
    fn drop(&mut self) {
        self.with(State::release);
    }
}

impl<E: End> fmt::Debug for Handle<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Handle").field(&self.key).finish()
    }
}

/// What a future waits for. If it is dropped before it has that, the next one that waits for the same has its turn.
pub struct Waiting<'s, E: End> {
    pub shared: &'s Shared<E>,
    /// Its call, if that has begun.
    key: Option<usize>,
    pub tickets: Tickets,
}

impl<'s, E: End> Waiting<'s, E> {
    pub fn new(shared: &'s Shared<E>, key: Option<usize>) -> Self {
        Self { shared, key, tickets: Tickets::default() }
    }
}

impl<E: End> Drop for Waiting<'_, E> {
    fn drop(&mut self) {
        if self.tickets.are_held() {
            // Its wakers are dropped without the lock.
            drop(self.shared.with(|state| state.leave(self.key, &mut self.tickets)));
        }
    }
}
