//! A server's end of a connection: all of its calls.

use core::fmt;

use super::calls::CallId;
use super::memory::Memory;
use super::ping_policy::PingPolicy;
use super::server_call::{ServerState, send_response, write_owed, write_trailers};
use super::shared::{Shared, Step};
use super::time::keepalive;
use crate::Buffer;
use crate::grpc::{
    CallKind, Code, Message, MessageEvent, Request, ResponseHead, SendError, ServerCall,
    ServerConfig, Status, Trailers,
};
use crate::http;
use crate::http2::{self, Connection, ErrorCode, Head, Headers, Keepalive, Limits, Stream};

/// A server's end of one HTTP/2 connection, with all of its calls.
///
/// It handles HTTP/2 and gRPC; you decide which calls there are, and what to answer. An event only names its call.
/// [`path`](Self::path), [`headers`](Self::headers) and [`message`](Self::message) return the rest. So no event borrows
/// from the server, and a struct can hold it beside a socket and your own state.
///
/// ```
/// use framewright::grpc::{CallKind, Heap, SendError, Server, ServerConfig, ServerEvent};
/// use framewright::http2::Limits;
///
/// struct Greeter {
///     grpc: Server<Heap>,
///     out: Vec<u8>, // what the socket has not taken yet
/// }
///
/// impl Greeter {
///     /// Handles what was just read, and fills `out`. `now` is in milliseconds, on any scale.
///     fn on_readable(&mut self, mut input: &mut [u8], now: u64) -> Result<(), SendError> {
///         while let Some(event) = self.grpc.receive(&mut input, now) {
///             match event {
///                 ServerEvent::Call(call) => match self.grpc.path() {
///                     "/helloworld.Greeter/SayHello" => self.grpc.accept(call, CallKind::Unary)?,
///                     _ => {} // without `accept`, the answer is UNIMPLEMENTED
///                 },
///                 ServerEvent::Message(call) => {
///                     let reply = [b"hello, ", self.grpc.message(call).bytes].concat();
///                     self.grpc.reply(call, &reply, &mut self.out)?;
///                 }
///                 _ => {}
///             }
///         }
///         self.grpc.transmit(&mut self.out); // once the output before is written
///         Ok(())
///     }
/// }
///
/// let grpc = Server::new(ServerConfig::new(), Limits::new(), 0);
/// let mut greeter = Greeter { grpc, out: Vec::new() };
/// # use framewright::grpc::{Client, ClientEvent, ClientRequest, Code, Path};
/// # let mut client = Client::<Heap>::new(framewright::grpc::Limits::new(), Limits::new(), 0);
/// # let mut wire = Vec::new();
/// # let path = Path::parse("/helloworld.Greeter/SayHello").unwrap();
/// # let request = ClientRequest::new(path).authority("localhost");
/// # let call = client.unary(&request, b"you", &mut wire)?;
/// # let path = Path::parse("/helloworld.Greeter/SayGoodbye").unwrap();
/// # let other = client.unary(&ClientRequest::new(path).authority("localhost"), b"you", &mut wire)?;
/// # client.transmit(&mut wire);
/// # for read in wire.chunks_mut(7) {
/// #     greeter.on_readable(read, 0)?;
/// # }
/// # let mut input = &mut greeter.out[..];
/// # let mut ends = Vec::new();
/// # while let Some(event) = client.receive(&mut input, 0) {
/// #     match event {
/// #         ClientEvent::Message(one) => {
/// #             assert_eq!((one, client.message(call).bytes), (call, &b"hello, you"[..]));
/// #         }
/// #         ClientEvent::End { call, code } => ends.push((call, code)),
/// #         _ => {}
/// #     }
/// # }
/// # ends.sort_by_key(|(call, _)| call.slot());
/// # assert_eq!(ends, [(call, Code::Ok), (other, Code::Unimplemented)]);
/// # Ok::<(), SendError>(())
/// ```
///
/// # What may happen when
///
/// ```text
///              accept()                    finish(), reply()
///     Call ───────────────▶ Message … HalfClose ─────────────▶ over
///      │                        │          │
///      └── not accepted: over   └──────────┴──▶ Cancelled: over
/// ```
///
/// A call may be [finished](Self::finish) at any time, even instead of being accepted. After that, there are no more
/// events of it.
///
/// # Back-pressure
///
/// [`send`](Self::send) takes a whole message. What does not fit in the client's windows is kept, and
/// [`transmit`](Self::transmit) sends it once they open. While anything is kept, the next `send` returns
/// [`SendError::Busy`]; [`ServerEvent::Writable`] says when to try again. So each call keeps at most one message.
///
/// A server that gets `Busy` and would have to queue its answers should [pause](Self::pause) the call. Otherwise that
/// queue grows as long as the client sends and does not read.
pub struct Server<M: Memory> {
    pub(super) shared: Shared<http2::Server, M, ServerState>,
    config: ServerConfig<'static>,
    /// The call that was just announced.
    announced: Option<Stream>,
    pub(super) pings: PingPolicy,
}

