//! The messages of a call that nobody has asked for yet.

use bytes::{Buf, BufMut, Bytes, BytesMut};
use framewright::grpc::{Message, Prefix};

/// What is not longer is copied out of the queue, so that its memory can be used again at once.
const SHORT: usize = 1024;
/// How much memory is kept for the next call.
const KEPT: usize = 4096;

/// Messages, one after another, each after its prefix.
///
/// They take what they took on the wire, and not an allocation each: a peer can send a great many short ones.
#[derive(Debug, Default)]
pub struct Queue(BytesMut);

/// A message that somebody has asked for.
pub struct Popped {
    pub bytes: Bytes,
    pub compressed: bool,
}

impl Queue {
    /// How much there is, in bytes.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn push(&mut self, message: Message<'_>) {
        // It came with a prefix, in which its length had 32 bits.
        let len = u32::try_from(message.bytes.len()).unwrap_or(u32::MAX);
        let flags = if message.compressed { Prefix::COMPRESSED } else { 0 };
        self.0.reserve(Prefix::LEN + message.bytes.len());
        self.0.put_slice(&Prefix { flags, len }.to_bytes());
        self.0.put_slice(message.bytes);
    }

    pub fn pop(&mut self) -> Option<Popped> {
        let Prefix { flags, len } = Prefix::parse(*self.0.first_chunk()?);
        let (len, compressed) = (len as usize, flags & Prefix::COMPRESSED != 0);
        self.0.advance(Prefix::LEN);
        let bytes = if len == self.0.len() && len <= SHORT {
            let bytes = Bytes::copy_from_slice(&self.0);
            self.0.clear();
            bytes
        } else {
            self.0.split_to(len).freeze()
        };
        Some(Popped { bytes, compressed })
    }

    /// Drops everything, for the next call.
    pub fn clear(&mut self) {
        if self.0.capacity() > KEPT {
            self.0 = BytesMut::new();
        }
        self.0.clear();
    }
}
