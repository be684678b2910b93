//! gRPC-Web over HTTP/1.1.

use framewright::Buffer;
use framewright::http1::{
    self, Body, BodyDecoder, BodyEncoder, Decoded, Request, ResponseWriter, Version,
};

use crate::Shared;
use crate::answer;
use crate::cors::{self, Headers};
use crate::events::Filled;
use crate::output::Output;
use crate::service::{self, Carrier, EchoCall};

/// Replies are written at most this many bytes ahead of their reader.
const AHEAD: usize = 64 * 1024;

/// One call.
pub struct Call {
    echo: EchoCall,
    /// The request's body.
    request: BodyDecoder,
    response: Response,
    version: Version,
    /// Whether the client would go on after this call.
    persistent: bool,
}

/// How far the response has come.
enum Response {
    /// The head waits for the first reply. Whether the connection goes on, which the head says, is
    /// known only once the request is complete.
    Head(Headers),
    Body(BodyEncoder),
}

/// The result of a request for the service.
pub enum Opened {
    Call(Box<Call>),
    /// It was answered.
    Answered,
    /// It was answered, and the connection ends.
    Closing,
}

impl Call {
    /// Answers a request for a method of the service.
    pub fn open(request: &Request<'_>, path: &str, out: &mut Output, shared: &Shared) -> Opened {
        if cors::is_preflight(request) {
            let response = ResponseWriter::new(204);
            let response = if answer::is_persistent(request) { response } else { response.close() };
            write(response, &cors::answer_to_preflight(request), out);
            return Opened::Answered;
        }
        if request.method() == "OPTIONS" {
            answer::options(request, out);
            return Opened::Answered;
        }
        match Self::accept(request, path, out, shared) {
            Ok(call) => Opened::Call(Box::new(call)),
            Err((status, headers)) => {
                // There may be a body that nobody reads, so the connection ends here.
                write(ResponseWriter::new(status).close(), &headers, out);
                Opened::Closing
            }
        }
    }

    /// Accepts a call, or returns the status and headers that refuse it.
    fn accept(
        request: &Request<'_>,
        path: &str,
        out: &mut Output,
        shared: &Shared,
    ) -> Result<Self, (u16, Headers)> {
        let (method, headers) = (request.method(), request.headers());
        let mut echo = EchoCall::accept(method, path, headers, Carrier::Http, shared.now).map_err(
            |refusal| {
                let mut headers = cors::response_headers(&[]);
                let put = |name: &str, value: framewright::http::FieldValue<'_>| {
                    headers.push((name.to_owned(), value.to_vec()));
                };
                refusal.fields(put).expect("nothing in it comes from the client");
                (refusal.http_status(), headers)
            },
        )?;
        let metadata = service::echoed(headers);
        let names: Vec<_> = metadata.iter().map(|(name, _)| *name).collect();
        let mut headers = cors::response_headers(&names);
        echo.send_head(&metadata, &mut Vec::new(), |name, value| {
            headers.push((name.to_owned(), value.to_vec()));
        })
        .map_err(|_| (400, cors::response_headers(&[])))?;
        let mut call = Self {
            echo,
            request: BodyDecoder::new(request.body(), http1::Limits::new()),
            response: Response::Head(headers),
            version: request.version(),
            persistent: request.is_persistent(),
        };
        // The body may be empty, and then no bytes of it will come.
        call.receive(&mut &mut [][..], shared.now);
        if !call.request.is_complete() {
            answer::go_on(request, out);
        }
        Ok(call)
    }

    /// Whether all of the request has come, so that whatever follows is another.
    pub fn has_request(&self) -> bool {
        self.request.is_complete()
    }

    /// Whether the connection can be used for another request after this. It cannot if the call ends
    /// before its request, because the rest of the request would be read as the next one.
    pub fn is_persistent(&self) -> bool {
        self.persistent && self.has_request()
    }

    /// Receives a piece of the request's body, advancing `input` past it.
    pub fn receive(&mut self, input: &mut &mut [u8], now: u64) {
        loop {
            match self.request.decode(input) {
                Ok(Decoded::Part(part)) => {
                    let end = part.end;
                    let bytes = self.echo.decode_text_in_place(part.bytes);
                    self.echo.receive(bytes, now);
                    if end {
                        self.echo.receive_eof();
                    }
                }
                Ok(Decoded::Complete | Decoded::NeedMore) => return,
                Err(_) => return self.receive_eof(),
            }
        }
    }

    /// Notes that the client sends nothing more. It may still wait for the answer: if what came is not
    /// all of the request, the status says so.
    pub fn receive_eof(&mut self) {
        if !self.has_request() {
            self.echo.cut_off();
        }
    }

    /// Writes replies, but not too far ahead of their reader, and the status at the end.
    pub fn fill(&mut self, out: &mut Output, shared: &mut Shared) -> Filled {
        let room = AHEAD.saturating_sub(out.pending());
        self.write(out, shared, |echo, bytes, now| echo.fill(room, bytes, now))
    }

    /// Ends the call because the gateway ends.
    pub fn shut_down(&mut self, out: &mut Output, shared: &mut Shared) {
        self.write(out, shared, |echo, bytes, _| {
            echo.shut_down(bytes);
            Filled::End
        });
    }

    /// Writes what `reply` writes as a part of the response.
    fn write(
        &mut self,
        out: &mut Output,
        shared: &mut Shared,
        reply: impl FnOnce(&mut EchoCall, &mut Vec<u8>, u64) -> Filled,
    ) -> Filled {
        let mut bytes = std::mem::take(&mut shared.scratch);
        bytes.clear();
        let filled = reply(&mut self.echo, &mut bytes, shared.now);
        if !bytes.is_empty() {
            self.begin(out).encode(&bytes, out).expect("a Vec has room");
        }
        if matches!(filled, Filled::End) {
            self.begin(out).finish(out).expect("a Vec has room");
        }
        shared.scratch = bytes;
        filled
    }

    /// The response's body, after its head.
    fn begin(&mut self, out: &mut Output) -> &mut BodyEncoder {
        if let Response::Head(headers) = &self.response {
            let response = ResponseWriter::new(200);
            let response = if self.is_persistent() { response } else { response.close() };
            let body = Body::of_unknown_len(self.version);
            let body = response.headers(headers).begin(body, out);
            self.response = Response::Body(body.expect("they were checked, and a Vec has room"));
        }
        match &mut self.response {
            Response::Body(body) => body,
            Response::Head(_) => unreachable!("the head was just written"),
        }
    }
}

/// Writes a response with these headers and no body.
fn write(response: ResponseWriter<'_>, headers: &Headers, out: &mut impl Buffer) {
    response.headers(headers).write(out).expect("they were checked, and a Vec has room");
}
