//! One end of a connection: both directions, and how it closes.
//!
//! ```text
//!              close()                the close ping's answer
//!     Open ─────────────▶ Announced ─────────────────────────▶ Final       a server's
//!     Open ──────────────────────────────────────────────────▶ Final       a client's
//!
//!     a rule is broken, or fail(): Failed, from anywhere
//! ```
//!
//! In `Announced`, the peer knows that it should open no more streams, and those that cross that news are served. In
//! `Final`, it knows which was the last. What came of each stream before, `slot` has as a table.

use core::fmt;
use core::marker::PhantomData;

use super::blocks::Block;
use super::budget::Budgets;
use super::owed::{GoAway, Owed, Ping, Reason};
use super::settings::{PeerSettings, PendingSettings};
use super::slot::Half;
use super::streams::StreamTable;
use super::window::{ReceiveWindow, SendWindow};
use super::{
    Client, Decoder, Encoder, Error, ErrorCode, Limits, Role, SendError, Server, Side, Slot, Slots,
    Storage, Stream, StreamId, hpack,
};
use crate::Buffer;

/// One end of an HTTP/2 connection (RFC 9113): streams, flow control, and the answers that the peer has to get.
///
/// What the peer sends comes in through [`receive`](Self::receive). What the protocol obliges us to say goes
/// out through [`transmit`](Self::transmit). What the caller has to say goes out through
/// [`open`](Self::open) at a client, [`send_head`](Self::send_head) at a server, and [`send`](Self::send), at
/// any time.
///
/// Nothing is queued. A body is pulled: `send` writes a frame as far as windows allow, and
/// [`writable`](Self::writable) says which stream is next.
///
/// `B` is storage for the tables of HPACK, and `S` for streams: see [`Storage`]. [The module](super) has the loop.
pub struct Connection<R, B, S> {
    side: PhantomData<R>,
    pub(super) limits: Limits,
    pub(super) decoder: Decoder,
    pub(super) encoder: Encoder,
    pub(super) field_decoder: hpack::Decoder<B>,
    pub(super) field_encoder: hpack::Encoder<B>,
    pub(super) streams: StreamTable<S>,
    pub(super) current: Current,
    pub(super) send_window: SendWindow,
    pub(super) receive_window: ReceiveWindow,
    pub(super) peer: PeerSettings,
    /// Whether the peer has acknowledged our settings.
    pub(super) acknowledged: bool,
    /// How many pings have come. It wraps.
    pub(super) ping_count: u8,
    /// How many more pings may come. `u8::MAX` if that is not limited.
    pub(super) pings_left: u8,
    pub(super) extended_connect: bool,
    pub(super) owed: Owed,
    pub(super) budgets: Budgets,
    pub(super) peer_goaway: Option<PeerGoAway>,
    pub(super) state: State,
}

/// What is coming from the peer. Frames of other kinds do not come in between (§4.3).
#[derive(Debug)]
pub(super) enum Current {
    /// Nothing that takes more than one part, or a body that nobody wants.
    Nothing,
    /// A field block.
    Block {
        block: Block,
        /// Whose head or trailers it has. Nobody may want them.
        target: Option<Stream>,
    },
    /// A DATA frame with the body of a stream.
    Data(Stream),
    /// A SETTINGS frame.
    Settings(PendingSettings),
}

/// How far a connection has come.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum State {
    Open,
    /// The peer was told to open no more streams. Whether the ping that shows when it knows was sent.
    Announced {
        pinged: bool,
    },
    /// The last stream of the peer's that is served.
    Final {
        last: u32,
    },
    /// Nothing more is read. The error is missing if the caller failed it.
    Failed(Option<Error>),
}

/// What the peer's newest GOAWAY said.
#[derive(Clone, Copy, Debug)]
pub(super) struct PeerGoAway {
    pub(super) last: u32,
    pub(super) code: ErrorCode,
    /// The next slot to look at for streams that it refuses. There are fewer slots than the highest number.
    pub(super) sweep: u32,
}

/// The payload of the ping that shows that a GOAWAY arrived.
pub(super) const CLOSE_PING: [u8; 8] = *b"goaway\0\0";

/// How a connection ended, once the transport did.
///
/// ```
/// use framewright::http2::{Connection, Ending, Limits, Storage};
///
/// let mut server = Connection::server(Storage::new(), Limits::new());
/// let mut read = *b"PRI * HTTP/2.0\r\n";
/// assert!(server.receive(&mut &mut read[..], &mut Vec::new()).is_none());
/// // The next read returns 0 bytes: the client is gone, in the middle of its preface.
/// assert_eq!(server.receive_eof(), Ending { code: None, truncated: true });
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Ending {
    /// What the peer's GOAWAY said; `None` if there was none.
    pub code: Option<ErrorCode>,
    /// Whether the transport ended inside of a frame, or while a stream was open.
    pub truncated: bool,
}

impl<B: Buffer, S: Slots> Connection<Server, B, S> {
    /// The server's end of a connection.
    pub fn server(storage: Storage<B, S>, limits: Limits) -> Self {
        Self::new(storage, limits)
    }

