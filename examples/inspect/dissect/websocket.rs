//! WebSocket: frames, messages that were compressed, and what is in them.

use framewright::ws::deflate::{Inflater, Params};
use framewright::ws::{
    CloseCode, CloseFrame, Decoder, Error, FrameHeader, Kind, Limits, Opcode, Part, Role,
};

use framewright::Chunk;

use super::engineio::EngineIo;
use super::grpc::GrpcSocket;
use super::layer::{Both, Layer, failing_byte};
use super::preview::{Preview, bytes, escaped, hex, shrunk};
use super::report::{Item, Place, Report, Sender};
use super::rule::Problem;
use super::sockjs::SockJs;
use super::stomp::Stomp;

const NAME: &str = "WebSocket";
pub const ERRORS: &str = include_str!("../../../src/ws/error.rs");
/// No limit of ours: the capture is what it is.
const LIMITS: Limits = Limits::new().max_frame_len(u64::MAX).max_message_len(u64::MAX);
/// What is inflated at once, and what is held of it until a message ends.
const SCRATCH: usize = 16 * 1024;
const MAX_HELD: usize = 256 * 1024;

/// Both directions, after the opening handshake.
pub struct WebSocket {
    directions: Both<Direction>,
    inner: Inner,
}

/// What the messages are made of.
pub enum Inner {
    Unknown,
    Stomp(Box<Stomp>),
    EngineIo(Box<EngineIo>),
    Grpc(Box<GrpcSocket>),
    SockJs(Box<SockJs>),
}

struct Direction {
    decoder: Decoder,
    inflater: Inflater,
    header: Vec<u8>,
    frame: Option<Frame>,
    message: Option<Message>,
    state: State,
}

#[derive(Clone, Copy, Eq, PartialEq)]
enum State {
    Open,
    /// After a close frame.
    Closed,
    Failed,
}

/// The frame that has begun.
struct Frame {
    place: Place,
    opcode: Opcode,
    left: u64,
    /// What is to be reported of it, until it is.
    item: Option<Item>,
    preview: Preview,
    /// Whether the payload is shown as what it is made of.
    is_opened: bool,
    control: Vec<u8>,
}

/// The message that has begun.
struct Message {
    place: Place,
    kind: Kind,
    compressed: bool,
    frames: u64,
    wire_len: u64,
    len: u64,
    preview: Preview,
    /// What was inflated, until the end of the message tells how far: that comes first.
    held: Vec<u8>,
}

impl WebSocket {
    /// What follows a handshake that agreed on compression with these parameters, or on none. Without the handshake,
    /// whatever it may have agreed on is allowed.
    pub fn new(agreed: Option<Option<Params>>) -> Self {
        let direction = |sender| Direction::new(sender, agreed);
        let directions =
            Both { client: direction(Sender::Client), server: direction(Sender::Server) };
        Self { directions, inner: Inner::Unknown }
    }

    /// With messages of another protocol.
    pub fn with(mut self, inner: Inner) -> Self {
        self.inner = inner;
        self
    }

    /// Takes the byte of a header, which is shown once it is complete.
    fn header_byte(&mut self, place: Place, byte: u8, report: &mut dyn Report) {
        let direction = self.directions.of(place.sender);
        direction.header.push(byte);
        let len = direction.header.len();
        let start = Place { offset: place.offset.saturating_sub(len as u64 - 1), ..place };
        let mut copy = [byte];
        let mut input = &mut copy[..];
        // The decoder judges each byte as it comes, so that the error has its exact place.
        let part = match direction.decoder.decode(&mut input) {
            Ok(part) => part,
            Err(error) => {
                let item = Item::new(place, NAME, "frame").wire("header", &direction.header, "");
                direction.fail(item, error, report);
                return;
            }
        };
        let Ok(Some((header, _))) = FrameHeader::parse(&direction.header) else { return };
        let item = describe(start, &header, &direction.header);
        direction.header.clear();
        direction.begin(start, &header, item, report);
        if let Some(part) = part {
            self.part(start, part, report);
        }
        self.end_frame(place.sender, report);
    }

