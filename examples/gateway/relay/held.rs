//! The messages that the broker has not confirmed.
//!
//! ```text
//!            push                take_next                confirm
//!   client ───────▶ unsent ─────────────────▶ in flight ───────────▶ gone
//!                     ▲                           │
//!                     └────────── rewind ─────────┘
//!                                    │ too often, alone
//!                                    ▼
//!                                 refused
//! ```
//!
//! Messages that were in flight when a connection broke may or may not have arrived. They are sent again with the same
//! numbers, by which the gateways recognize copies. If a message itself is why the broker breaks the connection, it
//! must not do so forever. So after a break, these messages go one at a time. One that was alone in flight when the
//! broker sent an `ERROR` three times, or when the connection broke twelve times, is given up.

use std::collections::{HashMap, VecDeque};

/// Why a connection is over, when something was alone in flight.
#[derive(Clone, Copy, Eq, PartialEq)]
pub enum Fault {
    /// The broker sent an `ERROR`.
    Error,
    /// It broke. That is seldom the fault of what was in flight.
    Break,
    /// Nothing was alone in flight.
    Nobody,
}

/// How often a message, or a subscription, was alone in flight when a connection ended.
#[derive(Default)]
pub struct Faults(u32);

impl Faults {
    const MAX: u32 = 12;

    /// Adds one more. Returns whether that is too often.
    pub fn add(&mut self, fault: Fault) -> bool {
        self.0 += match fault {
            Fault::Error => 4,
            Fault::Break => 1,
            Fault::Nobody => 0,
        };
        self.0 >= Self::MAX
    }
}

/// Who is told the outcome of messages that were sent together: of one message, or of a transaction.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Ticket(pub u64);

/// A message as it goes to the broker.
pub struct Outgoing {
    pub destination: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

/// The messages, in their order.
pub struct Held {
    /// Confirmed ones remain until those before them are confirmed, too.
    queue: VecDeque<Entry>,
    /// The number of the first of them.
    first: u64,
    /// How many of them were sent on this connection.
    sent: usize,
    /// How many of these are not confirmed.
    in_flight: usize,
    /// Up to this number, messages were in flight at a break.
    suspects: u64,
    /// How many messages each ticket waits for.
    tickets: HashMap<Ticket, usize>,
    next_ticket: u64,
    /// What they take, in bytes.
    bytes: usize,
    max_bytes: usize,
}

struct Entry {
    ticket: Ticket,
    /// `None` once it is confirmed.
    message: Option<Outgoing>,
    faults: Faults,
}

impl Held {
    pub fn new(max_bytes: usize) -> Self {
        Self {
            queue: VecDeque::new(),
            first: 1,
            sent: 0,
            in_flight: 0,
            suspects: 0,
            tickets: HashMap::new(),
            next_ticket: 0,
            bytes: 0,
            max_bytes,
        }
    }

    /// The number that the next message will have.
    pub fn next_number(&self) -> u64 {
        self.first + self.queue.len() as u64
    }

    /// Whether messages that take these many bytes have room.
    pub fn has_room(&self, bytes: usize) -> bool {
        self.bytes.saturating_add(bytes) <= self.max_bytes
    }

    /// Whether half of the room is taken.
    pub fn is_half_full(&self) -> bool {
        self.bytes > self.max_bytes / 2
    }

    /// Adds messages that belong together.
    pub fn push(&mut self, messages: Vec<Outgoing>) -> Ticket {
        self.next_ticket += 1;
        let ticket = Ticket(self.next_ticket);
        self.tickets.insert(ticket, messages.len());
        for message in messages {
            self.bytes += message.len();
            self.queue.push_back(Entry {
                ticket,
                message: Some(message),
                faults: Faults::default(),
            });
        }
        ticket
    }

    /// How many messages are in flight.
    pub fn in_flight(&self) -> usize {
        self.in_flight
    }

    /// Whether messages have to go one at a time.
    pub fn has_suspects(&self) -> bool {
        self.first <= self.suspects
    }

    /// Returns the next message to send, with its number, and counts it as sent.
    pub fn take_next(&mut self) -> Option<(u64, &Outgoing)> {
        loop {
            let number = self.first + self.sent as u64;
            let confirmed = self.queue.get(self.sent)?.message.is_none();
            self.sent += 1;
            if !confirmed {
                self.in_flight += 1;
                let message = self.queue.get(self.sent - 1)?.message.as_ref()?;
                return Some((number, message));
            }
        }
    }

    /// Notes that the broker has a message. Returns its ticket if that waited for nothing else.
    pub fn confirm(&mut self, number: u64) -> Option<Ticket> {
        let at = usize::try_from(number.checked_sub(self.first)?).ok()?;
        let entry = self.queue.get_mut(at)?;
        self.bytes -= entry.message.take()?.len();
        let ticket = entry.ticket;
        if at < self.sent {
            self.in_flight -= 1;
        }
        while self.queue.front().is_some_and(|entry| entry.message.is_none()) {
            self.queue.pop_front();
            self.first += 1;
            self.sent = self.sent.saturating_sub(1);
        }
        let left = self.tickets.get_mut(&ticket)?;
        *left -= 1;
        (*left == 0).then(|| {
            self.tickets.remove(&ticket);
            ticket
        })
    }

    /// Gives up a message. Returns its ticket, unless that was refused before.
    pub fn refuse(&mut self, number: u64) -> Option<Ticket> {
        let at = usize::try_from(number.checked_sub(self.first)?).ok()?;
        let ticket = self.queue.get(at).filter(|entry| entry.message.is_some())?.ticket;
        let is_first = self.tickets.remove(&ticket).is_some();
        self.confirm(number);
        is_first.then_some(ticket)
    }

    /// Notes that the connection broke. Returns the number of a message that has to be given up.
    ///
    /// `fault`: that of the message which is in flight, if it is alone.
    pub fn rewind(&mut self, fault: Fault) -> Option<u64> {
        let mut hopeless = None;
        for (entry, number) in self.queue.iter_mut().take(self.sent).zip(self.first..) {
            if entry.message.is_some() && entry.faults.add(fault) {
                hopeless = Some(number);
            }
        }
        if self.sent > 0 {
            self.suspects = self.first + self.sent as u64 - 1;
        }
        self.sent = 0;
        self.in_flight = 0;
        hopeless
    }
}

impl Outgoing {
    /// What it takes, in bytes.
    pub fn len(&self) -> usize {
        let headers = self
            .headers
            .iter()
            .map(|(name, value)| size_of::<(String, String)>() + name.len() + value.len());
        size_of::<Entry>() + self.destination.len() + headers.sum::<usize>() + self.body.len()
    }
}
