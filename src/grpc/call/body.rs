//! How messages and trailers are put in a body, at either side of a call.

use crate::append::Append;
use crate::grpc::field::{Count, Sink};
use crate::grpc::web::{SOCKET_DATA, TextSink};
use crate::grpc::{Encoder, Message, Prefix, SendError};
use crate::{Buffer, BufferFull};

/// What a body is wrapped in.
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
        put: impl FnOnce(&mut dyn Sink),
    ) -> Result<(), BufferFull> {
        let mut writer = Append::new(out);
        match self {
            Self::Nothing => put(&mut writer),
            Self::Text => {
                let mut text = TextSink::new(&mut writer);
                put(&mut text);
                text.finish();
            }
            Self::Socket => {
                writer.put(&[SOCKET_DATA]);
                put(&mut writer);
            }
        }
        writer.finish()
    }
}

/// An encoder that wraps what it writes, and counts messages.
#[derive(Clone, Debug)]
pub(super) struct BodyEncoder {
    pub(super) encoder: Encoder,
    pub(super) messages: Messages,
    pub(super) wrap: Wrap,
    /// Whether `grpc-encoding` named an encoding.
    pub(super) compressed: bool,
}

impl BodyEncoder {
    pub(super) const fn new(messages: Messages, wrap: Wrap, compressed: bool) -> Self {
        Self { encoder: Encoder::new(), messages, wrap, compressed }
    }

    #[inline]
    pub(super) fn send(
        &mut self,
        message: Message<'_>,
        out: &mut impl Buffer,
    ) -> Result<(), SendError> {
        self.check(message.compressed)?;
        if self.wrap == Wrap::Nothing {
            self.encoder.encode(message, out)?;
        } else {
            let len = message.bytes.len() as u64;
            let prefix = self.encoder.encode_prefix(len, message.compressed)?;
            self.wrap.write(out, |sink| {
                sink.put(&prefix.to_bytes());
                sink.put(message.bytes);
            })?;
        }
        self.messages.any = true;
        Ok(())
    }

    pub(super) fn prefix(&mut self, len: u64, compressed: bool) -> Result<Prefix, SendError> {
        self.check(compressed)?;
        if self.wrap != Wrap::Nothing {
            return Err(SendError::PrefixAlone);
        }
        let prefix = self.encoder.encode_prefix(len, compressed)?;
        self.messages.any = true;
        Ok(prefix)
    }

    pub(super) fn begin(
        &mut self,
        len: u64,
        compressed: bool,
        out: &mut impl Buffer,
    ) -> Result<(), SendError> {
        self.check(compressed)?;
        let prefix = self.encoder.encode_prefix(len, compressed)?;
        self.wrap.write(out, |sink| sink.put(&prefix.to_bytes()))?;
        self.encoder.begin(prefix);
        self.messages.any = true;
        Ok(())
    }

    pub(super) fn payload(&mut self, piece: &[u8], out: &mut impl Buffer) -> Result<(), SendError> {
        let mut encoder = self.encoder.clone();
        encoder.advance(piece)?;
        if !piece.is_empty() {
            self.wrap.write(out, |sink| sink.put(piece))?;
        }
        self.encoder = encoder;
        Ok(())
    }

    /// Writes a header list in place of a message.
    pub(super) fn block(
        &mut self,
        put: impl Fn(&mut dyn Sink),
        out: &mut impl Buffer,
    ) -> Result<(), SendError> {
        let mut count = Count(0);
        put(&mut count);
        let prefix = self.encoder.encode_prefix(count.0, false)?;
        self.wrap.write(out, |sink| {
            sink.put(&Prefix { flags: Prefix::TRAILERS, ..prefix }.to_bytes());
            put(sink);
        })?;
        Ok(())
    }

    /// Whether a message may be sent.
    #[inline]
    fn check(&self, compressed: bool) -> Result<(), SendError> {
        self.encoder.ready()?;
        if !self.messages.may_have_another() {
            return Err(SendError::MessageUnexpected);
        }
        if compressed && !self.compressed {
            return Err(SendError::EncodingMissing);
        }
        Ok(())
    }
}

/// The messages that go one way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Messages {
    /// Whether there has to be exactly one.
    pub(super) single: bool,
    /// Whether there was one.
    pub(super) any: bool,
}

impl Messages {
    pub(super) const fn new(stream: bool) -> Self {
        Self { single: !stream, any: false }
    }

    #[inline]
    pub(super) const fn may_have_another(self) -> bool {
        !(self.single && self.any)
    }

    pub(super) const fn are_missing(self) -> bool {
        self.single && !self.any
    }
}
