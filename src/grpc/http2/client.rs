//! A client's end of a connection: all of its calls.

use core::fmt;

use super::calls::CallId;
use super::memory::Memory;
use super::shared::{Shared, SideCall, Step};
use super::time::keepalive;
use crate::Buffer;
use crate::grpc::call::BodyEncoder;
use crate::grpc::{
    CallKind, ClientCall, ClientRequest, Code, Inbox, Limits, Message, MessageEvent, SendError,
    Status,
};
use crate::http2::{self, Connection, ErrorCode, Head, Headers, Keepalive, Stream};

/// A client's end of a connection of HTTP/2, with all of its calls.
///
/// Its events have no lifetime, and what they are about is asked for: [`message`](Self::message),
/// [`headers`](Self::headers), [`status`](Self::status). So it fits in a struct beside a socket and the user's
/// own state.
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
/// #         ServerEvent::Call(call) => server.accept(call, CallKind::Unary),
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
///        └── or at any time ─────────────┘      cancel(): no End, as the caller knows
/// ```
///
/// Every call ends with exactly one [`ClientEvent::End`], unless it is [cancelled](Self::cancel).
pub struct Client<M: Memory> {
    shared: Shared<http2::Client, M, ClientState<M::Message>>,
    limits: Limits,
    /// The call whose head came last, until something else happens.
    announced: Option<Stream>,
    /// The call that has just ended: what it came to can be asked for until something else happens.
    ended: Option<Stream>,
}

