//! What gRPC-Web has and gRPC does not (PROTOCOL-WEB): bodies in base64, names for CORS, and its
//! framing over WebSocket.
//!
//! | heading of PROTOCOL-WEB | items |
//! |---|---|
//! | *Content-Type* | [`ContentType`](super::ContentType), [`Framing`](super::Framing) |
//! | *Message framing* | [`Decoder::with_trailers`](super::Decoder::with_trailers), [`Encoder::encode_trailers`](super::Encoder::encode_trailers) |
//! | *User Agent* | [`ClientRequest::user_agent`](super::ClientRequest::user_agent) |
//! | *Text-encoded streams* | [`TextDecoder`], [`encode_text`] |
//! | *Compression* | [`Event::CompressedTrailers`](super::Event::CompressedTrailers) |
//! | *CORS preflight* | [`REQUEST_HEADERS`], [`EXPOSED_HEADERS`] |
//!
//! A [`ServerCall`](super::ServerCall) and a [`ClientCall`](super::ClientCall) speak gRPC-Web by themselves, if the content
//! type says so. What the peer sees of each error [is the same](super#what-the-peer-sees) as in gRPC.
//!
//! # Bodies alone
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
//! # Over HTTP/1.1
//!
//! With [`http1`](crate::http1), the lines of a head become the headers of a message by
//! [`Headers::parse_lax`]. A server that has read a whole request:
//!
//! ```
//! use framewright::grpc::{CallKind, Code, Event, Request, ResponseHead, ServerConfig, Status};
//! use framewright::http::{Headers, NO_FIELDS};
//! use framewright::http1::{Body, BodyDecoder, Decoded, HeadReader, Limits, ResponseWriter};
//!
//! const CONFIG: ServerConfig = ServerConfig::new();
//!
//! fn answer(mut input: &mut [u8], out: &mut Vec<u8>) -> Result<(), Box<dyn std::error::Error>> {
//!     let now = 0; // milliseconds on any scale that does not go back
//!     let mut reader = HeadReader::new(Vec::new(), Limits::new());
//!     let head = reader.read_request(&mut input)?.expect("the whole head is there");
//!     let mut lines = Vec::new();
//!     let accepted = Request::parse(head.method(), head.target(), head.headers())
//!         .and_then(|request| request.accept(CallKind::Unary, &CONFIG, now));
//!     let mut call = match accepted {
//!         Ok(call) => call,
//!         Err(refusal) => {
//!             refusal.write(&mut lines)?;
//!             let headers = Headers::parse_lax(&lines).expect("it was written as lines");
//!             ResponseWriter::new(refusal.http_status()).headers(headers).close().write(out)?;
//!             return Ok(());
//!         }
//!     };
//!     let mut decoder = BodyDecoder::new(head.body(), Limits::new());
//!     while let Decoded::Part(part) = decoder.decode(&mut input)? {
//!         let mut bytes = call.decode_text_in_place(part.bytes);
//!         while let Some(event) = call.receive(&mut bytes) {
//!             if let Event::Message { chunk, .. } = event {
//!                 println!("{} bytes of the message", chunk.bytes.len());
//!             }
//!         }
//!     }
//!     call.receive_eof();
//!
//!     call.send_head(ResponseHead::new(), &mut lines)?;
//!     let headers = Headers::parse_lax(&lines).expect("it was written as lines");
//!     let framing = Body::of_unknown_len(head.version());
//!     let mut encoder = ResponseWriter::new(200).headers(headers).begin(framing, out)?;
//!     let mut body = Vec::new();
//!     call.finish(Status::new(Code::NotFound, "no such thing"), &mut body)?;
//!     encoder.encode(&body, out)?;
//!     encoder.finish(NO_FIELDS, out)?;
//!     Ok(())
//! }
//! # let mut out = Vec::new();
//! # answer(
//! #     &mut b"POST /a.B/C HTTP/1.1\r\nHost: a\r\nContent-Type: application/grpc-web-text\r\n\
//! #         Content-Length: 8\r\n\r\nAAAAAAA=".to_vec(),
//! #     &mut out,
//! # )?;
//! # assert!(out.starts_with(b"HTTP/1.1 200 OK\r\ncontent-type: application/grpc-web-text\r\n"));
//! # out.clear();
//! # answer(&mut b"GET /a.B/C HTTP/1.1\r\nHost: a\r\n\r\n".to_vec(), &mut out)?;
//! # assert!(out.starts_with(b"HTTP/1.1 405 "));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A real server takes what comes of the body read by read, and answers with [`transmit`] if the call
//! ended by itself.
//!
//! # Over WebSocket
//!
//! Some clients stream requests over WebSocket. They offer the subprotocol [`PROTOCOL`], and the target
//! of the handshake is the path of the call. Every message is binary.
//!
//! | | server | client |
//! |---|---|---|
//! | the request's head | an assembler joins [`SocketPart::Head`], for [`Headers::parse_lax`] and [`Request::parse_socket`] | [`ClientRequest::over_socket`]: `write` writes the first message |
//! | the request's body | [`SocketDecoder`], then [`ServerCall::receive`] and `receive_eof` | each call of [`ClientCall::send`] and `half_close` writes one message |
//! | the response | `send_head`, `send` and `finish`, in messages cut anywhere | [`ClientCall::receive`] |
//! | the end | close after the trailers; [`ServerCall::receive_disconnect`] if the client closes before | [`ClientCall::receive_eof`] when the server closes |
//!
//! # From another origin
//!
//! A browser sends a call to another origin only if the server allows it, with the headers of CORS.
//! Whom to allow is the application's decision. What it needs to know of gRPC-Web are the method, `POST`, and
//! [`REQUEST_HEADERS`] and [`EXPOSED_HEADERS`].
//!
//! [`transmit`]: super::ServerCall::transmit
//! [`Headers::parse_lax`]: crate::http::Headers::parse_lax
//! [`Request::parse_socket`]: super::Request::parse_socket
//! [`ServerCall::receive`]: super::ServerCall::receive
//! [`ServerCall::receive_disconnect`]: super::ServerCall::receive_disconnect
//! [`ClientRequest::over_socket`]: super::ClientRequest::over_socket
//! [`ClientCall::send`]: super::ClientCall::send
//! [`ClientCall::receive`]: super::ClientCall::receive
//! [`ClientCall::receive_eof`]: super::ClientCall::receive_eof

mod cors;
mod socket;
mod text;

pub use cors::{EXPOSED_HEADERS, REQUEST_HEADERS};
pub(super) use socket::{DATA as SOCKET_DATA, HALF_CLOSE};
pub use socket::{PROTOCOL, SocketDecoder, SocketPart};
pub(crate) use text::TextEncoder;
pub use text::{TextDecoder, encode_text};
