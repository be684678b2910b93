//! Races servers of gRPC over loopback: one load generator, one thread, the same calls for all.
//!
//! `run-grpc` builds what this needs and starts it. README.md says how it measures.

use std::error::Error;
use std::fs;
use std::io::{self, ErrorKind, Read, Write};
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use framewright::grpc::{
    CallId, CallKind, Client, ClientEvent, ClientRequest, Code, Heap, Limits, Path, SendError,
};
use framewright::http2;
use framewright_loopback::contest::{Better, Contestant, Sample, Table, pin_this};
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// How long a call may take before it counts as lost.
const LOST: Duration = Duration::from_secs(10);
const OURS: &str = "framewright";
/// It serves a file that holds an empty message, to whatever is asked.
const NGHTTPD: &str = "nghttpd";

struct Options {
    servers: PathBuf,
    rounds: usize,
    slice: Duration,
    cases: String,
}

fn parse_options() -> std::result::Result<Options, lexopt::Error> {
    use lexopt::prelude::{Long, ValueExt};
    let mut options = Options {
        servers: PathBuf::new(),
        rounds: 7,
        slice: Duration::from_millis(300),
        cases: String::new(),
    };
    let mut parser = lexopt::Parser::from_env();
    while let Some(option) = parser.next()? {
        match option {
            Long("servers") => options.servers = parser.value()?.into(),
            Long("rounds") => options.rounds = parser.value()?.parse()?,
            Long("slice-ms") => options.slice = Duration::from_millis(parser.value()?.parse()?),
            Long("cases") => options.cases = parser.value()?.string()?,
            other => return Err(other.unexpected()),
        }
    }
    Ok(options)
}

/// What is called, and how.
#[derive(Clone, Copy)]
enum Work {
    /// Unary calls, with a message of this length each way.
    Echo { len: usize },
    /// Calls that return so many messages of this length.
    Stream { count: u32, len: u32 },
    /// Calls that send so many messages of this length.
    Upload { count: usize, len: usize },
}

struct Case {
    title: &'static str,
    work: Work,
    connections: usize,
    in_flight: usize,
}

const CASES: [Case; 5] = [
    Case { title: "unary, 16 B", work: Work::Echo { len: 16 }, connections: 1, in_flight: 1 },
    Case { title: "unary, 16 B", work: Work::Echo { len: 16 }, connections: 4, in_flight: 50 },
    Case {
        title: "1 000 responses of 100 B",
        work: Work::Stream { count: 1000, len: 100 },
        connections: 4,
        in_flight: 4,
    },
    Case {
        title: "upload of 8 messages of 1 MiB",
        work: Work::Upload { count: 8, len: 1 << 20 },
        connections: 1,
        in_flight: 1,
    },
    Case { title: "unary, 1 KiB", work: Work::Echo { len: 1024 }, connections: 4, in_flight: 50 },
];

fn main() -> Result<()> {
    let options = parse_options()?;
    pin_this(0)?;
    if options.cases.is_empty() {
        measure_memory(&start_all(&options)?)?;
    }
    let contestants = start_all(&options)?;
    let names: Vec<_> = contestants.iter().map(|contestant| contestant.name).collect();
    let table = |title, better| {
        Table::new(title, "calls | connections | in flight", &names, OURS, &[OURS], better)
    };
    let mut rates = table("Calls per second, in thousands", Better::More);
    let mut costs = table("CPU time of the server per call, in µs", Better::Less);
    for case in CASES {
        let Case { title, work, connections, in_flight } = case;
        let title = format!("{title} | {connections} | {in_flight}");
        if !title.contains(&options.cases) {
            continue;
        }
        eprintln!("{title}");
        let mut crowds = Vec::new();
        for contestant in &contestants {
            crowds.push(Crowd::connect(contestant, connections)?);
        }
        let mut samples = vec![Vec::new(); contestants.len()];
        // The first round only warms up.
        for round in 0..=options.rounds {
            for turn in 0..contestants.len() {
                let at = (round + turn) % contestants.len();
                let contestant = &contestants[at];
                let sample = if contestant.name == NGHTTPD && !matches!(work, Work::Echo { .. }) {
                    Sample { per_second: f64::NAN, cpu_per_message: f64::NAN }
                } else {
                    crowds[at]
                        .race(contestant, work, in_flight, options.slice)
                        .map_err(|e| format!("{}: {e}", names[at]))?
                };
                if round > 0 {
                    samples[at].push(sample);
                }
            }
        }
        rates.add(&title, &samples, |sample| sample.per_second / 1e3);
        costs.add(&title, &samples, |sample| sample.cpu_per_message * 1e6);
    }
    print!("{costs}\n{rates}");
    Ok(())
}