/// What has come of a call.
///
/// [`Server`] shows the loop that receives them.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum ServerEvent {
    /// A call has begun. Ask for its [`path`](Server::path), and [`accept`](Server::accept) it before the next
    /// [`receive`](Server::receive).
    Call(CallId),
    /// A message has come, whole: [`message`](Server::message) has it.
    Message(CallId),
    /// No more messages will come.
    HalfClose(CallId),
    /// A [`send`](Server::send) was [`Busy`](SendError::Busy): try it again now.
    Writable(CallId),
    /// The call ended without being [finished](Server::finish). The client gave up, its deadline passed, it broke a rule
    /// or a limit, or the connection is lost. A client that is still there is told the `code`.
    Cancelled {
        /// The call.
        call: CallId,
        /// Why it ended.
        code: Code,
    },
}

impl<M: Memory> Server<M> {
    /// A server's end of a connection that begins at `now`, in ms on any scale that never goes back.
    ///
    /// `config` is for every call, `limits` for the connection.
    pub fn new(config: ServerConfig<'static>, limits: Limits, now: u64) -> Self {
        let http2 = Connection::server(M::storage(), limits);
        Self {
            shared: Shared::new(http2, keepalive(now), now),
            config,
            announced: None,
            pings: PingPolicy::new(),
        }
    }

    /// Sets when the client counts as late, silent or idle. Default: that of [`Keepalive`], except that a connection
    /// without calls may last for ever.
    #[must_use]
    pub fn keepalive(mut self, keepalive: Keepalive) -> Self {
        self.shared.set_keepalive(keepalive);
        self
    }

    /// Sets how often the client may ping while nothing is sent to it, in ms. Default: 5 min, as other servers
    /// have it (gRFC A8).
    ///
    /// Two pings that come too soon are forgiven, counted since the server last sent a head, a message or trailers. The
    /// third ends the connection, with `ENHANCE_YOUR_CALM` and `too_many_pings`.
    #[must_use]
    pub const fn min_ping_interval(mut self, ms: u64) -> Self {
        self.pings.min_interval = ms;
        self
    }

