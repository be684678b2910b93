//! Engine.IO: packets in WebSocket messages or in bodies, and the packets of Socket.IO in them.

use framewright::engineio::{Base64, Error, Handshake, Kind, Packet, Part, PayloadDecoder};
use framewright::ws::{self, Message};
use framewright::{Chunk, socketio};

use super::layer::{Both, Layer, failing_byte};
use super::preview::{bytes, escaped};
use super::report::{Item, Place, Report, Sender};
use super::rule::Problem;

const NAME: &str = "Engine.IO";
const SOCKET_IO: &str = "Socket.IO";
const ERRORS: &str = include_str!("../../../src/engineio/error.rs");
const SOCKET_IO_ERRORS: &str = include_str!("../../../src/socketio/error.rs");
/// The longest packet that is joined to be decoded. Of a longer one, only the length is shown.
const MAX_PACKET_LEN: usize = 1 << 20;

/// Both directions of a session, on one transport.
pub struct EngineIo {
    directions: Both<Direction>,
}

struct Direction {
    /// Whether messages have to be packets of Socket.IO. Else they may be anything.
    is_socketio: bool,
    packets: socketio::Decoder,
    joined: Vec<u8>,
    len: u64,
    start: Option<Place>,
    payload: PayloadDecoder,
    failed: bool,
}

impl Default for Direction {
    fn default() -> Self {
        let limits = socketio::Limits::new().max_attachments_len(u64::MAX);
        Self {
            is_socketio: false,
            packets: socketio::Decoder::new(limits.max_attachments(u32::MAX)),
            joined: Vec::new(),
            len: 0,
            start: None,
            payload: PayloadDecoder::new(),
            failed: false,
        }
    }
}

impl EngineIo {
    /// A session whose requests are for `target`.
    pub fn new(target: &str) -> Self {
        let mut directions: Both<Direction> = Both::default();
        let is_socketio = target.contains("/socket.io");
        directions.client.is_socketio = is_socketio;
        directions.server.is_socketio = is_socketio;
        Self { directions }
    }

    /// Takes a part of a WebSocket message, which is a packet.
    pub fn message_part(
        &mut self,
        place: Place,
        kind: ws::Kind,
        part: Chunk<'_>,
        report: &mut dyn Report,
    ) {
        let direction = self.directions.of(place.sender);
        direction.join(place, part.bytes);
        if !part.end {
            return;
        }
        let (start, joined) = direction.take(place, report);
        let Some(joined) = joined else { return };
        let text = String::from_utf8_lossy(&joined);
        let message = match kind {
            ws::Kind::Text => Message::Text(&text),
            ws::Kind::Binary => Message::Binary(&joined),
        };
        match Packet::parse(message) {
            Ok(packet) => direction.packet(start, packet, report),
            Err(error) => report.item(&Item::new(start, NAME, "packet").problem(problem(error))),
        }
    }

    fn payload_part(&mut self, start: Place, part: &Part<'_>, report: &mut dyn Report) {
        let direction = self.directions.of(start.sender);
        let (kind, chunk) = match part {
            Part::Message(message) => (None, message.chunk),
            Part::Control(kind, chunk) => (Some(*kind), *chunk),
        };
        direction.join(start, chunk.bytes);
        if !chunk.end {
            return;
        }
        let (start, joined) = direction.take(start, report);
        let Some(joined) = joined else { return };
        let text = String::from_utf8_lossy(&joined);
        let packet = match (part, kind) {
            (_, Some(kind)) => Packet::Text(kind, &text),
            (Part::Message(message), None) if message.kind == ws::Kind::Binary => {
                Packet::Binary(&joined)
            }
            _ => Packet::Text(Kind::Message, &text),
        };
        direction.packet(start, packet, report);
    }
}

impl Direction {
    fn join(&mut self, place: Place, part: &[u8]) {
        self.start.get_or_insert(place);
        self.len += part.len() as u64;
        let room = MAX_PACKET_LEN - self.joined.len();
        self.joined.extend_from_slice(&part[..part.len().min(room)]);
    }

    /// Takes the packet that is complete, unless it is too long.
    fn take(&mut self, place: Place, report: &mut dyn Report) -> (Place, Option<Vec<u8>>) {
        let start = self.start.take().unwrap_or(place);
        let (len, joined) = (std::mem::take(&mut self.len), std::mem::take(&mut self.joined));
        if len <= MAX_PACKET_LEN as u64 {
            return (start, Some(joined));
        }
        let item = Item::new(start, NAME, format!("packet, {}", bytes(len)));
        let item = item.problem(Problem::note("too long to be decoded here"));
        report.item(&item.payload(report.preview().of(&joined).announced(len)));
        (start, None)
    }