fn start_all(options: &Options) -> Result<Vec<Contestant>> {
    let server = |name: &str| {
        // Threads that it starts are to share the processor, too.
        let mut command = Command::new("taskset");
        command.args(["-c", "1"]).arg(options.servers.join(name));
        command
    };
    let mut nghttpd = Command::new("bash");
    nghttpd.arg("-c").arg(include_str!("../../nghttpd.sh"));
    [
        (OURS, server("grpc-framewright")),
        ("tonic", server("grpc-tonic")),
        ("grpc++", server("grpc-grpcpp")),
        (NGHTTPD, nghttpd),
    ]
    .into_iter()
    .map(|(name, command)| {
        Contestant::start(name, command).map_err(|e| format!("{name}: {e}").into())
    })
    .collect()
}

/// All connections to one contestant.
struct Crowd {
    poll: Poll,
    events: Events,
    connections: Vec<Connection>,
    buf: Vec<u8>,
    start: Instant,
}

struct Connection {
    stream: TcpStream,
    grpc: Client<Heap>,
    authority: String,
    out: Vec<u8>,
    written: usize,
    in_flight: usize,
    /// How many messages each upload has to send, by slot.
    uploads: Vec<usize>,
    received: u64,
    ended: usize,
}

impl Crowd {
    fn connect(to: &Contestant, count: usize) -> Result<Self> {
        let poll = Poll::new()?;
        let mut connections = Vec::new();
        for number in 0..count {
            let mut stream = TcpStream::from_std({
                let stream = std::net::TcpStream::connect(to.addr)?;
                stream.set_nodelay(true)?;
                stream.set_nonblocking(true)?;
                stream
            });
            let interest = Interest::READABLE | Interest::WRITABLE;
            poll.registry().register(&mut stream, Token(number), interest)?;
            connections.push(Connection {
                stream,
                grpc: Client::new(Limits::new(), http2::Limits::new(), 0),
                authority: to.addr.to_string(),
                out: Vec::new(),
                written: 0,
                in_flight: 0,
                uploads: Vec::new(),
                received: 0,
                ended: 0,
            });
        }
        let events = Events::with_capacity(1024);
        Ok(Self { poll, events, connections, buf: vec![0; 64 << 10], start: Instant::now() })
    }

    /// Keeps `in_flight` calls in flight on each connection for some time, then waits for the last end.
    fn race(
        &mut self,
        contestant: &Contestant,
        work: Work,
        in_flight: usize,
        slice: Duration,
    ) -> Result<Sample> {
        let Self { poll, events, connections, buf, .. } = self;
        let echo =
            if contestant.name == NGHTTPD { "/bench.Bench/Echo.grpc" } else { "/bench.Bench/Echo" };
        let cpu = contestant.cpu_time()?;
        let start = Instant::now();
        for connection in &mut *connections {
            for _ in 0..in_flight {
                connection.begin(work, echo)?;
            }
            connection.flush()?;
        }
        let mut ended = 0;
        while connections.iter().any(|connection| connection.in_flight > 0) {
            poll.poll(events, Some(LOST))?;
            if events.is_empty() {
                return Err(format!("no end within {LOST:?}").into());
            }
            let sending = start.elapsed() < slice;
            for event in &*events {
                let connection = &mut connections[event.token().0];
                connection.receive(buf, work)?;
                let count = std::mem::take(&mut connection.ended);
                ended += count;
                if sending {
                    for _ in 0..count {
                        connection.begin(work, echo)?;
                    }
                }
                connection.flush()?;
            }
        }
        let elapsed = start.elapsed();
        let cpu = contestant.cpu_time()? - cpu;
        for connection in connections {
            if let Work::Stream { count, .. } = work {
                assert_eq!(connection.received % u64::from(count), 0, "messages are missing");
            }
        }
        Ok(Sample {
            per_second: ended as f64 / elapsed.as_secs_f64(),
            cpu_per_message: cpu.as_secs_f64() / ended as f64,
        })
    }
}

const ZEROS: &[u8] = &[0; 1 << 20];

