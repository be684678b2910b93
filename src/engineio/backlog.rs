//! Packets that wait for a transport, joined as the body of a request carries them.

use memchr::{memchr, memchr_iter};

use super::payload::SEPARATOR;
use super::{Base64, Kind, Packet, PayloadEncoder, SendError};
use crate::ws::{self, Message};
use crate::{Buffer, BufferFull, OverLimit};

/// Packets in one buffer, with a separator between them. They leave it at the front.
///
/// Bytes that have left take less room than those that wait, so the buffer is at most twice as long as the latter.
#[derive(Clone)]
pub(super) struct Backlog<B> {
    storage: B,
    /// How many bytes at the front have left.
    sent: usize,
}

impl<B: Buffer> Backlog<B> {
    /// The packets that `storage` holds.
    pub(super) const fn new(storage: B) -> Self {
        Self { storage, sent: 0 }
    }

    /// The bytes that wait.
    pub(super) fn as_slice(&self) -> &[u8] {
        self.storage.as_slice().get(self.sent..).unwrap_or_default()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.as_slice().is_empty()
    }

    /// Adds bytes that are no whole packet.
    pub(super) fn append(&mut self, bytes: &[u8]) -> Result<(), BufferFull> {
        self.storage.try_append(bytes)
    }

    /// Forgets what waits.
    pub(super) fn free(&mut self) {
        self.storage.free();
        self.sent = 0;
    }

    /// Adds a message, if no more than `max` bytes wait with it.
    pub(super) fn push(&mut self, message: Message<'_>, max: u64) -> Result<(), SendError> {
        let held = self.as_slice().len();
        let len = held.saturating_add(packet_len(message)).saturating_add(usize::from(held > 0));
        check_len(len, max).map_err(SendError::BacklogFull)?;
        let packet = match message {
            Message::Text(text) => Packet::Text(Kind::Message, text),
            Message::Binary(bytes) => Packet::Binary(bytes),
        };
        let mut encoder = PayloadEncoder::after(held > 0);
        match encoder.encode(packet, &mut self.storage) {
            // A fixed buffer has room at its front after something has left.
            Err(SendError::BufferFull(_)) if self.sent > 0 => {
                self.compact();
                encoder.encode(packet, &mut self.storage)
            }
            result => result,
        }
    }

    /// Writes the first packet as a WebSocket message, which has the kind that is returned. `base64` is whether bytes stay
    /// in base64. `None` if none waits.
    pub(super) fn write_first(
        &mut self,
        base64: bool,
        out: &mut impl Buffer,
    ) -> Result<Option<ws::Kind>, BufferFull> {
        let waiting = self.as_slice();
        if waiting.is_empty() {
            return Ok(None);
        }
        let end = memchr(SEPARATOR, waiting);
        let packet = waiting.get(..end.unwrap_or(waiting.len())).unwrap_or_default();
        let encoded = packet.strip_prefix(b"b").filter(|_| !base64);
        let encoded = encoded.and_then(|text| Base64::parse(core::str::from_utf8(text).ok()?));
        let kind = match encoded {
            Some(encoded) => {
                encoded.decode(out)?;
                ws::Kind::Binary
            }
            None => {
                out.try_append(packet)?;
                ws::Kind::Text
            }
        };
        let len = packet.len();
        self.leave(len);
        Ok(Some(kind))
    }

    /// The first packets that wait: at most `max_count` of them and `max_len` bytes, and how many they are.
    pub(super) fn batch(&self, max_count: usize, max_len: u64) -> (&[u8], usize) {
        let waiting = self.as_slice();
        if waiting.is_empty() {
            return (waiting, 0);
        }
        let ends = memchr_iter(SEPARATOR, waiting).chain([waiting.len()]).take(max_count);
        let (count, len) = ends
            .take_while(|end| *end as u64 <= max_len)
            .fold((0, 0), |(count, _), end| (count + 1, end));
        (waiting.get(..len).unwrap_or_default(), count)
    }

    /// Drops the first `len` bytes that wait, which are whole packets, and the separator after them.
    pub(super) fn leave(&mut self, len: usize) {
        let after = self.sent.saturating_add(len).saturating_add(1);
        let held = self.storage.as_slice().len();
        if after >= held {
            return self.free();
        }
        self.sent = after;
        if after >= held - after {
            self.compact();
        }
    }

    /// Frees the room of bytes that have left.
    fn compact(&mut self) {
        let sent = core::mem::take(&mut self.sent);
        let bytes = self.storage.as_mut_slice();
        let held = bytes.len();
        if sent <= held {
            bytes.copy_within(sent.., 0);
            self.storage.truncate(held - sent);
        }
    }
}

/// The length of a message's packet in a body.
pub(super) const fn packet_len(message: Message<'_>) -> usize {
    let len = match message {
        Message::Text(text) => text.len(),
        Message::Binary(bytes) => bytes.len().div_ceil(3).saturating_mul(4),
    };
    len.saturating_add(1)
}

/// The error for a length over a limit.
pub(super) fn check_len(len: usize, limit: u64) -> Result<(), OverLimit> {
    let len = len as u64;
    if len > limit { Err(OverLimit::new(len, limit)) } else { Ok(()) }
}
