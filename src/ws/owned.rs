//! A whole message that owns its payload.

use core::fmt;

use alloc::string::String;
use alloc::vec::Vec;

use super::Message;

/// A whole message that owns its payload: to keep, to queue, and to send to other threads.
///
/// It is made of a `String` or a `Vec<u8>`, or [taken](super::Inbox::take) out of an inbox, and sent by
/// reference. With the feature `bytes`, there is also `BytesMessage`, which is cheap to clone.
///
/// ```
/// use framewright::ws::{Connection, Inbox, Limits, MessageEvent, OwnedMessage};
/// use std::sync::mpsc;
///
/// let (queue, sent) = mpsc::channel::<OwnedMessage>();
/// let mut server = Connection::server(Limits::new());
/// let mut inbox = Inbox::new(Vec::new());
/// let mut input = &b"\x81\x82\0\0\0\0hi"[..];
/// while let Some(event) = server.receive_message(&mut input, &mut inbox) {
///     if let MessageEvent::Message(_) = event {
///         queue.send(inbox.take())?;
///     }
/// }
/// queue.send(OwnedMessage::Text("there".to_owned()))?;
///
/// let mut out = Vec::new();
/// for message in sent.try_iter() {
///     server.send(&message, &mut out)?;
/// }
/// assert_eq!(out, b"\x81\x02hi\x81\x05there");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Eq, PartialEq)]
pub enum OwnedMessage {
    /// Text.
    Text(String),
    /// Bytes.
    Binary(Vec<u8>),
}

impl OwnedMessage {
    /// The message, to read or to send.
    pub const fn as_message(&self) -> Message<'_> {
        match self {
            Self::Text(text) => Message::Text(text.as_str()),
            Self::Binary(bytes) => Message::Binary(bytes.as_slice()),
        }
    }

    /// The message's payload; UTF-8 if this is text.
    pub fn into_bytes(self) -> Vec<u8> {
        match self {
            Self::Text(text) => text.into_bytes(),
            Self::Binary(bytes) => bytes,
        }
    }
}

impl fmt::Debug for OwnedMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_message().fmt(f)
    }
}

/// Copies the payload.
impl From<Message<'_>> for OwnedMessage {
    fn from(message: Message<'_>) -> Self {
        match message {
            Message::Text(text) => Self::Text(text.into()),
            Message::Binary(bytes) => Self::Binary(bytes.into()),
        }
    }
}

impl From<String> for OwnedMessage {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<Vec<u8>> for OwnedMessage {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Binary(bytes)
    }
}

impl<'a> From<&'a OwnedMessage> for Message<'a> {
    fn from(message: &'a OwnedMessage) -> Self {
        message.as_message()
    }
}
