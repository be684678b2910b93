//! A client's end of a connection: all of its calls.

use core::fmt;

use super::calls::CallId;
use super::memory::Memory;
use super::shared::{Shared, SideCall, Step};
use super::time::keepalive;
use crate::Buffer;
use crate::grpc::call::{BodyEncoder, Carrier};
use crate::grpc::{
    CallKind, ClientCall, ClientRequest, Code, Inbox, Limits, Message, MessageEvent, SendError,
    Status,
};
use crate::http2::{self, Connection, ErrorCode, Head, Headers, Keepalive, Stream};

/// A client's end of one HTTP/2 connection, with all of its calls.
///
/// An event only names its call. [`message`](Self::message), [`headers`](Self::headers) and [`status`](Self::status)
/// return the rest. So no event borrows from the client, and a struct can hold it beside a socket and your own
/// state.
///
/// ```
/// use framewright::grpc::{Client, ClientEvent, ClientRequest, Heap, Limits, Path, SendError};
/// use framewright::http2;
/// # use framewright::grpc::{CallKind, Server, ServerConfig, ServerEvent};
///
/// let mut grpc = Client::<Heap>::new(Limits::new(), http2::Limits::new(), 0);
/// let path = Path::parse("/helloworld.Greeter/SayHello").unwrap();
/// let request = ClientRequest::new(path).authority("localhost");
/// let mut out = Vec::new(); // what goes to the socket
/// let call = grpc.unary(&request, b"you", &mut out)?;
/// grpc.transmit(&mut out);
/// # let mut server = Server::<Heap>::new(ServerConfig::new(), http2::Limits::new(), 0);
/// # let (mut input, mut answer) = (&mut out[..], Vec::new());
/// # while let Some(event) = server.receive(&mut input, 0) {
/// #     match event {
/// #         ServerEvent::Call(call) => server.accept(call, CallKind::Unary)?,
/// #         ServerEvent::Message(call) => server.reply(call, b"hello, you", &mut answer)?,
/// #         _ => {}
/// #     }
/// # }
/// # server.transmit(&mut answer);
/// # let mut code = None;
///
/// // Whatever was read, at the time `now`.
/// # for read in answer.chunks_mut(7) {
/// # let (mut input, now) = (read, 0);
/// while let Some(event) = grpc.receive(&mut input, now) {
///     match event {
///         ClientEvent::Message(call) => println!("{:?}", grpc.message(call)),
///         ClientEvent::End { call, code: _ } => println!("{:?}", grpc.status(call)),
///         _ => {}
///     }
/// #   if let ClientEvent::End { code: with, .. } = event { code = Some(with) }
/// }
/// # }
/// # assert_eq!(code, Some(framewright::grpc::Code::Ok));
/// # let _ = call;
/// # Ok::<(), SendError>(())
/// ```
///
/// # What may happen when
///
/// ```text
///     call() ──▶ Head ──▶ Message … ──▶ End
///        │                               ▲
///        └── or at any time ─────────────┘      after cancel(), no event comes
/// ```
///
/// Every call ends with exactly one [`ClientEvent::End`], unless it is [cancelled](Self::cancel).
pub struct Client<M: Memory> {
    pub(super) shared: Shared<http2::Client, M, ClientState<M::Message>>,
    limits: Limits,
    /// The call whose head came last, until something else happens.
    announced: Option<Stream>,
    /// The call that has just ended. Its status and trailers are kept until something else happens.
    ended: Option<Stream>,
}

/// What has come of a call.
///
/// [`Client`] shows the loop that receives them.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum ClientEvent {
    /// The head of the response has come: [`headers`](Client::headers) has it.
    Head(CallId),
    /// A message has come, whole: [`message`](Client::message) has it.
    Message(CallId),
    /// A [`send`](Client::send) was [`Busy`](SendError::Busy): try it again now.
    Writable(CallId),
    /// The call is over: [`status`](Client::status) and [`trailers`](Client::trailers) say more.
    End {
        /// The call.
        call: CallId,
        /// How it ended.
        code: Code,
    },
}

/// What a client knows of a call.
pub(super) struct ClientState<B> {
    /// `None` if there is none.
    call: Option<ClientCall<B>>,
    /// Whether the server has certainly not processed it.
    is_unprocessed: bool,
}

impl<M: Memory> Client<M> {
    /// A client's end of a connection that begins at `now`, in ms on any scale that never goes back.
    ///
    /// `limits` are for every call, `http2` for the connection.
    pub fn new(limits: Limits, http2: http2::Limits, now: u64) -> Self {
        let connection = Connection::client(M::storage(), http2);
        Self {
            shared: Shared::new(connection, keepalive(now), now),
            limits,
            announced: None,
            ended: None,
        }
    }

