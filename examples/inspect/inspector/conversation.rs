//! One connection: which protocol it is, and its bytes in both directions.

use super::dissect::engineio::EngineIo;
use super::dissect::grpc::Grpc;
use super::dissect::http1::Http1;
use super::dissect::http2::Http2;
use super::dissect::layer::{Both, Layer, Plain};
use super::dissect::preview::{bytes, hex};
use super::dissect::report::{Item, Place, Report, Sender};
use super::dissect::rule::Problem;
use super::dissect::sse::Sse;
use super::dissect::stomp::Stomp;
use super::dissect::websocket::WebSocket;
use super::guess::{self, ENOUGH, Protocol};

/// A connection, or one stream of bytes.
pub struct Conversation {
    /// The protocol that the user has named.
    protocol: Option<Protocol>,
    /// Whether it is known who is who.
    roles_known: bool,
    /// Whether what is called the client is the server.
    swapped: bool,
    layer: Option<Box<dyn Layer>>,
    directions: Both<Direction>,
}

#[derive(Default)]
struct Direction {
    /// How many bytes have come.
    len: u64,
    /// The first of them, until they tell the protocol.
    beginning: Vec<u8>,
    /// Whether nothing more can be decoded.
    lost: bool,
    ended: bool,
}

impl Conversation {
    /// A conversation in which it is known who is who, or in which the first bytes may tell otherwise.
    pub fn new(protocol: Option<Protocol>, roles_known: bool) -> Self {
        Self { protocol, roles_known, swapped: false, layer: None, directions: Both::default() }
    }

    pub fn receive(&mut self, sender: Sender, input: &mut [u8], report: &mut dyn Report) {
        let direction = self.directions.of(sender);
        if direction.lost || direction.ended || input.is_empty() {
            return;
        }
        if self.layer.is_some() && direction.beginning.is_empty() {
            return self.pass_on(sender, input, report);
        }
        direction.beginning.extend_from_slice(input);
        self.begin(sender, false, report);
    }

    /// Notes that `len` bytes of `sender` were not captured.
    pub fn skip(&mut self, sender: Sender, len: u64, report: &mut dyn Report) {
        self.begin(sender, true, report);
        let place = self.place(sender);
        let direction = self.directions.of(sender);
        if !direction.lost && !direction.ended {
            direction.lost = true;
            let whose = format!("what the {} sends", place.sender.name());
            let note = Problem::note("where the next frame begins cannot be known").ends(&whose);
            let title = format!("{} are not in the capture", bytes(len));
            report.item(&Item::new(place, "TCP", title).problem(note));
        }
    }

    pub fn end(&mut self, sender: Sender, report: &mut dyn Report) {
        self.begin(sender, true, report);
        let place = self.place(sender);
        let direction = self.directions.of(sender);
        if !std::mem::replace(&mut direction.ended, true)
            && !direction.lost
            && let Some(layer) = &mut self.layer
        {
            layer.end(place, report);
        }
    }

    /// Begins to decode, once the first bytes tell what they are. `end` is whether no more will come.
    fn begin(&mut self, sender: Sender, end: bool, report: &mut dyn Report) {
        let direction = self.directions.of(sender);
        if direction.beginning.is_empty() {
            return;
        }
        if self.layer.is_none() {
            let (protocol, known_sender) = match self.protocol {
                Some(protocol) => (protocol, None),
                None => match guess::guess(&direction.beginning) {
                    Some(guess) => guess,
                    None if end || direction.beginning.len() >= ENOUGH => {
                        let mut padded = direction.beginning.clone();
                        padded.resize(ENOUGH.max(padded.len()), 0);
                        guess::guess(&padded).unwrap_or((Protocol::Unknown, None))
                    }
                    None => return,
                },
            };
            if !self.roles_known {
                let known = known_sender.or_else(|| self.told_by_name(protocol, sender));
                self.swapped = known.is_some_and(|known| known != sender);
                self.roles_known = true;
            }
            self.layer = Some(self.layer(protocol, sender, report));
        }
        let mut beginning = std::mem::take(&mut self.directions.of(sender).beginning);
        self.pass_on(sender, &mut beginning, report);
    }

    /// Who sends the bytes, if the user has named a protocol.
    fn told_by_name(&mut self, protocol: Protocol, sender: Sender) -> Option<Sender> {
        let beginning = &self.directions.of(sender).beginning;
        guess::guess(beginning).filter(|(guess, _)| *guess == protocol)?.1
    }

    fn layer(
        &mut self,
        protocol: Protocol,
        sender: Sender,
        report: &mut dyn Report,
    ) -> Box<dyn Layer> {
        match protocol {
            Protocol::Http1 => Box::new(Http1::new()),
            Protocol::Http2 => Box::new(Http2::new()),
            Protocol::WebSocket => Box::new(WebSocket::new(None)),
            Protocol::Sse => Box::new(Sse::new()),
            Protocol::Grpc => Box::new(Grpc::headless()),
            Protocol::Stomp => Box::new(Stomp::new()),
            Protocol::EngineIo => Box::new(EngineIo::new("")),
            Protocol::Tls => {
                self.opaque(sender, "TLS", "it is encrypted: capture it before", report)
            }
            Protocol::Unknown => {
                self.opaque(sender, "unknown", "no protocol is known to begin like this", report)
            }
        }
    }

    /// Says that nothing can be decoded, and why.
    fn opaque(
        &mut self,
        sender: Sender,
        name: &'static str,
        why: &str,
        report: &mut dyn Report,
    ) -> Box<dyn Layer> {
        let place = self.place(sender);
        let beginning = &self.directions.of(sender).beginning;
        let begins = hex(&beginning[..beginning.len().min(ENOUGH)]);
        let item = Item::new(place, name, "stream").fact("begins with", begins);
        report.item(&item.problem(Problem::note(why)));
        Box::new(Plain::new(name))
    }

    fn pass_on(&mut self, sender: Sender, input: &mut [u8], report: &mut dyn Report) {
        let place = self.place(sender);
        self.directions.of(sender).len += input.len() as u64;
        if let Some(layer) = &mut self.layer {
            layer.receive(place, input, report);
        }
    }

    /// Where the next byte of `sender` stands.
    fn place(&mut self, sender: Sender) -> Place {
        let offset = self.directions.of(sender).len;
        let sender = if self.swapped { sender.other() } else { sender };
        Place { offset, ..Place::start(sender) }
    }
}
