//! A WebSocket client on a blocking socket, shared by the examples.

use std::error::Error;
use std::io::{Read, Write};
use std::net::TcpStream;

use framewright::http1;
use framewright::ws::deflate::{Config, ExtensionText, Params};
use framewright::ws::handshake::{ClientRequest, Reply};
use framewright::ws::{Client, Connection, Limits};

/// An open connection.
pub struct Opened {
    pub stream: TcpStream,
    pub connection: Connection<Client>,
    /// The agreed compression, if any.
    pub agreed: Option<Params>,
    /// Bytes that came right after the response.
    pub early: Vec<u8>,
}

/// Connects to a URL of the form `ws://HOST:PORT/PATH`.
pub fn open(
    url: &str,
    protocols: &[&str],
    deflate: Option<Config>,
    limits: Limits,
) -> Result<Opened, Box<dyn Error>> {
    let rest = url.strip_prefix("ws://").ok_or("the URL has to begin with ws://")?;
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let target = if path.is_empty() { "/" } else { path };
    let mut stream = TcpStream::connect(host)?;
    stream.set_nodelay(true)?;

    let mut out = Vec::new();
    let offer = deflate.map(|config| config.offer());
    let request = ClientRequest::new(host, target)
        .protocols(protocols)
        .extensions(offer.as_ref().map(ExtensionText::as_str));
    let mut client = request.write(random(), Vec::new(), http1::Limits::new(), &mut out)?;
    stream.write_all(&out)?;

    let mut buf = [0; 4096];
    loop {
        let n = stream.read(&mut buf)?;
        if n == 0 {
            client.check_eof()?;
        }
        let mut input = &mut buf[..n];
        while let Some(answer) = client.receive(&mut input)? {
            match answer {
                Reply::Accepted(accepted) => {
                    let agreed = match deflate {
                        Some(config) => config.check(accepted.extensions())?,
                        None => None,
                    };
                    let connection: Connection<Client> = Connection::client(limits, random);
                    let connection = connection.accept_compressed(agreed.is_some());
                    return Ok(Opened { stream, connection, agreed, early: input.to_vec() });
                }
                Reply::Refused(response) => {
                    return Err(format!("refused: {}", response.status()).into());
                }
                Reply::Interim(_) => {}
            }
        }
    }
}

/// Unpredictable bytes.
fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the system has a random generator");
    bytes
}
