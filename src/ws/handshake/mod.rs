//! The opening handshake of WebSocket, for both sides (RFC 6455 §4).
//!
//! A [`Server`] reads a request, however it is split. It returns a checked [`Offer`] to
//! [accept](Offer::accept) or [refuse](Offer::refuse), or an [`Error`] that has its own
//! [refusal](Error::refuse). A [`ClientRequest`] writes the request of a [`Client`], which reads the
//! [`Reply`]. What follows a head is left in the input: it may be frames.
//!
//! It works with the HTTP/1.1 of this crate, and with any other HTTP stack. Over HTTP/2, WebSocket opens
//! by a CONNECT instead of an upgrade, and frames are the body of a stream (RFC 8441):
//! [`Offer::from_connect`] and [`ClientRequest::connect`]. Nothing else differs.
//!
//! | section | server | client |
//! |---|---|---|
//! | §3, URIs | [`Offer::resource_name`] | [`ClientRequest::new`] |
//! | §4.1, the client's request, and its check of the response | | [`ClientRequest`], [`Client`], [`ReplyCheck`] |
//! | §4.2.1, reading the request | [`Server`], [`Offer`] | |
//! | §4.2.2, the response | [`Acceptance`], [`Refusal`], [`accept_key`] | [`Reply`], [`Accepted`] |
//! | §4.4, versions | [`Error::Version`] | |
//! | §9.1, extensions | [`Offer::extensions`], [`Extensions`] | [`ClientRequest::extensions`], [`Accepted::extensions`] |
//! | §10.2, origins | [`Origins`] | [`ClientRequest::origin`] |
//! | §11.3.4, subprotocols | [`Offer::choose`], [`Acceptance::protocol`] | [`ClientRequest::protocols`], [`Accepted::protocol`] |
//! | RFC 8441 §5, over HTTP/2 | [`Offer::from_connect`] | [`ClientRequest::connect`] |
//!
//! What reads or writes a head:
//!
//! | | server | client |
//! |---|---|---|
//! | the bytes of a head | [`Server::receive`] | [`Client::receive`] |
//! | a head that [`http1`](crate::http1) has read, for instance to route it | [`Offer::from_request`] | |
//! | a head of HTTP/2 | [`Offer::from_connect`] | [`ReplyCheck::check_connect`] |
//! | the headers of another HTTP stack | [`Offer::from_parts`] | [`ReplyCheck::check`] |
//! | the head to send, as text of HTTP/1.1 | [`Acceptance::write`], [`Refusal::write`] | [`ClientRequest::write`] |
//! | the same for [`http2`](crate::http2) | [`Acceptance::to_fields`], [`Refusal::to_fields`] | [`ClientRequest::connect`] |
//! | the same as headers for another HTTP stack | [`Acceptance::to_fields`], [`Refusal::to_fields`] | [`ClientRequest::to_fields`] |
//!
//! # What the peer sees
//!
//! A client whose request is refused gets a response with this status, and the error's text as its body. Over
//! HTTP/1.1, [`Error::refuse`] makes it, with `Connection: close`: write it, and close. Over HTTP/2,
//! [`Error::refuse_connect`] does, and only the stream ends. A dash stands where the error cannot occur. An
//! error of the [`Head`](Error::Head) has [the status of HTTP/1.1](crate::http1#what-the-peer-sees). A 405 says
//! that GET is allowed, and has no body. A 426, and any refusal of the version, says that the version is 13.
//! A server that also serves pages answers [`NotAnUpgrade`](Error::NotAnUpgrade) and
//! [`NotAConnect`](Error::NotAConnect) as the ordinary requests that they are.
//!
//! | [`Error`] | section | HTTP/1.1 | HTTP/2 |
//! |---|---|---|---|
//! | [`Head`](Error::Head) | §4.2.1 | its own | 400 |
//! | [`Method`](Error::Method) | §4.2.1 | 405 | — |
//! | [`HttpVersion`](Error::HttpVersion) | §4.2.1 | 426 | — |
//! | [`Target`](Error::Target) | §3, §4.2.1 | 400 | 400 |
//! | [`NotAnUpgrade`](Error::NotAnUpgrade) | §4.2.1 | 426 | — |
//! | [`Connection`](Error::Connection) | §4.2.1 | 400 | — |
//! | [`NotAConnect`](Error::NotAConnect) | RFC 8441 §4, §5 | — | 400 |
//! | [`OtherProtocol`](Error::OtherProtocol) | RFC 8441 §5 | — | 501 |
//! | [`Body`](Error::Body) | none: our own rule | 400 | 400 |
//! | [`Version`](Error::Version) | §4.4 | 426 | 400 |
//! | [`RepeatedVersion`](Error::RepeatedVersion) | §11.3.5 | 400 | 400 |
//! | [`Key`](Error::Key) | §4.2.1 | 400 | — |
//! | [`RepeatedKey`](Error::RepeatedKey) | §11.3.1 | 400 | — |
//! | [`MissingOrigin`](Error::MissingOrigin) | §10.2 | 403 | 403 |
//! | [`Origin`](Error::Origin) | §10.2 | 403 | 403 |
//! | [`RepeatedOrigin`](Error::RepeatedOrigin) | RFC 6454 §7.3 | 400 | 400 |
//! | [`Protocols`](Error::Protocols) | §11.3.4 | 400 | 400 |
//! | [`Extensions`](Error::Extensions) | §9.1 | 400 | 400 |
//!
//! A server whose response is wrong sees nothing but the end of the transport, or over HTTP/2 a reset of the
//! stream. These errors are of responses alone:
//!
//! | [`Error`] | section |
//! |---|---|
//! | [`Status`](Error::Status) | §4.1 |
//! | [`Accept`](Error::Accept) | §4.1 |
//! | [`RepeatedAccept`](Error::RepeatedAccept) | §11.3.3 |
//! | [`ProtocolNotOffered`](Error::ProtocolNotOffered) | §4.1 |
//! | [`ExtensionNotOffered`](Error::ExtensionNotOffered) | §4.1 |
//! | [`RepeatedExtensions`](Error::RepeatedExtensions) | §11.3.2 |
//! | [`ExtensionParams`](Error::ExtensionParams) | §9.1 |
//!
//! # A server
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
//!         Err(e) => e.refuse().write(&mut out)?, // and close the connection
//!     }
//! }
//! assert!(server.is_complete()); // without it, more input is needed
//! assert!(out.starts_with(b"HTTP/1.1 101 Switching Protocols\r\n"));
//! # Ok::<(), framewright::ws::handshake::SendError>(())
//! ```

