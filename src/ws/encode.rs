//! From messages and control frames to bytes on the wire.
//!
//! ```text
//!               fragment                  fragment with `fin`
//!     Idle ──────────────────▶ Fragmented ────────────────────▶ Idle
//!       │                          │
//!       │ begin_frame()            │ begin_frame()
//!       └────────▶ Payload ◀───────┘
//!                     │ the payload is complete
//!                     └────────▶ Idle with `fin`, Fragmented without
//!
//!     encode_close(), in Idle or Fragmented: Closed
//! ```

use core::fmt;

use super::header::{FirstByte, KeylessHeader};
use super::{
    Client, CloseFrame, FrameHeader, Kind, Mask, Message, Opcode, SendError, Server, Side,
};
use crate::Buffer;
use crate::buffer::sealed::Ours;
use crate::utf8::Utf8State;

/// Writes frames: whole messages, fragments, payloads in pieces, and control frames.
///
/// A frame is written whole or not at all, to any [`Buffer`]. Nothing can come between a header and
/// the end of its payload, nor after a close frame.
///
/// ```
/// use framewright::ws::{Encoder, Kind, Message};
///
/// let mut encoder = Encoder::server();
/// let mut out = Vec::new();
/// encoder.encode(Message::Text("Hello"), &mut out)?;
/// assert_eq!(out, b"\x81\x05Hello"); // §5.7
///
/// out.clear();
/// encoder.encode_fragment(Kind::Text, b"Hel", false, &mut out)?;
/// encoder.encode_fragment(Kind::Text, b"lo", true, &mut out)?;
/// assert_eq!(out, b"\x01\x03Hel\x80\x02lo"); // §5.7
/// # Ok::<(), framewright::ws::SendError>(())
/// ```
#[derive(Clone)]
pub struct Encoder<S> {
    side: S,
    state: State,
}

impl Encoder<Server> {
    /// An encoder for the server's side, which does not mask.
    pub const fn server() -> Self {
        Self { side: Server, state: State::Idle }
    }
}

impl<K: FnMut() -> [u8; 4]> Encoder<Client<K>> {
    /// An encoder for the client's side, which takes a masking key for each frame from `keys`.
    ///
    /// [`Connection::client`](super::Connection::client) says what keys are good.
    pub const fn client(keys: K) -> Self {
        Self { side: Client(keys), state: State::Idle }
    }
}

impl<S: Side> Encoder<S> {
    /// Returns whether a message may be written, and if not, why.
    #[inline]
    pub const fn ready(&self) -> Result<(), SendError> {
        match self.state {
            State::Idle => Ok(()),
            State::Fragmented(_) => Err(SendError::MessageUnfinished),
            State::Payload(_) => Err(SendError::FrameUnfinished),
            State::Closed => Err(SendError::Closing),
        }
    }

    /// Whether a close frame was written.
    #[inline]
    pub(super) const fn is_closed(&self) -> bool {
        matches!(self.state, State::Closed)
    }