    /// Sets when the server is pinged, and when it counts as late or dead. Default: that of [`Keepalive`], except that a
    /// connection without calls may last for ever.
    ///
    /// A server that is pinged more often than it likes ends the connection (gRFC A8).
    #[must_use]
    pub fn keepalive(mut self, keepalive: Keepalive) -> Self {
        self.shared.set_keepalive(keepalive);
        self
    }

    /// Begins a call: writes its head to `out`. Messages follow by [`send`](Self::send).
    ///
    /// The time-out of the request counts from the `now` of the last [`receive`](Self::receive), or of
    /// [`new`](Self::new) before the first.
    ///
    /// # Errors
    ///
    /// No call began. [`SendError::TooManyCalls`]: wait for the end of another call. [`SendError::Closing`]: open another
    /// connection. [`SendError::BufferFull`]: write `out` to the transport first. [`SendError::Authority`],
    /// [`SendError::Scheme`]: the request needs a valid [`authority`](ClientRequest::authority) or
    /// [`scheme`](ClientRequest::scheme).
    pub fn call(
        &mut self,
        request: &ClientRequest<'_>,
        kind: CallKind,
        out: &mut impl Buffer,
    ) -> Result<CallId, SendError> {
        if self.shared.is_lost() {
            return Err(SendError::Closing);
        }
        let fields = request.to_fields()?;
        let head = request.http2_head()?;
        // Nothing may be written if there is no room for the call.
        let Shared { http2, calls, .. } = &mut self.shared;
        if http2.next_slot().is_some_and(|slot| !calls.reserve(slot)) {
            return Err(SendError::TooManyCalls);
        }
        let stream = self.shared.http2.open(head, fields, false, out).map_err(|e| match e {
            http2::SendError::BufferFull(full) => SendError::BufferFull(full),
            http2::SendError::TooManyStreams => SendError::TooManyCalls,
            http2::SendError::Request(_) => SendError::Authority,
            _ => SendError::Closing,
        })?;
        self.forget_ended();
        let now = self.shared.now;
        let call = request.call_on(Carrier::Http, kind, self.limits, M::message(), now);
        self.shared.open(stream, ClientState { call: Some(call), is_unprocessed: false });
        Ok(CallId(stream))
    }

