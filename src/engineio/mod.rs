//! Messages over WebSocket, or over HTTP polling where WebSocket does not get through (Engine.IO protocol 4).
//!
//! A [`Request`] says what an HTTP request asks for. A [`Session`] is a server's end of a session with one client. It
//! takes requests and WebSocket messages, moves from polling to WebSocket when the client does, pings, and knows when it
//! is over. You keep the map from identifiers to sessions, and bring the sockets, HTTP and WebSocket. Over polling,
//! messages come in parts, and an [`Assembler`] joins them.
//!
//! A [`ClientSession`] is a client's end. It says which requests and WebSocket messages to send, over polling, WebSocket, or
//! polling first and WebSocket after.
//!
//! A server that does not want polling opens sessions for [`Transport::WebSocket`] only. Most clients can be told to
//! begin there.
//!
//! A name in italics in parentheses is a section of the protocol's specification. Times are in ms, on any scale that
//! never goes back.
//!
//! # Where to find what the protocol has
//!
//! | section | items |
//! |---|---|
//! | HTTP long-polling | [`Session::get`], [`Session::post`], and what follows them; at a client [`ClientSession::transmit_request`] |
//! | Request path | yours to check; a client's target begins with what [`ClientSession::transmit_request`] is given |
//! | Query parameters | [`Request::parse`], [`Refusal`] |
//! | Headers | [`Answer`], [`ClientRequest::headers`] |
//! | Sending and receiving data | [`Session::receive_post`], [`Session::transmit_get`] |
//! | WebSocket | [`Session::receive_socket`], [`Session::transmit_socket`] |
//! | Handshake | [`Session::new`], [`Limits`]; at a client [`Handshake`] |
//! | Heartbeat | [`Limits::ping_interval`], [`Session::poll`], [`Action`] |
//! | Upgrade | [`Session::upgrade`], [`Event::Upgraded`]; at a client [`ClientSession::upgrade`] |
//! | Message | [`Session::send`], [`Event::Message`], [`Assembler`] |
//! | Packet encoding | [`Packet`], [`Kind`], [`Base64`], [`PayloadDecoder`], [`PayloadEncoder`] |
//!
//! # What the peer sees
//!
//! A request that does not fit is answered, and the session goes on. [`Refusal::answer`] has the answers, whose bodies are
//! JSON with a code and a text:
//!
//! | refusal | section | status | code |
//! |---|---|---|---|
//! | [`Refusal::UnknownTransport`] | Query parameters | 400 | 0 |
//! | [`Refusal::UnknownSid`] | Query parameters | 400 | 1 |
//! | [`Refusal::BadHandshakeMethod`] | Handshake | 400 | 2 |
//! | [`Refusal::BadRequest`] | HTTP long-polling | 400 | 3 |
//! | [`Refusal::Forbidden`] | – | 403 | 4 |
//! | [`Refusal::UnsupportedVersion`] | Query parameters | 400 | 5 |
//! | [`Refusal::PayloadTooLarge`] | Handshake | 413 | 3 |
//! | [`Refusal::MethodNotAllowed`] | HTTP long-polling | 405 | 3 |
//!
//! An error of the peer ends the session. [`Reason::answer`] is for the POST that brought it, and [`Reason::close_code`] for the
//! WebSocket:
//!
//! | error | section | status | close code |
//! |---|---|---|---|
//! | [`Error::PacketEmpty`], [`Error::PacketType`], [`Error::Base64`] | Packet encoding | 400 | 1002 |
//! | [`Error::PacketUnexpected`] | Packet encoding | 400 | 1002 |
//! | [`Error::InvalidUtf8`] | Packet encoding | 400 | 1007 |
//! | [`Error::PayloadTooLong`] | Handshake | 413 | 1009 |
//! | [`Error::MessageTooLong`] | – | 400 | 1009 |
//! | [`Error::ContentType`], [`Error::RequestsOverlap`] | HTTP long-polling | 400 | 1002 |
//! | at a client: [`Error::Handshake`] | Handshake | – | 1002 |
//! | at a client: [`Error::Status`], [`Error::BufferFull`] | HTTP long-polling | – | 1002 |
//!
//! # Example
//!
//! A session that echoes, first over polling and then over WebSocket:
//!
//! ```
//! use framewright::engineio::{Assembler, Event, Limits, Sent, Session, Transport};
//! use framewright::ws::Message;
//!
//! let limits = Limits::new();
//! let mut session = Session::new("u6Xw2", Transport::Polling, false, limits, Vec::new(), 0)?;
//! let mut assembler = Assembler::new(limits.max_message_len, Vec::new());
//!
//! // The answer to the GET that opened the session.
//! let mut body = Vec::new();
//! assert!(session.transmit_get(&mut body)?);
//! assert!(body.starts_with(b"0{\"sid\":\"u6Xw2\",\"upgrades\":[\"websocket\"]"));
//!
//! // A GET that is held, and a POST in pieces of any size.
//! session.get()?;
//! session.post(Some(b"text/plain"))?;
//! let mut posted = *b"4hello\x1Eb/w==";
//! let mut out = Vec::new(); // for messages over WebSocket: none yet
//! for mut input in posted.chunks_mut(5) {
//!     while let Some(event) = session.receive_post(&mut input, 10) {
//!         if let Event::Message(part) = event
//!             && let Some(message) = assembler.push(part)?
//!         {
//!             assert_eq!(session.send(message, &mut out)?, Sent::Queued);
//!         }
//!     }
//! }
//! if let Some(Event::Message(part)) = session.end_post(10)
//!     && let Some(message) = assembler.push(part)?
//! {
//!     session.send(message, &mut out)?;
//! } // now the POST is answered with `Answer::OK`
//! body.clear();
//! assert!(session.transmit_get(&mut body)?);
//! assert_eq!(body, b"4hello\x1Eb/w==");
//!
//! // The client moves to WebSocket.
//! session.upgrade(20)?;
//! for message in ["2probe", "5", "4over"] { // as `ws::Inbox` has them
//!     match session.receive_socket(Message::Text(message), 30) {
//!         Some(Event::Message(part)) => {
//!             let message = assembler.push(part)?.expect("it is whole");
//!             let Sent::Written(kind) = session.send(message, &mut out)? else { unreachable!() };
//!             println!("to be sent as one message, {kind:?}: {}", out.escape_ascii());
//!             out.clear();
//!         }
//!         event => println!("{event:?}"),
//!     }
//!     while let Some(kind) = session.transmit_socket(&mut out)? {
//!         println!("to be sent as one message, {kind:?}: {}", out.escape_ascii()); // "3probe"
//!         out.clear();
//!     }
//! }
//! assert_eq!(session.transport(), Transport::WebSocket);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod assemble;
mod backlog;
mod client;
mod error;
mod handshake;
mod limits;
mod packet;
mod payload;
mod request;
mod session;

pub use assemble::{AssembleError, Assembler};
pub use client::{ClientAction, ClientEvent, ClientRequest, ClientSession};
pub use error::{Error, SendError};
pub use handshake::Handshake;
pub use limits::Limits;
pub use packet::{Base64, Kind, Packet};
pub use payload::{MessagePart, Part, PayloadDecoder, PayloadEncoder};
pub use request::{Answer, Refusal, Request, Transport};
pub use session::{Action, Event, Reason, Sent, Session};
