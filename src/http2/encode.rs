//! From frames to bytes on the wire (§6).

use super::{ErrorCode, Flags, FrameHeader, FrameType, Limits, SendError, Setting, StreamId};
use crate::{Buffer, BufferFull};

/// Writes frames.
///
/// A frame is written whole or not at all, to any [`Buffer`], and a field block with all of its
/// frames likewise. Padding is never sent. Which frames a stream may have in its state, and what
/// windows allow, is for the connection to check.
///
/// ```
/// use framewright::http2::{Encoder, Setting, SettingId, StreamId};
///
/// let (encoder, mut out) = (Encoder::new(), Vec::new());
/// let setting = Setting { id: SettingId::MAX_CONCURRENT_STREAMS, value: 100 };
/// encoder.encode_settings(&[setting], &mut out)?;
/// let stream = StreamId::new(1).expect("not 0");
/// encoder.encode_data(stream, b"hi", true, &mut out)?;
/// assert_eq!(out, b"\0\0\x06\x04\0\0\0\0\0\0\x03\0\0\0\x64\0\0\x02\0\x01\0\0\0\x01hi");
/// # Ok::<(), framewright::http2::SendError>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Encoder {
    max_frame_len: u32,
}

impl Encoder {
    /// An encoder for a peer that has not said how long frames may be: 16 384 bytes.
    pub const fn new() -> Self {
        Self { max_frame_len: Limits::MIN_FRAME_LEN }
    }

    /// Sets the longest payload of a frame, in bytes: the peer's SETTINGS_MAX_FRAME_SIZE (§4.2).
    ///
    /// Values out of its range count as the nearest that is in it.
    pub const fn set_max_frame_len(&mut self, bytes: u32) {
        self.max_frame_len = Limits::new().max_frame_len(bytes).max_frame_len;
    }

    /// The longest payload of a frame, in bytes.
    pub const fn max_frame_len(&self) -> u32 {
        self.max_frame_len
    }

    /// Writes a DATA with all of `payload` (§6.1).
    #[inline]
    pub fn encode_data(
        &self,
        stream: StreamId,
        payload: &[u8],
        end_stream: bool,
        out: &mut impl Buffer,
    ) -> Result<(), SendError> {
        let header = self.data_header(stream, payload.len(), end_stream)?;
        Ok(out.try_append_both(&header.to_bytes(), payload)?)
    }

    /// Returns the header of a DATA with `len` bytes of payload, for a vectored write (§6.1).
    #[inline]
    pub fn data_header(
        &self,
        stream: StreamId,
        len: usize,
        end_stream: bool,
    ) -> Result<FrameHeader, SendError> {
        self.header(FrameType::DATA, Flags::END_STREAM.when(end_stream), Some(stream), len)
    }

    /// Writes a field block in one HEADERS and as many CONTINUATIONs as it takes (§4.3).
    #[inline]
    pub fn encode_field_block(
        &self,
        stream: StreamId,
        block: &[u8],
        end_stream: bool,
        out: &mut impl Buffer,
    ) -> Result<(), SendError> {
        if block.len() <= self.max_len() {
            return self.encode_whole_block(stream, block, end_stream, out);
        }
        self.encode_long_block(stream, block, end_stream, out)
    }

    /// Writes a field block that fits in one HEADERS. A longer one is [`SendError::FrameTooLong`].
    #[inline]
    pub(super) fn encode_whole_block(
        self,
        stream: StreamId,
        block: &[u8],
        end_stream: bool,
        out: &mut impl Buffer,
    ) -> Result<(), SendError> {
        let flags = Flags::END_STREAM.when(end_stream) | Flags::END_HEADERS;
        self.encode(FrameType::HEADERS, flags, Some(stream), block, out)
    }

    #[cold]
    fn encode_long_block(
        self,
        stream: StreamId,
        block: &[u8],
        end_stream: bool,
        out: &mut impl Buffer,
    ) -> Result<(), SendError> {
        let len = block.len().saturating_add(self.block_headers_len(block.len()));
        let frames = out.try_grow(len)?;
        if let Some((_, rest)) = frames.split_at_mut_checked(FrameHeader::LEN)
            && let Some((to_block, _)) = rest.split_at_mut_checked(block.len())
        {
            to_block.copy_from_slice(block);
        }
        self.cut_block(frames, block.len(), stream, end_stream);
        Ok(())
    }

