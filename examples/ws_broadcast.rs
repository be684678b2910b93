//! A chat on blocking sockets: each message goes to everybody, and is encoded once, or twice if some are compressed.
//!
//! ```text
//! cargo run --example ws_broadcast -- [ADDR]
//! cargo run --example ws_client -- ws://127.0.0.1:8080
//! ```
//!
//! A member has two threads and a queue between them and the others. A member whose queue is full is dropped: one that
//! does not read can keep nobody waiting.
//!
//! ```text
//!   socket ──▶ read ── message ──▶ Room ── bytes, shared ──▶ queue of each member ──▶ write ──▶ socket
//! ```

use std::error::Error;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;
use std::time::Duration;

use framewright::http1;
use framewright::ws::deflate::{Config, Deflater};
use framewright::ws::handshake::{self, Origins};
use framewright::ws::{
    Connection, Encoder, Inbox, Limits, Message, MessageEvent, SendError, Server,
};

/// How long a member may take to send its request, and to take output.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long it may say nothing. A page that stays open sends a message, or a ping, once in a while.
const SILENT: Duration = Duration::from_secs(600);
/// How many outputs may wait for a member.
const QUEUE: usize = 64;

fn main() -> Result<(), Box<dyn Error>> {
    let addr = std::env::args().nth(1).unwrap_or("127.0.0.1:8080".to_owned());
    let listener = TcpListener::bind(addr)?;
    println!("listening on ws://{}", listener.local_addr()?);
    serve(&listener)
}

pub fn serve(listener: &TcpListener) -> Result<(), Box<dyn Error>> {
    let room = Arc::new(Room::new());
    for socket in listener.incoming() {
        let (Ok(socket), room) = (socket, Arc::clone(&room)) else { continue };
        thread::spawn(move || welcome(socket, &room).unwrap_or_else(|e| eprintln!("{e}")));
    }
    Ok(())
}

struct Room {
    members: Mutex<Vec<Arc<Member>>>,
    /// Compresses for all. No message refers to those before, because members come and go.
    deflater: Mutex<Deflater>,
}

/// What others need of a member.
struct Member {
    connection: Mutex<Connection<Server>>,
    queue: SyncSender<Arc<[u8]>>,
    socket: TcpStream,
}

impl Room {
    fn new() -> Self {
        let deflater = Mutex::new(Deflater::shared(15, Config::new()));
        Self { members: Mutex::new(Vec::new()), deflater }
    }

    /// Sends a message to everybody.
    fn say(&self, message: Message<'_>) -> Result<(), SendError> {
        let (mut plain, mut compressed) = (Vec::new(), Vec::new());
        let mut deflater = lock(&self.deflater);
        Encoder::server().encode(message, &mut plain)?;
        deflater.encode(message, &mut Encoder::server(), &mut compressed)?;
        let (plain, compressed) = (Arc::from(plain), Arc::from(compressed));
        for member in &*lock(&self.members) {
            let mut connection = lock(&member.connection);
            if connection.ready().is_ok() {
                let bytes = if connection.admit(&deflater) { &compressed } else { &plain };
                member.push(Arc::clone(bytes));
            }
        }
        Ok(())
    }
}

impl Member {
    /// Queues bytes. While it is called, the member's connection is locked, so that nothing comes after a close.
    fn push(&self, bytes: Arc<[u8]>) {
        if self.queue.try_send(bytes).is_err() {
            let _ = self.socket.shutdown(Shutdown::Both); // which ends both of its threads
        }
    }
}

/// Serves a member from its first byte to its last.
fn welcome(mut socket: TcpStream, room: &Room) -> Result<(), Box<dyn Error>> {
    socket.set_nodelay(true)?;
    socket.set_write_timeout(Some(PATIENCE))?;
    socket.set_read_timeout(Some(PATIENCE))?;
    let Some(Opened { connection, unread }) = open(&mut socket)? else { return Ok(()) };
    let (queue, outputs) = sync_channel(QUEUE);
    let connection = Mutex::new(connection);
    let member = Arc::new(Member { connection, queue, socket: socket.try_clone()? });
    let its = socket.try_clone()?;
    thread::spawn(move || write(its, &outputs));
    lock(&room.members).push(Arc::clone(&member));
    let ended = read(&mut socket, &member, room, unread);
    lock(&room.members).retain(|other| !Arc::ptr_eq(other, &member));
    ended
}

/// An open WebSocket, and what came with the request.
struct Opened {
    connection: Connection<Server>,
    unread: Vec<u8>,
}

/// Reads the request and answers it. Returns the WebSocket, if it opens one.
fn open(socket: &mut TcpStream) -> Result<Option<Opened>, Box<dyn Error>> {
    let origins = Origins::same_host().or_absent();
    let mut server = handshake::Server::new(origins, Vec::new(), http1::Limits::new());
    let (mut buf, mut out) = ([0; 4096], Vec::new());
    loop {
        let n @ 1.. = socket.read(&mut buf)? else { return Ok(None) };
        let mut input = &mut buf[..n];
        let opened = match server.receive(&mut input) {
            Ok(None) => continue,
            Ok(Some(offer)) => {
                let acceptance = offer.accept().compression(Config::new());
                acceptance.write(&mut out)?;
                Some(acceptance.connection(Limits::new()))
            }
            Err(e) => e.refuse().write(&mut out).map(|()| None)?,
        };
        socket.write_all(&out)?;
        return Ok(opened.map(|connection| Opened { connection, unread: input.to_vec() }));
    }
}

/// Takes what a member says, and tells the others.
fn read(
    socket: &mut TcpStream,
    member: &Member,
    room: &Room,
    mut buf: Vec<u8>,
) -> Result<(), Box<dyn Error>> {
    socket.set_read_timeout(Some(SILENT))?;
    let (mut inbox, mut n) = (Inbox::new(Vec::new()), buf.len());
    buf.resize(16 * 1024, 0);
    loop {
        let mut input = &buf[..n];
        let mut connection = lock(&member.connection);
        while let Some(event) = connection.receive_message(&mut input, &mut inbox) {
            if let MessageEvent::Message(_) = event {
                drop(connection); // `say` locks those of all members
                room.say(inbox.message())?;
                connection = lock(&member.connection);
            }
        }
        let mut out = Vec::new();
        connection.transmit(&mut out);
        let is_closed = connection.close_expected().is_some();
        if !out.is_empty() {
            member.push(Arc::from(out));
        }
        if is_closed {
            return Ok(()); // `write` writes what is queued, and ends our side
        }
        drop(connection);
        n = socket.read(&mut buf)?;
        if n == 0 {
            return Ok(());
        }
    }
}

/// Writes a member's outputs, until it has left the room.
fn write(mut socket: TcpStream, outputs: &Receiver<Arc<[u8]>>) {
    for bytes in outputs {
        if socket.write_all(&bytes).is_err() {
            let _ = socket.shutdown(Shutdown::Both);
            return;
        }
    }
    let _ = socket.shutdown(Shutdown::Write);
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("nobody panics")
}
