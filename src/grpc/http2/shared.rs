//! What a server and a client share: a connection, its calls, and the order in which things happen.
//!
//! [`Shared::receive`] goes through these, and returns as soon as there is something to tell:
//!
//! ```text
//!     time      a deadline has passed, or the connection is lost: one call after another hears of it
//!     rest      a DATA may hold many messages: the rest of the last one comes before anything new
//!     frames    as `http2::Connection` has them
//!     windows   streams that can send again
//! ```

use core::convert::Infallible;

use super::calls::Calls;
use super::memory::Memory;
use super::outbox::{Ending, Pumped};
use super::time::Sweep;
use crate::Buffer;
use crate::grpc::call::BodyEncoder;
use crate::grpc::{Inbox, Message, MessageEvent, Prefix, SendError};
use crate::http2::{Connection, ErrorCode, Event, Head, Headers, Keepalive, Role, Side, Stream};

/// A connection and its calls.
pub(super) struct Shared<R, M: Memory, C> {
    pub(super) http2: Connection<R, M::Table, M::Streams>,
    /// Where heads are decoded.
    pub(super) head: M::Head,
    pub(super) calls: Calls<M, C>,
    pub(super) rest: Option<Rest>,
    pub(super) sweep: Option<Sweep>,
    pub(super) keepalive: Keepalive,
    /// The time, as the caller last said it.
    pub(super) now: u64,
    /// Whether the transport is of no use any more.
    pub(super) lost: bool,
}

/// What one end knows of a call.
pub(super) trait SideCall<B: Buffer> {
    /// What stands in a place without a call.
    const IDLE: Self;

    /// The head of the response, which only a client receives.
    fn receive_head(&mut self, head: Head<'_>, end: bool) -> Option<MessageEvent>;
    fn decode_text_in_place<'a>(&mut self, bytes: &'a mut [u8]) -> &'a [u8];
    fn receive_message(&mut self, input: &mut &[u8], inbox: &mut Inbox<B>) -> Option<MessageEvent>;
    fn receive_trailers(&mut self, trailers: Headers<'_>) -> Option<MessageEvent>;
    fn receive_eof(&mut self) -> Option<MessageEvent>;
    fn receive_reset(&mut self, code: ErrorCode) -> Option<MessageEvent>;
    fn receive_disconnect(&mut self) -> Option<MessageEvent>;
    /// Looks at the time.
    fn poll(&mut self, now: u64) -> Option<MessageEvent>;
    /// When to look at the time again. The call may be `blocked`: something is left to be sent.
    fn deadline(&self, blocked: bool) -> Option<u64>;
    /// Why the stream is to be reset now, after the time was looked at.
    fn due_reset(&self, now: u64, blocked: bool) -> Option<ErrorCode>;
    fn body(&mut self) -> Result<&mut BodyEncoder, SendError>;
    /// Goes on after our side of the stream has ended, while the peer's has not: until the
    /// [`deadline`](Self::deadline), if it returns `true`.
    fn drain(&mut self, now: u64) -> bool;
}

/// What has happened.
pub(super) enum Step {
    /// A request came, whose head is in [`Shared::head`].
    Request { stream: Stream, end: bool },
    /// Something has come of a call.
    Call(Stream, MessageEvent),
    /// A call can send its next message.
    Writable(Stream),
}

/// What is left of a DATA whose frame was received. It is at the beginning of the input.
#[derive(Clone, Copy)]
pub(super) struct Rest {
    stream: Stream,
    /// How many bytes of the body there are.
    len: usize,
    /// How many bytes after them are to be dropped.
    skip: usize,
    end: bool,
}

impl<R: Side, M: Memory, C: SideCall<M::Message>> Shared<R, M, C> {
    pub(super) fn new(
        http2: Connection<R, M::Table, M::Streams>,
        keepalive: Keepalive,
        now: u64,
    ) -> Self {
        Self {
            http2,
            head: M::head(),
            calls: Calls::new(),
            rest: None,
            sweep: None,
            keepalive,
            now,
            lost: false,
        }
    }