    /// Leaves room for the header of a HEADERS whose field block the caller appends next. Returns the
    /// length of `out` before, for [`finish_field_block`](Self::finish_field_block).
    ///
    /// This saves a copy of the block. In return, the caller drops what was appended if a later step
    /// fails.
    #[inline]
    pub fn begin_field_block(&self, out: &mut impl Buffer) -> Result<usize, BufferFull> {
        let start = out.as_slice().len();
        out.try_grow(FrameHeader::LEN)?;
        Ok(start)
    }

    /// Ends the frames of a field block that [`begin_field_block`](Self::begin_field_block) began
    /// when `out` had `start` bytes: fills in the header, and cuts what is too long for one frame.
    ///
    /// The output needs room for [`block_headers_len`](Self::block_headers_len) bytes in all.
    #[inline]
    pub fn finish_field_block(
        &self,
        start: usize,
        stream: StreamId,
        end_stream: bool,
        out: &mut impl Buffer,
    ) -> Result<(), BufferFull> {
        let block = out.as_mut_slice().get_mut(start..).unwrap_or_default();
        let block_len = block.len().saturating_sub(FrameHeader::LEN);
        if block_len <= self.max_len() {
            let flags = Flags::END_STREAM.when(end_stream) | Flags::END_HEADERS;
            let header = self.header(FrameType::HEADERS, flags, Some(stream), block_len);
            if let (Ok(header), Some(to_header)) = (header, block.first_chunk_mut()) {
                *to_header = header.to_bytes();
            }
            return Ok(());
        }
        out.try_grow(self.block_headers_len(block_len) - FrameHeader::LEN)?;
        let frames = out.as_mut_slice().get_mut(start..).unwrap_or_default();
        self.cut_block(frames, block_len, stream, end_stream);
        Ok(())
    }

    /// How many bytes the headers of the frames have that carry a field block of `block_len` bytes.
    pub fn block_headers_len(&self, block_len: usize) -> usize {
        block_len.div_ceil(self.max_len()).max(1).saturating_mul(FrameHeader::LEN)
    }

    /// Makes frames of a field block. In `frames`, it follows the room for the first header, and the
    /// room for the other headers follows it.
    #[cold]
    fn cut_block(self, frames: &mut [u8], block_len: usize, stream: StreamId, end_stream: bool) {
        let last = block_len.saturating_sub(1) / self.max_len();
        // From the last to the first, so that none is overwritten before it is moved.
        for index in (0..=last).rev() {
            let at = index * self.max_len();
            let len = self.max_len().min(block_len - at);
            let (from, gap) = (FrameHeader::LEN + at, FrameHeader::LEN * index);
            if let Some(piece) = frames.get_mut(from..)
                && len <= piece.len()
                && gap <= piece.len() - len
            {
                piece.copy_within(..len, gap);
            }
            let (frame_type, end_stream) = match index {
                0 => (FrameType::HEADERS, Flags::END_STREAM.when(end_stream)),
                _ => (FrameType::CONTINUATION, Flags::NONE),
            };
            let flags = end_stream | Flags::END_HEADERS.when(index == last);
            let header = self.header(frame_type, flags, Some(stream), len);
            if let (Ok(header), Some(to_header)) =
                (header, frames.get_mut(at + gap..).and_then(|frame| frame.first_chunk_mut()))
            {
                *to_header = header.to_bytes();
            }
        }
    }

    /// Writes a RST_STREAM (§6.4).
    pub fn encode_reset(
        &self,
        stream: StreamId,
        code: ErrorCode,
        out: &mut impl Buffer,
    ) -> Result<(), SendError> {
        self.encode(FrameType::RST_STREAM, Flags::NONE, Some(stream), &code.0.to_be_bytes(), out)
    }

