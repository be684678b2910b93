//! A `wss` echo server on blocking sockets, with TLS by rustls.
//!
//! ```text
//! cargo run --example wss_server -- CERT KEY [ADDR]
//! cargo run --example wss_client -- --ca CERT wss://localhost:8443 hello
//! ```
//!
//! CERT and KEY are files in PEM. To try it, this makes them:
//!
//! ```text
//! openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -subj /CN=localhost \
//!     -addext subjectAltName=DNS:localhost,IP:127.0.0.1 -addext basicConstraints=critical,CA:FALSE -keyout KEY -out CERT
//! ```
//!
//! The machines know nothing of TLS: `rustls::StreamOwned` reads and writes like a socket.

use std::error::Error;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use framewright::http1;
use framewright::ws::handshake::{self, Origins};
use framewright::ws::{Action, Connection, Inbox, Keepalive, Limits, MessageEvent, Server};
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

type Stream = StreamOwned<ServerConnection, TcpStream>;

/// How long a client may take for its part of a handshake, and to take our output.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often we look at the time when nothing comes.
const TICK: Duration = Duration::from_secs(1);

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<_> = std::env::args().skip(1).collect();
    let [certificate, key, addr @ ..] = &args[..] else {
        return Err("usage: wss_server CERT KEY [ADDR]".into());
    };
    let config = config(certificate.as_ref(), key.as_ref())?;
    let listener = TcpListener::bind(addr.first().map_or("127.0.0.1:8443", |addr| addr))?;
    println!("listening on wss://{}", listener.local_addr()?);
    serve(&listener, &config)
}

pub fn config(certificate: &Path, key: &Path) -> Result<Arc<ServerConfig>, Box<dyn Error>> {
    let chain = CertificateDer::pem_file_iter(certificate)?.collect::<Result<_, _>>()?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, PrivateKeyDer::from_pem_file(key)?)?;
    // A browser that could have HTTP/2 would not ask for a WebSocket as we expect it.
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

pub fn serve(listener: &TcpListener, config: &Arc<ServerConfig>) -> Result<(), Box<dyn Error>> {
    for socket in listener.incoming() {
        let (Ok(socket), config) = (socket, Arc::clone(config)) else { continue };
        thread::spawn(move || welcome(socket, config).unwrap_or_else(|e| eprintln!("{e}")));
    }
    Ok(())
}

/// Serves a client from its first byte to its last.
fn welcome(socket: TcpStream, config: Arc<ServerConfig>) -> Result<(), Box<dyn Error>> {
    socket.set_nodelay(true)?;
    socket.set_write_timeout(Some(PATIENCE))?;
    socket.set_read_timeout(Some(PATIENCE))?;
    let mut stream = Stream::new(ServerConnection::new(config)?, socket);
    if let Some(Opened { connection, unread }) = open(&mut stream)? {
        echo(&mut stream, connection, unread)?;
    }
    stream.conn.send_close_notify();
    Ok(stream.flush()?)
}

/// An open WebSocket, and what came with the request.
struct Opened {
    connection: Connection<Server>,
    unread: Vec<u8>,
}

/// Reads the request and answers it. Returns the WebSocket, if it opens one.
fn open(stream: &mut Stream) -> Result<Option<Opened>, Box<dyn Error>> {
    let origins = Origins::same_host().or_absent();
    let mut server = handshake::Server::new(origins, Vec::new(), http1::Limits::new());
    let (mut buf, mut out) = ([0; 4096], Vec::new());
    loop {
        let n @ 1.. = read(stream, &mut buf)?.ok_or("no request in time")? else { return Ok(None) };
        let mut input = &mut buf[..n];
        let opened = match server.receive(&mut input) {
            Ok(None) => continue,
            Ok(Some(offer)) => {
                let acceptance = offer.accept();
                acceptance.write(&mut out)?;
                Some(acceptance.connection(Limits::new()))
            }
            Err(e) => e.refuse().write(&mut out).map(|()| None)?,
        };
        stream.write_all(&out)?;
        return Ok(opened.map(|connection| Opened { connection, unread: input.to_vec() }));
    }
}

/// Sends every message back, until the connection is closed.
fn echo(
    stream: &mut Stream,
    mut connection: Connection<Server>,
    mut buf: Vec<u8>,
) -> Result<(), Box<dyn Error>> {
    stream.sock.set_read_timeout(Some(TICK))?;
    let start = Instant::now();
    let now = || start.elapsed().as_millis() as u64;
    let (mut inbox, mut keepalive) = (Inbox::new(Vec::new()), Keepalive::new(now()));
    let (mut n, mut out) = (buf.len(), Vec::new());
    buf.resize(16 * 1024, 0);
    loop {
        let mut input = &buf[..n];
        while let Some(event) = connection.receive_message(&mut input, &mut inbox) {
            if let MessageEvent::Message(_) = event {
                // It fails when the connection is closing, and then the peer waits for no message.
                let _ = connection.send(inbox.message(), &mut out);
            }
        }
        connection.transmit(&mut out);
        stream.write_all(&out)?; // all of it, before `transmit` is called again
        stream.flush()?;
        out.clear();
        if connection.close_expected().is_some() {
            return Ok(());
        }
        n = match read(stream, &mut buf)? {
            Some(0) => return Ok(()),
            Some(n) => {
                keepalive.received(now());
                n
            }
            None => {
                match keepalive.poll(now()) {
                    Some(Action::Ping) => connection.ping(b"", &mut out)?,
                    Some(Action::Dead | Action::CloseTimedOut) => return Err("no answer".into()),
                    None => {}
                }
                0
            }
        };
    }
}

/// Reads what has come. Returns `None` if nothing does in time, and 0 at the end.
fn read(stream: &mut Stream, buf: &mut [u8]) -> io::Result<Option<usize>> {
    match stream.read(buf) {
        Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => Ok(None),
        // Many clients leave without the end that TLS has for it. A WebSocket has one of its own.
        Err(e) if e.kind() == ErrorKind::UnexpectedEof => Ok(Some(0)),
        read => read.map(Some),
    }
}
