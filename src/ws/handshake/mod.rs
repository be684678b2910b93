//! The opening handshake of WebSocket (RFC 6455 §4), both roles.
//!
//! A [`Server`] reads a request, however it is split, and gives out a checked [`Offer`] to accept
//! or refuse, or an [`Error`] that knows its response. A server that routes first reads an
//! [`http1::Request`](crate::http1::Request) by itself and makes an [`Offer`] of it; so does one
//! whose HTTP stack has parsed the headers already. [`ClientRequest`] writes the request of a
//! [`Client`], which then reads the response.
//!
//! What follows the head, frames already perhaps, is left in the input.
//!
//! ```
//! use framewright::http1::Limits;
//! use framewright::ws::handshake::{Origins, Server};
//!
//! let mut out = Vec::new();
//! let origins = Origins::exact(&["https://example.com"]).or_absent();
//! let mut server = Server::new(origins, Vec::new(), Limits::new());
//! for read in [
//!     "GET /chat HTTP/1.1\r\nHost: example.com\r\nUpgrade: websocket\r\nConnection: Upgra",
//!     "de\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
//! ] {
//!     let mut buf = read.to_owned().into_bytes(); // what the caller has just read, any size
//!     let mut input = &mut buf[..];
//!     match server.receive(&mut input) {
//!         Ok(None) => {} // `input` is empty: there is nothing to keep, move or count
//!         Ok(Some(offer)) => {
//!             assert_eq!(offer.resource_name(), "/chat");
//!             offer.accept().write(&mut out)?; // frames from here on; the first may be in `input`
//!         }
//!         Err(e) => e.respond(&mut out)?, // and close the connection
//!     }
//! }
//! assert!(out.starts_with(b"HTTP/1.1 101 Switching Protocols\r\n"));
//! # Ok::<(), framewright::ws::handshake::SendError>(())
//! ```

mod client;
mod error;
mod extension;
mod fields;
mod key;
mod origin;
mod server;

pub use client::{Accepted, Answer, Client, ClientRequest};
pub use error::{Error, SendError};
pub use extension::{Extension, Extensions, Param, Params, Value};
pub use key::accept_key;
pub use origin::Origins;
pub use server::{AcceptWriter, Offer, Server, refuse};