    /// Offers extended CONNECT, by which WebSocket opens on a stream (RFC 8441 §3).
    #[must_use]
    pub const fn extended_connect(mut self) -> Self {
        self.extended_connect = true;
        self
    }
}

impl<B: Buffer, S: Slots> Connection<Client, B, S> {
    /// The client's end of a connection.
    pub fn client(storage: Storage<B, S>, limits: Limits) -> Self {
        Self::new(storage, limits)
    }
}

impl<R: Side, B: Buffer, S: Slots> Connection<R, B, S> {
    fn new(storage: Storage<B, S>, limits: Limits) -> Self {
        let limits = limits.in_range();
        Self {
            side: PhantomData,
            limits,
            decoder: Decoder::new(R::ROLE, limits),
            encoder: Encoder::new(),
            field_decoder: hpack::Decoder::new(storage.decoder_table, storage.decoder_table_size),
            field_encoder: hpack::Encoder::new(storage.encoder_table, storage.encoder_table_size),
            streams: StreamTable::new(storage.slots),
            current: Current::Nothing,
            send_window: SendWindow::INITIAL,
            receive_window: ReceiveWindow::partly_granted(limits.connection_window, 0xFFFF),
            peer: PeerSettings::INITIAL,
            acknowledged: false,
            ping_count: 0,
            pings_left: u8::MAX,
            extended_connect: false,
            owed: Owed::new(),
            budgets: Budgets::new(&limits),
            peer_goaway: None,
            state: State::Open,
        }
    }

    /// The peer's settings, or before they have come, the values to begin with (§6.5.2).
    pub const fn peer(&self) -> &PeerSettings {
        &self.peer
    }

    /// Whether the peer has acknowledged our settings (§6.5.3). If so, call
    /// [`Keepalive::acknowledged`](super::Keepalive::acknowledged).
    pub const fn is_acknowledged(&self) -> bool {
        self.acknowledged
    }

    /// What the peer did wrong, if the connection failed for it.
    pub const fn error(&self) -> Option<Error> {
        match self.state {
            State::Failed(error) => error,
            _ => None,
        }
    }

    /// How many streams are open. Those whose end has not been written count.
    pub const fn open_streams(&self) -> u32 {
        self.streams.open_count()
    }

    /// How many streams the peer may have open at once.
    pub(super) fn max_streams(&self) -> u32 {
        self.limits.max_streams.min(self.streams.max_len())
    }

    /// Whether the stream is open, or its end is still to be written.
    pub fn is_open(&self, stream: Stream) -> bool {
        self.streams.get(stream).is_some()
    }

    /// Whether a window has cut the stream short, so that it waits. Tell
    /// [`Keepalive::waiting`](super::Keepalive::waiting) whether any stream does.
    pub fn is_waiting(&self, stream: Stream) -> bool {
        self.streams.get(stream).is_some_and(Slot::is_waiting)
    }

    /// The next stream that was cut short and can go on. Streams take turns.
    ///
    /// Call [`send`](Self::send) with what is left, or [`reset`](Self::reset) it. `None` means that no stream can
    /// send now: the next [`receive`](Self::receive) may change that.
    pub fn writable(&mut self) -> Option<Stream> {
        if self.send_window.available() == 0 || matches!(self.state, State::Failed(_)) {
            return None;
        }
        self.streams.take_ready()
    }

    /// Marks `len` bytes of a body as not used yet: the peer may send as many more only after their
    /// [release](Self::release).
    ///
    /// Without this, bytes count as used when they are returned. A caller that stores bodies calls it with the
    /// length of each [`Data`](super::Data). Then it never has more than [`Limits::stream_window`] bytes of one
    /// stream in store.
    pub fn keep(&mut self, stream: Stream, len: u32) {
        if let Some(slot) = self.streams.get_mut(stream) {
            slot.receive_window.keep(len);
        }
    }

    /// Marks `len` bytes that were [kept](Self::keep) as used: the peer may send as many more. Beyond what was
    /// kept, nothing counts.
    pub fn release(&mut self, stream: Stream, len: u32) {
        if let Some(slot) = self.streams.get_mut(stream) {
            slot.receive_window.release(len);
            self.streams.settle(stream);
        }
    }

    /// Ends a stream at once, both ways (§6.4): [`transmit`](Self::transmit) sends RST_STREAM.
    ///
    /// A server that has answered and needs no more of the request gives [`ErrorCode::NO_ERROR`] (§8.1). If the
    /// stream is over, this changes nothing.
    pub fn reset(&mut self, stream: Stream, code: ErrorCode) {
        if let Some(slot) = self.streams.get_mut(stream)
            && !slot.is_reset()
        {
            if slot.received != Half::Closed {
                self.budgets.stream_reset(slot.receive_window.left());
            }
            slot.owe_reset(code);
            self.streams.settle(stream);
        }
    }

