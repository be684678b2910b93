//! Races servers of gRPC over loopback: one load generator, one thread, the same calls for all.
//!
//! `run-grpc` builds what this needs and starts it. README.md says how it measures.

use std::error::Error;
use std::fs;
use std::io::{self, ErrorKind, Read, Write};
use std::process::Command;
use std::time::{Duration, Instant};

use framewright::grpc::{
    CallId, CallKind, Client, ClientEvent, ClientRequest, Code, Heap, Limits, Path, SendError,
};
use framewright::http2;
use framewright_loopback::contest::{Better, Contestant, Table, pin_this, start_all};
use framewright_loopback::crowd::{Case, Crowd, Load};
use framewright_loopback::options::Options;
use framewright_loopback::plot;
use mio::net::TcpStream;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const OURS: &str = "framewright";
const ADAPTER: &str = "framewright-tokio";
/// It serves a file that holds an empty message, to whatever is asked.
const NGHTTPD: &str = "nghttpd";

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

/// Titles, with the work, the number of connections, and the calls in flight on each.
const CASES: [(&str, Work, usize, usize); 5] = [
    ("unary, 16 B", Work::Echo { len: 16 }, 1, 1),
    ("unary, 16 B", Work::Echo { len: 16 }, 4, 50),
    ("1 000 responses of 100 B", Work::Stream { count: 1000, len: 100 }, 4, 4),
    ("upload of 8 messages of 1 MiB", Work::Upload { count: 8, len: 1 << 20 }, 1, 1),
    ("unary, 1 KiB", Work::Echo { len: 1024 }, 4, 50),
];

fn main() -> Result<()> {
    let mut svg = None;
    let options = Options::parse(Duration::from_millis(300), |name, parser| {
        let is_svg = name == "svg";
        if is_svg {
            svg = Some(parser.value()?);
        }
        Ok(is_svg)
    })?;
    pin_this(0)?;
    if options.cases.is_empty() {
        measure_memory(&start(&options)?)?;
    }
    let contestants = start(&options)?;
    let names: Vec<_> = contestants.iter().map(|contestant| contestant.name).collect();
    let table = |title, better| {
        Table::new(title, "calls | connections | in flight", &names, OURS, &[OURS, ADAPTER], better)
    };
    let mut rates = table("Calls per second, in thousands", Better::More);
    let mut costs = table("CPU time of the server per call, in µs", Better::Less);
    for (title, work, connections, in_flight) in CASES {
        let title = format!("{title} | {connections} | {in_flight}");
        if !title.contains(&options.cases) {
            continue;
        }
        eprintln!("{title}");
        let case = Case { work: &work, connections, in_flight };
        let takes_part = |contestant: &Contestant| {
            contestant.name != NGHTTPD || matches!(work, Work::Echo { .. })
        };
        let samples = options.rounds.race::<Connection>(&contestants, &case, takes_part)?;
        rates.add(&title, &samples, |sample| sample.per_second / 1e3);
        costs.add(&title, &samples, |sample| sample.cpu_per_message * 1e6);
    }
    print!("{costs}\n{rates}");
    if let Some(path) = svg {
        let title = "CPU time of a server per call of gRPC, in multiples of ours (less is better)";
        let rows = costs.rows().iter().map(|(case, times)| (plain(case), times.clone()));
        fs::write(path, plot::draw(title, &names, &rows.collect::<Vec<_>>()))?;
    }
    Ok(())
}

/// A case as the plot names it.
fn plain(case: &str) -> String {
    let mut parts = case.split(" | ");
    let [title, connections, in_flight] = std::array::from_fn(|_| parts.next().unwrap_or_default());
    format!("{title}, {connections} × {in_flight}")
}

fn start(options: &Options) -> Result<Vec<Contestant>> {
    let server = |name: &str| {
        // Threads that it starts are to share the processor, too.
        let mut command = Command::new("taskset");
        command.args(["-c", "1"]).arg(options.servers.join(name));
        command
    };
    let mut nghttpd = Command::new("bash");
    nghttpd.arg("-c").arg(include_str!("../../nghttpd.sh"));
    let all = [
        (OURS, server("grpc-framewright")),
        (ADAPTER, server("grpc-framewright-adapter")),
        ("tonic", server("grpc-tonic")),
        ("grpc++", server("grpc-grpcpp")),
        (NGHTTPD, nghttpd),
    ];
    start_all(all, options)
}

