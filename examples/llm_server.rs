//! A server that streams answers as language models' servers do: token by token, as events, until `[DONE]`.
//!
//! ```text
//! cargo run --example llm_server -- [ADDR]
//! cargo run --example llm_client -- http://127.0.0.1:8080/v1/chat/completions what shall I say
//! ```
//!
//! The model is a parrot. The rest is as it should be:
//!
//! - `POST /v1/chat/completions` asks, in JSON. Each event has an ID, and `[DONE]` is the last event.
//! - The same with `Last-Event-ID` goes on after that event, because the server makes an answer whether somebody listens or not.
//! - `DELETE /v1/chat/completions/ID` is the stop button. `ID` is that of the chunks.
//! - While the model thinks, comments show the client and every proxy that the stream is alive.
//!
//! ```text
//!   POST ──▶ Answer ◀── tokens ── a thread that thinks
//!              │
//!              └── events from N on ──▶ each stream that wants them
//! ```

#[allow(dead_code, reason = "others answer with headers")]
mod request;

use std::collections::BTreeMap;
use std::error::Error;
use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

use framewright::http::NO_FIELDS;
use framewright::http1::{Body, ResponseWriter};
use framewright::sse::{Encoder, EventBuilder, LAST_EVENT_ID, RESPONSE_HEADERS};
use request::{Request, respond};
use serde_json::{Value, json};

/// How long a client may take to send its request, and to take output.
const PATIENCE: Duration = Duration::from_secs(10);
/// How many answers are kept for those that come back.
const KEPT: usize = 256;
/// How long a client waits before it comes back, in ms.
const RETRY: u64 = 250;
const PATH: &str = "/v1/chat/completions";

fn main() -> Result<(), Box<dyn Error>> {
    let addr = std::env::args().nth(1).unwrap_or("127.0.0.1:8080".to_owned());
    let listener = TcpListener::bind(addr)?;
    println!("listening on http://{}{PATH}", listener.local_addr()?);
    Llm::new(Duration::from_millis(50), Duration::from_secs(15)).serve(&listener)
}

pub struct Llm {
    /// How long the model thinks about each token.
    every: Duration,
    /// How long a stream may be silent.
    keep_alive: Duration,
    answers: Mutex<BTreeMap<u64, Arc<Answer>>>,
}

/// An answer, which grows.
#[derive(Default)]
struct Answer {
    said: Mutex<Said>,
    grown: Condvar,
}

#[derive(Default)]
struct Said {
    tokens: Vec<String>,
    /// Why there are no more.
    finish_reason: Option<&'static str>,
}

impl Said {
    fn is_stopped(&self) -> bool {
        self.finish_reason.is_some()
    }
}

impl Llm {
    pub fn new(every: Duration, keep_alive: Duration) -> Self {
        Self { every, keep_alive, answers: Mutex::default() }
    }

    pub fn serve(self, listener: &TcpListener) -> Result<(), Box<dyn Error>> {
        let llm = Arc::new(self);
        for socket in listener.incoming() {
            let (Ok(socket), llm) = (socket, Arc::clone(&llm)) else { continue };
            thread::spawn(move || llm.answer(socket).unwrap_or_else(|e| eprintln!("{e}")));
        }
        Ok(())
    }

    /// Answers one request.
    fn answer(&self, mut socket: TcpStream) -> Result<(), Box<dyn Error>> {
        socket.set_nodelay(true)?;
        socket.set_read_timeout(Some(PATIENCE))?;
        socket.set_write_timeout(Some(PATIENCE))?;
        let Some(request) = Request::read(&mut socket)? else { return Ok(()) };
        let id = request.path.strip_prefix(PATH).and_then(|rest| rest.strip_prefix('/'));
        match (request.method.as_str(), id) {
            ("POST", None) if request.path == PATH => match request.header(LAST_EVENT_ID) {
                Some(last) => self.resume(last, &request, socket),
                None => self.begin(&request, socket),
            },
            ("DELETE", Some(id)) => match self.find(id) {
                Some((_, answer)) => {
                    answer.end("stop");
                    respond(&mut socket, 204, b"")
                }
                None => respond(&mut socket, 404, b"\"no such answer\""),
            },
            _ => respond(&mut socket, 404, b"\"there is nothing here\""),
        }
    }

    fn find(&self, id: &str) -> Option<(u64, Arc<Answer>)> {
        let id = id.strip_prefix("chatcmpl-")?.parse().ok()?;
        self.answers.lock().unwrap().get(&id).map(|answer| (id, Arc::clone(answer)))
    }

