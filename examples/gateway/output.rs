use std::io::{self, Write};

use framewright::{Buffer, BufferFull};

/// Bytes on their way to a peer.
#[derive(Default)]
pub struct Output {
    bytes: Vec<u8>,
    sent: usize,
}

impl Output {
    /// Memory above this is given back once all is sent.
    const KEEP: usize = 16 * 1024;

    /// Bytes that the peer has not taken.
    pub fn pending(&self) -> usize {
        self.bytes.len() - self.sent
    }

    /// Writes as much as the peer takes; tells whether it took anything.
    pub fn flush(&mut self, to: &mut impl Write) -> io::Result<bool> {
        let before = self.pending();
        while self.pending() > 0 {
            match to.write(&self.bytes[self.sent..]) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(n) => self.sent += n,
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => break,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        let progress = self.pending() < before;
        // What is moved is no more than what was sent before it, so each byte moves once at most.
        if self.sent >= self.pending() {
            self.bytes.drain(..self.sent);
            self.sent = 0;
        }
        if self.bytes.is_empty() {
            self.bytes.shrink_to(Self::KEEP);
        }
        Ok(progress)
    }
}

/// What is appended goes behind what has not been sent.
impl Buffer for Output {
    fn try_grow(&mut self, len: usize) -> Result<&mut [u8], BufferFull> {
        self.bytes.try_grow(len)
    }

    fn as_slice(&self) -> &[u8] {
        &self.bytes
    }

    fn truncate(&mut self, len: usize) {
        self.bytes.truncate(len);
    }

    fn try_append(&mut self, bytes: &[u8]) -> Result<(), BufferFull> {
        self.bytes.try_append(bytes)
    }
}
