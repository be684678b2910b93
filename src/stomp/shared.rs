//! A message for many subscribers, encoded once.

use super::encode::write;
use super::escape::Escapes;
use super::frame::put_header;
use super::{Command, FrameBuilder, Header, SendError, Version};
use crate::Buffer;

/// The part of a `MESSAGE` that all subscribers of the same version share.
///
/// A `MESSAGE` names the subscription that it is for, so that its first lines differ for each subscriber. The
/// rest, and above all the body, is encoded once, and appended to the output of each connection by
/// [`Connection::send_message`](super::Connection::send_message).
///
/// Versions differ in their escapes. A broker that serves several encodes a message once for each, when the first
/// subscriber of that version comes.
///
/// ```
/// use framewright::stomp::{Delivery, FrameBuilder, SharedMessage, Version};
///
/// let message = FrameBuilder::shared_message("/topic/a").body(b"hello");
/// let shared = SharedMessage::encode(message, Version::V1_2, Vec::new())?;
/// let mut out = Vec::new(); // of one of the subscribers
/// shared.write(Delivery::new("sub-0", "7"), &mut out)?;
/// assert_eq!(
///     out,
///     b"MESSAGE\nsubscription:sub-0\nmessage-id:7\ndestination:/topic/a\ncontent-length:5\n\nhello\0"
/// );
/// # Ok::<(), framewright::stomp::SendError>(())
/// ```
#[derive(Clone, Debug)]
pub struct SharedMessage<B> {
    version: Version,
    bytes: B,
}

/// The headers of a `MESSAGE` that differ from one subscription to the next.
///
/// [`SharedMessage`] has an example.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Delivery<'a> {
    subscription: Option<&'a str>,
    message_id: &'a str,
    ack: Option<&'a str>,
}

impl<'a> Delivery<'a> {
    /// A message for a subscription, that no client has to acknowledge.
    pub const fn new(subscription: &'a str, message_id: &'a str) -> Self {
        Self { subscription: Some(subscription), message_id, ack: None }
    }

    /// A message for a subscription of 1.0 that has no id.
    pub const fn without_subscription(message_id: &'a str) -> Self {
        Self { subscription: None, message_id, ack: None }
    }

    /// Sets the id that an `ACK` or a `NACK` refers to (since 1.2). Before 1.2 it is left out: there, they refer
    /// to the message's id.
    #[must_use]
    pub const fn ack(mut self, id: &'a str) -> Self {
        self.ack = Some(id);
        self
    }

    /// Calls `put` with the pieces of the command and the headers.
    fn write(&self, version: Version, mut put: impl FnMut(&[u8])) -> Result<(), SendError> {
        let escapes = Escapes::of(Some(version));
        let ack = self.ack.filter(|_| version == Version::V1_2);
        put(Command::Message.as_str().as_bytes());
        put(b"\n");
        for (name, value) in
            OWN_NAMES.into_iter().zip([self.subscription, Some(self.message_id), ack])
        {
            if let Some(value) = value {
                put_header(escapes, name, value, &mut put)?;
            }
        }
        Ok(())
    }
}

/// The headers of a [`Delivery`].
const OWN_NAMES: [&str; 3] = ["subscription", "message-id", "ack"];

impl<B: Buffer> SharedMessage<B> {
    /// Encodes what follows the headers of a [`Delivery`] in `buffer`, whose content is overwritten.
    ///
    /// Of the headers of `frame`, those that a delivery sets are left out.
    #[expect(clippy::needless_pass_by_value, reason = "frames are made where they are sent")]
    pub fn encode<'h, H: Clone + IntoIterator<Item: Header<'h>>>(
        frame: FrameBuilder<'_, H>,
        version: Version,
        mut buffer: B,
    ) -> Result<Self, SendError> {
        if frame.command() != Command::Message {
            return Err(SendError::CommandNotAllowed);
        }
        buffer.clear();
        write(&mut buffer, |out| {
            frame.write_rest(Some(version), &OWN_NAMES, |piece| out.put(piece))
        })?;
        Ok(Self { version, bytes: buffer })
    }

    /// The version whose rules it follows.
    pub const fn version(&self) -> Version {
        self.version
    }

    /// What follows the headers of a [`Delivery`], up to the NUL.
    ///
    /// It need not be copied: write the [head](Self::write_head) and these bytes with one vectored write.
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.as_slice()
    }

    /// Writes the whole `MESSAGE` for one subscription.
    pub fn write(&self, delivery: Delivery<'_>, out: &mut impl Buffer) -> Result<(), SendError> {
        write(out, |out| {
            delivery.write(self.version, |piece| out.put(piece))?;
            out.put(self.as_bytes());
            Ok(())
        })
    }

    /// Writes what precedes [`as_bytes`](Self::as_bytes) for one subscription.
    pub fn write_head(
        &self,
        delivery: Delivery<'_>,
        out: &mut impl Buffer,
    ) -> Result<(), SendError> {
        write(out, |out| delivery.write(self.version, |piece| out.put(piece)))
    }

    /// Returns the buffer, to encode another message in it.
    pub fn into_buffer(self) -> B {
        self.bytes
    }
}
