//! The client's side of a stream that reconnects: an `EventSource` without the I/O (§9.2.2, §9.2.3).

use core::fmt;

use super::encode::is_last_event_id;
use super::{Assembler, Event, Item, Policy, Reconnect, Response, SendError};
use crate::Buffer;

/// The client's side of a stream that reconnects: an `EventSource` (§9.2.2, §9.2.3).
///
/// It says when to connect, checks the response, receives events, and keeps what outlives a
/// connection. The caller makes requests, follows redirects and reads bodies. The caller has the
/// clock too: `now` is in milliseconds, on any scale that does not go back.
///
/// ```text
///           poll: Connect       receive_response: Stream
/// Waiting ────────────────▶ Connecting ──────────────▶ Open
///    ▲                          │                       │
///    │  receive_eof, fail, poll: Disconnect,            │
///    │  or a response with a status to retry            │
///    └──────────────────────────┬───────────────────────┘
///                               │ if the policy is not to reconnect
///                               │
///                               │ Connecting: any other response
///                               │ in any state: close
///                               ▼
///                             Closed
/// ```
///
/// [`ReadyState`] shows `Waiting` as `Connecting` too, as the standard does.
///
/// ```
/// use framewright::sse::{
///     Action, Assembler, Client, Item, Limits, Policy, Response, Storage, Verdict,
/// };
///
/// let assembler = Assembler::new(Limits::new(), Storage::<Vec<u8>>::default());
/// let mut client = Client::new(Policy::new().jitter(0), assembler, 0);
/// let mut now = 0;
/// let mut answers =
///     [Ok("retry: 1000\nid: 1\ndata: a\n\n"), Err("connection refused"), Ok("data: b\n\n")].into_iter();
/// let (mut seen, mut ids) = (Vec::new(), Vec::new());
/// loop {
///     match client.poll(now) {
///         Some(Action::Connect) => {
///             // Send a request; if there is an ID, with it as `Last-Event-ID`.
///             ids.extend(client.last_event_id_header()?.map(str::to_owned));
///             let Some(answer) = answers.next() else { break };
///             let Ok(body) = answer else {
///                 // There is no response, or the transport fails within it: drop it.
///                 client.fail(now); // `poll` says when to try again
///                 continue;
///             };
///             let response = Response::new(200, &[("Content-Type", "text/event-stream")]);
///             if client.receive_response(response, now) == Verdict::Stream {
///                 let mut input = body.as_bytes();
///                 while let Some(item) = client.receive(&mut input, now) {
///                     if let Item::Event(event) = item {
///                         seen.push((event.data.to_owned(), event.last_event_id.to_owned()));
///                     }
///                 }
///                 client.receive_eof(now); // the body has ended
///             }
///         }
///         Some(Action::Disconnect) => {} // drop the transport
///         None => match client.deadline() {
///             Some(deadline) => now = deadline, // sleep until then, or until bytes come
///             None => break,                    // closed
///         },
///     }
/// }
/// assert_eq!(seen, [("a".to_owned(), "1".to_owned()), ("b".to_owned(), "1".to_owned())]);
/// assert_eq!(ids, ["1", "1", "1"]);
/// assert_eq!(now, 3000);
/// # Ok::<(), framewright::sse::SendError>(())
/// ```
#[derive(Clone)]
pub struct Client<B, S = B> {
    policy: Policy,
    assembler: Assembler<B, S>,
    state: State,
    /// How many attempts in a row have failed.
    failures: u32,
    random: u64,
}

/// What the caller of a [`Client`] must do.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Action {
    /// Send a request, with [`Client::last_event_id_header`] if there is one. Drop whatever is left
    /// of an earlier response.
    Connect,
    /// Drop the transport: it was silent for too long.
    Disconnect,
}

/// What a response means to a [`Client`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// Its body is the stream, to be [received](Client::receive) next.
    Stream,
    /// The response to the request is still to come (RFC 9110 §15.2). Read its head, and
    /// [receive that](Client::receive_response).
    Interim,
    /// Drop the transport. [`Client::ready_state`] says whether the client will connect again.
    NoStream,
}

/// The state of a client, as the standard divides it (§9.2.2).
///
/// ```
/// use framewright::sse::{Assembler, Client, Limits, Policy, ReadyState, Reason, Response, Storage};
///
/// let assembler = Assembler::new(Limits::new(), Storage::<Vec<u8>>::default());
/// let mut client = Client::new(Policy::new(), assembler, 7);
/// assert_eq!(client.ready_state(), ReadyState::Connecting);
/// client.poll(0); // `Connect`
/// let _ = client.receive_response(Response::new(204, &[("Server", "x")]), 0);
/// assert_eq!(client.ready_state(), ReadyState::Closed(Reason::Status(204)));
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ReadyState {
    /// There is no stream yet. The client waits for a response, or for the time to connect.
    Connecting,
    /// There is a stream.
    Open,
    /// There is no stream, and there will be none.
    Closed(Reason),
}

