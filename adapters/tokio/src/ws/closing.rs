//! What a half of a socket says when it closes.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use framewright::ws::CloseCode;

/// What the [`Sink`](futures_sink::Sink) of a [`WebSocket`](crate::WebSocket) says when it closes: a code and a reason. See [`WebSocket::closing`](crate::WebSocket::closing).
#[derive(Clone, Debug, Default)]
pub struct Closing(Arc<Mutex<Option<Farewell>>>);

#[derive(Debug)]
pub(super) struct Farewell {
    pub code: CloseCode,
    pub reason: Box<str>,
}

impl Closing {
    /// Sets the code and the reason for the next close of the sink. The close returns an error if the code may not be sent,
    /// or the reason has more than 123 bytes.
    pub fn set(&self, code: CloseCode, reason: &str) {
        *self.lock() = Some(Farewell { code, reason: reason.into() });
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Option<Farewell>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
