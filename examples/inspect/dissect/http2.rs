//! HTTP/2: frames, heads, and what is in the bodies.

use std::collections::BTreeMap;

use framewright::http2::{
    Decoder, Error, FieldBlockPart, Flags, FrameHeader, FrameType, Limits, PREFACE, Part, Role,
    SettingId,
};

use super::block::Block;
use super::frame;
use super::grpc;
use super::layer::{Both, Layer, failing_byte};
use super::preview::{Preview, bytes};
use super::report::{Item, Place, Report, Sender};
use super::rule::Problem;
use super::stream::Stream;

pub const NAME: &str = "HTTP/2";
const ERRORS: &str = include_str!("../../../src/http2/error.rs");
/// How many streams are remembered. Of more, the oldest is forgotten.
const MAX_STREAMS: usize = 10_000;
/// How much of a payload is kept, to name its fields.
const MAX_KEPT_LEN: usize = 256;

/// Both directions of a connection.
pub struct Http2 {
    directions: Both<Direction>,
    streams: BTreeMap<u32, Stream>,
}

struct Direction {
    decoder: Decoder,
    /// How much of the preface has come.
    preface: usize,
    header: Vec<u8>,
    frame: Option<Frame>,
    block: Block,
    failed: bool,
}

/// The frame that has begun.
struct Frame {
    place: Place,
    header: FrameHeader,
    left: u32,
    /// The beginning of the payload, to name what is in it.
    kept: Vec<u8>,
    data: Preview,
    facts: Vec<(String, String)>,
    problem: Option<Problem>,
    shown: bool,
}

impl Http2 {
    pub fn new() -> Self {
        let direction = |role, preface| Direction {
            decoder: Decoder::new(role, Limits::new().max_frame_len(FrameHeader::MAX_PAYLOAD_LEN)),
            preface,
            header: Vec::new(),
            frame: None,
            block: Block::new(),
            failed: false,
        };
        // A server has no preface besides its settings.
        let directions = Both {
            client: direction(Role::Server, 0),
            server: direction(Role::Client, PREFACE.len()),
        };
        Self { directions, streams: BTreeMap::new() }
    }

    /// Takes bytes of a payload. Returns how many.
    fn payload(&mut self, place: Place, input: &mut [u8], report: &mut dyn Report) -> usize {
        let direction = self.directions.of(place.sender);
        let Some(frame) = &mut direction.frame else { return 0 };
        let place = place.on(frame.place.stream);
        let len = usize::try_from(frame.left).unwrap_or(usize::MAX).min(input.len());
        frame.left -= u32::try_from(len).unwrap_or(u32::MAX);
        let (input, _) = input.split_at_mut(len);
        frame.keep(input);
        self.decode(place, input, report);
        self.end_frame(place.sender, report);
        len
    }

    /// Decodes bytes of one header or of one payload.
    fn decode(&mut self, place: Place, mut input: &mut [u8], report: &mut dyn Report) {
        let address = input.as_ptr().addr();
        let direction = self.directions.of(place.sender);
        let (original, before) = (input.to_vec(), direction.decoder.clone());
        loop {
            match self.directions.of(place.sender).decoder.decode(&mut input) {
                Ok(Some(Part::Data(part))) => {
                    let at = part.bytes.as_ptr().addr().wrapping_sub(address);
                    let at = if at <= original.len() { at } else { 0 };
                    let (id, end) = (part.stream.get(), part.end && part.end_stream);
                    self.data(place.after(at), id, part.bytes, end, report);
                }
                Ok(Some(Part::FieldBlock(part))) => {
                    let at = part.bytes.as_ptr().addr().wrapping_sub(address);
                    let at = if at <= original.len() { at } else { 0 };
                    self.field_block(place.after(at), part, report);
                }
                Ok(Some(part)) => self.part(place.sender, &part),
                Ok(None) => return,
                Err(error) => {
                    let fails = |decoder: &mut Decoder, mut byte: &mut [u8]| {
                        while let Ok(Some(_)) = decoder.decode(&mut byte) {}
                        decoder.error().is_some()
                    };
                    let at = failing_byte(&before, &original, fails);
                    self.fail(place.after(at), error, report);
                    return;
                }
            }
        }
    }

