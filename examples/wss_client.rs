//! A `wss` client on a blocking socket, with TLS by rustls: sends messages and prints the answer to each.
//!
//! ```text
//! cargo run --example wss_client -- [--ca FILE] wss://HOST[:PORT][/PATH] MESSAGE...
//! ```
//!
//! The server's certificate has to be of a well-known authority, or of one in the file, in PEM. At the end, it prints the code of
//! the close: `closed 1000`. `ws_client` shows how to read and to write at the same time.

#[path = "socket/target.rs"]
mod target;

use std::error::Error;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use framewright::http1;
use framewright::ws::handshake::{ClientRequest, Reply};
use framewright::ws::{Client, CloseCode, Connection, Inbox, Limits, Message, MessageEvent};
use lexopt::prelude::{Long, Value, ValueExt};
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
pub use target::Target;

type Stream = StreamOwned<ClientConnection, TcpStream>;

/// How long the server may say nothing.
const PATIENCE: Duration = Duration::from_secs(20);

fn main() -> Result<(), Box<dyn Error>> {
    let (mut ca, mut values) = (None, Vec::new());
    let mut args = lexopt::Parser::from_env();
    while let Some(arg) = args.next()? {
        match arg {
            Long("ca") => ca = Some(args.value()?.into()),
            Value(value) => values.push(value.string()?),
            arg => return Err(arg.unexpected().into()),
        }
    }
    let (url, messages) =
        values.split_first().ok_or("usage: wss_client [--ca FILE] URL MESSAGE...")?;
    let code = talk(&Target::parse(url)?, ca, messages, |answer| println!("{answer:?}"))?;
    println!("closed {}", code.0);
    Ok(())
}

/// Sends messages and waits for an answer to each, then closes. Returns the code of the close.
pub fn talk(
    target: &Target,
    ca: Option<PathBuf>,
    messages: &[String],
    mut on_answer: impl FnMut(Message<'_>),
) -> Result<CloseCode, Box<dyn Error>> {
    let mut stream = connect(target, ca)?;
    let (mut connection, mut unread) = open(&mut stream, target)?;
    let mut messages = messages.iter();
    let (mut inbox, mut buf, mut out) = (Inbox::new(Vec::new()), vec![0; 16 * 1024], Vec::new());
    let mut next = |connection: &mut Connection<Client>, out: &mut Vec<u8>| match messages.next() {
        Some(message) => connection.send(message, out),
        None => connection.close(CloseCode::NORMAL, "", out),
    };
    next(&mut connection, &mut out)?;
    loop {
        let mut input = &unread[..];
        while let Some(event) = connection.receive_message(&mut input, &mut inbox) {
            match event {
                MessageEvent::Message(_) => {
                    on_answer(inbox.message());
                    if !connection.is_closing() {
                        next(&mut connection, &mut out)?;
                    }
                }
                MessageEvent::Failed(e) => eprintln!("the server broke the protocol: {e}"),
                MessageEvent::Close(_) | MessageEvent::Ping | MessageEvent::Pong => {}
            }
        }
        connection.transmit(&mut out); // pongs, and the answer to a close
        stream.write_all(&out)?;
        stream.flush()?;
        out.clear();
        if connection.close_expected().is_some() {
            return Ok(connection.receive_eof().code);
        }
        let n @ 1.. = stream.read(&mut buf)? else { return Ok(connection.receive_eof().code) };
        unread = buf[..n].to_vec();
    }
}

/// Connects, and checks that the server is who the URL says.
fn connect(target: &Target, ca: Option<PathBuf>) -> Result<Stream, Box<dyn Error>> {
    if !target.is_secure() {
        return Err("the URL has to begin with wss://".into());
    }
    let mut roots = RootCertStore::empty();
    match ca {
        None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
        Some(path) => {
            for certificate in CertificateDer::pem_file_iter(path)? {
                roots.add(certificate?)?;
            }
        }
    }
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    let name = ServerName::try_from(target.host().to_owned())?;
    let socket = TcpStream::connect(target.address())?;
    socket.set_nodelay(true)?;
    socket.set_read_timeout(Some(PATIENCE))?;
    socket.set_write_timeout(Some(PATIENCE))?;
    Ok(Stream::new(ClientConnection::new(Arc::new(config), name)?, socket))
}

/// Opens the WebSocket. Returns it with what came right after the response.
fn open(
    stream: &mut Stream,
    target: &Target,
) -> Result<(Connection<Client>, Vec<u8>), Box<dyn Error>> {
    let mut out = Vec::new();
    let request = ClientRequest::new(target.authority(), target.path());
    let mut client = request.write(random(), Vec::new(), http1::Limits::new(), &mut out)?;
    stream.write_all(&out)?;
    let mut buf = [0; 4096];
    loop {
        let n @ 1.. = stream.read(&mut buf)? else { return Err("the server left".into()) };
        let mut input = &mut buf[..n];
        while let Some(reply) = client.receive(&mut input)? {
            match reply {
                Reply::Accepted(accepted) => {
                    return Ok((accepted.connection(Limits::new(), random), input.to_vec()));
                }
                Reply::Refused(response) => {
                    let reason = response.reason().escape_ascii();
                    return Err(format!("refused: {} {reason}", response.status()).into());
                }
                Reply::Interim(_) => {}
            }
        }
    }
}

/// Unpredictable bytes, for the keys that RFC 6455 asks for.
fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the system has a random generator");
    bytes
}
