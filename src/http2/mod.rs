//! HTTP/2 (RFC 9113).
//!
//! `§` without a document means a section of that RFC.
//!
//! A [`Connection`] is one end of a connection, with everything that the protocol asks for. Below it, a
//! [`Decoder`] turns what a peer sends into frames, however the bytes are split, and an [`Encoder`]
//! writes them. Field blocks are compressed: [`hpack`] reads and writes those. A [`Keepalive`] says when
//! a peer is late. [`is_preface`] picks between HTTP/1.1 and HTTP/2 on a port that serves both.
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
//! A server on this layer, as far as the head of a request:
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
pub use head::{Head, Request};
pub use headers::{HeaderField, HeaderIter, Headers};
pub use keepalive::{Action, Keepalive};
pub use limits::Limits;
pub use part::{BlockFrame, DataPart, FieldBlockPart, Part};
pub use preface::{PREFACE, is_preface};
pub use setting::{Setting, SettingId};
pub use settings::PeerSettings;
pub use side::{Client, Role, Server, Side};
pub use slot::Slot;
pub use storage::{Slots, Storage};
pub use streams::Stream;
