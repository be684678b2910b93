use crate::Session;

/// A blocking socket with a peer behind it that has learnt its part by heart.
pub struct Socket<'s> {
    input: &'s [u8],
    expected: &'s [u8],
    piece_len: usize,
}

impl<'s> Socket<'s> {
    /// A connection over which at most `piece_len` bytes come at a time.
    pub fn new(session: &'s Session, piece_len: usize) -> Self {
        Self { input: session.input, expected: session.expected, piece_len }
    }

    /// Reads into `buf` what fits; nothing once the peer has said everything.
    pub fn read<'b>(&mut self, buf: &'b mut [u8]) -> Option<&'b mut [u8]> {
        let len = self.input.len().min(self.piece_len).min(buf.len());
        let piece = self.input.split_off(..len).filter(|piece| !piece.is_empty())?;
        let read = &mut buf[..len];
        read.copy_from_slice(piece);
        Some(read)
    }

    /// Writes `bytes`, which the peer expects.
    pub fn write(&mut self, bytes: &[u8]) {
        let expected = self.expected.split_off(..bytes.len());
        assert!(expected == Some(bytes), "the peer expects something else");
    }

    /// Closes the connection: the peer has said and heard everything.
    pub fn expect_end(&self) {
        assert!(self.input.is_empty() && self.expected.is_empty(), "the peer expects more");
    }
}
