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
