//! Topics that many gateways share, through one connection to a broker such as RabbitMQ.
//!
//! It knows no sockets: `socket.rs` moves the bytes.
//!
//! ```text
//!                connecting            CONNECTED came
//!      Away ───────────────▶ Opening ────────────────▶ Open
//!       ▲                       │                        │
//!       └──── disconnected ─────┴────────────────────────┘
//!             the transport ended, an ERROR came, or nothing came for too long
//! ```
//!
//! **From clients to the broker.** A client's message is [held](held) until the broker has confirmed it; only then does
//! the client get its receipt. While the broker is away, messages are held up to a number of bytes. A client whose
//! message has no room gets an `ERROR`, and the message is not sent. While the broker is connected but slow, clients
//! are slowed down. Transactions are kept in the gateway: it sends their messages at the `COMMIT`, all or none. A
//! transaction at the broker would be lost with the connection, which all clients share.
//!
//! **From the broker to clients.** The first subscriber of a topic subscribes at the broker, and the last one
//! unsubscribes. What the broker sends goes to all subscribers at this gateway, the sender included. The subscriptions
//! are durable: while a gateway is away, the broker holds its messages. It drops them when the gateway has been away
//! for [`KEPT_FOR`], or when they are more than [`KEPT_BYTES`]. The gateway notices that and sends the subscribers an
//! `ERROR`, so that they can subscribe again and ask for the current state.

mod backoff;
mod downstream;
mod held;
mod names;
mod positions;
mod topics;
mod upstream;
mod waiting;

use std::mem;

use framewright::Buffer;
use framewright::stomp::{
    AckMode, Client, Command, Connection, FrameBuilder, FrameEvent, HeartBeat, Inbox, Limits,
    Version, Versions,
};

use super::session::Message;
use backoff::Backoff;
use held::{Fault, Held};
use names::{ORIGIN, Place};
use positions::Positions;
use topics::{Heard, Topics};
use waiting::{Asked, Waiting};

/// For how long the broker holds the messages of a gateway that is away, in ms.
pub const KEPT_FOR: u64 = 30 * 60 * 1000;
/// How many bytes of a topic the broker holds for a gateway.
pub const KEPT_BYTES: u64 = 64 << 20;
/// How many bytes are held for the broker, unless the settings say otherwise.
pub const HELD_BYTES: usize = 64 << 20;

/// What the broker sends may be a little longer than what clients may send.
const LIMITS: Limits = Limits::new()
    .max_headers(1024)
    .max_line_len(64 << 10)
    .max_head_len(1 << 20)
    .max_body_len(17 << 20);
const HEART_BEAT: HeartBeat = HeartBeat::new(10_000, 10_000);
/// Frames are written at most this many bytes ahead of the broker.
const AHEAD: usize = 256 << 10;

/// Which broker, and how much may wait for it.
pub struct Settings {
    /// User and passcode, if the broker wants them.
    pub login: Option<(String, String)>,
    /// The virtual host.
    pub host: String,
    /// How many bytes of messages are held until the broker has confirmed them.
    pub held_bytes: usize,
    /// The name of this gateway among all: letters and digits.
    pub name: String,
}

/// What to tell clients.
pub enum News {
    /// A message, for all subscribers of its topic.
    Message(Message),
    /// What a client sent is confirmed.
    Receipt { client: u64, receipt: String },
    /// What a client sent was given up.
    Refused { client: u64, receipt: Option<String> },
    /// There will be no messages of a topic, because the broker refuses the subscription.
    TopicRefused(String),
    /// Messages of a topic are missing.
    Lost(String),
}

/// The connection to a broker, and everything that passes through it.
pub struct Relay {
    settings: Settings,
    link: Link,
    backoff: Backoff,
    /// When the last connection broke.
    away_since: u64,
    /// Whether frames go one at a time, because one of them may be why the broker broke the connection.
    is_careful: bool,
    held: Held,
    topics: Topics,
    positions: Positions,
    waiting: Waiting,
    news: Vec<News>,
}

enum Link {
    /// Until the next attempt.
    Away {
        until: u64,
    },
    Up(Box<Up>),
}

