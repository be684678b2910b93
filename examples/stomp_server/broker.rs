//! A broker of topics that holds nothing: what is sent goes to those who are subscribed, and is gone.
//!
//! It knows no sockets. Bytes come in for a session, and go out of each session's output.
//!
//! ```text
//!   bytes ──▶ receive ──▶ Session ── SEND ──▶ publish ──▶ output of every subscriber
//!                            │                   ▲
//!                            └── transaction ────┘ COMMIT
//! ```
//!
//! An [`Upstream`], if there is one, takes some of the messages, and confirms them later.

use std::collections::{BTreeMap, HashMap};

use framewright::stomp::{
    AckMode, Action, Closer, Command, Connection, Delivery, FrameBuilder, FrameEvent, HeartBeat,
    Limits, SendError, Server, SharedMessage, Version,
};

use super::session::{Message, Pending, Session, Subscription};

const LIMITS: Limits = Limits::new().max_body_len(16 << 20);
/// The output that a session may have before it counts as too slow, in bytes.
const MAX_OUTPUT: usize = 64 << 20;
/// How long a client may neither send nor receive anything, in ms. One that sends heart-beats is never so silent.
const MAX_IDLE: u64 = 30 * 60 * 1000;
/// How many messages of a subscription may wait for their acknowledgement.
const MAX_UNACKNOWLEDGED: usize = 10_000;

/// All sessions, and what they are subscribed to.
#[derive(Default)]
pub struct Broker<U> {
    pub(super) sessions: BTreeMap<u64, Session>,
    next_session: u64,
    next_message: u64,
    pub(super) upstream: U,
}

/// Where messages go that are not published at once.
///
/// What it carries out later it also confirms later: it remembers the receipt that a session asked for.
pub trait Upstream {
    /// Takes the messages that a session sends together: all of them, or none.
    fn send(
        &mut self,
        session: u64,
        receipt: Option<&str>,
        messages: Vec<Message>,
    ) -> Result<Sent, Refusal>;

    /// A session subscribes to a destination. Returns whether that is confirmed later.
    fn subscribe(
        &mut self,
        session: u64,
        receipt: Option<&str>,
        destination: &str,
    ) -> Result<bool, Refusal>;

    /// A subscription ends.
    fn unsubscribe(&mut self, destination: &str);

    /// A session leaves. Returns whether that is confirmed later, after everything that it sent.
    fn leave(&mut self, session: u64, receipt: Option<&str>) -> bool;

    /// A session is over.
    fn close(&mut self, session: u64);
}

/// What becomes of messages.
pub struct Sent {
    /// Those that are to be published at once.
    pub here: Vec<Message>,
    /// Whether the others are confirmed later.
    pub later: bool,
}

/// Why a frame cannot be carried out, as the `ERROR` says it.
pub type Refusal = &'static str;

impl<U: Upstream> Broker<U> {
    /// Begins a session, and returns its number.
    pub fn open(&mut self, now: u64) -> u64 {
        let connection = Connection::server(LIMITS, now)
            .heart_beat(HeartBeat::new(5_000, 5_000))
            .accept_stray_nul(true);
        self.next_session += 1;
        self.sessions.insert(self.next_session, Session::new(connection, now));
        self.next_session
    }

    /// Ends a session. Its transactions are aborted.
    pub fn close(&mut self, id: u64) {
        let Some(session) = self.sessions.remove(&id) else { return };
        for subscription in &session.subscriptions {
            self.upstream.unsubscribe(&subscription.destination);
        }
        self.upstream.close(id);
    }

    /// Receives bytes of a session. Returns whether a message was published: other sessions may have output then.
    pub fn receive(&mut self, id: u64, bytes: &[u8], now: u64) -> bool {
        let before = self.next_message;
        let Some(mut session) = self.sessions.remove(&id) else { return false };
        session.active_at = now;
        let mut input = bytes;
        while let Some(event) =
            session.connection.receive_frame(&mut input, &mut session.inbox, now)
        {
            let FrameEvent::Frame(command) = event else { continue };
            if let Err(refusal) = self.carry_out(command, id, &mut session) {
                let error = FrameBuilder::error(refusal).about(&session.inbox.headers());
                // It fails if the connection is closing already.
                let _ = session.connection.send(error, &mut session.out);
            }
        }
        self.sessions.insert(id, session);
        self.next_message > before
    }

    /// Returns what a session has to send, and whether the transport is to be closed after that.
    pub fn output(&mut self, id: u64, now: u64) -> (Vec<u8>, bool) {
        let Some(session) = self.sessions.get_mut(&id) else { return (Vec::new(), true) };
        let Session { connection, out, active_at, .. } = session;
        if now >= active_at.saturating_add(MAX_IDLE) && out.is_empty() {
            *active_at = now;
            // It fails if the connection is closing already, or was never accepted, which has a deadline of its own.
            let _ = connection.send(FrameBuilder::error("idle for too long"), out);
        }
        if !out.is_empty() {
            *active_at = now;
        }
        let timed_out = connection.poll(now) == Some(Action::CloseTimedOut);
        connection.transmit(out, now);
        let over = match connection.close_expected() {
            Some(Closer::Us) => true,
            Some(Closer::Peer) | None => timed_out,
        };
        (std::mem::take(out), over)
    }

