//! STOMP over WebSocket: clients of one broker, which is that of the example `stomp_server`.

#[path = "../stomp_server/broker.rs"]
mod broker;
#[path = "../stomp_server/session.rs"]
mod session;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use broker::Broker;

/// The broker that all clients share.
#[derive(Clone, Default)]
pub struct Hub(Rc<Inner>);

#[derive(Default)]
struct Inner {
    broker: RefCell<Broker>,
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
