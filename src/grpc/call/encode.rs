//! The body that a call sends: messages and trailers, in the call's framing.

use super::Cardinality;
use crate::append::Append;
use crate::grpc::web::{HALF_CLOSE, SOCKET_DATA, TextEncoder};
use crate::grpc::{Encoder, Message, Prefix, SendError};
use crate::http::{FieldValue, line_len, put_line};
use crate::{Buffer, BufferFull};

/// Writes the body of a call: messages, whole or in pieces, in whatever framing the call has.
///
/// [`ClientCall::body`](crate::grpc::ClientCall::body) and
/// [`ServerCall::body`](crate::grpc::ServerCall::body) lend it. It is an
/// [`Encoder`](crate::grpc::Encoder) that also counts messages, checks that an encoding was
/// negotiated for compressed ones, and puts base64 or the control bytes of WebSocket around them.
///
/// ```
/// use framewright::grpc::{CallKind, ClientRequest, Limits, Path};
///
/// let request = ClientRequest::new(Path::parse("/files.Files/Upload").unwrap());
/// let mut call = request.call(CallKind::ClientStreaming, Limits::new(), Vec::new(), 0);
/// let mut out = Vec::new();
/// call.body()?.begin_message(5, false, &mut out)?;
/// call.body()?.encode_payload(b"Hel", &mut out)?;
/// call.body()?.encode_payload(b"lo", &mut out)?;
/// assert_eq!(out, b"\0\0\0\0\x05Hello");
/// # Ok::<(), framewright::grpc::SendError>(())
/// ```
#[derive(Clone, Debug)]
pub struct BodyEncoder {
    encoder: Encoder,
    messages: Cardinality,
    wrap: Wrap,
    /// Whether `grpc-encoding` named an encoding.
    compresses: bool,
    /// Whether no other message may begin.
    closing: bool,
}

/// What goes around each piece of a body.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Wrap {
    Nothing,
    /// Base64, each message a piece of its own.
    Text,
    /// Messages of WebSocket from a client, each with a control byte.
    Socket,
}

impl Wrap {
    fn write(
        self,
        out: &mut impl Buffer,
        body: impl FnOnce(&mut dyn FnMut(&[u8])),
    ) -> Result<(), BufferFull> {
        let mut append = Append::new(out);
        match self {
            Self::Nothing => body(&mut |bytes| append.put(bytes)),
            Self::Text => {
                let mut text = TextEncoder::new(|symbols| append.put(symbols));
                body(&mut |bytes| text.encode(bytes));
                text.finish();
            }
            Self::Socket => {
                append.put(&[SOCKET_DATA]);
                body(&mut |bytes| append.put(bytes));
            }
        }
        append.finish()
    }
}

impl BodyEncoder {
    pub(super) const fn new(messages: Cardinality, wrap: Wrap, compresses: bool) -> Self {
        Self { encoder: Encoder::new(), messages, wrap, compresses, closing: false }
    }

    /// Checks whether a message may be written, and if not, says why.
    #[inline]
    pub(in crate::grpc) fn ready(&self) -> Result<(), SendError> {
        self.encoder.ready()?;
        if self.closing {
            return Err(SendError::Ended);
        }
        if self.messages.may_have_another() { Ok(()) } else { Err(SendError::MessageUnexpected) }
    }

    /// Writes a whole message.
    #[inline]
    pub(in crate::grpc) fn encode<'m>(
        &mut self,
        message: impl Into<Message<'m>>,
        out: &mut impl Buffer,
    ) -> Result<(), SendError> {
        let message = message.into();
        self.check(message.compressed)?;
        if self.wrap == Wrap::Nothing {
            self.encoder.encode(message, out)?;
        } else {
            let len = message.bytes.len() as u64;
            let prefix = self.encoder.encode_prefix(len, message.compressed)?;
            self.wrap.write(out, |put| {
                put(&prefix.to_bytes());
                put(message.bytes);
            })?;
        }
        self.messages.any = true;
        Ok(())
    }

    /// Returns the prefix alone of a whole message of `len` bytes, for a vectored write.
    ///
    /// The caller has to write the payload right after it. The message counts as sent.
    #[inline]
    pub fn encode_prefix(&mut self, len: u64, compressed: bool) -> Result<Prefix, SendError> {
        self.check(compressed)?;
        if self.wrap != Wrap::Nothing {
            return Err(SendError::PrefixAlone);
        }
        let prefix = self.encoder.encode_prefix(len, compressed)?;
        self.messages.any = true;
        Ok(prefix)
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
        self.check(compressed)?;
        let prefix = self.encoder.encode_prefix(len, compressed)?;
        self.wrap.write(out, |put| put(&prefix.to_bytes()))?;
        self.encoder.begin(prefix);
        self.messages.any = true;
        Ok(())
    }

    /// Writes the next piece of the payload that [`begin_message`](Self::begin_message) announced.
    pub fn encode_payload(&mut self, piece: &[u8], out: &mut impl Buffer) -> Result<(), SendError> {
        let mut encoder = self.encoder.clone();
        encoder.advance(piece)?;
        if !piece.is_empty() {
            self.wrap.write(out, |put| put(piece))?;
        }
        self.encoder = encoder;
        Ok(())
    }

    /// Writes a head or trailers in place of a message.
    pub(super) fn encode_fields(
        &self,
        each: impl Fn(&mut dyn FnMut(&str, FieldValue<'_>)),
        out: &mut impl Buffer,
    ) -> Result<(), SendError> {
        let mut len = 0_u64;
        each(&mut |name, value| len = len.saturating_add(line_len(name, value) as u64));
        let prefix = self.encoder.encode_prefix(len, false)?;
        self.wrap.write(out, |put| {
            put(&Prefix { flags: Prefix::TRAILERS, ..prefix }.to_bytes());
            each(&mut |name, value| put_line(name, value, &mut *put));
        })?;
        Ok(())
    }

    /// Writes what says that no message will follow, if the framing has that.
    pub(super) fn finish(&mut self, out: &mut impl Buffer) -> Result<(), SendError> {
        self.check_complete()?;
        if self.messages.is_missing_one() {
            return Err(SendError::MessageMissing);
        }
        if self.wrap == Wrap::Socket {
            out.try_append(HALF_CLOSE)?;
        }
        self.close();
        Ok(())
    }

    /// Allows no other message to begin. The payload of the current one may be completed.
    pub(super) const fn close(&mut self) {
        self.closing = true;
    }

    /// How many messages have to be sent, and whether any was.
    pub(in crate::grpc) const fn cardinality(&self) -> Cardinality {
        self.messages
    }

    pub(in crate::grpc) const fn set_cardinality(&mut self, messages: Cardinality) {
        self.messages = messages;
    }

    /// Sets whether an encoding was negotiated.
    pub(super) const fn set_compresses(&mut self, compresses: bool) {
        self.compresses = compresses;
    }

    /// Checks that the payload of the last message is complete.
    pub(super) const fn check_complete(&self) -> Result<(), SendError> {
        self.encoder.ready()
    }

    /// Whether this is the body of a call over WebSocket, at the client.
    pub(super) fn is_for_socket(&self) -> bool {
        self.wrap == Wrap::Socket
    }

    /// Whether the single message that has to be sent was not.
    pub(super) const fn is_missing_message(&self) -> bool {
        self.messages.is_missing_one()
    }

    #[inline]
    fn check(&self, compressed: bool) -> Result<(), SendError> {
        self.ready()?;
        if compressed && !self.compresses { Err(SendError::EncodingMissing) } else { Ok(()) }
    }
}
