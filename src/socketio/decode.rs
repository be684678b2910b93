//! Packets and their attachments, in one direction.
//!
//! ```text
//!               a packet with attachments
//!      Packets ───────────────────────────▶ Attachments ──┐ an attachment
//!         ▲                                   │      ▲    │
//!         └───────── the last of them ────────┘      └────┘
//!
//!      anything else ──▶ Failed
//! ```

use super::{Error, Limits, Packet};
use crate::{Chunk, OverLimit};

/// Decodes packets, and counts the attachments that follow them.
///
/// It takes text messages whole and binary messages in chunks, as Engine.IO has them, and keeps nothing of them. It
/// does not know which namespaces are connected: a [`Connection`](super::Connection) does.
///
/// ```
/// use framewright::Chunk;
/// use framewright::socketio::{Decoder, Limits};
///
/// let mut decoder = Decoder::new(Limits::new());
/// let packet = decoder.decode_text(r#"51-["file",{"_placeholder":true,"num":0}]"#, 0)?;
/// assert_eq!((packet.event_name(), packet.attachments), (Some("file"), 1));
/// assert_eq!(decoder.deadline(), Some(30_000)); // by when the attachment has to come
/// let attachment = decoder.decode_binary(Chunk::whole(&[1, 2]))?;
/// assert_eq!((attachment.index, attachment.last), (0, true));
/// # Ok::<(), framewright::socketio::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Decoder {
    limits: Limits,
    state: DecoderState,
}

#[derive(Clone, Copy, Debug)]
enum DecoderState {
    Packets,
    Attachments { index: u32, count: u32, len: u64, deadline: u64 },
    Failed(Error),
}

/// Bytes of an attachment.
///
/// [`Decoder`] has an example.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct Attachment<'a> {
    /// Which attachment of its packet it is, from 0: the `num` of its placeholder.
    pub index: u32,
    /// Whether the packet is complete with the last byte of this attachment.
    pub last: bool,
    /// The bytes.
    pub chunk: Chunk<'a>,
}

impl Decoder {
    /// A decoder at the beginning of a connection.
    pub const fn new(limits: Limits) -> Self {
        Self { limits, state: DecoderState::Packets }
    }

    /// Decodes a text message, which came at `now`, in ms.
    pub fn decode_text<'a>(&mut self, text: &'a str, now: u64) -> Result<Packet<'a>, Error> {
        match self.state {
            DecoderState::Packets => {}
            DecoderState::Attachments { .. } => return Err(self.fail(Error::AttachmentMissing)),
            DecoderState::Failed(error) => return Err(error),
        }
        let packet = Packet::parse(text).map_err(|error| self.fail(error))?;
        let count = packet.attachments;
        if count > self.limits.max_attachments {
            let limit = self.limits.max_attachments;
            return Err(self.fail(Error::TooManyAttachments { limit }));
        }
        if count > 0 {
            let deadline = now.saturating_add(self.limits.attachments_within);
            self.state = DecoderState::Attachments { index: 0, count, len: 0, deadline };
        }
        Ok(packet)
    }

    /// Decodes bytes of a binary message: an attachment of the packet before.
    pub fn decode_binary<'a>(&mut self, chunk: Chunk<'a>) -> Result<Attachment<'a>, Error> {
        let (index, count, len) = match &mut self.state {
            DecoderState::Attachments { index, count, len, .. } => (index, *count, len),
            DecoderState::Packets => return Err(self.fail(Error::AttachmentUnexpected)),
            DecoderState::Failed(error) => return Err(*error),
        };
        *len = len.saturating_add(chunk.bytes.len() as u64);
        if *len > self.limits.max_attachments_len {
            let over = OverLimit::new(*len, self.limits.max_attachments_len);
            return Err(self.fail(Error::AttachmentsTooLong(over)));
        }
        let attachment = Attachment { index: *index, last: *index + 1 == count, chunk };
        if chunk.end {
            *index += 1;
            if attachment.last {
                self.state = DecoderState::Packets;
            }
        }
        Ok(attachment)
    }

    /// Checks that no attachment is overdue at `now`.
    pub fn check_time(&mut self, now: u64) -> Result<(), Error> {
        match self.state {
            DecoderState::Attachments { deadline, .. } if deadline <= now => {
                Err(self.fail(Error::AttachmentsLate))
            }
            DecoderState::Failed(error) => Err(error),
            _ => Ok(()),
        }
    }

    /// By when the missing attachments have to come, in ms. `None` if none is missing.
    pub const fn deadline(&self) -> Option<u64> {
        match self.state {
            DecoderState::Attachments { deadline, .. } => Some(deadline),
            _ => None,
        }
    }

    pub(super) const fn is_failed(&self) -> bool {
        matches!(self.state, DecoderState::Failed(_))
    }

    pub(super) fn fail(&mut self, error: Error) -> Error {
        self.state = DecoderState::Failed(error);
        error
    }
}
