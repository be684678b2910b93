//! What went over the wire, told to the page whose connections these are.
//!
//! A page picks a token, reads `/sse/wire?wire=TOKEN`, and names the token in the queries of its other requests. Their frames
//! go to its [`Ring`], and from there into the event stream. Requests that name no token, or one that nobody reads, cost
//! nothing. A token has 53 random bits, and is as secret as the page keeps it.

mod frames;
mod stream;

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::{Rc, Weak};

use serde_json::Value;

pub use frames::{Direction, Frames, describe, field, hex, preview};
pub use stream::open;

/// The most that wait for a page. Then the oldest are lost, and the page is told how many.
const MOST_WAITING: usize = 200;
/// The most pages that read at once.
const MOST_PAGES: usize = 32;

/// What waits for one page.
#[derive(Default)]
pub struct Ring {
    entries: VecDeque<String>,
    lost: u64,
}

impl Ring {
    /// Adds what went over the wire.
    pub fn tell(&mut self, entry: &Value) {
        if self.entries.len() == MOST_WAITING {
            self.entries.pop_front();
            self.lost += 1;
        }
        self.entries.push_back(entry.to_string());
    }
}

/// The pages that read.
#[derive(Default)]
pub struct Wires {
    rings: Vec<(u64, Weak<RefCell<Ring>>)>,
}

impl Wires {
    /// Opens the ring of a page. `None` if there are too many.
    fn open(&mut self, token: u64) -> Option<Rc<RefCell<Ring>>> {
        self.rings.retain(|(_, ring)| ring.strong_count() > 0);
        if self.rings.len() == MOST_PAGES {
            return None;
        }
        let ring = Rc::default();
        self.rings.push((token, Rc::downgrade(&ring)));
        Some(ring)
    }

    /// The ring of the page that has this token.
    pub fn find(&self, token: Option<u64>) -> Option<Rc<RefCell<Ring>>> {
        let token = token?;
        let mut rings = self.rings.iter().rev().filter(|(of, _)| *of == token);
        rings.find_map(|(_, ring)| ring.upgrade())
    }
}

/// What the gateway has done since it started.
#[derive(Clone, Copy, Default)]
pub struct Figures {
    /// Connections of TCP that are open.
    pub connections: usize,
    pub requests: u64,
    /// Messages received over WebSocket.
    pub messages: u64,
    /// Events sent.
    pub events: u64,
    /// Calls of gRPC and gRPC-Web.
    pub calls: u64,
}
