//! One end of a connection: both directions, how it opens, and how it closes.
//!
//! ```text
//!              CONNECT came             accept()               DISCONNECT came
//!  server      connect()                CONNECTED came         DISCONNECT sent           client
//!  or client ┌───────────▶ Connecting ────────────────▶ Open ─────────────────▶ Leaving
//!            │                 │                          │                        │
//!         Opening              ├──────────────────────────┘                        │ its RECEIPT came
//!            │                 │                                                   ▼
//!            ├─────────────────┴──▶ Closed ◀───────────────────────────────────────┤
//!            │    an ERROR was sent or came                                        │
//!            │                                                                     │
//!            └──▶ Failed ◀─────────────────────────────────────────────────────────┘
//!                 a rule is broken, or the peer is silent, in any state
//! ```

mod client;
mod frames;
mod sending;
mod server;
mod time;

use core::fmt;
use core::marker::PhantomData;

pub use frames::FrameEvent;
pub use time::Action;

use super::timers::Timers;
use super::{
    Client, Command, Decoder, Encoder, Error, FrameBuilder, HeartBeat, Inbox, Limits, Part, Server,
    Side, Version, Versions,
};
use crate::inline::Inline;
use crate::{Buffer, Chunk};

/// One end of a STOMP connection, over TCP or WebSocket.
///
/// It decodes and encodes, agrees on a version and on heart-beats, checks what may come when, and says when to close
/// the transport. Three kinds of methods move bytes:
///
/// - [`receive_frame`](Self::receive_frame) takes what the peer sends, in whole frames; [`receive`](Self::receive) does
///   so in parts.
/// - [`transmit`](Self::transmit) writes what the protocol obliges us to say: heart-beats, and a server's `ERROR`.
/// - [`send`](Self::send) and similar methods write what the caller has to say.
///
/// Times are in ms on any scale that never goes back. A connection takes less than 400 bytes, and no heap.
///
/// # Closing
///
/// A client sends [`FrameBuilder::disconnect`], with a receipt, and goes on receiving until
/// [`close_expected`](Self::close_expected) says that the transport is to be closed. A server goes on until the
/// `DISCONNECT` has come and its receipt was sent. An `ERROR` ends the connection, too: the server's caller sends
/// one, or `transmit` does when the client broke a rule.
///
/// # Example
///
/// The [module](super) has the loop. A client that connects and leaves:
///
/// ```
/// use framewright::stomp::{Closer, Command, Connection, Ending, FrameBuilder, FrameEvent, Inbox, Limits};
///
/// let mut client = Connection::client(Limits::new(), 0);
/// let (mut inbox, mut out) = (Inbox::new(Vec::new()), Vec::new());
/// client.connect(FrameBuilder::connect("example.com"), &mut out)?;
/// let mut input = &b"CONNECTED\nversion:1.2\n\n\0"[..];
/// let event = client.receive_frame(&mut input, &mut inbox, 10);
/// assert_eq!(event, Some(FrameEvent::Frame(Command::Connected)));
/// client.send(FrameBuilder::disconnect().receipt("bye"), &mut out)?;
/// assert_eq!(client.close_expected(), None);
/// let mut input = &b"RECEIPT\nreceipt-id:bye\n\n\0"[..];
/// client.receive_frame(&mut input, &mut inbox, 20);
/// assert_eq!(client.close_expected(), Some(Closer::Us));
/// assert_eq!(client.receive_eof(), Ending { clean: true, truncated: false });
/// # Ok::<(), framewright::stomp::SendError>(())
/// ```
pub struct Connection<S> {
    decoder: Decoder,
    encoder: Encoder,
    state: State,
    /// The frame that is being received.
    current: Command,
    /// How many bytes of its body were joined.
    joined: u64,
    timers: Timers,
    /// The versions that this end speaks.
    versions: Versions,
    /// What this end can do, and what it wants.
    heart_beat: HeartBeat,
    /// What the peer can do, and what it wants.
    peer_heart_beat: HeartBeat,
    /// The version that was agreed on.
    version: Option<Version>,
    /// At a server, the receipt that a frame asked for which broke a rule. At a client, that of its
    /// `DISCONNECT`.
    receipt: Inline<MAX_RECEIPT_LEN>,
    side: PhantomData<S>,
}

