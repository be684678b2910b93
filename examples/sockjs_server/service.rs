//! The services, and their sessions.

use std::collections::HashMap;

use framewright::sockjs::{Limits, ReceiverId, Routes, Session};

/// Responses end early, so that tests see the end of one.
pub const LIMITS: Limits = Limits::new().response_limit(4096);

#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Service {
    Echo,
    EchoWithoutWebSocket,
    EchoWithCookie,
    Close,
}

impl Service {
    /// The reason of the last one's close.
    pub const GO_AWAY: (u16, &'static str) = (3000, "Go away!");

    /// The service that a target belongs to, and the rest of the target.
    pub fn of(target: &str) -> Option<(Self, &str)> {
        [
            ("/echo", Self::Echo),
            ("/disabled_websocket_echo", Self::EchoWithoutWebSocket),
            ("/cookie_needed_echo", Self::EchoWithCookie),
            ("/close", Self::Close),
        ]
        .into_iter()
        .find_map(|(prefix, service)| {
            let rest = target.strip_prefix(prefix)?;
            (rest.is_empty() || rest.starts_with(['/', '?'])).then_some((service, rest))
        })
    }

    pub fn routes(self) -> Routes {
        Routes::new().legacy().websocket(self != Self::EchoWithoutWebSocket)
    }

    pub fn needs_cookie(self) -> bool {
        self == Self::EchoWithCookie
    }

    /// Opens a session.
    pub fn open(self, now: u64) -> Session<Vec<u8>> {
        let mut session = Session::new(LIMITS, Vec::new(), now);
        if self == Self::Close {
            let (code, reason) = Self::GO_AWAY;
            session.close(code, reason, now).expect("it is open, and the reason is short");
        }
        session
    }

    /// Takes a message. Every service that gets one sends it back.
    pub fn on_message(session: &mut Session<Vec<u8>>, message: &str) {
        if let Err(e) = session.send(message) {
            eprintln!("a message is lost: {e}");
        }
    }
}

/// A session belongs to its service, and has the name that the client gave it.
pub type Key = (Service, String);

pub struct Entry {
    pub session: Session<Vec<u8>>,
    /// The connection that its receiver is on.
    pub peer: Option<usize>,
}

pub struct Sessions {
    pub by_key: HashMap<Key, Entry>,
    /// Those that may have something to send.
    pub touched: Vec<Key>,
}

impl Sessions {
    /// The connection of a receiver was lost, and so is its session.
    pub fn receive_eof(&mut self, key: &Key, receiver: ReceiverId) {
        if let Some(entry) = self.by_key.get_mut(key) {
            entry.session.receive_eof(receiver);
            if entry.session.is_over() {
                self.by_key.remove(key);
            }
        }
    }
}
