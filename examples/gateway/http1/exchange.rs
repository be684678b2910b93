//! One request of HTTP/1.1 and its response.

use framewright::http::NO_FIELDS;
use framewright::http1::{
    self, Body, BodyDecoder, BodyEncoder, Decoded, Error, Limits, ResponseWriter,
};

use crate::Shared;
use crate::output::Output;
use crate::response::{Head, Response};
use crate::service::{Filled, Service};

/// A response is written at most this many bytes ahead of its reader.
const AHEAD: usize = 64 * 1024;
/// The longest body that is read only to be ignored.
const MAX_IGNORED: u64 = 64 * 1024;

/// A request and its response.
pub struct Exchange {
    /// `None` if the response is complete.
    service: Option<Box<dyn Service>>,
    /// The body of the request.
    request: BodyDecoder,
    use_of_body: UseOfBody,
    response: Response,
    /// The body of the response, once the head is written.
    body: Option<BodyEncoder>,
    version: http1::Version,
    is_head: bool,
    /// Whether the client would go on after this.
    goes_on: bool,
}

/// What the body of a request is good for.
#[derive(Clone, Copy, Eq, PartialEq)]
enum UseOfBody {
    /// The service reads it.
    Read,
    /// It is read to its end because the next request begins there. The response waits for that: it says whether the
    /// connection goes on, and a bad body would end it.
    Ignore,
    /// Nothing. The connection ends after the response.
    None,
}

impl Exchange {
    /// An exchange whose response is complete, or comes from a service.
    pub fn new(
        request: &http1::Request<'_>,
        service: Option<Box<dyn Service>>,
        response: Response,
    ) -> Self {
        let use_of_body = if service.as_ref().is_some_and(|service| service.takes_body()) {
            UseOfBody::Read
        } else if response.is_last() || request.expects_continue() {
            // A client that waits before it sends its body is spared that.
            UseOfBody::None
        } else {
            UseOfBody::Ignore
        };
        let limits = match use_of_body {
            UseOfBody::Ignore => Limits::new().max_body_len(MAX_IGNORED),
            UseOfBody::Read | UseOfBody::None => Limits::new(),
        };
        // A client that asks for another protocol does not go on with this one. And one that waits for the
        // status 100 and gets another may send its body or not (RFC 9110 §10.1.1).
        let asks_for_more =
            request.headers().get("upgrade").is_some() || request.expects_continue();
        let goes_on = request.is_persistent()
            && !response.is_last()
            && (use_of_body == UseOfBody::Read || !asks_for_more);
        Self {
            service,
            request: BodyDecoder::new(request.body(), limits),
            use_of_body,
            response,
            body: None,
            version: request.version(),
            is_head: request.method() == "HEAD",
            goes_on,
        }
    }

    /// Asks for the body of a request, if the client waits for that (RFC 9110 §10.1.1).
    pub fn ask_for_body(&self, request: &http1::Request<'_>, out: &mut Output) {
        let reads = self.use_of_body == UseOfBody::Read;
        if reads && request.expects_continue() && !self.request.is_complete() {
            ResponseWriter::new(100).write(out).expect("a Vec has room");
        }
    }

    /// Whether all of the request has come, or all that is read of it, so that whatever follows has to wait.
    pub fn has_request(&self) -> bool {
        self.request.is_complete() || self.use_of_body == UseOfBody::None
    }

    /// Whether others may make the service say something.
    pub fn hears_others(&self) -> bool {
        self.service.as_ref().is_some_and(|service| service.hears_others())
    }

    /// Whether there is nobody to answer once the client has ended.
    pub fn ends_with_input(&self) -> bool {
        self.service.as_ref().is_some_and(|service| service.ends_with_input())
    }

    /// Whether the response is complete, and can be written.
    pub fn is_whole(&self) -> bool {
        self.service.is_none() && !self.waits()
    }

    /// Whether the rest of the request is to come, and to be ignored.
    pub fn ignores_rest(&self) -> bool {
        self.waits()
    }

