//! A WebSocket client on a blocking socket, shared by the examples.

#[path = "../socket/mod.rs"]
pub mod socket;

use std::error::Error;
use std::io::Write;
use std::time::{Duration, Instant};

use framewright::http1::{self, Body, BodyDecoder, Decoded};
use framewright::ws::deflate::Config;
use framewright::ws::handshake::{ClientRequest, Reply};
use framewright::ws::{Client, Connection, Limits};

use socket::{Socket, Target, printable};

/// How long a server may take to accept us, and to take what we send.
const PATIENCE: Duration = Duration::from_secs(10);
/// How much is read at a time, in bytes.
const BUF: usize = 4096;
/// How much of a refusal's body is shown, in bytes.
const SHOWN: usize = 16 * 1024;

/// An open connection.
pub struct Opened {
    pub stream: Socket,
    pub connection: Connection<Client>,
    /// Bytes that came right after the response.
    pub early: Vec<u8>,
}

/// Connects to a URL's server, and opens a WebSocket.
pub fn open(
    target: &Target,
    protocols: &[&str],
    deflate: Option<Config>,
    limits: Limits,
) -> Result<Opened, Box<dyn Error>> {
    let mut stream = Socket::connect(target, &[b"http/1.1"], PATIENCE)?;
    let until = Instant::now() + PATIENCE;

    let mut out = Vec::new();
    let request = ClientRequest::new(target.authority(), target.path())
        .protocols(protocols)
        .compression(deflate);
    let mut client = request.write(random(), Vec::new(), http1::Limits::new(), &mut out)?;
    stream.write_all(&out)?;

    let mut buf = [0; BUF];
    loop {
        let n = stream.read_until(&mut buf, until)?.ok_or("no answer in time")?;
        if n == 0 {
            client.check_eof()?;
        }
        let mut input = &mut buf[..n];
        while let Some(answer) = client.receive(&mut input)? {
            match answer {
                Reply::Accepted(accepted) => {
                    let connection = accepted.connection(limits, random);
                    return Ok(Opened { stream, connection, early: input.to_vec() });
                }
                Reply::Refused(response) => {
                    let reason = printable(response.reason());
                    let refused = format!("refused: {} {reason}", response.status());
                    if let Ok(body) = response.body_for("GET") {
                        show_body(&mut stream, body, input, until);
                    }
                    return Err(refused.trim_end().into());
                }
                Reply::Interim(_) => {}
            }
        }
    }
}

/// Prints the body of a refusal, which often says why, as far as it comes in time. `early` is how it
/// begins.
fn show_body(stream: &mut Socket, body: Body, early: &[u8], until: Instant) {
    let mut decoder = BodyDecoder::new_response(body, http1::Limits::new());
    let mut shown = Vec::new();
    let mut buf = [0; BUF];
    buf[..early.len()].copy_from_slice(early);
    let mut n = early.len();
    loop {
        let mut input = &mut buf[..n];
        while let Ok(Decoded::Part(part)) = decoder.decode(&mut input) {
            shown.extend_from_slice(part.bytes);
        }
        if decoder.is_complete() || shown.len() > SHOWN {
            break;
        }
        n = match stream.read_until(&mut buf, until) {
            Ok(Some(n @ 1..)) => n,
            _ => break,
        };
    }
    shown.truncate(SHOWN);
    match printable(&shown).trim_end() {
        "" => {}
        why => eprintln!("{why}"),
    }
}

/// Unpredictable bytes.
fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the system has a random generator");
    bytes
}
