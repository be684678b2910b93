//! STOMP over TCP and over WebSocket: clients of one broker, which is that of the example `stomp_server`.

#[path = "../stomp_server/broker.rs"]
mod broker;
#[path = "../stomp_server/session.rs"]
mod session;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use broker::{Broker, NoUpstream};
use framewright::Buffer;

use crate::output::Output;
use crate::service::Filled;

/// Frames are written at most this many bytes ahead of their reader. The broker holds the others, and gives up a
/// client that is too slow.
const AHEAD: usize = 64 * 1024;

/// Whether a connection begins with a frame of STOMP; `None` if more bytes have to tell. HTTP has a `CONNECT`, too, but a
/// space follows it.
pub fn begins(bytes: &[u8]) -> Option<bool> {
    let firsts: [&[u8]; 4] = [b"CONNECT\n", b"CONNECT\r\n", b"STOMP\n", b"STOMP\r\n"];
    if firsts.iter().any(|first| bytes.starts_with(first)) {
        return Some(true);
    }
    firsts.iter().all(|first| !first.starts_with(bytes)).then_some(false)
}

/// The broker that all clients share.
#[derive(Clone, Default)]
pub struct Hub(Rc<Inner>);

#[derive(Default)]
struct Inner {
    broker: RefCell<Broker<NoUpstream>>,
    /// Whether a message was published that others may have to hear of.
    published: Cell<bool>,
}

/// One client of the broker, whose session ends when it is dropped.
pub struct Client {
    hub: Hub,
    id: u64,
}

impl Hub {
    /// Begins a session.
    pub fn open(&self, now: u64) -> Client {
        let id = self.0.broker.borrow_mut().open(now);
        Client { hub: self.clone(), id }
    }

    /// Whether a message was published since this was asked last: other clients may have output.
    pub fn take_published(&self) -> bool {
        self.0.published.take()
    }
}

impl Client {
    /// Receives the payload of a message. Where messages end has no meaning.
    pub fn receive(&self, payload: &[u8], now: u64) {
        if self.hub.0.broker.borrow_mut().receive(self.id, payload, now) {
            self.hub.0.published.set(true);
        }
    }

    /// Returns what there is to send, and whether the connection is to be closed after that.
    pub fn output(&self, now: u64) -> (Vec<u8>, bool) {
        self.hub.0.broker.borrow_mut().output(self.id, now)
    }

    /// Writes what there is to send. At its end, the connection is to be closed.
    pub fn fill(&self, out: &mut Output, now: u64) -> Filled {
        if out.pending() > AHEAD {
            return Filled::ALL;
        }
        let (frames, over) = self.output(now);
        out.try_append(&frames).expect("a Vec has room");
        if over { Filled::End } else { Filled::Until(self.deadline()) }
    }

    /// When to ask for output, unless something happens before then.
    pub fn deadline(&self) -> u64 {
        self.hub.0.broker.borrow().deadline(self.id).unwrap_or(u64::MAX)
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.hub.0.broker.borrow_mut().close(self.id);
    }
}