/// What has come of a call.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum ClientEvent {
    /// The head of the response has come: [`headers`](Client::headers) has it.
    Head(CallId),
    /// A message has come, whole: [`message`](Client::message) has it.
    Message(CallId),
    /// The message before this is on its way: another one can be sent.
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
    /// A client's end of a connection that begins at `now`, in milliseconds on any scale that never goes
    /// back. `limits` are those of every call, `http2` those of the connection.
    pub fn new(limits: Limits, http2: http2::Limits, now: u64) -> Self {
        let connection = Connection::client(M::storage(), http2);
        Self {
            shared: Shared::new(connection, keepalive(now), now),
            limits,
            announced: None,
            ended: None,
        }
    }

    /// Sets when the server is late, and when it is pinged. The default is that of [`Keepalive`], but without
    /// a limit on the time without calls.
    ///
    /// A server that is pinged more often than it likes ends the connection (gRFC A8).
    #[must_use]
    pub fn keepalive(mut self, keepalive: Keepalive) -> Self {
        self.shared.set_keepalive(keepalive);
        self
    }

    /// Begins a call. Its deadline counts from the time of the last [`receive`](Self::receive).
    ///
    /// # Errors
    ///
    /// Nothing was sent. [`SendError::TooManyCalls`] says to wait for the end of another one, and
    /// [`SendError::Closing`] to open another connection.
    pub fn call(
        &mut self,
        request: &ClientRequest<'_>,
        kind: CallKind,
        out: &mut impl Buffer,
    ) -> Result<CallId, SendError> {
        let fields = request.to_fields()?;
        let (scheme, authority) = request.target();
        let path = request.path().as_str();
        let head = http2::Request::new(ClientRequest::METHOD, scheme, authority, path);
        let stream = self.shared.http2.open(head, fields, false, out).map_err(|e| match e {
            http2::SendError::BufferFull(full) => SendError::BufferFull(full),
            http2::SendError::TooManyStreams => SendError::TooManyCalls,
            http2::SendError::Request(_) => SendError::Authority,
            _ => SendError::Closing,
        })?;
        self.forget_ended();
        let call = request.call(kind, self.limits, M::message(), self.shared.now);
        if !self.shared.open(stream, ClientState { call: Some(call), is_unprocessed: false }) {
            self.shared.http2.reset(stream, ErrorCode::CANCEL);
            return Err(SendError::TooManyCalls);
        }
        Ok(CallId(stream))
    }

    /// Begins a unary call with its message.
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

    /// Receives the next event, advancing `input` past it. `now` is the time, in milliseconds.
    ///
    /// `None` means that every byte of `input` was taken. Call it when bytes have come, and with none at the
    /// [`deadline`](Self::deadline).
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

    /// Resets the stream of a call that has ended, unless both sides are done. What it came to is kept a while.
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

    /// The message that came last.
    ///
    /// It is there until the next one of the call comes: the reply of a unary call still is at its
    /// [`End`](ClientEvent::End). While there is none, it is empty.
    pub fn message(&self, call: CallId) -> Message<'_> {
        self.shared.calls.message(call.0)
    }

    /// How a call ended: there from its [`ClientEvent::End`] to the next [`receive`](Self::receive) or
    /// [`call`](Self::call).
    pub fn status(&self, call: CallId) -> Option<Status<'_>> {
        self.get(call)?.status()
    }

    /// The trailers of a call, as long as its [`status`](Self::status) is there:
    /// [`metadata`](crate::grpc::metadata()) finds the custom ones.
    pub fn trailers(&self, call: CallId) -> crate::http::Headers<'_> {
        self.get(call).map(ClientCall::trailers).unwrap_or_default()
    }

    /// Whether the server has certainly not processed a call that has just ended, so that it can be made again,
    /// on another connection if this one closes (PROTOCOL-HTTP2, *Errors*; gRFC A6).
    pub fn is_unprocessed(&self, call: CallId) -> bool {
        self.shared.calls.get(call.0).is_some_and(|entry| entry.call.is_unprocessed)
    }

    /// The encoding of the compressed messages that the server sends.
    pub fn encoding(&self, call: CallId) -> Option<&str> {
        self.get(call)?.encoding()
    }

    /// Sends a message, whole. What windows or the room in `out` do not let through is kept, and sent by
    /// [`transmit`](Self::transmit).
    ///
    /// # Errors
    ///
    /// Nothing was sent. [`SendError::Busy`] says to wait for [`ClientEvent::Writable`], and
    /// [`SendError::BufferFull`] to write `out` to the transport first, or that [`Fixed`](super::Fixed) memory
    /// is shorter than the message.
    pub fn send<'m>(
        &mut self,
        call: CallId,
        message: impl Into<Message<'m>>,
        out: &mut impl Buffer,
    ) -> Result<(), SendError> {
        self.shared.send(call.0, message.into(), false, out)
    }

    /// Sends the last message and ends the request, which takes one frame less than to do one after the other.
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

    /// Ends the request, after what is left to be sent: no other message follows.
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

    /// Lets the server send no more of a call than its window has room for, until [`resume`](Self::resume): what
    /// cannot be dealt with yet stays where it is.
    ///
    /// Events go on for what has come and is on its way. Its length is at most that of
    /// [`stream_window`](http2::Limits::stream_window). Other calls do not notice.
    pub fn pause(&mut self, call: CallId) {
        self.shared.pause(call.0);
    }

    /// Lets the server send more of a call that was [paused](Self::pause).
    pub fn resume(&mut self, call: CallId) {
        self.shared.resume(call.0);
    }

    /// Gives a call up. Nothing more is heard of it.
    pub fn cancel(&mut self, call: CallId) {
        if self.get(call).is_some() {
            self.shared.http2.reset(call.0, ErrorCode::CANCEL);
            self.shared.calls.close(call.0);
        }
    }

    /// Writes what the protocols oblige us to say, and what is left of messages, as far as windows allow.
    ///
    /// **Call it only once the output before has been written to the transport.** What is owed has a fixed
    /// size then, whatever the server does.
    ///
    /// Returns whether everything was written. If not, `out` has no room: call it again once it has.
    pub fn transmit(&mut self, out: &mut impl Buffer) -> bool {
        self.shared.transmit(out, |_, _, _| Ok(()))
    }

    /// Whether [`transmit`](Self::transmit) has something to write.
    pub fn owes(&mut self) -> bool {
        self.shared.owes()
    }

    /// When to call [`receive`](Self::receive) at the latest: a call's deadline passes, or the server is late.
    pub fn deadline(&self) -> Option<u64> {
        self.shared.deadline()
    }

    /// Closes gracefully: calls that have begun go on to their ends, and no other can begin.
    pub fn close(&mut self) {
        self.shared.close();
    }

    /// Takes notice that the transport has ended. [`receive`](Self::receive) returns [`ClientEvent::End`] for
    /// every call that was open.
    pub fn receive_eof(&mut self) {
        self.shared.lose();
    }

    /// Whether the transport is to be closed, once `out` is written.
    pub fn is_over(&mut self) -> bool {
        self.shared.is_over()
    }

    /// The connection below the calls: what the peer has said of itself, and how it failed.
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
        self.call.as_mut()?.receive_head(head.status(), head.headers(), end).map(Into::into)
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

    fn disconnect(&mut self) -> Option<MessageEvent> {
        self.call.as_mut()?.disconnect().map(Into::into)
    }

    fn poll(&mut self, now: u64) -> Option<MessageEvent> {
        self.call.as_mut()?.poll(now).map(Into::into)
    }

    fn deadline(&self) -> Option<u64> {
        self.call.as_ref()?.deadline()
    }

    fn due_reset(&self, _: u64) -> Option<ErrorCode> {
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
