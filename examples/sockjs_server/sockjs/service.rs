//! The services of SockJS's own tests, and a chat room.

use std::collections::BTreeSet;

use framewright::sockjs::{Limits, Routes};
use framewright::ws::{CloseCode, Message};

use super::sessions::Sessions;
use crate::hub::Room;

/// What the sessions under one prefix are for.
pub trait Service {
    /// Begins a session.
    fn open(&mut self, _session: u64, _sessions: &mut Sessions) {}

    /// Receives a message. It is text, except over a raw WebSocket.
    fn receive(&mut self, session: u64, message: Message<'_>, sessions: &mut Sessions);

    /// Ends a session: nothing can be sent to it.
    fn close(&mut self, _session: u64) {}

    /// Does what is due, and passes on what came from elsewhere.
    fn poll(&mut self, _sessions: &mut Sessions) {}

    /// When something is due.
    fn deadline(&self) -> Option<u64> {
        None
    }
}

/// A service and where it is.
pub struct Mount {
    pub prefix: String,
    pub routes: Routes,
    /// Whether load balancers need a cookie.
    pub needs_cookie: bool,
    pub limits: Limits,
    pub service: Box<dyn Service>,
}

impl Mount {
    /// Mounts a service with every transport.
    pub fn new(prefix: impl Into<String>, service: impl Service + 'static) -> Self {
        Self {
            prefix: prefix.into(),
            routes: Routes::new().legacy(),
            needs_cookie: false,
            limits: Limits::new(),
            service: Box::new(service),
        }
    }
}

/// The services that SockJS's own tests need, below `base`.
pub fn for_tests(base: &str) -> [Mount; 4] {
    // Responses end early, so that tests see the end of one.
    let limits = Limits::new().response_limit(4096);
    let echo = |name: &str| Mount { limits, ..Mount::new(format!("{base}/{name}"), Echo) };
    let routes = Routes::new().legacy().websocket(false);
    [
        echo("echo"),
        Mount { routes, ..echo("disabled_websocket_echo") },
        Mount { needs_cookie: true, ..echo("cookie_needed_echo") },
        Mount { limits, ..Mount::new(format!("{base}/close"), Close) },
    ]
}

/// Sends messages back.
struct Echo;

impl Service for Echo {
    fn receive(&mut self, session: u64, message: Message<'_>, sessions: &mut Sessions) {
        sessions.send(session, message);
    }
}

/// Closes each session.
struct Close;

impl Service for Close {
    fn open(&mut self, session: u64, sessions: &mut Sessions) {
        sessions.close(session, 3000, "Go away!");
    }

    fn receive(&mut self, _: u64, _: Message<'_>, _: &mut Sessions) {}
}

/// Everybody in a room gets each message.
pub struct Chat<R> {
    members: BTreeSet<u64>,
    room: R,
}

impl<R: Room> Chat<R> {
    pub const fn new(room: R) -> Self {
        Self { members: BTreeSet::new(), room }
    }
}

impl<R: Room> Service for Chat<R> {
    fn open(&mut self, session: u64, _: &mut Sessions) {
        self.members.insert(session);
    }

    fn receive(&mut self, session: u64, message: Message<'_>, sessions: &mut Sessions) {
        // The room is one of texts.
        if let Message::Text(text) = message
            && let Err(why) = self.room.say(text)
        {
            sessions.close(session, CloseCode::TRY_AGAIN_LATER.0, why);
        }
    }

    fn close(&mut self, session: u64) {
        self.members.remove(&session);
    }

    fn poll(&mut self, sessions: &mut Sessions) {
        for text in self.room.hear() {
            for member in &self.members {
                sessions.send(*member, Message::Text(&text));
            }
        }
    }
}
