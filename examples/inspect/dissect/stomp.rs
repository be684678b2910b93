//! STOMP: frames and heart-beats, over TCP or in WebSocket messages.

use framewright::stomp::{Command, Decoder, Error, Inbox, Limits, Part, Version};

use super::layer::{Both, Layer, failing_byte};
use super::preview::{Preview, bytes, escaped};
use super::report::{Item, Place, Report, Sender};
use super::rule::Problem;

const NAME: &str = "STOMP";
const ERRORS: &str = include_str!("../../../src/stomp/error.rs");

/// Both directions of a connection.
#[derive(Default)]
pub struct Stomp {
    directions: Both<Direction>,
}

struct Direction {
    decoder: Decoder,
    inbox: Inbox<Vec<u8>>,
    /// Where the current frame began, and what is to be reported of it.
    start: Option<Place>,
    frame: Option<(Item, Preview)>,
    failed: bool,
}

impl Default for Direction {
    fn default() -> Self {
        Self {
            decoder: Decoder::new(Limits::new().max_body_len(u64::MAX)),
            inbox: Inbox::new(Vec::new()),
            start: None,
            frame: None,
            failed: false,
        }
    }
}

impl Stomp {
    pub fn new() -> Self {
        Self::default()
    }

    /// With the version that a subprotocol names.
    pub fn of_version(version: Version) -> Self {
        let mut stomp = Self::default();
        stomp.set_version(version);
        stomp
    }

    fn set_version(&mut self, version: Version) {
        self.directions.client.decoder.set_version(version);
        self.directions.server.decoder.set_version(version);
    }
}

impl Direction {
    /// Decodes until the input is used up, or a server has named the version.
    fn receive(
        &mut self,
        place: Place,
        input: &mut &[u8],
        report: &mut dyn Report,
    ) -> Option<Version> {
        let (whole, before) = (*input, self.decoder.clone());
        let start = *self.start.get_or_insert(place);
        loop {
            match self.decoder.decode(input, &mut self.inbox) {
                Ok(None) => return None,
                Ok(Some(Part::Head(command))) => {
                    let version = self.head(start, command, report);
                    if version.is_some() {
                        return version;
                    }
                }
                Ok(Some(Part::Body(chunk))) => {
                    let Some((_, body)) = &mut self.frame else { return None };
                    body.push(chunk.bytes);
                    if chunk.end {
                        self.end_frame(report);
                        return None;
                    }
                }
                Err(error) => {
                    self.end_frame(report);
                    self.failed = true;
                    let mut inbox = Inbox::new(Vec::new());
                    let fails = |decoder: &mut Decoder, byte: &mut [u8]| {
                        let mut input = &*byte;
                        loop {
                            match decoder.decode(&mut input, &mut inbox) {
                                Ok(Some(_)) => {}
                                Ok(None) => return false,
                                Err(_) => return true,
                            }
                        }
                    };
                    let place = place.after(failing_byte(&before, whole, fails));
                    let whose = format!("what the {} sends", place.sender.name());
                    let problem = problem(error, place.sender).ends(&whose);
                    report.item(&Item::new(place, NAME, "frame").problem(problem));
                    return None;
                }
            }
        }
    }

    /// Takes a head. Returns the version, if this is what names it.
    fn head(&mut self, start: Place, command: Command, report: &dyn Report) -> Option<Version> {
        let mut item = Item::new(start, NAME, command.as_str());
        let headers = self.inbox.headers();
        for (name, value) in headers {
            item = item.fact(escaped(name), escaped(value));
        }
        if command.is_from_server() != (start.sender == Sender::Server) {
            item = item.problem(problem(Error::WrongSide(command), start.sender));
        }
        let version = match command {
            Command::Connected => {
                headers.get("version").map_or(Some(Version::V1_0), Version::parse)
            }
            _ => None,
        };
        self.frame = Some((item, report.preview()));
        version
    }

    fn end_frame(&mut self, report: &mut dyn Report) {
        self.start = None;
        let Some((mut item, body)) = self.frame.take() else { return };
        if !body.is_empty() {
            item.title += &format!(", body of {}", bytes(body.len()));
            item = item.payload(body);
        }
        report.item(&item);
    }
}

impl Layer for Stomp {
    fn receive(&mut self, mut place: Place, input: &mut [u8], report: &mut dyn Report) {
        let mut input = &*input;
        let mut is_first = true;
        while !input.is_empty() && !self.directions.of(place.sender).failed {
            let direction = self.directions.of(place.sender);
            let before = input.len();
            if direction.start.is_none() && matches!(input[0], b'\n' | b'\r') {
                let (mut line_end, rest) = input.split_at(1);
                // One that follows a frame is only its end. One that comes alone is a heart-beat.
                if is_first && line_end == b"\n" {
                    let item = Item::new(place, NAME, "heart-beat");
                    report.item(&item.wire("line end", line_end, ""));
                }
                // Whether a line end may come here is for the decoder to say: it may follow a CR.
                direction.receive(place, &mut line_end, report);
                direction.start = None;
                input = rest;
            } else if let Some(version) = direction.receive(place, &mut input, report) {
                self.set_version(version);
            }
            is_first = false;
            place = place.after(before - input.len());
        }
    }

    fn end(&mut self, place: Place, report: &mut dyn Report) {
        let direction = self.directions.of(place.sender);
        if !direction.failed && direction.decoder.check_eof().is_err() {
            direction.end_frame(report);
            let note = Problem::note("the end of a frame, its NUL, is missing");
            report.item(&Item::new(place, NAME, "the stream ends inside a frame").problem(note));
        }
    }
}

fn problem(error: Error, sender: Sender) -> Problem {
    let problem = Problem::new(&error, "STOMP 1.2", ERRORS);
    match sender {
        Sender::Client => {
            problem.answer("an ERROR frame that says so, and the end of the connection")
        }
        Sender::Server => problem.answer("nothing: the client closes the connection"),
    }
}

/// The command of the frame that begins with `bytes`, if its line is complete.
pub fn command(bytes: &[u8]) -> Option<Command> {
    let bytes = bytes.trim_ascii_start();
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    Command::parse(bytes[..end].trim_ascii_end())
}

/// Whether `bytes` begin like a frame.
pub fn begins(bytes: &[u8]) -> bool {
    command(bytes).is_some()
}
