//! The messages of a call that nobody has asked for yet.

use std::collections::VecDeque;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use framewright::grpc::{Message, Prefix};

/// A message that is longer has an allocation of its own from the beginning. A shorter one has it once it is asked for.
const SHORT: usize = 1024;
/// How much memory is kept for the next call.
const KEPT: usize = 4096;
const KEPT_LONG: usize = 16;

/// Messages, one after another.
///
/// Short ones take what they took on the wire, and not an allocation each: a peer can send a great many of them. Whoever
/// keeps a message keeps nothing but its bytes.
#[derive(Debug, Default)]
pub struct Queue {
    /// Each message's prefix. Its bytes follow if they are short.
    records: BytesMut,
    long: VecDeque<Bytes>,
    /// How much there is, in bytes.
    len: usize,
    count: usize,
}

/// A message that somebody has asked for.
pub struct Popped {
    pub bytes: Bytes,
    pub compressed: bool,
}

impl Queue {
    /// How much there is, in bytes on the wire.
    pub fn len(&self) -> usize {
        self.len
    }

    /// How many messages there are.
    pub fn count(&self) -> usize {
        self.count
    }

    pub fn push(&mut self, message: Message<'_>) {
        // It came with a prefix, in which its length had 32 bits.
        let len = u32::try_from(message.bytes.len()).unwrap_or(u32::MAX);
        let flags = if message.compressed { Prefix::COMPRESSED } else { 0 };
        self.records.put_slice(&Prefix { flags, len }.to_bytes());
        if message.bytes.len() <= SHORT {
            self.records.put_slice(message.bytes);
        } else {
            self.long.push_back(Bytes::copy_from_slice(message.bytes));
        }
        self.len += Prefix::LEN + message.bytes.len();
        self.count += 1;
    }

    pub fn pop(&mut self) -> Option<Popped> {
        let Prefix { flags, len } = Prefix::parse(*self.records.first_chunk()?);
        let (len, compressed) = (len as usize, flags & Prefix::COMPRESSED != 0);
        self.records.advance(Prefix::LEN);
        let bytes = if len <= SHORT {
            let bytes = Bytes::copy_from_slice(&self.records[..len]);
            self.records.advance(len);
            bytes
        } else {
            self.long.pop_front()?
        };
        self.len -= Prefix::LEN + len;
        self.count -= 1;
        Some(Popped { bytes, compressed })
    }

    /// Drops everything, for the next call.
    pub fn clear(&mut self) {
        self.records.clear();
        // What was read is part of it again, and so the whole of it is looked at.
        if self.records.try_reclaim(KEPT + 1) {
            self.records = BytesMut::new();
        }
        self.long.clear();
        self.long.shrink_to(KEPT_LONG);
        (self.len, self.count) = (0, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A short message that is kept keeps nothing else alive, wherever it was among others.
    #[test]
    fn a_message_keeps_nothing_but_its_bytes() {
        let lens = [5, 3 << 20, 1, SHORT, SHORT + 1, 2000, 7];
        let mut queue = Queue::default();
        for len in lens {
            queue.push(Message { compressed: len == 7, bytes: &vec![1; len] });
        }
        assert_eq!((queue.count(), queue.len()), (7, lens.iter().sum::<usize>() + 7 * Prefix::LEN));
        for len in lens {
            let Popped { bytes, compressed } = queue.pop().expect("it is there");
            assert_eq!((bytes.len(), compressed), (len, len == 7));
            // Nobody else has a part of its memory, and it takes no more than its bytes.
            let bytes = bytes.try_into_mut().expect("it is the only owner");
            assert_eq!(bytes.capacity(), len);
        }
        assert_eq!((queue.pop().is_none(), queue.len(), queue.count()), (true, 0, 0));
    }
}