    /// Receives the next event, advancing `input` past it. `now` is the time, in ms on the scale of [`new`](Self::new).
    ///
    /// `None` means that every byte of `input` was taken and there is no other event. Call it until then whenever bytes
    /// have come, and with empty `input` at the [`deadline`](Self::deadline). `input` is mutable because bodies are
    /// decoded in place.
    pub fn receive(&mut self, input: &mut &mut [u8], now: u64) -> Option<ServerEvent> {
        if let Some(stream) = self.announced.take() {
            self.refuse_unaccepted(stream);
        }
        loop {
            self.shared.http2.allow_pings(self.pings.allowed(now));
            let step = self.shared.receive(input, now);
            if self.pings.see(self.shared.http2.ping_count(), now) {
                // Nothing after the ping was received. Every call hears of it.
                self.shared.note_lost();
                if step.is_none() {
                    continue;
                }
            }
            let (stream, event) = match step? {
                Step::Request { stream, end } => {
                    if let Some(call) = self.begin(stream, end) {
                        return Some(ServerEvent::Call(call));
                    }
                    continue;
                }
                Step::Writable(stream) => return Some(ServerEvent::Writable(CallId(stream))),
                Step::Call(stream, event) => (stream, event),
            };
            let call = CallId(stream);
            return Some(match event {
                MessageEvent::Message => ServerEvent::Message(call),
                MessageEvent::HalfClose => ServerEvent::HalfClose(call),
                MessageEvent::End(code) => {
                    match self.call(call) {
                        Ok(ended) if ended.owes() => {
                            self.shared.calls.enqueue(stream);
                            self.shared.begin_grace(stream);
                        }
                        _ => self.shared.calls.close(stream),
                    }
                    ServerEvent::Cancelled { call, code }
                }
                // Only clients have these.
                MessageEvent::Head | MessageEvent::CompressedTrailers => continue,
            });
        }
    }

    /// Begins the call whose head has come. `None` if it is refused.
    fn begin(&mut self, stream: Stream, end: bool) -> Option<CallId> {
        let head = Head::from_checked(self.shared.head.as_slice());
        let (method, target) = head.method_and_target();
        let state = match Request::parse(method, target, head.headers())
            .and_then(|request| request.begin(&self.config, self.shared.now))
        {
            Ok(call) if call.owes() => ServerState::Call(call),
            Ok(call) => ServerState::Offered(call),
            Err(refusal) => ServerState::Refused(refusal),
        };
        let offered = matches!(state, ServerState::Offered(_));
        if !self.shared.open(stream, state) {
            self.shared.http2.reset(stream, ErrorCode::REFUSED_STREAM);
            return None;
        }
        if end {
            self.shared.owe_eof(stream);
        }
        if !offered {
            self.shared.calls.enqueue(stream);
            return None;
        }
        self.announced = Some(stream);
        Some(CallId(stream))
    }

    /// The path of the call that [`ServerEvent::Call`] has just announced: `/service/method`, as
    /// [`Path`](crate::grpc::Path) reads it.
    ///
    /// It is there until the next [`receive`](Self::receive), and empty otherwise.
    pub fn path(&self) -> &str {
        self.head().map_or("", |head| head.method_and_target().1)
    }

