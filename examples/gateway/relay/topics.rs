//! The topics that clients of this gateway subscribe to, and the numbers of the messages received in them.
//!
//! ```text
//!          subscribe            take_next               confirm
//!   (none) ─────────▶ Wanted ─────────────▶ Asked ─────────────▶ Live
//!      ▲                ▲                     │                   │
//!      │ unsubscribe,   └───────────── rewind ┴───────────────────┘
//!      │ in each of them
//! ```
//!
//! The messages of a gateway are numbered, and each has the number of the one before it in its topic. The numbers show
//! which messages are copies, and the next message shows that one is missing. They are remembered after a topic has
//! ended, because a subscriber that comes back might get a copy of a message that it had before.

use std::collections::{BTreeMap, HashMap};

use super::held::{Fault, Faults};
use super::names::{self, Place};

/// Of how many gateways the last number is remembered, for each topic.
const MAX_GATEWAYS: usize = 1000;
/// Of how many topics that have ended it is remembered what was heard.
const MAX_ENDED: usize = 1000;

/// All topics.
#[derive(Default)]
pub struct Topics {
    by_name: HashMap<String, Topic>,
    /// The names of those topics by the numbers of their subscriptions.
    by_number: BTreeMap<u64, String>,
    /// The topics that are wanted, by number.
    wanted: BTreeMap<u64, String>,
    /// The subscriptions that the broker has and nobody needs.
    unneeded: Vec<u64>,
    /// How many are asked for and not confirmed.
    asked: usize,
    next_number: u64,
    /// What was heard in topics that have ended.
    ended: HashMap<String, HashMap<String, Last>>,
}

struct Topic {
    number: u64,
    subscribers: usize,
    state: State,
    /// Whether it was live on an earlier connection, so that the broker may hold messages.
    was_live: bool,
    faults: Faults,
    /// The last messages that were heard, by gateway.
    heard: HashMap<String, Last>,
}

/// The last message of a gateway that was heard in a topic.
#[derive(Clone, Copy)]
struct Last {
    number: u64,
    /// Whether it is known that messages after it may be missing.
    may_miss: bool,
}

#[derive(Clone, Copy, Eq, PartialEq)]
enum State {
    /// To be subscribed.
    Wanted,
    /// The broker has not confirmed it.
    Asked,
    /// Its messages come.
    Live,
}

/// What a message is, by its place.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Heard {
    /// The next one.
    Next,
    /// One that was there before.
    Copy,
    /// One before which others are missing.
    AfterGap,
}

