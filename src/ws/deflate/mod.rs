//! Compressed messages: permessage-deflate (RFC 7692).
//!
//! `§` without a document means a section of that RFC.
//!
//! | section | items |
//! |---|---|
//! | §5, negotiation | [`compression`](super::handshake::Acceptance::compression) of the handshake; by hand [`Config::offer`], [`Config::negotiate`], [`Config::check`] |
//! | §6, frames | [`Part::Compressed`](super::Part::Compressed), [`Connection::accept_compressed`](super::Connection::accept_compressed) |
//! | §7.1, parameters | [`Config`], [`Params`] |
//! | §7.2.1, compression | [`Deflater`] |
//! | §7.2.2, decompression | [`Inflater`], [`Assembler::push_inflated`](super::Assembler::push_inflated) |
//! | §7.2.2, what cannot be inflated | [`InvalidDeflate`](super::Error::InvalidDeflate): [what the peer sees](super#what-the-peer-sees) |
//! | §8, security | [`Limits::max_ratio`](super::Limits::max_ratio), and [what a peer can do](#what-a-peer-can-do) |
//!
//! # Compression in one line
//!
//! Each end says [`compression`](super::handshake::Acceptance::compression) in the opening handshake, with a
//! [`Config`]. The handshake makes the connection, which knows what was agreed on: its
//! [`send`](super::Connection::send) compresses, and its
//! [`receive_message`](super::Connection::receive_message) inflates. If the other end declines, messages go
//! uncompressed, and nothing else changes.
//!
//! A server that echoes, and a client that receives the echo:
//!
//! ```
//! use framewright::http1;
//! use framewright::ws::deflate::Config;
//! use framewright::ws::handshake::{ClientRequest, Origins, Reply, Server};
//! use framewright::ws::{Inbox, Limits, Message, MessageEvent};
//!
//! let limits = Limits::new().max_message_len(64 * 1024);
//! let (mut to_server, mut to_client) = (Vec::new(), Vec::new());
//!
//! let nonce = *b"the sample nonce"; // of a cryptographic generator, as the keys
//! let request = ClientRequest::new("server.example.com", "/").compression(Config::new());
//! let mut client = request.write(nonce, Vec::new(), http1::Limits::new(), &mut to_server)?;
//!
//! let mut server = Server::new(Origins::any(), Vec::new(), http1::Limits::new());
//! let offer = server.receive(&mut &mut to_server[..])?.expect("the request is all there");
//! let acceptance = offer.accept().compression(Config::new());
//! acceptance.write(&mut to_client)?;
//! let mut server = acceptance.connection(limits);
//!
//! let Some(Reply::Accepted(accepted)) = client.receive(&mut &mut to_client[..])? else {
//!     panic!("the server accepts");
//! };
//! let mut client = accepted.connection(limits, || [0x37, 0xFA, 0x21, 0x3D]);
//!
//! let text = "to be or not to be, that is the question whether to be or not to be";
//! to_server.clear();
//! client.send(text, &mut to_server)?;
//! assert!(to_server.len() < text.len());
//!
//! to_client.clear();
//! let mut inbox = Inbox::new(Vec::new());
//! for read in to_server.chunks(7) { // what the server has just read, any size
//!     let mut input = read;
//!     while let Some(event) = server.receive_message(&mut input, &mut inbox) {
//!         if let MessageEvent::Message(_) = event {
//!             server.send(inbox.message(), &mut to_client)?;
//!         }
//!     }
//!     server.transmit(&mut to_client);
//! }
//!
//! let mut echo = Inbox::new(Vec::new());
//! let mut input = &to_client[..];
//! while let Some(event) = client.receive_message(&mut input, &mut echo) {
//!     if let MessageEvent::Message(_) = event {
//!         assert_eq!(echo.message(), Message::Text(text));
//!     }
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A handshake of somebody else's makes no connection. There, [`Config::negotiate`] at a server, or
//! [`Config::offer`] and [`Config::check`] at a client, agree on the [`Params`] for
//! [`Connection::compression`](super::Connection::compression).
//!
//! # In parts
//!
//! A caller that holds no whole messages, such as a proxy, does both by itself.
//! [`Connection::receive`](super::Connection::receive) returns
//! [`Part::Compressed`](super::Part::Compressed), and an [`Inflater`] inflates it part by part, or
//! [`Assembler::push_inflated`](super::Assembler::push_inflated) joins the message. A [`Deflater`] compresses
//! messages on their way to the connection's [`Encoder`](super::Encoder), also in fragments:
//!
//! ```
//! use framewright::ws::deflate::{Config, Deflater, Inflater};
//! use framewright::ws::handshake::Extensions;
//! use framewright::ws::{Connection, Event, Kind, Limits, Part, Role};
//!
//! let (config, limits) = (Config::new(), Limits::new());
//! let offer = config.offer();
//! let offers = Extensions::parse(offer.as_str().as_bytes())?;
//! let (params, answer) = config.negotiate(offers).expect("it is acceptable");
//!
//! let mut server = Connection::server(limits).accept_compressed(true);
//! let mut deflater = Deflater::new(Role::Server, params, config);
//! let mut wire = Vec::new();
//! deflater.encode_fragment(Kind::Text, b"to be or ", false, server.encoder()?, &mut wire)?;
//! deflater.encode_fragment(Kind::Text, b"not to be", true, server.encoder()?, &mut wire)?;
//!
//! let params = config.check(Extensions::parse(answer.as_str().as_bytes())?)?.expect("it is accepted");
//! let mut client = Connection::client(limits, || [0; 4]).accept_compressed(true);
//! let mut inflater = Inflater::new(Role::Client, params, limits);
//! let mut scratch = [0; 4096]; // one for all connections
//! let mut text = Vec::new();
//! let mut input = &mut wire[..];
//! while let Some(event) = client.receive(&mut input) {
//!     let Event::Part(Part::Compressed(mut chunk)) = event else { continue };
//!     loop {
//!         match inflater.inflate(&mut chunk, &mut scratch) {
//!             Ok(Some(part)) => text.extend_from_slice(part.chunk().bytes),
//!             Ok(None) => break,
//!             Err(error) => break client.fail(error), // `transmit` tells the server
//!         }
//!     }
//! }
//! assert_eq!(text, b"to be or not to be");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What it costs
//!
//! A connection that agreed to compress allocates a few hundred bytes. The first compressed message in each
//! direction allocates more. An [`Inflater`] takes 47 KiB, whatever was agreed on: zlib-rs always has a window of
//! 32 KiB. A [`Deflater`] takes what this table says, and room for the longest message so far,
//! compressed. If that room is over 64 KiB, it is freed after the message.
//!
//! | window bits | [`mem_level`](Config::mem_level) | KiB to compress |
//! |---|---|---|
//! | 15 | 9 | 484 |
//! | 15 | 8, the default | 372 |
//! | 15 | 1 | 261 |
//! | 12 | 5 | 162 |
//! | 9 | 1 | 135 |
//!
//! 128 KiB of each row are a table that zlib-rs always has. So it helps most to hold nothing while a
//! connection is idle: call
//! [`release_compression`](super::Connection::release_compression). A compressor can be freed between any two
//! messages ([`Deflater::release`]), at the price of its context. An inflater can be freed where each of the
//! other end's messages stands alone ([`Inflater::release`]): as a server, ask for
//! [`client_no_context_takeover`](Config::client_no_context_takeover), and
//! [rely](Config::rely_on_clients) on clients to obey. For a message that goes to many
//! connections, there is [`Deflater::shared`]. After a close or a failure, a connection has freed all of it.
//!
//! If there is no memory for a compressor or an inflater, zlib-rs panics.
//!
//! # Short messages
//!
//! Bytes on the wire for each message, with its header, and microseconds to send it: means over 4000 messages of
//! synthetic feeds, on an AMD EPYC. By default, messages that keep a context go as in the last column but one.
//! Where each stands alone, those below 64 bytes go uncompressed, and longer ones as in the last column.
//!
//! | feed, mean length | uncompressed | context, level 1 | context, level 6 | alone, level 6, `min_len` 0 |
//! |---|---|---|---|---|
//! | ticks in JSON, 23 bytes | 24.9 | 13.1, 0.18 µs | 10.9, 2.3 µs | 26.9, 4.2 µs |
//! | trades in JSON, 91 bytes | 93.0 | 41.5, 0.37 µs | 34.7, 4.6 µs | 87.6, 6.4 µs |
//! | lines of chat, 31 bytes | 33.1 | 20.3, 0.21 µs | 16.9, 3.1 µs | 33.3, 4.7 µs |
//! | chat in JSON, 111 bytes | 113.2 | 37.6, 0.33 µs | 32.0, 4.4 µs | 97.6, 7.0 µs |
//! | telemetry, 29 bytes binary | 31.0 | 22.1, 0.22 µs | 21.0, 3.0 µs | 30.3, 5.1 µs |
//! | random bytes, 32 | 34.0 | 37.8, 0.37 µs | 38.7, 4.2 µs | 38.7, 5.5 µs |
//!
//! So a context saves a third to three quarters of the bytes, even of short messages, and only noise grows. Alone, a
//! message of less than 64 bytes gains nothing.
//!
//! # What a peer can do
//!
//! DEFLATE expands up to 1032 times: a MiB on the wire may be a GiB. The limits apply to inflated data,
//! before it comes out: [`Limits::max_message_len`](super::Limits::max_message_len), and
//! [`Limits::max_ratio`](super::Limits::max_ratio) where messages are known to compress less. A message
//! of exactly the limit passes. Text is checked as it comes out.
//!
//! A block with `BFINAL` set may come anywhere, as in §7.2.3.4. Whatever follows cannot refer to data
//! before it. The octet that §7.2.3.4 has after such a block may be missing. Laxer than §7.2.3.6, a
//! compressed message may have no octet at all: it is an empty message. Otherwise a message has to
//! end where a block does, and with the header of an empty one (§7.2.1).
//!
//! If data that an attacker chose is compressed together with a secret, anyone that sees the lengths
//! can guess at the secret (§8). Send such messages with the
//! [`encoder`](super::Connection::encoder) itself, uncompressed.
//!
//! # Without an operating system
//!
//! With the feature `std`, memory comes from Rust's global allocator. Without it, zlib-rs calls the C
//! functions `malloc`, `calloc` and `free`, and on Unix `posix_memalign`, so that they must exist when
//! the program is linked. A program without a C library can export them itself, on top of its global
//! allocator.

mod assemble;
mod compress;
mod config;
mod inflate;
mod negotiate;

pub use compress::Deflater;
pub use config::Config;
pub use inflate::Inflater;
pub use negotiate::{ExtensionText, Params, SenderParams};