struct Connection {
    stream: TcpStream,
    grpc: Client<Heap>,
    authority: String,
    /// The path of a unary call.
    echo: &'static str,
    out: Vec<u8>,
    written: usize,
    in_flight: usize,
    /// How many messages each upload has to send, by slot.
    uploads: Vec<usize>,
    /// Number of messages received.
    received: usize,
}

impl Load for Connection {
    type Work = Work;

    fn open(to: &Contestant) -> Result<Self> {
        let stream = std::net::TcpStream::connect(to.addr)?;
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        let nghttpd = to.name == NGHTTPD;
        Ok(Self {
            stream: TcpStream::from_std(stream),
            grpc: Client::new(Limits::new(), http2::Limits::new(), 0),
            authority: to.addr.to_string(),
            echo: if nghttpd { "/bench.Bench/Echo.grpc" } else { "/bench.Bench/Echo" },
            out: Vec::new(),
            written: 0,
            in_flight: 0,
            uploads: Vec::new(),
            received: 0,
        })
    }

    fn stream(&mut self) -> &mut TcpStream {
        &mut self.stream
    }

    fn in_flight(&self) -> usize {
        self.in_flight
    }

    fn send(&mut self, calls: usize, work: &Work) -> Result<()> {
        for _ in 0..calls {
            self.begin(*work)?;
        }
        Ok(self.flush()?)
    }

    fn receive(&mut self, buf: &mut [u8], work: &Work) -> Result<usize> {
        let mut ended = 0;
        loop {
            let n = match self.stream.read(buf) {
                Ok(0) => return Err("it closed a connection".into()),
                Ok(n) => n,
                Err(e) if e.kind() == ErrorKind::WouldBlock => break,
                Err(e) => return Err(e.into()),
            };
            ended += self.receive_all(&mut buf[..n], *work)?;
            // A short read has emptied the socket.
            if n < buf.len() {
                break;
            }
        }
        self.in_flight -= ended;
        if let (0, Work::Stream { count, .. }) = (self.in_flight, work)
            && !self.received.is_multiple_of(*count as usize)
        {
            return Err("messages are missing".into());
        }
        Ok(ended)
    }
}

const ZEROS: &[u8] = &[0; 1 << 20];

impl Connection {
    fn begin(&mut self, work: Work) -> Result<()> {
        let request = |path| ClientRequest::new(Path::parse(path).expect("it is one"));
        self.in_flight += 1;
        let Self { grpc, out, authority, echo, .. } = self;
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

    /// Receives a read. Returns the number of calls that end in it.
    fn receive_all(&mut self, mut input: &mut [u8], work: Work) -> Result<usize> {
        let mut ended = 0;
        while let Some(event) = self.grpc.receive(&mut input, 0) {
            match event {
                ClientEvent::Message(_) => self.received += 1,
                ClientEvent::Writable(call) => self.go_on(call, work)?,
                ClientEvent::End { call, code } => {
                    if code != Code::Ok {
                        return Err(format!("{:?}", self.grpc.status(call)).into());
                    }
                    ended += 1;
                }
                _ => {}
            }
        }
        Ok(ended)
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
        settle(&mut crowd)?;
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
            settle(&mut crowd)?;
            let call = (resident(contestant)? - before) / (100 * CALLS) as f64;
            println!("| {} | {idle:.0} | {call:.0} |", contestant.name);
        } else {
            println!("| {} | {idle:.0} | – |", contestant.name);
        }
    }
    println!();
    Ok(())
}

/// Lets everything be sent and answered that will be.
fn settle(crowd: &mut Crowd<Connection>) -> Result<()> {
    let work = Work::Echo { len: 0 };
    let mut buf = vec![0; 64 << 10];
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(1) {
        for connection in &mut crowd.connections {
            connection.receive(&mut buf, &work)?;
            connection.flush()?;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    Ok(())
}

/// The memory that the server has touched, in bytes.
fn resident(contestant: &Contestant) -> Result<f64> {
    let status = fs::read_to_string(format!("/proc/{}/status", contestant.pid()))?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).ok_or("no VmRSS")?;
    let kib: f64 = line.split_whitespace().nth(1).ok_or("no number")?.parse()?;
    Ok(kib * 1024.0)
}
