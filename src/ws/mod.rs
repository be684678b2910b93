//! WebSocket (RFC 6455).
//!
//! `§` without a document means a section of that RFC.
//!
//! A [`handshake`] opens the connection. After that, a [`Connection`] is one end of it: it returns
//! parts of messages as they come, answers pings, and carries out the closing handshake. An
//! [`Assembler`] joins the parts to whole [`Message`]s. Callers that need no whole messages, such as
//! proxies, never hold more than one read. A [`Keepalive`] says when to ping. For one direction alone,
//! there are [`Decoder`] and [`Encoder`].
//!
//! Text is checked as it comes, and refused at the first byte that cannot be UTF-8. [`Limits`] bound
//! everything that a peer could make us hold or repeat.
//!
//! Messages may be compressed (permessage-deflate, RFC 7692). The module `deflate`, which needs the
//! feature of that name, negotiates compression, compresses and inflates. The handshake can negotiate
//! any other extension, but frames with reserved bits are refused.
//!
//! A server that echoes, and a client that receives the echo:
//!
//! ```
//! use framewright::ws::{Assembler, CloseCode, Closer, Connection, Event, Limits, Message};
//!
//! let mut server = Connection::server(Limits::new());
//! let mut assembler = Assembler::new(Vec::new());
//! // Each key has to come fresh from a generator fit for cryptography: this one does not.
//! let mut client = Connection::client(Limits::new(), || [0x37, 0xFA, 0x21, 0x3D]);
//!
//! let (mut to_server, mut to_client) = (Vec::new(), Vec::new());
//! client.send("Hello", &mut to_server)?;
//! client.close(CloseCode::NORMAL, "that was all", &mut to_server)?;
//!
//! for read in to_server.chunks_mut(7) { // what the server has just read, any size
//!     let mut input = read;
//!     while let Some(event) = server.receive(&mut input) {
//!         match event {
//!             Event::Part(part) => {
//!                 if let Some(message) = assembler.push(part)? {
//!                     server.send(message, &mut to_client)?;
//!                 }
//!             }
//!             Event::Close(code) => assert_eq!(code, CloseCode::NORMAL),
//!             Event::Failed(error) => eprintln!("the client broke the protocol: {error}"),
//!         }
//!     }
//!     server.transmit(&mut to_client); // pongs, and the answer to a close
//! }
//! assert_eq!(server.close_expected(), Some(Closer::Us)); // once everything is written
//!
//! let mut echo = Assembler::new(Vec::new());
//! let mut input = &mut to_client[..];
//! while let Some(event) = client.receive(&mut input) {
//!     if let Event::Part(part) = event {
//!         assert_eq!(echo.push(part)?, Some(Message::Text("Hello")));
//!     }
//! }
//! assert_eq!(client.receive_eof().code, CloseCode::NORMAL);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # One message at a time
//!
//! A client often wants the next message, and not a loop over all of them. Then it stops inside a read,
//! and has to remember where the rest begins. This one keeps everything in one struct:
//!
//! ```
//! use framewright::ws::{Assembler, Client, Closer, Connection, Event, Message};
//! use std::io::{self, Read, Write};
//! use std::ops::Range;
//!
//! struct Session<T> {
//!     transport: T,
//!     connection: Connection<Client>,
//!     assembler: Assembler<Vec<u8>>,
//!     buffer: Vec<u8>,
//!     unread: Range<usize>, // of the buffer
//!     out: Vec<u8>,
//! }
//!
//! impl<T: Read + Write> Session<T> {
//!     /// Waits for the next text. Returns `None` when the transport is to be dropped.
//!     fn next(&mut self) -> io::Result<Option<String>> {
//!         loop {
//!             let mut input = &mut self.buffer[self.unread.clone()];
//!             while let Some(event) = self.connection.receive(&mut input) {
//!                 self.unread.start = self.unread.end - input.len();
//!                 let Event::Part(part) = event else { continue };
//!                 if let Some(Message::Text(text)) =
//!                     self.assembler.push(part).map_err(io::Error::other)?
//!                 {
//!                     return Ok(Some(text.to_owned()));
//!                 }
//!             }
//!             self.unread = 0..0; // all was taken, even if the calls below fail
//!             self.connection.transmit(&mut self.out);
//!             self.transport.write_all(&self.out)?;
//!             self.out.clear();
//!             if self.connection.close_expected() == Some(Closer::Us) {
//!                 return Ok(None);
//!             }
//!             self.unread.end = self.transport.read(&mut self.buffer)?;
//!             if self.unread.end == 0 {
//!                 return Ok(None);
//!             }
//!         }
//!     }
//! }
//! # struct Pipe(&'static [u8], Vec<u8>);
//! # impl Read for Pipe {
//! #     fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
//! #         self.0.read(buffer)
//! #     }
//! # }
//! # impl Write for Pipe {
//! #     fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
//! #         self.1.write(bytes)
//! #     }
//! #     fn flush(&mut self) -> io::Result<()> {
//! #         Ok(())
//! #     }
//! # }
//! # for size in 1..20 {
//! #     let mut session = Session {
//! #         transport: Pipe(b"\x81\x02hi\x89\0\x01\x01h\x80\x01o\x88\0", Vec::new()),
//! #         connection: Connection::client(framewright::ws::Limits::new(), || [0; 4]),
//! #         assembler: Assembler::new(Vec::new()),
//! #         buffer: vec![0; size],
//! #         unread: 0..0,
//! #         out: Vec::new(),
//! #     };
//! #     assert_eq!(session.next()?.as_deref(), Some("hi"));
//! #     assert_eq!(session.next()?.as_deref(), Some("ho"));
//! #     assert_eq!(session.next()?, None);
//! #     assert!(session.transport.1.ends_with(b"\x88\x80\0\0\0\0"));
//! # }
//! # Ok::<(), io::Error>(())
//! ```
//!
//! The text is copied out. The compiler does not let such a loop return a [`Message`], which borrows
//! from the struct. With the feature `bytes`, `Assembler::take` returns messages to keep, and copies only
//! those that arrived in one part.

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
mod rules;
mod side;
mod text;
mod xor;

#[cfg(feature = "bytes")]
pub use assemble::BytesMessage;
pub use assemble::{AssembleError, Assembler};
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
#[cfg(feature = "getrandom")]
pub use side::random;
pub use side::{Client, Role, Server, Side};
pub use text::TextChunk;
