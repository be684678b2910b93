//! One end of an open WebSocket.

use std::future::poll_fn;
use std::ops::Range;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::{fmt, mem};

use bytes::BytesMut;
use framewright::ws::{
    self, Action, BytesMessage, CloseCode, CloseFrame, Closer, Connection, Inbox, Message,
    MessageEvent, Server, Side,
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::task::coop;

use super::Options;
use super::closing::Closing;
use super::output::{Half, Output};
use super::timer::Timer;
use crate::Error;

/// How many bytes are read and ignored after the end, so that our last bytes arrive.
const IGNORED: usize = 1 << 20;

/// One end of an open WebSocket: messages in, messages out.
///
/// `R` is [`Server`], or [`Client`](framewright::ws::Client) at the end that has connected.
///
/// Everything else happens as messages are waited for: pings are answered and sent, a silent peer is given up, the
/// peer's close is answered. So a task has to wait in [`next`](Self::next) for most of the time, even if it only sends;
/// [`close`](Self::close) does, too.
///
/// ```text
///          the peer closes or fails; close()      written             the peer ends
///   Open ─────────────────────────────────▶ Open ────────▶ Draining ────────────────▶ Over
///                                                          (time-out, too much input)
/// ```
///
/// # One task or two
///
/// [`next`](Self::next) and [`send`](Self::send) may be dropped while they wait, as `tokio::select!` does: nothing is lost.
/// A socket is also a [`Stream`](futures_core::Stream) and a [`Sink`](futures_sink::Sink) of [`BytesMessage`]s, and `futures_util::StreamExt::split` makes two halves of it
/// for two tasks:
///
/// ```
/// use framewright_tokio::{BytesMessage, Error, WebSocket};
/// use futures_util::{SinkExt, StreamExt};
/// use tokio::net::TcpStream;
/// use tokio::sync::mpsc;
///
/// async fn chat(
///     socket: WebSocket<TcpStream>,
///     room: mpsc::Sender<BytesMessage>,
///     mut said: mpsc::Receiver<BytesMessage>,
/// ) -> Result<(), Error> {
///     let (mut sender, mut receiver) = socket.split();
///     let sending = async {
///         while let Some(message) = said.recv().await {
///             sender.send(message).await?;
///         }
///         sender.close().await
///     };
///     let receiving = async {
///         while let Some(message) = receiver.next().await {
///             let _ = room.send(message?).await;
///         }
///         Ok(())
///     };
///     tokio::try_join!(sending, receiving).map(drop)
/// }
/// ```
///
/// The half that sends closes with [`CloseCode::NORMAL`], or with what was set by [`Closing::set`]:
///
/// ```
/// # use framewright_tokio::{CloseCode, Error, WebSocket};
/// # use futures_util::{SinkExt, StreamExt};
/// # use tokio::net::TcpStream;
/// # async fn stop(mut socket: WebSocket<TcpStream>) -> Result<(), Error> {
/// let closing = socket.closing();
/// let (mut sender, receiver) = socket.split();
/// // Later, wherever the server hears that it has to stop:
/// closing.set(CloseCode::GOING_AWAY, "the server restarts");
/// sender.close().await?;
/// # drop(receiver);
/// # Ok(())
/// # }
/// ```
///
/// # Dropping it
///
/// A socket that is dropped drops its stream: the peer sees an end without a closing handshake, and output that was not
/// written is lost.
///
/// # Memory
///
/// A socket holds its [read buffer](Options::read_buffer_len), the message that is being received, up to
/// [`Limits::max_message_len`](framewright::ws::Limits::max_message_len), and the output that the peer has not taken: 64 KiB and one message,
/// because senders wait after that.
pub struct WebSocket<S, R: Side = Server> {
    stream: S,
    pub(super) connection: Connection<R>,
    inbox: Inbox<BytesMut>,
    buffer: Box<[u8]>,
    /// The range of the buffer that was read but not received.
    unread: Range<usize>,
    /// Whether nothing has come since the connection had no more events.
    drained: bool,
    /// Whether all output was written when that was read. Then every ping in it gets its pong. Otherwise only the
    /// newest does, so that a peer that floods and does not read costs nothing more.
    answers_each: bool,
    pub(super) out: Output,
    /// Why output cannot be written. Kept until the input has ended, as the peer may have said why it left.
    failure: Option<Error>,
    timer: Timer,
    protocol: Option<Box<str>>,
    pub(super) closing: Option<Closing>,
    stage: Stage,
}

#[derive(Clone, Copy, Debug)]
enum Stage {
    Open,
    /// Everything is written. The rest of the input is ignored; this many bytes were so far.
    Draining {
        ignored: usize,
    },
    Over,
}

impl<S, R: Side> WebSocket<S, R> {
    pub(super) fn begin(
        stream: S,
        connection: Connection<R>,
        buffer: Box<[u8]>,
        unread: Range<usize>,
        protocol: Option<&str>,
        options: &Options,
    ) -> Self {
        Self {
            stream,
            connection,
            inbox: Inbox::new(BytesMut::new()),
            buffer,
            unread,
            drained: false,
            answers_each: true,
            out: Output::default(),
            failure: None,
            timer: Timer::new(options.keepalive()),
            protocol: protocol.map(Into::into),
            closing: None,
            stage: Stage::Open,
        }
    }

    /// A WebSocket on a stream whose opening handshake somebody else has carried out, with the default [`Options`]:
    /// see [`Options::upgraded`].
    ///
    /// # Panics
    ///
    /// There is no runtime of tokio with timers.
    pub fn from_upgraded(stream: S, connection: Connection<R>) -> Self {
        Options::new().upgraded(stream, connection)
    }

    #[cfg(feature = "hyper")]
    pub(super) fn set_protocol(&mut self, protocol: Option<&str>) {
        self.protocol = protocol.map(Into::into);
    }

    /// The agreed subprotocol, if there is one.
    pub fn protocol(&self) -> Option<&str> {
        self.protocol.as_deref()
    }

    /// The peer's close frame, once it has come.
    pub fn peer_close(&self) -> Option<CloseFrame<'_>> {
        self.connection.peer_close()
    }

    /// Whether no more messages can be sent.
    pub fn is_closing(&self) -> bool {
        self.connection.is_closing()
    }

    /// A handle that says with which code and reason the sink closes, for use after a split.
    pub fn closing(&mut self) -> Closing {
        self.closing.get_or_insert_default().clone()
    }

    /// The stream, for instance to ask for the peer's address.
    pub fn get_ref(&self) -> &S {
        &self.stream
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin, R: Side> WebSocket<S, R> {
    /// Waits for the next message. Returns `None` when the connection has closed as it should.
    ///
    /// It may be dropped while it waits: no message is lost.
    ///
    /// # Errors
    ///
    /// The connection is over. If the peer broke a rule, it has been told.
    pub async fn next(&mut self) -> Option<Result<BytesMessage, Error>> {
        poll_fn(|cx| self.poll_message(cx)).await
    }

    /// Sends a message, and waits until it is written.
    ///
    /// It may be dropped while it waits. The message is then sent whole by whatever comes next, or, if earlier output
    /// still filled the queue, not at all.
    ///
    /// # Errors
    ///
    /// [`Error::Send`] if the connection is closing or over, which is no failure if the peer closes while we send: wait
    /// for the end in [`next`](Self::next).
    /// After [`Error::Io`], too, `next` still returns what has come, and then how it ended.
    pub async fn send<'m>(&mut self, message: impl Into<Message<'m>>) -> Result<(), Error> {
        self.feed(message).await?;
        self.flush().await
    }

    /// Queues a message, to be written by whatever comes next: [`next`](Self::next) before it waits, [`flush`](Self::flush),
    /// or [`send`](Self::send).
    ///
    /// Answers to messages that have come together then go out together, in one write:
    ///
    /// ```
    /// # use framewright_tokio::{Error, WebSocket};
    /// # use tokio::net::TcpStream;
    /// # async fn echo(mut socket: WebSocket<TcpStream>) -> Result<(), Error> {
    /// while let Some(message) = socket.next().await {
    ///     socket.feed(&message?).await?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// It waits only if the peer has not taken 64 KiB of earlier output, or to let other tasks have their turn. If it is
    /// dropped then, the message is not sent.
    ///
    /// # Errors
    ///
    /// As of [`send`](Self::send).
    pub async fn feed<'m>(&mut self, message: impl Into<Message<'m>>) -> Result<(), Error> {
        let message = message.into();
        poll_fn(|cx| self.poll_room(cx)).await?;
        Ok(self.connection.send(message, &mut self.out.bytes)?)
    }

    /// Waits until everything that was queued is written. It may be dropped while it waits: nothing is lost.
    ///
    /// # Errors
    ///
    /// As of [`send`](Self::send).
    pub async fn flush(&mut self) -> Result<(), Error> {
        poll_fn(|cx| self.poll_written(Half::Sender, cx)).await
    }

    /// Closes the connection: sends a close frame, and waits for the peer's. Messages that come meanwhile are dropped.
    ///
    /// If the connection is closing already, this only waits. A reason has at most 123 bytes. If this is dropped while it
    /// waits, the connection is closing all the same: go on with [`next`](Self::next), or call it again.
    ///
    /// # Errors
    ///
    /// The peer's close frame did not come, or the code may not be sent.
    pub async fn close(&mut self, code: CloseCode, reason: &str) -> Result<(), Error> {
        self.connection.close(code, reason, &mut self.out.bytes)?;
        while let Some(message) = self.next().await {
            drop(message?);
        }
        Ok(())
    }

    pub(super) fn poll_message(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<BytesMessage, Error>>> {
        // A peer that floods must not keep the other tasks of this thread from their turns.
        let step = ready!(coop::poll_proceed(cx));
        let mut polled = self.poll_progress(cx);
        if polled.is_ready() {
            step.made_progress();
        }
        match &mut polled {
            Poll::Ready(Ok(Some(_))) => {}
            // The peer still gets to our last bytes if somebody waits.
            Poll::Ready(Err(Error::Protocol(_))) => {}
            Poll::Ready(Ok(None)) => self.stage = Stage::Over,
            Poll::Ready(Err(error)) => {
                if let Some(failure) = self.failure.take() {
                    *error = failure;
                }
                self.stage = Stage::Over;
            }
            Poll::Pending => self.out.receiver_sleeps(cx),
        }
        if let Stage::Over = self.stage {
            self.out.wake_sender();
        }
        polled.map(Result::transpose)
    }

    /// Receives, writes and reads until there is a message, or nothing can be done. `None` is the end.
    fn poll_progress(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<BytesMessage>, Error>> {
        loop {
            if let Stage::Over = self.stage {
                return Poll::Ready(Ok(None));
            }
            if self.receive() {
                return Poll::Ready(Ok(Some(self.inbox.take())));
            }
            if self.connection.is_closing() {
                self.timer.closing();
                // Here, too, as a peer that floods is never waited for.
                if let Poll::Ready(action) = self.timer.poll_clock(cx) {
                    return Poll::Ready(self.act(action));
                }
            }
            if self.write_all(cx) && self.poll_draining(cx)?.is_pending() {
                return self.poll_timer(cx);
            }
            match self.poll_read(cx)? {
                Poll::Ready(0) => {
                    // The peer waits for this. If it fails, the transport has ended all the same.
                    self.timer.closing();
                    if Pin::new(&mut self.stream).poll_shutdown(cx).is_pending() {
                        ready!(self.timer.poll(cx));
                    }
                    return Poll::Ready(self.ended());
                }
                Poll::Ready(_) => {}
                Poll::Pending => match self.poll_timer(cx) {
                    Poll::Ready(Ok(None)) => {} // a ping is to be written
                    ready_or_pending => return ready_or_pending,
                },
            }
        }
    }

    /// Receives what was read, up to the next message. Returns whether there is one.
    fn receive(&mut self) -> bool {
        while !self.drained {
            let mut input = &self.buffer[self.unread.clone()];
            let event = self.connection.receive_message(&mut input, &mut self.inbox);
            self.unread.start = self.unread.end - input.len();
            match event {
                Some(MessageEvent::Message(_)) => return true,
                Some(MessageEvent::Ping) if self.answers_each => {
                    self.connection.transmit(&mut self.out.bytes);
                }
                Some(_) => {}
                None => self.drained = true,
            }
        }
        false
    }

    /// Begins to drain, once everything is written and nothing more will be. The peer's failure is returned then, because
    /// it has been told. Pending if the stream has to be shut down first.
    fn poll_draining(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let Stage::Open = self.stage else { return Poll::Ready(Ok(())) };
        match self.connection.close_expected() {
            None => return Poll::Ready(Ok(())),
            // The peer may have gone already.
            Some(Closer::Us) => drop(ready!(Pin::new(&mut self.stream).poll_shutdown(cx))),
            Some(Closer::Peer) => {}
        }
        self.stage = Stage::Draining { ignored: 0 };
        Poll::Ready(self.connection.error().map_or(Ok(()), |error| Err(Error::Protocol(error))))
    }

    /// Reads once. 0 is the end of the input.
    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<Result<usize, Error>> {
        let target = self.connection.read_target(&mut self.buffer, &mut self.inbox);
        let mut target = ReadBuf::new(target);
        let read = ready!(Pin::new(&mut self.stream).poll_read(cx, &mut target));
        let n = target.filled().len();
        match (read, self.stage) {
            (Err(error), Stage::Open) => return Poll::Ready(Err(Error::Io(error))),
            // Nothing is missing. Many a peer resets its connection, or forgets the end of TLS.
            (Err(_), _) => return Poll::Ready(Ok(0)),
            (Ok(()), _) => {}
        }
        self.answers_each = self.out.is_written();
        let in_buffer = self.inbox.filled(&self.buffer, n).len();
        self.unread = 0..in_buffer;
        self.drained = false;
        self.timer.received();
        if let Stage::Draining { ignored } = &mut self.stage {
            *ignored += n;
            if *ignored > IGNORED {
                return Poll::Ready(Ok(0));
            }
        }
        Poll::Ready(Ok(n))
    }

    /// How the connection ended, at the end of the input.
    fn ended(&mut self) -> Result<Option<BytesMessage>, Error> {
        let Stage::Open = mem::replace(&mut self.stage, Stage::Over) else { return Ok(None) };
        match self.connection.error() {
            Some(error) => Err(Error::Protocol(error)),
            None if self.connection.receive_eof().code == CloseCode::ABNORMAL => Err(Error::Cut),
            None => Ok(None),
        }
    }

    /// Waits for a deadline. `Ok(None)` if a ping has been encoded, or if closing took too long.
    fn poll_timer(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<BytesMessage>, Error>> {
        let action = ready!(self.timer.poll(cx));
        Poll::Ready(self.act(action))
    }

    /// Does what the time has come for.
    fn act(&mut self, action: Action) -> Result<Option<BytesMessage>, Error> {
        match action {
            Action::Ping => {
                // If output is waiting, the peer shows by taking it that it lives.
                if self.out.is_written() {
                    let _ = self.connection.ping(b"", &mut self.out.bytes);
                }
                self.connection.release_compression();
                Ok(None)
            }
            Action::Dead => Err(Error::TimedOut),
            Action::CloseTimedOut => match mem::replace(&mut self.stage, Stage::Over) {
                Stage::Open => {
                    Err(self.connection.error().map_or(Error::TimedOut, Error::Protocol))
                }
                _ => Ok(None),
            },
        }
    }

    /// Writes output for the half that receives. Returns whether all of it is written.
    fn write_all(&mut self, cx: &mut Context<'_>) -> bool {
        if self.failure.is_none() {
            match self.poll_written(Half::Receiver, cx) {
                Poll::Ready(Err(failure)) => self.failure = Some(failure),
                ready_or_pending => return ready_or_pending.is_ready(),
            }
        }
        false
    }

    /// Waits until another message may be queued.
    pub(super) fn poll_room(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        if let Stage::Over = self.stage {
            return Poll::Ready(Err(ws::SendError::Closing.into()));
        }
        let step = ready!(coop::poll_proceed(cx));
        if self.out.is_full() {
            ready!(self.poll_written(Half::Sender, cx))?;
        }
        step.made_progress();
        Poll::Ready(Ok(()))
    }

    pub(super) fn poll_written(
        &mut self,
        half: Half,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), Error>> {
        let Self { out, stream, connection, timer, stage, .. } = self;
        if let Stage::Over = stage {
            let over = if out.is_waiting() { Err(ws::SendError::Closing.into()) } else { Ok(()) };
            return Poll::Ready(over);
        }
        if !out.is_waiting() && !connection.owes() {
            return Poll::Ready(Ok(())); // and so nobody waits for it
        }
        let polled = out.poll_write(stream, connection, half, cx);
        if out.was_taken() {
            timer.received();
        }
        polled.map_err(Error::Io)
    }
}

/// Without what is on its way.
impl<S: fmt::Debug, R: Side> fmt::Debug for WebSocket<S, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebSocket")
            .field("stream", &self.stream)
            .field("connection", &self.connection)
            .field("stage", &self.stage)
            .finish_non_exhaustive()
    }
}
