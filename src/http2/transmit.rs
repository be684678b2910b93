//! What is owed, in the order in which it is written (§5.1, §6).

use super::closed::Absent;
use super::connection::{CLOSE_PING, Connection, State};
use super::outgoing::Outgoing;
use super::owed::Ping;
use super::owed::{GoAway, Reason};
use super::settings::OurSettings;
use super::{Error, PREFACE, Role, SendError, Side, Slots, Stream};
use crate::Buffer;
use crate::http::NO_FIELDS;

impl<R: Side, B: Buffer, S: Slots> Connection<R, B, S> {
    /// Writes what the protocol obliges us to say: our settings, the answers to settings and pings, resets, window updates
    /// and GOAWAY.
    ///
    /// **Call it only once the output before has been written to the transport.** What is owed has a
    /// fixed size, so a peer that causes more and reads nothing is cut off. If you transmit into a `Vec` that the
    /// transport has not emptied, the answers pile up there instead.
    ///
    /// Returns whether everything was written. If not, `out` has no room. Frames are written whole, and the next
    /// call goes on with those that were not written. Room for 128 bytes is enough for any of them.
    pub fn transmit(&mut self, out: &mut impl Buffer) -> bool {
        self.write_owed(out).is_ok()
    }

    fn write_owed(&mut self, out: &mut impl Buffer) -> Result<(), SendError> {
        if let State::Failed(_) = self.state {
            // The peer's frames mean nothing any more, and neither would answers.
            if self.owed.goaway.is_some() {
                self.write_preface(out)?;
            }
            return self.write_goaway(out);
        }
        self.write_opening(out)?;
        while let Some(payload) = self.owed.first_ping() {
            self.encoder.encode_ping(payload, true, out)?;
            self.owed.ping_answered();
        }
        while let Some((stream, code)) = self.owed.first_reset() {
            self.encoder.encode_reset(stream, code, out)?;
            self.owed.reset_sent();
        }
        while let Some(stream) = self.streams.owing() {
            self.write_stream(stream, out)?;
        }
        let credit = self.receive_window.credit();
        if credit > 0 {
            self.encoder.encode_window_update(None, credit, out)?;
            self.receive_window.grant();
        }
        if let Ping::Owed(payload) = self.owed.ping {
            self.encoder.encode_ping(payload, false, out)?;
            self.owed.ping = Ping::InFlight(payload);
        }
        self.write_goaway(out)?;
        if let State::Announced { pinged: false } = self.state {
            self.encoder.encode_ping(CLOSE_PING, false, out)?;
            self.state = State::Announced { pinged: true };
        }
        Ok(())
    }

    /// Writes our settings and the acknowledgements of the peer's, if they are owed. Nothing may be written
    /// before them: what we write follows the peer's settings, which have to be acknowledged first.
    #[inline]
    pub(super) fn write_opening(&mut self, out: &mut impl Buffer) -> Result<(), SendError> {
        if self.owed.opening {
            self.write_preface(out)?;
        }
        while self.owed.has_settings_ack() {
            self.encoder.encode_settings_ack(out)?;
            self.owed.settings_ack_sent();
        }
        Ok(())
    }

    /// Writes what every connection begins with (§3.4).
    #[cold]
    fn write_preface(&mut self, out: &mut impl Buffer) -> Result<(), SendError> {
        if !self.owed.opening {
            return Ok(());
        }
        let start = out.as_slice().len();
        if R::ROLE == Role::Client {
            out.try_append(PREFACE)?;
        }
        let (max_streams, table_size) = (self.max_streams(), self.field_decoder.table_size());
        let settings =
            OurSettings::new(R::ROLE, &self.limits, max_streams, table_size, self.extended_connect);
        if let Err(e) = self.encoder.encode_settings(settings.as_slice(), out) {
            out.truncate(start);
            return Err(e);
        }
        self.owed.opening = false;
        Ok(())
    }

    /// Writes what is owed on a stream.
    fn write_stream(&mut self, stream: Stream, out: &mut impl Buffer) -> Result<(), SendError> {
        let Some(slot) = self.streams.get(stream) else { return Ok(()) };
        if slot.owes_refusal() {
            let head = Outgoing::response(431, &NO_FIELDS, &self.field_encoder)?;
            self.write_head(stream.id(), &head, true, out)?;
            if let Some(slot) = self.streams.get_mut(stream) {
                slot.set_owes_refusal(false);
            }
            return Ok(());
        }
        if let Some(code) = slot.reset() {
            self.encoder.encode_reset(stream.id(), code, out)?;
            self.streams.close(stream, Absent::ResetByUs);
            return Ok(());
        }
        let credit = slot.credit();
        if credit > 0 {
            self.encoder.encode_window_update(Some(stream.id()), credit, out)?;
            if let Some(slot) = self.streams.get_mut(stream) {
                slot.receive_window.grant();
            }
        }
        Ok(())
    }

    #[inline]
    fn write_goaway(&mut self, out: &mut impl Buffer) -> Result<(), SendError> {
        match self.owed.goaway {
            Some(goaway) => self.write_goodbye(goaway, out),
            None => Ok(()),
        }
    }

    #[cold]
    fn write_goodbye(&mut self, goaway: GoAway, out: &mut impl Buffer) -> Result<(), SendError> {
        let text = match goaway.reason {
            Reason::Nothing => "",
            Reason::Error => self.error().map_or("", Error::text),
            Reason::TooManyPings => "too_many_pings",
        };
        self.encoder.encode_goaway(goaway.last, goaway.code, text.as_bytes(), out)?;
        self.owed.goaway = None;
        Ok(())
    }
}
