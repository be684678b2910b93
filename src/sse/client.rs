use super::encode::is_header_value;
use super::{Assembler, Event, Item, Policy, Reconnect, SendError};
use crate::Buffer;

/// The client's end of a stream that is taken up again whenever it breaks: an `EventSource`
/// (§9.2.2, §9.2.3).
///
/// It says when to connect and what with, judges the response, receives events, and remembers what
/// has to outlive a connection. Requests, redirects and bodies are the caller's. So is the clock:
/// time comes in as milliseconds on any scale that does not go back.
///
/// ```
/// use framewright::sse::{Action, Assembler, Client, Item, Limits, Policy, Response, Storage};
///
/// let assembler = Assembler::new(Limits::new(), Storage::<Vec<u8>>::default());
/// let mut client = Client::new(Policy::new().jitter(0), assembler, 0);
/// let mut now = 0;
/// let mut bodies = ["retry: 1000\nid: 1\ndata: a\n\n", "data: b\n\n"].into_iter();
/// let (mut seen, mut ids) = (Vec::new(), Vec::new());
/// loop {
///     match client.poll(now) {
///         Some(Action::Connect) => {
///             // Send a request; if there is an ID, with it as `Last-Event-ID`.
///             ids.extend(client.last_event_id_header()?.map(str::to_owned));
///             let Some(body) = bodies.next() else { break };
///             let content_type = Some(&b"text/event-stream"[..]);
///             if client.response(Response { status: 200, content_type, retry_after: None }, now) {
///                 let mut input = body.as_bytes();
///                 while let Some(item) = client.receive(&mut input, now) {
///                     if let Item::Event(event) = item {
///                         seen.push((event.data.to_owned(), event.last_event_id.to_owned()));
///                     }
///                 }
///                 client.end(now); // of the body
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
/// assert_eq!(ids, ["1", "1"]);
/// assert_eq!(now, 2000);
/// # Ok::<(), framewright::sse::SendError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Client<B> {
    policy: Policy,
    assembler: Assembler<B>,
    state: State,
    /// How many attempts in a row have failed.
    failures: u32,
    random: u64,
}

/// What the caller is to do.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Action {
    /// Send a request, with [`Client::last_event_id_header`] if there is one. What has come of an
    /// earlier response is to be forgotten.
    Connect,
    /// Drop the transport: it was silent for too long.
    Disconnect,
}

/// What the state machine needs to know of a response, after redirects.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct Response<'a> {
    /// The status.
    pub status: u16,
    /// The value of `Content-Type`.
    pub content_type: Option<&'a [u8]>,
    /// The value of `Retry-After`. A date does not count: there is no calendar here.
    pub retry_after: Option<&'a [u8]>,
}

/// Where a client stands (§9.2.2).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ReadyState {
    /// There is no stream: a response is awaited, or the time to connect.
    Connecting,
    /// There is a stream.
    Open,
    /// There is none, and will be none.
    Closed(Reason),
}

/// Why a client is closed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Reason {
    /// The caller has closed it.
    Caller,
    /// The status of the response is final. A server that wants no more of a client says 204.
    Status(u16),
    /// The response is no event stream.
    ContentType,
    /// The stream came to its end, and the policy is not to connect again after that.
    Ended,
    /// The transport failed, or a timeout passed, and the policy is not to connect again at all.
    Failed,
    /// There were as many failures in a row as the policy accepts.
    GaveUp,
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// To connect at a time.
    Waiting {
        until: u64,
    },
    /// A response is awaited since a time.
    Connecting {
        since: u64,
    },
    /// The stream is open since a time, and was last heard at another.
    Open {
        since: u64,
        heard: u64,
    },
    Closed(Reason),
}

/// How a connection was lost.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Loss {
    End,
    Error,
    Status(u16),
}

impl<B: Buffer> Client<B> {
    /// A client that is to connect at once.
    ///
    /// The seed is for jitter: any number will do that other clients do not have.
    pub const fn new(policy: Policy, assembler: Assembler<B>, seed: u64) -> Self {
        let state = State::Waiting { until: 0 };
        Self { policy, assembler, state, failures: 0, random: seed }
    }

    /// Says what is to be done at `now`, once for each occasion.
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

    /// When to [`poll`](Self::poll) next, unless something happens before: `None` if nothing but
    /// that can change anything.
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

    /// The value of `Last-Event-ID` for the next request: `None` if there is to be no such header.
    ///
    /// # Errors
    ///
    /// The server has set an ID that is no legal value of a header. Leave it out: the stream then
    /// goes on somewhere else than where it broke.
    pub fn last_event_id_header(&self) -> Result<Option<&str>, SendError> {
        match self.assembler.last_event_id() {
            "" => Ok(None),
            id if is_header_value(id) => Ok(Some(id)),
            _ => Err(SendError::IdInvalid),
        }
    }

    /// Judges the head of a response (§9.2.3): if it is good, its body is the stream, to be
    /// [received](Self::receive) from here on.
    ///
    /// If it is not, drop the transport; [`ready_state`](Self::ready_state) tells what becomes of
    /// the client. One that comes when none is awaited is not good.
    #[must_use]
    pub fn response(&mut self, response: Response<'_>, now: u64) -> bool {
        let State::Connecting { .. } = self.state else { return false };
        let Response { status, content_type, retry_after } = response;
        if status == 200 {
            if self.policy.content_type_required && !content_type.is_some_and(is_event_stream) {
                self.state = State::Closed(Reason::ContentType);
                return false;
            }
            self.state = State::Open { since: now, heard: now };
            return true;
        }
        if self.policy.retry_statuses.contains(&status) {
            self.reestablish(Loss::Status(status), retry_after.map_or(0, ms), now);
        } else {
            self.state = State::Closed(Reason::Status(status));
        }
        false
    }

