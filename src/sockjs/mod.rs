//! SockJS 0.3, the server (sockjs-protocol 0.3.3).
//!
//! SockJS lets a page exchange text messages with a server where WebSocket may not get through, over whichever of its
//! transports works.
//!
//! ```text
//!   request ──▶ Routes ──▶ Route ──▶ Reply                                    (greeting, info, preflight)
//!                            ├─ Receive, WebSocket ──▶ Session::attach ──▶ transmit() ──▶ body, or messages
//!                            └─ Send, WebSocket's messages ──▶ MessageDecoder ──▶ the application
//! ```
//!
//! A *receiver* is a response or a WebSocket that carries frames to the client. You keep the sessions by their names,
//! and bring the requests and the time. Also remember which connection carries a session's receiver: when it is lost,
//! call [`Session::receive_eof`].
//!
//! A name in italics in parentheses is a section of sockjs-protocol 0.3.3. Times are in ms, on any scale that never goes
//! back.
//!
//! # Where to find what the protocol has
//!
//! | section | items |
//! |---|---|
//! | Greeting url | [`Routes`], [`Route::Greeting`], [`Reply::greeting`] |
//! | IFrame page | [`Routes::legacy`], [`IframePage`], [`Reply::iframe`] |
//! | Info test | [`Info`], [`Reply::info`], [`Cors`] |
//! | Session URLs | [`Routes::parse`], [`Receiver`], [`Sender`] |
//! | Protocol and framing | [`Frame`], [`Framing`], [`Session`] |
//! | WebSocket protocols | [`Framing::WebSocket`], [`MessageDecoder::new_websocket`] |
//! | XhrPolling, XhrStreaming | [`Framing::Xhr`], [`Framing::XhrStreaming`], [`MessageDecoder::new_request`] |
//! | EventSource, HtmlFile | [`Framing::EventSource`], [`Framing::HtmlFile`] |
//! | JsonpPolling | [`Framing::Jsonp`], [`Callback`], [`FormDecoder`] |
//! | JSESSIONID cookie | [`Cookie`] |
//! | Raw WebSocket url | [`Route::RawWebSocket`] |
//! | JSON Unicode Encoding | [`Framing::encode`] |
//! | Handling close | [`Session::close`], [`AttachError`] |
//!
//! # What the peer sees
//!
//! A payload that is no list of messages is refused. In a request, the session goes on, and [`Reply::refused`] is the answer.
//! Over WebSocket, the connection ends, and [`Error::close`] has the close frame:
//!
//! | error | section | status | body | close code |
//! |---|---|---|---|---|
//! | [`Error::PayloadMissing`] | XhrPolling | 500 | `Payload expected.` | – |
//! | [`Error::Json`] | XhrPolling, WebSocket protocols | 500 | `Broken JSON encoding.` | 3000 |
//! | [`Error::PayloadTooLong`] | – | 413 | `Payload too long.` | 1009 |
//!
//! Other requests that do not fit get these, by [`Reply::not_routed`], [`Reply::session_unknown`], [`Reply::callback_refused`] and
//! [`AttachError::frame`]:
//!
//! | error | section | status | body |
//! |---|---|---|---|
//! | [`RouteError::NotFound`] | Session URLs | 404 | |
//! | [`RouteError::MethodNotAllowed`] | Session URLs | 405 | |
//! | messages for a session that is not there | XhrPolling | 404 | |
//! | [`CallbackError::Missing`] | JsonpPolling | 500 | `"callback" parameter required` |
//! | [`CallbackError::Invalid`] | JsonpPolling | 500 | `invalid "callback" parameter` |
//! | [`AttachError::AnotherOpen`] | Handling close | 200 | `c[2010,"Another connection still open"]` |
//! | [`AttachError::Over`] | Handling close | 200 | `c[1002,"Connection interrupted"]` |
//!
//! # Example
//!
//! A service that echoes. Each call is a request, as any HTTP stack has it:
//!
//! ```
//! use framewright::Assembler;
//! use framewright::sockjs::{Framing, Limits, MessageDecoder, Output, Reply, Route, Routes, Session};
//! use std::collections::HashMap;
//!
//! const LIMITS: Limits = Limits::new();
//!
//! #[derive(Default)]
//! struct Echo {
//!     sessions: HashMap<String, Session<Vec<u8>>>,
//! }
//!
//! impl Echo {
//!     /// Answers with a status and the body so far.
//!     fn answer(&mut self, method: &str, path: &str, body: &mut [u8], now: u64) -> (u16, Vec<u8>) {
//!         let mut out = Vec::new();
//!         let reply = match Routes::new().parse(method, path) {
//!             Ok(Route::Receive { session, .. }) => { // here, all of them poll
//!                 let new = || Session::new(LIMITS, Vec::new(), now);
//!                 let session = self.sessions.entry(session.to_owned()).or_insert_with(new);
//!                 match session.attach(Framing::Xhr, now) {
//!                     // If it has nothing to say, the response is held until it does.
//!                     Ok(_) => while let Ok(Some(Output::Frame)) = session.transmit(&mut out, now) {},
//!                     Err(e) => Framing::Xhr.encode(e.frame(), &mut out).expect("a Vec has room"),
//!                 }
//!                 Reply::receiver(Framing::Xhr)
//!             }
//!             Ok(Route::Send { session, .. }) => match self.sessions.get_mut(session) {
//!                 Some(session) => Self::receive(session, body),
//!                 None => Reply::session_unknown(),
//!             },
//!             Ok(_) => Reply::greeting(), // and the others
//!             Err(e) => Reply::not_routed(e),
//!         };
//!         out.extend_from_slice(reply.body());
//!         (reply.status(), out)
//!     }
//!
//!     fn receive(session: &mut Session<Vec<u8>>, body: &mut [u8]) -> Reply<'static> {
//!         let mut decoder = MessageDecoder::new_request(LIMITS);
//!         let mut assembler = Assembler::new(Vec::new());
//!         let mut input = body; // or what has arrived of it: any size
//!         loop {
//!             match decoder.decode(&mut input) {
//!                 Ok(Some(chunk)) => if let Ok(Some(message)) = assembler.push(chunk) {
//!                     let message = str::from_utf8(message).expect("the decoder checked it");
//!                     let _ = session.send(message); // full or closed: it is lost
//!                 },
//!                 Ok(None) => break, // `input` is empty: there is nothing to keep, move or count
//!                 Err(e) => return Reply::refused(e),
//!             }
//!         }
//!         decoder.check_eof().map_or_else(Reply::refused, |()| Reply::sent())
//!     }
//! }
//!
//! let mut echo = Echo::default();
//! assert_eq!(echo.answer("POST", "/0/abc/xhr", &mut [], 0), (200, b"o\n".to_vec()));
//! assert_eq!(echo.answer("POST", "/0/abc/xhr_send", &mut br#"["hi","\u00e9"]"#.clone(), 1).0, 204);
//! assert_eq!(echo.answer("POST", "/0/abc/xhr", &mut [], 2).1, "a[\"hi\",\"é\"]\n".as_bytes());
//! assert_eq!(echo.answer("POST", "/0/abc/xhr_send", &mut [], 3), (500, b"Payload expected.".to_vec()));
//! ```
//!
//! # Over WebSocket
//!
//! Each frame is a WebSocket message of text. Each WebSocket message of a client is a payload, for a
//! [`MessageDecoder::new_websocket`]. Call this after each event of the WebSocket, and when [`Session::poll`] says so:
//!
//! ```
//! use framewright::sockjs::{Framing, Limits, Output, Session};
//! use framewright::ws::{self, CloseCode, Connection, Server};
//!
//! fn transmit(
//!     session: &mut Session<Vec<u8>>,
//!     socket: &mut Connection<Server>,
//!     now: u64,
//!     out: &mut Vec<u8>,
//! ) -> Result<(), Box<dyn std::error::Error>> {
//!     let mut frame = Vec::new();
//!     while let Some(output) = session.transmit(&mut frame, now)? {
//!         match output {
//!             Output::Frame => socket.send(str::from_utf8(&frame)?, out)?,
//!             Output::End => socket.close(CloseCode::NORMAL, "", out)?,
//!         }
//!         frame.clear();
//!     }
//!     socket.transmit(out);
//!     Ok(())
//! }
//!
//! let mut socket = Connection::server(ws::Limits::new());
//! let mut session = Session::new(Limits::new(), Vec::new(), 0);
//! session.attach(Framing::WebSocket, 0)?; // the handshake is done
//! session.close(3000, "Go away!", 0)?;
//! let mut out = Vec::new();
//! transmit(&mut session, &mut socket, 0, &mut out)?;
//! assert_eq!(out, b"\x81\x01o\x81\x12c[3000,\"Go away!\"]\x88\x02\x03\xE8");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod callback;
mod decode;
mod error;
mod form;
mod frame;
mod limits;
mod page;
mod quote;
mod reply;
mod route;
mod session;

pub use callback::{Callback, CallbackError};
pub use decode::MessageDecoder;
pub use error::{Error, SendError};
pub use form::FormDecoder;
pub use frame::{Frame, Framing};
pub use limits::Limits;
pub use page::{IframePage, Info};
pub use reply::{Cookie, Cors, Reply};
pub use route::{Receiver, Route, RouteError, Routes, Sender};
pub use session::{Action, AttachError, MAX_REASON_LEN, Output, ReceiverId, Session};
