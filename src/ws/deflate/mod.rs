//! Compressed messages: permessage-deflate (RFC 7692).
//!
//! `§` without a document means a section of that RFC.
//!
//! A [`Config`] negotiates in the opening handshake, for either role: what comes of it is
//! [`Params`]. For what comes in, an [`InflatingAssembler`] takes the place of an
//! [`Assembler`](super::Assembler); an [`Inflater`] alone inflates part by part, for those who hold no
//! messages. For what goes out, a [`Deflater`] encodes in place of the connection's
//! [`Encoder`](super::Encoder). Everything else stays as it is.
//!
//! A server that echoes, and a client that hears it:
//!
//! ```
//! use framewright::ws::deflate::{Config, Deflater, Inflater, InflatingAssembler};
//! use framewright::ws::handshake::Extensions;
//! use framewright::ws::{AssembleError, Connection, Event, Limits, Message, Role};
//!
//! let (config, limits) = (Config::new(), Limits::new().max_message_len(64 * 1024));
//!
//! // What is in the headers of the handshake: `ClientRequest::extensions` and `Offer::extensions`,
//! let offer = config.offer();
//! let answer = config.negotiate(Extensions::parse(offer.as_bytes())?).expect("we would");
//! // `Acceptance::extensions` and `Accepted::extensions`.
//! let accepted = Extensions::parse(answer.as_str().as_bytes())?;
//! let agreed = config.check(accepted)?.expect("the server would");
//!
//! let mut client = Connection::client(limits, || [0x37, 0xFA, 0x21, 0x3D]).accept_compressed(true);
//! let mut deflater = Deflater::new(Role::Client, agreed, config);
//! let mut to_server = Vec::new();
//! let text = "to be or not to be, that is the question whether to be or not to be";
//! deflater.encode(text, client.encoder()?, &mut to_server)?;
//! assert!(to_server.len() < text.len());
//!
//! let mut server = Connection::server(limits).accept_compressed(true);
//! let inflater = Inflater::new(Role::Server, answer.params(), limits);
//! let mut assembler = InflatingAssembler::new(Vec::new(), Some(inflater));
//! let mut deflater = Deflater::new(Role::Server, answer.params(), config);
//! let mut window = [0; 4096]; // one for all connections
//! let mut to_client = Vec::new();
//! for read in to_server.chunks_mut(7) { // what the server has just read, any size
//!     let mut input = read;
//!     while let Some(event) = server.receive(&mut input) {
//!         let Event::Part(part) = event else { continue };
//!         match assembler.push(part, &mut window) {
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
//! let inflater = Inflater::new(Role::Client, agreed, limits);
//! let mut echo = InflatingAssembler::new(Vec::new(), Some(inflater));
//! let mut input = &mut to_client[..];
//! while let Some(event) = client.receive(&mut input) {
//!     if let Event::Part(part) = event {
//!         assert_eq!(echo.push(part, &mut window)?, Some(Message::Text(text)));
//!     }
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What it costs
//!
//! Memory is acquired with the first compressed message in its direction, on top of the few hundred
//! bytes of the types themselves. For [`Inflater`] it is 47 KiB, whatever was agreed: zlib-rs always
//! has a window of 32 KiB. For [`Deflater`] it is what follows, and room for the longest message so
//! far, compressed; of that, more than 64 KiB are given back at once.
//!
//! | window bits | [`mem_level`](Config::mem_level) | KiB to compress |
//! |---|---|---|
//! | 15 | 9 | 484 |
//! | 15 | 8, the default | 372 |
//! | 15 | 1 | 261 |
//! | 12 | 5 | 162 |
//! | 9 | 1 | 135 |
//!
//! 128 KiB of each are a table that zlib-rs always has. So what helps most is to hold nothing while
//! nothing is said. A compressor can be given back between any two messages
//! ([`Deflater::release`]), at the price of its context. An inflater can where each of the other
//! end's messages stands alone ([`Inflater::release`]): as a server, ask for
//! [`client_no_context_takeover`](Config::client_no_context_takeover). For a message that goes to many,
//! there is [`Deflater::shared`].
//!
//! If there is no memory for a compressor or an inflater, zlib-rs panics.
//!
//! # What a peer can do
//!
//! DEFLATE expands up to 1032 times: a MiB on the wire may be a GiB. The limits apply to what comes
//! out, before it does: [`Limits::max_message_len`](super::Limits::max_message_len), and
//! [`Limits::max_ratio`](super::Limits::max_ratio) for those who know what they expect. A message of
//! exactly the limit passes. Text is checked as it comes out.
//!
//! A block with `BFINAL` set may come anywhere, as in §7.2.3.4, but whatever follows cannot refer to
//! what was before it; nor is the octet missed that §7.2.3.4 has behind it. Otherwise, a message has
//! to end where a block does, and with the header of an empty one (§7.2.1).
//!
//! Compressing what an attacker chose together with what is secret lets whoever sees the lengths
//! guess at the secret (§8). Send such messages by the encoder itself, uncompressed.
//!
//! # Without an operating system
//!
//! With feature `std`, memory comes from Rust's global allocator. Without, zlib-rs takes it from C:
//! `malloc`, `calloc` and `free` (on Unix `posix_memalign` too) have to be there when the program
//! is linked. Where there is no C library, whoever has a global allocator can export them in terms
//! of that.

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