    /// Takes bytes of a payload. Returns how many.
    fn payload(&mut self, place: Place, input: &mut [u8], report: &mut dyn Report) -> usize {
        let direction = self.directions.of(place.sender);
        let Some(frame) = &mut direction.frame else { return 0 };
        let start = frame.place;
        let len = usize::try_from(frame.left).unwrap_or(usize::MAX).min(input.len());
        frame.left -= len as u64;
        let (mut input, _) = input.split_at_mut(len);
        let (original, before) = (input.to_vec(), direction.decoder.clone());
        loop {
            match self.directions.of(place.sender).decoder.decode(&mut input) {
                Ok(Some(part)) => self.part(start, part, report),
                Ok(None) => break,
                Err(error) => {
                    let fails = |decoder: &mut Decoder, mut byte: &mut [u8]| {
                        while let Ok(Some(_)) = decoder.decode(&mut byte) {}
                        decoder.error().is_some()
                    };
                    let place = place.after(failing_byte(&before, &original, fails));
                    let direction = self.directions.of(place.sender);
                    direction.show_frame(report);
                    direction.fail(Item::new(place, NAME, "payload"), error, report);
                    return len;
                }
            }
        }
        self.end_frame(place.sender, report);
        len
    }

    fn part(&mut self, start: Place, part: Part<'_>, report: &mut dyn Report) {
        let direction = self.directions.of(start.sender);
        let Some(frame) = &mut direction.frame else { return };
        let chunk = part.chunk();
        let Some(kind) = part.kind() else {
            frame.control.extend_from_slice(chunk.bytes);
            return;
        };
        frame.preview.push(chunk.bytes);
        if frame.preview.is_full() && matches!(self.inner, Inner::Unknown) {
            direction.show_frame(report);
        }
        if let Some(message) = &mut direction.message {
            message.wire_len += chunk.bytes.len() as u64;
        }
        match part {
            Part::Compressed(mut compressed) => {
                self.directions.of(start.sender).show_frame(report);
                let mut scratch = vec![0; SCRATCH];
                loop {
                    let direction = self.directions.of(start.sender);
                    match direction.inflater.inflate(&mut compressed, &mut scratch) {
                        Ok(Some(part)) => {
                            self.content(start.decoded(), kind, part.chunk(), report);
                        }
                        Ok(None) => break,
                        Err(error) => {
                            let item = Item::new(start.decoded(), NAME, "compressed message");
                            direction.fail(item, error, report);
                            break;
                        }
                    }
                }
            }
            _ => {
                // Within the frame, the offset is that of the payload's bytes.
                let direction = self.directions.of(start.sender);
                let done = direction.frame.as_ref().map_or(0, |frame| frame.preview.len());
                let header = direction.frame.as_ref().map_or(0, Frame::header_len);
                let skip = header + done - chunk.bytes.len() as u64;
                let place = start.after(usize::try_from(skip).unwrap_or(usize::MAX));
                self.content(place, kind, chunk, report);
            }
        }
    }

    /// Takes bytes of a message as the application sees them.
    fn content(&mut self, place: Place, kind: Kind, chunk: Chunk<'_>, report: &mut dyn Report) {
        let Chunk { bytes: content, end, .. } = chunk;
        let direction = self.directions.of(place.sender);
        let Some(message) = &mut direction.message else { return };
        let first = message.len == 0;
        message.len += content.len() as u64;
        message.preview.push(content);
        if first {
            self.inner.guess(content);
        }
        let is_opened = !matches!(self.inner, Inner::Unknown);
        if is_opened {
            if let Some(frame) = &mut direction.frame {
                frame.is_opened = true;
            }
            direction.show_frame(report);
        }
        let Some(message) = &mut direction.message else { return };
        if is_opened && message.compressed && !end && message.held.len() < MAX_HELD {
            message.held.extend_from_slice(content);
            return;
        }
        let (compressed, mut held) = (message.compressed, std::mem::take(&mut message.held));
        if end && compressed {
            direction.end_message(!is_opened, report);
        }
        let whole = if held.is_empty() {
            content
        } else {
            held.extend_from_slice(content);
            &held
        };
        let inside = if compressed { place.inside().inside() } else { place.inside() };
        self.inner.receive(inside, kind, Chunk { bytes: whole, ..chunk }, report);
        if end && !compressed {
            self.directions.of(place.sender).end_message(!is_opened, report);
        }
    }