    fn field_block(&mut self, place: Place, part: FieldBlockPart<'_>, report: &mut dyn Report) {
        let table_size = self.directions.of(place.sender.other()).block.table_size();
        let direction = self.directions.of(place.sender);
        match direction.block.decode(part.bytes, part.end, table_size) {
            Ok(()) if part.end => {
                self.end_block(place.sender, part.stream.get(), part.end_stream, report);
            }
            Ok(()) => {}
            Err((at, error)) => self.fail(place.after(at), error, report),
        }
    }

    fn part(&mut self, sender: Sender, part: &Part<'_>) {
        match part {
            Part::Setting(setting) if setting.id == SettingId::HEADER_TABLE_SIZE => {
                self.directions.of(sender).block.announce(setting.value);
            }
            Part::Reset { stream, .. } => {
                self.streams.remove(&stream.get());
            }
            Part::StreamFailed { stream, error } => {
                let problem = problem(*error).answer(format!(
                    "a RST_STREAM for stream {stream} with the code {}",
                    error.code()
                ));
                if let Some(frame) = &mut self.directions.of(sender).frame {
                    frame.problem = Some(problem);
                }
            }
            _ => {}
        }
    }

    /// Takes a head or trailers that are complete.
    fn end_block(&mut self, sender: Sender, id: u32, end: bool, report: &mut dyn Report) {
        let direction = self.directions.of(sender);
        let Some(frame) = &mut direction.frame else { return };
        let (place, fields) = (frame.place, direction.block.take(&mut frame.facts));
        if let Some(status) = grpc::status(&fields) {
            frame.facts.push(("status of the call".to_owned(), status));
        }
        // Before the layers of the stream have anything to say.
        direction.show_frame(report);
        while self.streams.len() >= MAX_STREAMS {
            self.streams.pop_first();
        }
        let stream = self.streams.entry(id).or_default();
        stream.head(sender, &fields, end);
        self.end_stream_if(end, place, id, report);
    }

    fn data(
        &mut self,
        place: Place,
        id: u32,
        content: &mut [u8],
        end: bool,
        report: &mut dyn Report,
    ) {
        let direction = self.directions.of(place.sender);
        let stream = self.streams.get_mut(&id).filter(|_| report.wants(id));
        match stream.and_then(|stream| stream.layer(place.sender)) {
            Some(layer) => {
                direction.show_frame(report);
                layer.receive(place.inside(), content, report);
            }
            None => {
                if let Some(frame) = &mut direction.frame {
                    frame.data.push(content);
                }
            }
        }
        if end {
            self.directions.of(place.sender).show_frame(report);
            self.end_stream_if(true, place.after(content.len()), id, report);
        }
    }

    fn end_stream_if(&mut self, end: bool, place: Place, id: u32, report: &mut dyn Report) {
        if end
            && let Some(stream) = self.streams.get_mut(&id)
            && stream.end(place.inside(), report)
        {
            self.streams.remove(&id);
        }
    }

    fn end_frame(&mut self, sender: Sender, report: &mut dyn Report) {
        let direction = self.directions.of(sender);
        if direction.frame.as_ref().is_some_and(|frame| frame.left == 0) {
            direction.show_frame(report);
            direction.frame = None;
        }
    }

    fn fail(&mut self, place: Place, error: Error, report: &mut dyn Report) {
        let direction = self.directions.of(place.sender);
        direction.failed = true;
        let whose = format!("what the {} sends", place.sender.name());
        let problem =
            problem(error).answer(format!("a GOAWAY with the code {}", error.code())).ends(&whose);
        if let Some(frame) = &mut direction.frame
            && frame.left == frame.header.len()
            && frame.kept.is_empty()
        {
            // It is the header that is wrong.
            frame.problem = Some(problem);
            return direction.show_frame(report);
        }
        direction.show_frame(report);
        report.item(&Item::new(place, NAME, "payload").problem(problem));
    }
}