impl Connection {
    fn begin(&mut self, work: Work, echo: &str) -> Result<()> {
        let request = |path| ClientRequest::new(Path::parse(path).expect("it is one"));
        self.in_flight += 1;
        let Self { grpc, out, authority, .. } = self;
        match work {
            Work::Echo { len } => {
                let request = request(echo).authority(authority);
                grpc.unary(&request, &ZEROS[..len], out)?;
            }
            Work::Stream { count, len } => {
                let request = request("/bench.Bench/Stream").authority(authority);
                let call = grpc.call(&request, CallKind::ServerStreaming, out)?;
                let mut message = [0; 8];
                message[..4].copy_from_slice(&count.to_be_bytes());
                message[4..].copy_from_slice(&len.to_be_bytes());
                grpc.send_last(call, &message, out)?;
            }
            Work::Upload { count, .. } => {
                let request = request("/bench.Bench/Upload").authority(authority);
                let call = grpc.call(&request, CallKind::ClientStreaming, out)?;
                self.uploads.resize(self.uploads.len().max(call.slot() + 1), 0);
                self.uploads[call.slot()] = count;
                self.go_on(call, work)?;
            }
        }
        Ok(())
    }

    fn go_on(&mut self, call: CallId, work: Work) -> Result<()> {
        let Work::Upload { len, .. } = work else { return Ok(()) };
        while self.uploads[call.slot()] > 0 {
            match self.grpc.send(call, &ZEROS[..len], &mut self.out) {
                Ok(()) => self.uploads[call.slot()] -= 1,
                Err(SendError::Busy) => return Ok(()),
                Err(e) => return Err(e.into()),
            }
        }
        Ok(self.grpc.half_close(call, &mut self.out)?)
    }

    fn receive(&mut self, buf: &mut [u8], work: Work) -> Result<()> {
        loop {
            let n = match self.stream.read(buf) {
                Ok(0) => return Err("it closed a connection".into()),
                Ok(n) => n,
                Err(e) if e.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(e) => return Err(e.into()),
            };
            let mut input = &mut buf[..n];
            while let Some(event) = self.grpc.receive(&mut input, 0) {
                match event {
                    ClientEvent::Message(_) => self.received += 1,
                    ClientEvent::Writable(call) => self.go_on(call, work)?,
                    ClientEvent::End { call, code } => {
                        if code != Code::Ok {
                            return Err(format!("{:?}", self.grpc.status(call)).into());
                        }
                        self.in_flight -= 1;
                        self.ended += 1;
                    }
                    _ => {}
                }
            }
            // A short read has emptied the socket.
            if n < buf.len() {
                return Ok(());
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.out.len() < 1 << 20 {
            self.grpc.transmit(&mut self.out);
        }
        while self.written < self.out.len() {
            match self.stream.write(&self.out[self.written..]) {
                Ok(n) => self.written += n,
                Err(e) if e.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(e) => return Err(e),
            }
        }
        self.out.clear();
        self.written = 0;
        Ok(())
    }
}

/// Prints what idle connections and open calls take of the memory of servers that have done nothing yet.
fn measure_memory(contestants: &[Contestant]) -> Result<()> {
    const CONNECTIONS: usize = 1000;
    const CALLS: usize = 80;
    println!("Memory of the server, in bytes:\n");
    println!("| | an idle connection | an open call |\n|---|---:|---:|");
    for contestant in contestants {
        let before = resident(contestant)?;
        let mut crowd = Crowd::connect(contestant, CONNECTIONS)?;
        crowd.settle()?;
        let idle = (resident(contestant)? - before) / CONNECTIONS as f64;
        let before = resident(contestant)?;
        if contestant.name != NGHTTPD {
            for connection in &mut crowd.connections[..100] {
                for _ in 0..CALLS {
                    let Connection { grpc, out, authority, .. } = connection;
                    let path = Path::parse("/bench.Bench/Hold").expect("it is one");
                    let request = ClientRequest::new(path).authority(authority);
                    grpc.call(&request, CallKind::ClientStreaming, out)?;
                }
            }
            crowd.settle()?;
            let call = (resident(contestant)? - before) / (100 * CALLS) as f64;
            println!("| {} | {idle:.0} | {call:.0} |", contestant.name);
        } else {
            println!("| {} | {idle:.0} | – |", contestant.name);
        }
    }
    println!();
    Ok(())
}

impl Crowd {
    /// Lets everything be sent and answered that will be.
    fn settle(&mut self) -> Result<()> {
        let now = self.start.elapsed();
        while self.start.elapsed() < now + Duration::from_secs(1) {
            for connection in &mut self.connections {
                connection.receive(&mut self.buf, Work::Echo { len: 0 })?;
                connection.flush()?;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        Ok(())
    }
}

/// The memory that the server has touched, in bytes.
fn resident(contestant: &Contestant) -> Result<f64> {
    let status = fs::read_to_string(format!("/proc/{}/status", contestant.pid()))?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).ok_or("no VmRSS")?;
    let kib: f64 = line.split_whitespace().nth(1).ok_or("no number")?.parse()?;
    Ok(kib * 1024.0)
}
