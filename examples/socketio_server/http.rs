//! The server: its sessions, and the requests on a connection.

use std::collections::HashMap;
use std::error::Error;
use std::io::Read;
use std::net::TcpStream;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use framewright::engineio::{
    Answer, Assembler, Event, Limits, Reason, Refusal, Request, Session, Transport,
};
use framewright::http1::{self, BodyDecoder, Decoded, HeadReader};
use framewright::socketio;
use framewright::ws::handshake::{Offer, Origins};
use framewright::ws::{self, Connection, Inbox, MessageEvent};

use crate::application::Application;
use crate::client::{Client, Held, Socket, respond};

/// How long a peer may take to take our output.
const PATIENCE: Duration = Duration::from_secs(10);
/// Most sessions at a time.
const MAX_SESSIONS: usize = 10_000;

pub struct Server {
    start: Instant,
    limits: Limits,
    socketio: socketio::Limits,
    sessions: Mutex<HashMap<String, Arc<Mutex<Client>>>>,
    connections: AtomicU64,
}

impl Server {
    pub fn new(quick: bool) -> Self {
        let (mut limits, mut socketio) = (Limits::new(), socketio::Limits::new());
        if quick {
            limits = limits.ping_interval(300).ping_timeout(200);
            socketio = socketio.connect_within(1000);
        }
        Self {
            start: Instant::now(),
            limits,
            socketio,
            sessions: Mutex::default(),
            connections: AtomicU64::new(0),
        }
    }

    fn now(&self) -> u64 {
        self.start.elapsed().as_millis() as u64
    }

    fn find(&self, sid: &str) -> Result<Arc<Mutex<Client>>, Refusal> {
        let client = lock(&self.sessions).get(sid).cloned().ok_or(Refusal::UnknownSid)?;
        lock(&client).poll(self.now());
        Ok(client)
    }

    /// Opens a session.
    fn open(
        &self,
        transport: Transport,
        base64: bool,
        path: &str,
    ) -> Result<Arc<Mutex<Client>>, Refusal> {
        let mut sessions = lock(&self.sessions);
        if sessions.len() >= MAX_SESSIONS {
            return Err(Refusal::Forbidden);
        }
        let (sid, now) = (random_id(), self.now());
        let session = Session::new(&sid, transport, base64, self.limits, Vec::new(), now);
        let application = match path {
            "/engine.io/" => Application::Echo,
            _ => Application::socketio(self.socketio, now),
        };
        let client = Arc::new(Mutex::new(Client {
            session: session.map_err(|_| Refusal::BadRequest)?,
            application,
            assembler: Assembler::new(self.limits.max_message_len, Vec::new()),
            held: None,
            socket: None,
        }));
        sessions.insert(sid, Arc::clone(&client));
        Ok(client)
    }

    /// Does what is due, and forgets sessions that are over. Returns when to come again.
    pub fn poll_sessions(&self) -> Duration {
        let now = self.now();
        let clients: Vec<_> = lock(&self.sessions).values().cloned().collect();
        let mut next = now + 10;
        for client in clients {
            let mut client = lock(&client);
            client.poll(now);
            next = next.min(client.session.deadline().unwrap_or(next));
        }
        lock(&self.sessions).retain(|_, client| !lock(client).session.is_over());
        Duration::from_millis(next.saturating_sub(self.now()))
    }
}

/// A thread that panicked has harmed its own client at most.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// 128 random bits.
pub fn random_id() -> String {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).expect("the system has random numbers");
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A connection whose requests are read one after another.
struct Peer<'s> {
    server: &'s Server,
    stream: TcpStream,
    id: u64,
    buf: Vec<u8>,
    unread: std::ops::Range<usize>,
    /// The session whose GET this connection waits for.
    waiting: Option<Arc<Mutex<Client>>>,
}

/// Serves a connection from its first byte to its last.
pub fn serve(server: &Server, stream: TcpStream) -> Result<(), Box<dyn Error>> {
    stream.set_nodelay(true)?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let id = server.connections.fetch_add(1, Ordering::Relaxed);
    let buf = vec![0; 16 * 1024];
    let mut peer = Peer { server, stream, id, buf, unread: 0..0, waiting: None };
    let result = peer.serve();
    // The reader of a held request went away.
    if let Some(client) = peer.waiting.take() {
        let mut client = lock(&client);
        if client.held.as_ref().is_some_and(|held| held.connection == id) {
            client.held = None;
            client.session.receive_get_eof();
            client.flush();
        }
    }
    result
}