/// Why a client is closed: a part of its [`ReadyState`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Reason {
    /// The caller closed it.
    Caller,
    /// The status of the response is final. A server answers 204 to stop a client from reconnecting.
    Status(u16),
    /// The response is not an event stream.
    ContentType,
    /// The stream ended, and the policy is not to reconnect after that.
    Ended,
    /// The transport failed or a timeout passed, and the policy is never to reconnect.
    Failed,
    /// There were as many failures in a row as the policy allows.
    GaveUp,
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// There is no connection until it is time for one.
    Waiting { until: u64 },
    /// A request was sent, and there is no response yet.
    Connecting { since: u64 },
    /// The stream is open. Its last bytes came at `heard`.
    Open { since: u64, heard: u64 },
    /// There will be no stream.
    Closed(Reason),
}

/// How a connection ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum ConnectionEnd {
    Eof,
    Error,
    Status(u16),
}

impl<B: Buffer, S: Buffer> Client<B, S> {
    /// A client that connects at once.
    ///
    /// To go on where an earlier program left off, call [`Assembler::set_last_event_id`] first.
    ///
    /// The seed is for jitter. Any number will do, if other clients have other numbers.
    pub const fn new(policy: Policy, assembler: Assembler<B, S>, seed: u64) -> Self {
        let state = State::Waiting { until: 0 };
        Self { policy, assembler, state, failures: 0, random: seed }
    }

    /// Returns what the caller must do at `now`, once each time it is due.
    pub fn poll(&mut self, now: u64) -> Option<Action> {
        match self.deadline() {
            Some(deadline) if deadline <= now => {}
            _ => return None,
        }
        if let State::Waiting { .. } = self.state {
            self.state = State::Connecting { since: now };
            return Some(Action::Connect);
        }
        self.fail(now);
        Some(Action::Disconnect)
    }

    /// When to [`poll`](Self::poll) next, if nothing else happens before. `None` if time alone changes
    /// nothing.
    pub fn deadline(&self) -> Option<u64> {
        match self.state {
            State::Waiting { until } => Some(until),
            State::Connecting { since } => {
                self.policy.connect_timeout.map(|ms| since.saturating_add(ms))
            }
            State::Open { heard, .. } => {
                self.policy.idle_timeout.map(|ms| heard.saturating_add(ms))
            }
            State::Closed(_) => None,
        }
    }

    /// The value of `Last-Event-ID` for the next request. `None` if it has no such header.
    ///
    /// # Errors
    ///
    /// The server set an ID that cannot be the value of a header. Send the request without it: the
    /// server then does not know where the stream broke.
    pub fn last_event_id_header(&self) -> Result<Option<&str>, SendError> {
        match self.assembler.last_event_id() {
            "" => Ok(None),
            id if is_last_event_id(id) => Ok(Some(id)),
            _ => Err(SendError::IdInvalid),
        }
    }

    /// Receives the head of a response, and returns what it means (§9.2.3).
    ///
    /// Any number of interim responses may come before the final one, even though the request did not
    /// ask for any. They change nothing: the final response has to come before the deadline. 101 is no
    /// interim response, because what follows it is not HTTP (RFC 9110 §15.2.2). A response without a
    /// request is never the stream.
    #[must_use]
    pub fn receive_response(&mut self, response: Response<'_>, now: u64) -> Verdict {
        let State::Connecting { .. } = self.state else { return Verdict::NoStream };
        match response.status {
            100 | 102..=199 => Verdict::Interim,
            200 if self.policy.content_type_required && !response.is_event_stream() => {
                self.state = State::Closed(Reason::ContentType);
                Verdict::NoStream
            }
            200 => {
                self.state = State::Open { since: now, heard: now };
                Verdict::Stream
            }
            status if self.policy.retry_statuses.contains(&status) => {
                self.reestablish(ConnectionEnd::Status(status), response.wait(), now);
                Verdict::NoStream
            }
            status => {
                self.state = State::Closed(Reason::Status(status));
                Verdict::NoStream
            }
        }
    }

    /// Receives what comes next of the stream, advancing `input` past it.
    ///
    /// `None` means that every byte of `input` was taken. More are needed as long as
    /// [`ready_state`](Self::ready_state) is [`ReadyState::Open`]. Without a stream, as after
    /// [`close`](Self::close), all input is ignored.
    #[inline]
    pub fn receive<'s, 'a: 's>(&'s mut self, input: &mut &'a [u8], now: u64) -> Option<Item<'s>> {
        self.if_open(input, now)?.receive(input)
    }

    /// The assembler, if there is a stream, of which something came at `now`. Else takes all `input`.
    #[inline]
    pub(super) fn if_open(&mut self, input: &mut &[u8], now: u64) -> Option<&mut Assembler<B, S>> {
        match &mut self.state {
            State::Open { heard, .. } if !input.is_empty() => *heard = now,
            State::Open { .. } => {}
            _ => {
                *input = &[];
                return None;
            }
        }
        Some(&mut self.assembler)
    }

