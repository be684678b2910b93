//! gRPC and gRPC-Web, without HTTP itself.
//!
//! A name in capitals is a document in gRPC's repository, such as PROTOCOL-HTTP2. A name in italics
//! is a rule or a section in it.
//!
//! A [`Decoder`] and an [`Encoder`] handle messages. A [`ClientCall`] and a [`ServerCall`] also know
//! which event may come when, over any HTTP stack that passes on heads, bodies and trailers.
//!
//! ```text
//!   client                                      server
//!   ClientRequest ──────────── head ──────────▶ Request::parse(), accept()
//!   send()          ───────── messages ───────▶ receive()
//!   half_close()    ─────── end of stream ────▶ receive_eof()
//!
//!   receive_head()  ◀──────────── head ──────── send_head()
//!   receive()       ◀────────── messages ────── send()
//!   receive_trailers() ◀─────── trailers ────── finish(), or transmit() after a failure
//! ```
//!
//! The two directions run side by side: either side may send as soon as it likes. Trailers end the call,
//! even if the request has not ended. In gRPC-Web they are in the body, where `receive()` meets them.
//!
//! Heads and trailers are fields. Types that read them take any iterator of
//! [`Field`](crate::http::Field)s, such as `&http::HeaderMap`. Types that make them write lines, or
//! pass each field to a closure.
//!
//! ```
//! use framewright::Assembler;
//! use framewright::grpc::{
//!     CallKind, Event, Request, ResponseHead, ServerCall, ServerConfig, Status, Trailing,
//! };
//!
//! /// Answers each message with itself, in any framing; `read` holds the next bytes of the body.
//! fn on_readable(
//!     call: &mut ServerCall,
//!     assembler: &mut Assembler<Vec<u8>>,
//!     read: &mut [u8],
//!     body: &mut Vec<u8>,
//! ) {
//!     let mut input = call.decode_text_in_place(read);
//!     while let Some(event) = call.receive(&mut input) {
//!         let Event::Message { chunk, .. } = event else { continue };
//!         if let Ok(Some(message)) = assembler.push(chunk) {
//!             call.send(message, body).expect("the head is sent");
//!         }
//!     } // `input` is empty: there is nothing to keep, move or count
//! }
//!
//! let headers = [("content-type", &b"application/grpc-web-text"[..])];
//! // An error is the refusal to answer with.
//! let request = Request::parse("POST", "/echo.Echo/Chat", headers)?;
//! const CONFIG: ServerConfig = ServerConfig::new();
//! let now = 0; // on the caller's clock, in milliseconds
//! let mut call = request.accept(CallKind::BidiStreaming, &CONFIG, now)?;
//! let (mut head, mut body) = (Vec::new(), Vec::new());
//! call.send_head(ResponseHead::new(), &mut head)?;
//! let mut assembler = Assembler::new(Vec::new());
//! for read in ["AAAAAAIIA", "Q=="] {
//!     on_readable(&mut call, &mut assembler, &mut read.to_owned().into_bytes(), &mut body);
//! }
//! assert_eq!(call.receive_eof(), Some(Event::HalfClose));
//! assert_eq!(call.trailing(), Trailing::Body);
//! call.finish(Status::OK, &mut body)?;
//! assert_eq!(head, b"content-type: application/grpc-web-text\r\n");
//! assert_eq!(body, b"AAAAAAIIAQ==gAAAABBncnBjLXN0YXR1czogMA0K");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod call;
mod code;
mod content_type;
mod decode;
mod encode;
mod encodings;
mod error;
mod limits;
mod metadata;
mod metadata_list;
mod path;
mod prefix;
mod rpc_status;
mod server_config;
mod status;
mod timeout;
mod trailers;
pub mod web;

pub use call::{
    BodyEncoder, CallKind, ClientCall, ClientRequest, Event, Refusal, Request, Reset, ResponseHead,
    ServerCall, Trailing, accept_encodings,
};
pub use code::Code;
pub use content_type::{ContentType, Framing, Subtype};
pub use decode::{Decoder, Frame, Part};
pub use encode::{Encoder, Message};
pub use encodings::{Encodings, EncodingsError};
pub use error::{Error, SendError};
pub use limits::Limits;
pub use metadata::{DecodeError, Value, metadata};
pub use metadata_list::MetadataList;
pub use path::Path;
pub use prefix::Prefix;
pub use rpc_status::{Any, RpcStatus};
pub use server_config::ServerConfig;
pub use status::{Status, StatusMessage};
pub use timeout::Timeout;
pub use trailers::Trailers;
