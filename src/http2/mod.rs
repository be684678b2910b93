//! HTTP/2 (RFC 9113).
//!
//! `§` without a document means a section of that RFC.
//!
//! A [`Connection`] is one end of a connection. It opens and closes streams, checks messages, keeps flow control
//! and limits, and answers what has to be answered. You give it the bytes that were read, and write the bytes
//! that it appends to `out`. It needs no heap if its [`Storage`] needs none.
//!
//! | section | what | items |
//! |---|---|---|
//! | §3.4 | the preface | [`is_preface`], [`PREFACE`] |
//! | §4.1 | the header of a frame | [`FrameHeader`], [`FrameType`], [`Flags`], [`StreamId`] |
//! | §4.2, §6 | frames that come, and frames that are sent | [`Decoder`] and [`Part`]; [`Encoder`] |
//! | §4.3 | field blocks (RFC 7541) | [`hpack`] |
//! | §5.1 | streams, and where they are kept | [`Stream`]; [`Storage`], [`Slots`], [`Slot`] |
//! | §5.2, §6.9 | flow control | [`send`](Connection::send), [`writable`](Connection::writable), [`keep`](Connection::keep), [`release`](Connection::release) |
//! | §5.4, §7 | errors and their codes | [`Error`], [`ErrorCode`]: [below](#what-the-peer-sees) |
//! | §6.4 | resets | [`reset`](Connection::reset), [`Event::Reset`] |
//! | §6.5 | settings | ours are [`Limits`], the peer's [`PeerSettings`]; on the wire, [`Setting`] and [`SettingId`] |
//! | §6.7 | pings | [`ping`](Connection::ping), [`Event::Pong`] |
//! | §6.8 | the end of a connection | [`close`](Connection::close), [`Event::GoAway`], [`Ending`] |
//! | §8.1 to §8.3 | messages | [`open`](Connection::open), [`send_head`](Connection::send_head), [`send_trailers`](Connection::send_trailers); [`Head`], [`Request`], [`Headers`] |
//! | §8.5 | tunnels (also RFC 8441) | [`Request::connect`], [`Request::extended_connect`], [`Connection::extended_connect`] |
//! | §9.1 | time | [`Keepalive`] |
//! | §10.5 | what a peer may cost | [`Limits`] |
//!
//! Priorities are read and ignored (§5.3.2). A server does not push, and a client tells its server not to (§8.4).
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
//! # What the peer sees
//!
//! An error of one stream is answered by RST_STREAM, and its caller gets [`Event::StreamFailed`]. An error of the
//! connection is answered by GOAWAY, with the text of the error as its debug data, and the caller gets
//! [`Event::Failed`]. Both have the [code](Error::code) of the error.
//!
//! 431 is the status of a response (RFC 6585 §5). Only a server answers with it, to a request, and its RST_STREAM then
//! has `NO_ERROR`.
//!
//! `PROTOCOL_ERROR`:
//!
//! | error | section | answer |
//! |---|---|---|
//! | [Preface](Error::Preface) | §3.4 | GOAWAY |
//! | [SettingsMissing](Error::SettingsMissing) | §3.4 | GOAWAY |
//! | [StreamMissing](Error::StreamMissing) | §6.1 to §6.4, §6.10 | GOAWAY |
//! | [StreamUnexpected](Error::StreamUnexpected) | §6.5, §6.7, §6.8 | GOAWAY |
//! | [Padding](Error::Padding) | §6.1, §6.2 | GOAWAY |
//! | [ContinuationExpected](Error::ContinuationExpected) | §6.10 | GOAWAY |
//! | [ContinuationUnexpected](Error::ContinuationUnexpected) | §6.10 | GOAWAY |
//! | [PushPromise](Error::PushPromise) | §6.6, §8.4 | GOAWAY |
//! | [SelfDependency](Error::SelfDependency) | RFC 7540 §5.3.1 | RST_STREAM |
//! | [EnablePush](Error::EnablePush) | §6.5.2 | GOAWAY |
//! | [MaxFrameSize](Error::MaxFrameSize) | §6.5.2 | GOAWAY |
//! | [EnableConnectProtocol](Error::EnableConnectProtocol) | RFC 8441 §3 | GOAWAY |
//! | [NoRfc7540Priorities](Error::NoRfc7540Priorities) | RFC 9218 §2.1 | GOAWAY |
//! | [AckUnexpected](Error::AckUnexpected) | §6.5.3 | GOAWAY |
//! | [StreamIdle](Error::StreamIdle) | §5.1 | GOAWAY |
//! | [StreamId](Error::StreamId) | §5.1.1 | GOAWAY |
//! | [WindowIncrement](Error::WindowIncrement) | §6.9 | RST_STREAM or GOAWAY, by the window |
//! | [GoAwayRose](Error::GoAwayRose) | §6.8 | GOAWAY |
//! | [FieldName](Error::FieldName) | §8.2.1 | RST_STREAM |
//! | [FieldValue](Error::FieldValue) | §8.2.1 | RST_STREAM |
//! | [FieldReserved](Error::FieldReserved) | §8.2.2 | RST_STREAM |
//! | [Te](Error::Te) | §8.2.2 | RST_STREAM |
//! | [PseudoField](Error::PseudoField) | §8.3 | RST_STREAM |
//! | [PseudoMissing](Error::PseudoMissing) | §8.3.1, §8.3.2 | RST_STREAM |
//! | [Method](Error::Method) | §8.3.1 | RST_STREAM |
//! | [Scheme](Error::Scheme) | §8.3.1 | RST_STREAM |
//! | [Path](Error::Path) | §8.3.1 | RST_STREAM |
//! | [Authority](Error::Authority) | §8.3.1 | RST_STREAM |
//! | [Status](Error::Status) | §8.3.2, §8.6 | RST_STREAM |
//! | [ContentLength](Error::ContentLength) | §8.1.1 | RST_STREAM |
//! | [EndMissing](Error::EndMissing) | §8.1 | RST_STREAM |
//! | [EndUnexpected](Error::EndUnexpected) | §8.1 | RST_STREAM |
//! | [BodyUnexpected](Error::BodyUnexpected) | §8.1 | RST_STREAM |
//! | [HeadUnexpected](Error::HeadUnexpected) | §8.5 | RST_STREAM |
//!
//! `INTERNAL_ERROR`:
//!
//! | error | section | answer |
//! |---|---|---|
//! | [HeadBuffer](Error::HeadBuffer) | our caller's fault | GOAWAY |
//!
//! `FLOW_CONTROL_ERROR`:
//!
//! | error | section | answer |
//! |---|---|---|
//! | [InitialWindowSize](Error::InitialWindowSize) | §6.5.2 | GOAWAY |
//! | [WindowExceeded](Error::WindowExceeded) | §6.9.1 | RST_STREAM or GOAWAY, by the window |
//! | [WindowOverflow](Error::WindowOverflow) | §6.9.1 | RST_STREAM or GOAWAY, by the window |
//!
//! `STREAM_CLOSED`:
//!
//! | error | section | answer |
//! |---|---|---|
//! | [StreamClosed](Error::StreamClosed) | §5.1 | RST_STREAM; after both sides ended, GOAWAY |
//!
//! `FRAME_SIZE_ERROR`:
//!
//! | error | section | answer |
//! |---|---|---|
//! | [FrameTooLong](Error::FrameTooLong) | §4.2 | GOAWAY |
//! | [FrameLength](Error::FrameLength) | §6 | GOAWAY; of a PRIORITY, RST_STREAM |
//!
//! `COMPRESSION_ERROR`:
//!
//! | error | section | answer |
//! |---|---|---|
//! | [Index](Error::Index) | RFC 7541 §2.3.3 | GOAWAY |
//! | [Integer](Error::Integer) | RFC 7541 §5.1 | GOAWAY |
//! | [Huffman](Error::Huffman) | RFC 7541 §5.2 | GOAWAY |
//! | [TableSize](Error::TableSize) | RFC 7541 §4.2, §6.3 | GOAWAY |
//! | [TableLost](Error::TableLost) | RFC 7541 §4.2 | GOAWAY |
//! | [BlockTruncated](Error::BlockTruncated) | RFC 7541 §3.1 | GOAWAY |
//!
//! `ENHANCE_YOUR_CALM`:
//!
//! | error | section | answer |
//! |---|---|---|
//! | [HeadTooLong](Error::HeadTooLong) | §10.5.1 | 431 and RST_STREAM; over four times the limit, GOAWAY |
//! | [TooManyFields](Error::TooManyFields) | §10.5.1 | 431 and RST_STREAM |
//! | [BufferFull](Error::BufferFull) | §10.5.1 | 431 and RST_STREAM; for one field, GOAWAY |
//! | [TooManyResets](Error::TooManyResets) | §10.5 | GOAWAY |
//! | [TooManyUseless](Error::TooManyUseless) | §10.5 | GOAWAY |
//! | [TooManyAnswers](Error::TooManyAnswers) | §10.5 | GOAWAY |
//! | [TooManyContinuations](Error::TooManyContinuations) | §10.5.1 | GOAWAY |
//!
//! Some answers are to no error: a request over [`Limits::max_streams`] gets RST_STREAM with `REFUSED_STREAM`, and
//! [`reset`](Connection::reset) and [`fail`](Connection::fail) send the code that they are given.
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
// The names in the tables of errors are not set as code, which breaks inside of words on a narrow screen.
#![allow(clippy::doc_markdown)]

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
mod facts;
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