struct Up {
    connection: Connection<Client>,
    inbox: Inbox<Vec<u8>>,
    /// Frames that answer those that came.
    replies: Vec<u8>,
    /// Whether the broker sent an `ERROR`.
    has_error: bool,
    /// Whether the broker is `ActiveMQ`, which ends a durable subscription in two steps.
    is_active_mq: bool,
}

impl Relay {
    pub fn new(settings: Settings) -> Self {
        Self {
            link: Link::Away { until: 0 },
            backoff: Backoff::default(),
            away_since: 0,
            is_careful: false,
            held: Held::new(settings.held_bytes),
            topics: Topics::default(),
            positions: Positions::new(settings.name.clone()),
            waiting: Waiting::default(),
            news: Vec::new(),
            settings,
        }
    }

    /// Whether it is time to connect.
    pub fn wants_transport(&self, now: u64) -> bool {
        matches!(self.link, Link::Away { until } if until <= now)
    }

    /// Begins a connection. The transport may still be connecting.
    pub fn connecting(&mut self, now: u64) {
        let mut connection = Connection::client(LIMITS, now)
            .versions(Versions::only(Version::V1_2))
            .heart_beat(HEART_BEAT);
        // Without the name, ActiveMQ has no durable subscriptions.
        let headers = [("client-id", self.positions.gateway())];
        let mut frame = FrameBuilder::connect(&self.settings.host);
        if let Some((user, passcode)) = &self.settings.login {
            frame = frame.login(user, passcode);
        }
        let mut replies = Vec::new();
        // It fails if there is a line end in the user, for instance. Then the connection times out.
        let _ = connection.connect(frame.headers(headers), &mut replies);
        self.link = Link::Up(Box::new(Up {
            connection,
            inbox: Inbox::new(Vec::new()),
            replies,
            has_error: false,
            is_active_mq: false,
        }));
    }

    /// Notes that the connection broke, or could not be made. `random`: any number, another one each time.
    pub fn disconnected(&mut self, now: u64, random: u64) {
        let Link::Up(up) = &self.link else { return };
        if up.connection.agreed_version().is_some() {
            self.away_since = now;
            self.is_careful = true;
            let fault = match self.topics.asked() + self.held.in_flight() {
                1 if up.has_error => Fault::Error,
                1 => Fault::Break,
                _ => Fault::Nobody,
            };
            if let Some(number) = self.held.rewind(fault) {
                self.refuse(number);
            }
            if let Some(topic) = self.topics.rewind(fault) {
                self.news.push(News::TopicRefused(topic));
            }
        }
        self.link = Link::Away { until: now.saturating_add(self.backoff.next(random)) };
    }

    /// Receives what came. The error says why the connection has to be closed.
    pub fn receive(&mut self, mut input: &[u8], now: u64) -> Result<(), String> {
        loop {
            let Link::Up(up) = &mut self.link else { return Ok(()) };
            let Up { connection, inbox, .. } = &mut **up;
            match connection.receive_frame(&mut input, inbox, now) {
                None => return Ok(()),
                Some(FrameEvent::Frame(command)) => self.receive_frame(command, now)?,
                Some(FrameEvent::Failed(e)) => return Err(e.to_string()),
            }
        }
    }

    fn receive_frame(&mut self, command: Command, now: u64) -> Result<(), String> {
        let Link::Up(up) = &mut self.link else { return Ok(()) };
        let headers = up.inbox.headers();
        match command {
            Command::Connected => {
                let server = headers.get("server").unwrap_or_default();
                up.is_active_mq = server.starts_with("ActiveMQ");
                self.open(now);
            }
            Command::Message => self.receive_message(),
            Command::Receipt => {
                let answered = headers.get("receipt-id").and_then(Request::parse);
                self.backoff.reset();
                match answered {
                    Some(Request::Message(number)) => self.confirm(number),
                    Some(Request::Topic(number)) => self.confirm_topic(number),
                    None => {}
                }
            }
            Command::Error => {
                up.has_error = true;
                let text = headers.get("message").unwrap_or_default();
                let more = String::from_utf8_lossy(up.inbox.body());
                // ActiveMQ sends a stack trace.
                let error = format!("{text}: {}", more.lines().next().unwrap_or_default());
                // Not every broker says what it is about. Then the frame is found by sending one at a time.
                if let Some(Request::Message(number)) =
                    headers.get("receipt-id").and_then(Request::parse)
                {
                    self.refuse(number);
                }
                return Err(error);
            }
            _ => {}
        }
        Ok(())
    }