/// What a request wants of us, once its head was read.
enum Next {
    Done,
    Post(Arc<Mutex<Client>>, http1::Body, Option<String>),
    Socket(Arc<Mutex<Client>>),
    /// The connection cannot go on.
    Over,
}

impl Peer<'_> {
    /// Reads more, if all was taken. Returns `false` at the end.
    fn fill(&mut self) -> std::io::Result<bool> {
        if self.unread.is_empty() {
            self.unread = 0..self.stream.read(&mut self.buf)?;
        }
        Ok(!self.unread.is_empty())
    }

    fn serve(&mut self) -> Result<(), Box<dyn Error>> {
        let mut reader = HeadReader::new(Vec::new(), http1::Limits::new());
        while self.fill()? {
            let mut input = &mut self.buf[self.unread.clone()];
            let next = match reader.read_request(&mut input)? {
                None => Next::Done,
                Some(request) => {
                    let origin = request.headers().get("origin");
                    let origin = origin.and_then(|origin| String::from_utf8(origin.to_vec()).ok());
                    self.waiting = None;
                    let (stream, id) = (&self.stream, self.id);
                    let next = begin(
                        self.server,
                        stream,
                        id,
                        &request,
                        origin.as_deref(),
                        &mut self.waiting,
                    );
                    match next {
                        Ok(next) => next,
                        Err(refusal) => {
                            let Answer { status, content_type, body } = refusal.answer();
                            respond(
                                &self.stream,
                                status,
                                content_type,
                                origin.as_deref(),
                                body.as_bytes(),
                            )?;
                            // A body that nobody reads would be taken for a request.
                            if request.body() == http1::Body::Len(0) {
                                Next::Done
                            } else {
                                Next::Over
                            }
                        }
                    }
                }
            };
            self.unread.start = self.unread.end - input.len();
            match next {
                Next::Done => {}
                Next::Over => return Ok(()),
                Next::Post(client, body, origin) => {
                    if !self.post(&client, body, origin.as_deref())? {
                        return Ok(());
                    }
                }
                Next::Socket(client) => return self.socket(&client),
            }
        }
        Ok(())
    }

    /// Reads the body of a POST, and answers it. Returns whether another request may follow.
    fn post(
        &mut self,
        client: &Mutex<Client>,
        body: http1::Body,
        origin: Option<&str>,
    ) -> Result<bool, Box<dyn Error>> {
        let mut decoder = BodyDecoder::new(body, http1::Limits::new());
        let mut answer = Answer::OK;
        while !decoder.is_complete() {
            if !self.fill()? {
                lock(client).session.receive_post_eof();
                return Ok(false);
            }
            let mut input = &mut self.buf[self.unread.clone()];
            let mut client = lock(client);
            while let Decoded::Part(part) = decoder.decode(&mut input)? {
                let mut bytes = part.bytes.to_vec();
                let mut bytes = &mut bytes[..];
                let now = self.server.now();
                while let Some(event) = client.session.receive_post(&mut bytes, now) {
                    take_posted(&mut client, event, now, &mut answer);
                }
            }
            self.unread.start = self.unread.end - input.len();
            client.flush();
            if answer != Answer::OK {
                break;
            }
        }
        let mut client = lock(client);
        let now = self.server.now();
        if let Some(event) = client.session.end_post(now) {
            take_posted(&mut client, event, now, &mut answer);
        }
        // Another POST may have ended the session while this one was read.
        if let Some(reason @ Reason::Error(_)) = client.session.reason() {
            answer = reason.answer();
        }
        let Answer { status, content_type, body } = answer;
        respond(&self.stream, status, content_type, origin, body.as_bytes())?;
        client.flush();
        Ok(decoder.is_complete())
    }

    /// Serves a WebSocket to its end.
    fn socket(&mut self, client: &Mutex<Client>) -> Result<(), Box<dyn Error>> {
        let result = self.read_socket(client);
        let mut client = lock(client);
        if client.socket.as_ref().is_some_and(|socket| socket.id == self.id) {
            client.session.receive_socket_eof();
            client.drop_socket(ws::CloseCode::NORMAL);
        }
        client.flush();
        result
    }

    fn read_socket(&mut self, client: &Mutex<Client>) -> Result<(), Box<dyn Error>> {
        let mut inbox = Inbox::new(Vec::new());
        lock(client).flush();
        while self.fill()? {
            let mut input = &self.buf[self.unread.clone()];
            let now = self.server.now();
            let mut client = lock(client);
            loop {
                let Some(socket) = client.socket.as_mut().filter(|socket| socket.id == self.id)
                else {
                    return Ok(());
                };
                match socket.connection.receive_message(&mut input, &mut inbox) {
                    Some(MessageEvent::Message(_)) => {
                        if let Some(event) = client.session.receive_socket(inbox.message(), now) {
                            client.take_socket(event, now);
                        }
                        client.flush();
                    }
                    Some(MessageEvent::Close(_) | MessageEvent::Failed(_)) => return Ok(()),
                    Some(_) => {}
                    None => break,
                }
            }
            self.unread = 0..0;
            let mut out = Vec::new();
            if let Some(socket) = &mut client.socket {
                socket.connection.transmit(&mut out);
                std::io::Write::write_all(&mut &socket.stream, &out)?;
            }
        }
        Ok(())
    }
}

