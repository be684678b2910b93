//! Reads events from a response's body, and makes a response's body from events.
//!
//! A body is any stream of bytes: that of a response of reqwest, hyper or axum.
//!
//! ```
//! use bytes::Bytes;
//! use framewright_tokio::sse::{self, EventBuf};
//! use futures_util::{StreamExt, stream};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // A server, whose response has the fields `framewright::sse::RESPONSE_HEADERS`.
//! let news = stream::iter([EventBuf::new("hello").id("1"), "two\nlines".into()]);
//! let body = sse::body(news);
//!
//! // A client.
//! let mut events = sse::events(body);
//! while let Some(event) = events.next().await {
//!     println!("{}", event?.data);
//! }
//! assert_eq!(events.last_event_id(), "1"); // to resume with
//! # Ok(())
//! # }
//! ```
//!
//! An [`Events`] ends with its body. To connect again, wait for [`reconnection_time`](Events::reconnection_time), and send
//! [`last_event_id`](Events::last_event_id) in `Last-Event-ID`. [`framewright::sse::Client`] knows the rest of the standard's rules.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use std::{error, fmt};

use bytes::{Buf, Bytes};
use framewright::sse::{Assembler, Encoder, EventBuilder, ItemKind, Limits, SendError, Storage};
use futures_core::Stream;
use pin_project_lite::pin_project;
use tokio::task::coop;
use tokio::time::{Instant, Sleep, sleep};

/// How long a body is silent before it sends a comment, by default. Proxies give up after 30 to 60 s.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// The times that it may be silent: no less than tokio's clock can tell, and no more than that can be added to its time.
const SILENCES: (Duration, Duration) = (Duration::from_millis(1), Duration::from_secs(1 << 30));

/// A received event.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Event {
    /// Its type; `message` if it has no other.
    pub event_type: String,
    /// Its data, with its lines joined by LF.
    pub data: String,
    /// Its ID, or else that of the last event before it that has one.
    pub last_event_id: String,
}

/// Why there is no event.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error<E> {
    /// The body failed.
    Body(E),
    /// An event exceeded the limits and is lost. The stream goes on with the next event.
    Lost(framewright::sse::Error),
}

impl<E: fmt::Display> fmt::Display for Error<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Body(e) => e.fmt(f),
            Self::Lost(e) => e.fmt(f),
        }
    }
}

impl<E: error::Error + 'static> error::Error for Error<E> {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::Body(e) => Some(e),
            Self::Lost(_) => None,
        }
    }
}

/// The events in `body`, within the default [`Limits`].
///
/// `body` yields `Result`s of [`Bytes`] or another [`Buf`], as `bytes_stream()` of a response of reqwest, and
/// `into_data_stream()` of a body of axum do. A `Vec<u8>` is no `Buf`: wrap it by `Bytes::from`. To call
/// `StreamExt::next`, pin a body that is not [`Unpin`], with `Box::pin`.
pub fn events<B, D, E>(body: B) -> Events<B, D>
where
    B: Stream<Item = Result<D, E>>,
    D: Buf,
{
    events_within(Limits::new(), body)
}

/// The events in `body`, within `limits`.
pub fn events_within<B, D, E>(limits: Limits, body: B) -> Events<B, D>
where
    B: Stream<Item = Result<D, E>>,
    D: Buf,
{
    Events { body, unread: None, assembler: Assembler::new(limits, Storage::default()) }
}

pin_project! {
    /// The events in a body: see [`events`].
    pub struct Events<B, D> {
        #[pin]
        body: B,
        // Bytes of the body that are not parsed yet.
        unread: Option<D>,
        assembler: Assembler<Vec<u8>>,
    }
}

impl<B, D> Events<B, D> {
    /// The ID to send when connecting again; empty if there is none.
    pub fn last_event_id(&self) -> &str {
        self.assembler.last_event_id()
    }

    /// How long the server wants us to wait before we connect again, if it has said so.
    pub fn reconnection_time(&self) -> Option<Duration> {
        self.assembler.reconnection_time().map(Duration::from_millis)
    }
}

impl<B, D, E> Stream for Events<B, D>
where
    B: Stream<Item = Result<D, E>>,
    D: Buf,
{
    type Item = Result<Event, Error<E>>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        // A server that floods must not keep the other tasks of this thread from their turns.
        let step = ready!(coop::poll_proceed(cx));
        let polled = ready!(self.poll_event(cx));
        step.made_progress();
        Poll::Ready(polled)
    }
}

