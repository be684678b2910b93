//! A client's connection on a blocking socket: what is asked of it waits until it is done.

use std::collections::VecDeque;
use std::error::Error;
use std::io::Write;
use std::time::{Duration, Instant};

use framewright::grpc::{
    CallId, CallKind, Client, ClientEvent, ClientRequest, Code, Heap, Limits, Message,
    MetadataList, SendError, Value, metadata,
};
use framewright::http2;

use crate::socket::{Socket, Target};

/// How long a server may take no output.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long to read if no call has a deadline, in ms.
const LOOK_UP: u64 = 60_000;
/// How much of what the server sends is kept until it is asked for, in bytes.
const MAX_UNREAD: usize = 64 << 20;

/// A connection with its calls.
pub struct Channel {
    socket: Socket,
    target: Target,
    grpc: Client<Heap>,
    start: Instant,
    buf: Vec<u8>,
    out: Vec<u8>,
    /// What has come while something else was waited for.
    events: VecDeque<(CallId, Event)>,
    /// How long their messages are together.
    unread: usize,
}

/// What has come of a call.
#[derive(Debug)]
#[allow(dead_code, reason = "not every client wants all of it")]
pub enum Event {
    Head(MetadataList<Vec<u8>>),
    Message { bytes: Vec<u8>, compressed: bool },
    End(Outcome),
}

/// How a call has ended.
#[derive(Debug)]
#[allow(dead_code, reason = "not every client wants all of it")]
pub struct Outcome {
    pub code: Code,
    pub message: String,
    /// The details of the status, decoded.
    pub details: Option<Vec<u8>>,
    pub trailers: MetadataList<Vec<u8>>,
    /// Whether the server has certainly not processed it.
    pub is_unprocessed: bool,
}

impl Channel {
    pub fn connect(target: &Target) -> Result<Self, Box<dyn Error>> {
        Ok(Self {
            socket: Socket::connect(target, &[b"h2"], PATIENCE)?,
            target: target.clone(),
            grpc: Client::new(Limits::new(), http2::Limits::new(), 0),
            start: Instant::now(),
            buf: vec![0; 64 * 1024],
            out: Vec::new(),
            events: VecDeque::new(),
            unread: 0,
        })
    }

    /// Begins a call, as soon as the server allows one more.
    pub fn call(
        &mut self,
        request: ClientRequest<'_>,
        kind: CallKind,
    ) -> Result<CallId, Box<dyn Error>> {
        self.take_events(&mut []); // its deadline counts from now
        loop {
            let request = request.authority(self.target.authority()).scheme(self.target.scheme());
            match self.grpc.call(&request, kind, &mut self.out) {
                Err(SendError::TooManyCalls) => self.wait()?,
                call => return Ok(call?),
            }
        }
    }

