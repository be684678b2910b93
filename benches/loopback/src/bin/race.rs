//! Races echo servers over loopback: one load generator, one thread, the same bytes for all.
//!
//! `run` builds what this needs and starts it. README.md says how it measures.

use std::error::Error;
use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use framewright::http1;
use framewright::ws::handshake::{ClientRequest, Reply};
use framewright::ws::{Encoder, Message};
use framewright_loopback::contest::{Better, Contestant, Sample, Table, pin_this};
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// How long an echo may take before it counts as lost.
const LOST: Duration = Duration::from_secs(10);
/// Number of different messages on a connection, so that no two in flight are equal.
const CYCLE: usize = 16;

const OURS: &str = "gateway";
const OTHER: &str = "the other gateway";
const WITH_DEFLATE: &str = "gateway that would compress";
const ON_TOKIO: &str = "framewright on tokio";
/// Our own contestants.
const OUR_OWN: [&str; 4] = [OURS, OTHER, WITH_DEFLATE, ON_TOKIO];

struct Options {
    /// Where the servers are.
    servers: PathBuf,
    /// Another build of the gateway, to compare ours with.
    other_gateway: Option<PathBuf>,
    rounds: usize,
    slice: Duration,
    connections: Vec<usize>,
    /// Only cases whose titles contain this.
    cases: String,
    /// Only contestants whose names contain one of these; all, if there are none.
    only: Vec<String>,
}

fn parse_options() -> std::result::Result<Options, lexopt::Error> {
    use lexopt::prelude::{Long, ValueExt};
    let mut options = Options {
        servers: PathBuf::new(),
        other_gateway: None,
        rounds: 7,
        slice: Duration::from_millis(200),
        connections: vec![1, 100, 1_000],
        cases: String::new(),
        only: Vec::new(),
    };
    let mut parser = lexopt::Parser::from_env();
    while let Some(option) = parser.next()? {
        match option {
            Long("servers") => options.servers = parser.value()?.into(),
            Long("other-gateway") => options.other_gateway = Some(parser.value()?.into()),
            Long("rounds") => options.rounds = parser.value()?.parse()?,
            Long("slice-ms") => options.slice = Duration::from_millis(parser.value()?.parse()?),
            Long("connections") => {
                options.connections =
                    parser.value()?.parse_with(|list| list.split(',').map(str::parse).collect())?;
            }
            Long("cases") => options.cases = parser.value()?.string()?,
            Long("only") => {
                options.only = parser.value()?.string()?.split(',').map(str::to_owned).collect();
            }
            other => return Err(other.unexpected()),
        }
    }
    Ok(options)
}

fn main() -> Result<()> {
    let options = parse_options()?;
    pin_this(0)?;
    let contestants = start_all(&options)?;
    let names: Vec<_> = contestants.iter().map(|c| c.name).collect();

    let mut rates = table("Messages per second, in thousands", &names, Better::More);
    let mut costs = table("CPU time of the server per message, in µs", &names, Better::Less);
    let text = "The quick brown fox jumps over the lazy dog; ";
    for (kind, message) in [
        ("16 B binary", Message::Binary(&[7; 16])),
        ("125 B binary", Message::Binary(&[7; 125])),
        ("1 KiB text", Message::Text(&text.repeat(23)[..1024])),
    ] {
        let traffic = Traffic::new(message)?;
        for &connections in &options.connections {
            for in_flight in [1, CYCLE] {
                let case = format!("{kind} | {connections} | {in_flight}");
                if !case.contains(&options.cases) {
                    continue;
                }
                eprintln!("{case}");
                let mut crowds = Vec::new();
                for contestant in &contestants {
                    crowds.push(Crowd::connect(contestant, connections)?);
                }
                let mut samples = vec![Vec::new(); contestants.len()];
                // The first round only warms up.
                for round in 0..=options.rounds {
                    for turn in 0..contestants.len() {
                        let at = (round + turn) % contestants.len();
                        let sample = crowds[at]
                            .race(&contestants[at], &traffic, in_flight, options.slice)
                            .map_err(|e| format!("{}: {e}", names[at]))?;
                        if round > 0 {
                            samples[at].push(sample);
                        }
                    }
                }
                rates.add(&case, &samples, |sample| sample.per_second / 1e3);
                costs.add(&case, &samples, |sample| sample.cpu_per_message * 1e6);
            }
        }
    }
    print!("{costs}\n{rates}");
    Ok(())
}

