//! An HTTP/2 client on a blocking socket: sends a request and prints the response.
//!
//! ```text
//! cargo run --example http2_client -- [--ca FILE] [--data TEXT | --data @FILE] [--trailer NAME:VALUE]... URL
//! ```
//!
//! The body goes to standard output, and the rest to standard error. With `http://`, it speaks HTTP/2 at once ("prior
//! knowledge", RFC 9113 §3.3), and with `https://` if the server chooses that by ALPN. `--ca` is a file of authorities in
//! PEM, instead of the well-known ones.

#[path = "socket/mod.rs"]
mod socket;

use std::error::Error;
use std::io::{self, Write};
use std::time::{Duration, Instant};

use framewright::http2::{
    Client, Connection, ErrorCode, Event, Headers, Limits, Request, SendError, Slot, Storage,
    Stream,
};
use socket::{Socket, Target};

/// How long connecting may take, and how long the server may say nothing.
const PATIENCE: Duration = Duration::from_secs(20);

/// What a socket's buffers surely hold. The server can send no more than this before we read, so it never waits for
/// us while we wait for it to read what we write.
const WINDOW: u32 = 64 * 1024;

struct Args {
    target: Target,
    /// The body of a POST.
    data: Option<Vec<u8>>,
    /// The name and value of each.
    trailers: Vec<(String, String)>,
}

fn parse_args() -> Result<Args, Box<dyn Error>> {
    use lexopt::prelude::{Long, Value, ValueExt};
    let (mut url, mut ca, mut data, mut trailers) = (None, None, None, Vec::new());
    let mut parser = lexopt::Parser::from_env();
    while let Some(arg) = parser.next()? {
        match arg {
            Value(value) if url.is_none() => url = Some(value.string()?),
            Long("ca") => ca = Some(parser.value()?.into()),
            Long("data") => {
                let text = parser.value()?.string()?;
                data = Some(match text.strip_prefix('@') {
                    Some(path) => std::fs::read(path)?,
                    None => text.into_bytes(),
                });
            }
            Long("trailer") => {
                let text = parser.value()?.string()?;
                let (name, value) = text.split_once(':').ok_or("a trailer is NAME:VALUE")?;
                trailers.push((name.to_owned(), value.trim().to_owned()));
            }
            other => return Err(other.unexpected().into()),
        }
    }
    let url =
        url.ok_or("usage: http2_client URL [--data TEXT | @FILE] [--trailer NAME:VALUE]...")?;
    Ok(Args { target: Target::parse(&url)?.with_ca(ca), data, trailers })
}

fn main() -> Result<(), Box<dyn Error>> {
    let Args { target, data, trailers } = parse_args()?;
    let mut socket = Socket::connect(&target, &[b"h2"], PATIENCE)?;
    if target.is_secure() && socket.alpn().is_none() {
        return Err("the server does not speak HTTP/2".into());
    }
    let limits = Limits::new().stream_window(WINDOW).connection_window(WINDOW);
    let mut http2 = Connection::client(Storage::new(), limits);
    let mut out = Vec::new();

    let method = if data.is_some() { "POST" } else { "GET" };
    let request = Request::new(method, target.scheme(), target.authority(), target.path());
    let body = data.unwrap_or_default();
    let ends = body.is_empty() && trailers.is_empty();
    let stream = http2.open(request, [("user-agent", "framewright")], ends, &mut out)?;
    let mut upload = Upload { body, sent: 0, trailers, done: ends };
    upload.go_on(&mut http2, stream, &mut out)?;

    let (mut head, mut buf) = (Vec::new(), vec![0; 16 * 1024]);
    let mut state = State::Open;
    loop {
        http2.transmit(&mut out);
        socket.write_all(&out)?;
        out.clear();
        if http2.is_over() {
            break;
        }
        let read = socket.read_until(&mut buf, Instant::now() + PATIENCE)?;
        let n @ 1.. = read.ok_or("the server says nothing")? else { break };
        let mut input = &mut buf[..n];
        while let Some(event) = http2.receive(&mut input, &mut head) {
            let next = show(event)?;
            // A server may reset the rest of a request that it has answered (§8.1).
            if let (State::Open, Some(next)) = (&state, next) {
                state = next;
            }
        }
        while let Some(stream) = http2.writable() {
            upload.go_on(&mut http2, stream, &mut out)?;
        }
        if !matches!(state, State::Open) {
            // The server may not want the rest of the request. If all was sent, this changes nothing.
            http2.reset(stream, ErrorCode::CANCEL);
            http2.close();
        }
    }
    match state {
        State::Complete => Ok(()),
        State::Failed(why) => Err(why.into()),
        State::Open => Err(format!("no whole response: {:?}", http2.receive_eof()).into()),
    }
}

/// How far the response has come.
enum State {
    Open,
    Complete,
    Failed(String),
}

/// Prints what came. Returns the state that it leads to, if that changes.
fn show(event: Event<'_>) -> io::Result<Option<State>> {
    let end = match event {
        Event::Head { head, end, .. } => {
            eprintln!("{}", head.status());
            show_fields(head.headers());
            end
        }
        Event::Informational { head, .. } => {
            eprintln!("{}", head.status());
            show_fields(head.headers());
            false
        }
        Event::Data(data) => {
            io::stdout().write_all(data.bytes)?;
            data.end()
        }
        Event::Trailers { trailers, .. } => {
            show_fields(trailers);
            true
        }
        Event::Reset { code, .. } => return Ok(Some(State::Failed(format!("reset: {code}")))),
        Event::StreamFailed { error, .. } | Event::Failed(error) => {
            return Ok(Some(State::Failed(error.to_string())));
        }
        // Without an error, the server finishes what it has begun.
        Event::GoAway { code, .. } if code != ErrorCode::NO_ERROR => {
            return Ok(Some(State::Failed(format!("the server closes: {code}"))));
        }
        Event::GoAway { .. } | Event::Settings | Event::Pong(_) => false,
    };
    Ok(end.then_some(State::Complete))
}

fn show_fields(fields: Headers<'_>) {
    for field in fields {
        eprintln!("{}: {}", field.name, field.value.escape_ascii());
    }
}

/// The body of the request, and what follows it.
struct Upload {
    body: Vec<u8>,
    /// How much of the body was sent.
    sent: usize,
    trailers: Vec<(String, String)>,
    done: bool,
}

impl Upload {
    /// Sends what the server's windows allow, in one frame.
    fn go_on(
        &mut self,
        http2: &mut Connection<Client, Vec<u8>, Vec<Slot>>,
        stream: Stream,
        out: &mut Vec<u8>,
    ) -> Result<(), SendError> {
        if self.done {
            return Ok(());
        }
        let ends = self.trailers.is_empty();
        self.sent += http2.send(stream, &self.body[self.sent..], ends, out)?;
        if self.sent == self.body.len() {
            self.done = true;
            if !ends {
                let trailers = self.trailers.iter().map(|(name, value)| (&**name, &**value));
                http2.send_trailers(stream, trailers, out)?;
            }
        }
        Ok(())
    }
}
