//! What comes in: bodies, and small frames.

use super::budget::Budgets;
use super::closed::Absent;
use super::connection::{CLOSE_PING, Connection, Current, PeerGoAway, State};
use super::owed::{GoAway, Ping, Reason};
use super::receive_head::BlockEvent;
use super::settings::PendingSettings;
use super::{
    Data, DataPart, Error, ErrorCode, Event, Head, Headers, Limits, Part, Role, Setting, Side,
    Slot, Slots, Stream, StreamId,
};
use crate::Buffer;

/// What a DATA frame, or a part of it, comes to.
enum DataStep {
    Nothing,
    /// Its bytes are the stream's.
    Shown(Stream),
    StreamFailed(Stream, Error),
}

/// No slot is left to look at.
const SWEPT: u32 = u32::MAX;

/// A WINDOW_UPDATE that adds less is useless, unless a stream waits for it.
const SMALL_INCREMENT: u32 = 256;

impl<R: Side, B: Buffer, S: Slots> Connection<R, B, S> {
    /// Receives the next event, advancing `input` past it. Heads are decoded into `head`.
    ///
    /// `None` means that every byte of `input` was taken and more are needed. After a failure, whatever comes is
    /// taken and ignored. Call it until it returns `None`, even when `input` is empty: an event may still
    /// be unreported. Then call [`transmit`](Self::transmit).
    ///
    /// `head` is the caller's, one for each connection. It has to be the same until the next event that is a head or
    /// trailers, and must not be changed in between. It never needs more than
    /// [`Limits::max_head_len`](super::Limits::max_head_len) bytes.
    pub fn receive<'e, 'i: 'e, A: Buffer>(
        &mut self,
        input: &mut &'i mut [u8],
        head: &'e mut A,
    ) -> Option<Event<'e>> {
        loop {
            if let State::Failed(_) = self.state {
                *input = &mut [];
                return None;
            }
            if let Some(stream) = self.next_refused() {
                return Some(Event::Reset { stream, code: ErrorCode::REFUSED_STREAM });
            }
            let part = match self.decoder.decode(input) {
                Ok(Some(part)) => part,
                Ok(None) => return None,
                Err(e) => return self.fail_with(e),
            };
            match part {
                Part::Data(part) => match self.receive_data(&part) {
                    Ok(DataStep::Nothing) => {}
                    Ok(DataStep::Shown(stream)) => {
                        let end = part.end && part.end_stream;
                        return Some(Event::Data(Data::new(stream, part.bytes, end)));
                    }
                    Ok(DataStep::StreamFailed(stream, error)) => {
                        return Some(Event::StreamFailed { stream, error });
                    }
                    Err(e) => return self.fail_with(e),
                },
                Part::FieldBlock(part) => match self.receive_block(&part, head) {
                    Ok(None) => {}
                    // `head` is borrowed here and not before, as that would hold it through the loop.
                    Ok(Some(event)) => return Some(event.with(A::as_slice(head))),
                    Err(e) => return self.fail_with(e),
                },
                part => match self.receive_control(&part) {
                    Ok(None) => {}
                    Ok(Some(event)) => return Some(event),
                    Err(e) => return self.fail_with(e),
                },
            }
        }
    }

    /// Fails the connection for what the peer did.
    #[cold]
    fn fail_with(&mut self, error: Error) -> Option<Event<'static>> {
        self.fail_for(Some(error), error.code(), Reason::Error).then_some(Event::Failed(error))
    }

    /// Receives a part of a DATA frame.
    #[inline]
    fn receive_data(&mut self, part: &DataPart<'_>) -> Result<DataStep, Error> {
        if part.start {
            // The whole frame counts before a byte of it is returned, whether or not anybody wants it.
            self.receive_window.take(part.flow_len)?;
            self.current = Current::Nothing;
            let stream = match self.find(part.stream)? {
                Found::Open(stream) => stream,
                Found::Failed(error) => {
                    self.reset_absent(part.stream, error)?;
                    return Ok(DataStep::Nothing);
                }
                Found::Gone => {
                    self.budgets.take_discarded(part.flow_len, &self.limits)?;
                    return Ok(DataStep::Nothing);
                }
            };
            self.budgets.progress(part.data_len, &self.limits);
            if part.data_len == 0 && !part.end_stream {
                self.budgets.take_useless(&self.limits)?;
            }
            if let Err(error) = self.begin_data(stream, part) {
                self.fail_stream(stream, error)?;
                return Ok(DataStep::StreamFailed(stream, error));
            }
            self.current = Current::Data(stream);
        }
        let Current::Data(stream) = self.current else { return Ok(DataStep::Nothing) };
        // The caller may have reset it since.
        let Some(slot) = self.streams.get_mut(stream) else { return Ok(DataStep::Nothing) };
        if slot.is_reset() {
            return Ok(DataStep::Nothing);
        }
        slot.receive_window.take_part(part.bytes.len() as u32);
        let ends = part.end && part.end_stream;
        if ends {
            slot.received = super::slot::Half::Closed;
            self.close_if_over(stream);
        } else {
            self.streams.settle(stream);
        }
        Ok(if ends || !part.bytes.is_empty() { DataStep::Shown(stream) } else { DataStep::Nothing })
    }

    /// Counts a DATA frame for its stream.
    #[inline]
    fn begin_data(&mut self, stream: Stream, part: &DataPart<'_>) -> Result<(), Error> {
        let slot = self.streams.get_mut(stream).ok_or(Error::StreamClosed)?;
        slot.take_body(part.data_len, part.end_stream)?;
        slot.receive_window.take_frame(part.flow_len, part.data_len)
    }

    /// Receives a small frame.
    fn receive_control(&mut self, part: &Part<'_>) -> Result<Option<Event<'static>>, Error> {
        match *part {
            Part::WindowUpdate { stream: Some(id), increment } => {
                return self.receive_stream_window(id, increment);
            }
            Part::WindowUpdate { stream: None, increment } => {
                if increment < SMALL_INCREMENT && self.send_window.available() > 0 {
                    self.budgets.take_grant(&self.limits)?;
                }
                self.send_window.grow(increment)?;
            }
            Part::Reset { stream, code } => return self.receive_reset(stream, code),
            Part::Setting(setting) => self.receive_setting(setting)?,
            Part::SettingsEnd => return self.receive_settings_end().map(Some),
            Part::SettingsAck => self.receive_settings_ack()?,
            Part::Ping(payload) => {
                self.budgets.take_useless(&self.limits)?;
                self.ping_count = self.ping_count.wrapping_add(1);
                match &mut self.pings_left {
                    0 => {
                        let code = ErrorCode::ENHANCE_YOUR_CALM;
                        self.fail_for(None, code, Reason::TooManyPings);
                        return Ok(None);
                    }
                    &mut u8::MAX => {}
                    left => *left -= 1,
                }
                self.owed.add_ping(payload)?;
            }
            Part::PingAck(payload) => return self.receive_ping_ack(payload),
            Part::GoAway { last, code } => return self.receive_goaway(last, code).map(Some),
            Part::StreamFailed { stream, error } => match self.find(stream) {
                Ok(Found::Open(stream)) => {
                    self.fail_stream(stream, error)?;
                    return Ok(Some(Event::StreamFailed { stream, error }));
                }
                Ok(Found::Failed(_) | Found::Gone) => self.budgets.take_useless(&self.limits)?,
                // There is no stream to fail, so the connection fails for the frame: PRIORITY may come in any state (§5.1).
                Err(_) => return Err(error),
            },
            Part::Priority { .. } | Part::Unknown(_) => self.budgets.take_useless(&self.limits)?,
            Part::DebugData(_) | Part::Data(_) | Part::FieldBlock(_) => {}
        }
        Ok(None)
    }

    fn receive_stream_window(
        &mut self,
        id: StreamId,
        increment: u32,
    ) -> Result<Option<Event<'static>>, Error> {
        let Some(stream) = self.find_to_change(id, Budgets::take_grant)? else { return Ok(None) };
        let Some(slot) = self.streams.get_mut(stream) else { return Ok(None) };
        if slot.is_reset() {
            return self.budgets.take_grant(&self.limits).map(|()| None);
        }
        let is_useless = increment < SMALL_INCREMENT && !slot.is_waiting();
        if let Err(error) = slot.send_window.grow(increment) {
            self.fail_stream(stream, error)?;
            return Ok(Some(Event::StreamFailed { stream, error }));
        }
        self.streams.settle(stream);
        if is_useless {
            self.budgets.take_grant(&self.limits)?;
        }
        Ok(None)
    }

    fn receive_reset(
        &mut self,
        id: StreamId,
        code: ErrorCode,
    ) -> Result<Option<Event<'static>>, Error> {
        let Some(stream) = self.find_to_change(id, Budgets::take_useless)? else { return Ok(None) };
        let Some(slot) = self.streams.get(stream) else { return Ok(None) };
        let is_known = slot.is_reset();
        let is_answered = slot.sent == super::slot::Half::Closed;
        // A reset is never answered by one.
        self.streams.close(stream, Absent::ResetByPeer);
        if is_known {
            return Ok(None);
        }
        if R::ROLE == Role::Server && !is_answered {
            self.budgets.take_reset(&self.limits)?;
        }
        Ok(Some(Event::Reset { stream, code }))
    }

    /// What the current SETTINGS frame says so far.
    const fn pending_settings(&self) -> PendingSettings {
        match self.current {
            Current::Settings(pending) => pending,
            _ => PendingSettings::new(self.peer),
        }
    }

    fn receive_setting(&mut self, setting: Setting) -> Result<(), Error> {
        let mut pending = self.pending_settings();
        pending.take(setting)?;
        self.current = Current::Settings(pending);
        Ok(())
    }

    /// A SETTINGS frame has ended: its values hold from here on, and nothing that follows them is written before its
    /// acknowledgement (§6.5.3).
    fn receive_settings_end(&mut self) -> Result<Event<'static>, Error> {
        self.budgets.take_useless(&self.limits)?;
        self.owed.add_settings_ack()?;
        let PendingSettings { mut values, smallest_table } = self.pending_settings();
        values.received = true;
        self.current = Current::Nothing;
        let before = core::mem::replace(&mut self.peer, values);
        self.field_encoder.set_size_limit(smallest_table);
        self.field_encoder.set_size_limit(values.header_table_size);
        self.encoder.set_max_frame_len(values.max_frame_size);
        let [new, old] = [values, before].map(|values| i64::from(values.initial_window_size));
        if new != old {
            self.streams.shift_send_windows(new - old)?;
        }
        Ok(Event::Settings)
    }

    /// Our settings hold from here on (§6.5.3).
    fn receive_settings_ack(&mut self) -> Result<(), Error> {
        // Our settings were acknowledged before, or have not been sent.
        if self.acknowledged || self.owed.opening {
            return Err(Error::AckUnexpected);
        }
        self.acknowledged = true;
        self.field_decoder.settings_acknowledged();
        let surplus = INITIAL_WINDOW.saturating_sub(self.limits.stream_window);
        if surplus > 0 {
            self.streams.for_each(|_, slot| slot.receive_window.shrink(surplus));
        }
        Ok(())
    }

    fn receive_ping_ack(&mut self, payload: [u8; 8]) -> Result<Option<Event<'static>>, Error> {
        if self.owed.ping == Ping::InFlight(payload) {
            self.owed.ping = Ping::None;
            return Ok(Some(Event::Pong(payload)));
        }
        if payload == CLOSE_PING && self.state == (State::Announced { pinged: true }) {
            let last = self.last_served();
            self.state = State::Final { last };
            self.owed.goaway = Some(GoAway::clean(last));
            return Ok(None);
        }
        self.budgets.take_useless(&self.limits)?;
        Ok(None)
    }

    fn receive_goaway(&mut self, last: u32, code: ErrorCode) -> Result<Event<'static>, Error> {
        self.budgets.take_useless(&self.limits)?;
        if self.peer_goaway.is_some_and(|before| last > before.last) {
            return Err(Error::GoAwayRose);
        }
        // Only a client has opened streams that a GOAWAY can refuse.
        let sweep = if R::ROLE == Role::Client { 0 } else { SWEPT };
        self.peer_goaway = Some(PeerGoAway { last, code, sweep });
        Ok(Event::GoAway { last, code })
    }

    /// The next stream that the peer's GOAWAY refuses. It is closed.
    fn next_refused(&mut self) -> Option<Stream> {
        match self.peer_goaway {
            Some(goaway) if goaway.sweep != SWEPT => self.sweep(goaway),
            _ => None,
        }
    }

    /// Looks for that stream from where it was left.
    #[cold]
    fn sweep(&mut self, mut goaway: PeerGoAway) -> Option<Stream> {
        while let Some(stream) = self.streams.next_open(goaway.sweep) {
            goaway.sweep = stream.slot() as u32 + 1;
            if stream.id().get() > goaway.last {
                self.peer_goaway = Some(goaway);
                let is_live = self.is_live(stream);
                self.streams.close(stream, Absent::ResetByUs);
                if is_live {
                    return Some(stream);
                }
            }
        }
        self.peer_goaway = Some(PeerGoAway { sweep: SWEPT, ..goaway });
        None
    }

    /// Finds the stream of a DATA, or says what such a frame means without one.
    #[inline]
    pub(super) fn find(&mut self, id: StreamId) -> Result<Found, Error> {
        if let Some(stream) = self.streams.find(id) {
            return Ok(if self.is_live(stream) { Found::Open(stream) } else { Found::Gone });
        }
        match self.absent(id)? {
            Absent::Idle => Err(Error::StreamIdle),
            Absent::Skipped => Err(Error::StreamId),
            Absent::Ended => Err(Error::StreamClosed),
            Absent::ResetByPeer => Ok(Found::Failed(Error::StreamClosed)),
            Absent::ResetByUs | Absent::Forgotten => Ok(Found::Gone),
        }
    }

    /// Finds the stream of a RST_STREAM or a WINDOW_UPDATE, which mean nothing once it is over: `take` counts them then.
    fn find_to_change(
        &mut self,
        id: StreamId,
        take: fn(&mut Budgets, &Limits) -> Result<(), Error>,
    ) -> Result<Option<Stream>, Error> {
        if let Some(stream) = self.streams.find(id) {
            return Ok(Some(stream));
        }
        match self.absent(id)? {
            Absent::Idle => Err(Error::StreamIdle),
            Absent::Skipped => Err(Error::StreamId),
            _ => {
                take(&mut self.budgets, &self.limits)?;
                Ok(None)
            }
        }
    }

    /// Whether the stream is open, and no reset is owed on it: it goes on for the caller.
    #[inline]
    pub(super) fn is_live(&self, stream: Stream) -> bool {
        self.streams.get(stream).is_some_and(|slot| !slot.is_reset())
    }

    /// What is known of a stream that is not open.
    pub(super) fn absent(&self, id: StreamId) -> Result<Absent, Error> {
        // A server opens none.
        if id.opener() == Role::Server {
            return Err(Error::StreamId);
        }
        Ok(self.streams.absent(id))
    }

    /// Fails a stream for what the peer did (§5.4.2).
    pub(super) fn fail_stream(&mut self, stream: Stream, error: Error) -> Result<(), Error> {
        self.budgets.take_reset(&self.limits)?;
        self.reset(stream, error.code());
        Ok(())
    }

    /// Resets a stream that is over, for what the peer did.
    pub(super) fn reset_absent(&mut self, id: StreamId, error: Error) -> Result<(), Error> {
        self.budgets.take_reset(&self.limits)?;
        self.owed.add_reset(id, error.code())
    }

    /// Frees the stream's slot once both sides have ended and nothing is owed.
    #[inline]
    pub(super) fn close_if_over(&mut self, stream: Stream) {
        if self.streams.get(stream).is_some_and(Slot::is_over) {
            self.streams.close(stream, Absent::Ended);
            self.budgets.stream_ended(&self.limits);
        }
    }
}

/// A stream that a frame is on.
pub(super) enum Found {
    Open(Stream),
    /// It is over, and the frame is an error of that stream alone.
    Failed(Error),
    /// It is over, and the frame is to be discarded.
    Gone,
}

/// The window of every stream until there are settings (§6.9.2).
pub(super) const INITIAL_WINDOW: u32 = 0xFFFF;

impl BlockEvent {
    /// The event, with the fields that were decoded.
    #[inline]
    fn with(self, entries: &[u8]) -> Event<'_> {
        match self {
            Self::Head { stream, end } => {
                Event::Head { stream, head: Head::from_checked(entries), end }
            }
            Self::Informational { stream } => {
                Event::Informational { stream, head: Head::from_checked(entries) }
            }
            Self::Trailers { stream } => {
                Event::Trailers { stream, trailers: Headers::from_checked(entries) }
            }
            Self::StreamFailed { stream, error } => Event::StreamFailed { stream, error },
        }
    }
}
