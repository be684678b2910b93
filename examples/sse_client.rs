//! Prints the events of a stream, one to a line, and reconnects whenever it breaks.
//!
//! ```text
//! cargo run --example sse_client -- [--events COUNT] [--ca FILE] URL
//! ```
//!
//! The URL begins with `http://` or `https://`, and `--ca` is a file of authorities in PEM, instead of the well-known ones.
//! An event is shown as its last event ID, its type, and its data as a string of JSON.

#[path = "socket/mod.rs"]
mod socket;

use std::error::Error;
use std::io::{self, Write};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use framewright::http1::{self, BodyDecoder, Decoded, HeadReader, RequestWriter};
use framewright::sse::{
    Action, Assembler, Client, Event, Item, Limits, Policy, ReadyState, Reason, Response, Storage,
    Verdict,
};
use lexopt::prelude::{Long, Value, ValueExt};
use socket::{Socket, Target};

/// Statuses to retry after: a server that restarts answers 503 for a while.
const RETRY: &[u16] = &[429, 500, 502, 503, 504];

/// How long connecting may take.
const CONNECT_WITHIN: Duration = Duration::from_secs(10);
/// How long the body of a refusal may take, and how much of it is shown.
const REFUSAL_WITHIN: Duration = Duration::from_secs(1);
const REFUSAL_LEN: usize = 1024;
/// How long to read if the client has no deadline, in ms.
const LOOK_UP: u64 = 1_000;

fn main() -> Result<(), Box<dyn Error>> {
    let (mut left, mut ca, mut url) = (u64::MAX, None, None);
    let mut args = lexopt::Parser::from_env();
    while let Some(arg) = args.next()? {
        match arg {
            Long("events") => left = args.value()?.parse()?,
            Long("ca") => ca = Some(args.value()?.into()),
            Value(value) if url.is_none() => url = Some(value.string()?),
            arg => return Err(arg.unexpected().into()),
        }
    }
    let url = url.ok_or("usage: sse_client [--events COUNT] [--ca FILE] URL")?;
    let target = Target::parse(&url)?.with_ca(ca);
    if left == 0 {
        return Ok(());
    }

    let assembler = Assembler::new(Limits::new(), Storage::<Vec<u8>>::default());
    let policy = Policy::new().retry_statuses(RETRY).connect_timeout(10_000).idle_timeout(60_000);
    let client = Client::new(policy, assembler, u64::from(std::process::id()));
    let mut reader = Reader { client, start: Instant::now(), left, printed: Ok(()) };
    loop {
        let now = reader.now();
        match reader.client.poll(now) {
            Some(Action::Connect) => {
                // Whatever the error is, the client decides what comes next.
                if let Err(e) = reader.stream(&target) {
                    eprintln!("{e}");
                    let now = reader.now();
                    reader.client.fail(now);
                }
            }
            Some(Action::Disconnect) => {} // `stream` has returned and dropped the socket
            None => match reader.client.deadline() {
                Some(deadline) => {
                    thread::sleep(Duration::from_millis(deadline.saturating_sub(now)))
                }
                None => break,
            },
        }
    }
    reader.printed?;
    match reader.client.ready_state() {
        // Everything asked for was printed, or everything there is.
        ReadyState::Closed(Reason::Caller | Reason::Status(204)) => Ok(()),
        state => Err(format!("{state:?}").into()),
    }
}

struct Reader {
    client: Client<Vec<u8>>,
    start: Instant,
    /// Events left to print.
    left: u64,
    /// The error of standard output. Connecting again would not help against it.
    printed: io::Result<()>,
}

impl Reader {
    fn now(&self) -> u64 {
        self.start.elapsed().as_millis() as u64
    }

