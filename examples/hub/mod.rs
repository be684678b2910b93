//! The interface between a server, of any version of HTTP, and sessions that use requests and WebSockets.
//!
//! A [`Hub`] knows neither sockets nor the syntax of HTTP. The server reads heads, bodies and messages. A request or a
//! WebSocket that is not complete is an *exchange*, and the server numbers it until it ends.
//!
//! ```text
//!   head ──▶ request ─┬─▶ Answer
//!                     ├─▶ Upload ── receive, again and again ── end_body ─▶ Answer
//!                     ├─▶ Stream ── fill, whenever it is ready, until the end
//!                     └─▶ Socket ── receive_message, and next_message, whenever it is ready, until a close
//! ```

mod loads;
mod schedule;

use std::collections::BTreeSet;
use std::rc::Rc;

use framewright::ws::{CloseCode, Message, OwnedMessage};

pub use loads::Loads;
pub use schedule::Schedule;

/// The most sessions that a hub has at a time.
pub const MAX_SESSIONS: usize = 10_000;

/// How much the sessions of a hub hold together, unless an option says otherwise, in bytes: messages that no client has
/// taken yet, and those that have come in part. When it is more, the sessions that hold most are ended.
pub const MAX_HELD: usize = 256 << 20;

/// The head of a request.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    pub method: &'a str,
    /// The path and the query.
    pub target: &'a str,
    pub headers: &'a [(&'a str, &'a [u8])],
    /// Whether it opens a WebSocket, if the hub agrees.
    pub opens_socket: bool,
}

impl<'a> Request<'a> {
    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&'a [u8]> {
        self.headers.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| *value)
    }
}

/// What a request gets.
pub enum Reply {
    /// An answer. The body of the request, if it has one, is ignored.
    Answer(Answer),
    /// An answer, once the body was read.
    Upload,
    /// An answer whose body comes when there is something to say. The head may wait for its first bytes.
    Stream(Head),
    /// A WebSocket.
    Socket,
}

/// The head of an answer.
pub struct Head {
    pub status: u16,
    pub fields: Vec<(String, Vec<u8>)>,
}

/// A whole answer.
pub struct Answer {
    pub head: Head,
    pub body: Vec<u8>,
}

impl From<Answer> for Reply {
    fn from(answer: Answer) -> Self {
        Self::Answer(answer)
    }
}

/// A piece of a stream, which makes a chunk of its own.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Piece {
    /// Whether the exchange is over. The last piece may be empty.
    pub is_last: bool,
}

/// Output for a WebSocket.
pub enum Outgoing {
    Message(OwnedMessage),
    /// It is closed, and the exchange is over.
    Close(CloseCode, String),
}

/// Sessions, and the exchanges that they wait on.
pub trait Hub {
    /// Answers the head of a request, or begins an exchange. `exchange` is a number that no other exchange has.
    fn request(&mut self, request: &Request<'_>, exchange: u64, now: u64) -> Reply;

    /// Receives a part of an upload's body. An answer ends the exchange, whatever else comes.
    fn receive(&mut self, exchange: u64, body: &mut [u8], now: u64) -> Option<Answer>;

    /// Ends an upload whose body has come.
    fn end_body(&mut self, exchange: u64, now: u64) -> Answer;

    /// Writes the next piece of a stream, if there is something to say.
    fn fill(&mut self, exchange: u64, out: &mut Vec<u8>, now: u64) -> Option<Piece>;

    /// Receives a message of a WebSocket.
    fn receive_message(&mut self, exchange: u64, message: Message<'_>, now: u64);

    /// Returns the next message, or close, to send over a WebSocket.
    fn next_message(&mut self, exchange: u64, now: u64) -> Option<Outgoing>;

    /// Ends an exchange whose connection was lost. Nothing happens if it has ended already.
    fn receive_eof(&mut self, exchange: u64, now: u64);

    /// Does what is due, and takes what other hubs have said.
    fn poll(&mut self, now: u64);

    /// When something is due.
    fn deadline(&self) -> Option<u64>;

    /// Takes the numbers of the streams and WebSockets that may have something to write.
    fn take_ready(&mut self) -> BTreeSet<u64>;
}

/// A chat room, whose members come by more than one hub.
pub trait Room {
    /// Sends a message to everybody. Each hub also receives what its own members say.
    ///
    /// # Errors
    ///
    /// Nobody will hear it, and its member has to know. The error says why.
    fn say(&self, text: &str) -> Result<(), &'static str>;

    /// Takes what was said since the last time.
    fn hear(&self) -> Vec<Rc<str>>;
}
