//! WebSocket: an echo, a chat room, topics of STOMP, sessions of a hub, and a tunnel for calls of gRPC-Web.

use framewright::Buffer;
use framewright::grpc::web;
use framewright::http::Field;
use framewright::stomp::SUBPROTOCOLS;
use framewright::ws::deflate::Deflater;
use framewright::ws::handshake::{Acceptance, Offer, Origins, Refusal};
use framewright::ws::{
    Action, CloseCode, Connection, Event, Inbox, Keepalive, Limits, Message, MessageEvent, Server,
};

use crate::Shared;
use crate::call;
use crate::hub::Outgoing;
use crate::hubs::Exchange;
use crate::output::Output;
use crate::request::{Request, Version};
use crate::response::Response;
use crate::room::{CHAT_MESSAGE, Heard};
use crate::service::Filled;
use crate::stomp;
use crate::tunnel::Tunnel;

/// Replies of a call are written at most this many bytes ahead of their reader.
const AHEAD: usize = 64 * 1024;

/// The longest message of a hub's session, in bytes: Engine.IO adds its type to one of its own limit.
const HUB_MESSAGE: u64 = 1_000_001;

const PLAIN: &[(&str, &str)] = &[("Content-Type", "text/plain")];

/// The services over WebSocket.
pub enum Place {
    Echo,
    Chat,
    Stomp,
    Tunnel,
    Hub(Exchange),
}

impl Place {
    /// The service that a request is for.
    pub fn of(request: &Request<'_>) -> Option<Self> {
        let opens = match request.version {
            Version::Http1 => matches!(request.method, "GET" | "HEAD"),
            Version::Http2 => matches!(request.method, "GET" | "HEAD" | "CONNECT"),
        };
        match request.path {
            _ if !opens => None,
            "/ws/echo" => Some(Self::Echo),
            "/ws/chat" => Some(Self::Chat),
            "/stomp" => Some(Self::Stomp),
            path if call::is_method(path) && request.offers_websocket => Some(Self::Tunnel),
            _ => None,
        }
    }

    /// Pages of which origins may open it.
    pub fn origins(&self, shared: &Shared) -> Origins<'static> {
        match self {
            Self::Echo | Self::Chat | Self::Stomp => shared.origins,
            // Every page may call the service, as it may over HTTP. Hubs have been asked.
            Self::Tunnel | Self::Hub(_) => Origins::any().or_absent(),
        }
    }

    fn speaks_stomp(&self) -> bool {
        match self {
            Self::Stomp => true,
            Self::Hub(exchange) => exchange.speaks_stomp(),
            Self::Echo | Self::Chat | Self::Tunnel => false,
        }
    }

    /// Picks what to answer a client that has made a valid offer.
    pub fn answer<'o, 'a, H>(
        &self,
        offer: &'o Offer<'a, H>,
        shared: &Shared,
    ) -> Result<Acceptance<'o, 'a, H>, Refusal<'static>>
    where
        H: Clone + IntoIterator<Item: Field<'a>>,
    {
        let required = match self {
            Self::Echo | Self::Stomp | Self::Hub(_) => None,
            Self::Chat => Some(("chat", "the subprotocol here is chat\n")),
            Self::Tunnel => Some((web::PROTOCOL, "the subprotocol here is grpc-websockets\n")),
        };
        let protocol = match required {
            Some((name, why)) => match offer.choose(&[name]) {
                None => return Err(offer.refuse(400).headers(PLAIN).body(why.as_bytes())),
                chosen => chosen,
            },
            // Clients of STOMP may name a version, and some do not.
            None if self.speaks_stomp() => offer.choose(&SUBPROTOCOLS),
            None => None,
        };
        let deflate = match self {
            // A page cannot choose what its browser offers.
            Self::Echo if offer.resource_name().contains("deflate=off") => None,
            Self::Echo | Self::Stomp => shared.deflate,
            // A message that is compressed once for all members cannot refer to earlier ones, which
            // not all have received.
            Self::Chat => shared.deflate.map(|config| config.server_no_context_takeover(true)),
            // gRPC compresses its messages by itself.
            Self::Tunnel => None,
            // As with other servers: a client that compresses may send its next request before the message.
            Self::Hub(_) => None,
        };
        Ok(offer.accept().protocol(protocol).compression(deflate))
    }

    /// Begins the session of a client that was accepted.
    pub fn enter<'a, H>(
        self,
        request: &Request<'_>,
        acceptance: &Acceptance<'_, 'a, H>,
        shared: &Shared,
    ) -> Session
    where
        H: Clone + IntoIterator<Item: Field<'a>>,
    {
        let max_len = match self {
            Self::Chat => shared.max_message.min(CHAT_MESSAGE),
            Self::Hub(_) => shared.max_message.min(HUB_MESSAGE),
            Self::Echo | Self::Stomp | Self::Tunnel => shared.max_message,
        };
        let service = match self {
            Self::Echo => Service::Echo,
            Self::Chat => Service::Chat,
            Self::Stomp => Service::Stomp(shared.stomp.open(shared.now)),
            Self::Tunnel => Service::Tunnel(Tunnel::new(request.path, shared.now)),
            Self::Hub(exchange) => Service::Hub(exchange),
        };
        let limits = Limits::new().max_frame_len(max_len).max_message_len(max_len);
        Session {
            service,
            connection: acceptance.connection(limits),
            inbox: Inbox::new(Vec::new()),
            keepalive: Keepalive::new(shared.now),
        }
    }
}

