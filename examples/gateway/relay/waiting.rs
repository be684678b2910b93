//! The clients that wait until the broker confirms what they sent.

use std::collections::{HashMap, HashSet};

use super::held::Ticket;

/// How many receipts a client may wait for, besides those of messages, which have a limit in bytes.
const MAX_RECEIPTS: usize = 1000;

/// Which client is to have which receipt.
#[derive(Default)]
pub struct Waiting {
    tickets: HashMap<Ticket, Asked>,
    clients: HashMap<u64, Client>,
    /// The clients that wait for a topic.
    topics: HashMap<String, HashSet<u64>>,
}

/// What asked for a confirmation.
pub struct Asked {
    pub client: u64,
    /// Messages may be sent without a receipt.
    pub receipt: Option<String>,
}

#[derive(Default)]
struct Client {
    /// How many of its tickets are not confirmed.
    tickets: usize,
    /// Topics, each with the receipt of a `SUBSCRIBE`.
    topics: Vec<(String, String)>,
    /// The receipt of its `DISCONNECT`.
    leaving: Option<String>,
}

impl Waiting {
    /// A client waits for messages of its own.
    pub fn for_messages(&mut self, client: u64, receipt: Option<&str>, ticket: Ticket) {
        self.clients.entry(client).or_default().tickets += 1;
        self.tickets.insert(ticket, Asked { client, receipt: receipt.map(str::to_owned) });
    }

    /// A client waits for a topic.
    pub fn for_topic(
        &mut self,
        client: u64,
        receipt: &str,
        topic: &str,
    ) -> Result<(), &'static str> {
        let topics = &mut self.clients.entry(client).or_default().topics;
        if topics.len() == MAX_RECEIPTS {
            return Err("too many receipts to wait for");
        }
        topics.push((topic.to_owned(), receipt.to_owned()));
        self.topics.entry(topic.to_owned()).or_default().insert(client);
        Ok(())
    }

    /// A client leaves. Returns whether it waits for messages.
    pub fn leave(&mut self, client: u64, receipt: Option<&str>) -> bool {
        let Some(waiting) = self.clients.get_mut(&client).filter(|waiting| waiting.tickets > 0)
        else {
            return false;
        };
        waiting.leaving = receipt.map(str::to_owned);
        true
    }

    /// A client is gone.
    pub fn close(&mut self, client: u64) {
        let Some(gone) = self.clients.remove(&client) else { return };
        for (topic, _) in gone.topics {
            if let Some(clients) = self.topics.get_mut(&topic) {
                clients.remove(&client);
                if clients.is_empty() {
                    self.topics.remove(&topic);
                }
            }
        }
    }

    /// Takes what a ticket was for. Returns the receipt of the client's `DISCONNECT`, too, if that waited for nothing
    /// else.
    pub fn take(&mut self, ticket: Ticket) -> Option<(Asked, Option<String>)> {
        let asked = self.tickets.remove(&ticket)?;
        let mut leaving = None;
        if let Some(client) = self.clients.get_mut(&asked.client) {
            client.tickets -= 1;
            if client.tickets == 0 {
                leaving = client.leaving.take();
            }
        }
        Some((asked, leaving))
    }

    /// Takes the clients that waited for a topic, each with the receipt of its `SUBSCRIBE`.
    pub fn take_topic(&mut self, topic: &str) -> Vec<(u64, String)> {
        let mut receipts = Vec::new();
        for id in self.topics.remove(topic).into_iter().flatten() {
            let Some(client) = self.clients.get_mut(&id) else { continue };
            for (_, receipt) in client.topics.extract_if(.., |(name, _)| name == topic) {
                receipts.push((id, receipt));
            }
        }
        receipts
    }
}
