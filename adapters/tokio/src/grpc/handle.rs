//! What a call holds of its connection.

use std::fmt;
use std::future::{Future as _, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use framewright::grpc::{CallId, Code, Error, Message, SendError};

use super::Status;
use super::end::End;
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

    pub async fn next(&self) -> Option<Result<Bytes, Status>> {
        poll_fn(|cx| self.with(|state, key| state.poll_next(key, cx))).await
    }

    /// Waits for the only message, and until the peer is done.
    pub async fn only_message(&self) -> Result<Bytes, Status> {
        let violation = |error: Error| Status::new(error.code(), error.to_string());
        let Some(message) = self.next().await.transpose()? else {
            return Err(violation(Error::MessageMissing));
        };
        match self.next().await.transpose()? {
            None => Ok(message),
            Some(_) => Err(violation(Error::MessageUnexpected)),
        }
    }

    pub async fn send(&self, message: Message<'_>) -> Result<(), Status> {
        self.send_with(|end, id, out| end.send(id, message, out)).await
    }

    /// Sends something, once there is room for it and what is before it is sent.
    pub async fn send_with(
        &self,
        send: impl Fn(&mut E, CallId, &mut Vec<u8>) -> Result<(), SendError>,
    ) -> Result<(), Status> {
        loop {
            // Made before the look at the room, and so it misses nothing.
            let mut room = pin!(self.shared.room.notified());
            let sent = poll_fn(|cx| self.with(|state, key| state.poll_send(key, cx, &send))).await;
            if let Some(sent) = sent {
                return sent;
            }
            poll_fn(|cx| match room.as_mut().poll(cx) {
                Poll::Ready(()) => Poll::Ready(()),
                Poll::Pending => self.with(|state, key| state.poll_over(key, cx)),
            })
            .await;
        }
    }

    pub fn is_compressed(&self) -> bool {
        self.with(|state, key| state.entry(key).is_compressed)
    }

    /// Waits until the call is over.
    pub fn poll_over(&self, cx: &Context<'_>) -> Poll<Code> {
        self.with(|state, key| state.poll_end(key, cx)).map(|status| status.code)
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