/// The length of the longest response to a request, in bytes, without a subprotocol and headers of the caller's.
///
/// It is enough for the refusal of any [`Error`], and for an acceptance with all that `permessage-deflate` may add.
/// A subprotocol adds 26 bytes and its own length. A header adds 4 bytes, its name and its value.
pub const MAX_RESPONSE_LEN: usize = 285;

mod acceptance;
mod client;
mod client_request;
mod connect;
mod error;
mod extension;
mod fields;
mod key;
mod offer;
mod offered;
mod origin;
#[cfg(feature = "alloc")]
mod owned_offer;
mod refusal;
mod reply;
mod server;

pub use acceptance::Acceptance;
pub use client::Client;
pub use client_request::ClientRequest;
pub use error::{Error, SendError};
pub use extension::{Extension, Extensions, ParamValue};
pub use key::accept_key;
pub use offer::Offer;
pub use origin::Origins;
#[cfg(feature = "alloc")]
pub use owned_offer::OwnedOffer;
pub use refusal::Refusal;
pub use reply::{Accepted, Reply, ReplyCheck};
pub use server::Server;

/// Whether only the handshake itself may set the field `name`.
fn is_reserved(name: &str) -> bool {
    let prefix = name.get(.."sec-websocket-".len()).unwrap_or_default();
    prefix.eq_ignore_ascii_case("sec-websocket-")
        || name.eq_ignore_ascii_case("upgrade")
        || crate::http::is_framing(name)
}
