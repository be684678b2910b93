//! Receives whole messages, at either side.

use super::{ClientCall, Event, ServerCall};
use crate::grpc::{Error, Inbox, MessageEvent};
use crate::{Buffer, BufferFull};

impl ServerCall {
    /// Receives the next event in the request's body, advancing `input` past it. Messages are put
    /// in the `inbox`, whole. [`Inbox`] has an example.
    ///
    /// `None` means that every byte of `input` was taken, as in [`receive`](Self::receive). If the inbox
    /// has no room for a message, the call ends with
    /// [`Code::ResourceExhausted`](crate::grpc::Code::ResourceExhausted).
    pub fn receive_message<B: Buffer>(
        &mut self,
        input: &mut &[u8],
        inbox: &mut Inbox<B>,
    ) -> Option<MessageEvent> {
        loop {
            let event = match join(self.receive(input)?, inbox) {
                Ok(None) => continue,
                Ok(Some(event)) => event,
                Err(full) => self.fail(Error::BufferFull(full))?.into(),
            };
            return Some(seen(event, inbox));
        }
    }
}

impl<B: Buffer> ClientCall<B> {
    /// Receives the next event in the response's body, advancing `input` past it. Messages are put
    /// in the `inbox`, whole. [`Inbox`] has an example.
    ///
    /// `None` means that every byte of `input` was taken, as in [`receive`](Self::receive). If the inbox
    /// has no room for a message, the call ends with
    /// [`Code::ResourceExhausted`](crate::grpc::Code::ResourceExhausted).
    pub fn receive_message<T: Buffer>(
        &mut self,
        input: &mut &[u8],
        inbox: &mut Inbox<T>,
    ) -> Option<MessageEvent> {
        loop {
            let event = match join(self.receive(input)?, inbox) {
                Ok(None) => continue,
                Ok(Some(event)) => event,
                Err(full) => self.end_by_error(Error::BufferFull(full), false)?.into(),
            };
            return Some(seen(event, inbox));
        }
    }
}

/// Puts the bytes of an event in the inbox. `None` if they are not the last.
#[inline]
fn join<B: Buffer>(
    event: Event<'_>,
    inbox: &mut Inbox<B>,
) -> Result<Option<MessageEvent>, BufferFull> {
    let complete = match event {
        Event::Message { chunk, compressed } => inbox.join(chunk, compressed)?,
        Event::CompressedTrailers(chunk) => inbox.join(chunk, true)?,
        Event::Head | Event::HalfClose | Event::End(_) => true,
    };
    Ok(complete.then(|| event.into()))
}

/// The event, after a message that it cut off was given up.
#[inline]
fn seen<B: Buffer>(event: MessageEvent, inbox: &mut Inbox<B>) -> MessageEvent {
    if let MessageEvent::End(_) = event {
        inbox.cut_off();
    }
    event
}