    fn packet(&mut self, place: Place, packet: Packet<'_>, report: &mut dyn Report) {
        match packet {
            Packet::Text(Kind::Message, text) => self.text(place, text, report),
            Packet::Text(kind, data) => control(place, kind, data, report),
            Packet::Binary(attachment) => self.binary(place, attachment, report),
            Packet::Base64(base64) => {
                let mut attachment = Vec::new();
                match Base64::decode(&base64, &mut attachment) {
                    Ok(()) => self.binary(place.decoded(), &attachment, report),
                    Err(_) => report.item(&Item::new(place, NAME, "a message that is too long")),
                }
            }
        }
    }

    fn text(&mut self, place: Place, text: &str, report: &mut dyn Report) {
        let packet = match self.packets.decode_text(text, 0) {
            Ok(packet) => packet,
            Err(error) => {
                let mut item = Item::new(place, NAME, "message");
                if self.is_socketio {
                    item = item.problem(socketio_problem(error));
                }
                report.item(&item.payload(report.preview().of(text.as_bytes())));
                self.packets = Self::default().packets;
                return;
            }
        };
        let mut title = format!("{:?}", packet.kind).to_uppercase();
        if let Some(name) = packet.event_name() {
            title += &format!(" {:?}", escaped(name));
        }
        let mut item = Item::new(place, SOCKET_IO, title);
        if packet.namespace != "/" {
            item = item.fact("namespace", escaped(packet.namespace));
        }
        if let Some(id) = packet.id {
            item = item.fact("acknowledgement", id.to_string());
        }
        if packet.attachments > 0 {
            item = item.fact("attachments", packet.attachments.to_string());
        }
        let json = match packet.kind {
            socketio::Kind::Event => packet.arguments(),
            _ => packet.json.map_or("", socketio::Json::as_str),
        };
        if !json.is_empty() {
            item = item.payload(report.preview().of(json.as_bytes()));
        }
        report.item(&item);
    }

    fn binary(&mut self, place: Place, attachment: &[u8], report: &mut dyn Report) {
        let decoded = self.packets.decode_binary(Chunk::whole(attachment));
        let len = bytes(attachment.len() as u64);
        let item = match decoded {
            Ok(part) => Item::new(place, SOCKET_IO, format!("attachment {}, {len}", part.index)),
            Err(error) => {
                self.packets = Self::default().packets;
                let item = Item::new(place, NAME, format!("binary message, {len}"));
                if self.is_socketio { item.problem(socketio_problem(error)) } else { item }
            }
        };
        report.item(&item.payload(report.preview().of(attachment)));
    }
}

/// Reports a packet that is not a message.
fn control(place: Place, kind: Kind, data: &str, report: &mut dyn Report) {
    let mut item = Item::new(place, NAME, format!("{kind:?}").to_lowercase());
    if kind == Kind::Open && place.sender == Sender::Server {
        item = match Handshake::parse(data) {
            Ok(handshake) => item
                .fact("sid", escaped(handshake.sid))
                .fact("ping interval", format!("{} ms", handshake.ping_interval))
                .fact("ping timeout", format!("{} ms", handshake.ping_timeout)),
            Err(error) => item.problem(problem(error)),
        };
    }
    if !data.is_empty() {
        item = item.payload(report.preview().of(data.as_bytes()));
    }
    report.item(&item);
}

/// A body of polling: packets with separators between them.
impl Layer for EngineIo {
    fn receive(&mut self, place: Place, mut input: &mut [u8], report: &mut dyn Report) {
        let len = input.len();
        let (original, before) = (input.to_vec(), self.directions.of(place.sender).payload.clone());
        while !self.directions.of(place.sender).failed {
            let start = place.after(len - input.len());
            match self.directions.of(place.sender).payload.decode(&mut input) {
                Ok(Some(part)) => self.payload_part(start, &part, report),
                Ok(None) => return,
                Err(error) => {
                    let fails = |decoder: &mut PayloadDecoder, mut byte: &mut [u8]| loop {
                        match decoder.decode(&mut byte) {
                            Ok(Some(_)) => {}
                            Ok(None) => return false,
                            Err(_) => return true,
                        }
                    };
                    let place = place.after(failing_byte(&before, &original, fails));
                    self.directions.of(place.sender).failed = true;
                    let item = Item::new(place, NAME, "packets");
                    report.item(&item.problem(problem(error).ends("this body")));
                }
            }
        }
    }

    fn end(&mut self, place: Place, report: &mut dyn Report) {
        let direction = self.directions.of(place.sender);
        if direction.failed {
            return;
        }
        match direction.payload.receive_eof() {
            Ok(Some(part)) => self.payload_part(place, &part, report),
            Ok(None) => {}
            Err(error) => {
                report.item(&Item::new(place, NAME, "packets").problem(problem(error)));
            }
        }
    }
}

fn socketio_problem(error: socketio::Error) -> Problem {
    Problem::new(&error, "Socket.IO 5", SOCKET_IO_ERRORS)
        .answer("nothing: the connection is closed")
}

fn problem(error: Error) -> Problem {
    let problem = Problem::new(&error, "Engine.IO 4", ERRORS);
    problem.answer(format!(
        "over WebSocket a close frame with the code {}, else the status 400",
        error.close_code()
    ))
}
