//! Where our messages stand among the others of their topic.

use std::collections::HashMap;

use super::names::Place;

/// Of how many topics the last number is remembered. Messages to further topics do not say which one was before them.
const MAX_TOPICS: usize = 10_000;

/// The last number in each topic.
pub struct Positions {
    /// The name of this gateway, which no other has.
    gateway: String,
    last: HashMap<String, u64>,
}

impl Positions {
    pub fn new(gateway: String) -> Self {
        Self { gateway, last: HashMap::new() }
    }

    /// The place of the message of this number in a topic.
    pub fn next(&mut self, topic: &str, number: u64) -> String {
        if self.last.len() == MAX_TOPICS && !self.last.contains_key(topic) {
            self.last.clear();
        }
        let before = self.last.insert(topic.to_owned(), number).unwrap_or(0);
        Place { gateway: &self.gateway, number, before }.to_text()
    }

    pub fn gateway(&self) -> &str {
        &self.gateway
    }
}
