//! Sends each line of standard input to a destination of a STOMP broker, and prints the messages that come from there.
//!
//! ```text
//! cargo run --example stomp_client -- [OPTIONS] HOST:PORT DESTINATION
//! cargo run --example stomp_client -- [OPTIONS] ws://HOST:PORT/PATH DESTINATION
//!
//!   --ca FILE          for wss://: the authorities to trust, in PEM; default: the well-known ones
//!   --login USER       the passcode comes from the environment: STOMP_PASSCODE
//!   --host NAME        the virtual host; default: HOST
//!   --versions LIST    default: 1.0,1.1,1.2
//!   --ack MODE         auto, client or client-individual; default: auto
//!   --nack             refuses messages, instead of acknowledging them
//!   --heart-beat MS    in both directions; default: 10000
//!   --file PATH        sends what is in this file, as one message
//!   --save PATH        writes the body of each message there
//! ```
//!
//! Every message asks for a receipt, and is kept until that comes. If the connection breaks, or the broker's
//! heart-beats stay away, the client connects again and sends what it has kept. At the end of its input it waits for
//! the last receipt, and leaves by `DISCONNECT`.

#[path = "../client/mod.rs"]
mod client;
mod options;
mod transport;

use std::collections::VecDeque;
use std::error::Error;
use std::io::{self, BufRead, Write};
use std::sync::mpsc::{Receiver, TryRecvError, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use framewright::stomp::{
    AckMode, Action, Client, Closer, Command, Connection, FrameBuilder, FrameEvent, HeartBeat,
    Inbox, Limits,
};

use options::Options;
use transport::Transport;

/// How often standard input is looked at.
const TICK: Duration = Duration::from_millis(50);
/// How many messages may be without a receipt.
const MAX_KEPT: usize = 64;
/// How long to wait before the first attempt to connect again, and at most.
const BACKOFF: [Duration; 2] = [Duration::from_millis(250), Duration::from_secs(15)];
const LIMITS: Limits = Limits::new().max_body_len(64 << 20);
const SUBSCRIPTION: &str = "sub-0";

fn main() -> Result<(), Box<dyn Error>> {
    let options = Options::parse()?;
    let (sender, lines) = sync_channel(MAX_KEPT);
    if let Some(path) = &options.file {
        sender.send(std::fs::read(path)?)?;
    }
    thread::spawn(move || {
        for line in io::stdin().lock().lines().map_while(Result::ok) {
            if sender.send(line.into_bytes()).is_err() {
                return;
            }
        }
    });
    let mut outgoing = Outgoing { lines, kept: VecDeque::new(), sent: 0, next_id: 0, ended: false };
    let mut wait = BACKOFF[0];
    loop {
        match Session::open(&options).and_then(|session| session.run(&options, &mut outgoing)) {
            Ok(End::Left) => return Ok(()),
            Ok(End::Refused) => return Err("the broker refused".into()),
            Ok(End::Lost) => wait = BACKOFF[0],
            Err(e) => eprintln!("{e}"),
        }
        outgoing.sent = 0; // what has no receipt is sent again
        eprintln!("connecting again in {wait:?}");
        thread::sleep(wait);
        wait = BACKOFF[1].min(wait * 2);
    }
}

/// How a connection ended.
enum End {
    /// All was sent, and the broker has confirmed that.
    Left,
    /// The broker sent an `ERROR`: to connect again would not help.
    Refused,
    /// It broke after it had been open.
    Lost,
}

/// The messages to send.
struct Outgoing {
    lines: Receiver<Vec<u8>>,
    /// Those without a receipt, each with its id.
    kept: VecDeque<(u64, Vec<u8>)>,
    /// How many of them were sent on this connection.
    sent: usize,
    next_id: u64,
    /// Whether the input has ended.
    ended: bool,
}

impl Outgoing {
    /// Takes lines, as far as there is room.
    fn take_lines(&mut self) {
        while self.kept.len() < MAX_KEPT && !self.ended {
            match self.lines.try_recv() {
                Ok(line) => {
                    self.kept.push_back((self.next_id, line));
                    self.next_id += 1;
                }
                Err(TryRecvError::Empty) => return,
                Err(TryRecvError::Disconnected) => self.ended = true,
            }
        }
    }

    /// Forgets the message that a receipt is for.
    fn confirm(&mut self, receipt: Option<&str>) {
        let Some(id) = receipt.and_then(|receipt| receipt.parse::<u64>().ok()) else { return };
        if let Some(at) = self.kept.iter().position(|(kept, _)| *kept == id) {
            self.kept.remove(at);
            self.sent -= usize::from(at < self.sent);
        }
    }
}

/// One connection to the broker.
struct Session {
    transport: Transport,
    connection: Connection<Client>,
    inbox: Inbox<Vec<u8>>,
    out: Vec<u8>,
    start: Instant,
}

impl Session {
    fn open(options: &Options) -> Result<Self, Box<dyn Error>> {
        let transport = Transport::open(&options.target, options.websocket)?;
        let connection = Connection::client(LIMITS, 0)
            .versions(options.versions)
            .heart_beat(HeartBeat::new(options.heart_beat, options.heart_beat));
        let (inbox, out, start) = (Inbox::new(Vec::new()), Vec::new(), Instant::now());
        let mut session = Self { transport, connection, inbox, out, start };
        let mut connect = FrameBuilder::connect(&options.host);
        if let Some(login) = &options.login {
            connect = connect.login(login, &options.passcode);
        }
        session.connection.connect(connect, &mut session.out)?;
        Ok(session)
    }

    fn now(&self) -> u64 {
        self.start.elapsed().as_millis() as u64
    }

    fn run(mut self, options: &Options, outgoing: &mut Outgoing) -> Result<End, Box<dyn Error>> {
        let mut was_open = false;
        loop {
            self.send(&options.destination, outgoing)?;
            let now = self.now();
            self.connection.transmit(&mut self.out, now);
            let end = match self.turn() {
                Ok(Some(input)) => self.receive(&input, options, outgoing)?,
                // RabbitMQ closes a WebSocket before it has sent the receipt of the DISCONNECT. All messages have theirs.
                Ok(None) if outgoing.ended && outgoing.kept.is_empty() => Some(End::Left),
                Ok(None) => Some(End::Lost),
                Err(e) if was_open => {
                    eprintln!("{e}");
                    Some(End::Lost)
                }
                Err(e) => return Err(e.into()),
            };
            was_open |= self.connection.ready().is_ok();
            match (end, self.connection.poll(self.now())) {
                (Some(end), _) => return Ok(end),
                (None, Some(Action::Failed(e))) if !was_open => return Err(e.into()),
                (None, Some(action)) => {
                    eprintln!("{action:?}");
                    return Ok(End::Lost);
                }
                (None, None) => {}
            }
            if self.connection.close_expected() == Some(Closer::Us) {
                return Ok(if self.connection.receive_eof().clean { End::Left } else { End::Lost });
            }
        }
    }

    /// Writes the output, then reads what comes within a moment. `None` at the end of the transport.
    fn turn(&mut self) -> io::Result<Option<Vec<u8>>> {
        self.transport.write(&self.out)?;
        self.out.clear();
        self.transport.read(Instant::now() + TICK)
    }

    /// Sends the messages that were not sent on this connection, and leaves after the last of them.
    fn send(&mut self, destination: &str, outgoing: &mut Outgoing) -> Result<(), Box<dyn Error>> {
        outgoing.take_lines();
        if self.connection.ready().is_err() {
            return Ok(());
        }
        for (id, line) in outgoing.kept.iter().skip(outgoing.sent) {
            let receipt = id.to_string();
            let frame = FrameBuilder::send(destination).receipt(&receipt);
            self.connection.send(frame.body(line), &mut self.out)?;
        }
        outgoing.sent = outgoing.kept.len();
        if outgoing.ended && outgoing.kept.is_empty() {
            let disconnect = FrameBuilder::disconnect().receipt("bye");
            self.connection.send(disconnect, &mut self.out)?;
        }
        Ok(())
    }

    /// Receives what was read. Returns an end if there is one.
    fn receive(
        &mut self,
        mut input: &[u8],
        options: &Options,
        outgoing: &mut Outgoing,
    ) -> Result<Option<End>, Box<dyn Error>> {
        let now = self.now();
        while let Some(event) = self.connection.receive_frame(&mut input, &mut self.inbox, now) {
            let (headers, body) = (self.inbox.headers(), self.inbox.body());
            match event {
                FrameEvent::Frame(Command::Connected) => {
                    let version = self.connection.agreed_version().expect("it was agreed on");
                    eprintln!("connected {version}");
                    let subscribe = FrameBuilder::subscribe(SUBSCRIPTION, &options.destination)
                        .ack_mode(options.ack_mode);
                    self.connection.send(subscribe, &mut self.out)?;
                }
                FrameEvent::Frame(Command::Message) => {
                    print(body)?;
                    if let Some(path) = &options.save {
                        std::fs::write(path, body)?;
                    }
                    if options.ack_mode != AckMode::Auto && self.connection.ready().is_ok() {
                        let frame = if options.nack {
                            self.connection.nack(&headers)?
                        } else {
                            self.connection.ack(&headers)?
                        };
                        self.connection.send(frame, &mut self.out)?;
                    }
                }
                FrameEvent::Frame(Command::Receipt) => outgoing.confirm(headers.get("receipt-id")),
                FrameEvent::Frame(Command::Error) => {
                    let message = headers.get("message").unwrap_or_default();
                    eprintln!("error: {message}: {}", body.escape_ascii());
                    return Ok(Some(End::Refused));
                }
                FrameEvent::Frame(_) => {}
                FrameEvent::Failed(e) => return Err(e.into()),
            }
        }
        Ok(None)
    }
}

/// Prints a message: a text as a line.
fn print(body: &[u8]) -> io::Result<()> {
    let mut stdout = io::stdout();
    match std::str::from_utf8(body) {
        Ok(text) if !text.contains('\0') => writeln!(stdout, "{text}"),
        _ => writeln!(stdout, "{} bytes", body.len()),
    }
}
