//! WebSocket: an echo and a chat room.

use framewright::Buffer;
use framewright::http1::Request;
use framewright::ws::deflate::{Answer, Config, Deflater, Inflater, InflatingAssembler};
use framewright::ws::handshake::{Offer, Origins};
use framewright::ws::{
    Action, AssembleError, CloseCode, Connection, Encoder, Event, Keepalive, Limits, Message, Role,
    SendError, Server,
};

use crate::Shared;
use crate::output::Output;

/// The longest chat message, in bytes.
const CHAT_MESSAGE: u64 = 64 * 1024;

/// The two services over WebSocket.
#[derive(Clone, Copy, Eq, PartialEq)]
pub enum Place {
    Echo,
    Chat,
}

impl Place {
    pub fn at(path: &str) -> Option<Self> {
        match path {
            "/ws/echo" => Some(Self::Echo),
            "/ws/chat" => Some(Self::Chat),
            _ => None,
        }
    }

    /// Answers the opening handshake; returns `None` if it was refused.
    pub fn enter(
        self,
        request: &Request<'_>,
        out: &mut Output,
        shared: &Shared,
    ) -> Option<Session> {
        // No cookies are used here, but pages of other sites should not speak in this chat.
        let origins = Origins::same_host().or_absent();
        let offer = match Offer::from_request(request, origins) {
            Ok(offer) => offer,
            Err(e) => {
                e.refuse().write(out).expect("a Vec has room");
                return None;
            }
        };
        let (protocol, max_message) = match self {
            Self::Echo => (None, shared.max_message),
            Self::Chat => (offer.choose(&["chat"]), shared.max_message.min(CHAT_MESSAGE)),
        };
        if self == Self::Chat && protocol.is_none() {
            let why = b"the subprotocol here is chat\n";
            let refusal = offer.refuse(400).headers(&[("Content-Type", "text/plain")]).body(why);
            refusal.write(out).expect("a Vec has room");
            return None;
        }
        let deflate = match self {
            Self::Echo => shared.deflate,
            // A message that is compressed once for all members cannot refer to earlier ones, which
            // not all have received.
            Self::Chat => shared.deflate.map(|config| config.server_no_context_takeover(true)),
        };
        let answer = deflate.and_then(|config| config.negotiate(offer.extensions()));
        offer
            .accept()
            .protocol(protocol)
            .extensions(answer.as_ref().map(Answer::as_str))
            .write(out)
            .expect("both were offered, and a Vec has room");
        let limits = Limits::new().max_frame_len(max_message).max_message_len(max_message);
        let agreed = answer.map(|answer| answer.params());
        Some(Session {
            place: self,
            connection: Connection::server(limits).accept_compressed(agreed.is_some()),
            assembler: InflatingAssembler::new(
                Vec::new(),
                agreed.map(|agreed| Inflater::new(Role::Server, agreed, limits)),
            ),
            deflater: deflate
                .zip(agreed)
                .map(|(config, agreed)| Deflater::new(Role::Server, agreed, config)),
            keepalive: Keepalive::new(shared.now),
        })
    }
}

/// One WebSocket connection.
pub struct Session {
    place: Place,
    connection: Connection<Server>,
    assembler: InflatingAssembler<Vec<u8>>,
    /// `None` without compression.
    deflater: Option<Deflater>,
    keepalive: Keepalive,
}

impl Session {
    pub fn receive(&mut self, mut input: &mut [u8], out: &mut Output, shared: &mut Shared) {
        let Self { place, connection, assembler, deflater, keepalive } = self;
        keepalive.received(shared.now);
        while let Some(event) = connection.receive(&mut input) {
            if let Event::Part(part) = event {
                // Sending fails while we are closing, and then nobody waits for the message.
                let _ = match assembler.push(part, &mut shared.window) {
                    Ok(None) => Ok(()),
                    Ok(Some(message)) if *place == Place::Chat => shared.broadcast.say(message),
                    Ok(Some(message)) => match deflater {
                        Some(deflater) => connection
                            .encoder()
                            .and_then(|encoder| deflater.encode(message, encoder, out)),
                        None => connection.send(message, out),
                    },
                    Err(AssembleError::Peer(error)) => {
                        connection.fail(error);
                        Ok(())
                    }
                    Err(e) => connection.close(e.close_code(), "message cannot be kept", out),
                };
            }
            // Within the loop, so that every ping gets its pong, not only the newest.
            connection.transmit(out);
        }
        connection.transmit(out);
        // Hold no memory between messages.
        assembler.release();
        assembler.release_context();
        if connection.ready() == Err(SendError::Closing) {
            keepalive.closing(shared.now);
        }
    }

    /// Records that the peer takes its output.
    pub fn is_alive(&mut self, now: u64) {
        self.keepalive.received(now);
    }

    /// Whether we have to close the transport.
    pub fn is_over(&self) -> bool {
        self.connection.close_expected().is_some()
    }

    /// Checks the deadlines, and returns whether the peer is alive.
    pub fn tick(&mut self, now: u64, out: &mut Output) -> bool {
        match self.keepalive.poll(now) {
            None => true,
            Some(Action::Ping) => {
                // It fails while we are closing, and then nobody waits for a pong.
                let _ = self.connection.ping(b"", out);
                // The connection is idle, so the compressor gives up its context.
                if let Some(deflater) = &mut self.deflater {
                    deflater.release();
                }
                true
            }
            Some(Action::Dead | Action::CloseTimedOut) => false,
        }
    }

    pub fn shut_down(&mut self, now: u64, out: &mut Output) {
        // It fails if a close frame was sent already.
        let _ = self.connection.close(CloseCode::GOING_AWAY, "the gateway shuts down", out);
        self.keepalive.closing(now);
    }

    /// Passes on chat messages, and returns whether they were for this peer.
    pub fn hear(&mut self, heard: &Heard, by: Option<&Deflater>, out: &mut Output) -> bool {
        let hears = self.place == Place::Chat && self.connection.ready().is_ok();
        if hears {
            let admitted = match (&mut self.deflater, by) {
                (Some(own), Some(by)) => own.admit(by),
                _ => false,
            };
            let frames = if admitted { &heard.compressed } else { &heard.plain };
            out.try_append(frames).expect("a Vec has room");
        }
        hears
    }
}

/// Encodes chat messages once for all members.
pub struct Broadcast {
    said: Heard,
    deflater: Option<Deflater>,
}

/// Frames of the chat room, uncompressed and compressed.
#[derive(Default)]
pub struct Heard {
    plain: Vec<u8>,
    compressed: Vec<u8>,
}

impl Broadcast {
    pub fn new(deflate: Option<Config>) -> Self {
        let deflater = deflate.map(|config| Deflater::shared(15, config));
        Self { said: Heard::default(), deflater }
    }

    pub fn is_empty(&self) -> bool {
        self.said.plain.is_empty()
    }

    pub fn take(&mut self) -> Heard {
        std::mem::take(&mut self.said)
    }

    /// The compressor of the chat room.
    pub fn deflater(&self) -> Option<&Deflater> {
        self.deflater.as_ref()
    }

    fn say(&mut self, message: Message<'_>) -> Result<(), SendError> {
        Encoder::server().encode(message, &mut self.said.plain)?;
        match &mut self.deflater {
            Some(deflater) => {
                deflater.encode(message, &mut Encoder::server(), &mut self.said.compressed)
            }
            None => Ok(()),
        }
    }
}
