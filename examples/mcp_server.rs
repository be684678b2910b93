//! A server of the Model Context Protocol over its streamable HTTP: tools for a language model.
//!
//! ```text
//! cargo run --example mcp_server -- [ADDR]
//! npx @modelcontextprotocol/inspector --cli http://127.0.0.1:8080/mcp --transport http --method tools/list
//! ```
//!
//! There are two tools. `echo` is answered in JSON. `count` takes its time, so it is answered by an event stream with its
//! progress. A client whose stream is cut asks for the rest by `GET` with `Last-Event-ID`, because each event is kept. It speaks
//! the revisions 2025-03-26 and 2025-06-18 of the protocol.
//!
//! ```text
//!   POST ─┬─ a notification ──▶ 202
//!         └─ a request ─┬─▶ JSON
//!                       └─▶ events: progress, and the result ─┐
//!   GET ──┬─ news ────────▶ events: who has come              ├── kept in the Session
//!         └─ Last-Event-ID ─▶ the rest of a stream ◀──────────┘
//!   DELETE ─▶ the end of the session
//! ```

mod request;

use std::collections::{BTreeMap, VecDeque};
use std::error::Error;
use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

use framewright::http::NO_FIELDS;
use framewright::http1::{Body, ResponseWriter};
use framewright::sse::{Encoder, EventBuilder, LAST_EVENT_ID, RESPONSE_HEADERS};
use request::{Request, respond, respond_with};
use serde_json::{Value, json};

/// How long a client may take to send its request, and to take output.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a stream may be silent.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// How many sessions there may be, how many streams are kept of each, and how many events of each.
const MOST_SESSIONS: usize = 1024;
const MOST_STREAMS: usize = 64;
const MOST_EVENTS: usize = 4096;
/// The revisions that are spoken, the best last.
const REVISIONS: [&str; 2] = ["2025-03-26", "2025-06-18"];
const SESSION_ID: &str = "Mcp-Session-Id";

fn main() -> Result<(), Box<dyn Error>> {
    let addr = std::env::args().nth(1).unwrap_or("127.0.0.1:8080".to_owned());
    let listener = TcpListener::bind(addr)?;
    println!("listening on http://{}/mcp", listener.local_addr()?);
    Server::new(Duration::from_millis(200)).serve(&listener)
}

pub struct Server {
    /// How long `count` takes for each number.
    every: Duration,
    /// Each with its ID, the oldest first.
    sessions: Mutex<VecDeque<(String, Arc<Session>)>>,
}

/// A client, over all of its connections.
#[derive(Default)]
struct Session {
    /// The streams that were begun. The first is for news.
    streams: Mutex<BTreeMap<usize, Arc<Stream>>>,
}

/// The events of one stream, whether somebody reads it or not.
#[derive(Default)]
struct Stream {
    state: Mutex<StreamState>,
    grown: Condvar,
}

#[derive(Default)]
struct StreamState {
    events: Vec<String>,
    ended: bool,
}

impl Stream {
    /// Adds a message. A stream that is too long ends.
    fn push(&self, message: &Value) {
        let mut state = self.state.lock().unwrap();
        if state.events.len() < MOST_EVENTS && !state.ended {
            state.events.push(message.to_string());
        }
        state.ended |= state.events.len() == MOST_EVENTS;
        self.grown.notify_all();
    }

    fn end(&self) {
        self.state.lock().unwrap().ended = true;
        self.grown.notify_all();
    }

    /// Waits for an event: `Err` with whether the stream has ended, if none comes in time.
    fn wait(&self, number: usize) -> Result<String, bool> {
        let is_missing = |state: &mut StreamState| number >= state.events.len() && !state.ended;
        let state = self.state.lock().unwrap();
        let (state, _) = self.grown.wait_timeout_while(state, KEEP_ALIVE, is_missing).unwrap();
        state.events.get(number).cloned().ok_or(state.ended)
    }
}

impl Session {
    /// Begins a stream, and forgets the oldest but for news.
    fn begin(&self) -> (usize, Arc<Stream>) {
        let (mut streams, stream) = (self.streams.lock().unwrap(), Arc::new(Stream::default()));
        let number = streams.last_key_value().map_or(0, |(number, _)| number + 1);
        streams.insert(number, Arc::clone(&stream));
        if streams.len() > MOST_STREAMS
            && let Some(oldest) = streams.keys().nth(1).copied()
        {
            streams.remove(&oldest);
        }
        (number, stream)
    }

    fn end(&self) {
        self.streams.lock().unwrap().values().for_each(|stream| stream.end());
    }

