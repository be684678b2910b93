//! One end of a connection: both directions, and how it closes.
//!
//! The states say what the peer has done. The encoder knows whether our own close frame was written:
//! in the second row it was.
//!
//! ```text
//!            a rule is broken, or fail()         the peer's close frame
//!     Failed ◀────────────────────────── Open ─────────────────────────▶ PeerClosed
//!       │                                 │                                  │
//!       │ transmit()                      │ close()                          │ transmit()
//!       ▼                                 ▼                                  ▼
//!     Failed ◀────────────────────────── Open ─────────────────────────▶ PeerClosed
//!
//!     close_expected() is `Some`                          close_expected() is `Some`
//! ```

#[cfg(feature = "deflate")]
mod compression;
mod control;
mod messages;
mod sending;

use core::fmt;

use control::ControlPayload;
pub use messages::MessageEvent;

use super::{
    Client, CloseCode, CloseFrame, Decoder, Encoder, Error, Limits, Part, Role, SendError, Server,
    Side,
};
use crate::{Buffer, Chunk};

/// One end of a WebSocket connection, after the opening handshake (RFC 6455).
///
/// It decodes and encodes, answers pings, and carries out the closing handshake. What the peer sends
/// comes in through [`receive_message`](Self::receive_message), or in parts through
/// [`receive`](Self::receive). What the protocol obliges us to say goes out through
/// [`transmit`](Self::transmit). What the caller has to say goes out through [`send`](Self::send)
/// and similar methods, at any time.
///
/// It owns no heap and takes less than 400 bytes, whatever the peer does: it answers only the newest
/// ping (§5.5.3), and sends one close frame.
///
/// ```
/// use framewright::ws::{Connection, Inbox, Kind, Limits, Message, MessageEvent};
///
/// let mut server = Connection::server(Limits::new());
/// let (mut inbox, mut out) = (Inbox::new(Vec::new()), Vec::new());
/// let mut input = &b"\x89\x80\0\0\0\0\x81\x82\0\0\0\0hi"[..];
/// assert_eq!(server.receive_message(&mut input, &mut inbox), Some(MessageEvent::Ping));
/// let event = server.receive_message(&mut input, &mut inbox);
/// assert_eq!((event, inbox.message()), (Some(MessageEvent::Message(Kind::Text)), Message::Text("hi")));
/// server.transmit(&mut out);
/// assert_eq!(out, b"\x8A\0"); // the pong
/// ```
///
/// # Closing
///
/// When the peer closes, [`MessageEvent::Close`] comes, and `transmit` answers. When the peer breaks a
/// rule, [`MessageEvent::Failed`] comes, and `transmit` says why the connection closes. To close first,
/// call [`close`](Self::close) and go on receiving until `MessageEvent::Close` comes. In each case
/// [`close_expected`](Self::close_expected) says when the transport has to be closed, and by which
/// end.
pub struct Connection<S> {
    decoder: Decoder,
    encoder: Encoder<S>,
    /// The payload of the current control frame, or of the peer's close frame.
    received: ControlPayload,
    /// The payload of the newest ping that came whole.
    pinged: ControlPayload,
    /// Whether that ping still has to be answered.
    owes_pong: bool,
    /// Whether a message in fragments is finished before the peer's close is answered.
    finishes_message: bool,
    state: State,
    /// If compression was agreed on.
    #[cfg(feature = "deflate")]
    compression: Option<alloc::boxed::Box<compression::Compression>>,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Open,
    /// The peer's close frame came. We owe ours unless it was sent.
    PeerClosed(CloseCode),
    /// The peer broke a rule, which the decoder remembers, and the caller knows. We owe a close frame
    /// that says so, unless one was sent.
    Failed,
}

