//! What only a server does: accept, confirm, and deliver.

use super::{Connection, State};
use crate::Buffer;
use crate::inline::Inline;
use crate::stomp::rules::check_headers;
use crate::stomp::{
    Command, Delivery, Error, FrameBuilder, Header, Headers, SendError, Server, SharedMessage,
    Side, Version,
};

impl<S: Side> Connection<S> {
    /// Checks the head of a client's frame.
    pub(super) fn begin_client_frame(&mut self, headers: &Headers<'_>) -> Result<(), Error> {
        let connects = matches!(self.current, Command::Connect | Command::Stomp);
        match (self.state, self.version) {
            (State::Opening, _) if connects => self.receive_connect(headers),
            (State::Open, _) if connects => Err(Error::ConnectRepeated),
            (State::Open, Some(version)) => check_headers(self.current, headers, version),
            // A client that does not wait could have its frames carried out before it was accepted.
            _ => Err(Error::ConnectMissing),
        }
    }

    /// Chooses the version and the heart-beats.
    fn receive_connect(&mut self, headers: &Headers<'_>) -> Result<(), Error> {
        let in_common = self.versions.in_common(headers.accept_version());
        let version = in_common.highest().ok_or(Error::NoVersionInCommon)?;
        if version > Version::V1_0 {
            self.peer_heart_beat = headers.heart_beat()?;
        }
        self.agree(version);
        self.state = State::Connecting;
        Ok(())
    }
}

impl Connection<Server> {
    /// Accepts the client whose `CONNECT` has come, with [`FrameBuilder::connected`].
    ///
    /// The version and the heart-beats are added. To refuse the client, [`send`](Self::send) an `ERROR`.
    ///
    /// The client has to wait for this: a frame that comes earlier fails the connection. A caller that needs time to check
    /// the passcode keeps the rest of the input until then.
    ///
    /// # Errors
    ///
    /// Nothing was written. [`SendError::NotConnected`]: no `CONNECT` has come. [`SendError::AlreadyConnected`]: the client
    /// was accepted before. [`SendError::Closing`]: the connection is closing.
    pub fn accept<'h, H: Clone + IntoIterator<Item: Header<'h>>>(
        &mut self,
        frame: FrameBuilder<'_, H>,
        out: &mut impl Buffer,
    ) -> Result<(), SendError> {
        if frame.command() != Command::Connected {
            return Err(SendError::CommandNotAllowed);
        }
        let version = match (self.state, self.version) {
            (State::Connecting, Some(version)) => version,
            (State::Opening | State::Connecting, _) => return Err(SendError::NotConnected),
            (State::Open, _) => return Err(SendError::AlreadyConnected),
            _ => return Err(SendError::Closing),
        };
        if version == Version::V1_0 {
            self.encoder.encode(frame, out)?;
        } else {
            let heart_beat = self.heart_beat.to_text();
            let frame = frame.own("version", version.as_str());
            self.encoder.encode(frame.own("heart-beat", heart_beat.as_str()), out)?;
        }
        self.state = State::Open;
        self.open_timers();
        Ok(())
    }

    /// Writes the `RECEIPT` that the frame with these headers asked for, if it did.
    ///
    /// Call it for every frame but the `CONNECT`, once the frame was carried out (*Header receipt*).
    pub fn send_receipt(
        &mut self,
        headers: &Headers<'_>,
        out: &mut impl Buffer,
    ) -> Result<(), SendError> {
        match headers.get("receipt") {
            Some(receipt) => self.send(FrameBuilder::receipt_for(receipt), out),
            None => Ok(()),
        }
    }

    /// Writes the `MESSAGE` for one subscription. `message` was encoded once for all subscribers of this version.
    ///
    /// # Errors
    ///
    /// Nothing was written. [`SendError::OtherVersion`]: `message` was encoded for another version.
    pub fn send_message(
        &mut self,
        delivery: Delivery<'_>,
        message: &SharedMessage<impl Buffer>,
        out: &mut impl Buffer,
    ) -> Result<(), SendError> {
        self.ready()?;
        if self.version != Some(message.version()) {
            return Err(SendError::OtherVersion);
        }
        message.write(delivery, out)
    }
}

impl crate::stomp::HeartBeat {
    /// The value of the header.
    pub(super) fn to_text(self) -> Inline<41> {
        let mut text = Inline::EMPTY;
        // Two numbers of at most 20 digits.
        text.try_append(&Inline::decimal(self.can_send));
        text.push(b',');
        text.try_append(&Inline::decimal(self.wants));
        text
    }
}