    /// Receives what comes next of the stream, advancing `input` past it.
    ///
    /// `None` means that every byte of `input` was taken and more are needed; or that there is no
    /// stream, for instance since [`close`](Self::close), and whatever comes is ignored.
    #[inline]
    pub fn receive<'s, 'a: 's>(&'s mut self, input: &mut &'a [u8], now: u64) -> Option<Item<'s>> {
        let State::Open { heard, .. } = &mut self.state else {
            *input = &[];
            return None;
        };
        if !input.is_empty() {
            *heard = now;
        }
        self.assembler.receive(input)
    }

    /// Notes the end of the body: the client will connect again, unless the policy is not to.
    ///
    /// An event that was not ended is dropped; it is given out for those who want it nonetheless.
    pub fn end(&mut self, now: u64) -> Option<Event<'_>> {
        match self.state {
            State::Open { .. } => {
                self.reestablish(Loss::End, 0, now);
                self.assembler.finish()
            }
            State::Connecting { .. } => {
                self.reestablish(Loss::Error, 0, now);
                None
            }
            State::Waiting { .. } | State::Closed(_) => None,
        }
    }

    /// Notes that the transport failed, with or without a response: the client will connect again,
    /// unless the policy is not to.
    pub fn fail(&mut self, now: u64) {
        if let State::Connecting { .. } | State::Open { .. } = self.state {
            self.reestablish(Loss::Error, 0, now);
            self.assembler.reset();
        }
    }

    /// Closes the client for good (§9.2.2). The transport is to be dropped; what has come and was
    /// not received is ignored, even the rest of an input.
    pub fn close(&mut self) {
        if let State::Waiting { .. } | State::Connecting { .. } | State::Open { .. } = self.state {
            self.state = State::Closed(Reason::Caller);
            self.assembler.reset();
        }
    }

    /// Where the client stands.
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
    pub const fn assembler(&self) -> &Assembler<B> {
        &self.assembler
    }

    /// Gives back the storage for data with what it holds, unless an event is under way.
    pub fn release(&mut self) -> Option<B>
    where
        B: Default,
    {
        self.assembler.release()
    }

    /// Reestablishes the connection (§9.2.3), after `at_least` ms, unless the policy is not to.
    fn reestablish(&mut self, loss: Loss, at_least: u64, now: u64) {
        self.failures = match self.state {
            State::Open { since, .. } if now.saturating_sub(since) >= self.policy.stable_after => 0,
            _ => self.failures.saturating_add(1),
        };
        let closed = match (self.policy.reconnect, loss) {
            (Reconnect::Always, _) | (Reconnect::OnError, Loss::Error | Loss::Status(_)) => None,
            (Reconnect::OnError | Reconnect::Never, Loss::End) => Some(Reason::Ended),
            (Reconnect::Never, Loss::Error) => Some(Reason::Failed),
            (Reconnect::Never, Loss::Status(status)) => Some(Reason::Status(status)),
        };
        self.state = match closed {
            Some(reason) => State::Closed(reason),
            None if self.failures >= self.policy.max_failures => State::Closed(Reason::GaveUp),
            None => State::Waiting { until: now.saturating_add(self.wait(at_least)) },
        };
    }

    /// How long to wait. The standard allows to wait longer than the reconnection time, but not
    /// shorter.
    fn wait(&mut self, at_least: u64) -> u64 {
        let Policy { min_wait, max_wait, max_backoff, jitter, .. } = self.policy;
        let asked = self.assembler.reconnection_time().unwrap_or(self.policy.reconnection_time);
        let base = asked.min(max_wait).max(min_wait);
        // The server's time is what is doubled, whenever it comes.
        let doublings = self.failures.saturating_sub(1).min(63);
        let backoff = base.saturating_mul(1 << doublings).min(max_backoff);
        let wait = base.max(backoff).max(at_least.min(max_wait));

        let random = u128::from(self.next_random() >> 32);
        let longer = (u128::from(wait) * u128::from(jitter) * random) / (100 << 32);
        wait.saturating_add(u64::try_from(longer).unwrap_or(u64::MAX))
    }

    /// The next number of `SplitMix64`: evenly spread, whatever the seed. Nothing here is a secret.
    const fn next_random(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.random;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }
}

/// Whether the essence of a content type is `text/event-stream`, whatever its parameters.
fn is_event_stream(content_type: &[u8]) -> bool {
    let essence = content_type.split(|&byte| byte == b';').next().unwrap_or_default();
    essence.trim_ascii().eq_ignore_ascii_case(super::CONTENT_TYPE.as_bytes())
}

/// A `Retry-After` in seconds (RFC 9110 §10.2.3), as ms: 0 if it is anything else.
fn ms(retry_after: &[u8]) -> u64 {
    let digits = retry_after.trim_ascii();
    if !digits.iter().all(u8::is_ascii_digit) {
        return 0;
    }
    let add = |seconds: u64, digit: &u8| {
        seconds.saturating_mul(10).saturating_add(u64::from(digit.wrapping_sub(b'0')))
    };
    digits.iter().fold(0, add).saturating_mul(1000)
}
