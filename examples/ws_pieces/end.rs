//! One end of a connection: it sends in pieces, with pings between them.

use std::collections::VecDeque;
use std::error::Error;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::ops::Range;
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use framewright::ws::{CloseCode, Connection, Inbox, Message, MessageEvent, SendError, Side};

/// How long the next message of the other end may take, if it says anything.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// A connection whose output a thread writes, so that an echo of the first piece cannot stop the last.
pub struct End<S: Side> {
    connection: Connection<S>,
    inbox: Inbox<Vec<u8>>,
    pings: Pings,
    tcp: TcpStream,
    /// `None` after the last byte.
    writer: Option<Sender<Vec<u8>>>,
    buf: Vec<u8>,
    unread: Range<usize>,
    failure: Option<String>,
}

impl<S: Side> End<S> {
    pub fn new(tcp: TcpStream, connection: Connection<S>, early: &[u8]) -> io::Result<Self> {
        tcp.set_read_timeout(Some(PATIENCE))?;
        let mut output = tcp.try_clone()?;
        let (writer, written) = channel::<Vec<u8>>();
        thread::spawn(move || {
            // If the other end takes nothing more, reading says so.
            while let Ok(bytes) = written.recv() {
                let _ = output.write_all(&bytes);
            }
            let _ = output.shutdown(Shutdown::Write);
        });
        let mut buf = vec![0; 64 << 10];
        buf[..early.len()].copy_from_slice(early);
        let (inbox, unread) = (Inbox::new(Vec::new()), 0..early.len());
        let (pings, failure) = (Pings::default(), None);
        Ok(Self { connection, inbox, pings, tcp, writer: Some(writer), buf, unread, failure })
    }

    /// Receives up to the next message. Returns whether there is one.
    pub fn receive(&mut self) -> io::Result<bool> {
        let until = Instant::now() + PATIENCE;
        loop {
            let mut input = &self.buf[self.unread.clone()];
            let event = self.connection.receive_message(&mut input, &mut self.inbox);
            self.unread.start = self.unread.end - input.len();
            match event {
                Some(MessageEvent::Message(_)) => return Ok(true),
                Some(MessageEvent::Pong) => self.pings.answered(self.connection.control_payload()),
                Some(MessageEvent::Failed(e)) => self.failure = Some(e.to_string()),
                Some(MessageEvent::Close(_) | MessageEvent::Ping) => {}
                None => {
                    let mut out = Vec::new();
                    self.connection.transmit(&mut out);
                    self.write(out);
                    if self.connection.close_expected().is_some() {
                        self.writer = None;
                    }
                    match self.tcp.read(&mut self.buf) {
                        // It may ping for ever.
                        Ok(_) if Instant::now() > until => return Err(ErrorKind::TimedOut.into()),
                        Ok(n @ 1..) => self.unread = 0..n,
                        Ok(_) => return Ok(false),
                        Err(e) if self.connection.is_closing() => {
                            self.failure.get_or_insert_with(|| e.to_string());
                            return Ok(false);
                        }
                        Err(e) => return Err(e),
                    }
                }
            }
        }
    }

    /// The message that was received.
    pub fn message(&self) -> Message<'_> {
        self.inbox.message()
    }

    pub fn send(&mut self, message: Message<'_>) -> Result<(), SendError> {
        let mut out = Vec::new();
        encode(message, &mut self.connection, &mut self.pings, &mut out)?;
        self.write(out);
        Ok(())
    }

    /// Sends the message back that was received.
    pub fn echo(&mut self) -> Result<(), SendError> {
        let mut out = Vec::new();
        encode(self.inbox.message(), &mut self.connection, &mut self.pings, &mut out)?;
        self.write(out);
        Ok(())
    }

    /// Sends half of the message, and cuts the connection.
    pub fn cut(&mut self, message: Message<'_>) -> Result<(), Box<dyn Error>> {
        let mut out = Vec::new();
        encode(message, &mut self.connection, &mut self.pings, &mut out)?;
        (&self.tcp).write_all(&out[..out.len() / 2])?;
        self.tcp.shutdown(Shutdown::Both)?;
        println!("cut");
        Ok(())
    }

    /// Cuts the connection in the middle of an echo.
    pub fn cut_echo(&mut self) -> Result<(), Box<dyn Error>> {
        let inbox = std::mem::replace(&mut self.inbox, Inbox::new(Vec::new()));
        self.cut(inbox.message())
    }

    pub fn close(&mut self, code: CloseCode, reason: &str) {
        let mut out = Vec::new();
        // It fails if the other end has closed, and then that is what the report says.
        if self.connection.close(code, reason, &mut out).is_ok() {
            self.write(out);
        }
    }

    fn write(&mut self, out: Vec<u8>) {
        if let Some(writer) = &self.writer {
            writer.send(out).expect("the thread ends after this");
        }
    }

    /// What came of the pings, and how the connection was closed.
    pub fn report(&self) -> String {
        let Pings { sent, skipped, strange, waiting } = &self.pings;
        let ending = self.connection.receive_eof();
        let reason = self.connection.peer_close().map_or("", |close| close.reason);
        let failure = self.failure.as_deref().unwrap_or("none");
        format!(
            "pings {sent}, skipped {skipped}, unanswered {}, strange {strange}; failure {failure}; closed {} {reason}",
            waiting.len(),
            ending.code.0
        )
    }
}

/// Writes a message in four fragments. The last three come after a ping each.
fn encode<S: Side>(
    message: Message<'_>,
    connection: &mut Connection<S>,
    pings: &mut Pings,
    out: &mut Vec<u8>,
) -> Result<(), SendError> {
    let bytes = message.as_bytes();
    let mut pieces = bytes.chunks(bytes.len().div_ceil(4).max(1));
    for n in 0..4 {
        if n > 0 {
            connection.ping(pings.next(), out)?;
        }
        // A text is cut inside its characters, too.
        connection.encoder()?.encode_fragment(
            message.kind(),
            pieces.next().unwrap_or_default(),
            n == 3,
            out,
        )?;
    }
    Ok(())
}

/// The pings that were sent. A pong answers the newest that has its payload, and an older one need not be answered (§5.5.3).
#[derive(Default)]
struct Pings {
    sent: u32,
    skipped: usize,
    /// Pongs that answer none.
    strange: u32,
    waiting: VecDeque<Vec<u8>>,
}

impl Pings {
    /// The payload of the next: of 4 bytes, of all 125, and of bytes that are no text.
    fn next(&mut self) -> &[u8] {
        self.sent += 1;
        let mut payload = self.sent.to_be_bytes().to_vec();
        match self.sent % 3 {
            0 => payload.resize(125, b'p'),
            1 => payload.push(0xFF),
            _ => {}
        }
        self.waiting.push_back(payload);
        self.waiting.back().expect("it was pushed")
    }

    fn answered(&mut self, payload: &[u8]) {
        match self.waiting.iter().position(|ping| ping == payload) {
            Some(at) => {
                self.skipped += at;
                self.waiting.drain(..=at);
            }
            None => self.strange += 1,
        }
    }
}