const MAX_RECEIPT_LEN: usize = 64;

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum State {
    /// No frame came or went.
    Opening,
    /// The `CONNECT` came or went.
    Connecting,
    /// The `CONNECTED` came or went.
    Open,
    /// The `DISCONNECT` came or went. At a client that asked for one, its receipt has to come.
    Leaving,
    /// The peer broke a rule. At a server, the `ERROR` may have to be written.
    Failed { peer_told: bool },
    /// Nothing more will come or go. `clean`: after a `DISCONNECT`, not an `ERROR`.
    Closed { clean: bool },
}

/// What has come from the peer.
///
/// ```
/// use framewright::stomp::{Command, Connection, Event, Inbox, Limits};
///
/// let mut server = Connection::server(Limits::new(), 0);
/// let mut inbox = Inbox::new(Vec::new());
/// let mut input = &b"CONNECT\naccept-version:1.2\nhost:a\n\n\0"[..];
/// assert_eq!(server.receive(&mut input, &mut inbox, 0), Some(Event::Head(Command::Connect)));
/// assert_eq!(inbox.headers().get("host"), Some("a"));
/// let Some(Event::Body(chunk)) = server.receive(&mut input, &mut inbox, 0) else { panic!("a body") };
/// assert!(chunk.bytes.is_empty() && chunk.end);
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Event<'a> {
    /// The head of a frame is in the inbox: [`Inbox::headers`] has the headers.
    Head(Command),
    /// Bytes of its body. Every frame has at least one chunk, which may be empty.
    Body(Chunk<'a>),
    /// The peer broke a rule or a limit: nothing more will be read.
    Failed(Error),
}

/// Which end is to close the transport.
///
/// [`Connection`] has an example.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Closer {
    /// This end, once everything that was transmitted has been written.
    ///
    /// A server that closes while there is input that it has not read may lose the `ERROR` or `RECEIPT` that it has
    /// written (*Connection Lingering*): shut down writing alone, then read until the end, but not for long.
    Us,
    /// The other end. This end closes only after a timeout.
    Peer,
}

/// How a connection ended, once the transport did.
///
/// [`Connection`] has an example.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Ending {
    /// Whether a `DISCONNECT` ended it and, at a client that asked for a receipt, the receipt has come.
    pub clean: bool,
    /// Whether a frame was cut off.
    pub truncated: bool,
}

impl Connection<Server> {
    /// The server's end of a connection that began at `now`.
    pub const fn server(limits: Limits, now: u64) -> Self {
        Self::new(limits, now)
    }
}

impl Connection<Client> {
    /// The client's end of a connection that began at `now`. [`connect`](Self::connect) comes next.
    pub const fn client(limits: Limits, now: u64) -> Self {
        Self::new(limits, now)
    }
}

impl<S: Side> Connection<S> {
    /// The most that [`transmit`](Self::transmit) writes, in bytes: one `ERROR`, or at a client a heart-beat.
    pub const MAX_TRANSMIT_LEN: usize = if S::IS_SERVER {
        let message = b"message:".len() + Error::MAX_TEXT_LEN + 1;
        // Every byte of it may have to be escaped.
        let receipt = b"receipt-id:".len() + 2 * MAX_RECEIPT_LEN + 1;
        b"ERROR\n".len() + message + receipt + b"content-length:0\n\n\0".len()
    } else {
        1
    };

    /// The longest receipt that a connection remembers, in bytes: that of a client's `DISCONNECT`, and that of a
    /// frame that broke a rule at a server. Laxer than the standard, an `ERROR` does not name a longer one, so that
    /// what is owed has a fixed size (*ERROR*).
    pub const MAX_RECEIPT_LEN: usize = MAX_RECEIPT_LEN;

    const fn new(limits: Limits, now: u64) -> Self {
        Self {
            decoder: Decoder::new(limits),
            encoder: Encoder::without_version(),
            state: State::Opening,
            current: Command::Connect,
            joined: 0,
            timers: Timers::new(now),
            versions: Versions::ALL,
            heart_beat: HeartBeat::NONE,
            peer_heart_beat: HeartBeat::NONE,
            version: None,
            receipt: Inline::EMPTY,
            side: PhantomData,
        }
    }

    /// Sets the versions that this end speaks. Default: all.
    #[must_use]
    pub const fn versions(mut self, versions: Versions) -> Self {
        self.versions = versions;
        self
    }