    /// Writes a whole message in one frame.
    #[inline(always)]
    pub fn encode<'m>(
        &mut self,
        message: impl Into<Message<'m>>,
        out: &mut impl Buffer,
    ) -> Result<(), SendError> {
        self.ready()?;
        let message = message.into();
        self.write(FirstByte::new(message.kind().opcode(), true), message.as_bytes(), out)
    }

    /// Writes a whole message in one frame whose payload is compressed already (RFC 7692 §6.1).
    ///
    /// The peer must have agreed to that in the opening handshake.
    pub fn encode_compressed(
        &mut self,
        kind: Kind,
        payload: &[u8],
        out: &mut impl Buffer,
    ) -> Result<(), SendError> {
        self.ready()?;
        let rsv = [true, false, false];
        self.write(FirstByte { rsv, ..FirstByte::new(kind.opcode(), true) }, payload, out)
    }

    /// Writes the next fragment of a message in one frame, the last if `fin`.
    ///
    /// The first fragment begins the message; `kind` stays the same until the last (§5.4). A text
    /// may be cut inside a character. Control frames may be written between fragments.
    pub fn encode_fragment(
        &mut self,
        kind: Kind,
        payload: &[u8],
        fin: bool,
        out: &mut impl Buffer,
    ) -> Result<(), SendError> {
        let fragment = self.check_fragment(kind, payload, fin, false)?;
        self.encode_checked_fragment(fragment, payload, out)
    }

    /// Checks the next fragment of a message, before its `payload` may be compressed.
    pub(super) fn check_fragment(
        &self,
        kind: Kind,
        payload: &[u8],
        fin: bool,
        compressed: bool,
    ) -> Result<CheckedFragment, SendError> {
        let (opcode, message) = self.next_fragment(kind, compressed)?;
        Ok(CheckedFragment { opcode, fin, message: message.advance(payload, fin)? })
    }

    /// Writes a checked fragment, with its payload as it goes on the wire.
    pub(super) fn encode_checked_fragment(
        &mut self,
        fragment: CheckedFragment,
        payload: &[u8],
        out: &mut impl Buffer,
    ) -> Result<(), SendError> {
        let CheckedFragment { opcode, fin, message } = fragment;
        // RSV1 is for the first frame alone (RFC 7692 §6.1).
        let rsv = [message.compressed && fragment.is_first(), false, false];
        self.write(FirstByte { fin, rsv, opcode }, payload, out)?;
        self.state = State::after_frame(message, fin);
        Ok(())
    }

    /// Writes the header of a frame whose `len` bytes of payload follow in pieces.
    ///
    /// The frame is a whole message or the next fragment of one, the last if `fin`. Nothing else can
    /// be written until [`encode_payload`](Self::encode_payload) has written all of the payload.
    pub fn begin_frame(
        &mut self,
        kind: Kind,
        len: u64,
        fin: bool,
        out: &mut impl Buffer,
    ) -> Result<(), SendError> {
        let before = self.state;
        let header = self.encode_header(kind, len, fin)?;
        out.try_append(&header.to_bytes()).inspect_err(|_| self.state = before)?;
        Ok(())
    }

    /// Begins a frame as [`begin_frame`](Self::begin_frame) does, and returns its header instead of
    /// writing it, for a vectored write.
    ///
    /// The caller writes the payload without a copy. It masks the payload with
    /// [`FrameHeader::mask`], if there is one, and reports it to
    /// [`payload_written`](Self::payload_written).
    pub fn encode_header(
        &mut self,
        kind: Kind,
        len: u64,
        fin: bool,
    ) -> Result<FrameHeader, SendError> {
        let (opcode, message) = self.next_fragment(kind, false)?;
        let message = message.advance(&[], fin && len == 0)?;
        let header = FrameHeader::new(opcode, fin, len)?.with_key(self.side.next_key());
        let frame = OutgoingFrame { message, fin, remaining: len, mask: header.mask() };
        self.state = frame.into_state();
        Ok(header)
    }

    /// Notes that the caller has written, or will write next, `len` bytes of the payload that was
    /// announced.
    ///
    /// Of a text, these have to be whole characters: the encoder does not see them.
    pub fn payload_written(&mut self, len: u64) -> Result<(), SendError> {
        let State::Payload(frame) = self.state else {
            return if len == 0 { Ok(()) } else { Err(SendError::PayloadTooLong) };
        };
        let mut frame = frame.advance(len, &[])?;
        if let Some(mask) = &mut frame.mask {
            mask.skip(len);
        }
        self.state = frame.into_state();
        Ok(())
    }

    /// Writes the next piece of the payload that [`begin_frame`](Self::begin_frame) announced.
    pub fn encode_payload(&mut self, piece: &[u8], out: &mut impl Buffer) -> Result<(), SendError> {
        let State::Payload(frame) = self.state else {
            return if piece.is_empty() { Ok(()) } else { Err(SendError::PayloadTooLong) };
        };
        let mut frame = frame.advance(piece.len() as u64, piece)?;
        match &mut frame.mask {
            Some(mask) => {
                out.try_append_masked(&[], *mask, piece, Ours)?;
                mask.skip(piece.len() as u64);
            }
            None => out.try_append(piece)?,
        }
        self.state = frame.into_state();
        Ok(())
    }

    /// Writes a ping with at most 125 bytes of payload (§5.5.2).
    pub fn encode_ping(&mut self, payload: &[u8], out: &mut impl Buffer) -> Result<(), SendError> {
        self.encode_control(Opcode::Ping, payload, out)
    }

    /// Writes a pong with at most 125 bytes of payload (§5.5.3).
    pub fn encode_pong(&mut self, payload: &[u8], out: &mut impl Buffer) -> Result<(), SendError> {
        self.encode_control(Opcode::Pong, payload, out)
    }

    /// Writes a close frame, after which nothing can be written (§5.5.1).
    ///
    /// [`CloseCode::NO_STATUS`](super::CloseCode::NO_STATUS) stands for a frame without a payload,
    /// and goes with an empty reason.
    pub fn encode_close(
        &mut self,
        close: CloseFrame<'_>,
        out: &mut impl Buffer,
    ) -> Result<(), SendError> {
        let mut bytes = [0; 125];
        let payload = match close {
            CloseFrame::EMPTY => &[],
            CloseFrame { code, .. } if !code.is_sendable() => {
                return Err(SendError::CloseCodeInvalid(code));
            }
            CloseFrame { code, reason } => {
                let (to_code, to_reason) = bytes.split_at_mut(2);
                let to_reason =
                    to_reason.get_mut(..reason.len()).ok_or(SendError::ControlTooLong)?;
                to_code.copy_from_slice(&code.0.to_be_bytes());
                to_reason.copy_from_slice(reason.as_bytes());
                bytes.get(..2 + reason.len()).unwrap_or_default()
            }
        };
        self.encode_close_payload(payload, out)
    }

    /// Writes a close frame with a payload that is known to be valid.
    pub(super) fn encode_close_payload(
        &mut self,
        payload: &[u8],
        out: &mut impl Buffer,
    ) -> Result<(), SendError> {
        self.encode_control(Opcode::Close, payload, out)?;
        self.state = State::Closed;
        Ok(())
    }

    fn encode_control(
        &mut self,
        opcode: Opcode,
        payload: &[u8],
        out: &mut impl Buffer,
    ) -> Result<(), SendError> {
        match self.state {
            State::Idle | State::Fragmented(_) if payload.len() > 125 => {
                Err(SendError::ControlTooLong)
            }
            State::Idle | State::Fragmented(_) => {
                self.write(FirstByte::new(opcode, true), payload, out)
            }
            State::Payload(_) => Err(SendError::FrameUnfinished),
            State::Closed => Err(SendError::Closing),
        }
    }

    /// The opcode of the next fragment of a message, and the message before it.
    fn next_fragment(
        &self,
        kind: Kind,
        compressed: bool,
    ) -> Result<(Opcode, OutgoingMessage), SendError> {
        match self.state {
            State::Idle => {
                Ok((kind.opcode(), OutgoingMessage { kind, compressed, text: Utf8State::Boundary }))
            }
            State::Fragmented(message)
                if message.kind == kind && message.compressed == compressed =>
            {
                Ok((Opcode::Continuation, message))
            }
            State::Fragmented(_) => Err(SendError::MessageUnfinished),
            State::Payload(_) => Err(SendError::FrameUnfinished),
            State::Closed => Err(SendError::Closing),
        }
    }

    /// Writes a whole frame.
    #[inline(always)]
    fn write(
        &mut self,
        first: FirstByte,
        payload: &[u8],
        out: &mut impl Buffer,
    ) -> Result<(), SendError> {
        let key = self.side.next_key();
        let header = FrameHeader { first, key, len: payload.len() as u64 };
        match header.keyless() {
            KeylessHeader::Len7(header) => write_parts(&header, key, payload, out),
            KeylessHeader::Len16(header) => write_parts(&header, key, payload, out),
            KeylessHeader::Len64(header) => write_parts(&header, key, payload, out),
        }
    }
}

