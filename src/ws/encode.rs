use core::fmt;

use super::{
    Client, CloseFrame, FrameHeader, Kind, Mask, Message, Opcode, SendError, Server, Side,
};
use crate::Buffer;
use crate::utf8::Seam;

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

#[derive(Clone, Copy, Debug)]
enum State {
    /// Between messages.
    Idle,
    /// Between the fragments of a message.
    Fragmented(Progress),
    /// In the payload of a data frame, the last of its message if `fin`.
    Payload { message: Progress, fin: bool, remaining: u64, mask: Option<Mask> },
    /// Behind a close frame.
    Closed,
}

/// How far a message has come.
#[derive(Clone, Copy, Debug)]
struct Progress {
    kind: Kind,
    compressed: bool,
    /// Where the text stands, if it is one.
    seam: Seam,
}

impl Progress {
    /// Follows the next `bytes` of the message, the last if `end`.
    fn advance(self, bytes: &[u8], end: bool) -> Result<Self, SendError> {
        if self.kind == Kind::Binary {
            return Ok(self);
        }
        match self.seam.advance(bytes) {
            Ok(seam) if !end || seam == Seam::Boundary => Ok(Self { seam, ..self }),
            _ => Err(SendError::InvalidUtf8),
        }
    }
}

/// A fragment that may be written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fragment {
    opcode: Opcode,
    fin: bool,
    /// Where the message stands behind it.
    message: Progress,
}

#[cfg(feature = "deflate")]
impl Fragment {
    /// Whether it begins its message.
    pub(super) fn is_first(self) -> bool {
        self.opcode != Opcode::Continuation
    }
}

impl State {
    /// Behind a frame of the message, the last if `fin`.
    const fn behind(message: Progress, fin: bool) -> Self {
        if fin { Self::Idle } else { Self::Fragmented(message) }
    }
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
    /// What the keys have to be is said at [`Connection::client`](super::Connection::client).
    pub const fn client(keys: K) -> Self {
        Self { side: Client(keys), state: State::Idle }
    }
}

impl<S: Side> Encoder<S> {
    /// Tells whether a message may be written, and if not, why.
    #[inline]
    pub const fn ready(&self) -> Result<(), SendError> {
        match self.state {
            State::Idle => Ok(()),
            State::Fragmented(_) => Err(SendError::MessageUnfinished),
            State::Payload { .. } => Err(SendError::FrameUnfinished),
            State::Closed => Err(SendError::Closing),
        }
    }

    /// Whether a close frame was written.
    #[inline]
    pub const fn is_closed(&self) -> bool {
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
        self.write(message.kind().opcode(), true, false, message.as_bytes(), out)
    }

    /// Writes a whole message in one frame whose payload was compressed already (RFC 7692 §6.1).
    ///
    /// The other end must have agreed to that in the opening handshake.
    pub fn encode_compressed(
        &mut self,
        kind: Kind,
        payload: &[u8],
        out: &mut impl Buffer,
    ) -> Result<(), SendError> {
        self.ready()?;
        self.write(kind.opcode(), true, true, payload, out)
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
        self.encode_fragment_as(fragment, payload, out)
    }

    /// Checks the next fragment of a message before its `payload` is perhaps compressed.
    pub(super) fn check_fragment(
        &self,
        kind: Kind,
        payload: &[u8],
        fin: bool,
        compressed: bool,
    ) -> Result<Fragment, SendError> {
        let (opcode, message) = self.fragment(kind, compressed)?;
        Ok(Fragment { opcode, fin, message: message.advance(payload, fin)? })
    }

    /// Writes a checked fragment, with its payload as it goes on the wire.
    pub(super) fn encode_fragment_as(
        &mut self,
        Fragment { opcode, fin, message }: Fragment,
        payload: &[u8],
        out: &mut impl Buffer,
    ) -> Result<(), SendError> {
        // RSV1 is for the first frame alone (RFC 7692 §6.1).
        let rsv1 = message.compressed && opcode != Opcode::Continuation;
        self.write(opcode, fin, rsv1, payload, out)?;
        self.state = State::behind(message, fin);
        Ok(())
    }

    /// Writes the header of a frame whose `len` bytes of payload will be given in pieces.
    ///
    /// The frame is a whole message or the next fragment of one, the last if `fin`. Until
    /// [`encode_payload`](Self::encode_payload) was given all of it, nothing else can be written.
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

    /// Begins a frame as [`begin_frame`](Self::begin_frame) does, and gives its header alone, for a
    /// vectored write.
    ///
    /// Who writes the payload without a copy masks it with [`FrameHeader::mask`], if there is one,
    /// and says so to [`payload_written`](Self::payload_written).
    pub fn encode_header(
        &mut self,
        kind: Kind,
        len: u64,
        fin: bool,
    ) -> Result<FrameHeader, SendError> {
        let (opcode, message) = self.fragment(kind, false)?;
        message.advance(&[], fin && len == 0)?;
        let header = self.header(opcode, fin, len)?;
        self.state = match len {
            0 => State::behind(message, fin),
            remaining => State::Payload { message, fin, remaining, mask: header.mask() },
        };
        Ok(header)
    }