impl Topics {
    /// Adds a subscriber. Returns whether the messages of the topic come by now.
    pub fn subscribe(&mut self, name: &str) -> Result<bool, &'static str> {
        if let Some(topic) = self.by_name.get_mut(name) {
            topic.subscribers += 1;
            return Ok(topic.state == State::Live);
        }
        names::destination(name)?;
        self.next_number += 1;
        let number = self.next_number;
        self.by_number.insert(number, name.to_owned());
        self.wanted.insert(number, name.to_owned());
        let mut heard = self.ended.remove(name).unwrap_or_default();
        heard.values_mut().for_each(|last| last.may_miss = true);
        let topic = Topic {
            number,
            subscribers: 1,
            state: State::Wanted,
            was_live: false,
            faults: Faults::default(),
            heard,
        };
        self.by_name.insert(name.to_owned(), topic);
        Ok(false)
    }

    /// Removes a subscriber. Returns whether that ends the topic, which is never confirmed then.
    pub fn unsubscribe(&mut self, name: &str) -> bool {
        let Some(topic) = self.by_name.get_mut(name) else { return false };
        topic.subscribers -= 1;
        let is_last = topic.subscribers == 0;
        if is_last {
            self.remove(name);
        }
        is_last
    }

    fn remove(&mut self, name: &str) {
        let Some(topic) = self.by_name.remove(name) else { return };
        self.by_number.remove(&topic.number);
        self.wanted.remove(&topic.number);
        if !topic.heard.is_empty() {
            if self.ended.len() == MAX_ENDED {
                self.ended.clear();
            }
            self.ended.insert(name.to_owned(), topic.heard);
        }
        match topic.state {
            State::Wanted => return,
            State::Asked => self.asked -= 1,
            State::Live => {}
        }
        self.unneeded.push(topic.number);
    }

    /// How many are asked for and not confirmed.
    pub fn asked(&self) -> usize {
        self.asked
    }

    /// Whether none is to be subscribed, or waits for its confirmation.
    pub fn is_settled(&self) -> bool {
        self.wanted.is_empty() && self.asked == 0
    }

    /// The numbers of the subscriptions to end.
    pub fn take_unneeded(&mut self) -> Option<u64> {
        self.unneeded.pop()
    }

    /// Returns the next topic to subscribe to, with its number, and counts it as asked for.
    pub fn take_next(&mut self) -> Option<(u64, &str)> {
        let (number, name) = self.wanted.pop_first()?;
        let topic = self.by_name.get_mut(&name)?;
        topic.state = State::Asked;
        self.asked += 1;
        self.by_number.get(&number).map(|name| (number, &name[..]))
    }

    /// Notes that the broker has a subscription. Returns the topic's name.
    pub fn confirm(&mut self, number: u64) -> Option<&str> {
        let name = self.by_number.get(&number)?;
        let topic = self.by_name.get_mut(name).filter(|topic| topic.state == State::Asked)?;
        topic.state = State::Live;
        topic.was_live = true;
        topic.faults = Faults::default();
        self.asked -= 1;
        Some(name)
    }

    /// The topic of a subscription.
    pub fn name(&self, number: u64) -> Option<&str> {
        self.by_number.get(&number).map(|name| &name[..])
    }

    /// Notes that a message was heard in a topic.
    pub fn hear(&mut self, name: &str, place: &Place<'_>) -> Heard {
        let Some(topic) = self.by_name.get_mut(name) else { return Heard::Next };
        let new = Last { number: place.number, may_miss: false };
        let Some(last) = topic.heard.get_mut(place.gateway) else {
            if topic.heard.len() == MAX_GATEWAYS {
                topic.heard.clear();
            }
            topic.heard.insert(place.gateway.to_owned(), new);
            return Heard::Next;
        };
        if new.number <= last.number {
            return Heard::Copy;
        }
        let before = std::mem::replace(last, new);
        if place.before > before.number && !before.may_miss {
            return Heard::AfterGap;
        }
        Heard::Next
    }

    /// Notes that the broker holds nothing any more. Returns the topics of which messages may be missing.
    pub fn expire(&mut self) -> Vec<String> {
        let mut missed = Vec::new();
        for (name, topic) in &mut self.by_name {
            topic.heard.values_mut().for_each(|last| last.may_miss = true);
            if topic.was_live {
                missed.push(name.clone());
            }
        }
        missed
    }

    /// Forgets all topics, so that their subscriptions are unneeded.
    pub fn remove_all(&mut self) {
        for name in self.by_name.keys().cloned().collect::<Vec<_>>() {
            self.remove(&name);
        }
    }

    /// Notes that the connection broke. Returns a topic that has to be given up, which is removed.
    ///
    /// `fault`: that of the subscription which is asked for, if it is alone in flight.
    pub fn rewind(&mut self, fault: Fault) -> Option<String> {
        let mut hopeless = None;
        for (name, topic) in &mut self.by_name {
            if topic.state == State::Asked && topic.faults.add(fault) {
                hopeless = Some(name.clone());
            }
            topic.state = State::Wanted;
            self.wanted.insert(topic.number, name.clone());
        }
        self.asked = 0;
        // What the broker holds for these it gives up by itself.
        self.unneeded.clear();
        if let Some(name) = &hopeless {
            self.remove(name);
        }
        hopeless
    }
}
