//! What a connection compresses and inflates, once that was agreed on (RFC 7692).

use alloc::boxed::Box;

use super::Connection;
use super::messages::Received;
use crate::utf8::Utf8State;
use crate::ws::decode::MessagePlace;
use crate::ws::deflate::{Config, Deflater, Inflater, Params};
use crate::ws::inbox::JoinError;
use crate::ws::{CompressedChunk, Error, Inbox, Kind, Mask, Message, SendError, Side};
use crate::{Buffer, Chunk};

/// A compressor and an inflater, which take no further memory before they are used.
pub(super) struct Compression {
    deflater: Deflater,
    inflater: Inflater,
    /// How far the message is that is being inflated.
    output: Output,
}

/// What came out of the message that is being inflated.
#[derive(Clone, Copy)]
struct Output {
    /// Whether nothing came out so far.
    starts: bool,
    /// The state of its text.
    text: Utf8State,
}

/// How many bytes are unmasked at a time, on their way to the inflater.
const INPUT_LEN: usize = 1024;
/// How much room is asked of the inbox at a time.
const OUTPUT_LEN: usize = 4096;

impl<S: Side> Connection<S> {
    /// Compresses what [`send`](Self::send) sends and inflates what
    /// [`receive_message`](Self::receive_message) receives, by the parameters that both ends agreed on.
    /// `None` means that they did not, and changes nothing.
    ///
    /// The handshake does this by itself: see
    /// [`Acceptance::connection`](crate::ws::handshake::Acceptance::connection) and
    /// [`Accepted::connection`](crate::ws::handshake::Accepted::connection).
    ///
    /// [`receive`](Self::receive) still returns compressed messages as they came. A connection that uses it
    /// inflates all of them itself.
    #[must_use]
    pub fn compression(mut self, params: Option<Params>, config: Config) -> Self {
        let Some(params) = params else { return self };
        self = self.accept_compressed(true);
        self.compression = Some(Box::new(Compression {
            deflater: Deflater::new(S::ROLE, params, config),
            inflater: Inflater::new(S::ROLE, params, self.decoder.limits()),
            output: Output { starts: true, text: Utf8State::Boundary },
        }));
        self
    }

    /// Returns whether frames that `shared` encoded may be written to this connection, as
    /// [`Deflater::admit`] does.
    ///
    /// [`ready`](Self::ready) has to allow a message, too.
    pub fn admit(&mut self, shared: &Deflater) -> bool {
        self.compression.as_mut().is_some_and(|own| own.deflater.admit(shared))
    }

    /// Frees what compression holds between messages, unless a message of the peer may refer to it.
    /// [The module](crate::ws::deflate) says how much that is. After a close or a failure, all of it is free
    /// without this.
    ///
    /// Call it when a connection is idle. The compressor is allocated again with the next message, which
    /// cannot refer to those before.
    pub fn release_compression(&mut self) {
        if let Some(compression) = &mut self.compression {
            compression.deflater.release();
            compression.inflater.release();
        }
    }

    /// Writes a whole message in one frame, compressed by the configuration.
    // It is not rare. But other messages take far less time, and `cold` keeps this code out of their way.
    #[cold]
    pub(super) fn send_compressed(
        &mut self,
        message: Message<'_>,
        out: &mut impl Buffer,
    ) -> Result<(), SendError> {
        self.open_encoder()?;
        match &mut self.compression {
            Some(compression) => compression.deflater.encode(message, &mut self.encoder, out),
            None => self.encoder.encode(message, out),
        }
    }

    /// Inflates bytes of a compressed message to the inbox. Returns an event if they are the last or
    /// cannot be joined.
    #[cold]
    pub(super) fn join_compressed<B: Buffer>(
        &mut self,
        place: MessagePlace,
        bytes: &[u8],
        mask: Option<Mask>,
        inbox: &mut Inbox<B>,
    ) -> Option<Received> {
        let Some(compression) = &mut self.compression else {
            // Nothing here inflates, so the bit has no meaning.
            return Some(self.fail_in_message(Error::ReservedBits, inbox));
        };
        match compression.inflate(place, bytes, mask, inbox) {
            Ok(()) => {
                self.decoder.placed(place, Utf8State::Boundary);
                place.end.then_some(Received::Message(place.kind))
            }
            Err(InflateError::Peer(e)) => Some(self.fail_in_message(e, inbox)),
            Err(InflateError::Join(e)) => {
                let len = inbox.joined_len().saturating_add(1);
                Some(self.fail_joining(e, len as u64, inbox))
            }
        }
    }
}

/// Why bytes of a compressed message cannot be joined.
enum InflateError {
    Peer(Error),
    Join(JoinError),
}

impl From<Error> for InflateError {
    fn from(error: Error) -> Self {
        Self::Peer(error)
    }
}

impl From<JoinError> for InflateError {
    fn from(error: JoinError) -> Self {
        Self::Join(error)
    }
}

impl Compression {
    /// Unmasks bytes in blocks, since the input is only read, and inflates them to the inbox.
    fn inflate<B: Buffer>(
        &mut self,
        place: MessagePlace,
        mut bytes: &[u8],
        mut mask: Option<Mask>,
        inbox: &mut Inbox<B>,
    ) -> Result<(), InflateError> {
        let mut start = place.start;
        if start {
            self.output = Output { starts: true, text: Utf8State::Boundary };
        }
        loop {
            let mut block = [0; INPUT_LEN];
            let len = bytes.len().min(INPUT_LEN);
            let taken = bytes.split_off(..len).unwrap_or_default();
            let block = block.get_mut(..len).unwrap_or_default();
            let block = match &mut mask {
                Some(mask) => {
                    mask.copy(taken, block);
                    block
                }
                None => taken,
            };
            let end = place.end && bytes.is_empty();
            let chunk = Chunk { bytes: block, start, end };
            self.inflate_block(place.kind, CompressedChunk::new(place.kind, chunk), inbox)?;
            start = false;
            if bytes.is_empty() {
                return Ok(());
            }
        }
    }

    fn inflate_block<B: Buffer>(
        &mut self,
        kind: Kind,
        mut chunk: CompressedChunk<'_>,
        inbox: &mut Inbox<B>,
    ) -> Result<(), InflateError> {
        if !chunk.chunk().start && !self.inflater.is_inflating() {
            // It was received as parts, which somebody else inflates.
            return Err(JoinError::BeginningMissing.into());
        }
        loop {
            // Storage that can grow never holds more than a message may have.
            let allowed = usize::try_from(self.inflater.allowed()).unwrap_or(usize::MAX);
            let room = inbox.room(self.output.starts, allowed.min(OUTPUT_LEN));
            let mut byte = [0];
            // Full storage may hold all of the message: only one byte more is too many.
            let is_full = room.is_empty();
            let room = if is_full { &mut byte[..] } else { room };
            let Some(filled) = self.inflater.fill(&mut chunk, room)? else { return Ok(()) };
            if is_full && filled.len > 0 {
                return Err(JoinError::Full.into());
            }
            let place = MessagePlace {
                kind,
                compressed: true,
                text: self.output.text,
                start: self.output.starts,
                end: filled.end,
            };
            self.output.text = inbox.join_filled(place, filled.len, None)?;
            self.output.starts = false;
            if filled.end {
                return Ok(());
            }
        }
    }
}