fn table(title: &str, names: &[&str], better: Better) -> Table {
    Table::new(title, "message | connections | in flight", names, OURS, &OUR_OWN, better)
}

fn start_all(options: &Options) -> Result<Vec<Contestant>> {
    let server = |name: &str| Command::new(options.servers.join(name));
    let gateway = |path: &Path, arguments: &[&str]| {
        // The gateway ends on a signal, unlike the others, which end with their input. It must end whenever we do: the shell
        // becomes the gateway, and a child of the shell waits for the end of our pipe.
        let mut command = Command::new("sh");
        command.args(["-c", "exec 3<&0; { cat <&3 >/dev/null; kill $$; } & exec \"$@\"", "sh"]);
        command.arg(path).args(["--listen", "127.0.0.1:0"]).args(arguments);
        command
    };
    let ours = options.servers.join("gateway");
    let other = options.other_gateway.as_deref();
    [
        (OURS, Some(gateway(&ours, &["--no-deflate"]))),
        (OTHER, other.map(|path| gateway(path, &["--no-deflate"]))),
        (WITH_DEFLATE, Some(gateway(&ours, &[]))),
        (ON_TOKIO, Some(server("echo-framewright-tokio"))),
        ("uWebSockets", Some(server("echo-uwebsockets"))),
        ("fastwebsockets", Some(server("echo-fastwebsockets"))),
        ("sockudo-ws", Some(server("echo-sockudo-ws"))),
        ("tokio-tungstenite", Some(server("echo-tokio-tungstenite"))),
        ("tokio-websockets", Some(server("echo-tokio-websockets"))),
        ("yawc", Some(server("echo-yawc"))),
    ]
    .into_iter()
    .filter(|(name, _)| {
        options.only.is_empty() || options.only.iter().any(|only| name.contains(only))
    })
    .filter_map(|(name, command)| Some((name, command?)))
    .map(|(name, command)| {
        Contestant::start(name, command).map_err(|e| format!("{name}: {e}").into())
    })
    .collect()
}

/// The bytes of a connection: a cycle of different messages, repeated.
struct Traffic {
    /// The messages of a cycle as a client sends them, twice, so that what to send is one slice wherever it begins.
    sent: Vec<u8>,
    /// The bytes that must come back, twice as well.
    echoed: Vec<u8>,
}

impl Traffic {
    fn new(like: Message<'_>) -> Result<Self> {
        let mut seed = 0x9E37_79B9_7F4A_7C15_u64;
        let mut random = move || {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            seed.to_le_bytes()
        };
        let mut payloads = Vec::new();
        for number in 0..CYCLE {
            let mut payload = like.as_bytes().to_vec();
            payload[0] = b'a' + number as u8;
            payloads.push(payload);
        }
        let mut client = Encoder::client(move || {
            let [a, b, c, d, ..] = random();
            [a, b, c, d]
        });
        let mut server = Encoder::server();
        let (mut sent, mut echoed) = (Vec::new(), Vec::new());
        for payload in payloads.iter().cycle().take(2 * CYCLE) {
            let message = match like {
                Message::Text(_) => Message::Text(str::from_utf8(payload)?),
                Message::Binary(_) => Message::Binary(payload),
            };
            client.encode(message, &mut sent)?;
            server.encode(message, &mut echoed)?;
        }
        // The second half has other masking keys. That does no harm, unless the seam is within a frame.
        let half = sent.len() / 2;
        sent.copy_within(..half, half);
        Ok(Self { sent, echoed })
    }

    /// Bytes sent in a cycle, and in a message.
    fn sent_len(&self) -> (usize, usize) {
        (self.sent.len() / 2, self.sent.len() / 2 / CYCLE)
    }

    /// Bytes that come back in a cycle, and in a message.
    fn echoed_len(&self) -> (usize, usize) {
        (self.echoed.len() / 2, self.echoed.len() / 2 / CYCLE)
    }
}