/// What has come from the peer.
///
/// ```
/// use framewright::ws::{CloseCode, Connection, Event, Limits, Part};
///
/// let mut server = Connection::server(Limits::new());
/// let mut bytes = *b"\x82\x81\0\0\0\0!\x88\x80\0\0\0\0";
/// let mut input = &mut bytes[..];
/// let Some(Event::Part(Part::Binary(chunk))) = server.receive(&mut input) else { panic!() };
/// assert_eq!(server.receive(&mut input), Some(Event::Close(CloseCode::NO_STATUS)));
/// assert_eq!(chunk.bytes, b"!"); // borrowed from the input
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Event<'a> {
    /// Bytes of a message, a ping or a pong. [`Connection::transmit`] answers pings by itself.
    Part(Part<'a>),
    /// The peer closes: nothing more will come (§5.5.1). The code is [`CloseCode::NO_STATUS`] if
    /// the peer gave none; [`Connection::peer_close`] has the reason.
    Close(CloseCode),
    /// The peer broke a rule or a limit: nothing more will be read (§7.1.7). An assembler may hold the
    /// beginning of a message: [`abandon`](super::Assembler::abandon) it.
    Failed(Error),
}

/// Which end is to close the transport (§7.1.1).
///
/// ```
/// use framewright::ws::{CloseCode, Closer, Connection, Limits};
///
/// let mut server = Connection::server(Limits::new());
/// let mut out = Vec::new();
/// server.close(CloseCode::GOING_AWAY, "", &mut out)?;
/// assert_eq!(server.close_expected(), None); // the client has not answered
/// let mut bytes = *b"\x88\x82\0\0\0\0\x03\xE9";
/// assert!(server.receive(&mut &mut bytes[..]).is_some());
/// assert_eq!(server.close_expected(), Some(Closer::Us));
/// # Ok::<(), framewright::ws::SendError>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Closer {
    /// This end, once everything transmitted has been written.
    Us,
    /// The other end. This end closes only after a timeout.
    Peer,
}

/// How a connection ended, once the transport did (§7.1.5).
///
/// ```
/// use framewright::ws::{CloseCode, Connection, Ending, Limits};
///
/// let mut server = Connection::server(Limits::new());
/// assert!(server.receive(&mut &mut b"\x81".to_owned()[..]).is_none());
/// // … and the transport ends:
/// assert_eq!(server.receive_eof(), Ending { code: CloseCode::ABNORMAL, truncated: true });
/// ```
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
    /// With the feature `getrandom`, `ws::random` is such a source. [`Client`] has an example.
    pub const fn client(limits: Limits, keys: K) -> Self {
        Self::new(limits, Encoder::client(keys))
    }
}

impl<S: Side> Connection<S> {
    /// The most that [`transmit`](Self::transmit) writes, in bytes: one control frame.
    pub const MAX_TRANSMIT_LEN: usize = match S::ROLE {
        Role::Server => 2 + 125,
        Role::Client => 2 + 4 + 125,
    };

    const fn new(limits: Limits, encoder: Encoder<S>) -> Self {
        Self {
            decoder: Decoder::new(S::ROLE, limits),
            encoder,
            received: ControlPayload::EMPTY,
            pinged: ControlPayload::EMPTY,
            owes_pong: false,
            finishes_message: false,
            state: State::Open,
            #[cfg(feature = "deflate")]
            compression: None,
        }
    }

    /// Sets whether a message whose fragments are being sent is finished before the peer's close is
    /// answered (§5.5.1). Default: no, [`transmit`](Self::transmit) answers at once.
    ///
    /// If so, `transmit` waits for the last fragment, which [`encoder`](Self::encoder) writes. It does
    /// not wait for another message. A caller that cannot finish calls [`close`](Self::close) instead,
    /// or drops the transport. It should do so before long, because the peer does not wait for ever:
    /// count [`Keepalive::closing`](super::Keepalive::closing) from [`Event::Close`] on.
    ///
    /// ```
    /// use framewright::ws::{Connection, Event, Kind, Limits};
    ///
    /// let mut connection = Connection::server(Limits::new()).finish_message(true);
    /// let mut out = Vec::new();
    /// connection.encoder()?.encode_fragment(Kind::Text, b"Hel", false, &mut out)?;
    /// let mut bytes = *b"\x88\x80\0\0\0\0"; // the peer closes
    /// let mut input = &mut bytes[..];
    /// assert!(matches!(connection.receive(&mut input), Some(Event::Close(_))));
    /// assert!(!connection.transmit(&mut out));
    /// connection.encoder()?.encode_fragment(Kind::Text, b"lo", true, &mut out)?;
    /// assert!(connection.transmit(&mut out));
    /// assert_eq!(out, b"\x01\x03Hel\x80\x02lo\x88\0");
    /// # Ok::<(), framewright::ws::SendError>(())
    /// ```
    #[must_use]
    pub const fn finish_message(mut self, finish: bool) -> Self {
        self.finishes_message = finish;
        self
    }

