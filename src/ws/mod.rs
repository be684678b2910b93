//! WebSocket (RFC 6455).
//!
//! `§` without a document means a section of that RFC.
//!
//! A [`handshake`] opens the connection. A [`Connection`] is one end of it from there on: it gives
//! out parts of messages as they come, answers pings, and closes by the book. An [`Assembler`]
//! joins the parts to [`Message`]s for those who want them whole; who does not, for instance a
//! proxy, never holds more than a read's worth. A [`Keepalive`] says when to ping. For one
//! direction alone, there are [`Decoder`] and [`Encoder`].
//!
//! Text is checked as it comes, and refused at the first byte that cannot be UTF-8. Whatever a peer
//! could make us hold or repeat is bounded by [`Limits`].
//!
//! Messages may be compressed (permessage-deflate, RFC 7692): the module `deflate`, which needs the
//! feature `deflate`, negotiates it and does it. Without it, a handshake can negotiate any
//! extension, but reserved bits are refused.
//!
//! A server that echoes, and a client that hears it:
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
pub use connection::{Closer, Connection, Ending, Event};
pub use decode::{Decoder, Part};
pub use encode::Encoder;
pub use error::{Error, SendError};
pub use header::{FrameHeader, HeaderBytes, Opcode};
pub use keepalive::{Action, Keepalive};
pub use limits::Limits;
pub use mask::Mask;
pub use message::{Kind, Message};
#[cfg(feature = "getrandom")]
pub use side::random;
pub use side::{Client, Role, Server, Side};
pub use text::TextChunk;