    pub(super) fn receive(&mut self, input: &mut &mut [u8], now: u64) -> Option<Step> {
        self.now = now;
        if !input.is_empty() {
            self.keepalive.received(now);
        }
        self.look_at_time();
        // Checked before the call, because there is hardly ever a sweep.
        if self.sweep.is_some()
            && let Some(step) = self.sweep()
        {
            return Some(step);
        }
        if self.is_lost() {
            *input = &mut [];
            return None;
        }
        loop {
            if let Some(rest) = self.rest {
                if let Some(event) = self.receive_rest(rest, input) {
                    return Some(Step::Call(rest.stream, event));
                }
                if self.rest.is_some() {
                    continue;
                }
            }
            match self.receive_frame(input) {
                Frame::Told(step) => return Some(step),
                Frame::Seen => {}
                Frame::Missing => break,
            }
        }
        if self.is_lost() {
            return self.sweep();
        }
        while let Some(stream) = self.http2.writable() {
            self.calls.enqueue(stream);
            if let Some(entry) = self.calls.get_mut(stream)
                && core::mem::take(&mut entry.wants_writable)
            {
                return Some(Step::Writable(stream));
            }
        }
        None
    }

    /// Receives the next frame, or as much of it as there is.
    fn receive_frame(&mut self, input: &mut &mut [u8]) -> Frame {
        let all = core::mem::take(input);
        let (start, len) = (all.as_ptr() as usize, all.len());
        let mut after = &mut *all;
        let Some(event) = self.http2.receive(&mut after, &mut self.head) else {
            self.note_lost();
            return Frame::Missing;
        };
        // Where the next frame begins.
        let mut at = len - after.len();
        let frame = match event {
            Event::Head { stream, end, .. } if R::ROLE == Role::Server => {
                Frame::Told(Step::Request { stream, end })
            }
            Event::Head { stream, head, end } => {
                told(stream, self.calls.call(stream).and_then(|call| call.receive_head(head, end)))
            }
            Event::Trailers { stream, trailers } => told(
                stream,
                self.calls.call(stream).and_then(|call| call.receive_trailers(trailers)),
            ),
            Event::Data(data) => {
                let (stream, end) = (data.stream(), data.end());
                let mut rest = Rest { stream, len: 0, skip: 0, end };
                if !data.bytes.is_empty() {
                    let data_at = data.bytes.as_ptr() as usize - start;
                    if let Some(entry) = self.calls.get_mut(stream) {
                        rest.len = entry.begin_data(data.bytes, |len| self.http2.keep(stream, len));
                    }
                    // A DATA may have padding after it.
                    rest.skip = at - data_at - rest.len;
                    at = data_at;
                }
                self.rest = Some(rest);
                Frame::Seen
            }
            Event::Reset { stream, code } => told(stream, self.receive_reset(stream, code)),
            Event::StreamFailed { stream, error } => {
                told(stream, self.receive_reset(stream, error.code()))
            }
            Event::Failed(_) => {
                self.note_lost();
                Frame::Seen
            }
            Event::Settings => {
                self.keepalive.opened(self.now);
                Frame::Seen
            }
            Event::Informational { .. } | Event::Pong(_) | Event::GoAway { .. } => Frame::Seen,
        };
        *input = all.get_mut(at..).unwrap_or_default();
        frame
    }

    /// Receives the end of a stream that was reset.
    fn receive_reset(&mut self, stream: Stream, code: ErrorCode) -> Option<MessageEvent> {
        let event = self.calls.call(stream)?.receive_reset(code);
        if event.is_none() {
            self.calls.close(stream);
        }
        event
    }

    /// Receives the end of the peer's side of a stream.
    fn receive_eof(&mut self, stream: Stream) -> Option<MessageEvent> {
        let event = self.calls.call(stream)?.receive_eof();
        if event.is_none() && !self.http2.is_open(stream) {
            self.calls.close(stream);
        }
        event
    }

    /// Receives what is left of a DATA. Once nothing is, `self.rest` says so.
    fn receive_rest(&mut self, rest: Rest, input: &mut &mut [u8]) -> Option<MessageEvent> {
        let all = core::mem::take(input);
        // If the caller dropped some of its input, the rest of it is taken.
        let mut body = all.get(..rest.len).unwrap_or(all);
        let before = body.len();
        let entry = self.calls.get_mut(rest.stream);
        let mut event = match entry {
            Some(entry) => entry.call.receive_message(&mut body, &mut entry.inbox),
            None => {
                body = &[];
                None
            }
        };
        let mut taken = before - body.len();
        let len = rest.len - taken.min(rest.len);
        if event.is_some() || !body.is_empty() {
            self.rest = Some(Rest { len, ..rest });
        } else {
            self.rest = None;
            taken = taken.saturating_add(rest.skip);
            if rest.end {
                event = self.receive_eof(rest.stream);
            }
        }
        *input = all.get_mut(taken..).unwrap_or_default();
        event
    }