/// One WebSocket connection.
pub struct Session {
    service: Service,
    connection: Connection<Server>,
    /// Unused by a call, which takes the bytes of its messages as they come.
    inbox: Inbox<Vec<u8>>,
    keepalive: Keepalive,
}

enum Service {
    Echo,
    Chat,
    Stomp(stomp::Client),
    Tunnel(Tunnel),
    Hub(Exchange),
}

impl Session {
    /// Returns where to read next: `buffer`, or the place of a long message.
    pub fn read_target<'b>(&'b mut self, buffer: &'b mut [u8]) -> &'b mut [u8] {
        match self.service {
            Service::Tunnel(_) => buffer,
            _ => self.connection.read_target(buffer, &mut self.inbox),
        }
    }

    /// Returns how many of the `len` bytes that were read there are in the `buffer`.
    pub fn filled(&mut self, buffer: &[u8], len: usize) -> usize {
        match self.service {
            Service::Tunnel(_) => len,
            _ => self.inbox.filled(buffer, len).len(),
        }
    }

    /// Receives what was read. Everything written before has gone out by then, so that a peer that does
    /// not take its pongs gets only the newest.
    pub fn receive(&mut self, input: &mut [u8], out: &mut Output, shared: &mut Shared) {
        self.keepalive.received(shared.now);
        match self.service {
            Service::Tunnel(_) => self.receive_parts(input, out, shared),
            _ => self.receive_messages(input, out, shared),
        }
        self.connection.transmit(out);
        if self.connection.is_closing() {
            self.keepalive.closing(shared.now);
        }
    }

    fn receive_messages(&mut self, mut input: &[u8], out: &mut Output, shared: &mut Shared) {
        let Self { service, connection, inbox, .. } = self;
        while let Some(event) = connection.receive_message(&mut input, inbox) {
            if let MessageEvent::Message(_) = event {
                shared.figures.messages += 1;
                // Sending fails while we are closing, and then nobody waits for the message.
                let _ = match service {
                    Service::Chat => match shared.broadcast.say(inbox.message()) {
                        Ok(()) => Ok(()),
                        Err(why) => connection.close(CloseCode::TRY_AGAIN_LATER, why, out),
                    },
                    Service::Stomp(client) => {
                        client.receive(inbox.message().as_bytes(), shared.now);
                        Ok(())
                    }
                    Service::Hub(exchange) => {
                        exchange.receive_message(inbox.message(), shared.now);
                        Ok(())
                    }
                    Service::Echo | Service::Tunnel(_) => connection.send(inbox.message(), out),
                };
            }
            // Within the loop, so that every ping gets its pong, not only the newest.
            connection.transmit(out);
        }
        // Hold no message in memory while nothing comes.
        inbox.release();
    }

    fn receive_parts(&mut self, mut input: &mut [u8], out: &mut Output, shared: &Shared) {
        let Self { service: Service::Tunnel(tunnel), connection, .. } = self else { return };
        while let Some(event) = connection.receive(&mut input) {
            match event {
                Event::Part(part) => {
                    if let Err(code) = tunnel.receive(part, shared.now) {
                        // It fails while we are closing, and then the peer knows already.
                        let _ = connection.close(code, "", out);
                    }
                }
                Event::Close(_) | Event::Failed(_) => tunnel.disconnect(),
            }
            connection.transmit(out);
        }
    }

