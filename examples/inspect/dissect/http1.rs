//! HTTP/1.1: heads, bodies, and what is spoken after an upgrade.

use std::collections::VecDeque;

use framewright::http;
use framewright::http1::{
    Body, BodyDecoder, Decoded, Error, HeadReader, Limits, Request, Response, Version,
};

use super::chunks::Framing;
use super::content;
use super::http2::Http2;
use super::layer::{Both, Layer, Plain, failing_byte};
use super::preview::{bytes, escaped, lossy};
use super::report::{Item, Place, Report, Sender};
use super::rule::Problem;
use super::upgrade::{self, Offered};

pub const NAME: &str = "HTTP/1.1";
const ERRORS: &str = include_str!("../../../src/http1/error.rs");
/// How many requests may wait for their responses.
const MAX_REQUESTS: usize = 1000;
/// How much is held of what a client sends before its upgrade is answered.
const MAX_EARLY_LEN: usize = 64 * 1024;

/// Both directions of a connection.
pub struct Http1 {
    directions: Both<Direction>,
    requests: VecDeque<Sent>,
    /// What the client sends after a request to speak another protocol, until it is answered.
    early: Option<(Place, Vec<u8>)>,
    /// What is spoken since then.
    upgraded: Option<Box<dyn Layer>>,
}

/// A request that was not answered yet.
struct Sent {
    method: String,
    target: String,
    upgrade: Option<Offered>,
}

struct Direction {
    head: HeadReader<Vec<u8>>,
    /// Where the current head begins, and what has come of it.
    head_at: Option<Place>,
    head_bytes: Vec<u8>,
    body: Option<(BodyDecoder, Box<dyn Layer>)>,
    framing: Framing,
    failed: bool,
}

impl Default for Direction {
    fn default() -> Self {
        let head = HeadReader::new(Vec::new(), limits());
        Self {
            head,
            head_at: None,
            head_bytes: Vec::new(),
            body: None,
            framing: Framing::default(),
            failed: false,
        }
    }
}

/// What a head leads to.
enum Next {
    Head,
    Body(Body, Box<dyn Layer>),
    Upgrade(Box<dyn Layer>),
    /// What follows is another protocol, if the server agrees.
    Wait,
    Failed,
}

const fn limits() -> Limits {
    Limits::new().max_head_len(256 * 1024).max_chunk_extensions_len(u64::MAX)
}

impl Http1 {
    pub fn new() -> Self {
        Self { directions: Both::default(), requests: VecDeque::new(), early: None, upgraded: None }
    }

    /// Takes one byte of a head.
    fn head_byte(&mut self, place: Place, byte: u8, report: &mut dyn Report) {
        let direction = self.directions.of(place.sender);
        let start = *direction.head_at.get_or_insert(place);
        direction.head_bytes.push(byte);
        let mut byte = [byte];
        let mut input = &mut byte[..];
        let len = place.offset - start.offset + 1;
        let next = match place.sender {
            Sender::Client => match direction.head.read_request(&mut input) {
                Ok(None) => return,
                Ok(Some(request)) => {
                    let mut sent = Sent {
                        method: request.method().to_owned(),
                        target: request.target().to_owned(),
                        upgrade: None,
                    };
                    let next = show_request(start, len, &request, &mut sent, report);
                    if self.requests.len() < MAX_REQUESTS {
                        self.requests.push_back(sent);
                    }
                    next
                }
                Err(error) => fail_head(start, &direction.head_bytes, error, report),
            },
            Sender::Server => match direction.head.read_response(&mut input) {
                Ok(None) => return,
                Ok(Some(response)) => {
                    let sent = self.requests.front();
                    let next = show_response(start, len, &response, sent, report);
                    if !response.is_interim() {
                        self.requests.pop_front();
                    }
                    next
                }
                Err(error) => fail_head(start, &direction.head_bytes, error, report),
            },
        };
        direction.head_bytes.clear();
        self.go_on(place.after(1), next, report);
    }

    fn go_on(&mut self, place: Place, next: Next, report: &mut dyn Report) {
        let direction = self.directions.of(place.sender);
        direction.head_at = None;
        match next {
            Next::Head => {}
            Next::Body(body, layer) => {
                let decoder = match place.sender {
                    Sender::Client => BodyDecoder::new(body, limits()),
                    Sender::Server => BodyDecoder::new_response(body, limits()),
                };
                direction.framing = Framing::new(body == Body::Chunked);
                direction.body = Some((decoder, layer));
            }
            Next::Failed => direction.failed = true,
            Next::Wait => self.early = Some((place, Vec::new())),
            Next::Upgrade(layer) => {
                self.upgraded = Some(layer);
                self.go_on_early(report);
            }
        }
        if place.sender == Sender::Server && self.upgraded.is_none() && self.requests.is_empty() {
            // The upgrade was refused.
            self.go_on_early(report);
        }
    }