    /// Lets the peer send no more of a call than its window has room for.
    pub(super) fn pause(&mut self, stream: Stream) {
        if let Some(entry) = self.calls.get_mut(stream) {
            entry.paused.get_or_insert(0);
        }
    }

    /// Lets the peer send more of a call again.
    pub(super) fn resume(&mut self, stream: Stream) {
        if let Some(kept) = self.calls.get_mut(stream).and_then(|entry| entry.paused.take()) {
            self.http2.release(stream, kept);
        }
    }

    /// Sends a whole message, at once or as its windows open. With `end`, no other follows.
    #[inline]
    pub(super) fn send(
        &mut self,
        stream: Stream,
        message: Message<'_>,
        end: bool,
        out: &mut impl Buffer,
    ) -> Result<(), SendError> {
        if self.send_at_once(stream, message, end, out)? {
            return Ok(());
        }
        self.send_in_parts(stream, message, end, out)
    }

    /// Sends a whole message in one frame. Returns whether it could: if something is left to be sent before it, or
    /// windows or the output do not allow it, nothing changes.
    pub(super) fn send_at_once(
        &mut self,
        stream: Stream,
        message: Message<'_>,
        end: bool,
        out: &mut impl Buffer,
    ) -> Result<bool, SendError> {
        let Self { http2, calls, keepalive, now, .. } = self;
        let entry = calls.get_mut(stream).ok_or(SendError::Ended)?;
        if !entry.outbox.is_empty() {
            return Ok(false);
        }
        let body = entry.call.body()?;
        let before = body.cardinality();
        let prefix: [u8; Prefix::LEN] =
            match body.encode_prefix(message.bytes.len() as u64, message.compressed) {
                Ok(prefix) => prefix.to_bytes(),
                // The framing wraps the payload.
                Err(SendError::PrefixAlone) => return Ok(false),
                Err(e) => return Err(e),
            };
        let sent = http2.send_whole(stream, prefix, message.bytes, end, out);
        let sent = sent.ok_or(SendError::Ended)?;
        if sent {
            keepalive.sent(*now, (Prefix::LEN + message.bytes.len()) as u64);
        } else {
            body.set_cardinality(before);
        }
        Ok(sent)
    }

    /// Keeps a whole message, and sends as much of it as windows and the output allow.
    #[inline(never)]
    pub(super) fn send_in_parts(
        &mut self,
        stream: Stream,
        message: Message<'_>,
        end: bool,
        out: &mut impl Buffer,
    ) -> Result<(), SendError> {
        self.send_kept(stream, out)?;
        let entry = self.calls.get_mut(stream).ok_or(SendError::Ended)?;
        entry.call.body()?.encode(message, entry.outbox.body())?;
        entry.outbox.body_appended();
        if end {
            self.send_eof(stream, out);
        } else {
            self.pump(stream, out);
        }
        Ok(())
    }

    /// Sends what is kept of the message before, if there is any: all of it, or the next one has to wait.
    fn send_kept(&mut self, stream: Stream, out: &mut impl Buffer) -> Result<(), SendError> {
        let Some(entry) = self.calls.get_mut(stream) else { return Err(SendError::Ended) };
        if entry.outbox.is_empty() {
            return Ok(());
        }
        entry.call.body()?;
        match self.pump(stream, out) {
            Pumped::Empty => Ok(()),
            Pumped::Full(full) => Err(full.into()),
            Pumped::More | Pumped::Blocked => {
                if let Some(entry) = self.calls.get_mut(stream) {
                    entry.wants_writable = true;
                }
                Err(SendError::Busy)
            }
        }
    }

    /// Ends the stream from our side, after what is left of the body.
    pub(super) fn send_eof(&mut self, stream: Stream, out: &mut impl Buffer) {
        let Some(entry) = self.calls.get_mut(stream) else { return };
        let Ok(()) = entry.outbox.end(Ending::Eof, |_| Ok::<_, Infallible>(()));
        self.pump(stream, out);
    }

