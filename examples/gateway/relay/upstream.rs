//! Passes what clients send, and their subscriptions, to the broker.

use super::super::broker::{Refusal, Sent, Upstream};
use super::super::session::Message;
use super::held::Outgoing;
use super::names::{self, ORIGIN, TOPIC};
use super::{Link, News, Relay};

impl Outgoing {
    /// A client's message, or why it cannot be sent.
    fn new(message: Message) -> Result<Self, Refusal> {
        let mut headers = vec![("persistent".to_owned(), "true".to_owned())];
        headers.extend(names::to_broker(message.headers)?);
        Ok(Self {
            destination: names::destination(&message.destination)?,
            headers,
            body: message.body,
        })
    }
}

/// Without a relay, every message is published at once.
impl Upstream for Option<Relay> {
    fn send(
        &mut self,
        session: u64,
        receipt: Option<&str>,
        messages: Vec<Message>,
    ) -> Result<Sent, Refusal> {
        match self {
            Some(relay) => relay.send(session, receipt, messages),
            None => Ok(Sent { here: messages, later: false }),
        }
    }

    fn subscribe(
        &mut self,
        session: u64,
        receipt: Option<&str>,
        destination: &str,
    ) -> Result<bool, Refusal> {
        match self {
            Some(relay) => relay.subscribe(session, receipt, destination),
            None => Ok(false),
        }
    }

    fn unsubscribe(&mut self, destination: &str) {
        if let Some(relay) = self {
            relay.unsubscribe(destination);
        }
    }

    fn leave(&mut self, session: u64, receipt: Option<&str>) -> bool {
        self.as_mut().is_some_and(|relay| relay.leave(session, receipt))
    }

    fn close(&mut self, session: u64) {
        if let Some(relay) = self {
            relay.close(session);
        }
    }
}

impl Upstream for Relay {
    fn send(
        &mut self,
        session: u64,
        receipt: Option<&str>,
        messages: Vec<Message>,
    ) -> Result<Sent, Refusal> {
        let is_there = |message: &Message| message.destination.starts_with(TOPIC);
        let (there, here): (Vec<_>, _) = messages.into_iter().partition(is_there);
        if there.is_empty() {
            return Ok(Sent { here, later: false });
        }
        let mut outgoing = there.into_iter().map(Outgoing::new).collect::<Result<Vec<_>, _>>()?;
        if !self.held.has_room(outgoing.iter().map(Outgoing::len).sum()) {
            return Err(match self.link {
                Link::Up(_) => "too much waits for the broker",
                Link::Away { .. } => "the broker is away, and too much waits for it",
            });
        }
        for (message, number) in outgoing.iter_mut().zip(self.held.next_number()..) {
            let place = self.positions.next(&message.destination, number);
            message.headers.push((ORIGIN.to_owned(), place));
        }
        let ticket = self.held.push(outgoing);
        self.waiting.for_messages(session, receipt, ticket);
        Ok(Sent { here, later: true })
    }

    fn subscribe(
        &mut self,
        session: u64,
        receipt: Option<&str>,
        destination: &str,
    ) -> Result<bool, Refusal> {
        if !destination.starts_with(TOPIC) || self.topics.subscribe(destination)? {
            return Ok(false);
        }
        if let Some(receipt) = receipt {
            self.waiting.for_topic(session, receipt, destination)?;
        }
        Ok(true)
    }

    fn unsubscribe(&mut self, destination: &str) {
        if self.topics.unsubscribe(destination) {
            // The broker has not confirmed these subscriptions, and will not. For their clients, they have begun and ended.
            let receipts = self.waiting.take_topic(destination).into_iter();
            self.news.extend(receipts.map(|(client, receipt)| News::Receipt { client, receipt }));
        }
    }

    fn leave(&mut self, session: u64, receipt: Option<&str>) -> bool {
        self.waiting.leave(session, receipt)
    }

    fn close(&mut self, session: u64) {
        self.waiting.close(session);
    }
}
