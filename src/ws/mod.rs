//! WebSocket (RFC 6455).
//!
//! `§` without a document means a section of that RFC.
//!
//! A [`handshake`] opens the connection. After that, a [`Connection`] is one end of it: it puts whole
//! [`Message`]s in an [`Inbox`], answers pings, and carries out the closing handshake. Callers that need
//! no whole messages, such as proxies, take [parts](#in-parts) of them as they come. A [`Keepalive`] says
//! when to ping. For one direction alone, there are [`Decoder`] and [`Encoder`].
//!
//! Text is checked as it comes, and refused at the first byte that cannot be UTF-8. [`Limits`] bound
//! everything that a peer could make us hold or repeat.
//!
//! Messages may be compressed (permessage-deflate, RFC 7692): one line in the handshake, as the module
//! `deflate` shows, which needs the feature of that name. The handshake can negotiate any other extension,
//! but frames with reserved bits are refused.
//!
//! | section | items; methods are a [`Connection`]'s |
//! |---|---|
//! | §4, opening handshake (over HTTP/2: RFC 8441) | [`handshake`] |
//! | §5.1, who masks | [`Role`], and as types [`Server`] and [`Client`] |
//! | §5.2, frames | [`FrameHeader`], [`Opcode`] |
//! | §5.3, masking | [`Mask`]; `random` for keys |
//! | §5.4, fragments | the [`Encoder`]'s [`encode_fragment`](Encoder::encode_fragment), [`Part`]; joined by an [`Inbox`] or an [`Assembler`] |
//! | §5.5.1, Close | [`CloseFrame`], [`close`](Connection::close) |
//! | §5.5.2 and §5.5.3, Ping and Pong | [`ping`](Connection::ping), [`transmit`](Connection::transmit), [`Keepalive`] |
//! | §5.6, data frames | [`Kind`], [`Message`] |
//! | §6.1, sending | [`send`](Connection::send), [`Encoder`] |
//! | §6.2, receiving | [`receive_message`](Connection::receive_message), [`receive`](Connection::receive), [`Decoder`] |
//! | §7.1.1, closing TCP | [`close_expected`](Connection::close_expected), [`Closer`] |
//! | §7.1.5 and §7.1.6, code and reason of the peer | [`Ending`], [`peer_close`](Connection::peer_close) |
//! | §7.1.7, failing | [`Error`], [`fail`](Connection::fail): [what the peer sees](#what-the-peer-sees) |
//! | §7.4, status codes | [`CloseCode`] |
//! | §8.1, UTF-8 | [`TextChunk`] |
//! | §9, extensions (compression: RFC 7692) | `deflate`, [`CompressedChunk`] |
//! | §10.2, origins | [`Origins`](handshake::Origins) |
//! | §10.4, limits | [`Limits`] |
//!
//! A server that echoes, and a client that receives the echo:
//!
//! ```
//! use framewright::ws::{CloseCode, Closer, Connection, Inbox, Limits, Message, MessageEvent};
//!
//! let mut server = Connection::server(Limits::new());
//! let mut inbox = Inbox::new(Vec::new());
//! // Each key has to come fresh from a generator fit for cryptography: this one does not.
//! let mut client = Connection::client(Limits::new(), || [0x37, 0xFA, 0x21, 0x3D]);
//!
//! let (mut to_server, mut to_client) = (Vec::new(), Vec::new());
//! client.send("Hello", &mut to_server)?;
//! client.close(CloseCode::NORMAL, "that was all", &mut to_server)?;
//!
//! for read in to_server.chunks(7) { // what the server has just read, any size
//!     let mut input = read;
//!     while let Some(event) = server.receive_message(&mut input, &mut inbox) {
//!         match event {
//!             MessageEvent::Message(_) => server.send(inbox.message(), &mut to_client)?,
//!             MessageEvent::Ping | MessageEvent::Pong => {}
//!             MessageEvent::Close(code) => assert_eq!(code, CloseCode::NORMAL),
//!             MessageEvent::Failed(error) => eprintln!("the client broke the protocol: {error}"),
//!         }
//!     }
//!     server.transmit(&mut to_client); // pongs, and the answer to a close
//! }
//! assert_eq!(server.close_expected(), Some(Closer::Us)); // once everything is written
//!
//! let mut echo = Inbox::new(Vec::new());
//! let mut input = &to_client[..];
//! while let Some(event) = client.receive_message(&mut input, &mut echo) {
//!     if let MessageEvent::Message(_) = event {
//!         assert_eq!(echo.message(), Message::Text("Hello"));
//!     }
//! }
//! assert_eq!(client.receive_eof().code, CloseCode::NORMAL);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Keeping it in a struct
//!
//! An event borrows from nothing. It says that a message has come, and [`Inbox::message`] returns that. So
//! connection, inbox and buffers can be fields of one struct, and its methods can have the loop.
//!
//! **Events handled by a method**, for an event loop that owns the read buffer:
//!
//! ```
//! use framewright::ws::{Connection, Inbox, Limits, MessageEvent, SendError, Server};
//!
//! struct Peer {
//!     connection: Connection<Server>,
//!     inbox: Inbox<Vec<u8>>,
//!     out: Vec<u8>,
//!     messages: u64,
//! }
//!
//! impl Peer {
//!     fn on_readable(&mut self, mut input: &[u8]) -> Result<(), SendError> {
//!         while let Some(event) = self.connection.receive_message(&mut input, &mut self.inbox) {
//!             if let MessageEvent::Message(_) = event {
//!                 self.on_message()?;
//!             }
//!         }
//!         self.connection.transmit(&mut self.out);
//!         Ok(())
//!     }
//!
//!     fn on_message(&mut self) -> Result<(), SendError> {
//!         self.messages += 1;
//!         self.connection.send(self.inbox.message(), &mut self.out)
//!     }
//! }
//!
//! let mut peer = Peer {
//!     connection: Connection::server(Limits::new()),
//!     inbox: Inbox::new(Vec::new()),
//!     out: Vec::new(),
//!     messages: 0,
//! };
//! peer.on_readable(b"\x81\x82\0\0\0\0hi\x89\x80\0\0\0\0")?;
//! assert_eq!((peer.messages, &peer.out[..]), (1, &b"\x81\x02hi\x8A\0"[..]));
//! # Ok::<(), SendError>(())
//! ```
//!
//! **The next message, awaited.** This stops inside a read, so it remembers where the rest begins. It
//! may be dropped while it waits, and called again: all that it needs is in the struct.
//!
//! ```
//! use framewright::ws::{Client, Closer, Connection, Inbox, Message, MessageEvent};
//! use std::io;
//! use std::ops::Range;
//!
//! # struct Socket(&'static [u8], Vec<u8>);
//! # impl Socket {
//! #     async fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
//! #         io::Read::read(&mut self.0, buffer)
//! #     }
//! #     async fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
//! #         io::Write::write(&mut self.1, &bytes[..1])
//! #     }
//! # }
//! struct Session {
//!     socket: Socket, // your runtime's
//!     connection: Connection<Client>,
//!     inbox: Inbox<Vec<u8>>,
//!     buffer: Vec<u8>,
//!     unread: Range<usize>, // of the buffer
//!     out: Vec<u8>,
//! }
//!
//! impl Session {
//!     /// Waits for the next message. Returns `None` when the socket is to be dropped.
//!     async fn next(&mut self) -> io::Result<Option<Message<'_>>> {
//!         loop {
//!             let mut input = &self.buffer[self.unread.clone()];
//!             let event = self.connection.receive_message(&mut input, &mut self.inbox);
//!             self.unread.start = self.unread.end - input.len();
//!             match event {
//!                 Some(MessageEvent::Message(_)) => return Ok(Some(self.inbox.message())),
//!                 Some(_) => continue,
//!                 None => {}
//!             }
//!             self.connection.transmit(&mut self.out);
//!             while !self.out.is_empty() {
//!                 let len = self.socket.write(&self.out).await?;
//!                 self.out.drain(..len);
//!             }
//!             if self.connection.close_expected() == Some(Closer::Us) {
//!                 return Ok(None);
//!             }
//!             let len = self.socket.read(&mut self.buffer).await?;
//!             if len == 0 {
//!                 return Ok(None);
//!             }
//!             self.unread = 0..len;
//!         }
//!     }
//! }
//! # fn block_on<T>(future: impl Future<Output = T>) -> T {
//! #     let mut context = std::task::Context::from_waker(std::task::Waker::noop());
//! #     match std::pin::pin!(future).poll(&mut context) {
//! #         std::task::Poll::Ready(value) => value,
//! #         std::task::Poll::Pending => panic!("the socket never waits"),
//! #     }
//! # }
//! # for size in 1..20 {
//! #     let mut session = Session {
//! #         socket: Socket(b"\x81\x02hi\x89\0\x01\x01h\x80\x01o\x88\0", Vec::new()),
//! #         connection: Connection::client(framewright::ws::Limits::new(), || [0; 4]),
//! #         inbox: Inbox::new(Vec::new()),
//! #         buffer: vec![0; size],
//! #         unread: 0..0,
//! #         out: Vec::new(),
//! #     };
//! #     assert_eq!(block_on(session.next())?, Some(Message::Text("hi")));
//! #     assert_eq!(block_on(session.next())?, Some(Message::Text("ho")));
//! #     assert_eq!(block_on(session.next())?, None);
//! #     assert!(session.socket.1.ends_with(b"\x88\x80\0\0\0\0"));
//! # }
//! # Ok::<(), io::Error>(())
//! ```
//!
//! **A plain loop** over any `BufRead`, which owns the read buffer. `?` may leave the
//! loop here, because nothing is received after that:
//!
//! ```
//! use framewright::ws::{Connection, Inbox, Limits, MessageEvent};
//! use std::io::{self, BufRead, BufReader};
//!
//! fn print(mut reader: impl BufRead) -> io::Result<()> {
//!     let mut connection = Connection::client(Limits::new(), || [0; 4]);
//!     let mut inbox = Inbox::new(Vec::new());
//!     loop {
//!         let mut input = reader.fill_buf()?;
//!         let len = input.len();
//!         if len == 0 {
//!             return Ok(());
//!         }
//!         while let Some(event) = connection.receive_message(&mut input, &mut inbox) {
//!             match event {
//!                 MessageEvent::Message(_) => println!("{:?}", inbox.message()),
//!                 MessageEvent::Failed(error) => return Err(io::Error::other(error)),
//!                 _ => {}
//!             }
//!         }
//!         reader.consume(len);
//!     }
//! }
//! # for size in 1..9 {
//! #     print(BufReader::with_capacity(size, &b"\x81\x02hi\x01\x01h\x80\x01o\x88\0"[..]))?;
//! # }
//! # assert!(print(&b"\x81\x01\xFF"[..]).is_err());
//! # Ok::<(), io::Error>(())
//! ```
//!
//! # What the peer sees
//!
//! A peer that breaks a rule gets one close frame: the status code of this table, and what the error displays,
//! without its numbers, as the reason. [`Connection::transmit`] writes it. Then this end closes the transport
//! ([`Closer::Us`]).
//!
//! | [`Error`] | section | status code |
//! |---|---|---|
//! | [`ReservedBits`](Error::ReservedBits) | §5.2 | 1002 |
//! | [`ReservedOpcode`](Error::ReservedOpcode) | §5.2 | 1002 |
//! | [`MaskMissing`](Error::MaskMissing) | §5.1 | 1002 |
//! | [`MaskUnexpected`](Error::MaskUnexpected) | §5.1 | 1002 |
//! | [`ControlFragmented`](Error::ControlFragmented) | §5.5 | 1002 |
//! | [`ControlTooLong`](Error::ControlTooLong) | §5.5 | 1002 |
//! | [`ContinuationUnexpected`](Error::ContinuationUnexpected) | §5.4 | 1002 |
//! | [`ContinuationMissing`](Error::ContinuationMissing) | §5.4 | 1002 |
//! | [`LengthNotMinimal`](Error::LengthNotMinimal) | §5.2 | 1002 |
//! | [`LengthTopBit`](Error::LengthTopBit) | §5.2 | 1002 |
//! | [`FrameTooLong`](Error::FrameTooLong) | §10.4 | 1009 |
//! | [`MessageTooLong`](Error::MessageTooLong) | §10.4 | 1009 |
//! | [`TooManyFragments`](Error::TooManyFragments) | §10.4 | 1008 |
//! | [`InvalidUtf8`](Error::InvalidUtf8) | §8.1 | 1007 |
//! | [`BufferFull`](Error::BufferFull) | §10.4 | 1009 |
//! | [`BeginningMissing`](Error::BeginningMissing) | the caller's fault | 1011 |
//! | [`PartsMixed`](Error::PartsMixed) | the caller's fault | 1011 |
//! | [`NotInflated`](Error::NotInflated) | the caller's fault | 1011 |
//! | [`InvalidDeflate`](Error::InvalidDeflate) | RFC 7692 §7.2.2 | 1007 |
//! | [`RatioTooHigh`](Error::RatioTooHigh) | §10.4 | 1009 |
//! | [`CloseTooShort`](Error::CloseTooShort) | §5.5.1 | 1002 |
//! | [`CloseCodeInvalid`](Error::CloseCodeInvalid) | §7.4 | 1002 |
//! | [`CloseReasonInvalid`](Error::CloseReasonInvalid) | §5.5.1 | 1007 |
//!
//! A peer that a [`Keepalive`] finds dead, or that does not finish a close in time, gets no frame: the transport
//! is dropped. What a peer sees of a failed handshake is [there](handshake#what-the-peer-sees).
//!
//! # Speed
//!
//! - **Read much at a time.** With 16 busy connections over loopback TCP and messages of 16 and 64 KiB, reads
//!   of 64 KiB take 40 % less of a receiver's CPU time than reads of 16 KiB, and reads of 256 KiB another 15
//!   to 25 % less. With one connection, the length of a read hardly matters. All connections of a thread can
//!   share one buffer, because nothing stays in it.
//! - **Read long messages to their place.** [`Connection::read_target`] says where that is. It saves
//!   4 to 8 % for messages of 1 MiB.
//! - **Joining costs little.** Each payload is unmasked, copied and checked for ASCII in one pass, which
//!   takes about as long as unmasking it in place. An inbox keeps its memory, so nothing is allocated or
//!   cleared for a message that is no longer than an earlier one.
//! - **Encode once for many.** A server that sends the same message to many clients encodes it once, and
//!   writes the bytes to each: see [`Connection::ready`].
//!
//! # In parts
//!
//! [`Connection::receive`] returns the bytes of messages as they come, borrowed from the input, which is
//! unmasked in place. So a proxy never holds more than one read, and a message may be longer than memory.
//! An [`Assembler`] joins parts, for callers that want a message whole only if it is short.
//!
//! ```
//! use framewright::ws::{Connection, Event, Limits, Part};
//!
//! let mut server = Connection::server(Limits::new());
//! let (mut lines, mut out) = (0, Vec::new());
//! let mut bytes = *b"\x01\x84\0\0\0\0one\n\x80\x84\0\0\0\0two\n";
//! for read in bytes.chunks_mut(5) {
//!     let mut input = read;
//!     while let Some(event) = server.receive(&mut input) {
//!         if let Event::Part(Part::Text(text)) = event {
//!             lines += text.chunk().bytes.iter().filter(|byte| **byte == b'\n').count();
//!         }
//!     }
//!     server.transmit(&mut out);
//! }
//! assert_eq!(lines, 2);
//! ```

mod assemble;
mod close;
mod compressed;
mod connection;
mod decode;
#[cfg(feature = "deflate")]
pub mod deflate;
mod encode;
mod error;
pub mod handshake;
mod header;
mod inbox;
mod incoming;
mod input;
mod keepalive;
mod limits;
mod mask;
mod message;
#[cfg(feature = "alloc")]
mod owned;
mod rules;
mod side;
mod text;
mod xor;

pub use assemble::Assembler;
#[cfg(feature = "bytes")]
pub use assemble::BytesMessage;
pub use close::{CloseCode, CloseFrame};
pub use compressed::CompressedChunk;
pub use connection::{Closer, Connection, Ending, Event, MessageEvent};
pub use decode::{Decoder, Part};
pub use encode::Encoder;
pub use error::{Error, SendError};
pub use header::{FrameHeader, HeaderBytes, Opcode};
pub use inbox::Inbox;
pub use keepalive::{Action, Keepalive};
pub use limits::Limits;
pub use mask::Mask;
pub use message::{Kind, Message};
#[cfg(feature = "alloc")]
pub use owned::OwnedMessage;
#[cfg(feature = "getrandom")]
pub use side::random;
pub use side::{Client, Role, Server, Side};
pub use text::TextChunk;