    /// Begins a unary call, sends its message and ends the request.
    ///
    /// # Errors
    ///
    /// Those of [`call`](Self::call), and those of [`send`](Self::send), after which the call is cancelled.
    pub fn unary<'m>(
        &mut self,
        request: &ClientRequest<'_>,
        message: impl Into<Message<'m>>,
        out: &mut impl Buffer,
    ) -> Result<CallId, SendError> {
        let call = self.call(request, CallKind::Unary, out)?;
        if let Err(e) = self.send_last(call, message, out) {
            self.cancel(call);
            return Err(e);
        }
        Ok(call)
    }

    /// Receives the next event, advancing `input` past it. `now` is the time, in ms on the scale of [`new`](Self::new).
    ///
    /// `None` means that every byte of `input` was taken and there is no other event. Call it until then whenever bytes
    /// have come, and with empty `input` at the [`deadline`](Self::deadline). `input` is mutable because bodies are
    /// decoded in place.
    pub fn receive(&mut self, input: &mut &mut [u8], now: u64) -> Option<ClientEvent> {
        self.announced = None;
        self.forget_ended();
        loop {
            let (stream, event) = match self.shared.receive(input, now)? {
                // Only servers have these.
                Step::Request { .. } => continue,
                Step::Writable(stream) => return Some(ClientEvent::Writable(CallId(stream))),
                Step::Call(stream, event) => (stream, event),
            };
            let call = CallId(stream);
            return Some(match event {
                MessageEvent::Head => {
                    self.announced = Some(stream);
                    ClientEvent::Head(call)
                }
                MessageEvent::Message => ClientEvent::Message(call),
                MessageEvent::End(code) => {
                    self.end(stream);
                    ClientEvent::End { call, code }
                }
                // Only in gRPC-Web, and over HTTP/2 trailers are compressed with everything else.
                MessageEvent::CompressedTrailers => {
                    self.shared.calls.call(stream)?.call.as_mut()?.cancel(Code::Internal);
                    self.end(stream);
                    ClientEvent::End { call, code: Code::Internal }
                }
                MessageEvent::HalfClose => continue,
            });
        }
    }

    /// Resets the stream of a call that has ended, unless both sides are done. Its status is kept for now.
    fn end(&mut self, stream: Stream) {
        if let Some(entry) = self.shared.calls.get(stream) {
            let reset = entry.call.call.as_ref().and_then(ClientCall::reset_code);
            if let Some(reset) = reset {
                self.shared.http2.reset(stream, ErrorCode(reset.code()));
            } else if !entry.outbox.is_empty() {
                // The server needs no more of the request.
                self.shared.http2.reset(stream, ErrorCode::NO_ERROR);
            }
        }
        self.ended = Some(stream);
    }

    fn forget_ended(&mut self) {
        if let Some(stream) = self.ended.take() {
            self.shared.calls.close(stream);
        }
    }

    /// The headers of the response that [`ClientEvent::Head`] has just announced:
    /// [`metadata`](crate::grpc::metadata()) finds the custom ones.
    ///
    /// They are there until the next [`receive`](Self::receive).
    pub fn headers(&self) -> Headers<'_> {
        match self.announced {
            Some(_) => Head::from_checked(self.shared.head.as_slice()).headers(),
            None => Headers::default(),
        }
    }

    /// The message of a call that came last, from its [`ClientEvent::Message`] until the next one of the call begins to
    /// arrive. Otherwise it is empty.
    ///
    /// The reply of a unary call is still there at its [`End`](ClientEvent::End), as long as its
    /// [`status`](Self::status) is.
    pub fn message(&self, call: CallId) -> Message<'_> {
        self.shared.calls.message(call.0)
    }

    /// How a call ended. It is there from the [`ClientEvent::End`] to the next [`receive`](Self::receive) or
    /// [`call`](Self::call), and `None` otherwise.
    pub fn status(&self, call: CallId) -> Option<Status<'_>> {
        self.get(call)?.status()
    }

    /// The trailers of a call, as long as its [`status`](Self::status) is there:
    /// [`metadata`](crate::grpc::metadata()) finds the custom ones.
    pub fn trailers(&self, call: CallId) -> crate::http::Headers<'_> {
        self.get(call).map(ClientCall::trailers).unwrap_or_default()
    }

    /// Whether a call that has just ended can be repeated, because the server has certainly not processed it
    /// (PROTOCOL-HTTP2, *Errors*; gRFC A6). If this connection closes, repeat it on another one.
    ///
    /// The answer is there as long as the [`status`](Self::status), and `false` otherwise.
    pub fn is_unprocessed(&self, call: CallId) -> bool {
        self.shared.calls.get(call.0).is_some_and(|entry| entry.call.is_unprocessed)
    }

    /// The encoding that the server compresses its messages with. `None` if it named none, or the call is over.
    pub fn encoding(&self, call: CallId) -> Option<&str> {
        self.get(call)?.encoding()
    }

    /// Sends a whole message. What does not fit in the peer's windows or in `out` is kept, and
    /// [`transmit`](Self::transmit) sends it later.
    ///
    /// # Errors
    ///
    /// Nothing of this message was sent or kept. [`SendError::Busy`]: the message before it is not sent yet, so wait for
    /// [`ClientEvent::Writable`]. [`SendError::BufferFull`]: write `out` to the transport first, or, with
    /// [`Fixed`](super::Fixed) memory, the message is too long for it. [`SendError::Ended`]: the call is over.
    ///
    /// For several messages at once, a [`batch`](Self::batch) takes fewer bytes and less time.
    pub fn send<'m>(
        &mut self,
        call: CallId,
        message: impl Into<Message<'m>>,
        out: &mut impl Buffer,
    ) -> Result<(), SendError> {
        self.shared.send(call.0, message.into(), false, out)
    }

    /// Sends the last message and ends the request. This takes one frame less than [`send`](Self::send) and
    /// [`half_close`](Self::half_close).
    ///
    /// # Errors
    ///
    /// Those of [`send`](Self::send).
    pub fn send_last<'m>(
        &mut self,
        call: CallId,
        message: impl Into<Message<'m>>,
        out: &mut impl Buffer,
    ) -> Result<(), SendError> {
        self.shared.send(call.0, message.into(), true, out)?;
        self.end_request(call, out)
    }

    /// Ends the request, after what is kept of a message. No other message can be sent.
    pub fn half_close(&mut self, call: CallId, out: &mut impl Buffer) -> Result<(), SendError> {
        self.end_request(call, out)?;
        self.shared.send_eof(call.0, out);
        Ok(())
    }

    fn end_request(&mut self, call: CallId, out: &mut impl Buffer) -> Result<(), SendError> {
        let state = self.shared.calls.call(call.0).and_then(|state| state.call.as_mut());
        // Over HTTP, this writes nothing.
        state.ok_or(SendError::Ended)?.half_close(out)
    }

    /// Stops opening the window of a call until [`resume`](Self::resume), so that the server has to stop sending.
    ///
    /// Events of the call still come for what the server may send before its window is used up: at most
    /// [`stream_window`](http2::Limits::stream_window) bytes. Other calls go on as before.
    pub fn pause(&mut self, call: CallId) {
        self.shared.pause(call.0);
    }

    /// Opens the window of a call that was [paused](Self::pause) again. Does nothing to one that was not.
    pub fn resume(&mut self, call: CallId) {
        self.shared.resume(call.0);
    }

    /// Cancels a call: resets its stream with `CANCEL`. No event of it comes any more, not even
    /// [`ClientEvent::End`].
    pub fn cancel(&mut self, call: CallId) {
        if self.get(call).is_some() {
            self.shared.http2.reset(call.0, ErrorCode::CANCEL);
            self.shared.calls.close(call.0);
        }
    }

    /// Writes what HTTP/2 and gRPC oblige this end to say, and as much of the kept messages as the windows allow.
    ///
    /// **Call it only once the output before has been written to the transport.** Then what is owed has a fixed size,
    /// whatever the server does.
    ///
    /// Returns `false` if `out` had no room for all of it: call it again once there is room.
    pub fn transmit(&mut self, out: &mut impl Buffer) -> bool {
        self.shared.transmit(out, |_, _, _| Ok(()))
    }

    /// Whether [`transmit`](Self::transmit) has something to write.
    pub fn owes(&mut self) -> bool {
        self.shared.owes()
    }

    /// When to call [`receive`](Self::receive) at the latest, in ms, because a call's deadline passes or the server is
    /// late. `None` if there is nothing to wait for.
    pub fn deadline(&self) -> Option<u64> {
        self.shared.deadline()
    }

    /// Closes gracefully: no new call can begin, and those that have begun go on to their ends.
    ///
    /// Go on with [`receive`](Self::receive) and [`transmit`](Self::transmit) until the connection
    /// [is over](Self::is_over). [`Keepalive::close_within`] says how long that may take.
    pub fn close(&mut self) {
        self.shared.close();
    }

    /// Receives the end of the transport. After it, [`receive`](Self::receive) returns [`ClientEvent::End`] for every
    /// call that was open.
    pub fn receive_eof(&mut self) {
        self.shared.lose();
    }

    /// Whether the connection is over: close the transport, once everything in `out` is written to it.
    pub fn is_over(&mut self) -> bool {
        self.shared.is_over()
    }

    /// The HTTP/2 connection under the calls: it has the server's settings, and the error if it failed.
    pub const fn http2(&self) -> &Connection<http2::Client, M::Table, M::Streams> {
        &self.shared.http2
    }

    fn get(&self, call: CallId) -> Option<&ClientCall<M::Message>> {
        self.shared.calls.get(call.0)?.call.call.as_ref()
    }
}