    fn end_frame(&mut self, sender: Sender, report: &mut dyn Report) {
        let direction = self.directions.of(sender);
        if direction.state == State::Failed {
            return;
        }
        if direction.frame.as_ref().is_none_or(|frame| frame.left > 0) {
            return;
        }
        direction.show_frame(report);
        if let Some(frame) = direction.frame.take()
            && frame.opcode == Opcode::Close
        {
            direction.state = State::Closed;
        }
    }
}

impl Direction {
    fn new(sender: Sender, agreed: Option<Option<Params>>) -> Self {
        let role = match sender {
            Sender::Client => Role::Server,
            Sender::Server => Role::Client,
        };
        let accept = !matches!(agreed, Some(None));
        let params = agreed.flatten().unwrap_or_else(super::upgrade::usual_params);
        Self {
            decoder: Decoder::new(role, LIMITS).accept_compressed(accept),
            inflater: Inflater::new(role, params, LIMITS),
            header: Vec::new(),
            frame: None,
            message: None,
            state: State::Open,
        }
    }

    fn begin(&mut self, start: Place, header: &FrameHeader, item: Item, report: &dyn Report) {
        let opcode = header.opcode();
        if !opcode.is_control() {
            let kind = if opcode == Opcode::Text { Kind::Text } else { Kind::Binary };
            let message = self.message.get_or_insert_with(|| Message {
                place: start,
                kind,
                compressed: header.rsv()[0],
                frames: 0,
                wire_len: 0,
                len: 0,
                preview: report.preview(),
                held: Vec::new(),
            });
            message.frames += 1;
        }
        self.frame = Some(Frame {
            place: start,
            opcode,
            left: header.len(),
            item: Some(item),
            preview: report.preview(),
            is_opened: false,
            control: Vec::new(),
        });
    }

    /// Reports the current frame, unless that was done.
    fn show_frame(&mut self, report: &mut dyn Report) {
        let Some(frame) = &mut self.frame else { return };
        let Some(mut item) = frame.item.take() else { return };
        let len = frame.left + frame.preview.len();
        match frame.opcode {
            Opcode::Close => match CloseFrame::parse(&frame.control) {
                Ok(CloseFrame { code: CloseCode::NO_STATUS, .. }) => {
                    item = item.fact("code", "none");
                }
                Ok(close) => {
                    item = item.fact("code", close.code.to_string());
                    if !close.reason.is_empty() {
                        item = item.fact("reason", escaped(close.reason));
                    }
                }
                Err(error) => {
                    item = item.fact("payload", hex(&frame.control)).problem(problem(error));
                }
            },
            Opcode::Ping | Opcode::Pong if frame.control.is_empty() => {}
            Opcode::Ping | Opcode::Pong => {
                item = item.payload(report.preview().of(&frame.control));
            }
            _ if frame.preview.is_empty() || frame.is_opened => {}
            _ => item = item.payload(frame.preview.clone().announced(len)),
        }
        report.item(&item);
    }

    /// Reports a message whose frames do not show what it is.
    fn end_message(&mut self, shows: bool, report: &mut dyn Report) {
        let Some(message) = self.message.take() else { return };
        if !message.compressed && message.frames == 1 {
            return;
        }
        self.show_frame(report);
        let mut title = match message.kind {
            Kind::Text => "text message".to_owned(),
            Kind::Binary => "binary message".to_owned(),
        };
        title += &format!(", {}", bytes(message.len));
        if message.frames > 1 {
            title += &format!(" in {} frames", message.frames);
        }
        let place = if message.compressed { message.place.decoded() } else { message.place };
        let mut item = Item::new(place.inside(), NAME, title);
        if message.compressed {
            item = item.fact("compressed", shrunk(message.wire_len, message.len));
        }
        if shows && !message.preview.is_empty() {
            item = item.payload(message.preview);
        }
        report.item(&item);
    }

    fn fail(&mut self, item: Item, error: Error, report: &mut dyn Report) {
        self.state = State::Failed;
        let whose = format!("what the {} sends", item.place.sender.name());
        report.item(&item.problem(problem(error).ends(&whose)));
    }
}

impl Frame {
    fn header_len(&self) -> u64 {
        let masked = if self.place.sender == Sender::Client { 4 } else { 0 };
        let len = self.left + self.preview.len();
        masked
            + 2
            + if len > 0xFFFF {
                8
            } else if len > 125 {
                2
            } else {
                0
            }
    }
}

