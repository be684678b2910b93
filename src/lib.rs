//! Sans-IO state machines for the framing of the real-time web.
//!
//! They take bytes that the caller has read, and append bytes that the caller will write. Sockets,
//! clocks, random numbers, threads and buffers stay with the caller: the same code serves a
//! blocking loop, an event loop, an async task and a microcontroller without an allocator.
//!
//! | protocol | standard | module |
//! |---|---|---|
//! | WebSocket | RFC 6455, 7692, 8441 | [`ws`] |
//! | Server-Sent Events | HTML standard §9.2 | [`sse`] |
//! | gRPC and gRPC-Web | the documents of gRPC | [`grpc`] |
//! | HTTP/1.1 | RFC 9112, 9110 | [`http1`], [`http`] |
//! | HTTP/2 | RFC 9113, 7541 | [`http2`] |
//! | STOMP | versions 1.0 to 1.2 | [`stomp`] |
//! | Socket.IO on Engine.IO | protocols 5 and 4 | [`socketio`], [`engineio`] |
//! | SockJS | protocol 0.3 | [`sockjs`] |
//!
//! Each module begins with a map from the sections of its standard to its items, and says
//! [what the peer sees](guide#what-the-peer-sees) of each error. On tokio, the package `framewright-tokio`
//! reads and writes for you.
//!
//! # One loop
//!
//! ```
//! use framewright::ws::{Connection, Inbox, MessageEvent, Server};
//! use std::io::{self, Read, Write};
//!
//! fn echo(socket: &mut (impl Read + Write), conn: &mut Connection<Server>) -> io::Result<()> {
//!     let mut inbox = Inbox::new(Vec::new());
//!     let (mut buf, mut out) = (vec![0; 16 * 1024], Vec::new());
//!     while conn.close_expected().is_none() {
//!         let n = socket.read(&mut buf)?;
//!         if n == 0 {
//!             break; // `conn.receive_eof()` says how it ended
//!         }
//!         let mut input = &buf[..n];
//!         while let Some(event) = conn.receive_message(&mut input, &mut inbox) {
//!             match event {
//!                 MessageEvent::Message(_) => {
//!                     conn.send(inbox.message(), &mut out).map_err(io::Error::other)?;
//!                 }
//!                 event => println!("{event:?}"),
//!             }
//!         } // `input` is empty: there is nothing to keep, move or count
//!         conn.transmit(&mut out); // pongs, and the answer to a close
//!         socket.write_all(&out)?; // all of it, before `transmit` is called again
//!         out.clear();
//!     }
//!     Ok(())
//! }
//! # let mut conn = Connection::server(framewright::ws::Limits::new());
//! # struct Pipe(&'static [u8], Vec<u8>);
//! # impl Read for Pipe {
//! #     fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
//! #         self.0.read(buffer)
//! #     }
//! # }
//! # impl Write for Pipe {
//! #     fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
//! #         self.1.write(bytes)
//! #     }
//! #     fn flush(&mut self) -> io::Result<()> {
//! #         Ok(())
//! #     }
//! # }
//! # let mut pipe = Pipe(b"\x89\x80\0\0\0\0\x81\x82\0\0\0\0hi\x88\x80\0\0\0\0", Vec::new());
//! # echo(&mut pipe, &mut conn)?;
//! # assert_eq!(pipe.1, b"\x81\x02hi\x88\0");
//! # Ok::<(), io::Error>(())
//! ```
//!
//! * `conn` comes from the [opening handshake](ws::handshake), which is driven in the same way.
//! * The input slice advances by itself. `None` means that every byte of it was taken and more are
//!   needed. So a read buffer may have any size, and all connections can share one, since nothing stays
//!   in it. A receiver of long messages is faster with one of 64 KiB than with one of 16 KiB. A caller that
//!   leaves the loop earlier has to keep the last `input.len()` bytes of what it read.
//! * Some machines end before the input does: a handshake, a head, a body. They leave the rest in the
//!   slice, and say so by a value other than `None`, or by a getter that the method's documentation names.
//! * Call `transmit` only once the earlier output has been written. Until then, what is owed to the peer
//!   stays in a place of fixed size, so it does not grow when a peer floods you and does not read. An event
//!   loop keeps what the socket does not take, and neither reads nor calls `transmit` until that is written.
//! * There are two ways to receive. `receive_message` joins whole messages in an inbox: its event has no
//!   lifetime, and the inbox has the message. `receive` returns parts as they come: they are borrowed from
//!   the input, are not copied, and may belong to a message that is larger than memory. Neither way
//!   borrows from the connection, so `conn.send(…)` can be called in the loop.
//! * When a peer breaks a rule, a decoder returns an `Err`, which is final. A connection or a call returns
//!   an event, since the peer may have to be told: `transmit` does that. A stream of [`sse`] goes on after
//!   an event that is lost.
//! * Nothing awaits, so no machine is ever half-way through anything. The caller keeps the unread input and
//!   the unsent output: keep both outside of a future that may be dropped.
//!
//! # Four layers
//!
//! Each is built on those above it in the table, and can be used without those below it.
//!
//! | layer | types | verbs |
//! |---|---|---|
//! | wire: one header, no state | [`FrameHeader`](ws::FrameHeader), [`Opcode`](ws::Opcode), [`Mask`](ws::Mask) | `parse`, `to_bytes`, `apply` |
//! | codec: one direction, any split | [`Decoder`](ws::Decoder) → [`Part`](ws::Part), [`Encoder`](ws::Encoder) | `decode`, `encode`, `check_eof` |
//! | connection: both directions and the rules between them | [`Connection`](ws::Connection) → [`Event`](ws::Event) | `receive`, `send`, `close`, `transmit` |
//! | assembly: whole messages, in storage the caller picks | [`Inbox`](ws::Inbox), [`Assembler`](ws::Assembler) → [`Message`](ws::Message) | `message`, `push` |
//!
//! The types of the table are those of [`ws`]. [`sse`] and [`grpc`] have types of the same names, on the
//! layers that they need. The assembler of `sse` decodes too, so its verbs are `receive` and
//! `event`. [`stomp`] has all four, and one inbox for heads and bodies. [`engineio`] has sessions that
//! move from polling to WebSocket, and [`socketio`] the packets above them. [`sockjs`] has sessions,
//! which several requests serve. With [`http1`], all of them work without an HTTP stack. With [`http`],
//! they work with yours: they read its header lists and give it fields, without a byte of HTTP/1.1 in
//! between.
//!
//! A [`Chunk`] says where bytes fall in their message. A [`Buffer`] is where bytes are appended: a
//! `Vec<u8>`, a `BytesMut`, a fixed slice, an [`ArrayBuf`] that owns its bytes, or a type of your own.
//!
//! The [guide] has chapters on structs, back-pressure, time, memory, and what the peer sees.
//!
//! # Features
//!
//! Features only add. No protocol has a feature of its own: code that is not called is not linked.
//!
//! | feature | by default | adds |
//! |---|---|---|
//! | `std` | yes | detection of SIMD at run time |
//! | `bytes` | yes | [`Buffer`] for `BytesMut`, messages as `Bytes` |
//! | `deflate` | yes | compressed WebSocket messages: `ws::deflate` |
//! | `alloc` | with any of the above | [`Buffer`] for `Vec<u8>` |
//! | `arbitrary` | no | `Arbitrary` for public types, for your fuzzers |
//! | `getrandom` | no | masking keys from the operating system: `ws::random` |
#![no_std]
// What a feature adds says so in the documentation.
#![cfg_attr(docsrs, feature(doc_cfg))]
#![warn(missing_debug_implementations, missing_docs, unreachable_pub)]
#![warn(clippy::pedantic, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]
// The input slice advances by itself: that is the shape of every loop.
#![allow(clippy::mut_mut)]
// The variants of an error are documented at the error. `expect` says why it holds.
#![allow(clippy::missing_errors_doc, clippy::missing_panics_doc)]
#![allow(clippy::module_name_repetitions, clippy::must_use_candidate, clippy::single_match_else)]
// `inline(always)` only where measured: otherwise the result goes through memory, and waits there.
#![allow(clippy::inline_always)]
// A limit is a maximum, and says so.
#![allow(clippy::struct_field_names)]

