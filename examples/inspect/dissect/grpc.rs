//! gRPC: messages, and the trailers and heads that gRPC-Web puts between them.

use std::io::Read;

use flate2::read::{GzDecoder, ZlibDecoder};
use framewright::Chunk;
use framewright::grpc::web::{SocketDecoder, SocketPart, TextDecoder};
use framewright::grpc::{
    ContentType, Decoder, Error, Frame, Framing, Limits, Part, Prefix, Status,
};
use framewright::http::{Field, Headers};

use super::layer::{Both, Layer};
use super::preview::{Preview, bytes, escaped, hex, lossy};
use super::protobuf;
use super::report::{Item, Place, Report, Sender};
use super::rule::Problem;

const NAME: &str = "gRPC";
const ERRORS: &str = include_str!("../../../src/grpc/error.rs");
/// How much of a message is kept, to be shown as Protobuf.
const MAX_KEPT_LEN: usize = 64 * 1024;

/// The messages of a call, or of one of its directions.
pub struct Grpc {
    directions: Both<Direction>,
}

struct Direction {
    decoder: Decoder,
    /// Where the bytes are base64.
    text: Option<TextDecoder>,
    coding: Coding,
    prefix: Vec<u8>,
    message: Option<Message>,
    failed: bool,
}

/// How messages are compressed.
#[derive(Clone, Copy)]
enum Coding {
    Deflate,
    Gzip,
    Other,
}

/// The message that has begun.
struct Message {
    place: Place,
    prefix: Prefix,
    left: u64,
    kept: Vec<u8>,
}

impl Direction {
    fn new(decoder: Decoder, is_text: bool, encoding: &[u8]) -> Self {
        let is_encoded = !encoding.is_empty() && !encoding.eq_ignore_ascii_case(b"identity");
        Self {
            decoder: decoder.accept_compressed(is_encoded),
            text: is_text.then(TextDecoder::new),
            coding: match encoding {
                b"deflate" => Coding::Deflate,
                b"gzip" => Coding::Gzip,
                _ => Coding::Other,
            },
            prefix: Vec::new(),
            message: None,
            failed: false,
        }
    }
}

impl Grpc {
    /// The body of a request and of a response with these headers.
    pub fn new(content_type: ContentType, encoding: &[u8]) -> Self {
        let is_web = content_type.framing != Framing::Grpc;
        let is_text = content_type.framing == Framing::WebText;
        let requests = Decoder::new(LIMITS);
        let responses = if is_web { requests.clone().with_trailers() } else { requests.clone() };
        Self {
            directions: Both {
                client: Direction::new(requests, is_text, encoding),
                server: Direction::new(responses, is_text, encoding),
            },
        }
    }

    /// Messages without a head before them, which may be compressed.
    pub fn headless() -> Self {
        Self::new(ContentType::GRPC, b"unknown")
    }

    /// Takes bytes that are messages, not base64.
    fn messages(&mut self, mut place: Place, mut input: &[u8], report: &mut dyn Report) {
        let direction = self.directions.of(place.sender);
        while !input.is_empty() && !direction.failed {
            let left = direction.message.as_ref().map_or(1, |message| message.left);
            let len = usize::try_from(left).unwrap_or(usize::MAX).min(input.len());
            let (mut piece, rest) = input.split_at(len);
            if direction.message.is_none() {
                direction.prefix_byte(place, piece, report);
            } else {
                direction.piece(&mut piece, report);
            }
            input = rest;
            place = place.after(len);
        }
    }
}

impl Direction {
    /// Takes the byte of a prefix, which is shown once it is complete.
    fn prefix_byte(&mut self, place: Place, mut byte: &[u8], report: &mut dyn Report) {
        self.prefix.extend_from_slice(byte);
        let before = self.prefix.len() as u64 - 1;
        let start = Place { offset: place.offset.saturating_sub(before), ..place };
        let start = if place.exact { start } else { place };
        let part = match self.decoder.decode(&mut byte) {
            Ok(part) => part,
            Err(error) => {
                let item = Item::new(place, NAME, "message");
                self.fail(item.wire("prefix", &self.prefix, ""), error, report);
                return;
            }
        };
        let Some(prefix) = self.prefix.first_chunk().map(|prefix| Prefix::parse(*prefix)) else {
            return;
        };
        self.prefix.clear();
        let left = u64::from(prefix.len);
        self.message = Some(Message { place: start, prefix, left, kept: Vec::new() });
        if let Some(part) = part {
            self.part(&part, report);
        }
    }

