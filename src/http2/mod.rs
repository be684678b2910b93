//! HTTP/2 (RFC 9113).
//!
//! `§` without a document means a section of that RFC.
//!
//! A [`Connection`] is one end of a connection. It opens and closes streams, checks messages, keeps flow control
//! and limits, and answers what has to be answered. You give it the bytes that were read, and write the bytes
//! that it appends to `out`. It needs no heap if its [`Storage`] needs none.
//!
//! # A client and a server
//!
//! They are joined in memory here. The client sends a body, and the server sends it back, with trailers:
//!
//! ```
//! use framewright::http::NO_FIELDS;
//! use framewright::http2::{Connection, Event, Limits, Request, Storage};
//!
//! let mut client = Connection::client(Storage::new(), Limits::new());
//! let mut server = Connection::server(Storage::new(), Limits::new());
//! let (mut to_server, mut to_client) = (Vec::new(), Vec::new());
//! let mut head = Vec::new(); // one for each connection: heads are decoded there
//!
//! let request = Request::new("POST", "http", "example.com", "/echo");
//! let stream = client.open(request, NO_FIELDS, false, &mut to_server)?;
//! // It takes what the windows allow, and says how much: all of a short body.
//! assert_eq!(client.send(stream, b"hello", true, &mut to_server)?, 5);
//! client.transmit(&mut to_server);
//!
//! for read in to_server.chunks_mut(7) { // what the server has just read, any size
//!     let mut input = read;
//!     while let Some(event) = server.receive(&mut input, &mut head) {
//!         match event {
//!             Event::Head { stream, head, .. } => {
//!                 assert_eq!(head.request().path(), "/echo");
//!                 server.send_head(stream, 200, NO_FIELDS, false, &mut to_client)?;
//!             }
//!             Event::Data(data) => {
//!                 let (stream, end) = (data.stream(), data.end());
//!                 server.send(stream, data.bytes, false, &mut to_client)?;
//!                 if end {
//!                     let trailers = [("x-checksum", "9")];
//!                     server.send_trailers(stream, trailers.iter(), &mut to_client)?;
//!                 }
//!             }
//!             Event::Failed(error) => eprintln!("the client broke the protocol: {error}"),
//!             _ => {}
//!         }
//!     }
//!     server.transmit(&mut to_client); // once the output before is written
//! }
//!
//! let (mut input, mut head, mut body) = (&mut to_client[..], Vec::new(), Vec::new());
//! while let Some(event) = client.receive(&mut input, &mut head) {
//!     match event {
//!         Event::Head { head, .. } => assert_eq!(head.status(), 200),
//!         Event::Data(data) => body.extend_from_slice(data.bytes),
//!         Event::Trailers { trailers, .. } => assert_eq!(trailers.get("x-checksum"), Some(&b"9"[..])),
//!         _ => {}
//!     }
//! }
//! assert_eq!(body, b"hello");
//! # Ok::<(), framewright::http2::SendError>(())
//! ```
//!
//! # Streams
//!
//! A request and its response make a stream. Each side of it ends by itself, with `end`, with trailers, or with a
//! reset (§5.1). A [`Stream`] is the handle that events bring and methods take.
//!
//! | state | how it begins | what you may send | what may come |
//! |---|---|---|---|
//! | open, at a client | [`open`](Connection::open) | a body, trailers | informational heads, one head, a body, trailers |
//! | open, at a server | [`Event::Head`] | informational heads, one head, a body, trailers | a body, trailers |
//! | half-closed (local) | your message ended | only [`reset`](Connection::reset) | as if open |
//! | half-closed (remote) | the peer's message ended | as if open | only [`Event::Reset`] |
//! | closed | both ended, or `reset`, [`Event::Reset`], [`Event::StreamFailed`] | nothing: [`SendError::StreamOver`] | nothing |
//!
//! What a window does not allow is not taken: [`send`](Connection::send) says how much it took, and
//! [`writable`](Connection::writable) which stream can go on. Nothing is queued.
//!
//! # Around it
//!
//! * A [`Keepalive`] says when a peer is late, from times that you tell it.
//! * [`is_preface`] picks between HTTP/1.1 and HTTP/2 on a port that serves both.
//! * [`Limits`] say what a peer may do, and what that costs at worst.
//!
//! # Where each section is
//!
//! | of the RFC | what | file |
//! |---|---|---|
//! | §3.4 | the preface | `preface` |
//! | §4.1 | the header of a frame, stream identifiers | `frame` |
//! | §4.2, §6 | frames received, in any split | `decode`, with `incoming` and `part` |
//! | §4.2, §6 | frames sent | `encode` |
//! | §4.3 | field blocks, from pieces to heads | `blocks`, `hpack` (RFC 7541) |
//! | §5.1 | streams: their states, and where they are kept | `slot`, `streams`, `closed`, `storage` |
//! | §5 | the connection: itself, what comes in, what goes out | `connection`, `receive`, `receive_head`, `event`, `send`, `transmit` |
//! | §5.2, §6.9 | windows | `window` |
//! | §5.4, §7 | errors and their codes | `error`, `code` |
//! | §6.5 | settings and their values | `setting`, `settings` |
//! | §6 | answers and resets that are owed | `owed` |
//! | §8 | the rules of messages, heads read and written | `rules`, `head`, `headers`, `outgoing` |
//! | §9.1, §10.5 | time and limits | `keepalive`, `limits`, `budget` |
//!
//! # Frames alone
//!
//! Below the connection, a [`Decoder`] turns what a peer sends into frames, however the bytes are split, and an
//! [`Encoder`] writes them. [`hpack`] decompresses field blocks and compresses them. This is a server as far as
//! the head of a request:
//!
//! ```
//! use framewright::http2::{BlockFrame, Decoder, Encoder, Limits, Part, Role, hpack};
//! # use framewright::http2::{PREFACE, StreamId};
//! # let (mut wire, client) = (PREFACE.to_vec(), Encoder::new());
//! # client.encode_settings(&[], &mut wire)?;
//! # let stream = StreamId::new(1).expect("not 0");
//! # client.encode_field_block(stream, b"\x82\x86\x84\x41\x01a", true, &mut wire)?;
//! # client.encode_ping(*b"pingpong", false, &mut wire)?;
//! let mut decoder = Decoder::new(Role::Server, Limits::new());
//! let mut fields = hpack::Decoder::new(Vec::new(), 4096);
//! let (encoder, mut out) = (Encoder::new(), Vec::new());
//! let (mut storage, mut request) = (Vec::new(), Vec::new());
//! encoder.encode_settings(&[], &mut out)?;
//!
//! for read in wire.chunks_mut(7) { // what the server has just read, any size
//!     let mut input = read;
//!     while let Some(part) = decoder.decode(&mut input)? {
//!         match part {
//!             Part::SettingsEnd => encoder.encode_settings_ack(&mut out)?,
//!             Part::Ping(payload) => encoder.encode_ping(payload, true, &mut out)?,
//!             Part::FieldBlock(block) => {
//!                 if let Some(BlockFrame::Headers { .. }) = block.begins {
//!                     storage.clear();
//!                 }
//!                 let mut piece = block.bytes;
//!                 while let Some(field) = fields.decode(&mut piece, &mut storage, 16_384)? {
//!                     request.push([field.name, b" = ", field.value].concat());
//!                 }
//!                 if block.end {
//!                     fields.end_block()?;
//!                 }
//!             }
//!             _ => {}
//!         }
//!     }
//! }
//! assert_eq!(request, [&b":method = GET"[..], b":scheme = http", b":path = /", b":authority = a"]);
//! assert!(out.ends_with(b"\0\0\x08\x06\x01\0\0\0\0pingpong"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

