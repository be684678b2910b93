use core::fmt;

use super::control::Slot;
use super::{
    Client, CloseCode, CloseFrame, Decoder, Encoder, Error, Limits, Message, Part, Role, SendError,
    Server, Side,
};
use crate::{Buffer, Chunk};

/// One end of a WebSocket connection, behind the opening handshake (RFC 6455).
///
/// It decodes and encodes, answers pings and carries out the closing handshake. What the peer sends
/// comes in through [`receive`](Self::receive); what the protocol obliges us to say goes out
/// through [`transmit`](Self::transmit); what the caller has to say, through [`send`](Self::send)
/// and its like, at any time.
///
/// It owns no heap and takes less than 400 bytes, whatever the peer does: the only pong owed is the
/// newest ping's (§5.5.3), and a close frame comes once.
#[derive(Clone)]
pub struct Connection<S> {
    decoder: Decoder,
    encoder: Encoder<S>,
    /// The payload of a control frame as far as it has come, or of the peer's close frame.
    received: Slot,
    /// The payload of the newest ping that came whole.
    pinged: Slot,
    pong_owed: bool,
    state: State,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Open,
    /// The peer's close frame came. Ours is owed unless it was sent.
    PeerClosed(CloseCode),
    /// The peer broke a rule, and the caller was told. A close frame that says so is owed unless
    /// one was sent.
    Failed(Error),
}

/// What has come from the peer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Event<'a> {
    /// Bytes of a message, of a ping, which [`Connection::transmit`] answers by itself, or of a
    /// pong.
    Part(Part<'a>),
    /// The peer closes: nothing more will come (§5.5.1). The code is [`CloseCode::NO_STATUS`] if
    /// it gave none; [`Connection::peer_close`] has the reason.
    Close(CloseCode),
    /// The peer broke a rule or a limit: nothing more will be read (§7.1.7).
    Failed(Error),
}

/// Who is to close the transport (§7.1.1).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Closer {
    /// This end, once everything transmitted has been written.
    Us,
    /// The other end. This end closes only after a timeout.
    Peer,
}

/// How a connection ended, once the transport did (§7.1.5).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Ending {
    /// The peer's status code: [`CloseCode::NO_STATUS`] if its close frame had none,
    /// [`CloseCode::ABNORMAL`] if there was no close frame.
    pub code: CloseCode,
    /// Whether a frame or a fragmented message was cut off.
    pub truncated: bool,
}

impl Connection<Server> {
    /// The server's end of a connection.
    pub const fn server(limits: Limits) -> Self {
        Self::new(limits, Encoder::server())
    }
}

impl<K: FnMut() -> [u8; 4]> Connection<Client<K>> {
    /// The client's end of a connection, which takes a masking key for each frame from `keys`.
    ///
    /// Keys have to be unpredictable, fresh from a generator fit for cryptography: they keep a
    /// script from choosing the bytes on the wire, and so from talking to a proxy (§5.3, §10.3).
    ///
    /// ```
    /// use framewright::ws::{Connection, Limits};
    ///
    /// let connection = Connection::client(Limits::new(), || {
    ///     let mut key = [0; 4];
    ///     getrandom::fill(&mut key).expect("the system has randomness");
    ///     key
    /// });
    /// ```
    pub const fn client(limits: Limits, keys: K) -> Self {
        Self::new(limits, Encoder::client(keys))
    }
}

impl<S: Side> Connection<S> {
    const fn new(limits: Limits, encoder: Encoder<S>) -> Self {
        Self {
            decoder: Decoder::new(S::ROLE, limits),
            encoder,
            received: Slot::EMPTY,
            pinged: Slot::EMPTY,
            pong_owed: false,
            state: State::Open,
        }
    }

    /// Accepts compressed messages too, as was agreed in the opening handshake (RFC 7692 §6).
    ///
    /// Their parts are [`Part::Compressed`], to be inflated by the caller. If that fails,
    /// [`fail`](Self::fail) tells the peer.
    #[must_use]
    pub const fn accept_compressed(mut self, accept: bool) -> Self {
        self.decoder = self.decoder.accept_compressed(accept);
        self
    }

