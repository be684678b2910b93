//! A socket that plays a session.

use crate::{Session, Transport};

/// A blocking socket with a scripted peer at its other end.
pub struct Socket<'s> {
    input: &'s [u8],
    expected: &'s [u8],
    piece_len: usize,
}

impl<'s> Socket<'s> {
    /// A connection over which at most `piece_len` bytes arrive at a time.
    pub fn new(session: &'s Session, piece_len: usize) -> Self {
        Self { input: session.input, expected: session.expected, piece_len }
    }

    /// Reads as much as fits in `buf`, or nothing once the peer has sent everything.
    pub fn read<'b>(&mut self, buf: &'b mut [u8]) -> Option<&'b mut [u8]> {
        let len = self.input.len().min(self.piece_len).min(buf.len());
        let piece = self.input.split_off(..len).filter(|piece| !piece.is_empty())?;
        let read = &mut buf[..len];
        read.copy_from_slice(piece);
        Some(read)
    }

    /// Writes `bytes`, which must be what the peer expects.
    pub fn write(&mut self, bytes: &[u8]) {
        let expected = self.expected.split_off(..bytes.len());
        assert!(expected == Some(bytes), "the peer expects something else");
    }

    /// Closes the connection. The peer must have sent and received everything.
    pub fn expect_end(&self) {
        assert!(self.input.is_empty() && self.expected.is_empty(), "the peer expects more");
    }
}

impl Transport for Socket<'_> {
    fn read<'b>(&mut self, buf: &'b mut [u8]) -> Option<&'b mut [u8]> {
        Socket::read(self, buf)
    }

    fn write(&mut self, bytes: &[u8]) {
        Socket::write(self, bytes);
    }
}
