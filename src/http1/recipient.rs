//! What a recipient accepts and refuses, by role (RFC 9112).
//!
//! This table goes through every rule that RFC 9110 and RFC 9112 have for recipients of messages, as far as
//! [`http1`](super) is concerned. A *request* is read by a server, a *response* by a client, and each row
//! has a test in `tests/http1/recipient.rs`.
//!
//! The two roles differ on purpose. Requests are smuggled where two servers disagree about the end of a
//! message, so a server refuses what another might read differently. Nobody is smuggled past a client. It
//! accepts what old servers and devices send, as the standards oblige it to.
//!
//! ## Lines
//!
//! | rule | request | response |
//! |---|---|---|
//! | an empty line before the start line (§2.2) | one is skipped | [`StatusLine`] |
//! | LF alone at the end of a line (§2.2) | [`BareLf`] | accepted in heads and trailers |
//! | CR alone (§2.2) | [`BareCr`] | [`BareCr`] |
//! | a line after the start line that begins with a blank (§2.2) | [`Header`] | skipped |
//! | versions 1.2 to 1.9 (RFC 9110 §2.5) | read as 1.1 | read as 1.1 |
//! | another first digit of the version (§2.3) | [`Version`], 505 | [`Version`] |
//! | a start line with other blanks than one space (§3, §4) | [`RequestLine`] | accepted |
//! | a start line of 8000 bytes (§3) | accepted, within the limit for heads of 16 KiB | accepted |
//! | a request line that is longer than wanted (§3) | [`RequestLineTooLong`], 414 | |
//! | a status line without a reason, or with any bytes in it (§4) | | accepted |
//! | blanks between a name and its colon (§5.1) | [`Header`] | removed |
//! | a folded line (§5.2) | [`Header`] | joined, with blanks for the line end |
//! | CR, LF, NUL or another control in a value (RFC 9110 §5.5) | [`ControlByte`] | [`ControlByte`] |
//! | bytes beyond ASCII in a value (RFC 9110 §5.5) | accepted | accepted |
//! | empty elements in a list (RFC 9110 §5.6.1) | skipped, but not in `Content-Length` | skipped |
//! | more or longer headers than wanted (RFC 9110 §5.4) | 431 | an error |
//!
//! ## Targets and status codes
//!
//! | rule | request | response |
//! |---|---|---|
//! | `Host` is missing, repeated or invalid (§3.2) | 400 | means nothing |
//! | a target in absolute form (§3.2.2) | accepted, and its host counts | |
//! | an `http` or `ws` URL without a host, or with user information (RFC 9110 §4.2.1, §4.2.4) | [`BadHost`] | |
//! | the targets of `CONNECT` and `*` (§3.2.3, §3.2.4) | accepted | |
//! | a method that is not known (RFC 9110 §9.1) | any token is passed on | |
//! | interim responses, any number, also unasked (RFC 9110 §15.2) | | [`is_interim`] |
//! | a status outside 100 to 599 (RFC 9110 §15) | | passed on, to be treated as 5xx |
//! | `Expect: 100-continue` in any case (RFC 9110 §10.1.1) | [`expects_continue`] | |
//! | the same in HTTP/1.0, or without a body (RFC 9110 §10.1.1) | ignored | |
//!
//! ## Where a message ends
//!
//! | rule | request | response |
//! |---|---|---|
//! | `Transfer-Encoding` with an encoding before `chunked` (§6.1) | [`TransferEncoding`], 501 | [`TransferEncoding`] |
//! | `chunked` is not the last (§6.3) | [`AmbiguousLength`], 400 | cannot be decoded: [`TransferEncoding`] |
//! | `chunked` before another encoding (§6.1) | [`AmbiguousLength`] | [`AmbiguousLength`] |
//! | `chunked` twice in a row (§6.1) | [`AmbiguousLength`] | counts once |
//! | `identity`, which an older standard had (§6.1) | refused like other encodings | does not count |
//! | `Transfer-Encoding` beside `Content-Length` (§6.1, §6.3) | [`AmbiguousLength`] | the former counts; then close |
//! | `Transfer-Encoding` in HTTP/1.0 (§6.1) | [`AmbiguousLength`] | it counts; then close |
//! | statuses 1xx, 204 and 304 (§6.3) | | no body, whatever the headers say |
//! | a response to `HEAD`, or of 2xx to `CONNECT` (§6.3) | | no body, by [`body_for`] |
//! | the same `Content-Length` again, or in a list (§6.3) | [`ContentLength`] | accepted |
//! | different lengths, or none that is a number (§6.3) | [`ContentLength`] | [`ContentLength`] |
//! | a length over 64 bits (RFC 9110 §8.6) | [`ContentLength`] | [`ContentLength`] |
//! | no header that announces a body (§6.3) | no body | until close |
//! | a chunk size too large to hold (§7.1) | [`ChunkSize`] | [`ChunkSize`] |
//! | zeros before a chunk size (§7.1) | accepted | accepted |
//! | blanks before `;` and around `=` (§7.1.1) | removed | removed |
//! | blanks after a size, without an extension (§7.1.1) | removed | removed |
//! | extensions that are not known (§7.1.1) | skipped, up to a limit | skipped, up to a limit |
//! | trailers (§7.1.2) | checked; kept or dropped | checked; kept or dropped |
//! | the connection ends within a message (§8) | [`Truncated`] | [`Truncated`] |
//! | `close` in `Connection`, in any case (§9.3) | not persistent | not persistent |
//! | HTTP/1.0, with `keep-alive` too (§9.3) | not persistent | not persistent |
//!
//! Errors of a response's framing are not those of its head: only [`body_for`] returns them.
//!
//! [`AmbiguousLength`]: super::Error::AmbiguousLength
//! [`BadHost`]: super::Error::BadHost
//! [`BareCr`]: super::Error::BareCr
//! [`BareLf`]: super::Error::BareLf
//! [`ChunkSize`]: super::Error::ChunkSize
//! [`ContentLength`]: super::Error::ContentLength
//! [`ControlByte`]: super::Error::ControlByte
//! [`Header`]: super::Error::Header
//! [`RequestLine`]: super::Error::RequestLine
//! [`RequestLineTooLong`]: super::Error::RequestLineTooLong
//! [`StatusLine`]: super::Error::StatusLine
//! [`TransferEncoding`]: super::Error::TransferEncoding
//! [`Truncated`]: crate::Truncated
//! [`Version`]: super::Error::Version
//! [`body_for`]: super::Response::body_for
//! [`expects_continue`]: super::Request::expects_continue
//! [`is_interim`]: super::Response::is_interim
