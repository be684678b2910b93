//! Asks a language model's server, and prints the answer as it comes.
//!
//! ```text
//! cargo run --example llm_client -- [--model NAME] [--stop-after TOKENS] [--ca FILE] URL WORD...
//! ```
//!
//! It speaks as OpenAI's servers and many others do: a POST in JSON, answered by an event stream that ends with `[DONE]`. A
//! key comes from the environment: `LLM_API_KEY`. With the example `llm_server`, it can also stop an answer, and go on where a
//! stream was cut off, by the header `Last-Event-ID`. Comments, which other servers send as keep-alives, are ignored.

mod socket;

use std::error::Error;
use std::io::Write;
use std::thread;
use std::time::{Duration, Instant};

use framewright::http1::{self, BodyDecoder, Decoded, HeadReader, RequestWriter};
use framewright::sse::{
    Action, Assembler, Client, Item, LAST_EVENT_ID, Limits, Policy, ReadyState, Response, Storage,
    Verdict,
};
use lexopt::prelude::{Long, Value, ValueExt};
use serde_json::{Value as Json, json};
use socket::Socket;
pub use socket::Target;

/// How long connecting may take, and how long a stream may be silent.
const PATIENCE: Duration = Duration::from_secs(10);
const SILENT: Duration = Duration::from_secs(60);
/// A cut stream is worth this many attempts in a row.
const ATTEMPTS: u32 = 5;

fn main() -> Result<(), Box<dyn Error>> {
    let mut ask = Ask { model: "parrot".to_owned(), ..Ask::default() };
    let (mut ca, mut values) = (None, Vec::new());
    let mut args = lexopt::Parser::from_env();
    while let Some(arg) = args.next()? {
        match arg {
            Long("model") => ask.model = args.value()?.string()?,
            Long("stop-after") => ask.stop_after = Some(args.value()?.parse()?),
            Long("ca") => ca = Some(args.value()?.into()),
            Value(value) => values.push(value.string()?),
            arg => return Err(arg.unexpected().into()),
        }
    }
    let (url, words) = values.split_first().ok_or("usage: llm_client [OPTIONS] URL WORD...")?;
    ask.prompt = words.join(" ");
    ask.key = std::env::var("LLM_API_KEY").ok();
    let reason = ask.run(&Target::parse(url)?.with_ca(ca), |token| {
        print!("{token}");
        // If nobody reads it, the rest is of no use either.
        std::io::stdout().flush().expect("standard output is open");
    })?;
    println!("\n({reason})");
    Ok(())
}

/// What to ask for.
#[derive(Default)]
pub struct Ask {
    pub model: String,
    pub prompt: String,
    pub key: Option<String>,
    /// After how many tokens to push the stop button.
    pub stop_after: Option<u64>,
}

impl Ask {
    /// Asks, and passes tokens on until the answer is complete. Returns why it ended.
    pub fn run(
        &self,
        target: &Target,
        on_token: impl FnMut(&str),
    ) -> Result<String, Box<dyn Error>> {
        let assembler = Assembler::new(Limits::new(), Storage::<Vec<u8>>::default());
        let policy = Policy::new().max_failures(ATTEMPTS).retry_statuses(&[429, 502, 503, 504]);
        let client = Client::new(policy, assembler, u64::from(std::process::id()));
        let (tokens, is_stopped, reason) = (0, false, "cut off".to_owned());
        let mut answer = Answer {
            ask: self,
            target,
            client,
            start: Instant::now(),
            on_token,
            tokens,
            is_stopped,
            reason,
        };
        loop {
            let now = answer.now();
            match answer.client.poll(now) {
                Some(Action::Connect) => {
                    if let Err(e) = answer.stream() {
                        // To ask again would begin another answer.
                        if answer.client.last_event_id_header()?.is_none() {
                            return Err(e);
                        }
                        eprintln!("{e}: going on after what has come");
                        let now = answer.now();
                        answer.client.fail(now);
                    }
                }
                Some(Action::Disconnect) => {} // `stream` has returned
                None => match answer.client.deadline() {
                    Some(at) => thread::sleep(Duration::from_millis(at.saturating_sub(now))),
                    None => return Ok(answer.reason),
                },
            }
        }
    }

    fn body(&self) -> String {
        let messages = [json!({"role": "user", "content": self.prompt})];
        json!({"model": self.model, "messages": messages, "stream": true}).to_string()
    }
}

/// An answer on its way.
struct Answer<'a, F> {
    ask: &'a Ask,
    target: &'a Target,
    client: Client<Vec<u8>>,
    start: Instant,
    on_token: F,
    tokens: u64,
    is_stopped: bool,
    reason: String,
}

