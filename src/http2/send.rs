//! What goes out: heads, bodies and trailers.

// A list of fields is passed by value, as an iterator is.
#![allow(clippy::needless_pass_by_value)]

use super::closed::Absent;
use super::connection::{Connection, State};
use super::outgoing::Outgoing;
use super::rules::Asked;
use super::slot::{Half, Slot};
use super::{Client, FrameHeader, Request, SendError, Server, Side, Slots, Stream, StreamId};
use crate::Buffer;
use crate::http::Fields;

impl<B: Buffer, S: Slots> Connection<Client, B, S> {
    /// Opens a stream with a request (§8.3.1). With `end`, neither a body nor trailers follow.
    ///
    /// There is no need to wait for the server's settings.
    ///
    /// ```
    /// use framewright::http::NO_FIELDS;
    /// use framewright::http2::{Connection, Limits, Request, SendError, Storage};
    ///
    /// let mut client = Connection::client(Storage::new(), Limits::new());
    /// let mut out = Vec::new();
    /// let wrong = Request::new("GET", "http", "example.com", "no slash");
    /// let opened = client.open(wrong, NO_FIELDS, true, &mut out);
    /// assert!(matches!(opened, Err(SendError::Request(_))) && out.is_empty());
    ///
    /// let request = Request::new("GET", "http", "example.com", "/");
    /// let stream = client.open(request, [("accept", "text/plain")], true, &mut out)?;
    /// assert_eq!(stream.id().get(), 1);
    /// # Ok::<(), SendError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Among others: [`SendError::TooManyStreams`] means that the server allows no further stream at once, or that
    /// the storage has no room for it. Wait for one to end.
    pub fn open(
        &mut self,
        request: Request<'_>,
        headers: impl Fields,
        end: bool,
        out: &mut impl Buffer,
    ) -> Result<Stream, SendError> {
        if self.state != State::Open || self.peer_goaway.is_some() {
            return Err(SendError::Closing);
        }
        if request.protocol().is_some() && !self.peer.extended_connect {
            return Err(SendError::ConnectNotOffered);
        }
        let head = Outgoing::request(request, &headers, &self.field_encoder)?;
        if !self.may_open() {
            return Err(SendError::TooManyStreams);
        }
        let id = match self.streams.last_id() {
            0 => Some(1),
            last => last.checked_add(2),
        };
        let id = id.and_then(StreamId::new).ok_or(SendError::NoMoreStreams)?;
        self.write_opening(out)?;
        let stream = self
            .streams
            .open(id, self.new_send_window(), self.new_receive_window())
            .ok_or(SendError::TooManyStreams)?;
        if let Err(full) = self.write_head(id, &head, end, out) {
            // The identifier is skipped, which is allowed.
            self.streams.close(stream, Absent::Skipped);
            return Err(full);
        }
        if let Some(slot) = self.streams.get_mut(stream) {
            slot.asked = head.asked();
            slot.sent = if end { Half::Closed } else { Half::Body };
        }
        Ok(stream)
    }

    /// The [`slot`](Stream::slot) of the next stream that is opened. `None` if there is no room for one.
    pub(crate) fn next_slot(&mut self) -> Option<usize> {
        if self.may_open() { self.streams.next_slot() } else { None }
    }

    /// Whether the server and the storage allow one more stream.
    fn may_open(&self) -> bool {
        let max = self.peer.max_concurrent_streams.min(self.streams.max_len());
        self.streams.open_count() < max
    }
}

impl<B: Buffer, S: Slots> Connection<Server, B, S> {
    /// Writes the head of a response (§8.3.2). With `end`, neither a body nor trailers follow.
    ///
    /// Any number of informational ones, with a status from 100 to 199, may come before the final one. They do not
    /// end the stream.
    ///
    /// # Errors
    ///
    /// [`SendError::StreamOver`]: nobody waits for the response any more. [`SendError::HeadSent`]: the final head was
    /// sent. [`SendError::BufferFull`]: `out` has no room for the whole head. Others name the field that is wrong.
    pub fn send_head(
        &mut self,
        stream: Stream,
        status: u16,
        headers: impl Fields,
        end: bool,
        out: &mut impl Buffer,
    ) -> Result<(), SendError> {
        let slot = self.sending(stream)?;
        let (asked, sent) = (slot.asked, slot.sent);
        if sent != Half::Head {
            return Err(SendError::HeadSent);
        }
        let head = Outgoing::response(status, &headers, &self.field_encoder)?;
        let is_final = status >= 200;
        self.write_opening(out)?;
        self.write_head(stream.id(), &head, end && is_final, out)?;
        let Some(slot) = self.streams.get_mut(stream) else { return Ok(()) };
        if is_final {
            slot.sent = Half::Body;
            if asked == Asked::Connect && status < 300 {
                slot.set_tunnel();
            } else if asked == Asked::Head || matches!(status, 204 | 304) {
                slot.set_bodiless();
            }
            if end {
                self.end_sending(stream);
            }
        }
        Ok(())
    }
}

