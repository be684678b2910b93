//! SockJS: frames of each transport, and the messages that clients send.

use framewright::Chunk;
use framewright::sockjs::{Error, FormDecoder, Limits, MessageDecoder};

use super::layer::{Both, Layer};
use super::preview::{bytes, escaped, lossy};
use super::report::{Item, Place, Report, Sender};
use super::rule::Problem;

const NAME: &str = "SockJS";
const ERRORS: &str = include_str!("../../../src/sockjs/error.rs");
/// The last part of a path, after those of the server and the session.
const TRANSPORTS: [&str; 8] = [
    "websocket",
    "xhr",
    "xhr_streaming",
    "xhr_send",
    "eventsource",
    "htmlfile",
    "jsonp",
    "jsonp_send",
];
/// The longest frame that is taken apart, and the most messages of one that are shown.
const MAX_FRAME_LEN: usize = 64 * 1024;
const MAX_MESSAGES: usize = 16;

/// One transport of a session: the frames of a response, or the messages of a request, or those of a WebSocket.
pub struct SockJs {
    transport: &'static str,
    so_far: Both<SoFar>,
}

/// What has come of a frame.
#[derive(Default)]
struct SoFar {
    start: Option<Place>,
    kept: Vec<u8>,
    len: u64,
}

impl SockJs {
    /// The transport that a path names. `None` if it is not one of SockJS.
    pub fn of(target: &str) -> Option<Self> {
        let path = target.split('?').next().unwrap_or_default();
        let mut parts = path.rsplit('/');
        let last = parts.next()?;
        let transport = TRANSPORTS.iter().find(|known| **known == last)?;
        let [session, server] = [parts.next()?, parts.next()?];
        // There is a prefix before them, or at least a slash, and neither has a dot (SockJS, "Static URLs").
        parts.next()?;
        let is_id = |part: &str| !part.is_empty() && !part.contains('.');
        (is_id(session) && is_id(server)).then(|| Self { transport, so_far: Both::default() })
    }

    /// Takes a part of a WebSocket message, which is one frame.
    pub fn message_part(&mut self, place: Place, chunk: Chunk<'_>, report: &mut dyn Report) {
        self.so_far.of(place.sender).push(place, chunk.bytes);
        if chunk.end {
            self.show(place, report);
        }
    }

    fn show(&mut self, place: Place, report: &mut dyn Report) {
        let SoFar { start, kept, len } = std::mem::take(self.so_far.of(place.sender));
        let start = start.unwrap_or(place);
        if len > kept.len() as u64 {
            let note = Problem::note("too long to be taken apart here");
            let item = Item::new(start, NAME, format!("frame, {}", bytes(len))).problem(note);
            return report.item(&item.payload(report.preview().of(&kept).announced(len)));
        }
        match place.sender {
            Sender::Server => self.frame(start, &kept, report),
            Sender::Client => self.sent(start, kept, report),
        }
    }

    /// Reports a line of a response, which has a frame in it or is part of what carries frames.
    fn frame(&self, place: Place, line: &[u8], report: &mut dyn Report) {
        let line = line.trim_ascii();
        let carried = match self.transport {
            "eventsource" => line.strip_prefix(b"data: ").map(<[u8]>::to_vec),
            "htmlfile" | "jsonp" => quoted(line),
            _ => Some(line.to_vec()),
        };
        let Some(frame) = carried.filter(|frame| !frame.is_empty()) else { return };
        let wire = |item: Item, note: &str| item.wire("frame", &frame[..1], note);
        let title = |name: &str| Item::new(place, NAME, format!("{name}, by {}", self.transport));
        let item = match frame[0] {
            b'h' if frame.len() > 1 => title("prelude").fact("padding", bytes(frame.len() as u64)),
            b'o' => wire(title("open"), "o: the session is open"),
            b'h' => wire(title("heartbeat"), "h: the server is alive"),
            b'c' => wire(title("close"), "c: the session is closed")
                .payload(report.preview().of(&frame[1..])),
            b'a' => messages(wire(title("messages"), "a: messages"), &frame[1..], report),
            _ => title("line").payload(report.preview().of(&frame)),
        };
        report.item(&item);
    }

    /// Reports what a client has sent: an array of messages, perhaps in a form.
    fn sent(&self, place: Place, mut body: Vec<u8>, report: &mut dyn Report) {
        if body.is_empty() {
            return;
        }
        let item = Item::new(place, NAME, format!("messages, by {}", self.transport));
        let mut array = Vec::new();
        let mut input = &mut body[..];
        if self.transport == "jsonp_send" && input.starts_with(b"d=") {
            let mut form = FormDecoder::new();
            while let Ok(Some(part)) = form.decode(&mut input) {
                array.extend_from_slice(part);
            }
        } else {
            array.extend_from_slice(input);
        }
        report.item(&messages(item, &array, report));
    }
}

impl SoFar {
    fn push(&mut self, place: Place, piece: &[u8]) {
        self.start.get_or_insert(place);
        let room = MAX_FRAME_LEN - self.kept.len();
        self.kept.extend_from_slice(&piece[..piece.len().min(room)]);
        self.len += piece.len() as u64;
    }
}

/// The bodies of requests, and responses of one line for each frame.
impl Layer for SockJs {
    fn receive(&mut self, mut place: Place, input: &mut [u8], report: &mut dyn Report) {
        if place.sender == Sender::Client {
            return self.so_far.client.push(place, input);
        }
        for line in input.split_inclusive(|byte| *byte == b'\n') {
            self.so_far.server.push(place, line);
            if line.ends_with(b"\n") {
                self.show(place, report);
            }
            place = place.after(line.len());
        }
    }

    fn end(&mut self, place: Place, report: &mut dyn Report) {
        self.show(place, report);
    }
}

/// The frame that a call in JavaScript has as its argument.
fn quoted(line: &[u8]) -> Option<Vec<u8>> {
    let line = str::from_utf8(line).ok()?;
    let argument = &line[line.find("(\"")? + 1..line.rfind("\")")? + 1];
    serde_json::from_str::<String>(argument).ok().map(String::into_bytes)
}

/// Adds the messages of an array.
fn messages(mut item: Item, array: &[u8], report: &dyn Report) -> Item {
    let mut decoder = MessageDecoder::new_websocket(Limits::new());
    let mut copy = array.to_vec();
    let mut input = &mut copy[..];
    let (mut count, mut message) = (0, Vec::new());
    let result = loop {
        match decoder.decode(&mut input) {
            Ok(Some(chunk)) => {
                message.extend_from_slice(chunk.bytes);
                if chunk.end {
                    count += 1;
                    if count <= MAX_MESSAGES {
                        item = item.fact(format!("message {count}"), lossy(&message));
                    }
                    message.clear();
                }
            }
            Ok(None) => break decoder.check_eof(),
            Err(error) => break Err(error),
        }
    };
    item = item.payload(report.preview().of(array));
    match result {
        Ok(()) => item,
        Err(error) => item.problem(problem(error)),
    }
}

fn problem(error: Error) -> Problem {
    let answer = format!("the status {}: {}", error.status(), escaped(error.body()));
    Problem::new(&error, "SockJS", ERRORS).answer(answer)
}