    /// Notes that the broker has accepted us.
    fn open(&mut self, now: u64) {
        if now.saturating_sub(self.away_since) >= KEPT_FOR {
            self.news.extend(self.topics.expire().into_iter().map(News::Lost));
        }
    }

    fn receive_message(&mut self) {
        let Link::Up(up) = &mut self.link else { return };
        let Up { connection, inbox, replies, .. } = &mut **up;
        let headers = inbox.headers();
        let number = headers.get("subscription").and_then(|id| self.settings.topic_number(id));
        // Nobody is subscribed any more.
        let Some(topic) = number.and_then(|number| self.topics.name(number)).map(str::to_owned)
        else {
            return;
        };
        let place = headers.get(ORIGIN).and_then(Place::parse);
        let heard = place.map_or(Heard::Next, |place| self.topics.hear(&topic, &place));
        if heard == Heard::AfterGap {
            self.news.push(News::Lost(topic.clone()));
        }
        if heard != Heard::Copy {
            let (headers, body) = (names::from_broker(&headers), inbox.body().to_vec());
            self.news.push(News::Message(Message { destination: topic, headers, body }));
        }
        if let Ok(ack) = connection.ack(&headers) {
            // It fails if the connection is closing.
            let _ = connection.send(ack, replies);
        }
    }

    fn confirm(&mut self, number: u64) {
        let Some(ticket) = self.held.confirm(number) else { return };
        let Some((asked, leaving)) = self.waiting.take(ticket) else { return };
        let Asked { client, receipt } = asked;
        let receipts = receipt.into_iter().chain(leaving);
        self.news.extend(receipts.map(|receipt| News::Receipt { client, receipt }));
    }

    fn confirm_topic(&mut self, number: u64) {
        let Some(topic) = self.topics.confirm(number) else { return };
        let receipts = self.waiting.take_topic(topic).into_iter();
        self.news.extend(receipts.map(|(client, receipt)| News::Receipt { client, receipt }));
    }

    /// Gives up a message, and all that was sent with it.
    fn refuse(&mut self, number: u64) {
        let Some(ticket) = self.held.refuse(number) else { return };
        if let Some((Asked { client, receipt }, _)) = self.waiting.take(ticket) {
            self.news.push(News::Refused { client, receipt });
        }
    }

    /// Writes what there is to send, as far as there is room: `pending` bytes wait for the transport. The error says why
    /// the connection has to be closed.
    pub fn transmit(
        &mut self,
        out: &mut impl Buffer,
        pending: usize,
        now: u64,
    ) -> Result<(), String> {
        let Link::Up(up) = &mut self.link else { return Ok(()) };
        if let Some(action) = up.connection.poll(now) {
            return Err(format!("the broker is silent: {action:?}"));
        }
        let start = out.as_slice().len();
        if pending == 0 {
            up.connection.transmit(out, now);
        }
        out.try_append(&mem::take(&mut up.replies)).expect("it grows");
        if up.connection.ready().is_err() {
            return Ok(());
        }
        while pending + (out.as_slice().len() - start) < AHEAD {
            if !self.send_next(out) {
                break;
            }
        }
        Ok(())
    }

    /// Writes the next frame, if there is one that may be sent.
    fn send_next(&mut self, out: &mut impl Buffer) -> bool {
        let Link::Up(up) = &mut self.link else { return false };
        if let Some(number) = self.topics.take_unneeded() {
            self.settings.unsubscribe(number, up, out);
            return true;
        }
        self.is_careful &= !self.topics.is_settled() || self.held.has_suspects();
        if self.is_careful && self.topics.asked() + self.held.in_flight() > 0 {
            return false;
        }
        if let Some((number, topic)) = self.topics.take_next() {
            self.settings.subscribe(number, topic, &mut up.connection, out);
            return true;
        }
        let Some((number, message)) = self.held.take_next() else { return false };
        let receipt = Request::Message(number).to_text();
        let frame = FrameBuilder::send(&message.destination).receipt(&receipt);
        let sent = up.connection.send(frame.headers(&message.headers).body(&message.body), out);
        if sent.is_err() {
            self.refuse(number);
        }
        true
    }