/// Writes the parts of a frame: its header up to the masking key, the key, and the payload.
#[inline(always)]
fn write_parts<const LEN: usize>(
    header: &[u8; LEN],
    key: Option<[u8; 4]>,
    payload: &[u8],
    out: &mut impl Buffer,
) -> Result<(), SendError> {
    let Some(key) = key else {
        return Ok(out.try_append_both(header, payload)?);
    };
    if !out.has_spare(Ours) {
        let frame = out.try_grow(LEN + key.len() + payload.len())?;
        if let Some((to_header, rest)) = frame.split_first_chunk_mut()
            && let Some((to_key, to_payload)) = rest.split_first_chunk_mut()
        {
            (*to_header, *to_key) = (*header, key);
            // Masked while it is copied: a second pass would wait for what was just written.
            Mask::new(key).copy(payload, to_payload);
        }
        return Ok(());
    }
    let mut head = [0; FrameHeader::MAX_LEN];
    if let Some((to_header, rest)) = head.split_first_chunk_mut()
        && let Some(to_key) = rest.first_chunk_mut()
    {
        (*to_header, *to_key) = (*header, key);
    }
    let head = head.get(..LEN + key.len()).unwrap_or_default();
    Ok(out.try_append_masked(head, Mask::new(key), payload, Ours)?)
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// Between messages.
    Idle,
    /// Between the fragments of a message.
    Fragmented(OutgoingMessage),
    /// In the payload of a data frame.
    Payload(OutgoingFrame),
    /// After a close frame.
    Closed,
}