#[cfg(feature = "alloc")]
extern crate alloc;
#[cfg(any(feature = "std", test))]
#[cfg_attr(test, macro_use)]
extern crate std;

mod append;
#[cfg(feature = "arbitrary")]
mod arbitrary;
mod array_buf;
mod assemble;
mod buffer;
mod chunk;
mod debug;
pub mod engineio;
pub mod grpc;
#[cfg(any(doc, doctest))]
pub mod guide;
pub mod http;
pub mod http1;
pub mod http2;
mod inline;
mod json;
mod json_value;
mod lossy;
mod over_limit;
pub mod socketio;
pub mod sockjs;
pub mod sse;
pub mod stomp;
mod utf8;
pub mod ws;

#[cfg(all(doctest, feature = "alloc"))]
#[doc = include_str!("../README.md")]
struct Readme;

#[cfg(all(doctest, feature = "alloc"))]
#[doc = include_str!("../docs/coming-from.md")]
struct ComingFrom;

#[cfg(all(doctest, feature = "alloc"))]
#[doc = include_str!("../docs/polling.md")]
struct Polling;

pub use array_buf::ArrayBuf;
pub use assemble::Assembler;
pub use buffer::{Buffer, BufferFull, SliceBuf};
pub use chunk::{Chunk, Truncated};
pub use over_limit::OverLimit;
