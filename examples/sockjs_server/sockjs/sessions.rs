//! The sessions of all services, and what each of them waits on.

use std::collections::{BTreeSet, HashMap, VecDeque};

use framewright::sockjs::{
    Action, AttachError, Framing, Limits, Output, ReceiverId, SendError, Session,
};
use framewright::ws::{CloseCode, Message, OwnedMessage};

use crate::hub::{Loads, Outgoing, Piece, Schedule};

/// How much may wait for a raw WebSocket whose peer does not read, in bytes.
const MAX_OUTGOING: usize = 1 << 20;

/// All sessions, by their numbers.
pub struct Sessions {
    entries: HashMap<u64, Entry>,
    last: u64,
    schedule: Schedule<u64>,
    loads: Loads<u64>,
    /// Exchanges that may have something to write.
    pub ready: BTreeSet<u64>,
    /// Sessions that are over, which their services do not know.
    pub ended: Vec<Ended>,
    pub now: u64,
}

/// A session that is over.
pub struct Ended {
    pub session: u64,
    /// Which service it was of, and the name that its client gave it.
    pub service: usize,
    pub name: Option<String>,
}

struct Entry {
    service: usize,
    name: Option<String>,
    /// The exchange that takes what is sent.
    exchange: Option<u64>,
    protocol: Protocol,
    /// When something is due, as the schedule has it.
    due: Option<u64>,
    /// How much has come of messages that are not complete, in bytes.
    incoming_len: usize,
    /// How much it holds, as the loads have it.
    held: usize,
}

#[expect(clippy::large_enum_variant, reason = "most sessions are the large one")]
enum Protocol {
    /// Frames of SockJS, and which receiver takes them.
    Frames(Session<Vec<u8>>, Option<ReceiverId>),
    Raw(Raw),
}

/// A raw WebSocket: messages as they are.
#[derive(Default)]
struct Raw {
    outgoing: VecDeque<OwnedMessage>,
    /// In bytes.
    outgoing_len: usize,
    close: Option<(CloseCode, &'static str)>,
}

impl Sessions {
    /// No sessions. Together they may hold so many bytes.
    pub fn new(max_held: usize) -> Self {
        Self {
            entries: HashMap::new(),
            last: 0,
            schedule: Schedule::default(),
            loads: Loads::new(max_held),
            ready: BTreeSet::new(),
            ended: Vec::new(),
            now: 0,
        }
    }

    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Opens a session. A WebSocket's has no name.
    pub fn open(&mut self, service: usize, name: Option<String>, limits: Limits) -> u64 {
        let session = Session::new(limits, Vec::new(), self.now);
        self.insert(service, name, None, Protocol::Frames(session, None))
    }

    /// Opens the session of a raw WebSocket.
    pub fn open_raw(&mut self, service: usize, exchange: u64) -> u64 {
        self.insert(service, None, Some(exchange), Protocol::Raw(Raw::default()))
    }

    fn insert(
        &mut self,
        service: usize,
        name: Option<String>,
        exchange: Option<u64>,
        protocol: Protocol,
    ) -> u64 {
        self.last += 1;
        let entry =
            Entry { service, name, exchange, protocol, due: None, incoming_len: 0, held: 0 };
        self.entries.insert(self.last, entry);
        self.settle(self.last);
        self.last
    }

    /// Lets an exchange take what is sent to a session.
    ///
    /// # Errors
    ///
    /// Another exchange does so, or the session is over.
    pub fn attach(
        &mut self,
        session: u64,
        framing: Framing,
        exchange: u64,
    ) -> Result<(), AttachError> {
        let entry = self.entries.get_mut(&session).ok_or(AttachError::Over)?;
        let Protocol::Frames(frames, receiver) = &mut entry.protocol else {
            return Err(AttachError::AnotherOpen);
        };
        *receiver = Some(frames.attach(framing, self.now)?);
        entry.exchange = Some(exchange);
        self.wake(session);
        Ok(())
    }

    /// Sends a message. Frames carry only text. A session whose client takes too little is closed.
    pub fn send(&mut self, session: u64, message: Message<'_>) {
        let Some(entry) = self.entries.get_mut(&session) else { return };
        let is_sent = match &mut entry.protocol {
            Protocol::Frames(frames, _) => {
                let text = String::from_utf8_lossy(message.as_bytes());
                !matches!(frames.send(&text), Err(SendError::BacklogFull(_)))
            }
            Protocol::Raw(raw) => raw.send(message),
        };
        if is_sent {
            self.wake(session);
        } else {
            self.close(session, 3001, "too slow");
        }
    }

    /// Closes a session. It does nothing to one that is closed.
    pub fn close(&mut self, session: u64, code: u16, reason: &'static str) {
        let Some(entry) = self.entries.get_mut(&session) else { return };
        match &mut entry.protocol {
            Protocol::Frames(frames, _) => drop(frames.close(code, reason, self.now)),
            Protocol::Raw(raw) => drop(raw.close.get_or_insert((CloseCode(code), reason))),
        }
        self.wake(session);
    }

    /// The service that a session is of.
    pub fn service(&self, session: u64) -> Option<usize> {
        self.entries.get(&session).map(|entry| entry.service)
    }

    /// Whether messages of the client still count.
    pub fn is_open(&self, session: u64) -> bool {
        self.entries.get(&session).is_some_and(|entry| match &entry.protocol {
            Protocol::Frames(frames, _) => frames.is_open(),
            Protocol::Raw(raw) => raw.close.is_none(),
        })
    }

