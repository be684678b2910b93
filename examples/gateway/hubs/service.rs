//! Exchanges of a hub that are requests, as services of the gateway.

use super::Exchange;
use crate::Shared;
use crate::hub::{Answer, Head};
use crate::response::Response;
use crate::service::{Filled, Service};

/// How long the body of a request may take, in ms.
const BODY_WITHIN: u64 = 30_000;

/// How soon an answer is due that waits for a broker, in ms.
const LOOK_AGAIN: u64 = 100;

/// A request whose body carries messages.
///
/// A client sends the next one after the answer. While the broker of the topics cannot keep up, the answer waits, and so
/// does the client.
pub struct Upload {
    publishes: bool,
    /// Until the answer is known.
    exchange: Option<Exchange>,
    answer: Option<Answer>,
    /// When the body has to be complete.
    until: u64,
}

impl Upload {
    pub fn new(exchange: Exchange, now: u64) -> Self {
        let publishes = exchange.publishes();
        Self { publishes, exchange: Some(exchange), answer: None, until: now + BODY_WITHIN }
    }
}

impl Upload {
    fn is_slowed(&self, shared: &Shared) -> bool {
        self.publishes && shared.now < self.until && shared.stomp.is_congested()
    }
}

impl Service for Upload {
    fn takes_body(&self) -> bool {
        true
    }

    fn receive(&mut self, bytes: &mut [u8], shared: &mut Shared) {
        self.answer = self.exchange.as_ref().and_then(|own| own.receive(bytes, shared.now));
        self.exchange.take_if(|_| self.answer.is_some());
    }

    fn receive_eof(&mut self, shared: &mut Shared) {
        if let Some(exchange) = self.exchange.take() {
            self.answer = Some(exchange.end_body(shared.now));
        }
    }

    fn cut_off(&mut self) {
        self.exchange = None;
    }

    fn fill(&mut self, _: usize, response: &mut Response, shared: &mut Shared) -> Filled {
        match (&self.answer, &self.exchange) {
            (Some(_), _) if self.is_slowed(shared) => {
                return Filled::Until(self.until.min(shared.now + LOOK_AGAIN));
            }
            (Some(answer), _) => say(answer, response),
            (None, None) => response.refuse(400, "the request was cut off"),
            (None, Some(_)) if shared.now < self.until => return Filled::Until(self.until),
            (None, Some(_)) => response.refuse(408, "the request took too long"),
        }
        Filled::End
    }
}

/// A request whose answer comes when there is something to say.
pub struct Stream {
    exchange: Exchange,
    /// Until the first piece is said.
    head: Option<Head>,
}

impl Stream {
    pub const fn new(exchange: Exchange, head: Head) -> Self {
        Self { exchange, head: Some(head) }
    }
}

impl Service for Stream {
    fn fill(&mut self, room: usize, response: &mut Response, shared: &mut Shared) -> Filled {
        if room == 0 {
            return Filled::Enough;
        }
        let mut bytes = Vec::new();
        let Some(piece) = self.exchange.fill(&mut bytes, shared.now) else { return Filled::ALL };
        if let Some(own) = self.head.take() {
            let head = response.head(own.status);
            head.fields.extend(&own.fields);
            head.len = piece.is_last.then_some(bytes.len() as u64);
        }
        response.append(&bytes);
        // Each piece is a chunk: clients that read chunks want whole frames.
        if piece.is_last { Filled::End } else { Filled::Enough }
    }

    fn hears_others(&self) -> bool {
        true
    }

    fn ends_with_input(&self) -> bool {
        true
    }
}

/// Writes a whole answer.
pub fn say(answer: &Answer, response: &mut Response) {
    response.whole(answer.head.status, &answer.head.fields, &answer.body);
}