    /// Sends a message, as soon as the server takes it. Returns whether the call still goes on.
    pub fn send<'m>(
        &mut self,
        call: CallId,
        message: impl Into<Message<'m>>,
    ) -> Result<bool, Box<dyn Error>> {
        let message = message.into();
        loop {
            match self.grpc.send(call, message, &mut self.out) {
                Err(SendError::Busy) => self.wait()?,
                Err(SendError::Ended) => return Ok(false),
                sent => {
                    sent?;
                    self.flush()?;
                    return Ok(true);
                }
            }
        }
    }

    /// Sends no more messages. A call that has ended already stays as it is.
    pub fn half_close(&mut self, call: CallId) -> Result<(), Box<dyn Error>> {
        match self.grpc.half_close(call, &mut self.out) {
            Ok(()) | Err(SendError::Ended) => self.flush(),
            Err(e) => Err(e.into()),
        }
    }

    /// Gives a call up.
    #[allow(dead_code, reason = "not every client does")]
    pub fn cancel(&mut self, call: CallId) -> Result<(), Box<dyn Error>> {
        self.grpc.cancel(call);
        self.flush()
    }

    /// Waits for the next event of a call.
    pub fn next(&mut self, call: CallId) -> Result<Event, Box<dyn Error>> {
        loop {
            if let Some(at) = self.events.iter().position(|(of, _)| *of == call)
                && let Some((_, event)) = self.events.remove(at)
            {
                if let Event::Message { bytes, .. } = &event {
                    self.unread -= bytes.len();
                }
                return Ok(event);
            }
            self.wait()?;
        }
    }

    /// Waits for the next message of a call.
    pub fn message(&mut self, call: CallId) -> Result<Result<Vec<u8>, Outcome>, Box<dyn Error>> {
        loop {
            match self.next(call)? {
                Event::Head(_) => {}
                Event::Message { bytes, .. } => return Ok(Ok(bytes)),
                Event::End(outcome) => return Ok(Err(outcome)),
            }
        }
    }

    /// Waits until the server has closed the connection.
    #[allow(dead_code, reason = "not every client does")]
    pub fn wait_for_the_end(&mut self) -> Result<(), Box<dyn Error>> {
        while !self.grpc.is_over() {
            self.wait()?;
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), Box<dyn Error>> {
        loop {
            self.socket.write_all(&self.out)?;
            self.out.clear();
            self.grpc.transmit(&mut self.out);
            if self.out.is_empty() {
                return Ok(());
            }
        }
    }

    /// Writes what is to be written, and reads what comes next.
    fn wait(&mut self) -> Result<(), Box<dyn Error>> {
        self.flush()?;
        if self.grpc.is_over() {
            return Err("the connection is over".into());
        }
        let deadline = self.grpc.deadline().unwrap_or(self.now() + LOOK_UP);
        let until = self.start + Duration::from_millis(deadline.max(self.now() + 1));
        let mut buf = std::mem::take(&mut self.buf);
        let read = self.socket.read_until(&mut buf, until)?;
        if read == Some(0) {
            self.grpc.receive_eof();
        }
        let len = read.unwrap_or_default();
        self.take_events(&mut buf[..len]);
        self.buf = buf;
        if self.unread > MAX_UNREAD {
            return Err("too much has come that nobody asks for".into());
        }
        self.flush()
    }

    fn now(&self) -> u64 {
        self.start.elapsed().as_millis() as u64
    }

    fn take_events(&mut self, mut input: &mut [u8]) {
        while let Some(event) = self.grpc.receive(&mut input, self.now()) {
            let (call, event) = match event {
                ClientEvent::Head(call) => (call, Event::Head(owned(self.grpc.headers()))),
                ClientEvent::Message(call) => {
                    let message = self.grpc.message(call);
                    let (bytes, compressed) = (message.bytes.to_owned(), message.compressed);
                    self.unread += bytes.len();
                    (call, Event::Message { bytes, compressed })
                }
                ClientEvent::End { call, code } => {
                    let status = self.grpc.status(call);
                    let message = status.map_or(String::new(), |status| status.message.to_string());
                    let details = status.and_then(|status| status.details).and_then(decoded);
                    let trailers = owned(self.grpc.trailers(call));
                    let is_unprocessed = self.grpc.is_unprocessed(call);
                    let outcome = Outcome { code, message, details, trailers, is_unprocessed };
                    (call, Event::End(outcome))
                }
                _ => continue,
            };
            self.events.push_back((call, event));
        }
    }
}

/// The bytes of a binary value, unless it is malformed.
fn decoded(value: Value<'_>) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    value.decode(&mut bytes).ok().map(|()| bytes)
}

/// The metadata among headers or trailers.
fn owned<'h, H>(headers: H) -> MetadataList<Vec<u8>>
where
    H: IntoIterator<Item: framewright::http::Field<'h>>,
{
    let mut list = MetadataList::new(Vec::new());
    list.extend(metadata(headers)).expect("what has come as metadata can be sent");
    list
}