impl<R: Side, B: Buffer, S: Slots> Connection<R, B, S> {
    /// Writes the next bytes of a body, in one DATA frame at most (§6.1). Returns how many it took. With `end`,
    /// the body ends after the last byte of `payload`, once that is taken.
    ///
    /// It takes what the windows, the peer's SETTINGS_MAX_FRAME_SIZE and
    /// [`Limits::max_send_len`](super::Limits::max_send_len) allow. If that is not all,
    /// [`writable`](Self::writable) says when the stream can go on. An empty `payload` with `end` is always
    /// taken.
    ///
    /// # Errors
    ///
    /// Among others: [`SendError::BufferFull`], after which `writable` returns the stream again if `payload` was
    /// not empty. Stop that loop, and go on once `out` has room.
    pub fn send(
        &mut self,
        stream: Stream,
        payload: &[u8],
        end: bool,
        out: &mut impl Buffer,
    ) -> Result<usize, SendError> {
        let len = self.sendable(stream, payload.len())?;
        let ends = end && len == payload.len();
        if len > 0 || ends {
            let piece = payload.get(..len).unwrap_or_default();
            let written = self
                .write_opening(out)
                .and_then(|()| self.encoder.encode_data(stream.id(), piece, ends, out));
            if let Err(full) = written {
                // It keeps its turn: `writable` may have taken it out of the queue.
                self.sent(stream, 0, payload.len(), false);
                return Err(full);
            }
        }
        self.sent(stream, len, payload.len(), ends);
        Ok(len)
    }

    /// Writes all of `prefix` and `payload` in one DATA frame. With `end`, the body ends with it. Returns whether it
    /// could: if windows or the length of a frame do not allow it, or the output has no room, nothing changes.
    ///
    /// `None` means that the stream is over.
    #[inline]
    pub(crate) fn send_whole(
        &mut self,
        stream: Stream,
        prefix: [u8; 5],
        payload: &[u8],
        end: bool,
        out: &mut impl Buffer,
    ) -> Option<bool> {
        let len = prefix.len().saturating_add(payload.len());
        if self.sendable(stream, len).ok()? < len || self.write_opening(out).is_err() {
            return Some(false);
        }
        let header = self.encoder.data_header(stream.id(), len, end).ok()?;
        let mut head = [0; FrameHeader::LEN + 5];
        let (to_header, to_prefix) = head.split_at_mut(FrameHeader::LEN);
        to_header.copy_from_slice(&header.to_bytes());
        to_prefix.copy_from_slice(&prefix);
        if out.try_append_both(&head, payload).is_err() {
            return Some(false);
        }
        self.sent_all(stream, len, end);
        Some(true)
    }

    /// Does what [`send`](Self::send) does for a body of `len` bytes, and returns the header of the frame instead
    /// of writing it, for a vectored write. The caller writes as many bytes of the body after it as it
    /// [says](FrameHeader::len).
    ///
    /// The header and its bytes go to the transport after everything that was written to an `out` before.
    ///
    /// `None` means that nothing can be sent now: a window is closed, or settings or their acknowledgement have
    /// to be written first. So call [`transmit`](Self::transmit) before, and when it has returned `true`, an
    /// empty body with `end` always gets a header.
    pub fn send_header(
        &mut self,
        stream: Stream,
        len: usize,
        end: bool,
    ) -> Result<Option<FrameHeader>, SendError> {
        let taken = self.sendable(stream, len)?;
        let ends = end && taken == len;
        if self.owed.opening || self.owed.has_settings_ack() || taken == 0 && !ends {
            self.sent(stream, 0, len, false);
            return Ok(None);
        }
        let header = self.encoder.data_header(stream.id(), taken, ends)?;
        self.sent(stream, taken, len, ends);
        Ok(Some(header))
    }

