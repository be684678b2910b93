//! The event stream that tells a page of its frames, and of the gateway's figures.

use std::cell::RefCell;
use std::rc::Rc;

use framewright::sse::{Encoder, EventBuilder, RESPONSE_HEADERS};
use serde_json::json;

use super::Ring;
use crate::Shared;
use crate::request::Request;
use crate::response::Response;
use crate::route::Answer;
use crate::service::{Filled, Service};

/// How often it looks for frames, in ms.
const EVERY: u64 = 40;
/// How often it tells figures, in ms.
const FIGURES_EVERY: u64 = 1_000;

struct Stream {
    ring: Rc<RefCell<Ring>>,
    encoder: Encoder,
    has_begun: bool,
    figures_at: u64,
}

/// Answers a request for what goes over the wire.
pub fn open(request: &Request<'_>, response: &mut Response, shared: &mut Shared) -> Answer {
    let Some(token) = request.number("wire") else {
        response.refuse(400, "the query has to name a number: wire=TOKEN");
        return Answer::Whole;
    };
    let Some(ring) = shared.wires.open(token) else {
        response.refuse(503, "too many pages watch already");
        return Answer::Whole;
    };
    let (encoder, figures_at) = (Encoder::new(), shared.now);
    Answer::Service(Box::new(Stream { ring, encoder, has_begun: false, figures_at }))
}

impl Stream {
    fn encode(&mut self, event_type: &str, data: &str, response: &mut Response) {
        let event = EventBuilder::new().event_type(event_type).data(data);
        let encoded = self.encoder.encode(event, response.body.buffer());
        encoded.expect("JSON has no line breaks, and a Vec has room");
    }
}

impl Service for Stream {
    fn fill(&mut self, room: usize, response: &mut Response, shared: &mut Shared) -> Filled {
        if !self.has_begun {
            response.head(200).fields.extend(RESPONSE_HEADERS.iter());
            self.has_begun = true;
        }
        if shared.now >= self.figures_at {
            self.figures_at = shared.now + FIGURES_EVERY;
            let figures = &shared.figures;
            let data = json!({
                "at": shared.now,
                "connections": figures.connections,
                "requests": figures.requests,
                "messages": figures.messages,
                "events": figures.events,
                "calls": figures.calls,
                "grpc": figures.grpc.to_json(),
            });
            self.encode("figures", &data.to_string(), response);
        }
        while response.body.pending() < room {
            let mut ring = self.ring.borrow_mut();
            let (lost, entry) = (std::mem::take(&mut ring.lost), ring.entries.pop_front());
            drop(ring);
            if lost > 0 {
                self.encode("lost", &lost.to_string(), response);
            }
            match entry {
                Some(entry) => self.encode("frame", &entry, response),
                None => return Filled::Until(self.figures_at.min(shared.now + EVERY)),
            }
        }
        Filled::Enough
    }
}