/// Does what a head alone asks for.
fn begin(
    server: &Server,
    stream: &TcpStream,
    id: u64,
    request: &http1::Request<'_>,
    origin: Option<&str>,
    waiting: &mut Option<Arc<Mutex<Client>>>,
) -> Result<Next, Refusal> {
    let path = request.path();
    if !matches!(path, "/engine.io/" | "/socket.io/") {
        let _ = respond(stream, 404, "text/plain", origin, b"not found");
        return Ok(Next::Over);
    }
    let upgrade = request.headers().get("upgrade").is_some();
    let lost = |_| Refusal::BadRequest;
    let held = || -> Result<_, Refusal> {
        let stream = stream.try_clone().map_err(lost)?;
        Ok(Some(Held { stream, connection: id, origin: origin.map(str::to_owned) }))
    };
    match Request::parse(request.method(), request.target(), upgrade)? {
        Request::Open { transport: Transport::Polling, base64 } => {
            let client = server.open(Transport::Polling, base64, path)?;
            let mut client = lock(&client);
            client.held = held()?;
            client.flush();
            Ok(Next::Done)
        }
        Request::Get { sid } => {
            let client = server.find(sid)?;
            *waiting = Some(Arc::clone(&client));
            let mut client = lock(&client);
            if let Err(refusal) = client.session.get() {
                client.flush();
                return Err(refusal);
            }
            client.held = held()?;
            client.flush();
            Ok(Next::Done)
        }
        Request::Post { sid } => {
            let client = server.find(sid)?;
            let taken = lock(&client).session.post(request.headers().get("content-type"));
            lock(&client).flush();
            taken?;
            Ok(Next::Post(client, request.body(), origin.map(str::to_owned)))
        }
        Request::Open { base64, .. } => {
            let accepted = accept(request)?;
            let client = server.open(Transport::WebSocket, base64, path)?;
            attach(&mut lock(&client), stream, id, &accepted).map_err(lost)?;
            Ok(Next::Socket(client))
        }
        Request::Upgrade { sid } => {
            let accepted = accept(request)?;
            let client = server.find(sid)?;
            let mut locked = lock(&client);
            if locked.session.upgrade(server.now()).is_err() {
                // A browser would not say why it was refused.
                let (mut stream, mut out) = (stream, accepted);
                let _ = Connection::server(ws::Limits::new()).close(
                    ws::CloseCode::POLICY,
                    "",
                    &mut out,
                );
                let _ = std::io::Write::write_all(&mut stream, &out);
                return Ok(Next::Over);
            }
            attach(&mut locked, stream, id, &accepted).map_err(lost)?;
            drop(locked);
            Ok(Next::Socket(client))
        }
    }
}

/// The answer that opens a WebSocket.
fn accept(request: &http1::Request<'_>) -> Result<Vec<u8>, Refusal> {
    let offer = Offer::from_request(request, Origins::any().or_absent());
    let mut out = Vec::new();
    let accepted = offer.ok().and_then(|offer| offer.accept().write(&mut out).ok());
    accepted.map(|_| out).ok_or(Refusal::BadRequest)
}

fn attach(
    client: &mut Client,
    mut stream: &TcpStream,
    id: u64,
    accepted: &[u8],
) -> std::io::Result<()> {
    std::io::Write::write_all(&mut stream, accepted)?;
    let connection = Connection::server(ws::Limits::new().max_message_len(1_000_001));
    client.socket = Some(Socket { stream: stream.try_clone()?, id, connection });
    Ok(())
}

fn take_posted(client: &mut Client, event: Event<'_>, now: u64, answer: &mut Answer) {
    match event {
        Event::Message(part) => client.take(part, now),
        Event::Closed(reason) => *answer = reason.answer(),
        _ => {}
    }
}