    /// Writes trailers, which end our side of the stream (§8.1).
    ///
    /// All of the body has to be sent: bytes that [`send`](Self::send) did not take cannot follow.
    ///
    /// # Errors
    ///
    /// [`SendError::HeadUnsent`]: the head comes first. [`SendError::TrailersInTunnel`]: a tunnel has none. Otherwise as
    /// for a head: the stream is over, `out` has no room, or a field is wrong.
    pub fn send_trailers(
        &mut self,
        stream: Stream,
        trailers: impl Fields,
        out: &mut impl Buffer,
    ) -> Result<(), SendError> {
        let slot = self.sending(stream)?;
        if slot.sent == Half::Head {
            return Err(SendError::HeadUnsent);
        }
        if slot.is_tunnel() {
            return Err(SendError::TrailersInTunnel);
        }
        let trailers = Outgoing::trailers(&trailers, &self.field_encoder)?;
        self.write_opening(out)?;
        self.write_head(stream.id(), &trailers, true, out)?;
        self.end_sending(stream);
        Ok(())
    }

    /// The slot of a stream on which something can be sent.
    #[inline]
    fn sending(&self, stream: Stream) -> Result<&Slot, SendError> {
        if let State::Failed(_) = self.state {
            return Err(SendError::Closing);
        }
        match self.streams.get(stream) {
            Some(slot) if slot.sent != Half::Closed => Ok(slot),
            _ => Err(SendError::StreamOver),
        }
    }

    /// How many of `len` bytes of a body can be sent now.
    #[inline]
    pub(super) fn sendable(&self, stream: Stream, len: usize) -> Result<usize, SendError> {
        let slot = self.sending(stream)?;
        if slot.sent == Half::Head {
            return Err(SendError::HeadUnsent);
        }
        if slot.is_bodiless() && len > 0 {
            return Err(SendError::NoBody);
        }
        let window = slot.send_window.available().min(self.send_window.available());
        let max = window.min(self.max_data_len());
        Ok(len.min(usize::try_from(max).unwrap_or(usize::MAX)))
    }

    /// The longest payload of a DATA that is sent.
    #[inline]
    pub(super) fn max_data_len(&self) -> u32 {
        self.encoder.max_frame_len().min(self.limits.max_send_len)
    }

    /// Notes that `taken` of `len` bytes of a body were sent.
    #[inline]
    fn sent(&mut self, stream: Stream, taken: usize, len: usize, ends: bool) {
        let Some(slot) = self.streams.get_mut(stream) else { return };
        // No frame is longer than 2²⁴ − 1.
        let taken_u32 = taken as u32;
        slot.send_window.take(taken_u32);
        self.send_window.take(taken_u32);
        slot.set_waiting(taken < len);
        if taken > 0 {
            self.budgets.data_sent();
        }
        if ends {
            self.end_sending(stream);
        } else if taken < len {
            self.streams.settle(stream);
        }
    }

    /// Notes that all `len` bytes of a body were sent, of which there are some.
    #[inline]
    fn sent_all(&mut self, stream: Stream, len: usize, ends: bool) {
        let Some(slot) = self.streams.get_mut(stream) else { return };
        // No frame is longer than 2²⁴ − 1.
        let len = len as u32;
        slot.send_window.take(len);
        slot.set_waiting(false);
        self.send_window.take(len);
        self.budgets.data_sent();
        if ends {
            self.end_sending(stream);
        }
    }

    /// Our side of the stream has ended.
    fn end_sending(&mut self, stream: Stream) {
        if let Some(slot) = self.streams.get_mut(stream) {
            slot.sent = Half::Closed;
            slot.set_waiting(false);
        }
        self.close_if_over(stream);
    }

    /// Writes a field block, whole or not at all.
    pub(super) fn write_head(
        &mut self,
        id: StreamId,
        head: &Outgoing<'_, impl Fields>,
        end: bool,
        out: &mut impl Buffer,
    ) -> Result<(), SendError> {
        if let Some(block) = head.repeated_block() {
            // It is shorter than any limit on frames.
            return self.encoder.encode_whole_block(id, block.as_slice(), end, out);
        }
        let start = out.as_slice().len();
        let max_len = head.max_block_len();
        if !u32::try_from(max_len).is_ok_and(|len| len <= self.encoder.max_frame_len()) {
            // It may need more than one frame. There has to be room for all, before the table changes.
            out.try_grow(max_len.saturating_add(self.encoder.block_headers_len(max_len)))?;
            out.truncate(start);
        }
        let begun = self.encoder.begin_field_block(out)?;
        if let Err(full) = self.field_encoder.encode_within(head, max_len, out) {
            out.truncate(start);
            return Err(full.into());
        }
        Ok(self.encoder.finish_field_block(begun, id, end, out)?)
    }
}
