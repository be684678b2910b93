//! Compressed messages: permessage-deflate (RFC 7692).
//!
//! `§` without a document means a section of that RFC.
//!
//! A [`Config`] negotiates the [`Params`] in the opening handshake, for either role. An
//! [`InflatingAssembler`] takes the place of an [`Assembler`](super::Assembler); an [`Inflater`] alone
//! inflates part by part, for callers that hold no messages. A [`Deflater`] compresses messages on
//! their way to the connection's [`Encoder`](super::Encoder). Everything else stays as it is.
//!
//! A server that echoes, and a client that receives the echo:
//!
//! ```
//! use framewright::ws::deflate::{Config, Deflater, Inflater, InflatingAssembler};
//! use framewright::ws::handshake::Extensions;
//! use framewright::ws::{AssembleError, Connection, Event, Limits, Message, Role};
//!
//! let (config, limits) = (Config::new(), Limits::new().max_message_len(64 * 1024));
//!
//! // The handshake carries both texts: `ClientRequest::extensions` and `Offer::extensions`,
//! let offer = config.offer();
//! let offers = Extensions::parse(offer.as_str().as_bytes())?;
//! let answer = config.negotiate(offers).expect("it is acceptable");
//! // `Acceptance::extensions` and `Accepted::extensions`.
//! let accepted = Extensions::parse(answer.as_str().as_bytes())?;
//! let params = config.check(accepted)?.expect("the server accepts");
//!
//! let mut client = Connection::client(limits, || [0x37, 0xFA, 0x21, 0x3D]).accept_compressed(true);
//! let mut deflater = Deflater::new(Role::Client, params, config);
//! let mut to_server = Vec::new();
//! let text = "to be or not to be, that is the question whether to be or not to be";
//! deflater.encode(text, client.encoder()?, &mut to_server)?;
//! assert!(to_server.len() < text.len());
//!
//! let mut server = Connection::server(limits).accept_compressed(true);
//! let inflater = Inflater::new(Role::Server, answer.params(), limits);
//! let mut assembler = InflatingAssembler::new(Vec::new(), Some(inflater));
//! let mut deflater = Deflater::new(Role::Server, answer.params(), config);
//! let mut scratch = [0; 4096]; // one for all connections
//! let mut to_client = Vec::new();
//! for read in to_server.chunks_mut(7) { // what the server has just read, any size
//!     let mut input = read;
//!     while let Some(event) = server.receive(&mut input) {
//!         let Event::Part(part) = event else { continue };
//!         match assembler.push(part, &mut scratch) {
//!             Ok(Some(message)) => {
//!                 assert_eq!(message, Message::Text(text));
//!                 deflater.encode(message, server.encoder()?, &mut to_client)?;
//!             }
//!             Ok(None) => {}
//!             Err(AssembleError::Peer(error)) => server.fail(error), // `transmit` tells the client
//!             Err(error) => return Err(error.into()),
//!         }
//!     }
//!     server.transmit(&mut to_client);
//! }
//!
//! let inflater = Inflater::new(Role::Client, params, limits);
//! let mut echo = InflatingAssembler::new(Vec::new(), Some(inflater));
//! let mut input = &mut to_client[..];
//! while let Some(event) = client.receive(&mut input) {
//!     if let Event::Part(part) = event {
//!         assert_eq!(echo.push(part, &mut scratch)?, Some(Message::Text(text)));
//!     }
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # If the other end declines
//!
//! Then there are no [`Params`], the assembler gets no inflater, and messages go through
//! [`Connection::send`](super::Connection::send). A server that is ready for both:
//!
//! ```
//! use framewright::ws::deflate::{Answer, Config, Deflater, Inflater, InflatingAssembler};
//! use framewright::ws::handshake::{Offer, SendError};
//! use framewright::ws::{Connection, Limits, Role, Server};
//!
//! struct Session {
//!     connection: Connection<Server>,
//!     assembler: InflatingAssembler<Vec<u8>>,
//!     deflater: Option<Deflater>,
//! }
//!
//! fn accept(offer: &Offer<'_>, out: &mut Vec<u8>) -> Result<Session, SendError> {
//!     let (config, limits) = (Config::new(), Limits::new());
//!     let answer = config.negotiate(offer.extensions());
//!     offer.accept().extensions(answer.as_ref().map(Answer::as_str)).write(out)?;
//!     let params = answer.map(|answer| answer.params());
//!     let inflater = params.map(|params| Inflater::new(Role::Server, params, limits));
//!     Ok(Session {
//!         connection: Connection::server(limits).accept_compressed(params.is_some()),
//!         assembler: InflatingAssembler::new(Vec::new(), inflater),
//!         deflater: params.map(|params| Deflater::new(Role::Server, params, config)),
//!     })
//! }
//! # for (name, compressed) in [("permessage-deflate", true), ("other", false)] {
//! #     use framewright::{http1, ws::handshake};
//! #     let mut request = Vec::new();
//! #     let client = handshake::ClientRequest::new("a", "/").extensions(Some(name));
//! #     client.write([0; 16], Vec::new(), http1::Limits::new(), &mut request)?;
//! #     let origins = handshake::Origins::any();
//! #     let mut server = handshake::Server::new(origins, Vec::new(), http1::Limits::new());
//! #     let offer = server.receive(&mut &mut request[..]).unwrap().unwrap();
//! #     assert_eq!(accept(&offer, &mut Vec::new())?.deflater.is_some(), compressed);
//! # }
//! # Ok::<(), SendError>(())
//! ```
//!
//! # What it costs
//!
//! The types themselves take a few hundred bytes. The first compressed message in each direction
//! allocates more. An [`Inflater`] takes 47 KiB, whatever was agreed on: zlib-rs always has a window of
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
//! connection is idle. A compressor can be freed between any two messages ([`Deflater::release`]), at
//! the price of its context. An inflater can be freed where each of the other end's messages stands
//! alone ([`Inflater::release`]): as a server, ask for
//! [`client_no_context_takeover`](Config::client_no_context_takeover), and
//! [rely](Config::rely_on_clients) on clients to obey. For a message that goes to many
//! connections, there is [`Deflater::shared`].
//!
//! If there is no memory for a compressor or an inflater, zlib-rs panics.
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
//! can guess at the secret (§8). Send such messages with the encoder itself, uncompressed.
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

pub use assemble::InflatingAssembler;
pub use compress::Deflater;
pub use config::Config;
pub use inflate::Inflater;
pub use negotiate::{Answer, ExtensionText, Params};