    /// When to ask for the output of a session, unless something happens before then.
    pub fn deadline(&self, id: u64) -> Option<u64> {
        let Session { connection, active_at, .. } = self.sessions.get(&id)?;
        let idle = active_at.saturating_add(MAX_IDLE);
        Some(connection.deadline().map_or(idle, |deadline| deadline.min(idle)))
    }

    /// Carries out a frame, and confirms it, at once or later.
    fn carry_out(
        &mut self,
        command: Command,
        id: u64,
        session: &mut Session,
    ) -> Result<(), Refusal> {
        let headers = session.inbox.headers();
        let transaction = headers.get("transaction");
        let receipt = headers.get("receipt").map(str::to_owned);
        let receipt = receipt.as_deref();
        let mut later = false;
        match command {
            Command::Connect | Command::Stomp => {
                let connected = FrameBuilder::connected().server("framewright-example/1");
                let accepted = session.connection.accept(connected, &mut session.out);
                return accepted.map_err(|_| "cannot be accepted");
            }
            Command::Send => {
                let message = Message::of(&session.inbox);
                match transaction {
                    Some(name) => session.transactions.add(name, Pending::Send(message))?,
                    None => later = self.send(vec![message], id, receipt, session)?,
                }
            }
            Command::Subscribe => {
                let destination = session.subscribe()?;
                later = self.upstream.subscribe(id, receipt, &destination)?;
            }
            Command::Unsubscribe => self.upstream.unsubscribe(&session.unsubscribe()?),
            Command::Ack | Command::Nack => {
                let id = headers.get("id").or(headers.get("message-id"));
                let id = id.and_then(|id| id.parse().ok()).ok_or("no such message")?;
                match transaction {
                    Some(name) => session.transactions.add(name, Pending::Ack(id))?,
                    None => session.acknowledge(id)?,
                }
            }
            Command::Begin => session.transactions.begin(transaction.unwrap_or_default())?,
            Command::Abort => drop(session.transactions.end(transaction.unwrap_or_default())?),
            Command::Commit => {
                let mut messages = Vec::new();
                for pending in session.transactions.end(transaction.unwrap_or_default())? {
                    match pending {
                        Pending::Send(message) => messages.push(message),
                        Pending::Ack(id) => session.acknowledge(id)?,
                    }
                }
                later = self.send(messages, id, receipt, session)?;
            }
            Command::Disconnect => later = self.upstream.leave(id, receipt),
            _ => {}
        }
        if later {
            return Ok(());
        }
        let confirmed = session.connection.send_receipt(&session.inbox.headers(), &mut session.out);
        confirmed.map_err(|_| "cannot be confirmed")
    }

    /// Sends messages on their way. Returns whether that is confirmed later.
    fn send(
        &mut self,
        messages: Vec<Message>,
        id: u64,
        receipt: Option<&str>,
        session: &mut Session,
    ) -> Result<bool, Refusal> {
        let Sent { here, later } = self.upstream.send(id, receipt, messages)?;
        for message in here {
            self.publish(&message, Some(session));
        }
        Ok(later)
    }

    /// Sends a message to all that are subscribed to its destination, `own` among them.
    pub(super) fn publish(&mut self, message: &Message, own: Option<&mut Session>) {
        self.next_message += 1;
        let number = self.next_message;
        let id = number.to_string();
        let mut encoded = HashMap::new();
        for session in self.sessions.values_mut().chain(own) {
            let Session { connection, subscriptions, out, .. } = session;
            let Some(version) = connection.agreed_version() else { continue };
            for subscription in subscriptions {
                if subscription.destination != message.destination {
                    continue;
                }
                // Once for each version, when the first subscriber of that version comes.
                let shared = encoded.entry(version).or_insert_with(|| encode(message, version));
                let Ok(shared) = shared else { continue };
                if let Some(error) = deliver(connection, subscription, number, &id, shared, out) {
                    let _ = connection.send(FrameBuilder::error(error), out);
                    break;
                }
            }
        }
    }
}

/// Sends a message to a subscription. Returns why the session has to end, if it has to.
fn deliver(
    connection: &mut Connection<Server>,
    subscription: &mut Subscription,
    number: u64,
    id: &str,
    shared: &SharedMessage<Vec<u8>>,
    out: &mut Vec<u8>,
) -> Option<&'static str> {
    let mut delivery = match &subscription.id {
        Some(subscription) => Delivery::new(subscription, id),
        None => Delivery::without_subscription(id),
    };
    if subscription.mode != AckMode::Auto {
        delivery = delivery.ack(id);
        subscription.unacknowledged.push_back(number);
    }
    // It fails if the connection is closing.
    let _ = connection.send_message(delivery, shared, out);
    if subscription.unacknowledged.len() > MAX_UNACKNOWLEDGED {
        return Some("too many messages without an acknowledgement");
    }
    (out.len() > MAX_OUTPUT).then_some("too slow")
}

/// Encodes a message for all subscribers of a version. Headers that the version cannot carry are left out.
fn encode(message: &Message, version: Version) -> Result<SharedMessage<Vec<u8>>, SendError> {
    let headers = message.headers.iter().filter(|(name, value)| version.can_carry(name, value));
    let frame = FrameBuilder::shared_message(&message.destination).headers(headers);
    SharedMessage::encode(frame.body(&message.body), version, Vec::new())
}