    /// Sends a PING, which measures a round trip and shows that the peer is alive (§6.7). `transmit` writes
    /// it, and the answer is [`Event::Pong`](super::Event::Pong).
    ///
    /// # Errors
    ///
    /// [`SendError::PingInFlight`] while the one before was not answered. After [`close`](Self::close), that may be
    /// one with the same payload that the connection sent by itself.
    pub fn ping(&mut self, payload: [u8; 8]) -> Result<(), SendError> {
        match (self.state, self.owed.ping) {
            (State::Failed(_), _) => Err(SendError::Closing),
            // The answers to the two could not be told apart.
            (State::Announced { pinged: true }, _) if payload == CLOSE_PING => {
                Err(SendError::PingInFlight)
            }
            (_, Ping::None) => {
                self.owed.ping = Ping::Owed(payload);
                Ok(())
            }
            _ => Err(SendError::PingInFlight),
        }
    }

    /// Closes gracefully: open streams go on to their ends (§6.8).
    ///
    /// A server first asks the client to open no more streams, and still serves those that the client opened before it
    /// read this. Then it names the last stream that it serves. A client just opens no more. Go on with
    /// [`receive`](Self::receive) and [`transmit`](Self::transmit) until the connection
    /// [is over](Self::is_over). A second call changes nothing.
    pub fn close(&mut self) {
        if self.state != State::Open {
            return;
        }
        (self.state, self.owed.goaway) = match R::ROLE {
            Role::Server => {
                (State::Announced { pinged: false }, Some(GoAway::clean(StreamId::MAX.get())))
            }
            Role::Client => (State::Final { last: 0 }, Some(GoAway::clean(0))),
        };
    }

    /// Fails the connection at once, for a reason of the caller's (§5.4.1). Nothing more will be read, and
    /// `transmit` tells the peer.
    pub fn fail(&mut self, code: ErrorCode) {
        self.fail_for(None, code, Reason::Nothing);
    }

    /// Fails the connection. Returns whether it had not failed before.
    pub(crate) fn fail_for(
        &mut self,
        error: Option<Error>,
        code: ErrorCode,
        reason: Reason,
    ) -> bool {
        if let State::Failed(_) = self.state {
            return false;
        }
        let last = match self.state {
            State::Final { last } => last,
            _ => self.last_served(),
        };
        self.state = State::Failed(error);
        self.owed.goaway = Some(GoAway { last, code, reason });
        true
    }

    /// How many pings of the peer's have come. The number wraps.
    pub(crate) const fn ping_count(&self) -> u8 {
        self.ping_count
    }

    /// Allows so many more pings, or any number if it is `u8::MAX`. The next one fails the connection at once, before any frame after it.
    pub(crate) const fn allow_pings(&mut self, count: u8) {
        self.pings_left = count;
    }

    /// Whether the connection has failed, by the peer's doing or the caller's.
    pub(crate) const fn has_failed(&self) -> bool {
        matches!(self.state, State::Failed(_))
    }

    /// The highest stream of the peer's that was seen.
    pub(super) const fn last_served(&self) -> u32 {
        match R::ROLE {
            Role::Server => self.streams.last_id(),
            // A server opens none.
            Role::Client => 0,
        }
    }

    /// Whether anything is owed that [`transmit`](Self::transmit) would write.
    pub fn owes(&mut self) -> bool {
        if let State::Failed(_) = self.state {
            return self.owed.goaway.is_some();
        }
        !self.owed.is_empty()
            || self.state == State::Announced { pinged: false }
            || self.receive_window.credit() > 0
            || self.streams.owing().is_some()
    }

    /// Whether to close the transport, because everything owed is written and nothing more will happen: the
    /// connection failed, or one of the ends closed it and no stream is open.
    pub fn is_over(&mut self) -> bool {
        if self.owes() {
            return false;
        }
        match self.state {
            State::Failed(_) => true,
            State::Final { .. } => self.open_streams() == 0,
            _ => self.peer_goaway.is_some() && self.open_streams() == 0,
        }
    }

    /// Returns how the connection ended, once the transport has.
    ///
    /// A request that was not answered may have been processed, unless a GOAWAY refused it (§8.7).
    pub const fn receive_eof(&self) -> Ending {
        let code = match self.peer_goaway {
            Some(PeerGoAway { code, .. }) => Some(code),
            None => None,
        };
        let truncated = self.decoder.check_eof().is_err() || self.streams.open_count() > 0;
        Ending { code, truncated }
    }

    /// Refills [`Limits::reset_budget`] and [`Limits::useless_budget`] by the time that has passed. `now` is in
    /// milliseconds, on any scale that never goes back.
    ///
    /// It is optional, since useful work refills them too. Once a second is often enough.
    pub fn poll(&mut self, now: u64) {
        self.budgets.poll(now, &self.limits);
    }
}

impl GoAway {
    /// One that is no error.
    pub(super) const fn clean(last: u32) -> Self {
        Self { last, code: ErrorCode::NO_ERROR, reason: Reason::Nothing }
    }
}

/// Without the tables, which may hold what others must not see.
impl<R: Side, B, S> fmt::Debug for Connection<R, B, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("role", &R::ROLE)
            .field("state", &self.state)
            .field("peer", &self.peer)
            .field("send_window", &self.send_window)
            .field("receive_window", &self.receive_window)
            .field("owed", &self.owed)
            .finish_non_exhaustive()
    }
}
