//! Calls of gRPC and gRPC-Web, each on a request of its own.

use framewright::http::{Fields, NO_FIELDS};

use crate::Shared;
use crate::call::{self, Carrier, EchoCall};
use crate::cors;
use crate::request::{Request, Version};
use crate::response::Response;
use crate::route::Answer;
use crate::service::{Filled, Service};

/// How long calls may go on when the gateway ends, in ms.
const GRACE: u64 = 3_000;

/// Answers a call.
pub fn open(request: &Request<'_>, response: &mut Response, shared: &Shared) -> Answer {
    let Request { method, path, headers, .. } = *request;
    let carrier = match request.version {
        Version::Http1 => Carrier::Http1,
        Version::Http2 => Carrier::Http2,
    };
    let mut call = match EchoCall::accept(method, path, headers, carrier, shared.now) {
        Ok(call) => call,
        Err(refusal) => {
            let fields = refusal.to_fields().expect("nothing in it comes from the client");
            return refuse(refusal.http_status(), fields, response);
        }
    };
    let metadata = call::echoed(headers);
    let names: Vec<_> = metadata.iter().map(|(name, _)| *name).collect();
    let head = response.head(200);
    cors::allow_reading(head, &names);
    match call.send_head(&metadata, &mut head.fields, &mut Vec::new()) {
        Ok(()) => Answer::Service(Box::new(Call(call))),
        Err(_) => refuse(400, NO_FIELDS, response),
    }
}

fn refuse(status: u16, fields: impl Fields, response: &mut Response) -> Answer {
    let head = response.whole(status, fields, b"");
    cors::allow_reading(head, &[]);
    // There may be a body that nobody reads.
    head.is_last = true;
    Answer::Whole
}

/// One call.
struct Call(EchoCall);

impl Service for Call {
    fn takes_body(&self) -> bool {
        true
    }

    fn receive(&mut self, bytes: &mut [u8], shared: &mut Shared) {
        let bytes = self.0.decode_text_in_place(bytes);
        self.0.receive(bytes, shared.now);
    }

    fn receive_eof(&mut self, _: &mut Shared) {
        self.0.receive_eof();
    }

    fn cut_off(&mut self) {
        self.0.cut_off();
    }

    fn fill(&mut self, room: usize, response: &mut Response, shared: &mut Shared) -> Filled {
        let filled = self.0.fill(room, response, shared.now);
        shared.figures.grpc.count(self.0.progress());
        filled
    }

    fn shut_down(&mut self, response: &mut Response, shared: &mut Shared) -> Filled {
        self.0.end_by(shared.now + GRACE);
        self.0.fill(0, response, shared.now)
    }
}
