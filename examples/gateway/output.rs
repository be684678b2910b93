//! Output that waits for a peer.

use std::io::{self, Write};
use std::mem;

use framewright::{Buffer, BufferFull};

/// Bytes that wait to be sent to a peer.
#[derive(Default)]
pub struct Output {
    bytes: Vec<u8>,
    sent: usize,
}

impl Output {
    /// The most memory that is kept for the next peer with something to send.
    const SPARE: usize = 1 << 20;

    /// Takes the spare memory, unless it has some already.
    pub fn borrow(&mut self, spare: &mut Vec<u8>) {
        if self.bytes.capacity() == 0 {
            mem::swap(&mut self.bytes, spare);
        }
    }

    /// Gives its memory back, unless something in it waits to be sent.
    ///
    /// So idle peers hold none, and the output of one peer after the other goes through the same
    /// few cache lines.
    pub fn give_back(&mut self, spare: &mut Vec<u8>) {
        if self.bytes.is_empty() {
            let bytes = mem::take(&mut self.bytes);
            if (spare.capacity()..=Self::SPARE).contains(&bytes.capacity()) {
                *spare = bytes;
            }
        }
    }

    /// Number of bytes that the peer has not taken.
    pub fn pending(&self) -> usize {
        self.bytes.len() - self.sent
    }

    /// Where bytes are appended, and none is removed.
    pub fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    /// The bytes that the peer has not taken.
    pub fn unsent(&self) -> &[u8] {
        &self.bytes[self.sent..]
    }

    /// Notes that the peer has taken the next `len` bytes.
    pub fn advance(&mut self, len: usize) {
        self.sent += len;
        // Never moves more bytes than were sent before them, so each byte moves at most once.
        if self.sent >= self.pending() {
            self.bytes.drain(..self.sent);
            self.sent = 0;
        }
    }

    /// Forgets what it holds.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.sent = 0;
    }

    /// Writes as much as the peer takes, and returns whether it took anything.
    pub fn flush(&mut self, to: &mut impl Write) -> io::Result<bool> {
        let before = self.pending();
        while self.pending() > 0 {
            match to.write(self.unsent()) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(n) => self.advance(n),
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => break,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        match to.flush() {
            Err(e) if e.kind() != io::ErrorKind::WouldBlock => Err(e),
            _ => Ok(self.pending() < before),
        }
    }
}

/// New bytes go after those that have not been sent.
impl Buffer for Output {
    fn try_grow(&mut self, len: usize) -> Result<&mut [u8], BufferFull> {
        self.bytes.try_grow(len)
    }

    fn as_slice(&self) -> &[u8] {
        &self.bytes
    }

    fn as_mut_slice(&mut self) -> &mut [u8] {
        &mut self.bytes
    }

    fn truncate(&mut self, len: usize) {
        self.bytes.truncate(len);
    }

    fn try_append(&mut self, bytes: &[u8]) -> Result<(), BufferFull> {
        self.bytes.try_append(bytes)
    }
}