impl<B, D, E> Events<B, D>
where
    B: Stream<Item = Result<D, E>>,
    D: Buf,
{
    fn poll_event(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Event, Error<E>>>> {
        let mut this = self.project();
        loop {
            while let Some(bytes) = this.unread.as_mut().filter(|bytes| bytes.has_remaining()) {
                let mut input = bytes.chunk();
                let before = input.len();
                let kind = this.assembler.receive_event(&mut input);
                let taken = before - input.len();
                bytes.advance(taken);
                match kind {
                    Some(ItemKind::Event) => {
                        let event = this.assembler.event();
                        return Poll::Ready(Some(Ok(Event {
                            event_type: event.event_type.to_owned(),
                            data: event.data.to_owned(),
                            last_event_id: event.last_event_id.to_owned(),
                        })));
                    }
                    Some(ItemKind::Lost(error)) => {
                        return Poll::Ready(Some(Err(Error::Lost(error))));
                    }
                    _ => {}
                }
            }
            match ready!(this.body.as_mut().poll_next(cx)) {
                Some(Ok(bytes)) => *this.unread = Some(bytes),
                Some(Err(error)) => return Poll::Ready(Some(Err(Error::Body(error)))),
                None => return Poll::Ready(None),
            }
        }
    }
}

/// An event to send.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct EventBuf {
    event_type: String,
    id: Option<String>,
    retry: Option<Duration>,
    data: String,
}

impl EventBuf {
    /// An event with data, which may have several lines.
    pub fn new(data: impl Into<String>) -> Self {
        Self { data: data.into(), ..Self::default() }
    }

    /// Sets its type. Without one, it arrives as a `message`.
    #[must_use]
    pub fn event_type(mut self, event_type: impl Into<String>) -> Self {
        self.event_type = event_type.into();
        self
    }

    /// Sets its ID, which the client sends back when it connects again. Keep to ASCII: many clients cannot send
    /// anything else.
    #[must_use]
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// Sets how long the client waits before it connects again.
    #[must_use]
    pub fn retry(mut self, time: Duration) -> Self {
        self.retry = Some(time);
        self
    }

    fn builder(&self) -> EventBuilder<'_> {
        let mut builder = EventBuilder::new().event_type(&self.event_type).data(&self.data);
        if let Some(id) = &self.id {
            builder = builder.id(id);
        }
        if let Some(time) = self.retry {
            builder = builder.retry(u64::try_from(time.as_millis()).unwrap_or(u64::MAX));
        }
        builder
    }

    /// Returns the event as it is written on the wire.
    ///
    /// # Errors
    ///
    /// The type or the ID has a character that would not arrive.
    pub fn encode(&self) -> Result<Bytes, SendError> {
        let mut out = Vec::new();
        Encoder::new().encode(self.builder(), &mut out)?;
        Ok(out.into())
    }
}

impl From<String> for EventBuf {
    fn from(data: String) -> Self {
        Self::new(data)
    }
}

impl From<&str> for EventBuf {
    fn from(data: &str) -> Self {
        Self::new(data)
    }
}

/// A body of events, for a response with [`RESPONSE_HEADERS`](framewright::sse::RESPONSE_HEADERS). After 15 s
/// without an event it sends a comment, so that proxies do not close the connection.
///
/// # Panics
///
/// There is no runtime of tokio with timers.
pub fn body<S, I>(events: S) -> Body<S>
where
    S: Stream<Item = I>,
    I: Into<EventBuf>,
{
    Body { events, skip_invalid: false, keep_alive: KEEP_ALIVE, sleep: Box::pin(sleep(KEEP_ALIVE)) }
}

pin_project! {
    /// A body of events: see [`body`].
    pub struct Body<S> {
        #[pin]
        events: S,
        skip_invalid: bool,
        keep_alive: Duration,
        sleep: Pin<Box<Sleep>>,
    }
}

impl<S> Body<S> {
    /// Sets how long the body is silent before it sends a comment: at least 1 ms, or [`Duration::MAX`] for no comments.
    /// Default: 15 s.
    #[must_use]
    pub fn keep_alive(mut self, time: Duration) -> Self {
        self.keep_alive = time.clamp(SILENCES.0, SILENCES.1);
        self.sleep.as_mut().reset(Instant::now() + self.keep_alive);
        self
    }

    /// Leaves out every event that has a type or an ID that would not arrive, instead of yielding its error.
    #[must_use]
    pub fn skip_invalid(mut self) -> Self {
        self.skip_invalid = true;
        self
    }
}

/// An error means that an event has a type or an ID that would not arrive. The stream goes on without that event, but
/// most servers, such as hyper, break the response off: check what comes from users with [`EventBuf::encode`], or call
/// [`skip_invalid`](Body::skip_invalid).
impl<S, I> Stream for Body<S>
where
    S: Stream<Item = I>,
    I: Into<EventBuf>,
{
    type Item = Result<Bytes, SendError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut this = self.project();
        let encoded = loop {
            match this.events.as_mut().poll_next(cx) {
                Poll::Ready(Some(event)) => match event.into().encode() {
                    Err(_) if *this.skip_invalid => {}
                    encoded => break encoded,
                },
                Poll::Ready(None) => return Poll::Ready(None),
                Poll::Pending => {
                    ready!(this.sleep.as_mut().poll(cx));
                    let mut out = Vec::new();
                    break Encoder::new().encode_keep_alive(&mut out).map(|()| out.into());
                }
            }
        };
        this.sleep.as_mut().reset(Instant::now() + *this.keep_alive);
        Poll::Ready(Some(encoded))
    }
}
