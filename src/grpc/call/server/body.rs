//! The bodies of a server's call: what the client sends, and what it is sent.

use super::{ServerCall, State};
use crate::Buffer;
use crate::grpc::call::BodyEncoder;
use crate::grpc::{Error, Event, Message, SendError};

impl ServerCall {
    /// Decodes the base64 of the next bytes of the request's body, in place. The body of a call that
    /// is not in gRPC-Web's text form stays as it is.
    ///
    /// A call in that form needs this before [`receive`](Self::receive), and no other does.
    pub fn decode_text_in_place<'a>(&mut self, bytes: &'a mut [u8]) -> &'a [u8] {
        self.request.decode_text_in_place(bytes)
    }

    /// Receives the next event in the request's body, advancing `input` past it.
    ///
    /// `None` means that every byte of `input` was taken. Once [`code`](Self::code) returns one,
    /// everything that still comes is ignored.
    #[inline]
    pub fn receive<'a>(&mut self, input: &mut &'a [u8]) -> Option<Event<'a>> {
        // The most frequent case takes one step, as it does in the decoder.
        if let State::Open { half_closed: false, .. } = self.state
            && let Some(event) = self.request.whole_message(input)
        {
            return Some(event);
        }
        self.receive_any(input)
    }

    fn receive_any<'a>(&mut self, input: &mut &'a [u8]) -> Option<Event<'a>> {
        match self.state {
            State::Open { half_closed: false, .. } => match self.request.decode(input) {
                Ok(part) => part.map(Event::message),
                Err(error) => self.fail(error),
            },
            State::Open { .. } if input.is_empty() => None,
            State::Open { .. } => {
                *input = &[];
                self.fail(Error::OutOfOrder)
            }
            State::Failed { .. } | State::Ended { .. } => {
                *input = &[];
                None
            }
        }
    }

    /// Receives the end of the request's body.
    pub fn receive_eof(&mut self) -> Option<Event<'static>> {
        let is_second = core::mem::replace(self.state.half_closed(), true);
        let State::Open { .. } = self.state else { return None };
        if is_second {
            return self.fail(Error::OutOfOrder);
        }
        if self.request.check_eof().is_err() {
            return self.fail(Error::Truncated);
        }
        if self.request.is_missing_message() {
            return self.fail(Error::MessageMissing);
        }
        Some(Event::HalfClose)
    }

    /// Writes a whole message of the response.
    ///
    /// # Errors
    ///
    /// [`SendError::HeadUnsent`]: the head comes first. [`SendError::Ended`]: the call is over.
    /// [`SendError::MessageUnexpected`]: the [kind](crate::grpc::CallKind) of the call has only one message.
    /// [`SendError::EncodingMissing`]: the message is compressed, and the head named no encoding.
    /// [`SendError::BufferFull`]: `out` has no room for the whole message.
    #[inline]
    pub fn send<'m>(
        &mut self,
        message: impl Into<Message<'m>>,
        out: &mut impl Buffer,
    ) -> Result<(), SendError> {
        self.body()?.encode(message, out)
    }

    /// The encoder of the response's body, for messages in pieces and prefixes alone.
    ///
    /// # Errors
    ///
    /// The head was not sent, or the call is over and no message's payload is left to complete. The
    /// trailers wait for the end of a message that has begun.
    #[inline]
    pub fn body(&mut self) -> Result<&mut BodyEncoder, SendError> {
        match self.state {
            State::Open { head_sent: true, .. } => Ok(&mut self.response),
            State::Open { .. } => Err(SendError::HeadUnsent),
            State::Failed { .. } if self.response.check_complete().is_err() => {
                Ok(&mut self.response)
            }
            State::Failed { .. } | State::Ended { .. } => Err(SendError::Ended),
        }
    }

    /// The encoding of the compressed messages that the client sends.
    pub fn encoding(&self) -> Option<&str> {
        self.encodings.get(self.encoding?)
    }

    /// Bytes of payload that the message being received still lacks: 0 between messages.
    pub const fn payload_remaining(&self) -> u64 {
        self.request.payload_remaining()
    }
}
