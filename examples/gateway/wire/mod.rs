//! What went over the wire, told to the page whose connections these are.
//!
//! A page picks a token, reads `/sse/wire?wire=TOKEN`, and names the token in the queries of its other requests. A [`Tap`] sees
//! the bytes of those requests and of their answers, below every protocol, and takes them apart with the layers of
//! `examples/inspect`. What it finds goes to the page's [`Ring`], and from there into the event stream. A token has 53 random
//! bits, and is as secret as the page keeps it.
//!
//! - A page sees only the requests that carry its token. A proxy may send those of others over the same connection.
//! - A request that names no token, or one that nobody reads, costs a look at its query. A connection of HTTP/2 keeps what it
//!   has said until its first request shows whether it is a page's.
//! - Values of cookies and credentials are never told.

mod entry;
mod stream;
mod tap;

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::{Rc, Weak};

use serde_json::Value;

use crate::request::Request;
pub use entry::{cut, field, payload};
pub use stream::open;
pub use tap::Tap;

/// Where a page reads.
const PATH: &str = "/sse/wire";
/// The most that wait for a page. Then the oldest are lost, and the page is told how many.
const MOST_WAITING: usize = 200;
/// The most pages that read at once.
const MOST_PAGES: usize = 32;

/// The most exchanges and connections that are taken apart at once.
const MOST_TAPS: usize = 512;

/// A request that a page may want to see.
pub struct Asked {
    /// The stream that it is on; 0 in HTTP/1.1.
    pub stream: u32,
    token: Option<u64>,
    path: Rc<str>,
    /// Whether it is for the page itself, which does not know its token yet, or of a page that does not read yet.
    is_page: bool,
}

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
    /// Requests that were answered in this turn.
    asked: Vec<Asked>,
    /// As many as there are taps.
    taps: Rc<()>,
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
    fn find(&self, token: Option<u64>) -> Option<Rc<RefCell<Ring>>> {
        let token = token?;
        let mut rings = self.rings.iter().rev().filter(|(of, _)| *of == token);
        rings.find_map(|(_, ring)| ring.upgrade())
    }

    /// Whether there is a page that reads.
    pub fn has_readers(&self) -> bool {
        self.rings.iter().any(|(_, ring)| ring.strong_count() > 0)
    }

    /// Notes a request, if a page may want to see it.
    pub fn note(&mut self, stream: u32, request: &Request<'_>) {
        let own = request.number("wire").filter(|_| request.path != PATH);
        let token = own.filter(|token| self.find(Some(*token)).is_some());
        let names_one = request.number("wire").is_some();
        let is_page = stream != 0 && (request.path == "/" || names_one);
        if token.is_some() || is_page {
            let path = entry::cut(request.path).into();
            self.asked.push(Asked { stream, token, path, is_page });
        }
    }

    /// Takes the requests of this turn.
    pub fn take_asked(&mut self) -> Vec<Asked> {
        std::mem::take(&mut self.asked)
    }

    /// Counts a tap. `None` if there are too many.
    fn count(&self) -> Option<Rc<()>> {
        (Rc::strong_count(&self.taps) <= MOST_TAPS).then(|| Rc::clone(&self.taps))
    }
}
