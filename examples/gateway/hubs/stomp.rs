//! STOMP over SockJS: each session is a client of the broker.

use std::collections::BTreeMap;

use framewright::ws::Message;

use super::sockjs::{Service, Sessions};
use crate::stomp::{Client, Hub};

pub struct Stomp {
    topics: Hub,
    clients: BTreeMap<u64, Client>,
    /// How many messages had been published at the last look.
    seen: u64,
    /// When a client next has something to send.
    due: u64,
}

impl Stomp {
    pub const fn new(topics: Hub) -> Self {
        Self { topics, clients: BTreeMap::new(), seen: 0, due: u64::MAX }
    }

    /// Sends what the broker has for a client.
    fn deliver(session: u64, client: &Client, due: &mut u64, sessions: &mut Sessions) {
        let (frames, is_over) = client.output(sessions.now);
        match str::from_utf8(&frames) {
            Ok("") => {}
            Ok(text) => sessions.send(session, Message::Text(text)),
            Err(_) => sessions.send(session, Message::Binary(&frames)),
        }
        if is_over {
            sessions.close(session, 1000, "Normal closure");
        }
        *due = client.deadline().min(*due);
    }
}

impl Service for Stomp {
    fn open(&mut self, session: u64, sessions: &mut Sessions) {
        self.clients.insert(session, self.topics.open(sessions.now));
    }

    fn receive(&mut self, session: u64, message: Message<'_>, sessions: &mut Sessions) {
        if let Some(client) = self.clients.get(&session) {
            client.receive(message.as_bytes(), sessions.now);
            Self::deliver(session, client, &mut self.due, sessions);
        }
    }

    fn close(&mut self, session: u64) {
        self.clients.remove(&session);
    }

    fn poll(&mut self, sessions: &mut Sessions) {
        let published = self.topics.published();
        if published == self.seen && sessions.now < self.due {
            return;
        }
        (self.seen, self.due) = (published, u64::MAX);
        for (session, client) in &self.clients {
            Self::deliver(*session, client, &mut self.due, sessions);
        }
    }

    fn deadline(&self) -> Option<u64> {
        Some(self.due)
    }
}