    fn stream(&self, number: usize) -> Option<Arc<Stream>> {
        self.streams.lock().unwrap().get(&number).cloned()
    }
}

impl Server {
    pub fn new(every: Duration) -> Self {
        Self { every, sessions: Mutex::default() }
    }

    pub fn serve(self, listener: &TcpListener) -> Result<(), Box<dyn Error>> {
        let server = Arc::new(self);
        for socket in listener.incoming() {
            let (Ok(socket), server) = (socket, Arc::clone(&server)) else { continue };
            thread::spawn(move || server.answer(socket).unwrap_or_else(|e| eprintln!("{e}")));
        }
        Ok(())
    }

    /// Answers one request.
    fn answer(&self, mut socket: TcpStream) -> Result<(), Box<dyn Error>> {
        socket.set_nodelay(true)?;
        socket.set_read_timeout(Some(PATIENCE))?;
        socket.set_write_timeout(Some(PATIENCE))?;
        let Some(request) = Request::read(&mut socket)? else { return Ok(()) };
        if !is_local(&request) {
            return respond(&mut socket, 403, b"");
        }
        let revision = request.header("MCP-Protocol-Version").unwrap_or(REVISIONS[0]);
        if request.path != "/mcp" || !REVISIONS.contains(&revision) {
            let status = if request.path == "/mcp" { 400 } else { 404 };
            return respond(&mut socket, status, b"");
        }
        let message: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        if request.method == "POST" && message["method"] == "initialize" {
            return self.initialize(&message, &mut socket);
        }
        let Some(id) = request.header(SESSION_ID) else { return respond(&mut socket, 400, b"") };
        let Some(session) = self.session(id) else { return respond(&mut socket, 404, b"") };
        match request.method.as_str() {
            "POST" => self.post(&message, &session, &request, socket),
            "GET" => get(&session, &request, socket),
            "DELETE" => {
                self.sessions.lock().unwrap().retain(|(own, _)| own != id);
                session.end();
                respond(&mut socket, 204, b"")
            }
            _ => respond_with(&mut socket, 405, &[("Allow", "GET, POST, DELETE")], b""),
        }
    }

    fn session(&self, id: &str) -> Option<Arc<Session>> {
        let sessions = self.sessions.lock().unwrap();
        sessions.iter().find(|(own, _)| own == id).map(|(_, session)| Arc::clone(session))
    }

    /// Begins a session. The oldest of too many ends.
    fn initialize(&self, message: &Value, socket: &mut TcpStream) -> Result<(), Box<dyn Error>> {
        let asked = message["params"]["protocolVersion"].as_str().unwrap_or_default();
        let revision = REVISIONS.iter().rfind(|own| **own == asked).unwrap_or(&REVISIONS[1]);
        let mut sessions = self.sessions.lock().unwrap();
        // Clients that have vanished do not say so.
        if sessions.len() == MOST_SESSIONS
            && let Some((_, oldest)) = sessions.pop_front()
        {
            oldest.end();
        }
        // Nobody may guess it.
        let mut random = [0; 16];
        getrandom::fill(&mut random)?;
        let id = format!("{:032x}", u128::from_be_bytes(random));
        let session = Arc::new(Session::default());
        session.begin();
        let data = json!({"level": "info", "data": "somebody has come"});
        let news = json!({"jsonrpc": "2.0", "method": "notifications/message", "params": data});
        for (_, other) in &*sessions {
            other.stream(0).expect("it is never forgotten").push(&news);
        }
        sessions.push_back((id.clone(), session));
        drop(sessions);
        let result = json!({
            "protocolVersion": revision,
            "capabilities": {"tools": {}, "logging": {}},
            "serverInfo": {"name": "framewright", "version": env!("CARGO_PKG_VERSION")},
        });
        let answer = json!({"jsonrpc": "2.0", "id": message["id"], "result": result}).to_string();
        let headers = [("Content-Type", "application/json"), (SESSION_ID, &id)];
        respond_with(socket, 200, &headers, answer.as_bytes())
    }