/// All connections to one contestant.
struct Crowd {
    poll: Poll,
    events: Events,
    connections: Vec<Connection>,
    buf: Vec<u8>,
}

/// A connection. Between two rounds, it is at the beginning of a message.
struct Connection {
    stream: TcpStream,
    /// Position in the cycle, in bytes.
    send_at: usize,
    echo_at: usize,
    /// Number of bytes to send now.
    to_send: usize,
    /// Number of messages whose echo is pending.
    in_flight: usize,
}

impl Crowd {
    fn connect(to: &Contestant, count: usize) -> Result<Self> {
        let poll = Poll::new()?;
        let mut connections = Vec::new();
        for number in 0..count {
            let mut stream = open(to.addr).map_err(|e| format!("{}: {e}", to.name))?;
            let interest = Interest::READABLE | Interest::WRITABLE;
            poll.registry().register(&mut stream, Token(number), interest)?;
            connections.push(Connection {
                stream,
                send_at: 0,
                echo_at: 0,
                to_send: 0,
                in_flight: 0,
            });
        }
        Ok(Self { poll, events: Events::with_capacity(1024), connections, buf: vec![0; 64 * 1024] })
    }

    /// Keeps `in_flight` messages in flight on each connection for some time, then waits for the last echo.
    fn race(
        &mut self,
        contestant: &Contestant,
        traffic: &Traffic,
        in_flight: usize,
        slice: Duration,
    ) -> Result<Sample> {
        let Self { poll, events, connections, buf } = self;
        let cpu = contestant.cpu_time()?;
        let start = Instant::now();
        for connection in &mut *connections {
            connection.send(in_flight, traffic)?;
        }
        let mut echoes = 0;
        let mut waiting = connections.len();
        let mut sending = true;
        while waiting > 0 {
            poll.poll(events, Some(LOST))?;
            if events.is_empty() {
                return Err(format!("no echo within {LOST:?}").into());
            }
            sending &= start.elapsed() < slice;
            for event in &*events {
                let connection = &mut connections[event.token().0];
                let echoed = connection.receive(buf, traffic)?;
                echoes += echoed;
                if sending {
                    connection.send(echoed, traffic)?;
                } else {
                    connection.send(0, traffic)?;
                    waiting -= usize::from(echoed > 0 && connection.in_flight == 0);
                }
            }
        }
        let elapsed = start.elapsed();
        let cpu = contestant.cpu_time()? - cpu;
        Ok(Sample {
            per_second: echoes as f64 / elapsed.as_secs_f64(),
            cpu_per_message: cpu.as_secs_f64() / echoes as f64,
        })
    }
}

impl Connection {
    /// Sends what is left of earlier messages, then the next ones of the cycle.
    fn send(&mut self, messages: usize, traffic: &Traffic) -> io::Result<()> {
        let (cycle, message) = traffic.sent_len();
        self.in_flight += messages;
        self.to_send += messages * message;
        while self.to_send > 0 {
            match self.stream.write(&traffic.sent[self.send_at..][..self.to_send]) {
                Ok(n) => {
                    self.to_send -= n;
                    self.send_at = (self.send_at + n) % cycle;
                }
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => break,
                Err(e) => return Err(e),
            }
        }
        Ok(())
    }

    /// Reads what has arrived, checks each byte, and returns the number of echoes that it completed.
    fn receive(&mut self, buf: &mut [u8], traffic: &Traffic) -> Result<usize> {
        let (cycle, message) = traffic.echoed_len();
        let mut echoed = 0;
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
                if part != &traffic.echoed[self.echo_at..][..part.len()] {
                    return Err("an echo is not what was sent".into());
                }
                echoed += (self.echo_at % message + part.len()) / message;
                self.echo_at = (self.echo_at + part.len()) % cycle;
                read = rest;
            }
            // A short read has emptied the socket.
            if n < buf.len() {
                break;
            }
        }
        self.in_flight = self.in_flight.checked_sub(echoed).ok_or("more echoes than messages")?;
        Ok(echoed)
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