    /// Whether the response waits for the end of the request.
    fn waits(&self) -> bool {
        self.use_of_body == UseOfBody::Ignore && !self.has_request()
    }

    /// Whether the connection can be used for another request after this. It cannot if the response ends before the
    /// request, because the rest of the request would be read as the next one.
    pub fn is_persistent(&self) -> bool {
        self.goes_on && self.request.is_complete()
    }

    /// Receives a piece of the request's body, advancing `input` past it.
    ///
    /// # Errors
    ///
    /// The body is not valid, or too long to be ignored. A service says so itself.
    pub fn receive(&mut self, input: &mut &mut [u8], shared: &mut Shared) -> Result<(), Error> {
        let reader = match self.use_of_body {
            UseOfBody::Read => &mut self.service,
            UseOfBody::Ignore => &mut None,
            UseOfBody::None => return Ok(()),
        };
        loop {
            match (self.request.decode(input), &mut *reader) {
                (Ok(Decoded::Part(_)), None) => {}
                (Ok(Decoded::Part(part)), Some(service)) => {
                    let end = part.end;
                    service.receive(part.bytes, shared);
                    if end {
                        service.receive_eof(shared);
                    }
                }
                (Ok(Decoded::Complete | Decoded::NeedMore), _) => return Ok(()),
                (Err(e), None) => return Err(e),
                (Err(_), Some(service)) => {
                    service.cut_off();
                    // Where it ends is not known.
                    *input = &mut [];
                    return Ok(());
                }
            }
        }
    }

    /// Receives the end of the input. Returns whether there is something to answer.
    pub fn receive_eof(&mut self) -> bool {
        if self.has_request() {
            return true;
        }
        match &mut self.service {
            Some(service) if self.use_of_body == UseOfBody::Read => {
                service.cut_off();
                true
            }
            _ => false,
        }
    }

    /// Writes what there is to say, but not too far ahead of its reader.
    pub fn fill(&mut self, out: &mut Output, shared: &mut Shared) -> Filled {
        if self.waits() {
            return Filled::ALL;
        }
        let Some(service) = &mut self.service else { return self.write(Filled::End, out) };
        self.response.body.borrow(&mut shared.scratch);
        let room = AHEAD.saturating_sub(out.pending());
        let filled = service.fill(room, &mut self.response, shared);
        let filled = self.write(filled, out);
        self.response.body.give_back(&mut shared.scratch);
        filled
    }

    /// Says the last of a response, because the gateway ends. Returns whether it was said.
    pub fn shut_down(&mut self, out: &mut Output, shared: &mut Shared) -> bool {
        self.goes_on = false;
        let Some(service) = &mut self.service else { return true };
        let filled = service.shut_down(&mut self.response, shared);
        if filled == Filled::End && self.body.is_none() && !self.response.has_head() {
            self.response.refuse(503, "the gateway shuts down");
        }
        self.write(filled, out) == Filled::End
    }

    /// Writes what the service has said. Returns how far the response has come.
    fn write(&mut self, filled: Filled, out: &mut Output) -> Filled {
        let response = &self.response;
        // The head says whether the connection goes on, which is known at the end of the request.
        let is_due = self.has_request() || response.body.pending() > 0 || filled == Filled::End;
        if is_due && let Some(head) = self.response.take_head() {
            self.begin(&head, out);
        }
        let Some(body) = &mut self.body else { return filled };
        if self.is_head {
            self.response.body.clear();
            return Filled::End;
        }
        let bytes = self.response.body.unsent();
        if !bytes.is_empty() {
            body.encode(bytes, out).expect("its length was announced, and a Vec has room");
            self.response.body.clear();
        }
        if filled == Filled::End {
            body.finish(NO_FIELDS, out).expect("it is as long as was announced");
        }
        filled
    }

    fn begin(&mut self, head: &Head, out: &mut Output) {
        let response = ResponseWriter::new(head.status).headers(&head.fields);
        let response = if self.is_persistent() { response } else { response.close() };
        let body = head.len.map_or(Body::of_unknown_len(self.version), Body::Len);
        self.body = Some(response.begin(body, out).expect("services send valid fields"));
    }
}
