//! WebSockets under load, and the bytes that they carry.

use std::error::Error;
use std::io::{self, Read, Write};
use std::net::SocketAddr;

use framewright::http1;
use framewright::ws::handshake::{ClientRequest, Reply};
use framewright::ws::{Encoder, Message};
use mio::net::TcpStream;

use crate::Receipt;
use crate::contest::Contestant;
use crate::crowd::{LOST, Load};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// The bytes of a connection: a cycle of different requests, over and over. All of them are of one length, and so are
/// their answers.
#[derive(Debug)]
pub struct Traffic {
    /// The requests of a cycle, as a client sends them, twice, so that what to send is one slice wherever it begins.
    sent: Vec<u8>,
    /// The bytes that must come back, twice as well.
    returned: Vec<u8>,
    /// Number of requests in a cycle.
    cycle: usize,
}

impl Traffic {
    /// A request is a message, and the answer is its echo. No two of a cycle are equal.
    pub fn echo(like: Message<'_>, cycle: usize) -> Result<Self> {
        let mut traffic = Self { sent: Vec::new(), returned: Vec::new(), cycle };
        let mut client = client();
        for number in 0..cycle {
            let mut payload = like.as_bytes().to_vec();
            payload[0] = b'a' + number as u8;
            let message = match like {
                Message::Text(_) => Message::Text(str::from_utf8(&payload)?),
                Message::Binary(_) => Message::Binary(&payload),
            };
            client.encode(message, &mut traffic.sent)?;
            Encoder::server().encode(message, &mut traffic.returned)?;
        }
        Ok(traffic.twice())
    }

    /// A request is so many binary messages of `len` bytes, and an empty one. The answer is their [`Receipt`].
    pub fn batches(len: usize, messages: usize) -> Result<Self> {
        const CYCLE: usize = 2;
        let mut traffic = Self { sent: Vec::new(), returned: Vec::new(), cycle: CYCLE };
        let (mut client, mut random) = (client(), random());
        for _ in 0..CYCLE {
            let mut receipt = Receipt::default();
            for _ in 0..messages {
                let payload: Vec<u8> = (0..len.div_ceil(8)).flat_map(|_| random()).collect();
                receipt.note(&payload[..len]);
                client.encode(&payload[..len], &mut traffic.sent)?;
            }
            client.encode(&[], &mut traffic.sent)?;
            let answer = receipt.note(&[]).expect("it is asked for");
            Encoder::server().encode(&answer, &mut traffic.returned)?;
        }
        Ok(traffic.twice())
    }

    fn twice(mut self) -> Self {
        self.sent.extend_from_within(..);
        self.returned.extend_from_within(..);
        self
    }

    /// Bytes sent in a cycle, and in a request.
    fn sent_len(&self) -> (usize, usize) {
        (self.sent.len() / 2, self.sent.len() / 2 / self.cycle)
    }

    /// Bytes that come back in a cycle, and for a request.
    fn returned_len(&self) -> (usize, usize) {
        (self.returned.len() / 2, self.returned.len() / 2 / self.cycle)
    }
}

/// An encoder whose masking keys differ.
fn client() -> Encoder<framewright::ws::Client<impl FnMut() -> [u8; 4]>> {
    let mut random = random();
    Encoder::client(move || {
        let [a, b, c, d, ..] = random();
        [a, b, c, d]
    })
}

fn random() -> impl FnMut() -> [u8; 8] {
    let mut seed = 0x9E37_79B9_7F4A_7C15_u64;
    move || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed.to_le_bytes()
    }
}

/// A WebSocket. Between two rounds, it is at the beginning of a request.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    /// Positions in the cycle, in bytes.
    send_at: usize,
    return_at: usize,
    /// Number of bytes to send now.
    to_send: usize,
    in_flight: usize,
}

impl Load for Connection {
    type Work = Traffic;

    fn open(to: &Contestant) -> Result<Self> {
        let stream = open(to.addr)?;
        Ok(Self { stream, send_at: 0, return_at: 0, to_send: 0, in_flight: 0 })
    }

    fn stream(&mut self) -> &mut TcpStream {
        &mut self.stream
    }

    fn in_flight(&self) -> usize {
        self.in_flight
    }

    fn send(&mut self, requests: usize, traffic: &Traffic) -> Result<()> {
        let (cycle, request) = traffic.sent_len();
        self.in_flight += requests;
        self.to_send += requests * request;
        while self.to_send > 0 {
            let ready = self.to_send.min(cycle);
            match self.stream.write(&traffic.sent[self.send_at..][..ready]) {
                Ok(n) => {
                    self.to_send -= n;
                    self.send_at = (self.send_at + n) % cycle;
                }
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => break,
                Err(e) => return Err(e.into()),
            }
        }
        Ok(())
    }

    fn receive(&mut self, buf: &mut [u8], traffic: &Traffic) -> Result<usize> {
        let (cycle, answer) = traffic.returned_len();
        let mut answered = 0;
        loop {
            let n = match self.stream.read(buf) {
                Ok(0) => return Err("it closed a connection".into()),
                Ok(n) => n,
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => break,
                Err(e) => return Err(e.into()),
            };
            let mut read = &buf[..n];
            while !read.is_empty() {
                let (part, rest) = read.split_at(read.len().min(cycle));
                if part != &traffic.returned[self.return_at..][..part.len()] {
                    return Err("an answer is not the right one".into());
                }
                answered += (self.return_at % answer + part.len()) / answer;
                self.return_at = (self.return_at + part.len()) % cycle;
                read = rest;
            }
            // A short read has emptied the socket.
            if n < buf.len() {
                break;
            }
        }
        self.in_flight =
            self.in_flight.checked_sub(answered).ok_or("more answers than requests")?;
        Ok(answered)
    }
}

/// Opens a WebSocket, with a request like that of a browser without extensions.
fn open(addr: SocketAddr) -> Result<TcpStream> {
    let mut stream = std::net::TcpStream::connect(addr)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(LOST))?;
    let host = addr.to_string();
    let mut out = Vec::new();
    let request = ClientRequest::new(&host, "/ws/echo");
    let mut client =
        request.write(*b"not to be secret", Vec::new(), http1::Limits::new(), &mut out)?;
    stream.write_all(&out)?;
    let mut buf = [0; 4096];
    loop {
        let n = stream.read(&mut buf)?;
        if n == 0 {
            client.check_eof()?;
        }
        match client.receive(&mut &mut buf[..n])? {
            Some(Reply::Accepted(_)) => break,
            Some(Reply::Refused(response)) => {
                return Err(format!("refused with {}", response.status()).into());
            }
            _ => {}
        }
    }
    stream.set_nonblocking(true)?;
    Ok(TcpStream::from_std(stream))
}