    /// Sets whether compressed messages are accepted, as negotiated in the opening handshake
    /// (RFC 7692 §6). Default: no.
    ///
    /// Their parts are [`Part::Compressed`], for the caller to inflate. If that fails,
    /// [`fail`](Self::fail) lets the peer know.
    #[must_use]
    pub const fn accept_compressed(mut self, accept: bool) -> Self {
        self.decoder = self.decoder.accept_compressed(accept);
        self
    }

    /// Receives the next event, advancing `input` past it.
    ///
    /// `None` means that every byte of `input` was taken and more are needed. After a close or a
    /// failure, whatever comes is taken and ignored. Call it until it returns `None`, even when
    /// `input` is empty: a failure may still be unreported. Then call [`transmit`](Self::transmit).
    #[inline(always)]
    pub fn receive<'a>(&mut self, input: &mut &'a mut [u8]) -> Option<Event<'a>> {
        loop {
            match self.decoder.decode_as(S::ROLE, input) {
                Ok(None) => return None,
                Ok(Some(
                    part @ (Part::Text(_) | Part::Binary(_) | Part::Compressed(_) | Part::Pong(_)),
                )) => return Some(Event::Part(part)),
                Ok(Some(part @ Part::Ping(chunk))) => {
                    self.receive_ping(chunk);
                    return Some(Event::Part(part));
                }
                Ok(Some(Part::Close(chunk))) => match self.receive_close(chunk) {
                    None => {}
                    Some(Ok(code)) => return Some(Event::Close(code)),
                    Some(Err(e)) => return Some(Event::Failed(e)),
                },
                Err(e) => return self.fail_once(e).then_some(Event::Failed(e)),
            }
        }
    }

    #[cold]
    fn receive_ping(&mut self, chunk: Chunk<'_>) {
        self.received.put(chunk, None);
        if chunk.end {
            self.pinged();
        }
    }

    /// Notes the ping whose payload has come.
    fn pinged(&mut self) {
        // A ping before this one need not be answered any more (§5.5.3).
        self.pinged.clone_from(&self.received);
        self.owes_pong = true;
    }

    /// Receives bytes of the peer's close frame. Returns its event once it is complete.
    #[cold]
    fn receive_close(&mut self, chunk: Chunk<'_>) -> Option<Result<CloseCode, Error>> {
        self.received.put(chunk, None);
        chunk.end.then(|| self.closed())
    }

    /// Notes the close frame whose payload has come.
    fn closed(&mut self) -> Result<CloseCode, Error> {
        match CloseFrame::parse(self.received.as_slice()) {
            Ok(CloseFrame { code, .. }) => {
                self.state = State::PeerClosed(code);
                self.free_compression();
                Ok(code)
            }
            Err(e) => {
                self.fail_once(e);
                Err(e)
            }
        }
    }

    /// Records a failure. Returns whether it is the first, which the caller does not know yet.
    #[cold]
    fn fail_once(&mut self, error: Error) -> bool {
        if let State::Failed = self.state {
            return false;
        }
        self.decoder.fail_for(error);
        self.set_failed();
        true
    }

    fn set_failed(&mut self) {
        self.state = State::Failed;
        self.free_compression();
    }

    /// Frees what compresses and inflates: no message can come or go any more.
    #[cfg_attr(
        not(feature = "deflate"),
        expect(
            clippy::unused_self,
            clippy::missing_const_for_fn,
            reason = "nothing is compressed"
        )
    )]
    fn free_compression(&mut self) {
        #[cfg(feature = "deflate")]
        {
            self.compression = None;
        }
    }

    /// Fails the connection for something found in its parts: for instance, that a compressed
    /// message cannot be inflated (§7.1.7).
    ///
    /// It is as if the connection had found it: nothing more will be read, and
    /// [`transmit`](Self::transmit) tells the peer. After a close or a failure, it changes nothing.
    pub fn fail(&mut self, error: Error) {
        if let State::Open = self.state {
            self.fail_once(error);
        }
    }

    /// Writes what the protocol obliges us to say: the answer to the newest ping, and the close
    /// frame that answers the peer's close or tells it of its failure.
    ///
    /// **Call it only once the output before has been written to the transport.** Until then, further
    /// pings replace the one to answer, and a peer that floods and does not read costs nothing more. A
    /// caller that transmits into a growing `Vec` after every read appends a pong for every read that had
    /// a ping in it: for a flood of one ping a read, as many bytes as the peer sent.
    ///
    /// Returns whether everything was written. If not, a frame's payload is unfinished, or a message
    /// that is to be [finished first](Self::finish_message), or `out` has no room:
    /// [`MAX_TRANSMIT_LEN`](Self::MAX_TRANSMIT_LEN) is always enough. What was not written can be
    /// transmitted later.
    pub fn transmit(&mut self, out: &mut impl Buffer) -> bool {
        self.transmit_pong(out).and_then(|()| self.transmit_close(out)).is_ok()
    }

    fn transmit_pong(&mut self, out: &mut impl Buffer) -> Result<(), SendError> {
        if self.owes_pong() {
            self.encoder.encode_pong(self.pinged.as_slice(), out)?;
        }
        self.owes_pong = false;
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
            None => {
                if self.finishes_message {
                    self.encoder.ready()?;
                }
                // Code and reason go back as they came, so that the peer sees its own close as clean.
                self.encoder.encode_close_payload(self.received.as_slice(), out)
            }
        }
    }

    /// A peer that has closed waits for no pong (§5.5.2). A peer that broke a rule gets only the
    /// close frame.
    const fn owes_pong(&self) -> bool {
        self.owes_pong && self.is_open() && !self.encoder.is_closed()
    }

    const fn owes_close(&self) -> bool {
        !self.is_open() && !self.encoder.is_closed()
    }

    /// Whether the peer has neither closed nor broken a rule.
    const fn is_open(&self) -> bool {
        matches!(self.state, State::Open) && self.decoder.error().is_none()
    }

    /// Whether [`transmit`](Self::transmit) has anything to write.
    pub const fn owes(&self) -> bool {
        self.owes_pong() || self.owes_close()
    }

    /// Returns which end is to close the transport, once it is to be closed; `None` before.
    ///
    /// After the closing handshake it is the server, so that `TIME_WAIT` does not keep the client
    /// from connecting again (§7.1.1). After a failure it is the end that noticed it.
    ///
    /// It is `None` until our close frame was transmitted, and stays the same from then on. While a frame's
    /// payload is unfinished, no close frame can be transmitted: a caller that cannot finish the payload can
    /// only drop the transport.
    ///
    /// Write all of the output before you close. Data of the peer's that is still unread may make the system
    /// discard that output: shut down writing alone, then read until the end, but not for long.
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

    /// The rule or limit that the peer broke, if it did.
    pub const fn error(&self) -> Option<Error> {
        self.decoder.error()
    }

    /// Bytes of payload that the frame being received still lacks: 0 between frames.
    pub const fn payload_remaining(&self) -> u64 {
        self.decoder.payload_remaining()
    }

    /// Receives the end of the transport. Returns how the connection ended.
    pub const fn receive_eof(&self) -> Ending {
        Ending { code: self.peer_code(), truncated: self.decoder.check_eof().is_err() }
    }

    /// The code of the peer's close frame, or the one for there being none.
    const fn peer_code(&self) -> CloseCode {
        match self.state {
            State::PeerClosed(code) => code,
            _ => CloseCode::ABNORMAL,
        }
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
