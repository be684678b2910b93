//! What the caller has to say.

use super::{Connection, State};
use crate::Buffer;
use crate::ws::{CloseCode, CloseFrame, Encoder, Message, SendError, Side};

impl<S: Side> Connection<S> {
    /// Writes a whole message in one frame, compressed if that was agreed on.
    ///
    /// # Errors
    ///
    /// [`SendError::Closing`]: the connection [is closing](Self::is_closing). [`SendError::BufferFull`]: `out` has no
    /// room for the whole frame. [`SendError::MessageUnfinished`], [`SendError::FrameUnfinished`]: the
    /// [encoder](Self::encoder) has begun something else.
    #[inline(always)]
    pub fn send<'m>(
        &mut self,
        message: impl Into<Message<'m>>,
        out: &mut impl Buffer,
    ) -> Result<(), SendError> {
        #[cfg(feature = "deflate")]
        if self.compression.is_some() {
            return self.send_compressed(message.into(), out);
        }
        self.open_encoder()?.encode(message, out)
    }

    /// Writes a ping with at most 125 bytes of payload, which the peer's pong will repeat (§5.5.2).
    ///
    /// # Errors
    ///
    /// Those of [`send`](Self::send), but a ping may come between fragments. [`SendError::ControlTooLong`]: `payload`
    /// is too long.
    pub fn ping(&mut self, payload: &[u8], out: &mut impl Buffer) -> Result<(), SendError> {
        self.open_encoder()?.encode_ping(payload, out)
    }

    /// Writes a close frame, after which nothing can be sent (§7.1.2).
    ///
    /// A reason has at most 123 bytes. With [`CloseCode::NO_STATUS`] and an empty reason, the frame has no
    /// payload. Only the first close frame counts: after one was written, or after a failure, this does nothing.
    ///
    /// The peer's messages still come until its own close frame does, and [`send`](Self::send) refuses to answer
    /// them. Go on receiving all the same.
    ///
    /// # Errors
    ///
    /// Among others, the payload of a frame is unfinished: finish it first, or drop the transport.
    pub fn close(
        &mut self,
        code: CloseCode,
        reason: &str,
        out: &mut impl Buffer,
    ) -> Result<(), SendError> {
        if self.encoder.is_closed() || self.error().is_some() {
            return Ok(());
        }
        self.encoder.encode_close(CloseFrame { code, reason }, out)
    }

    /// Whether the connection is closing or closed: a close frame was sent or came, or the peer broke a
    /// rule. No message can be begun any more.
    ///
    /// The peer's messages may still come, and [`transmit`](Self::transmit) may still have to write.
    /// [`close_expected`](Self::close_expected) says when all of that is done.
    pub const fn is_closing(&self) -> bool {
        !self.is_open() || self.encoder.is_closed()
    }

    /// The encoder, to send fragments, payloads in pieces, headers alone, and unasked pongs.
    ///
    /// # Errors
    ///
    /// The connection is closing, and nothing is to be finished: neither the payload of a frame, nor
    /// a message in fragments that the peer's close came into (§5.5.1). Finish that before
    /// [`transmit`](Self::transmit) answers the close.
    #[inline]
    pub fn encoder(&mut self) -> Result<&mut Encoder<S>, SendError> {
        if self.is_open() && !self.encoder.is_closed() {
            return Ok(&mut self.encoder);
        }
        match (self.encoder.ready(), self.state) {
            (Err(SendError::FrameUnfinished), _)
            | (Err(SendError::MessageUnfinished), State::PeerClosed(_)) => Ok(&mut self.encoder),
            _ => Err(SendError::Closing),
        }
    }

    /// The encoder, for a message or a ping.
    #[inline]
    pub(super) fn open_encoder(&mut self) -> Result<&mut Encoder<S>, SendError> {
        if self.is_open() {
            return Ok(&mut self.encoder);
        }
        match self.encoder.ready() {
            Err(e @ SendError::FrameUnfinished) => Err(e),
            _ => Err(SendError::Closing),
        }
    }

    /// Returns whether a message may be sent, and if not, why.
    ///
    /// This is for servers that send one message to many clients: they encode it once, with an
    /// [`Encoder`] of their own, and write the bytes to every connection that is ready.
    pub fn ready(&self) -> Result<(), SendError> {
        if self.is_open() { self.encoder.ready() } else { Err(SendError::Closing) }
    }
}