    /// Begins an answer, and streams it.
    fn begin(&self, request: &Request, mut socket: TcpStream) -> Result<(), Box<dyn Error>> {
        let asked: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        let last = asked["messages"].as_array().and_then(|messages| messages.last());
        let prompt = last.and_then(|message| message["content"].as_str());
        let (Some(prompt), Some(true)) = (prompt, asked["stream"].as_bool()) else {
            return respond(&mut socket, 400, b"\"messages, and stream: true\"");
        };
        let words: Vec<_> = prompt.split_inclusive(' ').map(str::to_owned).collect();
        let (answer, every) = (Arc::new(Answer::default()), self.every);
        let mut answers = self.answers.lock().unwrap();
        let id = answers.last_key_value().map_or(1, |(id, _)| id + 1);
        answers.insert(id, Arc::clone(&answer));
        if answers.len() > KEPT {
            answers.pop_first();
        }
        drop(answers);
        let its = Arc::clone(&answer);
        thread::spawn(move || {
            for word in words {
                thread::sleep(every);
                if !its.say(word) {
                    return;
                }
            }
            its.end("length");
        });
        self.stream(id, &answer, 0, request, socket)
    }

    /// Goes on after an event, whose ID is `chatcmpl-ID/NUMBER`.
    fn resume(
        &self,
        last: &str,
        request: &Request,
        mut socket: TcpStream,
    ) -> Result<(), Box<dyn Error>> {
        let (id, number) = last.split_once('/').unwrap_or_default();
        let (Some((id, answer)), Ok(number)) = (self.find(id), number.parse::<usize>()) else {
            return respond(&mut socket, 404, b"\"no such answer\"");
        };
        let said = answer.said.lock().unwrap();
        if said.is_stopped() && number > said.tokens.len() {
            drop(said);
            return respond(&mut socket, 204, b""); // it has everything, and must not come back (§9.2.3)
        }
        drop(said);
        self.stream(id, &answer, number.saturating_add(1), request, socket)
    }

    /// Streams an answer from an event on, as it grows.
    fn stream(
        &self,
        id: u64,
        answer: &Answer,
        mut next: usize,
        request: &Request,
        mut socket: TcpStream,
    ) -> Result<(), Box<dyn Error>> {
        let (mut out, mut encoder) = (Vec::new(), Encoder::new());
        let framing = Body::of_unknown_len(request.version);
        let mut body =
            ResponseWriter::new(200).headers(RESPONSE_HEADERS).close().begin(framing, &mut out)?;
        let mut events = Vec::new();
        encoder.encode_retry(RETRY, &mut events)?;
        loop {
            let event = answer.wait(next, self.keep_alive);
            match &event {
                None => encoder.encode_keep_alive(&mut events)?,
                Some(event) => {
                    let data = event.data(id);
                    let id = format!("chatcmpl-{id}/{next}");
                    encoder.encode(EventBuilder::new().id(&id).data(&data), &mut events)?;
                    next += 1;
                }
            }
            body.encode(&events, &mut out)?;
            events.clear();
            if event == Some(Event::Done) {
                body.finish(NO_FIELDS, &mut out)?;
            }
            socket.write_all(&out)?; // a client that has left is found out here, and its answer grows on
            out.clear();
            if event == Some(Event::Done) {
                return Ok(());
            }
        }
    }
}

#[derive(Eq, PartialEq)]
enum Event {
    Token(String),
    Finish(&'static str),
    Done,
}

impl Answer {
    /// Adds a token. Returns whether more are wanted.
    fn say(&self, token: String) -> bool {
        let mut said = self.said.lock().unwrap();
        if !said.is_stopped() {
            said.tokens.push(token);
        }
        self.grown.notify_all();
        !said.is_stopped()
    }

    fn end(&self, reason: &'static str) {
        self.said.lock().unwrap().finish_reason.get_or_insert(reason);
        self.grown.notify_all();
    }

    /// Waits for the event of this number. `None` if it does not come in time.
    fn wait(&self, number: usize, within: Duration) -> Option<Event> {
        let is_missing = |said: &mut Said| number >= said.tokens.len() && !said.is_stopped();
        let said = self.said.lock().unwrap();
        let (said, _) = self.grown.wait_timeout_while(said, within, is_missing).unwrap();
        match (said.tokens.get(number), said.finish_reason) {
            (Some(token), _) => Some(Event::Token(token.clone())),
            (None, Some(reason)) if number == said.tokens.len() => Some(Event::Finish(reason)),
            (None, Some(_)) => Some(Event::Done),
            (None, None) => None,
        }
    }
}

impl Event {
    fn data(&self, id: u64) -> String {
        let (delta, reason) = match self {
            Self::Token(token) => (json!({"content": token}), None),
            Self::Finish(reason) => (json!({}), Some(reason)),
            Self::Done => return "[DONE]".to_owned(),
        };
        let choice = json!({"index": 0, "delta": delta, "finish_reason": reason});
        json!({
            "id": format!("chatcmpl-{id}"),
            "object": "chat.completion.chunk",
            "created": 0,
            "model": "parrot",
            "choices": [choice],
        })
        .to_string()
    }
}
