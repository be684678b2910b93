//! Encodes one direction of a stream: messages, and the trailers of gRPC-Web.
//!
//! ```text
//!         begin_message()              encode_payload() with the last of `remaining` bytes
//!   Idle ────────────────▶ Payload ─────────────────────────────────────────────────────▶ Idle
//!    │
//!    └── encode_trailers() ──▶ Ended
//! ```

use core::fmt;

use super::{Prefix, SendError};
use crate::Buffer;
use crate::debug::Payload;

/// Writes messages, whole or in pieces, and the trailers of gRPC-Web.
///
/// A message is written whole or not at all, to any [`Buffer`]. Nothing can be written between a
/// prefix and the end of its payload, nor after trailers.
///
/// ```
/// use framewright::grpc::Encoder;
///
/// let mut encoder = Encoder::new();
/// let mut out = Vec::new();
/// encoder.encode(b"Hello", &mut out)?;
/// assert_eq!(out, b"\0\0\0\0\x05Hello");
///
/// out.clear();
/// encoder.begin_message(5, false, &mut out)?;
/// encoder.encode_payload(b"Hel", &mut out)?;
/// encoder.encode_payload(b"lo", &mut out)?;
/// assert_eq!(out, b"\0\0\0\0\x05Hello");
/// # Ok::<(), framewright::grpc::SendError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Encoder {
    state: State,
}

/// A message. Bytes convert into one that is not compressed.
///
/// ```
/// use framewright::grpc::{Encoder, Message};
///
/// let mut out = Vec::new();
/// let mut encoder = Encoder::new();
/// encoder.encode(b"hi", &mut out)?;
/// encoder.encode(Message { compressed: true, bytes: b"\x1F\x8B" }, &mut out)?;
/// assert_eq!(out, b"\0\0\0\0\x02hi\x01\0\0\0\x02\x1F\x8B");
/// # Ok::<(), framewright::grpc::SendError>(())
/// ```
#[derive(Clone, Copy, Eq, PartialEq)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct Message<'a> {
    /// Whether the bytes are compressed with the encoding that `grpc-encoding` names.
    pub compressed: bool,
    /// The bytes as they go on the wire.
    pub bytes: &'a [u8],
}

impl fmt::Debug for Message<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message")
            .field("compressed", &self.compressed)
            .field("bytes", &Payload(self.bytes))
            .finish()
    }
}

impl<'a> From<&'a [u8]> for Message<'a> {
    #[inline]
    fn from(bytes: &'a [u8]) -> Self {
        Self { compressed: false, bytes }
    }
}

impl<'a, const N: usize> From<&'a [u8; N]> for Message<'a> {
    #[inline]
    fn from(bytes: &'a [u8; N]) -> Self {
        Self::from(&bytes[..])
    }
}

#[cfg(feature = "alloc")]
impl<'a> From<&'a alloc::vec::Vec<u8>> for Message<'a> {
    #[inline]
    fn from(bytes: &'a alloc::vec::Vec<u8>) -> Self {
        Self::from(&bytes[..])
    }
}

#[cfg(feature = "bytes")]
impl<'a> From<&'a bytes::Bytes> for Message<'a> {
    #[inline]
    fn from(bytes: &'a bytes::Bytes) -> Self {
        Self::from(&bytes[..])
    }
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// Between messages.
    Idle,
    /// In the payload of a message.
    Payload { remaining: u32 },
    /// After the trailers.
    Ended,
}

impl Encoder {
    /// An encoder at the beginning of a stream.
    pub const fn new() -> Self {
        Self { state: State::Idle }
    }

    /// Checks whether a message may be written, and if not, says why.
    #[inline]
    pub const fn ready(&self) -> Result<(), SendError> {
        match self.state {
            State::Idle => Ok(()),
            State::Payload { .. } => Err(SendError::MessageUnfinished),
            State::Ended => Err(SendError::Ended),
        }
    }

    /// Writes a whole message.
    #[inline]
    pub fn encode<'m>(
        &mut self,
        message: impl Into<Message<'m>>,
        out: &mut impl Buffer,
    ) -> Result<(), SendError> {
        let message = message.into();
        let prefix = self.encode_prefix(message.bytes.len() as u64, message.compressed)?;
        Ok(out.try_append_both(&prefix.to_bytes(), message.bytes)?)
    }

    /// Returns the prefix alone of a whole message of `len` bytes, for a vectored write.
    ///
    /// The caller has to write the payload right after it.
    #[inline]
    pub fn encode_prefix(&self, len: u64, compressed: bool) -> Result<Prefix, SendError> {
        self.ready()?;
        let len = u32::try_from(len).map_err(|_| SendError::MessageTooLong)?;
        Ok(Prefix { flags: if compressed { Prefix::COMPRESSED } else { 0 }, len })
    }

    /// Writes the prefix of a message whose `len` bytes of payload follow in pieces.
    ///
    /// Nothing else can be written until [`encode_payload`](Self::encode_payload) has written all of
    /// them.
    pub fn begin_message(
        &mut self,
        len: u64,
        compressed: bool,
        out: &mut impl Buffer,
    ) -> Result<(), SendError> {
        let prefix = self.encode_prefix(len, compressed)?;
        out.try_append(&prefix.to_bytes())?;
        self.begin(prefix);
        Ok(())
    }

    /// Writes the next piece of the payload that [`begin_message`](Self::begin_message) announced.
    pub fn encode_payload(&mut self, piece: &[u8], out: &mut impl Buffer) -> Result<(), SendError> {
        let state = self.state_after(piece)?;
        out.try_append(piece)?;
        self.state = state;
        Ok(())
    }

    /// Writes the trailers of a response in gRPC-Web, after which nothing can be written
    /// (PROTOCOL-WEB, *Message framing*).
    ///
    /// `block` is what [`Trailers::write`](super::Trailers::write) wrote.
    pub fn encode_trailers(
        &mut self,
        block: &[u8],
        out: &mut impl Buffer,
    ) -> Result<(), SendError> {
        let prefix = self.encode_prefix(block.len() as u64, false)?;
        let prefix = Prefix { flags: Prefix::TRAILERS, ..prefix };
        out.try_append_both(&prefix.to_bytes(), block)?;
        self.state = State::Ended;
        Ok(())
    }

    /// Notes that a prefix was written, and its payload was not.
    pub(super) const fn begin(&mut self, prefix: Prefix) {
        self.state = match prefix.len {
            0 => State::Idle,
            remaining => State::Payload { remaining },
        };
    }

    /// Notes that a piece of payload was written.
    pub(super) fn advance(&mut self, piece: &[u8]) -> Result<(), SendError> {
        self.state = self.state_after(piece)?;
        Ok(())
    }

    fn state_after(&self, piece: &[u8]) -> Result<State, SendError> {
        let State::Payload { remaining } = self.state else {
            return if piece.is_empty() { Ok(self.state) } else { Err(SendError::PayloadTooLong) };
        };
        match u64::from(remaining).checked_sub(piece.len() as u64) {
            None => Err(SendError::PayloadTooLong),
            Some(0) => Ok(State::Idle),
            Some(left) => {
                Ok(State::Payload { remaining: u32::try_from(left).unwrap_or(remaining) })
            }
        }
    }
}

impl Default for Encoder {
    fn default() -> Self {
        Self::new()
    }
}