    /// Receives the next event, advancing `input` past it.
    ///
    /// `None` means that every byte of `input` was taken and more are needed; after a close or a
    /// failure, that whatever comes is ignored. Call it until then, even when `input` is empty: a
    /// failure may be what is left to tell. Then it is time to [`transmit`](Self::transmit).
    #[inline(always)]
    pub fn receive<'a>(&mut self, input: &mut &'a mut [u8]) -> Option<Event<'a>> {
        loop {
            match self.decoder.decode_as(S::ROLE, input) {
                Ok(None) => return None,
                Ok(Some(
                    part @ (Part::Text(_) | Part::Binary(_) | Part::Compressed(_) | Part::Pong(_)),
                )) => return Some(Event::Part(part)),
                Ok(Some(part @ Part::Ping(chunk))) => {
                    self.pinged(chunk);
                    return Some(Event::Part(part));
                }
                Ok(Some(Part::Close(chunk))) => match self.peer_closed(chunk) {
                    None => {}
                    Some(Ok(code)) => return Some(Event::Close(code)),
                    Some(Err(e)) => return Some(Event::Failed(e)),
                },
                Err(e) => return self.failed(e).then_some(Event::Failed(e)),
            }
        }
    }

    #[cold]
    fn pinged(&mut self, chunk: Chunk<'_>) {
        self.received.put(chunk);
        if chunk.end {
            // A pong still owed for the ping before is so no longer (§5.5.3).
            self.pinged.clone_from(&self.received);
            self.pong_owed = true;
        }
    }

    #[cold]
    fn peer_closed(&mut self, chunk: Chunk<'_>) -> Option<Result<CloseCode, Error>> {
        self.received.put(chunk);
        if !chunk.end {
            return None;
        }
        match CloseFrame::parse(self.received.as_slice()) {
            Ok(CloseFrame { code, .. }) => {
                self.state = State::PeerClosed(code);
                Some(Ok(code))
            }
            Err(e) => {
                self.failed(e);
                Some(Err(e))
            }
        }
    }

    #[cold]
    fn failed(&mut self, error: Error) -> bool {
        if let State::Failed(_) = self.state {
            return false;
        }
        self.state = State::Failed(error);
        true
    }

    /// Fails the connection for what was found in the parts it gave out: that a compressed message
    /// cannot be inflated, for instance (§7.1.7).
    ///
    /// It is as if the connection had found it: nothing more will be read, and
    /// [`transmit`](Self::transmit) tells the peer. After a close or a failure, it changes nothing.
    pub fn fail(&mut self, error: Error) {
        if let State::Open = self.state {
            self.decoder.fail_for(error);
            self.failed(error);
        }
    }

    /// Writes what the protocol obliges us to say: the answer to the newest ping, and the close
    /// frame that answers the peer's or tells of its failure.
    ///
    /// Returns whether everything was said. If not, a frame's payload is unfinished, or `out` has no
    /// room: 127 bytes are always enough for a server, 131 for a client. What is owed stays owed.
    pub fn transmit(&mut self, out: &mut impl Buffer) -> bool {
        self.transmit_pong(out).and_then(|()| self.transmit_close(out)).is_ok()
    }

    fn transmit_pong(&mut self, out: &mut impl Buffer) -> Result<(), SendError> {
        if self.owes_pong() {
            self.encoder.encode_pong(self.pinged.as_slice(), out)?;
        }
        self.pong_owed = false;
        Ok(())
    }

    fn transmit_close(&mut self, out: &mut impl Buffer) -> Result<(), SendError> {
        if !self.owes_close() {
            return Ok(());
        }
        match self.error() {
            Some(error) => {
                let close = CloseFrame { code: error.close_code(), reason: error.text() };
                self.encoder.encode_close(close, out)
            }
            // Code and reason go back as they came, so that the peer sees its own close as clean.
            None => self.encoder.encode_close_payload(self.received.as_slice(), out),
        }
    }

    /// A peer that has closed waits for no pong (§5.5.2), and to one that failed only that is said.
    const fn owes_pong(&self) -> bool {
        self.pong_owed && self.is_open() && !self.encoder.is_closed()
    }

    const fn owes_close(&self) -> bool {
        !self.is_open() && !self.encoder.is_closed()
    }

    /// Whether neither the peer has closed nor a failure of its is known.
    const fn is_open(&self) -> bool {
        matches!(self.state, State::Open) && self.decoder.error().is_none()
    }

    /// Writes a whole message in one frame.
    #[inline(always)]
    pub fn send<'m>(
        &mut self,
        message: impl Into<Message<'m>>,
        out: &mut impl Buffer,
    ) -> Result<(), SendError> {
        self.encoder()?.encode(message, out)
    }

    /// Writes a ping with at most 125 bytes of payload, which the peer's pong will repeat (§5.5.2).
    pub fn ping(&mut self, payload: &[u8], out: &mut impl Buffer) -> Result<(), SendError> {
        self.encoder()?.encode_ping(payload, out)
    }

    /// Writes a close frame, after which nothing can be sent (§7.1.2).
    ///
    /// The peer's messages still come until its own close frame does. It is sent without a payload
    /// for [`CloseCode::NO_STATUS`] and no reason; a reason has at most 123 bytes. Within the payload
    /// of a frame, it fails: finish the frame first, or drop the transport.
    pub fn close(
        &mut self,
        code: CloseCode,
        reason: &str,
        out: &mut impl Buffer,
    ) -> Result<(), SendError> {
        if self.error().is_some() {
            return Err(SendError::Closing);
        }
        self.encoder.encode_close(CloseFrame { code, reason }, out)
    }

    /// The encoder, to send fragments, payloads in pieces, headers alone and pongs of our own.
    ///
    /// # Errors
    ///
    /// The connection is closing, and no frame's payload is left to finish.
    #[inline]
    pub fn encoder(&mut self) -> Result<&mut Encoder<S>, SendError> {
        if self.is_open() && !self.encoder.is_closed() {
            return Ok(&mut self.encoder);
        }
        match self.encoder.ready() {
            Err(SendError::FrameUnfinished) => Ok(&mut self.encoder),
            _ => Err(SendError::Closing),
        }
    }

    /// Tells whether a message may be sent, and if not, why.
    ///
    /// For a server that has one message for many: what an [`Encoder`] wrote once can be written to
    /// every connection that is ready.
    pub fn ready(&self) -> Result<(), SendError> {
        if self.is_open() { self.encoder.ready() } else { Err(SendError::Closing) }
    }

    /// Whether anything is owed that [`transmit`](Self::transmit) would write.
    pub const fn owes(&self) -> bool {
        self.owes_pong() || self.owes_close()
    }

    /// Tells who is to close the transport, once it is to be closed: `None` before.
    ///
    /// After the closing handshake it is the server, so that its port is not the one kept waiting
    /// (§7.1.1); after a failure, it is whoever noticed. A close frame must have been transmitted,
    /// so write all of the output first. If the peer has sent data that is still unread, closing
    /// may discard what was written: shut down writing alone, then read until the end, but not for
    /// long. While a frame's payload is unfinished there is nobody: who cannot finish it can only
    /// drop the transport.
    pub const fn close_expected(&self) -> Option<Closer> {
        if self.is_open() || !self.encoder.is_closed() {
            return None;
        }
        match (self.error(), S::ROLE) {
            (None, Role::Client) => Some(Closer::Peer),
            (None, Role::Server) | (Some(_), _) => Some(Closer::Us),
        }
    }

    /// The peer's close frame, once it has come.
    pub fn peer_close(&self) -> Option<CloseFrame<'_>> {
        match self.state {
            State::PeerClosed(_) => CloseFrame::parse(self.received.as_slice()).ok(),
            _ => None,
        }
    }

    /// What the peer did wrong, if it did.
    pub const fn error(&self) -> Option<Error> {
        match self.state {
            State::Failed(e) => Some(e),
            _ => self.decoder.error(),
        }
    }

    /// Bytes of payload that the frame being received still lacks: 0 between frames.
    pub const fn payload_remaining(&self) -> u64 {
        self.decoder.payload_remaining()
    }

    /// Tells how the connection ended, after the transport did.
    pub const fn receive_eof(&self) -> Ending {
        let code = match self.state {
            State::PeerClosed(code) => code,
            _ => CloseCode::ABNORMAL,
        };
        Ending { code, truncated: self.decoder.check_eof().is_err() }
    }
}

impl<S> fmt::Debug for Connection<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("decoder", &self.decoder)
            .field("encoder", &self.encoder)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}