    /// Sends what is left for a stream, as far as its windows and the output allow.
    pub(super) fn pump(&mut self, stream: Stream, out: &mut impl Buffer) -> Pumped {
        let mut pumped = Pumped::More;
        while pumped == Pumped::More {
            pumped = self.pump_frame(stream, out);
        }
        if let Pumped::Full(_) = pumped {
            self.calls.enqueue(stream);
        }
        pumped
    }

    /// Sends one frame of what is left for a stream, or the ending.
    fn pump_frame(&mut self, stream: Stream, out: &mut impl Buffer) -> Pumped {
        let Some(entry) = self.calls.get_mut(stream) else { return Pumped::Empty };
        if entry.outbox.is_empty() {
            return Pumped::Empty;
        }
        let (before, ends) = (entry.outbox.body_left(), entry.outbox.is_ending());
        let pumped = entry.outbox.pump(stream, &mut self.http2, out);
        let sent = before - entry.outbox.body_left();
        self.keepalive.sent(self.now, sent as u64);
        self.calls.count_blocked(stream);
        if pumped == Pumped::Empty && ends {
            self.ending_sent(stream);
        }
        pumped
    }

    /// Goes on after our side of a stream has ended.
    pub(super) fn ending_sent(&mut self, stream: Stream) {
        let is_open = self.http2.is_open(stream);
        let Some(call) = self.calls.call(stream) else { return };
        if !call.drain(self.now) {
            return;
        }
        if is_open {
            let deadline = call.deadline(false);
            self.calls.note_deadline(deadline.unwrap_or(u64::MAX));
            // What still comes is dropped, so no window waits for the caller.
            self.resume(stream);
        } else {
            self.calls.close(stream);
        }
    }

    /// Writes what is owed, then what is left of messages, in turns. `write_owed` writes what is owed for a
    /// call.
    ///
    /// Returns whether the output had room for everything.
    pub(super) fn transmit<B: Buffer>(
        &mut self,
        out: &mut B,
        mut write_owed: impl FnMut(&mut Self, Stream, &mut B) -> Result<(), SendError>,
    ) -> bool {
        if !self.http2.transmit(out) {
            return false;
        }
        while let Some(stream) = self.calls.front() {
            let pumped = self.pump_frame(stream, out);
            if let Pumped::Full(_) = pumped {
                return false;
            }
            // If it is the outbox that is full, and not `out`, what is owed waits until the kept message is sent.
            if let Err(SendError::BufferFull(_)) = write_owed(self, stream, out)
                && self.calls.get(stream).is_none_or(|entry| entry.outbox.is_empty())
            {
                return false;
            }
            self.calls.dequeue();
            if pumped == Pumped::More {
                self.calls.enqueue(stream);
            }
        }
        // Calls that ended here may owe a reset.
        self.http2.transmit(out)
    }

    pub(super) const fn set_keepalive(&mut self, keepalive: Keepalive) {
        self.keepalive = keepalive;
    }

    /// Lets a call hear of the end of the peer's side of its stream, after what came with its head.
    pub(super) const fn owe_eof(&mut self, stream: Stream) {
        self.rest = Some(Rest { stream, len: 0, skip: 0, end: true });
    }

    /// Begins a call on a stream. Returns whether there is room for it.
    pub(super) fn open(&mut self, stream: Stream, call: C) -> bool {
        let deadline = call.deadline(false);
        if let Some(at) = deadline {
            self.calls.note_deadline(at);
        }
        self.calls.open(stream, call)
    }

    pub(super) fn close(&mut self) {
        self.http2.close();
        self.keepalive.closing(self.now);
    }

    pub(super) fn owes(&mut self) -> bool {
        !self.lost && (self.http2.owes() || self.calls.has_queue())
    }

    pub(super) fn is_over(&mut self) -> bool {
        self.lost || self.http2.is_over()
    }
}

/// What has come of a frame.
enum Frame {
    Told(Step),
    /// Nothing that anybody is told.
    Seen,
    /// More input is needed.
    Missing,
}

fn told(stream: Stream, event: Option<MessageEvent>) -> Frame {
    event.map_or(Frame::Seen, |event| Frame::Told(Step::Call(stream, event)))
}
