use framewright::Buffer;
use framewright::http1::Request;
use framewright::ws::handshake::{Offer, Origins, refuse};
use framewright::ws::{
    Action, Assembler, CloseCode, Connection, Encoder, Event, Keepalive, Limits, Message, NoMask,
    SendError,
};

use crate::Shared;
use crate::output::Output;

/// The longest chat message, in bytes.
const CHAT_MESSAGE: u64 = 64 * 1024;
/// Memory for joined messages above this is given back after each.
const KEEP: usize = 16 * 1024;

/// Where a WebSocket leads.
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

    /// Answers the opening handshake; `None` if that was a refusal.
    pub fn enter(
        self,
        request: &Request<'_>,
        out: &mut Output,
        shared: &Shared,
    ) -> Option<Session> {
        // Nobody here goes by cookies. But a page of somebody else should not speak in this chat.
        let origins = Origins::same_host().or_absent();
        let offer = match Offer::from_request(request, origins) {
            Ok(offer) => offer,
            Err(e) => {
                e.respond(out).expect("a Vec has room");
                return None;
            }
        };
        let (protocol, max_message) = match self {
            Self::Echo => (None, shared.max_message),
            Self::Chat => (offer.choose(&["chat"]), shared.max_message.min(CHAT_MESSAGE)),
        };
        if self == Self::Chat && protocol.is_none() {
            let why = b"the subprotocol here is chat\n";
            refuse(400, &[("Content-Type", "text/plain")], why, out).expect("a Vec has room");
            return None;
        }
        offer.accept().protocol(protocol).write(out).expect("it was offered, and a Vec has room");
        let limits = Limits::new().max_frame_len(max_message).max_message_len(max_message);
        Some(Session {
            place: self,
            connection: Connection::server(limits),
            assembler: Assembler::new(Vec::new()),
            keepalive: Keepalive::new(shared.now),
        })
    }
}

/// One WebSocket connection.
pub struct Session {
    place: Place,
    connection: Connection<NoMask>,
    assembler: Assembler<Vec<u8>>,
    keepalive: Keepalive,
}

impl Session {
    pub fn receive(&mut self, mut input: &mut [u8], out: &mut Output, shared: &mut Shared) {
        let Self { place, connection, assembler, keepalive } = self;
        keepalive.received(shared.now);
        while let Some(event) = connection.receive(&mut input) {
            if let Event::Part(part) = event {
                // What cannot be sent any more is not: when we are closing, nobody waits for it.
                let _ = match assembler.push(part) {
                    Ok(None) => Ok(()),
                    Ok(Some(message)) if *place == Place::Echo => connection.send(message, out),
                    Ok(Some(message)) => broadcast(message, &mut shared.broadcast),
                    // The limits are in force, so only memory can be missing.
                    Err(_) => connection.close(CloseCode::TOO_BIG, "out of memory", out),
                };
            }
            // Within the loop, so that every ping gets its pong and not just the newest.
            connection.transmit(out);
        }
        connection.transmit(out);
        if assembler.storage().capacity() > KEEP {
            assembler.release();
        }
        if connection.ready() == Err(SendError::Closing) {
            keepalive.closing(shared.now);
        }
    }

    /// Notes that the peer takes what it is sent.
    pub fn is_alive(&mut self, now: u64) {
        self.keepalive.received(now);
    }

    /// Whether it is for us to close the transport.
    pub fn is_over(&self) -> bool {
        self.connection.close_expected().is_some()
    }

    /// Sees to deadlines; returns whether the peer is alive.
    pub fn tick(&mut self, now: u64, out: &mut Output) -> bool {
        match self.keepalive.poll(now) {
            None => true,
            Some(Action::Ping) => {
                // It fails when we are closing: then nobody waits for a pong.
                let _ = self.connection.ping(b"", out);
                true
            }
            Some(Action::Dead | Action::CloseTimedOut) => false,
        }
    }

    pub fn shut_down(&mut self, now: u64, out: &mut Output) {
        // It fails when a close frame was sent already.
        let _ = self.connection.close(CloseCode::GOING_AWAY, "the gateway shuts down", out);
        self.keepalive.closing(now);
    }

    /// Passes on frames of the chat room; tells whether they were for this peer.
    pub fn hear(&mut self, frames: &[u8], out: &mut Output) -> bool {
        let hears = self.place == Place::Chat && self.connection.ready().is_ok();
        if hears {
            out.try_append(frames).expect("a Vec has room");
        }
        hears
    }
}

/// Encodes a message once for all who will hear it.
fn broadcast(message: Message<'_>, frames: &mut Vec<u8>) -> Result<(), SendError> {
    Encoder::new(NoMask).encode(message, frames)
}
