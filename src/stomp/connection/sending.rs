//! What the caller has to say, at either side.

use super::{Connection, State};
use crate::Buffer;
use crate::stomp::{Command, Encoder, FrameBuilder, Header, SendError, Side};

impl<S: Side> Connection<S> {
    /// Writes a whole frame.
    ///
    /// After a client's `DISCONNECT` and after a server's `ERROR`, nothing more can be sent. An `ERROR` before the client
    /// is accepted refuses it. `CONNECT` and `CONNECTED` have methods of their own: `connect` and `accept`.
    ///
    /// # Errors
    ///
    /// Nothing was written, and nothing changed.
    pub fn send<'h, H: Clone + IntoIterator<Item: Header<'h>>>(
        &mut self,
        frame: FrameBuilder<'_, H>,
        out: &mut impl Buffer,
    ) -> Result<(), SendError> {
        let command = frame.command();
        self.may_send(command)?;
        let receipt = frame.own_value("receipt").unwrap_or_default();
        if command == Command::Disconnect && receipt.len() > Self::MAX_RECEIPT_LEN {
            return Err(SendError::ReceiptTooLong);
        }
        let receipt = match command {
            Command::Disconnect => receipt,
            _ => "",
        };
        self.encoder.encode(frame, out)?;
        match command {
            Command::Disconnect => {
                self.receipt.clear();
                self.receipt.try_append(receipt.as_bytes());
                self.state = State::Leaving;
                self.timers.closing();
            }
            Command::Error => {
                self.state = State::Closed { clean: false };
                self.timers.closing();
            }
            _ => {}
        }
        Ok(())
    }

    /// Checks that a frame may be sent.
    fn may_send(&self, command: Command) -> Result<(), SendError> {
        if command.is_from_server() != S::IS_SERVER
            || matches!(command, Command::Connect | Command::Stomp | Command::Connected)
        {
            return Err(SendError::CommandNotAllowed);
        }
        match self.state {
            State::Opening | State::Connecting if command == Command::Error => Ok(()),
            State::Opening | State::Connecting => Err(SendError::NotConnected),
            State::Open => Ok(()),
            State::Leaving if matches!(command, Command::Receipt | Command::Error) => Ok(()),
            State::Leaving | State::Failed { .. } | State::Closed { .. } => Err(SendError::Closing),
        }
    }

    /// Checks that a frame may be sent now. The error says why not.
    pub fn ready(&self) -> Result<(), SendError> {
        match self.state {
            State::Opening | State::Connecting => Err(SendError::NotConnected),
            State::Open => self.encoder.ready(),
            State::Leaving | State::Failed { .. } | State::Closed { .. } => Err(SendError::Closing),
        }
    }

    /// The encoder, to send a `SEND` or a `MESSAGE` whose body comes in pieces.
    ///
    /// Frames that end the connection have to go through [`send`](Self::send).
    ///
    /// # Errors
    ///
    /// The connection is not open, and no body is left unfinished.
    pub fn encoder(&mut self) -> Result<&mut Encoder, SendError> {
        match self.ready() {
            Ok(()) | Err(SendError::FrameUnfinished) => Ok(&mut self.encoder),
            Err(_) if self.encoder.ready().is_err() => Ok(&mut self.encoder),
            Err(e) => Err(e),
        }
    }
}