impl Direction {
    /// Reports the current frame, unless that was done.
    fn show_frame(&mut self, report: &mut dyn Report) {
        let Some(frame) = &mut self.frame else { return };
        if frame.shown {
            return;
        }
        frame.shown = true;
        let mut item = frame::describe(frame.place, frame.header, &frame.kept);
        item.facts.append(&mut frame.facts);
        item.problem = frame.problem.take();
        if !frame.data.is_empty() {
            let len = frame.data.len() + u64::from(frame.left);
            item = item.payload(frame.data.clone().announced(len));
        }
        report.item(&item);
    }
}

impl Frame {
    /// Keeps the beginning of a payload. Of data, that is only its padding.
    fn keep(&mut self, payload: &[u8]) {
        let is_data = self.header.frame_type() == FrameType::DATA;
        let most = match is_data {
            true if self.header.flags().contains(Flags::PADDED) => 1,
            true => 0,
            false => MAX_KEPT_LEN,
        };
        let room = most - self.kept.len();
        self.kept.extend_from_slice(&payload[..payload.len().min(room)]);
    }
}

impl Layer for Http2 {
    fn receive(&mut self, mut place: Place, mut input: &mut [u8], report: &mut dyn Report) {
        while !input.is_empty() && !self.directions.of(place.sender).failed {
            let direction = self.directions.of(place.sender);
            let taken = if direction.preface < PREFACE.len() {
                let len = (PREFACE.len() - direction.preface).min(input.len());
                direction.preface += len;
                if direction.preface == PREFACE.len()
                    && input[..len] == PREFACE[PREFACE.len() - len..]
                {
                    let start = place.offset.saturating_sub((PREFACE.len() - len) as u64);
                    let item = Item::new(Place { offset: start, ..place }, NAME, "preface");
                    report.item(&item.wire("preface", PREFACE, ""));
                }
                self.decode(place, &mut input[..len], report);
                len
            } else if direction.frame.is_some() {
                self.payload(place, input, report)
            } else {
                self.header_byte(place, input[0], report);
                1
            };
            input = &mut input[taken..];
            place = place.after(taken);
        }
    }

    fn end(&mut self, place: Place, report: &mut dyn Report) {
        let direction = self.directions.of(place.sender);
        let is_cut = direction.decoder.check_eof().is_err() || !direction.header.is_empty();
        if !direction.failed && is_cut {
            let missing = direction.frame.as_ref().map_or(0, |frame| frame.left);
            direction.show_frame(report);
            let note = Problem::note(match missing {
                0 => "a header or a field block is cut off".to_owned(),
                left => format!("{} of the payload are missing", bytes(left.into())),
            });
            report.item(&Item::new(place, NAME, "the stream ends inside a frame").problem(note));
        }
        for (id, stream) in &mut self.streams {
            stream.end(place.inside().on(*id), report);
        }
    }
}

impl Http2 {
    /// Takes the byte of a header, which is shown once it is complete.
    fn header_byte(&mut self, place: Place, byte: u8, report: &mut dyn Report) {
        let direction = self.directions.of(place.sender);
        direction.header.push(byte);
        let Some(header) = direction.header.first_chunk() else { return };
        let mut wire = *header;
        let header = FrameHeader::parse(wire);
        direction.header.clear();
        let before = FrameHeader::LEN as u64 - 1;
        let start = Place { offset: place.offset.saturating_sub(before), ..place };
        let start = start.on(header.stream().map_or(0, |id| id.get()));
        direction.frame = Some(Frame {
            place: start,
            header,
            left: header.len(),
            kept: Vec::new(),
            data: report.preview(),
            facts: Vec::new(),
            problem: None,
            shown: false,
        });
        self.decode(start, &mut wire, report);
        self.end_frame(place.sender, report);
    }
}

fn problem(error: Error) -> Problem {
    Problem::new(&error, "RFC 9113", ERRORS)
}