impl<F: FnMut(&str)> Answer<'_, F> {
    fn now(&self) -> u64 {
        self.start.elapsed().as_millis() as u64
    }

    /// Asks for the stream, or for the rest of it, and receives it until its end.
    fn stream(&mut self) -> Result<(), Box<dyn Error>> {
        let mut socket = Socket::connect(self.target, &[b"http/1.1"], PATIENCE)?;
        let authorization = self.ask.key.as_ref().map(|key| format!("Bearer {key}"));
        let mut headers =
            vec![("Content-Type", "application/json"), ("Accept", "text/event-stream")];
        headers.extend(authorization.as_deref().map(|value| ("Authorization", value)));
        headers.extend(self.client.last_event_id_header()?.map(|id| (LAST_EVENT_ID, id)));
        let mut out = Vec::new();
        RequestWriter::new("POST", self.target.path(), self.target.authority())
            .headers(&headers)
            .body(self.ask.body().as_bytes())
            .write(&mut out)?;
        socket.write_all(&out)?;

        let limits = http1::Limits::new().max_body_len(u64::MAX);
        let mut heads = HeadReader::new(Vec::new(), limits);
        let (mut body, mut refusal) = (None, None::<(u16, Vec<u8>)>);
        let mut buf = vec![0; 16 * 1024];
        while let ReadyState::Connecting | ReadyState::Open = self.client.ready_state() {
            let read = socket.read_until(&mut buf, Instant::now() + SILENT)?;
            let n @ 1.. = read.ok_or("the stream is silent")? else {
                return Err("the stream is cut".into());
            };
            let mut input = &mut buf[..n];
            while body.is_none() {
                let Some(response) = heads.read_response(&mut input)? else { break };
                let judged = Response::new(response.status(), response.headers());
                let now = self.now();
                match self.client.receive_response(judged, now) {
                    Verdict::Interim => continue,
                    Verdict::NoStream => refusal = Some((response.status(), Vec::new())),
                    Verdict::Stream => {}
                }
                body = Some(BodyDecoder::new_response(response.body_for("POST")?, limits));
            }
            let Some(body) = &mut body else { continue };
            while let Decoded::Part(part) = body.decode(&mut input)? {
                match &mut refusal {
                    Some((_, text)) => text.extend_from_slice(part.bytes),
                    None => self.receive(part.bytes)?,
                }
            }
            if let Some((status, text)) = refusal.take_if(|_| body.is_complete()) {
                return Err(format!("refused: {status} {}", socket::printable(&text)).into());
            }
        }
        Ok(())
    }

    fn receive(&mut self, mut input: &[u8]) -> Result<(), Box<dyn Error>> {
        let now = self.now();
        while let Some(item) = self.client.receive(&mut input, now) {
            let Item::Event(event) = item else { continue };
            if event.data == "[DONE]" {
                self.client.close();
                break;
            }
            let chunk: Json = serde_json::from_str(event.data)?;
            let choice = &chunk["choices"][0];
            if let Some(token) = choice["delta"]["content"].as_str() {
                (self.on_token)(token);
                self.tokens += 1;
            }
            if let Some(reason) = choice["finish_reason"].as_str() {
                self.reason = reason.to_owned();
            }
            if self.ask.stop_after == Some(self.tokens)
                && !self.is_stopped
                && let Some(id) = chunk["id"].as_str()
            {
                self.is_stopped = true;
                if !self.stop(id)? {
                    self.client.close(); // the server sees that nobody listens any more
                    break;
                }
            }
        }
        Ok(())
    }

    /// Pushes the stop button. Returns whether the server has one: then the stream goes on to its end.
    fn stop(&self, id: &str) -> Result<bool, Box<dyn Error>> {
        let path = format!("{}/{id}", self.target.path());
        let mut socket = Socket::connect(self.target, &[b"http/1.1"], PATIENCE)?;
        let mut out = Vec::new();
        RequestWriter::new("DELETE", &path, self.target.authority()).write(&mut out)?;
        socket.write_all(&out)?;
        let mut reader = HeadReader::new(Vec::new(), http1::Limits::new());
        let mut buf = [0; 4096];
        loop {
            let read = socket.read_until(&mut buf, Instant::now() + PATIENCE)?;
            let n @ 1.. = read.unwrap_or_default() else { return Ok(false) };
            if let Some(response) = reader.read_response(&mut &mut buf[..n])? {
                return Ok(matches!(response.status(), 200..300));
            }
        }
    }
}