    /// Takes a piece of a payload, no longer than the payload.
    fn piece(&mut self, piece: &mut &[u8], report: &mut dyn Report) {
        if let Some(message) = &mut self.message {
            message.left -= piece.len() as u64;
        }
        while let Ok(Some(part)) = self.decoder.decode(piece) {
            self.part(&part, report);
        }
    }

    fn part(&mut self, part: &Part<'_>, report: &mut dyn Report) {
        let Some(message) = &mut self.message else { return };
        let chunk = part.chunk();
        let room = MAX_KEPT_LEN - message.kept.len();
        message.kept.extend_from_slice(&chunk.bytes[..chunk.bytes.len().min(room)]);
        if chunk.end
            && let Some(message) = self.message.take()
        {
            let item = message.into_item(part.frame(), self.coding, report);
            report.item(&item);
        }
    }

    fn fail(&mut self, item: Item, error: Error, report: &mut dyn Report) {
        self.failed = true;
        let whose = format!("what the {} sends in this call", item.place.sender.name());
        report.item(&item.problem(problem(error).ends(&whose)));
    }
}

const LIMITS: Limits = Limits::new().max_message_len(u64::MAX).max_trailers_len(1 << 20);

impl Message {
    fn into_item(self, frame: Frame, coding: Coding, report: &dyn Report) -> Item {
        let Self { place, prefix, kept, .. } = self;
        let is_compressed = prefix.flags & Prefix::COMPRESSED != 0;
        let mut title = match frame {
            Frame::Message => "message, ",
            Frame::Trailers => "trailers, ",
            Frame::Head => "head, ",
        }
        .to_owned();
        title += &bytes(prefix.len.into());
        if is_compressed {
            title += ", compressed";
        }
        let [flags, len @ ..] = prefix.to_bytes();
        let meaning = match (is_compressed, frame) {
            (true, _) => "compressed",
            (false, Frame::Message) => "not compressed",
            (false, _) => "trailers",
        };
        let item = Item::new(place, NAME, title).wire("flags", &[flags], meaning).wire(
            "length",
            &len,
            prefix.len.to_string(),
        );
        if frame != Frame::Message && !is_compressed {
            return match Headers::parse_lax(&kept) {
                Some(headers) => head(item, headers),
                None => item.problem(problem(Error::TrailersMalformed)),
            };
        }
        let inflated = if is_compressed { inflate(&kept, coding) } else { None };
        let is_whole = kept.len() as u64 == u64::from(prefix.len);
        let protobuf = inflated.as_deref().unwrap_or(&kept);
        let fields = if is_whole && (inflated.is_some() || !is_compressed) {
            protobuf::fields(protobuf)
        } else {
            None
        };
        if let Some(fields) = fields.filter(|fields| !fields.is_empty()) {
            return fields.into_iter().fold(item, |item, (name, value)| item.fact(name, value));
        }
        if prefix.len == 0 {
            return item;
        }
        item.payload(match &inflated {
            Some(inflated) => report.preview().of(inflated),
            None => report.preview().of(&kept).announced(prefix.len.into()),
        })
    }
}

/// Inflates the beginning of a message, if it is compressed with gzip or deflate.
fn inflate(kept: &[u8], coding: Coding) -> Option<Vec<u8>> {
    let inflater: &mut dyn Read = match coding {
        Coding::Deflate => &mut ZlibDecoder::new(kept),
        Coding::Gzip => &mut GzDecoder::new(kept),
        Coding::Other => return None,
    };
    let mut inflated = Vec::new();
    inflater.take(MAX_KEPT_LEN as u64).read_to_end(&mut inflated).ok()?;
    Some(inflated)
}