    /// Writes a SETTINGS (§6.5). The peer refuses settings that [`Setting::check`] does.
    pub fn encode_settings(
        &self,
        settings: &[Setting],
        out: &mut impl Buffer,
    ) -> Result<(), SendError> {
        let len = settings.len().saturating_mul(Setting::LEN);
        let header = self.header(FrameType::SETTINGS, Flags::NONE, None, len)?;
        let frame = out.try_grow(FrameHeader::LEN + len)?;
        if let Some((to_header, payload)) = frame.split_first_chunk_mut() {
            *to_header = header.to_bytes();
            for (to_setting, setting) in payload.chunks_exact_mut(Setting::LEN).zip(settings) {
                to_setting.copy_from_slice(&setting.to_bytes());
            }
        }
        Ok(())
    }

    /// Writes an acknowledgement of settings (§6.5.3).
    pub fn encode_settings_ack(&self, out: &mut impl Buffer) -> Result<(), SendError> {
        self.encode(FrameType::SETTINGS, Flags::ACK, None, &[], out)
    }

    /// Writes a PING, or the answer to one (§6.7).
    pub fn encode_ping(
        &self,
        payload: [u8; 8],
        ack: bool,
        out: &mut impl Buffer,
    ) -> Result<(), SendError> {
        self.encode(FrameType::PING, Flags::ACK.when(ack), None, &payload, out)
    }

    /// Writes a GOAWAY (§6.8). `last` is the highest stream of the peer that was or may be processed,
    /// and 0 if there is none.
    pub fn encode_goaway(
        &self,
        last: u32,
        code: ErrorCode,
        debug_data: &[u8],
        out: &mut impl Buffer,
    ) -> Result<(), SendError> {
        let len = debug_data.len().saturating_add(8);
        let header = self.header(FrameType::GOAWAY, Flags::NONE, None, len)?;
        let values = u64::from(last) << 32 | u64::from(code.0);
        let frame = out.try_grow(FrameHeader::LEN + len)?;
        if let Some((to_header, rest)) = frame.split_first_chunk_mut()
            && let Some((to_values, to_debug_data)) = rest.split_first_chunk_mut()
        {
            (*to_header, *to_values) = (header.to_bytes(), values.to_be_bytes());
            to_debug_data.copy_from_slice(debug_data);
        }
        Ok(())
    }

    /// Writes a WINDOW_UPDATE for a stream, or without one for the connection (§6.9).
    ///
    /// # Errors
    ///
    /// An increment of 0 or over 2³¹ − 1, besides a full buffer.
    pub fn encode_window_update(
        &self,
        stream: Option<StreamId>,
        increment: u32,
        out: &mut impl Buffer,
    ) -> Result<(), SendError> {
        if !(1..=StreamId::MAX.get()).contains(&increment) {
            return Err(SendError::WindowIncrement);
        }
        let increment = increment.to_be_bytes();
        self.encode(FrameType::WINDOW_UPDATE, Flags::NONE, stream, &increment, out)
    }

    #[inline]
    fn encode(
        self,
        frame_type: FrameType,
        flags: Flags,
        stream: Option<StreamId>,
        payload: &[u8],
        out: &mut impl Buffer,
    ) -> Result<(), SendError> {
        let header = self.header(frame_type, flags, stream, payload.len())?;
        Ok(out.try_append_both(&header.to_bytes(), payload)?)
    }

    #[inline]
    fn header(
        self,
        frame_type: FrameType,
        flags: Flags,
        stream: Option<StreamId>,
        len: usize,
    ) -> Result<FrameHeader, SendError> {
        match u32::try_from(len) {
            Ok(len) if len <= self.max_frame_len => {
                Ok(FrameHeader { len, frame_type, flags, stream })
            }
            _ => Err(SendError::FrameTooLong),
        }
    }

    /// The longest payload as the length of a slice.
    #[inline]
    fn max_len(self) -> usize {
        usize::try_from(self.max_frame_len).unwrap_or(usize::MAX).max(1)
    }
}

impl Default for Encoder {
    fn default() -> Self {
        Self::new()
    }
}
