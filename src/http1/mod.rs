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
//! For requests and for bodies, this is stricter than the standard, because requests are smuggled where
//! two parsers disagree about the end of a message:
//!
//! * Lines end in CRLF and nothing else. No line is folded, there is no space before a colon, one
//!   space between the parts of a start line, and no control byte anywhere.
//! * A request has one `Host`. It has at most one `Content-Length`, and none beside
//!   `Transfer-Encoding`, which is `chunked` and nothing else.
//! * A chunk size is below 2⁶³, with no space before it. No quoted string is open at the end of its line.
//!
//! It is laxer in three ways: an empty line may come before a request (§2.2), a chunk size may have blanks
//! after it, and chunk extensions are otherwise skipped unparsed.
//!
//! The head and the trailers of a response are read as the standard asks of a user agent, which has to
//! get along with old servers. Lines may be folded or end in LF alone, and there may be blanks before a
//! colon. There may be more of them in the status line, and several `Content-Length` may say the same.
//! `Transfer-Encoding` overrides `Content-Length` (§6.3). Control bytes are refused here, too.
//!
//! Laxer than the standard, a `chunked` that is named twice in a row in a response counts once, and
//! `identity` does not count (§6.1): there are servers that send the one, and servers of event streams
//! that send the other.
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
mod version;

pub use body::{Body, BodyDecoder, BodyEncoder, BodyPart, ChunkHeader, Decoded};
pub use error::{Error, SendError};
pub(crate) use head::check_request;
pub use head::{HeadReader, Request, RequestWriter, Response, ResponseWriter, write_continue};
pub use limits::Limits;
pub use version::Version;
