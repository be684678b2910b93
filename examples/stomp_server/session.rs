//! What a broker keeps of one client: its subscriptions and its transactions.

use std::collections::{HashMap, VecDeque};

use framewright::stomp::{AckMode, Connection, Inbox, Server};

/// How much a client may have subscribed to, and how many transactions it may have begun.
const MAX_SUBSCRIPTIONS: usize = 1000;
const MAX_TRANSACTIONS: usize = 16;
/// How much the transactions of a client may hold, in bytes.
const MAX_PENDING: usize = 32 << 20;

/// One client.
pub struct Session {
    pub connection: Connection<Server>,
    pub inbox: Inbox<Vec<u8>>,
    pub out: Vec<u8>,
    /// When something last came or was to be sent, in ms.
    pub active_at: u64,
    pub subscriptions: Vec<Subscription>,
    pub transactions: Transactions,
}

/// What a client has subscribed to.
pub struct Subscription {
    /// In 1.0, it need not have one.
    pub id: Option<String>,
    pub destination: String,
    pub mode: AckMode,
    /// The numbers of the messages that wait for an acknowledgement.
    pub unacknowledged: VecDeque<u64>,
}

/// A message that was sent.
pub struct Message {
    pub destination: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Message {
    /// The `SEND` in the inbox.
    pub fn of(inbox: &Inbox<Vec<u8>>) -> Self {
        let headers = inbox.headers();
        let destination = match headers.get("destination").unwrap_or_default() {
            // As the tutorials have it.
            "/app/chat" => "/topic/messages",
            other => other,
        };
        Self {
            destination: destination.to_owned(),
            headers: headers
                .of_message()
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
            body: inbox.body().to_vec(),
        }
    }

    pub fn len(&self) -> usize {
        let headers = self.headers.iter().map(|(name, value)| name.len() + value.len());
        self.destination.len() + self.body.len() + headers.sum::<usize>()
    }
}

impl Session {
    pub fn new(connection: Connection<Server>, now: u64) -> Self {
        Self {
            connection,
            inbox: Inbox::new(Vec::new()),
            out: Vec::new(),
            active_at: now,
            subscriptions: Vec::new(),
            transactions: Transactions::default(),
        }
    }

    /// Adds the subscription in the inbox, and returns its destination.
    pub fn subscribe(&mut self) -> Result<String, &'static str> {
        let headers = self.inbox.headers();
        let id = headers.get("id").map(str::to_owned);
        if id.is_some() && self.subscriptions.iter().any(|other| other.id == id) {
            return Err("subscription exists already");
        }
        if self.subscriptions.len() == MAX_SUBSCRIPTIONS {
            return Err("too many subscriptions");
        }
        let destination = headers.get("destination").unwrap_or_default().to_owned();
        self.subscriptions.push(Subscription {
            id,
            destination: destination.clone(),
            mode: headers.ack_mode().unwrap_or_default(),
            unacknowledged: VecDeque::new(),
        });
        Ok(destination)
    }

    /// Removes the subscription that the inbox names, and returns its destination.
    pub fn unsubscribe(&mut self) -> Result<String, &'static str> {
        let headers = self.inbox.headers();
        let is_meant = |subscription: &Subscription| match headers.get("id") {
            Some(id) => subscription.id.as_deref() == Some(id),
            None => Some(&subscription.destination[..]) == headers.get("destination"),
        };
        let at = self.subscriptions.iter().position(is_meant).ok_or("no such subscription")?;
        Ok(self.subscriptions.remove(at).destination)
    }

    /// Forgets a message, and in the mode `client` those before it. A topic has no other use for a message that was
    /// refused.
    pub fn acknowledge(&mut self, number: u64) -> Result<(), &'static str> {
        for Subscription { mode, unacknowledged, .. } in &mut self.subscriptions {
            let Ok(at) = unacknowledged.binary_search(&number) else { continue };
            match mode {
                AckMode::Client => drop(unacknowledged.drain(..=at)),
                AckMode::ClientIndividual | AckMode::Auto => drop(unacknowledged.remove(at)),
            }
            return Ok(());
        }
        Err("no such message")
    }
}

/// What a transaction does when it is committed.
pub enum Pending {
    Send(Message),
    Ack(u64),
}

/// The transactions of a client that are neither committed nor aborted.
#[derive(Default)]
pub struct Transactions {
    open: HashMap<String, Vec<Pending>>,
    /// What they hold, in bytes.
    len: usize,
}

impl Transactions {
    pub fn begin(&mut self, name: &str) -> Result<(), &'static str> {
        if self.open.contains_key(name) {
            return Err("transaction exists already");
        }
        if self.open.len() == MAX_TRANSACTIONS {
            return Err("too many transactions");
        }
        self.open.insert(name.to_owned(), Vec::new());
        Ok(())
    }

    pub fn add(&mut self, name: &str, pending: Pending) -> Result<(), &'static str> {
        let transaction = self.open.get_mut(name).ok_or("no such transaction")?;
        self.len += len(&pending);
        if self.len > MAX_PENDING {
            return Err("transactions are too long");
        }
        transaction.push(pending);
        Ok(())
    }

    /// Takes what a transaction holds, and ends it.
    pub fn end(&mut self, name: &str) -> Result<Vec<Pending>, &'static str> {
        let pending = self.open.remove(name).ok_or("no such transaction")?;
        self.len -= pending.iter().map(len).sum::<usize>();
        Ok(pending)
    }
}

/// What something pending takes, in bytes.
fn len(pending: &Pending) -> usize {
    size_of::<Pending>()
        + match pending {
            Pending::Send(message) => message.len(),
            Pending::Ack(_) => 0,
        }
}
