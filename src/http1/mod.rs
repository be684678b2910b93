//! Messages of HTTP/1.1 (RFC 9112), just as far as an upgrade or a stream needs.
//!
//! A [`HeadReader`] takes the start line and the headers out of a stream of bytes, however they
//! are split, and leaves what follows in the input. A [`BodyDecoder`] takes the body out of that.
//! [`RequestWriter`] and [`ResponseWriter`] write messages, either whole or up to where a
//! [`BodyEncoder`] goes on.
//!
//! ```text
//!   input ──▶ HeadReader ──▶ Request, Response ── body() ──▶ BodyDecoder ──▶ BodyPart
//!                 ▲                                               │ Complete
//!                 └──────────── the next message ─────────────────┘
//!
//!   RequestWriter, ResponseWriter ── begin() ──▶ BodyEncoder ──▶ out
//! ```
//!
//! | section | items |
//! |---|---|
//! | §2, messages; §2.3, versions | [`HeadReader`], [`Version`] |
//! | §3, request lines and targets | [`Request`], [`RequestWriter`] |
//! | §4, status lines | [`Response`], [`ResponseWriter`] |
//! | §5, fields | [`Headers`](crate::http::Headers) |
//! | §6, bodies and their length | [`Body`], by [`body`](Request::body) and [`body_for`](Response::body_for) |
//! | §7.1, chunks | [`BodyDecoder`], [`BodyEncoder`], [`ChunkHeader`] |
//! | §7.1.2, trailers | [`decode_with_trailers`](BodyDecoder::decode_with_trailers), [`finish`](BodyEncoder::finish) |
//! | §8, incomplete messages | `check_eof` of a [reader](HeadReader::check_eof), a [decoder](BodyDecoder::check_eof) |
//! | §9.3, persistence | `is_persistent` of a [request](Request::is_persistent), a [response](Response::is_persistent) |
//! | §9.6, closing | [`close`](ResponseWriter::close) of a writer |
//! | the rules for recipients, one by one | [`recipient`] |
//! | RFC 9110 §10.1.1, `Expect` | [`expects_continue`](Request::expects_continue) of a request |
//! | RFC 9110 §15, statuses of errors | [`Error::status`]: [what the peer sees](#what-the-peer-sees) |
//!
//! Requests are read more strictly than responses, whose servers may be old. [`recipient`] is the table of
//! what is accepted from whom.
//!
//! Requests are read stricter than the standard, because they are smuggled where two parsers disagree
//! about the end of a message:
//!
//! * Lines end in CRLF and nothing else. No line is folded, there is no space before a colon, one
//!   space between the parts of a start line, and no control byte anywhere.
//! * A request has one `Host`. It has at most one `Content-Length`, which is no list, and none beside
//!   `Transfer-Encoding`, which is `chunked` and nothing else.
//!
//! Bodies are read stricter than the standard: a chunk size is below 2⁶³, and no quoted string is open at
//! the end of its line.
//!
//! Both are laxer than the grammar where the standard allows it:
//!
//! * An empty line may come before a request (§2.2).
//! * In the head and the trailers of a response, a line may end in LF alone (§2.2), blanks may precede a
//!   colon (§5.1), and a line may be folded (§5.2). Lines after the status line that continue no header
//!   are skipped (§2.2). The parts of a status line may have any blanks between them (§4). Control bytes
//!   are refused here, too.
//! * A response may repeat a `Content-Length`, and have one beside `Transfer-Encoding` (§6.3). What its
//!   headers say about a body that it cannot have is no error.
//! * Blanks may follow a chunk size without an extension. Chunk extensions are otherwise skipped unparsed
//!   (§7.1.1).
//!
//! Laxer than the standard, a `chunked` that is named twice in a row in a response counts once, and
//! `identity` does not count (§6.1): there are servers that send the one, and servers of event streams
//! that send the other.
//!
//! # What the peer sees
//!
//! A client whose request is wrong gets a response with this status, if the caller writes it, as the first example does.
//! Then close the transport: where the next request begins is not known. A server whose response is wrong sees
//! the transport close. A dash stands where only a response has the error, or nobody could read an answer.
//!
//! | [`Error`] | section | status |
//! |---|---|---|
//! | [`HeadTooLong`](Error::HeadTooLong) | RFC 6585 §5 | 431 |
//! | [`RequestLineTooLong`](Error::RequestLineTooLong) | §3 | 414 |
//! | [`BufferFull`](Error::BufferFull) | RFC 6585 §5 | 431 |
//! | [`TooManyHeaders`](Error::TooManyHeaders) | RFC 6585 §5 | 431 |
//! | [`Tls`](Error::Tls) | RFC 8446 §5.1 | — |
//! | [`Http2`](Error::Http2) | RFC 9113 §3.4 | — |
//! | [`BareLf`](Error::BareLf) | §2.2 | 400 |
//! | [`BareCr`](Error::BareCr) | §2.2 | 400 |
//! | [`ControlByte`](Error::ControlByte) | RFC 9110 §5.5 | 400 |
//! | [`RequestLine`](Error::RequestLine) | §3 | 400 |
//! | [`StatusLine`](Error::StatusLine) | §4 | — |
//! | [`Version`](Error::Version) | RFC 9110 §15.6.6 | 505 |
//! | [`Header`](Error::Header) | §5.1 | 400 |
//! | [`MissingHost`](Error::MissingHost) | §3.2 | 400 |
//! | [`RepeatedHost`](Error::RepeatedHost) | §3.2 | 400 |
//! | [`BadHost`](Error::BadHost) | §3.2 | 400 |
//! | [`ContentLength`](Error::ContentLength) | §6.3 | 400 |
//! | [`TransferEncoding`](Error::TransferEncoding) | §6.1 | 501 |
//! | [`AmbiguousLength`](Error::AmbiguousLength) | §6.3 | 400 |
//! | [`BodyTooLong`](Error::BodyTooLong) | RFC 9110 §15.5.14 | 413 |
//! | [`ChunkSize`](Error::ChunkSize) | §7.1 | 400 |
//! | [`ChunkExtension`](Error::ChunkExtension) | §7.1.1 | 400 |
//! | [`ChunkExtensionsTooLong`](Error::ChunkExtensionsTooLong) | §7.1.1 | 400 |
//! | [`ChunkEnd`](Error::ChunkEnd) | §7.1 | 400 |
//!
//! # Reading and writing
//!
//! ```
//! use framewright::http1::{HeadReader, Limits, ResponseWriter};
//!
//! let mut out = Vec::new();
//! let mut reader = HeadReader::new(Vec::new(), Limits::new());
//! for read in ["GET /hello HTTP/1.1\r\nHo", "st: example.com\r\n\r\n"] {
//!     let mut buf = read.to_owned().into_bytes(); // what the caller has just read, any size
//!     let mut input = &mut buf[..];
//!     match reader.read_request(&mut input) {
//!         Ok(None) => assert!(input.is_empty()), // nothing to keep, move or count
//!         Ok(Some(request)) => {
//!             assert_eq!((request.method(), request.target()), ("GET", "/hello"));
//!             assert_eq!(request.headers().get("host"), Some(&b"example.com"[..]));
//!             ResponseWriter::new(200).body(b"hello").write(&mut out)?;
//!         }
//!         Err(e) => ResponseWriter::new(e.status()).close().write(&mut out)?,
//!     }
//! }
//! assert_eq!(out, b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
//! # Ok::<(), framewright::http1::SendError>(())
//! ```
//!
//! The same loop with a body, here at a client:
//!
//! ```
//! use framewright::http1::{BodyDecoder, Decoded, HeadReader, Limits};
//!
//! let mut reader = HeadReader::new(Vec::new(), Limits::new());
//! let mut decoder: Option<BodyDecoder> = None;
//! for read in ["HTTP/1.1 200 OK\r\nTransfer-Encoding: chu", "nked\r\n\r\n5\r\nhel", "lo\r\n0\r\n\r\n"] {
//!     let mut buf = read.to_owned().into_bytes();
//!     let mut input = &mut buf[..];
//!     while decoder.is_none() {
//!         let Some(response) = reader.read_response(&mut input)? else { break };
//!         if !response.is_interim() {
//!             decoder = Some(BodyDecoder::new_response(response.body_for("GET")?, Limits::new()));
//!         }
//!     }
//!     if let Some(decoder) = &mut decoder {
//!         while let Decoded::Part(part) = decoder.decode(&mut input)? {
//!             print!("{}", part.bytes.escape_ascii()); // as it comes: `hel`, `lo`
//!         }
//!     }
//! }
//! assert!(decoder.is_some_and(|decoder| decoder.is_complete()));
//! # Ok::<(), framewright::http1::Error>(())
//! ```

mod body;
mod error;
mod head;
mod limits;
pub mod recipient;
mod version;

pub use body::{Body, BodyDecoder, BodyEncoder, BodyPart, ChunkHeader, Decoded};
pub use error::{Error, SendError};
pub(crate) use head::check_request;
pub use head::{HeadReader, Request, RequestWriter, Response, ResponseWriter};
pub use limits::Limits;
pub use version::Version;