    /// Asks for the stream and receives it until its end.
    fn stream(&mut self, target: &Target) -> Result<(), Box<dyn Error>> {
        let mut socket = Socket::connect(target, &[b"http/1.1"], CONNECT_WITHIN)?;
        let mut headers = vec![("Accept", "text/event-stream"), ("Cache-Control", "no-cache")];
        match self.client.last_event_id_header() {
            Ok(Some(id)) => headers.push(("Last-Event-ID", id)),
            Ok(None) => {}
            Err(e) => eprintln!("{e}: the server cannot know where the stream broke"),
        }
        let mut out = Vec::new();
        RequestWriter::new("GET", target.path(), target.authority())
            .headers(&headers)
            .write(&mut out)?;
        socket.write_all(&out)?;

        let limits = http1::Limits::new().max_body_len(u64::MAX);
        let mut heads = HeadReader::new(Vec::new(), limits);
        let mut body = None;
        let mut buf = vec![0; 16 * 1024];
        while let ReadyState::Connecting | ReadyState::Open = self.client.ready_state() {
            let Some(n) = self.read(&mut socket, &mut buf)? else { return Ok(()) };
            let mut input = &mut buf[..n];
            if n == 0 {
                let now = self.now();
                self.client.receive_eof(now);
                return Ok(());
            }
            while body.is_none() {
                let Some(response) = heads.read_response(&mut input)? else { break };
                let unix_time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                let judged = Response {
                    unix_time: Some(unix_time.as_secs()),
                    ..Response::new(response.status(), response.headers())
                };
                let now = self.now();
                let verdict = self.client.receive_response(judged, now);
                if verdict == Verdict::Interim {
                    continue; // the answer is still to come
                }
                let decoder = BodyDecoder::new_response(response.body_for("GET")?, limits);
                if verdict == Verdict::NoStream {
                    let reason = socket::printable(response.reason());
                    eprintln!("the server answers {} {reason}:", response.status());
                    return show_refusal(decoder, input, &mut socket);
                }
                body = Some(decoder);
            }
            let Some(body) = &mut body else { continue };
            while let Decoded::Part(part) = body.decode(&mut input)? {
                self.receive(part.bytes);
            }
            if body.is_complete() {
                let now = self.now();
                self.client.receive_eof(now);
                return Ok(());
            }
        }
        Ok(())
    }

    /// Reads until bytes arrive. `None` if the client's timeout passed first.
    fn read(&mut self, socket: &mut Socket, buf: &mut [u8]) -> io::Result<Option<usize>> {
        loop {
            let deadline = self.client.deadline().unwrap_or(self.now() + LOOK_UP);
            let until = self.start + Duration::from_millis(deadline);
            if let Some(n) = socket.read_until(buf, until)? {
                return Ok(Some(n));
            }
            let now = self.now();
            if self.client.poll(now) == Some(Action::Disconnect) {
                return Ok(None);
            }
        }
    }

    fn receive(&mut self, mut input: &[u8]) {
        let now = self.now();
        while let Some(item) = self.client.receive(&mut input, now) {
            let Item::Event(event) = item else { continue };
            self.printed = print(&event);
            self.left -= 1;
            if self.left == 0 || self.printed.is_err() {
                self.client.close();
            }
        }
    }
}

/// Prints the body of an answer that is not the stream: most servers say there what is wrong.
fn show_refusal(
    mut body: BodyDecoder,
    read: &[u8],
    socket: &mut Socket,
) -> Result<(), Box<dyn Error>> {
    let (mut buf, mut text) = (read.to_vec(), Vec::new());
    let until = Instant::now() + REFUSAL_WITHIN;
    loop {
        let mut input = &mut buf[..];
        while let Decoded::Part(part) = body.decode(&mut input)? {
            text.extend_from_slice(part.bytes);
        }
        if body.is_complete() || text.len() >= REFUSAL_LEN {
            break;
        }
        buf.resize(4096, 0);
        match socket.read_until(&mut buf, until)? {
            Some(n @ 1..) => buf.truncate(n),
            _ => break,
        }
    }
    text.truncate(REFUSAL_LEN);
    eprintln!("{}", socket::printable(&text).trim_end());
    Ok(())
}

fn print(event: &Event<'_>) -> io::Result<()> {
    let data = serde_json::to_string(event.data)?;
    writeln!(io::stdout(), "{} {} {data}", event.last_event_id, event.event_type)
}
