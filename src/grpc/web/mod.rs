//! What gRPC-Web has and gRPC does not (PROTOCOL-WEB): bodies in base64, names for CORS, and its
//! framing over WebSocket.
//!
//! Trailers in the body are [`Decoder::with_trailers`](super::Decoder::with_trailers) and
//! [`Encoder::encode_trailers`](super::Encoder::encode_trailers). A body in base64 goes through a
//! [`TextDecoder`] first:
//!
//! ```
//! use framewright::grpc::web::TextDecoder;
//! use framewright::grpc::{Decoder, Error, Frame, Limits};
//!
//! let mut text = TextDecoder::new();
//! let mut decoder = Decoder::new(Limits::new()).with_trailers();
//! let mut frames = Vec::new();
//! for read in ["AAAAAAIIAQ==gAAA", "ABBncnBjLXN0YXR1czogMA0K"] {
//!     let mut buf = read.to_owned().into_bytes(); // what the caller has just read, any size
//!     let mut input = &mut buf[..];
//!     while let Some(mut bytes) = text.decode(&mut input)? {
//!         while let Some(part) = decoder.decode(&mut bytes)? {
//!             if part.chunk().end {
//!                 frames.push(part.frame());
//!             }
//!         }
//!     }
//! }
//! assert_eq!(frames, [Frame::Message, Frame::Trailers]);
//! text.check_eof().and_then(|()| decoder.check_eof()).expect("nothing was cut off");
//! # Ok::<(), Error>(())
//! ```
//!
//! A browser sends a call to another origin only if the server allows it, with the headers of CORS.
//! Whom to allow is the application's decision. What it needs to know of gRPC-Web are [`METHODS`],
//! [`REQUEST_HEADERS`] and [`EXPOSED_HEADERS`].

mod cors;
mod socket;
mod text;

pub use cors::{EXPOSED_HEADERS, METHODS, REQUEST_HEADERS};
pub(super) use socket::DATA as SOCKET_DATA;
pub use socket::{HALF_CLOSE, PROTOCOL, SocketDecoder, SocketPart};
pub(super) use text::TextEncoder;
pub use text::{TextDecoder, encode_text};