impl Inner {
    fn receive(&mut self, place: Place, kind: Kind, chunk: Chunk<'_>, report: &mut dyn Report) {
        match self {
            Self::Unknown => {}
            Self::Stomp(stomp) => stomp.receive(place, &mut chunk.bytes.to_vec(), report),
            Self::EngineIo(engineio) => engineio.message_part(place, kind, chunk, report),
            Self::Grpc(grpc) => grpc.message_part(place, chunk, report),
            Self::SockJs(sockjs) => sockjs.message_part(place, chunk, report),
        }
    }

    fn guess(&mut self, beginning: &[u8]) {
        if !matches!(self, Self::Unknown) {
            return;
        }
        if super::stomp::begins(beginning) {
            *self = Self::Stomp(Box::default());
        } else if beginning.starts_with(br#"0{"sid":"#) {
            *self = Self::EngineIo(Box::new(EngineIo::new("")));
        }
    }
}

impl Layer for WebSocket {
    fn receive(&mut self, mut place: Place, mut input: &mut [u8], report: &mut dyn Report) {
        while !input.is_empty() {
            let direction = self.directions.of(place.sender);
            let taken = match direction.state {
                State::Failed => return,
                State::Closed => {
                    let text = format!("{} after the close frame", bytes(input.len() as u64));
                    let note = Problem::note("nobody reads them (§1.4)");
                    report.item(&Item::new(place, NAME, text).problem(note));
                    direction.state = State::Failed;
                    return;
                }
                State::Open if direction.frame.is_some() => self.payload(place, input, report),
                State::Open => {
                    self.header_byte(place, input[0], report);
                    1
                }
            };
            input = &mut input[taken..];
            place = place.after(taken);
        }
    }

    fn end(&mut self, place: Place, report: &mut dyn Report) {
        let direction = self.directions.of(place.sender);
        if direction.state == State::Open && direction.decoder.check_eof().is_err() {
            direction.show_frame(report);
            let missing = match &direction.frame {
                Some(frame) => format!("{} of the payload are missing", bytes(frame.left)),
                None if direction.header.is_empty() => "a message is unfinished".to_owned(),
                None => format!("a header is cut off: {}", hex(&direction.header)),
            };
            let note = Problem::note(missing);
            report.item(&Item::new(place, NAME, "the stream ends inside a message").problem(note));
        }
        if let Inner::Stomp(stomp) = &mut self.inner {
            stomp.end(place.inside(), report);
        }
    }
}

fn problem(error: Error) -> Problem {
    let problem = Problem::new(&error, "RFC 6455", ERRORS);
    problem.answer(format!("a close frame with the code {}", error.close_code()))
}

/// The frame as its header tells it, field by field.
fn describe(place: Place, header: &FrameHeader, wire: &[u8]) -> Item {
    let opcode = format!("{:?}", header.opcode()).to_lowercase();
    let mut title = format!("{opcode}, {}", bytes(header.len()));
    let [rsv1, rsv2, rsv3] = header.rsv();
    let mut first = Vec::new();
    if header.fin() {
        first.push("FIN".to_owned());
    } else {
        title += ", to be continued";
    }
    if rsv1 {
        title += ", compressed";
        first.push("RSV1 (compressed)".to_owned());
    }
    first.extend(
        [(rsv2, "RSV2"), (rsv3, "RSV3")].iter().filter(|rsv| rsv.0).map(|rsv| rsv.1.into()),
    );
    first.push(format!("opcode {:x} ({opcode})", wire[0] & 0x0F));
    let mask = if header.key().is_some() { "MASK, " } else { "" };
    let short = match wire[1] & 0x7F {
        126 => "126: the length is in the next 2 bytes".to_owned(),
        127 => "127: the length is in the next 8 bytes".to_owned(),
        len => len.to_string(),
    };
    let item = Item::new(place, NAME, title).len(wire.len() as u64 + header.len());
    let item = item.wire("flags", &wire[..1], first.join(", ")).wire(
        "length",
        &wire[1..2],
        format!("{mask}{short}"),
    );
    let (long, key) = match (&wire[2..], header.key()) {
        (rest, Some(_)) => rest.split_at(rest.len().saturating_sub(4)),
        (rest, None) => (rest, &[][..]),
    };
    let item = match long {
        [] => item,
        _ => item.wire("extended length", long, header.len().to_string()),
    };
    match key {
        [] => item,
        _ => item.wire("masking key", key, ""),
    }
}