    /// Whether clients should wait before they send more: the broker is there, and slower than they are.
    pub fn is_congested(&self) -> bool {
        matches!(&self.link, Link::Up(up) if up.connection.ready().is_ok())
            && self.held.is_half_full()
    }

    /// When to transmit next, unless something happens before then, or to connect.
    pub fn deadline(&self) -> Option<u64> {
        match &self.link {
            Link::Away { until } => Some(*until),
            Link::Up(up) => up.connection.deadline(),
        }
    }

    /// Takes what clients have to hear.
    pub fn take_news(&mut self) -> Vec<News> {
        mem::take(&mut self.news)
    }

    /// Ends all subscriptions, so that the broker holds nothing for us, and leaves.
    pub fn shut_down(&mut self, out: &mut impl Buffer) {
        self.topics.remove_all();
        let Link::Up(up) = &mut self.link else { return };
        while let Some(number) = self.topics.take_unneeded() {
            self.settings.unsubscribe(number, up, out);
        }
        // It fails if the connection is not open.
        let _ = up.connection.send(FrameBuilder::disconnect(), out);
    }
}

impl Settings {
    /// Writes the `SUBSCRIBE` of a topic, whose name was checked.
    fn subscribe(
        &self,
        number: u64,
        topic: &str,
        connection: &mut Connection<Client>,
        out: &mut impl Buffer,
    ) {
        let id = self.topic_id(number);
        let destination = names::destination(topic).unwrap_or_default();
        let receipt = Request::Topic(number).to_text();
        let (kept_for, kept_bytes) = (KEPT_FOR.to_string(), KEPT_BYTES.to_string());
        let headers = [
            ("durable", "true"),
            ("auto-delete", "false"),
            ("x-expires", &kept_for),
            ("x-max-length-bytes", &kept_bytes),
            ("activemq.subscriptionName", &id),
        ];
        let frame = FrameBuilder::subscribe(&id, &destination).receipt(&receipt);
        let frame = frame.ack_mode(AckMode::ClientIndividual).headers(headers);
        connection
            .send(frame, out)
            .expect("it was ready, and nothing in it needs more than escapes");
    }

    /// Writes the `UNSUBSCRIBE` of a topic, which ends what the broker holds for it.
    fn unsubscribe(&self, number: u64, up: &mut Up, out: &mut impl Buffer) {
        let id = self.topic_id(number);
        let headers = [("durable", "true"), ("activemq.subscriptionName", &id)];
        // They fail if the connection is not open.
        if up.is_active_mq {
            let _ = up.connection.send(FrameBuilder::unsubscribe(&id), out);
        }
        let _ = up.connection.send(FrameBuilder::unsubscribe(&id).headers(headers), out);
    }

    /// The id of a topic's subscription. The broker makes the name of a queue of it.
    fn topic_id(&self, number: u64) -> String {
        format!("gateway-{}-{number}", self.name)
    }

    fn topic_number(&self, id: &str) -> Option<u64> {
        id.strip_prefix("gateway-")?.strip_prefix(&self.name)?.strip_prefix('-')?.parse().ok()
    }
}

/// What a receipt is for.
enum Request {
    Message(u64),
    Topic(u64),
}

impl Request {
    fn to_text(&self) -> String {
        match self {
            Self::Message(number) => format!("message-{number}"),
            Self::Topic(number) => format!("topic-{number}"),
        }
    }

    fn parse(receipt: &str) -> Option<Self> {
        match receipt.split_once('-')? {
            ("message", number) => number.parse().ok().map(Self::Message),
            ("topic", number) => number.parse().ok().map(Self::Topic),
            _ => None,
        }
    }
}
