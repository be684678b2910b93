//! What only a client does: connect, and acknowledge.

use super::{Connection, State};
use crate::Buffer;
use crate::stomp::rules::check_headers;
use crate::stomp::{
    Client, Command, Error, FrameBuilder, Header, Headers, RequiredHeader, SendError, Side, Version,
};

impl<S: Side> Connection<S> {
    /// Checks the head of a server's frame.
    pub(super) fn begin_server_frame(&mut self, headers: &Headers<'_>) -> Result<(), Error> {
        match (self.state, self.current) {
            (State::Connecting, Command::Connected) => self.receive_connected(headers),
            // Nothing is known of the version then.
            (State::Opening | State::Connecting, Command::Error) => Ok(()),
            (State::Opening | State::Connecting, _) | (_, Command::Connected) => {
                Err(Error::ConnectedUnexpected)
            }
            (_, command) => check_headers(command, headers, self.version.unwrap_or(Version::V1_0)),
        }
    }

    fn receive_connected(&mut self, headers: &Headers<'_>) -> Result<(), Error> {
        let version = headers.get("version").map_or(Some(Version::V1_0), Version::parse);
        let version = version
            .filter(|version| self.versions.contains(*version))
            .ok_or(Error::VersionNotOffered)?;
        if version > Version::V1_0 {
            self.peer_heart_beat = headers.heart_beat()?;
        }
        self.agree(version);
        self.state = State::Open;
        self.open_timers();
        Ok(())
    }

    /// Begins to exchange heart-beats.
    pub(super) fn open_timers(&mut self) {
        self.timers.opened(self.heart_beat, self.peer_heart_beat);
    }
}

impl Connection<Client> {
    /// Writes the `CONNECT`, or `STOMP`, that begins the connection: see [`FrameBuilder::connect`].
    ///
    /// The versions and the heart-beats are added. Nothing can be sent until the `CONNECTED` has come.
    pub fn connect<'h, H: Clone + IntoIterator<Item: Header<'h>>>(
        &mut self,
        frame: FrameBuilder<'_, H>,
        out: &mut impl Buffer,
    ) -> Result<(), SendError> {
        if !matches!(frame.command(), Command::Connect | Command::Stomp) {
            return Err(SendError::CommandNotAllowed);
        }
        match self.state {
            State::Opening => {}
            State::Connecting | State::Open => return Err(SendError::AlreadyConnected),
            State::Leaving | State::Failed { .. } | State::Closed { .. } => {
                return Err(SendError::Closing);
            }
        }
        let heart_beat = self.heart_beat.to_text();
        let frame = frame.own("accept-version", self.versions.as_str());
        self.encoder.encode(frame.own("heart-beat", heart_beat.as_str()), out)?;
        self.state = State::Connecting;
        Ok(())
    }

    /// The `ACK` of the message with these headers, to [`send`](Self::send): the message was consumed.
    ///
    /// What it refers to differs by version. It may be made part of a [transaction](FrameBuilder::transaction).
    ///
    /// # Errors
    ///
    /// The message lacks the header to refer to. In 1.2 it has an `ack` only if it has to be acknowledged.
    pub fn ack<'a>(&self, message: &Headers<'a>) -> Result<FrameBuilder<'a>, SendError> {
        self.acknowledge(Command::Ack, message)
    }

    /// The `NACK` of the message with these headers, to [`send`](Self::send): the message was not consumed. 1.0
    /// has none.
    ///
    /// # Errors
    ///
    /// Those of [`ack`](Self::ack).
    pub fn nack<'a>(&self, message: &Headers<'a>) -> Result<FrameBuilder<'a>, SendError> {
        self.acknowledge(Command::Nack, message)
    }

    fn acknowledge<'a>(
        &self,
        command: Command,
        message: &Headers<'a>,
    ) -> Result<FrameBuilder<'a>, SendError> {
        let frame = FrameBuilder::new(command);
        let find = |name, header| message.get(name).ok_or(SendError::HeaderMissing(header));
        Ok(match self.version {
            None => return Err(SendError::NotConnected),
            Some(Version::V1_2) => frame.own("id", find("ack", RequiredHeader::Ack)?),
            Some(Version::V1_1) => frame
                .own("message-id", find("message-id", RequiredHeader::MessageId)?)
                .own("subscription", find("subscription", RequiredHeader::Subscription)?),
            Some(Version::V1_0) if command == Command::Nack => return Err(SendError::NotInVersion),
            Some(Version::V1_0) => {
                frame.own("message-id", find("message-id", RequiredHeader::MessageId)?)
            }
        })
    }
}