    /// Goes on with what the client sent early.
    fn go_on_early(&mut self, report: &mut dyn Report) {
        if let Some((place, mut bytes)) = self.early.take() {
            self.receive(place, &mut bytes, report);
        }
    }

    /// Takes the answer to an upgrade for granted that the capture does not have.
    fn assume(&mut self, report: &mut dyn Report) {
        if let Some(upgrade) = self.requests.back().and_then(|sent| sent.upgrade.as_ref()) {
            self.upgraded = Some(upgrade.assume());
        }
        self.go_on_early(report);
    }

    /// Takes bytes of a body. Returns how many.
    fn body(&mut self, place: Place, mut input: &mut [u8], report: &mut dyn Report) -> usize {
        let direction = self.directions.of(place.sender);
        let Some((decoder, layer)) = &mut direction.body else { return 0 };
        let framing = &mut direction.framing;
        let (len, address) = (input.len(), input.as_ptr().addr());
        let (original, before) = (input.to_vec(), decoder.clone());
        // Where the framing goes on that has not been seen.
        let mut seen = 0;
        loop {
            match decoder.decode(&mut input) {
                Ok(Decoded::Part(part)) => {
                    let at = part.bytes.as_ptr().addr().wrapping_sub(address);
                    let at = if at <= len { at } else { 0 };
                    // The last part may be empty, and then it stands nowhere.
                    if !part.bytes.is_empty() {
                        framing.push(place.after(seen), original.get(seen..at).unwrap_or_default());
                        framing.show(report);
                        seen = at + part.bytes.len();
                    }
                    layer.receive(place.after(at).inside(), part.bytes, report);
                }
                Ok(Decoded::NeedMore) => {
                    framing.push(place.after(seen), &original[seen..]);
                    return len;
                }
                Ok(Decoded::Complete) => {
                    let taken = len - input.len();
                    framing.push(place.after(seen), &original[seen..taken]);
                    framing.show(report);
                    layer.end(place.after(taken).inside(), report);
                    direction.body = None;
                    return taken;
                }
                Err(error) => {
                    let fails = |decoder: &mut BodyDecoder, mut byte: &mut [u8]| loop {
                        match decoder.decode(&mut byte) {
                            Ok(Decoded::Part(_)) => {}
                            Ok(_) => return false,
                            Err(_) => return true,
                        }
                    };
                    let place = place.after(failing_byte(&before, &original, fails));
                    layer.end(place.inside(), report);
                    direction.body = None;
                    direction.failed = true;
                    fail(place, error, report);
                    return len;
                }
            }
        }
    }
}

impl Layer for Http1 {
    fn receive(&mut self, mut place: Place, mut input: &mut [u8], report: &mut dyn Report) {
        while !input.is_empty() {
            if let Some(layer) = &mut self.upgraded {
                return layer.receive(place, input, report);
            }
            if place.sender == Sender::Client
                && let Some((_, early)) = &mut self.early
            {
                early.extend_from_slice(input);
                if early.len() > MAX_EARLY_LEN {
                    self.assume(report);
                }
                return;
            }
            let direction = self.directions.of(place.sender);
            if direction.failed {
                return;
            }
            let taken = if direction.body.is_some() {
                self.body(place, input, report)
            } else {
                self.head_byte(place, input[0], report);
                1
            };
            input = &mut input[taken..];
            place = place.after(taken);
        }
    }

    fn end(&mut self, place: Place, report: &mut dyn Report) {
        if place.sender == Sender::Client && self.early.is_some() {
            self.assume(report);
        }
        if let Some(layer) = &mut self.upgraded {
            return layer.end(place, report);
        }
        let direction = self.directions.of(place.sender);
        let mut truncated = direction.head.check_eof().is_err();
        if let Some((decoder, mut layer)) = direction.body.take() {
            layer.end(place.inside(), report);
            truncated |= decoder.check_eof().is_err();
        }
        if truncated && !direction.failed {
            let note = Problem::note("its rest is missing");
            report.item(&Item::new(place, NAME, "the stream ends inside a message").problem(note));
        }
    }
}

fn show_request(
    start: Place,
    len: u64,
    request: &Request<'_>,
    sent: &mut Sent,
    report: &mut dyn Report,
) -> Next {
    let target = escaped(request.target());
    let title = format!("{} {target}, head of {}", request.method(), bytes(len));
    let mut item =
        head(Item::new(start, NAME, title).len(len), request.version(), request.headers());
    let next = match Offered::read(request) {
        Some(Ok(offered)) => {
            sent.upgrade = Some(offered);
            Next::Wait
        }
        Some(Err(error)) => {
            item = item.problem(upgrade::problem(error, true));
            Next::Wait
        }
        None if request.method() == "CONNECT" => Next::Wait,
        None => body(request.body(), request.headers(), request.target()),
    };
    report.item(&item);
    next
}

