//! An echo server on blocking sockets: `cargo run --example echo_blocking -- [ADDR]`.

use std::error::Error;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::ops::Range;
use std::thread;
use std::time::{Duration, Instant};

use framewright::http1::{self, HeadReader, Request, ResponseWriter};
use framewright::ws::handshake::{self, Offer, Origins};
use framewright::ws::{Action, Connection, Inbox, Keepalive, Limits, MessageEvent};

/// How long a peer may take to send its request, to take our output, and to close after us.
const PATIENCE: Duration = Duration::from_secs(10);
/// How many bytes are read and ignored after our last byte.
const IGNORED: usize = 1 << 20;

fn main() -> Result<(), Box<dyn Error>> {
    let addr = std::env::args().nth(1).unwrap_or("127.0.0.1:8080".to_owned());
    let listener = TcpListener::bind(addr)?;
    println!("listening on ws://{}", listener.local_addr()?);
    for stream in listener.incoming() {
        match stream {
            Ok(stream) => {
                drop(thread::spawn(|| serve(stream).unwrap_or_else(|e| eprintln!("{e}"))))
            }
            // Most likely there are too many connections. Some will end.
            Err(_) => thread::sleep(Duration::from_millis(100)),
        }
    }
    Ok(())
}

/// Serves a connection from its first byte to its last.
fn serve(mut stream: TcpStream) -> Result<(), Box<dyn Error>> {
    let mut buf = [0; 16 * 1024];
    stream.set_nodelay(true)?;
    stream.set_write_timeout(Some(PATIENCE))?;
    if let Some(unread) = open(&mut stream, &mut buf)? {
        echo(&mut stream, &mut buf, unread)?;
    }
    // If the peer is still sending, a full close could destroy our last bytes on their way to it. Once
    // they were sent, it does not matter how it leaves.
    let (until, mut ignored) = (Instant::now() + PATIENCE, 0);
    if stream.shutdown(Shutdown::Write).is_ok() {
        while ignored <= IGNORED
            && let Ok(Some(n @ 1..)) = read(&mut stream, &mut buf, until)
        {
            ignored += n;
        }
    }
    Ok(())
}

/// Reads the request and answers it. Returns where in `buf` the first frames are, if it opens a WebSocket.
fn open(stream: &mut TcpStream, buf: &mut [u8]) -> Result<Option<Range<usize>>, Box<dyn Error>> {
    let mut reader = HeadReader::new(Vec::new(), http1::Limits::new());
    let until = Instant::now() + PATIENCE;
    while let Some(n @ 1..) = read(stream, buf, until)? {
        let (mut input, mut out) = (&mut buf[..n], Vec::new());
        let opens = match reader.read_request(&mut input) {
            Ok(None) => continue,
            Ok(Some(request)) => answer(&request, &mut out)?,
            Err(e) => handshake::Error::from(e).refuse().write(&mut out).map(|()| false)?,
        };
        let unread = n - input.len()..n;
        stream.write_all(&out)?;
        return Ok(opens.then_some(unread));
    }
    Ok(None)
}

/// Answers a request. Returns whether it opens a WebSocket.
fn answer(request: &Request<'_>, out: &mut Vec<u8>) -> Result<bool, handshake::SendError> {
    match Offer::from_request(request, Origins::same_host().or_absent()) {
        Ok(offer) => offer.accept().write(out).map(|()| true),
        // A load balancer asks whether the server is there.
        Err(_) if matches!(request.method(), "HEAD" | "OPTIONS") => {
            Ok(ResponseWriter::new(204).close().write(out).map(|()| false)?)
        }
        Err(e) => e.refuse().write(out).map(|()| false),
    }
}

/// Sends every message back, until the connection is closed.
fn echo(
    stream: &mut TcpStream,
    buf: &mut [u8],
    mut unread: Range<usize>,
) -> Result<(), Box<dyn Error>> {
    let start = Instant::now();
    let now = || start.elapsed().as_millis() as u64;
    let mut connection = Connection::server(Limits::new());
    let mut inbox = Inbox::new(Vec::new());
    let mut keepalive = Keepalive::new(now());
    let mut out = Vec::new();
    loop {
        let mut input = &buf[unread];
        while let Some(event) = connection.receive_message(&mut input, &mut inbox) {
            if let MessageEvent::Message(_) = event {
                // It fails when the connection is closing, and then the peer waits for no message.
                let _ = connection.send(inbox.message(), &mut out);
            }
        }
        connection.transmit(&mut out);
        // Nothing more is read until the peer has taken this, so no further pong becomes due.
        stream.write_all(&out)?;
        out.clear();
        if connection.close_expected().is_some() {
            return Ok(());
        }
        if connection.is_closing() {
            keepalive.closing(now());
        }
        let until = start + Duration::from_millis(keepalive.deadline().unwrap_or_default());
        let n = read(stream, buf, until)?;
        match n {
            Some(0) => return Ok(()),
            Some(_) => keepalive.received(now()),
            None => match keepalive.poll(now()) {
                Some(Action::Ping) => connection.ping(b"", &mut out)?,
                Some(Action::Dead | Action::CloseTimedOut) => return Err("no answer".into()),
                None => {}
            },
        }
        unread = 0..n.unwrap_or_default();
    }
}

/// Reads what has arrived. Returns `None` if nothing arrives in time.
fn read(stream: &mut TcpStream, buf: &mut [u8], until: Instant) -> io::Result<Option<usize>> {
    let left = until.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return Ok(None);
    }
    stream.set_read_timeout(Some(left))?;
    match stream.read(buf) {
        Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => Ok(None),
        read => read.map(Some),
    }
}