// Numbers of the protocol have 32 bits, and lengths of heads and frames are checked against limits that have fewer.
#![allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap)]

mod blocks;
mod budget;
mod closed;
mod code;
mod connection;
mod decode;
mod encode;
mod entry;
mod error;
mod event;
mod frame;
mod growing;
mod head;
mod headers;
pub mod hpack;
mod incoming;
mod keepalive;
mod limits;
mod outgoing;
mod owed;
mod part;
mod preface;
mod receive;
mod receive_head;
mod rules;
mod send;
mod setting;
mod settings;
mod side;
mod slot;
mod storage;
mod streams;
mod transmit;
mod window;

pub use code::ErrorCode;
pub use connection::{Connection, Ending};
pub use decode::Decoder;
pub use encode::Encoder;
pub use error::{Error, SendError};
pub use event::{Data, Event};
pub use frame::{Flags, FrameHeader, FrameType, StreamId};
pub(crate) use growing::GrowingData;
pub use head::{Head, Request};
pub use headers::{HeaderField, HeaderIter, Headers};
pub use keepalive::{Action, Keepalive};
pub use limits::Limits;
pub(crate) use owed::Reason;
pub use part::{BlockFrame, DataPart, FieldBlockPart, Part};
pub use preface::{PREFACE, is_preface};
pub use setting::{Setting, SettingId};
pub use settings::PeerSettings;
pub use side::{Client, Role, Server, Side};
pub use slot::Slot;
pub use storage::{Slots, Storage};
pub use streams::Stream;
