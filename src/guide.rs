//! What holds for every protocol here, a chapter each: structs, back-pressure, time, memory, and what the peer sees.
//!
//! This module has no items. It exists in the documentation only.
//!
//! # Keeping it in a struct
//!
//! The events of `receive_message` borrow from nothing. So connection, inbox and buffers can be fields of one struct, and the loop can
//! be in one of its methods. These chapters show what people write: an `async fn next`, and methods that handle events.
//! [`ws`](crate::ws#keeping-it-in-a-struct), [`sse`](crate::sse#keeping-it-in-a-struct),
//! [`grpc`](crate::grpc#keeping-it-in-a-struct).
//!
//! # Back-pressure
//!
//! Nothing here blocks, so nothing here can hold a peer back. You do, by not reading. Three rules are enough:
//!
//! 1. **Write before you read.** While the socket has not taken all of your output, do not read from this peer, and do not call
//!    `transmit`. What you owe the peer then stays in the machine, in a place of fixed size, and TCP holds the peer back.
//! 2. **Bound what you send on your own.** A message to a room goes to many outputs, and one of their readers may be slow. Look at the
//!    length of each output before you append, and drop the message or the reader when it is over your limit.
//! 3. **Use the protocol's own windows where it has them.** HTTP/2 has one for each stream, so one slow stream is no reason to stop
//!    reading. [`grpc::Server::pause`](crate::grpc::Server::pause) holds back one call. `Busy` and `Writable` say that a call's window
//!    is closed and open again.
//!
//! ```
//! use framewright::ws::{Connection, Inbox, Limits, MessageEvent, Server};
//! use std::io::{self, ErrorKind, Read, Write};
//!
//! struct Peer {
//!     connection: Connection<Server>,
//!     inbox: Inbox<Vec<u8>>,
//!     out: Vec<u8>,
//! }
//!
//! impl Peer {
//!     /// Called when the socket may be ready. Returns whether it is still open.
//!     fn on_ready(
//!         &mut self,
//!         socket: &mut (impl Read + Write), // does not block
//!         buf: &mut [u8],
//!     ) -> io::Result<bool> {
//!         loop {
//!             while !self.out.is_empty() {
//!                 match socket.write(&self.out) {
//!                     Ok(0) => return Err(ErrorKind::WriteZero.into()),
//!                     Ok(n) => drop(self.out.drain(..n)),
//!                     // Rule 1: no reading before this is written.
//!                     Err(e) if e.kind() == ErrorKind::WouldBlock => return Ok(true),
//!                     Err(e) => return Err(e),
//!                 }
//!             }
//!             // After a close, the last byte is written: the socket is to be closed.
//!             if self.connection.close_expected().is_some() {
//!                 return Ok(false);
//!             }
//!             let n = match socket.read(buf) {
//!                 Ok(0) => return Ok(false),
//!                 Ok(n) => n,
//!                 Err(e) if e.kind() == ErrorKind::WouldBlock => return Ok(true),
//!                 Err(e) => return Err(e),
//!             };
//!             let mut input = &buf[..n];
//!             let Self { connection, inbox, out } = self;
//!             while let Some(event) = connection.receive_message(&mut input, inbox) {
//!                 if let MessageEvent::Message(_) = event {
//!                     connection.send(inbox.message(), out).map_err(io::Error::other)?;
//!                 }
//!             }
//!             connection.transmit(out);
//!         }
//!     }
//!
//!     /// Rule 2: a message of somebody else's. Returns whether it was appended.
//!     fn post(&mut self, text: &str) -> bool {
//!         self.out.len() < 256 * 1024 && self.connection.send(text, &mut self.out).is_ok()
//!     }
//! }
//! # struct Socket { input: &'static [u8], room: usize, written: Vec<u8> }
//! # impl Read for Socket {
//! #     fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
//! #         match self.input.read(buf)? {
//! #             0 => Err(ErrorKind::WouldBlock.into()),
//! #             n => Ok(n),
//! #         }
//! #     }
//! # }
//! # impl Write for Socket {
//! #     fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
//! #         match self.room.min(bytes.len()) {
//! #             0 => Err(ErrorKind::WouldBlock.into()),
//! #             n => {
//! #                 self.room -= n;
//! #                 self.written.write(&bytes[..n])
//! #             }
//! #         }
//! #     }
//! #     fn flush(&mut self) -> io::Result<()> {
//! #         Ok(())
//! #     }
//! # }
//! # let connection = Connection::server(Limits::new());
//! # let mut peer = Peer { connection, inbox: Inbox::new(Vec::new()), out: Vec::new() };
//! # let mut socket = Socket { input: b"\x81\x82\0\0\0\0hi\x81\x82\0\0\0\0ho", room: 3, written: Vec::new() };
//! # let mut buf = [0; 8];
//! # assert!(peer.on_ready(&mut socket, &mut buf)?);
//! # assert_eq!((&socket.written[..], socket.input.len()), (&b"\x81\x02h"[..], 8)); // the rest was not read
//! # socket.room = 100;
//! # assert!(peer.on_ready(&mut socket, &mut buf)? && peer.post("!"));
//! # assert_eq!((&socket.written[..], &peer.out[..]), (&b"\x81\x02hi\x81\x02ho"[..], &b"\x81\x01!"[..]));
//! # socket.input = b"\x88\x80\0\0\0\0";
//! # assert!(!peer.on_ready(&mut socket, &mut buf)?);
//! # assert!(socket.written.ends_with(b"\x81\x01!\x88\0"));
//! # Ok::<(), io::Error>(())
//! ```
//!
//! # Time
//!
//! The clock is yours. A time is a `u64` of milliseconds on any scale that never goes back, the same for all machines of one
//! connection: `start.elapsed().as_millis() as u64` will do. Take the time after a read that may block: taken before, it makes the
//! bytes look as old as the beginning of the read.
//!
//! A machine that depends on time has two methods. `deadline` says when to call `poll`, and `poll` does what is due then. Calling
//! `poll` too early is harmless. `grpc::Server` and `grpc::Client` have no `poll`: call their `receive` with empty input instead.
//!
//! A `Keepalive` does not see its connection. Call `received` whenever bytes have come: otherwise it takes a peer that talks for
//! dead. Call `closing` when the connection is closing. The other machines notice both by themselves.
//!
//! | machine | what it times |
//! |---|---|
//! | [`ws::Keepalive`](crate::ws::Keepalive) | pings, a peer that is gone, a closing handshake that does not end |
//! | [`http2::Keepalive`](crate::http2::Keepalive) | the same for HTTP/2: the preface, SETTINGS, silence, graceful close |
//! | [`grpc::Server`](crate::grpc::Server), [`grpc::Client`](crate::grpc::Client) | deadlines of calls, and all of the row above |
//! | [`sse::Client`](crate::sse::Client) | when to connect again, a connection that does not open, a stream that is silent |
//! | [`stomp::Connection`](crate::stomp::Connection) | heart-beats, both ways |
//! | [`engineio::Session`](crate::engineio::Session), [`sockjs::Session`](crate::sockjs::Session) | pings, polls, the end of a session |
//! | [`socketio::Connection`](crate::socketio::Connection) | a peer that joins no namespace, attachments that do not come |
//!
//! ```
//! use framewright::ws::{Action, Connection, Keepalive, Limits, Server};
//!
//! /// Called after each read of at least one byte.
//! fn on_bytes(now: u64, keepalive: &mut Keepalive) {
//!     keepalive.received(now);
//! }
//!
//! /// Returns when to call this again, or `None` if the connection is to be dropped.
//! fn on_time(
//!     now: u64,
//!     connection: &mut Connection<Server>,
//!     keepalive: &mut Keepalive,
//!     out: &mut Vec<u8>,
//! ) -> Option<u64> {
//!     if connection.is_closing() {
//!         keepalive.closing(now); // only the first call counts
//!     }
//!     match keepalive.poll(now) {
//!         None => {}
//!         Some(Action::Ping) => connection.ping(b"", out).ok()?,
//!         Some(_) => return None, // the peer is gone
//!     }
//!     Some(keepalive.deadline().unwrap_or(u64::MAX))
//! }
//!
//! let mut connection = Connection::server(Limits::new());
//! let mut keepalive = Keepalive::new(0);
//! let mut out = Vec::new();
//! let first = on_time(0, &mut connection, &mut keepalive, &mut out).expect("it is open");
//! assert!(out.is_empty() && first > 0);
//! on_time(first, &mut connection, &mut keepalive, &mut out).expect("a ping is due");
//! assert_eq!(out, b"\x89\0");
//! on_bytes(first + 1, &mut keepalive); // the pong
//! assert_eq!(on_time(first + 1, &mut connection, &mut keepalive, &mut out), Some(first + 1 + first));
//! ```
//!
//! # Memory
//!
//! Machines own no heap, except where the name of a type says so (`grpc::Heap`) and in `ws::deflate`. What has to be
//! joined or decoded is kept in storage that you provide, and every amount has a limit:
//!
//! | storage | what it holds | limit, and its default | given back by |
//! |---|---|---|---|
//! | [`ws::Inbox`](crate::ws::Inbox) | one message at a time | `max_message_len`, 16 MiB | `release` |
//! | [`http1::HeadReader`](crate::http1::HeadReader) | one head | `max_head_len`, 16 KiB | dropping it |
//! | [`sse::Storage`](crate::sse::Storage) | one event and the last event ID | `max_data_len`, 16 MiB | `Assembler::release` |
//! | [`http2::Connection`](crate::http2::Connection) | slots of streams, two tables of HPACK | `max_streams`, 100; two tables of 4 KiB | dropping it |
//! | [`stomp::Inbox`](crate::stomp::Inbox) | one frame | `max_head_len`, 64 KiB; `max_body_len`, 1 MiB | `release` |
//! | [`grpc::Inbox`](crate::grpc::Inbox) | one message | `max_message_len`, 4 MiB | `release` |
//! | sessions of [`engineio`](crate::engineio) and [`sockjs`](crate::sockjs) | what waits for the next request | `max_backlog`, 1 MB and 1 MiB | sending it |
//! | output | what you have not written | yours, see [back-pressure](#back-pressure) | writing it |
//!
//! Each storage is any [`Buffer`](crate::Buffer): a `Vec<u8>` that grows, a `BytesMut`, or an [`ArrayBuf`](crate::ArrayBuf) for a program
//! without an allocator. All connections of a thread can share one read buffer, because nothing stays in it.
//!
//! # What the peer sees
//!
//! When a peer breaks a rule, you get an error of the protocol's type, and the peer gets what this table says. The first column leads
//! to tables with each error, its section of the standard, and the code that goes out:
//!
//! | protocol | error | what the peer gets |
//! |---|---|---|
//! | [WebSocket](crate::ws#what-the-peer-sees) | [`Error`](crate::ws::Error) | a close frame with [`close_code`](crate::ws::Error::close_code), then the end of TCP |
//! | [its handshake](crate::ws::handshake#what-the-peer-sees) | [`Error`](crate::ws::handshake::Error) | the response that [`refuse`](crate::ws::handshake::Error::refuse) makes |
//! | [Server-Sent Events](crate::sse#what-the-peer-sees) | [`Error`](crate::sse::Error) | nothing: one event is lost, and the stream goes on |
//! | [gRPC](crate::grpc#what-the-peer-sees) | [`Error`](crate::grpc::Error) | a status, in trailers or by a reset of the stream |
//! | [HTTP/2](crate::http2#what-the-peer-sees) | [`Error`](crate::http2::Error) | GOAWAY or RST_STREAM with its code |
//! | [HTTP/1.1](crate::http1#what-the-peer-sees) | [`Error`](crate::http1::Error) | a response with its status, and the end of TCP |
//! | [STOMP](crate::stomp#what-the-peer-sees) | [`Error`](crate::stomp::Error) | an ERROR frame to a client, the end of TCP to a server |
//! | [Engine.IO](crate::engineio#what-the-peer-sees) | [`Error`](crate::engineio::Error) | the protocol's answer in JSON, or the end of the session |
//! | [Socket.IO](crate::socketio#what-the-peer-sees) | [`Error`](crate::socketio::Error) | the end of the connection below it |
//! | [SockJS](crate::sockjs#what-the-peer-sees) | [`Error`](crate::sockjs::Error) | a status with the protocol's text, or the end of the WebSocket |
