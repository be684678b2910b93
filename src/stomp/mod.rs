//! Messaging by STOMP 1.2, and by 1.1 and 1.0, over TCP or WebSocket.
//!
//! A name in italics in parentheses means a section of the [STOMP 1.2] specification, or of that of another version
//! where that is named.
//!
//! [STOMP 1.2]: https://stomp.github.io/stomp-specification-1.2.html
//!
//! A [`Connection`] is one end: it puts whole frames in an [`Inbox`], agrees on a version and on heart-beats, and
//! says when to close. Callers that need no whole frames, such as proxies, take [parts](Connection::receive) of them
//! as they come. For one direction alone, there are [`Decoder`] and [`Encoder`]. It is no broker: which subscriptions
//! there are, and what happens to a message, is up to the caller.
//!
//! ```text
//!   input ──▶ Decoder ──▶ Connection ──▶ FrameEvent, with headers and body in the Inbox
//!                             ▲
//!   FrameBuilder ── send() ───┘ ──▶ Encoder ──▶ out
//! ```
//!
//! Versions differ in escapes, which are resolved in headers that come in and written in those that go out. They also
//! differ in acknowledgements: [`Connection::ack`] makes the right one. Until a version is agreed on, heads are read by
//! the rules that all versions share.
//!
//! # Where to find what the standard has
//!
//! | section | items |
//! |---|---|
//! | STOMP Frames | [`FrameBuilder`], [`Inbox`], [`Decoder`], [`Encoder`] |
//! | Value Encoding | [`Version::can_carry`]; [`Headers`] come with escapes resolved |
//! | Body, Header content-length | [`FrameBuilder::body`], [`Encoder::begin`], [`Command::may_have_body`] |
//! | Header content-type | [`FrameBuilder::content_type`] |
//! | Header receipt | [`FrameBuilder::receipt`], [`Connection::send_receipt`] |
//! | Repeated Header Entries | [`Headers::get`], [`Headers::get_all`] |
//! | Size Limits | [`Limits`] |
//! | Connection Lingering | [`Connection::close_expected`], [`Closer`] |
//! | Connecting | [`Connection::connect`], [`Connection::accept`] |
//! | Protocol Negotiation | [`Version`], [`Versions`] |
//! | Heart-beating | [`HeartBeat`], [`Connection::poll`], [`Connection::transmit`] |
//! | Client Frames | [`FrameBuilder::send`], [`FrameBuilder::subscribe`] and the others; [`AckMode`], [`Connection::ack`], [`Connection::nack`] |
//! | Server Frames | [`Connection::send_message`], [`SharedMessage`], [`Connection::send_receipt`], [`FrameBuilder::error`] |
//! | Frames and Headers, Augmented BNF | [`Error`] |
//!
//! # What the peer sees
//!
//! After an error of a client, [`Connection::transmit`] writes an `ERROR` frame with this text as its `message`, and with the
//! `receipt-id` that the frame asked for, if that came before the error. Then the client sees the end of the transport. A server
//! sees only that end, because a client has no frame to say more.
//!
//! | error | section | `message` |
//! |---|---|---|
//! | [`Error::UnknownCommand`] | Augmented BNF | `unknown command` |
//! | [`Error::ColonMissing`] | Augmented BNF | `header without a colon` |
//! | [`Error::NameEmpty`] | Augmented BNF | `header without a name` |
//! | [`Error::EscapeUndefined`] | Value Encoding | `undefined escape in a header` |
//! | [`Error::LoneCarriageReturn`] | Augmented BNF | `carriage return within a line` |
//! | [`Error::NulInHead`] | Augmented BNF | `NUL in a head` |
//! | [`Error::InvalidUtf8`] | STOMP Frames | `header is not UTF-8` |
//! | [`Error::ContentLengthInvalid`] | Header content-length | `content-length is not a number of bytes` |
//! | [`Error::NulMissing`] | Header content-length | `no NUL after a body of announced length` |
//! | [`Error::NulBetweenFrames`] | Augmented BNF | `NUL between frames` |
//! | [`Error::LineTooLong`] | Size Limits | `header line is too long` |
//! | [`Error::TooManyHeaders`] | Size Limits | `too many headers` |
//! | [`Error::HeadTooLong`] | Size Limits | `head is too long` |
//! | [`Error::BodyTooLong`] | Size Limits | `body is too long` |
//! | [`Error::BufferFull`] | Size Limits | `no room for the frame` |
//! | [`Error::BeginningMissing`] | – | `beginning of a frame was given up` |
//! | [`Error::ConnectMissing`] | Connecting | `not connected` |
//! | [`Error::ConnectRepeated`] | Connecting | `connected already` |
//! | at a client: [`Error::ConnectedUnexpected`] | Connecting | – |
//! | [`Error::WrongSide`] | Frames and Headers | `frame is the other side's` |
//! | [`Error::NoVersionInCommon`] | Protocol Negotiation | `no protocol version in common`, and our versions as `version` |
//! | at a client: [`Error::VersionNotOffered`] | Protocol Negotiation | – |
//! | [`Error::HeartBeatInvalid`] | Heart-beating | `heart-beat is not two numbers` |
//! | [`Error::AckModeInvalid`] | SUBSCRIBE ack Header | `unknown ack mode` |
//! | [`Error::HeaderMissing`] | Frames and Headers | `required header is missing` |
//! | [`Error::BodyNotAllowed`] | Body | `frame must not have a body` |
//! | [`Error::NackUndefined`] | NACK, in 1.0 | `NACK does not exist in this version` |
//! | [`Error::HeartBeatMissing`] | Heart-beating | `heart-beat did not come in time` |
//! | [`Error::ConnectTimedOut`] | Connecting | `connect took too long` |
//!
//! # Example
//!
//! A server with one queue, and a client that sends to it and receives from it:
//!
//! ```
//! use framewright::stomp::{Command, Connection, FrameBuilder, FrameEvent, Inbox, Limits};
//!
//! let now = 0; // ms on any clock that never goes back
//! let mut server = Connection::server(Limits::new(), now);
//! let mut client = Connection::client(Limits::new(), now);
//! let (mut at_server, mut at_client) = (Inbox::new(Vec::new()), Inbox::new(Vec::new()));
//! let (mut to_server, mut to_client) = (Vec::new(), Vec::new());
//! let mut received = Vec::new();
//!
//! client.connect(FrameBuilder::connect("example.com").login("me", "se:cret"), &mut to_server)?;
//! while !(to_server.is_empty() && to_client.is_empty()) {
//!     let bytes = std::mem::take(&mut to_server);
//!     for read in bytes.chunks(7) { // what the server has just read, any size
//!         let mut input = read;
//!         while let Some(event) = server.receive_frame(&mut input, &mut at_server, now) {
//!             let (headers, body) = (at_server.headers(), at_server.body());
//!             match event {
//!                 FrameEvent::Frame(Command::Connect | Command::Stomp) => {
//!                     if headers.get("passcode") == Some("se:cret") {
//!                         server.accept(FrameBuilder::connected(), &mut to_client)?;
//!                     } else {
//!                         server.send(FrameBuilder::error("wrong passcode"), &mut to_client)?;
//!                     }
//!                 }
//!                 FrameEvent::Frame(Command::Send) => {
//!                     let message = FrameBuilder::message("sub-0", "1", "/queue/a");
//!                     let message = message.headers(headers.of_message()).body(body);
//!                     server.send(message, &mut to_client)?;
//!                     server.send_receipt(&headers, &mut to_client)?;
//!                 }
//!                 FrameEvent::Frame(_) => server.send_receipt(&headers, &mut to_client)?,
//!                 FrameEvent::Failed(error) => eprintln!("the client broke a rule: {error}"),
//!             }
//!         } // `input` is empty: there is nothing to keep, move or count
//!         server.transmit(&mut to_client, now); // heart-beats, and an ERROR after a failure
//!     }
//!
//!     let bytes = std::mem::take(&mut to_client);
//!     let mut input = &bytes[..];
//!     while let Some(event) = client.receive_frame(&mut input, &mut at_client, now) {
//!         match event {
//!             FrameEvent::Frame(Command::Connected) => {
//!                 client.send(FrameBuilder::subscribe("sub-0", "/queue/a"), &mut to_server)?;
//!                 let hello = FrameBuilder::send("/queue/a").headers([("greeting", "yes")]).body(b"hello");
//!                 client.send(hello, &mut to_server)?;
//!                 client.send(FrameBuilder::disconnect().receipt("bye"), &mut to_server)?;
//!             }
//!             FrameEvent::Frame(Command::Message) => {
//!                 assert_eq!(at_client.headers().get("greeting"), Some("yes"));
//!                 received.extend_from_slice(at_client.body());
//!             }
//!             event => println!("{event:?}"),
//!         }
//!     }
//!     client.transmit(&mut to_server, now);
//! }
//! assert_eq!(received, b"hello");
//! assert!(client.receive_eof().clean && server.receive_eof().clean);
//! # Ok::<(), framewright::stomp::SendError>(())
//! ```
//!
//! # Over WebSocket
//!
//! The handshake chooses a subprotocol: [`SUBPROTOCOLS`] has those of all versions. After that, the payloads of the
//! messages, text or binary, are one stream. A message may hold several frames, and a frame may span several messages.
//!
//! ```
//! use framewright::stomp::{self, Command, FrameBuilder, FrameEvent, SUBPROTOCOLS};
//! use framewright::ws::{self, MessageEvent};
//!
//! # fn run(offer: &ws::handshake::Offer<'_>, bytes: &[u8]) -> Result<Vec<u8>, Box<dyn std::error::Error>> {
//! let mut out = Vec::new();
//! let acceptance = offer.accept().protocol(offer.choose(&SUBPROTOCOLS));
//! acceptance.write(&mut out)?;
//! let mut socket = acceptance.connection(ws::Limits::new());
//! let mut messages = ws::Inbox::new(Vec::new());
//! let mut connection = stomp::Connection::server(stomp::Limits::new(), 0);
//! let mut frames = stomp::Inbox::new(Vec::new());
//! let mut replies = Vec::new();
//!
//! let mut input = bytes;
//! while let Some(event) = socket.receive_message(&mut input, &mut messages) {
//!     let MessageEvent::Message(_) = event else { continue };
//!     let mut input = messages.message().as_bytes();
//!     while let Some(event) = connection.receive_frame(&mut input, &mut frames, 0) {
//!         if let FrameEvent::Frame(Command::Connect | Command::Stomp) = event {
//!             connection.accept(FrameBuilder::connected(), &mut replies)?;
//!         }
//!     }
//!     connection.transmit(&mut replies, 0);
//!     // Whole frames: some clients take nothing else. Text wherever it is, because that is usual.
//!     match std::str::from_utf8(&replies) {
//!         Ok("") => {}
//!         Ok(text) => socket.send(text, &mut out)?,
//!         Err(_) => socket.send(&replies, &mut out)?,
//!     }
//!     replies.clear();
//! }
//! socket.transmit(&mut out);
//! # Ok(out)
//! # }
//! # use framewright::http1::{HeadReader, Limits};
//! # let mut request = *b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
//! #     Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\
//! #     Sec-WebSocket-Protocol: v11.stomp, v12.stomp\r\n\r\n";
//! # let mut reader = HeadReader::new(Vec::new(), Limits::new());
//! # let mut input = &mut request[..];
//! # let request = reader.read_request(&mut input)?.expect("it is whole");
//! # let offer = ws::handshake::Offer::from_request(&request, ws::handshake::Origins::same_host().or_absent())?;
//! # let mut bytes = Vec::new();
//! # let mut client = ws::Connection::client(ws::Limits::new(), || [0; 4]);
//! # client.send("CONNECT\naccept-version:1.2\n", &mut bytes)?;
//! # client.send(b"\n\0\n", &mut bytes)?;
//! # let out = String::from_utf8_lossy(&run(&offer, &bytes)?).into_owned();
//! # assert!(out.contains("Sec-WebSocket-Protocol: v12.stomp\r\n"));
//! # assert!(out.ends_with("CONNECTED\nversion:1.2\nheart-beat:0,0\n\n\0"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod ack_mode;
mod command;
mod connection;
mod decode;
mod encode;
mod error;
mod escape;
mod frame;
mod headers;
mod heart_beat;
mod inbox;
mod limits;
mod rules;
mod shared;
mod side;
mod timers;
mod version;

pub use ack_mode::AckMode;
pub use command::Command;
pub use connection::{Action, Closer, Connection, Ending, Event, FrameEvent};
pub use decode::{Decoder, Part};
pub use encode::Encoder;
pub use error::{Error, RequiredHeader, SendError};
pub use frame::{FrameBuilder, Header};
pub use headers::{HeaderIter, Headers};
pub use heart_beat::HeartBeat;
pub use inbox::Inbox;
pub use limits::Limits;
pub use shared::{Delivery, SharedMessage};
pub use side::{Client, Server, Side};
pub use version::{Version, Versions};

/// The WebSocket subprotocols of STOMP, the newest version first, as a handshake takes them.
pub const SUBPROTOCOLS: [&str; 3] =
    [Version::V1_2.subprotocol(), Version::V1_1.subprotocol(), Version::V1_0.subprotocol()];