    /// The headers of the call that [`ServerEvent::Call`] has just announced: [`metadata`](crate::grpc::metadata())
    /// finds the custom ones, and [`Encodings::choose`](crate::grpc::Encodings::choose) what may be sent
    /// compressed.
    ///
    /// They are there until the next [`receive`](Self::receive).
    pub fn headers(&self) -> Headers<'_> {
        self.head().map_or(Headers::default(), |head| head.headers())
    }

    fn head(&self) -> Option<Head<'_>> {
        self.announced.map(|_| Head::from_checked(self.shared.head.as_slice()))
    }

    /// Accepts the call that [`ServerEvent::Call`] has just announced. `kind` says how many messages go each way.
    ///
    /// A call that is neither accepted nor finished before the next [`receive`](Self::receive) is answered with
    /// [`Code::Unimplemented`]. An accepted call can still end with any status, by [`finish`](Self::finish).
    ///
    /// # Errors
    ///
    /// [`SendError::NotAnnounced`], and nothing changes: it is not the call that was just announced, or it was accepted
    /// or finished already.
    pub fn accept(&mut self, call: CallId, kind: CallKind) -> Result<(), SendError> {
        if self.announced != Some(call.0) {
            return Err(SendError::NotAnnounced);
        }
        let state = self.shared.calls.call(call.0).ok_or(SendError::NotAnnounced)?;
        state.accept(kind)
    }

    /// Refuses the call that was announced, if it was not accepted.
    fn refuse_unaccepted(&mut self, stream: Stream) {
        let Some(state @ ServerState::Offered(_)) = self.shared.calls.call(stream) else { return };
        if state.as_call().is_ok_and(ServerCall::is_head_sent)
            && let ServerState::Offered(call) = core::mem::replace(state, ServerState::Idle)
        {
            // It was answered, which accepts it.
            *state = ServerState::Call(call);
            return;
        }
        let head = Head::from_checked(self.shared.head.as_slice());
        let (method, target) = head.method_and_target();
        if let Ok(request) = Request::parse(method, target, head.headers()) {
            *state = ServerState::Refused(request.unimplemented());
            self.shared.calls.enqueue(stream);
        }
    }

    /// The message of a call that came last, from its [`ServerEvent::Message`] until the next one of the call begins to
    /// arrive. Otherwise, and after the end of the call, it is empty.
    pub fn message(&self, call: CallId) -> Message<'_> {
        self.shared.calls.message(call.0)
    }

    /// The encoding that the client compresses its messages with. `None` if it named none, or the call is over.
    pub fn encoding(&self, call: CallId) -> Option<&str> {
        self.call(call).ok()?.encoding()
    }

    /// Stops opening the window of a call until [`resume`](Self::resume), so that the client has to stop sending.
    ///
    /// Events of the call still come for what the client may send before its window is used up: at most
    /// [`stream_window`](http2::Limits::stream_window) bytes. Other calls go on as before.
    pub fn pause(&mut self, call: CallId) {
        self.shared.pause(call.0);
    }

    /// Opens the window of a call that was [paused](Self::pause) again. Does nothing to one that was not.
    pub fn resume(&mut self, call: CallId) {
        self.shared.resume(call.0);
    }

    /// Sets when the call ends at the latest, in ms on the scale of [`new`](Self::new), instead of what the client asked
    /// for.
    pub fn set_deadline(&mut self, call: CallId, at: u64) {
        if let Ok(call) = self.call_mut(call)
            && call.code().is_none()
        {
            call.set_deadline(at);
            self.shared.calls.note_deadline(at);
        }
    }

    /// Sends the head of the response. Without this, the first message sends one without metadata.
    ///
    /// Some clients, such as tonic's, yield a stream of responses only once its head has come. If the first response answers
    /// a message of the client's, send the head at once, or such a client may wait for it before it sends anything.
    ///
    /// # Errors
    ///
    /// Nothing was sent. Among others: [`SendError::BufferFull`] if `out` has no room for the whole head,
    /// [`SendError::HeadSent`] if it was sent before, [`SendError::Ended`] if the call is over.
    pub fn send_head(
        &mut self,
        call: CallId,
        head: ResponseHead<'_>,
        out: &mut impl Buffer,
    ) -> Result<(), SendError> {
        let stream = call.0;
        let Shared { http2, calls, .. } = &mut self.shared;
        let call = calls.call(stream).ok_or(SendError::Ended)?.as_call_mut()?;
        call.check_head(&head)?;
        let fields = http::from_fn(|put| call.each_of_head(&head, put));
        send_response(http2, stream, 200, fields, false, out)?;
        call.head_written(&head);
        self.pings.sent();
        Ok(())
    }

    /// Sends a whole message. What does not fit in the peer's windows or in `out` is kept, and
    /// [`transmit`](Self::transmit) sends it later.
    ///
    /// # Errors
    ///
    /// Nothing of this message was sent or kept. [`SendError::Busy`]: the message before it is not sent yet, so wait for
    /// [`ServerEvent::Writable`]. [`SendError::BufferFull`]: write `out` to the transport first, or, with
    /// [`Fixed`](super::Fixed) memory, the message is too long for it. [`SendError::Ended`]: the call is over.
    ///
    /// For several messages at once, a [`batch`](Self::batch) takes fewer bytes and less time.
    pub fn send<'m>(
        &mut self,
        call: CallId,
        message: impl Into<Message<'m>>,
        out: &mut impl Buffer,
    ) -> Result<(), SendError> {
        let message = message.into();
        match self.shared.send(call.0, message, false, out) {
            // The head goes with the first message. Most messages are not the first: asking before each would cost them time.
            Err(SendError::HeadUnsent) => {
                self.send_head(call, ResponseHead::new(), out)?;
                self.shared.send(call.0, message, false, out)?;
            }
            sent => sent?,
        }
        self.pings.sent();
        Ok(())
    }

    /// Ends the call with a status and perhaps metadata. They are sent after what is kept of a message. If the client's
    /// window is still closed one second after the deadline of the call, its stream is reset instead.
    ///
    /// # Errors
    ///
    /// Nothing was sent, and the call goes on, unless it was over already ([`SendError::Ended`]).
    pub fn finish<'t>(
        &mut self,
        call: CallId,
        trailers: impl Into<Trailers<'t>>,
        out: &mut impl Buffer,
    ) -> Result<(), SendError> {
        let trailers = trailers.into();
        self.call(call)?.check_finish(&trailers)?;
        write_trailers(&mut self.shared, call.0, &trailers, out)?;
        self.pings.sent();
        Ok(())
    }

    /// Sends a message and ends the call with status OK: the answer to a unary call.
    ///
    /// # Errors
    ///
    /// Those of [`send`](Self::send), after which the message was not sent, and those of [`finish`](Self::finish), after
    /// which it was: do not send it again.
    pub fn reply<'m>(
        &mut self,
        call: CallId,
        message: impl Into<Message<'m>>,
        out: &mut impl Buffer,
    ) -> Result<(), SendError> {
        // Most calls have only this message, so that the head is usually unsent.
        if !self.call(call)?.is_head_sent() {
            self.send_head(call, ResponseHead::new(), out)?;
        }
        self.shared.send(call.0, message.into(), false, out)?;
        self.pings.sent();
        self.finish(call, Status::OK, out)
    }

    /// Writes what HTTP/2 and gRPC oblige this end to say, and as much of the kept messages as the windows allow.
    ///
    /// **Call it only once the output before has been written to the transport.** Then what is owed has a fixed size,
    /// whatever the client does.
    ///
    /// Returns `false` if `out` had no room for all of it: call it again once there is room.
    pub fn transmit(&mut self, out: &mut impl Buffer) -> bool {
        self.shared.transmit(out, write_owed)
    }

    /// Whether [`transmit`](Self::transmit) has something to write.
    pub fn owes(&mut self) -> bool {
        self.shared.owes()
    }

    /// When to call [`receive`](Self::receive) at the latest, in ms, because a call's deadline passes or the client is
    /// late. `None` if there is nothing to wait for.
    pub fn deadline(&self) -> Option<u64> {
        self.shared.deadline()
    }

    /// Closes gracefully: no new call begins, and those that have begun go on to their ends.
    ///
    /// Go on with [`receive`](Self::receive) and [`transmit`](Self::transmit) until the connection
    /// [is over](Self::is_over). [`Keepalive::close_within`] says how long that may take.
    pub fn close(&mut self) {
        self.shared.close();
    }

    /// Receives the end of the transport. After it, [`receive`](Self::receive) returns [`ServerEvent::Cancelled`] for
    /// every call that was open.
    pub fn receive_eof(&mut self) {
        self.shared.lose();
    }

    /// Whether the connection is over: close the transport, once everything in `out` is written to it.
    pub fn is_over(&mut self) -> bool {
        self.shared.is_over()
    }

    /// The HTTP/2 connection under the calls: it has the client's settings, and the error if it failed.
    pub const fn http2(&self) -> &Connection<http2::Server, M::Table, M::Streams> {
        &self.shared.http2
    }

    pub(super) fn call(&self, call: CallId) -> Result<&ServerCall, SendError> {
        match self.shared.calls.get(call.0) {
            Some(entry) => entry.call.as_call(),
            None => Err(SendError::Ended),
        }
    }

    fn call_mut(&mut self, call: CallId) -> Result<&mut ServerCall, SendError> {
        match self.shared.calls.call(call.0) {
            Some(state) => state.as_call_mut(),
            None => Err(SendError::Ended),
        }
    }
}

/// Without the calls, which may hold what others must not see.
impl<M: Memory> fmt::Debug for Server<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("http2", &self.shared.http2).finish_non_exhaustive()
    }
}
