//! A DATA that grows while nobody else can have read it.

use super::{Connection, FrameHeader, Side, Slots, Stream};
use crate::Buffer;

/// The DATA that was written last, as long as it may become longer. Its owner has borrowed the connection and the output
/// since then, so that nothing was sent, received or written to the transport.
#[derive(Clone, Copy, Debug)]
pub(crate) struct GrowingData {
    /// Where its header begins in the output.
    at: usize,
    /// Length of its payload.
    len: usize,
    /// How many bytes may be added.
    room: usize,
}

impl GrowingData {
    /// There is none.
    pub(crate) const fn new() -> Self {
        Self { at: 0, len: 0, room: 0 }
    }
}

impl<R: Side, B: Buffer, S: Slots> Connection<R, B, S> {
    /// The DATA of the stream that ends the output, with `len` bytes of payload, and does not end the stream.
    pub(crate) fn growing_data(
        &self,
        stream: Stream,
        len: usize,
        out: &impl Buffer,
    ) -> GrowingData {
        let at = out.as_slice().len().checked_sub(FrameHeader::LEN + len);
        match (at, self.sendable(stream, usize::MAX)) {
            // Both windows, and the longest frame, part of which is taken.
            (Some(at), Ok(sendable)) => {
                let max = usize::try_from(self.max_data_len()).unwrap_or(usize::MAX);
                let room = sendable.min(max.saturating_sub(len));
                GrowingData { at, len, room }
            }
            _ => GrowingData::new(),
        }
    }

    /// Adds all of `prefix` and `payload` to `data`. Returns whether it could: if windows or the length of a frame do
    /// not allow it, or the output has no room, nothing changes.
    #[inline]
    pub(crate) fn grow(
        &mut self,
        stream: Stream,
        data: &mut GrowingData,
        prefix: [u8; 5],
        payload: &[u8],
        out: &mut impl Buffer,
    ) -> bool {
        let more = prefix.len().saturating_add(payload.len());
        if more > data.room {
            return false;
        }
        let Some(slot) = self.streams.get_mut(stream) else { return false };
        if out.try_append_both(&prefix, payload).is_err() {
            return false;
        }
        data.len += more;
        data.room -= more;
        // No frame is longer than 2²⁴ − 1.
        let [_, a, b, c] = (data.len as u32).to_be_bytes();
        if let Some([to_len @ .., _]) =
            out.as_mut_slice().get_mut(data.at..).and_then(|frame| frame.first_chunk_mut::<4>())
        {
            *to_len = [a, b, c];
        }
        slot.send_window.take(more as u32);
        self.send_window.take(more as u32);
        self.budgets.data_sent();
        true
    }
}
