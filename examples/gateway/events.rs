//! Event streams: a clock that resumes where it was cut off, and a stream of tokens.

use std::time::{SystemTime, UNIX_EPOCH};

use framewright::http::NO_FIELDS;
use framewright::sse::{Encoder, EventBuilder, RESPONSE_HEADERS};

use crate::Shared;
use crate::request::Request;
use crate::response::Response;
use crate::route::Answer;
use crate::service::{Filled, Service};

/// A comment keeps the connection alive after this long without an event, in ms.
const KEEP_ALIVE: u64 = 5_000;
/// A reader that was away gets at most this many past ticks.
const REMEMBERED: u64 = 3_600;
/// The longest stream of tokens that a request can ask for.
const MOST_TOKENS: u64 = 1_000_000_000;
/// How long a reader waits before it connects again, in ms.
const RETRY: u64 = 1_000;

/// One event stream.
struct Stream {
    source: Source,
    encoder: Encoder,
    /// Whether the head was said.
    has_begun: bool,
    /// Events left to send before the stream ends.
    left: u64,
    /// When a comment is due, in ms since the start.
    comment_at: u64,
}

enum Source {
    /// An event for every `every` ms since 1970, numbered from there. A reader that returns after a
    /// restart of the server goes on where it was.
    Clock { every: u64, next: u64 },
    /// Tokens, as a language model would send them, and an event that says that they are complete.
    Tokens { next: u64, count: u64 },
}

/// Answers a request for the clock.
pub fn clock(request: &Request<'_>, shared: &Shared) -> Answer {
    let every = request.number("every").unwrap_or(1_000).clamp(50, 10_000);
    let current = unix_millis() / every;
    let next = match last_id(request) {
        Some(id) if id <= current + REMEMBERED => (id + 1).max(current.saturating_sub(REMEMBERED)),
        _ => current,
    };
    let left = request.number("for").unwrap_or(u64::MAX);
    Stream::open(Source::Clock { every, next }, left, shared.now)
}

/// Answers a request for tokens.
pub fn tokens(request: &Request<'_>, response: &mut Response, now: u64) -> Answer {
    let count = request.number("n").unwrap_or(1_000).min(MOST_TOKENS);
    let next = last_id(request).map_or(1, |id| id.saturating_add(1));
    if next > count + 1 {
        // A reader that has everything must not reconnect (§9.2.3).
        response.whole(204, NO_FIELDS, b"");
        return Answer::Whole;
    }
    Stream::open(Source::Tokens { next, count }, u64::MAX, now)
}

/// The last event that the reader has seen.
fn last_id(request: &Request<'_>) -> Option<u64> {
    let id = request.headers.get("last-event-id")?;
    str::from_utf8(id).ok()?.parse().ok()
}

impl Stream {
    /// A stream of so many events at most.
    fn open(source: Source, left: u64, now: u64) -> Answer {
        let (encoder, comment_at) = (Encoder::new(), now + KEEP_ALIVE);
        let has_begun = false;
        Answer::Service(Box::new(Self { source, encoder, has_begun, left, comment_at }))
    }

    fn begin(&mut self, response: &mut Response) {
        response.head(200).fields.extend(RESPONSE_HEADERS.iter());
        self.encoder.encode_retry(RETRY, response.body.buffer()).expect("a Vec has room");
        self.has_begun = true;
    }
}

impl Service for Stream {
    fn fill(&mut self, room: usize, response: &mut Response, shared: &mut Shared) -> Filled {
        if !self.has_begun {
            self.begin(response);
        }
        let now = shared.now;
        while response.body.pending() < room {
            if self.left == 0 {
                return Filled::End;
            }
            let (event_type, id, data) = match &mut self.source {
                Source::Clock { every, next } => {
                    let (at, unix_now) = (*next * *every, unix_millis());
                    if unix_now < at {
                        if now >= self.comment_at {
                            self.encoder
                                .encode_keep_alive(response.body.buffer())
                                .expect("a Vec has room");
                            self.comment_at = now + KEEP_ALIVE;
                        }
                        return Filled::Until((now + at - unix_now).min(self.comment_at));
                    }
                    let tick = *next;
                    *next += 1;
                    ("tick", tick, format!("tick {tick}\n{at}"))
                }
                Source::Tokens { next, count } if *next <= *count => {
                    let token = *next;
                    *next += 1;
                    ("token", token, token_data(token))
                }
                Source::Tokens { next, .. } => {
                    self.left = 1;
                    ("done", *next, "[DONE]".to_owned())
                }
            };
            self.left -= 1;
            self.comment_at = now + KEEP_ALIVE;
            let fields = EventBuilder::new().event_type(event_type).data(&data);
            let id = id.to_string();
            self.encoder
                .encode(fields.id(&id), response.body.buffer())
                .expect("the strings have no line breaks, and a Vec has room");
            shared.figures.events += 1;
        }
        Filled::Enough
    }
}

/// About 200 bytes, like what language models' servers send for every word.
fn token_data(token: u64) -> String {
    format!(
        r#"{{"id":"chatcmpl-framewright","object":"chat.completion.chunk","model":"clockwork","choices":[{{"index":0,"delta":{{"content":" word-{token:08}"}},"finish_reason":null}}]}}"#
    )
}

fn unix_millis() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64)
}