    /// Notes that the caller itself has written, or is certain to write next, `len` bytes of the
    /// payload that was announced.
    ///
    /// Of a text, these have to be whole characters: nobody else looks at them.
    pub fn payload_written(&mut self, len: u64) -> Result<(), SendError> {
        let State::Payload { message, fin, remaining, mut mask } = self.state else {
            return if len == 0 { Ok(()) } else { Err(SendError::PayloadTooLong) };
        };
        let remaining = remaining.checked_sub(len).ok_or(SendError::PayloadTooLong)?;
        message.advance(&[], fin && remaining == 0)?;
        if let Some(mask) = &mut mask {
            mask.skip(len);
        }
        self.state = match remaining {
            0 => State::behind(message, fin),
            _ => State::Payload { message, fin, remaining, mask },
        };
        Ok(())
    }

    /// Writes the next piece of the payload that [`begin_frame`](Self::begin_frame) announced.
    pub fn encode_payload(&mut self, piece: &[u8], out: &mut impl Buffer) -> Result<(), SendError> {
        let State::Payload { message, fin, remaining, mut mask } = self.state else {
            return if piece.is_empty() { Ok(()) } else { Err(SendError::PayloadTooLong) };
        };
        let Some(remaining) = remaining.checked_sub(piece.len() as u64) else {
            return Err(SendError::PayloadTooLong);
        };
        let message = message.advance(piece, fin && remaining == 0)?;
        match &mut mask {
            Some(mask) => mask.copy(piece, out.try_grow(piece.len())?),
            None => out.try_append(piece)?,
        }
        self.state = match remaining {
            0 => State::behind(message, fin),
            _ => State::Payload { message, fin, remaining, mask },
        };
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
    /// [`CloseCode::NO_STATUS`](super::CloseCode::NO_STATUS) stands for a frame without a payload, and goes with no reason.
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

    /// Writes a close frame whose payload follows the rules.
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
            State::Idle | State::Fragmented(_) => self.write(opcode, true, false, payload, out),
            State::Payload { .. } => Err(SendError::FrameUnfinished),
            State::Closed => Err(SendError::Closing),
        }
    }

    /// The opcode of the next fragment of a message, and what came before it.
    fn fragment(&self, kind: Kind, compressed: bool) -> Result<(Opcode, Progress), SendError> {
        match self.state {
            State::Idle => Ok((kind.opcode(), Progress { kind, compressed, seam: Seam::Boundary })),
            State::Fragmented(message)
                if message.kind == kind && message.compressed == compressed =>
            {
                Ok((Opcode::Continuation, message))
            }
            State::Fragmented(_) => Err(SendError::MessageUnfinished),
            State::Payload { .. } => Err(SendError::FrameUnfinished),
            State::Closed => Err(SendError::Closing),
        }
    }

    #[inline]
    fn header(&mut self, opcode: Opcode, fin: bool, len: u64) -> Result<FrameHeader, SendError> {
        let header = FrameHeader::new(opcode, fin, len)?;
        Ok(header.with_key(self.side.next_key()))
    }

    /// Writes a frame.
    #[inline(always)]
    fn write(
        &mut self,
        opcode: Opcode,
        fin: bool,
        rsv1: bool,
        payload: &[u8],
        out: &mut impl Buffer,
    ) -> Result<(), SendError> {
        let first = u8::from(fin) << 7 | u8::from(rsv1) << 6 | opcode as u8;
        let len = payload.len() as u64;
        // Three headers whose length the compiler knows, as one that it does not takes longer to copy
        // than most payloads.
        match (u8::try_from(len), u16::try_from(len)) {
            (Ok(len @ 0..=125), _) => self.write_behind([first, len], payload, out),
            (_, Ok(len)) => {
                let [a, b] = len.to_be_bytes();
                self.write_behind([first, 126, a, b], payload, out)
            }
            _ => {
                let mut header = [first, 127, 0, 0, 0, 0, 0, 0, 0, 0];
                if let Some(to) = header.last_chunk_mut() {
                    *to = len.to_be_bytes();
                }
                self.write_behind(header, payload, out)
            }
        }
    }

    /// Writes a payload behind the header that announces it without a masking key.
    #[inline(always)]
    fn write_behind<const LEN: usize>(
        &mut self,
        mut header: [u8; LEN],
        payload: &[u8],
        out: &mut impl Buffer,
    ) -> Result<(), SendError> {
        let Some(key) = self.side.next_key() else {
            return Ok(out.try_append_both(&header, payload)?);
        };
        if let Some(second) = header.get_mut(1) {
            *second |= 0x80;
        }
        let frame = out.try_grow(LEN + key.len() + payload.len())?;
        if let Some((to_header, rest)) = frame.split_first_chunk_mut()
            && let Some((to_key, to_payload)) = rest.split_first_chunk_mut()
        {
            (*to_header, *to_key) = (header, key);
            // Masked on its way: a second pass over what was just written would wait for it.
            Mask::new(key).copy(payload, to_payload);
        }
        Ok(())
    }
}

impl<S> fmt::Debug for Encoder<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Encoder").field("state", &self.state).finish_non_exhaustive()
    }
}