    /// Writes what a call or a broker has to say, and closes after its end.
    pub fn fill(&mut self, out: &mut Output, shared: &mut Shared) -> Filled {
        let tunnel = match &mut self.service {
            Service::Tunnel(tunnel) => tunnel,
            Service::Stomp(_) => return self.fill_frames(out, shared.now),
            Service::Hub(_) => return self.fill_messages(out, shared.now),
            Service::Echo | Service::Chat => return Filled::ALL,
        };
        if self.connection.ready().is_err() {
            return Filled::ALL;
        }
        let head = tunnel.take_head();
        let mut reply = Response::default();
        reply.body.borrow(&mut shared.scratch);
        let filled = tunnel.fill(AHEAD.saturating_sub(out.pending()), &mut reply, shared.now);
        if let Some(progress) = tunnel.progress() {
            shared.figures.grpc.count(progress);
        }
        self.send_bytes(&head, out);
        self.send_bytes(reply.body.unsent(), out);
        reply.body.clear();
        reply.body.give_back(&mut shared.scratch);
        let Filled::End = filled else { return filled };
        self.close(CloseCode::NORMAL, "", shared.now, out);
        Filled::ALL
    }

    /// Writes what the broker has for this client. While that waits to be sent, more stays in the broker, which
    /// gives up a client that is too slow.
    fn fill_frames(&mut self, out: &mut Output, now: u64) -> Filled {
        let Service::Stomp(client) = &self.service else { return Filled::ALL };
        if self.connection.ready().is_err() || out.pending() > AHEAD {
            return Filled::ALL;
        }
        let (frames, over) = client.output(now);
        let deadline = client.deadline();
        if !frames.is_empty() {
            // Text wherever it is, because some clients take nothing else.
            let text = std::str::from_utf8(&frames);
            let message = text.map_or(Message::Binary(&frames), Message::Text);
            self.connection.send(message, out).expect("it was ready, and a Vec has room");
        }
        if over {
            self.close(CloseCode::NORMAL, "", now, out);
            return Filled::ALL;
        }
        Filled::Until(deadline)
    }

    /// Writes what a hub has for this client.
    fn fill_messages(&mut self, out: &mut Output, now: u64) -> Filled {
        let Service::Hub(exchange) = &self.service else { return Filled::ALL };
        while self.connection.ready().is_ok()
            && out.pending() <= AHEAD
            && let Some(outgoing) = exchange.next_message(now)
        {
            match outgoing {
                Outgoing::Message(message) => self.connection.send(message.as_message(), out),
                Outgoing::Close(code, reason) => {
                    self.keepalive.closing(now);
                    self.connection.close(code, &reason, out)
                }
            }
            .expect("it was ready, and a Vec has room");
        }
        Filled::ALL
    }

    /// Whether it has to reply before it receives more.
    pub fn is_behind(&self) -> bool {
        let waits = matches!(&self.service, Service::Tunnel(tunnel) if tunnel.is_behind());
        waits && self.connection.ready().is_ok()
    }

    /// Whether others may make it say something.
    pub fn hears_others(&self) -> bool {
        matches!(self.service, Service::Stomp(_) | Service::Hub(_))
    }

    /// Whether what the peer says goes to others.
    pub fn publishes(&self) -> bool {
        match &self.service {
            Service::Stomp(_) | Service::Chat => true,
            Service::Hub(exchange) => exchange.publishes(),
            _ => false,
        }
    }

    fn send_bytes(&mut self, bytes: &[u8], out: &mut Output) {
        if !bytes.is_empty() {
            // It fails while we are closing, and then nobody waits for it.
            let _ = self.connection.send(bytes, out);
        }
    }

    fn close(&mut self, code: CloseCode, reason: &str, now: u64, out: &mut Output) {
        // It fails if a close frame was sent already.
        let _ = self.connection.close(code, reason, out);
        self.keepalive.closing(now);
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
                // It is idle, so it gives up the context of its compressor.
                self.connection.release_compression();
                true
            }
            Some(Action::Dead | Action::CloseTimedOut) => false,
        }
    }

    pub fn shut_down(&mut self, now: u64, out: &mut Output) {
        if let Service::Tunnel(tunnel) = &mut self.service {
            let mut reply = Response::default();
            tunnel.shut_down(&mut reply);
            self.send_bytes(reply.body.unsent(), out);
        }
        self.close(CloseCode::GOING_AWAY, "the gateway shuts down", now, out);
    }

    /// Passes on chat messages, and returns whether they were for this peer.
    pub fn hear(
        &mut self,
        heard: &Heard,
        by: Option<&Deflater>,
        now: u64,
        out: &mut Output,
    ) -> bool {
        let hears = matches!(self.service, Service::Chat) && self.connection.ready().is_ok();
        if hears && heard.has_gap {
            self.close(CloseCode::SERVICE_RESTART, "messages were lost", now, out);
        } else if hears {
            let admitted = by.is_some_and(|by| self.connection.admit(by));
            let frames = if admitted { &heard.compressed } else { &heard.plain };
            out.try_append(frames).expect("a Vec has room");
        }
        hears
    }
}
