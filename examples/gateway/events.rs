//! Event streams: a clock that resumes where it was cut off, and a stream of tokens.

use std::time::{SystemTime, UNIX_EPOCH};

use framewright::http1::{Body, BodyEncoder, Request};
use framewright::sse::{Encoder, EventBuilder, RESPONSE_HEADERS};

use crate::Shared;
use crate::answer;
use crate::output::Output;

/// How many bytes are written before the reader has read them.
const AHEAD: usize = 64 * 1024;
/// A comment keeps the connection alive after this long without an event, in ms.
const KEEP_ALIVE: u64 = 5_000;
/// A reader that was away gets at most this many past ticks.
const REMEMBERED: u64 = 3_600;
/// The longest stream of tokens that a request can ask for.
const MOST_TOKENS: u64 = 1_000_000_000;
/// How long a reader waits before it connects again, in ms.
const RETRY: u64 = 1_000;

/// One event stream.
pub struct Stream {
    source: Source,
    encoder: Encoder,
    body: BodyEncoder,
    /// Events left to send before the stream ends.
    left: u64,
    /// When a comment is due, in ms since the start.
    comment_at: u64,
    persistent: bool,
}

enum Source {
    /// An event for every `every` ms since 1970, numbered from there. A reader that returns after a
    /// restart of the server goes on where it was.
    Clock { every: u64, next: u64 },
    /// Tokens, as a language model would send them, and an event that says that they are complete.
    Tokens { next: u64, count: u64 },
}

/// The result of a request for a stream.
pub enum Opened {
    Stream(Box<Stream>),
    /// It was answered.
    Answered,
}

/// How far a stream has come.
pub enum Filled {
    /// As many bytes before its reader as are allowed.
    Enough,
    /// Everything there is to send before this time, in ms since the start.
    Until(u64),
    /// To its end.
    End,
}

impl Stream {
    /// Answers a request for the stream at `path`, if there is one.
    pub fn open(
        request: &Request<'_>,
        path: &str,
        out: &mut Output,
        shared: &Shared,
    ) -> Option<Opened> {
        let query = request.target().split_once('?').map_or("", |(_, query)| query);
        let last_id: Option<u64> = request
            .headers()
            .get("last-event-id")
            .and_then(|id| str::from_utf8(id).ok()?.parse().ok());
        let (source, left) = match path {
            "/sse/clock" => {
                let every = number(query, "every").unwrap_or(1_000).clamp(50, 10_000);
                let current = unix_millis() / every;
                let next = match last_id {
                    Some(id) if id <= current + REMEMBERED => {
                        (id + 1).max(current.saturating_sub(REMEMBERED))
                    }
                    _ => current,
                };
                (Source::Clock { every, next }, number(query, "for").unwrap_or(u64::MAX))
            }
            "/sse/llm" => {
                let count = number(query, "n").unwrap_or(1_000).min(MOST_TOKENS);
                let next = last_id.map_or(1, |id| id.saturating_add(1));
                if next > count + 1 {
                    // A reader that has everything must not reconnect (§9.2.3).
                    answer::write(request, 204, &[], b"", out);
                    return Some(Opened::Answered);
                }
                (Source::Tokens { next, count }, u64::MAX)
            }
            _ => return None,
        };
        let length = Body::of_unknown_len(request.version());
        let mut body = answer::begin(request, 200, &RESPONSE_HEADERS, length, out);
        if request.method() == "HEAD" {
            return Some(Opened::Answered);
        }
        let mut encoder = Encoder::new();
        let mut bytes = Vec::new();
        encoder.encode_retry(RETRY, &mut bytes).expect("a Vec has room");
        body.encode(&bytes, out).expect("a Vec has room");
        let comment_at = shared.now + KEEP_ALIVE;
        let persistent = answer::is_persistent(request);
        let stream = Self { source, encoder, body, left, comment_at, persistent };
        Some(Opened::Stream(Box::new(stream)))
    }

    /// Whether the connection can be used for another request after this.
    pub fn is_persistent(&self) -> bool {
        self.persistent
    }

    /// Writes what there is to send, until too many bytes wait for the reader.
    pub fn fill(&mut self, out: &mut Output, shared: &mut Shared) -> Filled {
        let mut bytes = std::mem::take(&mut shared.scratch);
        bytes.clear();
        let filled = self.encode(AHEAD.saturating_sub(out.pending()), &mut bytes, shared.now);
        self.body.encode(&bytes, out).expect("a Vec has room");
        if matches!(filled, Filled::End) {
            self.finish(out);
        }
        shared.scratch = bytes;
        filled
    }

    fn encode(&mut self, room: usize, bytes: &mut Vec<u8>, now: u64) -> Filled {
        while bytes.len() < room {
            if self.left == 0 {
                return Filled::End;
            }
            let (event_type, id, data) = match &mut self.source {
                Source::Clock { every, next } => {
                    let (at, unix_now) = (*next * *every, unix_millis());
                    if unix_now < at {
                        if now >= self.comment_at {
                            self.encoder.encode_keep_alive(bytes).expect("a Vec has room");
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
                .encode(fields.id(&id), bytes)
                .expect("the strings have no line breaks, and a Vec has room");
        }
        Filled::Enough
    }

    /// Ends the body. The reader may reconnect for more.
    pub fn finish(&mut self, out: &mut Output) {
        self.body.finish(out).expect("a Vec has room");
    }
}

/// About 200 bytes, like what language models' servers send for every word.
fn token_data(token: u64) -> String {
    format!(
        r#"{{"id":"chatcmpl-framewright","object":"chat.completion.chunk","model":"clockwork","choices":[{{"index":0,"delta":{{"content":" word-{token:08}"}},"finish_reason":null}}]}}"#
    )
}

/// The number that a query gives for `name`.
fn number(query: &str, name: &str) -> Option<u64> {
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs.find(|(key, _)| *key == name)?.1.parse().ok()
}

fn unix_millis() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64)
}