impl State {
    /// After a frame of `message`, the last if `fin`.
    const fn after_frame(message: OutgoingMessage, fin: bool) -> Self {
        if fin { Self::Idle } else { Self::Fragmented(message) }
    }
}

/// How far a fragmented message has come.
#[derive(Clone, Copy, Debug)]
struct OutgoingMessage {
    kind: Kind,
    compressed: bool,
    /// The state of its text, if it is one.
    text: Utf8State,
}

impl OutgoingMessage {
    /// Checks the next `bytes` of the message, the last if `end`.
    fn advance(self, bytes: &[u8], end: bool) -> Result<Self, SendError> {
        if self.kind == Kind::Binary {
            return Ok(self);
        }
        match self.text.advance(bytes) {
            Ok(text) if !end || text == Utf8State::Boundary => Ok(Self { text, ..self }),
            _ => Err(SendError::InvalidUtf8),
        }
    }
}

/// A data frame whose payload is being written.
#[derive(Clone, Copy, Debug)]
struct OutgoingFrame {
    message: OutgoingMessage,
    /// Whether it is the last of its message.
    fin: bool,
    /// Bytes of payload still to come.
    remaining: u64,
    mask: Option<Mask>,
}

impl OutgoingFrame {
    /// Counts the next `len` bytes of payload. Checks the text in `bytes`, which are as many unless
    /// the caller writes them itself.
    fn advance(self, len: u64, bytes: &[u8]) -> Result<Self, SendError> {
        let remaining = self.remaining.checked_sub(len).ok_or(SendError::PayloadTooLong)?;
        let message = self.message.advance(bytes, self.fin && remaining == 0)?;
        Ok(Self { message, remaining, ..self })
    }

    const fn into_state(self) -> State {
        match self.remaining {
            0 => State::after_frame(self.message, self.fin),
            _ => State::Payload(self),
        }
    }
}

/// A fragment that may be written.
#[derive(Clone, Copy, Debug)]
pub(super) struct CheckedFragment {
    opcode: Opcode,
    fin: bool,
    /// The message with this fragment.
    message: OutgoingMessage,
}

impl CheckedFragment {
    /// Whether it begins its message.
    pub(super) fn is_first(self) -> bool {
        self.opcode != Opcode::Continuation
    }
}

impl<S> fmt::Debug for Encoder<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Encoder").field("state", &self.state).finish_non_exhaustive()
    }
}
