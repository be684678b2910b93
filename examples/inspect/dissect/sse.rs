//! Server-Sent Events: events, comments and reconnection times.

use framewright::sse::{Decoder, Limits, Part};

use super::layer::Layer;
use super::preview::{Preview, bytes, lossy};
use super::report::{Item, Place, Report};
use super::rule::Problem;

const NAME: &str = "SSE";
const ERRORS: &str = include_str!("../../../src/sse/error.rs");

/// A stream of events, which only a server sends.
pub struct Sse {
    decoder: Decoder,
    event: Option<Event>,
    comment: Option<(Place, Preview)>,
}

/// The event that has begun.
struct Event {
    place: Place,
    event_type: Vec<u8>,
    id: Option<Vec<u8>>,
    retry: Option<u64>,
    lines: u64,
    data: Preview,
}

impl Sse {
    pub fn new() -> Self {
        let limits = Limits::new().max_line_len(u64::MAX).max_data_len(u64::MAX);
        Self { decoder: Decoder::new(limits), event: None, comment: None }
    }

    fn part(&mut self, start: Place, part: Part<'_>, report: &mut dyn Report) {
        if let Part::Comment(chunk) = part {
            let (_, comment) = self.comment.get_or_insert_with(|| (start, report.preview()));
            comment.push(chunk.bytes);
            if chunk.end
                && let Some((start, comment)) = self.comment.take()
            {
                let title = format!("comment, {}", bytes(comment.len()));
                report.item(&Item::new(start, NAME, title).payload(comment));
            }
            return;
        }
        if part == Part::Dispatch && self.event.is_none() {
            // A blank line after a comment, or one more.
            return;
        }
        let event = self.event.get_or_insert_with(|| Event {
            place: start,
            event_type: Vec::new(),
            id: None,
            retry: None,
            lines: 0,
            data: report.preview(),
        });
        match part {
            Part::Data(chunk) => {
                if chunk.start {
                    event.lines += 1;
                    if event.lines > 1 {
                        event.data.push(b"\n");
                    }
                }
                event.data.push(chunk.bytes);
            }
            Part::EventType(chunk) => {
                if chunk.start {
                    event.event_type.clear();
                }
                event.event_type.extend_from_slice(chunk.bytes);
            }
            Part::Id(chunk) => {
                let id = event.id.get_or_insert_default();
                if chunk.start {
                    id.clear();
                }
                id.extend_from_slice(chunk.bytes);
            }
            Part::Retry(ms) => event.retry = Some(ms),
            Part::Dispatch => {
                if let Some(event) = self.event.take() {
                    report.item(&event.into_item());
                }
            }
            Part::Lost(error) => {
                let problem = Problem::new(&error, "HTML §9.2", ERRORS)
                    .answer("nothing: the stream goes on after the event");
                report.item(&Item::new(start, NAME, "event").problem(problem));
            }
            Part::Comment(_) => {}
        }
    }
}

impl Event {
    fn into_item(self) -> Item {
        let title = if self.lines == 0 {
            "block without data, which is no event".to_owned()
        } else if self.event_type.is_empty() {
            format!("event, {} of data", bytes(self.data.len()))
        } else {
            format!("event {}, {} of data", lossy(&self.event_type), bytes(self.data.len()))
        };
        let mut item = Item::new(self.place, NAME, title);
        if let Some(id) = self.id {
            item = item.fact("id", lossy(&id));
        }
        if let Some(ms) = self.retry {
            item = item.fact("retry", format!("{ms} ms"));
        }
        if self.lines > 1 {
            item = item.fact("lines of data", self.lines.to_string());
        }
        if self.data.is_empty() { item } else { item.payload(self.data) }
    }
}

impl Layer for Sse {
    fn receive(&mut self, place: Place, input: &mut [u8], report: &mut dyn Report) {
        let mut input = &*input;
        let len = input.len();
        loop {
            // Line by line, so that what begins within the input has its own place.
            let start = place.after(len - input.len());
            let Some(part) = self.decoder.decode(&mut input) else { return };
            self.part(start, part, report);
        }
    }

    fn end(&mut self, place: Place, report: &mut dyn Report) {
        if self.decoder.check_eof().is_err() {
            let note = Problem::note("it is dropped: the blank line after it is missing");
            let item = match self.event.take() {
                Some(event) => event.into_item(),
                None => Item::new(place, NAME, "the stream ends inside an event"),
            };
            report.item(&item.problem(note));
        }
    }
}