fn show_response(
    start: Place,
    len: u64,
    response: &Response<'_>,
    sent: Option<&Sent>,
    report: &mut dyn Report,
) -> Next {
    let reason = lossy(response.reason());
    let title = format!("{} {reason}, head of {}", response.status(), bytes(len));
    let mut item =
        head(Item::new(start, NAME, title).len(len), response.version(), response.headers());
    let upgrade = response.headers().get("Upgrade").unwrap_or_default();
    let next = match (response.status(), sent.and_then(|sent| sent.upgrade.as_ref())) {
        (101, Some(offered)) => match offered.check(response) {
            Ok(layer) => Next::Upgrade(layer),
            Err(error) => {
                item = item.problem(upgrade::problem(error, false));
                Next::Upgrade(offered.assume())
            }
        },
        (101, None) if upgrade.eq_ignore_ascii_case(b"websocket") => {
            Next::Upgrade(Box::new(super::websocket::WebSocket::new(Some(None))))
        }
        (101, None) if upgrade.eq_ignore_ascii_case(b"h2c") => {
            Next::Upgrade(Box::new(Http2::new()))
        }
        (101, None) => Next::Upgrade(Box::new(Plain::new("unknown"))),
        (200..=299, _) if sent.is_some_and(|sent| sent.method == "CONNECT") => {
            Next::Upgrade(Box::new(Plain::new("tunnel")))
        }
        _ if response.is_interim() => Next::Head,
        _ => {
            let method = sent.map_or("GET", |sent| &sent.method);
            let target = sent.map_or("", |sent| content::of_response(method, &sent.target));
            match response.body_for(method) {
                Ok(framing) => body(framing, response.headers(), target),
                Err(error) => {
                    item =
                        item.problem(problem(error, Sender::Server).ends("what the server sends"));
                    Next::Failed
                }
            }
        }
    };
    report.item(&item);
    next
}

fn head(mut item: Item, version: Version, headers: http::Headers<'_>) -> Item {
    if version == Version::Http10 {
        item = item.fact("version", "1.0");
    }
    for (name, value) in headers {
        item = item.fact(escaped(name), lossy(value));
    }
    item
}

fn body(framing: Body, headers: http::Headers<'_>, target: &str) -> Next {
    match framing {
        Body::Len(0) => Next::Head,
        _ => {
            let layer = content::layer(headers, target);
            Next::Body(framing, layer.unwrap_or_else(|| Box::new(Plain::new("body"))))
        }
    }
}

/// Reports what is wrong in a head. The error comes at the end of the head, so the line has to be found.
fn fail_head(start: Place, head: &[u8], error: Error, report: &mut dyn Report) -> Next {
    let whose = format!("what the {} sends", start.sender.name());
    let problem = problem(error, start.sender).ends(&whose);
    let item = match wrong_line(head, start.sender, error) {
        Some((at, line)) => {
            Item::new(start.after(at), NAME, "head").fact("line", lossy(line.trim_ascii_end()))
        }
        None => Item::new(start.after(head.len().saturating_sub(1)), NAME, "head"),
    };
    report.item(&item.problem(problem));
    Next::Failed
}

/// The first line that is wrong in the same way in a head with nothing else, and where it begins.
fn wrong_line(head: &[u8], sender: Sender, error: Error) -> Option<(usize, &[u8])> {
    let (first, rest): (&[u8], &[u8]) = match sender {
        Sender::Client => (b"GET / HTTP/1.1\r\n", b"Host: a\r\n"),
        Sender::Server => (b"HTTP/1.1 200 OK\r\n", b""),
    };
    let mut at = 0;
    for line in head.split_inclusive(|byte| *byte == b'\n') {
        let mut alone = match at {
            0 => [line, rest, b"\r\n"].concat(),
            _ => [first, rest, line, b"\r\n"].concat(),
        };
        let (mut input, mut reader) = (&mut alone[..], HeadReader::new(Vec::new(), limits()));
        let result = match sender {
            Sender::Client => reader.read_request(&mut input).err(),
            Sender::Server => reader.read_response(&mut input).err(),
        };
        if result == Some(error) {
            return Some((at, line));
        }
        at += line.len();
    }
    None
}

fn fail(place: Place, error: Error, report: &mut dyn Report) -> Next {
    let whose = format!("what the {} sends", place.sender.name());
    let problem = problem(error, place.sender).ends(&whose);
    report.item(&Item::new(place, NAME, "message").problem(problem));
    Next::Failed
}

fn problem(error: Error, sender: Sender) -> Problem {
    let problem = Problem::new(&error, "RFC 9112", ERRORS);
    match sender {
        Sender::Client => problem.answer(format!("the status {}", status(error.status()))),
        Sender::Server => problem.answer("nothing: the client closes the connection"),
    }
}

/// A status with its reason phrase.
pub fn status(status: u16) -> String {
    format!("{status} {}", http::reason_phrase(status))
}