    /// Sets the heart-beats that this end can send, and that it wants. Default: none.
    ///
    /// With heart-beats, the caller has to [`poll`](Self::poll) and [`transmit`](Self::transmit) at each
    /// [`deadline`](Self::deadline). With a peer of 1.0 there are none.
    #[must_use]
    pub const fn heart_beat(mut self, heart_beat: HeartBeat) -> Self {
        self.heart_beat = heart_beat;
        self
    }

    /// Sets whether NULs between frames are skipped: see
    /// [`Decoder::accept_stray_nul`]. Default: no.
    #[must_use]
    pub const fn accept_stray_nul(mut self, accept: bool) -> Self {
        self.decoder = self.decoder.accept_stray_nul(accept);
        self
    }

    /// Receives the next event at `now`, advancing `input` past it.
    ///
    /// `None` means that every byte of `input` was taken and more are needed. After the end, whatever comes is
    /// taken and ignored. Call it until it returns `None`, then call [`transmit`](Self::transmit). The inbox has
    /// the headers; a connection has to be given the same one each time.
    pub fn receive<'a, B: Buffer>(
        &mut self,
        input: &mut &'a [u8],
        inbox: &mut Inbox<B>,
        now: u64,
    ) -> Option<Event<'a>> {
        self.timers.at(now);
        if !input.is_empty() {
            self.timers.received();
        }
        if self.ignores_input() {
            *input = &[];
            return None;
        }
        match self.decoder.decode(input, inbox) {
            Ok(None) => None,
            Ok(Some(Part::Head(command))) => match self.begin_frame(command, inbox) {
                Ok(()) => Some(Event::Head(command)),
                Err(e) => Some(self.fail_in_frame(e, inbox)),
            },
            Ok(Some(Part::Body(chunk))) => {
                if !chunk.bytes.is_empty() && self.forbids_body() {
                    return Some(self.fail_in_frame(Error::BodyNotAllowed(self.current), inbox));
                }
                if chunk.end {
                    self.end_frame(inbox);
                }
                Some(Event::Body(chunk))
            }
            Err(e) => Some(self.fail_in_frame(e, inbox)),
        }
    }

    /// Whether nothing that comes has a meaning any more.
    const fn ignores_input(&self) -> bool {
        match self.state {
            State::Opening | State::Connecting | State::Open => false,
            State::Leaving => S::IS_SERVER,
            State::Failed { .. } | State::Closed { .. } => true,
        }
    }

    /// Checks a head, and does what it says.
    fn begin_frame<B: Buffer>(&mut self, command: Command, inbox: &Inbox<B>) -> Result<(), Error> {
        self.current = command;
        self.joined = 0;
        if command.is_from_server() == S::IS_SERVER {
            return Err(Error::WrongSide(command));
        }
        let headers = inbox.headers();
        if S::IS_SERVER {
            self.begin_client_frame(&headers)
        } else {
            self.begin_server_frame(&headers)
        }
    }

    /// Whether the current frame must not have a body. In 1.0, such a body has no meaning.
    fn forbids_body(&self) -> bool {
        !self.current.may_have_body() && self.version > Some(Version::V1_0)
    }

    /// Does what a frame says, now that it is complete.
    fn end_frame<B: Buffer>(&mut self, inbox: &Inbox<B>) {
        match self.current {
            Command::Disconnect => {
                self.state = State::Leaving;
                self.timers.closing();
            }
            Command::Error => {
                self.state = State::Closed { clean: false };
                self.timers.closing();
            }
            // Only a `DISCONNECT` leaves one to wait for.
            Command::Receipt => {
                let receipt = inbox.headers().get("receipt-id").unwrap_or_default();
                if !self.receipt.is_empty() && self.receipt.as_str() == receipt {
                    self.state = State::Closed { clean: true };
                }
            }
            _ => {}
        }
    }

    /// Agrees on a version.
    fn agree(&mut self, version: Version) {
        self.version = Some(version);
        self.decoder.set_version(version);
        self.encoder.set_version(version);
    }

    /// Fails for something in a frame, which may have asked for a receipt.
    #[cold]
    fn fail_in_frame<'a, B: Buffer>(&mut self, error: Error, inbox: &Inbox<B>) -> Event<'a> {
        self.fail(error);
        if S::IS_SERVER && self.decoder.failed_in_frame() {
            let receipt = inbox.headers_so_far().get("receipt").unwrap_or_default();
            self.receipt.clear();
            // One that is too long is left out.
            self.receipt.try_append(receipt.as_bytes());
        }
        Event::Failed(error)
    }

    /// Fails the connection for something that the caller found in its frames.
    ///
    /// It is as if the connection had found it: nothing more will be read, and at a server
    /// [`transmit`](Self::transmit) tells the client. After the end, it changes nothing.
    pub fn fail(&mut self, error: Error) {
        if matches!(self.state, State::Failed { .. } | State::Closed { .. }) {
            return;
        }
        self.decoder.fail(error);
        self.state = State::Failed { peer_told: !S::IS_SERVER };
        self.timers.closing();
    }

    /// Writes what the protocol obliges us to say at `now`: a heart-beat if one is due, and the `ERROR` that tells a
    /// client which rule it broke.
    ///
    /// **Call it only once the output before has been written to the transport.** What is owed until then has a fixed
    /// size. Heart-beats are sent even while frames are: a byte costs less than to know when the frames leave.
    ///
    /// Returns whether everything was written. If not, the body of a frame is unfinished, or `out` has no room:
    /// [`MAX_TRANSMIT_LEN`](Self::MAX_TRANSMIT_LEN) is always enough. What was not written can be transmitted
    /// later.
    pub fn transmit(&mut self, out: &mut impl Buffer, now: u64) -> bool {
        self.timers.at(now);
        if self.timers.beat_is_due() {
            if self.encoder.encode_heart_beat(out).is_err() {
                return false;
            }
            self.timers.beat_sent();
        }
        if let State::Failed { peer_told: false } = self.state {
            if self.transmit_error(out).is_err() {
                return false;
            }
            self.state = State::Failed { peer_told: true };
        }
        true
    }

    fn transmit_error(&mut self, out: &mut impl Buffer) -> Result<(), super::SendError> {
        let Some(error) = self.error() else { return Ok(()) };
        let mut frame = FrameBuilder::error(error.text());
        if error == Error::NoVersionInCommon {
            frame = frame.own("version", self.versions.as_str());
        }
        if self.receipt.is_empty() {
            return self.encoder.encode(frame, out);
        }
        let receipt = self.receipt;
        match self.encoder.encode(frame.own("receipt-id", receipt.as_str()), out) {
            // It came raw, and the version has no escape for it.
            Err(super::SendError::HeaderInvalid) => self.encoder.encode(frame, out),
            result => result,
        }
    }

    /// Whether [`transmit`](Self::transmit) has an `ERROR` to write. Heart-beats depend on the time.
    pub const fn owes(&self) -> bool {
        matches!(self.state, State::Failed { peer_told: false })
    }

    /// Returns which end is to close the transport, once it is to be closed; `None` before.
    ///
    /// It is `None` until our `ERROR` was transmitted. Write all of the output before you close.
    pub fn close_expected(&self) -> Option<Closer> {
        match self.state {
            State::Leaving if S::IS_SERVER => Some(Closer::Peer),
            State::Leaving if self.receipt.is_empty() => Some(Closer::Us),
            State::Failed { peer_told: true } | State::Closed { .. } => Some(Closer::Us),
            // A client that leaves waits for its receipt.
            State::Opening
            | State::Connecting
            | State::Open
            | State::Leaving
            | State::Failed { peer_told: false } => None,
        }
    }

    /// Whether the connection is closing or closed: a `DISCONNECT` or an `ERROR` was sent or came, or the peer broke
    /// a rule.
    pub const fn is_closing(&self) -> bool {
        !matches!(self.state, State::Opening | State::Connecting | State::Open)
    }

    /// The version that was agreed on, once the `CONNECT` has come to a server, or the `CONNECTED` to a client.
    pub const fn agreed_version(&self) -> Option<Version> {
        self.version
    }

    /// The rule or limit that the peer broke, if it did.
    pub const fn error(&self) -> Option<Error> {
        self.decoder.error()
    }

    /// How many bytes of the current body are known to be missing: see [`Decoder::body_remaining`].
    pub const fn body_remaining(&self) -> u64 {
        self.decoder.body_remaining()
    }

    /// Receives the end of the transport. Returns how the connection ended.
    pub fn receive_eof(&self) -> Ending {
        let clean = match self.state {
            State::Leaving => S::IS_SERVER || self.receipt.is_empty(),
            State::Closed { clean } => clean,
            _ => false,
        };
        Ending { clean, truncated: self.decoder.check_eof().is_err() }
    }
}

impl<S> fmt::Debug for Connection<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("decoder", &self.decoder)
            .field("encoder", &self.encoder)
            .field("state", &self.state)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}