impl<B: Buffer> SideCall<B> for ClientState<B> {
    const IDLE: Self = Self { call: None, is_unprocessed: false };

    fn receive_head(&mut self, head: Head<'_>, end: bool) -> Option<MessageEvent> {
        let call = self.call.as_mut()?;
        call.receive_head_twice(head.status(), head.headers(), end).map(Into::into)
    }

    fn decode_text_in_place<'a>(&mut self, bytes: &'a mut [u8]) -> &'a [u8] {
        match &mut self.call {
            Some(call) => call.decode_text_in_place(bytes),
            None => bytes,
        }
    }

    fn receive_message(&mut self, input: &mut &[u8], inbox: &mut Inbox<B>) -> Option<MessageEvent> {
        match &mut self.call {
            Some(call) => call.receive_message(input, inbox),
            None => {
                *input = &[];
                None
            }
        }
    }

    fn receive_trailers(&mut self, trailers: Headers<'_>) -> Option<MessageEvent> {
        self.call.as_mut()?.receive_trailers(trailers).map(Into::into)
    }

    fn receive_eof(&mut self) -> Option<MessageEvent> {
        self.call.as_mut()?.receive_eof().map(Into::into)
    }

    fn receive_reset(&mut self, code: ErrorCode) -> Option<MessageEvent> {
        self.is_unprocessed = code == ErrorCode::REFUSED_STREAM;
        self.call.as_mut()?.receive_reset(code.0).map(Into::into)
    }

    fn receive_disconnect(&mut self) -> Option<MessageEvent> {
        self.call.as_mut()?.receive_disconnect().map(Into::into)
    }

    fn poll(&mut self, now: u64) -> Option<MessageEvent> {
        self.call.as_mut()?.poll(now).map(Into::into)
    }

    fn deadline(&self, _: bool) -> Option<u64> {
        self.call.as_ref()?.deadline()
    }

    fn due_reset(&self, _: u64, _: bool) -> Option<ErrorCode> {
        None
    }

    fn body(&mut self) -> Result<&mut BodyEncoder, SendError> {
        self.call.as_mut().ok_or(SendError::Ended)?.body()
    }

    fn drain(&mut self, _: u64) -> bool {
        false
    }
}

/// Without the calls, which may hold what others must not see.
impl<M: Memory> fmt::Debug for Client<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("http2", &self.shared.http2).finish_non_exhaustive()
    }
}