    /// Receives the end of the body. The client connects again, unless the policy is not to.
    ///
    /// An event without its blank line is dropped. It is returned for callers that want it anyway.
    pub fn receive_eof(&mut self, now: u64) -> Option<Event<'_>> {
        match self.state {
            State::Open { .. } => {
                self.reestablish(ConnectionEnd::Eof, 0, now);
                self.assembler.receive_eof()
            }
            State::Connecting { .. } => {
                self.reestablish(ConnectionEnd::Error, 0, now);
                None
            }
            State::Waiting { .. } | State::Closed(_) => None,
        }
    }

    /// Receives a failure of the transport, before or after the response. So is a body that is cut off, as
    /// [`BodyDecoder::check_eof`](crate::http1::BodyDecoder::check_eof) finds. The client connects
    /// again, unless the policy is not to.
    pub fn fail(&mut self, now: u64) {
        if let State::Connecting { .. } | State::Open { .. } = self.state {
            self.reestablish(ConnectionEnd::Error, 0, now);
            self.assembler.restart();
        }
    }

    /// Closes the client for good (§9.2.2). Drop the transport. Whatever was not received yet is
    /// ignored, even the rest of an input.
    pub fn close(&mut self) {
        if let State::Waiting { .. } | State::Connecting { .. } | State::Open { .. } = self.state {
            self.state = State::Closed(Reason::Caller);
            self.assembler.restart();
        }
    }

    /// The state of the client.
    pub const fn ready_state(&self) -> ReadyState {
        match self.state {
            State::Waiting { .. } | State::Connecting { .. } => ReadyState::Connecting,
            State::Open { .. } => ReadyState::Open,
            State::Closed(reason) => ReadyState::Closed(reason),
        }
    }

    /// How many attempts in a row have failed.
    pub const fn failures(&self) -> u32 {
        self.failures
    }

    /// The assembler, which has the last event ID and the reconnection time.
    pub const fn assembler(&self) -> &Assembler<B, S> {
        &self.assembler
    }

    /// Takes the storage for data out, as [`Assembler::release`] does.
    pub fn release(&mut self) -> Option<B>
    where
        B: Default,
    {
        self.assembler.release()
    }

    /// Reestablishes the connection (§9.2.3), after `at_least` ms, unless the policy is not to.
    fn reestablish(&mut self, end: ConnectionEnd, at_least: u64, now: u64) {
        self.failures = match self.state {
            State::Open { since, .. } if now.saturating_sub(since) >= self.policy.stable_after => 0,
            _ => self.failures.saturating_add(1),
        };
        let closed = match (self.policy.reconnect, end) {
            (Reconnect::Always, _)
            | (Reconnect::OnError, ConnectionEnd::Error | ConnectionEnd::Status(_)) => None,
            (Reconnect::OnError | Reconnect::Never, ConnectionEnd::Eof) => Some(Reason::Ended),
            (Reconnect::Never, ConnectionEnd::Error) => Some(Reason::Failed),
            (Reconnect::Never, ConnectionEnd::Status(status)) => Some(Reason::Status(status)),
        };
        self.state = match closed {
            Some(reason) => State::Closed(reason),
            None if self.failures >= self.policy.max_failures => State::Closed(Reason::GaveUp),
            None => State::Waiting { until: now.saturating_add(self.wait(at_least)) },
        };
    }

    /// How long to wait before the next attempt. The standard allows a longer wait than the
    /// reconnection time, but no shorter one.
    fn wait(&mut self, at_least: u64) -> u64 {
        let Policy { min_wait, max_wait, max_backoff, jitter, .. } = self.policy;
        let asked = self.assembler.reconnection_time().unwrap_or(self.policy.reconnection_time);
        let base = asked.min(max_wait).max(min_wait);
        // Doubling starts from the server's time, even if it changes between two failures.
        let doublings = self.failures.saturating_sub(1).min(63);
        let backoff = base.saturating_mul(1 << doublings).min(max_backoff);
        let wait = base.max(backoff).max(at_least.min(max_wait));

        let random = u128::from(self.next_random() >> 32);
        let longer = (u128::from(wait) * u128::from(jitter) * random) / (100 << 32);
        wait.saturating_add(u64::try_from(longer).unwrap_or(u64::MAX))
    }

    /// The next number of `SplitMix64`: evenly spread for any seed. Jitter needs no secret.
    const fn next_random(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.random;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }
}

impl<B: Buffer, S: Buffer> fmt::Debug for Client<B, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("policy", &self.policy)
            .field("assembler", &self.assembler)
            .field("state", &self.state)
            .field("failures", &self.failures)
            .finish_non_exhaustive()
    }
}