    /// Writes the next frame of a response.
    pub fn fill(&mut self, session: u64, framing: Framing, out: &mut Vec<u8>) -> Option<Piece> {
        let last = Some(Piece { is_last: true });
        let Some(entry) = self.entries.get_mut(&session) else { return last };
        let Protocol::Frames(frames, _) = &mut entry.protocol else { return last };
        let mut output = frames.transmit(out, self.now).expect("a Vec has room");
        if output == Some(Output::Frame) && framing.is_polling() {
            // The end comes with it, so that the length is known and one write is enough.
            output = frames.transmit(out, self.now).expect("nothing is written");
        }
        if output == Some(Output::End) {
            entry.exchange = None;
        }
        self.settle(session);
        output.map(|output| Piece { is_last: output == Output::End })
    }

    /// Returns the next that is to go out over a WebSocket.
    pub fn next_message(&mut self, session: u64) -> Option<Outgoing> {
        let normal = || Some(Outgoing::Close(CloseCode::NORMAL, String::new()));
        let Some(entry) = self.entries.get_mut(&session) else { return normal() };
        let outgoing = match &mut entry.protocol {
            Protocol::Raw(raw) => raw.next_message(),
            Protocol::Frames(frames, _) => {
                let mut frame = Vec::new();
                match frames.transmit(&mut frame, self.now).expect("a Vec has room") {
                    Some(Output::Frame) => {
                        let text = String::from_utf8(frame).expect("frames are text");
                        Some(Outgoing::Message(OwnedMessage::Text(text)))
                    }
                    Some(Output::End) => normal(),
                    None => None,
                }
            }
        };
        self.settle(session);
        outgoing
    }

    /// Notes how much of messages has come, or has been taken, since the last time.
    pub fn receive_part(&mut self, session: u64, before: usize, after: usize) {
        if let Some(entry) = self.entries.get_mut(&session) {
            entry.incoming_len = entry.incoming_len - before + after;
            self.settle(session);
        }
    }

    /// Ends what an exchange takes, because its connection was lost. It does nothing for one that has ended.
    pub fn receive_eof(&mut self, session: u64, exchange: u64) {
        let Some(entry) = self.entries.get_mut(&session) else { return };
        if entry.exchange.take_if(|own| *own == exchange).is_none() {
            return;
        }
        match &mut entry.protocol {
            Protocol::Frames(frames, Some(receiver)) => frames.receive_eof(*receiver),
            Protocol::Frames(_, None) | Protocol::Raw(_) => return self.end(session),
        }
        self.settle(session);
    }

    /// Does what is due.
    pub fn poll(&mut self) {
        for session in self.schedule.due(self.now) {
            let Some(entry) = self.entries.get_mut(&session) else { continue };
            let Protocol::Frames(frames, _) = &mut entry.protocol else { continue };
            match frames.poll(self.now) {
                Some(Action::Transmit) => {
                    self.ready.extend(entry.exchange);
                    // Until that is done, nothing else is due.
                    self.schedule.set(&session, &mut entry.due, None);
                }
                Some(Action::Over) | None => {
                    self.ready.extend(entry.exchange);
                    self.settle(session);
                }
            }
        }
    }

    /// When something is due.
    pub fn deadline(&self) -> Option<u64> {
        self.schedule.next()
    }

    /// Forgets a session.
    pub fn end(&mut self, session: u64) {
        if let Some(mut entry) = self.entries.remove(&session) {
            self.schedule.set(&session, &mut entry.due, None);
            self.loads.set(&session, &mut entry.held, 0);
            self.ready.extend(entry.exchange);
            self.ended.push(Ended { session, service: entry.service, name: entry.name });
        }
    }

    /// Notes that a session may have something to write.
    fn wake(&mut self, session: u64) {
        if let Some(entry) = self.entries.get(&session) {
            self.ready.extend(entry.exchange);
        }
        self.settle(session);
    }

    /// Notes when something is due for a session and how much it holds, or forgets it. If all hold too much, those that
    /// hold most are ended, too.
    fn settle(&mut self, session: u64) {
        let Some(entry) = self.entries.get_mut(&session) else { return };
        let outgoing_len = match &entry.protocol {
            Protocol::Frames(frames, _) if frames.is_over() => return self.end(session),
            Protocol::Frames(frames, _) => {
                self.schedule.set(&session, &mut entry.due, frames.deadline());
                frames.backlog_len()
            }
            Protocol::Raw(raw) => raw.outgoing_len,
        };
        self.loads.set(&session, &mut entry.held, outgoing_len + entry.incoming_len);
        while let Some(heaviest) = self.loads.heaviest() {
            self.end(heaviest);
        }
    }
}

impl Raw {
    /// Queues a message, unless too much waits already.
    fn send(&mut self, message: Message<'_>) -> bool {
        if self.close.is_some() {
            return true;
        }
        self.outgoing_len += message.as_bytes().len();
        self.outgoing.push_back(message.into());
        self.outgoing_len <= MAX_OUTGOING
    }

    fn next_message(&mut self) -> Option<Outgoing> {
        if let Some(message) = self.outgoing.pop_front() {
            self.outgoing_len -= message.as_message().as_bytes().len();
            return Some(Outgoing::Message(message));
        }
        let (code, reason) = self.close?;
        Some(Outgoing::Close(code, reason.to_owned()))
    }
}