impl Layer for Grpc {
    fn receive(&mut self, place: Place, mut input: &mut [u8], report: &mut dyn Report) {
        let direction = self.directions.of(place.sender);
        let Some(text) = &mut direction.text else {
            return self.messages(place, input, report);
        };
        match text.decode(&mut input) {
            Ok(Some(decoded)) => self.messages(place.decoded(), decoded, report),
            Ok(None) => {}
            Err(error) if !direction.failed => {
                direction.fail(Item::new(place.decoded(), NAME, "body"), error, report);
            }
            Err(_) => {}
        }
    }

    fn end(&mut self, place: Place, report: &mut dyn Report) {
        let direction = self.directions.of(place.sender);
        if direction.failed || direction.decoder.check_eof().is_ok() {
            return;
        }
        let (item, missing) = match direction.message.take() {
            Some(message) => {
                let missing = format!("{} of it are missing", bytes(message.left));
                (message.into_item(Frame::Message, Coding::Other, report), missing)
            }
            None => (
                Item::new(place, NAME, "prefix"),
                format!("it is cut off after {}", hex(&direction.prefix)),
            ),
        };
        report.item(&item.problem(Problem::note(missing)));
    }
}

/// gRPC-Web in WebSocket messages: a head, and the messages of a call.
pub struct GrpcSocket {
    requests: SocketDecoder,
    head: Preview,
    grpc: Grpc,
}

impl GrpcSocket {
    pub fn new() -> Self {
        let mut grpc = Grpc::new(ContentType::WEB, b"unknown");
        grpc.directions.server.decoder = Decoder::new(LIMITS).with_head_and_trailers();
        Self { requests: SocketDecoder::new(), head: Preview::new(MAX_KEPT_LEN), grpc }
    }

    /// Takes a part of a binary message.
    pub fn message_part(&mut self, place: Place, chunk: Chunk<'_>, report: &mut dyn Report) {
        if place.sender == Sender::Server {
            return self.grpc.messages(place, chunk.bytes, report);
        }
        match self.requests.decode(chunk) {
            Ok(Some(SocketPart::Head(part))) => {
                self.head.push(part.bytes);
                if part.end {
                    let item = Item::new(place, NAME, "head");
                    let head = Headers::parse_lax(self.head.bytes());
                    report.item(&match head {
                        Some(headers) => self::head(item, headers),
                        None => item.problem(Problem::note("it is no list of headers")),
                    });
                }
            }
            Ok(Some(SocketPart::Data(data))) => {
                let control = chunk.bytes.len() - data.len();
                self.grpc.messages(place.after(control), data, report);
            }
            Ok(Some(SocketPart::HalfClose)) => {
                report.item(&Item::new(place, NAME, "the last message was sent"));
            }
            Ok(None) => {}
            Err(error) => {
                if !self.grpc.directions.client.failed {
                    let item = Item::new(place, NAME, "message");
                    self.grpc.directions.client.fail(item, error, report);
                }
            }
        }
    }
}

/// Adds fields, and the status that they say.
fn head(mut item: Item, headers: Headers<'_>) -> Item {
    for (name, value) in headers {
        item = item.fact(escaped(name), lossy(value));
    }
    match status(headers) {
        Some(status) => item.fact("status of the call", status),
        None => item,
    }
}

/// The status among trailers, if there is one.
pub fn status<'a>(trailers: impl IntoIterator<Item: Field<'a>>) -> Option<String> {
    let status = Status::parse(trailers)?;
    let mut message = Vec::new();
    status.message.decode(&mut message).expect("a Vec takes everything");
    Some(match &message[..] {
        [] => status.code.name().to_owned(),
        message => format!("{}: {}", status.code.name(), lossy(message)),
    })
}

fn problem(error: Error) -> Problem {
    Problem::new(&error, "gRPC", ERRORS).answer(format!("the status {}", error.code().name()))
}