    /// Answers a message of JSON-RPC.
    fn post(
        &self,
        message: &Value,
        session: &Session,
        request: &Request,
        mut socket: TcpStream,
    ) -> Result<(), Box<dyn Error>> {
        let Some(method) = message["method"].as_str() else {
            let is_response = message.get("result").or(message.get("error")).is_some();
            return respond(&mut socket, if is_response { 202 } else { 400 }, b"");
        };
        let Some(id) = message.get("id").cloned() else { return respond(&mut socket, 202, b"") };
        let params = &message["params"];
        let arguments = &params["arguments"];
        let result = match (method, params["name"].as_str()) {
            ("ping", _) => Ok(json!({})),
            ("logging/setLevel", _) => Ok(json!({})),
            ("tools/list", _) => Ok(tools()),
            ("tools/call", Some("echo")) => {
                Ok(text(arguments["text"].as_str().unwrap_or_default()))
            }
            ("tools/call", Some("count")) => {
                let (number, stream) = session.begin();
                let to = arguments["to"].as_u64().unwrap_or(3).min(1000);
                let (token, every) = (params["_meta"]["progressToken"].clone(), self.every);
                let its = Arc::clone(&stream);
                thread::spawn(move || count(to, &token, every, &id, &its));
                return send_events(number, &stream, 0, request, socket);
            }
            ("tools/call", _) => Err((-32602, "no such tool")),
            _ => Err((-32601, "no such method")),
        };
        let answer = match result {
            Ok(result) => json!({"jsonrpc": "2.0", "id": id, "result": result}),
            Err((code, why)) => {
                json!({"jsonrpc": "2.0", "id": id, "error": {"code": code, "message": why}})
            }
        };
        respond(&mut socket, 200, answer.to_string().as_bytes())
    }
}

/// Whether a browser asks on behalf of a page of ours, or no browser does. A name that leads here may be anybody's.
fn is_local(request: &Request) -> bool {
    let host = request.header("Host").unwrap_or_default();
    let name = host.parse::<http::uri::Authority>().map(|host| host.host().to_owned());
    let is_ours = matches!(name.as_deref(), Ok("localhost" | "127.0.0.1" | "[::1]"));
    is_ours && request.header("Origin").is_none_or(|origin| origin == format!("http://{host}"))
}

/// Sends news, or the rest of a stream.
fn get(session: &Session, request: &Request, mut socket: TcpStream) -> Result<(), Box<dyn Error>> {
    let Some(last) = request.header(LAST_EVENT_ID) else {
        let stream = session.stream(0).expect("it is never forgotten");
        let next = stream.state.lock().unwrap().events.len();
        return send_events(0, &stream, next, request, socket);
    };
    let last = last.split_once('-').map(|(stream, event)| (stream.parse(), event.parse()));
    let Some((Ok(number), Ok(event))) = last else { return respond(&mut socket, 400, b"") };
    match session.stream(number) {
        Some(stream) => {
            send_events(number, &stream, usize::saturating_add(event, 1), request, socket)
        }
        None => respond(&mut socket, 404, b""),
    }
}

/// Sends the events of a stream from one on, until its end. The ID of an event is `STREAM-EVENT`.
fn send_events(
    number: usize,
    stream: &Stream,
    mut next: usize,
    request: &Request,
    mut socket: TcpStream,
) -> Result<(), Box<dyn Error>> {
    let (mut out, mut encoder) = (Vec::new(), Encoder::new());
    let framing = Body::of_unknown_len(request.version);
    let mut body =
        ResponseWriter::new(200).headers(RESPONSE_HEADERS).close().begin(framing, &mut out)?;
    loop {
        socket.write_all(&out)?; // a client that has left is found out here
        out.clear();
        let mut event = Vec::new();
        match stream.wait(next) {
            Ok(data) => {
                let id = format!("{number}-{next}");
                encoder.encode(EventBuilder::new().id(&id).data(&data), &mut event)?;
                next += 1;
            }
            Err(false) => encoder.encode_keep_alive(&mut event)?,
            Err(true) => {
                body.finish(NO_FIELDS, &mut out)?;
                return Ok(socket.write_all(&out)?);
            }
        }
        body.encode(&event, &mut out)?;
    }
}

/// The tool that takes its time.
fn count(to: u64, token: &Value, every: Duration, id: &Value, stream: &Stream) {
    for n in 1..=to {
        thread::sleep(every);
        if !token.is_null() {
            let params = json!({"progressToken": token, "progress": n, "total": to});
            let method = "notifications/progress";
            stream.push(&json!({"jsonrpc": "2.0", "method": method, "params": params}));
        }
    }
    let result = text(&format!("counted to {to}"));
    stream.push(&json!({"jsonrpc": "2.0", "id": id, "result": result}));
    stream.end();
}

fn tools() -> Value {
    let tool = |name: &str, what: &str, argument: &str, kind: &str| {
        let schema = json!({"type": "object", "properties": {argument: {"type": kind}}});
        json!({"name": name, "description": what, "inputSchema": schema})
    };
    json!({"tools": [
        tool("echo", "Says the same.", "text", "string"),
        tool("count", "Counts, and reports its progress.", "to", "integer"),
    ]})
}

fn text(text: &str) -> Value {
    json!({"content": [{"type": "text", "text": text}], "isError": false})
}
